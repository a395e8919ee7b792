/* SPDX-License-Identifier: Apache-2.0
 * Client and server with what a port brings: high security 6 and 7, suites 1 and 2, and a stand-in for
 * a national suite under numbers of its own. */
#include "crypto/sha256.h"
#include "protocols/cosem/client.h"
#include "protocols/cosem/suites_host.h"
#include "protocols/cosem/test/server_device.h"
#include "tests/harness/mw_test.h"

static little_device d;
static mw_cosem_device device;
static mw_cosem_client clients[3];
static mw_cosem_server s;
static mw_cosem_association associations[3];
static uint8_t plain[1024], gathered[3 * 2048];
static mw_cosem_session c;
static mw_cosem_session_config config;
static uint8_t request[1024], sealed[1200], answer[1200], value[8000], last[1200];
static size_t value_n;
static uint32_t counter;
static mw_cosem_prover at_meter, at_client;

static mw_status exchange(void *context, mw_slice apdu, mw_span out, size_t *out_size,
                          mw_cosem_fault *fault) {
    (void)context, (void)fault;
    memcpy(last, apdu.p, apdu.n);
    return mw_cosem_server_take(&s, SAP_MASTER, apdu, out, out_size);
}

static mw_status next_counter(void *context, uint32_t *out) {
    (void)context;
    *out = ++counter;
    return MW_OK;
}

static void random_of(void *context, mw_span out) {
    (void)context;
    for (size_t i = 0; i < out.n; i++)
        out.p[i] = (uint8_t)(i * 11 + counter);
}

/* The master of the little device by this mechanism, its APDUs sealed or not. */
static void fresh(uint8_t mechanism, bool ciphered, mw_cosem_keys *meter_keys,
                  mw_cosem_keys *keys) {
    memset(&d, 0, sizeof d);
    d.rows = 100;
    d.random = mw_prng_of_seed(1);
    device = little_device_of(&d);
    memcpy(clients, little_clients, sizeof clients);
    clients[2].mechanism = mechanism;
    clients[2].ciphered = ciphered;
    clients[2].required = ciphered ? MW_COSEM_SC_ENCRYPTED : 0;
    device.clients = clients;
    device.keys = meter_keys;
    device.provers = &at_meter;
    device.prover_count = at_meter.mechanism != NULL;
    mw_cosem_server_init(&s, &device, associations, MW_SPAN_OF(plain), MW_SPAN_OF(gathered));
    config = (mw_cosem_session_config){.mechanism = mechanism,
                                       .ciphered = ciphered,
                                       .title = {{'C', 'L', 'I', 'E', 'N', 'T', '0', '1'}},
                                       .keys = keys,
                                       .prover = at_client.mechanism != NULL ? &at_client : NULL,
                                       .sap = SAP_MASTER,
                                       .exchange = exchange,
                                       .next_counter = next_counter,
                                       .random = random_of,
                                       .request = MW_SPAN_OF(request),
                                       .sealed = MW_SPAN_OF(sealed),
                                       .answer = MW_SPAN_OF(answer)};
    mw_cosem_session_init(&c, &config);
}

static void works(void) {
    mw_cosem_item what = {.class_id = 7, .name = PROFILE, .member = 2};
    MW_CHECK_OK(mw_cosem_session_open(&c));
    MW_CHECK_OK(mw_cosem_session_get(&c, &what, MW_SPAN_OF(value), &value_n));
    MW_CHECK_EQ(value_n, 1202);
    static const uint8_t text[] = {MW_COSEM_OCTET_STRING, 2, 'o', 'k'};
    what = (mw_cosem_item){
        .class_id = 1, .name = TEXT, .member = 2, .has_data = true, .data = MW_SLICE_OF(text)};
    MW_CHECK_OK(mw_cosem_session_set(&c, &what));
    MW_CHECK(d.text_n == 2 && d.text[0] == 'o');
    mw_cosem_session_close(&c);
    MW_CHECK_EQ(d.happened[MW_COSEM_ASSOCIATED], 1);
    MW_CHECK_EQ(d.happened[MW_COSEM_RELEASED], 1);
}

