/* SPDX-License-Identifier: Apache-2.0
 *
 * Power cuts over every log of a battery meter: register snapshots, configuration and the set that
 * waits, events of the three groups, archives, counters, keys and receipts, clock, airtime ledger and
 * the account of the charge.
 *
 * A pulse modem lives through a day in which all of them are written, over sectors of 256 bytes so
 * that each log turns often. At every byte that it programs and every erase, a copy of it loses its
 * power there, starts again, loses its power once more at random, starts again and goes on. Each time
 * all records that were committed must be there as they were written, registers must not go back,
 * no counter may be used twice, and configuration and keys must be whole.
 *
 *   bench_power_cuts [POINTS [SEED]]     100,000 points take some minutes
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc.h"
#include "base/prng.h"
#include "meters/boards/host.h"
#include "meters/kit/meter.h"
#include "meters/pulse/pulse.h"
#include "protocols/smp/smp.h"

#define SECTOR_BYTES 256
#define SECTORS      2048
#define LOGS_MAX     16
#define SHADOW       8 /* newest records of each log whose content is known */
#define SNAPSHOT     64
#define STEP_COUNTS  40
#define SCRIPT_S     (30 * 3600)
#define START_S      INT64_C(1772395200) /* 2026-03-01T20:00:00Z: midnight comes in the script */

typedef struct log_row {
    const char *name;
    const mw_ringlog *log;
} log_row;

typedef struct shadow {
    uint32_t next_seq;
    struct {
        bool known;
        uint32_t seq, crc;
    } record[SHADOW];
} shadow;

typedef struct site {
    mw_host_flash nor;
    mw_meter meter;
    mw_mono now;
    mw_meter_outputs out;
    mw_prng g; /* of the script */
    uint64_t fed;
    uint32_t tamper, faults, counter; /* counter: of the platform's downlinks */
    uint32_t last_counter, last_epoch;
    bool any_counter;
    unsigned orders;
    shadow log[LOGS_MAX];
} site;

static mw_meter_model model;
static mw_meter_provision provision = {.device_id = {1, 2}, .address = 77, .master_key = {3}};
static uint64_t records_checked, lost_counts_max;

static void check(bool good, const char *what) {
    if (good)
        return;
    (void)fprintf(stderr, "bench_power_cuts: %s\n", what);
    abort();
}

static unsigned logs_of(const mw_meter *m, log_row out[LOGS_MAX]) {
    const log_row rows[] = {
        {"configuration", &m->config_log},
        {"counter", &m->telemetry.counter.log},
        {"clock", &m->clock.log},
        {"registers", &m->registers.log},
        {"airtime ledger", &m->telemetry.log},
        {"security events", &m->events.log[MW_EVENTS_SECURITY]},
        {"metrology events", &m->events.log[MW_EVENTS_METROLOGY]},
        {"operation events", &m->events.log[MW_EVENTS_OPERATION]},
        {"hourly archive", &m->archive.hourly},
        {"daily archive", &m->archive.daily},
        {"downlinks and receipts", &m->downlink.log},
        {"keys and relay", &m->downlink.state},
        {"charge", &m->charge.log},
        {"values that wait", &m->passive.log},
    };
    memcpy(out, rows, sizeof rows);
    return sizeof rows / sizeof rows[0];
}

/* ---- what is known of the logs ---- */

static bool record_of(const site *s, const mw_ringlog *log, uint32_t seq, uint32_t *out_crc) {
    uint8_t payload[MW_RINGLOG_PAYLOAD_MAX];
    mw_span span = {payload, log->payload_bytes};
    if (mw_ringlog_numbered(log, &s->meter.flash, seq, span) != MW_OK)
        return false;
    *out_crc = mw_crc32((mw_slice){payload, log->payload_bytes});
    return true;
}

/* After whatever may have appended: reads the new records. Nothing can be read without power; then
 * what was committed in the last step is known by number only. */
static void shadows_follow(site *s) {
    log_row rows[LOGS_MAX];
    unsigned n = logs_of(&s->meter, rows);
    for (unsigned i = 0; i < n; i++) {
        shadow *h = &s->log[i];
        for (; h->next_seq < rows[i].log->next_seq; h->next_seq++) {
            uint32_t seq = h->next_seq, at = seq % SHADOW;
            h->record[at].seq = seq;
            h->record[at].known =
                !s->nor.dead && record_of(s, rows[i].log, seq, &h->record[at].crc);
            check(s->nor.dead || h->record[at].known || seq + SHADOW < rows[i].log->next_seq,
                  "a record that was just written is not there");
        }
    }
}

