/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "meters/test/rig.h"
#include "meters/water/sensor.h"

/* A perfect disc: amplitudes 900 without metal and 500 under it, soft edges. */
typedef struct disc {
    double turns;
    double seconds;
    unsigned dead; /* bit i: coil i gives 900 whatever lies above */
    bool field;
    mw_water_sensor sensor;
    mw_meter_inputs in;
    mw_mono next;
} disc;

static const mw_water_calibration flat = {.high = {900, 900},
                                          .low = {500, 500},
                                          .at = {{.flow_lph = {16, 26, 80, 160, 700, 2500}},
                                                 {.flow_lph = {50, 80, 160, 400, 900, 2500}}}};

static void amplitudes(const disc *d, uint16_t out[2]) {
    for (unsigned i = 0; i < 2; i++) {
        double s = sin((d->turns + (i == 1 ? 0.25 : 0)) * 2 * 3.14159265358979);
        double metal = fmax(0, fmin(1, 0.5 + 1.5 * s));
        out[i] = (d->dead >> i & 1) != 0 ? 900 : (uint16_t)(900 - 400 * metal);
    }
}

static void disc_start(disc *d, const mw_water_calibration *cal, double turns) {
    uint16_t a[2];
    *d = (disc){.turns = turns};
    amplitudes(d, a);
    MW_CHECK_OK(mw_water_sensor_init(&d->sensor, cal, MW_WATER_HORIZONTAL, (mw_mono){0}, a));
}

/* Turns by so many turns at a flow, sampled as the sensor asks. */
static void turn(disc *d, double turns, double lph) {
    double per_s = lph / 3600, end = d->turns + turns;
    double way = turns < 0 ? -1 : 1;
    while ((end - d->turns) * way > 1e-9) {
        uint16_t a[2];
        amplitudes(d, a);
        mw_mono now = {(int64_t)(d->seconds * 1e9)};
        mw_mono next = mw_water_sensor_step(&d->sensor, now, a, d->field, &d->in);
        double dt = (double)(next.ns - now.ns) * 1e-9;
        dt = fmin(dt, fabs(end - d->turns) / per_s);
        d->seconds += dt;
        d->turns += way * per_s * dt;
    }
}

static void stand(disc *d, unsigned samples) {
    for (unsigned i = 0; i < samples; i++) {
        uint16_t a[2];
        amplitudes(d, a);
        mw_mono next = mw_water_sensor_step(&d->sensor, (mw_mono){(int64_t)(d->seconds * 1e9)}, a,
                                            d->field, &d->in);
        d->seconds = (double)next.ns * 1e-9;
    }
}

static void test_turns_become_counts_both_ways(void **state) {
    (void)state;
    disc d;
    disc_start(&d, &flat, 0.1);
    turn(&d, 100, 3125);
    MW_CHECK(d.in.counts[0] >= 399 && d.in.counts[0] <= 400);
    MW_CHECK_EQ(d.in.counts[1], 0);
    MW_CHECK_EQ(d.sensor.rotation.missed, 0);
    uint32_t forward = d.in.counts[0];
    turn(&d, -50, 600);
    MW_CHECK_EQ(d.in.counts[0], forward); /* never subtracted */
    MW_CHECK(d.in.counts[1] >= 199 && d.in.counts[1] <= 200);
    MW_CHECK(mw_water_sensor_flow(&d.sensor, (mw_mono){(int64_t)(d.seconds * 1e9)}) < -500);
    MW_CHECK_EQ(d.in.faults, 0);
}

/* Every step is worth what the table says at its flow, and nothing is rounded away. */
static void test_correction_follows_the_flow(void **state) {
    (void)state;
    mw_water_calibration cal = flat;
    cal.at[0].correct_cpct[0] = 300;  /* the wheel is 3 % slow at 16 L/h */
    cal.at[0].correct_cpct[5] = -100; /* and 1 % fast at 2500 */
    MW_CHECK_EQ(mw_water_step_ul(&cal, MW_WATER_HORIZONTAL, 1), 257500);
    MW_CHECK_EQ(mw_water_step_ul(&cal, MW_WATER_HORIZONTAL, 16), 257500);
    MW_CHECK_EQ(mw_water_step_ul(&cal, MW_WATER_HORIZONTAL, 21), 253750);
    MW_CHECK_EQ(mw_water_step_ul(&cal, MW_WATER_HORIZONTAL, 26), 250000);
    MW_CHECK_EQ(mw_water_step_ul(&cal, MW_WATER_HORIZONTAL, 1600), 248750);
    MW_CHECK_EQ(mw_water_step_ul(&cal, MW_WATER_HORIZONTAL, 9999), 247500);
    MW_CHECK_EQ(mw_water_step_ul(&cal, MW_WATER_VERTICAL, 16), 250000);
    disc d;
    disc_start(&d, &cal, 0.05);
    turn(&d, 1000, 2500);
    int64_t ul = (int64_t)d.in.counts[0] * MW_WATER_COUNT_UL + d.sensor.rest_ul[0];
    MW_CHECK(ul > INT64_C(3996) * 247500 && ul < INT64_C(4004) * 247700);
}

