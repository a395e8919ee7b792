/* SPDX-License-Identifier: Apache-2.0 */
#include "station/networks.h"

#include <string.h>

/* "868.034" as millihertz; moves *at behind it. */
static bool megahertz(const char **at, int64_t *out_mhz) {
    int64_t value = 0, unit = 1000000000;
    const char *p = *at;
    bool dot = false, any = false;
    for (; (*p >= '0' && *p <= '9') || (*p == '.' && !dot); p++) {
        if (*p == '.') {
            dot = true;
            continue;
        }
        any = true;
        if (dot) {
            unit /= 10;
            if (unit < 1000)
                return false;
            value += (*p - '0') * unit;
        } else if (value < INT64_C(10000) * 1000000000) {
            value = value * 10 + (*p - '0') * INT64_C(1000000000);
        } else {
            return false;
        }
    }
    *at = p;
    *out_mhz = value;
    return any;
}

static mw_status network_parse(const char *word, size_t n, mw_radio_network *out) {
    char text[64];
    if (n >= sizeof text)
        return MW_SYNTAX;
    memcpy(text, word, n);
    text[n] = 0;
    char *colon = strchr(text, ':');
    if (colon == NULL)
        return MW_SYNTAX;
    *colon = 0;
    mw_radio_network w = {0};
    if (mw_radio_kind_of_name(text, &w.kind) != MW_OK || w.kind == MW_RADIO_UNB)
        return MW_SYNTAX;
    unsigned baud = 0;
    const char *at = colon + 1;
    for (; *at >= '0' && *at <= '9' && baud < 10000; at++)
        baud = 10 * baud + (unsigned)(*at - '0');
    if (!mw_framer_has_rate(mw_framer_of(w.kind), baud))
        return MW_RANGE;
    w.baud = (uint16_t)baud;
    if (*at == '@') {
        at++;
        if (!megahertz(&at, &w.low.mhz) || *at++ != '-' || !megahertz(&at, &w.high.mhz))
            return MW_SYNTAX;
        if (w.low.mhz >= w.high.mhz)
            return MW_RANGE;
    }
    if (*at != 0)
        return MW_SYNTAX;
    *out = w;
    return MW_OK;
}

mw_status mw_station_networks_parse(const char *text, mw_radio_network out[MW_RADIO_NETWORKS_MAX],
                                    size_t *out_n) {
    size_t count = 0;
    for (const char *at = text + strspn(text, " ,"); *at != 0; at += strspn(at, " ,")) {
        size_t n = strcspn(at, " ,");
        if (count == MW_RADIO_NETWORKS_MAX)
            return MW_LIMIT;
        MW_TRY(network_parse(at, n, &out[count]));
        count++;
        at += n;
    }
    *out_n = count;
    return MW_OK;
}
