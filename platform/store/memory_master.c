/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory store: devices, channels, installations, registers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/store/memory_internal.h"

static mw_status device_put(mw_store *s, int64_t tenant, const mw_store_device *d,
                            int64_t *out_device) {
    mw_mem *m = mw_mem_of(s);
    mw_mem_owned row = {.tenant = tenant, .u.device = *d};
    MW_MEM_EACH(mw_mem_owned, old, m->now.devices)
    if (old->tenant == tenant && old->u.device.identity == d->identity) {
        row.u.device.device = *out_device = old->u.device.device;
        *old = row;
        return m->in_transaction ? MW_OK : MW_STATE;
    }
    row.u.device.device = 1;
    MW_MEM_EACH(mw_mem_owned, old, m->now.devices)
    row.u.device.device = old->u.device.device + 1; /* the last one is the highest */
    *out_device = row.u.device.device;
    return mw_mem_add(m, &m->now.devices, &row);
}

static mw_status channel_put(mw_store *s, int64_t tenant, const mw_store_channel *c,
                             int64_t *out_channel) {
    mw_mem *m = mw_mem_of(s);
    mw_mem_owned row = {.tenant = tenant, .u.channel = *c};
    if (row.u.channel.grid_seconds == 0)
        row.u.channel.grid_seconds = 3600;
    MW_MEM_EACH(mw_mem_owned, old, m->now.channels)
    if (old->tenant == tenant && old->u.channel.device == c->device &&
        old->u.channel.number == c->number) {
        row.u.channel.channel = *out_channel = old->u.channel.channel;
        row.u.channel.grid_seconds = old->u.channel.grid_seconds; /* channel_grid_set's */
        row.u.channel.grid_offset_s = old->u.channel.grid_offset_s;
        *old = row;
        return m->in_transaction ? MW_OK : MW_STATE;
    }
    row.u.channel.channel = 1;
    MW_MEM_EACH(mw_mem_owned, old, m->now.channels)
    row.u.channel.channel = old->u.channel.channel + 1;
    *out_channel = row.u.channel.channel;
    return mw_mem_add(m, &m->now.channels, &row);
}

static mw_status channels_newest(mw_store *s, int64_t after, uint32_t limit,
                                 mw_store_on_channel_newest each, void *ctx) {
    mw_mem *m = mw_mem_of(s);
    MW_MEM_EACH(mw_mem_owned, c, m->now.channels) {
        mw_store_channel_newest row = {.tenant = c->tenant,
                                       .channel = c->u.channel.channel,
                                       .device = c->u.channel.device,
                                       .newest = MW_UTC_NONE};
        if (row.channel <= after || limit-- == 0)
            continue;
        MW_MEM_EACH(mw_store_register, r, m->now.registers)
        if (r->channel == row.channel && memcmp(r->obis, c->u.channel.obis, 6) == 0 &&
            (mw_utc_is_none(row.newest) || r->meter.us > row.newest.us))
            row.newest = r->meter;
        MW_TRY(each(ctx, &row));
    }
    return MW_OK;
}

/* --- installations ----------------------------------------------------------------------------- */

static bool same_installation(const mw_store_installation *a, const mw_store_installation *b) {
    return a->from.us == b->from.us && a->to.us == b->to.us &&
           strcmp(a->usage_point, b->usage_point) == 0 &&
           a->has_initial_value == b->has_initial_value &&
           a->has_final_value == b->has_final_value &&
           (!a->has_initial_value || a->initial_value == b->initial_value) &&
           (!a->has_final_value || a->final_value == b->final_value);
}

