/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "testbench/electric_sim.h"
#include "tests/harness/mw_test.h"

__extension__ typedef __int128 wide;

static mw_electric_sim s;
static mw_electric_sim_result r;

static void device(uint8_t elements) {
    mw_electric_sim_init(&s, elements, 7, elements == 1 ? 3600 : 8000, elements == 1 ? 0.01 : 0.02);
}

static void run(void) {
    mw_electric_sim_run(&s, 15, 20, &r);
}

static const mw_electric_count *total(void) {
    return s.energy.count[MW_ELECTRIC_TOTAL];
}

MW_TEST(quadrants_have_registers_of_their_own) {
    static const double angles[4] = {30, 150, -150, -30};
    static const mw_electric_register reactive[4] = {MW_ELECTRIC_R1, MW_ELECTRIC_R2, MW_ELECTRIC_R3,
                                                     MW_ELECTRIC_R4};
    for (unsigned n = 0; n < 4; n++) {
        device(3);
        mw_electric_sim_balanced(&s, 10, angles[n]);
        run();
        bool in = n == 0 || n == 3;
        MW_CHECK(total()[in ? MW_ELECTRIC_A_PLUS : MW_ELECTRIC_A_MINUS].milli > 0);
        MW_CHECK_EQ(total()[in ? MW_ELECTRIC_A_MINUS : MW_ELECTRIC_A_PLUS].milli, 0);
        for (unsigned k = MW_ELECTRIC_R1; k <= MW_ELECTRIC_R4; k++)
            MW_CHECK_EQ(total()[k].milli > 0, k == reactive[n]);
    }
}

/* Two ways to add up phases that flow in different directions. */
MW_TEST(sums_are_by_vector_or_by_register) {
    device(3);
    mw_electric_sim_balanced(&s, 10, 0);
    s.source.phase[1].angle = 180;
    run();
    MW_CHECK_EQ(total()[MW_ELECTRIC_A_MINUS].milli, 0);
    MW_CHECK(fabs(r.p / 2300 - 1) < 0.002);
    s.energy.config.sum = MW_ELECTRIC_SUM_ARITHMETIC;
    int64_t plus = total()[MW_ELECTRIC_A_PLUS].milli;
    run();
    int64_t in = total()[MW_ELECTRIC_A_PLUS].milli - plus;
    MW_CHECK(llabs(in - 2 * total()[MW_ELECTRIC_A_MINUS].milli) <= in / 500);
}

MW_TEST(registers_lose_nothing) {
    static mw_electric_energy e;
    mw_electric_energy_config config = {.pulses_per_kwh = 1600, .pulses_per_kvarh = 1600};
    MW_CHECK_OK(mw_electric_energy_init(&e, &config));
    mw_prng g = mw_prng_of_seed(3);
    mw_electric_quantities q = {.elements = 3};
    wide sum = 0;
    int64_t pulses = 0;
    for (int n = 0; n < 2000; n++) {
        q.parts = 26000000 + (int64_t)mw_prng_below(&g, 1000000);
        int64_t p = 0;
        for (int k = 0; k < 3; k++)
            p += q.e[k].p_uw = (int64_t)mw_prng_below(&g, 26000000000);
        sum += (wide)p * q.parts;
        mw_electric_energy_window(&e, &q);
        for (int i = 0; i < 830; i++)
            pulses += (mw_electric_energy_sample(&e) & MW_ELECTRIC_PULSE_ACTIVE) != 0;
    }
    const mw_electric_count *c = &e.count[MW_ELECTRIC_TOTAL][MW_ELECTRIC_A_PLUS];
    MW_CHECK((wide)c->milli * MW_ELECTRIC_QUANTA_PER_MILLI + c->rest == sum);
    MW_CHECK((wide)pulses * e.active.portion + e.active.filled + e.active.owed == sum);
    wide phases = 0;
    for (int k = 0; k < 3; k++)
        phases += (wide)e.count[k][MW_ELECTRIC_A_PLUS].milli * MW_ELECTRIC_QUANTA_PER_MILLI +
                  e.count[k][MW_ELECTRIC_A_PLUS].rest;
    MW_CHECK(phases == sum);
}

