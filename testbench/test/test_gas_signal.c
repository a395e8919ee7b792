/* SPDX-License-Identifier: Apache-2.0
 *
 * Transit times from synthetic echoes whose true times are known.
 */
#include <math.h>

#include "testbench/gas_wave.h"
#include "tests/harness/mw_test.h"

static mw_gas_wave wave;

static double noise_of(double amplitude, double snr_db) {
    return amplitude / sqrt(2) * pow(10, -snr_db / 20);
}

typedef struct shot {
    double up_us, dn_us; /* arrivals */
    double snr_db;       /* above 200: no noise */
    double dip_up, dip_dn;
} shot;

static mw_gas_transit fire(const shot *s, const mw_gas_track *track, mw_prng *g) {
    static const mw_gas_track none = {0};
    int16_t up[MW_GAS_SAMPLES], dn[MW_GAS_SAMPLES];
    double noise = s->snr_db > 200 ? 0 : noise_of(1430, s->snr_db);
    mw_gas_echo_made e = {s->up_us, 1430, noise, 5, s->dip_up};
    mw_gas_transit t;
    mw_gas_wave_sample(&wave, &e, g, up);
    e.arrival_us = s->dn_us;
    e.dip = s->dip_dn;
    mw_gas_wave_sample(&wave, &e, g, dn);
    mw_gas_transit_measure(up, dn, track == NULL ? &none : track, &t);
    return t;
}

typedef struct outcome {
    double bias_ns, sigma_ns;
} outcome;

static outcome many(double dt_ns, double snr_db, int n, uint64_t seed) {
    mw_prng g = mw_prng_of_seed(seed);
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++) {
        /* The place between the samples is random, as in a real meter. */
        double at = 40 + mw_gas_wave_uniform(&g);
        shot s = {at + dt_ns / 1000, at, snr_db, 0, 0};
        mw_gas_transit t = fire(&s, NULL, &g);
        MW_CHECK_EQ(t.bad, 0);
        double e = t.dt_ps / 1000.0 - dt_ns;
        sum += e;
        squares += e * e;
    }
    double mean = sum / n;
    return (outcome){mean, sqrt(squares / n - mean * mean)};
}

MW_TEST(estimator_has_no_bias) {
    static const double dt[] = {0,    1,    17.5, 40,   330,   717, -330,
                                1250, 2400, 2600, 7175, -7175, 9100};
    for (unsigned i = 0; i < sizeof dt / sizeof dt[0]; i++) {
        outcome o = many(dt[i], 40, 1500, 10 + i);
        print_message("dt %7.1f ns at 40 dB: bias %+.3f ns, sigma %.2f ns\n", dt[i], o.bias_ns,
                      o.sigma_ns);
        MW_CHECK(fabs(o.bias_ns) <= 0.15);
        MW_CHECK(o.sigma_ns < 1.5);
    }
}

/* Without noise what remains is quantisation and the cosine itself. */
MW_TEST(estimator_is_exact_without_noise) {
    double worst = 0;
    mw_prng g = mw_prng_of_seed(1);
    for (int i = -100; i <= 100; i++) {
        double dt_ns = i * 91.3;
        shot s = {60 + dt_ns / 1000, 60, 999, 0, 0};
        mw_gas_transit t = fire(&s, NULL, &g);
        MW_CHECK_EQ(t.bad, 0);
        worst = fmax(worst, fabs(t.dt_ps / 1000.0 - dt_ns));
    }
    print_message("worst error without noise %.3f ns\n", worst);
    MW_CHECK(worst < 0.25);
}

MW_TEST(noise_falls_with_snr_as_it_should) {
    outcome at50 = many(330, 50, 800, 2), at40 = many(330, 40, 800, 3),
            at30 = many(330, 30, 800, 4);
    print_message("sigma at 50, 40, 30 dB: %.2f %.2f %.2f ns\n", at50.sigma_ns, at40.sigma_ns,
                  at30.sigma_ns);
    MW_CHECK(at50.sigma_ns < 0.5);
    MW_CHECK(at30.sigma_ns < 4.6 && at30.sigma_ns > 3);
    MW_CHECK(fabs(at30.bias_ns) < 0.6);
}

