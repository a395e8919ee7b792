/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/soapy_time.h"

#define STEP_US INT64_C(1000000)

/* Microseconds of a number of samples; 128 bits do not overflow in any station's life. */
static int64_t time_of_index(const mw_soapy_time *t, uint64_t index) {
    __extension__ typedef unsigned __int128 wide;
    return (int64_t)((wide)index * 1000000000u / t->rate_mhz);
}

void mw_soapy_time_arrival(mw_soapy_time *t, uint64_t index, mw_utc now) {
    int64_t origin = now.us - time_of_index(t, index);
    bool stepped = t->started && (origin < t->present - STEP_US || origin > t->present + STEP_US);
    if (!t->started || stepped) {
        t->started = true;
        t->window_start = now.us;
        t->present = t->former = t->largest = origin;
        return;
    }
    if (now.us - t->window_start >= MW_SOAPY_TIME_WINDOW_US) {
        t->former = t->present;
        t->present = t->largest = origin;
        t->window_start = now.us;
    }
    if (origin < t->present)
        t->present = origin;
    if (origin > t->largest)
        t->largest = origin;
}

mw_utc mw_soapy_time_of(const mw_soapy_time *t, uint64_t index) {
    if (!t->started)
        return MW_UTC_NONE;
    int64_t origin = t->present < t->former ? t->present : t->former;
    return (mw_utc){origin + time_of_index(t, index)};
}

uint32_t mw_soapy_time_spread(const mw_soapy_time *t) {
    int64_t origin = t->present < t->former ? t->present : t->former;
    int64_t spread = t->largest - origin;
    return spread > UINT32_MAX ? UINT32_MAX : (uint32_t)spread;
}
