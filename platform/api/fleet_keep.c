/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/api/fleet_keep.h"

#include <stdlib.h>

#include "base/assert.h"
#include "platform/api/internal.h"

#define SMALL_NS (8 * MW_NS_PER_S / 1000) /* made in less than this: made for each question */
#define AGE_NS   (5 * MW_NS_PER_S) /* a large one is at least this old before it is renewed */
#define COST     20                /* ... and this many times what making it took */

enum { PARKED_MAX = 128 }; /* of all tenants; further ones are told to come again */

typedef struct slot {
    mw_fleets *keeper;
    int64_t tenant; /* 0 = empty */
    mw_fleet *fleet;
    mw_fleet *former; /* replaced in this turn: somebody may still hold it */
    int64_t cost_ns;
    mw_mono made, asked;
    mw_store_overview overview; /* made with it */
    bool overview_known;
    bool stale; /* changed by an operator */
    /* of the thread: */
    bool running;
    uv_thread_t thread;
    mw_wake *wake;
    mw_store *store;
    mw_utc now;
    mw_fleet *next;
    mw_store_overview next_overview;
    mw_status status;
    int64_t next_cost_ns;
} slot;

/* A request that waits for a fleet. */
typedef struct parked {
    mw_http_request *http; /* NULL = free, or the client left */
    const mw_api_row *row;
    unsigned flags;
    slot *of;
} parked;

struct mw_fleets {
    mw_api *api;
    const mw_api_options *o;
    slot slot[MW_FLEET_TENANTS_MAX];
    slot *lacking; /* what mw_fleets_get could not give last */
    parked parked[PARKED_MAX];
};

mw_status mw_fleets_new(mw_api *api, const mw_api_options *options, mw_fleets **out_fleets) {
    mw_fleets *k = calloc(1, sizeof *k);
    if (k == NULL)
        return MW_NOMEM;
    k->api = api;
    k->o = options;
    for (size_t i = 0; i < MW_FLEET_TENANTS_MAX; i++)
        k->slot[i].keeper = k;
    *out_fleets = k;
    return MW_OK;
}

static void take(slot *s, mw_fleet *fleet, int64_t cost_ns, mw_mono now) {
    mw_fleet_free(s->former);
    s->former = s->fleet;
    s->fleet = fleet;
    s->cost_ns = cost_ns;
    s->made = now;
}

/* ---- by a thread ---- */

static void work(void *context) {
    slot *s = context;
    uint64_t began = uv_hrtime();
    s->status = mw_fleet_build(s->store, s->tenant, s->now, &s->next);
    if (s->status == MW_OK)
        s->status = mw_store_overview_get(s->store, s->tenant, s->now, &s->next_overview);
    s->next_cost_ns = (int64_t)(uv_hrtime() - began);
    mw_wake_send(s->wake);
}

static void join(slot *s) {
    uv_thread_join(&s->thread);
    mw_wake_free(s->wake);
    mw_store_close(s->store);
    s->running = false;
}

static void client_left(void *context) {
    ((parked *)context)->http = NULL;
}

bool mw_fleets_park(mw_fleets *k, const mw_api_call *call) {
    slot *s = k->lacking;
    k->lacking = NULL;
    if (s == NULL || s->tenant != call->tenant || !s->running)
        return false;
    for (size_t i = 0; i < PARKED_MAX; i++) {
        parked *p = &k->parked[i];
        if (p->http != NULL)
            continue;
        *p = (parked){.http = call->http, .row = call->row, .flags = call->flags, .of = s};
        mw_http_on_gone(call->http, client_left, p);
        return true;
    }
    return false;
}

/* What waited is run again; or told that it cannot be now. */
static void go_on(slot *s, bool made) {
    mw_fleets *k = s->keeper;
    for (size_t i = 0; i < PARKED_MAX; i++) {
        parked p = k->parked[i];
        if (p.http == NULL || p.of != s)
            continue;
        k->parked[i].http = NULL;
        mw_http_on_gone(p.http, NULL, NULL);
        if (made)
            mw_api_run(k->api, p.http, p.row, p.flags);
        else
            mw_http_reply_problem(p.http, 503, "UNAVAILABLE", "not possible now, try later");
    }
}

static void done(void *context) {
    slot *s = context;
    if (!s->running)
        return;
    join(s);
    if (s->status == MW_OK) {
        take(s, s->next, s->next_cost_ns, mw_loop_mono(s->keeper->o->loop));
        s->overview = s->next_overview;
        s->overview_known = true;
    } else {
        mw_fleet_free(s->next);
    }
    s->next = NULL;
    go_on(s, s->status == MW_OK);
}

