/* SPDX-License-Identifier: Apache-2.0
 *
 * A gas meter as a whole: echoes in, sealed reports out.
 */
#include <math.h>

#include "meters/gas/gas.h"
#include "meters/test/rig.h"
#include "testbench/gas_sim.h"

static mw_gas_wave wave;
static mw_gas_sim sim;
static mw_gas_meter gas;

static const mw_gas_convert_config to_15c = {.base = {{15000}, 101325},
                                             .gas = {679250, 7000, 500},
                                             .compressibility = true,
                                             .pressure_sensor = true,
                                             .substitute_pa = 103325,
                                             .substitute = {15000}};

static rig *meter_new(unsigned size, const mw_gas_convert_config *convert) {
    mw_gas_sim_init(&sim, &wave, &mw_gas_size_of[size], 5);
    mw_gas_sim_calibrate(&sim);
    sim.gas = MW_GAS_SIM_NATURAL;
    sim.now_ns = 0;
    MW_CHECK_OK(mw_gas_meter_init(&gas, sim.size, &sim.calibration, convert));
    rig *r = rig_new(&mw_gas_model_of[size]);
    rig_start(r, RIG_START);
    return r;
}

/* The board's loop for a while: an echo every 2 s, the meter stepped with what it gave. */
static void flow(rig *r, double m3_h, int64_t seconds, bool pressure) {
    sim.flow_m3_h = m3_h;
    for (int64_t end = r->now.ns + seconds * MW_NS_PER_S; r->now.ns < end;) {
        rig_idle(r, (mw_mono){r->now.ns + 2 * MW_NS_PER_S});
        int16_t up[MW_GAS_SAMPLES], dn[MW_GAS_SAMPLES];
        mw_meter_inputs in = {0};
        mw_gas_result out;
        mw_gas_sim_echoes(&sim, 2000, up, dn);
        mw_temp t = {(int32_t)(sim.celsius * 1000)};
        mw_gas_capture capture = {up, dn, sim.gain_cdb, t, (int32_t)sim.pressure_pa};
        mw_gas_conditions at = {true, pressure, t, (int32_t)sim.pressure_pa};
        mw_gas_meter_step(&gas, r->now, &capture, &at, &in, &out);
        sim.gain_cdb = out.gain_cdb;
        MW_CHECK_OK(rig_step(r, &in));
    }
}

/* A day at changing flows, then its report: what the platform opens is what flowed. */
MW_TEST(a_day_arrives_as_it_flowed) {
    rig *r = meter_new(2, NULL);
    for (unsigned hour = 0; hour < 24; hour++) {
        flow(r, hour % 3 == 0 ? 0.6 + 0.1 * hour : 0, 600, true);
        flow(r, 0, 600, true);
        rig_idle(r, rig_tick((hour + 1) * 3600));
        gas.flow.last_known = false; /* the board slept: nothing flowed */
    }
    rig_idle(r, rig_tick(30 * 3600));
    MW_CHECK(r->frames > 0);
    int64_t litres = mw_meter_value(&r->meter, MW_GAS_FORWARD);
    double reference = sim.reference_m3 * 1000;
    print_message("a day: register %lld L, flowed %.1f L\n", (long long)litres, reference);
    MW_CHECK(fabs((double)litres / reference - 1) < 0.0075);
    MW_CHECK_EQ(mw_meter_counts(&r->meter, MW_GAS_FORWARD), gas.flow.forward_ul / 1000);
    MW_CHECK_EQ(mw_meter_value(&r->meter, MW_GAS_REVERSE), 0);
    int64_t sum = 0, last = 0;
    for (unsigned i = 0; i < 24; i++) {
        MW_CHECK(r->hours[0][i].known);
        sum += r->hours[0][i].value;
        last = r->hours[0][i].reg;
        MW_CHECK((r->hours[0][i].value > 0) == (i % 3 == 0));
    }
    MW_CHECK_EQ(sum, litres);
    MW_CHECK_EQ(last, litres);
    rig_free(r);
}

