/* SPDX-License-Identifier: Apache-2.0
 *
 * A durable first-in first-out queue of records for store-and-forward.
 *
 * Promise: when mw_spool_append returns MW_OK its records survive kill -9 and a power cut, in
 * order, until they are acknowledged; a sequence number is never given twice within an epoch. A
 * record that was not acknowledged to the appender may or may not survive, whole.
 *
 * Folder:  NNNNNNNNNNNNNNNNNNNN.seg   segments, named by their first sequence number
 *          cursor                     what the other side acknowledged, written lazily
 *          lock                       one process at a time (flock)
 *
 * Segment, little endian:
 *   header 40 bytes  "MWSP" | version u16 = 1 | zero u16 | epoch u64 | first_seq u64 | zero u64 |
 *                    zero u32 | CRC-32 of the first 36 bytes
 *   record           length u32 (1..record_max) | sequence u64 | CRC-32 of epoch, length, sequence
 *                    and payload | payload
 * Sequence numbers rise; gaps are allowed. Damage is skipped by searching the next record whose
 * CRC fits: one bad sector costs the records in it and no other.
 *
 * The epoch is a random 64-bit number born with the first segment. It changes only when the spool's
 * files are gone or contradict each other, so that (epoch, sequence) always names one record.
 *
 * Full: beyond bytes_max or on a full disk an append is refused with MW_SPACE, nothing of it is
 * kept, and it is counted. Nothing old is thrown away, unless the owner makes room (below).
 */
#ifndef MW_RUNTIME_SPOOL_H
#define MW_RUNTIME_SPOOL_H

#include "base/bytes.h"
#include "base/time.h"

#define MW_SPOOL_RECORD_MAX     (256u * 1024)
#define MW_SPOOL_SEGMENT_HEADER 40u
#define MW_SPOOL_RECORD_HEADER  16u
#define MW_SPOOL_SEGMENTS_MAX   65536u

typedef struct mw_spool mw_spool;

typedef struct mw_spool_options {
    const char *folder;    /* made when absent */
    int64_t bytes_max;     /* of all segments; 0 = 1 GiB */
    int64_t segment_bytes; /* a new segment is begun beyond; 0 = 4 MiB */
} mw_spool_options;

typedef struct mw_spool_stats {
    uint64_t epoch;
    uint64_t next;         /* sequence number that the next record gets, from 1 */
    uint64_t acknowledged; /* the highest acknowledged one, 0 = none */
    uint64_t pending;      /* records not yet acknowledged */
    int64_t bytes;         /* on disk */
    uint32_t segments;
    uint64_t refused;       /* records refused for want of room since open */
    uint64_t damaged_bytes; /* skipped while reading, since open */
    uint64_t torn_bytes;    /* cut off the tail at open */
} mw_spool_stats;

/* MW_STATE when another process holds it, MW_IO, MW_SPACE, MW_CORRUPT; error (160 bytes) in words.
 */
MW_NODISCARD mw_status mw_spool_open(const mw_spool_options *options, mw_spool **out_spool,
                                     char error[160]);
/* Writes the cursor and closes. */
void mw_spool_close(mw_spool *s);
/* Appends n records, each 1..MW_SPOOL_RECORD_MAX bytes, with one write and one fdatasync. They get
 * the numbers *out_first .. *out_first+n-1. All or nothing. MW_SPACE, MW_IO (after a failed sync
 * the batch is unknown: its numbers are not used again and the caller appends it anew), MW_RANGE.
 */
MW_NODISCARD mw_status mw_spool_append(mw_spool *s, const mw_slice *records, size_t n,
                                       uint64_t *out_first);
/* The oldest record with sequence >= from that is not acknowledged; the payload is valid until the
 * next call on the spool. MW_AGAIN when there is none. Reading in order is sequential. */
MW_NODISCARD mw_status mw_spool_read(mw_spool *s, uint64_t from, uint64_t *out_sequence,
                                     mw_slice *out_payload);
/* The other side holds everything up to and including `through`. Frees what lies wholly before.
 * Lower numbers than before are ignored; MW_RANGE beyond what exists. Durable lazily: after a crash
 * some records may be sent again. */
MW_NODISCARD mw_status mw_spool_acknowledge(mw_spool *s, uint64_t through);
/* Writes the cursor durably now. */
MW_NODISCARD mw_status mw_spool_sync_cursor(mw_spool *s);
mw_spool_stats mw_spool_stats_of(const mw_spool *s);

/* ---- making room, when records must go although nobody has acknowledged them ----
 *
 * First a plan, which changes nothing, so that the owner can note durably what is going to be lost;
 * then its execution, which may be repeated after a crash. */
typedef struct mw_spool_plan {
    uint64_t segment; /* first sequence number of the segment concerned */
    bool whole;       /* the segment goes; else the records in it that are spare */
    uint64_t records; /* not acknowledged ones that go and count */
    uint64_t first;   /* sequence numbers of the first and last of them */
    uint64_t last;
} mw_spool_plan;

/* What a record is to its owner. Called for the records of one segment in order; begin is true for
 * the first one of each pass: what was remembered of another segment is forgotten. */
typedef enum mw_spool_worth {
    MW_SPOOL_WORTHY,
    MW_SPOOL_SPARE,     /* may go before others do */
    MW_SPOOL_UNCOUNTED, /* goes with its segment and is no loss */
} mw_spool_worth;
typedef mw_spool_worth mw_spool_worth_fn(void *context, bool begin, mw_slice record);

/* The oldest segment with spare records, else the oldest segment as a whole.
 * MW_NOT_FOUND: only the segment being written is left, and it
 * is small. */
MW_NODISCARD mw_status mw_spool_plan_room(mw_spool *s, mw_spool_worth_fn *worth, void *context,
                                          mw_spool_plan *out_plan);
/* MW_OK also when it was done before. MW_SPACE: a thinner copy does not fit on the disk either; the
 * next plan takes a whole segment. */
MW_NODISCARD mw_status mw_spool_make_room(mw_spool *s, const mw_spool_plan *plan,
                                          mw_spool_worth_fn *worth, void *context);

/* Walks the bytes of one segment; pure, for the reader, recovery and fuzzing. */
typedef struct mw_segment_reader {
    mw_slice in;
    size_t at;
    uint64_t epoch;
    uint64_t first;   /* from the header */
    uint64_t last;    /* highest sequence seen, first - 1 before any */
    size_t good_end;  /* end of the last good record */
    uint64_t damaged; /* bytes skipped between good records */
} mw_segment_reader;
/* MW_SHORT, MW_SYNTAX (not a segment), MW_UNSUPPORTED (version), MW_CHECKSUM. */
MW_NODISCARD mw_status mw_segment_reader_init(mw_segment_reader *r, mw_slice in);
/* The next good record; MW_AGAIN at the end. */
MW_NODISCARD mw_status mw_segment_next(mw_segment_reader *r, uint64_t *out_sequence,
                                       mw_slice *out_payload);

#endif
