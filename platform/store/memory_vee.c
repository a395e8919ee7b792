/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory store: settings of validation, classes, judgements, corrections; users and sessions.
 */
#include <string.h>

#include "platform/store/memory_internal.h"

static int setting_order(const mw_store_vee_setting *a, const mw_store_vee_setting *b) {
    int c = strcmp(a->name, b->name);
    if (c != 0)
        return c;
    if (a->class != b->class)
        return a->class < b->class ? -1 : 1;
    return (a->from.us > b->from.us) - (a->from.us < b->from.us);
}

static mw_status vee_setting_put(mw_store *s, const mw_store_vee_setting *row) {
    mw_mem *m = mw_mem_of(s);
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_EACH(mw_store_vee_setting, old, m->now.vee_settings)
    if (old->tenant == row->tenant && setting_order(old, row) == 0) {
        *old = *row;
        return MW_OK;
    }
    return mw_mem_add(m, &m->now.vee_settings, row);
}

static mw_status vee_settings(mw_store *s, int64_t tenant, mw_store_on_vee_setting each,
                              void *ctx) {
    const mw_store_vee_setting *last = NULL;
    for (;;) {
        const mw_store_vee_setting *next = NULL;
        MW_MEM_EACH(mw_store_vee_setting, r, mw_mem_of(s)->now.vee_settings)
        if (r->tenant == tenant && (last == NULL || setting_order(r, last) > 0) &&
            (next == NULL || setting_order(r, next) < 0))
            next = r;
        if (next == NULL)
            return MW_OK;
        MW_TRY(each(ctx, next));
        last = next;
    }
}

static mw_status vee_class_set(mw_store *s, int64_t tenant, int64_t channel, uint8_t class) {
    mw_mem *m = mw_mem_of(s);
    mw_mem_class row = {.tenant = tenant, .channel = channel, .class = class};
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_EACH(mw_mem_class, old, m->now.classes)
    if (old->tenant == tenant && old->channel == channel) {
        *old = row;
        return MW_OK;
    }
    return mw_mem_add(m, &m->now.classes, &row);
}

static mw_status vee_class_get(mw_store *s, int64_t tenant, int64_t channel, uint8_t *out_class) {
    *out_class = 0;
    MW_MEM_EACH(mw_mem_class, r, mw_mem_of(s)->now.classes)
    if (r->tenant == tenant && r->channel == channel)
        *out_class = r->class;
    return MW_OK;
}

static mw_status verdict_add(mw_store *s, const mw_store_verdict *v, int64_t *out_id) {
    mw_mem *m = mw_mem_of(s);
    if (v->from.us >= v->to.us)
        return MW_RANGE;
    mw_store_verdict row = *v;
    row.id = (int64_t)m->now.verdicts.n + 1;
    MW_TRY(mw_mem_add(m, &m->now.verdicts, &row));
    *out_id = row.id;
    return MW_OK;
}

static mw_status verdicts(mw_store *s, int64_t tenant, int64_t channel, mw_utc from, mw_utc to,
                          mw_store_on_verdict each, void *ctx) {
    MW_MEM_EACH(mw_store_verdict, v, mw_mem_of(s)->now.verdicts)
    if (v->tenant == tenant && v->channel == channel && v->from.us < to.us && v->to.us > from.us)
        MW_TRY(each(ctx, v));
    return MW_OK;
}

static mw_status correction_add(mw_store *s, const mw_store_correction *c, int64_t *out_id) {
    mw_mem *m = mw_mem_of(s);
    mw_store_correction row = *c;
    row.id = (int64_t)m->now.corrections.n + 1;
    MW_TRY(mw_mem_add(m, &m->now.corrections, &row));
    *out_id = row.id;
    return MW_OK;
}

static mw_status corrections(mw_store *s, int64_t tenant, int64_t channel, int64_t before,
                             uint32_t limit, mw_store_on_correction each, void *ctx) {
    mw_mem *m = mw_mem_of(s);
    if (limit == 0 || limit > MW_STORE_PAGE_MAX)
        return MW_RANGE;
    const mw_store_correction *list = m->now.corrections.p;
    for (size_t i = m->now.corrections.n; i > 0 && limit > 0; i--) {
        const mw_store_correction *c = &list[i - 1];
        if (c->tenant != tenant || (channel != 0 && c->channel != channel) ||
            (before != 0 && c->id >= before))
            continue;
        MW_TRY(each(ctx, c));
        limit--;
    }
    return MW_OK;
}

