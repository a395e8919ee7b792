/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/api/export.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"

mw_display mw_display_of(mw_unit unit, int8_t scale) {
    int8_t thousandth = (int8_t)(scale - 3);
    switch (unit) {
    case MW_UNIT_L:
        return (mw_display){"m³", thousandth};
    case MW_UNIT_WH:
        return (mw_display){"kWh", thousandth};
    case MW_UNIT_VARH:
        return (mw_display){"kvarh", thousandth};
    case MW_UNIT_VAH:
        return (mw_display){"kVAh", thousandth};
    default:
        return (mw_display){mw_unit_info_of(unit)->symbol, scale};
    }
}

void mw_display_amount(mw_display d, int64_t value, char out_text[MW_AMOUNT_TEXT_MAX]) {
    mw_quantity q = {.value = value, .scale = d.scale, .unit = MW_UNIT_NONE};
    mw_span out = {(uint8_t *)out_text, MW_AMOUNT_TEXT_MAX};
    if (mw_quantity_format(q, out) != MW_OK)
        snprintf(out_text, MW_AMOUNT_TEXT_MAX, "%llde%d", (long long)value, d.scale);
}

/* The longest part of s of at most max bytes that does not split a UTF-8 character. */
static size_t cut(mw_slice s, size_t max) {
    if (s.n <= max)
        return s.n;
    size_t n = max;
    while (n > 0 && (s.p[n] & 0xc0) == 0x80)
        n--;
    return n;
}

static bool starts_formula(mw_slice s) {
    return s.n > 0 && strchr("=+-@\t\r\n", s.p[0]) != NULL && s.p[0] != 0;
}

void mw_csv_text(mw_writer *w, mw_slice text, size_t max) {
    text.n = cut(text, max);
    bool formula = starts_formula(text);
    bool quote = formula;
    for (size_t i = 0; i < text.n && !quote; i++)
        quote = strchr(",\"\r\n", text.p[i]) != NULL;
    if (quote)
        mw_write_u8(w, '"');
    if (formula)
        mw_write_u8(w, '\'');
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (c == '"')
            mw_write_u8(w, '"');
        mw_write_u8(w, c == 0 ? ' ' : c);
    }
    if (quote)
        mw_write_u8(w, '"');
}

void mw_csv_int(mw_writer *w, int64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    mw_write_str(w, text);
}

void mw_csv_local_time(mw_writer *w, mw_utc t, int32_t offset_s) {
    mw_civil c = mw_civil_of_utc(mw_utc_add(t, mw_dur_s(offset_s)));
    unsigned ahead = (unsigned)(offset_s < 0 ? -offset_s : offset_s) / 60;
    char text[64];
    snprintf(text, sizeof text, "%04d-%02u-%02uT%02u:%02u:%02u%c%02u:%02u", c.year, c.month, c.day,
             c.hour, c.minute, c.second, offset_s < 0 ? '-' : '+', ahead / 60, ahead % 60);
    mw_write_str(w, text);
}

static void utc(mw_writer *w, mw_utc t) {
    char text[MW_UTC_TEXT_MAX];
    mw_utc_format(t, text);
    mw_write_str(w, text);
}

void mw_export_csv_head(const mw_export_head *head, mw_writer *w) {
    (void)head;
    mw_write_str(w, "meter,label,step,start_local,end_local,time_zone,start_utc,end_utc,"
                    "consumption,unit,expected,received,quality\r\n");
}

static void comma(mw_writer *w) {
    mw_write_u8(w, ',');
}

void mw_export_csv_row(const mw_export_head *head, const mw_export_row *row, mw_writer *w) {
    mw_csv_text(w, mw_slice_of_str(head->serial), 64);
    comma(w);
    mw_csv_text(w, mw_slice_of_str(head->label), 100);
    comma(w);
    mw_csv_text(w, mw_slice_of_str(head->step), 16);
    comma(w);
    mw_csv_local_time(w, row->start, row->start_offset_s);
    comma(w);
    mw_csv_local_time(w, row->end, row->end_offset_s);
    comma(w);
    mw_csv_text(w, mw_slice_of_str(head->time_zone), 64);
    comma(w);
    utc(w, row->start);
    comma(w);
    utc(w, row->end);
    comma(w);
    if (row->known) {
        char amount[MW_AMOUNT_TEXT_MAX];
        mw_display_amount(head->display, row->value, amount);
        mw_write_str(w, amount);
    }
    comma(w);
    mw_csv_text(w, mw_slice_of_str(head->display.symbol), 16);
    comma(w);
    mw_csv_int(w, row->expected);
    comma(w);
    mw_csv_int(w, row->received);
    comma(w);
    mw_csv_text(w, mw_slice_of_str(row->quality), 100);
    mw_write_str(w, "\r\n");
}
