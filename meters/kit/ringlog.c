/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/ringlog.h"

#include "base/assert.h"
#include "base/crc.h"

#define SLOT_MAX (MW_RINGLOG_PAYLOAD_MAX + MW_RINGLOG_OVERHEAD)

static uint32_t slot_bytes(const mw_ringlog *log) {
    return (uint32_t)log->payload_bytes + MW_RINGLOG_OVERHEAD;
}

static uint32_t slot_count(const mw_ringlog *log) {
    return log->sectors * log->per_sector;
}

static uint32_t slot_at(const mw_ringlog *log, const mw_flash *flash, uint32_t slot) {
    uint32_t sector = log->first_sector + slot / log->per_sector;
    return sector * flash->sector_bytes + slot % log->per_sector * slot_bytes(log);
}

static uint32_t crc_of(const mw_ringlog *log, mw_slice body) {
    uint32_t crc = mw_crc32_update(0, (mw_slice){&log->kind, 1});
    return mw_crc32_update(crc, body);
}

static bool blank(mw_slice s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != 0xFF)
            return false;
    return true;
}

/* Reads a slot whole. MW_NOT_FOUND: blank. MW_CHECKSUM: torn, or of another kind. */
static mw_status slot_read(const mw_ringlog *log, const mw_flash *flash, uint32_t slot,
                           uint8_t buffer[SLOT_MAX], uint32_t *out_seq) {
    uint32_t n = slot_bytes(log);
    MW_TRY(flash->read(flash->context, slot_at(log, flash, slot), (mw_span){buffer, n}));
    if (buffer[0] == 0xFF && blank((mw_slice){buffer, n}))
        return MW_NOT_FOUND;
    mw_reader r = mw_reader_of((mw_slice){buffer, n});
    uint32_t seq = mw_read_u32le(&r);
    (void)mw_read_bytes(&r, log->payload_bytes);
    if (mw_read_u32le(&r) != crc_of(log, (mw_slice){buffer, n - 4}))
        return MW_CHECKSUM;
    *out_seq = seq;
    return MW_OK;
}

uint32_t mw_ringlog_sectors_for(uint32_t sector_bytes, uint8_t payload_bytes, uint32_t records) {
    uint32_t per_sector = sector_bytes / ((uint32_t)payload_bytes + MW_RINGLOG_OVERHEAD);
    mw_assert(per_sector > 0);
    uint32_t full = (records + per_sector - 1) / per_sector;
    return full < 1 ? 2 : full + 1;
}

mw_status mw_ringlog_mount(mw_ringlog *log, const mw_flash *flash, uint32_t first_sector,
                           uint32_t sectors, uint8_t payload_bytes, uint8_t kind) {
    mw_assert(payload_bytes >= 1 && payload_bytes <= MW_RINGLOG_PAYLOAD_MAX);
    mw_assert(sectors >= 2 && first_sector + sectors <= flash->sector_count);
    mw_ringlog l = {.first_sector = first_sector,
                    .sectors = sectors,
                    .newest = MW_RINGLOG_NO_SLOT,
                    .payload_bytes = payload_bytes,
                    .kind = kind};
    l.per_sector = (uint16_t)(flash->sector_bytes / slot_bytes(&l));
    mw_assert(l.per_sector > 0);
    uint8_t buffer[SLOT_MAX];
    uint32_t best = 0;
    for (uint32_t slot = 0; slot < slot_count(&l); slot++) {
        uint32_t seq;
        mw_status s = slot_read(&l, flash, slot, buffer, &seq);
        if (s == MW_IO)
            return s;
        if (s == MW_OK && (l.newest == MW_RINGLOG_NO_SLOT || seq >= best)) {
            best = seq;
            l.newest = slot;
        }
    }
    if (l.newest != MW_RINGLOG_NO_SLOT) {
        l.next_seq = best + 1;
        l.head = (l.newest + 1) % slot_count(&l);
    }
    *log = l;
    return MW_OK;
}

/* Programs one slot and reads it back. MW_CHECKSUM: this slot is not usable, take the next. */
static mw_status slot_write(const mw_ringlog *log, const mw_flash *flash, uint32_t slot,
                            mw_slice record) {
    uint8_t seen[SLOT_MAX];
    mw_span back = {seen, record.n};
    uint32_t at = slot_at(log, flash, slot);
    MW_TRY(flash->read(flash->context, at, back));
    if (!blank(mw_slice_of_span(back)))
        return MW_CHECKSUM;
    MW_TRY(flash->program(flash->context, at, record));
    MW_TRY(flash->read(flash->context, at, back));
    return mw_slice_equal(record, mw_slice_of_span(back)) ? MW_OK : MW_CHECKSUM;
}

