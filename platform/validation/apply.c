/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/validation/apply.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "platform/validation/correct.h"

/* Bits that say how a cell was looked at, not what its value is. */
static const uint32_t not_quality = MW_VEE_MISSING | MW_VEE_LOCKED;

typedef enum row_kind { ROW_BELOW, ROW_SET } row_kind;

/* What cell i has to be: what was reported, or a row of ours. */
static row_kind wanted(const mw_assessment *a, uint32_t i) {
    const mw_window *w = a->window;
    bool none = (a->flags[i] & MW_VEE_MISSING) != 0;
    bool reported = (w->raw_flags[i] & MW_VEE_MISSING) == 0;
    if (none)
        return ROW_BELOW;
    return reported && a->value[i] == w->raw[i] &&
                   (a->flags[i] & ~not_quality) == (w->raw_flags[i] & ~not_quality)
               ? ROW_BELOW
               : ROW_SET;
}

static bool differs(const mw_assessment *a, uint32_t i) {
    const mw_window *w = a->window;
    if (w->origin[i] == MW_CELL_OTHERS)
        return false;
    if (wanted(a, i) == ROW_BELOW)
        return w->origin[i] == MW_CELL_OURS;
    return w->origin[i] != MW_CELL_OURS || (w->now_flags[i] & MW_VEE_MISSING) != 0 ||
           w->now[i] != a->value[i] ||
           (w->now_flags[i] & ~not_quality) != (a->flags[i] & ~not_quality);
}

static int64_t utc_day(const mw_window *w, uint32_t i) {
    int64_t s = mw_utc_floor_s(mw_window_time(w, i));
    return s / 86400 - (s % 86400 < 0);
}

/* A run of cells that one revision can hold. */
static uint32_t run_end(const mw_assessment *a, uint32_t from, uint32_t to) {
    uint32_t i = from + 1;
    while (i < to && i - from < MW_STORE_REVISION_ROWS_MAX && differs(a, i) &&
           wanted(a, i) == wanted(a, from) && a->method[i] == a->method[from] &&
           utc_day(a->window, i) == utc_day(a->window, from))
        i++;
    return i;
}

static mw_reason reason_of(const mw_assessment *a, uint32_t i, row_kind kind) {
    const mw_window *w = a->window;
    if (kind == ROW_BELOW)
        return MW_REASON_BACKFILL;
    if ((a->flags[i] & MW_VEE_ACCEPTED) != 0)
        return MW_REASON_VERIFIED;
    if ((w->raw_flags[i] & MW_VEE_MISSING) == 0)
        return MW_REASON_FAILED_RULE;
    return w->origin[i] == MW_CELL_OURS ? MW_REASON_TRUE_UP : MW_REASON_GAP;
}

/* The days or moments an estimate was drawn from, as far as they fit. */
static void inputs_tell(const mw_assessment *a, uint32_t i, char out[MW_STORE_INPUTS_MAX]) {
    size_t at = 0;
    out[0] = 0;
    for (uint32_t k = 0; k < a->stamps; k++) {
        const mw_vee_stamp *t = &a->stamp[k];
        if (i < t->from || i >= t->from + t->n)
            continue;
        uint32_t listed = t->inputs < MW_VEE_INPUTS_MAX ? t->inputs : MW_VEE_INPUTS_MAX;
        for (uint32_t j = 0; j < listed && at + 24 < MW_STORE_INPUTS_MAX; j++) {
            char text[MW_UTC_TEXT_MAX];
            mw_utc_format(mw_window_time(a->window, t->input[j]), text);
            at += (size_t)snprintf(out + at, MW_STORE_INPUTS_MAX - at, "%s%.16sZ",
                                   at == 0 ? "" : " ", text);
        }
        if (t->inputs > listed && at + 24 < MW_STORE_INPUTS_MAX)
            (void)snprintf(out + at, MW_STORE_INPUTS_MAX - at, " and %" PRIu32 " more",
                           t->inputs - listed);
        return;
    }
}

