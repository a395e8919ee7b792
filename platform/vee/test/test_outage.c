/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/vee/outage.h"

#include "base/prng.h"
#include "tests/harness/mw_test.h"

enum { HOUR = 3600, DAY = 86400, START = 1900000800 };

static mw_vee_meter m;
static mw_vee_actions did;

static void start(void) {
    m = (mw_vee_meter){.since = mw_utc_of_s(START), .filled_to = mw_utc_of_s(START)};
    m.valued_to = m.filled_to;
}

static mw_vee_state step(mw_vee_event_kind kind, int64_t at, int64_t slot_end, bool station) {
    mw_vee_event e = {kind, mw_utc_of_s(START + at), mw_utc_of_s(START + slot_end), station};
    MW_CHECK_OK(mw_vee_outage_step(&m, &mw_vee_policy_preset, &e, &did));
    return m.state;
}

static mw_vee_state tick(int64_t at) {
    return step(MW_VEE_TICK, at, 0, false);
}

MW_TEST(the_whole_way) {
    start();
    MW_CHECK_EQ(step(MW_VEE_VALUE, 2 * HOUR, HOUR, false), MW_VEE_OK);
    MW_CHECK_EQ(tick(5 * HOUR), MW_VEE_OK); /* three slots are due */
    MW_CHECK_EQ(tick(6 * HOUR), MW_VEE_LATE);
    MW_CHECK_EQ(did.todo, MW_VEE_DO_BACKFILL);
    MW_CHECK_EQ(tick(12 * HOUR - 1), MW_VEE_LATE);
    MW_CHECK_EQ(tick(12 * HOUR), MW_VEE_SUSPECTED);
    MW_CHECK_EQ(did.todo, MW_VEE_DO_PING);
    MW_CHECK_EQ(tick(36 * HOUR), MW_VEE_OUT_OF_ORDER);
    MW_CHECK_EQ(did.todo, MW_VEE_DO_NOTIFY | MW_VEE_DO_WORK_ORDER);
    /* All slots missed so far at once, then one when its hour comes. */
    MW_CHECK_EQ(tick(36 * HOUR + 1), MW_VEE_ESTIMATING);
    MW_CHECK(did.estimate_n == 34 && did.estimate_from.us == mw_utc_of_s(START + HOUR).us);
    MW_CHECK_EQ(tick(36 * HOUR + 2), MW_VEE_ESTIMATING);
    MW_CHECK_EQ(did.todo, 0);
    MW_CHECK_EQ(tick(37 * HOUR), MW_VEE_ESTIMATING);
    MW_CHECK_EQ(did.estimate_n, 1);
    MW_CHECK_EQ(step(MW_VEE_VALUE, 50 * HOUR, 49 * HOUR, false), MW_VEE_RESTORED);
    MW_CHECK_EQ(did.todo, MW_VEE_DO_NOTIFY_BACK | MW_VEE_DO_BACKFILL);
    MW_CHECK_EQ(step(MW_VEE_BACKFILLED, 51 * HOUR, 0, false), MW_VEE_TRUED_UP);
    MW_CHECK_EQ(did.todo, MW_VEE_DO_TRUE_UP);
    MW_CHECK_EQ(step(MW_VEE_SETTLED, 52 * HOUR, 0, false), MW_VEE_OK);
    MW_CHECK_EQ(did.todo, MW_VEE_DO_CLOSE_ORDER);
}

MW_TEST(alive_is_not_faulty) {
    start();
    (void)tick(6 * HOUR);
    MW_CHECK_EQ(tick(12 * HOUR), MW_VEE_SUSPECTED);
    MW_CHECK_EQ(step(MW_VEE_ALIVE, 13 * HOUR, 0, false), MW_VEE_LATE);
    MW_CHECK_EQ(did.todo, MW_VEE_DO_BACKFILL);
    MW_CHECK_EQ(tick(18 * HOUR), MW_VEE_LATE); /* the patience begins anew */
    MW_CHECK_EQ(step(MW_VEE_VALUE, 19 * HOUR, 18 * HOUR, false), MW_VEE_OK);
}

MW_TEST(a_failed_station_accuses_no_meter) {
    start();
    MW_CHECK_EQ(step(MW_VEE_TICK, 10 * HOUR, 0, true), MW_VEE_LATE);
    MW_CHECK_EQ(step(MW_VEE_TICK, 9 * DAY, 0, true), MW_VEE_LATE);
    MW_CHECK_EQ(tick(9 * DAY + 1), MW_VEE_SUSPECTED);
    MW_CHECK(mw_vee_station_failed(6, 10, 600000));
    MW_CHECK(!mw_vee_station_failed(5, 10, 600000));
    MW_CHECK(!mw_vee_station_failed(2, 2, 600000));
}

