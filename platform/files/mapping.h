/* SPDX-License-Identifier: Apache-2.0
 *
 * A mapping: what the columns of a table mean, as data. JSON, at most 16 KiB:
 *
 *   { "name": "Half-hours of the pilot",
 *     "rows": "intervals",                  meters | intervals | registers
 *     "table": {"sheet": "Sheet1", "header_row": 1, "delimiter": ";", "point": ",", "group": "."},
 *     "columns": {
 *       "serial":  {"column": "customer_id", "prefix": "SGSC-"},
 *       "channel": {"constant": "0"},
 *       "time":    {"column": "Date", "and": "Time", "format": "%d/%m/%Y %H:%M:%S",
 *                   "zone": "Europe/Paris", "ambiguous": "in_order", "skipped": "refuse"},
 *       "value":   {"column": "kW", "unit": "W", "scale": 3, "measure": "mean",
 *                   "rounding": "carry"} },
 *     "interval": {"seconds": 1800, "stamp": "start"},
 *     "duplicates": "same", "empty": "skip" }
 *
 * A column is named by its heading ("column") or counted from 1 ("number"); "constant" stands for
 * all rows. Everything has a default but "rows" and "columns". docs/files.md lists the fields.
 */
#ifndef MW_PLATFORM_FILES_MAPPING_H
#define MW_PLATFORM_FILES_MAPPING_H

#include "base/units.h"
#include "platform/files/decimal.h"
#include "platform/files/moment.h"
#include "runtime/json_read.h"

enum {
    MW_MAPPING_BYTES_MAX = 16384,
    MW_MAPPING_TEXT_MAX = 128, /* a heading, constant or prefix */
};

typedef enum mw_mapping_rows {
    MW_MAPPING_METERS,    /* meters, their channels, usage points and owners */
    MW_MAPPING_INTERVALS, /* consumption by intervals */
    MW_MAPPING_REGISTERS, /* what registers showed */
} mw_mapping_rows;

/* X(name, in a file of meters: 'r' required, 'o' optional, '-' not allowed; the same for readings)
 */
#define MW_MAPPING_FIELDS(X)                                                                       \
    X(tenant, 'o', '-')                                                                            \
    X(device_id, 'r', '-')                                                                         \
    X(serial, 'r', 'r')                                                                            \
    X(model, 'r', '-')                                                                             \
    X(network_address, 'r', '-')                                                                   \
    X(master_key, 'r', '-')                                                                        \
    X(channel, 'o', 'o')                                                                           \
    X(medium, 'r', '-')                                                                            \
    X(obis, 'r', '-')                                                                              \
    X(unit, 'r', '-')                                                                              \
    X(scale, 'o', '-')                                                                             \
    X(register_digits, 'o', '-')                                                                   \
    X(label, 'o', '-')                                                                             \
    X(class, 'o', '-')                                                                             \
    X(usage_point, 'o', '-')                                                                       \
    X(address, 'o', '-')                                                                           \
    X(time_zone, 'o', '-')                                                                         \
    X(customer, 'o', '-')                                                                          \
    X(customer_name, 'o', '-')                                                                     \
    X(customer_login, 'o', '-')                                                                    \
    X(time, '-', 'r')                                                                              \
    X(value, '-', 'r')

typedef enum mw_mapping_field {
#define X(name, meters, readings) MW_FIELD_##name,
    MW_MAPPING_FIELDS(X)
#undef X
        MW_FIELD_COUNT
} mw_mapping_field;

/* Where a field's text comes from. */
typedef struct mw_mapping_source {
    bool given;
    char heading[MW_MAPPING_TEXT_MAX]; /* "" = by number */
    uint16_t number;                   /* 1-based */
    char constant[MW_MAPPING_TEXT_MAX];
    bool is_constant;
    char prefix[MW_MAPPING_TEXT_MAX];
    char and_heading[MW_MAPPING_TEXT_MAX]; /* a second column behind a space; time only */
} mw_mapping_source;

/* What to do with a clock time that came twice, when the clocks went back. */
typedef enum mw_ambiguous {
    MW_AMBIGUOUS_REFUSE,
    MW_AMBIGUOUS_EARLIER,
    MW_AMBIGUOUS_LATER,
    MW_AMBIGUOUS_IN_ORDER, /* the earlier one until the rows of the channel have passed it */
} mw_ambiguous;

typedef enum mw_duplicates {
    MW_DUPLICATES_REFUSE,
    MW_DUPLICATES_SAME, /* equal values are one, different ones are refused */
    MW_DUPLICATES_FIRST,
    MW_DUPLICATES_LAST,
} mw_duplicates;

typedef struct mw_mapping {
    char name[MW_MAPPING_TEXT_MAX];
    mw_mapping_rows rows;
    char sheet[MW_MAPPING_TEXT_MAX]; /* "" = the first */
    uint32_t header_row;             /* 0 = no headings: columns by number only */
    char delimiter;                  /* 0 = told by the first line */
    char point;
    char group; /* 0 = none */
    mw_mapping_source source[MW_FIELD_COUNT];
    char time_format[MW_MOMENT_FORMAT_MAX];
    char zone[MW_ZONE_NAME_MAX];
    mw_ambiguous ambiguous;
    bool shift_skipped; /* a skipped clock time counts from the hour before; else refused */
    mw_unit unit;
    int8_t scale;
    bool mean; /* a mean rate over the interval, not an amount */
    mw_rounding rounding;
    uint32_t interval_s;
    bool stamp_is_end;
    mw_duplicates duplicates;
    bool empty_is_error; /* a reading without a value: refuse instead of skip */
} mw_mapping;

const char *mw_mapping_field_name(mw_mapping_field f);

/* MW_SYNTAX, MW_RANGE, MW_LIMIT, MW_UNSUPPORTED with error in words fit for its author. */
MW_NODISCARD mw_status mw_mapping_decode(mw_slice json, mw_mapping *out_mapping,
                                         mw_json_error *error);

#endif
