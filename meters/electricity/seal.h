/* SPDX-License-Identifier: Apache-2.0
 *
 * The metrological seal of the electricity meters (kit/sealed.h). Sealed is what production wrote and a
 * register's value follows from, and the one such setting that a client may write, the period of the
 * demand: once production has ended (mw_electric_provision.sealed) it changes only in the service
 * state, and each change is in the permanent record before it takes effect. What production wrote can
 * only change by production; when it did, the record tells at the next boot.
 */
#ifndef MW_METERS_ELECTRICITY_SEAL_H
#define MW_METERS_ELECTRICITY_SEAL_H

#include "meters/kit/sealed.h"

#define MW_ELECTRIC_SEAL_SECTORS 4

/* Keys in the record: beside those of mw_seal_key. */
typedef enum mw_electric_seal_key {
    MW_ELECTRIC_SEAL_CALIBRATION = 16, /* CRC-32 of gains, skew, offsets and drift */
    MW_ELECTRIC_SEAL_CT,               /* ratio of the current transformers */
    MW_ELECTRIC_SEAL_VT,
    MW_ELECTRIC_SEAL_PULSES,          /* of the outputs, per kWh; 0: the type's */
    MW_ELECTRIC_SEAL_PULSES_REACTIVE, /* per kvarh */
    MW_ELECTRIC_SEAL_MAINS,           /* rated frequency, mw_electric_mains */
    MW_ELECTRIC_SEAL_DEMAND_MIN,      /* period of the demand */
} mw_electric_seal_key;

struct mw_electric_meter;

/* The switch under the seal, which the case covers: set, and set back. As mw_sealed_service_*. */
MW_NODISCARD mw_status mw_electric_service_begin(struct mw_electric_meter *m, mw_mono now);
MW_NODISCARD mw_status mw_electric_service_end(struct mw_electric_meter *m, mw_mono now);

/* ---- called by the parts of the meter ---- */

/* Once settings and clock are known. MW_IO. */
MW_NODISCARD mw_status mw_electric_seal_mount(struct mw_electric_meter *m, uint32_t first_sector,
                                              uint32_t software);
void mw_electric_seal_step(struct mw_electric_meter *m);
/* Before the period of the demand changes. MW_FORBIDDEN, MW_SPACE, MW_IO: it must not. */
MW_NODISCARD mw_status mw_electric_seal_demand(struct mw_electric_meter *m, uint16_t minutes);

#endif
