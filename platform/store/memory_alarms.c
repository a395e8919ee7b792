/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory store: signs, events, alarms, their settings, and messages about them.
 */
#include <stdlib.h>
#include <string.h>

#include "platform/store/memory_internal.h"

/* --- what rules look at ---------------------------------------------------------------------- */

static mw_status sign_raise(mw_store *s, const mw_store_sign *a) {
    mw_mem *m = mw_mem_of(s);
    mw_mem_sign row = {.row = *a, .changed = 1};
    if (!m->in_transaction)
        return MW_STATE;
    row.row.count = a->count == 0 ? 1 : a->count;
    row.row.first_at = a->last_at;
    MW_MEM_EACH(mw_mem_sign, old, m->now.signs)
    if (old->changed >= row.changed)
        row.changed = old->changed + 1;
    MW_MEM_EACH(mw_mem_sign, old, m->now.signs) {
        mw_store_sign *o = &old->row;
        if (o->tenant != a->tenant || strcmp(o->kind, a->kind) != 0 ||
            strcmp(o->subject, a->subject) != 0)
            continue;
        memcpy(o->text, a->text, sizeof o->text);
        o->first_at.us = a->last_at.us < o->first_at.us ? a->last_at.us : o->first_at.us;
        o->last_at.us = a->last_at.us > o->last_at.us ? a->last_at.us : o->last_at.us;
        o->count += row.row.count;
        old->changed = row.changed;
        return MW_OK;
    }
    row.row.id = 1;
    MW_MEM_EACH(mw_mem_sign, old, m->now.signs)
    row.row.id = old->row.id + 1;
    return mw_mem_add(m, &m->now.signs, &row);
}

static mw_status signs(mw_store *s, int64_t tenant, int64_t before, uint32_t limit,
                       mw_store_on_sign each, void *ctx) {
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    MW_MEM_EACH_BACK(mw_mem_sign, a, mw_mem_of(s)->now.signs)
    if (a->row.tenant == tenant && (before == 0 || a->row.id < before) && limit > 0) {
        limit--;
        MW_TRY(each(ctx, &a->row));
    }
    return MW_OK;
}

static mw_status signs_changed(mw_store *s, int64_t after, uint32_t limit,
                               mw_store_on_changed_sign each, void *ctx) {
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    for (; limit > 0; limit--) {
        const mw_mem_sign *least = NULL;
        MW_MEM_EACH(mw_mem_sign, a, mw_mem_of(s)->now.signs)
        if (a->changed > after && (least == NULL || a->changed < least->changed))
            least = a;
        if (least == NULL)
            return MW_OK;
        after = least->changed;
        MW_TRY(each(ctx, after, &least->row));
    }
    return MW_OK;
}

static mw_status event_append(mw_store *s, const mw_store_event *e) {
    mw_mem *m = mw_mem_of(s);
    MW_MEM_EACH(mw_store_event, o, m->now.events)
    if (o->tenant == e->tenant && o->device == e->device && o->code == e->code &&
        o->meter.us == e->meter.us && o->detail == e->detail)
        return m->in_transaction ? MW_OK : MW_STATE;
    mw_store_event row = *e;
    row.id = (int64_t)m->now.events.n + 1;
    return mw_mem_add(m, &m->now.events, &row);
}

static mw_status events_after(mw_store *s, int64_t after, uint32_t limit,
                              mw_store_on_device_event each, void *ctx) {
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    MW_MEM_EACH(mw_store_event, e, mw_mem_of(s)->now.events)
    if (e->id > after && limit > 0) {
        limit--;
        MW_TRY(each(ctx, e));
    }
    return MW_OK;
}

static mw_status events(mw_store *s, int64_t tenant, int64_t device, int64_t before, uint32_t limit,
                        mw_store_on_event each, void *ctx) {
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    MW_MEM_EACH_BACK(mw_store_event, e, mw_mem_of(s)->now.events)
    if (e->tenant == tenant && e->device == device && (before == 0 || e->id < before) &&
        limit > 0) {
        limit--;
        MW_TRY(each(ctx, e));
    }
    return MW_OK;
}

