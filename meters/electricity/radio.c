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

/* ---- events ---- */

static void tell(void *context, const mw_electric_event *e) {
    mw_electric_radio *r = context;
    uint64_t bit = UINT64_C(1) << mw_spodes_event_bit(e->code);
    bool ends = mw_spodes_event_ends(e->code);
    if (ends && (r->silent & bit) != 0)
        return;
    bool told =
        mw_meter_tell(r->radio, r->meter->second, e->at, (uint8_t)mw_spodes_event_log(e->code),
                      mw_spodes_event_number(e->code), e->value, ends);
    r->silent = told ? r->silent & ~bit : r->silent | bit;
    if (e->code == MW_SPODES_POWER_OFF)
        mw_meter_hurry(r->radio, r->meter->second);
}

void mw_electric_radio_connect(mw_electric_radio *r, mw_electric_meter *m, mw_meter *radio) {
    *r = (mw_electric_radio){.meter = m, .radio = radio};
    m->listener = (mw_electric_listener){.tell = tell, .context = r};
    if (m->returned.code != 0 && mw_electric_event_pushed(m, m->returned.code))
        tell(r, &m->returned);
}

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
