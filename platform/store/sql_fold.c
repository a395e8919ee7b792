/* SPDX-License-Identifier: Apache-2.0
 *
 * Hot runs, day chunks and the merge of both.
 */
#include <stdio.h>
#include <stdlib.h>

#include "platform/store/sql_internal.h"

typedef struct hot_ref {
    int64_t id;
    int64_t tenant;
    int64_t day;
    int64_t channel;
    size_t at, size; /* of its run among those of the batch */
} hot_ref;

/* The oldest rows with their runs, read in one pass: one look-up for each would cost more than
 * folding it. */
typedef struct hot_batch {
    hot_ref *ref;
    size_t n;
    uint8_t *bytes;
    size_t used, room;
    bool all;                                      /* no row is left out */
    mw_store_change change[MW_SQ_CHANGES_AT_ONCE]; /* not written yet */
    size_t changes;
} hot_batch;

static int compare_numbers(int64_t a, int64_t b) {
    return (a > b) - (a < b);
}

/* By day and channel for few chunk writes; by id within them, because the order of arrival decides
 * which of two values stays. */
static int hot_ref_compare(const void *pa, const void *pb) {
    const hot_ref *a = pa, *b = pb;
    int c = compare_numbers(a->tenant, b->tenant);
    if (c == 0)
        c = compare_numbers(a->day, b->day);
    if (c == 0)
        c = compare_numbers(a->channel, b->channel);
    return c != 0 ? c : compare_numbers(a->id, b->id);
}

static bool same_chunk(const hot_ref *a, const hot_ref *b) {
    return a->tenant == b->tenant && a->day == b->day && a->channel == b->channel;
}

/* Decodes the chunk of a day into q->rows; no chunk gives no rows. Inside of a transaction a day is
 * decoded once. */
static mw_status chunk_load(mw_sq *q, int64_t tenant, int64_t day, int64_t channel, size_t *out_n) {
    mw_sq_statement *st = NULL;
    mw_day_key key = {tenant, day, channel};
    if (q->in_transaction && mw_day_cache_get(q->days, &key, q->rows, out_n))
        return MW_OK;
    MW_TRY(MW_SQ_BIND(q, CHUNK_GET, &st, mw_sq_int(tenant), mw_sq_int(day), mw_sq_int(channel)));
    mw_status status = mw_sq_step(st);
    *out_n = 0;
    if (status == MW_NOT_FOUND)
        return MW_OK;
    MW_TRY(status);
    status = mw_chunk_decode(day, mw_sq_get_blob(st, 0), q->rows, out_n);
    mw_sq_reset(st);
    /* What is stored was encoded by us: if it does not decode, the disk is to blame. */
    if (status != MW_OK)
        return MW_CORRUPT;
    if (q->in_transaction)
        mw_day_cache_put(q->days, &key, q->rows, *out_n);
    return MW_OK;
}

/* Writes q->rows[0..n), coded as `data`, by CHUNK_PUT or CHUNK_ADD. */
static mw_status chunk_write(mw_sq *q, mw_sq_id id, int64_t tenant, int64_t day, int64_t channel,
                             size_t n, mw_slice data) {
    int64_t total = 0;
    bool fits = true;
    uint32_t quality = 0;
    for (size_t i = 0; i < n; i++) {
        fits = fits && !__builtin_add_overflow(total, q->rows[i].value, &total);
        quality |= q->rows[i].quality;
    }
    /* The columns first and last are of former versions: nothing reads them, 0 takes no room. */
    const mw_sq_value values[] = {
        mw_sq_int(tenant),
        mw_sq_int(day),
        mw_sq_int(channel),
        mw_sq_int((int64_t)n),
        fits ? mw_sq_int(total) : (mw_sq_value){.type = MW_SQ_NULL},
        mw_sq_int(0),
        mw_sq_int(0),
        mw_sq_int(quality),
        mw_sq_blob(data),
    };
    return mw_sq_run(q, id, values, sizeof values / sizeof values[0]);
}

