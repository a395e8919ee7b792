/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/doors/pushes.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/registry/cosem.h"
#include "protocols/cosem/apdu.h"

/* A push under judgement. */
typedef struct taking {
    mw_pushes *door;
    mw_utc now;
    mw_cosem_ciphered ciphered;
    mw_store_device device;
    mw_registry_cosem registered;
    mw_cosem_keys keys;
    uint32_t key_mark; /* 31 bits that tell one key of the device from another */
    uint8_t plain[MW_PUSHES_APDU_MAX];
    size_t plain_n;
    mw_cosem_apdu apdu;
    const char *wrong; /* why an authentic push is quarantined */
    mw_push_taken result;
} taking;

const char *mw_push_fate_text(mw_push_fate fate) {
    static const char *const texts[MW_PUSH_FATES] = {
#define X(name, text) text,
        MW_PUSH_FATE_LIST(X)
#undef X
    };
    return texts[fate];
}

mw_pushes mw_pushes_of(mw_store *store, mw_registry *registry, const char *tenant) {
    return (mw_pushes){.store = store, .registry = registry, .tenant_name = tenant};
}

/* ---- who ---- */

/* Nobody has this sender's token. In a transaction. */
static mw_status sender_find(mw_pushes *p) {
    uint8_t token[MW_STORE_TOKEN_HASH];
    if (p->sender != 0)
        return MW_OK;
    randombytes_buf(token, sizeof token);
    return mw_store_sender_put(p->store, p->tenant, MW_STORE_SENDER_PUSHES, MW_SLICE_OF(token),
                               &p->sender);
}

static mw_status title_of(mw_slice bytes, mw_cosem_title *out_title, uint64_t *out_identity) {
    if (bytes.n != MW_COSEM_TITLE_BYTES)
        return MW_FORBIDDEN;
    mw_reader r = mw_reader_of(bytes);
    *out_identity = mw_read_u64be(&r);
    mw_bytes_copy(out_title->b, bytes.p, bytes.n);
    return MW_OK;
}

/* Marks one key of a device: a new key begins its counter anew. */
static uint32_t mark_of(const mw_key *key) {
    static const uint8_t use[] = "push key mark";
    uint8_t hash[crypto_generichash_BYTES_MIN];
    crypto_generichash(hash, sizeof hash, use, sizeof use - 1, key->b, sizeof key->b);
    mw_reader r = mw_reader_of(MW_SLICE_OF(hash));
    return mw_read_u32be(&r) >> 1;
}

static mw_status keys_find(taking *t, uint64_t identity) {
    mw_pushes *p = t->door;
    MW_TRY(mw_store_device_get(p->store, p->tenant, identity, &t->device));
    MW_TRY(mw_registry_cosem_keys(p->registry, p->tenant, &t->device, &t->registered));
    t->key_mark = mark_of(&t->registered.encryption);
    return mw_cosem_keys_init(&t->keys, &mw_gcm_openssl, &t->registered.encryption,
                              &t->registered.authentication);
}

/* ---- open ---- */

/* Who often fails at the door is told of; what it says of itself is not believed. */
static mw_status forged(taking *t) {
    mw_pushes *p = t->door;
    if (++p->failures < MW_PUSHES_FAILURES_SIGN)
        return MW_OK;
    mw_store_sign sign = {.tenant = p->tenant,
                          .kind = "push_auth_failures",
                          .text = "pushes under its system title fail authentication",
                          .last_at = t->now,
                          .count = p->failures};
    snprintf(sign.subject, sizeof sign.subject, "%016" PRIx64, t->device.identity);
    MW_TRY(mw_store_begin(p->store));
    mw_status s = mw_store_sign_raise(p->store, &sign);
    if (s == MW_OK)
        s = mw_store_commit(p->store);
    else if (mw_store_rollback(p->store) != MW_OK)
        s = MW_IO;
    if (s == MW_OK)
        p->failures = 0;
    return s;
}