static mw_status installations_set(mw_store *s, int64_t tenant, int64_t channel,
                                   const mw_store_installation *rows, size_t n, mw_utc recorded) {
    mw_mem *m = mw_mem_of(s);
    bool stays[MW_STORE_INSTALLATIONS_MAX] = {false};
    if (!m->in_transaction)
        return MW_STATE;
    for (size_t i = 0; i < n; i++) {
        bool open = mw_utc_is_none(rows[i].to);
        if ((!open && rows[i].to.us <= rows[i].from.us) ||
            (i + 1 < n && (open || rows[i].to.us > rows[i + 1].from.us)))
            return MW_RANGE;
    }
    MW_MEM_EACH(mw_mem_installation, old, m->now.installations) {
        if (old->tenant != tenant || old->row.channel != channel ||
            !mw_utc_is_none(old->superseded))
            continue;
        bool found = false;
        for (size_t k = 0; k < n && !found; k++) {
            found = same_installation(&old->row, &rows[k]);
            stays[k] = stays[k] || found;
        }
        if (!found)
            old->superseded = recorded;
    }
    for (size_t k = 0; k < n; k++) {
        mw_mem_installation row = {.tenant = tenant, .row = rows[k], .superseded = MW_UTC_NONE};
        row.row.channel = channel;
        row.row.recorded = recorded;
        if (!stays[k])
            MW_TRY(mw_mem_add(m, &m->now.installations, &row));
    }
    return MW_OK;
}

static int installation_order(const void *pa, const void *pb) {
    const mw_store_installation *a = pa, *b = pb;
    if (a->from.us != b->from.us)
        return a->from.us < b->from.us ? -1 : 1;
    return (a->channel > b->channel) - (a->channel < b->channel);
}

static mw_status installations(mw_store *s, const mw_store_installation_query *q,
                               mw_store_on_installation each, void *ctx) {
    mw_mem *m = mw_mem_of(s);
    mw_store_installation *list = calloc(m->now.installations.n + 1, sizeof *list);
    size_t n = 0;
    if (list == NULL)
        return MW_NOMEM;
    MW_MEM_EACH(mw_mem_installation, i, m->now.installations) {
        bool now = mw_utc_is_none(q->as_of);
        bool known = now ? mw_utc_is_none(i->superseded)
                         : i->row.recorded.us <= q->as_of.us &&
                               (mw_utc_is_none(i->superseded) || i->superseded.us > q->as_of.us);
        bool wanted = q->channel != 0 ? i->row.channel == q->channel
                                      : strcmp(i->row.usage_point, q->usage_point) == 0;
        if (i->tenant == q->tenant && known && wanted)
            list[n++] = i->row;
    }
    qsort(list, n, sizeof *list, installation_order);
    mw_status status = MW_OK;
    for (size_t i = 0; i < n && status == MW_OK; i++)
        status = each(ctx, &list[i]);
    free(list);
    return status;
}

/* --- registers --------------------------------------------------------------------------------- */

static mw_status register_append(mw_store *s, const mw_store_register *r) {
    mw_mem *m = mw_mem_of(s);
    mw_store_register row = *r;
    row.id = 1;
    MW_MEM_EACH(mw_store_register, old, m->now.registers)
    row.id = old->id + 1; /* the last one is the highest */
    return mw_mem_add(m, &m->now.registers, &row);
}

static mw_status feed(mw_store *s, int64_t tenant, int64_t after, uint32_t limit,
                      mw_store_on_register each, void *ctx) {
    MW_MEM_EACH(mw_store_register, r, mw_mem_of(s)->now.registers)
    if (r->tenant == tenant && r->id > after && limit-- > 0)
        MW_TRY(each(ctx, r));
    return MW_OK;
}

static bool of_register(const mw_store_register *r, int64_t tenant, int64_t channel,
                        const uint8_t obis[6]) {
    return r->tenant == tenant && r->channel == channel && memcmp(r->obis, obis, 6) == 0;
}

static mw_status registers_between(mw_store *s, int64_t tenant, int64_t channel,
                                   const uint8_t obis[6], mw_utc from, mw_utc to,
                                   mw_store_on_reading each, void *ctx) {
    mw_mem_list *l = &mw_mem_of(s)->now.registers;
    int64_t last = INT64_MIN, last_id = 0;
    for (;;) { /* the least after the last one */
        const mw_store_register *least = NULL;
        MW_MEM_EACH(mw_store_register, r, *l)
        if (of_register(r, tenant, channel, obis) && r->meter.us >= from.us &&
            r->meter.us <= to.us &&
            (r->meter.us > last || (r->meter.us == last && r->id > last_id)) &&
            (least == NULL || r->meter.us < least->meter.us))
            least = r;
        if (least == NULL)
            return MW_OK;
        last = least->meter.us;
        last_id = least->id;
        MW_TRY(each(ctx, least));
    }
}

