/* SPDX-License-Identifier: Apache-2.0
 *
 * The suite's part for groups that keep rows and give them back. Here: retention and holds, settings
 * of validation, judgements and corrections, users and sessions; the others in conformance_<group>.c.
 */
#include <stdio.h>
#include <string.h>

#include "platform/readings/test/conformance.h"
#include "platform/readings/test/conformance_rows.h"
#include "platform/store/chunk.h"
#include "platform/store/memory.h"

enum { TEXT = 1 << 18, DAY0 = 20700 };

static mw_store *stores[2];
static char told[2][TEXT];
static size_t told_n[2];
static unsigned at; /* whose words are taken down */

void mw_conformance_say(const char *what, const int64_t *numbers, size_t n, const char *text) {
    size_t *k = &told_n[at];
    *k += (size_t)snprintf(told[at] + *k, TEXT - *k, "%s", what);
    for (size_t i = 0; i < n; i++)
        *k += (size_t)snprintf(told[at] + *k, TEXT - *k, " %lld", (long long)numbers[i]);
    *k += (size_t)snprintf(told[at] + *k, TEXT - *k, " %s\n", text);
    MW_CHECK(*k < TEXT - 512);
}
static mw_status on_retention(void *ctx, const mw_store_retention *r) {
    (void)ctx;
    SAY("retention", r->who, (int64_t)r->tier, r->days, r->at.us);
    return MW_OK;
}

static mw_status on_hold(void *ctx, const mw_store_hold *h) {
    (void)ctx;
    SAY("hold", h->subject, h->id, (int64_t)h->kind, h->from.us, h->to.us, h->at.us,
        h->released_at.us);
    SAY(h->who, h->why, 0);
    SAY("released", h->released_by, 0);
    return MW_OK;
}

static mw_status on_day(void *ctx, int64_t day, int64_t channel) {
    (void)ctx;
    SAY("day", "", day, channel);
    return MW_OK;
}

static mw_status on_setting(void *ctx, const mw_store_vee_setting *r) {
    (void)ctx;
    SAY(r->name, r->set_by, r->class, r->from.us, r->value, r->set_at.us);
    return MW_OK;
}

static mw_status on_verdict(void *ctx, const mw_store_verdict *v) {
    (void)ctx;
    SAY("verdict", v->text, v->id, v->from.us, v->to.us, (int64_t)v->kind, v->at.us);
    return MW_OK;
}

static mw_status on_correction(void *ctx, const mw_store_correction *c) {
    (void)ctx;
    SAY("correction", c->text, c->id, c->channel, c->lock, c->from.us, c->to.us, c->was, c->now);
    return MW_OK;
}

static mw_status on_value(void *ctx, const mw_store_value *v) {
    (void)ctx;
    SAY("value", "", v->interval.start.us, v->interval.seconds, v->interval.value,
        v->interval.quality, v->interval.journal);
    return MW_OK;
}

/* The same for people: one random action. */
static void act_people(mw_store *s, int64_t tenant, mw_prng *g, int64_t k, mw_utc t) {
    uint8_t hash[MW_STORE_TOKEN_HASH] = {(uint8_t)k, 9};
    mw_utc later = {t.us + 3600000000};
    switch (mw_prng_below(g, 3)) {
    case 0: {
        mw_store_user u = {.tenant = tenant, .name = "Anna", .role = "operator", .locale = "en"};
        (void)snprintf(u.id, sizeof u.id, "u-%d", (int)k);
        (void)snprintf(u.login, sizeof u.login, "login-%d", (int)k);
        u.disabled = mw_prng_below(g, 2) == 0;
        MW_CHECK_OK(mw_store_user_put(s, &u));
        break;
    }
    case 1: {
        mw_store_session row = {
            .tenant = tenant, .user = "u-1", .csrf = "c", .created = t, .last_used = t};
        mw_store_session there;
        memcpy(row.token_hash, hash, sizeof hash);
        row.expires = later;
        if (mw_store_session_get(s, MW_SLICE_OF(hash), &there) == MW_NOT_FOUND)
            MW_CHECK_OK(mw_store_session_put(s, &row));
        else
            MW_CHECK_OK(mw_store_session_touch(s, MW_SLICE_OF(hash), t, later));
        break;
    }
    default:
        MW_CHECK_OK(k < 3 ? mw_store_sessions_expire(s, t)
                          : mw_store_session_delete(s, MW_SLICE_OF(hash)));
        break;
    }
}

