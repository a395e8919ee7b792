/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/validation/engine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct kept_notice {
    mw_vigil_notice n;
    char subject[MW_STORE_ID_MAX], text[MW_STORE_TEXT_MAX];
} kept_notice;

typedef struct kept_ask {
    mw_vigil_ask what;
    mw_window_channel c;
    mw_utc from, to, now;
} kept_ask;

struct mw_engine {
    mw_engine_options o;
    mw_channels *channels;
    mw_vigil *watch;
    mw_pipeline *pipeline;
    kept_notice notice[MW_ENGINE_NOTICES_MAX];
    size_t notices;
    kept_ask ask[MW_ENGINE_ASKS_MAX];
    size_t asks;
    bool round; /* of the watch is under way */
    mw_vee_dated dated[MW_BOOK_ROWS_MAX];
};

static void notice_keep(void *ctx, const mw_vigil_notice *n) {
    mw_engine *e = ctx;
    if (e->notices == MW_ENGINE_NOTICES_MAX)
        return;
    kept_notice *k = &e->notice[e->notices++];
    k->n = *n;
    (void)snprintf(k->subject, sizeof k->subject, "%s", n->subject);
    (void)snprintf(k->text, sizeof k->text, "%s", n->text);
}

/* After the commit: what was told or asked did happen. */
static void notices_tell(mw_engine *e) {
    for (size_t i = 0; i < e->asks; i++) {
        const kept_ask *k = &e->ask[i];
        e->o.hooks.ask(e->o.hooks.ctx, k->what, &k->c, k->from, k->to, k->now);
    }
    e->asks = 0;
    for (size_t i = 0; i < e->notices && e->o.hooks.notice != NULL; i++) {
        mw_vigil_notice n = e->notice[i].n;
        n.subject = e->notice[i].subject;
        n.text = e->notice[i].text;
        e->o.hooks.notice(e->o.hooks.ctx, &n);
    }
    e->notices = 0;
}

static void ask_keep(void *ctx, mw_vigil_ask what, const mw_window_channel *c, mw_utc from,
                     mw_utc to, mw_utc now) {
    mw_engine *e = ctx;
    if (e->o.hooks.ask != NULL && e->asks < MW_ENGINE_ASKS_MAX && from.us < to.us)
        e->ask[e->asks++] = (kept_ask){what, *c, from, to, now};
}

/* A fresh hole is left to the next report, which repeats what the last one said. */
static void gap_ask(void *ctx, const mw_window_channel *c, mw_utc from, mw_utc to, mw_utc now) {
    if (now.us - from.us >= INT64_C(86400) * MW_US_PER_S)
        ask_keep(ctx, MW_ASK_ARCHIVE, c, from, to, now);
}

static mw_status parts_open(mw_engine *e) {
    mw_vigil_hooks hooks = {.ctx = e, .notice = notice_keep, .ask = ask_keep};
    MW_TRY(mw_channels_new(e->o.store, e->o.zones, &e->channels));
    MW_TRY(mw_channels_load(e->channels));
    MW_TRY(mw_vigil_new(e->o.store, e->channels, &hooks, &e->watch));
    MW_TRY(mw_pipeline_new(e->o.store, e->channels, mw_vigil_values, e->watch, &e->pipeline));
    mw_pipeline_gaps_to(e->pipeline, gap_ask, e);
    return MW_OK;
}

mw_status mw_engine_open(const mw_engine_options *o, mw_engine **out_engine) {
    mw_engine *e = calloc(1, sizeof *e);
    if (e == NULL)
        return MW_NOMEM;
    e->o = *o;
    mw_status s = parts_open(e);
    if (s != MW_OK) {
        mw_engine_close(e);
        return s;
    }
    *out_engine = e;
    return MW_OK;
}

void mw_engine_close(mw_engine *e) {
    if (e == NULL)
        return;
    mw_pipeline_free(e->pipeline);
    mw_vigil_free(e->watch);
    mw_channels_free(e->channels);
    free(e);
}

void mw_engine_limit(mw_engine *e, uint32_t changes, uint32_t looks) {
    e->o.changes = changes;
    e->o.looks = looks;
}

mw_status mw_engine_run(mw_engine *e, mw_utc now, bool watch, mw_engine_step *out_step) {
    mw_engine_step step = {0};
    e->notices = e->asks = 0;
    MW_TRY(mw_pipeline_run(e->pipeline, now, e->o.changes, &step.pipeline));
    /* First what arrived, so that nobody is called late whose value waits in the queue. */
    if (step.pipeline.changes == 0 && (watch || e->round)) {
        mw_status s = mw_vigil_run(e->watch, now, e->o.looks, &step.watch);
        if (s != MW_OK) {
            e->notices = e->asks = 0;
            return s;
        }
        e->round = step.watch.more;
    } else {
        e->round = e->round || watch;
    }
    notices_tell(e);
    step.more = step.pipeline.changes > 0 || e->round;
    *out_step = step;
    return MW_OK;
}

