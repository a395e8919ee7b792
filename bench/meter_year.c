/* SPDX-License-Identifier: Apache-2.0
 *
 * A simulated year of each battery meter on the host board: the whole firmware with its flash,
 * stepped by what its sensor sees. The water meter's wheel and the modem's contacts are fed edge by
 * edge through rotation and debounce; the gas meter gets the volume of each measurement every 2 s
 * while gas flows, for the measurement itself has its own bench.
 *
 *   bench_meter_year [DAYS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/prng.h"
#include "meters/boards/host.h"
#include "meters/gas/gas.h"
#include "meters/kit/meter.h"
#include "meters/pulse/input.h"
#include "meters/pulse/pulse.h"
#include "meters/water/rotation.h"
#include "meters/water/water.h"

#define START_S INT64_C(1772323200)

typedef struct life {
    mw_host_flash nor;
    mw_meter meter;
    mw_mono now;
    mw_meter_outputs out;
    mw_meter_inputs in;
    uint64_t steps, edges, frames;
} life;

static void need(bool good, const char *what) {
    if (good)
        return;
    (void)fprintf(stderr, "bench_meter_year: %s\n", what);
    exit(2);
}

static double cpu_s(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void life_begin(life *l, const mw_meter_model *model) {
    mw_meter_provision p = {.device_id = {1}, .address = 0x1001, .master_key = {9}};
    *l = (life){.out = {.next_wake = {1}}};
    need(mw_unb_plan_find("eu868", &p.plan) == MW_OK &&
             mw_host_flash_init(&l->nor, 4096, MW_METER_FLASH_SECTORS) == MW_OK,
         "no memory");
    mw_board board = {.flash = mw_host_flash_interface(&l->nor), .seed = 7};
    need(mw_meter_boot(&l->meter, model, &p, &board, l->now) == MW_OK &&
             mw_meter_clock_set(&l->meter, l->now, mw_utc_of_s(START_S)) == MW_OK,
         "no start");
    mw_meter_config c = *mw_meter_config_of(&l->meter);
    c.active |= model->hourly;
    need(mw_meter_configure(&l->meter, l->now, &c) == MW_OK, "no configuration");
}

static void step(life *l, mw_mono at) {
    static const mw_meter_inputs none;
    while (l->out.next_wake.ns < at.ns) {
        l->now = l->out.next_wake;
        need(mw_meter_step(&l->meter, l->now, &none, &l->out) == MW_OK, "a step failed");
        l->frames += l->out.transmit;
        l->steps++;
    }
    l->now = at;
    need(mw_meter_step(&l->meter, at, &l->in, &l->out) == MW_OK, "a step failed");
    l->frames += l->out.transmit;
    l->in = none;
    l->steps++;
}

/* 400 L a day: a turn a litre, four edges a turn, at 300 L/h and sometimes at Q3; now and then the
 * wheel trembles. */
static void water_day(life *l, mw_prng *g, mw_rotation *r, int64_t day_s) {
    static const uint8_t sequence[4] = {0, 1, 3, 2};
    for (unsigned draw = 0; draw < 40; draw++) {
        int64_t ns = (day_s + draw * INT64_C(2160) + (int64_t)mw_prng_below(g, 1000)) * MW_NS_PER_S;
        int64_t edge_ns = mw_prng_below(g, 10) == 0 ? 360 * 1000000 : INT64_C(3000) * 1000000;
        for (unsigned e = 0; e < 40; e++, ns += edge_ns) {
            static uint8_t at;
            at = (uint8_t)((at + 1) % 4);
            mw_rotation_sample(r, sequence[at] & 2, sequence[at] & 1, &l->in.counts[0],
                               &l->in.counts[1]);
            l->edges++;
            step(l, (mw_mono){ns});
        }
    }
}

/* 8 m3 a day: eight burns of an hour, a measurement every 2 s. */
static void gas_day(life *l, mw_prng *g, int64_t day_s) {
    for (unsigned burn = 0; burn < 8; burn++) {
        int64_t s = day_s + burn * INT64_C(10800) + (int64_t)mw_prng_below(g, 7000);
        for (unsigned i = 0; i < 1800; i++) {
            l->in.counts[0] = 540 + (uint32_t)mw_prng_below(g, 30);
            l->edges++;
            step(l, (mw_mono){(s + 2 * i) * MW_NS_PER_S});
        }
    }
}

/* 10 kWh of 1000 pulses on input 0, 40 pulses of a water meter on input 1, each with a bounce. */
static void pulse_day(life *l, mw_prng *g, mw_pulse_input in[2], int64_t day_s) {
    for (unsigned p = 0; p < 10040; p++) {
        unsigned k = p % 251 == 250;
        int64_t ns =
            day_s * MW_NS_PER_S + p * INT64_C(8600000000) + (int64_t)mw_prng_below(g, 8000000000);
        const struct {
            bool low;
            int64_t after_ms;
        } edges[] = {{true, 0}, {false, 1}, {true, 2}, {false, 45}};
        for (unsigned e = 0; e < 4; e++) {
            mw_mono at = {ns + edges[e].after_ms * 1000000};
            l->in.counts[k] += mw_pulse_input_edge(&in[k], edges[e].low, at);
            l->edges++;
        }
        if (l->in.counts[k] > 0)
            step(l, (mw_mono){ns + 46000000});
    }
}

static bool year(const char *key, const mw_meter_model *model, unsigned days) {
    static life l;
    life_begin(&l, model);
    mw_prng g = mw_prng_of_seed(days);
    mw_rotation rotation;
    mw_pulse_input input[2];
    mw_rotation_init(&rotation, false, false);
    for (unsigned k = 0; k < 2; k++)
        mw_pulse_input_init(&input[k], mw_dur_ms(MW_PULSE_MIN_LOW_MS),
                            mw_dur_ms(MW_PULSE_MIN_HIGH_MS), false, l.now);
    double began = cpu_s();
    for (unsigned d = 0; d < days; d++) {
        int64_t day_s = d * INT64_C(86400) + 60;
        if (model == &mw_pulse_2)
            pulse_day(&l, &g, input, day_s);
        else if (model->dry)
            gas_day(&l, &g, day_s);
        else
            water_day(&l, &g, &rotation, day_s);
    }
    double took = (cpu_s() - began) * 365 / days;
    int64_t counts = mw_meter_counts(&l.meter, 0);
    int64_t least = model == &mw_pulse_2 ? INT64_C(9990) : model->dry ? INT64_C(7700000) : 1590;
    need(counts >= least * days, "counts were lost");
    printf("# %s: %u days, %llu edges or measurements, %llu steps, %llu frames, register %lld\n",
           model->name, days, (unsigned long long)l.edges, (unsigned long long)l.steps,
           (unsigned long long)l.frames, (long long)mw_meter_value(&l.meter, 0));
    printf("meters.year_s_%s %.2f s <=60 %s\n", key, took, took <= 60 ? "ok" : "short");
    mw_host_flash_fini(&l.nor);
    return took <= 60;
}

int main(int argc, char **argv) {
    unsigned days = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 365;
    need(days > 0 && days <= 3650, "usage: bench_meter_year [DAYS]");
    bool good = year("water", &mw_water_r160, days);
    good = year("gas", &mw_gas_model_of[2], days) && good;
    good = year("pulse", &mw_pulse_2, days) && good;
    return good ? 0 : 1;
}
