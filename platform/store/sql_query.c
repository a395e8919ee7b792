/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/store/content.h"
#include "platform/store/sql_internal.h"

static void meter_of_row(mw_sq_statement *st, int64_t tenant, mw_store_meter *m) {
    memset(m, 0, sizeof *m);
    mw_sq_channel_of_row(st, &m->channel);
    m->device.device = m->channel.device;
    m->device.identity = (uint64_t)mw_sq_get_int(st, 12);
    MW_SQ_TEXT_INTO(st, 13, m->device.serial);
    MW_SQ_TEXT_INTO(st, 14, m->device.model);
    m->device.network_address = (uint32_t)mw_sq_get_int(st, 15);
    MW_SQ_TEXT_INTO(st, 16, m->usage_point.id);
    MW_SQ_TEXT_INTO(st, 17, m->usage_point.address);
    MW_SQ_TEXT_INTO(st, 18, m->usage_point.time_zone);
    MW_SQ_TEXT_INTO(st, 19, m->usage_point.person);
    MW_SQ_TEXT_INTO(st, 20, m->person.id);
    MW_SQ_TEXT_INTO(st, 21, m->person.name);
    MW_SQ_TEXT_INTO(st, 22, m->person.login);
    m->installation.from = mw_sq_get_utc(st, 23);
    m->installation.to = mw_sq_get_utc(st, 24);
    m->installation.channel = mw_utc_is_none(m->installation.from) ? 0 : m->channel.channel;
    m->installation.has_initial_value = !mw_sq_is_null(st, 25);
    m->installation.initial_value = mw_sq_get_int(st, 25);
    memcpy(m->installation.usage_point, m->channel.usage_point, sizeof m->channel.usage_point);
    m->reading_at = mw_sq_get_utc(st, 26);
    m->has_reading = !mw_utc_is_none(m->reading_at);
    m->reading_value = mw_sq_get_int(st, 27);
    m->state = (mw_store_device_state){.tenant = tenant,
                                       .device = m->channel.device,
                                       .key_epoch = (uint32_t)mw_sq_get_int(st, 28),
                                       .newest_counter = (uint32_t)mw_sq_get_int(st, 29),
                                       .frames = mw_sq_get_int(st, 30),
                                       .duplicates = mw_sq_get_int(st, 31),
                                       .replays = mw_sq_get_int(st, 32),
                                       .last_seen = mw_sq_get_utc(st, 33),
                                       .level_cdbm = (int32_t)mw_sq_get_int(st, 34),
                                       .snr_cdb = (int32_t)mw_sq_get_int(st, 35),
                                       .has_clock_offset = !mw_sq_is_null(st, 36),
                                       .clock_offset_ms = mw_sq_get_int(st, 36),
                                       .status = (uint32_t)mw_sq_get_int(st, 37)};
}

void mw_store_meter_cursor(const mw_store_meter *m, mw_store_sort sort,
                           char out_text[MW_STORE_CURSOR_MAX]) {
    if (sort == MW_STORE_SORT_SERIAL) {
        snprintf(out_text, MW_STORE_CURSOR_MAX, "%" PRId64 ":%s", m->channel.channel,
                 m->device.serial);
        return;
    }
    int64_t seen = mw_utc_is_none(m->state.last_seen) ? 0 : m->state.last_seen.us;
    snprintf(out_text, MW_STORE_CURSOR_MAX, "%" PRId64 ":%" PRId64, m->channel.channel, -seen);
}

/* Takes a cursor apart: channel, then the sort key. */
static mw_status cursor_parse(const char *text, mw_store_sort sort, mw_sq_value *out_key,
                              mw_sq_value *out_channel) {
    *out_channel = (mw_sq_value){.type = MW_SQ_NULL};
    *out_key = sort == MW_STORE_SORT_SERIAL ? mw_sq_text(NULL) : *out_channel;
    if (text == NULL || *text == 0)
        return MW_OK;
    char *end = NULL;
    int64_t channel = strtoll(text, &end, 10);
    if (end == text || *end != ':' || strlen(end + 1) >= MW_STORE_SERIAL_MAX)
        return MW_SYNTAX;
    *out_channel = mw_sq_int(channel);
    if (sort == MW_STORE_SORT_SERIAL) {
        *out_key = mw_sq_text(end + 1);
        return MW_OK;
    }
    char *last = NULL;
    int64_t seen = strtoll(end + 1, &last, 10);
    if (last == end + 1 || *last != 0)
        return MW_SYNTAX;
    *out_key = mw_sq_int(seen);
    return MW_OK;
}

