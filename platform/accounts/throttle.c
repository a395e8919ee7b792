/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/accounts/throttle.h"

#include <sodium.h>

mw_throttle_policy mw_throttle_policy_login(void) {
    return (mw_throttle_policy){.free_failures = 5,
                                .first_lock = mw_dur_s(30),
                                .longest_lock = mw_dur_s(900),
                                .forget_after = mw_dur_s(3600)};
}

mw_throttle_policy mw_throttle_policy_address(void) {
    mw_throttle_policy p = mw_throttle_policy_login();
    p.free_failures = 20;
    return p;
}

void mw_throttle_init(mw_throttle *t, mw_throttle_policy policy) {
    mw_bytes_fill(t, 0, sizeof *t);
    t->policy = policy;
    randombytes_buf(t->seed, sizeof t->seed);
}

static uint64_t hash_of(const mw_throttle *t, mw_slice key) {
    uint8_t out[crypto_shorthash_BYTES];
    crypto_shorthash(out, key.p, key.n, t->seed);
    mw_reader r = mw_reader_of(MW_SLICE_OF(out));
    uint64_t h = mw_read_u64le(&r);
    return h == 0 ? 1 : h;
}

static bool stale(const mw_throttle *t, const mw_throttle_key *k, mw_mono now) {
    return mw_mono_since(now, k->last).ns > t->policy.forget_after.ns;
}

static const mw_throttle_key *find(const mw_throttle *t, uint64_t hash) {
    for (size_t i = 0; i < MW_THROTTLE_KEYS; i++)
        if (t->keys[i].hash == hash)
            return &t->keys[i];
    return NULL;
}

mw_status mw_throttle_check(const mw_throttle *t, mw_slice key, mw_mono now, mw_dur *out_wait) {
    const mw_throttle_key *k = find(t, hash_of(t, key));
    *out_wait = mw_dur_s(0);
    if (k == NULL || k->failures < t->policy.free_failures)
        return MW_OK;
    mw_dur left = mw_mono_since(k->locked_until, now);
    if (left.ns <= 0)
        return MW_OK;
    *out_wait = left;
    return MW_LIMIT;
}

/* The place for a new key: a free one, else the oldest that is not locked, else the oldest. */
static mw_throttle_key *place(mw_throttle *t, mw_mono now) {
    mw_throttle_key *best = &t->keys[0];
    for (size_t i = 0; i < MW_THROTTLE_KEYS; i++) {
        mw_throttle_key *k = &t->keys[i];
        if (k->hash == 0 || stale(t, k, now))
            return k;
        bool locked = k->locked_until.ns > now.ns;
        bool best_locked = best->locked_until.ns > now.ns;
        if (locked != best_locked ? best_locked : k->last.ns < best->last.ns)
            best = k;
    }
    return best;
}

void mw_throttle_failure(mw_throttle *t, mw_slice key, mw_mono now) {
    uint64_t hash = hash_of(t, key);
    mw_throttle_key *k = NULL;
    for (size_t i = 0; i < MW_THROTTLE_KEYS && k == NULL; i++)
        if (t->keys[i].hash == hash)
            k = &t->keys[i];
    if (k == NULL || stale(t, k, now)) {
        if (k == NULL)
            k = place(t, now);
        *k = (mw_throttle_key){.hash = hash, .locked_until = now};
    }
    k->last = now;
    if (k->failures < UINT32_MAX)
        k->failures++;
    if (k->failures < t->policy.free_failures)
        return;
    mw_dur lock = t->policy.first_lock;
    for (uint32_t i = t->policy.free_failures;
         i < k->failures && lock.ns < t->policy.longest_lock.ns; i++)
        lock.ns *= 2;
    if (lock.ns > t->policy.longest_lock.ns)
        lock = t->policy.longest_lock;
    k->locked_until = mw_mono_add(now, lock);
}

void mw_throttle_success(mw_throttle *t, mw_slice key) {
    uint64_t hash = hash_of(t, key);
    for (size_t i = 0; i < MW_THROTTLE_KEYS; i++)
        if (t->keys[i].hash == hash)
            t->keys[i] = (mw_throttle_key){0};
}

void mw_throttle_forgive(mw_throttle *t, mw_slice key, mw_mono now) {
    uint64_t hash = hash_of(t, key);
    for (size_t i = 0; i < MW_THROTTLE_KEYS; i++) {
        mw_throttle_key *k = &t->keys[i];
        if (k->hash != hash)
            continue;
        k->locked_until = now;
        if (--k->failures == 0)
            *k = (mw_throttle_key){0};
    }
}
