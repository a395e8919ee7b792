/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/accounts/session.h"

#include <sodium.h>
#include <string.h>

#include "base/assert.h"

void mw_sessions_init(mw_sessions *t, mw_dur idle, mw_dur longest) {
    mw_assert(idle.ns >= MW_NS_PER_S && longest.ns >= MW_NS_PER_S);
    mw_bytes_fill(t, 0, sizeof *t);
    t->idle = idle;
    t->longest = longest;
}

static bool alive(const mw_sessions *t, const mw_session *s, mw_utc now) {
    /* A machine clock that was set back must not revive or lengthen a session without bound. */
    return s->user_id != 0 && mw_utc_since(now, s->used).ns <= t->idle.ns &&
           mw_utc_since(now, s->begun).ns <= t->longest.ns &&
           mw_utc_since(s->begun, now).ns <= t->longest.ns;
}

static mw_session *place(mw_sessions *t, int64_t user_id, mw_utc now) {
    mw_session *oldest = &t->rows[0];
    mw_session *oldest_of_user = NULL;
    mw_session *free_row = NULL;
    size_t of_user = 0;
    for (size_t i = 0; i < MW_SESSIONS_MAX; i++) {
        mw_session *s = &t->rows[i];
        if (!alive(t, s, now)) {
            *s = (mw_session){0};
            if (free_row == NULL)
                free_row = s;
            continue;
        }
        if (s->used.us < oldest->used.us)
            oldest = s;
        if (s->user_id != user_id)
            continue;
        of_user++;
        if (oldest_of_user == NULL || s->used.us < oldest_of_user->used.us)
            oldest_of_user = s;
    }
    if (of_user >= MW_SESSIONS_PER_USER)
        return oldest_of_user;
    return free_row != NULL ? free_row : oldest;
}

void mw_session_begin(mw_sessions *t, int64_t user_id, mw_utc now,
                      char out_token[MW_TOKEN_TEXT_MAX]) {
    mw_assert(user_id > 0);
    mw_token_random(out_token);
    *place(t, user_id, now) = (mw_session){.token = mw_token_hash_of(mw_slice_of_str(out_token)),
                                           .user_id = user_id,
                                           .begun = now,
                                           .used = now};
}

static mw_session *find(mw_sessions *t, mw_slice token) {
    /* Rows are compared by hash, so the time taken says nothing about the token itself. */
    mw_token_hash h = mw_token_hash_of(token);
    for (size_t i = 0; i < MW_SESSIONS_MAX; i++)
        if (t->rows[i].user_id != 0 && mw_token_hash_equal(&t->rows[i].token, &h))
            return &t->rows[i];
    return NULL;
}

mw_status mw_session_find(mw_sessions *t, mw_slice token, mw_utc now, int64_t *out_user_id) {
    if (token.n != MW_TOKEN_TEXT_MAX - 1)
        return MW_AUTH;
    mw_session *s = find(t, token);
    if (s == NULL)
        return MW_AUTH;
    if (!alive(t, s, now)) {
        *s = (mw_session){0};
        return MW_AUTH;
    }
    if (now.us > s->used.us)
        s->used = now;
    *out_user_id = s->user_id;
    return MW_OK;
}

void mw_session_end(mw_sessions *t, mw_slice token) {
    mw_session *s = find(t, token);
    if (s != NULL)
        *s = (mw_session){0};
}

void mw_session_end_user(mw_sessions *t, int64_t user_id) {
    for (size_t i = 0; i < MW_SESSIONS_MAX; i++)
        if (t->rows[i].user_id == user_id)
            t->rows[i] = (mw_session){0};
}

size_t mw_sessions_count(const mw_sessions *t, mw_utc now) {
    size_t n = 0;
    for (size_t i = 0; i < MW_SESSIONS_MAX; i++)
        n += alive(t, &t->rows[i], now);
    return n;
}

void mw_csrf_of(mw_slice token, char out_text[MW_TOKEN_TEXT_MAX]) {
    static const uint8_t domain[] = "meterworks csrf token, version 1";
    uint8_t mac[crypto_generichash_BYTES];
    int bad = crypto_generichash(mac, sizeof mac, domain, sizeof domain - 1, token.p, token.n);
    mw_assert(bad == 0);
    sodium_bin2base64(out_text, MW_TOKEN_TEXT_MAX, mac, sizeof mac,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool mw_csrf_check(mw_slice token, mw_slice csrf) {
    char expected[MW_TOKEN_TEXT_MAX];
    if (token.n == 0 || token.n > crypto_generichash_KEYBYTES_MAX)
        return false;
    mw_csrf_of(token, expected);
    return mw_slice_equal_ct(mw_slice_of_str(expected), csrf);
}
