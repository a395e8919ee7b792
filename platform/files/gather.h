/* SPDX-License-Identifier: Apache-2.0
 *
 * The readings of a file before they are settled: kept whole, sorted, duplicates resolved. Inside
 * platform/files.
 */
#ifndef MW_PLATFORM_FILES_GATHER_H
#define MW_PLATFORM_FILES_GATHER_H

#include "platform/files/import.h"

typedef struct mw_gathered {
    int64_t at_s; /* UTC */
    mw_decimal value;
    uint32_t channel; /* index into channel[] */
    uint32_t row;
} mw_gathered;

/* One (serial, channel) of the file. */
typedef struct mw_gather_channel {
    char serial[64];
    uint8_t number;
    mw_import_channel info;
    mw_conversion conversion;
    int64_t last_at_s; /* of the row before, INT64_MIN = none */
} mw_gather_channel;

typedef struct mw_gather {
    mw_gathered *value;
    size_t values;
    size_t room;
    mw_gather_channel *channel;
    size_t channels;
    size_t channel_room;
    uint32_t *slot; /* hash of (serial, number) -> channel + 1; a power of two */
    size_t slots;
} mw_gather;

void mw_gather_fini(mw_gather *g);
/* The channel's index; *out_new tells that it was just made (info and conversion are unset). */
MW_NODISCARD mw_status mw_gather_channel_of(mw_gather *g, mw_slice serial, uint8_t number,
                                            uint32_t *out_index, bool *out_new);
MW_NODISCARD mw_status mw_gather_add(mw_gather *g, mw_gathered v);
/* Sorts by channel, time and row, and settles duplicates; the report gets its counts and problems.
 */
void mw_gather_settle(mw_gather *g, mw_duplicates policy, mw_import_report *report);

void mw_import_problem_add(mw_import_report *report, uint32_t row, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