mw_status mw_sq_chunk_store(mw_sq *q, int64_t tenant, int64_t day, int64_t channel, size_t n) {
    size_t size;
    MW_TRY(mw_chunk_pack(day, q->rows, n, MW_SPAN_OF(q->chunk), &size));
    MW_TRY(chunk_write(q, MW_SQ_CHUNK_PUT, tenant, day, channel, n, (mw_slice){q->chunk, size}));
    mw_day_cache_put(q->days, &(mw_day_key){tenant, day, channel}, q->rows, n);
    return MW_OK;
}

static void change_grow(mw_store_change *c, const mw_store_interval *row) {
    int64_t end = row->start.us + (int64_t)row->seconds * MW_US_PER_S;
    c->from.us = row->start.us < c->from.us ? row->start.us : c->from.us;
    c->to.us = end > c->to.us ? end : c->to.us;
}

/* A day that came in one piece and that nothing is known of becomes its chunk as it is, without
 * looking for one first; nothing changed: there is one, or the engine would have to be waited for. */
static mw_status chunk_begin(mw_sq *q, const hot_ref *at, mw_slice run, mw_store_change *changed) {
    size_t n = 0, size;
    mw_day_key key = {at->tenant, at->day, at->channel};
    if (!q->driver->local || mw_day_cache_get(q->days, &key, q->rows, &n))
        return MW_OK;
    if (mw_chunk_decode(at->day, run, q->rows, &n) != MW_OK)
        return MW_CORRUPT;
    if (mw_chunk_packs(q->rows, n)) {
        MW_TRY(mw_chunk_pack(at->day, q->rows, n, MW_SPAN_OF(q->chunk), &size));
        run = (mw_slice){q->chunk, size};
    }
    MW_TRY(chunk_write(q, MW_SQ_CHUNK_ADD, at->tenant, at->day, at->channel, n, run));
    if (mw_sq_changed(q) == 0)
        return MW_OK;
    mw_day_cache_put(q->days, &key, q->rows, n);
    change_grow(changed, &q->rows[0]);
    change_grow(changed, &q->rows[n - 1]);
    return MW_OK;
}

static mw_status conflict_keep(mw_sq *q, const hot_ref *at, const mw_store_interval *loser) {
    MW_TRY(MW_SQ_RUN(q, CONFLICT_ADD, mw_sq_int(at->tenant), mw_sq_int(at->channel),
                     mw_sq_int(loser->start.us), mw_sq_int(loser->seconds), mw_sq_int(loser->value),
                     mw_sq_int(loser->quality), mw_sq_int(loser->received.us),
                     mw_sq_int(loser->journal)));
    if (mw_sq_changed(q) == 0)
        return MW_OK;
    mw_store_sign alarm = {.tenant = at->tenant,
                           .kind = "value_conflict",
                           .text = "two reports give different values for the same interval",
                           .last_at = loser->received,
                           .count = 1,
                           .from_decode = true};
    snprintf(alarm.subject, sizeof alarm.subject, "channel/%lld", (long long)at->channel);
    return mw_sq_op_sign_raise(&q->base, &alarm);
}

/* Merges one run (in q->more) into q->rows. changed = NULL: a reader's merge; else conflicts are
 * remembered and the span of what changed grows. */
static mw_status run_merge(mw_sq *q, const hot_ref *at, size_t run, size_t *n,
                           mw_store_change *changed) {
    for (size_t i = 0; i < run; i++) {
        mw_store_interval loser;
        mw_chunk_merge_result result = mw_chunk_merge(q->rows, n, &q->more[i], &loser);
        bool differs = result == MW_MERGE_KEPT || result == MW_MERGE_REPLACED;
        if (result == MW_MERGE_FULL) {
            loser = q->more[i];
            differs = true;
        }
        if (changed == NULL)
            continue;
        if (differs)
            MW_TRY(conflict_keep(q, at, &loser));
        if (result == MW_MERGE_NEW || result == MW_MERGE_REPLACED)
            change_grow(changed, &q->more[i]);
    }
    return MW_OK;
}

