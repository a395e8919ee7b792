/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/assert.h"
#include "runtime/http_server_priv.h"
#include "runtime/json_writer.h"

/* A field of ours that libmicrohttpd refuses is our own bug: header injection would begin so. */
static void mw_http_response_add(struct MHD_Response *response, const char *name,
                                 const char *value) {
    mw_assert(MHD_add_response_header(response, name, value) == MHD_YES);
}

void mw_http_response_fields(const mw_http_request *r, struct MHD_Response *response,
                             const mw_http_reply *reply, bool cacheable) {
    if (reply->content_type != NULL)
        mw_http_response_add(response, "Content-Type", reply->content_type);
    for (size_t i = 0; i < MW_HTTP_REPLY_HEADERS_MAX && reply->headers[i].name != NULL; i++) {
        for (const char *p = reply->headers[i].value; *p != 0; p++)
            mw_assert((unsigned char)*p >= ' ' && *p != 0x7f);
        cacheable |= strcasecmp(reply->headers[i].name, "Cache-Control") == 0;
        mw_http_response_add(response, reply->headers[i].name, reply->headers[i].value);
    }
    if (!cacheable)
        mw_http_response_add(response, "Cache-Control", "no-store");
    mw_http_response_add(response, "X-Content-Type-Options", "nosniff");
    mw_http_response_add(response, "Referrer-Policy", "same-origin");
    const char *csp = r->conn == NULL ? NULL : r->conn->server->csp;
    if (csp != NULL)
        mw_http_response_add(response, "Content-Security-Policy", csp);
}

void mw_http_reply_send(mw_http_request *r, const mw_http_reply *reply) {
    mw_assert(reply->status >= 200 && reply->status <= 599);
    struct MHD_Response *response = MHD_create_response_from_buffer(
        reply->body.n, (void *)(uintptr_t)reply->body.p, MHD_RESPMEM_MUST_COPY);
    if (response != NULL)
        mw_http_response_fields(r, response, reply, false);
    mw_http_request_answer(r, reply->status, response);
}

void mw_http_reply_json(mw_http_request *r, int status, mw_slice json) {
    mw_http_reply reply = {.status = status, .content_type = "application/json", .body = json};
    mw_http_reply_send(r, &reply);
}

void mw_http_reply_empty(mw_http_request *r, int status) {
    mw_http_reply reply = {.status = status};
    mw_http_reply_send(r, &reply);
}

void mw_http_reply_problem(mw_http_request *r, int status, const char *code, const char *message) {
    mw_buffer text;
    mw_buffer_init(&text, 8192);
    mw_json j = mw_json_of(&text);
    mw_json_object_begin(&j);
    mw_json_put_object(&j, "error");
    mw_json_put_text(&j, "code", code);
    mw_json_put_text(&j, "message", message);
    mw_json_object_end(&j);
    mw_json_object_end(&j);
    if (mw_json_done(&j) == MW_OK)
        mw_http_reply_json(r, status, mw_buffer_view(&text));
    else
        mw_http_reply_empty(r, status);
    mw_buffer_fini(&text);
}

void mw_http_reply_error(mw_http_request *r, mw_status why, const char *message) {
    mw_http_reply_problem(r, mw_status_http(why), mw_status_name(why), message);
}

/* ---- bodies produced piece by piece ---- */

static ssize_t mw_http_source_read(void *context, uint64_t at, char *out, size_t max) {
    const mw_http_source *source = context;
    (void)at;
    int64_t n = source->fill(source->context, (mw_span){(uint8_t *)out, max});
    mw_assert(n <= (int64_t)max);
    if (n == 0)
        return MHD_CONTENT_READER_END_OF_STREAM;
    return n < 0 ? MHD_CONTENT_READER_END_WITH_ERROR : (ssize_t)n;
}

static void mw_http_source_free(void *context) {
    mw_http_source *source = context;
    if (source->done != NULL)
        source->done(source->context);
    free(source);
}

void mw_http_reply_stream(mw_http_request *r, const mw_http_reply *reply, mw_http_source source) {
    mw_http_source *copy = malloc(sizeof *copy);
    mw_assert(copy != NULL);
    *copy = source;
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, 16384, mw_http_source_read, copy, mw_http_source_free);
    if (response == NULL)
        mw_http_source_free(copy);
    else
        mw_http_response_fields(r, response, reply, false);
    mw_http_request_answer(r, reply->status, response);
}
