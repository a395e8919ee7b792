/* SPDX-License-Identifier: Apache-2.0
 *
 * Commands on their whole road: platform, station, meter and back.
 */
#include "platform/backup/backup.h"
#include "tests/commands/loop.h"

static loop l;

static mw_status step_print(void *ctx, const mw_store_command_step *s) {
    char at[MW_UTC_TEXT_MAX];
    (void)ctx;
    mw_utc_format(s->at, at);
    printf("  %s %s %s [%s]\n", at, mw_command_state_name(s->state), s->reason, s->station);
    return MW_OK;
}

/* The whole history, when MW_LOOP_TELL asks for it. */
static void loop_tell(loop *x) {
    mw_store_command c;
    for (int64_t id = 1; getenv("MW_LOOP_TELL") != NULL &&
                         mw_store_command_get(x->store, x->tenant, id, &c) == MW_OK;
         id++) {
        printf("%lld %s code %u\n", (long long)id, c.kind, c.code);
        MW_CHECK_OK(mw_store_command_steps(x->store, x->tenant, id, step_print, NULL));
    }
}

MW_TEST(each_kind_is_executed_and_confirmed) {
    loop_open(&l, "loop-kinds", 1);
    loop_run(&l, 2 * 3600);
    int64_t ping = loop_ask(&l, MW_SMP_COMMAND_PING, NULL);
    int64_t config = loop_ask_burst(&l, 321);
    int64_t relay = loop_ask_relay(&l, true);
    int64_t health = loop_ask(&l, MW_SMP_COMMAND_HEALTH, NULL);
    mw_smp_command step = {.size = 1, .data = {0}};
    int64_t time = loop_ask(&l, MW_SMP_COMMAND_SET_TIME, &step);
    mw_smp_command read = {.code = MW_SMP_COMMAND_READ_ARCHIVE};
    mw_smp_read_hours hours = {.channel = 0, .end_hour = mw_meter_hour(&l.meter), .hours = 2};
    MW_CHECK_OK(mw_smp_read_hours_put(&hours, &read));
    int64_t archive = loop_ask(&l, MW_SMP_COMMAND_READ_ARCHIVE, &read);
    int64_t restart = loop_ask(&l, MW_SMP_COMMAND_RESTART, NULL);
    int64_t keys = loop_ask(&l, MW_SMP_COMMAND_KEY_EPOCH, NULL);
    int64_t group = loop_ask(&l, MW_SMP_COMMAND_GROUP_KEY, NULL);
    loop_run(&l, 12 * 3600);
    loop_tell(&l);
    const int64_t all[] = {ping, config, relay, health, time, archive, restart, keys, group};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        loop_expect(&l, all[i], MW_COMMAND_EXECUTED);
    MW_CHECK(l.relay && l.relay_moves == 1);
    MW_CHECK(l.burst == 321 && l.burst_moves == 1);
    MW_CHECK_EQ(l.meter.key_epoch, 1);
    MW_CHECK_EQ(l.resets, 2);
    /* And it goes on under the new keys. */
    ping = loop_ask(&l, MW_SMP_COMMAND_PING, NULL);
    loop_run(&l, 2 * 3600);
    loop_expect(&l, ping, MW_COMMAND_EXECUTED);
    MW_CHECK_EQ(loop_command(&l, ping).key_epoch, 1);
    /* Values for later: taken now, in force at their time. */
    mw_smp_config leak = {.count = 1, .item = {{MW_SMP_KEY_LEAK, 7}}};
    mw_smp_command later = {.code = MW_SMP_COMMAND_SET_CONFIG_AT};
    uint32_t at_s;
    MW_CHECK_OK(mw_smp_seconds_of_utc(mw_utc_add(loop_utc(&l), mw_dur_s(6 * 3600)), &at_s));
    MW_CHECK_OK(mw_smp_set_config_at_put(at_s, &leak, &later));
    int64_t passive = loop_ask(&l, MW_SMP_COMMAND_SET_CONFIG_AT, &later);
    loop_run(&l, 3 * 3600);
    loop_expect(&l, passive, MW_COMMAND_EXECUTED);
    MW_CHECK_EQ(l.meter.config.leak, 0);
    loop_run(&l, 4 * 3600);
    MW_CHECK_EQ(l.meter.config.leak, 7);
    loop_close(&l);
}

