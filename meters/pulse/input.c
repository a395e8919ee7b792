/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/pulse/input.h"

void mw_pulse_input_init(mw_pulse_input *p, mw_dur min_low, mw_dur min_high, bool low,
                         mw_mono now) {
    /* A line found low at power-on may be in the middle of a pulse: it counts when it began before,
     * so it does not count here; the next one does. */
    *p = (mw_pulse_input){
        .min_low = min_low, .min_high = min_high, .changed = now, .low = low, .armed = !low};
}

unsigned mw_pulse_input_poll(mw_pulse_input *p, mw_mono now) {
    if (!p->low || !p->armed || p->counted || mw_mono_since(now, p->changed).ns < p->min_low.ns)
        return 0;
    p->counted = true;
    return 1;
}

unsigned mw_pulse_input_edge(mw_pulse_input *p, bool low, mw_mono at) {
    if (low == p->low)
        return 0;
    unsigned pulses = mw_pulse_input_poll(p, at);
    int64_t lasted = mw_mono_since(at, p->changed).ns;
    if (low) {
        /* Armed anew after a good high; a short spike upward leaves the last decision in force. */
        if (lasted >= p->min_high.ns) {
            p->armed = true;
            p->counted = false;
        }
    } else if (p->counted) {
        p->armed = false;
    }
    p->low = low;
    p->changed = at;
    return pulses;
}
