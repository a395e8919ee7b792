/* SPDX-License-Identifier: Apache-2.0
 *
 * mw-testbench-cosem: a meter that answers, for those who write or try readers.
 *
 *   mw-testbench-cosem [--profile d|c|dsmr] [--wrapper PORT] [--udp PORT] [--hdlc PORT] [--serial N]
 *                      [--push HOST:PORT] [--push-how unconfirmed|confirmed|udp|blocks|sealed]
 *                      [--high sha256] [--password TEXT] [--key HEX --auth HEX --wrapping HEX]
 *
 * TCP wrapper and HDLC over TCP (mode E included) on 127.0.0.1; PORT 0 takes a free one. Says
 * "wrapper PORT", "udp PORT" and "hdlc PORT" when it listens, and what became of pushes. Each connection has associations of its own.
 * Stops on SIGTERM or SIGINT.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "protocols/cosem/port.h"
#include "testbench/cosem_push.h"

enum { CONNECTIONS = 8, LINKS = 3, APDU = 2048, GATHER = 3 * 2048, SILENCE_MS = 100 };

typedef struct connection {
    int fd; /* -1 free */
    bool hdlc;
    mw_cosem_server server;
    mw_cosem_association associations[LINKS];
    uint8_t plain[APDU], gather[GATHER];
    mw_cosem_line line;
    mw_hdlc_server_link links[LINKS];
    uint8_t requests[LINKS * APDU], answers[LINKS * APDU], frames[MW_HDLC_FRAME_MAX];
    mw_cosem_socket socket;
    uint8_t stream[APDU];
} connection;

static const uint16_t logical[] = {1};
static const mw_cosem_line_config line_config = {.hdlc = {.params = {1024, 1024, 7, 7},
                                                          .physical = 16,
                                                          .logical = logical,
                                                          .logical_count = 1,
                                                          .inactivity = {INT64_C(120000000000)}},
                                                 .identity = "/MWX5\\2MW-E",
                                                 .speed = '5'};

static mw_cosem_meter meter;
static connection connections[CONNECTIONS];
static mw_cosem_pusher_options pushes;
static volatile sig_atomic_t stop;

/* UDP: one server for all peers. */
static struct {
    mw_cosem_server server;
    mw_cosem_association associations[LINKS];
    uint8_t plain[APDU], gather[GATHER], memory[2 * APDU];
    mw_cosem_datagrams port;
} datagrams;

static void on_signal(int n) {
    (void)n;
    stop = 1;
}

static mw_utc clock_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (mw_utc){(int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000};
}

static mw_mono mono_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (mw_mono){(int64_t)t.tv_sec * 1000000000 + t.tv_nsec};
}

static int listen_on(unsigned port, const char *name, int kind) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t n = sizeof a;
    int one = 1, fd = socket(AF_INET, kind, 0);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        bind(fd, (struct sockaddr *)&a, sizeof a) != 0 ||
        (kind == SOCK_STREAM && listen(fd, CONNECTIONS) != 0) ||
        getsockname(fd, (struct sockaddr *)&a, &n) != 0) {
        perror(name);
        exit(1);
    }
    printf("%s %u\n", name, (unsigned)ntohs(a.sin_port));
    fflush(stdout);
    return fd;
}

/* A new association takes the keys of now: a key rotation is in force for the next connection. */
static bool renew_keys(void) {
    mw_cosem_keys_fini(&meter.keys);
    return mw_cosem_keys_init(&meter.keys, &mw_gcm_openssl, &meter.secret.encryption,
                              &meter.secret.authentication) == MW_OK;
}

static void admit(int listener, bool hdlc) {
    int fd = accept(listener, NULL, NULL);
    connection *c = connections;
    while (c < connections + CONNECTIONS && c->fd >= 0)
        c++;
    if (fd < 0 || c == connections + CONNECTIONS || !renew_keys()) {
        if (fd >= 0)
            close(fd);
        return;
    }
    memset(c, 0, sizeof *c);
    c->fd = fd;
    c->hdlc = hdlc;
    mw_cosem_server_init(&c->server, &meter.device, c->associations, MW_SPAN_OF(c->plain),
                         MW_SPAN_OF(c->gather));
    if (hdlc)
        mw_cosem_line_init(&c->line, &line_config, &c->server,
                           &(mw_cosem_line_memory){c->links, LINKS, MW_SPAN_OF(c->requests),
                                                   MW_SPAN_OF(c->answers), MW_SPAN_OF(c->frames)});
    else
        mw_cosem_socket_init(&c->socket, &c->server, MW_SPAN_OF(c->stream));
}

