/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as the objects of an opened frame. What decodes must survive encoding.
 */
#include "base/assert.h"
#include "protocols/smp/smp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_day(mw_slice body) {
    mw_smp_day day, back, first, last;
    uint8_t out[MW_SMP_DAY_MAX];
    size_t n;
    unsigned hours;
    int64_t reg;
    if (mw_smp_day_decode(body, &day) != MW_OK)
        return;
    if (mw_smp_day_encode(&day, sizeof out, MW_SPAN_OF(out), &n) == MW_OK) {
        mw_assert(mw_smp_day_decode((mw_slice){out, n}, &back) == MW_OK);
        mw_assert(back.reg == day.reg && back.end_hour == day.end_hour && back.hours == day.hours);
        for (unsigned i = 0; i < day.hours; i++)
            mw_assert(back.value[i] == day.value[i]);
    }
    if (mw_smp_day_fit(&day, 18, &hours) == MW_OK && hours < day.hours)
        mw_assert(mw_smp_day_split(&day, hours, &first, &last) == MW_OK);
    if (mw_smp_day_register_at(&day, 0, &reg) == MW_OK)
        mw_assert(reg >= 0 && reg <= day.reg);
}

/* Whatever the data of a command say must come out again as it was. */
static void check_order(const mw_smp_object *object) {
    mw_smp_command c, again = {0};
    mw_smp_read_hours hours;
    mw_smp_config config, back;
    mw_smp_uplink_time time;
    mw_smp_key_epoch epoch;
    mw_smp_group_key group;
    mw_smp_schedule_part part;
    uint16_t key;
    bool closed;
    if (mw_smp_order_decode(object, &c) != MW_OK)
        return;
    mw_assert(c.size <= MW_SMP_DATA_MAX);
    again.code = c.code;
    if (mw_smp_read_hours_of(&c, &hours) == MW_OK)
        mw_assert(mw_smp_read_hours_put(&hours, &again) == MW_OK);
    if (mw_smp_set_config_of(&c, &config) == MW_OK &&
        mw_smp_set_config_put(&config, &again) == MW_OK)
        mw_assert(mw_smp_set_config_of(&again, &back) == MW_OK && back.count == config.count);
    if (mw_smp_set_time_of(&c, &time) == MW_OK)
        mw_assert(mw_smp_set_time_put(&time, &again) == MW_OK);
    if (mw_smp_key_epoch_of(&c, &epoch) == MW_OK)
        mw_smp_key_epoch_put(&epoch, &again);
    if (mw_smp_group_key_of(&c, &group) == MW_OK)
        mw_smp_group_key_put(&group, &again);
    if (mw_smp_schedule_of(&c, &part) == MW_OK)
        mw_smp_schedule_put(&part, &again);
    if (mw_smp_read_config_of(&c, &key) == MW_OK && mw_smp_relay_of(&c, &closed) == MW_OK)
        mw_smp_relay_put(closed, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_reader r = mw_reader_of((mw_slice){data, size});
    mw_smp_object object;
    mw_smp_event event;
    mw_smp_health health;
    mw_smp_command command;
    mw_smp_receipt receipt;
    mw_smp_time_set time;
    mw_smp_config config;
    uint8_t memory[300];
    mw_writer w = mw_writer_of(MW_SPAN_OF(memory));
    while (mw_smp_object_next(&r, &object) == MW_OK) {
        w.at = 0;
        check_order(&object);
        if (object.type == MW_SMP_DAY)
            check_day(object.body);
        else if (object.type == MW_SMP_EVENT && mw_smp_event_decode(object.body, &event) == MW_OK)
            mw_smp_event_put(&w, &event);
        else if (object.type == MW_SMP_HEALTH &&
                 mw_smp_health_decode(object.body, &health) == MW_OK)
            mw_smp_health_put(&w, &health);
        else if (object.type == MW_SMP_COMMAND &&
                 mw_smp_command_decode(object.body, &command) == MW_OK)
            mw_smp_command_put(&w, &command);
        else if (object.type == MW_SMP_RECEIPT &&
                 mw_smp_receipt_decode(object.body, &receipt) == MW_OK)
            mw_smp_receipt_put(&w, &receipt);
        else if (object.type == MW_SMP_TIME_SET &&
                 mw_smp_time_set_decode(object.body, &time) == MW_OK)
            mw_smp_time_set_put(&w, &time);
        else if (object.type == MW_SMP_CONFIG &&
                 mw_smp_config_decode(object.body, &config) == MW_OK)
            mw_smp_config_put(&w, &config);
        else if (object.type == MW_SMP_REQUEST &&
                 mw_smp_request_decode(object.body, &command) == MW_OK)
            mw_smp_request_put(&w, &command);
        mw_assert(w.status == MW_OK);
    }
    check_day((mw_slice){data, size});
    return 0;
}
