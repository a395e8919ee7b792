/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "platform/api/fleet.h"
#include "platform/api/internal.h"
#include "protocols/smp/day.h"

static const struct {
    uint32_t bit;
    const char *word;
} flags[] = {
    {MW_SMP_STATUS_LEAK, "leak"},
    {MW_SMP_STATUS_BURST, "burst"},
    {MW_SMP_STATUS_REVERSE, "reverse"},
    {MW_SMP_STATUS_TAMPER, "tamper"},
    {MW_SMP_STATUS_MAGNET, "magnet"},
    {MW_SMP_STATUS_LOW_BATTERY, "low_battery"},
    {MW_SMP_STATUS_FROST, "frost"},
    {MW_SMP_STATUS_SENSOR, "sensor"},
    {MW_SMP_STATUS_POWER_LOST, "power_lost"},
    {MW_SMP_STATUS_ARCHIVE_GAP, "archive_gap"},
    {MW_SMP_STATUS_REGISTER_SET, "register_set"},
    {MW_SMP_STATUS_NO_FLOW, "no_flow"},
};

static void put_amount(mw_json *j, const mw_store_channel *c, int64_t value) {
    mw_display d = mw_display_of(c->unit, c->scale);
    char text[MW_AMOUNT_TEXT_MAX];
    mw_display_amount(d, value, text);
    mw_json_put_int(j, "value", value);
    mw_json_put_text(j, "text", text);
    mw_json_put_text(j, "unit", d.symbol);
}

static void put_place(mw_json *j, const mw_store_meter *m, bool with_customer) {
    if (m->usage_point.id[0] != 0) {
        mw_json_put_object(j, "usage_point");
        mw_json_put_text(j, "id", m->usage_point.id);
        mw_json_put_text(j, "address", m->usage_point.address);
        mw_json_put_text(j, "time_zone", m->usage_point.time_zone);
        mw_json_object_end(j);
    } else {
        mw_json_put_null(j, "usage_point");
    }
    if (!with_customer || m->person.id[0] == 0) {
        mw_json_put_null(j, "customer");
        return;
    }
    mw_json_put_object(j, "customer");
    mw_json_put_text(j, "id", m->person.id);
    mw_json_put_text(j, "name", m->person.name);
    mw_json_object_end(j);
}

/* What the last frames told about the device. */
static void put_state(mw_json *j, const mw_store_device_state *s) {
    mw_json_put_utc(j, "last_seen", s->last_seen);
    /* What came by wire was received with no level. */
    bool heard = !mw_utc_is_none(s->last_seen) && s->level_cdbm != 0;
    mw_json_key(j, "level_cdbm");
    heard ? mw_json_int(j, s->level_cdbm) : mw_json_null(j);
    mw_json_key(j, "snr_cdb");
    heard ? mw_json_int(j, s->snr_cdb) : mw_json_null(j);
    mw_json_key(j, "clock_offset_ms");
    s->has_clock_offset ? mw_json_int(j, s->clock_offset_ms) : mw_json_null(j);
    mw_json_put_array(j, "flags");
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (s->status & flags[i].bit)
            mw_json_text(j, flags[i].word);
    mw_json_array_end(j);
}

/* The members of a meter, inside an open object. */
static void put_members(mw_json *j, const mw_store_meter *m, bool with_customer) {
    char id[MW_API_METER_ID_MAX];
    char device_id[17];
    char obis[MW_STORE_OBIS_TEXT_MAX];
    mw_api_meter_id(m, id);
    snprintf(device_id, sizeof device_id, "%016llx", (unsigned long long)m->device.identity);
    mw_store_obis_format(m->channel.obis, obis);
    mw_json_put_text(j, "id", id);
    mw_json_put_text(j, "device_id", device_id);
    mw_json_put_text(j, "serial", m->device.serial);
    mw_json_put_int(j, "channel", m->channel.number);
    mw_json_put_text(j, "medium", m->channel.medium);
    mw_json_put_text(j, "label", m->channel.label);
    mw_json_put_text(j, "model", m->device.model);
    mw_json_put_text(j, "obis", obis);
    mw_json_put_text(j, "unit", mw_unit_info_of(m->channel.unit)->symbol);
    mw_json_put_int(j, "scale", m->channel.scale);
    put_place(j, m, with_customer);
    if (m->has_reading) {
        mw_json_put_object(j, "last_reading");
        mw_json_put_utc(j, "at", m->reading_at);
        put_amount(j, &m->channel, m->reading_value);
        mw_json_object_end(j);
    } else {
        mw_json_put_null(j, "last_reading");
    }
    put_state(j, &m->state);
}

void mw_api_put_meter(mw_json *j, const mw_store_meter *m, bool with_customer) {
    mw_json_object_begin(j);
    put_members(j, m, with_customer);
    mw_json_object_end(j);
}

