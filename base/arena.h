/* SPDX-License-Identifier: Apache-2.0
 *
 * A bump allocator over the caller's memory: one arena per request or message, reset whole.
 */
#ifndef MW_BASE_ARENA_H
#define MW_BASE_ARENA_H

#include "base/bytes.h"

typedef struct mw_arena {
    mw_span memory;
    size_t used;
} mw_arena;

void mw_arena_init(mw_arena *a, mw_span memory);
void mw_arena_reset(mw_arena *a);
/* n zeroed bytes aligned for any type, or NULL when they do not fit. */
void *mw_arena_take(mw_arena *a, size_t n);
/* A NUL-terminated copy of text, or NULL. */
char *mw_arena_text(mw_arena *a, mw_slice text);

#endif
