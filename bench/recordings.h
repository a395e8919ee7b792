/* SPDX-License-Identifier: Apache-2.0
 *
 * Recorded consumption as series for the programs that measure. Each reader fills what it is given
 * or ends the program with a message. Gaps are MW_VEE_MISSING; registers are not made up.
 */
#ifndef MW_BENCH_RECORDINGS_H
#define MW_BENCH_RECORDINGS_H

#include "platform/vee/series.h"

enum { MW_REC_ROOM = 60000, MW_REC_DAYS = 1200, MW_REC_HOMES = 10 };

typedef struct mw_recording {
    int64_t value[MW_REC_ROOM];
    uint32_t flags[MW_REC_ROOM];
    mw_vee_day day[MW_REC_DAYS];
    mw_vee_series s;
} mw_recording;

/* Smart-Grid Smart-City: ten homes, half-hours in Wh. */
void mw_recording_sgsc(const char *folder, mw_recording *const homes[MW_REC_HOMES]);
/* Low Carbon London: one home, half-hours in Wh; rows that come twice are taken once. */
void mw_recording_lcl(const char *folder, mw_recording *home);
/* WPuQ: one house, quarter-hours in Wh. */
void mw_recording_wpuq(const char *folder, mw_recording *house);
/* A Danish heat meter: hours in Wh, differences of its register. */
void mw_recording_heat(const char *folder, mw_recording *building);
/* WEUSEDTO: shower and toilet of a flat, hours in L as a meter of whole litres counts. */
void mw_recording_weusedto(const char *folder, mw_recording *flat);

#endif
