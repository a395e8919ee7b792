/* SPDX-License-Identifier: Apache-2.0
 *
 * Consumption of one channel: as JSON, CSV and XLSX, all three from the same reading of the store.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/api/internal.h"
#include "platform/readings/consumption.h"

typedef struct span {
    mw_step step;
    const char *step_name;
    int64_t from;
    int64_t to;
    const mw_zone *zone;
    const char *zone_name;
    mw_layer layer;
    mw_utc as_of;
    const char *usage_point; /* NULL = of the meter */
    uint8_t obis[6];         /* of the usage point's channels */
    mw_utc since;            /* the first of them began; MW_UTC_NONE = not looked at */
} span;

static bool read_step(mw_api_call *call, span *out) {
    static const struct {
        const char *name;
        mw_step step;
    } steps[] = {{"hour", MW_STEP_INTERVAL},
                 {"day", MW_STEP_DAY},
                 {"month", MW_STEP_MONTH},
                 {"year", MW_STEP_YEAR}};
    const char *text = mw_http_query(call->http, "step");
    for (size_t i = 0; text != NULL && i < sizeof steps / sizeof steps[0]; i++) {
        if (strcmp(text, steps[i].name) == 0) {
            out->step = steps[i].step;
            out->step_name = steps[i].name;
            return true;
        }
    }
    mw_api_invalid(call, "step must be hour, day, month or year");
    return false;
}

/* A guest's span begins on the first whole day of the access. */
static bool guest_clip(mw_api_call *call, span *out) {
    if (mw_utc_is_none(call->guest_from))
        return true;
    int32_t second = 0;
    int64_t first = mw_zone_local_day(out->zone, call->guest_from, &second);
    first += second != 0;
    if (out->from < first)
        out->from = first;
    if (out->from < out->to)
        return true;
    mw_http_reply_problem(call->http, 403, "BEFORE_ACCESS",
                          "your access to this home begins after this span");
    return false;
}

/* Reads step, from, to, layer, as_of and the zone; answers itself when something is wrong. */
static bool read_span(mw_api_call *call, span *out) {
    *out = (span){.layer = MW_LAYER_FINAL, .since = MW_UTC_NONE};
    if (!mw_api_layer(call, &out->layer) || !mw_api_utc(call, "as_of", MW_UTC_NONE, &out->as_of) ||
        !read_step(call, out) || !mw_api_date(call, "from", &out->from) ||
        !mw_api_date(call, "to", &out->to))
        return false;
    if (out->from >= out->to) {
        mw_api_invalid(call, "from must be before to");
        return false;
    }
    mw_status s = mw_api_zone_of(call->api, &call->meter, &out->zone, &out->zone_name);
    if (s == MW_OK)
        return guest_clip(call, out);
    mw_http_reply_problem(call->http, 500, "TIME_ZONE",
                          "the time zone of the usage point is not known to this system");
    return false;
}

static mw_status read_points(mw_api_call *call, const span *sp, int64_t from, int64_t to,
                             mw_consumption *out) {
    mw_consumption_query q = {.tenant = call->tenant,
                              .zone = sp->zone,
                              .step = sp->step,
                              .from_day = from,
                              .to_day = to,
                              .layer = sp->layer,
                              .as_of = sp->as_of};
    if (sp->usage_point == NULL)
        return mw_consumption_of_channel(call->api->o.store, &q, &call->meter.channel, out);
    return mw_consumption_of_point(call->api->o.store, &q, sp->usage_point, sp->obis, out);
}

/* Reads the points of the request or answers itself. */
static bool points_of(mw_api_call *call, const span *sp, mw_consumption *out) {
    mw_status s = read_points(call, sp, sp->from, sp->to, out);
    if (s == MW_OK)
        return true;
    if (s == MW_RANGE)
        mw_api_invalid(call, "the span has too many steps");
    else
        mw_api_fail(call, s);
    return false;
}

static void put_points(mw_json *j, const mw_consumption *c) {
    mw_json_put_array(j, "points");
    for (size_t i = 0; i < c->n; i++) {
        const mw_consumption_point *p = &c->points[i];
        mw_json_object_begin(j);
        mw_json_put_utc(j, "start", p->start);
        mw_json_put_utc(j, "end", p->end);
        mw_json_key(j, "value");
        p->received > 0 ? mw_json_int(j, p->value) : mw_json_null(j);
        mw_json_put_uint(j, "expected", p->expected);
        mw_json_put_uint(j, "received", p->received);
        mw_api_put_quality(j, p->quality);
        mw_json_object_end(j);
    }
    mw_json_array_end(j);
}

