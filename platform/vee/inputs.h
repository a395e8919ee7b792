/* SPDX-License-Identifier: Apache-2.0
 *
 * What a rule compared, by name and unit: the numbers of a finding as a person can read them.
 */
#ifndef MW_PLATFORM_VEE_INPUTS_H
#define MW_PLATFORM_VEE_INPUTS_H

#include "platform/vee/rules.h"

typedef enum mw_vee_unit {
    MW_VEE_UNIT_COUNT,     /* in the unit and scale of the meter's values */
    MW_VEE_UNIT_SHARE,     /* parts per million */
    MW_VEE_UNIT_INTERVALS, /* so many */
    MW_VEE_UNIT_MS,
    MW_VEE_UNIT_MV,
    MW_VEE_UNIT_MA,
    MW_VEE_UNIT_NUMBER, /* of nothing: the value of a configuration, a phase */
    MW_VEE_UNIT_YES,    /* 0 or 1 */
    MW_VEE_UNIT_FLAGS,  /* bits of series.h */
    MW_VEE_UNITS
} mw_vee_unit;

/* "count", "ppm", "intervals", "ms", "mV", "mA", "number", "yes", "flags". */
const char *mw_vee_unit_name(mw_vee_unit unit);

typedef struct mw_vee_input {
    const char *name; /* a word of a-z_; "threshold" is what the first was held against */
    mw_vee_unit unit;
    int64_t value;
} mw_vee_input;

#define MW_VEE_RULE_INPUTS_MAX 4

/* Those of a finding's numbers that tell something, the threshold last. Returns how many. */
size_t mw_vee_inputs_of(mw_vee_rule rule, const int64_t input[3], int64_t threshold,
                        mw_vee_input out[MW_VEE_RULE_INPUTS_MAX]);

#endif
