/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "platform/files/import.h"
#include "tests/harness/mw_test.h"

static mw_zones *zones;

/* What the target was given, as text. */
static char got[8192];
static size_t got_n;

static void note(const char *format, ...) {
    va_list args;
    va_start(args, format);
    got_n += (size_t)vsnprintf(got + got_n, sizeof got - got_n, format, args);
    va_end(args);
}

static mw_status resolve(void *ctx, const char *serial, uint8_t channel, mw_import_channel *out,
                         char out_why[160]) {
    (void)ctx, (void)out_why;
    if (strncmp(serial, "E-", 2) == 0)
        *out = (mw_import_channel){serial[2], MW_UNIT_WH, 0};
    else if (strcmp(serial, "W-1") == 0 && channel == 0)
        *out = (mw_import_channel){1, MW_UNIT_L, 0};
    else
        return MW_NOT_FOUND;
    return MW_OK;
}

static mw_status meter(void *ctx, mw_slice json, bool dry, char out_why[160]) {
    (void)ctx;
    if (memmem(json.p, json.n, "forbidden", 9) != NULL) {
        snprintf(out_why, 160, "this serial is forbidden");
        return MW_RANGE;
    }
    if (!dry)
        note("%.*s\n", (int)json.n, (const char *)json.p);
    return MW_OK;
}

static mw_status interval(void *ctx, int64_t channel, mw_utc start, uint32_t seconds,
                          int64_t value) {
    (void)ctx;
    char at[MW_UTC_TEXT_MAX];
    mw_utc_format(start, at);
    note("%c %s %u %lld\n", (char)channel, at, seconds, (long long)value);
    return MW_OK;
}

static mw_status reading(void *ctx, int64_t channel, mw_utc at, int64_t value) {
    return interval(ctx, channel == 1 ? 'w' : channel, at, 0, value);
}

static const mw_import_target target = {NULL, resolve, meter, interval, reading};
static mw_import_report report;

static void run(const char *mapping, const char *file, bool dry) {
    static mw_mapping m;
    mw_json_error error;
    mw_status s = mw_mapping_decode(mw_slice_of_str(mapping), &m, &error);
    if (s != MW_OK)
        print_error("%s\n", error.text);
    MW_CHECK_OK(s);
    got_n = 0;
    got[0] = 0;
    MW_CHECK_OK(mw_import_run(&m, mw_slice_of_str(file), zones, &target, dry, &report));
}

#define HALF_HOURS(zone, more)                                                                     \
    "{\"rows\":\"intervals\",\"columns\":{\"serial\":{\"column\":\"id\"},"                         \
    "\"time\":{\"column\":\"at\",\"zone\":\"" zone "\"" more "},"                                  \
    "\"value\":{\"column\":\"kwh\",\"unit\":\"W.h\",\"scale\":3}},"                                \
    "\"interval\":{\"seconds\":1800},\"duplicates\":\"same\"}"

MW_TEST(intervals_come_sorted_and_once) {
    const char *file = "kwh,id,at\n0.5,E-a,2026-01-01 00:30\n0.25,E-b,2026-01-01 00:00\n"
                       "0.125,E-a,2026-01-01 00:00\n0.5,E-a,2026-01-01 00:30\n,E-a,2026-01-01\n";
    run(HALF_HOURS("UTC", ""), file, false);
    MW_CHECK_EQ(report.problem_count, 0);
    MW_CHECK_STR(got, "a 2026-01-01T00:00:00Z 1800 125\na 2026-01-01T00:30:00Z 1800 500\n"
                      "b 2026-01-01T00:00:00Z 1800 250\n");
    MW_CHECK_EQ(report.rows, 5);
    MW_CHECK_EQ(report.values, 3);
    MW_CHECK_EQ(report.channels, 2);
    MW_CHECK_EQ(report.repeated, 1);
    MW_CHECK_EQ(report.empty, 1);
    run(HALF_HOURS("UTC", ""), file, true);
    MW_CHECK_STR(got, "");
    MW_CHECK_EQ(report.values, 3);
}

