/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "protocols/unb/unb.h"
#include "radio/modulator.h"
#include "station/test/fake_parts.h"

void fake_payload(unsigned number, uint8_t out[13]) {
    mw_prng g = mw_prng_of_stream(3, number);
    for (size_t i = 0; i < 13; i++)
        out[i] = (uint8_t)mw_prng_u64(&g);
}

static mw_burst fake_burst(unsigned number, uint64_t start) {
    uint8_t payload[13];
    mw_unb_frame frame;
    mw_burst b;
    fake_payload(number, payload);
    MW_CHECK_OK(mw_unb_frame_encode(MW_UNB_S, MW_SLICE_OF(payload), &frame));
    mw_burst_setup setup = {.bits = frame.bits,
                            .count = frame.symbols,
                            .start_index = start,
                            .rate = (double)FAKE_RATE,
                            .baud = 400,
                            .offset_hz = -8000.0 + 700.0 * number,
                            .amplitude = 0.1};
    MW_CHECK_OK(mw_burst_init(&b, &setup));
    return b;
}

static void town_add(fake_town *t, uint64_t first, uint64_t count, const float *iq) {
    MW_CHECK(t->blocks < FAKE_BLOCKS_MAX);
    size_t i = t->blocks++;
    t->heads[i] =
        (mw_samples_header){.format = iq == NULL ? MW_SAMPLES_GAP : MW_SAMPLES_CS16,
                            .first_index = first,
                            .utc = {FAKE_UTC + (int64_t)(first * 1000000 / (uint64_t)FAKE_RATE)},
                            .utc_uncertainty_us = 100,
                            .rate_mhz = (uint64_t)FAKE_RATE * 1000,
                            .centre = {FAKE_CENTRE},
                            .count = count};
    if (iq == NULL)
        return;
    t->payload_n[i] = (size_t)count * 4;
    t->payloads[i] = malloc(t->payload_n[i]);
    (void)mw_samples_from_float(iq, (size_t)count, MW_SAMPLES_CS16,
                                (mw_span){t->payloads[i], t->payload_n[i]});
}

static void town_make_stream(fake_town *t) {
    uint64_t at = 0;
    mw_prng g = mw_prng_of_seed(1);
    for (unsigned k = 0; k < FAKE_FRAMES; k++) {
        town_add(t, at, 50000, NULL);
        at += 50000;
        mw_burst b = fake_burst(k, at + 500);
        t->frame_at[k] = at + 500;
        while (at < mw_burst_end(&b) + 500) {
            static float iq[2 * FAKE_BLOCK];
            for (size_t i = 0; i < 2 * FAKE_BLOCK; i++)
                iq[i] = (float)((double)mw_prng_below(&g, 2000) - 1000.0) * 1e-6f;
            (void)mw_burst_render(&b, at, FAKE_BLOCK, iq);
            town_add(t, at, FAKE_BLOCK, iq);
            at += FAKE_BLOCK;
        }
    }
    town_add(t, at, 200000, NULL);
    t->end = at + 200000;
}

void fake_town_open(fake_town *t, const char *root) {
    town_make_stream(t);
    (void)snprintf(t->path, sizeof t->path, "%s/samples.sock", root);
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    (void)snprintf(a.sun_path, sizeof a.sun_path, "%s", t->path);
    t->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    MW_CHECK(bind(t->listener, (struct sockaddr *)&a, sizeof a) == 0);
    MW_CHECK(listen(t->listener, 4) == 0);
    t->peer = -1;
}

void fake_town_close(fake_town *t) {
    for (size_t i = 0; i < t->blocks; i++)
        free(t->payloads[i]);
    (void)close(t->listener);
    if (t->peer >= 0)
        (void)close(t->peer);
}

/* From the block in which the first unacknowledged sample lies. */
static void town_rewind(fake_town *t) {
    t->at = 0;
    t->offset = 0;
    while (t->at < t->blocks &&
           t->heads[t->at].first_index + t->heads[t->at].count <= t->acknowledged)
        t->at++;
}

static void town_hang_up(fake_town *t) {
    (void)close(t->peer);
    t->peer = -1;
}

static void town_read_acks(fake_town *t) {
    uint8_t ack[MW_SAMPLES_ACK_BYTES];
    ssize_t n;
    while ((n = recv(t->peer, ack, sizeof ack, MSG_DONTWAIT)) == (ssize_t)sizeof ack) {
        uint64_t index = 0;
        if (mw_samples_watermark_decode(MW_SLICE_OF(ack), &index) == MW_OK)
            continue; /* it listens to no downlink */
        MW_CHECK_OK(mw_samples_ack_decode(MW_SLICE_OF(ack), &index));
        if (index > t->acknowledged)
            t->acknowledged = index;
    }
    if (n == 0 || (n < 0 && errno != EAGAIN))
        town_hang_up(t);
}

void fake_town_turn(fake_town *t) {
    if (t->peer < 0 && !t->silent) {
        t->peer = accept4(t->listener, NULL, NULL, SOCK_CLOEXEC);
        if (t->peer < 0)
            return;
        t->connections++;
        town_rewind(t);
    }
    if (t->peer >= 0)
        town_read_acks(t);
    while (t->peer >= 0 && t->at < t->blocks) {
        uint8_t bytes[MW_SAMPLES_HEADER_BYTES + FAKE_BLOCK * 4];
        MW_CHECK_OK(mw_samples_header_encode(&t->heads[t->at], bytes));
        size_t n = t->payload_n[t->at];
        mw_bytes_copy(bytes + MW_SAMPLES_HEADER_BYTES, t->payloads[t->at], n);
        n += MW_SAMPLES_HEADER_BYTES;
        ssize_t sent = send(t->peer, bytes + t->offset, n - t->offset, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN)
            return;
        if (sent < 0) {
            town_hang_up(t);
            return;
        }
        t->offset += (size_t)sent;
        if (t->offset == n) {
            t->offset = 0;
            t->at++;
        }
    }
}

void fake_town_write(const fake_town *t, const char *path, bool plain) {
    FILE *f = fopen(path, "w");
    MW_CHECK(f != NULL);
    static const uint8_t zero[4096];
    for (size_t i = 0; i < t->blocks; i++) {
        uint8_t head[MW_SAMPLES_HEADER_BYTES];
        MW_CHECK_OK(mw_samples_header_encode(&t->heads[i], head));
        if (!plain)
            MW_CHECK(fwrite(head, 1, sizeof head, f) == sizeof head);
        if (t->payload_n[i] > 0)
            MW_CHECK(fwrite(t->payloads[i], 1, t->payload_n[i], f) == t->payload_n[i]);
        for (uint64_t left = plain && t->payload_n[i] == 0 ? t->heads[i].count * 4 : 0; left > 0;) {
            size_t n = left < sizeof zero ? (size_t)left : sizeof zero;
            MW_CHECK(fwrite(zero, 1, n, f) == n);
            left -= n;
        }
    }
    MW_CHECK(fclose(f) == 0);
}
