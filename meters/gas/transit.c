/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/gas/transit.h"

#include "meters/kit/fixmath.h"

#define HALF_PERIOD (MW_GAS_PERIOD_PS / 2)
#define CLIMB_MAX   4

/* cos and -sin of 2 pi n / 5 in units of 2^-12. */
static const int16_t wave_cos[5] = {4096, 1266, -3314, -3314, 1266};
static const int16_t wave_sin[5] = {0, 3896, 2408, -2408, -3896};

/* Squared envelope over a sliding period, in units of (2.5 * 8 LSB)^2. Samples n-4..n stand in
 * power[n]; the centre is n-2. |sum| <= 2048 * 3.24 * 8, so its square fits in 32 bits.
 * Returns the place of the maximum. */
static unsigned envelope(const int16_t x[MW_GAS_SAMPLES], uint32_t power[MW_GAS_SAMPLES],
                         uint8_t *bad) {
    int32_t in = 0, quad = 0;
    unsigned phase = 0, best = 4;
    for (unsigned n = 0; n < MW_GAS_SAMPLES; n++) {
        int32_t now = x[n], gone = n >= 5 ? x[n - 5] : 0;
        if (now >= MW_GAS_SAMPLE_MAX || now <= -MW_GAS_SAMPLE_MAX) {
            *bad |= MW_GAS_BAD_CLIP;
            now = now > 0 ? MW_GAS_SAMPLE_MAX : -MW_GAS_SAMPLE_MAX;
        }
        if (gone > MW_GAS_SAMPLE_MAX || gone < -MW_GAS_SAMPLE_MAX)
            gone = gone > 0 ? MW_GAS_SAMPLE_MAX : -MW_GAS_SAMPLE_MAX;
        in += wave_cos[phase] * (now - gone);
        quad += wave_sin[phase] * (now - gone);
        phase = phase == 4 ? 0 : phase + 1;
        int32_t i = in / 512, q = quad / 512;
        power[n] = n < 4 ? 0 : (uint32_t)i * (uint32_t)i + (uint32_t)q * (uint32_t)q;
        if (power[n] > power[best])
            best = n;
    }
    return best;
}

/* Mean of the squared envelope where it stands on its plateau: steadier than its maximum. */
static uint32_t plateau(const uint32_t power[MW_GAS_SAMPLES], unsigned peak) {
    uint32_t limit = power[peak] / 4 * 3, count = 0;
    uint64_t sum = 0;
    for (unsigned n = 4; n < MW_GAS_SAMPLES; n++)
        if (power[n] >= limit) {
            sum += power[n];
            count++;
        }
    return (uint32_t)(sum / count);
}

/* Variance of the first n samples in 1/256 LSB^2, at least that of the converter's steps. */
static uint32_t noise(const int16_t x[MW_GAS_SAMPLES], unsigned n) {
    int32_t sum = 0;
    int64_t squares = 0;
    for (unsigned i = 0; i < n; i++) {
        sum += x[i];
        squares += (int32_t)x[i] * x[i];
    }
    int64_t variance = (squares * n - (int64_t)sum * sum) * 256 / (int64_t)(n * (n - 1));
    return variance < 21 ? 21 : (uint32_t)variance;
}

void mw_gas_echo_find(const int16_t x[MW_GAS_SAMPLES], mw_gas_echo *out) {
    uint32_t power[MW_GAS_SAMPLES];
    mw_gas_echo e = {0};
    unsigned peak = envelope(x, power, &e.bad);
    if (power[peak] == 0) {
        e.bad |= MW_GAS_BAD_SNR;
        *out = e;
        return;
    }
    uint32_t mean = plateau(power, peak);
    /* The start of the plateau may lie before the maximum by most of the burst. */
    unsigned n = peak;
    while (n > 4 && power[n] >= mean / 4)
        n--;
    /* Rise from noise to 50 % takes 25 us; without 16 samples of noise before nothing is known. */
    if (n < 44 || peak > MW_GAS_SAMPLES - 8)
        e.bad |= MW_GAS_BAD_EDGE;
    int64_t low = mw_fix_sqrt((uint64_t)power[n] << 24);
    int64_t high = mw_fix_sqrt((uint64_t)power[n + 1 < MW_GAS_SAMPLES ? n + 1 : n] << 24);
    int64_t level = mw_fix_sqrt((uint64_t)mean << 22);
    if (high > low)
        e.crossing_ps = (int32_t)(((int64_t)n - 2) * MW_GAS_SAMPLE_PS +
                                  (level - low) * MW_GAS_SAMPLE_PS / (high - low));
    e.amplitude = (uint32_t)(2 * level / 20 * 16 / 4096);
    unsigned quiet = n >= 44 ? n - 28 : 16;
    /* Carrier power is amplitude^2 / 2 = mean / 800 LSB^2. */
    int32_t ratio =
        mw_fix_log2((uint64_t)mean * 256) - mw_fix_log2((uint64_t)noise(x, quiet) * 800);
    e.snr_cdb = (int32_t)((int64_t)ratio * 30103 / (100 * 65536));
    if (e.snr_cdb < MW_GAS_SNR_MIN)
        e.bad |= MW_GAS_BAD_SNR;
    *out = e;
}

