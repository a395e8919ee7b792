/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/validation/watch_internal.h"

enum { LOOK_BACK_DAYS = 3 };

void mw_stations_fini(mw_stations *s) {
    free(s->slot);
    free(s->station);
    *s = (mw_stations){0};
}

static size_t place_of(const mw_hearer *slot, size_t slots, int64_t device) {
    uint64_t h = (uint64_t)device * UINT64_C(0x9e3779b97f4a7c15);
    size_t i = (size_t)(h >> 20) & (slots - 1);
    while (slot[i].device != 0 && slot[i].device != device)
        i = (i + 1) & (slots - 1);
    return i;
}

static mw_status grow(mw_stations *s) {
    size_t slots = s->slots == 0 ? 1024 : s->slots * 2;
    mw_hearer *slot = calloc(slots, sizeof *slot);
    if (slot == NULL)
        return MW_NOMEM;
    for (size_t i = 0; i < s->slots; i++)
        if (s->slot[i].device != 0)
            slot[place_of(slot, slots, s->slot[i].device)] = s->slot[i];
    free(s->slot);
    s->slot = slot;
    s->slots = slots;
    return MW_OK;
}

const mw_hearer *mw_stations_hearer(const mw_stations *s, int64_t device) {
    if (s->slots == 0)
        return NULL;
    const mw_hearer *h = &s->slot[place_of(s->slot, s->slots, device)];
    return h->device == 0 ? NULL : h;
}

mw_vigil_station *mw_stations_find(mw_stations *s, int64_t sender) {
    for (size_t i = 0; i < s->stations; i++)
        if (s->station[i].sender == sender)
            return &s->station[i];
    return NULL;
}

/* --- following ------------------------------------------------------------------------------- */

typedef struct following {
    mw_stations *s;
    uint32_t n;
} following;

static mw_status hearing_take(void *ctx, const mw_store_hearing *row) {
    following *f = ctx;
    mw_stations *s = f->s;
    f->n++;
    s->journal = row->journal;
    if (s->n * 4 >= s->slots * 3)
        MW_TRY(grow(s));
    mw_hearer *h = &s->slot[place_of(s->slot, s->slots, row->device)];
    if (h->device == 0) {
        *h = (mw_hearer){.device = row->device, .last = row->received};
        s->n++;
    }
    h->last = row->received.us > h->last.us ? row->received : h->last;
    /* To the front; the others move back, and what was heard long ago falls out. */
    unsigned at = 0;
    while (at + 1 < MW_CHANNEL_STATIONS && h->station[at] != row->sender)
        at++;
    for (; at > 0; at--)
        h->station[at] = h->station[at - 1];
    h->station[0] = row->sender;
    return MW_OK;
}

static bool silent(const mw_vigil_station *t, mw_utc now) {
    return !mw_utc_is_none(t->last_contact) &&
           now.us - t->last_contact.us > MW_VIGIL_SILENT_S * MW_US_PER_S;
}

static mw_status sender_take(void *ctx, const mw_store_sender *row) {
    mw_stations *s = ctx;
    mw_vigil_station *t = mw_stations_find(s, row->sender);
    if (t == NULL) {
        if (s->stations == MW_VIGIL_STATIONS_MAX)
            return MW_OK;
        if (s->stations == s->room) {
            size_t room = s->room == 0 ? 16 : s->room * 2;
            mw_vigil_station *more = realloc(s->station, room * sizeof *more);
            if (more == NULL)
                return MW_NOMEM;
            s->station = more;
            s->room = room;
        }
        t = &s->station[s->stations++];
        *t = (mw_vigil_station){.sender = row->sender, .tenant = row->tenant};
        (void)snprintf(t->id, sizeof t->id, "%s", row->id);
    }
    t->last_contact = row->last_contact;
    /* At once, so that no meter of a silent station is taken for a failed one in this round. */
    t->failed = t->failed || silent(t, s->now);
    return MW_OK;
}

typedef struct tenants {
    mw_store *store;
    mw_stations *s;
    mw_utc now;
    int64_t id[256];
    size_t n;
} tenants;

static mw_status tenant_take(void *ctx, int64_t tenant, const char *name) {
    tenants *t = ctx;
    (void)name;
    if (t->n < sizeof t->id / sizeof t->id[0])
        t->id[t->n++] = tenant;
    return MW_OK;
}

mw_status mw_stations_follow(mw_stations *s, mw_store *store, mw_utc now, uint32_t max,
                             uint32_t *out_read) {
    following f = {.s = s, .n = 0};
    uint32_t read = 0, page = 0;
    if (!s->started) {
        MW_TRY(mw_store_journal_at(
            store, (mw_utc){now.us - LOOK_BACK_DAYS * INT64_C(86400) * MW_US_PER_S}, &s->journal));
        s->started = true;
    }
    do {
        f.n = 0;
        page = max - read < MW_STORE_PAGE_MAX ? max - read : MW_STORE_PAGE_MAX;
        MW_TRY(mw_store_hearings(store, s->journal, page, hearing_take, &f));
        read += f.n;
    } while (f.n == page && read < max);
    *out_read = read;
    s->now = now;
    tenants t = {.n = 0};
    MW_TRY(mw_store_tenants(store, tenant_take, &t));
    for (size_t i = 0; i < t.n; i++)
        MW_TRY(mw_store_senders_list(store, t.id[i], now, sender_take, s));
    return MW_OK;
}

/* --- judging --------------------------------------------------------------------------------- */

void mw_stations_count(mw_stations *s, int64_t device, bool late) {
    const mw_hearer *h = mw_stations_hearer(s, device);
    if (h == NULL || h->station[0] == 0 || h->station[1] != 0)
        return;
    mw_vigil_station *t = mw_stations_find(s, h->station[0]);
    if (t == NULL)
        return;
    t->next_meters++;
    t->next_late += late;
}

void mw_stations_judge(mw_stations *s, mw_utc now, int64_t share_ppm) {
    for (size_t i = 0; i < s->stations; i++) {
        mw_vigil_station *t = &s->station[i];
        t->meters = t->next_meters;
        t->late = t->next_late;
        t->next_meters = t->next_late = 0;
        t->failed = silent(t, now) || mw_vee_station_failed(t->late, t->meters, share_ppm);
    }
}

bool mw_stations_failed(mw_stations *s, int64_t device, const mw_vigil_station **out_station) {
    const mw_hearer *h = mw_stations_hearer(s, device);
    *out_station = NULL;
    if (h == NULL)
        return false;
    for (unsigned i = 0; i < MW_CHANNEL_STATIONS && h->station[i] != 0; i++) {
        mw_vigil_station *t = mw_stations_find(s, h->station[i]);
        if (t == NULL || !t->failed)
            return false;
        *out_station = *out_station == NULL ? t : *out_station;
    }
    return *out_station != NULL;
}
