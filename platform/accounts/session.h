/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is signed in. A session is born with a random 256-bit token that goes into a cookie; only the
 * token's hash is kept. Its CSRF token is derived from the session token with a keyed hash, so it
 * needs no storage and nobody who lacks the cookie can know it.
 *
 * A session ends after `idle` without a request, at the latest `longest` after it began, and by
 * signing out. Times are the machine's own UTC: the town clock may run thousands of times faster.
 *
 * The table holds MW_SESSIONS_MAX sessions, MW_SESSIONS_PER_USER of one user; the one unused for
 * longest gives way. It lives in memory: a restart of the platform signs everybody out.
 */
#ifndef MW_PLATFORM_ACCOUNTS_SESSION_H
#define MW_PLATFORM_ACCOUNTS_SESSION_H

#include "base/time.h"
#include "platform/accounts/secret.h"

#define MW_SESSIONS_MAX      1024
#define MW_SESSIONS_PER_USER 16

typedef struct mw_session {
    mw_token_hash token;
    int64_t user_id; /* 0 = free */
    mw_utc begun;
    mw_utc used;
} mw_session;

typedef struct mw_sessions {
    mw_dur idle;
    mw_dur longest;
    mw_session rows[MW_SESSIONS_MAX];
} mw_sessions;

/* idle and longest are at least 1 s. */
void mw_sessions_init(mw_sessions *t, mw_dur idle, mw_dur longest);
/* user_id > 0. Writes the token for the cookie. */
void mw_session_begin(mw_sessions *t, int64_t user_id, mw_utc now,
                      char out_token[MW_TOKEN_TEXT_MAX]);
/* The user of a token, and marks the session as used. MW_AUTH when there is no such session or it
 * has ended. */
MW_NODISCARD mw_status mw_session_find(mw_sessions *t, mw_slice token, mw_utc now,
                                       int64_t *out_user_id);
/* Does nothing when there is no such session. */
void mw_session_end(mw_sessions *t, mw_slice token);
/* Ends all sessions of a user: after a change of password, role or scope. */
void mw_session_end_user(mw_sessions *t, int64_t user_id);
size_t mw_sessions_count(const mw_sessions *t, mw_utc now);

/* The CSRF token that belongs to a session token. */
void mw_csrf_of(mw_slice token, char out_text[MW_TOKEN_TEXT_MAX]);
/* Constant time. */
bool mw_csrf_check(mw_slice token, mw_slice csrf);

#endif
