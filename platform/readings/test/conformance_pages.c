/* SPDX-License-Identifier: Apache-2.0
 *
 * The suite's part for what pages show: devices and channels as they are found, the list of meters in
 * every order and narrowed in every way, the fleet, sums of days, homes like one's own, the overview.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/readings/test/conformance_rows.h"

enum { DAY0 = 20700, NOW_S = DAY0 * 86400 + 3 * 86400 + 7200 };
static const uint64_t IDENTITY = UINT64_C(0xAB00000000000000);

static void act_device(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_device d = {.identity = IDENTITY + (uint64_t)some(g, 12),
                         .network_address = (uint32_t)some(g, 3)};
    static const char *const media[] = {"water", "gas", "electricity"};
    uint8_t wrapped[16];
    int64_t device = 0, channel = 0;
    SOME_NAME(d.serial, g, "MW-W", 30);
    SOME_NAME(d.model, g, "pulse", 3);
    MW_CHECK_OK(mw_store_device_put(s, tenant, &d, &device));
    memset(wrapped, (int)some(g, 250), sizeof wrapped);
    MW_CHECK_OK(mw_store_device_key_put(s, tenant, device, (uint8_t)some(g, 2),
                                        (mw_slice){wrapped, (size_t)some(g, 16)}));
    mw_store_channel c = {.device = device,
                          .number = (uint8_t)some(g, 2),
                          .obis = {8, 0, 1, 0, 0, 255},
                          .unit = some(g, 4) == 0 ? MW_UNIT_WH : MW_UNIT_L,
                          .register_digits = 8};
    (void)snprintf(c.medium, sizeof c.medium, "%s", media[some(g, 3)]);
    SOME_NAME(c.label, g, "Cold WATER", 9);
    MW_CHECK_OK(mw_store_channel_put(s, tenant, &c, &channel));
    SAY("device", d.serial, device, channel);
    if (some(g, 3) == 0)
        SAY_STATUS("grid",
                   mw_store_channel_grid_set(s, tenant, channel, 900 * (uint32_t)(1 + some(g, 4)),
                                             (uint32_t)some(g, 3000)));
}

/* One of those that act_device made. */
static mw_store_channel some_channel(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_meter m = {.channel = {.channel = 1, .device = 1}};
    uint64_t identity = IDENTITY + (uint64_t)some(g, 12);
    if (mw_store_meter_get(s, tenant, identity, (uint8_t)some(g, 2), &m) != MW_OK)
        SAY("none", "", 0);
    return m.channel;
}

static void act_place(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_person p = {.login = ""};
    mw_store_usage_point u = {.time_zone = "Europe/Rome"};
    mw_store_installation i = {.channel = some_channel(s, tenant, g).channel,
                               .from = some_time(g),
                               .to = MW_UTC_NONE,
                               .has_initial_value = some(g, 2) == 0,
                               .initial_value = some(g, 99)};
    SOME_NAME(p.id, g, "cu", 3);
    SOME_NAME(p.name, g, "Anna", 5);
    MW_CHECK_OK(mw_store_person_put(s, tenant, &p));
    SOME_NAME(u.id, g, "point", 4);
    SOME_NAME(u.address, g, "Via Roma", 9);
    SOME_NAME(u.person, g, "cu", 4);
    MW_CHECK_OK(mw_store_usage_point_put(s, tenant, &u));
    SOME_NAME(i.usage_point, g, "point", 5); /* some of them are not known */
    SAY_STATUS("installed", mw_store_installation_put(s, tenant, &i));
}

static void act_life(mw_store *s, int64_t tenant, mw_prng *g) {
    const mw_store_channel k = some_channel(s, tenant, g);
    mw_store_device_state d = {.tenant = tenant,
                               .device = k.device,
                               .frames = some(g, 99),
                               .last_seen = mw_utc_of_s(NOW_S - some(g, 40) * 3600),
                               .level_cdbm = (int32_t)-some(g, 9999),
                               .status = (uint32_t)some(g, 999)};
    mw_store_register r = {.tenant = tenant,
                           .channel = some_channel(s, tenant, g).channel,
                           .obis = {8, 0, 1, 0, 0, 255},
                           .meter = mw_utc_of_s(NOW_S - some(g, 90) * 3600),
                           .received = mw_utc_of_s(NOW_S),
                           .stored = mw_utc_of_s(NOW_S),
                           .value = some(g, 9999)};
    mw_store_interval rows[24];
    size_t n = 1 + (size_t)some(g, 24);
    int64_t day = DAY0 + some(g, 3), journal = 1 + some(g, 60);
    if (some(g, 3) != 0)
        MW_CHECK_OK(mw_store_device_state_put(s, &d));
    MW_CHECK_OK(mw_store_register_append(s, &r));
    for (size_t i = 0; i < n; i++)
        rows[i] = (mw_store_interval){.start = mw_utc_of_s(day * 86400 + (int64_t)i * 3600),
                                      .seconds = 3600,
                                      .value = some(g, 9),
                                      .received = mw_utc_of_s(NOW_S),
                                      .journal = journal};
    MW_CHECK_OK(mw_store_run_append(s, tenant, k.channel, rows, n));
    uint32_t folded = 0;
    if (some(g, 3) == 0)
        MW_CHECK_OK(mw_store_fold(s, 1 + (uint32_t)some(g, 20), &folded));
    static const char *const names[] = {"decode.readings", "uplinks.received", "uplinks.duplicates",
                                        "uplinks.quarantined"};
    MW_CHECK_OK(mw_store_count_add(s, tenant, names[some(g, 4)],
                                   mw_utc_of_s(NOW_S - some(g, 30) * 3600), some(g, 9)));
}

