/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/mman.h>
#include <unistd.h>

#include <xlsxwriter.h>

#include "platform/files/test/archive.h"
#include "platform/files/test/rows.h"

static rows got;
static mw_table_error error;

static mw_status read_file(mw_slice file, const char *sheet) {
    got = (rows){0};
    return mw_xlsx_read(file, sheet, rows_take, &got, &error);
}

/* A workbook written by another implementation. */
static mw_slice written(void) {
    int fd = memfd_create("workbook", MFD_CLOEXEC);
    MW_CHECK(fd >= 0);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    lxw_workbook *book = workbook_new(path);
    lxw_worksheet *first = workbook_add_worksheet(book, "Readings");
    lxw_worksheet *second = workbook_add_worksheet(book, "Other & more");
    lxw_format *date = workbook_add_format(book);
    format_set_num_format(date, "dd.mm.yyyy hh:mm");
    lxw_format *red = workbook_add_format(book);
    format_set_num_format(red, "[Red]0.00\" days\"");
    lxw_datetime t = {.year = 2026, .month = 3, .day = 29, .hour = 2, .min = 30, .sec = 0};
    worksheet_write_string(first, 0, 0, "serial", NULL);
    worksheet_write_string(first, 0, 1, "m\xc2\xb3 <now> & \"then\"", NULL);
    worksheet_write_string(first, 2, 0, "MW-1", NULL);
    worksheet_write_number(first, 2, 1, 0.1 + 0.2, NULL);
    worksheet_write_datetime(first, 2, 3, &t, date);
    worksheet_write_number(first, 3, 1, 99999.999, red);
    worksheet_write_number(first, 4, 1, -12345678901234.0, NULL);
    worksheet_write_boolean(first, 4, 2, 1, NULL);
    worksheet_write_formula_num(first, 5, 0, "=1+1", NULL, 2);
    worksheet_write_string(second, 0, 0, "serial", NULL);
    MW_CHECK_EQ(workbook_close(book), LXW_NO_ERROR);
    off_t size = lseek(fd, 0, SEEK_END);
    uint8_t *block = malloc((size_t)size);
    MW_CHECK(block != NULL && pread(fd, block, (size_t)size, 0) == size);
    close(fd);
    return (mw_slice){block, (size_t)size};
}

MW_TEST(a_workbook_is_read_as_it_is_shown) {
    mw_slice file = written();
    MW_CHECK_EQ(mw_table_kind_of(file), MW_TABLE_XLSX);
    MW_CHECK_OK(read_file(file, NULL));
    MW_CHECK_STR(got.text, "1: serial|m\xc2\xb3 <now> & \"then\"\n"
                           "3: MW-1|0.3||2026-03-29 02:30:00\n"
                           "4: |99999.999\n"
                           "5: |-12345678901234|1\n"
                           "6: 2\n");
    MW_CHECK_OK(read_file(file, "Other & more"));
    MW_CHECK_STR(got.text, "1: serial\n");
    MW_CHECK_STATUS(read_file(file, "Third"), MW_NOT_FOUND);
    free((void *)(uintptr_t)file.p);
}

static mw_status count_names(void *ctx, const char *name) {
    char *text = ctx;
    strcat(strcat(text, name), ";");
    return MW_OK;
}

MW_TEST(sheets_are_listed) {
    mw_slice file = written();
    char names[128] = "";
    MW_CHECK_OK(mw_xlsx_sheets(file, count_names, names, &error));
    MW_CHECK_STR(names, "Readings;Other & more;");
    free((void *)(uintptr_t)file.p);
}

static mw_status read_sheet(const char *sheet, const char *strings, const char *styles) {
    archive_part parts[] = {
        {"xl/workbook.xml", mw_slice_of_str(ARCHIVE_BOOK)},
        {"xl/_rels/workbook.xml.rels", mw_slice_of_str(ARCHIVE_RELATIONS)},
        {"xl/worksheets/sheet1.xml", mw_slice_of_str(sheet)},
        {"xl/sharedStrings.xml", mw_slice_of_str(strings)},
        {"xl/styles.xml", mw_slice_of_str(styles)},
    };
    mw_slice file = archive_make(parts, 5);
    mw_status s = read_file(file, NULL);
    free((void *)(uintptr_t)file.p);
    return s;
}

#define SHEET(rows) "<worksheet><sheetData>" rows "</sheetData></worksheet>"

MW_TEST(other_writers_forms_are_read) {
    /* no references, prefixes, rich text, phonetic hints, elapsed time */
    const char *strings = "<x:sst xmlns:x=\"y\"><x:si><x:r><x:t>rich </x:t></x:r><x:r><x:t>text"
                          "</x:t></x:r><x:rPh><x:t>hint</x:t></x:rPh></x:si></x:sst>";
    const char *styles = "<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"yyyy\\-mm\"/>"
                         "</numFmts><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"164\"/></cellXfs>"
                         "</styleSheet>";
    MW_CHECK_OK(read_sheet(SHEET("<row><c t=\"s\"><v>0</v></c><c t=\"inlineStr\"><is><t>in</t></is>"
                                 "</c><c s=\"1\"><v>46110.104166666664</v></c></row>"
                                 "<row r=\"7\"><c r=\"B7\" t=\"str\"><f>A1</f><v>t</v></c></row>"),
                           strings, styles));
    MW_CHECK_STR(got.text, "1: rich text|in|2026-03-29 02:30:00\n7: |t\n");
}

MW_TEST(damage_is_refused_in_words) {
    const char *none = "<sst/>", *plain = "<styleSheet/>";
    MW_CHECK_STATUS(read_sheet(SHEET("<row><c t=\"s\"><v>3</v></c></row>"), none, plain),
                    MW_SYNTAX);
    MW_CHECK_EQ(error.row, 1);
    MW_CHECK_STATUS(read_sheet(SHEET("<row r=\"2\"/><row r=\"1\"/>"), none, plain), MW_SYNTAX);
    MW_CHECK_STATUS(read_sheet(SHEET("<row><c r=\"B1\"/><c r=\"A1\"/></row>"), none, plain),
                    MW_SYNTAX);
    MW_CHECK_STATUS(read_sheet(SHEET("<row><c r=\"ZZ1\"/></row>"), none, plain), MW_LIMIT);
    MW_CHECK_STATUS(read_sheet("<worksheet><row>", none, plain), MW_SYNTAX);
    MW_CHECK_STATUS(read_sheet("<!DOCTYPE a [<!ENTITY b \"c\">]><worksheet/>", none, plain),
                    MW_SYNTAX);
    MW_CHECK_STATUS(read_file(mw_slice_of_str("\xd0\xcf\x11\xe0zzzz"), NULL), MW_UNSUPPORTED);
    MW_CHECK(strstr(error.text, "password") != NULL);
    MW_CHECK_STATUS(read_file(mw_slice_of_str("PK\x03\x04zzzz"), NULL), MW_SYNTAX);
    mw_slice whole = written();
    for (size_t n = 0; n < whole.n; n += 97)
        MW_CHECK(read_file(mw_slice_sub(whole, 0, n), NULL) != MW_OK);
    free((void *)(uintptr_t)whole.p);
}

MW_TEST_MAIN(MW_CASE(a_workbook_is_read_as_it_is_shown), MW_CASE(sheets_are_listed),
             MW_CASE(other_writers_forms_are_read), MW_CASE(damage_is_refused_in_words))
