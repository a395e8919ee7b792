/* SPDX-License-Identifier: Apache-2.0
 *
 * The latest raw samples, kept for looking at what a station heard: files of sample blocks that
 * `mw-station decode` reads, the oldest removed first. They may take what room the frames leave and
 * are the first to go. Nothing here is synced: after a power cut the last seconds may be missing.
 */
#ifndef MW_STATION_RING_H
#define MW_STATION_RING_H

#include "radio/samples.h"

#define MW_RING_FILES_MAX 4096

typedef struct mw_ring mw_ring;

/* folder is made when absent; bytes_max of all files. MW_IO, MW_NOMEM. */
MW_NODISCARD mw_status mw_ring_open(const char *folder, int64_t bytes_max, mw_ring **out_ring);
void mw_ring_close(mw_ring *r);
/* Keeps a block within bytes_max and `room`, whichever is less; a block that does not fit or cannot
 * be written is left out. now names a new file. */
void mw_ring_push(mw_ring *r, const mw_samples_block *block, int64_t room, mw_utc now);
/* Removes the oldest file; the bytes that became free, 0 when there is none. */
int64_t mw_ring_release(mw_ring *r);
int64_t mw_ring_bytes(const mw_ring *r);

#endif
