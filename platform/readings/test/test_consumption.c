/* SPDX-License-Identifier: Apache-2.0 */

#include "base/prng.h"
#include "platform/readings/consumption.h"
#include "platform/store/chunk.h"
#include "platform/store/test/scratch.h"

static char path[64];
static mw_store *store;
static mw_zones *zones;
static int64_t tenant;
static mw_store_channel channel;

static const mw_zone *zone_of(const char *name) {
    const mw_zone *z = NULL;
    MW_CHECK_OK(mw_zones_get(zones, name, &z));
    return z;
}

static int setup(void **state) {
    (void)state;
    store = scratch_new("consumption", path);
    MW_CHECK_OK(mw_zones_open(NULL, &zones));
    MW_CHECK_OK(mw_store_begin(store));
    MW_CHECK_OK(mw_store_tenant_put(store, "demo", &tenant));
    channel = (mw_store_channel){.device = 1, .unit = MW_UNIT_WH, .grid_seconds = 3600};
    MW_CHECK_OK(mw_store_channel_put(store, tenant, &channel, &channel.channel));
    MW_CHECK_OK(mw_store_commit(store));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    mw_zones_close(zones);
    mw_store_close(store);
    scratch_remove(path);
    return 0;
}

/* Writes intervals over [from, to) on a grid; value of an interval = its number, those whose number
 * is divisible by `skip` are missing. Gives the sum. */
static int64_t fill(mw_utc from, mw_utc to, uint32_t seconds, uint32_t offset, int64_t skip) {
    channel.grid_seconds = seconds;
    channel.grid_offset_s = offset;
    int64_t sum = 0, number = 0;
    int64_t s = mw_utc_floor_s(from);
    s += (int64_t)seconds - (s - (int64_t)offset) % (int64_t)seconds;
    s -= (int64_t)seconds;
    MW_CHECK_OK(mw_store_begin(store));
    for (; s < mw_utc_floor_s(to); s += seconds) {
        if (s < mw_utc_floor_s(from))
            continue;
        number++;
        if (skip > 0 && number % skip == 0)
            continue;
        mw_store_interval row = {.start = mw_utc_of_s(s),
                                 .seconds = seconds,
                                 .value = number,
                                 .received = mw_utc_of_s(s + 90000),
                                 .journal = 1};
        MW_CHECK_OK(mw_store_run_append(store, tenant, channel.channel, &row, 1));
        sum += number;
    }
    uint32_t n = 1;
    while (n > 0)
        MW_CHECK_OK(mw_store_fold(store, MW_STORE_FOLD_MAX, &n));
    MW_CHECK_OK(mw_store_commit(store));
    return sum;
}

static mw_consumption ask(const mw_zone *z, mw_step step, int64_t from, int64_t to) {
    mw_consumption c;
    MW_CHECK_OK(mw_consumption_read(store, z, tenant, &channel, step, from, to, &c));
    return c;
}

/* All steps over one span give the same total, which is the sum of the intervals. */
static void all_steps_agree(const mw_zone *z, int64_t from, int64_t to, int64_t sum, bool whole) {
    const mw_step steps[] = {MW_STEP_INTERVAL, MW_STEP_DAY, MW_STEP_MONTH, MW_STEP_YEAR};
    for (size_t i = 0; i < 4; i++) {
        mw_consumption c = ask(z, steps[i], from, to);
        int64_t total = 0;
        for (size_t k = 0; k < c.n; k++)
            total += c.points[k].received > 0 ? c.points[k].value : 0;
        MW_CHECK_EQ(total, sum);
        MW_CHECK_EQ(c.total, sum);
        MW_CHECK_EQ(c.complete, whole);
        mw_consumption_fini(&c);
    }
}

