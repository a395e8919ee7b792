/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/registry/cosem.h"

#include <sodium.h>
#include <stdio.h>

#include "crypto/keys.h"
#include "platform/registry/registry_internal.h"

/* Slots of wrapped keys beside the master key's. */
enum { SLOT_ENCRYPTION = 0xC0, SLOT_AUTHENTICATION = 0xC1 };

/* What a wrapped key is bound to: neither another device nor another slot can open it. */
static mw_device_id owner_of(const mw_store_device *device, uint8_t slot) {
    mw_device_id id;
    mw_writer w = mw_writer_of(MW_SPAN_OF(id.b));
    mw_write_u64be(&w, device->identity);
    id.b[0] ^= slot;
    return id;
}

static mw_status key_get(mw_registry *r, int64_t tenant, const mw_store_device *device,
                         uint8_t slot, mw_key *out_key) {
    uint8_t wrapped[MW_WRAPPED_KEY_BYTES];
    size_t n = 0;
    MW_TRY(mw_store_device_key_get(mw_registry_store(r), tenant, device->device, slot,
                                   MW_SPAN_OF(wrapped), &n));
    mw_device_id id = owner_of(device, slot);
    return mw_key_unwrap(&mw_crypto_openssl, mw_registry_master(r), &id, (mw_slice){wrapped, n},
                         out_key);
}

static mw_status key_put(mw_registry *r, int64_t tenant, const mw_store_device *device,
                         uint8_t slot, const mw_key *key) {
    mw_key stored;
    mw_status s = key_get(r, tenant, device, slot, &stored);
    bool same = s == MW_OK && mw_slice_equal_ct(MW_SLICE_OF(key->b), MW_SLICE_OF(stored.b));
    mw_key_wipe(&stored);
    if (same)
        return MW_OK;
    uint8_t nonce[MW_CCM_NONCE];
    randombytes_buf(nonce, sizeof nonce);
    mw_device_id id = owner_of(device, slot);
    mw_wrapped_key wrapped;
    MW_TRY(mw_key_wrap(&mw_crypto_openssl, mw_registry_master(r), &id, MW_SLICE_OF(nonce), key,
                       &wrapped));
    return mw_store_device_key_put(mw_registry_store(r), tenant, device->device, slot,
                                   MW_SLICE_OF(wrapped.b));
}

mw_status mw_registry_cosem_keys(mw_registry *r, int64_t tenant, const mw_store_device *device,
                                 mw_registry_cosem *out_keys) {
    mw_registry_cosem keys;
    MW_TRY(key_get(r, tenant, device, SLOT_ENCRYPTION, &keys.encryption));
    mw_status s = key_get(r, tenant, device, SLOT_AUTHENTICATION, &keys.authentication);
    if (s == MW_OK)
        *out_keys = keys;
    mw_key_wipe(&keys.encryption);
    mw_key_wipe(&keys.authentication);
    return s;
}

mw_status mw_registry_cosem_put(mw_registry *r, int64_t tenant, const mw_store_device *device,
                                const mw_registry_cosem *keys) {
    MW_TRY(key_put(r, tenant, device, SLOT_ENCRYPTION, &keys->encryption));
    return key_put(r, tenant, device, SLOT_AUTHENTICATION, &keys->authentication);
}

static mw_status key_read(const json_t *o, const char *name, mw_key *out_key,
                          mw_json_error *error) {
    size_t n = 0;
    MW_TRY(mw_json_get_hex(o, name, MW_SPAN_OF(out_key->b), &n, error));
    if (n == sizeof out_key->b)
        return MW_OK;
    snprintf(error->text, sizeof error->text, "\"%s\" must have 32 hex digits", name);
    return MW_RANGE;
}

mw_status mw_registry_cosem_take(mw_registry *r, int64_t tenant, const mw_store_device *device,
                                 const json_t *line, mw_json_error *error) {
    mw_registry_cosem keys = {0};
    json_t *member = NULL;
    if (json_object_get(line, "cosem") == NULL)
        return MW_OK;
    MW_TRY(mw_json_get_object(line, "cosem", &member, error));
    mw_status s = key_read(member, "encryption_key", &keys.encryption, error);
    if (s == MW_OK)
        s = key_read(member, "authentication_key", &keys.authentication, error);
    if (s == MW_OK)
        s = mw_registry_cosem_put(r, tenant, device, &keys);
    mw_key_wipe(&keys.encryption);
    mw_key_wipe(&keys.authentication);
    return s;
}
