/* SPDX-License-Identifier: Apache-2.0
 *
 * The suite's part for alarms: signs, events, alarms and their notes, settings, collection rates,
 * recipients and messages.
 */
#include <stdio.h>
#include <string.h>

#include "platform/readings/test/conformance_rows.h"

static void act_sign(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_sign a = {.tenant = tenant, .kind = "auth", .last_at = some_time(g)};
    mw_store_event e = {.tenant = tenant, .device = 1 + some(g, 2), .received = some_time(g)};
    SOME_NAME(a.subject, g, "s", 4);
    SOME_NAME(a.text, g, "text", 9);
    a.count = some(g, 3);
    a.from_decode = some(g, 2) == 0;
    MW_CHECK_OK(mw_store_sign_raise(s, &a));
    e.code = (uint16_t)some(g, 3);
    e.meter = mw_utc_of_s(1790000000 + 60 * some(g, 3));
    e.detail = some(g, 2);
    e.journal = some(g, 50);
    MW_CHECK_OK(mw_store_event_append(s, &e));
}

static void alarm_random(mw_store_alarm *a, mw_prng *g) {
    a->channel = some(g, 3);
    a->device = some(g, 3);
    a->severity = (uint8_t)some(g, 4);
    a->state = (mw_store_alarm_state)(1 + some(g, 2));
    a->value = some(g, 1000) - 500;
    a->threshold = some(g, 9);
    a->members = some(g, 4);
    a->root = some(g, 3) == 0 ? 1 : 0;
    a->count = 1 + some(g, 7);
    a->last_at = some_time(g);
    a->clearing_at = some(g, 2) == 0 ? MW_UTC_NONE : some_time(g);
    a->closed_at = MW_UTC_NONE;
    a->acknowledged_at = a->state == MW_ALARM_OPEN ? MW_UTC_NONE : some_time(g);
    a->snoozed_until = some(g, 2) == 0 ? MW_UTC_NONE : some_time(g);
    SOME_NAME(a->station, g, "st", 2);
    SOME_NAME(a->assignee, g, "eve", 2);
    SOME_NAME(a->latest, g, "{}", 5);
    if (some(g, 2) == 0) {
        a->state = MW_ALARM_CLOSED;
        a->closed_at = some_time(g);
        SOME_NAME(a->closed_by, g, "ops", 2);
    }
}

static void act_alarm(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_alarm a = {.tenant = tenant, .version = some(g, 4), .opened_at = some_time(g)};
    mw_store_alarm_note n = {.tenant = tenant, .alarm = some(g, 6), .at = some_time(g)};
    int64_t id = 0;
    SOME_NAME(a.rule, g, "rule", 3);
    SOME_NAME(a.subject, g, "channel/", 3);
    SOME_NAME(a.inputs, g, "{}", 5);
    alarm_random(&a, g);
    mw_status status = mw_store_alarm_add(s, &a, &id);
    SAY_STATUS("alarm_add", status);
    if (status == MW_CONFLICT && mw_store_alarm_last(s, tenant, a.rule, a.subject, &a) == MW_OK) {
        alarm_random(&a, g);
        MW_CHECK_OK(mw_store_alarm_put(s, &a));
    }
    SOME_NAME(n.who, g, "eve", 2);
    SOME_NAME(n.what, g, "opened", 2);
    SOME_NAME(n.text, g, "because", 9);
    MW_CHECK_OK(mw_store_alarm_note_add(s, &n));
    a.id = 100000;
    SAY_STATUS("alarm_put", mw_store_alarm_put(s, &a));
}

static void act_setting(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_alarm_setting r = {.tenant = tenant, .value = some(g, 100), .at = some_time(g)};
    mw_store_collection c = {.tenant = tenant,
                             .day = 20000 + some(g, 5),
                             .mark = (uint8_t)some(g, 3),
                             .at = some_time(g),
                             .expected = some(g, 100),
                             .collected = some(g, 100),
                             .meters = some(g, 9),
                             .missing = some(g, 9),
                             .by_meter = 1,
                             .by_radio = 2,
                             .by_station = 3,
                             .by_backhaul = some(g, 9)};
    SOME_NAME(r.rule, g, "rule", 2);
    SOME_NAME(r.name, g, "limit", 2);
    SOME_NAME(r.who, g, "eve", 2);
    SOME_NAME(r.reason, g, "why", 9);
    r.class = some(g, 2) == 0 ? MW_STORE_ALARM_NO_CLASS : 1;
    r.channel = some(g, 2);
    if (some(g, 3) > 0)
        MW_CHECK_OK(mw_store_alarm_setting_put(s, &r));
    else
        SAY_STATUS("setting_remove", mw_store_alarm_setting_remove(s, &r));
    MW_CHECK_OK(mw_store_collection_put(s, &c));
}

