/* SPDX-License-Identifier: Apache-2.0
 * General block transfer at the server (IEC 62056-5-3 clause 9.3.5): requests put together, answers
 * cut, windows, lost blocks sent again. */
#include <string.h>

#include "protocols/cosem/server_internal.h"

#define OFFERED_WINDOW 16 /* general blocks that a client may send in a row */

static bool agreed(const mw_cosem_association *a) {
    return (a->conformance & MW_COSEM_CONFORMANCE(MW_COSEM_CAN_GENERAL_BLOCK)) != 0;
}

static bool inside(mw_slice s, mw_span memory) {
    return s.n != 0 && s.p >= memory.p && s.p < memory.p + memory.n;
}

mw_span mw_cosem_whole_room(const mw_cosem_association *a, mw_slice request, size_t *out_at) {
    mw_span m = a->gather.memory;
    *out_at = 0;
    if (!agreed(a) || a->state != MW_COSEM_OPEN || a->gathering != 0 || inside(request, m))
        return (mw_span){0};
    if (!a->client->ciphered)
        return m;
    if (m.n / 2 <= MW_COSEM_CIPHER_OVERHEAD)
        return (mw_span){0};
    *out_at = m.n / 2; /* below it, the same sealed */
    return (mw_span){m.p + m.n / 2, m.n / 2 - MW_COSEM_CIPHER_OVERHEAD};
}

/* One block of an answer that is made anew: straight to its place behind the header. */
static mw_status emit_rerun(mw_cosem_server *s, mw_cosem_association *a, mw_cosem_apdu *head,
                            size_t from, size_t n, mw_span out, size_t *out_size) {
    mw_cosem_apdu get;
    MW_TRY(mw_cosem_apdu_decode((mw_slice){a->request, a->request_n}, 0, &get));
    mw_cosem_out value = mw_cosem_out_of((mw_span){out.p + MW_COSEM_GENERAL_HEADER, n}, from);
    mw_cosem_stream_answer(s, a, &get, &value);
    head->item.data = mw_cosem_out_done(&value);
    uint8_t header[MW_COSEM_GENERAL_HEADER];
    mw_cosem_out o = mw_cosem_out_of((mw_span){header, sizeof header}, 0);
    mw_cosem_apdu_put(&o, head);
    size_t header_n = o.at - head->item.data.n;
    memmove(out.p + header_n, head->item.data.p, head->item.data.n);
    memcpy(out.p, header, header_n);
    *out_size = header_n + head->item.data.n;
    return MW_OK;
}

static mw_status emit(mw_cosem_server *s, mw_cosem_association *a, mw_span out, size_t *out_size) {
    mw_cosem_apdu head;
    size_t from = 0, n = 0;
    MW_TRY(mw_cosem_general_plan(&a->sender, &head, &from, &n));
    if (n + MW_COSEM_GENERAL_HEADER > out.n)
        return MW_SPACE;
    if (!a->rerun)
        return mw_cosem_general_next(&a->sender, out, out_size);
    MW_TRY(emit_rerun(s, a, &head, from, n, out, out_size));
    a->sender.next++;
    return MW_OK;
}

mw_status mw_cosem_general_begin(mw_cosem_server *s, mw_cosem_association *a, size_t at, size_t n,
                                 mw_span out, size_t *out_size) {
    size_t most = a->max_pdu < out.n ? a->max_pdu : out.n;
    a->rerun = at == SIZE_MAX;
    mw_slice whole = {a->gather.memory.p + (a->rerun ? 0 : at), n};
    a->whole_n = 0;
    MW_TRY(mw_cosem_general_send(&a->sender, whole, most - MW_COSEM_GENERAL_HEADER, 1));
    a->sender.offers = s->streaming ? OFFERED_WINDOW : 1;
    a->sender.peer_block = a->taken;
    a->sending = true;
    return emit(s, a, out, out_size);
}

