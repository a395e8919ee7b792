/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/test/loopback.h"

#define R0 MW_RECEIVER_R0
#define R1 MW_RECEIVER_R1
#define R2 MW_RECEIVER_R2

MW_TEST(sizes_rates_and_frequencies) {
    loop *l = loop_new(R1 | R2);
    l->first = 123456789;
    loop_send(l, MW_UNB_R1, MW_UNB_S, 0.02, -99000, 0, 5);
    loop_send(l, MW_UNB_R1, MW_UNB_M, 0.013, 20, 5, 5);
    loop_send(l, MW_UNB_R1, MW_UNB_L, 0.07, 98765.4, -5, 5);
    loop_send(l, MW_UNB_R2, MW_UNB_S, 0.3, -40000, 0, 8);
    loop_send(l, MW_UNB_R2, MW_UNB_M, 1.1, 33333, 0, 8);
    loop_send(l, MW_UNB_R2, MW_UNB_L, 1.5, -70000, 0, 8);
    loop_play(l, 0, loop_samples(3.2), 4096);
    loop_check_all(l);
    loop_free(l);
}

MW_TEST(slowest_rate_with_drift) {
    loop *l = loop_new(R0);
    loop_send(l, MW_UNB_R0, MW_UNB_S, 0.5, 17361.1, 2, 3);
    loop_send(l, MW_UNB_R0, MW_UNB_S, 0.2, -60013, -2, 3);
    loop_send(l, MW_UNB_R0, MW_UNB_M, 0.3, 60000, 2, 3);
    loop_play(l, 0, loop_samples(13), 65536);
    loop_check_all(l);
    loop_free(l);
}

/* Three bandwidths apart, 30 dB louder, one on top of the other in time. */
MW_TEST(overlapping_frames) {
    loop *l = loop_new(R1);
    loop_send(l, MW_UNB_R1, MW_UNB_M, 0.1, 10000, 0, 6);
    loop_send(l, MW_UNB_R1, MW_UNB_M, 0.15, 11200, 0, 36);
    loop_send(l, MW_UNB_R1, MW_UNB_S, 0.1, 8900, 0, 36);
    loop_play(l, 0, loop_samples(2), 10000);
    MW_CHECK_EQ(l->heard_count, 3);
    for (unsigned i = 0; i < 3; i++)
        MW_CHECK(loop_heard(l, &l->sent[i]) != NULL);
    loop_free(l);
}

/* A very strong frame is one frame, not one in every neighbouring bin. */
MW_TEST(strong_frame_once) {
    loop *l = loop_new(R0 | R1);
    loop_send(l, MW_UNB_R1, MW_UNB_S, 0.1, 10000, 0, 70);
    loop_play(l, 0, loop_samples(1.5), 10000);
    MW_CHECK_EQ(l->heard_count, 1);
    MW_CHECK(loop_heard(l, &l->sent[0]) != NULL);
    loop_free(l);
}

/* However the stream is cut into blocks, the frames are the same to the last bit. */
MW_TEST(cutting_does_not_matter) {
    static const size_t cuts[] = {65536, 1, 977, 3907, 20000};
    mw_receiver_frame first[2];
    for (unsigned k = 0; k < 5; k++) {
        loop *l = loop_new(R1);
        loop_send(l, MW_UNB_R1, MW_UNB_S, 0.05, -50000, 3, 0);
        loop_send(l, MW_UNB_R1, MW_UNB_S, 0.06, 51000, -3, 0);
        uint64_t end = loop_samples(1.0);
        if (cuts[k] == 1) { /* single samples are slow to render: every sample of a short stretch */
            loop_play(l, 0, end - 60000, 8192);
            loop_play(l, end - 60000, end - 59000, 1);
            loop_play(l, end - 59000, end, 8192);
        } else {
            loop_play(l, 0, end, cuts[k]);
        }
        mw_receiver_flush(l->rx);
        MW_CHECK_EQ(l->heard_count, 2);
        for (unsigned i = 0; i < 2; i++) {
            if (k == 0)
                first[i] = l->heard[i];
            loop_check_same(&first[i], &l->heard[i]);
        }
        loop_free(l);
    }
}

