/* SPDX-License-Identifier: Apache-2.0
 *
 * What customers hand in and ask for.
 */
#include "platform/store/sql_internal.h"

#define CHANGE_ONE(q, id, ...)                                                                     \
    ((q)->in_transaction ? MW_SQ_NUMBER(q, id, &(int64_t){0}, __VA_ARGS__) : MW_STATE)

mw_status mw_sq_op_handed_add(mw_store *s, const mw_store_handed *h, mw_slice photo,
                              int64_t *out_id) {
    mw_sq *q = mw_sq_of(s);
    int64_t id = 0;
    if (!q->in_transaction)
        return MW_STATE;
    if (photo.n > MW_STORE_PHOTO_MAX)
        return MW_RANGE;
    MW_TRY(MW_SQ_NUMBER(q, HANDED_ADD, &id, mw_sq_int(h->tenant), mw_sq_int(h->channel),
                        mw_sq_int(h->at.us), mw_sq_int(h->value), mw_sq_text(h->who),
                        mw_sq_int(h->sent.us), mw_sq_text(h->note), mw_sq_text(h->photo_type),
                        mw_sq_int((int64_t)photo.n)));
    if (photo.n > 0)
        MW_TRY(MW_SQ_RUN(q, HANDED_PHOTO_ADD, mw_sq_int(id), mw_sq_blob(photo)));
    *out_id = id;
    return MW_OK;
}

static void handed_of_row(mw_sq_statement *st, mw_store_handed *h) {
    *h = (mw_store_handed){.id = mw_sq_get_int(st, 0),
                           .tenant = mw_sq_get_int(st, 1),
                           .channel = mw_sq_get_int(st, 2),
                           .at = mw_sq_get_utc(st, 3),
                           .value = mw_sq_get_int(st, 4),
                           .sent = mw_sq_get_utc(st, 6),
                           .state = (mw_store_handed_state)mw_sq_get_int(st, 8),
                           .decided = mw_sq_get_utc(st, 10),
                           .photo_size = mw_sq_get_int(st, 13)};
    MW_SQ_TEXT_INTO(st, 5, h->who);
    MW_SQ_TEXT_INTO(st, 7, h->note);
    MW_SQ_TEXT_INTO(st, 9, h->decided_by);
    MW_SQ_TEXT_INTO(st, 11, h->reason);
    MW_SQ_TEXT_INTO(st, 12, h->photo_type);
}

mw_status mw_sq_op_handed_get(mw_store *s, int64_t tenant, int64_t id,
                              mw_store_handed *out_handed) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), HANDED_GET, &st, mw_sq_int(tenant), mw_sq_int(id)));
    MW_TRY(mw_sq_step(st));
    handed_of_row(st, out_handed);
    mw_sq_reset(st);
    return MW_OK;
}

mw_status mw_sq_op_handed_list(mw_store *s, int64_t tenant, int64_t channel, int state,
                               int64_t before, uint32_t limit, mw_store_on_handed each, void *ctx) {
    mw_sq_statement *st = NULL;
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), HANDED_LIST, &st, mw_sq_int(tenant), mw_sq_int(channel),
                      mw_sq_int(state), mw_sq_int(before == 0 ? INT64_MAX : before),
                      mw_sq_int(limit)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_handed h;
        handed_of_row(st, &h);
        status = each(ctx, &h);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_handed_photo(mw_store *s, int64_t tenant, int64_t id, mw_span room,
                                size_t *out_n) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), HANDED_PHOTO, &st, mw_sq_int(tenant), mw_sq_int(id)));
    MW_TRY(mw_sq_step(st));
    mw_slice photo = mw_sq_get_blob(st, 0);
    mw_status status = mw_span_copy(room, photo);
    if (status == MW_OK)
        *out_n = photo.n;
    mw_sq_reset(st);
    return status;
}

mw_status mw_sq_op_handed_decide(mw_store *s, const mw_store_handed *h) {
    mw_status status =
        CHANGE_ONE(mw_sq_of(s), HANDED_DECIDE, mw_sq_int(h->tenant), mw_sq_int(h->id),
                   mw_sq_int((int64_t)h->state), mw_sq_text(h->decided_by),
                   mw_sq_int(h->decided.us), mw_sq_text(h->reason));
    return status == MW_NOT_FOUND ? MW_CONFLICT : status;
}

