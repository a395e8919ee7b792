/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/cosem/port.h"

#include <string.h>

#include "base/assert.h"

#define LOGICAL_DEVICE 1
#define SPEED_AT       4 /* place of the speed in "/XXXZ" */

void mw_cosem_line_init(mw_cosem_line *l, const mw_cosem_line_config *config,
                        mw_cosem_server *server, const mw_cosem_line_memory *memory) {
    mw_assert(memory->link_count > 0);
    *l = (mw_cosem_line){.config = config, .server = server, .answers = memory->answers};
    l->answer_bytes = memory->answers.n / memory->link_count;
    mw_hdlc_deframer_init(&l->deframer, memory->frames);
    mw_hdlc_server_init(&l->hdlc, &config->hdlc, memory->links, memory->link_count,
                        memory->requests);
}

/* ---- Mode E ---- */

/* "/?" device address "!" CR LF. */
static bool is_sign_on(const mw_cosem_line *l) {
    const char *own = l->config->device_address;
    size_t n = l->opening_n;
    if (n < 5 || memcmp(l->opening, "/?", 2) != 0 || memcmp(l->opening + n - 3, "!\r\n", 3) != 0)
        return false;
    size_t address = n - 5;
    return address == 0 ||
           (own != NULL && strlen(own) == address && memcmp(own, l->opening + 2, address) == 0);
}

/* ACK, protocol 2 (HDLC), speed, mode 2 (binary), CR LF. */
static bool is_acknowledgement(const mw_cosem_line *l) {
    const uint8_t *b = l->opening;
    return l->opening_n == 6 && b[0] == 0x06 && b[1] == '2' && b[3] == '2';
}

static void reply(mw_cosem_line *l, const void *bytes, size_t n) {
    memcpy(l->reply, bytes, n);
    l->reply_n = (uint8_t)n;
}

static void opening_line(mw_cosem_line *l) {
    size_t n = strlen(l->config->identity);
    if (is_sign_on(l) && n > SPEED_AT && n + 2 <= sizeof l->reply) {
        reply(l, l->config->identity, n);
        l->reply[SPEED_AT] = (uint8_t)l->config->speed;
        memcpy(l->reply + n, "\r\n", 2);
        l->reply_n = (uint8_t)(n + 2);
        l->identified = true;
    } else if (l->identified && is_acknowledgement(l)) {
        reply(l, l->opening, l->opening_n);
        l->switch_to = (char)l->opening[2];
        l->identified = false;
    } else {
        l->identified = false;
    }
    l->opening_n = 0;
}

/* One byte of an opening. HDLC frames begin with a flag, which ends it. */
static void opening_byte(mw_cosem_line *l, uint8_t raw) {
    uint8_t b = raw & 0x7f; /* seven bits and parity */
    if (raw == MW_HDLC_FLAG || (l->opening_n == 0 && b != '/' && b != 0x06) ||
        l->opening_n == sizeof l->opening) {
        l->opening_n = 0;
        return;
    }
    l->opening[l->opening_n++] = b;
    if (b == '\n')
        opening_line(l);
}

/* ---- HDLC ---- */

/* Who is not known is told so: an exception-response, service not allowed. */
static mw_status unknown_client(mw_span out, size_t *out_size) {
    mw_cosem_apdu refusal = {
        .kind = MW_COSEM_EXCEPTION_RESPONSE, .state_error = 1, .service_error = 1};
    return mw_cosem_apdu_encode(&refusal, out, out_size);
}

static void serve_frames(mw_cosem_line *l, mw_mono now) {
    mw_hdlc_frame frame;
    while (mw_hdlc_deframer_pull(&l->deframer, &frame) == MW_OK) {
        mw_hdlc_event event;
        if (mw_hdlc_server_take(&l->hdlc, &frame, now, &event) != MW_OK)
            continue;
        uint8_t sap = (uint8_t)event.client.upper;
        if (event.kind == MW_HDLC_CONNECTED || event.kind == MW_HDLC_CLOSED)
            mw_cosem_server_close(l->server, sap);
        if (event.kind != MW_HDLC_APDU)
            continue;
        size_t which = (size_t)(event.link - l->hdlc.links), n = 0;
        mw_span answer = {l->answers.p + which * l->answer_bytes, l->answer_bytes};
        mw_status served = mw_cosem_server_take(l->server, sap, event.apdu, answer, &n);
        if (served == MW_NOT_FOUND)
            served = unknown_client(answer, &n);
        if (served != MW_OK)
            n = 0;
        if (n != 0 && mw_hdlc_server_answer(&l->hdlc, event.link, (mw_slice){answer.p, n}) != MW_OK)
            mw_cosem_server_close(l->server, sap);
    }
}

