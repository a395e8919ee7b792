/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames cut into messages of fixed size, for Sigfox (12 bytes) and NB-Fi (8 bytes):
 *
 *   ssnnniii | chunk: 11 or 7 bytes
 *     s  low two bits of the frame's counter
 *     n  parts of the frame, 1..7
 *     i  number of this part, 0..n-1; i = n is the parity part
 *
 * The body, which is the frame without its address, is sealed so long that it fills n chunks. The
 * parity part is the exclusive-or of all chunks: any n of the n + 1 messages give the frame. Parts
 * leave one directly after the other, so the network's own message number minus i is the same for
 * all parts of a frame: by it the receiver knows what belongs together, in any order.
 */
#ifndef MW_PROTOCOLS_CARRIERS_PARTS_H
#define MW_PROTOCOLS_CARRIERS_PARTS_H

#include "base/bytes.h"

#define MW_PARTS_MAX       7
#define MW_PARTS_CHUNK_MAX 11
#define MW_PARTS_SIGFOX    11 /* chunk of a Sigfox message */
#define MW_PARTS_NBFI      7  /* chunk of an NB-Fi packet */
#define MW_PARTS_OPEN      4  /* frames of one device that may be incomplete at a time */

/* Part i of a body of n chunks, i = n: parity. MW_RANGE unless the body fills 1..7 chunks and i
 * fits; MW_SPACE. */
MW_NODISCARD mw_status mw_parts_cut(mw_slice body, size_t chunk, uint32_t counter, unsigned i,
                                    mw_span out, size_t *out_size);

typedef struct mw_parts_frame {
    bool used, done;
    uint8_t kind;     /* head without the part's number */
    uint8_t have;     /* bit i: part i came */
    uint32_t base;    /* number of part 0 */
    uint32_t touched; /* for replacing the oldest */
    uint8_t data[MW_PARTS_MAX + 1][MW_PARTS_CHUNK_MAX];
} mw_parts_frame;

/* The receiver's side of one device. */
typedef struct mw_parts {
    uint8_t chunk;
    uint8_t number_bits; /* the network's message number wraps at 2^number_bits */
    uint32_t taken;
    mw_parts_frame frame[MW_PARTS_OPEN];
} mw_parts;

/* chunk: MW_PARTS_SIGFOX with number_bits 12, MW_PARTS_NBFI with 20; asserted 1..11 and 4..31. */
void mw_parts_init(mw_parts *p, size_t chunk, unsigned number_bits);
/* Takes one message with its number. MW_OK: a frame is complete and stands in out with its address
 * in front, whether it is genuine only its tag says. MW_AGAIN: parts are missing. MW_DUPLICATE: the
 * part, or its frame, was complete before. MW_SYNTAX: no part of ours. MW_SPACE. */
MW_NODISCARD mw_status mw_parts_take(mw_parts *p, uint32_t number, mw_slice message,
                                     uint32_t address, mw_span out, size_t *out_size);

#endif
