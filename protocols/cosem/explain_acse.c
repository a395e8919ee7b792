/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/cosem/acse.h"
#include "protocols/cosem/explain_priv.h"

static void say_number(mw_cosem_text *t, const char *what, uint64_t v) {
    mw_cosem_say(t, what);
    mw_cosem_add_u64(t, v);
    mw_cosem_end(t);
}

static void say_coded(mw_cosem_text *t, const char *what, uint8_t code, const char *words) {
    mw_cosem_say(t, what);
    mw_cosem_add_u64(t, code);
    mw_cosem_add(t, " ");
    mw_cosem_add(t, words);
    mw_cosem_end(t);
}

static void say_bytes(mw_cosem_text *t, const char *what, mw_slice s) {
    mw_cosem_say(t, what);
    mw_cosem_add_bytes(t, s);
    mw_cosem_end(t);
}

static void explain_associate(mw_cosem_text *t, const mw_cosem_associate *a, unsigned depth) {
    static const char *const results[] = {"accepted", "rejected, permanent", "rejected, transient"};
    mw_cosem_say(t, a->response ? "AARE, association response" : "AARQ, association request");
    mw_cosem_end(t);
    t->indent++;
    say_coded(t, "context ", a->context, mw_cosem_context_text(a->context));
    if (a->response) {
        say_coded(t, "result ", a->result, a->result < 3 ? results[a->result] : "unknown");
        say_coded(t, a->provider ? "diagnostic of the provider " : "diagnostic ", a->diagnostic,
                  mw_cosem_diagnostic_text(a->diagnostic, a->provider));
    }
    if (a->title.n != 0)
        say_bytes(t, "system title ", a->title);
    if (a->has_mechanism)
        say_coded(t, "mechanism ", a->mechanism, mw_cosem_mechanism_text(a->mechanism));
    if (a->has_value)
        say_bytes(t, a->mechanism == MW_COSEM_MECHANISM_LOW ? "password " : "challenge ", a->value);
    if (a->user.n != 0)
        mw_cosem_explain_apdu(t, a->user, depth + 1);
    t->indent--;
}

static void explain_initiate(mw_cosem_text *t, const mw_cosem_initiate *i) {
    mw_cosem_say(t, i->response ? "initiate-response" : "initiate-request");
    mw_cosem_end(t);
    t->indent++;
    if (i->dedicated_key.n != 0)
        say_number(t, "dedicated key, bytes: ", i->dedicated_key.n);
    if (i->response_not_allowed) {
        mw_cosem_say(t, "no response allowed");
        mw_cosem_end(t);
    }
    say_number(t, "DLMS version ", i->version);
    mw_cosem_say(t, "conformance ");
    mw_cosem_add_hex(t, i->conformance, 6);
    for (unsigned bit = 0; bit < 24; bit++) {
        const char *words = mw_cosem_conformance_text(bit);
        if ((i->conformance & MW_COSEM_CONFORMANCE(bit)) != 0) {
            mw_cosem_add(t, " ");
            mw_cosem_add(t, words != NULL ? words : "reserved");
        }
    }
    mw_cosem_end(t);
    say_number(t, "largest PDU ", i->max_pdu);
    if (i->response)
        say_number(t, "VAA name ", i->vaa_name);
    t->indent--;
}

mw_status mw_cosem_explain_acse(mw_cosem_text *t, mw_slice apdu, unsigned depth) {
    mw_cosem_associate a;
    mw_cosem_release r;
    mw_cosem_initiate i;
    mw_cosem_service_error e;
    mw_status s = mw_cosem_associate_decode(apdu, &a);
    if (s == MW_OK)
        explain_associate(t, &a, depth);
    if (s != MW_NOT_FOUND)
        return s;
    s = mw_cosem_release_decode(apdu, &r);
    if (s == MW_OK) {
        mw_cosem_say(t, r.response ? "RLRE, release response" : "RLRQ, release request");
        mw_cosem_end(t);
        t->indent++;
        if (r.has_reason)
            say_number(t, "reason ", r.reason);
        if (r.user.n != 0)
            mw_cosem_explain_apdu(t, r.user, depth + 1);
        t->indent--;
    }
    if (s != MW_NOT_FOUND)
        return s;
    s = mw_cosem_initiate_decode(apdu, &i);
    if (s == MW_OK)
        explain_initiate(t, &i);
    if (s != MW_NOT_FOUND)
        return s;
    s = mw_cosem_service_error_decode(apdu, &e);
    if (s == MW_OK) {
        mw_cosem_say(t, "confirmed-service-error: service ");
        mw_cosem_add_u64(t, e.service);
        mw_cosem_add(t, ", class ");
        mw_cosem_add_u64(t, e.error_class);
        mw_cosem_add(t, ", error ");
        mw_cosem_add_u64(t, e.error);
        mw_cosem_end(t);
    }
    return s;
}
