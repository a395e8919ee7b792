/* SPDX-License-Identifier: Apache-2.0
 *
 * The ring log and the counter under power cuts after every byte programmed and every erase, each
 * followed by a second random cut. MW_CUT_SEEDS in the environment asks for more noise seeds than
 * the default.
 */
#include <stdio.h>

#include "meters/boards/host.h"
#include "meters/kit/counter.h"
#include "meters/kit/ringlog.h"
#include "tests/harness/mw_test.h"

#define SECTOR_BYTES 512
#define SECTORS      3
#define PAYLOAD      24
#define APPENDS      150
#define PER_SECTOR   (SECTOR_BYTES / (PAYLOAD + MW_RINGLOG_OVERHEAD))
#define KIND         9

static void payload_of(uint32_t n, uint8_t out[PAYLOAD]) {
    mw_prng g = mw_prng_of_seed(n);
    for (unsigned i = 0; i < PAYLOAD; i++)
        out[i] = (uint8_t)mw_prng_u64(&g);
}

/* Appends records from *committed on until `to` or until flash fails. */
static void append_until(mw_ringlog *log, const mw_flash *flash, uint32_t *committed, uint32_t to) {
    uint8_t payload[PAYLOAD];
    while (*committed < to) {
        payload_of(log->next_seq, payload);
        if (mw_ringlog_append(log, flash, MW_SLICE_OF(payload)) != MW_OK)
            return;
        *committed = log->next_seq;
    }
}

/* Every record found is intact; of the committed ones none is missing that the log promises. Torn
 * slots cost room: `torn` of them at most. Returns the number of records seen. */
static unsigned check(const mw_ringlog *log, const mw_flash *flash, uint32_t committed,
                      unsigned torn) {
    mw_ringlog_cursor at = mw_ringlog_from_newest(log);
    uint8_t payload[PAYLOAD], expected[PAYLOAD];
    uint32_t seq, next = log->next_seq;
    unsigned seen = 0;
    MW_CHECK(log->next_seq == committed || log->next_seq == committed + 1);
    while (mw_ringlog_older(log, flash, &at, MW_SPAN_OF(payload), &seq) == MW_OK) {
        MW_CHECK_EQ(seq, next - 1);
        next = seq;
        payload_of(seq, expected);
        MW_CHECK_BYTES(MW_SLICE_OF(payload), expected, PAYLOAD);
        seen++;
        if (seq == 0)
            break;
    }
    unsigned promised = (SECTORS - 1) * PER_SECTOR - torn;
    MW_CHECK(seen >= (log->next_seq < promised ? log->next_seq : promised));
    return seen;
}

typedef struct tally {
    uint64_t cuts, records;
} tally;

static void cut_twice(uint64_t step, uint64_t seed, tally *t) {
    mw_host_flash nor;
    MW_CHECK_OK(mw_host_flash_init(&nor, SECTOR_BYTES, SECTORS));
    mw_flash flash = mw_host_flash_interface(&nor);
    mw_ringlog log;
    MW_CHECK_OK(mw_ringlog_mount(&log, &flash, 0, SECTORS, PAYLOAD, KIND));
    uint32_t committed = 0;
    mw_host_flash_cut_after(&nor, step, seed);
    append_until(&log, &flash, &committed, APPENDS);
    mw_host_flash_power_on(&nor);
    MW_CHECK_OK(mw_ringlog_mount(&log, &flash, 0, SECTORS, PAYLOAD, KIND));
    t->records += check(&log, &flash, committed, 1);

    mw_prng g = mw_prng_of_stream(seed, step);
    committed = log.next_seq;
    mw_host_flash_cut_after(&nor, mw_prng_below(&g, 40 * (PAYLOAD + 8)), mw_prng_u64(&g));
    append_until(&log, &flash, &committed, committed + 30);
    mw_host_flash_power_on(&nor);
    MW_CHECK_OK(mw_ringlog_mount(&log, &flash, 0, SECTORS, PAYLOAD, KIND));
    t->records += check(&log, &flash, committed, 2);

    committed = log.next_seq;
    append_until(&log, &flash, &committed, committed + 20);
    t->records += check(&log, &flash, committed, 2);
    mw_host_flash_fini(&nor);
    t->cuts++;
}

MW_TEST(nothing_committed_is_lost_at_any_cut) {
    const char *env = getenv("MW_CUT_SEEDS");
    uint64_t seeds = env != NULL ? strtoull(env, NULL, 10) : 2;
    /* Every byte of every append, and one erase on entering each sector. */
    uint64_t steps =
        APPENDS * (PAYLOAD + MW_RINGLOG_OVERHEAD) + (APPENDS + PER_SECTOR - 1) / PER_SECTOR;
    tally t = {0, 0};
    for (uint64_t step = 0; step <= steps; step++)
        for (uint64_t seed = 0; seed < seeds; seed++)
            cut_twice(step, seed * 7919 + step, &t);
    printf(
        "ring log: %llu cut points, each with a second random cut; %llu records checked, 0 lost\n",
        (unsigned long long)t.cuts, (unsigned long long)t.records);
}

