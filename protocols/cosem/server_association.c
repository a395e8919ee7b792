/* SPDX-License-Identifier: Apache-2.0
 * Opening and closing associations, and class 15, the association as its client sees it. */
#include <string.h>

#include "protocols/cosem/server_internal.h"

#define MAX_PDU_LEAST 64 /* a client that takes less cannot be answered */
#define DLMS_VERSION  6
#define VAA_NAME_LN   7
#define VERSION       2 /* of class 15 */
#define ATTRIBUTES    11
#define METHODS       6

enum { STATE_UNKNOWN = 2, ERROR_COUNTER = 6 }; /* exception-response */

static uint8_t context_of(const mw_cosem_client *c) {
    return c->ciphered ? MW_COSEM_CONTEXT_LN_CIPHERED : MW_COSEM_CONTEXT_LN;
}

static mw_status reject_with(mw_cosem_association *a, uint8_t diagnostic, mw_slice user,
                             mw_span out, size_t *out_size) {
    mw_cosem_association_reset(a);
    mw_cosem_associate answer = {.response = true,
                                 .context = context_of(a->client),
                                 .result = MW_COSEM_REJECTED,
                                 .diagnostic = diagnostic,
                                 .user = user};
    return mw_cosem_associate_encode(&answer, out, out_size);
}

static mw_status reject(mw_cosem_association *a, uint8_t diagnostic, mw_span out,
                        size_t *out_size) {
    return reject_with(a, diagnostic, (mw_slice){0}, out, out_size);
}

/* Who asks is known, but what it proposes cannot be: the error tells which part of it. */
static mw_status reject_initiate(mw_cosem_association *a, uint8_t error, mw_span out,
                                 size_t *out_size) {
    mw_cosem_service_error e = {.service = MW_COSEM_SERVICE_INITIATE,
                                .error_class = MW_COSEM_ERROR_CLASS_INITIATE,
                                .error = error};
    uint8_t room[8];
    size_t n = 0;
    MW_TRY(mw_cosem_service_error_encode(&e, MW_SPAN_OF(room), &n));
    return reject_with(a, MW_COSEM_DIAGNOSTIC_NO_REASON, (mw_slice){room, n}, out, out_size);
}

/* 0: what the client proposes is possible. */
static uint8_t initiate_error(const mw_cosem_client *c, const mw_cosem_initiate *i) {
    if (i->version < DLMS_VERSION)
        return MW_COSEM_INITIATE_VERSION_LOW;
    if ((i->conformance & c->conformance) == 0)
        return MW_COSEM_INITIATE_INCOMPATIBLE;
    return i->max_pdu != 0 && i->max_pdu < MAX_PDU_LEAST ? MW_COSEM_INITIATE_PDU_TOO_SHORT : 0;
}

/* The initiate request inside an AARQ, opened when it is ciphered. */
static mw_status initiate_of(mw_cosem_server *s, mw_cosem_association *a, mw_slice user,
                             mw_cosem_initiate *out_i) {
    const mw_cosem_device *d = s->device;
    if (!a->client->ciphered)
        return mw_cosem_initiate_decode(user, out_i);
    mw_cosem_ciphered c;
    size_t n = 0;
    MW_TRY(mw_cosem_ciphered_decode(user, &c));
    mw_cosem_open_options options = {.least_counter = d->least_counter(d->device, a->client),
                                     .required = a->client->required | MW_COSEM_SC_AUTHENTICATED};
    mw_status opened = mw_cosem_unprotect(d->keys, &a->title, &c, &options, s->plain, &n);
    if (opened != MW_OK) {
        mw_cosem_happen(s, a->client,
                        opened == MW_REPLAY ? MW_COSEM_OLD_COUNTER : MW_COSEM_WRONG_KEY);
        return opened;
    }
    MW_TRY(d->counter_seen(d->device, a->client, c.counter));
    return mw_cosem_initiate_decode((mw_slice){s->plain.p, n}, out_i);
}

