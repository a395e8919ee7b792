/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory store: tokens, second factors, invitations, shared access, the audit chain, settings of
 * a tenant.
 */
#include <stdio.h>
#include <string.h>

#include "platform/store/memory_internal.h"

/* --- users and sessions ---------------------------------------------------------------------- */

static mw_status users(mw_store *s, int64_t tenant, const char *after, uint32_t limit,
                       mw_store_on_user each, void *ctx) {
    const char *last = after;
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    for (; limit > 0; limit--) {
        const mw_store_user *next = NULL;
        MW_MEM_EACH(mw_store_user, u, mw_mem_of(s)->now.users)
        if (u->tenant == tenant && strcmp(u->login, last) > 0 &&
            (next == NULL || strcmp(u->login, next->login) < 0))
            next = u;
        if (next == NULL)
            return MW_OK;
        MW_TRY(each(ctx, next));
        last = next->login;
    }
    return MW_OK;
}

static mw_status sessions_of(mw_store *s, int64_t tenant, const char *owner,
                             mw_store_on_session each, void *ctx) {
    const mw_store_session *last = NULL;
    for (unsigned n = 0; n < 200; n++) {
        const mw_store_session *next = NULL;
        MW_MEM_EACH(mw_store_session, r, mw_mem_of(s)->now.sessions)
        if (r->tenant == tenant && (owner == NULL || strcmp(r->user, owner) == 0) &&
            (last == NULL || r->last_used.us < last->last_used.us) &&
            (next == NULL || r->last_used.us > next->last_used.us))
            next = r;
        if (next == NULL)
            return MW_OK;
        MW_TRY(each(ctx, next));
        last = next;
    }
    return MW_OK;
}

/* --- tokens ---------------------------------------------------------------------------------- */

