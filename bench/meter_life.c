/* SPDX-License-Identifier: Apache-2.0
 *
 * What a battery meter uses: the real firmware runs for 60 days on the host with an ordinary
 * household behind it, and its own coulomb counter says how much charge went where. From that the
 * average current and the life of the cell, with the bytes and the seconds on the air a day.
 *
 *   bench_meter_life [DAYS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "meters/boards/host.h"
#include "meters/gas/gas.h"
#include "meters/kit/meter.h"
#include "meters/pulse/pulse.h"
#include "meters/water/water.h"

#define START  mw_utc_of_s(INT64_C(1772323200)) /* 2026-03-01 */
#define YEAR_S 31557600.0

/* A household: so many draws a day of so many counts, each over some minutes. */
typedef struct subject {
    const mw_meter_model *model;
    unsigned draws, minutes;
    uint32_t counts_a_minute;
    double years_wanted, measure_ua_wanted; /* 0: no target */
} subject;

typedef struct outcome {
    double ua, years, bytes, air_s;
    double share[MW_CHARGE_USES]; /* uA */
    unsigned frames;
} outcome;

static void fail(const char *what) {
    (void)fprintf(stderr, "bench_meter_life: %s\n", what);
    exit(2);
}

static void step(mw_meter *m, mw_mono now, const mw_meter_inputs *in, mw_meter_outputs *out,
                 outcome *o) {
    if (mw_meter_step(m, now, in, out) != MW_OK)
        fail("a step failed");
    if (!out->transmit)
        return;
    const mw_meter_transmission *tx = &out->tx;
    o->frames++;
    if (tx->medium == MW_CARRIER_UNB) {
        o->bytes += tx->payload_bytes;
        o->air_s += (double)tx->airtime.ns * 1e-9 * tx->copies;
        return;
    }
    for (unsigned i = 0; i < tx->messages; i++) {
        uint8_t message[MW_CARRIER_MESSAGE_MAX];
        size_t n;
        if (mw_meter_message(tx, i, MW_SPAN_OF(message), &n) != MW_OK)
            fail("a message failed");
        o->bytes += (double)n;
        o->air_s += mw_carrier_airtime_ms(tx->medium, tx->rate, n) / 1000.0;
    }
}

static void run(const subject *s, mw_carrier c, uint8_t rate, uint8_t period, unsigned days,
                outcome *o) {
    static mw_meter m;
    mw_host_flash nor;
    mw_meter_provision p = {.device_id = {1, 2, 3}, .address = 0x1001, .master_key = {9}};
    mw_mono now = {0};
    if (mw_unb_plan_find("eu868", &p.plan) != MW_OK ||
        mw_host_flash_init(&nor, 4096, MW_METER_FLASH_SECTORS) != MW_OK)
        fail("no plan or no memory");
    mw_board board = {.flash = mw_host_flash_interface(&nor), .seed = 7};
    if (mw_meter_boot(&m, s->model, &p, &board, now) != MW_OK ||
        mw_meter_clock_set(&m, now, START) != MW_OK)
        fail("no boot");
    mw_meter_config config = *mw_meter_config_of(&m);
    config.carrier = (uint8_t)c;
    config.rate = rate;
    config.report_period_h = period;
    config.active = config.active | s->model->hourly;
    config.jitter_s = (uint16_t)(period > 4 ? 14400 : period * 1800);
    if (mw_meter_configure(&m, now, &config) != MW_OK)
        fail("configuration refused");
    mw_prng g = mw_prng_of_seed(period);
    mw_meter_outputs out = {.next_wake = {1}};
    memset(o, 0, sizeof *o);
    for (unsigned d = 0; d < days; d++) {
        for (unsigned k = 0; k < s->draws; k++) {
            int64_t slot = INT64_C(86400) / s->draws;
            int64_t at = d * INT64_C(86400) + k * slot +
                         (int64_t)mw_prng_below(&g, (uint64_t)(slot - s->minutes * 60));
            for (unsigned i = 0; i < s->minutes; i++) {
                mw_mono tick = {(at + i * 60) * MW_NS_PER_S};
                const mw_meter_inputs none = {0};
                while (out.next_wake.ns < tick.ns) {
                    now = out.next_wake;
                    step(&m, now, &none, &out, o);
                }
                mw_meter_inputs in = {.counts = {s->counts_a_minute}};
                if (s->model->hourly == 3)
                    in.counts[1] = s->counts_a_minute / 100;
                if (k == 0 && i == 0) {
                    in.battery_mv = 3600;
                    in.temperature = (mw_temp){18000};
                }
                now = tick;
                step(&m, now, &in, &out, o);
            }
        }
    }
    double seconds = m.charge.seconds, total = (double)mw_charge_total_nc(&m.charge);
    for (unsigned u = 0; u < MW_CHARGE_USES; u++)
        o->share[u] = (double)m.charge.used_nc[u] / seconds / 1000;
    o->ua = total / seconds / 1000;
    double usable = s->model->charge.capacity_mah * (double)MW_CHARGE_NC_OF_MAH *
                    s->model->charge.usable_permille / 1000;
    o->years = usable / (total / seconds) / YEAR_S;
    o->bytes /= days;
    o->air_s /= days;
    mw_host_flash_fini(&nor);
}

