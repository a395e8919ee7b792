/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "protocols/nbfi/nbfi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static mw_nbfi_decoder decoder;

static void soften(const uint8_t frame[MW_NBFI_FRAME], int16_t *soft) {
    for (unsigned i = 0; i < MW_NBFI_CODED_BITS; i++)
        soft[i] = (frame[4 + i / 8] >> (7 - i % 8) & 1) != 0 ? -9 : 9;
}

static void try_d(const int16_t *first, const int16_t *second) {
    const int16_t *given[2] = {first, second};
    int16_t soft[MW_NBFI_CODED_BITS];
    uint8_t frame[MW_NBFI_FRAME];
    mw_nbfi_d u, back;
    if (mw_nbfi_d_decode(&decoder, given, &u) != MW_OK)
        return;
    mw_assert(mw_nbfi_d_encode(&u, 1, frame) == MW_OK);
    soften(frame, soft);
    given[0] = NULL;
    given[1] = soft;
    mw_assert(mw_nbfi_d_decode(&decoder, given, &back) == MW_OK && back.id == u.id);
}

/* Any soft bits: no fault, and what decodes survives being coded and decoded again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int16_t soft[2][MW_NBFI_CODED_BITS];
    uint8_t frame[MW_NBFI_FRAME];
    for (size_t i = 0; i < 2 * MW_NBFI_CODED_BITS; i++)
        soft[i / MW_NBFI_CODED_BITS][i % MW_NBFI_CODED_BITS] =
            (int16_t)(i < size ? (int)data[i] * 257 - 32768 : 0);
    try_d(NULL, soft[0]);
    try_d(soft[0], size > MW_NBFI_CODED_BITS ? soft[1] : NULL);
    mw_nbfi_e u, back;
    if (mw_nbfi_e_decode(&decoder, 4, soft[0], &u) != MW_OK)
        return 0;
    mw_nbfi_e_encode(&u, frame);
    soften(frame, soft[0]);
    mw_assert(mw_nbfi_e_decode(&decoder, 4, soft[0], &back) == MW_OK && back.id == u.id);
    return 0;
}
