/* SPDX-License-Identifier: Apache-2.0
 *
 * The compressed record of one channel and one UTC day, and the rule by which two reports of the
 * same interval become one. Hot rows use the same encoding.
 *
 *   u8 version (2; 1 differed only in a quality of at most 16 bits; 3 and 4 see below)
 *   segments up to the end, each a run of equal spacing, quality and origin:
 *     u8 head   bits 0-1 coding: 0 one value for all, 1 varints, 2 zig-zag varints, 3 packed
 *               bit 2 quality follows (else 0)
 *               bit 3 start follows (else the end of the former segment, at first 00:00)
 *               bit 4 length follows (else that of the former segment, at first 3600 s)
 *               bit 5 origin follows (else that of the former segment)
 *     varint count
 *     [varint start, seconds into the day] [varint seconds] [varint quality]
 *     [zig-zag received - former, s] [zig-zag journal - former]   first against 24:00 and 0
 *     values    packed: u8 width, zig-zag minimum, count * width bits, most significant first
 *
 * Versions 3 and 4 are packed days: the first length is 1800 s in version 3 and 900 s in version 4,
 * and a head may have
 *               bit 6 values of store/entropy.h, which are >= 0; then bits 0-1 mean
 *                     bit 0 no count: the segment fills the rest of the day
 *                     bit 1 no size: the values' bytes go to the end of the record
 *     values    [varint size] bytes
 *
 * The encoder picks the shortest coding; equal rows always give equal bytes.
 */
#ifndef MW_PLATFORM_STORE_CHUNK_H
#define MW_PLATFORM_STORE_CHUNK_H

#include "platform/store/records.h"

enum {
    MW_CHUNK_VALUES_MAX = 1440, /* one a minute */
    MW_CHUNK_BYTES_MAX = 65536,
    MW_DAY_S = 86400,
};

/* Rows ascending by start, not overlapping, starts in whole seconds inside `day` (days since
 * 1970-01-01), journal numbers below 2^43. MW_RANGE when they are not, MW_LIMIT for too many,
 * MW_SPACE. */
MW_NODISCARD mw_status mw_chunk_encode(int64_t day, const mw_store_interval *rows, size_t n,
                                       mw_span out, size_t *out_n);
/* The same in fewer bytes where there are many values a day, and more work: for days that are folded.
 * No larger than the other. */
MW_NODISCARD mw_status mw_chunk_pack(int64_t day, const mw_store_interval *rows, size_t n,
                                     mw_span out, size_t *out_n);
/* false: packing these rows gives just what encoding them gives. */
bool mw_chunk_packs(const mw_store_interval *rows, size_t n);
/* Decodes either into rows[MW_CHUNK_VALUES_MAX]. MW_UNSUPPORTED, MW_SHORT, MW_RANGE, MW_LIMIT. */
MW_NODISCARD mw_status mw_chunk_decode(int64_t day, mw_slice chunk,
                                       mw_store_interval rows[MW_CHUNK_VALUES_MAX], size_t *out_n);

typedef enum mw_chunk_merge_result {
    MW_MERGE_NEW,      /* the interval was not there */
    MW_MERGE_SAME,     /* the same value again */
    MW_MERGE_KEPT,     /* another value: the former stays */
    MW_MERGE_REPLACED, /* another value: the new one is better */
    MW_MERGE_FULL,     /* no room: MW_CHUNK_VALUES_MAX reached */
} mw_chunk_merge_result;

/* Merges one row into *n ascending rows. *out_loser is written on KEPT and REPLACED. */
mw_chunk_merge_result mw_chunk_merge(mw_store_interval rows[MW_CHUNK_VALUES_MAX], size_t *n,
                                     const mw_store_interval *row, mw_store_interval *out_loser);

#endif
