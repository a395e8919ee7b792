/* SPDX-License-Identifier: Apache-2.0 */
#include "station/sender.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/file.h"
#include "runtime/json_read.h"
#include "runtime/log.h"
#include "station/notice.h"
#include "station/outcome.h"
#include "station/record.h"

#define SENDER_BODY_MAX  (1024u * 1024) /* the door takes 2 MiB */
#define SENDER_REPLY_MAX (512u * 1024)
#define SENDER_ITEMS_MAX 1000

struct mw_station_sender {
    const mw_station_config *config;
    mw_loop *loop;
    mw_station_store *store;
    mw_routes *routes;
    size_t route;       /* of the request in flight */
    mw_http_call *call; /* in flight, or NULL */
    mw_timer *timer;
    bool waiting; /* for the timer */
    mw_dur pause; /* of the next failure */
    uint64_t jitter;
    size_t batch;                         /* most items of the next request */
    uint64_t sequences[SENDER_ITEMS_MAX]; /* of the request in flight */
    size_t items_n;
    mw_buffer body;
    mw_buffer record;
    void (*idle)(void *context);
    void *context;
    mw_mono last_success;
    mw_status trouble;
    mw_metric *sent, *requests, *failures, *stored, *duplicate, *conflict, *quarantined, *unread;
};

static void sender_send(mw_station_sender *s);

/* ---- pauses ---- */

static void sender_wait(mw_station_sender *s, mw_dur d) {
    s->waiting = true;
    mw_timer_start(s->timer, d, (mw_dur){0});
}

static void sender_on_timer(void *context) {
    mw_station_sender *s = context;
    s->waiting = false;
    sender_send(s);
}

/* Doubles the pause; up to a quarter is left to chance so that stations do not come all at once. */
static void sender_fail(mw_station_sender *s, mw_status why, const char *what, int http_status,
                        mw_dur at_least) {
    s->trouble = why;
    mw_metric_add(s->failures, 1);
    s->jitter = s->jitter * 6364136223846793005u + 1442695040888963407u;
    int64_t part = s->pause.ns / 4 * (int64_t)(s->jitter >> 60) / 16;
    mw_dur d = {s->pause.ns - part};
    if (d.ns < at_least.ns)
        d = at_least;
    mw_log(MW_LOG_WARN, "the platform did not take the frames; they wait in the spool",
           MW_ST("status", why), MW_I("http_status", http_status), MW_S("detail", what),
           MW_I("retry_ms", d.ns / 1000000));
    s->pause.ns *= 2;
    if (s->pause.ns > s->config->retry_max.ns)
        s->pause = s->config->retry_max;
    sender_wait(s, d);
}

/* ---- requests ---- */

/* The members of a record's item, by its kind. */
static mw_status sender_members(mw_slice record, mw_json *j) {
    mw_receiver_frame f;
    mw_downlink_result outcome;
    if (mw_station_notice_is(record))
        return mw_station_notice_json(record, j);
    if (mw_station_outcome_is(record)) {
        MW_TRY(mw_station_outcome_decode(record, &outcome));
        mw_station_outcome_json(&outcome, j);
        return MW_OK;
    }
    MW_TRY(mw_station_record_decode(record, &f));
    mw_station_record_json(&f, j);
    return MW_OK;
}

/* Appends one item; a record that cannot be read is put aside. */
static void sender_item(mw_station_sender *s, mw_json *j, uint64_t sequence) {
    mw_buffer text;
    mw_buffer_init(&text, 16384);
    mw_json item = mw_json_of(&text);
    mw_json_object_begin(&item);
    mw_json_put_uint(&item, "seq", sequence);
    mw_status status = sender_members(mw_buffer_view(&s->record), &item);
    mw_json_object_end(&item);
    if (status == MW_OK)
        status = mw_json_done(&item);
    if (status == MW_OK) {
        mw_json_raw(j, mw_buffer_view(&text));
        s->sequences[s->items_n++] = sequence;
    } else { /* its number is acknowledged with the batch; its bytes are kept */
        mw_metric_add(s->unread, 1);
        mw_log(MW_LOG_ERROR, "a record of the spool cannot be read; put aside",
               MW_I("sequence", sequence), MW_ST("status", status));
        status = mw_station_store_refuse(s->store, mw_buffer_view(&s->record));
        if (status != MW_OK)
            mw_log(MW_LOG_ERROR, "could not put a record aside", MW_ST("status", status));
    }
    mw_buffer_fini(&text);
}

