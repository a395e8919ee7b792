/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/assert.h"
#include "protocols/unb/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte chooses the size, the others are soft symbols. Whatever decodes must, encoded
 * again, be a frame: the encoder accepts it and the decoder returns it from clean symbols. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static mw_unb_decoder decoder;
    int8_t soft[MW_UNB_SYMBOLS_MAX] = {0};
    uint8_t payload[MW_UNB_PAYLOAD_MAX];
    uint8_t again[MW_UNB_PAYLOAD_MAX];
    if (size == 0)
        return 0;
    mw_unb_size frame_size = (mw_unb_size)(data[0] % MW_UNB_SIZE_COUNT);
    const mw_unb_layout *l = mw_unb_layout_of(frame_size);
    size_t n = size - 1 < l->symbols ? size - 1 : l->symbols;
    memcpy(soft, data + 1, n);
    mw_assert(mw_unb_size_by_pilots(soft) < MW_UNB_SIZE_COUNT);
    if (mw_unb_decode(&decoder, frame_size, soft, l->symbols, MW_SPAN_OF(payload)) != MW_OK)
        return 0;
    mw_unb_frame f;
    mw_slice sent = {payload, l->payload_bytes};
    mw_assert(mw_unb_frame_encode(frame_size, sent, &f) == MW_OK);
    for (unsigned i = 0; i < f.symbols; i++)
        soft[i] = mw_unb_frame_bit(&f, i) != 0 ? -50 : 50;
    mw_assert(mw_unb_decode(&decoder, frame_size, soft, l->symbols, MW_SPAN_OF(again)) == MW_OK);
    mw_assert(memcmp(payload, again, l->payload_bytes) == 0);
    return 0;
}
