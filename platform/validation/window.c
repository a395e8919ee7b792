/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/validation/window.h"

#include <stdlib.h>
#include <string.h>

void mw_window_fini(mw_window *w) {
    free(w->raw);
    free(w->now);
    free(w->raw_flags);
    free(w->now_flags);
    free(w->covered);
    free(w->revision);
    free(w->origin);
    *w = (mw_window){0};
}

static bool grow(void **p, size_t n, size_t size) {
    void *more = realloc(*p, n * size);
    if (more == NULL)
        return false;
    *p = more;
    return true;
}

static mw_status room_make(mw_window *w, uint32_t n) {
    if (n <= w->room)
        return MW_OK;
    uint32_t room = n < 256 ? 256 : n + n / 2;
    w->room = 0;
    bool ok = grow((void **)&w->raw, room, sizeof *w->raw) &&
              grow((void **)&w->now, room, sizeof *w->now) &&
              grow((void **)&w->raw_flags, room, sizeof *w->raw_flags) &&
              grow((void **)&w->now_flags, room, sizeof *w->now_flags) &&
              grow((void **)&w->covered, room, sizeof *w->covered) &&
              grow((void **)&w->revision, room, sizeof *w->revision) &&
              grow((void **)&w->origin, room, sizeof *w->origin);
    if (!ok)
        return MW_NOMEM;
    w->room = room;
    return MW_OK;
}

static int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

mw_utc mw_window_floor(const mw_window_channel *c, mw_utc t) {
    int64_t s = mw_utc_floor_s(t) - (int64_t)c->grid_offset_s;
    return mw_utc_of_s(floor_div(s, c->grid_s) * c->grid_s + (int64_t)c->grid_offset_s);
}

/* --- values ---------------------------------------------------------------------------------- */

/* Which arrays a read fills. */
typedef struct filling {
    mw_window *w;
    int64_t *value;
    uint32_t *flags;
    bool now;
} filling;

static void filling_start(filling *f) {
    for (uint32_t i = 0; i < f->w->n; i++) {
        f->value[i] = 0;
        f->flags[i] = MW_VEE_MISSING;
        f->w->covered[i] = 0;
    }
}

static mw_status value_take(void *ctx, const mw_store_value *row) {
    filling *f = ctx;
    mw_window *w = f->w;
    int64_t off = mw_utc_floor_s(row->interval.start) - mw_utc_floor_s(w->start);
    if (off < 0 || off / w->seconds >= w->n)
        return MW_OK;
    uint32_t i = (uint32_t)(off / w->seconds);
    bool on_grid = off % w->seconds == 0 && row->interval.seconds == w->seconds;
    f->flags[i] &= ~(uint32_t)MW_VEE_MISSING;
    f->flags[i] |= row->interval.quality & ~(uint32_t)MW_VEE_MISSING;
    if (__builtin_add_overflow(f->value[i], row->interval.value, &f->value[i]))
        return MW_RANGE;
    if (!on_grid)
        f->flags[i] |= MW_VEE_LOCKED;
    if (f->now && row->revision != 0) {
        w->revision[i] = row->revision;
        w->origin[i] = MW_CELL_OURS;
        w->overlaid = true;
    }
    /* A row longer than the grid covers the cells after it: they hold nothing of their own. */
    for (uint32_t k = i + 1; !on_grid && k < w->n; k++) {
        int64_t end = off + row->interval.seconds;
        if ((int64_t)k * w->seconds >= end)
            break;
        f->flags[k] = MW_VEE_LOCKED;
    }
    return MW_OK;
}

static mw_status layer_read(mw_window *w, mw_store *store, const mw_window_channel *c,
                            mw_layer layer, filling *f) {
    mw_store_values_query q = {.tenant = c->tenant,
                               .channel = c->channel,
                               .layer = layer,
                               .from = w->start,
                               .to = mw_window_time(w, w->n),
                               .as_of = MW_UTC_NONE};
    filling_start(f);
    return mw_store_values(store, &q, value_take, f);
}

/* --- registers ------------------------------------------------------------------------------- */

typedef struct reading {
    mw_window *w;
    const mw_window_channel *c;
    int64_t wrap;
} reading;

static mw_status register_take(void *ctx, const mw_store_register *row) {
    reading *r = ctx;
    mw_window *w = r->w;
    int64_t off = row->meter.us - w->start.us, step = (int64_t)w->seconds * MW_US_PER_S;
    if (memcmp(row->obis, r->c->obis, sizeof row->obis) != 0 || off < 0 || off % step != 0 ||
        off / step > w->n || (row->quality & MW_QUALITY_CLOCK_UNSET) != 0 || row->value < 0 ||
        row->value >= r->wrap)
        return MW_OK;
    uint32_t index = (uint32_t)(off / step);
    if (w->regs > 0 && w->reg[w->regs - 1].index == index && !w->reg[w->regs - 1].initial)
        return MW_OK; /* the same reading by another frame; of two that differ the first stays */
    if (w->regs == MW_WINDOW_REGISTERS_MAX)
        return MW_LIMIT;
    w->reg[w->regs++] = (mw_vee_register){.index = index, .value = row->value};
    return MW_OK;
}

/* The reading at installation stands at the boundary before it: what the meter counted in its first
 * cell was counted since. */
static void initial_take(reading *r) {
    const mw_window_channel *c = r->c;
    mw_window *w = r->w;
    if (!c->has_initial || mw_utc_is_none(c->installed) || c->initial < 0 || c->initial >= r->wrap)
        return;
    mw_utc at = mw_window_floor(c, c->installed);
    if (at.us < w->start.us || at.us > mw_window_time(w, w->n).us)
        return;
    w->reg[w->regs++] =
        (mw_vee_register){.index = mw_window_index(w, at), .value = c->initial, .initial = true};
}

