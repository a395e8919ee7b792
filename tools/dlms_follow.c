/* SPDX-License-Identifier: Apache-2.0
 * mw-dlms follow: takes pushes, shows them, and confirms those over the wrapper, TCP and UDP, that ask for
 * it. Over HDLC they come in UI frames, which nobody answers. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocols/cosem/explain.h"
#include "protocols/cosem/push.h"
#include "tools/dlms_commands.h"
#include "tools/dlms_run.h"

/* One connection, or all datagrams. */
typedef struct follower {
    int fd;
    bool stream;
    struct sockaddr_in from; /* of the last datagram */
    mw_cosem_explain_options options;
    mw_cosem_gather gather; /* general blocks */
    uint8_t gathered[DLMS_APDU_MAX];
} follower;

static void answer(const follower *f, const mw_cosem_wrapper *w, mw_slice apdu) {
    uint8_t out[256];
    size_t n = 0;
    mw_cosem_wrapper back = mw_cosem_wrapper_answer(w, apdu);
    if (mw_cosem_wrapper_encode(&back, MW_SPAN_OF(out), &n) != MW_OK)
        return;
    ssize_t sent =
        f->stream ? send(f->fd, out, n, MSG_NOSIGNAL)
                  : sendto(f->fd, out, n, 0, (const struct sockaddr *)&f->from, sizeof f->from);
    if (sent != (ssize_t)n)
        fprintf(stderr, "mw-dlms: the confirmation could not be sent\n");
}

/* A sealed push opened; false: it does not open, or there are no keys. */
static bool opened(const follower *f, mw_slice *apdu, bool *sealed) {
    static uint8_t plain[DLMS_APDU_MAX];
    mw_cosem_ciphered c;
    mw_cosem_title title = {{0}};
    mw_cosem_open_options o = {.required = MW_COSEM_SC_AUTHENTICATED};
    size_t n = 0;
    *sealed = mw_cosem_tag_is_ciphered(apdu->p[0]);
    if (!*sealed)
        return true;
    if (f->options.keys == NULL || mw_cosem_ciphered_decode(*apdu, &c) != MW_OK)
        return false;
    if (c.title.n == sizeof title.b)
        memcpy(title.b, c.title.p, c.title.n);
    if (mw_cosem_unprotect(&dlms.keys, &title, &c, &o, MW_SPAN_OF(plain), &n) != MW_OK)
        return false;
    *apdu = (mw_slice){plain, n};
    return true;
}

static void confirm(const follower *f, const mw_cosem_wrapper *w, mw_slice apdu) {
    mw_cosem_apdu a;
    uint8_t plain[64], out[128];
    size_t n = 0;
    bool sealed;
    uint32_t counter;
    if (!opened(f, &apdu, &sealed) || mw_cosem_apdu_decode(apdu, 0, &a) != MW_OK ||
        a.kind != MW_COSEM_DATA_NOTIFICATION || !(a.invoke & 0x40000000u) ||
        mw_cosem_notice_confirm(&a, MW_SPAN_OF(plain), &n) != MW_OK)
        return;
    mw_slice confirmation = {plain, n};
    if (sealed) {
        if (dlms_next_counter(NULL, &counter) != MW_OK ||
            mw_cosem_protect(&dlms.keys, MW_COSEM_GENERAL_GLO,
                             MW_COSEM_SC_AUTHENTICATED | MW_COSEM_SC_ENCRYPTED, &dlms.config.title,
                             counter, confirmation, MW_SPAN_OF(out), &n) != MW_OK)
            return;
        confirmation = (mw_slice){out, n};
    }
    answer(f, w, confirmation);
    printf("confirmed\n");
}

static void show(follower *f, const mw_cosem_wrapper *w) {
    static uint8_t text[1 << 18];
    mw_slice apdu = w->apdu;
    mw_cosem_apdu a;
    if (apdu.n == 0)
        return;
    if (apdu.p[0] == 0xE0) { /* put together, then shown */
        if (mw_cosem_apdu_decode(apdu, 0, &a) != MW_OK)
            return;
        if (a.block <= 1)
            mw_cosem_gather_init(&f->gather, MW_SPAN_OF(f->gathered));
        mw_status taken = mw_cosem_gather_take(&f->gather, a.block, a.last, a.item.data);
        if (taken != MW_OK) {
            if (taken != MW_AGAIN && taken != MW_DUPLICATE)
                fprintf(stderr, "mw-dlms: block %u does not follow, the push is lost\n", a.block);
            return;
        }
        apdu = mw_cosem_gather_done(&f->gather);
    }
    mw_status whole = mw_cosem_explain(apdu, &f->options, MW_SPAN_OF(text));
    printf("push from %u to %u%s%s\n%s\n", w->source, w->destination,
           apdu.p != w->apdu.p ? " in general blocks" : "", whole == MW_OK ? "" : " (cut)",
           (const char *)text);
    if (apdu.n != 0)
        confirm(f, w, apdu);
    fflush(stdout);
}

