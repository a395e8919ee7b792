/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/http_client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "runtime/buffer.h"

#define MW_RETRY_AFTER_MAX_S 3600

struct mw_http_client {
    mw_loop *loop;
    CURLM *multi;
    mw_timer *timer;
    mw_http_call *calls;
    char *ca_file;
    char *cert_file;
    char *key_file;
    char *interface;
    char *user_agent;
    bool allow_plain;
    mw_dur connect_timeout;
    mw_dur total_timeout;
    size_t reply_max;
    int depth;  /* calls of libcurl and of done functions that are under way */
    bool freed; /* free as soon as they returned */
};

struct mw_http_call {
    mw_http_call *next;
    mw_http_call **link;
    mw_http_client *client;
    CURL *easy;
    struct curl_slist *fields;
    mw_buffer body;
    mw_buffer reply;
    mw_http_data_fn *data; /* of a stream, else NULL */
    mw_dur silence;
    mw_timer *quiet; /* of a stream: runs out after `silence` */
    mw_http_done_fn *done;
    void *context;
    char error[CURL_ERROR_SIZE];
};

static void mw_http_client_collect(mw_http_client *c);

static void mw_http_client_destroy(mw_http_client *c) {
    (void)curl_multi_cleanup(c->multi);
    mw_timer_free(c->timer);
    free(c->ca_file);
    free(c->cert_file);
    free(c->key_file);
    free(c->interface);
    free(c->user_agent);
    free(c);
}

static void mw_http_client_leave(mw_http_client *c) {
    if (--c->depth == 0 && c->freed)
        mw_http_client_destroy(c);
}

static void mw_http_client_act(mw_http_client *c, curl_socket_t socket, int events) {
    int running = 0;
    c->depth++;
    (void)curl_multi_socket_action(c->multi, socket, events, &running);
    mw_http_client_collect(c);
    mw_http_client_leave(c);
}

/* One socket of libcurl's and our watch on it. */
typedef struct mw_http_socket {
    mw_http_client *client;
    mw_watch *watch;
    curl_socket_t fd;
} mw_http_socket;

static void mw_http_client_on_socket(void *context, unsigned events) {
    const mw_http_socket *s = context;
    int seen = ((events & MW_WATCH_READ) != 0 ? CURL_CSELECT_IN : 0) |
               ((events & MW_WATCH_WRITE) != 0 ? CURL_CSELECT_OUT : 0);
    mw_http_client_act(s->client, s->fd, seen);
}

static int mw_http_client_socket(CURL *easy, curl_socket_t fd, int what, void *context,
                                 void *known) {
    mw_http_client *c = context;
    mw_http_socket *s = known;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (s != NULL) {
            mw_watch_free(s->watch);
            free(s);
            (void)curl_multi_assign(c->multi, fd, NULL);
        }
        return 0;
    }
    if (s == NULL) {
        s = calloc(1, sizeof *s);
        if (s == NULL)
            return -1;
        s->client = c;
        s->fd = fd;
        if (mw_watch_new(c->loop, fd, mw_http_client_on_socket, s, &s->watch) != MW_OK) {
            free(s);
            return -1;
        }
        (void)curl_multi_assign(c->multi, fd, s);
    }
    mw_watch_set(s->watch, ((what & CURL_POLL_IN) != 0 ? MW_WATCH_READ : 0u) |
                               ((what & CURL_POLL_OUT) != 0 ? MW_WATCH_WRITE : 0u));
    return 0;
}

static void mw_http_client_on_timer(void *context) {
    mw_http_client_act(context, CURL_SOCKET_TIMEOUT, 0);
}

static int mw_http_client_timer(CURLM *multi, long ms, void *context) {
    mw_http_client *c = context;
    (void)multi;
    if (ms < 0)
        mw_timer_stop(c->timer);
    else
        mw_timer_start(c->timer, mw_dur_ms(ms), (mw_dur){0});
    return 0;
}

