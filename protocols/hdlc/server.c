/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/hdlc/server.h"

#include "base/assert.h"

enum { NOTHING = 0 };

static void reply_with(mw_hdlc_server *s, mw_hdlc_kind kind) {
    s->reply = (uint8_t)(kind + 1);
}

/* Bits of the third byte of a FRMR. */
enum { FRMR_W = 0x01, FRMR_Y = 0x04, FRMR_Z = 0x08 };

static void reject(mw_hdlc_server *s, mw_hdlc_server_link *l, const mw_hdlc_frame *f, uint8_t why) {
    l->state = MW_HDLC_SERVER_REJECT;
    l->busy = false;
    l->rejection[0] = f->control;
    l->rejection[1] = (uint8_t)(l->flow.fresh << 1 | l->flow.expected << 5);
    l->rejection[2] = why;
    reply_with(s, MW_HDLC_FRMR);
}

/* ---- what a frame does to a link ---- */

typedef void link_action(mw_hdlc_server *s, mw_hdlc_server_link *l, const mw_hdlc_frame *f,
                         mw_hdlc_event *event);

static void ignore(mw_hdlc_server *s, mw_hdlc_server_link *l, const mw_hdlc_frame *f,
                   mw_hdlc_event *event) {
    (void)s, (void)l, (void)f, (void)event;
}

static void tell_down(mw_hdlc_server *s, mw_hdlc_server_link *l, const mw_hdlc_frame *f,
                      mw_hdlc_event *event) {
    (void)l, (void)event;
    if (f->poll_final)
        reply_with(s, MW_HDLC_DM);
}

static void connect(mw_hdlc_server *s, mw_hdlc_server_link *l, const mw_hdlc_frame *f,
                    mw_hdlc_event *event) {
    mw_hdlc_params wanted;
    if (mw_hdlc_params_decode(f->information, &wanted) != MW_OK) {
        reply_with(s, MW_HDLC_DM);
        return;
    }
    mw_hdlc_flow_reset(&l->flow, mw_hdlc_params_agree(&s->config->params, &wanted));
    l->state = MW_HDLC_SERVER_UP;
    l->busy = false;
    event->kind = MW_HDLC_CONNECTED;
    reply_with(s, MW_HDLC_UA);
}

static void disconnect(mw_hdlc_server *s, mw_hdlc_server_link *l, const mw_hdlc_frame *f,
                       mw_hdlc_event *event) {
    (void)f;
    l->state = MW_HDLC_SERVER_DOWN;
    l->busy = false;
    event->kind = MW_HDLC_CLOSED;
    reply_with(s, MW_HDLC_UA);
}

/* The client has the turn's end: send what is due, or say that there is nothing. */
static void take_turn(mw_hdlc_server *s, mw_hdlc_server_link *l) {
    if (!mw_hdlc_flow_all_sent(&l->flow))
        reply_with(s, MW_HDLC_I);
    else
        reply_with(s, l->busy ? MW_HDLC_RNR : MW_HDLC_RR);
}

static void take_numbered(mw_hdlc_server *s, mw_hdlc_server_link *l, const mw_hdlc_frame *f,
                          mw_hdlc_event *event) {
    if (!mw_hdlc_flow_acknowledge(&l->flow, f->receive_seq)) {
        reject(s, l, f, FRMR_Z);
        return;
    }
    /* While an APDU is being executed its memory is in use; only a repeat can come meanwhile. */
    if (l->busy && f->send_seq == l->flow.expected) {
        reply_with(s, MW_HDLC_RNR);
        return;
    }
    switch (mw_hdlc_flow_receive(&l->flow, f)) {
    case MW_HDLC_WHOLE:
        l->busy = true;
        mw_hdlc_flow_abandon(
            &l->flow); /* a new question: what it has of the old answer is enough */
        event->kind = MW_HDLC_APDU;
        event->apdu = mw_hdlc_flow_apdu(&l->flow);
        return; /* the answer will be the reply */
    case MW_HDLC_TOO_LONG:
        reject(s, l, f, FRMR_Y);
        return;
    case MW_HDLC_BAD_LLC:
        reject(s, l, f, FRMR_W);
        return;
    case MW_HDLC_PART:
    case MW_HDLC_REPEATED:
    case MW_HDLC_GAP:
        break;
    }
    if (f->poll_final)
        take_turn(s, l);
}

