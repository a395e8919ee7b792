/* SPDX-License-Identifier: Apache-2.0
 *
 * Integer mathematics and conversion to base conditions. Expected compression factors: GERG-2008
 * and AGA8-DETAIL, which agree within 2e-5 (computed with the NIST AGA8 programs), and the modified
 * GERG-91 closed form in floating point.
 */
#include <math.h>

#include "base/prng.h"
#include "meters/gas/convert.h"
#include "meters/kit/fixmath.h"
#include "tests/harness/mw_test.h"

MW_TEST(roots_are_exact) {
    mw_prng g = mw_prng_of_seed(1);
    for (int i = 0; i < 20000; i++) {
        uint64_t x = mw_prng_u64(&g) >> mw_prng_below(&g, 64);
        uint64_t s = mw_fix_sqrt(x), c = mw_fix_cbrt(x);
        MW_CHECK(s * s <= x && (s == UINT32_MAX || (s + 1) * (s + 1) > x));
        MW_CHECK(c * c * c <= x);
        MW_CHECK(c >= 2642245 || (c + 1) * (c + 1) * (c + 1) > x);
    }
    MW_CHECK_EQ(mw_fix_sqrt(UINT64_MAX), UINT32_MAX);
    MW_CHECK_EQ(mw_fix_cbrt(UINT64_MAX), 2642245);
}

MW_TEST(angles_and_logarithms) {
    mw_prng g = mw_prng_of_seed(2);
    for (int i = 0; i < 20000; i++) {
        unsigned shift = 3 + (unsigned)mw_prng_below(&g, 40);
        int64_t y = (int64_t)(mw_prng_u64(&g)) >> shift, x = (int64_t)(mw_prng_u64(&g)) >> shift;
        if (x == 0 && y == 0)
            continue;
        double want = atan2((double)y, (double)x) * 536870912.0;
        MW_CHECK(fabs(want - mw_fix_atan2(y, x)) < 32.0);
    }
    for (int i = 0; i < 5000; i++) {
        uint64_t x = (mw_prng_u64(&g) >> mw_prng_below(&g, 64)) | 1;
        MW_CHECK(fabs(log2((double)x) * 65536.0 - mw_fix_log2(x)) < 4.0);
    }
}

static const mw_gas_composition ng98 = {679250, 7000, 500};

static double z_of(const mw_gas_composition *gas, double celsius, int32_t pa) {
    int64_t z;
    MW_CHECK_OK(mw_gas_compression(gas, (mw_temp){(int32_t)lround(celsius * 1000)}, pa, &z));
    return (double)z / 1073741824.0;
}

static void z_is(const mw_gas_composition *gas, double celsius, int32_t pa, double want,
                 double tolerance) {
    double z = z_of(gas, celsius, pa);
    if (fabs(z - want) > tolerance)
        print_error("Z(%.0f C, %d Pa) = %.6f, expected %.6f\n", celsius, pa, z, want);
    MW_CHECK(fabs(z - want) <= tolerance);
}

MW_TEST(compression_of_the_closed_form) {
    const double table[5][2] = {
        {-20, 0.996902}, {0, 0.997577}, {20, 0.998105}, {40, 0.998516}, {55, 0.998759}};
    for (int i = 0; i < 5; i++)
        z_is(&ng98, table[i][0], 101325, table[i][1], 2e-6);
}

MW_TEST(compression_against_gerg_2008) {
    const double t[5] = {0, 15, 20, 40, 55};
    const double at_101[5] = {0.997575, 0.997987, 0.998107, 0.998518, 0.998767};
    const double at_104[5] = {0.997504, 0.997928, 0.998051, 0.998474, 0.998730};
    const double at_151[5] = {0.996379, 0.996994, 0.997174, 0.997788, 0.998159};
    for (int i = 0; i < 5; i++) {
        z_is(&ng98, t[i], 101325, at_101[i], 2e-5);
        z_is(&ng98, t[i], 104325, at_104[i], 2e-5);
        z_is(&ng98, t[i], 151325, at_151[i], 2e-5);
    }
    /* At the cold end the equation parts from the reference slowly: 0.01 % of volume at most. */
    z_is(&ng98, -10, 101325, 0.997250, 6e-5);
    z_is(&ng98, -25, 101325, 0.996665, 1e-4);
}

