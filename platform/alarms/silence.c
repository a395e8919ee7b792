/* SPDX-License-Identifier: Apache-2.0
 *
 * What did not arrive: meters that validation found late or out of order, and stations that failed.
 * A meter whose stations have failed makes no alarm of its own: it counts for the station's.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "platform/alarms/internal.h"

/* --- meters ---------------------------------------------------------------------------------- */

typedef struct page {
    mw_store_vee_meter at[MW_ALARMS_LOOKS];
    uint32_t n;
} page;

static mw_status meter_take(void *ctx, const mw_store_vee_meter *row) {
    page *p = ctx;
    p->at[p->n++] = *row;
    return MW_OK;
}

static void silent_inputs(const mw_store_vee_meter *m, int64_t value, int64_t threshold,
                          char out[MW_STORE_ALARM_JSON]) {
    mw_alarm_text t;
    mw_alarm_text_begin(&t);
    mw_json_put_text(&t.json, "seen", "no value");
    mw_json_put_text(&t.json, "state", mw_vee_state_name((mw_vee_state)m->state));
    mw_json_put_utc(&t.json, "from", m->silent);
    mw_json_put_int(&t.json, "value", value);
    mw_json_put_int(&t.json, "threshold", threshold);
    mw_json_put_text(&t.json, "unit", "h");
    mw_json_put_int(&t.json, "risk_per_day", m->risk_per_day);
    mw_json_put_int(&t.json, "slots", m->slots);
    if (m->station[0] != 0)
        mw_json_put_text(&t.json, "station", m->station);
    mw_alarm_text_end(&t, out);
}

static mw_alarm_station *station_of(mw_alarms *a, int64_t tenant, const char *id) {
    for (size_t i = 0; i < a->stations; i++)
        if (a->station[i].tenant == tenant && strcmp(a->station[i].id, id) == 0)
            return &a->station[i];
    if (a->stations == MW_ALARM_STATIONS)
        return NULL;
    mw_alarm_station *s = &a->station[a->stations++];
    *s = (mw_alarm_station){.tenant = tenant};
    (void)snprintf(s->id, sizeof s->id, "%s", id);
    return s;
}

/* Its own alarms, if it had some before the station was known to have failed, are explained now. */
static mw_status member_look(mw_alarms *a, const mw_store_vee_meter *m, const char *subject,
                             mw_utc now) {
    char station[MW_STORE_ID_MAX];
    mw_alarm_station *s = station_of(a, m->tenant, m->station);
    if (s != NULL)
        s->members++;
    (void)snprintf(station, sizeof station, "station/%.50s", m->station);
    const mw_alarm_entry *root = mw_alarm_find(a, m->tenant, MW_ALARM_STATION_DOWN, station);
    static const mw_alarm_rule_id own[] = {MW_ALARM_SILENT, MW_ALARM_OUT_OF_ORDER};
    for (unsigned i = 0; i < 2; i++) {
        mw_alarm_entry *e = mw_alarm_find(a, m->tenant, own[i], subject);
        if (e == NULL)
            continue;
        e->round = a->round;
        if (root != NULL && root->id != 0)
            MW_TRY(mw_alarm_group_set(a, e, root->id, now));
    }
    return MW_OK;
}

static mw_status meter_look(mw_alarms *a, const mw_store_vee_meter *m, mw_utc now) {
    char subject[MW_STORE_ID_MAX], inputs[MW_STORE_ALARM_JSON];
    mw_alarm_values v;
    (void)snprintf(subject, sizeof subject, "channel/%" PRId64, m->channel);
    if (m->state < MW_VEE_LATE || m->state > MW_VEE_ESTIMATING)
        return MW_OK; /* it is back */
    if (m->cause == MW_CAUSE_STATION)
        return member_look(a, m, subject, now);
    int64_t hours = (now.us - m->silent.us) / MW_US_PER_S / 3600;
    mw_alarm_look l = {.tenant = m->tenant,
                       .rule = MW_ALARM_OUT_OF_ORDER,
                       .subject = subject,
                       .channel = m->channel,
                       .station = m->station,
                       .values = &v,
                       .says = MW_SAYS_WATCH,
                       .at = now,
                       .now = now,
                       .value = hours,
                       .inputs = inputs};
    mw_alarm_entry *root = NULL;
    if (m->state >= MW_VEE_OUT_OF_ORDER) {
        mw_alarm_book_values(&a->book, m->tenant, l.rule, MW_VEE_RESIDENTIAL, m->channel, &v);
        silent_inputs(m, hours, 0, inputs);
        MW_TRY(mw_alarm_holds(a, &l));
        root = mw_alarm_find(a, m->tenant, l.rule, subject);
    }
    l.rule = MW_ALARM_SILENT;
    mw_alarm_book_values(&a->book, m->tenant, l.rule, MW_VEE_RESIDENTIAL, m->channel, &v);
    mw_alarm_entry *silent = mw_alarm_find(a, m->tenant, l.rule, subject);
    if (root != NULL && root->id != 0) {
        /* One thing, one alarm. */
        if (silent != NULL) {
            silent->round = a->round;
            MW_TRY(mw_alarm_group_set(a, silent, root->id, now));
        }
        return MW_OK;
    }
    if (silent != NULL)
        MW_TRY(mw_alarm_group_set(a, silent, 0, now));
    if (hours < v.v[MW_SILENT_HOURS])
        return MW_OK;
    l.threshold = v.v[MW_SILENT_HOURS];
    silent_inputs(m, hours, l.threshold, inputs);
    return mw_alarm_holds(a, &l);
}

