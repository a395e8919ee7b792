/* SPDX-License-Identifier: Apache-2.0
 *
 * The suite's part for validation: meters that are not in order, learned choices, sources, profiles,
 * findings.
 */
#include <stdio.h>
#include <string.h>

#include "platform/readings/test/conformance_rows.h"

static void act_meter(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_vee_meter m = {.tenant = tenant,
                            .channel = 1 + some(g, 7),
                            .state = (uint8_t)some(g, 6),
                            .cause = (uint8_t)some(g, 3),
                            .since = some_time(g),
                            .silent = some(g, 2) == 0 ? MW_UTC_NONE : some_time(g),
                            .filled = some_time(g),
                            .valued = some_time(g),
                            .day_use = some(g, 999),
                            .risk_per_day = some(g, 3),
                            .slots = some(g, 99),
                            .estimated = some(g, 999) - 200,
                            .low = -some(g, 99),
                            .high = some(g, 99)};
    SOME_NAME(m.station, g, "st", 2);
    if (some(g, 4) > 0)
        MW_CHECK_OK(mw_store_vee_meter_put(s, &m));
    else
        MW_CHECK_OK(mw_store_vee_meter_forget(s, tenant - some(g, 2), m.channel));
}

static void act_choice(mw_store *s, int64_t tenant, mw_prng *g) {
    uint8_t learned[50];
    memset(learned, (int)some(g, 250), sizeof learned);
    if (some(g, 4) > 0)
        MW_CHECK_OK(mw_store_vee_choice_put(s, tenant, some(g, 3), 20000 + some(g, 4),
                                            (mw_slice){learned, 1 + (size_t)some(g, 49)}));
    else
        MW_CHECK_OK(mw_store_vee_choice_forget(s, tenant, some(g, 3), 20000 + some(g, 4)));
}

static void act_source(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_source r = {.tenant = tenant,
                         .channel = some(g, 3),
                         .kind = (mw_store_source_kind)some(g, MW_SOURCE_KINDS + 1),
                         .source = some(g, 5)};
    mw_store_profile p = {.tenant = tenant,
                          .medium = (uint8_t)some(g, 2),
                          .class = (uint8_t)some(g, 2),
                          .from = mw_utc_of_s(86400 * some(g, 3)),
                          .set_at = some_time(g)};
    for (int i = 0; i < 72; i++)
        p.weight[i / 24][i % 24] = some(g, 1000000);
    SOME_NAME(p.set_by, g, "eve", 2);
    SAY_STATUS("source",
               some(g, 4) > 0 ? mw_store_vee_source_put(s, &r) : mw_store_vee_source_drop(s, &r));
    MW_CHECK_OK(mw_store_vee_profile_put(s, &p));
}

static void act_finding(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_exception e = {.tenant = tenant,
                            .channel = 1 + some(g, 3),
                            .rule = (uint16_t)(1 + some(g, 3)),
                            .severity = (uint8_t)some(g, 4),
                            .from = mw_utc_of_s(1790000000 + 3600 * some(g, 3)),
                            .to = some_time(g),
                            .input = {some(g, 9), -some(g, 9), some(g, 9)},
                            .threshold = some(g, 99),
                            .found_at = some_time(g)};
    int64_t id = 0;
    MW_CHECK_OK(mw_store_exception_raise(s, &e, &id));
    SAY("finding", "", id);
    if (some(g, 2) == 0) {
        id = 1 + some(g, (uint64_t)id + 1);
        SAY_STATUS("close",
                   mw_store_exception_close(s, tenant, id, some_time(g), "eve", "looked at"));
        SAY_STATUS("judge", mw_store_exception_judge(s, tenant, id, (mw_store_judged)some(g, 4)));
    }
}

static void act(mw_store *s, int64_t tenant, mw_prng *g) {
    static void (*const acts[])(mw_store *, int64_t, mw_prng *) = {act_meter, act_choice,
                                                                   act_source, act_finding};
    acts[some(g, sizeof acts / sizeof acts[0])](s, tenant, g);
}

