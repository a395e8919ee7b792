/* SPDX-License-Identifier: Apache-2.0
 *
 * mw-dlms: DLMS/COSEM for people at a command line.
 *
 *   mw-dlms translate [OPTION]... HEX...      frames and APDUs as annotated text; HEX - reads
 *                                             standard input
 *     --key HEX        encryption key, 16 bytes          --auth HEX   authentication key, 16 bytes
 *     --title HEX      sender's system title, where the bytes do not tell it
 *     --unverified     open without checking the tag (the text says so)
 *     --bare           structures may begin with bare attribute descriptors (Sagemcom, EG.D)
 *
 *   mw-dlms COMMAND ...                       reads and writes meters: dlms_commands.h
 *
 * Exit status: 0 done, 1 usage, 2 the meter was not reached, 3 it refused.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "protocols/cosem/explain.h"
#include "tools/dlms_commands.h"

enum { INPUT_MAX = 65536, TEXT_MAX = 1 << 20 };

static const char usage[] =
    "usage: mw-dlms translate [--key HEX] [--auth HEX] [--title HEX] [--unverified] [--bare] "
    "HEX...\n"
    "Translates DLMS/COSEM frames and APDUs into annotated text. HEX may hold blanks; - reads it\n"
    "from standard input. HDLC, wrapper, LLC and bare APDUs are told apart by their first bytes.\n";

static int fail(const char *why) {
    fprintf(stderr, "mw-dlms: %s\n%s", why, usage);
    return 1;
}

typedef struct hex {
    uint8_t b[INPUT_MAX];
    size_t digits;
    bool bad;
} hex;

static void hex_take(hex *h, int c) {
    if (isspace(c) || c == ':' || c == ',')
        return;
    const char *all = "0123456789abcdef";
    const char *hit = c != 0 ? strchr(all, tolower(c)) : NULL;
    if (hit == NULL || h->digits >= 2 * INPUT_MAX) {
        h->bad = true;
        return;
    }
    uint8_t *byte = &h->b[h->digits / 2];
    *byte = (uint8_t)(h->digits++ % 2 == 0 ? (hit - all) << 4 : *byte | (hit - all));
}

static mw_slice hex_done(const hex *h) {
    return (mw_slice){h->b, h->digits / 2};
}

/* A secret or title of exactly n bytes. */
static bool fixed(const char *text, uint8_t *out, size_t n) {
    static hex h;
    h = (hex){.digits = 0};
    for (; *text != 0; text++)
        hex_take(&h, (unsigned char)*text);
    if (h.bad || h.digits != 2 * n)
        return false;
    mw_bytes_copy(out, h.b, n);
    return true;
}

typedef struct request {
    mw_key key, auth;
    bool has_key, has_auth, has_title;
    mw_cosem_title title;
    mw_cosem_keys keys;
    mw_cosem_explain_options options;
    hex input;
} request;

/* Returns why an argument cannot be, or NULL. */
static const char *take_argument(request *r, int argc, char **argv, int *i) {
    const char *a = argv[*i];
    const char *value = *i + 1 < argc ? argv[*i + 1] : "";
    if (strcmp(a, "--unverified") == 0) {
        r->options.unverified = true;
    } else if (strcmp(a, "--bare") == 0) {
        r->options.quirks |= MW_COSEM_QUIRK_BARE_ATTRIBUTE;
    } else if (strcmp(a, "--key") == 0 || strcmp(a, "--auth") == 0) {
        mw_key *k = a[2] == 'k' ? &r->key : &r->auth;
        *(a[2] == 'k' ? &r->has_key : &r->has_auth) = true;
        ++*i;
        return fixed(value, k->b, sizeof k->b) ? NULL : "a key has 16 bytes, 32 hexadecimal digits";
    } else if (strcmp(a, "--title") == 0) {
        r->has_title = true;
        ++*i;
        return fixed(value, r->title.b, sizeof r->title.b) ? NULL : "a system title has 8 bytes";
    } else if (strcmp(a, "-") == 0) {
        for (int c; (c = getchar()) != EOF;)
            hex_take(&r->input, c);
    } else if (a[0] == '-') {
        return "no such option";
    } else {
        for (; *a != 0; a++)
            hex_take(&r->input, (unsigned char)*a);
    }
    return NULL;
}

static int translate(int argc, char **argv) {
    static request r;
    static mw_cosem_explain_memory memory;
    static uint8_t text[TEXT_MAX];
    for (int i = 0; i < argc; i++) {
        const char *why = take_argument(&r, argc, argv, &i);
        if (why != NULL)
            return fail(why);
    }
    if (r.input.bad || r.input.digits == 0 || r.input.digits % 2 != 0)
        return fail("the bytes have to be an even number of hexadecimal digits");
    if (r.has_key && !r.has_auth && !r.options.unverified)
        return fail("without --auth nothing can be verified: say --unverified to open it anyway");
    r.options.memory = &memory;
    r.options.title = r.has_title ? &r.title : NULL;
    if (r.has_key) {
        if (mw_cosem_keys_init(&r.keys, &mw_gcm_openssl, &r.key, &r.auth) != MW_OK)
            return fail("out of memory");
        r.options.keys = &r.keys;
    }
    mw_status s = mw_cosem_explain(hex_done(&r.input), &r.options, MW_SPAN_OF(text));
    fputs((const char *)text, stdout);
    if (s != MW_OK)
        fprintf(stderr, "mw-dlms: the text is cut\n");
    if (r.has_key)
        mw_cosem_keys_fini(&r.keys);
    mw_key_wipe(&r.key);
    mw_key_wipe(&r.auth);
    return 0;
}

int main(int argc, char **argv) {
    if (argc >= 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        fputs(dlms_usage, stdout);
        return 0;
    }
    if (argc >= 3 && strcmp(argv[1], "translate") == 0)
        return translate(argc - 2, argv + 2);
    if (argc >= 2) {
        int status = dlms_command(argc - 1, argv + 1);
        if (status >= 0)
            return status;
    }
    return fail("nothing to do");
}
