/* SPDX-License-Identifier: Apache-2.0
 *
 * Passwords and random tokens.
 *
 *   password   hashed with Argon2id (RFC 9106) by libsodium, as a self-describing text
 *              "$argon2id$v=19$m=..,t=..,p=1$salt$hash"
 *   token      256 random bits as 43 characters of base64url (RFC 4648, 5); only its BLAKE2b-256
 *              hash (RFC 7693) is ever stored. A token has full entropy, so a slow hash would add
 *              nothing.
 *
 * Everything here draws its randomness from the operating system. Call mw_secret_init once before
 * the rest.
 */
#ifndef MW_PLATFORM_ACCOUNTS_SECRET_H
#define MW_PLATFORM_ACCOUNTS_SECRET_H

#include "base/bytes.h"

/* MW_IO when the operating system gives no random numbers. May be called again. */
MW_NODISCARD mw_status mw_secret_init(void);

/* The cost of one password check. */
typedef struct mw_password_params {
    uint32_t passes;     /* 1..10 */
    uint32_t memory_kib; /* 8..1048576 */
} mw_password_params;

/* The cheapest that the library takes, for tests. */
mw_password_params mw_password_params_test(void);

#define MW_PASSWORD_HASH_MAX 128 /* with the terminating NUL */
#define MW_PASSWORD_MIN      8   /* bytes */
#define MW_PASSWORD_MAX      128 /* bytes */

/* MW_RANGE for a password of fewer than MW_PASSWORD_MIN or more than MW_PASSWORD_MAX bytes,
 * MW_NOMEM. */
MW_NODISCARD mw_status mw_password_hash(mw_password_params params, mw_slice password,
                                        char out_hash[MW_PASSWORD_HASH_MAX]);
/* True when the password belongs to the hash. Takes the time that the hash's own parameters ask
 * for. hash is NUL-terminated text of mw_password_hash. */
bool mw_password_verify(const char *hash, mw_slice password);
/* Spends the time of one verification and finds nothing: for a login that does not exist. */
void mw_password_verify_nobody(mw_password_params params, mw_slice password);

/* A random password that a person can read out: 4 groups of 5 from an alphabet of 32 characters
 * without look-alikes, 100 bits. */
#define MW_PASSWORD_TEXT_MAX 24
void mw_password_random(char out_text[MW_PASSWORD_TEXT_MAX]);

#define MW_TOKEN_TEXT_MAX 44 /* 43 characters and the NUL */
#define MW_TOKEN_HASH     32

typedef struct mw_token_hash {
    uint8_t b[MW_TOKEN_HASH];
} mw_token_hash;

void mw_token_random(char out_text[MW_TOKEN_TEXT_MAX]);
/* The hash that stands for the token's text in tables. Any text may be given. */
mw_token_hash mw_token_hash_of(mw_slice text);
/* Constant time. */
bool mw_token_hash_equal(const mw_token_hash *a, const mw_token_hash *b);

#endif
