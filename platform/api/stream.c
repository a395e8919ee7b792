/* SPDX-License-Identifier: Apache-2.0
 *
 * Server-sent events. The id of a `reading` event is the number of the register reading in the
 * store, so a client resumes where it was, also after a restart of the platform. A client that is
 * further behind than REPLAY_MAX readings, or names an id that was never given, is told `reset`.
 *
 * Readings are read from the store only while somebody listens.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/api/alarms_json.h"
#include "platform/api/fleet_keep.h"

#define REPLAY_MAX 1000
#define TURN_MAX   200
#define QUEUE_MAX  ((size_t)512 * 1024)

struct mw_api_stream {
    mw_api *api;
    mw_http_sse *sse;
    int64_t tenant;
    char user[MW_STORE_ID_MAX];
    char person[MW_STORE_ID_MAX];
    char area[MW_STORE_ID_MAX]; /* "" = no limit to an area */
    bool limited;               /* only .person's usage points */
    char token[MW_API_COOKIE_MAX];
    bool closing;
};

static void closed(void *context) {
    mw_api_stream *st = context;
    mw_api *api = st->api;
    for (size_t i = 0; i < api->streams_n; i++) {
        if (api->streams[i] != st)
            continue;
        api->streams[i] = api->streams[--api->streams_n];
        break;
    }
    mw_bytes_wipe(st, sizeof *st);
    free(st);
}

static void end(mw_api_stream *st) {
    if (!st->closing)
        mw_http_sse_end(st->sse);
    st->closing = true;
}

static void push(mw_api_stream *st, const char *id, const char *event, mw_slice data) {
    if (st->closing)
        return;
    if (mw_http_sse_send(st->sse, id, event, data) != MW_OK)
        st->closing = true; /* the server is closing it; `closed` follows */
}

/* ---- readings ---- */

typedef struct feed {
    mw_api *api;
    mw_api_stream *only; /* NULL = everybody */
    int64_t newest;
    uint32_t n;
} feed;

static bool may_see(const mw_api_stream *st, int64_t tenant, const mw_store_meter *m) {
    bool holds = true;
    if (st->tenant != tenant || (st->limited && strcmp(st->person, m->person.id) != 0))
        return false;
    if (st->area[0] != 0 &&
        mw_store_area_holds(st->api->o.store, tenant, st->area, m->usage_point.id,
                            mw_loop_utc(st->api->o.loop), &holds) != MW_OK)
        return false;
    return holds;
}

static void tell(feed *f, const mw_store_register *r, const mw_store_meter *m) {
    char id[24];
    char meter[MW_API_METER_ID_MAX];
    mw_buffer b;
    snprintf(id, sizeof id, "%lld", (long long)r->id);
    mw_api_meter_id(m, meter);
    mw_json j = mw_api_object_begin(&b, 1024);
    mw_json_put_text(&j, "meter", meter);
    mw_json_put_utc(&j, "at", r->meter);
    mw_json_put_int(&j, "value", r->value);
    mw_json_put_utc(&j, "received_at", r->received);
    mw_json_key(&j, "level_cdbm");
    m->state.level_cdbm != 0 ? mw_json_int(&j, m->state.level_cdbm) : mw_json_null(&j);
    mw_json_object_end(&j);
    if (mw_json_done(&j) == MW_OK) {
        for (size_t i = 0; i < f->api->streams_n; i++) {
            mw_api_stream *st = f->api->streams[i];
            if ((f->only == NULL || f->only == st) && may_see(st, r->tenant, m))
                push(st, id, "reading", mw_buffer_view(&b));
        }
    }
    mw_buffer_fini(&b);
}

static mw_status take(void *ctx, const mw_store_register *r) {
    feed *f = ctx;
    f->newest = r->id;
    f->n++;
    mw_store_meter m;
    mw_status s = mw_store_meter_of_channel(f->api->o.store, r->tenant, r->channel, &m);
    if (s == MW_NOT_FOUND)
        return MW_OK;
    MW_TRY(s);
    if (memcmp(r->obis, m.channel.obis, sizeof r->obis) == 0)
        tell(f, r, &m);
    return MW_OK;
}

/* True when the tenant has a reading after `id`. */
static mw_status seen_one(void *ctx, const mw_store_register *r) {
    *(int64_t *)ctx = r->id;
    return MW_OK;
}

