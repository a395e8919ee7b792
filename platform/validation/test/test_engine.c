/* SPDX-License-Identifier: Apache-2.0
 *
 * What people do to values: verdicts, edits, settings, closings - each with its reason.
 */
#include "platform/validation/engine.h"

#include "platform/validation/test/world.h"

static world w;
static mw_engine *engine;

/* A world whose validation is the engine's. */
static void open_engine(void) {
    mw_engine_options o = {.store = w.store, .zones = w.zones, .changes = 8192, .looks = 1000};
    MW_CHECK_OK(mw_engine_open(&o, &engine));
}

static void settle(void) {
    world_fold(&w);
    for (mw_engine_step step = {.more = true}; step.more;)
        MW_CHECK_OK(mw_engine_run(engine, w.now, false, &step));
    for (uint32_t done = 1; done > 0;) {
        MW_CHECK_OK(mw_store_begin(w.store));
        MW_CHECK_OK(mw_settle_step(w.store, MW_STORE_PAGE_MAX, w.now, &done));
        MW_CHECK_OK(mw_store_commit(w.store));
    }
}

static int64_t used(int64_t from, int64_t to) {
    int64_t sum = 0;
    for (int64_t h = from; h < to; h++)
        sum += w.truth[h];
    return sum;
}

static mw_engine_person anna(const char *why) {
    return (mw_engine_person){.tenant = w.tenant, .login = "anna", .text = why, .now = w.now};
}

static mw_status exception_take(void *ctx, const mw_store_exception *row) {
    if (row->rule == MW_VEE_V08_SPIKE)
        *(mw_store_exception *)ctx = *row;
    return MW_OK;
}

static mw_status audit_take(void *ctx, const mw_store_audit *row) {
    if (strcmp(row->detail, "a pool was filled") == 0 && strcmp(row->actor, "anna") == 0)
        (*(uint32_t *)ctx)++;
    return MW_OK;
}

/* A true but strange hour: 2000 L, which the register confirms. */
static void strange_day(void) {
    world_open(&w, 9, "Europe/Rome", 0);
    open_engine();
    w.truth[20 * 24 + 5] = 2000;
    for (int64_t d = 0; d < 22; d++)
        world_day(&w, d, 0);
    settle();
}

MW_TEST(accepted_values_are_billed_as_they_came) {
    mw_store_exception x = {.id = 0};
    uint32_t audited = 0;
    strange_day();
    mw_store_exception_query q = {.tenant = w.tenant, .open_only = true, .limit = 100};
    MW_CHECK_OK(mw_store_exceptions(w.store, &q, exception_take, &x));
    MW_CHECK(x.id > 0);
    /* The register leaves an estimate no other value: nothing is replaced, the finding stands. */
    world_sum s = world_values(&w, w.channel, MW_LAYER_FINAL, 20 * 24 + 5, 20 * 24 + 6, NULL);
    MW_CHECK_EQ(s.sum, 2000);
    MW_CHECK_EQ(s.estimated, 0);
    MW_CHECK((s.quality & MW_QUALITY_VERIFIED) == 0);
    mw_engine_person who = anna("");
    MW_CHECK_STATUS(
        mw_engine_verdict(engine, &who, w.channel, x.from, x.to, MW_VERDICT_ACCEPTED, x.id),
        MW_RANGE);
    who = anna("a pool was filled");
    MW_CHECK_OK(
        mw_engine_verdict(engine, &who, w.channel, x.from, x.to, MW_VERDICT_ACCEPTED, x.id));
    settle();
    s = world_values(&w, w.channel, MW_LAYER_FINAL, 20 * 24 + 5, 20 * 24 + 6, NULL);
    MW_CHECK_EQ(s.sum, 2000);
    MW_CHECK_EQ(s.estimated, 0);
    MW_CHECK((s.quality & MW_QUALITY_VERIFIED) != 0);
    world_conserves(&w, w.channel, 0, 22 * 24, used(0, 22 * 24));
    MW_CHECK_OK(mw_store_audit_list(w.store, w.tenant, 0, 100, audit_take, &audited));
    MW_CHECK_EQ(audited, 1);
    x.id = 0;
    MW_CHECK_OK(mw_store_exceptions(w.store, &q, exception_take, &x));
    MW_CHECK_EQ(x.id, 0); /* judged: not found again */
    mw_engine_close(engine);
    world_close(&w);
}

