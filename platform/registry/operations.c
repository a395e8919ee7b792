/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/registry/operations.h"

#include <stdio.h>
#include <string.h>

/* What an open span can concern: everything up to now. */
static mw_utc until_now(const mw_operator *o, mw_utc from) {
    return o->now.us > from.us ? o->now : (mw_utc){from.us + 1};
}

typedef struct history {
    mw_store_installation row[MW_STORE_INSTALLATIONS_MAX + 4];
    size_t n;
} history;

static mw_status on_installation(void *ctx, const mw_store_installation *i) {
    history *h = ctx;
    if (h->n == MW_STORE_INSTALLATIONS_MAX)
        return MW_LIMIT;
    h->row[h->n++] = *i;
    return MW_OK;
}

static mw_status history_read(const mw_operator *o, int64_t channel, history *h) {
    mw_store_meter m;
    MW_TRY(mw_store_meter_of_channel(o->store, o->tenant, channel, &m));
    mw_store_installation_query q = {.tenant = o->tenant, .channel = channel, .as_of = MW_UTC_NONE};
    h->n = 0;
    return mw_store_installations(o->store, &q, on_installation, h);
}

static mw_status history_write(const mw_operator *o, int64_t channel, const history *h, mw_utc from,
                               mw_utc to) {
    mw_status status =
        mw_store_installations_set(o->store, o->tenant, channel, h->row, h->n, o->now);
    if (status == MW_RANGE)
        return MW_CONFLICT;
    MW_TRY(status);
    mw_store_change c = {.tenant = o->tenant,
                         .channel = channel,
                         .master = true,
                         .from = from,
                         .to = mw_utc_is_none(to) ? until_now(o, from) : to};
    return mw_store_change_add(o->store, &c);
}

static mw_status audit(const mw_operator *o, const char *action, int64_t channel,
                       const char *detail) {
    mw_store_audit a = {.tenant = o->tenant, .at = o->now};
    snprintf(a.actor, sizeof a.actor, "%s", o->actor);
    snprintf(a.action, sizeof a.action, "%s", action);
    snprintf(a.subject, sizeof a.subject, "channel/%lld", (long long)channel);
    snprintf(a.detail, sizeof a.detail, "%s", detail);
    return mw_store_audit_append(o->store, &a);
}

/* The last row when it is open. */
static mw_store_installation *open_row(history *h) {
    return h->n > 0 && mw_utc_is_none(h->row[h->n - 1].to) ? &h->row[h->n - 1] : NULL;
}

static mw_status fit(const mw_operator *o, int64_t channel, const char *usage_point, mw_utc at,
                     mw_noted initial) {
    history h;
    mw_store_usage_point u;
    char premise[MW_STORE_ID_MAX];
    MW_TRY(history_read(o, channel, &h));
    MW_TRY(mw_store_usage_point_get(o->store, o->tenant, usage_point, &u, premise));
    if (open_row(&h) != NULL || h.n == MW_STORE_INSTALLATIONS_MAX)
        return MW_CONFLICT;
    mw_store_installation *row = &h.row[h.n++];
    *row = (mw_store_installation){.channel = channel,
                                   .from = at,
                                   .to = MW_UTC_NONE,
                                   .has_initial_value = initial.known,
                                   .initial_value = initial.value};
    memcpy(row->usage_point, u.id, sizeof u.id);
    return history_write(o, channel, &h, at, MW_UTC_NONE);
}

static mw_status take_away(const mw_operator *o, int64_t channel, mw_utc at, mw_noted final,
                           char out_place[MW_STORE_ID_MAX]) {
    history h;
    MW_TRY(history_read(o, channel, &h));
    mw_store_installation *row = open_row(&h);
    if (row == NULL || at.us <= row->from.us)
        return MW_CONFLICT;
    row->to = at;
    row->has_final_value = final.known;
    row->final_value = final.value;
    memcpy(out_place, row->usage_point, MW_STORE_ID_MAX);
    return history_write(o, channel, &h, at, MW_UTC_NONE);
}

mw_status mw_meter_fit(const mw_operator *o, int64_t channel, const char *usage_point, mw_utc at,
                       mw_noted initial) {
    MW_TRY(fit(o, channel, usage_point, at, initial));
    return audit(o, "meter.fit", channel, usage_point);
}

mw_status mw_meter_remove(const mw_operator *o, int64_t channel, mw_utc at, mw_noted final) {
    char place[MW_STORE_ID_MAX];
    MW_TRY(take_away(o, channel, at, final, place));
    return audit(o, "meter.remove", channel, place);
}

mw_status mw_meter_exchange(const mw_operator *o, int64_t old_channel, int64_t new_channel,
                            mw_utc at, mw_noted final, mw_noted initial) {
    char place[MW_STORE_ID_MAX], detail[MW_STORE_TEXT_MAX];
    if (old_channel == new_channel)
        return MW_CONFLICT;
    MW_TRY(take_away(o, old_channel, at, final, place));
    MW_TRY(fit(o, new_channel, place, at, initial));
    snprintf(detail, sizeof detail, "%s: channel %lld took its place", place,
             (long long)new_channel);
    return audit(o, "meter.exchange", old_channel, detail);
}

/* --- cross-installed meters --------------------------------------------------------------------
 */