/* After a start: everything that was committed is there, as it was. */
static void shadows_check(site *s) {
    log_row rows[LOGS_MAX];
    unsigned n = logs_of(&s->meter, rows);
    for (unsigned i = 0; i < n; i++) {
        shadow *h = &s->log[i];
        check(rows[i].log->next_seq >= h->next_seq, rows[i].name);
        for (unsigned k = 0; k < SHADOW; k++) {
            uint32_t crc, seq = h->record[k].seq;
            if (h->next_seq <= k || seq + SHADOW < h->next_seq || seq >= h->next_seq)
                continue;
            /* Small sectors keep few records: those the log has turned over are gone rightly. */
            uint32_t kept = (rows[i].log->sectors - 1) * rows[i].log->per_sector;
            if (rows[i].log->next_seq - seq + 2 > kept)
                continue;
            check(record_of(s, rows[i].log, seq, &crc), rows[i].name);
            check(!h->record[k].known || crc == h->record[k].crc, rows[i].name);
            records_checked++;
        }
    }
    shadows_follow(s);
}

/* ---- one life ---- */

static bool site_boot(site *s, mw_reset_cause cause, bool ticks_kept) {
    mw_board board = {.flash = mw_host_flash_interface(&s->nor),
                      .seed = s->nor.stats.programs,
                      .cause = cause,
                      .ticks_kept = ticks_kept};
    mw_status status = mw_meter_boot(&s->meter, &model, &provision, &board, s->now);
    check(status == MW_OK || s->nor.dead, "the meter does not start");
    s->out.next_wake = mw_mono_add(s->now, mw_dur_s(1));
    return status == MW_OK;
}

static void downlink(site *s, mw_smp_command *c) {
    uint8_t memory[64], frame[MW_UNB_PAYLOAD_L];
    size_t n = 0;
    mw_key master, key;
    mw_crypto_ctx ctx;
    mw_writer w = mw_writer_of(MW_SPAN_OF(memory));
    mw_smp_order_put(&w, c);
    mw_smp_frame_info info = {.direction = MW_SMP_DOWN,
                              .address = provision.address,
                              .epoch = s->meter.key_epoch,
                              .counter = ++s->counter,
                              .full = true};
    mw_bytes_copy(master.b, provision.master_key, sizeof master.b);
    check(mw_key_derive_device(&mw_crypto_openssl, &master, &s->meter.device_id, s->meter.key_epoch,
                               MW_KEY_DOWN, &key) == MW_OK &&
              mw_crypto_init(&ctx, &mw_crypto_openssl, &key) == MW_OK &&
              mw_smp_frame_seal(&ctx, &info, mw_writer_done(&w), sizeof frame, MW_SPAN_OF(frame),
                                &n) == MW_OK,
          "a downlink could not be made");
    mw_crypto_fini(&ctx);
    mw_status st =
        mw_meter_downlink(&s->meter, s->now, (mw_mono){s->now.ns - 1000}, (mw_slice){frame, n});
    check(st == MW_OK || s->nor.dead, "a downlink was not taken");
    s->out.next_wake = (mw_mono){s->now.ns + 1};
}

static void order(site *s) {
    mw_key master, group = {{7}};
    mw_smp_command c = {.id = (uint16_t)(100 + s->orders), .expires_s = MW_SMP_NEVER - 1};
    mw_smp_config set = {2, {{MW_SMP_KEY_BURST, s->orders}, {MW_SMP_KEY_LEAK, s->orders % 250}}};
    mw_bytes_copy(master.b, provision.master_key, sizeof master.b);
    mw_smp_key_epoch epoch = {.epoch_low = (uint8_t)(s->meter.key_epoch + 1)};
    mw_smp_group_key wrapped = {.group = MW_SMP_GROUP_FIRST + 3, .epoch = s->orders + 1};
    uint32_t at_s = 0;
    bool good = mw_smp_seconds_of_utc(mw_meter_clock(&s->meter, s->now), &at_s) == MW_OK;
    switch (s->orders++ % 6) {
    case 0:
        c.code = MW_SMP_COMMAND_SET_CONFIG;
        good = good && mw_smp_set_config_put(&set, &c) == MW_OK;
        break;
    case 1:
        c.code = MW_SMP_COMMAND_SET_CONFIG_AT;
        good = good && mw_smp_set_config_at_put(at_s + 5400, &set, &c) == MW_OK;
        break;
    case 2:
        c.code = MW_SMP_COMMAND_RELAY;
        mw_smp_relay_put(s->orders % 2 == 0, &c);
        break;
    case 3:
        c.code = MW_SMP_COMMAND_KEY_EPOCH;
        good = good && mw_smp_key_epoch_prove(&mw_crypto_openssl, &master, &s->meter.device_id,
                                              s->meter.key_epoch + 1, epoch.proof) == MW_OK;
        mw_smp_key_epoch_put(&epoch, &c);
        break;
    case 4:
        c.code = MW_SMP_COMMAND_GROUP_KEY;
        good = good && mw_smp_group_key_wrap(&mw_crypto_openssl, &master, &s->meter.device_id,
                                             s->meter.key_epoch, provision.address, &group,
                                             &wrapped) == MW_OK;
        mw_smp_group_key_put(&wrapped, &c);
        break;
    default:
        c.code = MW_SMP_COMMAND_HEALTH;
        break;
    }
    check(good, "an order could not be made");
    downlink(s, &c);
}

