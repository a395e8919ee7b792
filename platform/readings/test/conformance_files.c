/* SPDX-License-Identifier: Apache-2.0
 *
 * The suite's part for files: mappings, imports and what they made, taking it back, snapshots.
 */
#include <stdio.h>
#include <string.h>

#include "platform/readings/test/conformance_rows.h"

static void act_mapping(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_mapping m = {.at = some_time(g)};
    char json[80];
    SOME_NAME(m.name, g, "map", 4);
    SOME_NAME(m.who, g, "eve", 3);
    SOME_NAME(json, g, "{\"rows\":\"meters\"}", 99);
    if (some(g, 4) > 0)
        MW_CHECK_OK(
            mw_store_mapping_put(s, tenant, &m, (mw_slice){(const uint8_t *)json, strlen(json)}));
    else
        SAY_STATUS("mapping", mw_store_mapping_delete(s, tenant, m.name));
}

static void act_import(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_import i = {.tenant = tenant,
                         .rows_kind = (uint8_t)some(g, 3),
                         .at = some_time(g),
                         .meters = (uint32_t)some(g, 9),
                         .values = UINT32_MAX - (uint32_t)some(g, 9),
                         .kept = (uint32_t)some(g, 9),
                         .first = some_time(g),
                         .last = some(g, 2) == 0 ? MW_UTC_NONE : some_time(g)};
    char key[24];
    int64_t id = 0;
    memset(i.digest, (int)some(g, 250), sizeof i.digest);
    SOME_NAME(i.name, g, "map", 4);
    SOME_NAME(i.file, g, "file", 9);
    SOME_NAME(i.who, g, "eve", 3);
    MW_CHECK_OK(mw_store_import_add(s, &i, &id));
    SOME_NAME(key, g, "up", 99);
    MW_CHECK_OK(mw_store_imported_add(s, tenant, id, MW_IMPORTED_USAGE_POINT, key));
    MW_CHECK_OK(mw_store_imported_add(s, tenant, some(g, 5), MW_IMPORTED_PERSON, key));
    SAY_STATUS("journal", mw_store_import_journal_set(s, tenant, some(g, 9), 3, 7));
    SAY_STATUS("undone", mw_store_import_undone(s, tenant, some(g, 12), some_time(g), "eve"));
}

static void act_snapshot(mw_store *s, int64_t tenant, mw_prng *g) {
    static const uint8_t text[] = "{\"total\":12345}";
    mw_store_snapshot r = {.tenant = tenant,
                           .channel = 1 + some(g, 2),
                           .from = mw_utc_of_s(86400 * some(g, 2)),
                           .to = mw_utc_of_s(86400 * 31),
                           .lock = some(g, 9),
                           .corrects = some(g, 3),
                           .at = some_time(g),
                           .content = {text, 3 + (size_t)some(g, 10)}};
    int64_t id = 0;
    SOME_NAME(r.who, g, "eve", 3);
    SAY_STATUS("snapshot", mw_store_snapshot_add(s, &r, &id));
    SAY("snapshot", "", id);
}

/* A meter with its place and its owner comes, another may go; one that was heard stays. */
static void act_meter(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_person p = {.login = ""};
    mw_store_usage_point u = {.time_zone = "Europe/Rome"};
    mw_store_device d = {.identity = 1 + (uint64_t)some(g, 1000000), .network_address = 7};
    mw_store_channel c = {
        .unit = MW_UNIT_WH, .obis = {1, 0, 1, 8, 0, 255}, .medium = "electricity"};
    int64_t device = 0, channel = 0, k = some(g, 8);
    (void)snprintf(p.id, sizeof p.id, "own-%d", (int)k);
    (void)snprintf(u.id, sizeof u.id, "place-%d", (int)k);
    memcpy(u.person, p.id, sizeof u.person);
    SOME_NAME(d.serial, g, "serial", 12);
    MW_CHECK_OK(mw_store_person_put(s, tenant, &p));
    MW_CHECK_OK(mw_store_usage_point_put(s, tenant, &u));
    MW_CHECK_OK(mw_store_device_put(s, tenant, &d, &device));
    c.device = device;
    MW_CHECK_OK(mw_store_channel_put(s, tenant, &c, &channel));
    mw_store_installation i = {.channel = channel, .from = mw_utc_of_s(0), .to = MW_UTC_NONE};
    memcpy(i.usage_point, u.id, sizeof i.usage_point);
    MW_CHECK_OK(mw_store_installations_set(s, tenant, channel, &i, 1, some_time(g)));
    SAY("meter", "", device, channel);
    if (some(g, 2) == 0) {
        mw_store_register r = {.tenant = tenant,
                               .channel = channel,
                               .meter = some_time(g),
                               .received = some_time(g),
                               .stored = some_time(g),
                               .value = some(g, 999),
                               .journal = 1 + some(g, 9)};
        memcpy(r.obis, c.obis, sizeof r.obis);
        MW_CHECK_OK(mw_store_register_append(s, &r));
    }
    if (device > 1) /* never the newest: its number could come again */
        SAY_STATUS("remove", mw_store_device_remove(s, tenant, 1 + some(g, (uint64_t)device - 1)));
    (void)snprintf(u.id, sizeof u.id, "place-%d", (int)some(g, 9));
    SAY_STATUS("place", mw_store_usage_point_remove(s, tenant, u.id));
    (void)snprintf(p.id, sizeof p.id, "own-%d", (int)some(g, 9));
    SAY_STATUS("owner", mw_store_person_remove(s, tenant, p.id));
    if (some(g, 6) == 0)
        MW_CHECK_OK(mw_store_registers_remove(s, tenant, some(g, 9), 3 + some(g, 3)));
}

