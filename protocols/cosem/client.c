/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/cosem/client.h"

#include <string.h>

#include "base/assert.h"
#include "protocols/cosem/blocks.h"

#define CHALLENGE           16 /* of GMAC */
#define CHALLENGE_MAX       32
#define DLMS_VERSION        6
#define CURRENT_ASSOCIATION MW_OBIS(0, 0, 40, 0, 0, 255)
#define CAN(bit)            MW_COSEM_CONFORMANCE(MW_COSEM_CAN_##bit)

static const char *const texts[MW_COSEM_FAULTS] = {
#define X(name, text) text,
    MW_COSEM_FAULT_LIST(X)
#undef X
};

const char *mw_cosem_fault_text(mw_cosem_fault f) {
    return f < MW_COSEM_FAULTS ? texts[f] : "unknown";
}

void mw_cosem_session_init(mw_cosem_session *s, const mw_cosem_session_config *config) {
    mw_assert(config->request.n >= 128 && config->answer.n >= 128);
    *s = (mw_cosem_session){.c = *config};
    if (s->c.conformance == 0)
        s->c.conformance = CAN(GET) | CAN(SET) | CAN(ACTION) | CAN(SELECT) | CAN(GET_BLOCK) |
                           CAN(SET_BLOCK) | CAN(ACTION_BLOCK) | CAN(LIST) | CAN(NOTIFY) |
                           CAN(EVENT) | (config->gathered.n != 0 ? CAN(GENERAL_BLOCK) : 0);
    if (s->c.max_pdu == 0)
        s->c.max_pdu = (uint16_t)(config->answer.n > UINT16_MAX ? UINT16_MAX : config->answer.n);
}

static mw_status fail(mw_cosem_session *s, mw_cosem_fault fault, mw_status status) {
    s->fault = fault;
    return status;
}

static mw_status carry(mw_cosem_session *s, mw_slice apdu, mw_slice *out) {
    size_t n = 0;
    s->exchanges++;
    mw_cosem_fault fault = MW_COSEM_FAULT_PROTOCOL;
    mw_status carried = s->c.exchange(s->c.context, apdu, s->c.answer, &n, &fault);
    if (carried != MW_OK)
        return fail(s, fault, carried);
    *out = (mw_slice){s->c.answer.p, n};
    return n == 0 ? fail(s, MW_COSEM_FAULT_PROTOCOL, MW_SHORT) : MW_OK;
}

/* ---- General block transfer ---- */

enum { GENERAL_BLOCK = 0xE0, FRUITLESS = 5 };

static bool general(const mw_cosem_session *s) {
    return s->c.gathered.n != 0 && (s->conformance & CAN(GENERAL_BLOCK)) != 0;
}

/* Says what we have and brings the next block. */
static mw_status acknowledge(mw_cosem_session *s, uint32_t own, uint32_t number, mw_slice *out) {
    mw_cosem_apdu ack = mw_cosem_general_ack(s->c.receive != NULL ? s->c.window : 1, own, number);
    uint8_t apdu[MW_COSEM_GENERAL_HEADER + 8];
    size_t n = 0;
    MW_TRY(mw_cosem_apdu_encode(&ack, (mw_span){apdu, sizeof apdu}, &n));
    return carry(s, (mw_slice){apdu, n}, out);
}

/* The block after this one. A window ends with a block that waits for us, or in silence. */
static mw_status next_block(mw_cosem_session *s, const mw_cosem_apdu *b, const mw_cosem_gather *g,
                            uint32_t *own, mw_slice *out) {
    if (b->streaming && s->c.receive != NULL) {
        size_t n = 0;
        mw_cosem_fault fault = MW_COSEM_FAULT_PROTOCOL;
        mw_status got = s->c.receive(s->c.context, s->c.answer, &n, &fault);
        *out = (mw_slice){s->c.answer.p, n};
        if (got == MW_OK && n != 0)
            return MW_OK;
        if (got != MW_TIMEOUT)
            return fail(s, fault, got == MW_OK ? MW_SHORT : got);
    }
    return acknowledge(s, ++*own, g->next == 0 ? 0 : g->next - 1, out);
}

