/* SPDX-License-Identifier: Apache-2.0
 *
 * Master data by date.
 */
#include <stdio.h>

#include "platform/store/test/scratch.h"

static char path[64];
static mw_store *store;
static int64_t tenant;

static int setup(void **state) {
    (void)state;
    store = scratch_new("model", path);
    MW_CHECK_OK(mw_store_begin(store));
    MW_CHECK_OK(mw_store_tenant_put(store, "demo", &tenant));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    mw_store_close(store);
    store = NULL;
    scratch_remove(path);
    return 0;
}

static mw_utc day(int64_t n) {
    return mw_utc_of_s(n * 86400);
}

static mw_status area_of(void *ctx, const mw_store_membership *m) {
    snprintf(ctx, MW_STORE_ID_MAX, "%s", m->area);
    return MW_OK;
}

static mw_status count_member(void *ctx, const mw_store_membership *m) {
    (void)m;
    (*(unsigned *)ctx)++;
    return MW_OK;
}

static const char *area_at(const char *point, mw_utc at) {
    static char area[MW_STORE_ID_MAX];
    area[0] = 0;
    MW_CHECK_OK(
        mw_store_memberships(store, tenant, MW_MEMBER_USAGE_POINT, point, NULL, at, area_of, area));
    return area;
}

MW_TEST(usage_points_lie_in_areas_by_date) {
    const char *const ids[] = {"north", "dma-1", "dma-2"};
    for (unsigned i = 0; i < 3; i++) {
        mw_store_area a = {.kind = "dma", .name = "An area"};
        snprintf(a.id, sizeof a.id, "%s", ids[i]);
        if (i == 0)
            snprintf(a.kind, sizeof a.kind, "region");
        MW_CHECK_OK(mw_store_area_put(store, tenant, &a));
    }
    mw_store_membership m = {.kind = MW_MEMBER_USAGE_POINT,
                             .member = "up-1",
                             .area = "dma-1",
                             .from = day(10),
                             .to = MW_UTC_NONE};
    MW_CHECK_OK(mw_store_membership_put(store, tenant, &m));
    MW_CHECK_OK(mw_store_membership_put(store, tenant, &m)); /* the same again */
    m.from = day(20);
    snprintf(m.area, sizeof m.area, "dma-2");
    MW_CHECK_OK(mw_store_membership_put(store, tenant, &m));
    m.from = day(5);
    snprintf(m.area, sizeof m.area, "dma-1");
    MW_CHECK_STATUS(mw_store_membership_put(store, tenant, &m), MW_CONFLICT);
    snprintf(m.area, sizeof m.area, "nowhere");
    MW_CHECK_STATUS(mw_store_membership_put(store, tenant, &m), MW_NOT_FOUND);
    MW_CHECK_STR(area_at("up-1", day(9)), "");
    MW_CHECK_STR(area_at("up-1", day(19)), "dma-1");
    MW_CHECK_STR(area_at("up-1", day(20)), "dma-2");
    m = (mw_store_membership){
        .kind = MW_MEMBER_AREA, .member = "dma-2", .area = "north", .to = MW_UTC_NONE};
    MW_CHECK_OK(mw_store_membership_put(store, tenant, &m));
    unsigned n = 0;
    MW_CHECK_OK(mw_store_memberships(store, tenant, MW_MEMBER_AREA, NULL, "north", day(1),
                                     count_member, &n));
    MW_CHECK_EQ(n, 1);
}

