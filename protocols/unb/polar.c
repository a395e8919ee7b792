/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/unb/polar.h"

#include "base/assert.h"
#include "base/crc.h"
#include "protocols/polar/polar.h"

bool mw_unb_polar_is_info(mw_unb_size size, unsigned i) {
    /* round(2^(j/4) * 2^20) */
    static const uint32_t weight[10] = {1048576, 1246974, 1482910, 1763488, 2097152,
                                        2493948, 2965821, 3526975, 4194304, 4987896};
    /* Half-way between the lowest weight inside and the highest outside. */
    static const uint32_t threshold[MW_UNB_SIZE_COUNT] = {8312922, 10410074, 12904022};
    mw_assert(size < MW_UNB_SIZE_COUNT && i < mw_unb_layout_of(size)->code_bits);
    uint32_t sum = 0;
    for (unsigned j = 0; j < 10; j++)
        sum += (i >> j & 1) != 0 ? weight[j] : 0;
    return sum > threshold[size];
}

void mw_unb_polar_transform(uint8_t *bits, size_t n) {
    mw_polar_transform(bits, n);
}

uint32_t mw_unb_check_of(mw_slice payload) {
    return mw_crc24(payload) ^ MW_UNB_CRC_MASK;
}

bool mw_unb_check_ok(mw_slice info) {
    mw_assert(info.n > MW_UNB_CRC_BYTES);
    mw_reader r = mw_reader_of(mw_slice_sub(info, info.n - MW_UNB_CRC_BYTES, MW_UNB_CRC_BYTES));
    return mw_read_u24be(&r) == mw_unb_check_of(mw_slice_sub(info, 0, info.n - MW_UNB_CRC_BYTES));
}
