/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/api/bulk_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/api/internal.h"

/* What a line says of its channel. */
typedef struct place {
    int64_t channel; /* 0 = free */
    uint64_t identity;
    uint8_t number;
    bool left_out; /* of another area */
    uint8_t obis[6];
} place;

/* The channels met so far, by open addressing; at most half full. */
typedef struct scan {
    mw_store *store;
    const mw_bulk_query *query;
    mw_bulk_sink *sink;
    void *ctx;
    place *places;
    size_t size; /* a power of two */
    size_t used;
} scan;

static place *slot_of(place *places, size_t size, int64_t channel) {
    size_t i = ((uint64_t)channel * UINT64_C(0x9e3779b97f4a7c15)) >> 32 & (size - 1);
    while (places[i].channel != 0 && places[i].channel != channel)
        i = (i + 1) & (size - 1);
    return &places[i];
}

static mw_status grow(scan *s) {
    size_t size = s->size == 0 ? 256 : s->size * 2;
    place *bigger = calloc(size, sizeof *bigger);
    if (bigger == NULL)
        return MW_NOMEM;
    for (size_t i = 0; i < s->size; i++)
        if (s->places[i].channel != 0)
            *slot_of(bigger, size, s->places[i].channel) = s->places[i];
    free(s->places);
    s->places = bigger;
    s->size = size;
    return MW_OK;
}

mw_status mw_bulk_holds(mw_store *store, const mw_bulk_query *query, const mw_store_meter *m,
                        bool *out_holds) {
    *out_holds = true;
    return query->area[0] == 0 ? MW_OK
                               : mw_store_area_holds(store, query->tenant, query->area,
                                                     m->usage_point.id, query->made_at, out_holds);
}

static mw_status place_of(scan *s, int64_t channel, const place **out_place) {
    if (s->used * 2 >= s->size)
        MW_TRY(grow(s));
    place *p = slot_of(s->places, s->size, channel);
    if (p->channel == 0) {
        mw_store_meter m;
        bool holds = true;
        MW_TRY(mw_store_meter_of_channel(s->store, s->query->tenant, channel, &m));
        MW_TRY(mw_bulk_holds(s->store, s->query, &m, &holds));
        *p = (place){.channel = channel,
                     .identity = m.device.identity,
                     .number = m.channel.number,
                     .left_out = !holds};
        mw_bytes_copy(p->obis, m.channel.obis, sizeof p->obis);
        s->used++;
    }
    *out_place = p;
    return MW_OK;
}

static mw_status push_line(scan *s, const char *line, int n, size_t room) {
    if (n < 0 || (size_t)n >= room)
        return MW_SPACE;
    return s->sink(s->ctx, (mw_slice){(const uint8_t *)line, (size_t)n});
}

static mw_status take_interval(void *ctx, int64_t channel, const mw_store_interval *row) {
    scan *s = ctx;
    const place *p = NULL;
    MW_TRY(place_of(s, channel, &p));
    if (p->left_out)
        return MW_OK;
    char line[320];
    char start[MW_UTC_TEXT_MAX];
    char received[MW_UTC_TEXT_MAX];
    char quality[MW_API_QUALITY_MAX];
    mw_utc_format(row->start, start);
    mw_utc_format(row->received, received);
    mw_api_quality_words(row->quality, quality);
    int n = snprintf(line, sizeof line, "%016llx,%u,%s,%u,%lld,%s,%s\r\n",
                     (unsigned long long)p->identity, p->number, start, row->seconds,
                     (long long)row->value, quality, received);
    return push_line(s, line, n, sizeof line);
}

mw_status mw_bulk_intervals(mw_store *store, const mw_bulk_query *query, mw_bulk_sink *sink,
                            void *ctx) {
    scan s = {.store = store, .query = query, .sink = sink, .ctx = ctx};
    mw_status status =
        mw_store_intervals_all(store, query->tenant, query->from, query->to, take_interval, &s);
    free(s.places);
    return status;
}

static mw_status take_register(void *ctx, const mw_store_register *row) {
    scan *s = ctx;
    const place *p = NULL;
    MW_TRY(place_of(s, row->channel, &p));
    if (p->left_out || memcmp(row->obis, p->obis, sizeof p->obis) != 0)
        return MW_OK;
    char line[160];
    char at[MW_UTC_TEXT_MAX];
    mw_utc_format(row->meter, at);
    int n = snprintf(line, sizeof line, "%016llx,%u,%s,%lld\r\n", (unsigned long long)p->identity,
                     p->number, at, (long long)row->value);
    return push_line(s, line, n, sizeof line);
}

mw_status mw_bulk_registers(mw_store *store, const mw_bulk_query *query, mw_bulk_sink *sink,
                            void *ctx) {
    scan s = {.store = store, .query = query, .sink = sink, .ctx = ctx};
    mw_status status =
        mw_store_registers_all(store, query->tenant, query->from, query->to, take_register, &s);
    free(s.places);
    return status;
}
