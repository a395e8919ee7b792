/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by the parts of runtime/spool; not for others.
 */
#ifndef MW_RUNTIME_SPOOL_PRIV_H
#define MW_RUNTIME_SPOOL_PRIV_H

#include "base/crc.h"
#include "runtime/buffer.h"
#include "runtime/spool.h"

#define MW_SPOOL_BATCH_MAX (8u * 1024 * 1024) /* bytes of one append */
#define MW_SPOOL_PATH_MAX  4096
#define MW_SPOOL_ACKS_LAZY 64 /* acknowledgements between two writes of the cursor */

typedef struct mw_spool_segment {
    uint64_t first; /* names the file */
    int64_t bytes;  /* good bytes */
    bool thinned;   /* holds no spare record any more */
    uint64_t holes; /* numbers of records that were taken out while this process runs */
} mw_spool_segment;

struct mw_spool {
    char *folder;
    int64_t bytes_max;
    int64_t segment_bytes;
    int lock;
    uint64_t epoch;
    uint64_t next;
    uint64_t acknowledged;
    uint64_t newest;            /* highest sequence number that a record really has */
    mw_spool_segment *segments; /* in order; the last one is written to */
    uint32_t segments_n;
    uint32_t segments_cap;
    int fd;        /* of the last segment, -1 = a new one must be begun */
    int64_t bytes; /* of all segments */
    mw_buffer batch;
    uint32_t acks; /* since the cursor was written */
    bool cursor_dirty;
    mw_buffer loaded;      /* the segment being read */
    uint64_t loaded_first; /* 0 = none */
    mw_segment_reader reader;
    uint64_t refused;
    uint64_t damaged_bytes;
    uint64_t torn_bytes;
};

/* spool_segment.c */
void mw_segment_header_put(uint8_t out[MW_SPOOL_SEGMENT_HEADER], uint64_t epoch, uint64_t first);
void mw_segment_record_put(mw_buffer *out, uint64_t epoch, uint64_t sequence, mw_slice payload);
/* Reads a segment whose header is damaged, with what is known from elsewhere. */
void mw_segment_reader_force(mw_segment_reader *r, mw_slice in, uint64_t epoch, uint64_t first);

/* spool_open.c */
void mw_spool_segment_path(const mw_spool *s, uint64_t first, char out[MW_SPOOL_PATH_MAX]);
/* Makes the segment that begins with s->next, durably, and opens it for writing. */
MW_NODISCARD mw_status mw_spool_segment_begin(mw_spool *s);

#endif
