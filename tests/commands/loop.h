/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole road of a command in one process: a meter (the real firmware), stations, the platform's
 * journal, decoder and queue. The air and the stations are played here and lose what they are told
 * to lose.
 */
#ifndef MW_TESTS_COMMANDS_LOOP_H
#define MW_TESTS_COMMANDS_LOOP_H

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/prng.h"
#include "meters/boards/host.h"
#include "meters/kit/meter.h"
#include "meters/kit/schedule.h"
#include "meters/pulse/pulse.h"
#include "platform/commands/queue.h"
#include "platform/doors/uplinks.h"
#include "platform/journal/decode.h"
#include "platform/store/test/scratch.h"
#include "protocols/smp/smp.h"

enum { LOOP_STATIONS = 2, LOOP_ENTRIES = 64, LOOP_LATE = 256 };

/* 2026-03-01T00:00:00Z, tick 0 of the meter */
#define LOOP_START INT64_C(1772323200)

/* What the air does, in percent. */
typedef struct loop_air {
    unsigned lose_up, lose_down, repeat_down, lose_result, late_item;
} loop_air;

typedef struct loop_late {
    int64_t due_s;
    unsigned station;
    char item[768];
} loop_late;

typedef struct loop {
    char path[64], key_path[64], epoch_path[64];
    mw_store *store;
    mw_registry *registry;
    mw_decoder *decoder;
    mw_sender *sender;
    mw_commands *commands;
    mw_store_sender station[LOOP_STATIONS];
    int32_t snr[LOOP_STATIONS]; /* 0.01 dB; INT32_MIN: deaf */
    bool connected[LOOP_STATIONS];
    mw_store_downlink entry[LOOP_ENTRIES]; /* held by the stations */
    size_t entries;
    mw_store_downlink old; /* the last one that was sent, to be played back */
    uint64_t seq;
    loop_late late[LOOP_LATE];
    size_t lates;
    loop_air air;
    mw_prng prng;
    /* the meter */
    mw_host_flash nor;
    mw_meter_model model;
    mw_meter meter;
    mw_meter_provision provision;
    mw_mono now;
    mw_meter_outputs out;
    mw_meter_transmission last;
    mw_schedule schedule; /* of tariffs; what takes them is the test's */
    unsigned taken;       /* downlinks that the meter took */
    unsigned resets;
    bool relay; /* as it stands */
    unsigned relay_moves;
    uint16_t burst;
    unsigned burst_moves;
    mw_store_device device;
    int64_t tenant;
    uint32_t flow;        /* counts of channel 0 in each step of the meter */
    int64_t clock_step_s; /* how far the platform's clock is off */
    uint64_t counters_seen[2];
    uint32_t counter_newest[2];
} loop;

static inline mw_utc loop_utc(const loop *l) {
    return (mw_utc){LOOP_START * MW_US_PER_S + l->now.ns / 1000};
}

/* What the platform's clock says. */
static inline mw_utc loop_clock(const loop *l) {
    return mw_utc_add(loop_utc(l), mw_dur_s(l->clock_step_s));
}

static inline bool loop_chance(loop *l, unsigned percent) {
    return mw_prng_below(&l->prng, 100) < percent;
}

static inline void loop_on_entry(void *context, const mw_store_downlink *d) {
    loop *l = context;
    MW_CHECK(l->entries < LOOP_ENTRIES);
    /* No counter leaves the platform twice. */
    if (d->device != 0) {
        unsigned k = d->payload[4] >> 4 & 1; /* low bit of the key epoch */
        MW_CHECK(l->counters_seen[k] == 0 || d->counter > l->counter_newest[k]);
        l->counter_newest[k] = d->counter;
        l->counters_seen[k]++;
    }
    l->entry[l->entries++] = *d;
}

static inline void loop_on_cancel(void *context, const mw_store_downlink *d) {
    loop *l = context;
    for (size_t i = 0; i < l->entries; i++)
        if (l->entry[i].id == d->id)
            l->entry[i--] = l->entry[--l->entries];
}

static inline bool loop_connected(void *context, int64_t sender) {
    loop *l = context;
    for (unsigned i = 0; i < LOOP_STATIONS; i++)
        if (l->station[i].sender == sender)
            return l->connected[i];
    return false;
}

