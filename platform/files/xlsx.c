/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "platform/files/xlsx_parts.h"

/* Cells of one sheet as its XML goes by. */
typedef struct sheet_reader {
    mw_xlsx_walker w;
    mw_table_row *row;
    uint32_t number; /* of the row, 1-based */
    uint32_t next_column;
    char type; /* of the cell: n number, s shared, i inline, t text, b boolean, e error */
    bool date;
    bool in_value;
    bool in_inline; /* inside <is>: <t> is text, phonetic hints are not */
    bool in_phonetic;
    mw_buffer value;
    mw_table_on_row each;
    void *ctx;
} sheet_reader;

static void stop(sheet_reader *r, mw_status s, const char *why) {
    r->w.status = s;
    if (r->w.book->error->text[0] == 0)
        mw_table_fail(r->w.book->error, r->number, "%s", why);
}

/* "BC12" -> column 54, 0-based; the row part is not looked at. */
static bool column_of(const char *reference, uint32_t *out_column) {
    uint32_t column = 0;
    const char *c = reference;
    for (; *c >= 'A' && *c <= 'Z' && c - reference < 4; c++)
        column = column * 26 + (uint32_t)(*c - 'A' + 1);
    if (column == 0)
        return false;
    *out_column = column - 1;
    return true;
}

static void cell_begin(sheet_reader *r, const char **attributes) {
    const char *reference = mw_xlsx_attribute(attributes, "r");
    const char *type = mw_xlsx_attribute(attributes, "t");
    const char *style = mw_xlsx_attribute(attributes, "s");
    uint32_t column = r->next_column;
    if (reference != NULL && !column_of(reference, &column)) {
        stop(r, MW_SYNTAX, "a cell's reference is malformed");
        return;
    }
    if (column < r->next_column) {
        stop(r, MW_SYNTAX, "the cells of a row are out of order");
        return;
    }
    if (mw_table_row_open(r->row, column) != MW_OK) {
        stop(r, MW_LIMIT, "more than 256 columns");
        return;
    }
    r->next_column = column + 1;
    r->type = 'n';
    if (type != NULL)
        r->type = strcmp(type, "inlineStr") == 0 ? 'i' : strcmp(type, "str") == 0 ? 't' : type[0];
    unsigned long number = style != NULL ? strtoul(style, NULL, 10) : 0;
    r->date = number < r->w.book->styles && r->w.book->date_style[number];
    mw_buffer_reset(&r->value);
}

static void row_begin(sheet_reader *r, const char **attributes) {
    const char *number = mw_xlsx_attribute(attributes, "r");
    unsigned long given = number != NULL ? strtoul(number, NULL, 10) : r->number + 1ul;
    if (given <= r->number || given > 1048576) {
        stop(r, MW_SYNTAX, "the rows are out of order");
        return;
    }
    r->number = (uint32_t)given;
    r->next_column = 0;
    mw_table_row_reset(r->row);
}

static void on_begin(mw_xlsx_walker *w, const char *element, const char **attributes) {
    sheet_reader *r = (sheet_reader *)w;
    if (mw_xlsx_is(element, "row"))
        row_begin(r, attributes);
    else if (mw_xlsx_is(element, "c"))
        cell_begin(r, attributes);
    else if (mw_xlsx_is(element, "is"))
        r->in_inline = true;
    else if (mw_xlsx_is(element, "rPh"))
        r->in_phonetic = true;
    r->in_value =
        mw_xlsx_is(element, "v") || (r->in_inline && !r->in_phonetic && mw_xlsx_is(element, "t"));
}

static void on_text(mw_xlsx_walker *w, mw_slice text) {
    sheet_reader *r = (sheet_reader *)w;
    if (!r->in_value)
        return;
    mw_buffer_append(&r->value, text);
    if (r->value.status != MW_OK)
        stop(r, MW_LIMIT, "a cell is larger than 32767 bytes");
}

/* A day number with fraction as local clock time, to the nearest second. Day 60 of the 1900 system
 * is 29 February 1900, which never was: days before it are not worth an importer's trouble. */
static bool date_text(const mw_xlsx_book *book, double serial, char *out, size_t size) {
    double day = floor(serial);
    double seconds = floor((serial - day) * 86400 + 0.5);
    if (!(day >= (book->from_1904 ? 0 : 61) && day < 2958466))
        return false;
    int64_t epoch = book->from_1904 ? mw_days_of_date(1904, 1, 1) : mw_days_of_date(1899, 12, 30);
    mw_civil c = mw_civil_of_utc(mw_utc_of_s((epoch + (int64_t)day) * 86400 + (int64_t)seconds));
    snprintf(out, size, "%04d-%02u-%02u %02u:%02u:%02u", c.year, c.month, c.day, c.hour, c.minute,
             c.second);
    return true;
}

/* A number as it is shown: 0.1 + 0.2 is stored as 0.30000000000000004 and shown as 0.3. Whole
 * numbers and short decimals come out as they were typed, never with an exponent. */
