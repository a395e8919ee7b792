/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/gas/flow.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "meters/kit/fixmath.h"

/* L = 60 mm at 45 degrees; A = Qmax / (10 m/s); hydraulic diameter of a round duct. */
#define SIZE(text, area, bore, qmin, qt, qmax, start)                                              \
    {                                                                                              \
        .name = (text), .path_nm = 60000000, .factor_nm = 42426407, .area_mm3 = (area),            \
        .bore_um = (bore), .expansion = 23000, .qmin_l_h = (qmin), .qt_l_h = (qt),                 \
        .qmax_l_h = (qmax), .start_l_h = (start),                                                  \
    }

const mw_gas_size mw_gas_size_of[MW_GAS_SIZES] = {
    SIZE("gas-g1.6", 69444, 9403, 16, 160, 2500, 10),
    SIZE("gas-g2.5", 111111, 11894, 25, 250, 4000, 16),
    SIZE("gas-g4", 166667, 14567, 40, 600, 6000, 24),
    SIZE("gas-g6", 277778, 18806, 60, 1000, 10000, 40),
};

/* Close where the profile changes from laminar to turbulent. */
const uint16_t mw_gas_profile_re[MW_GAS_PROFILE_POINTS] = {
    20, 500, 800, 1100, 1400, 1700, 2050, 2450, 2950, 3500, 4200, 5100, 6300, 8200, 12000, 20000,
};
const int32_t mw_gas_profile_smooth[MW_GAS_PROFILE_POINTS] = {
    49152, 49168, 49256, 49516, 50072, 50989, 52443, 54285,
    56295, 57833, 58975, 59716, 60176, 60496, 60768, 61026,
};

mw_status mw_gas_velocity(const mw_gas_size *s, int32_t up_ps, int32_t dn_ps, int32_t dt_ps,
                          int64_t *out_um_s, int32_t *out_sound_mm_s) {
    const int32_t shortest = 50000000, longest = 1000000000, widest = 20000000;
    if (up_ps < shortest || up_ps > longest || dn_ps < shortest || dn_ps > longest ||
        dt_ps > widest || dt_ps < -widest)
        return MW_RANGE;
    /* Product of the times in 64 ns2: 4e7..1.6e10. The numerators stay below 1.4e16 and 1.2e17. */
    int64_t product = (int64_t)up_ps * dn_ps / 64000000;
    *out_um_s = mw_fix_div((int64_t)s->factor_nm * dt_ps / 8 * 125, product);
    int64_t sum_ps = (int64_t)up_ps + dn_ps;
    *out_sound_mm_s = (int32_t)(s->path_nm * sum_ps / 128 / product);
    return MW_OK;
}

mw_gas_kind mw_gas_kind_of(int32_t sound_mm_s, mw_temp t) {
    /* c2 / T in m2/(s2 K), from AGA8 between -25 and 55 C: air 403, H gas 656..670, L gas from
     * 611. Humid air and air at the ends of the range stay within 2 %. */
    int64_t kelvin = (int64_t)t.mdegc + 273150;
    if (kelvin < 200000)
        return MW_GAS_UNKNOWN;
    int64_t ratio = (int64_t)sound_mm_s * sound_mm_s / (kelvin * 1000);
    if (ratio >= 387 && ratio <= 419)
        return MW_GAS_AIR;
    return ratio >= 560 && ratio <= 720 ? MW_GAS_NATURAL : MW_GAS_UNKNOWN;
}

