/* SPDX-License-Identifier: Apache-2.0
 *
 * Random histories of one usage point: consumption forwards and backwards, meters exchanged in the
 * middle of an hour, registers that wrap and are reset, reports that come late, twice, out of order
 * or never, estimates and edits and their withdrawal. Whatever happens, final intervals + suspense
 * = register difference; and when everything has come, nothing is left in suspense.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/prng.h"
#include "platform/readings/conservation.h"
#include "platform/store/test/scratch.h"

enum { DAY0 = 20700, HOURS = 24 * 6, METERS_MAX = 4, WRAP_DIGITS = 4 };

static char path[64];
static mw_store *store;
static int64_t tenant, sender, clock_s;
static uint64_t seq;
static mw_prng g;

static unsigned below(unsigned n) {
    return (unsigned)mw_prng_below(&g, n);
}

static mw_utc hour_at(int64_t hour) {
    return mw_utc_of_s((int64_t)DAY0 * 86400 + hour * 3600);
}

/* A meter of the story: when it hung there and what it counted in each hour. */
typedef struct meter {
    mw_store_channel channel;
    int64_t from_s, to_s; /* relative to hour 0; to_s 0 = still */
    int64_t initial, final;
    int64_t use[HOURS];       /* counts of each hour while it hung */
    int64_t shown[HOURS + 1]; /* its register at the hours' boundaries */
    bool reported[HOURS];     /* the interval is known to the platform */
} meter;

static meter meters[METERS_MAX];
static unsigned meters_n;
static int64_t truth; /* all that passed the usage point */

static int64_t wrapped(int64_t v) {
    const int64_t wrap = 10000;
    return ((v % wrap) + wrap) % wrap;
}

static void channel_make(meter *m, unsigned number) {
    mw_store_device d = {.identity = UINT64_C(0xa000000000000000) + number};
    snprintf(d.serial, sizeof d.serial, "S-%u", number);
    int64_t device;
    MW_CHECK_OK(mw_store_device_put(store, tenant, &d, &device));
    m->channel = (mw_store_channel){.device = device,
                                    .obis = {8, 0, 1, 0, 0, 255},
                                    .medium = "water",
                                    .unit = MW_UNIT_L,
                                    .register_digits = WRAP_DIGITS,
                                    .grid_seconds = 3600};
    MW_CHECK_OK(mw_store_channel_put(store, tenant, &m->channel, &m->channel.channel));
}

/* Makes up what happened: who hung there when, and what each counted. */
static void story_make(bool reverse) {
    meters_n = 1 + below(METERS_MAX);
    truth = 0;
    int64_t at_s = below(2) ? 0 : (int64_t)below(3600 * 5);
    for (unsigned i = 0; i < meters_n; i++) {
        meter *m = &meters[i];
        memset(m, 0, sizeof *m);
        channel_make(m, i);
        bool last = i + 1 == meters_n;
        m->from_s = at_s;
        m->to_s = last ? 0 : at_s + 3600 * 20 + (int64_t)below(3600 * 15);
        m->initial = (int64_t)below(10000);
        int64_t shown = m->initial, end_s = last ? (int64_t)HOURS * 3600 : m->to_s;
        for (int64_t h = 0; h < HOURS; h++) {
            m->shown[h] = wrapped(shown);
            if ((h + 1) * 3600 <= m->from_s || h * 3600 >= end_s)
                continue;
            m->use[h] = (int64_t)below(40);
            if (reverse && below(12) == 0)
                m->use[h] = -(int64_t)below(9);
            shown += m->use[h];
            truth += m->use[h];
        }
        m->shown[HOURS] = wrapped(shown);
        m->final = wrapped(shown);
        at_s = m->to_s + (below(2) ? 0 : 600);
    }
}

