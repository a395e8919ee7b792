/* SPDX-License-Identifier: Apache-2.0
 *
 * A tariff schedule as the API has it (TariffSchedule in openapi.json), and the commands that carry it
 * to a meter.
 */
#ifndef MW_PLATFORM_API_SCHEDULE_H
#define MW_PLATFORM_API_SCHEDULE_H

#include "protocols/smp/commands.h"
#include "protocols/tariff/calendar.h"
#include "runtime/json_read.h"

enum { MW_API_SCHEDULE_SUMMARY = 200 };

typedef struct mw_api_schedule {
    mw_smp_command part[MW_SMP_SCHEDULE_PARTS];
    size_t parts;
    char summary[MW_API_SCHEDULE_SUMMARY]; /* JSON for people: name, moment, checksum, parts */
} mw_api_schedule;

/* Members "name", "clock", "programs", "seasons", "special_days". MW_RANGE, MW_SYNTAX with
 * out_error. */
MW_NODISCARD mw_status mw_api_schedule_calendar(const json_t *object, mw_tariff_calendar *out,
                                                mw_json_error *out_error);
/* The same of a request's body, with "activate_at" and "holds", what the meter has, of which only the
 * changes are sent. */
MW_NODISCARD mw_status mw_api_schedule_parts(const json_t *body, mw_utc now,
                                             mw_api_schedule *out_schedule,
                                             mw_json_error *out_error);

#endif
