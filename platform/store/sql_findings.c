/* SPDX-License-Identifier: Apache-2.0
 *
 * Locks, changes, what was stored when, findings of validation and the suspense account.
 */
#include "platform/store/sql_internal.h"

mw_status mw_sq_op_locks(mw_store *s, int64_t tenant, int64_t channel, mw_utc from, mw_utc to,
                         mw_store_on_lock each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), LOCKS, &st, mw_sq_int(tenant), mw_sq_int(channel),
                      mw_sq_int(from.us), mw_sq_int(to.us)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_lock k = {.id = mw_sq_get_int(st, 0),
                           .tenant = tenant,
                           .channel = channel,
                           .from = mw_sq_get_utc(st, 1),
                           .to = mw_sq_get_utc(st, 2),
                           .at = mw_sq_get_utc(st, 3),
                           .journal = mw_sq_get_int(st, 4),
                           .revision = mw_sq_get_int(st, 5)};
        MW_SQ_TEXT_INTO(st, 6, k.who);
        MW_SQ_TEXT_INTO(st, 7, k.text);
        status = each(ctx, &k);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

static mw_status lock_in_the_way(void *ctx, const mw_store_lock *k) {
    (void)ctx;
    (void)k;
    return MW_CONFLICT;
}

mw_status mw_sq_op_lock_put(mw_store *s, const mw_store_lock *k, int64_t *out_id) {
    mw_sq *q = mw_sq_of(s);
    if (!q->in_transaction)
        return MW_STATE;
    if (k->from.us >= k->to.us || mw_utc_is_none(k->at))
        return MW_RANGE;
    MW_TRY(mw_sq_op_locks(s, k->tenant, k->channel, k->from, k->to, lock_in_the_way, NULL));
    int64_t journal = 0, revision = 0;
    MW_TRY(mw_sq_number(q, MW_SQ_JOURNAL_NEWEST, NULL, 0, &journal));
    MW_TRY(mw_sq_number(q, MW_SQ_REVISION_NEWEST, NULL, 0, &revision));
    MW_TRY(MW_SQ_RUN(q, LOCK_ADD, mw_sq_int(k->tenant), mw_sq_int(k->channel),
                     mw_sq_int(k->from.us), mw_sq_int(k->to.us), mw_sq_int(k->at.us),
                     mw_sq_int(journal), mw_sq_int(revision), mw_sq_text(k->who),
                     mw_sq_text(k->text)));
    *out_id = mw_sq_last_id(q);
    return MW_OK;
}

mw_status mw_sq_op_change_add(mw_store *s, const mw_store_change *c) {
    return mw_sq_change_add(mw_sq_of(s), c);
}

mw_status mw_sq_op_changes(mw_store *s, int64_t after, uint32_t limit, mw_store_on_change each,
                           void *ctx) {
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), CHANGES, &st, mw_sq_int(after), mw_sq_int(limit)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_change c = {.id = mw_sq_get_int(st, 0),
                             .tenant = mw_sq_get_int(st, 1),
                             .channel = mw_sq_get_int(st, 2),
                             .layer = (mw_layer)mw_sq_get_int(st, 3),
                             .master = mw_sq_get_int(st, 4) != 0,
                             .from = mw_sq_get_utc(st, 5),
                             .to = mw_sq_get_utc(st, 6)};
        status = each(ctx, &c);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_changes_prune(mw_store *s, int64_t through) {
    return MW_SQ_RUN(mw_sq_of(s), CHANGES_PRUNE, mw_sq_int(through));
}

