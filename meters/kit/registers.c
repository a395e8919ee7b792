/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/registers.h"

#include "base/assert.h"

/* False for counts that no register can hold: such a record is passed over. */
static bool snapshot_decode(mw_slice payload, int64_t counts[MW_METER_REGISTERS_MAX]) {
    int64_t read[MW_METER_REGISTERS_MAX];
    mw_reader in = mw_reader_of(payload);
    for (unsigned i = 0; i < MW_METER_REGISTERS_MAX; i++) {
        read[i] = (int64_t)mw_read_u64le(&in);
        if (read[i] < 0 || read[i] > MW_METER_COUNTS_MAX)
            return false;
    }
    mw_bytes_copy(counts, read, sizeof read);
    return true;
}

mw_status mw_registers_mount(mw_registers *r, const mw_flash *flash, uint32_t first_sector,
                             uint32_t sectors, uint8_t kind, uint32_t snapshot_counts) {
    mw_registers n = {.snapshot_counts = snapshot_counts};
    MW_TRY(mw_ringlog_mount(&n.log, flash, first_sector, sectors, MW_REGISTERS_PAYLOAD, kind));
    mw_ringlog_cursor at = mw_ringlog_from_newest(&n.log);
    for (;;) {
        uint8_t payload[MW_REGISTERS_PAYLOAD];
        uint32_t seq;
        mw_status s = mw_ringlog_older(&n.log, flash, &at, MW_SPAN_OF(payload), &seq);
        if (s == MW_NOT_FOUND)
            break;
        MW_TRY(s);
        if (!snapshot_decode(MW_SLICE_OF(payload), n.counts))
            continue;
        for (unsigned i = 0; i < MW_METER_REGISTERS_MAX; i++)
            n.stored[i] = n.counts[i];
        break;
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
