/* SPDX-License-Identifier: Apache-2.0
 *
 * Beacons: broadcasts to all meters of a tenant, each sealed for the exact moment at which one
 * station begins it (docs/spec/downlink.md section 3). They tell the time, or carry a request that
 * concerns all; both do not fit one frame.
 */
#include "platform/commands/internal.h"

enum {
    AHEAD_S = 15 * 60, /* sealed no longer ahead than this */
    LEAD_S = 5,        /* and no shorter: it has to reach the station */
    KEEP_S = 1,        /* a beacon is sent at its moment or not at all */
    BEACON_PRIORITY = 2,
};

typedef struct stations {
    struct {
        int64_t sender, tenant;
        unsigned offset;
    } list[MW_COMMANDS_STATIONS_MAX];
    size_t n;
    mw_commands *c;
    int64_t tenant;
    unsigned of_tenant;
} stations;

static mw_status station_add(void *ctx, const mw_store_sender *row) {
    stations *s = ctx;
    unsigned offset = s->of_tenant++ % s->c->o.plan->beacon.offsets;
    bool connected = s->c->o.connected != NULL && s->c->o.connected(s->c->o.context, row->sender);
    if (!connected || s->n == MW_COMMANDS_STATIONS_MAX)
        return MW_OK;
    s->list[s->n].sender = row->sender;
    s->list[s->n].tenant = s->tenant;
    s->list[s->n++].offset = offset;
    return MW_OK;
}

/* The request to all that this slot carries, or NULL. */
static const mw_smp_command *request_in(const mw_commands *c, int64_t tenant, int64_t slot) {
    bool carries = slot >= c->group[tenant - 1].first && slot < c->group[tenant - 1].end;
    return carries ? &c->group[tenant - 1].request : NULL;
}

static mw_status beacon_seal(mw_commands *c, int64_t tenant, int64_t slot, mw_utc at,
                             mw_commands_frame *out) {
    uint8_t memory[MW_SMP_FRAME_MAX];
    mw_writer w = mw_writer_of(MW_SPAN_OF(memory));
    const mw_smp_command *request = request_in(c, tenant, slot);
    mw_smp_time_set t = {.ms = (uint16_t)(at.us / 1000 % 1000),
                         .uncertainty_ms = c->o.beacon_uncertainty_ms};
    MW_TRY(mw_smp_seconds_of_utc(at, &t.time_s));
    if (request != NULL)
        mw_smp_order_put(&w, request);
    else
        mw_smp_time_set_put(&w, &t);
    MW_TRY(w.status);
    return mw_commands_seal_group(c, tenant, mw_writer_done(&w), out);
}

static mw_status beacon_place(mw_commands *c, int64_t tenant, int64_t sender, int64_t slot,
                              mw_utc at, mw_utc now) {
    mw_commands_frame frame;
    mw_unb_beacon_slot place;
    if (mw_unb_beacon_slot_of(c->o.plan, slot, MW_SMP_GROUP_ALL, &place) != MW_OK)
        return MW_OK; /* a plan without a band for them */
    mw_status s = beacon_seal(c, tenant, slot, at, &frame);
    if (s == MW_NOT_FOUND || s == MW_STATE || s == MW_LIMIT || s == MW_AUTH)
        return MW_OK; /* no group key, or nothing may be sealed: commands tell why */
    MW_TRY(s);
    mw_store_downlink d = {.tenant = tenant,
                           .sender = sender,
                           .mode = MW_STORE_BROADCAST,
                           .address = frame.address,
                           .rate = (uint8_t)c->o.plan->beacon.rate,
                           .size = frame.bytes,
                           .counter = frame.counter,
                           .copies = 1,
                           .band = place.band,
                           .hop = place.hop,
                           .priority = BEACON_PRIORITY,
                           .at = at,
                           .created = now,
                           .expires = mw_utc_add(at, mw_dur_s(KEEP_S)),
                           .pending = true};
    mw_bytes_copy(d.payload, frame.payload, frame.bytes);
    MW_TRY(mw_store_begin(c->o.store));
    s = mw_store_downlink_add(c->o.store, &d, &d.id);
    if (s == MW_OK)
        mw_commands_news_add(c, false, &d);
    return mw_commands_end(c, s);
}

