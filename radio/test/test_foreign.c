/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames of other networks through the receiver: the published ones, bit-exact, and made ones at
 * every rate.
 */
#include "radio/test/foreign_air.h"

static mw_slice bytes_of(const char *hex, uint8_t *memory) {
    mw_slice text = mw_slice_of_str(hex);
    MW_CHECK_OK(mw_hex_decode(text, (mw_span){memory, text.n / 2}));
    return (mw_slice){memory, text.n / 2};
}

/* Whole bytes of a frame that ends with a nibble's padding or begins with half a byte. */
static const char *const sigfox_renard[3] = {
    "aaaaa35f01a0db334d00abad1deadc32758a",
    "aaaaa5980118806638c0d490d4650527d22d",
    "aaaaa5a301c8edff9e4081465a906b3ee8e8",
};

/* The three published copies of one message at both rates: one message, told once, of three copies,
 * with what the publication says of it. */
MW_TEST(sigfox_three_copies) {
    static const uint16_t bauds[] = {100, 600};
    for (unsigned k = 0; k < 2; k++) {
        double rate = bauds[k] == 100 ? 25000 : 100000;
        air *a = air_new(rate, rate * 0.4, 5);
        air_listen(a, MW_RADIO_SIGFOX, bauds[k]);
        for (unsigned c = 0; c < 3; c++) {
            uint8_t memory[32];
            double length = 144.0 / bauds[k] + 0.5;
            air_sending s = {.at_s = 0.3 + c * length,
                             .baud = bauds[k],
                             .hz = -9000 + 8500.0 * c,
                             .drift = 2,
                             .es_n0_db = 14 + c};
            air_send(a, bytes_of(sigfox_renard[c], memory), &s);
        }
        air_play(a, 0.3 + 3 * (144.0 / bauds[k] + 0.5));
        MW_CHECK_EQ(a->heard_count, 1);
        const mw_receiver_frame *f = &a->heard[0];
        MW_CHECK_EQ(f->kind, MW_RADIO_SIGFOX);
        MW_CHECK_EQ(f->copies, 3);
        MW_CHECK_EQ(f->identity, 0x004d33db);
        MW_CHECK_EQ(f->identity_bytes, 4);
        MW_CHECK_EQ(f->counter, 0x1a0);
        MW_CHECK_EQ(f->baud, bauds[k]);
        uint8_t content[32];
        mw_slice expected = bytes_of("01a0db334d00abad1deadc32758a", content);
        MW_CHECK_EQ(air_heard(a, expected, NULL), 1);
        /* the third copy was the strongest */
        double hz = (double)(f->frequency.mhz - AIR_CENTRE.mhz) / 1000;
        MW_CHECK(fabs(hz - 8000) < bauds[k] / 20.0);
        MW_CHECK(fabs(f->snr.cdb / 100.0 - 16) < 1.2);
        double late = (double)f->first_index / rate - (0.3 + 2 * (144.0 / bauds[k] + 0.5));
        MW_CHECK(fabs(late * bauds[k] - 1) < 0.2); /* after the reference symbol */
        air_free(a);
    }
}

static void nbfi_frames(mw_nbfi_d *d, mw_nbfi_e *e, uint64_t seed) {
    mw_prng g = mw_prng_of_seed(seed);
    *d = (mw_nbfi_d){.id = (uint32_t)mw_prng_u64(&g) & 0xFFFFFF, .header = 3};
    *e = (mw_nbfi_e){.id = (uint32_t)mw_prng_u64(&g), .iterator = (uint8_t)mw_prng_u64(&g)};
    for (unsigned i = 0; i < sizeof d->payload; i++)
        d->payload[i] = (uint8_t)mw_prng_u64(&g);
    d->crc8 = mw_nbfi_crc8(MW_SLICE_OF(d->payload));
    for (unsigned i = 0; i < sizeof e->body; i++)
        e->body[i] = (uint8_t)mw_prng_u64(&g);
}

/* The meter's frame that was published (protocol D, flag 0), then D with flag 1 and E, at every
 * rate, in either polarity. */
