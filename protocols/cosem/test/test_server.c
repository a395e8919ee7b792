/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/cosem/test/server_device.h"

#include "tests/harness/mw_test.h"

static little_device d;
static mw_cosem_device device;
static mw_cosem_server s;
static mw_cosem_association associations[3];
static uint8_t plain[512], gathered[3 * 700], answer[2048];
static size_t answer_n;
static mw_cosem_apdu a; /* the last answer */
static mw_cosem_keys client_keys;
static const mw_cosem_title client_title = {{'C', 'L', 'I', 'E', 'N', 'T', '0', '1'}};
static uint32_t client_counter;

static void fresh(void) {
    static const mw_key encryption = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};
    static const mw_key authentication = {
        {0xd0, 0xd1, 0xd2, 0xd3, 4, 5, 6, 7, 8, 9, 1, 1, 2, 3, 4, 5}};
    memset(&d, 0, sizeof d);
    d.rows = 200;
    d.random = mw_prng_of_seed(1);
    MW_CHECK_OK(mw_cosem_keys_init(&d.keys, &mw_gcm_own, &encryption, &authentication));
    MW_CHECK_OK(mw_cosem_keys_init(&client_keys, &mw_gcm_own, &encryption, &authentication));
    client_counter = 10;
    device = little_device_of(&d);
    mw_cosem_server_init(&s, &device, associations, (mw_span){plain, sizeof plain},
                         (mw_span){gathered, sizeof gathered});
}

static void raw(uint8_t sap, mw_slice apdu) {
    MW_CHECK_OK(mw_cosem_server_take(&s, sap, apdu, (mw_span){answer, sizeof answer}, &answer_n));
}

static mw_slice initiate(uint16_t max_pdu, uint8_t room[64]) {
    mw_cosem_initiate i = {.version = 6, .conformance = LITTLE_CAN, .max_pdu = max_pdu};
    size_t n;
    MW_CHECK_OK(mw_cosem_initiate_encode(&i, (mw_span){room, 64}, &n));
    return (mw_slice){room, n};
}

/* Opens an association with this max PDU; returns the AARE. */
static mw_cosem_associate associate(uint8_t sap, const char *password, uint16_t max_pdu) {
    uint8_t room[64], aarq[256];
    size_t n;
    mw_cosem_associate r = {.context = MW_COSEM_CONTEXT_LN, .user = initiate(max_pdu, room)};
    if (password != NULL) {
        r.has_authentication = r.has_mechanism = r.has_value = true;
        r.mechanism = MW_COSEM_MECHANISM_LOW;
        r.value = mw_slice_of_str(password);
    }
    MW_CHECK_OK(mw_cosem_associate_encode(&r, (mw_span){aarq, sizeof aarq}, &n));
    raw(sap, (mw_slice){aarq, n});
    mw_cosem_associate back;
    MW_CHECK_OK(mw_cosem_associate_decode((mw_slice){answer, answer_n}, &back));
    return back;
}

static void ask(uint8_t sap, const mw_cosem_apdu *request) {
    uint8_t apdu[1024];
    size_t n;
    MW_CHECK_OK(mw_cosem_apdu_encode(request, (mw_span){apdu, sizeof apdu}, &n));
    raw(sap, (mw_slice){apdu, n});
    MW_CHECK_OK(mw_cosem_apdu_decode((mw_slice){answer, answer_n}, 0, &a));
}

static mw_cosem_apdu get_of(uint16_t class_id, mw_obis name, int8_t attribute) {
    return (mw_cosem_apdu){.kind = MW_COSEM_GET_REQUEST,
                           .invoke = 0xc1,
                           .item = {.class_id = class_id, .name = name, .member = attribute}};
}

static void get(uint8_t sap, uint16_t class_id, mw_obis name, int8_t attribute) {
    mw_cosem_apdu request = get_of(class_id, name, attribute);
    ask(sap, &request);
}

/* The number in the answer. */
static int64_t number(void) {
    mw_cosem_cursor c = mw_cosem_cursor_of(a.item.data, 0);
    mw_cosem_value v;
    MW_CHECK(a.item.has_data);
    MW_CHECK_OK(mw_cosem_cursor_next(&c, &v));
    return v.number;
}

