/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/framer.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

const char *mw_radio_kind_name(mw_radio_kind kind) {
    static const char *const names[MW_RADIO_KIND_COUNT] = {"unb", "sigfox", "nbfi", "openunb"};
    mw_assert((unsigned)kind < MW_RADIO_KIND_COUNT);
    return names[kind];
}

mw_status mw_radio_kind_of_name(const char *name, mw_radio_kind *out_kind) {
    for (unsigned k = 0; k < MW_RADIO_KIND_COUNT; k++) {
        if (strcmp(name, mw_radio_kind_name((mw_radio_kind)k)) == 0) {
            *out_kind = (mw_radio_kind)k;
            return MW_OK;
        }
    }
    return MW_NOT_FOUND;
}

double mw_framer_agreement(const int16_t *soft, const uint8_t *again, size_t n) {
    int64_t along = 0, total = 0;
    for (size_t i = 0; i < n; i++) {
        int v = soft[i] > MW_FRAMER_SURE    ? MW_FRAMER_SURE
                : soft[i] < -MW_FRAMER_SURE ? -MW_FRAMER_SURE
                                            : soft[i];
        along += (again[i / 8] >> (7 - i % 8) & 1) != 0 ? -v : v;
        total += v < 0 ? -v : v;
    }
    return total > 0 && along > 0 ? (double)along / (double)total : 0;
}

/* Whether a frame encoded again agrees well enough to be reported. */
static bool agrees(const mw_framer *f, const int16_t *soft, const mw_framer_result *r) {
    return mw_framer_agreement(soft, r->again, r->symbols) >= f->correlation_min;
}

/* ---- Sigfox -----------------------------------------------------------------------------------*/

static size_t sigfox_words(mw_framer_word out[MW_FRAMER_WORDS_MAX]) {
    size_t n = 0;
    for (uint32_t w = 0; w < 1u << MW_SIGFOX_TYPE_BITS && n < MW_FRAMER_WORDS_MAX; w++) {
        mw_sigfox_type type;
        if (mw_sigfox_type_of((uint16_t)w, &type) == MW_OK)
            out[n++] = (mw_framer_word){MW_SIGFOX_PREAMBLE << MW_SIGFOX_TYPE_BITS | w,
                                        (uint16_t)(8 * type.content_bytes)};
    }
    return n;
}

/* Content that was decoded: what the envelope says of it. */
mw_status mw_framer_sigfox_result(mw_slice content, mw_framer_result *out_result) {
    mw_sigfox_uplink u;
    MW_TRY(mw_sigfox_content_decode(content, &u));
    *out_result = (mw_framer_result){.payload_bytes = (uint8_t)content.n,
                                     .identity_bytes = 4,
                                     .identity = u.id,
                                     .counter = u.counter,
                                     .symbols = (uint16_t)(8 * content.n)};
    mw_bytes_copy(out_result->payload, content.p, content.n);
    return MW_OK;
}

/* Symbols whose sign is doubted when the CRC of a single copy does not fit: each of 12 alone, then two
 * of the first 6. A wrong symbol turns two neighbouring bits over (the last one only its own). These
 * 27 tries let 4.1e-4 of the bursts through that cannot be read, which must look clean besides. */
#define SIGFOX_DOUBTS 12u
#define SIGFOX_PAIRED 6u

/* The n least sure symbols of a copy, the least sure one first. Returns how many. */
static size_t sigfox_doubts(const int16_t *soft, size_t bits, uint16_t out[SIGFOX_DOUBTS]) {
    int32_t trust[SIGFOX_DOUBTS];
    size_t n = 0;
    for (size_t i = 0; i < bits; i++) {
        int32_t own = abs(soft[i]), next = i + 1 < bits ? abs(soft[i + 1]) : own;
        if (n == SIGFOX_DOUBTS && own + next >= trust[n - 1])
            continue;
        size_t k = n < SIGFOX_DOUBTS ? n++ : n - 1;
        for (; k > 0 && trust[k - 1] > own + next; k--) {
            trust[k] = trust[k - 1];
            out[k] = out[k - 1];
        }
        trust[k] = own + next;
        out[k] = (uint16_t)i;
    }
    return n;
}