/* The initiate response, sealed when the association is. */
static mw_status initiate_answer(const mw_cosem_server *s, const mw_cosem_association *a,
                                 mw_span room, mw_slice *out_user) {
    mw_cosem_initiate i = {.response = true,
                           .version = DLMS_VERSION,
                           .conformance = a->conformance,
                           .max_pdu = s->device->max_pdu,
                           .vaa_name = VAA_NAME_LN};
    uint8_t plain[32];
    size_t n = 0;
    if (!a->client->ciphered) {
        MW_TRY(mw_cosem_initiate_encode(&i, room, &n));
    } else {
        uint32_t counter;
        size_t plain_n = 0;
        MW_TRY(mw_cosem_initiate_encode(&i, (mw_span){plain, sizeof plain}, &plain_n));
        MW_TRY(s->device->next_counter(s->device->device, &counter));
        MW_TRY(mw_cosem_protect(s->device->keys, MW_COSEM_GLO,
                                MW_COSEM_SC_AUTHENTICATED | MW_COSEM_SC_ENCRYPTED,
                                &s->device->title, counter, (mw_slice){plain, plain_n}, room, &n));
    }
    *out_user = (mw_slice){room.p, n};
    return MW_OK;
}

#define GMAC_CHALLENGE 16

static bool is_high(const mw_cosem_client *c) {
    return c->mechanism > MW_COSEM_MECHANISM_LOW;
}

/* NULL: GMAC, or nothing that this device can. */
static const mw_cosem_prover *prover_of(const mw_cosem_device *d, const mw_cosem_client *c) {
    for (size_t i = 0; i < d->prover_count; i++)
        if (d->provers[i].mechanism->id == c->mechanism)
            return &d->provers[i];
    return NULL;
}

/* Who the client is: 0, or why not. Leaves the state half open for HLS, open otherwise. */
static uint8_t authenticate(mw_cosem_server *s, mw_cosem_association *a,
                            const mw_cosem_associate *r) {
    const mw_cosem_client *c = a->client;
    uint8_t mechanism = r->has_mechanism ? r->mechanism : MW_COSEM_MECHANISM_NONE;
    if (mechanism != c->mechanism)
        return mechanism == MW_COSEM_MECHANISM_NONE ? MW_COSEM_DIAGNOSTIC_MECHANISM_REQUIRED
                                                    : MW_COSEM_DIAGNOSTIC_MECHANISM_UNKNOWN;
    if (c->mechanism == MW_COSEM_MECHANISM_LOW &&
        (!r->has_value || !s->device->password(s->device->device, c, r->value))) {
        mw_cosem_happen(s, c, MW_COSEM_WRONG_PASSWORD);
        return MW_COSEM_DIAGNOSTIC_AUTHENTICATION_FAILED;
    }
    if (is_high(c)) {
        const mw_cosem_prover *p = prover_of(s->device, c);
        if (p == NULL && c->mechanism != MW_COSEM_MECHANISM_HIGH_GMAC)
            return MW_COSEM_DIAGNOSTIC_MECHANISM_UNKNOWN;
        a->ours_n = p != NULL ? p->mechanism->challenge_bytes : GMAC_CHALLENGE;
        if (!r->has_value || r->value.n < 8 || r->value.n > sizeof a->theirs)
            return MW_COSEM_DIAGNOSTIC_AUTHENTICATION_FAILED;
        memcpy(a->theirs, r->value.p, r->value.n);
        a->theirs_n = (uint8_t)r->value.n;
        s->device->random(s->device->device, (mw_span){a->ours, a->ours_n});
    }
    return MW_COSEM_DIAGNOSTIC_NONE;
}

