/* SPDX-License-Identifier: Apache-2.0
 *
 * The alarm engine: rules (rules.h) look at what arrives and at what does not, and make alarms that
 * people work on.
 *
 *   changes of values ---> flow rules \
 *   frames heard --------> states      \        one alarm for a rule and subject
 *   events, signs -------> facts        > look > hold, clear, group -> store, notes -> SSE, messages
 *   states of validation -> silence    /
 *   stations ------------> root causes
 *
 * Everything is read by cursors that move in the transaction of the alarms made: a crash repeats
 * nothing and loses nothing. Each turn does a bounded part. What is silent because its station is
 * down belongs to the station's alarm.
 */
#ifndef MW_PLATFORM_ALARMS_ALARMS_H
#define MW_PLATFORM_ALARMS_ALARMS_H

#include "platform/alarms/book.h"
#include "platform/validation/engine.h"

enum {
    MW_ALARMS_OPEN_MAX = 200000, /* not closed at a time; beyond it nothing new is opened */
    MW_ALARMS_NOTICES_MAX = 512, /* told after one turn; more are stored all the same */
    MW_ALARMS_CHANGES = 300,     /* changed spans of one turn */
    MW_ALARMS_FACTS = 500,       /* frames, events, signs of one turn, each */
    MW_ALARMS_LOOKS = 1000,      /* meters not in order of one turn */
    MW_ALARMS_BULK_MAX = 200,    /* alarms of one request of a person */
};

typedef struct mw_alarms mw_alarms;

/* Something happened to an alarm. Valid during the call. */
typedef struct mw_alarm_notice {
    const char *what; /* opened, changed, acknowledged, assigned, snoozed, closed, ... */
    mw_store_alarm alarm;
} mw_alarm_notice;

typedef struct mw_alarms_options {
    mw_store *store;
    mw_zones *zones;
    mw_engine *validation; /* NULL: nothing is known of stations and silent meters */
    void *ctx;
    /* Inside the transaction: what is to be sent is stored together with its reason. Or NULL. */
    mw_status (*within)(void *ctx, const mw_alarm_notice *n);
    void (*told)(void *ctx, const mw_alarm_notice *n); /* after the commit; or NULL */
} mw_alarms_options;

typedef struct mw_alarms_turn {
    uint32_t changes, facts, opened, closed;
    uint32_t most; /* that any one source had for it */
    bool more;     /* another turn has something to do at once */
} mw_alarms_turn;

/* The options' parts are borrowed. Loads what is not closed. */
MW_NODISCARD mw_status mw_alarms_new(const mw_alarms_options *o, mw_alarms **out_alarms);
void mw_alarms_free(mw_alarms *a);
/* What one turn takes at most from each source from now on, 1 .. MW_ALARMS_LOOKS. */
void mw_alarms_limit(mw_alarms *a, uint32_t n);
/* One bounded turn in one transaction. */
MW_NODISCARD mw_status mw_alarms_run(mw_alarms *a, mw_utc now, mw_alarms_turn *out_turn);
size_t mw_alarms_open_count(const mw_alarms *a);

/* --- people ---------------------------------------------------------------------------------- */

typedef enum mw_alarm_action {
    MW_ALARM_DO_ACKNOWLEDGE,
    MW_ALARM_DO_ASSIGN, /* text: the login, "" = nobody */
    MW_ALARM_DO_SNOOZE, /* until; MW_UTC_NONE = no longer */
    MW_ALARM_DO_CLOSE,  /* text: why */
    MW_ALARM_DO_NOTE,
} mw_alarm_action;

typedef struct mw_alarm_order {
    int64_t tenant;
    const char *login;
    mw_alarm_action action;
    const char *text;
    mw_utc until;
    mw_utc now;
} mw_alarm_order;

/* Acts on n alarms, all or none, with audit. MW_NOT_FOUND; MW_STATE: closed already; MW_RANGE: no
 * reason, a moment that is over, or too many. */
MW_NODISCARD mw_status mw_alarms_act(mw_alarms *a, const mw_alarm_order *order, const int64_t *id,
                                     size_t n);

/* One threshold; remove: back to what counts without it. With audit. MW_RANGE: outside its limits or
 * against another one; MW_NOT_FOUND: nothing to remove. */
MW_NODISCARD mw_status mw_alarms_set(mw_alarms *a, const mw_store_alarm_setting *row, bool remove);
/* What counts for a channel (0 = none) of a class. */
void mw_alarms_values(const mw_alarms *a, int64_t tenant, mw_alarm_rule_id rule, mw_vee_class class,
                      int64_t channel, mw_alarm_values *out);

/* --- dry run --------------------------------------------------------------------------------- */

typedef struct mw_alarm_trial {
    int64_t tenant;
    mw_alarm_rule_id rule;
    bool given[MW_ALARM_PARAMS_MAX]; /* thresholds to try instead of those in force */
    int64_t value[MW_ALARM_PARAMS_MAX];
    uint8_t class; /* for which; MW_STORE_ALARM_NO_CLASS = all */
    mw_utc from, to;
    uint32_t meters_max;
} mw_alarm_trial;

typedef struct mw_alarm_trial_result {
    uint32_t meters, of;             /* looked at, of so many of the class and medium */
    uint32_t now_alarms, now_meters; /* with the thresholds in force: alarms, on how many meters */
    uint32_t try_alarms, try_meters; /* with those to try */
} mw_alarm_trial_result;

/* How many alarms a rule of values would have raised. Reads only. MW_UNSUPPORTED: not a rule of
 * values. MW_RANGE: the thresholds, or more than 400 days. `store` may be another, read-only handle
 * of the same database. */
MW_NODISCARD mw_status mw_alarms_try(mw_store *store, mw_zones *zones, const mw_alarm_book *book,
                                     const mw_alarm_trial *t, mw_alarm_trial_result *out_result);
const mw_alarm_book *mw_alarms_book(const mw_alarms *a);

#endif
