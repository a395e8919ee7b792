/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine over a real store: what arrives, what does not, and what people do.
 */
#include "platform/alarms/alarms.h"
#include "platform/validation/test/world.h"
#include "protocols/spodes/events.h"

static world w;
static mw_engine *validation;
static mw_alarms *alarms;
static char told[2048];
static mw_store_alarm found[64];
static size_t found_n;

static void on_told(void *ctx, const mw_alarm_notice *n) {
    (void)ctx;
    size_t at = strlen(told);
    if (at + 64 < sizeof told)
        (void)snprintf(told + at, sizeof told - at, "%s:%s ", n->alarm.rule, n->what);
}

static void engines_open(void) {
    mw_engine_options o = {.store = w.store, .zones = w.zones, .changes = 1000, .looks = 20000};
    MW_CHECK_OK(mw_engine_open(&o, &validation));
    mw_alarms_options a = {
        .store = w.store, .zones = w.zones, .validation = validation, .told = on_told};
    MW_CHECK_OK(mw_alarms_new(&a, &alarms));
}

static int setup(void **state) {
    (void)state;
    world_open(&w, 9, "UTC", 0);
    engines_open();
    told[0] = 0;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    mw_alarms_free(alarms);
    mw_engine_close(validation);
    world_close(&w);
    return 0;
}

static mw_status take(void *ctx, const mw_store_alarm *row) {
    (void)ctx;
    MW_CHECK(found_n < 64);
    found[found_n++] = *row;
    return MW_OK;
}

static size_t list(unsigned states, const char *rule, int64_t root) {
    mw_store_alarm_query q = {
        .tenant = w.tenant, .states = states, .rule = rule, .root = root, .limit = 60};
    found_n = 0;
    MW_CHECK_OK(mw_store_alarms(w.store, &q, take, NULL));
    return found_n;
}

static size_t open_of(const char *rule) {
    return list(0, rule, 0);
}

static void settle(mw_utc now) {
    mw_engine_step step = {.more = true};
    mw_alarms_turn turn = {.more = true};
    world_fold(&w);
    for (bool first = true; first || step.more; first = false)
        MW_CHECK_OK(mw_engine_run(validation, now, first, &step));
    while (turn.more)
        MW_CHECK_OK(mw_alarms_run(alarms, now, &turn));
}

static void day(int64_t d) {
    world_day(&w, d, 0);
    settle(world_hour(d * 24 + 25));
}

/* Water that never stops on days [from, to). */
static void leak_on(int64_t from, int64_t to) {
    for (int64_t h = from * 24; h < to * 24; h++)
        w.truth[h] = 6 + h % 3;
}

static void dry_nights(void) {
    for (int64_t h = 0; h < WORLD_HOURS; h++)
        if (h % 24 < 5)
            w.truth[h] = 0;
}

MW_TEST(a_leak_opens_once_and_closes_by_itself) {
    dry_nights();
    leak_on(10, 13);
    for (int64_t d = 0; d < 10; d++)
        day(d);
    MW_CHECK_EQ(open_of("leak"), 0);
    for (int64_t d = 10; d < 13; d++)
        day(d);
    MW_CHECK_EQ(open_of("leak"), 1);
    MW_CHECK_EQ(found[0].value, 6);
    MW_CHECK_EQ(found[0].threshold, 4);
    MW_CHECK_EQ(found[0].channel, w.channel);
    MW_CHECK_EQ(found[0].version, 1);
    MW_CHECK(strstr(found[0].inputs, "\"hours\":[") != NULL);
    day(13);
    MW_CHECK_EQ(open_of("leak"), 0);
    MW_CHECK_EQ(list(1U << MW_ALARM_CLOSED, "leak", 0), 1);
    MW_CHECK_STR(found[0].closed_by, "");
    MW_CHECK(strstr(told, "leak:opened ") != NULL && strstr(told, "leak:closed ") != NULL);
}

