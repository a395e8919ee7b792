/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/store/sql_internal.h"

#define CHANGE_ONE(q, id, ...)                                                                     \
    ((q)->in_transaction ? MW_SQ_NUMBER(q, id, &(int64_t){0}, __VA_ARGS__) : MW_STATE)

/* --- what rules look at ---------------------------------------------------------------------- */

mw_status mw_sq_op_signs_changed(mw_store *s, int64_t after, uint32_t limit,
                                 mw_store_on_changed_sign each, void *ctx) {
    mw_sq_statement *st = NULL;
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), SIGNS_CHANGED, &st, mw_sq_int(after), mw_sq_int(limit)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_sign a = {.id = mw_sq_get_int(st, 1),
                           .tenant = mw_sq_get_int(st, 2),
                           .first_at = mw_sq_get_utc(st, 6),
                           .last_at = mw_sq_get_utc(st, 7),
                           .count = mw_sq_get_int(st, 8),
                           .from_decode = mw_sq_get_int(st, 9) != 0};
        MW_SQ_TEXT_INTO(st, 3, a.kind);
        MW_SQ_TEXT_INTO(st, 4, a.subject);
        MW_SQ_TEXT_INTO(st, 5, a.text);
        status = each(ctx, mw_sq_get_int(st, 0), &a);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_events_after(mw_store *s, int64_t after, uint32_t limit,
                                mw_store_on_device_event each, void *ctx) {
    mw_sq_statement *st = NULL;
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), EVENTS_AFTER, &st, mw_sq_int(after), mw_sq_int(limit)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_event e = {.id = mw_sq_get_int(st, 0),
                            .tenant = mw_sq_get_int(st, 1),
                            .device = mw_sq_get_int(st, 2),
                            .code = (uint16_t)mw_sq_get_int(st, 3),
                            .meter = mw_sq_get_utc(st, 4),
                            .received = mw_sq_get_utc(st, 5),
                            .detail = mw_sq_get_int(st, 6),
                            .journal = mw_sq_get_int(st, 7)};
        status = each(ctx, &e);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

/* --- alarms ---------------------------------------------------------------------------------- */

mw_status mw_sq_op_alarm_add(mw_store *s, const mw_store_alarm *a, int64_t *out_id) {
    mw_sq *q = mw_sq_of(s);
    mw_store_alarm last;
    mw_status known = mw_sq_op_alarm_last(s, a->tenant, a->rule, a->subject, &last);
    if (known == MW_OK && mw_utc_is_none(last.closed_at))
        return MW_CONFLICT;
    if (known != MW_OK && known != MW_NOT_FOUND)
        return known;
    MW_TRY(MW_SQ_RUN(
        q, ALARM_ADD, mw_sq_int(a->tenant), mw_sq_text(a->rule), mw_sq_text(a->subject),
        mw_sq_int(a->version), mw_sq_int(a->channel), mw_sq_int(a->device), mw_sq_text(a->station),
        mw_sq_int(a->severity), mw_sq_int((int64_t)a->state), mw_sq_int(a->value),
        mw_sq_int(a->threshold), mw_sq_int(a->members), mw_sq_int(a->root), mw_sq_int(a->count),
        mw_sq_int(a->opened_at.us), mw_sq_int(a->last_at.us), mw_sq_utc(a->clearing_at),
        mw_sq_utc(a->closed_at), mw_sq_text(a->closed_by), mw_sq_text(a->assignee),
        mw_sq_utc(a->acknowledged_at), mw_sq_text(a->acknowledged_by), mw_sq_utc(a->snoozed_until),
        mw_sq_text(a->inputs), mw_sq_text(a->latest)));
    *out_id = mw_sq_last_id(q);
    return MW_OK;
}

mw_status mw_sq_op_alarm_put(mw_store *s, const mw_store_alarm *a) {
    return CHANGE_ONE(mw_sq_of(s), ALARM_PUT, mw_sq_int(a->tenant), mw_sq_int(a->id),
                      mw_sq_int(a->channel), mw_sq_int(a->device), mw_sq_text(a->station),
                      mw_sq_int(a->severity), mw_sq_int((int64_t)a->state), mw_sq_int(a->value),
                      mw_sq_int(a->threshold), mw_sq_int(a->members), mw_sq_int(a->root),
                      mw_sq_int(a->count), mw_sq_int(a->last_at.us), mw_sq_utc(a->clearing_at),
                      mw_sq_utc(a->closed_at), mw_sq_text(a->closed_by), mw_sq_text(a->assignee),
                      mw_sq_utc(a->acknowledged_at), mw_sq_text(a->acknowledged_by),
                      mw_sq_utc(a->snoozed_until), mw_sq_text(a->latest));
}

