/* SPDX-License-Identifier: Apache-2.0
 *
 * What people do with alarms and rules. Everything has a name beside it and stands in the audit log.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "platform/alarms/internal.h"

static mw_status audit(mw_alarms *a, int64_t tenant, const char *login, const char *action,
                       const char *subject, const char *detail, mw_utc now) {
    mw_store_audit row = {.tenant = tenant, .at = now};
    (void)snprintf(row.actor, sizeof row.actor, "%s", login);
    (void)snprintf(row.action, sizeof row.action, "%s", action);
    (void)snprintf(row.subject, sizeof row.subject, "%s", subject);
    (void)snprintf(row.detail, sizeof row.detail, "%s", detail);
    return mw_store_audit_append(a->o.store, &row);
}

/* Commits and tells, or undoes and forgets. */
static mw_status finish(mw_alarms *a, mw_status s) {
    if (s == MW_OK)
        s = mw_store_commit(a->o.store);
    if (s == MW_OK) {
        for (size_t i = 0; i < a->notices && a->o.told != NULL; i++)
            a->o.told(a->o.ctx, &a->notice[i]);
        return MW_OK;
    }
    mw_status undone = mw_store_rollback(a->o.store);
    a->notices = 0;
    mw_status loaded = mw_alarms_load(a);
    return undone != MW_OK ? undone : loaded != MW_OK ? loaded : s;
}

static mw_alarm_entry *entry_of(mw_alarms *a, const mw_store_alarm *row) {
    mw_alarm_rule_id rule = MW_ALARM_LEAK;
    if (mw_alarm_rule_of(row->rule, &rule) != MW_OK)
        return NULL;
    return mw_alarm_find(a, row->tenant, rule, row->subject);
}

static const char *const words[] = {"acknowledged", "assigned", "snoozed", "closed", "note"};

static mw_status close_one(mw_alarms *a, mw_store_alarm *row, const mw_alarm_order *o) {
    mw_alarm_entry *e = entry_of(a, row);
    if (e != NULL)
        return mw_alarm_close(a, e, o->login, o->text, o->now);
    /* Of a rule that this version does not have. */
    row->state = MW_ALARM_CLOSED;
    row->closed_at = o->now;
    (void)snprintf(row->closed_by, sizeof row->closed_by, "%s", o->login);
    MW_TRY(mw_store_alarm_put(a->o.store, row));
    return mw_alarm_note(a, row, o->login, "closed", o->text, o->now);
}

static mw_status act_on(mw_alarms *a, const mw_alarm_order *o, int64_t id) {
    mw_store_alarm row;
    char subject[MW_STORE_ID_MAX], text[MW_STORE_TEXT_MAX];
    const char *word = words[o->action];
    MW_TRY(mw_store_alarm_get(a->o.store, o->tenant, id, &row));
    if (row.state == MW_ALARM_CLOSED && o->action != MW_ALARM_DO_NOTE)
        return MW_STATE;
    (void)snprintf(subject, sizeof subject, "alarm/%" PRId64, id);
    (void)snprintf(text, sizeof text, "%s", o->text);
    MW_TRY(audit(a, o->tenant, o->login, "alarm_act", subject, word, o->now));
    mw_alarm_entry *e = entry_of(a, &row);
    switch (o->action) {
    case MW_ALARM_DO_CLOSE:
        return close_one(a, &row, o);
    case MW_ALARM_DO_ACKNOWLEDGE:
        row.state = MW_ALARM_ACKNOWLEDGED;
        row.acknowledged_at = o->now;
        (void)snprintf(row.acknowledged_by, sizeof row.acknowledged_by, "%s", o->login);
        break;
    case MW_ALARM_DO_ASSIGN:
        (void)snprintf(row.assignee, sizeof row.assignee, "%s", o->text);
        break;
    case MW_ALARM_DO_SNOOZE:
        row.snoozed_until = o->until;
        if (mw_utc_is_none(o->until))
            word = "woke";
        else
            mw_utc_format(o->until, text);
        if (e != NULL)
            e->snoozed = o->until;
        break;
    case MW_ALARM_DO_NOTE:
        break;
    }
    MW_TRY(mw_store_alarm_put(a->o.store, &row));
    return mw_alarm_note(a, &row, o->login, word, text, o->now);
}

