/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/pulse/pulse.h"

/* A C cell of lithium manganese dioxide, 3 V and 5 Ah. Asleep 800 nA, two inputs with their loop
 * 400 nA each; no glass. A pulse wakes the processor twice: 3 uC with the line's pull-up. */
#define PULSE_CHARGE                                                                               \
    {                                                                                              \
        .capacity_mah = 5000, .usable_permille = 900, .ageing_permille = 10, .sleep_na = 1600,     \
        .count_nc = 3000, MW_CHARGE_PROCESSOR, MW_CHARGE_RADIO                                     \
    }

/* A snapshot each 64 pulses: at 100 kWh a day with 1000 imp/kWh the four snapshot sectors see
 * 13,500 erases in 16 years, of the 100,000 that NOR flash stands. */
#define PULSE_SCALE                                                                                \
    { .numerator = 1, .denominator = 1, .initial = 0 }

const mw_meter_model mw_pulse_2 = {
    .name = "pulse-2",
    .unit = MW_UNIT_PULSES,
    .register_count = 2,
    .hourly = 0x03,
    .reverse = 0,
    .channel = {0, 1},
    .snapshot_counts = 64,
    .firmware = {0, 1, 0},
    .battery_low_mv = 3000,
    .charge = PULSE_CHARGE,
    .defaults =
        {
            .grid_offset_min = 0,
            .billing_hour = 0,
            .report_period_h = 24,
            .jitter_s = 14400,
            .copies = 2,
            .rate = MW_UNB_R1,
            .overlap = 1,
            .active = 0x01,
            .scale = {PULSE_SCALE, PULSE_SCALE},
        },
};
