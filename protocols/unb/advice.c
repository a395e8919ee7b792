/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/unb/advice.h"

#define LOST_FEW  1
#define LOST_MANY 8

void mw_unb_advice_init(mw_unb_advice *a, mw_unb_rate rate, uint8_t copies) {
    *a = (mw_unb_advice){.rate = rate, .copies = copies};
}

void mw_unb_advice_heard(mw_unb_advice *a, uint32_t counter, int32_t snr_cdb) {
    if (a->any && counter <= a->newest) {
        uint32_t behind = a->newest - counter;
        if (behind > 0 && behind <= 32)
            a->missing &= ~(UINT32_C(1) << (behind - 1));
        return;
    }
    uint32_t ahead = a->any ? counter - a->newest : 1;
    /* The former newest was heard; those between were not. A meter that started again skips up to
     * 256 counters: that is no loss. */
    if (ahead > 32)
        a->missing = 0;
    else if (ahead > 1)
        a->missing = (ahead < 32 ? a->missing << ahead : 0) | ((UINT32_C(1) << (ahead - 1)) - 1);
    else
        a->missing <<= 1;
    a->any = true;
    a->newest = counter;
    a->margin_cdb[a->next] = snr_cdb - MW_UNB_ADVICE_NEEDED_CDB;
    a->next = (uint8_t)((a->next + 1) % MW_UNB_ADVICE_FRAMES);
    if (a->frames < MW_UNB_ADVICE_FRAMES)
        a->frames++;
}

static int32_t second_lowest(const mw_unb_advice *a) {
    int32_t low = INT32_MAX, second = INT32_MAX;
    for (unsigned i = 0; i < a->frames; i++) {
        if (a->margin_cdb[i] < low) {
            second = low;
            low = a->margin_cdb[i];
        } else if (a->margin_cdb[i] < second) {
            second = a->margin_cdb[i];
        }
    }
    return second;
}

static bool in_plan(const mw_unb_plan *plan, unsigned rate) {
    unsigned band;
    return rate < MW_UNB_RATE_COUNT &&
           mw_unb_plan_band(plan, MW_UNB_UP, (mw_unb_rate)rate, 0, &band) == MW_OK;
}

bool mw_unb_advice_of(const mw_unb_advice *a, const mw_unb_plan *plan, mw_unb_rate slowest,
                      mw_unb_rate *out_rate, uint8_t *out_copies) {
    unsigned lost = 0;
    for (uint32_t m = a->missing; m != 0; m &= m - 1)
        lost++;
    if (a->frames < MW_UNB_ADVICE_FRAMES && lost <= LOST_MANY)
        return false;
    int32_t margin = second_lowest(a);
    *out_rate = a->rate;
    *out_copies = a->copies;
    if (margin < MW_UNB_ADVICE_FAR_CDB || lost > LOST_MANY) {
        if (a->copies < MW_UNB_COPIES_MAX)
            *out_copies = (uint8_t)(a->copies + 1);
        else if (a->rate > slowest && in_plan(plan, a->rate - 1u))
            *out_rate = (mw_unb_rate)(a->rate - 1u);
        else
            return false;
        return true;
    }
    if (margin < MW_UNB_ADVICE_NEAR_CDB || lost > LOST_FEW)
        return false;
    /* A faster rate saves more than a copy; two copies stay where crowds collide. */
    if (in_plan(plan, a->rate + 1u))
        *out_rate = (mw_unb_rate)(a->rate + 1u);
    else if (a->copies > 2)
        *out_copies = (uint8_t)(a->copies - 1);
    else
        return false;
    return true;
}