static mw_status on_meter(void *ctx, const mw_store_vee_meter *m) {
    (void)ctx;
    SAY("meter", m->station, m->tenant, m->channel, m->state, m->cause, m->since.us, m->silent.us,
        m->filled.us, m->valued.us, m->day_use, m->risk_per_day, m->slots, m->estimated, m->low,
        m->high);
    return MW_OK;
}

static mw_status on_source(void *ctx, const mw_store_source *r) {
    (void)ctx;
    SAY("source", "", r->channel, (int64_t)r->kind, r->source);
    return MW_OK;
}

static mw_status on_profile(void *ctx, const mw_store_profile *p) {
    int64_t sum = 0;
    (void)ctx;
    for (int i = 0; i < 72; i++)
        sum += (i + 1) * p->weight[i / 24][i % 24];
    SAY("profile", p->set_by, p->medium, p->class, p->from.us, sum, p->set_at.us);
    return MW_OK;
}

static mw_status on_finding(void *ctx, const mw_store_exception *e) {
    (void)ctx;
    SAY(e->closed_by, e->text, e->id, e->channel, e->rule, e->severity, e->from.us, e->to.us,
        e->input[0], e->input[1], e->input[2], e->threshold, e->found_at.us, e->closed_at.us,
        e->judged);
    return MW_OK;
}

static mw_status on_count(void *ctx, const mw_store_rule_count *c) {
    (void)ctx;
    SAY("rule", "", c->rule, c->found, c->open, c->accepted, c->rejected, c->edited, c->gone,
        c->channels, c->newest.us);
    return MW_OK;
}

static void tell_findings(mw_store *s, int64_t tenant) {
    mw_store_exception_query q = {.tenant = tenant, .limit = 100};
    MW_CHECK_OK(mw_store_exceptions(s, &q, on_finding, NULL));
    q = (mw_store_exception_query){.tenant = tenant, .limit = 3, .open_only = true, .before = 20};
    MW_CHECK_OK(mw_store_exceptions(s, &q, on_finding, NULL));
    q.channel = 2;
    MW_CHECK_OK(mw_store_exceptions(s, &q, on_finding, NULL));
    q.open_only = false;
    q.severity_min = 2;
    MW_CHECK_OK(mw_store_exceptions(s, &q, on_finding, NULL));
    q = (mw_store_exception_query){.tenant = tenant, .limit = 9, .of_rule = true, .rule = 2};
    MW_CHECK_OK(mw_store_exceptions(s, &q, on_finding, NULL));
    MW_CHECK_OK(mw_store_rule_counts(s, tenant, mw_utc_of_s(0), on_count, NULL));
    MW_CHECK_OK(mw_store_rule_counts(s, tenant, mw_utc_of_s(1790500000), on_count, NULL));
}

static void tell(mw_store *s, int64_t tenant) {
    MW_CHECK_OK(mw_store_vee_meters(s, tenant, 100, on_meter, NULL));
    MW_CHECK_OK(mw_store_vee_meters(s, tenant, 2, on_meter, NULL));
    MW_CHECK_OK(mw_store_vee_meters_scan(s, 2, 3, on_meter, NULL));
    for (int64_t channel = 0; channel < 3; channel++) {
        MW_CHECK_OK(mw_store_vee_sources(s, tenant, channel, on_source, NULL));
        for (int64_t day = 20000; day < 20004; day++) {
            uint8_t learned[64];
            size_t n = 0;
            if (mw_store_vee_choice_get(s, tenant, channel, day, MW_SPAN_OF(learned), &n) == MW_OK)
                SAY("choice", "", channel, day, (int64_t)n, learned[0]);
        }
    }
    MW_CHECK_OK(mw_store_vee_profiles(s, tenant, on_profile, NULL));
    tell_findings(s, tenant);
}

const mw_conformance_group mw_conformance_watch = {"validation", act, tell};
