/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "platform/api/internal.h"

/* ---- answers ---- */

void mw_api_fail(mw_api_call *call, mw_status why) {
    if (why == MW_AGAIN && mw_fleets_park(call->api->fleets, call))
        return;
    switch (mw_status_class_of(why)) {
    case MW_CLASS_ENVIRONMENT:
    case MW_CLASS_LIMIT:
    case MW_CLASS_NONE: {
        static const char body[] =
            "{\"error\":{\"code\":\"UNAVAILABLE\",\"message\":\"not possible now, try later\"}}";
        mw_http_reply reply = {.status = 503,
                               .content_type = "application/json",
                               .body = mw_slice_of_str(body),
                               .headers = {{"Retry-After", "5"}}};
        mw_http_reply_send(call->http, &reply);
        return;
    }
    default:
        mw_http_reply_error(call->http, why, mw_status_text(why));
    }
}

void mw_api_invalid(mw_api_call *call, const char *message) {
    mw_http_reply_problem(call->http, 400, "INVALID", message);
}

void mw_api_send_json(mw_api_call *call, int status, mw_json *json, mw_buffer *buffer) {
    mw_status s = mw_json_done(json);
    if (s == MW_OK)
        mw_http_reply_json(call->http, status, mw_buffer_view(buffer));
    else
        mw_api_fail(call, s);
    mw_buffer_fini(buffer);
}

mw_json mw_api_object_begin(mw_buffer *out_buffer, size_t bytes_max) {
    mw_buffer_init(out_buffer, bytes_max);
    mw_json json = mw_json_of(out_buffer);
    mw_json_object_begin(&json);
    return json;
}

void mw_api_object_send(mw_api_call *call, int status, mw_json *json, mw_buffer *buffer) {
    mw_json_object_end(json);
    mw_api_send_json(call, status, json, buffer);
}

/* ---- parameters ---- */

/* Digits only, no sign or space, at most max. */
static mw_status parse_count(const char *text, int64_t max, int64_t *out_value) {
    size_t n = strlen(text);
    if (n == 0 || n > 18 || strspn(text, "0123456789") != n)
        return MW_SYNTAX;
    int64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v * 10 + (text[i] - '0');
    if (v > max)
        return MW_RANGE;
    *out_value = v;
    return MW_OK;
}

bool mw_api_limit(mw_api_call *call, uint32_t *out_limit) {
    const char *text = mw_http_query(call->http, "limit");
    int64_t v = 50;
    if (text != NULL && (parse_count(text, 200, &v) != MW_OK || v == 0)) {
        mw_api_invalid(call, "limit must be a number from 1 to 200");
        return false;
    }
    *out_limit = (uint32_t)v;
    return true;
}

bool mw_api_before(mw_api_call *call, int64_t *out_before) {
    const char *text = mw_http_query(call->http, "after");
    int64_t v = 0;
    if (text != NULL && (parse_count(text, INT64_MAX, &v) != MW_OK || v == 0)) {
        mw_api_invalid(call, "after must be the next of an earlier page");
        return false;
    }
    *out_before = v;
    return true;
}

mw_status mw_api_parse_date(mw_slice text, int64_t *out_day) {
    if (text.n != 10 || text.p[4] != '-' || text.p[7] != '-')
        return MW_SYNTAX;
    char digits[3][5] = {{0}};
    mw_bytes_copy(digits[0], text.p, 4);
    mw_bytes_copy(digits[1], text.p + 5, 2);
    mw_bytes_copy(digits[2], text.p + 8, 2);
    int64_t year = 0;
    int64_t month = 0;
    int64_t day = 0;
    if (strlen(digits[0]) != 4 || strlen(digits[1]) != 2 || strlen(digits[2]) != 2)
        return MW_SYNTAX;
    MW_TRY(parse_count(digits[0], 2200, &year));
    MW_TRY(parse_count(digits[1], 12, &month));
    MW_TRY(parse_count(digits[2], 31, &day));
    if (year < 1970)
        return MW_RANGE;
    mw_civil c = {.year = (int32_t)year, .month = (uint8_t)month, .day = (uint8_t)day};
    mw_utc unused;
    MW_TRY(mw_utc_of_civil(&c, &unused));
    *out_day = mw_days_of_date(c.year, c.month, c.day);
    return MW_OK;
}

