/* SPDX-License-Identifier: Apache-2.0
 *
 * The setting that says which other networks a station listens for.
 */
#ifndef MW_STATION_NETWORKS_H
#define MW_STATION_NETWORKS_H

#include "radio/framer.h"

/* A list of NAME:BAUD or NAME:BAUD@LOW-HIGH (MHz, up to 6 decimals), such as
 * "sigfox:100@868.034-868.226 nbfi:50 openunb:100". Empty text: none. MW_SYNTAX; MW_RANGE for a
 * rate that the network does not have, or an empty band; MW_LIMIT. */
MW_NODISCARD mw_status mw_station_networks_parse(const char *text,
                                                 mw_radio_network out[MW_RADIO_NETWORKS_MAX],
                                                 size_t *out_n);

#endif
