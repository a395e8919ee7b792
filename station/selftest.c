/* SPDX-License-Identifier: Apache-2.0 */
#include "station/selftest.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/prng.h"
#include "protocols/unb/unb.h"
#include "radio/modulator.h"
#include "runtime/file.h"
#include "runtime/http_client.h"

#define CLOCK_FIRST INT64_C(1767225600) /* 2026-01-01: no station is older */
#define CLOCK_LAST  INT64_C(4102444800) /* 2100-01-01 */
#define TEST_RATE   12500.0
#define TEST_BLOCK  4096

static void check_add(mw_selftest *t, const char *name, mw_selftest_result result,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));

static void check_add(mw_selftest *t, const char *name, mw_selftest_result result,
                      const char *format, ...) {
    mw_assert(t->n < MW_SELFTEST_MAX);
    mw_selftest_check *c = &t->checks[t->n++];
    va_list arguments;
    c->name = name;
    c->result = result;
    va_start(arguments, format);
    (void)vsnprintf(c->detail, sizeof c->detail, format, arguments);
    va_end(arguments);
}

static void check_disk(mw_selftest *t, const mw_station_config *c) {
    char path[4096];
    struct statvfs fs;
    mw_buffer text;
    static const char words[] = "written, synced and read";
    if ((size_t)snprintf(path, sizeof path, "%s/self-test", c->spool_folder) >= sizeof path) {
        check_add(t, "disk", MW_SELFTEST_FAIL, "the path of the spool is too long");
        return;
    }
    mw_buffer_init(&text, 256);
    mw_status status = mw_file_make_folders(c->spool_folder, 0700);
    if (status == MW_OK)
        status = mw_file_replace(path, mw_slice_of_str(words), 0600);
    if (status == MW_OK)
        status = mw_file_read(path, &text);
    if (status == MW_OK && !mw_slice_equal(mw_buffer_view(&text), mw_slice_of_str(words)))
        status = MW_CORRUPT;
    (void)unlink(path);
    mw_buffer_fini(&text);
    int64_t room = INT64_MAX;
    if (statvfs(c->spool_folder, &fs) == 0)
        room = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
    if (status != MW_OK)
        check_add(t, "disk", MW_SELFTEST_FAIL, "%.80s: %s", c->spool_folder,
                  mw_status_text(status));
    else if (room < MW_SELFTEST_FREE_MIN)
        check_add(t, "disk", MW_SELFTEST_WARN, "only %lld kB are free", (long long)(room / 1000));
    else
        check_add(t, "disk", MW_SELFTEST_OK, "%lld MB free", (long long)(room / 1000000));
}

mw_selftest_result mw_selftest_clock(mw_utc now) {
    struct timex state = {0};
    int64_t s = mw_utc_floor_s(now);
    if (s < CLOCK_FIRST || s > CLOCK_LAST)
        return MW_SELFTEST_FAIL;
    return adjtimex(&state) == TIME_ERROR ? MW_SELFTEST_WARN : MW_SELFTEST_OK;
}

static void check_clock(mw_selftest *t, bool town) {
    mw_utc now = mw_clock_machine_utc();
    char text[MW_UTC_TEXT_MAX];
    mw_selftest_result result = town ? MW_SELFTEST_OK : mw_selftest_clock(now);
    mw_utc_format(now, text);
    check_add(t, "clock", result, "%s%s", text,
              town                         ? ", simulated time is used"
              : result == MW_SELFTEST_WARN ? ", not synchronised"
              : result == MW_SELFTEST_FAIL ? " cannot be"
                                           : ", synchronised");
}

/* ---- the receiver ---- */

typedef struct loop_back {
    uint8_t payload[13];
    unsigned right, wrong;
    double snr_db;
} loop_back;

static void receiver_frame(void *user, const mw_receiver_frame *f) {
    loop_back *l = user;
    bool same = f->payload_bytes == sizeof l->payload &&
                memcmp(f->payload, l->payload, sizeof l->payload) == 0;
    l->right += same;
    l->wrong += !same;
    if (same)
        l->snr_db = (double)f->snr.cdb / 100.0;
}

