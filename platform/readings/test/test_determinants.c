/* SPDX-License-Identifier: Apache-2.0 */
#include "base/prng.h"
#include "platform/readings/determinants.h"
#include "platform/store/records.h"
#include "tests/harness/mw_test.h"

static mw_zones *zones;

static const mw_zone *zone(const char *name) {
    const mw_zone *z = NULL;
    MW_CHECK_OK(mw_zones_get(zones, name, &z));
    return z;
}

static mw_utc utc(const char *text) {
    mw_utc t;
    MW_CHECK_OK(mw_utc_parse(mw_slice_of_str(text), &t));
    return t;
}

#define TWO_RATES                                                                                  \
    "{\"name\":\"two rates\",\"tariffs\":3,\"zones\":[{\"tariff\":1},"                             \
    "{\"tariff\":2,\"from\":\"22:00\",\"to\":\"06:00\"},{\"tariff\":2,\"days\":\"sat sun hol\"},"  \
    "{\"tariff\":3,\"season\":[\"12-01\",\"02-28\"],\"days\":\"mon-fri\",\"from\":\"17:00\","      \
    "\"to\":\"20:30\"}],\"holidays\":[\"2026-12-25\"]}"

static mw_tou tou_of(const char *json) {
    mw_tou t;
    mw_json_error error;
    mw_status s = mw_tou_decode(mw_slice_of_str(json), &t, &error);
    if (s != MW_OK)
        print_error("%s\n", error.text);
    MW_CHECK_OK(s);
    return t;
}

