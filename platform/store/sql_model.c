/* SPDX-License-Identifier: Apache-2.0
 *
 * Areas, premises, configurations of devices, accounts and contracts.
 */
#include <stdio.h>
#include <string.h>

#include "platform/store/sql_internal.h"

mw_status mw_sq_op_tenants(mw_store *s, mw_store_on_tenant each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(mw_sq_bind(mw_sq_of(s), MW_SQ_TENANTS, NULL, 0, &st));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        status = each(ctx, mw_sq_get_int(st, 0), mw_sq_text_at(st, 1));
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_area_put(mw_store *s, int64_t tenant, const mw_store_area *a) {
    return MW_SQ_RUN(mw_sq_of(s), AREA_PUT, mw_sq_int(tenant), mw_sq_text(a->id),
                     mw_sq_text(a->kind), mw_sq_text(a->name));
}

mw_status mw_sq_op_areas(mw_store *s, int64_t tenant, mw_store_on_area each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), AREAS, &st, mw_sq_int(tenant)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_area a;
        MW_SQ_TEXT_INTO(st, 0, a.id);
        MW_SQ_TEXT_INTO(st, 1, a.kind);
        MW_SQ_TEXT_INTO(st, 2, a.name);
        status = each(ctx, &a);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_membership_put(mw_store *s, int64_t tenant, const mw_store_membership *m) {
    mw_sq *q = mw_sq_of(s);
    if (!q->in_transaction)
        return MW_STATE;
    char kind[16];
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(q, AREA_KIND, &st, mw_sq_int(tenant), mw_sq_text(m->area)));
    MW_TRY(mw_sq_step(st));
    MW_SQ_TEXT_INTO(st, 0, kind);
    mw_sq_reset(st);
    MW_TRY(MW_SQ_BIND(q, MEMBERSHIP_OPEN, &st, mw_sq_int(tenant), mw_sq_int(m->kind),
                      mw_sq_text(m->member), mw_sq_text(kind)));
    mw_status status = mw_sq_step(st);
    if (status == MW_OK) {
        char area[MW_STORE_ID_MAX];
        MW_SQ_TEXT_INTO(st, 0, area);
        int64_t from = mw_sq_get_int(st, 1);
        mw_sq_reset(st);
        bool same = strcmp(area, m->area) == 0;
        if (same && mw_utc_is_none(m->to))
            return MW_OK;
        if (!same && m->from.us <= from)
            return MW_CONFLICT;
        MW_TRY(MW_SQ_RUN(q, MEMBERSHIP_CLOSE, mw_sq_int(tenant), mw_sq_int(m->kind),
                         mw_sq_text(m->member), mw_sq_text(kind),
                         mw_sq_int(same ? m->to.us : m->from.us)));
        if (same)
            return MW_OK;
    } else if (status != MW_NOT_FOUND) {
        return status;
    }
    return MW_SQ_RUN(q, MEMBERSHIP_ADD, mw_sq_int(tenant), mw_sq_int(m->kind),
                     mw_sq_text(m->member), mw_sq_text(m->area), mw_sq_text(kind),
                     mw_sq_int(m->from.us), mw_sq_utc(m->to));
}

mw_status mw_sq_op_memberships(mw_store *s, int64_t tenant, mw_store_member_kind kind,
                               const char *member, const char *area, mw_utc at,
                               mw_store_on_membership each, void *ctx) {
    mw_sq *q = mw_sq_of(s);
    mw_sq_statement *st = NULL;
    if (member != NULL)
        MW_TRY(MW_SQ_BIND(q, MEMBERSHIPS_OF, &st, mw_sq_int(tenant), mw_sq_int(kind),
                          mw_sq_text(member), mw_sq_int(at.us)));
    else
        MW_TRY(MW_SQ_BIND(q, MEMBERS_OF, &st, mw_sq_int(tenant), mw_sq_int(kind), mw_sq_text(area),
                          mw_sq_int(at.us)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_membership m = {.kind = (mw_store_member_kind)mw_sq_get_int(st, 0),
                                 .from = mw_sq_get_utc(st, 3),
                                 .to = mw_sq_get_utc(st, 4)};
        MW_SQ_TEXT_INTO(st, 1, m.member);
        MW_SQ_TEXT_INTO(st, 2, m.area);
        status = each(ctx, &m);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_premise_put(mw_store *s, int64_t tenant, const mw_store_premise *p) {
    return MW_SQ_RUN(mw_sq_of(s), PREMISE_PUT, mw_sq_int(tenant), mw_sq_text(p->id),
                     mw_sq_text(p->address), mw_sq_text(p->time_zone));
}

mw_status mw_sq_op_premise_get(mw_store *s, int64_t tenant, const char *id,
                               mw_store_premise *out_premise) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), PREMISE_GET, &st, mw_sq_int(tenant), mw_sq_text(id)));
    MW_TRY(mw_sq_step(st));
    MW_SQ_TEXT_INTO(st, 0, out_premise->id);
    MW_SQ_TEXT_INTO(st, 1, out_premise->address);
    MW_SQ_TEXT_INTO(st, 2, out_premise->time_zone);
    mw_sq_reset(st);
    return MW_OK;
}

