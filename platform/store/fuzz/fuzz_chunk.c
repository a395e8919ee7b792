/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/assert.h"
#include "platform/store/chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static mw_store_interval rows[MW_CHUNK_VALUES_MAX], back[MW_CHUNK_VALUES_MAX];
static uint8_t bytes[MW_CHUNK_BYTES_MAX], packed[MW_CHUNK_BYTES_MAX];

static void check_same(mw_slice chunk, size_t n) {
    size_t again = 0;
    mw_assert(mw_chunk_decode(20000, chunk, back, &again) == MW_OK);
    mw_assert(again == n);
    for (size_t i = 0; i < n; i++)
        mw_assert(rows[i].start.us == back[i].start.us && rows[i].seconds == back[i].seconds &&
                  rows[i].value == back[i].value && rows[i].quality == back[i].quality &&
                  rows[i].journal == back[i].journal && rows[i].received.us == back[i].received.us);
}

/* What decodes is valid, so it encodes and packs again and then decodes to the same rows; packing
 * those gives the same bytes, and never more than encoding. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t n = 0, out = 0, pack = 0, once_more = 0;
    if (mw_chunk_decode(20000, (mw_slice){data, size}, rows, &n) != MW_OK || n == 0)
        return 0;
    if (mw_chunk_encode(20000, rows, n, MW_SPAN_OF(bytes), &out) != MW_OK)
        return 0;
    check_same((mw_slice){bytes, out}, n);
    mw_assert(mw_chunk_pack(20000, rows, n, MW_SPAN_OF(packed), &pack) == MW_OK);
    mw_assert(pack <= out + 5); /* a first length other than that of the version is told */
    check_same((mw_slice){packed, pack}, n);
    mw_assert(mw_chunk_pack(20000, back, n, MW_SPAN_OF(bytes), &once_more) == MW_OK);
    mw_assert(once_more == pack && memcmp(bytes, packed, pack) == 0);
    return 0;
}
