/* SPDX-License-Identifier: Apache-2.0
 *
 * Downlinks to a meter: what it takes, what it does once, and how it answers.
 */
#include "meters/test/line.h"

/* ---- what is taken ---- */

MW_TEST(a_ping_is_answered_at_once) {
    line l;
    line_init(&l, &mw_pulse_2);
    mw_smp_command c = command(7, MW_SMP_COMMAND_PING);
    MW_CHECK_OK(order(&l, &c));
    unsigned before = l.receipts;
    run_s(&l, 10);
    MW_CHECK_EQ(l.receipts, before + 1);
    MW_CHECK_EQ(newest(&l)->id, 7);
    MW_CHECK_EQ(newest(&l)->result, MW_SMP_RESULT_DONE);
    rig_free(l.r);
}

MW_TEST(the_window_follows_the_last_copy) {
    line l;
    line_init(&l, &mw_pulse_2);
    MW_CHECK(l.window);
    const mw_unb_plan *plan = l.r->provision.plan;
    mw_mono end = mw_mono_add(l.last.copy[l.last.copies - 1].start, l.last.airtime);
    MW_CHECK_EQ(l.listen.from.ns, end.ns + plan->window_delay[l.last.rate].ns);
    MW_CHECK_EQ(l.listen.to.ns, l.listen.from.ns + plan->window[l.last.rate].ns);
    mw_freq carrier;
    MW_CHECK_OK(
        mw_unb_answer_carrier(plan, l.listen.band, l.last.rate, 0x1001, l.last.counter, &carrier));
    MW_CHECK_EQ(carrier.mhz, l.listen.carrier.mhz);
    rig_free(l.r);
}

MW_TEST(only_the_right_frames_are_taken) {
    line l;
    line_init(&l, &mw_pulse_2);
    uint8_t frame[MW_UNB_PAYLOAD_MAX];
    mw_crypto_ctx down, wrong = {0};
    mw_key other = {{1}};
    mw_slice ping = mw_test_hex("83000101");
    mw_meter *m = &l.r->meter;
    keys_of(&l, 1, MW_KEY_DOWN, &down);
    MW_CHECK_OK(mw_crypto_init(&wrong, &mw_crypto_own, &other));
    /* Another meter, a group it is not in, a wrong length. */
    size_t n = seal(&l, 0x1002, 1, &down, 5, ping, frame);
    MW_CHECK_STATUS(mw_meter_downlink(m, l.r->now, l.r->now, (mw_slice){frame, n}), MW_NOT_FOUND);
    n = seal(&l, 0xFF000003, 0, &down, 5, ping, frame);
    MW_CHECK_STATUS(mw_meter_downlink(m, l.r->now, l.r->now, (mw_slice){frame, n}), MW_NOT_FOUND);
    MW_CHECK_STATUS(mw_meter_downlink(m, l.r->now, l.r->now, (mw_slice){frame, 13}), MW_RANGE);
    /* Another key: counted, told with the next report, and nothing else. */
    n = seal(&l, 0x1001, 1, &wrong, 5, ping, frame);
    for (unsigned i = 0; i < 5; i++)
        MW_CHECK_STATUS(mw_meter_downlink(m, l.r->now, l.r->now, (mw_slice){frame, n}), MW_AUTH);
    MW_CHECK_EQ(m->events.queue[m->events.queued - 1].code, MW_SMP_EVENT_AUTH_FAILED);
    /* Right, then again, then an older one. */
    n = seal(&l, 0x1001, 1, &down, 500, ping, frame);
    MW_CHECK_OK(mw_meter_downlink(m, l.r->now, l.r->now, (mw_slice){frame, n}));
    MW_CHECK_STATUS(mw_meter_downlink(m, l.r->now, l.r->now, (mw_slice){frame, n}), MW_DUPLICATE);
    n = seal(&l, 0x1001, 1, &down, 499, ping, frame);
    MW_CHECK_STATUS(mw_meter_downlink(m, l.r->now, l.r->now, (mw_slice){frame, n}), MW_DUPLICATE);
    /* The newest counter survives a reset. */
    rig_boot(l.r, MW_RESET_WATCHDOG, true);
    n = seal(&l, 0x1001, 1, &down, 500, ping, frame);
    MW_CHECK_STATUS(mw_meter_downlink(m, l.r->now, l.r->now, (mw_slice){frame, n}), MW_DUPLICATE);
    n = seal(&l, 0x1001, 1, &down, 501, ping, frame);
    MW_CHECK_OK(mw_meter_downlink(m, l.r->now, l.r->now, (mw_slice){frame, n}));
    rig_free(l.r);
}

