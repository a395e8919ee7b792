/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes become text that ends and stays in its room; wrapper and stream agree.
 */
#include "base/assert.h"
#include "protocols/cosem/explain.h"
#include "protocols/cosem/wrapper.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void wrapped(mw_slice in) {
    uint8_t memory[200];
    mw_cosem_stream s;
    mw_cosem_wrapper w, v;
    mw_cosem_stream_init(&s, MW_SPAN_OF(memory));
    if (mw_cosem_wrapper_decode(in, &w) == MW_OK && in.n <= sizeof memory) {
        mw_assert(mw_cosem_stream_push(&s, in) == in.n);
        mw_assert(mw_cosem_stream_pull(&s, &v) == MW_OK);
        mw_assert(v.source == w.source && mw_slice_equal(v.apdu, w.apdu));
        mw_assert(mw_cosem_stream_pull(&s, &v) == MW_AGAIN);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static mw_cosem_explain_memory memory;
    static uint8_t text[8192];
    static const mw_key key = {{7}};
    mw_cosem_title title = {{1}};
    static mw_cosem_keys keys; /* prepared once: that would take most of the time */
    static bool prepared;
    if (!prepared && mw_cosem_keys_init(&keys, &mw_gcm_openssl, &key, &key) != MW_OK)
        return 0;
    prepared = true;
    if (size == 0)
        return 0;
    wrapped((mw_slice){data, size});
    mw_cosem_explain_options o = {.memory = (data[0] & 1) != 0 ? &memory : NULL,
                                  .keys = (data[0] & 2) != 0 ? &keys : NULL,
                                  .title = (data[0] & 4) != 0 ? &title : NULL,
                                  .unverified = (data[0] & 8) != 0,
                                  .quirks = data[0] >> 4 & 1};
    size_t room = (data[0] & 0x20) != 0 ? 60 : sizeof text;
    text[room - 1] = 1;
    mw_status s = mw_cosem_explain((mw_slice){data + 1, size - 1}, &o, (mw_span){text, room});
    mw_assert(s == MW_OK || s == MW_SPACE);
    size_t n = 0;
    while (n < room && text[n] != 0)
        n++;
    mw_assert(n < room);
    return 0;
}