MW_TEST(angles_sequence_and_loss) {
    device(3);
    mw_electric_sim_balanced(&s, 5, 30);
    run();
    MW_CHECK_EQ(s.shown.sequence, MW_ELECTRIC_SEQUENCE_123);
    MW_CHECK(abs(s.shown.e[1].u_angle_mdeg - 120000) < 100);
    MW_CHECK(abs(s.shown.e[2].u_angle_mdeg - 240000) < 100);
    MW_CHECK(abs(s.shown.e[2].angle_mdeg - 30000) < 100);
    MW_CHECK(s.shown.unbalance_ppm < 1000);
    s.source.phase[1].at = 120;
    s.source.phase[2].at = -120;
    run();
    MW_CHECK_EQ(s.shown.sequence, MW_ELECTRIC_SEQUENCE_132);
    /* The first phase fails: another one leads the oscillator, and counting goes on. */
    s.source.phase[0].volts = 0;
    run();
    MW_CHECK_EQ(s.shown.lost, 1);
    MW_CHECK_EQ(s.shown.sequence, MW_ELECTRIC_SEQUENCE_NONE);
    MW_CHECK(s.shown.valid);
    MW_CHECK(abs(s.shown.frequency_mhz - 50000) < 5);
    MW_CHECK(fabs(r.p / r.p_true - 1) < 0.002);
    for (int k = 1; k < 3; k++)
        s.source.phase[k].volts = 0;
    run();
    MW_CHECK_EQ(s.shown.lost, 7);
    MW_CHECK_EQ(s.shown.frequency_mhz, 0);
    int64_t before = total()[MW_ELECTRIC_A_PLUS].milli;
    run();
    MW_CHECK_EQ(total()[MW_ELECTRIC_A_PLUS].milli, before);
}

MW_TEST(unbalance_and_distortion) {
    device(3);
    mw_electric_sim_balanced(&s, 5, 0);
    s.source.phase[2].volts = 207; /* 230, 230, 207: negative by positive 3.448 % */
    s.source.i.share[3] = 0.3;
    s.source.i.share[5] = 0.4;
    run();
    MW_CHECK(abs(s.shown.unbalance_ppm - 34483) < 300);
    MW_CHECK(abs(s.shown.e[0].thd_i_ppm - 500000) < 1500);
    MW_CHECK(s.shown.e[0].thd_u_ppm < 5000);
}

/* A consumer who takes the return through the earth is counted by the greater current. */
MW_TEST(greater_current_counts) {
    device(1);
    mw_electric_sim_balanced(&s, 1, 0);
    s.source.neutral_share = 5;
    run();
    MW_CHECK(s.energy.by_neutral);
    MW_CHECK(fabs(r.p / 1150 - 1) < 0.01);
    s.source.neutral_share = 0.5;
    run();
    MW_CHECK(!s.energy.by_neutral);
    MW_CHECK(fabs(r.p / 230 - 1) < 0.002);
}

MW_TEST(frequency_is_found_from_afar) {
    device(1);
    for (int n = 0; n < 5; n++) {
        mw_electric_sim_balanced(&s, 5, 60);
        s.source.hertz = n % 2 ? 47.5 : 52.5;
        mw_electric_sim_run(&s, 4, 5, &r);
        MW_CHECK(s.shown.valid);
        MW_CHECK(fabs(r.hertz - s.source.hertz) < 0.005);
    }
}

MW_TEST(calibration_refuses_a_broken_device) {
    mw_electric_trim trim = {.u_gain = 1000, .i_gain = 1000}, before = trim;
    mw_electric_element shown = {
        .u_uv = 150000000, .i_ua = 5000000, .has_angle = true, .angle_mdeg = -90000};
    MW_CHECK_EQ(mw_electric_calibrate_gain(&trim, &shown, 230000000, 5000000), MW_RANGE);
    MW_CHECK_EQ(mw_electric_calibrate_skew(&trim, &shown, 60000, 50000), MW_RANGE);
    shown.i_ua = 60000;
    MW_CHECK_EQ(mw_electric_calibrate_no_load(&trim, &shown), MW_RANGE);
    MW_CHECK(memcmp(&trim, &before, sizeof trim) == 0);
}

MW_TEST(clipping_is_told) {
    device(1);
    mw_electric_sim_balanced(&s, 5, 0);
    s.source.phase[0].volts = 400;
    run();
    MW_CHECK(s.window.done.clipped > 0);
}

MW_TEST_MAIN(MW_CASE(quadrants_have_registers_of_their_own),
             MW_CASE(sums_are_by_vector_or_by_register), MW_CASE(registers_lose_nothing),
             MW_CASE(angles_sequence_and_loss), MW_CASE(unbalance_and_distortion),
             MW_CASE(greater_current_counts), MW_CASE(frequency_is_found_from_afar),
             MW_CASE(calibration_refuses_a_broken_device), MW_CASE(clipping_is_told))
