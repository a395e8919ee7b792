/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/unb/plan.h"

#include "base/assert.h"
#include "base/prng.h"

#define HZ(value)                                                                                  \
    { INT64_C(value) * 1000 }
#define SECONDS(n)                                                                                 \
    { (n) * INT64_C(1000000000) }
#define MILLIS(n)                                                                                  \
    { (n) * INT64_C(1000000) }
#define ALL_RATES 7
#define WINDOW_DELAYS                                                                              \
    { SECONDS(20), SECONDS(5), SECONDS(2) }
#define WINDOWS                                                                                    \
    { MILLIS(2000), MILLIS(500), MILLIS(200) }
#define BEACON                                                                                     \
    { 3600, 4, 8, MW_UNB_R1, "" }

/* ERC/REC 70-03 annex 1 and EN 300 220-2: 865-868 and 868.0-868.6 MHz 25 mW and 1 %, 869.40-869.65
 * MHz 500 mW and 10 %, 433.05-434.79 MHz 10 mW and 10 %. A plan's owner checks them for the country
 * of use. */
static const mw_unb_plan plans[] = {
    {"eu868",
     20,
     WINDOW_DELAYS,
     WINDOWS,
     BEACON,
     3,
     {{"up-l", MW_UNB_UP, HZ(865000000), HZ(868000000), 10000, {1398}, ALL_RATES},
      {"up-m", MW_UNB_UP, HZ(868000000), HZ(868600000), 10000, {1398}, ALL_RATES},
      {"down-p", MW_UNB_DOWN, HZ(869400000), HZ(869650000), 100000, {2699}, ALL_RATES}}},
    {"eu434",
     20,
     WINDOW_DELAYS,
     WINDOWS,
     BEACON,
     2,
     {{"up", MW_UNB_UP, HZ(433050000), HZ(434040000), 100000, {1000}, ALL_RATES},
      {"down", MW_UNB_DOWN, HZ(434040000), HZ(434790000), 100000, {1000}, ALL_RATES}}},
    {"demo",
     20,
     WINDOW_DELAYS,
     WINDOWS,
     BEACON,
     2,
     {{"up", MW_UNB_UP, HZ(868000000), HZ(868200000), 10000, {1398}, ALL_RATES},
      {"down", MW_UNB_DOWN, HZ(869400000), HZ(869650000), 100000, {2699}, ALL_RATES}}},
};
#define PLANS (sizeof plans / sizeof plans[0])

/* Found by bench/unb_words hops: the 48 frequency displacements (two of each row and their
 * difference) are distinct and at least 16/256 of the width; so are the 32 gaps. */
static const mw_unb_hop hops[MW_UNB_HOP_ROWS][MW_UNB_COPIES_MAX - 1] = {
    {{197, 80}, {234, 284}},  {{115, 344}, {34, 372}},  {{135, 448}, {47, 380}},
    {{145, 324}, {121, 264}}, {{74, 92}, {188, 320}},   {{209, 464}, {19, 120}},
    {{28, 348}, {126, 100}},  {{143, 200}, {202, 488}}, {{205, 452}, {169, 288}},
    {{96, 72}, {61, 468}},    {{38, 152}, {161, 164}},  {{141, 396}, {184, 336}},
    {{165, 232}, {217, 332}}, {{158, 136}, {108, 64}},  {{190, 244}, {73, 444}},
    {{146, 292}, {77, 508}},
};

const mw_unb_plan *mw_unb_plan_at(unsigned i) {
    return i < PLANS ? &plans[i] : NULL;
}

mw_status mw_unb_plan_find(const char *name, const mw_unb_plan **out_plan) {
    for (unsigned i = 0; i < PLANS; i++) {
        if (mw_slice_equal(mw_slice_of_str(plans[i].name), mw_slice_of_str(name))) {
            *out_plan = &plans[i];
            return MW_OK;
        }
    }
    return MW_NOT_FOUND;
}

mw_status mw_unb_plan_band(const mw_unb_plan *plan, mw_unb_direction direction, mw_unb_rate rate,
                           unsigned from, unsigned *out_band) {
    for (unsigned i = from; i < plan->bands; i++) {
        const mw_unb_band *b = &plan->band[i];
        if (b->direction == direction && (b->rates >> rate & 1) != 0) {
            *out_band = i;
            return MW_OK;
        }
    }
    return MW_NOT_FOUND;
}

