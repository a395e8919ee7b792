/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/events.h"

#include "meters/boards/host.h"
#include "protocols/spodes/events.h"
#include "tests/harness/mw_test.h"

#define SECTOR  512u /* small, so that the logs turn often */
#define SECTORS 18u

typedef struct bench {
    mw_host_flash nor;
    mw_flash flash;
    mw_events e;
} bench;

static const mw_events_place places[MW_EVENTS_GROUPS] = {{0, 6, 1}, {6, 6, 2}, {12, 6, 3}};

static bench *bench_new(void) {
    bench *b = calloc(1, sizeof *b);
    MW_CHECK(b != NULL);
    MW_CHECK_OK(mw_host_flash_init(&b->nor, SECTOR, SECTORS));
    b->flash = mw_host_flash_interface(&b->nor);
    MW_CHECK_OK(mw_events_mount(&b->e, &b->flash, places, 0));
    return b;
}

static void bench_free(bench *b) {
    mw_host_flash_fini(&b->nor);
    free(b);
}

static mw_status raise_at(bench *b, int64_t s, uint8_t code, uint8_t channel, int64_t value) {
    return mw_events_raise(&b->e, &b->flash, (mw_mono){s * MW_NS_PER_S},
                           mw_utc_of_s(INT64_C(1772323200) + s), code, channel, value);
}

static unsigned logged(bench *b, mw_event_group group, uint8_t code) {
    mw_ringlog_cursor at = mw_events_from_newest(&b->e, group);
    mw_smp_event event;
    uint32_t number;
    unsigned n = 0;
    while (mw_events_older(&b->e, &b->flash, group, &at, &event, &number) == MW_OK)
        n += event.code == code;
    return n;
}

/* A clock corrected every ten minutes and a magnet waved every minute for sixty days: the one time
 * that the cover was opened is still on record, and so is every occurrence as a count. */
static void test_chatter_displaces_nothing(void **state) {
    (void)state;
    bench *b = bench_new();
    MW_CHECK_OK(raise_at(b, 5, MW_SMP_EVENT_TAMPER, 255, 2));
    uint64_t waved = 0, told = 0;
    for (int64_t s = 60; s < INT64_C(60) * 86400; s += 60) {
        waved++;
        mw_status st = raise_at(b, s, MW_SMP_EVENT_MAGNET, 255, 1);
        MW_CHECK(st == MW_OK || st == MW_DUPLICATE);
        if (st == MW_OK)
            told += b->e.queue[b->e.queued - 1].count;
        if (s % 600 == 0)
            (void)!raise_at(b, s, MW_SMP_EVENT_CLOCK_SET, 255, 7);
        if (b->e.queued == MW_EVENTS_QUEUE)
            mw_events_sent(&b->e, b->e.queued);
    }
    MW_CHECK_EQ(logged(b, MW_EVENTS_SECURITY, MW_SMP_EVENT_TAMPER), 1);
    MW_CHECK(logged(b, MW_EVENTS_SECURITY, MW_SMP_EVENT_MAGNET) <= 70);
    MW_CHECK_EQ(waved, told + b->e.hold[MW_SMP_EVENT_MAGNET][2].count);
    bench_free(b);
}

static void test_hold_doubles_and_recovers(void **state) {
    (void)state;
    bench *b = bench_new();
    MW_CHECK_OK(raise_at(b, 10, MW_SMP_EVENT_BURST, 0, 1));
    MW_CHECK_STATUS(raise_at(b, 3000, MW_SMP_EVENT_BURST, 0, 2), MW_DUPLICATE);
    MW_CHECK_OK(raise_at(b, 3000, MW_SMP_EVENT_BURST, 1, 3)); /* another channel */
    MW_CHECK_OK(raise_at(b, 3610, MW_SMP_EVENT_BURST, 0, 4));
    MW_CHECK_EQ(b->e.queue[b->e.queued - 1].count, 2);
    MW_CHECK_STATUS(raise_at(b, 3610 + 7100, MW_SMP_EVENT_BURST, 0, 5), MW_DUPLICATE);
    MW_CHECK_OK(raise_at(b, 3610 + 7200, MW_SMP_EVENT_BURST, 0, 6));
    int64_t quiet = 3610 + 7200 + 14400 + 86400;
    MW_CHECK_OK(raise_at(b, quiet, MW_SMP_EVENT_BURST, 0, 7));
    MW_CHECK_OK(raise_at(b, quiet + 3600, MW_SMP_EVENT_BURST, 0, 8));
    bench_free(b);
}

