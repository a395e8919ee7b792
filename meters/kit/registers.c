/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/registers.h"

#include "base/assert.h"

mw_status mw_registers_mount(mw_registers *r, const mw_flash *flash, uint32_t first_sector,
                             uint32_t sectors, uint8_t kind, uint32_t snapshot_counts) {
    mw_registers n = {.snapshot_counts = snapshot_counts};
    MW_TRY(mw_ringlog_mount(&n.log, flash, first_sector, sectors, MW_REGISTERS_PAYLOAD, kind));
    uint8_t payload[MW_REGISTERS_PAYLOAD];
    mw_status s = mw_ringlog_last(&n.log, flash, MW_SPAN_OF(payload));
    if (s == MW_OK) {
        mw_reader in = mw_reader_of(MW_SLICE_OF(payload));
        for (unsigned i = 0; i < MW_METER_REGISTERS_MAX; i++)
            n.counts[i] = n.stored[i] = (int64_t)mw_read_u64le(&in);
    } else if (s != MW_NOT_FOUND) {
        return s;
    }
    *r = n;
    return MW_OK;
}

void mw_registers_resume(mw_registers *r, const int64_t counts[MW_METER_REGISTERS_MAX]) {
    for (unsigned i = 0; i < MW_METER_REGISTERS_MAX; i++)
        if (counts[i] > r->counts[i])
            r->counts[i] = r->stored[i] = counts[i];
}

mw_status mw_registers_add(mw_registers *r, const mw_flash *flash,
                           const uint32_t add[MW_METER_REGISTERS_MAX]) {
    bool due = false, full = false;
    for (unsigned i = 0; i < MW_METER_REGISTERS_MAX; i++) {
        if (r->counts[i] > MW_METER_COUNTS_MAX - (int64_t)add[i]) {
            r->counts[i] = MW_METER_COUNTS_MAX;
            full = true;
            continue;
        }
        r->counts[i] += add[i];
        due = due || r->counts[i] - r->stored[i] >= (int64_t)r->snapshot_counts;
    }
    mw_status s = due ? mw_registers_save(r, flash) : MW_OK;
    return full ? MW_RANGE : s;
}

mw_status mw_registers_save(mw_registers *r, const mw_flash *flash) {
    bool changed = false;
    for (unsigned i = 0; i < MW_METER_REGISTERS_MAX; i++)
        changed = changed || r->counts[i] != r->stored[i];
    if (!changed)
        return MW_OK;
    uint8_t payload[MW_REGISTERS_PAYLOAD];
    mw_writer w = mw_writer_of(MW_SPAN_OF(payload));
    for (unsigned i = 0; i < MW_METER_REGISTERS_MAX; i++)
        mw_write_u64le(&w, (uint64_t)r->counts[i]);
    MW_TRY(mw_ringlog_append(&r->log, flash, mw_writer_done(&w)));
    mw_registers_saved(r);
    return MW_OK;
}

void mw_registers_saved(mw_registers *r) {
    for (unsigned i = 0; i < MW_METER_REGISTERS_MAX; i++)
        r->stored[i] = r->counts[i];
}

int64_t mw_scale_value(const mw_meter_scale *s, int64_t counts) {
    mw_assert(counts >= 0 && counts <= MW_METER_COUNTS_MAX && s->denominator > 0);
    /* counts <= 2^40 and numerator < 2^20: the product stays below 2^60. */
    return s->initial + counts * (int64_t)s->numerator / (int64_t)s->denominator;
}
