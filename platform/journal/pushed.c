/* SPDX-License-Identifier: Apache-2.0
 *
 * What a DLMS meter pushed, from the plain data-notification to channels. The body says itself what
 * it carries: its first element is the push object list, {class, OBIS, attribute, index} for each
 * value that follows (the list may name itself as the first). Read are
 *
 *   8  clock, 2           the moment of the registers; else the notification's date-time
 *   3  register, 2 and 3  of the channel with this OBIS code; scaler and unit, else the channel's
 *   7  profile, 2, 3, 4   rows of load profiles; the columns, and the period in seconds
 *                         energy of the interval (D = 29) makes intervals, a register (D = 8)
 *                         readings; rows of the event logs 0-0:99.98.n make events
 *
 * Values without a channel are left in the journal.
 *
 * An event-notification is one attribute: 2 of a register, read as above, or of the code of an event
 * log (class 1, 0-b:96.11.n), an event of log n. Without a time of its own it is of when it came.
 */
#include <stdlib.h>

#include "platform/journal/decode_internal.h"
#include "protocols/cosem/apdu.h"
#include "protocols/cosem/values.h"

enum {
    COLUMNS_MAX = 40, /* of a push, and of a profile */
    RUN_MAX = 1024,
    DAY_S = 86400,
    CLASS_DATA = 1,
    CLASS_REGISTER = 3,
    CLASS_PROFILE = 7,
    CLASS_CLOCK = 8,
    CLASS_PUSH = 40,
    D_REGISTER = 8,
    D_INTERVAL = 29,
};

typedef struct column {
    uint16_t class_id;
    mw_obis name;
    int8_t attribute;
    bool has_scaler; /* of registers, from attribute 3 */
    int8_t scaler;
    mw_unit unit;
} column;

typedef struct columns {
    size_t n;
    column c[COLUMNS_MAX];
} columns;

typedef struct pushed {
    mw_decoder *d;
    const mw_store_envelope *envelope;
    const mw_registry_entry *entry;
    mw_decode_device *device;
    columns list;
    mw_utc at; /* of the registers */
    uint32_t quality;
    columns capture; /* of the profile that comes next */
    uint32_t period_s;
    size_t run_n;
    int64_t run_channel;
    mw_store_interval run[RUN_MAX];
} pushed;

/* ---- lists of attributes ---- */

static mw_status expect(mw_cosem_cursor *c, mw_cosem_tag tag, mw_cosem_value *out_value) {
    MW_TRY(mw_cosem_cursor_next(c, out_value));
    return out_value->tag == tag ? MW_OK : MW_SYNTAX;
}

/* {class, OBIS, attribute, index}: an entry of a push object list or of capture objects. */
static mw_status column_read(mw_cosem_cursor *c, column *out) {
    mw_cosem_value v;
    MW_TRY(expect(c, MW_COSEM_STRUCTURE, &v));
    if (v.count < 4)
        return MW_SYNTAX;
    uint32_t more = v.count - 4;
    MW_TRY(expect(c, MW_COSEM_UINT16, &v));
    *out = (column){.class_id = (uint16_t)v.number};
    MW_TRY(expect(c, MW_COSEM_OCTET_STRING, &v));
    MW_TRY(mw_obis_of_bytes(v.bytes, &out->name));
    MW_TRY(expect(c, MW_COSEM_INT8, &v));
    out->attribute = (int8_t)v.number;
    MW_TRY(expect(c, MW_COSEM_UINT16, &v));
    for (; more > 0; more--) { /* restrictions of newer versions */
        MW_TRY(mw_cosem_cursor_next(c, &v));
        MW_TRY(mw_cosem_cursor_skip(c, &v));
    }
    return MW_OK;
}

/* The elements of an array that was just begun. */
static mw_status columns_read(mw_cosem_cursor *c, uint32_t count, columns *out) {
    if (count > COLUMNS_MAX)
        return MW_LIMIT;
    out->n = 0;
    for (uint32_t i = 0; i < count; i++)
        MW_TRY(column_read(c, &out->c[out->n++]));
    return MW_OK;
}

/* ---- time and channels ---- */

static uint32_t quality_of(const mw_cosem_datetime *dt) {
    if (dt->status == MW_COSEM_CLOCK_NO_STATUS)
        return 0;
    return ((dt->status & MW_COSEM_CLOCK_INVALID) != 0 ? (uint32_t)MW_QUALITY_CLOCK_UNSET : 0) |
           ((dt->status & MW_COSEM_CLOCK_DOUBTFUL) != 0 ? (uint32_t)MW_QUALITY_CLOCK_UNCERTAIN : 0);
}