static inline void loop_platform_open(loop *l) {
    mw_store_sqlite_options o = {.path = l->path};
    MW_CHECK_OK(mw_store_sqlite_open(&o, &l->store));
    MW_CHECK_OK(mw_registry_open(l->store, l->key_path, &l->registry));
    MW_CHECK_OK(mw_decoder_new(l->store, l->registry, &l->decoder));
    MW_CHECK_OK(mw_sender_new(l->store, l->epoch_path, &l->sender));
    mw_commands_options c = {.store = l->store,
                             .registry = l->registry,
                             .sender = l->sender,
                             .copies = 2,
                             .attempts = 8,
                             .ttl = mw_dur_s(2 * 86400),
                             .receipt_wait = mw_dur_s(600),
                             .beacons = true,
                             .beacon_uncertainty_ms = 20,
                             .on_entry = loop_on_entry,
                             .on_cancel = loop_on_cancel,
                             .connected = loop_connected,
                             .context = l};
    MW_CHECK_OK(mw_unb_plan_find("demo", &c.plan));
    MW_CHECK_OK(mw_commands_open(&c, &l->commands));
}

static inline void loop_platform_close(loop *l) {
    mw_commands_close(l->commands);
    mw_sender_free(l->sender);
    mw_decoder_free(l->decoder);
    mw_registry_close(l->registry);
    mw_store_close(l->store);
}

static inline void loop_files_remove(const loop *l) {
    char copy[96];
    (void)snprintf(copy, sizeof copy, "%s.copy", l->path);
    (void)unlink(copy);
    scratch_remove(l->path);
    (void)unlink(l->key_path);
    (void)unlink(l->epoch_path);
}

static inline void loop_boot(loop *l, mw_reset_cause cause) {
    mw_board board = {.flash = mw_host_flash_interface(&l->nor),
                      .seed = l->resets++,
                      .cause = cause,
                      .ticks_kept = true,
                      .schedule = &l->schedule};
    l->schedule.parts = 0; /* memory that a reset loses */
    l->schedule.have = 0;
    MW_CHECK_OK(mw_meter_boot(&l->meter, &l->model, &l->provision, &board, l->now));
    l->out.next_wake = (mw_mono){l->now.ns + 1};
}

static const char loop_population[] =
    "{\"tenant\":\"demo\",\"group\":{\"master\":\"202122232425262728292a2b2c2d2e2f\"}}\n"
    "{\"tenant\":\"demo\",\"device_id\":\"0000000000000001\",\"serial\":\"MW-1\","
    "\"model\":\"pulse-2\",\"network_address\":4097,"
    "\"master_key\":\"000102030405060708090a0b0c0d0e0f\",\"channels\":["
    "{\"number\":0,\"medium\":\"water\",\"obis\":\"8-0:1.0.0*255\",\"unit\":\"L\",\"scale\":0,"
    "\"register_digits\":9,\"label\":\"x\",\"usage_point\":{\"id\":\"up-1\","
    "\"address\":\"Via Roma 1\",\"time_zone\":\"Europe/Rome\"}}]}\n";