mw_status mw_cosem_server_associate(mw_cosem_server *s, mw_cosem_association *a, mw_slice apdu,
                                    mw_span out, size_t *out_size) {
    const mw_cosem_client *c = a->client;
    mw_cosem_associate r;
    mw_cosem_initiate i;
    mw_cosem_association_reset(a);
    if (mw_cosem_associate_decode(apdu, &r) != MW_OK)
        return reject(a, MW_COSEM_DIAGNOSTIC_NO_REASON, out, out_size);
    if (r.context != context_of(c))
        return reject(a, MW_COSEM_DIAGNOSTIC_CONTEXT, out, out_size);
    bool high = is_high(c), keyed = c->ciphered || c->mechanism == MW_COSEM_MECHANISM_HIGH_GMAC;
    if ((keyed && s->device->keys == NULL) ||
        ((c->ciphered || high) && r.title.n != sizeof a->title.b))
        return reject(a, MW_COSEM_DIAGNOSTIC_NO_REASON, out, out_size);
    if (r.title.n == sizeof a->title.b)
        memcpy(a->title.b, r.title.p, sizeof a->title.b);
    uint8_t diagnostic = authenticate(s, a, &r);
    if (diagnostic != MW_COSEM_DIAGNOSTIC_NONE)
        return reject(a, diagnostic, out, out_size);
    mw_status opened = initiate_of(s, a, r.user, &i);
    if (opened == MW_REPLAY) { /* the client is told which counter is awaited */
        mw_cosem_association_reset(a);
        return mw_cosem_refuse(STATE_UNKNOWN, ERROR_COUNTER,
                               s->device->least_counter(s->device->device, c), out, out_size);
    }
    if (opened != MW_OK || i.response)
        return reject(a, MW_COSEM_DIAGNOSTIC_NO_REASON, out, out_size);
    uint8_t error = initiate_error(c, &i);
    if (error != 0)
        return reject_initiate(a, error, out, out_size);
    a->conformance = i.conformance & c->conformance;
    a->max_pdu = i.max_pdu == 0 ? UINT16_MAX : i.max_pdu;
    /* What this device sends at most, unless the client cannot take it in blocks. */
    if ((a->conformance & MW_COSEM_CONFORMANCE(MW_COSEM_CAN_GET_BLOCK)) &&
        a->max_pdu > s->device->max_pdu)
        a->max_pdu = s->device->max_pdu;
    uint8_t room[64];
    mw_cosem_associate answer = {.response = true,
                                 .context = r.context,
                                 .result = MW_COSEM_ACCEPTED,
                                 .diagnostic = high ? MW_COSEM_DIAGNOSTIC_AUTHENTICATION_REQUIRED
                                                    : MW_COSEM_DIAGNOSTIC_NONE};
    if (c->ciphered || high)
        answer.title = MW_SLICE_OF(s->device->title.b);
    if (high) {
        answer.has_authentication = answer.has_mechanism = answer.has_value = true;
        answer.mechanism = c->mechanism;
        answer.value = (mw_slice){a->ours, a->ours_n};
    }
    MW_TRY(initiate_answer(s, a, (mw_span){room, sizeof room}, &answer.user));
    MW_TRY(mw_cosem_associate_encode(&answer, out, out_size));
    a->state = high ? MW_COSEM_HALF_OPEN : MW_COSEM_OPEN;
    if (!high)
        mw_cosem_happen(s, c, MW_COSEM_ASSOCIATED);
    return MW_OK;
}

mw_status mw_cosem_server_release(mw_cosem_server *s, mw_cosem_association *a, mw_slice apdu,
                                  mw_span out, size_t *out_size) {
    mw_cosem_release r;
    if (mw_cosem_release_decode(apdu, &r) != MW_OK || r.response)
        return MW_OK; /* nothing to release */
    if (a->state == MW_COSEM_OPEN)
        mw_cosem_happen(s, a->client, MW_COSEM_RELEASED);
    mw_cosem_association_reset(a);
    mw_cosem_release answer = {.response = true, .has_reason = true};
    return mw_cosem_release_encode(&answer, out, out_size);
}

static void put_rights(mw_cosem_out *out, unsigned attributes, unsigned methods,
                       const mw_cosem_rights *rights, uint32_t selects) {
    mw_cosem_put_structure(out, 2);
    mw_cosem_put_array(out, attributes);
    for (unsigned n = 1; n <= attributes; n++) {
        bool get = n == 1 || (rights->get >> n & 1), set = rights->set >> n & 1;
        mw_cosem_put_structure(out, 3);
        mw_cosem_put_int(out, MW_COSEM_INT8, n);
        mw_cosem_put_enum(out, (uint8_t)((get ? 1 : 0) | (set ? 2 : 0)));
        if (selects >> n & 1) {
            mw_cosem_put_array(out, 2);
            mw_cosem_put_int(out, MW_COSEM_INT8, 1);
            mw_cosem_put_int(out, MW_COSEM_INT8, 2);
        } else {
            mw_cosem_put_null(out);
        }
    }
    mw_cosem_put_array(out, methods);
    for (unsigned n = 1; n <= methods; n++) {
        mw_cosem_put_structure(out, 2);
        mw_cosem_put_int(out, MW_COSEM_INT8, n);
        mw_cosem_put_enum(out, rights->act >> n & 1);
    }
}

