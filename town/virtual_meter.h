/* SPDX-License-Identifier: Apache-2.0
 *
 * One meter of the town: the real firmware on a simulated flash and a crystal that drifts, fed with
 * recorded consumption. Beside the firmware, and without asking it, a book is kept of what flowed
 * in each hour of the meter's own clock: the truth that the platform's values are compared with.
 */
#ifndef MW_TOWN_VIRTUAL_METER_H
#define MW_TOWN_VIRTUAL_METER_H

#include "meters/boards/host.h"
#include "meters/kit/meter.h"
#include "meters/kit/meter_state.h"
#include "protocols/unb/plan.h"
#include "town/electric.h"
#include "town/population.h"

/* What holds for every meter of a town. */
typedef struct mw_town_terms {
    const mw_unb_plan *plan;
    const mw_town_series *water;
    const mw_town_series *households;
    const mw_town_series *loads; /* MW_TOWN_LOADS; where electricity meters are */
    mw_utc start;                /* when the meters are installed */
    uint8_t billing_hour;        /* hour of the UTC grid with which a day begins */
    uint16_t jitter_s;           /* daily reports spread over this window */
    uint8_t beacon;              /* meters listen in every n-th beacon slot of the plan; 0: never */
    mw_key group_key;            /* of all meters, with beacons */
} mw_town_terms;

/* A register at the end of an hour, as the meter should report it. */
typedef struct mw_town_truth {
    const mw_town_device *device;
    uint8_t channel;
    mw_utc hour_end; /* by the meter's own clock, which is what it writes into a report */
    int64_t reg;
    int64_t value; /* within that hour */
} mw_town_truth;

typedef void mw_town_truth_fn(void *context, const mw_town_truth *t);

typedef struct mw_town_channel {
    mw_town_player player;
    mw_town_pulse pending; /* next sensor count, not yet given to the firmware */
    mw_meter_scale scale;
    int64_t counts;   /* all that flowed so far */
    int64_t last_reg; /* at the end of the last closed hour */
} mw_town_channel;

typedef struct mw_town_meter {
    const mw_town_device *device;
    mw_host_flash flash;
    mw_host_crystal crystal;
    mw_meter_model model; /* of its type, with this meter's own settings */
    mw_meter firmware;
    mw_mono wake;           /* tick of the next step */
    mw_utc clock0;          /* the meter's clock when it was set ... */
    mw_mono ticks0;         /* ... and the tick of that moment */
    mw_meter_listen listen; /* the window that is open or ahead; listen.open */
    mw_utc hear_at;         /* when it is known what was heard in it */
    mw_mono stepped;        /* tick of the last step */
    int64_t hour; /* open hour of the truth: hours of UTC since 1970 by the meter's clock */
    mw_town_channel channel[MW_TOWN_CHANNELS_MAX];
    mw_town_electric *electric; /* NULL: water or pulses */
} mw_town_meter;

/* Boots and sets the clock (wrong by up to two seconds). MW_NOMEM and the firmware's errors. The
 * device and the terms must outlive the meter. */
MW_NODISCARD mw_status mw_town_meter_init(mw_town_meter *m, const mw_town_device *device,
                                          uint64_t seed, const mw_town_terms *terms);
void mw_town_meter_fini(mw_town_meter *m);
/* The registers with which the meter was installed, as of the hour boundary before: a meter's first
 * report says the same. */
void mw_town_meter_tell_start(const mw_town_meter *m, mw_town_truth_fn *tell, void *context);
/* True time of the next step, or of the end of a receive window. */
mw_utc mw_town_meter_wake(const mw_town_meter *m);
/* Gives the firmware all counts up to its next wake and steps it there. Truth of the hours that end
 * goes to `tell` in order. */
MW_NODISCARD mw_status mw_town_meter_step(mw_town_meter *m, mw_town_truth_fn *tell, void *context,
                                          mw_meter_outputs *out);

/* Whether what is due next is the end of a receive window. */
bool mw_town_meter_hears(const mw_town_meter *m);
/* The window is over; with a frame it is given to the firmware, which is to be stepped next. The
 * firmware's word on the frame goes to *out_taken. */
void mw_town_meter_window_end(mw_town_meter *m);
MW_NODISCARD mw_status mw_town_meter_downlink(mw_town_meter *m, mw_utc start, mw_slice payload,
                                              mw_status *out_taken);
/* How far the meter's clock is ahead of the true time at the step that is due. */
int64_t mw_town_meter_clock_error_ms(const mw_town_meter *m);

#endif
