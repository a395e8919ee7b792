/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as COSEM data: the walk ends, stays inside, agrees with the check and, encoded again,
 * gives the same values.
 */
#include "base/assert.h"
#include "protocols/cosem/values.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool packed_or_quirk(mw_slice in) {
    mw_cosem_cursor c = mw_cosem_cursor_of(in, 0);
    for (mw_cosem_value v; mw_cosem_cursor_next(&c, &v) == MW_OK;)
        if (v.tag == MW_COSEM_COMPACT_ARRAY)
            return true;
    return false;
}

static void round_trip(mw_slice in, size_t size) {
    static uint8_t memory[8192];
    mw_cosem_out o = mw_cosem_out_of(MW_SPAN_OF(memory), 0);
    mw_cosem_cursor c = mw_cosem_cursor_of(in, 0), d;
    mw_cosem_value v, w;
    while (mw_cosem_cursor_next(&c, &v) == MW_OK)
        mw_cosem_put_value(&o, &v);
    mw_assert(mw_cosem_out_end(&o) == MW_OK && o.at <= size);
    c = mw_cosem_cursor_of(in, 0);
    d = mw_cosem_cursor_of(mw_cosem_out_done(&o), 0);
    while (mw_cosem_cursor_next(&c, &v) == MW_OK) {
        mw_assert(mw_cosem_cursor_next(&d, &w) == MW_OK);
        mw_assert(v.tag == w.tag && v.depth == w.depth && v.count == w.count);
        mw_assert(v.number == w.number && mw_slice_equal(v.bytes, w.bytes));
    }
    mw_assert(mw_cosem_cursor_next(&d, &w) == MW_NOT_FOUND);
}

/* The check gives the cursor's verdict, for the same reason. */
static void same_verdict(mw_slice in) {
    mw_cosem_cursor c = mw_cosem_cursor_of(in, 0);
    mw_cosem_value v;
    mw_status s;
    size_t n;
    do
        s = mw_cosem_cursor_next(&c, &v);
    while (s == MW_OK);
    mw_status check = mw_cosem_data_check(in, 0, &n);
    mw_assert(check == (s == MW_NOT_FOUND ? MW_OK : s));
    mw_assert(check != MW_OK || n == c.reader.at);
}

/* A few bytes that name very many values are slow: the corpus is better off without them. */
static bool is_bomb(mw_slice in) {
    mw_cosem_cursor c = mw_cosem_cursor_of(in, 0);
    mw_cosem_value v;
    for (unsigned i = 0; i < 1500; i++)
        if (mw_cosem_cursor_next(&c, &v) != MW_OK)
            return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_slice in = {data, size};
    size_t n;
    if (is_bomb(in))
        return -1;
    same_verdict(in);
    if (mw_cosem_data_check(in, 0, &n) == MW_OK) {
        mw_assert(n <= size);
        if (!packed_or_quirk(in))
            round_trip(in, size);
    }
    mw_cosem_cursor c = mw_cosem_cursor_of(in, MW_COSEM_QUIRK_BARE_ATTRIBUTE);
    for (mw_cosem_value v; mw_cosem_cursor_next(&c, &v) == MW_OK;) {
        mw_cosem_datetime d;
        char text[MW_COSEM_DATETIME_TEXT_MAX];
        mw_utc t;
        mw_assert(v.depth <= MW_COSEM_DEPTH_MAX);
        if (mw_cosem_datetime_decode(v.bytes, &d) == MW_OK) {
            mw_cosem_datetime_format(&d, text);
            (void)mw_cosem_datetime_utc(&d, 60, &t);
        }
        if (v.count % 7 == 3 && mw_cosem_cursor_skip(&c, &v) != MW_OK)
            break;
    }
    mw_obis o;
    (void)mw_obis_parse(in, &o);
    return 0;
}
