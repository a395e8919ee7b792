/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/tcp_door.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "runtime/http_server_priv.h"

enum {
    TCP_OUT_MAX = 64 * 1024,
    TCP_PIECE = 16 * 1024,
    TCP_SWEEP_MS = 500,
};

typedef struct tcp_peer tcp_peer;

struct mw_tcp_door {
    mw_loop *loop;
    mw_tcp_door_options options; /* its strings are not used after opening */
    SSL_CTX *tls;
    uv_tcp_t listener;
    uv_timer_t sweep;
    int handles;
    bool closing;
    uint16_t port;
    tcp_peer *peers;
    uint32_t peers_n;
    uint8_t piece[TCP_PIECE];
};

struct tcp_peer {
    tcp_peer *next, **link;
    mw_tcp_door *door;
    uv_tcp_t tcp;
    mw_http_tls *tls;
    mw_mono heard;
    bool ending; /* is closed as soon as all is sent */
    bool closed;
    char address[MW_HTTP_PEER_MAX];
    max_align_t state[];
};

typedef struct tcp_write {
    uv_write_t uv;
    tcp_peer *peer;
    uint8_t bytes[];
} tcp_write;

static void handle_closed(mw_tcp_door *d) {
    if (--d->handles > 0 || !d->closing)
        return;
    SSL_CTX_free(d->tls);
    free(d);
}

static void own_closed(uv_handle_t *h) {
    handle_closed(h->data);
}

static void peer_freed(uv_handle_t *h) {
    tcp_peer *p = h->data;
    mw_tcp_door *d = p->door;
    mw_http_tls_free(p->tls);
    free(p);
    handle_closed(d);
}

static void peer_close(tcp_peer *p) {
    if (p->closed)
        return;
    p->closed = true;
    *p->link = p->next;
    if (p->next != NULL)
        p->next->link = p->link;
    p->door->peers_n--;
    if (p->door->options.closed != NULL)
        p->door->options.closed(p->door->options.context, p->state);
    uv_close((uv_handle_t *)&p->tcp, peer_freed);
}

static void written(uv_write_t *req, int status) {
    tcp_write *w = (tcp_write *)req;
    tcp_peer *p = w->peer;
    free(w);
    if (p->closed)
        return;
    bool all = uv_stream_get_write_queue_size((uv_stream_t *)&p->tcp) == 0;
    if (status != 0 || (p->ending && all))
        peer_close(p);
}

static mw_status wire_put(tcp_peer *p, mw_slice bytes) {
    if (bytes.n == 0)
        return MW_OK;
    if (uv_stream_get_write_queue_size((uv_stream_t *)&p->tcp) + bytes.n > 2 * TCP_OUT_MAX)
        return MW_LIMIT;
    tcp_write *w = malloc(sizeof *w + bytes.n);
    if (w == NULL)
        return MW_NOMEM;
    w->peer = p;
    mw_bytes_copy(w->bytes, bytes.p, bytes.n);
    uv_buf_t buf = uv_buf_init((char *)w->bytes, (unsigned)bytes.n);
    if (uv_write(&w->uv, (uv_stream_t *)&p->tcp, &buf, 1, written) != 0) {
        free(w);
        return MW_CLOSED;
    }
    return MW_OK;
}

/* Plain bytes to the owner, its answer to the wire. */
static mw_status plain_take(tcp_peer *p, mw_slice plain, mw_buffer *wire) {
    mw_tcp_door *d = p->door;
    mw_buffer out;
    if (plain.n == 0)
        return MW_OK;
    mw_buffer_init(&out, TCP_OUT_MAX);
    mw_status said = d->options.bytes(d->options.context, p->state, plain, &out);
    mw_status sent = out.status;
    if (sent == MW_OK && p->tls != NULL)
        sent = mw_http_tls_put(p->tls, mw_buffer_view(&out), wire);
    else if (sent == MW_OK)
        mw_buffer_append(wire, mw_buffer_view(&out));
    mw_buffer_fini(&out);
    return said != MW_OK ? said : sent;
}

static void bytes_take(tcp_peer *p, mw_slice bytes) {
    mw_buffer plain, wire;
    mw_buffer_init(&plain, 4 * TCP_PIECE);
    mw_buffer_init(&wire, 2 * TCP_OUT_MAX);
    mw_status s = MW_OK;
    if (p->tls != NULL)
        s = mw_http_tls_take(p->tls, bytes, &plain, &wire);
    mw_status told = plain_take(p, p->tls != NULL ? mw_buffer_view(&plain) : bytes, &wire);
    if (s == MW_OK)
        s = told;
    mw_status sent = wire_put(p, mw_buffer_view(&wire));
    mw_buffer_fini(&plain);
    mw_buffer_fini(&wire);
    if (s == MW_OK && sent == MW_OK)
        return;
    (void)uv_read_stop((uv_stream_t *)&p->tcp);
    p->ending = true;
    if (sent != MW_OK || uv_stream_get_write_queue_size((uv_stream_t *)&p->tcp) == 0)
        peer_close(p);
}

static void allocate(uv_handle_t *h, size_t suggested, uv_buf_t *out) {
    tcp_peer *p = h->data;
    (void)suggested;
    *out = uv_buf_init((char *)p->door->piece, TCP_PIECE);
}

static void readable(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
    tcp_peer *p = stream->data;
    if (n == 0)
        return;
    if (n < 0) {
        peer_close(p);
        return;
    }
    uint64_t begun = uv_hrtime();
    p->heard = mw_loop_mono(p->door->loop);
    bytes_take(p, (mw_slice){(const uint8_t *)buf->base, (size_t)n});
    mw_loop_took(p->door->loop, "tcp", begun);
}

