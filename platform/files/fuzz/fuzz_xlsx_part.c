/* SPDX-License-Identifier: Apache-2.0
 *
 * The XML inside a workbook: the first byte tells which part the rest becomes.
 */
#include "platform/files/table.h"
#include "platform/files/test/archive.h"

static mw_status on_row(void *ctx, uint32_t row, const mw_slice *cells, size_t n) {
    uint32_t *last = ctx;
    (void)cells;
    mw_assert(row > *last && n >= 1 && n <= MW_TABLE_COLUMNS_MAX);
    *last = row;
    return MW_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    if (n < 1)
        return 0;
    archive_part parts[] = {
        {"xl/workbook.xml", mw_slice_of_str(ARCHIVE_BOOK)},
        {"xl/_rels/workbook.xml.rels", mw_slice_of_str(ARCHIVE_RELATIONS)},
        {"xl/worksheets/sheet1.xml",
         mw_slice_of_str("<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c>"
                         "<c s=\"1\"><v>46000.5</v></c></row></sheetData></worksheet>")},
        {"xl/sharedStrings.xml", mw_slice_of_str("<sst><si><t>serial</t></si></sst>")},
        {"xl/styles.xml",
         mw_slice_of_str("<styleSheet><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"22\"/></cellXfs>"
                         "</styleSheet>")},
    };
    size_t which = data[0] % (sizeof parts / sizeof parts[0]);
    parts[which].content = (mw_slice){data + 1, n - 1};
    mw_slice file = archive_make(parts, sizeof parts / sizeof parts[0]);
    mw_table_error error;
    uint32_t last = 0;
    mw_status s = mw_xlsx_read(file, NULL, on_row, &last, &error);
    mw_assert(s == MW_OK || s == MW_NOMEM || error.text[0] != 0);
    free((void *)(uintptr_t)file.p);
    return 0;
}
