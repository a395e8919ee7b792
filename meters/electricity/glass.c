/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/electricity/glass.h"

#define BATTERY_LOW_MV 3100

const mw_display_table *mw_electric_glass_table(const mw_electric_type *type, bool supply) {
    if (type->elements == 1)
        return supply ? &mw_electric_pages_single : &mw_electric_pages_single_battery;
    return supply ? &mw_electric_pages_three : &mw_electric_pages_three_battery;
}

/* "1.4.0" into three bytes. */
static void version(const char *text, uint8_t out[3]) {
    for (unsigned i = 0; i < 3; i++) {
        unsigned n = 0;
        for (; *text >= '0' && *text <= '9'; text++)
            n = n * 10 + (unsigned)(*text - '0');
        out[i] = (uint8_t)n;
        text += *text == '.';
    }
}

void mw_electric_glass(const mw_electric_meter *m, mw_electric_billing_record *period,
                       mw_electric_pages_device *out) {
    *out = (mw_electric_pages_device){
        .model = &m->model,
        .tampers = mw_electric_tamper_now(&m->tamper),
        .quality = mw_electric_quality_status(&m->quality),
        .alarm = m->display_events != 0,
        .battery_low = m->inputs.battery_mv != 0 && m->inputs.battery_mv < BATTERY_LOW_MV,
        .clock_bad = mw_rtc_state_at(&m->rtc, m->second) != MW_CLOCK_SET,
        .checksum = m->seal.software,
        .records = m->seal.audit.count};
    version(m->type->firmware, out->firmware);
    mw_ringlog_cursor at = mw_ringlog_from_newest(&m->billing.log[MW_ELECTRIC_BILLING_MONTHLY].log);
    if (mw_electric_billing_older(&m->billing, &m->flash, MW_ELECTRIC_BILLING_MONTHLY, &at, 0,
                                  UINT32_MAX, period) == MW_OK)
        out->period = period;
}

void mw_electric_glass_seen(mw_electric_meter *m) {
    if (!mw_electric_tamper_locked(&m->tamper))
        m->display_events &= ~(UINT64_C(1) << mw_spodes_event_bit(MW_SPODES_ACCESS));
    m->display_events &= ~(UINT64_C(1) << mw_spodes_event_bit(MW_SPODES_VIOLATION));
}
