/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "protocols/sigfox/sigfox.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A frame that decodes encodes to the same bits. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_sigfox_uplink u;
    unsigned copy;
    if (mw_sigfox_frame_decode((mw_slice){data, size}, true, &u, &copy) != MW_OK)
        return 0;
    uint8_t again[MW_SIGFOX_FRAME_MAX];
    size_t n;
    if (mw_sigfox_frame_encode(&u, copy, MW_SPAN_OF(again), &n) == MW_OK)
        mw_assert(mw_slice_equal((mw_slice){again, n}, mw_slice_sub((mw_slice){data, size}, 0, n)));
    return 0;
}
