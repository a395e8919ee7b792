/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/gas/gas.h"

#include "base/assert.h"

#define LITRES                                                                                     \
    { .numerator = 1, .denominator = 1000, .initial = 0 }

/* A C cell of lithium thionyl chloride, 8.5 Ah. Asleep 1.1 uA with the sensors of temperature and
 * pressure idle, the glass 700 nA. A measurement every 2 s: two bursts and captures of 250 us, the
 * correlation of some 200,000 instructions, every 30th with temperature and pressure: 40 uC. When the
 * flow changes it measures faster, which is counted with the volume: 1 mL as 4 nC. */
#define GAS_CHARGE                                                                                 \
    {                                                                                              \
        .capacity_mah = 8500, .usable_permille = 900, .ageing_permille = 10, .sleep_na = 1100,    \
        .display_na = 700, .measure_nc = 40000, .measure_per_1000 = 500, .count_nc = 4,            \
        MW_CHARGE_PROCESSOR, MW_CHARGE_RADIO                                                       \
    }

/* A snapshot each 25 L: a sudden cut loses less, and a house that burns 10 m3 a day erases a
 * snapshot sector about 3,500 times in 16 years. */
#define GAS_MODEL(text)                                                                            \
    {                                                                                              \
        .name = (text), .unit = MW_UNIT_L, .register_count = 2, .hourly = 0x01, .reverse = 0x02,   \
        .channel = {0, 1}, .snapshot_counts = 25000, .firmware = {0, 1, 0},                        \
        .battery_low_mv = 3200, .charge = GAS_CHARGE, .dry = true,                                 \
        .defaults = {                                                                              \
            .grid_offset_min = 0,                                                                  \
            .billing_hour = 0,                                                                     \
            .report_period_h = 24,                                                                 \
            .jitter_s = 14400,                                                                     \
            .copies = 2,                                                                           \
            .rate = MW_UNB_R1,                                                                     \
            .overlap = 1,                                                                          \
            .active = 0x03,                                                                        \
            .scale = {LITRES, LITRES},                                                             \
        },                                                                                         \
    }

const mw_meter_model mw_gas_model_of[MW_GAS_SIZES] = {
    GAS_MODEL("gas-g1.6"),
    GAS_MODEL("gas-g2.5"),
    GAS_MODEL("gas-g4"),
    GAS_MODEL("gas-g6"),
};

mw_status mw_gas_meter_init(mw_gas_meter *g, const mw_gas_size *size, const mw_gas_calibration *cal,
                            const mw_gas_convert_config *convert) {
    mw_gas_meter n = {.converting = convert != NULL};
    for (unsigned i = 0; i < 2 && convert != NULL; i++)
        MW_TRY(mw_gas_convert_init(&n.convert[i], convert));
    mw_gas_flow_init(&n.flow, size, cal);
    *g = n;
    return MW_OK;
}

/* The factor of the gas that flows now. Air has no compressibility worth the name: the equation
 * does not know it, and Z_b / Z stays that of the configured gas for the minutes of a purge. */
static void factor_update(mw_gas_meter *g, mw_mono now, const mw_gas_conditions *at) {
    uint8_t missing = (at->have_temperature ? 0 : MW_GAS_SUBSTITUTE_T) |
                      (at->have_pressure ? 0 : MW_GAS_SUBSTITUTE_P);
    if (g->updated_known && missing == g->missing &&
        mw_mono_since(now, g->updated).ns < MW_GAS_CONVERT_PERIOD_NS)
        return;
    g->missing = missing;
    mw_gas_convert_update(&g->convert[0], at);
    mw_gas_convert_update(&g->convert[1], at);
    g->updated = now;
    g->updated_known = true;
}

void mw_gas_meter_step(mw_gas_meter *g, mw_mono now, const mw_gas_capture *capture,
                       const mw_gas_conditions *at, mw_meter_inputs *in, mw_gas_result *out) {
    mw_gas_flow_step(&g->flow, now, capture, out);
    int64_t ul[2] = {out->forward_ul, out->reverse_ul};
    if (g->converting)
        factor_update(g, now, at);
    for (unsigned i = 0; i < 2; i++) {
        if (g->converting) {
            int64_t before = g->convert[i].converted_ul;
            mw_gas_convert_add(&g->convert[i], ul[i]);
            ul[i] = g->convert[i].converted_ul - before;
        }
        int64_t whole = g->rest_ul[i] + ul[i];
        g->rest_ul[i] = (int32_t)(whole % 1000);
        /* At most a minute of 60 m/s: below 2^31 mL. */
        in->counts[i] += (uint32_t)(whole / 1000);
    }
    in->faults = (uint32_t)(g->flow.flags & ~MW_GAS_FLAG_REVERSE);
    if (g->converting && (g->convert[0].flags & MW_GAS_CONVERT_FAULT) != 0)
        in->faults |= MW_GAS_FAULT_CONVERSION;
}

void mw_gas_indicator(int64_t litres, char out[MW_GAS_INDICATOR_BYTES]) {
    mw_assert(litres >= 0);
    int64_t left = litres % MW_GAS_CAPACITY_L;
    for (int i = MW_GAS_INDICATOR_BYTES - 2; i >= 0; i--) {
        if (i == 5) {
            out[i] = '.';
            continue;
        }
        out[i] = (char)('0' + left % 10);
        left /= 10;
    }
    out[MW_GAS_INDICATOR_BYTES - 1] = 0;
}
