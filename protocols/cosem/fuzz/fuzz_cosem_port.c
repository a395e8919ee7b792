/* SPDX-License-Identifier: Apache-2.0
 * Bytes of a line and of a socket against a meter's ports; the first byte chooses. */
#include <stdlib.h>

#include "protocols/cosem/port.h"
#include "protocols/cosem/test/server_device.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINKS = 2, APDU = 300 };

static void line(mw_cosem_server *s, mw_slice bytes) {
    static mw_cosem_line l;
    static mw_hdlc_server_link links[LINKS];
    static uint8_t requests[LINKS * APDU], answers[LINKS * APDU], frames[400], out[1100];
    static const uint16_t logical[] = {1};
    static const mw_cosem_line_config config = {.hdlc = {.params = {128, 128, 3, 3},
                                                         .physical = 16,
                                                         .logical = logical,
                                                         .logical_count = 1},
                                                .identity = "/MWX5\\2MW",
                                                .speed = '5'};
    mw_cosem_line_init(&l, &config, s,
                       &(mw_cosem_line_memory){links, LINKS, MW_SPAN_OF(requests),
                                               MW_SPAN_OF(answers), MW_SPAN_OF(frames)});
    for (size_t at = 0; at < bytes.n; at += 64) {
        size_t n = bytes.n - at < 64 ? bytes.n - at : 64, sent, turns = 0;
        mw_cosem_line_take(&l, (mw_slice){bytes.p + at, n}, (mw_mono){(int64_t)at});
        while (mw_cosem_line_next(&l, MW_SPAN_OF(out), &sent) == MW_OK)
            if (sent > sizeof out || ++turns > 64)
                abort();
    }
    mw_cosem_line_silence(&l, (mw_mono){1});
}

static void stream(mw_cosem_server *s, mw_slice bytes) {
    static mw_cosem_socket c;
    static uint8_t memory[APDU], out[1100];
    mw_cosem_socket_init(&c, s, MW_SPAN_OF(memory));
    while (bytes.n != 0) {
        size_t taken = mw_cosem_socket_take(&c, bytes), n;
        mw_status status;
        while ((status = mw_cosem_socket_next(&c, MW_SPAN_OF(out), &n)) == MW_OK)
            if (n > sizeof out)
                abort();
        if (status != MW_AGAIN)
            return;
        bytes = (mw_slice){bytes.p + taken, bytes.n - taken};
    }
}

/* Each piece is a datagram: length, peer, bytes. */
static void datagrams(mw_cosem_server *s, mw_slice bytes) {
    static mw_cosem_datagrams u;
    static uint8_t memory[2 * APDU], out[1100];
    mw_cosem_datagrams_init(&u, s, MW_SPAN_OF(memory));
    for (int64_t now = 0; bytes.n >= 2; now += 1000000000) {
        size_t n = bytes.p[0] < bytes.n - 2 ? bytes.p[0] : bytes.n - 2, got = 0;
        mw_status status = mw_cosem_datagrams_take(&u, bytes.p[1] & 1, (mw_slice){bytes.p + 2, n},
                                                   (mw_mono){now}, MW_SPAN_OF(out), &got);
        for (unsigned turns = 0; status == MW_OK && got != 0; turns++) {
            if (got > sizeof out || turns > 64)
                abort();
            status = mw_cosem_datagrams_more(&u, MW_SPAN_OF(out), &got);
        }
        bytes = (mw_slice){bytes.p + 2 + n, bytes.n - 2 - n};
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static little_device d;
    static mw_cosem_server s;
    static mw_cosem_association associations[3];
    static uint8_t plain[512], gathered[900];
    static const mw_key key = {{1}};
    if (size == 0)
        return 0;
    static mw_cosem_keys keys; /* prepared once: that would take most of the time */
    static bool prepared;
    if (!prepared && mw_cosem_keys_init(&keys, &mw_gcm_openssl, &key, &key) != MW_OK)
        abort();
    prepared = true;
    memset(&d, 0, sizeof d);
    d.keys = keys;
    d.rows = 10;
    d.random = mw_prng_of_seed(1);
    mw_cosem_device device = little_device_of(&d);
    mw_cosem_server_init(&s, &device, associations, MW_SPAN_OF(plain), MW_SPAN_OF(gathered));
    if (data[0] & 4) { /* the public client is associated and takes general blocks */
        associations[0].state = MW_COSEM_OPEN;
        associations[0].conformance = 0xffffff;
        associations[0].max_pdu = 128;
    }
    if (data[0] & 1)
        line(&s, (mw_slice){data + 1, size - 1});
    else if (data[0] & 2)
        datagrams(&s, (mw_slice){data + 1, size - 1});
    else
        stream(&s, (mw_slice){data + 1, size - 1});
    return 0;
}