MW_TEST(a_restart_forgets_nothing_and_repeats_nothing) {
    dry_nights();
    leak_on(8, 20);
    for (int64_t d = 0; d < 10; d++)
        day(d);
    MW_CHECK_EQ(open_of("leak"), 1);
    mw_alarms_free(alarms);
    mw_engine_close(validation);
    engines_open();
    MW_CHECK_EQ(mw_alarms_open_count(alarms), 1);
    told[0] = 0;
    day(10);
    MW_CHECK_EQ(list(0xe, "leak", 0), 1);
    MW_CHECK(strstr(told, "opened") == NULL);
}

static mw_status act(mw_alarm_action action, int64_t id, const char *text, mw_utc until,
                     mw_utc now) {
    mw_alarm_order o = {.tenant = w.tenant,
                        .login = "ops",
                        .action = action,
                        .text = text,
                        .until = until,
                        .now = now};
    return mw_alarms_act(alarms, &o, &id, 1);
}

static mw_status note_join(void *ctx, const mw_store_alarm_note *n) {
    char *text = ctx;
    (void)snprintf(text + strlen(text), 512 - strlen(text), "%s ", n->what);
    return MW_OK;
}

MW_TEST(people_work_on_alarms) {
    dry_nights();
    leak_on(5, 40);
    for (int64_t d = 0; d < 7; d++)
        day(d);
    MW_CHECK_EQ(open_of("leak"), 1);
    int64_t id = found[0].id;
    mw_utc now = world_hour(7 * 24);
    MW_CHECK_OK(act(MW_ALARM_DO_ACKNOWLEDGE, id, "", MW_UTC_NONE, now));
    MW_CHECK_OK(act(MW_ALARM_DO_ASSIGN, id, "bob", MW_UTC_NONE, now));
    MW_CHECK_STATUS(act(MW_ALARM_DO_SNOOZE, id, "", now, now), MW_RANGE);
    MW_CHECK_OK(act(MW_ALARM_DO_SNOOZE, id, "", world_hour(8 * 24), now));
    MW_CHECK_STATUS(act(MW_ALARM_DO_NOTE, id, "", MW_UTC_NONE, now), MW_RANGE);
    MW_CHECK_OK(act(MW_ALARM_DO_NOTE, id, "called", MW_UTC_NONE, now));
    MW_CHECK_STATUS(act(MW_ALARM_DO_NOTE, id + 99, "x", MW_UTC_NONE, now), MW_NOT_FOUND);
    day(7);
    day(8); /* the snooze is over */
    MW_CHECK_EQ(open_of("leak"), 1);
    MW_CHECK_STR(found[0].assignee, "bob");
    MW_CHECK_STR(found[0].acknowledged_by, "ops");
    MW_CHECK(mw_utc_is_none(found[0].snoozed_until));
    /* What a person closed stays closed for a day, then it is news again. */
    MW_CHECK_STATUS(act(MW_ALARM_DO_CLOSE, id, "", MW_UTC_NONE, now), MW_RANGE);
    MW_CHECK_OK(act(MW_ALARM_DO_CLOSE, id, "a pool is filled", MW_UTC_NONE, world_hour(9 * 24)));
    MW_CHECK_STATUS(act(MW_ALARM_DO_ACKNOWLEDGE, id, "", MW_UTC_NONE, now), MW_STATE);
    world_day(&w, 9, 0);
    settle(world_hour(9 * 24 + 12));
    MW_CHECK_EQ(open_of("leak"), 0);
    day(10);
    MW_CHECK_EQ(open_of("leak"), 1);
    char notes[512] = "";
    MW_CHECK_OK(mw_store_alarm_notes(w.store, w.tenant, id, 100, note_join, notes));
    MW_CHECK(strncmp(notes, "opened acknowledged assigned snoozed note ", 42) == 0);
    MW_CHECK(strstr(notes, "woke ") != NULL && strstr(notes, "closed ") != NULL);
}

