/* SPDX-License-Identifier: Apache-2.0
 *
 * Days of channels as they stand in their chunks, decoded: folding, validation and settling of a
 * turn look at the same ones. A table of fixed size in which a newer day takes the place of an
 * older one. Whoever uses it knows when the chunks may have changed, and clears it.
 */
#ifndef MW_PLATFORM_STORE_DAY_CACHE_H
#define MW_PLATFORM_STORE_DAY_CACHE_H

#include "platform/store/chunk.h"

/* At most 8 MiB: longer days are not kept. */
#define MW_DAY_CACHE_SLOTS    2048
#define MW_DAY_CACHE_ROWS_MAX 96

typedef struct mw_day_key {
    int64_t tenant, day, channel;
} mw_day_key;

typedef struct mw_day_cache mw_day_cache;

/* NULL when there is no memory: then nothing is kept. */
mw_day_cache *mw_day_cache_new(void);
void mw_day_cache_free(mw_day_cache *c);
void mw_day_cache_clear(mw_day_cache *c);
bool mw_day_cache_empty(const mw_day_cache *c);

/* false when the day is not kept. */
bool mw_day_cache_get(const mw_day_cache *c, const mw_day_key *key,
                      mw_store_interval rows[MW_CHUNK_VALUES_MAX], size_t *out_n);
/* Keeps the day in place of what was known of it, if it can. */
void mw_day_cache_put(mw_day_cache *c, const mw_day_key *key, const mw_store_interval *rows,
                      size_t n);
void mw_day_cache_drop(mw_day_cache *c, const mw_day_key *key);

#endif
