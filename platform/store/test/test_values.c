/* SPDX-License-Identifier: Apache-2.0
 *
 * Values in layers on SQLite, case by case; test_conformance.c compares random histories.
 */
#include <stdio.h>

#include "platform/store/layers.h"
#include "platform/store/test/scratch.h"

enum { DAY0 = 20700, DAY = 86400 };

static char path[64];
static mw_store *store;
static int64_t tenant, sender;
static const int64_t channel = 7;

static int setup(void **state) {
    (void)state;
    store = scratch_new("values", path);
    MW_CHECK_OK(mw_store_begin(store));
    MW_CHECK_OK(mw_store_tenant_put(store, "demo", &tenant));
    uint8_t hash[32] = {1};
    MW_CHECK_OK(mw_store_sender_put(store, tenant, "st-1", MW_SLICE_OF(hash), &sender));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    mw_store_close(store);
    store = NULL;
    scratch_remove(path);
    return 0;
}

static mw_utc hour_at(int64_t hour) {
    return mw_utc_of_s((int64_t)DAY0 * DAY + hour * 3600);
}

/* A report of `n` hours, stored at the given moment; values first, first + 1 ... */
static void report(int64_t hour, unsigned n, int64_t first, mw_utc stored, uint32_t quality) {
    static uint64_t seq;
    int64_t journal = scratch_uplink(store, tenant, sender, ++seq, stored);
    mw_store_interval rows[24];
    for (unsigned i = 0; i < n; i++)
        rows[i] = (mw_store_interval){.start = hour_at(hour + i),
                                      .seconds = 3600,
                                      .value = first + i,
                                      .quality = quality,
                                      .received = stored,
                                      .journal = journal};
    MW_CHECK_OK(mw_store_run_append(store, tenant, channel, rows, n));
}

static int64_t revise(mw_layer layer, mw_revision_kind kind, int64_t from, int64_t to,
                      const int64_t *values, mw_utc at) {
    mw_store_interval rows[24];
    mw_store_prediction predictions[24];
    mw_store_revision r = {.tenant = tenant,
                           .channel = channel,
                           .layer = layer,
                           .kind = kind,
                           .from = hour_at(from),
                           .to = hour_at(to),
                           .at = at,
                           .actor = MW_ACTOR_METHOD,
                           .who = "linear",
                           .reason = MW_REASON_GAP,
                           .text = "two hours missing",
                           .method = 4,
                           .method_version = 1,
                           .inputs = "neighbours"};
    if (values != NULL) {
        r.rows = rows;
        r.prediction = predictions;
        r.n = (size_t)(to - from);
    }
    for (size_t i = 0; i < r.n; i++) {
        rows[i] = (mw_store_interval){.start = hour_at(from + (int64_t)i),
                                      .seconds = 3600,
                                      .value = values[i],
                                      .quality = MW_QUALITY_ESTIMATED | MW_QUALITY_OUTAGE};
        predictions[i] = (mw_store_prediction){values[i] - 2, values[i] + 5};
    }
    int64_t id = 0;
    MW_CHECK_OK(mw_store_value_revise(store, &r, &id));
    return id;
}

typedef struct list {
    mw_store_value v[64];
    size_t n;
} list;

static mw_status on_value(void *ctx, const mw_store_value *v) {
    list *l = ctx;
    MW_CHECK(l->n < 64);
    if (l->n > 0)
        MW_CHECK(v->interval.start.us > l->v[l->n - 1].interval.start.us);
    l->v[l->n++] = *v;
    return MW_OK;
}

static list read_layer(mw_layer layer, mw_utc as_of) {
    list l = {.n = 0};
    mw_store_values_query q = {.tenant = tenant,
                               .channel = channel,
                               .layer = layer,
                               .from = hour_at(0),
                               .to = hour_at(48),
                               .as_of = as_of};
    MW_CHECK_OK(mw_store_values(store, &q, on_value, &l));
    return l;
}

static int64_t sum(mw_layer layer, mw_utc as_of) {
    list l = read_layer(layer, as_of);
    int64_t total = 0;
    for (size_t i = 0; i < l.n; i++)
        total += l.v[i].interval.value;
    return total;
}

static void fold(void) {
    uint32_t n;
    MW_CHECK_OK(mw_store_fold(store, 100, &n));
}

