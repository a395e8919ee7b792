/* SPDX-License-Identifier: Apache-2.0
 *
 * The wrapper that carries APDUs over TCP and UDP (IEC 62056-47 clause 5.2).
 *
 *   | version 0001 | source wPort 2 | destination wPort 2 | length 2 | APDU |
 *
 * A wPort is a service access point (client 16, logical device 1), not a TCP port. An answer bears
 * the two swapped. One TCP connection may carry several associations, told apart by their wPorts.
 */
#ifndef MW_PROTOCOLS_COSEM_WRAPPER_H
#define MW_PROTOCOLS_COSEM_WRAPPER_H

#include "base/bytes.h"

#define MW_COSEM_WRAPPER_BYTES 8

typedef struct mw_cosem_wrapper {
    uint16_t source, destination;
    mw_slice apdu;
} mw_cosem_wrapper;

/* The header of an answer to `w`. */
mw_cosem_wrapper mw_cosem_wrapper_answer(const mw_cosem_wrapper *w, mw_slice apdu);
/* MW_RANGE above 65535 bytes, MW_SPACE. The APDU may already stand behind the header's place in
 * out. */
MW_NODISCARD mw_status mw_cosem_wrapper_encode(const mw_cosem_wrapper *w, mw_span out,
                                               size_t *out_size);
/* A datagram: exactly one. MW_SHORT, MW_SYNTAX for bytes behind it, MW_UNSUPPORTED for another
 * version. */
MW_NODISCARD mw_status mw_cosem_wrapper_decode(mw_slice datagram, mw_cosem_wrapper *out_w);

/* A TCP stream: APDUs come in pieces and several at once. */
typedef struct mw_cosem_stream {
    mw_span memory; /* the caller's; the longest APDU taken has memory.n - 8 bytes */
    size_t start, end;
} mw_cosem_stream;

/* memory: at least 9 bytes (asserted). */
void mw_cosem_stream_init(mw_cosem_stream *s, mw_span memory);
/* Takes as many bytes as there is room for and returns how many; after pull has said MW_AGAIN there
 * is room. Views pulled before become invalid. */
size_t mw_cosem_stream_push(mw_cosem_stream *s, mw_slice bytes);
/* The next APDU, a view until the next push. MW_AGAIN: needs more bytes. MW_UNSUPPORTED (another
 * version: this is no wrapper, or the stream has lost its place) and MW_LIMIT (longer than the
 * memory) stay: the connection has to be closed. */
MW_NODISCARD mw_status mw_cosem_stream_pull(mw_cosem_stream *s, mw_cosem_wrapper *out_w);

#endif
