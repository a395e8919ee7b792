/* SPDX-License-Identifier: Apache-2.0
 *
 * The image of the gas meter: echoes in, frames out. It measures when its own algorithm says; the
 * waveform holds an echo each 500 ms, of which it takes those that it wants.
 */
#include "meters/boards/qemu/shell.h"
#include "meters/gas/gas.h"

static mw_gas_meter gas;
static mw_meter_inputs inputs;
static mw_mono next_at;

static mw_status begin(mw_mono now) {
    inputs = (mw_meter_inputs){.battery_mv = 3600, .temperature = {15000}};
    next_at = now;
    return mw_gas_meter_init(
        &gas, &mw_gas_size_of[2],
        (const mw_gas_calibration *)(const void *)mw_machine_shared->provision.calibration, NULL);
}

static void take(const mw_qemu_gas_sample *sample, mw_mono now, mw_meter_inputs *in) {
    mw_gas_capture capture = {
        sample->up, sample->dn, sample->gain_cdb, {sample->mdegc}, sample->pressure_pa};
    mw_gas_conditions at = {true, true, {sample->mdegc}, sample->pressure_pa};
    mw_gas_result result;
    mw_gas_meter_step(&gas, now, &capture, &at, in, &result);
    next_at = mw_mono_add(now, mw_dur_ms(result.next_ms));
}

static void measure(const void *samples, mw_mono now, mw_meter_inputs *in) {
    static mw_mono at;
    at = mw_mono_add(at.ns == 0 ? now : at, mw_dur_ms(500));
    take(samples, at, in);
}

static void run(const mw_qemu_wave *wave, const void *samples) {
    const mw_qemu_gas_sample *sample = samples;
    for (uint32_t i = 0; i < wave->count; i++) {
        mw_mono now = {wave->from_ns + wave->period_ns * i};
        if (now.ns < next_at.ns)
            continue;
        take(&sample[i], now, &inputs);
        mw_shell_step(now, &inputs);
    }
}

int main(void) {
    static const mw_shell_device meter = {
        "gas-g4", &mw_gas_model_of[2], sizeof(mw_gas_calibration), begin, run, measure};
    mw_shell(&meter);
}
