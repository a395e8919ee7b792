/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/files/row.h"

#include <stdio.h>

#include "base/assert.h"

void mw_table_fail(mw_table_error *error, uint32_t row, const char *format, ...) {
    va_list args;
    va_start(args, format);
    error->row = row;
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
}

void mw_table_row_reset(mw_table_row *row) {
    row->cells = 0;
    row->used = 0;
}

mw_status mw_table_row_open(mw_table_row *row, size_t column) {
    if (column >= MW_TABLE_COLUMNS_MAX)
        return MW_LIMIT;
    mw_assert(column >= row->cells);
    while (row->cells <= column) {
        row->cell[row->cells].at = (uint32_t)row->used;
        row->cell[row->cells].n = 0;
        row->cells++;
    }
    return MW_OK;
}

mw_status mw_table_row_add(mw_table_row *row, mw_slice part) {
    mw_assert(row->cells > 0);
    uint32_t *n = &row->cell[row->cells - 1].n;
    if (part.n > MW_TABLE_CELL_MAX - *n || part.n > MW_TABLE_ROW_MAX - row->used)
        return MW_LIMIT;
    mw_bytes_copy(row->text + row->used, part.p, part.n);
    row->used += part.n;
    *n += (uint32_t)part.n;
    return MW_OK;
}

/* Length of the UTF-8 character at the start of s, 0 when it is not one (RFC 3629, clause 4). */
static size_t character(mw_slice s) {
    uint8_t c = s.p[0];
    size_t n = c < 0x80                ? 1
               : c >= 0xc2 && c < 0xe0 ? 2
               : c >= 0xe0 && c < 0xf0 ? 3
               : c >= 0xf0 && c < 0xf5 ? 4
                                       : 0;
    if (n == 0 || n > s.n)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s.p[i] & 0xc0) != 0x80)
            return 0;
    bool bad = (c == 0xe0 && s.p[1] < 0xa0) || (c == 0xed && s.p[1] > 0x9f) ||
               (c == 0xf0 && s.p[1] < 0x90) || (c == 0xf4 && s.p[1] > 0x8f);
    return bad ? 0 : n;
}

static bool is_utf8(mw_slice s) {
    while (s.n > 0) {
        size_t n = character(s);
        if (n == 0)
            return false;
        s = mw_slice_sub(s, n, s.n - n);
    }
    return true;
}

mw_status mw_table_row_give(const mw_table_row *row, uint32_t number, mw_table_on_row each,
                            void *ctx, mw_table_error *error) {
    if (row->used == 0)
        return MW_OK;
    mw_slice all = {row->text, row->used};
    if (!is_utf8(all)) {
        mw_table_fail(error, number, "the text is not UTF-8; save the file as \"CSV UTF-8\"");
        return MW_SYNTAX;
    }
    mw_slice cells[MW_TABLE_COLUMNS_MAX];
    for (size_t i = 0; i < row->cells; i++)
        cells[i] = mw_slice_sub(all, row->cell[i].at, row->cell[i].n);
    return each(ctx, number, cells, row->cells);
}
