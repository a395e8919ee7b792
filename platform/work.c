/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/work.h"

#include <stdlib.h>

#include "platform/readings/settle.h"
#include "platform/retention/retention.h"
#include "runtime/log.h"
#include "runtime/pace.h"

enum {
    RETRY_MS = 5000,
    FOLD_EVERY = -1, /* a wait that the setting fold.every says */
    COLLECTION_REST_MS = 15000,
    LET_GO_A_TURN = 20, /* channels' days that retention takes at once */
};

/* Does one turn. *io_wait_ms is the wait until the next one: when it comes, that of idle times. */
typedef mw_status turn_fn(mw_works *w, int64_t *io_wait_ms);

typedef struct task {
    mw_works *works;
    turn_fn *turn;
    const char *failed;
    int64_t idle_ms;
    mw_timer *timer;
} task;

struct mw_works {
    mw_platform *p;
    task tasks[MW_WORK_COUNT];
    mw_pace decoding, folding, settling, validating, watching, alarming, collecting;
    mw_mono watched; /* when the last round over all meters began */
    mw_mono collection_begun;
    mw_metric *decoded, *waiting, *folded, *validated, *estimated, *raised, *let_go;
};

void mw_works_wake(mw_works *w, mw_work what) {
    if (what == MW_WORK_DECODE)
        mw_metric_set(w->waiting, 1);
    mw_timer_start(w->tasks[what].timer, mw_dur_ms(0), mw_dur_ms(0));
}

/* ---- readings ---- */

static mw_status decode_turn(mw_works *w, int64_t *io_wait_ms) {
    uint32_t n = 0, batch = mw_pace_begin(&w->decoding);
    mw_status s = mw_decoder_turn(w->p->decoder, batch, &n);
    mw_pace_end(&w->decoding, n);
    if (s != MW_OK || n > 0)
        mw_api_set_failing(w->p->api, s != MW_OK);
    MW_TRY(s);
    if (n > 0) {
        mw_metric_add(w->decoded, n);
        mw_api_publish(w->p->api);
        mw_works_wake(w, MW_WORK_COMMAND);
        mw_works_wake(w, MW_WORK_ALARM);
    }
    mw_metric_set(w->waiting, n == batch);
    if (n == batch)
        *io_wait_ms = 0;
    return MW_OK;
}

/* Ends what mw_store_begin began: all of it, or nothing when it failed. */
static mw_status finish(mw_store *store, mw_status s) {
    if (s == MW_OK)
        return mw_store_commit(store);
    mw_status undone = mw_store_rollback(store);
    (void)undone;
    return s;
}

static mw_status fold_turn(mw_works *w, int64_t *io_wait_ms) {
    uint32_t rows = 0, most = mw_pace_begin(&w->folding);
    MW_TRY(mw_store_begin(w->p->store));
    mw_status s = finish(w->p->store, mw_store_fold(w->p->store, most, &rows));
    mw_pace_end(&w->folding, rows);
    MW_TRY(s);
    mw_metric_add(w->folded, rows);
    if (rows > 0)
        *io_wait_ms = 20;
    return MW_OK;
}

/* The account of registers follows what folding and validation changed. */
static mw_status settle_turn(mw_works *w, int64_t *io_wait_ms) {
    uint32_t done = 0, most = mw_pace_begin(&w->settling);
    MW_TRY(mw_store_begin(w->p->store));
    mw_status s =
        finish(w->p->store, mw_settle_step(w->p->store, most, mw_loop_utc(w->p->loop), &done));
    mw_pace_end(&w->settling, done);
    if (done > 0)
        *io_wait_ms = 20;
    return s;
}

