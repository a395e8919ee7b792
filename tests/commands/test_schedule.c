/* SPDX-License-Identifier: Apache-2.0
 *
 * Tariff schedules on their whole road: parts, receipts, what is read back, and what is sent again.
 */
#include "protocols/tariff/schedule.h"
#include "tests/commands/loop.h"

static loop l;
static mw_tariff_calendar held; /* the meter's */
static unsigned takes;

static mw_status take(void *context, mw_slice schedule) {
    uint32_t from_s;
    (void)context;
    MW_TRY(mw_tariff_schedule_decode(schedule, &held, &held, &from_s));
    takes++;
    return MW_OK;
}

static void newest(void *context, uint32_t *out_checksum, uint32_t *out_from_s) {
    (void)context;
    *out_checksum = mw_tariff_calendar_checksum(&held);
    *out_from_s = 0;
}

static void open_with_tariffs(const char *name, uint64_t seed) {
    loop_open(&l, name, seed);
    mw_tariff_calendar_init(&held);
    takes = 0;
    l.schedule.take = take;
    l.schedule.newest = newest;
    loop_run(&l, 2 * 3600);
}

static mw_tariff_calendar wanted(unsigned programs) {
    mw_tariff_calendar c;
    mw_tariff_calendar_init(&c);
    memcpy(c.name, "WINTER", 6);
    c.programs = (uint8_t)programs;
    for (unsigned p = 0; p < programs; p++)
        for (unsigned z = 0; z < MW_TARIFF_ZONES; z++)
            mw_tariff_program_set(c.program[p], z, (uint8_t)((z + p) / 3 % 8));
    return c;
}

static mw_status order(const mw_tariff_calendar *base, const mw_tariff_calendar *to, mw_dur ttl,
                       int64_t *out_id, unsigned *out_parts) {
    uint8_t bytes[MW_TARIFF_SCHEDULE_MAX];
    mw_smp_command part[MW_SMP_SCHEDULE_PARTS] = {{0}};
    size_t n = 0;
    MW_CHECK_OK(mw_tariff_schedule_encode(base, to, 0, MW_SPAN_OF(bytes), &n));
    *out_parts = mw_smp_schedule_parts(n);
    for (unsigned i = 0; i < *out_parts; i++) {
        mw_smp_schedule_part p;
        part[i].code = MW_SMP_COMMAND_SCHEDULE;
        MW_CHECK_OK(mw_smp_schedule_cut((mw_slice){bytes, n}, 9, i, &p));
        mw_smp_schedule_put(&p, &part[i]);
    }
    mw_command_order o = {.tenant = l.tenant,
                          .device = l.device,
                          .kind = "tariff-schedule",
                          .args = "{}",
                          .code = MW_SMP_COMMAND_SCHEDULE,
                          .size = part[0].size,
                          .priority = 4,
                          .ttl = ttl,
                          .actor = "ops",
                          .more = part + 1,
                          .more_n = *out_parts - 1};
    memcpy(o.data, part[0].data, part[0].size);
    mw_store_command c = {0};
    bool existing;
    mw_status s = mw_commands_create(l.commands, &o, loop_clock(&l), &c, &existing);
    *out_id = c.id;
    return s;
}

MW_TEST(parts_are_taken_and_the_whole_is_read_back) {
    mw_tariff_calendar to = wanted(8), next = to;
    int64_t id = 0, other = 0;
    unsigned parts = 0, again = 0;
    open_with_tariffs("schedule", 1);
    MW_CHECK_OK(order(NULL, &to, (mw_dur){0}, &id, &parts));
    MW_CHECK(parts >= 5);
    MW_CHECK_STATUS(order(NULL, &to, (mw_dur){0}, &other, &again), MW_STATE);
    loop_run(&l, 12 * 3600);
    loop_expect(&l, id, MW_COMMAND_EXECUTED);
    MW_CHECK_EQ(takes, 1);
    MW_CHECK_EQ(mw_tariff_calendar_checksum(&held), mw_tariff_calendar_checksum(&to));
    /* One program changes: one part. */
    mw_tariff_program_set(next.program[3], 0, 7);
    mw_tariff_program_set(next.program[3], 1, 7);
    MW_CHECK_OK(order(&to, &next, (mw_dur){0}, &id, &parts));
    MW_CHECK(parts <= 2);
    loop_run(&l, 6 * 3600);
    loop_expect(&l, id, MW_COMMAND_EXECUTED);
    MW_CHECK_EQ(mw_tariff_calendar_checksum(&held), mw_tariff_calendar_checksum(&next));
    loop_close(&l);
}

