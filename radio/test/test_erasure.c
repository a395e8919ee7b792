/* SPDX-License-Identifier: Apache-2.0
 *
 * A station that sends is deaf: a stretch of a frame that was not received is a hole that its code
 * bridges, while silence of the same length would end the frame.
 */
#include "radio/test/loopback.h"

typedef struct hole {
    double from_s, length_s;
    uint16_t flags;
} hole;

/* A scene of `seconds` with one stretch left out; how many frames were heard. */
static unsigned play(mw_unb_rate rate, double seconds, double es_n0_db, const hole *h) {
    loop *l = loop_new(1u << rate);
    (void)loop_send(l, rate, MW_UNB_M, 0.5, 20000, 0.5, es_n0_db);
    uint64_t from = loop_samples(h->from_s), to = loop_samples(h->from_s + h->length_s);
    loop_play(l, 0, from, 25000);
    if (to > from) {
        mw_samples_block b = loop_block(l, MW_SAMPLES_GAP, from, to - from, (mw_slice){NULL, 0});
        b.h.flags = h->flags;
        MW_CHECK_OK(mw_receiver_push(l->rx, &b));
    }
    loop_play(l, to, loop_samples(seconds), 25000);
    mw_receiver_flush(l->rx);
    unsigned heard = l->heard_count;
    if (heard > 0) /* the hole does not shift what comes after it, nor the level */
        loop_check_all(l);
    loop_free(l);
    return heard;
}

MW_TEST(a_hole_of_a_burst_is_bridged) {
    /* a fifth of the symbols of a frame at 400 Bd, somewhere behind its sync word */
    hole deaf = {1.1, 0.3, MW_SAMPLES_FLAG_ERASED};
    MW_CHECK_EQ(play(MW_UNB_R1, 2.6, 6, &deaf), 1);
    hole gap = {1.1, 0.3, 0};
    MW_CHECK_EQ(play(MW_UNB_R1, 2.6, 6, &gap), 0);
    /* a whole burst of 1.54 s in a frame at 50 Bd */
    hole burst = {5.0, 1.54, MW_SAMPLES_FLAG_ERASED};
    MW_CHECK_EQ(play(MW_UNB_R0, 13.5, 6, &burst), 1);
}

MW_TEST(what_begins_after_a_hole_is_heard) {
    hole before = {0.1, 0.35, MW_SAMPLES_FLAG_ERASED};
    MW_CHECK_EQ(play(MW_UNB_R1, 2.6, 6, &before), 1);
    hole first = {0, 0.4, MW_SAMPLES_FLAG_ERASED}; /* with nothing before it, it is a gap */
    MW_CHECK_EQ(play(MW_UNB_R1, 2.6, 6, &first), 1);
}

MW_TEST_MAIN(MW_CASE(a_hole_of_a_burst_is_bridged), MW_CASE(what_begins_after_a_hole_is_heard))
