/* SPDX-License-Identifier: Apache-2.0
 *
 * Invitations, shared access and areas.
 */
#include "platform/store/sql_internal.h"

#define CHANGE_ONE(q, id, ...)                                                                     \
    ((q)->in_transaction ? MW_SQ_NUMBER(q, id, &(int64_t){0}, __VA_ARGS__) : MW_STATE)
#define INSERT_ONE(q, id, out, ...)                                                                \
    ((q)->in_transaction ? MW_SQ_NUMBER(q, id, out, __VA_ARGS__) : MW_STATE)

mw_status mw_sq_op_invitation_add(mw_store *s, const mw_store_invitation *i, int64_t *out_id) {
    return INSERT_ONE(mw_sq_of(s), INVITATION_ADD, out_id, mw_sq_int(i->tenant),
                      mw_sq_int((int64_t)i->kind), mw_sq_blob(MW_SLICE_OF(i->hash)),
                      mw_sq_text(i->owner), mw_sq_text(i->usage_point), mw_sq_text(i->name),
                      mw_sq_utc(i->from), mw_sq_utc(i->to), mw_sq_int(i->made.us),
                      mw_sq_int(i->expires.us));
}

static mw_status invitation_of_row(mw_sq_statement *st, mw_store_invitation *i) {
    *i = (mw_store_invitation){.id = mw_sq_get_int(st, 0),
                               .tenant = mw_sq_get_int(st, 1),
                               .kind = (mw_store_invitation_kind)mw_sq_get_int(st, 2),
                               .from = mw_sq_get_utc(st, 7),
                               .to = mw_sq_get_utc(st, 8),
                               .made = mw_sq_get_utc(st, 9),
                               .expires = mw_sq_get_utc(st, 10),
                               .used = mw_sq_get_utc(st, 11)};
    MW_SQ_TEXT_INTO(st, 4, i->owner);
    MW_SQ_TEXT_INTO(st, 5, i->usage_point);
    MW_SQ_TEXT_INTO(st, 6, i->name);
    return mw_span_copy(MW_SPAN_OF(i->hash), mw_sq_get_blob(st, 3)) == MW_OK ? MW_OK : MW_CORRUPT;
}

mw_status mw_sq_op_invitation_by_hash(mw_store *s, mw_slice hash,
                                      mw_store_invitation *out_invitation) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), INVITATION_BY_HASH, &st, mw_sq_blob(hash)));
    MW_TRY(mw_sq_step(st));
    mw_status status = invitation_of_row(st, out_invitation);
    mw_sq_reset(st);
    return status;
}

mw_status mw_sq_op_invitation_use(mw_store *s, int64_t tenant, int64_t id, mw_utc at) {
    mw_status status =
        CHANGE_ONE(mw_sq_of(s), INVITATION_USE, mw_sq_int(tenant), mw_sq_int(id), mw_sq_int(at.us));
    return status == MW_NOT_FOUND ? MW_CONFLICT : status;
}

mw_status mw_sq_op_invitations(mw_store *s, int64_t tenant, const char *usage_point, mw_utc now,
                               mw_store_on_invitation each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), INVITATIONS, &st, mw_sq_int(tenant), mw_sq_text(usage_point),
                      mw_sq_int(now.us)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_invitation i;
        status = invitation_of_row(st, &i);
        if (status == MW_OK)
            status = each(ctx, &i);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

/* --- shared access --------------------------------------------------------------------------- */

mw_status mw_sq_op_grant_add(mw_store *s, const mw_store_grant *g, int64_t *out_id) {
    return INSERT_ONE(mw_sq_of(s), GRANT_ADD, out_id, mw_sq_int(g->tenant),
                      mw_sq_text(g->usage_point), mw_sq_text(g->guest), mw_sq_text(g->name),
                      mw_sq_text(g->given_by), mw_sq_int(g->from.us), mw_sq_utc(g->to),
                      mw_sq_int(g->made.us));
}

mw_status mw_sq_op_grant_revoke(mw_store *s, int64_t tenant, const char *usage_point, int64_t id,
                                mw_utc at) {
    return CHANGE_ONE(mw_sq_of(s), GRANT_REVOKE, mw_sq_int(tenant), mw_sq_text(usage_point),
                      mw_sq_int(id), mw_sq_int(at.us));
}

static mw_status give_grants(mw_sq_statement *st, mw_store_on_grant each, void *ctx) {
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_grant g = {.id = mw_sq_get_int(st, 0),
                            .tenant = mw_sq_get_int(st, 1),
                            .from = mw_sq_get_utc(st, 6),
                            .to = mw_sq_get_utc(st, 7),
                            .made = mw_sq_get_utc(st, 8),
                            .revoked = mw_sq_get_utc(st, 9)};
        MW_SQ_TEXT_INTO(st, 2, g.usage_point);
        MW_SQ_TEXT_INTO(st, 3, g.guest);
        MW_SQ_TEXT_INTO(st, 4, g.name);
        MW_SQ_TEXT_INTO(st, 5, g.given_by);
        status = each(ctx, &g);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_grants_of_point(mw_store *s, int64_t tenant, const char *usage_point,
                                   mw_store_on_grant each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(
        MW_SQ_BIND(mw_sq_of(s), GRANTS_OF_POINT, &st, mw_sq_int(tenant), mw_sq_text(usage_point)));
    return give_grants(st, each, ctx);
}

mw_status mw_sq_op_grants_of_guest(mw_store *s, int64_t tenant, const char *guest, mw_utc at,
                                   mw_store_on_grant each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), GRANTS_OF_GUEST, &st, mw_sq_int(tenant), mw_sq_text(guest),
                      mw_sq_int(at.us)));
    return give_grants(st, each, ctx);
}

/* --- areas ----------------------------------------------------------------------------------- */

mw_status mw_sq_op_area_holds(mw_store *s, int64_t tenant, const char *area,
                              const char *usage_point, mw_utc at, bool *out_holds) {
    int64_t n = 0;
    MW_TRY(MW_SQ_NUMBER(mw_sq_of(s), AREA_HOLDS, &n, mw_sq_int(tenant), mw_sq_text(area),
                        mw_sq_text(usage_point), mw_sq_int(at.us)));
    *out_holds = n > 0;
    return MW_OK;
}
