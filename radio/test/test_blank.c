/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/blank.h"

#include "radio/test/loopback.h"

/* An impulse of two samples in every symbol, 65 dB above the frames. */
static void impulses(uint64_t at, size_t n, float *iq) {
    for (size_t i = 0; i < n; i++) {
        uint64_t k = (at + i) / 625, where = mw_mix64(k / 2 + 99) % 620;
        if ((at + i) % 625 == where || (at + i) % 625 == where + 1)
            iq[2 * i] += 0.2f;
    }
}

static unsigned heard_with(double threshold, uint64_t *out_blanked) {
    loop *l = loop_new(MW_RECEIVER_R1);
    mw_receiver_free(l->rx);
    mw_receiver_config c = mw_receiver_config_default(LOOP_CENTRE);
    c.rates = MW_RECEIVER_R1;
    c.full_scale_dbm = LOOP_FS_DBM;
    c.blank = threshold;
    MW_CHECK_OK(mw_receiver_new(&c, loop_sink, l, &l->rx));
    loop_send(l, MW_UNB_R1, MW_UNB_M, 0.1, -70000, 0, 6);
    loop_send(l, MW_UNB_R1, MW_UNB_M, 0.2, 30000, 0, 8);
    loop_send(l, MW_UNB_R1, MW_UNB_S, 0.3, 60000, 0, 10);
    static float iq[2 * 5000];
    for (uint64_t at = 0; at < loop_samples(2); at += 5000) {
        loop_render(l, at, 5000, iq);
        impulses(at, 5000, iq);
        uint8_t bytes[8 * 5000];
        (void)mw_samples_from_float(iq, 5000, MW_SAMPLES_CF32, MW_SPAN_OF(bytes));
        mw_samples_block b = loop_block(l, MW_SAMPLES_CF32, at, 5000, MW_SLICE_OF(bytes));
        MW_CHECK_OK(mw_receiver_push(l->rx, &b));
    }
    unsigned heard = l->heard_count;
    *out_blanked = mw_receiver_stats_of(l->rx)->blanked;
    loop_free(l);
    return heard;
}

MW_TEST(impulses_are_cut_out) {
    uint64_t blanked;
    MW_CHECK_EQ(heard_with(5, &blanked), 3);
    MW_CHECK(blanked > 800 && blanked < 25000);
    MW_CHECK(heard_with(0, &blanked) < 3);
    MW_CHECK_EQ(blanked, 0);
}

/* Noise, a carrier that starts, and a loud frame pass. */
MW_TEST(the_rest_passes) {
    mw_channel_noise noise;
    mw_channel_noise_init(&noise, 4, LOOP_RATE, LOOP_NF_DB, LOOP_FS_DBM);
    mw_blank b;
    mw_blank_init(&b, LOOP_RATE, 5);
    static float iq[2 * 250000];
    mw_channel_noise_add(&noise, 0, 250000, iq);
    for (size_t i = 100000; i < 250000; i++)
        iq[2 * i] += 0.01f; /* a carrier comes up 50 dB above the noise */
    mw_blank_run(&b, iq, 100000);
    MW_CHECK_EQ(b.blanked, 0);
    mw_blank_run(&b, iq + 200000, 150000);
    MW_CHECK(b.blanked < 2500); /* its first 10 ms at most */
}

/* However the stream is cut. */
MW_TEST(cutting_does_not_matter) {
    static float a[2 * 20000], b[2 * 20000];
    mw_channel_noise noise;
    mw_channel_noise_init(&noise, 5, LOOP_RATE, LOOP_NF_DB, LOOP_FS_DBM);
    mw_channel_noise_add(&noise, 0, 20000, a);
    impulses(0, 20000, a);
    memcpy(b, a, sizeof a);
    mw_blank x, y;
    mw_blank_init(&x, LOOP_RATE, 5);
    mw_blank_init(&y, LOOP_RATE, 5);
    mw_blank_run(&x, a, 20000);
    for (size_t at = 0; at < 20000; at += 77)
        mw_blank_run(&y, b + 2 * at, 20000 - at < 77 ? 20000 - at : 77);
    assert_memory_equal(a, b, sizeof a);
    MW_CHECK(x.blanked > 0);
}

MW_TEST_MAIN(MW_CASE(impulses_are_cut_out), MW_CASE(the_rest_passes),
             MW_CASE(cutting_does_not_matter))
