/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MW_PLATFORM_VEE_RULES_INTERNAL_H
#define MW_PLATFORM_VEE_RULES_INTERNAL_H

#include "platform/vee/rules.h"

/* Appends or counts as lost. Rules that name no severity of their own give the setting's. */
void mw_vee_found(mw_vee_findings *out, const mw_vee_setting *set, mw_vee_finding f);

static inline bool mw_vee_present(const mw_vee_series *s, uint32_t i) {
    return (s->flags[i] & MW_VEE_MISSING) == 0;
}

#define MW_VEE_CHECK(name)                                                                         \
    void mw_vee_check_##name(const mw_vee_series *s, const mw_vee_setting *set,                    \
                             mw_vee_findings *out)
MW_VEE_CHECK(time);
MW_VEE_CHECK(identity);
MW_VEE_CHECK(gap);
MW_VEE_CHECK(duplicate);
MW_VEE_CHECK(sum);
MW_VEE_CHECK(exceeds);
MW_VEE_CHECK(high);
MW_VEE_CHECK(spike);
MW_VEE_CHECK(register);
MW_VEE_CHECK(usage);
MW_VEE_CHECK(peak);
MW_VEE_CHECK(tolerance);
MW_VEE_CHECK(zero);
MW_VEE_CHECK(negative);
MW_VEE_CHECK(static);
MW_VEE_CHECK(inactive);
MW_VEE_CHECK(sibling);
MW_VEE_CHECK(phases);
MW_VEE_CHECK(dynamic);
MW_VEE_CHECK(status);

#endif