static int by_index(const void *a, const void *b) {
    const mw_vee_register *x = a, *y = b;
    if (x->index != y->index)
        return x->index < y->index ? -1 : 1;
    return (int)y->initial - (int)x->initial;
}

static mw_status registers_read(mw_window *w, mw_store *store, const mw_window_channel *c) {
    reading r = {.w = w, .c = c, .wrap = 1};
    for (unsigned i = 0; i < c->digits; i++)
        r.wrap *= 10;
    w->regs = 0;
    initial_take(&r);
    bool sorted = w->regs == 0;
    MW_TRY(mw_store_registers_between(store, c->tenant, c->channel, c->obis, w->start,
                                      mw_window_time(w, w->n), register_take, &r));
    if (!sorted)
        qsort(w->reg, w->regs, sizeof w->reg[0], by_index);
    return MW_OK;
}

mw_status mw_window_read(mw_window *w, mw_store *store, const mw_window_channel *c, mw_utc from,
                         mw_utc to) {
    int64_t step = (int64_t)c->grid_s * MW_US_PER_S;
    if (c->grid_s == 0 || from.us > to.us)
        return MW_RANGE;
    w->start = mw_window_floor(c, from);
    w->seconds = c->grid_s;
    int64_t n = (to.us - w->start.us + step - 1) / step;
    if (n > (int64_t)MW_VEE_INTERVALS_MAX)
        return MW_LIMIT;
    MW_TRY(room_make(w, (uint32_t)n));
    w->n = (uint32_t)n;
    w->days = 0;
    w->overlaid = false;
    memset(w->revision, 0, w->n * sizeof *w->revision);
    memset(w->origin, MW_CELL_RAW, w->n);
    filling now = {.w = w, .value = w->now, .flags = w->now_flags, .now = true};
    MW_TRY(layer_read(w, store, c, MW_LAYER_VALIDATED, &now));
    if (w->overlaid) {
        filling raw = {.w = w, .value = w->raw, .flags = w->raw_flags};
        MW_TRY(layer_read(w, store, c, MW_LAYER_RAW, &raw));
    } else {
        memcpy(w->raw, w->now, w->n * sizeof *w->raw);
        memcpy(w->raw_flags, w->now_flags, w->n * sizeof *w->raw_flags);
    }
    return registers_read(w, store, c);
}

/* --- whose ----------------------------------------------------------------------------------- */

static mw_status revision_take(void *ctx, const mw_store_revision *row) {
    mw_window *w = ctx;
    if (strcmp(row->who, MW_WINDOW_WHO) == 0)
        return MW_OK;
    for (uint32_t i = mw_window_index(w, row->from); i < w->n; i++) {
        if (mw_window_time(w, i).us >= row->to.us)
            break;
        if (w->revision[i] == row->id)
            w->origin[i] = MW_CELL_OTHERS;
    }
    return MW_OK;
}

mw_status mw_window_origins(mw_window *w, mw_store *store, const mw_window_channel *c) {
    if (!w->overlaid)
        return MW_OK;
    return mw_store_revisions(store, c->tenant, c->channel, MW_LAYER_VALIDATED, w->start,
                              mw_window_time(w, w->n), 0, MW_STORE_PAGE_MAX, revision_take, w);
}

/* --- days ------------------------------------------------------------------------------------ */

enum { OFFSETS_MAX = 16 };

/* The local offset in whole intervals of the grid, so that a day is made of whole cells: hours that
 * begin at :00 cannot cut a day in Kathmandu, and belong to the day in which they end. */
static int32_t offset_at(const mw_window_channel *c, int64_t second) {
    int32_t offset = c->zone == NULL ? 0 : mw_zone_offset_s(c->zone, mw_utc_of_s(second));
    int64_t grid = c->grid_s, shift = c->grid_offset_s % 86400;
    return (int32_t)(floor_div(offset + shift, grid) * grid - shift);
}

/* Where the offset changes in the window, found day by day and then to the second. */
static mw_status offsets_of(const mw_window *w, const mw_window_channel *c,
                            mw_vee_offset out[OFFSETS_MAX], uint32_t *out_n) {
    int64_t at = mw_utc_floor_s(w->start), end = mw_utc_floor_s(mw_window_time(w, w->n));
    int32_t now = offset_at(c, at);
    uint32_t n = 0;
    out[n++] = (mw_vee_offset){w->start, now};
    for (; c->zone != NULL && at < end; at += 86400) {
        int64_t lo = at, hi = at + 86400;
        int32_t next = offset_at(c, hi);
        if (next == now)
            continue;
        while (hi - lo > 1) {
            int64_t mid = lo + (hi - lo) / 2;
            if (offset_at(c, mid) == now)
                lo = mid;
            else
                hi = mid;
        }
        if (n == OFFSETS_MAX)
            return MW_LIMIT;
        now = next;
        out[n++] = (mw_vee_offset){mw_utc_of_s(hi), now};
    }
    *out_n = n;
    return MW_OK;
}

mw_status mw_window_days(mw_window *w, const mw_window_channel *c) {
    mw_vee_offset offset[OFFSETS_MAX];
    uint32_t n = 0;
    mw_vee_series s = {.start = w->start, .seconds = w->seconds, .n = w->n};
    MW_TRY(offsets_of(w, c, offset, &n));
    return mw_vee_days_make(&s, offset, n, w->day, MW_WINDOW_DAYS_MAX, &w->days);
}