mw_status mw_sq_op_handed_count(mw_store *s, int64_t tenant, const char *who, mw_utc since,
                                int64_t *out_n) {
    return MW_SQ_NUMBER(mw_sq_of(s), HANDED_COUNT, out_n, mw_sq_int(tenant), mw_sq_text(who),
                        mw_sq_int(since.us));
}

/* --- absence --------------------------------------------------------------------------------- */

mw_status mw_sq_op_watch_add(mw_store *s, const mw_store_watch *w, int64_t *out_id) {
    mw_sq *q = mw_sq_of(s);
    if (!q->in_transaction)
        return MW_STATE;
    return MW_SQ_NUMBER(q, WATCH_ADD, out_id, mw_sq_int(w->tenant), mw_sq_int(w->channel),
                        mw_sq_text(w->who), mw_sq_int(w->from.us), mw_sq_int(w->to.us),
                        mw_sq_int(w->tolerance), mw_sq_int(w->made.us));
}

static mw_status give_watches(mw_sq_statement *st, mw_store_on_watch each, void *ctx) {
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_watch w = {.id = mw_sq_get_int(st, 0),
                            .tenant = mw_sq_get_int(st, 1),
                            .channel = mw_sq_get_int(st, 2),
                            .from = mw_sq_get_utc(st, 4),
                            .to = mw_sq_get_utc(st, 5),
                            .tolerance = mw_sq_get_int(st, 6),
                            .made = mw_sq_get_utc(st, 7),
                            .told = mw_sq_get_utc(st, 8),
                            .flow_at = mw_sq_get_utc(st, 9),
                            .flow = mw_sq_get_int(st, 10),
                            .ended = mw_sq_get_utc(st, 11)};
        MW_SQ_TEXT_INTO(st, 3, w.who);
        status = each(ctx, &w);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_watches(mw_store *s, int64_t tenant, int64_t channel, const char *who,
                           mw_store_on_watch each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), WATCHES, &st, mw_sq_int(tenant), mw_sq_int(channel),
                      mw_sq_text(who)));
    return give_watches(st, each, ctx);
}

mw_status mw_sq_op_watches_due(mw_store *s, mw_utc now, int64_t after, uint32_t limit,
                               mw_store_on_watch each, void *ctx) {
    mw_sq_statement *st = NULL;
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), WATCHES_DUE, &st, mw_sq_int(now.us), mw_sq_int(after),
                      mw_sq_int(limit)));
    return give_watches(st, each, ctx);
}

mw_status mw_sq_op_watch_tell(mw_store *s, int64_t tenant, int64_t id, mw_utc told, mw_utc flow_at,
                              int64_t flow) {
    return MW_SQ_RUN(mw_sq_of(s), WATCH_TELL, mw_sq_int(tenant), mw_sq_int(id), mw_sq_int(told.us),
                     mw_sq_int(flow_at.us), mw_sq_int(flow));
}

mw_status mw_sq_op_watch_end(mw_store *s, int64_t tenant, int64_t id, const char *who, mw_utc at) {
    return CHANGE_ONE(mw_sq_of(s), WATCH_END, mw_sq_int(tenant), mw_sq_int(id), mw_sq_text(who),
                      mw_sq_int(at.us));
}

/* --- homes like this one --------------------------------------------------------------------- */

mw_status mw_sq_op_peers(mw_store *s, int64_t tenant, int64_t channel, int64_t first, int64_t end,
                         int64_t stride, mw_store_on_peer each, void *ctx) {
    mw_sq_statement *st = NULL;
    if (first >= end || stride < 1)
        return MW_RANGE;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), PEERS, &st, mw_sq_int(tenant), mw_sq_int(channel),
                      mw_sq_int(first), mw_sq_int(end), mw_sq_int(stride),
                      mw_sq_int(MW_STORE_PEERS_MAX)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_peer p = {.own = mw_sq_get_int(st, 0) != 0,
                           .days = mw_sq_get_int(st, 1),
                           .sum = mw_sq_get_int(st, 2)};
        status = each(ctx, &p);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}
