/* SPDX-License-Identifier: Apache-2.0
 *
 * Access to a home for others: a tenant, a relative. The owner invites by a code, sees who has
 * access, and takes it back. A guest sees consumption, readings and events from the day of the
 * access on, nothing before, and hands nothing in.
 */
#include <stdio.h>
#include <string.h>

#include "platform/api/people.h"

#define POINTS_MAX 64 /* homes of one person that are listed */
#define GUESTS_MAX 20 /* with access to one home */

static bool valid_now(const mw_store_grant *g, mw_utc now) {
    return g->from.us <= now.us && (mw_utc_is_none(g->to) || now.us < g->to.us);
}

typedef struct since {
    const char *point;
    mw_utc now, from;
    bool found;
} since;

static mw_status find_since(void *ctx, const mw_store_grant *g) {
    since *q = ctx;
    if (strcmp(g->usage_point, q->point) != 0 || !valid_now(g, q->now))
        return MW_OK;
    if (!q->found || g->from.us < q->from.us)
        q->from = g->from;
    q->found = true;
    return MW_OK;
}

mw_status mw_api_guest_since(mw_api_call *call, const char *usage_point, mw_utc *out_from) {
    since q = {.point = usage_point, .now = mw_loop_utc(call->api->o.loop)};
    MW_TRY(mw_store_grants_of_guest(call->api->o.store, call->tenant, call->user.id, q.now,
                                    find_since, &q));
    if (!q.found)
        return MW_NOT_FOUND;
    *out_from = q.from;
    return MW_OK;
}

/* ---- what a guest sees in the list of meters ---- */

typedef struct guest_points {
    mw_utc now;
    struct {
        char id[MW_STORE_ID_MAX];
        mw_utc from;
    } row[POINTS_MAX];
    size_t n;
} guest_points;

static mw_status take_point(void *ctx, const mw_store_grant *g) {
    guest_points *p = ctx;
    if (!valid_now(g, p->now))
        return MW_OK;
    for (size_t i = 0; i < p->n; i++) {
        if (strcmp(p->row[i].id, g->usage_point) != 0)
            continue;
        if (g->from.us < p->row[i].from.us)
            p->row[i].from = g->from;
        return MW_OK;
    }
    if (p->n < POINTS_MAX) {
        snprintf(p->row[p->n].id, MW_STORE_ID_MAX, "%s", g->usage_point);
        p->row[p->n++].from = g->from;
    }
    return MW_OK;
}

typedef struct open_channels {
    int64_t row[16];
    size_t n;
} open_channels;

static mw_status take_channel(void *ctx, const mw_store_installation *i) {
    open_channels *c = ctx;
    if (mw_utc_is_none(i->to) && c->n < sizeof c->row / sizeof c->row[0])
        c->row[c->n++] = i->channel;
    return MW_OK;
}

static mw_status put_point_meters(mw_api_call *call, mw_json *j, const char *point, mw_utc from,
                                  const char *medium, int64_t *total) {
    open_channels c = {.n = 0};
    mw_store_installation_query q = {
        .tenant = call->tenant, .usage_point = point, .as_of = MW_UTC_NONE};
    MW_TRY(mw_store_installations(call->api->o.store, &q, take_channel, &c));
    for (size_t i = 0; i < c.n; i++) {
        mw_store_meter m;
        MW_TRY(mw_store_meter_of_channel(call->api->o.store, call->tenant, c.row[i], &m));
        if (medium != NULL && medium[0] != 0 && strcmp(medium, m.channel.medium) != 0)
            continue;
        if (call->user.person[0] != 0 && strcmp(m.person.id, call->user.person) == 0)
            continue; /* the own home, listed already */
        mw_api_put_guest_meter(j, &m, from);
        (*total)++;
    }
    return MW_OK;
}

mw_status mw_api_put_guest_meters(mw_api_call *call, mw_json *j, const char *medium,
                                  int64_t *total) {
    guest_points p = {.now = mw_loop_utc(call->api->o.loop)};
    MW_TRY(mw_store_grants_of_guest(call->api->o.store, call->tenant, call->user.id, p.now,
                                    take_point, &p));
    for (size_t i = 0; i < p.n; i++)
        MW_TRY(put_point_meters(call, j, p.row[i].id, p.row[i].from, medium, total));
    return MW_OK;
}

/* ---- GET /v1/access ---- */