static void story_record(void) {
    for (unsigned i = 0; i < meters_n; i++) {
        meter *m = &meters[i];
        mw_store_installation row = {.channel = m->channel.channel,
                                     .usage_point = "up-1",
                                     .from = {hour_at(0).us + m->from_s * MW_US_PER_S},
                                     .to = MW_UTC_NONE,
                                     .has_initial_value = true,
                                     .initial_value = m->initial};
        if (m->to_s != 0) {
            row.to.us = hour_at(0).us + m->to_s * MW_US_PER_S;
            row.has_final_value = true;
            row.final_value = m->final;
        }
        MW_CHECK_OK(mw_store_installations_set(store, tenant, row.channel, &row, 1, hour_at(0)));
        mw_store_change change = {.tenant = tenant,
                                  .channel = row.channel,
                                  .master = true,
                                  .from = hour_at(0),
                                  .to = hour_at(HOURS)};
        MW_CHECK_OK(mw_store_change_add(store, &change));
    }
}

static int64_t journal_add(void) {
    return scratch_uplink(store, tenant, sender, ++seq, mw_utc_of_s(clock_s += 60));
}

/* The meter hung there for the whole hour, so that its report of it is whole. */
static bool whole_hour(const meter *m, int64_t h) {
    return h * 3600 >= m->from_s && (m->to_s == 0 || (h + 1) * 3600 <= m->to_s);
}

/* One report: some hours' values, and the register at their end. */
static void report(meter *m, int64_t hour, int64_t n, bool with_register) {
    int64_t journal = journal_add();
    mw_utc now = mw_utc_of_s(clock_s);
    for (int64_t h = hour; h < hour + n && h < HOURS; h++) {
        if (!whole_hour(m, h))
            continue;
        mw_store_interval row = {.start = hour_at(h),
                                 .seconds = 3600,
                                 .value = m->use[h],
                                 .received = now,
                                 .journal = journal};
        MW_CHECK_OK(mw_store_run_append(store, tenant, m->channel.channel, &row, 1));
        m->reported[h] = true;
    }
    int64_t end = hour + n < HOURS ? hour + n : HOURS;
    if (!with_register || end * 3600 <= m->from_s || (m->to_s != 0 && end * 3600 >= m->to_s))
        return;
    mw_store_register r = {.tenant = tenant,
                           .channel = m->channel.channel,
                           .obis = {8, 0, 1, 0, 0, 255},
                           .meter = hour_at(end),
                           .received = now,
                           .stored = now,
                           .value = m->shown[end],
                           .journal = journal};
    MW_CHECK_OK(mw_store_register_append(store, &r));
}

static void revise(meter *m, int64_t hour, int64_t n) {
    mw_store_interval rows[24];
    bool withdraw = below(3) == 0, edit = below(3) == 0;
    int64_t day_end = (hour / 24 + 1) * 24;
    int64_t end = hour + n < day_end ? hour + n : day_end;
    mw_store_revision r = {.tenant = tenant,
                           .channel = m->channel.channel,
                           .layer = edit ? MW_LAYER_FINAL : MW_LAYER_VALIDATED,
                           .kind = withdraw ? MW_REVISION_WITHDRAW : MW_REVISION_SET,
                           .from = hour_at(hour),
                           .to = hour_at(end),
                           .at = mw_utc_of_s(clock_s += 60),
                           .actor = edit ? MW_ACTOR_USER : MW_ACTOR_METHOD,
                           .who = "somebody",
                           .reason = MW_REASON_GAP,
                           .rows = withdraw ? NULL : rows};
    for (int64_t h = hour; h < end && !withdraw; h++)
        if (below(5) != 0)
            rows[r.n++] = (mw_store_interval){.start = hour_at(h),
                                              .seconds = 3600,
                                              .value = (int64_t)below(50),
                                              .quality = MW_QUALITY_ESTIMATED};
    int64_t id;
    MW_CHECK_OK(mw_store_value_revise(store, &r, &id));
}

static void fold_all(void) {
    uint32_t n = 1;
    while (n > 0)
        MW_CHECK_OK(mw_store_fold(store, 100, &n));
}

static void settle_all(void) {
    uint32_t done = 1;
    for (int i = 0; done > 0; i++) {
        MW_CHECK(i < 100); /* settling comes to an end */
        MW_CHECK_OK(mw_settle_step(store, 1 + below(50), mw_utc_of_s(clock_s += 1), &done));
    }
}