/* Values that follow each other: each is seen at most once, and what the platform says in the end
 * is what the meter has. */
static void storm(uint64_t seed, loop_air air) {
    int64_t config[8], relay[8];
    loop_open(&l, "loop-storm", seed);
    loop_run(&l, 2 * 3600);
    l.air = air;
    for (unsigned i = 0; i < 8; i++) {
        config[i] = loop_ask_burst(&l, 1000 + i);
        relay[i] = loop_ask_relay(&l, i % 2 == 0);
        loop_run(&l, 4 * 3600);
    }
    l.air = (loop_air){0};
    loop_run(&l, 50 * 3600);
    unsigned executed = 0, moves = 0;
    bool position = false;
    for (unsigned i = 0; i < 8; i++) {
        mw_store_command c = loop_command(&l, config[i]), r = loop_command(&l, relay[i]);
        MW_CHECK(mw_command_is_over(c.state) && mw_command_is_over(r.state));
        executed += c.state == MW_COMMAND_EXECUTED;
        if (getenv("MW_LOOP_TELL") != NULL)
            printf("%s: %s | %s: %s\n", mw_command_state_name(c.state), c.reason,
                   mw_command_state_name(r.state), r.reason);
        if (r.state == MW_COMMAND_EXECUTED && position != (i % 2 == 0)) {
            position = i % 2 == 0;
            moves++;
        }
    }
    /* A command whose every receipt was lost may have been done: moves are at least what is known,
     * and at most one for each command. */
    MW_CHECK(l.burst_moves >= executed && l.burst_moves <= 8);
    MW_CHECK(l.relay_moves >= moves && l.relay_moves <= 8);
    if (loop_command(&l, config[7]).state == MW_COMMAND_EXECUTED)
        MW_CHECK_EQ(l.burst, 1007);
    if (loop_command(&l, relay[7]).state == MW_COMMAND_EXECUTED)
        MW_CHECK(!l.relay);
    MW_CHECK(executed >= 5);
    loop_close(&l);
}

MW_TEST(lost_repeated_and_late_messages_do_nothing_twice) {
    for (uint64_t seed = 1; seed <= 3; seed++)
        storm(seed, (loop_air){.lose_up = 20,
                               .lose_down = 30,
                               .repeat_down = 30,
                               .lose_result = 15,
                               .late_item = 20});
}

MW_TEST(another_station_takes_over) {
    loop_open(&l, "loop-over", 3);
    loop_run(&l, 2 * 3600);
    int64_t ping = loop_ask(&l, MW_SMP_COMMAND_PING, NULL);
    loop_platform(&l);
    int64_t chosen = 0;
    for (size_t i = 0; i < l.entries; i++)
        if (l.entry[i].command == ping)
            chosen = l.entry[i].sender;
    MW_CHECK_EQ(chosen, l.station[0].sender); /* it hears better */
    l.snr[0] = INT32_MIN;
    loop_run(&l, 6 * 3600);
    loop_expect(&l, ping, MW_COMMAND_EXECUTED);
    /* A station that is not connected is not chosen while another one is. */
    l.snr[0] = 1000;
    l.connected[0] = false;
    loop_run(&l, 4 * 3600);
    ping = loop_ask(&l, MW_SMP_COMMAND_PING, NULL);
    loop_platform(&l);
    for (size_t i = 0; i < l.entries; i++)
        if (l.entry[i].command == ping)
            MW_CHECK_EQ(l.entry[i].sender, l.station[1].sender);
    loop_close(&l);
}

