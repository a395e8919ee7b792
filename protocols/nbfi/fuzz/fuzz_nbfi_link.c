/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "protocols/nbfi/security.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Messages of 13 bytes, some of them sealed first with the right keys: a link never goes back. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const mw_nbfi_key root = {{1, 2, 3}};
    mw_nbfi_link link;
    uint32_t newest = 0;
    bool any = false;
    mw_nbfi_link_init(&link, &root, MW_NBFI_UP, 0);
    for (unsigned k = 0; k < 64 && size >= 13; k++, data += 13, size -= 13) {
        uint8_t body[MW_NBFI_BODY], mic[MW_NBFI_MIC], out[MW_NBFI_BODY];
        uint32_t iterator;
        mw_bytes_copy(body, data + 1, sizeof body);
        mw_bytes_copy(mic, data + 10, sizeof mic);
        if (data[10] < 16) {
            mw_nbfi_epoch e;
            unsigned number = (link.epoch.number + data[10]) % MW_NBFI_EPOCHS;
            mw_nbfi_epoch_init(&e, &root, MW_NBFI_UP, number);
            mw_nbfi_seal(&e, number << 8 | data[0], body, mic);
        }
        if (mw_nbfi_link_open(&link, data[0], body, mic, 3, &iterator, out) != MW_OK)
            continue;
        mw_assert(!any || iterator > newest);
        newest = iterator;
        any = true;
    }
    return 0;
}
