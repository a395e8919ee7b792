/* SPDX-License-Identifier: Apache-2.0
 *
 * Volume at base conditions:
 *
 *     V_b = V * (p / p_b) * (T_b / T) * (Z_b / Z)
 *
 * The base is configurable (15, 20 or 0 C and 101.325 kPa are usual) and belongs to the record. Z
 * comes from the modified GERG-91 equation (GOST 30319.2-96; 250..340 K, 0.1..12 MPa), evaluated
 * in integers; below 250 K it is an extrapolation and is flagged. At the pressures of a house
 * |Z_b/Z - 1| stays under 0.31 %.
 *
 * The factor is an integer of 2^-30; the register takes each step's volume times the factor exactly
 * and carries what does not make a microlitre, so the sum over any number of steps loses nothing.
 */
#ifndef MW_METERS_GAS_CONVERT_H
#define MW_METERS_GAS_CONVERT_H

#include "base/status.h"
#include "base/units.h"

/* What the equation needs to know of the gas. */
typedef struct mw_gas_composition {
    int32_t density_mg_m3; /* at 20 C and 101.325 kPa: 660,000..1,050,000 */
    int32_t nitrogen_ppm;  /* molar, 0..200,000 */
    int32_t carbon_dioxide_ppm;
} mw_gas_composition;

typedef struct mw_gas_base {
    mw_temp temperature; /* -10..40 C */
    int32_t pressure_pa; /* absolute, 90,000..110,000 */
} mw_gas_base;

extern const mw_gas_base mw_gas_base_15c, mw_gas_base_20c, mw_gas_base_0c;

#define MW_GAS_FACTOR_ONE (INT64_C(1) << 30) /* of Z and of conversion factors */

/* Compression factor Z in units of 2^-30. MW_RANGE: gas outside the limits above, temperature
 * outside -43..66 C, pressure outside 20 kPa..1.2 MPa, or air-like gas for which there is no Z. */
MW_NODISCARD mw_status mw_gas_compression(const mw_gas_composition *gas, mw_temp t,
                                          int32_t pressure_pa, int64_t *out_z);

/* Why a factor is less certain; levels. */
enum {
    MW_GAS_SUBSTITUTE_P = 0x01,  /* no pressure measured: the substitute value was used */
    MW_GAS_SUBSTITUTE_T = 0x02,  /* no temperature measured: the substitute value was used */
    MW_GAS_SUBSTITUTE_Z = 0x04,  /* Z / Z_b taken as 1: switched off, or the equation has none */
    MW_GAS_EXTRAPOLATED = 0x08,  /* Z below 250 K */
    MW_GAS_CONVERT_FAULT = 0x10, /* a sensor that should be there gave nothing or nonsense */
};

typedef struct mw_gas_convert_config {
    mw_gas_base base;
    mw_gas_composition gas;
    bool compressibility;  /* else Z_b / Z = 1 (a PT converter) */
    bool pressure_sensor;  /* the meter has one; else the substitute is the rule */
    int32_t substitute_pa; /* absolute, 60,000..600,000 */
    mw_temp substitute;    /* temperature, -40..60 C */
} mw_gas_convert_config;

MW_NODISCARD mw_status mw_gas_convert_check(const mw_gas_convert_config *c);

typedef struct mw_gas_conditions {
    bool have_temperature, have_pressure;
    mw_temp temperature;
    int32_t pressure_pa; /* absolute */
} mw_gas_conditions;

typedef struct mw_gas_convert {
    mw_gas_convert_config config;
    int64_t factor; /* V_b / V in units of 2^-30 */
    int64_t z_base;
    int64_t converted_ul;         /* whole register of converted volume */
    int64_t disturbed_ul;         /* the part of it that was counted with MW_GAS_CONVERT_FAULT */
    int64_t rest, disturbed_rest; /* 0..2^30-1 of a microlitre */
    uint8_t flags;
} mw_gas_convert;

/* Starts with empty registers and the substitute conditions. MW_RANGE as mw_gas_convert_check. */
MW_NODISCARD mw_status mw_gas_convert_init(mw_gas_convert *v, const mw_gas_convert_config *config);
/* New conditions: recomputes factor and flags. Once a minute is enough. */
void mw_gas_convert_update(mw_gas_convert *v, const mw_gas_conditions *now);
/* Volume counted since, 0..10^12 uL. */
void mw_gas_convert_add(mw_gas_convert *v, int64_t ul);

#endif