/* Opens the push; *out_go tells whether it is authentic. */
static mw_status unseal(taking *t, const mw_cosem_title *title, bool *out_go) {
    mw_cosem_open_options o = {.required = MW_COSEM_SC_AUTHENTICATED | MW_COSEM_SC_ENCRYPTED};
    mw_status s =
        mw_cosem_unprotect(&t->keys, title, &t->ciphered, &o, MW_SPAN_OF(t->plain), &t->plain_n);
    *out_go = s == MW_OK;
    switch (s) {
    case MW_OK:
        break;
    case MW_FORBIDDEN:
        t->result.fate = MW_PUSH_UNSEALED;
        return MW_OK;
    case MW_AUTH:
        t->result.fate = MW_PUSH_FORGED;
        return forged(t);
    case MW_SHORT:
    case MW_SPACE:
        t->result.fate = MW_PUSH_MALFORMED;
        return MW_OK;
    default:
        return s;
    }
    t->result.device = t->device.identity;
    s = mw_cosem_apdu_decode((mw_slice){t->plain, t->plain_n}, 0, &t->apdu);
    if (s != MW_OK)
        t->wrong = "the sealed text is no DLMS APDU";
    else if (t->apdu.kind != MW_COSEM_DATA_NOTIFICATION &&
             t->apdu.kind != MW_COSEM_EVENT_NOTIFICATION)
        t->wrong = "the sealed APDU is no notification";
    return MW_OK;
}

/* ---- keep ---- */

static void cursor_name(const taking *t, char out[64]) {
    snprintf(out, 64, "push/%016" PRIx64 "/%08" PRIx32, t->device.identity, t->key_mark);
}

static mw_status journal_put(taking *t, mw_store_append *out_result) {
    size_t room = 2 * t->plain_n + 128;
    char *text = malloc(room);
    if (text == NULL)
        return MW_NOMEM;
    int n = snprintf(text, room, "{\"device\":\"%016" PRIx64 "\",\"kind\":\"push\",\"plain\":\"",
                     t->device.identity);
    mw_status s = mw_hex_encode((mw_slice){t->plain, t->plain_n},
                                (mw_span){(uint8_t *)text + n, 2 * t->plain_n});
    size_t at = (size_t)n + 2 * t->plain_n;
    snprintf(text + at, room - at, "\"}");
    mw_store_envelope e = {.tenant = t->door->tenant,
                           .sender = t->door->sender,
                           .epoch = t->device.identity,
                           .seq = (uint64_t)t->key_mark << 32 | t->ciphered.counter,
                           .kind = MW_STORE_KIND_PUSH,
                           .received = t->now,
                           .stored = t->now,
                           .content = mw_slice_of_str(text)};
    int64_t id = 0;
    if (s == MW_OK)
        s = mw_store_journal_append(t->door->store, &e, out_result, &id);
    free(text);
    return s;
}

static mw_status quarantine_put(taking *t) {
    mw_store_quarantined row = {.tenant = t->door->tenant,
                                .sender = t->door->sender,
                                .epoch = t->device.identity,
                                .seq = (uint64_t)t->key_mark << 32 | t->ciphered.counter,
                                .stored = t->now,
                                .reason = t->wrong,
                                .content = {t->plain, t->plain_n}};
    return mw_store_quarantine_append(t->door->store, &row);
}

/* Whether the journal has this very push; writes nothing that is kept. */
static mw_status seen_before(taking *t) {
    mw_store_append result = MW_STORE_CONFLICT;
    mw_status s = journal_put(t, &result);
    if (s == MW_LIMIT)
        result = MW_STORE_CONFLICT;
    else if (s != MW_OK)
        return s;
    t->result.fate = result == MW_STORE_DUPLICATE  ? MW_PUSH_DUPLICATE
                     : result == MW_STORE_CONFLICT ? MW_PUSH_CONFLICT
                                                   : MW_PUSH_REPLAYED;
    return MW_OK;
}

static mw_status new_one(taking *t, const char *cursor) {
    mw_store *store = t->door->store;
    mw_store_append result = MW_STORE_APPENDED;
    if (t->wrong != NULL)
        MW_TRY(quarantine_put(t));
    else
        MW_TRY(journal_put(t, &result));
    t->result.fate = t->wrong != NULL ? MW_PUSH_QUARANTINED : MW_PUSH_STORED;
    MW_TRY(mw_store_cursor_set(store, cursor, (int64_t)t->ciphered.counter + 1));
    return mw_store_count_add(store, t->door->tenant,
                              t->wrong != NULL ? "pushes.quarantined" : "pushes.stored", t->now, 1);
}

