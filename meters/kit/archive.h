/* SPDX-License-Identifier: Apache-2.0
 *
 * The archive: all registers at every hour boundary, and once more at every day boundary in a log
 * of its own that reaches further back. Consumption of an hour is the difference of two records.
 *
 *   record 24 B | hour u32 | flags u8 | clock u8 | 0 u16 | counts i64 x 2 |   slot 32 B
 *   hourly      365 days of records for all registers, 70 sectors of 4096 B
 *   daily       6 years, 19 sectors
 */
#ifndef MW_METERS_KIT_ARCHIVE_H
#define MW_METERS_KIT_ARCHIVE_H

#include "meters/kit/config.h"
#include "meters/kit/rtc.h"

#define MW_ARCHIVE_PAYLOAD    24
#define MW_ARCHIVE_HOURS      (365u * 24)
#define MW_ARCHIVE_DAYS       (6u * 366)
#define MW_ARCHIVE_WINDOW_MAX 48
/* The hour before this boundary is not whole: power, clock or flash failed within it. */
#define MW_ARCHIVE_DISTURBED 0x01u
/* The clock was set by more than MW_CLOCK_STEP_US within it. */
#define MW_ARCHIVE_STEPPED 0x02u

typedef struct mw_archive_record {
    uint32_t hour; /* boundary: SMP hour number of the hour that begins here */
    uint8_t flags; /* MW_ARCHIVE_*: of the hour that ends here */
    uint8_t clock; /* mw_rtc_state */
    int64_t counts[MW_METER_REGISTERS_MAX];
} mw_archive_record;

typedef struct mw_archive {
    mw_ringlog hourly;
    mw_ringlog daily;
} mw_archive;

/* MW_IO. */
MW_NODISCARD mw_status mw_archive_mount(mw_archive *a, const mw_flash *flash, uint32_t hourly_first,
                                        uint32_t hourly_sectors, uint8_t hourly_kind,
                                        uint32_t daily_first, uint32_t daily_sectors,
                                        uint8_t daily_kind);
/* Store a boundary in the hourly log, and a day's beginning in the daily one. MW_IO. */
MW_NODISCARD mw_status mw_archive_store(mw_archive *a, const mw_flash *flash,
                                        const mw_archive_record *record);
MW_NODISCARD mw_status mw_archive_store_day(mw_archive *a, const mw_flash *flash,
                                            const mw_archive_record *record);
/* The newest hourly record. MW_NOT_FOUND, MW_IO. */
MW_NODISCARD mw_status mw_archive_newest(const mw_archive *a, const mw_flash *flash,
                                         mw_archive_record *out_record);
/* The beginning of the running billing day. MW_NOT_FOUND, MW_IO. */
MW_NODISCARD mw_status mw_archive_newest_day(const mw_archive *a, const mw_flash *flash,
                                             mw_archive_record *out_record);
/* The record of one boundary, the newest if the clock passed it twice. Walks back through the log:
 * MW_NOT_FOUND, MW_IO. */
MW_NODISCARD mw_status mw_archive_find(const mw_ringlog *log, const mw_flash *flash, uint32_t hour,
                                       mw_archive_record *out_record);

/* One register at hours + 1 consecutive boundaries, ready for a report. A boundary without a record
 * (no power, clock set forward) has the counts of the one before; both hours beside it are marked
 * disturbed. Hours before the first known boundary are left out. */
typedef struct mw_archive_window {
    uint32_t end;  /* last boundary */
    uint8_t hours; /* 0..MW_ARCHIVE_WINDOW_MAX */
    bool gap;      /* some boundary had no record */
    bool stepped;
    uint8_t clock;      /* mw_rtc_state at the last boundary */
    uint64_t disturbed; /* bit i: hour i */
    int64_t counts[MW_ARCHIVE_WINDOW_MAX + 1];
} mw_archive_window;

/* MW_NOT_FOUND when no record of boundary `end` exists; MW_IO. */
MW_NODISCARD mw_status mw_archive_window_read(const mw_archive *a, const mw_flash *flash,
                                              unsigned index, uint32_t end, unsigned hours,
                                              mw_archive_window *out_window);

#endif
