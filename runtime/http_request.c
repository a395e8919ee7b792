/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/assert.h"
#include "runtime/http_server_priv.h"

void mw_http_on_connection(void *context, struct MHD_Connection *mhd, void **socket_context,
                           enum MHD_ConnectionNotificationCode why) {
    mw_http_server *s = context;
    (void)mhd;
    if (why == MHD_CONNECTION_NOTIFY_STARTED)
        *socket_context = s->adding;
}

/* libmicrohttpd read a request line: the request begins here, with the target as it was sent. */
void *mw_http_on_target(void *context, const char *target, struct MHD_Connection *mhd) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    mw_http_request *r = calloc(1, sizeof *r);
    if (r == NULL || info == NULL) {
        free(r);
        return NULL;
    }
    r->server = context;
    r->conn = info->socket_context;
    r->mhd = mhd;
    mw_buffer_init(&r->body, MW_HTTP_IN_MAX); /* the true limit is set with the route */
    if (target[0] != '/' || !mw_http_target_parse(r, mw_slice_of_str(target)))
        r->problem = 400;
    return r;
}

static void mw_http_request_free(mw_http_request *r) {
    if (r->response != NULL)
        MHD_destroy_response(r->response);
    mw_http_target_free(r);
    mw_buffer_fini(&r->body);
    free(r);
}

/* libmicrohttpd stores the method as text that lives as long as the request. */
static void mw_http_request_begin(mw_http_server *s, mw_http_request *r, const char *method) {
    r->method = method;
    if (r->problem == 0)
        mw_http_router_find(s, r, method);
    r->body.max =
        r->route != NULL && r->route->body_max > 0 ? r->route->body_max : s->options.body_max;
    r->body.max += r->body.max == 0;
}

static void mw_http_request_dispatch(mw_http_server *s, mw_http_request *r) {
    r->dispatched = true;
    bool reads = strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0;
    if (r->problem == 405) {
        mw_http_reply reply = {.status = 405,
                               .content_type = "application/json",
                               .body =
                                   mw_slice_of_str("{\"error\":{\"code\":\"METHOD\",\"message\":"
                                                   "\"method not allowed here\"}}"),
                               .headers = {{"Allow", r->allow}}};
        mw_http_reply_send(r, &reply);
    } else if (r->problem != 0) {
        mw_http_reply_problem(r, r->problem, "SYNTAX", "the target is malformed");
    } else if (r->route != NULL) {
        r->route->handler(r->route->context, r);
    } else if (s->static_root != NULL && reads) {
        mw_http_static_serve(r);
    } else {
        mw_http_reply_error(r, MW_NOT_FOUND, "no such resource");
    }
}

enum MHD_Result mw_http_on_access(void *context, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_n, void **request) {
    mw_http_server *s = context;
    mw_http_request *r = *request;
    (void)url;
    (void)version;
    if (r == NULL)
        return MHD_NO;
    if (r->method == NULL) {
        mw_http_request_begin(s, r, method);
        if (r->conn != NULL)
            r->conn->request = r;
        return r->conn == NULL ? MHD_NO : MHD_YES;
    }
    if (*upload_n > 0) {
        mw_buffer_append(&r->body, (mw_slice){(const uint8_t *)upload, *upload_n});
        *upload_n = 0;
        return r->body.status == MW_OK ? MHD_YES : MHD_NO; /* the gate has checked the size */
    }
    if (r->gone)
        return MHD_NO;
    if (!r->dispatched)
        mw_http_request_dispatch(s, r);
    if (r->abort || r->gone)
        return MHD_NO;
    if (r->response != NULL) {
        enum MHD_Result result = MHD_queue_response(mhd, (unsigned)r->response_status, r->response);
        MHD_destroy_response(r->response);
        r->response = NULL;
        return result;
    }
    r->suspended = true;
    MHD_suspend_connection(mhd);
    return MHD_YES;
}

static void mw_http_request_count(const mw_http_server *s, const mw_http_request *r) {
    mw_metric *m = r->response_status < 400   ? s->requests_2xx
                   : r->response_status < 500 ? s->requests_4xx
                                              : s->requests_5xx;
    if (m != NULL)
        mw_metric_add(m, 1);
}

void mw_http_on_completed(void *context, struct MHD_Connection *mhd, void **request,
                          enum MHD_RequestTerminationCode why) {
    mw_http_server *s = context;
    mw_http_request *r = *request;
    (void)mhd;
    *request = NULL;
    if (r == NULL)
        return;
    mw_http_conn *c = r->conn;
    if (r->sse != NULL)
        mw_http_sse_lost(r->sse);
    if (r->answered)
        mw_http_request_count(s, r);
    else if (!r->gone)
        mw_http_request_lost(r);
    mw_http_request_free(r);
    if (c != NULL) {
        c->request = NULL;
        if (why == MHD_REQUEST_TERMINATED_COMPLETED_OK)
            mw_http_conn_answered(c);
    }
}