/* Silence between frames is skipped, its cutting does not matter, and time stays right. */
MW_TEST(gaps_between_frames) {
    mw_receiver_frame first[2];
    for (unsigned k = 0; k < 3; k++) {
        loop *l = loop_new(R1);
        double later = 3600;
        loop_send(l, MW_UNB_R1, MW_UNB_S, 0.01, 1000, 0, 4);
        loop_send(l, MW_UNB_R1, MW_UNB_M, later + 0.01, 2000, 0, 4);
        uint64_t end1 = mw_burst_end(&l->sent[0].burst), end2 = mw_burst_end(&l->sent[1].burst);
        uint64_t begin2 = loop_samples(later);
        loop_play(l, 0, end1, 5000);
        MW_CHECK_EQ(mw_receiver_safe_index(l->rx) <= l->sent[0].burst.start_index, 1);
        if (k == 0) {
            loop_gap(l, end1, begin2 - end1);
        } else if (k == 1) { /* many small ones */
            uint64_t at = end1;
            for (; begin2 - at > 3000000; at += 2999)
                loop_gap(l, at, 2999);
            loop_gap(l, at, begin2 - at);
        } /* else: simply missing */
        if (k < 2) {
            MW_CHECK_EQ(l->heard_count, 1);
            MW_CHECK_EQ(mw_receiver_safe_index(l->rx), begin2);
        }
        loop_play(l, begin2, end2, 5000);
        mw_receiver_flush(l->rx);
        loop_check_all(l);
        MW_CHECK_EQ(mw_receiver_safe_index(l->rx), end2);
        MW_CHECK_EQ(mw_receiver_stats_of(l->rx)->samples, end1 + end2 - begin2);
        for (unsigned i = 0; i < 2; i++) {
            if (k == 0)
                first[i] = l->heard[i];
            loop_check_same(&first[i], &l->heard[i]);
        }
        loop_free(l);
    }
}

/* A few lost symbols are bridged; a long hole ends the frame without inventing one. */
MW_TEST(holes_within_a_frame) {
    for (unsigned k = 0; k < 2; k++) {
        loop *l = loop_new(R1);
        loop_send(l, MW_UNB_R1, MW_UNB_M, 0.01, 1000, 0, 8);
        uint64_t hole = k == 0 ? 5000 : 100000;
        loop_play(l, 0, 200000, 5000);
        loop_play(l, 200000 + hole, loop_samples(1.7), 5000);
        mw_receiver_flush(l->rx);
        MW_CHECK_EQ(l->heard_count, k == 0 ? 1 : 0);
        MW_CHECK_EQ(mw_receiver_stats_of(l->rx)->jumps, 1);
        loop_free(l);
    }
}

/* Whenever a station is killed, a new one that is sent everything from the last safe index on finds
 * what the old one had not emitted. */
MW_TEST(safe_index_loses_nothing) {
    enum { STOPS = 5 };
    for (unsigned stop = 1; stop <= STOPS; stop++) {
        loop *l = loop_new(R1);
        for (unsigned i = 0; i < 6; i++)
            loop_send(l, MW_UNB_R1, i % 2 ? MW_UNB_S : MW_UNB_M, 0.05 + 0.31 * i,
                      -90000 + 30000.0 * i, 0, 6);
        uint64_t end = loop_samples(4), cut = end * stop / (STOPS + 1) + 777;
        uint64_t at = 0;
        for (; at < cut; at += 7000) {
            loop_play(l, at, at + 7000, 7000);
            uint64_t safe = mw_receiver_safe_index(l->rx);
            for (unsigned i = 0; i < l->sent_count; i++) {
                if (l->sent[i].burst.start_index < safe)
                    MW_CHECK(loop_heard(l, &l->sent[i]) != NULL);
            }
        }
        uint64_t safe = mw_receiver_safe_index(l->rx);
        MW_CHECK(safe + loop_samples(3.2) > at); /* and it does follow */
        mw_receiver_free(l->rx);
        l->rx = loop_receiver(l, R1);
        loop_play(l, safe, end, 7000);
        for (unsigned i = 0; i < l->sent_count; i++)
            MW_CHECK(loop_heard(l, &l->sent[i]) != NULL);
        loop_free(l);
    }
}