/* The formula of the standard, in floating point and with its cubic solved by its closed form. */
static double z_double(double rho, double xa, double xy, double p, double t) {
    double xe = 1 - xa - xy, zc = 1 - pow(0.0741 * rho - 0.006 - 0.063 * xa - 0.0575 * xy, 2);
    double h = 128.64 + 47.479 * (24.05525 * zc * rho - 28.0135 * xa - 44.01 * xy) / xe, t2 = t * t;
    double b1 = -.425468 + 2.865e-3 * t - 4.62073e-6 * t2 +
                (8.77118e-4 - 5.56281e-6 * t + 8.81514e-9 * t2) * h +
                (-8.24747e-7 + 4.31436e-9 * t - 6.08319e-12 * t2) * h * h;
    double b2 = -.1446 + 7.4091e-4 * t - 9.1195e-7 * t2,
           b23 = -.339693 + 1.61176e-3 * t - 2.04429e-6 * t2;
    double b3 = -.86834 + 4.0376e-3 * t - 5.1657e-6 * t2;
    double c1 = -.302488 + 1.95861e-3 * t - 3.16302e-6 * t2 +
                (6.46422e-4 - 4.22876e-6 * t + 6.88157e-9 * t2) * h +
                (-3.32805e-7 + 2.2316e-9 * t - 3.67713e-12 * t2) * h * h;
    double c2 = 7.8498e-3 - 3.9895e-5 * t + 6.1187e-8 * t2,
           c3 = 2.0513e-3 + 3.4888e-5 * t - 8.3703e-8 * t2;
    double c223 = 5.52066e-3 - 1.68609e-5 * t + 1.57169e-8 * t2;
    double c233 = 3.58783e-3 + 8.06674e-6 * t - 3.25798e-8 * t2;
    double bx = .72 + 1.875e-5 * (320 - t) * (320 - t), cx = .92 + .0013 * (t - 270);
    double b = xe * xe * b1 + xe * xa * bx * (b1 + b2) - 1.73 * xe * xy * sqrt(b1 * b3) +
               xa * xa * b2 + 2 * xa * xy * b23 + xy * xy * b3;
    double c =
        xe * xe * xe * c1 + 3 * xe * xe * xa * cx * cbrt(c1 * c1 * c2) +
        2.76 * xe * xe * xy * cbrt(c1 * c1 * c3) + 3 * xe * xa * xa * cx * cbrt(c1 * c2 * c2) +
        6.6 * xe * xa * xy * cbrt(c1 * c2 * c3) + 2.76 * xe * xy * xy * cbrt(c1 * c3 * c3) +
        xa * xa * xa * c2 + 3 * xa * xa * xy * c223 + 3 * xa * xy * xy * c233 + xy * xy * xy * c3;
    double f = 1000 * p / (2.7715 * t), a1 = 1 + f * b, a0 = 1 + 1.5 * (f * b + f * f * c);
    double a2 = cbrt(a0 - sqrt(a0 * a0 - a1 * a1 * a1));
    return (1 + a2 + a1 / a2) / 3;
}

MW_TEST(integers_follow_the_closed_form) {
    mw_prng g = mw_prng_of_seed(3);
    double worst = 0;
    for (int i = 0; i < 5000; i++) {
        mw_gas_composition gas = {670000 + (int32_t)mw_prng_below(&g, 100000),
                                  (int32_t)mw_prng_below(&g, 60000),
                                  (int32_t)mw_prng_below(&g, 20000)};
        double t = -23.0 + (double)mw_prng_below(&g, 88000) / 1000;
        int32_t pa = 80000 + (int32_t)mw_prng_below(&g, 1100000);
        double want = z_double(gas.density_mg_m3 / 1e6, gas.nitrogen_ppm / 1e6,
                               gas.carbon_dioxide_ppm / 1e6, pa / 1e6, t + 273.15);
        double off = fabs(z_of(&gas, t, pa) - want);
        worst = off > worst ? off : worst;
    }
    print_message("Z: integers differ from floating point by at most %.1e\n", worst);
    MW_CHECK(worst < 2e-6);
}

MW_TEST(gas_outside_the_equation_is_refused) {
    int64_t z = 7;
    mw_gas_composition heavy = {1200000, 0, 0}, much = {700000, 300000, 0};
    MW_CHECK_STATUS(mw_gas_compression(&heavy, (mw_temp){20000}, 101325, &z), MW_RANGE);
    MW_CHECK_STATUS(mw_gas_compression(&much, (mw_temp){20000}, 101325, &z), MW_RANGE);
    MW_CHECK_STATUS(mw_gas_compression(&ng98, (mw_temp){-60000}, 101325, &z), MW_RANGE);
    MW_CHECK_STATUS(mw_gas_compression(&ng98, (mw_temp){20000}, 2000000, &z), MW_RANGE);
    MW_CHECK_EQ(z, 7);
}

static mw_gas_convert_config config_of(mw_gas_base base) {
    return (mw_gas_convert_config){.base = base,
                                   .gas = ng98,
                                   .compressibility = true,
                                   .pressure_sensor = true,
                                   .substitute_pa = 103325,
                                   .substitute = {15000}};
}

