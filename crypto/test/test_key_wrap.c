/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/key_wrap.h"

#include <string.h>

#include "tests/harness/mw_test.h"

/* RFC 3394, 4.1. */
MW_TEST(as_the_standard_says) {
    static const uint8_t expected[] = {0x1F, 0xA6, 0x8B, 0x0A, 0x81, 0x12, 0xB4, 0x47,
                                       0xAE, 0xF3, 0x4B, 0xD8, 0xFB, 0x5A, 0x7B, 0x82,
                                       0x9D, 0x3E, 0x86, 0x23, 0x71, 0xD2, 0xCF, 0xE5};
    mw_key wrapping, key, back;
    uint8_t out[MW_WRAPPED_KEY_BYTES];
    for (unsigned i = 0; i < MW_KEY_BYTES; i++) {
        wrapping.b[i] = (uint8_t)i;
        key.b[i] = (uint8_t)(i * 0x11);
    }
    mw_aes_wrap(&wrapping, &key, out);
    MW_CHECK(memcmp(out, expected, sizeof out) == 0);
    MW_CHECK_OK(mw_aes_unwrap(&wrapping, MW_SLICE_OF(out), &back));
    MW_CHECK(memcmp(back.b, key.b, sizeof key.b) == 0);
    for (unsigned i = 0; i < sizeof out; i++) {
        out[i] ^= 1;
        MW_CHECK_STATUS(mw_aes_unwrap(&wrapping, MW_SLICE_OF(out), &back), MW_AUTH);
        out[i] ^= 1;
    }
    MW_CHECK_STATUS(mw_aes_unwrap(&wrapping, (mw_slice){out, 23}, &back), MW_SYNTAX);
}

MW_TEST_MAIN(MW_CASE(as_the_standard_says))
