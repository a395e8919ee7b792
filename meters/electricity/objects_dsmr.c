/* SPDX-License-Identifier: Apache-2.0
 * A three-phase meter after DSMR 4.2.2 and IDIS, as far as public head-end software tells of them:
 * two tariffs, profiles with a status column, event logs of their own. Event codes differ from
 * those of SPODES; whoever fills the logs gives the codes of the profile. */
#include "meters/electricity/objects_rows.h"

#define STATUS N(1, PROFILE_STATUS, 0, 0, 0, 96, 10, 1)

static const mw_electric_column load_columns[] = {CLOCK, STATUS, N(3, ACTIVE, 0, 1, 0, 1, 8, 0),
                                                  N(3, ACTIVE, 9, 1, 0, 2, 8, 0)};
static const mw_electric_column load_2_columns[] = {CLOCK,
                                                    STATUS,
                                                    N(3, VOLTAGE, 0, 1, 0, 32, 7, 0),
                                                    N(3, VOLTAGE, 1, 1, 0, 52, 7, 0),
                                                    N(3, VOLTAGE, 2, 1, 0, 72, 7, 0),
                                                    N(3, CURRENT, 0, 1, 0, 31, 7, 0),
                                                    N(3, CURRENT, 1, 1, 0, 51, 7, 0),
                                                    N(3, CURRENT, 2, 1, 0, 71, 7, 0)};
#define BILLING                                                                                    \
    N(3, ACTIVE, 1, 1, 0, 1, 8, 1), N(3, ACTIVE, 2, 1, 0, 1, 8, 2),                                \
        N(3, ACTIVE, 10, 1, 0, 2, 8, 1), N(3, ACTIVE, 11, 1, 0, 2, 8, 2)
static const mw_electric_column daily_columns[] = {CLOCK, STATUS, BILLING};
static const mw_electric_column monthly_columns[] = {CLOCK, BILLING};
static const mw_electric_column log_standard[] = {CLOCK, N(1, EVENT, 0, 0, 0, 96, 11, 0)};
static const mw_electric_column log_fraud[] = {CLOCK, N(1, EVENT, 1, 0, 0, 96, 11, 1)};
static const mw_electric_column log_comms[] = {CLOCK, N(1, EVENT, 4, 0, 0, 96, 11, 4)};
static const mw_electric_column log_quality[] = {CLOCK, N(1, EVENT, 7, 0, 0, 96, 11, 7)};
static const mw_electric_column failures[] = {CLOCK, N(3, EVENT_SECONDS, 0, 0, 0, 96, 7, 19)};

#define INFO(name, which, columns, rows, minutes, seconds)                                         \
    static const mw_electric_profile_info name = PROFILE(which, columns, rows, minutes, seconds);
INFO(load, MW_ELECTRIC_LOAD, load_columns, 6144, MW_ELECTRIC_N_LOAD_PERIOD, 0)
INFO(load_2, MW_ELECTRIC_LOAD_2, load_2_columns, 6144, MW_ELECTRIC_N_LOAD_PERIOD + 1, 0)
INFO(daily, MW_ELECTRIC_DAILY, daily_columns, 40, MW_ELECTRIC_NUMBERS, 86400)
INFO(monthly, MW_ELECTRIC_MONTHLY, monthly_columns, 13, MW_ELECTRIC_NUMBERS, 0)
INFO(standard, MW_ELECTRIC_LOG + 0, log_standard, 100, MW_ELECTRIC_NUMBERS, 0)
INFO(fraud, MW_ELECTRIC_LOG + 1, log_fraud, 30, MW_ELECTRIC_NUMBERS, 0)
INFO(comms, MW_ELECTRIC_LOG + 4, log_comms, 100, MW_ELECTRIC_NUMBERS, 0)
INFO(quality, MW_ELECTRIC_LOG + 7, log_quality, 100, MW_ELECTRIC_NUMBERS, 0)
INFO(failed, MW_ELECTRIC_POWER_FAILURES, failures, 10, MW_ELECTRIC_NUMBERS, 0)

static const mw_electric_profile_info *const profiles[] = {
    &load, &load_2, &daily, &monthly, &standard, &fraud, &comms, &quality, &failed};

