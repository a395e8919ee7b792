/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "platform/files/row.h"

typedef struct csv {
    mw_slice file;
    size_t at;
    char delimiter;
    uint32_t line;
    mw_table_row *row;
    mw_table_error *error;
} csv;

mw_table_kind mw_table_kind_of(mw_slice file) {
    static const uint8_t zip[] = {'P', 'K', 3, 4};
    bool is_zip =
        file.n >= sizeof zip && mw_slice_equal(mw_slice_sub(file, 0, sizeof zip), MW_SLICE_OF(zip));
    return is_zip ? MW_TABLE_XLSX : MW_TABLE_CSV;
}

/* The most frequent of the three outside quotes in the first line. */
static char delimiter_of(mw_slice file) {
    size_t comma = 0, semicolon = 0, tab = 0;
    bool quoted = false;
    for (size_t i = 0; i < file.n && (quoted || file.p[i] != '\n'); i++) {
        quoted ^= file.p[i] == '"';
        comma += !quoted && file.p[i] == ',';
        semicolon += !quoted && file.p[i] == ';';
        tab += !quoted && file.p[i] == '\t';
    }
    if (tab > 0 && tab >= comma && tab >= semicolon)
        return '\t';
    return semicolon > comma ? ';' : ',';
}

static mw_status too_much(const csv *c, mw_status s) {
    if (s == MW_LIMIT)
        mw_table_fail(c->error, c->line,
                      "more than %d columns, %d bytes in a cell or %d bytes in a row",
                      MW_TABLE_COLUMNS_MAX, MW_TABLE_CELL_MAX, MW_TABLE_ROW_MAX);
    return s;
}

static bool ends_cell(const csv *c, uint8_t byte) {
    return byte == (uint8_t)c->delimiter || byte == '\n' || byte == '\r';
}

/* A cell in quotes, the first one read: doubled quotes are one, line ends belong to it. */
static mw_status quoted_cell(csv *c) {
    for (;;) {
        size_t from = c->at;
        while (c->at < c->file.n && c->file.p[c->at] != '"')
            c->at++;
        MW_TRY(too_much(c, mw_table_row_add(c->row, mw_slice_sub(c->file, from, c->at - from))));
        if (c->at == c->file.n) {
            mw_table_fail(c->error, c->line, "a quotation mark is never closed");
            return MW_SYNTAX;
        }
        c->at++;
        if (c->at < c->file.n && c->file.p[c->at] == '"') {
            MW_TRY(too_much(c, mw_table_row_add(c->row, mw_slice_sub(c->file, c->at, 1))));
            c->at++;
            continue;
        }
        if (c->at < c->file.n && !ends_cell(c, c->file.p[c->at])) {
            mw_table_fail(c->error, c->line, "text follows a closing quotation mark");
            return MW_SYNTAX;
        }
        return MW_OK;
    }
}

static mw_status plain_cell(csv *c) {
    size_t from = c->at;
    while (c->at < c->file.n && !ends_cell(c, c->file.p[c->at]))
        c->at++;
    return too_much(c, mw_table_row_add(c->row, mw_slice_sub(c->file, from, c->at - from)));
}

/* Reads cells up to the end of the row and past its line end. */
static mw_status row_read(csv *c) {
    mw_table_row_reset(c->row);
    for (size_t column = 0;; column++) {
        MW_TRY(too_much(c, mw_table_row_open(c->row, column)));
        if (c->at < c->file.n && c->file.p[c->at] == '"') {
            c->at++;
            MW_TRY(quoted_cell(c));
        } else {
            MW_TRY(plain_cell(c));
        }
        if (c->at == c->file.n)
            return MW_OK;
        uint8_t end = c->file.p[c->at++];
        if (end == (uint8_t)c->delimiter)
            continue;
        if (end == '\r' && c->at < c->file.n && c->file.p[c->at] == '\n')
            c->at++;
        return MW_OK;
    }
}

static mw_status encoding_check(mw_slice *file, mw_table_error *error) {
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
    if (file->n >= 3 && mw_slice_equal(mw_slice_sub(*file, 0, 3), MW_SLICE_OF(mark)))
        *file = mw_slice_sub(*file, 3, file->n - 3);
    bool utf16 = file->n >= 2 && ((file->p[0] == 0xff && file->p[1] == 0xfe) ||
                                  (file->p[0] == 0xfe && file->p[1] == 0xff));
    if (!utf16)
        return MW_OK;
    mw_table_fail(error, 0, "the file is UTF-16; save it as \"CSV UTF-8\"");
    return MW_SYNTAX;
}

mw_status mw_csv_read(mw_slice file, mw_csv_options options, mw_table_on_row each, void *ctx,
                      mw_table_error *out_error) {
    *out_error = (mw_table_error){0};
    MW_TRY(encoding_check(&file, out_error));
    csv c = {.file = file,
             .delimiter = options.delimiter != 0 ? options.delimiter : delimiter_of(file),
             .row = malloc(sizeof *c.row),
             .error = out_error};
    if (c.row == NULL)
        return MW_NOMEM;
    mw_status s = MW_OK;
    while (s == MW_OK && c.at < file.n) {
        if (c.line == MW_TABLE_ROWS_MAX) {
            mw_table_fail(out_error, c.line, "more than %d rows", MW_TABLE_ROWS_MAX);
            s = MW_LIMIT;
            break;
        }
        c.line++;
        s = row_read(&c);
        if (s == MW_OK)
            s = mw_table_row_give(c.row, c.line, each, ctx, out_error);
    }
    free(c.row);
    return s;
}