/* The client has blocks up to a number, and says how many it takes in a row. */
static mw_status acknowledged(mw_cosem_server *s, mw_cosem_association *a, const mw_cosem_apdu *r,
                              mw_span out, size_t *out_size) {
    a->sender.peer_block = r->block;
    a->sender.window = s->streaming && r->window > 1 ? r->window : 1;
    if (mw_cosem_general_acknowledge(&a->sender, r->acknowledged) != MW_OK) {
        a->sending = false;
        return mw_cosem_refuse(1, 3, 0, out, out_size); /* it claims what was never sent */
    }
    mw_status sent = emit(s, a, out, out_size);
    if (sent == MW_NOT_FOUND) { /* it has all */
        a->sending = false;
        return MW_OK;
    }
    return sent == MW_AGAIN ? MW_OK : sent;
}

/* The request is complete: served as if it had come at once, and answered in general blocks. */
static mw_status complete(mw_cosem_server *s, mw_cosem_association *a, mw_span out,
                          size_t *out_size) {
    mw_slice request = mw_cosem_gather_done(&a->gather);
    a->receiving = false;
    if (request.n == 0 || request.p[0] == 0xE0)
        return mw_cosem_refuse(1, 3, 0, out, out_size);
    if (request.n <= sizeof a->request) { /* the memory is free for the answer */
        memcpy(a->request, request.p, request.n);
        request.p = a->request;
    }
    size_t n = 0;
    MW_TRY(mw_cosem_server_dispatch(s, a, request, out, &n));
    *out_size = n;
    if (a->sending || n == 0)
        return MW_OK;
    if (n + MW_COSEM_GENERAL_HEADER > out.n || n + MW_COSEM_GENERAL_HEADER > a->max_pdu)
        return MW_OK; /* as it is: it fits one PDU, but not with another header */
    mw_cosem_apdu head = mw_cosem_general_ack(s->streaming ? OFFERED_WINDOW : 1, 1, a->taken);
    uint8_t header[MW_COSEM_GENERAL_HEADER];
    mw_cosem_out o = mw_cosem_out_of((mw_span){header, sizeof header}, 0);
    head.item.data = (mw_slice){out.p, n};
    mw_cosem_apdu_put(&o, &head);
    size_t header_n = o.at - n;
    memmove(out.p + header_n, out.p, n);
    memcpy(out.p, header, header_n);
    *out_size = header_n + n;
    return MW_OK;
}

mw_status mw_cosem_server_general(mw_cosem_server *s, mw_cosem_association *a, mw_slice apdu,
                                  mw_span out, size_t *out_size) {
    mw_cosem_apdu r;
    if (!agreed(a) || mw_cosem_apdu_decode(apdu, 0, &r) != MW_OK)
        return mw_cosem_refuse(1, agreed(a) ? 3 : 2, 0, out, out_size);
    if (a->sending && r.item.data.n == 0)
        return acknowledged(s, a, &r, out, out_size);
    a->sending = false;
    if (!a->receiving) {
        mw_cosem_gather_init(&a->gather, a->gather.memory);
        a->gathering = 0;
        a->receiving = true;
        a->taken = 0;
    }
    mw_status taken = mw_cosem_gather_take(&a->gather, r.block, r.last, r.item.data);
    if (a->gather.started && a->gather.next != 0)
        a->taken = a->gather.next - 1;
    if (taken == MW_OK)
        return complete(s, a, out, out_size);
    if (taken == MW_SPACE || taken == MW_STATE) {
        a->receiving = false;
        return mw_cosem_refuse(1, 3, 0, out, out_size);
    }
    if (r.streaming) /* more come before an answer is due */
        return MW_OK;
    mw_cosem_apdu ack = mw_cosem_general_ack(s->streaming ? OFFERED_WINDOW : 1, r.block, a->taken);
    ack.last = false;
    return mw_cosem_apdu_encode(&ack, out, out_size);
}

mw_status mw_cosem_server_more(mw_cosem_server *s, uint8_t sap, mw_span out, size_t *out_size) {
    *out_size = 0;
    for (size_t i = 0; i < s->device->client_count; i++) {
        mw_cosem_association *a = &s->associations[i];
        if (s->device->clients[i].sap != sap || !s->streaming || !a->sending)
            continue;
        mw_status sent = emit(s, a, out, out_size);
        return sent == MW_AGAIN ? MW_NOT_FOUND : sent;
    }
    return MW_NOT_FOUND;
}
