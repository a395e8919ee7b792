/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/cosem/server.h"

#include <string.h>

#include "base/assert.h"
#include "protocols/cosem/server_internal.h"

void mw_cosem_server_init(mw_cosem_server *s, const mw_cosem_device *device,
                          mw_cosem_association *associations, mw_span plain, mw_span gather) {
    mw_assert(device->max_pdu >= 128 && plain.n >= device->max_pdu && device->client_count > 0);
    *s = (mw_cosem_server){.device = device, .associations = associations, .plain = plain};
    size_t each = gather.n / device->client_count;
    for (size_t i = 0; i < device->client_count; i++) {
        mw_cosem_association *a = &associations[i];
        memset(a, 0, sizeof *a);
        a->client = &device->clients[i];
        mw_cosem_gather_init(&a->gather, (mw_span){gather.p + i * each, each});
    }
}

static mw_cosem_association *association_of(const mw_cosem_server *s, uint8_t sap) {
    for (size_t i = 0; i < s->device->client_count; i++)
        if (s->device->clients[i].sap == sap)
            return &s->associations[i];
    return NULL;
}

void mw_cosem_association_reset(mw_cosem_association *a) {
    a->state = MW_COSEM_CLOSED;
    a->request_n = 0;
    a->gathering = 0;
    a->theirs_n = 0;
    a->receiving = a->sending = a->rerun = false;
    a->whole_n = 0;
    memset(a->ours, 0, sizeof a->ours);
}

void mw_cosem_server_close(mw_cosem_server *s, uint8_t sap) {
    mw_cosem_association *a = association_of(s, sap);
    if (a != NULL)
        mw_cosem_association_reset(a);
}

void mw_cosem_happen(const mw_cosem_server *s, const mw_cosem_client *c, mw_cosem_happening what) {
    if (s->device->happened != NULL)
        s->device->happened(s->device->device, c, what);
}

mw_status mw_cosem_refuse(uint8_t state_error, uint8_t service_error, uint32_t counter, mw_span out,
                          size_t *out_size) {
    mw_cosem_apdu refusal = {.kind = MW_COSEM_EXCEPTION_RESPONSE,
                             .state_error = state_error,
                             .service_error = service_error,
                             .counter = counter};
    return mw_cosem_apdu_encode(&refusal, out, out_size);
}

enum { /* exception-response, clause 9.5 */
       STATE_NOT_ALLOWED = 1,
       STATE_UNKNOWN = 2,
       ERROR_OPERATION = 1,
       ERROR_UNSUPPORTED = 2,
       ERROR_DECIPHERING = 5,
       ERROR_COUNTER = 6,
};
enum { GENERAL_BLOCK = 0xE0 };

/* Opens a ciphered request into s->plain. On failure writes the exception and returns false. */
static bool open_request(mw_cosem_server *s, mw_cosem_association *a, mw_slice apdu,
                         mw_slice *out_plain, mw_span out, size_t *out_size,
                         mw_status *out_status) {
    const mw_cosem_device *d = s->device;
    mw_cosem_ciphered c;
    size_t n = 0;
    *out_status = mw_cosem_ciphered_decode(apdu, &c);
    if (*out_status != MW_OK || d->keys == NULL ||
        (c.title.n != 0 && memcmp(c.title.p, a->title.b, sizeof a->title.b) != 0)) {
        *out_status = mw_cosem_refuse(STATE_UNKNOWN, ERROR_DECIPHERING, 0, out, out_size);
        return false;
    }
    uint32_t least = d->least_counter(d->device, a->client);
    mw_cosem_open_options options = {.least_counter = least,
                                     .required = a->client->required | MW_COSEM_SC_AUTHENTICATED};
    mw_status opened = mw_cosem_unprotect(d->keys, &a->title, &c, &options, s->plain, &n);
    if (opened == MW_OK)
        opened = d->counter_seen(d->device, a->client, c.counter);
    if (opened != MW_OK) {
        bool old = opened == MW_REPLAY;
        mw_cosem_happen(s, a->client, old ? MW_COSEM_OLD_COUNTER : MW_COSEM_WRONG_KEY);
        *out_status = mw_cosem_refuse(STATE_UNKNOWN, old ? ERROR_COUNTER : ERROR_DECIPHERING, least,
                                      out, out_size);
        return false;
    }
    a->form = c.form;
    *out_plain = (mw_slice){s->plain.p, n};
    return true;
}

/* Serves a ciphered request: the plain response is written into out's end and sealed into its
 * begin, so that neither needs memory of its own. */