void mw_cosem_line_take(mw_cosem_line *l, mw_slice bytes, mw_mono now) {
    if (l->config->identity != NULL)
        for (size_t i = 0; i < bytes.n; i++)
            opening_byte(l, bytes.p[i]);
    while (bytes.n != 0) {
        size_t n = mw_hdlc_deframer_push(&l->deframer, bytes);
        serve_frames(l, now);
        bytes = (mw_slice){bytes.p + n, bytes.n - n};
        if (n == 0)
            break;
    }
}

mw_status mw_cosem_line_next(mw_cosem_line *l, mw_span out, size_t *out_size) {
    if (l->reply_n == 0)
        return mw_hdlc_server_next(&l->hdlc, out, out_size);
    if (out.n < l->reply_n)
        return MW_SPACE;
    memcpy(out.p, l->reply, l->reply_n);
    *out_size = l->reply_n;
    l->reply_n = 0;
    return MW_OK;
}

void mw_cosem_line_silence(mw_cosem_line *l, mw_mono now) {
    mw_hdlc_event event;
    mw_hdlc_deframer_silence(&l->deframer);
    serve_frames(l, now);
    while (mw_hdlc_server_tick(&l->hdlc, now, &event) == MW_OK)
        mw_cosem_server_close(l->server, (uint8_t)event.client.upper);
}

/* ---- Wrapper ---- */

void mw_cosem_socket_init(mw_cosem_socket *s, mw_cosem_server *server, mw_span memory) {
    *s = (mw_cosem_socket){.server = server, .logical = LOGICAL_DEVICE};
    server->streaming = true;
    mw_cosem_stream_init(&s->stream, memory);
}

size_t mw_cosem_socket_take(mw_cosem_socket *s, mw_slice bytes) {
    return mw_cosem_stream_push(&s->stream, bytes);
}

static mw_span behind_header(mw_span out) {
    return (mw_span){out.p + MW_COSEM_WRAPPER_BYTES, out.n - MW_COSEM_WRAPPER_BYTES};
}

/* One request in its wrapper. *answered becomes the wPort that may have more to get. */
static mw_status serve_wrapped(mw_cosem_server *s, const mw_cosem_wrapper *w, mw_span out,
                               size_t *out_size, uint16_t *answered) {
    size_t n = 0;
    mw_status served = mw_cosem_server_take(s, (uint8_t)w->source, w->apdu, behind_header(out), &n);
    if (served == MW_NOT_FOUND)
        served = unknown_client(behind_header(out), &n);
    MW_TRY(served);
    if (n == 0)
        return MW_OK;
    mw_cosem_wrapper answer = mw_cosem_wrapper_answer(w, (mw_slice){behind_header(out).p, n});
    *answered = w->source;
    return mw_cosem_wrapper_encode(&answer, out, out_size);
}

/* The next block of an answer in general blocks. */
static mw_status more_wrapped(mw_cosem_server *s, uint16_t logical, uint16_t *answered, mw_span out,
                              size_t *out_size) {
    size_t n = 0;
    if (*answered == 0)
        return MW_NOT_FOUND;
    mw_status more = mw_cosem_server_more(s, (uint8_t)*answered, behind_header(out), &n);
    if (more != MW_OK) {
        *answered = 0;
        return more;
    }
    mw_cosem_wrapper w = {logical, *answered, {behind_header(out).p, n}};
    return mw_cosem_wrapper_encode(&w, out, out_size);
}

mw_status mw_cosem_socket_next(mw_cosem_socket *s, mw_span out, size_t *out_size) {
    mw_cosem_wrapper w;
    *out_size = 0;
    if (out.n <= MW_COSEM_WRAPPER_BYTES)
        return MW_SPACE;
    mw_status more = more_wrapped(s->server, s->logical, &s->answered, out, out_size);
    if (more != MW_NOT_FOUND)
        return more;
    MW_TRY(mw_cosem_stream_pull(&s->stream, &w));
    if (w.destination != s->logical || w.source > UINT8_MAX)
        return MW_OK;
    return serve_wrapped(s->server, &w, out, out_size, &s->answered);
}

