/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "radio/samples.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* First byte: plain or block stream, format, and how the input is cut into reads. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t memory[MW_SAMPLES_BLOCK_MAX];
    static float iq[2 * MW_SAMPLES_COUNT_MAX];
    if (size < 2)
        return 0;
    mw_samples_reader r;
    if (data[0] & 1) {
        mw_samples_header like = {
            .format = (mw_samples_format)(data[0] >> 1 & 7), .rate_mhz = 250000000, .utc = {0}};
        if (mw_samples_reader_init_plain(&r, (mw_span){memory, 64}, &like) != MW_OK)
            return 0;
    } else {
        mw_samples_reader_init(&r, MW_SPAN_OF(memory));
    }
    size_t step = (size_t)data[1] + 1, at = 2;
    mw_samples_faults faults = {0};
    while (at < size) {
        mw_span room = mw_samples_reader_room(&r);
        size_t n = step < size - at ? step : size - at;
        if (n > room.n)
            n = room.n;
        if (n == 0)
            break;
        mw_bytes_copy(room.p, data + at, n);
        mw_samples_reader_commit(&r, n);
        at += n;
        mw_samples_block b;
        mw_status s;
        while ((s = mw_samples_reader_pull(&r, &b)) == MW_OK) {
            if (b.h.format != MW_SAMPLES_GAP)
                mw_samples_to_float(&b, 0, (size_t)b.h.count, iq, &faults);
        }
        if (s != MW_AGAIN)
            break;
    }
    if (mw_samples_reader_end(&r) == MW_OK && faults.not_finite > 2 * size)
        abort();
    uint64_t index;
    (void)!mw_samples_ack_decode((mw_slice){data, size}, &index);
    return 0;
}
