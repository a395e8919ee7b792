/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/api/export.h"
#include "tests/harness/mw_test.h"

static const char *cell(const char *text, size_t max) {
    static uint8_t out[256];
    mw_writer w = mw_writer_of((mw_span){out, sizeof out - 1});
    mw_csv_text(&w, mw_slice_of_str(text), max);
    MW_CHECK_OK(w.status);
    out[w.at] = 0;
    return (const char *)out;
}

MW_TEST(cells_are_quoted_and_defused) {
    MW_CHECK_STR(cell("plain", 64), "plain");
    MW_CHECK_STR(cell("", 64), "");
    MW_CHECK_STR(cell("Via Roma 1, flat 2", 64), "\"Via Roma 1, flat 2\"");
    MW_CHECK_STR(cell("say \"hi\"", 64), "\"say \"\"hi\"\"\"");
    MW_CHECK_STR(cell("two\r\nlines", 64), "\"two\r\nlines\"");
    MW_CHECK_STR(cell("=HYPERLINK(\"http://x\")", 64), "\"'=HYPERLINK(\"\"http://x\"\")\"");
    MW_CHECK_STR(cell("+1", 64), "\"'+1\"");
    MW_CHECK_STR(cell("-1", 64), "\"'-1\"");
    MW_CHECK_STR(cell("@SUM(A1)", 64), "\"'@SUM(A1)\"");
    MW_CHECK_STR(cell("\t=1", 64), "\"'\t=1\"");
    MW_CHECK_STR(cell("a=1", 64), "a=1");
    /* cut before a character, never inside one */
    MW_CHECK_STR(cell("m\xc2\xb3", 2), "m");
    MW_CHECK_STR(cell("m\xc2\xb3", 3), "m\xc2\xb3");
}

MW_TEST(amounts_are_exact) {
    char text[MW_AMOUNT_TEXT_MAX];
    mw_display_amount(mw_display_of(MW_UNIT_L, 0), 12345, text);
    MW_CHECK_STR(text, "12.345");
    MW_CHECK_STR(mw_display_of(MW_UNIT_L, 0).symbol, "m\xc2\xb3");
    mw_display_amount(mw_display_of(MW_UNIT_L, 0), 0, text);
    MW_CHECK_STR(text, "0.000");
    mw_display_amount(mw_display_of(MW_UNIT_L, 0), -1, text);
    MW_CHECK_STR(text, "-0.001");
    mw_display_amount(mw_display_of(MW_UNIT_L, 1), 7, text);
    MW_CHECK_STR(text, "0.07");
    mw_display_amount(mw_display_of(MW_UNIT_WH, 0), INT64_MAX, text);
    MW_CHECK_STR(text, "9223372036854775.807");
    mw_display_amount(mw_display_of(MW_UNIT_WH, 0), INT64_MIN, text);
    MW_CHECK_STR(text, "-9223372036854775.808");
    MW_CHECK_STR(mw_display_of(MW_UNIT_WH, 0).symbol, "kWh");
    mw_display_amount(mw_display_of(MW_UNIT_M3, -2), 5, text);
    MW_CHECK_STR(text, "0.05");
}

static const mw_export_head head = {.serial = "MW-W-000001",
                                    .label = "Cold water",
                                    .obis = "8-0:1.0.0*255",
                                    .address = "=1+1",
                                    .time_zone = "Europe/Rome",
                                    .step = "hour",
                                    .display = {"m\xc2\xb3", -3}};

static mw_utc utc(const char *text) {
    mw_utc t = MW_UTC_NONE;
    MW_CHECK_OK(mw_utc_parse(mw_slice_of_str(text), &t));
    return t;
}

MW_TEST(csv_lines) {
    uint8_t out[MW_EXPORT_LINE_MAX];
    mw_export_row row = {.start = utc("2026-03-29T00:00:00Z"),
                         .end = utc("2026-03-29T01:00:00Z"),
                         .start_offset_s = 3600,
                         .end_offset_s = 7200,
                         .known = true,
                         .value = 17,
                         .expected = 1,
                         .received = 1,
                         .quality = "partial tamper"};
    mw_writer w = mw_writer_of((mw_span){out, sizeof out - 1});
    mw_export_csv_row(&head, &row, &w);
    out[w.at] = 0;
    MW_CHECK_STR((char *)out, "MW-W-000001,Cold water,hour,2026-03-29T01:00:00+01:00,"
                              "2026-03-29T03:00:00+02:00,Europe/Rome,2026-03-29T00:00:00Z,"
                              "2026-03-29T01:00:00Z,0.017,m\xc2\xb3,1,1,partial tamper\r\n");
    row.known = false;
    row.start_offset_s = -12600;
    row.quality = "";
    w = mw_writer_of((mw_span){out, sizeof out - 1});
    mw_export_csv_row(&head, &row, &w);
    out[w.at] = 0;
    MW_CHECK(strstr((char *)out, "2026-03-28T20:30:00-03:30,") != NULL);
    MW_CHECK(strstr((char *)out, "Z,,m\xc2\xb3,1,1,\r\n") != NULL);
    w = mw_writer_of((mw_span){out, sizeof out - 1});
    mw_export_csv_head(&head, &w);
    size_t commas = 0;
    for (size_t i = 0; i < w.at; i++)
        commas += out[i] == ',';
    MW_CHECK_EQ(commas, 12);
}

MW_TEST(longest_line_fits) {
    static char texts[4][200];
    for (int i = 0; i < 4; i++)
        memset(texts[i], '"', sizeof texts[i] - 1);
    mw_export_head worst = {.serial = texts[0],
                            .label = texts[1],
                            .time_zone = texts[2],
                            .step = "month",
                            .display = {texts[3], -3}};
    mw_export_row row = {.known = true, .value = INT64_MIN, .quality = texts[0]};
    uint8_t out[MW_EXPORT_LINE_MAX];
    mw_writer w = mw_writer_of(MW_SPAN_OF(out));
    mw_export_csv_row(&worst, &row, &w);
    MW_CHECK_OK(w.status);
}

MW_TEST(xlsx_is_a_zip) {
    mw_export_row rows[3] = {0};
    for (int i = 0; i < 3; i++) {
        rows[i].start = utc("2026-01-01T00:00:00Z");
        rows[i].end = utc("2026-01-02T00:00:00Z");
        rows[i].known = i != 1;
        rows[i].value = i == 2 ? INT64_MAX : 12345;
        rows[i].quality = "";
    }
    mw_buffer file;
    mw_buffer_init(&file, 1 << 20);
    MW_CHECK_OK(mw_export_xlsx(&head, rows, 3, &file));
    MW_CHECK(file.n > 1000);
    MW_CHECK_BYTES(mw_slice_sub(mw_buffer_view(&file), 0, 4), "PK\x03\x04", 4);
    mw_buffer_fini(&file);
    mw_buffer_init(&file, 100);
    MW_CHECK_STATUS(mw_export_xlsx(&head, rows, 3, &file), MW_SPACE);
    MW_CHECK_STATUS(mw_export_xlsx(&head, rows, MW_EXPORT_XLSX_ROWS_MAX + 1, &file), MW_LIMIT);
    mw_buffer_fini(&file);
}

MW_TEST_MAIN(MW_CASE(cells_are_quoted_and_defused), MW_CASE(amounts_are_exact), MW_CASE(csv_lines),
             MW_CASE(longest_line_fits), MW_CASE(xlsx_is_a_zip))
