/* SPDX-License-Identifier: Apache-2.0
 *
 * Energy by tariff, and the change from one calendar to the next.
 *
 * The sum of a register over its tariffs equals the total always, to the last quantum. A new
 * calendar is passive until its moment; then the two change places in one step. Whoever stores the
 * state writes the step's number first (mw_electric_tariffs_due tells when): after a cut between
 * two writes the same step is taken again, and taking it twice does nothing.
 */
#ifndef MW_METERS_ELECTRICITY_TARIFFS_H
#define MW_METERS_ELECTRICITY_TARIFFS_H

#include "meters/electricity/energy.h"
#include "protocols/tariff/calendar.h"

/* Registers that are kept by tariff. */
typedef enum mw_electric_tariff_register {
    MW_ELECTRIC_TARIFF_A_PLUS,
    MW_ELECTRIC_TARIFF_A_MINUS,
    MW_ELECTRIC_TARIFF_R_PLUS,
    MW_ELECTRIC_TARIFF_R_MINUS,
    MW_ELECTRIC_TARIFF_REGISTERS,
} mw_electric_tariff_register;

typedef struct mw_electric_tariffs {
    mw_tariff_calendar calendar[2];
    uint8_t active;     /* which of the two */
    bool passive_valid; /* the other one waits */
    mw_utc passive_from;
    uint32_t changes; /* calendars activated, ever */
    uint8_t reactive; /* tariffs of reactive energy: 8, or 4 as tariff modulo 4 */
    mw_electric_count count[MW_TARIFFS][MW_ELECTRIC_TARIFF_REGISTERS];
    mw_electric_count total[MW_ELECTRIC_TARIFF_REGISTERS];
    mw_electric_count seen[MW_ELECTRIC_REGISTERS]; /* energy's registers when counted last */
} mw_electric_tariffs;

/* One tariff, empty registers. `reactive` is 4 or 8. */
void mw_electric_tariffs_init(mw_electric_tariffs *t, uint8_t reactive,
                              const mw_electric_energy *energy);
/* Takes a calendar for later; a second one replaces the first. MW_RANGE when it is not possible:
 * the one that waited stays. */
MW_NODISCARD mw_status mw_electric_tariffs_program(mw_electric_tariffs *t,
                                                   const mw_tariff_calendar *calendar, mw_utc from);
/* Whether the passive calendar's moment has come. */
bool mw_electric_tariffs_due(const mw_electric_tariffs *t, mw_utc now);
/* The passive calendar becomes active; nothing happens when none waits. */
void mw_electric_tariffs_activate(mw_electric_tariffs *t);
const mw_tariff_calendar *mw_electric_tariffs_calendar(const mw_electric_tariffs *t);

/* What was counted since the last call belongs to the tariff of `at`, the window's begin. Returns
 * the tariff. */
uint8_t mw_electric_tariffs_count(mw_electric_tariffs *t, const mw_electric_energy *energy,
                                  mw_utc at);
/* The same for a tariff that is given, 0..7. */
void mw_electric_tariffs_take(mw_electric_tariffs *t, const mw_electric_energy *energy,
                              uint8_t tariff);

#endif
