/* SPDX-License-Identifier: Apache-2.0 */
#include "town/push.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "protocols/cosem/wrapper.h"

#define PAUSE_MS 200 /* after a failure */

enum { CLIENT_PORT = 1, SERVER_PORT = 16 }; /* wPorts: the meter's logical device, the head end */

void mw_town_push_close(mw_town_push *p) {
    if (p->fd >= 0)
        (void)close(p->fd);
    p->fd = -1;
}

static mw_status dial(mw_town_push *p) {
    char host[64];
    const char *colon = strrchr(p->to, ':');
    struct sockaddr_in to = {.sin_family = AF_INET};
    struct timeval wait = {.tv_sec = MW_TOWN_PUSH_WAIT_MS / 1000};
    if (colon == NULL || (size_t)(colon - p->to) >= sizeof host)
        return MW_SYNTAX;
    (void)snprintf(host, sizeof host, "%.*s", (int)(colon - p->to), p->to);
    to.sin_port = htons((uint16_t)strtol(colon + 1, NULL, 10));
    if (inet_pton(AF_INET, host, &to.sin_addr) != 1)
        return MW_SYNTAX;
    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (p->fd < 0)
        return MW_IO;
    (void)setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    (void)setsockopt(p->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    (void)setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return connect(p->fd, (struct sockaddr *)&to, sizeof to) == 0 ? MW_OK : MW_CLOSED;
}

static mw_status write_all(int fd, mw_slice bytes) {
    while (bytes.n > 0) {
        ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
        if (n <= 0)
            return MW_CLOSED;
        bytes = mw_slice_sub(bytes, (size_t)n, bytes.n - (size_t)n);
    }
    return MW_OK;
}

static mw_status read_exactly(int fd, mw_span out) {
    for (size_t got = 0; got < out.n;) {
        ssize_t n = recv(fd, out.p + got, out.n - got, 0);
        if (n <= 0)
            return n == 0 ? MW_CLOSED : MW_TIMEOUT;
        got += (size_t)n;
    }
    return MW_OK;
}

static mw_status exchange(mw_town_push *p, mw_slice apdu, mw_span out, size_t *out_size) {
    uint8_t bytes[2048], answer[256];
    size_t n = 0;
    mw_cosem_wrapper w = {.source = CLIENT_PORT, .destination = SERVER_PORT, .apdu = apdu};
    if (p->fd < 0)
        MW_TRY(dial(p));
    MW_TRY(mw_cosem_wrapper_encode(&w, MW_SPAN_OF(bytes), &n));
    MW_TRY(write_all(p->fd, (mw_slice){bytes, n}));
    MW_TRY(read_exactly(p->fd, (mw_span){answer, MW_COSEM_WRAPPER_BYTES}));
    size_t length = (size_t)answer[6] << 8 | answer[7];
    if (length > sizeof answer - MW_COSEM_WRAPPER_BYTES)
        return MW_LIMIT;
    MW_TRY(read_exactly(p->fd, (mw_span){answer + MW_COSEM_WRAPPER_BYTES, length}));
    MW_TRY(mw_cosem_wrapper_decode((mw_slice){answer, MW_COSEM_WRAPPER_BYTES + length}, &w));
    MW_TRY(mw_span_copy(out, w.apdu));
    *out_size = w.apdu.n;
    return MW_OK;
}

mw_status mw_town_push_send(mw_town_push *p, mw_slice apdu, mw_mono now, mw_span out,
                            size_t *out_size) {
    if (p->to == NULL || p->to[0] == 0)
        return MW_CLOSED;
    if (p->fd < 0 && now.ns < p->again.ns)
        return MW_AGAIN;
    mw_status s = exchange(p, apdu, out, out_size);
    if (s == MW_OK)
        return MW_OK;
    mw_town_push_close(p);
    p->again = mw_mono_add(now, mw_dur_ms(PAUSE_MS));
    return s;
}
