/* SPDX-License-Identifier: Apache-2.0
 *
 * What the values of a channel say to the rules that look at them. Pure: hours in, findings out. The
 * same functions judge what just arrived and what a dry run reads back.
 *
 * Only measured hours count: an hour that was estimated or is missing neither raises nor clears.
 */
#ifndef MW_PLATFORM_ALARMS_FLOW_H
#define MW_PLATFORM_ALARMS_FLOW_H

#include "base/time.h"
#include "platform/alarms/rules.h"

enum {
    MW_FLOW_HOURS = 24 * 35, /* of one look */
};
#define MW_FLOW_MISSING INT64_MIN

/* Consecutive hours, the newest last, in thousandths of L or Wh. */
typedef struct mw_flow {
    int64_t hour[MW_FLOW_HOURS];
    size_t n;
    mw_utc end; /* of the last hour */
    uint8_t medium;
} mw_flow;

typedef enum mw_flow_verdict {
    MW_FLOW_UNKNOWN, /* neither raises nor clears */
    MW_FLOW_HOLDS,
    MW_FLOW_CLEARED,
} mw_flow_verdict;

typedef struct mw_flow_finding {
    mw_flow_verdict verdict;
    int64_t value, threshold; /* whole L or Wh, percent of DEVIATION */
    uint32_t hours;           /* looked at, ending at mw_flow.end */
} mw_flow_finding;

/* MW_FLOW_UNKNOWN for rules that do not look at values. STOPPED does not know the neighbours: the
 * caller does. */
mw_flow_finding mw_flow_judge(mw_alarm_rule_id rule, const mw_flow *f, const mw_alarm_values *v);

#endif