/* A frame of size S at 400 Bd with Es/N0 of 3 dB, and silence behind it. */
static mw_status receiver_run(loop_back *l) {
    mw_unb_frame frame;
    mw_burst burst;
    mw_receiver *receiver = NULL;
    mw_receiver_config config = mw_receiver_config_default(mw_freq_hz(868100000));
    mw_prng g = mw_prng_of_seed(20260101);
    static float iq[2 * TEST_BLOCK];
    MW_TRY(mw_unb_frame_encode(MW_UNB_S, MW_SLICE_OF(l->payload), &frame));
    mw_burst_setup setup = {.bits = frame.bits,
                            .count = frame.symbols,
                            .start_index = 3000,
                            .rate = TEST_RATE,
                            .baud = 400,
                            .offset_hz = 1234.5,
                            .amplitude = 0.1};
    MW_TRY(mw_burst_init(&burst, &setup));
    config.rate_mhz = (uint64_t)(TEST_RATE * 1000);
    config.rates = MW_RECEIVER_R1;
    config.low.mhz = config.centre.mhz - 4000000;
    config.high.mhz = config.centre.mhz + 4000000;
    MW_TRY(mw_receiver_new(&config, receiver_frame, l, &receiver));
    /* noise power per sample = signal / (Es/N0) * rate / baud; uniform of variance a^2 / 3 per part
     */
    double noise = 0.1 * 0.1 / 1.995 * TEST_RATE / 400.0;
    float a = (float)__builtin_sqrt(noise / 2.0 * 3.0);
    mw_status status = MW_OK;
    for (uint64_t at = 0; status == MW_OK && at < mw_burst_end(&burst) + 30000; at += TEST_BLOCK) {
        for (size_t i = 0; i < 2 * TEST_BLOCK; i++)
            iq[i] = a * ((float)mw_prng_below(&g, 20001) / 10000.0f - 1.0f);
        (void)mw_burst_render(&burst, at, TEST_BLOCK, iq);
        mw_samples_block b = {.h = {.format = MW_SAMPLES_CF32,
                                    .first_index = at,
                                    .utc = MW_UTC_NONE,
                                    .rate_mhz = config.rate_mhz,
                                    .centre = config.centre,
                                    .count = TEST_BLOCK},
                              .payload = {(const uint8_t *)iq, sizeof iq}};
        status = mw_receiver_push(receiver, &b);
    }
    mw_receiver_flush(receiver);
    mw_receiver_free(receiver);
    return status;
}

static void check_receiver(mw_selftest *t) {
    loop_back l = {.payload = "self-test 1."};
    mw_status status = receiver_run(&l);
    if (status == MW_OK && l.right == 1 && l.wrong == 0)
        check_add(t, "receiver", MW_SELFTEST_OK, "a synthetic frame was decoded at %.1f dB",
                  l.snr_db);
    else
        check_add(t, "receiver", MW_SELFTEST_FAIL,
                  "a synthetic frame was decoded %u times, %u wrong ones (%s)", l.right, l.wrong,
                  mw_status_text(status));
}

/* ---- token and certificates ---- */

static void check_token(mw_selftest *t, const mw_station_config *c) {
    mw_buffer token;
    mw_buffer_init(&token, 1024);
    mw_status status = mw_file_read_secret(c->token_file, &token);
    if (token.p != NULL)
        mw_bytes_wipe(token.p, token.n);
    mw_buffer_fini(&token);
    check_add(t, "token", status == MW_OK ? MW_SELFTEST_OK : MW_SELFTEST_FAIL, "%.80s: %s",
              c->token_file, mw_status_text(status));
}

static X509 *read_certificate(const char *path) {
    FILE *f = fopen(path, "re");
    X509 *cert = f == NULL ? NULL : PEM_read_X509(f, NULL, NULL, NULL);
    if (f != NULL)
        (void)fclose(f);
    ERR_clear_error();
    return cert;
}

/* Whole days until a certificate ends; negative when it has. */
static int days_left(const X509 *cert) {
    int days = 0;
    int seconds = 0;
    if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(cert)) != 1)
        return -1;
    return seconds < 0 && days == 0 ? -1 : days;
}

static bool key_fits(const char *path, X509 *cert) {
    FILE *f = fopen(path, "re");
    EVP_PKEY *key = f == NULL ? NULL : PEM_read_PrivateKey(f, NULL, NULL, NULL);
    if (f != NULL)
        (void)fclose(f);
    bool fits = key != NULL && X509_check_private_key(cert, key) == 1;
    EVP_PKEY_free(key);
    ERR_clear_error();
    return fits;
}

static mw_selftest_result certificate_result(int days) {
    return days < 0                  ? MW_SELFTEST_FAIL
           : days < MW_SELFTEST_NEAR ? MW_SELFTEST_WARN
                                     : MW_SELFTEST_OK;
}

