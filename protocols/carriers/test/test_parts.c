/* SPDX-License-Identifier: Apache-2.0 */
#include "base/prng.h"
#include "protocols/carriers/carrier.h"
#include "protocols/carriers/parts.h"
#include "tests/harness/mw_test.h"

#define FRAME_MAX (4 + MW_PARTS_MAX * MW_PARTS_CHUNK_MAX)

typedef struct sent {
    uint8_t bytes[1 + MW_PARTS_CHUNK_MAX];
    size_t n;
    uint32_t number;
} sent;

static void frame_make(mw_prng *g, uint8_t *frame, size_t n) {
    for (size_t i = 0; i < n; i++)
        frame[i] = (uint8_t)mw_prng_u64(g);
}

static uint32_t address_of(const uint8_t *frame) {
    mw_reader r = mw_reader_of((mw_slice){frame, 4});
    return mw_read_u32be(&r);
}

static unsigned cut_all(const uint8_t *frame, size_t size, size_t chunk, uint32_t counter,
                        uint32_t base, uint32_t wrap, sent out[MW_PARTS_MAX + 1]) {
    unsigned n = (unsigned)((size - 4) / chunk);
    for (unsigned i = 0; i <= n; i++) {
        MW_CHECK_OK(mw_parts_cut((mw_slice){frame + 4, size - 4}, chunk, counter, i,
                                 MW_SPAN_OF(out[i].bytes), &out[i].n));
        out[i].number = (base + i) % wrap;
    }
    return n + 1;
}

static void shuffle(mw_prng *g, sent *s, unsigned n) {
    for (unsigned i = n; i > 1; i--) {
        unsigned k = (unsigned)mw_prng_below(g, i);
        sent swap = s[i - 1];
        s[i - 1] = s[k];
        s[k] = swap;
    }
}

MW_TEST(any_n_of_n_and_one_give_the_frame) {
    mw_prng g = mw_prng_of_seed(1);
    for (unsigned round = 0; round < 4000; round++) {
        size_t chunk = round % 2 ? MW_PARTS_SIGFOX : MW_PARTS_NBFI;
        unsigned bits = round % 2 ? 12 : 20;
        size_t size = 4 + chunk * (1 + mw_prng_below(&g, MW_PARTS_MAX));
        uint8_t frame[FRAME_MAX], out[FRAME_MAX];
        frame_make(&g, frame, size);
        sent s[MW_PARTS_MAX + 1];
        uint32_t base = (uint32_t)mw_prng_below(&g, UINT64_C(1) << bits);
        unsigned n = cut_all(frame, size, chunk, round, base, UINT32_C(1) << bits, s);
        shuffle(&g, s, n);
        mw_parts p;
        mw_parts_init(&p, chunk, bits);
        size_t got = 0;
        /* The last of the shuffled ones is lost. */
        for (unsigned i = 0; i + 1 < n; i++) {
            mw_status st = mw_parts_take(&p, s[i].number, (mw_slice){s[i].bytes, s[i].n},
                                         address_of(frame), MW_SPAN_OF(out), &got);
            MW_CHECK_STATUS(st, i + 2 == n ? MW_OK : MW_AGAIN);
            MW_CHECK_STATUS(mw_parts_take(&p, s[i].number, (mw_slice){s[i].bytes, s[i].n},
                                          address_of(frame), MW_SPAN_OF(out), &got),
                            MW_DUPLICATE);
        }
        MW_CHECK_EQ(got, size);
        assert_memory_equal(out, frame, size);
        /* What comes late changes nothing. */
        MW_CHECK_STATUS(mw_parts_take(&p, s[n - 1].number, (mw_slice){s[n - 1].bytes, s[n - 1].n},
                                      address_of(frame), MW_SPAN_OF(out), &got),
                        MW_DUPLICATE);
    }
}

MW_TEST(two_lost_parts_lose_the_frame_and_no_other) {
    mw_prng g = mw_prng_of_seed(2);
    for (unsigned round = 0; round < 1000; round++) {
        uint8_t frame[3][FRAME_MAX], out[FRAME_MAX];
        sent s[3 * (MW_PARTS_MAX + 1)];
        unsigned total = 0, whole = 0;
        size_t size = 4 + MW_PARTS_SIGFOX * (2 + mw_prng_below(&g, 6)), got;
        unsigned n = (unsigned)(size - 4) / MW_PARTS_SIGFOX;
        for (unsigned f = 0; f < 3; f++) {
            frame_make(&g, frame[f], size);
            cut_all(frame[f], size, MW_PARTS_SIGFOX, f, 4090 + f * (n + 1), 4096, s + total);
            if (f == 1) {
                /* Two parts of the middle frame are lost. */
                shuffle(&g, s + total, n + 1);
                total += n - 1;
            } else {
                total += n + 1;
            }
        }
        shuffle(&g, s, total);
        mw_parts p;
        mw_parts_init(&p, MW_PARTS_SIGFOX, 12);
        for (unsigned i = 0; i < total; i++) {
            mw_status st = mw_parts_take(&p, s[i].number, (mw_slice){s[i].bytes, s[i].n}, 9,
                                         MW_SPAN_OF(out), &got);
            if (st != MW_OK)
                continue;
            whole++;
            MW_CHECK_EQ(got, size);
            MW_CHECK(memcmp(out + 4, frame[0] + 4, size - 4) == 0 ||
                     memcmp(out + 4, frame[2] + 4, size - 4) == 0);
        }
        MW_CHECK_EQ(whole, 2);
    }
}