MW_TEST(each_client_sees_what_it_may) {
    fresh();
    MW_CHECK_EQ(associate(SAP_PUBLIC, NULL, 200).result, MW_COSEM_ACCEPTED);
    MW_CHECK_EQ(associate(SAP_READER, "12345678", 200).result, MW_COSEM_ACCEPTED);
    get(SAP_PUBLIC, 1, NAME, 2);
    MW_CHECK(a.item.has_data);
    get(SAP_PUBLIC, 3, ENERGY, 2);
    MW_CHECK_EQ(a.item.result, MW_COSEM_DENIED);
    get(SAP_READER, 3, ENERGY, 2);
    MW_CHECK_EQ(number(), 1000);
    get(SAP_READER, 3, REACTIVE, 2);
    MW_CHECK_EQ(number(), 1001);
    get(SAP_READER, 3, REACTIVE, 1);
    MW_CHECK(a.item.has_data && a.item.data.n == 8 && a.item.data.p[4] == 3);
    get(SAP_READER, 4, ENERGY, 2);
    MW_CHECK_EQ(a.item.result, MW_COSEM_CLASS_INCONSISTENT);
    get(SAP_READER, 3, MW_OBIS(1, 0, 9, 8, 0, 255), 2);
    MW_CHECK_EQ(a.item.result, MW_COSEM_UNDEFINED);
    get(SAP_READER, 3, ENERGY, 9);
    MW_CHECK_EQ(a.item.result, MW_COSEM_UNDEFINED);
    MW_CHECK_STATUS(mw_cosem_server_take(&s, 77, (mw_slice){(const uint8_t *)"\xc0", 1},
                                         (mw_span){answer, 500}, &answer_n),
                    MW_NOT_FOUND);
}

MW_TEST(who_is_not_known_gets_nothing) {
    fresh();
    get(SAP_READER, 3, ENERGY, 2);
    MW_CHECK_EQ(a.kind, MW_COSEM_EXCEPTION_RESPONSE);
    mw_cosem_associate r = associate(SAP_READER, "12345679", 200);
    MW_CHECK_EQ(r.result, MW_COSEM_REJECTED);
    MW_CHECK_EQ(r.diagnostic, MW_COSEM_DIAGNOSTIC_AUTHENTICATION_FAILED);
    MW_CHECK_EQ(d.happened[MW_COSEM_WRONG_PASSWORD], 1);
    r = associate(SAP_READER, NULL, 200);
    MW_CHECK_EQ(r.diagnostic, MW_COSEM_DIAGNOSTIC_MECHANISM_REQUIRED);
    r = associate(SAP_PUBLIC, "12345678", 200);
    MW_CHECK_EQ(r.diagnostic, MW_COSEM_DIAGNOSTIC_MECHANISM_UNKNOWN);
    r = associate(SAP_MASTER, "12345678", 200);
    MW_CHECK_EQ(r.diagnostic, MW_COSEM_DIAGNOSTIC_CONTEXT);
    r = associate(SAP_PUBLIC, NULL, 20); /* and the error says why */
    MW_CHECK_EQ(r.result, MW_COSEM_REJECTED);
    MW_CHECK_EQ(r.diagnostic, MW_COSEM_DIAGNOSTIC_NO_REASON);
    mw_cosem_service_error e;
    MW_CHECK_OK(mw_cosem_service_error_decode(r.user, &e));
    MW_CHECK(e.service == MW_COSEM_SERVICE_INITIATE &&
             e.error_class == MW_COSEM_ERROR_CLASS_INITIATE &&
             e.error == MW_COSEM_INITIATE_PDU_TOO_SHORT);
    MW_CHECK_EQ(associate(SAP_READER, "12345678", 200).result, MW_COSEM_ACCEPTED);
    /* A wrong password on an open association ends it. */
    (void)associate(SAP_READER, "x", 200);
    get(SAP_READER, 3, ENERGY, 2);
    MW_CHECK_EQ(a.kind, MW_COSEM_EXCEPTION_RESPONSE);
}

/* Reads on until the last block; the value is in `whole`. */
static size_t blocks(uint8_t sap, uint8_t *whole) {
    size_t n = 0;
    while (a.kind == MW_COSEM_GET_RESPONSE_BLOCK) {
        MW_CHECK(a.item.has_data && answer_n <= 100);
        memcpy(whole + n, a.item.data.p, a.item.data.n);
        n += a.item.data.n;
        if (a.last)
            break;
        mw_cosem_apdu next = {.kind = MW_COSEM_GET_REQUEST_NEXT, .invoke = 0xc1, .block = a.block};
        ask(sap, &next);
    }
    return n;
}