/* The client left. A handler that has not answered is told; a stream is ended. */
void mw_http_request_lost(mw_http_request *r) {
    if (r->gone)
        return;
    r->gone = true;
    if (r->sse != NULL)
        mw_http_sse_lost(r->sse);
    if (!r->answered && r->on_gone != NULL)
        r->on_gone(r->on_gone_context);
    if (r->suspended)
        mw_http_request_resume(r);
}

void mw_http_request_resume(mw_http_request *r) {
    if (!r->suspended)
        return;
    r->suspended = false;
    MHD_resume_connection(r->mhd);
    mw_http_server_poke(r->server); /* its descriptor does not tell that it has work again */
}

void mw_http_request_answer(mw_http_request *r, int status, struct MHD_Response *response) {
    mw_assert(!r->answered && !r->gone);
    r->answered = true;
    r->response_status = status;
    r->response = response;
    r->abort = response == NULL;
    mw_http_request_resume(r);
}

const char *mw_http_method(const mw_http_request *r) {
    return r->method;
}

const char *mw_http_path(const mw_http_request *r) {
    return r->path;
}

const char *mw_http_header(const mw_http_request *r, const char *name) {
    return MHD_lookup_connection_value(r->mhd, MHD_HEADER_KIND, name);
}

typedef struct joined {
    const char *name;
    mw_span out;
    size_t n;
    bool found, full;
} joined;

static enum MHD_Result join(void *ctx, enum MHD_ValueKind kind, const char *key,
                            const char *value) {
    joined *j = ctx;
    (void)kind;
    if (value == NULL || strcasecmp(key, j->name) != 0)
        return MHD_YES;
    size_t n = strlen(value);
    size_t gap = j->found ? 2 : 0;
    if (j->n + gap + n + 1 > j->out.n) {
        j->full = true;
        return MHD_NO;
    }
    mw_bytes_copy(j->out.p + j->n, ", ", gap);
    mw_bytes_copy(j->out.p + j->n + gap, value, n);
    j->n += gap + n;
    j->found = true;
    return MHD_YES;
}

mw_status mw_http_header_joined(const mw_http_request *r, const char *name, mw_span out) {
    joined j = {.name = name, .out = out};
    MHD_get_connection_values(r->mhd, MHD_HEADER_KIND, join, &j);
    if (j.full)
        return MW_SPACE;
    if (!j.found)
        return MW_NOT_FOUND;
    out.p[j.n] = 0;
    return MW_OK;
}

mw_status mw_http_cookie(const mw_http_request *r, const char *name, mw_span out) {
    const char *at = mw_http_header(r, "Cookie");
    size_t name_n = strlen(name);
    while (at != NULL && *at != 0) {
        at += strspn(at, " \t;");
        size_t n = strcspn(at, ";");
        if (n > name_n && strncmp(at, name, name_n) == 0 && at[name_n] == '=') {
            const char *value = at + name_n + 1;
            size_t value_n = n - name_n - 1;
            while (value_n > 0 && (value[value_n - 1] == ' ' || value[value_n - 1] == '\t'))
                value_n--;
            if (value_n + 1 > out.n)
                return MW_SPACE;
            mw_bytes_copy(out.p, value, value_n);
            out.p[value_n] = 0;
            return MW_OK;
        }
        at += n;
    }
    return MW_NOT_FOUND;
}

mw_slice mw_http_bearer(const mw_http_request *r) {
    const char *value = mw_http_header(r, "Authorization");
    if (value == NULL || strncasecmp(value, "Bearer ", 7) != 0)
        return (mw_slice){0};
    value += 7;
    return mw_slice_of_str(value + strspn(value, " "));
}

mw_slice mw_http_body(const mw_http_request *r) {
    return mw_buffer_view(&r->body);
}

const char *mw_http_peer(const mw_http_request *r) {
    return r->conn == NULL ? "unknown" : r->conn->peer;
}

bool mw_http_is_tls(const mw_http_request *r) {
    return r->conn != NULL && r->conn->tls != NULL;
}

bool mw_http_is_certified(const mw_http_request *r) {
    return mw_http_is_tls(r) && mw_http_tls_named(r->conn->tls, NULL);
}

bool mw_http_is_certified_as(const mw_http_request *r, const char *name) {
    return mw_http_is_tls(r) && mw_http_tls_named(r->conn->tls, name);
}

mw_loop *mw_http_loop(const mw_http_request *r) {
    return r->conn == NULL ? NULL : r->conn->server->loop;
}

void mw_http_on_gone(mw_http_request *r, void (*fn)(void *context), void *context) {
    r->on_gone = fn;
    r->on_gone_context = context;
}
