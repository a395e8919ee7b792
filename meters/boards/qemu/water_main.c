/* SPDX-License-Identifier: Apache-2.0
 *
 * The image of the water meter: coils in, frames out.
 */
#include "meters/boards/qemu/shell.h"
#include "meters/water/sensor.h"
#include "meters/water/water.h"

static mw_water_sensor sensor;
static mw_meter_inputs inputs;

static const mw_water_calibration *calibration(void) {
    return (const mw_water_calibration *)(const void *)mw_machine_shared->provision.calibration;
}

static mw_status begin(mw_mono now) {
    const mw_qemu_water_sample *first = (const void *)mw_machine_shared->samples;
    inputs = (mw_meter_inputs){.battery_mv = 3600, .temperature = {15000}};
    return mw_water_sensor_init(&sensor, calibration(), MW_WATER_HORIZONTAL, now, first->amplitude);
}

static void measure(const void *samples, mw_mono now, mw_meter_inputs *in) {
    const mw_qemu_water_sample *sample = samples;
    (void)mw_water_sensor_step(&sensor, now, sample->amplitude, sample->field != 0, in);
}

static void run(const mw_qemu_wave *wave, const void *samples) {
    const mw_qemu_water_sample *sample = samples;
    mw_mono now = {wave->from_ns};
    for (;;) {
        int64_t at = (now.ns - wave->from_ns) / wave->period_ns;
        if (at >= (int64_t)wave->count)
            break;
        mw_mono next = mw_water_sensor_step(&sensor, now, sample[at].amplitude,
                                            sample[at].field != 0, &inputs);
        mw_shell_step(now, &inputs);
        now = next;
    }
}

int main(void) {
    static const mw_shell_device water = {
        "water-r160", &mw_water_r160, sizeof(mw_water_calibration), begin, run, measure};
    mw_shell(&water);
}
