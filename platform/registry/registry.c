/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/registry/registry.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/prng.h"
#include "crypto/keys.h"
#include "platform/registry/registry_internal.h"
#include "runtime/file.h"

enum {
    CACHE_SLOTS = 4096, /* addresses; a power of two */
    KEY_FILE_SIZE = 41, /* "MWMK1 " 32 hex digits, newline, and room to see a longer one */
};

/* The devices of one address. A slot is replaced when another address hashes to it. */
typedef struct registry_slot {
    int64_t tenant; /* 0 = empty */
    uint32_t address;
    size_t n;
    mw_registry_entry *entries;
} registry_slot;

struct mw_registry {
    mw_store *store;
    mw_key master;
    registry_slot slot[CACHE_SLOTS];
};

static const char key_magic[] = "MWMK1 ";

static mw_status master_read(int fd, mw_key *out_key) {
    char text[KEY_FILE_SIZE];
    ssize_t n = read(fd, text, sizeof text);
    const size_t head = sizeof key_magic - 1;
    mw_status s = MW_CORRUPT;
    if (n == (ssize_t)(head + 33) && memcmp(text, key_magic, head) == 0 && text[n - 1] == '\n')
        s = mw_hex_decode((mw_slice){(const uint8_t *)text + head, 32}, MW_SPAN_OF(out_key->b));
    mw_bytes_wipe(text, sizeof text);
    return s == MW_OK ? MW_OK : MW_CORRUPT;
}

static mw_status master_make(const char *path, mw_key *out_key) {
    char text[sizeof key_magic - 1 + 33];
    const size_t head = sizeof key_magic - 1;
    randombytes_buf(out_key->b, sizeof out_key->b);
    mw_bytes_copy(text, key_magic, head);
    MW_TRY(mw_hex_encode(MW_SLICE_OF(out_key->b), (mw_span){(uint8_t *)text + head, 32}));
    text[head + 32] = '\n';
    mw_status s = mw_file_replace(path, (mw_slice){(const uint8_t *)text, sizeof text}, 0600);
    mw_bytes_wipe(text, sizeof text);
    return s;
}

static mw_status master_load(const char *path, mw_key *out_key) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return access(path, F_OK) == 0 ? MW_FORBIDDEN : master_make(path, out_key);
    struct stat st;
    mw_status s = MW_IO;
    if (fstat(fd, &st) == 0)
        s = (st.st_mode & 077) != 0 ? MW_FORBIDDEN : master_read(fd, out_key);
    close(fd);
    return s;
}

mw_status mw_registry_open(mw_store *store, const char *master_key_file,
                           mw_registry **out_registry) {
    if (sodium_init() < 0)
        return MW_IO;
    mw_registry *r = calloc(1, sizeof *r);
    if (r == NULL)
        return MW_NOMEM;
    r->store = store;
    mw_status s = master_load(master_key_file, &r->master);
    if (s != MW_OK) {
        free(r);
        return s;
    }
    *out_registry = r;
    return MW_OK;
}

void mw_registry_forget(mw_registry *r) {
    for (size_t i = 0; i < CACHE_SLOTS; i++) {
        free(r->slot[i].entries);
        r->slot[i] = (registry_slot){0};
    }
}

void mw_registry_close(mw_registry *r) {
    if (r == NULL)
        return;
    mw_registry_forget(r);
    mw_key_wipe(&r->master);
    free(r);
}

mw_store *mw_registry_store(mw_registry *r) {
    return r->store;
}

const mw_key *mw_registry_master(const mw_registry *r) {
    return &r->master;
}

typedef struct loading {
    mw_registry_entry entry[MW_REGISTRY_CANDIDATES_MAX];
    size_t n;
} loading;

static mw_status device_add(void *ctx, const mw_store_device *d) {
    loading *l = ctx;
    if (l->n < MW_REGISTRY_CANDIDATES_MAX)
        l->entry[l->n++] = (mw_registry_entry){.device = *d};
    return MW_OK;
}

static mw_status channel_add(void *ctx, const mw_store_channel *c) {
    mw_registry_entry *e = ctx;
    if (e->channels < MW_REGISTRY_CHANNELS_MAX)
        e->channel[e->channels++] = *c;
    return MW_OK;
}

mw_status mw_registry_at(mw_registry *r, int64_t tenant, uint32_t address,
                         const mw_registry_entry **out_entries, size_t *out_n) {
    uint64_t hash = mw_mix64((uint64_t)tenant << 32 ^ address);
    registry_slot *slot = &r->slot[hash % CACHE_SLOTS];
    if (slot->tenant != tenant || slot->address != address) {
        loading *l = calloc(1, sizeof *l);
        if (l == NULL)
            return MW_NOMEM;
        mw_status s = mw_store_devices_at(r->store, tenant, address, device_add, l);
        for (size_t i = 0; s == MW_OK && i < l->n; i++)
            s = mw_store_channels_of(r->store, tenant, l->entry[i].device.device, channel_add,
                                     &l->entry[i]);
        mw_registry_entry *entries = NULL;
        if (s == MW_OK && l->n > 0) {
            entries = calloc(l->n, sizeof *entries);
            s = entries == NULL ? MW_NOMEM : MW_OK;
        }
        if (s != MW_OK) {
            free(l);
            return s;
        }
        for (size_t i = 0; i < l->n; i++)
            entries[i] = l->entry[i];
        free(slot->entries);
        *slot = (registry_slot){tenant, address, l->n, entries};
        free(l);
    }
    *out_entries = slot->entries;
    *out_n = slot->n;
    return MW_OK;
}

