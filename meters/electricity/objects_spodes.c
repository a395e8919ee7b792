/* SPDX-License-Identifier: Apache-2.0
 * SPODES, categories D (single-phase) and C (three-phase, direct), after GOST R 58940-2020
 * appendices B, V, G and D. Row: class, rights, which, OBIS code A to E. */
#include "meters/electricity/objects_rows.h"

/* ---- Profiles ---- */

static const mw_electric_column load_columns[] = {
    CLOCK,
    N(3, ACTIVE_INTERVAL, 0, 1, 0, 1, 29, 0),
    N(3, ACTIVE_INTERVAL, 1, 1, 0, 2, 29, 0),
    N(3, REACTIVE_INTERVAL, 0, 1, 0, 3, 29, 0),
    N(3, REACTIVE_INTERVAL, 1, 1, 0, 4, 29, 0),
};
static const mw_electric_column load_2_single[] = {
    CLOCK, N(3, VOLTAGE, 0, 1, 0, 12, 7, 0), N(3, CURRENT, 0, 1, 0, 11, 7, 0),
    N(3, NEUTRAL_CURRENT, 0, 1, 0, 91, 7, 0), N(3, FREQUENCY, 0, 1, 0, 14, 7, 0)};
static const mw_electric_column load_2_three[] = {CLOCK,
                                                  N(3, VOLTAGE, 0, 1, 0, 32, 7, 0),
                                                  N(3, VOLTAGE, 1, 1, 0, 52, 7, 0),
                                                  N(3, VOLTAGE, 2, 1, 0, 72, 7, 0),
                                                  N(3, CURRENT, 0, 1, 0, 31, 7, 0),
                                                  N(3, CURRENT, 1, 1, 0, 51, 7, 0),
                                                  N(3, CURRENT, 2, 1, 0, 71, 7, 0),
                                                  N(3, FREQUENCY, 0, 1, 0, 14, 7, 0)};
static const mw_electric_column load_3_single[] = {CLOCK, N(3, POWER, 0, 1, 0, 1, 7, 0),
                                                   N(3, POWER_REACTIVE, 0, 1, 0, 3, 7, 0)};
static const mw_electric_column load_3_three[] = {CLOCK,
                                                  N(3, POWER, 0, 1, 0, 1, 7, 0),
                                                  N(3, POWER, 1, 1, 0, 21, 7, 0),
                                                  N(3, POWER, 2, 1, 0, 41, 7, 0),
                                                  N(3, POWER, 3, 1, 0, 61, 7, 0),
                                                  N(3, POWER_REACTIVE, 0, 1, 0, 3, 7, 0),
                                                  N(3, POWER_REACTIVE, 1, 1, 0, 23, 7, 0),
                                                  N(3, POWER_REACTIVE, 2, 1, 0, 43, 7, 0),
                                                  N(3, POWER_REACTIVE, 3, 1, 0, 63, 7, 0)};

#define IMPORT_BY_TARIFF                                                                           \
    N(3, ACTIVE, 1, 1, 0, 1, 8, 1), N(3, ACTIVE, 2, 1, 0, 1, 8, 2),                                \
        N(3, ACTIVE, 3, 1, 0, 1, 8, 3), N(3, ACTIVE, 4, 1, 0, 1, 8, 4),                            \
        N(3, ACTIVE, 5, 1, 0, 1, 8, 5), N(3, ACTIVE, 6, 1, 0, 1, 8, 6),                            \
        N(3, ACTIVE, 7, 1, 0, 1, 8, 7), N(3, ACTIVE, 8, 1, 0, 1, 8, 8)
#define TOTALS                                                                                     \
    N(3, ACTIVE, 0, 1, 0, 1, 8, 0), N(3, ACTIVE, 9, 1, 0, 2, 8, 0),                                \
        N(3, REACTIVE, 0, 1, 0, 3, 8, 0), N(3, REACTIVE, 9, 1, 0, 4, 8, 0)
