/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "protocols/unb/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A text that parses must be a plan that passes the checks and gives slots inside its bands. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_unb_plan plan;
    mw_unb_plan_fault fault = {0, NULL};
    if (mw_unb_plan_parse((mw_slice){data, size}, &fault, &plan) != MW_OK) {
        mw_assert(fault.text != NULL);
        return 0;
    }
    mw_assert(mw_unb_plan_check(&plan) == MW_OK);
    for (unsigned rate = 0; rate < MW_UNB_RATE_COUNT; rate++) {
        unsigned band;
        mw_unb_slot slot;
        if (mw_unb_plan_band(&plan, MW_UNB_UP, (mw_unb_rate)rate, 0, &band) != MW_OK)
            continue;
        for (unsigned copy = 0; copy < MW_UNB_COPIES_MAX; copy++) {
            mw_assert(mw_unb_slot_of(&plan, band, (mw_unb_rate)rate, MW_UNB_S, (uint32_t)size,
                                     data[0], copy, &slot) == MW_OK);
            mw_assert(slot.carrier.mhz > plan.band[band].low.mhz &&
                      slot.carrier.mhz < plan.band[band].high.mhz);
        }
    }
    return 0;
}