static void alarm_of_row(mw_sq_statement *st, mw_store_alarm *a) {
    *a = (mw_store_alarm){.id = mw_sq_get_int(st, 0),
                          .tenant = mw_sq_get_int(st, 1),
                          .version = mw_sq_get_int(st, 4),
                          .channel = mw_sq_get_int(st, 5),
                          .device = mw_sq_get_int(st, 6),
                          .severity = (uint8_t)mw_sq_get_int(st, 8),
                          .state = (mw_store_alarm_state)mw_sq_get_int(st, 9),
                          .value = mw_sq_get_int(st, 10),
                          .threshold = mw_sq_get_int(st, 11),
                          .members = mw_sq_get_int(st, 12),
                          .root = mw_sq_get_int(st, 13),
                          .count = mw_sq_get_int(st, 14),
                          .opened_at = mw_sq_get_utc(st, 15),
                          .last_at = mw_sq_get_utc(st, 16),
                          .clearing_at = mw_sq_get_utc(st, 17),
                          .closed_at = mw_sq_get_utc(st, 18),
                          .acknowledged_at = mw_sq_get_utc(st, 21),
                          .snoozed_until = mw_sq_get_utc(st, 23)};
    MW_SQ_TEXT_INTO(st, 2, a->rule);
    MW_SQ_TEXT_INTO(st, 3, a->subject);
    MW_SQ_TEXT_INTO(st, 7, a->station);
    MW_SQ_TEXT_INTO(st, 19, a->closed_by);
    MW_SQ_TEXT_INTO(st, 20, a->assignee);
    MW_SQ_TEXT_INTO(st, 22, a->acknowledged_by);
    MW_SQ_TEXT_INTO(st, 24, a->inputs);
    MW_SQ_TEXT_INTO(st, 25, a->latest);
}

mw_status mw_sq_op_alarm_get(mw_store *s, int64_t tenant, int64_t id, mw_store_alarm *out_alarm) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), ALARM_GET, &st, mw_sq_int(tenant), mw_sq_int(id)));
    MW_TRY(mw_sq_step(st));
    alarm_of_row(st, out_alarm);
    mw_sq_reset(st);
    return MW_OK;
}

mw_status mw_sq_op_alarm_last(mw_store *s, int64_t tenant, const char *rule, const char *subject,
                              mw_store_alarm *out_alarm) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), ALARM_LAST, &st, mw_sq_int(tenant), mw_sq_text(rule),
                      mw_sq_text(subject)));
    MW_TRY(mw_sq_step(st));
    alarm_of_row(st, out_alarm);
    mw_sq_reset(st);
    return MW_OK;
}

static mw_status alarms_give(mw_sq_statement *st, mw_store_on_alarm each, void *ctx) {
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_alarm a;
        alarm_of_row(st, &a);
        status = each(ctx, &a);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_alarms(mw_store *s, const mw_store_alarm_query *a, mw_store_on_alarm each,
                          void *ctx) {
    mw_sq_statement *st = NULL;
    mw_sq *q = mw_sq_of(s);
    if (!mw_sq_limit_ok(a->limit))
        return MW_RANGE;
    unsigned states =
        a->states == 0 ? 1U << MW_ALARM_OPEN | 1U << MW_ALARM_ACKNOWLEDGED : a->states;
    mw_sq_value v[] = {mw_sq_int(a->tenant),
                       mw_sq_int(a->before == 0 ? INT64_MAX : a->before),
                       mw_sq_int(a->limit),
                       mw_sq_int(a->severity_min),
                       mw_sq_int(states >> MW_ALARM_OPEN & 1),
                       mw_sq_text(a->rule == NULL ? "" : a->rule),
                       mw_sq_text(a->assignee == NULL ? "" : a->assignee),
                       mw_sq_int(states >> MW_ALARM_ACKNOWLEDGED & 1),
                       mw_sq_int(states >> MW_ALARM_CLOSED & 1),
                       mw_sq_int(a->channel != 0 ? a->channel : a->root)};
    if (a->channel != 0)
        MW_TRY(mw_sq_bind(q, MW_SQ_ALARMS_OF_CHANNEL, v, 10, &st));
    else if (a->root < 0)
        MW_TRY(mw_sq_bind(q, MW_SQ_ALARMS_ALL, v, 9, &st));
    else
        MW_TRY(mw_sq_bind(q, MW_SQ_ALARMS_OF_ROOT, v, 10, &st));
    return alarms_give(st, each, ctx);
}

mw_status mw_sq_op_alarms_open(mw_store *s, int64_t after, uint32_t limit, mw_store_on_alarm each,
                               void *ctx) {
    mw_sq_statement *st = NULL;
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), ALARMS_OPEN, &st, mw_sq_int(after), mw_sq_int(limit)));
    return alarms_give(st, each, ctx);
}

