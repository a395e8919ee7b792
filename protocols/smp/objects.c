/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/smp/objects.h"

#include "protocols/smp/day.h"

/* The two halves of an object's first byte. */
enum {
    TYPE_EXTENDED = 15, /* the type is the next byte */
    LENGTH_INLINE_MAX = 13,
    LENGTH_BYTE = 14, /* the length is the next byte */
    LENGTH_REST = 15  /* the body ends with the frame */
};

mw_status mw_smp_object_next(mw_reader *r, mw_smp_object *out_object) {
    if (r->status != MW_OK)
        return MW_SYNTAX;
    if (mw_reader_left(r) == 0)
        return MW_NOT_FOUND;
    uint8_t lead = mw_read_u8(r);
    if (lead == 0) {
        bool zero = true;
        while (mw_reader_left(r) != 0)
            zero = mw_read_u8(r) == 0 && zero;
        if (!zero)
            mw_reader_fail(r, MW_SYNTAX);
        return zero ? MW_NOT_FOUND : MW_SYNTAX;
    }
    mw_smp_object object = {.type = lead >> 4};
    size_t length = lead & 0x0Fu;
    if (object.type == TYPE_EXTENDED)
        object.type = mw_read_u8(r);
    if (length == LENGTH_BYTE)
        length = mw_read_u8(r);
    else if (length == LENGTH_REST)
        length = mw_reader_left(r);
    if (object.type == MW_SMP_PADDING)
        mw_reader_fail(r, MW_SYNTAX);
    object.body = mw_read_bytes(r, length);
    if (r->status != MW_OK)
        return MW_SYNTAX;
    *out_object = object;
    return MW_OK;
}

static void put_head(mw_writer *w, mw_smp_type type, uint8_t length_code) {
    unsigned t = (unsigned)type;
    if (t == MW_SMP_PADDING || t > MW_SMP_TYPE_MAX)
        mw_writer_fail(w, MW_RANGE);
    mw_write_u8(w, (uint8_t)((t < TYPE_EXTENDED ? t : TYPE_EXTENDED) << 4 | length_code));
    if (t >= TYPE_EXTENDED)
        mw_write_u8(w, (uint8_t)t);
}

void mw_smp_object_put(mw_writer *w, mw_smp_type type, mw_slice body) {
    if (body.n > 255)
        mw_writer_fail(w, MW_RANGE);
    put_head(w, type, body.n <= LENGTH_INLINE_MAX ? (uint8_t)body.n : LENGTH_BYTE);
    if (body.n > LENGTH_INLINE_MAX)
        mw_write_u8(w, (uint8_t)body.n);
    mw_write_bytes(w, body);
}

void mw_smp_object_put_last(mw_writer *w, mw_smp_type type, mw_slice body) {
    put_head(w, type, LENGTH_REST);
    mw_write_bytes(w, body);
}

/* Appends a body that was written into its own small buffer. */
static void put_written(mw_writer *w, mw_smp_type type, const mw_writer *body) {
    if (body->status != MW_OK)
        mw_writer_fail(w, body->status);
    mw_smp_object_put(w, type, mw_writer_done(body));
}

#define BODY_MAX 112

/* The status of a body whose known fields were read; bytes after them are for later versions. */
static mw_status body_end(const mw_reader *r) {
    return r->status;
}

static uint32_t read_varint_u32(mw_reader *r) {
    uint64_t v = mw_read_varint(r);
    if (v > UINT32_MAX)
        mw_reader_fail(r, MW_RANGE);
    return (uint32_t)v;
}

void mw_smp_event_put(mw_writer *w, const mw_smp_event *event) {
    uint8_t memory[BODY_MAX];
    mw_writer b = mw_writer_of(MW_SPAN_OF(memory));
    if (event->count == 0 || event->code == 0)
        mw_writer_fail(&b, MW_RANGE);
    mw_write_u8(&b, event->code);
    mw_write_u8(&b, event->channel);
    mw_write_u32be(&b, event->time_s);
    mw_write_varint_signed(&b, event->value);
    mw_write_varint(&b, event->count);
    put_written(w, MW_SMP_EVENT, &b);
}

mw_status mw_smp_event_decode(mw_slice body, mw_smp_event *out_event) {
    mw_reader r = mw_reader_of(body);
    mw_smp_event e = {.code = mw_read_u8(&r), .channel = mw_read_u8(&r)};
    e.time_s = mw_read_u32be(&r);
    e.value = mw_read_varint_signed(&r);
    e.count = read_varint_u32(&r);
    if (e.count == 0 || e.code == 0)
        mw_reader_fail(&r, MW_RANGE);
    MW_TRY(body_end(&r));
    *out_event = e;
    return MW_OK;
}