/* A copy of a text that may be absent. */
static char *mw_http_client_text(const char *text) {
    return text == NULL || *text == 0 ? NULL : strdup(text);
}

mw_status mw_http_client_new(mw_loop *loop, const mw_http_client_options *options,
                             mw_http_client **out_client) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return MW_NOMEM;
    mw_http_client *c = calloc(1, sizeof *c);
    if (c == NULL)
        return MW_NOMEM;
    c->loop = loop;
    c->allow_plain = options->allow_plain;
    c->connect_timeout = options->connect_timeout.ns == 0 ? mw_dur_s(5) : options->connect_timeout;
    c->total_timeout = options->total_timeout.ns == 0 ? mw_dur_s(30) : options->total_timeout;
    c->reply_max = options->reply_max == 0 ? 1024 * 1024 : options->reply_max;
    if (options->ca_file != NULL && *options->ca_file != 0)
        c->ca_file = strdup(options->ca_file);
    c->cert_file = mw_http_client_text(options->cert_file);
    c->key_file = mw_http_client_text(options->key_file);
    c->interface = mw_http_client_text(options->interface);
    c->user_agent = strdup(options->user_agent == NULL ? "meterworks" : options->user_agent);
    c->multi = curl_multi_init();
    if (c->multi == NULL || c->user_agent == NULL ||
        mw_timer_new(loop, mw_http_client_on_timer, c, &c->timer) != MW_OK) {
        mw_http_client_destroy(c);
        return MW_NOMEM;
    }
    (void)curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, mw_http_client_socket);
    (void)curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
    (void)curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, mw_http_client_timer);
    (void)curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
    (void)curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, 4L);
    *out_client = c;
    return MW_OK;
}

static void mw_http_call_free(mw_http_call *call) {
    *call->link = call->next;
    if (call->next != NULL)
        call->next->link = call->link;
    (void)curl_multi_remove_handle(call->client->multi, call->easy);
    curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->fields);
    mw_timer_free(call->quiet);
    if (call->body.p != NULL)
        mw_bytes_wipe(call->body.p, call->body.n);
    mw_buffer_fini(&call->body);
    mw_buffer_fini(&call->reply);
    free(call);
}

void mw_http_client_free(mw_http_client *c) {
    if (c == NULL)
        return;
    for (mw_http_call *call = c->calls, *next; call != NULL; call = next) {
        next = call->next;
        mw_http_call_free(call);
    }
    if (c->depth > 0)
        c->freed = true;
    else
        mw_http_client_destroy(c);
}

void mw_http_call_cancel(mw_http_call *call) {
    if (call != NULL)
        mw_http_call_free(call);
}

static size_t mw_http_call_receive(char *bytes, size_t size, size_t n, void *context) {
    mw_http_call *call = context;
    long http_status = 0;
    if (call->data != NULL)
        (void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &http_status);
    if (http_status == 200) {
        mw_timer_start(call->quiet, call->silence, (mw_dur){0});
        call->data(call->context, (mw_slice){(const uint8_t *)bytes, size * n});
        return size * n;
    }
    mw_buffer_append(&call->reply, (mw_slice){(const uint8_t *)bytes, size * n});
    return call->reply.status == MW_OK ? size * n : 0; /* a short count ends the transfer */
}

static mw_status mw_http_call_status(const mw_http_call *call, CURLcode code) {
    switch (code) {
    case CURLE_OK:
        return MW_OK;
    case CURLE_OPERATION_TIMEDOUT:
        return MW_TIMEOUT;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        return MW_AUTH;
    case CURLE_WRITE_ERROR:
        return call->reply.status == MW_SPACE ? MW_LIMIT : MW_NOMEM;
    case CURLE_OUT_OF_MEMORY:
        return MW_NOMEM;
    default:
        return MW_CLOSED;
    }
}

