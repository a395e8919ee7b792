/* SPDX-License-Identifier: Apache-2.0
 *
 * The models that production knows, by the name that the registry has.
 */
#ifndef MW_TOOLS_PROVISION_MODELS_H
#define MW_TOOLS_PROVISION_MODELS_H

#include <string.h>

#include "meters/gas/gas.h"
#include "meters/pulse/pulse.h"
#include "meters/water/water.h"

static inline const mw_meter_model *provision_model_of(const char *name) {
    const mw_meter_model *known[4 + MW_GAS_SIZES] = {&mw_water_r80, &mw_water_r100, &mw_water_r160,
                                                     &mw_pulse_2};
    for (unsigned i = 0; i < MW_GAS_SIZES; i++)
        known[4 + i] = &mw_gas_model_of[i];
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i]->name, name) == 0)
            return known[i];
    return NULL;
}

#endif
