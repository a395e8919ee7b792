/* SPDX-License-Identifier: Apache-2.0
 *
 * The measuring part of the gas meters as a whole, on the simulated rig.
 */
#include <math.h>

#include "meters/kit/fixmath.h"
#include "testbench/gas_sim.h"
#include "tests/harness/mw_test.h"

__extension__ typedef __int128 exact_t;

static mw_gas_wave wave;
static mw_gas_sim sim;

static void device(unsigned size, uint64_t seed) {
    mw_gas_sim_init(&sim, &wave, &mw_gas_size_of[size], seed);
    mw_gas_sim_calibrate(&sim);
    sim.gas = MW_GAS_SIM_NATURAL;
    sim.slip = 0;
}

MW_TEST(velocity_follows_the_physics) {
    mw_prng g = mw_prng_of_seed(1);
    const mw_gas_size *s = &mw_gas_size_of[2];
    for (int i = 0; i < 20000; i++) {
        double c = 250 + 230 * (mw_gas_wave_uniform(&g) + 1), v = 14 * mw_gas_wave_uniform(&g);
        double a = sqrt(0.5), up = 0.06 / (c - v * a), dn = 0.06 / (c + v * a);
        int64_t um_s;
        int32_t sound;
        MW_CHECK_OK(mw_gas_velocity(s, (int32_t)lround(up * 1e12), (int32_t)lround(dn * 1e12),
                                    (int32_t)lround((up - dn) * 1e12), &um_s, &sound));
        /* 1 ps of dt is up to 3 um/s, and the product is exact to 1e-8. */
        MW_CHECK(fabs((double)um_s - v * 1e6) < 6 + fabs(v));
        MW_CHECK(fabs(sound - c * 1e3) < 0.02 * c);
    }
    int64_t um_s = 5;
    int32_t sound;
    MW_CHECK_STATUS(mw_gas_velocity(s, 0, 0, 0, &um_s, &sound), MW_RANGE);
    MW_CHECK_STATUS(mw_gas_velocity(s, 176000000, 176000000, 30000000, &um_s, &sound), MW_RANGE);
    MW_CHECK_EQ(um_s, 5);
}

MW_TEST(gas_is_told_by_the_speed_of_sound) {
    for (double t = -40; t <= 55; t += 5)
        for (unsigned gas = 0; gas < MW_GAS_SIM_GASES; gas++) {
            int32_t sound = (int32_t)(mw_gas_sim_sound((mw_gas_sim_gas)gas, t) * 1000);
            mw_gas_kind want = gas == MW_GAS_SIM_AIR ? MW_GAS_AIR : MW_GAS_NATURAL;
            MW_CHECK_EQ(mw_gas_kind_of(sound, (mw_temp){(int32_t)(t * 1000)}), want);
            /* 1 % of speed and 2 K of temperature do not confuse it. */
            MW_CHECK_EQ(mw_gas_kind_of(sound * 101 / 100, (mw_temp){(int32_t)(t * 1000)}), want);
            MW_CHECK_EQ(mw_gas_kind_of(sound, (mw_temp){(int32_t)(t * 1000) + 2000}), want);
        }
    MW_CHECK_EQ(mw_gas_kind_of(268000, (mw_temp){20000}), MW_GAS_UNKNOWN);  /* carbon dioxide */
    MW_CHECK_EQ(mw_gas_kind_of(1300000, (mw_temp){20000}), MW_GAS_UNKNOWN); /* hydrogen */
}

MW_TEST(profile_goes_through_its_points_and_between) {
    for (unsigned i = 0; i + 1 < MW_GAS_PROFILE_POINTS; i++) {
        int32_t at = mw_gas_profile_at(mw_gas_profile_smooth, mw_gas_profile_re[i]);
        MW_CHECK_EQ(at, mw_gas_profile_smooth[i]);
        int32_t mid = (int32_t)sqrt((double)mw_gas_profile_re[i] * mw_gas_profile_re[i + 1]);
        int32_t k = mw_gas_profile_at(mw_gas_profile_smooth, mid);
        double want = (mw_gas_profile_smooth[i] + mw_gas_profile_smooth[i + 1]) / 2.0;
        MW_CHECK(fabs(k - want) < 8);
    }
    MW_CHECK_EQ(mw_gas_profile_at(mw_gas_profile_smooth, 0), mw_gas_profile_smooth[0]);
    MW_CHECK_EQ(mw_gas_profile_at(mw_gas_profile_smooth, 1000000), mw_gas_profile_smooth[15]);
}

