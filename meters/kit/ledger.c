/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/ledger.h"

#include "base/assert.h"

#define BIN_NS  (INT64_C(300) * MW_NS_PER_S)
#define HOUR_NS (INT64_C(3600) * MW_NS_PER_S)

static int64_t bin_of(int64_t ns) {
    return ns / BIN_NS - (ns % BIN_NS < 0);
}

static unsigned place_of(int64_t bin) {
    int64_t p = bin % MW_LEDGER_BINS;
    return (unsigned)(p < 0 ? p + MW_LEDGER_BINS : p);
}

void mw_ledger_init(mw_ledger *l) {
    *l = (mw_ledger){.newest = INT64_MIN / 2};
}

/* What bin number b holds, 0 when it is too old or in the future. */
static uint32_t held(const mw_ledger *l, unsigned band, int64_t b) {
    if (b > l->newest || b <= l->newest - MW_LEDGER_BINS)
        return 0;
    return l->ms[band][place_of(b)];
}

uint32_t mw_ledger_used_ms(const mw_ledger *l, unsigned band, mw_mono start) {
    mw_assert(band < MW_LEDGER_BANDS);
    int64_t b = bin_of(start.ns - HOUR_NS);
    if (b <= l->newest - MW_LEDGER_BINS)
        b = l->newest - MW_LEDGER_BINS + 1;
    uint32_t sum = 0;
    for (; b <= l->newest; b++)
        sum += held(l, band, b);
    return sum;
}

mw_status mw_ledger_ask(const mw_ledger *l, unsigned band, uint32_t duty_ppm, uint32_t airtime_ms,
                        mw_mono start, mw_mono *out_retry) {
    uint64_t limit = (uint64_t)duty_ppm * 3600 / 1000;
    if (airtime_ms > limit)
        return MW_RANGE;
    uint64_t used = mw_ledger_used_ms(l, band, start);
    if (used + airtime_ms <= limit)
        return MW_OK;
    /* The oldest bins leave the hour one by one: find the first that frees enough. */
    int64_t oldest = bin_of(start.ns - HOUR_NS);
    for (; oldest <= l->newest && used + airtime_ms > limit; oldest++)
        used -= held(l, band, oldest);
    *out_retry = (mw_mono){oldest * BIN_NS + HOUR_NS};
    return MW_DUTY;
}

void mw_ledger_book(mw_ledger *l, unsigned band, uint32_t airtime_ms, mw_mono end) {
    mw_assert(band < MW_LEDGER_BANDS);
    int64_t b = bin_of(end.ns);
    if (b > l->newest) {
        int64_t fresh = b - l->newest < MW_LEDGER_BINS ? b - l->newest : MW_LEDGER_BINS;
        for (int64_t i = 0; i < fresh; i++)
            for (unsigned k = 0; k < MW_LEDGER_BANDS; k++)
                l->ms[k][place_of(b - i)] = 0;
        l->newest = b;
    }
    if (b <= l->newest - MW_LEDGER_BINS)
        return; /* more than an hour ago */
    l->ms[band][place_of(b)] += airtime_ms;
}
