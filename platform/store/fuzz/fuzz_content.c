/* SPDX-License-Identifier: Apache-2.0
 *
 * Fields of stored envelopes: whatever the bytes are, what is found lies inside them.
 */
#include "base/assert.h"
#include "platform/store/content.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const names[] = {"payload", "rate", "level_cdbm", ""};
    mw_slice content = {data, size};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        mw_slice text = mw_content_text(content, names[i]);
        mw_assert(text.n == 0 || (text.p > data && text.p + text.n < data + size));
        (void)mw_content_number(content, names[i]);
    }
    return 0;
}
