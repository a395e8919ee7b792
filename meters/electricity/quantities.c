/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/electricity/quantities.h"

#include <string.h>

#include "base/assert.h"
#include "meters/kit/fixmath.h"

#define GAIN_ONE     256 /* of a gain: one nanovolt or nanoampere */
#define NANO         INT64_C(1000)
#define CAL_MDEGC    23000
#define HALF_TURN    INT64_C(1686629713) /* pi in units of 2^-29 rad */
#define QUIET_PHASOR 4                   /* converter steps: below it a phasor has no angle */

/* A mean phasor of a window, in 2^-8 steps of the converter: half the amplitude. */
typedef struct phasor {
    int64_t re, im;
} phasor;

int32_t mw_electric_gain_of(int64_t full_scale) {
    return (int32_t)mw_fix_mul_div(full_scale, NANO * GAIN_ONE, INT64_C(1) << 23);
}

int32_t mw_electric_gain_at(int32_t gain, int32_t drift, mw_temp temperature) {
    int64_t k_1000 = temperature.mdegc - CAL_MDEGC;
    return gain + (int32_t)mw_fix_mul_div((int64_t)gain * drift, k_1000, INT64_C(1000000000000));
}

/* sum / time, in 2^-8 steps (squared). */
static int64_t mean(int64_t sum, int64_t parts) {
    return mw_fix_mul_div(sum, MW_ELECTRIC_PARTS * 256, parts);
}

/* Root mean square without the mean itself, 2^-8 steps. */
static int64_t rms(int64_t squares, int64_t sum, int64_t parts) {
    int64_t square = mw_fix_mul_div(squares, MW_ELECTRIC_PARTS * INT64_C(65536), parts);
    int64_t offset = mean(sum, parts);
    square -= offset * offset;
    return square > 0 ? mw_fix_sqrt((uint64_t)square) : 0;
}

/* 2^-8 steps -> microvolts or microamperes. */
static int64_t to_micro(int64_t steps, int32_t gain) {
    return mw_fix_mul_div(steps, gain, 256 * GAIN_ONE * NANO);
}

/* 2^-8 steps squared -> microwatts. */
static int64_t to_power(int64_t product, int32_t u_gain, int32_t i_gain) {
    return mw_fix_mul_div(product, ((int64_t)u_gain * i_gain + 8) / 16,
                          INT64_C(256) * GAIN_ONE * GAIN_ONE / 16 * INT64_C(1000000000000));
}

static int64_t product(int64_t uis, int64_t us, int64_t is, int64_t parts) {
    int64_t u = mean(us, parts), i = mean(is, parts);
    return mean(uis, parts) - u * i / 256;
}

static int64_t subtract_noise(int64_t micro, int64_t noise) {
    int64_t square = micro * micro - noise * noise;
    return square > 0 ? mw_fix_sqrt((uint64_t)square) : 0;
}

/* Rms current less what no load shows: noise adds by squares, and what the voltage leaks into the
 * current channel adds to the part of the current that is in phase with it. */
static int64_t subtract_no_load(int64_t i_ua, const mw_electric_trim *trim,
                                const mw_electric_element *e) {
    int64_t square = i_ua * i_ua - (int64_t)trim->noise_ua * trim->noise_ua;
    if (e->u_uv > 1000000) {
        int64_t leak = mw_fix_mul_div(trim->power_offset_uw, 1000000, e->u_uv);
        square -= 2 * leak * mw_fix_mul_div(e->p_uw, 1000000, e->u_uv);
    }
    return square > 0 ? mw_fix_sqrt((uint64_t)square) : 0;
}

static phasor phasor_of(const int64_t sum[2], int64_t parts) {
    return (phasor){mean(sum[0], parts) / MW_ELECTRIC_PARTS,
                    mean(sum[1], parts) / MW_ELECTRIC_PARTS};
}

static int64_t square_of(phasor p) {
    return p.re * p.re + p.im * p.im;
}

static bool quiet(phasor p) {
    return square_of(p) < INT64_C(256) * 256 * QUIET_PHASOR * QUIET_PHASOR;
}

/* Rms value of a phasor, 2^-8 steps: root of twice its square. */
static int64_t rms_of(phasor p) {
    return (int64_t)mw_fix_sqrt(2 * (uint64_t)square_of(p));
}

/* Angle of a against b, thousandths of a degree, -180,000..180,000. */
static int32_t angle_between(phasor a, phasor b) {
    int64_t re = a.re * b.re + a.im * b.im, im = a.im * b.re - a.re * b.im;
    return (int32_t)mw_fix_mul_div(mw_fix_atan2(im / 4, re / 4), 180000, HALF_TURN);
}

static int32_t distortion(int64_t whole, int64_t fundamental) {
    if (fundamental <= 0 || whole <= fundamental)
        return 0;
    int64_t rest = (whole - fundamental) * (whole + fundamental);
    int64_t ppm = mw_fix_mul_div((int64_t)mw_fix_sqrt((uint64_t)rest), 1000000, fundamental);
    return ppm > 10000000 ? 10000000 : (int32_t)ppm;
}