MW_TEST(the_same_command_again_is_answered_and_not_done) {
    line l;
    line_init(&l, model_with_relay());
    mw_smp_command c = command(9, MW_SMP_COMMAND_RELAY);
    mw_smp_relay_put(true, &c);
    MW_CHECK_OK(order(&l, &c));
    run_s(&l, 10);
    MW_CHECK(l.r->out.relay_known && l.r->out.relay_closed);
    MW_CHECK(newest(&l)->id == 9 && newest(&l)->result == 0 && newest(&l)->data[0] == 1);
    mw_smp_command d = command(10, MW_SMP_COMMAND_RELAY);
    mw_smp_relay_put(false, &d);
    MW_CHECK_OK(order(&l, &d));
    run_s(&l, 10);
    MW_CHECK(!l.r->out.relay_closed);
    unsigned before = l.receipts;
    MW_CHECK_OK(order(&l, &c)); /* late again, under a new counter */
    run_s(&l, 10);
    MW_CHECK(!l.r->out.relay_closed);
    MW_CHECK_EQ(l.receipts, before + 1);
    MW_CHECK(newest(&l)->id == 9 && newest(&l)->data[0] == 1);
    rig_boot(l.r, MW_RESET_BROWN_OUT, true);
    MW_CHECK_OK(order(&l, &c));
    run_s(&l, 10);
    MW_CHECK(l.r->out.relay_known && !l.r->out.relay_closed);
    MW_CHECK_EQ(newest(&l)->id, 9);
    rig_free(l.r);
}

MW_TEST(expired_and_unknown_commands) {
    line l;
    line_init(&l, &mw_pulse_2);
    mw_smp_command c = command(1, MW_SMP_COMMAND_RESTART);
    c.expires_s = 1000;
    MW_CHECK_OK(order(&l, &c));
    run_s(&l, 10);
    MW_CHECK_EQ(newest(&l)->result, MW_SMP_RESULT_EXPIRED);
    MW_CHECK(!l.restart);
    c = command(2, (mw_smp_command_code)99);
    MW_CHECK_OK(order(&l, &c));
    run_s(&l, 10);
    MW_CHECK_EQ(newest(&l)->result, MW_SMP_RESULT_UNKNOWN);
    c = command(3, MW_SMP_COMMAND_RELAY); /* no relay in this model */
    mw_smp_relay_put(true, &c);
    MW_CHECK_OK(order(&l, &c));
    run_s(&l, 10);
    MW_CHECK_EQ(newest(&l)->result, MW_SMP_RESULT_UNKNOWN);
    rig_free(l.r);
}

/* ---- what is done ---- */

