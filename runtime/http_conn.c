/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "runtime/http_server_priv.h"

/* A write in flight with its bytes behind it. */
typedef struct mw_http_write {
    uv_write_t uv;
    mw_http_conn *conn;
    uint8_t bytes[];
} mw_http_write;

static void mw_http_conn_pump(mw_http_conn *c);
static void mw_http_conn_read_client(mw_http_conn *c);
static void mw_http_conn_read_inner(mw_http_conn *c);

static void mw_http_conn_deadline(mw_http_conn *c, mw_dur after, bool idle) {
    c->deadline = mw_mono_add(mw_loop_mono(c->server->loop), after);
    c->deadline_is_idle = idle;
}

static void mw_http_conn_handle_closed(uv_handle_t *h) {
    mw_http_conn *c = h->data;
    mw_http_server *s = c->server;
    if (--c->handles == 0) {
        mw_http_gate_fini(&c->gate);
        mw_buffer_fini(&c->in);
        mw_http_tls_free(c->tls);
        free(c);
    }
    mw_http_server_handle_closed(s);
}

/* Ends both sockets at once. libmicrohttpd sees the end of its socket by itself; a request that it
 * keeps suspended has to be told. */
void mw_http_conn_close(mw_http_conn *c) {
    if (c->phase == MW_HTTP_CONN_CLOSED)
        return;
    c->phase = MW_HTTP_CONN_CLOSED;
    *c->link = c->next;
    if (c->next != NULL)
        c->next->link = c->link;
    c->server->conns_n--;
    if (c->server->connections != NULL)
        mw_metric_set(c->server->connections, c->server->conns_n);
    if (c->request != NULL) {
        mw_http_request *r = c->request;
        c->request = NULL;
        r->conn = NULL;
        mw_http_request_lost(r);
    }
    uv_close((uv_handle_t *)&c->client, mw_http_conn_handle_closed);
    uv_close((uv_handle_t *)&c->inner, mw_http_conn_handle_closed);
}

static void mw_http_conn_written(uv_write_t *req, int status) {
    mw_http_write *w = (mw_http_write *)req;
    mw_http_conn *c = w->conn;
    bool to_client = req->handle == (uv_stream_t *)&c->client;
    free(w);
    if (c->phase == MW_HTTP_CONN_CLOSED)
        return;
    if (status != 0) {
        mw_http_conn_close(c);
        return;
    }
    if (to_client) {
        if (c->phase == MW_HTTP_CONN_OPEN)
            mw_http_conn_deadline(c, c->server->options.idle_timeout, true);
        mw_http_conn_read_inner(c);
    } else {
        mw_http_conn_pump(c);
    }
}

static mw_status mw_http_conn_write(mw_http_conn *c, uv_stream_t *to, mw_slice bytes) {
    if (bytes.n == 0)
        return MW_OK;
    mw_http_write *w = malloc(sizeof *w + bytes.n);
    if (w == NULL)
        return MW_NOMEM;
    w->conn = c;
    mw_bytes_copy(w->bytes, bytes.p, bytes.n);
    uv_buf_t buf = uv_buf_init((char *)w->bytes, (unsigned)bytes.n);
    if (uv_write(&w->uv, to, &buf, 1, mw_http_conn_written) != 0) {
        free(w);
        return MW_CLOSED;
    }
    return MW_OK;
}

/* Plain bytes to the client, through TLS when there is one. */
static mw_status mw_http_conn_send(mw_http_conn *c, mw_slice plain) {
    if (c->tls == NULL)
        return mw_http_conn_write(c, (uv_stream_t *)&c->client, plain);
    mw_buffer wire;
    mw_buffer_init(&wire, 4 * MW_HTTP_OUT_MAX);
    mw_status status = mw_http_tls_put(c->tls, plain, &wire);
    if (status == MW_OK)
        status = mw_http_conn_write(c, (uv_stream_t *)&c->client, mw_buffer_view(&wire));
    mw_buffer_fini(&wire);
    return status;
}