static mw_status registers_around(mw_store *s, int64_t tenant, int64_t channel,
                                  const uint8_t obis[6], mw_utc from, mw_utc to,
                                  mw_store_on_reading each, void *ctx) {
    const mw_store_register *before = NULL, *after = NULL;
    MW_MEM_EACH(mw_store_register, r, mw_mem_of(s)->now.registers) {
        if (!of_register(r, tenant, channel, obis))
            continue;
        if (r->meter.us < from.us && (before == NULL || r->meter.us > before->meter.us))
            before = r;
        if (r->meter.us > to.us && (after == NULL || r->meter.us < after->meter.us))
            after = r;
    }
    if (before != NULL)
        MW_TRY(each(ctx, before));
    return after == NULL ? MW_OK : each(ctx, after);
}

static mw_status register_spec_put(mw_store *s, int64_t tenant, const mw_store_register_spec *r) {
    mw_mem *m = mw_mem_of(s);
    mw_mem_owned row = {.tenant = tenant, .u.spec = *r};
    if (r->digits > 18 || r->decimals > 18 || r->wrap < 0 || r->max_per_hour < 0)
        return MW_RANGE;
    return mw_mem_add(m, &m->now.specs, &row);
}

static mw_status register_spec_at(mw_store *s, int64_t tenant, int64_t channel, mw_utc at,
                                  mw_store_register_spec *out_spec) {
    const mw_store_register_spec *found = NULL;
    MW_MEM_EACH(mw_mem_owned, r, mw_mem_of(s)->now.specs)
    if (r->tenant == tenant && r->u.spec.channel == channel && r->u.spec.from.us <= at.us &&
        (found == NULL || r->u.spec.from.us >= found->from.us))
        found = &r->u.spec;
    if (found == NULL)
        return MW_NOT_FOUND;
    *out_spec = *found;
    return MW_OK;
}

static mw_status register_mark_put(mw_store *s, int64_t tenant, const mw_store_register_mark *k) {
    mw_mem *m = mw_mem_of(s);
    mw_mem_owned row = {.tenant = tenant, .u.mark = *k};
    MW_MEM_EACH(mw_mem_owned, old, m->now.marks)
    if (old->tenant == tenant && old->u.mark.channel == k->channel &&
        old->u.mark.at.us == k->at.us) {
        *old = row;
        return MW_OK;
    }
    return mw_mem_add(m, &m->now.marks, &row);
}

static mw_status register_marks(mw_store *s, int64_t tenant, int64_t channel, mw_utc from,
                                mw_utc to, mw_store_on_register_mark each, void *ctx) {
    for (int64_t last = from.us;;) {
        const mw_store_register_mark *least = NULL;
        MW_MEM_EACH(mw_mem_owned, k, mw_mem_of(s)->now.marks)
        if (k->tenant == tenant && k->u.mark.channel == channel && k->u.mark.at.us > last &&
            k->u.mark.at.us <= to.us && (least == NULL || k->u.mark.at.us < least->at.us))
            least = &k->u.mark;
        if (least == NULL)
            return MW_OK;
        last = least->at.us;
        MW_TRY(each(ctx, least));
    }
}

void mw_mem_master_ops(mw_store_ops *ops) {
    ops->device_put = device_put;
    ops->channel_put = channel_put;
    ops->channels_newest = channels_newest;
    ops->installations_set = installations_set;
    ops->installations = installations;
    ops->register_append = register_append;
    ops->feed = feed;
    ops->registers_between = registers_between;
    ops->registers_around = registers_around;
    ops->register_spec_put = register_spec_put;
    ops->register_spec_at = register_spec_at;
    ops->register_mark_put = register_mark_put;
    ops->register_marks = register_marks;
}
