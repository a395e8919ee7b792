/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/spool.h"
#include "tests/harness/mw_test.h"

static char folder[64];

static int setup(void **state) {
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/mw-spool-XXXXXX");
    MW_CHECK(mkdtemp(folder) != NULL);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static mw_spool *open_spool(int64_t bytes_max, int64_t segment_bytes) {
    char error[160];
    mw_spool *s = NULL;
    mw_spool_options o = {folder, bytes_max, segment_bytes};
    mw_status status = mw_spool_open(&o, &s, error);
    if (status != MW_OK)
        print_error("%s\n", error);
    MW_CHECK_OK(status);
    return s;
}

static uint64_t append_text(mw_spool *s, const char *text) {
    uint64_t first = 0;
    mw_slice record = mw_slice_of_str(text);
    MW_CHECK_OK(mw_spool_append(s, &record, 1, &first));
    return first;
}

static void expect(mw_spool *s, uint64_t from, uint64_t sequence, const char *text) {
    uint64_t got = 0;
    mw_slice payload;
    MW_CHECK_OK(mw_spool_read(s, from, &got, &payload));
    MW_CHECK_EQ(got, sequence);
    MW_CHECK(mw_slice_equal(payload, mw_slice_of_str(text)));
}

static void expect_none(mw_spool *s, uint64_t from) {
    uint64_t got = 0;
    mw_slice payload;
    MW_CHECK_STATUS(mw_spool_read(s, from, &got, &payload), MW_AGAIN);
}

MW_TEST(records_come_back_in_order_and_survive_reopening) {
    mw_spool *s = open_spool(0, 0);
    expect_none(s, 0);
    MW_CHECK_EQ(append_text(s, "one"), 1);
    mw_slice two[] = {mw_slice_of_str("two"), mw_slice_of_str("three")};
    uint64_t first = 0;
    MW_CHECK_OK(mw_spool_append(s, two, 2, &first));
    MW_CHECK_EQ(first, 2);
    expect(s, 0, 1, "one");
    expect(s, 2, 2, "two");
    expect(s, 3, 3, "three");
    expect_none(s, 4);
    expect(s, 1, 1, "one"); /* going back */
    MW_CHECK_EQ(append_text(s, "four"), 4);
    expect(s, 4, 4, "four");
    uint64_t epoch = mw_spool_stats_of(s).epoch;
    MW_CHECK_OK(mw_spool_acknowledge(s, 2));
    expect(s, 0, 3, "three");
    MW_CHECK_STATUS(mw_spool_acknowledge(s, 5), MW_RANGE);
    MW_CHECK_OK(mw_spool_acknowledge(s, 1)); /* late: ignored */
    mw_spool_close(s);
    s = open_spool(0, 0);
    MW_CHECK_EQ(mw_spool_stats_of(s).epoch, epoch);
    MW_CHECK_EQ(mw_spool_stats_of(s).pending, 2);
    expect(s, 0, 3, "three");
    MW_CHECK_EQ(append_text(s, "five"), 5);
    MW_CHECK_OK(mw_spool_acknowledge(s, 5));
    expect_none(s, 0);
    mw_spool_close(s);
    s = open_spool(0, 0); /* all acknowledged: the numbering goes on */
    MW_CHECK_EQ(mw_spool_stats_of(s).epoch, epoch);
    MW_CHECK_EQ(append_text(s, "six"), 6);
    mw_spool_close(s);
}

MW_TEST(segments_are_begun_and_freed) {
    mw_spool *s = open_spool(0, 1000);
    char text[101];
    for (int i = 1; i <= 100; i++) {
        (void)snprintf(text, sizeof text, "%0100d", i);
        MW_CHECK_EQ(append_text(s, text), i);
    }
    MW_CHECK(mw_spool_stats_of(s).segments >= 10);
    for (int i = 1; i <= 100; i++) {
        (void)snprintf(text, sizeof text, "%0100d", i);
        expect(s, (uint64_t)i, (uint64_t)i, text);
    }
    MW_CHECK_OK(mw_spool_acknowledge(s, 100));
    MW_CHECK_EQ(mw_spool_stats_of(s).segments, 1);
    MW_CHECK(mw_spool_stats_of(s).bytes < 1300);
    mw_spool_close(s);
}

MW_TEST(a_full_spool_refuses_and_keeps_what_it_has) {
    mw_spool *s = open_spool(4000, 0);
    mw_slice record = mw_slice_of_str("0123456789012345678901234567890123456789");
    uint64_t first = 0;
    uint64_t held = 0;
    mw_status status;
    while ((status = mw_spool_append(s, &record, 1, &first)) == MW_OK)
        held = first;
    MW_CHECK_STATUS(status, MW_SPACE);
    MW_CHECK(held > 30);
    MW_CHECK_EQ(mw_spool_stats_of(s).refused, 1);
    MW_CHECK(mw_spool_stats_of(s).bytes <= 4000);
    for (uint64_t i = 1; i <= held; i++)
        expect(s, i, i, "0123456789012345678901234567890123456789");
    MW_CHECK_OK(mw_spool_acknowledge(s, held - 1));
    MW_CHECK_OK(mw_spool_append(s, &record, 1, &first)); /* room again */
    MW_CHECK_EQ(first, held + 1);
    mw_spool_close(s);
}

MW_TEST(only_one_process_may_hold_it) {
    mw_spool *s = open_spool(0, 0);
    mw_spool *other = NULL;
    char error[160];
    mw_spool_options o = {folder, 0, 0};
    MW_CHECK_STATUS(mw_spool_open(&o, &other, error), MW_STATE);
    MW_CHECK(strstr(error, "another process") != NULL);
    mw_spool_close(s);
    mw_spool_close(open_spool(0, 0));
}

MW_TEST(bad_records_are_refused) {
    mw_spool *s = open_spool(0, 0);
    uint64_t first = 0;
    static uint8_t big[MW_SPOOL_RECORD_MAX + 1];
    MW_CHECK_STATUS(mw_spool_append(s, &(mw_slice){big, 0}, 1, &first), MW_RANGE);
    MW_CHECK_STATUS(mw_spool_append(s, &MW_SLICE_OF(big), 1, &first), MW_RANGE);
    MW_CHECK_OK(mw_spool_append(s, &(mw_slice){big, MW_SPOOL_RECORD_MAX}, 1, &first));
    MW_CHECK_EQ(first, 1);
    mw_spool_close(s);
}

static void damage(const char *name, long at, const char *bytes, long cut) {
    char path[160];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    if (bytes != NULL) {
        FILE *f = fopen(path, "r+");
        MW_CHECK(f != NULL);
        MW_CHECK(fseek(f, at, at < 0 ? SEEK_END : SEEK_SET) == 0);
        MW_CHECK(fwrite(bytes, 1, strlen(bytes), f) == strlen(bytes));
        (void)fclose(f);
    }
    if (cut > 0) {
        struct stat st;
        MW_CHECK(stat(path, &st) == 0);
        MW_CHECK(truncate(path, st.st_size - cut) == 0);
    }
}

#define FIRST_SEGMENT "00000000000000000001.seg"

MW_TEST(a_torn_tail_is_cut_off) {
    mw_spool *s = open_spool(0, 0);
    (void)append_text(s, "one");
    (void)append_text(s, "two");
    mw_spool_close(s);
    damage(FIRST_SEGMENT, 0, NULL, 1);
    s = open_spool(0, 0);
    MW_CHECK_EQ(mw_spool_stats_of(s).torn_bytes, 18);
    expect(s, 0, 1, "one");
    expect_none(s, 2);
    MW_CHECK_EQ(append_text(s, "two again"), 2);
    expect(s, 2, 2, "two again");
    mw_spool_close(s);
}

MW_TEST(a_bad_sector_costs_only_what_it_held) {
    mw_spool *s = open_spool(0, 0);
    (void)append_text(s, "one");
    (void)append_text(s, "two");
    (void)append_text(s, "three");
    mw_spool_close(s);
    damage(FIRST_SEGMENT, 40 + 19 + 4, "XXXXXXXX", 0); /* inside the second record's header */
    s = open_spool(0, 0);
    expect(s, 1, 1, "one");
    expect(s, 2, 3, "three");
    MW_CHECK_EQ(append_text(s, "four"), 4);
    mw_spool_close(s);
}

MW_TEST(a_broken_header_does_not_hide_the_records) {
    mw_spool *s = open_spool(0, 400);
    for (int i = 0; i < 30; i++)
        (void)append_text(s, "0123456789");
    MW_CHECK(mw_spool_stats_of(s).segments > 2);
    mw_spool_close(s);
    damage(FIRST_SEGMENT, 8, "XXXX", 0);
    s = open_spool(0, 400);
    for (uint64_t i = 1; i <= 30; i++)
        expect(s, i, i, "0123456789");
    mw_spool_close(s);
}

MW_TEST(lost_files_begin_a_new_epoch) {
    mw_spool *s = open_spool(0, 0);
    uint64_t epoch = mw_spool_stats_of(s).epoch;
    (void)append_text(s, "one");
    (void)append_text(s, "two");
    MW_CHECK_OK(mw_spool_acknowledge(s, 2));
    mw_spool_close(s);
    char path[160];
    (void)snprintf(path, sizeof path, "%s/" FIRST_SEGMENT, folder);
    MW_CHECK(truncate(path, 40 + 19) == 0); /* an old copy was put back: "two" is missing */
    s = open_spool(0, 0);
    MW_CHECK(mw_spool_stats_of(s).epoch != epoch);
    MW_CHECK_EQ(append_text(s, "new"), 1);
    epoch = mw_spool_stats_of(s).epoch;
    mw_spool_close(s);
    MW_CHECK(unlink(path) == 0);
    s = open_spool(0, 0);
    MW_CHECK(mw_spool_stats_of(s).epoch != epoch);
    mw_spool_close(s);
}

MW_TEST(an_unborn_segment_is_forgotten) {
    mw_spool *s = open_spool(0, 0);
    (void)append_text(s, "one");
    mw_spool_close(s);
    char path[160];
    (void)snprintf(path, sizeof path, "%s/00000000000000000002.seg", folder);
    FILE *f = fopen(path, "w");
    (void)fputs("MWSP", f);
    (void)fclose(f);
    s = open_spool(0, 0);
    expect(s, 0, 1, "one");
    MW_CHECK_EQ(append_text(s, "two"), 2);
    mw_spool_close(s);
}

#define SPOOL_CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest cases[] = {
        SPOOL_CASE(records_come_back_in_order_and_survive_reopening),
        SPOOL_CASE(segments_are_begun_and_freed),
        SPOOL_CASE(a_full_spool_refuses_and_keeps_what_it_has),
        SPOOL_CASE(only_one_process_may_hold_it),
        SPOOL_CASE(bad_records_are_refused),
        SPOOL_CASE(a_torn_tail_is_cut_off),
        SPOOL_CASE(a_bad_sector_costs_only_what_it_held),
        SPOOL_CASE(a_broken_header_does_not_hide_the_records),
        SPOOL_CASE(lost_files_begin_a_new_epoch),
        SPOOL_CASE(an_unborn_segment_is_forgotten),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
