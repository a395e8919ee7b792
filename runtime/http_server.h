/* SPDX-License-Identifier: Apache-2.0
 *
 * The HTTP/1.1 server of our daemons, in the loop's thread.
 *
 *   client -- TCP, TLS --> gate (runtime/http_gate.h) --> libmicrohttpd --> router --> handler
 *
 * The gate checks every byte of a request's framing before libmicrohttpd sees it, because
 * libmicrohttpd's strict mode was measured to accept what request smuggling is made of. It answers
 * 400 and closes on: several Content-Length, Content-Length with Transfer-Encoding, codings other
 * than exactly "chunked", control bytes or NUL in target or header, several or no Host, bare LF,
 * malformed chunk sizes; 431, 413 and 408 on heads or bodies beyond the limits.
 *
 * A handler gets the whole request and answers it once, at once or later: a request that was not
 * answered when its handler returns stays open (mw_http_on_gone tells when the client left first).
 * Pipelined requests are handled one after the other. HEAD is served by the GET route.
 */
#ifndef MW_RUNTIME_HTTP_SERVER_H
#define MW_RUNTIME_HTTP_SERVER_H

#include "runtime/loop.h"
#include "runtime/metrics.h"

typedef struct mw_http_server mw_http_server;
typedef struct mw_http_request mw_http_request;
typedef struct mw_http_sse mw_http_sse;

#define MW_HTTP_ROUTES_MAX        256
#define MW_HTTP_PARAMS_MAX        8  /* {params} of a pattern */
#define MW_HTTP_QUERY_MAX         32 /* query parameters of a request */
#define MW_HTTP_REPLY_HEADERS_MAX 12 /* extra headers of a reply */

/* 0 or NULL takes the default in brackets. */
typedef struct mw_http_options {
    const char *listen;       /* "127.0.0.1:8080", "[::1]:0" or "localhost:0"; 0 = any free one */
    const char *tls_cert;     /* PEM chain; required with tls_key for a non-loopback address */
    const char *tls_key;      /* PEM key */
    const char *client_ca;    /* PEM; clients are asked for a certificate of these, and one that
                                 is not good ends the handshake; none at all is let pass */
    uint32_t connections_max; /* [256]; further ones get 503 and are closed */
    uint32_t per_ip_max;      /* [64]; loopback counts like any other address */
    size_t head_max;          /* [16 KiB] request line and headers; 431 beyond */
    size_t body_max;          /* [1 MiB] unless a route says otherwise; 413 beyond */
    mw_dur head_timeout;      /* [10 s] from the first byte to the end of the head; 408 */
    mw_dur body_timeout;      /* [30 s] for the body; 408 */
    mw_dur idle_timeout;      /* [60 s] between requests; also a client that reads nothing */
    mw_metrics *metrics;      /* borrowed, or NULL */
    const char *csp;          /* Content-Security-Policy of every reply, or NULL */
} mw_http_options;

/* MW_FORBIDDEN for an address that is not loopback without TLS. On failure error (160 bytes) says
 * in plain words what is wrong. */
MW_NODISCARD mw_status mw_http_server_open(mw_loop *loop, const mw_http_options *options,
                                           mw_http_server **out_server, char error[160]);
/* Closes the listener and all connections; requests not yet answered are told that they are gone.
 */
void mw_http_server_close(mw_http_server *s);
/* "http://127.0.0.1:8080": the address really bound. Valid as long as the server. */
const char *mw_http_server_url(const mw_http_server *s);
uint16_t mw_http_server_port(const mw_http_server *s);

typedef void mw_http_handler(void *context, mw_http_request *request);

typedef struct mw_http_route {
    const char *method; /* "GET", "POST", "PUT", "PATCH", "DELETE" */
    const char
        *pattern; /* "/v1/meters/{id}/events"; "/x/{rest...}" takes the whole rest of a path */
    mw_http_handler *handler;
    void *context;
    size_t body_max; /* 0 = the server's */
} mw_http_route;

/* Routes are tried most literal first, so that /v1/{a} never hides /v1/me. The strings must live as
 * long as the server. MW_CONFLICT when the same method and shape exist, MW_SPACE, MW_SYNTAX.
 * A path known under other methods answers 405 with Allow; an unknown one 404. */
MW_NODISCARD mw_status mw_http_server_route(mw_http_server *s, const mw_http_route *route);
/* Serves the files under a folder at "/" for GET paths that no route takes: MIME type by extension,
 * ETag, If-None-Match, index.html for "/". A path without a dot in its last part that is not a file
 * gets index.html of the longest folder that has one (client-side routing). No directory is listed,
 * no dot file served, nothing outside the folder followed. */
MW_NODISCARD mw_status mw_http_server_static(mw_http_server *s, const char *folder);

