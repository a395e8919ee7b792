/* SPDX-License-Identifier: Apache-2.0
 *
 * Rate by rate: meters that fall silent, come back or never do, stations that fail, and what the
 * bill says of it.
 */
#include "platform/validation/test/world.h"

static world w;

static int64_t used(int64_t from, int64_t to) {
    int64_t sum = 0;
    for (int64_t h = from; h < to; h++)
        sum += w.truth[h];
    return sum;
}

/* An hour of the world: folding, validation and a round of the watch. */
static void hour_pass(int64_t h) {
    mw_vigil_turn t = {.more = true};
    w.now = world_hour(h);
    (void)world_settle(&w);
    while (t.more)
        MW_CHECK_OK(mw_vigil_run(w.watch, w.now, 100000, &t));
}

static mw_status row_take(void *ctx, const mw_store_vee_meter *row) {
    *(mw_store_vee_meter *)ctx = *row;
    return MW_OK;
}

/* The one meter that is not in order; state OK when there is none. */
static mw_store_vee_meter watched(void) {
    mw_store_vee_meter m = {.state = MW_VEE_OK};
    MW_CHECK_OK(mw_store_vee_meters(w.store, w.tenant, 10, row_take, &m));
    return m;
}

static void station_add(void) {
    const uint8_t hash[32] = {1};
    MW_CHECK_OK(mw_store_begin(w.store));
    MW_CHECK_OK(mw_store_sender_put(w.store, w.tenant, "st-1", MW_SLICE_OF(hash), &w.sender));
    MW_CHECK_OK(mw_store_commit(w.store));
}

static void station_seen(int64_t h) {
    MW_CHECK_OK(mw_store_begin(w.store));
    MW_CHECK_OK(mw_store_sender_seen(w.store, w.tenant, w.sender, 1, world_hour(h)));
    MW_CHECK_OK(mw_store_commit(w.store));
}

/* Reports daily for `days`, with the clock going hour by hour over the last two. */
static void live(int64_t days) {
    for (int64_t d = 0; d < days; d++)
        world_day(&w, d, 0);
    station_seen(days * 24);
    hour_pass(days * 24);
    MW_CHECK_EQ(watched().state, MW_VEE_OK);
}

MW_TEST(a_week_dead_and_back) {
    world_open(&w, 9, "Europe/Rome", 0);
    station_add();
    live(30);
    int64_t silent = 30 * 24;
    uint8_t worst = MW_VEE_OK;
    for (int64_t h = silent + 1; h <= silent + 7 * 24; h++) {
        station_seen(h);
        hour_pass(h);
        mw_store_vee_meter m = watched();
        worst = m.state > worst ? m.state : worst;
        if (h == silent + 20)
            MW_CHECK_EQ(m.state, MW_VEE_OK); /* it reports once a day */
    }
    MW_CHECK_EQ(worst, MW_VEE_ESTIMATING);
    MW_CHECK(strstr(w.notices, "meter_out_of_order") != NULL);
    MW_CHECK(strstr(w.notices, "station_down") == NULL);
    mw_store_vee_meter m = watched();
    MW_CHECK(m.slots > 100 && m.estimated > 0 && m.low <= m.estimated && m.estimated <= m.high);
    MW_CHECK(m.risk_per_day > 0 && m.day_use > 0);
    /* The slots that are due have values, flagged and with an interval. */
    world_sum s = world_values(&w, w.channel, MW_LAYER_FINAL, silent, silent + 7 * 24, NULL);
    MW_CHECK_EQ(s.n, m.slots);
    MW_CHECK_EQ(s.estimated, s.n);
    MW_CHECK(s.predicted > 0);
    /* It comes back with today's report: the hole is scaled to the register. */
    world_day(&w, 37, 0);
    hour_pass(38 * 24);
    MW_CHECK(strstr(w.notices, "meter_restored") != NULL);
    MW_CHECK_EQ(watched().state, MW_VEE_RESTORED);
    s = world_values(&w, w.channel, MW_LAYER_FINAL, silent, 38 * 24, NULL);
    MW_CHECK_EQ(s.n, 8 * 24);
    MW_CHECK_EQ(s.sum, used(silent, 38 * 24));
    world_conserves(&w, w.channel, 0, 38 * 24, used(0, 38 * 24));
    /* Its archive comes day by day: nothing of ours is left, the meter is in order. */
    for (int64_t d = 30; d < 37; d++) {
        world_day(&w, d, 0);
        hour_pass(38 * 24 + d - 29);
        world_conserves(&w, w.channel, 0, 38 * 24, used(0, 38 * 24));
    }
    s = world_values(&w, w.channel, MW_LAYER_FINAL, 0, 38 * 24, NULL);
    MW_CHECK_EQ(s.estimated, 0);
    MW_CHECK_EQ(s.sum, used(0, 38 * 24));
    world_day(&w, 38, 0);
    hour_pass(39 * 24);
    MW_CHECK_EQ(watched().state, MW_VEE_OK);
    world_close(&w);
}