/* The newest reading's number, by halving: numbers only grow, and a look-up by number is cheap. */
static int64_t newest_id(mw_api *api, int64_t tenant, int64_t known) {
    int64_t low = known;
    int64_t step = 1;
    for (;;) {
        int64_t hit = 0;
        if (mw_store_feed(api->o.store, tenant, low, 1, seen_one, &hit) != MW_OK || hit == 0)
            return low;
        low = hit;
        /* Leap ahead while there is something after the landing place, then come back closer. */
        for (step = INT64_C(1) << 40; step > 0; step /= 2) {
            hit = 0;
            if (mw_store_feed(api->o.store, tenant, low + step, 1, seen_one, &hit) == MW_OK &&
                hit != 0) {
                low = hit;
                break;
            }
        }
    }
}

static void tell_all(mw_api *api, const char *event) {
    for (size_t i = 0; i < api->streams_n; i++)
        push(api->streams[i], NULL, event, mw_slice_of_str("{}"));
}

/* A person hears of the own meters, and only what concerns a person. */
static bool hears(const mw_api_stream *st, const mw_store_alarm *a, const mw_store_meter *m) {
    mw_alarm_rule_id rule = MW_ALARM_LEAK;
    if (st->tenant != a->tenant || (st->area[0] != 0 && (m == NULL || !may_see(st, a->tenant, m))))
        return false;
    return !st->limited ||
           (m != NULL && strcmp(st->person, m->person.id) == 0 &&
            mw_alarm_rule_of(a->rule, &rule) == MW_OK && mw_alarm_rules[rule].consumer);
}

void mw_api_tell_alarm(mw_api *api, const mw_alarm_notice *n) {
    mw_store_meter room;
    const mw_store_meter *m = NULL;
    mw_buffer b;
    if (api->streams_n == 0 || mw_api_alarm_meter(api, &n->alarm, &room, &m) != MW_OK)
        return;
    mw_json j = mw_api_object_begin(&b, 16384);
    mw_json_put_text(&j, "what", n->what);
    mw_json_key(&j, "alarm");
    mw_api_put_alarm(&j, &n->alarm, m);
    mw_json_object_end(&j);
    if (mw_json_done(&j) == MW_OK) {
        for (size_t i = 0; i < api->streams_n; i++)
            if (hears(api->streams[i], &n->alarm, m))
                push(api->streams[i], NULL, "alarm", mw_buffer_view(&b));
    }
    mw_buffer_fini(&b);
}

/* Tenants that somebody listens to get their readings in turn. */
static void publish_tenant(mw_api *api, int64_t tenant, int64_t after, int64_t *newest) {
    feed f = {.api = api, .newest = after};
    uint32_t n = 0;
    do {
        f.n = 0;
        if (mw_store_feed(api->o.store, tenant, f.newest, TURN_MAX, take, &f) != MW_OK)
            break;
        n += f.n;
    } while (f.n == TURN_MAX && n < REPLAY_MAX);
    if (f.n == TURN_MAX) {
        /* Too much at once (the journal is being decoded again, say): pages load anew instead. */
        f.newest = newest_id(api, tenant, f.newest);
        tell_all(api, "reset");
    }
    if (f.newest > *newest)
        *newest = f.newest;
}

void mw_api_publish(mw_api *api) {
    int64_t newest = api->told;
    for (size_t i = 0; i < api->streams_n; i++) {
        int64_t tenant = api->streams[i]->tenant;
        bool first = true;
        for (size_t k = 0; k < i && first; k++)
            first = api->streams[k]->tenant != tenant;
        if (first)
            publish_tenant(api, tenant, api->told, &newest);
    }
    api->told = newest;
}

/* ---- overview and the end of sessions ---- */

static bool sees_alike(const mw_api_stream *a, const mw_api_stream *b) {
    return a->tenant == b->tenant && a->limited == b->limited &&
           strcmp(a->person, b->person) == 0 && strcmp(a->area, b->area) == 0;
}

/* Tells one stream, or all that see the same as it does. */
static void tell_overview(mw_api_stream *st, bool everybody_alike) {
    mw_api *api = st->api;
    mw_buffer b;
    mw_buffer_init(&b, QUEUE_MAX / 2);
    mw_json j = mw_json_of(&b);
    mw_status s = mw_api_put_overview(&j, api, st->tenant, st->limited ? st->person : NULL,
                                      st->area[0] != 0 ? st->area : NULL);
    if (s == MW_OK && mw_json_done(&j) == MW_OK) {
        for (size_t i = 0; i < api->streams_n; i++)
            if (api->streams[i] == st || (everybody_alike && sees_alike(api->streams[i], st)))
                push(api->streams[i], NULL, "overview", mw_buffer_view(&b));
    } else {
        mw_fleets_nobody_waits(api->fleets); /* the next tick tells it */
    }
    mw_buffer_fini(&b);
}

