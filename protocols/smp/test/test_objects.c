/* SPDX-License-Identifier: Apache-2.0 */
#include "base/prng.h"
#include "protocols/smp/smp.h"
#include "tests/harness/mw_test.h"

static uint8_t memory[256];

static mw_writer fresh(void) {
    return mw_writer_of(MW_SPAN_OF(memory));
}

/* The only object written to w. */
static mw_smp_object only(const mw_writer *w, uint8_t type) {
    mw_smp_object object;
    MW_CHECK_OK(w->status);
    mw_reader r = mw_reader_of(mw_writer_done(w));
    MW_CHECK_OK(mw_smp_object_next(&r, &object));
    MW_CHECK_EQ(object.type, type);
    mw_smp_object none;
    MW_CHECK_STATUS(mw_smp_object_next(&r, &none), MW_NOT_FOUND);
    return object;
}

/* Every strict prefix of a body is refused as short; bytes behind it are ignored. */
#define CHECK_BODY(kind, object, back)                                                             \
    do {                                                                                           \
        for (size_t cut = 0; cut < (object).body.n; cut++)                                         \
            MW_CHECK_STATUS(mw_smp_##kind##_decode(mw_slice_sub((object).body, 0, cut), &(back)),  \
                            MW_SHORT);                                                             \
        uint8_t longer[128];                                                                       \
        mw_bytes_fill(longer, 0x5A, sizeof longer);                                                \
        MW_CHECK_OK(mw_span_copy(MW_SPAN_OF(longer), (object).body));                              \
        MW_CHECK_OK(mw_smp_##kind##_decode(MW_SLICE_OF(longer), &(back)));                         \
        MW_CHECK_OK(mw_smp_##kind##_decode((object).body, &(back)));                               \
    } while (0)

MW_TEST(events_round_trip) {
    static const int64_t values[] = {0, -1, 12, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < 5; i++) {
        mw_smp_event e = {MW_SMP_EVENT_LEAK, 255, 0xFFFFFFFF, values[i], 1 + 1000000 * (uint32_t)i};
        mw_smp_event back = {0};
        mw_writer w = fresh();
        mw_smp_event_put(&w, &e);
        mw_smp_object object = only(&w, MW_SMP_EVENT);
        CHECK_BODY(event, object, back);
        MW_CHECK_EQ(back.code, e.code);
        MW_CHECK_EQ(back.channel, e.channel);
        MW_CHECK_EQ(back.time_s, e.time_s);
        MW_CHECK_EQ(back.value, e.value);
        MW_CHECK_EQ(back.count, e.count);
    }
    mw_smp_event none = {MW_SMP_EVENT_LEAK, 0, 0, 0, 0}, back;
    mw_writer w = fresh();
    mw_smp_event_put(&w, &none);
    MW_CHECK_STATUS(w.status, MW_RANGE);
    MW_CHECK_STATUS(mw_smp_event_decode(mw_test_hex("02 00 00000000 00 00"), &back), MW_RANGE);
    MW_CHECK_STATUS(mw_smp_event_decode(mw_test_hex("02 00 00000000 00 8080808010"), &back),
                    MW_RANGE);
}

MW_TEST(health_round_trips) {
    mw_smp_health h = {3600, -125, 3, 412, {1, 2, 3}, INT16_MIN, 217515600, 98}, back = {0};
    mw_writer w = fresh();
    mw_smp_health_put(&w, &h);
    mw_smp_object object = only(&w, MW_SMP_HEALTH);
    MW_CHECK_EQ(object.body.n, 18);
    MW_CHECK_OK(mw_smp_health_decode(object.body, &back));
    MW_CHECK_EQ(back.battery_level, 98);
    /* At the end of a frame it has no length, and padding is no level. */
    w = fresh();
    h.battery_level = 0;
    mw_smp_health_put_last(&w, &h);
    mw_write_u24be(&w, 0);
    MW_CHECK_EQ(w.at, 1 + 17 + 3);
    object = only(&w, MW_SMP_HEALTH);
    MW_CHECK_OK(mw_smp_health_decode(object.body, &back));
    MW_CHECK_EQ(back.battery_level, 0);
    w = fresh();
    mw_smp_health_put(&w, &h);
    object = only(&w, MW_SMP_HEALTH);
    MW_CHECK_EQ(object.body.n, 17);
    CHECK_BODY(health, object, back);
    MW_CHECK_EQ(back.time_s, h.time_s);
    MW_CHECK_EQ(back.battery_mv, h.battery_mv);
    MW_CHECK_EQ(back.temperature_dc, h.temperature_dc);
    MW_CHECK_EQ(back.resets, h.resets);
    MW_CHECK_EQ(back.airtime_ds, h.airtime_ds);
    assert_memory_equal(back.firmware, h.firmware, 3);
    MW_CHECK_EQ(back.drift_dppm, h.drift_dppm);
}

MW_TEST(commands_and_receipts_round_trip) {
    for (uint8_t size = 0; size <= MW_SMP_DATA_MAX; size++) {
        mw_smp_command c = {.id = 0xBEEF, .code = 2, .expires_s = 0x01020304, .size = size};
        mw_smp_receipt q = {.id = 0xBEEF, .result = 1, .time_s = 77, .size = size};
        for (uint8_t i = 0; i < size; i++)
            c.data[i] = q.data[i] = (uint8_t)(i + 1);
        mw_smp_command c2 = {0};
        mw_smp_receipt q2 = {0};
        mw_writer w = fresh();
        mw_smp_command_put(&w, &c);
        mw_smp_object object = only(&w, MW_SMP_COMMAND);
        CHECK_BODY(command, object, c2);
        assert_memory_equal(c2.data, c.data, size);
        MW_CHECK(c2.id == c.id && c2.code == c.code && c2.expires_s == c.expires_s);
        MW_CHECK_EQ(c2.size, size);
        w = fresh();
        mw_smp_receipt_put(&w, &q);
        object = only(&w, MW_SMP_RECEIPT);
        CHECK_BODY(receipt, object, q2);
        assert_memory_equal(q2.data, q.data, size);
        MW_CHECK(q2.id == q.id && q2.result == q.result && q2.time_s == q.time_s);
    }
    mw_smp_command big = {.size = MW_SMP_DATA_MAX + 1};
    mw_writer w = fresh();
    mw_smp_command_put(&w, &big);
    MW_CHECK_STATUS(w.status, MW_RANGE);
    MW_CHECK_STATUS(mw_smp_command_decode(mw_test_hex("0001 01 00000000 21"), &big), MW_RANGE);
}

MW_TEST(time_and_configuration_round_trip) {
    mw_smp_time_set t = {0x0A0B0C0D, 999, 250, true}, t2 = {0};
    mw_writer w = fresh();
    mw_smp_time_set_put(&w, &t);
    mw_smp_object object = only(&w, MW_SMP_TIME_SET);
    CHECK_BODY(time_set, object, t2);
    MW_CHECK(t2.time_s == t.time_s && t2.ms == 999 && t2.uncertainty_ms == 250 && t2.step);
    t.ms = 1000;
    w = fresh();
    mw_smp_time_set_put(&w, &t);
    MW_CHECK_STATUS(w.status, MW_RANGE);
    MW_CHECK_STATUS(mw_smp_time_set_decode(mw_test_hex("00000000 03E8 0000"), &t2), MW_RANGE);

    for (uint8_t count = 1; count <= MW_SMP_CONFIG_MAX; count++) {
        mw_smp_config c = {.count = count}, c2 = {0};
        for (uint8_t i = 0; i < count; i++) {
            c.item[i].key = (uint16_t)(i * 257);
            c.item[i].value = i % 2 == 0 ? INT64_MIN : i;
        }
        w = fresh();
        mw_smp_config_put(&w, &c);
        object = only(&w, MW_SMP_CONFIG);
        CHECK_BODY(config, object, c2);
        MW_CHECK_EQ(c2.count, count);
        for (uint8_t i = 0; i < count; i++) {
            MW_CHECK_EQ(c2.item[i].key, c.item[i].key);
            MW_CHECK_EQ(c2.item[i].value, c.item[i].value);
        }
    }
    mw_smp_config bad = {0};
    w = fresh();
    mw_smp_config_put(&w, &bad);
    MW_CHECK_STATUS(w.status, MW_RANGE);
    MW_CHECK_STATUS(mw_smp_config_decode(mw_test_hex("00"), &bad), MW_RANGE);
    MW_CHECK_STATUS(mw_smp_config_decode(mw_test_hex("09"), &bad), MW_RANGE);
}

/* A receiver of this version walks over objects it has never heard of. */
MW_TEST(unknown_objects_are_skipped_by_length) {
    mw_writer w = fresh();
    uint8_t blob[255] = {0};
    mw_smp_health h = {.battery_mv = 3000};
    mw_smp_object_put(&w, (mw_smp_type)9, (mw_slice){blob, 13});
    mw_smp_object_put(&w, (mw_smp_type)14, (mw_slice){blob, 0});
    mw_smp_object_put(&w, (mw_smp_type)15, (mw_slice){blob, 14});
    mw_smp_object_put(&w, (mw_smp_type)200, (mw_slice){blob, 100});
    mw_smp_health_put(&w, &h);
    MW_CHECK_OK(w.status);
    static const struct {
        uint8_t type;
        size_t n;
    } expected[] = {{9, 13}, {14, 0}, {15, 14}, {200, 100}, {MW_SMP_HEALTH, 17}};
    mw_reader r = mw_reader_of(mw_writer_done(&w));
    mw_smp_object object;
    for (size_t i = 0; i < 5; i++) {
        MW_CHECK_OK(mw_smp_object_next(&r, &object));
        MW_CHECK_EQ(object.type, expected[i].type);
        MW_CHECK_EQ(object.body.n, expected[i].n);
    }
    MW_CHECK_STATUS(mw_smp_object_next(&r, &object), MW_NOT_FOUND);
}

MW_TEST(broken_objects_are_refused) {
    static const char *const cases[] = {"12 00", "2E",       "2E 05 00",    "F0 00",    "F1",
                                        "00 01", "00 00 80", "FE 09 02 00", "1D 00 00", "FF 00"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mw_reader r = mw_reader_of(mw_test_hex(cases[i]));
        mw_smp_object object;
        MW_CHECK_STATUS(mw_smp_object_next(&r, &object), MW_SYNTAX);
        MW_CHECK_STATUS(mw_smp_object_next(&r, &object), MW_SYNTAX);
    }
    uint8_t blob[256] = {0};
    mw_writer w = fresh();
    mw_smp_object_put(&w, MW_SMP_PADDING, (mw_slice){blob, 1});
    MW_CHECK_STATUS(w.status, MW_RANGE);
    w = fresh();
    mw_smp_object_put(&w, MW_SMP_DAY, (mw_slice){blob, 256});
    MW_CHECK_STATUS(w.status, MW_RANGE);
    w = mw_writer_of((mw_span){memory, 12});
    mw_smp_object_put(&w, MW_SMP_DAY, (mw_slice){blob, 13});
    MW_CHECK_STATUS(w.status, MW_SPACE);
}

/* The whole way of a report: day object, sealed into an M frame, opened, walked, decoded. */
MW_TEST(a_water_day_travels_in_one_m_frame) {
    static const uint8_t litres[24] = {0, 0,  0,  0,  0,  44, 0, 12, 0, 0, 0,  0,
                                       0, 12, 24, 90, 12, 26, 0, 0,  5, 0, 12, 12};
    mw_smp_day day = {.channel = 0,
                      .hours = 24,
                      .end_hour = 60024,
                      .reg = 1234567,
                      .clock = MW_SMP_CLOCK_UNSURE,
                      .grid = 2};
    for (unsigned i = 0; i < 24; i++)
        day.value[i] = litres[i];
    mw_key key = {{7}};
    mw_crypto_ctx ctx;
    MW_CHECK_OK(mw_crypto_init(&ctx, &mw_crypto_own, &key));
    size_t room = mw_smp_frame_room(29, MW_SMP_UP, false), n;
    uint8_t body[MW_SMP_DAY_MAX], objects[64], frame[29], back[29];
    MW_CHECK_OK(mw_smp_day_encode(&day, room - 1, MW_SPAN_OF(body), &n));
    mw_writer w = mw_writer_of(MW_SPAN_OF(objects));
    mw_smp_object_put_last(&w, MW_SMP_DAY, (mw_slice){body, n});
    mw_smp_frame_info info = {.address = 4097, .counter = 5};
    MW_CHECK_OK(mw_smp_frame_seal(&ctx, &info, mw_writer_done(&w), 29, MW_SPAN_OF(frame), &n));
    mw_slice opened;
    MW_CHECK_OK(
        mw_smp_frame_open(&ctx, MW_SMP_UP, MW_SLICE_OF(frame), 0, 5, MW_SPAN_OF(back), &opened));
    mw_reader r = mw_reader_of(opened);
    mw_smp_object object;
    mw_smp_day got;
    MW_CHECK_OK(mw_smp_object_next(&r, &object));
    MW_CHECK_EQ(object.type, MW_SMP_DAY);
    MW_CHECK_OK(mw_smp_day_decode(object.body, &got));
    MW_CHECK_STATUS(mw_smp_object_next(&r, &object), MW_NOT_FOUND);
    MW_CHECK_EQ(got.reg, day.reg);
    MW_CHECK_EQ(got.grid, 2);
    for (unsigned i = 0; i < 24; i++)
        MW_CHECK_EQ(got.value[i], litres[i]);
    mw_crypto_fini(&ctx);
}

MW_TEST(seconds_and_moments_agree) {
    uint32_t s;
    MW_CHECK_OK(mw_smp_seconds_of_utc(mw_smp_utc_of_seconds(UINT32_MAX), &s));
    MW_CHECK_EQ(s, UINT32_MAX);
    MW_CHECK_STATUS(mw_smp_seconds_of_utc(mw_utc_of_s(MW_SMP_EPOCH_S - 1), &s), MW_RANGE);
    MW_CHECK_STATUS(mw_smp_seconds_of_utc(mw_utc_of_s(MW_SMP_EPOCH_S + INT64_C(4294967296)), &s),
                    MW_RANGE);
}

MW_TEST_MAIN(MW_CASE(events_round_trip), MW_CASE(health_round_trips),
             MW_CASE(commands_and_receipts_round_trip), MW_CASE(time_and_configuration_round_trip),
             MW_CASE(unknown_objects_are_skipped_by_length), MW_CASE(broken_objects_are_refused),
             MW_CASE(a_water_day_travels_in_one_m_frame), MW_CASE(seconds_and_moments_agree))