static void act_recipient(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_recipient r = {.tenant = tenant,
                            .kind = MW_RECIPIENT_WEBHOOK,
                            .on = some(g, 2) == 0,
                            .severity_min = (uint8_t)some(g, 4),
                            .escalated_only = some(g, 2) == 0,
                            .quiet_from = some(g, 1440),
                            .quiet_to = some(g, 1440),
                            .quiet_severity = 3,
                            .digest_s = some(g, 600),
                            .escalate_s = some(g, 600),
                            .secret = some(g, 9),
                            .changed_at = some_time(g)};
    SOME_NAME(r.id, g, "r", 4);
    SOME_NAME(r.name, g, "name", 9);
    SOME_NAME(r.target, g, "https://example.org/", 9);
    SOME_NAME(r.rules, g, "rule", 2);
    SOME_NAME(r.area, g, "area", 2);
    SOME_NAME(r.time_zone, g, "Europe/Rome", 2);
    SOME_NAME(r.escalate_to, g, "r", 4);
    SOME_NAME(r.changed_by, g, "eve", 2);
    if (some(g, 4) > 0)
        MW_CHECK_OK(mw_store_recipient_put(s, &r));
    else
        SAY_STATUS("recipient_remove", mw_store_recipient_remove(s, tenant, r.id));
}

static void act_delivery(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_delivery d = {.tenant = tenant,
                           .alarm = some(g, 4),
                           .state = MW_DELIVERY_WAITING,
                           .created = some_time(g),
                           .due = some_time(g),
                           .done = MW_UTC_NONE};
    int64_t id = 0;
    SOME_NAME(d.recipient, g, "r", 4);
    SOME_NAME(d.what, g, "opened", 2);
    MW_CHECK_OK(mw_store_delivery_add(s, &d, &id));
    SAY("delivery", "", id);
    d.id = 1 + some(g, (uint64_t)id);
    d.state = (mw_store_delivery_state)(1 + some(g, 4));
    d.done = d.state == MW_DELIVERY_WAITING ? MW_UTC_NONE : some_time(g);
    d.attempts = some(g, 5);
    SOME_NAME(d.error, g, "refused", 5);
    if (d.id != id) /* the newest waits, so forgetting never frees its number */
        SAY_STATUS("delivery_put", mw_store_delivery_put(s, &d));
    if (some(g, 6) == 0)
        MW_CHECK_OK(mw_store_deliveries_forget(s, some_time(g)));
}

static void act(mw_store *s, int64_t tenant, mw_prng *g) {
    static void (*const acts[])(mw_store *, int64_t, mw_prng *) = {act_sign, act_alarm, act_setting,
                                                                   act_recipient, act_delivery};
    acts[some(g, sizeof acts / sizeof acts[0])](s, tenant, g);
}

static mw_status on_sign(void *ctx, int64_t change, const mw_store_sign *a) {
    (void)ctx;
    SAY(a->kind, a->subject, change, a->id, a->first_at.us, a->last_at.us, a->count,
        a->from_decode);
    SAY("text", a->text, 0);
    return MW_OK;
}

static mw_status on_event(void *ctx, const mw_store_event *e) {
    (void)ctx;
    SAY("event", "", e->id, e->device, e->code, e->meter.us, e->received.us, e->detail, e->journal);
    return MW_OK;
}

static mw_status on_alarm(void *ctx, const mw_store_alarm *a) {
    (void)ctx;
    SAY(a->rule, a->subject, a->id, a->version, a->channel, a->device, a->severity,
        (int64_t)a->state, a->value, a->threshold, a->members, a->root, a->count, a->opened_at.us,
        a->last_at.us, a->clearing_at.us, a->closed_at.us, a->acknowledged_at.us,
        a->snoozed_until.us);
    SAY(a->station, a->closed_by, 0);
    SAY(a->assignee, a->acknowledged_by, 0);
    SAY(a->inputs, a->latest, 0);
    return MW_OK;
}

static mw_status on_count(void *ctx, const mw_store_alarm_count *c) {
    (void)ctx;
    SAY("count", c->rule, c->severity, (int64_t)c->state, c->snoozed, c->alarms);
    return MW_OK;
}

static mw_status on_note(void *ctx, const mw_store_alarm_note *n) {
    (void)ctx;
    SAY(n->what, n->text, n->id, n->alarm, n->at.us);
    SAY("who", n->who, 0);
    return MW_OK;
}

static mw_status on_setting(void *ctx, const mw_store_alarm_setting *r) {
    (void)ctx;
    SAY(r->rule, r->name, r->class, r->channel, r->value, r->version, r->at.us, r->removed);
    SAY(r->who, r->reason, 0);
    return MW_OK;
}

static mw_status on_collection(void *ctx, const mw_store_collection *c) {
    (void)ctx;
    SAY("collection", "", c->day, c->mark, c->at.us, c->expected, c->collected, c->meters,
        c->missing, c->by_meter, c->by_radio, c->by_station, c->by_backhaul);
    return MW_OK;
}

