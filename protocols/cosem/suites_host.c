/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/cosem/suites_host.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string.h>

enum { SEAL = 0, OPEN = 1, TAG = 12, SECRET_MAX = 48 };

/* ---- Ciphers ---- */

mw_status mw_cosem_host_cipher_init(mw_cosem_host_cipher *c, mw_slice key) {
    const EVP_CIPHER *kind = key.n == 16   ? EVP_aes_128_gcm()
                             : key.n == 32 ? EVP_aes_256_gcm()
                                           : NULL;
    if (kind == NULL)
        return MW_RANGE;
    *c = (mw_cosem_host_cipher){{EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_new()}};
    for (int i = SEAL; i <= OPEN; i++)
        if (c->handles[i] == NULL ||
            EVP_CipherInit_ex(c->handles[i], kind, NULL, key.p, NULL, i == SEAL) != 1) {
            mw_cosem_host_cipher_fini(c);
            return MW_NOMEM;
        }
    return MW_OK;
}

void mw_cosem_host_cipher_fini(mw_cosem_host_cipher *c) {
    EVP_CIPHER_CTX_free(c->handles[SEAL]);
    EVP_CIPHER_CTX_free(c->handles[OPEN]);
    *c = (mw_cosem_host_cipher){{NULL, NULL}};
}

static mw_status run(EVP_CIPHER_CTX *c, mw_slice nonce, mw_gcm_parts aad, mw_slice in,
                     uint8_t *out) {
    int n;
    if (EVP_CipherInit_ex(c, NULL, NULL, NULL, nonce.p, -1) != 1)
        return MW_NOMEM;
    for (size_t i = 0; i < aad.count; i++)
        if (aad.part[i].n != 0 &&
            EVP_CipherUpdate(c, NULL, &n, aad.part[i].p, (int)aad.part[i].n) != 1)
            return MW_NOMEM;
    return in.n == 0 || EVP_CipherUpdate(c, out, &n, in.p, (int)in.n) == 1 ? MW_OK : MW_NOMEM;
}

static mw_status gcm_seal(void *keys, mw_slice nonce, mw_gcm_parts aad, mw_slice plain,
                          uint8_t *out) {
    EVP_CIPHER_CTX *c = ((mw_cosem_host_cipher *)keys)->handles[SEAL];
    uint8_t none[16];
    int n;
    MW_TRY(run(c, nonce, aad, plain, out));
    if (EVP_CipherFinal_ex(c, none, &n) != 1 ||
        (aad.count != 0 && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG, out + plain.n) != 1))
        return MW_NOMEM;
    return MW_OK;
}

static mw_status gcm_open(void *keys, mw_slice nonce, mw_gcm_parts aad, mw_slice sealed,
                          uint8_t *out) {
    EVP_CIPHER_CTX *c = ((mw_cosem_host_cipher *)keys)->handles[OPEN];
    size_t tag = aad.count != 0 ? TAG : 0;
    uint8_t none[16], given[TAG];
    int n;
    if (sealed.n < tag)
        return MW_SHORT;
    mw_slice text = {sealed.p, sealed.n - tag};
    memcpy(given, sealed.p + text.n, tag);
    MW_TRY(run(c, nonce, aad, text, out));
    if (tag == 0)
        return MW_OK;
    if (EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG, given) == 1 &&
        EVP_CipherFinal_ex(c, none, &n) == 1)
        return MW_OK;
    mw_bytes_wipe(out, text.n);
    return MW_AUTH;
}

const mw_cosem_suite mw_cosem_suite_1 = {"AES-128-GCM, P-256", 1, TAG, gcm_seal, gcm_open};
const mw_cosem_suite mw_cosem_suite_2 = {"AES-256-GCM, P-384", 2, TAG, gcm_seal, gcm_open};

/* ---- Elliptic curves ---- */

static const char *name_of(mw_cosem_curve c) {
    return c == MW_COSEM_P256 ? "P-256" : "P-384";
}

/* Of a coordinate or a half of a signature. */
static size_t half_of(mw_cosem_curve c) {
    return c == MW_COSEM_P256 ? 32 : 48;
}