MW_TEST(long_values_come_in_blocks) {
    static uint8_t whole[8192], direct[8192];
    fresh();
    (void)associate(SAP_READER, "12345678", 100);
    get(SAP_READER, 7, PROFILE, 2);
    MW_CHECK_EQ(a.kind, MW_COSEM_GET_RESPONSE_BLOCK);
    MW_CHECK_EQ(a.block, 1);
    size_t n = blocks(SAP_READER, whole);
    mw_cosem_out o = mw_cosem_out_of((mw_span){direct, sizeof direct}, 0);
    mw_cosem_item what = {.member = 2};
    MW_CHECK_EQ(little_get(&d, &little_objects[3], &what, &o), MW_COSEM_DONE);
    MW_CHECK_EQ(n, o.at);
    MW_CHECK(memcmp(whole, direct, n) == 0);
    /* What the whole device offers, in blocks too, is well formed. */
    get(SAP_READER, 15, MW_OBIS(0, 0, 40, 0, 0, 255), 2);
    n = blocks(SAP_READER, whole);
    size_t checked;
    MW_CHECK_OK(mw_cosem_data_check((mw_slice){whole, n}, 0, &checked));
    MW_CHECK_EQ(checked, n);
    MW_CHECK_EQ(whole[1], 7); /* six objects and the association */
    /* A block out of turn ends the transfer. */
    get(SAP_READER, 7, PROFILE, 2);
    mw_cosem_apdu next = {.kind = MW_COSEM_GET_REQUEST_NEXT, .invoke = 0xc1, .block = 7};
    ask(SAP_READER, &next);
    MW_CHECK_EQ(a.item.result, MW_COSEM_BLOCK_NUMBER_INVALID);
    next.block = 1;
    ask(SAP_READER, &next);
    MW_CHECK_EQ(a.item.result, MW_COSEM_NO_LONG_GET);
}

MW_TEST(part_of_a_profile) {
    fresh();
    (void)associate(SAP_READER, "12345678", 400);
    static const uint8_t entries[] = {2, 4, 6, 0, 0, 0, 10, 6, 0, 0, 0, 12, 18, 0, 1, 18, 0, 0};
    mw_cosem_apdu request = get_of(7, PROFILE, 2);
    request.item.selective = true;
    request.item.selector = 2;
    request.item.selection = MW_SLICE_OF(entries);
    ask(SAP_READER, &request);
    MW_CHECK(a.item.has_data && a.item.data.p[1] == 3);
    request = get_of(3, ENERGY, 2);
    request.item.selective = true;
    request.item.selector = 2;
    request.item.selection = MW_SLICE_OF(entries);
    ask(SAP_READER, &request);
    MW_CHECK_EQ(a.item.result, MW_COSEM_SCOPE_VIOLATED);
}

MW_TEST(lists) {
    fresh();
    (void)associate(SAP_READER, "12345678", 400);
    uint8_t list[128];
    mw_cosem_out o = mw_cosem_out_of((mw_span){list, sizeof list}, 0);
    for (unsigned n = 0; n < 3; n++) {
        mw_cosem_apdu g = get_of(3, n == 1 ? MW_OBIS(1, 1, 1, 1, 1, 1) : n ? REACTIVE : ENERGY, 2);
        mw_cosem_item_put(&o, "D", &g.item);
    }
    mw_cosem_apdu request = {.kind = MW_COSEM_GET_REQUEST_LIST,
                             .invoke = 0xc2,
                             .count = 3,
                             .list = mw_cosem_out_done(&o)};
    ask(SAP_READER, &request);
    MW_CHECK_EQ(a.kind, MW_COSEM_GET_RESPONSE_LIST);
    MW_CHECK_EQ(a.count, 3);
    mw_cosem_items items = mw_cosem_items_of(&a, 0);
    MW_CHECK_OK(mw_cosem_items_next(&items, &a.item));
    MW_CHECK_EQ(number(), 1000);
    MW_CHECK_OK(mw_cosem_items_next(&items, &a.item));
    MW_CHECK_EQ(a.item.result, MW_COSEM_UNDEFINED);
    MW_CHECK_OK(mw_cosem_items_next(&items, &a.item));
    MW_CHECK_EQ(number(), 1001);
}

