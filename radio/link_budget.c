/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/link_budget.h"

#include <math.h>

#define DIPOLE_DBI 2.15
#define REACH_MAX  100.0

double mw_link_path_loss_db(const mw_link *l, double km) {
    double log_f = log10(l->frequency_mhz);
    if (l->land == MW_LINK_FREE)
        return 32.45 + 20 * log_f + 20 * log10(km);
    double hb = fmax(l->station_m, 1);
    double hm = fmax(l->meter_m, 0.5);
    double height = (1.1 * log_f - 0.7) * hm - (1.56 * log_f - 0.8); /* small and medium cities */
    double urban =
        69.55 + 26.16 * log_f - 13.82 * log10(hb) - height + (44.9 - 6.55 * log10(hb)) * log10(km);
    if (l->land == MW_LINK_SUBURBAN)
        return urban - 2 * pow(log10(l->frequency_mhz / 28), 2) - 5.4;
    if (l->land == MW_LINK_OPEN)
        return urban - 4.78 * log_f * log_f + 18.33 * log_f - 40.94;
    return urban;
}

double mw_link_level_dbm(const mw_link *l, double km) {
    return l->erp_dbm + DIPOLE_DBI + l->antenna_dbi - l->penetration_db - l->fading_db -
           mw_link_path_loss_db(l, km);
}

double mw_link_reach_km(const mw_link *l, double sensitivity_dbm) {
    double needed = sensitivity_dbm + l->noise_db;
    double low = 0.01;
    double high = REACH_MAX;
    if (mw_link_level_dbm(l, high) >= needed)
        return high;
    if (mw_link_level_dbm(l, low) < needed)
        return 0;
    for (int i = 0; i < 60; i++) {
        double middle = sqrt(low * high);
        if (mw_link_level_dbm(l, middle) >= needed)
            low = middle;
        else
            high = middle;
    }
    return low;
}
