/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables that people hand over: CSV and XLSX files read row by row as UTF-8 text.
 *
 * CSV    RFC 4180, and what spreadsheets really write: a byte order mark, CRLF or LF, comma,
 *        semicolon or tab (told by the first line unless given). UTF-8 only: a file in another
 *        encoding is refused with the row, never guessed.
 * XLSX   Office Open XML (ECMA-376, 5th edition, part 1): shared and inline strings, numbers,
 *        booleans, dates. A number is handed out with at most 15 significant digits, as a
 *        spreadsheet shows it; a number in a date format as "2026-03-29 02:30:00" (local clock
 *        time, no zone). Formulas are not evaluated: the value stored beside them counts.
 *
 * Whatever is inside a file, memory stays within the limits below.
 */
#ifndef MW_PLATFORM_FILES_TABLE_H
#define MW_PLATFORM_FILES_TABLE_H

#include "base/bytes.h"

enum {
    MW_TABLE_COLUMNS_MAX = 256,
    MW_TABLE_CELL_MAX = 32767,      /* bytes of one cell: what XLSX allows in characters */
    MW_TABLE_ROW_MAX = 262144,      /* bytes of all cells of a row */
    MW_TABLE_ROWS_MAX = 20000000,   /* rows of a CSV file */
    MW_TABLE_SHEETS_MAX = 64,       /* sheets of a workbook */
    MW_TABLE_PART_MAX = 268435456,  /* bytes of one unpacked part of an XLSX file */
    MW_TABLE_STRINGS_MAX = 1048576, /* shared strings, together at most MW_TABLE_PART_MAX / 4 */
};

typedef struct mw_table_error {
    uint32_t row; /* 1-based, 0 = the file as a whole */
    char text[160];
} mw_table_error;

/* One row. Cells are valid during the call; missing cells at the end are not handed out, those in
 * between are empty. Rows without any text are skipped but counted. A status other than MW_OK
 * stops the reading and is returned. */
typedef mw_status (*mw_table_on_row)(void *ctx, uint32_t row, const mw_slice *cells, size_t n);

typedef struct mw_csv_options {
    char delimiter; /* 0 = told by the first line */
} mw_csv_options;

/* MW_SYNTAX (with error), MW_LIMIT, MW_NOMEM, or what the callback said. */
MW_NODISCARD mw_status mw_csv_read(mw_slice file, mw_csv_options options, mw_table_on_row each,
                                   void *ctx, mw_table_error *out_error);

/* sheet: its name, NULL = the first one. MW_NOT_FOUND when there is no such sheet, MW_UNSUPPORTED
 * for an encrypted or old binary workbook, MW_SYNTAX, MW_LIMIT, MW_NOMEM, the callback's. */
MW_NODISCARD mw_status mw_xlsx_read(mw_slice file, const char *sheet, mw_table_on_row each,
                                    void *ctx, mw_table_error *out_error);

/* The names of a workbook's sheets in order, NUL-terminated, at most MW_TABLE_SHEETS_MAX. */
typedef mw_status (*mw_xlsx_on_sheet)(void *ctx, const char *name);
MW_NODISCARD mw_status mw_xlsx_sheets(mw_slice file, mw_xlsx_on_sheet each, void *ctx,
                                      mw_table_error *out_error);

typedef enum mw_table_kind { MW_TABLE_CSV, MW_TABLE_XLSX } mw_table_kind;
/* Told by the first bytes: a ZIP archive is a workbook, anything else is text. */
mw_table_kind mw_table_kind_of(mw_slice file);

#endif
