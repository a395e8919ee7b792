/* SPDX-License-Identifier: Apache-2.0
 *
 * Exports of a whole tenant. A worker thread reads the store through a read-only handle of its own
 * and fills a queue of fixed size; the client empties it. The thread waits when the queue is full,
 * so memory does not grow with the number of values, and the loop never scans the store.
 *
 *   request -> thread starts -> half a queue or all of it is there -> the reply begins -> done
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "platform/api/bulk_exchange.h"
#include "platform/api/internal.h"

#define QUEUE_BYTES ((size_t)1024 * 1024)

typedef struct bulk_job {
    mw_api *api;
    mw_http_request *http; /* until the reply begins */
    const char *name;
    const char *content_type;
    mw_store *store; /* the thread's */
    mw_bulk_query query;
    mw_status (*produce)(mw_store *store, const mw_bulk_query *query, mw_bulk_sink *sink,
                         void *ctx);
    uv_thread_t thread;
    mw_wake *wake;
    uv_mutex_t lock; /* for what follows */
    uv_cond_t room;
    uv_cond_t data;
    size_t at;
    size_t n;
    mw_bulk_80020 x80020; /* of that export alone */
    bool finished;
    bool failed;
    bool cancelled;
    uint8_t queue[QUEUE_BYTES];
} bulk_job;

/* ---- the worker's side ---- */

static mw_status enqueue(void *ctx, mw_slice line) {
    bulk_job *job = ctx;
    uv_mutex_lock(&job->lock);
    while (QUEUE_BYTES - job->n < line.n && !job->cancelled)
        uv_cond_wait(&job->room, &job->lock);
    bool cancelled = job->cancelled;
    if (!cancelled) {
        for (size_t i = 0; i < line.n; i++)
            job->queue[(job->at + job->n + i) % QUEUE_BYTES] = line.p[i];
        bool half_before = job->n >= QUEUE_BYTES / 2;
        job->n += line.n;
        if (!half_before && job->n >= QUEUE_BYTES / 2) {
            uv_cond_signal(&job->data);
            mw_wake_send(job->wake);
        }
    }
    uv_mutex_unlock(&job->lock);
    return cancelled ? MW_CLOSED : MW_OK;
}

static void work(void *context) {
    bulk_job *job = context;
    mw_status s = job->produce(job->store, &job->query, enqueue, job);
    uv_mutex_lock(&job->lock);
    job->finished = true;
    job->failed = s != MW_OK;
    uv_cond_signal(&job->data);
    mw_wake_send(job->wake);
    uv_mutex_unlock(&job->lock);
}

/* ---- the loop's side ---- */

static void job_end(void *context) {
    bulk_job *job = context;
    uv_mutex_lock(&job->lock);
    job->cancelled = true;
    uv_cond_signal(&job->room);
    uv_mutex_unlock(&job->lock);
    uv_thread_join(&job->thread);
    mw_wake_free(job->wake);
    uv_cond_destroy(&job->room);
    uv_cond_destroy(&job->data);
    uv_mutex_destroy(&job->lock);
    mw_store_close(job->store);
    job->api->exports--;
    free(job);
}

static int64_t fill(void *context, mw_span room) {
    bulk_job *job = context;
    uv_mutex_lock(&job->lock);
    /* The thread is far faster than a client; it is waited for only in the gaps of sparse data. */
    while (job->n == 0 && !job->finished)
        uv_cond_timedwait(&job->data, &job->lock, (uint64_t)10 * 1000 * 1000);
    size_t n = job->n < room.n ? job->n : room.n;
    for (size_t i = 0; i < n; i++)
        room.p[i] = job->queue[(job->at + i) % QUEUE_BYTES];
    job->at = (job->at + n) % QUEUE_BYTES;
    job->n -= n;
    bool broken = n == 0 && job->failed;
    uv_cond_signal(&job->room);
    uv_mutex_unlock(&job->lock);
    return broken ? -1 : (int64_t)n;
}

static void ready(void *context) {
    bulk_job *job = context;
    if (job->http == NULL)
        return; /* the reply has begun */
    uv_mutex_lock(&job->lock);
    bool failed = job->failed;
    uv_mutex_unlock(&job->lock);
    mw_http_request *http = job->http;
    job->http = NULL;
    mw_http_on_gone(http, NULL, NULL);
    if (failed) {
        mw_http_reply_problem(http, 503, "UNAVAILABLE", "not possible now, try later");
        job_end(job);
        return;
    }
    char disposition[80];
    snprintf(disposition, sizeof disposition, "attachment; filename=\"%s\"", job->name);
    mw_http_reply reply = {.status = 200,
                           .content_type = job->content_type,
                           .headers = {{"Content-Disposition", disposition}}};
    mw_http_source source = {.fill = fill, .done = job_end, .context = job};
    mw_http_reply_stream(http, &reply, source);
}

static mw_status start(bulk_job *job, const char *header) {
    mw_api *api = job->api;
    MW_TRY(api->o.open_reader(api->o.context, &job->store));
    mw_status s = mw_wake_new(api->o.loop, ready, job, &job->wake);
    if (s != MW_OK) {
        mw_store_close(job->store);
        return s;
    }
    mw_assert(uv_mutex_init(&job->lock) == 0);
    mw_assert(uv_cond_init(&job->room) == 0 && uv_cond_init(&job->data) == 0);
    s = header[0] != 0 ? enqueue(job, mw_slice_of_str(header)) : MW_OK;
    if (s == MW_OK && uv_thread_create(&job->thread, work, job) != 0)
        s = MW_NOMEM;
    if (s != MW_OK) {
        mw_wake_free(job->wake);
        uv_cond_destroy(&job->room);
        uv_cond_destroy(&job->data);
        uv_mutex_destroy(&job->lock);
        mw_store_close(job->store);
    }
    return s;
}