MW_TEST(nbfi_rates_protocols_polarities) {
    static const struct {
        uint16_t baud;
        double rate, half;
    } cases[] = {{50, 12800, 5000}, {400, 50000, 20000}, {3200, 250000, 100000}};
    for (unsigned k = 0; k < 6; k++) {
        unsigned c = k / 2;
        air *a = air_new(cases[c].rate, cases[c].half, 7 + k);
        air_listen(a, MW_RADIO_NBFI, cases[c].baud);
        uint8_t memory[MW_NBFI_FRAME], frame[MW_NBFI_FRAME];
        mw_nbfi_d d;
        mw_nbfi_e e;
        nbfi_frames(&d, &e, 11 + k);
        double length = 290.0 / cases[c].baud;
        air_sending s = {.at_s = 0.1,
                         .baud = cases[c].baud,
                         .hz = -0.7 * cases[c].half,
                         .es_n0_db = 5,
                         .inverted = k % 2 == 1,
                         .drift = c == 0 ? 1.5 : 3};
        mw_slice published = bytes_of("97157A6F8028CF075DE4DC4EB9752171EBAF87E704E3C12E7905126ED487"
                                      "47946068D9E4",
                                      memory);
        air_send(a, published, &s);
        s.at_s = 0.1 + 0.3 * length;
        s.hz = 0.1 * cases[c].half;
        MW_CHECK_OK(mw_nbfi_d_encode(&d, 1, frame));
        air_send(a, MW_SLICE_OF(frame), &s);
        s.at_s = 0.1 + 0.6 * length;
        s.hz = 0.8 * cases[c].half;
        mw_nbfi_e_encode(&e, frame);
        air_send(a, MW_SLICE_OF(frame), &s);
        air_play(a, 0.1 + 1.7 * length);
        MW_CHECK_EQ(a->heard_count, 3);
        const mw_receiver_frame *f = NULL;
        uint8_t packet[MW_NBFI_PACKET_E];
        MW_CHECK_EQ(air_heard(a, (mw_slice){published.p + 4, 16}, &f), 1);
        MW_CHECK_EQ(f->identity, 0x8028CF);
        MW_CHECK_EQ(f->identity_bytes, 3);
        MW_CHECK_EQ(f->counter, -1);
        double hz = (double)(f->frequency.mhz - AIR_CENTRE.mhz) / 1000;
        MW_CHECK(fabs(hz + 0.7 * cases[c].half) < cases[c].baud / 10.0);
        mw_nbfi_d_pack(&d, packet);
        MW_CHECK_EQ(air_heard(a, (mw_slice){packet, 16}, &f), 1);
        mw_nbfi_e_pack(&e, packet);
        MW_CHECK_EQ(air_heard(a, (mw_slice){packet, 20}, &f), 1);
        MW_CHECK_EQ(f->identity, e.id);
        MW_CHECK_EQ(f->counter, e.iterator);
        air_free(a);
    }
}

/* Both vectors of the published codec. */
MW_TEST(openunb_vectors) {
    air *a = air_new(25000, 10000, 3);
    air_listen(a, MW_RADIO_OPENUNB, 100);
    static const char *const messages[] = {"B3B4F7D43463B157", "010203040506070809000102"};
    uint8_t message[2][12], frame[28];
    for (unsigned k = 0; k < 4; k++) {
        size_t n;
        mw_slice m = bytes_of(messages[k % 2], message[k % 2]);
        MW_CHECK_OK(mw_foreign_openunb_frame(m, frame, &n));
        air_sending s = {.at_s = 0.2 + 0.4 * k,
                         .baud = 100,
                         .hz = -9000 + 5500.0 * k,
                         .es_n0_db = 7,
                         .inverted = k >= 2,
                         .drift = -1};
        air_send(a, (mw_slice){frame, n}, &s);
    }
    air_play(a, 4.5);
    MW_CHECK_EQ(a->heard_count, 4);
    MW_CHECK_EQ(air_heard(a, (mw_slice){message[0], 8}, NULL), 2);
    MW_CHECK_EQ(air_heard(a, (mw_slice){message[1], 12}, NULL), 2);
    MW_CHECK_EQ(a->heard[0].identity_bytes, 3);
    air_free(a);
}

/* Copies of which none tells the message alone tell it together; one of them alone tells nothing.
 */
MW_TEST(sigfox_joint_only) {
    for (unsigned copies = 1; copies <= 3; copies += 2) {
        uint64_t told = 0, joined = 0;
        for (unsigned trial = 0; trial < 4; trial++) {
            air *a = air_new(12500, 5000, 40 + trial);
            air_listen(a, MW_RADIO_SIGFOX, 100);
            for (unsigned c = 0; c < copies; c++) {
                uint8_t memory[32];
                air_sending s = {.at_s = 0.2 + 2.2 * c,
                                 .baud = 100,
                                 .hz = -3000 + 2100.0 * c + 37.0 * trial,
                                 .es_n0_db = copies == 3 ? 2.5 : 1};
                air_send(a, bytes_of(sigfox_renard[c], memory), &s);
            }
            air_play(a, 7);
            MW_CHECK(a->heard_count <= 1);
            told += a->heard_count;
            joined += mw_receiver_stats_of(a->rx)->sigfox_joined;
            if (a->heard_count == 1 && copies == 3)
                MW_CHECK(a->heard[0].copies >= 2);
            air_free(a);
        }
        MW_CHECK(copies == 3 ? told >= 3 && joined > 0 && joined <= told : told + joined == 0);
    }
}

MW_TEST(bad_networks_are_refused) {
    air *a = air_new(25000, 10000, 3);
    mw_receiver *rx;
    air_listen(a, MW_RADIO_NBFI, 100);
    MW_CHECK_EQ(mw_receiver_new(&a->config, air_sink, a, &rx), MW_RANGE);
    a->config.networks[0] = (mw_radio_network){.kind = MW_RADIO_UNB, .baud = 50};
    MW_CHECK_EQ(mw_receiver_new(&a->config, air_sink, a, &rx), MW_RANGE);
    a->config.rate_mhz = 26000000;
    a->config.networks[0] = (mw_radio_network){.kind = MW_RADIO_NBFI, .baud = 3200};
    MW_CHECK_EQ(mw_receiver_new(&a->config, air_sink, a, &rx), MW_OK);
    mw_receiver_free(rx);
    a->config.rate_mhz = 25000000; /* fewer than 8 samples a symbol */
    MW_CHECK_EQ(mw_receiver_new(&a->config, air_sink, a, &rx), MW_RANGE);
    air_free(a);
}

MW_TEST_MAIN(MW_CASE(sigfox_three_copies), MW_CASE(nbfi_rates_protocols_polarities),
             MW_CASE(openunb_vectors), MW_CASE(sigfox_joint_only),
             MW_CASE(bad_networks_are_refused))
