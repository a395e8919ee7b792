/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/store/memory_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- lists ------------------------------------------------------------------------------------- */

static mw_status list_add(mw_mem_list *l, const void *item) {
    if (l->n == l->room) {
        size_t room = l->room == 0 ? 16 : l->room * 2;
        void *p = realloc(l->p, room * l->size);
        if (p == NULL)
            return MW_NOMEM;
        l->p = p;
        l->room = room;
    }
    memcpy((char *)l->p + l->n++ * l->size, item, l->size);
    return MW_OK;
}

mw_status mw_mem_add(mw_mem *m, mw_mem_list *l, const void *item) {
    return m->in_transaction ? list_add(l, item) : MW_STATE;
}

mw_status mw_mem_put(mw_mem *m, mw_mem_list *l, const void *item, mw_mem_order order) {
    size_t at = 0;
    char *p = l->p;
    if (!m->in_transaction)
        return MW_STATE;
    while (at < l->n && order(p + at * l->size, item) < 0)
        at++;
    bool replace = at < l->n && order(p + at * l->size, item) == 0;
    if (!replace) {
        MW_TRY(list_add(l, item));
        p = l->p;
        memmove(p + (at + 1) * l->size, p + at * l->size, (l->n - 1 - at) * l->size);
    }
    memcpy(p + at * l->size, item, l->size);
    return MW_OK;
}

void *mw_mem_keep(mw_mem *m, const void *bytes, size_t n) {
    if (n == 0)
        return NULL;
    void *p = malloc(n);
    if (p == NULL || list_add(&m->kept, &p) != MW_OK) {
        free(p);
        return NULL;
    }
    memcpy(p, bytes, n);
    return p;
}

static void state_free(mw_mem_state *s) {
#define X(name, type) free(s->name.p);
    MW_MEM_LISTS(X)
#undef X
    memset(s, 0, sizeof *s);
}

static mw_status list_copy(mw_mem_list *to, const mw_mem_list *from) {
    *to = *from;
    to->room = from->n;
    to->p = from->n == 0 ? NULL : malloc(from->n * from->size);
    if (from->n > 0 && to->p == NULL)
        return MW_NOMEM;
    if (from->n > 0)
        memcpy(to->p, from->p, from->n * from->size);
    return MW_OK;
}

static mw_status state_copy(mw_mem_state *to, const mw_mem_state *from) {
    mw_status s = MW_OK;
    *to = *from;
#define X(name, type)                                                                              \
    to->name.p = NULL;                                                                             \
    if (s == MW_OK)                                                                                \
        s = list_copy(&to->name, &from->name);
    MW_MEM_LISTS(X)
#undef X
    return s;
}

/* --- transactions and small things ------------------------------------------------------------- */

static mw_status mem_begin(mw_store *s) {
    mw_mem *m = mw_mem_of(s);
    if (m->in_transaction)
        return MW_STATE;
    MW_TRY(state_copy(&m->before, &m->now));
    m->in_transaction = true;
    return MW_OK;
}

static mw_status mem_commit(mw_store *s) {
    mw_mem *m = mw_mem_of(s);
    if (!m->in_transaction)
        return MW_STATE;
    state_free(&m->before);
    m->in_transaction = false;
    return MW_OK;
}

static mw_status mem_rollback(mw_store *s) {
    mw_mem *m = mw_mem_of(s);
    if (m->in_transaction) {
        state_free(&m->now);
        m->now = m->before;
        memset(&m->before, 0, sizeof m->before);
    }
    m->in_transaction = false;
    return MW_OK;
}

