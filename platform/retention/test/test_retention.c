/* SPDX-License-Identifier: Apache-2.0
 *
 * What goes, what stays, and that everything still adds up.
 */
#include "platform/retention/retention.h"

#include "platform/journal/decode.h"
#include "platform/validation/test/world.h"

enum { DAYS = 40 };

static world w;

static int setup(void **state) {
    (void)state;
    world_open(&w, 6, "Europe/Rome", 0);
    MW_CHECK_OK(mw_store_begin(w.store));
    for (int64_t d = 0; d < DAYS; d++)
        if (d % 9 != 4) /* some days never come and are estimated */
            world_report(&w, w.channel, d * 24, d * 24 + 24, world_register(&w, 0, d * 24 + 24),
                         w.truth, 0);
    MW_CHECK_OK(mw_store_commit(w.store));
    w.now = world_hour(DAYS * 24 + 1);
    (void)world_settle(&w);
    MW_CHECK_OK(mw_store_begin(w.store));
    MW_CHECK_OK(mw_store_cursor_set(w.store, MW_DECODE_CURSOR, INT32_MAX));
    MW_CHECK_OK(mw_store_commit(w.store));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    world_close(&w);
    return 0;
}

static void keep(mw_tier tier, int64_t days) {
    mw_store_retention r = {.tenant = w.tenant, .tier = tier, .days = days, .who = "ops"};
    MW_CHECK_OK(mw_store_begin(w.store));
    MW_CHECK_OK(mw_store_retention_put(w.store, &r));
    MW_CHECK_OK(mw_store_commit(w.store));
}

static mw_retention_turn run_all(void) {
    mw_retention_turn all = {.more = false}, t = {.more = true};
    while (t.more) {
        MW_CHECK_OK(mw_retention_run(w.store, w.zones, w.now, 7, &t));
        all.coarse += t.coarse;
        all.gone += t.gone;
        all.held += t.held;
        all.records += t.records;
    }
    return all;
}

/* Local days of Rome (UTC+1 in that season) as sums of what starts in them. */
static void local_days(int64_t out[DAYS + 1]) {
    for (int64_t d = 0; d <= DAYS; d++)
        out[d] = world_values(&w, w.channel, MW_LAYER_FINAL, d * 24 - 1, d * 24 + 23, NULL).sum;
}

static int64_t truth(int64_t days) {
    int64_t sum = 0;
    for (int64_t h = 0; h < days * 24; h++)
        sum += w.truth[h];
    return sum;
}

static int64_t add_hold(mw_hold_kind kind, const char *subject, int64_t from_day, int64_t to_day) {
    int64_t id = 0;
    mw_store_hold h = {.tenant = w.tenant,
                       .kind = kind,
                       .from = world_hour(from_day * 24),
                       .to = world_hour(to_day * 24),
                       .at = w.now,
                       .who = "ops",
                       .why = "court"};
    (void)snprintf(h.subject, sizeof h.subject, "%s", subject);
    MW_CHECK_OK(mw_store_begin(w.store));
    MW_CHECK_OK(mw_store_hold_add(w.store, &h, &id));
    MW_CHECK_OK(mw_store_commit(w.store));
    return id;
}

static void release(int64_t id, int64_t from_day) {
    mw_store_hold h = {.id = id, .tenant = w.tenant, .from = world_hour(from_day * 24)};
    MW_CHECK_OK(mw_store_begin(w.store));
    MW_CHECK_OK(mw_retention_release(w.store, &h, w.now, "ops"));
    MW_CHECK_OK(mw_store_commit(w.store));
    MW_CHECK_OK(mw_store_begin(w.store));
    MW_CHECK_STATUS(mw_retention_release(w.store, &h, w.now, "ops"), MW_STATE);
    MW_CHECK_OK(mw_store_rollback(w.store));
}

static uint32_t values_of(int64_t from_day, int64_t to_day) {
    return world_values(&w, w.channel, MW_LAYER_FINAL, from_day * 24, to_day * 24, NULL).n;
}

