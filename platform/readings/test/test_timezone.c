/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <time.h>

#include "base/prng.h"
#include "platform/readings/timezone.h"
#include "tests/harness/mw_test.h"

static mw_zones *zones;

static const mw_zone *zone_of(const char *name) {
    const mw_zone *z = NULL;
    MW_CHECK_OK(mw_zones_get(zones, name, &z));
    return z;
}

static int64_t hours_of_day(const mw_zone *z, int32_t y, unsigned m, unsigned d) {
    int64_t day = mw_days_of_date(y, m, d);
    mw_utc a = mw_zone_day_start(z, day), b = mw_zone_day_start(z, day + 1);
    MW_CHECK_EQ((b.us - a.us) % (INT64_C(900) * MW_US_PER_S), 0);
    return (b.us - a.us) / (INT64_C(900) * MW_US_PER_S);
}

/* In quarter-hours, so that odd changes show too. */
MW_TEST(days_have_their_lengths) {
    const mw_zone *rome = zone_of("Europe/Rome");
    MW_CHECK_EQ(hours_of_day(rome, 2026, 3, 28), 96);
    MW_CHECK_EQ(hours_of_day(rome, 2026, 3, 29), 92);
    MW_CHECK_EQ(hours_of_day(rome, 2026, 10, 25), 100);
    MW_CHECK_EQ(hours_of_day(rome, 2096, 3, 25), 92); /* from the rule */
    MW_CHECK_EQ(hours_of_day(zone_of("Asia/Kolkata"), 2026, 3, 29), 96);
    MW_CHECK_EQ(hours_of_day(zone_of("Australia/Darwin"), 2026, 4, 5), 96);
    MW_CHECK_EQ(hours_of_day(zone_of("Australia/Adelaide"), 2026, 4, 5), 100);
    MW_CHECK_EQ(hours_of_day(zone_of("Australia/Adelaide"), 2026, 10, 4), 92);
    MW_CHECK_EQ(hours_of_day(zone_of("Australia/Lord_Howe"), 2026, 4, 5), 98);
    MW_CHECK_EQ(hours_of_day(zone_of("Pacific/Apia"), 2011, 12, 30), 0); /* never happened */
    MW_CHECK_EQ(hours_of_day(zone_of("Asia/Beirut"), 2024, 3, 31), 92);  /* starts at 01:00 */
    MW_CHECK_EQ(hours_of_day(zone_of("Etc/UTC"), 2026, 3, 29), 96);
}

MW_TEST(offsets_are_known) {
    mw_utc t;
    MW_CHECK_OK(mw_utc_parse(mw_slice_of_str("2026-07-01T00:00:00Z"), &t));
    MW_CHECK_EQ(mw_zone_offset_s(zone_of("Asia/Kolkata"), t), 19800);
    MW_CHECK_EQ(mw_zone_offset_s(zone_of("Australia/Darwin"), t), 34200);
    MW_CHECK_EQ(mw_zone_offset_s(zone_of("Australia/Adelaide"), t), 34200);
    MW_CHECK_EQ(mw_zone_offset_s(zone_of("Europe/Dublin"), t), 3600); /* negative summer time */
    MW_CHECK_EQ(mw_zone_offset_s(zone_of("Africa/Casablanca"), t), 3600);
    int32_t second = 0;
    int64_t day = mw_zone_local_day(zone_of("Asia/Kathmandu"), t, &second);
    MW_CHECK_EQ(day, mw_days_of_date(2026, 7, 1));
    MW_CHECK_EQ(second, 5 * 3600 + 45 * 60);
}

