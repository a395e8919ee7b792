/* SPDX-License-Identifier: Apache-2.0
 *
 * The supply relay and the load limit: what COSEM calls disconnect control (class 70) and limiter
 * (class 71), here a guard, IEC 62056-6-2. States and transitions follow the standard's table:
 *
 *   a remote reconnect 0->1   b remote disconnect 1->0   c remote disconnect 2->0
 *   d remote reconnect 0->2   e manual reconnect  2->1   f manual disconnect 1->2
 *   g local disconnect 1->2   h local reconnect   2->1
 *
 *   mode 0: none   1: b c d e f g   2: a b c e f g   3: b c d e g
 *   4: a b c e g   5: b c d e f g h   6: b c d e g h
 *
 * The standard is not free; the table agrees with the one that Gurux.DLMS documents for class 70
 * (DLMS_CONTROL_MODE in enums.h of its C library), compared mode by mode.
 */
#ifndef MW_METERS_ELECTRICITY_SUPPLY_H
#define MW_METERS_ELECTRICITY_SUPPLY_H

#include "base/time.h"

typedef enum mw_electric_supply_state {
    MW_ELECTRIC_SUPPLY_OFF,
    MW_ELECTRIC_SUPPLY_ON,
    MW_ELECTRIC_SUPPLY_READY, /* off; a press of the button switches on */
} mw_electric_supply_state;

/* Why the meter itself keeps the supply off. */
enum {
    MW_ELECTRIC_SUPPLY_LIMIT = 1,
    MW_ELECTRIC_SUPPLY_TARIFF = 2,
    MW_ELECTRIC_SUPPLY_CREDIT = 4,
    MW_ELECTRIC_SUPPLY_CURRENT = 8,
    MW_ELECTRIC_SUPPLY_VOLTAGE = 16,
    MW_ELECTRIC_SUPPLY_TAMPER = 32,
    MW_ELECTRIC_SUPPLY_HEAT = 64,
};
/* Reasons that go away by being off: a press of the button may try again. */
#define MW_ELECTRIC_SUPPLY_TRIABLE (MW_ELECTRIC_SUPPLY_LIMIT | MW_ELECTRIC_SUPPLY_CURRENT)

typedef struct mw_electric_supply {
    uint8_t mode; /* 0..6 */
    mw_electric_supply_state state;
    uint8_t reasons; /* that hold now */
    bool local;      /* state is ready because of the meter's own reasons */
} mw_electric_supply;

/* Connected. MW_RANGE: no such mode. */
MW_NODISCARD mw_status mw_electric_supply_init(mw_electric_supply *r, uint8_t mode);
/* Each returns MW_OK when the state is what was asked for afterwards, or, of a remote reconnect in
 * modes 1, 3, 5 and 6, ready for the button; MW_FORBIDDEN when the mode, or a reason that still
 * holds, does not allow it. */
MW_NODISCARD mw_status mw_electric_supply_remote(mw_electric_supply *r, bool on);
MW_NODISCARD mw_status mw_electric_supply_manual(mw_electric_supply *r, bool on);
/* A reason of the meter's own begins or ends; several hold side by side. Returns whether the supply
 * is on. */
bool mw_electric_supply_reason(mw_electric_supply *r, uint8_t reason, bool holds);

#define MW_ELECTRIC_GUARD_GROUPS 8

/* Thresholds have the unit of the value that is monitored. */
typedef struct mw_electric_guard_config {
    int64_t normal, emergency;
    uint32_t over_s, under_s; /* how long before it acts */
    /* The emergency profile counts when its number is one of the groups. */
    uint16_t groups[MW_ELECTRIC_GUARD_GROUPS];
    uint8_t group_n;
    uint16_t emergency_id;
    mw_utc emergency_from;
    uint32_t emergency_s;
} mw_electric_guard_config;

typedef struct mw_electric_guard {
    mw_electric_guard_config config;
    bool emergency; /* the emergency profile is active */
    bool over;      /* has acted */
    bool timing;    /* the value is on the other side since `since` */
    mw_mono since;
} mw_electric_guard;

void mw_electric_guard_init(mw_electric_guard *l, const mw_electric_guard_config *config);
int64_t mw_electric_guard_threshold(const mw_electric_guard *l);
/* Takes a value; returns whether the limit holds the supply off. */
bool mw_electric_guard_step(mw_electric_guard *l, int64_t value, mw_mono now, mw_utc utc);

#endif
