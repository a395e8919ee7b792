/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "platform/journal/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_envelope_batch batch;
    if (mw_envelope_batch_read((mw_slice){data, size}, 4096, 8, &batch) != MW_OK)
        return 0;
    size_t i;
    json_t *item;
    json_array_foreach(batch.items, i, item) {
        mw_envelope_item out;
        mw_json_error error;
        if (mw_envelope_item_read(item, &out, &error) == MW_OK)
            mw_assert(out.has_seq && out.payload_n <= sizeof out.payload);
        else
            mw_assert(error.text[0] != 0); /* a quarantined item always has a reason */
    }
    mw_envelope_batch_fini(&batch);
    return 0;
}