/* A fleet that cannot be renewed now stays as it is: the next question tries again. */
static void renew(slot *s) {
    const mw_api_options *o = s->keeper->o;
    if (o->open_reader(o->context, &s->store) != MW_OK)
        return;
    s->now = mw_loop_utc(o->loop);
    if (mw_wake_new(o->loop, done, s, &s->wake) != MW_OK) {
        mw_store_close(s->store);
        return;
    }
    if (uv_thread_create(&s->thread, work, s) != 0) {
        mw_wake_free(s->wake);
        mw_store_close(s->store);
        return;
    }
    s->running = true;
}

/* ---- at once ---- */

static mw_status make(slot *s) {
    const mw_api_options *o = s->keeper->o;
    mw_fleet *fleet = NULL;
    uint64_t began = uv_hrtime();
    MW_TRY(mw_fleet_build(o->store, s->tenant, mw_loop_utc(o->loop), &fleet));
    take(s, fleet, (int64_t)(uv_hrtime() - began), mw_loop_mono(o->loop));
    s->stale = false;
    return MW_OK;
}

static slot *slot_of(mw_fleets *k, int64_t tenant) {
    slot *oldest = NULL;
    for (size_t i = 0; i < MW_FLEET_TENANTS_MAX; i++) {
        slot *s = &k->slot[i];
        if (s->tenant == tenant)
            return s;
        if (!s->running && (oldest == NULL || s->asked.ns < oldest->asked.ns))
            oldest = s;
    }
    if (oldest == NULL)
        return NULL;
    mw_fleet_free(oldest->fleet);
    mw_fleet_free(oldest->former);
    *oldest = (slot){.keeper = k, .tenant = tenant};
    return oldest;
}

mw_status mw_fleets_get(mw_fleets *k, int64_t tenant, const mw_fleet **out_fleet) {
    slot *s = slot_of(k, tenant);
    if (s == NULL)
        return MW_AGAIN;
    mw_mono now = mw_loop_mono(k->o->loop);
    s->asked = now;
    if (s->former != NULL && now.ns != s->made.ns) { /* of another turn: nobody holds it */
        mw_fleet_free(s->former);
        s->former = NULL;
    }
    bool small = s->fleet != NULL && s->cost_ns < SMALL_NS;
    int64_t age = mw_mono_since(now, s->made).ns;
    if (small) {
        MW_TRY(make(s));
    } else if (s->fleet == NULL || s->stale) {
        if (!s->running) {
            s->stale = false; /* what changes from now on makes it so again */
            renew(s);
        }
        if (s->running) {
            k->lacking = s;
            return MW_AGAIN;
        }
        MW_TRY(make(s));
    } else if (!s->running && age > AGE_NS && age > COST * s->cost_ns) {
        renew(s);
    }
    *out_fleet = s->fleet;
    return MW_OK;
}

mw_status mw_fleets_overview(mw_fleets *k, int64_t tenant, mw_store_overview *out_overview) {
    slot *s = slot_of(k, tenant);
    const mw_fleet *fleet = NULL;
    if (s == NULL)
        return MW_NOT_FOUND;
    /* How large a fleet is shows when it was made once: until then its sums are a thread's work. */
    if (s->fleet == NULL)
        MW_TRY(mw_fleets_get(k, tenant, &fleet));
    if (s->cost_ns < SMALL_NS || !s->overview_known)
        return MW_NOT_FOUND;
    mw_status asked = mw_fleets_get(k, tenant, &fleet);
    k->lacking = NULL; /* nobody waits for it here */
    if (asked != MW_OK && asked != MW_AGAIN)
        return asked;
    *out_overview = s->overview;
    return MW_OK;
}

void mw_fleets_nobody_waits(mw_fleets *k) {
    k->lacking = NULL;
}

void mw_fleets_changed(mw_fleets *k, int64_t tenant) {
    for (size_t i = 0; i < MW_FLEET_TENANTS_MAX; i++)
        if (k->slot[i].tenant == tenant)
            k->slot[i].stale = true;
}

void mw_fleets_free(mw_fleets *k) {
    if (k == NULL)
        return;
    for (size_t i = 0; i < MW_FLEET_TENANTS_MAX; i++) {
        slot *s = &k->slot[i];
        if (s->running)
            join(s);
        go_on(s, false);
        mw_fleet_free(s->next);
        mw_fleet_free(s->fleet);
        mw_fleet_free(s->former);
    }
    free(k);
}