static void mw_http_conn_shut(uv_shutdown_t *req, int status) {
    (void)status;
    free(req);
}

/* Everything for the client is queued: end our side and read on for a moment, so that unread bytes
 * of the client do not make the kernel reset the connection before the answer was read. */
static void mw_http_conn_linger(mw_http_conn *c) {
    if (c->phase >= MW_HTTP_CONN_LINGER)
        return;
    c->phase = MW_HTTP_CONN_LINGER;
    if (c->tls != NULL) {
        mw_buffer wire;
        mw_buffer_init(&wire, MW_HTTP_OUT_MAX);
        mw_http_tls_end(c->tls, &wire);
        mw_status status = mw_http_conn_write(c, (uv_stream_t *)&c->client, mw_buffer_view(&wire));
        mw_buffer_fini(&wire);
        if (status != MW_OK) {
            mw_http_conn_close(c);
            return;
        }
    }
    uv_shutdown_t *req = malloc(sizeof *req);
    if (req == NULL || uv_shutdown(req, (uv_stream_t *)&c->client, mw_http_conn_shut) != 0) {
        free(req);
        mw_http_conn_close(c);
        return;
    }
    (void)uv_read_stop((uv_stream_t *)&c->inner);
    bool slow_client = uv_stream_get_write_queue_size((uv_stream_t *)&c->client) > 0;
    mw_http_conn_deadline(c, slow_client ? c->server->options.idle_timeout : mw_dur_s(2), false);
    c->client_paused = false;
    mw_http_conn_read_client(c);
}

static const char *mw_http_refusal_text(int status) {
    switch (status) {
    case 400:
        return "Bad Request";
    case 408:
        return "Request Timeout";
    case 413:
        return "Content Too Large";
    case 417:
        return "Expectation Failed";
    case 431:
        return "Request Header Fields Too Large";
    case 503:
        return "Service Unavailable";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Internal Server Error";
    }
}

/* The answer that libmicrohttpd never sees. */
static void mw_http_conn_send_refusal(mw_http_conn *c) {
    char text[400];
    const char *words = mw_http_refusal_text(c->refusal);
    char body[160];
    int body_n =
        snprintf(body, sizeof body, "{\"error\":{\"code\":\"HTTP_%d\",\"message\":\"%s\"}}",
                 c->refusal, words);
    int n = snprintf(text, sizeof text,
                     "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
                     "Cache-Control: no-store\r\nConnection: close\r\n\r\n%s",
                     c->refusal, words, body_n, body);
    if (c->server->refused != NULL)
        mw_metric_add(c->server->refused, 1);
    if (mw_http_conn_send(c, (mw_slice){(const uint8_t *)text, (size_t)n}) == MW_OK)
        mw_http_conn_linger(c);
    else
        mw_http_conn_close(c);
}

/* No more of this client goes in. Answers still under way are delivered first: libmicrohttpd ends
 * its side when it has nothing left, and then the refusal is sent. */
static void mw_http_conn_refuse(mw_http_conn *c, int http_status) {
    if (c->phase != MW_HTTP_CONN_OPEN)
        return;
    c->phase = MW_HTTP_CONN_REFUSING;
    c->refusal = http_status;
    (void)uv_read_stop((uv_stream_t *)&c->client);
    mw_http_conn_deadline(c, c->server->options.idle_timeout, false);
    if (!c->asked) {
        mw_http_conn_send_refusal(c);
        return;
    }
}

/* Whether bytes of libmicrohttpd belong to a whole request and may pass. */
static bool mw_http_conn_may_pass(const mw_http_conn *c) {
    return c->phase == MW_HTTP_CONN_OPEN || c->phase == MW_HTTP_CONN_REFUSING;
}