static void check_certificates(mw_selftest *t, const mw_station_config *c) {
    if (*c->client_cert == 0 && *c->ca_file == 0) {
        check_add(t, "certificates", MW_SELFTEST_OK, "none are set");
        return;
    }
    int days = 100000;
    const char *files[] = {c->client_cert, c->ca_file};
    for (size_t i = 0; i < 2; i++) {
        if (*files[i] == 0)
            continue;
        X509 *cert = read_certificate(files[i]);
        int left = cert == NULL ? 0 : days_left(cert);
        bool fits = i == 1 || (cert != NULL && key_fits(c->client_key, cert));
        X509_free(cert);
        if (cert == NULL || !fits) {
            check_add(t, "certificates", MW_SELFTEST_FAIL, "%.100s: %s", files[i],
                      fits ? "not a certificate" : "without a certificate or a key that fits");
            return;
        }
        days = left < days ? left : days;
    }
    check_add(t, "certificates", certificate_result(days),
              days < 0 ? "one has expired" : "the next one ends in %d days", days);
}

void mw_selftest_run(mw_selftest *t, const mw_station_config *config, bool town) {
    t->n = 0;
    check_disk(t, config);
    check_clock(t, town);
    check_receiver(t);
    check_token(t, config);
    check_certificates(t, config);
}

mw_selftest_result mw_selftest_worst(const mw_selftest *t) {
    mw_selftest_result worst = MW_SELFTEST_OK;
    for (size_t i = 0; i < t->n; i++)
        if (t->checks[i].result > worst)
            worst = t->checks[i].result;
    return worst;
}

const char *mw_selftest_word(mw_selftest_result r) {
    return r == MW_SELFTEST_OK ? "ok" : r == MW_SELFTEST_WARN ? "warn" : "fail";
}

void mw_selftest_json(const mw_selftest *t, mw_json *j) {
    mw_json_put_array(j, "checks");
    for (size_t i = 0; i < t->n; i++) {
        mw_json_object_begin(j);
        mw_json_put_text(j, "name", t->checks[i].name);
        mw_json_put_text(j, "result", mw_selftest_word(t->checks[i].result));
        mw_json_put_text(j, "detail", t->checks[i].detail);
        mw_json_object_end(j);
    }
    mw_json_array_end(j);
}

/* ---- the command ---- */

typedef struct platform_answer {
    bool done;
    mw_status status;
    int http_status;
    char detail[100];
} platform_answer;

static void platform_done(void *context, const mw_http_answer *a) {
    platform_answer *p = context;
    p->done = true;
    p->status = a->status;
    p->http_status = a->http_status;
    (void)snprintf(p->detail, sizeof p->detail, "%s", a->detail);
}

static void check_platform(mw_selftest *t, const mw_station_config *c) {
    mw_clock *clock = NULL;
    mw_loop *loop = NULL;
    mw_http_client *client = NULL;
    mw_http_call *call = NULL;
    platform_answer got = {.status = MW_NOMEM};
    char url[600];
    mw_http_client_options o = {.ca_file = c->ca_file,
                                .cert_file = c->client_cert,
                                .key_file = c->client_key,
                                .allow_plain = c->allow_plain,
                                .total_timeout = c->timeout};
    (void)snprintf(url, sizeof url, "%s/healthz", c->url);
    mw_status status = mw_clock_open("system", &clock);
    if (status == MW_OK)
        status = mw_loop_new(clock, &loop);
    if (status == MW_OK)
        status = mw_http_client_new(loop, &o, &client);
    if (status == MW_OK)
        status = mw_http_call_start(client, "GET", url, NULL, NULL, (mw_slice){0}, platform_done,
                                    &got, &call);
    while (status == MW_OK && !got.done)
        mw_loop_run_once(loop, mw_dur_ms(100));
    if (status == MW_OK)
        status = got.status;
    check_add(t, "platform", status == MW_OK ? MW_SELFTEST_OK : MW_SELFTEST_FAIL, "%.60s: %s %.60s",
              c->url, status == MW_OK ? "reached" : mw_status_text(status), got.detail);
    mw_http_client_free(client);
    if (loop != NULL)
        mw_loop_free(loop);
    mw_clock_close(clock);
}

int mw_selftest_main(const mw_station_config *config) {
    mw_selftest t;
    mw_selftest_run(&t, config, strcmp(config->clock, "system") != 0);
    check_platform(&t, config);
    for (size_t i = 0; i < t.n; i++)
        (void)printf("%-13s %-5s %s\n", t.checks[i].name, mw_selftest_word(t.checks[i].result),
                     t.checks[i].detail);
    return mw_selftest_worst(&t) == MW_SELFTEST_FAIL ? 1 : 0;
}
