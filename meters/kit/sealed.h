/* SPDX-License-Identifier: Apache-2.0
 *
 * What a metrological seal is, whatever it seals: parameters as a row of numbers, which change only in
 * the service state that the switch under the seal begins, and each change of which is in the
 * permanent record (audit.h) before it takes effect.
 *
 *   open --production ends--> sealed <--switch, an hour, a reset--> service
 *
 * The record holds every sealed parameter, so a boot can tell whether what is in force is what was
 * recorded: after a power cut between the two, or when somebody wrote to flash, the difference is
 * recorded too (MW_AUDIT_FOUND). When the record is full there is no service state any more.
 */
#ifndef MW_METERS_KIT_SEALED_H
#define MW_METERS_KIT_SEALED_H

#include "meters/kit/audit.h"

#define MW_SEAL_SERVICE_S 3600 /* a service state lasts no longer */
#define MW_SEAL_RECORDS   384  /* that the permanent record has room for, at least */
#define MW_SEALED_MAX     8    /* parameters */

typedef enum mw_seal_state { MW_SEAL_OPEN, MW_SEAL_SEALED, MW_SEAL_SERVICE } mw_seal_state;

typedef struct mw_seal {
    mw_audit audit;
    uint8_t state;          /* mw_seal_state */
    mw_mono until;          /* end of the service state */
    uint32_t software;      /* checksum of the legally relevant part that runs; 0: not known */
    uint32_t software_told; /* the newest in the record */
} mw_seal;

/* One parameter; the same index and key are the same parameter for ever. */
typedef struct mw_sealed_value {
    uint8_t index;
    uint16_t key;
    int64_t value;
} mw_sealed_value;

/* All of them, always in the same order. */
typedef struct mw_sealed_row {
    unsigned n; /* 1..MW_SEALED_MAX */
    mw_sealed_value of[MW_SEALED_MAX];
} mw_sealed_row;

/* Where and when something is recorded. */
typedef struct mw_sealed_at {
    const mw_flash *flash;
    mw_mono now;
    mw_utc utc;
} mw_sealed_at;

/* Takes up the record; when `sealed`, begins it. MW_IO. */
MW_NODISCARD mw_status mw_sealed_mount(mw_seal *s, const mw_sealed_at *at, uint32_t first_sector,
                                       uint32_t sectors, bool sealed, uint32_t software,
                                       const mw_sealed_row *in_force);
/* The switch was set. MW_STATE: production has not ended, or it is set already. MW_SPACE: the record
 * is full. MW_IO. */
MW_NODISCARD mw_status mw_sealed_service_begin(mw_seal *s, const mw_sealed_at *at);
/* It was set back. MW_STATE: there is no service state. MW_IO, MW_SPACE: it ends all the same. */
MW_NODISCARD mw_status mw_sealed_service_end(mw_seal *s, const mw_sealed_at *at);
/* Ends a service state whose time is over. */
void mw_sealed_step(mw_seal *s, const mw_sealed_at *at);
/* Records how `next` differs from what is in force. MW_FORBIDDEN: it does, outside the service state.
 * MW_SPACE: the record is full. MW_IO. Nothing may change then. */
MW_NODISCARD mw_status mw_sealed_change(mw_seal *s, const mw_sealed_at *at,
                                        const mw_sealed_row *in_force, const mw_sealed_row *next);

#endif