/* A week of a night's leak at the start flow, with nothing else: the zero table does not move and
 * the leak is counted to the end. */
MW_TEST(a_leak_at_the_start_flow_is_never_learned_away) {
    for (unsigned size = 0; size < MW_GAS_SIZES; size++) {
        device(size, 20 + size);
        mw_gas_zero before = sim.meter.zero;
        double start = (double)sim.size->start_l_h / 1000;
        mw_gas_sim_error(&sim, start, 8000);
        for (unsigned i = 0; i < MW_GAS_ZERO_POINTS; i++)
            MW_CHECK_EQ(sim.meter.zero.learned_ps[i], before.learned_ps[i]);
        double error = mw_gas_sim_error(&sim, start, 1500);
        print_message("%s after 8000 measurements of a leak at start flow: error %+.2f %%\n",
                      sim.size->name, error);
        MW_CHECK(fabs(error) < 10);
    }
}

/* A leak that grows from nothing so slowly that every single observation lies within the guard:
 * all the table can take is the guard, and the start flow is still counted. */
MW_TEST(a_creeping_leak_stops_at_the_guard) {
    device(2, 30);
    double start = (double)sim.size->start_l_h / 1000;
    for (int step = 0; step <= 60; step++) {
        sim.flow_m3_h = start * step / 60;
        mw_gas_sim_run(&sim, 600);
        for (unsigned i = 0; i < MW_GAS_ZERO_POINTS; i++)
            MW_CHECK(abs(sim.meter.zero.learned_ps[i]) <= MW_GAS_ZERO_GUARD_PS);
    }
    double error = mw_gas_sim_error(&sim, start, 1500);
    print_message("start flow after a creeping leak: error %+.2f %%\n", error);
    MW_CHECK(fabs(error) < 10);
}

/* The table alone: an offset that always looks like drift pulls it to the guard and no further,
 * and one beyond the guard teaches nothing. */
MW_TEST(the_guard_holds_whatever_is_seen) {
    for (int32_t t = -45000; t <= 60000; t += 5000)
        for (int32_t way = -1; way <= 1; way += 2) {
            mw_gas_zero z = {.factory_ps = {100, -900, 300, 1500}};
            for (int i = 0; i < 60 * MW_GAS_ZERO_PERIOD; i++) {
                int32_t seen = mw_gas_zero_at(&z, (mw_temp){t}) + way * 490;
                mw_gas_zero_learn(&z, (mw_temp){t}, seen);
            }
            int32_t most = 0;
            for (unsigned i = 0; i < MW_GAS_ZERO_POINTS; i++) {
                MW_CHECK(abs(z.learned_ps[i]) <= MW_GAS_ZERO_GUARD_PS);
                most = way * z.learned_ps[i] > most ? way * z.learned_ps[i] : most;
            }
            MW_CHECK_EQ(most, MW_GAS_ZERO_GUARD_PS);
            mw_gas_zero before = z;
            for (int i = 0; i < 4 * MW_GAS_ZERO_PERIOD; i++)
                mw_gas_zero_learn(&z, (mw_temp){t}, mw_gas_zero_at(&z, (mw_temp){t}) - way * 510);
            MW_CHECK_EQ(memcmp(z.learned_ps, before.learned_ps, sizeof z.learned_ps), 0);
        }
}

/* A battery meter rests: steady flow is measured every 2 s, turbulent or not; a step at once. */
MW_TEST(steady_flow_is_measured_slowly) {
    device(1, 35);
    static const double flows[] = {0, 0.05, 1, 3.5};
    for (unsigned i = 0; i < 4; i++) {
        mw_gas_result r;
        unsigned fast = 0;
        sim.flow_m3_h = flows[i];
        mw_gas_sim_run(&sim, 3);
        mw_gas_sim_measure(&sim, 500, &r);
        mw_gas_sim_run(&sim, 60);
        for (int k = 0; k < 200; k++) {
            mw_gas_sim_measure(&sim, 2000, &r);
            fast += r.next_ms == MW_GAS_ACTIVE_MS;
        }
        MW_CHECK(fast < 10);
        sim.flow_m3_h = flows[i] + 0.6;
        mw_gas_sim_measure(&sim, 2000, &r);
        unsigned first = r.next_ms;
        mw_gas_sim_measure(&sim, 2000, &r);
        MW_CHECK(first == MW_GAS_ACTIVE_MS || r.next_ms == MW_GAS_ACTIVE_MS);
    }
}

