/* SPDX-License-Identifier: Apache-2.0
 *
 * mw-platform: wires the parts together. The whole platform lives in one thread; each turn of the
 * loop does a bounded amount of decoding and folding, so that requests never wait long.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "platform/api/api.h"
#include "platform/ask.h"
#include "platform/backup_child.h"
#include "platform/cli/cli.h"
#include "platform/journal/decode.h"
#include "platform/messages.h"
#include "platform/open_store.h"
#include "platform/pushing.h"
#include "platform/readings/settle.h"
#include "platform/retention/retention.h"
#include "platform/turns.h"
#include "runtime/file.h"
#include "runtime/log.h"
#include "runtime/pace.h"

typedef struct platform {
    mw_platform_config config;
    int lock;
    mw_clock *clock;
    mw_loop *loop;
    mw_metrics *metrics;
    mw_store *store;
    mw_registry *registry;
    mw_decoder *decoder;
    mw_sender *sender;
    mw_commands *commands;
    mw_unb_plan plan; /* of the network */
    mw_zones *zones;
    mw_http_server *server;
    mw_api *api;
    mw_push_door *pushes;
    mw_timer *decode_timer;
    mw_timer *fold_timer;
    mw_timer *settle_timer;
    mw_engine *validation;
    mw_timer *validation_timer;
    mw_mono watched; /* when the last round over all meters began */
    mw_timer *command_timer;
    mw_timer *retention_timer;
    mw_backup_child *backup;
    int argc;
    char **argv;
    mw_alarms *alarms;
    mw_timer *alarm_timer;
    mw_collection *collection;
    mw_notify *notify;
    mw_timer *notify_timer;
    mw_timer *collection_timer;
    mw_mono collection_begun;
    mw_turns *turns;
    mw_pace decoding, folding, settling, validating, watching, alarming, collecting;
    mw_metric *decoded;
    mw_metric *waiting;
    mw_metric *folded;
    mw_metric *validated;
    mw_metric *estimated;
    mw_metric *raised;
    mw_metric *let_go;
} platform;

/* ---- steps ---- */

/* How soon the journal is looked at again: when there is more, when all is done (an uplink starts
 * it at once anyway), and after a failure. */
static const int64_t decode_idle_ms = 1000;
static const int64_t retry_ms = 5000;
static const int64_t settle_idle_ms = 2000;

static void decode_step(void *context) {
    platform *p = context;
    uint32_t n = 0;
    uint32_t batch = mw_pace_begin(&p->decoding);
    mw_status s = mw_decoder_turn(p->decoder, batch, &n);
    mw_pace_end(&p->decoding, n);
    if (s != MW_OK) {
        mw_log(MW_LOG_ERROR, "decoding failed, trying again", MW_ST("status", s));
        mw_api_set_failing(p->api, true);
        mw_timer_start(p->decode_timer, mw_dur_ms(retry_ms), mw_dur_ms(0));
        return;
    }
    if (n > 0) {
        mw_api_set_failing(p->api, false);
        mw_metric_add(p->decoded, n);
        mw_api_publish(p->api);
        mw_timer_start(p->command_timer, mw_dur_ms(0), mw_dur_ms(0));
        mw_timer_start(p->alarm_timer, mw_dur_ms(0), mw_dur_ms(0));
    }
    mw_metric_set(p->waiting, n == batch);
    mw_timer_start(p->decode_timer, mw_dur_ms(n == batch ? 0 : decode_idle_ms), mw_dur_ms(0));
}

static void on_uplinks(void *context) {
    platform *p = context;
    mw_metric_set(p->waiting, 1);
    mw_timer_start(p->decode_timer, mw_dur_ms(0), mw_dur_ms(0));
}

/* ---- commands ---- */

static const int64_t command_idle_ms = 1000;

static void command_step(void *context) {
    platform *p = context;
    bool more = false;
    mw_status s = mw_commands_turn(p->commands, mw_loop_utc(p->loop), &more);
    if (s != MW_OK)
        mw_log(MW_LOG_ERROR, "commands failed, trying again", MW_ST("status", s));
    int64_t wait = s != MW_OK ? retry_ms : more ? 20 : command_idle_ms;
    mw_timer_start(p->command_timer, mw_dur_ms(wait), mw_dur_ms(0));
}

static void on_commands(void *context) {
    platform *p = context;
    mw_timer_start(p->command_timer, mw_dur_ms(0), mw_dur_ms(0));
}

