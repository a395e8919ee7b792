/* SPDX-License-Identifier: Apache-2.0
 *
 * What can happen to an electricity meter, as SPODES (GOST R 58940-2020, appendix D) logs it: the
 * meter writes it down, its radio and its pushes carry it, the platform names it.
 *
 *   code   log * 256 + the standard's number; 128..255 of each log are ours where the standard has
 *          none: it leaves them to the maker
 *   bit    place in the three masks of events that drive display, push and relay (64 events in 3
 *          groups). A condition has one place: its end has that of its begin. 255: in no group
 */
#ifndef MW_PROTOCOLS_SPODES_EVENTS_H
#define MW_PROTOCOLS_SPODES_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum mw_spodes_log {
    MW_SPODES_LOG_VOLTAGE,
    MW_SPODES_LOG_CURRENT,
    MW_SPODES_LOG_SWITCHING,
    MW_SPODES_LOG_PROGRAMMING,
    MW_SPODES_LOG_INFLUENCE,
    MW_SPODES_LOG_CONNECTION,
    MW_SPODES_LOG_ACCESS,
    MW_SPODES_LOG_DIAGNOSIS,
    MW_SPODES_LOG_TAN_PHI,
    MW_SPODES_LOGS
} mw_spodes_log;

/* X(name, log, number, bit, what a person reads) */
#define MW_SPODES_EVENT_LIST(X)                                                                    \
    X(U_LOST_1, 0, 1, 0, "phase A without voltage")                                                \
    X(U_BACK_1, 0, 2, 0, "phase A has voltage again")                                              \
    X(U_LOST_2, 0, 3, 1, "phase B without voltage")                                                \
    X(U_BACK_2, 0, 4, 1, "phase B has voltage again")                                              \
    X(U_LOST_3, 0, 5, 2, "phase C without voltage")                                                \
    X(U_BACK_3, 0, 6, 2, "phase C has voltage again")                                              \
    X(U_HIGH, 0, 7, 3, "voltage of a phase too high")                                              \
    X(U_HIGH_ENDS, 0, 8, 3, "voltage no longer too high")                                          \
    X(U_LOW, 0, 9, 4, "voltage of a phase too low")                                                \
    X(U_LOW_ENDS, 0, 10, 4, "voltage no longer too low")                                           \
    X(UNBALANCE, 0, 11, 5, "voltages unbalanced")                                                  \
    X(UNBALANCE_ENDS, 0, 12, 5, "voltages balanced again")                                         \
    X(SWELL_1, 0, 13, 6, "swell of phase A")                                                       \
    X(SWELL_ENDS_1, 0, 14, 6, "swell of phase A over")                                             \
    X(SWELL_2, 0, 15, 7, "swell of phase B")                                                       \
    X(SWELL_ENDS_2, 0, 16, 7, "swell of phase B over")                                             \
    X(SWELL_3, 0, 17, 8, "swell of phase C")                                                       \
    X(SWELL_ENDS_3, 0, 18, 8, "swell of phase C over")                                             \
    X(SAG_1, 0, 19, 9, "sag of phase A")                                                           \
    X(SAG_ENDS_1, 0, 20, 9, "sag of phase A over")                                                 \
    X(SAG_2, 0, 21, 10, "sag of phase B")                                                          \
    X(SAG_ENDS_2, 0, 22, 10, "sag of phase B over")                                                \
    X(SAG_3, 0, 23, 11, "sag of phase C")                                                          \
    X(SAG_ENDS_3, 0, 24, 11, "sag of phase C over")                                                \
    X(SEQUENCE, 0, 25, 12, "phases in the wrong order")                                            \
    X(SEQUENCE_ENDS, 0, 26, 12, "phases in the right order again")                                 \
    X(INTERRUPTION, 0, 27, 13, "voltage interrupted")                                              \
    X(INTERRUPTION_ENDS, 0, 28, 13, "voltage restored")                                            \
    X(FREQUENCY, 0, 129, 14, "frequency out of limits")                                            \
    X(FREQUENCY_ENDS, 0, 130, 14, "frequency within limits again")                                 \
    X(EXPORT_1, 1, 1, 15, "phase A exports")                                                       \
    X(EXPORT_ENDS_1, 1, 2, 15, "phase A no longer exports")                                        \
    X(EXPORT_2, 1, 3, 16, "phase B exports")                                                       \
    X(EXPORT_ENDS_2, 1, 4, 16, "phase B no longer exports")                                        \
    X(EXPORT_3, 1, 5, 17, "phase C exports")                                                       \
    X(EXPORT_ENDS_3, 1, 6, 17, "phase C no longer exports")                                        \
    X(MISMATCH, 1, 13, 18, "phase and neutral currents differ")                                    \
    X(MISMATCH_ENDS, 1, 14, 18, "phase and neutral currents agree again")                          \
    X(I_HIGH, 1, 17, 19, "current of a phase too high")                                            \
    X(I_HIGH_ENDS, 1, 18, 19, "current no longer too high")                                        \
    X(I_ALONE_1, 1, 19, 20, "current without voltage in phase A")                                  \
    X(I_ALONE_ENDS_1, 1, 20, 20, "no longer current without voltage in phase A")                   \
    X(I_ALONE_2, 1, 21, 21, "current without voltage in phase B")                                  \
    X(I_ALONE_ENDS_2, 1, 22, 21, "no longer current without voltage in phase B")                   \
    X(I_ALONE_3, 1, 23, 22, "current without voltage in phase C")                                  \
    X(I_ALONE_ENDS_3, 1, 24, 22, "no longer current without voltage in phase C")                   \
    X(I_MAX_1, 1, 25, 23, "current of phase A above the maximum")                                  \
    X(I_MAX_ENDS_1, 1, 26, 23, "current of phase A below the maximum again")                       \
    X(I_MAX_2, 1, 27, 24, "current of phase B above the maximum")                                  \
    X(I_MAX_ENDS_2, 1, 28, 24, "current of phase B below the maximum again")                       \
    X(I_MAX_3, 1, 29, 25, "current of phase C above the maximum")                                  \
    X(I_MAX_ENDS_3, 1, 30, 25, "current of phase C below the maximum again")                       \
    X(P_HIGH, 1, 129, 26, "power above the limit")                                                 \
    X(P_HIGH_ENDS, 1, 130, 26, "power below the limit again")                                      \
    X(I_LOW, 1, 131, 27, "low consumption for a long time")                                        \
    X(I_LOW_ENDS, 1, 132, 27, "consumption no longer low")                                         \
    X(POWER_OFF, 2, 1, 28, "supply of the meter lost")                                             \
    X(POWER_ON, 2, 2, 29, "supply of the meter back")                                              \
    X(REMOTE_OFF, 2, 3, 30, "disconnected from far")                                               \
    X(REMOTE_ON, 2, 4, 31, "connected from far")                                                   \
    X(READY, 2, 5, 32, "may be connected by the button")                                           \
    X(MANUAL_OFF, 2, 6, 33, "disconnected by the button")                                          \
    X(MANUAL_ON, 2, 7, 34, "connected by the button")                                              \
    X(OFF_BY_LIMIT, 2, 8, 35, "disconnected: power limit")                                         \
    X(OFF_BY_CURRENT, 2, 9, 36, "disconnected: maximum current")                                   \
    X(OFF_BY_MAGNET, 2, 10, 37, "disconnected: magnet")                                            \
    X(OFF_BY_VOLTAGE, 2, 11, 38, "disconnected: voltage")                                          \
    X(ON_BY_VOLTAGE, 2, 12, 38, "connected: voltage is right again")                               \
    X(OFF_BY_MISMATCH, 2, 14, 39, "disconnected: phase and neutral currents differ")               \
    X(OFF_BY_HEAT, 2, 15, 40, "disconnected: temperature")                                         \
    X(OFF_BY_COVER, 2, 18, 41, "disconnected: cover or case opened")                               \
    X(OFF_BY_TARIFF, 2, 129, 42, "disconnected: tariff")                                           \
    X(ON_BY_TARIFF, 2, 130, 42, "connected: tariff")                                               \
    X(OFF_BY_CREDIT, 2, 131, 43, "disconnected: credit used up")                                   \
    X(ON_BY_CREDIT, 2, 132, 43, "connected: credit")                                               \
    X(ON_BY_LIMIT, 2, 133, 35, "connected: below the limit")                                       \
    X(CLOCK_SET, 3, 3, 44, "clock set")                                                            \
    X(SUMMER_TIME_SET, 3, 4, 45, "summer time rule changed")                                       \
    X(SEASONS_SET, 3, 5, 45, "seasons of the calendar changed")                                    \
    X(WEEKS_SET, 3, 6, 45, "weeks of the calendar changed")                                        \
    X(DAYS_SET, 3, 7, 45, "days of the calendar changed")                                          \
    X(CALENDAR_DATE_SET, 3, 8, 45, "begin of the next calendar changed")                           \
    X(CALENDAR_ACTIVE, 3, 9, 46, "calendar activated")                                             \
    X(BILLING_DAY_SET, 3, 10, 47, "billing day changed")                                           \
    X(LOW_PASSWORD_SET, 3, 13, 48, "reader's password changed")                                    \
    X(HIGH_PASSWORD_SET, 3, 14, 48, "configurator's password changed")                             \
    X(POINT_SET, 3, 15, 47, "usage point changed")                                                 \
    X(POWER_LIMIT_SET, 3, 19, 49, "power limit changed")                                           \
    X(CUT_LIMIT_SET, 3, 24, 49, "threshold of interruptions changed")                              \
    X(SWELL_LIMIT_SET, 3, 25, 49, "threshold of swells changed")                                   \
    X(SAG_LIMIT_SET, 3, 26, 49, "threshold of sags changed")                                       \
    X(TAN_PHI_LIMIT_SET, 3, 27, 49, "threshold of tan phi changed")                                \
    X(UNBALANCE_LIMIT_SET, 3, 28, 49, "threshold of unbalance changed")                            \
    X(DEMAND_PERIOD_SET, 3, 30, 47, "period of the demand changed")                                \
    X(LOAD_PERIOD_SET, 3, 31, 47, "period of profile 1 changed")                                   \
    X(LOAD_PERIOD_2_SET, 3, 32, 47, "period of profile 2 changed")                                 \
    X(MONTHS_CLEARED, 3, 35, 50, "monthly records cleared")                                        \
    X(DAYS_CLEARED, 3, 36, 50, "daily records cleared")                                            \
    X(LOAD_CLEARED, 3, 46, 50, "profile 1 cleared")                                                \
    X(LOAD_2_CLEARED, 3, 47, 50, "profile 2 cleared")                                              \
    X(LOAD_3_CLEARED, 3, 48, 50, "profile 3 cleared")                                              \
    X(SPECIALS_SET, 3, 49, 45, "special days changed")                                             \
    X(RELAY_MODE_SET, 3, 50, 49, "control of the relay changed")                                   \
    X(BILLED, 3, 51, 51, "billing period closed by command")                                       \
    X(PUSH_SET, 3, 52, 47, "push changed")                                                         \
    X(KEY_SET, 3, 55, 48, "unicast key changed")                                                   \
    X(BROADCAST_KEY_SET, 3, 56, 48, "broadcast key changed")                                       \
    X(AUTHENTICATION_KEY_SET, 3, 57, 48, "authentication key changed")                             \
    X(MASTER_KEY_SET, 3, 58, 48, "master key changed")                                             \
    X(POLICY_SET, 3, 60, 48, "security policy changed")                                            \
    X(FIRMWARE, 3, 65, 52, "firmware updated")                                                     \
    X(CLOCK_CORRECTED, 3, 68, 44, "clock corrected")                                               \
    X(FLAGS_CLEARED, 3, 70, 255, "push flags cleared")                                             \
    X(OTHER_SET, 3, 129, 47, "a setting changed")                                                  \
    X(MAGNET, 4, 1, 53, "magnetic field")                                                          \
    X(MAGNET_ENDS, 4, 2, 53, "magnetic field over")                                                \
    X(COVER_OPEN, 4, 3, 54, "terminal cover opened")                                               \
    X(CASE_OPEN, 4, 4, 55, "case opened")                                                          \
    X(COVER_SHUT, 4, 129, 54, "terminal cover closed")                                             \
    X(CASE_SHUT, 4, 130, 55, "case closed")                                                        \
    X(RADIO_FIELD, 4, 131, 56, "strong radio field")                                               \
    X(RADIO_FIELD_ENDS, 4, 132, 56, "strong radio field over")                                     \
    X(LINK_LOST, 5, 1, 255, "connection lost")                                                     \
    X(LINK, 5, 2, 255, "connection established")                                                   \
    X(ACCESS, 6, 1, 57, "attempt of unauthorised access")                                          \
    X(VIOLATION, 6, 2, 58, "protocol violated")                                                    \
    X(LOCKED, 6, 129, 57, "access locked after wrong passwords")                                   \
    X(UNLOCKED, 6, 130, 57, "access open again")                                                   \
    X(STARTED, 7, 1, 255, "meter started")                                                         \
    X(MEASURING_BAD, 7, 2, 59, "measuring part failed")                                            \
    X(MEASURING_GOOD, 7, 3, 59, "measuring part works")                                            \
    X(CLOCK_BAD, 7, 5, 60, "clock failed")                                                         \
    X(CLOCK_GOOD, 7, 6, 60, "clock works")                                                         \
    X(MEMORY_BAD, 7, 11, 61, "memory failed")                                                      \
    X(MEMORY_GOOD, 7, 12, 61, "memory works")                                                      \
    X(BATTERY_LOW, 7, 129, 62, "battery low")                                                      \
    X(BATTERY_GOOD, 7, 130, 62, "battery good")                                                    \
    X(HOT, 7, 131, 40, "overheated")                                                               \
    X(HOT_ENDS, 7, 132, 40, "no longer overheated")                                                \
    X(TAN_PHI, 8, 1, 63, "reactive power above the limit")                                         \
    X(TAN_PHI_ENDS, 8, 2, 63, "reactive power below the limit again")

