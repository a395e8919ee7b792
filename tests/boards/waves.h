/* SPDX-License-Identifier: Apache-2.0
 *
 * What the sensors of an emulated meter see, made piece by piece, with the truth about what flowed.
 */
#ifndef MW_TESTS_BOARDS_WAVES_H
#define MW_TESTS_BOARDS_WAVES_H

#include "meters/boards/qemu/shared.h"
#include "meters/kit/config.h"
#include "testbench/gas_sim.h"

typedef struct wave wave;

typedef struct wave_kind {
    const char *image; /* of meters/boards/qemu */
    const mw_meter_model *model;
    int64_t period_ns;
    size_t sample_bytes;
    unsigned instructions_max; /* of a measurement: our budget */
    double tolerance;          /* of what is counted against the truth: share, beside two counts */
    void (*begin)(wave *w);
    void (*sample)(wave *w, void *out);
} wave_kind;

struct wave {
    const wave_kind *kind;
    uint64_t index;   /* of the next sample */
    double counts[2]; /* that the truth makes, so far */
    double turns;
    bool low[2];
    mw_gas_sim gas;
    mw_gas_wave echoes;
};

extern const wave_kind wave_water, wave_pulse, wave_gas;

/* Production's part of the shared memory, and the first sample. */
void wave_begin(wave *w, const wave_kind *kind, mw_qemu_shared *shared);
/* The next samples from tick `from_ns` on, at most `seconds` and what fits; returns how long. */
double wave_fill(wave *w, mw_qemu_shared *shared, int64_t from_ns, double seconds);

#endif
