/* SPDX-License-Identifier: Apache-2.0 */
#include "station/record.h"

#include <stdio.h>

#include "base/assert.h"
#include "protocols/unb/unb.h"

enum { RECORD_VERSION = 1, RECORD_UNB = 1, RECORD_PAYLOAD_AT = 42 };

static bool is_frame(uint8_t kind) {
    return kind >= RECORD_UNB && kind < RECORD_UNB + MW_RADIO_KIND_COUNT;
}

static void foreign_decode(mw_reader *r, mw_receiver_frame *f) {
    f->baud = mw_read_u16le(r);
    f->identity = mw_read_u32le(r);
    f->identity_bytes = mw_read_u8(r);
    f->counter = (int32_t)mw_read_u32le(r);
    f->copies = mw_read_u8(r);
}

static bool foreign_valid(const mw_receiver_frame *f) {
    if (f->kind == MW_RADIO_UNB)
        return true;
    return (f->identity_bytes == 3 || f->identity_bytes == 4) && f->counter >= -1 &&
           mw_framer_has_rate(mw_framer_of((mw_radio_kind)f->kind), f->baud) &&
           (f->identity_bytes == 4 || f->identity >> 24 == 0);
}

size_t mw_station_record_encode(const mw_receiver_frame *f, mw_utc now,
                                uint8_t out[MW_STATION_RECORD_MAX]) {
    mw_writer w = mw_writer_of((mw_span){out, MW_STATION_RECORD_MAX});
    mw_write_u8(&w, RECORD_VERSION);
    mw_write_u8(&w, (uint8_t)(RECORD_UNB + f->kind));
    mw_write_u8(&w, f->rate);
    mw_write_u8(&w, f->size);
    mw_write_u64le(&w, (uint64_t)(mw_utc_is_none(f->start) ? now : f->start).us);
    mw_write_u64le(&w, (uint64_t)f->frequency.mhz);
    mw_write_u32le(&w, (uint32_t)f->level.cdbm);
    mw_write_u32le(&w, (uint32_t)f->snr.cdb);
    mw_write_u32le(&w, (uint32_t)f->drift_mhz_per_s);
    mw_write_u32le(&w, f->start_uncertainty_us);
    mw_write_u16le(&w, f->symbols);
    mw_write_u16le(&w, f->symbol_errors);
    mw_write_u8(&w, f->quality);
    mw_write_u8(&w, f->payload_bytes);
    mw_write_bytes(&w, (mw_slice){f->payload, f->payload_bytes});
    if (f->kind != MW_RADIO_UNB) {
        mw_write_u16le(&w, f->baud);
        mw_write_u32le(&w, f->identity);
        mw_write_u8(&w, f->identity_bytes);
        mw_write_u32le(&w, (uint32_t)f->counter);
        mw_write_u8(&w, f->copies);
    }
    mw_assert(w.status == MW_OK);
    return w.at;
}

mw_status mw_station_record_decode(mw_slice in, mw_receiver_frame *out_f) {
    mw_reader r = mw_reader_of(in);
    mw_receiver_frame f = {0};
    uint8_t version = mw_read_u8(&r);
    uint8_t kind = mw_read_u8(&r);
    if (r.status == MW_OK && (version != RECORD_VERSION || !is_frame(kind)))
        return MW_UNSUPPORTED;
    f.kind = (uint8_t)(kind - RECORD_UNB);
    f.rate = mw_read_u8(&r);
    f.size = mw_read_u8(&r);
    f.start.us = (int64_t)mw_read_u64le(&r);
    f.frequency.mhz = (int64_t)mw_read_u64le(&r);
    f.level.cdbm = (int32_t)mw_read_u32le(&r);
    f.snr.cdb = (int32_t)mw_read_u32le(&r);
    f.drift_mhz_per_s = (int32_t)mw_read_u32le(&r);
    f.start_uncertainty_us = mw_read_u32le(&r);
    f.symbols = mw_read_u16le(&r);
    f.symbol_errors = mw_read_u16le(&r);
    f.quality = mw_read_u8(&r);
    f.payload_bytes = mw_read_u8(&r);
    mw_slice payload = mw_read_bytes(&r, f.payload_bytes);
    if (r.status == MW_OK && f.kind != MW_RADIO_UNB)
        foreign_decode(&r, &f);
    MW_TRY(mw_reader_end(&r));
    if (f.rate >= MW_UNB_RATE_COUNT || f.size >= MW_UNB_SIZE_COUNT || payload.n == 0 ||
        payload.n > sizeof f.payload || !foreign_valid(&f))
        return MW_RANGE;
    mw_bytes_copy(f.payload, payload.p, payload.n);
    *out_f = f;
    return MW_OK;
}

mw_slice mw_station_record_identity(mw_slice record) {
    if (record.n <= RECORD_PAYLOAD_AT || record.p[0] != RECORD_VERSION || !is_frame(record.p[1]) ||
        record.n < (size_t)RECORD_PAYLOAD_AT + record.p[RECORD_PAYLOAD_AT - 1])
        return (mw_slice){0};
    return mw_slice_sub(record, RECORD_PAYLOAD_AT - 1, 1 + (size_t)record.p[RECORD_PAYLOAD_AT - 1]);
}

size_t mw_station_record_sender(const mw_receiver_frame *f, char out[9]) {
    uint8_t bytes[4];
    mw_writer w = mw_writer_of(MW_SPAN_OF(bytes));
    mw_write_u32be(&w, f->identity);
    mw_slice id = {bytes + sizeof bytes - f->identity_bytes, f->identity_bytes};
    mw_status s = mw_hex_encode(id, (mw_span){(uint8_t *)out, 2 * id.n});
    mw_assert(s == MW_OK);
    out[2 * id.n] = 0;
    return 2 * id.n;
}

static void foreign_json(const mw_receiver_frame *f, mw_json *j) {
    char text[12];
    (void)mw_station_record_sender(f, text);
    mw_json_put_text(j, "identity", text);
    if (f->counter >= 0)
        mw_json_put_int(j, "counter", f->counter);
    else
        mw_json_put_null(j, "counter");
    mw_json_put_int(j, "copies", f->copies);
    (void)snprintf(text, sizeof text, "%u", f->baud);
    mw_json_put_text(j, "rate", text);
}

void mw_station_record_json(const mw_receiver_frame *f, mw_json *j) {
    mw_json_put_text(j, "kind", mw_radio_kind_name((mw_radio_kind)f->kind));
    mw_json_put_utc(j, "received_at", f->start);
    mw_json_put_uint(j, "uncertainty_us", f->start_uncertainty_us);
    mw_json_put_int(j, "frequency_mhz", f->frequency.mhz);
    mw_json_put_int(j, "level_cdbm", f->level.cdbm);
    mw_json_put_int(j, "snr_cdb", f->snr.cdb);
    if (f->kind == MW_RADIO_UNB) {
        mw_json_put_text(j, "rate", mw_unb_rate_name((mw_unb_rate)f->rate));
        mw_json_put_text(j, "size", mw_unb_size_name((mw_unb_size)f->size));
    } else {
        foreign_json(f, j);
    }
    mw_json_put_hex(j, "payload", (mw_slice){f->payload, f->payload_bytes});
}
