/* SPDX-License-Identifier: Apache-2.0
 * Each profile's objects read by the client library, through the ports, as a reader does. */
#include "testbench/cosem_meter.h"

#include <stdio.h>
#include <string.h>

#include "crypto/key_wrap.h"
#include "protocols/cosem/client.h"
#include "protocols/cosem/port.h"
#include "tests/harness/mw_test.h"

static mw_cosem_meter meter;
static mw_cosem_server server;
static mw_cosem_association associations[3];
static uint8_t plain[2048], gather[3 * 2048], stream[2048];
static mw_cosem_socket port;
static mw_cosem_session s;
static uint8_t request[1200], sealed[1400], answer[1200], value[1 << 20];
static size_t value_n;
static mw_cosem_keys keys;
static uint32_t counter;
static uint8_t client_sap;

static mw_utc clock_now(void) {
    return (mw_utc){INT64_C(1795392000) * 1000000};
}

static mw_status exchange(void *context, mw_slice apdu, mw_span out, size_t *out_size,
                          mw_cosem_fault *fault) {
    uint8_t frame[2100], back[2100];
    size_t n = 0;
    (void)context;
    mw_cosem_wrapper w = {.source = client_sap, .destination = 1, .apdu = apdu};
    MW_CHECK_OK(mw_cosem_wrapper_encode(&w, MW_SPAN_OF(frame), &n));
    for (size_t i = 0; i < n; i++) /* in pieces */
        MW_CHECK_EQ(mw_cosem_socket_take(&port, (mw_slice){frame + i, 1}), 1);
    MW_CHECK_OK(mw_cosem_socket_next(&port, MW_SPAN_OF(back), &n));
    (void)fault;
    MW_CHECK_OK(mw_cosem_wrapper_decode((mw_slice){back, n}, &w));
    MW_CHECK(w.source == 1 && w.destination == client_sap && w.apdu.n <= out.n);
    memcpy(out.p, w.apdu.p, w.apdu.n);
    *out_size = w.apdu.n;
    return MW_OK;
}

static mw_status next_counter(void *context, uint32_t *out) {
    (void)context;
    *out = ++counter;
    return MW_OK;
}

static void random_of(void *context, mw_span out) {
    (void)context;
    for (size_t i = 0; i < out.n; i++)
        out.p[i] = (uint8_t)(i * 7 + 3);
}

static mw_cosem_meter_keys secrets(void) {
    mw_cosem_meter_keys k = {.password = "12345678"};
    for (unsigned i = 0; i < MW_KEY_BYTES; i++) {
        k.encryption.b[i] = (uint8_t)i;
        k.authentication.b[i] = (uint8_t)(0xd0 + i);
        k.wrapping.b[i] = (uint8_t)(0xf0 + i);
    }
    return k;
}

static void fresh(const mw_electric_table *table) {
    mw_cosem_meter_keys k = secrets();
    counter = 0;
    MW_CHECK_OK(mw_cosem_meter_init(&meter, table, &k, 42, clock_now));
    mw_cosem_server_init(&server, &meter.device, associations, MW_SPAN_OF(plain),
                         MW_SPAN_OF(gather));
    mw_cosem_socket_init(&port, &server, MW_SPAN_OF(stream));
    MW_CHECK_OK(mw_cosem_keys_init(&keys, &mw_gcm_openssl, &k.encryption, &k.authentication));
}

static mw_status open_as(unsigned role, const char *password) {
    const mw_cosem_client *c = &meter.objects.table->clients[role];
    mw_cosem_session_config config = {.mechanism = c->mechanism,
                                      .ciphered = c->ciphered,
                                      .password = mw_slice_of_str(password),
                                      .title = {{'C', 'L', 'I', 'E', 'N', 'T', '0', '1'}},
                                      .keys = &keys,
                                      .exchange = exchange,
                                      .next_counter = next_counter,
                                      .random = random_of,
                                      .request = MW_SPAN_OF(request),
                                      .sealed = MW_SPAN_OF(sealed),
                                      .answer = MW_SPAN_OF(answer)};
    client_sap = c->sap;
    mw_cosem_session_init(&s, &config);
    return mw_cosem_session_open(&s);
}

static mw_status get(uint16_t class_id, mw_obis name, int attribute) {
    mw_cosem_item what = {.class_id = class_id, .name = name, .member = (int8_t)attribute};
    return mw_cosem_session_get(&s, &what, MW_SPAN_OF(value), &value_n);
}

