/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/api/fleet_internal.h"

const char *const mw_fleet_facet_names[MW_FLEET_FACETS] = {"medium",  "model",  "state", "area",
                                                           "station", "signal", "seen"};

/* The values of a facet are numbers while they are looked at: a row has a set of them (or, for
 * words, one index). Sets are bits. */
static const char *const states[] = {"heard",     "silent",  "never",
                                     "estimated", "flagged", "uninstalled"};
static const char *const signals[] = {"good", "fair", "weak", "none"};
static const char *const ages[] = {"hour", "day", "week", "older", "never"};
/* Stations: those of the fleet, then these. */
static const char *const coverage[] = {"single", "none"};

#define HOUR_US     (3600 * MW_US_PER_S)
#define COUNT_OF(a) (sizeof(a) / sizeof(a)[0])

static unsigned age_of(const mw_fleet_row *r, mw_utc now) {
    if (r->seen_us == INT64_MIN)
        return 4;
    int64_t age = now.us - r->seen_us;
    return age < HOUR_US ? 0 : age < 24 * HOUR_US ? 1 : age < 7 * 24 * HOUR_US ? 2 : 3;
}

static uint64_t states_of(const mw_fleet_row *r, mw_utc now) {
    unsigned age = age_of(r, now);
    uint64_t set = age == 4 ? 4 : age <= 1 ? 1 : 2;
    return set | (uint64_t)(r->states & 7U) << 3;
}

/* As the bars that the pages draw: by the distance to where a frame would be lost. */
static unsigned signal_of(const mw_fleet_row *r) {
    if (r->seen_us == INT64_MIN)
        return 3;
    return r->snr_cdb >= 1000 ? 0 : r->snr_cdb >= 400 ? 1 : 2;
}

static unsigned heard_by(const mw_fleet_row *r) {
    return (unsigned)__builtin_popcountll(r->senders);
}

/* ---- conditions ---- */

/* A query with its values looked up: for each facet what a row must have. */
typedef struct sieve {
    const mw_fleet *f;
    mw_utc now;
    char search[MW_STORE_TEXT_MAX];
    bool limited;
    long scope; /* index of an area, -1 = one that is not there */
    bool any[MW_FLEET_FACETS];
    long value[MW_FLEET_FACETS]; /* -1 = nothing has it */
} sieve;

static long index_in(const char *const *names, size_t n, const char *value) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], value) == 0)
            return (long)i;
    return -1;
}

static long word_index(const mw_fleet *f, const mw_fleet_words *w, const char *value) {
    for (size_t i = 0; i < w->n; i++)
        if (strcmp(mw_fleet_text(f, w->at[i]), value) == 0)
            return (long)i;
    return -1;
}

#define ONLY_FIRST (MW_FLEET_SENDERS_MAX + 16) /* "only:ID" of the first sender */

static long station_index(const mw_fleet *f, const char *value) {
    bool only = strncmp(value, "only:", 5) == 0;
    for (unsigned i = 0; i < f->senders; i++)
        if (strcmp(f->sender[i], only ? value + 5 : value) == 0)
            return only ? ONLY_FIRST + (long)i : (long)i;
    long other = index_in(coverage, COUNT_OF(coverage), value);
    return other < 0 ? -1 : MW_FLEET_SENDERS_MAX + other;
}

static long value_index(const mw_fleet *f, mw_fleet_facet facet, const char *value) {
    switch (facet) {
    case MW_FLEET_MEDIUM:
        return word_index(f, &f->media, value);
    case MW_FLEET_MODEL:
        return word_index(f, &f->models, value);
    case MW_FLEET_AREA:
        return word_index(f, &f->areas, value);
    case MW_FLEET_STATE:
        return index_in(states, COUNT_OF(states), value);
    case MW_FLEET_STATION:
        return station_index(f, value);
    case MW_FLEET_SIGNAL:
        return index_in(signals, COUNT_OF(signals), value);
    case MW_FLEET_SEEN:
        return index_in(ages, COUNT_OF(ages), value);
    default:
        return -1;
    }
}

