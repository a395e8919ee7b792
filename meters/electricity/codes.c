/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/electricity/codes.h"

#include <stddef.h>

static const struct {
    uint16_t code;
    uint8_t bit;
} bits[] = {
#define X(name, log, number, bit, text) {MW_ELECTRIC_E_##name, bit},
    MW_ELECTRIC_CODE_LIST(X)
#undef X
};

uint8_t mw_electric_code_bit(uint16_t code) {
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++)
        if (bits[i].code == code)
            return bits[i].bit;
    return MW_ELECTRIC_NO_BIT;
}

/* In the list the end stands behind its begin; what people set has no end. */
bool mw_electric_code_ends(uint16_t code) {
    unsigned log = code >> 8;
    uint8_t bit = mw_electric_code_bit(code);
    if (bit == MW_ELECTRIC_NO_BIT || log == MW_ELECTRIC_LOG_SWITCHING ||
        log == MW_ELECTRIC_LOG_PROGRAMMING)
        return false;
    for (size_t i = 0; bits[i].code != code; i++)
        if (bits[i].bit == bit && bits[i].code >> 8 == log)
            return code != MW_ELECTRIC_E_LOCKED;
    return false;
}

const char *mw_electric_code_text(uint16_t code) {
    switch (code) {
#define X(name, log, number, bit, text)                                                            \
    case MW_ELECTRIC_E_##name:                                                                     \
        return text;
        MW_ELECTRIC_CODE_LIST(X)
#undef X
    default:
        return NULL;
    }
}

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
