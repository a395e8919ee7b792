/* SPDX-License-Identifier: Apache-2.0
 * What the parts of the meter share: meter.c lives, meter_events.c tells, meter_store.c keeps,
 * meter_numbers.c, meter_model.c and meter_rows.c show, meter_control.c acts, meter_access.c guards. */
#ifndef MW_METERS_ELECTRICITY_METER_INTERNAL_H
#define MW_METERS_ELECTRICITY_METER_INTERNAL_H

#include "meters/electricity/meter.h"

/* ---- meter_store.c ---- */

MW_NODISCARD mw_status mw_electric_meter_mount(mw_electric_meter *m, const mw_board *board,
                                               mw_mono now);
void mw_electric_settings_defaults(mw_electric_settings *s, const mw_electric_type *type,
                                   const mw_electric_provision *p);
/* Makes the settings durable; `code` tells what was changed, 0: nothing that is told. Returns a
 * data-access-result; on failure the settings are those of before. */
uint8_t mw_electric_settings_keep(mw_electric_meter *m, const mw_electric_settings *changed,
                                  uint16_t code);
/* MW_IO. */
MW_NODISCARD mw_status mw_electric_kept_save(mw_electric_meter *m);
MW_NODISCARD mw_status mw_electric_registers_save(mw_electric_meter *m);
/* A data-access-result: the billing period ends now. */
uint8_t mw_electric_meter_bill(mw_electric_meter *m);
/* The passive calendar, or the active one when `from` has come; MW_IO, MW_RANGE. */
MW_NODISCARD mw_status mw_electric_calendar_keep(mw_electric_meter *m, const mw_tariff_calendar *c,
                                                 mw_utc from);
/* The same from afar: a moment that has passed is now, and the log tells of it. MW_RANGE, MW_IO. */
MW_NODISCARD mw_status mw_electric_calendar_take(mw_electric_meter *m, const mw_tariff_calendar *c,
                                                 mw_utc from);
/* Activates a calendar whose moment has come. */
void mw_electric_calendar_turn(mw_electric_meter *m);

/* ---- meter_events.c ---- */

void mw_electric_meter_raise(mw_electric_meter *m, uint16_t code, int64_t value,
                             int64_t duration_ms);
/* Whether the group that drives push has it. */
bool mw_electric_event_pushed(const mw_electric_meter *m, uint16_t code);
void mw_electric_meter_tell(mw_electric_meter *m, const mw_electric_noticed *n);
uint32_t mw_electric_log_rows(mw_spodes_log log); /* capacity; 0: no such log */
/* The record with this number. MW_NOT_FOUND, MW_IO. */
MW_NODISCARD mw_status mw_electric_log_numbered(const mw_electric_meter *m, unsigned log,
                                                uint32_t number, mw_electric_logged *out);
/* Log 13: how far the clock was moved. */
void mw_electric_meter_moved(mw_electric_meter *m, int64_t seconds);

/* ---- meter_control.c ---- */

void mw_electric_control_boot(mw_electric_meter *m);
void mw_electric_control_step(mw_electric_meter *m);
/* A reason of the meter's own to keep the supply off begins or ends. */
void mw_electric_control_reason(mw_electric_meter *m, uint8_t reason, bool holds, uint16_t off,
                                uint16_t on);
/* An event of the mask that drives the relay begins or ends. */
void mw_electric_control_event(mw_electric_meter *m, uint64_t bit, bool begins);

/* ---- meter_numbers.c, meter_model.c, meter_rows.c, meter_access.c ---- */

/* Whether a number is one of those of a name, and which of them. */
#define MW_ELECTRIC_NTH(which, name) ((unsigned)((int)(which) - (int)MW_ELECTRIC_N_##name))
#define MW_ELECTRIC_IN(which, name)                                                                \
    (MW_ELECTRIC_NTH(which, name) <= (unsigned)(MW_ELECTRIC_N_##name##_ENDS - MW_ELECTRIC_N_##name))

bool mw_electric_meter_number(void *meter, mw_electric_number which, int64_t *out);
/* The thresholds of power quality among the settings. MW_RANGE: they cannot be. */
MW_NODISCARD mw_status mw_electric_quality_of_settings(mw_electric_meter *m,
                                                       const mw_electric_settings *s);
void mw_electric_model_numbers(mw_electric_model *model);
void mw_electric_model_rows(mw_electric_model *model);
void mw_electric_model_control(mw_electric_model *model);
void mw_electric_model_access(mw_electric_model *model);
/* Period of the profile that shows powers. */
void mw_electric_power_window(mw_electric_meter *m, mw_utc begin);
/* Local day and hour at which billing periods begin. MW_RANGE: no such moment each month. */
MW_NODISCARD mw_status mw_electric_schedule_month(const mw_electric_schedule *s, uint8_t *out_day,
                                                  uint8_t *out_hour);
/* The device's functions and keys. MW_NOMEM. */
MW_NODISCARD mw_status mw_electric_access_boot(mw_electric_meter *m);
void mw_electric_access_step(mw_electric_meter *m);

/* Now, as the meter's clock has it in this call. */
static inline mw_electric_mains mw_electric_mains_of(const mw_electric_provision *p) {
    return p->mains == MW_ELECTRIC_60HZ ? MW_ELECTRIC_60HZ : MW_ELECTRIC_50HZ;
}

static inline mw_utc mw_electric_now(const mw_electric_meter *m) {
    return mw_rtc_utc(&m->rtc, m->second);
}

#endif
