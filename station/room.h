/* SPDX-License-Identifier: Apache-2.0
 *
 * What goes first when the disk that a station may use is full and samples cannot wait:
 *
 *   1. raw samples kept for looking at (station/ring.h)
 *   2. repeated receptions of the same frame
 *   3. the oldest frames
 *
 * What goes of 2 and 3 is noted in the file `gap` beside the spool before it goes, is counted and
 * logged, and becomes a record of the spool, so that the platform learns which numbers and how many
 * frames it will never see. A crash at any moment leaves either everything in place or the note, of
 * which the next start makes the record. A record may come twice, with the same number of the gap;
 * each carries the totals since the spool began, since gap records grow old and go as well.
 */
#ifndef MW_STATION_ROOM_H
#define MW_STATION_ROOM_H

#include "runtime/json_writer.h"
#include "runtime/metrics.h"
#include "runtime/spool.h"

typedef struct mw_room {
    mw_spool *spool;
    char path[4096]; /* of the note */
    uint64_t gaps;   /* number of the last gap */
    uint64_t repeats_lost;
    uint64_t frames_lost;
    mw_slice *seen; /* hash table over the records of one segment */
    size_t seen_n;
    mw_buffer kept; /* their bytes */
    mw_metric *gaps_total, *repeats_total, *frames_total;
} mw_room;

/* Finishes what a crash interrupted. MW_NOMEM, MW_IO. */
MW_NODISCARD mw_status mw_room_init(mw_room *r, mw_spool *spool, const char *folder,
                                    mw_metrics *metrics, mw_utc now);
void mw_room_fini(mw_room *r);
/* One step of 2, else of 3. MW_NOT_FOUND when nothing may go, MW_SPACE, MW_IO. */
MW_NODISCARD mw_status mw_room_make(mw_room *r, mw_utc now);

#endif