static void on_entry(void *context, const mw_store_downlink *entry) {
    mw_api_downlink_told(((platform *)context)->api, entry, false);
}

static void on_cancel(void *context, const mw_store_downlink *entry) {
    mw_api_downlink_told(((platform *)context)->api, entry, true);
}

static bool connected(void *context, int64_t sender) {
    return mw_api_downlink_connected(((platform *)context)->api, sender);
}

static mw_status open_commands(platform *p) {
    const mw_platform_config *c = &p->config;
    mw_unb_plan_fault why;
    mw_status plan = mw_unb_plan_of_words(c->plan, mw_file_load, &why, &p->plan);
    if (plan != MW_OK)
        mw_log(MW_LOG_ERROR, "no usable frequency plan", MW_S("commands.plan", c->plan),
               MW_I("line", why.line), MW_S("why", why.text));
    MW_TRY(plan);
    MW_TRY(mw_platform_open_sender(c, p->store, &p->sender));
    mw_commands_options o = {.store = p->store,
                             .registry = p->registry,
                             .sender = p->sender,
                             .plan = &p->plan,
                             .copies = (uint8_t)c->copies,
                             .attempts = (uint16_t)c->attempts,
                             .ttl = c->command_ttl,
                             .receipt_wait = c->receipt_wait,
                             .beacons = c->beacons,
                             .beacon_uncertainty_ms = (uint16_t)c->beacon_uncertainty,
                             .on_entry = on_entry,
                             .on_cancel = on_cancel,
                             .connected = connected,
                             .context = p};
    return mw_commands_open(&o, &p->commands);
}

/* ---- folding ---- */

static mw_status fold_once(platform *p, uint32_t *out_rows) {
    MW_TRY(mw_store_begin(p->store));
    mw_status s = mw_store_fold(p->store, p->folding.n, out_rows);
    if (s == MW_OK)
        return mw_store_commit(p->store);
    mw_status undone = mw_store_rollback(p->store);
    (void)undone;
    return s;
}

static void fold_step(void *context) {
    platform *p = context;
    uint32_t rows = 0;
    (void)mw_pace_begin(&p->folding);
    mw_status s = fold_once(p, &rows);
    mw_pace_end(&p->folding, rows);
    if (s != MW_OK)
        mw_log(MW_LOG_ERROR, "folding failed, trying again", MW_ST("status", s));
    mw_metric_add(p->folded, rows);
    /* A pause between turns leaves the thread to requests. */
    bool more = s == MW_OK && rows > 0;
    mw_timer_start(p->fold_timer, more ? mw_dur_ms(20) : p->config.fold_every, mw_dur_ms(0));
}

static mw_status settle_once(platform *p, uint32_t *out_done) {
    MW_TRY(mw_store_begin(p->store));
    mw_status s = mw_settle_step(p->store, p->settling.n, mw_loop_utc(p->loop), out_done);
    if (s == MW_OK)
        return mw_store_commit(p->store);
    mw_status undone = mw_store_rollback(p->store);
    (void)undone;
    return s;
}

/* The account of registers follows what folding and validation changed. */
static void settle_step(void *context) {
    platform *p = context;
    uint32_t done = 0;
    (void)mw_pace_begin(&p->settling);
    mw_status s = settle_once(p, &done);
    mw_pace_end(&p->settling, done);
    if (s != MW_OK)
        mw_log(MW_LOG_ERROR, "settling failed, trying again", MW_ST("status", s));
    bool more = s == MW_OK && done > 0;
    mw_timer_start(p->settle_timer, mw_dur_ms(more ? 20 : settle_idle_ms), mw_dur_ms(0));
}

/* Validation follows folding; every so often it goes round all meters. */
static void validation_step(void *context) {
    platform *p = context;
    mw_engine_step step = {.more = false};
    mw_mono now = mw_loop_mono(p->loop);
    bool watch = now.ns - p->watched.ns >= p->config.watch_every.ns;
    if (watch)
        p->watched = now;
    mw_engine_limit(p->validation, mw_pace_begin(&p->validating), mw_pace_begin(&p->watching));
    mw_status s = mw_engine_run(p->validation, mw_loop_utc(p->loop), watch, &step);
    if (step.pipeline.changes > 0)
        mw_pace_end(&p->validating, step.pipeline.changes);
    else
        mw_pace_end(&p->watching, step.watch.cost);
    if (s != MW_OK)
        mw_log(MW_LOG_ERROR, "validation failed, trying again", MW_ST("status", s));
    mw_metric_add(p->validated, (int64_t)step.pipeline.values);
    mw_metric_add(p->estimated, step.watch.estimated_slots);
    bool more = s == MW_OK && step.more;
    mw_timer_start(p->validation_timer, more ? mw_dur_ms(5) : mw_dur_ms(decode_idle_ms),
                   mw_dur_ms(0));
}

