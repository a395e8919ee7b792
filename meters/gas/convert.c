/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/gas/convert.h"

#include "base/assert.h"
#include "meters/kit/fixmath.h"

const mw_gas_base mw_gas_base_15c = {{15000}, 101325};
const mw_gas_base mw_gas_base_20c = {{20000}, 101325};
const mw_gas_base mw_gas_base_0c = {{0}, 101325};

/* Numbers are 64-bit integers of 2^-30. Constants are folded by the compiler: no floating point is
 * left in the code. */
#define ONE    MW_GAS_FACTOR_ONE
#define FIX(x) ((int32_t)((x)*1073741824.0 + ((x) < 0 ? -0.5 : 0.5)))

static int64_t times(int64_t a, int64_t b) {
    return mw_fix_div(a * b, ONE);
}

/* Temperature enters as T / 256 K and H as H / 1024, so that every coefficient is of order one. */
#define POLY(a, b, c)                                                                              \
    { FIX(a), FIX((b)*256), FIX((c)*65536) }

static int64_t poly(const int32_t c[3], int64_t t) {
    return c[0] + times(c[1] + times(c[2], t), t);
}

/* Coefficients of the virial terms of GERG-88 as modified by GOST 30319.2-96 (formulas 20 and 21).
 * e: equivalent hydrocarbon, n: nitrogen, c: carbon dioxide. */
static const int32_t b_ee[3][3] = {
    POLY(-0.425468, 2.865e-3, -4.62073e-6),
    POLY(8.77118e-4 * 1024, -5.56281e-6 * 1024, 8.81514e-9 * 1024),
    POLY(-8.24747e-7 * 1048576, 4.31436e-9 * 1048576, -6.08319e-12 * 1048576),
};
static const int32_t b_nn[3] = POLY(-0.1446, 7.4091e-4, -9.1195e-7);
static const int32_t b_nc[3] = POLY(-0.339693, 1.61176e-3, -2.04429e-6);
static const int32_t b_cc[3] = POLY(-0.86834, 4.0376e-3, -5.1657e-6);
static const int32_t c_eee[3][3] = {
    POLY(-0.302488, 1.95861e-3, -3.16302e-6),
    POLY(6.46422e-4 * 1024, -4.22876e-6 * 1024, 6.88157e-9 * 1024),
    POLY(-3.32805e-7 * 1048576, 2.2316e-9 * 1048576, -3.67713e-12 * 1048576),
};
static const int32_t c_nnn[3] = POLY(7.8498e-3, -3.9895e-5, 6.1187e-8);
static const int32_t c_ccc[3] = POLY(2.0513e-3, 3.4888e-5, -8.3703e-8);
static const int32_t c_nnc[3] = POLY(5.52066e-3, -1.68609e-5, 1.57169e-8);
static const int32_t c_ncc[3] = POLY(3.58783e-3, 8.06674e-6, -3.25798e-8);

/* Cube root and square root of a fraction, 0 for negatives. */
static int64_t root3(int64_t a) {
    /* cbrt(a * 2^30) * 2^10 in units of 2^-30; a < 2^33 here. */
    return a <= 0 ? 0 : (int64_t)mw_fix_cbrt((uint64_t)a << 30) << 10;
}

static int64_t root2(int64_t a) {
    return a <= 0 ? 0 : (int64_t)mw_fix_sqrt((uint64_t)a << 30);
}

typedef struct mixture {
    int64_t xe, xn, xc; /* molar fractions */
    int64_t h;          /* H / 1024, H the calorific value of the equivalent hydrocarbon */
} mixture;

static int64_t ppm(int32_t x) {
    return mw_fix_div((int64_t)x * ONE, 1000000);
}

/* Molar mass of the equivalent hydrocarbon from the density (formulas 34 to 36). */
static mixture mixture_of(const mw_gas_composition *gas) {
    mixture m = {.xn = ppm(gas->nitrogen_ppm), .xc = ppm(gas->carbon_dioxide_ppm)};
    m.xe = ONE - m.xn - m.xc;
    int64_t density = ppm(gas->density_mg_m3);
    int64_t root = times(FIX(0.0741), density) - FIX(0.006) - times(FIX(0.063), m.xn) -
                   times(FIX(0.0575), m.xc);
    int64_t z = ONE - times(root, root);
    /* Masses / 32, so that factors stay below 2. */
    int64_t mass = times(FIX(24.05525 / 32), times(z, density)) - times(FIX(28.0135 / 32), m.xn) -
                   times(FIX(44.01 / 32), m.xc);
    int64_t me = mw_fix_div(mass * (ONE >> 5), m.xe >> 5);
    m.h = FIX(128.64 / 1024) + times(FIX(47.479 * 32 / 1024), me);
    return m;
}

