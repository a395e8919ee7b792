/* SPDX-License-Identifier: Apache-2.0
 *
 * Values of settings: any text is refused or gives a number in its range.
 */
#include <string.h>

#include "base/assert.h"
#include "runtime/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char text[256];
    char error[160];
    if (size < 1 || size > sizeof text)
        return 0;
    mw_bytes_copy(text, data + 1, size - 1);
    text[size - 1] = 0;
    mw_setting s = {.key = "a.b",
                    .type = (mw_setting_type)(data[0] % (MW_SETTING_CHOICE + 1)),
                    .choices = "red|green",
                    .min = -1000,
                    .max = 1000000};
    int64_t number = 0;
    if (mw_setting_parse(&s, text, &number, error) == MW_OK && s.type != MW_SETTING_UTC)
        mw_assert(number >= s.min && number <= s.max);
    return 0;
}