/* --- stations -------------------------------------------------------------------------------- */

typedef struct judged {
    mw_alarms *a;
    mw_utc now;
} judged;

static mw_status station_look(void *ctx, const mw_vigil_station_state *t) {
    judged *j = ctx;
    mw_alarms *a = j->a;
    char subject[MW_STORE_ID_MAX], inputs[MW_STORE_ALARM_JSON];
    mw_alarm_values v;
    mw_alarm_text text;
    int64_t members = t->late;
    for (size_t i = 0; i < a->stations; i++)
        if (a->station[i].tenant == t->tenant && strcmp(a->station[i].id, t->id) == 0 &&
            a->station[i].members > members)
            members = a->station[i].members;
    (void)snprintf(subject, sizeof subject, "station/%.50s", t->id);
    mw_alarm_look l = {.tenant = t->tenant,
                       .rule = MW_ALARM_STATION_DOWN,
                       .subject = subject,
                       .station = t->id,
                       .values = &v,
                       .says = MW_SAYS_WATCH,
                       .at = j->now,
                       .now = j->now,
                       .value = members,
                       .members = members,
                       .inputs = inputs};
    mw_alarm_book_values(&a->book, t->tenant, l.rule, MW_VEE_RESIDENTIAL, 0, &v);
    if (!t->failed) {
        l.says = MW_SAYS_ALL;
        return mw_alarm_over(a, &l);
    }
    mw_alarm_text_begin(&text);
    mw_json_put_text(&text.json, "seen", "station down");
    mw_json_put_utc(&text.json, "from", t->last_contact);
    mw_json_put_int(&text.json, "meters", t->meters);
    mw_json_put_int(&text.json, "late", t->late);
    mw_json_put_int(&text.json, "silenced", members);
    mw_alarm_text_end(&text, inputs);
    return mw_alarm_holds(a, &l);
}

/* Whoever was not met in this round is back. A turn ends so many at most; what the index moves
 * meanwhile is met in the next round. */
static mw_status absent_end(mw_alarms *a, mw_utc now) {
    uint32_t ended = 0;
    for (; a->end_at < a->slots && ended < a->limit; a->end_at++) {
        mw_alarm_entry *e = &a->slot[a->end_at];
        mw_alarm_values v;
        if (e->tenant <= 0 || e->round == a->round ||
            (e->rule != MW_ALARM_SILENT && e->rule != MW_ALARM_OUT_OF_ORDER))
            continue;
        mw_alarm_look l = {.tenant = e->tenant,
                           .rule = (mw_alarm_rule_id)e->rule,
                           .subject = e->subject,
                           .values = &v,
                           .says = MW_SAYS_ALL,
                           .at = now,
                           .now = now};
        mw_alarm_book_values(&a->book, l.tenant, l.rule, MW_VEE_RESIDENTIAL, e->channel, &v);
        MW_TRY(mw_alarm_over(a, &l));
        ended++;
    }
    mw_alarms_had(a, ended, a->limit);
    return MW_OK;
}

static mw_status round_end(mw_alarms *a, mw_utc now) {
    MW_TRY(absent_end(a, now));
    a->ending = a->end_at < a->slots;
    if (a->ending)
        return MW_OK;
    a->end_at = 0;
    judged j = {.a = a, .now = now};
    if (a->o.validation != NULL)
        MW_TRY(mw_engine_stations(a->o.validation, station_look, &j));
    a->at = 0;
    a->stations = 0;
    a->round++;
    return MW_OK;
}

mw_status mw_alarms_watch(mw_alarms *a, mw_utc now) {
    static _Thread_local page p;
    p.n = 0;
    if (a->ending)
        return round_end(a, now);
    uint32_t limit = mw_alarms_share(a, MW_ALARMS_LOOKS);
    MW_TRY(mw_store_vee_meters_scan(a->o.store, a->at, limit, meter_take, &p));
    for (uint32_t i = 0; i < p.n; i++)
        MW_TRY(meter_look(a, &p.at[i], now));
    mw_alarms_had(a, p.n, limit);
    if (p.n < limit)
        return round_end(a, now);
    a->at = p.at[p.n - 1].channel;
    return MW_OK;
}
