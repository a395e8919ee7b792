/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/files/test/rows.h"

static rows got;
static mw_table_error error;

static mw_status read_text(const char *text, char delimiter) {
    got = (rows){0};
    return mw_csv_read(mw_slice_of_str(text), (mw_csv_options){.delimiter = delimiter}, rows_take,
                       &got, &error);
}

MW_TEST(what_spreadsheets_write_is_read) {
    MW_CHECK_OK(read_text("a,b,c\r\n1,,3\r\n", 0));
    MW_CHECK_STR(got.text, "1: a|b|c\n2: 1||3\n");
    MW_CHECK_OK(read_text("a;b\n1,5;2", 0));
    MW_CHECK_STR(got.text, "1: a|b\n2: 1,5|2\n");
    MW_CHECK_OK(read_text("a\tb,c\n1\t2\n", 0));
    MW_CHECK_STR(got.text, "1: a|b,c\n2: 1|2\n");
    MW_CHECK_OK(read_text("\xef\xbb\xbfserial,place\r1,2\r", 0));
    MW_CHECK_STR(got.text, "1: serial|place\n2: 1|2\n");
    MW_CHECK_OK(read_text("\"a,\"\"b\"\"\",\"two\r\nlines\"\n", 0));
    MW_CHECK_STR(got.text, "1: a,\"b\"|two\r\nlines\n");
    MW_CHECK_OK(read_text("a,b\n\n,,\nc,d\n", 0));
    MW_CHECK_STR(got.text, "1: a|b\n4: c|d\n");
    MW_CHECK_OK(read_text("", 0));
    MW_CHECK_STR(got.text, "");
    MW_CHECK_OK(read_text("a,b;c", ';'));
    MW_CHECK_STR(got.text, "1: a,b|c\n");
}

MW_TEST(what_is_broken_is_named_with_its_row) {
    MW_CHECK_STATUS(read_text("a,b\n\"open,2\n3,4\n", 0), MW_SYNTAX);
    MW_CHECK_EQ(error.row, 2);
    MW_CHECK_STR(error.text, "a quotation mark is never closed");
    MW_CHECK_STATUS(read_text("a\n\"x\"y\n", 0), MW_SYNTAX);
    MW_CHECK_EQ(error.row, 2);
    MW_CHECK_STATUS(read_text("a\nfine\n\xe9t\xe9\n", 0), MW_SYNTAX);
    MW_CHECK_EQ(error.row, 3);
    MW_CHECK(strstr(error.text, "UTF-8") != NULL);
    MW_CHECK_STATUS(read_text("\xff\xfe"
                              "a",
                              0),
                    MW_SYNTAX);
    MW_CHECK(strstr(error.text, "UTF-16") != NULL);
    /* surrogates, overlong forms and values beyond the last code point are not UTF-8 */
    MW_CHECK_STATUS(read_text("\xed\xa0\x80", 0), MW_SYNTAX);
    MW_CHECK_STATUS(read_text("\xc0\xaf", 0), MW_SYNTAX);
    MW_CHECK_STATUS(read_text("\xf4\x90\x80\x80", 0), MW_SYNTAX);
    MW_CHECK_OK(read_text("m\xc2\xb3 \xf0\x9f\x92\xa7", 0));
}

MW_TEST(limits_hold) {
    static char wide[2 * MW_TABLE_COLUMNS_MAX + 4];
    for (size_t i = 0; i < sizeof wide - 1; i++)
        wide[i] = i % 2 == 0 ? 'x' : ',';
    MW_CHECK_STATUS(read_text(wide, 0), MW_LIMIT);
    static char tall[MW_TABLE_CELL_MAX + 2];
    memset(tall, 'x', sizeof tall - 1);
    MW_CHECK_STATUS(read_text(tall, 0), MW_LIMIT);
    tall[MW_TABLE_CELL_MAX] = 0;
    mw_table_error e;
    rows r = {.stop_at = 1};
    MW_CHECK_STATUS(mw_csv_read(mw_slice_of_str(tall), (mw_csv_options){0}, rows_take, &r, &e),
                    MW_CLOSED);
}

MW_TEST_MAIN(MW_CASE(what_spreadsheets_write_is_read),
             MW_CASE(what_is_broken_is_named_with_its_row), MW_CASE(limits_hold))
