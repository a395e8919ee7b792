/* SPDX-License-Identifier: Apache-2.0
 *
 * What validation keeps: written, read back in order, apart by tenant, gone after a rollback.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "platform/store/test/scratch.h"

static char path[64];
static mw_store *store;

static int setup(void **state) {
    (void)state;
    store = scratch_new("vee-store", path);
    MW_CHECK_STATUS(mw_store_begin(store), MW_OK);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    mw_store_close(store);
    scratch_remove(path);
    return 0;
}

static mw_utc day(int64_t n) {
    return mw_utc_of_s(n * 86400);
}

typedef struct seen {
    size_t n;
    int64_t number[8];
    char text[8][MW_STORE_TEXT_MAX];
} seen;

static mw_status on_setting(void *ctx, const mw_store_vee_setting *row) {
    seen *s = ctx;
    MW_CHECK(s->n < 8);
    s->number[s->n] = row->value;
    snprintf(s->text[s->n++], MW_STORE_TEXT_MAX, "%s/%u/%s", row->name, row->class, row->set_by);
    return MW_OK;
}

MW_TEST(settings_are_replaced_by_key_and_listed_in_order) {
    mw_store_vee_setting row = {
        .tenant = 1, .name = "V07.share", .class = 0, .from = day(9), .value = 5, .set_by = "anna"};
    seen s = {0};
    MW_CHECK_STATUS(mw_store_vee_setting_put(store, &row), MW_OK);
    row.from = day(3);
    row.value = 3;
    MW_CHECK_STATUS(mw_store_vee_setting_put(store, &row), MW_OK);
    row.value = 4;
    snprintf(row.set_by, sizeof row.set_by, "boris");
    MW_CHECK_STATUS(mw_store_vee_setting_put(store, &row), MW_OK);
    row.tenant = 2;
    MW_CHECK_STATUS(mw_store_vee_setting_put(store, &row), MW_OK);
    MW_CHECK_STATUS(mw_store_vee_settings(store, 1, on_setting, &s), MW_OK);
    MW_CHECK_EQ(s.n, 2);
    MW_CHECK_EQ(s.number[0], 4);
    MW_CHECK_STR(s.text[0], "V07.share/0/boris");
    MW_CHECK_EQ(s.number[1], 5);
}

MW_TEST(class_of_a_channel) {
    uint8_t class = 9;
    MW_CHECK_STATUS(mw_store_vee_class_get(store, 1, 7, &class), MW_OK);
    MW_CHECK_EQ(class, 0);
    MW_CHECK_STATUS(mw_store_vee_class_set(store, 1, 7, 1), MW_OK);
    MW_CHECK_STATUS(mw_store_vee_class_get(store, 1, 7, &class), MW_OK);
    MW_CHECK_EQ(class, 1);
    MW_CHECK_STATUS(mw_store_vee_class_get(store, 2, 7, &class), MW_OK);
    MW_CHECK_EQ(class, 0);
}

static mw_status on_meter(void *ctx, const mw_store_vee_meter *row) {
    seen *s = ctx;
    MW_CHECK(s->n < 8);
    s->number[s->n++] = row->channel;
    MW_CHECK_EQ(row->high, row->channel * 10);
    MW_CHECK(mw_utc_is_none(row->silent));
    return MW_OK;
}

MW_TEST(meters_by_money_and_by_channel) {
    for (int64_t c = 1; c <= 4; c++) {
        mw_store_vee_meter m = {.tenant = c == 4 ? 2 : 1,
                                .channel = c,
                                .state = 2,
                                .since = day(1),
                                .silent = MW_UTC_NONE,
                                .filled = day(2),
                                .valued = day(1),
                                .station = "st-1",
                                .risk_per_day = c == 2 ? 900 : 100,
                                .high = c * 10};
        MW_CHECK_STATUS(mw_store_vee_meter_put(store, &m), MW_OK);
        MW_CHECK_STATUS(mw_store_vee_meter_put(store, &m), MW_OK);
    }
    seen s = {0};
    MW_CHECK_STATUS(mw_store_vee_meters(store, 1, 10, on_meter, &s), MW_OK);
    MW_CHECK_EQ(s.n, 3);
    MW_CHECK_EQ(s.number[0], 2);
    MW_CHECK_EQ(s.number[1], 1);
    s.n = 0;
    MW_CHECK_STATUS(mw_store_vee_meters_scan(store, 1, 10, on_meter, &s), MW_OK);
    MW_CHECK_EQ(s.n, 3);
    MW_CHECK_EQ(s.number[2], 4);
    MW_CHECK_STATUS(mw_store_vee_meter_forget(store, 2, 3), MW_OK); /* another tenant's: stays */
    MW_CHECK_STATUS(mw_store_vee_meter_forget(store, 1, 2), MW_OK);
    s.n = 0;
    MW_CHECK_STATUS(mw_store_vee_meters(store, 1, 10, on_meter, &s), MW_OK);
    MW_CHECK_EQ(s.n, 2);
    MW_CHECK_STATUS(mw_store_vee_meters(store, 1, 0, on_meter, &s), MW_RANGE);
}