static void take(mw_counter *c, const mw_flash *flash, uint32_t *last, bool *any) {
    uint32_t n;
    if (mw_counter_take(c, flash, &n) != MW_OK)
        return;
    MW_CHECK(!*any || n > *last);
    *last = n;
    *any = true;
}

MW_TEST(counter_is_never_reused_at_any_cut) {
    /* 16-byte slots in two sectors of 64 bytes: the log turns every 8 boots. */
    for (uint64_t step = 0; step < 400; step++) {
        mw_host_flash nor;
        MW_CHECK_OK(mw_host_flash_init(&nor, 64, 2));
        mw_flash flash = mw_host_flash_interface(&nor);
        mw_counter c;
        uint32_t last = 0;
        bool any = false;
        mw_host_flash_cut_after(&nor, step, step);
        for (unsigned boot = 0; boot < 24; boot++) {
            if (mw_counter_mount(&c, &flash, 0, 2, 1) == MW_OK)
                for (unsigned i = 0; i < (boot % 3 == 0 ? 300u : 3u); i++)
                    take(&c, &flash, &last, &any);
            if (nor.dead) {
                mw_host_flash_power_on(&nor);
                mw_host_flash_cut_after(&nor, step * 31 % 97 + boot, step + boot);
            }
        }
        MW_CHECK(any);
        mw_host_flash_fini(&nor);
    }
}

MW_TEST(counter_takes_any_number_once) {
    mw_host_flash nor;
    MW_CHECK_OK(mw_host_flash_init(&nor, 4096, 2));
    mw_flash flash = mw_host_flash_interface(&nor);
    mw_counter c;
    uint32_t n;
    MW_CHECK_OK(mw_counter_mount(&c, &flash, 0, 2, 1));
    for (uint32_t i = 0; i < 1000; i++) {
        MW_CHECK_OK(mw_counter_take(&c, &flash, &n));
        MW_CHECK_EQ(n, i);
    }
    MW_CHECK_EQ(nor.stats.programs, 4);
    MW_CHECK_OK(mw_counter_mount(&c, &flash, 0, 2, 1));
    MW_CHECK_OK(mw_counter_take(&c, &flash, &n));
    MW_CHECK_EQ(n, 1024);
    c.next = c.reserved = UINT32_MAX - 100;
    MW_CHECK_STATUS(mw_counter_take(&c, &flash, &n), MW_LIMIT);
    mw_host_flash_fini(&nor);
}

/* A flash whose cells fail in chosen places. */
typedef struct worn {
    mw_host_flash nor;
    mw_flash inner;
    uint32_t stuck_at;   /* this byte cannot be cleared below 0x10 */
    uint32_t bad_sector; /* erase fails */
    bool weak;           /* erase works, program does not */
} worn;

static mw_status worn_read(void *context, uint32_t at, mw_span out) {
    worn *w = context;
    MW_TRY(w->inner.read(w->inner.context, at, out));
    if (w->stuck_at >= at && w->stuck_at < at + out.n)
        out.p[w->stuck_at - at] |= 0x10;
    return MW_OK;
}

static mw_status worn_program(void *context, uint32_t at, mw_slice in) {
    worn *w = context;
    return w->weak ? MW_IO : w->inner.program(w->inner.context, at, in);
}

static mw_status worn_erase(void *context, uint32_t sector) {
    worn *w = context;
    return sector == w->bad_sector ? MW_IO : w->inner.erase(w->inner.context, sector);
}

MW_TEST(stuck_bits_and_worn_sectors_are_skipped) {
    worn w = {.stuck_at = 100, .bad_sector = UINT32_MAX};
    MW_CHECK_OK(mw_host_flash_init(&w.nor, SECTOR_BYTES, SECTORS));
    w.inner = mw_host_flash_interface(&w.nor);
    mw_flash flash = {&w, SECTOR_BYTES, SECTORS, worn_read, worn_program, worn_erase};
    mw_ringlog log;
    MW_CHECK_OK(mw_ringlog_mount(&log, &flash, 0, SECTORS, PAYLOAD, KIND));
    uint32_t committed = 0;
    append_until(&log, &flash, &committed, 200);
    MW_CHECK_EQ(committed, 200);
    MW_CHECK_OK(mw_ringlog_mount(&log, &flash, 0, SECTORS, PAYLOAD, KIND));
    (void)check(&log, &flash, committed, 1);
    w.bad_sector = 1; /* from now on the log lives in two sectors */
    append_until(&log, &flash, &committed, 400);
    MW_CHECK_EQ(committed, 400);
    MW_CHECK_OK(mw_ringlog_mount(&log, &flash, 0, SECTORS, PAYLOAD, KIND));
    /* The worn sector still holds older records; what was appended since is whole. */
    mw_ringlog_cursor at = mw_ringlog_from_newest(&log);
    uint8_t payload[PAYLOAD], expected[PAYLOAD];
    for (uint32_t n = 0; n < PER_SECTOR - 1; n++) {
        uint32_t seq;
        MW_CHECK_OK(mw_ringlog_older(&log, &flash, &at, MW_SPAN_OF(payload), &seq));
        MW_CHECK_EQ(seq, 399 - n);
        payload_of(seq, expected);
        MW_CHECK_BYTES(MW_SLICE_OF(payload), expected, PAYLOAD);
    }
    mw_host_flash_fini(&w.nor);
}

