/* SPDX-License-Identifier: Apache-2.0
 *
 * What stands in commands: round trips, limits, and which of them may travel without expiry.
 */
#include "protocols/smp/smp.h"
#include "tests/harness/mw_test.h"

static uint8_t memory[300];

/* Puts and decodes again. */
static mw_smp_command sent(const mw_smp_command *c) {
    mw_writer w = mw_writer_of(MW_SPAN_OF(memory));
    mw_smp_order_put(&w, c);
    MW_CHECK_OK(w.status);
    mw_reader r = mw_reader_of(mw_writer_done(&w));
    mw_smp_object object;
    mw_smp_command back;
    MW_CHECK_OK(mw_smp_object_next(&r, &object));
    MW_CHECK_EQ(object.type, mw_smp_code_is_request(c->code) ? MW_SMP_REQUEST : MW_SMP_COMMAND);
    MW_CHECK_OK(mw_smp_order_decode(&object, &back));
    MW_CHECK(back.id == c->id && back.code == c->code && back.size == c->size);
    MW_CHECK_EQ(back.expires_s, mw_smp_code_is_request(c->code) ? MW_SMP_NEVER : c->expires_s);
    return back;
}

MW_TEST(data_round_trip) {
    mw_smp_command c = {.id = 9, .code = MW_SMP_COMMAND_READ_DAY, .expires_s = 77}, d;
    mw_smp_read_hours hours = {1, 60000, 48}, hours2;
    MW_CHECK_OK(mw_smp_read_hours_put(&hours, &c));
    d = sent(&c);
    MW_CHECK_OK(mw_smp_read_hours_of(&d, &hours2));
    MW_CHECK(hours2.channel == 1 && hours2.end_hour == 60000 && hours2.hours == 48);
    hours.hours = 49;
    MW_CHECK_STATUS(mw_smp_read_hours_put(&hours, &c), MW_RANGE);
    c.code = MW_SMP_COMMAND_READ_ARCHIVE;
    hours.hours = MW_SMP_ARCHIVE_HOURS;
    MW_CHECK_OK(mw_smp_read_hours_put(&hours, &c));
    d = sent(&c);
    MW_CHECK_OK(mw_smp_read_hours_of(&d, &hours2));
    MW_CHECK_EQ(hours2.hours, MW_SMP_ARCHIVE_HOURS);
    hours.hours++;
    MW_CHECK_STATUS(mw_smp_read_hours_put(&hours, &c), MW_RANGE);

    mw_smp_config set = {2, {{MW_SMP_KEY_PERIOD_H, 6}, {MW_SMP_KEY_BURST, 500}}}, set2;
    c.code = MW_SMP_COMMAND_SET_CONFIG;
    MW_CHECK_OK(mw_smp_set_config_put(&set, &c));
    d = sent(&c);
    MW_CHECK_OK(mw_smp_set_config_of(&d, &set2));
    MW_CHECK(set2.count == 2 && set2.item[1].key == MW_SMP_KEY_BURST && set2.item[1].value == 500);

    bool closed;
    c.code = MW_SMP_COMMAND_RELAY;
    mw_smp_relay_put(true, &c);
    d = sent(&c);
    MW_CHECK_OK(mw_smp_relay_of(&d, &closed));
    MW_CHECK(closed);
    d.data[0] = 2;
    MW_CHECK_STATUS(mw_smp_relay_of(&d, &closed), MW_RANGE);

    mw_smp_uplink_time t = {0xFFF, true, 216086400, 999}, t2;
    c.code = MW_SMP_COMMAND_SET_TIME;
    MW_CHECK_OK(mw_smp_set_time_put(&t, &c));
    d = sent(&c);
    MW_CHECK_OK(mw_smp_set_time_of(&d, &t2));
    MW_CHECK(t2.counter_low == 0xFFF && t2.step && t2.time_s == t.time_s && t2.ms == 999);
    d.data[0] |= 0x40;
    MW_CHECK_STATUS(mw_smp_set_time_of(&d, &t2), MW_RANGE);
}