static void follow_connection(follower *f) {
    static uint8_t memory[DLMS_APDU_MAX];
    mw_cosem_stream stream;
    uint8_t bytes[4096];
    ssize_t n;
    mw_cosem_stream_init(&stream, MW_SPAN_OF(memory));
    while ((n = read(f->fd, bytes, sizeof bytes)) > 0)
        for (size_t at = 0; at < (size_t)n;) {
            mw_cosem_wrapper w;
            mw_status s;
            at += mw_cosem_stream_push(&stream, (mw_slice){bytes + at, (size_t)n - at});
            while ((s = mw_cosem_stream_pull(&stream, &w)) == MW_OK)
                show(f, &w);
            if (s != MW_AGAIN) {
                fprintf(stderr, "mw-dlms: what came is no wrapper\n");
                return;
            }
        }
}

static bool follow_datagram(follower *f) {
    static uint8_t bytes[DLMS_APDU_MAX];
    socklen_t size = sizeof f->from;
    ssize_t n = recvfrom(f->fd, bytes, sizeof bytes, 0, (struct sockaddr *)&f->from, &size);
    mw_cosem_wrapper w;
    if (n < 0 || mw_cosem_wrapper_decode((mw_slice){bytes, (size_t)n}, &w) != MW_OK)
        return false;
    show(f, &w);
    return w.apdu.n == 0 || w.apdu.p[0] != 0xE0 || f->gather.complete;
}

static int listen_on(int kind, struct sockaddr_in *a) {
    int one = 1, fd = socket(AF_INET, kind, 0);
    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
                    bind(fd, (struct sockaddr *)a, sizeof *a) != 0 ||
                    (kind == SOCK_STREAM && listen(fd, 8) != 0))) {
        close(fd);
        return -1;
    }
    return fd;
}

static int follow_line(const mw_cosem_explain_options *options) {
    static uint8_t text[1 << 18];
    mw_cosem_fault fault;
    mw_slice apdu;
    if (dlms_link_open(&dlms.link, &dlms.where, &fault) != MW_OK)
        return dlms_told(fault, "the line");
    for (uint32_t n = 0; dlms.last == 0 || n < dlms.last; n++) {
        if (dlms_link_pushed(&dlms.link, &apdu) != MW_OK)
            return dlms_told(MW_COSEM_FAULT_CLOSED, "pushes");
        mw_status whole = mw_cosem_explain(apdu, options, MW_SPAN_OF(text));
        printf("push by HDLC%s\n%s\n", whole == MW_OK ? "" : " (cut)", (const char *)text);
        fflush(stdout);
    }
    dlms_link_close(&dlms.link);
    return DONE;
}

int dlms_follow(void) {
    static mw_cosem_explain_memory memory;
    static follower tcp, udp;
    struct sockaddr_in a = {.sin_family = AF_INET};
    bool line = dlms.where.hdlc != NULL || dlms.where.serial != NULL;
    if (dlms.arguments != (line ? 0 : 1))
        return dlms_fail(USAGE, line ? "no port beside a line" : "which port?");
    a.sin_port = htons((uint16_t)(line ? 0 : atoi(dlms.argument[0])));
    mw_cosem_explain_options options = {.memory = &memory};
    if (dlms.has_key && dlms.has_auth) {
        if (mw_cosem_keys_init(&dlms.keys, &mw_gcm_openssl, &dlms.key, &dlms.auth) != MW_OK)
            return dlms_fail(USAGE, "out of memory");
        options.keys = &dlms.keys;
        options.title = &dlms.config.title;
    }
    if (line)
        return follow_line(&options);
    tcp.stream = true;
    tcp.options = udp.options = options;
    int listener = listen_on(SOCK_STREAM, &a);
    udp.fd = listen_on(SOCK_DGRAM, &a);
    if (listener < 0 || udp.fd < 0)
        return dlms_fail(NOT_REACHED, "the port cannot be listened to");
    for (uint32_t n = 0; dlms.last == 0 || n < dlms.last;) {
        struct pollfd p[2] = {{listener, POLLIN, 0}, {udp.fd, POLLIN, 0}};
        if (poll(p, 2, -1) < 0)
            break;
        if (p[1].revents & POLLIN)
            n += follow_datagram(&udp);
        if (!(p[0].revents & POLLIN))
            continue;
        tcp.fd = accept(listener, NULL, NULL);
        if (tcp.fd < 0)
            break;
        follow_connection(&tcp);
        close(tcp.fd);
        n++;
    }
    close(listener);
    close(udp.fd);
    return DONE;
}