/* --- alarms ---------------------------------------------------------------------------------- */

static mw_store_alarm *alarm_newest(mw_mem *m, int64_t tenant, const char *rule,
                                    const char *subject) {
    MW_MEM_EACH_BACK(mw_store_alarm, a, m->now.alarms)
    if (a->tenant == tenant && strcmp(a->rule, rule) == 0 && strcmp(a->subject, subject) == 0)
        return a;
    return NULL;
}

static mw_status alarm_add(mw_store *s, const mw_store_alarm *a, int64_t *out_id) {
    mw_mem *m = mw_mem_of(s);
    const mw_store_alarm *last = alarm_newest(m, a->tenant, a->rule, a->subject);
    if (last != NULL && mw_utc_is_none(last->closed_at))
        return MW_CONFLICT;
    mw_store_alarm row = *a;
    row.id = (int64_t)m->now.alarms.n + 1;
    MW_TRY(mw_mem_add(m, &m->now.alarms, &row));
    *out_id = row.id;
    return MW_OK;
}

static mw_store_alarm *alarm_find(mw_mem *m, int64_t tenant, int64_t id) {
    MW_MEM_EACH(mw_store_alarm, a, m->now.alarms)
    if (a->tenant == tenant && a->id == id)
        return a;
    return NULL;
}

static mw_status alarm_put(mw_store *s, const mw_store_alarm *a) {
    mw_mem *m = mw_mem_of(s);
    mw_store_alarm *old = alarm_find(m, a->tenant, a->id), row = *a;
    if (!m->in_transaction)
        return MW_STATE;
    if (old == NULL)
        return MW_NOT_FOUND;
    memcpy(row.rule, old->rule, sizeof row.rule);
    memcpy(row.subject, old->subject, sizeof row.subject);
    memcpy(row.inputs, old->inputs, sizeof row.inputs);
    row.version = old->version;
    row.opened_at = old->opened_at;
    MW_MEM_EACH(mw_store_alarm, o, m->now.alarms)
    if (o != old && mw_utc_is_none(row.closed_at) && mw_utc_is_none(o->closed_at) &&
        o->tenant == row.tenant && strcmp(o->rule, row.rule) == 0 &&
        strcmp(o->subject, row.subject) == 0)
        return MW_CONFLICT;
    *old = row;
    return MW_OK;
}

static mw_status alarm_get(mw_store *s, int64_t tenant, int64_t id, mw_store_alarm *out_alarm) {
    const mw_store_alarm *a = alarm_find(mw_mem_of(s), tenant, id);
    if (a == NULL)
        return MW_NOT_FOUND;
    *out_alarm = *a;
    return MW_OK;
}

static mw_status alarm_last(mw_store *s, int64_t tenant, const char *rule, const char *subject,
                            mw_store_alarm *out_alarm) {
    const mw_store_alarm *a = alarm_newest(mw_mem_of(s), tenant, rule, subject);
    if (a == NULL)
        return MW_NOT_FOUND;
    *out_alarm = *a;
    return MW_OK;
}

static bool alarm_wanted(const mw_store_alarm *a, const mw_store_alarm_query *q) {
    unsigned states =
        q->states == 0 ? 1U << MW_ALARM_OPEN | 1U << MW_ALARM_ACKNOWLEDGED : q->states;
    return a->tenant == q->tenant && (q->before == 0 || a->id < q->before) &&
           (states >> a->state & 1) != 0 && a->severity >= q->severity_min &&
           (q->rule == NULL || q->rule[0] == 0 || strcmp(a->rule, q->rule) == 0) &&
           (q->assignee == NULL || q->assignee[0] == 0 || strcmp(a->assignee, q->assignee) == 0) &&
           (q->channel != 0 ? a->channel == q->channel : q->root < 0 || a->root == q->root);
}

