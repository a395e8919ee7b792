/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON from outside: limits hold, and what was accepted can be written and read again.
 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "runtime/json_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_json_limits limits = {65536, 8};
    json_t *root = NULL;
    json_t *again = NULL;
    mw_json_error e;
    if (mw_json_parse_lenient((mw_slice){data, size}, limits, &root, &e) != MW_OK)
        return 0;
    uint8_t bytes[16];
    size_t n = 0;
    int64_t number = 0;
    mw_utc t;
    if (mw_json_get_hex(root, "a", MW_SPAN_OF(bytes), &n, &e) == MW_OK)
        mw_assert(n >= 1 && n <= sizeof bytes);
    if (mw_json_get_int(root, "a", -5, 5, &number, &e) == MW_OK)
        mw_assert(number >= -5 && number <= 5);
    mw_status status = mw_json_get_utc(root, "a", &t, &e);
    (void)status;
    char *text = json_dumps(root, JSON_COMPACT);
    mw_assert(text != NULL);
    limits.bytes_max = SIZE_MAX;
    mw_assert(mw_json_parse(mw_slice_of_str(text), limits, &again, &e) == MW_OK);
    mw_assert(json_equal(root, again));
    free(text);
    json_decref(root);
    json_decref(again);
    return 0;
}