mw_status mw_sq_op_alarm_counts(mw_store *s, int64_t tenant, mw_utc now,
                                mw_store_on_alarm_count each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), ALARM_COUNTS, &st, mw_sq_int(tenant), mw_sq_int(now.us)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_alarm_count c = {.severity = (uint8_t)mw_sq_get_int(st, 1),
                                  .state = (mw_store_alarm_state)mw_sq_get_int(st, 2),
                                  .snoozed = mw_sq_get_int(st, 3) != 0,
                                  .alarms = mw_sq_get_int(st, 4)};
        MW_SQ_TEXT_INTO(st, 0, c.rule);
        status = each(ctx, &c);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_alarm_note_add(mw_store *s, const mw_store_alarm_note *n) {
    return MW_SQ_RUN(mw_sq_of(s), ALARM_NOTE_ADD, mw_sq_int(n->tenant), mw_sq_int(n->alarm),
                     mw_sq_int(n->at.us), mw_sq_text(n->who), mw_sq_text(n->what),
                     mw_sq_text(n->text));
}

mw_status mw_sq_op_alarm_notes(mw_store *s, int64_t tenant, int64_t alarm, uint32_t limit,
                               mw_store_on_alarm_note each, void *ctx) {
    mw_sq_statement *st = NULL;
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), ALARM_NOTES, &st, mw_sq_int(tenant), mw_sq_int(alarm),
                      mw_sq_int(limit)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_alarm_note n = {.id = mw_sq_get_int(st, 0),
                                 .tenant = tenant,
                                 .alarm = alarm,
                                 .at = mw_sq_get_utc(st, 1)};
        MW_SQ_TEXT_INTO(st, 2, n.who);
        MW_SQ_TEXT_INTO(st, 3, n.what);
        MW_SQ_TEXT_INTO(st, 4, n.text);
        status = each(ctx, &n);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

/* --- holds ----------------------------------------------------------------------------------- */

mw_status mw_sq_op_alarm_hold_put(mw_store *s, const mw_store_alarm_hold *h) {
    return MW_SQ_RUN(mw_sq_of(s), ALARM_HOLD_PUT, mw_sq_int(h->tenant), mw_sq_text(h->rule),
                     mw_sq_text(h->subject), mw_sq_int(h->channel), mw_sq_int(h->says),
                     mw_sq_int(h->since.us));
}

mw_status mw_sq_op_alarm_hold_drop(mw_store *s, int64_t tenant, const char *rule,
                                   const char *subject) {
    return MW_SQ_RUN(mw_sq_of(s), ALARM_HOLD_DROP, mw_sq_int(tenant), mw_sq_text(rule),
                     mw_sq_text(subject));
}