static int64_t poly_h(const int32_t c[3][3], int64_t t, int64_t h) {
    return poly(c[0], t) + times(poly(c[1], t) + times(poly(c[2], t), h), h);
}

/* Second virial coefficient, L/mol * 1000 = m3/kmol. */
static int64_t second_virial(const mixture *m, int64_t t, int64_t kelvin) {
    int64_t bee = poly_h(b_ee, t, m->h), bnn = poly(b_nn, t), bcc = poly(b_cc, t);
    int64_t away = (int64_t)320 * ONE - kelvin; /* K */
    int64_t factor = FIX(0.72) + times(times(FIX(1.875e-5 * 1024), away / 1024), away);
    int64_t b = times(times(m->xe, m->xe), bee);
    b += times(times(times(m->xe, m->xn), factor), bee + bnn);
    b -= times(times(FIX(1.73), times(m->xe, m->xc)), times(root2(-bee), root2(-bcc)));
    b += times(times(m->xn, m->xn), bnn);
    b += 2 * times(times(m->xn, m->xc), poly(b_nc, t));
    b += times(times(m->xc, m->xc), bcc);
    return b;
}

/* Third virial coefficient, (m3/kmol)^2. */
static int64_t third_virial(const mixture *m, int64_t t, int64_t kelvin) {
    int64_t ceee = poly_h(c_eee, t, m->h), cnnn = poly(c_nnn, t), cccc = poly(c_ccc, t);
    int64_t e = root3(ceee), n = root3(cnnn), c = root3(cccc);
    int64_t g = FIX(0.92) + times(FIX(0.0013), kelvin - (int64_t)270 * ONE);
    int64_t xe = m->xe, xn = m->xn, xc = m->xc;
    int64_t ee = times(xe, xe), nn = times(xn, xn), cc = times(xc, xc);
    int64_t sum = times(times(ee, xe), ceee);
    sum += 3 * times(times(times(ee, xn), g), times(times(e, e), n));
    sum += times(INT64_C(2963527434), times(times(ee, xc), times(times(e, e), c))); /* 2.76 */
    sum += 3 * times(times(times(xe, nn), g), times(times(e, n), n));
    sum += 33 * times(times(times(xe, xn), xc), times(times(e, n), c)) / 5;
    sum += times(INT64_C(2963527434), times(times(xe, cc), times(times(e, c), c)));
    sum += times(times(nn, xn), cnnn);
    sum += 3 * times(times(nn, xc), poly(c_nnc, t));
    sum += 3 * times(times(xn, cc), poly(c_ncc, t));
    sum += times(times(cc, xc), cccc);
    return sum;
}

mw_status mw_gas_compression(const mw_gas_composition *gas, mw_temp t, int32_t pressure_pa,
                             int64_t *out_z) {
    if (gas->density_mg_m3 < 660000 || gas->density_mg_m3 > 1050000 || gas->nitrogen_ppm < 0 ||
        gas->nitrogen_ppm > 200000 || gas->carbon_dioxide_ppm < 0 ||
        gas->carbon_dioxide_ppm > 200000 || t.mdegc < -43150 || t.mdegc > 66850 ||
        pressure_pa < 20000 || pressure_pa > 1200000)
        return MW_RANGE;
    mixture m = mixture_of(gas);
    int64_t mkelvin = (int64_t)t.mdegc + 273150;
    int64_t kelvin = mw_fix_div(mkelvin * ONE, 1000);
    int64_t b = second_virial(&m, kelvin / 256, kelvin);
    int64_t c = third_virial(&m, kelvin / 256, kelvin);
    /* p / (R T) in kmol/m3 with R = 2.7715 * 3 as the standard rounds it; pressure in Pa, T in mK:
     * p / (8314.5 T). */
    int64_t ideal = mw_fix_div((int64_t)pressure_pa * 1000 * ONE, 83145 * mkelvin / 10);
    /* The standard's closed form is the real root of Z^3 = Z^2 + B' Z + C'. Newton from 1 reaches
     * it in a few steps, as B' and C' are small; the derivative is that of the left side. */
    int64_t b1 = times(b, ideal), c1 = times(times(c, ideal), ideal), z = ONE;
    for (unsigned i = 0; i < 5; i++) {
        int64_t miss = times(times(z, z), z - ONE) - times(b1, z) - c1;
        int64_t slope = times(z, 3 * z - 2 * ONE) - b1;
        if (slope < ONE / 8)
            return MW_RANGE;
        z -= mw_fix_div(miss * (ONE >> 1), slope >> 1);
    }
    if (z < ONE / 2 || z > ONE + ONE / 8)
        return MW_RANGE;
    *out_z = z;
    return MW_OK;
}

