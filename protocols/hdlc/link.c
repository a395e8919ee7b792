/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/hdlc/link.h"

enum {
    FORMAT_ID = 0x81,
    GROUP_HDLC = 0x80,
    INFO_TRANSMIT = 5,
    INFO_RECEIVE = 6,
    WINDOW_TRANSMIT = 7,
    WINDOW_RECEIVE = 8,
    LLC_BYTES = 3,
    INFO_MIN = 32,
};

static uint16_t clamp_info(uint32_t v) {
    if (v < INFO_MIN)
        return INFO_MIN;
    return (uint16_t)(v > MW_HDLC_INFO_MAX ? MW_HDLC_INFO_MAX : v);
}

static uint8_t clamp_window(uint8_t v) {
    if (v < 1)
        return 1;
    return v > MW_HDLC_WINDOW_MAX ? MW_HDLC_WINDOW_MAX : v;
}

/* A length up to 255 goes in one byte: some meters know no other form. */
static void write_info(mw_writer *w, uint8_t id, uint16_t value) {
    mw_write_u8(w, id);
    if (value <= UINT8_MAX) {
        mw_write_u8(w, 1);
        mw_write_u8(w, (uint8_t)value);
    } else {
        mw_write_u8(w, 2);
        mw_write_u16be(w, value);
    }
}

static void write_window(mw_writer *w, uint8_t id, uint8_t value) {
    mw_write_u8(w, id);
    mw_write_u8(w, 4);
    mw_write_u32be(w, value);
}

mw_status mw_hdlc_params_encode(const mw_hdlc_params *p, mw_span out, size_t *out_size) {
    uint8_t body[MW_HDLC_PARAMS_MAX];
    mw_writer b = mw_writer_of(MW_SPAN_OF(body));
    write_info(&b, INFO_TRANSMIT, clamp_info(p->info_transmit));
    write_info(&b, INFO_RECEIVE, clamp_info(p->info_receive));
    write_window(&b, WINDOW_TRANSMIT, clamp_window(p->window_transmit));
    write_window(&b, WINDOW_RECEIVE, clamp_window(p->window_receive));
    mw_writer w = mw_writer_of(out);
    mw_write_u8(&w, FORMAT_ID);
    mw_write_u8(&w, GROUP_HDLC);
    mw_write_u8(&w, (uint8_t)b.at);
    mw_write_bytes(&w, mw_writer_done(&b));
    if (w.status != MW_OK)
        return w.status;
    *out_size = w.at;
    return MW_OK;
}

static void read_param(mw_reader *r, mw_hdlc_params *p) {
    uint8_t id = mw_read_u8(r);
    size_t n = mw_read_u8(r);
    if (n > 4)
        mw_reader_fail(r, MW_SYNTAX);
    uint32_t v = 0;
    for (size_t i = 0; i < n && r->status == MW_OK; i++)
        v = v << 8 | mw_read_u8(r);
    if (r->status != MW_OK)
        return;
    bool window = id == WINDOW_TRANSMIT || id == WINDOW_RECEIVE;
    bool info = id == INFO_TRANSMIT || id == INFO_RECEIVE;
    if ((window && (v == 0 || v > MW_HDLC_WINDOW_MAX)) || (info && v == 0)) {
        mw_reader_fail(r, MW_RANGE);
        return;
    }
    if (id == INFO_TRANSMIT)
        p->info_transmit = clamp_info(v);
    else if (id == INFO_RECEIVE)
        p->info_receive = clamp_info(v);
    else if (id == WINDOW_TRANSMIT)
        p->window_transmit = (uint8_t)v;
    else if (id == WINDOW_RECEIVE)
        p->window_receive = (uint8_t)v;
}

mw_status mw_hdlc_params_decode(mw_slice info, mw_hdlc_params *out_params) {
    mw_hdlc_params p = MW_HDLC_PARAMS_DEFAULT;
    mw_reader r = mw_reader_of(info);
    if (info.n != 0 && mw_read_u8(&r) != FORMAT_ID)
        mw_reader_fail(&r, MW_SYNTAX);
    while (r.status == MW_OK && mw_reader_left(&r) != 0) {
        uint8_t group = mw_read_u8(&r);
        mw_reader body = mw_reader_of(mw_read_bytes(&r, mw_read_u8(&r)));
        while (r.status == MW_OK && group == GROUP_HDLC && mw_reader_left(&body) != 0)
            read_param(&body, &p);
        if (body.status != MW_OK)
            mw_reader_fail(&r, body.status);
    }
    MW_TRY(mw_reader_end(&r));
    *out_params = p;
    return MW_OK;
}

mw_hdlc_params mw_hdlc_params_agree(const mw_hdlc_params *own, const mw_hdlc_params *peer) {
#define LESSER(a, b) ((a) < (b) ? (a) : (b))
    return (mw_hdlc_params){
        .info_transmit = clamp_info(LESSER(own->info_transmit, peer->info_receive)),
        .info_receive = clamp_info(LESSER(own->info_receive, peer->info_transmit)),
        .window_transmit = clamp_window(LESSER(own->window_transmit, peer->window_receive)),
        .window_receive = clamp_window(LESSER(own->window_receive, peer->window_transmit))};
#undef LESSER
}

