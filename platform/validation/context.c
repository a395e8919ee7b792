/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/validation/context.h"

#include <stdlib.h>
#include <string.h>

enum { DAY_S = 86400 };

static void flow_fini(mw_context_flow *f) {
    free(f->value);
    free(f->flags);
    free(f->covered);
    *f = (mw_context_flow){0};
}

void mw_context_fini(mw_context *x) {
    for (unsigned i = 0; i < MW_VEE_SIBLINGS_MAX; i++)
        flow_fini(&x->sibling[i]);
    for (unsigned i = 0; i < sizeof x->around / sizeof x->around[0]; i++)
        flow_fini(&x->around[i]);
    free(x->reactive);
    free(x->phases);
    x->reactive = NULL;
    x->phases = NULL;
    x->room = 0;
}

/* Arrays are made when something needs them; a longer window drops those that are too short. */
static void room_make(mw_context *x, uint32_t n) {
    if (n <= x->room)
        return;
    mw_context_fini(x);
    x->room = n + n / 2;
}

static mw_status flow_room(const mw_context *x, mw_context_flow *f) {
    if (f->value != NULL)
        return MW_OK;
    f->value = calloc(x->room, sizeof *f->value);
    f->flags = calloc(x->room, sizeof *f->flags);
    f->covered = calloc(x->room, sizeof *f->covered);
    if (f->value != NULL && f->flags != NULL && f->covered != NULL)
        return MW_OK;
    flow_fini(f);
    return MW_NOMEM;
}

/* --- another channel on the cells of a window ------------------------------------------------- */

typedef struct reading {
    const mw_window *w;
    mw_context_flow *f;
} reading;

static mw_status value_take(void *ctx, const mw_store_value *row) {
    reading *r = ctx;
    const mw_window *w = r->w;
    int64_t off = (row->interval.start.us - w->start.us) / MW_US_PER_S;
    if (off < 0 || off / w->seconds >= w->n)
        return MW_OK;
    uint32_t i = (uint32_t)(off / w->seconds);
    r->f->covered[i] += row->interval.seconds;
    r->f->flags[i] |= row->interval.quality;
    return __builtin_add_overflow(r->f->value[i], row->interval.value, &r->f->value[i]) ? MW_RANGE
                                                                                        : MW_OK;
}

/* The sums of a channel's intervals in each cell; a cell that is not covered exactly is missing. */
static mw_status flow_read(const mw_context *x, mw_store *store, int64_t tenant, int64_t channel,
                           mw_layer layer, const mw_window *w, mw_context_flow *f) {
    MW_TRY(flow_room(x, f));
    memset(f->value, 0, w->n * sizeof *f->value);
    memset(f->flags, 0, w->n * sizeof *f->flags);
    memset(f->covered, 0, w->n * sizeof *f->covered);
    reading r = {w, f};
    mw_store_values_query q = {.tenant = tenant,
                               .channel = channel,
                               .layer = layer,
                               .from = w->start,
                               .to = mw_window_time(w, w->n),
                               .as_of = MW_UTC_NONE};
    MW_TRY(mw_store_values(store, &q, value_take, &r));
    for (uint32_t i = 0; i < w->n; i++)
        if (f->covered[i] != w->seconds)
            f->flags[i] = MW_VEE_MISSING;
    return MW_OK;
}

static int64_t power(int64_t v, int by) {
    for (; by > 0; by--)
        if (__builtin_mul_overflow(v, 10, &v))
            return INT64_MAX;
    for (; by < 0; by++)
        v /= 10;
    return v;
}

/* Whether values of one unit can be told in the other, and by which power of ten. */
static bool same_quantity(mw_unit unit, int8_t scale, const mw_window_channel *c, int *out_power) {
    int from = scale, to = c->scale;
    bool volumes = (unit == MW_UNIT_L || unit == MW_UNIT_M3) &&
                   (c->unit == MW_UNIT_L || c->unit == MW_UNIT_M3);
    from += volumes && unit == MW_UNIT_M3 ? 3 : 0;
    to += volumes && c->unit == MW_UNIT_M3 ? 3 : 0;
    *out_power = from - to;
    return volumes || unit == c->unit;
}

