/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by the parts of runtime/http_server; not for others.
 *
 *   http_server.c   options, listener, limits, driving libmicrohttpd
 *   http_conn.c     one connection: client socket, TLS, gate, the inner socket
 *   http_tls.c      TLS records over memory buffers
 *   http_router.c   routes, paths, queries
 *   http_request.c  libmicrohttpd's callbacks, the request's life and view
 *   http_reply.c    answers;  http_sse.c  event streams;  http_static.c  files
 *
 * A connection has two sockets: the client's, and one end of a socket pair whose other end was
 * given to libmicrohttpd. Only bytes that the gate passed reach libmicrohttpd.
 */
#ifndef MW_RUNTIME_HTTP_SERVER_PRIV_H
#define MW_RUNTIME_HTTP_SERVER_PRIV_H

#include <microhttpd.h>
#include <openssl/ssl.h>

#include "runtime/http_gate.h"
#include "runtime/http_server.h"

#define MW_HTTP_IN_MAX   (128u * 1024) /* bytes of one client waiting for the gate */
#define MW_HTTP_OUT_MAX  (256u * 1024) /* bytes queued to one side before the other is not read */
#define MW_HTTP_PIECE    (64u * 1024)  /* one read */
#define MW_HTTP_SEGMENTS 16            /* parts of a path */
#define MW_HTTP_PEER_MAX 64

typedef struct mw_http_tls mw_http_tls;
typedef struct mw_http_conn mw_http_conn;

typedef struct mw_http_pair {
    char *name;
    char *value;
} mw_http_pair;

struct mw_http_server {
    mw_loop *loop;
    mw_http_options options; /* defaults filled in; its strings are not used after opening */
    char *csp;
    char url[128];
    uint16_t port;
    SSL_CTX *tls;
    uv_tcp_t listener;
    uv_poll_t mhd_poll;
    uv_timer_t mhd_timer;
    uv_timer_t sweep;
    int handles; /* uv handles not yet closed, connections included */
    bool closing;
    struct MHD_Daemon *mhd;
    bool mhd_running;     /* inside MHD_run */
    mw_http_conn *adding; /* while libmicrohttpd is given a connection */
    mw_http_conn *conns;
    uint32_t conns_n;
    mw_http_route routes[MW_HTTP_ROUTES_MAX];
    size_t routes_n;
    char *static_root;
    uint8_t piece[MW_HTTP_PIECE];
    mw_metric *requests_2xx, *requests_4xx, *requests_5xx, *refused, *connections;
};

typedef enum mw_http_conn_phase {
    MW_HTTP_CONN_OPEN,
    MW_HTTP_CONN_REFUSING, /* waiting for libmicrohttpd to end, then the refusal is sent */
    MW_HTTP_CONN_LINGER,   /* all is sent; reading on so that the client gets it */
    MW_HTTP_CONN_CLOSED,   /* handles are closing */
} mw_http_conn_phase;

struct mw_http_conn {
    mw_http_conn *next;
    mw_http_conn **link;
    mw_http_server *server;
    uv_tcp_t client;
    uv_pipe_t inner;
    int handles;
    mw_http_conn_phase phase;
    mw_http_gate gate;
    mw_http_tls *tls;
    mw_buffer in; /* plain bytes of the client that the gate has not seen */
    bool asked;   /* a whole request is with libmicrohttpd, its answer not complete */
    bool client_eof;
    bool client_paused, inner_paused;
    bool inner_eof;
    bool doomed;              /* to be closed by the next sweep, whatever is queued */
    int refusal;              /* HTTP status */
    mw_http_request *request; /* the one libmicrohttpd works on, or NULL */
    mw_mono deadline;
    bool deadline_is_idle; /* what the deadline limits: pause between requests, or progress */
    char peer[MW_HTTP_PEER_MAX];
};

