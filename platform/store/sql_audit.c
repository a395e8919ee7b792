/* SPDX-License-Identifier: Apache-2.0
 *
 * The audit trail and its chain.
 */
#include <sodium.h>
#include <string.h>

#include "base/assert.h"
#include "platform/store/sql_internal.h"

_Static_assert(MW_STORE_CHAIN_HASH == crypto_generichash_BYTES, "BLAKE2b-256");

static void put_number(crypto_generichash_state *h, uint64_t v, unsigned bytes) {
    uint8_t b[8];
    for (unsigned i = 0; i < bytes; i++)
        b[i] = (uint8_t)(v >> (8 * (bytes - 1 - i)));
    crypto_generichash_update(h, b, bytes);
}

static void put_text(crypto_generichash_state *h, const char *text) {
    size_t n = strlen(text);
    put_number(h, n, 4);
    crypto_generichash_update(h, (const uint8_t *)text, n);
}

void mw_audit_chain(const uint8_t before[MW_STORE_CHAIN_HASH], const mw_store_audit *entry,
                    uint8_t out_hash[MW_STORE_CHAIN_HASH]) {
    static const char domain[] = "mw-audit-1";
    crypto_generichash_state h;
    int bad = crypto_generichash_init(&h, NULL, 0, MW_STORE_CHAIN_HASH);
    mw_assert(bad == 0);
    crypto_generichash_update(&h, (const uint8_t *)domain, sizeof domain - 1);
    crypto_generichash_update(&h, before, MW_STORE_CHAIN_HASH);
    put_number(&h, (uint64_t)entry->id, 8);
    put_number(&h, (uint64_t)entry->tenant, 8);
    put_number(&h, (uint64_t)entry->at.us, 8);
    put_text(&h, entry->actor);
    put_text(&h, entry->action);
    put_text(&h, entry->subject);
    put_text(&h, entry->detail);
    crypto_generichash_final(&h, out_hash, MW_STORE_CHAIN_HASH);
}

mw_status mw_sq_op_audit_head_get(mw_store *s, int64_t tenant, mw_store_audit_head *out_head) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), AUDIT_HEAD, &st, mw_sq_int(tenant)));
    MW_TRY(mw_sq_step(st));
    mw_store_audit_head head = {.first = mw_sq_get_int(st, 0), .entries = mw_sq_get_int(st, 1)};
    mw_status status = mw_span_copy(MW_SPAN_OF(head.hash), mw_sq_get_blob(st, 2));
    mw_sq_reset(st);
    if (status != MW_OK)
        return MW_CORRUPT;
    *out_head = head;
    return MW_OK;
}

mw_status mw_sq_op_audit_append(mw_store *s, const mw_store_audit *row) {
    mw_sq *q = mw_sq_of(s);
    if (!q->in_transaction)
        return MW_STATE;
    mw_store_audit_head head = {.entries = 0};
    mw_status known = mw_sq_op_audit_head_get(s, row->tenant, &head);
    if (known != MW_OK && known != MW_NOT_FOUND)
        return known;
    mw_store_audit entry = *row;
    MW_TRY(mw_sq_number(q, MW_SQ_AUDIT_NEXT, NULL, 0, &entry.id));
    if (known == MW_NOT_FOUND)
        head.first = entry.id;
    uint8_t hash[MW_STORE_CHAIN_HASH];
    mw_audit_chain(head.hash, &entry, hash);
    MW_TRY(MW_SQ_RUN(q, AUDIT_APPEND, mw_sq_int(entry.id), mw_sq_int(entry.tenant),
                     mw_sq_int(entry.at.us), mw_sq_text(entry.actor), mw_sq_text(entry.action),
                     mw_sq_text(entry.subject), mw_sq_text(entry.detail),
                     mw_sq_blob(MW_SLICE_OF(hash))));
    return MW_SQ_RUN(q, AUDIT_HEAD_PUT, mw_sq_int(entry.tenant), mw_sq_int(head.first),
                     mw_sq_int(head.entries + 1), mw_sq_blob(MW_SLICE_OF(hash)));
}

static void entry_of_row(mw_sq_statement *st, mw_store_audit *row) {
    *row = (mw_store_audit){
        .id = mw_sq_get_int(st, 0), .tenant = mw_sq_get_int(st, 1), .at = mw_sq_get_utc(st, 2)};
    MW_SQ_TEXT_INTO(st, 3, row->actor);
    MW_SQ_TEXT_INTO(st, 4, row->action);
    MW_SQ_TEXT_INTO(st, 5, row->subject);
    MW_SQ_TEXT_INTO(st, 6, row->detail);
}

mw_status mw_sq_op_audit_list(mw_store *s, int64_t tenant, int64_t before, uint32_t limit,
                              mw_store_on_audit each, void *ctx) {
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), AUDIT_LIST, &st, mw_sq_int(tenant),
                      mw_sq_int(before == 0 ? INT64_MAX : before), mw_sq_int(limit)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_audit row;
        entry_of_row(st, &row);
        status = each(ctx, &row);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_audit_links(mw_store *s, int64_t tenant, int64_t after, uint32_t limit,
                               mw_store_on_audit_link each, void *ctx) {
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), AUDIT_LINKS, &st, mw_sq_int(tenant), mw_sq_int(after),
                      mw_sq_int(limit)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_audit_link row = {.chained = false};
        entry_of_row(st, &row.entry);
        mw_slice hash = mw_sq_get_blob(st, 7);
        row.chained = hash.n == sizeof row.hash;
        if (row.chained)
            mw_bytes_copy(row.hash, hash.p, hash.n);
        status = each(ctx, &row);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}
