/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/assert.h"
#include "platform/backup/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_manifest m, again;
    char text[MW_MANIFEST_MAX];
    if (mw_manifest_parse((mw_slice){data, size}, &m) != MW_OK)
        return 0;
    size_t n = mw_manifest_format(&m, text);
    mw_assert(mw_manifest_parse((mw_slice){(const uint8_t *)text, n}, &again) == MW_OK);
    mw_assert(again.size == m.size && again.sender == m.sender);
    return 0;
}