MW_TEST(configuration_is_set_and_read_back) {
    line l;
    line_init(&l, &mw_pulse_2);
    mw_smp_command c = command(1, MW_SMP_COMMAND_SET_CONFIG);
    mw_smp_config set = {
        3, {{MW_SMP_KEY_PERIOD_H, 6}, {MW_SMP_KEY_JITTER_S, 900}, {MW_SMP_KEY_BURST, 700}}};
    MW_CHECK_OK(mw_smp_set_config_put(&set, &c));
    MW_CHECK_OK(order(&l, &c));
    run_s(&l, 10);
    MW_CHECK_EQ(newest(&l)->result, MW_SMP_RESULT_DONE);
    MW_CHECK_EQ(mw_meter_config_of(&l.r->meter)->report_period_h, 6);
    MW_CHECK_EQ(mw_meter_config_of(&l.r->meter)->burst, 700);
    c = command(2, MW_SMP_COMMAND_READ_CONFIG);
    mw_smp_read_config_put(MW_SMP_KEY_BURST, &c);
    MW_CHECK_OK(order(&l, &c));
    run_s(&l, 10);
    MW_CHECK_EQ(l.configs, 1);
    MW_CHECK(l.config.item[0].key == MW_SMP_KEY_BURST && l.config.item[0].value == 700);
    /* One bad value leaves all as it was. */
    c = command(3, MW_SMP_COMMAND_SET_CONFIG);
    set = (mw_smp_config){2, {{MW_SMP_KEY_BURST, 1}, {MW_SMP_KEY_PERIOD_H, 7}}};
    MW_CHECK_OK(mw_smp_set_config_put(&set, &c));
    MW_CHECK_OK(order(&l, &c));
    run_s(&l, 10);
    MW_CHECK_EQ(newest(&l)->result, MW_SMP_RESULT_RANGE);
    MW_CHECK_EQ(mw_meter_config_of(&l.r->meter)->burst, 700);
    c = command(4, MW_SMP_COMMAND_SET_CONFIG);
    set = (mw_smp_config){1, {{999, 1}}};
    MW_CHECK_OK(mw_smp_set_config_put(&set, &c));
    MW_CHECK_OK(order(&l, &c));
    run_s(&l, 10);
    MW_CHECK_EQ(newest(&l)->result, MW_SMP_RESULT_UNKNOWN);
    rig_boot(l.r, MW_RESET_BROWN_OUT, true);
    MW_CHECK_EQ(mw_meter_config_of(&l.r->meter)->burst, 700);
    rig_free(l.r);
}

MW_TEST(the_clock_follows_the_platform) {
    line l;
    line_init(&l, &mw_pulse_2);
    run_s(&l, 86400);
    MW_CHECK(l.window);
    /* "Your frame began then": 4 s later than the meter thinks. */
    mw_utc began = mw_meter_clock(&l.r->meter, l.last.copy[0].start);
    began.us += 4000000;
    mw_smp_uplink_time a = {.counter_low = l.last.counter & 0xFFF,
                            .ms = (uint16_t)(began.us / 1000 % 1000)};
    MW_CHECK_OK(mw_smp_seconds_of_utc(began, &a.time_s));
    mw_smp_command c = command(1, MW_SMP_COMMAND_SET_TIME);
    MW_CHECK_OK(mw_smp_set_time_put(&a, &c));
    mw_utc before = mw_meter_clock(&l.r->meter, l.r->now);
    MW_CHECK_OK(order(&l, &c));
    int64_t moved = mw_meter_clock(&l.r->meter, l.r->now).us - before.us;
    MW_CHECK(moved > 3998000 && moved < 4001000);
    run_s(&l, 10);
    MW_CHECK_EQ(newest(&l)->result, MW_SMP_RESULT_DONE);
    mw_reader r = mw_reader_of((mw_slice){newest(&l)->data, newest(&l)->size});
    MW_CHECK_EQ(mw_read_varint_signed(&r), moved / 1000);
    /* The same frame says nothing any more: the clock was set since. */
    c = command(2, MW_SMP_COMMAND_SET_TIME);
    MW_CHECK_OK(mw_smp_set_time_put(&a, &c));
    MW_CHECK_OK(order(&l, &c));
    run_s(&l, 10);
    MW_CHECK_EQ(newest(&l)->result, MW_SMP_RESULT_REFUSED);
    /* An hour off is not followed without S. */
    began = mw_utc_add(mw_meter_clock(&l.r->meter, l.last.copy[0].start), mw_dur_s(3600));
    a = (mw_smp_uplink_time){.counter_low = l.last.counter & 0xFFF};
    MW_CHECK_OK(mw_smp_seconds_of_utc(began, &a.time_s));
    c = command(3, MW_SMP_COMMAND_SET_TIME);
    MW_CHECK_OK(mw_smp_set_time_put(&a, &c));
    MW_CHECK_OK(order(&l, &c));
    run_s(&l, 10);
    MW_CHECK_EQ(newest(&l)->result, MW_SMP_RESULT_REFUSED);
    rig_free(l.r);
}