static void print_shares(const char *name, const outcome *o) {
    printf("# %-24s", name);
    for (unsigned u = 0; u < MW_CHARGE_USES; u++)
        printf(" %s %.2f", mw_charge_use_name((mw_charge_use)u), o->share[u]);
    printf(" uA, %u frames\n", o->frames);
}

static bool figure(const char *name, const char *what, double v, const char *unit, bool least,
                   double target) {
    bool good = target == 0 || (least ? v >= target : v <= target);
    if (target == 0)
        printf("meters.%s_%s %.2f %s - ok\n", name, what, v, unit);
    else
        printf("meters.%s_%s %.2f %s %s%g %s\n", name, what, v, unit, least ? ">=" : "<=", target,
               good ? "ok" : "short");
    return good;
}

static bool report(const subject *s, mw_carrier c, uint8_t rate, uint8_t period, unsigned days) {
    static const uint8_t periods_with_target = 24;
    outcome o;
    char name[64];
    run(s, c, rate, period, days, &o);
    (void)snprintf(name, sizeof name, "life_%s_%s_%uh", s->model->name, mw_carrier_name(c), period);
    for (char *p = name; *p != 0; p++)
        if (*p == '-' || *p == '.')
            *p = '_';
    print_shares(name, &o);
    bool wanted = period == periods_with_target && c == MW_CARRIER_UNB;
    bool good = figure(name, "battery_years", o.years, "years", true, wanted ? s->years_wanted : 0);
    if (wanted && s->measure_ua_wanted > 0)
        good = figure(name, "measure_ua", o.share[MW_CHARGE_MEASURE], "uA", false,
                      s->measure_ua_wanted) &&
               good;
    (void)figure(name, "current_ua", o.ua, "uA", false, 0);
    (void)figure(name, "bytes_day", o.bytes, "B", false, 0);
    (void)figure(name, "air_s_day", o.air_s, "s", false, 0);
    return good;
}

int main(int argc, char **argv) {
    unsigned days = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 60;
    if (days == 0 || days > 3650)
        fail("usage: bench_meter_life [DAYS]");
    /* Water 400 L a day; gas 8 m3; electricity 10 kWh of 1000 pulses and a water meter. */
    const subject subjects[] = {
        {&mw_water_r160, 40, 2, 20, 20, 4},
        {&mw_gas_model_of[2], 8, 60, 16667, 10, 25},
        {&mw_pulse_2, 96, 1, 104, 10, 0},
    };
    static const uint8_t periods[] = {24, 12, 6, 3, 1};
    bool good = true;
    for (unsigned i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        for (unsigned k = 0; k < sizeof periods; k++)
            good = report(&subjects[i], MW_CARRIER_UNB, MW_UNB_R1, periods[k], days) && good;
        for (unsigned c = MW_CARRIER_SIGFOX; c < MW_CARRIER_COUNT; c++)
            good = report(&subjects[i], (mw_carrier)c, 1, 24, days) && good;
    }
    return good ? 0 : 1;
}