/* "%text%" with the wildcards of LIKE escaped; MW_RANGE when too long. */
static mw_status like_pattern(const char *search, char *out, size_t size) {
    size_t n = 0;
    out[n++] = '%';
    for (const char *p = search; *p != 0; p++) {
        if (n + 4 > size)
            return MW_RANGE;
        if (*p == '%' || *p == '_' || *p == '\\')
            out[n++] = '\\';
        out[n++] = *p;
    }
    out[n++] = '%';
    out[n] = 0;
    return MW_OK;
}

/* What a page of meters is asked for, as bound values. */
typedef struct meter_page {
    int64_t tenant;
    mw_sq_value like, medium, person, key, channel, area, now;
    uint32_t limit;
    mw_store_on_meter each;
    void *ctx;
    uint32_t given;
} meter_page;

static mw_status page_run(mw_sq *q, mw_sq_id id, meter_page *p) {
    if (p->given == p->limit)
        return MW_OK;
    mw_sq_value values[] = {
        mw_sq_int(p->tenant),           p->like, p->medium, p->person, p->key, p->channel,
        mw_sq_int(p->limit - p->given), p->area, p->now};
    mw_sq_statement *st = NULL;
    MW_TRY(mw_sq_bind(q, id, values, sizeof values / sizeof values[0], &st));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_meter m;
        meter_of_row(st, p->tenant, &m);
        p->given++;
        status = p->each(p->ctx, &m);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

/* Those that were heard by the index of last_seen, then those that never were. */
static mw_status page_by_seen(mw_sq *q, meter_page *p) {
    bool among_unseen = p->key.type == MW_SQ_INT && p->key.number == 0;
    if (!among_unseen) {
        MW_TRY(page_run(q, MW_SQ_METERS_SEEN, p));
        p->key = p->channel = (mw_sq_value){.type = MW_SQ_NULL};
    }
    return page_run(q, MW_SQ_METERS_UNSEEN, p);
}

mw_status mw_sq_op_meters(mw_store *s, const mw_store_meter_query *query, mw_store_on_meter each,
                          void *ctx, int64_t *out_total) {
    mw_sq *q = mw_sq_of(s);
    if (!mw_sq_limit_ok(query->limit))
        return MW_RANGE;
    char pattern[MW_STORE_TEXT_MAX];
    bool all = query->search == NULL || *query->search == 0;
    if (!all)
        MW_TRY(like_pattern(query->search, pattern, sizeof pattern));
    bool any_medium = query->medium == NULL || *query->medium == 0;
    bool own = query->person != NULL, by_serial = query->sort == MW_STORE_SORT_SERIAL;
    meter_page p = {.tenant = query->tenant,
                    .like = mw_sq_text(all ? NULL : pattern),
                    .medium = mw_sq_text(any_medium ? NULL : query->medium),
                    .person = mw_sq_text(query->person),
                    .area = mw_sq_text(query->area),
                    .now = mw_sq_utc(query->now),
                    .limit = query->limit,
                    .each = each,
                    .ctx = ctx};
    MW_TRY(cursor_parse(query->after, query->sort, &p.key, &p.channel));
    mw_sq_id count =
        own ? MW_SQ_METERS_TOTAL_OF_PERSON : (all ? MW_SQ_METERS_TOTAL : MW_SQ_METERS_TOTAL_FOUND);
    if (query->area != NULL && count == MW_SQ_METERS_TOTAL)
        count = MW_SQ_METERS_TOTAL_FOUND;
    mw_sq_value none = {.type = MW_SQ_NULL};
    mw_sq_value filters[] = {
        mw_sq_int(p.tenant), p.like, p.medium, p.person, none, none, none, p.area, p.now};
    int64_t total = 0;
    bool all_of_tenant = count == MW_SQ_METERS_TOTAL;
    MW_TRY(mw_sq_number(q, count, filters, all_of_tenant ? 4 : 9, &total));
    if (own)
        MW_TRY(page_run(
            q, by_serial ? MW_SQ_METERS_OF_PERSON_BY_SERIAL : MW_SQ_METERS_OF_PERSON_BY_SEEN, &p));
    else if (by_serial)
        MW_TRY(page_run(q, MW_SQ_METERS_BY_SERIAL, &p));
    else
        MW_TRY(page_by_seen(q, &p));
    *out_total = total;
    return MW_OK;
}

static mw_status meter_one(mw_sq_statement *st, int64_t tenant, mw_store_meter *out_meter) {
    MW_TRY(mw_sq_step(st));
    meter_of_row(st, tenant, out_meter);
    mw_sq_reset(st);
    return MW_OK;
}

mw_status mw_sq_op_meter_get(mw_store *s, int64_t tenant, uint64_t identity, uint8_t number,
                             mw_store_meter *out_meter) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), METER_GET, &st, mw_sq_int(tenant), mw_sq_u64(identity),
                      mw_sq_int(number)));
    return meter_one(st, tenant, out_meter);
}