/* What is old enough goes a little at a time, when nothing else waits for the thread for long. */
static void retention_step(void *context) {
    enum { LET_GO_A_TURN = 20 };
    platform *p = context;
    mw_retention_turn t = {.more = false};
    mw_status s = mw_retention_run(p->store, p->zones, mw_loop_utc(p->loop), LET_GO_A_TURN, &t);
    if (s != MW_OK)
        mw_log(MW_LOG_ERROR, "retention failed, trying again", MW_ST("status", s));
    mw_metric_add(p->let_go, t.coarse + t.gone);
    bool more = s == MW_OK && t.more;
    mw_timer_start(p->retention_timer, more ? mw_dur_ms(100) : p->config.fold_every, mw_dur_ms(0));
}

static void on_notice(void *context, const mw_vigil_notice *n) {
    (void)context;
    mw_log(MW_LOG_WARN, "meter or station", MW_S("kind", n->kind), MW_S("subject", n->subject),
           MW_S("text", n->text));
}

/* What cannot be asked now waits for the meter's next report. */
static void on_ask(void *context, mw_vigil_ask what, const mw_window_channel *c, mw_utc from,
                   mw_utc to, mw_utc now) {
    platform *p = context;
    if (p->commands == NULL)
        return;
    mw_status s = mw_platform_ask(p->commands, p->store, what, c, from, to, now);
    if (s != MW_OK)
        mw_log(MW_LOG_DEBUG, "not asked", MW_ST("status", s));
}

static mw_status open_validation(platform *p) {
    mw_engine_options o = {.store = p->store,
                           .zones = p->zones,
                           .hooks = {.ctx = p, .notice = on_notice, .ask = on_ask},
                           .changes = (uint32_t)p->config.validation_changes,
                           .looks = 20000};
    return mw_engine_open(&o, &p->validation);
}

/* ---- alarms ---- */

static const int64_t alarm_idle_ms = 2000;
static const int64_t collection_idle_ms = 15000;

static void alarm_step(void *context) {
    platform *p = context;
    mw_alarms_turn turn = {.more = false};
    mw_alarms_limit(p->alarms, mw_pace_begin(&p->alarming));
    mw_status s = mw_alarms_run(p->alarms, mw_loop_utc(p->loop), &turn);
    mw_pace_end(&p->alarming, turn.most);
    if (s != MW_OK)
        mw_log(MW_LOG_ERROR, "alarms failed, trying again", MW_ST("status", s));
    mw_metric_add(p->raised, turn.opened);
    int64_t wait = s != MW_OK ? retry_ms : turn.more ? 10 : alarm_idle_ms;
    mw_timer_start(p->alarm_timer, mw_dur_ms(wait), mw_dur_ms(0));
}

static void alarm_told(void *context, const mw_alarm_notice *n) {
    platform *p = context;
    if (p->api != NULL)
        mw_api_tell_alarm(p->api, n);
}

static mw_status alarm_within(void *context, const mw_alarm_notice *n) {
    return mw_notify_alarm(((platform *)context)->notify, n);
}

static void notify_step(void *context) {
    platform *p = context;
    mw_status s = mw_notify_turn(p->notify);
    if (s != MW_OK)
        mw_log(MW_LOG_ERROR, "messages failed, trying again", MW_ST("status", s));
    mw_timer_start(p->notify_timer, mw_dur_ms(s != MW_OK ? retry_ms : 1000), mw_dur_ms(0));
}

