/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/electricity/calibrate.h"

#include "meters/kit/fixmath.h"

#define NOISE_MAX_UA  50000
#define OFFSET_MAX_UW 5000000

mw_status mw_electric_calibrate_no_load(mw_electric_trim *trim, const mw_electric_element *shown) {
    if (shown->i_ua > NOISE_MAX_UA || shown->p_uw > OFFSET_MAX_UW || shown->p_uw < -OFFSET_MAX_UW)
        return MW_RANGE;
    /* What is shown is without what was subtracted before. */
    int64_t before = trim->noise_ua;
    trim->noise_ua = (int32_t)mw_fix_sqrt((uint64_t)(shown->i_ua * shown->i_ua + before * before));
    trim->power_offset_uw += (int32_t)shown->p_uw;
    return MW_OK;
}

static mw_status gain(int32_t now, int64_t shown, int64_t truth, int32_t *out_gain) {
    if (truth <= 0 || shown < truth - truth / 10 || shown > truth + truth / 10)
        return MW_RANGE;
    *out_gain = (int32_t)mw_fix_mul_div(now, truth, shown);
    return MW_OK;
}

mw_status mw_electric_calibrate_gain(mw_electric_trim *trim, const mw_electric_element *shown,
                                     int64_t u_uv, int64_t i_ua) {
    int32_t u, i;
    MW_TRY(gain(trim->u_gain, shown->u_uv, u_uv, &u));
    MW_TRY(gain(trim->i_gain, shown->i_ua, i_ua, &i));
    trim->u_gain = u;
    trim->i_gain = i;
    return MW_OK;
}

mw_status mw_electric_calibrate_skew(mw_electric_trim *trim, const mw_electric_element *shown,
                                     int32_t angle_mdeg, int32_t frequency_mhz) {
    if (!shown->has_angle || frequency_mhz <= 0)
        return MW_RANGE;
    /* The voltage is early by as much as the angle is too great. */
    int64_t early = mw_fix_mul_div(shown->angle_mdeg - angle_mdeg,
                                   MW_ELECTRIC_PARTS_PER_S * 1000 / 360000, frequency_mhz);
    int64_t skew = trim->skew + early;
    if (skew > MW_ELECTRIC_PARTS / 2 - 1 || skew < -MW_ELECTRIC_PARTS / 2)
        return MW_RANGE;
    trim->skew = (mw_electric_skew)skew;
    return MW_OK;
}
