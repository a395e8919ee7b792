/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "station/sigmf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static mw_recording recording;
    char why[200];
    if (mw_sigmf_decode((mw_slice){data, size}, &recording, why) != MW_OK) {
        mw_assert(why[0] != 0);
        return 0;
    }
    mw_assert(recording.segments_n >= 1 && recording.segments_n <= MW_RECORDING_SEGMENTS_MAX);
    mw_assert(recording.segments[0].first == 0);
    for (size_t i = 1; i < recording.segments_n; i++)
        mw_assert(recording.segments[i].first > recording.segments[i - 1].first);
    return 0;
}