MW_TEST(tariffs_follow_the_local_clock) {
    mw_tou t = tou_of(TWO_RATES);
    const mw_zone *rome = zone("Europe/Rome");
    static const struct {
        const char *at; /* UTC; Rome is one hour ahead in winter, two in summer */
        int tariff;
    } cases[] = {{"2026-07-01T10:00:00Z", 1},
                 {"2026-07-01T19:59:59Z", 1},
                 {"2026-07-01T20:00:00Z", 2},
                 {"2026-07-02T03:59:59Z", 2},
                 {"2026-07-02T04:00:00Z", 1},
                 {"2026-07-04T10:00:00Z", 2},
                 {"2026-12-01T16:00:00Z", 3},
                 {"2026-12-01T19:29:59Z", 3},
                 {"2026-12-01T19:30:00Z", 1},
                 {"2026-12-25T16:30:00Z", 2},
                 {"2026-11-30T16:30:00Z", 1},
                 {"2027-02-26T16:30:00Z", 3},
                 {"2027-03-01T16:30:00Z", 1},
                 /* the hour that comes twice is 2:00 to 3:00 both times */
                 {"2026-10-25T00:30:00Z", 2},
                 {"2026-10-25T01:30:00Z", 2}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        MW_CHECK_EQ(mw_tou_tariff(&t, rome, utc(cases[i].at)), cases[i].tariff);
}

MW_TEST(maps_are_checked) {
    static const char *bad[] = {
        "{}",
        "[]",
        "{\"name\":\"x\",\"tariffs\":9,\"zones\":[{\"tariff\":1}]}",
        "{\"name\":\"x\",\"tariffs\":1,\"zones\":[]}",
        "{\"name\":\"x\",\"tariffs\":1,\"zones\":[{\"tariff\":2}]}",
        "{\"name\":\"x\",\"tariffs\":1,\"zones\":[{\"tariff\":1,\"from\":\"06:00\"}]}",
        "{\"name\":\"x\",\"tariffs\":1,\"zones\":[{\"tariff\":1},{\"tariff\":1,\"from\":\"6:00\"}]"
        "}",
        "{\"name\":\"x\",\"tariffs\":1,\"zones\":[{\"tariff\":1},{\"tariff\":1,\"days\":\"fri-"
        "mon\"}]}",
        "{\"name\":\"x\",\"tariffs\":1,\"zones\":[{\"tariff\":1},{\"tariff\":1,\"season\":[\"02-"
        "30\",\"03-01\"]}]}",
        "{\"name\":\"x\",\"tariffs\":1,\"zones\":[{\"tariff\":1}],\"holidays\":[\"2026-02-30\"]}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        mw_tou t;
        mw_json_error error;
        MW_CHECK(mw_tou_decode(mw_slice_of_str(bad[i]), &t, &error) != MW_OK);
        MW_CHECK(error.text[0] != 0);
    }
}

/* Four years of quarter-hours with random values: whatever the clocks do, nothing is lost. */
MW_TEST(tariffs_and_qualities_add_up_to_the_total) {
    mw_tou t = tou_of(TWO_RATES);
    mw_prng prng = mw_prng_of_seed(11);
    mw_determinants_options o = {.tou = &t,
                                 .zone = zone("Europe/Rome"),
                                 .from = utc("2024-12-31T23:00:00Z"),
                                 .to = utc("2028-12-31T23:00:00Z"),
                                 .interval_s = 900,
                                 .demand_s = 1800};
    mw_determinants_sum s;
    mw_determinants d;
    MW_CHECK_OK(mw_determinants_begin(&s, &o));
    int64_t total = 0, greatest = 0, before = -1;
    uint32_t n = 0;
    for (mw_utc at = o.from; at.us < o.to.us; at = mw_utc_add(at, mw_dur_s(900))) {
        uint64_t r = mw_prng_u64(&prng);
        if (r % 50 == 0) {
            before = -1;
            continue;
        }
        int64_t value = (int64_t)(r >> 40) % 1000;
        uint32_t flags = r % 7 == 0 ? MW_QUALITY_ESTIMATED : r % 11 == 0 ? MW_QUALITY_EDITED : 0;
        mw_determinants_add(&s, at, value, flags);
        total += value;
        n++;
        if (before >= 0 && mw_utc_floor_s(at) % 1800 == 900 && before + value > greatest)
            greatest = before + value;
        before = mw_utc_floor_s(at) % 1800 == 0 ? value : -1;
    }
    MW_CHECK_OK(mw_determinants_end(&s, &d));
    MW_CHECK_EQ(d.total, total);
    MW_CHECK_EQ(d.tariff[0] + d.tariff[1] + d.tariff[2], total);
    MW_CHECK(d.tariff[0] > 0 && d.tariff[1] > 0 && d.tariff[2] > 0);
    MW_CHECK_EQ(d.measured + d.estimated + d.edited, total);
    MW_CHECK_EQ(d.received, n);
    MW_CHECK_EQ(d.expected, 1461 * 96);
    MW_CHECK_EQ(d.demand, greatest);
    MW_CHECK_EQ(d.cut_n, 0);
}

MW_TEST(demand_needs_whole_blocks) {
    mw_determinants_options o = {.zone = zone("Europe/Rome"),
                                 .from = utc("2026-01-01T00:00:00Z"),
                                 .to = utc("2026-01-01T04:00:00Z"),
                                 .interval_s = 900,
                                 .demand_s = 3600};
    static const int64_t quarter[16] = {1, 1, 1, 9, 9, 9, 1, 1, 5, -1, 50, 50, 2, 2, 2, 3};
    mw_determinants_sum s;
    mw_determinants d;
    for (int rolling = 0; rolling < 2; rolling++) {
        o.rolling = rolling != 0;
        MW_CHECK_OK(mw_determinants_begin(&s, &o));
        for (int i = 0; i < 16; i++)
            if (quarter[i] >= 0)
                mw_determinants_add(&s, mw_utc_add(o.from, mw_dur_s(i * 900)), quarter[i], 0);
        MW_CHECK_OK(mw_determinants_end(&s, &d));
        MW_CHECK(d.has_demand);
        MW_CHECK_EQ(d.demand, rolling ? 104 : 20); /* 50 50 2 2; or 9 9 1 1 on the clock */
        MW_CHECK_EQ(d.received, 15);
        MW_CHECK_EQ(d.expected, 16);
    }
    o.demand_s = 1000;
    MW_CHECK_STATUS(mw_determinants_begin(&s, &o), MW_RANGE);
}

MW_TEST(a_map_off_the_grid_shows) {
    mw_tou t = tou_of("{\"name\":\"x\",\"tariffs\":2,\"zones\":[{\"tariff\":1},{\"tariff\":2,"
                      "\"from\":\"17:00\",\"to\":\"20:30\"}]}");
    mw_determinants_options o = {.tou = &t,
                                 .zone = zone("Etc/UTC"),
                                 .from = utc("2026-01-01T00:00:00Z"),
                                 .to = utc("2026-01-02T00:00:00Z"),
                                 .interval_s = 3600};
    mw_determinants_sum s;
    mw_determinants d;
    MW_CHECK_OK(mw_determinants_begin(&s, &o));
    for (int i = 0; i < 24; i++)
        mw_determinants_add(&s, mw_utc_add(o.from, mw_dur_s(i * 3600)), 10, 0);
    MW_CHECK_OK(mw_determinants_end(&s, &d));
    MW_CHECK_EQ(d.cut_n, 1);
    MW_CHECK_EQ(d.tariff[1], 40);
    MW_CHECK_EQ(d.total, 240);
    mw_determinants_add(&s, mw_utc_add(o.from, mw_dur_s(-60)), 10, 0); /* outside: ignored */
    MW_CHECK_EQ(s.d.total, 240);
    mw_determinants_add(&s, o.from, INT64_MAX, 0);
    MW_CHECK_STATUS(mw_determinants_end(&s, &d), MW_RANGE);
}

int main(void) {
    MW_CHECK_OK(mw_zones_open(NULL, &zones));
    const struct CMUnitTest cases[] = {
        MW_CASE(tariffs_follow_the_local_clock), MW_CASE(maps_are_checked),
        MW_CASE(tariffs_and_qualities_add_up_to_the_total), MW_CASE(demand_needs_whole_blocks),
        MW_CASE(a_map_off_the_grid_shows)};
    int failed = cmocka_run_group_tests(cases, NULL, NULL);
    mw_zones_close(zones);
    return failed;
}
