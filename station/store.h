/* SPDX-License-Identifier: Apache-2.0
 *
 * The station's spool, shared by the thread that receives and the loop that sends.
 */
#ifndef MW_STATION_STORE_H
#define MW_STATION_STORE_H

#include "radio/receiver.h"
#include "runtime/metrics.h"
#include "runtime/spool.h"

typedef struct mw_station_store mw_station_store;

typedef struct mw_station_store_options {
    const char *folder;
    int64_t bytes_max;      /* of frames and raw samples together */
    bool may_drop;          /* make room as station/room.h says instead of refusing frames */
    const char *raw_folder; /* of raw samples, which is what goes first */
    int64_t raw_max;        /* 0 = none are kept */
} mw_station_store_options;

/* Frames refused for good by the platform go to a second spool in folder/refused. The texts are
 * borrowed. */
MW_NODISCARD mw_status mw_station_store_open(const mw_station_store_options *options,
                                             mw_metrics *metrics, mw_station_store **out_store,
                                             char error[160]);
void mw_station_store_close(mw_station_store *st);
/* Durable when it returns MW_OK. n frames, 1..MW_STATION_APPEND_MAX. */
#define MW_STATION_APPEND_MAX 256
MW_NODISCARD mw_status mw_station_store_append(mw_station_store *st,
                                               const mw_receiver_frame *frames, size_t n,
                                               mw_utc now);
/* Sequence number of the first frame of the last append. For the thread that appends. */
uint64_t mw_station_store_first(const mw_station_store *st);
/* The same as append for a record of another kind. */
MW_NODISCARD mw_status mw_station_store_append_record(mw_station_store *st, mw_slice record);
/* Keeps samples for looking at, where there is room. */
void mw_station_store_raw(mw_station_store *st, const mw_samples_block *block, mw_utc now);
/* The next record to send; the payload is appended to `out` (emptied before). MW_AGAIN. */
MW_NODISCARD mw_status mw_station_store_read(mw_station_store *st, uint64_t from,
                                             uint64_t *out_sequence, mw_buffer *out);
void mw_station_store_acknowledge(mw_station_store *st, uint64_t through);
/* Puts a record aside, durably. */
MW_NODISCARD mw_status mw_station_store_refuse(mw_station_store *st, mw_slice record);
mw_spool_stats mw_station_store_stats(mw_station_store *st);

#endif