static void refused(mw_cosem_fault fault) {
    MW_CHECK(mw_cosem_session_open(&c) != MW_OK);
    MW_CHECK_EQ(c.fault, fault);
    MW_CHECK(s.associations[2].state != MW_COSEM_OPEN);
    MW_CHECK_EQ(d.happened[MW_COSEM_ASSOCIATED], 0);
}

/* ---- High security 6 ---- */

static mw_slice secret_of(void *context, uint8_t sap) {
    return sap == SAP_MASTER ? mw_slice_of_str(context) : (mw_slice){0};
}

static char good_secret[] = "a long common secret", bad_secret[] = "a long common secreT";
static mw_cosem_sha256_secrets meters = {good_secret, secret_of}, ours = {good_secret, secret_of};

static void with_sha256(void) {
    at_meter = (mw_cosem_prover){&mw_cosem_mechanism_sha256, &meters};
    at_client = (mw_cosem_prover){&mw_cosem_mechanism_sha256, &ours};
    ours.context = good_secret;
}

MW_TEST(high_security_6_opens) {
    with_sha256();
    fresh(6, false, NULL, NULL);
    works();
    /* With suite 0 besides. */
    static const mw_key key = {{7}};
    mw_cosem_keys keys[2];
    for (unsigned i = 0; i < 2; i++)
        MW_CHECK_OK(mw_cosem_keys_init(&keys[i], &mw_gcm_own, &key, &key));
    fresh(6, true, &keys[0], &keys[1]);
    works();
}

MW_TEST(high_security_6_is_the_hash_of_the_standard) {
    /* SHA-256(secret | title C | title S | StoC | CtoS), and the other way round for the meter. */
    static const mw_cosem_title a = {{1, 2, 3, 4, 5, 6, 7, 8}}, b = {{8, 7, 6, 5, 4, 3, 2, 1}};
    uint8_t proof[MW_COSEM_PROOF_MAX], expected[MW_SHA256_BYTES];
    size_t n;
    with_sha256();
    mw_cosem_challenges one = {SAP_MASTER,
                               true,
                               &a,
                               &b,
                               mw_slice_of_str("from the meter"),
                               mw_slice_of_str("from the client")};
    MW_CHECK_OK(mw_cosem_mechanism_sha256.prove(&ours, &one, MW_SPAN_OF(proof), &n));
    mw_sha256 h;
    mw_sha256_init(&h);
    mw_sha256_take(&h, mw_slice_of_str(good_secret));
    mw_sha256_take(&h, mw_test_hex("0102030405060708 0807060504030201"));
    mw_sha256_take(&h, mw_slice_of_str("from the meterfrom the client"));
    mw_sha256_done(&h, expected);
    MW_CHECK_BYTES(((mw_slice){proof, n}), expected, 32);
    MW_CHECK_OK(mw_cosem_mechanism_sha256.verify(&meters, &one, (mw_slice){proof, n}));
    MW_CHECK_STATUS(mw_cosem_mechanism_sha256.verify(&meters, &one, (mw_slice){proof, n - 1}),
                    MW_AUTH);
    one.sap = 1; /* a client without a secret proves nothing */
    MW_CHECK_STATUS(mw_cosem_mechanism_sha256.prove(&ours, &one, MW_SPAN_OF(proof), &n),
                    MW_FORBIDDEN);
}

MW_TEST(a_wrong_secret_is_told) {
    with_sha256();
    ours.context = bad_secret;
    fresh(6, false, NULL, NULL);
    refused(MW_COSEM_FAULT_WRONG_PASSWORD);
    MW_CHECK_EQ(d.happened[MW_COSEM_WRONG_PASSWORD], 1);
    /* The proof cannot be tried again on the same challenge. */
    size_t n;
    MW_CHECK_OK(mw_cosem_server_take(&s, SAP_MASTER,
                                     mw_test_hex("c301c1 000f 0000280000ff 01 01 090100"),
                                     MW_SPAN_OF(answer), &n));
    MW_CHECK_EQ(answer[0], 0xD8);
}

