/* SPDX-License-Identifier: Apache-2.0
 *
 * `mw-station decode FILE`: the frames of a recording as JSON lines or text on standard output, and
 * on standard error what was read and what is wrong with it.
 */
#ifndef MW_STATION_DECODE_H
#define MW_STATION_DECODE_H

#define MW_DECODE_EXIT_NONE 3 /* read to the end, no frame in it */
#define MW_DECODE_EXIT_CUT  4 /* the recording ends before it should; what is there was decoded */

/* argv[0] is "decode". Returns the process's exit status: 0 with frames, 1 unreadable, 2
 * usage, or one of the above. */
int mw_station_decode_main(int argc, char **argv);

#endif
