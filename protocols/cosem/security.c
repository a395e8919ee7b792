/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/cosem/security.h"

#include "protocols/cosem/encode.h"

mw_status mw_cosem_keys_init(mw_cosem_keys *k, const mw_gcm *impl, const mw_key *encryption,
                             const mw_key *authentication) {
    MW_TRY(mw_gcm_init(&k->encryption, impl, encryption));
    k->authentication = *authentication;
    k->suite = NULL;
    return MW_OK;
}

void mw_cosem_keys_of_suite(mw_cosem_keys *k, const mw_cosem_suite *suite, void *keys,
                            mw_slice authentication) {
    *k =
        (mw_cosem_keys){.suite = suite, .suite_keys = keys, .suite_authentication = authentication};
}

uint8_t mw_cosem_keys_suite(const mw_cosem_keys *k) {
    return k->suite != NULL ? k->suite->id & MW_COSEM_SC_SUITE : 0;
}

void mw_cosem_keys_fini(mw_cosem_keys *k) {
    if (k->suite == NULL)
        mw_gcm_fini(&k->encryption);
    mw_key_wipe(&k->authentication);
}

/* ---- tags (IEC 62056-5-3, 9.5): plain, global, dedicated ---- */

typedef struct tag_row {
    uint8_t plain, glo, ded;
} tag_row;

static const tag_row tags[] = {
    {0x01, 0x21, 0x41}, {0x08, 0x28, 0x48}, {0x0E, 0x2E, 0x4E}, {0xC0, 0xC8, 0xD0},
    {0xC1, 0xC9, 0xD1}, {0xC2, 0xCA, 0xD2}, {0xC3, 0xCB, 0xD3}, {0xC4, 0xCC, 0xD4},
    {0xC5, 0xCD, 0xD5}, {0xC7, 0xCF, 0xD7},
};
enum { TAG_ROWS = sizeof tags / sizeof tags[0], GENERAL_GLO = 0xDB, GENERAL_DED = 0xDC };
enum { GENERAL_CIPHERING = 0xDD };

/* MW_NOT_FOUND when the tag is not that of a ciphered APDU. */
static mw_status form_of(uint8_t tag, mw_cosem_cipher_form *out_form) {
    if (tag == GENERAL_GLO || tag == GENERAL_DED) {
        *out_form = tag == GENERAL_GLO ? MW_COSEM_GENERAL_GLO : MW_COSEM_GENERAL_DED;
        return MW_OK;
    }
    if (tag == GENERAL_CIPHERING)
        return MW_UNSUPPORTED;
    for (size_t i = 0; i < TAG_ROWS; i++) {
        if (tags[i].glo == tag || tags[i].ded == tag) {
            *out_form = tags[i].glo == tag ? MW_COSEM_GLO : MW_COSEM_DED;
            return MW_OK;
        }
    }
    return MW_NOT_FOUND;
}

bool mw_cosem_tag_is_ciphered(uint8_t tag) {
    mw_cosem_cipher_form form;
    return form_of(tag, &form) != MW_NOT_FOUND;
}

static uint8_t ciphered_tag_of(uint8_t plain, mw_cosem_cipher_form form) {
    if (form == MW_COSEM_GENERAL_GLO || form == MW_COSEM_GENERAL_DED)
        return form == MW_COSEM_GENERAL_GLO ? GENERAL_GLO : GENERAL_DED;
    for (size_t i = 0; i < TAG_ROWS; i++)
        if (tags[i].plain == plain)
            return form == MW_COSEM_GLO ? tags[i].glo : tags[i].ded;
    return 0;
}

mw_status mw_cosem_ciphered_decode(mw_slice apdu, mw_cosem_ciphered *out_ciphered) {
    mw_reader r = mw_reader_of(apdu);
    mw_cosem_ciphered c = {.tag = mw_read_u8(&r)};
    if (r.status != MW_OK)
        return r.status;
    MW_TRY(form_of(c.tag, &c.form));
    if (c.form == MW_COSEM_GENERAL_GLO || c.form == MW_COSEM_GENERAL_DED) {
        size_t n = mw_cosem_read_length(&r);
        if (n != 0 && n != MW_COSEM_TITLE_BYTES)
            mw_reader_fail(&r, MW_SYNTAX);
        c.title = mw_read_bytes(&r, n);
    }
    size_t n = mw_cosem_read_length(&r);
    if (r.status == MW_OK && n < 5)
        mw_reader_fail(&r, MW_SHORT);
    c.control = mw_read_u8(&r);
    c.counter = mw_read_u32be(&r);
    c.text = mw_read_bytes(&r, n >= 5 ? n - 5 : 0);
    MW_TRY(mw_reader_end(&r));
    if ((c.control & MW_COSEM_SC_COMPRESSED) != 0)
        return MW_UNSUPPORTED;
    *out_ciphered = c;
    return MW_OK;
}