MW_TEST(a_revision_stands_over_what_it_covers) {
    report(0, 4, 10, hour_at(30), 0); /* 10 11 12 13, hours 4 and 5 missing */
    report(6, 2, 16, hour_at(30), 0);
    const int64_t estimate[2] = {14, 15};
    int64_t id = revise(MW_LAYER_VALIDATED, MW_REVISION_SET, 4, 6, estimate, hour_at(40));
    for (int folded = 0; folded < 2; folded++) {
        MW_CHECK_EQ(read_layer(MW_LAYER_RAW, MW_UTC_NONE).n, 6);
        list l = read_layer(MW_LAYER_FINAL, MW_UTC_NONE);
        MW_CHECK_EQ(l.n, 8);
        MW_CHECK_EQ(l.v[4].interval.value, 14);
        MW_CHECK_EQ(l.v[4].interval.quality, MW_QUALITY_ESTIMATED | MW_QUALITY_OUTAGE);
        MW_CHECK_EQ(l.v[4].revision, id);
        MW_CHECK_EQ(l.v[4].layer, MW_LAYER_VALIDATED);
        MW_CHECK_EQ(l.v[4].prediction.low, 12);
        MW_CHECK_EQ(l.v[4].prediction.high, 19);
        MW_CHECK_EQ(l.v[3].revision, 0);
        fold();
    }
    /* As it was known before the estimate, and before the reports. */
    MW_CHECK_EQ(read_layer(MW_LAYER_FINAL, hour_at(39)).n, 6);
    MW_CHECK_EQ(read_layer(MW_LAYER_FINAL, hour_at(29)).n, 0);
    /* The meter's own values come: the estimate is withdrawn, and stays in the record. */
    report(4, 2, 100, hour_at(50), 0);
    MW_CHECK_EQ(sum(MW_LAYER_VALIDATED, MW_UTC_NONE), 10 + 11 + 12 + 13 + 14 + 15 + 16 + 17);
    revise(MW_LAYER_VALIDATED, MW_REVISION_WITHDRAW, 4, 6, NULL, hour_at(51));
    fold();
    MW_CHECK_EQ(sum(MW_LAYER_VALIDATED, MW_UTC_NONE), 10 + 11 + 12 + 13 + 100 + 101 + 16 + 17);
    MW_CHECK_EQ(sum(MW_LAYER_VALIDATED, hour_at(50)), 10 + 11 + 12 + 13 + 14 + 15 + 16 + 17);
    MW_CHECK_EQ(sum(MW_LAYER_RAW, hour_at(49)), 10 + 11 + 12 + 13 + 16 + 17);
}

/* Of two reports of an hour the later one won: as-of gives the former, folded or not. */
MW_TEST(reports_as_they_were_known) {
    report(0, 2, 10, hour_at(30), MW_QUALITY_PARTIAL);
    report(1, 1, 77, hour_at(35), 0);
    for (int folded = 0; folded < 2; folded++) {
        list now = read_layer(MW_LAYER_RAW, MW_UTC_NONE);
        MW_CHECK_EQ(now.v[1].interval.value, 77);
        MW_CHECK_EQ(now.v[1].interval.quality, MW_QUALITY_CONFLICT);
        list then = read_layer(MW_LAYER_RAW, hour_at(34));
        MW_CHECK_EQ(then.n, 2);
        MW_CHECK_EQ(then.v[1].interval.value, 11);
        MW_CHECK_EQ(then.v[1].interval.quality, MW_QUALITY_PARTIAL);
        MW_CHECK_EQ(read_layer(MW_LAYER_RAW, hour_at(36)).v[1].interval.value, 77);
        fold();
    }
}

MW_TEST(a_locked_span_keeps_what_was_billed) {
    report(0, 4, 10, hour_at(30), 0);
    const int64_t estimate[1] = {20};
    revise(MW_LAYER_VALIDATED, MW_REVISION_SET, 4, 5, estimate, hour_at(31));
    mw_store_lock lock = {.tenant = tenant,
                          .channel = channel,
                          .from = hour_at(0),
                          .to = hour_at(8),
                          .at = hour_at(32),
                          .who = "billing"};
    int64_t id = 0;
    MW_CHECK_OK(mw_store_lock_put(store, &lock, &id));
    MW_CHECK_STATUS(mw_store_lock_put(store, &lock, &id), MW_CONFLICT);
    const int64_t before = 10 + 11 + 12 + 13 + 20;
    /* Late reports inside and after the span; a withdrawn estimate. */
    report(4, 6, 50, hour_at(40), 0);
    revise(MW_LAYER_VALIDATED, MW_REVISION_WITHDRAW, 4, 5, NULL, hour_at(41));
    fold();
    MW_CHECK_EQ(sum(MW_LAYER_FINAL, MW_UTC_NONE), before + 54 + 55);
    MW_CHECK_EQ(sum(MW_LAYER_VALIDATED, MW_UTC_NONE), 46 + 50 + 51 + 52 + 53 + 54 + 55);
    /* A correction is a revision of the final layer. */
    const int64_t corrected[4] = {50, 51, 52, 53};
    revise(MW_LAYER_FINAL, MW_REVISION_SET, 4, 8, corrected, hour_at(45));
    MW_CHECK_EQ(sum(MW_LAYER_FINAL, MW_UTC_NONE), 46 + 50 + 51 + 52 + 53 + 54 + 55);
    MW_CHECK_EQ(sum(MW_LAYER_FINAL, hour_at(44)), before + 54 + 55);
    MW_CHECK_EQ(sum(MW_LAYER_FINAL, hour_at(31)), before);
}