/* The other way round: the symbol after bit `at`. */
static void sigfox_turn(int16_t *soft, size_t bits, size_t at) {
    soft[at] = (int16_t)-soft[at];
    if (at + 1 < bits)
        soft[at + 1] = (int16_t)-soft[at + 1];
}

static mw_status sigfox_try(const mw_sigfox_type *type, const int16_t *soft,
                            mw_framer_result *out_result) {
    const int16_t *copies[MW_SIGFOX_COPIES] = {NULL};
    uint8_t content[MW_SIGFOX_CONTENT_MAX];
    copies[type->copy] = soft;
    MW_TRY(mw_sigfox_join(copies, 8u * type->content_bytes, MW_SPAN_OF(content)));
    return mw_framer_sigfox_result((mw_slice){content, type->content_bytes}, out_result);
}

/* A single copy has no redundancy but its CRC: hard decisions, convolution undone; when the CRC does
 * not fit, again with doubtful symbols the other way round. That it agrees with itself says nothing;
 * mw_foreign_burst.coherence is what is judged. */
static mw_status sigfox_read(mw_framer_tools *t, const mw_framer_word *word, const int16_t *soft,
                             mw_framer_result *out_result) {
    (void)t;
    mw_sigfox_type type;
    MW_TRY(mw_sigfox_type_of((uint16_t)(word->bits & 0xFFF), &type));
    mw_status s = sigfox_try(&type, soft, out_result);
    if (s == MW_OK)
        return s;
    size_t bits = word->after;
    int16_t turned[MW_FRAMER_BITS_MAX];
    uint16_t doubts[SIGFOX_DOUBTS];
    memcpy(turned, soft, bits * sizeof *soft);
    size_t n = sigfox_doubts(soft, bits, doubts);
    for (size_t a = 0; a < n && s != MW_OK; a++) {
        sigfox_turn(turned, bits, doubts[a]);
        s = sigfox_try(&type, turned, out_result);
        sigfox_turn(turned, bits, doubts[a]);
    }
    for (size_t a = 1; a < SIGFOX_PAIRED && a < n; a++) {
        for (size_t b = 0; b < a && s != MW_OK; b++) {
            sigfox_turn(turned, bits, doubts[a]);
            sigfox_turn(turned, bits, doubts[b]);
            s = sigfox_try(&type, turned, out_result);
            sigfox_turn(turned, bits, doubts[b]);
            sigfox_turn(turned, bits, doubts[a]);
        }
    }
    return s;
}

/* ---- NB-Fi ------------------------------------------------------------------------------------*/

static size_t nbfi_words(mw_framer_word out[MW_FRAMER_WORDS_MAX]) {
    out[0] = (mw_framer_word){MW_NBFI_SYNC, MW_NBFI_CODED_BITS};
    return 1;
}

static bool nbfi_read_e(mw_framer_tools *t, const mw_framer *f, const int16_t *soft,
                        mw_framer_result *out) {
    mw_nbfi_e e;
    uint8_t frame[MW_NBFI_FRAME];
    if (mw_nbfi_e_decode(&t->decoder, MW_NBFI_LIST_DEFAULT, soft, &e) != MW_OK)
        return false;
    mw_nbfi_e_encode(&e, frame);
    *out = (mw_framer_result){.payload_bytes = MW_NBFI_PACKET_E,
                              .identity_bytes = 4,
                              .identity = e.id,
                              .counter = e.iterator,
                              .symbols = MW_NBFI_CODED_BITS};
    mw_nbfi_e_pack(&e, out->payload);
    mw_bytes_copy(out->again, frame + 4, MW_NBFI_CODED_BITS / 8);
    return agrees(f, soft, out);
}

static bool nbfi_read_d(mw_framer_tools *t, const mw_framer *f, const int16_t *soft,
                        unsigned parity, mw_framer_result *out) {
    const int16_t *given[2] = {parity == 0 ? soft : NULL, parity == 1 ? soft : NULL};
    mw_nbfi_d d;
    uint8_t frame[MW_NBFI_FRAME];
    if (mw_nbfi_d_decode(&t->decoder, given, &d) != MW_OK ||
        mw_nbfi_d_encode(&d, parity, frame) != MW_OK)
        return false;
    *out = (mw_framer_result){.payload_bytes = MW_NBFI_PACKET_D,
                              .identity_bytes = 3,
                              .identity = d.id,
                              .counter = -1,
                              .symbols = MW_NBFI_CODED_BITS};
    mw_nbfi_d_pack(&d, out->payload);
    mw_bytes_copy(out->again, frame + 4, MW_NBFI_CODED_BITS / 8);
    return agrees(f, soft, out);
}