/* Every request but the group key fits an M frame that carries the whole counter. */
MW_TEST(requests_fit_m_frames) {
    size_t room = mw_smp_frame_room(29, MW_SMP_DOWN, true);
    static const struct {
        uint8_t code, data;
    } table[] = {{MW_SMP_COMMAND_PING, 0},     {MW_SMP_COMMAND_READ_DAY, 6},
                 {MW_SMP_COMMAND_SET_TIME, 8}, {MW_SMP_COMMAND_READ_CONFIG, 2},
                 {MW_SMP_COMMAND_HEALTH, 0},   {MW_SMP_COMMAND_READ_ARCHIVE, 7}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        mw_smp_command c = {.id = 1, .code = table[i].code, .size = table[i].data};
        mw_writer w = mw_writer_of(MW_SPAN_OF(memory));
        mw_smp_order_put(&w, &c);
        MW_CHECK_OK(w.status);
        MW_CHECK(w.at <= room);
    }
    mw_smp_command c = {.id = 1, .code = MW_SMP_COMMAND_KEY_EPOCH, .size = 9};
    mw_writer w = mw_writer_of(MW_SPAN_OF(memory));
    mw_smp_order_put(&w, &c);
    MW_CHECK(w.at <= mw_smp_frame_room(29, MW_SMP_DOWN, false));
}

/* What changes a meter must be able to expire. */
MW_TEST(what_can_harm_late_is_no_request) {
    static const uint8_t codes[] = {MW_SMP_COMMAND_RESTART, MW_SMP_COMMAND_RELAY,
                                    MW_SMP_COMMAND_SET_CONFIG};
    for (size_t i = 0; i < sizeof codes; i++) {
        mw_smp_command c = {.id = 1, .code = codes[i], .size = 1}, back;
        mw_writer w = mw_writer_of(MW_SPAN_OF(memory));
        mw_smp_request_put(&w, &c);
        mw_reader r = mw_reader_of(mw_writer_done(&w));
        mw_smp_object object;
        MW_CHECK_OK(mw_smp_object_next(&r, &object));
        MW_CHECK_STATUS(mw_smp_order_decode(&object, &back), MW_FORBIDDEN);
    }
}

MW_TEST(a_group_key_opens_for_its_meter_alone) {
    mw_key master = {{1, 2, 3}}, key = {{4, 5, 6}}, back;
    mw_device_id id = {{7}}, other = {{8}};
    mw_smp_group_key g = {.group = MW_SMP_GROUP_ALL, .epoch = 3}, h;
    MW_CHECK_OK(mw_smp_group_key_wrap(&mw_crypto_own, &master, &id, 1, 4096, &key, &g));
    MW_CHECK_OK(mw_smp_group_key_unwrap(&mw_crypto_own, &master, &id, 1, 4096, &g, &back));
    MW_CHECK(mw_key_equal(&key, &back));
    MW_CHECK_STATUS(mw_smp_group_key_unwrap(&mw_crypto_own, &master, &other, 1, 4096, &g, &back),
                    MW_AUTH);
    MW_CHECK_STATUS(mw_smp_group_key_unwrap(&mw_crypto_own, &master, &id, 2, 4096, &g, &back),
                    MW_AUTH);
    h = g;
    h.epoch++;
    MW_CHECK_STATUS(mw_smp_group_key_unwrap(&mw_crypto_own, &master, &id, 1, 4096, &h, &back),
                    MW_AUTH);
    h.group = 5;
    MW_CHECK_STATUS(mw_smp_group_key_wrap(&mw_crypto_own, &master, &id, 1, 4096, &key, &h),
                    MW_RANGE);
}

MW_TEST_MAIN(MW_CASE(data_round_trip), MW_CASE(requests_fit_m_frames),
             MW_CASE(what_can_harm_late_is_no_request),
             MW_CASE(a_group_key_opens_for_its_meter_alone))