static void put_element(mw_cosem_out *out, uint16_t class_id, uint8_t version, mw_obis name,
                        unsigned attributes, unsigned methods, const mw_cosem_rights *rights,
                        uint32_t selects) {
    mw_cosem_put_structure(out, 4);
    mw_cosem_put_int(out, MW_COSEM_UINT16, class_id);
    mw_cosem_put_int(out, MW_COSEM_UINT8, version);
    mw_cosem_put_octets(out, MW_SLICE_OF(name.b));
    put_rights(out, attributes, methods, rights, selects);
}

static bool visible(const mw_cosem_object *o, uint8_t role) {
    const mw_cosem_rights *r = &o->rights[role];
    return (r->get | r->set | r->act) != 0;
}

static void put_object_list(const mw_cosem_server *s, const mw_cosem_association *a,
                            mw_cosem_out *out) {
    static const mw_cosem_rights own = {.get = 0xf7e, .act = 1u << 1};
    uint8_t role = a->client->role;
    size_t count = 1;
    for (size_t i = 0; i < s->device->object_count; i++)
        count += visible(&s->device->objects[i], role);
    mw_cosem_put_array(out, count);
    put_element(out, MW_COSEM_ASSOCIATION_CLASS, VERSION, MW_COSEM_CURRENT_ASSOCIATION, ATTRIBUTES,
                METHODS, &own, 0);
    for (size_t i = 0; i < s->device->object_count; i++) {
        const mw_cosem_object *o = &s->device->objects[i];
        if (visible(o, role))
            put_element(out, o->class_id, o->version, o->name, o->attributes, o->methods,
                        &o->rights[role], o->selects);
    }
}

/* A name of the DLMS UA's tree, 2.16.756.5.8.branch.leaf, as its bytes. */
static void put_name(mw_cosem_out *out, uint8_t branch, uint8_t leaf) {
    const uint8_t name[7] = {0x60, 0x85, 0x74, 0x05, 0x08, branch, leaf};
    mw_cosem_put_octets(out, MW_SLICE_OF(name));
}

static void put_context_info(const mw_cosem_server *s, const mw_cosem_association *a,
                             mw_cosem_out *out) {
    const uint8_t bits[3] = {(uint8_t)(a->conformance >> 16), (uint8_t)(a->conformance >> 8),
                             (uint8_t)a->conformance};
    mw_cosem_put_structure(out, 6);
    mw_cosem_put_bits(out, bits, 24);
    mw_cosem_put_int(out, MW_COSEM_UINT16, s->device->max_pdu);
    mw_cosem_put_int(out, MW_COSEM_UINT16, a->max_pdu);
    mw_cosem_put_int(out, MW_COSEM_UINT8, DLMS_VERSION);
    mw_cosem_put_int(out, MW_COSEM_INT8, 0);
    mw_cosem_put_octets(out, (mw_slice){NULL, 0});
}

uint8_t mw_cosem_association_get(const mw_cosem_server *s, const mw_cosem_association *a,
                                 const mw_cosem_item *what, mw_cosem_out *out) {
    static const uint8_t setup[6] = {0, 0, 43, 0, 0, 255};
    if (what->selective)
        return MW_COSEM_SCOPE_VIOLATED;
    switch (what->member) {
    case 1:
        mw_cosem_put_obis(out, MW_COSEM_CURRENT_ASSOCIATION);
        return MW_COSEM_DONE;
    case 2:
        put_object_list(s, a, out);
        return MW_COSEM_DONE;
    case 3:
        mw_cosem_put_structure(out, 2);
        mw_cosem_put_int(out, MW_COSEM_INT8, a->client->sap);
        mw_cosem_put_int(out, MW_COSEM_UINT16, 1);
        return MW_COSEM_DONE;
    case 4:
        put_name(out, 1, context_of(a->client));
        return MW_COSEM_DONE;
    case 5:
        put_context_info(s, a, out);
        return MW_COSEM_DONE;
    case 6:
        put_name(out, 2, a->client->mechanism);
        return MW_COSEM_DONE;
    case 7:
        return MW_COSEM_DENIED; /* the secret */
    case 8:
        mw_cosem_put_enum(out, MW_COSEM_OPEN);
        return MW_COSEM_DONE;
    case 9:
        mw_cosem_put_octets(out, MW_SLICE_OF(setup));
        return MW_COSEM_DONE;
    case 10: /* users of this client: none are told apart */
        mw_cosem_put_array(out, 0);
        return MW_COSEM_DONE;
    case 11:
        mw_cosem_put_structure(out, 2);
        mw_cosem_put_int(out, MW_COSEM_UINT8, 0);
        mw_cosem_put_octets(out, (mw_slice){NULL, 0});
        return MW_COSEM_DONE;
    default:
        return MW_COSEM_UNDEFINED;
    }
}

