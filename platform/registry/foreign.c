/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/registry/foreign.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "crypto/keys.h"
#include "platform/registry/registry_internal.h"

static const struct {
    const char *name;
    mw_store_network network;
    size_t identity_bytes, key_bytes;
} networks[] = {{"sigfox", MW_NETWORK_SIGFOX, 4, 16},
                {"nbfi", MW_NETWORK_NBFI, 4, 32},
                {"openunb", MW_NETWORK_OPENUNB, 3, 0}};
enum { NETWORKS = sizeof networks / sizeof networks[0], HALF = sizeof(mw_key) };

mw_status mw_network_of_name(const char *name, mw_store_network *out_network) {
    for (size_t i = 0; i < NETWORKS; i++) {
        if (strcmp(name, networks[i].name) == 0) {
            *out_network = networks[i].network;
            return MW_OK;
        }
    }
    return MW_NOT_FOUND;
}

const char *mw_network_name(mw_store_network network) {
    for (size_t i = 0; i < NETWORKS; i++)
        if (networks[i].network == network)
            return networks[i].name;
    return "unknown";
}

/* What a wrapped half belongs to: a wrapped key moved elsewhere does not open. */
static mw_device_id owner(mw_store_network network, uint32_t identity, unsigned half) {
    mw_device_id id = {{0xF0, (uint8_t)network, (uint8_t)half}};
    mw_writer w = mw_writer_of((mw_span){id.b + 4, 4});
    mw_write_u32be(&w, identity);
    return id;
}

mw_status mw_registry_foreign_key(mw_registry *r, const mw_store_foreign_device *d,
                                  uint8_t out_key[MW_FOREIGN_KEY_MAX], size_t *out_n) {
    unsigned halves = d->wrapped_n / MW_WRAPPED_KEY_BYTES;
    if (halves == 0)
        return MW_NOT_FOUND;
    if (halves > MW_FOREIGN_KEY_MAX / HALF || d->wrapped_n % MW_WRAPPED_KEY_BYTES != 0)
        return MW_CORRUPT;
    for (unsigned i = 0; i < halves; i++) {
        mw_device_id id = owner(d->network, d->identity, i);
        mw_slice wrapped = {d->wrapped + i * MW_WRAPPED_KEY_BYTES, MW_WRAPPED_KEY_BYTES};
        mw_key key;
        mw_status s = mw_key_unwrap(&mw_crypto_openssl, mw_registry_master(r), &id, wrapped, &key);
        if (s != MW_OK) {
            mw_bytes_wipe(out_key, MW_FOREIGN_KEY_MAX);
            return s;
        }
        mw_bytes_copy(out_key + i * HALF, key.b, HALF);
        mw_key_wipe(&key);
    }
    *out_n = halves * HALF;
    return MW_OK;
}

static mw_status wrap(mw_registry *r, mw_store_foreign_device *d, const uint8_t *key, size_t n) {
    for (unsigned i = 0; i < n / HALF; i++) {
        uint8_t nonce[MW_CCM_NONCE];
        mw_device_id id = owner(d->network, d->identity, i);
        mw_key clear;
        mw_wrapped_key wrapped;
        randombytes_buf(nonce, sizeof nonce);
        mw_bytes_copy(clear.b, key + i * HALF, HALF);
        mw_status s = mw_key_wrap(&mw_crypto_openssl, mw_registry_master(r), &id,
                                  MW_SLICE_OF(nonce), &clear, &wrapped);
        mw_key_wipe(&clear);
        MW_TRY(s);
        mw_bytes_copy(d->wrapped + i * MW_WRAPPED_KEY_BYTES, wrapped.b, sizeof wrapped.b);
        d->wrapped_n = (uint8_t)((i + 1) * MW_WRAPPED_KEY_BYTES);
    }
    return MW_OK;
}

/* A key that is already there stays as it is wrapped: an import equals its repetition. */
static mw_status key_take(mw_registry *r, mw_store_foreign_device *d, const uint8_t *key,
                          size_t n) {
    mw_store_foreign_device before;
    uint8_t stored[MW_FOREIGN_KEY_MAX] = {0};
    size_t stored_n = 0;
    mw_status s = mw_store_foreign_device_find(mw_registry_store(r), d->tenant, d->network,
                                               d->identity, false, &before);
    if (s == MW_OK)
        s = mw_registry_foreign_key(r, &before, stored, &stored_n);
    bool same =
        s == MW_OK && stored_n == n && mw_slice_equal_ct((mw_slice){key, n}, (mw_slice){stored, n});
    mw_bytes_wipe(stored, sizeof stored);
    if (!same)
        return wrap(r, d, key, n);
    mw_bytes_copy(d->wrapped, before.wrapped, before.wrapped_n);
    d->wrapped_n = before.wrapped_n;
    return MW_OK;
}

static mw_status complain(mw_json_error *error, const char *text) {
    snprintf(error->text, sizeof error->text, "%s", text);
    return MW_RANGE;
}

static mw_status hex_of(const json_t *o, const char *name, mw_span out, size_t expected,
                        const char *wrong, mw_json_error *error) {
    size_t n = 0;
    MW_TRY(mw_json_get_hex(o, name, out, &n, error));
    return n == expected ? MW_OK : complain(error, wrong);
}

static mw_status put(mw_registry *r, const json_t *line, mw_store_foreign_device *d,
                     size_t key_bytes, mw_json_error *error) {
    uint8_t key[MW_FOREIGN_KEY_MAX] = {0};
    int64_t device = 0;
    mw_status s = MW_OK;
    if (json_object_get(line, "key") != NULL) {
        s = key_bytes == 0 ? complain(error, "this network's keys are not used here")
                           : hex_of(line, "key", MW_SPAN_OF(key), key_bytes,
                                    "\"key\" does not have the network's length", error);
        if (s == MW_OK)
            s = key_take(r, d, key, key_bytes);
    }
    mw_bytes_wipe(key, sizeof key);
    MW_TRY(s);
    return mw_store_foreign_device_put(mw_registry_store(r), d, &device);
}

mw_status mw_registry_foreign_take(mw_registry *r, const json_t *line, mw_json_error *error) {
    mw_store_foreign_device d = {0};
    const char *tenant = NULL, *name = NULL, *label = NULL;
    uint8_t identity[4] = {0};
    MW_TRY(mw_json_get_text(line, "tenant", MW_STORE_ID_MAX - 1, &tenant, error));
    MW_TRY(mw_json_get_text(line, "network", 16, &name, error));
    if (mw_network_of_name(name, &d.network) != MW_OK)
        return complain(error, "\"network\" is not sigfox, nbfi or openunb");
    size_t i = 0;
    while (networks[i].network != d.network)
        i++;
    size_t bytes = networks[i].identity_bytes;
    MW_TRY(hex_of(line, "identity", (mw_span){identity + 4 - bytes, bytes}, bytes,
                  "\"identity\" does not have the network's length", error));
    mw_reader reader = mw_reader_of(MW_SLICE_OF(identity));
    d.identity = mw_read_u32be(&reader);
    if (json_object_get(line, "label") != NULL) {
        MW_TRY(mw_json_get_text(line, "label", sizeof d.label - 1, &label, error));
        snprintf(d.label, sizeof d.label, "%s", label);
    }
    MW_TRY(mw_store_tenant_put(mw_registry_store(r), tenant, &d.tenant));
    return put(r, line, &d, networks[i].key_bytes, error);
}