static mw_status believes(void *context, const mw_cosem_challenges *what, mw_slice proof) {
    (void)context, (void)what, (void)proof;
    return MW_OK;
}

/* A meter that takes any proof and has no secret of its own is not believed. */
MW_TEST(a_meter_has_to_prove_too) {
    with_sha256();
    mw_cosem_mechanism liar = mw_cosem_mechanism_sha256;
    mw_cosem_sha256_secrets other = {bad_secret, secret_of};
    liar.verify = believes;
    at_meter = (mw_cosem_prover){&liar, &other};
    fresh(6, false, NULL, NULL);
    MW_CHECK_STATUS(mw_cosem_session_open(&c), MW_AUTH);
    MW_CHECK_EQ(c.fault, MW_COSEM_FAULT_WRONG_PASSWORD);
    MW_CHECK(!c.open);
}

MW_TEST(a_mechanism_that_the_meter_does_not_have_is_told) {
    with_sha256();
    at_meter.mechanism = NULL;
    fresh(6, false, NULL, NULL);
    refused(MW_COSEM_FAULT_WRONG_METHOD);
}

/* ---- High security 7, suites 1 and 2 ---- */

static mw_cosem_ecdsa_keys meter_pair, client_pair;

static void pairs(mw_cosem_curve curve) {
    uint8_t point[96];
    size_t n;
    MW_CHECK_OK(mw_cosem_ec_generate(&meter_pair.own, curve));
    MW_CHECK_OK(mw_cosem_ec_generate(&client_pair.own, curve));
    MW_CHECK_OK(mw_cosem_ec_point(&meter_pair.own, MW_SPAN_OF(point), &n));
    MW_CHECK_EQ(n, curve == MW_COSEM_P256 ? 64 : 96);
    MW_CHECK_OK(mw_cosem_ec_public(&client_pair.peer, curve, (mw_slice){point, n}));
    point[3] ^= 1;
    mw_cosem_ec_key no_point;
    MW_CHECK_STATUS(mw_cosem_ec_public(&no_point, curve, (mw_slice){point, n}), MW_SYNTAX);
    MW_CHECK_STATUS(mw_cosem_ec_public(&no_point, curve, (mw_slice){point, n - 1}), MW_RANGE);
    MW_CHECK_OK(mw_cosem_ec_point(&client_pair.own, MW_SPAN_OF(point), &n));
    MW_CHECK_OK(mw_cosem_ec_public(&meter_pair.peer, curve, (mw_slice){point, n}));
    at_meter = (mw_cosem_prover){&mw_cosem_mechanism_ecdsa, &meter_pair};
    at_client = (mw_cosem_prover){&mw_cosem_mechanism_ecdsa, &client_pair};
}

static void unpair(void) {
    mw_cosem_ec_fini(&meter_pair.own);
    mw_cosem_ec_fini(&meter_pair.peer);
    mw_cosem_ec_fini(&client_pair.own);
    mw_cosem_ec_fini(&client_pair.peer);
}