static mw_status moment_of(mw_slice bytes, mw_utc *out_at, uint32_t *out_quality) {
    mw_cosem_datetime dt;
    MW_TRY(mw_cosem_datetime_decode(bytes, &dt));
    MW_TRY(mw_cosem_datetime_utc(&dt, MW_COSEM_NO_DEVIATION, out_at));
    *out_quality = quality_of(&dt);
    return MW_OK;
}

/* The channel whose register has this code, whatever its D (register or interval) and its B:
 * meters number their abstract channel 0 or 1. */
static const mw_store_channel *channel_of(const pushed *p, mw_obis name) {
    for (size_t i = 0; i < p->entry->channels; i++) {
        const uint8_t *o = p->entry->channel[i].obis;
        if (o[0] == name.b[0] && o[2] == name.b[2] && o[3] == D_REGISTER && o[4] == name.b[4])
            return &p->entry->channel[i];
    }
    return NULL;
}

/* Into the channel's unit and scale, exactly. MW_RANGE when that cannot be. */
static mw_status scaled(const mw_store_channel *ch, const column *c, int64_t value,
                        int64_t *out_value) {
    int shift = 0;
    if (c->has_scaler) {
        if (c->unit != ch->unit)
            return MW_RANGE;
        shift = c->scaler - ch->scale;
    }
    for (; shift > 0; shift--)
        if (__builtin_mul_overflow(value, INT64_C(10), &value))
            return MW_RANGE;
    for (; shift < 0; shift++) {
        if (value % 10 != 0)
            return MW_RANGE;
        value /= 10;
    }
    *out_value = value;
    return MW_OK;
}

/* ---- storing ---- */

static mw_status register_store(pushed *p, const mw_store_channel *ch, mw_utc at, int64_t value,
                                uint32_t quality) {
    const mw_store_envelope *e = p->envelope;
    mw_store_register r = {.tenant = e->tenant,
                           .channel = ch->channel,
                           .meter = at,
                           .received = e->received,
                           .stored = e->stored,
                           .value = value,
                           .quality = quality,
                           .journal = e->id};
    bool unset = (quality & (uint32_t)MW_QUALITY_CLOCK_UNSET) != 0;
    if (unset || at.us - e->received.us > MW_DECODE_AHEAD_S * MW_US_PER_S) {
        r.quality |= MW_QUALITY_CLOCK_UNCERTAIN;
        r.meter = e->received;
    }
    mw_bytes_copy(r.obis, ch->obis, sizeof r.obis);
    MW_TRY(mw_store_register_append(p->d->store, &r));
    return mw_decode_count_add(p->d, e, "decode.readings", 1);
}

static mw_status run_flush(pushed *p) {
    size_t n = p->run_n;
    p->run_n = 0;
    if (n == 0)
        return MW_OK;
    MW_TRY(mw_store_run_append(p->d->store, p->envelope->tenant, p->run_channel, p->run, n));
    return mw_decode_count_add(p->d, p->envelope, "decode.readings", (int64_t)n);
}

/* A run lies in one UTC day of one channel and ascends. */
static mw_status interval_add(pushed *p, const mw_store_channel *ch, const mw_store_interval *row) {
    if (p->run_n > 0) {
        const mw_store_interval *last = &p->run[p->run_n - 1];
        bool same_day = mw_utc_floor_s(last->start) / DAY_S == mw_utc_floor_s(row->start) / DAY_S;
        if (p->run_channel != ch->channel || !same_day || last->start.us >= row->start.us ||
            p->run_n == RUN_MAX)
            MW_TRY(run_flush(p));
    }
    p->run_channel = ch->channel;
    p->run[p->run_n++] = *row;
    return MW_OK;
}

static mw_status interval_store(pushed *p, const mw_store_channel *ch, mw_utc end, int64_t value,
                                uint32_t quality) {
    const mw_store_envelope *e = p->envelope;
    if (p->period_s == 0 || p->period_s > DAY_S || value < 0 ||
        (quality & (uint32_t)MW_QUALITY_CLOCK_UNSET) != 0 ||
        end.us - e->received.us > MW_DECODE_AHEAD_S * MW_US_PER_S)
        return mw_decode_count_add(p->d, e, "decode.malformed", 1);
    uint32_t offset = 0;
    if (ch->grid_seconds != p->period_s || ch->grid_offset_s != offset)
        MW_TRY(mw_store_channel_grid_set(p->d->store, e->tenant, ch->channel, p->period_s, offset));
    mw_store_interval row = {.start = {end.us - (int64_t)p->period_s * MW_US_PER_S},
                             .seconds = p->period_s,
                             .quality = quality,
                             .value = value,
                             .received = e->received,
                             .journal = e->id};
    return interval_add(p, ch, &row);
}