static mw_status gather_general(mw_cosem_session *s, uint32_t own, mw_slice *answer) {
    mw_cosem_gather g;
    mw_cosem_apdu b;
    mw_cosem_gather_init(&g, s->c.gathered);
    g.next = 1;
    for (unsigned fruitless = 0; fruitless < FRUITLESS;) {
        mw_status taken = mw_cosem_apdu_decode(*answer, 0, &b);
        if (taken == MW_OK && b.kind != MW_COSEM_GENERAL_BLOCK)
            return b.kind == MW_COSEM_EXCEPTION_RESPONSE
                       ? MW_OK /* told by the caller */
                       : fail(s, MW_COSEM_FAULT_PROTOCOL, MW_SYNTAX);
        if (taken == MW_OK)
            taken = mw_cosem_gather_take(&g, b.block, b.last, b.item.data);
        if (taken == MW_OK) {
            *answer = mw_cosem_gather_done(&g);
            s->fault = MW_COSEM_FAULT_NONE; /* of a block that came at last */
            return answer->n != 0 ? MW_OK : fail(s, MW_COSEM_FAULT_PROTOCOL, MW_SHORT);
        }
        if (taken != MW_AGAIN && taken != MW_DUPLICATE && taken != MW_CONFLICT)
            return fail(s, MW_COSEM_FAULT_PROTOCOL, taken);
        fruitless = taken == MW_AGAIN ? 0 : fruitless + (b.streaming ? 0u : 1u);
        s->lost += taken == MW_CONFLICT;
        mw_status next;
        while ((next = next_block(s, &b, &g, &own, answer)) == MW_TIMEOUT &&
               ++fruitless < FRUITLESS)
            b.streaming = false; /* the acknowledgement, or its answer, was lost: again */
        if (next != MW_OK)
            return next;
    }
    return fail(s, MW_COSEM_FAULT_PROTOCOL, MW_TIMEOUT);
}

/* A request that is longer than what the meter takes, block by block, each acknowledged. */
static mw_status send_general(mw_cosem_session *s, mw_slice apdu, mw_slice *answer) {
    mw_cosem_general_sender g;
    mw_cosem_apdu ack;
    size_t n = 0, most = s->meter_pdu < s->c.gathered.n ? s->meter_pdu : s->c.gathered.n;
    MW_TRY(mw_cosem_general_send(&g, apdu, most - MW_COSEM_GENERAL_HEADER, 1));
    for (unsigned fruitless = 0; fruitless < FRUITLESS; fruitless++) {
        while (mw_cosem_general_next(&g, s->c.gathered, &n) == MW_OK) {
            MW_TRY(carry(s, (mw_slice){s->c.gathered.p, n}, answer));
            if (answer->p[0] != GENERAL_BLOCK)
                return MW_OK; /* the answer, or a refusal */
            MW_TRY(mw_cosem_apdu_decode(*answer, 0, &ack));
            if (ack.item.data.n != 0)
                return gather_general(s, g.next - 1, answer);
            if (mw_cosem_general_acknowledge(&g, ack.acknowledged) != MW_OK)
                return fail(s, MW_COSEM_FAULT_PROTOCOL, MW_SYNTAX);
        }
        g.next = g.acknowledged + 1;
    }
    return fail(s, MW_COSEM_FAULT_PROTOCOL, MW_TIMEOUT);
}

static mw_status carry_whole(mw_cosem_session *s, mw_slice apdu, mw_slice *answer) {
    if (!general(s))
        return carry(s, apdu, answer);
    if (apdu.n > s->meter_pdu)
        return send_general(s, apdu, answer);
    MW_TRY(carry(s, apdu, answer));
    return answer->p[0] == GENERAL_BLOCK ? gather_general(s, 0, answer) : MW_OK;
}

