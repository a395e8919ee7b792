/* SPDX-License-Identifier: Apache-2.0
 *
 * Cancellation: what a stronger frame hid is heard, nothing is heard twice, nothing is invented.
 */
#include "radio/cancel.h"
#include "radio/test/loopback.h"

#define R0 MW_RECEIVER_R0
#define R1 MW_RECEIVER_R1

/* A second receiver without cancellation hears less: that is what it is for. */
static loop *plain_loop(unsigned rates) {
    loop *l = loop_new(rates);
    mw_receiver_free(l->rx);
    mw_receiver_config c = mw_receiver_config_default(LOOP_CENTRE);
    c.rates = rates;
    c.full_scale_dbm = LOOP_FS_DBM;
    c.cancel = false;
    MW_CHECK_OK(mw_receiver_new(&c, loop_sink, l, &l->rx));
    return l;
}

static void send_pile(loop *l) {
    /* 50 dB over one, whose sync word it covers; that one over a third */
    loop_send(l, MW_UNB_R1, MW_UNB_M, 0.100, 10000, 1, 60);
    loop_send(l, MW_UNB_R1, MW_UNB_M, 0.550, 10150, -1, 30);
    loop_send(l, MW_UNB_R1, MW_UNB_S, 0.700, 9950, 0, 8);
}

MW_TEST(pile_of_three) {
    loop *l = loop_new(R1);
    send_pile(l);
    loop_play(l, 0, loop_samples(2.5), 4096);
    MW_CHECK_EQ(l->heard_count, 3);
    for (unsigned i = 0; i < 3; i++)
        MW_CHECK(loop_heard(l, &l->sent[i]) != NULL);
    const mw_receiver_stats *s = mw_receiver_stats_of(l->rx);
    MW_CHECK_EQ(s->cancelled, 3);
    MW_CHECK(s->uncovered >= 1);
    loop_free(l);

    l = plain_loop(R1);
    send_pile(l);
    loop_play(l, 0, loop_samples(2.5), 4096);
    MW_CHECK(l->heard_count < 3);
    loop_free(l);
}

/* The weak one comes first and ends while the strong one is on: it is tried again afterwards. */
MW_TEST(weak_before_strong) {
    loop *l = loop_new(R1);
    loop_send(l, MW_UNB_R1, MW_UNB_M, 0.100, -20000, 0, 12);
    loop_send(l, MW_UNB_R1, MW_UNB_M, 0.500, -20040, 2, 50);
    loop_play(l, 0, loop_samples(2.5), 10000);
    loop_check_all(l);
    MW_CHECK(mw_receiver_stats_of(l->rx)->retried >= 1);
    loop_free(l);
}

/* A slow frame under a fast one, and the other way round. */
MW_TEST(other_rates) {
    loop *l = loop_new(R0 | R1);
    loop_send(l, MW_UNB_R0, MW_UNB_S, 0.3, 5000, 0, 45);
    loop_send(l, MW_UNB_R1, MW_UNB_S, 2.0, 5100, 0, 6);
    loop_send(l, MW_UNB_R0, MW_UNB_S, 0.3, -30000, 0, 12);
    loop_send(l, MW_UNB_R1, MW_UNB_S, 1.0, -30050, 0, 45);
    loop_play(l, 0, loop_samples(8), 65536);
    MW_CHECK_EQ(l->heard_count, 4);
    for (unsigned i = 0; i < 4; i++)
        MW_CHECK(loop_heard(l, &l->sent[i]) != NULL);
    loop_free(l);
}

/* The same frames whatever the cutting into blocks, although the samples are changed meanwhile. */
MW_TEST(cutting_does_not_matter) {
    static const size_t cuts[] = {65536, 977, 20000};
    mw_receiver_frame first[3];
    for (unsigned k = 0; k < 3; k++) {
        loop *l = loop_new(R1);
        send_pile(l);
        loop_play(l, 0, loop_samples(2.5), cuts[k]);
        mw_receiver_flush(l->rx);
        MW_CHECK_EQ(l->heard_count, 3);
        for (unsigned i = 0; i < 3; i++) {
            if (k == 0)
                first[i] = l->heard[i];
            loop_check_same(&first[i], &l->heard[i]);
        }
        loop_free(l);
    }
}

/* One frame without noise: what is left of it in the history, against what it was. The history's
 * own rounding, over the whole sample rate, is -45 dB. */
static double rest_db(double start_s, double hz, double drift, double *out_clock) {
    loop *l = loop_new(R1);
    l->noisy = false;
    loop_sent *s = loop_send(l, MW_UNB_R1, MW_UNB_M, start_s, hz, drift, 60);
    size_t n = loop_samples(1.9);
    float *iq = calloc(2 * n, sizeof *iq);
    loop_render(l, 0, n, iq);
    mw_history h;
    MW_CHECK_OK(mw_history_init(&h, n));
    mw_samples_block b = {.h = {.format = MW_SAMPLES_CF32, .count = n},
                          .payload = {(const uint8_t *)iq, 8 * n}};
    mw_samples_faults faults = {0};
    mw_history_append(&h, &b, 0, n, &faults);
    mw_extract e;
    MW_CHECK_OK(mw_extract_init(&e, LOOP_RATE, 400, MW_UNB_SYMBOLS_MAX + 2));
    mw_cancel *c;
    MW_CHECK_OK(mw_cancel_new(&e, &c));
    mw_unb_frame frame;
    MW_CHECK_OK(mw_unb_frame_encode(MW_UNB_M, (mw_slice){s->payload, MW_UNB_PAYLOAD_M}, &frame));
    double sps = LOOP_RATE / 400, centre = start_s * LOOP_RATE + 0.5 * sps;
    /* instant and carrier only about right: 2 % of a symbol, 0.1 Hz */
    mw_carrier carrier = {hz + drift * 31.5 / 400 + 0.1, drift, centre + 31.5 * sps};
    mw_cancel_report report;
    mw_cancel_frame(c, &e, &h, &frame, &carrier, centre + 0.02 * sps, &report);
    double before = 0, after = 0;
    float *rest = calloc(2 * n, sizeof *rest);
    mw_history_read(&h, 0, n, rest);
    for (size_t i = 0; i < 2 * n; i++) {
        before += (double)(iq[i] * iq[i]);
        after += (double)(rest[i] * rest[i]);
    }
    *out_clock = report.clock;
    free(rest);
    mw_cancel_free(c);
    mw_extract_fini(&e);
    mw_history_fini(&h);
    free(iq);
    loop_free(l);
    return 10 * log10(after / before);
}

MW_TEST(nothing_is_left) {
    double clock;
    MW_CHECK(rest_db(0.1, 1234.5, 0, &clock) < -42);
    MW_CHECK(fabs(clock + 20e-6) < 2e-6); /* the sender's symbols are 20 ppm too fast */
    MW_CHECK(rest_db(0.123457, -87654.3, 2, &clock) < -42);
}

MW_TEST_MAIN(MW_CASE(pile_of_three), MW_CASE(weak_before_strong), MW_CASE(other_rates),
             MW_CASE(cutting_does_not_matter), MW_CASE(nothing_is_left))
