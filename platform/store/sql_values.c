/* SPDX-License-Identifier: Apache-2.0
 *
 * Values in layers: reports of the meter, revisions over them, locks and what was known when.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/store/layers.h"
#include "platform/store/sql_internal.h"

#define DAY_US (MW_DAY_S * MW_US_PER_S)

/* Working memory of one read; made at the first. */
struct mw_sq_layers {
    mw_layer_day under, over;
    mw_store_interval rows[MW_CHUNK_VALUES_MAX];
    mw_store_prediction prediction[MW_CHUNK_VALUES_MAX];
};

static mw_status layers_of(mw_sq *q, mw_sq_layers **out_layers) {
    if (q->layers == NULL)
        q->layers = calloc(1, sizeof *q->layers);
    *out_layers = q->layers;
    return q->layers == NULL ? MW_NOMEM : MW_OK;
}

/* --- writing -----------------------------------------------------------------------------------
 */

enum { CHANGE_COLUMNS = 6 };

static void change_bind(const mw_store_change *c, mw_sq_value to[CHANGE_COLUMNS]) {
    to[0] = mw_sq_int(c->tenant);
    to[1] = mw_sq_int(c->channel);
    to[2] = mw_sq_int(c->layer);
    to[3] = mw_sq_int(c->master);
    to[4] = mw_sq_int(c->from.us);
    to[5] = mw_sq_int(c->to.us);
}

mw_status mw_sq_change_add(mw_sq *q, const mw_store_change *c) {
    mw_sq_value values[CHANGE_COLUMNS];
    change_bind(c, values);
    return mw_sq_run(q, MW_SQ_CHANGE_ADD, values, CHANGE_COLUMNS);
}

mw_status mw_sq_changes_add(mw_sq *q, const mw_store_change *c, size_t n) {
    mw_sq_value values[MW_SQ_CHANGES_AT_ONCE * CHANGE_COLUMNS];
    bool at_once = q->driver->local && n == MW_SQ_CHANGES_AT_ONCE; /* others queue statements */
    for (size_t i = 0; i < n; i++) {
        if (at_once)
            change_bind(&c[i], &values[i * CHANGE_COLUMNS]);
        else
            MW_TRY(mw_sq_change_add(q, &c[i]));
    }
    return at_once ? mw_sq_run(q, MW_SQ_CHANGES_ADD, values, n * CHANGE_COLUMNS) : MW_OK;
}

/* A revision's values as a chunk whose origin costs nothing: it is the revision itself. */
static mw_status rows_encode(mw_sq *q, const mw_store_revision *r, int64_t day, size_t *out_size) {
    *out_size = 0;
    if (r->n == 0)
        return MW_OK;
    for (size_t i = 0; i < r->n; i++) {
        q->more[i] = r->rows[i];
        q->more[i].received = mw_utc_of_s((day + 1) * MW_DAY_S);
        q->more[i].journal = 0;
    }
    return mw_chunk_encode(day, q->more, r->n, MW_SPAN_OF(q->chunk), out_size);
}

/* Zig-zag varints of value - low and high - value, modulo 2^64. */
static mw_status prediction_encode(const mw_store_revision *r, mw_span out, size_t *out_size) {
    mw_writer w = mw_writer_of(out);
    for (size_t i = 0; i < r->n; i++) {
        uint64_t value = (uint64_t)r->rows[i].value;
        mw_write_varint_signed(&w, (int64_t)(value - (uint64_t)r->prediction[i].low));
        mw_write_varint_signed(&w, (int64_t)((uint64_t)r->prediction[i].high - value));
    }
    MW_TRY(w.status);
    *out_size = w.at;
    return MW_OK;
}

