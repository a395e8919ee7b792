/* SPDX-License-Identifier: Apache-2.0
 *
 * A tariff schedule from afar, part by part (docs/spec/smp.md section 4). Parts come in any order and
 * may be lost; those that came are kept until the schedule is complete, another session begins, or the
 * meter restarts: what is missing then can be asked. What a schedule is, the meter behind it knows.
 */
#ifndef MW_METERS_KIT_SCHEDULE_H
#define MW_METERS_KIT_SCHEDULE_H

#include "protocols/smp/commands.h"

typedef struct mw_schedule {
    /* The meter's, set before the boot of the kit. Takes a whole schedule, or refuses it whole: its
     * status answers the last part. */
    mw_status (*take)(void *context, mw_slice schedule);
    /* Checksum of the newest one taken, and when it comes into force in SMP seconds, 0: it is. */
    void (*newest)(void *context, uint32_t *out_checksum, uint32_t *out_from_s);
    void *context;
    /* The rest is zero at first. */
    uint8_t session, parts; /* parts 0: none under way */
    uint64_t have;          /* bit n: part n */
    uint16_t bytes;
    uint8_t data[MW_SMP_SCHEDULE_PARTS * MW_SMP_SCHEDULE_PART];
} mw_schedule;

/* The command MW_SMP_COMMAND_SCHEDULE. MW_NOT_FOUND: s is NULL; MW_SHORT, MW_RANGE; of the last
 * part what `take` says. */
MW_NODISCARD mw_status mw_schedule_part(mw_schedule *s, const mw_smp_command *c);
/* MW_SMP_KEY_SCHEDULE and following. MW_NOT_FOUND. */
MW_NODISCARD mw_status mw_schedule_key_get(const mw_schedule *s, uint16_t key, int64_t *out_value);

#endif
