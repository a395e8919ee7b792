/* SPDX-License-Identifier: Apache-2.0
 *
 * Routing, the request view, late answers, streams, files and TLS.
 */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include "runtime/test/http_client_raw.h"

static mw_clock *the_clock;
static mw_loop *loop;
static mw_http_server *server;
static mw_metrics *metrics;
static char folder[] = "/tmp/mw-http-XXXXXX";

static mw_http_request *waiting;
static int gone_n;
static mw_http_sse *stream;
static int stream_closed_n;
static int source_left;
static int source_done_n;

static void show(void *context, mw_http_request *r) {
    char text[512];
    char cookie[32] = "-";
    mw_status status = mw_http_cookie(r, "session", (mw_span){(uint8_t *)cookie, sizeof cookie});
    const char *id = mw_http_param(r, "id");
    const char *rest = mw_http_param(r, "rest");
    const char *q = mw_http_query(r, "q");
    mw_slice bearer = mw_http_bearer(r);
    (void)snprintf(text, sizeof text, "%s|%s|%s|%s|%s|%s|%s|%.*s|%s", (const char *)context,
                   mw_http_method(r), mw_http_path(r), id == NULL ? "-" : id,
                   rest == NULL ? "-" : rest, q == NULL ? "-" : q,
                   status == MW_OK ? cookie : mw_status_name(status), (int)bearer.n,
                   (const char *)bearer.p, mw_http_peer(r));
    mw_http_reply reply = {
        .status = 200, .content_type = "text/plain", .body = mw_slice_of_str(text)};
    mw_http_reply_send(r, &reply);
}

static void left(void *context) {
    (void)context;
    gone_n++;
    waiting = NULL;
}

static void wait_for_it(void *context, mw_http_request *r) {
    (void)context;
    waiting = r;
    mw_http_on_gone(r, left, NULL);
}

static void stream_closed(void *context) {
    (void)context;
    stream_closed_n++;
    stream = NULL;
}

static void events(void *context, mw_http_request *r) {
    (void)context;
    mw_http_sse_options o = {.queue_max = 4096, .on_close = stream_closed};
    stream = mw_http_reply_sse(r, &o);
}

static int64_t source_fill(void *context, mw_span room) {
    (void)context;
    if (source_left == 0)
        return 0;
    source_left--;
    memset(room.p, 'z', room.n);
    return (int64_t)room.n;
}

static void source_done(void *context) {
    (void)context;
    source_done_n++;
}

static void produce(void *context, mw_http_request *r) {
    (void)context;
    mw_http_reply reply = {.status = 200, .content_type = "text/csv"};
    mw_http_reply_stream(r, &reply, (mw_http_source){source_fill, source_done, NULL});
}

static void write_file(const char *name, const char *text) {
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    MW_CHECK(f != NULL);
    (void)fputs(text, f);
    (void)fclose(f);
}

static void make_files(void) {
    char path[256];
    MW_CHECK(mkdtemp(folder) != NULL);
    (void)snprintf(path, sizeof path, "%s/assets", folder);
    MW_CHECK(mkdir(path, 0755) == 0);
    (void)snprintf(path, sizeof path, "%s/account", folder);
    MW_CHECK(mkdir(path, 0755) == 0);
    (void)snprintf(path, sizeof path, "%s/escape.txt", folder);
    MW_CHECK(symlink("/etc/passwd", path) == 0);
    write_file("index.html", "<p>console");
    write_file("account/index.html", "<p>account");
    write_file("assets/a-1f.js", "let a");
    write_file(".secret", "no");
}

static void route(const char *method, const char *pattern, mw_http_handler *fn, const char *name) {
    mw_http_route r = {method, pattern, fn, (void *)(uintptr_t)name, 0};
    MW_CHECK_OK(mw_http_server_route(server, &r));
}

