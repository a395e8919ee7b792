/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/cosem/acse.h"

/* Fields of AARQ and AARE. Their tags differ; this maps both to what they mean. */
enum {
    TAG_VERSION = 0x80,
    TAG_CONTEXT = 0xA1,
    TAG_RESULT = 0xA2,           /* AARE */
    TAG_DIAGNOSTIC = 0xA3,       /* AARE */
    TAG_RESPONDING_TITLE = 0xA4, /* AARE */
    TAG_CALLING_TITLE = 0xA6,    /* AARQ */
    TAG_REQUEST_REQUIREMENTS = 0x8A,
    TAG_REQUEST_MECHANISM = 0x8B,
    TAG_REQUEST_VALUE = 0xAC,
    TAG_RESPONSE_REQUIREMENTS = 0x88,
    TAG_RESPONSE_MECHANISM = 0x89,
    TAG_RESPONSE_VALUE = 0xAA,
    TAG_USER = 0xBE,
    BER_INTEGER = 0x02,
    BER_OCTETS = 0x04,
    BER_OID = 0x06,
    VALUE_TEXT = 0x80, /* authentication-value: charstring */
    TEXT_MAX = 127,
    USER_MAX = 1024,
};

/* 2.16.756.5.8, then 1 for contexts and 2 for mechanisms, then which one. */
static const uint8_t dlms_tree[] = {0x60, 0x85, 0x74, 0x05, 0x08};
enum { TREE_CONTEXT = 1, TREE_MECHANISM = 2 };

/* ---- BER ---- */

typedef struct ber {
    uint8_t tag;
    mw_slice body;
} ber;

/* Definite lengths only; the forms are those of A-XDR. */
static ber read_ber(mw_reader *r) {
    ber b = {.tag = mw_read_u8(r)};
    b.body = mw_read_bytes(r, mw_cosem_read_length(r));
    return b;
}

/* The one element inside `body`; fails the reader when it has another tag or does not fill it. */
static mw_slice inner(mw_reader *r, mw_slice body, uint8_t tag) {
    mw_reader sub = mw_reader_of(body);
    ber b = read_ber(&sub);
    mw_status s = mw_reader_end(&sub);
    if (s != MW_OK || b.tag != tag)
        mw_reader_fail(r, s != MW_OK ? s : MW_SYNTAX);
    return b.body;
}

static uint8_t integer(mw_reader *r, mw_slice body) {
    mw_slice v = inner(r, body, BER_INTEGER);
    if (r->status == MW_OK && v.n != 1)
        mw_reader_fail(r, MW_SYNTAX);
    return r->status == MW_OK ? v.p[0] : 0;
}

static uint8_t name(mw_reader *r, mw_slice oid, uint8_t tree) {
    if (r->status != MW_OK)
        return 0;
    if (oid.n != sizeof dlms_tree + 2 ||
        !mw_slice_equal(mw_slice_sub(oid, 0, sizeof dlms_tree), MW_SLICE_OF(dlms_tree)) ||
        oid.p[5] != tree) {
        mw_reader_fail(r, MW_UNSUPPORTED);
        return 0;
    }
    return oid.p[6];
}

static void read_diagnostic(mw_reader *r, mw_slice body, mw_cosem_associate *a) {
    mw_reader sub = mw_reader_of(body);
    ber choice = read_ber(&sub);
    mw_status s = mw_reader_end(&sub);
    if (s != MW_OK || (choice.tag != 0xA1 && choice.tag != 0xA2))
        mw_reader_fail(r, s != MW_OK ? s : MW_SYNTAX);
    a->provider = choice.tag == 0xA2;
    a->diagnostic = integer(r, choice.body);
}

/* Bit string of one byte: bit 0 (0x80) is authentication, for the version it is version 1. */
static bool first_bit(mw_reader *r, mw_slice body) {
    if (body.n != 2 || body.p[0] > 7)
        mw_reader_fail(r, MW_SYNTAX);
    return r->status == MW_OK && (body.p[1] & 0x80) != 0;
}

enum { SEEN_CONTEXT = 1, SEEN_RESULT = 2, SEEN_DIAGNOSTIC = 4 };