static mw_status seal(mw_cosem_session *s, mw_cosem_cipher_form form, mw_slice plain, mw_span room,
                      mw_slice *out) {
    uint32_t counter;
    size_t n = 0;
    mw_status status = s->c.next_counter(s->c.context, &counter);
    if (status == MW_OK)
        status =
            mw_cosem_protect(s->c.keys, form, MW_COSEM_SC_AUTHENTICATED | MW_COSEM_SC_ENCRYPTED,
                             &s->c.title, counter, plain, room, &n);
    *out = (mw_slice){room.p, n};
    return status == MW_OK ? MW_OK : fail(s, MW_COSEM_FAULT_PROTOCOL, status);
}

/* An exception-response in words. */
static mw_status exception(mw_cosem_session *s, mw_slice answer) {
    mw_cosem_apdu a;
    if (mw_cosem_apdu_decode(answer, 0, &a) != MW_OK || a.kind != MW_COSEM_EXCEPTION_RESPONSE)
        return fail(s, MW_COSEM_FAULT_REFUSED, MW_FORBIDDEN);
    s->result = a.service_error;
    if (a.service_error == 6) {
        s->awaited = a.counter;
        return fail(s, MW_COSEM_FAULT_COUNTER, MW_REPLAY);
    }
    return fail(s, a.service_error == 5 ? MW_COSEM_FAULT_WRONG_KEY : MW_COSEM_FAULT_REFUSED,
                MW_FORBIDDEN);
}

static mw_status unseal(mw_cosem_session *s, mw_slice answer, mw_span room, mw_slice *out) {
    mw_cosem_ciphered c;
    size_t n = 0;
    mw_status status = mw_cosem_ciphered_decode(answer, &c);
    if (status != MW_OK)
        return answer.p[0] == 0xD8 ? exception(s, answer)
                                   : fail(s, MW_COSEM_FAULT_PROTOCOL, status);
    mw_cosem_open_options options = {.least_counter = s->meter_counter,
                                     .required = MW_COSEM_SC_AUTHENTICATED};
    status = mw_cosem_unprotect(s->c.keys, &s->meter, &c, &options, room, &n);
    if (status != MW_OK)
        return fail(s, status == MW_REPLAY ? MW_COSEM_FAULT_COUNTER : MW_COSEM_FAULT_WRONG_KEY,
                    status);
    s->meter_counter = c.counter + 1;
    *out = (mw_slice){room.p, n};
    return MW_OK;
}

/* Sends a plain APDU that stands in c.request and decodes the answer. */
static mw_status ask_bytes(mw_cosem_session *s, mw_slice plain, mw_cosem_apdu *out) {
    mw_slice apdu = plain, answer;
    s->fault = MW_COSEM_FAULT_NONE;
    if (s->c.ciphered)
        MW_TRY(
            seal(s, s->c.general ? MW_COSEM_GENERAL_GLO : MW_COSEM_GLO, plain, s->c.sealed, &apdu));
    MW_TRY(carry_whole(s, apdu, &answer));
    if (s->c.ciphered &&
        answer.n <= s->c.sealed.n) /* opened into the sealed request's place, which is done with */
        MW_TRY(unseal(s, answer, s->c.sealed, &answer));
    else if (s->c.ciphered)
        return fail(s, MW_COSEM_FAULT_PROTOCOL, MW_SPACE);
    mw_status status = mw_cosem_apdu_decode(answer, s->c.quirks, out);
    if (status != MW_OK)
        return fail(s, MW_COSEM_FAULT_PROTOCOL, status);
    if (out->kind == MW_COSEM_EXCEPTION_RESPONSE)
        return exception(s, answer);
    return MW_OK;
}

static mw_status ask(mw_cosem_session *s, const mw_cosem_apdu *request, mw_cosem_apdu *out) {
    size_t n = 0;
    mw_status status = mw_cosem_apdu_encode(request, s->c.request, &n);
    if (status != MW_OK)
        return fail(s, MW_COSEM_FAULT_PROTOCOL, status);
    return ask_bytes(s, (mw_slice){s->c.request.p, n}, out);
}

