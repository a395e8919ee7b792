/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the watch: watch.c steps meters through their states, stations.c knows who hears whom,
 * slots.c makes the estimates.
 */
#ifndef MW_PLATFORM_VALIDATION_WATCH_INTERNAL_H
#define MW_PLATFORM_VALIDATION_WATCH_INTERNAL_H

#include "platform/validation/apply.h"
#include "platform/validation/learned.h"
#include "platform/validation/watch.h"

/* Who heard a device lately. */
typedef struct mw_hearer {
    int64_t device;                       /* 0 = empty */
    mw_utc last;                          /* newest hearing */
    int64_t station[MW_CHANNEL_STATIONS]; /* senders, newest first; 0 = none */
} mw_hearer;

typedef struct mw_vigil_station {
    int64_t sender, tenant;
    char id[MW_STORE_ID_MAX];
    mw_utc last_contact;
    uint32_t meters, late; /* of those that only it hears; of the last round */
    uint32_t next_meters, next_late;
    bool failed, told; /* told: what the last notice said */
} mw_vigil_station;

typedef struct mw_stations {
    mw_hearer *slot;
    size_t slots, n;
    mw_vigil_station *station;
    size_t stations, room;
    int64_t journal; /* hearings read up to */
    mw_utc now;      /* of the last look */
    bool started;
} mw_stations;

void mw_stations_fini(mw_stations *s);
/* Reads at most max of what was heard since (*out_read so many; fewer: that was all), and which
 * stations were in contact. */
MW_NODISCARD mw_status mw_stations_follow(mw_stations *s, mw_store *store, mw_utc now, uint32_t max,
                                          uint32_t *out_read);
/* NULL when it was never heard. */
const mw_hearer *mw_stations_hearer(const mw_stations *s, int64_t device);
mw_vigil_station *mw_stations_find(mw_stations *s, int64_t sender);
/* A look at a meter: counts it for the only station that hears it. */
void mw_stations_count(mw_stations *s, int64_t device, bool late);
/* The round is over: which stations have failed. */
void mw_stations_judge(mw_stations *s, mw_utc now, int64_t share_ppm);
/* All that heard the device lately have failed; *out_station is the first of them. */
bool mw_stations_failed(mw_stations *s, int64_t device, const mw_vigil_station **out_station);

/* What estimating needs besides the meter's row. */
typedef struct mw_slots {
    mw_window window;
    mw_assessment assessment;
    mw_learner learner;
    mw_context context;
} mw_slots;

void mw_slots_fini(mw_slots *s);
/* Writes estimates for n slots from a moment; adds them to the row. MW_OK also when no method and
 * no rung could tell anything: the slots stay empty. */
MW_NODISCARD mw_status mw_slots_estimate(mw_slots *s, mw_store *store, const mw_window_channel *c,
                                         const mw_vee_book *book, mw_store_vee_meter *row,
                                         mw_utc from, uint32_t n, mw_utc now);
/* The average day of the three weeks before a moment; 0 when nothing is known. */
MW_NODISCARD mw_status mw_slots_day_use(mw_slots *s, mw_store *store, const mw_window_channel *c,
                                        mw_utc before, int64_t *out_use);
/* Whether an estimate of ours still stands in [from, to). */
MW_NODISCARD mw_status mw_slots_estimated(mw_slots *s, mw_store *store, const mw_window_channel *c,
                                          mw_utc from, mw_utc to, bool *out_any);

#endif