MW_TEST(premises_accounts_and_contracts) {
    mw_store_usage_point u = {.id = "up-1", .address = "flat 2", .time_zone = "Europe/Rome"}, v;
    mw_store_premise p = {.id = "pr-1", .address = "Via Roma 1", .time_zone = "Europe/Rome"}, q;
    char premise[MW_STORE_ID_MAX];
    MW_CHECK_OK(mw_store_premise_put(store, tenant, &p));
    MW_CHECK_STATUS(mw_store_usage_point_premise_set(store, tenant, "up-1", "pr-1"), MW_NOT_FOUND);
    MW_CHECK_OK(mw_store_usage_point_put(store, tenant, &u));
    MW_CHECK_OK(mw_store_usage_point_premise_set(store, tenant, "up-1", "pr-1"));
    MW_CHECK_OK(mw_store_usage_point_get(store, tenant, "up-1", &v, premise));
    MW_CHECK_STR(premise, "pr-1");
    MW_CHECK_STR(v.address, "flat 2");
    MW_CHECK_OK(mw_store_premise_get(store, tenant, premise, &q));
    MW_CHECK_STR(q.address, "Via Roma 1");
    mw_store_account a = {.id = "ac-1", .person = "cu-1", .name = "Anna"}, b;
    MW_CHECK_OK(mw_store_account_put(store, tenant, &a));
    MW_CHECK_OK(mw_store_account_get(store, tenant, "ac-1", &b));
    MW_CHECK_STR(b.person, "cu-1");
    mw_store_contract c = {.id = "co-1",
                           .account = "ac-1",
                           .usage_point = "up-1",
                           .tariff = "T1",
                           .from = day(1),
                           .to = MW_UTC_NONE};
    MW_CHECK_OK(mw_store_contract_put(store, tenant, &c));
    mw_store_device_config d = {.device = 3, .from = day(2), .version = "7", .text = "{}"};
    MW_CHECK_OK(mw_store_device_config_put(store, tenant, &d));
}

static mw_status on_contract(void *ctx, const mw_store_contract *c) {
    *(mw_store_contract *)ctx = *c;
    return MW_OK;
}

MW_TEST(contracts_by_account_and_by_point) {
    mw_store_contract c = {.id = "co-1",
                           .account = "ac-1",
                           .usage_point = "up-1",
                           .tariff = "T1",
                           .from = day(1),
                           .to = day(30)},
                      got = {0};
    MW_CHECK_OK(mw_store_contract_put(store, tenant, &c));
    MW_CHECK_OK(mw_store_contracts(store, tenant, "ac-1", NULL, on_contract, &got));
    MW_CHECK_STR(got.tariff, "T1");
    got = (mw_store_contract){0};
    MW_CHECK_OK(mw_store_contracts(store, tenant, NULL, "up-1", on_contract, &got));
    MW_CHECK_EQ(got.to.us, day(30).us);
    got = (mw_store_contract){0};
    MW_CHECK_OK(mw_store_contracts(store, tenant + 1, NULL, "up-1", on_contract, &got));
    MW_CHECK_STR(got.id, "");
}

static mw_status on_factor(void *ctx, const mw_store_factor *f) {
    int64_t *product = ctx;
    *product = *product * f->num / f->den;
    return MW_OK;
}

static int64_t chain(mw_utc as_of) {
    int64_t product = 1;
    MW_CHECK_OK(mw_store_factors(store, tenant, 7, as_of, on_factor, &product));
    return product;
}

MW_TEST(factors_are_superseded_not_lost) {
    mw_store_factor f = {.channel = 7,
                         .kind = MW_FACTOR_CT,
                         .from = day(1),
                         .num = 40,
                         .den = 1,
                         .recorded = day(2)};
    MW_CHECK_OK(mw_store_factor_put(store, tenant, &f));
    f.kind = MW_FACTOR_VT;
    f.num = 100;
    MW_CHECK_OK(mw_store_factor_put(store, tenant, &f));
    f.recorded = day(9); /* it was 110 all the time */
    f.num = 110;
    MW_CHECK_OK(mw_store_factor_put(store, tenant, &f));
    MW_CHECK_EQ(chain(MW_UTC_NONE), 4400);
    MW_CHECK_EQ(chain(day(8)), 4000);
    MW_CHECK_EQ(chain(day(9)), 4400);
    MW_CHECK_EQ(chain(day(1)), 1);
    f.den = 0;
    MW_CHECK_STATUS(mw_store_factor_put(store, tenant, &f), MW_RANGE);
    mw_store_register_spec spec = {.channel = 7, .from = day(1), .digits = 6, .max_per_hour = 10},
                           got;
    MW_CHECK_OK(mw_store_register_spec_put(store, tenant, &spec));
    MW_CHECK_STATUS(mw_store_register_spec_at(store, tenant, 7, day(0), &got), MW_NOT_FOUND);
    MW_CHECK_OK(mw_store_register_spec_at(store, tenant, 7, day(3), &got));
    MW_CHECK_EQ(got.digits, 6);
}

typedef struct places {
    char text[256];
} places;