static uint32_t invoke(mw_cosem_session *s) {
    s->invoke = (uint8_t)((s->invoke + 1) & 0x0f);
    return s->invoke | MW_COSEM_INVOKE_CONFIRMED | MW_COSEM_INVOKE_HIGH;
}

/* ---- Opening ---- */

static mw_status initiate(mw_cosem_session *s, uint8_t room[96], mw_slice *out) {
    mw_cosem_initiate i = {
        .version = DLMS_VERSION, .conformance = s->c.conformance, .max_pdu = s->c.max_pdu};
    uint8_t plain[32];
    size_t n = 0;
    MW_TRY(mw_cosem_initiate_encode(&i, (mw_span){plain, sizeof plain}, &n));
    if (s->c.ciphered)
        return seal(s, MW_COSEM_GLO, (mw_slice){plain, n}, (mw_span){room, 96}, out);
    memcpy(room, plain, n);
    *out = (mw_slice){room, n};
    return MW_OK;
}

static mw_status refused(mw_cosem_session *s, const mw_cosem_associate *r) {
    mw_cosem_service_error error;
    s->diagnostic = r->diagnostic;
    if (mw_cosem_service_error_decode(r->user, &error) == MW_OK) { /* of what we proposed */
        s->result = error.error;
        return fail(s, MW_COSEM_FAULT_REFUSED, MW_FORBIDDEN);
    }
    switch (r->diagnostic) {
    case MW_COSEM_DIAGNOSTIC_CONTEXT:
    case MW_COSEM_DIAGNOSTIC_MECHANISM_UNKNOWN:
    case MW_COSEM_DIAGNOSTIC_MECHANISM_REQUIRED:
        return fail(s, MW_COSEM_FAULT_WRONG_METHOD, MW_FORBIDDEN);
    case MW_COSEM_DIAGNOSTIC_AUTHENTICATION_FAILED:
    case MW_COSEM_DIAGNOSTIC_AUTHENTICATION_REQUIRED:
        return fail(s,
                    s->c.mechanism <= MW_COSEM_MECHANISM_LOW ? MW_COSEM_FAULT_WRONG_PASSWORD
                                                             : MW_COSEM_FAULT_WRONG_KEY,
                    MW_FORBIDDEN);
    default: /* a sealed request that does not open is refused without a reason */
        return fail(s, s->c.ciphered ? MW_COSEM_FAULT_WRONG_KEY : MW_COSEM_FAULT_REFUSED,
                    MW_FORBIDDEN);
    }
}

static mw_status take_initiate(mw_cosem_session *s, mw_slice user) {
    mw_cosem_initiate i;
    uint8_t room[64];
    mw_slice plain = user;
    mw_cosem_service_error error;
    if (mw_cosem_service_error_decode(user, &error) == MW_OK) {
        s->result = error.error;
        return fail(s, MW_COSEM_FAULT_REFUSED, MW_FORBIDDEN);
    }
    if (s->c.ciphered)
        MW_TRY(unseal(s, user, (mw_span){room, sizeof room}, &plain));
    mw_status status = mw_cosem_initiate_decode(plain, &i);
    if (status != MW_OK || !i.response)
        return fail(s, MW_COSEM_FAULT_PROTOCOL, status == MW_OK ? MW_SYNTAX : status);
    s->conformance = i.conformance;
    s->meter_pdu = i.max_pdu == 0 ? UINT16_MAX : i.max_pdu;
    return MW_OK;
}

/* Our proof, or the check of the meter's. */
static mw_cosem_challenges challenges(const mw_cosem_session *s, mw_slice theirs, mw_slice ours,
                                      bool by_client) {
    return (mw_cosem_challenges){.sap = s->c.sap,
                                 .by_client = by_client,
                                 .prover = by_client ? &s->c.title : &s->meter,
                                 .verifier = by_client ? &s->meter : &s->c.title,
                                 .asked = by_client ? theirs : ours,
                                 .own = by_client ? ours : theirs};
}