MW_TEST(noise_gives_nothing) {
    loop *l = loop_new(R0 | R1 | R2);
    loop_play(l, 0, loop_samples(10), 65536);
    mw_receiver_flush(l->rx);
    MW_CHECK_EQ(l->heard_count, 0);
    MW_CHECK_EQ(mw_receiver_stats_of(l->rx)->refused, 0);
    loop_free(l);
}

/* Integer formats, one with clipping at half the amplitude. */
MW_TEST(coarse_samples) {
    static const mw_samples_format formats[] = {MW_SAMPLES_CS16, MW_SAMPLES_CS8, MW_SAMPLES_CU8};
    for (unsigned k = 0; k < 3; k++) {
        loop *l = loop_new(R1);
        l->format = formats[k];
        mw_channel_noise_init(&l->noise, 3, LOOP_RATE, LOOP_NF_DB, LOOP_FS_DBM);
        /* 8 bits cannot show -118 dBm of noise beside a full scale of -60 dBm: a louder frame */
        double es_n0 = k == 0 ? 5 : 92 - (k == 2 ? 4 : 0);
        loop_send(l, MW_UNB_R1, MW_UNB_S, 0.05, -5000, 0, es_n0);
        loop_play(l, 0, loop_samples(1.0), 5000);
        MW_CHECK_EQ(l->heard_count, 1);
        if (k == 1)
            MW_CHECK(mw_receiver_stats_of(l->rx)->clipped > 1000);
        loop_free(l);
    }
}

MW_TEST(damaged_samples) {
    loop *l = loop_new(R1);
    loop_send(l, MW_UNB_R1, MW_UNB_M, 0.01, 1000, 0, 10);
    loop_send(l, MW_UNB_R1, MW_UNB_S, 1.75, 1000, 0, 10);
    static float iq[2 * 5000];
    for (uint64_t at = 0; at < loop_samples(1.7); at += 5000) {
        loop_render(l, at, 5000, iq);
        for (unsigned i = 0; i < 10000; i += 1 + i % 977)
            iq[i] += 0.2f; /* spikes and direct current */
        if (at == 100000) {
            for (unsigned i = 0; i < 2000; i++)
                iq[i] = i % 3 == 0 ? NAN : i % 3 == 1 ? INFINITY : -1e30f;
        }
        uint8_t bytes[8 * 5000];
        (void)mw_samples_from_float(iq, 5000, MW_SAMPLES_CF32, MW_SPAN_OF(bytes));
        mw_samples_block b = loop_block(l, MW_SAMPLES_CF32, at, 5000, MW_SLICE_OF(bytes));
        MW_CHECK_OK(mw_receiver_push(l->rx, &b));
    }
    MW_CHECK(l->heard_count <= 1); /* the damaged one may be lost, nothing is invented */
    MW_CHECK(mw_receiver_stats_of(l->rx)->not_finite > 1000);
    loop_play(l, loop_samples(1.7), loop_samples(3), 5000);
    MW_CHECK(loop_heard(l, &l->sent[1]) != NULL);
    MW_CHECK(l->heard_count <= 2);
    loop_free(l);
}

