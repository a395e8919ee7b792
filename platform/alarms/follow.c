/* SPDX-License-Identifier: Apache-2.0
 *
 * What arrived: values, frames with what they say of their meter, events and signs. Each source has
 * a cursor.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/alarms/internal.h"
#include "protocols/smp/smp.h"

/* The first follows changes, the others do not hold them back (ops_values.h). */
#define CURSOR_VALUES "follow/alarms"
#define CURSOR_FRAMES "follow/readings/0/alarms-frames"

enum { DAY_S = 86400, OLD_DAYS = 8, CHANNELS_MAX = 4 };

static void subject_of(const char *kind, int64_t number, char out[MW_STORE_ID_MAX]) {
    (void)snprintf(out, MW_STORE_ID_MAX, "%s/%" PRId64, kind, number);
}

/* --- values ---------------------------------------------------------------------------------- */

typedef struct span {
    int64_t tenant, channel;
    mw_utc to;
} span;

typedef struct spans {
    span at[MW_ALARMS_CHANGES];
    size_t n;
    uint32_t read;
    int64_t last;
} spans;

static mw_status change_take(void *ctx, const mw_store_change *row) {
    spans *s = ctx;
    s->last = row->id;
    s->read++;
    /* Rules look at what was measured: what validation or people make of it changes nothing. */
    if (!row->master && row->layer == MW_LAYER_RAW && row->from.us < row->to.us)
        s->at[s->n++] = (span){row->tenant, row->channel, row->to};
    return MW_OK;
}

static int by_channel(const void *pa, const void *pb) {
    const span *a = pa, *b = pb;
    if (a->channel != b->channel)
        return a->channel < b->channel ? -1 : 1;
    return (a->to.us > b->to.us) - (a->to.us < b->to.us);
}

/* How the channels of a tenant and medium do on the day of a look. */
static mw_alarm_group *group_of(mw_alarms *a, const mw_window_channel *c, mw_utc end) {
    int64_t day = mw_utc_floor_s(end) / DAY_S;
    mw_alarm_group *oldest = &a->group[0];
    for (size_t i = 0; i < MW_ALARM_GROUPS; i++) {
        mw_alarm_group *g = &a->group[i];
        if (g->tenant == c->tenant && g->medium == c->medium && g->day == day)
            return g;
        if (g->day < oldest->day)
            oldest = g;
    }
    *oldest = (mw_alarm_group){.tenant = c->tenant, .medium = c->medium, .day = day};
    return oldest;
}

/* Counts the channel among its neighbours; false when most of them stand still as well. */
static bool neighbours_go_on(mw_alarms *a, const mw_window_channel *c) {
    const mw_flow *f = &a->flow;
    mw_alarm_group *g = group_of(a, c, f->end);
    bool idle = true;
    for (size_t i = f->n - 24; i < f->n; i++)
        idle = idle && (f->hour[i] == 0 || f->hour[i] == MW_FLOW_MISSING);
    g->judged++;
    g->idle += idle;
    return g->judged < 5 || g->idle * 2 < g->judged;
}

static void flow_inputs(const mw_alarms *a, const mw_window_channel *c, const mw_flow_finding *r,
                        mw_alarm_rule_id rule, char out[MW_STORE_ALARM_JSON]) {
    mw_alarm_text t;
    mw_utc from = {a->flow.end.us - (int64_t)r->hours * 3600 * MW_US_PER_S};
    mw_alarm_text_begin(&t);
    mw_json_put_utc(&t.json, "from", from);
    mw_json_put_utc(&t.json, "to", a->flow.end);
    mw_json_put_int(&t.json, "value", r->value);
    mw_json_put_int(&t.json, "threshold", r->threshold);
    mw_json_put_text(&t.json, "unit",
                     rule == MW_ALARM_DEVIATION                             ? "%"
                     : rule == MW_ALARM_STOPPED || rule == MW_ALARM_NO_FLOW ? "h"
                     : c->medium == MW_VEE_ELECTRICITY                      ? "Wh"
                                                                            : "L");
    /* The newest hours as they were seen, for the small chart. */
    size_t n = r->hours < 48 ? r->hours + 12 : 60;
    n = n < 24 ? 24 : n;
    mw_json_put_array(&t.json, "hours");
    for (size_t i = a->flow.n - n; i < a->flow.n; i++) {
        if (a->flow.hour[i] == MW_FLOW_MISSING)
            mw_json_null(&t.json);
        else
            mw_json_int(&t.json, a->flow.hour[i] / 1000);
    }
    mw_json_array_end(&t.json);
    mw_alarm_text_end(&t, out);
}