/* ---- the converter ---- */

static bool within(int64_t x, int64_t low, int64_t high) {
    return x >= low && x <= high;
}

mw_status mw_gas_convert_check(const mw_gas_convert_config *c) {
    int64_t z;
    if (!within(c->base.temperature.mdegc, -10000, 40000) ||
        !within(c->base.pressure_pa, 90000, 110000) || !within(c->substitute_pa, 60000, 600000) ||
        !within(c->substitute.mdegc, -40000, 60000))
        return MW_RANGE;
    return c->compressibility
               ? mw_gas_compression(&c->gas, c->base.temperature, c->base.pressure_pa, &z)
               : MW_OK;
}

mw_status mw_gas_convert_init(mw_gas_convert *v, const mw_gas_convert_config *config) {
    MW_TRY(mw_gas_convert_check(config));
    mw_gas_convert n = {.config = *config, .z_base = ONE};
    if (config->compressibility)
        MW_TRY(mw_gas_compression(&config->gas, config->base.temperature, config->base.pressure_pa,
                                  &n.z_base));
    mw_gas_convert_update(&n, &(mw_gas_conditions){0});
    *v = n;
    return MW_OK;
}

void mw_gas_convert_update(mw_gas_convert *v, const mw_gas_conditions *now) {
    const mw_gas_convert_config *c = &v->config;
    uint8_t flags = 0;
    int64_t pa = now->pressure_pa;
    mw_temp t = now->temperature;
    if (!c->pressure_sensor || !now->have_pressure || !within(pa, 20000, 600000)) {
        flags |= MW_GAS_SUBSTITUTE_P | (c->pressure_sensor ? MW_GAS_CONVERT_FAULT : 0);
        pa = c->substitute_pa;
    }
    if (!now->have_temperature || !within(t.mdegc, -43150, 66850)) {
        flags |= MW_GAS_SUBSTITUTE_T | MW_GAS_CONVERT_FAULT;
        t = c->substitute;
    }
    int64_t z = v->z_base;
    if (!c->compressibility || mw_gas_compression(&c->gas, t, (int32_t)pa, &z) != MW_OK) {
        flags |= MW_GAS_SUBSTITUTE_Z;
        z = v->z_base;
    } else if (t.mdegc < -23150) {
        flags |= MW_GAS_EXTRAPOLATED;
    }
    /* p / p_b < 6.7, T_b / T < 1.4, Z_b / Z < 1.2: the products stay below 2^63. */
    int64_t p = mw_fix_div(pa * ONE, c->base.pressure_pa);
    int64_t temperature =
        mw_fix_div(((int64_t)c->base.temperature.mdegc + 273150) * ONE, (int64_t)t.mdegc + 273150);
    int64_t ratio = mw_fix_div((v->z_base >> 1) * ONE, z >> 1);
    v->factor = mw_fix_div((p >> 2) * times(temperature, ratio), ONE >> 2);
    v->flags = flags;
}

/* rest + ul * factor as whole microlitres and a rest; ul * factor may exceed 64 bits. */
static int64_t scaled(int64_t ul, int64_t factor, int64_t *rest) {
    int64_t whole = 0;
    const int64_t piece = INT64_C(1) << 28; /* times a factor below 2^34: below 2^62 */
    while (ul > 0) {
        int64_t part = ul < piece ? ul : piece;
        int64_t product = part * factor + *rest;
        whole += product / ONE;
        *rest = product % ONE;
        ul -= part;
    }
    return whole;
}

void mw_gas_convert_add(mw_gas_convert *v, int64_t ul) {
    mw_assert(ul >= 0 && ul <= INT64_C(1000000000000));
    v->converted_ul += scaled(ul, v->factor, &v->rest);
    if ((v->flags & MW_GAS_CONVERT_FAULT) != 0)
        v->disturbed_ul += scaled(ul, v->factor, &v->disturbed_rest);
}
