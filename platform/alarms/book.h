/* SPDX-License-Identifier: Apache-2.0
 *
 * The thresholds that were set, of all tenants, in memory: which value of a rule counts for a
 * channel. Read from the store; a change there is followed by reading again.
 */
#ifndef MW_PLATFORM_ALARMS_BOOK_H
#define MW_PLATFORM_ALARMS_BOOK_H

#include "platform/alarms/rules.h"
#include "platform/store/store.h"

enum { MW_ALARM_SETTINGS_MAX = 200000 };

typedef struct mw_alarm_book_row {
    int64_t tenant, channel, value, version;
    uint8_t rule, param, class;
} mw_alarm_book_row;

typedef struct mw_alarm_book {
    mw_alarm_book_row *row; /* by tenant, rule, channel */
    size_t n, room;
} mw_alarm_book;

/* Zeroed is an empty book. */
void mw_alarm_book_fini(mw_alarm_book *b);
/* MW_LIMIT: more settings than MW_ALARM_SETTINGS_MAX. */
MW_NODISCARD mw_status mw_alarm_book_load(mw_alarm_book *b, mw_store *store);
/* What counts for a channel (0 = of none) of a class. .version: the newest of the rows in force. */
void mw_alarm_book_values(const mw_alarm_book *b, int64_t tenant, mw_alarm_rule_id rule,
                          mw_vee_class class, int64_t channel, mw_alarm_values *out);

#endif