/* The envelope of the oldest frames. MW_AGAIN when there are none. */
static mw_status sender_make_body(mw_station_sender *s) {
    char epoch[17];
    mw_buffer_reset(&s->body);
    mw_json j = mw_json_of(&s->body);
    s->items_n = 0;
    (void)snprintf(epoch, sizeof epoch, "%016" PRIx64, mw_station_store_stats(s->store).epoch);
    mw_json_object_begin(&j);
    mw_json_put_text(&j, "sender", s->config->id);
    mw_json_put_text(&j, "epoch", epoch);
    mw_json_put_array(&j, "items");
    uint64_t from = 0;
    uint64_t unreadable_through = 0;
    while (s->items_n < s->batch && s->body.n < SENDER_BODY_MAX - 8192) {
        uint64_t sequence = 0;
        mw_status status = mw_station_store_read(s->store, from, &sequence, &s->record);
        if (status == MW_AGAIN)
            break;
        MW_TRY(status);
        size_t before = s->items_n;
        sender_item(s, &j, sequence);
        if (s->items_n == 0 && before == 0)
            unreadable_through = sequence; /* leading ones are let go of at once */
        from = sequence + 1;
    }
    if (unreadable_through > 0)
        mw_station_store_acknowledge(s->store, unreadable_through);
    mw_json_array_end(&j);
    mw_json_object_end(&j);
    MW_TRY(mw_json_done(&j));
    return s->items_n == 0 ? MW_AGAIN : MW_OK;
}

static mw_metric *sender_result_metric(const mw_station_sender *s, const char *status) {
    if (strcmp(status, "stored") == 0)
        return s->stored;
    if (strcmp(status, "duplicate") == 0)
        return s->duplicate;
    if (strcmp(status, "conflict") == 0)
        return s->conflict;
    return strcmp(status, "quarantined") == 0 ? s->quarantined : NULL;
}

/* Marks the items that one result answers. */
static void sender_take_result(mw_station_sender *s, const json_t *result, bool *answered) {
    int64_t sequence = 0;
    const char *status = NULL;
    const char *reason = "";
    if (mw_json_get_int(result, "seq", 1, INT64_MAX, &sequence, NULL) != MW_OK ||
        mw_json_get_text(result, "status", 32, &status, NULL) != MW_OK)
        return;
    mw_metric *metric = sender_result_metric(s, status);
    if (metric == NULL)
        return; /* a word of a later version: not known to mean that the frame is safe */
    for (size_t i = 0; i < s->items_n; i++) {
        if (s->sequences[i] != (uint64_t)sequence || answered[i])
            continue;
        answered[i] = true;
        mw_metric_add(metric, 1);
        if (metric != s->conflict && metric != s->quarantined)
            continue;
        if (mw_json_get_text(result, "reason", 512, &reason, NULL) != MW_OK)
            reason = "";
        mw_log(MW_LOG_WARN, "the platform stored a frame with an objection", MW_S("result", status),
               MW_I("sequence", sequence), MW_S("reason", reason));
    }
}

