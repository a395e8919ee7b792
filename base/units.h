/* SPDX-License-Identifier: Apache-2.0
 *
 * Physical quantities as types, and the one registry of units.
 *
 * A register, reading, tariff or bill is an int64 count of the smallest unit named in its type:
 * passing energy where a volume is due does not compile. Floating point does not occur here.
 *
 * Codes: UCUM 2.1 (case sensitive), DLMS unit (IEC 62056-6-2, table of units), ESPI
 * (NAESB REQ.21 UomType). 0 = the standard has no code for it.
 */
#ifndef MW_BASE_UNITS_H
#define MW_BASE_UNITS_H

#include "base/bytes.h"

typedef struct mw_energy {
    int64_t mwh; /* milliwatt-hours */
} mw_energy;

typedef struct mw_power {
    int64_t mw; /* milliwatts */
} mw_power;

typedef struct mw_volume {
    int64_t ml; /* millilitres */
} mw_volume;

typedef struct mw_freq {
    int64_t mhz; /* millihertz: 868.1 MHz is 868,100,000,000 */
} mw_freq;

typedef struct mw_level {
    int32_t cdbm; /* hundredths of a dBm: -138 dBm is -13,800 */
} mw_level;

typedef struct mw_ratio {
    int32_t cdb; /* hundredths of a dB */
} mw_ratio;

typedef struct mw_temp {
    int32_t mdegc; /* thousandths of a degree Celsius */
} mw_temp;

typedef struct mw_voltage {
    int64_t mv; /* millivolts */
} mw_voltage;

static inline mw_freq mw_freq_hz(int64_t hz) {
    return (mw_freq){hz * 1000};
}

/* X(name, symbol for people, UCUM, DLMS, ESPI) */
#define MW_UNIT_LIST(X)                                                                            \
    X(NONE, "", "1", 255, 0)                                                                       \
    X(WH, "Wh", "W.h", 30, 72)                                                                     \
    X(VARH, "varh", "var.h", 32, 73)                                                               \
    X(VAH, "VAh", "V.A.h", 31, 71)                                                                 \
    X(W, "W", "W", 27, 38)                                                                         \
    X(VAR, "var", "var", 29, 63)                                                                   \
    X(VA, "VA", "V.A", 28, 61)                                                                     \
    X(V, "V", "V", 35, 29)                                                                         \
    X(A, "A", "A", 33, 5)                                                                          \
    X(HZ, "Hz", "Hz", 44, 33)                                                                      \
    X(M3, "m³", "m3", 13, 42)                                                                      \
    X(L, "L", "L", 0, 134)                                                                         \
    X(M3_PER_H, "m³/h", "m3/h", 15, 125)                                                           \
    X(J, "J", "J", 25, 31)                                                                         \
    X(DEG_C, "°C", "Cel", 9, 23)                                                                   \
    X(PA, "Pa", "Pa", 23, 39)                                                                      \
    X(BAR, "bar", "bar", 24, 0)                                                                    \
    X(S, "s", "s", 7, 27)                                                                          \
    X(DBM, "dBm", "dB[mW]", 70, 0)                                                                 \
    X(PERCENT, "%", "%", 56, 0)                                                                    \
    X(PULSES, "imp", "{imp}", 255, 0)

typedef enum mw_unit {
#define X(name, symbol, ucum, dlms, espi) MW_UNIT_##name,
    MW_UNIT_LIST(X)
#undef X
        MW_UNIT_COUNT
} mw_unit;

typedef struct mw_unit_info {
    const char *name;   /* such as "M3": stable, for configuration and the database */
    const char *symbol; /* UTF-8, for people */
    const char *ucum;
    uint8_t dlms;
    uint16_t espi;
} mw_unit_info;

const mw_unit_info *mw_unit_info_of(mw_unit u);
/* Finds a unit by its UCUM text; MW_NOT_FOUND. */
MW_NODISCARD mw_status mw_unit_of_ucum(const char *ucum, mw_unit *out_unit);

/* A decimal fixed-point value: value * 10^scale of a unit, as DLMS scaler_unit has it. */
typedef struct mw_quantity {
    int64_t value;
    int8_t scale; /* -9..9 */
    mw_unit unit;
} mw_quantity;

/* Same quantity at another scale. MW_RANGE when it overflows or would lose digits. */
MW_NODISCARD mw_status mw_quantity_rescale(mw_quantity q, int8_t scale, mw_quantity *out_q);
/* Plain decimal text such as "-12.345", no exponent. MW_SPACE when out.n is too small (32 is
 * always enough). Writes a terminating NUL. */
MW_NODISCARD mw_status mw_quantity_format(mw_quantity q, mw_span out);

#endif