static mw_status on_recipient(void *ctx, const mw_store_recipient *r) {
    (void)ctx;
    SAY(r->id, r->name, (int64_t)r->kind, r->on, r->severity_min, r->escalated_only, r->quiet_from,
        r->quiet_to, r->quiet_severity, r->digest_s, r->escalate_s, r->secret, r->changed_at.us);
    SAY(r->target, r->rules, 0);
    SAY(r->area, r->time_zone, 0);
    SAY(r->escalate_to, r->changed_by, 0);
    return MW_OK;
}

static mw_status on_delivery(void *ctx, const mw_store_delivery *d) {
    (void)ctx;
    SAY(d->recipient, d->what, d->id, d->alarm, (int64_t)d->state, d->created.us, d->due.us,
        d->done.us, d->attempts);
    SAY("error", d->error, 0);
    return MW_OK;
}

static void tell_alarms(mw_store *s, int64_t tenant) {
    mw_store_alarm a;
    mw_store_alarm_query q = {.tenant = tenant, .root = -1, .limit = 100, .states = 14};
    MW_CHECK_OK(mw_store_alarms(s, &q, on_alarm, NULL));
    q = (mw_store_alarm_query){.tenant = tenant, .limit = 3, .before = 9};
    MW_CHECK_OK(mw_store_alarms(s, &q, on_alarm, NULL));
    q = (mw_store_alarm_query){.tenant = tenant, .limit = 9, .root = 1, .severity_min = 2};
    MW_CHECK_OK(mw_store_alarms(s, &q, on_alarm, NULL));
    q = (mw_store_alarm_query){.tenant = tenant, .limit = 9, .channel = 1, .rule = "rule-1"};
    MW_CHECK_OK(mw_store_alarms(s, &q, on_alarm, NULL));
    q = (mw_store_alarm_query){.tenant = tenant, .limit = 9, .root = -1, .assignee = "eve-1"};
    MW_CHECK_OK(mw_store_alarms(s, &q, on_alarm, NULL));
    q.limit = MW_STORE_PAGE_MAX + 1;
    MW_CHECK_STATUS(mw_store_alarms(s, &q, on_alarm, NULL), MW_RANGE);
    MW_CHECK_OK(mw_store_alarms_open(s, 2, 5, on_alarm, NULL));
    MW_CHECK_OK(mw_store_alarm_counts(s, tenant, mw_utc_of_s(1790500000), on_count, NULL));
    SAY_STATUS("alarm_get", mw_store_alarm_get(s, tenant, 2, &a));
    SAY_STATUS("alarm_get", mw_store_alarm_get(s, tenant - 1, 2, &a));
    for (int64_t k = 0; k < 6; k++)
        MW_CHECK_OK(mw_store_alarm_notes(s, tenant, k, 3, on_note, NULL));
}

static void tell(mw_store *s, int64_t tenant) {
    mw_store_recipient r;
    mw_store_delivery d;
    int64_t n = 0;
    MW_CHECK_OK(mw_store_signs_changed(s, 0, 100, on_sign, NULL));
    MW_CHECK_OK(mw_store_signs_changed(s, 5, 2, on_sign, NULL));
    MW_CHECK_OK(mw_store_events_after(s, 1, 100, on_event, NULL));
    MW_CHECK_OK(mw_store_events(s, tenant, 1, 0, 100, on_event, NULL));
    tell_alarms(s, tenant);
    MW_CHECK_OK(mw_store_alarm_settings(s, on_setting, NULL));
    MW_CHECK_OK(mw_store_alarm_setting_history(s, tenant, NULL, 100, on_setting, NULL));
    MW_CHECK_OK(mw_store_alarm_setting_history(s, tenant, "rule-1", 4, on_setting, NULL));
    MW_CHECK_OK(mw_store_collections(s, tenant, 20002, on_collection, NULL));
    MW_CHECK_OK(mw_store_recipients(s, tenant, on_recipient, NULL));
    MW_CHECK_OK(mw_store_recipients(s, tenant - 1, on_recipient, NULL));
    if (mw_store_recipient_get(s, tenant, "r-1", &r) == MW_OK)
        MW_CHECK_OK(on_recipient(NULL, &r));
    MW_CHECK_OK(mw_store_deliveries(s, tenant, 0, 0, 100, on_delivery, NULL));
    MW_CHECK_OK(mw_store_deliveries(s, tenant, 1U << MW_DELIVERY_DEAD, 7, 3, on_delivery, NULL));
    MW_CHECK_OK(mw_store_deliveries_due(s, mw_utc_of_s(1790500000), 9, on_delivery, NULL));
    MW_CHECK_OK(mw_store_deliveries_waiting(s, &n));
    SAY("waiting", mw_status_name(mw_store_delivery_get(s, tenant, 3, &d)), n);
}

const mw_conformance_group mw_conformance_alarms = {"alarms and messages", act, tell};
