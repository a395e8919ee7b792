/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/api/bulk_exchange.h"

#include <stdio.h>
#include <string.h>

/* What is written goes out when it is this much: less than the queue of an export holds. */
#define FLUSH_BYTES ((size_t)64 * 1024)

typedef struct exchange {
    mw_store *store;
    const mw_bulk_query *query;
    mw_bulk_sink *sink;
    void *ctx;
    mw_zones *zones;
    mw_buffer out;
    mw_cim cim;
    mw_80020 x80020;
    mw_store_meter meter;
    unsigned left_out;
    const uint8_t *obis;
} exchange;

mw_exchange_series mw_exchange_series_of(const mw_store_meter *m, const mw_zone *zone,
                                         const char *zone_name, uint32_t interval_s) {
    mw_exchange_series s = {.serial = m->device.serial,
                            .usage_point = m->usage_point.id,
                            .name = m->channel.label[0] != 0 ? m->channel.label : m->channel.medium,
                            .address = m->usage_point.address,
                            .medium = m->channel.medium,
                            .unit = m->channel.unit,
                            .scale = m->channel.scale,
                            .interval_s = interval_s,
                            .zone_name = zone_name,
                            .zone = zone};
    mw_bytes_copy(s.obis, m->channel.obis, sizeof s.obis);
    return s;
}

mw_exchange_value mw_exchange_value_of(const mw_store_value *v) {
    return (mw_exchange_value){.start = v->interval.start,
                               .value = v->interval.value,
                               .flags = v->interval.quality,
                               .method = (mw_vee_method)v->method,
                               .stage = MW_STAGE_VALIDATED};
}

static mw_status flush(exchange *x, size_t from) {
    MW_TRY(x->out.status);
    if (x->out.n < from)
        return MW_OK;
    mw_status s = x->sink(x->ctx, mw_buffer_view(&x->out));
    mw_buffer_reset(&x->out);
    return s;
}

/* Where a channel stands has a zone, or the platform's day is UTC. */
static mw_status zone_of(exchange *x, const mw_zone **out_zone, const char **out_name) {
    *out_name = x->meter.usage_point.time_zone[0] != 0 ? x->meter.usage_point.time_zone : "UTC";
    return mw_zones_get(x->zones, *out_name, out_zone);
}

static mw_status values(exchange *x, mw_utc from, mw_utc to, mw_store_on_value each) {
    mw_store_values_query q = {.tenant = x->query->tenant,
                               .channel = x->meter.channel.channel,
                               .layer = MW_LAYER_FINAL,
                               .from = from,
                               .to = to,
                               .as_of = MW_UTC_NONE};
    return mw_store_values(x->store, &q, each, x);
}

static mw_status begin(exchange *x, mw_store *store, const mw_bulk_query *query, mw_bulk_sink *sink,
                       void *ctx) {
    *x = (exchange){.store = store, .query = query, .sink = sink, .ctx = ctx};
    mw_buffer_init(&x->out, 4 * FLUSH_BYTES);
    return mw_zones_open(query->zone_dir, &x->zones);
}

static mw_status end(exchange *x, mw_status s) {
    if (s == MW_OK)
        s = flush(x, 0);
    mw_buffer_fini(&x->out);
    if (x->zones != NULL)
        mw_zones_close(x->zones);
    return s;
}

/* Every channel, a page at a time: no scan of the store stays open while another runs. */
typedef struct channel_page {
    int64_t tenant;
    size_t n;
    int64_t channel[256];
    int64_t last;
} channel_page;

static mw_status page_take(void *ctx, const mw_store_channel_newest *row) {
    channel_page *p = ctx;
    p->last = row->channel;
    if (row->tenant == p->tenant)
        p->channel[p->n++] = row->channel;
    return MW_OK;
}

static mw_status each_channel(exchange *x, mw_status (*one)(exchange *x)) {
    channel_page p = {.tenant = x->query->tenant};
    for (int64_t after = 0;; after = p.last) {
        p.n = 0;
        MW_TRY(mw_store_channels_newest(x->store, after, 256, page_take, &p));
        if (p.last == after)
            return MW_OK;
        for (size_t i = 0; i < p.n; i++) {
            MW_TRY(mw_store_meter_of_channel(x->store, x->query->tenant, p.channel[i], &x->meter));
            bool holds = true;
            MW_TRY(mw_bulk_holds(x->store, x->query, &x->meter, &holds));
            if (!holds)
                continue;
            MW_TRY(one(x));
            MW_TRY(flush(x, FLUSH_BYTES));
        }
    }
}