/* A round over all meters in small turns; then a pause, ten times as long as the round took. */
static void collection_step(void *context) {
    platform *p = context;
    bool more = false;
    mw_mono begun = mw_loop_mono(p->loop);
    if (p->collection_begun.ns == 0)
        p->collection_begun = begun;
    mw_status s = mw_collection_run(p->collection, mw_loop_utc(p->loop),
                                    mw_pace_begin(&p->collecting), &more);
    mw_pace_end(&p->collecting, more ? p->collecting.n : 0);
    if (s != MW_OK)
        mw_log(MW_LOG_ERROR, "counting the collection failed", MW_ST("status", s));
    int64_t took = (begun.ns - p->collection_begun.ns) / 1000000, pause = 10 * took;
    if (!more)
        p->collection_begun.ns = 0;
    pause = pause < collection_idle_ms ? collection_idle_ms : pause;
    mw_timer_start(p->collection_timer, mw_dur_ms(more ? 20 : pause), mw_dur_ms(0));
}

static mw_status open_alarms(platform *p) {
    mw_alarms_options o = {.store = p->store,
                           .zones = p->zones,
                           .validation = p->validation,
                           .ctx = p,
                           .within = alarm_within,
                           .told = alarm_told};
    MW_TRY(mw_platform_open_notify(&p->config, p->loop, p->store, p->zones, &p->notify));
    MW_TRY(mw_collection_new(p->store, p->zones, p->validation, &p->collection));
    return mw_alarms_new(&o, &p->alarms);
}

/* ---- start ---- */

/* A town writes its clock when it starts, which may be after us. */
static mw_status open_clock(platform *p) {
    mw_status s = MW_NOT_FOUND;
    for (int i = 0; i < 600; i++) {
        s = mw_clock_open(p->config.clock, &p->clock);
        if (s != MW_NOT_FOUND)
            break;
        if (i == 0)
            mw_log(MW_LOG_INFO, "waiting for the town's clock", MW_S("clock", p->config.clock));
        usleep(100000);
    }
    if (s != MW_OK)
        mw_log(MW_LOG_ERROR, "no clock", MW_S("clock", p->config.clock), MW_ST("status", s));
    return s;
}

static mw_status take_lock(platform *p) {
    mw_status s = mw_platform_lock(&p->config, &p->lock);
    if (s == MW_STATE)
        mw_log(MW_LOG_ERROR, "another platform runs on this database",
               MW_S("store", mw_platform_store_name(&p->config)));
    else if (s != MW_OK)
        mw_log(MW_LOG_ERROR, "no lock beside the database",
               MW_S("store", mw_platform_store_name(&p->config)), MW_ST("status", s));
    return s;
}

/* Readings depend on the rules of time zones: which version was in use is kept with them. */
static mw_status record_zone_version(platform *p) {
    char known[64] = "";
    const char *version = mw_zones_version(p->zones);
    mw_status s = mw_store_meta_get(p->store, "time_zone_data",
                                    (mw_span){(uint8_t *)known, sizeof known - 1});
    if (s == MW_OK && strcmp(known, version) == 0)
        return MW_OK;
    MW_TRY(mw_store_begin(p->store));
    s = mw_store_meta_put(p->store, "time_zone_data", version);
    if (s == MW_OK)
        return mw_store_commit(p->store);
    mw_status undone = mw_store_rollback(p->store);
    (void)undone;
    return s;
}

static mw_status open_data(platform *p) {
    MW_TRY(take_lock(p));
    MW_TRY(mw_platform_open_store_as(&p->config, MW_OPEN_ALONE, &p->store));
    MW_TRY(mw_platform_open_registry(&p->config, p->store, &p->registry));
    MW_TRY(mw_decoder_new(p->store, p->registry, &p->decoder));
    MW_TRY(mw_zones_open(p->config.zone_dir, &p->zones));
    MW_TRY(record_zone_version(p));
    MW_TRY(open_validation(p));
    return open_alarms(p);
}

static mw_status open_reader(void *context, mw_store **out_store) {
    platform *p = context;
    return mw_platform_open_store_as(&p->config, MW_OPEN_READER, out_store);
}

static const char *text_or_null(const char *text) {
    return text[0] != 0 ? text : NULL;
}

