/* SPDX-License-Identifier: Apache-2.0
 *
 * A counter that never gives the same number twice, whatever happens to the power. Numbers are
 * reserved in flash MW_COUNTER_STEP at a time before the first of them is used; a boot goes on
 * after the last reservation, so a cut skips numbers and reuses none.
 */
#ifndef MW_METERS_KIT_COUNTER_H
#define MW_METERS_KIT_COUNTER_H

#include "meters/kit/ringlog.h"

#define MW_COUNTER_STEP    256
#define MW_COUNTER_PAYLOAD 8

typedef struct mw_counter {
    mw_ringlog log;
    uint32_t next;
    uint32_t reserved; /* numbers below this may be used */
} mw_counter;

/* MW_IO. */
MW_NODISCARD mw_status mw_counter_mount(mw_counter *c, const mw_flash *flash, uint32_t first_sector,
                                        uint32_t sectors, uint8_t kind);
/* Takes the next number. MW_IO when no reservation could be stored: no number is given then.
 * MW_LIMIT after 2^32 - MW_COUNTER_STEP numbers: the key must be changed before that. */
MW_NODISCARD mw_status mw_counter_take(mw_counter *c, const mw_flash *flash, uint32_t *out_number);

#endif
