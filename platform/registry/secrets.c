/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <string.h>

#include "crypto/keys.h"
#include "platform/registry/registry_internal.h"

_Static_assert(MW_REGISTRY_SECRET_WRAPPED == MW_WRAPPED_KEY_BYTES, "what keys.h gives");

/* Whom a secret belongs to, as an id that no device has: devices of ours never begin with F1. */
static mw_device_id owner_id(int64_t tenant, const char *owner) {
    uint8_t hash[crypto_generichash_BYTES];
    crypto_generichash_state h;
    (void)crypto_generichash_init(&h, NULL, 0, sizeof hash);
    (void)crypto_generichash_update(&h, (const uint8_t *)&tenant, sizeof tenant);
    (void)crypto_generichash_update(&h, (const uint8_t *)owner, strlen(owner));
    (void)crypto_generichash_final(&h, hash, sizeof hash);
    mw_device_id id = {{0xF1}};
    mw_bytes_copy(id.b + 1, hash, sizeof id.b - 1);
    return id;
}

mw_status mw_registry_secret_wrap(mw_registry *r, int64_t tenant, const char *owner,
                                  const uint8_t secret[MW_REGISTRY_KEY_SIZE],
                                  uint8_t out_wrapped[MW_REGISTRY_SECRET_WRAPPED]) {
    uint8_t nonce[MW_CCM_NONCE];
    mw_device_id id = owner_id(tenant, owner);
    mw_key clear;
    mw_wrapped_key wrapped;
    randombytes_buf(nonce, sizeof nonce);
    mw_bytes_copy(clear.b, secret, sizeof clear.b);
    mw_status s = mw_key_wrap(&mw_crypto_openssl, mw_registry_master(r), &id, MW_SLICE_OF(nonce),
                              &clear, &wrapped);
    mw_key_wipe(&clear);
    if (s == MW_OK)
        mw_bytes_copy(out_wrapped, wrapped.b, sizeof wrapped.b);
    return s;
}

mw_status mw_registry_secret_unwrap(mw_registry *r, int64_t tenant, const char *owner,
                                    mw_slice wrapped, uint8_t out_secret[MW_REGISTRY_KEY_SIZE]) {
    mw_device_id id = owner_id(tenant, owner);
    mw_key key;
    MW_TRY(mw_key_unwrap(&mw_crypto_openssl, mw_registry_master(r), &id, wrapped, &key));
    mw_bytes_copy(out_secret, key.b, sizeof key.b);
    mw_key_wipe(&key);
    return MW_OK;
}
