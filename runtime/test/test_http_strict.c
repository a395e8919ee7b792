/* SPDX-License-Identifier: Apache-2.0
 *
 * Raw bytes against the server: what must be refused with 400 and a closed connection, the limits,
 * slow clients and pipelining.
 */
#include "runtime/test/http_client_raw.h"

static mw_clock *the_clock;
static mw_loop *loop;
static mw_http_server *server;
static int handled;

static void echo(void *context, mw_http_request *r) {
    (void)context;
    handled++;
    mw_http_reply reply = {
        .status = 200, .content_type = "application/octet-stream", .body = mw_http_body(r)};
    mw_http_reply_send(r, &reply);
}

static void hello(void *context, mw_http_request *r) {
    (void)context;
    handled++;
    mw_http_reply_json(r, 200, mw_slice_of_str("{\"hello\":true}"));
}

static int setup(void **state) {
    (void)state;
    char error[160] = "";
    MW_CHECK_OK(mw_clock_open("system", &the_clock));
    MW_CHECK_OK(mw_loop_new(the_clock, &loop));
    mw_http_options o = {.listen = "127.0.0.1:0",
                         .head_max = 4096,
                         .body_max = 1000,
                         .per_ip_max = 6,
                         .head_timeout = mw_dur_ms(300),
                         .body_timeout = mw_dur_ms(300),
                         .idle_timeout = mw_dur_ms(500)};
    MW_CHECK_OK(mw_http_server_open(loop, &o, &server, error));
    MW_CHECK_OK(mw_http_server_route(server, &(mw_http_route){"POST", "/echo", echo, NULL, 0}));
    MW_CHECK_OK(mw_http_server_route(server, &(mw_http_route){"POST", "/big", echo, NULL, 100000}));
    MW_CHECK_OK(mw_http_server_route(server, &(mw_http_route){"GET", "/hello", hello, NULL, 0}));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    mw_http_server_close(server);
    mw_loop_free(loop);
    mw_clock_close(the_clock);
    return 0;
}

static void settle(void) {
    for (int i = 0; i < 20; i++)
        mw_loop_run_once(loop, mw_dur_ms(1));
}

/* Sends the bytes; expects the status, a closed connection and no handler called. */
static void refused(const char *what, const void *bytes, size_t n, int status) {
    raw_client *c = raw_open(loop, mw_http_server_port(server));
    int before = handled;
    raw_send(c, bytes, n);
    bool closed = raw_await_close(c);
    if (!closed || raw_status(c) != status || handled != before)
        print_error("%s: closed %d, answer %.60s\n", what, closed, c->got);
    MW_CHECK(closed);
    MW_CHECK_EQ(raw_status(c), status);
    MW_CHECK_EQ(handled, before);
    raw_close(c);
    settle();
}

#define REFUSED(text, status) refused(text, text, sizeof(text) - 1, status)
#define HEAD                  "POST /echo HTTP/1.1\r\nHost: a\r\n"