mw_status mw_engine_stations(const mw_engine *e, mw_vigil_on_station each, void *ctx) {
    return mw_vigil_stations(e->watch, each, ctx);
}

void mw_engine_hearing(mw_engine *e, int64_t device, mw_utc *out_last, bool *out_failed) {
    mw_vigil_hearing(e->watch, device, out_last, out_failed);
}

/* --- people ---------------------------------------------------------------------------------- */

static mw_status audit(mw_engine *e, const mw_engine_person *who, const char *action,
                       const char *subject) {
    mw_store_audit a = {.tenant = who->tenant, .at = who->now};
    (void)snprintf(a.actor, sizeof a.actor, "%s", who->login);
    (void)snprintf(a.action, sizeof a.action, "%s", action);
    (void)snprintf(a.subject, sizeof a.subject, "%s", subject);
    (void)snprintf(a.detail, sizeof a.detail, "%s", who->text);
    return mw_store_audit_append(e->o.store, &a);
}

static mw_status audit_channel(mw_engine *e, const mw_engine_person *who, const char *action,
                               int64_t channel) {
    char subject[MW_STORE_ID_MAX];
    (void)snprintf(subject, sizeof subject, "channel/%" PRId64, channel);
    return audit(e, who, action, subject);
}

/* Commits, or undoes and forgets what memory may hold of it. */
static mw_status finish(mw_engine *e, mw_status s) {
    if (s == MW_OK)
        s = mw_store_commit(e->o.store);
    if (s == MW_OK)
        return MW_OK;
    mw_channels_forget(e->channels);
    mw_status undone = mw_store_rollback(e->o.store);
    return undone == MW_OK ? s : undone;
}

static mw_status exception_finish(mw_engine *e, const mw_engine_person *who, int64_t exception,
                                  mw_store_judged judged) {
    if (exception == 0)
        return MW_OK;
    MW_TRY(mw_store_exception_close(e->o.store, who->tenant, exception, who->now, who->login,
                                    who->text));
    return mw_store_exception_judge(e->o.store, who->tenant, exception, judged);
}

static mw_status verdict_write(mw_engine *e, const mw_engine_person *who, int64_t channel,
                               mw_utc from, mw_utc to, mw_store_verdict_kind kind,
                               int64_t exception) {
    mw_store_verdict v = {.tenant = who->tenant,
                          .channel = channel,
                          .from = from,
                          .to = to,
                          .kind = kind,
                          .at = who->now};
    mw_pipeline_turn turn;
    int64_t id = 0;
    (void)snprintf(v.who, sizeof v.who, "%s", who->login);
    (void)snprintf(v.text, sizeof v.text, "%s", who->text);
    MW_TRY(mw_store_verdict_add(e->o.store, &v, &id));
    MW_TRY(exception_finish(e, who, exception,
                            kind == MW_VERDICT_ACCEPTED ? MW_JUDGED_ACCEPTED : MW_JUDGED_REJECTED));
    MW_TRY(mw_pipeline_judge(e->pipeline, who->tenant, channel, from, to, who->now, &turn));
    return audit_channel(
        e, who, kind == MW_VERDICT_ACCEPTED ? "values_accepted" : "values_rejected", channel);
}

mw_status mw_engine_verdict(mw_engine *e, const mw_engine_person *who, int64_t channel, mw_utc from,
                            mw_utc to, mw_store_verdict_kind kind, int64_t exception) {
    if (from.us >= to.us || who->text[0] == 0)
        return MW_RANGE;
    MW_TRY(mw_store_begin(e->o.store));
    return finish(e, verdict_write(e, who, channel, from, to, kind, exception));
}

