/* SPDX-License-Identifier: Apache-2.0
 *
 * For tests: a client that sends raw bytes and runs the server's loop while it waits.
 */
#ifndef MW_RUNTIME_TEST_HTTP_CLIENT_RAW_H
#define MW_RUNTIME_TEST_HTTP_CLIENT_RAW_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/http_server.h"
#include "tests/harness/mw_test.h"

typedef struct raw_client {
    mw_loop *loop;
    int fd;
    char got[1 << 20];
    size_t got_n;
    bool closed; /* by the server */
} raw_client;

static inline raw_client *raw_open(mw_loop *loop, uint16_t port) {
    raw_client *c = calloc(1, sizeof *c);
    c->loop = loop;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    MW_CHECK_EQ(connect(c->fd, (struct sockaddr *)&a, sizeof a), 0);
    MW_CHECK(fcntl(c->fd, F_SETFL, O_NONBLOCK) == 0);
    return c;
}

static inline void raw_turn(raw_client *c) {
    mw_loop_run_once(c->loop, mw_dur_ms(5));
    while (!c->closed && c->got_n < sizeof c->got - 1) {
        ssize_t n = recv(c->fd, c->got + c->got_n, sizeof c->got - 1 - c->got_n, 0);
        if (n < 0 && errno == EAGAIN)
            break;
        if (n <= 0)
            c->closed = true;
        else
            c->got_n += (size_t)n;
    }
    c->got[c->got_n] = 0;
}

static inline void raw_send(raw_client *c, const void *bytes, size_t n) {
    const char *p = bytes;
    for (int spins = 0; n > 0 && spins < 20000 && !c->closed; spins++) {
        ssize_t sent = send(c->fd, p, n, MSG_NOSIGNAL);
        if (sent > 0) {
            p += sent;
            n -= (size_t)sent;
        } else if (errno != EAGAIN) {
            break;
        }
        raw_turn(c);
    }
}

static inline void raw_send_text(raw_client *c, const char *text) {
    raw_send(c, text, strlen(text));
}

/* Until the text was received, the server closed, or two seconds passed. */
static inline bool raw_await(raw_client *c, const char *text) {
    int64_t start = mw_clock_mono().ns;
    while (mw_clock_mono().ns - start < 2 * MW_NS_PER_S) {
        if (text != NULL && strstr(c->got, text) != NULL)
            return true;
        if (c->closed)
            return text != NULL && strstr(c->got, text) != NULL;
        raw_turn(c);
    }
    return text != NULL && strstr(c->got, text) != NULL;
}

static inline bool raw_await_close(raw_client *c) {
    (void)raw_await(c, NULL);
    return c->closed;
}

static inline int raw_status(const raw_client *c) {
    return c->got_n < 12 || strncmp(c->got, "HTTP/1.1 ", 9) != 0 ? 0 : atoi(c->got + 9);
}

static inline void raw_close(raw_client *c) {
    (void)close(c->fd);
    free(c);
}

#endif