MW_TEST(absolute_times_and_snr) {
    mw_prng g = mw_prng_of_seed(5);
    double sum = 0, squares = 0, snr = 0, low = 0;
    const int n = 1000;
    for (int i = 0; i < n; i++) {
        double at = 40 + mw_gas_wave_uniform(&g) * 5;
        shot s = {at, at, 40, 0, 0}, weak = {at, at, 28, 0, 0};
        mw_gas_transit t = fire(&s, NULL, &g);
        double e = t.up_ps / 1e6 - at;
        sum += e;
        squares += e * e;
        snr += t.snr_cdb / 100.0;
        t = fire(&weak, NULL, &g);
        low += t.up_ps / 1e6 - at;
    }
    double mean = sum / n, sigma = sqrt(squares / n - mean * mean);
    print_message(
        "50 %% of the envelope %.3f us after arrival, jitter %.3f us, SNR %.1f dB; at 28 dB "
        "%+.3f us\n",
        mean, sigma, snr / n, low / n - mean);
    MW_CHECK(sigma < 0.25);
    MW_CHECK(fabs(snr / n - 40) < 1.5);
    /* 0.15 us of 176 us is 0.09 % of a transit time, and below 30 dB the meter warns. */
    MW_CHECK(fabs(low / n - mean) < 0.15);
}

MW_TEST(gates) {
    mw_prng g = mw_prng_of_seed(6);
    int16_t up[MW_GAS_SAMPLES], dn[MW_GAS_SAMPLES];
    mw_gas_track none = {0};
    mw_gas_transit t;
    mw_gas_echo_made good = {40, 1430, 10, 0, 0}, weak = {40, 700, 10, 0, 0},
                     early = {2, 1430, 10, 0, 0}, loud = {40, 4000, 10, 0, 0},
                     faint = {40, 100, 20, 0, 0}, silent = {40, 0, 10, 0, 0};
    const struct {
        mw_gas_echo_made up, dn;
        uint8_t bad;
    } rows[] = {
        {good, good, 0},
        {good, weak, MW_GAS_BAD_RATIO},
        {early, good, MW_GAS_BAD_EDGE},
        {good, loud, MW_GAS_BAD_CLIP},
        {faint, faint, MW_GAS_BAD_SNR},
        {silent, good, MW_GAS_BAD_SNR},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mw_gas_wave_sample(&wave, &rows[i].up, &g, up);
        mw_gas_wave_sample(&wave, &rows[i].dn, &g, dn);
        mw_gas_transit_measure(up, dn, &none, &t);
        if (rows[i].bad == 0)
            MW_CHECK_EQ(t.bad, 0);
        else
            MW_CHECK((t.bad & rows[i].bad) != 0);
    }
    memset(up, 0, sizeof up);
    memset(dn, 0, sizeof dn);
    mw_gas_transit_measure(up, dn, &none, &t);
    MW_CHECK(t.bad != 0);
}

/* Any samples whatever: no overflow (the sanitizers watch), and a result within its limits. */
MW_TEST(arbitrary_samples_are_survived) {
    mw_prng g = mw_prng_of_seed(7);
    for (int i = 0; i < 3000; i++) {
        int16_t up[MW_GAS_SAMPLES], dn[MW_GAS_SAMPLES];
        unsigned shift = (unsigned)mw_prng_below(&g, 12), kind = (unsigned)mw_prng_below(&g, 4);
        for (int n = 0; n < MW_GAS_SAMPLES; n++) {
            int r = (int)(mw_prng_u64(&g) & 0xffff) - 32768, sign = n % 5 < 2 ? 1 : -1;
            int edge = sign * (kind == 1 ? INT16_MAX : 2046);
            up[n] = (int16_t)(kind == 0 ? r / (1 << shift) : kind == 3 && n < 128 ? r : edge);
            dn[n] = (int16_t)(kind == 0 ? r / (1 << shift / 2) : kind == 2 ? -edge : edge);
        }
        mw_gas_track track = {(i & 1) != 0, (int32_t)mw_prng_below(&g, 20000000) - 10000000,
                              (int32_t)mw_prng_below(&g, 400000000)};
        mw_gas_transit t;
        mw_gas_transit_measure(up, dn, &track, &t);
        if (t.bad == 0)
            MW_CHECK(abs(t.dt_ps) < 30000000);
    }
}