static mw_status act_all(mw_alarms *a, const mw_alarm_order *o, const int64_t *id, size_t n) {
    for (size_t i = 0; i < n; i++)
        MW_TRY(act_on(a, o, id[i]));
    return MW_OK;
}

mw_status mw_alarms_act(mw_alarms *a, const mw_alarm_order *o, const int64_t *id, size_t n) {
    bool words_needed = o->action == MW_ALARM_DO_CLOSE || o->action == MW_ALARM_DO_NOTE;
    if (n == 0 || n > MW_ALARMS_BULK_MAX || (words_needed && o->text[0] == 0))
        return MW_RANGE;
    if (o->action == MW_ALARM_DO_SNOOZE && !mw_utc_is_none(o->until) && o->until.us <= o->now.us)
        return MW_RANGE;
    a->notices = 0;
    MW_TRY(mw_store_begin(a->o.store));
    return finish(a, act_all(a, o, id, n));
}

/* --- rules ----------------------------------------------------------------------------------- */

void mw_alarms_values(const mw_alarms *a, int64_t tenant, mw_alarm_rule_id rule, mw_vee_class class,
                      int64_t channel, mw_alarm_values *out) {
    mw_alarm_book_values(&a->book, tenant, rule, class, channel, out);
}

const mw_alarm_book *mw_alarms_book(const mw_alarms *a) {
    return &a->book;
}

/* The thresholds as they would be, for each class. */
static mw_status whole_check(mw_alarms *a, const mw_store_alarm_setting *row,
                             mw_alarm_rule_id rule) {
    for (unsigned c = 0; c < MW_VEE_CLASSES; c++) {
        mw_alarm_values v;
        mw_alarm_book_values(&a->book, row->tenant, rule, (mw_vee_class)c, row->channel, &v);
        MW_TRY(mw_alarm_values_check(rule, &v));
    }
    return MW_OK;
}

static mw_status set_write(mw_alarms *a, const mw_store_alarm_setting *row, mw_alarm_rule_id rule,
                           bool remove) {
    char subject[MW_STORE_ID_MAX], detail[MW_STORE_TEXT_MAX];
    MW_TRY(remove ? mw_store_alarm_setting_remove(a->o.store, row)
                  : mw_store_alarm_setting_put(a->o.store, row));
    MW_TRY(mw_alarm_book_load(&a->book, a->o.store));
    MW_TRY(whole_check(a, row, rule));
    (void)snprintf(subject, sizeof subject, "%.31s.%.31s", row->rule, row->name);
    (void)snprintf(detail, sizeof detail, "%s%" PRId64 ": %.180s", remove ? "removed " : "",
                   row->value, row->reason);
    return audit(a, row->tenant, row->who, "alarm_setting", subject, detail, row->at);
}

mw_status mw_alarms_set(mw_alarms *a, const mw_store_alarm_setting *row, bool remove) {
    mw_alarm_rule_id rule = MW_ALARM_LEAK;
    unsigned param = 0;
    MW_TRY(mw_alarm_rule_of(row->rule, &rule));
    MW_TRY(mw_alarm_param_of(rule, row->name, &param));
    const mw_alarm_param *p = &mw_alarm_rules[rule].param[param];
    if (row->reason[0] == 0 || (!remove && (row->value < p->min || row->value > p->max)) ||
        (row->class != MW_STORE_ALARM_NO_CLASS &&
         (row->class >= MW_VEE_CLASSES || row->channel != 0)))
        return MW_RANGE;
    a->notices = 0;
    MW_TRY(mw_store_begin(a->o.store));
    return finish(a, set_write(a, row, rule, remove));
}