/* Frees the leading items that the platform answered; the number of them. */
static size_t sender_take_results(mw_station_sender *s, mw_slice body) {
    mw_json_limits limits = {.bytes_max = SENDER_REPLY_MAX, .depth_max = 8};
    json_t *root = NULL;
    json_t *results = NULL;
    static bool answered[SENDER_ITEMS_MAX]; /* one loop thread */
    size_t n = 0;
    memset(answered, 0, sizeof answered);
    if (mw_json_parse(body, limits, &root, NULL) != MW_OK)
        return 0;
    if (mw_json_get_array(root, "results", SENDER_ITEMS_MAX, &results, NULL) == MW_OK) {
        for (size_t i = 0; i < json_array_size(results); i++)
            sender_take_result(s, json_array_get(results, i), answered);
        while (n < s->items_n && answered[n])
            n++;
        if (n > 0)
            mw_station_store_acknowledge(s->store, s->sequences[n - 1]);
    }
    json_decref(root);
    return n;
}

/* The platform says that the request itself is wrong: fewer items, then one alone, then aside. */
static void sender_refused(mw_station_sender *s, int http_status, mw_slice body) {
    uint64_t sequence = 0;
    if (s->items_n > 1) {
        s->batch = s->items_n / 2;
        mw_log(MW_LOG_WARN, "the platform refused a request; trying with fewer frames",
               MW_I("http_status", http_status), MW_I("frames", s->batch));
        sender_wait(s, (mw_dur){0});
        return;
    }
    char reason[200];
    (void)snprintf(reason, sizeof reason, "%.*s", (int)(body.n < 199 ? body.n : 199),
                   (const char *)body.p);
    mw_status status = mw_station_store_read(s->store, s->sequences[0], &sequence, &s->record);
    if (status == MW_OK)
        status = mw_station_store_refuse(s->store, mw_buffer_view(&s->record));
    if (status != MW_OK) {
        sender_fail(s, status, "a refused frame could not be put aside", http_status, (mw_dur){0});
        return;
    }
    mw_log(MW_LOG_ERROR, "the platform refuses a frame; put aside in spool/refused",
           MW_I("sequence", sequence), MW_I("http_status", http_status), MW_S("answer", reason));
    mw_station_store_acknowledge(s->store, sequence);
    s->batch = (size_t)s->config->batch_max;
    sender_wait(s, (mw_dur){0});
}

static void sender_succeeded(mw_station_sender *s, size_t n) {
    mw_metric_add(s->sent, (int64_t)n);
    s->trouble = MW_OK;
    s->last_success = mw_loop_mono(s->loop);
    s->pause = s->config->retry_min;
    s->batch =
        s->batch * 2 < (size_t)s->config->batch_max ? s->batch * 2 : (size_t)s->config->batch_max;
    sender_wait(s, (mw_dur){0}); /* the next batch, from the loop */
}

static void sender_on_answer(void *context, const mw_http_answer *a) {
    mw_station_sender *s = context;
    s->call = NULL;
    mw_routes_report(s->routes, s->route, a->status == MW_OK);
    if (a->status != MW_OK) {
        sender_fail(s, a->status, a->detail, 0, (mw_dur){0});
    } else if (a->http_status == 200) {
        size_t n = sender_take_results(s, a->body);
        if (n > 0)
            sender_succeeded(s, n);
        else
            sender_fail(s, MW_SYNTAX, "the answer names none of the frames", 200, (mw_dur){0});
    } else if (a->http_status == 400 || a->http_status == 413) {
        sender_refused(s, a->http_status, a->body);
    } else {
        bool token = a->http_status == 401 || a->http_status == 403;
        sender_fail(s, token ? MW_AUTH : MW_CLOSED,
                    token ? "the platform does not accept the token" : "", a->http_status,
                    a->retry_after);
    }
}