static mw_status chunk_merge(mw_sq *q, const hot_batch *batch, const hot_ref *refs, size_t count,
                             mw_store_change *changed) {
    size_t n = 0;
    MW_TRY(chunk_load(q, refs[0].tenant, refs[0].day, refs[0].channel, &n));
    for (size_t i = 0; i < count; i++) {
        size_t run = 0;
        mw_slice bytes = {batch->bytes + refs[i].at, refs[i].size};
        if (mw_chunk_decode(refs[i].day, bytes, q->more, &run) != MW_OK)
            return MW_CORRUPT;
        MW_TRY(run_merge(q, &refs[i], run, &n, changed));
    }
    return n == 0 ? MW_OK : mw_sq_chunk_store(q, refs[0].tenant, refs[0].day, refs[0].channel, n);
}

static mw_status changes_write(mw_sq *q, hot_batch *batch) {
    size_t n = batch->changes;
    batch->changes = 0;
    return mw_sq_changes_add(q, batch->change, n);
}

static mw_status fold_chunk(mw_sq *q, hot_batch *batch, const hot_ref *refs, size_t count) {
    mw_store_change *changed = &batch->change[batch->changes];
    *changed = (mw_store_change){.tenant = refs[0].tenant,
                                 .channel = refs[0].channel,
                                 .layer = MW_LAYER_RAW,
                                 .from = {INT64_MAX},
                                 .to = {INT64_MIN}};
    if (count == 1)
        MW_TRY(chunk_begin(q, refs, (mw_slice){batch->bytes + refs->at, refs->size}, changed));
    if (changed->from.us >= changed->to.us)
        MW_TRY(chunk_merge(q, batch, refs, count, changed));
    if (changed->from.us < changed->to.us)
        batch->changes++;
    return batch->changes == MW_SQ_CHANGES_AT_ONCE ? changes_write(q, batch) : MW_OK;
}

static mw_status bytes_keep(hot_batch *b, mw_slice bytes) {
    if (b->used + bytes.n > b->room) {
        size_t room = (b->used + bytes.n) * 2;
        uint8_t *more = realloc(b->bytes, room);
        if (more == NULL)
            return MW_NOMEM;
        b->bytes = more;
        b->room = room;
    }
    mw_bytes_copy(b->bytes + b->used, bytes.p, bytes.n);
    b->used += bytes.n;
    return MW_OK;
}

static mw_status hot_oldest(mw_sq *q, uint32_t max_rows, hot_batch *b) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(q, HOT_OLDEST, &st, mw_sq_int(max_rows)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_slice bytes = mw_sq_get_blob(st, 4);
        b->ref[b->n++] = (hot_ref){mw_sq_get_int(st, 0),
                                   mw_sq_get_int(st, 1),
                                   mw_sq_get_int(st, 2),
                                   mw_sq_get_int(st, 3),
                                   b->used,
                                   bytes.n};
        status = bytes_keep(b, bytes);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    b->all = b->n < max_rows;
    return status == MW_NOT_FOUND ? MW_OK : status;
}

/* The ends of chunks from `at` on, as many as may be asked ahead. */
static mw_status chunks_ahead(mw_sq *q, const hot_batch *b, size_t at, size_t *out_end) {
    mw_day_key key[MW_SQ_AHEAD_MAX];
    size_t chunks = 0;
    for (; at < b->n && chunks < MW_SQ_AHEAD_MAX; chunks++) {
        const hot_ref *r = &b->ref[at];
        key[chunks] = (mw_day_key){.tenant = r->tenant, .day = r->day, .channel = r->channel};
        while (at < b->n && same_chunk(r, &b->ref[at]))
            at++;
    }
    *out_end = at;
    return q->driver->chunks_ahead(q, key, chunks);
}

