/* SPDX-License-Identifier: Apache-2.0
 *
 * What COSEM values mean: date and time (IEC 62056-6-2 clause 4.1.6.1), scaler and unit (clause
 * 4.3.2).
 */
#ifndef MW_PROTOCOLS_COSEM_VALUES_H
#define MW_PROTOCOLS_COSEM_VALUES_H

#include "base/time.h"
#include "base/units.h"
#include "protocols/cosem/encode.h"

#define MW_COSEM_DATETIME_BYTES 12
/* "2023-04-01 21:32:35.00 UTC+02:00 (summer time)" and a terminating NUL. */
#define MW_COSEM_DATETIME_TEXT_MAX 64

#define MW_COSEM_ANY_YEAR          0xFFFFu
#define MW_COSEM_ANY               0xFFu /* month, day, weekday, hour, minute, second, hundredths */
#define MW_COSEM_LAST_DAY          0xFEu /* day */
#define MW_COSEM_SECOND_LAST       0xFDu /* day */
#define MW_COSEM_DST_BEGIN         0xFEu /* month */
#define MW_COSEM_DST_END           0xFDu /* month */
#define MW_COSEM_NO_DEVIATION      INT16_MIN

/* Bits of the clock status. */
enum {
    MW_COSEM_CLOCK_INVALID = 0x01,
    MW_COSEM_CLOCK_DOUBTFUL = 0x02,
    MW_COSEM_CLOCK_OTHER_BASE = 0x04,
    MW_COSEM_CLOCK_BAD_STATUS = 0x08,
    MW_COSEM_CLOCK_SUMMER = 0x80,
    MW_COSEM_CLOCK_NO_STATUS = 0xFF,
};

typedef struct mw_cosem_datetime {
    uint16_t year;
    uint8_t month, day, weekday; /* weekday 1 = Monday .. 7 */
    uint8_t hour, minute, second, hundredths;
    int16_t deviation; /* minutes to add to get UTC: -120 in a zone two hours east */
    uint8_t status;
} mw_cosem_datetime;

/* 12 bytes, tagged or in an octet-string. MW_RANGE for another length or a field outside its
 * range; wildcards are in range, and a weekday of 0, which meters send, reads as ANY. */
MW_NODISCARD mw_status mw_cosem_datetime_decode(mw_slice bytes, mw_cosem_datetime *out_dt);
void mw_cosem_datetime_encode(const mw_cosem_datetime *dt, uint8_t out[MW_COSEM_DATETIME_BYTES]);
/* The moment. `deviation` stands in for one that is not specified; MW_COSEM_NO_DEVIATION: none is
 * known. MW_UNSUPPORTED when a field down to the minute or the deviation is a wildcard (seconds and
 * hundredths then count as 0), MW_RANGE for a date that does not exist. */
MW_NODISCARD mw_status mw_cosem_datetime_utc(const mw_cosem_datetime *dt, int16_t deviation,
                                             mw_utc *out_t);
/* A moment told in local time `deviation` minutes behind UTC (negative in the east). Years
 * 1..65534 (asserted). */
mw_cosem_datetime mw_cosem_datetime_of_utc(mw_utc t, int16_t deviation, uint8_t status);
/* For people; wildcards are '*'. */
void mw_cosem_datetime_format(const mw_cosem_datetime *dt, char out[MW_COSEM_DATETIME_TEXT_MAX]);

/* The unit of a DLMS code. MW_NOT_FOUND when the registry (base/units.h) does not have it. */
MW_NODISCARD mw_status mw_cosem_unit_of(uint8_t dlms, mw_unit *out_unit);
/* A register's value with its scaler and unit. MW_RANGE for a scaler outside -9..9, MW_NOT_FOUND.
 */
MW_NODISCARD mw_status mw_cosem_quantity_of(int64_t value, int8_t scaler, uint8_t dlms,
                                            mw_quantity *out_quantity);

#endif