MW_TEST(registers_hold_base_volume_when_converting) {
    rig *r = meter_new(1, &to_15c);
    sim.celsius = -10;
    sim.pressure_pa = 103325;
    flow(r, 0, 100, true);
    int64_t before = mw_meter_counts(&r->meter, MW_GAS_FORWARD);
    double reference = sim.reference_m3;
    flow(r, 2, 1200, true);
    double factor = 103325.0 / 101325 * 288.15 / 263.15 * 0.997987 / 0.99720;
    double counted = (double)(mw_meter_counts(&r->meter, MW_GAS_FORWARD) - before) * 1e-6;
    MW_CHECK(fabs(counted / ((sim.reference_m3 - reference) * factor) - 1) < 0.0075);
    MW_CHECK_EQ(r->meter.faults, 0);
    /* The pressure sensor fails: substitute, event, status. */
    flow(r, 2, 10, false);
    MW_CHECK_EQ(r->meter.faults, MW_GAS_FAULT_CONVERSION);
    MW_CHECK((r->meter.status_now & MW_SMP_STATUS_SENSOR) != 0);
    flow(r, 2, 200, true);
    MW_CHECK_EQ(r->meter.status_now & MW_SMP_STATUS_SENSOR, 0);
    MW_CHECK_EQ(r->last_event.code, MW_SMP_EVENT_SENSOR);
    MW_CHECK_EQ(r->last_event.value, MW_GAS_FAULT_CONVERSION);
    rig_free(r);
}

MW_TEST(air_in_the_pipe_is_an_event) {
    rig *r = meter_new(0, NULL);
    flow(r, 1, 60, true);
    MW_CHECK_EQ(r->meter.faults, 0);
    sim.gas = MW_GAS_SIM_AIR;
    flow(r, 1, 300, true);
    MW_CHECK_EQ(r->meter.faults, MW_GAS_FLAG_AIR);
    MW_CHECK_EQ(r->last_event.code, MW_SMP_EVENT_SENSOR);
    rig_free(r);
}

MW_TEST(reverse_flow_and_cold_do_not_confuse_the_kit) {
    rig *r = meter_new(3, NULL);
    sim.celsius = -35;
    flow(r, -4, 600, true);
    MW_CHECK_EQ(mw_meter_value(&r->meter, MW_GAS_FORWARD), 0);
    MW_CHECK(mw_meter_value(&r->meter, MW_GAS_REVERSE) > 600);
    mw_meter_inputs in = {.battery_mv = 3600, .temperature = {-35000}};
    r->now.ns++;
    MW_CHECK_OK(rig_step(r, &in));
    MW_CHECK_EQ(r->meter.status_now & MW_SMP_STATUS_FROST, 0);
    rig_free(r);
}

MW_TEST(a_power_cut_costs_less_than_a_snapshot) {
    rig *r = meter_new(2, NULL);
    flow(r, 5, 600, true);
    int64_t before = mw_meter_counts(&r->meter, MW_GAS_FORWARD);
    rig_boot(r, MW_RESET_POWER_ON, false);
    int64_t after = mw_meter_counts(&r->meter, MW_GAS_FORWARD);
    MW_CHECK(after <= before && before - after < r->model->snapshot_counts);
    flow(r, 5, 60, true);
    before = mw_meter_counts(&r->meter, MW_GAS_FORWARD);
    MW_CHECK_OK(mw_meter_last_gasp(&r->meter));
    rig_boot(r, MW_RESET_POWER_ON, false);
    MW_CHECK_EQ(mw_meter_counts(&r->meter, MW_GAS_FORWARD), before);
    rig_free(r);
}

MW_TEST(indicator_rolls_over_at_its_capacity) {
    char text[MW_GAS_INDICATOR_BYTES];
    static const struct {
        int64_t litres;
        const char *text;
    } rows[] = {{0, "00000.000"},
                {1, "00000.001"},
                {12345678, "12345.678"},
                {99999999, "99999.999"},
                {100000000, "00000.000"},
                {100000001, "00000.001"},
                {MW_METER_COUNTS_MAX / 1000, "99511.627"}};
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mw_gas_indicator(rows[i].litres, text);
        MW_CHECK_STR(text, rows[i].text);
    }
    /* The register counts on through it. */
    rig *r = meter_new(0, NULL);
    r->meter.registers.counts[0] = (MW_GAS_CAPACITY_L - 1) * 1000;
    flow(r, 2, 60, true);
    MW_CHECK(mw_meter_value(&r->meter, MW_GAS_FORWARD) > MW_GAS_CAPACITY_L);
    mw_gas_indicator(mw_meter_value(&r->meter, MW_GAS_FORWARD), text);
    MW_CHECK(strcmp(text, "00000.100") < 0);
    rig_free(r);
}

static int prepare(void **state) {
    (void)state;
    mw_gas_wave_init(&wave);
    return 0;
}

int main(void) {
    const struct CMUnitTest cases[] = {
        MW_CASE(a_day_arrives_as_it_flowed),
        MW_CASE(registers_hold_base_volume_when_converting),
        MW_CASE(air_in_the_pipe_is_an_event),
        MW_CASE(reverse_flow_and_cold_do_not_confuse_the_kit),
        MW_CASE(a_power_cut_costs_less_than_a_snapshot),
        MW_CASE(indicator_rolls_over_at_its_capacity),
    };
    return cmocka_run_group_tests(cases, prepare, NULL);
}