static mw_status open_server(platform *p) {
    const mw_platform_config *c = &p->config;
    char error[160] = "";
    mw_http_options o = {.listen = c->listen,
                         .tls_cert = text_or_null(c->tls_cert),
                         .tls_key = text_or_null(c->tls_key),
                         .client_ca = text_or_null(c->client_ca),
                         .connections_max = (uint32_t)c->connections_max,
                         .per_ip_max = (uint32_t)c->per_ip_max,
                         .metrics = p->metrics,
                         .csp = MW_API_CSP};
    mw_status s = mw_http_server_open(p->loop, &o, &p->server, error);
    if (s != MW_OK) {
        mw_log(MW_LOG_ERROR, "cannot serve", MW_S("why", error));
        return s;
    }
    mw_api_options a = {
        .loop = p->loop,
        .server = p->server,
        .store = p->store,
        .registry = p->registry,
        .zones = p->zones,
        .validation = p->validation,
        .alarms = p->alarms,
        .collection = p->collection,
        .notify = p->notify,
        .metrics = p->metrics,
        .password = mw_platform_password(c),
        .host_tenant = c->tenant,
        .trusted_proxies = c->trusted_proxies,
        .store_path = mw_platform_on_postgres(c) ? NULL : c->store_path,
        .station_certificate = c->station_certificate,
        .session_idle = c->session_idle,
        .session_longest = c->session_longest,
        .overview_every = c->overview_every,
        .commands = p->commands,
        .on_uplinks = on_uplinks,
        .on_commands = on_commands,
        .open_reader = open_reader,
        .context = p,
    };
    MW_TRY(mw_api_open(&a, &p->api));
    if (c->web_root[0] == 0)
        return MW_OK;
    s = mw_http_server_static(p->server, c->web_root);
    if (s != MW_OK)
        mw_log(MW_LOG_ERROR, "cannot serve the web pages", MW_S("web.root", c->web_root),
               MW_ST("status", s));
    return s;
}

static void paces_init(platform *p) {
    const mw_platform_config *c = &p->config;
    uint32_t decode = (uint32_t)c->decode_batch, fold = (uint32_t)c->fold_rows;
    uint32_t changes = (uint32_t)c->validation_changes;
    mw_pace_init(&p->decoding, decode < 32 ? decode : 32, decode);
    mw_pace_init(&p->folding, fold < 64 ? fold : 64, fold);
    mw_pace_init(&p->settling, 8, 200);
    mw_pace_init(&p->validating, changes < 8 ? changes : 8, changes);
    mw_pace_init(&p->watching, 200, 20000);
    mw_pace_init(&p->alarming, 10, MW_ALARMS_LOOKS);
    mw_pace_init(&p->collecting, 4, MW_COLLECTION_CHANNELS);
}

static mw_status step_new(platform *p, const char *name, mw_timer_fn *fn, mw_timer **out_timer) {
    MW_TRY(mw_timer_new(p->loop, fn, p, out_timer));
    mw_timer_name(*out_timer, name);
    return MW_OK;
}

static mw_status start_steps(platform *p) {
    paces_init(p);
    MW_TRY(step_new(p, "decode", decode_step, &p->decode_timer));
    MW_TRY(step_new(p, "fold", fold_step, &p->fold_timer));
    MW_TRY(step_new(p, "settle", settle_step, &p->settle_timer));
    mw_timer_start(p->decode_timer, mw_dur_ms(0), mw_dur_ms(0));
    mw_timer_start(p->fold_timer, p->config.fold_every, mw_dur_ms(0));
    mw_timer_start(p->settle_timer, mw_dur_ms(settle_idle_ms), mw_dur_ms(0));
    MW_TRY(step_new(p, "validation", validation_step, &p->validation_timer));
    mw_timer_start(p->validation_timer, mw_dur_ms(0), mw_dur_ms(0));
    MW_TRY(step_new(p, "commands", command_step, &p->command_timer));
    mw_timer_start(p->command_timer, mw_dur_ms(command_idle_ms), mw_dur_ms(0));
    MW_TRY(step_new(p, "alarms", alarm_step, &p->alarm_timer));
    mw_timer_start(p->alarm_timer, mw_dur_ms(alarm_idle_ms), mw_dur_ms(0));
    MW_TRY(step_new(p, "retention", retention_step, &p->retention_timer));
    mw_timer_start(p->retention_timer, p->config.fold_every, mw_dur_ms(0));
    MW_TRY(step_new(p, "notify", notify_step, &p->notify_timer));
    mw_timer_start(p->notify_timer, mw_dur_ms(1000), mw_dur_ms(0));
    MW_TRY(step_new(p, "collection", collection_step, &p->collection_timer));
    mw_timer_start(p->collection_timer, mw_dur_ms(alarm_idle_ms), mw_dur_ms(0));
    if (p->config.backup_folder[0] == 0)
        return MW_OK;
    return mw_backup_child_new(p->loop, &p->config, p->argc, p->argv, &p->backup);
}