static int32_t mean_of(const int16_t x[MW_GAS_SAMPLES]) {
    int32_t sum = 0;
    for (unsigned n = 0; n < 255; n++) /* whole periods */
        sum += x[n];
    return (int32_t)mw_fix_div(sum, 255);
}

/* sum over n of (up[n + lag] - up_mean) * (dn[n] - dn_mean). Up to 64 products of 2 * 13 bits fit
 * in 32 bits: a core without long multiplication adds 64-bit numbers only four times. */
static int64_t correlate(const int16_t *up, int32_t up_mean, const int16_t *dn, int32_t dn_mean,
                         int lag) {
    int first = lag < 0 ? -lag : 0, last = lag < 0 ? MW_GAS_SAMPLES : MW_GAS_SAMPLES - lag;
    int64_t total = 0;
    for (int n = first; n < last;) {
        int stop = n + 64 < last ? n + 64 : last;
        int32_t sum = 0;
        for (; n < stop; n++)
            sum += (up[n + lag] - up_mean) * (dn[n] - dn_mean);
        total += sum;
    }
    return total;
}

/* r = {before, at, after} a maximum: where between the samples a cosine through them has its own,
 * in ps from the middle one, and its period. False when no cosine fits.
 *   w = acos((a + c) / 2b), d = atan((c - a) / (2 b sin w)) / w, and 2 b sin w is a root. */
static bool cosine_peak(int64_t a, int64_t b, int64_t c, int32_t *out_ps, uint32_t *out_period) {
    while (b >= INT64_C(1) << 29) {
        a /= 2;
        b /= 2;
        c /= 2;
    }
    int64_t square = 4 * b * b - (a + c) * (a + c);
    if (b < 1 << 12 || square <= 0)
        return false;
    int64_t s = mw_fix_sqrt((uint64_t)square);
    int32_t w = mw_fix_atan2(s, a + c), turn = mw_fix_atan2(c - a, s);
    /* The carrier is 200 kHz within 10 %: 1.13..1.40 rad per sample. */
    if (w < 607186697 || w > 742117074)
        return false;
    *out_ps = (int32_t)mw_fix_div((int64_t)turn * MW_GAS_SAMPLE_PS, w);
    *out_period = (uint32_t)(INT64_C(3373259426) * MW_GAS_SAMPLE_PS / w);
    return true;
}

static int32_t magnitude(int32_t a) {
    return a < 0 ? -a : a;
}

typedef struct pair {
    const int16_t *up, *dn;
    int32_t up_mean, dn_mean;
} pair;

static int64_t at_lag(const pair *p, int lag) {
    return correlate(p->up, p->up_mean, p->dn, p->dn_mean, lag);
}

/* Correlates around `lag`; the peak of the carrier nearest to it. */
static bool peak_near(const pair *p, int lag, int *out_lag, mw_gas_transit *t) {
    int64_t r[5];
    if (lag > MW_GAS_LAG_MAX || lag < -MW_GAS_LAG_MAX)
        return false;
    for (int i = 0; i < 5; i++)
        r[i] = at_lag(p, lag + i - 2);
    int best = 2;
    for (int i = 0; i < 5; i++)
        if (r[i] > r[best])
            best = i;
    int64_t before = best > 0 ? r[best - 1] : at_lag(p, lag - 3);
    int64_t after = best < 4 ? r[best + 1] : at_lag(p, lag + 3);
    int32_t between;
    if (before > r[best] || after > r[best] ||
        !cosine_peak(before, r[best], after, &between, &t->period_ps))
        return false;
    *out_lag = lag + best - 2;
    t->dt_ps = *out_lag * MW_GAS_SAMPLE_PS + between;
    return true;
}

