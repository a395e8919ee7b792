/* SPDX-License-Identifier: Apache-2.0 */
#include "station/outcome.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"

enum { OUTCOME_VERSION = 1 };

size_t mw_station_outcome_encode(const mw_downlink_result *r, uint8_t out[MW_STATION_OUTCOME_MAX]) {
    mw_writer w = mw_writer_of((mw_span){out, MW_STATION_OUTCOME_MAX});
    size_t reason_n = strlen(r->reason);
    mw_write_u8(&w, OUTCOME_VERSION);
    mw_write_u8(&w, MW_STATION_OUTCOME_KIND);
    mw_write_u8(&w, (uint8_t)r->state);
    mw_write_u8(&w, (uint8_t)r->rate);
    mw_write_u64le(&w, r->id);
    mw_write_u64le(&w, (uint64_t)r->at.us);
    mw_write_u64le(&w, (uint64_t)r->frequency.mhz);
    mw_write_u8(&w, (uint8_t)reason_n);
    mw_write_bytes(&w, (mw_slice){(const uint8_t *)r->reason, reason_n});
    mw_assert(w.status == MW_OK);
    return w.at;
}

bool mw_station_outcome_is(mw_slice record) {
    return record.n >= 2 && record.p[1] == MW_STATION_OUTCOME_KIND;
}

mw_status mw_station_outcome_decode(mw_slice in, mw_downlink_result *out_r) {
    mw_reader r = mw_reader_of(in);
    mw_downlink_result o = {0};
    uint8_t version = mw_read_u8(&r), kind = mw_read_u8(&r);
    if (r.status == MW_OK && (version != OUTCOME_VERSION || kind != MW_STATION_OUTCOME_KIND))
        return MW_UNSUPPORTED;
    uint8_t state = mw_read_u8(&r), rate = mw_read_u8(&r);
    o.id = mw_read_u64le(&r);
    o.at.us = (int64_t)mw_read_u64le(&r);
    o.frequency.mhz = (int64_t)mw_read_u64le(&r);
    mw_slice reason = mw_read_bytes(&r, mw_read_u8(&r));
    MW_TRY(mw_reader_end(&r));
    if (state >= MW_DOWNLINK_STATE_COUNT || rate >= MW_UNB_RATE_COUNT ||
        reason.n >= sizeof o.reason)
        return MW_RANGE;
    for (size_t i = 0; i < reason.n; i++)
        if (reason.p[i] < 32 || reason.p[i] > 126)
            return MW_RANGE;
    o.state = (mw_downlink_state)state;
    o.rate = (mw_unb_rate)rate;
    mw_bytes_copy(o.reason, reason.p, reason.n);
    *out_r = o;
    return MW_OK;
}

void mw_station_outcome_json(const mw_downlink_result *r, mw_json *j) {
    char id[17];
    (void)snprintf(id, sizeof id, "%016" PRIx64, r->id);
    mw_json_put_text(j, "kind", "downlink");
    mw_json_put_text(j, "id", id);
    mw_json_put_text(j, "state", mw_downlink_state_name(r->state));
    mw_json_put_utc(j, "at", r->at);
    mw_json_put_text(j, "reason", r->reason);
    if (r->state == MW_DOWNLINK_SENT) {
        mw_json_put_int(j, "frequency_mhz", r->frequency.mhz);
        mw_json_put_text(j, "rate", mw_unb_rate_name(r->rate));
    }
}