/* ---- Wrapper over UDP ---- */

#define REPEAT_NS INT64_C(10000000000)
#define NOBODY    UINT64_MAX

void mw_cosem_datagrams_init(mw_cosem_datagrams *d, mw_cosem_server *server, mw_span memory) {
    mw_assert(server->device->client_count <= MW_COSEM_DATAGRAM_CLIENTS);
    size_t half = memory.n / 2;
    *d = (mw_cosem_datagrams){.server = server,
                              .logical = LOGICAL_DEVICE,
                              .request = {memory.p, half},
                              .answer = {memory.p + half, half}};
    for (unsigned i = 0; i < MW_COSEM_DATAGRAM_CLIENTS; i++)
        d->owner[i] = NOBODY;
    server->streaming = true;
}

/* Whether executing it twice is not what its sender can have meant. */
static bool is_guarded(mw_slice apdu) {
    uint8_t tag = apdu.n != 0 ? apdu.p[0] : 0;
    return tag == 0xC1 || tag == 0xC3 || mw_cosem_tag_is_ciphered(tag);
}

static bool is_repeat(const mw_cosem_datagrams *d, uint64_t peer, mw_slice datagram, mw_mono now) {
    return d->request_n != 0 && d->peer == peer && now.ns - d->at.ns < REPEAT_NS &&
           mw_slice_equal(datagram, (mw_slice){d->request.p, d->request_n});
}

/* An association goes to who opens it anew; other requests only pass from its owner. */
static bool may_speak(mw_cosem_datagrams *d, uint64_t peer, const mw_cosem_wrapper *w) {
    const mw_cosem_device *device = d->server->device;
    for (size_t i = 0; i < device->client_count; i++) {
        if (device->clients[i].sap != w->source)
            continue;
        if (w->apdu.n != 0 && w->apdu.p[0] == MW_COSEM_AARQ_TAG) {
            if (d->owner[i] != peer)
                mw_cosem_server_close(d->server, (uint8_t)w->source);
            d->owner[i] = peer;
        }
        return d->owner[i] == peer;
    }
    return true; /* no such client: it is told so */
}

static void remember(mw_cosem_datagrams *d, uint64_t peer, mw_slice datagram, mw_slice answer,
                     mw_mono now) {
    d->request_n = 0;
    if (datagram.n > d->request.n || answer.n > d->answer.n || answer.n == 0)
        return;
    memcpy(d->request.p, datagram.p, datagram.n);
    memcpy(d->answer.p, answer.p, answer.n);
    d->request_n = datagram.n;
    d->answer_n = answer.n;
    d->peer = peer;
    d->at = now;
}

mw_status mw_cosem_datagrams_take(mw_cosem_datagrams *d, uint64_t peer, mw_slice datagram,
                                  mw_mono now, mw_span out, size_t *out_size) {
    mw_cosem_wrapper w;
    *out_size = 0;
    d->answered = 0;
    if (out.n <= MW_COSEM_WRAPPER_BYTES)
        return MW_SPACE;
    if (mw_cosem_wrapper_decode(datagram, &w) != MW_OK || w.destination != d->logical ||
        w.source > UINT8_MAX)
        return MW_OK;
    if (is_repeat(d, peer, datagram, now) && d->answer_n <= out.n) {
        memcpy(out.p, d->answer.p, d->answer_n);
        *out_size = d->answer_n;
        return MW_OK;
    }
    if (!may_speak(d, peer, &w)) {
        size_t n = 0;
        MW_TRY(unknown_client(behind_header(out), &n));
        mw_cosem_wrapper answer = mw_cosem_wrapper_answer(&w, (mw_slice){behind_header(out).p, n});
        return mw_cosem_wrapper_encode(&answer, out, out_size);
    }
    MW_TRY(serve_wrapped(d->server, &w, out, out_size, &d->answered));
    if (is_guarded(w.apdu))
        remember(d, peer, datagram, (mw_slice){out.p, *out_size}, now);
    return MW_OK;
}

mw_status mw_cosem_datagrams_more(mw_cosem_datagrams *d, mw_span out, size_t *out_size) {
    *out_size = 0;
    return out.n <= MW_COSEM_WRAPPER_BYTES
               ? MW_SPACE
               : more_wrapped(d->server, d->logical, &d->answered, out, out_size);
}
