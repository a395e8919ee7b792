/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as ACSE, initiate or ciphered APDU: what decodes encodes to what decodes to the same.
 */
#include "base/assert.h"
#include "protocols/cosem/acse.h"
#include "protocols/cosem/security.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void initiate(mw_slice in) {
    mw_cosem_initiate i, j;
    mw_cosem_service_error e;
    uint8_t b[256];
    size_t n;
    if (mw_cosem_initiate_decode(in, &i) == MW_OK &&
        mw_cosem_initiate_encode(&i, MW_SPAN_OF(b), &n) == MW_OK) {
        mw_assert(mw_cosem_initiate_decode((mw_slice){b, n}, &j) == MW_OK);
        mw_assert(i.conformance == j.conformance && i.max_pdu == j.max_pdu);
        mw_assert(mw_slice_equal(i.dedicated_key, j.dedicated_key));
    }
    (void)!mw_cosem_service_error_decode(in, &e);
}

static void associate(mw_slice in) {
    mw_cosem_associate a, b;
    uint8_t out[2048];
    size_t n;
    if (mw_cosem_associate_decode(in, &a) != MW_OK)
        return;
    initiate(a.user);
    if (mw_cosem_associate_encode(&a, MW_SPAN_OF(out), &n) != MW_OK)
        return; /* longer fields than we send */
    mw_assert(mw_cosem_associate_decode((mw_slice){out, n}, &b) == MW_OK);
    mw_assert(a.response == b.response && a.context == b.context && a.mechanism == b.mechanism);
    mw_assert(a.result == b.result && a.diagnostic == b.diagnostic && a.provider == b.provider);
    mw_assert(mw_slice_equal(a.value, b.value) && mw_slice_equal(a.user, b.user));
    mw_assert(mw_slice_equal(a.title, b.title) && a.has_authentication == b.has_authentication);
}

static void ciphered(mw_slice in) {
    static const mw_key key = {{5}};
    static mw_cosem_keys own, host; /* prepared once: that would take most of the time */
    static bool prepared;
    mw_cosem_title title = {{1, 2, 3}};
    mw_cosem_ciphered c;
    uint8_t out[2][2048];
    size_t n[2] = {0, 0};
    if (mw_cosem_ciphered_decode(in, &c) != MW_OK)
        return;
    if (!prepared && (mw_cosem_keys_init(&own, &mw_gcm_own, &key, &key) != MW_OK ||
                      mw_cosem_keys_init(&host, &mw_gcm_openssl, &key, &key) != MW_OK))
        return;
    prepared = true;
    for (int unverified = 0; unverified <= 1; unverified++) {
        mw_cosem_open_options o = {.unverified = unverified != 0};
        mw_status s = mw_cosem_unprotect(&own, &title, &c, &o, MW_SPAN_OF(out[0]), &n[0]);
        mw_status t = mw_cosem_unprotect(&host, &title, &c, &o, MW_SPAN_OF(out[1]), &n[1]);
        mw_assert(s == t);
        if (s == MW_OK)
            mw_assert(mw_slice_equal((mw_slice){out[0], n[0]}, (mw_slice){out[1], n[1]}));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_slice in = {data, size};
    mw_cosem_release r;
    uint8_t out[2048];
    size_t n;
    associate(in);
    initiate(in);
    ciphered(in);
    if (mw_cosem_release_decode(in, &r) == MW_OK &&
        mw_cosem_release_encode(&r, MW_SPAN_OF(out), &n) == MW_OK)
        mw_assert(mw_cosem_release_decode((mw_slice){out, n}, &r) == MW_OK);
    return 0;
}
