/* SPDX-License-Identifier: Apache-2.0
 *
 * What it takes to read a push of a real meter: from the bytes of the line to every value, plain
 * and ciphered.
 *
 *   bench_cosem [file of vectors]
 *
 * Times are the best of several runs: what the code takes when nothing else is in the way.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "base/assert.h"
#include "protocols/cosem/apdu.h"
#include "protocols/cosem/security.h"
#include "protocols/hdlc/deframer.h"

enum { RUNS = 150, LINE_MAX_BYTES = 2048 };

typedef struct push {
    uint8_t line[LINE_MAX_BYTES];
    size_t n;
    bool ciphered;
    mw_key key, auth;
} push;

static size_t hex_of(json_t *v, const char *key, uint8_t *out, size_t room) {
    mw_slice text = mw_slice_of_str(json_string_value(json_object_get(v, key)));
    mw_assert(text.n / 2 <= room && mw_hex_decode(text, (mw_span){out, text.n / 2}) == MW_OK);
    return text.n / 2;
}

static void load(const char *path, const char *name, push *p) {
    static char line[65536];
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        (void)fprintf(stderr, "bench_cosem: cannot open %s\n", path);
        exit(1);
    }
    *p = (push){.n = 0};
    while (p->n == 0 && fgets(line, sizeof line, f) != NULL) {
        json_t *v = json_loads(line, 0, NULL);
        if (strcmp(json_string_value(json_object_get(v, "name")), name) == 0) {
            p->n = hex_of(v, "hex", p->line, sizeof p->line);
            p->ciphered = json_object_get(v, "key") != NULL;
            if (p->ciphered) {
                hex_of(v, "key", p->key.b, sizeof p->key.b);
                hex_of(v, "authkey", p->auth.b, sizeof p->auth.b);
            }
        }
        json_decref(v);
    }
    mw_assert(p->n != 0);
    (void)fclose(f);
}

/* Line bytes to values; returns how many numbers there were, so that nothing is left out. */
static unsigned read_push(const push *p, mw_cosem_keys *keys, mw_hdlc_deframer *d) {
    static uint8_t plain[LINE_MAX_BYTES];
    mw_hdlc_frame f;
    mw_cosem_apdu a;
    unsigned numbers = 0;
    mw_assert(mw_hdlc_deframer_push(d, (mw_slice){p->line, p->n}) == p->n);
    mw_status s = mw_hdlc_deframer_pull(d, &f);
    mw_assert(s == MW_OK);
    mw_slice apdu = mw_slice_sub(f.information, 3, f.information.n - 3);
    if (p->ciphered) {
        mw_cosem_ciphered c;
        mw_cosem_title title;
        mw_cosem_open_options o = {.required = 0x30};
        size_t n;
        s = mw_cosem_ciphered_decode(apdu, &c);
        mw_assert(s == MW_OK && c.title.n == sizeof title.b);
        mw_bytes_copy(title.b, c.title.p, sizeof title.b);
        s = mw_cosem_unprotect(keys, &title, &c, &o, MW_SPAN_OF(plain), &n);
        mw_assert(s == MW_OK);
        apdu = (mw_slice){plain, n};
    }
    s = mw_cosem_apdu_decode(apdu, 0, &a);
    mw_assert(s == MW_OK);
    mw_cosem_cursor c = mw_cosem_cursor_of(a.item.data, 0);
    for (mw_cosem_value v; mw_cosem_cursor_next(&c, &v) == MW_OK;)
        numbers += mw_cosem_value_is_number(&v);
    return numbers;
}

static double now_us(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double best_us(const push *p, const mw_gcm *impl, unsigned times) {
    static uint8_t memory[LINE_MAX_BYTES];
    mw_cosem_keys keys;
    mw_hdlc_deframer d;
    double best = 1e9;
    mw_assert(mw_cosem_keys_init(&keys, impl, &p->key, &p->auth) == MW_OK);
    mw_hdlc_deframer_init(&d, MW_SPAN_OF(memory));
    for (int run = 0; run < RUNS; run++) {
        double from = now_us();
        for (unsigned i = 0; i < times; i++)
            mw_assert(read_push(p, &keys, &d) > 20);
        double each = (now_us() - from) / times;
        best = each < best ? each : best;
    }
    mw_cosem_keys_fini(&keys);
    return best;
}

static bool figure(const char *key, double us, double target) {
    printf("%s %.2f us %.0f %s\n", key, us, target, us <= target ? "ok" : "short");
    return us <= target;
}

int main(int argc, char **argv) {
    const char *path = argc > 1 ? argv[1] : "protocols/cosem/test/vectors.jsonl";
    static push plain, sealed;
    load(path, "esphome_hdlc_norway_han_3phase", &plain);
    load(path, "esphome_hdlc_kamstrup_omnipower", &sealed);
    printf("# push of %zu bytes plain, %zu bytes AES-128-GCM; line to values\n", plain.n, sealed.n);
    bool good = figure("cosem.push_us", best_us(&plain, &mw_gcm_openssl, 100), 5);
    good &= figure("cosem.push_sealed_us", best_us(&sealed, &mw_gcm_openssl, 100), 20);
    printf("# with a meter's own constant-time cipher: %.1f us\n",
           best_us(&sealed, &mw_gcm_own, 5));
    return good ? 0 : 1;
}
