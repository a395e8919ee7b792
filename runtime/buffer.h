/* SPDX-License-Identifier: Apache-2.0
 *
 * A growing buffer that must be given a maximum. The first failure sticks: append many times, look
 * at the status once. Always NUL-terminated behind its length once something was appended.
 */
#ifndef MW_RUNTIME_BUFFER_H
#define MW_RUNTIME_BUFFER_H

#include "base/bytes.h"

typedef struct mw_buffer {
    uint8_t *p;
    size_t n;   /* bytes held */
    size_t cap; /* bytes allocated */
    size_t max; /* stated maximum of n */
    mw_status status;
} mw_buffer;

/* An empty buffer that may hold up to max bytes, max > 0. */
void mw_buffer_init(mw_buffer *b, size_t max);
/* Frees the memory; the buffer is empty and usable again. Accepts a zeroed buffer. */
void mw_buffer_fini(mw_buffer *b);
/* Forgets the contents and the failure, keeps the memory. */
void mw_buffer_reset(mw_buffer *b);
/* Fails with MW_SPACE beyond max and MW_NOMEM; then nothing of this call was appended. */
void mw_buffer_append(mw_buffer *b, mw_slice s);
void mw_buffer_append_str(mw_buffer *b, const char *s);
void mw_buffer_append_byte(mw_buffer *b, uint8_t byte);
void mw_buffer_printf(mw_buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Drops the first n bytes, n <= b->n. */
void mw_buffer_drop(mw_buffer *b, size_t n);
mw_slice mw_buffer_view(const mw_buffer *b);
/* The contents as text; "" when nothing was appended. */
const char *mw_buffer_text(const mw_buffer *b);

#endif
