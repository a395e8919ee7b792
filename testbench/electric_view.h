/* SPDX-License-Identifier: Apache-2.0
 *
 * A simulated electricity meter to be looked at: the electric simulation metering a load, with
 * tariffs, demand, a closed billing period and tampers, behind the model that displays and COSEM
 * objects read. Registers begin where those of a meter in its third year are.
 */
#ifndef MW_TESTBENCH_ELECTRIC_VIEW_H
#define MW_TESTBENCH_ELECTRIC_VIEW_H

#include "meters/electricity/pages.h"
#include "testbench/electric_sim.h"

typedef struct mw_electric_view {
    mw_electric_sim sim;
    mw_electric_tariffs tariffs;
    mw_electric_demand demand;
    mw_electric_billing_record period;
    mw_electric_calendar calendar;
    mw_utc now;
    mw_electric_model model;
    mw_electric_pages_device device;
} mw_electric_view;

/* Measures for some seconds. `elements` is 1 or 3. */
void mw_electric_view_init(mw_electric_view *v, uint8_t elements);

#endif
