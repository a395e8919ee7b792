/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/assert.h"
#include "runtime/http_server_priv.h"

#define MW_HTTP_SWEEP_MS 200

static void mw_http_server_free(mw_http_server *s) {
    SSL_CTX_free(s->tls);
    free(s->csp);
    free(s->static_root);
    free(s);
}

void mw_http_server_handle_closed(mw_http_server *s) {
    if (--s->handles == 0 && s->closing)
        mw_http_server_free(s);
}

static void mw_http_server_own_closed(uv_handle_t *h) {
    mw_http_server_handle_closed(h->data);
}

static void mw_http_server_on_timer(uv_timer_t *t) {
    mw_http_server_drive(t->data);
}

void mw_http_server_poke(mw_http_server *s) {
    if (!s->closing)
        mw_assert(uv_timer_start(&s->mhd_timer, mw_http_server_on_timer, 0, 0) == 0);
}

/* Lets libmicrohttpd work off what is ready, and comes back when it says that there is more. */
void mw_http_server_drive(mw_http_server *s) {
    if (s->mhd_running || s->mhd == NULL)
        return;
    s->mhd_running = true;
    uint64_t begun = uv_hrtime();
    (void)MHD_run(s->mhd);
    mw_loop_took(s->loop, "http", begun);
    s->mhd_running = false;
    MHD_UNSIGNED_LONG_LONG wait = 0;
    if (MHD_get_timeout(s->mhd, &wait) == MHD_YES && wait == 0)
        mw_http_server_poke(s);
}

static void mw_http_server_on_ready(uv_poll_t *p, int status, int events) {
    (void)status;
    (void)events;
    mw_http_server_drive(p->data);
}

static void mw_http_server_on_sweep(uv_timer_t *t) {
    mw_http_server *s = t->data;
    mw_mono now = mw_loop_mono(s->loop);
    mw_http_conn *next = NULL;
    for (mw_http_conn *c = s->conns; c != NULL; c = next) {
        next = c->next;
        mw_http_conn_sweep(c, now);
    }
}

static void mw_http_server_on_accept(uv_stream_t *listener, int status) {
    if (status == 0)
        mw_http_conn_accept(listener->data);
}

/* "127.0.0.1:8080", "[::1]:8080" or "localhost:8080": of names this one alone, because no resolver
 * is asked what it means (RFC 6761). */
bool mw_http_listen_parse(const char *listen, struct sockaddr_storage *out_addr,
                          bool *out_loopback) {
    char host[64];
    const char *colon = strrchr(listen, ':');
    if (colon == NULL || colon == listen || (size_t)(colon - listen) >= sizeof host)
        return false;
    (void)snprintf(host, sizeof host, "%.*s", (int)(colon - listen), listen);
    size_t digits = strspn(colon + 1, "0123456789");
    if (digits == 0 || digits > 5 || colon[1 + digits] != 0)
        return false;
    int port = (int)strtol(colon + 1, NULL, 10);
    if (port > 65535)
        return false;
    if (host[0] == '[') {
        size_t n = strlen(host);
        if (n < 3 || host[n - 1] != ']')
            return false;
        host[n - 1] = 0;
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out_addr;
        if (uv_ip6_addr(host + 1, port, v6) != 0)
            return false;
        *out_loopback = IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) != 0;
        return true;
    }
    struct sockaddr_in *v4 = (struct sockaddr_in *)out_addr;
    if (uv_ip4_addr(strcasecmp(host, "localhost") == 0 ? "127.0.0.1" : host, port, v4) != 0)
        return false;
    *out_loopback = (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
    return true;
}

static void mw_http_options_default(mw_http_options *o) {
    if (o->listen == NULL)
        o->listen = "127.0.0.1:8080";
    if (o->connections_max == 0)
        o->connections_max = 256;
    if (o->per_ip_max == 0)
        o->per_ip_max = 64;
    if (o->head_max == 0)
        o->head_max = 16 * 1024;
    if (o->body_max == 0)
        o->body_max = 1024 * 1024;
    if (o->head_timeout.ns == 0)
        o->head_timeout = mw_dur_s(10);
    if (o->body_timeout.ns == 0)
        o->body_timeout = mw_dur_s(30);
    if (o->idle_timeout.ns == 0)
        o->idle_timeout = mw_dur_s(60);
}

static mw_status mw_http_server_start_mhd(mw_http_server *s) {
    const mw_http_options *o = &s->options;
    struct MHD_OptionItem items[] = {
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)(void (*)(void))mw_http_on_completed, s},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)(void (*)(void))mw_http_on_connection, s},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)(void (*)(void))mw_http_on_target, s},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)o->connections_max + 16, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)(3 * o->head_max + 32768), NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, 0, NULL},
        {MHD_OPTION_END, 0, NULL}};
    s->mhd =
        MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0,
                         NULL, NULL, mw_http_on_access, s, MHD_OPTION_ARRAY, items, MHD_OPTION_END);
    if (s->mhd == NULL)
        return MW_NOMEM;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->mhd, MHD_DAEMON_INFO_EPOLL_FD);
    mw_assert(info != NULL);
    mw_assert(uv_poll_init(mw_loop_uv(s->loop), &s->mhd_poll, info->epoll_fd) == 0);
    s->mhd_poll.data = s;
    s->handles++;
    mw_assert(uv_poll_start(&s->mhd_poll, UV_READABLE, mw_http_server_on_ready) == 0);
    return MW_OK;
}

