/* SPDX-License-Identifier: Apache-2.0
 *
 * The numbers and texts an electricity meter shows to its readers: one list, from which the object
 * tables, the profiles' columns and the registers' scalers and units are made.
 *
 * A number is an int64 count of the unit in its row; whoever gives one does not scale it again.
 */
#ifndef MW_METERS_ELECTRICITY_NUMBERS_H
#define MW_METERS_ELECTRICITY_NUMBERS_H

#include <stdint.h>

/* X(name, how many, COSEM type, scaler, DLMS unit; 255 none)
 * Phases are L1, L2, L3. "total+3" is the total and then the phases. */
#define MW_ELECTRIC_NUMBER_LIST(X)                                                                   \
    /* Energy: total, T1..T8 of import, then of export. */                                           \
    X(ACTIVE, 18, UINT32, 0, 30)                                                                     \
    X(REACTIVE, 18, UINT32, 0, 32)                                                                   \
    X(ACTIVE_PHASE, 6, UINT32, 0, 30) /* import L1..L3, export L1..L3 */                             \
    X(REACTIVE_PHASE, 6, UINT32, 0, 32)                                                              \
    X(QUADRANT, 4, UINT32, 0, 32)        /* R1..R4 */                                                \
    X(ACTIVE_INTERVAL, 2, UINT32, 0, 30) /* import, export of the last load-profile interval */      \
    X(REACTIVE_INTERVAL, 2, UINT32, 0, 32)                                                           \
    /* Demand, W: greatest since the billing period began (total, T1..T8), then running and last   \
     * average. */ \
    X(DEMAND_MAX, 9, UINT32, 0, 27)                                                                  \
    X(DEMAND, 1, UINT32, 0, 27)                                                                      \
    X(DEMAND_LAST, 1, UINT32, 0, 27)                                                                 \
    /* Instantaneous. */                                                                             \
    X(VOLTAGE, 3, UINT32, -3, 35)                                                                    \
    X(VOLTAGE_BETWEEN, 3, UINT32, -3, 35) /* L1-L2, L2-L3, L3-L1 */                                  \
    X(CURRENT, 3, UINT32, -3, 33)                                                                    \
    X(NEUTRAL_CURRENT, 1, UINT32, -3, 33)                                                            \
    X(DIFFERENCE_CURRENT, 1, UINT32, -3, 33) /* between phase and neutral conductor */               \
    X(DIFFERENCE_PERCENT, 1, UINT16, -2, 56)                                                         \
    X(POWER, 4, INT32, -3, 27) /* total+3, negative: exported */                                     \
    X(POWER_REACTIVE, 4, INT32, -3, 29)                                                              \
    X(POWER_APPARENT, 4, UINT32, -3, 28)                                                             \
    X(POWER_IMPORT, 4, UINT32, 0, 27) /* total+3; 0 while exporting */                               \
    X(POWER_EXPORT, 4, UINT32, 0, 27)                                                                \
    X(POWER_FACTOR, 4, INT16, -3, 255) /* total+3 */                                                 \
    X(FREQUENCY, 1, UINT32, -3, 44)                                                                  \
    X(ANGLE_VOLTAGE, 3, INT32, -3, 8) /* of L1-L2, L2-L3, L3-L1 */                                   \
    X(ANGLE_CURRENT, 3, INT32, -3, 8) /* from current to voltage of a phase */                       \
    X(THD_VOLTAGE, 3, UINT32, -4, 56)                                                                \
    X(THD_CURRENT, 3, UINT32, -4, 56)                                                                \
    X(UNBALANCE, 1, UINT32, -4, 56)                                                                  \
    X(TAN_PHI, 1, INT16, -3, 255)                                                                    \
    X(TEMPERATURE, 1, INT16, -1, 9)                                                                  \
    X(BATTERY, 1, UINT16, -3, 35)                                                                    \
    X(PULSES, 1, UINT32, 0, 255) /* of the pulse input, ever */                                      \
    X(RUN_TIME, 1, UINT32, 0, 7) /* seconds powered, ever */                                         \
    X(TARIFF, 1, UINT8, 0, 255)  /* 1..8, active now */                                              \
    /* Tampers: case, terminal cover, magnet, radio field. */                                        \
    X(TAMPER_COUNT, 4, UINT32, 0, 255)                                                               \
    X(TAMPER_AT, 4, DATE_TIME, 0, 255) /* last begin; see `moment` */                                \
    X(TAMPER_SECONDS, 4, UINT32, 0, 7) /* of all together */                                         \
    X(PROGRAMMED_COUNT, 1, UINT32, 0, 255)                                                           \
    X(PROGRAMMED_AT, 1, DATE_TIME, 0, 255)                                                           \
    X(SAGS, 3, UINT16, 0, 255)                                                                       \
    X(SWELLS, 3, UINT16, 0, 255)                                                                     \
    X(POWER_FAILURES, 1, UINT32, 0, 255)                                                             \
    X(LONG_POWER_FAILURES, 1, UINT16, 0, 255)                                                        \
    X(EVENT, 16, UINT8, 0, 255) /* newest code of each log, or of a log's row */                     \
    X(EVENT_CHANNEL, 1, UINT8, 0, 255)                                                               \
    X(EVENT_CLIENT, 1, UINT8, 0, 255)                                                                \
    X(EVENT_VALUE, 1, INT32, 0, 255)  /* of a log's row: old and new time of a correction ... */     \
    X(EVENT_SECONDS, 1, UINT32, 0, 7) /* how long a power failure lasted */                          \
    X(QUALITY_STATUS, 1, UINT16, 0, 255)                                                             \
    X(INPUTS_STATUS, 1, UINT16, 0, 255)                                                              \
    X(PROFILE_STATUS, 1, UINT8, 0, 255)                                                              \
    X(PUSH_FLAGS, 3, UINT32, 0, 255) /* of the three groups of events */                             \
    X(COUNTER, 3, UINT32, 0, 255)    /* newest invocation counter taken from public, reader ... */   \
    /* Settable. */                                                                                  \
    X(LOAD_PERIOD, 3, UINT16, 0, 6)   /* minutes: 1, 3, 5, 10, 15, 30, 60 */                         \
    X(DEMAND_PERIOD, 1, UINT16, 0, 6) /* minutes */                                                  \
    X(EVENT_MASK, 3, UINT64, 0, 255)  /* events that drive display, push, relay */                   \
    X(SAG_LIMIT, 1, UINT32, -3, 35)                                                                  \
    X(SWELL_LIMIT, 1, UINT32, -3, 35)                                                                \
    X(CUT_LIMIT, 1, UINT32, -3, 35) /* voltage below which it is an interruption */                  \
    X(TAN_PHI_LIMIT, 1, INT16, -3, 255)                                                              \
    X(UNBALANCE_LIMIT, 1, UINT32, -4, 56)                                                            \
    X(MONITOR_LIMIT, 3, INT32, -3,                                                                   \
      255)                           /* of the three register monitors, unit of the monitored */     \
    X(CREDIT, 1, INT32, 0, 30)       /* Wh left before the relay opens, in the mode by credit */     \
    X(OFF_TARIFFS, 1, UINT8, 0, 255) /* bit n: the relay is open in tariff n + 1 */                  \
    X(PUSH_PORT, 1, UINT8, 0, 255)                                                                   \
    X(WRAPPER_TRANSPORT, 1, UINT8, 0, 255) /* 0 TCP, 1 UDP */                                        \
    X(IMAGE_LOCK, 1, UINT8, 0, 255)                                                                  \
    X(LINE_SPEED, 2, ENUM, 0, 255) /* optical, RS-485: 0 = 300 .. 5 = 9600 .. 9 = 115200 */          \
    X(DEVICE_ADDRESS, 2, UINT16, 0, 255)                                                             \
    X(INTER_OCTET_MS, 2, UINT16, 0, 255)                                                             \
    X(INACTIVITY_S, 2, UINT16, 0, 255)                                                               \
    /* Fixed. */                                                                                     \
    X(CT_RATIO, 1, UINT32, 0, 255)                                                                   \
    X(VT_RATIO, 1, UINT32, 0, 255)                                                                   \
    X(NOMINAL, 5, UINT32, -3, 255) /* U (V), basic I, f, Imax, reference U of sags */                \
    X(CONSTANT, 2, UINT32, 0, 255) /* imp/kWh, imp/kvarh */                                          \
    X(ALGORITHM, 7, UINT8, 0, 255)

