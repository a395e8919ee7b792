/* SPDX-License-Identifier: Apache-2.0 */
#include "base/prng.h"
#include "protocols/carriers/coap.h"
#include "tests/harness/mw_test.h"

/* RFC 7252, appendix A, figure 16 and the values of its text: GET /temperature, id 0x7d34, and the
 * piggybacked answer "22.3 C". */
MW_TEST(the_example_of_the_standard) {
    mw_coap_message m;
    MW_CHECK_OK(mw_coap_decode(mw_test_hex("40017d34bb74656d7065726174757265"), &m));
    MW_CHECK_EQ(m.type, MW_COAP_CON);
    MW_CHECK_EQ(m.code, MW_COAP_CODE(0, 1));
    MW_CHECK_EQ(m.id, 0x7d34);
    MW_CHECK(m.any_path && !m.path_is_ours && m.payload.n == 0);
    MW_CHECK_OK(mw_coap_decode(mw_test_hex("60457d34ff32322e332043"), &m));
    MW_CHECK_EQ(m.type, MW_COAP_ACK);
    MW_CHECK_EQ(m.code, MW_COAP_CODE(2, 5));
    MW_CHECK_BYTES(m.payload, "22.3 C", 6);
}

MW_TEST(format_errors_are_refused) {
    mw_coap_message m;
    static const struct {
        const char *hex;
        mw_status status;
    } bad[] = {
        {"40", MW_SHORT},
        {"80010000", MW_UNSUPPORTED},              /* version 2 */
        {"49010000010203040506070809", MW_SYNTAX}, /* a token of 9 */
        {"4100000001", MW_SYNTAX},                 /* an empty message with a token */
        {"40020000ff", MW_SYNTAX},                 /* a marker and no payload */
        {"40020000f0", MW_SYNTAX},                 /* delta 15 */
        {"40020000b8736d70", MW_SHORT},            /* an option that ends beyond */
        {"42020000aa", MW_SHORT},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        MW_CHECK_STATUS(mw_coap_decode(mw_test_hex(bad[i].hex), &m), bad[i].status);
}

/* A line of datagrams that loses and doubles in both directions. */
static void exchange(mw_prng *g, uint8_t szx, unsigned loss_percent, bool *out_delivered) {
    uint8_t frame[119], datagram[200], answer[64], ack[4];
    size_t n, m, acks, size = 20 + mw_prng_below(g, 100);
    for (size_t i = 0; i < size; i++)
        frame[i] = (uint8_t)mw_prng_u64(g);
    uint32_t counter = (uint32_t)mw_prng_u64(g);
    mw_coap_exchange x;
    mw_coap_inbox box = {0};
    unsigned taken = 0;
    MW_CHECK_OK(mw_coap_begin(&x, (mw_slice){frame, size}, counter, szx, (uint32_t)counter));
    *out_delivered = false;
    uint32_t waited = 0;
    for (;;) {
        bool answered = false;
        MW_CHECK_OK(mw_coap_send(&x, MW_SPAN_OF(datagram), &n));
        unsigned times = 1 + (unsigned)mw_prng_below(g, 2);
        for (unsigned t = 0; t < times && !*out_delivered; t++) {
            mw_slice got, reply;
            if (mw_prng_below(g, 100) < loss_percent)
                continue;
            mw_status s = mw_coap_take(&box, (mw_slice){datagram, n}, mw_slice_of_str("down"),
                                       MW_SPAN_OF(answer), &m, &got);
            if (s == MW_OK) {
                taken++;
                MW_CHECK_BYTES(got, frame, size);
            }
            MW_CHECK(s == MW_OK || s == MW_AGAIN || s == MW_DUPLICATE);
            if (mw_prng_below(g, 100) < loss_percent)
                continue;
            s = mw_coap_answer(&x, (mw_slice){answer, m}, ack, &acks, &reply);
            if (s == MW_OK) {
                MW_CHECK_BYTES(reply, "down", 4);
                *out_delivered = true;
            }
            answered = answered || s == MW_OK || s == MW_AGAIN;
        }
        if (*out_delivered)
            break;
        waited += x.wait_ms;
        if (!answered && mw_coap_waited(&x) != MW_OK)
            break;
    }
    MW_CHECK(taken <= 1);
    MW_CHECK(!*out_delivered || taken == 1);
    MW_CHECK(waited < 16 * 93000u);
}

MW_TEST(a_frame_is_delivered_once_or_given_up) {
    mw_prng g = mw_prng_of_seed(4);
    unsigned delivered = 0;
    for (unsigned round = 0; round < 3000; round++) {
        bool good;
        exchange(&g, (uint8_t)(round % 7), round % 3 == 0 ? 0 : 30, &good);
        MW_CHECK(good || round % 3 != 0);
        delivered += good;
    }
    MW_CHECK(delivered > 2800);
}

MW_TEST(an_answer_may_come_by_itself) {
    static const uint8_t frame[30] = {1, 2, 3};
    uint8_t datagram[100], ack[4];
    size_t n, acks;
    mw_slice payload;
    mw_coap_exchange x;
    MW_CHECK_OK(mw_coap_begin(&x, MW_SLICE_OF(frame), 1, 6, 0));
    MW_CHECK_EQ(x.wait_ms, MW_COAP_ACK_TIMEOUT_MS);
    MW_CHECK_OK(mw_coap_send(&x, MW_SPAN_OF(datagram), &n));
    MW_CHECK_STATUS(mw_coap_answer(&x, mw_test_hex("60000010"), ack, &acks, &payload), MW_AGAIN);
    MW_CHECK(x.answer_waits);
    /* CON 2.04 with the token, four zero bytes here, and its own id. */
    MW_CHECK_OK(mw_coap_answer(&x, mw_test_hex("4444abcd00000000ff99"), ack, &acks, &payload));
    MW_CHECK_BYTES(((mw_slice){ack, acks}), mw_test_hex("6000abcd").p, 4);
    MW_CHECK_BYTES(payload, "\x99", 1);
    /* Of somebody else: another token. */
    MW_CHECK_STATUS(mw_coap_answer(&x, mw_test_hex("4444abce00000001ff99"), ack, &acks, &payload),
                    MW_NOT_FOUND);
}

MW_TEST(what_is_not_a_report_is_told_so) {
    mw_coap_inbox box = {0};
    uint8_t answer[64];
    size_t n;
    mw_slice got, none = {NULL, 0};
    static const struct {
        const char *hex;
        mw_status status;
        uint8_t code;
    } given[] = {
        {"40010001b3736d70", MW_FORBIDDEN, MW_COAP_NOT_ALLOWED}, /* GET /smp */
        {"40020002b3666f6fff0102030405", MW_NOT_FOUND, MW_COAP_NOT_FOUND},
        {"40020003b3736d70ff01", MW_RANGE, MW_COAP_BAD_REQUEST}, /* shorter than a tag */
        {"40020005b3736d706100ff0102030405", MW_UNSUPPORTED, MW_COAP_BAD_OPTION}, /* option 17 */
    };
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
        MW_CHECK_STATUS(
            mw_coap_take(&box, mw_test_hex(given[i].hex), none, MW_SPAN_OF(answer), &n, &got),
            given[i].status);
        mw_coap_message m;
        MW_CHECK_OK(mw_coap_decode((mw_slice){answer, n}, &m));
        MW_CHECK_EQ(m.code, given[i].code);
        MW_CHECK_EQ(m.type, MW_COAP_ACK);
    }
    /* Block 1 without block 0. */
    mw_coap_message m = {.type = MW_COAP_CON,
                         .code = MW_COAP_POST,
                         .id = 9,
                         .any_path = true,
                         .block1 = {true, false, 1, 2},
                         .payload = mw_slice_of_str("late")};
    uint8_t datagram[64];
    MW_CHECK_OK(mw_coap_encode(&m, MW_SPAN_OF(datagram), &n));
    MW_CHECK_STATUS(mw_coap_take(&box, (mw_slice){datagram, n}, none, MW_SPAN_OF(answer), &n, &got),
                    MW_RANGE);
    MW_CHECK_OK(mw_coap_decode((mw_slice){answer, n}, &m));
    MW_CHECK_EQ(m.code, MW_COAP_INCOMPLETE);
}

MW_TEST_MAIN(MW_CASE(the_example_of_the_standard), MW_CASE(format_errors_are_refused),
             MW_CASE(a_frame_is_delivered_once_or_given_up), MW_CASE(an_answer_may_come_by_itself),
             MW_CASE(what_is_not_a_report_is_told_so))