mw_unb_hop mw_unb_hop_of(unsigned row, unsigned copy) {
    mw_assert(row < MW_UNB_HOP_ROWS && copy >= 1 && copy < MW_UNB_COPIES_MAX);
    return hops[row][copy - 1];
}

mw_status mw_unb_band_usable(const mw_unb_plan *plan, unsigned band, mw_unb_rate rate,
                             mw_freq *out_low, mw_freq *out_width) {
    if (band >= plan->bands || rate >= MW_UNB_RATE_COUNT)
        return MW_RANGE;
    const mw_unb_band *b = &plan->band[band];
    if ((b->rates >> rate & 1) == 0)
        return MW_RANGE;
    /* Whole hertz, rounded inwards; one symbol rate is more than half the occupied bandwidth. */
    int64_t low_hz = (b->low.mhz + 999) / 1000;
    int64_t high_hz = b->high.mhz / 1000;
    int64_t guard_hz =
        (high_hz * plan->crystal_ppm + 999999) / 1000000 + (int64_t)mw_unb_rate_bd(rate);
    if (high_hz - low_hz <= 2 * guard_hz + MW_UNB_WIDTH_MIN_HZ)
        return MW_RANGE;
    *out_low = mw_freq_hz(low_hz + guard_hz);
    *out_width = mw_freq_hz(high_hz - low_hz - 2 * guard_hz);
    return MW_OK;
}

/* Uniform in [0, width_hz) from what is on the air; `use` keeps up and down apart. */
static int64_t spread(uint32_t address, uint32_t counter, unsigned use, int64_t width_hz) {
    uint64_t key = (uint64_t)use << 63 | (uint64_t)(counter & 0xFFF) << 32 | address;
    return (int64_t)((mw_mix64(key) >> 32) * (uint64_t)width_hz >> 32);
}

mw_status mw_unb_slot_of(const mw_unb_plan *plan, unsigned band, mw_unb_rate rate, mw_unb_size size,
                         uint32_t address, uint32_t counter, unsigned copy, mw_unb_slot *out_slot) {
    if (rate >= MW_UNB_RATE_COUNT || size >= MW_UNB_SIZE_COUNT || copy >= MW_UNB_COPIES_MAX ||
        !mw_unb_allowed(rate, size))
        return MW_RANGE;
    mw_freq low, width;
    MW_TRY(mw_unb_band_usable(plan, band, rate, &low, &width));
    int64_t width_hz = width.mhz / 1000;
    int64_t offset_hz = spread(address, counter, MW_UNB_UP, width_hz);
    const mw_unb_hop *row = hops[counter % MW_UNB_HOP_ROWS];
    uint32_t start = 0;
    for (unsigned i = 1; i <= copy; i++)
        start += (uint32_t)mw_unb_layout_of(size)->symbols + row[i - 1].gap;
    if (copy > 0)
        offset_hz = (offset_hz + row[copy - 1].frequency * width_hz / 256) % width_hz;
    out_slot->carrier = (mw_freq){low.mhz + offset_hz * 1000};
    out_slot->start_symbol = start;
    out_slot->start = (mw_dur){start * MW_NS_PER_S / (int64_t)mw_unb_rate_bd(rate)};
    return MW_OK;
}

static int64_t magnitude(int64_t v) {
    return v < 0 ? -v : v;
}

static uint32_t hop_step(unsigned row, unsigned copy) {
    return copy == 0 ? 0 : hops[row][copy - 1].frequency;
}

/* Whether copies `first` and `second` of a row differ by `step`: offsets are modulo the width. */
static bool step_fits(unsigned row, unsigned first, unsigned second, int64_t width_mhz,
                      mw_freq step, mw_freq tolerance) {
    int64_t expected =
        hop_step(row, second) * width_mhz / 256 - hop_step(row, first) * width_mhz / 256;
    /* The slots are in whole hertz. */
    int64_t limit = tolerance.mhz + 2000;
    for (int turn = -1; turn <= 1; turn++)
        if (magnitude(step.mhz - expected - turn * width_mhz) <= limit)
            return true;
    return false;
}