/* In a transaction; *out_keep tells whether it is to be committed. */
static mw_status keep(taking *t, bool *out_keep) {
    int64_t least = 0;
    char cursor[64];
    cursor_name(t, cursor);
    MW_TRY(sender_find(t->door));
    MW_TRY(mw_store_cursor_get(t->door->store, cursor, &least));
    *out_keep = (int64_t)t->ciphered.counter >= least;
    if (*out_keep)
        return new_one(t, cursor);
    if (t->wrong == NULL)
        return seen_before(t);
    /* The quarantine knows its rows by their content. */
    *out_keep = (int64_t)t->ciphered.counter + 1 == least;
    t->result.fate = *out_keep ? MW_PUSH_QUARANTINED : MW_PUSH_REPLAYED;
    return *out_keep ? quarantine_put(t) : MW_OK;
}

static mw_status keep_durably(taking *t) {
    bool commit = false;
    mw_pushes *p = t->door;
    int64_t sender = p->sender;
    MW_TRY(mw_store_begin(p->store));
    mw_status s = keep(t, &commit);
    if (s == MW_OK && commit)
        return mw_store_commit(p->store);
    p->sender = sender;
    mw_status undone = mw_store_rollback(p->store);
    return s != MW_OK ? s : undone;
}

/* ---- answer ---- */

static mw_status confirm(taking *t) {
    static const mw_cosem_title title = MW_PUSHES_TITLE;
    uint8_t plain[16];
    size_t n = 0;
    mw_cosem_apdu a = {.kind = MW_COSEM_DATA_NOTIFICATION_CONFIRM,
                       .invoke = t->wrong == NULL ? t->apdu.invoke : 0}; /* 0 of an event */
    MW_TRY(mw_cosem_apdu_encode(&a, MW_SPAN_OF(plain), &n));
    return mw_cosem_protect(&t->keys, MW_COSEM_GENERAL_GLO,
                            MW_COSEM_SC_AUTHENTICATED | MW_COSEM_SC_ENCRYPTED, &title,
                            t->ciphered.counter, (mw_slice){plain, n},
                            MW_SPAN_OF(t->result.confirm), &t->result.confirm_n);
}

static mw_status known_take(taking *t, const mw_cosem_title *title) {
    bool go = false;
    MW_TRY(unseal(t, title, &go));
    if (!go)
        return MW_OK;
    MW_TRY(keep_durably(t));
    return t->result.fate <= MW_PUSH_QUARANTINED ? confirm(t) : MW_OK;
}

static mw_status apdu_take(taking *t, mw_slice apdu) {
    mw_cosem_title title;
    uint64_t identity = 0;
    if (apdu.n > MW_PUSHES_APDU_MAX) {
        t->result.fate = MW_PUSH_MALFORMED;
        return MW_OK;
    }
    mw_status s = mw_cosem_ciphered_decode(apdu, &t->ciphered);
    if (s == MW_OK && (t->ciphered.form != MW_COSEM_GENERAL_GLO ||
                       title_of(t->ciphered.title, &title, &identity) != MW_OK))
        s = MW_NOT_FOUND;
    if (s != MW_OK) {
        bool other = s == MW_NOT_FOUND || s == MW_UNSUPPORTED;
        t->result.fate = other ? MW_PUSH_UNSEALED : MW_PUSH_MALFORMED;
        return MW_OK;
    }
    s = keys_find(t, identity);
    if (s == MW_NOT_FOUND) {
        t->result.fate = MW_PUSH_UNKNOWN;
        return MW_OK;
    }
    MW_TRY(s);
    s = known_take(t, &title);
    mw_cosem_keys_fini(&t->keys);
    return s;
}

mw_status mw_pushes_take(mw_pushes *p, mw_slice apdu, mw_utc now, mw_push_taken *out_taken) {
    if (p->tenant == 0)
        MW_TRY(mw_store_tenant_find(p->store, p->tenant_name, &p->tenant));
    taking *t = calloc(1, sizeof *t);
    if (t == NULL)
        return MW_NOMEM;
    t->door = p;
    t->now = now;
    mw_status s = apdu_take(t, apdu);
    if (s == MW_OK)
        *out_taken = t->result;
    mw_bytes_wipe(t, sizeof *t);
    free(t);
    return s;
}
