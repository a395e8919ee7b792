/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/band_plan.h"

#include <math.h>
#include <string.h>

#include "protocols/unb/unb.h"

/* One channel for so many millihertz of sample rate. */
#define CHANNEL_MHZ UINT64_C(62500000)
#define OVERLAP_MHZ (MW_BAND_OVERLAP_HZ * INT64_C(1000))
#define FAST_MHZ    ((MW_BAND_OVERLAP_R2_HZ - MW_BAND_OVERLAP_HZ) * INT64_C(1000))

static bool ranges_valid(const mw_band_config *c, const mw_band_range *ranges, size_t n) {
    int64_t edge = (int64_t)(c->radio.rate_mhz * 49 / 100);
    for (size_t i = 0; i < n; i++) {
        const mw_band_range *r = &ranges[i];
        if (r->low.mhz >= r->high.mhz || r->low.mhz < c->radio.centre.mhz - edge ||
            r->high.mhz > c->radio.centre.mhz + edge ||
            (r->rates == 0 && c->radio.network_count == 0) || r->rates >= 1u << MW_UNB_RATE_COUNT)
            return false;
    }
    return n > 0 && n <= MW_BAND_RANGES_MAX;
}

/* What of the ranges falls into [low, high], at R2 `fastest` beyond it: for each rate the smallest
 * stretch that covers it. */
static void listen(mw_receiver_config *radio, const mw_band_range *ranges, size_t n, int64_t low,
                   int64_t high, int64_t fastest) {
    int64_t all_low = INT64_MAX, all_high = INT64_MIN;
    radio->rates = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t a = ranges[i].low.mhz > low ? ranges[i].low.mhz : low;
        int64_t b = ranges[i].high.mhz < high ? ranges[i].high.mhz : high;
        if (a >= b)
            continue;
        all_low = a < all_low ? a : all_low;
        all_high = b > all_high ? b : all_high;
    }
    for (unsigned rate = 0; rate < MW_UNB_RATE_COUNT; rate++) {
        int64_t from = INT64_MAX, to = INT64_MIN;
        for (size_t i = 0; i < n; i++) {
            int64_t wider = rate == MW_UNB_R2 ? fastest : 0;
            int64_t a = ranges[i].low.mhz > low - wider ? ranges[i].low.mhz : low - wider;
            int64_t b = ranges[i].high.mhz < high + wider ? ranges[i].high.mhz : high + wider;
            if ((ranges[i].rates & 1u << rate) == 0 || a >= b)
                continue;
            from = a < from ? a : from;
            to = b > to ? b : to;
        }
        if (from >= to)
            continue;
        radio->rates |= 1u << rate;
        radio->narrow[rate].low.mhz = from;
        radio->narrow[rate].high.mhz = to;
        all_low = from < all_low ? from : all_low;
        all_high = to > all_high ? to : all_high;
    }
    radio->low.mhz = all_low;
    radio->high.mhz = all_high;
}

/* More parts than threads: who is done with one takes the next, so that none waits for long. */
static unsigned parts_for(unsigned threads, size_t subs) {
    unsigned parts = threads > 1 ? MW_BAND_PARTS(threads) : 1;
    return parts < subs ? parts : (unsigned)subs;
}

/* Each sub-band, in turn, to the part that has least to do so far. */
static void assign(mw_band_plan *plan, unsigned threads) {
    double load[MW_BAND_PARTS(MW_BAND_THREADS_MAX)] = {0};
    plan->parts = parts_for(threads, plan->subs);
    for (size_t i = 0; i < plan->subs; i++) {
        const mw_receiver_config *radio = &plan->sub[i].radio;
        double work = 0;
        for (unsigned rate = 0; rate < MW_UNB_RATE_COUNT; rate++) {
            if ((radio->rates & 1u << rate) != 0)
                work += (double)(radio->narrow[rate].high.mhz - radio->narrow[rate].low.mhz);
        }
        unsigned least = 0;
        for (unsigned p = 1; p < plan->parts; p++)
            least = load[p] < load[least] ? p : least;
        load[least] += work;
        plan->sub[i].part = least;
    }
}

mw_status mw_band_plan_make(const mw_band_config *config, mw_band_plan *out_plan) {
    const mw_receiver_config *wide = &config->radio;
    mw_band_range whole = {wide->low, wide->high, wide->rates};
    const mw_band_range *ranges = config->ranges_n > 0 ? config->ranges : &whole;
    size_t n = config->ranges_n > 0 ? config->ranges_n : 1;
    if (wide->rate_mhz == 0 || wide->rate_mhz > MW_SAMPLES_RATE_MHZ_MAX ||
        config->threads > MW_BAND_THREADS_MAX || !ranges_valid(config, ranges, n))
        return MW_RANGE;
    memset(out_plan, 0, sizeof *out_plan);
    if (wide->rate_mhz <= MW_BAND_SINGLE_MHZ) {
        mw_band_sub_plan *s = &out_plan->sub[0];
        s->radio = *wide;
        listen(&s->radio, ranges, n, INT64_MIN / 2, INT64_MAX / 2, 0);
        out_plan->subs = out_plan->parts = 1;
        return MW_OK;
    }
    uint64_t channels = (wide->rate_mhz + 2 * CHANNEL_MHZ) / (4 * CHANNEL_MHZ) * 4;
    unsigned m = channels < 4 ? 4 : (unsigned)channels;
    double spacing = (double)wide->rate_mhz / m; /* millihertz */
    out_plan->channels = m;
    out_plan->spacing_hz = spacing / 1000;
    for (unsigned k = 0; k <= m;
         k++) { /* by rising frequency; the last shares the first one's channel */
        double offset = ((double)k - m / 2) * spacing, half = spacing / 2;
        mw_band_sub_plan s = {.radio = *wide, .channel = (k + m / 2) % m};
        s.radio.centre.mhz = wide->centre.mhz + llround(offset);
        s.radio.rate_mhz = (uint64_t)llround(spacing * 4 / 3);
        s.radio.blank = 0;   /* done before the bank */
        s.radio.plan = NULL; /* copies lie in different sub-bands: paired over the whole band */
        listen(&s.radio, ranges, n, wide->centre.mhz + llround(offset - half) - OVERLAP_MHZ,
               wide->centre.mhz + llround(offset + half) + OVERLAP_MHZ, FAST_MHZ);
        bool heard = s.radio.rates != 0 || s.radio.network_count > 0;
        if (heard && s.radio.low.mhz < s.radio.high.mhz)
            out_plan->sub[out_plan->subs++] = s;
    }
    assign(out_plan, config->threads);
    return out_plan->subs > 0 ? MW_OK : MW_RANGE;
}