int32_t mw_gas_reynolds(const mw_gas_size *s, mw_gas_kind kind, mw_temp t, int32_t pressure_pa,
                        int64_t um_s) {
    /* Kinematic viscosity at 101.325 kPa in 1e-9 m2/s as a parabola over C, fitted to Sutherland's
     * formula: air 9979 at -40 and 18378 at 55, natural gas 10441 and 19801. */
    int64_t c = t.mdegc / 100;
    int64_t nu = kind == MW_GAS_AIR ? 13282 + (8686 * c + 106 * c * c / 100) / 1000
                                    : 14093 + (9659 * c + 131 * c * c / 100) / 1000;
    int64_t pa = pressure_pa < 20000 ? 20000 : pressure_pa;
    nu = nu * 101325 / pa;
    if (um_s < 0)
        um_s = -um_s;
    if (um_s > 60000000)
        um_s = 60000000;
    int64_t re = um_s * s->bore_um / ((nu < 1 ? 1 : nu) * 1000);
    return re > 1000000 ? 1000000 : (int32_t)re;
}

int32_t mw_gas_profile_at(const int32_t profile[MW_GAS_PROFILE_POINTS], int32_t re) {
    if (re <= mw_gas_profile_re[0])
        return profile[0];
    if (re >= mw_gas_profile_re[MW_GAS_PROFILE_POINTS - 1])
        return profile[MW_GAS_PROFILE_POINTS - 1];
    unsigned i = 0;
    while (re >= mw_gas_profile_re[i + 1])
        i++;
    int32_t low = mw_fix_log2(mw_gas_profile_re[i]), high = mw_fix_log2(mw_gas_profile_re[i + 1]);
    int64_t part = mw_fix_log2((uint64_t)re) - low;
    return profile[i] + (int32_t)((profile[i + 1] - profile[i]) * part / (high - low));
}

void mw_gas_flow_init(mw_gas_flow *f, const mw_gas_size *size, const mw_gas_calibration *cal) {
    *f = (mw_gas_flow){.size = size, .cal = cal, .kind = MW_GAS_NATURAL};
    for (unsigned i = 0; i < MW_GAS_ZERO_POINTS; i++)
        f->zero.factory_ps[i] = cal->zero_ps[i];
}

/* ---- filters ---- */

/* Flow of a size's limit in nL/s. */
static int64_t nl_s(int64_t l_h) {
    return l_h * 1000000000 / 3600;
}

static int64_t abs64(int64_t a) {
    return a < 0 ? -a : a;
}

static int64_t median(int64_t a, int64_t b, int64_t c) {
    if (a > b) {
        int64_t swap = a;
        a = b;
        b = swap;
    }
    return c < a ? a : c > b ? b : c;
}

/* Median of three against a single wrong measurement, then a low pass that follows at once when
 * the flow left it by more than five times its usual spread. Returns whether it did. */
static bool filter(mw_gas_flow *f, int64_t raw) {
    int64_t m = f->seen < 2 ? raw : median(f->recent[0], f->recent[1], raw);
    f->recent[0] = f->recent[1];
    f->recent[1] = raw;
    f->rate_nl_s = m;
    if (f->seen < 3)
        f->seen++;
    int64_t away = m * 256 - f->smooth;
    int64_t floor = nl_s(f->size->start_l_h) * 256 / 16;
    int64_t usual = f->spread > floor ? f->spread : floor;
    bool jump = f->seen < 3 || abs64(away) > 5 * usual;
    f->smooth += jump ? away : away / 16;
    /* A jump widens the spread too, by what is believable: turbulence is no change of flow. */
    f->spread += ((jump ? 5 * usual : abs64(away)) - f->spread) / 16;
    return jump;
}

/* Creep: nothing is counted below half the start flow; the way back is at 0.4 of it. */
static void creep(mw_gas_flow *f) {
    int64_t start = nl_s(f->size->start_l_h) * 256;
    int64_t limit = f->flowing ? start * 2 / 5 : start / 2;
    f->flowing = abs64(f->smooth) >= limit;
    if (!f->flowing)
        f->spread = 0;
}

/* ---- registers ---- */

/* Adds rate * time / denominator, exactly; a trapezoid gives twice the rate. */
static void count(mw_gas_flow *f, int64_t twice_rate, int64_t us, mw_gas_result *out) {
    unsigned way = twice_rate < 0;
    int64_t volume = abs64(twice_rate) * us + f->rest[way];
    int64_t ul = volume / MW_GAS_REST;
    f->rest[way] = volume % MW_GAS_REST;
    *(way ? &f->reverse_ul : &f->forward_ul) += ul;
    *(way ? &out->reverse_ul : &out->forward_ul) += ul;
}