static void flow_scale(const mw_window *w, mw_context_flow *f, int by) {
    for (uint32_t i = 0; by != 0 && i < w->n; i++)
        f->value[i] = power(f->value[i], by);
}

/* --- the device ------------------------------------------------------------------------------ */

typedef struct siblings {
    int64_t self;
    mw_store_channel_newest row[MW_VEE_SIBLINGS_MAX];
    uint32_t n;
} siblings;

static mw_status sibling_take(void *ctx, const mw_store_channel_newest *row) {
    siblings *s = ctx;
    if (row->channel != s->self && s->n < MW_VEE_SIBLINGS_MAX)
        s->row[s->n++] = *row;
    return MW_OK;
}

/* What a day after is still not there is missing; what may yet come is not. */
static void patience(const mw_window *w, mw_utc known_to, uint32_t *flags) {
    mw_utc due = {known_to.us - MW_CONTEXT_PATIENCE_S * MW_US_PER_S};
    for (uint32_t i = mw_window_index(w, due); i < w->n; i++)
        flags[i] &= ~(uint32_t)MW_VEE_MISSING;
}

static bool gone(const mw_window *w, mw_utc newest) {
    return mw_utc_is_none(newest) ||
           newest.us <
               mw_window_time(w, w->n).us - (int64_t)MW_CONTEXT_SIBLING_DAYS * DAY_S * MW_US_PER_S;
}

/* Electricity by phase: 1-b:31/51/71.7.0 currents, 32/52/72.7.0 voltages, 3.8.0 reactive energy. */
static mw_status electric_take(mw_context *x, const mw_window *w, const mw_window_channel *c,
                               const mw_store_channel *other, mw_context_flow *f) {
    int by = 0;
    uint8_t quantity = other->obis[2];
    bool current = other->unit == MW_UNIT_A && quantity % 20 == 11 && quantity >= 31;
    bool voltage = other->unit == MW_UNIT_V && quantity % 20 == 12 && quantity >= 32;
    if (other->unit == MW_UNIT_VARH && c->unit == MW_UNIT_WH && quantity == 3) {
        if (x->reactive == NULL)
            x->reactive = calloc(x->room, sizeof *x->reactive);
        if (x->reactive == NULL)
            return MW_NOMEM;
        by = other->scale - c->scale;
        for (uint32_t i = 0; i < w->n; i++)
            x->reactive[i] = (f->flags[i] & MW_VEE_MISSING) != 0 ? 0 : power(f->value[i], by);
        x->series.reactive = x->reactive;
        return MW_OK;
    }
    if ((!current && !voltage) || quantity > 72)
        return MW_OK;
    if (x->phases == NULL)
        x->phases = calloc(x->room, sizeof *x->phases);
    if (x->phases == NULL)
        return MW_NOMEM;
    if (x->series.phases == NULL) /* what is not told is no evidence: a live phase without load */
        for (uint32_t i = 0; i < w->n; i++)
            x->phases[i] = (mw_vee_phases){.millivolt = {230000, 230000, 230000}};
    x->series.phases = x->phases;
    unsigned phase = (quantity - 31u) / 20;
    for (uint32_t i = 0; i < w->n; i++) {
        int64_t milli = power(f->value[i], other->scale + 3);
        if ((f->flags[i] & MW_VEE_MISSING) != 0 || milli > INT32_MAX || milli < INT32_MIN)
            continue;
        if (current)
            x->phases[i].milliampere[phase] = (int32_t)milli;
        else
            x->phases[i].millivolt[phase] = (int32_t)milli;
    }
    return MW_OK;
}

static bool is_momentary(const mw_store_channel *c) {
    return c->unit == MW_UNIT_V || c->unit == MW_UNIT_A;
}