static void take_supervisory(mw_hdlc_server *s, mw_hdlc_server_link *l, const mw_hdlc_frame *f,
                             mw_hdlc_event *event) {
    (void)event;
    if (!mw_hdlc_flow_acknowledge(&l->flow, f->receive_seq))
        reject(s, l, f, FRMR_Z);
    else if (f->poll_final && f->kind == MW_HDLC_RNR)
        reply_with(s, MW_HDLC_RR); /* the client cannot take an answer now and will ask again */
    else if (f->poll_final)
        take_turn(s, l);
}

static void take_foreign(mw_hdlc_server *s, mw_hdlc_server_link *l, const mw_hdlc_frame *f,
                         mw_hdlc_event *event) {
    (void)event;
    reject(s, l, f, FRMR_W);
}

static void reject_again(mw_hdlc_server *s, mw_hdlc_server_link *l, const mw_hdlc_frame *f,
                         mw_hdlc_event *event) {
    (void)l, (void)event;
    if (f->poll_final)
        reply_with(s, MW_HDLC_FRMR);
}

/* Rows: state. Columns: kind of the frame, in the order of MW_HDLC_KIND_LIST. UA, DM and FRMR are
 * answers: a server that hears one hears another server. UI never reaches the table. */
static link_action *const actions[MW_HDLC_SERVER_STATES][MW_HDLC_KIND_COUNT] = {
    [MW_HDLC_SERVER_DOWN] = {tell_down, tell_down, tell_down, connect, tell_down, ignore, ignore,
                             ignore, ignore, tell_down},
    [MW_HDLC_SERVER_UP] = {take_numbered, take_supervisory, take_supervisory, connect, disconnect,
                           ignore, ignore, ignore, ignore, take_foreign},
    [MW_HDLC_SERVER_REJECT] = {reject_again, reject_again, reject_again, connect, disconnect,
                               ignore, ignore, ignore, ignore, reject_again},
};

/* ---- which link ---- */

void mw_hdlc_server_init(mw_hdlc_server *s, const mw_hdlc_server_config *config,
                         mw_hdlc_server_link *links, size_t link_count, mw_span memory) {
    mw_assert(link_count != 0 && memory.n / link_count >= 3 + 32);
    *s = (mw_hdlc_server){.config = config, .links = links, .link_count = link_count};
    size_t each = memory.n / link_count;
    for (size_t i = 0; i < link_count; i++) {
        links[i] = (mw_hdlc_server_link){0};
        links[i].flow.memory = (mw_span){memory.p + i * each, each};
        links[i].flow.from_server = true;
        mw_hdlc_flow_reset(&links[i].flow, MW_HDLC_PARAMS_DEFAULT);
    }
}

static bool is_here(const mw_hdlc_server_config *c, const mw_hdlc_address *a) {
    if (a->bytes != 1 && a->lower != c->physical)
        return false;
    for (size_t i = 0; i < c->logical_count; i++)
        if (c->logical[i] == a->upper)
            return true;
    return false;
}

static mw_hdlc_server_link *link_of(mw_hdlc_server *s, const mw_hdlc_frame *f) {
    for (size_t i = 0; i < s->link_count; i++) {
        mw_hdlc_server_link *l = &s->links[i];
        if (l->state != MW_HDLC_SERVER_DOWN && l->client.upper == f->source.upper &&
            l->client.lower == f->source.lower && l->server.upper == f->destination.upper)
            return l;
    }
    return NULL;
}

static mw_hdlc_server_link *free_link(mw_hdlc_server *s) {
    for (size_t i = 0; i < s->link_count; i++)
        if (s->links[i].state == MW_HDLC_SERVER_DOWN)
            return &s->links[i];
    return NULL;
}

/* A UI frame is worth an event when a whole APDU is in it. */
static void take_unit(const mw_hdlc_frame *f, mw_hdlc_event *event) {
    mw_slice info = f->information;
    if (f->segmented || info.n < 3 || info.p[0] != 0xE6)
        return;
    event->kind = MW_HDLC_UNIT;
    event->client = f->source;
    event->apdu = mw_slice_sub(info, 3, info.n - 3);
}