/* Validation follows folding; every so often it goes round all meters. */
static mw_status validation_turn(mw_works *w, int64_t *io_wait_ms) {
    mw_engine_step step = {.more = false};
    mw_mono now = mw_loop_mono(w->p->loop);
    bool watch = now.ns - w->watched.ns >= w->p->config.watch_every.ns;
    if (watch)
        w->watched = now;
    mw_engine_limit(w->p->validation, mw_pace_begin(&w->validating), mw_pace_begin(&w->watching));
    mw_status s = mw_engine_run(w->p->validation, mw_loop_utc(w->p->loop), watch, &step);
    if (step.pipeline.changes > 0)
        mw_pace_end(&w->validating, step.pipeline.changes);
    else
        mw_pace_end(&w->watching, step.watch.cost);
    mw_metric_add(w->validated, (int64_t)step.pipeline.values);
    mw_metric_add(w->estimated, step.watch.estimated_slots);
    if (step.more)
        *io_wait_ms = 5;
    return s;
}

static mw_status retention_turn(mw_works *w, int64_t *io_wait_ms) {
    mw_retention_turn t = {.more = false};
    mw_status s =
        mw_retention_run(w->p->store, w->p->zones, mw_loop_utc(w->p->loop), LET_GO_A_TURN, &t);
    mw_metric_add(w->let_go, t.coarse + t.gone);
    if (t.more)
        *io_wait_ms = 100;
    return s;
}

/* ---- meters and people ---- */

static mw_status command_turn(mw_works *w, int64_t *io_wait_ms) {
    bool more = false;
    MW_TRY(mw_commands_turn(w->p->commands, mw_loop_utc(w->p->loop), &more));
    if (more)
        *io_wait_ms = 20;
    return MW_OK;
}

static mw_status alarm_turn(mw_works *w, int64_t *io_wait_ms) {
    mw_alarms_turn turn = {.more = false};
    mw_alarms_limit(w->p->alarms, mw_pace_begin(&w->alarming));
    mw_status s = mw_alarms_run(w->p->alarms, mw_loop_utc(w->p->loop), &turn);
    mw_pace_end(&w->alarming, turn.most);
    mw_metric_add(w->raised, turn.opened);
    if (turn.more)
        *io_wait_ms = 10;
    return s;
}

static mw_status notify_turn(mw_works *w, int64_t *io_wait_ms) {
    (void)io_wait_ms;
    return mw_notify_turn(w->p->notify);
}

/* A round over all meters in small turns; then a rest, ten times as long as the round took. */
static mw_status collection_turn(mw_works *w, int64_t *io_wait_ms) {
    bool more = false;
    mw_mono now = mw_loop_mono(w->p->loop);
    if (w->collection_begun.ns == 0)
        w->collection_begun = now;
    MW_TRY(mw_collection_run(w->p->collection, mw_loop_utc(w->p->loop),
                             mw_pace_begin(&w->collecting), &more));
    mw_pace_end(&w->collecting, more ? w->collecting.n : 0);
    int64_t took = (now.ns - w->collection_begun.ns) / 1000000;
    if (more) {
        *io_wait_ms = 20;
        return MW_OK;
    }
    w->collection_begun.ns = 0;
    *io_wait_ms = 10 * took > COLLECTION_REST_MS ? 10 * took : COLLECTION_REST_MS;
    return MW_OK;
}

/* ---- all of it ---- */

static const struct {
    const char *name; /* in the log of long turns */
    const char *failed;
    turn_fn *turn;
    int64_t first_ms, idle_ms;
} plan[MW_WORK_COUNT] = {
    [MW_WORK_DECODE] = {"decode", "decoding failed, trying again", decode_turn, 0, 1000},
    [MW_WORK_FOLD] = {"fold", "folding failed, trying again", fold_turn, FOLD_EVERY, FOLD_EVERY},
    [MW_WORK_SETTLE] = {"settle", "settling failed, trying again", settle_turn, 2000, 2000},
    [MW_WORK_VALIDATE] = {"validation", "validation failed, trying again", validation_turn, 0,
                          1000},
    [MW_WORK_COMMAND] = {"commands", "commands failed, trying again", command_turn, 1000, 1000},
    [MW_WORK_ALARM] = {"alarms", "alarms failed, trying again", alarm_turn, 2000, 2000},
    [MW_WORK_NOTIFY] = {"notify", "messages failed, trying again", notify_turn, 1000, 1000},
    [MW_WORK_COLLECTION] = {"collection", "counting the collection failed, trying again",
                            collection_turn, 2000, COLLECTION_REST_MS},
    [MW_WORK_RETENTION] = {"retention", "retention failed, trying again", retention_turn,
                           FOLD_EVERY, FOLD_EVERY},
};

