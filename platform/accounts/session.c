/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/accounts/session.h"

#include <sodium.h>
#include <string.h>

#include "base/assert.h"

_Static_assert((int)MW_STORE_TOKEN_HASH == (int)MW_TOKEN_HASH, "the store keeps our hash whole");
_Static_assert((int)MW_STORE_ID_MAX >= (int)MW_TOKEN_TEXT_MAX, "the store keeps a CSRF token");

/* A domain of its own, so that no other hash of the same token equals the CSRF token. */
static const uint8_t csrf_domain[] = "meterworks csrf token, version 1:";

void mw_csrf_of(mw_slice token, const char *password_hash, char out_text[MW_TOKEN_TEXT_MAX]) {
    uint8_t mac[crypto_generichash_BYTES];
    crypto_generichash_state state;
    int bad = crypto_generichash_init(&state, token.p, token.n, sizeof mac);
    mw_assert(bad == 0);
    crypto_generichash_update(&state, csrf_domain, sizeof csrf_domain - 1);
    crypto_generichash_update(&state, (const uint8_t *)password_hash, strlen(password_hash));
    crypto_generichash_final(&state, mac, sizeof mac);
    sodium_bin2base64(out_text, MW_TOKEN_TEXT_MAX, mac, sizeof mac,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static mw_utc end_of(const mw_sessions *t, mw_utc created, mw_utc used) {
    mw_utc by_idle = mw_utc_add(used, t->idle);
    mw_utc by_age = mw_utc_add(created, t->longest);
    return by_idle.us < by_age.us ? by_idle : by_age;
}

/* Ends the open transaction one way or the other. */
static mw_status finish(mw_store *store, mw_status done) {
    if (done == MW_OK)
        return mw_store_commit(store);
    mw_status undone = mw_store_rollback(store);
    (void)undone; /* the first failure is the one to tell */
    return done;
}

/* Printable ASCII only: it is shown to people, and nothing else belongs there. */
static void put_shown(char *out, size_t size, const char *text) {
    size_t n = 0;
    for (; text != NULL && text[n] != 0 && n + 1 < size; n++)
        out[n] = text[n] >= ' ' && text[n] < 0x7f ? text[n] : '?';
    out[n] = 0;
}

mw_status mw_session_begin(const mw_sessions *t, const mw_store_user *user,
                           const mw_session_origin *origin, mw_utc now,
                           char out_token[MW_TOKEN_TEXT_MAX], char out_csrf[MW_TOKEN_TEXT_MAX]) {
    mw_store_session row = {
        .tenant = user->tenant, .created = now, .last_used = now, .expires = end_of(t, now, now)};
    char token[MW_TOKEN_TEXT_MAX];
    char csrf[MW_TOKEN_TEXT_MAX];
    mw_token_random(token);
    mw_csrf_of(mw_slice_of_str(token), user->password_hash, csrf);
    mw_token_hash hash = mw_token_hash_of(mw_slice_of_str(token));
    mw_bytes_copy(row.token_hash, hash.b, sizeof hash.b);
    mw_bytes_copy(row.user, user->id, sizeof row.user);
    mw_bytes_copy(row.csrf, csrf, sizeof csrf);
    if (origin != NULL) {
        put_shown(row.address, sizeof row.address, origin->address);
        put_shown(row.agent, sizeof row.agent, origin->agent);
    }
    MW_TRY(mw_store_begin(t->store));
    mw_status s = mw_store_sessions_expire(t->store, now);
    if (s == MW_OK)
        s = mw_store_session_put(t->store, &row);
    MW_TRY(finish(t->store, s));
    mw_bytes_copy(out_token, token, sizeof token);
    mw_bytes_copy(out_csrf, csrf, sizeof csrf);
    return MW_OK;
}

static mw_status touch(const mw_sessions *t, const mw_store_session *row, mw_utc now) {
    mw_dur unused = mw_utc_since(now, row->last_used);
    if (unused.ns < t->idle.ns / 16)
        return MW_OK;
    MW_TRY(mw_store_begin(t->store));
    return finish(t->store,
                  mw_store_session_touch(t->store, (mw_slice){row->token_hash, MW_TOKEN_HASH}, now,
                                         end_of(t, row->created, now)));
}

mw_status mw_session_find(const mw_sessions *t, mw_slice token, mw_utc now, mw_store_user *out_user,
                          char out_csrf[MW_TOKEN_TEXT_MAX]) {
    if (token.n != MW_TOKEN_TEXT_MAX - 1)
        return MW_AUTH;
    mw_token_hash hash = mw_token_hash_of(token);
    mw_store_session row;
    mw_status s = mw_store_session_get(t->store, MW_SLICE_OF(hash.b), &row);
    if (s != MW_OK)
        return s == MW_NOT_FOUND ? MW_AUTH : s;
    /* created > now: the machine's clock was set back; that must not lengthen a session. */
    if (now.us >= row.expires.us || mw_utc_since(row.created, now).ns > t->idle.ns)
        return MW_AUTH;
    mw_store_user user;
    s = mw_store_user_by_id(t->store, row.tenant, row.user, &user);
    if (s != MW_OK)
        return s == MW_NOT_FOUND ? MW_AUTH : s;
    char csrf[MW_TOKEN_TEXT_MAX];
    mw_csrf_of(token, user.password_hash, csrf);
    if (user.disabled || !mw_slice_equal_ct(mw_slice_of_str(csrf), mw_slice_of_str(row.csrf)))
        return MW_AUTH;
    /* A full disk must not sign anybody out: the session is good, only its use is not written. */
    mw_status written = touch(t, &row, now);
    (void)written;
    *out_user = user;
    mw_bytes_copy(out_csrf, csrf, sizeof csrf);
    return MW_OK;
}

mw_status mw_session_end(const mw_sessions *t, mw_slice token) {
    mw_token_hash hash = mw_token_hash_of(token);
    MW_TRY(mw_store_begin(t->store));
    mw_status s = mw_store_session_delete(t->store, MW_SLICE_OF(hash.b));
    return finish(t->store, s == MW_NOT_FOUND ? MW_OK : s);
}