MW_TEST(results_of_stations_become_states) {
    loop_open(&l, "loop-results", 4);
    loop_run(&l, 2 * 3600);
    l.connected[1] = false;
    l.snr[1] = INT32_MIN;
    int64_t ping = loop_ask(&l, MW_SMP_COMMAND_PING, NULL);
    loop_platform(&l);
    int64_t entry = 0;
    for (size_t i = 0; i < l.entries; i++)
        if (l.entry[i].command == ping)
            entry = l.entry[i].id;
    MW_CHECK(entry != 0);
    /* Not another station's to say. */
    loop_result(&l, 1, entry, "sent");
    loop_platform(&l);
    MW_CHECK(loop_command(&l, ping).state == MW_COMMAND_QUEUED);
    loop_result(&l, 0, entry, "no_duty");
    loop_platform(&l);
    mw_store_command c = loop_command(&l, ping);
    MW_CHECK(c.state == MW_COMMAND_QUEUED && strstr(c.reason, "no_duty") != NULL);
    loop_on_cancel(&l, &(mw_store_downlink){.id = entry});
    loop_run(&l, 4 * 3600);
    loop_expect(&l, ping, MW_COMMAND_EXECUTED);
    loop_close(&l);
}

MW_TEST(a_command_that_reaches_nobody_expires) {
    loop_open(&l, "loop-expire", 5);
    int64_t early = loop_ask(&l, MW_SMP_COMMAND_PING, NULL);
    loop_platform(&l);
    MW_CHECK(strstr(loop_command(&l, early).reason, "not heard") != NULL);
    loop_run(&l, 3 * 3600);
    loop_expect(&l, early, MW_COMMAND_EXECUTED); /* once it was heard */
    l.air.lose_down = 100;
    int64_t ping = loop_ask(&l, MW_SMP_COMMAND_PING, NULL);
    loop_run(&l, 40 * 3600);
    loop_expect(&l, ping, MW_COMMAND_FAILED);
    MW_CHECK_EQ(loop_command(&l, ping).attempts, 8);
    l.snr[0] = l.snr[1] = INT32_MIN;
    int64_t silent = loop_ask(&l, MW_SMP_COMMAND_PING, NULL);
    loop_run(&l, 2 * 86400 + 3600);
    loop_expect(&l, silent, MW_COMMAND_EXPIRED);
    MW_CHECK_EQ(l.taken > 0, 1);
    loop_close(&l);
}

/* Decoding the journal again makes the same facts and moves no command. */
MW_TEST(decoding_again_changes_nothing) {
    loop_open(&l, "loop-again", 6);
    loop_run(&l, 2 * 3600);
    int64_t config = loop_ask_burst(&l, 5);
    loop_run(&l, 3 * 3600);
    loop_expect(&l, config, MW_COMMAND_EXECUTED);
    mw_store_command before = loop_command(&l, config);
    uint8_t first[32], second[32];
    MW_CHECK_OK(mw_store_digest(l.store, first));
    MW_CHECK_OK(mw_decoder_rewind(l.decoder));
    loop_platform(&l);
    MW_CHECK_OK(mw_store_digest(l.store, second));
    assert_memory_equal(first, second, 32);
    mw_store_command after = loop_command(&l, config);
    MW_CHECK(before.changed.us == after.changed.us && before.state == after.state);
    loop_close(&l);
}

/* Beacons are sealed ahead for exact moments, and a meter of the group takes the time from one. */
MW_TEST(beacons_tell_the_time) {
    loop_open(&l, "loop-beacon", 7);
    loop_run(&l, 2 * 3600);
    unsigned n = 0;
    int64_t at[64] = {0};
    for (unsigned i = 0; i < 40; i++) {
        loop_run(&l, 300);
        for (size_t k = 0; k < l.entries; k++) {
            mw_store_downlink d = l.entry[k];
            if (d.mode != MW_STORE_BROADCAST)
                continue;
            l.entry[k--] = l.entry[--l.entries];
            unsigned station = d.sender == l.station[0].sender ? 0 : 1;
            MW_CHECK_EQ(d.at.us % (3600 * MW_US_PER_S), station * 4 * MW_US_PER_S);
            MW_CHECK_EQ(d.hop, d.at.us / MW_US_PER_S / 3600 % 4096);
            MW_CHECK(d.at.us > d.created.us && d.at.us <= d.created.us + 940 * MW_US_PER_S);
            for (unsigned j = 0; j < n; j++)
                MW_CHECK(at[j] != d.at.us);
            at[n++ % 64] = d.at.us;
            if (n != 3)
                continue;
            /* The meter is 2 s slow when it hears this one. */
            mw_mono burst = {(d.at.us - LOOP_START * MW_US_PER_S) * 1000};
            l.now = burst.ns > l.now.ns ? burst : l.now;
            mw_utc slow = mw_utc_add(loop_utc(&l), mw_dur_s(-2));
            MW_CHECK_OK(mw_meter_clock_set(&l.meter, l.now, slow));
            MW_CHECK_OK(mw_meter_downlink(&l.meter, l.now, burst, (mw_slice){d.payload, d.size}));
            int64_t off = mw_meter_clock(&l.meter, l.now).us - loop_utc(&l).us;
            MW_CHECK(off > -2000 && off < 2000);
        }
    }
    MW_CHECK(n >= 6);
    loop_close(&l);
}