static const EVP_MD *hash_of(mw_cosem_curve c) {
    return c == MW_COSEM_P256 ? EVP_sha256() : EVP_sha384();
}

mw_status mw_cosem_ec_generate(mw_cosem_ec_key *k, mw_cosem_curve curve) {
    *k = (mw_cosem_ec_key){EVP_EC_gen(name_of(curve)), curve};
    return k->key != NULL ? MW_OK : MW_NOMEM;
}

mw_status mw_cosem_ec_public(mw_cosem_ec_key *k, mw_cosem_curve curve, mw_slice point) {
    uint8_t encoded[1 + 2 * SECRET_MAX] = {4}; /* uncompressed */
    *k = (mw_cosem_ec_key){NULL, curve};
    if (point.n != 2 * half_of(curve))
        return MW_RANGE;
    memcpy(encoded + 1, point.p, point.n);
    char group[sizeof "P-256"];
    memcpy(group, name_of(curve), sizeof group);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, encoded, 1 + point.n),
        OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;
    bool good = c != NULL && EVP_PKEY_fromdata_init(c) == 1 &&
                EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params) == 1;
    EVP_PKEY_CTX_free(c);
    k->key = key;
    return good ? MW_OK : MW_SYNTAX;
}

mw_status mw_cosem_ec_point(const mw_cosem_ec_key *k, mw_span out, size_t *out_size) {
    uint8_t encoded[1 + 2 * SECRET_MAX];
    size_t n = 0;
    if (out.n < 2 * half_of(k->curve))
        return MW_SPACE;
    if (EVP_PKEY_get_octet_string_param(k->key, OSSL_PKEY_PARAM_PUB_KEY, encoded, sizeof encoded,
                                        &n) != 1 ||
        n != 1 + 2 * half_of(k->curve) || encoded[0] != 4)
        return MW_UNSUPPORTED;
    memcpy(out.p, encoded + 1, n - 1);
    *out_size = n - 1;
    return MW_OK;
}

void mw_cosem_ec_fini(mw_cosem_ec_key *k) {
    EVP_PKEY_free(k->key);
    k->key = NULL;
}

/* ---- High security 7 ---- */

/* What is signed: both titles, both challenges, the prover's first. Returns the length. */
static size_t message(const mw_cosem_challenges *c, uint8_t out[2 * 8 + 2 * 64]) {
    mw_slice parts[] = {MW_SLICE_OF(c->prover->b), MW_SLICE_OF(c->verifier->b), c->asked, c->own};
    size_t n = 0;
    for (unsigned i = 0; i < 4; i++) {
        memcpy(out + n, parts[i].p, parts[i].n);
        n += parts[i].n;
    }
    return n;
}

static mw_status to_halves(const uint8_t *der, size_t der_n, size_t half, uint8_t *out) {
    const uint8_t *p = der;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)der_n);
    bool good = sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, (int)half) >= 0 &&
                BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + half, (int)half) >= 0;
    ECDSA_SIG_free(sig);
    return good ? MW_OK : MW_NOMEM;
}

static mw_status of_halves(const uint8_t *halves, size_t half, uint8_t *der, size_t *der_n) {
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(halves, (int)half, NULL), *s = BN_bin2bn(halves + half, (int)half, NULL);
    if (sig == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(sig, r, s) != 1) {
        ECDSA_SIG_free(sig);
        BN_free(r);
        BN_free(s);
        return MW_NOMEM;
    }
    int n = i2d_ECDSA_SIG(sig, &der);
    ECDSA_SIG_free(sig);
    *der_n = n > 0 ? (size_t)n : 0;
    return n > 0 ? MW_OK : MW_NOMEM;
}