mw_status mw_sq_op_value_revise(mw_store *s, const mw_store_revision *r, int64_t *out_id) {
    mw_sq *q = mw_sq_of(s);
    MW_TRY(mw_revision_check(r));
    int64_t day = mw_layer_day_of(r->from);
    size_t size = 0, more = 0;
    MW_TRY(rows_encode(q, r, day, &size));
    mw_sq_value prediction = {.type = MW_SQ_NULL};
    if (r->prediction != NULL && r->n > 0) {
        MW_TRY(prediction_encode(r, (mw_span){q->chunk + size, sizeof q->chunk - size}, &more));
        prediction = mw_sq_blob((mw_slice){q->chunk + size, more});
    }
    MW_TRY(MW_SQ_RUN(q, REVISION_ADD, mw_sq_int(r->tenant), mw_sq_int(r->channel), mw_sq_int(day),
                     mw_sq_int(r->layer), mw_sq_int(r->kind), mw_sq_int(r->from.us),
                     mw_sq_int(r->to.us), mw_sq_int(r->at.us), mw_sq_int(r->actor),
                     mw_sq_text(r->who), mw_sq_int(r->reason), mw_sq_text(r->text),
                     mw_sq_int(r->method), mw_sq_int(r->method_version), mw_sq_text(r->inputs),
                     mw_sq_int(r->action), mw_sq_blob((mw_slice){q->chunk, size}), prediction));
    *out_id = mw_sq_last_id(q);
    mw_store_change change = {.tenant = r->tenant,
                              .channel = r->channel,
                              .layer = r->layer,
                              .from = r->from,
                              .to = r->to};
    return mw_sq_change_add(q, &change);
}

/* --- reading revisions -------------------------------------------------------------------------
 */

static mw_status prediction_decode(mw_slice data, const mw_store_interval *rows, size_t n,
                                   mw_store_prediction *out) {
    mw_reader r = mw_reader_of(data);
    for (size_t i = 0; i < n; i++) {
        uint64_t value = (uint64_t)rows[i].value;
        out[i].low = (int64_t)(value - (uint64_t)mw_read_varint_signed(&r));
        out[i].high = (int64_t)(value + (uint64_t)mw_read_varint_signed(&r));
    }
    return mw_reader_end(&r);
}

/* The columns MW_SQ_REVISION_COLUMNS; rows and predictions stand in `l` until the next. */
static mw_status revision_of_row(mw_sq_statement *st, int64_t tenant, mw_sq_layers *l,
                                 mw_store_revision *r) {
    *r = (mw_store_revision){.id = mw_sq_get_int(st, 0),
                             .tenant = tenant,
                             .channel = mw_sq_get_int(st, 1),
                             .layer = (mw_layer)mw_sq_get_int(st, 2),
                             .kind = (mw_revision_kind)mw_sq_get_int(st, 3),
                             .from = mw_sq_get_utc(st, 4),
                             .to = mw_sq_get_utc(st, 5),
                             .at = mw_sq_get_utc(st, 6),
                             .actor = (mw_actor)mw_sq_get_int(st, 7),
                             .reason = (mw_reason)mw_sq_get_int(st, 9),
                             .method = (uint16_t)mw_sq_get_int(st, 11),
                             .method_version = (uint16_t)mw_sq_get_int(st, 12),
                             .action = mw_sq_get_int(st, 14)};
    MW_SQ_TEXT_INTO(st, 8, r->who);
    MW_SQ_TEXT_INTO(st, 10, r->text);
    MW_SQ_TEXT_INTO(st, 13, r->inputs);
    mw_slice data = mw_sq_get_blob(st, 15);
    if (data.n == 0)
        return MW_OK;
    if (mw_chunk_decode(mw_layer_day_of(r->from), data, l->rows, &r->n) != MW_OK)
        return MW_CORRUPT;
    r->rows = l->rows;
    if (mw_sq_is_null(st, 16))
        return MW_OK;
    r->prediction = l->prediction;
    return prediction_decode(mw_sq_get_blob(st, 16), l->rows, r->n, l->prediction) == MW_OK
               ? MW_OK
               : MW_CORRUPT;
}