static mw_status on_revision(void *ctx, const mw_store_revision *r) {
    unsigned *n = ctx;
    if (r->kind == MW_REVISION_SET) {
        MW_CHECK_STR(r->who, "linear");
        MW_CHECK_STR(r->inputs, "neighbours");
        MW_CHECK_EQ(r->rows[0].value, 5);
        MW_CHECK_EQ(r->prediction[1].high, 11);
    }
    (*n)++;
    return MW_OK;
}

static mw_status on_change(void *ctx, const mw_store_change *c) {
    mw_store_change *last = ctx;
    MW_CHECK(c->id > last->id);
    *last = *c;
    return MW_OK;
}

MW_TEST(revisions_and_changes_are_listed) {
    const int64_t v[2] = {5, 6};
    revise(MW_LAYER_VALIDATED, MW_REVISION_SET, 4, 6, v, hour_at(31));
    revise(MW_LAYER_VALIDATED, MW_REVISION_WITHDRAW, 4, 6, NULL, hour_at(32));
    unsigned n = 0;
    MW_CHECK_OK(mw_store_revisions(store, tenant, channel, MW_LAYERS, hour_at(5), hour_at(6), 0, 10,
                                   on_revision, &n));
    MW_CHECK_EQ(n, 2);
    n = 0;
    MW_CHECK_OK(mw_store_revisions(store, tenant, channel, MW_LAYER_FINAL, hour_at(5), hour_at(6),
                                   0, 10, on_revision, &n));
    MW_CHECK_EQ(n, 0);
    mw_store_change last = {0};
    MW_CHECK_OK(mw_store_changes(store, 0, 10, on_change, &last));
    MW_CHECK_EQ(last.id, 2);
    report(0, 3, 1, hour_at(33), 0);
    fold();
    MW_CHECK_OK(mw_store_changes(store, 2, 10, on_change, &last));
    MW_CHECK_EQ(last.id, 3);
    MW_CHECK_EQ(last.layer, MW_LAYER_RAW);
    MW_CHECK_EQ(last.from.us, hour_at(0).us);
    MW_CHECK_EQ(last.to.us, hour_at(3).us);
    MW_CHECK_OK(mw_store_cursor_set(store, "follow/slow", 2));
    MW_CHECK_OK(mw_store_changes_prune(store, 3));
    last.id = 0;
    MW_CHECK_OK(mw_store_changes(store, 0, 1, on_change, &last));
    MW_CHECK_EQ(last.id, 3); /* a slow reader still needs it */
    MW_CHECK_OK(mw_store_cursor_set(store, "follow/slow", 3));
    MW_CHECK_OK(mw_store_changes_prune(store, 3));
    report(4, 1, 1, hour_at(34), 0);
    fold();
    MW_CHECK_OK(mw_store_changes(store, 3, 10, on_change, &last));
    MW_CHECK_EQ(last.id, 4); /* numbers are never given again */
}

MW_TEST(bad_revisions_are_refused) {
    mw_store_interval row = {.start = hour_at(4), .seconds = 3600, .value = 1};
    mw_store_revision good = {.tenant = tenant,
                              .channel = channel,
                              .layer = MW_LAYER_FINAL,
                              .kind = MW_REVISION_SET,
                              .from = hour_at(4),
                              .to = hour_at(5),
                              .at = hour_at(30),
                              .actor = MW_ACTOR_USER,
                              .who = "op-1",
                              .reason = MW_REASON_EDIT,
                              .rows = &row,
                              .n = 1};
    MW_CHECK_OK(mw_revision_check(&good));
    mw_store_revision r = good;
    r.to = hour_at(30); /* beyond the UTC day */
    MW_CHECK_STATUS(mw_revision_check(&r), MW_RANGE);
    r = good;
    r.to = r.from;
    MW_CHECK_STATUS(mw_revision_check(&r), MW_RANGE);
    r = good;
    r.from = hour_at(3);
    r.to = hour_at(4); /* the row lies outside */
    MW_CHECK_STATUS(mw_revision_check(&r), MW_RANGE);
    r = good;
    r.kind = MW_REVISION_WITHDRAW; /* with a row */
    MW_CHECK_STATUS(mw_revision_check(&r), MW_RANGE);
    r = good;
    r.actor = 0;
    MW_CHECK_STATUS(mw_revision_check(&r), MW_RANGE);
    int64_t id;
    MW_CHECK_STATUS(mw_store_value_revise(store, &r, &id), MW_RANGE);
}