typedef enum mw_spodes_event {
#define X(name, log, number, bit, text) MW_SPODES_##name = (log)*256 + (number),
    MW_SPODES_EVENT_LIST(X)
#undef X
} mw_spodes_event;

#define MW_SPODES_NO_BIT 255

static inline mw_spodes_log mw_spodes_event_log(uint16_t code) {
    return (mw_spodes_log)(code >> 8);
}
/* As the standard numbers it within its log. */
static inline uint8_t mw_spodes_event_number(uint16_t code) {
    return (uint8_t)code;
}
/* Place in the masks, 0..63, or MW_SPODES_NO_BIT. */
uint8_t mw_spodes_event_bit(uint16_t code);
/* Whether it ends what another code of the same place in the masks began. */
bool mw_spodes_event_ends(uint16_t code);
/* What a person reads. NULL: not one of ours. */
const char *mw_spodes_event_text(uint16_t code);

/* What a program sorts by: the condition, without its phase and whether it begins or ends. */
#define MW_SPODES_NAME_MAX 24
typedef struct mw_spodes_condition {
    char name[MW_SPODES_NAME_MAX]; /* "sag", "cover_open", "remote_off"; "setting" for all that is
                                      programmed */
    uint8_t phase;                 /* 1..3; 0: not of one phase */
    bool ends;
} mw_spodes_condition;
/* False: not one of ours. */
bool mw_spodes_condition_of(uint16_t code, mw_spodes_condition *out_condition);

#endif