/* ---- profiles ---- */

/* One value of a row of a load profile. */
static mw_status cell_store(pushed *p, const column *c, const mw_cosem_value *v, mw_utc at,
                            uint32_t quality, unsigned d_group) {
    int64_t value = 0;
    if (c->class_id != CLASS_REGISTER || c->attribute != 2 || c->name.b[3] != d_group)
        return MW_OK;
    const mw_store_channel *ch = channel_of(p, c->name);
    if (ch == NULL || !mw_cosem_value_is_number(v))
        return MW_OK;
    if (mw_cosem_value_int64(v, &value) != MW_OK || scaled(ch, c, value, &value) != MW_OK)
        return mw_decode_count_add(p->d, p->envelope, "decode.malformed", 1);
    if (d_group == D_REGISTER)
        return register_store(p, ch, at, value, quality);
    return interval_store(p, ch, at, value, quality);
}

static mw_status event_store(pushed *p, uint8_t log, mw_utc at, int64_t code) {
    mw_store_event row = {.tenant = p->envelope->tenant,
                          .device = p->entry->device.device,
                          .code = (uint16_t)(MW_STORE_EVENT_LOGGED + log * 256 + (code & 0xFF)),
                          .meter = at,
                          .received = p->envelope->received,
                          .detail = code,
                          .journal = p->envelope->id};
    return mw_store_event_append(p->d->store, &row);
}

static bool is_event_log(mw_obis name) {
    return name.b[0] == 0 && name.b[2] == 99 && name.b[3] == 98;
}

/* A row of one profile, whose columns are known. The clock comes first. */
static mw_status row_store(pushed *p, const column *profile, mw_cosem_cursor *c,
                           const mw_cosem_value *row) {
    mw_utc at = MW_UTC_NONE;
    uint32_t quality = 0;
    if (row->tag != MW_COSEM_STRUCTURE || row->count != p->capture.n)
        return MW_SYNTAX;
    for (size_t i = 0; i < p->capture.n; i++) {
        const column *k = &p->capture.c[i];
        mw_cosem_value v;
        MW_TRY(mw_cosem_cursor_next(c, &v));
        if (k->class_id == CLASS_CLOCK && v.bytes.n == MW_COSEM_DATETIME_BYTES) {
            if (moment_of(v.bytes, &at, &quality) != MW_OK)
                at = MW_UTC_NONE;
        } else if (!mw_utc_is_none(at) && is_event_log(profile->name)) {
            if (i == 1 && mw_cosem_value_is_number(&v))
                MW_TRY(event_store(p, profile->name.b[4], at, v.number));
        } else if (!mw_utc_is_none(at)) {
            MW_TRY(cell_store(p, k, &v, at, quality, D_REGISTER));
            MW_TRY(cell_store(p, k, &v, at, quality, D_INTERVAL));
        }
        MW_TRY(mw_cosem_cursor_skip(c, &v));
    }
    return MW_OK;
}

static mw_status profile_take(pushed *p, const column *profile, mw_cosem_cursor *c,
                              const mw_cosem_value *v) {
    mw_status s = MW_OK;
    switch (profile->attribute) {
    case 2:
        for (uint32_t i = 0; s == MW_OK && i < v->count; i++) {
            mw_cosem_value row;
            MW_TRY(mw_cosem_cursor_next(c, &row));
            s = row_store(p, profile, c, &row);
        }
        MW_TRY(s);
        return run_flush(p);
    case 3:
        return columns_read(c, v->count, &p->capture);
    case 4:
        p->period_s = v->number > 0 && v->number <= DAY_S ? (uint32_t)v->number : 0;
        return MW_OK;
    default:
        return mw_cosem_cursor_skip(c, v);
    }
}

/* ---- the body ---- */

static mw_status register_take(pushed *p, const column *k, const mw_cosem_value *v) {
    return k->attribute == 2 ? cell_store(p, k, v, p->at, p->quality, D_REGISTER) : MW_OK;
}