mw_status mw_sq_op_meter_of_channel(mw_store *s, int64_t tenant, int64_t channel,
                                    mw_store_meter *out_meter) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), METER_OF_CHANNEL, &st, mw_sq_int(tenant), mw_sq_int(channel)));
    return meter_one(st, tenant, out_meter);
}

mw_status mw_sq_registers_give(mw_sq_statement *st, mw_store_on_register each, void *ctx) {
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_register r = {.id = mw_sq_get_int(st, 0),
                               .tenant = mw_sq_get_int(st, 1),
                               .channel = mw_sq_get_int(st, 2),
                               .meter = mw_sq_get_utc(st, 4),
                               .received = mw_sq_get_utc(st, 5),
                               .stored = mw_sq_get_utc(st, 6),
                               .value = mw_sq_get_int(st, 7),
                               .quality = (uint32_t)mw_sq_get_int(st, 8),
                               .journal = mw_sq_get_int(st, 9)};
        mw_sq_obis_of_number(mw_sq_get_int(st, 3), r.obis);
        status = each(ctx, &r);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_registers(mw_store *s, int64_t tenant, int64_t channel, int64_t before,
                             uint32_t limit, mw_store_on_register each, void *ctx) {
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), REGISTERS, &st, mw_sq_int(tenant), mw_sq_int(channel),
                      mw_sq_int(before == 0 ? INT64_MAX : before), mw_sq_int(limit)));
    return mw_sq_registers_give(st, each, ctx);
}

mw_status mw_sq_op_registers_newest(mw_store *s, int64_t tenant, int64_t channel,
                                    mw_store_on_register each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), REGISTERS_NEWEST, &st, mw_sq_int(tenant), mw_sq_int(channel)));
    return mw_sq_registers_give(st, each, ctx);
}

mw_status mw_sq_op_registers_all(mw_store *s, int64_t tenant, mw_utc from, mw_utc to,
                                 mw_store_on_register each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), REGISTERS_ALL, &st, mw_sq_int(tenant), mw_sq_int(from.us),
                      mw_sq_int(to.us)));
    return mw_sq_registers_give(st, each, ctx);
}

mw_status mw_sq_op_feed(mw_store *s, int64_t tenant, int64_t after, uint32_t limit,
                        mw_store_on_register each, void *ctx) {
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    mw_sq_statement *st = NULL;
    MW_TRY(
        MW_SQ_BIND(mw_sq_of(s), FEED, &st, mw_sq_int(tenant), mw_sq_int(after), mw_sq_int(limit)));
    return mw_sq_registers_give(st, each, ctx);
}

static void content_into(mw_slice content, const char *name, char *out, size_t size) {
    mw_slice text = mw_content_text(content, name);
    snprintf(out, size, "%.*s", (int)text.n, text.n == 0 ? "" : (const char *)text.p);
}