/* libc reads the same files: an oracle for offsets, one zone at a time. */
MW_TEST(offsets_agree_with_libc) {
    const char *const names[] = {"Europe/Rome",      "Europe/Dublin",       "Asia/Kolkata",
                                 "Australia/Darwin", "Australia/Adelaide",  "Australia/Lord_Howe",
                                 "America/St_Johns", "America/Sao_Paulo",   "Asia/Tehran",
                                 "Pacific/Apia",     "Pacific/Chatham",     "Africa/Casablanca",
                                 "Asia/Gaza",        "America/Nuuk",        "Antarctica/Troll",
                                 "Europe/London",    "America/Los_Angeles", "Etc/UTC"};
    mw_prng g = mw_prng_of_seed(5);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const mw_zone *z = zone_of(names[i]);
        setenv("TZ", names[i], 1);
        tzset();
        for (int k = 0; k < 4000; k++) {
            time_t s = (time_t)mw_prng_below(&g, UINT64_C(5500000000)) - 1500000000;
            struct tm tm;
            localtime_r(&s, &tm);
            mw_utc t = mw_utc_of_s(s);
            MW_CHECK_EQ(mw_zone_offset_s(z, t), tm.tm_gmtoff);
            int32_t second;
            int64_t day = mw_zone_local_day(z, t, &second);
            MW_CHECK_EQ(day, mw_days_of_date(tm.tm_year + 1900, (unsigned)tm.tm_mon + 1,
                                             (unsigned)tm.tm_mday));
            /* Every moment lies in its local day, except around a change at midnight. */
            if (second > 7200 && second < 79200) {
                MW_CHECK(mw_zone_day_start(z, day).us <= t.us);
                MW_CHECK(t.us < mw_zone_day_start(z, day + 1).us);
            }
        }
    }
    unsetenv("TZ");
    tzset();
}

MW_TEST(days_partition_time) {
    const char *const names[] = {"Europe/Rome",  "America/Havana", "Asia/Beirut",
                                 "Pacific/Apia", "Africa/Cairo",   "America/Scoresbysund"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const mw_zone *z = zone_of(names[i]);
        int64_t former = INT64_MIN;
        for (int64_t day = -5000; day < 40000; day++) {
            int64_t start = mw_zone_day_start(z, day).us;
            MW_CHECK(start >= former);
            int32_t second;
            MW_CHECK(mw_zone_local_day(z, (mw_utc){start}, &second) >= day);
            former = start;
        }
    }
}

MW_TEST(names_stay_inside_and_the_version_is_known) {
    const mw_zone *z;
    MW_CHECK_STATUS(mw_zones_get(zones, "../../etc/passwd", &z), MW_SYNTAX);
    MW_CHECK_STATUS(mw_zones_get(zones, "/etc/localtime", &z), MW_SYNTAX);
    MW_CHECK_STATUS(mw_zones_get(zones, "", &z), MW_SYNTAX);
    MW_CHECK_STATUS(mw_zones_get(zones, "Europe", &z), MW_NOT_FOUND);
    MW_CHECK_STATUS(mw_zones_get(zones, "Europe/Nowhere", &z), MW_NOT_FOUND);
    MW_CHECK(strlen(mw_zones_version(zones)) >= 5);
    MW_CHECK(mw_zones_version(zones)[0] == '2');
}

MW_TEST(damaged_files_are_refused) {
    FILE *f = fopen("/usr/share/zoneinfo/Europe/Rome", "rb");
    static uint8_t file[MW_ZONE_FILE_MAX];
    assert_non_null(f);
    size_t n = fread(file, 1, sizeof file, f);
    fclose(f);
    mw_zone *z = NULL;
    MW_CHECK_OK(mw_zone_decode((mw_slice){file, n}, &z));
    mw_zone_free(z);
    for (size_t cut = 0; cut < n; cut += 7)
        MW_CHECK(mw_zone_decode((mw_slice){file, cut}, &z) != MW_OK);
    mw_prng g = mw_prng_of_seed(1);
    for (int i = 0; i < 2000; i++) {
        size_t at = mw_prng_below(&g, n);
        uint8_t old = file[at];
        file[at] ^= (uint8_t)(1U << mw_prng_below(&g, 8));
        if (mw_zone_decode((mw_slice){file, n}, &z) == MW_OK)
            mw_zone_free(z);
        file[at] = old;
    }
}

static int setup(void **state) {
    (void)state;
    MW_CHECK_OK(mw_zones_open(NULL, &zones));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    mw_zones_close(zones);
    return 0;
}

int main(void) {
    const struct CMUnitTest cases[] = {MW_CASE(days_have_their_lengths),
                                       MW_CASE(offsets_are_known),
                                       MW_CASE(offsets_agree_with_libc),
                                       MW_CASE(days_partition_time),
                                       MW_CASE(names_stay_inside_and_the_version_is_known),
                                       MW_CASE(damaged_files_are_refused)};
    return cmocka_run_group_tests(cases, setup, teardown);
}