static mw_status station_beacons(mw_commands *c, const stations *s, size_t i, mw_utc now) {
    const mw_unb_plan *plan = c->o.plan;
    mw_utc last = {INT64_MIN};
    mw_status got = mw_store_downlink_last_at(c->o.store, s->list[i].sender, &last);
    if (got != MW_OK && got != MW_NOT_FOUND)
        return got;
    int64_t end = mw_unb_beacon_number(plan, mw_utc_add(now, mw_dur_s(AHEAD_S)));
    for (int64_t slot = mw_unb_beacon_number(plan, now); slot <= end; slot++) {
        mw_utc at = mw_unb_beacon_time(plan, slot, s->list[i].offset);
        if (at.us <= now.us + LEAD_S * MW_US_PER_S || (got == MW_OK && at.us <= last.us))
            continue;
        MW_TRY(beacon_place(c, s->list[i].tenant, s->list[i].sender, slot, at, now));
    }
    return MW_OK;
}

mw_status mw_commands_beacons(mw_commands *c, mw_utc now) {
    static stations s; /* one thread; too large for a stack frame */
    if (!c->o.beacons || c->o.plan == NULL || c->o.plan->beacon.period_s == 0)
        return MW_OK;
    s = (stations){.c = c};
    /* Tenants are numbered from 1 by the store. */
    for (s.tenant = 1; s.tenant <= MW_COMMANDS_TENANTS_MAX; s.tenant++) {
        uint32_t epoch;
        uint8_t wrapped[64];
        size_t n;
        s.of_tenant = 0;
        mw_status got = mw_store_network_get(c->o.store, s.tenant, &epoch, MW_SPAN_OF(wrapped), &n);
        if (got == MW_NOT_FOUND)
            continue;
        MW_TRY(got);
        MW_TRY(mw_store_senders_list(c->o.store, s.tenant, now, station_add, &s));
    }
    for (size_t i = 0; i < s.n; i++)
        MW_TRY(station_beacons(c, &s, i, now));
    return MW_OK;
}

/* ---- a request to all ---- */

static bool askable(const mw_smp_command *request) {
    uint8_t memory[MW_SMP_FRAME_MAX];
    mw_writer w = mw_writer_of(MW_SPAN_OF(memory));
    if (request->code != MW_SMP_COMMAND_HEALTH && request->code != MW_SMP_COMMAND_READ_DAY &&
        request->code != MW_SMP_COMMAND_READ_ARCHIVE)
        return false; /* meters take no other from a group */
    mw_smp_order_put(&w, request);
    return w.status == MW_OK &&
           w.at <= mw_smp_frame_room(mw_unb_layout_of(MW_UNB_M)->payload_bytes, MW_SMP_DOWN, true);
}

mw_status mw_commands_group_ask(mw_commands *c, int64_t tenant, const mw_smp_command *request,
                                unsigned slots, mw_utc now, mw_commands_group *out_group) {
    const mw_unb_plan *plan = c->o.plan;
    uint32_t epoch;
    uint8_t wrapped[64];
    size_t n;
    if (tenant < 1 || tenant > MW_COMMANDS_TENANTS_MAX || slots == 0 ||
        slots > MW_COMMANDS_GROUP_SLOTS_MAX || !askable(request))
        return MW_RANGE;
    if (!c->o.beacons || plan == NULL || plan->beacon.period_s == 0)
        return MW_STATE;
    MW_TRY(mw_store_network_get(c->o.store, tenant, &epoch, MW_SPAN_OF(wrapped), &n));
    /* The first slot of which no station has its beacon yet. */
    int64_t first = mw_unb_beacon_number(plan, mw_utc_add(now, mw_dur_s(AHEAD_S))) + 1;
    if (c->group[tenant - 1].end >= first)
        return MW_CONFLICT;
    c->group[tenant - 1].request = *request;
    /* Out of the way of the commands of single meters, whose numbers begin low. */
    c->group[tenant - 1].request.id = (uint16_t)(0xC000 | (first & 0x3FFF));
    c->group[tenant - 1].first = first;
    c->group[tenant - 1].end = first + slots;
    *out_group =
        (mw_commands_group){.id = c->group[tenant - 1].request.id,
                            .slots = slots,
                            .first = mw_unb_beacon_time(plan, first, 0),
                            .last = mw_unb_beacon_time(plan, first + (int64_t)slots - 1, 0)};
    return MW_OK;
}