static mw_status run_write(mw_store *store, const mw_assessment *a, uint32_t from, uint32_t to,
                           mw_reason reason, mw_utc now) {
    static _Thread_local mw_store_interval rows[MW_STORE_REVISION_ROWS_MAX];
    const mw_window *w = a->window;
    row_kind kind = wanted(a, from);
    bool predicted = kind == ROW_SET;
    mw_store_revision r = {.tenant = a->channel->tenant,
                           .channel = a->channel->channel,
                           .layer = MW_LAYER_VALIDATED,
                           .kind = kind == ROW_SET ? MW_REVISION_SET : MW_REVISION_WITHDRAW,
                           .from = mw_window_time(w, from),
                           .to = mw_window_time(w, to),
                           .at = now,
                           .actor = a->method[from] != 0 ? MW_ACTOR_METHOD : MW_ACTOR_SYSTEM,
                           .who = MW_WINDOW_WHO,
                           .reason = reason};
    /* The last cell of a grid with an offset reaches into the next day: the span may not. */
    mw_utc midnight = mw_utc_of_s((utc_day(w, from) + 1) * 86400);
    r.to = r.to.us > midnight.us ? midnight : r.to;
    for (uint32_t i = from; kind == ROW_SET && i < to; i++) {
        rows[r.n++] = (mw_store_interval){.start = mw_window_time(w, i),
                                          .seconds = w->seconds,
                                          .quality = a->flags[i] & ~not_quality,
                                          .value = a->value[i]};
        predicted = predicted && a->prediction[i].low <= a->prediction[i].high;
    }
    if (kind == ROW_SET) {
        r.rows = rows;
        r.prediction = predicted ? &a->prediction[from] : NULL;
        r.method = a->method[from];
        r.method_version = a->method[from] != 0 ? MW_VEE_ESTIMATE_VERSION : 0;
        inputs_tell(a, from, r.inputs);
    }
    int64_t id = 0;
    return mw_store_value_revise(store, &r, &id);
}

mw_status mw_apply_rows(mw_store *store, const mw_assessment *a, uint32_t from, uint32_t to,
                        mw_reason reason, mw_utc now, mw_apply_report *out) {
    for (uint32_t i = from; i < to;) {
        if (!differs(a, i)) {
            i++;
            continue;
        }
        uint32_t end = run_end(a, i, to);
        mw_reason why = reason != MW_REASON_NONE ? reason : reason_of(a, i, wanted(a, i));
        MW_TRY(run_write(store, a, i, end, why, now));
        out->revisions++;
        i = end;
    }
    return MW_OK;
}

/* --- findings -------------------------------------------------------------------------------- */

static bool of_period(mw_vee_rule r) {
    return r == MW_VEE_V10_USAGE || r == MW_VEE_V11_PEAK || r == MW_VEE_V13_ZERO ||
           r == MW_VEE_V19_DYNAMIC;
}

/* Flags stand at the values; the clock's says when it was off and is kept like a warning. */
static bool kept(const mw_vee_finding *f) {
    return f->severity >= MW_VEE_WARN || f->rule == MW_VEE_V01_TIME;
}

static bool judged(const mw_assessment *a, const mw_vee_finding *f) {
    for (uint32_t k = 0; k < a->verdicts; k++)
        if (a->verdict[k].from <= f->from && f->from + f->n <= a->verdict[k].to && f->n > 0)
            return true;
    return false;
}

static void until_move(mw_utc *until, mw_utc t) {
    *until = mw_utc_is_none(*until) || t.us > until->us ? t : *until;
}

typedef struct opened {
    const mw_assessment *a;
    bool matched[MW_ASSESS_FINDINGS_MAX];
    int64_t close[MW_STORE_PAGE_MAX];
    uint32_t closes;
    mw_utc until;
} opened;

static mw_utc end_of(const mw_assessment *a, const mw_vee_finding *f) {
    return mw_window_time(a->window, f->from + f->n);
}