void mw_http_conn_answered(mw_http_conn *c) {
    c->asked = false;
    /* the last bytes of the answer may still lie in the socket pair: they are read first */
    uint8_t piece[4096];
    uv_os_fd_t fd = -1;
    if (uv_fileno((uv_handle_t *)&c->inner, &fd) == 0) {
        ssize_t n;
        while ((n = recv(fd, piece, sizeof piece, MSG_DONTWAIT)) > 0) {
            if (mw_http_conn_may_pass(c) &&
                mw_http_conn_send(c, (mw_slice){piece, (size_t)n}) != MW_OK) {
                mw_http_conn_close(c);
                return;
            }
        }
        c->inner_eof |= n == 0;
    }
    if (c->phase == MW_HTTP_CONN_REFUSING) {
        mw_http_conn_send_refusal(c);
        return;
    }
    if (c->inner_eof) {
        mw_http_conn_linger(c);
        return;
    }
    mw_http_conn_deadline(c, c->server->options.idle_timeout, true);
    mw_http_conn_pump(c);
}

/* A new request or a part of one came in: how long the rest may take. */
static void mw_http_conn_progress(mw_http_conn *c, mw_http_gate_state before) {
    const mw_http_options *o = &c->server->options;
    if (before == MW_HTTP_GATE_IDLE && c->gate.state != MW_HTTP_GATE_IDLE)
        mw_http_conn_deadline(c, o->head_timeout, false);
    bool was_body = before >= MW_HTTP_GATE_BODY;
    if (!was_body && mw_http_gate_in_body(&c->gate))
        mw_http_conn_deadline(c, o->body_timeout, false);
}

/* Moves the client's bytes through the gate to libmicrohttpd, one request at a time. */
static void mw_http_conn_pump(mw_http_conn *c) {
    while (c->phase == MW_HTTP_CONN_OPEN && c->in.n > 0 && !c->asked) {
        if (uv_stream_get_write_queue_size((uv_stream_t *)&c->inner) > MW_HTTP_OUT_MAX)
            break; /* goes on when libmicrohttpd has read */
        mw_buffer good;
        mw_buffer_init(&good, 2 * MW_HTTP_IN_MAX + c->server->options.head_max);
        mw_http_gate_state before = c->gate.state;
        size_t used = 0;
        mw_http_gate_verdict verdict =
            mw_http_gate_push(&c->gate, mw_buffer_view(&c->in), &good, &used);
        mw_buffer_drop(&c->in, used);
        mw_http_conn_progress(c, before);
        mw_status status = MW_OK;
        if (verdict != MW_HTTP_GATE_REFUSE)
            status = mw_http_conn_write(c, (uv_stream_t *)&c->inner, mw_buffer_view(&good));
        mw_buffer_fini(&good);
        if (status != MW_OK) {
            mw_http_conn_close(c);
            return;
        }
        if (verdict == MW_HTTP_GATE_REFUSE) {
            mw_http_conn_refuse(c, c->gate.http_status);
            return;
        }
        if (verdict == MW_HTTP_GATE_DONE)
            c->asked = true;
    }
    if (c->phase != MW_HTTP_CONN_OPEN)
        return;
    if (c->client_eof && !c->asked) {
        mw_http_conn_close(c);
        return;
    }
    mw_http_conn_read_client(c);
}

/* The client sent the end of its stream. Half-closed clients still get an answer that is already
 * decided; nobody waits for a later one. */
static void mw_http_conn_client_ended(mw_http_conn *c) {
    c->client_eof = true;
    (void)uv_read_stop((uv_stream_t *)&c->client);
    bool open_ended = c->request != NULL && c->request->dispatched &&
                      (!c->request->answered || c->request->sse != NULL);
    if (c->phase == MW_HTTP_CONN_LINGER || !c->asked || open_ended)
        mw_http_conn_close(c);
}

static void mw_http_conn_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf) {
    (void)suggested;
    mw_http_conn *c = h->data;
    *buf = uv_buf_init((char *)c->server->piece, sizeof c->server->piece);
}

