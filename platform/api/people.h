/* SPDX-License-Identifier: Apache-2.0
 *
 * What the operations about users share.
 */
#ifndef MW_PLATFORM_API_PEOPLE_H
#define MW_PLATFORM_API_PEOPLE_H

#include "platform/api/internal.h"

#define MW_API_SESSIONS_DROPPED 200
#define MW_API_AREAS_MAX        1000

typedef struct mw_api_sessions {
    mw_slice keep;
    uint8_t hash[MW_API_SESSIONS_DROPPED][MW_STORE_TOKEN_HASH];
    size_t n;
} mw_api_sessions;

/* The user that {user} names in this tenant; answers 404 itself. */
bool mw_api_user_param(mw_api_call *call, mw_store_user *out_user);
/* In a transaction: makes an invitation to choose a password. */
MW_NODISCARD mw_status mw_api_invite_user(mw_api_call *call, const mw_store_user *u,
                                          char out_code[MW_TOKEN_TEXT_MAX], mw_utc *out_expires);
/* In a transaction: ends the sessions of a user but the one with the token hash `keep`. */
MW_NODISCARD mw_status mw_api_drop_sessions(mw_api_call *call, const char *user, mw_slice keep);
/* A password of the right length; answers 400 itself. */
bool mw_api_password_ok(mw_api_call *call, const char *password);

#endif