/* One deed of the script: a step with pulses and conditions, and now and then an order, a setting of
 * the clock, a last gasp. All follows from the site's own state, so a copy does the same. */
static void deed(site *s) {
    mw_meter_inputs in = {0};
    int64_t next = s->now.ns + (1 + (int64_t)mw_prng_below(&s->g, 900)) * MW_NS_PER_S;
    uint64_t dice = mw_prng_below(&s->g, 100);
    s->now.ns = s->out.next_wake.ns < next ? s->out.next_wake.ns : next;
    if (s->now.ns == next) {
        in.counts[0] = (uint32_t)mw_prng_below(&s->g, STEP_COUNTS);
        in.counts[1] = (uint32_t)mw_prng_below(&s->g, 4);
        if (dice < 6)
            s->tamper ^= MW_TAMPER_COVER << mw_prng_below(&s->g, 2);
        if (dice >= 6 && dice < 10)
            s->faults ^= 1;
        if (dice >= 10 && dice < 16) {
            in.battery_mv = (uint16_t)(2900 + mw_prng_below(&s->g, 300));
            in.temperature = (mw_temp){15000};
        }
    }
    in.tamper = s->tamper;
    in.faults = s->faults;
    s->fed += in.counts[0];
    mw_status status = mw_meter_step(&s->meter, s->now, &in, &s->out);
    check(status == MW_OK || s->nor.dead, "a step failed");
    if (s->out.transmit) {
        const mw_meter_transmission *tx = &s->out.tx;
        check(!s->any_counter || s->meter.key_epoch > s->last_epoch ||
                  tx->counter > s->last_counter,
              "a counter was used twice");
        s->last_counter = tx->counter;
        s->last_epoch = s->meter.key_epoch;
        s->any_counter = true;
    }
    if (!s->nor.dead && dice >= 94)
        order(s);
    if (!s->nor.dead && dice >= 92 && dice < 94) {
        mw_utc moved = mw_utc_add(mw_meter_clock(&s->meter, s->now), mw_dur_s(2));
        status = mw_meter_clock_set(&s->meter, s->now, moved);
        check(status == MW_OK || s->nor.dead, "the clock could not be set");
        s->out.next_wake = (mw_mono){s->now.ns + 1};
    }
    if (!s->nor.dead && dice >= 88 && dice < 92)
        check(mw_meter_last_gasp(&s->meter) == MW_OK || s->nor.dead, "no last gasp");
    shadows_follow(s);
}

/* Power returns. */
static void recover(site *s, bool ticks_kept) {
    mw_host_flash_power_on(&s->nor);
    uint32_t epoch = s->meter.key_epoch;
    int64_t stored = s->meter.registers.stored[0];
    mw_meter_config config = s->meter.config;
    check(site_boot(s, MW_RESET_BROWN_OUT, ticks_kept), "the meter does not start again");
    shadows_check(s);
    int64_t counts = mw_meter_counts(&s->meter, 0), lost = (int64_t)s->fed - counts;
    check(counts >= stored, "a register went back behind what was stored");
    check(lost >= 0 && lost < SNAPSHOT + STEP_COUNTS, "a cut cost more counts than it may");
    lost_counts_max = (uint64_t)lost > lost_counts_max ? (uint64_t)lost : lost_counts_max;
    s->fed = (uint64_t)counts;
    check(s->meter.key_epoch >= epoch || s->meter.key_epoch + 1 == epoch, "the keys went back");
    check(s->meter.config.leak == config.leak || s->meter.config.burst != config.burst ||
              s->meter.config.leak % 250 == s->meter.config.burst % 250,
          "half a configuration");
}

