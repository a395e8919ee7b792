/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "platform/store/chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What decodes is valid, so it encodes again and then decodes to the same rows. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static mw_store_interval rows[MW_CHUNK_VALUES_MAX], back[MW_CHUNK_VALUES_MAX];
    static uint8_t bytes[MW_CHUNK_BYTES_MAX];
    size_t n = 0, again = 0, out = 0;
    if (mw_chunk_decode(20000, (mw_slice){data, size}, rows, &n) != MW_OK || n == 0)
        return 0;
    if (mw_chunk_encode(20000, rows, n, MW_SPAN_OF(bytes), &out) != MW_OK)
        return 0;
    mw_assert(mw_chunk_decode(20000, (mw_slice){bytes, out}, back, &again) == MW_OK);
    mw_assert(again == n);
    for (size_t i = 0; i < n; i++)
        mw_assert(rows[i].start.us == back[i].start.us && rows[i].value == back[i].value &&
                  rows[i].quality == back[i].quality && rows[i].journal == back[i].journal &&
                  rows[i].received.us == back[i].received.us);
    return 0;
}