mw_status mw_ringlog_append(mw_ringlog *log, const mw_flash *flash, mw_slice payload) {
    mw_assert(payload.n == log->payload_bytes);
    if (log->next_seq == UINT32_MAX)
        return MW_LIMIT; /* beyond the endurance of any flash, but never wrap silently */
    uint8_t buffer[SLOT_MAX];
    mw_writer w = mw_writer_of((mw_span){buffer, slot_bytes(log)});
    mw_write_u32le(&w, log->next_seq);
    mw_write_bytes(&w, payload);
    mw_write_u32le(&w, crc_of(log, mw_writer_done(&w)));
    mw_assert(w.status == MW_OK);
    /* The walk ends before the sector that holds the newest record: that one is never erased. */
    uint32_t total = slot_count(log), tries = total, start = log->head;
    if (log->newest != MW_RINGLOG_NO_SLOT)
        tries = (log->newest - log->newest % log->per_sector + total - start) % total;
    bool usable = true;
    for (; tries > 0; tries--) {
        uint32_t slot = log->head;
        log->head = (slot + 1) % total;
        if (slot % log->per_sector == 0)
            usable =
                flash->erase(flash->context, log->first_sector + slot / log->per_sector) == MW_OK;
        if (!usable || slot_write(log, flash, slot, mw_writer_done(&w)) != MW_OK)
            continue;
        log->newest = slot;
        log->next_seq++;
        return MW_OK;
    }
    log->head = start; /* the fault may pass; slots spoilt meanwhile are seen to be not blank */
    return MW_IO;
}

mw_ringlog_cursor mw_ringlog_from_newest(const mw_ringlog *log) {
    bool none = log->newest == MW_RINGLOG_NO_SLOT;
    return (mw_ringlog_cursor){.slot = none ? 0 : log->newest,
                               .left = none ? 0 : slot_count(log),
                               .seq_below = log->next_seq};
}

mw_status mw_ringlog_older(const mw_ringlog *log, const mw_flash *flash, mw_ringlog_cursor *cursor,
                           mw_span out, uint32_t *out_seq) {
    mw_assert(out.n == log->payload_bytes);
    uint8_t buffer[SLOT_MAX];
    while (cursor->left > 0 && cursor->seq_below > 0) {
        uint32_t slot = cursor->slot, seq, behind = slot_count(log) - cursor->left;
        cursor->left--;
        cursor->slot = slot > 0 ? slot - 1 : slot_count(log) - 1;
        mw_status s = slot_read(log, flash, slot, buffer, &seq);
        if (s == MW_IO)
            return s;
        if (s != MW_OK || seq >= cursor->seq_below)
            continue;
        /* A slot takes at most one number, so a record `behind` slots back cannot be older than
         * this: one that is stands in a sector that could not be erased, a turn or more ago. */
        if (log->next_seq - 1 - seq > behind)
            continue;
        cursor->seq_below = seq;
        mw_bytes_copy(out.p, buffer + 4, out.n);
        *out_seq = seq;
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

mw_status mw_ringlog_numbered(const mw_ringlog *log, const mw_flash *flash, uint32_t seq,
                              mw_span out) {
    mw_ringlog_cursor c = mw_ringlog_from_newest(log);
    if (c.left == 0 || seq >= log->next_seq || log->next_seq - 1 - seq >= c.left)
        return MW_NOT_FOUND;
    /* Torn slots only put it further back. */
    uint32_t behind = log->next_seq - 1 - seq, found;
    c.left -= behind;
    c.slot = (c.slot + slot_count(log) - behind) % slot_count(log);
    c.seq_below = seq + 1;
    MW_TRY(mw_ringlog_older(log, flash, &c, out, &found));
    return found == seq ? MW_OK : MW_NOT_FOUND;
}

mw_status mw_ringlog_last(const mw_ringlog *log, const mw_flash *flash, mw_span out) {
    mw_ringlog_cursor c = mw_ringlog_from_newest(log);
    uint32_t seq;
    return mw_ringlog_older(log, flash, &c, out, &seq);
}