static void element_of(const mw_electric_sums *s, int64_t parts, const mw_electric_trim *trim,
                       int32_t u_gain, int32_t i_gain, mw_electric_element *e) {
    int64_t u = rms(s->uu, s->u, parts), i = rms(s->ii, s->i, parts);
    phasor u1 = phasor_of(s->u1, parts), i1 = phasor_of(s->i1, parts);
    e->u_uv = to_micro(u, u_gain);
    e->u1_uv = to_micro(rms_of(u1), u_gain);
    e->i1_ua = to_micro(rms_of(i1), i_gain);
    e->p_uw = to_power(product(s->ui, s->u, s->i, parts), u_gain, i_gain) - trim->power_offset_uw;
    e->i_ua = subtract_no_load(to_micro(i, i_gain), trim, e);
    int64_t p1 = 2 * (u1.re * i1.re + u1.im * i1.im), q1 = 2 * (u1.im * i1.re - u1.re * i1.im);
    e->p1_uw = to_power(p1 / 256, u_gain, i_gain);
    e->q_uvar = to_power(q1 / 256, u_gain, i_gain);
    e->s_uva = mw_fix_mul_div(e->u_uv, e->i_ua, 1000000);
    int64_t p = e->p_uw, s_least = p < 0 ? -p : p;
    if (e->s_uva < s_least)
        e->s_uva = s_least;
    e->power_factor = e->s_uva == 0 ? 1000000 : (int32_t)mw_fix_mul_div(p, 1000000, e->s_uva);
    e->has_angle = !quiet(u1) && !quiet(i1);
    e->angle_mdeg = e->has_angle ? angle_between(u1, i1) : 0;
    e->thd_u_ppm = quiet(u1) ? 0 : distortion(u, rms_of(u1));
    e->thd_i_ppm = quiet(i1) ? 0 : distortion(i, rms_of(i1));
}

/* Positive (way 1) or negative (way 2) sequence component of three voltage phasors, tripled:
 * u0 + a u1 + a^2 u2 with a = exp(j 120 degrees). */
static int64_t sequence_of(const phasor u[3], int way) {
    const int64_t cosine = -16384, sine = way == 1 ? 28378 : -28378;
    phasor sum = u[0];
    sum.re += (cosine * u[1].re - sine * u[1].im + cosine * u[2].re + sine * u[2].im) / 32768;
    sum.im += (cosine * u[1].im + sine * u[1].re + cosine * u[2].im - sine * u[2].re) / 32768;
    return (int64_t)mw_fix_sqrt((uint64_t)square_of(sum));
}

static void sequence(const mw_electric_block *b, const mw_electric_calibration *cal,
                     mw_electric_quantities *q) {
    phasor u[3];
    for (unsigned k = 0; k < 3; k++) {
        u[k] = phasor_of(b->e[k].u1, b->parts);
        /* To one scale, that of the first element, and a quarter: three of them are added. */
        u[k].re = mw_fix_mul_div(u[k].re, cal->e[k].u_gain, 4 * (int64_t)cal->e[0].u_gain);
        u[k].im = mw_fix_mul_div(u[k].im, cal->e[k].u_gain, 4 * (int64_t)cal->e[0].u_gain);
        int32_t behind = q->lost & (1u | 1u << k) ? 0 : -angle_between(u[k], u[0]);
        q->e[k].u_angle_mdeg = behind < 0 ? behind + 360000 : behind;
    }
    int64_t positive = sequence_of(u, 1), negative = sequence_of(u, 2);
    if (q->lost != 0)
        return;
    q->unbalance_ppm =
        positive > 0 ? (int32_t)mw_fix_mul_div(negative > 10 * positive ? 10 * positive : negative,
                                               1000000, positive)
                     : 0;
    int32_t second = q->e[1].u_angle_mdeg, third = q->e[2].u_angle_mdeg;
    if (second > 60000 && second < 180000 && third > 180000 && third < 300000)
        q->sequence = MW_ELECTRIC_SEQUENCE_123;
    else if (third > 60000 && third < 180000 && second > 180000 && second < 300000)
        q->sequence = MW_ELECTRIC_SEQUENCE_132;
    else
        q->sequence = MW_ELECTRIC_SEQUENCE_BAD;
}

void mw_electric_quantities_of(const mw_electric_window *w, const mw_electric_calibration *cal,
                               mw_temp temperature, mw_voltage rated, mw_electric_quantities *out) {
    const mw_electric_block *b = &w->done;
    mw_assert(b->parts > 0);
    memset(out, 0, sizeof *out);
    out->elements = w->elements;
    out->parts = b->parts;
    out->frequency_mhz = w->frequency_mhz;
    out->valid = w->locked;
    for (unsigned k = 0; k < w->elements; k++) {
        const mw_electric_trim *trim = &cal->e[k];
        element_of(&b->e[k], b->parts, trim,
                   mw_electric_gain_at(trim->u_gain, cal->u_drift, temperature),
                   mw_electric_gain_at(trim->i_gain, cal->i_drift, temperature), &out->e[k]);
        if (out->e[k].u_uv / 10 < rated.mv * MW_ELECTRIC_LOST_PERCENT)
            out->lost |= (uint8_t)(1u << k);
    }
    int32_t n_gain = mw_electric_gain_at(cal->neutral_gain, cal->i_drift, temperature);
    int32_t u_gain = mw_electric_gain_at(cal->e[0].u_gain, cal->u_drift, temperature);
    const mw_electric_neutral *n = &b->neutral;
    out->neutral_ua =
        subtract_noise(to_micro(rms(n->nn, n->n, b->parts), n_gain), cal->neutral_noise_ua);
    out->neutral_p_uw = to_power(product(n->un, b->e[0].u, n->n, b->parts), u_gain, n_gain);
    if (w->elements == 3)
        sequence(b, cal, out);
}

int64_t mw_electric_half_uv(const mw_electric_window *w, const mw_electric_calibration *cal,
                            mw_temp temperature, unsigned element) {
    if (w->half_parts <= 0)
        return 0;
    int32_t gain = mw_electric_gain_at(cal->e[element].u_gain, cal->u_drift, temperature);
    return to_micro(rms(w->half_uu[element], 0, w->half_parts), gain);
}