/* The master's association: GMAC, each APDU sealed. */
static mw_slice seal(mw_slice apdu, uint8_t *room, size_t n_room) {
    size_t n;
    MW_CHECK_OK(mw_cosem_protect(&client_keys, MW_COSEM_GLO, 0x30, &client_title, client_counter++,
                                 apdu, (mw_span){room, n_room}, &n));
    return (mw_slice){room, n};
}

static void unseal(void) {
    static uint8_t room[1024];
    mw_cosem_ciphered c;
    size_t n;
    mw_cosem_open_options options = {.required = 0x30};
    MW_CHECK_OK(mw_cosem_ciphered_decode((mw_slice){answer, answer_n}, &c));
    MW_CHECK_OK(mw_cosem_unprotect(&client_keys, &device.title, &c, &options,
                                   (mw_span){room, sizeof room}, &n));
    MW_CHECK_OK(mw_cosem_apdu_decode((mw_slice){room, n}, 0, &a));
}

static void ask_sealed(const mw_cosem_apdu *request) {
    uint8_t apdu[512], room[600];
    size_t n;
    MW_CHECK_OK(mw_cosem_apdu_encode(request, (mw_span){apdu, sizeof apdu}, &n));
    raw(SAP_MASTER, seal((mw_slice){apdu, n}, room, sizeof room));
}

static void associate_master(uint8_t break_proof) {
    uint8_t room[64], sealed[96], aarq[256];
    size_t n;
    mw_cosem_associate r = {.context = MW_COSEM_CONTEXT_LN_CIPHERED,
                            .title = MW_SLICE_OF(client_title.b),
                            .has_authentication = true,
                            .has_mechanism = true,
                            .mechanism = MW_COSEM_MECHANISM_HIGH_GMAC,
                            .has_value = true,
                            .value = {(const uint8_t *)"challenge-of-client", 16}};
    r.user = seal(initiate(200, room), sealed, sizeof sealed);
    MW_CHECK_OK(mw_cosem_associate_encode(&r, (mw_span){aarq, sizeof aarq}, &n));
    raw(SAP_MASTER, (mw_slice){aarq, n});
    mw_cosem_associate back;
    MW_CHECK_OK(mw_cosem_associate_decode((mw_slice){answer, answer_n}, &back));
    MW_CHECK_EQ(back.result, MW_COSEM_ACCEPTED);
    MW_CHECK_EQ(back.diagnostic, MW_COSEM_DIAGNOSTIC_AUTHENTICATION_REQUIRED);
    uint8_t proof[2 + MW_COSEM_PROOF_BYTES] = {9, MW_COSEM_PROOF_BYTES};
    MW_CHECK_OK(
        mw_cosem_gmac_prove(&client_keys, &client_title, client_counter++, back.value, proof + 2));
    proof[5] ^= break_proof;
    mw_cosem_apdu reply = {.kind = MW_COSEM_ACTION_REQUEST,
                           .invoke = 0xc1,
                           .item = {.class_id = 15,
                                    .name = MW_OBIS(0, 0, 40, 0, 0, 255),
                                    .member = 1,
                                    .has_data = true,
                                    .data = MW_SLICE_OF(proof)}};
    ask_sealed(&reply);
    unseal();
}

MW_TEST(master_proves_itself_and_the_meter_does) {
    fresh();
    associate_master(0);
    MW_CHECK(a.item.has_data && a.item.data.n == 2 + MW_COSEM_PROOF_BYTES);
    uint32_t counter;
    MW_CHECK_OK(mw_cosem_gmac_verify(
        &client_keys, &device.title, 0, (mw_slice){(const uint8_t *)"challenge-of-client", 16},
        (mw_slice){a.item.data.p + 2, MW_COSEM_PROOF_BYTES}, &counter));
    mw_cosem_apdu g = get_of(3, ENERGY, 2);
    ask_sealed(&g);
    unseal();
    MW_CHECK_EQ(number(), 1000);
    MW_CHECK_EQ(d.happened[MW_COSEM_ASSOCIATED], 1);
    /* In clear, or with an old counter: refused. */
    ask(SAP_MASTER, &g);
    MW_CHECK_EQ(a.kind, MW_COSEM_EXCEPTION_RESPONSE);
    client_counter -= 2;
    ask_sealed(&g);
    MW_CHECK_OK(mw_cosem_apdu_decode((mw_slice){answer, answer_n}, 0, &a));
    MW_CHECK_EQ(a.service_error, 6);
    MW_CHECK_EQ(a.counter, d.least[2]);
    MW_CHECK_EQ(d.happened[MW_COSEM_OLD_COUNTER], 1);
}

