/* SPDX-License-Identifier: Apache-2.0 */
#include "base/units.h"

#include <string.h>

#include "base/assert.h"

#define SCALE_MAX                         9

#define X(name, symbol, ucum, dlms, espi) [MW_UNIT_##name] = {#name, symbol, ucum, dlms, espi},
static const mw_unit_info infos[MW_UNIT_COUNT] = {MW_UNIT_LIST(X)};
#undef X

const mw_unit_info *mw_unit_info_of(mw_unit u) {
    mw_assert((unsigned)u < MW_UNIT_COUNT);
    return &infos[u];
}

mw_status mw_unit_of_ucum(const char *ucum, mw_unit *out_unit) {
    for (unsigned u = 0; u < MW_UNIT_COUNT; u++) {
        if (strcmp(infos[u].ucum, ucum) == 0) {
            *out_unit = (mw_unit)u;
            return MW_OK;
        }
    }
    return MW_NOT_FOUND;
}

mw_status mw_quantity_rescale(mw_quantity q, int8_t scale, mw_quantity *out_q) {
    if (scale < -SCALE_MAX || scale > SCALE_MAX || q.scale < -SCALE_MAX || q.scale > SCALE_MAX)
        return MW_RANGE;
    for (; q.scale > scale; q.scale--) {
        if (q.value > INT64_MAX / 10 || q.value < INT64_MIN / 10)
            return MW_RANGE;
        q.value *= 10;
    }
    for (; q.scale < scale; q.scale++) {
        if (q.value % 10 != 0)
            return MW_RANGE;
        q.value /= 10;
    }
    *out_q = q;
    return MW_OK;
}

mw_status mw_quantity_format(mw_quantity q, mw_span out) {
    if (q.scale < -SCALE_MAX || q.scale > SCALE_MAX)
        return MW_RANGE;
    char reversed[2 * SCALE_MAX + 24];
    size_t n = 0;
    uint64_t magnitude = q.value < 0 ? 0 - (uint64_t)q.value : (uint64_t)q.value;
    for (int i = 0; i < q.scale && magnitude != 0; i++)
        reversed[n++] = '0';
    for (int decimals = q.scale < 0 ? -q.scale : 0; magnitude != 0 || decimals >= 0; decimals--) {
        reversed[n++] = (char)('0' + magnitude % 10);
        magnitude /= 10;
        if (decimals == 1)
            reversed[n++] = '.';
    }
    if (q.value < 0)
        reversed[n++] = '-';
    if (out.n < n + 1)
        return MW_SPACE;
    for (size_t i = 0; i < n; i++)
        out.p[i] = (uint8_t)reversed[n - 1 - i];
    out.p[n] = 0;
    return MW_OK;
}
