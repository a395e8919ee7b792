/* SPDX-License-Identifier: Apache-2.0 */
#include "station/record.h"

#include "base/assert.h"
#include "protocols/unb/unb.h"

enum { RECORD_VERSION = 1, RECORD_UNB = 1, RECORD_PAYLOAD_AT = 42 };

size_t mw_station_record_encode(const mw_receiver_frame *f, mw_utc now,
                                uint8_t out[MW_STATION_RECORD_MAX]) {
    mw_writer w = mw_writer_of((mw_span){out, MW_STATION_RECORD_MAX});
    mw_write_u8(&w, RECORD_VERSION);
    mw_write_u8(&w, RECORD_UNB);
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
    mw_assert(w.status == MW_OK);
    return w.at;
}

mw_status mw_station_record_decode(mw_slice in, mw_receiver_frame *out_f) {
    mw_reader r = mw_reader_of(in);
    mw_receiver_frame f = {0};
    uint8_t version = mw_read_u8(&r);
    uint8_t kind = mw_read_u8(&r);
    if (r.status == MW_OK && (version != RECORD_VERSION || kind != RECORD_UNB))
        return MW_UNSUPPORTED;
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
    MW_TRY(mw_reader_end(&r));
    if (f.rate >= MW_UNB_RATE_COUNT || f.size >= MW_UNB_SIZE_COUNT || payload.n == 0 ||
        payload.n > sizeof f.payload)
        return MW_RANGE;
    mw_bytes_copy(f.payload, payload.p, payload.n);
    *out_f = f;
    return MW_OK;
}

mw_slice mw_station_record_identity(mw_slice record) {
    if (record.n <= RECORD_PAYLOAD_AT || record.p[0] != RECORD_VERSION || record.p[1] != RECORD_UNB)
        return (mw_slice){0};
    return mw_slice_sub(record, RECORD_PAYLOAD_AT - 1, record.n - RECORD_PAYLOAD_AT + 1);
}

void mw_station_record_json(const mw_receiver_frame *f, mw_json *j) {
    mw_json_put_text(j, "kind", "unb");
    mw_json_put_utc(j, "received_at", f->start);
    mw_json_put_int(j, "frequency_mhz", f->frequency.mhz);
    mw_json_put_int(j, "level_cdbm", f->level.cdbm);
    mw_json_put_int(j, "snr_cdb", f->snr.cdb);
    mw_json_put_text(j, "rate", mw_unb_rate_name((mw_unb_rate)f->rate));
    mw_json_put_text(j, "size", mw_unb_size_name((mw_unb_size)f->size));
    mw_json_put_hex(j, "payload", (mw_slice){f->payload, f->payload_bytes});
}