static bool put(const connection *c, const uint8_t *p, size_t n) {
    while (n != 0) {
        ssize_t done = send(c->fd, p, n, MSG_NOSIGNAL);
        if (done <= 0)
            return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

static bool serve_line(connection *c, mw_slice bytes) {
    uint8_t out[4 * MW_HDLC_FRAME_MAX];
    size_t all = 0, n;
    mw_cosem_line_take(&c->line, bytes, mono_now());
    while (mw_cosem_line_next(&c->line, (mw_span){out + all, sizeof out - all}, &n) == MW_OK) {
        all += n;
        if (sizeof out - all < MW_HDLC_FRAME_MAX) {
            if (!put(c, out, all))
                return false;
            all = 0;
        }
    }
    return put(c, out, all);
}

static bool serve_socket(connection *c, mw_slice bytes) {
    uint8_t out[2 * APDU];
    while (bytes.n != 0) {
        size_t taken = mw_cosem_socket_take(&c->socket, bytes), n;
        mw_status status;
        while ((status = mw_cosem_socket_next(&c->socket, MW_SPAN_OF(out), &n)) == MW_OK)
            if (!put(c, out, n))
                return false;
        if (status != MW_AGAIN)
            return false;
        bytes = (mw_slice){bytes.p + taken, bytes.n - taken};
    }
    return true;
}

static void turn(connection *c) {
    uint8_t bytes[4096];
    ssize_t n = recv(c->fd, bytes, sizeof bytes, 0);
    bool good = n > 0;
    if (good)
        good = c->hdlc ? serve_line(c, (mw_slice){bytes, (size_t)n})
                       : serve_socket(c, (mw_slice){bytes, (size_t)n});
    if (!good) {
        close(c->fd);
        c->fd = -1;
    }
}

static void turn_datagram(int fd) {
    uint8_t bytes[APDU], out[2 * APDU];
    struct sockaddr_in from = {0};
    socklen_t size = sizeof from;
    size_t n = 0;
    ssize_t got = recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &size);
    if (got < 0)
        return;
    uint64_t peer = (uint64_t)from.sin_addr.s_addr << 16 | from.sin_port;
    mw_status status = mw_cosem_datagrams_take(
        &datagrams.port, peer, (mw_slice){bytes, (size_t)got}, mono_now(), MW_SPAN_OF(out), &n);
    while (status == MW_OK && n != 0) {
        if (sendto(fd, out, n, 0, (struct sockaddr *)&from, size) < 0)
            return;
        status = mw_cosem_datagrams_more(&datagrams.port, MW_SPAN_OF(out), &n);
    }
}

static void run(int wrapper, int hdlc, int udp) {
    enum { FIXED = 4 };
    while (!stop) {
        struct pollfd p[CONNECTIONS + FIXED] = {{wrapper, POLLIN, 0},
                                                {hdlc, POLLIN, 0},
                                                {udp, POLLIN, 0},
                                                {mw_cosem_pusher_fd(), POLLIN, 0}};
        for (unsigned i = 0; i < CONNECTIONS; i++)
            p[FIXED + i] = (struct pollfd){connections[i].fd, POLLIN, 0};
        int ready = poll(p, CONNECTIONS + FIXED, SILENCE_MS);
        for (unsigned i = 0; i < CONNECTIONS; i++) {
            connection *c = &connections[i];
            if (c->fd >= 0 && ready > 0 && p[FIXED + i].revents != 0)
                turn(c);
            else if (c->fd >= 0 && c->hdlc && ready == 0)
                mw_cosem_line_silence(&c->line, mono_now());
        }
        if (ready > 0 && (p[2].revents & POLLIN))
            turn_datagram(udp);
        mw_cosem_pusher_turn(&meter, &pushes, mono_now());
        if (ready > 0 && (p[0].revents & POLLIN))
            admit(wrapper, false);
        if (ready > 0 && (p[1].revents & POLLIN))
            admit(hdlc, true);
    }
}

static bool key_of(const char *hex, mw_key *out) {
    for (unsigned i = 0; i < MW_KEY_BYTES; i++) {
        unsigned byte;
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
            return false;
        out->b[i] = (uint8_t)byte;
    }
    return strlen(hex) == 2 * MW_KEY_BYTES;
}

/* High security by SHA-256 in the place of GMAC, unsealed; the secret is the password. */
static mw_cosem_client with_sha256[LINKS];
static mw_slice secret_of(void *context, uint8_t sap) {
    (void)sap;
    return mw_slice_of_str(((mw_cosem_meter_keys *)context)->password);
}

static void use_sha256(void) {
    static mw_cosem_sha256_secrets secrets = {.secret = secret_of};
    static mw_cosem_prover prover;
    secrets.context = &meter.secret;
    prover = (mw_cosem_prover){&mw_cosem_mechanism_sha256, &secrets};
    for (size_t i = 0; i < meter.device.client_count && i < LINKS; i++) {
        with_sha256[i] = meter.device.clients[i];
        if (with_sha256[i].mechanism != MW_COSEM_MECHANISM_HIGH_GMAC)
            continue;
        with_sha256[i].mechanism = MW_COSEM_MECHANISM_HIGH_SHA256;
        with_sha256[i].ciphered = false;
        with_sha256[i].required = 0;
    }
    meter.device.clients = with_sha256;
    meter.device.provers = &prover;
    meter.device.prover_count = 1;
}

static bool push_how(const char *words) {
    pushes.confirmed = strstr(words, "confirmed") != NULL && strstr(words, "unconfirmed") == NULL;
    pushes.udp = strstr(words, "udp") != NULL;
    pushes.sealed = strstr(words, "sealed") != NULL;
    pushes.max_pdu = strstr(words, "blocks") != NULL ? 128 : 0;
    return *words != 0;
}

static void serve_datagrams(void) {
    mw_cosem_server_init(&datagrams.server, &meter.device, datagrams.associations,
                         MW_SPAN_OF(datagrams.plain), MW_SPAN_OF(datagrams.gather));
    mw_cosem_datagrams_init(&datagrams.port, &datagrams.server, MW_SPAN_OF(datagrams.memory));
}

int main(int argc, char **argv) {
    mw_cosem_meter_keys secret = {.password = "12345678"};
    const mw_electric_table *table = &mw_electric_spodes_d;
    bool sha256 = false;
    unsigned long wrapper = 0, hdlc = 0, udp = 0, serial = 1;
    for (unsigned i = 0; i < MW_KEY_BYTES; i++) { /* the keys of the standard's examples */
        secret.encryption.b[i] = (uint8_t)i;
        secret.authentication.b[i] = (uint8_t)(0xd0 + i);
        secret.wrapping.b[i] = (uint8_t)(0xf0 + i);
    }
    for (int i = 1; i < argc; i += 2) {
        const char *v = i + 1 < argc ? argv[i + 1] : "";
        bool good = true;
        if (strcmp(argv[i], "--profile") == 0)
            table = strcmp(v, "c") == 0      ? &mw_electric_spodes_c
                    : strcmp(v, "dsmr") == 0 ? &mw_electric_dsmr
                                             : &mw_electric_spodes_d;
        else if (strcmp(argv[i], "--wrapper") == 0)
            wrapper = strtoul(v, NULL, 10);
        else if (strcmp(argv[i], "--hdlc") == 0)
            hdlc = strtoul(v, NULL, 10);
        else if (strcmp(argv[i], "--udp") == 0)
            udp = strtoul(v, NULL, 10);
        else if (strcmp(argv[i], "--high") == 0)
            good = sha256 = strcmp(v, "sha256") == 0;
        else if (strcmp(argv[i], "--push") == 0)
            pushes.to = v;
        else if (strcmp(argv[i], "--push-how") == 0)
            good = push_how(v);
        else if (strcmp(argv[i], "--serial") == 0)
            serial = strtoul(v, NULL, 10);
        else if (strcmp(argv[i], "--password") == 0)
            (void)snprintf(secret.password, sizeof secret.password, "%s", v);
        else if (strcmp(argv[i], "--key") == 0)
            good = key_of(v, &secret.encryption);
        else if (strcmp(argv[i], "--auth") == 0)
            good = key_of(v, &secret.authentication);
        else if (strcmp(argv[i], "--wrapping") == 0)
            good = key_of(v, &secret.wrapping);
        else
            good = false;
        if (!good) {
            fprintf(stderr, "mw-testbench-cosem: %s %s cannot be\n", argv[i], v);
            return 1;
        }
    }
    if (mw_cosem_meter_init(&meter, table, &secret, (uint32_t)serial, clock_now) != MW_OK)
        return 1;
    for (unsigned i = 0; i < CONNECTIONS; i++)
        connections[i].fd = -1;
    struct sigaction sa = {.sa_handler = on_signal};
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
    if (sha256)
        use_sha256();
    serve_datagrams();
    int w = listen_on((unsigned)wrapper, "wrapper", SOCK_STREAM);
    int u = listen_on((unsigned)udp, "udp", SOCK_DGRAM);
    int h = listen_on((unsigned)hdlc, "hdlc", SOCK_STREAM);
    run(w, h, u);
    mw_cosem_meter_fini(&meter);
    return 0;
}