static mw_status own_proof(mw_cosem_session *s, mw_slice theirs, mw_slice ours, mw_span out,
                           size_t *out_size) {
    uint32_t counter;
    if (s->c.prover != NULL) {
        mw_cosem_challenges c = challenges(s, theirs, ours, true);
        return s->c.prover->mechanism->prove(s->c.prover->context, &c, out, out_size);
    }
    MW_TRY(s->c.next_counter(s->c.context, &counter));
    *out_size = MW_COSEM_PROOF_BYTES;
    return mw_cosem_gmac_prove(s->c.keys, &s->c.title, counter, theirs, out.p);
}

static mw_status meters_proof(mw_cosem_session *s, mw_slice theirs, mw_slice ours, mw_slice proof) {
    uint32_t counter;
    if (s->c.prover == NULL)
        return mw_cosem_gmac_verify(s->c.keys, &s->meter, 0, ours, proof, &counter);
    mw_cosem_challenges c = challenges(s, theirs, ours, false);
    return s->c.prover->mechanism->verify(s->c.prover->context, &c, proof);
}

/* What high security 6 works with is a secret as a password is; all others have keys. */
static mw_cosem_fault not_believed(const mw_cosem_session *s) {
    return s->c.mechanism <= MW_COSEM_MECHANISM_LOW ||
                   s->c.mechanism == MW_COSEM_MECHANISM_HIGH_SHA256
               ? MW_COSEM_FAULT_WRONG_PASSWORD
               : MW_COSEM_FAULT_WRONG_KEY;
}

/* Proves that we know the keys and has the meter prove it. */
static mw_status prove(mw_cosem_session *s, mw_slice theirs, mw_slice ours) {
    uint8_t proof[2 + MW_COSEM_PROOF_MAX] = {MW_COSEM_OCTET_STRING};
    size_t n = 0;
    mw_status made = own_proof(s, theirs, ours, (mw_span){proof + 2, MW_COSEM_PROOF_MAX}, &n);
    if (made != MW_OK)
        return fail(s, MW_COSEM_FAULT_PROTOCOL, made);
    proof[1] = (uint8_t)n;
    mw_cosem_apdu reply = {.kind = MW_COSEM_ACTION_REQUEST,
                           .invoke = invoke(s),
                           .item = {.class_id = 15,
                                    .name = CURRENT_ASSOCIATION,
                                    .member = 1,
                                    .has_data = true,
                                    .data = {proof, 2 + n}}};
    mw_cosem_apdu a;
    MW_TRY(ask(s, &reply, &a));
    if (a.kind != MW_COSEM_ACTION_RESPONSE || a.item.result != 0 || a.item.data.n < 2)
        return fail(s, not_believed(s), MW_AUTH);
    mw_cosem_cursor c = mw_cosem_cursor_of(a.item.data, 0);
    mw_cosem_value v;
    if (mw_cosem_cursor_next(&c, &v) != MW_OK || v.tag != MW_COSEM_OCTET_STRING ||
        meters_proof(s, theirs, ours, v.bytes) != MW_OK)
        return fail(s, not_believed(s), MW_AUTH);
    return MW_OK;
}