static mw_status channel_judge(mw_alarms *a, const mw_window_channel *c, mw_utc end, mw_utc now) {
    char subject[MW_STORE_ID_MAX], inputs[MW_STORE_ALARM_JSON];
    MW_TRY(mw_flow_read(a->o.store, c, end, &a->flow));
    bool neighbours = neighbours_go_on(a, c);
    subject_of("channel", c->channel, subject);
    for (unsigned i = 0; i < MW_ALARM_RULES; i++) {
        mw_alarm_values v;
        mw_alarm_rule_id rule = (mw_alarm_rule_id)i;
        if ((mw_alarm_rules[i].media >> c->medium & 1) == 0)
            continue;
        mw_alarm_book_values(&a->book, c->tenant, rule, (mw_vee_class)c->class, c->channel, &v);
        mw_flow_finding r = mw_flow_judge(rule, &a->flow, &v);
        if (rule == MW_ALARM_STOPPED && r.verdict == MW_FLOW_HOLDS && !neighbours)
            r.verdict = MW_FLOW_UNKNOWN;
        if (r.verdict == MW_FLOW_UNKNOWN)
            continue;
        mw_alarm_look l = {.tenant = c->tenant,
                           .rule = rule,
                           .subject = subject,
                           .channel = c->channel,
                           .device = c->device,
                           .values = &v,
                           .says = MW_SAYS_VALUES,
                           .at = a->flow.end,
                           .now = now,
                           .value = r.value,
                           .threshold = r.threshold,
                           .inputs = inputs};
        if (r.verdict == MW_FLOW_HOLDS) {
            flow_inputs(a, c, &r, rule, inputs);
            MW_TRY(mw_alarm_holds(a, &l));
        } else {
            MW_TRY(mw_alarm_over(a, &l));
        }
    }
    return MW_OK;
}

/* The end of the newest value of a channel that is known of; what comes late for long ago is
 * history. */
static mw_status span_judge(mw_alarms *a, const span *s, mw_utc now) {
    mw_window_channel c;
    mw_store_meter m;
    mw_status found = mw_window_channel_read(a->o.store, a->o.zones, s->tenant, s->channel, &c);
    if (found != MW_OK)
        return found == MW_NOT_FOUND ? MW_OK : found;
    if (!mw_flow_reads(&c))
        return MW_OK;
    MW_TRY(mw_store_meter_of_channel(a->o.store, s->tenant, s->channel, &m));
    mw_utc end = m.has_reading && m.reading_at.us > s->to.us ? m.reading_at : s->to;
    if (end.us - s->to.us > (int64_t)OLD_DAYS * DAY_S * MW_US_PER_S)
        return MW_OK;
    return channel_judge(a, &c, end, now);
}

mw_status mw_alarms_follow_values(mw_alarms *a, mw_utc now) {
    int64_t at = 0;
    MW_TRY(mw_store_cursor_get(a->o.store, CURSOR_VALUES, &at));
    spans s = {.last = at};
    uint32_t limit = mw_alarms_share(a, MW_ALARMS_CHANGES);
    MW_TRY(mw_store_changes(a->o.store, at, limit, change_take, &s));
    if (s.read == 0) {
        /* From now on nobody forgets changes that were not seen here. */
        return at == 0 ? mw_store_cursor_set(a->o.store, CURSOR_VALUES, 0) : MW_OK;
    }
    if (s.n > 0)
        qsort(s.at, s.n, sizeof s.at[0], by_channel);
    for (size_t i = 0; i < s.n; i++)
        if (i + 1 == s.n || s.at[i + 1].channel != s.at[i].channel)
            MW_TRY(span_judge(a, &s.at[i], now));
    a->turn->changes += s.read;
    mw_alarms_had(a, s.read, limit);
    return mw_store_cursor_set(a->o.store, CURSOR_VALUES, s.last);
}