MW_TEST(rejected_values_are_estimated) {
    world_open(&w, 9, "Europe/Rome", 0);
    open_engine();
    for (int64_t d = 0; d < 22; d++)
        world_day(&w, d, 0);
    settle();
    mw_engine_person who = anna("the installer tested the meter");
    MW_CHECK_OK(mw_engine_verdict(engine, &who, w.channel, world_hour(20 * 24),
                                  world_hour(20 * 24 + 3), MW_VERDICT_REJECTED, 0));
    settle();
    world_sum s = world_values(&w, w.channel, MW_LAYER_FINAL, 20 * 24, 20 * 24 + 3, NULL);
    MW_CHECK_EQ(s.estimated, 3);
    MW_CHECK_EQ(s.sum, used(20 * 24, 20 * 24 + 3)); /* the register stands */
    world_conserves(&w, w.channel, 0, 22 * 24, used(0, 22 * 24));
    mw_engine_close(engine);
    world_close(&w);
}

MW_TEST(edits_are_final_and_their_difference_is_in_suspense) {
    const int64_t value[3] = {1, 2, 3};
    world_open(&w, 9, "Europe/Rome", 0);
    open_engine();
    for (int64_t d = 0; d < 12; d++)
        world_day(&w, d, 0);
    settle();
    mw_engine_person who = anna("a leak was paid for by the utility");
    MW_CHECK_STATUS(
        mw_engine_edit(engine, &who, w.channel, (mw_utc){world_hour(240).us + 1}, value, 3, 0),
        MW_RANGE);
    MW_CHECK_STATUS(mw_engine_edit(engine, &who, w.channel, world_hour(240 + 22), value, 3, 0),
                    MW_RANGE); /* over midnight */
    MW_CHECK_OK(mw_engine_edit(engine, &who, w.channel, world_hour(240), value, 3, 0));
    settle();
    world_sum s = world_values(&w, w.channel, MW_LAYER_FINAL, 240, 243, NULL);
    MW_CHECK_EQ(s.sum, 6);
    MW_CHECK((s.quality & MW_QUALITY_EDITED) != 0);
    world_conserves(&w, w.channel, 0, 12 * 24, used(0, 12 * 24));
    MW_CHECK_OK(mw_engine_unedit(engine, &who, w.channel, world_hour(240), world_hour(243)));
    settle();
    s = world_values(&w, w.channel, MW_LAYER_FINAL, 240, 243, NULL);
    MW_CHECK_EQ(s.sum, used(240, 243));
    world_conserves(&w, w.channel, 0, 12 * 24, used(0, 12 * 24));
    mw_engine_close(engine);
    world_close(&w);
}

MW_TEST(settings_hold_from_their_day_and_may_not_contradict) {
    strange_day();
    mw_engine_person who = anna("pools are usual here");
    mw_vee_dated set = {.name = "V08.on", .class = MW_VEE_ALL_CLASSES, .from = world_hour(0)};
    MW_CHECK_OK(mw_engine_setting(engine, &who, &set));
    /* What is validated from now on is not held up. */
    w.truth[22 * 24 + 5] = 2000;
    world_day(&w, 22, 0);
    settle();
    world_sum s = world_values(&w, w.channel, MW_LAYER_FINAL, 22 * 24, 23 * 24, NULL);
    MW_CHECK_EQ(s.estimated, 0);
    set = (mw_vee_dated){.name = "ladder.2",
                         .class = MW_VEE_ALL_CLASSES,
                         .from = world_hour(0),
                         .value = MW_VEE_RUNG_LAST_YEAR};
    MW_CHECK_STATUS(mw_engine_setting(engine, &who, &set), MW_RANGE);
    set.name[0] = 'x';
    MW_CHECK_STATUS(mw_engine_setting(engine, &who, &set), MW_NOT_FOUND);
    mw_engine_close(engine);
    world_close(&w);
}

MW_TEST(a_span_is_closed_once) {
    mw_closing closing;
    world_open(&w, 9, "Europe/Rome", 0);
    open_engine();
    for (int64_t d = 0; d < 5; d++)
        world_day(&w, d, 0);
    settle();
    w.now = world_hour(6 * 24);
    mw_engine_person who = anna("January");
    MW_CHECK_OK(
        mw_engine_closing(engine, &who, w.channel, world_hour(0), world_hour(48), &closing));
    MW_CHECK_EQ(closing.sum, used(0, 48));
    MW_CHECK_STATUS(
        mw_engine_closing(engine, &who, w.channel, world_hour(24), world_hour(72), &closing),
        MW_CONFLICT);
    MW_CHECK_OK(
        mw_engine_closing(engine, &who, w.channel, world_hour(48), world_hour(72), &closing));
    mw_engine_close(engine);
    world_close(&w);
}

MW_TEST_MAIN(MW_CASE(accepted_values_are_billed_as_they_came),
             MW_CASE(rejected_values_are_estimated),
             MW_CASE(edits_are_final_and_their_difference_is_in_suspense),
             MW_CASE(settings_hold_from_their_day_and_may_not_contradict),
             MW_CASE(a_span_is_closed_once))