MW_TEST(an_hour_that_came_twice_is_kept_twice) {
    const char *file = "id,at,kwh\n"
                       "E-a,2026-10-25 01:30,1\nE-a,2026-10-25 02:00,2\nE-a,2026-10-25 02:30,3\n"
                       "E-a,2026-10-25 02:00,4\nE-a,2026-10-25 02:30,5\nE-a,2026-10-25 03:00,6\n";
    run(HALF_HOURS("Europe/Rome", ",\"ambiguous\":\"in_order\""), file, false);
    MW_CHECK_EQ(report.problem_count, 0);
    MW_CHECK_EQ(report.twice, 4);
    MW_CHECK_STR(got, "a 2026-10-24T23:30:00Z 1800 1000\na 2026-10-25T00:00:00Z 1800 2000\n"
                      "a 2026-10-25T00:30:00Z 1800 3000\na 2026-10-25T01:00:00Z 1800 4000\n"
                      "a 2026-10-25T01:30:00Z 1800 5000\na 2026-10-25T02:00:00Z 1800 6000\n");
    run(HALF_HOURS("Europe/Rome", ""), file, false);
    MW_CHECK_EQ(report.problem_count, 4);
    MW_CHECK_EQ(report.problem[0].row, 3);
    MW_CHECK_STR(report.problem[0].text, "02:00 came twice in Europe/Rome on this day");
    MW_CHECK_STR(got, ""); /* a file with problems changes nothing */
}

MW_TEST(hourly_rows_need_no_row_between) {
    const char *mapping = "{\"rows\":\"intervals\",\"columns\":{\"serial\":{\"constant\":\"E-a\"},"
                          "\"time\":{\"number\":1,\"zone\":\"Europe/Rome\",\"ambiguous\":"
                          "\"in_order\"},\"value\":{\"number\":2,\"unit\":\"W.h\"}},"
                          "\"table\":{\"header_row\":0}}";
    run(mapping, "2026-10-25 02:00,1\n2026-10-25 02:00,2\n", false);
    MW_CHECK_STR(got, "a 2026-10-25T00:00:00Z 3600 1\na 2026-10-25T01:00:00Z 3600 2\n");
}

MW_TEST(an_hour_that_never_was_is_told) {
    const char *file = "id,at,kwh\nE-a,2026-03-29 02:30,1\n";
    run(HALF_HOURS("Europe/Rome", ""), file, false);
    MW_CHECK_STR(report.problem[0].text, "02:30 never was in Europe/Rome on this day");
    run(HALF_HOURS("Europe/Rome", ",\"skipped\":\"shift\""), file, false);
    MW_CHECK_STR(got, "a 2026-03-29T01:30:00Z 1800 1000\n");
    MW_CHECK_EQ(report.shifted, 1);
}

MW_TEST(every_bad_row_is_named) {
    run(HALF_HOURS("UTC", ""),
        "id,at,kwh\nE-a,2026-01-01 00:00,1\nE-a,2026-01-01 00:00,2\nE-a,noon,3\n"
        "X-1,2026-01-01 00:00,4\nE-a,2026-01-01 01:00,five\n,2026-01-01 01:00,6\n"
        "W-1,2026-01-01 01:00,7\nE-a,2026-01-01 01:07,8\nE-a,2026-01-01 02:00,0.0005\n",
        false);
    static const struct {
        uint32_t row;
        const char *text;
    } expected[] = {{4, "\"noon\" is not a time as \"rfc3339\" says"},
                    {5, "there is no meter \"X-1\" with channel 0"},
                    {6, "\"five\" is not a number"},
                    {7, "the serial number is missing"},
                    {8, "W.h of the file is not what channel 0 measures"},
                    {9, "the interval does not start on a quarter hour"},
                    {3, "the same time as row 2, with another value"},
                    {10, "the value is not a whole count of the channel's unit"}};
    MW_CHECK_EQ(report.problem_count, 8);
    for (size_t i = 0; i < 8; i++) {
        MW_CHECK_EQ(report.problem[i].row, expected[i].row);
        MW_CHECK_STR(report.problem[i].text, expected[i].text);
    }
    MW_CHECK_STR(got, "");
    run(HALF_HOURS("UTC", ""), "id,when,kwh\nE-a,2026-01-01 00:00,1\n", true);
    MW_CHECK_STR(report.problem[0].text, "there is no column \"at\"");
    run(HALF_HOURS("Mars/Olympus", ""), "id,at,kwh\n", true);
    MW_CHECK_STR(report.problem[0].text, "there is no time zone \"Mars/Olympus\"");
    run(HALF_HOURS("UTC", ""), "", true);
    MW_CHECK_STR(report.problem[0].text, "the table is empty");
}

MW_TEST(registers_and_two_part_times) {
    run("{\"rows\":\"registers\",\"table\":{\"delimiter\":\";\",\"point\":\",\",\"group\":\".\"},"
        "\"columns\":{\"serial\":{\"constant\":\"W-1\"},\"time\":{\"column\":\"Datum\","
        "\"and\":\"Zeit\",\"format\":\"%d.%m.%Y %H:%M\",\"zone\":\"Europe/Berlin\"},"
        "\"value\":{\"column\":\"Stand\",\"unit\":\"m3\",\"rounding\":\"nearest\"}}}",
        "Datum;Zeit;Stand\n01.07.2026;06:07;1.234,5678\n01.07.2026;07:00;1.234,6\n", false);
    MW_CHECK_EQ(report.problem_count, 0);
    MW_CHECK_STR(got, "w 2026-07-01T04:07:00Z 0 1234568\nw 2026-07-01T05:00:00Z 0 1234600\n");
}

