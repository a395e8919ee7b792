/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/assert.h"
#include "radio/recording.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static mw_recording recording;
    char why[160];
    mw_slice in = {data, size};
    if (mw_recording_of_wav(in, &recording, why) == MW_OK) {
        mw_assert(recording.data_at <= size && recording.rate_mhz > 0);
        mw_assert(recording.segments_n == 1 && recording.segments[0].first == 0);
        mw_assert(mw_samples_format_bytes(recording.format) >= 2);
    } else {
        mw_assert(why[0] != 0);
    }
    return 0;
}