/* A copy of the base loses its power after `cut` bytes or erases of its next deed. */
static uint32_t point(const site *base, site *s, uint64_t cut, uint64_t seed) {
    mw_host_flash nor = s->nor;
    mw_host_flash from = base->nor;
    *s = *base;
    s->nor = nor;
    check(mw_host_flash_copy(&s->nor, &from) == MW_OK, "out of memory");
    s->meter.flash = mw_host_flash_interface(&s->nor);
    mw_prng h = mw_prng_of_stream(seed, cut);
    mw_host_flash_cut_after(&s->nor, cut, mw_prng_u64(&h));
    deed(s);
    check(s->nor.dead, "the cut fell beyond the deed");
    uint32_t where = s->nor.cut_sector;
    recover(s, mw_prng_below(&h, 2) == 0);
    mw_host_flash_cut_after(&s->nor, mw_prng_below(&h, 700), mw_prng_u64(&h));
    for (unsigned i = 0; i < 30 && !s->nor.dead; i++)
        deed(s);
    if (s->nor.dead)
        recover(s, mw_prng_below(&h, 2) == 0);
    mw_host_flash_power_on(&s->nor);
    for (unsigned i = 0; i < 3; i++)
        deed(s);
    check(mw_meter_counts(&s->meter, 0) == (int64_t)s->fed, "a register is wrong");
    return where;
}

static uint64_t flash_steps(const mw_host_flash *f) {
    return f->stats.bytes_programmed + f->stats.erases;
}

static void base_init(site *s, uint64_t seed) {
    mw_host_flash nor = s->nor;
    *s = (site){.nor = nor, .g = mw_prng_of_seed(seed)};
    check(site_boot(s, MW_RESET_POWER_ON, false) &&
              mw_meter_clock_set(&s->meter, s->now, mw_utc_of_s(START_S)) == MW_OK,
          "no start");
    mw_meter_config c = *mw_meter_config_of(&s->meter);
    c.report_period_h = 3;
    c.jitter_s = 600;
    c.active = 3;
    check(mw_meter_configure(&s->meter, s->now, &c) == MW_OK, "no configuration");
    shadows_follow(s);
}

/* One pass of the script; takes every `stride`-th point. Returns points taken. */
static uint64_t pass(uint64_t seed, uint64_t stride, uint64_t most, uint64_t by_log[LOGS_MAX]) {
    static site base, probe, copy;
    uint64_t taken = 0, seen = 0;
    site *all[] = {&base, &probe, &copy};
    for (unsigned i = 0; i < 3; i++)
        check(mw_host_flash_init(&all[i]->nor, SECTOR_BYTES, SECTORS) == MW_OK, "out of memory");
    base_init(&base, seed);
    while (base.now.ns < SCRIPT_S * MW_NS_PER_S && taken < most) {
        /* The deed on a copy tells how many points it has; the base does it afterwards. */
        mw_host_flash nor = probe.nor;
        probe = base;
        probe.nor = nor;
        check(mw_host_flash_copy(&probe.nor, &base.nor) == MW_OK, "out of memory");
        probe.meter.flash = mw_host_flash_interface(&probe.nor);
        uint64_t before = flash_steps(&probe.nor);
        deed(&probe);
        uint64_t points = flash_steps(&probe.nor) - before;
        log_row rows[LOGS_MAX];
        unsigned logs = logs_of(&base.meter, rows);
        for (uint64_t k = 0; k < points && taken < most; k++, seen++) {
            if (seen % stride != 0)
                continue;
            uint32_t where = point(&base, &copy, k, seed * 1000003 + seen);
            for (unsigned i = 0; i < logs; i++)
                if (where >= rows[i].log->first_sector &&
                    where < rows[i].log->first_sector + rows[i].log->sectors)
                    by_log[i]++;
            taken++;
        }
        deed(&base);
    }
    for (unsigned i = 0; i < 3; i++)
        mw_host_flash_fini(&all[i]->nor);
    return taken;
}

int main(int argc, char **argv) {
    uint64_t wanted = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    uint64_t by_log[LOGS_MAX] = {0}, points = 0;
    if (wanted == 0 || mw_unb_plan_find("demo", &provision.plan) != MW_OK)
        return 2;
    model = mw_pulse_2;
    model.relay = true;
    /* A script of 30 hours has some 20,000 points; less than that are spread over it. */
    for (; points < wanted; seed++) {
        uint64_t left = wanted - points, stride = left < 20000 ? 20000 / left : 1;
        points += pass(seed, stride, left, by_log);
    }
    log_row rows[LOGS_MAX];
    static mw_meter nobody;
    unsigned logs = logs_of(&nobody, rows);
    for (unsigned i = 0; i < logs; i++) {
        printf("# %-24s %llu cuts\n", rows[i].name, (unsigned long long)by_log[i]);
        check(by_log[i] > 0 || wanted < 5000, "a log was never cut");
    }
    printf("# %llu cut points, each followed by a second random cut; %llu committed records looked "
           "up again, 0 lost, 0 altered; no counter twice; a cut cost at most %llu counts\n",
           (unsigned long long)points, (unsigned long long)records_checked,
           (unsigned long long)lost_counts_max);
    printf("meters.power_cuts_survived %llu points >=100000 %s\n", (unsigned long long)points,
           points >= 100000 ? "ok" : "short");
    return points >= 100000 || wanted < 100000 ? 0 : 1;
}