void mw_api_put_guest_meter(mw_json *j, const mw_store_meter *m, mw_utc from) {
    mw_json_object_begin(j);
    put_members(j, m, false);
    mw_json_put_utc(j, "shared_since", from);
    mw_json_object_end(j);
}

/* ---- GET /v1/meters ---- */

typedef struct list_state {
    mw_json *json;
    mw_store_sort sort;
    bool with_customer;
    uint32_t left;
    bool more;
    char cursor[MW_STORE_CURSOR_MAX];
} list_state;

static mw_status list_meter(void *ctx, const mw_store_meter *m) {
    list_state *l = ctx;
    if (l->left == 0) {
        l->more = true;
        return MW_OK;
    }
    l->left--;
    mw_api_put_meter(l->json, m, l->with_customer);
    if (l->left == 0)
        mw_store_meter_cursor(m, l->sort, l->cursor);
    return MW_OK;
}

static bool medium_ok(const char *medium) {
    static const char *const media[] = {"electricity", "water", "hot_water",
                                        "gas",         "heat",  "other"};
    for (size_t i = 0; i < sizeof media / sizeof media[0]; i++)
        if (strcmp(medium, media[i]) == 0)
            return true;
    return false;
}

/* Reads the query's parameters; answers 400 itself. */
static bool read_query(mw_api_call *call, mw_store_meter_query *q) {
    const char *sort = mw_http_query(call->http, "sort");
    q->tenant = call->tenant;
    q->person = call->person;
    q->area = call->area;
    q->now = mw_loop_utc(call->api->o.loop);
    q->search = mw_http_query(call->http, "search");
    q->medium = mw_http_query(call->http, "medium");
    q->after = mw_http_query(call->http, "after");
    if (q->search != NULL && strlen(q->search) > 100) {
        mw_api_invalid(call, "search has more than 100 bytes");
        return false;
    }
    if (q->medium != NULL && q->medium[0] != 0 && !medium_ok(q->medium)) {
        mw_api_invalid(call, "medium is unknown");
        return false;
    }
    if (q->after != NULL && (q->after[0] == 0 || strlen(q->after) >= MW_STORE_CURSOR_MAX)) {
        mw_api_invalid(call, "after must be the next of an earlier page");
        return false;
    }
    if (sort == NULL || strcmp(sort, "serial") == 0) {
        q->sort = MW_STORE_SORT_SERIAL;
    } else if (strcmp(sort, "last_seen") == 0) {
        q->sort = MW_STORE_SORT_LAST_SEEN;
    } else {
        mw_api_invalid(call, "sort must be serial or last_seen");
        return false;
    }
    return mw_api_limit(call, &q->limit);
}

void mw_api_meter_list(mw_api_call *call) {
    mw_store_meter_query q = {0};
    if (!read_query(call, &q))
        return;
    mw_buffer b;
    mw_buffer_init(&b, 1024 * 1024);
    mw_json j = mw_json_of(&b);
    list_state l = {
        .json = &j, .sort = q.sort, .with_customer = call->person == NULL, .left = q.limit};
    q.limit++; /* one more tells whether there is a next page */
    int64_t total = 0;
    mw_json_object_begin(&j);
    mw_json_put_array(&j, "items");
    mw_fleet_query narrow;
    bool by_fleet = mw_api_fleet_query(call, &narrow) && call->person == NULL;
    narrow.limit = q.limit;
    mw_status s = by_fleet ? mw_api_fleet_page(call, &narrow, list_meter, &l, &total)
                           : mw_store_meters(call->api->o.store, &q, list_meter, &l, &total);
    if (s == MW_OK && call->person != NULL && !l.more && (q.search == NULL || q.search[0] == 0))
        s = mw_api_put_guest_meters(call, &j, q.medium, &total);
    mw_json_array_end(&j);
    mw_json_put_text(&j, "next", l.more ? l.cursor : NULL);
    mw_json_put_int(&j, "total", total);
    mw_json_object_end(&j);
    if (s == MW_OK) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    if (s == MW_SYNTAX || s == MW_RANGE)
        mw_api_invalid(call, "after must be the next of an earlier page");
    else
        mw_api_fail(call, s);
}

/* ---- GET /v1/meters/{id} ---- */

typedef struct detail_state {
    mw_json *json;
    const mw_store_channel *channel;
} detail_state;

static const char *register_name(const uint8_t obis[6]) {
    static const struct {
        uint8_t a, c;
        const char *name;
    } names[] = {{1, 1, "Active energy, import"},
                 {1, 2, "Active energy, export"},
                 {1, 3, "Reactive energy, import"},
                 {1, 4, "Reactive energy, export"},
                 {6, 1, "Heat energy"},
                 {7, 3, "Gas volume"},
                 {8, 1, "Volume"},
                 {8, 2, "Volume, reverse flow"},
                 {9, 1, "Volume"},
                 {9, 2, "Volume, reverse flow"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].a == obis[0] && names[i].c == obis[2])
            return names[i].name;
    return "Register";
}