static mw_status on_installation(void *ctx, const mw_store_installation *i) {
    places *p = ctx;
    size_t n = strlen(p->text);
    snprintf(p->text + n, sizeof p->text - n, "%s[%lld,%lld) ", i->usage_point,
             (long long)(i->from.us / day(1).us),
             mw_utc_is_none(i->to) ? -1LL : (long long)(i->to.us / day(1).us));
    return MW_OK;
}

static const char *places_of(int64_t channel, const char *point, mw_utc as_of) {
    static places p;
    p.text[0] = 0;
    mw_store_installation_query q = {
        .tenant = tenant, .channel = channel, .usage_point = point, .as_of = as_of};
    MW_CHECK_OK(mw_store_installations(store, &q, on_installation, &p));
    return p.text;
}

MW_TEST(installations_keep_what_was_believed) {
    mw_store_installation rows[2] = {
        {.channel = 7, .usage_point = "up-1", .from = day(1), .to = MW_UTC_NONE},
        {.channel = 7, .usage_point = "up-2", .from = day(10), .to = MW_UTC_NONE}};
    MW_CHECK_OK(mw_store_installations_set(store, tenant, 7, rows, 1, day(1)));
    MW_CHECK_STATUS(mw_store_installations_set(store, tenant, 7, rows, 2, day(20)), MW_RANGE);
    rows[0].to = day(10);
    rows[0].has_final_value = true;
    rows[0].final_value = 500;
    MW_CHECK_OK(mw_store_installations_set(store, tenant, 7, rows, 2, day(20)));
    MW_CHECK_STR(places_of(7, NULL, MW_UTC_NONE), "up-1[1,10) up-2[10,-1) ");
    MW_CHECK_STR(places_of(7, NULL, day(19)), "up-1[1,-1) ");
    MW_CHECK_STR(places_of(7, NULL, day(20)), "up-1[1,10) up-2[10,-1) ");
    MW_CHECK_STR(places_of(0, "up-2", day(19)), "");
    MW_CHECK_STR(places_of(0, "up-1", MW_UTC_NONE), "up-1[1,10) ");
    snprintf(rows[1].usage_point, sizeof rows[1].usage_point, "up-3");
    MW_CHECK_OK(mw_store_installations_set(store, tenant, 7, rows, 2, day(30)));
    MW_CHECK_STR(places_of(7, NULL, day(25)), "up-1[1,10) up-2[10,-1) ");
    MW_CHECK_STR(places_of(7, NULL, day(31)), "up-1[1,10) up-3[10,-1) ");
}

static mw_status on_reading(void *ctx, const mw_store_register *r) {
    int64_t *sum = ctx;
    *sum = *sum * 100 + r->value;
    return MW_OK;
}

MW_TEST(readings_by_time_and_marks) {
    const uint8_t obis[6] = {8, 0, 1, 0, 0, 255};
    for (int64_t i = 1; i <= 5; i++) {
        mw_store_register r = {.tenant = tenant,
                               .channel = 7,
                               .obis = {8, 0, 1, 0, 0, 255},
                               .meter = day(6 - i),
                               .received = day(6),
                               .stored = day(6),
                               .value = 6 - i};
        MW_CHECK_OK(mw_store_register_append(store, &r));
    }
    int64_t seen = 0;
    MW_CHECK_OK(
        mw_store_registers_between(store, tenant, 7, obis, day(2), day(4), on_reading, &seen));
    MW_CHECK_EQ(seen, 20304);
    seen = 0;
    MW_CHECK_OK(
        mw_store_registers_around(store, tenant, 7, obis, day(2), day(4), on_reading, &seen));
    MW_CHECK_EQ(seen, 105);
    mw_store_register_mark m = {.channel = 7, .at = day(3), .before = 50, .who = "op-1"};
    MW_CHECK_OK(mw_store_register_mark_put(store, tenant, &m));
}

#define MODEL_CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
MW_TEST_MAIN(MODEL_CASE(usage_points_lie_in_areas_by_date),
             MODEL_CASE(premises_accounts_and_contracts),
             MODEL_CASE(contracts_by_account_and_by_point),
             MODEL_CASE(factors_are_superseded_not_lost),
             MODEL_CASE(installations_keep_what_was_believed),
             MODEL_CASE(readings_by_time_and_marks))
