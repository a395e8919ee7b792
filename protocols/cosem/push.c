/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/cosem/push.h"

#include "base/assert.h"

#define SECOND  INT64_C(1000000000)
#define ID_MASK 0xFFFFFFu
/* Long-invoke-id-and-priority: bits 23..0 identity, 30 confirmed, 31 priority. */
#define LONG_CONFIRMED 0x40000000u

/* A share of the random time, another one at each call. */
static int64_t some_of(mw_cosem_push *p) {
    p->random = p->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    uint64_t most = (uint64_t)p->config->random_s * 1000;
    return most == 0 ? 0 : (int64_t)((p->random >> 33) % most) * 1000000;
}

void mw_cosem_push_begin(mw_cosem_push *p, const mw_cosem_push_config *config, uint32_t id,
                         mw_mono now, uint64_t random) {
    mw_assert(config->build != NULL && config->memory.n != 0 &&
              (!config->confirmed || config->answer_s != 0));
    *p = (mw_cosem_push){
        .config = config, .state = MW_COSEM_PUSH_WAITING, .id = id & ID_MASK, .random = random};
    p->due.ns = now.ns + some_of(p);
}

static void failed(mw_cosem_push *p, mw_mono now) {
    if (p->attempts > p->config->retries) {
        p->state = MW_COSEM_PUSH_FAILED;
        return;
    }
    p->state = MW_COSEM_PUSH_WAITING;
    p->due.ns = now.ns + p->config->retry_s * SECOND + some_of(p);
}

static mw_status attempt(mw_cosem_push *p, mw_mono now) {
    const mw_cosem_push_config *c = p->config;
    size_t n = 0;
    p->attempts++;
    mw_status built = c->build(c->context, p->id, c->confirmed, c->memory, &n);
    p->apdu = (mw_slice){c->memory.p, n};
    p->in_blocks = c->max_pdu != 0 && n > c->max_pdu;
    if (built == MW_OK && p->in_blocks)
        built = c->max_pdu > MW_COSEM_GENERAL_HEADER
                    ? mw_cosem_general_send(&p->sender, p->apdu,
                                            (size_t)c->max_pdu - MW_COSEM_GENERAL_HEADER, 0)
                    : MW_RANGE;
    if (built == MW_OK)
        p->state = MW_COSEM_PUSH_SENDING;
    else
        failed(p, now);
    return built;
}

mw_status mw_cosem_push_next(mw_cosem_push *p, mw_mono now, mw_span out, size_t *out_size) {
    if (p->state == MW_COSEM_PUSH_AWAITING && now.ns >= p->due.ns)
        failed(p, now);
    if (p->state == MW_COSEM_PUSH_WAITING && now.ns >= p->due.ns)
        MW_TRY(attempt(p, now));
    if (p->state == MW_COSEM_PUSH_WAITING || p->state == MW_COSEM_PUSH_AWAITING)
        return MW_AGAIN;
    if (p->state != MW_COSEM_PUSH_SENDING)
        return MW_NOT_FOUND;
    if (p->in_blocks)
        return mw_cosem_general_next(&p->sender, out, out_size);
    MW_TRY(mw_span_copy(out, p->apdu));
    *out_size = p->apdu.n;
    return MW_OK;
}

void mw_cosem_push_sent(mw_cosem_push *p, bool carried, mw_mono now) {
    if (p->state != MW_COSEM_PUSH_SENDING)
        return;
    if (!carried) {
        failed(p, now);
        return;
    }
    if (p->in_blocks && (size_t)(p->sender.next - 1) * p->sender.block_bytes < p->apdu.n)
        return; /* more blocks */
    p->state = p->config->confirmed ? MW_COSEM_PUSH_AWAITING : MW_COSEM_PUSH_DONE;
    p->due.ns = now.ns + p->config->answer_s * SECOND;
}

mw_status mw_cosem_push_take(mw_cosem_push *p, mw_slice apdu) {
    mw_cosem_apdu a;
    bool waits = p->state == MW_COSEM_PUSH_AWAITING || p->state == MW_COSEM_PUSH_WAITING;
    if (!waits || p->attempts == 0 || !p->config->confirmed ||
        mw_cosem_apdu_decode(apdu, 0, &a) != MW_OK ||
        a.kind != MW_COSEM_DATA_NOTIFICATION_CONFIRM || (a.invoke & ID_MASK) != p->id)
        return MW_NOT_FOUND;
    p->state = MW_COSEM_PUSH_DONE;
    return MW_OK;
}

mw_status mw_cosem_notice_encode(const mw_cosem_notice *n, mw_span out, size_t *out_size) {
    mw_cosem_apdu a = {.kind = MW_COSEM_DATA_NOTIFICATION,
                       .invoke = (n->id & ID_MASK) | (n->confirmed ? LONG_CONFIRMED : 0),
                       .time = n->time,
                       .item = {.has_data = true, .data = n->body}};
    if (n->keys == NULL)
        return mw_cosem_apdu_encode(&a, out, out_size);
    size_t plain = 0;
    MW_TRY(mw_cosem_apdu_encode(&a, n->plain, &plain));
    return mw_cosem_protect(n->keys, MW_COSEM_GENERAL_GLO,
                            MW_COSEM_SC_AUTHENTICATED | MW_COSEM_SC_ENCRYPTED, n->title, n->counter,
                            (mw_slice){n->plain.p, plain}, out, out_size);
}

mw_status mw_cosem_notice_confirm(const mw_cosem_apdu *notification, mw_span out,
                                  size_t *out_size) {
    mw_cosem_apdu a = {.kind = MW_COSEM_DATA_NOTIFICATION_CONFIRM,
                       .invoke = notification->invoke,
                       .time = notification->time};
    return notification->kind == MW_COSEM_DATA_NOTIFICATION
               ? mw_cosem_apdu_encode(&a, out, out_size)
               : MW_RANGE;
}

mw_status mw_cosem_event_encode(const mw_cosem_item *what, mw_slice time, mw_span out,
                                size_t *out_size) {
    mw_cosem_apdu a = {.kind = MW_COSEM_EVENT_NOTIFICATION, .time = time, .item = *what};
    a.item.has_data = true;
    return mw_cosem_apdu_encode(&a, out, out_size);
}
