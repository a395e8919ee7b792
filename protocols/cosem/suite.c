/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/cosem/suite.h"

#include "crypto/sha256.h"

static mw_status sha256_prove(void *context, const mw_cosem_challenges *c, mw_span out,
                              size_t *out_size) {
    const mw_cosem_sha256_secrets *s = context;
    mw_slice secret = s->secret(s->context, c->sap);
    mw_sha256 h;
    if (secret.n < 8 || out.n < MW_SHA256_BYTES)
        return secret.n < 8 ? MW_FORBIDDEN : MW_SPACE;
    mw_sha256_init(&h);
    mw_sha256_take(&h, secret);
    mw_sha256_take(&h, MW_SLICE_OF(c->prover->b));
    mw_sha256_take(&h, MW_SLICE_OF(c->verifier->b));
    mw_sha256_take(&h, c->asked);
    mw_sha256_take(&h, c->own);
    mw_sha256_done(&h, out.p);
    *out_size = MW_SHA256_BYTES;
    return MW_OK;
}

static mw_status sha256_verify(void *context, const mw_cosem_challenges *c, mw_slice proof) {
    uint8_t expected[MW_SHA256_BYTES];
    size_t n = 0;
    MW_TRY(sha256_prove(context, c, (mw_span){expected, sizeof expected}, &n));
    return mw_slice_equal_ct(proof, MW_SLICE_OF(expected)) ? MW_OK : MW_AUTH;
}

const mw_cosem_mechanism mw_cosem_mechanism_sha256 = {
    .id = MW_COSEM_MECHANISM_HIGH_SHA256,
    .challenge_bytes = 16,
    .prove = sha256_prove,
    .verify = sha256_verify,
};