mw_status mw_sq_op_alarm_holds(mw_store *s, mw_store_on_alarm_hold each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(mw_sq_bind(mw_sq_of(s), MW_SQ_ALARM_HOLDS, NULL, 0, &st));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_alarm_hold h = {.tenant = mw_sq_get_int(st, 0),
                                 .channel = mw_sq_get_int(st, 3),
                                 .says = (uint8_t)mw_sq_get_int(st, 4),
                                 .since = mw_sq_get_utc(st, 5)};
        MW_SQ_TEXT_INTO(st, 1, h.rule);
        MW_SQ_TEXT_INTO(st, 2, h.subject);
        status = each(ctx, &h);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

/* --- settings -------------------------------------------------------------------------------- */

static mw_status setting_remember(mw_sq *q, const mw_store_alarm_setting *r, int64_t value,
                                  bool removed, int64_t *out_version) {
    int64_t version = 0;
    MW_TRY(MW_SQ_NUMBER(q, ALARM_VERSION, &version, mw_sq_int(r->tenant), mw_sq_text(r->rule)));
    *out_version = version + 1;
    return MW_SQ_RUN(q, ALARM_SETTING_HISTORY_ADD, mw_sq_int(r->tenant), mw_sq_text(r->rule),
                     mw_sq_text(r->name), mw_sq_int(r->class), mw_sq_int(r->channel),
                     mw_sq_int(value), mw_sq_int(version + 1), mw_sq_int(r->at.us),
                     mw_sq_text(r->who), mw_sq_text(r->reason), mw_sq_int(removed));
}

mw_status mw_sq_op_alarm_setting_put(mw_store *s, const mw_store_alarm_setting *r) {
    mw_sq *q = mw_sq_of(s);
    int64_t version = 0;
    if (!q->in_transaction)
        return MW_STATE;
    MW_TRY(setting_remember(q, r, r->value, false, &version));
    return MW_SQ_RUN(q, ALARM_SETTING_PUT, mw_sq_int(r->tenant), mw_sq_text(r->rule),
                     mw_sq_text(r->name), mw_sq_int(r->class), mw_sq_int(r->channel),
                     mw_sq_int(r->value), mw_sq_int(version), mw_sq_int(r->at.us),
                     mw_sq_text(r->who), mw_sq_text(r->reason));
}

mw_status mw_sq_op_alarm_setting_remove(mw_store *s, const mw_store_alarm_setting *r) {
    mw_sq *q = mw_sq_of(s);
    int64_t value = 0, version = 0;
    if (!q->in_transaction)
        return MW_STATE;
    MW_TRY(MW_SQ_NUMBER(q, ALARM_SETTING_REMOVE, &value, mw_sq_int(r->tenant), mw_sq_text(r->rule),
                        mw_sq_text(r->name), mw_sq_int(r->class), mw_sq_int(r->channel)));
    return setting_remember(q, r, value, true, &version);
}

static mw_status settings_give(mw_sq_statement *st, mw_store_on_alarm_setting each, void *ctx) {
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_alarm_setting r = {.tenant = mw_sq_get_int(st, 0),
                                    .class = (uint8_t)mw_sq_get_int(st, 3),
                                    .channel = mw_sq_get_int(st, 4),
                                    .value = mw_sq_get_int(st, 5),
                                    .version = mw_sq_get_int(st, 6),
                                    .at = mw_sq_get_utc(st, 7),
                                    .removed = mw_sq_get_int(st, 10) != 0};
        MW_SQ_TEXT_INTO(st, 1, r.rule);
        MW_SQ_TEXT_INTO(st, 2, r.name);
        MW_SQ_TEXT_INTO(st, 8, r.who);
        MW_SQ_TEXT_INTO(st, 9, r.reason);
        status = each(ctx, &r);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_alarm_settings(mw_store *s, mw_store_on_alarm_setting each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(mw_sq_bind(mw_sq_of(s), MW_SQ_ALARM_SETTINGS, NULL, 0, &st));
    return settings_give(st, each, ctx);
}

mw_status mw_sq_op_alarm_setting_history(mw_store *s, int64_t tenant, const char *rule,
                                         uint32_t limit, mw_store_on_alarm_setting each,
                                         void *ctx) {
    mw_sq_statement *st = NULL;
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), ALARM_SETTING_HISTORY, &st, mw_sq_int(tenant),
                      mw_sq_text(rule == NULL ? "" : rule), mw_sq_int(limit)));
    return settings_give(st, each, ctx);
}

/* --- collection ------------------------------------------------------------------------------ */

mw_status mw_sq_op_collection_put(mw_store *s, const mw_store_collection *c) {
    return MW_SQ_RUN(mw_sq_of(s), COLLECTION_PUT, mw_sq_int(c->tenant), mw_sq_int(c->day),
                     mw_sq_int(c->mark), mw_sq_int(c->at.us), mw_sq_int(c->expected),
                     mw_sq_int(c->collected), mw_sq_int(c->meters), mw_sq_int(c->missing),
                     mw_sq_int(c->by_meter), mw_sq_int(c->by_radio), mw_sq_int(c->by_station),
                     mw_sq_int(c->by_backhaul));
}

mw_status mw_sq_op_collections(mw_store *s, int64_t tenant, int64_t from,
                               mw_store_on_collection each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), COLLECTIONS, &st, mw_sq_int(tenant), mw_sq_int(from)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_collection c = {.tenant = tenant,
                                 .day = mw_sq_get_int(st, 0),
                                 .mark = (uint8_t)mw_sq_get_int(st, 1),
                                 .at = mw_sq_get_utc(st, 2),
                                 .expected = mw_sq_get_int(st, 3),
                                 .collected = mw_sq_get_int(st, 4),
                                 .meters = mw_sq_get_int(st, 5),
                                 .missing = mw_sq_get_int(st, 6),
                                 .by_meter = mw_sq_get_int(st, 7),
                                 .by_radio = mw_sq_get_int(st, 8),
                                 .by_station = mw_sq_get_int(st, 9),
                                 .by_backhaul = mw_sq_get_int(st, 10)};
        status = each(ctx, &c);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}
