/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/dlms_link.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

mw_mono dlms_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (mw_mono){(int64_t)t.tv_sec * 1000000000 + t.tv_nsec};
}

static int connect_to(const char *text, int kind) {
    char host[256];
    const char *colon = strrchr(text, ':');
    struct addrinfo hints = {.ai_socktype = kind}, *found, *i;
    int fd = -1;
    if (colon == NULL || (size_t)(colon - text) >= sizeof host)
        return -1;
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = 0;
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
        return -1;
    for (i = found; i != NULL && fd < 0; i = i->ai_next) {
        fd = socket(i->ai_family, i->ai_socktype, i->ai_protocol);
        if (fd >= 0 && connect(fd, i->ai_addr, i->ai_addrlen) != 0) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

static speed_t speed_of(unsigned baud) {
    static const struct {
        unsigned baud;
        speed_t code;
    } all[] = {{300, B300},   {600, B600},     {1200, B1200},   {2400, B2400},   {4800, B4800},
               {9600, B9600}, {19200, B19200}, {38400, B38400}, {57600, B57600}, {115200, B115200}};
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i].baud == baud)
            return all[i].code;
    return B9600;
}

static bool line_set(int fd, unsigned baud, bool seven_even) {
    struct termios t;
    if (tcgetattr(fd, &t) != 0)
        return false;
    cfmakeraw(&t);
    t.c_cflag &= ~(tcflag_t)(CSIZE | PARENB | PARODD | CSTOPB | CRTSCTS);
    t.c_cflag |= CLOCAL | CREAD | (seven_even ? CS7 | PARENB : CS8);
    cfsetispeed(&t, speed_of(baud));
    cfsetospeed(&t, speed_of(baud));
    return tcsetattr(fd, TCSADRAIN, &t) == 0;
}