static void turn(void *context) {
    task *t = context;
    int64_t wait_ms = t->idle_ms;
    mw_status s = t->turn(t->works, &wait_ms);
    if (s != MW_OK) {
        mw_log(MW_LOG_ERROR, t->failed, MW_ST("status", s));
        wait_ms = RETRY_MS;
    }
    mw_timer_start(t->timer, mw_dur_ms(wait_ms), mw_dur_ms(0));
}

static void paces_init(mw_works *w) {
    const mw_platform_config *c = &w->p->config;
    uint32_t decode = (uint32_t)c->decode_batch, fold = (uint32_t)c->fold_rows;
    uint32_t changes = (uint32_t)c->validation_changes;
    mw_pace_init(&w->decoding, decode < 32 ? decode : 32, decode);
    mw_pace_init(&w->folding, fold < 64 ? fold : 64, fold);
    mw_pace_init(&w->settling, 8, 200);
    mw_pace_init(&w->validating, changes < 8 ? changes : 8, changes);
    mw_pace_init(&w->watching, 200, 20000);
    mw_pace_init(&w->alarming, 10, MW_ALARMS_LOOKS);
    mw_pace_init(&w->collecting, 4, MW_COLLECTION_CHANNELS);
}

static void metrics_init(mw_works *w) {
    mw_metrics *m = w->p->metrics;
    w->decoded =
        mw_metrics_counter(m, "mw_platform_journal_decoded_total", NULL, "Journal records decoded");
    w->waiting = mw_metrics_gauge(m, "mw_platform_journal_waiting", NULL,
                                  "1 while journal records wait for decoding");
    mw_metric_set(w->waiting, 1);
    w->folded = mw_metrics_counter(m, "mw_platform_rows_folded_total", NULL,
                                   "Hot rows folded into day chunks");
    w->validated = mw_metrics_counter(m, "mw_platform_values_validated_total", NULL,
                                      "Interval values looked at by validation");
    w->estimated = mw_metrics_counter(m, "mw_platform_slots_estimated_total", NULL,
                                      "Slots estimated for meters out of order");
    w->raised = mw_metrics_counter(m, "mw_platform_alarms_opened_total", NULL, "Alarms opened");
    w->let_go = mw_metrics_counter(m, "mw_platform_days_let_go_total", NULL,
                                   "Days of channels that became sums or went by retention");
}

static mw_status task_start(mw_works *w, mw_work what) {
    task *t = &w->tasks[what];
    int64_t fold_every_ms = w->p->config.fold_every.ns / (MW_NS_PER_S / 1000);
    int64_t first_ms = plan[what].first_ms == FOLD_EVERY ? fold_every_ms : plan[what].first_ms;
    t->works = w;
    t->turn = plan[what].turn;
    t->failed = plan[what].failed;
    t->idle_ms = plan[what].idle_ms == FOLD_EVERY ? fold_every_ms : plan[what].idle_ms;
    MW_TRY(mw_timer_new(w->p->loop, turn, t, &t->timer));
    mw_timer_name(t->timer, plan[what].name);
    mw_timer_start(t->timer, mw_dur_ms(first_ms), mw_dur_ms(0));
    return MW_OK;
}

mw_status mw_works_start(mw_platform *p, mw_works **out_works) {
    mw_works *w = calloc(1, sizeof *w);
    if (w == NULL)
        return MW_NOMEM;
    w->p = p;
    paces_init(w);
    metrics_init(w);
    for (mw_work what = 0; what < MW_WORK_COUNT; what++) {
        mw_status s = task_start(w, what);
        if (s != MW_OK) {
            mw_works_stop(w);
            return s;
        }
    }
    *out_works = w;
    return MW_OK;
}

void mw_works_stop(mw_works *w) {
    if (w == NULL)
        return;
    for (mw_work what = 0; what < MW_WORK_COUNT; what++)
        mw_timer_free(w->tasks[what].timer);
    free(w);
}