static mw_status alarms(mw_store *s, const mw_store_alarm_query *q, mw_store_on_alarm each,
                        void *ctx) {
    uint32_t limit = q->limit;
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    MW_MEM_EACH_BACK(mw_store_alarm, a, mw_mem_of(s)->now.alarms)
    if (limit > 0 && alarm_wanted(a, q)) {
        limit--;
        MW_TRY(each(ctx, a));
    }
    return MW_OK;
}

static mw_status alarms_open(mw_store *s, int64_t after, uint32_t limit, mw_store_on_alarm each,
                             void *ctx) {
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    MW_MEM_EACH(mw_store_alarm, a, mw_mem_of(s)->now.alarms)
    if (mw_utc_is_none(a->closed_at) && a->id > after && limit > 0) {
        limit--;
        MW_TRY(each(ctx, a));
    }
    return MW_OK;
}

static int count_order(const mw_store_alarm_count *a, const mw_store_alarm_count *b) {
    int rule = strcmp(a->rule, b->rule);
    if (rule != 0)
        return rule;
    if (a->severity != b->severity)
        return MW_MEM_CMP(a->severity, b->severity);
    return a->state != b->state ? MW_MEM_CMP(a->state, b->state) : a->snoozed - b->snoozed;
}

static mw_status alarm_counts(mw_store *s, int64_t tenant, mw_utc now, mw_store_on_alarm_count each,
                              void *ctx) {
    mw_store_alarm_count last = {.alarms = 0};
    for (bool any = false;; any = true) {
        mw_store_alarm_count next = {.alarms = 0};
        MW_MEM_EACH(mw_store_alarm, a, mw_mem_of(s)->now.alarms) {
            mw_store_alarm_count c = {.severity = a->severity,
                                      .state = a->state,
                                      .snoozed = a->snoozed_until.us > now.us &&
                                                 !mw_utc_is_none(a->snoozed_until),
                                      .alarms = 1};
            memcpy(c.rule, a->rule, sizeof c.rule);
            if (a->tenant != tenant || !mw_utc_is_none(a->closed_at) || a->root != 0 ||
                (any && count_order(&c, &last) <= 0))
                continue;
            if (next.alarms == 0 || count_order(&c, &next) < 0)
                next = c;
            else if (count_order(&c, &next) == 0)
                next.alarms++;
        }
        if (next.alarms == 0)
            return MW_OK;
        MW_TRY(each(ctx, &next));
        last = next;
    }
}

static mw_status alarm_note_add(mw_store *s, const mw_store_alarm_note *n) {
    mw_mem *m = mw_mem_of(s);
    mw_store_alarm_note row = *n;
    row.id = (int64_t)m->now.alarm_notes.n + 1;
    return mw_mem_add(m, &m->now.alarm_notes, &row);
}

static mw_status alarm_notes(mw_store *s, int64_t tenant, int64_t alarm, uint32_t limit,
                             mw_store_on_alarm_note each, void *ctx) {
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    MW_MEM_EACH(mw_store_alarm_note, n, mw_mem_of(s)->now.alarm_notes)
    if (n->tenant == tenant && n->alarm == alarm && limit > 0) {
        limit--;
        MW_TRY(each(ctx, n));
    }
    return MW_OK;
}

/* --- settings -------------------------------------------------------------------------------- */

static int setting_order(const void *pa, const void *pb) {
    const mw_store_alarm_setting *a = pa, *b = pb;
    int c = MW_MEM_CMP(a->tenant, b->tenant);
    if (c == 0)
        c = strcmp(a->rule, b->rule);
    if (c == 0)
        c = strcmp(a->name, b->name);
    if (c == 0)
        c = MW_MEM_CMP(a->class, b->class);
    return c != 0 ? c : MW_MEM_CMP(a->channel, b->channel);
}

