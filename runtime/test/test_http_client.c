/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/http_client.h"

#include "runtime/test/http_client_raw.h"

static mw_clock *the_clock;
static mw_loop *loop;
static mw_http_server *server;
static mw_http_client *client;

typedef struct outcome {
    int n;
    mw_status status;
    int http_status;
    char body[256];
    mw_dur retry_after;
    bool again; /* start another call from the callback */
} outcome;

static void echo(void *context, mw_http_request *r) {
    (void)context;
    char text[200];
    const char *type = mw_http_header(r, "Content-Type");
    mw_slice bearer = mw_http_bearer(r);
    (void)snprintf(text, sizeof text, "%s|%s|%.*s|%.*s", mw_http_method(r),
                   type == NULL ? "-" : type, (int)bearer.n, (const char *)bearer.p,
                   (int)mw_http_body(r).n, (const char *)mw_http_body(r).p);
    mw_http_reply reply = {
        .status = 200, .content_type = "text/plain", .body = mw_slice_of_str(text)};
    mw_http_reply_send(r, &reply);
}

static void busy(void *context, mw_http_request *r) {
    (void)context;
    mw_http_reply reply = {.status = 503, .headers = {{"Retry-After", "7"}}};
    mw_http_reply_send(r, &reply);
}

static void never(void *context, mw_http_request *r) {
    (void)context;
    (void)r;
}

static void large(void *context, mw_http_request *r) {
    (void)context;
    static uint8_t bytes[20000];
    memset(bytes, 'x', sizeof bytes);
    mw_http_reply reply = {.status = 200, .body = MW_SLICE_OF(bytes)};
    mw_http_reply_send(r, &reply);
}

static int setup(void **state) {
    (void)state;
    char error[160] = "";
    MW_CHECK_OK(mw_clock_open("system", &the_clock));
    MW_CHECK_OK(mw_loop_new(the_clock, &loop));
    MW_CHECK_OK(
        mw_http_server_open(loop, &(mw_http_options){.listen = "127.0.0.1:0"}, &server, error));
    MW_CHECK_OK(mw_http_server_route(server, &(mw_http_route){"POST", "/echo", echo, NULL, 0}));
    MW_CHECK_OK(mw_http_server_route(server, &(mw_http_route){"GET", "/echo", echo, NULL, 0}));
    MW_CHECK_OK(mw_http_server_route(server, &(mw_http_route){"GET", "/busy", busy, NULL, 0}));
    MW_CHECK_OK(mw_http_server_route(server, &(mw_http_route){"GET", "/never", never, NULL, 0}));
    MW_CHECK_OK(mw_http_server_route(server, &(mw_http_route){"GET", "/large", large, NULL, 0}));
    mw_http_client_options o = {.total_timeout = mw_dur_ms(300), .reply_max = 10000};
    MW_CHECK_OK(mw_http_client_new(loop, &o, &client));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    mw_http_client_free(client);
    mw_http_server_close(server);
    mw_loop_free(loop);
    mw_clock_close(the_clock);
    return 0;
}

static void start(const char *method, const char *path, const char *body, outcome *o);

static void done(void *context, const mw_http_answer *a) {
    outcome *o = context;
    o->n++;
    o->status = a->status;
    o->http_status = a->http_status;
    o->retry_after = a->retry_after;
    (void)snprintf(o->body, sizeof o->body, "%.*s", (int)a->body.n, (const char *)a->body.p);
    if (o->again) {
        o->again = false;
        start("GET", "/busy", "", o);
    }
}

static void start(const char *method, const char *path, const char *body, outcome *o) {
    char url[128];
    mw_http_call *call = NULL;
    (void)snprintf(url, sizeof url, "%s%s", mw_http_server_url(server), path);
    MW_CHECK_OK(mw_http_call_start(client, method, url, "token-1", "application/json",
                                   mw_slice_of_str(body), done, o, &call));
}

static outcome await(outcome *o, int n) {
    for (int i = 0; i < 400 && o->n < n; i++)
        mw_loop_run_once(loop, mw_dur_ms(5));
    MW_CHECK_EQ(o->n, n);
    return *o;
}

MW_TEST(posts_with_a_token) {
    outcome o = {0};
    start("POST", "/echo", "{\"a\":1}", &o);
    MW_CHECK_EQ(o.n, 0);
    await(&o, 1);
    MW_CHECK_OK(o.status);
    MW_CHECK_EQ(o.http_status, 200);
    MW_CHECK_STR(o.body, "POST|application/json|token-1|{\"a\":1}");
    start("GET", "/echo", "", &o);
    await(&o, 2);
    MW_CHECK_STR(o.body, "GET|application/json|token-1|");
}