static void sender_send(mw_station_sender *s) {
    if (s->call != NULL || s->waiting)
        return;
    mw_status status = sender_make_body(s);
    if (status == MW_AGAIN) {
        if (s->idle != NULL)
            s->idle(s->context);
        return;
    }
    mw_buffer token;
    mw_buffer_init(&token, 1024);
    const char *what = "the spool cannot be read";
    if (status == MW_OK) {
        what = "the token file must be there, hold one line and be readable by its owner only";
        status = mw_file_read_secret(s->config->token_file, &token);
    }
    if (status == MW_OK) {
        what = "the request could not be made; see platform.url";
        char url[600];
        (void)snprintf(url, sizeof url, "%s/v1/uplinks", mw_routes_url(s->routes));
        s->route = mw_routes_active(s->routes);
        status = mw_http_call_start(mw_routes_client(s->routes), "POST", url,
                                    mw_buffer_text(&token), "application/json",
                                    mw_buffer_view(&s->body), sender_on_answer, s, &s->call);
        mw_metric_add(s->requests, 1);
    }
    if (token.p != NULL)
        mw_bytes_wipe(token.p, token.n);
    mw_buffer_fini(&token);
    if (status != MW_OK)
        sender_fail(s, status, what, 0, (mw_dur){0});
}

void mw_station_sender_kick(mw_station_sender *s) {
    sender_send(s);
}

void mw_station_sender_rerouted(mw_station_sender *s) {
    s->pause = s->config->retry_min; /* what failed on the old route says nothing of this one */
    if (s->waiting)
        sender_wait(s, (mw_dur){0});
}

mw_mono mw_station_sender_last_success(const mw_station_sender *s) {
    return s->last_success;
}

bool mw_station_sender_busy(const mw_station_sender *s) {
    return s->call != NULL;
}

mw_status mw_station_sender_trouble(const mw_station_sender *s) {
    return s->trouble;
}

static void sender_metrics(mw_station_sender *s, mw_metrics *m) {
    const char *help = "Frames by what the platform said about them.";
    s->stored = mw_metrics_counter(m, "mw_station_results_total", "status=\"stored\"", help);
    s->duplicate = mw_metrics_counter(m, "mw_station_results_total", "status=\"duplicate\"", help);
    s->conflict = mw_metrics_counter(m, "mw_station_results_total", "status=\"conflict\"", help);
    s->quarantined =
        mw_metrics_counter(m, "mw_station_results_total", "status=\"quarantined\"", help);
    s->sent = mw_metrics_counter(m, "mw_station_delivered_total", NULL,
                                 "Frames that the platform acknowledged.");
    s->requests = mw_metrics_counter(m, "mw_station_requests_total", NULL, "Requests begun.");
    s->failures = mw_metrics_counter(m, "mw_station_request_failures_total", NULL,
                                     "Requests that have to be made again.");
    s->unread = mw_metrics_counter(m, "mw_station_records_unreadable_total", NULL,
                                   "Records of the spool that could not be understood.");
}

mw_status mw_station_sender_new(const mw_station_config *config, mw_loop *loop,
                                mw_station_store *store, mw_routes *routes, mw_metrics *metrics,
                                void (*idle)(void *context), void *context,
                                mw_station_sender **out_sender, char error[160]) {
    (void)snprintf(error, 160, "out of memory");
    mw_station_sender *s = calloc(1, sizeof *s);
    if (s == NULL)
        return MW_NOMEM;
    s->config = config;
    s->loop = loop;
    s->store = store;
    s->idle = idle;
    s->context = context;
    s->pause = config->retry_min;
    s->batch = (size_t)config->batch_max;
    s->jitter = (uint64_t)mw_clock_mono().ns;
    mw_buffer_init(&s->body, SENDER_BODY_MAX);
    mw_buffer_init(&s->record, MW_SPOOL_RECORD_MAX);
    sender_metrics(s, metrics);
    s->routes = routes;
    mw_status status = mw_timer_new(loop, sender_on_timer, s, &s->timer);
    if (status != MW_OK) {
        mw_station_sender_free(s);
        return status;
    }
    *out_sender = s;
    return MW_OK;
}

void mw_station_sender_free(mw_station_sender *s) {
    if (s == NULL)
        return;
    mw_http_call_cancel(s->call);
    mw_timer_free(s->timer);
    mw_buffer_fini(&s->body);
    mw_buffer_fini(&s->record);
    free(s);
}