static void mw_http_conn_on_client(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
    mw_http_conn *c = stream->data;
    if (n == 0)
        return;
    if (n < 0) {
        if (n == UV_EOF)
            mw_http_conn_client_ended(c);
        else
            mw_http_conn_close(c);
        return;
    }
    if (c->phase != MW_HTTP_CONN_OPEN)
        return; /* lingering: read and forgotten */
    mw_slice got = {(const uint8_t *)buf->base, (size_t)n};
    if (c->tls == NULL) {
        mw_buffer_append(&c->in, got);
    } else {
        mw_buffer wire;
        mw_buffer_init(&wire, MW_HTTP_OUT_MAX);
        mw_status status = mw_http_tls_take(c->tls, got, &c->in, &wire);
        if (mw_http_conn_write(c, (uv_stream_t *)&c->client, mw_buffer_view(&wire)) != MW_OK ||
            status == MW_NOMEM) {
            mw_buffer_fini(&wire);
            mw_http_conn_close(c);
            return;
        }
        mw_buffer_fini(&wire);
        if (status == MW_CLOSED) {
            mw_http_conn_pump(c); /* what came before the end counts */
            if (c->phase == MW_HTTP_CONN_OPEN)
                mw_http_conn_client_ended(c);
            return;
        }
    }
    if (c->in.status != MW_OK)
        mw_http_conn_close(c);
    else
        mw_http_conn_pump(c);
}

/* Reads the client unless enough of its bytes wait already. */
static void mw_http_conn_read_client(mw_http_conn *c) {
    if (c->client_eof || c->phase == MW_HTTP_CONN_CLOSED)
        return;
    bool full = c->phase == MW_HTTP_CONN_OPEN && c->in.n + MW_HTTP_PIECE > MW_HTTP_IN_MAX;
    if (full && !c->client_paused) {
        (void)uv_read_stop((uv_stream_t *)&c->client);
        c->client_paused = true;
    } else if (!full) {
        c->client_paused = false;
        int result =
            uv_read_start((uv_stream_t *)&c->client, mw_http_conn_alloc, mw_http_conn_on_client);
        mw_assert(result == 0 || result == UV_EALREADY);
    }
}

static void mw_http_conn_on_inner(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
    mw_http_conn *c = stream->data;
    if (n == 0)
        return;
    if (n < 0) {
        c->inner_eof = true;
        (void)uv_read_stop(stream);
        /* Before the end of a request libmicrohttpd closes only when it gave up on it. */
        if (c->phase == MW_HTTP_CONN_REFUSING)
            mw_http_conn_send_refusal(c);
        else
            mw_http_conn_linger(c);
        return;
    }
    if (!mw_http_conn_may_pass(c))
        return;
    if (mw_http_conn_send(c, (mw_slice){(const uint8_t *)buf->base, (size_t)n}) != MW_OK) {
        mw_http_conn_close(c);
        return;
    }
    mw_http_conn_read_inner(c);
}

/* Reads libmicrohttpd's answers as fast as the client takes them. */
static void mw_http_conn_read_inner(mw_http_conn *c) {
    if (c->inner_eof || c->phase >= MW_HTTP_CONN_LINGER)
        return;
    size_t queued = uv_stream_get_write_queue_size((uv_stream_t *)&c->client);
    if (queued > MW_HTTP_OUT_MAX && !c->inner_paused) {
        (void)uv_read_stop((uv_stream_t *)&c->inner);
        c->inner_paused = true;
    } else if (queued <= MW_HTTP_OUT_MAX / 2 || !c->inner_paused) {
        c->inner_paused = false;
        int result =
            uv_read_start((uv_stream_t *)&c->inner, mw_http_conn_alloc, mw_http_conn_on_inner);
        mw_assert(result == 0 || result == UV_EALREADY);
    }
}

