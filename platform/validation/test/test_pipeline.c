/* SPDX-License-Identifier: Apache-2.0
 *
 * Whole journeys of meters through validation: what fails, what comes late, what comes twice; after
 * every step final intervals + suspense = register difference.
 */
#include "platform/validation/test/world.h"

static world w;

static int64_t used(int64_t from, int64_t to) {
    int64_t sum = 0;
    for (int64_t h = from; h < to; h++)
        sum += w.truth[h];
    return sum;
}

MW_TEST(ordinary_days_pass_the_screen_and_are_stored_once) {
    world_open(&w, 9, "Europe/Rome", 1000);
    mw_pipeline_turn all = {0};
    for (int64_t d = 0; d < 40; d++) {
        world_day(&w, d, 1000);
        mw_pipeline_turn t = world_settle(&w);
        all.spans += t.spans;
        all.screened += t.screened;
        all.revisions += t.revisions;
        all.raised += t.raised;
        world_conserves(&w, w.channel, 0, (d + 1) * 24, used(0, (d + 1) * 24));
    }
    MW_CHECK_EQ(all.spans, 40);
    MW_CHECK_EQ(all.revisions, 0);
    MW_CHECK_EQ(all.raised, 0);
    /* All but those of a review pass by the screen. */
    MW_CHECK(all.screened >= 38);
    world_close(&w);
}

MW_TEST(a_gap_is_estimated_exactly_and_withdrawn_when_the_values_come) {
    world_open(&w, 9, "Europe/Rome", 0);
    for (int64_t d = 0; d < 30; d++)
        if (d != 25 && d != 26)
            world_day(&w, d, 0);
    mw_pipeline_turn t = world_settle(&w);
    MW_CHECK(t.revisions >= 2);
    MW_CHECK_EQ(world_open_findings(&w), 1); /* the gap */
    world_sum s = world_values(&w, w.channel, MW_LAYER_FINAL, 25 * 24, 27 * 24, NULL);
    MW_CHECK_EQ(s.n, 48);
    MW_CHECK_EQ(s.estimated, 48);
    MW_CHECK_EQ(s.sum, used(25 * 24, 27 * 24));
    world_conserves(&w, w.channel, 0, 30 * 24, used(0, 30 * 24));
    /* Another turn finds nothing to do. */
    t = world_settle(&w);
    MW_CHECK_EQ(t.revisions, 0);
    world_day(&w, 26, 0);
    t = world_settle(&w);
    s = world_values(&w, w.channel, MW_LAYER_FINAL, 25 * 24, 27 * 24, NULL);
    MW_CHECK_EQ(s.estimated, 24);
    world_conserves(&w, w.channel, 0, 30 * 24, used(0, 30 * 24));
    world_day(&w, 25, 0);
    t = world_settle(&w);
    s = world_values(&w, w.channel, MW_LAYER_FINAL, 0, 30 * 24, NULL);
    MW_CHECK_EQ(s.n, 30 * 24);
    MW_CHECK_EQ(s.estimated, 0);
    MW_CHECK_EQ(s.sum, used(0, 30 * 24));
    MW_CHECK_EQ(world_open_findings(&w), 0);
    world_close(&w);
}

MW_TEST(an_impossible_value_is_replaced_and_the_register_kept) {
    world_open(&w, 9, "Europe/Rome", 0);
    for (int64_t d = 0; d < 20; d++)
        world_day(&w, d, 0);
    (void)world_settle(&w);
    /* The meter counted right and reported one hour wrong. */
    int64_t right = w.truth[20 * 24 + 5];
    int64_t reg = world_register(&w, 0, 21 * 24);
    w.truth[20 * 24 + 5] = 90000;
    MW_CHECK_OK(mw_store_begin(w.store));
    world_report(&w, w.channel, 20 * 24, 21 * 24, reg, w.truth, 0);
    MW_CHECK_OK(mw_store_commit(w.store));
    w.truth[20 * 24 + 5] = right;
    mw_pipeline_turn t = world_settle(&w);
    MW_CHECK(t.raised >= 1);
    world_sum s = world_values(&w, w.channel, MW_LAYER_FINAL, 20 * 24 + 5, 20 * 24 + 6, NULL);
    MW_CHECK_EQ(s.estimated, 1);
    MW_CHECK_EQ(s.sum, right);
    world_conserves(&w, w.channel, 0, 21 * 24, used(0, 21 * 24));
    s = world_values(&w, w.channel, MW_LAYER_RAW, 20 * 24 + 5, 20 * 24 + 6, NULL);
    MW_CHECK_EQ(s.sum, 90000);
    world_close(&w);
}

