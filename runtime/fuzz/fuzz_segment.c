/* SPDX-License-Identifier: Apache-2.0
 *
 * The reader of spool segments. Any bytes end; and records written behind any damage are found.
 */
#include <string.h>

#include "base/assert.h"
#include "runtime/spool_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(mw_slice in) {
    mw_segment_reader r;
    uint64_t sequence = 0;
    uint64_t before = 0;
    mw_slice payload;
    if (mw_segment_reader_init(&r, in) != MW_OK)
        mw_segment_reader_force(&r, in, 7, 1);
    while (mw_segment_next(&r, &sequence, &payload) == MW_OK) {
        mw_assert(sequence > before && payload.n > 0);
        mw_assert(payload.p >= in.p && payload.p + payload.n <= in.p + in.n);
        mw_assert(r.good_end <= in.n);
        before = sequence;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    walk((mw_slice){data, size});
    /* header, a record, the fuzzer's bytes as damage, another record */
    mw_buffer segment;
    uint8_t head[MW_SPOOL_SEGMENT_HEADER];
    mw_buffer_init(&segment, 1 << 20);
    mw_segment_header_put(head, 99, 5);
    mw_buffer_append(&segment, MW_SLICE_OF(head));
    mw_segment_record_put(&segment, 99, 5, mw_slice_of_str("first"));
    mw_buffer_append(&segment, (mw_slice){data, size});
    mw_segment_record_put(&segment, 99, 6, mw_slice_of_str("second"));
    mw_segment_reader r;
    uint64_t sequence = 0;
    mw_slice payload;
    mw_assert(segment.status != MW_OK ||
              mw_segment_reader_init(&r, mw_buffer_view(&segment)) == MW_OK);
    bool second = segment.status != MW_OK;
    while (!second && mw_segment_next(&r, &sequence, &payload) == MW_OK)
        second = sequence == 6 && mw_slice_equal(payload, mw_slice_of_str("second"));
    mw_assert(second);
    mw_buffer_fini(&segment);
    return 0;
}
