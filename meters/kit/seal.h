/* SPDX-License-Identifier: Apache-2.0
 *
 * The metrological seal of the battery meters (sealed.h). Once production has ended
 * (mw_meter_provision.sealed), the parameters from which a register's value follows change only in
 * the service state.
 */
#ifndef MW_METERS_KIT_SEAL_H
#define MW_METERS_KIT_SEAL_H

#include "meters/kit/config.h"
#include "meters/kit/sealed.h"

/* Sealed parameters, of each register. */
typedef enum mw_seal_key {
    MW_SEAL_NUMERATOR = 1,
    MW_SEAL_DENOMINATOR = 2,
    MW_SEAL_INITIAL = 3,
} mw_seal_key;
#define MW_SEAL_VALUES (3 * MW_METER_REGISTERS_MAX)

struct mw_meter;

/* The switch under the seal was set. MW_STATE: production has not ended, or it is set already.
 * MW_SPACE: the record is full. MW_IO. */
MW_NODISCARD mw_status mw_seal_service_begin(struct mw_meter *m, mw_mono now);
/* It was set back. MW_STATE: there is no service state. MW_IO, MW_SPACE: it ends all the same. */
MW_NODISCARD mw_status mw_seal_service_end(struct mw_meter *m, mw_mono now);

/* What the platform may read with the configuration, never write (MW_SMP_KEY_LEGAL_VERSION and
 * following), and every key of the configuration. MW_NOT_FOUND. */
MW_NODISCARD mw_status mw_seal_key_get(const struct mw_meter *m, uint16_t key, int64_t *out_value);

/* ---- called by meter.c ---- */

/* Takes up the record; when `sealed`, begins it. Once configuration and clock are known. MW_IO. */
MW_NODISCARD mw_status mw_seal_mount(struct mw_meter *m, const mw_flash *flash,
                                     uint32_t first_sector, uint32_t sectors, bool sealed,
                                     uint32_t software, mw_mono now);
/* Ends a service state whose time is over. */
void mw_seal_step(struct mw_meter *m, mw_mono now);
/* Records how `next` differs from what is in force. MW_FORBIDDEN: it touches sealed parameters
 * outside the service state. MW_SPACE: the record is full. MW_IO. Nothing changed then. */
MW_NODISCARD mw_status mw_seal_change(struct mw_meter *m, mw_mono now, const mw_meter_config *next);

#endif
