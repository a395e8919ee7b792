/* SPDX-License-Identifier: Apache-2.0
 *
 * Any samples for a receiver that listens for all other networks, and any soft copies for the
 * joiner of Sigfox messages: neither crashes, nor reports a frame that breaks its contract.
 * First byte even: samples as cs8; odd: records of rank, size, pause, soft values.
 */
#include <stdlib.h>

#include "radio/sigfox_join.h"

#define RATE_MHZ UINT64_C(6400000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_frame(void *user, const mw_receiver_frame *f) {
    (void)user;
    bool known = f->kind > MW_RADIO_UNB && f->kind < MW_RADIO_KIND_COUNT;
    if (!known || f->quality > 100 || f->symbol_errors > f->symbols || f->copies < 1 ||
        f->copies > 3 || f->payload_bytes == 0 || f->payload_bytes > MW_FRAMER_PAYLOAD_MAX ||
        (f->identity_bytes != 3 && f->identity_bytes != 4) || f->counter < -1)
        abort();
}

static void receive(mw_slice samples) {
    static mw_receiver *rx;
    static uint64_t index;
    mw_freq centre = {INT64_C(868130000000)};
    if (rx == NULL) {
        mw_receiver_config c = {
            .rate_mhz = RATE_MHZ,
            .centre = centre,
            .low = {centre.mhz - 2000000},
            .high = {centre.mhz + 2000000},
            .networks = {{MW_RADIO_SIGFOX, 100, {0}, {0}},
                         {MW_RADIO_SIGFOX, 600, {0}, {0}},
                         {MW_RADIO_NBFI, 400, {0}, {0}},
                         {MW_RADIO_OPENUNB, 100, {0}, {0}}},
            .network_count = 4,
        };
        if (mw_receiver_new(&c, on_frame, NULL, &rx) != MW_OK)
            abort();
    }
    if (samples.n / 2 == 0)
        return;
    mw_samples_block b = {{.format = MW_SAMPLES_CS8,
                           .first_index = index,
                           .utc = MW_UTC_NONE,
                           .rate_mhz = RATE_MHZ,
                           .centre = centre,
                           .count = samples.n / 2},
                          mw_slice_sub(samples, 0, samples.n / 2 * 2)};
    if (mw_receiver_push(rx, &b) != MW_OK || mw_receiver_safe_index(rx) > index + b.h.count)
        abort();
    index += b.h.count;
    mw_receiver_flush(rx);
}

static void join(mw_slice in) {
    static const uint8_t sizes[] = {10, 11, 14, 18, 22};
    mw_sigfox_joiner *j;
    if (mw_sigfox_joiner_new(6400, on_frame, NULL, &j) != MW_OK)
        abort();
    mw_reader r = mw_reader_of(in);
    uint64_t at = 1000;
    while (mw_reader_left(&r) > 4) {
        mw_sigfox_copy c = {.reception = {.baud = 100, .counter = -1}};
        c.rank = mw_read_u8(&r) % MW_SIGFOX_COPIES;
        c.content_bytes = sizes[mw_read_u8(&r) % 5];
        at += (uint64_t)mw_read_u16le(&r) / 2;
        c.reception.first_index = at;
        uint8_t content[MW_SIGFOX_CONTENT_MAX] = {0};
        for (size_t i = 0; i < 8u * c.content_bytes && mw_reader_left(&r) > 0; i++) {
            c.soft[i] = (int16_t)(257 * (int8_t)mw_read_u8(&r));
            c.symbol[i] = (int16_t)-c.soft[i];
            content[i / 8] = (uint8_t)(content[i / 8] | (unsigned)(c.soft[i] < 0) << (7 - i % 8));
        }
        c.coherence = 1;
        c.alone = mw_framer_sigfox_result((mw_slice){content, c.content_bytes}, &c.result) == MW_OK;
        mw_sigfox_joiner_push(j, &c);
        if (mw_sigfox_joiner_horizon(j) > at && mw_sigfox_joiner_horizon(j) != UINT64_MAX)
            abort();
        mw_sigfox_joiner_advance(j, at / 2);
    }
    mw_sigfox_joiner_flush(j);
    if (mw_sigfox_joiner_horizon(j) != UINT64_MAX)
        abort();
    mw_sigfox_joiner_free(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    mw_slice rest = {data + 1, size - 1};
    if ((data[0] & 1) == 0)
        receive(rest);
    else
        join(rest);
    return 0;
}