static mw_status edit_write(mw_engine *e, const mw_engine_person *who, int64_t channel, mw_utc from,
                            const int64_t *value, size_t n, int64_t exception) {
    static _Thread_local mw_store_interval rows[MW_STORE_REVISION_ROWS_MAX];
    mw_channel_entry *c = NULL;
    MW_TRY(mw_channels_get(e->channels, who->tenant, channel, &c));
    int64_t grid_us = (int64_t)c->c.grid_s * MW_US_PER_S;
    if (mw_window_floor(&c->c, from).us != from.us)
        return MW_RANGE;
    mw_store_revision r = {.tenant = who->tenant,
                           .channel = channel,
                           .layer = MW_LAYER_FINAL,
                           .kind = value == NULL ? MW_REVISION_WITHDRAW : MW_REVISION_SET,
                           .from = from,
                           .to = {from.us + (int64_t)n * grid_us},
                           .at = who->now,
                           .actor = MW_ACTOR_USER,
                           .reason = MW_REASON_EDIT};
    (void)snprintf(r.who, sizeof r.who, "%s", who->login);
    (void)snprintf(r.text, sizeof r.text, "%s", who->text);
    for (size_t i = 0; value != NULL && i < n; i++)
        rows[i] = (mw_store_interval){.start = {from.us + (int64_t)i * grid_us},
                                      .seconds = c->c.grid_s,
                                      .quality = MW_QUALITY_EDITED,
                                      .value = value[i]};
    if (value != NULL) {
        r.rows = rows;
        r.n = n;
    }
    int64_t id = 0;
    MW_TRY(mw_store_value_revise(e->o.store, &r, &id));
    MW_TRY(exception_finish(e, who, exception, MW_JUDGED_EDITED));
    return audit_channel(e, who, value == NULL ? "edit_withdrawn" : "values_edited", channel);
}

mw_status mw_engine_edit(mw_engine *e, const mw_engine_person *who, int64_t channel, mw_utc from,
                         const int64_t *value, size_t n, int64_t exception) {
    if (n == 0 || n > MW_STORE_REVISION_ROWS_MAX || who->text[0] == 0)
        return MW_RANGE;
    MW_TRY(mw_store_begin(e->o.store));
    return finish(e, edit_write(e, who, channel, from, value, n, exception));
}

static mw_status unedit_write(mw_engine *e, const mw_engine_person *who, int64_t channel,
                              mw_utc from, mw_utc to) {
    mw_channel_entry *c = NULL;
    MW_TRY(mw_channels_get(e->channels, who->tenant, channel, &c));
    int64_t grid_us = (int64_t)c->c.grid_s * MW_US_PER_S, n = (to.us - from.us) / grid_us;
    if (n < 1 || n > MW_STORE_REVISION_ROWS_MAX)
        return MW_RANGE;
    return edit_write(e, who, channel, from, NULL, (size_t)n, 0);
}

mw_status mw_engine_unedit(mw_engine *e, const mw_engine_person *who, int64_t channel, mw_utc from,
                           mw_utc to) {
    if (from.us >= to.us || who->text[0] == 0)
        return MW_RANGE;
    MW_TRY(mw_store_begin(e->o.store));
    return finish(e, unedit_write(e, who, channel, from, to));
}

/* The settings as they would be, checked at every date from which something holds. */
static mw_status settings_check(mw_engine *e, size_t n) {
    for (unsigned c = 0; c < MW_VEE_CLASSES; c++) {
        for (size_t i = 0; i < n; i++) {
            mw_vee_book book;
            size_t unknown = 0;
            MW_TRY(mw_vee_book_at(e->dated, n, (mw_vee_class)c, e->dated[i].from, &book, &unknown));
        }
    }
    return MW_OK;
}

static mw_status setting_write(mw_engine *e, const mw_engine_person *who,
                               const mw_vee_dated *setting) {
    size_t n = 0;
    mw_store_vee_setting row = {.tenant = who->tenant,
                                .class = setting->class == MW_VEE_ALL_CLASSES
                                             ? (uint8_t)MW_STORE_ALL_CLASSES
                                             : setting->class,
                                .from = setting->from,
                                .value = setting->value,
                                .set_at = who->now};
    (void)snprintf(row.name, sizeof row.name, "%s", setting->name);
    (void)snprintf(row.set_by, sizeof row.set_by, "%s", who->login);
    MW_TRY(mw_store_vee_setting_put(e->o.store, &row));
    MW_TRY(mw_book_rows_read(e->o.store, who->tenant, e->dated, &n));
    MW_TRY(settings_check(e, n));
    mw_channels_forget(e->channels);
    return audit(e, who, "vee_setting", setting->name);
}

mw_status mw_engine_setting(mw_engine *e, const mw_engine_person *who,
                            const mw_vee_dated *setting) {
    mw_vee_book probe;
    mw_vee_book_preset(MW_VEE_RESIDENTIAL, &probe);
    MW_TRY(mw_vee_book_set(&probe, setting->name, setting->value));
    if (setting->class > MW_VEE_ALL_CLASSES)
        return MW_RANGE;
    MW_TRY(mw_store_begin(e->o.store));
    return finish(e, setting_write(e, who, setting));
}

