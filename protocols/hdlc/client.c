/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/hdlc/client.h"

enum { NOTHING = 0 };

static void send_kind(mw_hdlc_client *c, mw_hdlc_kind kind) {
    c->due = (uint8_t)(kind + 1);
    c->waiting = c->paused = false;
}

static void begin(mw_hdlc_client *c, mw_hdlc_client_state state, mw_hdlc_kind kind) {
    c->state = state;
    c->tries_left = c->config->tries;
    send_kind(c, kind);
}

static void go_down(mw_hdlc_client *c, mw_hdlc_event *event, mw_hdlc_event_kind why) {
    c->state = MW_HDLC_CLIENT_DOWN;
    c->due = NOTHING;
    c->waiting = c->paused = false;
    event->kind = why;
}

void mw_hdlc_client_init(mw_hdlc_client *c, const mw_hdlc_client_config *config, mw_span memory,
                         mw_span pushed) {
    *c = (mw_hdlc_client){.config = config, .state = MW_HDLC_CLIENT_DOWN};
    c->flow.memory = memory;
    c->pushed.memory = pushed;
    mw_hdlc_flow_reset(&c->flow, MW_HDLC_PARAMS_DEFAULT);
    mw_hdlc_flow_reset(&c->pushed, MW_HDLC_PARAMS_DEFAULT);
}

void mw_hdlc_client_connect(mw_hdlc_client *c) {
    begin(c, MW_HDLC_CLIENT_CONNECTING, MW_HDLC_SNRM);
}

mw_status mw_hdlc_client_send(mw_hdlc_client *c, mw_slice apdu) {
    if (c->state != MW_HDLC_CLIENT_IDLE)
        return MW_STATE;
    mw_hdlc_flow_send(&c->flow, apdu);
    begin(c, MW_HDLC_CLIENT_ASKING, MW_HDLC_I);
    return MW_OK;
}

mw_status mw_hdlc_client_disconnect(mw_hdlc_client *c) {
    if (c->state == MW_HDLC_CLIENT_DOWN)
        return MW_STATE;
    begin(c, MW_HDLC_CLIENT_DISCONNECTING, MW_HDLC_DISC);
    return MW_OK;
}

/* ---- what a frame does ---- */

typedef void client_action(mw_hdlc_client *c, const mw_hdlc_frame *f, mw_hdlc_event *event);

static void ignore(mw_hdlc_client *c, const mw_hdlc_frame *f, mw_hdlc_event *event) {
    (void)c, (void)f, (void)event;
}

static void connected(mw_hdlc_client *c, const mw_hdlc_frame *f, mw_hdlc_event *event) {
    mw_hdlc_params peer;
    if (mw_hdlc_params_decode(f->information, &peer) != MW_OK) {
        go_down(c, event, MW_HDLC_REJECTED);
        return;
    }
    mw_hdlc_flow_reset(&c->flow, mw_hdlc_params_agree(&c->config->params, &peer));
    c->state = MW_HDLC_CLIENT_IDLE;
    c->waiting = false;
    event->kind = MW_HDLC_CONNECTED;
}

/* Meters answer a DISC with UA or, when they are down already, with DM: both are an end. */
static void disconnected(mw_hdlc_client *c, const mw_hdlc_frame *f, mw_hdlc_event *event) {
    (void)f;
    go_down(c, event, MW_HDLC_CLOSED);
}

static void refused(mw_hdlc_client *c, const mw_hdlc_frame *f, mw_hdlc_event *event) {
    (void)f;
    go_down(c, event, MW_HDLC_REJECTED);
}

static void progress(mw_hdlc_client *c) {
    c->tries_left = c->config->tries;
}

/* Acknowledges what the server has; a number that we never sent ends the link. */
static bool acknowledged(mw_hdlc_client *c, const mw_hdlc_frame *f, mw_hdlc_event *event) {
    uint8_t before = c->flow.oldest;
    if (!mw_hdlc_flow_acknowledge(&c->flow, f->receive_seq)) {
        go_down(c, event, MW_HDLC_REJECTED);
        return false;
    }
    if (c->flow.oldest != before)
        progress(c);
    return true;
}

static void take_supervisory(mw_hdlc_client *c, const mw_hdlc_frame *f, mw_hdlc_event *event) {
    if (!acknowledged(c, f, event) || !f->poll_final)
        return;
    if (!mw_hdlc_flow_all_acknowledged(&c->flow) && f->kind == MW_HDLC_RR) {
        if (--c->tries_left == 0) /* it answers and does not take what we send */
            go_down(c, event, MW_HDLC_SILENT);
        else
            send_kind(c, MW_HDLC_I);
        return;
    }
    /* The server has the request and no answer yet: leave it time, then poll. Tries run down, so a
     * server that never answers is found out. */
    c->paused = true;
}

static void take_numbered(mw_hdlc_client *c, const mw_hdlc_frame *f, mw_hdlc_event *event) {
    if (!acknowledged(c, f, event))
        return;
    switch (mw_hdlc_flow_receive(&c->flow, f)) {
    case MW_HDLC_WHOLE:
        c->state = MW_HDLC_CLIENT_IDLE;
        c->waiting = c->paused = false;
        c->flow.has_sending = false;
        c->flow.acknowledged = 0;
        event->kind = MW_HDLC_APDU;
        event->apdu = mw_hdlc_flow_apdu(&c->flow);
        return;
    case MW_HDLC_PART:
        progress(c);
        break;
    case MW_HDLC_REPEATED:
        return; /* the late twin of an answer we have: the one we wait for is on its way */
    case MW_HDLC_GAP:
        break;
    case MW_HDLC_TOO_LONG:
    case MW_HDLC_BAD_LLC:
        go_down(c, event, MW_HDLC_REJECTED);
        return;
    }
    if (f->poll_final)
        send_kind(c, MW_HDLC_RR);
}