static mw_status put_grant(void *ctx, const mw_store_grant *g) {
    mw_json *j = ctx;
    mw_json_object_begin(j);
    mw_json_put_int(j, "id", g->id);
    mw_json_put_text(j, "name", g->name);
    mw_json_put_utc(j, "from", g->from);
    mw_json_put_utc(j, "to", g->to);
    mw_json_object_end(j);
    return MW_OK;
}

static mw_status put_waiting(void *ctx, const mw_store_invitation *i) {
    mw_json *j = ctx;
    mw_json_object_begin(j);
    mw_json_put_int(j, "id", i->id);
    mw_json_put_text(j, "name", i->name);
    mw_json_put_utc(j, "from", i->from);
    mw_json_put_utc(j, "to", i->to);
    mw_json_put_utc(j, "expires", i->expires);
    mw_json_object_end(j);
    return MW_OK;
}

typedef struct own_points {
    char row[POINTS_MAX][MW_STORE_ID_MAX];
    char address[POINTS_MAX][MW_STORE_TEXT_MAX];
    size_t n;
} own_points;

static mw_status take_own(void *ctx, const mw_store_meter *m) {
    own_points *p = ctx;
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->row[i], m->usage_point.id) == 0)
            return MW_OK;
    if (p->n == POINTS_MAX)
        return MW_OK;
    snprintf(p->row[p->n], MW_STORE_ID_MAX, "%s", m->usage_point.id);
    snprintf(p->address[p->n++], MW_STORE_TEXT_MAX, "%s", m->usage_point.address);
    return MW_OK;
}

static mw_status put_homes(mw_api_call *call, mw_json *j) {
    static own_points p; /* the API lives in one thread */
    mw_store *store = call->api->o.store;
    mw_utc now = mw_loop_machine_utc(call->api->o.loop);
    int64_t total = 0;
    p.n = 0;
    mw_store_meter_query q = {
        .tenant = call->tenant, .person = call->person, .limit = MW_STORE_PAGE_MAX};
    if (call->person != NULL)
        MW_TRY(mw_store_meters(store, &q, take_own, &p, &total));
    for (size_t i = 0; i < p.n; i++) {
        mw_json_object_begin(j);
        mw_json_put_text(j, "usage_point", p.row[i]);
        mw_json_put_text(j, "address", p.address[i]);
        mw_json_put_array(j, "guests");
        MW_TRY(mw_store_grants_of_point(store, call->tenant, p.row[i], put_grant, j));
        mw_json_array_end(j);
        mw_json_put_array(j, "invitations");
        MW_TRY(mw_store_invitations(store, call->tenant, p.row[i], now, put_waiting, j));
        mw_json_array_end(j);
        mw_json_object_end(j);
    }
    return MW_OK;
}

void mw_api_access_list(mw_api_call *call) {
    mw_buffer b;
    mw_json j = mw_api_object_begin(&b, 512 * 1024);
    mw_json_put_array(&j, "homes");
    mw_status s = put_homes(call, &j);
    mw_json_array_end(&j);
    mw_json_object_end(&j);
    if (s == MW_OK) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    mw_api_fail(call, s);
}

/* ---- inviting and taking back ---- */

/* The usage point that {point} names, when it is the caller's own; answers 404 itself. */
static bool own_point(mw_api_call *call, mw_store_usage_point *out) {
    char premise[MW_STORE_ID_MAX];
    const char *id = mw_http_param(call->http, "point");
    mw_status s = mw_store_usage_point_get(call->api->o.store, call->tenant, id, out, premise);
    if (s == MW_OK && (call->user.person[0] == 0 || strcmp(out->person, call->user.person) != 0))
        s = MW_NOT_FOUND;
    if (s == MW_OK)
        return true;
    if (s == MW_NOT_FOUND)
        mw_http_reply_problem(call->http, 404, "NOT_FOUND", "there is no such home");
    else
        mw_api_fail(call, s);
    return false;
}

static mw_status count_grant(void *ctx, const mw_store_grant *g) {
    (void)g;
    ++*(int64_t *)ctx;
    return MW_OK;
}

static mw_status count_waiting(void *ctx, const mw_store_invitation *i) {
    (void)i;
    ++*(int64_t *)ctx;
    return MW_OK;
}

