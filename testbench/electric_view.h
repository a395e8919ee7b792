/* SPDX-License-Identifier: Apache-2.0
 *
 * An electricity meter to be looked at: the whole firmware on a host board, measuring what the
 * simulated source and converters give, over the end of a month, with its terminal cover open.
 * Registers begin where those of a meter in its third year are.
 */
#ifndef MW_TESTBENCH_ELECTRIC_VIEW_H
#define MW_TESTBENCH_ELECTRIC_VIEW_H

#include "meters/boards/host.h"
#include "meters/electricity/glass.h"
#include "testbench/electric_sim.h"

typedef struct mw_electric_view {
    mw_electric_sim sim;
    mw_host_flash nor;
    mw_electric_provision provision;
    mw_electric_meter meter;
    mw_electric_billing_record period;
    mw_electric_pages_device device;
} mw_electric_view;

/* `elements` is 1 or 3. MW_NOMEM, and what the meter's boot says. */
MW_NODISCARD mw_status mw_electric_view_init(mw_electric_view *v, uint8_t elements);
void mw_electric_view_fini(mw_electric_view *v);

#endif