static void act(mw_store *s, int64_t tenant, mw_prng *g) {
    static void (*const acts[])(mw_store *, int64_t, mw_prng *) = {act_device, act_place, act_life};
    acts[some(g, sizeof acts / sizeof acts[0])](s, tenant, g);
}

static mw_status on_device(void *ctx, const mw_store_device *d) {
    (void)ctx;
    SAY(d->serial, d->model, d->device, (int64_t)d->identity, d->network_address);
    return MW_OK;
}

static mw_status on_channel(void *ctx, const mw_store_channel *c) {
    (void)ctx;
    SAY(c->medium, c->usage_point, c->channel, c->device, c->number, (int64_t)c->unit,
        c->register_digits, c->grid_seconds, c->grid_offset_s);
    return MW_OK;
}

static mw_status on_channel_newest(void *ctx, const mw_store_channel_newest *c) {
    (void)ctx;
    SAY("newest", "", c->tenant, c->channel, c->device, c->newest.us);
    return MW_OK;
}

typedef struct page {
    mw_store_sort sort;
    uint32_t n;
    char cursor[MW_STORE_CURSOR_MAX];
} page;

static mw_status on_meter(void *ctx, const mw_store_meter *m) {
    page *p = ctx;
    MW_CHECK_OK(on_device(NULL, &m->device));
    MW_CHECK_OK(on_channel(NULL, &m->channel));
    SAY(m->usage_point.id, m->usage_point.address, m->installation.channel, m->installation.from.us,
        m->installation.has_initial_value, m->installation.initial_value, m->has_reading,
        m->reading_at.us, m->reading_value);
    SAY(m->person.id, m->person.name, m->state.frames, m->state.last_seen.us, m->state.level_cdbm,
        m->state.has_clock_offset, m->state.clock_offset_ms, m->state.status);
    if (p != NULL) {
        p->n++;
        mw_store_meter_cursor(m, p->sort, p->cursor);
    }
    return MW_OK;
}

/* Page after page to the end. */
static void tell_pages(mw_store *s, mw_store_meter_query q, uint32_t limit) {
    page p = {.sort = q.sort};
    int64_t total = 0;
    uint32_t before;
    q.limit = limit;
    do {
        char cursor[MW_STORE_CURSOR_MAX];
        memcpy(cursor, p.cursor, sizeof cursor);
        q.after = cursor;
        before = p.n;
        MW_CHECK_OK(mw_store_meters(s, &q, on_meter, &p, &total));
    } while (p.n > before);
    MW_CHECK_EQ(p.n, total);
    SAY("meters", "", total);
}

static void tell_meters(mw_store *s, int64_t tenant) {
    for (int sort = 0; sort < 2; sort++) {
        mw_store_meter_query q = {
            .tenant = tenant, .sort = (mw_store_sort)sort, .now = mw_utc_of_s(1790500000)};
        tell_pages(s, q, 5);
        q.search = "water-1";
        tell_pages(s, q, 2);
        q.search = "ab0000000000000";
        q.medium = "water";
        tell_pages(s, q, 3);
        q.search = "anna";
        q.medium = NULL;
        tell_pages(s, q, 100);
        q.search = NULL;
        q.person = "cu-1";
        tell_pages(s, q, 2);
        q.person = NULL;
        q.area = "area-0";
        tell_pages(s, q, 2);
        q.after = "nonsense";
        q.limit = 1;
        SAY_STATUS("cursor", mw_store_meters(s, &q, on_meter, NULL, &(int64_t){0}));
    }
}

static mw_status on_fleet_row(void *ctx, const mw_store_fleet_row *r) {
    (void)ctx;
    SAY(r->serial, r->model, r->channel, r->device, r->number, (int64_t)r->identity,
        r->last_seen.us, r->level_cdbm, r->snr_cdb, r->status);
    SAY(r->usage_point, r->premise, 0);
    SAY(r->address, r->person, 0);
    SAY(r->medium, r->label, 0);
    return MW_OK;
}