static int64_t number(void) {
    mw_cosem_cursor c = mw_cosem_cursor_of((mw_slice){value, value_n}, 0);
    mw_cosem_value v;
    MW_CHECK_OK(mw_cosem_cursor_next(&c, &v));
    return v.number;
}

/* Reads all that the association shows; returns how many attributes. */
static unsigned read_everything(void) {
    const mw_electric_table *t = meter.objects.table;
    unsigned read = 0;
    for (size_t i = 0; i < t->object_count; i++) {
        const mw_cosem_object *o = &t->objects[i];
        for (int a = 1; a <= o->attributes; a++) {
            size_t n = 0;
            mw_status status = get(o->class_id, o->name, a);
            if (status != MW_OK) {
                char text[MW_OBIS_TEXT_MAX];
                mw_obis_format(o->name, text);
                printf("%s attribute %d: result %u\n", text, a, s.result);
            }
            MW_CHECK_OK(status);
            MW_CHECK_OK(mw_cosem_data_check((mw_slice){value, value_n}, 0, &n));
            MW_CHECK_EQ(n, value_n);
            read++;
        }
    }
    return read;
}

MW_TEST(every_object_of_every_profile_is_readable) {
    static const mw_electric_table *const tables[] = {&mw_electric_spodes_d, &mw_electric_spodes_c,
                                                      &mw_electric_dsmr};
    static const unsigned least[] = {400, 450, 150};
    for (unsigned t = 0; t < 3; t++) {
        fresh(tables[t]);
        MW_CHECK_OK(open_as(1, "12345678"));
        unsigned read = read_everything();
        printf("%s: %zu objects, %u attributes\n", tables[t]->name, tables[t]->object_count, read);
        MW_CHECK(read >= least[t]);
        MW_CHECK_OK(open_as(2, ""));
        MW_CHECK_EQ(read_everything(), read);
        mw_cosem_session_close(&s);
        MW_CHECK_OK(open_as(0, ""));
        MW_CHECK_OK(get(1, MW_OBIS(0, 0, 42, 0, 0, 255), 2));
        MW_CHECK_STATUS(get(3, MW_OBIS(1, 0, 1, 8, 0, 255), 2), MW_NOT_FOUND);
        MW_CHECK_EQ(s.result, MW_COSEM_DENIED);
        mw_cosem_keys_fini(&keys);
        mw_cosem_meter_fini(&meter);
    }
}

/* No object twice; every name once. */
MW_TEST(tables_are_consistent) {
    static const mw_electric_table *const tables[] = {&mw_electric_spodes_d, &mw_electric_spodes_c,
                                                      &mw_electric_dsmr};
    for (unsigned t = 0; t < 3; t++) {
        const mw_electric_table *x = tables[t];
        for (size_t i = 0; i < x->object_count; i++)
            for (size_t k = 0; k < i; k++)
                MW_CHECK(!mw_obis_equal(x->objects[i].name, x->objects[k].name));
        for (size_t i = 0; i < x->profile_count; i++) {
            MW_CHECK(x->profiles[i]->columns <= MW_ELECTRIC_COLUMNS_MAX);
            for (unsigned c = 0; c < x->profiles[i]->columns; c++) { /* a column is an object */
                bool found = false;
                for (size_t k = 0; k < x->object_count; k++)
                    found |= mw_obis_equal(x->objects[k].name, x->profiles[i]->column[c].name) &&
                             x->objects[k].class_id == x->profiles[i]->column[c].class_id;
                MW_CHECK(found);
            }
        }
    }
}

static uint32_t rows_in_value(void) {
    mw_cosem_cursor c = mw_cosem_cursor_of((mw_slice){value, value_n}, 0);
    mw_cosem_value v;
    MW_CHECK_OK(mw_cosem_cursor_next(&c, &v));
    MW_CHECK_EQ(v.tag, MW_COSEM_ARRAY);
    return v.count;
}

