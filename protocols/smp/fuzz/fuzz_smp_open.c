/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a frame: header, counter, tag. The first byte picks direction and key epoch. What is
 * taken as objects afterwards is also sealed, so that the fuzzer gets past the tag.
 */
#include "base/assert.h"
#include "protocols/smp/smp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void open_frame(mw_crypto_ctx *ctx, mw_smp_direction direction, mw_slice frame) {
    mw_smp_header h;
    uint8_t out[MW_SMP_FRAME_MAX];
    mw_slice objects;
    if (mw_smp_header_decode(frame, direction, &h) != MW_OK)
        return;
    uint32_t counter = h.counter;
    if (!h.full && mw_smp_counter_resolve(h.counter_low, 123456, &counter) != MW_OK)
        return;
    mw_status s =
        mw_smp_frame_open(ctx, direction, frame, h.epoch_low, counter, MW_SPAN_OF(out), &objects);
    mw_assert(s == MW_OK || s == MW_AUTH);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    static const mw_key key = {{42}};
    mw_crypto_ctx ctx;
    if (mw_crypto_init(&ctx, &mw_crypto_openssl, &key) != MW_OK)
        return 0;
    mw_smp_direction direction = (data[0] & 1) != 0 ? MW_SMP_DOWN : MW_SMP_UP;
    mw_slice rest = {data + 1, size - 1};
    open_frame(&ctx, direction, rest);

    mw_smp_frame_info info = {.direction = direction,
                              .address = 1,
                              .epoch = data[0] >> 2,
                              .counter = 99,
                              .full = (data[0] & 2) != 0};
    uint8_t frame[MW_SMP_FRAME_MAX], out[MW_SMP_FRAME_MAX];
    size_t n;
    mw_slice objects;
    if (mw_smp_frame_seal(&ctx, &info, rest, 0, MW_SPAN_OF(frame), &n) == MW_OK) {
        mw_assert(mw_smp_frame_open(&ctx, direction, (mw_slice){frame, n}, info.epoch, 99,
                                    MW_SPAN_OF(out), &objects) == MW_OK);
        mw_assert(mw_slice_equal(objects, rest));
    }
    mw_crypto_fini(&ctx);
    return 0;
}