/* ---- CIM ---- */

static mw_status cim_value(void *ctx, const mw_store_value *v) {
    exchange *x = ctx;
    mw_exchange_value value = mw_exchange_value_of(v);
    mw_cim_value(&x->cim, &value);
    return flush(x, FLUSH_BYTES);
}

static mw_status cim_reading(void *ctx, const mw_store_register *r) {
    exchange *x = ctx;
    mw_exchange_value value = {.start = r->meter, .value = r->value, .flags = r->quality};
    if (r->meter.us < x->query->to.us)
        mw_cim_value(&x->cim, &value);
    return flush(x, FLUSH_BYTES);
}

static mw_status cim_channel(exchange *x) {
    const mw_zone *zone = NULL;
    const char *zone_name = NULL;
    MW_TRY(zone_of(x, &zone, &zone_name));
    mw_exchange_series intervals =
        mw_exchange_series_of(&x->meter, zone, zone_name, x->meter.channel.grid_seconds);
    mw_exchange_series registers = mw_exchange_series_of(&x->meter, zone, zone_name, 0);
    /* Channels of one device are meters of their own: the name tells them apart. */
    char serial[MW_STORE_SERIAL_MAX + 8];
    snprintf(serial, sizeof serial, "%s/%u", x->meter.device.serial, x->meter.channel.number);
    intervals.serial = registers.serial = serial;
    mw_status s = mw_cim_series(&x->cim, &intervals);
    if (s == MW_OK)
        MW_TRY(values(x, x->query->from, x->query->to, cim_value));
    mw_status r = mw_cim_series(&x->cim, &registers);
    if (r == MW_OK)
        MW_TRY(mw_store_registers_between(x->store, x->query->tenant, x->meter.channel.channel,
                                          x->meter.channel.obis, x->query->from, x->query->to,
                                          cim_reading, x));
    x->left_out += s != MW_OK && r != MW_OK;
    return MW_OK;
}

mw_status mw_bulk_cim(mw_store *store, const mw_bulk_query *query, mw_bulk_sink *sink, void *ctx) {
    exchange x;
    mw_status s = begin(&x, store, query, sink, ctx);
    char id[64];
    snprintf(id, sizeof id, "%lld-%lld", (long long)query->tenant, (long long)query->made_at.us);
    if (s == MW_OK) {
        mw_cim_begin(&x.cim, "Meterworks", id, query->made_at, &x.out);
        s = each_channel(&x, cim_channel);
    }
    if (s == MW_OK)
        s = mw_cim_end(&x.cim);
    if (s == MW_OK)
        mw_buffer_printf(&x.out, "<!-- channels left out: %u -->\n", x.left_out);
    return end(&x, s);
}

/* ---- 80020 ---- */

static mw_status half_hour_value(void *ctx, const mw_store_value *v) {
    exchange *x = ctx;
    mw_exchange_value value = mw_exchange_value_of(v);
    mw_80020_value(&x->x80020, &value);
    return MW_OK;
}

static mw_status half_hour_channel(exchange *x) {
    const mw_zone *zone = x->x80020.head->zone;
    mw_exchange_series s = mw_exchange_series_of(&x->meter, zone, x->query->x80020->zone,
                                                 x->meter.channel.grid_seconds);
    if (mw_80020_series(&x->x80020, &s) != MW_OK)
        return MW_OK;
    int64_t day = x->query->x80020->day;
    return values(x, mw_zone_day_start(zone, day), mw_zone_day_start(zone, day + 1),
                  half_hour_value);
}

mw_status mw_bulk_80020_day(mw_store *store, const mw_bulk_query *query, mw_bulk_sink *sink,
                            void *ctx) {
    exchange x;
    const mw_bulk_80020 *o = query->x80020;
    mw_status s = begin(&x, store, query, sink, ctx);
    mw_80020_head head = {.sender_name = o->sender_name,
                          .sender_inn = o->sender_inn,
                          .area_name = o->area_name,
                          .area_inn = o->area_inn,
                          .number = o->number,
                          .made_at = query->made_at,
                          .local_day = o->day};
    if (s == MW_OK)
        s = mw_zones_get(x.zones, o->zone, &head.zone);
    if (s == MW_OK)
        s = mw_80020_begin(&x.x80020, &head, &x.out);
    if (s == MW_OK)
        s = each_channel(&x, half_hour_channel);
    if (s == MW_OK)
        s = mw_80020_end(&x.x80020);
    return end(&x, s);
}