static bool admitted(const mw_tcp_door *d, const tcp_peer *p) {
    uint32_t same = 0;
    for (const tcp_peer *o = d->peers; o != NULL; o = o->next)
        same += o != p && strcmp(o->address, p->address) == 0;
    return d->peers_n <= d->options.connections_max && same < d->options.per_ip_max;
}

static void accepting(uv_stream_t *listener, int status) {
    mw_tcp_door *d = listener->data;
    tcp_peer *p = status != 0 ? NULL : calloc(1, sizeof *p + d->options.state_bytes);
    struct sockaddr_storage from = {0};
    int n = (int)sizeof from;
    if (p == NULL)
        return;
    p->door = d;
    mw_assert(uv_tcp_init(mw_loop_uv(d->loop), &p->tcp) == 0);
    p->tcp.data = p;
    p->heard = mw_loop_mono(d->loop);
    d->handles++;
    p->next = d->peers;
    p->link = &d->peers;
    if (p->next != NULL)
        p->next->link = &p->next;
    d->peers = p;
    d->peers_n++;
    if (d->options.open != NULL)
        d->options.open(d->options.context, p->state);
    int accepted = uv_accept(listener, (uv_stream_t *)&p->tcp);
    if (uv_tcp_getpeername(&p->tcp, (struct sockaddr *)&from, &n) == 0)
        (void)uv_ip_name((struct sockaddr *)&from, p->address, sizeof p->address);
    if (accepted != 0 || !admitted(d, p) ||
        (d->tls != NULL && mw_http_tls_new(d->tls, &p->tls) != MW_OK) ||
        uv_read_start((uv_stream_t *)&p->tcp, allocate, readable) != 0) {
        peer_close(p);
        return;
    }
    (void)uv_tcp_nodelay(&p->tcp, 1);
}

static void sweep(uv_timer_t *t) {
    mw_tcp_door *d = t->data;
    mw_mono now = mw_loop_mono(d->loop);
    tcp_peer *next;
    for (tcp_peer *p = d->peers; p != NULL; p = next) {
        next = p->next;
        if (mw_mono_since(now, p->heard).ns > d->options.idle.ns)
            peer_close(p);
    }
}

static mw_status bind_to(mw_tcp_door *d, const struct sockaddr_storage *addr, char error[160]) {
    int result = uv_tcp_bind(&d->listener, (const struct sockaddr *)addr, 0);
    if (result == 0)
        result = uv_listen((uv_stream_t *)&d->listener, 128, accepting);
    if (result != 0) {
        (void)snprintf(error, 160, "could not listen on %.80s: %s", d->options.listen,
                       uv_strerror(result));
        return MW_IO;
    }
    struct sockaddr_storage bound = {0};
    int n = (int)sizeof bound;
    mw_assert(uv_tcp_getsockname(&d->listener, (struct sockaddr *)&bound, &n) == 0);
    d->port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                                : ((struct sockaddr_in *)&bound)->sin_port);
    return MW_OK;
}

static mw_status options_check(const mw_tcp_door_options *o, struct sockaddr_storage *addr,
                               bool *out_tls, char error[160]) {
    bool loopback = false, cert = o->tls_cert != NULL && *o->tls_cert != 0;
    if (!mw_http_listen_parse(o->listen, addr, &loopback)) {
        (void)snprintf(error, 160, "\"%.80s\" is not an address such as 127.0.0.1:4059", o->listen);
        return MW_SYNTAX;
    }
    if (cert != (o->tls_key != NULL && *o->tls_key != 0)) {
        (void)snprintf(error, 160, "TLS needs both a certificate and a private key");
        return MW_SYNTAX;
    }
    if (!cert && !loopback && !o->plain_allowed) {
        (void)snprintf(error, 160, "refusing to listen on %.60s without TLS", o->listen);
        return MW_FORBIDDEN;
    }
    *out_tls = cert;
    return MW_OK;
}

mw_status mw_tcp_door_open(mw_loop *loop, const mw_tcp_door_options *options,
                           mw_tcp_door **out_door, char error[160]) {
    struct sockaddr_storage addr = {0};
    bool tls = false;
    MW_TRY(options_check(options, &addr, &tls, error));
    mw_tcp_door *d = calloc(1, sizeof *d);
    if (d == NULL)
        return MW_NOMEM;
    d->loop = loop;
    d->options = *options;
    if (d->options.connections_max == 0)
        d->options.connections_max = 256;
    if (d->options.per_ip_max == 0)
        d->options.per_ip_max = 64;
    if (d->options.idle.ns == 0)
        d->options.idle = mw_dur_s(60);
    mw_status s = tls ? mw_http_tls_context(options->tls_cert, options->tls_key, options->client_ca,
                                            &d->tls, error)
                      : MW_OK;
    if (s != MW_OK) {
        free(d);
        return s;
    }
    mw_assert(uv_tcp_init(mw_loop_uv(loop), &d->listener) == 0);
    mw_assert(uv_timer_init(mw_loop_uv(loop), &d->sweep) == 0);
    d->listener.data = d;
    d->sweep.data = d;
    d->handles = 2;
    s = bind_to(d, &addr, error);
    if (s != MW_OK) {
        mw_tcp_door_close(d);
        return s;
    }
    mw_assert(uv_timer_start(&d->sweep, sweep, TCP_SWEEP_MS, TCP_SWEEP_MS) == 0);
    *out_door = d;
    return MW_OK;
}

uint16_t mw_tcp_door_port(const mw_tcp_door *d) {
    return d->port;
}

void mw_tcp_door_close(mw_tcp_door *d) {
    if (d == NULL)
        return;
    d->closing = true;
    while (d->peers != NULL)
        peer_close(d->peers);
    uv_close((uv_handle_t *)&d->listener, own_closed);
    uv_close((uv_handle_t *)&d->sweep, own_closed);
}
