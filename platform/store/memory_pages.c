/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory store: what pages show of many meters. Every answer is made from the lists of the other
 * files.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "platform/store/memory_internal.h"

#define HOUR_OF(at) (mw_utc_floor_s(at) / 3600)

/* --- one meter --------------------------------------------------------------------------------- */

static void meter_place(mw_mem *m, int64_t tenant, mw_store_meter *out) {
    out->installation.from = out->installation.to = MW_UTC_NONE;
    MW_MEM_EACH(mw_mem_installation, i, m->now.installations) {
        if (i->tenant != tenant || i->row.channel != out->channel.channel ||
            !mw_utc_is_none(i->row.to) || !mw_utc_is_none(i->superseded))
            continue;
        out->installation.channel = i->row.channel;
        out->installation.from = i->row.from;
        out->installation.has_initial_value = i->row.has_initial_value;
        out->installation.initial_value = i->row.has_initial_value ? i->row.initial_value : 0;
        memcpy(out->channel.usage_point, i->row.usage_point, sizeof out->channel.usage_point);
    }
    memcpy(out->installation.usage_point, out->channel.usage_point,
           sizeof out->installation.usage_point);
    MW_MEM_EACH(mw_mem_point, p, m->now.points)
    if (p->tenant == tenant && strcmp(p->row.id, out->channel.usage_point) == 0)
        out->usage_point = p->row;
    MW_MEM_EACH(mw_mem_person, p, m->now.people)
    if (p->tenant == tenant && *out->usage_point.person != 0 &&
        strcmp(p->row.id, out->usage_point.person) == 0)
        out->person = p->row;
}

static void meter_fill(mw_mem *m, const mw_mem_owned *c, mw_store_meter *out) {
    const mw_store_channel *k = &c->u.channel;
    const mw_store_register *r = mw_mem_newest(m, c->tenant, k->channel, k->obis);
    const mw_store_device_state *state = mw_mem_state_find(m, c->tenant, k->device);
    memset(out, 0, sizeof *out);
    out->channel = *k;
    out->channel.usage_point[0] = 0;
    MW_MEM_EACH(mw_mem_owned, d, m->now.devices)
    if (d->u.device.device == k->device)
        out->device = d->u.device;
    out->device.device = k->device;
    meter_place(m, c->tenant, out);
    out->has_reading = r != NULL;
    out->reading_at = r == NULL ? MW_UTC_NONE : r->meter;
    out->reading_value = r == NULL ? 0 : r->value;
    out->state =
        (mw_store_device_state){.tenant = c->tenant, .device = k->device, .last_seen = MW_UTC_NONE};
    if (state != NULL)
        out->state = *state;
}