static bool session_lives(mw_api_stream *st) {
    mw_store_user user;
    char csrf[MW_TOKEN_TEXT_MAX];
    /* Watching counts as using: a page that shows live data is not idle. */
    mw_status s = mw_session_find(&st->api->sessions, mw_slice_of_str(st->token),
                                  mw_loop_machine_utc(st->api->o.loop), &user, csrf);
    return s != MW_AUTH;
}

void mw_api_streams_tick(mw_api *api) {
    for (size_t i = 0; i < api->streams_n; i++)
        if (!session_lives(api->streams[i]))
            end(api->streams[i]);
    for (size_t i = 0; i < api->streams_n; i++) {
        bool first = true;
        for (size_t k = 0; k < i && first; k++)
            first = !sees_alike(api->streams[k], api->streams[i]);
        /* An area's overview goes through its meters: told when a page opens, not all the time. */
        if (first && api->streams[i]->area[0] == 0)
            tell_overview(api->streams[i], true);
    }
}

/* ---- GET /v1/stream ---- */

/* Catches a client up from the reading it saw last. */
static void replay(mw_api_stream *st, const char *last_id) {
    mw_api *api = st->api;
    int64_t after = 0;
    size_t n = strlen(last_id);
    bool number = n > 0 && n <= 18 && strspn(last_id, "0123456789") == n;
    if (number)
        after = strtoll(last_id, NULL, 10);
    feed f = {.api = api, .only = st, .newest = after};
    bool whole = number && after <= api->told;
    if (whole && after < api->told) {
        int64_t probe = 0;
        mw_status s = mw_store_feed(api->o.store, st->tenant, after, REPLAY_MAX, take, &f);
        if (s == MW_OK && f.n == REPLAY_MAX)
            s = mw_store_feed(api->o.store, st->tenant, f.newest, 1, seen_one, &probe);
        whole = s == MW_OK && probe == 0;
    }
    if (!whole) {
        char id[24];
        snprintf(id, sizeof id, "%lld", (long long)api->told);
        push(st, id, "reset", mw_slice_of_str("{}"));
    }
}

static size_t streams_of(const mw_api *api, const char *user) {
    size_t n = 0;
    for (size_t i = 0; i < api->streams_n; i++)
        n += strcmp(api->streams[i]->user, user) == 0;
    return n;
}

#define STREAMS_PER_USER 16

void mw_api_stream_read(mw_api_call *call) {
    mw_api *api = call->api;
    char last_id[64] = "";
    const char *given = mw_http_header(call->http, "Last-Event-ID");
    if (api->streams_n == MW_API_STREAMS_MAX ||
        streams_of(api, call->user.id) >= STREAMS_PER_USER) {
        mw_api_fail(call, MW_AGAIN);
        return;
    }
    mw_api_stream *st = calloc(1, sizeof *st);
    if (st == NULL || mw_api_cookie(call->http, st->token) != MW_OK) {
        free(st);
        mw_api_fail(call, MW_NOMEM);
        return;
    }
    if (given != NULL)
        snprintf(last_id, sizeof last_id, "%.40s", given);
    st->api = api;
    st->tenant = call->tenant;
    st->limited = call->person != NULL;
    mw_bytes_copy(st->user, call->user.id, sizeof st->user);
    if (call->area != NULL)
        snprintf(st->area, sizeof st->area, "%s", call->area);
    if (st->limited)
        snprintf(st->person, sizeof st->person, "%s", call->person);
    /* Those who listen already must have everything up to here before the newest id moves. */
    mw_api_publish(api);
    api->told = newest_id(api, call->tenant, api->told);
    mw_http_sse_options options = {
        .queue_max = QUEUE_MAX, .keep_alive = mw_dur_s(15), .on_close = closed, .context = st};
    st->sse = mw_http_reply_sse(call->http, &options);
    api->streams[api->streams_n++] = st;
    tell_overview(st, false);
    if (given != NULL)
        replay(st, last_id);
}