static inline void loop_open(loop *l, const char *name, uint64_t seed) {
    if (access("/dev/shm", W_OK) == 0) /* nothing here waits for a disk */
        MW_CHECK_EQ(chdir("/dev/shm"), 0);
    memset(l, 0, sizeof *l);
    l->prng = mw_prng_of_seed(seed);
    snprintf(l->path, sizeof l->path, "%s-%d.db", name, (int)getpid());
    snprintf(l->key_path, sizeof l->key_path, "%s-%d.key", name, (int)getpid());
    snprintf(l->epoch_path, sizeof l->epoch_path, "%s-%d.epoch", name, (int)getpid());
    loop_files_remove(l);
    loop_platform_open(l);
    mw_registry_import_report report;
    mw_status imported = mw_registry_import(l->registry, mw_slice_of_str(loop_population),
                                            mw_utc_of_s(LOOP_START - 86400), &report);
    if (imported != MW_OK)
        print_error("%s\n", report.error);
    MW_CHECK_OK(imported);
    MW_CHECK_OK(mw_store_tenant_find(l->store, "demo", &l->tenant));
    MW_CHECK_OK(mw_store_device_get(l->store, l->tenant, 1, &l->device));
    MW_CHECK_OK(mw_store_begin(l->store));
    for (unsigned i = 0; i < LOOP_STATIONS; i++) {
        uint8_t hash[MW_STORE_TOKEN_HASH] = {(uint8_t)(i + 1)};
        snprintf(l->station[i].id, sizeof l->station[i].id, "st-%u", i + 1);
        l->station[i].tenant = l->tenant;
        MW_CHECK_OK(mw_store_sender_put(l->store, l->tenant, l->station[i].id, MW_SLICE_OF(hash),
                                        &l->station[i].sender));
        l->connected[i] = true;
        l->snr[i] = 1000 - 200 * (int32_t)i;
    }
    MW_CHECK_OK(mw_store_commit(l->store));
    l->model = mw_pulse_2;
    l->model.relay = true;
    l->provision = (mw_meter_provision){
        .device_id = {0, 0, 0, 0, 0, 0, 0, 1}, .address = 4097, .group = MW_SMP_GROUP_ALL};
    for (uint8_t i = 0; i < 16; i++)
        l->provision.master_key[i] = i;
    mw_key master, key;
    for (uint8_t i = 0; i < 16; i++)
        master.b[i] = (uint8_t)(0x20 + i);
    MW_CHECK_OK(mw_key_derive_group(&mw_crypto_own, &master, MW_SMP_GROUP_ALL, 0, &key));
    memcpy(l->provision.group_key, key.b, 16);
    MW_CHECK_OK(mw_unb_plan_find("demo", &l->provision.plan));
    MW_CHECK_OK(mw_host_flash_init(&l->nor, 4096, MW_METER_FLASH_SECTORS));
    loop_boot(l, MW_RESET_POWER_ON);
    MW_CHECK_OK(mw_meter_clock_set(&l->meter, l->now, loop_utc(l)));
    mw_meter_config c = *mw_meter_config_of(&l->meter);
    c.report_period_h = 1;
    c.jitter_s = 600;
    MW_CHECK_OK(mw_meter_configure(&l->meter, l->now, &c));
}

static inline void loop_close(loop *l) {
    loop_platform_close(l);
    loop_files_remove(l);
    mw_host_flash_fini(&l->nor);
}

/* ---- stations to platform ---- */

static inline void loop_deliver(loop *l, unsigned station, const char *item) {
    static char body[1024];
    mw_uplinks_result result;
    snprintf(body, sizeof body, "{\"sender\":\"%s\",\"epoch\":\"00000000000000a1\",\"items\":[%s]}",
             l->station[station].id, item);
    MW_CHECK_OK(mw_uplinks_take(l->store, &l->station[station], mw_slice_of_str(body),
                                loop_clock(l), &result));
    MW_CHECK_EQ(result.quarantined, 0);
    free(result.body);
}

/* Hands an item over now, or late and out of order, and perhaps twice. */
static inline void loop_item(loop *l, unsigned station, const char *item) {
    if (loop_chance(l, l->air.late_item) && l->lates < LOOP_LATE) {
        loop_late *x = &l->late[l->lates++];
        x->due_s = l->now.ns / MW_NS_PER_S + (int64_t)mw_prng_below(&l->prng, 1800);
        x->station = station;
        snprintf(x->item, sizeof x->item, "%s", item);
        return;
    }
    loop_deliver(l, station, item);
    if (loop_chance(l, 10))
        loop_deliver(l, station, item);
}

static inline void loop_late_items(loop *l) {
    for (size_t i = 0; i < l->lates; i++)
        if (l->late[i].due_s <= l->now.ns / MW_NS_PER_S) {
            loop_late x = l->late[i];
            l->late[i--] = l->late[--l->lates];
            loop_deliver(l, x.station, x.item);
        }
}

