/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/store/day_cache.h"

#include <stdlib.h>
#include <string.h>

typedef struct kept_day {
    mw_day_key key;
    size_t n, room; /* n = 0: nothing is kept here */
    mw_store_interval *rows;
} kept_day;

struct mw_day_cache {
    kept_day slot[MW_DAY_CACHE_SLOTS];
    bool any;
};

mw_day_cache *mw_day_cache_new(void) {
    return calloc(1, sizeof(mw_day_cache));
}

void mw_day_cache_free(mw_day_cache *c) {
    if (c == NULL)
        return;
    for (size_t i = 0; i < MW_DAY_CACHE_SLOTS; i++)
        free(c->slot[i].rows);
    free(c);
}

void mw_day_cache_clear(mw_day_cache *c) {
    if (c == NULL || !c->any)
        return;
    for (size_t i = 0; i < MW_DAY_CACHE_SLOTS; i++)
        c->slot[i].n = 0;
    c->any = false;
}

bool mw_day_cache_empty(const mw_day_cache *c) {
    return c == NULL || !c->any;
}

/* Neighbouring channels lie in neighbouring slots, the same channel's next day elsewhere. */
static size_t place_of(const mw_day_key *k) {
    uint64_t spread = (uint64_t)k->day * 1021 + (uint64_t)k->tenant * 509;
    return (size_t)(((uint64_t)k->channel + spread) % MW_DAY_CACHE_SLOTS);
}

static bool same_day(const kept_day *d, const mw_day_key *k) {
    return d->n > 0 && d->key.channel == k->channel && d->key.day == k->day &&
           d->key.tenant == k->tenant;
}

bool mw_day_cache_get(const mw_day_cache *c, const mw_day_key *key,
                      mw_store_interval rows[MW_CHUNK_VALUES_MAX], size_t *out_n) {
    if (mw_day_cache_empty(c))
        return false;
    const kept_day *d = &c->slot[place_of(key)];
    if (!same_day(d, key))
        return false;
    memcpy(rows, d->rows, d->n * sizeof rows[0]);
    *out_n = d->n;
    return true;
}

void mw_day_cache_put(mw_day_cache *c, const mw_day_key *key, const mw_store_interval *rows,
                      size_t n) {
    if (c == NULL)
        return;
    mw_day_cache_drop(c, key);
    if (n == 0 || n > MW_DAY_CACHE_ROWS_MAX)
        return;
    kept_day *d = &c->slot[place_of(key)];
    if (n > d->room) {
        mw_store_interval *more = realloc(d->rows, n * sizeof *more);
        if (more == NULL)
            return;
        d->rows = more;
        d->room = n;
    }
    d->key = *key;
    d->n = n;
    memcpy(d->rows, rows, n * sizeof rows[0]);
    /* As a chunk keeps it. */
    for (size_t i = 0; i < n; i++)
        d->rows[i].received = mw_utc_of_s(mw_utc_floor_s(rows[i].received));
    c->any = true;
}

void mw_day_cache_drop(mw_day_cache *c, const mw_day_key *key) {
    if (c == NULL)
        return;
    kept_day *d = &c->slot[place_of(key)];
    if (same_day(d, key))
        d->n = 0;
}