static void put_date(mw_json *j, const char *key, int64_t day) {
    int32_t year = 0;
    uint8_t month = 0;
    uint8_t d = 0;
    char text[32];
    mw_date_of_days(day, &year, &month, &d);
    snprintf(text, sizeof text, "%04d-%02u-%02u", year, month, d);
    mw_json_put_text(j, key, text);
}

static void put_consumption(mw_json *j, mw_api_call *call, const span *sp, const mw_consumption *c,
                            const mw_consumption *previous) {
    const mw_store_channel *channel = &call->meter.channel;
    mw_json_object_begin(j);
    mw_json_put_text(j, "step", sp->step_name);
    mw_json_put_text(j, "unit", mw_unit_info_of(channel->unit)->symbol);
    mw_json_put_int(j, "scale", channel->scale);
    mw_json_put_text(j, "time_zone", sp->zone_name);
    put_date(j, "from", sp->from);
    put_date(j, "to", sp->to);
    mw_json_put_text(j, "layer", mw_api_layer_name(sp->layer));
    mw_json_put_utc(j, "as_of", sp->as_of);
    if (!mw_utc_is_none(sp->since))
        mw_json_put_utc(j, "since", sp->since);
    put_points(j, c);
    mw_json_put_int(j, "total", c->total);
    mw_json_put_bool(j, "complete", c->complete);
    if (previous != NULL) {
        mw_json_put_object(j, "previous");
        put_points(j, previous);
        mw_json_put_int(j, "total", previous->total);
        mw_json_object_end(j);
    }
    mw_json_object_end(j);
}

static void consumption_reply(mw_api_call *call, const span *asked);

typedef struct earliest {
    mw_api_call *call;
    mw_utc from;
    bool others; /* another meter hung there */
} earliest;

static mw_status earliest_take(void *ctx, const mw_store_installation *i) {
    earliest *e = ctx;
    mw_store_meter m;
    mw_status s = mw_store_meter_of_channel(e->call->api->o.store, e->call->tenant, i->channel, &m);
    if (s != MW_OK)
        return s == MW_NOT_FOUND ? MW_OK : s;
    if (memcmp(m.channel.obis, e->call->meter.channel.obis, sizeof m.channel.obis) != 0)
        return MW_OK;
    e->others = e->others || i->channel != e->call->meter.channel.channel;
    if (mw_utc_is_none(e->from) || i->from.us < e->from.us)
        e->from = i->from;
    return MW_OK;
}

/* ?place=true: what was measured where the meter hangs, by the meters before it too. */
static mw_status place_of(mw_api_call *call, span *sp) {
    const char *place = mw_http_query(call->http, "place");
    if (place == NULL || strcmp(place, "true") != 0 || call->meter.usage_point.id[0] == 0)
        return MW_OK;
    earliest e = {.call = call, .from = MW_UTC_NONE};
    mw_store_installation_query q = {
        .tenant = call->tenant, .usage_point = call->meter.usage_point.id, .as_of = MW_UTC_NONE};
    MW_TRY(mw_store_installations(call->api->o.store, &q, earliest_take, &e));
    if (!e.others)
        return MW_OK;
    sp->usage_point = call->meter.usage_point.id;
    memcpy(sp->obis, call->meter.channel.obis, sizeof sp->obis);
    sp->since = e.from;
    return MW_OK;
}

void mw_api_meter_consumption(mw_api_call *call) {
    span sp;
    if (!read_span(call, &sp))
        return;
    mw_status s = place_of(call, &sp);
    if (s == MW_OK)
        consumption_reply(call, &sp);
    else
        mw_api_fail(call, s);
}

/* Finds one channel that was installed there: it tells unit and zone. */
static mw_status first_with_obis(void *ctx, const mw_store_installation *i) {
    mw_api_call *call = ctx;
    uint8_t obis[6];
    memcpy(obis, call->meter.channel.obis, 6);
    if (call->meter.channel.channel != 0)
        return MW_OK;
    mw_store_meter m;
    MW_TRY(mw_store_meter_of_channel(call->api->o.store, call->tenant, i->channel, &m));
    if (memcmp(m.channel.obis, obis, 6) == 0)
        call->meter = m;
    return MW_OK;
}

