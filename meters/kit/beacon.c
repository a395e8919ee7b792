/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/beacon.h"

#include "meters/kit/meter.h"

void mw_beacon_init(mw_meter *m) {
    m->beacon = (mw_beacon){.unsure_ms = MW_BEACON_UNSURE_MS};
}

void mw_beacon_clock_set(mw_meter *m, bool step) {
    m->beacon.unsure_ms = MW_BEACON_UNSURE_MS;
    if (step)
        m->beacon.last = 0; /* slots that the former clock had passed may come again */
}

void mw_beacon_heard(mw_meter *m, mw_utc at, uint16_t uncertainty_ms) {
    mw_beacon *b = &m->beacon;
    unsigned offset;
    b->unsure_ms = uncertainty_ms;
    if (mw_unb_beacon_offset(m->plan, at, &offset) != MW_OK)
        return; /* some other broadcast of the time */
    b->offset = (uint8_t)offset;
    b->known = true;
    b->asked = false;
}

/* What the clock may be off at a tick: how it was set, and the crystal since then. */
static mw_dur guard_at(const mw_meter *m, mw_mono tick) {
    int64_t since_ms = mw_mono_since(tick, m->clock.set_at).ns / 1000000;
    int64_t ms = MW_BEACON_GUARD_MIN_MS + (int64_t)m->beacon.unsure_ms;
    if (since_ms > 0)
        ms += since_ms / 1000 * m->plan->crystal_ppm / 1000 + 1;
    return mw_dur_ms(ms < MW_BEACON_GUARD_MAX_MS ? ms : MW_BEACON_GUARD_MAX_MS);
}

static mw_status window_of(const mw_meter *m, int64_t number, bool one, mw_meter_listen *out) {
    const mw_unb_plan *plan = m->plan;
    mw_unb_beacon_slot slot;
    MW_TRY(mw_unb_beacon_slot_of(plan, number, m->downlink.group, &slot));
    unsigned first = one ? m->beacon.offset : 0;
    unsigned last = one ? m->beacon.offset : plan->beacon.offsets - 1u;
    mw_mono from = mw_rtc_tick_of(&m->clock, mw_unb_beacon_time(plan, number, first));
    mw_mono to = mw_rtc_tick_of(&m->clock, mw_unb_beacon_time(plan, number, last));
    mw_dur guard = guard_at(m, to);
    *out = (mw_meter_listen){.open = true,
                             .band = slot.band,
                             .rate = plan->beacon.rate,
                             .carrier = slot.carrier,
                             .reach = {slot.carrier.mhz / 1000000 * plan->crystal_ppm},
                             .from = {from.ns - guard.ns},
                             .to = mw_mono_add(to, guard)};
    return MW_OK;
}

/* The next slot after beacon.last whose window is not begun at `now`. */
static mw_status next_of(const mw_meter *m, mw_mono now, bool one, int64_t *out_number,
                         mw_meter_listen *out) {
    int64_t every = m->config.beacon;
    int64_t n = mw_unb_beacon_number(m->plan, mw_rtc_utc(&m->clock, now));
    n -= n % every;
    for (unsigned i = 0; i < 4; i++, n += every) {
        MW_TRY(window_of(m, n, one, out));
        if (n > m->beacon.last && out->from.ns >= now.ns) {
            *out_number = n;
            return MW_OK;
        }
    }
    return MW_NOT_FOUND;
}

mw_mono mw_beacon_step(mw_meter *m, mw_mono now, mw_meter_outputs *out) {
    mw_beacon *b = &m->beacon;
    mw_meter_listen window;
    int64_t number;
    if (m->config.beacon == 0 || m->config.carrier != MW_CARRIER_UNB ||
        m->plan->beacon.period_s == 0 || !m->downlink.has_group ||
        mw_rtc_state_at(&m->clock, now) != MW_CLOCK_SET)
        return MW_TICK_NEVER;
    /* One that was missed: the station may be gone, the others are tried as well. */
    bool one = b->known && !b->asked;
    if (next_of(m, now, one, &number, &window) != MW_OK)
        return MW_TICK_NEVER;
    if (window.from.ns - MW_BEACON_LEAD_NS <= now.ns) {
        b->last = number;
        /* Own frames and their windows go first; the next beacon serves as well. */
        if (!out->transmit && m->telemetry.radio_free.ns <= window.from.ns) {
            out->listen = window;
            mw_charge_receive(m, mw_mono_since(window.to, window.from));
            m->telemetry.radio_free = mw_mono_add(window.to, mw_unb_airtime(window.rate, MW_UNB_M));
            b->known = one;
            b->asked = true;
        }
        if (next_of(m, now, b->known && !b->asked, &number, &window) != MW_OK)
            return MW_TICK_NEVER;
    }
    return (mw_mono){window.from.ns - MW_BEACON_LEAD_NS};
}