/* ---- the request, valid until it is answered or gone ---- */
const char *mw_http_method(const mw_http_request *r);
/* Percent-decoded path: UTF-8, no control bytes, no "." or ".." parts, no encoded '/'. */
const char *mw_http_path(const mw_http_request *r);
/* A {param} of the pattern, decoded; NULL when the pattern has none of that name. */
const char *mw_http_param(const mw_http_request *r, const char *name);
/* A query parameter, decoded ('+' is a space); NULL when absent. The first one when repeated. */
const char *mw_http_query(const mw_http_request *r, const char *name);
/* A header by name, case-insensitive; NULL when absent. Repeated fields: the first one; a repeated
 * Authorization, Cookie, Content-Type or X-CSRF-Token never gets here (400). */
const char *mw_http_header(const mw_http_request *r, const char *name);
/* All fields of a name joined by ", " in the order they came (RFC 9110, 5.3); MW_NOT_FOUND, MW_SPACE. */
MW_NODISCARD mw_status mw_http_header_joined(const mw_http_request *r, const char *name,
                                             mw_span out);
/* A cookie's value copied into out with NUL; MW_NOT_FOUND, MW_SPACE. */
MW_NODISCARD mw_status mw_http_cookie(const mw_http_request *r, const char *name, mw_span out);
/* The token of "Authorization: Bearer ...", empty when absent. */
mw_slice mw_http_bearer(const mw_http_request *r);
mw_slice mw_http_body(const mw_http_request *r);
/* The client's address without port, such as "127.0.0.1". */
const char *mw_http_peer(const mw_http_request *r);
bool mw_http_is_tls(const mw_http_request *r);
/* Whether the client has shown a certificate that client_ca vouches for; and whether such a
 * certificate names it: common name or a DNS name of the subject, exactly. */
bool mw_http_is_certified(const mw_http_request *r);
bool mw_http_is_certified_as(const mw_http_request *r, const char *name);
mw_loop *mw_http_loop(const mw_http_request *r);
/* fn is called once when the client leaves (or the server closes) before the answer was given; the
 * request must not be touched afterwards. */
void mw_http_on_gone(mw_http_request *r, void (*fn)(void *context), void *context);

/* ---- the answer: exactly one of these per request ---- */
typedef struct mw_http_field {
    const char *name;
    const char *value; /* no control bytes: asserted */
} mw_http_field;

typedef struct mw_http_reply {
    int status;                                       /* 200..599 */
    const char *content_type;                         /* NULL = none */
    mw_slice body;                                    /* copied */
    mw_http_field headers[MW_HTTP_REPLY_HEADERS_MAX]; /* ends at the first NULL name */
} mw_http_reply;

/* Without a Cache-Control field the reply carries "no-store"; always "nosniff" and
 * "Referrer-Policy: same-origin". */
void mw_http_reply_send(mw_http_request *r, const mw_http_reply *reply);
void mw_http_reply_json(mw_http_request *r, int status, mw_slice json);
void mw_http_reply_empty(mw_http_request *r, int status);
/* {"error":{"code":"NOT_FOUND","message":"..."}} with the status's HTTP code. */
void mw_http_reply_error(mw_http_request *r, mw_status why, const char *message);
/* The same with a code and HTTP status of the caller's, such as 401 "UNAUTHORIZED". */
void mw_http_reply_problem(mw_http_request *r, int status, const char *code, const char *message);

/* A body produced piece by piece as the client takes it (exports): fill is called with room for at
 * least 4 KiB and returns the bytes written, 0 = end, -1 = give up (the connection is broken off so
 * that the client cannot take a part for the whole). done is called once at the end, always. */
typedef struct mw_http_source {
    int64_t (*fill)(void *context, mw_span room);
    void (*done)(void *context);
    void *context;
} mw_http_source;
/* reply->body is ignored. */
void mw_http_reply_stream(mw_http_request *r, const mw_http_reply *reply, mw_http_source source);

/* Server-sent events (text/event-stream). Each client has a queue of queue_max bytes [256 KiB]; an
 * event that does not fit closes that client: it reconnects and resumes by Last-Event-ID. A comment
 * is sent every `keep_alive` [15 s]. on_close is called once when the client left, was too slow or
 * the server closes; afterwards the stream must not be used. */
typedef struct mw_http_sse_options {
    size_t queue_max;
    mw_dur keep_alive;
    void (*on_close)(void *context);
    void *context;
} mw_http_sse_options;
mw_http_sse *mw_http_reply_sse(mw_http_request *r, const mw_http_sse_options *options);
/* id and event may be NULL; data may have several lines. MW_SPACE: the client is being closed
 * (on_close follows from the loop, not from inside this call). */
MW_NODISCARD mw_status mw_http_sse_send(mw_http_sse *e, const char *id, const char *event,
                                        mw_slice data);
/* Ends the stream; on_close follows. */
void mw_http_sse_end(mw_http_sse *e);

#endif