#define REACTIVE_BY_TARIFF                                                                         \
    N(3, REACTIVE, 1, 1, 0, 3, 8, 1), N(3, REACTIVE, 2, 1, 0, 3, 8, 2),                            \
        N(3, REACTIVE, 3, 1, 0, 3, 8, 3), N(3, REACTIVE, 4, 1, 0, 3, 8, 4),                        \
        N(3, REACTIVE, 10, 1, 0, 4, 8, 1), N(3, REACTIVE, 11, 1, 0, 4, 8, 2),                      \
        N(3, REACTIVE, 12, 1, 0, 4, 8, 3), N(3, REACTIVE, 13, 1, 0, 4, 8, 4)
static const mw_electric_column billing_single[] = {CLOCK, IMPORT_BY_TARIFF, TOTALS,
                                                    N(4, DEMAND_MAX, 0, 1, 0, 1, 6, 0)};
static const mw_electric_column billing_three[] = {
    CLOCK, IMPORT_BY_TARIFF, TOTALS, REACTIVE_BY_TARIFF, N(4, DEMAND_MAX, 0, 1, 0, 1, 6, 0)};
static const mw_electric_column snapshot_single[] = {CLOCK,
                                                     TOTALS,
                                                     N(3, VOLTAGE, 0, 1, 0, 12, 7, 0),
                                                     N(3, CURRENT, 0, 1, 0, 11, 7, 0),
                                                     N(3, NEUTRAL_CURRENT, 0, 1, 0, 91, 7, 0),
                                                     N(3, POWER, 0, 1, 0, 1, 7, 0),
                                                     N(3, POWER_REACTIVE, 0, 1, 0, 3, 7, 0),
                                                     N(3, POWER_APPARENT, 0, 1, 0, 9, 7, 0),
                                                     N(3, POWER_FACTOR, 0, 1, 0, 13, 7, 0),
                                                     N(3, FREQUENCY, 0, 1, 0, 14, 7, 0)};
static const mw_electric_column snapshot_three[] = {CLOCK,
                                                    TOTALS,
                                                    N(3, VOLTAGE, 0, 1, 0, 32, 7, 0),
                                                    N(3, VOLTAGE, 1, 1, 0, 52, 7, 0),
                                                    N(3, VOLTAGE, 2, 1, 0, 72, 7, 0),
                                                    N(3, CURRENT, 0, 1, 0, 31, 7, 0),
                                                    N(3, CURRENT, 1, 1, 0, 51, 7, 0),
                                                    N(3, CURRENT, 2, 1, 0, 71, 7, 0),
                                                    N(3, POWER, 0, 1, 0, 1, 7, 0),
                                                    N(3, POWER_REACTIVE, 0, 1, 0, 3, 7, 0),
                                                    N(3, POWER_APPARENT, 0, 1, 0, 9, 7, 0),
                                                    N(3, POWER_FACTOR, 0, 1, 0, 13, 7, 0),
                                                    N(3, FREQUENCY, 0, 1, 0, 14, 7, 0)};
static const mw_electric_column nameplate_columns[] = {
    TEXT(SERIAL, 0, 0, 96, 1, 0),     TEXT(TYPE, 0, 0, 96, 1, 1),
    TEXT(FIRMWARE, 0, 0, 96, 1, 2),   TEXT(MAKER, 0, 0, 96, 1, 3),
    TEXT(MADE, 0, 0, 96, 1, 4),       TEXT(SPODES, 0, 0, 96, 1, 6),
    N(1, CT_RATIO, 0, 1, 0, 0, 4, 2), N(1, VT_RATIO, 0, 1, 0, 0, 4, 3)};