static mw_status fold_batch(mw_sq *q, hot_batch *b) {
    if (b->n == 0)
        return MW_OK;
    hot_ref *refs = b->ref;
    int64_t last = refs[b->n - 1].id;
    size_t ahead = 0;
    qsort(refs, b->n, sizeof refs[0], hot_ref_compare);
    for (size_t at = 0; at < b->n;) {
        size_t count = 1;
        if (at == ahead && q->driver->chunks_ahead != NULL)
            MW_TRY(chunks_ahead(q, b, at, &ahead));
        while (at + count < b->n && same_chunk(&refs[at], &refs[at + count]))
            count++;
        MW_TRY(fold_chunk(q, b, refs + at, count));
        at += count;
    }
    MW_TRY(changes_write(q, b));
    /* Nobody else writes into a local store meanwhile, and a whole table is emptied in one go. */
    return b->all && q->driver->local ? mw_sq_run(q, MW_SQ_HOT_CLEAR, NULL, 0)
                                      : MW_SQ_RUN(q, HOT_DELETE, mw_sq_int(last));
}

mw_status mw_sq_op_fold(mw_store *s, uint32_t max_rows, uint32_t *out_rows) {
    mw_sq *q = mw_sq_of(s);
    q->days_known = false;
    if (!q->in_transaction)
        return MW_STATE;
    if (max_rows == 0 || max_rows > MW_STORE_FOLD_MAX)
        return MW_RANGE;
    hot_batch b = {.ref = calloc(max_rows, sizeof *b.ref)};
    if (b.ref == NULL)
        return MW_NOMEM;
    mw_status status = hot_oldest(q, max_rows, &b);
    if (status == MW_OK)
        status = fold_batch(q, &b);
    free(b.ref);
    free(b.bytes);
    if (status == MW_OK)
        *out_rows = (uint32_t)b.n;
    return status;
}

mw_status mw_sq_op_hot_rows(mw_store *s, int64_t *out_n) {
    return mw_sq_number(mw_sq_of(s), MW_SQ_HOT_COUNT, NULL, 0, out_n);
}

/* --- reading --------------------------------------------------------------------------------- */

mw_status mw_sq_day_read(mw_sq *q, int64_t tenant, int64_t channel, int64_t day, size_t *out_n) {
    size_t n = 0;
    MW_TRY(chunk_load(q, tenant, day, channel, &n));
    hot_ref at = {.tenant = tenant, .day = day, .channel = channel};
    mw_sq_statement *st = NULL;
    if (day < q->hot_first || day > q->hot_last) {
        *out_n = n;
        return MW_OK;
    }
    MW_TRY(MW_SQ_BIND(q, HOT_OF_DAY, &st, mw_sq_int(tenant), mw_sq_int(day), mw_sq_int(channel)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        size_t run = 0;
        status = mw_chunk_decode(day, mw_sq_get_blob(st, 0), q->more, &run);
        if (status == MW_OK)
            status = run_merge(q, &at, run, &n, NULL);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return MW_CORRUPT;
        }
    }
    *out_n = n;
    return status == MW_NOT_FOUND ? MW_OK : status;
}

/* First and last day with values of the tenant. Most operations of a turn ask for the same. */
static mw_status days_span(mw_sq *q, int64_t tenant) {
    if (q->days_known && q->in_transaction && q->days_tenant == tenant)
        return MW_OK;
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(q, DAYS_SPAN, &st, mw_sq_int(tenant)));
    MW_TRY(mw_sq_step(st));
    int64_t first = INT64_MAX, last = INT64_MIN;
    bool hot = !mw_sq_is_null(st, 2);
    q->hot_first = hot ? mw_sq_get_int(st, 2) : INT64_MAX;
    q->hot_last = hot ? mw_sq_get_int(st, 3) : INT64_MIN;
    for (int c = 0; c < 4; c += 2) {
        if (mw_sq_is_null(st, c))
            continue;
        int64_t a = mw_sq_get_int(st, c), b = mw_sq_get_int(st, c + 1);
        first = a < first ? a : first;
        last = b > last ? b : last;
    }
    mw_sq_reset(st);
    q->days_first = first;
    q->days_last = last;
    q->days_tenant = tenant;
    q->days_known = q->in_transaction;
    return MW_OK;
}