MW_TEST(dead_for_ever_goes_on_by_the_ladder) {
    world_open(&w, 9, "Europe/Rome", 0);
    station_add();
    live(250);
    int64_t silent = 250 * 24;
    for (int64_t h = silent + 6; h <= silent + 100 * 24; h += 6) {
        station_seen(h);
        hour_pass(h);
    }
    mw_store_vee_meter m = watched();
    MW_CHECK_EQ(m.state, MW_VEE_ESTIMATING);
    /* Every slot that is due has a value: at most what a daily report may still be out is open. */
    world_sum s = world_values(&w, w.channel, MW_LAYER_FINAL, silent, silent + 100 * 24, NULL);
    MW_CHECK_EQ(s.n, m.slots);
    MW_CHECK(s.n > 97 * 24);
    int64_t truth = used(silent, silent + s.n);
    MW_CHECK(s.sum > truth * 8 / 10 && s.sum < truth * 12 / 10);
    world_close(&w);
}

MW_TEST(a_restart_goes_on_where_it_was) {
    world_open(&w, 9, "Europe/Rome", 0);
    station_add();
    live(30);
    int64_t silent = 30 * 24;
    for (int64_t h = silent + 1; h <= silent + 5 * 24; h++) {
        station_seen(h);
        if (h % 7 == 0) {
            world_stop(&w);
            world_start(&w);
        }
        hour_pass(h);
    }
    mw_store_vee_meter m = watched();
    MW_CHECK_EQ(m.state, MW_VEE_ESTIMATING);
    world_sum s = world_values(&w, w.channel, MW_LAYER_FINAL, silent, silent + 5 * 24, NULL);
    MW_CHECK_EQ(s.n, m.slots); /* none twice, none left out */
    MW_CHECK_EQ((m.filled.us - m.silent.us) / (HOUR * MW_US_PER_S), m.slots);
    world_close(&w);
}

MW_TEST(a_station_down_accuses_no_meter) {
    world_open(&w, 9, "Europe/Rome", 0);
    station_add();
    live(20);
    int64_t silent = 20 * 24;
    for (int64_t h = silent + 1; h <= silent + 5 * 24; h++)
        hour_pass(h); /* nobody hears the station either */
    MW_CHECK(strstr(w.notices, "station_down") != NULL);
    MW_CHECK(strstr(strstr(w.notices, "station_down") + 1, "station_down") == NULL);
    MW_CHECK(strstr(w.notices, "meter_out_of_order") == NULL);
    mw_store_vee_meter m = watched();
    MW_CHECK_EQ(m.state, MW_VEE_LATE);
    MW_CHECK_EQ(m.cause, MW_CAUSE_STATION);
    /* It comes back with all it has spooled. */
    for (int64_t d = 20; d < 25; d++)
        world_day(&w, d, 0);
    station_seen(25 * 24);
    hour_pass(25 * 24 + 1);
    MW_CHECK_EQ(watched().state, MW_VEE_OK);
    MW_CHECK(strstr(w.notices, "station_restored") != NULL);
    world_conserves(&w, w.channel, 0, 25 * 24, used(0, 25 * 24));
    world_close(&w);
}