static void sieve_make(const mw_fleet *f, const mw_fleet_query *q, sieve *out) {
    *out = (sieve){.f = f, .now = q->now};
    if (q->search != NULL)
        (void)snprintf(out->search, sizeof out->search, "%s", q->search);
    mw_fleet_lower(out->search);
    out->limited = q->scope != NULL;
    out->scope = out->limited ? word_index(f, &f->areas, q->scope) : -1;
    for (unsigned i = 0; i < MW_FLEET_FACETS; i++) {
        out->any[i] = q->value[i] == NULL || q->value[i][0] == 0;
        out->value[i] = out->any[i] ? -1 : value_index(f, (mw_fleet_facet)i, q->value[i]);
    }
}

static bool area_has(const mw_fleet_row *r, long area) {
    for (unsigned i = 0; i < MW_FLEET_AREAS; i++)
        if (r->area[i] == area + 1)
            return true;
    return false;
}

static bool station_has(const mw_fleet_row *r, long station) {
    if (station < MW_FLEET_SENDERS_MAX)
        return (r->senders >> station & 1) != 0;
    if (station >= ONLY_FIRST)
        return r->senders == UINT64_C(1) << (station - ONLY_FIRST);
    return heard_by(r) == (station == MW_FLEET_SENDERS_MAX ? 1u : 0u);
}

static bool fits(const sieve *s, const mw_fleet_row *r, unsigned facet) {
    long v = s->value[facet];
    if (s->any[facet])
        return true;
    if (v < 0)
        return false;
    switch ((mw_fleet_facet)facet) {
    case MW_FLEET_MEDIUM:
        return r->medium == v;
    case MW_FLEET_MODEL:
        return r->model == v;
    case MW_FLEET_STATE:
        return (states_of(r, s->now) >> v & 1) != 0;
    case MW_FLEET_AREA:
        return area_has(r, v);
    case MW_FLEET_STATION:
        return station_has(r, v);
    case MW_FLEET_SIGNAL:
        return signal_of(r) == (unsigned)v;
    case MW_FLEET_SEEN:
        return age_of(r, s->now) == (unsigned)v;
    default:
        return false;
    }
}

/* Which facets the row misses, as bits. */
static unsigned misses(const sieve *s, const mw_fleet_row *r) {
    unsigned set = 0;
    for (unsigned i = 0; i < MW_FLEET_FACETS; i++)
        set |= fits(s, r, i) ? 0u : 1u << i;
    return set;
}

static bool found(const sieve *s, const mw_fleet_row *r) {
    if (s->limited && (s->scope < 0 || !area_has(r, s->scope)))
        return false;
    return s->search[0] == 0 || strstr(mw_fleet_text(s->f, r->find), s->search) != NULL;
}