#define REG(number, i, c, d, e) O(REGISTER, read, MW_ELECTRIC_N_##number + (i), 1, 0, c, d, e)
#define DATA_N(rights, number, i, a, b, c, d, e)                                                   \
    O(DATA, rights, MW_ELECTRIC_N_##number + (i), a, b, c, d, e)
#define DATA_T(rights, text, a, b, c, d, e)                                                        \
    O(DATA, rights, MW_ELECTRIC_TEXT_ITEM + MW_ELECTRIC_T_##text, a, b, c, d, e)
#define PHASE(i, import, export, voltage, current)                                                 \
    REG(POWER_IMPORT, i + 1, import, 7, 0), REG(POWER_EXPORT, i + 1, export, 7, 0),                \
        REG(VOLTAGE, i, voltage, 7, 0), REG(CURRENT, i, current, 7, 0),                            \
        DATA_N(read, SAGS, i, 1, 0, voltage, 32, 0), DATA_N(read, SWELLS, i, 1, 0, voltage, 36, 0)

static const mw_cosem_object objects[] = {
    DATA_T(all, LDN, 0, 0, 42, 0, 0),
    O(CLOCK, clock, 0, 0, 0, 1, 0, 0),
    O(SAP, read, 0, 0, 0, 41, 0, 0),
    O(SECURITY, security, 0, 0, 0, 43, 0, 0),
    DATA_N(all, COUNTER, 2, 0, 0, 43, 1, 0),
    REG(ACTIVE, 0, 1, 8, 0),
    REG(ACTIVE, 1, 1, 8, 1),
    REG(ACTIVE, 2, 1, 8, 2),
    REG(ACTIVE, 9, 2, 8, 0),
    REG(ACTIVE, 10, 2, 8, 1),
    REG(ACTIVE, 11, 2, 8, 2),
    REG(POWER_IMPORT, 0, 1, 7, 0),
    REG(POWER_EXPORT, 0, 2, 7, 0),
    PHASE(0, 21, 22, 32, 31),
    PHASE(1, 41, 42, 52, 51),
    PHASE(2, 61, 62, 72, 71),
    DATA_N(read, TARIFF, 0, 0, 0, 96, 14, 0),
    DATA_N(read, PROFILE_STATUS, 0, 0, 0, 96, 10, 1),
    DATA_N(read, POWER_FAILURES, 0, 0, 0, 96, 7, 21),
    DATA_N(read, LONG_POWER_FAILURES, 0, 0, 0, 96, 7, 9),
    O(REGISTER, read, MW_ELECTRIC_N_EVENT_SECONDS, 0, 0, 96, 7, 19),
    DATA_N(read, EVENT, 0, 0, 0, 96, 11, 0),
    DATA_N(read, EVENT, 1, 0, 0, 96, 11, 1),
    DATA_N(read, EVENT, 4, 0, 0, 96, 11, 4),
    DATA_N(read, EVENT, 7, 0, 0, 96, 11, 7),
    O(PROFILE, profile, 0, 1, 0, 99, 1, 0),
    O(PROFILE, profile, 1, 1, 0, 99, 2, 1),
    O(PROFILE, profile, 2, 1, 0, 99, 2, 0),
    O(PROFILE, profile, 3, 0, 0, 98, 1, 0),
    O(PROFILE, log, 4, 0, 0, 99, 98, 0),
    O(PROFILE, log, 5, 0, 0, 99, 98, 1),
    O(PROFILE, log, 6, 0, 0, 99, 98, 4),
    O(PROFILE, log, 7, 0, 0, 99, 98, 7),
    O(PROFILE, log, 8, 1, 0, 99, 97, 0),
    O(ACTIVITY, activity, 0, 0, 0, 13, 0, 0),
    O(SPECIALS, specials, 0, 0, 0, 11, 0, 0),
    O(SCRIPT, script, MW_ELECTRIC_SCRIPT_BILLING, 0, 0, 10, 0, 1),
    O(SCRIPT, script, MW_ELECTRIC_SCRIPT_TARIFF, 0, 0, 10, 0, 100),
    O(SCRIPT, script, MW_ELECTRIC_SCRIPT_RELAY, 0, 0, 10, 0, 106),
    O(SCRIPT, script, MW_ELECTRIC_SCRIPT_IMAGE, 0, 0, 10, 0, 107),
    O(SCHEDULE, schedule, 0, 0, 0, 15, 0, 0),
    O(SCHEDULE, schedule, 1, 0, 0, 15, 0, 2),
    O(DISCONNECT, disconnect, 0, 0, 0, 96, 3, 10),
    O(LIMITER, limiter, MW_ELECTRIC_LIMIT_POWER, 0, 0, 17, 0, 0),
    DATA_N(set_2, PUSH_FLAGS, 0, 0, 0, 97, 98, 0),
    DATA_N(set_2, EVENT_MASK, 1, 0, 0, 97, 98, 10),
    O(PUSH, push, 0, 0, 0, 25, 9, 0),
    O(HDLC, hdlc, 0, 0, 0, 22, 0, 0),
    O(TCP, read, 0, 0, 0, 25, 0, 0),
    O(IMAGE, image, 0, 0, 0, 44, 0, 0),
    DATA_T(set_2, MESSAGE_CODE, 0, 0, 96, 13, 1),
    DATA_T(set_2, MESSAGE, 0, 0, 96, 13, 0),
    DATA_T(read, SERIAL, 0, 0, 96, 1, 0),
    DATA_T(set_2, POINT, 0, 0, 96, 1, 1),
    DATA_T(read, FIRMWARE, 1, 0, 0, 2, 0),
    DATA_T(read, CHECKSUM, 1, 0, 0, 2, 8),
    DATA_N(set_2, LOAD_PERIOD, 0, 1, 0, 0, 8, 4),
};

static const mw_electric_column pushed[] = {TEXT(LDN, 0, 0, 42, 0, 0),
                                            N(1, PUSH_FLAGS, 0, 0, 0, 97, 98, 0)};

static const mw_cosem_client clients[] = {
    {16, 0, MW_COSEM_MECHANISM_NONE, false, 0, CAN_READ},
    {2, 1, MW_COSEM_MECHANISM_LOW, false, 0, CAN_READ | CAN_ACT},
    {1, 2, MW_COSEM_MECHANISM_HIGH_GMAC, true, MW_COSEM_SC_ENCRYPTED,
     CAN_READ | CAN_ACT | CAN_WRITE},
};

const mw_electric_table mw_electric_dsmr = {.name = "DSMR",
                                            .objects = objects,
                                            .object_count = COUNT(objects),
                                            .profiles = profiles,
                                            .profile_count = COUNT(profiles),
                                            .clients = clients,
                                            .client_count = COUNT(clients),
                                            .pushed = pushed,
                                            .pushed_count = COUNT(pushed)};