MW_TEST(drift_of_the_zero_is_learned_without_flow) {
    double worst = 0;
    for (uint64_t seed = 40; seed < 46; seed++) {
        device(1, seed);
        mw_gas_sim_age(&sim);
        for (double t = -40; t <= 55; t += 19) {
            sim.celsius = t;
            mw_gas_sim_run(&sim, 14 * MW_GAS_ZERO_PERIOD);
            worst = fmax(worst, fabs(mw_gas_sim_zero_left(&sim)));
        }
        MW_CHECK_EQ(sim.meter.forward_ul + sim.meter.reverse_ul, 0);
    }
    print_message("zero table leaves at most %.3f ns\n", worst);
    MW_CHECK(worst < 0.35);
}

MW_TEST(nothing_is_counted_without_flow_and_start_flow_counts) {
    for (unsigned size = 0; size < MW_GAS_SIZES; size++) {
        device(size, 50 + size);
        mw_gas_sim_run(&sim, 4000);
        MW_CHECK_EQ(sim.meter.forward_ul, 0);
        MW_CHECK_EQ(sim.meter.reverse_ul, 0);
        MW_CHECK_EQ(mw_gas_flow_ml_h(&sim.meter), 0);
        sim.flow_m3_h = (double)sim.size->start_l_h / 1000;
        mw_gas_sim_run(&sim, 40);
        MW_CHECK(sim.meter.flowing);
        MW_CHECK(mw_gas_flow_ml_h(&sim.meter) > sim.size->start_l_h * 800);
    }
}

MW_TEST(reverse_flow_has_its_own_register) {
    device(0, 60);
    double error = mw_gas_sim_error(&sim, -1.0, 400);
    MW_CHECK(fabs(error) < 1.5);
    MW_CHECK_EQ(sim.meter.forward_ul, 0);
    MW_CHECK((sim.meter.flags & MW_GAS_FLAG_REVERSE) != 0);
    int64_t reverse = sim.meter.reverse_ul;
    sim.flow_m3_h = 1.0;
    mw_gas_sim_run(&sim, 400);
    MW_CHECK(sim.meter.reverse_ul - reverse < 1000000);
    MW_CHECK(sim.meter.forward_ul > 50000000);
}

/* Registers hold exactly what the flow rates integrate to: nothing is lost in the steps. */
MW_TEST(registers_lose_nothing) {
    device(3, 70);
    int64_t sum = 0; /* of microlitres, and what the steps reported */
    sim.flow_m3_h = 3;
    /* The first measurement opens the interval. */
    mw_gas_result r;
    mw_gas_sim_measure(&sim, 500, &r);
    exact_t exact = (exact_t)r.forward_ul * MW_GAS_REST;
    for (int i = 0; i < 3000; i++) {
        int64_t before = sim.meter.last_rate;
        uint32_t ms = 100 + (uint32_t)mw_prng_below(&sim.random, 3000);
        mw_gas_sim_measure(&sim, ms, &r);
        MW_CHECK_EQ(r.bad, 0);
        sum += r.forward_ul;
        exact += (exact_t)(before + sim.meter.last_rate) * ms * 1000;
    }
    MW_CHECK_EQ(sum, sim.meter.forward_ul);
    MW_CHECK_EQ(sim.meter.forward_ul, (int64_t)(exact / MW_GAS_REST));
    MW_CHECK_EQ(sim.meter.rest[0], (int64_t)(exact % MW_GAS_REST));
}

MW_TEST(cycle_slips_do_not_move_the_registers) {
    device(2, 80);
    double clean = mw_gas_sim_error(&sim, 0.6, 2000);
    sim.slip = 0.05; /* 100 in this run */
    double slipping = mw_gas_sim_error(&sim, 0.6, 2000);
    print_message("error without slips %+.3f %%, with 5 %% of slips %+.3f %%, %u recovered\n",
                  clean, slipping, sim.meter.recovered);
    MW_CHECK(sim.meter.recovered > 50);
    MW_CHECK(fabs(slipping - clean) < 0.5);
}