static mw_status tenant_find(mw_store *s, const char *name, int64_t *out_tenant) {
    MW_MEM_EACH(mw_mem_name, t, mw_mem_of(s)->now.tenants)
    if (strcmp(t->name, name) == 0) {
        *out_tenant = t->id;
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

static mw_status tenant_put(mw_store *s, const char *name, int64_t *out_tenant) {
    mw_mem *m = mw_mem_of(s);
    if (tenant_find(s, name, out_tenant) == MW_OK)
        return m->in_transaction ? MW_OK : MW_STATE;
    mw_mem_name t = {.id = (int64_t)m->now.tenants.n + 1};
    snprintf(t.name, sizeof t.name, "%s", name);
    MW_TRY(mw_mem_add(m, &m->now.tenants, &t));
    *out_tenant = t.id;
    return MW_OK;
}

static mw_status tenants(mw_store *s, mw_store_on_tenant each, void *ctx) {
    MW_MEM_EACH(mw_mem_name, t, mw_mem_of(s)->now.tenants)
    MW_TRY(each(ctx, t->id, t->name));
    return MW_OK;
}

static mw_status cursor_get(mw_store *s, const char *name, int64_t *out_at) {
    *out_at = 0;
    MW_MEM_EACH(mw_mem_name, c, mw_mem_of(s)->now.cursors)
    if (strcmp(c->name, name) == 0)
        *out_at = c->at;
    return MW_OK;
}

static mw_status cursor_set(mw_store *s, const char *name, int64_t at) {
    mw_mem *m = mw_mem_of(s);
    MW_MEM_EACH(mw_mem_name, c, m->now.cursors)
    if (strcmp(c->name, name) == 0) {
        c->at = at;
        return m->in_transaction ? MW_OK : MW_STATE;
    }
    mw_mem_name c = {.at = at};
    snprintf(c.name, sizeof c.name, "%s", name);
    return mw_mem_add(m, &m->now.cursors, &c);
}

/* --- the journal ------------------------------------------------------------------------------- */

static mw_status journal_append(mw_store *s, const mw_store_envelope *e,
                                mw_store_append *out_result, int64_t *out_id) {
    mw_mem *m = mw_mem_of(s);
    unsigned variants = 0;
    if (e->content.n > MW_STORE_CONTENT_MAX || e->seq > INT64_MAX)
        return MW_RANGE;
    MW_MEM_EACH(mw_store_envelope, old, m->now.journal) {
        if (old->tenant != e->tenant || old->sender != e->sender || old->epoch != e->epoch ||
            old->seq != e->seq)
            continue;
        variants++;
        if (mw_slice_equal(old->content, e->content)) {
            *out_result = MW_STORE_DUPLICATE;
            *out_id = old->id;
            return MW_OK;
        }
    }
    if (variants >= 8)
        return MW_LIMIT;
    mw_store_envelope row = *e;
    row.id = (int64_t)m->now.journal.n + 1;
    row.content.p = mw_mem_keep(m, e->content.p, e->content.n);
    MW_TRY(mw_mem_add(m, &m->now.journal, &row));
    *out_result = variants == 0 ? MW_STORE_APPENDED : MW_STORE_CONFLICT;
    *out_id = row.id;
    return MW_OK;
}

static mw_status journal_scan(mw_store *s, int64_t after, uint32_t limit, mw_store_on_envelope each,
                              void *ctx) {
    MW_MEM_EACH(mw_store_envelope, e, mw_mem_of(s)->now.journal)
    if (e->id > after && limit > 0) {
        mw_store_envelope row = *e;
        if (mw_mem_forgotten(mw_mem_of(s), e->id))
            row.content.n = 0;
        limit--;
        MW_TRY(each(ctx, &row));
    }
    return MW_OK;
}

static mw_status journal_at(mw_store *s, mw_utc at, int64_t *out_id) {
    *out_id = 0;
    MW_MEM_EACH(mw_store_envelope, e, mw_mem_of(s)->now.journal)
    if (e->stored.us <= at.us)
        *out_id = e->id;
    return MW_OK;
}

void mw_mem_core_ops(mw_store_ops *ops) {
    ops->begin = mem_begin;
    ops->commit = mem_commit;
    ops->rollback = mem_rollback;
    ops->tenant_find = tenant_find;
    ops->tenant_put = tenant_put;
    ops->tenants = tenants;
    ops->cursor_get = cursor_get;
    ops->cursor_set = cursor_set;
    ops->journal_append = journal_append;
    ops->journal_scan = journal_scan;
    ops->journal_at = journal_at;
}

/* --- opening ----------------------------------------------------------------------------------- */

typedef void *mem_block;

static void mem_close(mw_store *s) {
    mw_mem *m = mw_mem_of(s);
    state_free(&m->now);
    state_free(&m->before);
    MW_MEM_EACH(mem_block, p, m->kept)
    free(*p);
    free(m->kept.p);
    free(m);
}

/* What the model does not keep (memory.h). */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#define X(name, parameters, arguments)                                                             \
    static mw_status not_kept_##name parameters {                                                  \
        return MW_UNSUPPORTED;                                                                     \
    }
MW_STORE_OPS(X)
#undef X
#pragma GCC diagnostic pop

mw_status mw_store_memory_open(mw_store **out_store) {
    static const mw_store_ops none = {
#define X(name, parameters, arguments) .name = not_kept_##name,
        MW_STORE_OPS(X)
#undef X
            .close = mem_close};
    mw_mem *m = calloc(1, sizeof *m);
    if (m == NULL)
        return MW_NOMEM;
    m->ops = none;
    mw_mem_core_ops(&m->ops);
    mw_mem_value_ops(&m->ops);
    mw_mem_master_ops(&m->ops);
    mw_mem_retention_ops(&m->ops);
    mw_mem_vee_ops(&m->ops);
    mw_mem_watch_ops(&m->ops);
    mw_mem_command_ops(&m->ops);
    mw_mem_alarm_ops(&m->ops);
    mw_mem_people_ops(&m->ops);
    mw_mem_file_ops(&m->ops);
    mw_mem_model_ops(&m->ops);
    mw_mem_decode_ops(&m->ops);
    mw_mem_console_ops(&m->ops);
    mw_mem_foreign_ops(&m->ops);
    mw_mem_registry_ops(&m->ops);
    mw_mem_page_ops(&m->ops);
    m->base.ops = &m->ops;
    m->kept.size = sizeof(void *);
#define X(name, type) m->now.name.size = sizeof(type);
    MW_MEM_LISTS(X)
#undef X
    *out_store = &m->base;
    return MW_OK;
}