/* Halves the numbers: t_stored ascends with them, but for a step of the clock. */
mw_status mw_sq_op_journal_at(mw_store *s, mw_utc at, int64_t *out_id) {
    mw_sq *q = mw_sq_of(s);
    int64_t newest = 0, found = 0;
    MW_TRY(mw_sq_number(q, MW_SQ_JOURNAL_NEWEST, NULL, 0, &newest));
    for (int64_t low = 1, high = newest; low <= high;) {
        int64_t middle = low + (high - low) / 2;
        mw_sq_statement *st = NULL;
        MW_TRY(MW_SQ_BIND(q, JOURNAL_FROM, &st, mw_sq_int(middle)));
        MW_TRY(mw_sq_step(st));
        int64_t id = mw_sq_get_int(st, 0);
        bool known = mw_sq_get_int(st, 1) <= at.us;
        mw_sq_reset(st);
        if (known) {
            found = id;
            low = id + 1;
        } else {
            high = middle - 1;
        }
    }
    *out_id = found;
    return MW_OK;
}

/* --- findings ----------------------------------------------------------------------------------
 */

mw_status mw_sq_op_exception_raise(mw_store *s, const mw_store_exception *e, int64_t *out_id) {
    mw_sq *q = mw_sq_of(s);
    if (!q->in_transaction)
        return MW_STATE;
    return MW_SQ_NUMBER(q, EXCEPTION_RAISE, out_id, mw_sq_int(e->tenant), mw_sq_int(e->channel),
                        mw_sq_int(e->rule), mw_sq_int(e->severity), mw_sq_int(e->from.us),
                        mw_sq_int(e->to.us), mw_sq_int(e->input[0]), mw_sq_int(e->input[1]),
                        mw_sq_int(e->input[2]), mw_sq_int(e->threshold), mw_sq_int(e->found_at.us));
}

mw_status mw_sq_op_exception_close(mw_store *s, int64_t tenant, int64_t id, mw_utc at,
                                   const char *by, const char *text) {
    mw_sq *q = mw_sq_of(s);
    MW_TRY(MW_SQ_RUN(q, EXCEPTION_CLOSE, mw_sq_int(tenant), mw_sq_int(id), mw_sq_int(at.us),
                     mw_sq_text(by), mw_sq_text(text)));
    return mw_sq_changed(q) > 0 ? MW_OK : MW_NOT_FOUND;
}

/* Each way of asking has its index; judging asks for every channel. */
static mw_status exceptions_bind(mw_sq *q, const mw_store_exception_query *x,
                                 mw_sq_statement **out) {
    mw_sq_value tenant = mw_sq_int(x->tenant), severity = mw_sq_int(x->severity_min),
                before = mw_sq_int(x->before == 0 ? INT64_MAX : x->before),
                limit = mw_sq_int(x->limit), open = mw_sq_int(x->open_only),
                rule = mw_sq_int(x->of_rule ? x->rule : -1), channel = mw_sq_int(x->channel);
    if (x->channel != 0 && x->open_only)
        return MW_SQ_BIND(q, EXCEPTIONS_OPEN_OF_CHANNEL, out, tenant, severity, before, limit, rule,
                          channel);
    if (x->channel != 0)
        return MW_SQ_BIND(q, EXCEPTIONS_OF_CHANNEL, out, tenant, severity, before, limit, open,
                          rule, channel);
    if (x->of_rule)
        return MW_SQ_BIND(q, EXCEPTIONS_OF_RULE, out, tenant, severity, before, limit, open, rule);
    return MW_SQ_BIND(q, EXCEPTIONS, out, tenant, severity, before, limit, open);
}

