/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>

#include "platform/store/sql_internal.h"

enum { CONTENT_HASH = 16, VARIANTS_MAX = 8 };

static void content_hash(mw_slice content, uint8_t out[CONTENT_HASH]) {
    crypto_generichash(out, CONTENT_HASH, content.p, content.n, NULL, 0);
}

/* Looks whether this content is stored under its key; *out_next = the next free variant. */
static mw_status journal_find(mw_sq *q, const mw_store_envelope *e, int64_t *out_same,
                              int64_t *out_next) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(q, JOURNAL_FIND, &st, mw_sq_int(e->tenant), mw_sq_int(e->sender),
                      mw_sq_u64(e->epoch), mw_sq_u64(e->seq)));
    /* Retention may have let go of the content; its hash stays. */
    uint8_t hash[CONTENT_HASH];
    content_hash(e->content, hash);
    *out_same = 0;
    *out_next = 0;
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        *out_next = mw_sq_get_int(st, 1) + 1;
        mw_slice content = mw_sq_get_blob(st, 2);
        if (mw_slice_equal(content, e->content) ||
            (content.n == 0 && mw_slice_equal(mw_sq_get_blob(st, 3), MW_SLICE_OF(hash)))) {
            *out_same = mw_sq_get_int(st, 0);
            mw_sq_reset(st);
            return MW_OK;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_journal_append(mw_store *s, const mw_store_envelope *e,
                                  mw_store_append *out_result, int64_t *out_id) {
    mw_sq *q = mw_sq_of(s);
    if (e->content.n > MW_STORE_CONTENT_MAX || e->seq > INT64_MAX)
        return MW_RANGE;
    int64_t same = 0, variant = 0;
    MW_TRY(journal_find(q, e, &same, &variant));
    if (same != 0) {
        *out_result = MW_STORE_DUPLICATE;
        *out_id = same;
        return MW_OK;
    }
    if (variant >= VARIANTS_MAX)
        return MW_LIMIT;
    uint8_t hash[CONTENT_HASH];
    content_hash(e->content, hash);
    MW_TRY(MW_SQ_RUN(q, JOURNAL_ADD, mw_sq_int(e->tenant), mw_sq_int(e->sender),
                     mw_sq_u64(e->epoch), mw_sq_u64(e->seq), mw_sq_int(variant), mw_sq_int(e->kind),
                     mw_sq_utc(e->received), mw_sq_int(e->stored.us), mw_sq_blob(MW_SLICE_OF(hash)),
                     mw_sq_text_of(e->content)));
    *out_result = variant == 0 ? MW_STORE_APPENDED : MW_STORE_CONFLICT;
    *out_id = mw_sq_last_id(q);
    return MW_OK;
}

mw_status mw_sq_op_journal_scan(mw_store *s, int64_t after, uint32_t limit,
                                mw_store_on_envelope each, void *ctx) {
    if (limit == 0)
        return MW_RANGE;
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), JOURNAL_SCAN, &st, mw_sq_int(after), mw_sq_int(limit)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_envelope e = {.id = mw_sq_get_int(st, 0),
                               .tenant = mw_sq_get_int(st, 1),
                               .sender = mw_sq_get_int(st, 2),
                               .epoch = (uint64_t)mw_sq_get_int(st, 3),
                               .seq = (uint64_t)mw_sq_get_int(st, 4),
                               .kind = (mw_store_kind)mw_sq_get_int(st, 5),
                               .received = mw_sq_get_utc(st, 6),
                               .stored = mw_sq_get_utc(st, 7),
                               .content = mw_sq_get_blob(st, 8)};
        status = each(ctx, &e);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_quarantine_append(mw_store *s, const mw_store_quarantined *row) {
    uint8_t hash[CONTENT_HASH];
    content_hash(row->content, hash);
    return MW_SQ_RUN(mw_sq_of(s), QUARANTINE_ADD, mw_sq_int(row->tenant), mw_sq_int(row->sender),
                     mw_sq_u64(row->epoch), mw_sq_u64(row->seq), mw_sq_int(row->stored.us),
                     mw_sq_text(row->reason), mw_sq_blob(MW_SLICE_OF(hash)),
                     mw_sq_blob(row->content));
}

mw_status mw_sq_op_quarantine_list(mw_store *s, int64_t tenant, int64_t before, uint32_t limit,
                                   mw_store_on_quarantined each, void *ctx) {
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), QUARANTINE_LIST, &st, mw_sq_int(tenant),
                      mw_sq_int(before == 0 ? INT64_MAX : before), mw_sq_int(limit)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_quarantined row = {.id = mw_sq_get_int(st, 0),
                                    .tenant = mw_sq_get_int(st, 1),
                                    .sender = mw_sq_get_int(st, 2),
                                    .epoch = (uint64_t)mw_sq_get_int(st, 3),
                                    .seq = (uint64_t)mw_sq_get_int(st, 4),
                                    .stored = mw_sq_get_utc(st, 5),
                                    .reason = mw_sq_text_at(st, 6),
                                    .content = mw_sq_get_blob(st, 7)};
        status = each(ctx, &row);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_cursor_get(mw_store *s, const char *name, int64_t *out_at) {
    mw_status status = MW_SQ_NUMBER(mw_sq_of(s), CURSOR_GET, out_at, mw_sq_text(name));
    if (status == MW_NOT_FOUND) {
        *out_at = 0;
        return MW_OK;
    }
    return status;
}

mw_status mw_sq_op_cursor_set(mw_store *s, const char *name, int64_t at) {
    return MW_SQ_RUN(mw_sq_of(s), CURSOR_SET, mw_sq_text(name), mw_sq_int(at));
}
