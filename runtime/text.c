/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/text.h"

size_t mw_text_utf8_length(const uint8_t *p, size_t n) {
    uint8_t c = p[0];
    if (c < 0x80)
        return 1;
    if (c < 0xc2 || c > 0xf4)
        return 0;
    size_t want = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (n < want)
        return 0;
    uint8_t low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    uint8_t high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < want; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return want;
}

bool mw_text_is_plain(mw_slice s) {
    for (size_t i = 0; i < s.n;) {
        size_t n = s.p[i] < ' ' || s.p[i] == 0x7f ? 0 : mw_text_utf8_length(s.p + i, s.n - i);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}
