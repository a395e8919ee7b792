/* SPDX-License-Identifier: Apache-2.0
 *
 * APDUs that come and go in blocks: datablocks of GET, SET and ACTION, and general block transfer
 * (IEC 62056-5-3 clauses 9.3.4 to 9.3.6).
 */
#ifndef MW_PROTOCOLS_COSEM_BLOCKS_H
#define MW_PROTOCOLS_COSEM_BLOCKS_H

#include "protocols/cosem/apdu.h"

/* Puts blocks together in order. */
typedef struct mw_cosem_gather {
    mw_span memory; /* the caller's: the longest value taken */
    size_t size;
    uint32_t next; /* number of the block awaited */
    bool started;
    bool complete;
} mw_cosem_gather;

void mw_cosem_gather_init(mw_cosem_gather *g, mw_span memory);
/* Takes a block. MW_OK: it was the last one, all is in memory. MW_AGAIN: more to come.
 * MW_DUPLICATE: had it before. MW_CONFLICT: one before it is missing (awaited: next). MW_SPACE: too
 * long, the transfer is over. MW_STATE: was complete. The first block may bear 0 or 1: meters do
 * both. */
MW_NODISCARD mw_status mw_cosem_gather_take(mw_cosem_gather *g, uint32_t number, bool last,
                                            mw_slice block);
/* What was put together. */
mw_slice mw_cosem_gather_done(const mw_cosem_gather *g);

/* Sends an APDU by general block transfer, window by window. */
typedef struct mw_cosem_general_sender {
    mw_slice apdu;         /* the caller's, until the end */
    size_t block_bytes;    /* of each block but the last */
    uint8_t window;        /* blocks before an acknowledgement is awaited; 0 = never */
    uint8_t offers;        /* window that is offered to the peer; as `window` at first */
    uint32_t next;         /* block to send, from 1 */
    uint32_t acknowledged; /* the peer has all up to this one */
    uint32_t peer_block;   /* the peer's own last block, acknowledged to it */
} mw_cosem_general_sender;

/* block_bytes 1..65535, at most 65535 blocks: MW_RANGE. */
MW_NODISCARD mw_status mw_cosem_general_send(mw_cosem_general_sender *s, mw_slice apdu,
                                             size_t block_bytes, uint8_t window);
/* What goes next: the header of the APDU (item.data empty, has_data set) and which bytes of the whole
 * it carries; for who makes them as they go. MW_AGAIN and MW_NOT_FOUND as below. */
MW_NODISCARD mw_status mw_cosem_general_plan(const mw_cosem_general_sender *s,
                                             mw_cosem_apdu *out_head, size_t *out_from,
                                             size_t *out_size);
/* The next general-block-transfer APDU. MW_AGAIN: the window is used up, an acknowledgement is
 * awaited. MW_NOT_FOUND: all was sent. MW_SPACE. */
MW_NODISCARD mw_status mw_cosem_general_next(mw_cosem_general_sender *s, mw_span out,
                                             size_t *out_size);
/* Takes the peer's block-number-ack: what it did not get is sent again. MW_RANGE when it claims a
 * block that was not sent. */
MW_NODISCARD mw_status mw_cosem_general_acknowledge(mw_cosem_general_sender *s, uint32_t number);

/* Tag, block control, two numbers and the length: what a general block adds, at most. */
#define MW_COSEM_GENERAL_HEADER 9
/* A block without data that acknowledges the peer's up to `number`; `own` counts what this side
 * has sent. */
mw_cosem_apdu mw_cosem_general_ack(uint8_t window, uint32_t own, uint32_t number);

#endif