MW_TEST(profiles_by_entry_and_by_time) {
    static uint8_t whole[1 << 20];
    fresh(&mw_electric_spodes_c);
    MW_CHECK_OK(open_as(1, "12345678"));
    MW_CHECK_OK(get(7, MW_OBIS(1, 0, 99, 1, 0, 255), 2));
    MW_CHECK_EQ(rows_in_value(), 6144);
    size_t whole_n = value_n, header = 4; /* 01 82 18 00 */
    memcpy(whole, value, value_n);
    uint8_t room[96];
    mw_cosem_item what = {
        .class_id = 7, .name = MW_OBIS(1, 0, 99, 1, 0, 255), .member = 2, .selective = true};
    what.selector = 2;
    what.selection = mw_cosem_select_entries(MW_SPAN_OF(room), 6121, 6144);
    MW_CHECK_OK(mw_cosem_session_get(&s, &what, MW_SPAN_OF(value), &value_n));
    MW_CHECK_EQ(rows_in_value(), 24);
    size_t row = (whole_n - header) / 6144;
    MW_CHECK(memcmp(value + 2, whole + whole_n - 24 * row, 24 * row) == 0);
    /* The same 24 hours by time, told in UTC. */
    uint8_t from[12], to[12];
    mw_utc end = {INT64_C(1795392000) / 3600 * 3600 * 1000000};
    mw_cosem_datetime dt = mw_cosem_datetime_of_utc(end, 0, 0);
    mw_cosem_datetime_encode(&dt, to);
    dt = mw_cosem_datetime_of_utc((mw_utc){end.us - INT64_C(23) * 3600 * 1000000}, 0, 0);
    mw_cosem_datetime_encode(&dt, from);
    what.selector = 1;
    what.selection = mw_cosem_select_range(MW_SPAN_OF(room), from, to);
    MW_CHECK_OK(mw_cosem_session_get(&s, &what, MW_SPAN_OF(value), &value_n));
    MW_CHECK_EQ(rows_in_value(), 24);
    MW_CHECK(memcmp(value + 2, whole + whole_n - 24 * row, 24 * row) == 0);
    mw_cosem_keys_fini(&keys);
    mw_cosem_meter_fini(&meter);
}

static uint8_t set(uint16_t class_id, mw_obis name, int attribute, mw_slice data) {
    mw_cosem_item what = {.class_id = class_id,
                          .name = name,
                          .member = (int8_t)attribute,
                          .has_data = true,
                          .data = data};
    mw_status status = mw_cosem_session_set(&s, &what);
    MW_CHECK(status == MW_OK || status == MW_NOT_FOUND);
    return s.result;
}

static uint8_t act(uint16_t class_id, mw_obis name, int method, mw_slice data) {
    mw_cosem_item what = {.class_id = class_id,
                          .name = name,
                          .member = (int8_t)method,
                          .has_data = true,
                          .data = data};
    mw_status status = mw_cosem_session_act(&s, &what, MW_SPAN_OF(value), &value_n);
    MW_CHECK(status == MW_OK || status == MW_NOT_FOUND);
    return s.result;
}

MW_TEST(what_is_written_is_there) {
    static const uint8_t half_hour[] = {18, 0, 30}, odd[] = {18, 0, 7},
                         seconds[] = {6, 0, 0, 3, 132};
    static const uint8_t mode[] = {22, 2}, zero[] = {15, 0};
    fresh(&mw_electric_spodes_d);
    MW_CHECK_OK(open_as(2, ""));
    MW_CHECK_EQ(set(1, MW_OBIS(1, 0, 0, 8, 4, 255), 2, MW_SLICE_OF(half_hour)), 0);
    MW_CHECK_OK(get(7, MW_OBIS(1, 0, 99, 1, 0, 255), 4));
    MW_CHECK_EQ(number(), 1800);
    MW_CHECK_EQ(set(1, MW_OBIS(1, 0, 0, 8, 4, 255), 2, MW_SLICE_OF(odd)), MW_COSEM_OTHER_REASON);
    MW_CHECK_EQ(set(7, MW_OBIS(1, 0, 99, 1, 0, 255), 4, MW_SLICE_OF(seconds)), 0);
    MW_CHECK_EQ(meter.number[MW_ELECTRIC_N_LOAD_PERIOD], 15);
    MW_CHECK_EQ(set(70, MW_OBIS(0, 0, 96, 3, 10, 255), 4, MW_SLICE_OF(mode)), 0);
    MW_CHECK_EQ(act(70, MW_OBIS(0, 0, 96, 3, 10, 255), 1, MW_SLICE_OF(zero)), 0);
    MW_CHECK(!meter.relay.output);
    MW_CHECK_OK(get(70, MW_OBIS(0, 0, 96, 3, 10, 255), 3));
    MW_CHECK_EQ(number(), MW_ELECTRIC_RELAY_DISCONNECTED);
    /* A register is not written, a reader writes nothing. */
    MW_CHECK_EQ(set(3, MW_OBIS(1, 0, 1, 8, 0, 255), 2, MW_SLICE_OF(seconds)), MW_COSEM_DENIED);
    mw_cosem_keys_fini(&keys);
    mw_cosem_meter_fini(&meter);
}

