/* SPDX-License-Identifier: Apache-2.0
 *
 * A bounded first-in first-out queue of fixed-size items in the caller's memory. Full is an error
 * the caller must answer (MW_SPACE): nothing is overwritten silently.
 */
#ifndef MW_BASE_RING_H
#define MW_BASE_RING_H

#include "base/bytes.h"

typedef struct mw_ring {
    uint8_t *items;
    size_t item_size;
    size_t capacity; /* items */
    size_t head;     /* index of the oldest item */
    size_t count;    /* items held */
} mw_ring;

/* storage.n must be a whole number of item_size, at least one. */
void mw_ring_init(mw_ring *q, mw_span storage, size_t item_size);
size_t mw_ring_count(const mw_ring *q);
MW_NODISCARD mw_status mw_ring_push(mw_ring *q, const void *item);
/* Takes the oldest item; MW_AGAIN when the ring is empty. */
MW_NODISCARD mw_status mw_ring_pull(mw_ring *q, void *out_item);
/* The i-th oldest item, 0 <= i < count, valid until it is pulled. */
void *mw_ring_at(const mw_ring *q, size_t i);

#endif
