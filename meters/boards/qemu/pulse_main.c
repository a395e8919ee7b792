/* SPDX-License-Identifier: Apache-2.0
 *
 * The image of the pulse modem: two lines in, frames out.
 */
#include "meters/boards/qemu/shell.h"
#include "meters/pulse/input.h"
#include "meters/pulse/pulse.h"

static mw_pulse_input line[2];
static mw_meter_inputs inputs;

static mw_status begin(mw_mono now) {
    inputs = (mw_meter_inputs){.battery_mv = 3100, .temperature = {15000}};
    for (unsigned i = 0; i < 2; i++)
        mw_pulse_input_init(&line[i], mw_dur_ms(MW_PULSE_MIN_LOW_MS),
                            mw_dur_ms(MW_PULSE_MIN_HIGH_MS), false, now);
    return MW_OK;
}

static void measure(const void *samples, mw_mono now, mw_meter_inputs *in) {
    const mw_qemu_pulse_sample *sample = samples;
    for (unsigned i = 0; i < 2; i++)
        if ((sample->low[i] != 0) != line[i].low)
            in->counts[i] += mw_pulse_input_edge(&line[i], sample->low[i] != 0, now);
}

/* Between edges a board sleeps: only changes of level are worked on. */
static void run(const mw_qemu_wave *wave, const void *samples) {
    const mw_qemu_pulse_sample *sample = samples;
    for (uint32_t i = 0; i < wave->count; i++) {
        mw_mono now = {wave->from_ns + wave->period_ns * i};
        measure(&sample[i], now, &inputs);
        if (inputs.counts[0] + inputs.counts[1] != 0 || i + 1 == wave->count)
            mw_shell_step(now, &inputs);
    }
}

int main(void) {
    static const mw_shell_device pulse = {"pulse-2", &mw_pulse_2, 0, begin, run, measure};
    mw_shell(&pulse);
}
