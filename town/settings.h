/* SPDX-License-Identifier: Apache-2.0
 *
 * The settings of mw-town.
 */
#ifndef MW_TOWN_SETTINGS_H
#define MW_TOWN_SETTINGS_H

#include "runtime/settings.h"

typedef struct mw_town_config {
    const char *state_folder; /* truth, frames, start */
    const char *data_folder;  /* recorded consumption */
    const char *clock_path;
    const char *samples_path; /* UNIX socket */
    const char *time_zone;
    const char *plan;
    int64_t seed;
    int64_t water_meters;
    int64_t modems;
    int64_t electricity;
    const char *push_to;
    mw_dur before;  /* first start: how long before now the town begins */
    mw_dur run_for; /* 0: for ever */
    int64_t factor; /* speed when live */
    int64_t beacon;
    int64_t billing_hour;
    mw_dur jitter;
    mw_freq rate;
    mw_freq centre;
    mw_level full_scale;
    int64_t noise_figure_db;
    int64_t lost_permille;
    bool downlink;
    mw_level downlink_full_scale;
    int64_t meter_noise_figure_db;
} mw_town_config;

extern const mw_program mw_town_program;

#endif