static mw_status ecdsa_prove(void *context, const mw_cosem_challenges *c, mw_span out,
                             size_t *out_size) {
    const mw_cosem_ec_key *own = &((mw_cosem_ecdsa_keys *)context)->own;
    uint8_t bytes[2 * 8 + 2 * 64], der[160];
    size_t half = half_of(own->curve), n = message(c, bytes), der_n = sizeof der;
    if (out.n < 2 * half)
        return MW_SPACE;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool good = md != NULL && own->key != NULL &&
                EVP_DigestSignInit(md, NULL, hash_of(own->curve), NULL, own->key) == 1 &&
                EVP_DigestSign(md, der, &der_n, bytes, n) == 1;
    EVP_MD_CTX_free(md);
    if (!good)
        return MW_NOMEM;
    *out_size = 2 * half;
    return to_halves(der, der_n, half, out.p);
}

static mw_status ecdsa_verify(void *context, const mw_cosem_challenges *c, mw_slice proof) {
    const mw_cosem_ec_key *peer = &((mw_cosem_ecdsa_keys *)context)->peer;
    uint8_t bytes[2 * 8 + 2 * 64], der[160];
    size_t half = half_of(peer->curve), n = message(c, bytes), der_n = 0;
    if (proof.n != 2 * half || peer->key == NULL)
        return MW_AUTH;
    MW_TRY(of_halves(proof.p, half, der, &der_n));
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool good = md != NULL &&
                EVP_DigestVerifyInit(md, NULL, hash_of(peer->curve), NULL, peer->key) == 1 &&
                EVP_DigestVerify(md, der, der_n, bytes, n) == 1;
    EVP_MD_CTX_free(md);
    return good ? MW_OK : MW_AUTH;
}

const mw_cosem_mechanism mw_cosem_mechanism_ecdsa = {
    .id = MW_COSEM_MECHANISM_HIGH_ECDSA,
    .challenge_bytes = 32,
    .prove = ecdsa_prove,
    .verify = ecdsa_verify,
};

/* ---- Key agreement ---- */

static mw_status shared_secret(const mw_cosem_ec_key *own, const mw_cosem_ec_key *peer,
                               uint8_t out[SECRET_MAX]) {
    size_t n = SECRET_MAX;
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(own->key, NULL);
    bool good = c != NULL && EVP_PKEY_derive_init(c) == 1 &&
                EVP_PKEY_derive_set_peer(c, peer->key) == 1 && EVP_PKEY_derive(c, out, &n) == 1;
    EVP_PKEY_CTX_free(c);
    return good && n == half_of(own->curve) ? MW_OK : MW_AUTH;
}

mw_status mw_cosem_ec_agree(const mw_cosem_ec_key *own, const mw_cosem_ec_key *peer,
                            const mw_cosem_title *u, const mw_cosem_title *v, mw_span out,
                            size_t *out_size) {
    bool small = own->curve == MW_COSEM_P256;
    const uint8_t round[4] = {0, 0, 0, 1};
    const uint8_t algorithm[7] = {0x60, 0x85, 0x74, 0x05, 0x08, 0x03, small ? 0 : 1};
    uint8_t secret[SECRET_MAX], digest[EVP_MAX_MD_SIZE];
    if (own->curve != peer->curve)
        return MW_RANGE;
    if (out.n < (small ? 16u : 32u))
        return MW_SPACE;
    MW_TRY(shared_secret(own, peer, secret));
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool good = md != NULL && EVP_DigestInit_ex(md, hash_of(own->curve), NULL) == 1 &&
                EVP_DigestUpdate(md, round, sizeof round) == 1 &&
                EVP_DigestUpdate(md, secret, half_of(own->curve)) == 1 &&
                EVP_DigestUpdate(md, algorithm, sizeof algorithm) == 1 &&
                EVP_DigestUpdate(md, u->b, sizeof u->b) == 1 &&
                EVP_DigestUpdate(md, v->b, sizeof v->b) == 1 &&
                EVP_DigestFinal_ex(md, digest, NULL) == 1;
    EVP_MD_CTX_free(md);
    mw_bytes_wipe(secret, sizeof secret);
    if (!good)
        return MW_NOMEM;
    *out_size = small ? 16 : 32;
    memcpy(out.p, digest, *out_size);
    mw_bytes_wipe(digest, sizeof digest);
    return MW_OK;
}
