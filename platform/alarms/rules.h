/* SPDX-License-Identifier: Apache-2.0
 *
 * The rules of alarms as data: what each looks at, its thresholds with limits and presets by class
 * of customer. A threshold is set for all, for a class or for one channel; the nearest counts.
 *
 * Every rule has the four of MW_ALARM_ON .. MW_ALARM_CLEAR first: whether it is on, its severity,
 * for how long its condition must hold before an alarm is opened, and for how long it must be gone
 * before the alarm is closed.
 */
#ifndef MW_PLATFORM_ALARMS_RULES_H
#define MW_PLATFORM_ALARMS_RULES_H

#include "base/bytes.h"
#include "platform/vee/series.h"

typedef enum mw_alarm_severity {
    MW_SEVERITY_INFO = 1,
    MW_SEVERITY_MINOR = 2,
    MW_SEVERITY_MAJOR = 3,
    MW_SEVERITY_CRITICAL = 4,
} mw_alarm_severity;

/* Leaks are named as in the literature: L1 continuous, L2 burst, L3 backflow, L4 frost, L5 dry or
 * air, L6 stopped. */
typedef enum mw_alarm_rule_id {
    MW_ALARM_LEAK,            /* L1: no hour of a day or longer without flow                   */
    MW_ALARM_BURST,           /* L2: hours far above anything before                           */
    MW_ALARM_BACKFLOW,        /* L3: volume backwards                                          */
    MW_ALARM_FROST,           /* L4: water near freezing                                       */
    MW_ALARM_DRY,             /* L5: the sensor cannot measure: dry, air, dirt, a broken line  */
    MW_ALARM_STOPPED,         /* L6: nothing although there always was, and neighbours go on   */
    MW_ALARM_NO_FLOW,         /* nothing for a long time                                       */
    MW_ALARM_OVER_LIMIT,      /* an hour above what the connection is for                      */
    MW_ALARM_DEVIATION,       /* a week far from the four before                               */
    MW_ALARM_TAMPER,          /* cover, magnet, removal                                        */
    MW_ALARM_BATTERY,         /* low battery                                                   */
    MW_ALARM_CLOCK,           /* the meter's clock is off, unset or ahead                      */
    MW_ALARM_SILENT,          /* nothing from the meter                                        */
    MW_ALARM_OUT_OF_ORDER,    /* validation gave it up: its values are estimated               */
    MW_ALARM_SECURITY,        /* replays, forged frames, counters used twice                   */
    MW_ALARM_CONFLICT,        /* two different values for one interval                         */
    MW_ALARM_STATION_DOWN,    /* a station is silent, or most meters that only it hears are    */
    MW_ALARM_STATION_TROUBLE, /* a station says that something of it does not work          */
    MW_ALARM_BACKHAUL,        /* a station's frames wait: its spool is full of them         */
    MW_ALARM_AWAY,            /* flow while those who live there said to be away            */
    MW_ALARM_SUPPLY,          /* an electricity meter without supply, or a phase without voltage */
    MW_ALARM_RULES
} mw_alarm_rule_id;

enum { MW_ALARM_ON, MW_ALARM_SEVERITY, MW_ALARM_HOLD, MW_ALARM_CLEAR, MW_ALARM_OWN };
enum {
    /* of LEAK */
    MW_LEAK_FLOOR = MW_ALARM_OWN,
    MW_LEAK_GAS_FLOOR,
    MW_LEAK_HOURS,
    MW_LEAK_CLEAR_PERCENT,
    /* of BURST */
    MW_BURST_TIMES = MW_ALARM_OWN,
    MW_BURST_QMAX,
    MW_BURST_PERCENT,
    MW_BURST_HOURS,
    /* of BACKFLOW */
    MW_BACKFLOW_DAY = MW_ALARM_OWN,
    /* of FROST */
    MW_FROST_BELOW = MW_ALARM_OWN,
    MW_FROST_ABOVE,
    /* of STOPPED */
    MW_STOPPED_HOURS = MW_ALARM_OWN,
    MW_STOPPED_DAY_USE,
    /* of NO_FLOW */
    MW_NO_FLOW_DAYS = MW_ALARM_OWN,
    /* of OVER_LIMIT */
    MW_OVER_WATER = MW_ALARM_OWN,
    MW_OVER_GAS,
    MW_OVER_ELECTRICITY,
    MW_OVER_CLEAR_PERCENT,
    /* of DEVIATION */
    MW_DEVIATION_UP = MW_ALARM_OWN,
    MW_DEVIATION_DOWN,
    MW_DEVIATION_DAY_USE,
    /* of BATTERY */
    MW_BATTERY_BELOW = MW_ALARM_OWN,
    MW_BATTERY_ABOVE,
    /* of CLOCK */
    MW_CLOCK_OFF = MW_ALARM_OWN,
    MW_CLOCK_GOOD,
    /* of SILENT */
    MW_SILENT_HOURS = MW_ALARM_OWN,
    /* of BACKHAUL */
    MW_BACKHAUL_ITEMS = MW_ALARM_OWN,
    MW_BACKHAUL_GOOD,
    MW_ALARM_PARAMS_MAX = 8
};

typedef struct mw_alarm_param {
    const char *name, *unit;
    int64_t min, max, preset[MW_VEE_CLASSES];
    bool own; /* a consumer may set it for the own meter */
} mw_alarm_param;

typedef struct mw_alarm_rule {
    const char *name;
    uint8_t media; /* bits 1 << mw_vee_medium; 0 = not of values */
    bool latched;  /* stays until a person closes it */
    bool fades;    /* seen by chance: over when it was not seen for MW_ALARM_CLEAR */
    bool consumer; /* the person of the usage point sees it */
    mw_alarm_param param[MW_ALARM_PARAMS_MAX]; /* up to the first without a name */
} mw_alarm_rule;

extern const mw_alarm_rule mw_alarm_rules[MW_ALARM_RULES];

typedef struct mw_alarm_values {
    int64_t v[MW_ALARM_PARAMS_MAX];
    int64_t version; /* of the rule's settings */
} mw_alarm_values;

/* MW_NOT_FOUND. */
MW_NODISCARD mw_status mw_alarm_rule_of(const char *name, mw_alarm_rule_id *out_rule);
MW_NODISCARD mw_status mw_alarm_param_of(mw_alarm_rule_id rule, const char *name,
                                         unsigned *out_param);
unsigned mw_alarm_params(mw_alarm_rule_id rule);
void mw_alarm_preset(mw_alarm_rule_id rule, mw_vee_class c, mw_alarm_values *out);
/* What no single threshold can tell: those to clear lie on the right side. MW_RANGE. */
MW_NODISCARD mw_status mw_alarm_values_check(mw_alarm_rule_id rule, const mw_alarm_values *v);

const char *mw_alarm_severity_name(unsigned severity);
/* MW_NOT_FOUND. */
MW_NODISCARD mw_status mw_alarm_severity_of(const char *name, uint8_t *out_severity);

#endif
