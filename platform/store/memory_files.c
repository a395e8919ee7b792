/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory store: mappings, imports and what takes them back, snapshots of determinants.
 */
#include <stdio.h>
#include <string.h>

#include "platform/store/memory_internal.h"

/* --- mappings -------------------------------------------------------------------------------- */

static int mapping_order(const void *pa, const void *pb) {
    const mw_mem_blob *a = pa, *b = pb;
    return a->tenant != b->tenant ? MW_MEM_CMP(a->tenant, b->tenant)
                                  : strcmp(a->mapping.name, b->mapping.name);
}

static mw_status mapping_put(mw_store *s, int64_t tenant, const mw_store_mapping *row,
                             mw_slice json) {
    mw_mem *m = mw_mem_of(s);
    if (json.n > MW_STORE_MAPPING_MAX)
        return MW_RANGE;
    mw_mem_blob own = {
        .tenant = tenant, .mapping = *row, .bytes = {mw_mem_keep(m, json.p, json.n), json.n}};
    return mw_mem_put(m, &m->now.mappings, &own, mapping_order);
}

static mw_status mapping_get(mw_store *s, int64_t tenant, const char *name, mw_span room,
                             size_t *out_n) {
    MW_MEM_EACH(mw_mem_blob, b, mw_mem_of(s)->now.mappings)
    if (b->tenant == tenant && strcmp(b->mapping.name, name) == 0) {
        MW_TRY(mw_span_copy(room, b->bytes));
        *out_n = b->bytes.n;
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

static mw_status mapping_delete(mw_store *s, int64_t tenant, const char *name) {
    mw_mem *m = mw_mem_of(s);
    size_t before = m->now.mappings.n;
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_DROP(mw_mem_blob, b, m->now.mappings,
                b->tenant == tenant && strcmp(b->mapping.name, name) == 0);
    return m->now.mappings.n < before ? MW_OK : MW_NOT_FOUND;
}

static mw_status mappings(mw_store *s, int64_t tenant, mw_store_on_mapping each, void *ctx) {
    MW_MEM_EACH(mw_mem_blob, b, mw_mem_of(s)->now.mappings)
    if (b->tenant == tenant)
        MW_TRY(each(ctx, &b->mapping));
    return MW_OK;
}

/* --- imports --------------------------------------------------------------------------------- */

static mw_store_import *import_find(mw_mem *m, int64_t tenant, int64_t id) {
    MW_MEM_EACH(mw_store_import, i, m->now.imports)
    if (i->tenant == tenant && i->id == id)
        return i;
    return NULL;
}

static mw_status import_add(mw_store *s, const mw_store_import *i, int64_t *out_id) {
    mw_mem *m = mw_mem_of(s);
    mw_store_import row = *i;
    row.id = (int64_t)m->now.imports.n + 1;
    row.undone_at = MW_UTC_NONE;
    row.undone_by[0] = 0;
    MW_TRY(mw_mem_add(m, &m->now.imports, &row));
    *out_id = row.id;
    return MW_OK;
}

static mw_status import_journal_set(mw_store *s, int64_t tenant, int64_t id, int64_t from,
                                    int64_t to) {
    mw_mem *m = mw_mem_of(s);
    mw_store_import *i = import_find(m, tenant, id);
    if (!m->in_transaction)
        return MW_STATE;
    if (i == NULL)
        return MW_NOT_FOUND;
    i->journal_from = from;
    i->journal_to = to;
    return MW_OK;
}

static mw_status import_get(mw_store *s, int64_t tenant, int64_t id, mw_store_import *out_import) {
    const mw_store_import *i = import_find(mw_mem_of(s), tenant, id);
    if (i == NULL)
        return MW_NOT_FOUND;
    *out_import = *i;
    return MW_OK;
}

static mw_status import_undone(mw_store *s, int64_t tenant, int64_t id, mw_utc at,
                               const char *who) {
    mw_mem *m = mw_mem_of(s);
    mw_store_import *i = import_find(m, tenant, id);
    if (i == NULL)
        return MW_NOT_FOUND;
    if (!mw_utc_is_none(i->undone_at) || !m->in_transaction)
        return MW_STATE;
    i->undone_at = at;
    (void)snprintf(i->undone_by, sizeof i->undone_by, "%s", who);
    return MW_OK;
}

static mw_status imports(mw_store *s, int64_t tenant, int64_t before, uint32_t limit,
                         mw_store_on_import each, void *ctx) {
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    MW_MEM_EACH_BACK(mw_store_import, i, mw_mem_of(s)->now.imports)
    if (i->tenant == tenant && (before == 0 || i->id < before) && limit > 0) {
        limit--;
        MW_TRY(each(ctx, i));
    }
    return MW_OK;
}

static mw_status imported_add(mw_store *s, int64_t tenant, int64_t import,
                              mw_store_imported_kind kind, const char *key) {
    mw_mem *m = mw_mem_of(s);
    mw_mem_imported row = {.tenant = tenant, .import = import, .kind = kind};
    (void)snprintf(row.key, sizeof row.key, "%s", key);
    return mw_mem_add(m, &m->now.imported, &row);
}

static mw_status imported(mw_store *s, int64_t tenant, int64_t import, mw_store_on_imported each,
                          void *ctx) {
    MW_MEM_EACH(mw_mem_imported, r, mw_mem_of(s)->now.imported)
    if (r->tenant == tenant && r->import == import)
        MW_TRY(each(ctx, r->kind, r->key));
    return MW_OK;
}

/* --- taking back master data ----------------------------------------------------------------- */

static mw_status device_by_serial(mw_store *s, int64_t tenant, const char *serial,
                                  mw_store_device *out_device) {
    const mw_store_device *found = NULL;
    MW_MEM_EACH(mw_mem_owned, d, mw_mem_of(s)->now.devices) {
        if (d->tenant != tenant || strcmp(d->u.device.serial, serial) != 0)
            continue;
        if (found != NULL)
            return MW_CONFLICT;
        found = &d->u.device;
    }
    if (found == NULL)
        return MW_NOT_FOUND;
    *out_device = *found;
    return MW_OK;
}

static bool channel_has_data(mw_mem *m, int64_t tenant, int64_t channel) {
    bool has = false;
#define HAS(type, list)                                                                            \
    MW_MEM_EACH(type, r_, m->now.list)                                                             \
    has = has || (r_->tenant == tenant && r_->channel == channel)
    HAS(mw_mem_report, reports);
    HAS(mw_store_register, registers);
    HAS(mw_store_revision, revisions);
    HAS(mw_store_lock, locks);
#undef HAS
    return has;
}

static void channel_drop(mw_mem *m, int64_t tenant, int64_t channel) {
#define DROP(type, list, of)                                                                       \
    MW_MEM_DROP(type, r_, m->now.list, r_->tenant == tenant && r_->of == channel)
    DROP(mw_mem_owned, specs, u.spec.channel);
    DROP(mw_mem_factor, factors, row.channel);
    DROP(mw_mem_owned, marks, u.mark.channel);
    DROP(mw_mem_class, classes, channel);
    DROP(mw_store_source, sources, channel);
    DROP(mw_store_vee_meter, vee_meters, channel);
    DROP(mw_mem_installation, installations, row.channel);
    DROP(mw_store_change, changes, channel);
#undef DROP
}

static mw_status device_remove(mw_store *s, int64_t tenant, int64_t device) {
    mw_mem *m = mw_mem_of(s);
    size_t before = m->now.devices.n;
    MW_MEM_EACH(mw_store_event, e, m->now.events)
    if (e->tenant == tenant && e->device == device)
        return MW_STATE;
    MW_MEM_EACH(mw_mem_owned, c, m->now.channels)
    if (c->tenant == tenant && c->u.channel.device == device &&
        channel_has_data(m, tenant, c->u.channel.channel))
        return MW_STATE;
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_EACH(mw_mem_owned, c, m->now.channels)
    if (c->tenant == tenant && c->u.channel.device == device)
        channel_drop(m, tenant, c->u.channel.channel);
    MW_MEM_DROP(mw_mem_config, c, m->now.configs, c->tenant == tenant && c->row.device == device);
    MW_MEM_DROP(mw_mem_owned, c, m->now.channels,
                c->tenant == tenant && c->u.channel.device == device);
    MW_MEM_DROP(mw_mem_owned, d, m->now.devices,
                d->tenant == tenant && d->u.device.device == device);
    return m->now.devices.n < before ? MW_OK : MW_NOT_FOUND;
}

static mw_status usage_point_remove(mw_store *s, int64_t tenant, const char *id) {
    mw_mem *m = mw_mem_of(s);
    size_t before = m->now.points.n;
    MW_MEM_EACH(mw_mem_installation, i, m->now.installations)
    if (i->tenant == tenant && strcmp(i->row.usage_point, id) == 0)
        return MW_STATE;
    MW_MEM_EACH(mw_mem_contract, c, m->now.contracts)
    if (c->tenant == tenant && strcmp(c->row.usage_point, id) == 0)
        return MW_STATE;
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_DROP(mw_mem_point, p, m->now.points, p->tenant == tenant && strcmp(p->row.id, id) == 0);
    return m->now.points.n < before ? MW_OK : MW_NOT_FOUND;
}

static mw_status person_remove(mw_store *s, int64_t tenant, const char *id) {
    mw_mem *m = mw_mem_of(s);
    size_t before = m->now.people.n;
    MW_MEM_EACH(mw_mem_point, p, m->now.points)
    if (p->tenant == tenant && strcmp(p->row.person, id) == 0)
        return MW_STATE;
    MW_MEM_EACH(mw_mem_account, a, m->now.accounts)
    if (a->tenant == tenant && strcmp(a->row.person, id) == 0)
        return MW_STATE;
    MW_MEM_EACH(mw_store_user, u, m->now.users)
    if (u->tenant == tenant && strcmp(u->person, id) == 0)
        return MW_STATE;
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_DROP(mw_mem_person, p, m->now.people, p->tenant == tenant && strcmp(p->row.id, id) == 0);
    return m->now.people.n < before ? MW_OK : MW_NOT_FOUND;
}

static bool came_with(const mw_store_register *r, int64_t tenant, int64_t from, int64_t to) {
    return r->tenant == tenant && r->journal >= from && r->journal <= to;
}

static mw_status registers_remove(mw_store *s, int64_t tenant, int64_t from, int64_t to) {
    mw_mem *m = mw_mem_of(s);
    if (!m->in_transaction)
        return MW_STATE;
    for (;;) {
        mw_store_change c = {.tenant = tenant, .layer = MW_LAYER_RAW};
        MW_MEM_EACH(mw_store_register, r, m->now.registers) {
            if (!came_with(r, tenant, from, to) || (c.channel != 0 && c.channel != r->channel))
                continue;
            if (c.channel == 0 || r->meter.us < c.from.us)
                c.from = r->meter;
            if (c.channel == 0 || r->meter.us >= c.to.us)
                c.to = mw_utc_add(r->meter, mw_dur_s(1));
            c.channel = r->channel;
        }
        if (c.channel == 0)
            return MW_OK;
        MW_MEM_DROP(mw_store_register, r, m->now.registers,
                    came_with(r, tenant, from, to) && r->channel == c.channel);
        MW_TRY(mw_mem_change(m, &c));
    }
}

/* --- snapshots ------------------------------------------------------------------------------- */

static mw_status snapshot_add(mw_store *s, const mw_store_snapshot *row, int64_t *out_id) {
    mw_mem *m = mw_mem_of(s);
    int64_t newest = 0;
    if (row->from.us >= row->to.us || row->content.n > MW_STORE_SNAPSHOT_MAX)
        return MW_RANGE;
    MW_MEM_EACH(mw_store_snapshot, o, m->now.snapshots)
    if (o->tenant == row->tenant && o->channel == row->channel && o->from.us == row->from.us &&
        o->to.us == row->to.us)
        newest = o->id;
    if (newest != row->corrects)
        return MW_STATE;
    mw_store_snapshot own = *row;
    own.id = (int64_t)m->now.snapshots.n + 1;
    own.content.p = mw_mem_keep(m, row->content.p, row->content.n);
    MW_TRY(mw_mem_add(m, &m->now.snapshots, &own));
    *out_id = own.id;
    return MW_OK;
}

static mw_status snapshots(mw_store *s, int64_t tenant, int64_t channel, int64_t before,
                           uint32_t limit, mw_store_on_snapshot each, void *ctx) {
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    MW_MEM_EACH_BACK(mw_store_snapshot, r, mw_mem_of(s)->now.snapshots)
    if (r->tenant == tenant && (channel == 0 || r->channel == channel) &&
        (before == 0 || r->id < before) && limit > 0) {
        limit--;
        MW_TRY(each(ctx, r));
    }
    return MW_OK;
}

void mw_mem_file_ops(mw_store_ops *ops) {
    ops->mapping_put = mapping_put;
    ops->mapping_get = mapping_get;
    ops->mapping_delete = mapping_delete;
    ops->mappings = mappings;
    ops->import_add = import_add;
    ops->import_journal_set = import_journal_set;
    ops->import_get = import_get;
    ops->import_undone = import_undone;
    ops->imports = imports;
    ops->imported_add = imported_add;
    ops->imported = imported;
    ops->device_by_serial = device_by_serial;
    ops->device_remove = device_remove;
    ops->usage_point_remove = usage_point_remove;
    ops->person_remove = person_remove;
    ops->registers_remove = registers_remove;
    ops->snapshot_add = snapshot_add;
    ops->snapshots = snapshots;
}