static inline void loop_result(loop *l, unsigned station, int64_t id, const char *state) {
    char item[256], at[MW_UTC_TEXT_MAX];
    mw_utc_format(loop_utc(l), at);
    snprintf(item, sizeof item,
             "{\"seq\":%" PRIu64 ",\"kind\":\"downlink\",\"id\":\"%016" PRIx64
             "\",\"state\":\"%s\",\"at\":\"%s\",\"reason\":\"\"}",
             ++l->seq, (uint64_t)id, state, at);
    if (!loop_chance(l, l->air.lose_result))
        loop_item(l, station, item);
}

static inline void loop_uplink(loop *l, unsigned station, unsigned copy) {
    const mw_meter_transmission *tx = &l->out.tx;
    char item[512], at[MW_UTC_TEXT_MAX], hex[2 * MW_UNB_PAYLOAD_MAX + 1] = "";
    mw_utc began = {LOOP_START * MW_US_PER_S + tx->copy[copy].start.ns / 1000};
    mw_utc_format(began, at);
    MW_CHECK_OK(mw_hex_encode((mw_slice){tx->payload, tx->payload_bytes},
                              (mw_span){(uint8_t *)hex, 2 * (size_t)tx->payload_bytes}));
    snprintf(item, sizeof item,
             "{\"seq\":%" PRIu64
             ",\"kind\":\"unb\",\"received_at\":\"%s\",\"frequency_mhz\":%" PRId64
             ",\"level_cdbm\":-12000,\"snr_cdb\":%d,\"rate\":\"%s\",\"size\":\"%s\",\"payload\":"
             "\"%s\"}",
             ++l->seq, at, tx->copy[copy].carrier.mhz, (int)l->snr[station],
             mw_unb_rate_name(tx->rate), mw_unb_size_name(tx->size), hex);
    loop_item(l, station, item);
}

/* ---- platform ---- */

static inline void loop_platform(loop *l) {
    uint32_t n = 0;
    bool more = true;
    loop_late_items(l);
    for (size_t i = 0; i < l->entries; i++) /* beacons that were sent */
        if (l->entry[i].mode == MW_STORE_BROADCAST &&
            l->entry[i].at.us < loop_utc(l).us - 600 * MW_US_PER_S)
            l->entry[i--] = l->entry[--l->entries];
    do
        MW_CHECK_OK(mw_decoder_turn(l->decoder, 256, &n));
    while (n > 0);
    for (unsigned i = 0; more && i < 10; i++)
        MW_CHECK_OK(mw_commands_turn(l->commands, loop_clock(l), &more));
}

/* ---- the meter's side ---- */

static inline void loop_watch(loop *l) {
    if (l->out.relay_known && l->out.relay_closed != l->relay) {
        l->relay = l->out.relay_closed;
        l->relay_moves++;
    }
    if (mw_meter_config_of(&l->meter)->burst != l->burst) {
        l->burst = mw_meter_config_of(&l->meter)->burst;
        l->burst_moves++;
    }
}

static inline void loop_down(loop *l, const mw_store_downlink *d) {
    mw_mono burst = {l->now.ns - mw_unb_airtime((mw_unb_rate)d->rate, MW_UNB_M).ns};
    mw_status s = mw_meter_downlink(&l->meter, l->now, burst, (mw_slice){d->payload, d->size});
    MW_CHECK(s == MW_OK || s == MW_DUPLICATE || s == MW_AUTH || s == MW_NOT_FOUND);
    l->taken += s == MW_OK;
    l->out.next_wake = (mw_mono){l->now.ns + 1};
}

/* The window of a frame: each station that heard it may answer. */
static inline void loop_window(loop *l, const bool heard[LOOP_STATIONS],
                               const mw_meter_listen *listen) {
    mw_mono at = mw_mono_add(listen->from, (mw_dur){2 * INT64_C(1000000000)});
    l->now = at;
    loop_platform(l); /* what it learned from the uplink may still reach this window's station */
    for (size_t i = 0; i < l->entries; i++) {
        mw_store_downlink d = l->entry[i];
        unsigned station = d.sender == l->station[0].sender ? 0 : 1;
        if (d.mode != MW_STORE_ANSWER || d.rate != listen->rate || !heard[station])
            continue;
        l->entry[i] = l->entry[--l->entries];
        bool lost = loop_chance(l, l->air.lose_down);
        if (!lost)
            loop_down(l, &d);
        if (!lost && loop_chance(l, l->air.repeat_down))
            loop_down(l, &d);
        if (l->old.size > 0 && loop_chance(l, l->air.repeat_down))
            loop_down(l, &l->old); /* a recording of somebody's */
        l->old = d;
        loop_result(l, station, d.id, "sent");
        return;
    }
}

