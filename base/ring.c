/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ring.h"

#include "base/assert.h"

void mw_ring_init(mw_ring *q, mw_span storage, size_t item_size) {
    mw_assert(item_size > 0 && storage.n >= item_size && storage.n % item_size == 0);
    *q = (mw_ring){.items = storage.p, .item_size = item_size, .capacity = storage.n / item_size};
}

size_t mw_ring_count(const mw_ring *q) {
    return q->count;
}

void *mw_ring_at(const mw_ring *q, size_t i) {
    mw_assert(i < q->count);
    return q->items + (q->head + i) % q->capacity * q->item_size;
}

mw_status mw_ring_push(mw_ring *q, const void *item) {
    if (q->count == q->capacity)
        return MW_SPACE;
    q->count++;
    mw_bytes_copy(mw_ring_at(q, q->count - 1), item, q->item_size);
    return MW_OK;
}

mw_status mw_ring_pull(mw_ring *q, void *out_item) {
    if (q->count == 0)
        return MW_AGAIN;
    mw_bytes_copy(out_item, mw_ring_at(q, 0), q->item_size);
    q->head = (q->head + 1) % q->capacity;
    q->count--;
    return MW_OK;
}