/* A carrier, direct current, silence: nothing comes out and nothing overflows. */
MW_TEST(foreign_signals) {
    static float iq[2 * 25000];
    loop *l = loop_new(R0 | R1);
    for (unsigned kind = 0; kind < 3; kind++) {
        for (unsigned i = 0; i < 25000; i++) {
            iq[2 * i] = kind == 0 ? 1.0f : kind == 1 ? cosf(0.1f * (float)i) : 0;
            iq[2 * i + 1] = kind == 1 ? sinf(0.1f * (float)i) : 0;
        }
        for (unsigned n = 0; n < 40; n++) {
            static uint8_t bytes[8 * 25000];
            (void)mw_samples_from_float(iq, 25000, MW_SAMPLES_CF32, MW_SPAN_OF(bytes));
            mw_samples_block b = loop_block(l, MW_SAMPLES_CF32, (kind * 40 + n) * 25000ull, 25000,
                                            MW_SLICE_OF(bytes));
            MW_CHECK_OK(mw_receiver_push(l->rx, &b));
        }
    }
    mw_receiver_flush(l->rx);
    MW_CHECK_EQ(l->heard_count, 0);
    loop_free(l);
}

MW_TEST(stream_starts_anew) {
    loop *l = loop_new(R1);
    l->first = 10000000;
    loop_send(l, MW_UNB_R1, MW_UNB_S, 0.05, 0, 0, 5);
    loop_play(l, 0, loop_samples(0.5), 5000); /* half a frame, then the sender begins again */
    loop_play(l, 0, loop_samples(1.0), 5000);
    loop_check_all(l);
    loop_free(l);
}

MW_TEST(refuses_nonsense) {
    loop *l = loop_new(R1);
    uint8_t bytes[80] = {0};
    mw_samples_block b = loop_block(l, MW_SAMPLES_CF32, 0, 10, MW_SLICE_OF(bytes));
    b.h.rate_mhz++;
    MW_CHECK_STATUS(mw_receiver_push(l->rx, &b), MW_CONFLICT);
    b.h.rate_mhz--;
    b.h.centre.mhz++;
    MW_CHECK_STATUS(mw_receiver_push(l->rx, &b), MW_CONFLICT);
    MW_CHECK_EQ(mw_receiver_stats_of(l->rx)->samples, 0);
    loop_free(l);

    mw_receiver *rx;
    mw_receiver_config c = mw_receiver_config_default(LOOP_CENTRE);
    c.rates = 0;
    MW_CHECK_STATUS(mw_receiver_new(&c, loop_sink, NULL, &rx), MW_RANGE);
    c = mw_receiver_config_default(LOOP_CENTRE);
    c.high.mhz += 50000000;
    MW_CHECK_STATUS(mw_receiver_new(&c, loop_sink, NULL, &rx), MW_RANGE);
    c = mw_receiver_config_default(LOOP_CENTRE);
    c.rate_mhz = 3000000;
    MW_CHECK_STATUS(mw_receiver_new(&c, loop_sink, NULL, &rx), MW_RANGE);
}

/* A strong frame out of silence is cut down differently in each bin of the detector; it is found at
 * its own carrier all the same, wherever in a batch it begins. */
MW_TEST(strong_ones_at_any_instant) {
    for (unsigned part = 0; part < 3; part++) {
        loop *l = loop_new(MW_RECEIVER_R2);
        for (unsigned i = 0; i < 12; i++)
            loop_send(l, MW_UNB_R2, MW_UNB_S, 0.02 + 0.14 * i + 0.0007 * i * part,
                      -80000 + 14000.0 * i + 333.0 * part, 0, 27 + 3 * (double)part);
        loop_play(l, 0, loop_samples(2), 65536);
        loop_check_all(l);
        loop_free(l);
    }
}

MW_TEST_MAIN(MW_CASE(strong_ones_at_any_instant), MW_CASE(sizes_rates_and_frequencies),
             MW_CASE(slowest_rate_with_drift), MW_CASE(overlapping_frames),
             MW_CASE(strong_frame_once), MW_CASE(cutting_does_not_matter),
             MW_CASE(gaps_between_frames), MW_CASE(holes_within_a_frame),
             MW_CASE(safe_index_loses_nothing), MW_CASE(noise_gives_nothing),
             MW_CASE(coarse_samples), MW_CASE(damaged_samples), MW_CASE(foreign_signals),
             MW_CASE(stream_starts_anew), MW_CASE(refuses_nonsense))
