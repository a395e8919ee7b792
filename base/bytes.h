/* SPDX-License-Identifier: Apache-2.0
 *
 * Slices, spans and cursors: the only way bytes travel between modules.
 *
 *   mw_slice   a view of bytes to read; borrows, never owns
 *   mw_span    room to write into; borrows, never owns
 *   mw_reader  consumes a slice; the first failure sticks, later reads return 0
 *   mw_writer  fills a span; the first failure sticks, later writes do nothing
 *
 * A decoder reads all its fields and looks at the cursor's status once, at the end.
 */
#ifndef MW_BASE_BYTES_H
#define MW_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct mw_slice {
    const uint8_t *p;
    size_t n;
} mw_slice;

typedef struct mw_span {
    uint8_t *p;
    size_t n;
} mw_span;

/* A slice or span over a whole array. */
#define MW_SLICE_OF(array) ((mw_slice){(array), sizeof(array)})
#define MW_SPAN_OF(array)  ((mw_span){(array), sizeof(array)})

mw_slice mw_slice_of_str(const char *s);
mw_slice mw_slice_of_span(mw_span s);
/* The part [at, at+n) of s; asserts that it lies inside. */
mw_slice mw_slice_sub(mw_slice s, size_t at, size_t n);
bool mw_slice_equal(mw_slice a, mw_slice b);
/* Equality in time that depends on the lengths only: for tags, tokens and keys. */
bool mw_slice_equal_ct(mw_slice a, mw_slice b);
/* Copies src to the start of dst; MW_SPACE when it does not fit. */
MW_NODISCARD mw_status mw_span_copy(mw_span dst, mw_slice src);
void mw_bytes_copy(void *dst, const void *src, size_t n);
void mw_bytes_fill(void *dst, uint8_t value, size_t n);
/* Clears secrets; is not optimised away. */
void mw_bytes_wipe(void *dst, size_t n);

typedef struct mw_reader {
    mw_slice in;
    size_t at;
    mw_status status; /* MW_OK, or why the first failed read failed */
} mw_reader;

mw_reader mw_reader_of(mw_slice in);
size_t mw_reader_left(const mw_reader *r);
/* Marks the input as broken for a reason the caller found; an earlier reason stays. */
void mw_reader_fail(mw_reader *r, mw_status why);
uint8_t mw_read_u8(mw_reader *r);
uint16_t mw_read_u16le(mw_reader *r);
uint32_t mw_read_u24le(mw_reader *r);
uint32_t mw_read_u32le(mw_reader *r);
uint64_t mw_read_u64le(mw_reader *r);
uint16_t mw_read_u16be(mw_reader *r);
uint32_t mw_read_u24be(mw_reader *r);
uint32_t mw_read_u32be(mw_reader *r);
uint64_t mw_read_u64be(mw_reader *r);
/* LEB128, at most 10 bytes; MW_RANGE when it does not fit 64 bits or is not the shortest form. */
uint64_t mw_read_varint(mw_reader *r);
/* Zig-zag over a varint: small magnitudes of either sign are short. */
int64_t mw_read_varint_signed(mw_reader *r);
/* A view of the next n bytes, or an empty slice and a failed reader. */
mw_slice mw_read_bytes(mw_reader *r, size_t n);
/* MW_OK when nothing failed and nothing is left over; MW_SYNTAX for trailing bytes. */
MW_NODISCARD mw_status mw_reader_end(const mw_reader *r);

typedef struct mw_writer {
    mw_span out;
    size_t at; /* bytes written so far */
    mw_status status;
} mw_writer;

mw_writer mw_writer_of(mw_span out);
size_t mw_writer_left(const mw_writer *w);
void mw_writer_fail(mw_writer *w, mw_status why);
void mw_write_u8(mw_writer *w, uint8_t v);
void mw_write_u16le(mw_writer *w, uint16_t v);
void mw_write_u24le(mw_writer *w, uint32_t v);
void mw_write_u32le(mw_writer *w, uint32_t v);
void mw_write_u64le(mw_writer *w, uint64_t v);
void mw_write_u16be(mw_writer *w, uint16_t v);
void mw_write_u24be(mw_writer *w, uint32_t v);
void mw_write_u32be(mw_writer *w, uint32_t v);
void mw_write_u64be(mw_writer *w, uint64_t v);
void mw_write_varint(mw_writer *w, uint64_t v);
void mw_write_varint_signed(mw_writer *w, int64_t v);
void mw_write_bytes(mw_writer *w, mw_slice s);
void mw_write_str(mw_writer *w, const char *s);
/* What was written, as a view of the span. */
mw_slice mw_writer_done(const mw_writer *w);

/* Hexadecimal, lower case on output, either case on input. out needs 2n bytes (no terminator). */
MW_NODISCARD mw_status mw_hex_encode(mw_slice in, mw_span out);
/* Decodes exactly in.n/2 bytes; MW_SYNTAX on an odd count or a foreign character. */
MW_NODISCARD mw_status mw_hex_decode(mw_slice in, mw_span out);

#endif