MW_TEST(gas_swap_is_followed) {
    device(2, 90);
    mw_gas_sim_run(&sim, 20);
    MW_CHECK_EQ(sim.meter.kind, MW_GAS_NATURAL);
    static const mw_gas_sim_gas turns[] = {MW_GAS_SIM_AIR, MW_GAS_SIM_METHANE, MW_GAS_SIM_G25,
                                           MW_GAS_SIM_AIR, MW_GAS_SIM_NATURAL};
    for (unsigned i = 0; i < sizeof turns / sizeof turns[0]; i++) {
        sim.gas = turns[i];
        sim.flow_m3_h = 3;
        mw_gas_sim_run(&sim, 15);
        bool air = turns[i] == MW_GAS_SIM_AIR;
        MW_CHECK_EQ(sim.meter.kind, air ? MW_GAS_AIR : MW_GAS_NATURAL);
        MW_CHECK_EQ((sim.meter.flags & MW_GAS_FLAG_AIR) != 0, air);
        double error = mw_gas_sim_error(&sim, 3, 600);
        MW_CHECK(fabs(error) < 1.5);
    }
}

MW_TEST(vacuum_noise_and_silence_are_told_apart) {
    device(1, 100);
    mw_gas_sim_run(&sim, 40);
    MW_CHECK_EQ(sim.meter.flags, 0);
    sim.pressure_pa = 60000; /* -8 dB */
    mw_gas_sim_run(&sim, 60);
    MW_CHECK_EQ(sim.meter.flags, MW_GAS_FLAG_VACUUM);
    sim.pressure_pa = 101325;
    sim.snr_db = 28;
    mw_gas_sim_run(&sim, 60);
    MW_CHECK_EQ(sim.meter.flags, MW_GAS_FLAG_LOW_SNR);
    sim.snr_db = 5;
    mw_gas_sim_run(&sim, 60);
    MW_CHECK((sim.meter.flags & MW_GAS_FLAG_NO_ECHO) != 0);
    int64_t before = sim.meter.forward_ul;
    sim.flow_m3_h = 2;
    mw_gas_sim_run(&sim, 200);
    MW_CHECK_EQ(sim.meter.forward_ul, before); /* not made up */
    sim.snr_db = 40;
    mw_gas_sim_run(&sim, 60);
    MW_CHECK_EQ(sim.meter.flags, 0);
    MW_CHECK(sim.meter.forward_ul > before);
}

MW_TEST(overload_is_flagged) {
    device(0, 110);
    sim.flow_m3_h = 3.2;
    mw_gas_sim_run(&sim, 120);
    MW_CHECK_EQ(sim.meter.flags, MW_GAS_FLAG_OVERLOAD);
}

/* Same seed, same bits. */
MW_TEST(a_run_repeats) {
    int64_t first = 0;
    for (int i = 0; i < 2; i++) {
        device(0, 120);
        sim.flow_m3_h = 1.3;
        mw_gas_sim_run(&sim, 300);
        if (i == 0)
            first = sim.meter.forward_ul;
        MW_CHECK_EQ(sim.meter.forward_ul, first);
    }
}

static int prepare(void **state) {
    (void)state;
    mw_gas_wave_init(&wave);
    return 0;
}

int main(void) {
    const struct CMUnitTest cases[] = {
        MW_CASE(velocity_follows_the_physics),
        MW_CASE(gas_is_told_by_the_speed_of_sound),
        MW_CASE(profile_goes_through_its_points_and_between),
        MW_CASE(a_leak_at_the_start_flow_is_never_learned_away),
        MW_CASE(a_creeping_leak_stops_at_the_guard),
        MW_CASE(the_guard_holds_whatever_is_seen),
        MW_CASE(steady_flow_is_measured_slowly),
        MW_CASE(drift_of_the_zero_is_learned_without_flow),
        MW_CASE(nothing_is_counted_without_flow_and_start_flow_counts),
        MW_CASE(reverse_flow_has_its_own_register),
        MW_CASE(registers_lose_nothing),
        MW_CASE(cycle_slips_do_not_move_the_registers),
        MW_CASE(gas_swap_is_followed),
        MW_CASE(vacuum_noise_and_silence_are_told_apart),
        MW_CASE(overload_is_flagged),
        MW_CASE(a_run_repeats),
    };
    return cmocka_run_group_tests(cases, prepare, NULL);
}