MW_TEST(what_is_no_part_is_refused) {
    mw_parts p;
    mw_parts_init(&p, MW_PARTS_NBFI, 20);
    uint8_t out[FRAME_MAX], message[9] = {1 << 3 | 2};
    size_t n;
    MW_CHECK_STATUS(mw_parts_take(&p, 0, (mw_slice){message, 8}, 1, MW_SPAN_OF(out), &n),
                    MW_SYNTAX); /* part 2 of 1 */
    message[0] = 0;
    MW_CHECK_STATUS(mw_parts_take(&p, 0, (mw_slice){message, 8}, 1, MW_SPAN_OF(out), &n),
                    MW_SYNTAX); /* of no parts */
    message[0] = 1 << 3;
    MW_CHECK_STATUS(mw_parts_take(&p, 0, (mw_slice){message, 9}, 1, MW_SPAN_OF(out), &n),
                    MW_SYNTAX); /* too long */
    MW_CHECK_STATUS(mw_parts_take(&p, 0, (mw_slice){message, 8}, 1, (mw_span){out, 10}, &n),
                    MW_SPACE);
    MW_CHECK_OK(mw_parts_take(&p, 0, (mw_slice){message, 8}, 1, MW_SPAN_OF(out), &n));
    MW_CHECK_EQ(n, 11);
    uint8_t body[8 * 7] = {0};
    MW_CHECK_STATUS(mw_parts_cut((mw_slice){body, 8}, 7, 0, 0, MW_SPAN_OF(out), &n), MW_RANGE);
    MW_CHECK_STATUS(mw_parts_cut((mw_slice){body, 56}, 7, 0, 0, MW_SPAN_OF(out), &n), MW_RANGE);
    MW_CHECK_STATUS(mw_parts_cut((mw_slice){body, 14}, 7, 0, 3, MW_SPAN_OF(out), &n), MW_RANGE);
}

MW_TEST(every_carrier_says_what_a_frame_costs) {
    uint8_t frame[MW_CARRIER_FRAME_MAX] = {1, 2, 3, 4}, out[MW_CARRIER_MESSAGE_MAX];
    size_t n;
    for (unsigned c = MW_CARRIER_SIGFOX; c < MW_CARRIER_COUNT; c++) {
        for (unsigned rate = 0; rate < MW_CARRIER_RATES; rate++) {
            mw_carrier carrier = (mw_carrier)c;
            size_t most = mw_carrier_frame_max(carrier, rate);
            MW_CHECK(most >= 29 && most <= MW_CARRIER_FRAME_MAX);
            MW_CHECK_EQ(mw_carrier_frame_size(carrier, most), most);
            unsigned slow = mw_carrier_messages(carrier, rate, most, false);
            MW_CHECK(slow * mw_carrier_airtime_ms(carrier, rate, 12) <
                     mw_carrier_duty_ppm(carrier) * 36 / 10);
            for (size_t bytes = 14; bytes <= most; bytes++) {
                size_t size = mw_carrier_frame_size(carrier, bytes);
                MW_CHECK(size >= bytes && size <= most);
                unsigned messages = mw_carrier_messages(carrier, rate, size, true);
                for (unsigned i = 0; i < messages; i++) {
                    MW_CHECK_OK(mw_carrier_message(carrier, rate, (mw_slice){frame, size}, 5, true,
                                                   i, MW_SPAN_OF(out), &n));
                    MW_CHECK(mw_carrier_airtime_ms(carrier, rate, n) > 0);
                }
                MW_CHECK_STATUS(mw_carrier_message(carrier, rate, (mw_slice){frame, size}, 5, true,
                                                   messages, MW_SPAN_OF(out), &n),
                                MW_RANGE);
            }
        }
    }
    MW_CHECK_STR(mw_carrier_name(MW_CARRIER_NBIOT), "nbiot");
    MW_CHECK_EQ(mw_carrier_airtime_ms(MW_CARRIER_SIGFOX, 0, 12), 6240);
    MW_CHECK_EQ(mw_carrier_airtime_ms(MW_CARRIER_NBFI, 0, 8), 5760);
}

MW_TEST_MAIN(MW_CASE(any_n_of_n_and_one_give_the_frame),
             MW_CASE(two_lost_parts_lose_the_frame_and_no_other),
             MW_CASE(what_is_no_part_is_refused), MW_CASE(every_carrier_says_what_a_frame_costs))