/* Called a few times a second: time-outs. */
void mw_http_conn_sweep(mw_http_conn *c, mw_mono now) {
    if (c->doomed) {
        mw_http_conn_close(c);
        return;
    }
    if (mw_mono_since(now, c->deadline).ns < 0)
        return;
    bool working = c->asked && uv_stream_get_write_queue_size((uv_stream_t *)&c->client) == 0;
    if (c->phase == MW_HTTP_CONN_OPEN && working)
        return; /* it is the handler that takes its time */
    if (c->phase == MW_HTTP_CONN_OPEN && !c->asked && !c->deadline_is_idle)
        mw_http_conn_refuse(c, 408);
    else
        mw_http_conn_close(c);
}

static void mw_http_conn_peer(const uv_tcp_t *client, char out[MW_HTTP_PEER_MAX]) {
    struct sockaddr_storage addr = {0};
    int n = (int)sizeof addr;
    (void)snprintf(out, MW_HTTP_PEER_MAX, "unknown");
    if (uv_tcp_getpeername(client, (struct sockaddr *)&addr, &n) == 0)
        (void)uv_ip_name((struct sockaddr *)&addr, out, MW_HTTP_PEER_MAX);
}

static bool mw_http_conn_admit(const mw_http_server *s, const mw_http_conn *c) {
    uint32_t same = 0;
    for (const mw_http_conn *o = s->conns; o != NULL; o = o->next)
        same += strcmp(o->peer, c->peer) == 0;
    return s->conns_n < s->options.connections_max && same < s->options.per_ip_max;
}

/* Gives libmicrohttpd one end of a socket pair and keeps the other. */
static bool mw_http_conn_join(mw_http_conn *c) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    /* small, so that a slow client is felt by the producer of a stream */
    (void)setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &(int){32768}, sizeof(int));
    if (uv_pipe_open(&c->inner, pair[0]) != 0) {
        (void)close(pair[0]);
        (void)close(pair[1]);
        return false;
    }
    struct sockaddr addr = {.sa_family = AF_UNIX};
    c->server->adding = c;
    enum MHD_Result result = MHD_add_connection(c->server->mhd, pair[1], &addr, sizeof addr);
    c->server->adding = NULL;
    return result == MHD_YES; /* it closes its end itself on failure */
}

void mw_http_conn_accept(mw_http_server *s) {
    mw_http_conn *c = calloc(1, sizeof *c);
    if (c == NULL)
        return;
    c->server = s;
    mw_assert(uv_tcp_init(mw_loop_uv(s->loop), &c->client) == 0);
    mw_assert(uv_pipe_init(mw_loop_uv(s->loop), &c->inner, 0) == 0);
    c->client.data = c;
    c->inner.data = c;
    c->handles = 2;
    s->handles += 2;
    mw_http_gate_init(&c->gate, s->options.head_max, mw_http_router_body_max, s);
    mw_buffer_init(&c->in, 4 * MW_HTTP_IN_MAX);
    int accepted = uv_accept((uv_stream_t *)&s->listener, (uv_stream_t *)&c->client);
    mw_http_conn_peer(&c->client, c->peer);
    bool admitted = mw_http_conn_admit(s, c);
    c->next = s->conns;
    c->link = &s->conns;
    if (c->next != NULL)
        c->next->link = &c->next;
    s->conns = c;
    s->conns_n++;
    if (s->connections != NULL)
        mw_metric_set(s->connections, s->conns_n);
    bool ready = accepted == 0 && (s->tls == NULL || mw_http_tls_new(s->tls, &c->tls) == MW_OK) &&
                 (!admitted || mw_http_conn_join(c));
    if (!ready) {
        mw_http_conn_close(c);
        return;
    }
    (void)uv_tcp_nodelay(&c->client, 1);
    mw_http_conn_deadline(c, s->options.head_timeout, true);
    if (!admitted) {
        mw_http_conn_refuse(c, 503);
        return;
    }
    mw_http_conn_read_inner(c);
    mw_http_conn_read_client(c);
}