#define METERS                                                                                     \
    "{\"rows\":\"meters\",\"columns\":{\"device_id\":{\"column\":\"id\"},\"serial\":{\"column\":"  \
    "\"serial\",\"prefix\":\"MW-\"},\"model\":{\"constant\":\"water-r160\"},"                      \
    "\"network_address\":{\"column\":\"address\"},\"master_key\":{\"column\":\"key\"},"            \
    "\"medium\":{\"constant\":\"water\"},\"obis\":{\"constant\":\"8-0:1.0.0*255\"},"               \
    "\"unit\":{\"constant\":\"L\"},\"usage_point\":{\"column\":\"flat\"},"                         \
    "\"time_zone\":{\"constant\":\"Europe/Rome\"}}}"

MW_TEST(meters_become_registry_lines) {
    const char *file = "id,serial,address,key,flat\n4d57000000000001,1,0x00001000,00ff,up-1\n"
                       "4d57000000000002,2,4097,00ff,\n";
    run(METERS, file, false);
    MW_CHECK_EQ(report.problem_count, 0);
    MW_CHECK_EQ(report.meters, 2);
    MW_CHECK_STR(got,
                 "{\"device_id\":\"4d57000000000001\",\"serial\":\"MW-1\",\"model\":\"water-r160\","
                 "\"network_address\":4096,\"master_key\":\"00ff\",\"channels\":[{\"number\":0,"
                 "\"medium\":\"water\",\"obis\":\"8-0:1.0.0*255\",\"unit\":\"L\",\"register_"
                 "digits\":0,\"usage_point\":"
                 "{\"id\":\"up-1\",\"time_zone\":\"Europe/Rome\"}}]}\n"
                 "{\"device_id\":\"4d57000000000002\",\"serial\":\"MW-2\",\"model\":\"water-r160\","
                 "\"network_address\":4097,\"master_key\":\"00ff\",\"channels\":[{\"number\":0,"
                 "\"medium\":\"water\",\"obis\":\"8-0:1.0.0*255\",\"unit\":\"L\",\"register_"
                 "digits\":0}]}\n");
    run(METERS, "id,serial,address,key,flat\n1,forbidden,1,00,\n2,x,many,00,\n,y,1,00,\n", false);
    MW_CHECK_EQ(report.problem_count, 3);
    MW_CHECK_STR(report.problem[0].text, "this serial is forbidden");
    MW_CHECK_STR(report.problem[1].text, "network_address: is not a whole number");
    MW_CHECK_STR(report.problem[2].text, "device_id: is empty");
    MW_CHECK_STR(got, "");
}

static const char *refused(const char *mapping) {
    static mw_json_error error;
    mw_mapping m;
    mw_status s = mw_mapping_decode(mw_slice_of_str(mapping), &m, &error);
    return s == MW_OK ? "" : error.text;
}

MW_TEST(mappings_are_checked) {
    MW_CHECK_STR(refused("{\"rows\":\"bills\"}"), "\"rows\" has a word that is not known");
    MW_CHECK_STR(refused("{\"rows\":\"intervals\",\"columns\":{}}"),
                 "the column \"serial\" is missing");
    MW_CHECK_STR(refused("{\"rows\":\"intervals\",\"columns\":{\"serial\":{},\"time\":{},"
                         "\"value\":{}}}"),
                 "\"serial\" needs one of \"column\", \"number\" and \"constant\"");
    MW_CHECK_STR(refused("{\"rows\":\"meters\",\"columns\":{\"time\":{\"number\":1}}}"),
                 "the column \"device_id\" is missing");
    MW_CHECK(refused("{\"rows\":\"intervals\",\"surprise\":1}")[0] != 0);
    MW_CHECK(refused("[]")[0] != 0);
    MW_CHECK(refused("{")[0] != 0);
}

int main(void) {
    MW_CHECK_OK(mw_zones_open(NULL, &zones));
    const struct CMUnitTest cases[] = {
        MW_CASE(intervals_come_sorted_and_once),  MW_CASE(an_hour_that_came_twice_is_kept_twice),
        MW_CASE(hourly_rows_need_no_row_between), MW_CASE(an_hour_that_never_was_is_told),
        MW_CASE(every_bad_row_is_named),          MW_CASE(registers_and_two_part_times),
        MW_CASE(meters_become_registry_lines),    MW_CASE(mappings_are_checked)};
    int failed = cmocka_run_group_tests(cases, NULL, NULL);
    mw_zones_close(zones);
    return failed;
}
