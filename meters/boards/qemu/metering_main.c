/* SPDX-License-Identifier: Apache-2.0
 *
 * What the measuring part of the electricity meters costs a core: instructions for each sample, for
 * each half cycle and for each window of ten cycles, with one and with three elements, as QEMU
 * counts them. Prints a line for each and stops:
 *
 *     cost ELEMENTS SAMPLE DEAREST_SAMPLE HALF WINDOW
 *
 * One tick of the system timer is 40 instructions; reading it is taken off.
 */
#include <string.h>

#include "base/assert.h"
#include "meters/boards/qemu/machine.h"
#include "meters/electricity/demand.h"
#include "meters/electricity/quality.h"
#include "meters/electricity/tamper.h"
#include "meters/electricity/tariffs.h"
#include "meters/kit/fixmath.h"

#define INSN_PER_TICK 40
#define WINDOWS       4
#define CYCLE         (MW_ELECTRIC_RATE / 50)

typedef struct metering {
    mw_electric_window window;
    mw_electric_calibration calibration;
    mw_electric_energy energy;
    mw_electric_tariffs tariffs;
    mw_electric_demand demand;
    mw_electric_quality quality;
    mw_electric_tamper tamper;
    mw_electric_quantities shown;
    mw_electric_noticed noticed;
    mw_mono now;
} metering;

typedef struct cost {
    uint64_t ticks;
    uint32_t n, most;
} cost;

static metering m;
static mw_electric_sample cycle[CYCLE];
static uint32_t reading; /* ticks that a reading of the timer takes, over 256 of them */

static void take(cost *c, uint32_t before) {
    uint32_t ticks = (mw_machine_ticks() - before) & 0xFFFFFF;
    c->ticks += ticks;
    c->n++;
    c->most = ticks > c->most ? ticks : c->most;
}

static int64_t insn(const cost *c) {
    int64_t all =
        (int64_t)c->ticks * INSN_PER_TICK * 256 - (int64_t)reading * INSN_PER_TICK * (int64_t)c->n;
    return c->n == 0 ? 0 : all / 256 / c->n;
}

static void begin(uint8_t elements) {
    mw_electric_skew skew[MW_ELECTRIC_ELEMENTS] = {123, -77, 200};
    static const mw_electric_energy_config config = {
        .start_uw = 2300000, .pulses_per_kwh = 8000, .pulses_per_kvarh = 8000};
    memset(&m, 0, sizeof m);
    mw_electric_window_init(&m.window, elements, MW_ELECTRIC_50HZ, skew);
    for (unsigned k = 0; k < MW_ELECTRIC_ELEMENTS; k++)
        m.calibration.e[k] = (mw_electric_trim){.u_gain = mw_electric_gain_of(500000000),
                                                .i_gain = mw_electric_gain_of(200000000),
                                                .skew = skew[k]};
    m.calibration.neutral_gain = m.calibration.e[0].i_gain;
    mw_electric_quality_config quality =
        mw_electric_quality_defaults((mw_voltage){230000}, MW_ELECTRIC_50HZ);
    mw_electric_tamper_config tamper = mw_electric_tamper_defaults();
    mw_status s = mw_electric_energy_init(&m.energy, &config);
    s = s == MW_OK ? mw_electric_quality_init(&m.quality, elements, &quality) : s;
    s = s == MW_OK ? mw_electric_tamper_init(&m.tamper, &tamper) : s;
    s = s == MW_OK ? mw_electric_demand_init(&m.demand, 15, 1) : s;
    mw_assert(s == MW_OK);
    mw_electric_tariffs_init(&m.tariffs, 8, &m.energy);
    for (unsigned n = 0; n < CYCLE; n++)
        for (unsigned k = 0; k < elements; k++) {
            uint32_t turn =
                (uint32_t)((uint64_t)n * (UINT64_C(1) << 32) / CYCLE) + k * UINT32_C(1431655765);
            cycle[n].u[k] = mw_fix_sine(turn) * 160;                     /* about 310 V */
            cycle[n].i[k] = mw_fix_sine(turn - UINT32_C(300000000)) * 4; /* about 3 A */
            cycle[n].neutral = cycle[n].i[0];
        }
}

static void half(mw_utc utc) {
    int64_t uv[MW_ELECTRIC_ELEMENTS] = {0};
    for (unsigned k = 0; k < m.window.elements; k++)
        uv[k] = mw_electric_half_uv(&m.window, &m.calibration, (mw_temp){23000}, k);
    mw_electric_quality_half(&m.quality, uv, m.window.half_parts, m.now, utc, &m.noticed);
}

static void window(mw_utc utc) {
    mw_electric_quantities_of(&m.window, &m.calibration, (mw_temp){23000}, (mw_voltage){230000},
                              &m.shown);
    mw_electric_energy_window(&m.energy, &m.shown);
    uint8_t tariff = mw_electric_tariffs_count(&m.tariffs, &m.energy, utc);
    (void)mw_electric_demand_step(&m.demand, m.tariffs.total[0].milli, tariff, utc);
    mw_electric_quality_window(&m.quality, &m.shown, m.now, utc, &m.noticed);
    mw_electric_tamper_inputs in = {.currents_known = m.window.elements == 1,
                                    .phase_ua = m.shown.e[0].i_ua,
                                    .neutral_ua = m.shown.neutral_ua};
    mw_electric_tamper_step(&m.tamper, &in, m.now, utc, &m.noticed);
    m.noticed.n = 0;
}

static void run(uint8_t elements) {
    cost sample = {0}, halves = {0}, windows = {0};
    begin(elements);
    for (unsigned done_windows = 0, n = 0; done_windows < WINDOWS; n++) {
        uint32_t before = mw_machine_ticks();
        unsigned done = mw_electric_window_sample(&m.window, &cycle[n % CYCLE]);
        (void)mw_electric_energy_sample(&m.energy);
        take(&sample, before);
        m.now.ns += MW_NS_PER_S / MW_ELECTRIC_RATE;
        mw_utc utc = {INT64_C(1772323200000000) + m.now.ns / 1000};
        if ((done & MW_ELECTRIC_HALF_DONE) != 0) {
            before = mw_machine_ticks();
            half(utc);
            take(&halves, before);
        }
        if ((done & MW_ELECTRIC_WINDOW_DONE) != 0) {
            before = mw_machine_ticks();
            window(utc);
            take(&windows, before);
            done_windows++;
        }
    }
    mw_assert(m.energy.count[0][MW_ELECTRIC_A_PLUS].milli + m.energy.count[0][0].rest > 0);
    mw_machine_text("cost");
    mw_machine_int(elements);
    mw_machine_int(insn(&sample));
    mw_machine_int((int64_t)sample.most * INSN_PER_TICK);
    mw_machine_int(insn(&halves));
    mw_machine_int(insn(&windows));
    mw_machine_text("\n");
}

int main(void) {
    mw_machine_init();
    cost empty = {0};
    for (unsigned n = 0; n < 256; n++) {
        uint32_t before = mw_machine_ticks();
        take(&empty, before);
    }
    reading = (uint32_t)empty.ticks;
    run(1);
    run(3);
    mw_machine_text("done\n");
    for (;;)
        __asm volatile("wfi");
}