static mw_status put_register(void *ctx, const mw_store_register *r) {
    detail_state *d = ctx;
    char obis[MW_STORE_OBIS_TEXT_MAX];
    mw_store_obis_format(r->obis, obis);
    mw_json_object_begin(d->json);
    mw_json_put_text(d->json, "obis", obis);
    mw_json_put_text(d->json, "name", register_name(r->obis));
    mw_json_put_utc(d->json, "at", r->meter);
    put_amount(d->json, d->channel, r->value);
    mw_json_object_end(d->json);
    return MW_OK;
}

#define STATIONS_SHOWN 16

typedef struct stations_state {
    char ids[STATIONS_SHOWN][MW_STORE_ID_MAX];
    size_t n;
} stations_state;

static mw_status gather_station(void *ctx, const mw_store_reception *r) {
    stations_state *s = ctx;
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->ids[i], r->sender) == 0)
            return MW_OK;
    if (s->n < STATIONS_SHOWN)
        mw_bytes_copy(s->ids[s->n++], r->sender, MW_STORE_ID_MAX);
    return MW_OK;
}

/* Which stations heard the meter among its newest receptions; for operators only. */
static mw_status put_stats(mw_json *j, mw_api_call *call) {
    const mw_store_meter *m = &call->meter;
    stations_state s = {.n = 0};
    if (call->person == NULL)
        MW_TRY(mw_store_receptions(call->api->o.store, call->tenant, m->device.device, 0, 200,
                                   gather_station, &s));
    mw_json_put_object(j, "stats");
    mw_json_put_int(j, "frames", m->state.frames);
    mw_json_put_int(j, "duplicates", m->state.duplicates);
    mw_json_put_array(j, "stations");
    for (size_t i = 0; i < s.n; i++)
        mw_json_text(j, s.ids[i]);
    mw_json_array_end(j);
    mw_json_object_end(j);
    return MW_OK;
}

static void put_or_null(mw_json *j, const char *name, bool known, int64_t value) {
    if (known)
        mw_json_put_int(j, name, value);
    else
        mw_json_put_null(j, name);
}

static mw_status health_take(void *ctx, const mw_store_health *h) {
    *(mw_store_health *)ctx = *h;
    return MW_OK;
}

/* What the meter said of itself last; for operators only. */
static mw_status put_health(mw_json *j, mw_api_call *call) {
    mw_store_health h = {.device = 0};
    char firmware[16];
    if (call->person == NULL)
        MW_TRY(mw_store_health_list(call->api->o.store, call->tenant, call->meter.device.device, 0,
                                    1, health_take, &h));
    if (h.device == 0) {
        mw_json_put_null(j, "health");
        return MW_OK;
    }
    snprintf(firmware, sizeof firmware, "%d.%d.%d", h.firmware[0], h.firmware[1], h.firmware[2]);
    mw_json_put_object(j, "health");
    mw_json_put_utc(j, "received_at", h.received);
    put_or_null(j, "battery_mv", h.battery_mv != 0, h.battery_mv);
    put_or_null(j, "battery_percent", h.battery_level != 0, h.battery_level - 1);
    put_or_null(j, "temperature_dc", h.has_temperature, h.temperature_dc);
    mw_json_put_int(j, "resets", h.resets);
    mw_json_put_int(j, "airtime_ds", h.airtime_ds);
    put_or_null(j, "drift_dppm", h.has_drift, h.drift_dppm);
    mw_json_put_text(j, "firmware", firmware);
    mw_json_object_end(j);
    return MW_OK;
}

static mw_status put_detail(mw_json *j, mw_api_call *call) {
    const mw_store_meter *m = &call->meter;
    detail_state d = {.json = j, .channel = &m->channel};
    mw_json_object_begin(j);
    put_members(j, m, call->person == NULL);
    mw_json_put_array(j, "registers");
    MW_TRY(mw_store_registers_newest(call->api->o.store, call->tenant, m->channel.channel,
                                     put_register, &d));
    mw_json_array_end(j);
    MW_TRY(put_stats(j, call));
    MW_TRY(put_health(j, call));
    if (m->installation.channel != 0) {
        mw_json_put_object(j, "installation");
        mw_json_put_utc(j, "from", m->installation.from);
        mw_json_key(j, "initial_value");
        m->installation.has_initial_value ? mw_json_int(j, m->installation.initial_value)
                                          : mw_json_null(j);
        mw_json_object_end(j);
    } else {
        mw_json_put_null(j, "installation");
    }
    mw_json_object_end(j);
    return MW_OK;
}

void mw_api_meter_read(mw_api_call *call) {
    mw_buffer b;
    mw_buffer_init(&b, 64 * 1024);
    mw_json j = mw_json_of(&b);
    mw_status s = put_detail(&j, call);
    if (s == MW_OK) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    mw_api_fail(call, s);
}