/* A request to all goes in the beacons of two slots instead of the time; a meter does it once and
 * without a receipt. */
MW_TEST(beacons_carry_a_request_to_all) {
    loop_open(&l, "loop-group", 9);
    loop_run(&l, 2 * 3600);
    mw_smp_command relay = {.code = MW_SMP_COMMAND_RELAY, .size = 1};
    mw_smp_command health = {.code = MW_SMP_COMMAND_HEALTH};
    mw_commands_group group;
    MW_CHECK_EQ(mw_commands_group_ask(l.commands, l.tenant, &relay, 2, loop_clock(&l), &group),
                MW_RANGE);
    MW_CHECK_OK(mw_commands_group_ask(l.commands, l.tenant, &health, 2, loop_clock(&l), &group));
    MW_CHECK_EQ(mw_commands_group_ask(l.commands, l.tenant, &health, 2, loop_clock(&l), &group),
                MW_CONFLICT);
    MW_CHECK(group.last.us - group.first.us == 3600 * MW_US_PER_S);
    unsigned asked = 0, told = 0, taken = 0;
    for (unsigned i = 0; i < 48; i++) {
        loop_run(&l, 300);
        for (size_t k = 0; k < l.entries; k++) {
            mw_store_downlink d = l.entry[k];
            if (d.mode != MW_STORE_BROADCAST)
                continue;
            l.entry[k--] = l.entry[--l.entries];
            bool ours = d.at.us >= group.first.us && d.at.us <= group.last.us + 3599 * MW_US_PER_S;
            asked += ours;
            told += !ours;
            mw_mono burst = {(d.at.us - LOOP_START * MW_US_PER_S) * 1000};
            l.now = burst.ns > l.now.ns ? burst : l.now;
            int64_t before = l.meter.downlink.answer_at.ns;
            MW_CHECK_OK(mw_meter_downlink(&l.meter, l.now, burst, (mw_slice){d.payload, d.size}));
            bool answers = l.meter.downlink.answer_at.ns != before;
            MW_CHECK(ours || !answers);
            taken += answers;
        }
    }
    MW_CHECK_EQ(asked, 2 * LOOP_STATIONS); /* each station, in both slots */
    MW_CHECK(told >= 4);
    MW_CHECK(taken >= 1);
    loop_close(&l);
}

/* The platform's clock is set back and forth by hours: nothing is done twice. A command that was made
 * while the clock was hours ahead may be told as failed though it was done: to the platform its
 * receipt looks older than itself. */
MW_TEST(a_stepped_clock_repeats_no_command) {
    static const int64_t steps[] = {5 * 3600, -7 * 3600, 0, -3600, 11 * 3600, 0};
    int64_t relay[6];
    loop_open(&l, "loop-clock", 8);
    loop_run(&l, 2 * 3600);
    for (unsigned i = 0; i < 6; i++) {
        l.clock_step_s = steps[i];
        relay[i] = loop_ask_relay(&l, i % 2 == 0);
        loop_run(&l, 1800);
        l.clock_step_s = steps[(i + 3) % 6];
        loop_run(&l, 12 * 3600);
    }
    l.clock_step_s = 0;
    loop_run(&l, 24 * 3600);
    loop_tell(&l);
    for (unsigned i = 0; i < 6; i++) {
        MW_CHECK(mw_command_is_over(loop_command(&l, relay[i]).state));
        if (steps[i] <= 0)
            loop_expect(&l, relay[i], MW_COMMAND_EXECUTED);
    }
    MW_CHECK_EQ(l.relay_moves, 6);
    loop_close(&l);
}

