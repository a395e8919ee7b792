/* SPDX-License-Identifier: Apache-2.0
 *
 * The electricity meter inside a virtual meter: the real firmware, fed each second of its own clock
 * with voltage and current of a recorded household. What flowed is added up beside it, without
 * asking it. Meters without a radio push reports, which wait here until they are confirmed.
 */
#ifndef MW_TOWN_ELECTRIC_H
#define MW_TOWN_ELECTRIC_H

#include "meters/boards/host.h"
#include "meters/electricity/radio.h"
#include "town/population.h"

#define MW_TOWN_REPORT_HOURS 6
#define MW_TOWN_REPORTS_MAX  64 /* waiting for the platform; the oldest go first */

typedef struct mw_town_report {
    uint8_t bytes[MW_ELECTRIC_REPORT_MAX];
    size_t n;
    uint32_t counter; /* invocation counter */
    mw_utc end;       /* of the newest hour */
    unsigned hours;   /* that it gives a value for, back from the newest */
} mw_town_report;

typedef struct mw_town_electric {
    const mw_electric_type *type;
    mw_host_flash flash;
    mw_electric_provision provision;
    mw_electric_meter meter;
    mw_schedule schedule;     /* that the radio brings */
    mw_electric_radio events; /* that the radio takes away */
    int64_t fitter_s;         /* UTC at which a fitter opens the terminal cover; 0: none comes */
    const mw_town_series *series;
    int64_t offset_s; /* of the recorded time before UTC's */
    size_t draw;
    int64_t power_mw, reactive_mvar; /* of the household, now */
    mw_mono second;                  /* end of the last window */
    bool closed;                     /* how the radio last told the relay to stand */
    int64_t used_uws;                /* what flowed: microwatt-seconds */
    int64_t counted;                 /* watt-hours of the register given to the radio */
    int64_t hours;                   /* ended since the start */
    int64_t first_end_s;             /* UTC of the end of the first of them that the meter saw */
    mw_town_report *reports;         /* a ring */
    size_t first, count;
    uint64_t dropped;
} mw_town_electric;

/* Boots at `ticks` with the clock at `clock`. MW_NOMEM and the firmware's errors; finished with fini
 * either way. */
MW_NODISCARD mw_status mw_town_electric_init(mw_town_electric *e, const mw_town_device *d,
                                             const mw_town_series *series, mw_utc clock,
                                             mw_mono ticks);
void mw_town_electric_fini(mw_town_electric *e);
/* The next second ends at `ticks`, which is `at`: counts it. What has flowed by then is in
 * used_uws. */
void mw_town_electric_second(mw_town_electric *e, mw_mono ticks, mw_utc at);
/* Watt-hours by which the register rose since this was last asked. */
uint32_t mw_town_electric_counts(mw_town_electric *e);
/* The radio's word on the relay. */
void mw_town_electric_relay(mw_town_electric *e, bool closed);
/* The hour that ends at `end` by the meter's clock is over: builds the report that is due. */
MW_NODISCARD mw_status mw_town_electric_hour(mw_town_electric *e, mw_mono ticks, mw_utc end);
/* The oldest report that is not confirmed; NULL: none. */
const mw_town_report *mw_town_electric_pending(const mw_town_electric *e);
/* The platform's answer to it: taken away when it confirms the report. MW_AUTH and others when it
 * does not. */
MW_NODISCARD mw_status mw_town_electric_confirm(mw_town_electric *e, mw_slice answer,
                                                mw_town_report *out_report);

#endif
