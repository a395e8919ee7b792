/* SPDX-License-Identifier: Apache-2.0
 *
 * Events that meters report, and signs that decoding and taking in leave behind.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "platform/alarms/internal.h"
#include "protocols/smp/smp.h"
#include "protocols/spodes/events.h"
#include "runtime/json_read.h"

#define CURSOR_EVENTS "follow/readings/0/alarms-events"
#define CURSOR_SIGNS  "follow/readings/0/alarms-signs"

/* --- events ---------------------------------------------------------------------------------- */

typedef struct events {
    mw_store_event at[MW_ALARMS_FACTS];
    size_t n;
    uint32_t read;
    int64_t last;
} events;

typedef struct event_sense {
    uint16_t code;
    mw_alarm_rule_id rule;
    bool over; /* the condition ends */
    const char *seen;
} event_sense;

#define LOGGED(name) MW_STORE_EVENT_LOGGED | MW_SPODES_##name

/* Most conditions stand in the status of each report; these do not. */
static const event_sense senses[] = {
    {MW_SMP_EVENT_TAMPER, MW_ALARM_TAMPER, false, "event tamper"},
    {MW_SMP_EVENT_MAGNET, MW_ALARM_TAMPER, false, "event magnet"},
    {MW_SMP_EVENT_AUTH_FAILED, MW_ALARM_SECURITY, false, "event auth failed"},
    {LOGGED(MAGNET), MW_ALARM_TAMPER, false, "event magnet"},
    {LOGGED(COVER_OPEN), MW_ALARM_TAMPER, false, "event cover"},
    {LOGGED(CASE_OPEN), MW_ALARM_TAMPER, false, "event case"},
    {LOGGED(RADIO_FIELD), MW_ALARM_TAMPER, false, "event radio field"},
    {LOGGED(MISMATCH), MW_ALARM_TAMPER, false, "event mismatch"},
    {LOGGED(ACCESS), MW_ALARM_SECURITY, false, "event password"},
    {LOGGED(VIOLATION), MW_ALARM_SECURITY, false, "event password"},
    {LOGGED(LOCKED), MW_ALARM_SECURITY, false, "event password"},
    {LOGGED(P_HIGH), MW_ALARM_OVER_LIMIT, false, "event power"},
    {LOGGED(P_HIGH_ENDS), MW_ALARM_OVER_LIMIT, true, ""},
    {LOGGED(I_HIGH), MW_ALARM_OVER_LIMIT, false, "event current"},
    {LOGGED(I_HIGH_ENDS), MW_ALARM_OVER_LIMIT, true, ""},
    {LOGGED(OFF_BY_LIMIT), MW_ALARM_OVER_LIMIT, false, "event cut off"},
    {LOGGED(OFF_BY_CURRENT), MW_ALARM_OVER_LIMIT, false, "event cut off"},
    {LOGGED(ON_BY_LIMIT), MW_ALARM_OVER_LIMIT, true, ""},
    {LOGGED(U_LOST_1), MW_ALARM_SUPPLY, false, "event phase"},
    {LOGGED(U_BACK_1), MW_ALARM_SUPPLY, true, ""},
    {LOGGED(U_LOST_2), MW_ALARM_SUPPLY, false, "event phase"},
    {LOGGED(U_BACK_2), MW_ALARM_SUPPLY, true, ""},
    {LOGGED(U_LOST_3), MW_ALARM_SUPPLY, false, "event phase"},
    {LOGGED(U_BACK_3), MW_ALARM_SUPPLY, true, ""},
    {LOGGED(POWER_OFF), MW_ALARM_SUPPLY, false, "event supply"},
    {LOGGED(POWER_ON), MW_ALARM_SUPPLY, true, ""},
};

static const event_sense *sense_of(uint16_t code) {
    for (size_t i = 0; i < sizeof senses / sizeof senses[0]; i++)
        if (senses[i].code == code)
            return &senses[i];
    return NULL;
}

static mw_status event_take(void *ctx, const mw_store_event *row) {
    events *e = ctx;
    e->last = row->id;
    e->read++;
    if (sense_of(row->code) != NULL)
        e->at[e->n++] = *row;
    return MW_OK;
}

static mw_status first_take(void *ctx, const mw_store_channel *row) {
    int64_t *channel = ctx;
    if (*channel == 0)
        *channel = row->channel;
    return MW_OK;
}