mw_status mw_cosem_session_open(mw_cosem_session *s) {
    bool high = s->c.mechanism > MW_COSEM_MECHANISM_LOW;
    uint8_t given[CHALLENGE_MAX], theirs[64], room[96];
    mw_slice challenge = {given, s->c.prover != NULL ? s->c.prover->mechanism->challenge_bytes
                                                     : (size_t)CHALLENGE};
    mw_cosem_associate r = {.context =
                                s->c.ciphered ? MW_COSEM_CONTEXT_LN_CIPHERED : MW_COSEM_CONTEXT_LN};
    s->open = false;
    s->fault = MW_COSEM_FAULT_NONE;
    s->meter_counter = 0;
    s->conformance = 0;
    if (s->c.ciphered || high)
        r.title = MW_SLICE_OF(s->c.title.b);
    if (s->c.mechanism != MW_COSEM_MECHANISM_NONE) {
        r.has_authentication = r.has_mechanism = r.has_value = true;
        r.mechanism = s->c.mechanism;
        r.value = s->c.password;
    }
    if (high) {
        s->c.random(s->c.context, (mw_span){given, challenge.n});
        r.value = challenge;
    }
    MW_TRY(initiate(s, room, &r.user));
    size_t n = 0;
    mw_slice answer;
    mw_cosem_associate a;
    MW_TRY(mw_cosem_associate_encode(&r, s->c.request, &n));
    MW_TRY(carry(s, (mw_slice){s->c.request.p, n}, &answer));
    if (answer.p[0] == 0xD8) { /* no client of this number may associate, unless it says more */
        mw_status told = exception(s, answer);
        return s->fault == MW_COSEM_FAULT_REFUSED ? fail(s, MW_COSEM_FAULT_WRONG_SAP, told) : told;
    }
    mw_status status = mw_cosem_associate_decode(answer, &a);
    if (status != MW_OK || !a.response)
        return fail(s, MW_COSEM_FAULT_PROTOCOL, status == MW_OK ? MW_SYNTAX : status);
    if (a.result != MW_COSEM_ACCEPTED)
        return refused(s, &a);
    s->has_meter = a.title.n == sizeof s->meter.b;
    if (s->has_meter)
        memcpy(s->meter.b, a.title.p, a.title.n);
    if (high && (!a.has_value || a.value.n > sizeof theirs || a.value.n < 8 ||
                 mw_slice_equal(a.value, challenge)))
        return fail(s, MW_COSEM_FAULT_PROTOCOL, MW_SYNTAX);
    mw_slice value = {theirs, high ? a.value.n : 0};
    if (high)
        memcpy(theirs, a.value.p, a.value.n);
    MW_TRY(take_initiate(s, a.user));
    if (high)
        MW_TRY(prove(s, value, challenge));
    s->open = true;
    return MW_OK;
}

void mw_cosem_session_close(mw_cosem_session *s) {
    mw_cosem_release r = {.has_reason = true};
    uint8_t room[96];
    size_t n = 0;
    mw_slice answer;
    if (!s->open)
        return;
    s->open = false;
    if (s->c.ciphered && initiate(s, room, &r.user) != MW_OK)
        return;
    if (mw_cosem_release_encode(&r, s->c.request, &n) == MW_OK)
        (void)carry(s, (mw_slice){s->c.request.p, n}, &answer);
}

/* ---- Services ---- */

static mw_status result_of(mw_cosem_session *s, const mw_cosem_item *i) {
    s->result = i->has_result ? i->result : 0;
    return s->result == 0 ? MW_OK : fail(s, MW_COSEM_FAULT_REFUSED, MW_NOT_FOUND);
}

/* Takes what a GET yields: in one piece or in blocks. */
static mw_status gather(mw_cosem_session *s, mw_cosem_apdu *a, mw_span out, size_t *out_size) {
    size_t n = 0;
    uint32_t block = 0;
    while (a->kind == MW_COSEM_GET_RESPONSE_BLOCK) {
        if (a->item.has_result && !a->item.has_data)
            return result_of(s, &a->item);
        if (a->block != ++block)
            return fail(s, MW_COSEM_FAULT_PROTOCOL, MW_SYNTAX);
        if (a->item.data.n > out.n - n)
            return fail(s, MW_COSEM_FAULT_NONE, MW_SPACE);
        memcpy(out.p + n, a->item.data.p, a->item.data.n);
        n += a->item.data.n;
        if (a->last) {
            *out_size = n;
            return MW_OK;
        }
        mw_cosem_apdu next = {
            .kind = MW_COSEM_GET_REQUEST_NEXT, .invoke = a->invoke, .block = block};
        MW_TRY(ask(s, &next, a));
    }
    return fail(s, MW_COSEM_FAULT_PROTOCOL, MW_SYNTAX);
}

