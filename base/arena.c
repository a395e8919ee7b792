/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdalign.h>
#include <stddef.h>

void mw_arena_init(mw_arena *a, mw_span memory) {
    *a = (mw_arena){.memory = memory};
}

void mw_arena_reset(mw_arena *a) {
    a->used = 0;
}

void *mw_arena_take(mw_arena *a, size_t n) {
    size_t misaligned = ((uintptr_t)a->memory.p + a->used) % alignof(max_align_t);
    size_t padding = misaligned == 0 ? 0 : alignof(max_align_t) - misaligned;
    size_t left = a->memory.n - a->used;
    if (padding > left || n > left - padding)
        return NULL;
    uint8_t *p = a->memory.p + a->used + padding;
    a->used += padding + n;
    mw_bytes_fill(p, 0, n);
    return p;
}

char *mw_arena_text(mw_arena *a, mw_slice text) {
    char *copy = mw_arena_take(a, text.n + 1);
    if (copy != NULL)
        mw_bytes_copy(copy, text.p, text.n);
    return copy;
}
