/* SPDX-License-Identifier: Apache-2.0
 *
 * How long the station was on the air in the last hour, for each sub-band: what the duty of the
 * frequency plan is held against.
 *
 * The rule is the sliding hour: in no 3600 s is more than duty_ppm of them sent. A burst that lies
 * partly in the hour counts whole. Bursts are booked in order of time, one at a time.
 *
 * A book may live in a file. A burst is in the file, synced, before its first sample is handed to
 * the radio, so a restart knows of every burst that can have been sent. Record, little endian, 24
 * bytes: start us i64 | length us u32 | band u8 | 3 x 0 | CRC-32 of these 16 | "MWAT". A torn last
 * record was never sent; damage before that counts as if the whole hour had been used.
 */
#ifndef MW_STATION_AIRTIME_H
#define MW_STATION_AIRTIME_H

#include "protocols/unb/plan.h"

#define MW_AIRTIME_BURSTS_MAX 4096u /* in an hour, all sub-bands together; more are not allowed */

typedef struct mw_airtime_burst {
    mw_utc start;
    int64_t length_us;
    uint8_t band;
} mw_airtime_burst;

typedef struct mw_airtime {
    const mw_unb_plan *plan;
    mw_airtime_burst *bursts; /* ring */
    size_t first, count;
    mw_utc silent_until; /* the past is not known: nothing before this */
    int fd;              /* of the file; -1: kept in memory only */
    size_t file_bytes;
    char path[4096];
} mw_airtime;

/* An empty book in memory. The plan is borrowed. MW_NOMEM. */
MW_NODISCARD mw_status mw_airtime_init(mw_airtime *a, const mw_unb_plan *plan);
/* A book in a file, which is made when absent. What is older than an hour at `now` is dropped.
 * MW_IO, MW_NOMEM, MW_LIMIT (path too long). */
MW_NODISCARD mw_status mw_airtime_open(mw_airtime *a, const mw_unb_plan *plan, const char *path,
                                       mw_utc now);
void mw_airtime_close(mw_airtime *a);

/* Microseconds of any hour that a band may be used. */
int64_t mw_airtime_budget_us(const mw_unb_plan *plan, unsigned band);
/* Microseconds booked in the hour that ends at `end`. */
int64_t mw_airtime_used_us(const mw_airtime *a, unsigned band, mw_utc end);
/* Whether a burst fits. MW_DUTY: not at this time; *out_soonest is when it would, if nothing else
 * is sent until then (MW_UTC_NONE: never, it is longer than the budget). */
MW_NODISCARD mw_status mw_airtime_ask(const mw_airtime *a, unsigned band, mw_utc start,
                                      int64_t length_us, mw_utc *out_soonest);
/* Books a burst, in the file first. MW_DUTY as mw_airtime_ask; MW_IO: it must not be sent. */
MW_NODISCARD mw_status mw_airtime_book(mw_airtime *a, unsigned band, mw_utc start,
                                       int64_t length_us);

#endif
