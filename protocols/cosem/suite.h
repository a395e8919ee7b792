/* SPDX-License-Identifier: Apache-2.0
 *
 * What a port adds to security suite 0 and high security 5: other suites and other mechanisms.
 *
 *   mw_cosem_suite      a cipher: suites 1 and 2, or a national one. Its number is the security
 *                       control's, and is the port's to choose: standards disagree on those of GOST.
 *   mw_cosem_mechanism  a way of proving who one is: high security 6 (SHA-256, here in full), 7 (ECDSA)
 *                       or another one under its own number.
 *
 * suites_host.h fills both with OpenSSL on hosts: suites 1 and 2, ECDSA, key agreement.
 */
#ifndef MW_PROTOCOLS_COSEM_SUITE_H
#define MW_PROTOCOLS_COSEM_SUITE_H

#include "crypto/gcm.h"

#define MW_COSEM_TITLE_BYTES 8
#define MW_COSEM_TAG_MAX     16  /* of any suite */
#define MW_COSEM_PROOF_MAX   112 /* of any mechanism */

typedef struct mw_cosem_title {
    uint8_t b[MW_COSEM_TITLE_BYTES];
} mw_cosem_title;

/* A cipher with associated data. nonce: 12 bytes, title and invocation counter. Without associated
 * data (count 0) nothing is authenticated and there is no tag. */
typedef struct mw_cosem_suite {
    const char *name;
    uint8_t id;        /* 1..15 */
    uint8_t tag_bytes; /* 4..MW_COSEM_TAG_MAX */
    /* Text and tag to out; plain and out do not overlap. */
    mw_status (*seal)(void *keys, mw_slice nonce, mw_gcm_parts aad, mw_slice plain, uint8_t *out);
    /* The text to out; MW_AUTH, and then out holds nothing of it. */
    mw_status (*open)(void *keys, mw_slice nonce, mw_gcm_parts aad, mw_slice sealed, uint8_t *out);
} mw_cosem_suite;

/* What a proof is about, seen from its prover. */
typedef struct mw_cosem_challenges {
    uint8_t sap; /* of the client, whoever proves: its secret or key */
    bool by_client;
    const mw_cosem_title *prover, *verifier;
    mw_slice asked; /* the challenge that the prover answers */
    mw_slice own;   /* the one that it gave */
} mw_cosem_challenges;

typedef struct mw_cosem_mechanism {
    uint8_t id;
    uint8_t challenge_bytes; /* 8..32 that this side gives */
    /* At most MW_COSEM_PROOF_MAX bytes. */
    mw_status (*prove)(void *context, const mw_cosem_challenges *c, mw_span out, size_t *out_size);
    /* MW_AUTH when it is no proof. */
    mw_status (*verify)(void *context, const mw_cosem_challenges *c, mw_slice proof);
} mw_cosem_mechanism;

/* A mechanism and what it works with. */
typedef struct mw_cosem_prover {
    const mw_cosem_mechanism *mechanism;
    void *context;
} mw_cosem_prover;

#define MW_COSEM_MECHANISM_HIGH_SHA256 6
#define MW_COSEM_MECHANISM_HIGH_ECDSA  7

/* High security 6: SHA-256 over secret, both titles and both challenges (IEC 62056-5-3 table 28). Its
 * context is this; `secret` gives that of a client, at least 8 bytes long. */
typedef struct mw_cosem_sha256_secrets {
    void *context;
    mw_slice (*secret)(void *context, uint8_t sap);
} mw_cosem_sha256_secrets;

extern const mw_cosem_mechanism mw_cosem_mechanism_sha256;

#endif