static mw_status nbfi_read(mw_framer_tools *t, const mw_framer_word *word, const int16_t *soft,
                           mw_framer_result *out_result) {
    (void)word;
    const mw_framer *f = mw_framer_of(MW_RADIO_NBFI);
    mw_framer_result r;
    if (!nbfi_read_e(t, f, soft, &r) && !nbfi_read_d(t, f, soft, 1, &r) &&
        !nbfi_read_d(t, f, soft, 0, &r))
        return MW_CHECKSUM;
    *out_result = r;
    return MW_OK;
}

/* ---- OpenUNB ----------------------------------------------------------------------------------*/

static size_t openunb_words(mw_framer_word out[MW_FRAMER_WORDS_MAX]) {
    uint32_t bits = 0;
    for (unsigned i = 0; i < MW_OPENUNB_SYNC_BITS; i++)
        bits = bits << 1 | mw_openunb_sync_bit(i);
    out[0] = (mw_framer_word){bits, 8 * MW_OPENUNB_CODED_LONG};
    return 1;
}

/* The word does not tell the size: the long frame is tried first, because it is the likelier to be
 * refused when it is not one. */
static mw_status openunb_read(mw_framer_tools *t, const mw_framer_word *word, const int16_t *soft,
                              mw_framer_result *out_result) {
    static const size_t coded[] = {MW_OPENUNB_CODED_LONG, MW_OPENUNB_CODED_SHORT};
    (void)word;
    for (unsigned k = 0; k < 2; k++) {
        uint8_t message[MW_OPENUNB_LONG];
        mw_openunb_uplink u;
        mw_framer_result r = {.identity_bytes = 3, .counter = -1};
        size_t n, again;
        if (mw_openunb_decode(&t->decoder.polar, MW_OPENUNB_LIST_DEFAULT, soft, 8 * coded[k],
                              MW_SPAN_OF(message), &n) != MW_OK ||
            mw_openunb_encode((mw_slice){message, n}, MW_SPAN_OF(r.again), &again) != MW_OK ||
            mw_openunb_message_decode((mw_slice){message, n}, &u) != MW_OK)
            continue;
        r.payload_bytes = (uint8_t)n;
        r.symbols = (uint16_t)(8 * again);
        r.identity = u.address;
        mw_bytes_copy(r.payload, message, n);
        if (!agrees(mw_framer_of(MW_RADIO_OPENUNB), soft, &r))
            continue;
        *out_result = r;
        return MW_OK;
    }
    return MW_CHECKSUM;
}

/* ---- Table ------------------------------------------------------------------------------------*/

/* Frames at 10 % packet errors agree to 0.93 +- 0.04 and their sync words have a share of 0.6 to
 * 0.7. OpenUNB's 10 bits of CRC with a list of 8 pass one noise candidate in 128, which then agrees
 * to 0.8: share and agreement together leave less than one false frame in ten days of 200 kHz. */
static const mw_framer framers[MW_RADIO_KIND_COUNT] = {
    [MW_RADIO_SIGFOX] = {MW_RADIO_SIGFOX, {100, 600}, 20, false, sigfox_words, sigfox_read, 0, 0},
    [MW_RADIO_NBFI] = {MW_RADIO_NBFI, {50, 400, 3200}, 32, true, nbfi_words, nbfi_read, 0.76, 0.42},
    [MW_RADIO_OPENUNB] =
        {MW_RADIO_OPENUNB, {100}, 32, true, openunb_words, openunb_read, 0.85, 0.55},
};

const mw_framer *mw_framer_of(mw_radio_kind kind) {
    bool known = kind > MW_RADIO_UNB && kind < MW_RADIO_KIND_COUNT;
    return known ? &framers[kind] : NULL;
}

bool mw_framer_has_rate(const mw_framer *f, unsigned baud) {
    for (unsigned i = 0; i < MW_FRAMER_RATES_MAX; i++) {
        if (baud != 0 && f->baud[i] == baud)
            return true;
    }
    return false;
}
