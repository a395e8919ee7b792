/* SPDX-License-Identifier: Apache-2.0
 *
 * Security suites 1 and 2 and high security 7 on hosts, on OpenSSL (IEC 62056-5-3 clause 5.3):
 *
 *   suite 1   AES-128-GCM, P-256, SHA-256      suite 2   AES-256-GCM, P-384, SHA-384
 *
 * ECDSA signatures are r | s, 64 or 96 bytes. Not in a freestanding build: a meter brings its own.
 */
#ifndef MW_PROTOCOLS_COSEM_SUITES_HOST_H
#define MW_PROTOCOLS_COSEM_SUITES_HOST_H

#include "protocols/cosem/suite.h"

typedef enum mw_cosem_curve {
    MW_COSEM_P256, /* suite 1 */
    MW_COSEM_P384, /* suite 2 */
} mw_cosem_curve;

/* ---- Ciphers ---- */

typedef struct mw_cosem_host_cipher {
    void *handles[2]; /* OpenSSL's, to seal and to open */
} mw_cosem_host_cipher;

extern const mw_cosem_suite mw_cosem_suite_1, mw_cosem_suite_2;

/* key: 16 bytes for suite 1, 32 for suite 2 (MW_RANGE). MW_NOMEM. */
MW_NODISCARD mw_status mw_cosem_host_cipher_init(mw_cosem_host_cipher *c, mw_slice key);
void mw_cosem_host_cipher_fini(mw_cosem_host_cipher *c);

/* ---- Elliptic curves ---- */

/* A key pair, or a peer's public key; OpenSSL's own memory. */
typedef struct mw_cosem_ec_key {
    void *key;
    mw_cosem_curve curve;
} mw_cosem_ec_key;

/* A new pair. MW_NOMEM. */
MW_NODISCARD mw_status mw_cosem_ec_generate(mw_cosem_ec_key *k, mw_cosem_curve curve);
/* A public key, x | y, 64 or 96 bytes: MW_RANGE, MW_SYNTAX when it is no point of the curve. */
MW_NODISCARD mw_status mw_cosem_ec_public(mw_cosem_ec_key *k, mw_cosem_curve curve, mw_slice point);
/* x | y of a key. MW_SPACE. */
MW_NODISCARD mw_status mw_cosem_ec_point(const mw_cosem_ec_key *k, mw_span out, size_t *out_size);
void mw_cosem_ec_fini(mw_cosem_ec_key *k);

/* Context of high security 7: our pair, the peer's public key. */
typedef struct mw_cosem_ecdsa_keys {
    mw_cosem_ec_key own, peer;
} mw_cosem_ecdsa_keys;

extern const mw_cosem_mechanism mw_cosem_mechanism_ecdsa;

/* The key that two sides agree on: ECDH of our private and the peer's public key, then the
 * concatenation KDF of NIST SP 800-56A over the algorithm of the suite's cipher, the title of the
 * party that begins (u) and of the other one (v). 16 bytes of P-256, 32 of P-384. MW_SPACE,
 * MW_RANGE for different curves. Static pairs, ephemeral pairs or one of each, as the caller
 * brings. */
MW_NODISCARD mw_status mw_cosem_ec_agree(const mw_cosem_ec_key *own, const mw_cosem_ec_key *peer,
                                         const mw_cosem_title *u, const mw_cosem_title *v,
                                         mw_span out, size_t *out_size);

#endif
