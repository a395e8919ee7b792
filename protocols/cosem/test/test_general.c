/* SPDX-License-Identifier: Apache-2.0
 * General block transfer between the client's session and the server, over a link that loses. */
#include "protocols/cosem/blocks.h"
#include "protocols/cosem/client.h"
#include "protocols/cosem/test/server_device.h"
#include "tests/harness/mw_test.h"

enum { QUEUE = 64, PDU = 128 };

static little_device d;
static mw_cosem_device device;
static mw_cosem_server s;
static mw_cosem_association associations[3];
static uint8_t plain[1024], gathered[3 * 2048];
static mw_cosem_session c;
static uint8_t request[2048], sealed[4096], answer[600], whole[40000], value[40000];
static size_t value_n;
static mw_cosem_keys keys;
static uint32_t counter;
static uint8_t sap;

/* The way back: what the server has sent and the client has not taken yet. */
static struct {
    uint8_t b[QUEUE][600];
    size_t n[QUEUE];
    unsigned first, count;
    mw_prng random;
    unsigned loss; /* of 100, both ways */
    unsigned most; /* APDUs in a row, the longest seen */
    unsigned lost, carried;
} line;

static bool loses(void) {
    bool lost = mw_prng_u64(&line.random) % 100 < line.loss;
    line.lost += lost;
    return lost;
}

static void enqueue(size_t n) {
    line.carried++;
    if (!loses())
        line.n[(line.first + line.count++) % QUEUE] = n;
}

static mw_status receive(void *context, mw_span out, size_t *out_size, mw_cosem_fault *fault) {
    (void)context;
    *fault = MW_COSEM_FAULT_NO_CARRIER;
    if (line.count == 0)
        return MW_TIMEOUT;
    unsigned i = line.first;
    line.first = (line.first + 1) % QUEUE;
    line.count--;
    MW_CHECK(line.n[i] <= out.n && line.n[i] <= PDU);
    memcpy(out.p, line.b[i], line.n[i]);
    *out_size = line.n[i];
    return MW_OK;
}

static mw_status exchange(void *context, mw_slice apdu, mw_span out, size_t *out_size,
                          mw_cosem_fault *fault) {
    bool opening = apdu.p[0] != 0xE0; /* what is not a general block is carried safely */
    unsigned loss = line.loss;
    if (opening)
        line.loss = 0;
    line.count = 0;
    if (!loses()) {
        size_t n = 0;
        mw_span room = {line.b[(line.first + line.count) % QUEUE], sizeof line.b[0]};
        MW_CHECK_OK(mw_cosem_server_take(&s, sap, apdu, room, &n));
        unsigned in_row = 0;
        while (n != 0) {
            in_row++;
            enqueue(n);
            n = 0;
            room.p = line.b[(line.first + line.count) % QUEUE];
            if (mw_cosem_server_more(&s, sap, room, &n) != MW_OK)
                break;
        }
        if (in_row > line.most)
            line.most = in_row;
    }
    line.loss = loss;
    return receive(context, out, out_size, fault);
}

static mw_status next_counter(void *context, uint32_t *out) {
    (void)context;
    *out = ++counter;
    return MW_OK;
}

static void random_of(void *context, mw_span out) {
    (void)context;
    memset(out.p, 9, out.n);
}

static void fresh(bool streaming, unsigned loss, uint64_t seed) {
    static const mw_key key = {{0, 1, 2, 3, 4, 5, 6, 7, 8}};
    mw_cosem_keys_fini(&d.keys); /* of the test before */
    mw_cosem_keys_fini(&keys);
    memset(&d, 0, sizeof d);
    memset(&line, 0, sizeof line);
    d.rows = 100;
    d.random = mw_prng_of_seed(1);
    line.random = mw_prng_of_seed(seed);
    line.loss = loss;
    MW_CHECK_OK(mw_cosem_keys_init(&d.keys, &mw_gcm_openssl, &key, &key));
    MW_CHECK_OK(mw_cosem_keys_init(&keys, &mw_gcm_openssl, &key, &key));
    device = little_device_of(&d);
    mw_cosem_server_init(&s, &device, associations, MW_SPAN_OF(plain), MW_SPAN_OF(gathered));
    s.streaming = streaming;
}

static void open_as(uint8_t who, uint8_t window, uint32_t conformance) {
    sap = who;
    mw_cosem_session_config config = {.mechanism = who == SAP_READER ? MW_COSEM_MECHANISM_LOW
                                                   : who == SAP_MASTER
                                                       ? MW_COSEM_MECHANISM_HIGH_GMAC
                                                       : MW_COSEM_MECHANISM_NONE,
                                      .ciphered = who == SAP_MASTER,
                                      .password = mw_slice_of_str("12345678"),
                                      .title = {{'C', 'L', 'I', 'E', 'N', 'T', '0', '1'}},
                                      .keys = &keys,
                                      .conformance = conformance,
                                      .max_pdu = PDU,
                                      .exchange = exchange,
                                      .receive = window > 1 ? receive : NULL,
                                      .window = window,
                                      .next_counter = next_counter,
                                      .random = random_of,
                                      .request = MW_SPAN_OF(request),
                                      .sealed = MW_SPAN_OF(sealed),
                                      .answer = MW_SPAN_OF(answer),
                                      .gathered = MW_SPAN_OF(whole)};
    mw_cosem_session_init(&c, &config);
    MW_CHECK_OK(mw_cosem_session_open(&c));
    MW_CHECK(conformance != 0 || (c.conformance & MW_COSEM_CONFORMANCE(2)));
}