#define LOG_COLUMNS(e) CLOCK, N(1, EVENT, e, 0, 0, 96, 11, e), N(1, RUN_TIME, 0, 0, 0, 96, 8, 0)
#define LOG_TABLE(e)   static const mw_electric_column log_##e[] = {LOG_COLUMNS(e)};
LOG_TABLE(0)
LOG_TABLE(1)
LOG_TABLE(2)
LOG_TABLE(4)
LOG_TABLE(7)
LOG_TABLE(8)
LOG_TABLE(12)
LOG_TABLE(14)
static const mw_electric_column log_3[] = {LOG_COLUMNS(3), N(1, EVENT_CHANNEL, 0, 0, 0, 96, 12, 4)};
static const mw_electric_column log_5[] = {LOG_COLUMNS(5), N(1, EVENT_CHANNEL, 0, 0, 0, 96, 12, 4)};
static const mw_electric_column log_6[] = {LOG_COLUMNS(6), N(1, EVENT_CHANNEL, 0, 0, 0, 96, 12, 4),
                                           N(1, EVENT_CLIENT, 0, 0, 0, 96, 12, 6)};
static const mw_electric_column log_9[] = {CLOCK, N(1, QUALITY_STATUS, 0, 0, 0, 96, 5, 4),
                                           N(1, RUN_TIME, 0, 0, 0, 96, 8, 0)};
static const mw_electric_column log_10[] = {CLOCK, N(1, INPUTS_STATUS, 0, 0, 0, 96, 3, 0),
                                            N(1, RUN_TIME, 0, 0, 0, 96, 8, 0)};
static const mw_electric_column log_13[] = {CLOCK, N(1, EVENT_VALUE, 0, 0, 0, 96, 15, 13),
                                            N(1, RUN_TIME, 0, 0, 0, 96, 8, 0)};
static const mw_electric_column log_15[] = {CLOCK, N(1, QUALITY_STATUS, 0, 0, 0, 96, 5, 4)};

