/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory store: small texts and counters, what was refused at the door, what decoding found.
 */
#include <stdio.h>
#include <string.h>

#include "platform/store/content.h"
#include "platform/store/memory_internal.h"

/* --- texts and counters ------------------------------------------------------------------------ */

static int meta_order(const void *pa, const void *pb) {
    const mw_mem_meta *a = pa, *b = pb;
    return strcmp(a->name, b->name);
}

static mw_status meta_put(mw_store *s, const char *name, const char *value) {
    mw_mem *m = mw_mem_of(s);
    mw_mem_meta row = {0};
    if (strlen(value) >= sizeof row.value || strlen(name) >= sizeof row.name)
        return MW_RANGE;
    (void)snprintf(row.name, sizeof row.name, "%s", name);
    (void)snprintf(row.value, sizeof row.value, "%s", value);
    return mw_mem_put(m, &m->now.metas, &row, meta_order);
}

static mw_status meta_get(mw_store *s, const char *name, mw_span out_text) {
    MW_MEM_EACH(mw_mem_meta, r, mw_mem_of(s)->now.metas)
    if (strcmp(r->name, name) == 0) {
        size_t n = strlen(r->value);
        if (n >= out_text.n)
            return MW_SPACE;
        memcpy(out_text.p, r->value, n + 1);
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

static int count_order(const void *pa, const void *pb) {
    const mw_mem_count *a = pa, *b = pb;
    int c = MW_MEM_CMP(a->tenant, b->tenant);
    if (c == 0)
        c = strcmp(a->name, b->name);
    return c != 0 ? c : MW_MEM_CMP(a->hour, b->hour);
}

static mw_status count_one(mw_mem *m, int64_t tenant, const char *name, int64_t hour, int64_t n) {
    mw_mem_count row = {.tenant = tenant, .hour = hour, .value = n};
    if (strlen(name) >= sizeof row.name)
        return MW_RANGE;
    (void)snprintf(row.name, sizeof row.name, "%s", name);
    MW_MEM_EACH(mw_mem_count, c, m->now.counted)
    if (count_order(c, &row) == 0)
        row.value += c->value;
    return mw_mem_put(m, &m->now.counted, &row, count_order);
}

static mw_status count_add(mw_store *s, int64_t tenant, const char *name, mw_utc at, int64_t n) {
    mw_mem *m = mw_mem_of(s);
    MW_TRY(count_one(m, tenant, name, MW_MEM_ALL_HOURS, n));
    return count_one(m, tenant, name, mw_utc_floor_s(at) / 3600, n);
}

static mw_status counts(mw_store *s, int64_t tenant, mw_store_on_count each, void *ctx) {
    MW_MEM_EACH(mw_mem_count, c, mw_mem_of(s)->now.counted)
    if (c->tenant == tenant && c->hour == MW_MEM_ALL_HOURS)
        MW_TRY(each(ctx, c->name, c->value));
    return MW_OK;
}

/* No other handle can write. */
static mw_status data_version(mw_store *s, int64_t *out_version) {
    (void)s;
    *out_version = 0;
    return MW_OK;
}

/* --- refused ----------------------------------------------------------------------------------- */

static mw_status quarantine_append(mw_store *s, const mw_store_quarantined *q) {
    mw_mem *m = mw_mem_of(s);
    mw_store_quarantined row = *q;
    MW_MEM_EACH(mw_store_quarantined, o, m->now.quarantined)
    if (o->tenant == q->tenant && o->sender == q->sender && o->epoch == q->epoch &&
        o->seq == q->seq && mw_slice_equal(o->content, q->content))
        return m->in_transaction ? MW_OK : MW_STATE;
    row.id = (int64_t)m->now.quarantined.n + 1;
    row.content.p = mw_mem_keep(m, q->content.p, q->content.n);
    row.reason = mw_mem_keep(m, q->reason, strlen(q->reason) + 1);
    return mw_mem_add(m, &m->now.quarantined, &row);
}

static mw_status quarantine_list(mw_store *s, int64_t tenant, int64_t before, uint32_t limit,
                                 mw_store_on_quarantined each, void *ctx) {
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    MW_MEM_EACH_BACK(mw_store_quarantined, q, mw_mem_of(s)->now.quarantined)
    if (q->tenant == tenant && (before == 0 || q->id < before) && limit > 0) {
        limit--;
        MW_TRY(each(ctx, q));
    }
    return MW_OK;
}

/* --- frames and who heard them ----------------------------------------------------------------- */

static mw_status frame_accept(mw_store *s, const mw_store_frame *f, mw_store_frame *out_first) {
    mw_mem *m = mw_mem_of(s);
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_EACH(mw_store_frame, o, m->now.frames)
    if (o->tenant == f->tenant && o->device == f->device && o->key_epoch == f->key_epoch &&
        o->counter == f->counter) {
        *out_first = *o;
        return MW_OK;
    }
    MW_TRY(mw_mem_add(m, &m->now.frames, f));
    *out_first = *f;
    return MW_OK;
}

static int reception_order(const void *pa, const void *pb) {
    const mw_store_reception *a = pa, *b = pb;
    int c = MW_MEM_CMP(a->journal, b->journal);
    if (c == 0)
        c = MW_MEM_CMP(a->tenant, b->tenant);
    return c != 0 ? c : MW_MEM_CMP(a->device, b->device);
}

static mw_status reception_append(mw_store *s, const mw_store_reception *r) {
    mw_mem *m = mw_mem_of(s);
    MW_MEM_EACH(mw_store_reception, o, m->now.received)
    if (reception_order(o, r) == 0)
        return m->in_transaction ? MW_OK : MW_STATE;
    return mw_mem_put(m, &m->now.received, r, reception_order);
}

const mw_store_envelope *mw_mem_journal(mw_mem *m, int64_t id) {
    MW_MEM_EACH(mw_store_envelope, e, m->now.journal)
    if (e->id == id)
        return e;
    return NULL;
}

static void text_of(mw_slice content, const char *name, char *out, size_t size) {
    mw_slice text = mw_content_text(content, name);
    (void)snprintf(out, size, "%.*s", (int)text.n, text.n == 0 ? "" : (const char *)text.p);
}

/* What the journal says of a hearing. */
static bool reception_fill(mw_mem *m, const mw_store_reception *kept, mw_store_reception *out) {
    const mw_store_envelope *e = mw_mem_journal(m, kept->journal);
    const mw_mem_sender *sender = e == NULL ? NULL : mw_mem_sender_find(m, e->sender);
    if (sender == NULL)
        return false;
    mw_slice content = mw_mem_forgotten(m, e->id) ? (mw_slice){NULL, 0} : e->content;
    *out = (mw_store_reception){.tenant = kept->tenant,
                                .device = kept->device,
                                .journal = kept->journal,
                                .received = e->received,
                                .stored = e->stored,
                                .frequency_mhz = mw_content_number(content, "frequency_mhz"),
                                .level_cdbm = (int32_t)mw_content_number(content, "level_cdbm"),
                                .snr_cdb = (int32_t)mw_content_number(content, "snr_cdb"),
                                .counter = kept->counter,
                                .duplicate = kept->duplicate};
    (void)snprintf(out->sender, sizeof out->sender, "%s", sender->row.id);
    out->bytes = (uint16_t)(mw_content_text(content, "payload").n / 2);
    text_of(content, "rate", out->rate, sizeof out->rate);
    text_of(content, "size", out->size, sizeof out->size);
    return true;
}

static mw_status receptions(mw_store *s, int64_t tenant, int64_t device, int64_t before,
                            uint32_t limit, mw_store_on_reception each, void *ctx) {
    mw_mem *m = mw_mem_of(s);
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    MW_MEM_EACH_BACK(mw_store_reception, r, m->now.received) {
        mw_store_reception row;
        if (r->tenant != tenant || r->device != device || (before != 0 && r->journal >= before) ||
            limit == 0 || !reception_fill(m, r, &row))
            continue;
        limit--;
        MW_TRY(each(ctx, &row));
    }
    return MW_OK;
}

static mw_status hearings(mw_store *s, int64_t after, uint32_t limit, mw_store_on_hearing each,
                          void *ctx) {
    mw_mem *m = mw_mem_of(s);
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    MW_MEM_EACH(mw_store_reception, r, m->now.received) {
        const mw_store_envelope *e = mw_mem_journal(m, r->journal);
        if (e == NULL || r->journal <= after || limit == 0)
            continue;
        mw_store_hearing row = {r->tenant, r->device, e->sender, r->journal, e->received};
        limit--;
        MW_TRY(each(ctx, &row));
    }
    return MW_OK;
}

/* --- states of devices ------------------------------------------------------------------------- */

const mw_store_device_state *mw_mem_state_find(mw_mem *m, int64_t tenant, int64_t device) {
    MW_MEM_EACH(mw_store_device_state, d, m->now.states)
    if (d->tenant == tenant && d->device == device)
        return d;
    return NULL;
}

static mw_status device_state_get(mw_store *s, int64_t tenant, int64_t device,
                                  mw_store_device_state *out_state) {
    const mw_store_device_state *d = mw_mem_state_find(mw_mem_of(s), tenant, device);
    if (d == NULL)
        return MW_NOT_FOUND;
    *out_state = *d;
    return MW_OK;
}

static int state_order(const void *pa, const void *pb) {
    const mw_store_device_state *a = pa, *b = pb;
    return a->tenant != b->tenant ? MW_MEM_CMP(a->tenant, b->tenant)
                                  : MW_MEM_CMP(a->device, b->device);
}

static mw_status device_state_put(mw_store *s, const mw_store_device_state *d) {
    mw_mem *m = mw_mem_of(s);
    mw_store_device_state own = *d;
    own.clock_offset_ms = d->has_clock_offset ? d->clock_offset_ms : 0;
    return mw_mem_put(m, &m->now.states, &own, state_order);
}

static mw_status failure_add(mw_store *s, int64_t tenant, uint32_t address, mw_utc at, int64_t n,
                             int64_t *out_in_hour) {
    mw_mem *m = mw_mem_of(s);
    mw_mem_failure own = {
        .tenant = tenant, .address = address, .hour = mw_utc_floor_s(at) / 3600, .value = n};
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_EACH(mw_mem_failure, f, m->now.failed)
    if (f->tenant == tenant && f->address == address && f->hour == own.hour) {
        f->value += n;
        *out_in_hour = f->value;
        return MW_OK;
    }
    *out_in_hour = n;
    return n == 0 ? MW_OK : mw_mem_add(m, &m->now.failed, &own);
}

static int health_order(const void *pa, const void *pb) {
    const mw_store_health *a = pa, *b = pb;
    int c = MW_MEM_CMP(a->journal, b->journal);
    if (c == 0)
        c = MW_MEM_CMP(a->tenant, b->tenant);
    return c != 0 ? c : MW_MEM_CMP(a->device, b->device);
}

static mw_status health_append(mw_store *s, const mw_store_health *h) {
    mw_mem *m = mw_mem_of(s);
    mw_store_health own = *h;
    own.temperature_dc = h->has_temperature ? h->temperature_dc : (int16_t)0;
    own.drift_dppm = h->has_drift ? h->drift_dppm : (int16_t)0;
    MW_MEM_EACH(mw_store_health, o, m->now.health)
    if (health_order(o, h) == 0)
        return m->in_transaction ? MW_OK : MW_STATE;
    return mw_mem_put(m, &m->now.health, &own, health_order);
}

static mw_status health_list(mw_store *s, int64_t tenant, int64_t device, int64_t before,
                             uint32_t limit, mw_store_on_health each, void *ctx) {
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    MW_MEM_EACH_BACK(mw_store_health, h, mw_mem_of(s)->now.health)
    if (h->tenant == tenant && h->device == device && (before == 0 || h->journal < before) &&
        limit > 0) {
        limit--;
        MW_TRY(each(ctx, h));
    }
    return MW_OK;
}

/* --- registers --------------------------------------------------------------------------------- */

const mw_store_register *mw_mem_newest(mw_mem *m, int64_t tenant, int64_t channel,
                                       const uint8_t obis[6]) {
    const mw_store_register *newest = NULL;
    MW_MEM_EACH(mw_store_register, r, m->now.registers)
    if (r->tenant == tenant && r->channel == channel && memcmp(r->obis, obis, 6) == 0 &&
        (newest == NULL || r->meter.us >= newest->meter.us))
        newest = r;
    return newest;
}

static mw_status registers(mw_store *s, int64_t tenant, int64_t channel, int64_t before,
                           uint32_t limit, mw_store_on_register each, void *ctx) {
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    MW_MEM_EACH_BACK(mw_store_register, r, mw_mem_of(s)->now.registers)
    if (r->tenant == tenant && r->channel == channel && (before == 0 || r->id < before) &&
        limit > 0) {
        limit--;
        MW_TRY(each(ctx, r));
    }
    return MW_OK;
}

static mw_status registers_newest(mw_store *s, int64_t tenant, int64_t channel,
                                  mw_store_on_register each, void *ctx) {
    mw_mem *m = mw_mem_of(s);
    const mw_store_register *last = NULL;
    for (;;) { /* the least code after the last one */
        const mw_store_register *next = NULL;
        MW_MEM_EACH(mw_store_register, r, m->now.registers)
        if (r->tenant == tenant && r->channel == channel &&
            (last == NULL || memcmp(r->obis, last->obis, 6) > 0) &&
            (next == NULL || memcmp(r->obis, next->obis, 6) < 0))
            next = r;
        if (next == NULL)
            return MW_OK;
        last = mw_mem_newest(m, tenant, channel, next->obis);
        MW_TRY(each(ctx, last));
    }
}

static mw_status registers_all(mw_store *s, int64_t tenant, mw_utc from, mw_utc to,
                               mw_store_on_register each, void *ctx) {
    mw_mem *m = mw_mem_of(s);
    for (int64_t channel = INT64_MIN;;) {
        int64_t next = INT64_MAX;
        MW_MEM_EACH(mw_store_register, r, m->now.registers)
        if (r->tenant == tenant && r->channel > channel && r->channel < next)
            next = r->channel;
        if (next == INT64_MAX)
            return MW_OK;
        channel = next;
        MW_MEM_EACH(mw_store_register, r, m->now.registers)
        if (r->tenant == tenant && r->channel == channel && r->meter.us >= from.us &&
            r->meter.us < to.us)
            MW_TRY(each(ctx, r));
    }
}

/* --- decoding again ---------------------------------------------------------------------------- */

static bool imported(mw_mem *m, int64_t tenant, int64_t channel) {
    MW_MEM_EACH(mw_store_revision, r, m->now.revisions)
    if (r->tenant == tenant && r->channel == channel && r->reason == MW_REASON_IMPORT)
        return true;
    return false;
}

static mw_status derived_clear(mw_store *s) {
    mw_mem *m = mw_mem_of(s);
    mw_mem_list *const all[] = {&m->now.frames,       &m->now.received,   &m->now.states,
                                &m->now.hears,        &m->now.failed,     &m->now.registers,
                                &m->now.events,       &m->now.reports,    &m->now.conflicts,
                                &m->now.health,       &m->now.vee_meters, &m->now.choices,
                                &m->now.facts,        &m->now.told,       &m->now.foreign_states,
                                &m->now.foreign_mail, &m->now.changes};
    if (!m->in_transaction)
        return MW_STATE;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        all[i]->n = 0;
    MW_MEM_DROP(mw_mem_sign, a, m->now.signs, a->row.from_decode);
    MW_MEM_DROP(mw_mem_count, c, m->now.counted, strncmp(c->name, "decode.", 7) == 0);
    MW_MEM_EACH(mw_mem_name, c, m->now.cursors)
    if (strncmp(c->name, "follow/", 7) == 0)
        c->at = 0;
    MW_MEM_EACH(mw_mem_owned, c, m->now.channels)
    if (!imported(m, c->tenant, c->u.channel.channel)) {
        c->u.channel.grid_seconds = 3600;
        c->u.channel.grid_offset_s = 0;
    }
    return MW_OK;
}

void mw_mem_decode_ops(mw_store_ops *ops) {
    ops->meta_put = meta_put;
    ops->meta_get = meta_get;
    ops->count_add = count_add;
    ops->counts = counts;
    ops->data_version = data_version;
    ops->quarantine_append = quarantine_append;
    ops->quarantine_list = quarantine_list;
    ops->frame_accept = frame_accept;
    ops->reception_append = reception_append;
    ops->receptions = receptions;
    ops->hearings = hearings;
    ops->device_state_get = device_state_get;
    ops->device_state_put = device_state_put;
    ops->failure_add = failure_add;
    ops->health_append = health_append;
    ops->health_list = health_list;
    ops->registers = registers;
    ops->registers_newest = registers_newest;
    ops->registers_all = registers_all;
    ops->derived_clear = derived_clear;
}