/* Cuts the row that holds `at` in two. */
static mw_status cut(history *h, mw_utc at) {
    for (size_t i = 0; i < h->n; i++) {
        mw_store_installation *r = &h->row[i];
        if (at.us <= r->from.us || (!mw_utc_is_none(r->to) && at.us >= r->to.us))
            continue;
        if (h->n >= MW_STORE_INSTALLATIONS_MAX)
            return MW_LIMIT;
        memmove(r + 1, r, (h->n - i) * sizeof *r);
        h->n++;
        r[0].to = at;
        r[0].has_final_value = false;
        r[1].from = at;
        r[1].has_initial_value = false;
        return MW_OK;
    }
    return MW_OK;
}

static const char *place_within(const history *h, mw_utc from, mw_utc to) {
    for (size_t i = 0; i < h->n; i++) {
        const mw_store_installation *r = &h->row[i];
        bool until = mw_utc_is_none(r->to) || (!mw_utc_is_none(to) && r->to.us >= to.us);
        if (r->from.us <= from.us && until)
            return r->usage_point;
    }
    return NULL;
}

static void move_to(history *h, mw_utc from, mw_utc to, const char *place) {
    for (size_t i = 0; i < h->n; i++) {
        mw_store_installation *r = &h->row[i];
        if (r->from.us >= from.us && (mw_utc_is_none(to) || r->from.us < to.us))
            snprintf(r->usage_point, sizeof r->usage_point, "%s", place);
    }
}

mw_status mw_meter_swap(const mw_operator *o, int64_t a, int64_t b, mw_utc from, mw_utc to) {
    history ha, hb;
    if (a == b || (!mw_utc_is_none(to) && to.us <= from.us))
        return MW_CONFLICT;
    MW_TRY(history_read(o, a, &ha));
    MW_TRY(history_read(o, b, &hb));
    const char *at_a = place_within(&ha, from, to), *at_b = place_within(&hb, from, to);
    if (at_a == NULL || at_b == NULL || strcmp(at_a, at_b) == 0)
        return MW_CONFLICT;
    char place_a[MW_STORE_ID_MAX], place_b[MW_STORE_ID_MAX];
    snprintf(place_a, sizeof place_a, "%s", at_a);
    snprintf(place_b, sizeof place_b, "%s", at_b);
    history *const both[2] = {&ha, &hb};
    for (size_t i = 0; i < 2; i++) {
        MW_TRY(cut(both[i], from));
        if (!mw_utc_is_none(to))
            MW_TRY(cut(both[i], to));
        move_to(both[i], from, to, i == 0 ? place_b : place_a);
        MW_TRY(history_write(o, i == 0 ? a : b, both[i], from, to));
    }
    char detail[MW_STORE_TEXT_MAX];
    snprintf(detail, sizeof detail, "with channel %lld: %s and %s", (long long)b, place_a, place_b);
    return audit(o, "meter.swap", a, detail);
}

/* --- registers ---------------------------------------------------------------------------------
 */

static mw_status mark(const mw_operator *o, int64_t channel, mw_utc at, int64_t before,
                      int64_t after, const char *text) {
    mw_store_register_mark m = {
        .channel = channel, .at = at, .before = before, .after = after, .recorded = o->now};
    snprintf(m.who, sizeof m.who, "%s", o->actor);
    snprintf(m.text, sizeof m.text, "%s", text);
    return mw_store_register_mark_put(o->store, o->tenant, &m);
}

static mw_status touched_from(const mw_operator *o, int64_t channel, mw_utc from, mw_utc to) {
    mw_store_change c = {
        .tenant = o->tenant, .channel = channel, .master = true, .from = from, .to = to};
    return mw_store_change_add(o->store, &c);
}

mw_status mw_meter_factor(const mw_operator *o, const mw_store_factor *f, mw_noted reading) {
    mw_store_meter m;
    mw_store_factor row = *f;
    row.recorded = o->now;
    MW_TRY(mw_store_meter_of_channel(o->store, o->tenant, f->channel, &m));
    MW_TRY(mw_store_factor_put(o->store, o->tenant, &row));
    if (reading.known)
        MW_TRY(mark(o, f->channel, f->from, reading.value, reading.value, "multiplier changed"));
    MW_TRY(touched_from(o, f->channel, f->from, until_now(o, f->from)));
    char detail[MW_STORE_TEXT_MAX];
    snprintf(detail, sizeof detail, "kind %d: %lld / %lld", (int)f->kind, (long long)f->num,
             (long long)f->den);
    return audit(o, "meter.factor", f->channel, detail);
}

mw_status mw_meter_reset(const mw_operator *o, int64_t channel, mw_utc at, int64_t before,
                         int64_t after, const char *text) {
    mw_store_meter m;
    MW_TRY(mw_store_meter_of_channel(o->store, o->tenant, channel, &m));
    MW_TRY(mark(o, channel, at, before, after, text));
    MW_TRY(touched_from(o, channel, (mw_utc){at.us - 1}, (mw_utc){at.us + 1}));
    char detail[MW_STORE_TEXT_MAX];
    snprintf(detail, sizeof detail, "%lld -> %lld", (long long)before, (long long)after);
    return audit(o, "meter.reset", channel, detail);
}
