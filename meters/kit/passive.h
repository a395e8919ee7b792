/* SPDX-License-Identifier: Apache-2.0
 *
 * Values that wait for their time: a set of configuration keys, checked when it came, takes effect
 * all at once at a moment of the meter's clock. One set at a time; another replaces it. It is kept
 * in flash, so neither a reset nor a cut in the middle of taking effect loses it or half of it: the
 * configuration is one record, and a set that took effect and was not yet crossed out takes effect
 * once more with the same values.
 */
#ifndef MW_METERS_KIT_PASSIVE_H
#define MW_METERS_KIT_PASSIVE_H

#include "meters/kit/config.h"
#include "meters/kit/ringlog.h"
#include "protocols/smp/commands.h"

#define MW_PASSIVE_PAYLOAD 40

typedef struct mw_passive {
    mw_ringlog log;
    bool waits;
    uint32_t at_s; /* SMP seconds */
    mw_smp_config set;
} mw_passive;

typedef struct mw_meter mw_meter;

MW_NODISCARD mw_status mw_passive_mount(mw_meter *m, uint32_t first_sector, uint32_t sectors,
                                        uint8_t kind);
/* Takes a set over, instead of one that waits; no keys cancel. The values are checked against the
 * configuration that is in force now: MW_RANGE, MW_NOT_FOUND, MW_FORBIDDEN, MW_IO. */
MW_NODISCARD mw_status mw_passive_set(mw_meter *m, uint32_t at_s, const mw_smp_config *set);
/* Lets a set whose time has come take effect. One that no longer fits the configuration of the
 * moment is dropped and told as an event. MW_IO. */
MW_NODISCARD mw_status mw_passive_step(mw_meter *m, mw_mono now);
/* When mw_passive_step has work by the present clock. */
mw_mono mw_passive_wake(const mw_meter *m);

/* All keys of a set in a copy of the configuration in force, checked; and told as events. */
MW_NODISCARD mw_status mw_passive_try(const mw_meter *m, const mw_smp_config *set,
                                      mw_meter_config *out_config);
MW_NODISCARD mw_status mw_passive_apply(mw_meter *m, mw_mono now, const mw_smp_config *set);

#endif