/* Reads the profile and checks each row. */
static void read_rows(unsigned rows) {
    mw_cosem_item what = {.class_id = 7, .name = PROFILE, .member = 2};
    d.rows = rows;
    MW_CHECK_OK(mw_cosem_session_get(&c, &what, MW_SPAN_OF(value), &value_n));
    mw_cosem_cursor cursor = mw_cosem_cursor_of((mw_slice){value, value_n}, 0);
    mw_cosem_value v;
    MW_CHECK_OK(mw_cosem_cursor_next(&cursor, &v));
    MW_CHECK_EQ(v.count, rows);
    for (unsigned i = 1; i <= rows; i++) {
        MW_CHECK_OK(mw_cosem_cursor_next(&cursor, &v));
        MW_CHECK_OK(mw_cosem_cursor_next(&cursor, &v));
        MW_CHECK_EQ(v.number, i);
        MW_CHECK_OK(mw_cosem_cursor_next(&cursor, &v));
        MW_CHECK_EQ(v.number, 7 * i);
    }
    MW_CHECK_EQ(cursor.reader.at, value_n);
}

MW_TEST(long_answers_go_in_general_blocks_of_every_window) {
    static const uint8_t windows[] = {1, 2, 5, 16, 63};
    for (unsigned i = 0; i < sizeof windows; i++) {
        fresh(true, 0, 1);
        open_as(SAP_READER, windows[i], 0);
        unsigned before = c.exchanges;
        read_rows(100); /* 1202 bytes: out of the memory */
        unsigned blocks = (1202 + 4 + PDU - 10) / (PDU - 9);
        MW_CHECK_EQ(line.most, windows[i] < blocks - 1 ? windows[i] : blocks - 1);
        MW_CHECK_EQ(c.exchanges - before, 1 + (blocks - 1 + windows[i] - 1) / windows[i]);
        read_rows(2000); /* 24 kB: made anew for each block */
        read_rows(3);    /* short: as it is */
        MW_CHECK_EQ(c.lost, 0);
    }
}

MW_TEST(a_line_that_polls_gets_one_block_at_a_time) {
    fresh(false, 0, 1);
    open_as(SAP_READER, 16, 0);
    read_rows(100);
    MW_CHECK_EQ(line.most, 1);
}

MW_TEST(lost_blocks_are_sent_again) {
    unsigned lost = 0, asked = 0;
    for (uint64_t seed = 0; seed < 60; seed++) {
        fresh(true, 12, seed);
        open_as(SAP_READER, (uint8_t)(1 + seed % 20), 0);
        read_rows(60 + (unsigned)seed * 5);
        lost += line.lost;
        asked += c.lost;
        MW_CHECK(line.carried < 40 * 20);
    }
    MW_CHECK(lost > 100 && asked > 20);
}

MW_TEST(sealed_answers_are_sealed_whole_and_then_cut) {
    for (uint64_t seed = 0; seed < 10; seed++) {
        fresh(true, seed == 0 ? 0 : 10, seed);
        open_as(SAP_MASTER, 6, 0);
        uint32_t before = d.sealed;
        read_rows(70);
        MW_CHECK_EQ(d.sealed - before, 1); /* one seal for all blocks, also for those sent twice */
        read_rows(2000);                   /* longer than the memory: blocks of the service */
        mw_cosem_item list[3] = {{.class_id = 3, .name = ENERGY, .member = 2},
                                 {.class_id = 7, .name = PROFILE, .member = 2},
                                 {.class_id = 3, .name = ENERGY, .member = 3}};
        d.rows = 60;
        MW_CHECK_OK(mw_cosem_session_get_list(&c, list, 3, MW_SPAN_OF(value)));
        MW_CHECK(list[0].has_data && list[1].data.n > 700 && list[2].has_data);
    }
}

MW_TEST(long_requests_come_in_general_blocks) {
    {
        fresh(true, 0, 3);
        open_as(SAP_MASTER, 4, 0);
        uint8_t text[4 + 500] = {MW_COSEM_OCTET_STRING, 0x82, 1, 0xf4};
        for (unsigned i = 0; i < 500; i++)
            text[4 + i] = (uint8_t)(i * 3);
        mw_cosem_item what = {
            .class_id = 1, .name = TEXT, .member = 2, .has_data = true, .data = MW_SLICE_OF(text)};
        c.meter_pdu = PDU; /* as if the meter took no more */
        MW_CHECK_OK(mw_cosem_session_set(&c, &what));
        MW_CHECK_EQ(d.text_n, 500);
        MW_CHECK(memcmp(d.text, text + 4, 500) == 0);
        MW_CHECK_OK(mw_cosem_session_get(&c, &what, MW_SPAN_OF(value), &value_n));
        MW_CHECK(value_n == sizeof text && memcmp(value, text, value_n) == 0);
    }
}

