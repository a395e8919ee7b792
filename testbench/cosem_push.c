/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/cosem_push.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocols/cosem/wrapper.h"

enum { APDU = 2048, MANAGEMENT = 1, HEAD_END = 1 };

static struct {
    int fd;
    bool open;
    uint32_t done; /* pushes begun */
    const mw_cosem_pusher_options *o;
    mw_cosem_meter *meter;
    mw_cosem_push push;
    mw_cosem_push_config config;
    uint8_t memory[APDU];
} my = {.fd = -1};

static mw_status build(void *context, uint32_t id, bool confirmed, mw_span out, size_t *out_size) {
    static uint8_t body[APDU], plain[APDU];
    size_t n = 0;
    uint8_t time[MW_COSEM_DATETIME_BYTES], status = 0;
    mw_cosem_meter *m = context;
    MW_TRY(mw_electric_push_body(&m->objects, 0, MW_SPAN_OF(body), &n));
    mw_cosem_datetime now =
        mw_electric_objects_local(&m->objects, m->model.now(m, &status), status);
    mw_cosem_datetime_encode(&now, time);
    mw_cosem_notice notice = {.id = id,
                              .confirmed = confirmed,
                              .time = MW_SLICE_OF(time),
                              .body = {body, n},
                              .title = &m->device.title,
                              .plain = MW_SPAN_OF(plain)};
    if (my.o->sealed) {
        notice.keys = m->device.keys;
        MW_TRY(m->device.next_counter(m->device.device, &notice.counter));
    }
    return mw_cosem_notice_encode(&notice, out, out_size);
}

static bool reach(void) {
    char host[64];
    struct sockaddr_in a = {.sin_family = AF_INET};
    const char *colon = strrchr(my.o->to, ':');
    if (my.fd >= 0)
        return true;
    if (colon == NULL || (size_t)(colon - my.o->to) >= sizeof host)
        return false;
    memcpy(host, my.o->to, (size_t)(colon - my.o->to));
    host[colon - my.o->to] = 0;
    a.sin_port = htons((uint16_t)atoi(colon + 1));
    my.fd = socket(AF_INET, my.o->udp ? SOCK_DGRAM : SOCK_STREAM, 0);
    if (my.fd >= 0 && (inet_pton(AF_INET, host, &a.sin_addr) != 1 ||
                       connect(my.fd, (struct sockaddr *)&a, sizeof a) != 0)) {
        close(my.fd);
        my.fd = -1;
    }
    return my.fd >= 0;
}

static bool put(mw_slice apdu) {
    uint8_t out[APDU + MW_COSEM_WRAPPER_BYTES];
    size_t n = 0;
    mw_cosem_wrapper w = {MANAGEMENT, HEAD_END, apdu};
    return reach() && mw_cosem_wrapper_encode(&w, MW_SPAN_OF(out), &n) == MW_OK &&
           send(my.fd, out, n, MSG_NOSIGNAL) == (ssize_t)n;
}

/* What the head-end says: one APDU in a piece, as it fits any. */
static void take(void) {
    uint8_t in[512], plain[512];
    ssize_t n = my.fd >= 0 ? recv(my.fd, in, sizeof in, MSG_DONTWAIT) : 0;
    mw_cosem_wrapper w;
    mw_cosem_ciphered c;
    if (n <= 0 || mw_cosem_wrapper_decode((mw_slice){in, (size_t)n}, &w) != MW_OK)
        return;
    mw_slice apdu = w.apdu;
    if (mw_cosem_ciphered_decode(apdu, &c) == MW_OK) {
        mw_cosem_title title = {{0}};
        mw_cosem_open_options o = {.required = MW_COSEM_SC_AUTHENTICATED};
        size_t plain_n = 0;
        if (c.title.n == sizeof title.b)
            memcpy(title.b, c.title.p, c.title.n);
        if (mw_cosem_unprotect(my.meter->device.keys, &title, &c, &o, MW_SPAN_OF(plain),
                               &plain_n) != MW_OK)
            return;
        apdu = (mw_slice){plain, plain_n};
    }
    if (mw_cosem_push_take(&my.push, apdu) == MW_OK) {
        printf("push confirmed\n");
        fflush(stdout);
    }
}

void mw_cosem_pusher_turn(mw_cosem_meter *m, const mw_cosem_pusher_options *o, mw_mono now) {
    uint8_t out[APDU];
    size_t n = 0;
    if (o->to == NULL)
        return;
    my.o = o;
    my.meter = m;
    if (!my.open && my.done != m->pushes) {
        my.config = (mw_cosem_push_config){.confirmed = o->confirmed,
                                           .retries = m->push.retries,
                                           .random_s = m->push.random_s,
                                           .retry_s = m->push.retry_s,
                                           .answer_s = 2,
                                           .max_pdu = o->max_pdu,
                                           .context = m,
                                           .build = build,
                                           .memory = MW_SPAN_OF(my.memory)};
        mw_cosem_push_begin(&my.push, &my.config, ++my.done, now, (uint64_t)now.ns);
        my.open = true;
    }
    if (!my.open)
        return;
    take();
    while (mw_cosem_push_next(&my.push, now, MW_SPAN_OF(out), &n) == MW_OK)
        mw_cosem_push_sent(&my.push, put((mw_slice){out, n}), now);
    if (my.push.state < MW_COSEM_PUSH_DONE && my.push.state != MW_COSEM_PUSH_WAITING)
        return;
    if (my.fd >= 0)
        close(my.fd); /* a retry connects anew */
    my.fd = -1;
    if (my.push.state >= MW_COSEM_PUSH_DONE) {
        printf("push %s\n", my.push.state == MW_COSEM_PUSH_DONE ? "done" : "failed");
        fflush(stdout);
        my.open = false;
    }
}

int mw_cosem_pusher_fd(void) {
    return my.fd;
}