MW_TEST(intervals_become_sums_and_everything_adds_up) {
    int64_t before[DAYS + 1], after[DAYS + 1];
    local_days(before);
    world_conserves(&w, w.channel, 0, DAYS * 24, truth(DAYS));
    uint32_t n = values_of(0, DAYS);
    keep(MW_TIER_INTERVALS, 15);
    mw_retention_turn t = run_all();
    MW_CHECK(t.coarse >= 20 && t.gone == 0);
    local_days(after);
    assert_memory_equal(before, after, sizeof after);
    world_conserves(&w, w.channel, 0, DAYS * 24, truth(DAYS));
    /* Two sums a day where 24 values were: local midnight divides a UTC day. */
    MW_CHECK_EQ(values_of(0, 24), 2 * 24);
    MW_CHECK(values_of(0, DAYS) < n);
    MW_CHECK_EQ(values_of(30, DAYS), 24 * 10);
    t = run_all();
    MW_CHECK_EQ(t.coarse, 0);
    /* A second day later the next day follows, and nothing runs behind. */
    w.now = world_hour(DAYS * 24 + 25);
    MW_CHECK_EQ(run_all().coarse, 1);
    world_conserves(&w, w.channel, 0, DAYS * 24, truth(DAYS));
}

static int64_t final_as_of(int64_t to_day, mw_utc as_of) {
    world_sum s = {0};
    mw_store_values_query q = {.tenant = w.tenant,
                               .channel = w.channel,
                               .layer = MW_LAYER_FINAL,
                               .from = world_hour(0),
                               .to = world_hour(to_day * 24),
                               .as_of = as_of};
    MW_CHECK_OK(mw_store_values(w.store, &q, world_sum_take, &s));
    return s.sum;
}

MW_TEST(closed_spans_and_what_was_known_stay) {
    int64_t id = 0;
    world_day(&w, DAYS, 0); /* closed after more had come */
    w.now = world_hour(DAYS * 24 + 26);
    (void)world_settle(&w);
    mw_store_lock k = {.tenant = w.tenant,
                       .channel = w.channel,
                       .from = world_hour(2 * 24 - 1),
                       .to = world_hour(8 * 24 - 1),
                       .at = w.now,
                       .who = "ops"};
    MW_CHECK_OK(mw_store_begin(w.store));
    MW_CHECK_OK(mw_store_lock_put(w.store, &k, &id));
    MW_CHECK_OK(mw_store_commit(w.store));
    int64_t locked = world_values(&w, w.channel, MW_LAYER_FINAL, 47, 8 * 24 - 1, NULL).sum;
    mw_utc then = world_hour(DAYS * 24), later = w.now;
    int64_t known = final_as_of(20, then), known_later = final_as_of(20, later);
    MW_CHECK(known != known_later);
    keep(MW_TIER_INTERVALS, 15);
    MW_CHECK(run_all().coarse > 0);
    MW_CHECK_EQ(world_values(&w, w.channel, MW_LAYER_FINAL, 47, 8 * 24 - 1, NULL).sum, locked);
    MW_CHECK_EQ(final_as_of(20, then), known);
    MW_CHECK_EQ(final_as_of(20, later), known_later);
    world_conserves(&w, w.channel, 0, DAYS * 24, truth(DAYS));
}

MW_TEST(sums_go_and_the_register_stays) {
    keep(MW_TIER_INTERVALS, 10);
    keep(MW_TIER_DAILY, 20);
    mw_retention_turn t = run_all();
    MW_CHECK(t.gone >= 18);
    MW_CHECK_EQ(values_of(0, 18), 0);
    MW_CHECK(values_of(22, 30) > 0);
    world_conserves(&w, w.channel, 0, DAYS * 24, truth(DAYS));
    /* Decoding again would make other days of what is left. */
    mw_decoder *d = NULL;
    mw_registry *r = NULL;
    char key[] = "retention-test.key";
    MW_CHECK_OK(mw_registry_open(w.store, key, &r));
    MW_CHECK_OK(mw_decoder_new(w.store, r, &d));
    MW_CHECK_STATUS(mw_decoder_rewind(d), MW_STATE);
    mw_decoder_free(d);
    mw_registry_close(r);
    (void)unlink(key);
}

MW_TEST(what_is_held_stays_until_it_is_released) {
    char number[32];
    (void)snprintf(number, sizeof number, "%lld", (long long)w.channel);
    int64_t meter = add_hold(MW_HOLD_METER, number, 3, 5);
    int64_t point = add_hold(MW_HOLD_USAGE_POINT, "up-7", 8, 9);
    (void)add_hold(MW_HOLD_METER, "999", 0, 40);
    (void)add_hold(MW_HOLD_USAGE_POINT, "up-8", 0, 40);
    keep(MW_TIER_INTERVALS, 15);
    mw_retention_turn t = run_all();
    MW_CHECK_EQ(t.held, 3);
    MW_CHECK_EQ(values_of(3, 5), 48);
    MW_CHECK_EQ(values_of(8, 9), 24);
    MW_CHECK_EQ(values_of(5, 8), 6);
    release(meter, 3);
    MW_CHECK_EQ(run_all().coarse, 2);
    MW_CHECK_EQ(values_of(3, 5), 4);
    MW_CHECK_EQ(values_of(8, 9), 24);
    release(point, 8);
    (void)run_all();
    MW_CHECK_EQ(values_of(8, 9), 2);
    world_conserves(&w, w.channel, 0, DAYS * 24, truth(DAYS));
}

