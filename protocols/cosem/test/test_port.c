/* SPDX-License-Identifier: Apache-2.0
 * A meter's ports over the wrapper: several associations in one socket, a new one on an open socket,
 * and UDP, where datagrams get lost, come twice and come from anybody. */
#include "protocols/cosem/port.h"
#include "protocols/cosem/test/server_device.h"
#include "tests/harness/mw_test.h"

static little_device d;
static mw_cosem_device device;
static mw_cosem_server s;
static mw_cosem_association associations[3];
static uint8_t plain[512], gathered[3 * 700], memory[2 * 600], out[1200], frame[600];
static size_t out_n, frame_n;
static mw_cosem_socket port;
static mw_cosem_datagrams udp;
static mw_mono now;

static void fresh(void) {
    static const mw_key key = {{1, 2, 3}};
    mw_cosem_keys_fini(&d.keys); /* of the test before */
    memset(&d, 0, sizeof d);
    d.rows = 40;
    d.random = mw_prng_of_seed(1);
    MW_CHECK_OK(mw_cosem_keys_init(&d.keys, &mw_gcm_openssl, &key, &key));
    device = little_device_of(&d);
    mw_cosem_server_init(&s, &device, associations, MW_SPAN_OF(plain), MW_SPAN_OF(gathered));
    now = (mw_mono){1000};
}

static mw_slice wrapped(uint8_t sap, mw_slice apdu) {
    mw_cosem_wrapper w = {sap, 1, apdu};
    MW_CHECK_OK(mw_cosem_wrapper_encode(&w, MW_SPAN_OF(frame), &frame_n));
    return (mw_slice){frame, frame_n};
}

static mw_slice aarq(uint8_t sap, const char *password) {
    static uint8_t apdu[256];
    uint8_t room[64];
    size_t n;
    mw_cosem_initiate i = {.version = 6, .conformance = LITTLE_SERVES, .max_pdu = 120};
    MW_CHECK_OK(mw_cosem_initiate_encode(&i, MW_SPAN_OF(room), &n));
    mw_cosem_associate r = {.context = MW_COSEM_CONTEXT_LN, .user = {room, n}};
    if (password != NULL) {
        r.has_authentication = r.has_mechanism = r.has_value = true;
        r.mechanism = MW_COSEM_MECHANISM_LOW;
        r.value = mw_slice_of_str(password);
    }
    MW_CHECK_OK(mw_cosem_associate_encode(&r, MW_SPAN_OF(apdu), &n));
    return wrapped(sap, (mw_slice){apdu, n});
}

static mw_slice request(uint8_t sap, mw_cosem_apdu_kind kind, uint16_t class_id, mw_obis name,
                        int8_t member, mw_slice data) {
    static uint8_t apdu[600];
    size_t n;
    mw_cosem_apdu r = {.kind = kind,
                       .invoke = 0xc1,
                       .item = {.class_id = class_id,
                                .name = name,
                                .member = member,
                                .has_data = data.n != 0,
                                .data = data}};
    MW_CHECK_OK(mw_cosem_apdu_encode(&r, MW_SPAN_OF(apdu), &n));
    return wrapped(sap, (mw_slice){apdu, n});
}

static mw_slice energy(uint8_t sap) {
    return request(sap, MW_COSEM_GET_REQUEST, 3, ENERGY, 2, (mw_slice){0});
}

/* The first byte of the answer's APDU; checks the header. */
static int answer_to(uint8_t sap) {
    mw_cosem_wrapper w;
    if (out_n == 0)
        return -1;
    MW_CHECK_OK(mw_cosem_wrapper_decode((mw_slice){out, out_n}, &w));
    MW_CHECK(w.source == 1 && w.destination == sap && w.apdu.n != 0);
    return w.apdu.p[0];
}

static bool was_accepted(void) {
    mw_cosem_wrapper w;
    mw_cosem_associate a;
    return mw_cosem_wrapper_decode((mw_slice){out, out_n}, &w) == MW_OK &&
           mw_cosem_associate_decode(w.apdu, &a) == MW_OK && a.result == MW_COSEM_ACCEPTED;
}

static int over_tcp(uint8_t sap, mw_slice bytes) {
    MW_CHECK_EQ(mw_cosem_socket_take(&port, bytes), bytes.n);
    MW_CHECK_OK(mw_cosem_socket_next(&port, MW_SPAN_OF(out), &out_n));
    return answer_to(sap);
}

