/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "protocols/openunb/openunb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any soft bits: no fault, and what decodes survives being coded and decoded again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static mw_polar_decoder decoder;
    int16_t soft[8 * MW_OPENUNB_CODED_LONG];
    size_t n =
        size >= 8 * MW_OPENUNB_CODED_LONG ? 8 * MW_OPENUNB_CODED_LONG : 8 * MW_OPENUNB_CODED_SHORT;
    for (size_t i = 0; i < n; i++)
        soft[i] = (int16_t)(i < size ? (int)data[i] * 257 - 32768 : 0);
    uint8_t message[MW_OPENUNB_LONG], coded[MW_OPENUNB_CODED_LONG], back[MW_OPENUNB_LONG];
    size_t message_n, coded_n, back_n;
    if (mw_openunb_decode(&decoder, 4, soft, n, MW_SPAN_OF(message), &message_n) != MW_OK)
        return 0;
    mw_slice m = {message, message_n};
    mw_openunb_uplink u;
    mw_assert(mw_openunb_message_decode(m, &u) == MW_OK);
    mw_assert(mw_openunb_encode(m, MW_SPAN_OF(coded), &coded_n) == MW_OK && 8 * coded_n == n);
    for (size_t i = 0; i < n; i++)
        soft[i] = (coded[i / 8] >> (7 - i % 8) & 1) != 0 ? -9 : 9;
    mw_assert(mw_openunb_decode(&decoder, 4, soft, n, MW_SPAN_OF(back), &back_n) == MW_OK);
    mw_assert(mw_slice_equal(m, (mw_slice){back, back_n}));
    return 0;
}