mw_status mw_sq_op_receptions(mw_store *s, int64_t tenant, int64_t device, int64_t before,
                              uint32_t limit, mw_store_on_reception each, void *ctx) {
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), RECEPTIONS, &st, mw_sq_int(tenant), mw_sq_int(device),
                      mw_sq_int(before == 0 ? INT64_MAX : before), mw_sq_int(limit)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_slice content = mw_sq_get_blob(st, 6);
        mw_store_reception r = {.tenant = tenant,
                                .device = device,
                                .journal = mw_sq_get_int(st, 0),
                                .received = mw_sq_get_utc(st, 2),
                                .stored = mw_sq_get_utc(st, 3),
                                .frequency_mhz = mw_content_number(content, "frequency_mhz"),
                                .level_cdbm = (int32_t)mw_content_number(content, "level_cdbm"),
                                .snr_cdb = (int32_t)mw_content_number(content, "snr_cdb"),
                                .counter = (uint32_t)mw_sq_get_int(st, 4),
                                .duplicate = mw_sq_get_int(st, 5) != 0};
        MW_SQ_TEXT_INTO(st, 1, r.sender);
        mw_slice payload = mw_content_text(content, "payload");
        r.bytes = (uint16_t)(payload.n / 2);
        content_into(content, "rate", r.rate, sizeof r.rate);
        content_into(content, "size", r.size, sizeof r.size);
        status = each(ctx, &r);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_events(mw_store *s, int64_t tenant, int64_t device, int64_t before,
                          uint32_t limit, mw_store_on_event each, void *ctx) {
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), EVENTS, &st, mw_sq_int(tenant), mw_sq_int(device),
                      mw_sq_int(before == 0 ? INT64_MAX : before), mw_sq_int(limit)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_event e = {.id = mw_sq_get_int(st, 0),
                            .tenant = tenant,
                            .device = device,
                            .code = (uint16_t)mw_sq_get_int(st, 1),
                            .meter = mw_sq_get_utc(st, 2),
                            .received = mw_sq_get_utc(st, 3),
                            .detail = mw_sq_get_int(st, 4),
                            .journal = mw_sq_get_int(st, 5)};
        status = each(ctx, &e);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_signs(mw_store *s, int64_t tenant, int64_t before, uint32_t limit,
                         mw_store_on_sign each, void *ctx) {
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), SIGNS, &st, mw_sq_int(tenant),
                      mw_sq_int(before == 0 ? INT64_MAX : before), mw_sq_int(limit)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_sign a = {.id = mw_sq_get_int(st, 0),
                           .tenant = mw_sq_get_int(st, 1),
                           .first_at = mw_sq_get_utc(st, 5),
                           .last_at = mw_sq_get_utc(st, 6),
                           .count = mw_sq_get_int(st, 7),
                           .from_decode = mw_sq_get_int(st, 8) != 0};
        MW_SQ_TEXT_INTO(st, 2, a.kind);
        MW_SQ_TEXT_INTO(st, 3, a.subject);
        MW_SQ_TEXT_INTO(st, 4, a.text);
        status = each(ctx, &a);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_health_list(mw_store *s, int64_t tenant, int64_t device, int64_t before,
                               uint32_t limit, mw_store_on_health each, void *ctx) {
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), HEALTH, &st, mw_sq_int(tenant), mw_sq_int(device),
                      mw_sq_int(before == 0 ? INT64_MAX : before), mw_sq_int(limit)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        int64_t firmware = mw_sq_get_int(st, 6);
        mw_store_health h = {
            .tenant = tenant,
            .device = device,
            .journal = mw_sq_get_int(st, 0),
            .received = mw_sq_get_utc(st, 1),
            .battery_mv = (uint16_t)mw_sq_get_int(st, 2),
            .has_temperature = !mw_sq_is_null(st, 3),
            .temperature_dc = (int16_t)mw_sq_get_int(st, 3),
            .resets = (uint16_t)mw_sq_get_int(st, 4),
            .airtime_ds = (uint16_t)mw_sq_get_int(st, 5),
            .firmware = {(uint8_t)(firmware >> 16), (uint8_t)(firmware >> 8), (uint8_t)firmware},
            .has_drift = !mw_sq_is_null(st, 7),
            .drift_dppm = (int16_t)mw_sq_get_int(st, 7),
            .battery_level = (uint8_t)mw_sq_get_int(st, 8)};
        status = each(ctx, &h);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}