/* Yesterday's database comes back. Commands of after the backup are gone from the queue, those that
 * waited in it are still there; what the meter has done since is not done again, no counter comes
 * twice (loop_on_entry looks at every frame), and new commands are understood. */
MW_TEST(a_restored_queue_repeats_nothing) {
    char folder[80], wal[80];
    mw_manifest m;
    mw_restore_report r;
    mw_store_command gone;
    loop_open(&l, "loop-restore", 9);
    (void)snprintf(folder, sizeof folder, "%s.backup", l.path);
    loop_run(&l, 2 * 3600);
    int64_t done = loop_ask_relay(&l, true);
    loop_run(&l, 4 * 3600);
    loop_expect(&l, done, MW_COMMAND_EXECUTED);
    int64_t waits = loop_ask_relay(&l, false), burst = loop_ask_burst(&l, 777);
    mw_backup_options make = {
        .store_path = l.path, .key_file = l.key_path, .folder = folder, .now = loop_utc(&l)};
    MW_CHECK_OK(mw_backup_make(&make, &m));
    loop_run(&l, 6 * 3600);
    int64_t later = loop_ask_relay(&l, true);
    loop_run(&l, 6 * 3600);
    loop_expect(&l, waits, MW_COMMAND_EXECUTED);
    loop_expect(&l, later, MW_COMMAND_EXECUTED);
    MW_CHECK(l.relay && l.relay_moves == 3 && l.burst_moves == 1);
    /* The disk is lost, the file of the sender's epoch is not. */
    loop_platform_close(&l);
    (void)unlink(l.path);
    (void)snprintf(wal, sizeof wal, "%s-wal", l.path);
    (void)unlink(wal);
    mw_restore_options o = {.folder = folder,
                            .store_path = l.path,
                            .key_file = l.key_path,
                            .epoch_file = l.epoch_path,
                            .tenant = "demo",
                            .now = loop_utc(&l)};
    MW_CHECK_OK(mw_backup_restore(&o, &r));
    l.entries = 0; /* the stations ask anew */
    loop_platform_open(&l);
    MW_CHECK_EQ(loop_command(&l, waits).state, MW_COMMAND_QUEUED);
    MW_CHECK_STATUS(mw_store_command_get(l.store, l.tenant, later, &gone), MW_NOT_FOUND);
    loop_run(&l, 10 * 3600);
    loop_tell(&l);
    loop_expect(&l, waits, MW_COMMAND_EXECUTED); /* the meter remembers that it did */
    loop_expect(&l, burst, MW_COMMAND_EXECUTED);
    MW_CHECK(l.relay && l.relay_moves == 3 && l.burst_moves == 1);
    int64_t next = loop_ask_relay(&l, false);
    MW_CHECK(loop_command(&l, next).smp_id != loop_command(&l, waits).smp_id + 1);
    loop_run(&l, 6 * 3600);
    loop_expect(&l, next, MW_COMMAND_EXECUTED);
    MW_CHECK(!l.relay && l.relay_moves == 4);
    (void)snprintf(wal, sizeof wal, "rm -rf %.60s", folder);
    MW_CHECK_EQ(system(wal), 0);
    loop_close(&l);
}

MW_TEST_MAIN(MW_CASE(each_kind_is_executed_and_confirmed),
             MW_CASE(lost_repeated_and_late_messages_do_nothing_twice),
             MW_CASE(another_station_takes_over), MW_CASE(results_of_stations_become_states),
             MW_CASE(a_command_that_reaches_nobody_expires),
             MW_CASE(decoding_again_changes_nothing), MW_CASE(beacons_tell_the_time),
             MW_CASE(beacons_carry_a_request_to_all), MW_CASE(a_stepped_clock_repeats_no_command),
             MW_CASE(a_restored_queue_repeats_nothing))