mw_status mw_sq_op_usage_point_premise_set(mw_store *s, int64_t tenant, const char *usage_point,
                                           const char *premise) {
    mw_sq *q = mw_sq_of(s);
    MW_TRY(MW_SQ_RUN(q, POINT_PREMISE, mw_sq_int(tenant), mw_sq_text(usage_point),
                     mw_sq_text(premise)));
    return mw_sq_changed(q) > 0 ? MW_OK : MW_NOT_FOUND;
}

mw_status mw_sq_op_usage_point_get(mw_store *s, int64_t tenant, const char *id,
                                   mw_store_usage_point *out_point,
                                   char out_premise[MW_STORE_ID_MAX]) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), POINT_GET, &st, mw_sq_int(tenant), mw_sq_text(id)));
    MW_TRY(mw_sq_step(st));
    MW_SQ_TEXT_INTO(st, 0, out_point->id);
    MW_SQ_TEXT_INTO(st, 1, out_point->time_zone);
    MW_SQ_TEXT_INTO(st, 2, out_point->person);
    mw_sq_get_text(st, 3, out_premise, MW_STORE_ID_MAX);
    MW_SQ_TEXT_INTO(st, 4, out_point->address);
    mw_sq_reset(st);
    return MW_OK;
}

mw_status mw_sq_op_device_config_put(mw_store *s, int64_t tenant, const mw_store_device_config *c) {
    return MW_SQ_RUN(mw_sq_of(s), CONFIG_PUT, mw_sq_int(tenant), mw_sq_int(c->device),
                     mw_sq_int(c->from.us), mw_sq_text(c->version), mw_sq_text(c->text));
}

mw_status mw_sq_op_device_configs(mw_store *s, int64_t tenant, int64_t device,
                                  mw_store_on_device_config each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), CONFIGS, &st, mw_sq_int(tenant), mw_sq_int(device)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_device_config c = {.device = device, .from = mw_sq_get_utc(st, 0)};
        MW_SQ_TEXT_INTO(st, 1, c.version);
        MW_SQ_TEXT_INTO(st, 2, c.text);
        status = each(ctx, &c);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_account_put(mw_store *s, int64_t tenant, const mw_store_account *a) {
    return MW_SQ_RUN(mw_sq_of(s), ACCOUNT_PUT, mw_sq_int(tenant), mw_sq_text(a->id),
                     mw_sq_text(a->person), mw_sq_text(a->name));
}

mw_status mw_sq_op_account_get(mw_store *s, int64_t tenant, const char *id,
                               mw_store_account *out_account) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), ACCOUNT_GET, &st, mw_sq_int(tenant), mw_sq_text(id)));
    MW_TRY(mw_sq_step(st));
    MW_SQ_TEXT_INTO(st, 0, out_account->id);
    MW_SQ_TEXT_INTO(st, 1, out_account->person);
    MW_SQ_TEXT_INTO(st, 2, out_account->name);
    mw_sq_reset(st);
    return MW_OK;
}

mw_status mw_sq_op_contract_put(mw_store *s, int64_t tenant, const mw_store_contract *c) {
    return MW_SQ_RUN(mw_sq_of(s), CONTRACT_PUT, mw_sq_int(tenant), mw_sq_text(c->id),
                     mw_sq_text(c->account), mw_sq_text(c->usage_point), mw_sq_text(c->tariff),
                     mw_sq_int(c->from.us), mw_sq_utc(c->to));
}

mw_status mw_sq_op_contracts(mw_store *s, int64_t tenant, const char *account,
                             const char *usage_point, mw_store_on_contract each, void *ctx) {
    mw_sq *q = mw_sq_of(s);
    mw_sq_statement *st = NULL;
    mw_sq_value values[] = {mw_sq_int(tenant), mw_sq_text(account != NULL ? account : usage_point)};
    MW_TRY(mw_sq_bind(q, account != NULL ? MW_SQ_CONTRACTS_OF_ACCOUNT : MW_SQ_CONTRACTS_OF_POINT,
                      values, 2, &st));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_contract c = {.from = mw_sq_get_utc(st, 4), .to = mw_sq_get_utc(st, 5)};
        MW_SQ_TEXT_INTO(st, 0, c.id);
        MW_SQ_TEXT_INTO(st, 1, c.account);
        MW_SQ_TEXT_INTO(st, 2, c.usage_point);
        MW_SQ_TEXT_INTO(st, 3, c.tariff);
        status = each(ctx, &c);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}