static bool delay_fits(unsigned row, unsigned first, unsigned second, mw_unb_rate rate,
                       mw_unb_size size, mw_dur delay, mw_dur tolerance) {
    int64_t symbols = 0;
    for (unsigned i = first; i < second; i++)
        symbols += mw_unb_layout_of(size)->symbols + hops[row][i].gap;
    return magnitude(delay.ns - symbols * MW_NS_PER_S / (int64_t)mw_unb_rate_bd(rate)) <=
           tolerance.ns;
}

mw_status mw_unb_pair_find(const mw_unb_plan *plan, unsigned band, mw_unb_rate rate, mw_freq step,
                           mw_dur delay, mw_freq step_tolerance, mw_dur delay_tolerance,
                           mw_unb_pair *out_pair) {
    mw_freq low, width;
    MW_TRY(mw_unb_band_usable(plan, band, rate, &low, &width));
    static const uint8_t pairs[3][2] = {{0, 1}, {1, 2}, {0, 2}};
    for (unsigned row = 0; row < MW_UNB_HOP_ROWS; row++) {
        for (unsigned k = 0; k < 3; k++) {
            if (!step_fits(row, pairs[k][0], pairs[k][1], width.mhz, step, step_tolerance))
                continue;
            for (unsigned s = 0; s < MW_UNB_SIZE_COUNT; s++) {
                if (!mw_unb_allowed(rate, (mw_unb_size)s) ||
                    !delay_fits(row, pairs[k][0], pairs[k][1], rate, (mw_unb_size)s, delay,
                                delay_tolerance))
                    continue;
                *out_pair = (mw_unb_pair){(mw_unb_size)s, (uint8_t)row, pairs[k][0], pairs[k][1]};
                return MW_OK;
            }
        }
    }
    return MW_NOT_FOUND;
}

mw_status mw_unb_answer_carrier(const mw_unb_plan *plan, unsigned band, mw_unb_rate rate,
                                uint32_t address, uint32_t counter, mw_freq *out_carrier) {
    mw_freq low, width;
    MW_TRY(mw_unb_band_usable(plan, band, rate, &low, &width));
    if (plan->band[band].direction != MW_UNB_DOWN)
        return MW_RANGE;
    int64_t offset_hz = spread(address, counter, MW_UNB_DOWN, width.mhz / 1000);
    *out_carrier = (mw_freq){low.mhz + offset_hz * 1000};
    return MW_OK;
}

/* ---- beacons ---- */

static mw_status beacon_band(const mw_unb_plan *plan, unsigned *out_band) {
    const mw_unb_beacon *b = &plan->beacon;
    if (b->band[0] == 0)
        return mw_unb_plan_band(plan, MW_UNB_DOWN, b->rate, 0, out_band);
    mw_slice name = mw_slice_of_str(b->band);
    unsigned i;
    for (unsigned from = 0; mw_unb_plan_band(plan, MW_UNB_DOWN, b->rate, from, &i) == MW_OK;
         from = i + 1) {
        if (mw_slice_equal(name, mw_slice_of_str(plan->band[i].name))) {
            *out_band = i;
            return MW_OK;
        }
    }
    return MW_NOT_FOUND;
}

int64_t mw_unb_beacon_number(const mw_unb_plan *plan, mw_utc t) {
    mw_assert(plan->beacon.period_s > 0);
    int64_t s = mw_utc_floor_s(t), period = plan->beacon.period_s;
    return s >= 0 ? s / period : -((-s + period - 1) / period);
}

mw_utc mw_unb_beacon_time(const mw_unb_plan *plan, int64_t number, unsigned offset) {
    const mw_unb_beacon *b = &plan->beacon;
    return mw_utc_of_s(number * b->period_s + (int64_t)offset * b->step_s);
}

mw_status mw_unb_beacon_slot_of(const mw_unb_plan *plan, int64_t number, uint32_t group,
                                mw_unb_beacon_slot *out_slot) {
    const mw_unb_beacon *b = &plan->beacon;
    unsigned band;
    if (b->period_s == 0)
        return MW_NOT_FOUND;
    if (number < 0 || number > INT64_C(1) << 32)
        return MW_RANGE;
    MW_TRY(beacon_band(plan, &band));
    mw_unb_beacon_slot slot = {.at = mw_unb_beacon_time(plan, number, 0),
                               .band = (uint8_t)band,
                               .hop = (uint16_t)(number % 4096)};
    MW_TRY(mw_unb_answer_carrier(plan, band, b->rate, group, slot.hop, &slot.carrier));
    *out_slot = slot;
    return MW_OK;
}

