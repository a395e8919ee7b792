/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/dlms_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

dlms_run dlms;

int dlms_fail(int status, const char *why) {
    fprintf(stderr, "mw-dlms: %s\n", why);
    return status;
}

bool dlms_hex_of(const char *text, uint8_t *out, size_t room, size_t *out_n) {
    size_t n = strlen(text);
    if (n % 2 != 0 || n / 2 > room)
        return false;
    for (size_t i = 0; i < n / 2; i++) {
        unsigned byte;
        if (sscanf(text + 2 * i, "%2x", &byte) != 1)
            return false;
        out[i] = (uint8_t)byte;
    }
    *out_n = n / 2;
    return true;
}

static bool hex_exactly(const char *text, uint8_t *out, size_t n) {
    size_t got = 0;
    return dlms_hex_of(text, out, n, &got) && got == n;
}

/* ---- Arguments ---- */

static bool number_option(const char *name, const char *value, int *out_used) {
    static const struct {
        const char *name;
        unsigned *to;
    } all[] = {{"--client", &dlms.where.client},
               {"--server", &dlms.where.logical},
               {"--physical", &dlms.where.physical},
               {"--address-bytes", &dlms.where.address_bytes},
               {"--timeout", &dlms.where.timeout_ms},
               {"--tries", &dlms.where.tries},
               {"--speed", &dlms.where.speed},
               {"--blocks", &dlms.blocks},
               {"--last", &dlms.last}};
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(name, all[i].name) == 0) {
            *all[i].to = (unsigned)strtoul(value, NULL, 10);
            *out_used = 2;
            return true;
        }
    return false;
}

static bool text_option(const char *name, const char *value, int *out_used) {
    static const struct {
        const char *name;
        const char **to;
    } all[] = {{"--tcp", &dlms.where.tcp},
               {"--udp", &dlms.where.udp},
               {"--hdlc", &dlms.where.hdlc},
               {"--serial", &dlms.where.serial},
               {"--counter", &dlms.counter_file},
               {"--sha256", &dlms.secret},
               {"--from", &dlms.from},
               {"--to", &dlms.to},
               {"--counter-object", &dlms.counter_object}};
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(name, all[i].name) == 0) {
            *all[i].to = value;
            *out_used = 2;
            return true;
        }
    return false;
}

static bool flag_option(const char *name, int *out_used) {
    static const struct {
        const char *name;
        bool *to;
    } all[] = {{"--mode-e", &dlms.where.mode_e},
               {"--verbose", &dlms.where.verbose},
               {"--gmac", &dlms.gmac},
               {"--plain", &dlms.plain}};
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(name, all[i].name) == 0) {
            *all[i].to = true;
            *out_used = 1;
            return true;
        }
    return false;
}

static const char *take_option(int argc, char **argv, int i, int *used) {
    const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";
    *used = 2;
    if (number_option(name, value, used) || text_option(name, value, used) ||
        flag_option(name, used))
        return NULL;
    if (strcmp(name, "--password") == 0) {
        dlms.config.mechanism = MW_COSEM_MECHANISM_LOW;
        dlms.config.password = mw_slice_of_str(value);
        return NULL;
    }
    if (strcmp(name, "--key") == 0) {
        dlms.has_key = true;
        return hex_exactly(value, dlms.key.b, MW_KEY_BYTES) ? NULL : "a key has 32 digits";
    }
    if (strcmp(name, "--auth") == 0) {
        dlms.has_auth = true;
        return hex_exactly(value, dlms.auth.b, MW_KEY_BYTES) ? NULL : "a key has 32 digits";
    }
    if (strcmp(name, "--title") == 0)
        return hex_exactly(value, dlms.config.title.b, MW_COSEM_TITLE_BYTES)
                   ? NULL
                   : "a title has 16 digits";
    if (strcmp(name, "--entries") == 0) {
        *used = 3;
        dlms.entry_from = (uint32_t)strtoul(value, NULL, 10);
        dlms.entry_to = i + 2 < argc ? (uint32_t)strtoul(argv[i + 2], NULL, 10) : 0;
        return dlms.entry_from != 0 ? NULL : "entries are counted from 1";
    }
    return "no such option";
}