static mw_status set(const char *rule, const char *name, int64_t channel, int64_t value,
                     bool remove) {
    mw_store_alarm_setting row = {.tenant = w.tenant,
                                  .class = MW_STORE_ALARM_NO_CLASS,
                                  .channel = channel,
                                  .value = value,
                                  .at = w.now,
                                  .who = "ops",
                                  .reason = "because"};
    (void)snprintf(row.rule, sizeof row.rule, "%s", rule);
    (void)snprintf(row.name, sizeof row.name, "%s", name);
    return mw_alarms_set(alarms, &row, remove);
}

MW_TEST(the_nearest_threshold_counts) {
    dry_nights();
    leak_on(5, 40);
    MW_CHECK_OK(set("leak", "floor", 0, 100, false));
    MW_CHECK_OK(set("leak", "floor", w.channel, 5, false));
    for (int64_t d = 0; d < 7; d++)
        day(d);
    MW_CHECK_EQ(open_of("leak"), 1);
    MW_CHECK_EQ(found[0].threshold, 5);
    MW_CHECK_EQ(found[0].version, 3);
    /* "This is normal for me" */
    MW_CHECK_OK(set("leak", "floor", w.channel, 50, false));
    day(7);
    MW_CHECK_EQ(open_of("leak"), 0);
    MW_CHECK_OK(set("leak", "floor", w.channel, 0, true));
    MW_CHECK_STATUS(set("leak", "floor", w.channel, 0, true), MW_NOT_FOUND);
    MW_CHECK_STATUS(set("leak", "floor", 0, 0, false), MW_RANGE);
    MW_CHECK_STATUS(set("leak", "flour", 0, 5, false), MW_NOT_FOUND);
    MW_CHECK_STATUS(set("frost", "above", 0, -100, false), MW_RANGE); /* below `below` */
    mw_alarm_values v;
    mw_alarms_values(alarms, w.tenant, MW_ALARM_FROST, MW_VEE_RESIDENTIAL, 0, &v);
    MW_CHECK_EQ(v.v[MW_FROST_ABOVE], 50); /* nothing of it stayed */
    mw_alarms_values(alarms, w.tenant, MW_ALARM_LEAK, MW_VEE_RESIDENTIAL, w.channel, &v);
    MW_CHECK_EQ(v.v[MW_LEAK_FLOOR], 100);
}

MW_TEST(a_hold_time_goes_on_through_a_restart) {
    dry_nights();
    leak_on(5, 40);
    MW_CHECK_OK(set("leak", "hold", 0, 3 * 86400, false));
    for (int64_t d = 0; d < 8; d++) {
        day(d);
        mw_alarms_free(alarms);
        mw_engine_close(validation);
        engines_open();
    }
    MW_CHECK_EQ(open_of("leak"), 0);
    for (int64_t d = 8; d < 10; d++) {
        day(d);
        mw_alarms_free(alarms);
        mw_engine_close(validation);
        engines_open();
    }
    MW_CHECK_EQ(open_of("leak"), 1);
    MW_CHECK_EQ(mw_alarms_open_count(alarms), 1);
}

MW_TEST(a_hold_that_ended_is_forgotten) {
    dry_nights();
    leak_on(5, 7);
    leak_on(12, 14);
    MW_CHECK_OK(set("leak", "hold", 0, 3 * 86400, false));
    for (int64_t d = 0; d < 16; d++) {
        day(d);
        mw_alarms_free(alarms);
        mw_engine_close(validation);
        engines_open();
    }
    MW_CHECK_EQ(list(0xe, "leak", 0), 0); /* two and two days are not three */
}