static void mw_http_call_finish(mw_http_call *call, CURLcode code) {
    mw_http_answer answer = {.status = mw_http_call_status(call, code)};
    answer.detail = call->error[0] != 0 ? call->error : curl_easy_strerror(code);
    if (answer.status == MW_OK) {
        long http_status = 0;
        curl_off_t wait_s = 0;
        (void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &http_status);
        (void)curl_easy_getinfo(call->easy, CURLINFO_RETRY_AFTER, &wait_s);
        answer.http_status = (int)http_status;
        answer.retry_after =
            mw_dur_s(wait_s > MW_RETRY_AFTER_MAX_S ? MW_RETRY_AFTER_MAX_S : wait_s);
        answer.body = mw_buffer_view(&call->reply);
        answer.detail = "";
    }
    call->done(call->context, &answer);
}

/* Takes a call out of the list, so that nothing its done function does can meet it again, tells it
 * and frees it. */
static void mw_http_call_end(mw_http_call *call, CURLcode code) {
    *call->link = call->next;
    if (call->next != NULL)
        call->next->link = call->link;
    call->next = NULL;
    call->link = &call->next;
    mw_http_call_finish(call, code);
    mw_http_call_free(call);
}

/* Nothing came on a stream for too long. (libcurl's own low-speed limit counts bytes a second, which a
 * comment every quarter of a minute does not reach.) */
static void mw_http_call_on_quiet(void *context) {
    mw_http_call *call = context;
    mw_http_client *c = call->client;
    c->depth++;
    mw_http_call_end(call, CURLE_OPERATION_TIMEDOUT);
    mw_http_client_leave(c);
}

/* Tells whoever started the calls that have ended. A done function may start and cancel calls. */
static void mw_http_client_collect(mw_http_client *c) {
    int left = 0;
    CURLMsg *message;
    while (!c->freed && (message = curl_multi_info_read(c->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        mw_http_call *call = NULL;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
        mw_http_call_end(call, code);
    }
}

/* Whether the URL may be used: https, or plain http to loopback, or allowed. */
static mw_status mw_http_url_check(const mw_http_client *c, const char *url) {
    CURLU *u = curl_url();
    char *scheme = NULL;
    char *host = NULL;
    mw_status status = MW_SYNTAX;
    if (u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
        bool loopback = strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
                        strcmp(host, "[::1]") == 0;
        if (strcmp(scheme, "https") == 0)
            status = MW_OK;
        else if (strcmp(scheme, "http") == 0)
            status = loopback || c->allow_plain ? MW_OK : MW_FORBIDDEN;
    }
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(u);
    return status;
}

static bool mw_http_call_field(mw_http_call *call, const char *name, const char *value) {
    char line[1024];
    int n = snprintf(line, sizeof line, "%s: %s", name, value);
    bool good = n > 0 && (size_t)n < sizeof line && strpbrk(line, "\r\n") == NULL;
    struct curl_slist *longer = good ? curl_slist_append(call->fields, line) : NULL;
    mw_bytes_wipe(line, sizeof line); /* it may have been a token */
    if (longer == NULL)
        return false;
    call->fields = longer;
    return true;
}

static void mw_http_call_options(mw_http_call *call, const char *method, const char *url) {
    const mw_http_client *c = call->client;
    CURL *e = call->easy;
    (void)curl_easy_setopt(e, CURLOPT_URL, url);
    (void)curl_easy_setopt(e, CURLOPT_PRIVATE, call);
    (void)curl_easy_setopt(e, CURLOPT_ERRORBUFFER, call->error);
    (void)curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(e, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
    (void)curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
    (void)curl_easy_setopt(e, CURLOPT_USERAGENT, c->user_agent);
    (void)curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)(c->connect_timeout.ns / 1000000));
    (void)curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)(c->total_timeout.ns / 1000000));
    (void)curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, mw_http_call_receive);
    (void)curl_easy_setopt(e, CURLOPT_WRITEDATA, call);
    (void)curl_easy_setopt(e, CURLOPT_HTTPHEADER, call->fields);
    if (c->ca_file != NULL)
        (void)curl_easy_setopt(e, CURLOPT_CAINFO, c->ca_file);
    if (c->cert_file != NULL)
        (void)curl_easy_setopt(e, CURLOPT_SSLCERT, c->cert_file);
    if (c->key_file != NULL)
        (void)curl_easy_setopt(e, CURLOPT_SSLKEY, c->key_file);
    if (c->interface != NULL)
        (void)curl_easy_setopt(e, CURLOPT_INTERFACE, c->interface);
    if (strcmp(method, "POST") == 0 || call->body.n > 0) {
        (void)curl_easy_setopt(e, CURLOPT_POST, 1L);
        (void)curl_easy_setopt(e, CURLOPT_POSTFIELDS, mw_buffer_text(&call->body));
        (void)curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.n);
    }
    if (strcmp(method, "GET") != 0 && strcmp(method, "POST") != 0)
        (void)curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, method);
    if (call->data != NULL) {
        (void)curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, 0L);
    }
}