typedef enum mw_electric_number {
#define X(name, n, type, scaler, unit)                                                             \
    MW_ELECTRIC_N_##name, MW_ELECTRIC_N_##name##_ENDS = MW_ELECTRIC_N_##name + (n)-1,
    MW_ELECTRIC_NUMBER_LIST(X)
#undef X
        MW_ELECTRIC_NUMBERS,
} mw_electric_number;

typedef enum mw_electric_text {
    MW_ELECTRIC_T_LDN, /* logical device name, 16 bytes or fewer */
    MW_ELECTRIC_T_SERIAL,
    MW_ELECTRIC_T_TYPE,
    MW_ELECTRIC_T_FIRMWARE,
    MW_ELECTRIC_T_MAKER,
    MW_ELECTRIC_T_MADE,   /* date */
    MW_ELECTRIC_T_SPODES, /* "03.00" */
    MW_ELECTRIC_T_POINT,  /* usage point; settable */
    MW_ELECTRIC_T_HARDWARE,
    MW_ELECTRIC_T_LEGAL_FIRMWARE, /* of the part under metrological control */
    MW_ELECTRIC_T_CHECKSUM,
    MW_ELECTRIC_T_MESSAGE_CODE, /* consumer message; settable */
    MW_ELECTRIC_T_MESSAGE,
    MW_ELECTRIC_TEXTS,
} mw_electric_text;

#endif