MW_TEST(replaced_during_the_outage) {
    world_open(&w, 9, "Europe/Rome", 0);
    station_add();
    live(30);
    for (int64_t h = 30 * 24 + 1; h <= 34 * 24; h++) {
        station_seen(h);
        hour_pass(h);
    }
    MW_CHECK_EQ(watched().state, MW_VEE_ESTIMATING);
    /* The fitter reads the old display, and starts the new meter at 17. */
    MW_CHECK_OK(mw_store_begin(w.store));
    int64_t next = world_channel_add(&w, 8, 9, "Europe/Rome", 34 * 24, 17);
    int64_t none[1] = {0};
    world_report(&w, w.channel, 34 * 24, 34 * 24, world_register(&w, 0, 34 * 24), none, 0);
    mw_store_change change = {.tenant = w.tenant,
                              .channel = w.channel,
                              .layer = MW_LAYER_RAW,
                              .from = world_hour(34 * 24 - 1),
                              .to = world_hour(34 * 24)};
    MW_CHECK_OK(mw_store_change_add(w.store, &change));
    MW_CHECK_OK(mw_store_commit(w.store));
    MW_CHECK_OK(mw_channels_load(w.channels));
    for (int64_t d = 34; d < 37; d++) {
        MW_CHECK_OK(mw_store_begin(w.store));
        world_report(&w, next, d * 24, d * 24 + 24, 17 + used(34 * 24, d * 24 + 24), w.truth, 0);
        MW_CHECK_OK(mw_store_commit(w.store));
    }
    station_seen(37 * 24);
    hour_pass(37 * 24);
    world_sum old = world_values(&w, w.channel, MW_LAYER_FINAL, 0, 34 * 24, NULL);
    world_sum new = world_values(&w, next, MW_LAYER_FINAL, 34 * 24, 37 * 24, NULL);
    MW_CHECK_EQ(old.sum, used(0, 34 * 24));
    MW_CHECK_EQ(new.sum, used(34 * 24, 37 * 24));
    world_conserves(&w, w.channel, 0, 34 * 24, used(0, 34 * 24));
    world_conserves(&w, next, 34 * 24, 37 * 24, used(34 * 24, 37 * 24));
    world_close(&w);
}

MW_TEST(money_by_medium_and_unit) {
    mw_vee_book b;
    mw_vee_book_preset(MW_VEE_RESIDENTIAL, &b);
    b.medium[MW_VEE_WATER].price = 4000000;
    mw_window_channel c = {.medium = MW_VEE_WATER, .unit = MW_UNIT_L};
    MW_CHECK_EQ(mw_vigil_money(&b, &c, 250), 1000000);
    c.unit = MW_UNIT_M3;
    c.scale = -3;
    MW_CHECK_EQ(mw_vigil_money(&b, &c, 250), 1000000);
    b.medium[MW_VEE_ELECTRICITY].price = 250000;
    c = (mw_window_channel){.medium = MW_VEE_ELECTRICITY, .unit = MW_UNIT_WH, .scale = 1};
    MW_CHECK_EQ(mw_vigil_money(&b, &c, 100), 250000);
    MW_CHECK_EQ(mw_vigil_money(&b, &c, -5), 0);
}

MW_TEST_MAIN(MW_CASE(a_week_dead_and_back), MW_CASE(dead_for_ever_goes_on_by_the_ladder),
             MW_CASE(a_restart_goes_on_where_it_was), MW_CASE(a_station_down_accuses_no_meter),
             MW_CASE(replaced_during_the_outage), MW_CASE(money_by_medium_and_unit))
