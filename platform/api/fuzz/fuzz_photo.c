/* SPDX-License-Identifier: Apache-2.0
 *
 * Photos from outside: what comes out is never longer, and cleaning it again changes nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "platform/api/photo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t once[65536], twice[65536];
    const char *type = NULL, *again = NULL;
    size_t n = 0, m = 0;
    if (size > sizeof once)
        return 0;
    if (mw_photo_clean((mw_slice){data, size}, MW_SPAN_OF(once), &n, &type) != MW_OK)
        return 0;
    if (n > size)
        abort();
    if (mw_photo_clean((mw_slice){once, n}, MW_SPAN_OF(twice), &m, &again) != MW_OK || m != n ||
        memcmp(once, twice, n) != 0 || type != again)
        abort();
    return 0;
}