/* ---- GCM as the suite uses it ---- */

static void make_nonce(uint8_t out[MW_GCM_NONCE], const mw_cosem_title *title, uint32_t counter) {
    mw_bytes_copy(out, title->b, MW_COSEM_TITLE_BYTES);
    for (unsigned i = 0; i < 4; i++)
        out[MW_COSEM_TITLE_BYTES + i] = (uint8_t)(counter >> (24 - 8 * i));
}

/* Associated data: SC and AK, then the text itself when it is not encrypted (table 37). */
static mw_gcm_parts make_parts(mw_slice part[3], const uint8_t *control, const mw_cosem_keys *k,
                               mw_slice open_text) {
    bool tag = (*control & MW_COSEM_SC_AUTHENTICATED) != 0;
    part[0] = (mw_slice){control, 1};
    part[1] = k->suite != NULL ? k->suite_authentication : MW_SLICE_OF(k->authentication.b);
    part[2] = open_text;
    return (mw_gcm_parts){part, tag ? 3 : 0};
}

static size_t tag_bytes_of(const mw_cosem_keys *k) {
    return k->suite != NULL ? k->suite->tag_bytes : MW_COSEM_TAG_BYTES;
}

static mw_status seal(mw_cosem_keys *k, mw_slice nonce, mw_gcm_parts aad, mw_slice plain,
                      size_t tag, mw_span out) {
    if (k->suite == NULL)
        return mw_gcm_seal(&k->encryption, nonce, aad, plain, tag, out);
    return out.n < plain.n + tag ? MW_SPACE
                                 : k->suite->seal(k->suite_keys, nonce, aad, plain, out.p);
}

static mw_status open_text(mw_cosem_keys *k, mw_slice nonce, mw_gcm_parts aad, mw_slice sealed,
                           size_t tag, mw_span out) {
    if (k->suite == NULL)
        return mw_gcm_open(&k->encryption, nonce, aad, sealed, tag, out);
    return out.n < sealed.n - tag ? MW_SPACE
                                  : k->suite->open(k->suite_keys, nonce, aad, sealed, out.p);
}

mw_status mw_cosem_unprotect(mw_cosem_keys *k, const mw_cosem_title *title,
                             const mw_cosem_ciphered *c, const mw_cosem_open_options *options,
                             mw_span out, size_t *out_size) {
    if ((c->control & options->required) != options->required)
        return MW_FORBIDDEN;
    if (c->counter < options->least_counter)
        return MW_REPLAY;
    bool tagged = (c->control & MW_COSEM_SC_AUTHENTICATED) != 0;
    bool encrypted = (c->control & MW_COSEM_SC_ENCRYPTED) != 0;
    size_t tag = tagged ? tag_bytes_of(k) : 0;
    if ((c->control & MW_COSEM_SC_SUITE) != mw_cosem_keys_suite(k))
        return MW_UNSUPPORTED;
    if (c->text.n < tag)
        return MW_SHORT;
    mw_slice text = mw_slice_sub(c->text, 0, c->text.n - tag), part[3];
    if (out.n < text.n)
        return MW_SPACE;
    uint8_t nonce[MW_GCM_NONCE], none[1];
    make_nonce(nonce, title, c->counter);
    if (encrypted) {
        bool verify = tagged && !options->unverified;
        mw_gcm_parts aad = make_parts(part, &c->control, k, (mw_slice){0});
        MW_TRY(open_text(k, MW_SLICE_OF(nonce), verify ? aad : (mw_gcm_parts){0},
                         verify ? c->text : text, verify ? tag : 0, out));
    } else {
        if (tagged && !options->unverified) {
            mw_gcm_parts aad = make_parts(part, &c->control, k, text);
            mw_slice only_tag = mw_slice_sub(c->text, text.n, tag);
            MW_TRY(open_text(k, MW_SLICE_OF(nonce), aad, only_tag, tag, MW_SPAN_OF(none)));
        }
        MW_TRY(mw_span_copy(out, text));
    }
    *out_size = text.n;
    return MW_OK;
}

/* Everything before the text. */
static size_t put_head(mw_span out, uint8_t tag, const mw_cosem_title *title, uint8_t control,
                       uint32_t counter, size_t body) {
    mw_cosem_out o = mw_cosem_out_of(out, 0);
    uint8_t ic[4];
    mw_cosem_put_u8(&o, tag);
    if (tag == GENERAL_GLO || tag == GENERAL_DED) {
        mw_cosem_put_length(&o, MW_COSEM_TITLE_BYTES);
        mw_cosem_put_bytes(&o, MW_SLICE_OF(title->b));
    }
    mw_cosem_put_length(&o, body);
    mw_cosem_put_u8(&o, control);
    for (unsigned i = 0; i < 4; i++)
        ic[i] = (uint8_t)(counter >> (24 - 8 * i));
    mw_cosem_put_bytes(&o, MW_SLICE_OF(ic));
    return o.at;
}