const char *dlms_take_arguments(int argc, char **argv) {
    for (int i = 1; i < argc;) {
        int used = 1;
        if (strncmp(argv[i], "--", 2) == 0) {
            const char *why = take_option(argc, argv, i, &used);
            if (why != NULL)
                return why;
        } else if (dlms.arguments < ARGUMENTS) {
            dlms.argument[dlms.arguments++] = argv[i];
        } else {
            return "too many arguments";
        }
        i += used;
    }
    return NULL;
}

/* ---- Counters: a file, or in memory from what the meter's object says ---- */

mw_status dlms_next_counter(void *context, uint32_t *out) {
    (void)context;
    if (dlms.counter == UINT32_MAX)
        return MW_LIMIT;
    dlms.counter++;
    if (dlms.counter_file != NULL) { /* durable before it is used */
        FILE *f = fopen(dlms.counter_file, "w");
        if (f == NULL)
            return MW_IO;
        bool good = fprintf(f, "%" PRIu32 "\n", dlms.counter) > 0 && fflush(f) == 0 &&
                    fsync(fileno(f)) == 0;
        if (fclose(f) != 0 || !good)
            return MW_IO;
    }
    *out = dlms.counter;
    return MW_OK;
}

void dlms_random_of(void *context, mw_span out) {
    (void)context;
    if (getrandom(out.p, out.n, 0) != (ssize_t)out.n)
        abort();
}

int dlms_told(mw_cosem_fault fault, const char *doing) {
    fprintf(stderr, "mw-dlms: %s: %s\n", doing, mw_cosem_fault_text(fault));
    if (fault == MW_COSEM_FAULT_COUNTER)
        fprintf(stderr, "mw-dlms: the meter awaits %" PRIu32 ", ours was %" PRIu32 "\n",
                dlms.session.awaited, dlms.counter);
    if (fault == MW_COSEM_FAULT_REFUSED)
        fprintf(stderr, "mw-dlms: result %u %s\n", dlms.session.result,
                mw_cosem_result_text(dlms.session.result));
    return fault == MW_COSEM_FAULT_REFUSED ? REFUSED : NOT_REACHED;
}

static int open_session(void) {
    mw_cosem_fault fault;
    mw_status status = dlms_link_open(&dlms.link, &dlms.where, &fault);
    if (status != MW_OK)
        return dlms_told(fault, "link");
    mw_cosem_session_init(&dlms.session, &dlms.config);
    if (mw_cosem_session_open(&dlms.session) != MW_OK) {
        int code = dlms_told(dlms.session.fault, "association");
        dlms_link_close(&dlms.link);
        return code;
    }
    return DONE;
}

void dlms_close_session(void) {
    if (dlms.session.lost != 0)
        fprintf(stderr, "mw-dlms: %" PRIu32 " general blocks were asked for again\n",
                dlms.session.lost);
    mw_cosem_session_close(&dlms.session);
    dlms_link_close(&dlms.link);
}

mw_status dlms_get(uint16_t class_id, mw_obis name, int attribute) {
    mw_cosem_item what = {.class_id = class_id, .name = name, .member = (int8_t)attribute};
    return mw_cosem_session_get(&dlms.session, &what, MW_SPAN_OF(dlms.value), &dlms.value_n);
}

/* Who has no file asks the public client for the counter and goes on above it. */
static int counter_of_meter(void) {
    mw_cosem_session_config secured = dlms.config;
    unsigned client = dlms.where.client;
    mw_obis name;
    if (mw_obis_parse(mw_slice_of_str(dlms.counter_object), &name) != MW_OK)
        return dlms_fail(USAGE, "--counter-object: no OBIS code");
    dlms.config.mechanism = MW_COSEM_MECHANISM_NONE;
    dlms.config.ciphered = false;
    dlms.where.client = 16;
    int status = open_session();
    if (status != DONE)
        return status;
    mw_cosem_value v = {.number = 0};
    if (dlms_get(1, name, 2) == MW_OK) {
        mw_cosem_cursor c = mw_cosem_cursor_of((mw_slice){dlms.value, dlms.value_n}, 0);
        if (mw_cosem_cursor_next(&c, &v) == MW_OK)
            dlms.counter = (uint32_t)v.number;
    } else {
        status = dlms_told(dlms.session.fault, "counter");
    }
    dlms_close_session();
    dlms.config = secured;
    dlms.where.client = client;
    return status;
}

