/* SPDX-License-Identifier: Apache-2.0
 *
 * Consumption in the formats that other systems read. A writer is given series one after the
 * other, each with its values in order of time, and appends a document to a buffer. A series is
 * needed only during the call that begins it, except by Green Button.
 *
 *   Green Button  NAESB REQ.21 (ESPI) as an Atom file: what a customer takes along. One usage
 *                 point a file, blocks of a local day, quality of every value.
 *   CIM           IEC 61968-9 MeterReadings in the envelope of IEC 61968-100: for a utility's
 *                 other systems. Interval blocks, readings, quality codes.
 *   XML 80020     half-hours of one local day of many electricity meters, windows-1251, whole kWh
 *                 with the rest carried on, so that the day's sum is right to less than 1 kWh.
 *
 * The texts of IEC 61968-9 and of the 80020 rules are not public: the elements are those of
 * published messages (docs/files.md says which). Values keep their full decimals but in 80020.
 */
#ifndef MW_PLATFORM_FILES_EXCHANGE_H
#define MW_PLATFORM_FILES_EXCHANGE_H

#include "base/units.h"
#include "platform/readings/quality_codes.h"
#include "platform/readings/timezone.h"
#include "runtime/buffer.h"

typedef struct mw_exchange_series {
    const char *serial;      /* of the meter */
    const char *usage_point; /* its id in this system */
    const char *name;        /* such as "Cold water" */
    const char *address;
    const char *medium; /* water, electricity, gas, heat */
    uint8_t obis[6];
    mw_unit unit;
    int8_t scale;
    uint32_t interval_s; /* 0 = what a register showed */
    const char *zone_name;
    const mw_zone *zone;
} mw_exchange_series;

typedef struct mw_exchange_value {
    mw_utc start; /* of the interval, or when the register showed it */
    int64_t value;
    uint32_t flags; /* MW_VEE_*; a missing value is not given at all */
    mw_vee_method method;
    mw_quality_stage stage;
} mw_exchange_value;

/* ---- Green Button ---- */

typedef struct mw_green_button {
    mw_buffer *out;
    const mw_exchange_series *series;
    mw_utc made_at;
    unsigned channels;
    bool in_block;
    mw_utc block_end;
    size_t block_values;
} mw_green_button;

/* `made_at` dates the file; ids are made from the names, so the same data give the same ids.
 * begin, then for each channel of the usage point: series, value ..., then end. */
void mw_green_button_begin(mw_green_button *g, const mw_exchange_series *first, mw_utc made_at,
                           mw_utc from, mw_buffer *out);
/* MW_UNSUPPORTED: a register series, or a unit that ESPI has no code for. */
MW_NODISCARD mw_status mw_green_button_series(mw_green_button *g, const mw_exchange_series *s);
void mw_green_button_value(mw_green_button *g, const mw_exchange_value *v);
/* The buffer's status. */
MW_NODISCARD mw_status mw_green_button_end(mw_green_button *g);

/* The ESPI rule for when a zone's clocks go forward and back in a year: "360E2000", "FFFFFFFF"
 * when they do not. tz_offset and dst_offset in seconds. */
typedef struct mw_espi_clock {
    char start_rule[9];
    char end_rule[9];
    int32_t tz_offset_s;
    int32_t dst_offset_s;
} mw_espi_clock;
mw_espi_clock mw_espi_clock_of(const mw_zone *zone, int32_t year);

/* ---- CIM ---- */

/* The 18 numbers of a reading type, such as "0.0.7.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0". */
#define MW_CIM_TYPE_TEXT 64

typedef struct mw_cim {
    mw_buffer *out;
    bool in_series; /* with this type and interval */
    char type[MW_CIM_TYPE_TEXT];
    uint32_t interval_s;
    bool in_meter;
    bool named;
    char serial[64];
    char usage_point[64];
} mw_cim;

void mw_cim_begin(mw_cim *c, const char *source, const char *message_id, mw_utc made_at,
                  mw_buffer *out);
/* Series of one meter stand together, intervals before registers (else MW_STATE). MW_UNSUPPORTED:
 * a unit, scale or interval that the standard has no code for; nothing was written then. */
MW_NODISCARD mw_status mw_cim_series(mw_cim *c, const mw_exchange_series *s);
void mw_cim_value(mw_cim *c, const mw_exchange_value *v);
MW_NODISCARD mw_status mw_cim_end(mw_cim *c);

MW_NODISCARD mw_status mw_cim_reading_type(const mw_exchange_series *s, char out[MW_CIM_TYPE_TEXT]);

/* ---- XML 80020 ---- */

typedef struct mw_80020_head {
    const char *sender_name; /* UTF-8 */
    const char *sender_inn;  /* tax number, digits */
    const char *area_name;
    const char *area_inn;
    uint32_t number; /* of the message; the sender counts */
    mw_utc made_at;
    const mw_zone *zone;
    int64_t local_day; /* days since 1970-01-01 */
} mw_80020_head;

typedef struct mw_80020 {
    mw_buffer *out;
    const mw_80020_head *head;
    bool in_channel; /* with this code, name and scale */
    int code;
    char name[64];
    int8_t scale;
    char point[64];
    int64_t half_hour[48];
    bool known[48];
    bool doubtful[48];
    bool in_point;
} mw_80020;

#define MW_80020_NAME_MAX 96
/* "80020_5257072937_20080109_1056_1328903069.xml" */
void mw_80020_file_name(const mw_80020_head *head, char out[MW_80020_NAME_MAX]);
/* MW_SYNTAX: an INN is not 10 or 12 digits. MW_RANGE: the day has not 24 hours (80020 has no room
 * for them). */
MW_NODISCARD mw_status mw_80020_begin(mw_80020 *x, const mw_80020_head *head, mw_buffer *out);
/* MW_UNSUPPORTED: not energy, or intervals that do not make half-hours. */
MW_NODISCARD mw_status mw_80020_series(mw_80020 *x, const mw_exchange_series *s);
/* Values outside the day are ignored. */
void mw_80020_value(mw_80020 *x, const mw_exchange_value *v);
MW_NODISCARD mw_status mw_80020_end(mw_80020 *x);

#endif
