/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "runtime/http_server_priv.h"

struct mw_http_sse {
    mw_http_request *request; /* NULL once libmicrohttpd let go of it */
    mw_buffer queue;
    bool ended;
    mw_timer *keep_alive;
    void (*on_close)(void *context);
    void *context;
};

/* libmicrohttpd asks for bytes; without any the connection sleeps until some come. */
static ssize_t mw_http_sse_read(void *context, uint64_t at, char *out, size_t max) {
    mw_http_sse *e = context;
    (void)at;
    if (e->queue.n == 0) {
        if (e->ended)
            return MHD_CONTENT_READER_END_OF_STREAM;
        e->request->suspended = true;
        MHD_suspend_connection(e->request->mhd);
        return 0;
    }
    size_t n = e->queue.n < max ? e->queue.n : max;
    mw_bytes_copy(out, e->queue.p, n);
    mw_buffer_drop(&e->queue, n);
    return (ssize_t)n;
}

/* The response is let go of exactly once, however the stream ended. */
static void mw_http_sse_free(void *context) {
    mw_http_sse *e = context;
    if (e->request != NULL)
        e->request->sse = NULL;
    if (e->on_close != NULL)
        e->on_close(e->context);
    mw_timer_free(e->keep_alive);
    mw_buffer_fini(&e->queue);
    free(e);
}

void mw_http_sse_end(mw_http_sse *e) {
    e->ended = true;
    if (e->request != NULL)
        mw_http_request_resume(e->request);
}

void mw_http_sse_lost(mw_http_sse *e) {
    mw_buffer_reset(&e->queue);
    mw_http_sse_end(e);
    e->request = NULL;
}

/* A comment keeps proxies from closing a silent stream, and finds out who is gone. */
static void mw_http_sse_keep_alive(void *context) {
    mw_http_sse *e = context;
    if (e->ended || e->request == NULL || e->queue.n > 0)
        return;
    mw_buffer_append_str(&e->queue, ":\n\n");
    mw_http_request_resume(e->request);
}

mw_http_sse *mw_http_reply_sse(mw_http_request *r, const mw_http_sse_options *options) {
    mw_http_sse *e = calloc(1, sizeof *e);
    mw_assert(e != NULL);
    e->request = r;
    e->on_close = options->on_close;
    e->context = options->context;
    mw_buffer_init(&e->queue, options->queue_max == 0 ? 256 * 1024 : options->queue_max);
    mw_dur period = options->keep_alive.ns == 0 ? mw_dur_s(15) : options->keep_alive;
    mw_assert(mw_timer_new(mw_http_loop(r), mw_http_sse_keep_alive, e, &e->keep_alive) == MW_OK);
    mw_timer_start(e->keep_alive, period, period);
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, 16384, mw_http_sse_read, e, mw_http_sse_free);
    mw_assert(response != NULL);
    mw_http_reply reply = {.status = 200,
                           .content_type = "text/event-stream",
                           .headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}}};
    mw_http_response_fields(r, response, &reply, true);
    r->sse = e;
    mw_buffer_append_str(&e->queue, ":\n\n"); /* sends the head at once */
    mw_http_request_answer(r, 200, response);
    return e;
}

static void mw_http_sse_line(mw_buffer *out, const char *field, mw_slice value) {
    mw_buffer_append_str(out, field);
    mw_buffer_append_str(out, ": ");
    mw_buffer_append(out, value);
    mw_buffer_append_byte(out, '\n');
}

mw_status mw_http_sse_send(mw_http_sse *e, const char *id, const char *event, mw_slice data) {
    if (e->ended)
        return MW_SPACE;
    mw_assert(id == NULL || strpbrk(id, "\r\n") == NULL);
    mw_assert(event == NULL || strpbrk(event, "\r\n") == NULL);
    size_t before = e->queue.n;
    if (id != NULL)
        mw_http_sse_line(&e->queue, "id", mw_slice_of_str(id));
    if (event != NULL)
        mw_http_sse_line(&e->queue, "event", mw_slice_of_str(event));
    while (true) {
        const uint8_t *end = data.n == 0 ? NULL : memchr(data.p, '\n', data.n);
        size_t n = end == NULL ? data.n : (size_t)(end - data.p);
        mw_http_sse_line(&e->queue, "data", mw_slice_sub(data, 0, n));
        if (end == NULL)
            break;
        data = mw_slice_sub(data, n + 1, data.n - n - 1);
    }
    mw_buffer_append_byte(&e->queue, '\n');
    if (e->queue.status != MW_OK) {
        e->queue.n = before; /* whole events only */
        e->queue.status = MW_OK;
        e->ended = true; /* a client that does not read would not take the end either */
        if (e->request != NULL && e->request->conn != NULL)
            e->request->conn->doomed = true;
        return MW_SPACE;
    }
    if (e->request != NULL)
        mw_http_request_resume(e->request);
    return MW_OK;
}
