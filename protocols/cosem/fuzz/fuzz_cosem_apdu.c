/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as an xDLMS APDU: what decodes encodes, and decodes to the same again.
 */
#include "base/assert.h"
#include "protocols/cosem/blocks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(mw_cosem_items it) {
    size_t count = it.left;
    mw_cosem_item item;
    mw_status s;
    while ((s = mw_cosem_items_next(&it, &item)) == MW_OK)
        count--;
    mw_assert(s == MW_NOT_FOUND && count == 0 && mw_reader_left(&it.reader) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t first[8192], second[8192];
    mw_slice in = {data, size};
    for (unsigned quirks = 0; quirks <= MW_COSEM_QUIRK_BARE_ATTRIBUTE; quirks++) {
        mw_cosem_apdu a, b;
        size_t n, m;
        mw_status s = mw_cosem_apdu_decode(in, quirks, &a);
        if (s == MW_LIMIT)
            return -1; /* names very many values: slow, and no use in the corpus */
        if (s != MW_OK)
            continue;
        walk(mw_cosem_items_of(&a, quirks));
        walk(mw_cosem_values_of(&a, quirks));
        mw_assert(mw_cosem_apdu_encode(&a, MW_SPAN_OF(first), &n) == MW_OK && n <= size);
        mw_assert(mw_cosem_apdu_decode((mw_slice){first, n}, quirks, &b) == MW_OK);
        mw_assert(a.kind == b.kind && a.invoke == b.invoke && a.count == b.count);
        mw_assert(mw_slice_equal(a.item.data, b.item.data) && mw_slice_equal(a.list, b.list));
        mw_assert(mw_cosem_apdu_encode(&b, MW_SPAN_OF(second), &m) == MW_OK);
        mw_assert(mw_slice_equal((mw_slice){first, n}, (mw_slice){second, m}));
    }
    uint8_t memory[300];
    mw_cosem_gather g;
    mw_cosem_gather_init(&g, MW_SPAN_OF(memory));
    mw_reader r = mw_reader_of(in);
    while (mw_reader_left(&r) >= 3) {
        uint8_t number = mw_read_u8(&r), n = mw_read_u8(&r);
        mw_slice block = mw_read_bytes(&r, n % 64 <= mw_reader_left(&r) ? n % 64 : 0);
        if (mw_cosem_gather_take(&g, number & 7, (number & 0x80) != 0, block) == MW_OK)
            mw_cosem_gather_init(&g, MW_SPAN_OF(memory));
        mw_assert(mw_cosem_gather_done(&g).n <= sizeof memory);
    }
    return 0;
}
