/* SPDX-License-Identifier: Apache-2.0
 *
 * Both back ends must give one answer for any bytes: the input is taken as key, nonce, associated
 * data and a sealed message.
 */
#include "base/assert.h"
#include "crypto/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_reader r = mw_reader_of((mw_slice){data, size});
    mw_key key;
    mw_slice key_bytes = mw_read_bytes(&r, MW_KEY_BYTES);
    mw_slice nonce = mw_read_bytes(&r, MW_CCM_NONCE);
    mw_slice aad = mw_read_bytes(&r, mw_read_u8(&r));
    size_t tag = (size_t)4 << mw_read_u8(&r) % 4; /* 32 is refused */
    if (r.status != MW_OK || size > 1024)
        return 0;
    mw_slice rest = mw_read_bytes(&r, mw_reader_left(&r));
    uint8_t open[2][1024], sealed[2][1024 + 16];
    mw_status opened[2], closed[2];
    static const mw_crypto *const impls[] = {&mw_crypto_own, &mw_crypto_openssl};
    if (mw_key_of_bytes(key_bytes, &key) != MW_OK)
        return 0;
    for (int w = 0; w < 2; w++) {
        mw_crypto_ctx ctx;
        if (mw_crypto_init(&ctx, impls[w], &key) != MW_OK)
            return 0;
        opened[w] = mw_ccm_open(&ctx, nonce, aad, rest, tag, MW_SPAN_OF(open[w]));
        closed[w] = mw_ccm_seal(&ctx, nonce, aad, rest, tag, MW_SPAN_OF(sealed[w]));
        mw_crypto_fini(&ctx);
    }
    mw_assert(opened[0] == opened[1] && closed[0] == closed[1]);
    if (opened[0] == MW_OK)
        mw_assert(
            mw_slice_equal((mw_slice){open[0], rest.n - tag}, (mw_slice){open[1], rest.n - tag}));
    if (closed[0] == MW_OK)
        mw_assert(mw_slice_equal((mw_slice){sealed[0], rest.n + tag},
                                 (mw_slice){sealed[1], rest.n + tag}));
    return 0;
}