/* A calendar comes attribute by attribute and changes at its moment; read back it is the same. */
MW_TEST(a_calendar_is_written_and_takes_over) {
    static const uint8_t name[] = {9, 3, 'T', 'W', 'O'};
    static const uint8_t seasons[] = {1, 1,   2, 3, 9, 2, 'S',  '1', 9,   12, 0xff, 0xff, 1,
                                      1, 255, 0, 0, 0, 0, 0x80, 0,   255, 9,  2,    'W',  '1'};
    static const uint8_t weeks[] = {1, 1,  2, 8,  9, 2,  'W', '1', 17, 0,  17,
                                    0, 17, 0, 17, 0, 17, 0,   17,  1,  17, 1};
    static const uint8_t days[] = {
        1,  2, 2, 2, 17, 0, 1, 2, 2,  3, 9, 4, 0, 0, 0, 0,  9,  6,   0,   0,   10, 0, 100, 255,
        18, 0, 2, 2, 3,  9, 4, 7, 30, 0, 0, 9, 6, 0, 0, 10, 0,  100, 255, 18,  0,  1, 2,   2,
        17, 1, 1, 1, 2,  3, 9, 4, 0,  0, 0, 0, 9, 6, 0, 0,  10, 0,   100, 255, 18, 0, 3};
    static const uint8_t zero[] = {15, 0};
    mw_obis o = MW_OBIS(0, 0, 13, 0, 0, 255);
    fresh(&mw_electric_spodes_d);
    MW_CHECK_OK(open_as(2, ""));
    MW_CHECK_EQ(set(20, o, 6, MW_SLICE_OF(name)), 0);
    MW_CHECK_EQ(set(20, o, 7, MW_SLICE_OF(seasons)), 0);
    MW_CHECK_EQ(set(20, o, 8, MW_SLICE_OF(weeks)), 0);
    MW_CHECK_EQ(set(20, o, 9, MW_SLICE_OF(days)), 0);
    MW_CHECK_EQ(meter.calendar[0].programs, 1);
    MW_CHECK_EQ(act(20, o, 1, MW_SLICE_OF(zero)), 0);
    MW_CHECK_EQ(meter.calendar[0].programs, 2);
    MW_CHECK_EQ(mw_tariff_program_get(meter.calendar[0].program[0], 14), 1);
    MW_CHECK_EQ(mw_tariff_program_get(meter.calendar[0].program[0], 15), 0);
    MW_CHECK_EQ(meter.calendar[0].season[0].program[6], 1);
    MW_CHECK_OK(get(20, o, 5));
    MW_CHECK_EQ(value_n, sizeof days);
    MW_CHECK(memcmp(value, days, sizeof days) == 0);
    mw_cosem_keys_fini(&keys);
    mw_cosem_meter_fini(&meter);
}

/* Keys change under the wrapping key; a wrong wrapping changes nothing. */
MW_TEST(keys_are_rotated) {
    mw_cosem_meter_keys k = secrets();
    mw_key fresh_key = {{9, 9, 9}};
    uint8_t data[] = {1, 1, 2, 2, 22, 0, 9, 24, 0, 0, 0, 0, 0, 0, 0, 0,
                      0, 0, 0, 0, 0,  0, 0, 0,  0, 0, 0, 0, 0, 0, 0, 0};
    mw_obis o = MW_OBIS(0, 0, 43, 0, 0, 255);
    fresh(&mw_electric_spodes_d);
    MW_CHECK_OK(open_as(2, ""));
    mw_aes_wrap(&k.authentication, &fresh_key, data + 8);
    MW_CHECK_EQ(act(64, o, 2, MW_SLICE_OF(data)), MW_COSEM_OTHER_REASON);
    MW_CHECK(memcmp(meter.secret.encryption.b, k.encryption.b, MW_KEY_BYTES) == 0);
    mw_aes_wrap(&k.wrapping, &fresh_key, data + 8);
    MW_CHECK_EQ(act(64, o, 2, MW_SLICE_OF(data)), 0);
    MW_CHECK(memcmp(meter.secret.encryption.b, fresh_key.b, MW_KEY_BYTES) == 0);
    mw_cosem_keys_fini(&keys);
    mw_cosem_meter_fini(&meter);
}