void mw_api_point_consumption(mw_api_call *call) {
    mw_store *store = call->api->o.store;
    const char *point = mw_http_param(call->http, "point");
    const char *obis = mw_http_query(call->http, "obis");
    mw_store_usage_point u;
    char premise[MW_STORE_ID_MAX];
    memset(&call->meter, 0, sizeof call->meter);
    if (obis == NULL || mw_store_obis_parse(obis, call->meter.channel.obis) != MW_OK) {
        mw_api_invalid(call, "obis must be a code such as 8-0:1.0.0");
        return;
    }
    mw_store_installation_query q = {
        .tenant = call->tenant, .usage_point = point, .as_of = MW_UTC_NONE};
    mw_status s = mw_store_usage_point_get(store, call->tenant, point, &u, premise);
    if (s == MW_OK)
        s = mw_store_installations(store, &q, first_with_obis, call);
    if (s == MW_OK && (call->meter.channel.channel == 0 || !mw_api_in_area(call, point)))
        s = MW_NOT_FOUND;
    if (s == MW_NOT_FOUND) {
        mw_http_reply_problem(call->http, 404, "NOT_FOUND", "nothing of this code was ever there");
        return;
    }
    if (s != MW_OK) {
        mw_api_fail(call, s);
        return;
    }
    call->meter.usage_point = u;
    span sp;
    if (!read_span(call, &sp))
        return;
    sp.usage_point = point;
    memcpy(sp.obis, call->meter.channel.obis, 6);
    consumption_reply(call, &sp);
}

static void consumption_reply(mw_api_call *call, const span *asked) {
    span sp = *asked;
    mw_consumption now = {0};
    mw_consumption before = {0};
    const char *compare = mw_http_query(call->http, "compare");
    if (compare != NULL && strcmp(compare, "previous") != 0) {
        mw_api_invalid(call, "compare must be previous");
        return;
    }
    if (!points_of(call, &sp, &now))
        return;
    mw_status s = MW_OK;
    if (!mw_utc_is_none(call->guest_from))
        compare = NULL; /* the period before may be somebody else's */
    if (compare != NULL) {
        int64_t from = 0;
        int64_t to = 0;
        mw_consumption_previous(sp.from, sp.to, &from, &to);
        s = read_points(call, &sp, from, to, &before);
    }
    if (s == MW_OK) {
        mw_buffer b;
        mw_buffer_init(&b, 16 * 1024 * 1024);
        mw_json j = mw_json_of(&b);
        put_consumption(&j, call, &sp, &now, compare != NULL ? &before : NULL);
        mw_api_send_json(call, 200, &j, &b);
    } else {
        mw_api_fail(call, s);
    }
    mw_consumption_fini(&now);
    mw_consumption_fini(&before);
}

/* ---- files ---- */

static mw_export_row row_of(const span *sp, const mw_consumption_point *p,
                            char quality[MW_API_QUALITY_MAX]) {
    mw_api_quality_words(p->quality, quality);
    return (mw_export_row){.start = p->start,
                           .end = p->end,
                           .start_offset_s = mw_zone_offset_s(sp->zone, p->start),
                           .end_offset_s = mw_zone_offset_s(sp->zone, p->end),
                           .known = p->received > 0,
                           .value = p->value,
                           .expected = p->expected,
                           .received = p->received,
                           .quality = quality};
}

/* A file name of harmless characters: serial, step and dates. */
static void file_header(const mw_api_call *call, const span *sp, const char *extension,
                        char out[200]) {
    char serial[MW_STORE_SERIAL_MAX];
    mw_bytes_copy(serial, call->meter.device.serial, sizeof serial);
    for (char *c = serial; *c != 0; c++)
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-", *c) == NULL)
            *c = '_';
    int32_t year = 0;
    uint8_t month = 0;
    uint8_t day = 0;
    mw_date_of_days(sp->from, &year, &month, &day);
    snprintf(out, 200, "attachment; filename=\"%s-%u-%s-%04d-%02u-%02u.%s\"", serial,
             call->meter.channel.number, sp->step_name, year, month, day, extension);
}

