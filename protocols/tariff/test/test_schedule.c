/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/prng.h"

#include "protocols/tariff/schedule.h"
#include "tests/harness/mw_test.h"

static void program_fill(uint8_t program[MW_TARIFF_ZONES / 2], unsigned from, unsigned to,
                         uint8_t t) {
    for (unsigned z = from; z < to; z++)
        mw_tariff_program_set(program, z, t);
}

/* Night and day of Central Europe: two tariffs, a weekend program, three holidays. */
static mw_tariff_calendar usual(void) {
    mw_tariff_calendar c;
    mw_tariff_calendar_init(&c);
    memcpy(c.name, "WINTER27", 8);
    c.offset_min = 60;
    c.dst_min = 60;
    c.dst_begin = (mw_tariff_change){3, 5, 6, 1};
    c.dst_end = (mw_tariff_change){10, 5, 6, 1};
    c.programs = 2;
    program_fill(c.program[0], 14, 44, 1);
    for (unsigned d = 5; d < 7; d++)
        c.season[0].program[d] = 1;
    c.specials = 3;
    c.special[0] = (mw_tariff_special){0, 1, 1, 1};
    c.special[1] = (mw_tariff_special){0, 12, 25, 1};
    c.special[2] = (mw_tariff_special){2027, 3, 29, 1};
    return c;
}

/* docs/spec/smp.md, section 4: the same calendar and bytes. */
static void test_vector(void **state) {
    (void)state;
    static const uint8_t expected[] = {
        0xbb, 0x92, 0x0f, 0x92, 0x70, 0xfd, 0x2a, 0x0d, 0x00, 0x00, 0x00, 0x00, 0x08, 'W',
        'I',  'N',  'T',  'E',  'R',  '2',  '7',  0x20, 0x04, 0x3c, 0x03, 0x05, 0x06, 0x01,
        0x0a, 0x05, 0x06, 0x01, 0x60, 0x0d, 0x3d, 0x03, 0x61, 0x1f, 0x0f, 0x40, 0x81, 0x01,
        0x00, 0x01, 0x01, 0xe2, 0x21, 0x04, 0x00, 0x21, 0x33, 0x00, 0xa1, 0xcf, 0x06};
    mw_tariff_calendar c = usual(), back, empty;
    uint8_t bytes[MW_TARIFF_SCHEDULE_MAX];
    uint32_t from_s = 0;
    size_t n = 0;
    MW_CHECK_OK(mw_tariff_schedule_encode(NULL, &c, 220921200, MW_SPAN_OF(bytes), &n));
    assert_int_equal(n, sizeof expected);
    assert_memory_equal(bytes, expected, n);
    mw_tariff_calendar_init(&empty);
    MW_CHECK_OK(mw_tariff_schedule_decode((mw_slice){bytes, n}, &empty, &back, &from_s));
    assert_int_equal(from_s, 220921200);
    assert_int_equal(mw_tariff_calendar_checksum(&back), mw_tariff_calendar_checksum(&c));
}

static mw_tariff_calendar any(mw_prng *g) {
    mw_tariff_calendar c;
    mw_tariff_calendar_init(&c);
    for (unsigned i = 0; i < mw_prng_below(g, 9); i++)
        c.name[i] = (char)('A' + mw_prng_below(g, 26));
    c.offset_min = (int16_t)((int)mw_prng_below(g, 105) * 15 - 720);
    c.programs = (uint8_t)(1 + mw_prng_below(g, MW_TARIFF_PROGRAMS_MAX));
    c.seasons = (uint8_t)(1 + mw_prng_below(g, MW_TARIFF_SEASONS_MAX));
    c.specials = (uint8_t)mw_prng_below(g, MW_TARIFF_SPECIALS_MAX + 1);
    unsigned steps = 1 + (unsigned)mw_prng_below(g, 48);
    for (unsigned p = 0; p < c.programs; p++)
        for (unsigned z = 0; z < MW_TARIFF_ZONES; z += steps)
            program_fill(c.program[p], z, MW_TARIFF_ZONES, (uint8_t)mw_prng_below(g, 8));
    for (unsigned s = 0; s < c.seasons; s++) {
        c.season[s].month = (uint8_t)(1 + s / 2);
        c.season[s].day = (uint8_t)(1 + s % 2 * 14);
        for (unsigned d = 0; d < 7; d++)
            c.season[s].program[d] = (uint8_t)mw_prng_below(g, c.programs);
    }
    for (unsigned s = 0; s < c.specials; s++)
        c.special[s] = (mw_tariff_special){
            (uint16_t)(mw_prng_below(g, 2) == 0 ? 0 : 2001 + mw_prng_below(g, 255)),
            (uint8_t)(1 + mw_prng_below(g, 12)), (uint8_t)(1 + mw_prng_below(g, 28)),
            (uint8_t)mw_prng_below(g, c.programs)};
    return c;
}

