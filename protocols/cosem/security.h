/* SPDX-License-Identifier: Apache-2.0
 *
 * Ciphered APDUs of security suite 0, AES-128-GCM (IEC 62056-5-3 clauses 5.3 and 9.2.4), or of another
 * one that a port brings (suite.h), and the proofs of HLS mechanism 5, GMAC.
 *
 *   glo-, ded-      | tag | length | SC | IC 4 | text | tag 12 |
 *   general-glo     | DB | n | system title | length | SC | IC 4 | text | tag 12 |
 *
 *   SC   security control: suite 3..0, authenticated 0x10, encrypted 0x20, broadcast key 0x40
 *   IC   invocation counter; nonce = sender's system title and IC
 *
 * Nothing here keeps a counter. A sender takes the next one, has it persisted and then protects;
 * a receiver gives the least counter it accepts and persists the one it got plus one.
 */
#ifndef MW_PROTOCOLS_COSEM_SECURITY_H
#define MW_PROTOCOLS_COSEM_SECURITY_H

#include "protocols/cosem/suite.h"

#define MW_COSEM_TAG_BYTES 12
/* Tag, length, general-glo's title with its length, SC, IC and tag: what ciphering adds. */
#define MW_COSEM_CIPHER_OVERHEAD (1 + 5 + 1 + MW_COSEM_TITLE_BYTES + 1 + 4 + MW_COSEM_TAG_MAX)
#define MW_COSEM_PROOF_BYTES     (1 + 4 + MW_COSEM_TAG_BYTES)

enum {
    MW_COSEM_SC_SUITE = 0x0F,
    MW_COSEM_SC_AUTHENTICATED = 0x10,
    MW_COSEM_SC_ENCRYPTED = 0x20,
    MW_COSEM_SC_BROADCAST = 0x40,
    MW_COSEM_SC_COMPRESSED = 0x80,
};

/* The keys of one direction of trust: global unicast (or broadcast, or dedicated) encryption key,
 * already expanded, and the authentication key. */
typedef struct mw_cosem_keys {
    mw_gcm_ctx encryption;
    mw_key authentication;
    /* Another suite than 0: its keys are its own; of ours only what is authenticated with. */
    const mw_cosem_suite *suite;
    void *suite_keys;
    mw_slice suite_authentication;
} mw_cosem_keys;

/* MW_NOMEM. */
MW_NODISCARD mw_status mw_cosem_keys_init(mw_cosem_keys *k, const mw_gcm *impl,
                                          const mw_key *encryption, const mw_key *authentication);
/* Keys of another suite: `keys` is what its functions get, `authentication` the authentication key
 * (16 or 32 bytes, or none); both must stay. */
void mw_cosem_keys_of_suite(mw_cosem_keys *k, const mw_cosem_suite *suite, void *keys,
                            mw_slice authentication);
/* 0 or what the suite calls itself. */
uint8_t mw_cosem_keys_suite(const mw_cosem_keys *k);
void mw_cosem_keys_fini(mw_cosem_keys *k);

typedef enum mw_cosem_cipher_form {
    MW_COSEM_GLO,         /* service-specific, global key */
    MW_COSEM_DED,         /* service-specific, dedicated key */
    MW_COSEM_GENERAL_GLO, /* names the sender */
    MW_COSEM_GENERAL_DED,
} mw_cosem_cipher_form;

/* A ciphered APDU taken apart, nothing verified. */
typedef struct mw_cosem_ciphered {
    mw_cosem_cipher_form form;
    uint8_t tag;     /* first byte of the APDU */
    mw_slice title;  /* general forms: the sender's system title, 8 bytes or, from some meters, 0 */
    uint8_t control; /* SC */
    uint32_t counter; /* IC */
    mw_slice text;    /* with the tag when there is one */
} mw_cosem_ciphered;

/* True when an APDU that begins with this byte is ciphered. */
bool mw_cosem_tag_is_ciphered(uint8_t tag);
/* MW_NOT_FOUND when it is no ciphered APDU, MW_UNSUPPORTED for compression and
 * general-ciphering, MW_SHORT, MW_SYNTAX for trailing bytes or a title of another length. */
MW_NODISCARD mw_status mw_cosem_ciphered_decode(mw_slice apdu, mw_cosem_ciphered *out_ciphered);

typedef struct mw_cosem_open_options {
    uint32_t least_counter; /* smaller ones are MW_REPLAY */
    uint8_t required;       /* bits of SC that must be set, else MW_FORBIDDEN */
    /* Where the operator withholds the authentication key: decrypts and skips the tag. Whoever
     * sets it must say so where values are shown: anybody could have sent them. */
    bool unverified;
} mw_cosem_open_options;

/* The plain APDU. `title` is the sender's. MW_UNSUPPORTED for another suite than that of the keys. MW_AUTH when the tag does not match (wrong key, wrong
 * title, altered text), and then out is zero; MW_REPLAY, MW_FORBIDDEN, MW_SHORT, MW_SPACE. Without
 * the authenticated bit nothing is verified: demand it in `required`. */
MW_NODISCARD mw_status mw_cosem_unprotect(mw_cosem_keys *k, const mw_cosem_title *title,
                                          const mw_cosem_ciphered *c,
                                          const mw_cosem_open_options *options, mw_span out,
                                          size_t *out_size);
/* The ciphered APDU of `plain`. control: SC without a suite, which the
 * keys tell, and at least one of authenticated and
 * encrypted. Glo and ded forms: the tag follows from plain's own (C0 becomes C8 or D0; initiate 01
 * becomes 21 or 41). MW_UNSUPPORTED for a plain tag without such a form or a bad SC, MW_SPACE,
 * MW_RANGE. plain must not overlap out. */
MW_NODISCARD mw_status mw_cosem_protect(mw_cosem_keys *k, mw_cosem_cipher_form form,
                                        uint8_t control, const mw_cosem_title *title,
                                        uint32_t counter, mw_slice plain, mw_span out,
                                        size_t *out_size);

/* HLS 5: what `title` sends to prove that it knows the keys: SC 10, IC, GMAC over the challenge it
 * was given. MW_RANGE for a challenge outside 8..64 bytes. */
MW_NODISCARD mw_status mw_cosem_gmac_prove(mw_cosem_keys *k, const mw_cosem_title *title,
                                           uint32_t counter, mw_slice challenge,
                                           uint8_t out[MW_COSEM_PROOF_BYTES]);
/* Checks such a proof: MW_AUTH, MW_REPLAY below least_counter, MW_SYNTAX. *out_counter is what it
 * used. */
MW_NODISCARD mw_status mw_cosem_gmac_verify(mw_cosem_keys *k, const mw_cosem_title *title,
                                            uint32_t least_counter, mw_slice challenge,
                                            mw_slice proof, uint32_t *out_counter);

#endif