MW_TEST(days_of_23_and_25_hours) {
    const mw_zone *z = zone_of("Europe/Rome");
    int64_t from = mw_days_of_date(2026, 1, 1), to = mw_days_of_date(2027, 1, 1);
    int64_t sum = fill(mw_zone_day_start(z, from), mw_zone_day_start(z, to), 3600, 0, 0);
    all_steps_agree(z, from, to, sum, true);
    mw_consumption c = ask(z, MW_STEP_DAY, from, to);
    MW_CHECK_EQ(c.n, 365);
    int64_t spring = mw_days_of_date(2026, 3, 29) - from;
    int64_t autumn = mw_days_of_date(2026, 10, 25) - from;
    MW_CHECK_EQ(c.points[spring].expected, 23);
    MW_CHECK_EQ(c.points[autumn].expected, 25);
    MW_CHECK_EQ(c.points[autumn].received, 25);
    mw_consumption_fini(&c);
    c = ask(z, MW_STEP_INTERVAL, mw_days_of_date(2026, 10, 25), mw_days_of_date(2026, 10, 26));
    MW_CHECK_EQ(c.n, 25);
    mw_consumption_fini(&c);
    c = ask(z, MW_STEP_MONTH, from, to);
    MW_CHECK_EQ(c.n, 12);
    MW_CHECK_EQ(c.points[2].expected, 31 * 24 - 1);
    mw_consumption_fini(&c);
}

MW_TEST(quarter_hours_are_92_96_100) {
    const mw_zone *z = zone_of("Europe/Rome");
    int64_t from = mw_days_of_date(2026, 10, 24), to = mw_days_of_date(2026, 10, 27);
    int64_t sum = fill(mw_zone_day_start(z, from), mw_zone_day_start(z, to), 900, 0, 0);
    all_steps_agree(z, from, to, sum, true);
    mw_consumption c = ask(z, MW_STEP_DAY, from, to);
    MW_CHECK_EQ(c.points[0].received, 96);
    MW_CHECK_EQ(c.points[1].received, 100);
    mw_consumption_fini(&c);
}

/* Half-hour zones: a grid moved by 30 minutes divides the local day, an unmoved one does not; in
 * both cases no interval is lost or counted twice. */
MW_TEST(half_hour_zones) {
    const char *const names[] = {"Asia/Kolkata", "Australia/Darwin", "Australia/Adelaide"};
    int64_t from = mw_days_of_date(2026, 3, 1), to = mw_days_of_date(2026, 5, 1);
    int64_t sum =
        fill((mw_utc){mw_days_of_date(2026, 1, 1) * MW_DAY_S * MW_US_PER_S},
             (mw_utc){mw_days_of_date(2026, 7, 1) * MW_DAY_S * MW_US_PER_S}, 3600, 1800, 0);
    MW_CHECK(sum > 0);
    for (size_t i = 0; i < 3; i++) {
        const mw_zone *z = zone_of(names[i]);
        mw_consumption c = ask(z, MW_STEP_DAY, from, to);
        MW_CHECK(c.complete);
        for (size_t k = 0; k < c.n; k++) {
            int64_t hours = (c.points[k].end.us - c.points[k].start.us) / 3600 / MW_US_PER_S;
            MW_CHECK_EQ(c.points[k].expected, hours);
        }
        all_steps_agree(z, from, to, c.total, true);
        mw_consumption_fini(&c);
    }
}

MW_TEST(a_grid_that_does_not_divide_the_day) {
    const mw_zone *z = zone_of("Asia/Kolkata");
    int64_t from = mw_days_of_date(2026, 3, 1), to = mw_days_of_date(2026, 4, 1);
    mw_utc begin = mw_zone_day_start(z, from), end = mw_zone_day_start(z, to);
    int64_t sum = fill(begin, end, 3600, 0, 0);
    all_steps_agree(z, from, to, sum, true);
    mw_consumption c = ask(z, MW_STEP_DAY, from, to);
    for (size_t k = 0; k < c.n; k++)
        MW_CHECK_EQ(c.points[k].received, 24);
    mw_consumption_fini(&c);
}

MW_TEST(missing_intervals_are_said_and_never_filled) {
    const mw_zone *z = zone_of("Europe/Rome");
    int64_t from = mw_days_of_date(2026, 5, 1), to = mw_days_of_date(2026, 6, 1);
    int64_t sum = fill(mw_zone_day_start(z, from), mw_zone_day_start(z, to), 3600, 0, 50);
    all_steps_agree(z, from, to, sum, false);
    mw_consumption c = ask(z, MW_STEP_DAY, from, to);
    uint32_t missing = 0;
    for (size_t k = 0; k < c.n; k++)
        missing += c.points[k].expected - c.points[k].received;
    MW_CHECK_EQ(missing, 31 * 24 / 50);
    mw_consumption_fini(&c);
    c = ask(z, MW_STEP_DAY, to, to + 3);
    MW_CHECK_EQ(c.n, 3);
    MW_CHECK_EQ(c.points[0].received, 0);
    MW_CHECK(!c.complete);
    mw_consumption_fini(&c);
}