struct mw_http_request {
    mw_http_server *server;
    mw_http_conn *conn; /* NULL once the client is gone */
    struct MHD_Connection *mhd;
    const mw_http_route *route; /* NULL: 404, 405 or a static file */
    int problem;                /* HTTP status to answer instead of routing, 0 = none */
    char allow[64];             /* for 405 */
    char *path;                 /* decoded; segments below point into a copy */
    char *path_parts;
    const char *segments[MW_HTTP_SEGMENTS];
    size_t segments_n;
    mw_http_pair query[MW_HTTP_QUERY_MAX];
    size_t query_n;
    char *query_text;
    const char *method;
    mw_buffer body;
    bool dispatched;
    bool suspended;
    bool gone;
    bool answered;
    struct MHD_Response *response; /* waiting to be queued */
    int response_status;
    bool abort; /* break the connection off */
    mw_http_sse *sse;
    void (*on_gone)(void *context);
    void *on_gone_context;
};

/* http_server.c */
/* "127.0.0.1:8080" and the like; false when it is none. */
bool mw_http_listen_parse(const char *listen, struct sockaddr_storage *out_addr,
                          bool *out_loopback);
void mw_http_server_drive(mw_http_server *s);
/* Makes libmicrohttpd look again soon, from any callback. */
void mw_http_server_poke(mw_http_server *s);
void mw_http_server_handle_closed(mw_http_server *s);

/* http_conn.c */
void mw_http_conn_accept(mw_http_server *s);
void mw_http_conn_close(mw_http_conn *c);
void mw_http_conn_sweep(mw_http_conn *c, mw_mono now);
/* libmicrohttpd has handed over the whole answer. */
void mw_http_conn_answered(mw_http_conn *c);

/* http_tls.c: MW_CLOSED when the session broke. Output of the session goes to `send`. */
/* Whether a good certificate was shown, and names `name` unless that is NULL. */
bool mw_http_tls_named(const mw_http_tls *t, const char *name);
mw_status mw_http_tls_context(const char *cert, const char *key, const char *client_ca,
                              SSL_CTX **out_context, char error[160]);
mw_status mw_http_tls_new(SSL_CTX *context, mw_http_tls **out_tls);
void mw_http_tls_free(mw_http_tls *t);
MW_NODISCARD mw_status mw_http_tls_take(mw_http_tls *t, mw_slice wire, mw_buffer *plain,
                                        mw_buffer *wire_out);
MW_NODISCARD mw_status mw_http_tls_put(mw_http_tls *t, mw_slice plain, mw_buffer *wire_out);
void mw_http_tls_end(mw_http_tls *t, mw_buffer *wire_out);

/* http_router.c */
/* Decodes target into path, segments and query; false when it is malformed. */
bool mw_http_target_parse(mw_http_request *r, mw_slice target);
void mw_http_target_free(mw_http_request *r);
/* Finds the route, or sets problem and allow. */
void mw_http_router_find(const mw_http_server *s, mw_http_request *r, const char *method);
size_t mw_http_router_body_max(void *server, mw_slice method, mw_slice target);

/* http_request.c */
enum MHD_Result mw_http_on_access(void *context, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_n, void **request);
void *mw_http_on_target(void *context, const char *target, struct MHD_Connection *mhd);
void mw_http_on_connection(void *context, struct MHD_Connection *mhd, void **socket_context,
                           enum MHD_ConnectionNotificationCode why);
void mw_http_on_completed(void *context, struct MHD_Connection *mhd, void **request,
                          enum MHD_RequestTerminationCode why);
void mw_http_request_lost(mw_http_request *r);
void mw_http_request_resume(mw_http_request *r);
/* Gives the response (ownership too) to be sent as the answer. */
void mw_http_request_answer(mw_http_request *r, int status, struct MHD_Response *response);

/* http_reply.c */
void mw_http_response_fields(const mw_http_request *r, struct MHD_Response *response,
                             const mw_http_reply *reply, bool cacheable);

/* http_sse.c */
/* The client is gone: the stream ends as soon as libmicrohttpd looks at it. */
void mw_http_sse_lost(mw_http_sse *e);

/* http_static.c */
void mw_http_static_serve(mw_http_request *r);

#endif