MW_TEST(a_rollover_inside_an_outage_costs_nothing) {
    world_open(&w, 4, "Europe/Rome", 6000); /* wraps at 10000 on the 12th day or so */
    for (int64_t d = 0; d < 20; d++)
        if (d < 9 || d > 14)
            world_day(&w, d, 6000);
    (void)world_settle(&w);
    world_sum s = world_values(&w, w.channel, MW_LAYER_FINAL, 0, 20 * 24, NULL);
    MW_CHECK_EQ(s.n, 20 * 24);
    MW_CHECK_EQ(s.sum, used(0, 20 * 24));
    MW_CHECK(world_register(&w, 6000, 9 * 24) > world_register(&w, 6000, 15 * 24));
    world_conserves(&w, w.channel, 0, 20 * 24, used(0, 20 * 24));
    world_close(&w);
}

MW_TEST(days_of_23_and_25_hours) {
    world_open(&w, 9, "Europe/Rome", 0);
    /* 2026-03-29 and 2026-10-25 are days 87 and 297; what is missing lies around them. */
    for (int64_t d = 0; d < 302; d++)
        if (d < 86 || (d > 88 && d < 296) || d > 298)
            world_day(&w, d, 0);
    (void)world_settle(&w);
    world_sum s = world_values(&w, w.channel, MW_LAYER_FINAL, 0, 302 * 24, NULL);
    MW_CHECK_EQ(s.n, 302 * 24);
    MW_CHECK_EQ(s.estimated, 6 * 24);
    MW_CHECK_EQ(s.sum, used(0, 302 * 24));
    MW_CHECK(s.predicted > 0);
    world_conserves(&w, w.channel, 0, 302 * 24, used(0, 302 * 24));
    world_close(&w);
}

MW_TEST(backflow_is_kept_in_suspense_or_in_the_values) {
    world_open(&w, 9, "Europe/Rome", 5000);
    for (int64_t d = 0; d < 10; d++)
        world_day(&w, d, 5000);
    /* On day 10 water runs back: the register falls and the hours say so. */
    int64_t at = 10 * 24;
    for (int64_t h = at; h < at + 24; h++)
        w.truth[h] = h == at + 3 ? -400 : 2;
    world_day(&w, 10, 5000);
    world_day(&w, 11, 5000);
    (void)world_settle(&w);
    MW_CHECK(world_open_findings(&w) >= 1);
    world_conserves(&w, w.channel, 0, 12 * 24, world_register(&w, 5000, 12 * 24) - 5000);
    world_close(&w);
}

