/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/water/water.h"

/* One step is 250 mL = 1/4 L. A snapshot each 16 steps: a sudden cut loses less than 4 L and at
 * 100 m3 a year the snapshot sectors are erased fewer than 40 times a year. */
#define WATER_SCALE                                                                                \
    { .numerator = 1, .denominator = 4, .initial = 0 }

/* An A cell of lithium thionyl chloride, 3.6 Ah. Asleep with clock and ports 900 nA; the glass takes
 * 700 nA; striking both coils, comparing and going back to sleep 250 nC, 12 times a second; with
 * 1000 L/h and more flowing 32 times, which is up to 18 more for a count of 250 mL, half of which is
 * assumed to flow that fast. */
#define WATER_CHARGE                                                                               \
    {                                                                                              \
        .capacity_mah = 3600, .usable_permille = 900, .ageing_permille = 10, .sleep_na = 900,      \
        .display_na = 700, .measure_nc = 250, .measure_per_1000 = 12000, .count_nc = 2250,         \
        MW_CHARGE_PROCESSOR, MW_CHARGE_RADIO                                                       \
    }

#define WATER_MODEL(text)                                                                          \
    {                                                                                              \
        .name = (text), .unit = MW_UNIT_L, .register_count = 2, .hourly = 0x01, .reverse = 0x02,   \
        .channel = {0, 1}, .snapshot_counts = 16, .firmware = {0, 1, 0}, .battery_low_mv = 3000,   \
        .charge = WATER_CHARGE,                                                                    \
        .defaults = {                                                                              \
            .grid_offset_min = 0,                                                                  \
            .billing_hour = 0,                                                                     \
            .report_period_h = 24,                                                                 \
            .jitter_s = 14400,                                                                     \
            .copies = 2,                                                                           \
            .rate = MW_UNB_R1,                                                                     \
            .overlap = 1,                                                                          \
            .active = 0x03,                                                                        \
            .scale = {WATER_SCALE, WATER_SCALE},                                                   \
        },                                                                                         \
    }

const mw_meter_model mw_water_r80 = WATER_MODEL("water-r80");
const mw_meter_model mw_water_r100 = WATER_MODEL("water-r100");
const mw_meter_model mw_water_r160 = WATER_MODEL("water-r160");

const uint8_t mw_water_temperature_of[MW_WATER_TEMPERATURES] = {30, 50, 70, 90};

const mw_water_class mw_water_class_of[MW_WATER_CLASSES] = {
    {"water-r80", 80, 40, 32, 51, 63, 100, 2500, 3125, 0x0F},
    {"water-r100", 100, 40, 25, 40, 63, 100, 2500, 3125, 0x07},
    {"water-r160", 160, 50, 16, 26, 50, 80, 2500, 3125, 0x03},
};
