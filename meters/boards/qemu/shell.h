/* SPDX-License-Identifier: Apache-2.0
 *
 * The main loop of an image: obeys the host line by line, and lets the meter live between.
 *
 *   boot CAUSE KEPT NOW   the meter starts (mw_reset_cause, 0 or 1, tick) -> ok NOW REG0 REG1 COUNTER
 *   set UTC_US            sets the clock                                  -> ok ...
 *   run                   lives through the waveform                      -> tx ... | ok ...
 *   idle SECONDS STEP     lives without one, a tick each STEP seconds     -> tx ... | ok ...
 *   cost N                ticks of the system timer for N measurements    -> cost TICKS N
 *   stack                 -> stack BYTES
 *   legal                 -> legal VERSION CHECKSUM   of the legally relevant part
 *   anything else is for the production port (kit/production.h); `service ` before it: the switch
 *   under the seal is set
 *
 *   tx COUNTER RATE COPIES HEX   a frame that the radio is to send
 *   error NAME                   what an order came to instead of ok
 *
 * A board's radio, sensors and ports would be drivers here; the meter behind is the same.
 */
#ifndef MW_METERS_BOARDS_QEMU_SHELL_H
#define MW_METERS_BOARDS_QEMU_SHELL_H

#include "meters/boards/qemu/machine.h"
#include "meters/kit/meter.h"

/* What distinguishes the image of one model. */
typedef struct mw_shell_device {
    const char *name;
    const mw_meter_model *model;
    uint32_t calibration_bytes; /* of its structure, 0: it has none */
    /* The sensor side starts at tick `now`. */
    mw_status (*begin)(mw_mono now);
    /* Lives through the waveform, calling mw_shell_step. */
    void (*run)(const mw_qemu_wave *wave, const void *samples);
    /* One measurement, with the first sample of the waveform. */
    void (*measure)(const void *samples, mw_mono now, mw_meter_inputs *in);
} mw_shell_device;

_Noreturn void mw_shell(const mw_shell_device *device);
/* The meter steps at `now` when something came in or its time has come. Counts are taken. */
void mw_shell_step(mw_mono now, mw_meter_inputs *in);

#endif
