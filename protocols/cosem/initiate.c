/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/cosem/acse.h"

enum { INITIATE_REQUEST = 0x01, INITIATE_RESPONSE = 0x08, SERVICE_ERROR = 0x0E };

const char *mw_cosem_context_text(uint8_t context) {
    static const char *const texts[] = {"none", "logical names", "short names",
                                        "logical names with ciphering",
                                        "short names with ciphering"};
    return context < sizeof texts / sizeof texts[0] ? texts[context] : "unknown";
}

const char *mw_cosem_mechanism_text(uint8_t mechanism) {
    static const char *const texts[] = {"lowest (none)", "low (password)", "high (own)",
                                        "high, MD5",     "high, SHA-1",    "high, GMAC",
                                        "high, SHA-256", "high, ECDSA"};
    return mechanism < sizeof texts / sizeof texts[0] ? texts[mechanism] : "other";
}

const char *mw_cosem_diagnostic_text(uint8_t diagnostic, bool provider) {
    static const char *const user[] = {"none",
                                       "no reason given",
                                       "application context not supported",
                                       "calling AP title not recognised",
                                       "calling AP invocation not recognised",
                                       "calling AE qualifier not recognised",
                                       "calling AE invocation not recognised",
                                       "called AP title not recognised",
                                       "called AP invocation not recognised",
                                       "called AE qualifier not recognised",
                                       "called AE invocation not recognised",
                                       "authentication mechanism not recognised",
                                       "authentication mechanism required",
                                       "authentication failure",
                                       "authentication required"};
    static const char *const acse[] = {"none", "no reason given", "no common ACSE version"};
    if (provider)
        return diagnostic < sizeof acse / sizeof acse[0] ? acse[diagnostic] : "unknown";
    return diagnostic < sizeof user / sizeof user[0] ? user[diagnostic] : "unknown";
}

const char *mw_cosem_conformance_text(unsigned bit) {
    static const char *const texts[24] = {[1] = "general-protection",
                                          [2] = "general-block-transfer",
                                          [3] = "read",
                                          [4] = "write",
                                          [5] = "unconfirmed-write",
                                          [6] = "delta-value-encoding",
                                          [8] = "attribute0-set",
                                          [9] = "priority",
                                          [10] = "attribute0-get",
                                          [11] = "get-block",
                                          [12] = "set-block",
                                          [13] = "action-block",
                                          [14] = "multiple-references",
                                          [15] = "information-report",
                                          [16] = "data-notification",
                                          [17] = "access",
                                          [18] = "parameterized-access",
                                          [19] = "get",
                                          [20] = "set",
                                          [21] = "selective-access",
                                          [22] = "event-notification",
                                          [23] = "action"};
    return bit < 24 ? texts[bit] : NULL;
}

static bool read_present(mw_reader *r) {
    uint8_t v = mw_read_u8(r);
    if (v > 1)
        mw_reader_fail(r, MW_SYNTAX);
    return v == 1;
}

/* [APPLICATION 31] bit string of 24 bits: 5F 1F 04 00 b b b; some peers leave the 1F out. */
static uint32_t read_conformance(mw_reader *r) {
    if (mw_read_u8(r) != 0x5F)
        mw_reader_fail(r, MW_SYNTAX);
    uint8_t length = mw_read_u8(r);
    if (length == 0x1F)
        length = mw_read_u8(r);
    if (length != 4 || mw_read_u8(r) != 0)
        mw_reader_fail(r, MW_SYNTAX);
    return mw_read_u24be(r);
}

mw_status mw_cosem_initiate_decode(mw_slice apdu, mw_cosem_initiate *out_i) {
    mw_reader r = mw_reader_of(apdu);
    uint8_t tag = mw_read_u8(&r);
    if (r.status == MW_OK && tag != INITIATE_REQUEST && tag != INITIATE_RESPONSE)
        return MW_NOT_FOUND;
    mw_cosem_initiate i = {.response = tag == INITIATE_RESPONSE};
    if (!i.response) {
        if (read_present(&r))
            i.dedicated_key = mw_read_bytes(&r, mw_cosem_read_length(&r));
        if (read_present(&r)) /* response-allowed, true when absent */
            i.response_not_allowed = mw_read_u8(&r) == 0;
    }
    i.has_quality = read_present(&r);
    if (i.has_quality)
        i.quality = mw_read_u8(&r);
    i.version = mw_read_u8(&r);
    i.conformance = read_conformance(&r);
    i.max_pdu = mw_read_u16be(&r);
    if (i.response)
        i.vaa_name = mw_read_u16be(&r);
    MW_TRY(mw_reader_end(&r));
    *out_i = i;
    return MW_OK;
}

mw_status mw_cosem_initiate_encode(const mw_cosem_initiate *i, mw_span out, size_t *out_size) {
    if (i->conformance > 0xFFFFFF || i->dedicated_key.n > 127)
        return MW_RANGE;
    mw_writer w = mw_writer_of(out);
    mw_write_u8(&w, i->response ? INITIATE_RESPONSE : INITIATE_REQUEST);
    if (!i->response) {
        mw_write_u8(&w, i->dedicated_key.n != 0);
        if (i->dedicated_key.n != 0) {
            mw_write_u8(&w, (uint8_t)i->dedicated_key.n);
            mw_write_bytes(&w, i->dedicated_key);
        }
        mw_write_u8(&w, i->response_not_allowed);
        if (i->response_not_allowed)
            mw_write_u8(&w, 0);
    }
    mw_write_u8(&w, i->has_quality);
    if (i->has_quality)
        mw_write_u8(&w, i->quality);
    mw_write_u8(&w, i->version);
    mw_write_u32be(&w, 0x5F1F0400u);
    mw_write_u24be(&w, i->conformance);
    mw_write_u16be(&w, i->max_pdu);
    if (i->response)
        mw_write_u16be(&w, i->vaa_name);
    if (w.status != MW_OK)
        return w.status;
    *out_size = w.at;
    return MW_OK;
}

mw_status mw_cosem_service_error_decode(mw_slice apdu, mw_cosem_service_error *out_e) {
    mw_reader r = mw_reader_of(apdu);
    if (mw_read_u8(&r) != SERVICE_ERROR && r.status == MW_OK)
        return MW_NOT_FOUND;
    mw_cosem_service_error e = {0};
    e.service = mw_read_u8(&r);
    e.error_class = mw_read_u8(&r);
    e.error = mw_read_u8(&r);
    MW_TRY(mw_reader_end(&r));
    *out_e = e;
    return MW_OK;
}

mw_status mw_cosem_service_error_encode(const mw_cosem_service_error *e, mw_span out,
                                        size_t *out_size) {
    const uint8_t b[] = {SERVICE_ERROR, e->service, e->error_class, e->error};
    MW_TRY(mw_span_copy(out, MW_SLICE_OF(b)));
    *out_size = sizeof b;
    return MW_OK;
}