static unsigned read_response_field(mw_reader *r, ber b, mw_cosem_associate *a) {
    switch (b.tag) {
    case TAG_RESULT:
        a->result = integer(r, b.body);
        return SEEN_RESULT;
    case TAG_DIAGNOSTIC:
        read_diagnostic(r, b.body, a);
        return SEEN_DIAGNOSTIC;
    case TAG_RESPONDING_TITLE:
        a->title = inner(r, b.body, BER_OCTETS);
        return 0;
    case TAG_RESPONSE_REQUIREMENTS:
        a->has_authentication = first_bit(r, b.body);
        return 0;
    case TAG_RESPONSE_MECHANISM:
        a->has_mechanism = true;
        a->mechanism = name(r, b.body, TREE_MECHANISM);
        return 0;
    case TAG_RESPONSE_VALUE:
        a->has_value = true;
        a->value = inner(r, b.body, VALUE_TEXT);
        return 0;
    default:
        return 0;
    }
}

static void read_request_field(mw_reader *r, ber b, mw_cosem_associate *a) {
    switch (b.tag) {
    case TAG_CALLING_TITLE:
        a->title = inner(r, b.body, BER_OCTETS);
        break;
    case TAG_REQUEST_REQUIREMENTS:
        a->has_authentication = first_bit(r, b.body);
        break;
    case TAG_REQUEST_MECHANISM:
        a->has_mechanism = true;
        a->mechanism = name(r, b.body, TREE_MECHANISM);
        break;
    case TAG_REQUEST_VALUE:
        a->has_value = true;
        a->value = inner(r, b.body, VALUE_TEXT);
        break;
    default:
        break;
    }
}

mw_status mw_cosem_associate_decode(mw_slice apdu, mw_cosem_associate *out_a) {
    mw_reader whole = mw_reader_of(apdu);
    ber outer = read_ber(&whole);
    if (apdu.n != 0 && outer.tag != MW_COSEM_AARQ_TAG && outer.tag != MW_COSEM_AARE_TAG)
        return MW_NOT_FOUND;
    MW_TRY(mw_reader_end(&whole));
    mw_cosem_associate a = {.response = outer.tag == MW_COSEM_AARE_TAG};
    mw_reader r = mw_reader_of(outer.body);
    unsigned seen = 0;
    while (r.status == MW_OK && mw_reader_left(&r) != 0) {
        ber b = read_ber(&r);
        if (r.status != MW_OK)
            break;
        if (b.tag == TAG_VERSION) {
            if (!first_bit(&r, b.body))
                mw_reader_fail(&r, MW_UNSUPPORTED);
        } else if (b.tag == TAG_CONTEXT) {
            a.context = name(&r, inner(&r, b.body, BER_OID), TREE_CONTEXT);
            seen |= SEEN_CONTEXT;
        } else if (b.tag == TAG_USER) {
            a.user = inner(&r, b.body, BER_OCTETS);
        } else if (a.response) {
            seen |= read_response_field(&r, b, &a);
        } else {
            read_request_field(&r, b, &a);
        }
    }
    if (r.status != MW_OK)
        return r.status;
    unsigned needed = a.response ? SEEN_CONTEXT | SEEN_RESULT | SEEN_DIAGNOSTIC : SEEN_CONTEXT;
    if ((seen & needed) != needed)
        return MW_SYNTAX;
    *out_a = a;
    return MW_OK;
}

/* ---- writing ---- */

static void put_ber(mw_cosem_out *o, uint8_t tag, mw_slice body) {
    mw_cosem_put_u8(o, tag);
    mw_cosem_put_length(o, body.n);
    mw_cosem_put_bytes(o, body);
}

/* An element with one element inside. */
static void put_nested(mw_cosem_out *o, uint8_t tag, uint8_t inner_tag, mw_slice body) {
    mw_cosem_out measure = mw_cosem_out_of((mw_span){NULL, 0}, 0);
    put_ber(&measure, inner_tag, body);
    mw_cosem_put_u8(o, tag);
    mw_cosem_put_length(o, measure.at);
    put_ber(o, inner_tag, body);
}

static void put_name(mw_cosem_out *o, uint8_t tag, bool nested, uint8_t tree, uint8_t which) {
    uint8_t oid[sizeof dlms_tree + 2];
    mw_bytes_copy(oid, dlms_tree, sizeof dlms_tree);
    oid[sizeof dlms_tree] = tree;
    oid[sizeof dlms_tree + 1] = which;
    if (nested)
        put_nested(o, tag, BER_OID, MW_SLICE_OF(oid));
    else
        put_ber(o, tag, MW_SLICE_OF(oid));
}

