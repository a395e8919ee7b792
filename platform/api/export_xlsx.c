/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xlsxwriter.h>

#include "platform/api/export.h"
#include "runtime/file.h"

/* A spreadsheet number is a double: integers up to 2^53 are exact in it, and with at most three
 * decimals any amount below 10^12 prints back as it was. Larger amounts are written as text. */
#define NUMBER_MAX INT64_C(1000000000000000)

#define FIRST_ROW  6 /* below the description and the column names */

typedef struct sheet {
    lxw_worksheet *ws;
    lxw_format *bold;
    lxw_format *date;
    lxw_format *amount;
    double unit_in_amount;
} sheet;

static lxw_datetime date_of(mw_utc t, int32_t offset_s) {
    mw_civil c = mw_civil_of_utc(mw_utc_add(t, mw_dur_s(offset_s)));
    return (lxw_datetime){.year = c.year,
                          .month = c.month,
                          .day = c.day,
                          .hour = c.hour,
                          .min = c.minute,
                          .sec = (double)c.second};
}

static void make_formats(lxw_workbook *wb, const mw_export_head *head, sheet *s) {
    s->bold = workbook_add_format(wb);
    format_set_bold(s->bold);
    s->date = workbook_add_format(wb);
    format_set_num_format(s->date, "yyyy-mm-dd hh:mm");
    s->amount = workbook_add_format(wb);
    int decimals = head->display.scale < 0 ? -head->display.scale : 0;
    char pattern[16] = "0";
    if (decimals > 0)
        snprintf(pattern, sizeof pattern, "0.%0*d", decimals, 0);
    format_set_num_format(s->amount, pattern);
    s->unit_in_amount = 1;
    for (int i = 0; i < decimals; i++)
        s->unit_in_amount *= 10;
}

static void write_description(const sheet *s, const mw_export_head *head) {
    const char *pairs[][2] = {{"Meter", head->serial},
                              {"Register", head->obis},
                              {"Label", head->label},
                              {"Address", head->address},
                              {"Time zone", head->time_zone}};
    for (lxw_row_t i = 0; i < 5; i++) {
        worksheet_write_string(s->ws, i, 0, pairs[i][0], s->bold);
        worksheet_write_string(s->ws, i, 1, pairs[i][1], NULL);
    }
    char amount[64];
    char local[2][96];
    snprintf(amount, sizeof amount, "Consumption, %s", head->display.symbol);
    snprintf(local[0], sizeof local[0], "Start, %.64s", head->time_zone);
    snprintf(local[1], sizeof local[1], "End, %.64s", head->time_zone);
    const char *columns[] = {local[0], local[1],   "Start, UTC", "End, UTC",
                             amount,   "Expected", "Received",   "Quality"};
    for (lxw_col_t i = 0; i < 8; i++)
        worksheet_write_string(s->ws, FIRST_ROW - 1, i, columns[i], s->bold);
    worksheet_set_column(s->ws, 0, 3, 24, NULL);
    worksheet_set_column(s->ws, 4, 4, 20, NULL);
    worksheet_set_column(s->ws, 7, 7, 24, NULL);
    worksheet_freeze_panes(s->ws, FIRST_ROW, 0);
}

static void write_row(const sheet *s, const mw_export_head *head, lxw_row_t at,
                      const mw_export_row *row) {
    lxw_datetime local_start = date_of(row->start, row->start_offset_s);
    lxw_datetime local_end = date_of(row->end, row->end_offset_s);
    lxw_datetime utc_start = date_of(row->start, 0);
    lxw_datetime utc_end = date_of(row->end, 0);
    worksheet_write_datetime(s->ws, at, 0, &local_start, s->date);
    worksheet_write_datetime(s->ws, at, 1, &local_end, s->date);
    worksheet_write_datetime(s->ws, at, 2, &utc_start, s->date);
    worksheet_write_datetime(s->ws, at, 3, &utc_end, s->date);
    bool number = row->value < NUMBER_MAX && row->value > -NUMBER_MAX && head->display.scale <= 0;
    if (row->known && number) {
        worksheet_write_number(s->ws, at, 4, (double)row->value / s->unit_in_amount, s->amount);
    } else if (row->known) {
        char text[MW_AMOUNT_TEXT_MAX];
        mw_display_amount(head->display, row->value, text);
        worksheet_write_string(s->ws, at, 4, text, NULL);
    }
    worksheet_write_number(s->ws, at, 5, (double)row->expected, NULL);
    worksheet_write_number(s->ws, at, 6, (double)row->received, NULL);
    worksheet_write_string(s->ws, at, 7, row->quality, NULL);
}

/* libxlsxwriter writes to a file name only: an anonymous file in memory has one under /proc. */
static mw_status write_workbook(const char *path, const mw_export_head *head,
                                const mw_export_row *rows, size_t row_count) {
    lxw_workbook *wb = workbook_new(path);
    if (wb == NULL)
        return MW_NOMEM;
    sheet s = {.ws = workbook_add_worksheet(wb, "Consumption")};
    make_formats(wb, head, &s);
    write_description(&s, head);
    for (size_t i = 0; i < row_count; i++)
        write_row(&s, head, (lxw_row_t)(FIRST_ROW + i), &rows[i]);
    lxw_error err = workbook_close(wb);
    if (err == LXW_ERROR_MEMORY_MALLOC_FAILED)
        return MW_NOMEM;
    return err == LXW_NO_ERROR ? MW_OK : MW_IO;
}

mw_status mw_export_xlsx(const mw_export_head *head, const mw_export_row *rows, size_t row_count,
                         mw_buffer *out) {
    if (row_count > MW_EXPORT_XLSX_ROWS_MAX)
        return MW_LIMIT;
    int fd = memfd_create("export.xlsx", MFD_CLOEXEC);
    if (fd < 0)
        return MW_NOMEM;
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    mw_status s = write_workbook(path, head, rows, row_count);
    if (s == MW_OK)
        s = mw_file_read(path, out);
    close(fd);
    return s;
}
