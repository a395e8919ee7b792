/* SPDX-License-Identifier: Apache-2.0
 *
 * Users and stations as an administrator makes them from the command line. Nobody chooses a
 * password here and there is no default one: each is random, told once and stored as a hash.
 * Everything done is written into the audit list.
 */
#ifndef MW_PLATFORM_ACCOUNTS_ACCOUNT_H
#define MW_PLATFORM_ACCOUNTS_ACCOUNT_H

#include "platform/accounts/secret.h"
#include "platform/store/store.h"

typedef struct mw_account_new {
    const char *tenant;    /* name; made when it does not exist */
    const char *login;     /* 1..63 of a-z 0-9 . _ @ -, unique over all tenants */
    const char *name;      /* NULL = the customer's name, else the login */
    const char *role;      /* see role.h */
    const char *customer;  /* a person's id; required for a consumer, NULL for others */
    const char *time_zone; /* IANA name */
    const char *locale;    /* such as "en" */
} mw_account_new;

bool mw_account_login_ok(const char *login);

/* Makes a user with a random password. MW_SYNTAX bad login, role or a consumer without a customer,
 * MW_NOT_FOUND no such customer, MW_DUPLICATE the login exists. `now` is the machine's time. */
MW_NODISCARD mw_status mw_account_create(mw_store *store, mw_password_params params,
                                         const mw_account_new *account, mw_utc now,
                                         char out_password[MW_PASSWORD_TEXT_MAX]);
/* Gives a user a new random password and ends all sessions of that user. MW_NOT_FOUND. */
MW_NODISCARD mw_status mw_account_password(mw_store *store, mw_password_params params,
                                           const char *login, mw_utc now,
                                           char out_password[MW_PASSWORD_TEXT_MAX]);
/* Lets a user sign in or not; a disabled user's sessions are void at once. MW_NOT_FOUND. */
MW_NODISCARD mw_status mw_account_disable(mw_store *store, const char *login, bool disabled,
                                          mw_utc now);

/* Makes a station with a random token, or gives an existing one a new token (the old one stops
 * working). MW_SYNTAX for an id that is not 1..63 of a-z A-Z 0-9 . _ -. */
MW_NODISCARD mw_status mw_station_add(mw_store *store, const char *tenant, const char *id,
                                      mw_utc now, char out_token[MW_TOKEN_TEXT_MAX]);

#endif
