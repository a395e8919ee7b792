/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/electricity/radio.h"

#define ONE_TO_ONE                                                                                 \
    { .numerator = 1, .denominator = 1, .initial = 0 }

/* A snapshot each 256 Wh: what a cut without last gasp may cost the radio's hours; the register
 * itself is the meter's, with its own snapshots. */
#define RADIO(name_)                                                                               \
    {                                                                                              \
        .name = name_, .unit = MW_UNIT_WH, .register_count = 1, .hourly = 0x01, .channel = {0},    \
        .snapshot_counts = 256, .firmware = {1, 0, 0}, .relay = true,                              \
        .defaults = {.report_period_h = 24,                                                        \
                     .jitter_s = 14400,                                                            \
                     .copies = 2,                                                                  \
                     .rate = MW_UNB_R1,                                                            \
                     .overlap = 1,                                                                 \
                     .active = 0x01,                                                               \
                     .scale = {ONE_TO_ONE}},                                                       \
    }

const mw_meter_model mw_electric_radio_single = RADIO("electricity-1p");
const mw_meter_model mw_electric_radio_three = RADIO("electricity-3p");
