/* SPDX-License-Identifier: Apache-2.0
 *
 * How good the station's time is, and where it comes from.
 *
 *   gps-pps   a receiver's pulse, through gpsd: the system clock's error is known to a microsecond or so
 *   gps       gpsd's time without a pulse: only while the system clock is not synchronised itself
 *   ntp       the system clock, synchronised (adjtimex), with the kernel's own bound of its error
 *   system    the system clock, synchronised by nobody
 *   town      a simulated town's clock: exact
 *
 * The system clock is never set. What a radio's samples were stamped with is corrected by `offset`.
 * In a build without libgps, gpsd is not asked.
 */
#ifndef MW_STATION_TIMING_H
#define MW_STATION_TIMING_H

#include "runtime/loop.h"
#include "runtime/metrics.h"

typedef struct mw_station_time {
    const char *source;      /* one of the words above; constant */
    int64_t offset_us;       /* to be added to the system clock */
    uint32_t uncertainty_us; /* of the corrected clock, about two standard deviations */
} mw_station_time;

typedef struct mw_station_timing mw_station_timing;

/* gpsd: "host:port" or "" for none. Tries to connect at once and every half minute; its absence is
 * normal. MW_NOMEM, MW_SYNTAX. */
MW_NODISCARD mw_status mw_station_timing_new(mw_loop *loop, const char *gpsd, mw_metrics *metrics,
                                             mw_station_timing **out_timing);
void mw_station_timing_free(mw_station_timing *t);
/* From any thread. */
mw_station_time mw_station_timing_now(mw_station_timing *t);
bool mw_station_timing_has_gps(void);

/* The sample clock against the time source: how many parts of 10^9 faster it runs, from the first
 * and the last stamps of quarter hours. */
typedef struct mw_sample_drift {
    bool started;
    uint64_t rate_mhz;
    uint64_t index0; /* where the present stretch began */
    mw_utc utc0;
    uint64_t index; /* newest */
    mw_utc utc;
    bool known;
    int32_t ppb;
} mw_sample_drift;

/* Sample `index` was taken at `utc`. A jump of more than a second begins anew. */
void mw_sample_drift_observe(mw_sample_drift *d, uint64_t index, mw_utc utc, uint64_t rate_mhz);
/* MW_AGAIN while less than a minute is known. */
MW_NODISCARD mw_status mw_sample_drift_of(const mw_sample_drift *d, int32_t *out_ppb);

#endif
