/* SPDX-License-Identifier: Apache-2.0
 *
 * Signed updates of the station's program and configuration, in two pairs of slots (station/slots.h):
 * update.folder/program with a file mw-station, update.folder/config with a file station.ini.
 *
 *   mw-station --config F update apply BUNDLE | config apply BUNDLE    install for trial
 *   mw-station --config F update status
 *   mw-station --config F update take-back | config take-back          end a trial now
 *   mw-station --config F launch      guard both pairs, then become the program that is to run with
 *                                     the configuration that is to be used; what systemd starts
 *
 * The running daemon confirms what is on trial when it has been healthy, and the platform reached,
 * for update.confirm_after; it takes it back when that has not come about after update.deadline.
 */
#ifndef MW_STATION_UPDATE_H
#define MW_STATION_UPDATE_H

#include "station/config.h"

/* The commands above. program: our own argv[0]; config_path as given, or NULL. Exit status. */
int mw_update_main(const mw_station_config *config, const char *program, const char *config_path,
                   int argc, char **argv);
/* Whether the words are one of the commands above. */
bool mw_update_is_command(int argc, char **argv);

typedef enum mw_update_did {
    MW_UPDATE_NOTHING,
    MW_UPDATE_CONFIRMED,
    MW_UPDATE_TAKEN_BACK, /* end the process: the launcher starts the former one */
} mw_update_did;
/* Called now and then by the daemon. good_for_s: seconds of health in a row; reached: the platform
 * took something since the start; runs_s: seconds since the start. */
mw_update_did mw_update_tick(const mw_station_config *config, int64_t good_for_s, bool reached,
                             int64_t runs_s);

#endif