static mw_device_id id_of(uint64_t identity) {
    mw_device_id id;
    mw_writer w = mw_writer_of(MW_SPAN_OF(id.b));
    mw_write_u64be(&w, identity);
    return id;
}

mw_status mw_registry_key(mw_registry *r, int64_t tenant, const mw_store_device *device,
                          uint8_t out_key[MW_REGISTRY_KEY_SIZE]) {
    uint8_t wrapped[MW_WRAPPED_KEY_BYTES];
    size_t n = 0;
    MW_TRY(mw_store_device_key_get(r->store, tenant, device->device, 0, MW_SPAN_OF(wrapped), &n));
    mw_device_id id = id_of(device->identity);
    mw_key key;
    MW_TRY(mw_key_unwrap(&mw_crypto_openssl, &r->master, &id, (mw_slice){wrapped, n}, &key));
    mw_bytes_copy(out_key, key.b, sizeof key.b);
    mw_key_wipe(&key);
    return MW_OK;
}

mw_status mw_registry_key_put(mw_registry *r, int64_t tenant, const mw_store_device *device,
                              const uint8_t key[MW_REGISTRY_KEY_SIZE]) {
    uint8_t stored[MW_REGISTRY_KEY_SIZE];
    /* A key that is already there stays as it is: wrapping again would change the row for nothing
     * and make an import differ from its repetition. */
    mw_status s = mw_registry_key(r, tenant, device, stored);
    bool same =
        s == MW_OK && mw_slice_equal_ct((mw_slice){key, sizeof stored}, MW_SLICE_OF(stored));
    mw_bytes_wipe(stored, sizeof stored);
    if (same)
        return MW_OK;
    uint8_t nonce[MW_CCM_NONCE];
    randombytes_buf(nonce, sizeof nonce);
    mw_device_id id = id_of(device->identity);
    mw_key clear;
    mw_wrapped_key wrapped;
    mw_bytes_copy(clear.b, key, sizeof clear.b);
    s = mw_key_wrap(&mw_crypto_openssl, &r->master, &id, MW_SLICE_OF(nonce), &clear, &wrapped);
    mw_key_wipe(&clear);
    MW_TRY(s);
    return mw_store_device_key_put(r->store, tenant, device->device, 0, MW_SLICE_OF(wrapped.b));
}

/* ---- the group key of a tenant's network ---- */

/* What the key is bound to when it is wrapped: no device has this identity. */
static mw_device_id network_id(int64_t tenant) {
    return id_of(UINT64_C(0x4d574e4554000000) | (uint64_t)tenant);
}

mw_status mw_registry_network_key(mw_registry *r, int64_t tenant, uint32_t *out_key_epoch,
                                  uint8_t out_key[MW_REGISTRY_KEY_SIZE]) {
    uint8_t wrapped[MW_WRAPPED_KEY_BYTES];
    size_t n = 0;
    uint32_t epoch = 0;
    MW_TRY(mw_store_network_get(r->store, tenant, &epoch, MW_SPAN_OF(wrapped), &n));
    mw_device_id id = network_id(tenant);
    mw_key key;
    MW_TRY(mw_key_unwrap(&mw_crypto_openssl, &r->master, &id, (mw_slice){wrapped, n}, &key));
    mw_bytes_copy(out_key, key.b, sizeof key.b);
    mw_key_wipe(&key);
    *out_key_epoch = epoch;
    return MW_OK;
}

mw_status mw_registry_network_key_put(mw_registry *r, int64_t tenant, uint32_t key_epoch,
                                      const uint8_t key[MW_REGISTRY_KEY_SIZE]) {
    uint8_t stored[MW_REGISTRY_KEY_SIZE];
    uint32_t epoch = 0;
    mw_status s = mw_registry_network_key(r, tenant, &epoch, stored);
    bool same = s == MW_OK && epoch == key_epoch &&
                mw_slice_equal_ct((mw_slice){key, sizeof stored}, MW_SLICE_OF(stored));
    mw_bytes_wipe(stored, sizeof stored);
    if (same)
        return MW_OK;
    uint8_t nonce[MW_CCM_NONCE];
    randombytes_buf(nonce, sizeof nonce);
    mw_device_id id = network_id(tenant);
    mw_key clear;
    mw_wrapped_key wrapped;
    mw_bytes_copy(clear.b, key, sizeof clear.b);
    s = mw_key_wrap(&mw_crypto_openssl, &r->master, &id, MW_SLICE_OF(nonce), &clear, &wrapped);
    mw_key_wipe(&clear);
    MW_TRY(s);
    return mw_store_network_put(r->store, tenant, key_epoch, MW_SLICE_OF(wrapped.b));
}