static void health_write(mw_writer *w, const mw_smp_health *health) {
    mw_write_u16be(w, health->battery_mv);
    mw_write_u16be(w, (uint16_t)health->temperature_dc);
    mw_write_u16be(w, health->resets);
    mw_write_u16be(w, health->airtime_ds);
    mw_write_bytes(w, MW_SLICE_OF(health->firmware));
    mw_write_u16be(w, (uint16_t)health->drift_dppm);
    mw_write_u32be(w, health->time_s);
    if (health->battery_level != 0)
        mw_write_u8(w, health->battery_level);
}

void mw_smp_health_put(mw_writer *w, const mw_smp_health *health) {
    uint8_t memory[BODY_MAX];
    mw_writer b = mw_writer_of(MW_SPAN_OF(memory));
    health_write(&b, health);
    put_written(w, MW_SMP_HEALTH, &b);
}

void mw_smp_health_put_last(mw_writer *w, const mw_smp_health *health) {
    put_head(w, MW_SMP_HEALTH, LENGTH_REST);
    health_write(w, health);
}

mw_status mw_smp_health_decode(mw_slice body, mw_smp_health *out_health) {
    mw_reader r = mw_reader_of(body);
    mw_smp_health h = {.battery_mv = mw_read_u16be(&r)};
    h.temperature_dc = (int16_t)mw_read_u16be(&r);
    h.resets = mw_read_u16be(&r);
    h.airtime_ds = mw_read_u16be(&r);
    for (size_t i = 0; i < sizeof h.firmware; i++)
        h.firmware[i] = mw_read_u8(&r);
    h.drift_dppm = (int16_t)mw_read_u16be(&r);
    h.time_s = mw_read_u32be(&r);
    if (mw_reader_left(&r) > 0) {
        uint8_t level = mw_read_u8(&r);
        h.battery_level = level <= 101 ? level : 0;
    }
    MW_TRY(body_end(&r));
    *out_health = h;
    return MW_OK;
}

static void write_data(mw_writer *w, const uint8_t *data, uint8_t size) {
    if (size > MW_SMP_DATA_MAX) {
        mw_writer_fail(w, MW_RANGE);
        return;
    }
    mw_write_u8(w, size);
    mw_write_bytes(w, (mw_slice){data, size});
}

static uint8_t read_data(mw_reader *r, uint8_t data[MW_SMP_DATA_MAX]) {
    uint8_t size = mw_read_u8(r);
    if (size > MW_SMP_DATA_MAX) {
        mw_reader_fail(r, MW_RANGE);
        return 0;
    }
    mw_slice bytes = mw_read_bytes(r, size);
    if (bytes.n != 0)
        mw_bytes_copy(data, bytes.p, bytes.n);
    return size;
}

void mw_smp_command_put(mw_writer *w, const mw_smp_command *command) {
    uint8_t memory[BODY_MAX];
    mw_writer b = mw_writer_of(MW_SPAN_OF(memory));
    mw_write_u16be(&b, command->id);
    mw_write_u8(&b, command->code);
    mw_write_u32be(&b, command->expires_s);
    write_data(&b, command->data, command->size);
    put_written(w, MW_SMP_COMMAND, &b);
}

mw_status mw_smp_command_decode(mw_slice body, mw_smp_command *out_command) {
    mw_reader r = mw_reader_of(body);
    mw_smp_command c = {.id = mw_read_u16be(&r)};
    c.code = mw_read_u8(&r);
    c.expires_s = mw_read_u32be(&r);
    c.size = read_data(&r, c.data);
    MW_TRY(body_end(&r));
    *out_command = c;
    return MW_OK;
}

void mw_smp_request_put(mw_writer *w, const mw_smp_command *command) {
    uint8_t memory[BODY_MAX];
    mw_writer b = mw_writer_of(MW_SPAN_OF(memory));
    mw_write_u16be(&b, command->id);
    mw_write_u8(&b, command->code);
    if (command->size > MW_SMP_DATA_MAX)
        mw_writer_fail(&b, MW_RANGE);
    else
        mw_write_bytes(&b, (mw_slice){command->data, command->size});
    put_written(w, MW_SMP_REQUEST, &b);
}

