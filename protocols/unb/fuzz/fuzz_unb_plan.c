/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "protocols/unb/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Slots of beacons, when the plan has them, stand inside a sub-band that goes down. */
static void beacons(const mw_unb_plan *plan, int64_t number) {
    mw_unb_beacon_slot slot;
    unsigned offset, last = plan->beacon.offsets - 1u;
    if (mw_unb_beacon_slot_of(plan, number, 0xFFFFFFFF, &slot) != MW_OK) {
        mw_assert(plan->beacon.period_s == 0 || plan->beacon.band[0] == 0);
        return;
    }
    const mw_unb_band *b = &plan->band[slot.band];
    mw_assert(b->direction == MW_UNB_DOWN && slot.carrier.mhz > b->low.mhz &&
              slot.carrier.mhz < b->high.mhz);
    mw_utc end = mw_unb_beacon_time(plan, number, last);
    mw_assert(mw_unb_beacon_number(plan, slot.at) == number &&
              mw_unb_beacon_number(plan, end) == number);
    mw_assert(mw_unb_beacon_offset(plan, end, &offset) == MW_OK && offset == last);
}

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
    beacons(&plan, data[0]);
    return 0;
}