/* The client's proof by GMAC, then ours. The challenge is new each time: that, and not its counter,
 * makes the proof fresh. */
static mw_status gmac(mw_cosem_server *s, mw_cosem_association *a, mw_slice theirs,
                      uint8_t out[MW_COSEM_PROOF_MAX], size_t *out_size) {
    const mw_cosem_device *d = s->device;
    uint32_t counter = 0, mine = 0;
    if (mw_cosem_gmac_verify(d->keys, &a->title, 0, (mw_slice){a->ours, a->ours_n}, theirs,
                             &counter) != MW_OK)
        return MW_AUTH;
    if (counter >= d->least_counter(d->device, a->client))
        MW_TRY(d->counter_seen(d->device, a->client, counter));
    MW_TRY(d->next_counter(d->device, &mine));
    *out_size = MW_COSEM_PROOF_BYTES;
    return mw_cosem_gmac_prove(d->keys, &d->title, mine, (mw_slice){a->theirs, a->theirs_n}, out);
}

static mw_status other_mechanism(mw_cosem_server *s, mw_cosem_association *a,
                                 const mw_cosem_prover *p, mw_slice theirs,
                                 uint8_t out[MW_COSEM_PROOF_MAX], size_t *out_size) {
    mw_slice client_gave = {a->theirs, a->theirs_n}, we_gave = {a->ours, a->ours_n};
    mw_cosem_challenges c = {.sap = a->client->sap,
                             .by_client = true,
                             .prover = &a->title,
                             .verifier = &s->device->title,
                             .asked = we_gave,
                             .own = client_gave};
    if (p->mechanism->verify(p->context, &c, theirs) != MW_OK)
        return MW_AUTH;
    c = (mw_cosem_challenges){.sap = a->client->sap,
                              .prover = &s->device->title,
                              .verifier = &a->title,
                              .asked = client_gave,
                              .own = we_gave};
    return p->mechanism->prove(p->context, &c, (mw_span){out, MW_COSEM_PROOF_MAX}, out_size);
}

/* Method 1, reply_to_HLS_authentication: the client proves, then the server does. */
uint8_t mw_cosem_association_act(mw_cosem_server *s, mw_cosem_association *a,
                                 const mw_cosem_item *what, mw_cosem_out *out) {
    if (what->member != 1 || a->state != MW_COSEM_HALF_OPEN || !what->has_data)
        return MW_COSEM_DENIED;
    mw_cosem_cursor c = mw_cosem_cursor_of(what->data, 0);
    mw_cosem_value v;
    uint8_t proof[MW_COSEM_PROOF_MAX];
    size_t n = 0;
    const mw_cosem_prover *p = prover_of(s->device, a->client);
    mw_status good = mw_cosem_cursor_next(&c, &v);
    if (good != MW_OK || v.tag != MW_COSEM_OCTET_STRING)
        good = MW_AUTH;
    else
        good = p != NULL ? other_mechanism(s, a, p, v.bytes, proof, &n)
                         : gmac(s, a, v.bytes, proof, &n);
    if (good == MW_AUTH) {
        mw_cosem_happen(s, a->client, MW_COSEM_WRONG_PASSWORD);
        mw_cosem_association_reset(a);
        return MW_COSEM_DENIED;
    }
    if (good != MW_OK)
        return MW_COSEM_TEMPORARY_FAILURE;
    mw_cosem_put_octets(out, (mw_slice){proof, n});
    a->state = MW_COSEM_OPEN;
    mw_cosem_happen(s, a->client, MW_COSEM_ASSOCIATED);
    return MW_COSEM_DONE;
}
