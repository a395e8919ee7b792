/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/cosem/obis.h"

bool mw_obis_equal(mw_obis x, mw_obis y) {
    return mw_slice_equal(MW_SLICE_OF(x.b), MW_SLICE_OF(y.b));
}

mw_status mw_obis_of_bytes(mw_slice bytes, mw_obis *out_obis) {
    if (bytes.n != MW_OBIS_BYTES)
        return MW_RANGE;
    mw_bytes_copy(out_obis->b, bytes.p, MW_OBIS_BYTES);
    return MW_OK;
}

void mw_obis_format(mw_obis o, char out[MW_OBIS_TEXT_MAX]) {
    static const char after[MW_OBIS_BYTES] = {'-', ':', '.', '.', '*', 0};
    for (size_t i = 0; i < MW_OBIS_BYTES; i++) {
        unsigned v = o.b[i];
        if (v >= 100)
            *out++ = (char)('0' + v / 100);
        if (v >= 10)
            *out++ = (char)('0' + v / 10 % 10);
        *out++ = (char)('0' + v % 10);
        *out++ = after[i];
    }
}

mw_status mw_obis_parse(mw_slice text, mw_obis *out_obis) {
    static const char mixed[] = "-:..*", dotted[] = ".....";
    mw_obis o = {{0, 0, 0, 0, 0, 255}};
    const char *separators = NULL;
    size_t group = 0, at = 0;
    for (;; group++, at++) {
        unsigned v = 0;
        size_t begin = at;
        for (; at < text.n && text.p[at] >= '0' && text.p[at] <= '9' && at - begin < 4; at++)
            v = v * 10 + (unsigned)(text.p[at] - '0');
        if (at == begin)
            return MW_SYNTAX;
        if (v > 255)
            return MW_RANGE;
        o.b[group] = (uint8_t)v;
        if (at == text.n)
            break;
        if (group == 0)
            separators = text.p[at] == '-' ? mixed : dotted;
        if (group == 5 || text.p[at] != (uint8_t)separators[group])
            return MW_SYNTAX;
    }
    bool whole = group == 5 || (group == 4 && separators == mixed);
    if (!whole)
        return MW_SYNTAX;
    *out_obis = o;
    return MW_OK;
}