/* A CSV file on its way to a client: the points are read, lines are written as they are taken. */
typedef struct csv_job {
    mw_store_meter meter;
    char obis[MW_STORE_OBIS_TEXT_MAX];
    mw_export_head head;
    span sp;
    mw_consumption points;
    size_t at;
    bool headed;
} csv_job;

static mw_export_head head_of(const mw_store_meter *m, const span *sp, const char *obis) {
    return (mw_export_head){.serial = m->device.serial,
                            .label = m->channel.label,
                            .obis = obis,
                            .address = m->usage_point.address,
                            .time_zone = sp->zone_name,
                            .step = sp->step_name,
                            .display = mw_display_of(m->channel.unit, m->channel.scale)};
}

static int64_t csv_fill(void *context, mw_span room) {
    csv_job *job = context;
    mw_writer w = mw_writer_of(room);
    if (!job->headed) {
        mw_export_csv_head(&job->head, &w);
        job->headed = true;
    }
    while (job->at < job->points.n && mw_writer_left(&w) >= MW_EXPORT_LINE_MAX) {
        char quality[MW_API_QUALITY_MAX];
        mw_export_row row = row_of(&job->sp, &job->points.points[job->at++], quality);
        mw_export_csv_row(&job->head, &row, &w);
    }
    return w.status == MW_OK ? (int64_t)w.at : -1;
}

static void csv_done(void *context) {
    csv_job *job = context;
    mw_consumption_fini(&job->points);
    free(job);
}

void mw_api_meter_export_csv(mw_api_call *call) {
    csv_job *job = calloc(1, sizeof *job);
    if (job == NULL) {
        mw_api_fail(call, MW_NOMEM);
        return;
    }
    if (!read_span(call, &job->sp) || !points_of(call, &job->sp, &job->points)) {
        csv_done(job);
        return;
    }
    char disposition[200];
    job->meter = call->meter;
    mw_store_obis_format(job->meter.channel.obis, job->obis);
    /* The zone's name lives in the call's meter; the job outlives the call. */
    if (job->sp.zone_name == call->meter.usage_point.time_zone)
        job->sp.zone_name = job->meter.usage_point.time_zone;
    job->head = head_of(&job->meter, &job->sp, job->obis);
    file_header(call, &job->sp, "csv", disposition);
    mw_http_reply reply = {.status = 200,
                           .content_type = "text/csv; charset=utf-8; header=present",
                           .headers = {{"Content-Disposition", disposition}}};
    mw_http_source source = {.fill = csv_fill, .done = csv_done, .context = job};
    mw_http_reply_stream(call->http, &reply, source);
}

static mw_status make_xlsx(mw_api_call *call, const span *sp, const mw_consumption *c,
                           mw_buffer *out) {
    size_t rows_n = c->n > 0 ? c->n : 1;
    mw_export_row *rows = calloc(rows_n, sizeof *rows);
    char(*words)[MW_API_QUALITY_MAX] = calloc(rows_n, sizeof *words);
    mw_status s = MW_NOMEM;
    if (rows != NULL && words != NULL) {
        char obis[MW_STORE_OBIS_TEXT_MAX];
        mw_store_obis_format(call->meter.channel.obis, obis);
        mw_export_head head = head_of(&call->meter, sp, obis);
        for (size_t i = 0; i < c->n; i++)
            rows[i] = row_of(sp, &c->points[i], words[i]);
        s = mw_export_xlsx(&head, rows, c->n, out);
    }
    free(rows);
    free(words);
    return s;
}

void mw_api_meter_export_xlsx(mw_api_call *call) {
    span sp;
    mw_consumption points = {0};
    if (!read_span(call, &sp) || !points_of(call, &sp, &points))
        return;
    mw_buffer file;
    mw_buffer_init(&file, 16 * 1024 * 1024);
    mw_status s = make_xlsx(call, &sp, &points, &file);
    if (s == MW_OK) {
        char disposition[200];
        file_header(call, &sp, "xlsx", disposition);
        mw_http_reply reply = {
            .status = 200,
            .content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            .body = mw_buffer_view(&file),
            .headers = {{"Content-Disposition", disposition}}};
        mw_http_reply_send(call->http, &reply);
    } else {
        mw_api_fail(call, s);
    }
    mw_buffer_fini(&file);
    mw_consumption_fini(&points);
}