/* A crystal 20 ppm fast, corrected once a day: the estimate says so. */
MW_TEST(drift_is_estimated) {
    line l;
    line_init(&l, &mw_pulse_2);
    uint8_t frame[MW_UNB_PAYLOAD_MAX];
    mw_crypto_ctx group;
    mw_key key = {{77}};
    MW_CHECK_OK(mw_crypto_init(&group, &mw_crypto_own, &key));
    int64_t start_ns = l.r->now.ns;
    mw_utc start = mw_meter_clock(&l.r->meter, l.r->now);
    for (uint32_t day = 1; day <= 3; day++) {
        run_s(&l, 86400);
        int64_t local = l.r->now.ns - start_ns;
        mw_utc real = mw_utc_add(start, (mw_dur){local - local / 50000});
        mw_smp_time_set t = {.ms = (uint16_t)(real.us / 1000 % 1000), .uncertainty_ms = 20};
        MW_CHECK_OK(mw_smp_seconds_of_utc(real, &t.time_s));
        uint8_t memory[16];
        mw_writer w = mw_writer_of(MW_SPAN_OF(memory));
        mw_smp_time_set_put(&w, &t);
        size_t n = seal(&l, MW_SMP_GROUP_ALL, 0, &group, day, mw_writer_done(&w), frame);
        MW_CHECK_OK(mw_meter_downlink(&l.r->meter, l.r->now, l.r->now, (mw_slice){frame, n}));
        int64_t off = mw_meter_clock(&l.r->meter, l.r->now).us - real.us;
        MW_CHECK(off > -1100 && off < 1100);
        after(&l);
    }
    int drift = l.r->meter.clock.drift_dppm;
    MW_CHECK(drift > 195 && drift < 205);
    rig_boot(l.r, MW_RESET_BROWN_OUT, false);
    MW_CHECK_EQ(l.r->meter.clock.drift_dppm, drift);
    /* A member of the group cannot move a good clock by more than drift explains. */
    MW_CHECK_OK(mw_meter_clock_set(&l.r->meter, l.r->now, mw_utc_add(start, mw_dur_s(400000))));
    mw_smp_time_set t = {.time_s = 5, .step = true};
    uint8_t memory[16];
    mw_writer w = mw_writer_of(MW_SPAN_OF(memory));
    mw_smp_time_set_put(&w, &t);
    mw_utc before = mw_meter_clock(&l.r->meter, l.r->now);
    size_t n = seal(&l, MW_SMP_GROUP_ALL, 0, &group, 99, mw_writer_done(&w), frame);
    MW_CHECK_OK(mw_meter_downlink(&l.r->meter, l.r->now, l.r->now, (mw_slice){frame, n}));
    MW_CHECK_EQ(mw_meter_clock(&l.r->meter, l.r->now).us, before.us);
    rig_free(l.r);
}

MW_TEST(the_archive_is_read_from_to) {
    line l;
    line_init(&l, &mw_pulse_2);
    for (unsigned i = 0; i < 24 * 6; i++) {
        mw_meter_inputs in = {.counts = {50 + i, 3}};
        run_s(&l, 3599);
        MW_CHECK_OK(mw_meter_step(&l.r->meter, l.r->now, &in, &l.r->out));
        if (l.r->out.transmit)
            hear(&l);
        run_s(&l, 1);
    }
    memset(l.r->hours, 0, sizeof l.r->hours);
    mw_smp_command c = command(5, MW_SMP_COMMAND_READ_ARCHIVE);
    uint32_t end = mw_meter_hour(&l.r->meter) - 10;
    mw_smp_read_hours a = {.channel = 1, .end_hour = end, .hours = 100};
    MW_CHECK_OK(mw_smp_read_hours_put(&a, &c));
    MW_CHECK_OK(order(&l, &c));
    run_s(&l, 5);
    MW_CHECK_EQ(newest(&l)->result, MW_SMP_RESULT_ACCEPTED);
    mw_smp_command d = command(6, MW_SMP_COMMAND_READ_DAY);
    mw_smp_read_hours b = {.channel = 0, .end_hour = end, .hours = 24};
    MW_CHECK_OK(mw_smp_read_hours_put(&b, &d));
    MW_CHECK_OK(order(&l, &d));
    run_s(&l, 5);
    MW_CHECK_EQ(newest(&l)->result, MW_SMP_RESULT_BUSY);
    run_s(&l, 7200);
    MW_CHECK(newest(&l)->id == 5 && newest(&l)->result == MW_SMP_RESULT_DONE);
    for (uint32_t h = end - 100; h < end; h++)
        MW_CHECK(l.r->hours[1][h - l.r->base_hour].known);
    MW_CHECK(!l.r->hours[1][end - 101 - l.r->base_hour].known);
    d.id = 7;
    b.end_hour = mw_meter_hour(&l.r->meter) + 1;
    MW_CHECK_OK(mw_smp_read_hours_put(&b, &d));
    MW_CHECK_OK(order(&l, &d));
    run_s(&l, 10);
    MW_CHECK_EQ(newest(&l)->result, MW_SMP_RESULT_RANGE);
    rig_free(l.r);
}