mw_status mw_context_rules(mw_context *x, mw_store *store, const mw_channel_entry *e,
                           const mw_window *w, mw_utc known_to) {
    siblings others = {.self = e->c.channel};
    room_make(x, w->n);
    x->series = (mw_vee_series){.clock_offset_ms = e->clock_offset_ms,
                                .identity = e->identity_differs,
                                .identity_expected = 0};
    if ((e->around & MW_AROUND_SIBLINGS) == 0)
        return MW_OK;
    MW_TRY(mw_store_channels_of_device(store, e->c.tenant, e->c.device, sibling_take, &others));
    for (uint32_t k = 0; k < others.n; k++) {
        mw_store_meter m;
        mw_context_flow *f = &x->sibling[k];
        MW_TRY(mw_store_meter_of_channel(store, e->c.tenant, others.row[k].channel, &m));
        MW_TRY(flow_read(x, store, e->c.tenant, others.row[k].channel, MW_LAYER_RAW, w, f));
        if ((e->around & MW_AROUND_ELECTRIC) != 0)
            MW_TRY(electric_take(x, w, &e->c, &m.channel, f));
        if (gone(w, others.row[k].newest) || m.channel.grid_seconds > w->seconds ||
            is_momentary(&m.channel))
            continue;
        patience(w, known_to, f->flags);
        x->series.sibling[x->series.siblings++] = f->flags;
    }
    return MW_OK;
}

bool mw_context_sibling_missing(const mw_context *x, const mw_window *w, uint32_t from,
                                uint32_t to) {
    for (uint32_t k = 0; k < x->series.siblings; k++)
        for (uint32_t i = from; i < to; i++)
            if ((x->series.sibling[k][i] & MW_VEE_MISSING) != 0 &&
                (w->raw_flags[i] & MW_VEE_MISSING) == 0)
                return true;
    return false;
}

/* --- other sources --------------------------------------------------------------------------- */

typedef struct sources {
    mw_store_source row[MW_STORE_SOURCES_MAX];
    uint32_t n;
} sources;

static mw_status source_take(void *ctx, const mw_store_source *row) {
    sources *s = ctx;
    if (s->n < MW_STORE_SOURCES_MAX)
        s->row[s->n++] = *row;
    return MW_OK;
}

/* The day's mean in hundredths of a degree. */
static void temperatures_set(mw_window *w, const mw_context_flow *f, uint32_t seconds,
                             int8_t scale) {
    int64_t parts = seconds < w->seconds ? w->seconds / seconds : 1;
    for (uint32_t d = 0; d < w->days; d++) {
        int64_t sum = 0, n = 0;
        for (uint32_t i = w->day[d].first; i < w->day[d].first + w->day[d].n; i++) {
            if ((f->flags[i] & MW_VEE_MISSING) != 0)
                continue;
            sum += f->value[i];
            n += parts;
        }
        if (n > 0)
            w->day[d].temperature_cc = (int32_t)(power(sum, scale + 2) / n);
    }
}

