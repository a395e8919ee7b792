/* SPDX-License-Identifier: Apache-2.0
 *
 * A window on one channel: its values on the meter's grid, what lies over them, its registers and
 * local days, as the series that rules and estimators look at.
 *
 *   cell       0    1    2    3         a cell is one interval of the grid
 *   raw        7    -    5    6         as reported; MW_VEE_MISSING where nothing came
 *   now        7    4    5    9         as the validated layer shows it
 *   origin     raw  ours raw  others    who made what `now` shows
 *
 * A cell whose rows lie off the grid (an hour that was split at an exchange) holds their sum and is
 * locked: it is counted and never changed.
 */
#ifndef MW_PLATFORM_VALIDATION_WINDOW_H
#define MW_PLATFORM_VALIDATION_WINDOW_H

#include "platform/readings/timezone.h"
#include "platform/store/store.h"
#include "platform/vee/series.h"

#define MW_WINDOW_WHO "validation" /* the name under which this part writes revisions */

enum {
    MW_WINDOW_REGISTERS_MAX = 4096, /* readings of one window; more give MW_LIMIT */
    MW_WINDOW_DAYS_MAX = 1200,
};

/* What must be known of a channel to look at its values. */
typedef struct mw_window_channel {
    int64_t tenant, channel, device;
    uint8_t obis[6];
    uint8_t digits; /* 1..18 */
    uint8_t medium; /* mw_vee_medium */
    uint8_t class;  /* mw_vee_class */
    int8_t scale;
    mw_unit unit;
    uint32_t grid_s, grid_offset_s;
    const mw_zone *zone; /* NULL = UTC */
    mw_utc installed;    /* MW_UTC_NONE = not */
    bool has_initial;
    int64_t initial; /* register when it was installed */
} mw_window_channel;

typedef enum mw_cell_origin { MW_CELL_RAW, MW_CELL_OURS, MW_CELL_OTHERS } mw_cell_origin;

typedef struct mw_window {
    mw_utc start;
    uint32_t seconds, n;
    int64_t *raw, *now;
    uint32_t *raw_flags, *now_flags;
    uint32_t *covered; /* seconds of the cell that rows cover, while reading */
    int64_t *revision; /* of `now`, 0 = the report itself */
    uint8_t *origin;   /* mw_cell_origin */
    uint32_t room;
    bool overlaid; /* some cell is not as reported */
    mw_vee_register reg[MW_WINDOW_REGISTERS_MAX];
    uint32_t regs;
    mw_vee_day day[MW_WINDOW_DAYS_MAX];
    uint32_t days;
} mw_window;

/* Zeroed is ready. */
void mw_window_fini(mw_window *w);

/* The grid's boundary at or before a moment. */
mw_utc mw_window_floor(const mw_window_channel *c, mw_utc t);

/* Reads [from, to), widened to the grid: values in both layers, registers inside and at its ends.
 * No days yet. MW_LIMIT: more than MW_VEE_INTERVALS_MAX cells or too many readings. */
MW_NODISCARD mw_status mw_window_read(mw_window *w, mw_store *store, const mw_window_channel *c,
                                      mw_utc from, mw_utc to);
/* Tells whose the overlaid cells are. Needed before they are judged. */
MW_NODISCARD mw_status mw_window_origins(mw_window *w, mw_store *store, const mw_window_channel *c);
/* Cuts the window into local days. */
MW_NODISCARD mw_status mw_window_days(mw_window *w, const mw_window_channel *c);

static inline mw_utc mw_window_time(const mw_window *w, uint32_t i) {
    return (mw_utc){w->start.us + (int64_t)i * w->seconds * MW_US_PER_S};
}
/* The cell or boundary of a moment, clamped to 0..n. */
static inline uint32_t mw_window_index(const mw_window *w, mw_utc t) {
    int64_t i = (t.us - w->start.us) / ((int64_t)w->seconds * MW_US_PER_S);
    return t.us <= w->start.us ? 0 : i > w->n ? w->n : (uint32_t)i;
}

#endif
