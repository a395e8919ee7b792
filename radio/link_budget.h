/* SPDX-License-Identifier: Apache-2.0
 *
 * How far a meter is heard: link budgets by free space and by Okumura-Hata with stated margins.
 *
 * Okumura-Hata (M. Hata, IEEE Trans. VT-29, 1980): 150..1500 MHz, 1..20 km, station antenna 30..200 m,
 * meter antenna 1..10 m, small and medium cities. Heights below 30 m are extrapolated.
 */
#ifndef MW_RADIO_LINK_BUDGET_H
#define MW_RADIO_LINK_BUDGET_H

typedef enum mw_link_land {
    MW_LINK_FREE,
    MW_LINK_OPEN,
    MW_LINK_SUBURBAN,
    MW_LINK_URBAN
} mw_link_land;

typedef struct mw_link {
    mw_link_land land;
    double frequency_mhz;  /* megahertz */
    double erp_dbm;        /* of the meter, over a dipole */
    double antenna_dbi;    /* of the station, cable loss taken off */
    double station_m;      /* height of the station's antenna */
    double meter_m;        /* height of the meter's antenna */
    double penetration_db; /* walls, pits, cabinets */
    double fading_db; /* margin for shadows: 8 dB of standard deviation at 10.3 dB is 90 % of the
                              places at the edge */
    double noise_db;  /* man-made noise at the site over the receiver's own */
} mw_link;

/* Median path loss between isotropic antennas over `km`. */
double mw_link_path_loss_db(const mw_link *l, double km);
/* Level at the station's antenna connector, all margins taken off. */
double mw_link_level_dbm(const mw_link *l, double km);
/* The largest distance at which that level is at least `sensitivity_dbm` (noise_db added to it), in
 * km up to 100. */
double mw_link_reach_km(const mw_link *l, double sensitivity_dbm);

#endif