/* Scalers stand beside their values, in any order: they are read first. */
static mw_status scaler_take(pushed *p, const column *k, mw_cosem_cursor *c) {
    mw_cosem_value scaler, unit;
    mw_unit known;
    MW_TRY(mw_cosem_cursor_next(c, &scaler));
    MW_TRY(mw_cosem_cursor_next(c, &unit));
    if (scaler.number < -9 || scaler.number > 9 || unit.number < 0 || unit.number > 255 ||
        mw_cosem_unit_of((uint8_t)unit.number, &known) != MW_OK)
        return MW_OK;
    for (size_t i = 0; i < p->list.n; i++) {
        column *to = &p->list.c[i];
        if (to->class_id == CLASS_REGISTER && mw_obis_equal(to->name, k->name)) {
            to->has_scaler = true;
            to->scaler = (int8_t)scaler.number;
            to->unit = known;
        }
    }
    return MW_OK;
}

static mw_status value_look(pushed *p, const column *k, mw_cosem_cursor *c,
                            const mw_cosem_value *v) {
    if (k->class_id == CLASS_REGISTER && k->attribute == 3 && v->tag == MW_COSEM_STRUCTURE &&
        v->count == 2)
        return scaler_take(p, k, c);
    if (k->class_id == CLASS_CLOCK && k->attribute == 2 &&
        moment_of(v->bytes, &p->at, &p->quality) != MW_OK)
        p->at = MW_UTC_NONE;
    return mw_cosem_cursor_skip(c, v);
}

static mw_status value_take(pushed *p, const column *k, mw_cosem_cursor *c,
                            const mw_cosem_value *v) {
    bool profile = k->class_id == CLASS_PROFILE;
    bool array = v->tag == MW_COSEM_ARRAY;
    if (profile && (k->attribute == 4 ? mw_cosem_value_is_number(v) : array))
        return profile_take(p, k, c, v);
    if (k->class_id == CLASS_REGISTER && !mw_utc_is_none(p->at))
        MW_TRY(register_take(p, k, v));
    return mw_cosem_cursor_skip(c, v);
}

/* Walks the values behind the list. */
static mw_status walk(pushed *p, mw_slice body,
                      mw_status (*each)(pushed *, const column *, mw_cosem_cursor *,
                                        const mw_cosem_value *)) {
    mw_cosem_cursor c = mw_cosem_cursor_of(body, 0);
    mw_cosem_value v;
    MW_TRY(expect(&c, MW_COSEM_STRUCTURE, &v));
    uint32_t values = v.count;
    if (values == 0)
        return MW_UNSUPPORTED;
    MW_TRY(mw_cosem_cursor_next(&c, &v));
    if (v.tag != MW_COSEM_ARRAY)
        return MW_UNSUPPORTED;
    MW_TRY(mw_cosem_cursor_skip(&c, &v));
    size_t i = p->list.n > 0 && p->list.c[0].class_id == CLASS_PUSH ? 1 : 0;
    if (values - 1 != p->list.n - i)
        return MW_SYNTAX;
    for (; i < p->list.n; i++) {
        MW_TRY(mw_cosem_cursor_next(&c, &v));
        MW_TRY(each(p, &p->list.c[i], &c, &v));
    }
    return MW_OK;
}

static mw_status list_read(pushed *p, mw_slice body) {
    mw_cosem_cursor c = mw_cosem_cursor_of(body, 0);
    mw_cosem_value v;
    MW_TRY(expect(&c, MW_COSEM_STRUCTURE, &v));
    MW_TRY(mw_cosem_cursor_next(&c, &v));
    if (v.tag != MW_COSEM_ARRAY)
        return MW_UNSUPPORTED;
    return columns_read(&c, v.count, &p->list);
}

static void time_take(pushed *p, mw_slice time) {
    p->at = MW_UTC_NONE;
    if (time.n == MW_COSEM_DATETIME_BYTES && moment_of(time, &p->at, &p->quality) != MW_OK)
        p->at = MW_UTC_NONE;
}

static mw_status notification_take(pushed *p, const mw_cosem_apdu *a) {
    mw_slice body = a->item.data;
    time_take(p, a->time);
    MW_TRY(list_read(p, body));
    MW_TRY(walk(p, body, value_look));
    return walk(p, body, value_take);
}

static bool is_event_code(mw_obis name) {
    return name.b[0] == 0 && name.b[2] == 96 && name.b[3] == 11;
}

