/* SPDX-License-Identifier: Apache-2.0
 *
 * Any samples, in any blocks with any gaps and jumps: the receiver neither crashes nor emits a
 * frame that breaks its contract. Input: records of format, count, jump, then the samples.
 */
#include <stdlib.h>

#include "radio/receiver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_frame(void *user, const mw_receiver_frame *f) {
    (void)user;
    if (f->size > 2 || f->rate != 1 || f->quality > 100 || f->symbol_errors > f->symbols)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static mw_receiver *rx;
    mw_freq centre = {INT64_C(868100000000)};
    if (rx == NULL) {
        mw_receiver_config c = {.rate_mhz = 6400000,
                                .centre = centre,
                                .low = {centre.mhz - 2000000},
                                .high = {centre.mhz + 2000000},
                                .rates = MW_RECEIVER_R1};
        if (mw_receiver_new(&c, on_frame, NULL, &rx) != MW_OK)
            abort();
    }
    uint64_t index = 1000;
    uint64_t safe = 0;
    mw_reader r = mw_reader_of((mw_slice){data, size});
    while (mw_reader_left(&r) > 6) {
        mw_samples_format format = (mw_samples_format)(mw_read_u8(&r) % 5);
        uint64_t count = mw_read_u16le(&r);
        index += mw_read_u24le(&r) >> 12; /* mostly none or a short hole */
        size_t bytes = mw_samples_format_bytes(format);
        if (bytes > 0 && count > mw_reader_left(&r) / bytes)
            count = mw_reader_left(&r) / bytes;
        if (count == 0)
            continue;
        mw_samples_block b = {{.format = format,
                               .first_index = index,
                               .utc = MW_UTC_NONE,
                               .rate_mhz = 6400000,
                               .centre = centre,
                               .count = count},
                              mw_read_bytes(&r, (size_t)count * bytes)};
        if (mw_receiver_push(rx, &b) != MW_OK)
            abort();
        index += count;
        if (mw_receiver_safe_index(rx) < safe || mw_receiver_safe_index(rx) > index)
            abort();
        /* The first block may have started the stream anew. */
        safe = mw_receiver_safe_index(rx);
    }
    mw_receiver_flush(rx);
    return 0;
}