/* Master data: whoever keeps a channel in memory reads it again. */
static mw_status master_changed(mw_engine *e, const mw_engine_person *who, int64_t channel) {
    mw_store_change change = {.tenant = who->tenant, .channel = channel, .master = true};
    mw_channels_forget(e->channels);
    return mw_store_change_add(e->o.store, &change);
}

static mw_status class_write(mw_engine *e, const mw_engine_person *who, int64_t channel,
                             mw_vee_class class) {
    mw_channel_entry *c = NULL;
    MW_TRY(mw_channels_get(e->channels, who->tenant, channel, &c));
    MW_TRY(mw_store_vee_class_set(e->o.store, who->tenant, channel, (uint8_t) class));
    MW_TRY(master_changed(e, who, channel));
    return audit_channel(e, who, "class_set", channel);
}

mw_status mw_engine_class(mw_engine *e, const mw_engine_person *who, int64_t channel,
                          mw_vee_class class) {
    if (class >= MW_VEE_CLASSES || who->text[0] == 0)
        return MW_RANGE;
    MW_TRY(mw_store_begin(e->o.store));
    return finish(e, class_write(e, who, channel, class));
}

static mw_status source_write(mw_engine *e, const mw_engine_person *who,
                              const mw_store_source *source, bool drop) {
    mw_channel_entry *c = NULL;
    MW_TRY(mw_channels_get(e->channels, who->tenant, source->source, &c));
    MW_TRY(mw_channels_get(e->channels, who->tenant, source->channel, &c));
    MW_TRY(drop ? mw_store_vee_source_drop(e->o.store, source)
                : mw_store_vee_source_put(e->o.store, source));
    MW_TRY(master_changed(e, who, source->channel));
    return audit_channel(e, who, drop ? "source_dropped" : "source_set", source->channel);
}

mw_status mw_engine_source(mw_engine *e, const mw_engine_person *who, const mw_store_source *source,
                           bool drop) {
    if (who->text[0] == 0)
        return MW_RANGE;
    MW_TRY(mw_store_begin(e->o.store));
    return finish(e, source_write(e, who, source, drop));
}

static mw_status config_write(mw_engine *e, const mw_engine_person *who, int64_t channel,
                              const mw_store_device_config *config) {
    MW_TRY(mw_store_device_config_put(e->o.store, who->tenant, config));
    MW_TRY(master_changed(e, who, channel));
    return audit_channel(e, who, "configuration_recorded", channel);
}

mw_status mw_engine_config(mw_engine *e, const mw_engine_person *who, int64_t channel,
                           const mw_store_device_config *config) {
    if (who->text[0] == 0)
        return MW_RANGE;
    MW_TRY(mw_store_begin(e->o.store));
    return finish(e, config_write(e, who, channel, config));
}

static mw_status profile_write(mw_engine *e, const mw_engine_person *who,
                               const mw_store_profile *profile) {
    MW_TRY(mw_store_vee_profile_put(e->o.store, profile));
    mw_channels_forget(e->channels);
    return audit(e, who, "class_profile_set", mw_vee_medium_name((mw_vee_medium)profile->medium));
}

mw_status mw_engine_profile(mw_engine *e, const mw_engine_person *who,
                            const mw_store_profile *profile) {
    if (who->text[0] == 0 || profile->medium >= MW_VEE_MEDIA || profile->class >= MW_VEE_CLASSES)
        return MW_RANGE;
    MW_TRY(mw_store_begin(e->o.store));
    return finish(e, profile_write(e, who, profile));
}

static mw_status closing_write(mw_engine *e, const mw_engine_person *who, int64_t channel,
                               mw_utc from, mw_utc to, mw_closing *out_closing) {
    mw_channel_entry *c = NULL;
    MW_TRY(mw_channels_get(e->channels, who->tenant, channel, &c));
    MW_TRY(mw_close(e->o.store, &c->c, from, to, who->login, who->text, who->now, out_closing));
    if (mw_utc_is_none(c->closed_until) || to.us > c->closed_until.us)
        c->closed_until = to;
    return audit_channel(e, who, "span_closed", channel);
}

mw_status mw_engine_closing(mw_engine *e, const mw_engine_person *who, int64_t channel, mw_utc from,
                            mw_utc to, mw_closing *out_closing) {
    if (who->text[0] == 0)
        return MW_RANGE;
    MW_TRY(mw_store_begin(e->o.store));
    return finish(e, closing_write(e, who, channel, from, to, out_closing));
}
