/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/accounts/totp.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"

void mw_totp_secret_random(uint8_t out_secret[MW_TOTP_SECRET]) {
    randombytes_buf(out_secret, MW_TOTP_SECRET);
}

void mw_totp_secret_text(const uint8_t secret[MW_TOTP_SECRET], char out_text[MW_TOTP_SECRET_TEXT]) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    size_t at = 0;
    uint32_t bits = 0;
    unsigned n = 0;
    for (size_t i = 0; i < MW_TOTP_SECRET; i++) {
        bits = bits << 8 | secret[i];
        for (n += 8; n >= 5; n -= 5)
            out_text[at++] = alphabet[bits >> (n - 5) & 31];
    }
    out_text[at++] = alphabet[bits << (5 - n) & 31];
    out_text[at] = 0;
    mw_assert(at < MW_TOTP_SECRET_TEXT);
}

uint32_t mw_totp_code(mw_slice secret, int64_t step) {
    uint8_t counter[8];
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    for (int i = 0; i < 8; i++)
        counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
    const uint8_t *done =
        HMAC(EVP_sha1(), secret.p, (int)secret.n, counter, sizeof counter, mac, &n);
    mw_assert(done != NULL && n == 20);
    const uint8_t *p = mac + (mac[19] & 15);
    uint32_t v = (uint32_t)(p[0] & 0x7f) << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    mw_bytes_wipe(mac, sizeof mac);
    return v % 1000000;
}

int64_t mw_totp_step_of(mw_utc now) {
    return mw_utc_floor_s(now) / MW_TOTP_STEP_S;
}

mw_status mw_totp_verify(mw_slice secret, const char *code, mw_utc now, int64_t last_step,
                         int64_t *out_step) {
    int64_t middle = mw_totp_step_of(now);
    bool found = false;
    if (strlen(code) != 6 || strspn(code, "0123456789") != 6)
        return MW_AUTH;
    for (int64_t step = middle - MW_TOTP_DRIFT; step <= middle + MW_TOTP_DRIFT; step++) {
        char text[8];
        snprintf(text, sizeof text, "%06u", (unsigned)mw_totp_code(secret, step));
        bool equal = sodium_memcmp(text, code, 6) == 0;
        if (equal && step > last_step && !found) {
            *out_step = step;
            found = true;
        }
    }
    return found ? MW_OK : MW_AUTH;
}

void mw_totp_recovery_random(char out_text[MW_TOTP_RECOVERY_TEXT]) {
    static const char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789"; /* no l, o, 0, 1 */
    uint8_t random[10];
    randombytes_buf(random, sizeof random);
    size_t at = 0;
    for (size_t i = 0; i < sizeof random; i++) {
        if (i == 5)
            out_text[at++] = '-';
        out_text[at++] = alphabet[random[i] & 31];
    }
    out_text[at] = 0;
    mw_bytes_wipe(random, sizeof random);
}
