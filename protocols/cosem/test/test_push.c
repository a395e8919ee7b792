/* SPDX-License-Identifier: Apache-2.0
 * Notifications: what goes out, when it is repeated, when it is done. */
#include "protocols/cosem/push.h"

#include "tests/harness/mw_test.h"

static unsigned built;
static size_t body_bytes;
static mw_cosem_keys keys;
static mw_cosem_title title = {{'M', 'W', 'X', 0, 0, 0, 0, 9}};
static bool seals, breaks;
static uint32_t counter;

static mw_status build(void *context, uint32_t id, bool confirmed, mw_span out, size_t *out_size) {
    static uint8_t body[2000], plain[2100];
    (void)context;
    built++;
    if (breaks)
        return MW_IO;
    body[0] = MW_COSEM_OCTET_STRING;
    body[1] = 0x82;
    body[2] = (uint8_t)(body_bytes >> 8);
    body[3] = (uint8_t)body_bytes;
    mw_cosem_notice n = {.id = id, .confirmed = confirmed, .body = {body, body_bytes + 4}};
    if (seals) {
        n.keys = &keys;
        n.title = &title;
        n.counter = ++counter;
        n.plain = MW_SPAN_OF(plain);
    }
    return mw_cosem_notice_encode(&n, out, out_size);
}

static uint8_t memory[2200], out[2200];
static size_t n;
static mw_cosem_push_config config;
static mw_cosem_push p;

static void fresh(bool confirmed, uint8_t retries) {
    config = (mw_cosem_push_config){.confirmed = confirmed,
                                    .retries = retries,
                                    .retry_s = 60,
                                    .answer_s = 5,
                                    .build = build,
                                    .memory = MW_SPAN_OF(memory)};
    built = 0;
    body_bytes = 100;
    seals = breaks = false;
}

static mw_mono at(int64_t s) {
    return (mw_mono){s * 1000000000};
}

/* Confirms what is in `out`. */
static mw_status confirm(uint32_t change) {
    mw_cosem_apdu a;
    uint8_t answer[32];
    size_t answer_n;
    MW_CHECK_OK(mw_cosem_apdu_decode((mw_slice){out, n}, 0, &a));
    a.invoke += change;
    MW_CHECK_OK(mw_cosem_notice_confirm(&a, MW_SPAN_OF(answer), &answer_n));
    MW_CHECK_EQ(answer[0], 0x10);
    return mw_cosem_push_take(&p, (mw_slice){answer, answer_n});
}

MW_TEST(an_unconfirmed_push_is_done_when_it_is_carried) {
    fresh(false, 2);
    MW_CHECK_STATUS(mw_cosem_push_next(&p, at(0), MW_SPAN_OF(out), &n), MW_NOT_FOUND);
    mw_cosem_push_begin(&p, &config, 0x12345678, at(0), 5);
    MW_CHECK_OK(mw_cosem_push_next(&p, at(0), MW_SPAN_OF(out), &n));
    mw_cosem_apdu a;
    MW_CHECK_OK(mw_cosem_apdu_decode((mw_slice){out, n}, 0, &a));
    MW_CHECK_EQ(a.kind, MW_COSEM_DATA_NOTIFICATION);
    MW_CHECK_EQ(a.invoke, 0x345678);
    mw_cosem_push_sent(&p, false, at(0)); /* the connection was refused */
    MW_CHECK_STATUS(mw_cosem_push_next(&p, at(59), MW_SPAN_OF(out), &n), MW_AGAIN);
    MW_CHECK_OK(mw_cosem_push_next(&p, at(60), MW_SPAN_OF(out), &n));
    mw_cosem_push_sent(&p, true, at(60));
    MW_CHECK_EQ(p.state, MW_COSEM_PUSH_DONE);
    MW_CHECK_EQ(p.attempts, 2);
    MW_CHECK_STATUS(mw_cosem_push_next(&p, at(600), MW_SPAN_OF(out), &n), MW_NOT_FOUND);
    MW_CHECK_STATUS(confirm(0), MW_NOT_FOUND);
}

MW_TEST(a_push_gives_up_after_its_retries) {
    for (unsigned why = 0; why < 3; why++) {
        fresh(why == 1, 3);
        breaks = why == 2;
        mw_cosem_push_begin(&p, &config, 7, at(0), 5);
        int64_t t = 0;
        while (p.state < MW_COSEM_PUSH_DONE) {
            mw_status got = mw_cosem_push_next(&p, at(t), MW_SPAN_OF(out), &n);
            if (got == MW_OK)
                mw_cosem_push_sent(&p, why == 1, at(t));
            MW_CHECK(got == MW_OK || got == MW_AGAIN || got == MW_NOT_FOUND ||
                     (why == 2 && got == MW_IO));
            t++;
        }
        MW_CHECK_EQ(p.state, MW_COSEM_PUSH_FAILED);
        MW_CHECK_EQ(built, 4);
        MW_CHECK(t >= 180 && t < 220);
    }
}

MW_TEST(a_confirmed_push_waits_for_its_own_confirmation) {
    fresh(true, 2);
    seals = false;
    mw_cosem_push_begin(&p, &config, 41, at(0), 5);
    MW_CHECK_OK(mw_cosem_push_next(&p, at(0), MW_SPAN_OF(out), &n));
    MW_CHECK_EQ(out[1] & 0x40, 0x40);          /* confirmed service class */
    MW_CHECK_STATUS(confirm(0), MW_NOT_FOUND); /* before it was sent */
    mw_cosem_push_sent(&p, true, at(0));
    MW_CHECK_STATUS(confirm(1), MW_NOT_FOUND); /* of another push */
    MW_CHECK_STATUS(mw_cosem_push_take(&p, mw_test_hex("c401c10104")), MW_NOT_FOUND);
    MW_CHECK_STATUS(mw_cosem_push_next(&p, at(4), MW_SPAN_OF(out), &n), MW_AGAIN);
    MW_CHECK_STATUS(mw_cosem_push_next(&p, at(5), MW_SPAN_OF(out), &n), MW_AGAIN); /* none came */
    MW_CHECK_OK(mw_cosem_push_next(&p, at(65), MW_SPAN_OF(out), &n));
    mw_cosem_push_sent(&p, true, at(65));
    MW_CHECK_OK(confirm(0)); /* the same identity again */
    MW_CHECK_EQ(p.state, MW_COSEM_PUSH_DONE);
    MW_CHECK_EQ(built, 2);
}