static mw_status serve_ciphered(mw_cosem_server *s, mw_cosem_association *a, mw_slice apdu,
                                mw_span out, size_t *out_size) {
    mw_slice plain;
    mw_status status;
    if (!open_request(s, a, apdu, &plain, out, out_size, &status))
        return status;
    /* The request stands in s->plain while it is served; the response goes to the upper half. */
    size_t most = a->max_pdu < out.n / 2 ? a->max_pdu : out.n / 2;
    if (most < MW_COSEM_CIPHER_OVERHEAD + 32)
        return MW_SPACE;
    mw_span answer = {out.p + out.n / 2, most - MW_COSEM_CIPHER_OVERHEAD};
    size_t n = 0;
    MW_TRY(mw_cosem_server_serve(s, a, plain, answer, &n));
    *out_size = 0;
    mw_slice whole = {answer.p, n};
    mw_span room = {out.p, out.n / 2};
    if (a->whole_n != 0) { /* sealed into the lower part of the memory that holds it */
        whole = (mw_slice){a->gather.memory.p + a->whole_at, a->whole_n};
        room = (mw_span){a->gather.memory.p, a->whole_at};
    }
    if (whole.n == 0)
        return MW_OK;
    if (whole.p[0] == mw_cosem_apdu_info_of(MW_COSEM_EXCEPTION_RESPONSE)->tag) {
        memmove(out.p, whole.p, whole.n); /* has no sealed form of its own */
        *out_size = whole.n;
        return MW_OK;
    }
    uint32_t counter;
    MW_TRY(s->device->next_counter(s->device->device, &counter));
    MW_TRY(mw_cosem_protect(s->device->keys, a->form,
                            MW_COSEM_SC_AUTHENTICATED | MW_COSEM_SC_ENCRYPTED, &s->device->title,
                            counter, whole, room, &n));
    *out_size = n;
    return a->whole_n != 0 ? mw_cosem_general_begin(s, a, 0, n, out, out_size) : MW_OK;
}

size_t mw_cosem_plain_most(const mw_cosem_association *a, mw_span out) {
    size_t most = a->max_pdu - (a->client->ciphered ? (size_t)MW_COSEM_CIPHER_OVERHEAD : 0);
    return most < out.n ? most : out.n;
}

mw_status mw_cosem_server_dispatch(mw_cosem_server *s, mw_cosem_association *a, mw_slice apdu,
                                   mw_span out, size_t *out_size) {
    bool ciphered = mw_cosem_tag_is_ciphered(apdu.p[0]);
    a->whole_n = 0;
    if (a->client->ciphered && !ciphered)
        return mw_cosem_refuse(STATE_NOT_ALLOWED, ERROR_DECIPHERING, 0, out, out_size);
    if (ciphered)
        return a->client->ciphered
                   ? serve_ciphered(s, a, apdu, out, out_size)
                   : mw_cosem_refuse(STATE_UNKNOWN, ERROR_DECIPHERING, 0, out, out_size);
    MW_TRY(
        mw_cosem_server_serve(s, a, apdu, (mw_span){out.p, mw_cosem_plain_most(a, out)}, out_size));
    return a->whole_n != 0 ? mw_cosem_general_begin(s, a, a->whole_at, a->whole_n, out, out_size)
                           : MW_OK;
}

mw_status mw_cosem_server_take(mw_cosem_server *s, uint8_t sap, mw_slice apdu, mw_span out,
                               size_t *out_size) {
    *out_size = 0;
    if (out.n < 128)
        return MW_SPACE;
    mw_cosem_association *a = association_of(s, sap);
    if (a == NULL)
        return MW_NOT_FOUND;
    if (apdu.n == 0)
        return MW_OK;
    if (apdu.p[0] == MW_COSEM_AARQ_TAG)
        return mw_cosem_server_associate(s, a, apdu, out, out_size);
    if (apdu.p[0] == MW_COSEM_RLRQ_TAG)
        return mw_cosem_server_release(s, a, apdu, out, out_size);
    if (a->state == MW_COSEM_CLOSED)
        return mw_cosem_refuse(STATE_NOT_ALLOWED, ERROR_OPERATION, 0, out, out_size);
    if (apdu.p[0] == GENERAL_BLOCK)
        return mw_cosem_server_general(s, a, apdu, out, out_size);
    a->receiving = a->sending = false;
    a->taken = 0;
    return mw_cosem_server_dispatch(s, a, apdu, out, out_size);
}