static mw_status mw_http_server_bind(mw_http_server *s, const struct sockaddr_storage *addr,
                                     char error[160]) {
    int result = uv_tcp_bind(&s->listener, (const struct sockaddr *)addr, 0);
    if (result == 0)
        result = uv_listen((uv_stream_t *)&s->listener, 128, mw_http_server_on_accept);
    if (result != 0) {
        (void)snprintf(error, 160, "could not listen on %.80s: %s", s->options.listen,
                       uv_strerror(result));
        return MW_IO;
    }
    struct sockaddr_storage bound = {0};
    int n = (int)sizeof bound;
    char host[64] = "";
    mw_assert(uv_tcp_getsockname(&s->listener, (struct sockaddr *)&bound, &n) == 0);
    (void)uv_ip_name((struct sockaddr *)&bound, host, sizeof host);
    bool v6 = bound.ss_family == AF_INET6;
    s->port = ntohs(v6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                       : ((struct sockaddr_in *)&bound)->sin_port);
    (void)snprintf(s->url, sizeof s->url, "%s://%s%s%s:%u", s->tls == NULL ? "http" : "https",
                   v6 ? "[" : "", host, v6 ? "]" : "", s->port);
    return MW_OK;
}

static void mw_http_server_metrics(mw_http_server *s, mw_metrics *m) {
    if (m == NULL)
        return;
    const char *help = "HTTP requests answered, by class of status.";
    s->requests_2xx = mw_metrics_counter(m, "mw_http_requests_total", "class=\"2xx\"", help);
    s->requests_4xx = mw_metrics_counter(m, "mw_http_requests_total", "class=\"4xx\"", help);
    s->requests_5xx = mw_metrics_counter(m, "mw_http_requests_total", "class=\"5xx\"", help);
    s->refused = mw_metrics_counter(m, "mw_http_refused_total", NULL,
                                    "HTTP requests refused before they reached the router.");
    s->connections =
        mw_metrics_gauge(m, "mw_http_connections", NULL, "Open HTTP client connections.");
}

static void mw_http_server_handles(mw_http_server *s) {
    uv_loop_t *uv = mw_loop_uv(s->loop);
    mw_assert(uv_tcp_init(uv, &s->listener) == 0);
    mw_assert(uv_timer_init(uv, &s->mhd_timer) == 0);
    mw_assert(uv_timer_init(uv, &s->sweep) == 0);
    s->listener.data = s;
    s->mhd_timer.data = s;
    s->sweep.data = s;
    s->handles = 3;
}

mw_status mw_http_server_open(mw_loop *loop, const mw_http_options *options,
                              mw_http_server **out_server, char error[160]) {
    mw_http_options o = *options;
    mw_http_options_default(&o);
    struct sockaddr_storage addr = {0};
    bool loopback = false;
    bool tls = o.tls_cert != NULL && *o.tls_cert != 0;
    if (!mw_http_listen_parse(o.listen, &addr, &loopback)) {
        (void)snprintf(error, 160, "\"%.80s\" is not an address such as 127.0.0.1:8080", o.listen);
        return MW_SYNTAX;
    }
    if (tls != (o.tls_key != NULL && *o.tls_key != 0)) {
        (void)snprintf(error, 160, "TLS needs both a certificate and a private key");
        return MW_SYNTAX;
    }
    if (!tls && o.client_ca != NULL && *o.client_ca != 0) {
        (void)snprintf(error, 160, "certificates of clients need TLS");
        return MW_SYNTAX;
    }
    if (!loopback && !tls) {
        (void)snprintf(error, 160,
                       "refusing to listen on %.60s without TLS: only loopback may be plain",
                       o.listen);
        return MW_FORBIDDEN;
    }
    mw_http_server *s = calloc(1, sizeof *s);
    if (s == NULL)
        return MW_NOMEM;
    s->loop = loop;
    s->options = o;
    s->csp = o.csp == NULL ? NULL : strdup(o.csp);
    mw_status status =
        tls ? mw_http_tls_context(o.tls_cert, o.tls_key, o.client_ca, &s->tls, error) : MW_OK;
    if (status != MW_OK) {
        mw_http_server_free(s);
        return status;
    }
    mw_http_server_metrics(s, o.metrics);
    mw_http_server_handles(s);
    status = mw_http_server_bind(s, &addr, error);
    if (status == MW_OK)
        status = mw_http_server_start_mhd(s);
    if (status != MW_OK) {
        mw_http_server_close(s);
        return status;
    }
    mw_assert(uv_timer_start(&s->sweep, mw_http_server_on_sweep, MW_HTTP_SWEEP_MS,
                             MW_HTTP_SWEEP_MS) == 0);
    *out_server = s;
    return MW_OK;
}

void mw_http_server_close(mw_http_server *s) {
    if (s == NULL)
        return;
    mw_assert(!s->mhd_running); /* not from inside a handler */
    s->closing = true;
    while (s->conns != NULL)
        mw_http_conn_close(s->conns);
    if (s->mhd != NULL) {
        /* suspended requests were told; libmicrohttpd must see that before it may stop */
        for (int i = 0; i < 4; i++)
            (void)MHD_run(s->mhd);
        uv_close((uv_handle_t *)&s->mhd_poll, mw_http_server_own_closed);
        MHD_stop_daemon(s->mhd);
        s->mhd = NULL;
    }
    uv_close((uv_handle_t *)&s->listener, mw_http_server_own_closed);
    uv_close((uv_handle_t *)&s->mhd_timer, mw_http_server_own_closed);
    uv_close((uv_handle_t *)&s->sweep, mw_http_server_own_closed);
}

const char *mw_http_server_url(const mw_http_server *s) {
    return s->url;
}

uint16_t mw_http_server_port(const mw_http_server *s) {
    return s->port;
}