static mw_status on_verdict(void *ctx, const mw_store_verdict *row) {
    seen *s = ctx;
    MW_CHECK(s->n < 8);
    s->number[s->n++] = (int64_t)row->kind;
    return MW_OK;
}

MW_TEST(verdicts_that_touch_a_span_oldest_first) {
    mw_store_verdict v = {.tenant = 1,
                          .channel = 5,
                          .from = day(2),
                          .to = day(4),
                          .kind = MW_VERDICT_REJECTED,
                          .at = day(9),
                          .who = "anna",
                          .text = "a garden hose"};
    int64_t id = 0;
    seen s = {0};
    MW_CHECK_STATUS(mw_store_verdict_add(store, &v, &id), MW_OK);
    v.kind = MW_VERDICT_ACCEPTED;
    MW_CHECK_STATUS(mw_store_verdict_add(store, &v, &id), MW_OK);
    MW_CHECK_EQ(id, 2);
    v.to = v.from;
    MW_CHECK_STATUS(mw_store_verdict_add(store, &v, &id), MW_RANGE);
    MW_CHECK_STATUS(mw_store_verdicts(store, 1, 5, day(4), day(9), on_verdict, &s), MW_OK);
    MW_CHECK_EQ(s.n, 0);
    MW_CHECK_STATUS(mw_store_verdicts(store, 1, 5, day(3), day(9), on_verdict, &s), MW_OK);
    MW_CHECK_EQ(s.n, 2);
    MW_CHECK_EQ(s.number[1], MW_VERDICT_ACCEPTED);
}

MW_TEST(choices_by_epoch) {
    uint8_t room[8];
    size_t n = 0;
    MW_CHECK_STATUS(mw_store_vee_choice_put(store, 1, 5, 28, mw_slice_of_str("abc")), MW_OK);
    MW_CHECK_STATUS(mw_store_vee_choice_put(store, 1, 5, 56, mw_slice_of_str("defg")), MW_OK);
    MW_CHECK_STATUS(mw_store_vee_choice_get(store, 1, 5, 56, MW_SPAN_OF(room), &n), MW_OK);
    MW_CHECK_EQ(n, 4);
    MW_CHECK_STATUS(mw_store_vee_choice_get(store, 1, 5, 56, (mw_span){room, 3}, &n), MW_SPACE);
    MW_CHECK_STATUS(mw_store_vee_choice_forget(store, 1, 5, 29), MW_OK);
    MW_CHECK_STATUS(mw_store_vee_choice_get(store, 1, 5, 56, MW_SPAN_OF(room), &n), MW_NOT_FOUND);
    MW_CHECK_STATUS(mw_store_vee_choice_get(store, 1, 5, 28, MW_SPAN_OF(room), &n), MW_OK);
}

static mw_status on_correction(void *ctx, const mw_store_correction *row) {
    seen *s = ctx;
    MW_CHECK(s->n < 8);
    s->number[s->n++] = row->now - row->was;
    return MW_OK;
}