MW_TEST(a_false_proof_opens_nothing) {
    fresh();
    associate_master(1);
    MW_CHECK_EQ(a.item.result, MW_COSEM_DENIED);
    MW_CHECK_EQ(d.happened[MW_COSEM_WRONG_PASSWORD], 1);
    mw_cosem_apdu g = get_of(3, ENERGY, 2);
    ask_sealed(&g);
    MW_CHECK_OK(mw_cosem_apdu_decode((mw_slice){answer, answer_n}, 0, &a));
    MW_CHECK_EQ(a.kind, MW_COSEM_EXCEPTION_RESPONSE);
}

MW_TEST(setting_and_acting) {
    fresh();
    associate_master(0);
    static const uint8_t value[] = {9, 3, 'a', 'b', 'c'};
    mw_cosem_apdu set = {.kind = MW_COSEM_SET_REQUEST,
                         .invoke = 0xc1,
                         .item = {.class_id = 1,
                                  .name = TEXT,
                                  .member = 2,
                                  .has_data = true,
                                  .data = MW_SLICE_OF(value)}};
    ask_sealed(&set);
    unseal();
    MW_CHECK_EQ(a.item.result, MW_COSEM_DONE);
    MW_CHECK(d.text_n == 3 && memcmp(d.text, "abc", 3) == 0);
    /* In blocks, the second of them twice because its answer was lost. */
    uint8_t big[504] = {9, 0x82, 1, 0xf4};
    for (unsigned i = 4; i < sizeof big; i++)
        big[i] = (uint8_t)i;
    for (unsigned n = 0; n < 5; n++) {
        unsigned block = n < 2 ? n : n - 1; /* 0 1 1 2 3 */
        mw_cosem_apdu part = set;
        part.kind = n == 0 ? MW_COSEM_SET_REQUEST_FIRST : MW_COSEM_SET_REQUEST_BLOCK;
        part.block = block + 1;
        part.last = block == 3;
        part.item.data = (mw_slice){big + 126 * block, 126};
        ask_sealed(&part);
        unseal();
        MW_CHECK_EQ(a.kind, block == 3 ? MW_COSEM_SET_RESPONSE_LAST : MW_COSEM_SET_RESPONSE_BLOCK);
    }
    MW_CHECK_EQ(a.item.result, MW_COSEM_DONE);
    MW_CHECK(d.text_n == 500 && memcmp(d.text, big + 4, 500) == 0);
    mw_cosem_apdu act = {.kind = MW_COSEM_ACTION_REQUEST,
                         .invoke = 0xc1,
                         .item = {.class_id = 70, .name = RELAY, .member = 2, .has_data = true}};
    act.item.data = (mw_slice){(const uint8_t *)"\x0f\x00", 2};
    ask_sealed(&act);
    unseal();
    MW_CHECK_EQ(d.relay, 1);
    MW_CHECK_EQ(number(), 1);
    /* A reader may not. */
    (void)associate(SAP_READER, "12345678", 200);
    ask(SAP_READER, &set);
    MW_CHECK_EQ(a.item.result, MW_COSEM_DENIED);
    ask(SAP_READER, &act);
    MW_CHECK_EQ(a.item.result, MW_COSEM_DENIED);
    MW_CHECK_EQ(d.relay, 1);
}

/* Lists whose values come in blocks, cut anywhere. */
static void ask_in_blocks(mw_cosem_apdu_kind first, mw_cosem_apdu_kind next, mw_slice list,
                          size_t count, mw_slice values, size_t each) {
    for (uint32_t block = 1; values.n > 0; block++) {
        size_t n = values.n < each ? values.n : each;
        mw_cosem_apdu part = {.kind = block == 1 ? first : next,
                              .invoke = 0xc1,
                              .block = block,
                              .last = n == values.n,
                              .count = count,
                              .list = list,
                              .item = {.has_data = true, .data = {values.p, n}}};
        ask_sealed(&part);
        if (answer[0] == 0xD8) /* a refusal is plain */
            MW_CHECK_OK(mw_cosem_apdu_decode((mw_slice){answer, answer_n}, 0, &a));
        else
            unseal();
        values = (mw_slice){values.p + n, values.n - n};
        if (values.n > 0)
            MW_CHECK(a.kind == MW_COSEM_SET_RESPONSE_BLOCK ||
                     a.kind == MW_COSEM_ACTION_RESPONSE_NEXT);
    }
}