static mw_status mw_http_start(mw_http_client *c, const char *method, const char *url,
                               const char *bearer, const char *content_type, mw_slice body,
                               const mw_http_call *like, mw_http_call **out_call) {
    MW_TRY(mw_http_url_check(c, url));
    mw_http_call *call = calloc(1, sizeof *call);
    if (call == NULL)
        return MW_NOMEM;
    call->client = c;
    call->data = like->data;
    call->silence = like->silence;
    call->done = like->done;
    call->context = like->context;
    call->link = &c->calls;
    call->next = c->calls;
    if (call->next != NULL)
        call->next->link = &call->next;
    c->calls = call;
    mw_buffer_init(&call->body, body.n + 1);
    mw_buffer_init(&call->reply, c->reply_max);
    mw_buffer_append(&call->body, body);
    char value[900];
    bool good = call->body.status == MW_OK && mw_http_call_field(call, "Expect", "");
    if (bearer != NULL) {
        int n = snprintf(value, sizeof value, "Bearer %s", bearer);
        good = good && (size_t)n < sizeof value && mw_http_call_field(call, "Authorization", value);
        mw_bytes_wipe(value, sizeof value);
    }
    if (content_type != NULL)
        good = good && mw_http_call_field(call, "Content-Type", content_type);
    call->easy = good ? curl_easy_init() : NULL;
    if (call->easy == NULL) {
        mw_http_call_free(call);
        return good ? MW_NOMEM : MW_SYNTAX;
    }
    if (call->data != NULL) {
        if (mw_timer_new(c->loop, mw_http_call_on_quiet, call, &call->quiet) != MW_OK) {
            mw_http_call_free(call);
            return MW_NOMEM;
        }
        mw_timer_start(call->quiet, call->silence, (mw_dur){0});
    }
    mw_http_call_options(call, method, url);
    c->depth++;
    CURLMcode code = curl_multi_add_handle(c->multi, call->easy);
    c->depth--;
    if (code != CURLM_OK) {
        mw_http_call_free(call);
        return MW_NOMEM;
    }
    *out_call = call;
    return MW_OK;
}

mw_status mw_http_call_start(mw_http_client *c, const char *method, const char *url,
                             const char *bearer, const char *content_type, mw_slice body,
                             mw_http_done_fn *done, void *context, mw_http_call **out_call) {
    mw_http_call like = {.done = done, .context = context};
    return mw_http_start(c, method, url, bearer, content_type, body, &like, out_call);
}

mw_status mw_http_stream_start(mw_http_client *c, const char *url, const char *bearer,
                               mw_dur silence, mw_http_data_fn *data, mw_http_done_fn *done,
                               void *context, mw_http_call **out_call) {
    mw_http_call like = {.data = data, .silence = silence, .done = done, .context = context};
    return mw_http_start(c, "GET", url, bearer, NULL, (mw_slice){0}, &like, out_call);
}