mw_status mw_cosem_session_get(mw_cosem_session *s, const mw_cosem_item *what, mw_span out,
                               size_t *out_size) {
    mw_cosem_apdu a, get = {.kind = MW_COSEM_GET_REQUEST, .invoke = invoke(s), .item = *what};
    get.item.has_data = false;
    s->result = 0;
    MW_TRY(ask(s, &get, &a));
    if (a.kind != MW_COSEM_GET_RESPONSE)
        return gather(s, &a, out, out_size);
    if (!a.item.has_data)
        return result_of(s, &a.item);
    if (a.item.data.n > out.n)
        return MW_SPACE;
    memcpy(out.p, a.item.data.p, a.item.data.n);
    *out_size = a.item.data.n;
    return MW_OK;
}

mw_status mw_cosem_session_get_list(mw_cosem_session *s, mw_cosem_item *items, size_t count,
                                    mw_span out) {
    mw_cosem_apdu a = {.kind = MW_COSEM_GET_REQUEST_LIST, .invoke = invoke(s), .count = count};
    mw_cosem_out o = mw_cosem_out_of(s->c.request, 0);
    mw_cosem_put_u8(&o, mw_cosem_apdu_info_of(a.kind)->tag);
    mw_cosem_put_u8(&o, mw_cosem_apdu_info_of(a.kind)->type);
    mw_cosem_put_u8(&o, (uint8_t)a.invoke);
    mw_cosem_put_length(&o, count);
    for (size_t i = 0; i < count; i++)
        mw_cosem_item_put(&o, "D", &items[i]);
    if (mw_cosem_out_end(&o) != MW_OK || o.at > s->meter_pdu)
        return MW_SPACE;
    MW_TRY(ask_bytes(s, mw_cosem_out_done(&o), &a));
    mw_slice list = a.list;
    size_t n = 0;
    if (a.kind == MW_COSEM_GET_RESPONSE_BLOCK) {
        MW_TRY(gather(s, &a, out, &n));
        mw_reader r = mw_reader_of((mw_slice){out.p, n});
        a.count = mw_cosem_read_length(&r);
        list = (mw_slice){out.p + r.at, n - r.at};
        a.kind = MW_COSEM_GET_RESPONSE_LIST;
    } else if (a.kind == MW_COSEM_GET_RESPONSE_LIST) {
        if (list.n > out.n)
            return MW_SPACE;
        memcpy(out.p, list.p, list.n);
        list.p = out.p;
    }
    a.list = list;
    mw_cosem_items i = mw_cosem_items_of(&a, s->c.quirks);
    if (a.kind != MW_COSEM_GET_RESPONSE_LIST || a.count != count)
        return fail(s, MW_COSEM_FAULT_PROTOCOL, MW_SYNTAX);
    for (size_t k = 0; k < count; k++) {
        mw_cosem_item got;
        if (mw_cosem_items_next(&i, &got) != MW_OK)
            return fail(s, MW_COSEM_FAULT_PROTOCOL, MW_SYNTAX);
        items[k].has_data = got.has_data;
        items[k].data = got.data;
        items[k].has_result = got.has_result;
        items[k].result = got.result;
    }
    return MW_OK;
}