static mw_status on_violation(void *ctx, const mw_violation *v) {
    (void)ctx;
    print_error("channel %lld [%lld h, %lld h): %s: %lld is not %lld + %lld\n",
                (long long)v->channel, (long long)((v->from.us - hour_at(0).us) / 3600000000),
                (long long)((v->to.us - hour_at(0).us) / 3600000000), v->what,
                (long long)v->difference, (long long)v->intervals, (long long)v->suspense);
    return MW_OK;
}

static mw_conservation check(void) {
    mw_conservation c;
    MW_CHECK_OK(mw_conservation_all(store, on_violation, NULL, NULL, &c));
    MW_CHECK_EQ(c.violations, 0);
    MW_CHECK_EQ(c.unsettled, 0);
    return c;
}

static void open_new(void) {
    scratch_remove(path);
    store = scratch_open(path);
    MW_CHECK_OK(mw_store_begin(store));
    MW_CHECK_OK(mw_store_tenant_put(store, "demo", &tenant));
    uint8_t hash[32] = {1};
    MW_CHECK_OK(mw_store_sender_put(store, tenant, "st-1", MW_SLICE_OF(hash), &sender));
    clock_s = (int64_t)DAY0 * 86400;
    seq = 0;
}

static int setup(void **state) {
    (void)state;
    snprintf(path, sizeof path, "conservation-test-%d.db", (int)getpid());
    return 0;
}

static int teardown(void **state) {
    (void)state;
    mw_store_close(store);
    store = NULL;
    scratch_remove(path);
    return 0;
}

/* Reports in any order, some twice, some never; estimates and edits between. */
static void live_through(unsigned actions) {
    bool recorded = false;
    for (unsigned i = 0; i < actions; i++) {
        meter *m = &meters[below(meters_n)];
        int64_t hour = (int64_t)below(HOURS);
        switch (below(8)) {
        case 0:
            revise(m, hour, 1 + (int64_t)below(6));
            break;
        case 1:
            if (!recorded && i > actions / 3) {
                story_record();
                recorded = true;
            }
            break;
        case 2:
            fold_all();
            break;
        case 3:
            fold_all();
            settle_all();
            check();
            break;
        default:
            report(m, hour, 1 + (int64_t)below(24), below(2) == 0);
        }
    }
    story_record();
    fold_all();
    settle_all();
    check();
}

MW_TEST(conservation_holds_over_random_histories) {
    g = mw_prng_of_seed(20260101);
    int64_t spans = 0, rollovers = 0, reverses = 0, suspended = 0;
    /* Compilers draw the random numbers of a call in different orders: until all was met. */
    for (unsigned run = 0; run < 60 || (reverses == 0 && run < 300); run++) {
        open_new();
        story_make(run % 3 == 0);
        live_through(60);
        mw_conservation c = check();
        spans += c.spans;
        rollovers += c.rollovers;
        reverses += c.reverses;
        suspended += c.in_suspense;
        mw_store_close(store);
        store = NULL;
    }
    /* The histories were worth living through. */
    MW_CHECK(spans > 300);
    MW_CHECK(rollovers > 5);
    MW_CHECK(reverses > 0);
    MW_CHECK(suspended > 100);
}

static mw_status sum_value(void *ctx, const mw_store_value *v) {
    *(int64_t *)ctx += v->interval.value;
    return MW_OK;
}

/* When every report has come, what the usage point used is what passed it, to the last unit. */
MW_TEST(nothing_is_left_in_suspense_when_all_has_come) {
    g = mw_prng_of_seed(7);
    for (unsigned run = 0; run < 40; run++) {
        open_new();
        story_make(false);
        story_record();
        for (unsigned i = 0; i < meters_n; i++)
            for (int64_t d = HOURS / 24 - 1; d >= 0; d--)
                report(&meters[i], d * 24, 24, true);
        fold_all();
        settle_all();
        mw_conservation c = check();
        MW_CHECK_EQ(c.unexplained, 0);
        int64_t total = 0;
        for (unsigned i = 0; i < meters_n; i++) {
            mw_store_values_query q = {.tenant = tenant,
                                       .channel = meters[i].channel.channel,
                                       .layer = MW_LAYER_FINAL,
                                       .from = hour_at(0),
                                       .to = hour_at(HOURS),
                                       .as_of = MW_UTC_NONE};
            MW_CHECK_OK(mw_store_values(store, &q, sum_value, &total));
        }
        MW_CHECK_EQ(c.in_suspense, 0);
        MW_CHECK_EQ(total, truth);
        mw_store_close(store);
        store = NULL;
    }
}

