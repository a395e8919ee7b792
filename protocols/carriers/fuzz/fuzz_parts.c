/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "protocols/carriers/parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Messages of any content in any order. Besides, a frame cut into parts comes through whatever else
 * arrives, as long as it is not pushed out. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2)
        return 0;
    bool sigfox = (data[0] & 1) != 0;
    size_t chunk = sigfox ? MW_PARTS_SIGFOX : MW_PARTS_NBFI, n;
    mw_parts p;
    mw_parts_init(&p, chunk, sigfox ? 12 : 20);
    uint8_t out[4 + MW_PARTS_MAX * MW_PARTS_CHUNK_MAX];
    data++, size--;
    while (size >= 3 + chunk) {
        uint32_t number = (uint32_t)data[0] << 8 | data[1];
        mw_slice message = {data + 2, 1 + chunk};
        mw_status s = mw_parts_take(&p, number, message, 5, MW_SPAN_OF(out), &n);
        mw_assert(s == MW_OK || s == MW_AGAIN || s == MW_DUPLICATE || s == MW_SYNTAX);
        mw_assert(s != MW_OK || (n > 4 && n <= sizeof out && (n - 4) % chunk == 0));
        mw_assert(mw_parts_take(&p, number, message, 5, MW_SPAN_OF(out), &n) ==
                  (s == MW_SYNTAX ? MW_SYNTAX : MW_DUPLICATE));
        data += 3 + chunk;
        size -= 3 + chunk;
    }
    return 0;
}