MW_TEST(lists_in_blocks) {
    fresh();
    associate_master(0);
    uint8_t room[64], values[400] = {2, 9, 0x82, 1, 0x2c};
    for (unsigned i = 0; i < 300; i++)
        values[5 + i] = (uint8_t)(i * 7);
    values[305] = 0x11; /* of the second attribute, which nobody may set */
    values[306] = 1;
    mw_cosem_item text = {.class_id = 1, .name = TEXT, .member = 2};
    mw_cosem_item energy = {.class_id = 3, .name = ENERGY, .member = 2};
    mw_cosem_out o = mw_cosem_out_of(MW_SPAN_OF(room), 0);
    mw_cosem_item_put(&o, "D", &text);
    mw_cosem_item_put(&o, "D", &energy);
    mw_slice list = mw_cosem_out_done(&o);
    for (size_t each = 40; each < 130; each += 17) {
        d.text_n = 0;
        ask_in_blocks(MW_COSEM_SET_REQUEST_LIST_FIRST, MW_COSEM_SET_REQUEST_BLOCK, list, 2,
                      (mw_slice){values, 307}, each);
        MW_CHECK_EQ(a.kind, MW_COSEM_SET_RESPONSE_LIST_LAST);
        MW_CHECK_EQ(a.block, (307 + each - 1) / each);
        MW_CHECK_EQ(a.count, 2);
        mw_cosem_items results = mw_cosem_items_of(&a, 0);
        MW_CHECK_OK(mw_cosem_items_next(&results, &a.item));
        MW_CHECK_EQ(a.item.result, MW_COSEM_DONE);
        MW_CHECK_OK(mw_cosem_items_next(&results, &a.item));
        MW_CHECK_EQ(a.item.result, MW_COSEM_DENIED);
        MW_CHECK(d.text_n == 300 && memcmp(d.text, values + 5, 300) == 0);
    }
    mw_cosem_item relay = {.class_id = 70, .name = RELAY, .member = 2};
    o = mw_cosem_out_of(MW_SPAN_OF(room), 0);
    mw_cosem_item_put(&o, "d", &relay);
    mw_cosem_item_put(&o, "d", &relay);
    static const uint8_t twice[] = {2, 0x0f, 0, 0x0f, 0};
    int before = d.relay;
    ask_in_blocks(MW_COSEM_ACTION_REQUEST_LIST_FIRST, MW_COSEM_ACTION_REQUEST_BLOCK,
                  mw_cosem_out_done(&o), 2, MW_SLICE_OF(twice), 2);
    MW_CHECK_EQ(a.kind, MW_COSEM_ACTION_RESPONSE_LIST);
    MW_CHECK_EQ(a.count, 2);
    MW_CHECK_EQ(d.relay, before + 2);
    /* A list that is cut short is refused, and does nothing. */
    d.text_n = 0;
    ask_in_blocks(MW_COSEM_SET_REQUEST_LIST_FIRST, MW_COSEM_SET_REQUEST_BLOCK, list, 2,
                  (mw_slice){values, 200}, 90);
    MW_CHECK_EQ(a.kind, MW_COSEM_EXCEPTION_RESPONSE);
    MW_CHECK_EQ(d.text_n, 0);
}

MW_TEST(released_is_closed) {
    fresh();
    (void)associate(SAP_READER, "12345678", 200);
    mw_cosem_release r = {.has_reason = true};
    uint8_t room[32];
    size_t n;
    MW_CHECK_OK(mw_cosem_release_encode(&r, (mw_span){room, sizeof room}, &n));
    raw(SAP_READER, (mw_slice){room, n});
    MW_CHECK_OK(mw_cosem_release_decode((mw_slice){answer, answer_n}, &r));
    MW_CHECK(r.response);
    get(SAP_READER, 3, ENERGY, 2);
    MW_CHECK_EQ(a.kind, MW_COSEM_EXCEPTION_RESPONSE);
}

MW_TEST_MAIN(MW_CASE(each_client_sees_what_it_may), MW_CASE(who_is_not_known_gets_nothing),
             MW_CASE(long_values_come_in_blocks), MW_CASE(part_of_a_profile), MW_CASE(lists),
             MW_CASE(lists_in_blocks), MW_CASE(master_proves_itself_and_the_meter_does),
             MW_CASE(a_false_proof_opens_nothing), MW_CASE(setting_and_acting),
             MW_CASE(released_is_closed))