MW_TEST(one_flipped_bit_rejects_a_record) {
    mw_host_flash nor;
    MW_CHECK_OK(mw_host_flash_init(&nor, SECTOR_BYTES, SECTORS));
    mw_flash flash = mw_host_flash_interface(&nor);
    mw_ringlog log;
    MW_CHECK_OK(mw_ringlog_mount(&log, &flash, 0, SECTORS, PAYLOAD, KIND));
    uint32_t committed = 0, seq;
    append_until(&log, &flash, &committed, 10);
    uint8_t payload[PAYLOAD], expected[PAYLOAD];
    for (unsigned bit = 0; bit < 8 * (PAYLOAD + MW_RINGLOG_OVERHEAD); bit++) {
        uint8_t *cell = &nor.sector[0][9 * (PAYLOAD + MW_RINGLOG_OVERHEAD) + bit / 8];
        *cell ^= (uint8_t)(1u << bit % 8);
        mw_ringlog_cursor at = mw_ringlog_from_newest(&log);
        MW_CHECK_OK(mw_ringlog_older(&log, &flash, &at, MW_SPAN_OF(payload), &seq));
        MW_CHECK_EQ(seq, 8);
        *cell ^= (uint8_t)(1u << bit % 8);
    }
    payload_of(9, expected);
    MW_CHECK_OK(mw_ringlog_last(&log, &flash, MW_SPAN_OF(payload)));
    MW_CHECK_BYTES(MW_SLICE_OF(payload), expected, PAYLOAD);
    /* A record of another log that once lived here is foreign. */
    MW_CHECK_OK(mw_ringlog_mount(&log, &flash, 0, SECTORS, PAYLOAD, KIND + 1));
    MW_CHECK_STATUS(mw_ringlog_last(&log, &flash, MW_SPAN_OF(payload)), MW_NOT_FOUND);
    mw_host_flash_fini(&nor);
}

MW_TEST(failed_appends_leave_the_log_whole) {
    mw_host_flash nor;
    MW_CHECK_OK(mw_host_flash_init(&nor, SECTOR_BYTES, SECTORS));
    mw_flash flash = mw_host_flash_interface(&nor);
    mw_ringlog log;
    MW_CHECK_OK(mw_ringlog_mount(&log, &flash, 0, SECTORS, PAYLOAD, KIND));
    uint32_t committed = 0;
    append_until(&log, &flash, &committed, 40);
    nor.dead = true; /* the part does not answer for a while, without a reset of the meter */
    append_until(&log, &flash, &committed, 50);
    MW_CHECK_EQ(committed, 40);
    mw_host_flash_power_on(&nor);
    append_until(&log, &flash, &committed, 60);
    MW_CHECK_EQ(committed, 60);
    (void)check(&log, &flash, committed, 0);
    mw_host_flash_fini(&nor);
}

MW_TEST(the_newest_record_outlives_a_part_that_only_erases) {
    worn w = {.stuck_at = UINT32_MAX, .bad_sector = UINT32_MAX};
    MW_CHECK_OK(mw_host_flash_init(&w.nor, SECTOR_BYTES, SECTORS));
    w.inner = mw_host_flash_interface(&w.nor);
    mw_flash flash = {&w, SECTOR_BYTES, SECTORS, worn_read, worn_program, worn_erase};
    mw_ringlog log;
    MW_CHECK_OK(mw_ringlog_mount(&log, &flash, 0, SECTORS, PAYLOAD, KIND));
    uint32_t committed = 0;
    append_until(&log, &flash, &committed, 100);
    w.weak = true;
    for (unsigned i = 0; i < 10; i++)
        append_until(&log, &flash, &committed, 110);
    MW_CHECK_EQ(committed, 100);
    w.weak = false;
    MW_CHECK_OK(mw_ringlog_mount(&log, &flash, 0, SECTORS, PAYLOAD, KIND));
    uint8_t payload[PAYLOAD], expected[PAYLOAD];
    MW_CHECK_OK(mw_ringlog_last(&log, &flash, MW_SPAN_OF(payload)));
    payload_of(99, expected);
    MW_CHECK_BYTES(MW_SLICE_OF(payload), expected, PAYLOAD);
    append_until(&log, &flash, &committed, 110);
    MW_CHECK_EQ(committed, 110);
    mw_host_flash_fini(&w.nor);
}

MW_TEST_MAIN(MW_CASE(nothing_committed_is_lost_at_any_cut),
             MW_CASE(counter_is_never_reused_at_any_cut), MW_CASE(counter_takes_any_number_once),
             MW_CASE(stuck_bits_and_worn_sectors_are_skipped),
             MW_CASE(one_flipped_bit_rejects_a_record), MW_CASE(failed_appends_leave_the_log_whole),
             MW_CASE(the_newest_record_outlives_a_part_that_only_erases))