static void run(mw_api_call *call, bulk_job *job, const char *header) {
    /* The end of the year 2200: later than any reading, and far from overflowing. */
    mw_utc end = mw_utc_of_s(INT64_C(7289654400));
    job->api = call->api;
    job->query.tenant = call->tenant;
    if (call->area != NULL)
        (void)snprintf(job->query.area, sizeof job->query.area, "%s", call->area);
    job->query.made_at = mw_loop_utc(call->api->o.loop);
    job->query.zone_dir = mw_zones_dir(call->api->o.zones);
    if (!mw_api_utc(call, "from", mw_utc_of_s(0), &job->query.from) ||
        !mw_api_utc(call, "to", end, &job->query.to)) {
        free(job);
        return;
    }
    mw_status s = start(job, header);
    if (s != MW_OK) {
        free(job);
        mw_api_fail(call, s);
        return;
    }
    job->http = call->http;
    call->api->exports++;
    mw_http_on_gone(call->http, job_end, job);
}

static bulk_job *new_job(mw_api_call *call) {
    bulk_job *job = NULL;
    if (call->api->exports < MW_API_EXPORTS_MAX)
        job = calloc(1, sizeof *job);
    if (job == NULL)
        mw_api_fail(call, MW_AGAIN);
    return job;
}

static const char csv_type[] = "text/csv; charset=utf-8; header=present";

void mw_api_export_intervals(mw_api_call *call) {
    bulk_job *job = new_job(call);
    if (job == NULL)
        return;
    job->name = "intervals.csv";
    job->content_type = csv_type;
    job->produce = mw_bulk_intervals;
    run(call, job, "device_id,channel,start_utc,seconds,value,quality,received_at\r\n");
}

void mw_api_export_registers(mw_api_call *call) {
    bulk_job *job = new_job(call);
    if (job == NULL)
        return;
    job->name = "registers.csv";
    job->content_type = csv_type;
    job->produce = mw_bulk_registers;
    run(call, job, "device_id,channel,at_utc,value\r\n");
}

void mw_api_export_cim(mw_api_call *call) {
    bulk_job *job = new_job(call);
    if (job == NULL)
        return;
    job->name = "meter-readings.xml";
    job->content_type = "application/xml; charset=utf-8";
    job->produce = mw_bulk_cim;
    run(call, job, "");
}

/* A query parameter into room; answers itself when it is missing or too long. */
static bool text_into(mw_api_call *call, const char *name, char *out, size_t size) {
    const char *text = mw_http_query(call->http, name);
    if (text != NULL && text[0] != 0 && (size_t)snprintf(out, size, "%s", text) < size)
        return true;
    char message[96];
    snprintf(message, sizeof message, "%s is missing or too long", name);
    mw_api_invalid(call, message);
    return false;
}

/* Reads and checks everything that the document would be refused for. */
static bool read_80020(mw_api_call *call, mw_bulk_80020 *o) {
    const char *zone = mw_http_query(call->http, "time_zone");
    const char *number = mw_http_query(call->http, "number");
    const mw_zone *z = NULL;
    snprintf(o->zone, sizeof o->zone, "%s", zone != NULL ? zone : "Europe/Moscow");
    o->number = number != NULL ? (uint32_t)strtoul(number, NULL, 10) : 1;
    if (!mw_api_date(call, "day", &o->day) ||
        !text_into(call, "sender_name", o->sender_name, sizeof o->sender_name) ||
        !text_into(call, "sender_inn", o->sender_inn, sizeof o->sender_inn) ||
        !text_into(call, "area_name", o->area_name, sizeof o->area_name) ||
        !text_into(call, "area_inn", o->area_inn, sizeof o->area_inn))
        return false;
    if (mw_zones_get(call->api->o.zones, o->zone, &z) != MW_OK) {
        mw_api_invalid(call, "there is no such time zone");
        return false;
    }
    mw_80020 probe;
    mw_buffer scratch;
    mw_buffer_init(&scratch, 64 * 1024);
    mw_80020_head head = {.sender_name = o->sender_name,
                          .sender_inn = o->sender_inn,
                          .area_name = o->area_name,
                          .area_inn = o->area_inn,
                          .zone = z,
                          .local_day = o->day};
    mw_status s = mw_80020_begin(&probe, &head, &scratch);
    mw_buffer_fini(&scratch);
    if (s != MW_OK)
        mw_api_invalid(call, s == MW_SYNTAX ? "an INN has 10 or 12 digits"
                                            : "80020 knows days of 24 hours only");
    return s == MW_OK;
}

void mw_api_export_80020(mw_api_call *call) {
    bulk_job *job = new_job(call);
    if (job == NULL)
        return;
    if (!read_80020(call, &job->x80020)) {
        free(job);
        return;
    }
    job->name = "80020.xml";
    job->content_type = "application/xml; charset=windows-1251";
    job->produce = mw_bulk_80020_day;
    job->query.x80020 = &job->x80020;
    run(call, job, "");
}