/* Both sides agree on a key, seal with it and prove by signature. */
MW_TEST(suites_1_and_2_with_signatures_and_agreed_keys) {
    static const mw_cosem_title u = {{'C', 'L', 'I', 'E', 'N', 'T', '0', '1'}},
                                v = {{'M', 'W', 'X', 0, 0, 0, 0, 1}};
    static const uint8_t ak[32] = {9, 9, 9};
    for (unsigned suite = 1; suite <= 2; suite++) {
        mw_cosem_curve curve = suite == 1 ? MW_COSEM_P256 : MW_COSEM_P384;
        const mw_cosem_suite *cipher = suite == 1 ? &mw_cosem_suite_1 : &mw_cosem_suite_2;
        uint8_t key[2][32];
        size_t n[2];
        pairs(curve);
        MW_CHECK_OK(mw_cosem_ec_agree(&client_pair.own, &client_pair.peer, &u, &v,
                                      MW_SPAN_OF(key[0]), &n[0]));
        MW_CHECK_OK(mw_cosem_ec_agree(&meter_pair.own, &meter_pair.peer, &u, &v, MW_SPAN_OF(key[1]),
                                      &n[1]));
        MW_CHECK_EQ(n[0], suite == 1 ? 16 : 32);
        MW_CHECK(n[0] == n[1] && memcmp(key[0], key[1], n[0]) == 0);
        mw_cosem_host_cipher ciphers[2];
        mw_cosem_keys keys[2];
        for (unsigned i = 0; i < 2; i++) {
            MW_CHECK_OK(mw_cosem_host_cipher_init(&ciphers[i], (mw_slice){key[i], n[i]}));
            mw_cosem_keys_of_suite(&keys[i], cipher, &ciphers[i], (mw_slice){ak, n[i]});
        }
        fresh(7, true, &keys[0], &keys[1]);
        works();
        MW_CHECK_EQ(last[0], MW_COSEM_RLRQ_TAG);
        fresh(7, false, NULL, NULL);
        works();
        /* Suite 0 does not open what suite 1 or 2 sealed, and is told so. */
        static const mw_key old = {{1}};
        mw_cosem_keys of_old;
        MW_CHECK_OK(mw_cosem_keys_init(&of_old, &mw_gcm_own, &old, &old));
        fresh(7, true, &of_old, &keys[1]);
        refused(MW_COSEM_FAULT_WRONG_KEY);
        /* A signature of somebody else. */
        mw_cosem_ec_key own = client_pair.own;
        MW_CHECK_OK(mw_cosem_ec_generate(&client_pair.own, curve));
        fresh(7, true, &keys[0], &keys[1]);
        refused(MW_COSEM_FAULT_WRONG_KEY);
        mw_cosem_ec_fini(&client_pair.own);
        client_pair.own = own;
        mw_cosem_host_cipher_fini(&ciphers[0]);
        mw_cosem_host_cipher_fini(&ciphers[1]);
        unpair();
    }
}

