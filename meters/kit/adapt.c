/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/adapt.h"

#include "meters/kit/meter.h"

#define DAY_NS (INT64_C(86400) * MW_NS_PER_S)

void mw_adapt_init(mw_meter *m, mw_mono now) {
    m->adapt = (mw_adapt){.heard = now, .forward = {now.ns - DAY_NS}};
}

void mw_adapt_heard(mw_meter *m, mw_mono now) {
    mw_adapt *a = &m->adapt;
    a->heard = now;
    if (a->back > 0 && now.ns - a->forward.ns >= DAY_NS) {
        a->back--;
        a->forward = now;
    }
}

void mw_adapt_hour(mw_meter *m, mw_mono at) {
    mw_adapt *a = &m->adapt;
    if (m->config.adaptive == 0) {
        mw_adapt_init(m, at);
        return;
    }
    if (at.ns - a->heard.ns < m->config.adaptive * DAY_NS)
        return;
    a->heard = at; /* each further step takes as long again */
    if (a->back < MW_ADAPT_STEPS)
        a->back++;
}

uint8_t mw_adapt_copies(const mw_meter *m) {
    return m->adapt.back > 0 ? MW_UNB_COPIES_MAX : m->config.copies;
}

static bool allowed(const mw_meter *m, unsigned rate) {
    unsigned band;
    return m->config.carrier != MW_CARRIER_UNB ||
           mw_unb_plan_band(m->plan, MW_UNB_UP, (mw_unb_rate)rate, 0, &band) == MW_OK;
}

uint8_t mw_adapt_rate(const mw_meter *m) {
    unsigned rate = m->config.rate;
    unsigned least = m->config.report_period_h == 1 ? MW_UNB_R1 : MW_UNB_R0;
    for (unsigned i = 1; i < m->adapt.back && rate > least && allowed(m, rate - 1); i++)
        rate--;
    return (uint8_t)rate;
}
