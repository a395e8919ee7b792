/* SPDX-License-Identifier: Apache-2.0
 *
 * "I am away from .. to ..: tell me if anything flows." A watch looks at the intervals that arrive;
 * the first one above its tolerance is told: on the pages of whoever set it, in an alarm, and by
 * the notifications that follow alarms.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "platform/api/internal.h"

#define WATCHES_A_TURN 50
#define EVERY_S        5
#define LONGEST_DAYS   400
#define OPEN_MAX       5 /* watches of one person on one meter */
#define LATE_DAYS      3 /* reports may come this much later: so long a watch stays open */

/* ---- looking ---- */

typedef struct flow {
    int64_t tolerance;
    bool found;
    mw_utc at;
    int64_t value;
} flow;

static mw_status see_interval(void *ctx, int64_t channel, const mw_store_interval *row) {
    flow *f = ctx;
    (void)channel;
    if (!f->found && row->value > f->tolerance && !(row->quality & MW_QUALITY_ESTIMATED)) {
        f->found = true;
        f->at = row->start;
        f->value = row->value;
    }
    return MW_OK;
}

typedef struct due {
    mw_store_watch row[WATCHES_A_TURN];
    size_t n;
} due;

static mw_status take_due(void *ctx, const mw_store_watch *w) {
    due *d = ctx;
    d->row[d->n++] = *w;
    return MW_OK;
}

static mw_status tell(mw_api *api, const mw_store_watch *w, const flow *f, mw_utc now) {
    mw_store_meter m;
    char text[MW_AMOUNT_TEXT_MAX];
    mw_store_sign a = {.tenant = w->tenant, .first_at = f->at, .last_at = now, .count = 1};
    MW_TRY(mw_store_meter_of_channel(api->o.store, w->tenant, w->channel, &m));
    mw_display d = mw_display_of(m.channel.unit, m.channel.scale);
    mw_display_amount(d, f->value, text);
    snprintf(a.kind, sizeof a.kind, "flow_while_away");
    snprintf(a.subject, sizeof a.subject, "channel/%" PRId64, w->channel);
    snprintf(a.text, sizeof a.text, "%s %s flowed while the home was said to be empty", text,
             d.symbol);
    MW_TRY(mw_store_watch_tell(api->o.store, w->tenant, w->id, now, f->at, f->value));
    return mw_store_sign_raise(api->o.store, &a);
}

static mw_status look(mw_api *api, const mw_store_watch *w, mw_utc now) {
    flow f = {.tolerance = w->tolerance};
    mw_utc late = mw_utc_add(w->to, mw_dur_s(LATE_DAYS * 86400));
    if (mw_utc_is_none(w->told))
        MW_TRY(mw_store_intervals(api->o.store, w->tenant, w->channel, w->from, w->to, see_interval,
                                  &f));
    if (!f.found && now.us < late.us)
        return MW_OK;
    MW_TRY(mw_store_begin(api->o.store));
    mw_status s = f.found ? tell(api, w, &f, now) : MW_OK;
    if (s == MW_OK && now.us >= late.us)
        s = mw_store_watch_end(api->o.store, w->tenant, w->id, NULL, now);
    if (s == MW_OK)
        return mw_store_commit(api->o.store);
    mw_status undone = mw_store_rollback(api->o.store);
    (void)undone;
    return s;
}

void mw_api_watch_turn(mw_api *api) {
    static due d; /* the API lives in one thread */
    mw_mono mono = mw_loop_mono(api->o.loop);
    mw_utc now = mw_loop_utc(api->o.loop);
    if (api->watched.ns != 0 && mw_mono_since(mono, api->watched).ns < EVERY_S * MW_NS_PER_S)
        return;
    api->watched = mono;
    d.n = 0;
    if (mw_store_watches_due(api->o.store, now, api->watch_after, WATCHES_A_TURN, take_due, &d) !=
        MW_OK)
        return;
    for (size_t i = 0; i < d.n; i++) {
        mw_status s = look(api, &d.row[i], now);
        (void)s; /* a full disk now: the next turn looks again */
    }
    api->watch_after = d.n == WATCHES_A_TURN ? d.row[d.n - 1].id : 0;
}

/* ---- operations ---- */

typedef struct rows {
    mw_api_call *call;
    mw_json *json;
    int64_t open;
} rows;