static bool read_invitation(mw_api_call *call, mw_store_invitation *i) {
    static const char *const members[] = {"name", "from", "to", NULL};
    json_t *root = NULL;
    mw_json_error error = {""};
    i->from = mw_loop_utc(call->api->o.loop);
    i->to = MW_UTC_NONE;
    if (!mw_api_body(call, members, &root))
        return false;
    bool ok = mw_api_body_text(call, root, "name", false, i->name, sizeof i->name);
    mw_status s = ok ? mw_json_get_utc(root, "from", &i->from, &error) : MW_OK;
    if (s == MW_OK || s == MW_NOT_FOUND)
        s = ok ? mw_json_get_utc(root, "to", &i->to, &error) : MW_OK;
    json_decref(root);
    if (s == MW_NOT_FOUND)
        s = MW_OK;
    if (ok && s == MW_OK && !mw_utc_is_none(i->to) && i->to.us <= i->from.us) {
        mw_api_invalid(call, "from must be before to");
        return false;
    }
    if (ok && s != MW_OK)
        mw_api_invalid(call, error.text);
    return ok && s == MW_OK;
}

void mw_api_access_invite(mw_api_call *call) {
    mw_store *store = call->api->o.store;
    mw_store_usage_point point;
    mw_store_invitation i = {.tenant = call->tenant, .kind = MW_INVITE_ACCESS};
    char code[MW_TOKEN_TEXT_MAX];
    int64_t n = 0;
    if (!own_point(call, &point) || !read_invitation(call, &i))
        return;
    i.made = mw_loop_machine_utc(call->api->o.loop);
    i.expires = mw_utc_add(
        i.made, mw_dur_s(86400 * mw_api_setting(call->api, call->tenant, "invitation.days")));
    mw_status s = mw_store_grants_of_point(store, call->tenant, point.id, count_grant, &n);
    if (s == MW_OK)
        s = mw_store_invitations(store, call->tenant, point.id, i.made, count_waiting, &n);
    if (s == MW_OK && n >= GUESTS_MAX) {
        mw_http_reply_problem(call->http, 409, "CONFLICT", "a home has at most 20 guests");
        return;
    }
    mw_token_random(code);
    mw_token_hash hash = mw_token_hash_of(mw_slice_of_str(code));
    mw_bytes_copy(i.hash, hash.b, sizeof i.hash);
    snprintf(i.owner, sizeof i.owner, "%s", call->user.id);
    snprintf(i.usage_point, sizeof i.usage_point, "%s", point.id);
    if (s == MW_OK)
        s = mw_store_begin(store);
    if (s == MW_OK) {
        s = mw_store_invitation_add(store, &i, &i.id);
        if (s == MW_OK)
            s = mw_api_audit(call, "access.invite", point.id, i.name);
        s = mw_api_end(call, s);
    }
    if (s != MW_OK) {
        mw_api_fail(call, s);
        return;
    }
    mw_buffer b;
    mw_json j = mw_api_object_begin(&b, 4096);
    mw_json_put_int(&j, "id", i.id);
    mw_json_put_text(&j, "code", code);
    mw_json_put_utc(&j, "expires", i.expires);
    mw_api_object_send(call, 201, &j, &b);
    mw_bytes_wipe(code, sizeof code);
}

static mw_status find_waiting(void *ctx, const mw_store_invitation *i) {
    int64_t *wanted = ctx;
    if (i->id == *wanted)
        *wanted = -i->id;
    return MW_OK;
}

/* {grant} is the number of an access, or with ?waiting=true that of an invitation. */
void mw_api_access_revoke(mw_api_call *call) {
    mw_store *store = call->api->o.store;
    mw_store_usage_point point;
    int64_t id = 0;
    if (!own_point(call, &point) || !mw_api_number(call, "grant", &id))
        return;
    const char *waiting = mw_http_query(call->http, "waiting");
    mw_utc now = mw_loop_machine_utc(call->api->o.loop);
    int64_t wanted = id;
    mw_status s = MW_OK;
    if (waiting != NULL) {
        s = mw_store_invitations(store, call->tenant, point.id, now, find_waiting, &wanted);
        if (s == MW_OK && wanted > 0)
            s = MW_NOT_FOUND;
    }
    if (s == MW_OK)
        s = mw_store_begin(store);
    if (s == MW_OK) {
        s = waiting != NULL ? mw_store_invitation_use(store, call->tenant, id, now)
                            : mw_store_grant_revoke(store, call->tenant, point.id, id, now);
        if (s == MW_OK)
            s = mw_api_audit(call, "access.revoke", point.id, "");
        s = mw_api_end(call, s);
    }
    mw_api_done(call, s);
}