MW_TEST(corrections_add_up_by_closing) {
    seen s = {0};
    for (int64_t i = 0; i < 4; i++) {
        mw_store_correction c = {.tenant = 1,
                                 .channel = i == 3 ? 6 : 5,
                                 .lock = i == 3 ? 12 : 11,
                                 .from = day(0),
                                 .to = day(30),
                                 .was = 100 + i,
                                 .now = 101 + 3 * i};
        int64_t id = 0;
        MW_CHECK_STATUS(mw_store_correction_add(store, &c, &id), MW_OK);
        MW_CHECK_EQ(id, i + 1);
    }
    int64_t sum = 0;
    MW_CHECK_STATUS(mw_store_correction_sum(store, 1, 11, &sum), MW_OK);
    MW_CHECK_EQ(sum, 1 + 3 + 5);
    MW_CHECK_STATUS(mw_store_correction_sum(store, 1, 99, &sum), MW_OK);
    MW_CHECK_EQ(sum, 0);
    MW_CHECK_STATUS(mw_store_corrections(store, 1, 5, 0, 2, on_correction, &s), MW_OK);
    MW_CHECK_EQ(s.n, 2);
    MW_CHECK_EQ(s.number[0], 5);
    MW_CHECK_STATUS(mw_store_corrections(store, 1, 0, 0, 8, on_correction, &s), MW_OK);
    MW_CHECK_EQ(s.n, 6);
}

static mw_status on_newest(void *ctx, const mw_store_channel_newest *row) {
    seen *s = ctx;
    MW_CHECK(s->n < 8);
    s->number[s->n++] = mw_utc_is_none(row->newest) ? -1 : mw_utc_floor_s(row->newest) / 86400;
    return MW_OK;
}

static mw_status on_hearing(void *ctx, const mw_store_hearing *row) {
    seen *s = ctx;
    MW_CHECK(s->n < 8);
    s->number[s->n++] = row->device;
    return MW_OK;
}

MW_TEST(channels_with_their_newest_reading_and_hearings) {
    int64_t tenant = 0, device = 0, channel[2] = {0};
    MW_CHECK_STATUS(mw_store_tenant_put(store, "t", &tenant), MW_OK);
    mw_store_device d = {.identity = 7, .serial = "s", .model = "m"};
    MW_CHECK_STATUS(mw_store_device_put(store, tenant, &d, &device), MW_OK);
    for (uint8_t i = 0; i < 2; i++) {
        mw_store_channel c = {.device = device,
                              .number = i,
                              .obis = {8, 0, 1, 0, 0, 255},
                              .medium = "water",
                              .unit = MW_UNIT_L,
                              .grid_seconds = 3600};
        MW_CHECK_STATUS(mw_store_channel_put(store, tenant, &c, &channel[i]), MW_OK);
    }
    mw_store_register r = {.tenant = tenant,
                           .channel = channel[1],
                           .obis = {8, 0, 1, 0, 0, 255},
                           .meter = day(12),
                           .received = day(12),
                           .stored = day(12)};
    MW_CHECK_STATUS(mw_store_register_append(store, &r), MW_OK);
    seen s = {0};
    MW_CHECK_STATUS(mw_store_channels_newest(store, 0, 10, on_newest, &s), MW_OK);
    MW_CHECK_EQ(s.n, 2);
    MW_CHECK_EQ(s.number[0], -1);
    MW_CHECK_EQ(s.number[1], 12);

    int64_t journal = 0;
    mw_store_append result;
    mw_store_envelope e = {.tenant = tenant,
                           .sender = 3,
                           .kind = MW_STORE_KIND_UNB,
                           .received = day(12),
                           .stored = day(12),
                           .content = mw_slice_of_str("{}")};
    MW_CHECK_STATUS(mw_store_journal_append(store, &e, &result, &journal), MW_OK);
    mw_store_reception heard = {.tenant = tenant, .device = device, .journal = journal};
    MW_CHECK_STATUS(mw_store_reception_append(store, &heard), MW_OK);
    s.n = 0;
    MW_CHECK_STATUS(mw_store_hearings(store, journal - 1, 10, on_hearing, &s), MW_OK);
    MW_CHECK_EQ(s.n, 1);
    MW_CHECK_EQ(s.number[0], device);
    MW_CHECK_STATUS(mw_store_hearings(store, journal, 10, on_hearing, &s), MW_OK);
    MW_CHECK_EQ(s.n, 1);
}

#define VEE_CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
MW_TEST_MAIN(VEE_CASE(settings_are_replaced_by_key_and_listed_in_order),
             VEE_CASE(class_of_a_channel), VEE_CASE(meters_by_money_and_by_channel),
             VEE_CASE(verdicts_that_touch_a_span_oldest_first), VEE_CASE(choices_by_epoch),
             VEE_CASE(corrections_add_up_by_closing),
             VEE_CASE(channels_with_their_newest_reading_and_hearings))