/* From the last good measurement until now. When the flow turned between, each way has its part. */
static void integrate(mw_gas_flow *f, mw_mono now, int64_t rate, mw_gas_result *out) {
    const int64_t longest_us = 60000000;
    int64_t us = f->last_known ? mw_mono_since(now, f->last).ns / 1000 : 0;
    int64_t before = f->last_rate;
    /* Whole microseconds are counted; the rest stays between `last` and the next measurement. */
    f->last = f->last_known ? (mw_mono){f->last.ns + us * 1000} : now;
    f->last_known = true;
    f->last_rate = rate;
    if (us <= 0 || us > longest_us)
        return;
    if ((before < 0) == (rate < 0) || before == 0 || rate == 0) {
        count(f, before + rate, us, out);
        return;
    }
    int64_t first = us * (abs64(before) / 1000 + 1) / ((abs64(before) + abs64(rate)) / 1000 + 1);
    first = first > us ? us : first;
    count(f, before, first, out);
    count(f, rate, us - first, out);
}

/* ---- diagnosis ---- */

static void diagnose_gas(mw_gas_flow *f, mw_temp t) {
    mw_gas_kind seen = mw_gas_kind_of(f->sound_mm_s, t);
    if (seen != f->candidate) {
        f->candidate = seen;
        f->candidate_run = 0;
    }
    if (f->candidate_run < 5)
        f->candidate_run++;
    if (f->candidate_run == 5)
        f->kind = seen;
}

static void diagnose(mw_gas_flow *f, const mw_gas_transit *t, int32_t gain_cdb) {
    int32_t level =
        (int32_t)((int64_t)(mw_fix_log2(t->amplitude + 1u) - (4 << 16)) * 60206 / (100 * 65536)) -
        gain_cdb;
    f->level_cdb += f->seen < 3 ? level - f->level_cdb : (level - f->level_cdb) / 8;
    f->snr_cdb += f->seen < 3 ? t->snr_cdb - f->snr_cdb : (t->snr_cdb - f->snr_cdb) / 8;
    uint8_t flags = 0;
    if (f->snr_cdb < MW_GAS_SNR_WARN)
        flags |= MW_GAS_FLAG_LOW_SNR;
    if (f->kind != MW_GAS_UNKNOWN && f->level_cdb < f->cal->level_cdb - MW_GAS_VACUUM_CDB)
        flags |= MW_GAS_FLAG_VACUUM;
    if (f->kind == MW_GAS_AIR)
        flags |= MW_GAS_FLAG_AIR;
    if (f->kind == MW_GAS_UNKNOWN)
        flags |= MW_GAS_FLAG_UNKNOWN;
    if (f->flowing && f->smooth < 0)
        flags |= MW_GAS_FLAG_REVERSE;
    if (abs64(f->smooth) / 256 > nl_s(f->size->qmax_l_h) / 5 * 6)
        flags |= MW_GAS_FLAG_OVERLOAD;
    f->flags = flags;
}

/* The amplifier that would bring the weaker echo to 70 % of full scale, at most 6 dB at a time. */
static int32_t next_gain(const mw_gas_transit *t, int32_t gain_cdb) {
    const int32_t aim = 949061; /* log2(0.7 * 2047 * 16) in 2^-16 */
    int64_t step = (int64_t)(aim - mw_fix_log2(t->amplitude + 1u)) * 60206 / (100 * 65536);
    if ((t->bad & MW_GAS_BAD_CLIP) != 0)
        step = -600;
    return gain_cdb + (int32_t)(step > 600 ? 600 : step < -600 ? -600 : step);
}

static void bump(uint32_t *counter) {
    if (*counter < UINT32_MAX)
        *counter += 1;
}

