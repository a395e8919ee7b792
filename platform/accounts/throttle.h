/* SPDX-License-Identifier: Apache-2.0
 *
 * How often a password may be tried. Two tables of the same kind are used, one keyed by the login
 * that was typed (whether it exists or not) and one by the address that typed it.
 *
 * After `free_failures` failures in a row a key is locked for `first_lock`, and each further
 * failure doubles the lock up to `longest_lock`. A success or `forget_after` without a failure
 * clears the key. Keys are held as hashes only. Time is the machine's monotonic clock: a simulated
 * town clock neither shortens nor lengthens a lock.
 *
 * A table holds MW_THROTTLE_KEYS keys. When it is full the key whose last failure is longest ago
 * gives way, one that is not locked before one that is.
 */
#ifndef MW_PLATFORM_ACCOUNTS_THROTTLE_H
#define MW_PLATFORM_ACCOUNTS_THROTTLE_H

#include "base/bytes.h"
#include "base/time.h"

#define MW_THROTTLE_KEYS 1024

typedef struct mw_throttle_policy {
    uint32_t free_failures; /* 1..1000 */
    mw_dur first_lock;
    mw_dur longest_lock;
    mw_dur forget_after;
} mw_throttle_policy;

/* 5 failures of a login, 20 of an address; locks of 30 s up to 15 min; forgotten after 1 h. */
mw_throttle_policy mw_throttle_policy_login(void);
mw_throttle_policy mw_throttle_policy_address(void);

typedef struct mw_throttle_key {
    uint64_t hash; /* 0 = free */
    uint32_t failures;
    mw_mono last;
    mw_mono locked_until;
} mw_throttle_key;

typedef struct mw_throttle {
    mw_throttle_policy policy;
    uint8_t seed[16];
    mw_throttle_key keys[MW_THROTTLE_KEYS];
} mw_throttle;

/* Draws a random seed, so that nobody outside can choose keys that collide. */
void mw_throttle_init(mw_throttle *t, mw_throttle_policy policy);
/* MW_OK when the key may try now; MW_LIMIT and the time to wait otherwise (out_wait is written in
 * both cases, 0 when it may try). */
MW_NODISCARD mw_status mw_throttle_check(const mw_throttle *t, mw_slice key, mw_mono now,
                                         mw_dur *out_wait);
void mw_throttle_failure(mw_throttle *t, mw_slice key, mw_mono now);
/* Clears the key. */
void mw_throttle_success(mw_throttle *t, mw_slice key);
/* Takes one failure back and unlocks: for a try that was counted before its result was known. */
void mw_throttle_forgive(mw_throttle *t, mw_slice key, mw_mono now);

#endif