#define LOG(e, rows)                                                                               \
    static const mw_electric_profile_info log_info_##e =                                           \
        PROFILE(MW_ELECTRIC_LOG + e, log_##e, rows, MW_ELECTRIC_NUMBERS, 0);
LOG(0, 1024)
LOG(1, 256)
LOG(2, 256)
LOG(3, 1024)
LOG(4, 256)
LOG(5, 128)
LOG(6, 128)
LOG(7, 256)
LOG(8, 256)
LOG(9, 500)
LOG(10, 128)
LOG(12, 128)
LOG(13, 128)
LOG(14, 128)
LOG(15, 36)

#define STORED(kind)                                                                               \
    static const mw_electric_profile_info kind##_load =                                            \
        PROFILE(MW_ELECTRIC_LOAD, load_columns, 6144, MW_ELECTRIC_N_LOAD_PERIOD, 0);               \
    static const mw_electric_profile_info kind##_load_2 =                                          \
        PROFILE(MW_ELECTRIC_LOAD_2, load_2_##kind, 6144, MW_ELECTRIC_N_LOAD_PERIOD + 1, 0);        \
    static const mw_electric_profile_info kind##_load_3 =                                          \
        PROFILE(MW_ELECTRIC_LOAD_3, load_3_##kind, 6144, MW_ELECTRIC_N_LOAD_PERIOD + 2, 0);        \
    static const mw_electric_profile_info kind##_daily =                                           \
        PROFILE(MW_ELECTRIC_DAILY, billing_##kind, 180, MW_ELECTRIC_NUMBERS, 86400);               \
    static const mw_electric_profile_info kind##_monthly =                                         \
        PROFILE(MW_ELECTRIC_MONTHLY, billing_##kind, 36, MW_ELECTRIC_NUMBERS, 0);                  \
    static const mw_electric_profile_info kind##_snapshot =                                        \
        PROFILE(MW_ELECTRIC_SNAPSHOT, snapshot_##kind, 1, MW_ELECTRIC_NUMBERS, 0);                 \
    static const mw_electric_profile_info kind##_scale_billing =                                   \
        PROFILE(MW_ELECTRIC_SCALERS, billing_##kind, 1, MW_ELECTRIC_NUMBERS, 0);                   \
    static const mw_electric_profile_info kind##_scale_snapshot =                                  \
        PROFILE(MW_ELECTRIC_SCALERS, snapshot_##kind, 1, MW_ELECTRIC_NUMBERS, 0);                  \
    static const mw_electric_profile_info kind##_scale_load =                                      \
        PROFILE(MW_ELECTRIC_SCALERS, load_columns, 1, MW_ELECTRIC_NUMBERS, 0);                     \
    static const mw_electric_profile_info *const kind##_profiles[] = {&kind##_load,                \
                                                                      &kind##_load_2,              \
                                                                      &kind##_load_3,              \
                                                                      &kind##_daily,               \
                                                                      &kind##_monthly,             \
                                                                      &kind##_snapshot,            \
                                                                      &kind##_scale_billing,       \
                                                                      &kind##_scale_billing,       \
                                                                      &kind##_scale_snapshot,      \
                                                                      &kind##_scale_load,          \
                                                                      &nameplate,                  \
                                                                      &log_info_0,                 \
                                                                      &log_info_1,                 \
                                                                      &log_info_2,                 \
                                                                      &log_info_3,                 \
                                                                      &log_info_4,                 \
                                                                      &log_info_5,                 \
                                                                      &log_info_6,                 \
                                                                      &log_info_7,                 \
                                                                      &log_info_8,                 \
                                                                      &log_info_9,                 \
                                                                      &log_info_10,                \
                                                                      &log_info_12,                \
                                                                      &log_info_13,                \
                                                                      &log_info_14,                \
                                                                      &log_info_15};
static const mw_electric_profile_info nameplate =
    PROFILE(MW_ELECTRIC_NAMEPLATE, nameplate_columns, 1, MW_ELECTRIC_NUMBERS, 0);
STORED(single)
STORED(three)

/* ---- Objects ---- */

#define DATA_N(rights, number, i, a, b, c, d, e)                                                   \
    O(DATA, rights, MW_ELECTRIC_N_##number + (i), a, b, c, d, e)
#define DATA_T(rights, text, a, b, c, d, e)                                                        \
    O(DATA, rights, MW_ELECTRIC_TEXT_ITEM + MW_ELECTRIC_T_##text, a, b, c, d, e)
#define REG(number, i, c, d, e) O(REGISTER, read, MW_ELECTRIC_N_##number + (i), 1, 0, c, d, e)
#define LIMIT(number, c, d, e)  O(REGISTER, set_2, MW_ELECTRIC_N_##number, 1, 0, c, d, e)

#define TARIFFS(number, from, c)                                                                   \
    REG(number, from, c, 8, 0), REG(number, from + 1, c, 8, 1), REG(number, from + 2, c, 8, 2),    \
        REG(number, from + 3, c, 8, 3), REG(number, from + 4, c, 8, 4),                            \
        REG(number, from + 5, c, 8, 5), REG(number, from + 6, c, 8, 6),                            \
        REG(number, from + 7, c, 8, 7), REG(number, from + 8, c, 8, 8)
#define DEMAND(i, e) O(EXTENDED, read, MW_ELECTRIC_N_DEMAND_MAX + (i), 1, 0, 1, 6, e)
#define TAMPER(i, from)                                                                            \
    DATA_N(read, TAMPER_COUNT, i, 0, 0, 96, 20, from),                                             \
        DATA_N(read, TAMPER_AT, i, 0, 0, 96, 20, from + 1),                                        \
        DATA_N(read, TAMPER_SECONDS, i, 0, 0, 96, 20, from + 3)
#define LOG_OBJECT(item, e) O(PROFILE, log, item, 0, 0, 99, 98, e)
#define CODE(e)             DATA_N(read, EVENT, e, 0, 0, 96, 11, e)

static const mw_cosem_object spodes_d_objects[] = {
#include "meters/electricity/objects_spodes_common.inc"
    REG(CURRENT, 0, 11, 7, 0),
    REG(DIFFERENCE_CURRENT, 0, 91, 7, 131),
    REG(DIFFERENCE_PERCENT, 0, 91, 7, 132),
    REG(VOLTAGE, 0, 12, 7, 0),
    REG(ANGLE_CURRENT, 0, 81, 7, 4),
    REG(THD_VOLTAGE, 0, 12, 7, 124),
    REG(THD_CURRENT, 0, 11, 7, 124),
    O(LIMITER, limiter, MW_ELECTRIC_LIMIT_DIFFERENCE, 0, 0, 17, 0, 4),
};

#define PHASE(i, ap, am, rp, rm, s, current, voltage, factor)                                      \
    REG(ACTIVE_PHASE, i, ap, 8, 0), REG(ACTIVE_PHASE, 3 + i, am, 8, 0),                            \
        REG(REACTIVE_PHASE, i, rp, 8, 0), REG(REACTIVE_PHASE, 3 + i, rm, 8, 0),                    \
        REG(POWER, i + 1, ap, 7, 0), REG(POWER_REACTIVE, i + 1, rp, 7, 0),                         \
        REG(POWER_APPARENT, i + 1, s, 7, 0), REG(POWER_FACTOR, i + 1, factor, 7, 0),               \
        REG(CURRENT, i, current, 7, 0), REG(VOLTAGE, i, voltage, 7, 0),                            \
        REG(THD_CURRENT, i, current, 7, 124), REG(THD_VOLTAGE, i, voltage, 7, 124)

static const mw_cosem_object spodes_c_objects[] = {
#include "meters/electricity/objects_spodes_common.inc"
    PHASE(0, 21, 22, 23, 24, 29, 31, 32, 33),
    PHASE(1, 41, 42, 43, 44, 49, 51, 52, 53),
    PHASE(2, 61, 62, 63, 64, 69, 71, 72, 73),
    REG(VOLTAGE_BETWEEN, 0, 12, 7, 1),
    REG(VOLTAGE_BETWEEN, 1, 12, 7, 2),
    REG(VOLTAGE_BETWEEN, 2, 12, 7, 3),
    REG(ANGLE_VOLTAGE, 0, 81, 7, 1),
    REG(ANGLE_VOLTAGE, 1, 81, 7, 12),
    REG(ANGLE_VOLTAGE, 2, 81, 7, 2),
    REG(ANGLE_CURRENT, 0, 81, 7, 4),
    REG(ANGLE_CURRENT, 1, 81, 7, 15),
    REG(ANGLE_CURRENT, 2, 81, 7, 26),
    REG(UNBALANCE, 0, 133, 7, 0),
};

static const mw_electric_column spodes_pushed[] = {TEXT(LDN, 0, 0, 42, 0, 0),
                                                   CLOCK,
                                                   N(1, PUSH_FLAGS, 0, 0, 0, 97, 98, 0),
                                                   N(1, PUSH_FLAGS, 1, 0, 0, 97, 98, 10),
                                                   N(1, PUSH_FLAGS, 2, 0, 0, 97, 98, 20),
                                                   TOTALS};

static const mw_cosem_client spodes_clients[] = {
    {16, 0, MW_COSEM_MECHANISM_NONE, false, 0, CAN_READ},
    {32, 1, MW_COSEM_MECHANISM_LOW, false, 0, CAN_READ | CAN_ACT},
    {48, 2, MW_COSEM_MECHANISM_HIGH_GMAC, true, MW_COSEM_SC_ENCRYPTED,
     CAN_READ | CAN_ACT | CAN_WRITE},
};

#define TABLE(text, objects_, profiles_)                                                           \
    {                                                                                              \
        .name = text, .objects = objects_, .object_count = COUNT(objects_), .profiles = profiles_, \
        .profile_count = COUNT(profiles_), .clients = spodes_clients,                              \
        .client_count = COUNT(spodes_clients), .pushed = spodes_pushed,                            \
        .pushed_count = COUNT(spodes_pushed)                                                       \
    }

const mw_electric_table mw_electric_spodes_d = TABLE("SPODES D", spodes_d_objects, single_profiles);
const mw_electric_table mw_electric_spodes_c = TABLE("SPODES C", spodes_c_objects, three_profiles);
