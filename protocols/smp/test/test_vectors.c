/* SPDX-License-Identifier: Apache-2.0
 *
 * The golden vectors of docs/spec/smp.md, one a line in vectors.txt: "kind fields = result". Each
 * is made again and compared, and where there is a decoder, decoded and compared.
 */
#include <stdio.h>

#include "crypto/keys.h"
#include "protocols/smp/hours.h"
#include "protocols/smp/smp.h"
#include "tests/harness/mw_test.h"

#if !defined MW_SMP_VECTORS || !defined MW_SMP_SPEC
#error "the build gives the paths of vectors.txt and smp.md"
#endif

#define WORDS_MAX 64

typedef struct line {
    char *word[WORDS_MAX];
    int words; /* before the = */
    const char *result;
} line;

static int64_t number(const line *l, int i) {
    assert_true(i < l->words);
    char *end;
    int64_t v = strtoll(l->word[i], &end, 0);
    assert_int_equal(*end, 0);
    return v;
}

/* Hexadecimal bytes; "-" is none. */
static mw_slice bytes(const line *l, int i) {
    assert_true(i < l->words);
    return mw_test_hex(strcmp(l->word[i], "-") == 0 ? "" : l->word[i]);
}

static uint8_t made[512];

static mw_slice make_hours(const line *l, mw_slice expected) {
    int64_t values[MW_SMP_HOURS_MAX], back[MW_SMP_HOURS_MAX];
    unsigned n = (unsigned)l->words - 1;
    for (unsigned i = 0; i < n; i++)
        values[i] = number(l, 1 + (int)i);
    mw_bit_writer w = mw_bit_writer_of(MW_SPAN_OF(made));
    mw_smp_hours_encode(values, n, &w);
    MW_CHECK_OK(w.status);
    mw_bit_reader r = mw_bit_reader_of(expected);
    if (expected.n != 0 && mw_smp_hours_decode(&r, n, back) == MW_OK)
        assert_memory_equal(values, back, n * sizeof values[0]);
    return mw_bit_writer_done(&w);
}

static mw_slice make_day(const line *l, mw_slice expected) {
    mw_smp_day day = {.channel = (uint8_t)number(l, 1),
                      .clock = (mw_smp_clock)number(l, 2),
                      .grid = (uint8_t)number(l, 3),
                      .status = (uint16_t)number(l, 4),
                      .disturbed = (uint64_t)number(l, 5),
                      .end_hour = (uint32_t)number(l, 6),
                      .reg = number(l, 7),
                      .hours = (uint8_t)(l->words - 8)};
    for (unsigned i = 0; i < day.hours; i++)
        day.value[i] = number(l, 8 + (int)i);
    size_t n;
    MW_CHECK_OK(mw_smp_day_encode(&day, sizeof made, MW_SPAN_OF(made), &n));
    mw_smp_day back;
    if (expected.n != 0) {
        MW_CHECK_OK(mw_smp_day_decode(expected, &back));
        MW_CHECK_EQ(back.reg, day.reg);
        MW_CHECK_EQ(back.end_hour, day.end_hour);
        MW_CHECK(back.disturbed == day.disturbed);
        MW_CHECK_EQ(back.status, day.status);
        assert_memory_equal(back.value, day.value, sizeof day.value);
    }
    return (mw_slice){made, n};
}