MW_TEST(several_clients_share_a_socket) {
    fresh();
    mw_cosem_socket_init(&port, &s, MW_SPAN_OF(memory));
    MW_CHECK_EQ(over_tcp(SAP_PUBLIC, aarq(SAP_PUBLIC, NULL)), 0x61);
    MW_CHECK_EQ(over_tcp(SAP_READER, aarq(SAP_READER, "12345678")), 0x61);
    /* Turn by turn, each with its own rights; the public client may not read energy. */
    for (unsigned i = 0; i < 3; i++) {
        MW_CHECK_EQ(over_tcp(SAP_PUBLIC,
                             request(SAP_PUBLIC, MW_COSEM_GET_REQUEST, 1, NAME, 2, (mw_slice){0})),
                    0xC4);
        MW_CHECK_EQ(over_tcp(SAP_READER, energy(SAP_READER)), 0xC4);
        MW_CHECK_EQ(out[MW_COSEM_WRAPPER_BYTES + 3], 0); /* data */
        MW_CHECK_EQ(over_tcp(SAP_PUBLIC, energy(SAP_PUBLIC)), 0xC4);
        MW_CHECK_EQ(out[MW_COSEM_WRAPPER_BYTES + 3], 1); /* a result: denied */
    }
    /* A transfer in blocks of one goes on while the other asks. */
    MW_CHECK_EQ(over_tcp(SAP_READER,
                         request(SAP_READER, MW_COSEM_GET_REQUEST, 7, PROFILE, 2, (mw_slice){0})),
                0xE0);
    MW_CHECK_EQ(
        over_tcp(SAP_PUBLIC, request(SAP_PUBLIC, MW_COSEM_GET_REQUEST, 1, NAME, 2, (mw_slice){0})),
        0xC4);
    static const uint8_t ack[] = {0xE0, 0x81, 0, 1, 0, 1, 0};
    MW_CHECK_EQ(over_tcp(SAP_READER, wrapped(SAP_READER, MW_SLICE_OF(ack))), 0xE0);
}

MW_TEST(a_client_associates_again_on_an_open_socket) {
    fresh();
    mw_cosem_socket_init(&port, &s, MW_SPAN_OF(memory));
    for (unsigned i = 0; i < 4;
         i++) { /* as public, then as reader, then again, without a release */
        MW_CHECK_EQ(over_tcp(SAP_PUBLIC, aarq(SAP_PUBLIC, NULL)), 0x61);
        MW_CHECK(was_accepted());
        MW_CHECK_EQ(over_tcp(SAP_READER, aarq(SAP_READER, "12345678")), 0x61);
        MW_CHECK(was_accepted());
        MW_CHECK_EQ(over_tcp(SAP_READER, energy(SAP_READER)), 0xC4);
    }
    /* A wrong password on the open association ends it, and a right one opens it again. */
    MW_CHECK_EQ(over_tcp(SAP_READER, aarq(SAP_READER, "wrong")), 0x61);
    MW_CHECK(!was_accepted());
    MW_CHECK_EQ(over_tcp(SAP_READER, energy(SAP_READER)), 0xD8);
    MW_CHECK_EQ(over_tcp(SAP_READER, aarq(SAP_READER, "12345678")), 0x61);
    MW_CHECK_EQ(over_tcp(SAP_READER, energy(SAP_READER)), 0xC4);
}

MW_TEST(a_socket_streams_a_window) {
    fresh();
    mw_cosem_socket_init(&port, &s, MW_SPAN_OF(memory));
    MW_CHECK_EQ(over_tcp(SAP_READER, aarq(SAP_READER, "12345678")), 0x61);
    MW_CHECK_EQ(over_tcp(SAP_READER,
                         request(SAP_READER, MW_COSEM_GET_REQUEST, 7, PROFILE, 2, (mw_slice){0})),
                0xE0);
    MW_CHECK_STATUS(mw_cosem_socket_next(&port, MW_SPAN_OF(out), &out_n), MW_AGAIN);
    static const uint8_t ack[] = {0xE0, 0x83, 0, 1, 0, 1, 0}; /* block 1 came, three at once */
    MW_CHECK_EQ(over_tcp(SAP_READER, wrapped(SAP_READER, MW_SLICE_OF(ack))), 0xE0);
    for (unsigned i = 0; i < 2; i++) {
        MW_CHECK_OK(mw_cosem_socket_next(&port, MW_SPAN_OF(out), &out_n));
        MW_CHECK_EQ(answer_to(SAP_READER), 0xE0);
    }
    MW_CHECK_STATUS(mw_cosem_socket_next(&port, MW_SPAN_OF(out), &out_n), MW_AGAIN);
}

static int over_udp(uint64_t peer, uint8_t sap, mw_slice datagram) {
    MW_CHECK_OK(mw_cosem_datagrams_take(&udp, peer, datagram, now, MW_SPAN_OF(out), &out_n));
    return answer_to(sap);
}

