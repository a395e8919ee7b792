/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes into a deframer and a server, and frames made of the input into server and client:
 * nothing breaks, and a server never sends a frame that a client's decoder refuses.
 */
#include "base/assert.h"
#include "protocols/hdlc/client.h"
#include "protocols/hdlc/deframer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct ends {
    mw_hdlc_server server;
    mw_hdlc_server_link links[2];
    mw_hdlc_client client;
    uint8_t memory[2 * 160], received[160], pushed[64];
} ends;

static const uint16_t logical[] = {1, 16};
static const mw_hdlc_server_config server_config = {
    .params = {64, 2030, 3, 7}, .physical = 17, .logical = logical, .logical_count = 2};
static const mw_hdlc_client_config client_config = {.params = {40, 50, 7, 3},
                                                    .client = {16, 0, 1},
                                                    .server = {1, 17, 2},
                                                    .answer_time = {10},
                                                    .tries = 3};

static const uint8_t question[90] = {0xC0, 0x01};

static void drain_server(ends *e) {
    uint8_t out[MW_HDLC_FRAME_MAX];
    size_t n;
    for (int i = 0; mw_hdlc_server_next(&e->server, MW_SPAN_OF(out), &n) == MW_OK; i++) {
        mw_hdlc_frame f;
        mw_assert(i < 8);
        mw_assert(mw_hdlc_frame_decode((mw_slice){out + 1, n - 2}, &f) == MW_OK);
    }
}

static void take(ends *e, const mw_hdlc_frame *f, int64_t now) {
    mw_hdlc_event event;
    if (mw_hdlc_server_take(&e->server, f, (mw_mono){now}, &event) == MW_OK &&
        event.kind == MW_HDLC_APDU && (now & 3) != 0)
        mw_assert(mw_hdlc_server_answer(&e->server, event.link, event.apdu) == MW_OK);
    drain_server(e);
    if (mw_hdlc_client_take(&e->client, f, &event) == MW_OK &&
        (event.kind == MW_HDLC_CONNECTED || event.kind == MW_HDLC_APDU))
        mw_assert(mw_hdlc_client_send(&e->client, MW_SLICE_OF(question)) == MW_OK);
    uint8_t out[MW_HDLC_FRAME_MAX];
    size_t n;
    for (int i = 0; mw_hdlc_client_next(&e->client, (mw_mono){now}, MW_SPAN_OF(out), &n) == MW_OK;
         i++)
        mw_assert(i < 8);
    mw_hdlc_client_tick(&e->client, (mw_mono){now + 5}, &event);
    if (event.kind == MW_HDLC_SILENT)
        mw_hdlc_client_connect(&e->client);
}

/* Bytes of the input name frames: kind and flags, numbers, length of information. */
static void made_frames(ends *e, mw_slice in) {
    mw_reader r = mw_reader_of(in);
    for (int64_t now = 0; mw_reader_left(&r) >= 3; now += 4) {
        uint8_t head = mw_read_u8(&r), numbers = mw_read_u8(&r), length = mw_read_u8(&r);
        mw_hdlc_frame f = {.destination = {1, 17, 2}, .source = {16, 0, 1}};
        if (head & 0x80) { /* an answer, for the client */
            f.destination = client_config.client;
            f.source = client_config.server;
        }
        f.kind = (mw_hdlc_kind)(head % MW_HDLC_KIND_COUNT);
        f.poll_final = (head & 0x40) != 0;
        f.segmented = (head & 0x20) != 0;
        f.send_seq = numbers & 7;
        f.receive_seq = numbers >> 3 & 7;
        f.source.upper = (uint16_t)(f.source.upper + (numbers >> 7));
        size_t n = length % 128;
        if (n > mw_reader_left(&r))
            n = mw_reader_left(&r);
        f.information = mw_read_bytes(&r, n);
        take(e, &f, now + length % 4);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ends e;
    mw_hdlc_server_init(&e.server, &server_config, e.links, 2, MW_SPAN_OF(e.memory));
    mw_hdlc_client_init(&e.client, &client_config, MW_SPAN_OF(e.received), MW_SPAN_OF(e.pushed));
    mw_hdlc_client_connect(&e.client);
    uint8_t memory[300];
    mw_hdlc_deframer d;
    mw_hdlc_deframer_init(&d, MW_SPAN_OF(memory));
    for (size_t at = 0; at < size;) {
        size_t took = mw_hdlc_deframer_push(&d, (mw_slice){data + at, size - at});
        mw_assert(took != 0);
        at += took;
        for (mw_hdlc_frame f; mw_hdlc_deframer_pull(&d, &f) == MW_OK;)
            take(&e, &f, (int64_t)at);
    }
    made_frames(&e, (mw_slice){data, size});
    return 0;
}