bool mw_api_date(mw_api_call *call, const char *name, int64_t *out_day) {
    const char *text = mw_http_query(call->http, name);
    if (text != NULL && mw_api_parse_date(mw_slice_of_str(text), out_day) == MW_OK)
        return true;
    char message[80];
    snprintf(message, sizeof message, "%.20s must be a date such as 2026-01-31", name);
    mw_api_invalid(call, message);
    return false;
}

bool mw_api_utc(mw_api_call *call, const char *name, mw_utc absent, mw_utc *out_t) {
    const char *text = mw_http_query(call->http, name);
    if (text == NULL) {
        *out_t = absent;
        return true;
    }
    if (mw_utc_parse(mw_slice_of_str(text), out_t) == MW_OK)
        return true;
    char message[80];
    snprintf(message, sizeof message, "%.20s must be a time such as 2026-01-31T00:00:00Z", name);
    mw_api_invalid(call, message);
    return false;
}

static const char *const layer_names[MW_LAYERS] = {"raw", "validated", "final"};

const char *mw_api_layer_name(mw_layer layer) {
    return (unsigned)layer < MW_LAYERS ? layer_names[layer] : "";
}

bool mw_api_layer(mw_api_call *call, mw_layer *out_layer) {
    const char *text = mw_http_query(call->http, "layer");
    if (text == NULL)
        return true;
    for (int i = 0; i < MW_LAYERS; i++) {
        if (strcmp(text, layer_names[i]) == 0) {
            *out_layer = (mw_layer)i;
            return true;
        }
    }
    mw_api_invalid(call, "layer must be raw, validated or final");
    return false;
}

mw_status mw_api_parse_meter(mw_slice text, uint64_t *out_identity, uint8_t *out_n) {
    if (text.n < 18 || text.n > 20 || text.p[16] != '-')
        return MW_SYNTAX;
    static const char digits[] = "0123456789abcdef";
    uint64_t identity = 0;
    for (size_t i = 0; i < 16; i++) {
        const char *digit = memchr(digits, text.p[i], 16);
        if (digit == NULL)
            return MW_SYNTAX;
        identity = identity << 4 | (uint64_t)(digit - digits);
    }
    /* One spelling for each channel, so that caches and logs agree: no leading zeros. */
    if (text.p[17] == '0' && text.n > 18)
        return MW_SYNTAX;
    unsigned number = 0;
    for (size_t i = 17; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return MW_SYNTAX;
        number = number * 10 + (unsigned)(text.p[i] - '0');
    }
    if (number > UINT8_MAX)
        return MW_SYNTAX;
    *out_identity = identity;
    *out_n = (uint8_t)number;
    return MW_OK;
}

void mw_api_meter_id(const mw_store_meter *m, char out_text[MW_API_METER_ID_MAX]) {
    snprintf(out_text, MW_API_METER_ID_MAX, "%016llx-%u", (unsigned long long)m->device.identity,
             m->channel.number);
}

/* ---- shared pieces of JSON ---- */

static const struct {
    uint32_t bit;
    const char *word;
} qualities[] = {
    {MW_QUALITY_CLOCK_UNSET, "clock_unset"},
    {MW_QUALITY_CLOCK_UNCERTAIN, "clock_uncertain"},
    {MW_QUALITY_PARTIAL, "partial"},
    {MW_QUALITY_TAMPER, "tamper"},
    {MW_QUALITY_CONFLICT, "conflict"},
    {MW_QUALITY_ESTIMATED, "estimated"},
    {MW_QUALITY_EDITED, "edited"},
    {MW_QUALITY_VALIDATED, "validated"},
    {MW_QUALITY_VERIFIED, "verified"},
    {MW_QUALITY_DERIVED, "derived"},
    {MW_QUALITY_IMPORTED, "imported"},
    {MW_QUALITY_CUSTOMER, "customer"},
    {MW_QUALITY_OUTAGE, "outage"},
    {MW_QUALITY_DISCONNECTED, "disconnected"},
    {MW_QUALITY_VACANT, "vacant"},
    {MW_QUALITY_UNINSTALLED, "uninstalled"},
    {MW_QUALITY_NO_CONTRACT, "no_contract"},
    {MW_QUALITY_BATTERY, "battery"},
    {MW_QUALITY_MEMORY_ERROR, "memory_error"},
    {MW_QUALITY_MEASURE_ERROR, "measure_error"},
    {MW_QUALITY_SUSPECT, "suspect"},
    {MW_QUALITY_LOCKED, "locked"},
};
#define QUALITIES (sizeof qualities / sizeof qualities[0])

