/* SPDX-License-Identifier: Apache-2.0 */
#include "town/settings.h"

#include "town/population.h"

#define HOUR_NS     (INT64_C(3600) * MW_NS_PER_S)
#define FIELD(name) offsetof(mw_town_config, name)

static const mw_setting settings[] = {
    {"state.folder", MW_SETTING_TEXT, FIELD(state_folder), NULL, 0, 0, NULL, false,
     "Folder of the town's own files: when it began, what flowed (truth.csv), what was sent."},
    {"data.folder", MW_SETTING_TEXT, FIELD(data_folder), "tests/data/consumption", 0, 0, NULL,
     false, "Folder of the recorded consumption."},
    {"clock.path", MW_SETTING_TEXT, FIELD(clock_path), NULL, 0, 0, NULL, false,
     "Clock file that the daemons read with clock = town:PATH."},
    {"samples.path", MW_SETTING_TEXT, FIELD(samples_path), NULL, 0, 0, NULL, false,
     "UNIX socket on which a base station gets its samples."},
    {"town.seed", MW_SETTING_INT, FIELD(seed), "1", 0, INT64_MAX, NULL, false,
     "The same seed gives the same town."},
    {"town.water_meters", MW_SETTING_INT, FIELD(water_meters), "140", 1, MW_TOWN_HOMES_MAX, NULL,
     false, "Homes, each with a water meter."},
    {"town.modems", MW_SETTING_INT, FIELD(modems), "60", 0, MW_TOWN_HOMES_MAX / 2, NULL, false,
     "Pulse modems; each counts the electricity of two neighbouring homes."},
    {"town.electricity", MW_SETTING_INT, FIELD(electricity), "0", 0, 64, NULL, false,
     "Electricity meters in the last homes: single-phase and three-phase in turn, two with radio, "
     "two that push by TCP."},
    {"town.push", MW_SETTING_TEXT, FIELD(push_to), "", 0, 0, NULL, false,
     "Where the latter push: address and port of the platform's push door. Empty: nowhere."},
    {"town.time_zone", MW_SETTING_TEXT, FIELD(time_zone), "Europe/Rome", 0, 0, NULL, false,
     "IANA time zone of the homes."},
    {"town.billing_hour", MW_SETTING_INT, FIELD(billing_hour), "23", 0, 23, NULL, false,
     "UTC hour with which a meter's day begins; 23 is midnight in Central European winter."},
    {"town.jitter", MW_SETTING_DUR, FIELD(jitter), "10min", 60 * MW_NS_PER_S, HOUR_NS, NULL, false,
     "Window over which the meters spread their reports."},
    {"town.before", MW_SETTING_DUR, FIELD(before), "3d", 0, 400 * 24 * HOUR_NS, NULL, false,
     "How long before the first start the town's life begins; it catches up from there."},
    {"town.beacon", MW_SETTING_INT, FIELD(beacon), "0", 0, 255, NULL, false,
     "Meters listen for the time in every n-th beacon slot of the plan; 0 never. The provisioning "
     "file then holds the network's group key."},
    {"town.run_for", MW_SETTING_DUR, FIELD(run_for), "0s", 0, 400 * 24 * HOUR_NS, NULL, false,
     "End after so much simulated time; 0s goes on for ever."},
    {"town.factor", MW_SETTING_INT, FIELD(factor), "60", 1, 3600, NULL, false,
     "Seconds of the town in a second of real time, once it has caught up with now."},
    {"radio.plan", MW_SETTING_TEXT, FIELD(plan), "demo", 0, 0, NULL, false,
     "Frequency plan of the meters."},
    {"radio.rate", MW_SETTING_FREQ, FIELD(rate), "250kHz", 100000000, 1000000000, NULL, false,
     "Samples a second; must divide one million."},
    {"radio.centre", MW_SETTING_FREQ, FIELD(centre), "868.1MHz", 0, 0, NULL, false,
     "Radio frequency in the middle of the band."},
    {"radio.full_scale", MW_SETTING_LEVEL, FIELD(full_scale), "-50dBm", -15000, 3000, NULL, false,
     "Level of a full-scale carrier; the station must be told the same."},
    {"radio.noise_figure_db", MW_SETTING_INT, FIELD(noise_figure_db), "3", 0, 40, NULL, false,
     "Noise figure of the station's receiver."},
    {"radio.lost_permille", MW_SETTING_INT, FIELD(lost_permille), "125", 0, 1000, NULL, false,
     "Transmissions in a thousand that fade out on their way."},
    {"radio.downlink", MW_SETTING_BOOL, FIELD(downlink), "yes", 0, 0, NULL, false,
     "Meters hear what the station transmits; no: nothing comes down."},
    {"radio.downlink_full_scale", MW_SETTING_LEVEL, FIELD(downlink_full_scale), "17dBm", -5000,
     5000, NULL, false,
     "Radiated power of full-scale samples from the station: its transmit.full_scale."},
    {"radio.meter_noise_figure_db", MW_SETTING_INT, FIELD(meter_noise_figure_db), "7", 0, 40, NULL,
     false, "Noise figure of a meter's receiver."},
};

const mw_program mw_town_program = {
    .name = "mw-town",
    .about =
        "A simulated town: virtual meters with the real firmware, recorded consumption and one "
        "band of radio samples.",
    .commands = "population FILE    write the platform's provisioning file and end\n",
    .settings = settings,
    .settings_n = sizeof settings / sizeof settings[0],
};