mw_status mw_sq_op_revisions(mw_store *s, int64_t tenant, int64_t channel, mw_layer layer,
                             mw_utc from, mw_utc to, int64_t before, uint32_t limit,
                             mw_store_on_revision each, void *ctx) {
    mw_sq *q = mw_sq_of(s);
    if (!mw_sq_limit_ok(limit) || from.us >= to.us)
        return MW_RANGE;
    mw_sq_layers *l = NULL;
    MW_TRY(layers_of(q, &l));
    mw_sq_statement *st = NULL;
    int64_t last = mw_layer_day_of((mw_utc){to.us - 1});
    MW_TRY(MW_SQ_BIND(q, REVISIONS_LIST, &st, mw_sq_int(tenant), mw_sq_int(channel),
                      mw_sq_int(mw_layer_day_of(from)), mw_sq_int(last), mw_sq_int(layer),
                      mw_sq_int(from.us), mw_sq_int(to.us),
                      mw_sq_int(before == 0 ? INT64_MAX : before), mw_sq_int(limit)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_revision r;
        status = revision_of_row(st, tenant, l, &r);
        if (status == MW_OK)
            status = each(ctx, &r);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

/* --- reading values ----------------------------------------------------------------------------
 */

/* How much of each layer is seen: reports up to a journal record, revisions up to one and up to a
 * moment. Revisions of the final layer are not bounded by a lock. */
typedef struct bound {
    int64_t journal, revision, at;
} bound;

static const bound unbounded = {INT64_MAX, INT64_MAX, INT64_MAX};

/* A span in which one bound holds. */
typedef struct piece {
    mw_utc from, to;
    bound b;
} piece;

typedef struct pieces {
    piece *list;
    size_t n, room;
} pieces;

typedef struct reports {
    mw_store_interval *list;
    size_t n, room;
} reports;

static mw_status reports_add(reports *l, const mw_store_interval *rows, size_t n, int64_t journal) {
    if (l->n + n > l->room) {
        size_t room = (l->n + n) * 2;
        mw_store_interval *list = realloc(l->list, room * sizeof *list);
        if (list == NULL)
            return MW_NOMEM;
        l->list = list;
        l->room = room;
    }
    for (size_t i = 0; i < n; i++) {
        if (rows[i].journal > journal)
            continue;
        l->list[l->n] = rows[i];
        l->list[l->n++].quality &= ~(uint32_t)MW_QUALITY_CONFLICT;
    }
    return MW_OK;
}

/* Every report of a channel's day that was known, winners and losers alike, in any order. */
static mw_status reports_read(mw_sq *q, int64_t tenant, int64_t channel, int64_t day,
                              int64_t journal, reports *l) {
    size_t n = 0;
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(q, CHUNK_GET, &st, mw_sq_int(tenant), mw_sq_int(day), mw_sq_int(channel)));
    mw_status status = mw_sq_step(st);
    if (status == MW_OK) {
        status = mw_chunk_decode(day, mw_sq_get_blob(st, 0), q->more, &n);
        mw_sq_reset(st);
        MW_TRY(status == MW_OK ? MW_OK : MW_CORRUPT);
        MW_TRY(reports_add(l, q->more, n, journal));
    } else if (status != MW_NOT_FOUND) {
        return status;
    }
    MW_TRY(MW_SQ_BIND(q, HOT_OF_DAY, &st, mw_sq_int(tenant), mw_sq_int(day), mw_sq_int(channel)));
    while ((status = mw_sq_step(st)) == MW_OK) {
        status =
            mw_chunk_decode(day, mw_sq_get_blob(st, 0), q->more, &n) == MW_OK ? MW_OK : MW_CORRUPT;
        if (status == MW_OK)
            status = reports_add(l, q->more, n, journal);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    if (status != MW_NOT_FOUND)
        return status;
    MW_TRY(MW_SQ_BIND(q, CONFLICTS_OF_DAY, &st, mw_sq_int(tenant), mw_sq_int(channel),
                      mw_sq_int(day * DAY_US), mw_sq_int((day + 1) * DAY_US), mw_sq_int(journal)));
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_interval row = {.start = mw_sq_get_utc(st, 0),
                                 .seconds = (uint32_t)mw_sq_get_int(st, 1),
                                 .value = mw_sq_get_int(st, 2),
                                 .quality = (uint32_t)mw_sq_get_int(st, 3),
                                 .received = mw_sq_get_utc(st, 4),
                                 .journal = mw_sq_get_int(st, 5)};
        status = reports_add(l, &row, 1, journal);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

/* In the order of arrival; of one record by start. */
static int report_compare(const void *pa, const void *pb) {
    const mw_store_interval *a = pa, *b = pb;
    if (a->journal != b->journal)
        return a->journal < b->journal ? -1 : 1;
    if (a->start.us != b->start.us)
        return a->start.us < b->start.us ? -1 : 1;
    return (a->value > b->value) - (a->value < b->value);
}

/* q->rows = what the reports up to a journal record made of the day. */
static mw_status day_as_known(mw_sq *q, int64_t tenant, int64_t channel, int64_t day,
                              int64_t journal, size_t *out_n) {
    if (journal == INT64_MAX)
        return mw_sq_day_read(q, tenant, channel, day, out_n);
    reports l = {0};
    mw_status status = reports_read(q, tenant, channel, day, journal, &l);
    size_t n = 0;
    if (status == MW_OK && l.n > 0) {
        qsort(l.list, l.n, sizeof l.list[0], report_compare);
        for (size_t i = 0; i < l.n; i++) {
            mw_store_interval loser;
            (void)mw_chunk_merge(q->rows, &n, &l.list[i], &loser);
        }
    }
    free(l.list);
    *out_n = n;
    return status;
}

static mw_status layer_read(mw_sq *q, const mw_store_values_query *v, mw_layer layer, int64_t day,
                            const bound *b, mw_layer_day *out) {
    mw_layer_start(out);
    mw_sq_statement *st = NULL;
    int64_t newest = layer == MW_LAYER_FINAL ? INT64_MAX : b->revision;
    MW_TRY(MW_SQ_BIND(q, REVISIONS_OF_DAY, &st, mw_sq_int(v->tenant), mw_sq_int(v->channel),
                      mw_sq_int(day), mw_sq_int(layer), mw_sq_int(newest), mw_sq_int(b->at)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_revision r;
        status = revision_of_row(st, v->tenant, q->layers, &r);
        if (status == MW_OK)
            status = mw_layer_revise(out, &r);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

/* q->layers->under = the day as the layer shows it within the bound. */
static mw_status day_in_layers(mw_sq *q, const mw_store_values_query *v, int64_t day,
                               const bound *b, bool revised) {
    mw_sq_layers *l = q->layers;
    size_t n = 0;
    MW_TRY(day_as_known(q, v->tenant, v->channel, day, b->journal, &n));
    mw_layer_start(&l->under);
    for (size_t i = 0; i < n; i++)
        l->under.rows[i] = (mw_store_value){.interval = q->rows[i], .layer = MW_LAYER_RAW};
    l->under.n = n;
    for (int layer = MW_LAYER_RAW; revised && layer <= (int)v->layer; layer++) {
        MW_TRY(layer_read(q, v, (mw_layer)layer, day, b, &l->over));
        if (l->over.covers > 0)
            MW_TRY(mw_layer_put(&l->under, &l->over, layer == MW_LAYER_RAW));
    }
    return MW_OK;
}

static mw_status day_give(mw_sq *q, const mw_store_values_query *v, const piece *p, int64_t day,
                          bool revised, mw_store_on_value each, void *ctx) {
    MW_TRY(day_in_layers(q, v, day, &p->b, revised));
    const mw_layer_day *l = &q->layers->under;
    for (size_t i = 0; i < l->n; i++) {
        int64_t start = l->rows[i].interval.start.us;
        if (start < v->from.us || start >= v->to.us || start < p->from.us || start >= p->to.us)
            continue;
        mw_status status = each(ctx, &l->rows[i]);
        if (status != MW_OK)
            return status;
    }
    return MW_OK;
}

static mw_status piece_add(pieces *l, mw_utc from, mw_utc to, bound b) {
    if (from.us >= to.us)
        return MW_OK;
    if (l->n == l->room) {
        size_t room = l->room == 0 ? 8 : l->room * 2;
        piece *list = realloc(l->list, room * sizeof *list);
        if (list == NULL)
            return MW_NOMEM;
        l->list = list;
        l->room = room;
    }
    l->list[l->n++] = (piece){from, to, b};
    return MW_OK;
}

typedef struct pieces_builder {
    const mw_store_values_query *v;
    bound now;
    pieces *out;
    mw_utc done; /* up to here the span is in pieces */
} pieces_builder;

static mw_status piece_of_lock(void *ctx, const mw_store_lock *k) {
    pieces_builder *b = ctx;
    if (k->at.us > b->now.at)
        return MW_OK;
    MW_TRY(piece_add(b->out, b->done, k->from, b->now));
    bound locked = {.journal = k->journal, .revision = k->revision, .at = b->now.at};
    MW_TRY(piece_add(b->out, k->from.us > b->done.us ? k->from : b->done, k->to, locked));
    b->done = k->to.us > b->done.us ? k->to : b->done;
    return MW_OK;
}

/* The query's span in pieces of one bound each. */
static mw_status pieces_of(mw_sq *q, const mw_store_values_query *v, pieces *out) {
    pieces_builder b = {.v = v, .now = unbounded, .out = out, .done = v->from};
    if (!mw_utc_is_none(v->as_of)) {
        b.now.at = v->as_of.us;
        MW_TRY(mw_sq_op_journal_at(&q->base, v->as_of, &b.now.journal));
    }
    if (v->layer == MW_LAYER_FINAL)
        MW_TRY(mw_sq_op_locks(&q->base, v->tenant, v->channel, v->from, v->to, piece_of_lock, &b));
    return piece_add(out, b.done, v->to, b.now);
}

/* Days of revisions of the channel; first > last when there are none. */
static mw_status revised_days(mw_sq *q, const mw_store_values_query *v, int64_t *out_first,
                              int64_t *out_last) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(q, REVISIONS_SPAN, &st, mw_sq_int(v->tenant), mw_sq_int(v->channel)));
    MW_TRY(mw_sq_step(st));
    bool none = mw_sq_is_null(st, 0);
    *out_first = none ? 1 : mw_sq_get_int(st, 0);
    *out_last = none ? 0 : mw_sq_get_int(st, 1);
    mw_sq_reset(st);
    return MW_OK;
}

static mw_status values_read(mw_sq *q, const mw_store_values_query *v, mw_store_on_value each,
                             void *ctx) {
    int64_t first = 0, last = 0, report_first = 0, report_end = 0;
    MW_TRY(mw_sq_days_clip(q, v->tenant, v->from, v->to, &report_first, &report_end));
    MW_TRY(revised_days(q, v, &first, &last));
    int64_t day = mw_layer_day_of(v->from), end = mw_layer_day_of((mw_utc){v->to.us - 1}) + 1;
    int64_t lowest = first <= last && first < report_first ? first : report_first;
    int64_t highest = first <= last && last + 1 > report_end ? last + 1 : report_end;
    if (report_first >= report_end) { /* nothing reported at all in the span */
        lowest = first;
        highest = last + 1;
    }
    day = day > lowest ? day : lowest;
    end = end < highest ? end : highest;
    pieces p = {0};
    mw_status status = pieces_of(q, v, &p);
    int64_t ahead = day;
    for (size_t at = 0; day < end && status == MW_OK; day++) {
        if (day == ahead) {
            status = mw_sq_chunks_ahead(q, v->tenant, v->channel, day, end);
            ahead += MW_SQ_AHEAD_MAX;
        }
        while (at < p.n && p.list[at].to.us <= day * DAY_US)
            at++;
        for (size_t i = at; i < p.n && p.list[i].from.us < (day + 1) * DAY_US && status == MW_OK;
             i++)
            status = day_give(q, v, &p.list[i], day, day >= first && day <= last, each, ctx);
    }
    free(p.list);
    return status;
}

mw_status mw_sq_op_values(mw_store *s, const mw_store_values_query *v, mw_store_on_value each,
                          void *ctx) {
    mw_sq *q = mw_sq_of(s);
    mw_sq_layers *l = NULL;
    if ((unsigned)v->layer >= MW_LAYERS)
        return MW_RANGE;
    if (v->from.us >= v->to.us)
        return MW_OK;
    MW_TRY(layers_of(q, &l));
    MW_TRY(mw_sq_read_begin(q));
    return mw_sq_read_end(q, values_read(q, v, each, ctx));
}

void mw_sq_layers_free(mw_sq *q) {
    free(q->layers);
    q->layers = NULL;
}

mw_status mw_sq_op_revisions_of_action(mw_store *s, int64_t tenant, mw_reason reason,
                                       int64_t action, mw_store_on_revision each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), REVISIONS_OF_ACTION, &st, mw_sq_int(tenant),
                      mw_sq_int((int64_t)reason), mw_sq_int(action)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_revision r = {.id = mw_sq_get_int(st, 0),
                               .tenant = tenant,
                               .channel = mw_sq_get_int(st, 1),
                               .layer = (mw_layer)mw_sq_get_int(st, 2),
                               .kind = (mw_revision_kind)mw_sq_get_int(st, 3),
                               .from = mw_sq_get_utc(st, 4),
                               .to = mw_sq_get_utc(st, 5),
                               .reason = reason,
                               .action = action};
        status = each(ctx, &r);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}
