/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/prng.h"
#include "protocols/nbfi/nbfi.h"
#include "tests/harness/mw_test.h"

static mw_nbfi_decoder decoder;

/* A frame of a meter, as its vendor published it. */
static const char meter_frame[] = "97157A6F8028CF075DE4DC4EB9752171EBAF87E7"
                                  "04E3C12E7905126ED48747946068D9E4";
/* Made by the published transceiver stack: parity with the other flag, information and coded bits.
 */
static const char meter_parity_1[] = "3A690AA4CBD9D69EAC52D7A8AE113A5C"; /* of the frame above */
static const char e_info[] = "0012D68707200102030405060708AD915CE76BE2";
static const char e_coded[] = "D37EA64C3ECBA58E5B42C0F8B607C3CA7708857172FF910EFF34E3C5FA33F74A";

static double gauss(mw_prng *g) {
    double u = ((double)(mw_prng_u64(g) >> 11) + 0.5) * 0x1p-53;
    double v = ((double)(mw_prng_u64(g) >> 11) + 0.5) * 0x1p-53;
    return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

/* The coded bits of a frame through white noise of this Es/N0; infinite is none. */
static void receive(mw_prng *g, const uint8_t *frame, double es_n0_db, double amplitude,
                    int16_t *soft) {
    double sigma = sqrt(0.5 * pow(10, -es_n0_db / 10));
    for (unsigned i = 0; i < MW_NBFI_CODED_BITS; i++) {
        double sign = (frame[4 + i / 8] >> (7 - i % 8) & 1) != 0 ? -1 : 1;
        double v = amplitude * (sign + (sigma > 0 ? sigma * gauss(g) : 0));
        soft[i] = (int16_t)lrint(fmax(-32000, fmin(32000, v)));
    }
}

static mw_nbfi_d random_d(mw_prng *g) {
    mw_nbfi_d u = {.id = (uint32_t)mw_prng_below(g, 1 << 24), .header = (uint8_t)mw_prng_u64(g)};
    for (unsigned i = 0; i < MW_NBFI_PAYLOAD; i++)
        u.payload[i] = (uint8_t)mw_prng_u64(g);
    u.crc8 = mw_nbfi_crc8(MW_SLICE_OF(u.payload));
    return u;
}

static mw_nbfi_e random_e(mw_prng *g) {
    mw_nbfi_e u = {.id = (uint32_t)mw_prng_u64(g), .iterator = (uint8_t)mw_prng_u64(g)};
    for (unsigned i = 0; i < MW_NBFI_BODY; i++)
        u.body[i] = (uint8_t)mw_prng_u64(g);
    for (unsigned i = 0; i < MW_NBFI_MIC; i++)
        u.mic[i] = (uint8_t)mw_prng_u64(g);
    return u;
}

static bool same_d(const mw_nbfi_d *a, const mw_nbfi_d *b) {
    return a->id == b->id && a->header == b->header && a->crc8 == b->crc8 &&
           memcmp(a->payload, b->payload, sizeof a->payload) == 0;
}

static bool same_e(const mw_nbfi_e *a, const mw_nbfi_e *b) {
    return a->id == b->id && a->iterator == b->iterator &&
           memcmp(a->body, b->body, sizeof a->body) == 0 &&
           memcmp(a->mic, b->mic, sizeof a->mic) == 0;
}

MW_TEST(a_meters_frame_decodes_and_is_reproduced) {
    mw_prng g = mw_prng_of_seed(0);
    mw_slice frame = mw_test_hex(meter_frame);
    int16_t soft[MW_NBFI_CODED_BITS];
    receive(&g, frame.p, INFINITY, 1, soft);
    const int16_t *wrong_flag[2] = {NULL, soft}, *flag[2] = {soft, NULL};
    mw_nbfi_d u;
    MW_CHECK_STATUS(mw_nbfi_d_decode(&decoder, wrong_flag, &u), MW_CHECKSUM);
    MW_CHECK_OK(mw_nbfi_d_decode(&decoder, flag, &u));
    MW_CHECK_EQ(u.id, 0x8028CF);
    MW_CHECK_EQ(u.header, 0x07);
    MW_CHECK_BYTES(MW_SLICE_OF(u.payload), "\x5D\xE4\xDC\x4E\xB9\x75\x21\x71", 8);
    MW_CHECK_EQ(u.crc8, 0xEB);
    uint8_t again[MW_NBFI_FRAME];
    MW_CHECK_OK(mw_nbfi_d_encode(&u, 0, again));
    MW_CHECK_BYTES(MW_SLICE_OF(again), frame.p, frame.n);
    MW_CHECK_OK(mw_nbfi_d_encode(&u, 1, again));
    MW_CHECK_BYTES(((mw_slice){again, 20}), frame.p, 20);
    MW_CHECK_BYTES(((mw_slice){again + 20, 16}), mw_test_hex(meter_parity_1).p, 16);
}

MW_TEST(published_checks_hold) {
    mw_slice frame = mw_test_hex(meter_frame), info = mw_test_hex(e_info);
    MW_CHECK_EQ(mw_nbfi_crc24(mw_slice_sub(frame, 4, 13)), 0xAF87E7);
    MW_CHECK_EQ(mw_nbfi_crc24(mw_slice_sub(info, 0, 17)), 0xE76BE2);
    MW_CHECK_EQ(mw_nbfi_crc24(mw_slice_sub(info, 5, 9)), 0xAD915C); /* no key: MIC is a CRC */
    MW_CHECK_EQ(mw_nbfi_crc8(mw_slice_of_str("123456789")), 0xA1);
}

MW_TEST(protocol_e_is_the_published_code) {
    mw_prng g = mw_prng_of_seed(0);
    mw_slice info = mw_test_hex(e_info), coded = mw_test_hex(e_coded);
    mw_nbfi_e u = {.id = 0x0012D687, .iterator = 7};
    mw_bytes_copy(u.body, info.p + 5, MW_NBFI_BODY);
    mw_bytes_copy(u.mic, info.p + 14, MW_NBFI_MIC);
    uint8_t frame[MW_NBFI_FRAME];
    mw_nbfi_e_encode(&u, frame);
    MW_CHECK_BYTES(((mw_slice){frame, 4}), "\x97\x15\x7A\x6F", 4);
    MW_CHECK_BYTES(((mw_slice){frame + 4, 32}), coded.p, coded.n);
    int16_t soft[MW_NBFI_CODED_BITS];
    receive(&g, frame, INFINITY, 1, soft);
    mw_nbfi_e back;
    MW_CHECK_OK(mw_nbfi_e_decode(&decoder, 1, soft, &back));
    MW_CHECK(same_e(&u, &back));
}

/* The 160 information positions are those of the largest sums of (6/5)^j over the set bits j, here
 * times 5^7. */
MW_TEST(information_positions_follow_their_rule) {
    static const uint32_t weight[8] = {78125,  93750,  112500, 135000,
                                       162000, 194400, 233280, 279936};
    uint32_t lowest_inside = UINT32_MAX, highest_outside = 0;
    unsigned count = 0;
    for (unsigned i = 0; i < 256; i++) {
        uint32_t sum = 0;
        for (unsigned j = 0; j < 8; j++)
            sum += (i >> j & 1) != 0 ? weight[j] : 0;
        /* Input i alone as a one: a codeword of the code if and only if i carries information. */
        uint8_t word[32] = {0};
        word[i / 8] = (uint8_t)(0x80 >> i % 8);
        mw_polar_transform(word, sizeof word);
        mw_nbfi_e u;
        int16_t soft[MW_NBFI_CODED_BITS];
        for (unsigned k = 0; k < 256; k++)
            soft[k] = (word[k / 8] >> (7 - k % 8) & 1) != 0 ? -1 : 1;
        uint8_t inputs[32];
        MW_CHECK_STATUS(mw_nbfi_e_decode(&decoder, 1, soft, &u), MW_CHECKSUM);
        decoder.polar.given = 0;
        MW_CHECK(mw_polar_next(&decoder.polar, inputs));
        mw_polar_transform(inputs, sizeof inputs);
        bool inside = memcmp(inputs, word, sizeof word) == 0;
        count += inside;
        if (inside)
            lowest_inside = sum < lowest_inside ? sum : lowest_inside;
        else
            highest_outside = sum > highest_outside ? sum : highest_outside;
    }
    MW_CHECK_EQ(count, 160);
    MW_CHECK(lowest_inside > highest_outside);
}

MW_TEST(frames_round_trip_at_any_scale) {
    mw_prng g = mw_prng_of_seed(5);
    for (unsigned round = 0; round < 60; round++) {
        int16_t soft[MW_NBFI_CODED_BITS];
        uint8_t frame[MW_NBFI_FRAME];
        double amplitude = pow(10, round % 5);
        unsigned flag = round % 2;
        mw_nbfi_d u = random_d(&g), back;
        MW_CHECK_OK(mw_nbfi_d_encode(&u, flag, frame));
        receive(&g, frame, 3, amplitude < 10 ? 10 : amplitude, soft);
        const int16_t *given[2] = {flag == 0 ? soft : NULL, flag == 1 ? soft : NULL};
        MW_CHECK_OK(mw_nbfi_d_decode(&decoder, given, &back));
        MW_CHECK(same_d(&u, &back));
        mw_nbfi_e e = random_e(&g), e_back;
        mw_nbfi_e_encode(&e, frame);
        receive(&g, frame, 4, amplitude < 10 ? 10 : amplitude, soft);
        MW_CHECK_OK(mw_nbfi_e_decode(&decoder, MW_NBFI_LIST_DEFAULT, soft, &e_back));
        MW_CHECK(same_e(&e, &e_back));
    }
}

MW_TEST(downlinks_round_trip) {
    mw_prng g = mw_prng_of_seed(6);
    mw_nbfi_e e = random_e(&g);
    mw_nbfi_down u = {.iterator = 0x5A}, back;
    mw_bytes_copy(u.body, e.body, sizeof u.body);
    mw_bytes_copy(u.mic, e.mic, sizeof u.mic);
    uint8_t frame[MW_NBFI_FRAME];
    int16_t soft[MW_NBFI_CODED_BITS];
    mw_nbfi_down_encode(&u, 0x1CA60EA8, 1, frame);
    MW_CHECK_BYTES(((mw_slice){frame, 5}), "\x1C\xA6\x0E\xA8\x5A", 5);
    receive(&g, frame, 3, 100, soft);
    const int16_t *given[2] = {NULL, soft};
    MW_CHECK_OK(mw_nbfi_down_decode(&decoder, given, &back));
    MW_CHECK(back.iterator == u.iterator && memcmp(back.body, u.body, sizeof u.body) == 0 &&
             memcmp(back.mic, u.mic, sizeof u.mic) == 0);
}

/* Half of a frame may be missing when the other transmission brings the other parity bits. */
MW_TEST(two_transmissions_are_decoded_jointly) {
    mw_prng g = mw_prng_of_seed(7);
    unsigned alone = 0, joint = 0;
    for (unsigned round = 0; round < 40; round++) {
        int16_t soft[2][MW_NBFI_CODED_BITS];
        uint8_t frame[MW_NBFI_FRAME];
        mw_nbfi_d u = random_d(&g), back;
        for (unsigned flag = 0; flag < 2; flag++) {
            MW_CHECK_OK(mw_nbfi_d_encode(&u, flag, frame));
            receive(&g, frame, -3, 1000, soft[flag]);
        }
        const int16_t *one[2] = {NULL, soft[1]}, *two[2] = {soft[0], soft[1]};
        alone += mw_nbfi_d_decode(&decoder, one, &back) == MW_OK;
        joint += mw_nbfi_d_decode(&decoder, two, &back) == MW_OK && same_d(&u, &back);
    }
    MW_CHECK(alone <= 12 && joint >= 38);
}

MW_TEST(noise_and_damage_are_refused) {
    mw_prng g = mw_prng_of_seed(8);
    uint8_t frame[MW_NBFI_FRAME];
    int16_t soft[MW_NBFI_CODED_BITS];
    const int16_t *given[2] = {NULL, soft}, *none[2] = {NULL, NULL};
    mw_nbfi_d d = random_d(&g), d_back = {.id = 1};
    mw_nbfi_e e = random_e(&g), e_back = {.id = 1};
    for (unsigned round = 0; round < 300; round++) {
        MW_CHECK_OK(mw_nbfi_d_encode(&d, 1, frame));
        receive(&g, frame, -12, 1000, soft);
        MW_CHECK_STATUS(mw_nbfi_d_decode(&decoder, given, &d_back), MW_CHECKSUM);
        mw_nbfi_e_encode(&e, frame);
        receive(&g, frame, -12, 1000, soft);
        MW_CHECK_STATUS(mw_nbfi_e_decode(&decoder, MW_NBFI_LIST_DEFAULT, soft, &e_back),
                        MW_CHECKSUM);
    }
    mw_bytes_fill(soft, 0, sizeof soft);
    MW_CHECK_STATUS(mw_nbfi_d_decode(&decoder, given, &d_back), MW_CHECKSUM);
    MW_CHECK_STATUS(mw_nbfi_e_decode(&decoder, 8, soft, &e_back), MW_CHECKSUM);
    MW_CHECK_STATUS(mw_nbfi_d_decode(&decoder, none, &d_back), MW_RANGE);
    MW_CHECK_STATUS(mw_nbfi_e_decode(&decoder, 0, soft, &e_back), MW_RANGE);
    MW_CHECK(d_back.id == 1 && e_back.id == 1);
    d.id = 1u << 24;
    MW_CHECK_STATUS(mw_nbfi_d_encode(&d, 1, frame), MW_RANGE);
    d.id = 0;
    MW_CHECK_STATUS(mw_nbfi_d_encode(&d, 2, frame), MW_RANGE);
}

MW_TEST_MAIN(MW_CASE(a_meters_frame_decodes_and_is_reproduced), MW_CASE(published_checks_hold),
             MW_CASE(protocol_e_is_the_published_code),
             MW_CASE(information_positions_follow_their_rule),
             MW_CASE(frames_round_trip_at_any_scale), MW_CASE(downlinks_round_trip),
             MW_CASE(two_transmissions_are_decoded_jointly), MW_CASE(noise_and_damage_are_refused))