/* One random action, the same on both. */
static void act(mw_store *s, int64_t tenant, mw_prng *g) {
    int64_t id = 0, k = (int64_t)mw_prng_below(g, 8);
    mw_utc t = mw_utc_of_s(1790000000 + (int64_t)mw_prng_below(g, 1000000));
    mw_utc later = {t.us + 3600000000};
    switch (mw_prng_below(g, 12)) {
    case 7:
    case 8:
    case 9:
        act_people(s, tenant, g, k, t);
        break;
    case 0: {
        mw_store_retention r = {.tenant = tenant,
                                .tier = (mw_tier)(k % MW_TIERS),
                                .days = k * 100,
                                .at = t,
                                .who = "ops"};
        MW_CHECK_OK(mw_store_retention_put(s, &r));
        break;
    }
    case 1: {
        mw_store_hold h = {.tenant = tenant,
                           .kind = (mw_hold_kind)(k % 3 + 1),
                           .subject = "up-1",
                           .from = t,
                           .to = later,
                           .at = t,
                           .who = "ops",
                           .why = "court"};
        MW_CHECK_OK(mw_store_hold_add(s, &h, &id));
        SAY("held", "", id);
        break;
    }
    case 2:
        SAY("release", mw_status_name(mw_store_hold_release(s, tenant, k, t, "eve")), k);
        break;
    case 3: {
        mw_store_vee_setting r = {.tenant = tenant,

                                  .class = (uint8_t)(k % 3),
                                  .from = mw_utc_of_s(k / 3 * 86400),
                                  .value = k * 7,
                                  .set_at = t,
                                  .set_by = "ops"};
        (void)snprintf(r.name, sizeof r.name, "%s", k % 2 == 0 ? "spike" : "gap");
        MW_CHECK_OK(mw_store_vee_setting_put(s, &r));
        break;
    }
    case 4:
        MW_CHECK_OK(mw_store_vee_class_set(s, tenant, k, (uint8_t)mw_prng_below(g, 3)));
        break;
    case 5: {
        mw_store_verdict v = {.tenant = tenant,
                              .channel = k % 2,
                              .from = t,
                              .to = later,
                              .kind = MW_VERDICT_ACCEPTED,
                              .at = t,
                              .who = "ops",
                              .text = "right"};
        MW_CHECK_OK(mw_store_verdict_add(s, &v, &id));
        break;
    }
    case 6: {
        mw_store_correction c = {.tenant = tenant,
                                 .channel = k % 2 + 1,
                                 .lock = k % 3,
                                 .from = t,
                                 .to = later,
                                 .was = 5,
                                 .now = k,
                                 .at = t,
                                 .text = "late"};
        MW_CHECK_OK(mw_store_correction_add(s, &c, &id));
        break;
    }
    default: {
        mw_store_interval rows[2] = {
            {.start = mw_utc_of_s((DAY0 + k) * MW_DAY_S), .seconds = 79200, .value = k},
            {.start = mw_utc_of_s((DAY0 + k) * MW_DAY_S + 79200), .seconds = 7200, .value = 3}};
        rows[0].received = rows[1].received = mw_utc_of_s(mw_utc_floor_s(t));
        MW_CHECK_OK(mw_store_day_replace(s, tenant, 70 + k % 3, DAY0 + k, rows,
                                         (size_t)mw_prng_below(g, 3)));
        break;
    }
    }
}

static void tell_people(mw_store *s, int64_t tenant) {
    for (int k = 0; k < 8; k++) {
        uint8_t hash[MW_STORE_TOKEN_HASH] = {(uint8_t)k, 9}, class = 0;
        char name[32];
        mw_store_user u;
        mw_store_session row;
        (void)snprintf(name, sizeof name, "login-%d", k);
        if (mw_store_user_by_login(s, name, &u) == MW_OK)
            SAY("user", u.id, u.disabled, u.tenant == tenant);
        (void)snprintf(name, sizeof name, "u-%d", k);
        SAY(mw_status_name(mw_store_user_by_id(s, tenant, name, &u)), "", k);
        if (mw_store_session_get(s, MW_SLICE_OF(hash), &row) == MW_OK)
            SAY("session", row.user, row.created.us, row.last_used.us, row.expires.us);
        MW_CHECK_OK(mw_store_vee_class_get(s, tenant, k, &class));
        SAY("class", "", k, class);
    }
    int64_t users = 0;
    MW_CHECK_OK(mw_store_users_count(s, &users));
    SAY("users", "", users);
}

