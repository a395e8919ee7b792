/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is signed in. A session is born with a random 256-bit token that goes into a cookie; the
 * store keeps the token's hash only, so sessions outlive a restart and a stolen database opens
 * none.
 *
 * The CSRF token is a keyed hash (BLAKE2b, RFC 7693) of the user's password hash under the session
 * token. It is stored with the session and computed again at every use: when the password changes
 * they differ and the session is void.
 *
 * A session ends after `idle` without a request, at the latest `longest` after it began, and by
 * signing out. Times are the machine's own UTC: the town clock may run thousands of times faster.
 */
#ifndef MW_PLATFORM_ACCOUNTS_SESSION_H
#define MW_PLATFORM_ACCOUNTS_SESSION_H

#include "platform/accounts/secret.h"
#include "platform/store/store.h"

typedef struct mw_sessions {
    mw_store *store; /* borrowed; no transaction may be open during a call */
    mw_dur idle;     /* at least 1 s */
    mw_dur longest;  /* at least 1 s */
} mw_sessions;

/* Where a session is begun from, for the list that its user sees; either may be NULL. */
typedef struct mw_session_origin {
    const char *address;
    const char *agent; /* the browser's User-Agent; cut to what the store keeps */
} mw_session_origin;

/* Begins a session, and deletes those of anybody that have ended. */
MW_NODISCARD mw_status mw_session_begin(const mw_sessions *t, const mw_store_user *user,
                                        const mw_session_origin *origin, mw_utc now,
                                        char out_token[MW_TOKEN_TEXT_MAX],
                                        char out_csrf[MW_TOKEN_TEXT_MAX]);
/* The user of a token; marks the session as used (written once in idle/16, not at each request).
 * MW_AUTH when there is no such session, it has ended or the user is disabled. */
MW_NODISCARD mw_status mw_session_find(const mw_sessions *t, mw_slice token, mw_utc now,
                                       mw_store_user *out_user, char out_csrf[MW_TOKEN_TEXT_MAX]);
/* MW_OK also when there is no such session. */
MW_NODISCARD mw_status mw_session_end(const mw_sessions *t, mw_slice token);

/* The CSRF token of a session token and the password hash of its user. */
void mw_csrf_of(mw_slice token, const char *password_hash, char out_text[MW_TOKEN_TEXT_MAX]);

#endif