static inline void loop_transmitted(loop *l) {
    bool heard[LOOP_STATIONS] = {false};
    mw_meter_listen listen = l->out.listen;
    l->last = l->out.tx;
    mw_mono end = mw_mono_add(l->out.tx.copy[l->out.tx.copies - 1].start, l->out.tx.airtime);
    l->now = end;
    for (unsigned i = 0; i < LOOP_STATIONS; i++)
        for (unsigned c = 0; c < l->out.tx.copies; c++) {
            if (l->snr[i] == INT32_MIN || loop_chance(l, l->air.lose_up))
                continue;
            heard[i] = true;
            loop_uplink(l, i, c);
        }
    if (listen.open)
        loop_window(l, heard, &listen);
}

/* Runs meter and platform for some seconds. */
static inline void loop_run(loop *l, int64_t seconds) {
    mw_mono end = mw_mono_add(l->now, mw_dur_s(seconds));
    const mw_meter_inputs in = {.counts = {l->flow}};
    int64_t looked = l->now.ns;
    while (l->now.ns < end.ns) {
        mw_mono next = {l->now.ns + 60 * MW_NS_PER_S};
        if (l->out.next_wake.ns < next.ns)
            next = l->out.next_wake;
        if (next.ns > l->now.ns)
            l->now = next;
        MW_CHECK_OK(mw_meter_step(&l->meter, l->now, &in, &l->out));
        loop_watch(l);
        if (l->out.transmit)
            loop_transmitted(l);
        if (l->out.restart) {
            MW_CHECK_OK(mw_meter_last_gasp(&l->meter));
            loop_boot(l, MW_RESET_ORDERLY);
        }
        if (l->now.ns - looked >= 60 * MW_NS_PER_S) {
            looked = l->now.ns;
            loop_platform(l);
        }
    }
}

/* ---- asking ---- */

static inline int64_t loop_ask(loop *l, mw_smp_command_code code, const mw_smp_command *smp) {
    mw_command_order o = {.tenant = l->tenant,
                          .device = l->device,
                          .kind = "test",
                          .args = "{}",
                          .code = (uint8_t)code,
                          .priority = 4,
                          .actor = "ops"};
    if (smp != NULL) {
        o.size = smp->size;
        memcpy(o.data, smp->data, smp->size);
    }
    mw_store_command c;
    bool existing;
    MW_CHECK_OK(mw_commands_create(l->commands, &o, loop_clock(l), &c, &existing));
    return c.id;
}

static inline int64_t loop_ask_burst(loop *l, int64_t value) {
    mw_smp_command smp = {.code = MW_SMP_COMMAND_SET_CONFIG};
    mw_smp_config set = {1, {{MW_SMP_KEY_BURST, value}}};
    MW_CHECK_OK(mw_smp_set_config_put(&set, &smp));
    return loop_ask(l, MW_SMP_COMMAND_SET_CONFIG, &smp);
}

static inline int64_t loop_ask_relay(loop *l, bool closed) {
    mw_smp_command smp = {.code = MW_SMP_COMMAND_RELAY};
    mw_smp_relay_put(closed, &smp);
    return loop_ask(l, MW_SMP_COMMAND_RELAY, &smp);
}

static inline mw_store_command loop_command(loop *l, int64_t id) {
    mw_store_command c;
    MW_CHECK_OK(mw_store_command_get(l->store, l->tenant, id, &c));
    return c;
}

static inline void loop_expect(loop *l, int64_t id, mw_store_command_state state) {
    mw_store_command c = loop_command(l, id);
    if (c.state != state)
        print_error("command %lld (code %u) is %s: %s\n", (long long)id, c.code,
                    mw_command_state_name(c.state), c.reason);
    MW_CHECK_STR(mw_command_state_name(c.state), mw_command_state_name(state));
}

#endif
