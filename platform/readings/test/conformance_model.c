/* SPDX-License-Identifier: Apache-2.0
 *
 * The suite's part for master data: people, usage points, the tree of areas by date, premises,
 * configurations, accounts, contracts, and chains of factors as known at any moment.
 */
#include <stdio.h>
#include <string.h>

#include "platform/readings/test/conformance_rows.h"

/* Knowledge only grows: each moment is after those before. */
static mw_utc later(mw_store *s, mw_prng *g) {
    int64_t clock = 0;
    MW_CHECK_OK(mw_store_cursor_get(s, "clock", &clock));
    clock += 10000 + some(g, 5000);
    MW_CHECK_OK(mw_store_cursor_set(s, "clock", clock));
    return mw_utc_of_s(1790000000 + clock);
}

static void act_person(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_person p = {.login = ""};
    mw_store_usage_point u = {.time_zone = "Asia/Kathmandu"};
    mw_store_premise h = {.time_zone = "Australia/Lord_Howe"};
    SOME_NAME(p.id, g, "cu", 4);
    SOME_NAME(p.name, g, "name", 9);
    SOME_NAME(p.login, g, "login", 9);
    MW_CHECK_OK(mw_store_person_put(s, tenant, &p));
    SOME_NAME(u.id, g, "point", 4);
    SOME_NAME(u.address, g, "street", 9);
    SOME_NAME(u.person, g, "cu", 4);
    MW_CHECK_OK(mw_store_usage_point_put(s, tenant, &u));
    SOME_NAME(h.id, g, "house", 3);
    SOME_NAME(h.address, g, "street", 9);
    MW_CHECK_OK(mw_store_premise_put(s, tenant, &h));
    SOME_NAME(u.id, g, "point", 5);
    SAY_STATUS("premise", mw_store_usage_point_premise_set(s, tenant, u.id, h.id));
}

static void act_area(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_area a = {.kind = "feeder"};
    mw_store_membership m = {.from = later(s, g), .to = MW_UTC_NONE};
    int k = (int)some(g, 6);
    (void)snprintf(a.id, sizeof a.id, "area-%d", k);
    (void)snprintf(a.kind, sizeof a.kind, "%s", k % 2 == 0 ? "feeder" : "dma");
    SOME_NAME(a.name, g, "name", 9);
    MW_CHECK_OK(mw_store_area_put(s, tenant, &a));
    m.kind = (mw_store_member_kind)(1 + some(g, 3));
    int up = (int)some(g, 7);
    (void)snprintf(m.area, sizeof m.area, "area-%d", up);
    if (m.kind == MW_MEMBER_AREA) /* a tree: below one with a smaller number */
        (void)snprintf(m.member, sizeof m.member, "area-%d", up + 1 + (int)some(g, 3));
    else
        SOME_NAME(m.member, g, m.kind == MW_MEMBER_PREMISE ? "house" : "point", 4);
    SAY_STATUS("member", mw_store_membership_put(s, tenant, &m));
    if (some(g, 3) == 0) {
        m.to = mw_utc_add(m.from, mw_dur_s(1 + some(g, 9000)));
        SAY_STATUS("member until", mw_store_membership_put(s, tenant, &m));
    }
}

static void act_contract(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_device_config c = {.device = some(g, 2), .from = mw_utc_of_s(86400 * some(g, 4))};
    mw_store_account a = {.id = ""};
    mw_store_contract k = {.from = some_time(g),
                           .to = some(g, 2) == 0 ? MW_UTC_NONE : mw_utc_of_s(1900000000)};
    SOME_NAME(c.version, g, "v", 9);
    SOME_NAME(c.text, g, "text", 9);
    MW_CHECK_OK(mw_store_device_config_put(s, tenant, &c));
    SOME_NAME(a.id, g, "ac", 3);
    SOME_NAME(a.person, g, "cu", 3);
    SOME_NAME(a.name, g, "name", 9);
    MW_CHECK_OK(mw_store_account_put(s, tenant, &a));
    SOME_NAME(k.id, g, "co", 6);
    SOME_NAME(k.account, g, "ac", 3);
    SOME_NAME(k.usage_point, g, "point", 3);
    SOME_NAME(k.tariff, g, "tariff", 3);
    MW_CHECK_OK(mw_store_contract_put(s, tenant, &k));
}

static void act_factor(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_factor f = {.channel = 1 + some(g, 2),
                         .kind = (mw_store_factor_kind)(1 + some(g, 3)),
                         .from = mw_utc_of_s(86400 * some(g, 3)),
                         .num = 1 + some(g, 999),
                         .den = 1 + some(g, 9)};
    f.recorded = later(s, g);
    MW_CHECK_OK(mw_store_factor_put(s, tenant, &f));
    f.den = 0;
    MW_CHECK_STATUS(mw_store_factor_put(s, tenant, &f), MW_RANGE);
}

static void act_register(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_register_spec r = {.channel = 900 + some(g, 2),
                                .from = mw_utc_of_s(86400 * some(g, 4)),
                                .digits = (uint8_t)some(g, 9),
                                .decimals = (uint8_t)some(g, 4),
                                .wrap = some(g, 99999),
                                .max_per_hour = some(g, 999)};
    mw_store_register_mark k = {.channel = r.channel,
                                .at = mw_utc_of_s(86400 * some(g, 6)),
                                .before = some(g, 9999),
                                .after = some(g, 99),
                                .recorded = some_time(g),
                                .who = "fitter"};
    SOME_NAME(k.text, g, "reset", 9);
    MW_CHECK_OK(mw_store_register_spec_put(s, tenant, &r));
    MW_CHECK_OK(mw_store_register_mark_put(s, tenant, &k));
    r.digits = 19;
    MW_CHECK_STATUS(mw_store_register_spec_put(s, tenant, &r), MW_RANGE);
}

