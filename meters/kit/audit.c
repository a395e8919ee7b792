/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/audit.h"

#include "base/assert.h"
#include "base/crc.h"

/* So that a record of another log never passes. */
static const uint8_t salt[] = {'a', 'u', 'd', 'i', 't'};

static uint32_t crc_of(const uint8_t slot[MW_AUDIT_SLOT]) {
    uint32_t crc = mw_crc32_update(0, MW_SLICE_OF(salt));
    return mw_crc32_update(crc, (mw_slice){slot, MW_AUDIT_SLOT - 4});
}

static uint32_t address_of(const mw_audit *a, const mw_flash *flash, uint32_t slot) {
    uint32_t per = flash->sector_bytes / MW_AUDIT_SLOT;
    return (a->first_sector + slot / per) * flash->sector_bytes + slot % per * MW_AUDIT_SLOT;
}

static bool blank(const uint8_t slot[MW_AUDIT_SLOT]) {
    for (unsigned i = 0; i < MW_AUDIT_SLOT; i++)
        if (slot[i] != 0xFF)
            return false;
    return true;
}

/* MW_NOT_FOUND: blank. MW_CHECKSUM: spoilt. */
static mw_status slot_read(const mw_audit *a, const mw_flash *flash, uint32_t slot,
                           mw_audit_record *out, uint32_t *out_number) {
    uint8_t b[MW_AUDIT_SLOT];
    MW_TRY(flash->read(flash->context, address_of(a, flash, slot), MW_SPAN_OF(b)));
    if (blank(b))
        return MW_NOT_FOUND;
    mw_reader r = mw_reader_of(MW_SLICE_OF(b));
    uint32_t number = mw_read_u32le(&r);
    mw_audit_record record;
    record.kind = mw_read_u8(&r);
    record.index = mw_read_u8(&r);
    record.key = mw_read_u16le(&r);
    record.time_s = mw_read_u32le(&r);
    record.before = (int64_t)mw_read_u64le(&r);
    record.after = (int64_t)mw_read_u64le(&r);
    if (mw_read_u32le(&r) != crc_of(b))
        return MW_CHECKSUM;
    *out = record;
    *out_number = number;
    return MW_OK;
}

mw_status mw_audit_mount(mw_audit *a, const mw_flash *flash, uint32_t first_sector,
                         uint32_t sectors) {
    mw_assert(first_sector + sectors <= flash->sector_count);
    mw_audit found = {.first_sector = first_sector,
                      .sectors = sectors,
                      .slots = sectors * (flash->sector_bytes / MW_AUDIT_SLOT)};
    for (uint32_t slot = 0; slot < found.slots; slot++) {
        mw_audit_record r;
        uint32_t number;
        mw_status s = slot_read(&found, flash, slot, &r, &number);
        if (s == MW_NOT_FOUND)
            continue;
        if (s != MW_OK && s != MW_CHECKSUM)
            return s;
        found.next = slot + 1;
        if (s == MW_CHECKSUM)
            continue;
        found.damaged = found.damaged || number != found.count;
        if (number >= found.count)
            found.count = number + 1;
    }
    *a = found;
    return MW_OK;
}

mw_status mw_audit_append(mw_audit *a, const mw_flash *flash, const mw_audit_record *r) {
    uint8_t b[MW_AUDIT_SLOT], seen[MW_AUDIT_SLOT];
    mw_writer w = mw_writer_of(MW_SPAN_OF(b));
    mw_write_u32le(&w, a->count);
    mw_write_u8(&w, r->kind);
    mw_write_u8(&w, r->index);
    mw_write_u16le(&w, r->key);
    mw_write_u32le(&w, r->time_s);
    mw_write_u64le(&w, (uint64_t)r->before);
    mw_write_u64le(&w, (uint64_t)r->after);
    mw_write_u32le(&w, crc_of(b));
    mw_assert(w.status == MW_OK);
    while (a->next < a->slots) {
        uint32_t at = address_of(a, flash, a->next);
        MW_TRY(flash->read(flash->context, at, MW_SPAN_OF(seen)));
        a->next++;
        if (!blank(seen))
            continue;
        MW_TRY(flash->program(flash->context, at, MW_SLICE_OF(b)));
        MW_TRY(flash->read(flash->context, at, MW_SPAN_OF(seen)));
        if (!mw_slice_equal(MW_SLICE_OF(b), MW_SLICE_OF(seen)))
            continue;
        a->count++;
        return MW_OK;
    }
    return MW_SPACE;
}

uint32_t mw_audit_left(const mw_audit *a) {
    return a->slots - a->next;
}

mw_status mw_audit_next(const mw_audit *a, const mw_flash *flash, uint32_t *slot,
                        mw_audit_record *out_record, uint32_t *out_number) {
    while (*slot < a->next) {
        mw_status s = slot_read(a, flash, (*slot)++, out_record, out_number);
        if (s != MW_NOT_FOUND && s != MW_CHECKSUM)
            return s;
    }
    return MW_NOT_FOUND;
}