/* The meter restarts in the middle and has forgotten the first parts: they are sent again. */
MW_TEST(forgotten_parts_are_sent_again) {
    mw_tariff_calendar to = wanted(12);
    int64_t id = 0;
    unsigned parts = 0;
    open_with_tariffs("schedule-reset", 2);
    MW_CHECK_OK(order(NULL, &to, mw_dur_s(10 * 86400), &id, &parts));
    for (unsigned i = 0; i < 200 && (l.schedule.have & 0x7) != 0x7; i++)
        loop_run(&l, 300);
    MW_CHECK_EQ(l.schedule.have & 0x7, 0x7);
    loop_boot(&l, MW_RESET_WATCHDOG);
    l.air = (loop_air){.lose_up = 20, .lose_down = 20, .repeat_down = 20, .lose_result = 10};
    loop_run(&l, 60 * 3600);
    l.air = (loop_air){0};
    loop_run(&l, 60 * 3600);
    loop_expect(&l, id, MW_COMMAND_EXECUTED);
    MW_CHECK_EQ(mw_tariff_calendar_checksum(&held), mw_tariff_calendar_checksum(&to));
    MW_CHECK_EQ(takes, 1);
    loop_close(&l);
}

/* The meter has another calendar than the one that is to be changed: it refuses, all parts end, and
 * nothing changed. */
MW_TEST(another_base_is_refused) {
    mw_tariff_calendar base = wanted(8), to = wanted(14);
    int64_t id = 0;
    unsigned parts = 0;
    open_with_tariffs("schedule-base", 3);
    MW_CHECK_OK(order(&base, &to, (mw_dur){0}, &id, &parts));
    MW_CHECK(parts >= 2);
    loop_run(&l, 12 * 3600);
    loop_expect(&l, id, MW_COMMAND_FAILED);
    MW_CHECK(strstr(loop_command(&l, id).reason, "refused") != NULL);
    MW_CHECK_EQ(takes, 0);
    for (int64_t part = id + 1; part < id + parts; part++)
        MW_CHECK(mw_command_is_over(loop_command(&l, part).state));
    loop_close(&l);
}

/* Cancelled before anything was sent, or out of time: so is every part. */
MW_TEST(parts_end_together) {
    mw_tariff_calendar to = wanted(10);
    int64_t id = 0;
    unsigned parts = 0;
    mw_store_command c;
    open_with_tariffs("schedule-end", 4);
    MW_CHECK_OK(order(NULL, &to, (mw_dur){0}, &id, &parts));
    MW_CHECK_OK(mw_commands_cancel(l.commands, l.tenant, id, "ops", loop_clock(&l), &c));
    for (int64_t part = id; part < id + parts; part++)
        loop_expect(&l, part, MW_COMMAND_CANCELLED);
    l.air.lose_down = 100;
    MW_CHECK_OK(order(NULL, &to, mw_dur_s(6 * 3600), &id, &parts));
    loop_run(&l, 10 * 3600);
    for (int64_t part = id; part < id + parts; part++)
        MW_CHECK(mw_command_is_over(loop_command(&l, part).state));
    MW_CHECK_EQ(takes, 0);
    loop_close(&l);
}

MW_TEST_MAIN(MW_CASE(parts_are_taken_and_the_whole_is_read_back),
             MW_CASE(forgotten_parts_are_sent_again), MW_CASE(another_base_is_refused),
             MW_CASE(parts_end_together))
