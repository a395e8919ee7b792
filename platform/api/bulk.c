/* SPDX-License-Identifier: Apache-2.0
 *
 * Exports of a whole tenant. Meters are taken page by page, and of each channel only as many rows
 * as fill one piece of the answer: memory does not grow with the number of meters or values.
 *
 * Each piece is a consistent view; an export that runs while readings arrive may contain some that
 * came after it began.
 */
#include <stdio.h>
#include <stdlib.h>

#include "platform/api/internal.h"

#define METERS_PAGE 64
#define ROW_MAX     200 /* of one row, texts included: all columns are numbers, ids and words */
#define ROWS_PAGE   500

typedef struct bulk_meter {
    uint64_t identity;
    mw_store_channel channel;
} bulk_meter;

typedef struct bulk_job bulk_job;

struct bulk_job {
    mw_store *store;
    int64_t tenant;
    mw_utc from;
    mw_utc to;
    /* Writes rows of the current channel; sets channel_done after the last. */
    mw_status (*write_channel)(bulk_job *job);
    const char *header;
    mw_writer out; /* the room of the piece that is being filled */
    bulk_meter meters[METERS_PAGE];
    size_t meters_n;
    size_t at;
    bool last_page;
    char cursor[MW_STORE_CURSOR_MAX];
    /* where to go on within the channel */
    bool channel_begun;
    bool channel_done;
    mw_utc next_start;
    int64_t before;
    uint32_t rows;
};

static mw_status take_meter(void *ctx, const mw_store_meter *m) {
    bulk_job *job = ctx;
    job->meters[job->meters_n++] =
        (bulk_meter){.identity = m->device.identity, .channel = m->channel};
    mw_store_meter_cursor(m, MW_STORE_SORT_SERIAL, job->cursor);
    return MW_OK;
}

static mw_status next_page(bulk_job *job) {
    mw_store_meter_query q = {.tenant = job->tenant,
                              .sort = MW_STORE_SORT_SERIAL,
                              .after = job->cursor[0] != 0 ? job->cursor : NULL,
                              .limit = METERS_PAGE};
    int64_t total = 0;
    job->meters_n = 0;
    job->at = 0;
    MW_TRY(mw_store_meters(job->store, &q, take_meter, job, &total));
    job->last_page = job->meters_n < METERS_PAGE;
    return MW_OK;
}

static void put_channel(bulk_job *job) {
    const bulk_meter *m = &job->meters[job->at];
    char text[40];
    snprintf(text, sizeof text, "%016llx,%u,", (unsigned long long)m->identity, m->channel.number);
    mw_write_str(&job->out, text);
}

static void put_utc(bulk_job *job, mw_utc t) {
    char text[MW_UTC_TEXT_MAX];
    mw_utc_format(t, text);
    mw_write_str(&job->out, text);
}

/* ---- intervals ---- */

/* Stops the scan when the piece is full; the next piece goes on at this row. */
static mw_status put_interval(void *ctx, int64_t channel, const mw_store_interval *row) {
    bulk_job *job = ctx;
    (void)channel;
    job->next_start = row->start;
    if (mw_writer_left(&job->out) < ROW_MAX)
        return MW_SPACE;
    char quality[MW_API_QUALITY_MAX];
    put_channel(job);
    put_utc(job, row->start);
    mw_write_u8(&job->out, ',');
    mw_csv_int(&job->out, row->seconds);
    mw_write_u8(&job->out, ',');
    mw_csv_int(&job->out, row->value);
    mw_write_u8(&job->out, ',');
    mw_api_quality_words(row->quality, quality);
    mw_write_str(&job->out, quality);
    mw_write_u8(&job->out, ',');
    put_utc(job, row->received);
    mw_write_str(&job->out, "\r\n");
    return MW_OK;
}

static mw_status write_intervals(bulk_job *job) {
    const bulk_meter *m = &job->meters[job->at];
    if (!job->channel_begun)
        job->next_start = job->from;
    mw_status s = mw_store_intervals(job->store, job->tenant, m->channel.channel, job->next_start,
                                     job->to, put_interval, job);
    if (s == MW_SPACE && job->out.status == MW_OK && mw_writer_left(&job->out) < ROW_MAX)
        return MW_OK;
    job->channel_done = s == MW_OK;
    return s;
}

