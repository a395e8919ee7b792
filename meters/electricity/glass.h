/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole meter behind its display: what the pages need of it.
 *
 *     mw_display_init(&display, mw_electric_glass_table(meter.type, true), now);
 *     mw_electric_glass(&meter, &period, &device);
 *     mw_display_show(&display, now, &device, &lcd);
 */
#ifndef MW_METERS_ELECTRICITY_GLASS_H
#define MW_METERS_ELECTRICITY_GLASS_H

#include "meters/electricity/meter.h"
#include "meters/electricity/pages.h"

/* The pages of a type, with supply or on the battery. */
const mw_display_table *mw_electric_glass_table(const mw_electric_type *type, bool supply);
/* Fills `out`, which points to the meter and to `period`: both must stay while it is shown. The
 * newest billing record is read from flash into `period`. Radio and address stay 0, for the caller
 * that has them. */
void mw_electric_glass(const mw_electric_meter *m, mw_electric_billing_record *period,
                       mw_electric_pages_device *out);
/* Somebody has looked: attempts of access and violations of the protocol, which have no end of their
 * own, are no longer signed as an alarm. */
void mw_electric_glass_seen(mw_electric_meter *m);

#endif
