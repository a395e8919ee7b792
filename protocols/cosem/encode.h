/* SPDX-License-Identifier: Apache-2.0
 *
 * Streaming A-XDR encoder for COSEM data.
 *
 * A response may be longer than any buffer of a meter. An encoder therefore writes into a window of
 * the stream: bytes before the window are counted and dropped, bytes behind it are only counted. To
 * send block k the meter runs the same encoder again with the window moved to block k; nothing
 * but one block is ever held.
 *
 *   mw_cosem_out o = mw_cosem_out_of(room, from);
 *   mw_cosem_put_structure(&o, 2); mw_cosem_put_int(&o, MW_COSEM_UINT32, wh); ...
 *   mw_cosem_out_done(&o)     the bytes of the window;   o.at   the length of the whole stream
 */
#ifndef MW_PROTOCOLS_COSEM_ENCODE_H
#define MW_PROTOCOLS_COSEM_ENCODE_H

#include "protocols/cosem/data.h"

typedef struct mw_cosem_out {
    mw_span room;     /* the window's memory */
    size_t from;      /* stream position of room.p[0] */
    size_t at;        /* stream position: bytes put so far */
    mw_status status; /* MW_RANGE when a value did not fit its type; sticks */
} mw_cosem_out;

mw_cosem_out mw_cosem_out_of(mw_span room, size_t from);
/* What of the stream lies in the window. */
mw_slice mw_cosem_out_done(const mw_cosem_out *o);
/* MW_OK when all was put and all of it from `from` on fits the room; MW_SPACE when the stream goes
 * on behind the window. */
MW_NODISCARD mw_status mw_cosem_out_end(const mw_cosem_out *o);

void mw_cosem_put_bytes(mw_cosem_out *o, mw_slice raw);
void mw_cosem_put_u8(mw_cosem_out *o, uint8_t v);
void mw_cosem_put_length(mw_cosem_out *o, size_t n);

void mw_cosem_put_null(mw_cosem_out *o);
/* Followed by `count` values. */
void mw_cosem_put_array(mw_cosem_out *o, size_t count);
void mw_cosem_put_structure(mw_cosem_out *o, size_t count);
/* Any tag with a numeric value; MW_RANGE when the number does not fit it. */
void mw_cosem_put_int(mw_cosem_out *o, mw_cosem_tag tag, int64_t number);
void mw_cosem_put_u64(mw_cosem_out *o, uint64_t number);
void mw_cosem_put_boolean(mw_cosem_out *o, bool v);
void mw_cosem_put_enum(mw_cosem_out *o, uint8_t v);
void mw_cosem_put_octets(mw_cosem_out *o, mw_slice s);
void mw_cosem_put_text(mw_cosem_out *o, const char *visible);
/* `bits` bits, the first in the most significant bit of the first byte. */
void mw_cosem_put_bits(mw_cosem_out *o, const uint8_t *first, size_t bits);
void mw_cosem_put_obis(mw_cosem_out *o, mw_obis code);
/* {scaler, unit} of a register: unit is the DLMS code. */
void mw_cosem_put_scaler_unit(mw_cosem_out *o, int8_t scaler, uint8_t unit);
/* A value as a cursor gave it; a compact array is put with its tag only. */
void mw_cosem_put_value(mw_cosem_out *o, const mw_cosem_value *v);

/* A compact array: description of one element, length of the contents, then the contents, which the
 * caller puts without tags (put_bytes). */
void mw_cosem_put_compact_array(mw_cosem_out *o, mw_slice shape, size_t contents_bytes);

#endif
