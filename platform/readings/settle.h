/* SPDX-License-Identifier: Apache-2.0
 *
 * The account of every register: between two of its readings
 *
 *     final intervals + suspense = register difference
 *
 * A span that simply adds up has no row: between two readings without one the intervals are the
 * register's difference.
 *
 * Settling brings the suspense account of a channel up to date after something changed: values,
 * readings, installations, marks. It also splits an interval in which a meter was exchanged or a
 * multiplier changed, by the readings that were taken at that moment (revisions of the validated
 * layer, quality derived, reason exchange). Depends on the stored state alone: settling twice
 * changes nothing.
 *
 * A reading that falls inside an interval cannot bound a span: spans reach from aligned reading to
 * aligned reading, whatever lies between is in the difference.
 */
#ifndef MW_PLATFORM_READINGS_SETTLE_H
#define MW_PLATFORM_READINGS_SETTLE_H

#include "platform/readings/register_line.h"

/* Settles what [from, to] of a channel touches. Needs an open transaction; what changed must be
 * folded or not, both are seen. `now` is what revisions and rows are stamped with. */
MW_NODISCARD mw_status mw_settle_channel(mw_store *store, int64_t tenant,
                                         const mw_store_channel *channel, mw_utc from, mw_utc to,
                                         mw_utc now);

/* Splits the interval around a moment of exchange or change, see above. Part of settling. */
MW_NODISCARD mw_status mw_settle_split(mw_store *store, int64_t tenant,
                                       const mw_store_channel *channel, mw_utc from, mw_utc to,
                                       mw_utc now);

/* Follows changes and readings by cursors and settles at most `limit` (1..1000) of each, in the
 * caller's transaction; *out_done = how many were taken, 0 = nothing is left. Forgets changes that
 * every follower has seen. */
MW_NODISCARD mw_status mw_settle_step(mw_store *store, uint32_t limit, mw_utc now,
                                      uint32_t *out_done);

/* The final values of a span with their bounds, for those who add them up. */
typedef struct mw_final_rows {
    mw_store_value *row;
    size_t n, room;
} mw_final_rows;
MW_NODISCARD mw_status mw_final_rows_read(mw_store *store, const mw_store_values_query *q,
                                          mw_final_rows *out_rows);
void mw_final_rows_fini(mw_final_rows *f);
/* No interval has `at` strictly inside. */
bool mw_final_rows_aligned(const mw_final_rows *f, mw_utc at);

#endif