/* Blocks by hand, in a window with one missing. */
MW_TEST(a_window_of_requests_with_a_gap_is_told_where) {
    fresh(true, 0, 1);
    open_as(SAP_READER, 4, 0);
    mw_cosem_apdu get = {.kind = MW_COSEM_GET_REQUEST,
                         .invoke = 0xc1,
                         .item = {.class_id = 3, .name = ENERGY, .member = 2}},
                  back;
    uint8_t apdu[64], out[600];
    size_t n, got;
    mw_cosem_general_sender g;
    MW_CHECK_OK(mw_cosem_apdu_encode(&get, MW_SPAN_OF(apdu), &n));
    MW_CHECK_OK(mw_cosem_general_send(&g, (mw_slice){apdu, n}, 5, 3));
    uint8_t block[3][64];
    size_t block_n[3];
    for (unsigned i = 0; i < 3; i++)
        MW_CHECK_OK(mw_cosem_general_next(&g, MW_SPAN_OF(block[i]), &block_n[i]));
    MW_CHECK_OK(
        mw_cosem_server_take(&s, sap, (mw_slice){block[0], block_n[0]}, MW_SPAN_OF(out), &got));
    MW_CHECK_EQ(got, 0); /* streaming: no answer is due */
    MW_CHECK_OK(
        mw_cosem_server_take(&s, sap, (mw_slice){block[2], block_n[2]}, MW_SPAN_OF(out), &got));
    MW_CHECK_OK(mw_cosem_apdu_decode((mw_slice){out, got}, 0, &back));
    MW_CHECK(back.kind == MW_COSEM_GENERAL_BLOCK && back.acknowledged == 1 && !back.last);
    for (unsigned i = 1; i < 3; i++)
        MW_CHECK_OK(
            mw_cosem_server_take(&s, sap, (mw_slice){block[i], block_n[i]}, MW_SPAN_OF(out), &got));
    MW_CHECK_OK(mw_cosem_apdu_decode((mw_slice){out, got}, 0, &back));
    MW_CHECK(back.last && back.acknowledged == 3 && back.item.data.n != 0);
    MW_CHECK_OK(mw_cosem_apdu_decode(back.item.data, 0, &back));
    MW_CHECK(back.kind == MW_COSEM_GET_RESPONSE && back.item.has_data);
}

MW_TEST(an_acknowledgement_of_what_was_never_sent_ends_the_transfer) {
    fresh(true, 0, 1);
    open_as(SAP_READER, 4, 0);
    mw_cosem_apdu get = {.kind = MW_COSEM_GET_REQUEST,
                         .invoke = 0xc1,
                         .item = {.class_id = 7, .name = PROFILE, .member = 2}};
    mw_cosem_apdu ack = mw_cosem_general_ack(1, 1, 40);
    uint8_t apdu[64], out[600];
    size_t n, got;
    MW_CHECK_OK(mw_cosem_apdu_encode(&get, MW_SPAN_OF(apdu), &n));
    MW_CHECK_OK(mw_cosem_server_take(&s, sap, (mw_slice){apdu, n}, MW_SPAN_OF(out), &got));
    MW_CHECK_EQ(out[0], 0xE0);
    MW_CHECK_OK(mw_cosem_apdu_encode(&ack, MW_SPAN_OF(apdu), &n));
    MW_CHECK_OK(mw_cosem_server_take(&s, sap, (mw_slice){apdu, n}, MW_SPAN_OF(out), &got));
    MW_CHECK_EQ(out[0], 0xD8);
    MW_CHECK_STATUS(mw_cosem_server_more(&s, sap, MW_SPAN_OF(out), &got), MW_NOT_FOUND);
}

MW_TEST(who_did_not_agree_gets_none) {
    fresh(true, 0, 1);
    open_as(SAP_READER, 4, LITTLE_CAN);
    read_rows(100); /* in the service's own blocks */
    mw_cosem_apdu ack = mw_cosem_general_ack(1, 1, 0);
    uint8_t apdu[16], out[600];
    size_t n, got;
    MW_CHECK_OK(mw_cosem_apdu_encode(&ack, MW_SPAN_OF(apdu), &n));
    MW_CHECK_OK(mw_cosem_server_take(&s, sap, (mw_slice){apdu, n}, MW_SPAN_OF(out), &got));
    MW_CHECK_EQ(out[0], 0xD8);
}

MW_TEST_MAIN(MW_CASE(long_answers_go_in_general_blocks_of_every_window),
             MW_CASE(a_line_that_polls_gets_one_block_at_a_time),
             MW_CASE(lost_blocks_are_sent_again),
             MW_CASE(sealed_answers_are_sealed_whole_and_then_cut),
             MW_CASE(long_requests_come_in_general_blocks),
             MW_CASE(a_window_of_requests_with_a_gap_is_told_where),
             MW_CASE(an_acknowledgement_of_what_was_never_sent_ends_the_transfer),
             MW_CASE(who_did_not_agree_gets_none))