/* A wheel that trembles about any place: the first step may count, the hundreds after it do not. */
static void test_trembling_counts_nothing(void **state) {
    (void)state;
    for (unsigned place = 0; place < 64; place++) {
        disc d;
        disc_start(&d, &flat, place / 64.0);
        for (unsigned n = 0; n < 200; n++) {
            turn(&d, n % 2 == 0 ? 0.04 : -0.04, 300);
            stand(&d, 3);
        }
        MW_CHECK(d.in.counts[0] + d.in.counts[1] <= 1);
        MW_CHECK_EQ(d.in.faults, 0);
    }
}

static void test_a_dead_coil_is_told(void **state) {
    (void)state;
    for (unsigned coil = 0; coil < 2; coil++) {
        disc d;
        disc_start(&d, &flat, 0.1);
        turn(&d, 10, 1000);
        d.dead = 1u << coil;
        turn(&d, 20, 1000);
        MW_CHECK_EQ(d.in.faults & 3u, coil == 0 ? MW_WATER_FAULT_COIL_A : MW_WATER_FAULT_COIL_B);
        d.dead = 0;
        turn(&d, 20, 1000);
        MW_CHECK_EQ(d.in.faults & 3u, 0);
    }
}

static void test_missed_samples_are_told(void **state) {
    (void)state;
    disc d;
    disc_start(&d, &flat, 0.1);
    for (unsigned i = 0; i < 40; i++) { /* three eighths of a turn between samples */
        uint16_t a[2];
        d.turns += 0.375;
        amplitudes(&d, a);
        (void)mw_water_sensor_step(&d.sensor, (mw_mono){(int64_t)i * MW_NS_PER_S}, a, false, &d.in);
    }
    MW_CHECK((d.in.faults & MW_WATER_FAULT_MISSED) != 0);
    d.seconds = 40;
    turn(&d, 10, 1000);
    MW_CHECK((d.in.faults & MW_WATER_FAULT_MISSED) != 0);
    turn(&d, 1200, 1000); /* more than an hour */
    MW_CHECK_EQ(d.in.faults & MW_WATER_FAULT_MISSED, 0);
}

static void test_magnet_needs_three_of_five(void **state) {
    (void)state;
    disc d;
    disc_start(&d, &flat, 0.1);
    d.field = true;
    stand(&d, 2);
    MW_CHECK_EQ(d.in.tamper, 0);
    d.field = false;
    stand(&d, 5);
    MW_CHECK_EQ(d.in.tamper, 0);
    d.field = true;
    stand(&d, 3);
    MW_CHECK_EQ(d.in.tamper, MW_TAMPER_MAGNET);
    d.field = false;
    stand(&d, 5);
    MW_CHECK_EQ(d.in.tamper, 0);
}

static void test_bad_calibration_is_refused(void **state) {
    (void)state;
    const uint16_t a[2] = {900, 900};
    mw_water_sensor s;
    mw_water_calibration cal = flat;
    cal.low[1] = 880;
    MW_CHECK_STATUS(mw_water_sensor_init(&s, &cal, MW_WATER_HORIZONTAL, (mw_mono){0}, a), MW_RANGE);
    cal = flat;
    cal.at[0].flow_lph[3] = 80;
    MW_CHECK_STATUS(mw_water_sensor_init(&s, &cal, MW_WATER_HORIZONTAL, (mw_mono){0}, a), MW_RANGE);
    cal = flat;
    cal.at[0].correct_cpct[2] = MW_WATER_CORRECT_MAX + 1;
    MW_CHECK_STATUS(mw_water_sensor_init(&s, &cal, MW_WATER_HORIZONTAL, (mw_mono){0}, a), MW_RANGE);
}

/* Days without flow are told, again as often, and end with the first count. */
static void test_no_flow_is_told(void **state) {
    (void)state;
    rig *r = rig_new(&mw_water_r160);
    rig_start(r, RIG_START);
    mw_meter_config c = *mw_meter_config_of(&r->meter);
    c.no_flow_days = 3;
    MW_CHECK_OK(mw_meter_configure(&r->meter, r->now, &c));
    rig_count(r, rig_tick(3600), 0, 10);
    rig_idle(r, rig_tick(3 * 86400));
    MW_CHECK_EQ(r->meter.status_now & MW_SMP_STATUS_NO_FLOW, 0);
    rig_idle(r, rig_tick(3 * 86400 + 2 * 3600));
    MW_CHECK((r->meter.status_now & MW_SMP_STATUS_NO_FLOW) != 0);
    MW_CHECK_EQ(r->last_event.code, MW_SMP_EVENT_NO_FLOW);
    MW_CHECK_EQ(r->last_event.value, 3);
    rig_idle(r, rig_tick(6 * 86400 + 2 * 3600));
    MW_CHECK_EQ(r->last_event.value, 6);
    rig_count(r, rig_tick(7 * 86400), 0, 1);
    rig_idle(r, rig_tick(7 * 86400 + 3601));
    MW_CHECK_EQ(r->meter.status_now & MW_SMP_STATUS_NO_FLOW, 0);
    rig_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns_become_counts_both_ways),
        cmocka_unit_test(test_correction_follows_the_flow),
        cmocka_unit_test(test_trembling_counts_nothing),
        cmocka_unit_test(test_a_dead_coil_is_told),
        cmocka_unit_test(test_missed_samples_are_told),
        cmocka_unit_test(test_magnet_needs_three_of_five),
        cmocka_unit_test(test_bad_calibration_is_refused),
        cmocka_unit_test(test_no_flow_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
