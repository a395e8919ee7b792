/* SPDX-License-Identifier: Apache-2.0
 *
 * The line of a register: its readings in time, what happened between them, and how much passed.
 */
#ifndef MW_PLATFORM_READINGS_REGISTER_LINE_H
#define MW_PLATFORM_READINGS_REGISTER_LINE_H

#include "platform/store/store.h"

/* Raw counts. wrap 0 = never; max_per_hour 0 = not known. */
typedef struct mw_register_limits {
    int64_t wrap;
    int64_t max_per_hour;
} mw_register_limits;

/* How a register went from one reading to another `seconds` later, and by how much. With a known
 * rate, what exceeds 1.1 times it (plus one count) is no consumption. Without one, half the wrap is
 * the limit, and a register that falls to less than half of its reading is not held to have run
 * backwards: MW_REGISTER_UNEXPLAINED, difference 0. */
mw_register_step mw_register_step_of(const mw_register_limits *l, int64_t earlier, int64_t later,
                                     int64_t seconds, int64_t *out_difference);

typedef struct mw_reading {
    mw_utc at;
    int64_t value;
} mw_reading;

/* A part of a register's line, ascending in time. Readings come from reports whose clock was known
 * and from installations; of several at one moment the first report counts. */
typedef struct mw_register_line {
    mw_register_limits limits;
    mw_reading *reading;
    size_t readings, room;
    mw_store_register_mark *mark;
    size_t marks, mark_room;
} mw_register_line;

/* Loads the readings of the channel's main register with from <= at <= to, the one before and the
 * one after, and the marks between them. Free with mw_register_line_fini also after a failure. */
MW_NODISCARD mw_status mw_register_line_read(mw_store *store, int64_t tenant,
                                             const mw_store_channel *c, mw_utc from, mw_utc to,
                                             mw_register_line *out_line);
void mw_register_line_fini(mw_register_line *l);

/* What passed between two readings of the line (indexes a < b), over every reading and mark
 * between. The worst step is returned: UNEXPLAINED over REVERSE over ROLLOVER over FORWARD. */
mw_register_step mw_register_line_difference(const mw_register_line *l, size_t a, size_t b,
                                             int64_t *out_difference);

#endif