/* ---- registers ---- */

static mw_status put_register(void *ctx, const mw_store_register *row) {
    bulk_job *job = ctx;
    const mw_store_channel *c = &job->meters[job->at].channel;
    if (mw_writer_left(&job->out) < ROW_MAX)
        return MW_SPACE;
    job->before = row->id;
    job->rows++;
    bool wanted = row->meter.us >= job->from.us && row->meter.us < job->to.us &&
                  mw_slice_equal((mw_slice){row->obis, 6}, (mw_slice){c->obis, 6});
    if (!wanted)
        return MW_OK;
    put_channel(job);
    put_utc(job, row->meter);
    mw_write_u8(&job->out, ',');
    mw_csv_int(&job->out, row->value);
    mw_write_str(&job->out, "\r\n");
    return MW_OK;
}

static mw_status write_registers(bulk_job *job) {
    if (!job->channel_begun)
        job->before = 0;
    while (!job->channel_done) {
        job->rows = 0;
        mw_status s =
            mw_store_registers(job->store, job->tenant, job->meters[job->at].channel.channel,
                               job->before, ROWS_PAGE, put_register, job);
        if (s == MW_SPACE && job->out.status == MW_OK && mw_writer_left(&job->out) < ROW_MAX)
            return MW_OK;
        if (s != MW_OK)
            return s;
        job->channel_done = job->rows < ROWS_PAGE;
    }
    return MW_OK;
}

/* ---- the stream ---- */

static mw_status fill_piece(bulk_job *job) {
    if (job->header != NULL)
        mw_write_str(&job->out, job->header);
    job->header = NULL;
    while (mw_writer_left(&job->out) >= ROW_MAX) {
        if (job->at == job->meters_n) {
            if (job->last_page)
                return MW_OK;
            MW_TRY(next_page(job));
            continue;
        }
        job->channel_done = false;
        MW_TRY(job->write_channel(job));
        job->channel_begun = !job->channel_done;
        if (job->channel_done)
            job->at++;
    }
    return MW_OK;
}

static int64_t bulk_fill(void *context, mw_span room) {
    bulk_job *job = context;
    job->out = mw_writer_of(room);
    mw_status s = fill_piece(job);
    return s == MW_OK && job->out.status == MW_OK ? (int64_t)job->out.at : -1;
}

static void bulk_done(void *context) {
    free(context);
}

static void run(mw_api_call *call, const char *name, const char *header,
                mw_status (*write_channel)(bulk_job *job)) {
    bulk_job *job = calloc(1, sizeof *job);
    if (job == NULL) {
        mw_api_fail(call, MW_NOMEM);
        return;
    }
    job->store = call->api->o.store;
    job->tenant = call->tenant;
    job->write_channel = write_channel;
    job->header = header;
    /* The end of the year 2200: later than any reading, and far from overflowing. */
    mw_utc end = mw_utc_of_s(INT64_C(7289654400));
    if (!mw_api_utc(call, "from", mw_utc_of_s(0), &job->from) ||
        !mw_api_utc(call, "to", end, &job->to)) {
        free(job);
        return;
    }
    char disposition[80];
    snprintf(disposition, sizeof disposition, "attachment; filename=\"%s\"", name);
    mw_http_reply reply = {.status = 200,
                           .content_type = "text/csv; charset=utf-8; header=present",
                           .headers = {{"Content-Disposition", disposition}}};
    mw_http_source source = {.fill = bulk_fill, .done = bulk_done, .context = job};
    mw_http_reply_stream(call->http, &reply, source);
}

void mw_api_export_intervals(mw_api_call *call) {
    run(call, "intervals.csv", "device_id,channel,start_utc,seconds,value,quality,received_at\r\n",
        write_intervals);
}

void mw_api_export_registers(mw_api_call *call) {
    run(call, "registers.csv", "device_id,channel,at_utc,value\r\n", write_registers);
}