mw_status mw_unb_beacon_offset(const mw_unb_plan *plan, mw_utc t, unsigned *out_offset) {
    const mw_unb_beacon *b = &plan->beacon;
    if (b->period_s == 0)
        return MW_NOT_FOUND;
    int64_t number = mw_unb_beacon_number(plan, t);
    for (unsigned k = 0; k < b->offsets; k++) {
        if (mw_unb_beacon_time(plan, number, k).us == t.us) {
            *out_offset = k;
            return MW_OK;
        }
    }
    return MW_NOT_FOUND;
}

static bool beacon_ok(const mw_unb_plan *plan) {
    const mw_unb_beacon *b = &plan->beacon;
    unsigned band;
    if (b->period_s == 0)
        return true;
    if (b->period_s < MW_UNB_BEACON_PERIOD_MIN_S || b->period_s > 86400 ||
        86400 % b->period_s != 0 || b->rate >= MW_UNB_RATE_COUNT || b->offsets < 1 ||
        b->offsets > MW_UNB_BEACON_OFFSETS_MAX || b->step_s < 1 ||
        b->step_s > MW_UNB_BEACON_STEP_MAX_S || 2 * b->offsets * b->step_s > b->period_s)
        return false;
    if (b->offsets > 1 &&
        mw_unb_airtime(b->rate, MW_UNB_M).ns + MW_NS_PER_S / 10 > mw_dur_s(b->step_s).ns)
        return false;
    return b->band[0] == 0 || beacon_band(plan, &band) == MW_OK;
}

static bool name_ok(const char *name) {
    unsigned n = 0;
    for (; n < MW_UNB_NAME_MAX && name[n] != 0; n++) {
        char c = name[n];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return n > 0 && n < MW_UNB_NAME_MAX;
}

static bool band_ok(const mw_unb_plan *plan, unsigned band) {
    const mw_unb_band *b = &plan->band[band];
    if (!name_ok(b->name) || b->direction > MW_UNB_DOWN || b->low.mhz < MW_UNB_CARRIER_MIN_MHZ ||
        b->high.mhz > MW_UNB_CARRIER_MAX_MHZ || b->duty_ppm == 0 || b->duty_ppm > 1000000 ||
        b->erp.cdbm < -5000 || b->erp.cdbm > 4000 || b->rates == 0 || b->rates > ALL_RATES)
        return false;
    for (unsigned rate = 0; rate < MW_UNB_RATE_COUNT; rate++) {
        mw_freq low, width;
        if ((b->rates >> rate & 1) != 0 &&
            mw_unb_band_usable(plan, band, (mw_unb_rate)rate, &low, &width) != MW_OK)
            return false;
    }
    for (unsigned i = 0; i < band; i++)
        if (mw_slice_equal(mw_slice_of_str(plan->band[i].name), mw_slice_of_str(b->name)))
            return false;
    return true;
}

mw_status mw_unb_plan_check(const mw_unb_plan *plan) {
    if (!name_ok(plan->name) || plan->crystal_ppm > 200 || plan->bands > MW_UNB_BANDS_MAX)
        return MW_RANGE;
    for (unsigned rate = 0; rate < MW_UNB_RATE_COUNT; rate++) {
        int64_t delay = plan->window_delay[rate].ns;
        int64_t window = plan->window[rate].ns;
        if (delay <= 0 || delay > 600 * MW_NS_PER_S || window <= 0 || window > 60 * MW_NS_PER_S)
            return MW_RANGE;
    }
    unsigned up = 0;
    for (unsigned i = 0; i < plan->bands; i++) {
        if (!band_ok(plan, i))
            return MW_RANGE;
        up += plan->band[i].direction == MW_UNB_UP;
    }
    if (!beacon_ok(plan))
        return MW_RANGE;
    return up > 0 ? MW_OK : MW_RANGE;
}