mw_status mw_hdlc_server_take(mw_hdlc_server *s, const mw_hdlc_frame *frame, mw_mono now,
                              mw_hdlc_event *out_event) {
    *out_event = (mw_hdlc_event){.kind = MW_HDLC_NO_EVENT};
    bool broadcast = mw_hdlc_address_is_broadcast(&frame->destination);
    if (!broadcast && !is_here(s->config, &frame->destination))
        return MW_NOT_FOUND;
    s->reply = NOTHING;
    s->turn = frame->poll_final;
    if (frame->kind == MW_HDLC_UI) {
        take_unit(frame, out_event);
        return MW_OK;
    }
    if (broadcast)
        return MW_OK; /* only UI may be broadcast: nobody could answer the rest */
    s->replying = link_of(s, frame);
    s->reply_to = frame->source;
    s->reply_from = frame->destination;
    if (s->replying == NULL && frame->kind == MW_HDLC_SNRM)
        s->replying = free_link(s);
    mw_hdlc_server_link *l = s->replying;
    if (l == NULL) {
        if (frame->poll_final && frame->kind != MW_HDLC_UA && frame->kind != MW_HDLC_DM &&
            frame->kind != MW_HDLC_FRMR)
            reply_with(s, MW_HDLC_DM);
        return MW_OK;
    }
    l->client = frame->source;
    l->server = frame->destination;
    l->last = now;
    out_event->link = l;
    out_event->client = l->client;
    actions[l->state][frame->kind](s, l, frame, out_event);
    return MW_OK;
}

mw_status mw_hdlc_server_answer(mw_hdlc_server *s, mw_hdlc_server_link *link, mw_slice apdu) {
    if (!link->busy || link->state != MW_HDLC_SERVER_UP)
        return MW_STATE;
    link->busy = false;
    mw_hdlc_flow_send(&link->flow, apdu);
    /* After a RNR the client has the turn: it will poll. */
    if (s->replying == link && s->reply == NOTHING && s->turn)
        reply_with(s, MW_HDLC_I);
    return MW_OK;
}

/* ---- frames out ---- */

static mw_status next_numbered(mw_hdlc_server *s, mw_hdlc_server_link *l, mw_hdlc_frame *f,
                               mw_span out, size_t *out_size) {
    /* The information is put where the encoder wants it, behind the header. */
    size_t head = 1u + 2u + f->destination.bytes + f->source.bytes + 1u + 2u;
    if (out.n < head)
        return MW_SPACE;
    mw_hdlc_flow before = l->flow;
    mw_status got = mw_hdlc_flow_next(&l->flow, (mw_span){out.p + head, out.n - head}, f);
    if (got == MW_NOT_FOUND)
        s->reply = NOTHING;
    if (got != MW_OK)
        return got;
    mw_status made = mw_hdlc_frame_encode(f, out, out_size);
    if (made != MW_OK)
        l->flow = before; /* the frame is still to be sent */
    else if (f->poll_final)
        s->reply = NOTHING;
    return made;
}

mw_status mw_hdlc_server_next(mw_hdlc_server *s, mw_span out, size_t *out_size) {
    if (s->reply == NOTHING)
        return MW_NOT_FOUND;
    mw_hdlc_server_link *l = s->replying;
    mw_hdlc_frame f = {.destination = s->reply_to,
                       .source = s->reply_from,
                       .kind = (mw_hdlc_kind)(s->reply - 1),
                       .poll_final = true};
    uint8_t params[MW_HDLC_PARAMS_MAX];
    size_t n;
    if (f.kind == MW_HDLC_I)
        return next_numbered(s, l, &f, out, out_size);
    if (f.kind == MW_HDLC_RR || f.kind == MW_HDLC_RNR)
        f.receive_seq = l->flow.expected;
    if (f.kind == MW_HDLC_FRMR)
        f.information = MW_SLICE_OF(l->rejection);
    if (f.kind == MW_HDLC_UA && l->state == MW_HDLC_SERVER_UP) {
        MW_TRY(mw_hdlc_params_encode(&l->flow.params, MW_SPAN_OF(params), &n));
        f.information = (mw_slice){params, n};
    }
    MW_TRY(mw_hdlc_frame_encode(&f, out, out_size));
    s->reply = NOTHING;
    return MW_OK;
}

mw_status mw_hdlc_server_tick(mw_hdlc_server *s, mw_mono now, mw_hdlc_event *out_event) {
    for (size_t i = 0; s->config->inactivity.ns > 0 && i < s->link_count; i++) {
        mw_hdlc_server_link *l = &s->links[i];
        if (l->state == MW_HDLC_SERVER_DOWN ||
            mw_mono_since(now, l->last).ns < s->config->inactivity.ns)
            continue;
        l->state = MW_HDLC_SERVER_DOWN;
        l->busy = false;
        if (s->replying == l)
            s->reply = NOTHING;
        *out_event = (mw_hdlc_event){.kind = MW_HDLC_CLOSED, .link = l, .client = l->client};
        return MW_OK;
    }
    return MW_NOT_FOUND;
}