/* The concatenation KDF, computed here with our own hash. */
MW_TEST(agreement_is_the_kdf_of_the_standard) {
    static const mw_cosem_title u = {{1}}, v = {{2}};
    uint8_t key[16], expected[MW_SHA256_BYTES], point[64];
    size_t n;
    mw_cosem_ec_key a, b, other;
    MW_CHECK_OK(mw_cosem_ec_generate(&a, MW_COSEM_P256));
    MW_CHECK_OK(mw_cosem_ec_public(
        &b, MW_COSEM_P256,
        mw_test_hex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")));
    /* With the curve's base point as the peer's key the secret is the x of our own point. */
    MW_CHECK_OK(mw_cosem_ec_agree(&a, &b, &u, &v, MW_SPAN_OF(key), &n));
    MW_CHECK_OK(mw_cosem_ec_point(&a, MW_SPAN_OF(point), &n));
    mw_sha256 h;
    mw_sha256_init(&h);
    mw_sha256_take(&h, mw_test_hex("00000001"));
    mw_sha256_take(&h, (mw_slice){point, 32});
    mw_sha256_take(&h, mw_test_hex("60857405080300 0100000000000000 0200000000000000"));
    mw_sha256_done(&h, expected);
    MW_CHECK(memcmp(key, expected, sizeof key) == 0);
    MW_CHECK_OK(mw_cosem_ec_generate(&other, MW_COSEM_P384));
    MW_CHECK_STATUS(mw_cosem_ec_agree(&a, &other, &u, &v, MW_SPAN_OF(key), &n), MW_RANGE);
    mw_cosem_ec_fini(&a);
    mw_cosem_ec_fini(&b);
    mw_cosem_ec_fini(&other);
}

/* ---- A national suite: another cipher, tag and proof under configurable numbers ---- */

/* Stands in for the cipher: a keystream and a tag, both of SHA-256. For tests only. */
static void stand_in_hash(const uint8_t key[16], uint8_t use, mw_slice nonce, mw_gcm_parts aad,
                          mw_slice text, uint8_t out[32]) {
    mw_sha256 h;
    mw_sha256_init(&h);
    mw_sha256_take(&h, (mw_slice){key, 16});
    mw_sha256_take(&h, (mw_slice){&use, 1});
    mw_sha256_take(&h, nonce);
    for (size_t i = 0; i < aad.count; i++)
        mw_sha256_take(&h, aad.part[i]);
    mw_sha256_take(&h, text);
    mw_sha256_done(&h, out);
}

static void stand_in_stream(const uint8_t key[16], mw_slice nonce, mw_slice in, uint8_t *out) {
    uint8_t block[32];
    for (size_t i = 0; i < in.n; i++) {
        uint8_t at[2] = {(uint8_t)(i / 32 >> 8), (uint8_t)(i / 32)};
        if (i % 32 == 0)
            stand_in_hash(key, 1, nonce, (mw_gcm_parts){0}, MW_SLICE_OF(at), block);
        out[i] = in.p[i] ^ block[i % 32];
    }
}

static mw_status stand_in_seal(void *keys, mw_slice nonce, mw_gcm_parts aad, mw_slice in,
                               uint8_t *out) {
    uint8_t tag[32];
    stand_in_stream(keys, nonce, in, out);
    stand_in_hash(keys, 2, nonce, aad, (mw_slice){out, in.n}, tag);
    if (aad.count != 0)
        memcpy(out + in.n, tag, 8);
    return MW_OK;
}

static mw_status stand_in_open(void *keys, mw_slice nonce, mw_gcm_parts aad, mw_slice in,
                               uint8_t *out) {
    uint8_t tag[32];
    mw_slice text = {in.p, in.n - (aad.count != 0 ? 8 : 0)};
    stand_in_hash(keys, 2, nonce, aad, text, tag);
    if (aad.count != 0 && !mw_slice_equal_ct((mw_slice){tag, 8}, (mw_slice){in.p + text.n, 8}))
        return MW_AUTH;
    stand_in_stream(keys, nonce, text, out);
    return MW_OK;
}

MW_TEST(a_national_suite_has_its_own_numbers) {
    static uint8_t key[2][16] = {{5, 5}, {5, 5}};
    static const struct {
        uint8_t suite, mechanism, tag;
    } numbers[] = {{3, 8, 8}, {9, 10, 8}, {8, 9, 8}}; /* as standards disagree on them */
    for (unsigned i = 0; i < 3; i++) {
        mw_cosem_suite suite = {"stand-in", numbers[i].suite, numbers[i].tag, stand_in_seal,
                                stand_in_open};
        mw_cosem_mechanism mechanism = mw_cosem_mechanism_sha256;
        mechanism.id = numbers[i].mechanism;
        mechanism.challenge_bytes = 32;
        mw_cosem_keys keys[2];
        for (unsigned k = 0; k < 2; k++)
            mw_cosem_keys_of_suite(&keys[k], &suite, key[k], (mw_slice){0});
        with_sha256();
        at_meter.mechanism = at_client.mechanism = &mechanism;
        key[1][0] = 5;
        fresh(mechanism.id, true, &keys[0], &keys[1]);
        works();
        MW_CHECK_EQ(mw_cosem_keys_suite(&keys[0]), numbers[i].suite);
        key[1][0] = 6;
        fresh(mechanism.id, true, &keys[0], &keys[1]);
        refused(MW_COSEM_FAULT_WRONG_KEY);
        /* GMAC needs a suite whose tag it can be. */
        at_meter.mechanism = at_client.mechanism = NULL;
        uint8_t proof[MW_COSEM_PROOF_BYTES];
        MW_CHECK_STATUS(
            mw_cosem_gmac_prove(&keys[0], &config.title, 1, mw_slice_of_str("a challenge"), proof),
            MW_UNSUPPORTED);
    }
}

MW_TEST_MAIN(MW_CASE(high_security_6_opens), MW_CASE(high_security_6_is_the_hash_of_the_standard),
             MW_CASE(a_wrong_secret_is_told), MW_CASE(a_meter_has_to_prove_too),
             MW_CASE(a_mechanism_that_the_meter_does_not_have_is_told),
             MW_CASE(suites_1_and_2_with_signatures_and_agreed_keys),
             MW_CASE(agreement_is_the_kdf_of_the_standard),
             MW_CASE(a_national_suite_has_its_own_numbers))