static mw_status event_look(mw_alarms *a, const mw_store_event *e, mw_utc now) {
    const event_sense *sense = sense_of(e->code);
    char subject[MW_STORE_ID_MAX], inputs[MW_STORE_ALARM_JSON];
    mw_alarm_values v;
    mw_alarm_text t;
    int64_t channel = 0;
    MW_TRY(mw_store_channels_of(a->o.store, e->tenant, e->device, first_take, &channel));
    if (channel == 0)
        return MW_OK;
    (void)snprintf(subject, sizeof subject, "channel/%" PRId64, channel);
    mw_alarm_look l = {.tenant = e->tenant,
                       .rule = sense->rule,
                       .subject = subject,
                       .channel = channel,
                       .device = e->device,
                       .values = &v,
                       .says = MW_SAYS_SIGN,
                       .at = e->received,
                       .now = now,
                       .value = e->detail,
                       .inputs = inputs};
    mw_alarm_book_values(&a->book, l.tenant, l.rule, MW_VEE_RESIDENTIAL, channel, &v);
    mw_alarm_text_begin(&t);
    mw_json_put_text(&t.json, "seen", sense->seen);
    mw_json_put_utc(&t.json, "at", e->meter);
    mw_json_put_int(&t.json, "value", e->detail);
    mw_alarm_text_end(&t, inputs);
    return sense->over ? mw_alarm_over(a, &l) : mw_alarm_holds(a, &l);
}

mw_status mw_alarms_follow_events(mw_alarms *a, mw_utc now) {
    int64_t at = 0;
    MW_TRY(mw_store_cursor_get(a->o.store, CURSOR_EVENTS, &at));
    events e = {.last = at};
    uint32_t limit = mw_alarms_share(a, MW_ALARMS_FACTS);
    MW_TRY(mw_store_events_after(a->o.store, at, limit, event_take, &e));
    if (e.read == 0)
        return MW_OK;
    for (size_t i = 0; i < e.n; i++)
        MW_TRY(event_look(a, &e.at[i], now));
    a->turn->facts += e.read;
    mw_alarms_had(a, e.read, limit);
    return mw_store_cursor_set(a->o.store, CURSOR_EVENTS, e.last);
}

/* --- signs ----------------------------------------------------------------------------------- */

enum { SIGNS = 200 };

typedef struct signs {
    mw_store_sign at[SIGNS];
    uint32_t n;
    int64_t last;
} signs;

static mw_status sign_take(void *ctx, int64_t change, const mw_store_sign *row) {
    signs *s = ctx;
    s->last = change;
    s->at[s->n++] = *row;
    return MW_OK;
}

/* Which meter a sign is of: "channel/12", or an identity in hex. */
static mw_status place(mw_alarms *a, const mw_store_sign *s, mw_alarm_look *l,
                       char subject[MW_STORE_ID_MAX]) {
    unsigned long long identity = 0;
    mw_store_device device;
    char rest = 0;
    (void)snprintf(subject, MW_STORE_ID_MAX, "%s", s->subject);
    if (sscanf(s->subject, "channel/%" SCNd64 "%c", &l->channel, &rest) == 1)
        return MW_OK;
    l->channel = 0;
    if (strlen(s->subject) != 16 || sscanf(s->subject, "%16llx%c", &identity, &rest) != 1)
        return MW_OK;
    mw_status found = mw_store_device_get(a->o.store, s->tenant, identity, &device);
    if (found != MW_OK)
        return found == MW_NOT_FOUND ? MW_OK : found;
    l->device = device.device;
    MW_TRY(mw_store_channels_of(a->o.store, s->tenant, device.device, first_take, &l->channel));
    if (l->channel != 0)
        (void)snprintf(subject, MW_STORE_ID_MAX, "channel/%" PRId64, l->channel);
    return MW_OK;
}

static void sign_inputs(const mw_store_sign *s, char out[MW_STORE_ALARM_JSON]) {
    mw_alarm_text t;
    mw_alarm_text_begin(&t);
    mw_json_put_text(&t.json, "seen", s->kind);
    mw_json_put_text(&t.json, "text", s->text);
    mw_json_put_utc(&t.json, "from", s->first_at);
    mw_json_put_utc(&t.json, "to", s->last_at);
    mw_json_put_int(&t.json, "count", s->count);
    mw_alarm_text_end(&t, out);
}

/* For what is told again as long as it lasts: it is over when nothing comes. */
static void over_when_quiet(mw_alarms *a, const mw_alarm_look *l) {
    mw_alarm_entry *e = mw_alarm_find(a, l->tenant, l->rule, l->subject);
    if (e != NULL)
        e->clearing = l->at;
}

static mw_status plain_look(mw_alarms *a, const mw_store_sign *s, mw_alarm_rule_id rule,
                            mw_utc now) {
    char subject[MW_STORE_ID_MAX], inputs[MW_STORE_ALARM_JSON];
    mw_alarm_values v;
    mw_alarm_look l = {.tenant = s->tenant,
                       .rule = rule,
                       .subject = subject,
                       .values = &v,
                       .says = MW_SAYS_SIGN,
                       .at = s->last_at,
                       .now = now,
                       .value = s->count,
                       .inputs = inputs};
    MW_TRY(place(a, s, &l, subject));
    mw_alarm_book_values(&a->book, l.tenant, rule, MW_VEE_RESIDENTIAL, l.channel, &v);
    sign_inputs(s, inputs);
    MW_TRY(mw_alarm_holds(a, &l));
    if (rule == MW_ALARM_CLOCK) /* the sign comes with each report while the clock is wrong */
        over_when_quiet(a, &l);
    return MW_OK;
}