MW_TEST(ambiguous_framing_is_refused) {
    REFUSED(HEAD "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd", 400);
    REFUSED(HEAD "Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd", 400);
    REFUSED(HEAD "Content-Length: 4, 4\r\n\r\nabcd", 400);
    REFUSED(HEAD "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
    REFUSED(HEAD "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", 400);
    REFUSED(HEAD "Content-Length: +4\r\n\r\nabcd", 400);
    REFUSED(HEAD "Content-Length: -4\r\n\r\nabcd", 400);
    REFUSED(HEAD "Content-Length: 0x4\r\n\r\nabcd", 400);
    REFUSED(HEAD "Content-Length: 4 4\r\n\r\nabcd", 400);
    REFUSED(HEAD "Content-Length:\r\n\r\nabcd", 400);
    REFUSED(HEAD "Content-Length: 99999999999999999999\r\n\r\nabcd", 400);
}

MW_TEST(other_codings_are_refused) {
    REFUSED(HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400);
    REFUSED(HEAD "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400);
    REFUSED(HEAD "Transfer-Encoding: identity\r\n\r\nabcd", 400);
    REFUSED(HEAD "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400);
    REFUSED(HEAD "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 400);
    REFUSED(HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
    REFUSED("POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
}

MW_TEST(control_bytes_are_refused) {
    REFUSED("GET /hello HTTP/1.1\r\nHost: a\r\nX-A: a\0b\r\n\r\n", 400);
    REFUSED("GET /hello HTTP/1.1\r\nHost: a\r\nX-A: a\x01"
            "b\r\n\r\n",
            400);
    REFUSED("GET /hello HTTP/1.1\r\nHost: a\r\nX-A: a\x7f\r\n\r\n", 400);
    REFUSED("GET /hello HTTP/1.1\r\nHost: a\r\nX\x01: a\r\n\r\n", 400);
    REFUSED("GET /hello HTTP/1.1\r\nHost: a\r\nX\0Y: a\r\n\r\n", 400);
    REFUSED("GET /he\0llo HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    REFUSED("GET /he\x01llo HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    REFUSED("GET /he\tllo HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    REFUSED("GET /hell\xc3\xb6 HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    REFUSED("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS to a plain port\r\n\r\n", 400);
}

MW_TEST(host_must_be_one) {
    REFUSED("GET /hello HTTP/1.1\r\n\r\n", 400);
    REFUSED("GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400);
    REFUSED("GET /hello HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", 400);
    REFUSED("GET /hello HTTP/1.1\r\nHost:\r\n\r\n", 400);
    REFUSED("GET /hello HTTP/1.1\r\nHost: a b\r\n\r\n", 400);
    REFUSED("GET /hello HTTP/1.1\r\nHost: a/../b\r\n\r\n", 400);
}

MW_TEST(malformed_lines_are_refused) {
    REFUSED("GET /hello HTTP/1.1\nHost: a\n\n", 400);
    REFUSED("GET /hello HTTP/1.1\r\nHost: a\n\r\n", 400);
    REFUSED("GET /hello HTTP/1.1\r\nHost: a\r\n\n", 400);
    REFUSED("GET /hello HTTP/1.1\rHost: a\r\n\r\n", 400);
    REFUSED("GET /hello HTTP/1.1\r\nHost : a\r\n\r\n", 400);
    REFUSED("GET /hello HTTP/1.1\r\n Host: a\r\n\r\n", 400);
    REFUSED("GET /hello HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400);
    REFUSED("GET /hello HTTP/1.1\r\nHost: a\r\nnocolon\r\n\r\n", 400);
    REFUSED("GET /hello HTTP/1.1\r\nHost: a\r\n: a\r\n\r\n", 400);
    REFUSED("GET  /hello HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    REFUSED("GET /hello  HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    REFUSED("GET /hello\r\n\r\n", 400);
    REFUSED("get /hello HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    REFUSED("GET http://a/hello HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    REFUSED("GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    REFUSED("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    REFUSED("GET /hello#x HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    REFUSED("\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    REFUSED("GET /hello HTTP/2.0\r\nHost: a\r\n\r\n", 505);
    REFUSED("GET /hello HTTP/1.1\r\nHost: a\r\nCookie: a=1\r\nCookie: a=2\r\n\r\n", 400);
    REFUSED("GET /hello HTTP/1.1\r\nHost: a\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n", 400);
    REFUSED(HEAD "Expect: 200-ok\r\nContent-Length: 1\r\n\r\na", 417);
}

#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"

MW_TEST(malformed_chunks_are_refused) {
    REFUSED(CHUNKED "0x1\r\na\r\n0\r\n\r\n", 400);
    REFUSED(CHUNKED "+1\r\na\r\n0\r\n\r\n", 400);
    REFUSED(CHUNKED "g\r\na\r\n0\r\n\r\n", 400);
    REFUSED(CHUNKED "\r\na\r\n0\r\n\r\n", 400);
    REFUSED(CHUNKED " 1\r\na\r\n0\r\n\r\n", 400);
    REFUSED(CHUNKED "1 \r\na\r\n0\r\n\r\n", 400);
    REFUSED(CHUNKED "1\na\r\n0\r\n\r\n", 400);
    REFUSED(CHUNKED "1\r\na\n0\r\n\r\n", 400);
    REFUSED(CHUNKED "1\r\nab\r\n0\r\n\r\n", 400);
    REFUSED(CHUNKED "fffffffffffffffff\r\na\r\n0\r\n\r\n", 400);
    REFUSED(CHUNKED "fffffffff\r\na\r\n0\r\n\r\n", 413);
    REFUSED(CHUNKED "1;\x01\r\na\r\n0\r\n\r\n", 400);
    REFUSED(CHUNKED "1\r\na\r\n0\r\nContent-Length: 4\r\n\r\n", 400);
    REFUSED(CHUNKED "1\r\na\r\n0\r\nbad trailer\r\n\r\n", 400);
}

/* Sends a whole request and expects an answer on a connection that stays open. */
static void accepted(const char *bytes, int status, const char *body) {
    raw_client *c = raw_open(loop, mw_http_server_port(server));
    raw_send_text(c, bytes);
    MW_CHECK(raw_await(c, "\r\n\r\n"));
    MW_CHECK_EQ(raw_status(c), status);
    if (body != NULL)
        MW_CHECK(raw_await(c, body));
    MW_CHECK(!c->closed);
    raw_close(c);
    settle();
}

MW_TEST(good_requests_are_served) {
    accepted("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", 200, "{\"hello\":true}");
    accepted("\r\nGET /hello HTTP/1.1\r\nHost: a:80\r\n\r\n", 200, "{\"hello\":true}");
    accepted("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n", 200, NULL);
    accepted(HEAD "Content-Length: 4\r\n\r\nabcd", 200, "abcd");
    accepted(CHUNKED "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-T: 1\r\n\r\n", 200, "abcde");
    accepted(HEAD "transfer-encoding: Chunked\r\n\r\n0\r\n\r\n", 200, NULL);
    accepted("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n", 404, "NOT_FOUND");
    accepted("DELETE /hello HTTP/1.1\r\nHost: a\r\n\r\n", 405, "Allow: GET, HEAD");
    accepted("GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed");
    accepted("GET /a/../hello HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed");
    accepted("GET /a%2fb HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed");
    accepted("GET /%c3%28 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed");
}

MW_TEST(limits_hold) {
    static char big[12000];
    int n = snprintf(big, sizeof big, "GET /hello HTTP/1.1\r\nHost: a\r\nX: ");
    memset(big + n, 'x', sizeof big - (size_t)n);
    refused("large head", big, sizeof big, 431);
    n = snprintf(big, sizeof big, "GET /hello HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 101; i++)
        n += snprintf(big + n, sizeof big - (size_t)n, "X%d: 1\r\n", i);
    n += snprintf(big + n, sizeof big - (size_t)n, "\r\n");
    refused("many fields", big, (size_t)n, 431);
    REFUSED(HEAD "Content-Length: 1001\r\n\r\n", 413);
    REFUSED(CHUNKED "3e9\r\n", 413);
    n = snprintf(big, sizeof big, "POST /big HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n");
    raw_client *c = raw_open(loop, mw_http_server_port(server));
    memset(big + n, 'y', sizeof big - (size_t)n);
    raw_send(c, big, (size_t)n + 10000);
    MW_CHECK(raw_await(c, "yyyy"));
    for (int i = 0; i < 200 && c->got_n < 10000; i++)
        raw_turn(c);
    MW_CHECK(c->got_n > 10000);
    raw_close(c);
    settle();
}

MW_TEST(slow_clients_are_cut_off) {
    raw_client *c = raw_open(loop, mw_http_server_port(server));
    for (int i = 0; i < 400 && !c->closed; i++) {
        raw_send(c, i % 2 == 0 ? "G" : "E", 1); /* a byte now and then, never a head */
        mw_loop_run_once(loop, mw_dur_ms(10));
    }
    MW_CHECK(c->closed);
    MW_CHECK_EQ(raw_status(c), 408);
    raw_close(c);
    c = raw_open(loop, mw_http_server_port(server));
    raw_send_text(c, HEAD "Content-Length: 10\r\n\r\na");
    MW_CHECK(raw_await_close(c));
    MW_CHECK_EQ(raw_status(c), 408);
    raw_close(c);
    c = raw_open(loop, mw_http_server_port(server));
    MW_CHECK(raw_await_close(c)); /* says nothing at all */
    MW_CHECK_EQ(c->got_n, 0);
    raw_close(c);
    settle();
}

static size_t count(const char *text, const char *part) {
    size_t n = 0;
    for (; (text = strstr(text, part)) != NULL; text++)
        n++;
    return n;
}

MW_TEST(pipelined_requests_are_answered_in_order) {
    raw_client *c = raw_open(loop, mw_http_server_port(server));
    raw_send_text(c, HEAD "Content-Length: 3\r\n\r\none" HEAD "Content-Length: 3\r\n\r\ntwo" CHUNKED
                          "5\r\nthree\r\n0\r\n\r\n"
                          "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    MW_CHECK(raw_await(c, "hello"));
    const char *one = strstr(c->got, "one");
    const char *two = strstr(c->got, "two");
    const char *three = strstr(c->got, "three");
    MW_CHECK(one != NULL && two > one && three > two);
    MW_CHECK_EQ(count(c->got, "HTTP/1.1 200"), 4);
    MW_CHECK(!c->closed);
    raw_close(c);
    c = raw_open(loop, mw_http_server_port(server)); /* the good one first, then the refusal */
    raw_send_text(c, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\n\r\n");
    MW_CHECK(raw_await_close(c));
    MW_CHECK_EQ(count(c->got, "HTTP/1.1 200"), 1);
    MW_CHECK_EQ(count(c->got, "HTTP/1.1 400"), 1);
    MW_CHECK_EQ(raw_status(c), 200);
    raw_close(c);
    settle();
}

MW_TEST(closing_and_waiting_as_the_client_wishes) {
    raw_client *c = raw_open(loop, mw_http_server_port(server));
    raw_send_text(c, HEAD "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    MW_CHECK(raw_await(c, "HTTP/1.1 100 Continue\r\n\r\n"));
    raw_send_text(c, "abcd");
    MW_CHECK(raw_await(c, "HTTP/1.1 200"));
    MW_CHECK(raw_await(c, "abcd"));
    raw_close(c);
    c = raw_open(loop, mw_http_server_port(server));
    raw_send_text(c, "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    MW_CHECK(raw_await_close(c));
    MW_CHECK_EQ(raw_status(c), 200);
    MW_CHECK(strstr(c->got, "hello") != NULL);
    raw_close(c);
    c = raw_open(loop, mw_http_server_port(server));
    raw_send_text(c, "GET /hello HTTP/1.0\r\n\r\n");
    MW_CHECK(raw_await_close(c));
    MW_CHECK(strstr(c->got, "{\"hello\":true}") != NULL);
    raw_close(c);
    c = raw_open(loop, mw_http_server_port(server)); /* the client ends its half first */
    raw_send_text(c, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    MW_CHECK(shutdown(c->fd, SHUT_WR) == 0);
    MW_CHECK(raw_await_close(c));
    MW_CHECK(strstr(c->got, "{\"hello\":true}") != NULL);
    raw_close(c);
    settle();
}

MW_TEST(a_request_may_come_byte_by_byte) {
    raw_client *c = raw_open(loop, mw_http_server_port(server));
    const char *text = CHUNKED "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    for (; *text != 0; text++)
        raw_send(c, text, 1);
    MW_CHECK(raw_await(c, "abcde"));
    raw_close(c);
    settle();
}

MW_TEST(one_address_gets_only_its_share) {
    raw_client *held[6];
    for (int i = 0; i < 6; i++) {
        held[i] = raw_open(loop, mw_http_server_port(server));
        raw_send_text(held[i], "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
        MW_CHECK(raw_await(held[i], "hello"));
    }
    raw_client *c = raw_open(loop, mw_http_server_port(server));
    MW_CHECK(raw_await_close(c));
    MW_CHECK_EQ(raw_status(c), 503);
    raw_close(c);
    for (int i = 0; i < 6; i++)
        raw_close(held[i]);
    settle();
    accepted("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", 200, "hello");
}

int main(void) {
    const struct CMUnitTest cases[] = {
        MW_CASE(ambiguous_framing_is_refused),
        MW_CASE(other_codings_are_refused),
        MW_CASE(control_bytes_are_refused),
        MW_CASE(host_must_be_one),
        MW_CASE(malformed_lines_are_refused),
        MW_CASE(malformed_chunks_are_refused),
        MW_CASE(good_requests_are_served),
        MW_CASE(limits_hold),
        MW_CASE(slow_clients_are_cut_off),
        MW_CASE(pipelined_requests_are_answered_in_order),
        MW_CASE(closing_and_waiting_as_the_client_wishes),
        MW_CASE(a_request_may_come_byte_by_byte),
        MW_CASE(one_address_gets_only_its_share),
    };
    return cmocka_run_group_tests(cases, setup, teardown);
}
