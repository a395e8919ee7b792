/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/unb/plan.h"

#define FILE_WORD "file:"

mw_status mw_unb_plan_of_words(const char *words, mw_unb_plan_reader read,
                               mw_unb_plan_fault *out_fault, mw_unb_plan *out_plan) {
    const size_t prefix = sizeof FILE_WORD - 1;
    mw_slice all = mw_slice_of_str(words);
    bool file =
        all.n > prefix && mw_slice_equal((mw_slice){all.p, prefix}, mw_slice_of_str(FILE_WORD));
    if (!file) {
        const mw_unb_plan *built_in;
        *out_fault = (mw_unb_plan_fault){0, "no plan of this name"};
        MW_TRY(mw_unb_plan_find(words, &built_in));
        *out_plan = *built_in;
        return MW_OK;
    }
    uint8_t text[MW_UNB_PLAN_TEXT_MAX];
    size_t n;
    *out_fault = (mw_unb_plan_fault){0, "the plan's file cannot be read"};
    MW_TRY(read(words + prefix, (mw_span){text, sizeof text}, &n));
    return mw_unb_plan_parse((mw_slice){text, n}, out_fault, out_plan);
}