MW_TEST(a_dry_run_counts_what_would_have_been) {
    dry_nights();
    leak_on(5, 8);
    leak_on(20, 22);
    for (int64_t d = 0; d < 30; d++)
        world_day(&w, d, 0);
    world_fold(&w);
    mw_alarm_trial t = {.tenant = w.tenant,
                        .rule = MW_ALARM_LEAK,
                        .class = MW_STORE_ALARM_NO_CLASS,
                        .from = world_hour(0),
                        .to = world_hour(30 * 24),
                        .meters_max = 100};
    mw_alarm_trial_result r;
    t.given[MW_LEAK_HOURS] = true;
    t.value[MW_LEAK_HOURS] = 80; /* the hours before and after count as well */
    MW_CHECK_OK(mw_alarms_try(w.store, w.zones, mw_alarms_book(alarms), &t, &r));
    MW_CHECK_EQ(r.meters, 1);
    MW_CHECK_EQ(r.now_alarms, 2);
    MW_CHECK_EQ(r.try_alarms, 1);
    MW_CHECK_EQ(r.try_meters, 1);
    t.value[MW_LEAK_HOURS] = 1;
    MW_CHECK_STATUS(mw_alarms_try(w.store, w.zones, mw_alarms_book(alarms), &t, &r), MW_RANGE);
    t.rule = MW_ALARM_TAMPER;
    MW_CHECK_STATUS(mw_alarms_try(w.store, w.zones, mw_alarms_book(alarms), &t, &r),
                    MW_UNSUPPORTED);
}

MW_TEST(a_tampered_meter_waits_for_a_person) {
    for (int64_t d = 0; d < 2; d++)
        day(d);
    mw_store_event e = {.tenant = w.tenant,
                        .device = w.device,
                        .code = 5,
                        .meter = world_hour(47),
                        .received = world_hour(48),
                        .detail = 1,
                        .journal = w.journal};
    MW_CHECK_OK(mw_store_begin(w.store));
    MW_CHECK_OK(mw_store_event_append(w.store, &e));
    MW_CHECK_OK(mw_store_commit(w.store));
    for (int64_t d = 2; d < 6; d++)
        day(d);
    MW_CHECK_EQ(open_of("tamper"), 1);
    MW_CHECK_EQ(found[0].severity, MW_SEVERITY_CRITICAL);
    MW_CHECK_OK(
        act(MW_ALARM_DO_CLOSE, found[0].id, "the plumber", MW_UTC_NONE, world_hour(6 * 24)));
    /* The same event read again, as after decoding the journal anew, is no news. */
    MW_CHECK_OK(mw_store_begin(w.store));
    MW_CHECK_OK(mw_store_cursor_set(w.store, "follow/readings/0/alarms-events", 0));
    MW_CHECK_OK(mw_store_commit(w.store));
    settle(world_hour(30 * 24));
    MW_CHECK_EQ(open_of("tamper"), 0);
    e.meter = world_hour(31 * 24);
    e.received = world_hour(31 * 24);
    MW_CHECK_OK(mw_store_begin(w.store));
    MW_CHECK_OK(mw_store_event_append(w.store, &e));
    MW_CHECK_OK(mw_store_commit(w.store));
    settle(world_hour(31 * 24 + 1));
    MW_CHECK_EQ(open_of("tamper"), 1);
}

static void logged_event(uint16_t code, int64_t hour) {
    mw_store_event e = {.tenant = w.tenant,
                        .device = w.device,
                        .code = MW_STORE_EVENT_LOGGED | code,
                        .meter = world_hour(hour),
                        .received = world_hour(hour),
                        .journal = w.journal};
    MW_CHECK_OK(mw_store_begin(w.store));
    MW_CHECK_OK(mw_store_event_append(w.store, &e));
    MW_CHECK_OK(mw_store_commit(w.store));
}