MW_TEST(fatal_is_announced_at_once_and_archive_is_not_waited_for_forever) {
    start();
    MW_CHECK_EQ(step(MW_VEE_FATAL, 10, 0, false), MW_VEE_OUT_OF_ORDER);
    MW_CHECK((did.todo & MW_VEE_DO_NOTIFY) != 0);
    MW_CHECK_EQ(tick(3 * HOUR), MW_VEE_ESTIMATING);
    MW_CHECK_EQ(step(MW_VEE_VALUE, 5 * HOUR, 4 * HOUR, false), MW_VEE_RESTORED);
    MW_CHECK_EQ(tick(5 * HOUR + 7 * DAY - 1), MW_VEE_RESTORED);
    MW_CHECK_EQ(tick(5 * HOUR + 7 * DAY), MW_VEE_TRUED_UP);
    mw_vee_event back = {.kind = MW_VEE_TICK, .now = mw_utc_of_s(START)};
    MW_CHECK_STATUS(mw_vee_outage_step(&m, &mw_vee_policy_preset, &back, &did), MW_RANGE);
}

/* Whatever happens: estimated slots are whole, in order and never twice; a notice goes out exactly
 * when a meter becomes out of order; every estimate ends in a true-up. */
MW_TEST(random_lives) {
    for (uint64_t seed = 1; seed <= 200; seed++) {
        mw_prng g = mw_prng_of_seed(seed);
        int64_t now = 0, covered = START;
        bool owed = false;
        start();
        for (unsigned i = 0; i < 400; i++) {
            now += (int64_t)mw_prng_below(&g, 2) ? HOUR : (int64_t)mw_prng_below(&g, 2 * DAY);
            mw_vee_event_kind kind =
                mw_prng_below(&g, 3) > 0 ? MW_VEE_TICK : (mw_vee_event_kind)mw_prng_below(&g, 6);
            mw_vee_state before = m.state;
            (void)step(kind, now, now / HOUR * HOUR, mw_prng_below(&g, 4) == 0);
            bool fell = m.state == MW_VEE_OUT_OF_ORDER && before != MW_VEE_OUT_OF_ORDER;
            MW_CHECK_EQ((did.todo & MW_VEE_DO_NOTIFY) != 0, fell);
            if (did.estimate_n > 0) {
                MW_CHECK(did.estimate_n <= MW_VEE_SLOTS_STEP);
                MW_CHECK(mw_utc_floor_s(did.estimate_from) >= covered);
                covered = mw_utc_floor_s(did.estimate_from) + (int64_t)did.estimate_n * HOUR;
                MW_CHECK(covered + HOUR <= START + now);
                owed = true;
            }
            owed = owed && (did.todo & MW_VEE_DO_TRUE_UP) == 0;
            MW_CHECK(m.state != MW_VEE_OK || !owed);
        }
    }
}

MW_TEST(ladder) {
    int64_t before[MW_VEE_MONTHS], usage = 0;
    mw_vee_rung rung;
    for (unsigned i = 0; i < MW_VEE_MONTHS; i++)
        before[i] = i < 12 ? 120 : 100;
    before[11] = 200;
    MW_CHECK_OK(mw_vee_ladder_month(&mw_vee_ladder_preset, before, 7, 9, &usage, &rung));
    MW_CHECK(usage == 240 && rung == MW_VEE_RUNG_LAST_YEAR);
    before[11] = -1;
    MW_CHECK_OK(mw_vee_ladder_month(&mw_vee_ladder_preset, before, 7, 9, &usage, &rung));
    MW_CHECK(rung == MW_VEE_RUNG_MEAN && usage == (11 * 120 + 100) / 12);
    for (unsigned i = 5; i < MW_VEE_MONTHS; i++)
        before[i] = -1; /* five months are too few */
    MW_CHECK_OK(mw_vee_ladder_month(&mw_vee_ladder_preset, before, 7, 9, &usage, &rung));
    MW_CHECK(rung == MW_VEE_RUNG_PROFILE && usage == 7);
    mw_vee_ladder refused = mw_vee_ladder_preset;
    refused.norm_ppm = 1500000;
    MW_CHECK_OK(mw_vee_ladder_month(&refused, before, -1, 10, &usage, &rung));
    MW_CHECK(rung == MW_VEE_RUNG_NORM && usage == 15);
    MW_CHECK_STATUS(mw_vee_ladder_month(&refused, before, -1, -1, &usage, &rung), MW_NOT_FOUND);
}

MW_TEST_MAIN(MW_CASE(the_whole_way), MW_CASE(alive_is_not_faulty),
             MW_CASE(a_failed_station_accuses_no_meter),
             MW_CASE(fatal_is_announced_at_once_and_archive_is_not_waited_for_forever),
             MW_CASE(random_lives), MW_CASE(ladder))