static mw_status on_exception(void *ctx, const mw_store_exception *e) {
    mw_store_exception *out = ctx;
    *out = *e;
    return MW_OK;
}

MW_TEST(findings_open_and_close) {
    mw_store_exception e = {.tenant = tenant,
                            .channel = channel,
                            .rule = 7,
                            .severity = 2,
                            .from = hour_at(3),
                            .to = hour_at(4),
                            .input = {1, 2, 3},
                            .threshold = 9,
                            .found_at = hour_at(30)};
    int64_t id = 0, again = 0;
    MW_CHECK_OK(mw_store_exception_raise(store, &e, &id));
    e.severity = 3;
    MW_CHECK_OK(mw_store_exception_raise(store, &e, &again));
    MW_CHECK_EQ(id, again);
    mw_store_exception_query q = {.tenant = tenant, .open_only = true, .limit = 10};
    mw_store_exception got = {0};
    MW_CHECK_OK(mw_store_exceptions(store, &q, on_exception, &got));
    MW_CHECK_EQ(got.severity, 3);
    MW_CHECK_EQ(got.input[2], 3);
    MW_CHECK(mw_utc_is_none(got.closed_at));
    MW_CHECK_OK(mw_store_exception_close(store, tenant, id, hour_at(31), "op-1", "seen"));
    MW_CHECK_STATUS(mw_store_exception_close(store, tenant, id, hour_at(31), "op-1", "seen"),
                    MW_NOT_FOUND);
    got = (mw_store_exception){0};
    MW_CHECK_OK(mw_store_exceptions(store, &q, on_exception, &got));
    MW_CHECK_EQ(got.id, 0);
    q.open_only = false;
    MW_CHECK_OK(mw_store_exceptions(store, &q, on_exception, &got));
    MW_CHECK_STR(got.closed_by, "op-1");
    MW_CHECK_OK(mw_store_exception_raise(store, &e, &again));
    MW_CHECK(again != id);
}

static mw_status on_suspense(void *ctx, const mw_store_suspense *row) {
    (void)row;
    (*(unsigned *)ctx)++;
    return MW_OK;
}

MW_TEST(suspense_is_kept_by_span) {
    mw_store_suspense rows[2] = {{.from = hour_at(0),
                                  .to = hour_at(24),
                                  .step = MW_REGISTER_FORWARD,
                                  .difference = 10,
                                  .intervals = 7,
                                  .suspense = 3,
                                  .at = hour_at(50)},
                                 {.from = hour_at(24),
                                  .to = hour_at(48),
                                  .step = MW_REGISTER_REVERSE,
                                  .difference = -4,
                                  .intervals = 0,
                                  .suspense = -4,
                                  .at = hour_at(50)}};
    int64_t balance = 0;
    MW_CHECK_OK(mw_store_suspense_settle(store, tenant, channel, hour_at(0), hour_at(48), rows, 2));
    MW_CHECK_OK(mw_store_suspense_sum(store, tenant, channel, &balance));
    MW_CHECK_EQ(balance, -1);
    rows[0].to = hour_at(30); /* one span where two were */
    rows[0].suspense = 5;
    MW_CHECK_OK(mw_store_suspense_settle(store, tenant, channel, hour_at(0), hour_at(30), rows, 1));
    MW_CHECK_OK(mw_store_suspense_sum(store, tenant, channel, &balance));
    MW_CHECK_EQ(balance, 5);
    unsigned n = 0;
    MW_CHECK_OK(
        mw_store_suspense_list(store, tenant, channel, hour_at(0), hour_at(48), on_suspense, &n));
    MW_CHECK_EQ(n, 1);
}

#define VALUES_CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
MW_TEST_MAIN(VALUES_CASE(a_revision_stands_over_what_it_covers),
             VALUES_CASE(reports_as_they_were_known),
             VALUES_CASE(a_locked_span_keeps_what_was_billed),
             VALUES_CASE(revisions_and_changes_are_listed), VALUES_CASE(bad_revisions_are_refused),
             VALUES_CASE(findings_open_and_close), VALUES_CASE(suspense_is_kept_by_span))