/* A value that does not fit the meter's PDU: first block with the attribute, then the others. */
static mw_status set_blocks(mw_cosem_session *s, const mw_cosem_item *what, size_t each) {
    mw_slice left = what->data;
    uint32_t id = invoke(s), block = 0;
    for (;;) {
        size_t n = left.n < each ? left.n : each;
        block++;
        mw_cosem_apdu a,
            set = {.kind = block == 1 ? MW_COSEM_SET_REQUEST_FIRST : MW_COSEM_SET_REQUEST_BLOCK,
                   .invoke = id,
                   .block = block,
                   .last = n == left.n,
                   .item = *what};
        set.item.data = (mw_slice){left.p, n};
        set.item.has_data = true;
        MW_TRY(ask(s, &set, &a));
        left = (mw_slice){left.p + n, left.n - n};
        if (a.kind == MW_COSEM_SET_RESPONSE_BLOCK && left.n != 0)
            continue;
        return a.kind == MW_COSEM_SET_RESPONSE_LAST || a.kind == MW_COSEM_SET_RESPONSE
                   ? result_of(s, &a.item)
                   : fail(s, MW_COSEM_FAULT_PROTOCOL, MW_SYNTAX);
    }
}

mw_status mw_cosem_session_set(mw_cosem_session *s, const mw_cosem_item *what) {
    mw_cosem_apdu a, set = {.kind = MW_COSEM_SET_REQUEST, .invoke = invoke(s), .item = *what};
    size_t most = s->meter_pdu < s->c.request.n ? s->meter_pdu : s->c.request.n;
    size_t overhead = MW_COSEM_CIPHER_OVERHEAD + 32;
    bool in_general = general(s) && what->data.n + overhead <= s->c.request.n;
    if (what->data.n + overhead > most && !in_general)
        return set_blocks(s, what, most - overhead);
    set.item.has_data = true;
    MW_TRY(ask(s, &set, &a));
    return a.kind == MW_COSEM_SET_RESPONSE ? result_of(s, &a.item)
                                           : fail(s, MW_COSEM_FAULT_PROTOCOL, MW_SYNTAX);
}

mw_status mw_cosem_session_act(mw_cosem_session *s, const mw_cosem_item *what, mw_span out,
                               size_t *out_size) {
    mw_cosem_apdu a, act = {.kind = MW_COSEM_ACTION_REQUEST, .invoke = invoke(s), .item = *what};
    *out_size = 0;
    MW_TRY(ask(s, &act, &a));
    if (a.kind != MW_COSEM_ACTION_RESPONSE)
        return fail(s, MW_COSEM_FAULT_PROTOCOL, MW_SYNTAX);
    MW_TRY(result_of(s, &a.item));
    if (a.item.data.n > out.n)
        return MW_SPACE;
    if (a.item.has_data)
        memcpy(out.p, a.item.data.p, a.item.data.n);
    *out_size = a.item.has_data ? a.item.data.n : 0;
    return MW_OK;
}

mw_slice mw_cosem_select_range(mw_span room, const uint8_t from[12], const uint8_t to[12]) {
    mw_cosem_out o = mw_cosem_out_of(room, 0);
    mw_cosem_put_structure(&o, 4);
    mw_cosem_put_structure(&o, 4);
    mw_cosem_put_int(&o, MW_COSEM_UINT16, 8);
    mw_cosem_put_obis(&o, MW_OBIS(0, 0, 1, 0, 0, 255));
    mw_cosem_put_int(&o, MW_COSEM_INT8, 2);
    mw_cosem_put_int(&o, MW_COSEM_UINT16, 0);
    mw_cosem_put_octets(&o, (mw_slice){from, 12});
    mw_cosem_put_octets(&o, (mw_slice){to, 12});
    mw_cosem_put_array(&o, 0);
    return mw_cosem_out_done(&o);
}

mw_slice mw_cosem_select_entries(mw_span room, uint32_t from, uint32_t to) {
    mw_cosem_out o = mw_cosem_out_of(room, 0);
    mw_cosem_put_structure(&o, 4);
    mw_cosem_put_int(&o, MW_COSEM_UINT32, from);
    mw_cosem_put_int(&o, MW_COSEM_UINT32, to);
    mw_cosem_put_int(&o, MW_COSEM_UINT16, 1);
    mw_cosem_put_int(&o, MW_COSEM_UINT16, 0);
    return mw_cosem_out_done(&o);
}
