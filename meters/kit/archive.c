/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/archive.h"

#include "base/assert.h"
#include "protocols/smp/day.h"

/* How many records a window may read beyond its own hours: room for a clock set back by days. */
#define WALK_SLACK 256

mw_status mw_archive_mount(mw_archive *a, const mw_flash *flash, uint32_t hourly_first,
                           uint32_t hourly_sectors, uint8_t hourly_kind, uint32_t daily_first,
                           uint32_t daily_sectors, uint8_t daily_kind) {
    mw_archive n;
    MW_TRY(mw_ringlog_mount(&n.hourly, flash, hourly_first, hourly_sectors, MW_ARCHIVE_PAYLOAD,
                            hourly_kind));
    MW_TRY(mw_ringlog_mount(&n.daily, flash, daily_first, daily_sectors, MW_ARCHIVE_PAYLOAD,
                            daily_kind));
    *a = n;
    return MW_OK;
}

static mw_status store(mw_ringlog *log, const mw_flash *flash, const mw_archive_record *record) {
    uint8_t payload[MW_ARCHIVE_PAYLOAD];
    mw_writer w = mw_writer_of(MW_SPAN_OF(payload));
    mw_write_u32le(&w, record->hour);
    mw_write_u8(&w, record->flags);
    mw_write_u8(&w, record->clock);
    mw_write_u16le(&w, 0);
    for (unsigned i = 0; i < MW_METER_REGISTERS_MAX; i++)
        mw_write_u64le(&w, (uint64_t)record->counts[i]);
    return mw_ringlog_append(log, flash, mw_writer_done(&w));
}

mw_status mw_archive_store(mw_archive *a, const mw_flash *flash, const mw_archive_record *record) {
    return store(&a->hourly, flash, record);
}

mw_status mw_archive_store_day(mw_archive *a, const mw_flash *flash,
                               const mw_archive_record *record) {
    return store(&a->daily, flash, record);
}

/* False for what no meter stores: such a record is passed over. */
static bool record_decode(mw_slice payload, mw_archive_record *out_record) {
    mw_reader r = mw_reader_of(payload);
    mw_archive_record record;
    record.hour = mw_read_u32le(&r);
    record.flags = mw_read_u8(&r);
    record.clock = mw_read_u8(&r);
    (void)mw_read_u16le(&r);
    bool good = record.hour <= MW_SMP_HOUR_MAX && record.clock <= MW_CLOCK_UNCERTAIN;
    for (unsigned i = 0; i < MW_METER_REGISTERS_MAX; i++) {
        record.counts[i] = (int64_t)mw_read_u64le(&r);
        good = good && record.counts[i] >= 0 && record.counts[i] <= MW_METER_COUNTS_MAX;
    }
    if (good)
        *out_record = record;
    return good;
}

/* Next older record of a log. */
static mw_status record_older(const mw_ringlog *log, const mw_flash *flash, mw_ringlog_cursor *at,
                              mw_archive_record *out_record) {
    uint8_t payload[MW_ARCHIVE_PAYLOAD];
    uint32_t seq;
    do {
        MW_TRY(mw_ringlog_older(log, flash, at, MW_SPAN_OF(payload), &seq));
    } while (!record_decode(MW_SLICE_OF(payload), out_record));
    return MW_OK;
}

mw_status mw_archive_newest(const mw_archive *a, const mw_flash *flash,
                            mw_archive_record *out_record) {
    mw_ringlog_cursor at = mw_ringlog_from_newest(&a->hourly);
    return record_older(&a->hourly, flash, &at, out_record);
}

mw_status mw_archive_newest_day(const mw_archive *a, const mw_flash *flash,
                                mw_archive_record *out_record) {
    mw_ringlog_cursor at = mw_ringlog_from_newest(&a->daily);
    return record_older(&a->daily, flash, &at, out_record);
}

mw_status mw_archive_find(const mw_ringlog *log, const mw_flash *flash, uint32_t hour,
                          mw_archive_record *out_record) {
    mw_ringlog_cursor at = mw_ringlog_from_newest(log);
    mw_archive_record record;
    for (;;) {
        MW_TRY(record_older(log, flash, &at, &record));
        if (record.hour == hour) {
            *out_record = record;
            return MW_OK;
        }
    }
}

/* Fills boundaries without a record and says which hours suffer. `seen` has bit k set where
 * boundary k has a record; bit 0 is set. */
static void bridge_gaps(mw_archive_window *w, uint64_t seen) {
    for (unsigned k = 1; k <= w->hours; k++) {
        if ((seen >> k & 1) != 0)
            continue;
        w->counts[k] = w->counts[k - 1];
        w->gap = true;
        w->disturbed |= UINT64_C(1) << (k - 1);
        if (k < w->hours)
            w->disturbed |= UINT64_C(1) << k;
    }
}

mw_status mw_archive_window_read(const mw_archive *a, const mw_flash *flash, unsigned index,
                                 uint32_t end, unsigned hours, mw_archive_window *out_window) {
    mw_assert(hours <= MW_ARCHIVE_WINDOW_MAX && index < MW_METER_REGISTERS_MAX);
    if (hours > end)
        hours = end;
    mw_archive_window w = {.end = end};
    uint32_t first = end - hours;
    uint64_t seen = 0, all = (UINT64_C(2) << hours) - 1, disturbed = 0, stepped = 0;
    mw_ringlog_cursor at = mw_ringlog_from_newest(&a->hourly);
    for (unsigned n = 0; n < hours + 1 + WALK_SLACK && seen != all; n++) {
        mw_archive_record record;
        mw_status s = record_older(&a->hourly, flash, &at, &record);
        if (s == MW_NOT_FOUND)
            break;
        MW_TRY(s);
        if (record.hour < first || record.hour > end)
            continue;
        unsigned k = record.hour - first;
        if ((seen >> k & 1) != 0)
            continue;
        seen |= UINT64_C(1) << k;
        w.counts[k] = record.counts[index];
        if (k == hours)
            w.clock = record.clock;
        /* The flags belong to the hour before the boundary. */
        if (k > 0 && (record.flags & (MW_ARCHIVE_DISTURBED | MW_ARCHIVE_STEPPED)) != 0)
            disturbed |= UINT64_C(1) << (k - 1);
        if (k > 0 && (record.flags & MW_ARCHIVE_STEPPED) != 0)
            stepped |= UINT64_C(1) << (k - 1);
    }
    if ((seen >> hours & 1) == 0)
        return MW_NOT_FOUND;
    unsigned skip = 0;
    while ((seen >> skip & 1) == 0)
        skip++;
    for (unsigned k = skip; k <= hours; k++)
        w.counts[k - skip] = w.counts[k];
    w.hours = (uint8_t)(hours - skip);
    w.disturbed = disturbed >> skip;
    w.stepped = stepped >> skip != 0;
    bridge_gaps(&w, seen >> skip);
    *out_window = w;
    return MW_OK;
}
