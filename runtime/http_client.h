/* SPDX-License-Identifier: Apache-2.0
 *
 * An HTTP client in the loop (libcurl multi): bounded, verified, never blocking.
 *
 * TLS certificates and host names are always verified; plain http is allowed to loopback only
 * unless allow_plain says otherwise. Redirects are not followed. No cookies, no proxies from the
 * environment.
 */
#ifndef MW_RUNTIME_HTTP_CLIENT_H
#define MW_RUNTIME_HTTP_CLIENT_H

#include "runtime/loop.h"

typedef struct mw_http_client mw_http_client;
typedef struct mw_http_call mw_http_call;

typedef struct mw_http_client_options {
    const char *ca_file;    /* PEM bundle; NULL = the system's */
    const char *cert_file;  /* our certificate and its chain (PEM), NULL or "" = none */
    const char *key_file;   /* its key (PEM) */
    const char *interface;  /* name of an interface or a source address, NULL or "" = any */
    bool allow_plain;       /* plain http to other than loopback */
    mw_dur connect_timeout; /* 0 = 5 s */
    mw_dur total_timeout;   /* 0 = 30 s */
    size_t reply_max;       /* 0 = 1 MiB: larger answers fail with MW_LIMIT */
    const char *user_agent; /* NULL = "meterworks" */
} mw_http_client_options;

MW_NODISCARD mw_status mw_http_client_new(mw_loop *loop, const mw_http_client_options *options,
                                          mw_http_client **out_client);
/* Cancels calls in flight without telling them. */
void mw_http_client_free(mw_http_client *c);

typedef struct mw_http_answer {
    mw_status status;   /* MW_OK: an HTTP answer arrived, whatever its code. MW_TIMEOUT, MW_CLOSED
                           (cannot connect, broken off), MW_AUTH (TLS), MW_LIMIT, MW_FORBIDDEN */
    int http_status;    /* 0 unless MW_OK */
    mw_slice body;      /* valid during the callback */
    mw_dur retry_after; /* from Retry-After in seconds, 0 = none, at most 1 h */
    const char *detail; /* plain words for the log */
} mw_http_answer;

typedef void mw_http_done_fn(void *context, const mw_http_answer *answer);

/* Sends a request with a body (method POST or PUT) or without (GET, DELETE, body.n = 0). The body
 * and all strings are copied. bearer and content_type may be NULL. done is called once from the
 * loop, never from inside this call, unless the call is cancelled. MW_SYNTAX, MW_NOMEM. */
MW_NODISCARD mw_status mw_http_call_start(mw_http_client *c, const char *method, const char *url,
                                          const char *bearer, const char *content_type,
                                          mw_slice body, mw_http_done_fn *done, void *context,
                                          mw_http_call **out_call);
void mw_http_call_cancel(mw_http_call *call);

/* A GET whose answer does not end: the bytes of a 200 go to `data` as they come, from within the
 * client, so data must not start or cancel calls. Broken off with MW_TIMEOUT when nothing came for
 * `silence`. `done` is told the end with an empty body, or an answer other than 200 as usual. */
typedef void mw_http_data_fn(void *context, mw_slice bytes);
MW_NODISCARD mw_status mw_http_stream_start(mw_http_client *c, const char *url, const char *bearer,
                                            mw_dur silence, mw_http_data_fn *data,
                                            mw_http_done_fn *done, void *context,
                                            mw_http_call **out_call);

#endif