MW_TEST(logs_of_a_meter_are_alarms_by_what_begins_in_them) {
    for (int64_t d = 0; d < 2; d++)
        day(d);
    logged_event(MW_SPODES_COVER_SHUT, 46); /* an end is none */
    logged_event(MW_SPODES_SAG_1, 46);
    settle(world_hour(48));
    MW_CHECK_EQ(open_of("tamper") + open_of("security"), 0);
    logged_event(MW_SPODES_COVER_OPEN, 47);
    logged_event(MW_SPODES_LOCKED, 47);
    logged_event(MW_SPODES_OFF_BY_LIMIT, 47);
    settle(world_hour(49));
    MW_CHECK_EQ(open_of("tamper"), 1);
    MW_CHECK_EQ(open_of("security"), 1);
    for (int64_t d = 2; d < 12; d++)
        day(d);
    settle(world_hour(12 * 24));
    MW_CHECK_EQ(open_of("tamper"), 1); /* a person closes it */
}

MW_TEST(logs_of_a_meter_end_what_they_began) {
    static const struct {
        const char *rule;
        uint16_t begins, ends;
    } of[] = {{"supply", MW_SPODES_U_LOST_2, MW_SPODES_U_BACK_2},
              {"supply", MW_SPODES_POWER_OFF, MW_SPODES_POWER_ON},
              {"over_limit", MW_SPODES_P_HIGH, MW_SPODES_P_HIGH_ENDS},
              {"over_limit", MW_SPODES_OFF_BY_LIMIT, MW_SPODES_ON_BY_LIMIT}};
    day(0);
    for (unsigned i = 0; i < sizeof of / sizeof of[0]; i++) {
        int64_t hour = 30 + i * 4;
        logged_event(of[i].begins, hour);
        settle(world_hour(hour + 1));
        MW_CHECK_EQ(open_of(of[i].rule), 1);
        MW_CHECK_EQ(found[0].channel, w.channel);
        logged_event(of[i].ends, hour + 2);
        settle(world_hour(hour + 3));
        MW_CHECK_EQ(open_of(of[i].rule), 0);
    }
}

static void vee_row(int64_t channel, uint8_t state, uint8_t cause, const char *station) {
    mw_store_vee_meter m = {.tenant = w.tenant,
                            .channel = channel,
                            .state = state,
                            .cause = cause,
                            .since = w.now,
                            .silent = world_hour(0),
                            .filled = world_hour(0),
                            .valued = world_hour(0),
                            .risk_per_day = 1000000};
    (void)snprintf(m.station, sizeof m.station, "%s", station);
    MW_CHECK_OK(mw_store_vee_meter_put(w.store, &m));
}

MW_TEST(one_meter_out_of_order_is_one_alarm) {
    MW_CHECK_OK(mw_store_begin(w.store));
    vee_row(w.channel, MW_VEE_SUSPECTED, MW_CAUSE_METER, "");
    MW_CHECK_OK(mw_store_commit(w.store));
    mw_alarms_turn turn;
    MW_CHECK_OK(mw_alarms_run(alarms, world_hour(12), &turn));
    MW_CHECK_EQ(open_of("silent"), 0); /* not long enough */
    MW_CHECK_OK(mw_alarms_run(alarms, world_hour(30), &turn));
    MW_CHECK_EQ(open_of("silent"), 1);
    MW_CHECK_OK(mw_store_begin(w.store));
    vee_row(w.channel, MW_VEE_ESTIMATING, MW_CAUSE_METER, "");
    MW_CHECK_OK(mw_store_commit(w.store));
    MW_CHECK_OK(mw_alarms_run(alarms, world_hour(60), &turn));
    MW_CHECK_EQ(open_of(NULL), 1);
    MW_CHECK_STR(found[0].rule, "out_of_order");
    MW_CHECK_EQ(list(0, NULL, found[0].id), 1); /* the silence is explained */
    MW_CHECK_STR(found[0].rule, "silent");
    MW_CHECK_OK(mw_store_begin(w.store));
    MW_CHECK_OK(mw_store_vee_meter_forget(w.store, w.tenant, w.channel));
    MW_CHECK_OK(mw_store_commit(w.store));
    MW_CHECK_OK(mw_alarms_run(alarms, world_hour(61), &turn));
    MW_CHECK_EQ(list(0, NULL, -1), 0);
}

