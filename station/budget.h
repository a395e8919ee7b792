/* SPDX-License-Identifier: Apache-2.0
 *
 * `mw-station link-budget [key=value ...]`: the table of docs/field.md, and others for a site.
 */
#ifndef MW_STATION_BUDGET_H
#define MW_STATION_BUDGET_H

/* argv[0] is "link-budget". Exit status. */
int mw_station_budget_main(int argc, char **argv);

#endif