static mw_status token_by_hash(mw_store *s, mw_slice hash, mw_store_token *out_token) {
    MW_MEM_EACH(mw_store_token, t, mw_mem_of(s)->now.tokens)
    if (mw_slice_equal(MW_SLICE_OF(t->hash), hash)) {
        *out_token = *t;
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

static mw_status token_add(mw_store *s, const mw_store_token *t, int64_t *out_id) {
    mw_mem *m = mw_mem_of(s);
    mw_store_token row;
    if (!m->in_transaction)
        return MW_STATE;
    if (token_by_hash(s, MW_SLICE_OF(t->hash), &row) == MW_OK)
        return MW_CONFLICT;
    row = *t;
    row.id = (int64_t)m->now.tokens.n + 1;
    row.last_used = row.revoked = MW_UTC_NONE;
    MW_TRY(mw_mem_add(m, &m->now.tokens, &row));
    *out_id = row.id;
    return MW_OK;
}

static mw_status token_touch(mw_store *s, int64_t tenant, int64_t id, mw_utc at) {
    mw_mem *m = mw_mem_of(s);
    MW_MEM_EACH(mw_store_token, t, m->now.tokens)
    if (m->in_transaction && t->tenant == tenant && t->id == id)
        t->last_used = at;
    return m->in_transaction ? MW_OK : MW_STATE;
}

static mw_status token_revoke(mw_store *s, int64_t tenant, const char *owner, int64_t id,
                              mw_utc at) {
    mw_mem *m = mw_mem_of(s);
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_EACH(mw_store_token, t, m->now.tokens)
    if (t->tenant == tenant && t->id == id && mw_utc_is_none(t->revoked) &&
        (owner == NULL || strcmp(t->owner, owner) == 0)) {
        t->revoked = at;
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

static mw_status tokens(mw_store *s, int64_t tenant, const char *owner, mw_store_on_token each,
                        void *ctx) {
    unsigned n = 0;
    MW_MEM_EACH_BACK(mw_store_token, t, mw_mem_of(s)->now.tokens)
    if (t->tenant == tenant && (owner == NULL || strcmp(t->owner, owner) == 0) && n++ < 200)
        MW_TRY(each(ctx, t));
    return MW_OK;
}

/* --- second factors -------------------------------------------------------------------------- */

static int totp_order(const void *pa, const void *pb) {
    const mw_store_totp *a = pa, *b = pb;
    return a->tenant != b->tenant ? MW_MEM_CMP(a->tenant, b->tenant) : strcmp(a->owner, b->owner);
}

static mw_store_totp *totp_find(mw_mem *m, int64_t tenant, const char *owner) {
    MW_MEM_EACH(mw_store_totp, t, m->now.totps)
    if (t->tenant == tenant && strcmp(t->owner, owner) == 0)
        return t;
    return NULL;
}

static mw_status totp_put(mw_store *s, const mw_store_totp *t) {
    mw_mem *m = mw_mem_of(s);
    return t->wrapped_n > sizeof t->wrapped ? MW_RANGE
                                            : mw_mem_put(m, &m->now.totps, t, totp_order);
}

static mw_status totp_get(mw_store *s, int64_t tenant, const char *owner, mw_store_totp *out_totp) {
    const mw_store_totp *t = totp_find(mw_mem_of(s), tenant, owner);
    if (t == NULL)
        return MW_NOT_FOUND;
    *out_totp = *t;
    return MW_OK;
}

static mw_status totp_step(mw_store *s, int64_t tenant, const char *owner, int64_t step) {
    mw_mem *m = mw_mem_of(s);
    mw_store_totp *t = totp_find(m, tenant, owner);
    if (!m->in_transaction)
        return MW_STATE;
    if (t == NULL || t->last_step >= step)
        return MW_CONFLICT;
    t->last_step = step;
    return MW_OK;
}

static bool code_of(const mw_mem_code *c, int64_t tenant, const char *owner) {
    return c->tenant == tenant && strcmp(c->owner, owner) == 0;
}

static mw_status totp_delete(mw_store *s, int64_t tenant, const char *owner) {
    mw_mem *m = mw_mem_of(s);
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_DROP(mw_mem_code, c, m->now.codes, code_of(c, tenant, owner));
    MW_MEM_DROP(mw_store_totp, t, m->now.totps,
                t->tenant == tenant && strcmp(t->owner, owner) == 0);
    return MW_OK;
}

static mw_status recovery_set(mw_store *s, int64_t tenant, const char *owner,
                              const uint8_t hashes[][MW_STORE_TOKEN_HASH], size_t n) {
    mw_mem *m = mw_mem_of(s);
    if (n > MW_STORE_RECOVERY_CODES)
        return MW_RANGE;
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_DROP(mw_mem_code, c, m->now.codes, code_of(c, tenant, owner));
    for (size_t i = 0; i < n; i++) {
        mw_mem_code row = {.tenant = tenant, .used = MW_UTC_NONE};
        (void)snprintf(row.owner, sizeof row.owner, "%s", owner);
        memcpy(row.hash, hashes[i], sizeof row.hash);
        MW_TRY(mw_mem_add(m, &m->now.codes, &row));
    }
    return MW_OK;
}

static mw_status recovery_use(mw_store *s, int64_t tenant, const char *owner, mw_slice hash,
                              mw_utc at) {
    mw_mem *m = mw_mem_of(s);
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_EACH(mw_mem_code, c, m->now.codes)
    if (code_of(c, tenant, owner) && mw_utc_is_none(c->used) &&
        mw_slice_equal(MW_SLICE_OF(c->hash), hash)) {
        c->used = at;
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

static mw_status recovery_left(mw_store *s, int64_t tenant, const char *owner, int64_t *out_n) {
    *out_n = 0;
    MW_MEM_EACH(mw_mem_code, c, mw_mem_of(s)->now.codes)
    *out_n += code_of(c, tenant, owner) && mw_utc_is_none(c->used);
    return MW_OK;
}

/* --- invitations and shared access ----------------------------------------------------------- */

static mw_status invitation_by_hash(mw_store *s, mw_slice hash,
                                    mw_store_invitation *out_invitation) {
    MW_MEM_EACH(mw_store_invitation, i, mw_mem_of(s)->now.invitations)
    if (mw_slice_equal(MW_SLICE_OF(i->hash), hash)) {
        *out_invitation = *i;
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

static mw_status invitation_add(mw_store *s, const mw_store_invitation *i, int64_t *out_id) {
    mw_mem *m = mw_mem_of(s);
    mw_store_invitation row;
    if (!m->in_transaction)
        return MW_STATE;
    if (invitation_by_hash(s, MW_SLICE_OF(i->hash), &row) == MW_OK)
        return MW_CONFLICT;
    row = *i;
    row.id = (int64_t)m->now.invitations.n + 1;
    row.used = MW_UTC_NONE;
    MW_TRY(mw_mem_add(m, &m->now.invitations, &row));
    *out_id = row.id;
    return MW_OK;
}

static mw_status invitation_use(mw_store *s, int64_t tenant, int64_t id, mw_utc at) {
    mw_mem *m = mw_mem_of(s);
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_EACH(mw_store_invitation, i, m->now.invitations)
    if (i->tenant == tenant && i->id == id && mw_utc_is_none(i->used)) {
        i->used = at;
        return MW_OK;
    }
    return MW_CONFLICT;
}

static mw_status invitations(mw_store *s, int64_t tenant, const char *usage_point, mw_utc now,
                             mw_store_on_invitation each, void *ctx) {
    unsigned n = 0;
    MW_MEM_EACH_BACK(mw_store_invitation, i, mw_mem_of(s)->now.invitations)
    if (i->tenant == tenant && strcmp(i->usage_point, usage_point) == 0 &&
        mw_utc_is_none(i->used) && i->expires.us > now.us && n++ < 100)
        MW_TRY(each(ctx, i));
    return MW_OK;
}

static mw_status grant_add(mw_store *s, const mw_store_grant *g, int64_t *out_id) {
    mw_mem *m = mw_mem_of(s);
    mw_store_grant row = *g;
    row.id = (int64_t)m->now.grants.n + 1;
    row.revoked = MW_UTC_NONE;
    MW_TRY(mw_mem_add(m, &m->now.grants, &row));
    *out_id = row.id;
    return MW_OK;
}

static mw_status grant_revoke(mw_store *s, int64_t tenant, const char *usage_point, int64_t id,
                              mw_utc at) {
    mw_mem *m = mw_mem_of(s);
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_EACH(mw_store_grant, g, m->now.grants)
    if (g->tenant == tenant && g->id == id && strcmp(g->usage_point, usage_point) == 0 &&
        mw_utc_is_none(g->revoked)) {
        g->revoked = at;
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

static mw_status grants_of_point(mw_store *s, int64_t tenant, const char *usage_point,
                                 mw_store_on_grant each, void *ctx) {
    unsigned n = 0;
    MW_MEM_EACH_BACK(mw_store_grant, g, mw_mem_of(s)->now.grants)
    if (g->tenant == tenant && strcmp(g->usage_point, usage_point) == 0 &&
        mw_utc_is_none(g->revoked) && n++ < 100)
        MW_TRY(each(ctx, g));
    return MW_OK;
}

static mw_status grants_of_guest(mw_store *s, int64_t tenant, const char *guest, mw_utc at,
                                 mw_store_on_grant each, void *ctx) {
    unsigned n = 0;
    MW_MEM_EACH(mw_store_grant, g, mw_mem_of(s)->now.grants)
    if (g->tenant == tenant && strcmp(g->guest, guest) == 0 && mw_utc_is_none(g->revoked) &&
        g->from.us <= at.us && n++ < 100)
        MW_TRY(each(ctx, g));
    return MW_OK;
}

/* --- the audit chain ------------------------------------------------------------------------- */

static int head_order(const void *a, const void *b) {
    return MW_MEM_CMP(((const mw_mem_head *)a)->tenant, ((const mw_mem_head *)b)->tenant);
}

static mw_status audit_head_get(mw_store *s, int64_t tenant, mw_store_audit_head *out_head) {
    MW_MEM_EACH(mw_mem_head, h, mw_mem_of(s)->now.audit_heads)
    if (h->tenant == tenant) {
        *out_head = h->row;
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

static mw_status audit_append(mw_store *s, const mw_store_audit *entry) {
    mw_mem *m = mw_mem_of(s);
    mw_mem_head head = {.tenant = entry->tenant};
    mw_store_audit_link row = {.entry = *entry, .chained = true};
    row.entry.id = (int64_t)m->now.audit.n + 1;
    if (audit_head_get(s, entry->tenant, &head.row) == MW_NOT_FOUND)
        head.row.first = row.entry.id;
    mw_audit_chain(head.row.hash, &row.entry, row.hash);
    head.row.entries++;
    memcpy(head.row.hash, row.hash, sizeof row.hash);
    MW_TRY(mw_mem_add(m, &m->now.audit, &row));
    return mw_mem_put(m, &m->now.audit_heads, &head, head_order);
}

static mw_status audit_list(mw_store *s, int64_t tenant, int64_t before, uint32_t limit,
                            mw_store_on_audit each, void *ctx) {
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    MW_MEM_EACH_BACK(mw_store_audit_link, a, mw_mem_of(s)->now.audit)
    if (a->entry.tenant == tenant && (before == 0 || a->entry.id < before) && limit > 0) {
        limit--;
        MW_TRY(each(ctx, &a->entry));
    }
    return MW_OK;
}

static mw_status audit_links(mw_store *s, int64_t tenant, int64_t after, uint32_t limit,
                             mw_store_on_audit_link each, void *ctx) {
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    MW_MEM_EACH(mw_store_audit_link, a, mw_mem_of(s)->now.audit)
    if (a->entry.tenant == tenant && a->entry.id > after && limit > 0) {
        limit--;
        MW_TRY(each(ctx, a));
    }
    return MW_OK;
}

/* --- settings of a tenant -------------------------------------------------------------------- */

static int setting_order(const void *pa, const void *pb) {
    const mw_mem_setting *a = pa, *b = pb;
    return a->tenant != b->tenant ? MW_MEM_CMP(a->tenant, b->tenant)
                                  : strcmp(a->row.name, b->row.name);
}

static mw_status tenant_setting_put(mw_store *s, int64_t tenant, const mw_store_setting *row) {
    mw_mem *m = mw_mem_of(s);
    mw_mem_setting own = {tenant, *row};
    return mw_mem_put(m, &m->now.tenant_settings, &own, setting_order);
}

static mw_status tenant_setting_get(mw_store *s, int64_t tenant, const char *name,
                                    mw_store_setting *out_setting) {
    MW_MEM_EACH(mw_mem_setting, r, mw_mem_of(s)->now.tenant_settings)
    if (r->tenant == tenant && strcmp(r->row.name, name) == 0) {
        *out_setting = r->row;
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

static mw_status tenant_settings(mw_store *s, int64_t tenant, mw_store_on_setting each, void *ctx) {
    MW_MEM_EACH(mw_mem_setting, r, mw_mem_of(s)->now.tenant_settings)
    if (r->tenant == tenant)
        MW_TRY(each(ctx, &r->row));
    return MW_OK;
}

void mw_mem_people_ops(mw_store_ops *ops) {
    ops->users = users;
    ops->sessions_of = sessions_of;
    ops->token_add = token_add;
    ops->token_by_hash = token_by_hash;
    ops->token_touch = token_touch;
    ops->token_revoke = token_revoke;
    ops->tokens = tokens;
    ops->totp_put = totp_put;
    ops->totp_get = totp_get;
    ops->totp_step = totp_step;
    ops->totp_delete = totp_delete;
    ops->recovery_set = recovery_set;
    ops->recovery_use = recovery_use;
    ops->recovery_left = recovery_left;
    ops->invitation_add = invitation_add;
    ops->invitation_by_hash = invitation_by_hash;
    ops->invitation_use = invitation_use;
    ops->invitations = invitations;
    ops->grant_add = grant_add;
    ops->grant_revoke = grant_revoke;
    ops->grants_of_point = grants_of_point;
    ops->grants_of_guest = grants_of_guest;
    ops->audit_append = audit_append;
    ops->audit_list = audit_list;
    ops->audit_links = audit_links;
    ops->audit_head_get = audit_head_get;
    ops->tenant_setting_put = tenant_setting_put;
    ops->tenant_setting_get = tenant_setting_get;
    ops->tenant_settings = tenant_settings;
}
