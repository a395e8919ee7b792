/* SPDX-License-Identifier: Apache-2.0
 *
 * One-time codes of a second factor: TOTP (RFC 6238) with HMAC-SHA-1, six digits and steps of 30 s,
 * as every authenticator app speaks it, and recovery codes for a lost phone. Time is the machine's.
 */
#ifndef MW_PLATFORM_ACCOUNTS_TOTP_H
#define MW_PLATFORM_ACCOUNTS_TOTP_H

#include "base/bytes.h"
#include "base/time.h"

enum {
    MW_TOTP_SECRET = 16, /* bytes: 128 bits, what RFC 4226 (4, R6) asks for at least */
    MW_TOTP_STEP_S = 30,
    MW_TOTP_DRIFT = 1,        /* steps that a phone's clock may be off, either way */
    MW_TOTP_SECRET_TEXT = 27, /* base32 without padding, NUL included */
    MW_TOTP_RECOVERY_TEXT =
        12 /* "abcde-fghij" and the NUL: 50 bits, tried as rarely as a password */
};

void mw_totp_secret_random(uint8_t out_secret[MW_TOTP_SECRET]);
/* RFC 4648 base32, as apps want it typed. */
void mw_totp_secret_text(const uint8_t secret[MW_TOTP_SECRET], char out_text[MW_TOTP_SECRET_TEXT]);
/* The code of a step, 0..999999 (RFC 4226, 5.3). The secret may have any length. */
uint32_t mw_totp_code(mw_slice secret, int64_t step);
int64_t mw_totp_step_of(mw_utc now);
/* The step around now that this code of six digits belongs to: MW_AUTH when to none. A step at or
 * before `last_step` is not looked at, so a code is good once (RFC 6238, 5.2). Compares in constant
 * time. */
MW_NODISCARD mw_status mw_totp_verify(mw_slice secret, const char *code, mw_utc now,
                                      int64_t last_step, int64_t *out_step);

void mw_totp_recovery_random(char out_text[MW_TOTP_RECOVERY_TEXT]);

#endif
