/* SPDX-License-Identifier: Apache-2.0
 *
 * A radio's transmitter and receiver through SoapySDR: what is sent is received.
 */
#include <stdlib.h>

#include "protocols/unb/unb.h"
#include "radio/modulator.h"
#include "radio/receiver.h"
#include "radio/soapy.h"
#include "tests/harness/mw_test.h"

#define RATE 25000

static const mw_soapy_options options = {.arguments = "driver=mwloop",
                                         .rate_mhz = RATE * UINT64_C(1000),
                                         .centre = {INT64_C(868100000000)},
                                         .gain_db = -1,
                                         .transmit = true};

static mw_utc fixed_now(void *context) {
    int64_t *us = context;
    *us += 1000;
    return (mw_utc){*us};
}

static void take_frame(void *user, const mw_receiver_frame *f) {
    mw_receiver_frame *out = user;
    *out = *f;
}

/* Modulates one frame and hands it to the radio. */
static void transmit(mw_soapy *radio, const uint8_t payload[13]) {
    mw_unb_frame frame;
    mw_burst b;
    bool timed = false;
    MW_CHECK_OK(mw_unb_frame_encode(MW_UNB_S, (mw_slice){payload, 13}, &frame));
    mw_burst_setup setup = {.bits = frame.bits,
                            .count = frame.symbols,
                            .start_index = 4000,
                            .rate = RATE,
                            .baud = 400,
                            .offset_hz = 1500,
                            .amplitude = 0.5};
    MW_CHECK_OK(mw_burst_init(&b, &setup));
    MW_CHECK_OK(mw_soapy_transmit_begin(radio, options.centre, 0, &timed));
    MW_CHECK_EQ(mw_soapy_transmit_begin(radio, options.centre, 0, &timed), MW_STATE);
    uint64_t end = mw_burst_end(&b) + 60000;
    for (uint64_t at = 0; at < end; at += 4096) {
        static float iq[2 * 4096];
        mw_bytes_fill(iq, 0, sizeof iq);
        (void)mw_burst_render(&b, at, 4096, iq);
        MW_CHECK_OK(mw_soapy_transmit_write(radio, iq, 4096, mw_dur_ms(100)));
    }
    MW_CHECK_OK(mw_soapy_transmit_end(radio));
    MW_CHECK_EQ(mw_soapy_transmit_end(radio), MW_STATE);
}

MW_TEST(what_is_transmitted_is_received) {
    mw_soapy *radio = NULL;
    char why[200];
    int64_t us = 1790000000000000;
    mw_receiver *receiver = NULL;
    mw_receiver_frame got = {0};
    static const uint8_t payload[13] = "over the air";
    MW_CHECK_OK(mw_soapy_open(&options, &radio, why));
    MW_CHECK_EQ(mw_soapy_rate_mhz(radio), options.rate_mhz);
    transmit(radio, payload);
    mw_receiver_config config = mw_receiver_config_default(options.centre);
    config.rate_mhz = options.rate_mhz;
    config.rates = MW_RECEIVER_R1;
    config.low.mhz = options.centre.mhz - 11000000;
    config.high.mhz = options.centre.mhz + 11000000;
    MW_CHECK_OK(mw_receiver_new(&config, take_frame, &got, &receiver));
    mw_samples_block block;
    while (mw_soapy_receive(radio, mw_dur_ms(10), fixed_now, &us, &block) == MW_OK)
        MW_CHECK_OK(mw_receiver_push(receiver, &block));
    mw_receiver_flush(receiver);
    MW_CHECK_EQ(got.payload_bytes, 13);
    MW_CHECK(memcmp(got.payload, payload, 13) == 0);
    mw_receiver_free(receiver);
    mw_soapy_close(radio);
}

MW_TEST(radios_that_cannot_say_why) {
    mw_soapy *radio = NULL;
    char why[200];
    mw_soapy_options o = options;
    o.arguments = "driver=none-such";
    MW_CHECK_EQ(mw_soapy_open(&o, &radio, why), MW_NOT_FOUND);
    MW_CHECK(why[0] != 0);
    o = options;
    o.rate_mhz = UINT64_C(30000000000);
    MW_CHECK_EQ(mw_soapy_open(&o, &radio, why), MW_RANGE);
    MW_CHECK(strstr(why, "20000000") != NULL);
    o = options;
    o.centre = mw_freq_hz(10);
    MW_CHECK_EQ(mw_soapy_open(&o, &radio, why), MW_RANGE);
    MW_CHECK(strstr(why, "tun") != NULL);
    o = options;
    o.transmit = false;
    bool timed = false;
    MW_CHECK_OK(mw_soapy_open(&o, &radio, why));
    MW_CHECK_EQ(mw_soapy_transmit_begin(radio, o.centre, 0, &timed), MW_STATE);
    mw_soapy_close(radio);
}

int main(void) {
    const struct CMUnitTest cases[] = {
        MW_CASE(what_is_transmitted_is_received),
        MW_CASE(radios_that_cannot_say_why),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
