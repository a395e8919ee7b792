/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "protocols/carriers/coap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Datagrams, each after a length byte, to an inbox and to an exchange that waits. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t frame[40] = {1, 2, 3};
    mw_coap_inbox box = {0};
    mw_coap_exchange x;
    mw_assert(mw_coap_begin(&x, MW_SLICE_OF(frame), 7, 0, 1) == MW_OK);
    while (size > 0) {
        size_t n = data[0] < size - 1 ? data[0] : size - 1;
        mw_slice in = {data + 1, n}, got;
        uint8_t answer[64], ack[4];
        size_t bytes;
        mw_status s =
            mw_coap_take(&box, in, mw_slice_of_str("reply"), MW_SPAN_OF(answer), &bytes, &got);
        mw_assert(s != MW_OK || (got.n <= MW_COAP_BODY_MAX && bytes > 0));
        mw_coap_message m;
        if (bytes > 0)
            mw_assert(mw_coap_decode((mw_slice){answer, bytes}, &m) == MW_OK);
        s = mw_coap_answer(&x, in, ack, &bytes, &got);
        mw_assert(s != MW_OK || x.block + 1u == mw_coap_blocks(sizeof frame, 0));
        mw_assert(bytes <= sizeof ack || s != MW_OK);
        data += 1 + n;
        size -= 1 + n;
    }
    return 0;
}