void mw_api_put_quality(mw_json *j, uint32_t quality) {
    mw_api_put_flags(j, "quality", quality);
}

void mw_api_put_flags(mw_json *j, const char *key, uint32_t quality) {
    mw_json_put_array(j, key);
    for (size_t i = 0; i < QUALITIES; i++)
        if (quality & qualities[i].bit)
            mw_json_text(j, qualities[i].word);
    mw_json_array_end(j);
}

void mw_api_quality_words(uint32_t quality, char out_text[MW_API_QUALITY_MAX]) {
    mw_writer w = mw_writer_of((mw_span){(uint8_t *)out_text, MW_API_QUALITY_MAX - 1});
    for (size_t i = 0; i < QUALITIES; i++) {
        if (!(quality & qualities[i].bit))
            continue;
        if (w.at > 0)
            mw_write_u8(&w, ' ');
        mw_write_str(&w, qualities[i].word);
    }
    out_text[w.at] = 0;
}

void mw_api_put_clock(mw_json *j, mw_api *api) {
    const mw_clock *clock = mw_loop_clock(api->o.loop);
    mw_json_put_utc(j, "now", mw_loop_utc(api->o.loop));
    mw_json_put_object(j, "clock");
    mw_json_put_text(j, "source", mw_clock_source(clock));
    mw_json_key(j, "factor");
    mw_json_decimal(j, mw_clock_factor_milli(clock), -3);
    mw_json_object_end(j);
}

mw_status mw_api_zone_of(mw_api *api, const mw_store_meter *m, const mw_zone **out_zone,
                         const char **out_name) {
    const char *name = m->usage_point.time_zone[0] != 0 ? m->usage_point.time_zone : "UTC";
    MW_TRY(mw_zones_get(api->o.zones, name, out_zone));
    *out_name = name;
    return MW_OK;
}

/* ---- pages ---- */

bool mw_api_page_begin(mw_api_call *call, mw_api_page *p, size_t bytes_max) {
    *p = (mw_api_page){.channel = &call->meter.channel, .since = {INT64_MIN}};
    if (!mw_utc_is_none(call->guest_from))
        p->since = call->guest_from;
    if (!mw_api_limit(call, &p->limit) || !mw_api_before(call, &p->before))
        return false;
    p->left = p->limit;
    mw_buffer_init(&p->buffer, bytes_max);
    p->json = mw_json_of(&p->buffer);
    mw_json_object_begin(&p->json);
    mw_json_put_array(&p->json, "items");
    return true;
}

bool mw_api_page_take(mw_api_page *p, int64_t cursor) {
    if (p->left == 0) {
        p->more = true;
        return false;
    }
    p->left--;
    p->last = cursor;
    return true;
}

void mw_api_page_end(mw_api_call *call, mw_api_page *p, mw_status s) {
    char next[24];
    if (s != MW_OK) {
        mw_buffer_fini(&p->buffer);
        mw_api_fail(call, s);
        return;
    }
    snprintf(next, sizeof next, "%lld", (long long)p->last);
    mw_json_array_end(&p->json);
    mw_json_put_text(&p->json, "next", p->more ? next : NULL);
    mw_json_object_end(&p->json);
    mw_api_send_json(call, 200, &p->json, &p->buffer);
}