/* ---- flow ---- */

void mw_hdlc_flow_reset(mw_hdlc_flow *f, mw_hdlc_params params) {
    f->params = params;
    f->oldest = f->next = f->fresh = f->expected = 0;
    f->sending = (mw_slice){0};
    f->has_sending = false;
    f->acknowledged = 0;
    f->received = 0;
    f->complete = false;
}

static uint8_t distance(uint8_t from, uint8_t to) {
    return (uint8_t)(to - from) & 7;
}

mw_hdlc_received mw_hdlc_flow_receive(mw_hdlc_flow *f, const mw_hdlc_frame *frame) {
    bool numbered = frame->kind == MW_HDLC_I;
    uint8_t behind = distance(frame->send_seq, f->expected);
    if (numbered && behind != 0)
        return behind <= f->params.window_receive ? MW_HDLC_REPEATED : MW_HDLC_GAP;
    if (f->complete) {
        f->complete = false;
        f->received = 0;
    }
    mw_slice info = frame->information;
    if (info.n > f->memory.n - f->received)
        return MW_HDLC_TOO_LONG;
    mw_bytes_copy(f->memory.p + f->received, info.p, info.n);
    f->received += info.n;
    if (numbered)
        f->expected = (f->expected + 1) & 7;
    if (frame->segmented)
        return MW_HDLC_PART;
    f->complete = true;
    const uint8_t *m = f->memory.p;
    bool llc = f->received >= LLC_BYTES && m[0] == 0xE6 && (m[1] & 0xFE) == 0xE6;
    return llc ? MW_HDLC_WHOLE : MW_HDLC_BAD_LLC;
}

mw_slice mw_hdlc_flow_apdu(const mw_hdlc_flow *f) {
    return mw_slice_sub((mw_slice){f->memory.p, f->received}, LLC_BYTES, f->received - LLC_BYTES);
}

static size_t total(const mw_hdlc_flow *f) {
    return f->has_sending ? LLC_BYTES + f->sending.n : 0;
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Where in header and APDU the frame `next` begins. */
static size_t position(const mw_hdlc_flow *f) {
    size_t at = f->acknowledged + (size_t)distance(f->oldest, f->next) * f->params.info_transmit;
    return least(at, total(f));
}

bool mw_hdlc_flow_acknowledge(mw_hdlc_flow *f, uint8_t receive_seq) {
    uint8_t n = distance(f->oldest, receive_seq);
    if (n > distance(f->oldest, f->fresh))
        return false;
    f->acknowledged = least(f->acknowledged + (size_t)n * f->params.info_transmit, total(f));
    f->oldest = f->next = receive_seq;
    return true;
}

void mw_hdlc_flow_send(mw_hdlc_flow *f, mw_slice apdu) {
    f->sending = apdu;
    f->has_sending = true;
    f->acknowledged = 0;
    f->oldest = f->next = f->fresh;
}

void mw_hdlc_flow_abandon(mw_hdlc_flow *f) {
    f->has_sending = false;
    f->acknowledged = 0;
    f->next = f->fresh = f->oldest;
}

bool mw_hdlc_flow_all_sent(const mw_hdlc_flow *f) {
    return position(f) == total(f);
}

bool mw_hdlc_flow_all_acknowledged(const mw_hdlc_flow *f) {
    return f->acknowledged == total(f);
}

/* Copies bytes [at, at + n) of header and APDU. */
static void copy_part(const mw_hdlc_flow *f, size_t at, uint8_t *out, size_t n) {
    const uint8_t llc[LLC_BYTES] = {0xE6, f->from_server ? 0xE7 : 0xE6, 0x00};
    size_t head = at < LLC_BYTES ? least(LLC_BYTES - at, n) : 0;
    if (head != 0)
        mw_bytes_copy(out, llc + at, head);
    if (n > head)
        mw_bytes_copy(out + head, f->sending.p + (at + head - LLC_BYTES), n - head);
}

mw_status mw_hdlc_flow_next(mw_hdlc_flow *f, mw_span room, mw_hdlc_frame *out_frame) {
    size_t at = position(f);
    uint8_t outstanding = distance(f->oldest, f->next);
    if (at == total(f) || outstanding >= f->params.window_transmit)
        return MW_NOT_FOUND;
    size_t n = least(f->params.info_transmit, total(f) - at);
    if (room.n < n)
        return MW_SPACE;
    copy_part(f, at, room.p, n);
    out_frame->kind = MW_HDLC_I;
    out_frame->send_seq = f->next;
    out_frame->receive_seq = f->expected;
    out_frame->segmented = at + n < total(f);
    out_frame->poll_final = !out_frame->segmented || outstanding + 1 == f->params.window_transmit;
    out_frame->information = (mw_slice){room.p, n};
    f->next = (f->next + 1) & 7;
    if (distance(f->oldest, f->next) > distance(f->oldest, f->fresh))
        f->fresh = f->next;
    return MW_OK;
}