mw_status mw_sq_op_exceptions(mw_store *s, const mw_store_exception_query *x,
                              mw_store_on_exception each, void *ctx) {
    if (!mw_sq_limit_ok(x->limit))
        return MW_RANGE;
    mw_sq_statement *st = NULL;
    MW_TRY(exceptions_bind(mw_sq_of(s), x, &st));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_exception e = {
            .id = mw_sq_get_int(st, 0),
            .tenant = x->tenant,
            .channel = mw_sq_get_int(st, 1),
            .rule = (uint16_t)mw_sq_get_int(st, 2),
            .severity = (uint8_t)mw_sq_get_int(st, 3),
            .from = mw_sq_get_utc(st, 4),
            .to = mw_sq_get_utc(st, 5),
            .input = {mw_sq_get_int(st, 6), mw_sq_get_int(st, 7), mw_sq_get_int(st, 8)},
            .threshold = mw_sq_get_int(st, 9),
            .found_at = mw_sq_get_utc(st, 10),
            .closed_at = mw_sq_get_utc(st, 11),
            .judged = (uint8_t)mw_sq_get_int(st, 14)};
        MW_SQ_TEXT_INTO(st, 12, e.closed_by);
        MW_SQ_TEXT_INTO(st, 13, e.text);
        status = each(ctx, &e);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_exception_judge(mw_store *s, int64_t tenant, int64_t id,
                                   mw_store_judged judged) {
    mw_sq *q = mw_sq_of(s);
    MW_TRY(MW_SQ_RUN(q, EXCEPTION_JUDGE, mw_sq_int(tenant), mw_sq_int(id), mw_sq_int(judged)));
    return mw_sq_changed(q) > 0 ? MW_OK : MW_NOT_FOUND;
}

mw_status mw_sq_op_rule_counts(mw_store *s, int64_t tenant, mw_utc from,
                               mw_store_on_rule_count each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), RULE_COUNTS, &st, mw_sq_int(tenant), mw_sq_int(from.us)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_rule_count row = {.rule = (uint16_t)mw_sq_get_int(st, 0),
                                   .found = mw_sq_get_int(st, 1),
                                   .open = mw_sq_get_int(st, 2),
                                   .accepted = mw_sq_get_int(st, 3),
                                   .rejected = mw_sq_get_int(st, 4),
                                   .edited = mw_sq_get_int(st, 5),
                                   .gone = mw_sq_get_int(st, 6),
                                   .channels = mw_sq_get_int(st, 7),
                                   .newest = mw_sq_get_utc(st, 8)};
        status = each(ctx, &row);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

/* --- suspense ----------------------------------------------------------------------------------
 */

mw_status mw_sq_op_suspense_settle(mw_store *s, int64_t tenant, int64_t channel, mw_utc from,
                                   mw_utc to, const mw_store_suspense *rows, size_t n) {
    mw_sq *q = mw_sq_of(s);
    MW_TRY(MW_SQ_RUN(q, SUSPENSE_CUT, mw_sq_int(tenant), mw_sq_int(channel), mw_sq_int(from.us),
                     mw_sq_int(to.us)));
    for (size_t i = 0; i < n; i++)
        MW_TRY(MW_SQ_RUN(
            q, SUSPENSE_ADD, mw_sq_int(tenant), mw_sq_int(channel), mw_sq_int(rows[i].from.us),
            mw_sq_int(rows[i].to.us), mw_sq_int(rows[i].step), mw_sq_int(rows[i].difference),
            mw_sq_int(rows[i].intervals), mw_sq_int(rows[i].suspense), mw_sq_int(rows[i].at.us)));
    return MW_OK;
}

mw_status mw_sq_op_suspense_list(mw_store *s, int64_t tenant, int64_t channel, mw_utc from,
                                 mw_utc to, mw_store_on_suspense each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), SUSPENSE, &st, mw_sq_int(tenant), mw_sq_int(channel),
                      mw_sq_int(from.us), mw_sq_int(to.us)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_suspense row = {.tenant = tenant,
                                 .channel = channel,
                                 .from = mw_sq_get_utc(st, 0),
                                 .to = mw_sq_get_utc(st, 1),
                                 .step = (mw_register_step)mw_sq_get_int(st, 2),
                                 .difference = mw_sq_get_int(st, 3),
                                 .intervals = mw_sq_get_int(st, 4),
                                 .suspense = mw_sq_get_int(st, 5),
                                 .at = mw_sq_get_utc(st, 6)};
        status = each(ctx, &row);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_suspense_sum(mw_store *s, int64_t tenant, int64_t channel, int64_t *out_sum) {
    return MW_SQ_NUMBER(mw_sq_of(s), SUSPENSE_SUM, out_sum, mw_sq_int(tenant), mw_sq_int(channel));
}