static void tell(mw_store *s, int64_t tenant) {
    mw_utc first = mw_utc_of_s(0), end = mw_utc_of_s(INT64_C(1) << 32);
    MW_CHECK_OK(mw_store_retentions(s, tenant, on_retention, NULL));
    MW_CHECK_OK(mw_store_holds(s, tenant, false, 0, 100, on_hold, NULL));
    MW_CHECK_OK(mw_store_holds(s, tenant, true, 5, 2, on_hold, NULL));
    MW_CHECK_OK(mw_store_days_after(s, tenant, DAY0 + 1, 71, DAY0 + 6, 100, on_day, NULL));
    MW_CHECK_OK(mw_store_days_after(s, tenant, 0, 0, DAY0 + 20, 2, on_day, NULL));
    MW_CHECK_OK(mw_store_vee_settings(s, tenant, on_setting, NULL));
    for (int64_t channel = 0; channel < 3; channel++) {
        int64_t sum = 0;
        MW_CHECK_OK(mw_store_verdicts(s, tenant, channel, first, end, on_verdict, NULL));
        MW_CHECK_OK(mw_store_corrections(s, tenant, channel, 0, 50, on_correction, NULL));
        MW_CHECK_OK(mw_store_correction_sum(s, tenant, channel, &sum));
        SAY("corrected", "", sum);
        mw_store_values_query q = {tenant, 70 + channel, MW_LAYER_FINAL, first, end, MW_UTC_NONE};
        MW_CHECK_OK(mw_store_values(s, &q, on_value, NULL));
    }
    tell_people(s, tenant);
}

static const mw_conformance_group rest = {"retention, validation, sessions", act, tell};

static void both_tell(const mw_conformance_group *group, const int64_t tenant[2]) {
    for (at = 0; at < 2; at++)
        group->tell(stores[at], tenant[at]);
    size_t same = 0, line = 0;
    for (; told[0][same] != 0 && told[0][same] == told[1][same]; same++)
        line = told[0][same] == '\n' ? same + 1 : line;
    if (told[0][same] != told[1][same])
        print_error("%s\nmodel: %.200s\nstore: %.200s\n", group->name, told[0] + line,
                    told[1] + line);
    MW_CHECK(told[0][same] == told[1][same]);
    told_n[0] = told_n[1] = 0;
}

static void group_run(const mw_conformance_group *group, uint64_t seed, const int64_t tenant[2]) {
    for (unsigned round = 0; round < 12; round++) {
        bool taken_back = round % 4 == 3;
        for (at = 0; at < 2; at++) {
            mw_prng g = mw_prng_of_stream(seed, round);
            int64_t before = 0, after = 0;
            MW_CHECK_OK(mw_store_data_version(stores[at], &before));
            MW_CHECK_OK(mw_store_begin(stores[at]));
            for (unsigned i = 0; i < 15; i++)
                group->act(stores[at], tenant[at], &g);
            MW_CHECK_OK(taken_back ? mw_store_rollback(stores[at]) : mw_store_commit(stores[at]));
            MW_CHECK_OK(mw_store_data_version(stores[at], &after));
            MW_CHECK_EQ(before, after); /* it tells of others' writes, not of one's own */
        }
        both_tell(group, tenant);
    }
}

void mw_conformance_groups(const mw_conformance_store *under_test, uint64_t seed) {
    static const mw_conformance_group *const groups[] = {
        &rest,
        &mw_conformance_alarms,
        &mw_conformance_commands,
        &mw_conformance_people,
        &mw_conformance_watch,
        &mw_conformance_model,
        &mw_conformance_files,
        &mw_conformance_decode,
        &mw_conformance_console,
        &mw_conformance_pages,
    };
    int64_t tenant[2], found = 0;
    under_test->remove();
    MW_CHECK_OK(mw_store_memory_open(&stores[0]));
    mw_conformance_note(stores[0]);
    stores[1] = under_test->open();
    for (at = 0; at < 2; at++) {
        MW_CHECK_OK(mw_store_begin(stores[at]));
        MW_CHECK_OK(mw_store_tenant_put(stores[at], "other", &tenant[at]));
        MW_CHECK_OK(mw_store_tenant_put(stores[at], "t", &tenant[at]));
        MW_CHECK_OK(mw_store_commit(stores[at]));
        MW_CHECK_OK(mw_store_tenant_find(stores[at], "t", &found));
        MW_CHECK_EQ(found, tenant[at]);
        MW_CHECK_STATUS(mw_store_tenant_find(stores[at], "nobody", &found), MW_NOT_FOUND);
    }
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        group_run(groups[i], seed + i, tenant);
    mw_store_close(stores[0]);
    mw_store_close(stores[1]);
    under_test->remove();
}