mw_status mw_cosem_protect(mw_cosem_keys *k, mw_cosem_cipher_form form, uint8_t control,
                           const mw_cosem_title *title, uint32_t counter, mw_slice plain,
                           mw_span out, size_t *out_size) {
    uint8_t tag = plain.n != 0 ? ciphered_tag_of(plain.p[0], form) : 0;
    bool tagged = (control & MW_COSEM_SC_AUTHENTICATED) != 0;
    bool encrypted = (control & MW_COSEM_SC_ENCRYPTED) != 0;
    if (tag == 0 || (!tagged && !encrypted) ||
        (control & (MW_COSEM_SC_SUITE | MW_COSEM_SC_COMPRESSED)) != 0)
        return MW_UNSUPPORTED;
    control |= mw_cosem_keys_suite(k);
    if (plain.n > MW_GCM_MAX)
        return MW_RANGE;
    size_t tag_bytes = tagged ? tag_bytes_of(k) : 0;
    size_t head =
        put_head((mw_span){NULL, 0}, tag, title, control, counter, 5 + plain.n + tag_bytes);
    if (out.n < head + plain.n + tag_bytes)
        return MW_SPACE;
    put_head(out, tag, title, control, counter, 5 + plain.n + tag_bytes);
    uint8_t nonce[MW_GCM_NONCE];
    mw_slice part[3];
    make_nonce(nonce, title, counter);
    mw_span body = {out.p + head, out.n - head};
    mw_slice empty = {0};
    mw_gcm_parts aad = make_parts(part, &control, k, encrypted ? empty : plain);
    if (encrypted) {
        MW_TRY(seal(k, MW_SLICE_OF(nonce), aad, plain, tag_bytes, body));
    } else {
        MW_TRY(mw_span_copy(body, plain));
        MW_TRY(seal(k, MW_SLICE_OF(nonce), aad, empty, tag_bytes,
                    (mw_span){body.p + plain.n, body.n - plain.n}));
    }
    *out_size = head + plain.n + tag_bytes;
    return MW_OK;
}

/* ---- HLS 5 ---- */

enum { CHALLENGE_MIN = 8, CHALLENGE_MAX = 64 };

mw_status mw_cosem_gmac_prove(mw_cosem_keys *k, const mw_cosem_title *title, uint32_t counter,
                              mw_slice challenge, uint8_t out[MW_COSEM_PROOF_BYTES]) {
    if (challenge.n < CHALLENGE_MIN || challenge.n > CHALLENGE_MAX)
        return MW_RANGE;
    if (tag_bytes_of(k) != MW_COSEM_TAG_BYTES) /* such a suite has mechanisms of its own */
        return MW_UNSUPPORTED;
    uint8_t nonce[MW_GCM_NONCE];
    const uint8_t gmac_control = MW_COSEM_SC_AUTHENTICATED | mw_cosem_keys_suite(k);
    mw_slice part[3];
    make_nonce(nonce, title, counter);
    mw_gcm_parts aad = make_parts(part, &gmac_control, k, challenge);
    MW_TRY(seal(k, MW_SLICE_OF(nonce), aad, (mw_slice){0}, MW_COSEM_TAG_BYTES,
                (mw_span){out + 5, MW_COSEM_TAG_BYTES}));
    out[0] = gmac_control;
    mw_bytes_copy(out + 1, nonce + MW_COSEM_TITLE_BYTES, 4);
    return MW_OK;
}

mw_status mw_cosem_gmac_verify(mw_cosem_keys *k, const mw_cosem_title *title,
                               uint32_t least_counter, mw_slice challenge, mw_slice proof,
                               uint32_t *out_counter) {
    mw_reader r = mw_reader_of(proof);
    uint8_t control = mw_read_u8(&r), expected[MW_COSEM_PROOF_BYTES];
    uint32_t counter = mw_read_u32be(&r);
    if (proof.n != MW_COSEM_PROOF_BYTES ||
        control != (MW_COSEM_SC_AUTHENTICATED | mw_cosem_keys_suite(k)))
        return MW_SYNTAX;
    if (counter < least_counter)
        return MW_REPLAY;
    MW_TRY(mw_cosem_gmac_prove(k, title, counter, challenge, expected));
    if (!mw_slice_equal_ct(proof, MW_SLICE_OF(expected)))
        return MW_AUTH;
    *out_counter = counter;
    return MW_OK;
}