MW_TEST(a_station_that_fails_is_one_alarm) {
    enum { METERS = 3000 };
    uint8_t hash[MW_STORE_TOKEN_HASH] = {1};
    mw_utc later = world_hour(50);
    MW_CHECK_OK(mw_store_begin(w.store));
    MW_CHECK_OK(mw_store_sender_put(w.store, w.tenant, "st-1", MW_SLICE_OF(hash), &w.sender));
    MW_CHECK_OK(mw_store_sender_seen(w.store, w.tenant, w.sender, 1, world_hour(1)));
    vee_row(w.channel, MW_VEE_SUSPECTED, MW_CAUSE_METER, "");
    MW_CHECK_OK(mw_store_commit(w.store));
    mw_alarms_turn turn = {.more = true};
    MW_CHECK_OK(mw_alarms_run(alarms, world_hour(30), &turn));
    MW_CHECK_EQ(open_of("silent"), 1);
    MW_CHECK_OK(mw_store_begin(w.store));
    for (int64_t i = 0; i < METERS; i++)
        vee_row(w.channel + i, MW_VEE_SUSPECTED, MW_CAUSE_STATION, "st-1");
    MW_CHECK_OK(mw_store_commit(w.store));
    mw_engine_step step = {.more = true};
    for (bool first = true; first || step.more; first = false)
        MW_CHECK_OK(mw_engine_run(validation, later, first, &step));
    for (int i = 0; i < 16; i++)
        MW_CHECK_OK(mw_alarms_run(alarms, later, &turn));
    MW_CHECK_EQ(open_of(NULL), 1);
    MW_CHECK_STR(found[0].rule, "station_down");
    MW_CHECK_EQ(found[0].members, METERS);
    MW_CHECK_EQ(list(0, NULL, found[0].id), 1); /* the one that was silent before */
    /* It works again. */
    MW_CHECK_OK(mw_store_begin(w.store));
    MW_CHECK_OK(mw_store_sender_seen(w.store, w.tenant, w.sender, 1, later));
    for (int64_t i = 0; i < METERS; i++)
        MW_CHECK_OK(mw_store_vee_meter_forget(w.store, w.tenant, w.channel + i));
    MW_CHECK_OK(mw_store_commit(w.store));
    step.more = false;
    for (bool first = true; first || step.more; first = false)
        MW_CHECK_OK(mw_engine_run(validation, later, first, &step));
    for (int i = 0; i < 8; i++)
        MW_CHECK_OK(mw_alarms_run(alarms, later, &turn));
    MW_CHECK_EQ(list(0, NULL, -1), 0);
}

static int64_t alarm_with(const char *rule, int n, int64_t root, int64_t members) {
    mw_store_alarm row = {.tenant = w.tenant,
                          .state = MW_ALARM_OPEN,
                          .members = members,
                          .root = root,
                          .count = 1,
                          .opened_at = world_hour(1),
                          .last_at = world_hour(1),
                          .clearing_at = MW_UTC_NONE,
                          .closed_at = MW_UTC_NONE,
                          .acknowledged_at = MW_UTC_NONE,
                          .snoozed_until = MW_UTC_NONE,
                          .inputs = "{}"};
    int64_t id = 0;
    (void)snprintf(row.rule, sizeof row.rule, "%s", rule);
    (void)snprintf(row.subject, sizeof row.subject, "of/%d", n);
    MW_CHECK_OK(mw_store_alarm_add(w.store, &row, &id));
    return id;
}

static void restart(void) {
    mw_alarms_free(alarms);
    mw_engine_close(validation);
    engines_open();
}