static mw_slice make_object(const line *l, mw_slice expected) {
    const char *kind = l->word[0];
    mw_writer w = mw_writer_of(MW_SPAN_OF(made));
    if (strcmp(kind, "event") == 0) {
        mw_smp_event e = {(uint8_t)number(l, 1), (uint8_t)number(l, 2), (uint32_t)number(l, 3),
                          number(l, 4), (uint32_t)number(l, 5)};
        mw_smp_event_put(&w, &e);
    } else if (strcmp(kind, "health") == 0) {
        mw_smp_health h = {(uint16_t)number(l, 1),
                           (int16_t)number(l, 2),
                           (uint16_t)number(l, 3),
                           (uint16_t)number(l, 4),
                           {(uint8_t)number(l, 5), (uint8_t)number(l, 6), (uint8_t)number(l, 7)},
                           (int16_t)number(l, 8),
                           (uint32_t)number(l, 9),
                           (uint8_t)(l->words > 10 ? number(l, 10) : 0)};
        mw_smp_health_put(&w, &h);
    } else if (strcmp(kind, "command") == 0) {
        mw_smp_command c = {.id = (uint16_t)number(l, 1),
                            .code = (uint8_t)number(l, 2),
                            .expires_s = (uint32_t)number(l, 3),
                            .size = (uint8_t)bytes(l, 4).n};
        MW_CHECK_OK(mw_span_copy(MW_SPAN_OF(c.data), bytes(l, 4)));
        mw_smp_command_put(&w, &c);
    } else if (strcmp(kind, "request") == 0) {
        mw_smp_command c = {.id = (uint16_t)number(l, 1),
                            .code = (uint8_t)number(l, 2),
                            .size = (uint8_t)bytes(l, 3).n};
        MW_CHECK_OK(mw_span_copy(MW_SPAN_OF(c.data), bytes(l, 3)));
        mw_smp_request_put(&w, &c);
    } else if (strcmp(kind, "receipt") == 0) {
        mw_smp_receipt c = {.id = (uint16_t)number(l, 1),
                            .result = (uint8_t)number(l, 2),
                            .time_s = (uint32_t)number(l, 3),
                            .size = (uint8_t)bytes(l, 4).n};
        MW_CHECK_OK(mw_span_copy(MW_SPAN_OF(c.data), bytes(l, 4)));
        mw_smp_receipt_put(&w, &c);
    } else if (strcmp(kind, "time") == 0) {
        mw_smp_time_set t = {(uint32_t)number(l, 1), (uint16_t)number(l, 2), (uint16_t)number(l, 3),
                             number(l, 4) != 0};
        mw_smp_time_set_put(&w, &t);
    } else {
        assert_string_equal(kind, "config");
        mw_smp_config c = {.count = (uint8_t)((l->words - 1) / 2)};
        for (int i = 0; i < c.count; i++) {
            c.item[i].key = (uint16_t)number(l, 1 + 2 * i);
            c.item[i].value = number(l, 2 + 2 * i);
        }
        mw_smp_config_put(&w, &c);
    }
    MW_CHECK_OK(w.status);
    (void)expected;
    return mw_writer_done(&w);
}

static mw_slice make_key(const line *l, mw_slice expected) {
    static const char *const uses[] = {"up", "down", "group-wrap", "firmware"};
    static mw_key key;
    mw_key master;
    MW_CHECK_OK(mw_key_of_bytes(bytes(l, 2), &master));
    uint32_t epoch = (uint32_t)number(l, 4);
    if (strcmp(l->word[1], "group") == 0) {
        uint32_t group = (uint32_t)number(l, 3);
        MW_CHECK_OK(mw_key_derive_group(&mw_crypto_own, &master, group, epoch, &key));
    } else {
        mw_device_id id;
        mw_slice id_bytes = bytes(l, 3);
        MW_CHECK_OK(mw_span_copy(MW_SPAN_OF(id.b), id_bytes));
        int use = 0;
        while (strcmp(uses[use], l->word[1]) != 0)
            assert_true(++use < MW_KEY_USE_COUNT);
        MW_CHECK_OK(
            mw_key_derive_device(&mw_crypto_own, &master, &id, epoch, (mw_key_use)use, &key));
    }
    (void)expected;
    return MW_SLICE_OF(key.b);
}

static mw_slice make_frame(const line *l, mw_slice expected) {
    mw_key key;
    MW_CHECK_OK(mw_key_of_bytes(bytes(l, 2), &key));
    mw_smp_frame_info info = {
        .direction = strcmp(l->word[1], "up") == 0 ? MW_SMP_UP : MW_SMP_DOWN,
        .address = (uint32_t)number(l, 3),
        .epoch = (uint32_t)number(l, 4),
        .counter = (uint32_t)number(l, 5),
        .full = number(l, 6) != 0,
    };
    size_t n = 0;
    static const mw_crypto *const impls[] = {&mw_crypto_openssl, &mw_crypto_own};
    for (int w = 0; w < 2; w++) {
        mw_crypto_ctx ctx;
        mw_slice objects = bytes(l, 8), opened;
        uint8_t back[MW_SMP_FRAME_MAX];
        MW_CHECK_OK(mw_crypto_init(&ctx, impls[w], &key));
        MW_CHECK_OK(
            mw_smp_frame_seal(&ctx, &info, objects, (size_t)number(l, 7), MW_SPAN_OF(made), &n));
        if (expected.n != 0) {
            MW_CHECK_OK(mw_smp_frame_open(&ctx, info.direction, expected, info.epoch, info.counter,
                                          MW_SPAN_OF(back), &opened));
            assert_memory_equal(opened.p, objects.p, objects.n);
        }
        mw_crypto_fini(&ctx);
    }
    return (mw_slice){made, n};
}