/* An open row stays when the same is found again; what lies outside of what was judged now is not
 * touched. */
static mw_status opened_take(void *ctx, const mw_store_exception *row) {
    opened *o = ctx;
    const mw_assessment *a = o->a;
    const mw_vee_findings *f = &a->findings;
    for (uint32_t k = 0; k < f->n; k++) {
        const mw_vee_finding *x = &f->item[k];
        if ((uint16_t)x->rule == row->rule && !judged(a, x) && kept(x) &&
            mw_window_time(a->window, x->from).us == row->from.us) {
            o->matched[k] = end_of(a, x).us == row->to.us && x->input[0] == row->input[0];
            until_move(&o->until, row->to);
            return MW_OK;
        }
    }
    bool inside = row->from.us >= mw_window_time(a->window, a->from).us &&
                  row->from.us < mw_window_time(a->window, a->to).us;
    if (!inside || (of_period((mw_vee_rule)row->rule) && !a->review)) {
        until_move(&o->until, row->to);
        return MW_OK;
    }
    if (o->closes < MW_STORE_PAGE_MAX)
        o->close[o->closes++] = row->id;
    return MW_OK;
}

static mw_status findings_sync(mw_store *store, const mw_assessment *a, mw_utc now,
                               mw_apply_report *out) {
    static _Thread_local opened o;
    o.a = a;
    o.closes = 0;
    o.until = MW_UTC_NONE;
    memset(o.matched, 0, sizeof o.matched);
    mw_store_exception_query q = {.tenant = a->channel->tenant,
                                  .channel = a->channel->channel,
                                  .open_only = true,
                                  .limit = MW_STORE_PAGE_MAX};
    MW_TRY(mw_store_exceptions(store, &q, opened_take, &o));
    for (uint32_t k = 0; k < o.closes; k++)
        MW_TRY(mw_store_exception_close(store, a->channel->tenant, o.close[k], now, MW_WINDOW_WHO,
                                        "no longer found"));
    out->closed += o.closes;
    uint32_t added = 0;
    for (uint32_t k = 0; k < a->findings.n; k++) {
        const mw_vee_finding *f = &a->findings.item[k];
        int64_t id = 0;
        if (!kept(f) || o.matched[k] || judged(a, f))
            continue;
        mw_store_exception e = {.tenant = a->channel->tenant,
                                .channel = a->channel->channel,
                                .rule = (uint16_t)f->rule,
                                .severity = (uint8_t)f->severity,
                                .from = mw_window_time(a->window, f->from),
                                .to = end_of(a, f),
                                .input = {f->input[0], f->input[1], f->input[2]},
                                .threshold = f->threshold,
                                .found_at = now,
                                .closed_at = MW_UTC_NONE};
        MW_TRY(mw_store_exception_raise(store, &e, &id));
        until_move(&o.until, e.to);
        if (f->rule == MW_VEE_V03_GAP) {
            if (mw_utc_is_none(out->gap_from) || e.from.us < out->gap_from.us)
                out->gap_from = e.from;
            until_move(&out->gap_to, e.to);
        }
        added++;
    }
    out->raised += added;
    out->open_until = o.until;
    return MW_OK;
}

mw_status mw_apply(mw_store *store, const mw_assessment *a, mw_utc now, mw_utc closed_until,
                   mw_apply_report *out) {
    *out = (mw_apply_report){
        .gap_from = MW_UTC_NONE, .gap_to = MW_UTC_NONE, .open_until = MW_UTC_NONE};
    MW_TRY(mw_apply_rows(store, a, a->from, a->to, MW_REASON_NONE, now, out));
    MW_TRY(findings_sync(store, a, now, out));
    mw_utc from = mw_window_time(a->window, a->from), to = mw_window_time(a->window, a->to);
    if (mw_utc_is_none(closed_until) || from.us >= closed_until.us)
        return MW_OK;
    return mw_correct(store, a->channel, from, to, now, &out->corrections);
}
