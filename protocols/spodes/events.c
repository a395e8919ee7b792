/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/spodes/events.h"

#include <stddef.h>

static const struct {
    uint16_t code;
    uint8_t bit;
} bits[] = {
#define X(name, log, number, bit, text) {MW_SPODES_##name, bit},
    MW_SPODES_EVENT_LIST(X)
#undef X
};

uint8_t mw_spodes_event_bit(uint16_t code) {
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++)
        if (bits[i].code == code)
            return bits[i].bit;
    return MW_SPODES_NO_BIT;
}

/* What begins the condition that this code begins or ends; in the list the end stands behind it. */
static uint16_t begin_of(uint16_t code) {
    uint8_t bit = mw_spodes_event_bit(code);
    for (size_t i = 0; bit != MW_SPODES_NO_BIT && bits[i].code != code; i++)
        if (bits[i].bit == bit && bits[i].code >> 8 == code >> 8)
            return bits[i].code;
    return code;
}

/* What people set has no end. */
bool mw_spodes_event_ends(uint16_t code) {
    mw_spodes_log log = mw_spodes_event_log(code);
    return log != MW_SPODES_LOG_SWITCHING && log != MW_SPODES_LOG_PROGRAMMING &&
           code != MW_SPODES_LOCKED && begin_of(code) != code;
}

const char *mw_spodes_event_text(uint16_t code) {
    switch (code) {
#define X(name, log, number, bit, text)                                                            \
    case MW_SPODES_##name:                                                                         \
        return text;
        MW_SPODES_EVENT_LIST(X)
#undef X
    default:
        return NULL;
    }
}

static const char *symbol_of(uint16_t code) {
    switch (code) {
#define X(name, log, number, bit, text)                                                            \
    case MW_SPODES_##name:                                                                         \
        return #name;
        MW_SPODES_EVENT_LIST(X)
#undef X
    default:
        return NULL;
    }
}

bool mw_spodes_condition_of(uint16_t code, mw_spodes_condition *out_condition) {
    mw_spodes_condition c = {.ends = mw_spodes_event_ends(code)};
    const char *symbol = symbol_of(c.ends ? begin_of(code) : code);
    size_t n = 0;
    if (symbol == NULL)
        return false;
    if (mw_spodes_event_log(code) == MW_SPODES_LOG_PROGRAMMING)
        symbol = "SETTING";
    for (; symbol[n] != 0 && n + 1 < sizeof c.name; n++)
        c.name[n] =
            (char)(symbol[n] >= 'A' && symbol[n] <= 'Z' ? symbol[n] - 'A' + 'a' : symbol[n]);
    if (n > 2 && c.name[n - 2] == '_' && c.name[n - 1] >= '1' && c.name[n - 1] <= '3') {
        c.phase = (uint8_t)(c.name[n - 1] - '0');
        c.name[n - 2] = 0;
    }
    *out_condition = c;
    return true;
}