static bool put(dlms_link *l, const uint8_t *p, size_t n) {
    if (l->a.verbose) {
        fprintf(stderr, "> ");
        for (size_t i = 0; i < n; i++)
            fprintf(stderr, "%02x", p[i]);
        fprintf(stderr, "\n");
    }
    while (n != 0) {
        ssize_t done = write(l->fd, p, n);
        if (done <= 0)
            return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

/* Bytes within the time; 0: none, -1: the other side has closed. */
static ssize_t take(dlms_link *l, uint8_t *p, size_t n, int64_t wait_us) {
    struct pollfd f = {l->fd, POLLIN, 0};
    if (poll(&f, 1, wait_us <= 0 ? 0 : (int)((wait_us + 999) / 1000)) <= 0)
        return 0;
    ssize_t got = read(l->fd, p, n);
    if (got <= 0)
        return -1;
    l->bytes_in += (size_t)got;
    if (l->a.verbose) {
        fprintf(stderr, "< ");
        for (ssize_t i = 0; i < got; i++)
            fprintf(stderr, "%02x", p[i]);
        fprintf(stderr, "\n");
    }
    return got;
}

/* ---- Mode E: sign on at 300 7E1, agree on a speed and on HDLC ---- */

static ssize_t text_line(dlms_link *l, uint8_t *p, size_t n) {
    size_t have = 0;
    mw_mono end = {dlms_now().ns + 2000000000};
    while (have < n && (have == 0 || p[have - 1] != '\n')) {
        ssize_t got = take(l, p + have, 1, (end.ns - dlms_now().ns) / 1000);
        if (got <= 0)
            return got < 0 ? -1 : 0;
        p[have] &= 0x7f;
        have += (size_t)got;
    }
    return (ssize_t)have;
}

/* False when nobody answers so: HDLC at once may still do. */
static bool sign_on(dlms_link *l) {
    static const unsigned speeds[] = {300,  600,   1200,  2400,  4800,
                                      9600, 19200, 38400, 57600, 115200};
    uint8_t line[64];
    bool tty = l->a.serial != NULL;
    if (tty && !line_set(l->fd, 300, true))
        return false;
    if (!put(l, (const uint8_t *)"/?!\r\n", 5))
        return false;
    ssize_t n = text_line(l, line, sizeof line);
    if (n == 5 && memcmp(line, "/?!", 3) == 0) { /* the probe's echo */
        l->echoes++;
        n = text_line(l, line, sizeof line);
    }
    if (n < 7 || line[0] != '/' || line[4] < '0' || line[4] > '9')
        return false;
    const uint8_t ack[6] = {0x06, '2', line[4], '2', '\r', '\n'};
    unsigned speed = speeds[line[4] - '0'];
    if (!put(l, ack, sizeof ack))
        return false;
    if (tty) {
        tcdrain(l->fd);
        if (!line_set(l->fd, speed, true))
            return false;
    }
    n = text_line(l, line, sizeof line);
    return n == (ssize_t)sizeof ack && (!tty || line_set(l->fd, speed, false));
}

/* ---- HDLC ---- */

/* Why nothing useful came. */
static mw_cosem_fault silence(const dlms_link *l) {
    if (l->bytes_in == 0)
        return l->up ? MW_COSEM_FAULT_WRONG_SAP : MW_COSEM_FAULT_NO_CARRIER;
    if (l->up && l->answers != 0)
        return MW_COSEM_FAULT_WRONG_SAP;
    if (l->strangers != 0)
        return MW_COSEM_FAULT_WRONG_ADDRESS;
    return l->echoes != 0 ? MW_COSEM_FAULT_ECHO : MW_COSEM_FAULT_BAD_CRC;
}

static bool send_due(dlms_link *l) {
    uint8_t out[MW_HDLC_FRAME_MAX];
    size_t n;
    while (mw_hdlc_client_next(&l->client, dlms_now(), MW_SPAN_OF(out), &n) == MW_OK)
        if (!put(l, out, n))
            return false;
    return true;
}

static void judge(dlms_link *l, const mw_hdlc_frame *f) {
    if (mw_hdlc_address_equal(&f->source, &l->config.client))
        l->echoes++;
    else
        l->strangers++;
}

/* Takes what is left of former bytes and these, until an event of this kind. MW_AGAIN: there was none. */
static mw_status feed(dlms_link *l, mw_slice bytes, mw_hdlc_event_kind until,
                      mw_hdlc_event *event) {
    mw_hdlc_frame frame;
    for (size_t at = 0;;) {
        while (mw_hdlc_deframer_pull(&l->deframer, &frame) == MW_OK) {
            if (mw_hdlc_client_take(&l->client, &frame, event) != MW_OK) {
                judge(l, &frame);
                continue;
            }
            l->answers++;
            if (event->kind == until)
                return MW_OK;
            if (event->kind == MW_HDLC_REJECTED || event->kind == MW_HDLC_CLOSED)
                return MW_FORBIDDEN;
        }
        if (at == bytes.n)
            return MW_AGAIN;
        at += mw_hdlc_deframer_push(&l->deframer, (mw_slice){bytes.p + at, bytes.n - at});
    }
}

/* Runs the link until an event of this kind, or a fault. */
static mw_status run(dlms_link *l, mw_hdlc_event_kind until, mw_hdlc_event *event,
                     mw_cosem_fault *fault) {
    mw_mono end = {dlms_now().ns + (int64_t)l->a.timeout_ms * 1000000 * (l->a.tries + 40)};
    while (dlms_now().ns < end.ns) {
        if (!send_due(l)) {
            *fault = MW_COSEM_FAULT_CLOSED;
            return MW_CLOSED;
        }
        uint8_t bytes[2048];
        ssize_t n = take(l, bytes, sizeof bytes, (l->client.deadline.ns - dlms_now().ns) / 1000);
        if (n < 0) {
            *fault = MW_COSEM_FAULT_CLOSED;
            return MW_CLOSED;
        }
        if (n == 0) {
            mw_hdlc_deframer_silence(&l->deframer);
            mw_hdlc_client_tick(&l->client, dlms_now(), event);
            if (event->kind == MW_HDLC_SILENT)
                break;
        }
        mw_status fed = feed(l, (mw_slice){bytes, (size_t)n}, until, event);
        if (fed == MW_FORBIDDEN)
            *fault = MW_COSEM_FAULT_WRONG_SAP;
        if (fed != MW_AGAIN)
            return fed;
    }
    *fault = silence(l);
    return MW_TIMEOUT;
}

mw_status dlms_link_pushed(dlms_link *l, mw_slice *out_apdu) {
    mw_hdlc_event event;
    uint8_t bytes[2048];
    mw_status fed = feed(l, (mw_slice){bytes, 0}, MW_HDLC_UNIT, &event);
    while (fed == MW_AGAIN) {
        ssize_t n = take(l, bytes, sizeof bytes, 1000000);
        if (n < 0)
            return MW_CLOSED;
        if (n == 0)
            mw_hdlc_deframer_silence(&l->deframer);
        fed = feed(l, (mw_slice){bytes, (size_t)n}, MW_HDLC_UNIT, &event);
    }
    *out_apdu = event.apdu;
    return fed;
}

static mw_hdlc_address server_address(const dlms_address *a) {
    unsigned bytes = a->address_bytes != 0 ? a->address_bytes : a->physical != 0 ? 4 : 1;
    return (mw_hdlc_address){.upper = (uint16_t)a->logical,
                             .lower = bytes == 1 ? 0 : (uint16_t)a->physical,
                             .bytes = (uint8_t)bytes};
}

bool dlms_wrapped(const dlms_address *a) {
    return a->tcp != NULL || a->udp != NULL;
}

mw_status dlms_link_open(dlms_link *l, const dlms_address *a, mw_cosem_fault *out_fault) {
    memset(l, 0, sizeof *l);
    l->a = *a;
    l->hdlc = !dlms_wrapped(a);
    l->fd = a->tcp != NULL    ? connect_to(a->tcp, SOCK_STREAM)
            : a->udp != NULL  ? connect_to(a->udp, SOCK_DGRAM)
            : a->hdlc != NULL ? connect_to(a->hdlc, SOCK_STREAM)
                              : open(a->serial, O_RDWR | O_NOCTTY);
    *out_fault = MW_COSEM_FAULT_NO_CARRIER;
    if (l->fd < 0)
        return MW_IO;
    mw_cosem_stream_init(&l->stream, MW_SPAN_OF(l->in));
    if (!l->hdlc)
        return MW_OK;
    if (a->mode_e && !sign_on(l) && a->serial != NULL && !line_set(l->fd, a->speed, false))
        return MW_IO;
    if (!a->mode_e && a->serial != NULL && !line_set(l->fd, a->speed, false))
        return MW_IO;
    l->config = (mw_hdlc_client_config){.params = {1024, 1024, 7, 7},
                                        .client = {(uint16_t)a->client, 0, 1},
                                        .server = server_address(a),
                                        .answer_time = {(int64_t)a->timeout_ms * 1000000},
                                        .tries = (uint8_t)a->tries};
    mw_hdlc_deframer_init(&l->deframer, MW_SPAN_OF(l->frames));
    mw_hdlc_client_init(&l->client, &l->config, MW_SPAN_OF(l->answer), MW_SPAN_OF(l->pushed));
    l->bytes_in = 0;
    mw_hdlc_client_connect(&l->client);
    mw_hdlc_event event;
    MW_TRY(run(l, MW_HDLC_CONNECTED, &event, out_fault));
    l->up = true;
    return MW_OK;
}

static mw_status exchange_hdlc(dlms_link *l, mw_slice apdu, mw_span out, size_t *out_size,
                               mw_cosem_fault *out_fault) {
    mw_hdlc_event event;
    MW_TRY(mw_hdlc_client_send(&l->client, apdu));
    MW_TRY(run(l, MW_HDLC_APDU, &event, out_fault));
    if (event.apdu.n > out.n)
        return MW_SPACE;
    memcpy(out.p, event.apdu.p, event.apdu.n);
    *out_size = event.apdu.n;
    return MW_OK;
}

/* The next APDU for us out of the stream or of a datagram, until `end`. */
static mw_status wrapped_apdu(dlms_link *l, mw_mono end, mw_cosem_wrapper *w,
                              mw_cosem_fault *out_fault) {
    static uint8_t bytes[DLMS_APDU_MAX];
    for (;;) {
        mw_status pulled = l->a.udp != NULL ? MW_AGAIN : mw_cosem_stream_pull(&l->stream, w);
        if (pulled != MW_OK && pulled != MW_AGAIN) {
            *out_fault = MW_COSEM_FAULT_PROTOCOL;
            return pulled;
        }
        if (pulled == MW_AGAIN) {
            size_t room = l->a.udp != NULL ? sizeof bytes : 4096;
            ssize_t got = take(l, bytes, room, (end.ns - dlms_now().ns) / 1000);
            if (got < 0 && l->a.udp == NULL)
                return MW_CLOSED;
            if (got <= 0 && dlms_now().ns >= end.ns)
                return MW_TIMEOUT;
            if (got < 0) { /* the port is closed: whoever answers does so later, or never */
                *out_fault = MW_COSEM_FAULT_NO_CARRIER;
                return MW_CLOSED;
            }
            if (got == 0)
                continue;
            if (l->a.udp == NULL) {
                for (size_t at = 0; at < (size_t)got;)
                    at +=
                        mw_cosem_stream_push(&l->stream, (mw_slice){bytes + at, (size_t)got - at});
                continue;
            }
            if (mw_cosem_wrapper_decode((mw_slice){bytes, (size_t)got}, w) != MW_OK)
                continue;
        }
        if (w->destination == l->a.client && w->source == l->a.logical)
            return MW_OK; /* all else: a push, or an answer to somebody before us */
    }
}

static mw_status hand_over(const mw_cosem_wrapper *w, mw_span out, size_t *out_size) {
    if (w->apdu.n > out.n)
        return MW_SPACE;
    memcpy(out.p, w->apdu.p, w->apdu.n);
    *out_size = w->apdu.n;
    return MW_OK;
}

/* Over UDP the request is sent again when nothing comes; a meter executes a repeat once. */
static mw_status exchange_wrapper(dlms_link *l, mw_slice apdu, mw_span out, size_t *out_size,
                                  mw_cosem_fault *out_fault) {
    static uint8_t frame[DLMS_APDU_MAX + MW_COSEM_WRAPPER_BYTES];
    mw_cosem_wrapper w = {(uint16_t)l->a.client, (uint16_t)l->a.logical, apdu};
    size_t n = 0;
    MW_TRY(mw_cosem_wrapper_encode(&w, MW_SPAN_OF(frame), &n));
    bool udp = l->a.udp != NULL;
    unsigned tries = udp ? l->a.tries : 1;
    int64_t wait = (int64_t)l->a.timeout_ms * 1000000 * (udp ? 1 : (int64_t)l->a.tries);
    mw_status got = MW_TIMEOUT;
    for (; tries != 0 && got == MW_TIMEOUT; tries--) {
        *out_fault = MW_COSEM_FAULT_CLOSED;
        if (!put(l, frame, n)) {
            *out_fault = udp ? MW_COSEM_FAULT_NO_CARRIER : MW_COSEM_FAULT_CLOSED;
            return MW_CLOSED;
        }
        got = wrapped_apdu(l, (mw_mono){dlms_now().ns + wait}, &w, out_fault);
    }
    if (got == MW_TIMEOUT) /* connected, and nobody speaks for this port; over UDP: nobody at all */
        *out_fault = udp && !l->answered ? MW_COSEM_FAULT_NO_CARRIER : MW_COSEM_FAULT_WRONG_SAP;
    MW_TRY(got);
    l->answered = true;
    return hand_over(&w, out, out_size);
}

mw_status dlms_link_receive(void *link, mw_span out, size_t *out_size, mw_cosem_fault *out_fault) {
    dlms_link *l = link;
    mw_cosem_wrapper w;
    *out_fault = MW_COSEM_FAULT_CLOSED;
    int64_t wait = (int64_t)l->a.timeout_ms * 1000000;
    MW_TRY(wrapped_apdu(l, (mw_mono){dlms_now().ns + wait}, &w, out_fault));
    return hand_over(&w, out, out_size);
}

mw_status dlms_link_exchange(void *link, mw_slice apdu, mw_span out, size_t *out_size,
                             mw_cosem_fault *out_fault) {
    dlms_link *l = link;
    l->bytes_in = 0;
    l->echoes = l->strangers = l->answers = 0;
    return l->hdlc ? exchange_hdlc(l, apdu, out, out_size, out_fault)
                   : exchange_wrapper(l, apdu, out, out_size, out_fault);
}

void dlms_link_close(dlms_link *l) {
    mw_hdlc_event event;
    mw_cosem_fault fault;
    if (l->fd < 0)
        return;
    if (l->up && mw_hdlc_client_disconnect(&l->client) == MW_OK)
        (void)run(l, MW_HDLC_CLOSED, &event, &fault);
    close(l->fd);
    l->fd = -1;
}