MW_TEST(a_closed_span_is_corrected_not_rewritten) {
    world_open(&w, 9, "Europe/Rome", 0);
    for (int64_t d = 0; d < 35; d++)
        if (d != 12 && d != 13)
            world_day(&w, d, 0);
    (void)world_settle(&w);
    mw_channel_entry *e = NULL;
    mw_closing closing;
    MW_CHECK_OK(mw_store_begin(w.store));
    MW_CHECK_OK(mw_channels_get(w.channels, w.tenant, w.channel, &e));
    /* Closed in the middle of what is estimated: days 0 to 12. */
    MW_CHECK_OK(mw_close(w.store, &e->c, world_hour(0), world_hour(13 * 24), "anna", "January",
                         world_hour(36 * 24), &closing));
    MW_CHECK_OK(mw_store_commit(w.store));
    mw_channels_forget(w.channels);
    MW_CHECK_EQ(closing.expected, 13 * 24);
    MW_CHECK_EQ(closing.present, 13 * 24);
    MW_CHECK_EQ(closing.estimated, 24);
    w.now = world_hour(37 * 24);
    world_day(&w, 13, 0);
    mw_pipeline_turn t = world_settle(&w);
    MW_CHECK_EQ(t.corrections, 1);
    int64_t delta = 0;
    MW_CHECK_OK(mw_store_correction_sum(w.store, w.tenant, closing.id, &delta));
    MW_CHECK_EQ(closing.sum + delta, used(0, 13 * 24));
    world_conserves(&w, w.channel, 0, 35 * 24, used(0, 35 * 24));
    world_day(&w, 12, 0);
    t = world_settle(&w);
    MW_CHECK_OK(mw_store_correction_sum(w.store, w.tenant, closing.id, &delta));
    MW_CHECK_EQ(closing.sum + delta, used(0, 13 * 24));
    /* What was billed can still be asked for. */
    world_sum then = {0};
    mw_store_values_query q = {.tenant = w.tenant,
                               .channel = w.channel,
                               .layer = MW_LAYER_FINAL,
                               .from = world_hour(0),
                               .to = world_hour(13 * 24),
                               .as_of = world_hour(36 * 24 + 1)};
    MW_CHECK_OK(mw_store_values(w.store, &q, world_sum_take, &then));
    MW_CHECK_EQ(then.sum, closing.sum);
    world_close(&w);
}

/* --- order ----------------------------------------------------------------------------------- */

enum { ORDER_DAYS = 45 };

/* Reports come in any order, some twice, validated now and then, with a restart now and then; two
 * never come. */
static void deliver(uint64_t seed, int64_t out[WORLD_HOURS], uint32_t *out_open) {
    mw_prng g = mw_prng_of_stream(seed, 3);
    int64_t order[ORDER_DAYS * 2];
    size_t n = 0;
    world_open(&w, 9, "Europe/Rome", 0);
    for (int64_t d = 0; d < ORDER_DAYS; d++) {
        if (d == 20 || d == 31)
            continue;
        order[n++] = d;
        if (d % 7 == 0)
            order[n++] = d;
    }
    if (seed != 0) {
        for (size_t i = n - 1; i > 0; i--) {
            size_t k = (size_t)mw_prng_below(&g, i + 1);
            int64_t t = order[i];
            order[i] = order[k];
            order[k] = t;
        }
    }
    for (size_t i = 0; i < n; i++) {
        world_day(&w, order[i], 0);
        if (mw_prng_below(&g, 4) == 0)
            (void)world_settle(&w);
        if (mw_prng_below(&g, 11) == 0) {
            world_stop(&w);
            world_start(&w);
        }
    }
    (void)world_settle(&w);
    memset(out, 0xff, sizeof(int64_t) * WORLD_HOURS);
    world_sum s = world_values(&w, w.channel, MW_LAYER_FINAL, 0, ORDER_DAYS * 24, out);
    MW_CHECK_EQ(s.sum, used(0, ORDER_DAYS * 24));
    world_conserves(&w, w.channel, 0, ORDER_DAYS * 24, used(0, ORDER_DAYS * 24));
    *out_open = world_open_findings(&w);
    world_close(&w);
}

MW_TEST(the_end_does_not_depend_on_the_order) {
    static int64_t first[WORLD_HOURS], other[WORLD_HOURS];
    uint32_t open = 0, open_other = 0;
    deliver(0, first, &open);
    for (uint64_t seed = 1; seed <= 6; seed++) {
        deliver(seed, other, &open_other);
        MW_CHECK(memcmp(first, other, sizeof first) == 0);
        MW_CHECK_EQ(open, open_other);
    }
}

MW_TEST_MAIN(MW_CASE(ordinary_days_pass_the_screen_and_are_stored_once),
             MW_CASE(a_gap_is_estimated_exactly_and_withdrawn_when_the_values_come),
             MW_CASE(an_impossible_value_is_replaced_and_the_register_kept),
             MW_CASE(a_rollover_inside_an_outage_costs_nothing), MW_CASE(days_of_23_and_25_hours),
             MW_CASE(backflow_is_kept_in_suspense_or_in_the_values),
             MW_CASE(a_closed_span_is_corrected_not_rewritten),
             MW_CASE(the_end_does_not_depend_on_the_order))