static mw_status each_watch(void *ctx, const mw_store_watch *w) {
    rows *l = ctx;
    bool open = mw_utc_is_none(w->ended);
    l->open += open;
    if (l->json == NULL)
        return MW_OK;
    mw_json *j = l->json;
    mw_json_object_begin(j);
    mw_json_put_int(j, "id", w->id);
    mw_json_put_utc(j, "from", w->from);
    mw_json_put_utc(j, "to", w->to);
    mw_json_put_int(j, "tolerance", w->tolerance);
    mw_json_put_bool(j, "open", open);
    mw_json_put_utc(j, "told", w->told);
    mw_json_put_utc(j, "flow_at", w->flow_at);
    mw_json_key(j, "flow");
    mw_utc_is_none(w->told) ? mw_json_null(j) : mw_json_int(j, w->flow);
    mw_json_object_end(j);
    return MW_OK;
}

void mw_api_absence_list(mw_api_call *call) {
    mw_buffer b;
    mw_buffer_init(&b, 64 * 1024);
    mw_json j = mw_json_of(&b);
    rows l = {.call = call, .json = &j};
    mw_json_object_begin(&j);
    mw_json_put_array(&j, "items");
    mw_status s = mw_store_watches(call->api->o.store, call->tenant, call->meter.channel.channel,
                                   call->user.id, each_watch, &l);
    mw_json_array_end(&j);
    mw_json_object_end(&j);
    if (s == MW_OK) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    mw_api_fail(call, s);
}

static bool read_watch(mw_api_call *call, mw_store_watch *w) {
    static const char *const members[] = {"from", "to", "tolerance", NULL};
    json_t *root = NULL;
    mw_json_error error = {""};
    if (!mw_api_body(call, members, &root))
        return false;
    mw_status s = mw_json_get_utc(root, "from", &w->from, &error);
    if (s == MW_OK)
        s = mw_json_get_utc(root, "to", &w->to, &error);
    if (s == MW_OK) {
        s = mw_json_get_int(root, "tolerance", 0, INT64_C(1000000000), &w->tolerance, &error);
        s = s == MW_NOT_FOUND ? MW_OK : s;
    }
    json_decref(root);
    mw_utc now = mw_loop_utc(call->api->o.loop);
    if (s != MW_OK) {
        mw_api_invalid(call, error.text);
        return false;
    }
    if (w->from.us < w->to.us && w->to.us > now.us &&
        mw_utc_since(w->to, w->from).ns <= LONGEST_DAYS * 86400 * MW_NS_PER_S)
        return true;
    mw_api_invalid(call, "from must be before to, to in the future, and at most 400 days between");
    return false;
}

void mw_api_absence_create(mw_api_call *call) {
    mw_store *store = call->api->o.store;
    mw_store_watch w = {.tenant = call->tenant,
                        .channel = call->meter.channel.channel,
                        .made = mw_loop_utc(call->api->o.loop),
                        .told = MW_UTC_NONE,
                        .flow_at = MW_UTC_NONE,
                        .ended = MW_UTC_NONE};
    snprintf(w.who, sizeof w.who, "%s", call->user.id);
    if (!read_watch(call, &w))
        return;
    rows own = {.call = call};
    mw_status s = mw_store_watches(store, call->tenant, w.channel, w.who, each_watch, &own);
    if (s == MW_OK && own.open >= OPEN_MAX) {
        mw_http_reply_problem(call->http, 409, "CONFLICT", "end one of the five watches first");
        return;
    }
    if (s == MW_OK)
        s = mw_store_begin(store);
    if (s == MW_OK) {
        s = mw_store_watch_add(store, &w, &w.id);
        if (s == MW_OK)
            s = mw_api_audit(call, "absence.watch", call->meter.usage_point.id, "");
        s = mw_api_end(call, s);
    }
    if (s != MW_OK) {
        mw_api_fail(call, s);
        return;
    }
    mw_buffer b;
    mw_buffer_init(&b, 4096);
    mw_json j = mw_json_of(&b);
    rows l = {.call = call, .json = &j};
    (void)each_watch(&l, &w);
    mw_api_send_json(call, 201, &j, &b);
}

void mw_api_absence_end(mw_api_call *call) {
    mw_store *store = call->api->o.store;
    int64_t id = 0;
    if (!mw_api_number(call, "absence", &id))
        return;
    mw_status s = mw_store_begin(store);
    if (s == MW_OK)
        s = mw_api_end(call, mw_store_watch_end(store, call->tenant, id, call->user.id,
                                                mw_loop_utc(call->api->o.loop)));
    mw_api_done(call, s);
}