static bool number_text(double v, char *out, size_t size) {
    if (!isfinite(v) || fabs(v) >= 1e18)
        return false;
    char precise[40];
    snprintf(precise, sizeof precise, "%.14e", v);
    int exponent = atoi(strchr(precise, 'e') + 1);
    int decimals = 14 - exponent;
    if (decimals < 0)
        decimals = 0;
    if (decimals > 300)
        decimals = 300;
    char text[400];
    int n = snprintf(text, sizeof text, "%.*f", decimals, v);
    if (strchr(text, '.') != NULL) {
        while (text[n - 1] == '0')
            text[--n] = 0;
        if (text[n - 1] == '.')
            text[--n] = 0;
    }
    return (size_t)snprintf(out, size, "%s", strcmp(text, "-0") == 0 ? "0" : text) < size;
}

static mw_status shared_add(sheet_reader *r, const char *index) {
    const mw_xlsx_book *book = r->w.book;
    char *end = NULL;
    unsigned long i = strtoul(index, &end, 10);
    if (end == index || i >= book->string_count)
        return MW_SYNTAX;
    uint32_t from = i == 0 ? 0 : book->string_ends[i - 1];
    mw_slice all = mw_buffer_view(&book->strings);
    return mw_table_row_add(r->row, mw_slice_sub(all, from, book->string_ends[i] - from));
}

static mw_status number_add(sheet_reader *r, const char *text) {
    char *end = NULL;
    double v = strtod(text, &end);
    char shown[400];
    bool ok = end != text && *end == 0 &&
              (r->date ? date_text(r->w.book, v, shown, sizeof shown)
                       : number_text(v, shown, sizeof shown));
    return ok ? mw_table_row_add(r->row, mw_slice_of_str(shown)) : MW_SYNTAX;
}

static void cell_end(sheet_reader *r) {
    if (r->value.n == 0)
        return;
    mw_status s = MW_OK;
    if (r->type == 's')
        s = shared_add(r, mw_buffer_text(&r->value));
    else if (r->type == 'n')
        s = number_add(r, mw_buffer_text(&r->value));
    else
        s = mw_table_row_add(r->row, mw_buffer_view(&r->value));
    if (s == MW_LIMIT)
        stop(r, s, "the row's texts are larger than 262144 bytes");
    else if (s != MW_OK)
        stop(r, s, r->date ? "a cell is not a date" : "a cell's value is malformed");
}

static void on_end(mw_xlsx_walker *w, const char *element) {
    sheet_reader *r = (sheet_reader *)w;
    r->in_value = false;
    if (mw_xlsx_is(element, "is"))
        r->in_inline = false;
    else if (mw_xlsx_is(element, "rPh"))
        r->in_phonetic = false;
    else if (mw_xlsx_is(element, "c"))
        cell_end(r);
    else if (mw_xlsx_is(element, "row"))
        w->status = mw_table_row_give(r->row, r->number, r->each, r->ctx, w->book->error);
}

static const mw_xlsx_sheet *sheet_find(const mw_xlsx_book *book, const char *name) {
    for (size_t i = 0; i < book->sheets; i++)
        if (name == NULL || strcmp(book->sheet[i].name, name) == 0)
            return &book->sheet[i];
    return NULL;
}

static mw_status sheet_read(mw_xlsx_book *book, const mw_xlsx_sheet *sheet, mw_table_on_row each,
                            void *ctx) {
    sheet_reader r = {.w = {.begin = on_begin, .end = on_end, .text = on_text},
                      .row = malloc(sizeof *r.row),
                      .each = each,
                      .ctx = ctx};
    if (r.row == NULL)
        return MW_NOMEM;
    mw_table_row_reset(r.row);
    mw_buffer_init(&r.value, MW_TABLE_CELL_MAX);
    mw_status s = mw_xlsx_walk(book, sheet->path, &r.w);
    if (s == MW_NOT_FOUND && r.w.status == MW_OK) {
        mw_table_fail(book->error, 0, "the sheet's part is missing");
        s = MW_SYNTAX;
    }
    mw_buffer_fini(&r.value);
    free(r.row);
    return s;
}

mw_status mw_xlsx_read(mw_slice file, const char *sheet, mw_table_on_row each, void *ctx,
                       mw_table_error *out_error) {
    mw_xlsx_book *book = malloc(sizeof *book);
    if (book == NULL)
        return MW_NOMEM;
    mw_status s = mw_xlsx_open(file, book, out_error);
    if (s != MW_OK) {
        free(book);
        return s;
    }
    const mw_xlsx_sheet *found = sheet_find(book, sheet);
    if (found == NULL) {
        mw_table_fail(out_error, 0, "there is no sheet \"%.100s\"", sheet);
        s = MW_NOT_FOUND;
    } else {
        s = mw_xlsx_load(book);
        if (s == MW_OK)
            s = sheet_read(book, found, each, ctx);
    }
    mw_xlsx_close(book);
    free(book);
    return s;
}

mw_status mw_xlsx_sheets(mw_slice file, mw_xlsx_on_sheet each, void *ctx,
                         mw_table_error *out_error) {
    mw_xlsx_book *book = malloc(sizeof *book);
    if (book == NULL)
        return MW_NOMEM;
    mw_status s = mw_xlsx_open(file, book, out_error);
    if (s == MW_OK) {
        for (size_t i = 0; i < book->sheets && s == MW_OK; i++)
            s = each(ctx, book->sheet[i].name);
        mw_xlsx_close(book);
    }
    free(book);
    return s;
}
