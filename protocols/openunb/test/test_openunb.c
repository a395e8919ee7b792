/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/prng.h"
#include "protocols/openunb/openunb.h"
#include "tests/harness/mw_test.h"

static mw_polar_decoder decoder;

/* Of the published codec's own tests: message, coded bits. */
static const struct {
    const char *message, *coded;
} published[] = {
    {"B3B4F7D43463B157", "9FC611ED560FD7D4B383A43175455ECB"},
    {"010203040506070809000102", "CA26EA60F9404060D7E08941181C2024D3C208808A025140"},
};

static double gauss(mw_prng *g) {
    double u = ((double)(mw_prng_u64(g) >> 11) + 0.5) * 0x1p-53;
    double v = ((double)(mw_prng_u64(g) >> 11) + 0.5) * 0x1p-53;
    return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

/* Bits through white noise of this Es/N0, phase known; amplitude 1000. */
static void receive(mw_prng *g, mw_slice coded, double es_n0_db, int16_t *soft) {
    double sigma = sqrt(0.5 * pow(10, -es_n0_db / 10));
    for (size_t i = 0; i < 8 * coded.n; i++) {
        double sign = (coded.p[i / 8] >> (7 - i % 8) & 1) != 0 ? -1 : 1;
        soft[i] = (int16_t)lrint(fmax(-32000, fmin(32000, 1000 * (sign + sigma * gauss(g)))));
    }
}

MW_TEST(published_vectors_are_reproduced_and_decoded) {
    for (unsigned k = 0; k < 2; k++) {
        mw_slice message = mw_test_hex(published[k].message);
        mw_slice expected = mw_test_hex(published[k].coded);
        uint8_t coded[MW_OPENUNB_CODED_LONG], back[MW_OPENUNB_LONG];
        size_t n, back_n;
        MW_CHECK_OK(mw_openunb_encode(message, MW_SPAN_OF(coded), &n));
        MW_CHECK_BYTES(((mw_slice){coded, n}), expected.p, expected.n);
        int16_t soft[8 * MW_OPENUNB_CODED_LONG];
        for (size_t i = 0; i < 8 * n; i++)
            soft[i] = (coded[i / 8] >> (7 - i % 8) & 1) != 0 ? -1 : 1;
        soft[5] = (int16_t)-soft[5];
        soft[77] = (int16_t)-soft[77];
        soft[100] = 0;
        MW_CHECK_OK(mw_openunb_decode(&decoder, MW_OPENUNB_LIST_DEFAULT, soft, 8 * n,
                                      MW_SPAN_OF(back), &back_n));
        MW_CHECK_BYTES(((mw_slice){back, back_n}), message.p, message.n);
    }
}

static unsigned lost_of(mw_prng *g, size_t size, double es_n0_db, unsigned frames,
                        unsigned *wrong) {
    unsigned lost = 0;
    for (unsigned f = 0; f < frames; f++) {
        uint8_t message[MW_OPENUNB_LONG], coded[MW_OPENUNB_CODED_LONG], back[MW_OPENUNB_LONG];
        int16_t soft[8 * MW_OPENUNB_CODED_LONG];
        size_t n, back_n;
        for (size_t i = 0; i < size; i++)
            message[i] = (uint8_t)mw_prng_u64(g);
        MW_CHECK_OK(mw_openunb_encode((mw_slice){message, size}, MW_SPAN_OF(coded), &n));
        receive(g, (mw_slice){coded, n}, es_n0_db, soft);
        if (mw_openunb_decode(&decoder, MW_OPENUNB_LIST_DEFAULT, soft, 8 * n, MW_SPAN_OF(back),
                              &back_n) != MW_OK)
            lost++;
        else if (memcmp(back, message, size) != 0)
            lost++, (*wrong)++;
    }
    return lost;
}

/* At 1 dB the published decoder, which takes the shortened bits for unknown, loses 77 % of the
 * long frames. */
MW_TEST(frames_survive_noise) {
    mw_prng g = mw_prng_of_seed(11);
    unsigned wrong = 0;
    unsigned lost_short = lost_of(&g, MW_OPENUNB_SHORT, 1, 300, &wrong);
    unsigned lost_long = lost_of(&g, MW_OPENUNB_LONG, 1, 300, &wrong);
    print_message("Es/N0 1 dB: short %u, long %u of 300 lost\n", lost_short, lost_long);
    MW_CHECK(lost_short <= 55 && lost_long <= 25);
    MW_CHECK(wrong <= 3);
}

/* What is far below the code's limit is refused, but for what ten bits of CRC must let through. */
MW_TEST(noise_is_refused) {
    mw_prng g = mw_prng_of_seed(12);
    unsigned wrong = 0;
    unsigned lost = lost_of(&g, MW_OPENUNB_LONG, -9, 300, &wrong);
    MW_CHECK_EQ(lost, 300);
    MW_CHECK(wrong <= 15);
}

MW_TEST(fields_round_trip) {
    mw_openunb_uplink u = {0xABCDEF, 6, {1, 2, 3, 4, 5, 6}, {7, 8, 9}}, back;
    uint8_t message[MW_OPENUNB_LONG];
    size_t n;
    MW_CHECK_OK(mw_openunb_message_encode(&u, MW_SPAN_OF(message), &n));
    MW_CHECK_BYTES(((mw_slice){message, n}), "\xab\xcd\xef\1\2\3\4\5\6\7\x8\x9", 12);
    MW_CHECK_OK(mw_openunb_message_decode((mw_slice){message, n}, &back));
    MW_CHECK(back.address == u.address && back.payload_bytes == 6 &&
             memcmp(back.payload, u.payload, 6) == 0 && memcmp(back.mic, u.mic, 3) == 0);
    u.payload_bytes = 2;
    MW_CHECK_OK(mw_openunb_message_encode(&u, MW_SPAN_OF(message), &n));
    MW_CHECK_EQ(n, MW_OPENUNB_SHORT);
    MW_CHECK_OK(mw_openunb_message_decode((mw_slice){message, n}, &back));
    MW_CHECK(back.payload_bytes == 2 && memcmp(back.mic, u.mic, 3) == 0);
}

MW_TEST(wrong_calls_are_refused) {
    uint8_t room[MW_OPENUNB_CODED_LONG];
    int16_t soft[192] = {1};
    size_t n;
    mw_openunb_uplink u = {.payload_bytes = 3};
    MW_CHECK_STATUS(mw_openunb_encode((mw_slice){room, 9}, MW_SPAN_OF(room), &n), MW_RANGE);
    MW_CHECK_STATUS(mw_openunb_encode((mw_slice){room, 12}, (mw_span){room, 23}, &n), MW_SPACE);
    MW_CHECK_STATUS(mw_openunb_decode(&decoder, 8, soft, 191, MW_SPAN_OF(room), &n), MW_RANGE);
    MW_CHECK_STATUS(mw_openunb_decode(&decoder, 99, soft, 192, MW_SPAN_OF(room), &n), MW_RANGE);
    MW_CHECK_STATUS(mw_openunb_decode(&decoder, 8, soft, 192, (mw_span){room, 11}, &n), MW_SPACE);
    MW_CHECK_STATUS(mw_openunb_message_decode((mw_slice){room, 11}, &u), MW_RANGE);
    MW_CHECK_STATUS(mw_openunb_message_encode(&u, MW_SPAN_OF(room), &n), MW_RANGE);
    u = (mw_openunb_uplink){.payload_bytes = 2, .address = 1u << 24};
    MW_CHECK_STATUS(mw_openunb_message_encode(&u, MW_SPAN_OF(room), &n), MW_RANGE);
    MW_CHECK_EQ(mw_openunb_sync_bit(0), 1);
    MW_CHECK_EQ(mw_openunb_sync_bit(4), 0);
}

MW_TEST_MAIN(MW_CASE(published_vectors_are_reproduced_and_decoded), MW_CASE(frames_survive_noise),
             MW_CASE(noise_is_refused), MW_CASE(fields_round_trip),
             MW_CASE(wrong_calls_are_refused))