MW_TEST(factor_is_one_at_base_and_right_elsewhere) {
    const mw_gas_base bases[3] = {mw_gas_base_15c, mw_gas_base_20c, mw_gas_base_0c};
    const double zb[3] = {0.997987, 0.998107, 0.997575};
    for (int i = 0; i < 3; i++) {
        mw_gas_convert_config c = config_of(bases[i]);
        mw_gas_convert v;
        MW_CHECK_OK(mw_gas_convert_init(&v, &c));
        mw_gas_conditions at = {true, true, bases[i].temperature, bases[i].pressure_pa};
        mw_gas_convert_update(&v, &at);
        MW_CHECK_EQ(v.factor, MW_GAS_FACTOR_ONE);
        MW_CHECK_EQ(v.flags, 0);
        at = (mw_gas_conditions){true, true, {40000}, 151325};
        mw_gas_convert_update(&v, &at);
        double want = 151325.0 / 101325.0 * (273.15 + bases[i].temperature.mdegc / 1000.0) /
                      313.15 * zb[i] / 0.997788;
        MW_CHECK(fabs((double)v.factor / 1073741824.0 / want - 1) < 3e-5);
    }
}

MW_TEST(substitutes_are_flagged_and_counted_apart) {
    mw_gas_convert_config c = config_of(mw_gas_base_15c);
    mw_gas_convert v;
    MW_CHECK_OK(mw_gas_convert_init(&v, &c));
    mw_gas_convert_update(&v, &(mw_gas_conditions){true, true, {15000}, 101325});
    mw_gas_convert_add(&v, 5000000);
    MW_CHECK_EQ(v.converted_ul, 5000000);
    MW_CHECK_EQ(v.disturbed_ul, 0);
    /* The pressure sensor fails: substitute, fault, counted in both registers. */
    mw_gas_convert_update(&v, &(mw_gas_conditions){true, false, {15000}, 0});
    MW_CHECK_EQ(v.flags, MW_GAS_SUBSTITUTE_P | MW_GAS_CONVERT_FAULT);
    mw_gas_convert_add(&v, 1000000);
    MW_CHECK(v.disturbed_ul > 1019000 && v.disturbed_ul < 1020500);
    MW_CHECK_EQ(v.converted_ul, 5000000 + v.disturbed_ul);
    /* A meter without that sensor: substitute by rule, no fault. */
    c.pressure_sensor = false;
    MW_CHECK_OK(mw_gas_convert_init(&v, &c));
    mw_gas_convert_update(&v, &(mw_gas_conditions){true, false, {15000}, 0});
    MW_CHECK_EQ(v.flags, MW_GAS_SUBSTITUTE_P);
    mw_gas_convert_update(&v, &(mw_gas_conditions){true, false, {-35000}, 0});
    MW_CHECK_EQ(v.flags, MW_GAS_SUBSTITUTE_P | MW_GAS_EXTRAPOLATED);
    mw_gas_convert_update(&v, &(mw_gas_conditions){false, false, {0}, 0});
    MW_CHECK_EQ(v.flags, MW_GAS_SUBSTITUTE_P | MW_GAS_SUBSTITUTE_T | MW_GAS_CONVERT_FAULT);
    c.substitute_pa = 0;
    MW_CHECK_STATUS(mw_gas_convert_init(&v, &c), MW_RANGE);
}

/* However the volume is divided into steps: the register is floor(factor * sum), to the last uL. */
MW_TEST(no_volume_is_lost_in_steps) {
    mw_gas_convert_config c = config_of(mw_gas_base_20c);
    for (uint64_t seed = 0; seed < 20; seed++) {
        mw_prng g = mw_prng_of_seed(seed);
        mw_gas_convert steps, whole;
        MW_CHECK_OK(mw_gas_convert_init(&steps, &c));
        mw_gas_conditions at = {true,
                                true,
                                {(int32_t)mw_prng_below(&g, 60000) - 20000},
                                90000 + (int32_t)mw_prng_below(&g, 60000)};
        mw_gas_convert_update(&steps, &at);
        whole = steps;
        int64_t sum = 0;
        for (int i = 0; i < 20000; i++) {
            int64_t ul = (int64_t)mw_prng_below(&g, 6000000);
            mw_gas_convert_add(&steps, ul);
            sum += ul;
        }
        mw_gas_convert_add(&whole, sum);
        MW_CHECK_EQ(steps.converted_ul, whole.converted_ul);
        MW_CHECK_EQ(steps.rest, whole.rest);
    }
}

MW_TEST_MAIN(MW_CASE(roots_are_exact), MW_CASE(angles_and_logarithms),
             MW_CASE(compression_of_the_closed_form), MW_CASE(compression_against_gerg_2008),
             MW_CASE(integers_follow_the_closed_form), MW_CASE(gas_outside_the_equation_is_refused),
             MW_CASE(factor_is_one_at_base_and_right_elsewhere),
             MW_CASE(substitutes_are_flagged_and_counted_apart),
             MW_CASE(no_volume_is_lost_in_steps))