static void put_authentication(mw_cosem_out *o, const mw_cosem_associate *a) {
    static const uint8_t bit[] = {0x07, 0x80};
    if (a->has_authentication)
        put_ber(o, a->response ? TAG_RESPONSE_REQUIREMENTS : TAG_REQUEST_REQUIREMENTS,
                MW_SLICE_OF(bit));
    if (a->has_mechanism)
        put_name(o, a->response ? TAG_RESPONSE_MECHANISM : TAG_REQUEST_MECHANISM, false,
                 TREE_MECHANISM, a->mechanism);
    if (a->has_value)
        put_nested(o, a->response ? TAG_RESPONSE_VALUE : TAG_REQUEST_VALUE, VALUE_TEXT, a->value);
}

static void put_fields(mw_cosem_out *o, const mw_cosem_associate *a) {
    put_name(o, TAG_CONTEXT, true, TREE_CONTEXT, a->context);
    if (a->response) {
        put_nested(o, TAG_RESULT, BER_INTEGER, (mw_slice){&a->result, 1});
        const uint8_t diagnostic[] = {BER_INTEGER, 1, a->diagnostic};
        put_nested(o, TAG_DIAGNOSTIC, a->provider ? 0xA2 : 0xA1, MW_SLICE_OF(diagnostic));
    }
    if (a->title.n != 0)
        put_nested(o, a->response ? TAG_RESPONDING_TITLE : TAG_CALLING_TITLE, BER_OCTETS, a->title);
    put_authentication(o, a);
    if (a->user.n != 0)
        put_nested(o, TAG_USER, BER_OCTETS, a->user);
}

static mw_status finish(const mw_cosem_out *o, size_t *out_size) {
    MW_TRY(mw_cosem_out_end(o));
    *out_size = o->at;
    return MW_OK;
}

mw_status mw_cosem_associate_encode(const mw_cosem_associate *a, mw_span out, size_t *out_size) {
    if (a->title.n > TEXT_MAX || a->value.n > TEXT_MAX || a->user.n > USER_MAX)
        return MW_RANGE;
    mw_cosem_out body = mw_cosem_out_of((mw_span){NULL, 0}, 0);
    put_fields(&body, a);
    mw_cosem_out o = mw_cosem_out_of(out, 0);
    mw_cosem_put_u8(&o, a->response ? MW_COSEM_AARE_TAG : MW_COSEM_AARQ_TAG);
    mw_cosem_put_length(&o, body.at);
    put_fields(&o, a);
    return finish(&o, out_size);
}

mw_status mw_cosem_release_decode(mw_slice apdu, mw_cosem_release *out_r) {
    mw_reader whole = mw_reader_of(apdu);
    ber outer = read_ber(&whole);
    if (apdu.n != 0 && outer.tag != MW_COSEM_RLRQ_TAG && outer.tag != MW_COSEM_RLRE_TAG)
        return MW_NOT_FOUND;
    MW_TRY(mw_reader_end(&whole));
    mw_cosem_release rl = {.response = outer.tag == MW_COSEM_RLRE_TAG};
    mw_reader r = mw_reader_of(outer.body);
    while (r.status == MW_OK && mw_reader_left(&r) != 0) {
        ber b = read_ber(&r);
        if (r.status == MW_OK && b.tag == TAG_VERSION) { /* here it is the reason */
            if (b.body.n != 1)
                mw_reader_fail(&r, MW_SYNTAX);
            rl.has_reason = true;
            rl.reason = r.status == MW_OK ? b.body.p[0] : 0;
        } else if (b.tag == TAG_USER) {
            rl.user = inner(&r, b.body, BER_OCTETS);
        }
    }
    if (r.status != MW_OK)
        return r.status;
    *out_r = rl;
    return MW_OK;
}

static void put_release(mw_cosem_out *o, const mw_cosem_release *r) {
    if (r->has_reason)
        put_ber(o, TAG_VERSION, (mw_slice){&r->reason, 1});
    if (r->user.n != 0)
        put_nested(o, TAG_USER, BER_OCTETS, r->user);
}

mw_status mw_cosem_release_encode(const mw_cosem_release *r, mw_span out, size_t *out_size) {
    if (r->user.n > USER_MAX)
        return MW_RANGE;
    mw_cosem_out body = mw_cosem_out_of((mw_span){NULL, 0}, 0);
    put_release(&body, r);
    mw_cosem_out o = mw_cosem_out_of(out, 0);
    mw_cosem_put_u8(&o, r->response ? MW_COSEM_RLRE_TAG : MW_COSEM_RLRQ_TAG);
    mw_cosem_put_length(&o, body.at);
    put_release(&o, r);
    return finish(&o, out_size);
}
