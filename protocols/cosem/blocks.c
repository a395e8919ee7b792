/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/cosem/blocks.h"

void mw_cosem_gather_init(mw_cosem_gather *g, mw_span memory) {
    *g = (mw_cosem_gather){.memory = memory};
}

mw_status mw_cosem_gather_take(mw_cosem_gather *g, uint32_t number, bool last, mw_slice block) {
    if (g->complete)
        return MW_STATE;
    if (!g->started && number <= 1) {
        g->next = number;
        g->started = true;
    }
    if (!g->started || number > g->next)
        return MW_CONFLICT;
    if (number < g->next)
        return MW_DUPLICATE;
    if (block.n > g->memory.n - g->size) {
        g->complete = true;
        g->size = 0;
        return MW_SPACE;
    }
    mw_bytes_copy(g->memory.p + g->size, block.p, block.n);
    g->size += block.n;
    g->next++;
    g->complete = last;
    return last ? MW_OK : MW_AGAIN;
}

mw_slice mw_cosem_gather_done(const mw_cosem_gather *g) {
    return (mw_slice){g->memory.p, g->size};
}

mw_status mw_cosem_general_send(mw_cosem_general_sender *s, mw_slice apdu, size_t block_bytes,
                                uint8_t window) {
    if (block_bytes == 0 || block_bytes > UINT16_MAX || window > 63 || apdu.n == 0 ||
        (apdu.n - 1) / block_bytes >= UINT16_MAX)
        return MW_RANGE;
    *s = (mw_cosem_general_sender){
        .apdu = apdu, .block_bytes = block_bytes, .window = window, .offers = window, .next = 1};
    return MW_OK;
}

mw_status mw_cosem_general_plan(const mw_cosem_general_sender *s, mw_cosem_apdu *out_head,
                                size_t *out_from, size_t *out_size) {
    size_t from = (size_t)(s->next - 1) * s->block_bytes;
    if (from >= s->apdu.n)
        return MW_NOT_FOUND;
    if (s->window != 0 && s->next - s->acknowledged > s->window)
        return MW_AGAIN;
    size_t left = s->apdu.n - from;
    bool last = left <= s->block_bytes;
    *out_head = (mw_cosem_apdu){.kind = MW_COSEM_GENERAL_BLOCK,
                                .last = last,
                                .window = s->offers,
                                .block = s->next,
                                .acknowledged = s->peer_block};
    /* Streaming: more blocks follow without waiting. */
    out_head->streaming = !last && (s->window == 0 || s->next - s->acknowledged < s->window);
    out_head->item.has_data = true;
    *out_from = from;
    *out_size = last ? left : s->block_bytes;
    return MW_OK;
}

mw_status mw_cosem_general_next(mw_cosem_general_sender *s, mw_span out, size_t *out_size) {
    mw_cosem_apdu a;
    size_t from = 0, n = 0;
    MW_TRY(mw_cosem_general_plan(s, &a, &from, &n));
    a.item.data = mw_slice_sub(s->apdu, from, n);
    MW_TRY(mw_cosem_apdu_encode(&a, out, out_size));
    s->next++;
    return MW_OK;
}

mw_cosem_apdu mw_cosem_general_ack(uint8_t window, uint32_t own, uint32_t number) {
    return (mw_cosem_apdu){.kind = MW_COSEM_GENERAL_BLOCK,
                           .last = true,
                           .window = window,
                           .block = own,
                           .acknowledged = number,
                           .item = {.has_data = true}};
}

mw_status mw_cosem_general_acknowledge(mw_cosem_general_sender *s, uint32_t number) {
    if (number >= s->next)
        return MW_RANGE;
    if (number >= s->acknowledged) {
        s->acknowledged = number;
        s->next = number + 1;
    }
    return MW_OK;
}