MW_TEST(tells_when_to_come_back) {
    outcome o = {.again = true};
    start("GET", "/busy", "", &o);
    await(&o, 2);
    MW_CHECK_EQ(o.http_status, 503);
    MW_CHECK_EQ(o.retry_after.ns, mw_dur_s(7).ns);
}

MW_TEST(bounds_time_and_size) {
    outcome o = {0};
    start("GET", "/never", "", &o);
    await(&o, 1);
    MW_CHECK_STATUS(o.status, MW_TIMEOUT);
    start("GET", "/large", "", &o);
    await(&o, 2);
    MW_CHECK_STATUS(o.status, MW_LIMIT);
}

MW_TEST(refuses_what_is_not_safe) {
    mw_http_call *call = NULL;
    outcome o = {0};
    mw_slice none = {0};
    MW_CHECK_STATUS(
        mw_http_call_start(client, "GET", "http://192.0.2.1/", NULL, NULL, none, done, &o, &call),
        MW_FORBIDDEN);
    MW_CHECK_STATUS(
        mw_http_call_start(client, "GET", "ftp://127.0.0.1/", NULL, NULL, none, done, &o, &call),
        MW_SYNTAX);
    MW_CHECK_STATUS(mw_http_call_start(client, "GET", "http://127.0.0.1:1/", "a\r\nX: y", NULL,
                                       none, done, &o, &call),
                    MW_SYNTAX);
    MW_CHECK_OK(mw_http_call_start(client, "GET", "http://127.0.0.1:1/", NULL, NULL, none, done, &o,
                                   &call));
    await(&o, 1);
    MW_CHECK_STATUS(o.status, MW_CLOSED);
    start("GET", "/never", "", &o);
    MW_CHECK_OK(mw_http_call_start(client, "GET", "http://127.0.0.1:1/", NULL, NULL, none, done, &o,
                                   &call));
    mw_http_call_cancel(call);
    for (int i = 0; i < 5; i++)
        mw_loop_run_once(loop, mw_dur_ms(2));
    MW_CHECK_EQ(o.n, 1); /* the first is freed with the client, the second was cancelled */
}

/* ---- streams ---- */

static mw_http_sse *stream;
static size_t streamed;

static void stream_closed(void *context) {
    (void)context;
    stream = NULL;
}

static void events(void *context, mw_http_request *r) {
    (void)context;
    stream = mw_http_reply_sse(r, &(mw_http_sse_options){.on_close = stream_closed});
}

static void on_data(void *context, mw_slice bytes) {
    (void)context;
    streamed += bytes.n;
}

static void turn(int ms) {
    mw_mono end = mw_mono_add(mw_clock_mono(), mw_dur_ms(ms));
    while (mw_mono_since(end, mw_clock_mono()).ns > 0)
        mw_loop_run_once(loop, mw_dur_ms(5));
}

/* A stream lives as long as anything comes, however little, and ends after silence. */
MW_TEST(a_stream_ends_when_it_falls_silent) {
    outcome o = {0};
    mw_http_call *call = NULL;
    char url[128];
    MW_CHECK_OK(mw_http_server_route(server, &(mw_http_route){"GET", "/events", events, NULL, 0}));
    (void)snprintf(url, sizeof url, "%s/events", mw_http_server_url(server));
    MW_CHECK_OK(mw_http_stream_start(client, url, NULL, mw_dur_ms(400), on_data, done, &o, &call));
    for (int i = 0; i < 6; i++) {
        turn(200);
        if (stream != NULL)
            MW_CHECK_OK(mw_http_sse_send(stream, NULL, NULL, mw_slice_of_str("x")));
    }
    MW_CHECK_EQ(o.n, 0);
    MW_CHECK(streamed >= 10);
    turn(900);
    MW_CHECK_EQ(o.n, 1);
    MW_CHECK_STATUS(o.status, MW_TIMEOUT);
}

int main(void) {
    const struct CMUnitTest cases[] = {
        MW_CASE(posts_with_a_token),       MW_CASE(tells_when_to_come_back),
        MW_CASE(bounds_time_and_size),     MW_CASE(a_stream_ends_when_it_falls_silent),
        MW_CASE(refuses_what_is_not_safe),
    };
    return cmocka_run_group_tests(cases, setup, teardown);
}
