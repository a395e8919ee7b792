/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/assert.h"
#include "platform/files/table.h"

static mw_status on_row(void *ctx, uint32_t row, const mw_slice *cells, size_t n) {
    uint32_t *last = ctx;
    mw_assert(row > *last && n >= 1 && n <= MW_TABLE_COLUMNS_MAX);
    *last = row;
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++)
        bytes += cells[i].n;
    mw_assert(bytes > 0 && bytes <= MW_TABLE_ROW_MAX);
    return MW_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    mw_slice file = {data, n};
    mw_table_error error;
    uint32_t last = 0;
    mw_status s = mw_table_kind_of(file) == MW_TABLE_XLSX
                      ? mw_xlsx_read(file, NULL, on_row, &last, &error)
                      : mw_csv_read(file, (mw_csv_options){0}, on_row, &last, &error);
    mw_assert(s == MW_OK || s == MW_NOMEM || error.text[0] != 0);
    return 0;
}