/* --- frames: what a meter says of itself ----------------------------------------------------- */

typedef struct devices {
    struct {
        int64_t tenant, device;
        mw_utc received;
    } at[MW_ALARMS_FACTS];
    size_t n;
    uint32_t read;
    int64_t last;
} devices;

static mw_status hearing_take(void *ctx, const mw_store_hearing *row) {
    devices *d = ctx;
    d->last = row->journal;
    d->read++;
    for (size_t i = d->n; i > 0 && i + 32 > d->n; i--)
        if (d->at[i - 1].device == row->device)
            return MW_OK;
    d->at[d->n].tenant = row->tenant;
    d->at[d->n].device = row->device;
    d->at[d->n++].received = row->received;
    return MW_OK;
}

typedef struct channels {
    mw_store_channel at[CHANNELS_MAX];
    size_t n;
} channels;

static mw_status channel_take(void *ctx, const mw_store_channel *row) {
    channels *c = ctx;
    if (c->n < CHANNELS_MAX)
        c->at[c->n++] = *row;
    return MW_OK;
}

static mw_status health_take(void *ctx, const mw_store_health *row) {
    *(mw_store_health *)ctx = *row;
    return MW_OK;
}

static void fact_inputs(const char *name, int64_t value, int64_t threshold, const char *unit,
                        mw_utc at, char out[MW_STORE_ALARM_JSON]) {
    mw_alarm_text t;
    mw_alarm_text_begin(&t);
    mw_json_put_text(&t.json, "seen", name);
    mw_json_put_utc(&t.json, "at", at);
    mw_json_put_int(&t.json, "value", value);
    mw_json_put_int(&t.json, "threshold", threshold);
    mw_json_put_text(&t.json, "unit", unit);
    mw_alarm_text_end(&t, out);
}

/* A condition of a meter with a value, or with a bit (value 1 or 0). */
static mw_status fact(mw_alarms *a, mw_alarm_look *l, bool holds, bool clears, const char *seen,
                      const char *unit) {
    char inputs[MW_STORE_ALARM_JSON];
    if (holds) {
        fact_inputs(seen, l->value, l->threshold, unit, l->at, inputs);
        l->inputs = inputs;
        return mw_alarm_holds(a, l);
    }
    return clears ? mw_alarm_over(a, l) : MW_OK;
}

