/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

void mw_buffer_init(mw_buffer *b, size_t max) {
    mw_assert(max > 0 && max < SIZE_MAX / 4);
    *b = (mw_buffer){.max = max};
}

void mw_buffer_fini(mw_buffer *b) {
    if (b == NULL)
        return;
    free(b->p);
    *b = (mw_buffer){.max = b->max};
}

void mw_buffer_reset(mw_buffer *b) {
    b->n = 0;
    b->status = MW_OK;
}

/* Room for n more bytes and a NUL; the buffer doubles so that appending stays linear. */
static bool mw_buffer_room(mw_buffer *b, size_t n) {
    if (b->status != MW_OK)
        return false;
    if (n > b->max - b->n) {
        b->status = MW_SPACE;
        return false;
    }
    size_t need = b->n + n + 1;
    if (need <= b->cap)
        return true;
    size_t cap = b->cap == 0 ? 256 : b->cap;
    while (cap < need)
        cap *= 2;
    if (cap > b->max + 1)
        cap = b->max + 1;
    uint8_t *p = realloc(b->p, cap);
    if (p == NULL) {
        b->status = MW_NOMEM;
        return false;
    }
    b->p = p;
    b->cap = cap;
    return true;
}

void mw_buffer_append(mw_buffer *b, mw_slice s) {
    if (!mw_buffer_room(b, s.n))
        return;
    mw_bytes_copy(b->p + b->n, s.p, s.n);
    b->n += s.n;
    b->p[b->n] = 0;
}

void mw_buffer_append_str(mw_buffer *b, const char *s) {
    mw_buffer_append(b, mw_slice_of_str(s));
}

void mw_buffer_append_byte(mw_buffer *b, uint8_t byte) {
    mw_buffer_append(b, (mw_slice){&byte, 1});
}

void mw_buffer_printf(mw_buffer *b, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char text[512];
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    mw_assert(n >= 0);
    if ((size_t)n < sizeof text) {
        mw_buffer_append(b, (mw_slice){(const uint8_t *)text, (size_t)n});
        return;
    }
    if (!mw_buffer_room(b, (size_t)n))
        return;
    va_start(args, format);
    (void)vsnprintf((char *)b->p + b->n, (size_t)n + 1, format, args);
    va_end(args);
    b->n += (size_t)n;
}

void mw_buffer_drop(mw_buffer *b, size_t n) {
    mw_assert(n <= b->n);
    if (n == 0)
        return;
    b->n -= n;
    memmove(b->p, b->p + n, b->n);
    b->p[b->n] = 0;
}

mw_slice mw_buffer_view(const mw_buffer *b) {
    return (mw_slice){b->p, b->n};
}

const char *mw_buffer_text(const mw_buffer *b) {
    return b->n == 0 ? "" : (const char *)b->p;
}
