/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/assert.h"
#include "station/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static mw_bundle b;
    char why[160];
    if (mw_bundle_decode((mw_slice){data, size}, &b, why) != MW_OK) {
        mw_assert(why[0] != 0);
        return 0;
    }
    mw_assert(b.files_n >= 1 && b.files_n <= MW_BUNDLE_FILES_MAX && b.data_at <= size);
    for (size_t i = 0; i < b.files_n; i++)
        mw_assert(b.files[i].path[0] != '/' && strstr(b.files[i].path, "..") == NULL &&
                  b.files[i].mode <= 0777);
    return 0;
}
