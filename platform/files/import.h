/* SPDX-License-Identifier: Apache-2.0
 *
 * From a file and its mapping to meters, intervals and register readings.
 *
 *   file -> rows -> (mapping) -> checked, in order of channel and time, duplicates settled ->
 * target
 *
 * The whole file is looked at before the target gets the first value: a file with problems is
 * reported row by row and changes nothing. With a target of NULL functions this is the dry run.
 */
#ifndef MW_PLATFORM_FILES_IMPORT_H
#define MW_PLATFORM_FILES_IMPORT_H

#include "platform/files/mapping.h"
#include "platform/files/table.h"

enum {
    MW_IMPORT_VALUES_MAX = 5000000, /* readings of one file; 40 bytes each in memory */
    MW_IMPORT_CHANNELS_MAX = 100000,
    MW_IMPORT_PROBLEMS_MAX = 100, /* kept with their text; all are counted */
    MW_IMPORT_METER_MAX = 4096,   /* bytes of one meter's JSON line */
};

typedef struct mw_import_channel {
    int64_t channel; /* the store's number */
    mw_unit unit;
    int8_t scale;
} mw_import_channel;

typedef struct mw_import_target {
    void *ctx;
    /* Which channel a reading belongs to. MW_NOT_FOUND and MW_CONFLICT are problems of the row,
     * said in out_why when it is not left empty. */
    mw_status (*resolve)(void *ctx, const char *serial, uint8_t channel,
                         mw_import_channel *out_channel, char out_why[160]);
    /* A meter as one JSON object of the registry's import (platform/registry). Checks it when dry,
     * takes it otherwise; out_why tells what is wrong. */
    mw_status (*meter)(void *ctx, mw_slice json, bool dry, char out_why[160]);
    /* Ascending by channel, then by time. */
    mw_status (*interval)(void *ctx, int64_t channel, mw_utc start, uint32_t seconds,
                          int64_t value);
    mw_status (*reading)(void *ctx, int64_t channel, mw_utc at, int64_t value);
} mw_import_target;

typedef struct mw_import_problem {
    uint32_t row; /* as the file counts them, 1-based */
    char text[160];
} mw_import_problem;

typedef struct mw_import_report {
    uint32_t rows;       /* below the headings */
    uint32_t meters;     /* taken, or to be taken */
    uint32_t values;     /* the same */
    uint32_t channels;   /* that have values */
    uint32_t empty;      /* readings without a value */
    uint32_t repeated;   /* duplicates with the same value, counted once */
    uint32_t superseded; /* duplicates with another value, settled by first or last */
    uint32_t twice;      /* clock times that came twice and were settled */
    uint32_t shifted;    /* skipped clock times that were shifted */
    mw_utc first;        /* of the readings, MW_UTC_NONE = none */
    mw_utc last;
    uint32_t problem_count;
    size_t problems;
    mw_import_problem problem[MW_IMPORT_PROBLEMS_MAX];
} mw_import_report;

/* Reads the file; with dry false also hands everything to the target, unless there are problems.
 * MW_OK even with problems: look at report->problem_count. MW_LIMIT, MW_NOMEM, MW_IO or the
 * target's status when it could not be done at all; then report->problem[0] says more. */
MW_NODISCARD mw_status mw_import_run(const mw_mapping *mapping, mw_slice file, mw_zones *zones,
                                     const mw_import_target *target, bool dry,
                                     mw_import_report *report);

#endif
