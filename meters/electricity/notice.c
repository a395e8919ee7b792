/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/electricity/notice.h"

static int64_t within(int64_t v, int64_t low, int64_t high) {
    return v < low ? low : v > high ? high : v;
}

void mw_electric_notice(mw_electric_noticed *n, uint16_t code, mw_utc at, int64_t value,
                        int64_t duration_ms) {
    if (n->n == MW_ELECTRIC_NOTICED_MAX) {
        n->missed = (uint8_t)within(n->missed + 1, 0, UINT8_MAX);
        return;
    }
    n->event[n->n++] =
        (mw_electric_event){.code = code,
                            .at = at,
                            .value = (int32_t)within(value, INT32_MIN, INT32_MAX),
                            .duration_ms = (uint32_t)within(duration_ms, 0, UINT32_MAX)};
}

mw_electric_turn mw_electric_condition_step(mw_electric_condition *c, bool seen, mw_mono now,
                                            mw_utc utc, uint32_t on_ms, uint32_t off_ms) {
    if (seen == c->holds) {
        c->turning = false;
        return MW_ELECTRIC_TURN_NONE;
    }
    if (!c->turning) {
        c->turning = true;
        c->since = now;
        c->since_utc = utc;
    }
    int64_t wait = seen ? on_ms : off_ms;
    if (now.ns - c->since.ns < wait * 1000000)
        return MW_ELECTRIC_TURN_NONE;
    c->turning = false;
    c->holds = seen;
    if (!seen)
        return MW_ELECTRIC_TURN_ENDS;
    c->begun = c->since;
    c->begun_utc = c->since_utc;
    return MW_ELECTRIC_TURN_BEGINS;
}

int64_t mw_electric_condition_ms(const mw_electric_condition *c, mw_mono now) {
    return ((c->holds ? now.ns : c->since.ns) - c->begun.ns) / 1000000;
}
