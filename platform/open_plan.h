/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MW_PLATFORM_OPEN_PLAN_H
#define MW_PLATFORM_OPEN_PLAN_H

#include "protocols/unb/plan.h"

/* The frequency plan that a setting names: a built-in one, or file:PATH (docs/spec/unb.md,
 * section 4). What is wrong is logged. MW_NOT_FOUND, MW_IO, or what parsing says. */
MW_NODISCARD mw_status mw_platform_open_plan(const char *words, mw_unb_plan *out_plan);

#endif
