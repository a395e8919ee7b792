/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "platform/alarms/internal.h"

enum { HOUR_S = 3600 };

bool mw_flow_reads(const mw_window_channel *c) {
    return c->medium < MW_VEE_HEAT &&
           (c->unit == MW_UNIT_L || c->unit == MW_UNIT_M3 || c->unit == MW_UNIT_WH) &&
           c->grid_s > 0 && HOUR_S % c->grid_s == 0;
}

int64_t mw_flow_milli(const mw_window_channel *c, int64_t value) {
    int power = c->scale + 3 + (c->unit == MW_UNIT_M3 ? 3 : 0);
    for (; power > 0; power--)
        if (__builtin_mul_overflow(value, 10, &value))
            return value < 0 ? INT64_MIN + 1 : INT64_MAX;
    for (; power < 0; power++)
        value /= 10;
    return value;
}

typedef struct hours {
    const mw_window_channel *c;
    mw_flow *f;
    int64_t start_s;
    uint16_t covered[MW_FLOW_HOURS]; /* seconds of measured values */
} hours;

/* Values that nobody measured, or that the meter itself doubts, say nothing. */
static mw_status hour_take(void *ctx, int64_t channel, const mw_store_interval *row) {
    hours *h = ctx;
    const uint32_t doubts = MW_QUALITY_ESTIMATED | MW_QUALITY_EDITED | MW_QUALITY_PARTIAL |
                            MW_QUALITY_CLOCK_UNSET | MW_QUALITY_MEASURE_ERROR;
    int64_t i = (mw_utc_floor_s(row->start) - h->start_s) / HOUR_S;
    (void)channel;
    if (i < 0 || i >= MW_FLOW_HOURS || (row->quality & doubts) != 0 || row->seconds > HOUR_S)
        return MW_OK;
    int64_t value = mw_flow_milli(h->c, row->value);
    h->f->hour[i] = h->covered[i] == 0 ? value : h->f->hour[i] + value;
    h->covered[i] = (uint16_t)(h->covered[i] + row->seconds);
    return MW_OK;
}

mw_status mw_flow_read(mw_store *store, const mw_window_channel *c, mw_utc end, mw_flow *out) {
    /* Hours of the meter's own grid, the last one ending at or before `end`. */
    int64_t end_s = mw_utc_floor_s(end), off = (end_s - c->grid_offset_s) % HOUR_S;
    hours h = {.c = c, .f = out, .start_s = 0};
    end_s -= off < 0 ? off + HOUR_S : off;
    h.start_s = end_s - (int64_t)MW_FLOW_HOURS * HOUR_S;
    out->n = MW_FLOW_HOURS;
    out->end = mw_utc_of_s(end_s);
    out->medium = c->medium;
    MW_TRY(mw_store_intervals(store, c->tenant, c->channel, mw_utc_of_s(h.start_s), out->end,
                              hour_take, &h));
    for (size_t i = 0; i < MW_FLOW_HOURS; i++)
        if (h.covered[i] != HOUR_S)
            out->hour[i] = MW_FLOW_MISSING;
    return MW_OK;
}