static int64_t setting_version(mw_mem *m, const mw_store_alarm_setting *r) {
    int64_t version = 1;
    MW_MEM_EACH(mw_store_alarm_setting, h, m->now.alarm_history)
    if (h->tenant == r->tenant && strcmp(h->rule, r->rule) == 0 && h->version > version)
        version = h->version;
    return version + 1;
}

static mw_status alarm_setting_put(mw_store *s, const mw_store_alarm_setting *r) {
    mw_mem *m = mw_mem_of(s);
    mw_store_alarm_setting row = *r;
    row.version = setting_version(m, r);
    row.removed = false;
    MW_TRY(mw_mem_add(m, &m->now.alarm_history, &row));
    return mw_mem_put(m, &m->now.alarm_settings, &row, setting_order);
}

static mw_status alarm_setting_remove(mw_store *s, const mw_store_alarm_setting *r) {
    mw_mem *m = mw_mem_of(s);
    mw_store_alarm_setting row = *r;
    if (!m->in_transaction)
        return MW_STATE;
    row.version = 0;
    MW_MEM_EACH(mw_store_alarm_setting, o, m->now.alarm_settings)
    if (setting_order(o, r) == 0) {
        row.value = o->value;
        row.version = setting_version(m, r);
    }
    if (row.version == 0)
        return MW_NOT_FOUND;
    row.removed = true;
    MW_MEM_DROP(mw_store_alarm_setting, o, m->now.alarm_settings, setting_order(o, r) == 0);
    return mw_mem_add(m, &m->now.alarm_history, &row);
}

static mw_status alarm_settings(mw_store *s, mw_store_on_alarm_setting each, void *ctx) {
    MW_MEM_EACH(mw_store_alarm_setting, r, mw_mem_of(s)->now.alarm_settings)
    MW_TRY(each(ctx, r));
    return MW_OK;
}

static mw_status alarm_setting_history(mw_store *s, int64_t tenant, const char *rule,
                                       uint32_t limit, mw_store_on_alarm_setting each, void *ctx) {
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    MW_MEM_EACH_BACK(mw_store_alarm_setting, r, mw_mem_of(s)->now.alarm_history)
    if (r->tenant == tenant && (rule == NULL || strcmp(r->rule, rule) == 0) && limit > 0) {
        limit--;
        MW_TRY(each(ctx, r));
    }
    return MW_OK;
}

static int collection_order(const void *pa, const void *pb) {
    const mw_store_collection *a = pa, *b = pb;
    if (a->tenant != b->tenant)
        return MW_MEM_CMP(a->tenant, b->tenant);
    return a->day != b->day ? MW_MEM_CMP(a->day, b->day) : MW_MEM_CMP(a->mark, b->mark);
}

static mw_status collection_put(mw_store *s, const mw_store_collection *row) {
    mw_mem *m = mw_mem_of(s);
    return mw_mem_put(m, &m->now.collections, row, collection_order);
}

static mw_status collections(mw_store *s, int64_t tenant, int64_t from, mw_store_on_collection each,
                             void *ctx) {
    MW_MEM_EACH(mw_store_collection, c, mw_mem_of(s)->now.collections)
    if (c->tenant == tenant && c->day >= from)
        MW_TRY(each(ctx, c));
    return MW_OK;
}

/* --- messages -------------------------------------------------------------------------------- */

static int recipient_order(const void *pa, const void *pb) {
    const mw_store_recipient *a = pa, *b = pb;
    return a->tenant != b->tenant ? MW_MEM_CMP(a->tenant, b->tenant) : strcmp(a->id, b->id);
}

static mw_status recipient_put(mw_store *s, const mw_store_recipient *row) {
    mw_mem *m = mw_mem_of(s);
    return mw_mem_put(m, &m->now.recipients, row, recipient_order);
}