/* Rows: state. Columns: kind of the frame, in the order of MW_HDLC_KIND_LIST. */
static client_action *const actions[MW_HDLC_CLIENT_STATES][MW_HDLC_KIND_COUNT] = {
    [MW_HDLC_CLIENT_DOWN] = {ignore, ignore, ignore, ignore, ignore, ignore, ignore, ignore, ignore,
                             ignore},
    [MW_HDLC_CLIENT_CONNECTING] = {ignore, ignore, ignore, ignore, ignore, connected, refused,
                                   refused, ignore, ignore},
    [MW_HDLC_CLIENT_IDLE] = {ignore, ignore, ignore, ignore, ignore, ignore, disconnected, refused,
                             ignore, ignore},
    [MW_HDLC_CLIENT_ASKING] = {take_numbered, take_supervisory, take_supervisory, ignore, ignore,
                               ignore, disconnected, refused, ignore, ignore},
    [MW_HDLC_CLIENT_DISCONNECTING] = {ignore, ignore, ignore, ignore, ignore, disconnected,
                                      disconnected, disconnected, ignore, ignore},
};

static void take_unit(mw_hdlc_client *c, const mw_hdlc_frame *f, mw_hdlc_event *event) {
    switch (mw_hdlc_flow_receive(&c->pushed, f)) {
    case MW_HDLC_WHOLE:
        event->kind = MW_HDLC_UNIT;
        event->apdu = mw_hdlc_flow_apdu(&c->pushed);
        break;
    case MW_HDLC_TOO_LONG:
        mw_hdlc_flow_reset(&c->pushed, MW_HDLC_PARAMS_DEFAULT);
        break;
    default:
        break;
    }
}

mw_status mw_hdlc_client_take(mw_hdlc_client *c, const mw_hdlc_frame *frame,
                              mw_hdlc_event *out_event) {
    *out_event = (mw_hdlc_event){.kind = MW_HDLC_NO_EVENT, .client = frame->destination};
    const mw_hdlc_client_config *k = c->config;
    if (!mw_hdlc_address_equal(&frame->destination, &k->client) ||
        !mw_hdlc_address_equal(&frame->source, &k->server))
        return MW_NOT_FOUND;
    if (frame->kind == MW_HDLC_UI)
        take_unit(c, frame, out_event);
    else
        actions[c->state][frame->kind](c, frame, out_event);
    return MW_OK;
}

/* ---- frames out ---- */

static void await(mw_hdlc_client *c, mw_mono now) {
    c->due = NOTHING;
    c->waiting = true;
    c->deadline = mw_mono_add(now, c->config->answer_time);
}

static mw_status next_numbered(mw_hdlc_client *c, mw_mono now, mw_hdlc_frame *f, mw_span out,
                               size_t *out_size) {
    size_t head = 1u + 2u + f->destination.bytes + f->source.bytes + 1u + 2u;
    if (out.n < head)
        return MW_SPACE;
    mw_hdlc_flow before = c->flow;
    mw_status got = mw_hdlc_flow_next(&c->flow, (mw_span){out.p + head, out.n - head}, f);
    if (got == MW_NOT_FOUND)
        await(c, now);
    if (got != MW_OK)
        return got;
    mw_status made = mw_hdlc_frame_encode(f, out, out_size);
    if (made != MW_OK)
        c->flow = before;
    else if (f->poll_final)
        await(c, now);
    return made;
}

mw_status mw_hdlc_client_next(mw_hdlc_client *c, mw_mono now, mw_span out, size_t *out_size) {
    if (c->due == NOTHING)
        return MW_NOT_FOUND;
    mw_hdlc_frame f = {.destination = c->config->server,
                       .source = c->config->client,
                       .kind = (mw_hdlc_kind)(c->due - 1),
                       .poll_final = true};
    uint8_t params[MW_HDLC_PARAMS_MAX];
    size_t n;
    if (f.kind == MW_HDLC_I)
        return next_numbered(c, now, &f, out, out_size);
    if (f.kind == MW_HDLC_RR)
        f.receive_seq = c->flow.expected;
    if (f.kind == MW_HDLC_SNRM) {
        MW_TRY(mw_hdlc_params_encode(&c->config->params, MW_SPAN_OF(params), &n));
        f.information = (mw_slice){params, n};
    }
    MW_TRY(mw_hdlc_frame_encode(&f, out, out_size));
    await(c, now);
    return MW_OK;
}

void mw_hdlc_client_tick(mw_hdlc_client *c, mw_mono now, mw_hdlc_event *out_event) {
    *out_event = (mw_hdlc_event){.kind = MW_HDLC_NO_EVENT};
    if (!c->waiting || mw_mono_since(now, c->deadline).ns < 0)
        return;
    if (c->tries_left <= 1) {
        go_down(c, out_event, MW_HDLC_SILENT);
        return;
    }
    c->tries_left--;
    c->repeats++;
    mw_hdlc_client_state state = c->state;
    if (state == MW_HDLC_CLIENT_CONNECTING) {
        send_kind(c, MW_HDLC_SNRM);
    } else if (state == MW_HDLC_CLIENT_DISCONNECTING) {
        send_kind(c, MW_HDLC_DISC);
    } else if (!mw_hdlc_flow_all_acknowledged(&c->flow) && !c->paused) {
        /* What was sent and not acknowledged goes out again under its old numbers. */
        bool went_back = mw_hdlc_flow_acknowledge(&c->flow, c->flow.oldest);
        send_kind(c, went_back ? MW_HDLC_I : MW_HDLC_RR);
    } else {
        send_kind(c, MW_HDLC_RR);
    }
}