static int channel_compare(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

mw_status mw_fleet_channels(const mw_fleet *f, const char *area, int64_t **out_channels,
                            size_t *out_n) {
    long index = word_index(f, &f->areas, area);
    int64_t *channel = malloc((f->n + 1) * sizeof *channel);
    size_t n = 0;
    if (channel == NULL)
        return MW_NOMEM;
    for (size_t i = 0; i < f->n && index >= 0; i++)
        if (area_has(&f->row[i], index))
            channel[n++] = f->row[i].channel;
    qsort(channel, n, sizeof *channel, channel_compare);
    *out_channels = channel;
    *out_n = n;
    return MW_OK;
}

void mw_fleet_cover(const mw_fleet *f, const char *scope, mw_fleet_coverage *out) {
    long area = scope != NULL ? word_index(f, &f->areas, scope) : -1;
    *out = (mw_fleet_coverage){0};
    for (size_t i = 0; i < f->n; i++) {
        const mw_fleet_row *r = &f->row[i];
        unsigned by = heard_by(r);
        if (scope != NULL && (area < 0 || !area_has(r, area)))
            continue;
        out->meters++;
        out->none += by == 0;
        out->single += by == 1;
        out->several += by > 1;
        for (uint64_t set = r->senders; set != 0; set &= set - 1) {
            out->hears[__builtin_ctzll(set)]++;
            out->alone[__builtin_ctzll(set)] += by == 1;
        }
    }
}

/* ---- pages ---- */

typedef struct cursor {
    bool set;
    int64_t channel;
    const char *serial;
    int64_t minus_seen;
} cursor;

static mw_status cursor_read(const mw_fleet_query *q, cursor *out) {
    *out = (cursor){.set = q->after != NULL && q->after[0] != 0};
    if (!out->set)
        return MW_OK;
    char *end = NULL;
    out->channel = strtoll(q->after, &end, 10);
    if (end == q->after || *end != ':')
        return MW_SYNTAX;
    out->serial = end + 1;
    if (q->sort == MW_STORE_SORT_SERIAL)
        return MW_OK;
    char *last = NULL;
    out->minus_seen = strtoll(out->serial, &last, 10);
    return last == out->serial || *last != 0 ? MW_SYNTAX : MW_OK;
}

static bool is_after(const mw_fleet *f, const mw_fleet_row *r, const mw_fleet_query *q,
                     const cursor *c) {
    if (!c->set)
        return true;
    if (q->sort == MW_STORE_SORT_SERIAL) {
        int order = strcmp(mw_fleet_text(f, r->serial), c->serial);
        return order > 0 || (order == 0 && r->channel > c->channel);
    }
    int64_t minus_seen = r->seen_us == INT64_MIN ? 0 : -r->seen_us;
    return minus_seen > c->minus_seen || (minus_seen == c->minus_seen && r->channel > c->channel);
}

static const mw_fleet_row *row_at(const mw_fleet *f, mw_store_sort sort, size_t i) {
    return &f->row[sort == MW_STORE_SORT_SERIAL ? i : f->by_seen[i]];
}

mw_status mw_fleet_find(const mw_fleet *f, const mw_fleet_query *q, int64_t *out_channels,
                        uint32_t *out_n, int64_t *out_total) {
    sieve s;
    cursor c;
    MW_TRY(cursor_read(q, &c));
    sieve_make(f, q, &s);
    uint32_t n = 0, skipped = 0;
    int64_t total = 0;
    for (size_t i = 0; i < f->n; i++) {
        const mw_fleet_row *r = row_at(f, q->sort, i);
        if (misses(&s, r) != 0 || !found(&s, r))
            continue;
        total++;
        if (n == q->limit || !is_after(f, r, q, &c))
            continue;
        if (skipped < q->skip)
            skipped++;
        else
            out_channels[n++] = r->channel;
    }
    *out_n = n;
    *out_total = total;
    return MW_OK;
}

mw_status mw_fleet_each(const mw_fleet *f, const mw_fleet_query *q, mw_fleet_on_item each,
                        void *ctx) {
    sieve s;
    sieve_make(f, q, &s);
    for (size_t i = 0; i < f->n; i++) {
        const mw_fleet_row *r = row_at(f, q->sort, i);
        if (misses(&s, r) != 0 || !found(&s, r))
            continue;
        mw_fleet_item item = {.identity = r->identity,
                              .channel = r->channel,
                              .number = r->number,
                              .serial = mw_fleet_text(f, r->serial),
                              .model = mw_fleet_text(f, f->models.at[r->model]),
                              .medium = mw_fleet_text(f, f->media.at[r->medium]),
                              .label = mw_fleet_text(f, r->label),
                              .address = mw_fleet_text(f, r->address),
                              .person = mw_fleet_text(f, r->person),
                              .last_seen =
                                  r->seen_us == INT64_MIN ? MW_UTC_NONE : (mw_utc){r->seen_us},
                              .level_cdbm = r->level_cdbm,
                              .snr_cdb = r->snr_cdb,
                              .senders = r->senders};
        MW_TRY(each(ctx, &item));
    }
    return MW_OK;
}

/* ---- counts ---- */

typedef struct tally {
    int64_t *n[MW_FLEET_FACETS]; /* of values by index */
    size_t values[MW_FLEET_FACETS];
} tally;

static void count_set(int64_t *n, uint64_t set) {
    for (; set != 0; set &= set - 1)
        n[__builtin_ctzll(set)]++;
}

static void count_row(tally *t, const sieve *s, const mw_fleet_row *r, unsigned facet) {
    int64_t *n = t->n[facet];
    switch ((mw_fleet_facet)facet) {
    case MW_FLEET_MEDIUM:
        n[r->medium]++;
        break;
    case MW_FLEET_MODEL:
        n[r->model]++;
        break;
    case MW_FLEET_STATE:
        count_set(n, states_of(r, s->now));
        break;
    case MW_FLEET_AREA:
        for (unsigned i = 0; i < MW_FLEET_AREAS && r->area[i] != 0; i++)
            n[r->area[i] - 1]++;
        break;
    case MW_FLEET_STATION:
        count_set(n, r->senders);
        if (heard_by(r) <= 1)
            n[MW_FLEET_SENDERS_MAX + (heard_by(r) == 1 ? 0 : 1)]++;
        break;
    case MW_FLEET_SIGNAL:
        n[signal_of(r)]++;
        break;
    case MW_FLEET_SEEN:
        n[age_of(r, s->now)]++;
        break;
    default:
        break;
    }
}

static const char *value_name(const mw_fleet *f, unsigned facet, size_t i, const char **out_label) {
    const mw_fleet_words *w = NULL;
    *out_label = "";
    switch ((mw_fleet_facet)facet) {
    case MW_FLEET_MEDIUM:
        w = &f->media;
        break;
    case MW_FLEET_MODEL:
        w = &f->models;
        break;
    case MW_FLEET_AREA:
        w = &f->areas;
        break;
    case MW_FLEET_STATE:
        return states[i];
    case MW_FLEET_SIGNAL:
        return signals[i];
    case MW_FLEET_SEEN:
        return ages[i];
    default:
        return i < MW_FLEET_SENDERS_MAX ? f->sender[i] : coverage[i - MW_FLEET_SENDERS_MAX];
    }
    *out_label = mw_fleet_text(f, w->label[i]);
    return mw_fleet_text(f, w->at[i]);
}

static mw_status tell(const mw_fleet *f, const sieve *s, const tally *t, mw_fleet_on_count each,
                      void *ctx) {
    for (unsigned facet = 0; facet < MW_FLEET_FACETS; facet++)
        for (size_t i = 0; i < t->values[facet]; i++) {
            const char *label = NULL;
            if (t->n[facet][i] == 0 && s->value[facet] != (long)i)
                continue;
            const char *name = value_name(f, facet, i, &label);
            MW_TRY(each(ctx, (mw_fleet_facet)facet, name, label, t->n[facet][i]));
        }
    return MW_OK;
}

mw_status mw_fleet_counts(const mw_fleet *f, const mw_fleet_query *q, mw_fleet_on_count each,
                          void *ctx, int64_t *out_total) {
    sieve s;
    sieve_make(f, q, &s);
    tally t = {.values = {f->media.n, f->models.n, COUNT_OF(states), f->areas.n,
                          MW_FLEET_SENDERS_MAX + COUNT_OF(coverage), COUNT_OF(signals),
                          COUNT_OF(ages)}};
    size_t all = 0;
    for (unsigned i = 0; i < MW_FLEET_FACETS; i++)
        all += t.values[i];
    int64_t *room = calloc(all + 1, sizeof *room);
    if (room == NULL)
        return MW_NOMEM;
    for (unsigned i = 0; i < MW_FLEET_FACETS; i++)
        t.n[i] = i == 0 ? room : t.n[i - 1] + t.values[i - 1];
    int64_t total = 0;
    for (size_t i = 0; i < f->n; i++) {
        const mw_fleet_row *r = &f->row[i];
        unsigned missed = misses(&s, r);
        if ((missed & (missed - 1)) != 0 || !found(&s, r))
            continue; /* two conditions fail: it counts nowhere */
        total += missed == 0;
        for (unsigned facet = 0; facet < MW_FLEET_FACETS; facet++)
            if ((missed & ~(1u << facet)) == 0)
                count_row(&t, &s, r, facet);
    }
    mw_status status = tell(f, &s, &t, each, ctx);
    free(room);
    *out_total = total;
    return status;
}
