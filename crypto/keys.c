/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/keys.h"

/* Labels of SP 800-108; docs/spec/smp.md lists them too. */
static const char *const use_label[MW_KEY_USE_COUNT] = {
    [MW_KEY_UP] = "MW-UP",
    [MW_KEY_DOWN] = "MW-DOWN",
    [MW_KEY_GROUP_WRAP] = "MW-GROUP-WRAP",
    [MW_KEY_FIRMWARE] = "MW-FIRMWARE",
};
static const char group_label[] = "MW-GROUP";

static mw_status derive(const mw_crypto *impl, const mw_key *master, const char *label,
                        mw_slice context, uint32_t epoch, mw_key *out_key) {
    uint8_t input[48];
    mw_writer w = mw_writer_of(MW_SPAN_OF(input));
    mw_write_u32be(&w, 1);
    mw_write_str(&w, label);
    mw_write_u8(&w, 0);
    mw_write_bytes(&w, context);
    mw_write_u32be(&w, epoch);
    mw_write_u32be(&w, 8 * MW_KEY_BYTES);
    if (w.status != MW_OK)
        return w.status;
    mw_crypto_ctx ctx;
    MW_TRY(mw_crypto_init(&ctx, impl, master));
    mw_key key;
    mw_status s = mw_cmac(&ctx, mw_writer_done(&w), key.b);
    mw_crypto_fini(&ctx);
    if (s == MW_OK)
        *out_key = key;
    mw_key_wipe(&key);
    return s;
}

mw_status mw_key_derive_device(const mw_crypto *impl, const mw_key *master, const mw_device_id *id,
                               uint32_t epoch, mw_key_use use, mw_key *out_key) {
    if ((unsigned)use >= MW_KEY_USE_COUNT)
        return MW_RANGE;
    return derive(impl, master, use_label[use], MW_SLICE_OF(id->b), epoch, out_key);
}

mw_status mw_key_derive_group(const mw_crypto *impl, const mw_key *group_master, uint32_t group,
                              uint32_t epoch, mw_key *out_key) {
    uint8_t context[4];
    mw_writer w = mw_writer_of(MW_SPAN_OF(context));
    mw_write_u32be(&w, group);
    return derive(impl, group_master, group_label, MW_SLICE_OF(context), epoch, out_key);
}

enum { WRAP_VERSION = 1, WRAP_TAG = 16 };

mw_status mw_key_wrap(const mw_crypto *impl, const mw_key *platform_master, const mw_device_id *id,
                      mw_slice nonce, const mw_key *key, mw_wrapped_key *out_wrapped) {
    if (nonce.n != MW_CCM_NONCE)
        return MW_RANGE;
    mw_wrapped_key wrapped;
    wrapped.b[0] = WRAP_VERSION;
    mw_bytes_copy(wrapped.b + 1, nonce.p, MW_CCM_NONCE);
    mw_span sealed = {wrapped.b + 1 + MW_CCM_NONCE, MW_KEY_BYTES + WRAP_TAG};
    mw_crypto_ctx ctx;
    MW_TRY(mw_crypto_init(&ctx, impl, platform_master));
    mw_status s =
        mw_ccm_seal(&ctx, nonce, MW_SLICE_OF(id->b), MW_SLICE_OF(key->b), WRAP_TAG, sealed);
    mw_crypto_fini(&ctx);
    if (s == MW_OK)
        *out_wrapped = wrapped;
    return s;
}

mw_status mw_key_unwrap(const mw_crypto *impl, const mw_key *platform_master,
                        const mw_device_id *id, mw_slice bytes, mw_key *out_key) {
    if (bytes.n != MW_WRAPPED_KEY_BYTES)
        return MW_RANGE;
    if (bytes.p[0] != WRAP_VERSION)
        return MW_UNSUPPORTED;
    mw_slice nonce = mw_slice_sub(bytes, 1, MW_CCM_NONCE);
    mw_slice sealed = mw_slice_sub(bytes, 1 + MW_CCM_NONCE, MW_KEY_BYTES + WRAP_TAG);
    mw_crypto_ctx ctx;
    MW_TRY(mw_crypto_init(&ctx, impl, platform_master));
    mw_key key;
    mw_status s = mw_ccm_open(&ctx, nonce, MW_SLICE_OF(id->b), sealed, WRAP_TAG, MW_SPAN_OF(key.b));
    mw_crypto_fini(&ctx);
    if (s == MW_OK)
        *out_key = key;
    mw_key_wipe(&key);
    return s;
}