static mw_status station_look(mw_alarms *a, const mw_store_sign *s, mw_alarm_rule_id rule,
                              int64_t value, int64_t good, bool holds, mw_utc now) {
    char inputs[MW_STORE_ALARM_JSON];
    mw_alarm_values v;
    mw_alarm_book_values(&a->book, s->tenant, rule, MW_VEE_RESIDENTIAL, 0, &v);
    mw_alarm_look l = {.tenant = s->tenant,
                       .rule = rule,
                       .subject = s->subject,
                       .station = s->subject + strlen("station/"),
                       .values = &v,
                       .says = MW_SAYS_SIGN,
                       .at = s->last_at,
                       .now = now,
                       .value = value,
                       .threshold = rule == MW_ALARM_BACKHAUL ? v.v[MW_BACKHAUL_ITEMS] : 0,
                       .inputs = inputs};
    if (rule == MW_ALARM_BACKHAUL) {
        holds = holds || value > v.v[MW_BACKHAUL_ITEMS];
        good = v.v[MW_BACKHAUL_GOOD];
    }
    sign_inputs(s, inputs);
    if (holds)
        return mw_alarm_holds(a, &l);
    return value <= good ? mw_alarm_over(a, &l) : MW_OK;
}

/* {"degraded":["no_platform"],"spool_items":12} */
static mw_status state_look(mw_alarms *a, const mw_store_sign *s, mw_utc now) {
    json_t *root = NULL, *mode = NULL;
    size_t i = 0;
    bool backhaul = false;
    int64_t others = 0;
    mw_json_limits limits = {.bytes_max = MW_STORE_TEXT_MAX, .depth_max = 2};
    mw_status parsed = mw_json_parse(mw_slice_of_str(s->text), limits, &root, NULL);
    if (parsed != MW_OK)
        return parsed == MW_NOMEM ? parsed : MW_OK;
    json_array_foreach(json_object_get(root, "degraded"), i, mode) {
        bool platform = strcmp(json_string_value(mode), "no_platform") == 0;
        backhaul = backhaul || platform;
        others += !platform;
    }
    int64_t items = json_integer_value(json_object_get(root, "spool_items"));
    json_decref(root);
    MW_TRY(station_look(a, s, MW_ALARM_BACKHAUL, items, 0, backhaul, now));
    return station_look(a, s, MW_ALARM_STATION_TROUBLE, others, 0, others > 0, now);
}

static mw_status sign_look(mw_alarms *a, const mw_store_sign *s, mw_utc now) {
    static const struct {
        const char *kind;
        mw_alarm_rule_id rule;
    } known[] = {
        {"replay", MW_ALARM_SECURITY},         {"counter_reused", MW_ALARM_SECURITY},
        {"auth_failures", MW_ALARM_SECURITY},  {"uplink_conflict", MW_ALARM_SECURITY},
        {"clock_unset", MW_ALARM_CLOCK},       {"clock_ahead", MW_ALARM_CLOCK},
        {"value_conflict", MW_ALARM_CONFLICT}, {"flow_while_away", MW_ALARM_AWAY},
    };
    if (strcmp(s->kind, "station_state") == 0 && strncmp(s->subject, "station/", 8) == 0)
        return state_look(a, s, now);
    if (strcmp(s->kind, "station_clock") == 0) {
        mw_store_sign named = *s;
        (void)snprintf(named.subject, sizeof named.subject, "station/%.50s", s->subject);
        MW_TRY(station_look(a, &named, MW_ALARM_STATION_TROUBLE, 1, 0, true, now));
        over_when_quiet(a, &(mw_alarm_look){.tenant = s->tenant,
                                            .rule = MW_ALARM_STATION_TROUBLE,
                                            .subject = named.subject,
                                            .at = s->last_at});
        return MW_OK;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].kind, s->kind) == 0)
            return plain_look(a, s, known[i].rule, now);
    return MW_OK;
}

mw_status mw_alarms_follow_signs(mw_alarms *a, mw_utc now) {
    int64_t at = 0;
    MW_TRY(mw_store_cursor_get(a->o.store, CURSOR_SIGNS, &at));
    signs s = {.last = at};
    MW_TRY(mw_store_signs_changed(a->o.store, at, mw_alarms_share(a, SIGNS), sign_take, &s));
    if (s.n == 0)
        return MW_OK;
    for (uint32_t i = 0; i < s.n; i++)
        MW_TRY(sign_look(a, &s.at[i], now));
    a->turn->facts += s.n;
    mw_alarms_had(a, s.n, mw_alarms_share(a, SIGNS));
    return mw_store_cursor_set(a->o.store, CURSOR_SIGNS, s.last);
}