static mw_status recipient_get(mw_store *s, int64_t tenant, const char *id,
                               mw_store_recipient *out_recipient) {
    MW_MEM_EACH(mw_store_recipient, r, mw_mem_of(s)->now.recipients)
    if (r->tenant == tenant && strcmp(r->id, id) == 0) {
        *out_recipient = *r;
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

static mw_status recipient_remove(mw_store *s, int64_t tenant, const char *id) {
    mw_mem *m = mw_mem_of(s);
    size_t before = m->now.recipients.n;
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_DROP(mw_store_recipient, r, m->now.recipients,
                r->tenant == tenant && strcmp(r->id, id) == 0);
    return m->now.recipients.n < before ? MW_OK : MW_NOT_FOUND;
}

static mw_status recipients(mw_store *s, int64_t tenant, mw_store_on_recipient each, void *ctx) {
    MW_MEM_EACH(mw_store_recipient, r, mw_mem_of(s)->now.recipients)
    if (r->tenant == tenant)
        MW_TRY(each(ctx, r));
    return MW_OK;
}

static mw_status delivery_add(mw_store *s, const mw_store_delivery *d, int64_t *out_id) {
    mw_mem *m = mw_mem_of(s);
    const mw_store_delivery *all = m->now.deliveries.p;
    mw_store_delivery row = *d;
    row.id = m->now.deliveries.n == 0 ? 1 : all[m->now.deliveries.n - 1].id + 1;
    MW_TRY(mw_mem_add(m, &m->now.deliveries, &row));
    *out_id = row.id;
    return MW_OK;
}

static mw_store_delivery *delivery_find(mw_mem *m, int64_t tenant, int64_t id) {
    MW_MEM_EACH(mw_store_delivery, d, m->now.deliveries)
    if (d->tenant == tenant && d->id == id)
        return d;
    return NULL;
}

static mw_status delivery_put(mw_store *s, const mw_store_delivery *d) {
    mw_mem *m = mw_mem_of(s);
    mw_store_delivery *old = delivery_find(m, d->tenant, d->id);
    if (!m->in_transaction)
        return MW_STATE;
    if (old == NULL)
        return MW_NOT_FOUND;
    old->state = d->state;
    old->due = d->due;
    old->done = d->done;
    old->attempts = d->attempts;
    memcpy(old->error, d->error, sizeof old->error);
    return MW_OK;
}

static mw_status delivery_get(mw_store *s, int64_t tenant, int64_t id,
                              mw_store_delivery *out_delivery) {
    const mw_store_delivery *d = delivery_find(mw_mem_of(s), tenant, id);
    if (d == NULL)
        return MW_NOT_FOUND;
    *out_delivery = *d;
    return MW_OK;
}

static int due_order(const mw_store_delivery *a, const mw_store_delivery *b) {
    return a->due.us != b->due.us ? MW_MEM_CMP(a->due.us, b->due.us) : MW_MEM_CMP(a->id, b->id);
}

static mw_status deliveries_due(mw_store *s, mw_utc at, uint32_t limit, mw_store_on_delivery each,
                                void *ctx) {
    const mw_store_delivery *last = NULL;
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    for (; limit > 0; limit--) {
        const mw_store_delivery *next = NULL;
        MW_MEM_EACH(mw_store_delivery, d, mw_mem_of(s)->now.deliveries)
        if (d->state == MW_DELIVERY_WAITING && d->due.us <= at.us &&
            (last == NULL || due_order(d, last) > 0) && (next == NULL || due_order(d, next) < 0))
            next = d;
        if (next == NULL)
            return MW_OK;
        MW_TRY(each(ctx, next));
        last = next;
    }
    return MW_OK;
}

static mw_status deliveries(mw_store *s, int64_t tenant, unsigned states, int64_t before,
                            uint32_t limit, mw_store_on_delivery each, void *ctx) {
    unsigned all = states == 0 ? 0xffU : states;
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    MW_MEM_EACH_BACK(mw_store_delivery, d, mw_mem_of(s)->now.deliveries)
    if (d->tenant == tenant && (before == 0 || d->id < before) && (all >> d->state & 1) != 0 &&
        limit > 0) {
        limit--;
        MW_TRY(each(ctx, d));
    }
    return MW_OK;
}

static mw_status deliveries_waiting(mw_store *s, int64_t *out_n) {
    *out_n = 0;
    MW_MEM_EACH(mw_store_delivery, d, mw_mem_of(s)->now.deliveries)
    *out_n += d->state == MW_DELIVERY_WAITING;
    return MW_OK;
}

static mw_status deliveries_forget(mw_store *s, mw_utc before) {
    mw_mem *m = mw_mem_of(s);
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_DROP(mw_store_delivery, d, m->now.deliveries,
                !mw_utc_is_none(d->done) && d->done.us < before.us && d->state != MW_DELIVERY_DEAD);
    return MW_OK;
}

/* --- conditions that hold, not long enough yet ------------------------------------------------- */

static int hold_order(const void *pa, const void *pb) {
    const mw_store_alarm_hold *a = pa, *b = pb;
    int c = MW_MEM_CMP(a->tenant, b->tenant);
    if (c == 0)
        c = strcmp(a->rule, b->rule);
    return c != 0 ? c : strcmp(a->subject, b->subject);
}

static mw_status alarm_hold_put(mw_store *s, const mw_store_alarm_hold *row) {
    mw_mem *m = mw_mem_of(s);
    return mw_mem_put(m, &m->now.holding, row, hold_order);
}

static mw_status alarm_hold_drop(mw_store *s, int64_t tenant, const char *rule,
                                 const char *subject) {
    mw_mem *m = mw_mem_of(s);
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_DROP(mw_store_alarm_hold, h, m->now.holding,
                h->tenant == tenant && strcmp(h->rule, rule) == 0 &&
                    strcmp(h->subject, subject) == 0);
    return MW_OK;
}

static mw_status alarm_holds(mw_store *s, mw_store_on_alarm_hold each, void *ctx) {
    MW_MEM_EACH(mw_store_alarm_hold, h, mw_mem_of(s)->now.holding)
    MW_TRY(each(ctx, h));
    return MW_OK;
}

void mw_mem_alarm_ops(mw_store_ops *ops) {
    ops->signs = signs;
    ops->alarm_hold_put = alarm_hold_put;
    ops->alarm_hold_drop = alarm_hold_drop;
    ops->alarm_holds = alarm_holds;
    ops->sign_raise = sign_raise;
    ops->signs_changed = signs_changed;
    ops->event_append = event_append;
    ops->events_after = events_after;
    ops->events = events;
    ops->alarm_add = alarm_add;
    ops->alarm_put = alarm_put;
    ops->alarm_get = alarm_get;
    ops->alarm_last = alarm_last;
    ops->alarms = alarms;
    ops->alarms_open = alarms_open;
    ops->alarm_counts = alarm_counts;
    ops->alarm_note_add = alarm_note_add;
    ops->alarm_notes = alarm_notes;
    ops->alarm_setting_put = alarm_setting_put;
    ops->alarm_setting_remove = alarm_setting_remove;
    ops->alarm_settings = alarm_settings;
    ops->alarm_setting_history = alarm_setting_history;
    ops->collection_put = collection_put;
    ops->collections = collections;
    ops->recipient_put = recipient_put;
    ops->recipient_get = recipient_get;
    ops->recipient_remove = recipient_remove;
    ops->recipients = recipients;
    ops->delivery_add = delivery_add;
    ops->delivery_put = delivery_put;
    ops->delivery_get = delivery_get;
    ops->deliveries_due = deliveries_due;
    ops->deliveries = deliveries;
    ops->deliveries_waiting = deliveries_waiting;
    ops->deliveries_forget = deliveries_forget;
}
