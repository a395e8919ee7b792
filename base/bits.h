/* SPDX-License-Identifier: Apache-2.0
 *
 * Bit cursors, most significant bit first, with the sticky status of base/bytes.h.
 */
#ifndef MW_BASE_BITS_H
#define MW_BASE_BITS_H

#include "base/bytes.h"

typedef struct mw_bit_reader {
    mw_slice in;
    size_t at; /* bits consumed */
    mw_status status;
} mw_bit_reader;

mw_bit_reader mw_bit_reader_of(mw_slice in);
size_t mw_bit_reader_left(const mw_bit_reader *r);
void mw_bit_reader_fail(mw_bit_reader *r, mw_status why);
/* The next n bits, 0 <= n <= 64, right-aligned; 0 and MW_SHORT when fewer are left. */
uint64_t mw_read_bits(mw_bit_reader *r, unsigned n);

typedef struct mw_bit_writer {
    mw_span out; /* bits not yet written in the last byte are 0 */
    size_t at;   /* bits written */
    mw_status status;
} mw_bit_writer;

mw_bit_writer mw_bit_writer_of(mw_span out);
/* Appends the low n bits of v, 0 <= n <= 64. */
void mw_write_bits(mw_bit_writer *w, uint64_t v, unsigned n);
/* Whole bytes written so far, the last one padded with zero bits. */
mw_slice mw_bit_writer_done(const mw_bit_writer *w);

#endif