/* Members of a closed alarm come back some at a time, whatever stops in between. */
MW_TEST(what_a_closed_alarm_explained_comes_back_in_turns) {
    mw_alarms_turn turn;
    MW_CHECK_OK(mw_store_begin(w.store));
    int64_t root = alarm_with("station_down", 0, 0, 55);
    int64_t other = alarm_with("station_down", 1, 0, 1);
    for (int i = 0; i < 55; i++)
        (void)alarm_with("leak", 2 + i, i == 20 ? other : root, 0);
    MW_CHECK_OK(mw_store_commit(w.store));
    restart();
    MW_CHECK_EQ(list(0, NULL, root), 54);
    MW_CHECK_OK(act(MW_ALARM_DO_CLOSE, root, "no longer", MW_UTC_NONE, world_hour(2)));
    for (size_t left = 54; left > 0;) {
        size_t freed = left < 10 ? left : 10;
        if (left == 24)
            restart();
        mw_alarms_limit(alarms, 10);
        MW_CHECK_OK(mw_alarms_run(alarms, world_hour(2), &turn));
        left -= freed;
        MW_CHECK_EQ(turn.more, left > 0);
        MW_CHECK_EQ(list(0, NULL, root), left);
    }
    MW_CHECK_EQ(list(0, NULL, other), 1);
    MW_CHECK_EQ(list(0, "leak", 0), 54);
}

MW_TEST(signs_become_alarms_that_fade) {
    mw_store_sign s = {.tenant = w.tenant,
                       .kind = "auth_failures",
                       .subject = "address/00001000",
                       .text = "many",
                       .last_at = world_hour(1),
                       .count = 20};
    mw_store_sign state = {.tenant = w.tenant,
                           .kind = "station_state",
                           .subject = "station/st-1",
                           .text = "{\"degraded\":[\"no_platform\",\"clock_bad\"],"
                                   "\"spool_items\":6000}",
                           .last_at = world_hour(1)};
    mw_alarms_turn turn;
    MW_CHECK_OK(mw_store_begin(w.store));
    MW_CHECK_OK(mw_store_sign_raise(w.store, &s));
    MW_CHECK_OK(mw_store_sign_raise(w.store, &state));
    MW_CHECK_OK(mw_store_commit(w.store));
    MW_CHECK_OK(mw_alarms_run(alarms, world_hour(1), &turn));
    MW_CHECK_EQ(turn.opened, 3);
    MW_CHECK_EQ(open_of("backhaul"), 1);
    MW_CHECK_EQ(found[0].value, 6000);
    MW_CHECK_STR(found[0].station, "st-1");
    (void)snprintf(state.text, sizeof state.text, "{\"degraded\":[],\"spool_items\":0}");
    state.last_at = world_hour(2);
    MW_CHECK_OK(mw_store_begin(w.store));
    MW_CHECK_OK(mw_store_sign_raise(w.store, &state));
    MW_CHECK_OK(mw_store_commit(w.store));
    MW_CHECK_OK(mw_alarms_run(alarms, world_hour(2), &turn));
    MW_CHECK_EQ(open_of("backhaul"), 0);
    MW_CHECK_EQ(open_of("station_trouble"), 1); /* its time to clear runs */
    MW_CHECK_OK(mw_alarms_run(alarms, world_hour(24 * 9), &turn));
    MW_CHECK_EQ(list(0, NULL, -1), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
MW_TEST_MAIN(CASE(a_leak_opens_once_and_closes_by_itself),
             CASE(a_restart_forgets_nothing_and_repeats_nothing), CASE(people_work_on_alarms),
             CASE(the_nearest_threshold_counts), CASE(a_hold_time_goes_on_through_a_restart),
             CASE(a_hold_that_ended_is_forgotten), CASE(a_dry_run_counts_what_would_have_been),
             CASE(logs_of_a_meter_are_alarms_by_what_begins_in_them),
             CASE(logs_of_a_meter_end_what_they_began), CASE(a_tampered_meter_waits_for_a_person),
             CASE(one_meter_out_of_order_is_one_alarm), CASE(a_station_that_fails_is_one_alarm),
             CASE(what_a_closed_alarm_explained_comes_back_in_turns),
             CASE(signs_become_alarms_that_fade))