static mw_status correction_sum(mw_store *s, int64_t tenant, int64_t lock, int64_t *out_sum) {
    int64_t sum = 0;
    MW_MEM_EACH(mw_store_correction, c, mw_mem_of(s)->now.corrections)
    if (c->tenant == tenant && c->lock == lock)
        sum += c->now - c->was;
    *out_sum = sum;
    return MW_OK;
}

/* --- users and sessions ---------------------------------------------------------------------- */

static mw_status user_put(mw_store *s, const mw_store_user *u) {
    mw_mem *m = mw_mem_of(s);
    mw_store_user *same = NULL;
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_EACH(mw_store_user, old, m->now.users) {
        if (old->tenant == u->tenant && strcmp(old->id, u->id) == 0)
            same = old;
        else if (strcmp(old->login, u->login) == 0)
            return MW_CONFLICT;
    }
    if (same == NULL)
        return mw_mem_add(m, &m->now.users, u);
    *same = *u;
    return MW_OK;
}

static mw_status user_by_login(mw_store *s, const char *login, mw_store_user *out_user) {
    MW_MEM_EACH(mw_store_user, u, mw_mem_of(s)->now.users)
    if (strcmp(u->login, login) == 0) {
        *out_user = *u;
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

static mw_status user_by_id(mw_store *s, int64_t tenant, const char *id, mw_store_user *out_user) {
    MW_MEM_EACH(mw_store_user, u, mw_mem_of(s)->now.users)
    if (u->tenant == tenant && strcmp(u->id, id) == 0) {
        *out_user = *u;
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

static mw_status users_count(mw_store *s, int64_t *out_n) {
    *out_n = (int64_t)mw_mem_of(s)->now.users.n;
    return MW_OK;
}

static mw_store_session *session_of(mw_mem *m, mw_slice hash) {
    MW_MEM_EACH(mw_store_session, r, m->now.sessions)
    if (mw_slice_equal(MW_SLICE_OF(r->token_hash), hash))
        return r;
    return NULL;
}

static mw_status session_put(mw_store *s, const mw_store_session *row) {
    mw_mem *m = mw_mem_of(s);
    if (session_of(m, MW_SLICE_OF(row->token_hash)) != NULL)
        return MW_CONFLICT;
    return mw_mem_add(m, &m->now.sessions, row);
}

static mw_status session_get(mw_store *s, mw_slice hash, mw_store_session *out_session) {
    const mw_store_session *r = session_of(mw_mem_of(s), hash);
    if (r == NULL)
        return MW_NOT_FOUND;
    *out_session = *r;
    return MW_OK;
}

static mw_status session_touch(mw_store *s, mw_slice hash, mw_utc last_used, mw_utc expires) {
    mw_mem *m = mw_mem_of(s);
    mw_store_session *r = session_of(m, hash);
    if (!m->in_transaction)
        return MW_STATE;
    if (r != NULL) {
        r->last_used = last_used;
        r->expires = expires;
    }
    return MW_OK;
}

static mw_status sessions_drop(mw_mem *m, const mw_store_session *one, mw_utc before) {
    mw_store_session *list = m->now.sessions.p;
    size_t kept = 0;
    if (!m->in_transaction)
        return MW_STATE;
    for (size_t i = 0; i < m->now.sessions.n; i++)
        if (one != NULL ? &list[i] != one : list[i].expires.us >= before.us)
            list[kept++] = list[i];
    m->now.sessions.n = kept;
    return MW_OK;
}

static mw_status session_delete(mw_store *s, mw_slice hash) {
    mw_mem *m = mw_mem_of(s);
    const mw_store_session *r = session_of(m, hash);
    if (r == NULL)
        return m->in_transaction ? MW_OK : MW_STATE;
    return sessions_drop(m, r, MW_UTC_NONE);
}

static mw_status sessions_expire(mw_store *s, mw_utc now) {
    return sessions_drop(mw_mem_of(s), NULL, now);
}

void mw_mem_vee_ops(mw_store_ops *ops) {
    ops->vee_setting_put = vee_setting_put;
    ops->vee_settings = vee_settings;
    ops->vee_class_set = vee_class_set;
    ops->vee_class_get = vee_class_get;
    ops->verdict_add = verdict_add;
    ops->verdicts = verdicts;
    ops->correction_add = correction_add;
    ops->corrections = corrections;
    ops->correction_sum = correction_sum;
    ops->user_put = user_put;
    ops->user_by_login = user_by_login;
    ops->user_by_id = user_by_id;
    ops->users_count = users_count;
    ops->session_put = session_put;
    ops->session_get = session_get;
    ops->session_touch = session_touch;
    ops->session_delete = session_delete;
    ops->sessions_expire = sessions_expire;
}