/* One echo rises late, so the envelope names a wrong period: with a track the measurement is
 * saved, without one it is either right or refused, never wrong. */
MW_TEST(cycle_slips_are_recovered) {
    mw_prng g = mw_prng_of_seed(8);
    int saved = 0, refused = 0;
    for (int i = 0; i < 600; i++) {
        double dt_us = 9 * mw_gas_wave_uniform(&g), at = 45;
        shot clean = {at + dt_us / 2, at - dt_us / 2, 40, 0, 0}, bad = clean;
        double dip = 0.45 + 0.4 * (mw_gas_wave_uniform(&g) + 1) / 2;
        bad.dip_up = i % 2 == 0 ? dip : 0;
        bad.dip_dn = i % 2 == 0 ? 0 : dip;
        mw_gas_transit t = fire(&clean, NULL, &g);
        MW_CHECK_EQ(t.bad, 0);
        MW_CHECK(fabs(t.dt_ps / 1e6 - dt_us) < 0.02);
        mw_gas_track track = {true, t.dt_ps, t.up_ps + t.dn_ps};
        double up_ps = t.up_ps;
        t = fire(&bad, &track, &g);
        if (t.bad == 0) {
            saved++;
            MW_CHECK(fabs(t.dt_ps / 1e6 - dt_us) < 0.02);
            MW_CHECK(fabs(t.up_ps - up_ps) < 1e6);
        }
        t = fire(&bad, NULL, &g);
        if (t.bad == 0)
            MW_CHECK(fabs(t.dt_ps / 1e6 - dt_us) < 0.02);
        else
            refused++;
    }
    print_message("of 600 slips %d saved; without a track %d refused\n", saved, refused);
    MW_CHECK(saved >= 570);
}

/* Both echoes moved alike, as after a change of gas: the old sum of times says nothing about the
 * new gas, so nothing may be computed from it. */
MW_TEST(another_gas_is_refused_until_the_track_is_dropped) {
    mw_prng g = mw_prng_of_seed(11);
    for (int i = 0; i < 200; i++) {
        double dt_us = 0.04 * mw_gas_wave_uniform(&g), away = i % 2 == 0 ? 40 : -12;
        shot old = {60 + dt_us / 2, 60 - dt_us / 2, 40, 0, 0}, new = old;
        new.up_us += away;
        new.dn_us += away;
        mw_gas_transit t = fire(&old, NULL, &g);
        mw_gas_track track = {true, t.dt_ps, t.up_ps + t.dn_ps};
        t = fire(&new, &track, &g);
        MW_CHECK_EQ(t.bad, MW_GAS_BAD_CYCLE);
        t = fire(&new, NULL, &g);
        MW_CHECK_EQ(t.bad, 0);
    }
}

/* The flow jumps by more than a period between two measurements: that is no slip. */
MW_TEST(fast_changes_of_flow_are_believed) {
    mw_prng g = mw_prng_of_seed(9);
    for (int i = 0; i < 300; i++) {
        double dt_us = 9 * mw_gas_wave_uniform(&g);
        shot zero = {45, 45, 40, 0, 0}, flow = {45 + dt_us / 2, 45 - dt_us / 2, 40, 0, 0};
        mw_gas_transit t = fire(&zero, NULL, &g);
        mw_gas_track track = {true, t.dt_ps, t.up_ps + t.dn_ps};
        t = fire(&flow, &track, &g);
        MW_CHECK_EQ(t.bad, 0);
        MW_CHECK(fabs(t.dt_ps / 1e6 - dt_us) < 0.02);
    }
}

static int prepare(void **state) {
    (void)state;
    mw_gas_wave_init(&wave);
    return 0;
}

int main(void) {
    const struct CMUnitTest cases[] = {
        MW_CASE(estimator_has_no_bias),
        MW_CASE(estimator_is_exact_without_noise),
        MW_CASE(noise_falls_with_snr_as_it_should),
        MW_CASE(absolute_times_and_snr),
        MW_CASE(gates),
        MW_CASE(arbitrary_samples_are_survived),
        MW_CASE(cycle_slips_are_recovered),
        MW_CASE(another_gas_is_refused_until_the_track_is_dropped),
        MW_CASE(fast_changes_of_flow_are_believed),
    };
    return cmocka_run_group_tests(cases, prepare, NULL);
}