/* Gas days begin at 6:00 by the local clock: the day before a change of the clock is the one of 23 or
 * 25 hours. Every roll-up is the sum of the intervals between the same two moments. */
MW_TEST(gas_days_roll_up_to_the_same_sum) {
    const mw_zone *z = zone_of("Europe/Rome");
    int64_t from = mw_days_of_date(2026, 1, 1), to = mw_days_of_date(2027, 1, 1);
    mw_utc first = mw_consumption_day_start(z, from, 6 * 3600);
    int64_t sum = fill(first, mw_consumption_day_start(z, to, 6 * 3600), 3600, 0, 0);
    MW_CHECK_EQ(first.us, mw_zone_day_start(z, from).us + INT64_C(21600000000));
    int64_t months[12] = {0}, month_sum = 0;
    for (int step = MW_STEP_INTERVAL; step <= MW_STEP_YEAR; step++) {
        mw_consumption_query q = {.tenant = tenant,
                                  .zone = z,
                                  .step = (mw_step)step,
                                  .from_day = from,
                                  .to_day = to,
                                  .day_start_s = 6 * 3600,
                                  .layer = MW_LAYER_FINAL,
                                  .as_of = MW_UTC_NONE};
        mw_consumption c;
        int64_t total = 0;
        MW_CHECK_OK(mw_consumption_of_channel(store, &q, &channel, &c));
        for (size_t i = 0; i < c.n; i++) {
            total += c.points[i].value;
            MW_CHECK_EQ(c.points[i].start.us,
                        i == 0 ? first.us : c.points[i - 1].end.us); /* no hour between */
        }
        MW_CHECK_EQ(total, sum);
        MW_CHECK_EQ(c.total, sum);
        MW_CHECK(c.complete);
        if (step == MW_STEP_DAY) {
            MW_CHECK_EQ(c.n, 365);
            for (size_t i = 0; i < c.n; i++) {
                int64_t day = from + (int64_t)i;
                uint32_t hours = day == mw_days_of_date(2026, 3, 28)    ? 23
                                 : day == mw_days_of_date(2026, 10, 24) ? 25
                                                                        : 24;
                int32_t year;
                uint8_t month, of_month;
                MW_CHECK_EQ(c.points[i].expected, hours);
                MW_CHECK_EQ(c.points[i].received, hours);
                mw_date_of_days(day, &year, &month, &of_month);
                months[month - 1] += c.points[i].value;
            }
        }
        for (size_t i = 0; step == MW_STEP_MONTH && i < c.n; i++) {
            MW_CHECK_EQ(c.points[i].value, months[i]);
            month_sum += c.points[i].value;
        }
        mw_consumption_fini(&c);
    }
    MW_CHECK_EQ(month_sum, sum);
}

MW_TEST(limits_and_the_period_before) {
    const mw_zone *z = zone_of("Europe/Rome");
    mw_consumption c;
    int64_t day = mw_days_of_date(2026, 5, 1), from, to;
    MW_CHECK_STATUS(mw_consumption_read(store, z, tenant, &channel, MW_STEP_DAY, day, day, &c),
                    MW_RANGE);
    MW_CHECK_STATUS(
        mw_consumption_read(store, z, tenant, &channel, MW_STEP_INTERVAL, day, day + 2000, &c),
        MW_RANGE);
    mw_consumption_previous(day, mw_days_of_date(2026, 6, 1), &from, &to);
    MW_CHECK_EQ(from, mw_days_of_date(2026, 4, 1));
    MW_CHECK_EQ(to, day);
    mw_consumption_previous(mw_days_of_date(2026, 1, 1), mw_days_of_date(2027, 1, 1), &from, &to);
    MW_CHECK_EQ(from, mw_days_of_date(2025, 1, 1));
    mw_consumption_previous(day + 4, day + 11, &from, &to);
    MW_CHECK_EQ(from, day - 3);
}

#define STORE_CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
MW_TEST_MAIN(STORE_CASE(days_of_23_and_25_hours), STORE_CASE(quarter_hours_are_92_96_100),
             STORE_CASE(half_hour_zones), STORE_CASE(a_grid_that_does_not_divide_the_day),
             STORE_CASE(missing_intervals_are_said_and_never_filled),
             STORE_CASE(gas_days_roll_up_to_the_same_sum), STORE_CASE(limits_and_the_period_before))