static mw_status on_record(void *ctx, const mw_store_envelope *e) {
    uint32_t *with = ctx;
    *with += e->content.n > 0;
    return MW_OK;
}

static uint32_t contents(void) {
    uint32_t with = 0;
    MW_CHECK_OK(mw_store_journal_scan(w.store, 0, 1000, on_record, &with));
    return with;
}

MW_TEST(contents_of_uplinks_go_and_their_keys_stay) {
    uint32_t all = contents();
    int64_t hold = add_hold(MW_HOLD_TENANT, "", 0, 2);
    keep(MW_TIER_RAW, 30);
    w.now = world_hour(100 * 24);
    mw_retention_turn t = run_all();
    /* The hold keeps what came until 60 days after its span, which is all. */
    MW_CHECK(t.held > 0 && t.records == 0);
    release(hold, 0);
    t = run_all();
    MW_CHECK_EQ(t.records, all);
    MW_CHECK_EQ(contents(), 0);
    mw_store_append result;
    int64_t id = 0;
    mw_store_envelope e = {.tenant = w.tenant,
                           .sender = w.sender != 0 ? w.sender : 1,
                           .seq = 1,
                           .kind = MW_STORE_KIND_UNB,
                           .received = world_hour(24),
                           .stored = w.now,
                           .content = mw_slice_of_str("{}")};
    MW_CHECK_OK(mw_store_begin(w.store));
    MW_CHECK_OK(mw_store_journal_append(w.store, &e, &result, &id));
    MW_CHECK_EQ(result, MW_STORE_DUPLICATE);
    MW_CHECK_OK(mw_store_commit(w.store));
    world_conserves(&w, w.channel, 0, DAYS * 24, truth(DAYS));
}

MW_TEST(settings_have_limits_and_a_preview) {
    mw_store_retention r = {.tenant = w.tenant, .tier = MW_TIER_DAILY, .days = 800, .who = "ops"};
    mw_retention_plan p;
    mw_retention_preview look;
    MW_CHECK_OK(mw_store_begin(w.store));
    MW_CHECK_STATUS(mw_retention_set(w.store, &r), MW_RANGE); /* intervals stay for ever */
    r.tier = MW_TIER_RAW;
    r.days = 29;
    MW_CHECK_STATUS(mw_retention_set(w.store, &r), MW_RANGE);
    r.tier = MW_TIER_INTERVALS;
    r.days = 700;
    MW_CHECK_OK(mw_retention_set(w.store, &r));
    r.tier = MW_TIER_DAILY;
    MW_CHECK_OK(mw_retention_set(w.store, &r));
    r.days = 600;
    MW_CHECK_STATUS(mw_retention_set(w.store, &r), MW_RANGE);
    MW_CHECK_OK(mw_store_commit(w.store));
    MW_CHECK_OK(mw_retention_read(w.store, w.tenant, &p));
    MW_CHECK_EQ(p.days[MW_TIER_INTERVALS], 700);
    w.now = world_hour((DAYS / 2 + 700) * 24);
    MW_CHECK_OK(mw_retention_look(w.store, w.tenant, &p, w.now, &look));
    MW_CHECK(mw_utc_is_none(look.before[MW_TIER_RAW]));
    MW_CHECK_EQ(look.amount[MW_TIER_INTERVALS].rows, 18); /* of 20 days, 2 have no report */
    MW_CHECK_EQ(look.amount[MW_TIER_INTERVALS].values, 18 * 24);
}

MW_TEST_MAIN(
    cmocka_unit_test_setup_teardown(intervals_become_sums_and_everything_adds_up, setup, teardown),
    cmocka_unit_test_setup_teardown(closed_spans_and_what_was_known_stay, setup, teardown),
    cmocka_unit_test_setup_teardown(sums_go_and_the_register_stays, setup, teardown),
    cmocka_unit_test_setup_teardown(what_is_held_stays_until_it_is_released, setup, teardown),
    cmocka_unit_test_setup_teardown(contents_of_uplinks_go_and_their_keys_stay, setup, teardown),
    cmocka_unit_test_setup_teardown(settings_have_limits_and_a_preview, setup, teardown))