static mw_status on_place(void *ctx, const mw_store_place *p) {
    (void)ctx;
    SAY(p->member, p->area, p->kind);
    return MW_OK;
}

static mw_status on_day_sum(void *ctx, const mw_store_day_sum *r) {
    (void)ctx;
    SAY("sum", "", r->channel, r->intervals, r->fits, r->sum, r->quality);
    return MW_OK;
}

static mw_status on_newest(void *ctx, const mw_store_newest *r) {
    (void)ctx;
    SAY("value", "", r->channel, r->obis[3], r->meter.us, r->value);
    return MW_OK;
}

/* Homes come in any order: what they are together. */
static mw_status on_peer(void *ctx, const mw_store_peer *p) {
    int64_t *all = ctx;
    all[0] += p->own ? p->days * 1000 + p->sum : 0;
    all[1]++;
    all[2] += p->days;
    all[3] += p->sum;
    all[4] += p->sum * p->sum * p->days;
    return MW_OK;
}

static void tell_fleet(mw_store *s, int64_t tenant) {
    mw_store_overview o;
    MW_CHECK_OK(mw_store_fleet_rows(s, tenant, on_fleet_row, NULL));
    MW_CHECK_OK(mw_store_places(s, tenant, mw_utc_of_s(1790500000), on_place, NULL));
    MW_CHECK_OK(mw_store_newest_values(s, tenant, on_newest, NULL));
    for (int64_t day = DAY0 - 1; day < DAY0 + 3; day++) {
        mw_store_day_total t;
        MW_CHECK_OK(mw_store_day_sums(s, tenant, day, on_day_sum, NULL));
        MW_CHECK_OK(mw_store_day_total_read(s, tenant, day, &t));
        SAY("total", "", t.channels, t.intervals);
    }
    for (int64_t channel = 1; channel < 60; channel += 4) {
        int64_t all[5] = {0};
        MW_CHECK_OK(
            mw_store_peers(s, tenant, channel, DAY0, DAY0 + 2, 1 + channel % 2, on_peer, all));
        SAY("peers", "", all[0], all[1], all[2], all[3], all[4]);
    }
    MW_CHECK_OK(mw_store_overview_get(s, tenant, mw_utc_of_s(NOW_S), &o));
    SAY("overview", "", o.meters_total, o.heard_24h, (int64_t)o.media, o.uplinks_received,
        o.uplinks_duplicates, o.uplinks_quarantined, o.uplinks_last_at.us, o.readings_24h,
        o.missing_hours_24h);
    for (size_t i = 0; i < o.media; i++)
        SAY("medium", o.by_medium[i].medium, o.by_medium[i].count);
}

static void tell(mw_store *s, int64_t tenant) {
    for (uint64_t k = 0; k < 13; k++) {
        mw_store_device d;
        mw_store_meter m;
        uint8_t key[12];
        size_t n = 0;
        if (mw_store_device_get(s, tenant, IDENTITY + k, &d) != MW_OK)
            continue;
        MW_CHECK_OK(on_device(NULL, &d));
        MW_CHECK_OK(mw_store_device_by_number(s, tenant, d.device, &d));
        MW_CHECK_OK(on_device(NULL, &d));
        MW_CHECK_OK(mw_store_channels_of(s, tenant, d.device, on_channel, NULL));
        MW_CHECK_OK(mw_store_channels_of_device(s, tenant, d.device, on_channel_newest, NULL));
        SAY_STATUS("key", mw_store_device_key_get(s, tenant, d.device, 1, MW_SPAN_OF(key), &n));
        SAY("size", "", (int64_t)n);
        if (mw_store_meter_get(s, tenant, IDENTITY + k, 1, &m) == MW_OK)
            MW_CHECK_OK(on_meter(NULL, &m));
    }
    for (int64_t channel = 30; channel < 60; channel++) {
        mw_store_channel c;
        mw_store_meter m;
        if (mw_store_channel_get(s, tenant, channel, &c) == MW_OK)
            MW_CHECK_OK(on_channel(NULL, &c));
        if (mw_store_meter_of_channel(s, tenant, channel, &m) == MW_OK)
            MW_CHECK_OK(on_meter(NULL, &m));
    }
    for (uint32_t address = 0; address < 3; address++)
        MW_CHECK_OK(mw_store_devices_at(s, tenant, address, on_device, NULL));
    tell_meters(s, tenant);
    tell_fleet(s, tenant);
}

const mw_conformance_group mw_conformance_pages = {"pages and fleet", act, tell};
