/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/assert.h"
#include "radio/polar_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Byte 0 chooses the size, byte 1 the list, byte 2 whether the rest are floats as they are (also
 * infinities) or small integers. What decodes must be what its own frame decodes to. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static mw_polar_list *decoder;
    float soft[MW_UNB_SYMBOLS_MAX] = {0};
    uint8_t payload[MW_UNB_PAYLOAD_MAX];
    uint8_t again[MW_UNB_PAYLOAD_MAX];
    if (decoder == NULL)
        decoder = mw_polar_list_new();
    if (decoder == NULL || size < 3)
        return 0;
    mw_unb_size frame_size = (mw_unb_size)(data[0] % MW_UNB_SIZE_COUNT);
    unsigned list = 1u + data[1] % MW_POLAR_LIST_MAX;
    const mw_unb_layout *l = mw_unb_layout_of(frame_size);
    if ((data[2] & 1) != 0) {
        size_t n = size - 3 < sizeof soft ? size - 3 : sizeof soft;
        memcpy(soft, data + 3, n);
    } else {
        for (size_t i = 0; i < l->symbols && i + 3 < size; i++)
            soft[i] = (float)(int8_t)data[i + 3];
    }
    if (mw_polar_list_decode(decoder, frame_size, list, soft, l->symbols, MW_SPAN_OF(payload)) !=
        MW_OK)
        return 0;
    mw_unb_frame f;
    mw_slice sent = {payload, l->payload_bytes};
    mw_assert(mw_unb_frame_encode(frame_size, sent, &f) == MW_OK);
    for (unsigned i = 0; i < f.symbols; i++)
        soft[i] = mw_unb_frame_bit(&f, i) != 0 ? -1 : 1;
    mw_assert(mw_polar_list_decode(decoder, frame_size, list, soft, l->symbols,
                                   MW_SPAN_OF(again)) == MW_OK);
    mw_assert(memcmp(payload, again, l->payload_bytes) == 0);
    return 0;
}