static void act(mw_store *s, int64_t tenant, mw_prng *g) {
    static void (*const acts[])(mw_store *, int64_t, mw_prng *) = {act_mapping, act_import,
                                                                   act_snapshot, act_meter};
    acts[some(g, sizeof acts / sizeof acts[0])](s, tenant, g);
}

static mw_status on_mapping(void *ctx, const mw_store_mapping *m) {
    (void)ctx;
    SAY(m->name, m->who, m->at.us);
    return MW_OK;
}

static mw_status on_import(void *ctx, const mw_store_import *i) {
    (void)ctx;
    SAY(i->name, i->file, i->id, i->digest[0], i->digest[31], i->rows_kind, i->at.us, i->meters,
        i->values, i->kept, i->first.us, i->last.us, i->journal_from, i->journal_to,
        i->undone_at.us);
    SAY(i->who, i->undone_by, 0);
    return MW_OK;
}

static mw_status on_imported(void *ctx, mw_store_imported_kind kind, const char *key) {
    (void)ctx;
    SAY("made", key, (int64_t)kind);
    return MW_OK;
}

static mw_status on_snapshot(void *ctx, const mw_store_snapshot *r) {
    char text[40] = "";
    (void)ctx;
    MW_CHECK(r->content.n < sizeof text);
    memcpy(text, r->content.p, r->content.n);
    SAY(r->who, text, r->id, r->channel, r->from.us, r->to.us, r->lock, r->corrects, r->at.us);
    return MW_OK;
}

static mw_status on_installation(void *ctx, const mw_store_installation *i) {
    (void)ctx;
    SAY("at", i->usage_point, i->channel, i->from.us, i->recorded.us);
    return MW_OK;
}

static mw_status on_newest(void *ctx, const mw_store_channel_newest *c) {
    (void)ctx;
    SAY("channel", "", c->channel, c->device, c->newest.us);
    return MW_OK;
}

static void tell(mw_store *s, int64_t tenant) {
    MW_CHECK_OK(mw_store_mappings(s, tenant, on_mapping, NULL));
    MW_CHECK_OK(mw_store_imports(s, tenant, 0, 100, on_import, NULL));
    MW_CHECK_OK(mw_store_imports(s, tenant, 9, 3, on_import, NULL));
    MW_CHECK_OK(mw_store_snapshots(s, tenant, 0, 0, 100, on_snapshot, NULL));
    MW_CHECK_OK(mw_store_snapshots(s, tenant, 2, 5, 2, on_snapshot, NULL));
    for (int k = 0; k < 12; k++) {
        char name[24], json[100], few[4];
        size_t n = 0;
        mw_store_import row;
        mw_store_device d;
        MW_CHECK_OK(mw_store_imported(s, tenant, k, on_imported, NULL));
        SAY_STATUS("import", mw_store_import_get(s, tenant - 1, k, &row));
        (void)snprintf(name, sizeof name, "map-%d", k);
        if (mw_store_mapping_get(s, tenant, name, (mw_span){(uint8_t *)json, sizeof json}, &n) ==
            MW_OK) {
            json[n] = 0;
            SAY("mapping", json, (int64_t)n);
            SAY_STATUS("few", mw_store_mapping_get(s, tenant, name,
                                                   (mw_span){(uint8_t *)few, sizeof few}, &n));
        }
        (void)snprintf(name, sizeof name, "serial-%d", k);
        mw_status status = mw_store_device_by_serial(s, tenant, name, &d);
        SAY(mw_status_name(status), name, status == MW_OK ? d.device : 0);
        (void)snprintf(name, sizeof name, "place-%d", k);
        mw_store_installation_query q = {tenant, 0, name, MW_UTC_NONE};
        MW_CHECK_OK(mw_store_installations(s, &q, on_installation, NULL));
    }
    MW_CHECK_OK(mw_store_channels_newest(s, 0, 100, on_newest, NULL));
}

const mw_conformance_group mw_conformance_files = {"files", act, tell};