/* What the next measurement is compared with. */
static void follow(mw_gas_flow *f, const mw_gas_transit *t) {
    int32_t sum = t->up_ps + t->dn_ps;
    if (t->recovered)
        f->moved_run++;
    else
        f->moved_run = 0;
    bool fresh = !f->track.valid;
    f->track.dt_ps = t->dt_ps;
    f->track.sum_ps = fresh ? sum : f->track.sum_ps + (sum - f->track.sum_ps) / 4;
    /* Three in a row are no accident: another gas came, and the times must be found anew. */
    f->track.valid = f->moved_run < 3;
    if (!f->track.valid)
        f->moved_run = 0;
}

static void reject(mw_gas_flow *f, const mw_gas_transit *t, mw_gas_result *out) {
    bump(&f->rejected);
    if (f->bad_run < 255)
        f->bad_run++;
    if (f->bad_run >= 3)
        f->track.valid = false;
    if (f->bad_run >= MW_GAS_LOST_AFTER) {
        /* What flows now is not known: it is flagged, not made up. */
        f->flags |= MW_GAS_FLAG_NO_ECHO;
        f->last_known = false;
        f->seen = 0;
        mw_gas_zero_restart(&f->zero);
    }
    if ((t->bad & MW_GAS_BAD_SNR) != 0)
        f->flags |= MW_GAS_FLAG_LOW_SNR;
    out->next_ms = MW_GAS_ACTIVE_MS;
}

void mw_gas_flow_step(mw_gas_flow *f, mw_mono now, const mw_gas_capture *in, mw_gas_result *out) {
    mw_gas_transit t;
    mw_gas_result r = {0};
    mw_gas_transit_measure(in->up, in->dn, &f->track, &t);
    r.bad = t.bad;
    r.dt_ps = t.dt_ps;
    r.gain_cdb = next_gain(&t, in->gain_cdb);
    bump(&f->measured);
    int64_t um_s = 0;
    int32_t offset = mw_gas_zero_at(&f->zero, in->temperature);
    if (t.bad == 0 &&
        mw_gas_velocity(f->size, t.up_ps - f->cal->delay_ps, t.dn_ps - f->cal->delay_ps,
                        t.dt_ps - offset, &um_s, &f->sound_mm_s) != MW_OK)
        t.bad = r.bad = MW_GAS_BAD_EDGE;
    if (t.bad != 0) {
        reject(f, &t, &r);
        *out = r;
        return;
    }
    if (t.recovered)
        bump(&f->recovered);
    f->bad_run = 0;
    follow(f, &t);
    diagnose_gas(f, in->temperature);
    int32_t re = mw_gas_reynolds(f->size, f->kind, in->temperature, in->pressure_pa, um_s);
    int32_t k = mw_gas_profile_at(f->cal->profile, re);
    /* um/s * 1e-3 mm2 = 1e-3 nL/s; below 6e7 * 3e5 * 7e4 = 1.2e18. */
    int64_t raw = mw_fix_div(um_s * f->size->area_mm3 / 16 * k, INT64_C(65536000) / 16);
    /* Path and area grow with temperature; v goes with L, A with its square. */
    raw += mw_fix_div(raw / 1000 * 3 * f->size->expansion *
                          ((int64_t)(in->temperature.mdegc - 20000) / 100),
                      INT64_C(10000000));
    bool jump = filter(f, raw);
    creep(f);
    integrate(f, now, f->flowing ? f->rate_nl_s : 0, &r);
    diagnose(f, &t, in->gain_cdb);
    if (f->flowing || jump)
        mw_gas_zero_restart(&f->zero);
    else
        (void)mw_gas_zero_learn(&f->zero, in->temperature, t.dt_ps);
    r.next_ms = jump ? MW_GAS_ACTIVE_MS : MW_GAS_IDLE_MS;
    *out = r;
}

int64_t mw_gas_flow_ml_h(const mw_gas_flow *f) {
    return f->flowing ? f->smooth / 256 * 3600 / 1000000 : 0;
}
