/* SPDX-License-Identifier: Apache-2.0
 *
 * What the consumer does, by windows of ten cycles: current above its limits, current without
 * voltage, power above its limit, low consumption for long, export of a phase, tan phi. Each begins
 * and ends after its wait, with the greatest value in between.
 */
#ifndef MW_METERS_ELECTRICITY_LOAD_H
#define MW_METERS_ELECTRICITY_LOAD_H

#include "meters/electricity/energy.h"
#include "meters/electricity/notice.h"

/* A limit of 0 watches nothing. */
typedef struct mw_electric_load_config {
    int64_t high_ua, max_ua; /* of any phase; of each phase */
    int64_t alone_ua;        /* current that should not be there without voltage */
    int64_t high_uw;         /* imported power of all phases */
    int64_t low_ua;          /* all phases below it ... */
    uint32_t low_s;          /* ... for this long */
    int64_t export_uw;       /* of a phase */
    int32_t tan_phi_milli;   /* reactive by active power, while at least a tenth of high_uw, or
                              * 100 W, is imported */
    uint32_t wait_ms;        /* of all but the low consumption */
} mw_electric_load_config;

typedef struct mw_electric_load {
    mw_electric_load_config config;
    uint8_t elements;
    mw_electric_condition export[MW_ELECTRIC_ELEMENTS], alone[MW_ELECTRIC_ELEMENTS],
        max[MW_ELECTRIC_ELEMENTS];
    mw_electric_condition high, power, low, tan_phi;
    int64_t max_ua[MW_ELECTRIC_ELEMENTS], high_ua, high_uw, tan_most; /* while it holds */
} mw_electric_load;

/* 105 % of the maximum current, 110 % of it for each phase, 20 mA alone, 10 W of export, tan phi 0.8,
 * waits of 10 s; power and low consumption are not watched. */
mw_electric_load_config mw_electric_load_defaults(int64_t max_ua);
/* `elements` is 1 or 3. MW_RANGE: a limit below 0. */
MW_NODISCARD mw_status mw_electric_load_init(mw_electric_load *l, uint8_t elements,
                                             const mw_electric_load_config *config);
MW_NODISCARD mw_status mw_electric_load_configure(mw_electric_load *l,
                                                  const mw_electric_load_config *config);
/* A window, after it was counted. Adds what it notices to `out`. */
void mw_electric_load_window(mw_electric_load *l, const mw_electric_quantities *q,
                             const mw_electric_energy *energy, mw_mono now, mw_utc utc,
                             mw_electric_noticed *out);
/* Reactive by active power, thousandths, 32,767 at most. */
int32_t mw_electric_load_tan_phi(const mw_electric_energy *energy);

#endif