static void check_counter(const line *l) {
    uint32_t counter = 0;
    mw_status s = mw_smp_counter_resolve((uint16_t)number(l, 2), (uint32_t)number(l, 1), &counter);
    if (strcmp(l->result, "-") == 0) {
        MW_CHECK_STATUS(s, MW_RANGE);
        return;
    }
    MW_CHECK_OK(s);
    MW_CHECK_EQ(counter, strtoll(l->result, NULL, 0));
}

/* proof master device new-epoch; groupkey master device wrap-epoch address group epoch key */
static mw_slice make_secret(const line *l, mw_slice expected) {
    mw_key master, key;
    mw_device_id id;
    MW_CHECK_OK(mw_key_of_bytes(bytes(l, 1), &master));
    MW_CHECK_OK(mw_span_copy(MW_SPAN_OF(id.b), bytes(l, 2)));
    (void)expected;
    if (strcmp(l->word[0], "proof") == 0) {
        MW_CHECK_OK(
            mw_smp_key_epoch_prove(&mw_crypto_openssl, &master, &id, (uint32_t)number(l, 3), made));
        return (mw_slice){made, MW_SMP_EPOCH_PROOF};
    }
    uint32_t wrap_epoch = (uint32_t)number(l, 3), address = (uint32_t)number(l, 4);
    mw_smp_group_key g = {.group = (uint32_t)number(l, 5), .epoch = (uint32_t)number(l, 6)};
    MW_CHECK_OK(mw_key_of_bytes(bytes(l, 7), &key));
    MW_CHECK_OK(
        mw_smp_group_key_wrap(&mw_crypto_openssl, &master, &id, wrap_epoch, address, &key, &g));
    mw_key back;
    MW_CHECK_OK(
        mw_smp_group_key_unwrap(&mw_crypto_own, &master, &id, wrap_epoch, address, &g, &back));
    MW_CHECK(mw_key_equal(&key, &back));
    mw_bytes_copy(made, g.wrapped, sizeof g.wrapped);
    return (mw_slice){made, sizeof g.wrapped};
}

typedef mw_slice make_function(const line *l, mw_slice expected);

static void check_line(const line *l) {
    static const struct {
        const char *kind;
        make_function *make;
    } kinds[] = {{"hours", make_hours},    {"day", make_day},      {"event", make_object},
                 {"health", make_object},  {"time", make_object},  {"command", make_object},
                 {"receipt", make_object}, {"key", make_key},      {"config", make_object},
                 {"request", make_object}, {"proof", make_secret}, {"groupkey", make_secret},
                 {"frame", make_frame}};
    if (strcmp(l->word[0], "counter") == 0) {
        check_counter(l);
        return;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].kind, l->word[0]) != 0)
            continue;
        mw_slice got = kinds[i].make(l, mw_test_hex(l->result));
        char text[1025] = {0};
        MW_CHECK_OK(mw_hex_encode(got, (mw_span){(uint8_t *)text, sizeof text - 1}));
        assert_string_equal(text, l->result);
        return;
    }
    fail_msg("unknown kind %s", l->word[0]);
}

MW_TEST(golden_vectors) {
    FILE *f = fopen(MW_SMP_VECTORS, "r");
    assert_non_null(f);
    char text[2048];
    int count = 0;
    while (fgets(text, sizeof text, f) != NULL) {
        line l = {.result = ""};
        char *save = NULL;
        for (char *w = strtok_r(text, " \n", &save); w != NULL; w = strtok_r(NULL, " \n", &save)) {
            if (w[0] == '#')
                break;
            if (strcmp(w, "=") == 0) {
                l.result = strtok_r(NULL, " \n", &save);
                assert_non_null(l.result);
                break;
            }
            assert_true(l.words < WORDS_MAX);
            l.word[l.words++] = w;
        }
        if (l.words == 0)
            continue;
        check_line(&l);
        count++;
    }
    (void)fclose(f);
    MW_CHECK(count >= 35);
}

/* The specification prints the file as it is. */
MW_TEST(the_specification_has_these_vectors) {
    static char spec[100000], vectors[30000];
    FILE *f = fopen(MW_SMP_SPEC, "r");
    assert_non_null(f);
    size_t n = fread(spec, 1, sizeof spec - 1, f);
    (void)fclose(f);
    MW_CHECK(n > 0 && n < sizeof spec - 1);
    f = fopen(MW_SMP_VECTORS, "r");
    assert_non_null(f);
    n = fread(vectors, 1, sizeof vectors - 1, f);
    (void)fclose(f);
    MW_CHECK(n > 0 && n < sizeof vectors - 1);
    assert_non_null(strstr(spec, vectors));
}

MW_TEST_MAIN(MW_CASE(golden_vectors), MW_CASE(the_specification_has_these_vectors))