/* A broken account is found, whichever part is wrong. */
MW_TEST(violations_are_found) {
    g = mw_prng_of_seed(3);
    open_new();
    story_make(false);
    story_record();
    for (int64_t d = 0; d < HOURS / 24; d++)
        report(&meters[0], d * 24, 24, true);
    fold_all();
    settle_all();
    check();
    mw_store_suspense wrong = {.from = hour_at(24),
                               .to = hour_at(48),
                               .step = MW_REGISTER_FORWARD,
                               .suspense = 1,
                               .at = hour_at(0)};
    MW_CHECK_OK(mw_store_suspense_settle(store, tenant, meters[0].channel.channel, hour_at(24),
                                         hour_at(48), &wrong, 1));
    mw_conservation c;
    MW_CHECK_OK(mw_conservation_all(store, NULL, NULL, NULL, &c));
    MW_CHECK(c.violations >= 1);
    MW_CHECK_OK(mw_store_suspense_settle(store, tenant, meters[0].channel.channel, hour_at(24),
                                         hour_at(48), NULL, 0));
    MW_CHECK_OK(mw_conservation_all(store, NULL, NULL, NULL, &c));
    MW_CHECK(c.violations >= 1);
    /* Values that changed behind the account's back. */
    revise(&meters[0], 30, 5);
    MW_CHECK_OK(mw_conservation_all(store, NULL, NULL, NULL, &c));
    MW_CHECK(c.violations >= 1);
    MW_CHECK(c.unsettled >= 1);
}

MW_TEST(steps_of_registers) {
    const mw_register_limits plain = {.wrap = 10000}, known = {.wrap = 10000, .max_per_hour = 100},
                             endless = {0};
    int64_t d;
    MW_CHECK_EQ(mw_register_step_of(&plain, 9990, 5, 3600, &d), MW_REGISTER_ROLLOVER);
    MW_CHECK_EQ(d, 15);
    MW_CHECK_EQ(mw_register_step_of(&plain, 5, 9990, 3600, &d), MW_REGISTER_REVERSE);
    MW_CHECK_EQ(d, -15);
    MW_CHECK_EQ(mw_register_step_of(&plain, 500, 490, 3600, &d), MW_REGISTER_REVERSE);
    MW_CHECK_EQ(d, -10);
    MW_CHECK_EQ(mw_register_step_of(&plain, 4000, 3, 3600, &d), MW_REGISTER_UNEXPLAINED);
    MW_CHECK_EQ(d, 0);
    MW_CHECK_EQ(mw_register_step_of(&known, 100, 210, 3600, &d), MW_REGISTER_FORWARD);
    MW_CHECK_EQ(mw_register_step_of(&known, 100, 290, 3600, &d), MW_REGISTER_UNEXPLAINED);
    MW_CHECK_EQ(mw_register_step_of(&known, 100, 290, 7200, &d), MW_REGISTER_FORWARD);
    MW_CHECK_EQ(mw_register_step_of(&known, 50, 0, 3600, &d), MW_REGISTER_REVERSE);
    MW_CHECK_EQ(mw_register_step_of(&endless, 0, INT64_MAX, 1, &d), MW_REGISTER_FORWARD);
    MW_CHECK_EQ(mw_register_step_of(&endless, INT64_MIN, 1, 1, &d), MW_REGISTER_UNEXPLAINED);
}

#define CONSERVATION_CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
MW_TEST_MAIN(MW_CASE(steps_of_registers),
             CONSERVATION_CASE(conservation_holds_over_random_histories),
             CONSERVATION_CASE(nothing_is_left_in_suspense_when_all_has_come),
             CONSERVATION_CASE(violations_are_found))
