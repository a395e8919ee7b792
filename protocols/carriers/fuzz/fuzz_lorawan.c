/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "protocols/carriers/lorawan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Frames as they are, and with the right MIC put at their end by encoding what was decoded: what
 * decodes encodes to the same bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const mw_lorawan_keys keys = {{{1, 2}}, {{3, 4}}};
    uint8_t memory[MW_LORAWAN_PAYLOAD_MAX], again[MW_LORAWAN_MAX];
    mw_lorawan_data d;
    size_t n;
    (void)!mw_lorawan_decode((mw_slice){data, size}, &keys, 0, MW_SPAN_OF(memory), &d);
    if (size < 8)
        return 0;
    size_t options = data[1] % (MW_LORAWAN_OPTIONS_MAX + 1u);
    size_t payload = size - 8 < options ? 0 : size - 8 - options;
    options = size - 8 < options ? 0 : options;
    d = (mw_lorawan_data){.down = (data[0] & 1) != 0,
                          .confirmed = (data[0] & 2) != 0,
                          .address = (uint32_t)data[2] << 24 | data[3],
                          .control = (uint8_t)(data[4] & 0xF0),
                          .counter = (uint32_t)data[5] << 16 | data[6],
                          .any_port = true,
                          .port = data[7],
                          .options = {data + 8, options},
                          .payload = {data + 8 + options, payload}};
    mw_status s = mw_lorawan_encode(&d, &keys, MW_SPAN_OF(again), &n);
    mw_assert(s == MW_OK || payload > MW_LORAWAN_PAYLOAD_MAX);
    if (s != MW_OK)
        return 0;
    mw_lorawan_data back;
    mw_assert(mw_lorawan_decode((mw_slice){again, n}, &keys, d.counter, MW_SPAN_OF(memory),
                                &back) == MW_OK);
    mw_assert(mw_slice_equal(back.payload, d.payload) && mw_slice_equal(back.options, d.options));
    return 0;
}