/* The days of [from, to) that can hold values at all. */
mw_status mw_sq_days_clip(mw_sq *q, int64_t tenant, mw_utc from, mw_utc to, int64_t *out_first,
                          int64_t *out_end) {
    *out_first = 0;
    *out_end = 0;
    if (from.us >= to.us)
        return MW_OK;
    MW_TRY(days_span(q, tenant));
    int64_t first = q->days_first, last = q->days_last;
    if (first > last)
        return MW_OK;
    const int64_t day_us = MW_DAY_S * MW_US_PER_S;
    int64_t from_day = from.us / day_us - (from.us % day_us < 0);
    int64_t to_day = (to.us - 1) / day_us - ((to.us - 1) % day_us < 0);
    *out_first = from_day > first ? from_day : first;
    *out_end = (to_day < last ? to_day : last) + 1;
    return MW_OK;
}

static mw_status day_give(mw_sq *q, int64_t tenant, int64_t channel, int64_t day, mw_utc from,
                          mw_utc to, mw_store_on_interval each, void *ctx) {
    size_t n = 0;
    MW_TRY(mw_sq_day_read(q, tenant, channel, day, &n));
    for (size_t i = 0; i < n; i++)
        if (q->rows[i].start.us >= from.us && q->rows[i].start.us < to.us)
            MW_TRY(each(ctx, channel, &q->rows[i]));
    return MW_OK;
}

mw_status mw_sq_chunks_ahead(mw_sq *q, int64_t tenant, int64_t channel, int64_t day, int64_t end) {
    mw_day_key key[MW_SQ_AHEAD_MAX];
    size_t n = 0;
    if (q->driver->chunks_ahead == NULL || end - day < 2)
        return MW_OK;
    for (; day < end && n < MW_SQ_AHEAD_MAX; day++)
        key[n++] = (mw_day_key){.tenant = tenant, .day = day, .channel = channel};
    return q->driver->chunks_ahead(q, key, n);
}

static mw_status channel_read(mw_sq *q, int64_t tenant, int64_t channel, mw_utc from, mw_utc to,
                              mw_store_on_interval each, void *ctx) {
    int64_t first = 0, end = 0;
    MW_TRY(mw_sq_days_clip(q, tenant, from, to, &first, &end));
    for (int64_t day = first; day < end; day++) {
        if ((day - first) % MW_SQ_AHEAD_MAX == 0)
            MW_TRY(mw_sq_chunks_ahead(q, tenant, channel, day, end));
        MW_TRY(day_give(q, tenant, channel, day, from, to, each, ctx));
    }
    return MW_OK;
}

mw_status mw_sq_op_intervals(mw_store *s, int64_t tenant, int64_t channel, mw_utc from, mw_utc to,
                             mw_store_on_interval each, void *ctx) {
    mw_sq *q = mw_sq_of(s);
    MW_TRY(mw_sq_read_begin(q));
    return mw_sq_read_end(q, channel_read(q, tenant, channel, from, to, each, ctx));
}

static mw_status tenant_read(mw_sq *q, int64_t tenant, mw_utc from, mw_utc to,
                             mw_store_on_interval each, void *ctx) {
    int64_t day = 0, end = 0;
    MW_TRY(mw_sq_days_clip(q, tenant, from, to, &day, &end));
    for (; day < end; day++) {
        mw_sq_statement *st;
        MW_TRY(MW_SQ_BIND(q, CHANNELS_OF_DAY, &st, mw_sq_int(tenant), mw_sq_int(day)));
        mw_status status;
        while ((status = mw_sq_step(st)) == MW_OK) {
            status = day_give(q, tenant, mw_sq_get_int(st, 0), day, from, to, each, ctx);
            if (status != MW_OK) {
                mw_sq_reset(st);
                return status;
            }
        }
        if (status != MW_NOT_FOUND)
            return status;
    }
    return MW_OK;
}

mw_status mw_sq_op_intervals_all(mw_store *s, int64_t tenant, mw_utc from, mw_utc to,
                                 mw_store_on_interval each, void *ctx) {
    mw_sq *q = mw_sq_of(s);
    MW_TRY(mw_sq_read_begin(q));
    return mw_sq_read_end(q, tenant_read(q, tenant, from, to, each, ctx));
}