static mw_status meter_of_channel(mw_store *s, int64_t tenant, int64_t channel,
                                  mw_store_meter *out_meter) {
    mw_mem *m = mw_mem_of(s);
    MW_MEM_EACH(mw_mem_owned, c, m->now.channels)
    if (c->tenant == tenant && c->u.channel.channel == channel) {
        meter_fill(m, c, out_meter);
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

static mw_status meter_get(mw_store *s, int64_t tenant, uint64_t identity, uint8_t number,
                           mw_store_meter *out_meter) {
    mw_mem *m = mw_mem_of(s);
    mw_store_device d;
    MW_TRY(s->ops->device_get(s, tenant, identity, &d));
    MW_MEM_EACH(mw_mem_owned, c, m->now.channels)
    if (c->tenant == tenant && c->u.channel.device == d.device && c->u.channel.number == number) {
        meter_fill(m, c, out_meter);
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

/* --- the list of meters ------------------------------------------------------------------------ */

static int by_serial(const void *pa, const void *pb) {
    const mw_store_meter *a = pa, *b = pb;
    int c = strcmp(a->device.serial, b->device.serial);
    return c != 0 ? c : MW_MEM_CMP(a->channel.channel, b->channel.channel);
}

static int64_t seen_of(const mw_store_meter *a) {
    return mw_utc_is_none(a->state.last_seen) ? 0 : a->state.last_seen.us;
}

static int by_seen(const void *pa, const void *pb) {
    const mw_store_meter *a = pa, *b = pb;
    int c = -MW_MEM_CMP(seen_of(a), seen_of(b));
    return c != 0 ? c : MW_MEM_CMP(a->channel.channel, b->channel.channel);
}

static bool has(const char *text, const char *part) {
    size_t n = strlen(part);
    for (; *text != 0; text++)
        if (strncasecmp(text, part, n) == 0)
            return true;
    return n == 0;
}

static mw_status meter_wanted(mw_store *s, const mw_store_meter_query *q, const mw_store_meter *m,
                              bool *out_wanted) {
    char identity[20];
    (void)snprintf(identity, sizeof identity, "%016" PRIx64, m->device.identity);
    bool found = q->search == NULL || *q->search == 0 || has(m->device.serial, q->search) ||
                 has(m->channel.label, q->search) || has(m->usage_point.address, q->search) ||
                 has(m->person.name, q->search) || has(identity, q->search);
    if (q->medium != NULL && *q->medium != 0 && strcmp(q->medium, m->channel.medium) != 0)
        found = false;
    if (q->person != NULL &&
        (m->usage_point.id[0] == 0 || strcmp(q->person, m->usage_point.person) != 0))
        found = false;
    if (found && q->area != NULL)
        MW_TRY(s->ops->area_holds(s, q->tenant, q->area, m->usage_point.id, q->now, &found));
    *out_wanted = found;
    return MW_OK;
}

/* The meter that a cursor stands for, as far as its place in the order goes. */
static mw_status cursor_meter(const mw_store_meter_query *q, mw_store_meter *out) {
    char *end = NULL, *last = NULL;
    memset(out, 0, sizeof *out);
    out->channel.channel = strtoll(q->after, &end, 10);
    if (end == q->after || *end != ':' || strlen(end + 1) >= MW_STORE_SERIAL_MAX)
        return MW_SYNTAX;
    if (q->sort == MW_STORE_SORT_SERIAL) {
        (void)snprintf(out->device.serial, sizeof out->device.serial, "%s", end + 1);
        return MW_OK;
    }
    out->state.last_seen.us = -strtoll(end + 1, &last, 10);
    return last == end + 1 || *last != 0 ? MW_SYNTAX : MW_OK;
}

static mw_status meters_give(mw_store *s, const mw_store_meter_query *q, mw_store_meter *list,
                             mw_store_on_meter each, void *ctx, int64_t *out_total) {
    mw_mem *m = mw_mem_of(s);
    int (*order)(const void *, const void *) =
        q->sort == MW_STORE_SORT_SERIAL ? by_serial : by_seen;
    bool after = q->after != NULL && *q->after != 0;
    mw_store_meter cursor = {0};
    size_t n = 0;
    uint32_t given = 0;
    if (after)
        MW_TRY(cursor_meter(q, &cursor));
    MW_MEM_EACH(mw_mem_owned, c, m->now.channels) {
        bool wanted = false;
        if (c->tenant != q->tenant)
            continue;
        meter_fill(m, c, &list[n]);
        MW_TRY(meter_wanted(s, q, &list[n], &wanted));
        n += wanted;
    }
    qsort(list, n, sizeof *list, order);
    for (size_t i = 0; i < n && given < q->limit; i++)
        if (!after || order(&list[i], &cursor) > 0) {
            given++;
            MW_TRY(each(ctx, &list[i]));
        }
    *out_total = (int64_t)n;
    return MW_OK;
}

static mw_status meters(mw_store *s, const mw_store_meter_query *q, mw_store_on_meter each,
                        void *ctx, int64_t *out_total) {
    if (!mw_mem_limit_ok(q->limit))
        return MW_RANGE;
    mw_store_meter *list = calloc(mw_mem_of(s)->now.channels.n + 1, sizeof *list);
    if (list == NULL)
        return MW_NOMEM;
    mw_status status = meters_give(s, q, list, each, ctx, out_total);
    free(list);
    return status;
}

/* --- the fleet --------------------------------------------------------------------------------- */

typedef struct fleet {
    mw_store *s;
    int64_t tenant;
    mw_store_on_fleet_row each;
    void *ctx;
} fleet;

static mw_status fleet_row(void *ctx, const mw_store_meter *k) {
    const fleet *f = ctx;
    const char *premise = "";
    MW_MEM_EACH(mw_mem_point, p, mw_mem_of(f->s)->now.points)
    if (p->tenant == f->tenant && strcmp(p->row.id, k->channel.usage_point) == 0)
        premise = p->premise;
    mw_store_fleet_row row = {.channel = k->channel.channel,
                              .device = k->device.device,
                              .number = k->channel.number,
                              .identity = k->device.identity,
                              .serial = k->device.serial,
                              .model = k->device.model,
                              .medium = k->channel.medium,
                              .label = k->channel.label,
                              .usage_point = k->channel.usage_point,
                              .premise = premise,
                              .address = k->usage_point.address,
                              .person = k->person.name,
                              .last_seen = k->state.last_seen,
                              .level_cdbm = k->state.level_cdbm,
                              .snr_cdb = k->state.snr_cdb,
                              .status = k->state.status};
    return f->each(f->ctx, &row);
}

static mw_status fleet_rows(mw_store *s, int64_t tenant, mw_store_on_fleet_row each, void *ctx) {
    fleet f = {s, tenant, each, ctx};
    mw_store_meter_query q = {.tenant = tenant, .limit = MW_STORE_PAGE_MAX};
    int64_t total = 0;
    return meters(s, &q, fleet_row, &f, &total);
}

static int place_order(const void *pa, const void *pb) {
    const mw_store_place *a = pa, *b = pb;
    int c = MW_MEM_CMP(a->kind, b->kind);
    if (c == 0)
        c = strcmp(a->member, b->member);
    return c != 0 ? c : strcmp(a->area, b->area);
}

static mw_status places(mw_store *s, int64_t tenant, mw_utc at, mw_store_on_place each, void *ctx) {
    mw_mem *m = mw_mem_of(s);
    mw_store_place *list = calloc(m->now.members.n + 1, sizeof *list);
    mw_status status = MW_OK;
    size_t n = 0;
    if (list == NULL)
        return MW_NOMEM;
    MW_MEM_EACH(mw_mem_member, r, m->now.members)
    if (r->tenant == tenant && r->row.from.us <= at.us &&
        (mw_utc_is_none(r->row.to) || r->row.to.us > at.us))
        list[n++] = (mw_store_place){(int)r->row.kind, r->row.member, r->row.area};
    qsort(list, n, sizeof *list, place_order);
    for (size_t i = 0; i < n && status == MW_OK; i++)
        status = each(ctx, &list[i]);
    free(list);
    return status;
}

/* --- sums of days ------------------------------------------------------------------------------ */

static bool day_sum(mw_mem *m, int64_t tenant, int64_t channel, int64_t day,
                    mw_store_day_sum *out) {
    size_t n = mw_mem_folded_day(m, tenant, channel, day);
    *out = (mw_store_day_sum){.channel = channel, .intervals = (int64_t)n, .fits = true};
    for (size_t i = 0; i < n; i++) {
        out->fits = out->fits && !__builtin_add_overflow(out->sum, m->rows[i].value, &out->sum);
        out->quality |= m->rows[i].quality;
    }
    out->sum = out->fits ? out->sum : 0;
    return n > 0;
}

static mw_status day_sums(mw_store *s, int64_t tenant, int64_t day, mw_store_on_day_sum each,
                          void *ctx) {
    mw_mem *m = mw_mem_of(s);
    for (int64_t channel = INT64_MIN;;) {
        int64_t next = INT64_MAX;
        mw_store_day_sum row;
        MW_MEM_EACH(mw_mem_report, r, m->now.reports)
        if (r->tenant == tenant && r->day == day && r->folded && r->channel > channel &&
            r->channel < next)
            next = r->channel;
        if (next == INT64_MAX)
            return MW_OK;
        channel = next;
        if (day_sum(m, tenant, channel, day, &row))
            MW_TRY(each(ctx, &row));
    }
}

static mw_status add_day(void *ctx, const mw_store_day_sum *row) {
    mw_store_day_total *t = ctx;
    t->channels++;
    t->intervals += row->intervals;
    return MW_OK;
}

static mw_status day_total_read(mw_store *s, int64_t tenant, int64_t day,
                                mw_store_day_total *out_total) {
    *out_total = (mw_store_day_total){0};
    return day_sums(s, tenant, day, add_day, out_total);
}

typedef struct newest {
    mw_store_on_newest each;
    void *ctx;
} newest;

static mw_status newest_row(void *ctx, const mw_store_register *r) {
    const newest *x = ctx;
    mw_store_newest row = {.channel = r->channel, .meter = r->meter, .value = r->value};
    memcpy(row.obis, r->obis, sizeof row.obis);
    return x->each(x->ctx, &row);
}

static mw_status newest_values(mw_store *s, int64_t tenant, mw_store_on_newest each, void *ctx) {
    newest x = {each, ctx};
    for (int64_t channel = INT64_MIN;;) {
        int64_t next = INT64_MAX;
        MW_MEM_EACH(mw_store_register, r, mw_mem_of(s)->now.registers)
        if (r->tenant == tenant && r->channel > channel && r->channel < next)
            next = r->channel;
        if (next == INT64_MAX)
            return MW_OK;
        channel = next;
        MW_TRY(s->ops->registers_newest(s, tenant, channel, newest_row, &x));
    }
}

static mw_status peers(mw_store *s, int64_t tenant, int64_t channel, int64_t first, int64_t end,
                       int64_t stride, mw_store_on_peer each, void *ctx) {
    mw_mem *m = mw_mem_of(s);
    const mw_store_channel *own = NULL;
    unsigned homes = 1;
    if (first >= end || stride < 1)
        return MW_RANGE;
    MW_MEM_EACH(mw_mem_owned, c, m->now.channels)
    if (c->tenant == tenant && c->u.channel.channel == channel)
        own = &c->u.channel;
    MW_MEM_EACH(mw_mem_owned, c, m->now.channels) {
        const mw_store_channel *k = &c->u.channel;
        mw_store_peer row = {.own = k->channel == channel};
        if (own == NULL || c->tenant != tenant || strcmp(k->medium, own->medium) != 0 ||
            k->unit != own->unit || k->scale != own->scale ||
            k->channel / 1000 != own->channel / 1000 || (!row.own && homes >= MW_STORE_PEERS_MAX))
            continue;
        homes += !row.own;
        for (int64_t day = first; day < end; day += stride) {
            mw_store_day_sum sum;
            if (!day_sum(m, tenant, k->channel, day, &sum) || !sum.fits)
                continue;
            row.days++;
            row.sum += sum.sum;
        }
        if (row.days > 0)
            MW_TRY(each(ctx, &row));
    }
    return MW_OK;
}

/* --- the overview ------------------------------------------------------------------------------ */

static int64_t counter(mw_mem *m, int64_t tenant, const char *name, int64_t from, int64_t to) {
    int64_t n = 0;
    MW_MEM_EACH(mw_mem_count, c, m->now.counted)
    if (c->tenant == tenant && strcmp(c->name, name) == 0 && c->hour >= from && c->hour <= to)
        n += c->value;
    return n;
}

static int64_t whole(mw_mem *m, int64_t tenant, const char *name) {
    return counter(m, tenant, name, MW_MEM_ALL_HOURS, MW_MEM_ALL_HOURS);
}

static void overview_medium(mw_store_overview *o, const char *medium) {
    size_t i = 0;
    const size_t most = sizeof o->by_medium / sizeof o->by_medium[0];
    while (i < o->media && strcmp(o->by_medium[i].medium, medium) < 0)
        i++;
    if (i == o->media || strcmp(o->by_medium[i].medium, medium) != 0) {
        if (o->media == most)
            return;
        memmove(&o->by_medium[i + 1], &o->by_medium[i], (o->media - i) * sizeof o->by_medium[0]);
        memset(&o->by_medium[i], 0, sizeof o->by_medium[i]);
        (void)snprintf(o->by_medium[i].medium, sizeof o->by_medium[i].medium, "%s", medium);
        o->media++;
    }
    o->by_medium[i].count++;
}

/* Intervals that a channel did not report of a day, if it was heard by then. */
static int64_t missing(mw_mem *m, int64_t tenant, const mw_store_channel *k, int64_t day) {
    bool known = false;
    mw_store_day_sum sum;
    MW_MEM_EACH(mw_store_register, r, m->now.registers)
    if (r->tenant == tenant && r->channel == k->channel && memcmp(r->obis, k->obis, 6) == 0 &&
        r->meter.us <= day * MW_DAY_S * MW_US_PER_S)
        known = true;
    if (!known)
        return 0;
    (void)day_sum(m, tenant, k->channel, day, &sum);
    int64_t n = MW_DAY_S / k->grid_seconds - sum.intervals;
    return n > 0 ? n : 0;
}

static mw_status overview_get(mw_store *s, int64_t tenant, mw_utc now,
                              mw_store_overview *out_overview) {
    mw_mem *m = mw_mem_of(s);
    mw_store_overview o = {.uplinks_last_at = MW_UTC_NONE};
    int64_t day = mw_utc_floor_s(now) / MW_DAY_S - 2;
    MW_MEM_EACH(mw_mem_owned, c, m->now.channels) {
        const mw_store_device_state *d = mw_mem_state_find(m, tenant, c->u.channel.device);
        if (c->tenant != tenant)
            continue;
        o.meters_total++;
        o.heard_24h += d != NULL && !mw_utc_is_none(d->last_seen) &&
                       d->last_seen.us > now.us - MW_DAY_S * MW_US_PER_S;
        overview_medium(&o, c->u.channel.medium);
        o.missing_hours_24h += missing(m, tenant, &c->u.channel, day);
    }
    o.uplinks_received = whole(m, tenant, "uplinks.received");
    o.uplinks_duplicates = whole(m, tenant, "uplinks.duplicates");
    o.uplinks_quarantined = whole(m, tenant, "uplinks.quarantined");
    MW_MEM_EACH(mw_mem_sender, x, m->now.senders)
    if (x->row.tenant == tenant && !mw_utc_is_none(x->row.last_contact) &&
        (mw_utc_is_none(o.uplinks_last_at) || x->row.last_contact.us > o.uplinks_last_at.us))
        o.uplinks_last_at = x->row.last_contact;
    o.readings_24h = counter(m, tenant, "decode.readings", HOUR_OF(now) - 23, HOUR_OF(now));
    *out_overview = o;
    return MW_OK;
}

void mw_mem_page_ops(mw_store_ops *ops) {
    ops->meter_of_channel = meter_of_channel;
    ops->meter_get = meter_get;
    ops->meters = meters;
    ops->fleet_rows = fleet_rows;
    ops->places = places;
    ops->day_sums = day_sums;
    ops->day_total_read = day_total_read;
    ops->newest_values = newest_values;
    ops->peers = peers;
    ops->overview_get = overview_get;
}