static void rotate(line *l, uint16_t id, uint32_t epoch) {
    mw_key master;
    mw_device_id dev;
    mw_smp_key_epoch a = {.epoch_low = (uint8_t)epoch};
    memcpy(master.b, l->r->provision.master_key, 16);
    memcpy(dev.b, l->r->provision.device_id, 8);
    MW_CHECK_OK(mw_smp_key_epoch_prove(&mw_crypto_own, &master, &dev, epoch, a.proof));
    mw_smp_command c = command(id, MW_SMP_COMMAND_KEY_EPOCH);
    mw_smp_key_epoch_put(&a, &c);
    MW_CHECK_OK(order(l, &c));
}

MW_TEST(keys_rotate_and_the_former_epoch_ends_with_the_first_use) {
    line l;
    line_init(&l, &mw_pulse_2);
    uint8_t old[MW_UNB_PAYLOAD_MAX];
    mw_crypto_ctx former;
    keys_of(&l, 1, MW_KEY_DOWN, &former);
    rotate(&l, 1, 2);
    MW_CHECK_EQ(l.r->meter.key_epoch, 2);
    run_s(&l, 10);
    MW_CHECK_EQ(l.epoch, 2); /* the receipt came under the new epoch */
    MW_CHECK_EQ(newest(&l)->result, MW_SMP_RESULT_DONE);
    rig_boot(l.r, MW_RESET_BROWN_OUT, true);
    MW_CHECK_EQ(l.r->meter.key_epoch, 2);
    run_s(&l, 1000);
    mw_slice ping = mw_test_hex("83003001");
    size_t n = seal(&l, 0x1001, 1, &former, 50, ping, old);
    MW_CHECK_OK(mw_meter_downlink(&l.r->meter, l.r->now, l.r->now, (mw_slice){old, n}));
    l.counter = 0;
    mw_smp_command c = command(2, MW_SMP_COMMAND_PING);
    MW_CHECK_OK(order(&l, &c)); /* under the new epoch, counted from the beginning */
    ping = mw_test_hex("83003101");
    n = seal(&l, 0x1001, 1, &former, 51, ping, old);
    MW_CHECK_STATUS(mw_meter_downlink(&l.r->meter, l.r->now, l.r->now, (mw_slice){old, n}),
                    MW_AUTH);
    /* Not two epochs ahead, and not without the proof. */
    rotate(&l, 3, 4);
    MW_CHECK_EQ(l.r->meter.key_epoch, 2);
    mw_smp_command bad = command(4, MW_SMP_COMMAND_KEY_EPOCH);
    mw_smp_key_epoch a = {.epoch_low = 3};
    mw_smp_key_epoch_put(&a, &bad);
    MW_CHECK_OK(order(&l, &bad));
    run_s(&l, 10);
    MW_CHECK_EQ(newest(&l)->result, MW_SMP_RESULT_REFUSED);
    MW_CHECK_EQ(l.r->meter.key_epoch, 2);
    rig_free(l.r);
}