/* What did not fit the queue is what matters least; what is queued keeps its order. */
static void test_queue_keeps_what_matters(void **state) {
    (void)state;
    bench *b = bench_new();
    MW_CHECK_OK(raise_at(b, 1, MW_SMP_EVENT_TAMPER, 255, 1));
    MW_CHECK_OK(raise_at(b, 2, MW_SMP_EVENT_LEAK, 0, 2));
    MW_CHECK_OK(raise_at(b, 3, MW_SMP_EVENT_BOOT, 255, 3));
    MW_CHECK_OK(raise_at(b, 4, MW_SMP_EVENT_BATTERY, 255, 4));
    MW_CHECK_OK(raise_at(b, 5, MW_SMP_EVENT_POWER_LOST, 255, 5));
    MW_CHECK_OK(raise_at(b, 6, MW_SMP_EVENT_CLOCK_SET, 255, 6));
    MW_CHECK_OK(raise_at(b, 7, MW_SMP_EVENT_BURST, 0, 7));
    MW_CHECK_OK(raise_at(b, 8, MW_SMP_EVENT_REVERSE, 1, 8));
    MW_CHECK_OK(raise_at(b, 9, MW_SMP_EVENT_MAGNET, 255, 9));
    MW_CHECK_OK(raise_at(b, 10, MW_SMP_EVENT_CONFIG, 255, 10));
    const uint8_t want[MW_EVENTS_QUEUE] = {
        MW_SMP_EVENT_TAMPER, MW_SMP_EVENT_LEAK,    MW_SMP_EVENT_POWER_LOST, MW_SMP_EVENT_CLOCK_SET,
        MW_SMP_EVENT_BURST,  MW_SMP_EVENT_REVERSE, MW_SMP_EVENT_MAGNET,     MW_SMP_EVENT_CONFIG};
    MW_CHECK_EQ(b->e.queued, MW_EVENTS_QUEUE);
    for (unsigned i = 0; i < MW_EVENTS_QUEUE; i++)
        MW_CHECK_EQ(b->e.queue[i].code, want[i]);

    /* Half of it was sent when power failed: the rest is queued again, the numbers go on. */
    mw_events_sent(&b->e, 4);
    uint32_t reported = b->e.reported, next = b->e.next;
    MW_CHECK_OK(mw_events_mount(&b->e, &b->flash, places, reported));
    MW_CHECK_EQ(b->e.queued, 4);
    for (unsigned i = 0; i < 4; i++)
        MW_CHECK_EQ(b->e.queue[i].code, want[4 + i]);
    MW_CHECK_EQ(b->e.next, next);
    bench_free(b);
}

/* Power fails after every byte of a raise: every event that was acknowledged before is there. */
static void test_power_cut_at_every_byte(void **state) {
    (void)state;
    for (uint64_t cut = 0; cut < 33; cut++) {
        bench *b = bench_new();
        MW_CHECK_OK(raise_at(b, 1, MW_SMP_EVENT_TAMPER, 255, 1));
        MW_CHECK_OK(raise_at(b, 2, MW_SMP_EVENT_BOOT, 255, 2));
        mw_host_flash_cut_after(&b->nor, cut, 1 + cut);
        mw_status s = raise_at(b, 3, MW_SMP_EVENT_MAGNET, 255, 3);
        mw_host_flash_power_on(&b->nor);
        MW_CHECK_OK(mw_events_mount(&b->e, &b->flash, places, 0));
        MW_CHECK_EQ(logged(b, MW_EVENTS_SECURITY, MW_SMP_EVENT_TAMPER), 1);
        MW_CHECK_EQ(logged(b, MW_EVENTS_OPERATION, MW_SMP_EVENT_BOOT), 1);
        if (s == MW_OK)
            MW_CHECK_EQ(logged(b, MW_EVENTS_SECURITY, MW_SMP_EVENT_MAGNET), 1);
        bench_free(b);
    }
}

/* More numbers of logs than there are places: each still comes through, security before the rest. */
static void test_numbers_of_logs(void **state) {
    (void)state;
    bench *b = bench_new();
    for (uint8_t n = 1; n <= 40; n++)
        MW_CHECK_OK(raise_at(b, n, MW_SMP_EVENT_LOG + MW_SPODES_LOG_VOLTAGE, n, 180000));
    MW_CHECK_OK(raise_at(b, 50, MW_SMP_EVENT_LOG + MW_SPODES_LOG_INFLUENCE, 3, 0));
    MW_CHECK_STATUS(raise_at(b, 51, MW_SMP_EVENT_LOG + MW_SPODES_LOG_INFLUENCE, 3, 0),
                    MW_DUPLICATE);
    MW_CHECK_STATUS(raise_at(b, 52, MW_SMP_EVENT_LOG + MW_SPODES_LOG_VOLTAGE, 40, 1), MW_DUPLICATE);
    MW_CHECK_EQ(logged(b, MW_EVENTS_SECURITY, MW_SMP_EVENT_LOG + MW_SPODES_LOG_INFLUENCE), 1);
    MW_CHECK_EQ(logged(b, MW_EVENTS_METROLOGY, MW_SMP_EVENT_LOG + MW_SPODES_LOG_VOLTAGE), 40);
    for (uint8_t n = 1; n <= 40; n++)
        (void)!raise_at(b, 5000 + n, MW_SMP_EVENT_LOG + MW_SPODES_LOG_CURRENT, n, 1);
    unsigned kept = 0;
    for (unsigned i = 0; i < b->e.queued; i++)
        kept += b->e.queue[i].code == MW_SMP_EVENT_LOG + MW_SPODES_LOG_INFLUENCE;
    MW_CHECK_EQ(kept, 1);
    bench_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chatter_displaces_nothing),
        cmocka_unit_test(test_hold_doubles_and_recovers),
        cmocka_unit_test(test_queue_keeps_what_matters),
        cmocka_unit_test(test_numbers_of_logs),
        cmocka_unit_test(test_power_cut_at_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