static mw_slice secret_of(void *context, uint8_t sap) {
    (void)sap;
    return mw_slice_of_str(context);
}

/* High security 6, unsealed unless --gmac's keys are given too. */
static void use_sha256(void) {
    static mw_cosem_sha256_secrets secrets = {.secret = secret_of};
    static mw_cosem_prover prover = {&mw_cosem_mechanism_sha256, &secrets};
    static char secret[128];
    (void)snprintf(secret, sizeof secret, "%s", dlms.secret);
    secrets.context = secret;
    dlms.config.mechanism = MW_COSEM_MECHANISM_HIGH_SHA256;
    dlms.config.prover = &prover;
    dlms.config.sap = (uint8_t)dlms.where.client;
}

int dlms_prepare(void) {
    if (dlms.secret != NULL)
        use_sha256();
    if (dlms.gmac) {
        if (!dlms.has_key || !dlms.has_auth)
            return dlms_fail(USAGE, "--gmac needs --key and --auth");
        if (mw_cosem_keys_init(&dlms.keys, &mw_gcm_openssl, &dlms.key, &dlms.auth) != MW_OK)
            return dlms_fail(USAGE, "out of memory");
        dlms.config.mechanism = MW_COSEM_MECHANISM_HIGH_GMAC;
        dlms.config.ciphered = !dlms.plain;
        dlms.config.keys = &dlms.keys;
        FILE *f = dlms.counter_file != NULL ? fopen(dlms.counter_file, "r") : NULL;
        if (f != NULL) {
            if (fscanf(f, "%" SCNu32, &dlms.counter) != 1)
                dlms.counter = 0;
            fclose(f);
        }
        if (dlms.counter_object != NULL) {
            int status = counter_of_meter();
            if (status != DONE)
                return status;
        }
    }
    return open_session();
}

/* ---- Objects ---- */

int dlms_fetch_list(void) {
    if (dlms.list_n != 0)
        return DONE;
    if (dlms_get(15, MW_OBIS(0, 0, 40, 0, 0, 255), 2) != MW_OK)
        return dlms_told(dlms.session.fault, "object list");
    memcpy(dlms.list, dlms.value, dlms.value_n);
    dlms.list_n = dlms.value_n;
    return DONE;
}

bool dlms_next_listed(mw_cosem_cursor *c, dlms_listed *out) {
    mw_cosem_value v;
    while (mw_cosem_cursor_next(c, &v) == MW_OK) {
        if (v.depth != 1 || v.tag != MW_COSEM_STRUCTURE)
            continue;
        if (mw_cosem_cursor_next(c, &v) != MW_OK)
            return false;
        out->class_id = (uint16_t)v.number;
        if (mw_cosem_cursor_next(c, &v) != MW_OK)
            return false;
        out->version = (uint8_t)v.number;
        return mw_cosem_cursor_next(c, &v) == MW_OK &&
               mw_obis_of_bytes(v.bytes, &out->name) == MW_OK;
    }
    return false;
}

int dlms_target(const char *text, mw_cosem_item *out) {
    const char *slash = strchr(text, '/'), *code = slash != NULL ? slash + 1 : text;
    const char *member = strrchr(code, ':'), *star = strchr(code, '-');
    if (member != NULL && star != NULL && strchr(code, ':') == member)
        member = NULL; /* the colon of 1-0:1.8.0 */
    mw_slice name = {(const uint8_t *)code,
                     member != NULL ? (size_t)(member - code) : strlen(code)};
    *out = (mw_cosem_item){.member = member != NULL ? (int8_t)atoi(member + 1) : 2};
    if (mw_obis_parse(name, &out->name) != MW_OK)
        return dlms_fail(USAGE, "no OBIS code");
    if (slash != NULL) {
        out->class_id = (uint16_t)atoi(text);
        return DONE;
    }
    int status = dlms_fetch_list();
    if (status != DONE)
        return status;
    mw_cosem_cursor c = mw_cosem_cursor_of((mw_slice){dlms.list, dlms.list_n}, 0);
    dlms_listed o;
    while (dlms_next_listed(&c, &o))
        if (mw_obis_equal(o.name, out->name)) {
            out->class_id = o.class_id;
            return DONE;
        }
    return dlms_fail(REFUSED, "the meter has no such object for this client");
}