MW_TEST(a_group_key_comes_by_command) {
    line l;
    line_init(&l, &mw_pulse_2);
    mw_key master, key = {{200, 1}};
    mw_device_id dev;
    mw_smp_group_key g = {.group = 0xFF000001, .epoch = 4};
    memcpy(master.b, l.r->provision.master_key, 16);
    memcpy(dev.b, l.r->provision.device_id, 8);
    MW_CHECK_OK(mw_smp_group_key_wrap(&mw_crypto_own, &master, &dev, 1, 0x1001, &key, &g));
    mw_smp_command c = command(1, MW_SMP_COMMAND_GROUP_KEY);
    mw_smp_group_key_put(&g, &c);
    MW_CHECK_OK(order(&l, &c));
    run_s(&l, 10);
    MW_CHECK_EQ(newest(&l)->result, MW_SMP_RESULT_DONE);
    rig_boot(l.r, MW_RESET_BROWN_OUT, true);
    uint8_t frame[MW_UNB_PAYLOAD_MAX];
    mw_crypto_ctx group;
    MW_CHECK_OK(mw_crypto_init(&group, &mw_crypto_own, &key));
    /* A member may ask, but not command. */
    unsigned before = l.receipts;
    size_t n = seal(&l, 0xFF000001, 4, &group, 1, mw_test_hex("490007 04 fffffffe00"), frame);
    MW_CHECK_OK(mw_meter_downlink(&l.r->meter, l.r->now, l.r->now, (mw_slice){frame, n}));
    n = seal(&l, 0xFF000001, 4, &group, 2, mw_test_hex("83000808"), frame);
    MW_CHECK_OK(mw_meter_downlink(&l.r->meter, l.r->now, l.r->now, (mw_slice){frame, n}));
    after(&l);
    l.healths = 0;
    run_s(&l, 400);
    MW_CHECK(!l.restart);
    MW_CHECK(l.healths >= 1);
    MW_CHECK_EQ(l.receipts, before);
    rig_free(l.r);
}

MW_TEST(a_restart_comes_after_its_receipt) {
    line l;
    line_init(&l, &mw_pulse_2);
    mw_smp_command c = command(1, MW_SMP_COMMAND_RESTART);
    MW_CHECK_OK(order(&l, &c));
    run_s(&l, 60);
    MW_CHECK(l.restart);
    MW_CHECK(newest(&l)->id == 1 && newest(&l)->result == MW_SMP_RESULT_DONE);
    l.restart = false;
    rig_boot(l.r, MW_RESET_ORDERLY, true);
    MW_CHECK_OK(order(&l, &c)); /* the platform did not hear the receipt */
    run_s(&l, 700);
    MW_CHECK(!l.restart);
    rig_free(l.r);
}

MW_TEST(leaks_and_bursts_are_told) {
    line l;
    line_init(&l, &mw_pulse_2);
    mw_meter_config config = *mw_meter_config_of(&l.r->meter);
    config.leak = 2;
    config.burst = 100;
    MW_CHECK_OK(mw_meter_configure(&l.r->meter, l.r->now, &config));
    for (unsigned h = 0; h < 30; h++) {
        mw_meter_inputs in = {.counts = {h == 20 ? 300 : 3, 0}};
        run_s(&l, 1800);
        MW_CHECK_OK(mw_meter_step(&l.r->meter, l.r->now, &in, &l.r->out));
        if (l.r->out.transmit)
            hear(&l);
        run_s(&l, 1800);
        MW_CHECK(h >= 22 || !l.leak);
    }
    MW_CHECK(l.burst && l.leak);
    MW_CHECK((l.r->meter.status_now & MW_SMP_STATUS_LEAK) != 0);
    run_s(&l, 7200);
    MW_CHECK_EQ(l.r->meter.status_now & MW_SMP_STATUS_LEAK, 0);
    rig_free(l.r);
}

MW_TEST_MAIN(MW_CASE(a_ping_is_answered_at_once), MW_CASE(the_window_follows_the_last_copy),
             MW_CASE(only_the_right_frames_are_taken),
             MW_CASE(the_same_command_again_is_answered_and_not_done),
             MW_CASE(expired_and_unknown_commands), MW_CASE(configuration_is_set_and_read_back),
             MW_CASE(the_clock_follows_the_platform), MW_CASE(drift_is_estimated),
             MW_CASE(the_archive_is_read_from_to),
             MW_CASE(keys_rotate_and_the_former_epoch_ends_with_the_first_use),
             MW_CASE(a_group_key_comes_by_command), MW_CASE(a_restart_comes_after_its_receipt),
             MW_CASE(leaks_and_bursts_are_told))
