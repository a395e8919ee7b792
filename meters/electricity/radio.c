/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/electricity/radio.h"

#include "meters/electricity/meter_internal.h"
#include "protocols/tariff/schedule.h"

#define ONE_TO_ONE                                                                                 \
    { .numerator = 1, .denominator = 1, .initial = 0 }

/* A snapshot each 256 Wh: what a cut without last gasp may cost the radio's hours; the register
 * itself is the meter's, with its own snapshots. */
#define RADIO(name_)                                                                               \
    {                                                                                              \
        .name = name_, .unit = MW_UNIT_WH, .register_count = 1, .hourly = 0x01, .channel = {0},    \
        .snapshot_counts = 256, .firmware = {1, 0, 0}, .relay = true,                              \
        .defaults = {.report_period_h = 24,                                                        \
                     .jitter_s = 14400,                                                            \
                     .copies = 2,                                                                  \
                     .rate = MW_UNB_R1,                                                            \
                     .overlap = 1,                                                                 \
                     .active = 0x01,                                                               \
                     .scale = {ONE_TO_ONE}},                                                       \
    }

const mw_meter_model mw_electric_radio_single = RADIO("electricity-1p");
const mw_meter_model mw_electric_radio_three = RADIO("electricity-3p");

/* ---- tariff schedules ---- */

_Static_assert(MW_TARIFF_SCHEDULE_MAX <= MW_SMP_SCHEDULE_PARTS * MW_SMP_SCHEDULE_PART,
               "every schedule fits its parts");

static mw_status schedule_take(void *context, mw_slice schedule) {
    mw_electric_meter *m = context;
    mw_tariff_calendar c;
    uint32_t from_s;
    MW_TRY(mw_tariff_schedule_decode(schedule, mw_electric_tariffs_calendar(&m->tariffs), &c,
                                     &from_s));
    return mw_electric_calendar_take(m, &c, mw_smp_utc_of_seconds(from_s));
}

static void schedule_newest(void *context, uint32_t *out_checksum, uint32_t *out_from_s) {
    const mw_electric_meter *m = context;
    const mw_electric_tariffs *t = &m->tariffs;
    bool waits = t->passive_valid;
    *out_checksum = mw_tariff_calendar_checksum(&t->calendar[waits ? !t->active : t->active]);
    *out_from_s = 0;
    if (waits && mw_smp_seconds_of_utc(t->passive_from, out_from_s) != MW_OK)
        *out_from_s = UINT32_MAX; /* beyond what the radio can say */
}

void mw_electric_radio_schedule(mw_electric_meter *m, mw_schedule *out) {
    *out = (mw_schedule){.take = schedule_take, .newest = schedule_newest, .context = m};
}