MW_TEST(faults_are_told_apart) {
    fresh(&mw_electric_spodes_d);
    MW_CHECK_STATUS(open_as(1, "wrong"), MW_FORBIDDEN);
    MW_CHECK_EQ(s.fault, MW_COSEM_FAULT_WRONG_PASSWORD);
    MW_CHECK_OK(open_as(2, ""));
    counter = 0; /* somebody restored a backup */
    MW_CHECK_STATUS(get(3, MW_OBIS(1, 0, 1, 8, 0, 255), 2), MW_REPLAY);
    MW_CHECK_EQ(s.fault, MW_COSEM_FAULT_COUNTER);
    MW_CHECK(s.awaited > 0);
    mw_key wrong = {{1}};
    mw_cosem_keys_fini(&keys);
    MW_CHECK_OK(mw_cosem_keys_init(&keys, &mw_gcm_openssl, &wrong, &wrong));
    counter = 1000;
    MW_CHECK_STATUS(open_as(2, ""), MW_FORBIDDEN);
    MW_CHECK_EQ(s.fault, MW_COSEM_FAULT_WRONG_KEY);
    client_sap = 99;
    MW_CHECK_STATUS(mw_cosem_session_open(&s), MW_FORBIDDEN);
    MW_CHECK_EQ(s.fault, MW_COSEM_FAULT_WRONG_SAP);
    mw_cosem_keys_fini(&keys);
    mw_cosem_meter_fini(&meter);
}

/* An image goes in blocks, in any order, and is activated only when it is whole and good. */
MW_TEST(an_image_is_taken) {
    mw_obis o = MW_OBIS(0, 0, 44, 0, 0, 255);
    static const uint8_t begin[] = {2, 2, 9, 2, 'f', 'w', 6, 0, 0, 1, 0}, zero[] = {15, 0};
    uint8_t block[2 + 5 + 3 + 128] = {2, 2, 6, 0, 0, 0, 0, 9, 0x81, 128};
    fresh(&mw_electric_spodes_d);
    MW_CHECK_OK(open_as(2, ""));
    MW_CHECK_EQ(act(18, o, 1, MW_SLICE_OF(begin)), 0);
    block[6] = 1;
    MW_CHECK_EQ(act(18, o, 2, MW_SLICE_OF(block)), 0);
    MW_CHECK_OK(get(18, o, 4));
    MW_CHECK_EQ(number(), 0);
    MW_CHECK(act(18, o, 3, MW_SLICE_OF(zero)) != 0);
    block[6] = 0;
    MW_CHECK_EQ(act(18, o, 2, MW_SLICE_OF(block)), 0);
    MW_CHECK_OK(get(18, o, 4));
    MW_CHECK_EQ(number(), 2);
    block[6] = 2;
    MW_CHECK(act(18, o, 2, MW_SLICE_OF(block)) != 0); /* there is no such block */
    MW_CHECK(act(18, o, 3, MW_SLICE_OF(zero)) != 0);  /* zeros are not their CRC */
    MW_CHECK(act(18, o, 4, MW_SLICE_OF(zero)) != 0);
    MW_CHECK_OK(get(18, o, 6));
    MW_CHECK_EQ(number(), MW_ELECTRIC_IMAGE_VERIFY_FAILED);
    mw_cosem_keys_fini(&keys);
    mw_cosem_meter_fini(&meter);
}

MW_TEST_MAIN(MW_CASE(every_object_of_every_profile_is_readable), MW_CASE(tables_are_consistent),
             MW_CASE(profiles_by_entry_and_by_time), MW_CASE(what_is_written_is_there),
             MW_CASE(a_calendar_is_written_and_takes_over), MW_CASE(keys_are_rotated),
             MW_CASE(faults_are_told_apart), MW_CASE(an_image_is_taken))