MW_TEST(a_datagram_is_one_request) {
    fresh();
    mw_cosem_datagrams_init(&udp, &s, MW_SPAN_OF(memory));
    MW_CHECK_EQ(over_udp(7, SAP_READER, aarq(SAP_READER, "12345678")), 0x61);
    MW_CHECK_EQ(over_udp(7, SAP_READER, energy(SAP_READER)), 0xC4);
    MW_CHECK_EQ(over_udp(7, 99, energy(99)), 0xD8); /* nobody by this number */
    mw_slice good = energy(SAP_READER);
    for (size_t n = 0; n < good.n; n++) /* cut, or with bytes behind it: no answer */
        MW_CHECK_EQ(over_udp(7, SAP_READER, (mw_slice){good.p, n}), -1);
    frame[frame_n] = 0;
    MW_CHECK_EQ(over_udp(7, SAP_READER, (mw_slice){frame, frame_n + 1}), -1);
    frame[5] = 2; /* another logical device */
    MW_CHECK_EQ(over_udp(7, SAP_READER, (mw_slice){frame, frame_n}), -1);
    /* A window of general blocks. */
    MW_CHECK_EQ(over_udp(7, SAP_READER,
                         request(SAP_READER, MW_COSEM_GET_REQUEST, 7, PROFILE, 2, (mw_slice){0})),
                0xE0);
    static const uint8_t ack[] = {0xE0, 0x82, 0, 1, 0, 1, 0};
    MW_CHECK_EQ(over_udp(7, SAP_READER, wrapped(SAP_READER, MW_SLICE_OF(ack))), 0xE0);
    MW_CHECK_OK(mw_cosem_datagrams_more(&udp, MW_SPAN_OF(out), &out_n));
    MW_CHECK_EQ(answer_to(SAP_READER), 0xE0);
    MW_CHECK_STATUS(mw_cosem_datagrams_more(&udp, MW_SPAN_OF(out), &out_n), MW_NOT_FOUND);
}

MW_TEST(nobody_rides_on_anothers_association) {
    fresh();
    mw_cosem_datagrams_init(&udp, &s, MW_SPAN_OF(memory));
    MW_CHECK_EQ(over_udp(7, SAP_READER, aarq(SAP_READER, "12345678")), 0x61);
    MW_CHECK_EQ(over_udp(8, SAP_READER, energy(SAP_READER)), 0xD8);
    MW_CHECK_EQ(over_udp(7, SAP_READER, energy(SAP_READER)), 0xC4);
    /* Who opens it anew has it, and only with the password. */
    MW_CHECK_EQ(over_udp(8, SAP_READER, aarq(SAP_READER, "wrong")), 0x61);
    MW_CHECK_EQ(over_udp(8, SAP_READER, energy(SAP_READER)), 0xD8);
    MW_CHECK_EQ(over_udp(8, SAP_READER, aarq(SAP_READER, "12345678")), 0x61);
    MW_CHECK_EQ(over_udp(8, SAP_READER, energy(SAP_READER)), 0xC4);
    MW_CHECK_EQ(over_udp(7, SAP_READER, energy(SAP_READER)), 0xD8);
}

MW_TEST(a_repeated_order_is_executed_once) {
    fresh();
    mw_cosem_datagrams_init(&udp, &s, MW_SPAN_OF(memory));
    MW_CHECK_EQ(over_udp(7, SAP_READER, aarq(SAP_READER, "12345678")), 0x61);
    static const uint8_t zero[] = {MW_COSEM_INT8, 0};
    static mw_cosem_client plain_master; /* who may switch, unsealed */
    plain_master = little_clients[2];
    plain_master.ciphered = false;
    associations[1].client = &plain_master;
    mw_slice order = request(SAP_READER, MW_COSEM_ACTION_REQUEST, 70, RELAY, 1, MW_SLICE_OF(zero));
    MW_CHECK_EQ(over_udp(7, SAP_READER, order), 0xC7);
    MW_CHECK_EQ(d.relay, 1);
    size_t n = out_n;
    for (unsigned i = 0; i < 3; i++) { /* its answer was lost */
        now.ns += INT64_C(2000000000);
        MW_CHECK_EQ(over_udp(7, SAP_READER, order), 0xC7);
        MW_CHECK_EQ(out_n, n);
    }
    MW_CHECK_EQ(d.relay, 1);
    now.ns += INT64_C(60000000000); /* much later it is meant */
    MW_CHECK_EQ(over_udp(7, SAP_READER, order), 0xC7);
    MW_CHECK_EQ(d.relay, 2);
    /* A register is read anew each time. */
    MW_CHECK_EQ(over_udp(7, SAP_READER, energy(SAP_READER)), 0xC4);
}

MW_TEST_MAIN(MW_CASE(several_clients_share_a_socket),
             MW_CASE(a_client_associates_again_on_an_open_socket),
             MW_CASE(a_socket_streams_a_window), MW_CASE(a_datagram_is_one_request),
             MW_CASE(nobody_rides_on_anothers_association),
             MW_CASE(a_repeated_order_is_executed_once))