static mw_status start(platform *p) {
    MW_TRY(open_clock(p));
    MW_TRY(mw_loop_new(p->clock, &p->loop));
    MW_TRY(mw_loop_stop_on_signals(p->loop));
    MW_TRY(mw_metrics_new(512, &p->metrics));
    p->decoded = mw_metrics_counter(p->metrics, "mw_platform_journal_decoded_total", NULL,
                                    "Journal records decoded");
    p->waiting = mw_metrics_gauge(p->metrics, "mw_platform_journal_waiting", NULL,
                                  "1 while journal records wait for decoding");
    mw_metric_set(p->waiting, 1);
    p->folded = mw_metrics_counter(p->metrics, "mw_platform_rows_folded_total", NULL,
                                   "Hot rows folded into day chunks");
    p->validated = mw_metrics_counter(p->metrics, "mw_platform_values_validated_total", NULL,
                                      "Interval values looked at by validation");
    p->estimated = mw_metrics_counter(p->metrics, "mw_platform_slots_estimated_total", NULL,
                                      "Slots estimated for meters out of order");
    p->raised =
        mw_metrics_counter(p->metrics, "mw_platform_alarms_opened_total", NULL, "Alarms opened");
    p->let_go = mw_metrics_counter(p->metrics, "mw_platform_days_let_go_total", NULL,
                                   "Days of channels that became sums or went by retention");
    MW_TRY(mw_turns_new(p->loop, p->metrics, &p->turns));
    MW_TRY(open_data(p));
    MW_TRY(open_commands(p));
    MW_TRY(open_server(p));
    MW_TRY(start_steps(p));
    return mw_platform_open_pushes(&p->config, p->loop, p->store, p->registry, p->metrics,
                                   on_uplinks, p, &p->pushes);
}

static void stop(platform *p) {
    mw_push_door_close(p->pushes);
    if (p->server != NULL)
        mw_http_server_close(p->server);
    mw_timer_free(p->decode_timer);
    mw_timer_free(p->fold_timer);
    mw_timer_free(p->settle_timer);
    mw_timer_free(p->validation_timer);
    mw_timer_free(p->command_timer);
    mw_timer_free(p->retention_timer);
    mw_backup_child_free(p->backup);
    mw_timer_free(p->alarm_timer);
    mw_timer_free(p->collection_timer);
    mw_turns_free(p->turns);
    mw_timer_free(p->notify_timer);
    mw_api_close(p->api);
    mw_commands_close(p->commands);
    mw_sender_free(p->sender);
    mw_notify_free(p->notify);
    mw_collection_free(p->collection);
    mw_alarms_free(p->alarms);
    mw_engine_close(p->validation);
    if (p->decoder != NULL)
        mw_decoder_free(p->decoder);
    if (p->zones != NULL)
        mw_zones_close(p->zones);
    if (p->registry != NULL)
        mw_registry_close(p->registry);
    mw_store_close(p->store);
    if (p->loop != NULL)
        mw_loop_free(p->loop);
    if (p->metrics != NULL)
        mw_metrics_free(p->metrics);
    if (p->clock != NULL)
        mw_clock_close(p->clock);
    if (p->lock >= 0)
        close(p->lock);
}

static int run(platform *p) {
    mw_log_level level = MW_LOG_INFO;
    if (mw_log_level_of(p->config.log_level, &level) != MW_OK)
        level = MW_LOG_INFO;
    mw_log_start("mw-platform", level);
    mw_status s = start(p);
    if (s == MW_OK) {
        mw_log(MW_LOG_INFO, "serving", MW_S("url", mw_http_server_url(p->server)),
               MW_S("store", mw_platform_store_name(&p->config)));
        mw_loop_run(p->loop);
        mw_log(MW_LOG_INFO, "stopping", MW_S("store", mw_platform_store_name(&p->config)));
    } else {
        mw_log(MW_LOG_ERROR, "cannot start", MW_ST("status", s));
    }
    stop(p);
    return s == MW_OK ? 0 : 1;
}

int main(int argc, char **argv) {
    static platform p = {.lock = -1};
    mw_start st = mw_settings_start(&mw_platform_program, argc, argv, &p.config);
    int code = st.exit_code;
    p.argc = argc;
    p.argv = argv;
    if (st.run)
        code = st.argc > 0 ? mw_platform_command(&p.config, st.argc, st.argv) : run(&p);
    mw_settings_free(st.settings);
    return code;
}
