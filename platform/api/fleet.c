/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/api/fleet_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/vee/outage.h"

void mw_fleet_lower(char *text) {
    for (unsigned char *p = (unsigned char *)text; *p != 0; p++) {
        unsigned char next = p[1];
        if (*p >= 'A' && *p <= 'Z') {
            *p = (unsigned char)(*p | 0x20);
        } else if (*p == 0xC3 && next >= 0x80 && next <= 0x9E && next != 0x97) {
            *++p = (unsigned char)(next + 0x20);
        } else if (*p == 0xD0 && next >= 0x90 && next <= 0x9F) {
            *++p = (unsigned char)(next + 0x20);
        } else if (*p == 0xD0 && next >= 0xA0 && next <= 0xAF) {
            *p = 0xD1;
            *++p = (unsigned char)(next - 0x20);
        }
    }
}

/* ---- growing ---- */

static mw_status grow(void **p, size_t *room, size_t need, size_t size) {
    if (need <= *room)
        return MW_OK;
    size_t more = *room == 0 ? 256 : *room * 2;
    while (more < need)
        more *= 2;
    void *wider = realloc(*p, more * size);
    if (wider == NULL)
        return MW_NOMEM;
    *p = wider;
    *room = more;
    return MW_OK;
}

static mw_status keep(mw_fleet *f, const char *text, uint32_t *out_at) {
    size_t n = strlen(text) + 1;
    if (f->pool_n + n > UINT32_MAX)
        return MW_LIMIT;
    MW_TRY(grow((void **)&f->pool, &f->pool_room, f->pool_n + n, 1));
    memcpy(f->pool + f->pool_n, text, n);
    *out_at = (uint32_t)f->pool_n;
    f->pool_n += n;
    return MW_OK;
}

static mw_status word_add(mw_fleet *f, mw_fleet_words *w, const char *text, const char *label) {
    size_t room = w->room;
    MW_TRY(grow((void **)&w->at, &w->room, w->n + 1, sizeof *w->at));
    MW_TRY(grow((void **)&w->label, &room, w->n + 1, sizeof *w->label));
    MW_TRY(keep(f, text, &w->at[w->n]));
    MW_TRY(keep(f, label, &w->label[w->n]));
    w->n++;
    return MW_OK;
}

/* Kinds of meters and media are few: they are looked for one by one, the latest first. */
static mw_status word_of(mw_fleet *f, mw_fleet_words *w, const char *text, uint16_t *out_index) {
    for (size_t i = w->n; i > 0; i--)
        if (strcmp(mw_fleet_text(f, w->at[i - 1]), text) == 0) {
            *out_index = (uint16_t)(i - 1);
            return MW_OK;
        }
    if (w->n == UINT16_MAX)
        return MW_LIMIT;
    *out_index = (uint16_t)w->n;
    return word_add(f, w, text, "");
}

/* ---- areas ---- */

static mw_status take_area(void *ctx, const mw_store_area *a) {
    mw_fleet *f = ctx;
    return f->areas.n == UINT16_MAX - 1 ? MW_LIMIT : word_add(f, &f->areas, a->id, a->name);
}

static mw_status take_place(void *ctx, const mw_store_place *p) {
    mw_fleet *f = ctx;
    size_t i = 0;
    while (i < f->areas.n && strcmp(mw_fleet_text(f, f->areas.at[i]), p->area) != 0)
        i++;
    if (i == f->areas.n)
        return MW_OK;
    MW_TRY(grow((void **)&f->place, &f->places_room, f->places + 1, sizeof *f->place));
    mw_fleet_place *place = &f->place[f->places];
    *place = (mw_fleet_place){.kind = p->kind, .area = (uint16_t)i};
    MW_TRY(keep(f, p->member, &place->member));
    f->places++;
    return MW_OK;
}