/* Whatever a meter has and is to have, it gets there; and the fullest calendar fits the parts. */
static void test_any_to_any(void **state) {
    (void)state;
    mw_prng g = mw_prng_of_stream(20261123, 0);
    uint8_t bytes[MW_TARIFF_SCHEDULE_MAX];
    for (unsigned i = 0; i < 3000; i++) {
        mw_tariff_calendar from = any(&g), to = any(&g), back;
        uint32_t at = 0;
        size_t n = 0;
        bool whole = mw_prng_below(&g, 2) == 0;
        MW_CHECK_OK(mw_tariff_schedule_encode(whole ? NULL : &from, &to, i, MW_SPAN_OF(bytes), &n));
        MW_CHECK_OK(mw_tariff_schedule_decode((mw_slice){bytes, n}, &from, &back, &at));
        assert_int_equal(at, i);
        assert_int_equal(mw_tariff_calendar_checksum(&back), mw_tariff_calendar_checksum(&to));
        if (!whole)
            assert_int_equal(mw_tariff_schedule_decode((mw_slice){bytes, n}, &to, &back, &at),
                             mw_tariff_calendar_checksum(&from) == mw_tariff_calendar_checksum(&to)
                                 ? MW_OK
                                 : MW_STATE);
    }
}

/* What changes little is little: another price hour of one program, another year's holiday. */
static void test_changes_are_small(void **state) {
    (void)state;
    mw_tariff_calendar from = usual(), to = from;
    uint8_t bytes[MW_TARIFF_SCHEDULE_MAX];
    size_t n = 0;
    program_fill(to.program[0], 14, 16, 0);
    to.special[2] = (mw_tariff_special){2028, 4, 17, 1};
    MW_CHECK_OK(mw_tariff_schedule_encode(&from, &to, 0, MW_SPAN_OF(bytes), &n));
    assert_true(n <= 29); /* one command of the radio */
}

static void test_damaged_is_refused(void **state) {
    (void)state;
    mw_tariff_calendar c = usual(), has, out;
    uint8_t bytes[MW_TARIFF_SCHEDULE_MAX];
    uint32_t at = 0;
    size_t n = 0;
    mw_tariff_calendar_init(&has);
    MW_CHECK_OK(mw_tariff_schedule_encode(NULL, &c, 0, MW_SPAN_OF(bytes), &n));
    for (size_t i = 0; i < n; i++)
        assert_int_not_equal(mw_tariff_schedule_decode((mw_slice){bytes, i}, &has, &out, &at),
                             MW_OK);
    for (size_t i = 0; i < n; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[i] ^= (uint8_t)(1u << bit);
            mw_status s = mw_tariff_schedule_decode((mw_slice){bytes, n}, &has, &out, &at);
            if (i < 4 ||
                i >= 8) /* the moment is not part of the calendar: the frame's tag guards it */
                assert_int_not_equal(s, MW_OK);
            bytes[i] ^= (uint8_t)(1u << bit);
        }
    c.special[0].year = 1999;
    assert_int_equal(mw_tariff_schedule_encode(NULL, &c, 0, MW_SPAN_OF(bytes), &n), MW_RANGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector),
        cmocka_unit_test(test_any_to_any),
        cmocka_unit_test(test_changes_are_small),
        cmocka_unit_test(test_damaged_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