mw_status mw_smp_request_decode(mw_slice body, mw_smp_command *out_command) {
    mw_reader r = mw_reader_of(body);
    mw_smp_command c = {.id = mw_read_u16be(&r), .expires_s = UINT32_MAX};
    c.code = mw_read_u8(&r);
    MW_TRY(body_end(&r));
    size_t n = mw_reader_left(&r);
    if (n > MW_SMP_DATA_MAX)
        return MW_RANGE;
    c.size = (uint8_t)n;
    mw_slice data = mw_read_bytes(&r, n);
    if (n != 0)
        mw_bytes_copy(c.data, data.p, n);
    *out_command = c;
    return MW_OK;
}

void mw_smp_receipt_put(mw_writer *w, const mw_smp_receipt *receipt) {
    uint8_t memory[BODY_MAX];
    mw_writer b = mw_writer_of(MW_SPAN_OF(memory));
    mw_write_u16be(&b, receipt->id);
    mw_write_u8(&b, receipt->result);
    mw_write_u32be(&b, receipt->time_s);
    write_data(&b, receipt->data, receipt->size);
    put_written(w, MW_SMP_RECEIPT, &b);
}

mw_status mw_smp_receipt_decode(mw_slice body, mw_smp_receipt *out_receipt) {
    mw_reader r = mw_reader_of(body);
    mw_smp_receipt c = {.id = mw_read_u16be(&r)};
    c.result = mw_read_u8(&r);
    c.time_s = mw_read_u32be(&r);
    c.size = read_data(&r, c.data);
    MW_TRY(body_end(&r));
    *out_receipt = c;
    return MW_OK;
}

#define TIME_STEP 0x8000u

void mw_smp_time_set_put(mw_writer *w, const mw_smp_time_set *time) {
    uint8_t memory[BODY_MAX];
    mw_writer b = mw_writer_of(MW_SPAN_OF(memory));
    if (time->ms > 999)
        mw_writer_fail(&b, MW_RANGE);
    mw_write_u32be(&b, time->time_s);
    mw_write_u16be(&b, (uint16_t)(time->ms | (time->step ? TIME_STEP : 0)));
    mw_write_u16be(&b, time->uncertainty_ms);
    put_written(w, MW_SMP_TIME_SET, &b);
}

mw_status mw_smp_time_set_decode(mw_slice body, mw_smp_time_set *out_time) {
    mw_reader r = mw_reader_of(body);
    mw_smp_time_set t = {.time_s = mw_read_u32be(&r)};
    uint16_t ms = mw_read_u16be(&r);
    t.step = (ms & TIME_STEP) != 0;
    t.ms = (uint16_t)(ms & ~TIME_STEP);
    t.uncertainty_ms = mw_read_u16be(&r);
    if (t.ms > 999)
        mw_reader_fail(&r, MW_RANGE);
    MW_TRY(body_end(&r));
    *out_time = t;
    return MW_OK;
}

void mw_smp_config_put(mw_writer *w, const mw_smp_config *config) {
    uint8_t memory[BODY_MAX];
    mw_writer b = mw_writer_of(MW_SPAN_OF(memory));
    if (config->count == 0 || config->count > MW_SMP_CONFIG_MAX) {
        mw_writer_fail(w, MW_RANGE);
        return;
    }
    mw_write_u8(&b, config->count);
    for (unsigned i = 0; i < config->count; i++) {
        mw_write_u16be(&b, config->item[i].key);
        mw_write_varint_signed(&b, config->item[i].value);
    }
    put_written(w, MW_SMP_CONFIG, &b);
}

mw_status mw_smp_config_decode(mw_slice body, mw_smp_config *out_config) {
    mw_reader r = mw_reader_of(body);
    mw_smp_config c = {.count = mw_read_u8(&r)};
    MW_TRY(r.status);
    if (c.count == 0 || c.count > MW_SMP_CONFIG_MAX)
        return MW_RANGE;
    for (unsigned i = 0; i < c.count; i++) {
        c.item[i].key = mw_read_u16be(&r);
        c.item[i].value = mw_read_varint_signed(&r);
    }
    MW_TRY(body_end(&r));
    *out_config = c;
    return MW_OK;
}

mw_status mw_smp_seconds_of_utc(mw_utc t, uint32_t *out_seconds) {
    int64_t s = mw_utc_floor_s(t) - MW_SMP_EPOCH_S;
    if (s < 0 || s > (int64_t)UINT32_MAX)
        return MW_RANGE;
    *out_seconds = (uint32_t)s;
    return MW_OK;
}

mw_utc mw_smp_utc_of_seconds(uint32_t seconds) {
    return mw_utc_of_s(MW_SMP_EPOCH_S + (int64_t)seconds);
}