/* The first place of a member; places come sorted by kind and member. */
static size_t place_of(const mw_fleet *f, int kind, const char *member) {
    size_t low = 0, high = f->places;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const mw_fleet_place *p = &f->place[mid];
        int order = p->kind != kind ? p->kind - kind : strcmp(mw_fleet_text(f, p->member), member);
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void areas_add(const mw_fleet *f, mw_fleet_row *r, unsigned *n, int kind,
                      const char *member) {
    for (size_t i = place_of(f, kind, member); i < f->places; i++) {
        const mw_fleet_place *p = &f->place[i];
        if (p->kind != kind || strcmp(mw_fleet_text(f, p->member), member) != 0)
            return;
        bool known = false;
        for (unsigned k = 0; k < *n; k++)
            known = known || r->area[k] == p->area + 1;
        if (!known && *n < MW_FLEET_AREAS)
            r->area[(*n)++] = (uint16_t)(p->area + 1);
    }
}

/* Its own areas, then those that they lie in. */
static void areas_of(const mw_fleet *f, mw_fleet_row *r, const mw_store_fleet_row *row) {
    unsigned n = 0;
    if (f->places == 0)
        return;
    if (row->usage_point[0] != 0)
        areas_add(f, r, &n, MW_MEMBER_USAGE_POINT, row->usage_point);
    if (row->premise[0] != 0)
        areas_add(f, r, &n, MW_MEMBER_PREMISE, row->premise);
    for (unsigned i = 0; i < n; i++)
        areas_add(f, r, &n, MW_MEMBER_AREA, mw_fleet_text(f, f->areas.at[r->area[i] - 1]));
}

/* ---- rows ---- */

static mw_status take_row(void *ctx, const mw_store_fleet_row *row) {
    mw_fleet *f = ctx;
    if (f->n == MW_FLEET_ROWS_MAX)
        return MW_LIMIT;
    MW_TRY(grow((void **)&f->row, &f->room, f->n + 1, sizeof *f->row));
    mw_fleet_row *r = &f->row[f->n];
    bool heard = !mw_utc_is_none(row->last_seen);
    *r = (mw_fleet_row){.channel = row->channel,
                        .device = row->device,
                        .identity = row->identity,
                        .seen_us = heard ? row->last_seen.us : INT64_MIN,
                        .level_cdbm = row->level_cdbm,
                        .snr_cdb = row->snr_cdb,
                        .number = row->number};
    if (row->status != 0)
        r->states |= MW_FLEET_FLAGGED;
    if (row->usage_point[0] == 0)
        r->states |= MW_FLEET_UNINSTALLED;
    MW_TRY(keep(f, row->serial, &r->serial));
    MW_TRY(keep(f, row->label, &r->label));
    MW_TRY(keep(f, row->address, &r->address));
    MW_TRY(keep(f, row->person, &r->person));
    MW_TRY(word_of(f, &f->models, row->model, &r->model));
    MW_TRY(word_of(f, &f->media, row->medium, &r->medium));
    areas_of(f, r, row);
    char find[1024];
    (void)snprintf(find, sizeof find, "%s\n%s\n%s\n%s\n%016llx", row->serial, row->label,
                   row->address, row->person, (unsigned long long)row->identity);
    mw_fleet_lower(find);
    MW_TRY(keep(f, find, &r->find));
    f->n++;
    return MW_OK;
}

/* ---- what other tables say of rows: sorted by device or channel, merged in ---- */

static int by_device(const void *a, const void *b) {
    const mw_fleet_row *x = *(mw_fleet_row *const *)a, *y = *(mw_fleet_row *const *)b;
    return x->device < y->device ? -1 : x->device > y->device;
}

static int by_channel(const void *a, const void *b) {
    const mw_fleet_row *x = *(mw_fleet_row *const *)a, *y = *(mw_fleet_row *const *)b;
    return x->channel < y->channel ? -1 : x->channel > y->channel;
}

typedef struct merge {
    mw_fleet *f;
    mw_fleet_row **row; /* sorted */
    size_t at;
    int64_t after; /* of the pages of meters that are not in order */
    uint32_t given;
} merge;

static mw_status merge_heard(void *ctx, const mw_store_heard_row *h) {
    merge *m = ctx;
    mw_fleet *f = m->f;
    unsigned i = 0;
    while (i < f->senders && strcmp(f->sender[i], h->sender) != 0)
        i++;
    if (i == f->senders) {
        if (i == MW_FLEET_SENDERS_MAX)
            return MW_OK;
        mw_bytes_copy(f->sender[f->senders++], h->sender, MW_STORE_ID_MAX);
    }
    while (m->at < f->n && m->row[m->at]->device < h->device)
        m->at++;
    for (size_t k = m->at; k < f->n && m->row[k]->device == h->device; k++)
        m->row[k]->senders |= UINT64_C(1) << i;
    return MW_OK;
}

static mw_status merge_estimated(void *ctx, const mw_store_vee_meter *v) {
    merge *m = ctx;
    m->given++;
    m->after = v->channel;
    while (m->at < m->f->n && m->row[m->at]->channel < v->channel)
        m->at++;
    if (m->at < m->f->n && m->row[m->at]->channel == v->channel && v->state != MW_VEE_OK)
        m->row[m->at]->states |= MW_FLEET_ESTIMATED;
    return MW_OK;
}

static mw_status merges(mw_fleet *f, mw_store *store, int64_t tenant, mw_utc now) {
    merge m = {.f = f, .row = malloc((f->n + 1) * sizeof *m.row)};
    if (m.row == NULL)
        return MW_NOMEM;
    for (size_t i = 0; i < f->n; i++)
        m.row[i] = &f->row[i];
    qsort(m.row, f->n, sizeof(mw_fleet_row *), by_device);
    mw_utc since = {now.us - MW_FLEET_HEARD_DAYS * INT64_C(86400) * MW_US_PER_S};
    mw_status s = mw_store_heard(store, tenant, 0, since, merge_heard, &m);
    qsort(m.row, f->n, sizeof(mw_fleet_row *), by_channel);
    m.at = 0;
    do {
        m.given = 0;
        if (s == MW_OK)
            s = mw_store_vee_meters_scan(store, m.after, MW_STORE_PAGE_MAX, merge_estimated, &m);
    } while (s == MW_OK && m.given == MW_STORE_PAGE_MAX);
    free(m.row);
    return s;
}

/* qsort takes no context. */
static _Thread_local const mw_fleet_row *rows_sorted;

static int by_seen(const void *a, const void *b) {
    const mw_fleet_row *x = &rows_sorted[*(const uint32_t *)a];
    const mw_fleet_row *y = &rows_sorted[*(const uint32_t *)b];
    if (x->seen_us != y->seen_us)
        return x->seen_us > y->seen_us ? -1 : 1;
    return x->channel < y->channel ? -1 : x->channel > y->channel;
}

static mw_status sort_seen(mw_fleet *f) {
    f->by_seen = malloc((f->n + 1) * sizeof *f->by_seen);
    if (f->by_seen == NULL)
        return MW_NOMEM;
    for (size_t i = 0; i < f->n; i++)
        f->by_seen[i] = (uint32_t)i;
    rows_sorted = f->row;
    qsort(f->by_seen, f->n, sizeof *f->by_seen, by_seen);
    return MW_OK;
}

mw_status mw_fleet_build(mw_store *store, int64_t tenant, mw_utc now, mw_fleet **out_fleet) {
    mw_fleet *f = calloc(1, sizeof *f);
    uint32_t empty = 0;
    if (f == NULL)
        return MW_NOMEM;
    f->made = now;
    mw_status s = keep(f, "", &empty);
    if (s == MW_OK)
        s = mw_store_areas(store, tenant, take_area, f);
    if (s == MW_OK)
        s = mw_store_places(store, tenant, now, take_place, f);
    if (s == MW_OK)
        s = mw_store_fleet_rows(store, tenant, take_row, f);
    if (s == MW_OK)
        s = merges(f, store, tenant, now);
    if (s == MW_OK)
        s = sort_seen(f);
    if (s == MW_OK)
        *out_fleet = f;
    else
        mw_fleet_free(f);
    return s;
}

void mw_fleet_free(mw_fleet *f) {
    if (f == NULL)
        return;
    mw_fleet_words *const words[] = {&f->models, &f->media, &f->areas};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        free(words[i]->at);
        free(words[i]->label);
    }
    free(f->row);
    free(f->by_seen);
    free(f->place);
    free(f->pool);
    free(f);
}

mw_utc mw_fleet_made(const mw_fleet *f) {
    return f->made;
}

const char *mw_fleet_sender(const mw_fleet *f, unsigned i) {
    return i < f->senders ? f->sender[i] : NULL;
}
