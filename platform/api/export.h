/* SPDX-License-Identifier: Apache-2.0
 *
 * Consumption tables as files for people and their spreadsheets.
 *
 *   CSV    RFC 4180 with CRLF, UTF-8 without a byte order mark, decimal point, one header line.
 *          Local times carry their offset and stand beside UTC.
 *   XLSX   Office Open XML through libxlsxwriter: numbers are numbers with fixed decimals, times
 * are dates (local clock time, the zone is named, UTC beside), quality has its own column.
 *
 * Amounts are written exactly, in the unit that people read (m³ for litres, kWh for Wh). A text
 * that a spreadsheet would take for a formula gets an apostrophe in front in CSV; XLSX has typed
 * cells and needs none.
 */
#ifndef MW_PLATFORM_API_EXPORT_H
#define MW_PLATFORM_API_EXPORT_H

#include "base/time.h"
#include "base/units.h"
#include "runtime/buffer.h"

/* A register's or interval's unit as people read it. */
typedef struct mw_display {
    const char *symbol; /* such as "m³" */
    int8_t scale;       /* value * 10^scale is in that unit */
} mw_display;

mw_display mw_display_of(mw_unit unit, int8_t scale);
/* Decimal text such as "12.345" of a value as the display has it; needs MW_AMOUNT_TEXT_MAX. */
#define MW_AMOUNT_TEXT_MAX 40
void mw_display_amount(mw_display d, int64_t value, char out_text[MW_AMOUNT_TEXT_MAX]);

typedef struct mw_export_row {
    mw_utc start;
    mw_utc end;
    int32_t start_offset_s; /* local minus UTC at start */
    int32_t end_offset_s;
    bool known; /* false: value means nothing, the cell stays empty */
    int64_t value;
    uint32_t expected; /* intervals in the step, and how many of them arrived */
    uint32_t received;
    const char *quality; /* words with spaces between; may be "" */
} mw_export_row;

typedef struct mw_export_head {
    const char *serial;
    const char *label;
    const char *obis;
    const char *address;
    const char *time_zone; /* IANA name */
    const char *step;      /* "hour", "day", "month", "year" */
    mw_display display;
} mw_export_head;

/* One CSV line is at most this long. Texts in it are cut, never the numbers. */
#define MW_EXPORT_LINE_MAX 1024

/* A text cell of at most max bytes of text; quoted as RFC 4180 asks, defused as said above. */
void mw_csv_text(mw_writer *w, mw_slice text, size_t max);
void mw_csv_int(mw_writer *w, int64_t value);
/* "2026-03-29T03:00:00+02:00" */
void mw_csv_local_time(mw_writer *w, mw_utc t, int32_t offset_s);

/* Header line, then one line for each row, each with its CRLF. */
void mw_export_csv_head(const mw_export_head *head, mw_writer *w);
void mw_export_csv_row(const mw_export_head *head, const mw_export_row *row, mw_writer *w);

#define MW_EXPORT_XLSX_ROWS_MAX 100000
/* Appends the whole file to out. MW_LIMIT for more than MW_EXPORT_XLSX_ROWS_MAX rows, MW_SPACE when
 * out's maximum is reached, MW_NOMEM, MW_IO. */
MW_NODISCARD mw_status mw_export_xlsx(const mw_export_head *head, const mw_export_row *rows,
                                      size_t row_count, mw_buffer *out);

#endif
