/* SPDX-License-Identifier: Apache-2.0
 *
 * `mw-station decode FILE`: the frames of a recording as JSON lines on standard output.
 */
#ifndef MW_STATION_DECODE_H
#define MW_STATION_DECODE_H

/* argv[0] is "decode". Returns the process's exit status. */
int mw_station_decode_main(int argc, char **argv);

#endif