static mw_status event_take(pushed *p, const mw_cosem_apdu *a) {
    const mw_cosem_item *i = &a->item;
    column k = {.class_id = i->class_id, .name = i->name, .attribute = i->member};
    mw_cosem_cursor c = mw_cosem_cursor_of(i->data, 0);
    mw_cosem_value v;
    MW_TRY(mw_cosem_cursor_next(&c, &v));
    time_take(p, a->time);
    if (mw_utc_is_none(p->at))
        p->at = p->envelope->received;
    if (k.attribute != 2 || !mw_cosem_value_is_number(&v))
        return MW_UNSUPPORTED;
    if (k.class_id == CLASS_DATA && is_event_code(k.name))
        return event_store(p, k.name.b[4], p->at, v.number);
    if (k.class_id == CLASS_REGISTER)
        return register_take(p, &k, &v);
    return MW_UNSUPPORTED;
}

static mw_status apdu_take(pushed *p, const mw_cosem_apdu *a) {
    switch (a->kind) {
    case MW_COSEM_DATA_NOTIFICATION:
        return notification_take(p, a);
    case MW_COSEM_EVENT_NOTIFICATION:
        return event_take(p, a);
    default:
        return MW_SYNTAX;
    }
}

/* ---- the record ---- */

static mw_status entry_find(pushed *p, uint64_t identity) {
    const mw_store_envelope *e = p->envelope;
    mw_store_device device;
    const mw_registry_entry *entries = NULL;
    size_t n = 0;
    MW_TRY(mw_store_device_get(p->d->store, e->tenant, identity, &device));
    MW_TRY(mw_registry_at(p->d->registry, e->tenant, device.network_address, &entries, &n));
    for (size_t i = 0; i < n; i++)
        if (entries[i].device.device == device.device)
            p->entry = &entries[i];
    if (p->entry == NULL)
        return MW_NOT_FOUND;
    return mw_decode_device_take(p->d, e->tenant, &p->entry->device, &p->device);
}

static mw_status record_take(pushed *p, mw_slice plain) {
    const mw_store_envelope *e = p->envelope;
    mw_cosem_apdu a;
    mw_status s = entry_find(p, e->epoch);
    if (s == MW_NOT_FOUND)
        return mw_decode_count_add(p->d, e, "decode.unknown_channel", 1);
    MW_TRY(s);
    if (mw_utc_is_none(p->device->state.last_seen) ||
        p->device->state.last_seen.us < e->received.us) {
        p->device->state.last_seen = e->received;
        p->device->dirty = true;
    }
    s = mw_cosem_apdu_decode(plain, 0, &a);
    if (s == MW_OK)
        s = apdu_take(p, &a);
    switch (s) {
    case MW_OK:
        return mw_decode_count_add(p->d, e, "decode.pushes", 1);
    case MW_UNSUPPORTED:
        return mw_decode_count_add(p->d, e, "decode.objects_unknown", 1);
    case MW_SHORT:
    case MW_SYNTAX:
    case MW_RANGE:
    case MW_LIMIT:
    case MW_NOT_FOUND: /* no such APDU, or a value that ends too early */
        return mw_decode_count_add(p->d, e, "decode.malformed", 1);
    default:
        return s;
    }
}

mw_status mw_decode_push(mw_decoder *d, const mw_store_envelope *e) {
    json_t *root = NULL;
    mw_json_error error;
    mw_json_limits limits = {.bytes_max = MW_STORE_CONTENT_MAX, .depth_max = 1};
    mw_status s = mw_json_parse(e->content, limits, &root, NULL);
    if (s == MW_NOMEM)
        return s;
    uint8_t *plain = s == MW_OK ? malloc(MW_STORE_CONTENT_MAX / 2) : NULL;
    pushed *p = calloc(1, sizeof *p);
    size_t n = 0;
    if (p == NULL || (s == MW_OK && plain == NULL)) {
        s = MW_NOMEM;
    } else if (s != MW_OK ||
               mw_json_get_hex(root, "plain", (mw_span){plain, MW_STORE_CONTENT_MAX / 2}, &n,
                               &error) != MW_OK) {
        s = mw_decode_count_add(d, e, "decode.malformed", 1);
    } else {
        p->d = d;
        p->envelope = e;
        s = record_take(p, (mw_slice){plain, n});
    }
    free(p);
    free(plain);
    json_decref(root);
    return s;
}