static void act(mw_store *s, int64_t tenant, mw_prng *g) {
    static void (*const acts[])(mw_store *, int64_t, mw_prng *) = {
        act_person, act_area, act_contract, act_factor, act_register};
    acts[some(g, sizeof acts / sizeof acts[0])](s, tenant, g);
}

static mw_status on_area(void *ctx, const mw_store_area *a) {
    (void)ctx;
    SAY(a->id, a->kind, 0);
    SAY("name", a->name, 0);
    return MW_OK;
}

static mw_status on_member(void *ctx, const mw_store_membership *m) {
    (void)ctx;
    SAY(m->member, m->area, (int64_t)m->kind, m->from.us, m->to.us);
    return MW_OK;
}

static mw_status on_config(void *ctx, const mw_store_device_config *c) {
    (void)ctx;
    SAY(c->version, c->text, c->device, c->from.us);
    return MW_OK;
}

static mw_status on_contract(void *ctx, const mw_store_contract *c) {
    (void)ctx;
    SAY(c->id, c->account, c->from.us, c->to.us);
    SAY(c->usage_point, c->tariff, 0);
    return MW_OK;
}

static mw_status on_factor(void *ctx, const mw_store_factor *f) {
    (void)ctx;
    SAY("factor", "", f->channel, (int64_t)f->kind, f->from.us, f->num, f->den, f->recorded.us,
        f->superseded.us);
    return MW_OK;
}

static mw_status on_mark(void *ctx, const mw_store_register_mark *k) {
    (void)ctx;
    SAY(k->who, k->text, k->channel, k->at.us, k->before, k->after, k->recorded.us);
    return MW_OK;
}

static void tell_registers(mw_store *s, int64_t tenant) {
    for (int64_t channel = 900; channel < 902; channel++) {
        mw_store_register_spec r;
        for (int64_t day = 0; day < 5; day++)
            if (mw_store_register_spec_at(s, tenant, channel, mw_utc_of_s(day * 86400), &r) ==
                MW_OK)
                SAY("spec", "", r.channel, r.from.us, r.digits, r.decimals, r.wrap, r.max_per_hour);
        MW_CHECK_OK(mw_store_register_marks(s, tenant, channel, mw_utc_of_s(0),
                                            mw_utc_of_s(86400 * 4), on_mark, NULL));
    }
}

static void tell_at(mw_store *s, int64_t tenant, const char *point, mw_utc at) {
    for (int k = 0; k < 6; k++) {
        char area[16];
        bool holds = false;
        (void)snprintf(area, sizeof area, "area-%d", k);
        MW_CHECK_OK(mw_store_area_holds(s, tenant, area, point, at, &holds));
        SAY(area, point, holds);
        for (int kind = MW_MEMBER_AREA; kind <= MW_MEMBER_USAGE_POINT; kind++)
            MW_CHECK_OK(mw_store_memberships(s, tenant, (mw_store_member_kind)kind, NULL, area, at,
                                             on_member, NULL));
    }
    MW_CHECK_OK(
        mw_store_memberships(s, tenant, MW_MEMBER_USAGE_POINT, point, NULL, at, on_member, NULL));
}

static void tell_named(mw_store *s, int64_t tenant, int k) {
    char id[16], premise[MW_STORE_ID_MAX];
    mw_store_person p;
    mw_store_usage_point u;
    mw_store_premise h;
    mw_store_account a;
    (void)snprintf(id, sizeof id, "cu-%d", k);
    if (mw_store_person_get(s, tenant, id, &p) == MW_OK)
        SAY(p.name, p.login, k);
    (void)snprintf(id, sizeof id, "house-%d", k);
    if (mw_store_premise_get(s, tenant, id, &h) == MW_OK)
        SAY(h.address, h.time_zone, k);
    (void)snprintf(id, sizeof id, "ac-%d", k);
    if (mw_store_account_get(s, tenant, id, &a) == MW_OK)
        SAY(a.person, a.name, k);
    MW_CHECK_OK(mw_store_contracts(s, tenant, id, NULL, on_contract, NULL));
    (void)snprintf(id, sizeof id, "point-%d", k);
    MW_CHECK_OK(mw_store_contracts(s, tenant, NULL, id, on_contract, NULL));
    if (mw_store_usage_point_get(s, tenant, id, &u, premise) == MW_OK) {
        SAY(u.address, u.time_zone, k);
        SAY(u.person, premise, 0);
    }
    tell_at(s, tenant, id, mw_utc_of_s(1790300000 + 100000 * k));
    MW_CHECK_OK(mw_store_device_configs(s, tenant, k, on_config, NULL));
}

static void tell(mw_store *s, int64_t tenant) {
    MW_CHECK_OK(mw_store_areas(s, tenant, on_area, NULL));
    tell_registers(s, tenant);
    for (int k = 0; k < 5; k++)
        tell_named(s, tenant, k);
    for (int64_t channel = 1; channel < 3; channel++) {
        MW_CHECK_OK(mw_store_factors(s, tenant, channel, MW_UTC_NONE, on_factor, NULL));
        MW_CHECK_OK(mw_store_factors(s, tenant, channel, mw_utc_of_s(1790400000), on_factor, NULL));
    }
}

const mw_conformance_group mw_conformance_model = {"master data", act, tell};