static int setup(void **state) {
    (void)state;
    char error[160] = "";
    make_files();
    MW_CHECK_OK(mw_clock_open("system", &the_clock));
    MW_CHECK_OK(mw_loop_new(the_clock, &loop));
    MW_CHECK_OK(mw_metrics_new(32, &metrics));
    mw_http_options o = {.listen = "127.0.0.1:0", .metrics = metrics, .csp = "default-src 'self'"};
    MW_CHECK_OK(mw_http_server_open(loop, &o, &server, error));
    route("GET", "/v1/{id}", show, "param");
    route("GET", "/v1/me", show, "literal");
    route("GET", "/v1/{id}/x/{other}", show, "two");
    route("GET", "/files/{rest...}", show, "rest");
    route("GET", "/wait", wait_for_it, NULL);
    route("GET", "/events", events, NULL);
    route("GET", "/produce", produce, NULL);
    MW_CHECK_OK(mw_http_server_static(server, folder));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    mw_http_server_close(server);
    mw_loop_free(loop);
    mw_clock_close(the_clock);
    mw_metrics_free(metrics);
    char command[128];
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static void settle(void) {
    for (int i = 0; i < 20; i++)
        mw_loop_run_once(loop, mw_dur_ms(1));
}

static raw_client *get(const char *target, const char *fields) {
    char text[1024];
    raw_client *c = raw_open(loop, mw_http_server_port(server));
    (void)snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\n%s\r\n", target, fields);
    raw_send_text(c, text);
    return c;
}

static void expect(const char *target, const char *fields, int status, const char *part) {
    raw_client *c = get(target, fields);
    MW_CHECK(raw_await(c, "\r\n\r\n"));
    if (!raw_await(c, part) || raw_status(c) != status)
        print_error("%s: %s\n", target, c->got);
    MW_CHECK_EQ(raw_status(c), status);
    MW_CHECK(strstr(c->got, part) != NULL);
    raw_close(c);
    settle();
}

MW_TEST(routes_prefer_the_literal) {
    expect("/v1/me", "", 200, "literal|GET|/v1/me|-|-|-|NOT_FOUND||127.0.0.1");
    expect("/v1/%d0%bc?q=a+b%26c&q=2", "", 200, "|\xd0\xbc|-|a b&c|");
    expect("/v1/7/x/8", "", 200, "two|GET|/v1/7/x/8|7|");
    expect("/v1/7/x", "", 404, "NOT_FOUND");
    expect("/v1/", "", 404, "NOT_FOUND");
    expect("/v1/me/", "", 404, "NOT_FOUND");
    expect("/files/a/b.txt", "", 200, "rest|GET|/files/a/b.txt|-|a/b.txt|");
    expect("/v1/me", "Cookie: a=1; session=s3; b=2\r\nAuthorization: Bearer tok\r\n", 200,
           "|s3|tok|");
    expect("/v1/me", "Cookie: session=0123456789012345678901234567890123456789\r\n", 200,
           "|SPACE||");
    MW_CHECK_STATUS(
        mw_http_server_route(server, &(mw_http_route){"GET", "/v1/{name}", show, NULL, 0}),
        MW_CONFLICT);
    MW_CHECK_STATUS(mw_http_server_route(server, &(mw_http_route){"GET", "/v1//x", show, NULL, 0}),
                    MW_SYNTAX);
}

MW_TEST(late_answers_and_clients_that_left) {
    raw_client *c = get("/wait", "");
    for (int i = 0; i < 400 && waiting == NULL; i++)
        raw_turn(c);
    MW_CHECK(waiting != NULL);
    mw_http_reply_json(waiting, 202, mw_slice_of_str("{\"late\":1}"));
    waiting = NULL;
    MW_CHECK(raw_await(c, "{\"late\":1}"));
    raw_send_text(c, "GET /v1/me HTTP/1.1\r\nHost: a\r\n\r\n"); /* the connection goes on */
    MW_CHECK(raw_await(c, "literal"));
    raw_close(c);
    settle();
    MW_CHECK_EQ(gone_n, 0);
    c = get("/wait", "");
    for (int i = 0; i < 400 && waiting == NULL; i++)
        raw_turn(c);
    raw_close(c);
    for (int i = 0; i < 400 && gone_n == 0; i++)
        mw_loop_run_once(loop, mw_dur_ms(2));
    MW_CHECK_EQ(gone_n, 1);
    settle();
}

MW_TEST(events_arrive_and_a_slow_client_is_closed) {
    raw_client *c = get("/events", "");
    MW_CHECK(raw_await(c, ":\n\n"));
    MW_CHECK(strstr(c->got, "text/event-stream") != NULL);
    MW_CHECK_OK(mw_http_sse_send(stream, "7", "reading", mw_slice_of_str("{\"a\":1}\nb")));
    MW_CHECK(raw_await(c, "id: 7\nevent: reading\ndata: {\"a\":1}\ndata: b\n\n"));
    static uint8_t big[2000];
    memset(big, 'x', sizeof big);
    mw_status status = MW_OK;
    for (int i = 0; i < 20000 && status == MW_OK; i++) { /* the client does not read */
        status = mw_http_sse_send(stream, NULL, NULL, (mw_slice){big, sizeof big});
        mw_loop_run_once(loop, mw_dur_ms(0));
    }
    MW_CHECK_STATUS(status, MW_SPACE);
    MW_CHECK_EQ(stream_closed_n, 0);
    for (int i = 0; i < 400 && stream_closed_n == 0; i++)
        mw_loop_run_once(loop, mw_dur_ms(2));
    MW_CHECK_EQ(stream_closed_n, 1);
    raw_close(c);
    settle();
    c = get("/events", "");
    MW_CHECK(raw_await(c, ":\n\n"));
    raw_close(c); /* the client goes away */
    for (int i = 0; i < 400 && stream_closed_n == 1; i++)
        mw_loop_run_once(loop, mw_dur_ms(2));
    MW_CHECK_EQ(stream_closed_n, 2);
    c = get("/events", "");
    MW_CHECK(raw_await(c, ":\n\n"));
    mw_http_sse_end(stream);
    MW_CHECK(raw_await(c, "0\r\n\r\n"));
    MW_CHECK_EQ(stream_closed_n, 3);
    raw_close(c);
    settle();
}

MW_TEST(a_body_is_produced_as_it_is_taken) {
    source_left = 8;
    raw_client *c = get("/produce", "");
    MW_CHECK(raw_await(c, "\r\n0\r\n\r\n"));
    MW_CHECK(c->got_n > 8 * 4096);
    MW_CHECK_EQ(source_done_n, 1);
    raw_close(c);
    settle();
    source_left = 1000000;
    c = get("/produce", "");
    MW_CHECK(raw_await(c, "zzz"));
    raw_close(c);
    for (int i = 0; i < 400 && source_done_n == 1; i++)
        mw_loop_run_once(loop, mw_dur_ms(2));
    MW_CHECK_EQ(source_done_n, 2);
    MW_CHECK(source_left > 0);
    settle();
}

MW_TEST(files_are_served_and_nothing_else) {
    expect("/", "", 200, "<p>console");
    expect("/meters/12", "", 200, "<p>console");
    expect("/account/", "", 200, "<p>account");
    expect("/account/bills", "", 200, "<p>account");
    expect("/assets/a-1f.js", "", 200, "immutable");
    expect("/assets/a-1f.js", "", 200, "text/javascript");
    expect("/", "", 200, "Content-Security-Policy: default-src 'self'");
    expect("/missing.js", "", 404, "NOT_FOUND");
    expect("/.secret", "", 404, "NOT_FOUND");
    expect("/escape.txt", "", 404, "NOT_FOUND");
    expect("/v1/a/b/c", "", 404, "NOT_FOUND");
    raw_client *c = get("/", "");
    MW_CHECK(raw_await(c, "<p>console"));
    char tag[128] = "";
    MW_CHECK(sscanf(strstr(c->got, "ETag: "), "ETag: %60[^\r]", tag) == 1);
    raw_close(c);
    char fields[160];
    (void)snprintf(fields, sizeof fields, "If-None-Match: %s\r\n", tag);
    expect("/", fields, 304, "ETag");
}

MW_TEST(only_loopback_may_be_plain) {
    char error[160] = "";
    mw_http_server *other = NULL;
    mw_http_options o = {.listen = "0.0.0.0:0"};
    MW_CHECK_STATUS(mw_http_server_open(loop, &o, &other, error), MW_FORBIDDEN);
    MW_CHECK(strstr(error, "TLS") != NULL);
    o.listen = "[::]:0";
    MW_CHECK_STATUS(mw_http_server_open(loop, &o, &other, error), MW_FORBIDDEN);
    static const char *const not_addresses[] = {"localhost",    "localhost:",    "localhost:70000",
                                                "localhosts:0", "[localhost]:0", "example.org:0"};
    for (size_t i = 0; i < sizeof not_addresses / sizeof not_addresses[0]; i++) {
        o.listen = not_addresses[i];
        MW_CHECK_STATUS(mw_http_server_open(loop, &o, &other, error), MW_SYNTAX);
        MW_CHECK(strstr(error, "127.0.0.1:8080") != NULL);
    }
    o.listen = "localhost:0"; /* loopback, so no TLS is asked for */
    MW_CHECK_OK(mw_http_server_open(loop, &o, &other, error));
    MW_CHECK(strncmp(mw_http_server_url(other), "http://127.0.0.1:", 17) == 0);
    mw_http_server_close(other);
    o.listen = "127.0.0.1:0";
    o.tls_cert = "/nonexistent";
    MW_CHECK_STATUS(mw_http_server_open(loop, &o, &other, error), MW_SYNTAX);
    o.tls_key = "/nonexistent";
    MW_CHECK_STATUS(mw_http_server_open(loop, &o, &other, error), MW_SYNTAX);
    settle();
}

/* A self-signed certificate for this test, in PEM files of the folder. */
static void make_certificate(const char *cert, const char *key) {
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    (void)ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    (void)X509_gmtime_adj(X509_getm_notBefore(x), -60);
    (void)X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    (void)X509_set_pubkey(x, pkey);
    X509_NAME *name = X509_get_subject_name(x);
    (void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"localhost", -1, -1,
                                     0);
    (void)X509_set_issuer_name(x, name);
    MW_CHECK(X509_sign(x, pkey, EVP_sha256()) > 0);
    FILE *f = fopen(cert, "w");
    MW_CHECK(PEM_write_X509(f, x) == 1);
    (void)fclose(f);
    f = fopen(key, "w");
    MW_CHECK(PEM_write_PrivateKey(f, pkey, NULL, NULL, 0, NULL, NULL) == 1);
    (void)fclose(f);
    X509_free(x);
    EVP_PKEY_free(pkey);
}

/* Runs the loop until an SSL call stops waiting. */
static int tls_step(SSL *ssl, int result) {
    int why = SSL_get_error(ssl, result);
    mw_loop_run_once(loop, mw_dur_ms(2));
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
}

static void tls_exchange(uint16_t port, const char *request, char *got, size_t max) {
    raw_client *c = raw_open(loop, port);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(ctx);
    MW_CHECK(SSL_set_fd(ssl, c->fd) == 1);
    int result = 0;
    for (int i = 0; i < 500 && (result = SSL_connect(ssl)) != 1; i++)
        MW_CHECK(tls_step(ssl, result));
    MW_CHECK_EQ(result, 1);
    MW_CHECK(SSL_write(ssl, request, (int)strlen(request)) > 0);
    size_t n = 0;
    for (int i = 0; i < 500; i++) {
        result = SSL_read(ssl, got + n, (int)(max - 1 - n));
        if (result > 0)
            n += (size_t)result;
        else if (!tls_step(ssl, result))
            break;
        if (n > 4 && memcmp(got + n - 2, "}}", 2) == 0)
            break;
    }
    got[n] = 0;
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    raw_close(c);
    settle();
}

MW_TEST(tls_carries_the_same_strictness) {
    char cert[256];
    char key[256];
    char error[160] = "";
    (void)snprintf(cert, sizeof cert, "%s/cert.pem", folder);
    (void)snprintf(key, sizeof key, "%s/key.pem", folder);
    make_certificate(cert, key);
    mw_http_server *secure = NULL;
    mw_http_options o = {.listen = "0.0.0.0:0", .tls_cert = cert, .tls_key = key};
    MW_CHECK_OK(mw_http_server_open(loop, &o, &secure, error));
    static char got[8192];
    tls_exchange(mw_http_server_port(secure), "GET /x HTTP/1.1\r\nHost: a\r\n\r\n", got,
                 sizeof got);
    MW_CHECK(strstr(got, "404 Not Found") != NULL);
    tls_exchange(mw_http_server_port(secure), "GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", got,
                 sizeof got);
    MW_CHECK(strstr(got, "400 Bad Request") != NULL);
    raw_client *c = raw_open(loop, mw_http_server_port(secure));
    raw_send_text(c, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    MW_CHECK(raw_await_close(c)); /* plain bytes to the TLS port */
    MW_CHECK_EQ(raw_status(c), 0);
    raw_close(c);
    mw_http_server_close(secure);
    settle();
}

MW_TEST(requests_are_counted) {
    mw_buffer text;
    mw_buffer_init(&text, 65536);
    mw_metrics_render(metrics, &text);
    MW_CHECK(strstr(mw_buffer_text(&text), "mw_http_requests_total{class=\"4xx\"} ") != NULL);
    MW_CHECK(strstr(mw_buffer_text(&text), "mw_http_requests_total{class=\"4xx\"} 0") == NULL);
    MW_CHECK(strstr(mw_buffer_text(&text), "mw_http_connections 0\n") != NULL);
    mw_buffer_fini(&text);
}

MW_TEST(closing_tells_whoever_waits) {
    mw_http_server *other = server;
    char error[160] = "";
    mw_http_options o = {.listen = "127.0.0.1:0"};
    MW_CHECK_OK(mw_http_server_open(loop, &o, &server, error));
    route("GET", "/wait", wait_for_it, NULL);
    route("GET", "/events", events, NULL);
    int gone = gone_n;
    int closed = stream_closed_n;
    raw_client *a = get("/wait", "");
    raw_client *b = get("/events", "");
    MW_CHECK(raw_await(b, ":\n\n"));
    for (int i = 0; i < 400 && waiting == NULL; i++)
        raw_turn(a);
    mw_http_server_close(server);
    MW_CHECK_EQ(gone_n, gone + 1);
    MW_CHECK_EQ(stream_closed_n, closed + 1);
    MW_CHECK(raw_await_close(a));
    MW_CHECK(raw_await_close(b));
    raw_close(a);
    raw_close(b);
    server = other;
}

int main(void) {
    const struct CMUnitTest cases[] = {
        MW_CASE(routes_prefer_the_literal),
        MW_CASE(late_answers_and_clients_that_left),
        MW_CASE(events_arrive_and_a_slow_client_is_closed),
        MW_CASE(a_body_is_produced_as_it_is_taken),
        MW_CASE(files_are_served_and_nothing_else),
        MW_CASE(only_loopback_may_be_plain),
        MW_CASE(tls_carries_the_same_strictness),
        MW_CASE(requests_are_counted),
        MW_CASE(closing_tells_whoever_waits),
    };
    return cmocka_run_group_tests(cases, setup, teardown);
}