static mw_status bits_look(mw_alarms *a, mw_alarm_look *l, uint32_t bits) {
    static const struct {
        uint32_t bit;
        mw_alarm_rule_id rule;
        const char *seen;
    } known[] = {
        {MW_SMP_STATUS_LEAK, MW_ALARM_LEAK, "status leak"},
        {MW_SMP_STATUS_BURST, MW_ALARM_BURST, "status burst"},
        {MW_SMP_STATUS_REVERSE, MW_ALARM_BACKFLOW, "status reverse"},
        {MW_SMP_STATUS_FROST, MW_ALARM_FROST, "status frost"},
        {MW_SMP_STATUS_SENSOR, MW_ALARM_DRY, "status sensor"},
        {MW_SMP_STATUS_NO_FLOW, MW_ALARM_NO_FLOW, "status no flow"},
        {MW_SMP_STATUS_TAMPER | MW_SMP_STATUS_MAGNET, MW_ALARM_TAMPER, "status tamper"},
        {MW_SMP_STATUS_LOW_BATTERY, MW_ALARM_BATTERY, "status low battery"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        mw_alarm_values v;
        bool set = (bits & known[i].bit) != 0;
        l->rule = known[i].rule;
        /* Most have nothing set and nothing open. */
        if (!set && mw_alarm_find(a, l->tenant, l->rule, l->subject) == NULL)
            continue;
        mw_alarm_book_values(&a->book, l->tenant, l->rule, MW_VEE_RESIDENTIAL, l->channel, &v);
        l->values = &v;
        l->value = set;
        l->threshold = 1;
        MW_TRY(fact(a, l, set, true, known[i].seen, ""));
    }
    return MW_OK;
}

static mw_status health_look(mw_alarms *a, mw_alarm_look *l, const mw_store_health *h) {
    mw_alarm_values v;
    l->values = &v;
    l->says = MW_SAYS_VALUES;
    l->at = h->received;
    if (h->battery_mv != 0) {
        l->rule = MW_ALARM_BATTERY;
        mw_alarm_book_values(&a->book, l->tenant, l->rule, MW_VEE_RESIDENTIAL, l->channel, &v);
        l->value = h->battery_mv;
        l->threshold = v.v[MW_BATTERY_BELOW];
        MW_TRY(fact(a, l, l->value < l->threshold, l->value >= v.v[MW_BATTERY_ABOVE], "battery",
                    "mV"));
    }
    if (h->has_temperature) {
        l->rule = MW_ALARM_FROST;
        mw_alarm_book_values(&a->book, l->tenant, l->rule, MW_VEE_RESIDENTIAL, l->channel, &v);
        l->value = h->temperature_dc;
        l->threshold = v.v[MW_FROST_BELOW];
        MW_TRY(fact(a, l, l->value < l->threshold, l->value >= v.v[MW_FROST_ABOVE], "temperature",
                    "0.1 C"));
    }
    return MW_OK;
}

static mw_status clock_look(mw_alarms *a, mw_alarm_look *l, const mw_store_device_state *state) {
    mw_alarm_values v;
    if (!state->has_clock_offset)
        return MW_OK;
    l->rule = MW_ALARM_CLOCK;
    l->values = &v;
    l->says = MW_SAYS_VALUES;
    l->at = state->last_seen;
    mw_alarm_book_values(&a->book, l->tenant, l->rule, MW_VEE_RESIDENTIAL, l->channel, &v);
    l->value = state->clock_offset_ms / 1000;
    l->threshold = v.v[MW_CLOCK_OFF];
    int64_t off = l->value < 0 ? -l->value : l->value;
    return fact(a, l, off > l->threshold, off <= v.v[MW_CLOCK_GOOD], "clock offset", "s");
}

/* Alarms of a device carry its first channel, so that its page and its person find them. */
static mw_status device_look(mw_alarms *a, int64_t tenant, int64_t device, mw_utc received,
                             mw_utc now) {
    mw_store_device_state state;
    mw_store_health health = {.device = 0};
    channels c = {.n = 0};
    char subject[MW_STORE_ID_MAX];
    mw_status s = mw_store_device_state_get(a->o.store, tenant, device, &state);
    if (s != MW_OK)
        return s == MW_NOT_FOUND ? MW_OK : s;
    MW_TRY(mw_store_channels_of(a->o.store, tenant, device, channel_take, &c));
    if (c.n == 0)
        return MW_OK;
    MW_TRY(mw_store_health_list(a->o.store, tenant, device, 0, 1, health_take, &health));
    mw_alarm_look l = {.tenant = tenant, .device = device, .subject = subject, .now = now};
    for (size_t i = 0; i < c.n; i++) {
        l.channel = c.at[i].channel;
        l.at = received;
        l.says = MW_SAYS_STATUS;
        subject_of("channel", l.channel, subject);
        MW_TRY(bits_look(a, &l, state.status >> (c.at[i].number & 1U) * 16 & 0xffff));
    }
    l.channel = c.at[0].channel;
    subject_of("channel", l.channel, subject);
    if (health.device != 0)
        MW_TRY(health_look(a, &l, &health));
    return clock_look(a, &l, &state);
}

mw_status mw_alarms_follow_frames(mw_alarms *a, mw_utc now) {
    int64_t at = 0;
    MW_TRY(mw_store_cursor_get(a->o.store, CURSOR_FRAMES, &at));
    devices d = {.last = at};
    uint32_t limit = mw_alarms_share(a, MW_ALARMS_FACTS);
    MW_TRY(mw_store_hearings(a->o.store, at, limit, hearing_take, &d));
    if (d.read == 0)
        return MW_OK;
    for (size_t i = 0; i < d.n; i++)
        MW_TRY(device_look(a, d.at[i].tenant, d.at[i].device, d.at[i].received, now));
    a->turn->facts += d.read;
    mw_alarms_had(a, d.read, limit);
    return mw_store_cursor_set(a->o.store, CURSOR_FRAMES, d.last);
}