/* The period with the highest envelope of the correlation: up to CLIMB_MAX steps of one period. */
static int climb(const pair *p, int lag) {
    int64_t here = at_lag(p, lag);
    int way = 0;
    for (int steps = 0; steps < CLIMB_MAX; steps++) {
        int64_t more = way >= 0 ? at_lag(p, lag + 5) : here;
        int64_t less = way <= 0 ? at_lag(p, lag - 5) : here;
        if (more <= here && less <= here)
            break;
        way = more > less ? 1 : -1;
        lag += 5 * way;
        here = more > less ? more : less;
    }
    return lag;
}

/* One of the absolute times is where the settled sum and this dt put it: the other is disturbed. */
static bool one_echo_fits(const mw_gas_track *track, const mw_gas_transit *t) {
    int32_t up = (track->sum_ps + t->dt_ps) / 2;
    return magnitude(t->up_ps - up) < HALF_PERIOD / 2 ||
           magnitude(t->dn_ps - (track->sum_ps - up)) < HALF_PERIOD / 2;
}

static bool near_track(const mw_gas_track *track, int32_t dt_ps) {
    return track->valid && magnitude(dt_ps - track->dt_ps) < HALF_PERIOD;
}

/* The absolute times do not fit the track. Where the last measurement was there is a peak, and one
 * echo supports it: both times then follow from the settled sum. */
static bool rescue(const pair *p, const mw_gas_track *track, mw_gas_transit *t) {
    int lag = (int)mw_fix_div(track->dt_ps, MW_GAS_SAMPLE_PS);
    if (!track->valid || !peak_near(p, lag, &lag, t) || !near_track(track, t->dt_ps) ||
        !one_echo_fits(track, t))
        return false;
    t->up_ps = (track->sum_ps + t->dt_ps) / 2;
    t->dn_ps = track->sum_ps - t->up_ps;
    t->recovered = true;
    return true;
}

/* Steps 4 to 6. */
static void resolve(const pair *p, const mw_gas_track *track, mw_gas_transit *t) {
    int32_t absolute = t->up_ps - t->dn_ps;
    int lag = (int)mw_fix_div(absolute, MW_GAS_SAMPLE_PS);
    int64_t drift = (int64_t)t->up_ps + t->dn_ps - track->sum_ps;
    bool symmetric = !track->valid || (drift < HALF_PERIOD && drift > -HALF_PERIOD);
    bool found = peak_near(p, lag, &lag, t);
    if (found && symmetric && near_track(track, t->dt_ps))
        return; /* all agree; the usual case costs five lags */
    int top = found ? climb(p, lag) : lag;
    if (top != lag) {
        found = peak_near(p, top, &lag, t);
        t->recovered = true;
    }
    if (found && symmetric &&
        (magnitude(t->dt_ps - absolute) < HALF_PERIOD || near_track(track, t->dt_ps)))
        return;
    if (!rescue(p, track, t))
        t->bad |= MW_GAS_BAD_CYCLE;
}

void mw_gas_transit_measure(const int16_t up[MW_GAS_SAMPLES], const int16_t dn[MW_GAS_SAMPLES],
                            const mw_gas_track *track, mw_gas_transit *out) {
    mw_gas_echo u, d;
    mw_gas_echo_find(up, &u);
    mw_gas_echo_find(dn, &d);
    uint32_t weak = u.amplitude < d.amplitude ? u.amplitude : d.amplitude;
    uint32_t strong = u.amplitude < d.amplitude ? d.amplitude : u.amplitude;
    mw_gas_transit t = {
        .up_ps = u.crossing_ps,
        .dn_ps = d.crossing_ps,
        .snr_cdb = u.snr_cdb < d.snr_cdb ? u.snr_cdb : d.snr_cdb,
        .amplitude = weak,
        .bad = (uint8_t)(u.bad | d.bad),
    };
    if (weak * 100 < strong * MW_GAS_RATIO_MIN)
        t.bad |= MW_GAS_BAD_RATIO;
    if (t.bad == 0) {
        pair p = {up, dn, mean_of(up), mean_of(dn)};
        resolve(&p, track, &t);
    }
    *out = t;
}