MW_TEST(a_late_confirmation_counts) {
    fresh(true, 2);
    mw_cosem_push_begin(&p, &config, 41, at(0), 5);
    MW_CHECK_OK(mw_cosem_push_next(&p, at(0), MW_SPAN_OF(out), &n));
    mw_cosem_push_sent(&p, true, at(0));
    size_t none = 0;
    MW_CHECK_STATUS(mw_cosem_push_next(&p, at(6), MW_SPAN_OF(memory), &none), MW_AGAIN);
    MW_CHECK_OK(confirm(0)); /* while the retry waits */
    MW_CHECK_EQ(p.state, MW_COSEM_PUSH_DONE);
}

MW_TEST(meters_do_not_all_push_at_once) {
    unsigned in_second[30] = {0};
    for (unsigned i = 0; i < 3000; i++) {
        fresh(false, 0);
        config.random_s = 30;
        mw_cosem_push_begin(&p, &config, 1, at(0), i * UINT64_C(7919));
        MW_CHECK(p.due.ns >= 0 && p.due.ns < at(30).ns);
        in_second[p.due.ns / 1000000000]++;
    }
    for (unsigned i = 0; i < 30; i++)
        MW_CHECK(in_second[i] > 40 && in_second[i] < 180);
}

MW_TEST(a_long_sealed_push_goes_in_blocks_and_opens) {
    static const mw_key key = {{3}};
    MW_CHECK_OK(mw_cosem_keys_init(&keys, &mw_gcm_openssl, &key, &key));
    fresh(false, 1);
    seals = true;
    body_bytes = 1500;
    config.max_pdu = 200;
    mw_cosem_push_begin(&p, &config, 9, at(0), 5);
    uint8_t whole[2200], plain[2200];
    mw_cosem_gather g;
    mw_cosem_gather_init(&g, MW_SPAN_OF(whole));
    mw_status taken = MW_AGAIN;
    unsigned blocks = 0;
    while (mw_cosem_push_next(&p, at(0), MW_SPAN_OF(out), &n) == MW_OK) {
        mw_cosem_apdu b;
        MW_CHECK(n <= 200);
        MW_CHECK_OK(mw_cosem_apdu_decode((mw_slice){out, n}, 0, &b));
        MW_CHECK(b.kind == MW_COSEM_GENERAL_BLOCK && b.window == 0 && b.streaming == !b.last);
        taken = mw_cosem_gather_take(&g, b.block, b.last, b.item.data);
        mw_cosem_push_sent(&p, true, at(0));
        blocks++;
    }
    MW_CHECK_STATUS(taken, MW_OK);
    MW_CHECK(blocks == 9 && p.state == MW_COSEM_PUSH_DONE);
    mw_cosem_ciphered c;
    mw_cosem_apdu a;
    MW_CHECK_OK(mw_cosem_ciphered_decode(mw_cosem_gather_done(&g), &c));
    mw_cosem_open_options o = {.required = MW_COSEM_SC_AUTHENTICATED};
    MW_CHECK_OK(mw_cosem_unprotect(&keys, &title, &c, &o, MW_SPAN_OF(plain), &n));
    MW_CHECK_OK(mw_cosem_apdu_decode((mw_slice){plain, n}, 0, &a));
    MW_CHECK_EQ(a.item.data.n, 1504);
}

MW_TEST(an_event_names_its_attribute) {
    static const uint8_t value[] = {MW_COSEM_UINT8, 40};
    static const uint8_t time[12] = {0x07, 0xEA, 11, 23, 1, 3, 0, 0, 0, 0, 0, 0};
    mw_cosem_item what = {
        .class_id = 1, .name = {{0, 0, 96, 11, 4, 255}}, .member = 2, .data = MW_SLICE_OF(value)};
    mw_cosem_apdu a;
    for (unsigned timed = 0; timed < 2; timed++) {
        mw_slice when = {time, timed ? sizeof time : 0};
        MW_CHECK_OK(mw_cosem_event_encode(&what, when, MW_SPAN_OF(out), &n));
        MW_CHECK_EQ(out[0], 0xC2);
        MW_CHECK_OK(mw_cosem_apdu_decode((mw_slice){out, n}, 0, &a));
        MW_CHECK(a.kind == MW_COSEM_EVENT_NOTIFICATION && a.item.class_id == 1 &&
                 a.item.member == 2 && mw_obis_equal(a.item.name, what.name));
        MW_CHECK(mw_slice_equal(a.item.data, MW_SLICE_OF(value)) && a.time.n == when.n);
    }
}

MW_TEST_MAIN(MW_CASE(an_unconfirmed_push_is_done_when_it_is_carried),
             MW_CASE(a_push_gives_up_after_its_retries),
             MW_CASE(a_confirmed_push_waits_for_its_own_confirmation),
             MW_CASE(a_late_confirmation_counts), MW_CASE(meters_do_not_all_push_at_once),
             MW_CASE(a_long_sealed_push_goes_in_blocks_and_opens),
             MW_CASE(an_event_names_its_attribute))
