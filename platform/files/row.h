/* SPDX-License-Identifier: Apache-2.0
 *
 * A row under construction: cells collected as bytes in one bounded buffer. Inside platform/files.
 */
#ifndef MW_PLATFORM_FILES_ROW_H
#define MW_PLATFORM_FILES_ROW_H

#include <stdarg.h>

#include "platform/files/table.h"

typedef struct mw_table_row {
    size_t cells;
    size_t used; /* bytes in text */
    struct {
        uint32_t at;
        uint32_t n;
    } cell[MW_TABLE_COLUMNS_MAX];
    uint8_t text[MW_TABLE_ROW_MAX];
} mw_table_row;

void mw_table_row_reset(mw_table_row *row);
/* Opens the cell of a column, 0-based; those left out before it are empty. MW_LIMIT. */
MW_NODISCARD mw_status mw_table_row_open(mw_table_row *row, size_t column);
/* Adds to the open cell. MW_LIMIT. */
MW_NODISCARD mw_status mw_table_row_add(mw_table_row *row, mw_slice part);
/* Hands the row out unless all cells are empty. MW_SYNTAX with an error when it is not UTF-8. */
MW_NODISCARD mw_status mw_table_row_give(const mw_table_row *row, uint32_t number,
                                         mw_table_on_row each, void *ctx, mw_table_error *error);

void mw_table_fail(mw_table_error *error, uint32_t row, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