static mw_status source_use(mw_context *x, mw_store *store, const mw_window_channel *c,
                            mw_window *w, const mw_store_source *s) {
    mw_store_meter m;
    int by = 0;
    unsigned at = s->kind == MW_SOURCE_CHECK      ? 0
                  : s->kind == MW_SOURCE_NODE_IN  ? 2 + x->source.ins
                  : s->kind == MW_SOURCE_NODE_OUT ? 2 + MW_CONTEXT_FLOWS_MAX + x->source.outs
                                                  : 1;
    mw_status found = mw_store_meter_of_channel(store, c->tenant, s->source, &m);
    if (found != MW_OK)
        return found == MW_NOT_FOUND ? MW_OK : found;
    mw_context_flow *f = &x->around[at];
    if (s->kind == MW_SOURCE_TEMPERATURE) {
        if (m.channel.unit != MW_UNIT_DEG_C)
            return MW_OK;
        f = &x->sibling[0]; /* working memory: only the days keep it */
        MW_TRY(flow_read(x, store, c->tenant, s->source, MW_LAYER_FINAL, w, f));
        temperatures_set(w, f, m.channel.grid_seconds, m.channel.scale);
        return MW_OK;
    }
    if (!same_quantity(m.channel.unit, m.channel.scale, c, &by))
        return MW_OK;
    MW_TRY(flow_read(x, store, c->tenant, s->source, MW_LAYER_VALIDATED, w, f));
    flow_scale(w, f, by);
    mw_vee_flow flow = {f->value, f->flags};
    if (s->kind == MW_SOURCE_CHECK)
        x->source.alternate = flow;
    else if (s->kind == MW_SOURCE_INFERRED)
        x->source.inferred = flow;
    else if (s->kind == MW_SOURCE_NODE_IN && x->source.ins < MW_CONTEXT_FLOWS_MAX)
        x->in[x->source.ins++] = flow;
    else if (s->kind == MW_SOURCE_NODE_OUT && x->source.outs < MW_CONTEXT_FLOWS_MAX)
        x->out[x->source.outs++] = flow;
    return MW_OK;
}

typedef struct profile_search {
    const mw_window_channel *c;
    mw_utc at;
    mw_store_profile *found;
    bool any;
} profile_search;

static mw_status profile_take(void *ctx, const mw_store_profile *row) {
    profile_search *s = ctx;
    if (row->medium == s->c->medium && row->class == s->c->class && row->from.us <= s->at.us) {
        *s->found = *row;
        s->any = true;
    }
    return MW_OK;
}

static void profile_spread(mw_context *x, uint32_t seconds) {
    uint32_t slots = DAY_S / seconds;
    for (unsigned d = 0; d < 3; d++) {
        for (uint32_t i = 0; i < slots; i++) {
            int64_t sum = 0;
            for (uint32_t h = i * seconds / 3600; h * 3600 < (i + 1) * seconds; h++)
                sum += x->found.weight[d][h];
            x->weight[d][i] = sum;
        }
        x->profile.weight[d] = x->weight[d];
    }
    x->profile.slots = slots;
    x->source.profile = &x->profile;
}

mw_status mw_context_sources(mw_context *x, mw_store *store, const mw_window_channel *c,
                             mw_window *w) {
    sources s = {.n = 0};
    x->source = (mw_vee_source){.in = x->in, .out = x->out};
    room_make(x, w->n);
    MW_TRY(mw_store_vee_sources(store, c->tenant, c->channel, source_take, &s));
    for (uint32_t i = 0; i < s.n; i++)
        MW_TRY(source_use(x, store, c, w, &s.row[i]));
    profile_search p = {.c = c, .at = mw_window_time(w, w->n), .found = &x->found};
    MW_TRY(mw_store_vee_profiles(store, c->tenant, profile_take, &p));
    if (p.any && DAY_S % w->seconds == 0 && DAY_S / w->seconds <= 1440)
        profile_spread(x, w->seconds);
    return MW_OK;
}

mw_status mw_context_month(mw_store *store, const mw_window_channel *c, mw_utc at, int64_t first,
                           int64_t end, int64_t *out_use) {
    mw_store_profile found;
    int64_t use = 0;
    profile_search p = {.c = c, .at = at, .found = &found};
    *out_use = -1;
    MW_TRY(mw_store_vee_profiles(store, c->tenant, profile_take, &p));
    for (int64_t day = first; p.any && day < end; day++) {
        int64_t weekday = (day + 3) % 7; /* 1970-01-01 was a Thursday; Monday is 0 */
        unsigned type = weekday == 6 ? 2 : weekday == 5 ? 1 : 0;
        for (unsigned h = 0; h < 24; h++)
            use += found.weight[type][h];
    }
    if (p.any)
        *out_use = power(use, -c->scale - (c->unit == MW_UNIT_M3 ? 3 : 0));
    return MW_OK;
}
