/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/report.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness/mw_test.h"

static mw_report *report_make(double worst) {
    mw_report *r = calloc(1, sizeof *r);
    MW_CHECK(r != NULL);
    mw_report_begin(r, "Test of <things> & others");
    MW_CHECK_OK(mw_report_firmware(r, NULL));
    mw_report_subject *s = mw_report_subject_add(r, "thing", "flow, m\xC2\xB3/h");
    mw_report_limit_add(s, &(mw_report_limit){.quantity = "error Q1 <= Q < Q2",
                                              .most = 5,
                                              .unit = "%",
                                              .source = "a standard",
                                              .checked = "read"});
    mw_report_limit_add(s, &(mw_report_limit){.quantity = "error Q2 <= Q <= Q4",
                                              .most = 2,
                                              .unit = "%",
                                              .source = "a standard",
                                              .checked = "read"});
    const double x[] = {3, 0.03, 0.3};
    for (unsigned i = 0; i < 3; i++) {
        mw_report_row *row = mw_report_row_add(s, i != 1, 0.1, -0.2, i == 0 ? worst : 0.4, "+20 C");
        row->has_x = row->curve = true;
        row->x = x[i];
    }
    return r;
}

static char *html_of(const mw_report *r) {
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    MW_CHECK(f != NULL);
    mw_report_html(r, f);
    fclose(f);
    return text;
}

static void test_verdict_follows_from_the_limit(void **state) {
    (void)state;
    mw_report *good = report_make(2.0), *bad = report_make(-2.001);
    MW_CHECK_EQ(mw_report_failures(good), 0);
    MW_CHECK_EQ(mw_report_failures(bad), 1);
    char *passed = html_of(good), *failed = html_of(bad);
    MW_CHECK(strstr(passed, "<strong>Passed.</strong> 3 points, 0 outside") != NULL);
    MW_CHECK(strstr(passed, "FAIL") == NULL);
    MW_CHECK(strstr(failed, "Not passed.") != NULL && strstr(failed, ">FAIL<") != NULL);
    MW_CHECK(strstr(passed, "Test of &lt;things&gt; &amp; others") != NULL);
    free(passed);
    free(failed);
    free(good);
    free(bad);
}

static void test_curve_is_in_order_of_x(void **state) {
    (void)state;
    mw_report *r = report_make(1);
    mw_report_curve c[MW_REPORT_CURVES];
    MW_CHECK_EQ(mw_report_curves(&r->subject[0], c), 1);
    MW_CHECK_EQ(c[0].points, 3);
    MW_CHECK(c[0].point[0]->x < c[0].point[1]->x && c[0].point[1]->x < c[0].point[2]->x);
    free(r);
}

/* The same firmware has the same hash, another image another; one that is not there is told. */
static void test_firmware_is_named_by_its_hash(void **state) {
    (void)state;
    char path[] = "report_image_XXXXXX";
    int fd = mkstemp(path);
    MW_CHECK(fd >= 0 && write(fd, "abc", 3) == 3);
    close(fd);
    mw_report *r = report_make(1);
    MW_CHECK_OK(mw_report_firmware(r, path));
    /* FIPS 180-4, example of one block */
    MW_CHECK_STR(r->fact[r->facts - 1].value,
                 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    unlink(path);
    MW_CHECK_STATUS(mw_report_firmware(r, path), MW_IO);
    free(r);
}

static void test_paper_is_written(void **state) {
    (void)state;
    mw_report *r = report_make(1);
    char path[] = "report_paper_XXXXXX", head[5] = {0};
    int fd = mkstemp(path);
    MW_CHECK(fd >= 0);
    MW_CHECK_OK(mw_report_write(r, &(mw_report_files){.pdf = path}));
    MW_CHECK(read(fd, head, 4) == 4);
    MW_CHECK_STR(head, "%PDF");
    MW_CHECK(lseek(fd, 0, SEEK_END) > 2000);
    close(fd);
    unlink(path);
    MW_CHECK_STATUS(mw_report_write(r, &(mw_report_files){.pdf = "no/such/folder/x.pdf"}), MW_IO);
    MW_CHECK_STATUS(mw_report_write(r, &(mw_report_files){.html = "no/such/folder/x.html"}), MW_IO);
    free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdict_follows_from_the_limit),
        cmocka_unit_test(test_curve_is_in_order_of_x),
        cmocka_unit_test(test_firmware_is_named_by_its_hash),
        cmocka_unit_test(test_paper_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
