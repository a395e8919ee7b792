/* SPDX-License-Identifier: Apache-2.0 */
#include "base/prng.h"
#include "protocols/smp/day.h"
#include "protocols/smp/hours.h"
#include "tests/harness/mw_test.h"

static void check_same(const mw_smp_day *a, const mw_smp_day *b) {
    MW_CHECK_EQ(a->channel, b->channel);
    MW_CHECK_EQ(a->clock, b->clock);
    MW_CHECK_EQ(a->grid, b->grid);
    MW_CHECK_EQ(a->hours, b->hours);
    MW_CHECK_EQ(a->status, b->status);
    MW_CHECK(a->disturbed == b->disturbed);
    MW_CHECK_EQ(a->end_hour, b->end_hour);
    MW_CHECK_EQ(a->reg, b->reg);
    for (unsigned i = 0; i < a->hours; i++)
        MW_CHECK_EQ(a->value[i], b->value[i]);
}

/* A value of random magnitude, 0 included, up to the given number of bits. */
static int64_t some_value(mw_prng *g, unsigned bits) {
    unsigned n = (unsigned)mw_prng_below(g, bits + 1);
    return n == 0 ? 0 : (int64_t)(mw_prng_u64(g) >> (64 - n));
}

static mw_smp_day random_day(mw_prng *g, unsigned value_bits) {
    mw_smp_day day = {
        .channel = (uint8_t)(mw_prng_below(g, 4) == 0 ? mw_prng_u64(g) : mw_prng_below(g, 3)),
        .clock = (mw_smp_clock)mw_prng_below(g, 4),
        .grid = (uint8_t)mw_prng_below(g, 4),
        .hours = (uint8_t)(mw_prng_below(g, 2) == 0 ? 24 : mw_prng_below(g, 49)),
        .status = (uint16_t)(mw_prng_below(g, 3) == 0 ? mw_prng_u64(g) : 0),
        .end_hour = (uint32_t)mw_prng_below(g, MW_SMP_HOUR_MAX + 1),
        .reg = some_value(g, 63),
    };
    if (mw_prng_below(g, 3) == 0 && day.hours > 0)
        day.disturbed = mw_prng_u64(g) >> (64 - day.hours);
    for (unsigned i = 0; i < day.hours; i++)
        day.value[i] = some_value(g, value_bits);
    return day;
}

MW_TEST(any_day_round_trips) {
    mw_prng g = mw_prng_of_seed(11);
    static const unsigned widths[] = {0, 1, 4, 8, 12, 20, 32, 63};
    unsigned too_long = 0;
    for (int i = 0; i < 4000; i++) {
        mw_smp_day day = random_day(&g, widths[i % 8]), back;
        uint8_t body[MW_SMP_DAY_MAX];
        size_t n;
        mw_status s = mw_smp_day_encode(&day, sizeof body, MW_SPAN_OF(body), &n);
        if (s == MW_SPACE) {
            too_long++;
            continue;
        }
        MW_CHECK_OK(s);
        MW_CHECK_EQ(n, (mw_smp_day_bits(&day) + 7) / 8);
        MW_CHECK_OK(mw_smp_day_decode((mw_slice){body, n}, &back));
        check_same(&day, &back);
        /* Padding behind the body changes nothing. */
        for (size_t at = n; at < sizeof body; at++)
            body[at] = 0;
        MW_CHECK_OK(mw_smp_day_decode(MW_SLICE_OF(body), &back));
        check_same(&day, &back);
    }
    MW_CHECK(too_long < 400);
}

MW_TEST(extreme_values_round_trip) {
    mw_smp_day day = {.hours = 3, .reg = INT64_MAX, .end_hour = MW_SMP_HOUR_MAX, .grid = 3};
    day.value[0] = INT64_MAX;
    day.value[1] = 0;
    day.value[2] = INT64_MAX - 1;
    day.disturbed = 7;
    day.status = 0xFFFF;
    day.channel = 255;
    uint8_t body[MW_SMP_DAY_MAX];
    size_t n;
    mw_smp_day back;
    MW_CHECK_OK(mw_smp_day_encode(&day, sizeof body, MW_SPAN_OF(body), &n));
    MW_CHECK_OK(mw_smp_day_decode((mw_slice){body, n}, &back));
    check_same(&day, &back);
    mw_smp_day none = {.end_hour = 5, .reg = 17};
    MW_CHECK_OK(mw_smp_day_encode(&none, sizeof body, MW_SPAN_OF(body), &n));
    MW_CHECK_EQ(n, 6);
    MW_CHECK_OK(mw_smp_day_decode((mw_slice){body, n}, &back));
    check_same(&none, &back);
}

/* What is not usual costs its bits, and nothing else changes. */
MW_TEST(each_unusual_field_is_told) {
    for (int i = 0; i < 7; i++) {
        mw_smp_day day = {.hours = 24, .reg = 99, .end_hour = 1000}, back;
        size_t usual = mw_smp_day_bits(&day), n;
        day.channel = i == 1;
        day.clock = i == 2 ? MW_SMP_CLOCK_STEPPED : MW_SMP_CLOCK_SET;
        day.grid = i == 3;
        day.hours = i == 4 ? 23 : 24;
        day.status = i == 5 ? MW_SMP_STATUS_LEAK : 0;
        day.disturbed = i == 6;
        uint8_t body[MW_SMP_DAY_MAX];
        MW_CHECK_OK(mw_smp_day_encode(&day, sizeof body, MW_SPAN_OF(body), &n));
        MW_CHECK_OK(mw_smp_day_decode((mw_slice){body, n}, &back));
        check_same(&day, &back);
        MW_CHECK(i == 0 ? mw_smp_day_bits(&day) == usual : mw_smp_day_bits(&day) > usual);
    }
}

MW_TEST(a_quiet_day_is_small) {
    mw_smp_day day = {.hours = 24, .reg = 123456, .end_hour = 60000};
    MW_CHECK(mw_smp_day_bits(&day) <= 60);
    for (unsigned i = 0; i < 24; i++)
        day.value[i] = 150 + 13 * i;
    MW_CHECK(mw_smp_day_bits(&day) <= 8 * 50);
}

MW_TEST(fields_out_of_range_are_refused) {
    uint8_t body[MW_SMP_DAY_MAX];
    size_t n = 99;
    for (int i = 0; i < 7; i++) {
        mw_smp_day day = {.hours = 24};
        switch (i) {
        case 0:
            day.hours = 49;
            break;
        case 1:
            day.value[23] = -1;
            break;
        case 2:
            day.reg = -1;
            break;
        case 3:
            day.grid = 4;
            break;
        case 4:
            day.end_hour = MW_SMP_HOUR_MAX + 1;
            break;
        case 5:
            day.disturbed = UINT64_C(1) << 24;
            break;
        default:
            day.clock = (mw_smp_clock)4;
            break;
        }
        MW_CHECK_STATUS(mw_smp_day_encode(&day, sizeof body, MW_SPAN_OF(body), &n), MW_RANGE);
        MW_CHECK_EQ(mw_smp_day_bits(&day), 0);
        MW_CHECK_EQ(n, 99);
    }
    mw_smp_day day = {.hours = 24, .reg = 1 << 20};
    MW_CHECK_STATUS(mw_smp_day_encode(&day, 5, MW_SPAN_OF(body), &n), MW_SPACE);
    MW_CHECK_STATUS(mw_smp_day_encode(&day, 50, (mw_span){body, 5}, &n), MW_SPACE);
    mw_smp_day back;
    MW_CHECK_STATUS(mw_smp_day_decode(mw_test_hex("00 00 00"), &back), MW_SHORT);
    MW_CHECK_STATUS(mw_smp_day_decode(mw_test_hex("80 E2 00 00 00 00 00"), &back), MW_RANGE);
    MW_CHECK_STATUS(mw_smp_day_decode(mw_test_hex("00 00 07 FF FF FF FF FF FF FF FF F8 00"), &back),
                    MW_RANGE);
}

/* Whatever bytes come, decoding ends, and what decodes can be encoded again. */
MW_TEST(random_bytes_decode_or_are_refused) {
    mw_prng g = mw_prng_of_seed(12);
    for (int i = 0; i < 20000; i++) {
        uint8_t body[64];
        for (size_t k = 0; k < sizeof body; k++)
            body[k] = (uint8_t)mw_prng_u64(&g);
        mw_smp_day day;
        if (mw_smp_day_decode((mw_slice){body, mw_prng_below(&g, 65)}, &day) != MW_OK)
            continue;
        for (unsigned h = 0; h < day.hours; h++)
            MW_CHECK(day.value[h] >= 0);
        uint8_t again[MW_SMP_DAY_MAX];
        size_t n;
        mw_smp_day back;
        if (mw_smp_day_encode(&day, sizeof again, MW_SPAN_OF(again), &n) != MW_OK)
            continue;
        MW_CHECK_OK(mw_smp_day_decode((mw_slice){again, n}, &back));
        check_same(&day, &back);
    }
}

MW_TEST(a_long_day_splits_without_loss) {
    mw_prng g = mw_prng_of_seed(13);
    for (int i = 0; i < 300; i++) {
        mw_smp_day day = {.hours = (uint8_t)(1 + mw_prng_below(&g, 48)), .end_hour = 50000};
        day.reg = (int64_t)mw_prng_below(&g, INT64_C(1) << 38);
        for (unsigned h = 0; h < day.hours; h++) {
            day.value[h] = some_value(&g, 32);
            day.reg += day.value[h];
        }
        day.disturbed = mw_prng_u64(&g) & mw_prng_u64(&g) >> (64 - day.hours);
        if (day.reg >= INT64_C(1) << 40)
            continue;
        mw_smp_day left = day;
        unsigned done = 0, parts = 0;
        while (done < day.hours) {
            unsigned first;
            mw_smp_day part = left, rest = left;
            MW_CHECK_OK(mw_smp_day_fit(&left, 18 + 8, &first));
            if (first < left.hours)
                MW_CHECK_OK(mw_smp_day_split(&left, first, &part, &rest));
            MW_CHECK(mw_smp_day_bits(&part) <= 8 * (18 + 8));
            MW_CHECK_EQ(part.end_hour, day.end_hour - day.hours + done + first);
            int64_t reg;
            MW_CHECK_OK(mw_smp_day_register_at(&day, done + first, &reg));
            MW_CHECK_EQ(part.reg, reg);
            MW_CHECK(part.disturbed == (day.disturbed >> done & ((UINT64_C(1) << first) - 1)));
            for (unsigned h = 0; h < first; h++)
                MW_CHECK_EQ(part.value[h], day.value[done + h]);
            done += first;
            left = rest;
            parts++;
        }
        MW_CHECK(parts <= day.hours);
    }
}

/* The limit stated for mw_smp_day_fit: one hour alone fits an M frame. */
MW_TEST(one_large_hour_fits_18_bytes) {
    mw_smp_day day = {.hours = 2, .reg = (INT64_C(1) << 40) - 1, .end_hour = 9};
    day.value[0] = day.value[1] = (INT64_C(1) << 32) - 1;
    unsigned first;
    MW_CHECK_OK(mw_smp_day_fit(&day, 18, &first));
    MW_CHECK_EQ(first, 1);
    MW_CHECK_STATUS(mw_smp_day_fit(&day, 4, &first), MW_SPACE);
    mw_smp_day a, b;
    MW_CHECK_STATUS(mw_smp_day_split(&day, 0, &a, &b), MW_RANGE);
    MW_CHECK_STATUS(mw_smp_day_split(&day, 2, &a, &b), MW_RANGE);
    day.reg = 5;
    MW_CHECK_STATUS(mw_smp_day_split(&day, 1, &a, &b), MW_RANGE);
}

MW_TEST(hours_and_moments_agree) {
    uint32_t hour;
    mw_utc t = mw_utc_of_s(MW_SMP_EPOCH_S);
    MW_CHECK_OK(mw_smp_hour_of_utc(t, 0, &hour));
    MW_CHECK_EQ(hour, 0);
    MW_CHECK_STATUS(mw_smp_hour_of_utc(t, 1, &hour), MW_RANGE);
    MW_CHECK_STATUS(mw_smp_hour_of_utc(t, 4, &hour), MW_RANGE);
    mw_prng g = mw_prng_of_seed(14);
    for (int i = 0; i < 1000; i++) {
        uint32_t h = (uint32_t)mw_prng_below(&g, MW_SMP_HOUR_MAX + 1);
        uint8_t grid = (uint8_t)mw_prng_below(&g, 4);
        t = mw_smp_utc_of_hour(h, grid);
        t.us += (int64_t)mw_prng_below(&g, 3600 * 1000000u);
        MW_CHECK_OK(mw_smp_hour_of_utc(t, grid, &hour));
        MW_CHECK_EQ(hour, h);
    }
    /* Midnight in Kolkata, UTC+05:30, is on the half-hour grid. */
    MW_CHECK_OK(mw_utc_parse(mw_slice_of_str("2026-11-22T00:00:00+05:30"), &t));
    MW_CHECK_OK(mw_smp_hour_of_utc(t, 2, &hour));
    MW_CHECK(mw_smp_utc_of_hour(hour, 2).us == t.us);
    MW_CHECK_STATUS(mw_smp_hour_of_utc(mw_utc_of_s(INT64_C(9000000000)), 0, &hour), MW_RANGE);
}

/* The coder alone: counted and written bits agree, and zeros are implied behind the end. */
MW_TEST(the_hour_coder_counts_what_it_writes) {
    mw_prng g = mw_prng_of_seed(15);
    for (int i = 0; i < 2000; i++) {
        int64_t values[48], back[48];
        unsigned n = 1 + (unsigned)mw_prng_below(&g, 48);
        for (unsigned k = 0; k < n; k++)
            values[k] = mw_prng_below(&g, 3) == 0 ? some_value(&g, 20) : 0;
        uint8_t out[256];
        mw_bit_writer w = mw_bit_writer_of(MW_SPAN_OF(out));
        mw_smp_hours_encode(values, n, &w);
        MW_CHECK_OK(w.status);
        MW_CHECK_EQ(w.at, mw_smp_hours_bits(values, n));
        mw_bit_reader r = mw_bit_reader_of(mw_bit_writer_done(&w));
        MW_CHECK_OK(mw_smp_hours_decode(&r, n, back));
        assert_memory_equal(values, back, n * sizeof values[0]);
    }
}

MW_TEST_MAIN(MW_CASE(any_day_round_trips), MW_CASE(extreme_values_round_trip),
             MW_CASE(each_unusual_field_is_told), MW_CASE(a_quiet_day_is_small),
             MW_CASE(fields_out_of_range_are_refused), MW_CASE(random_bytes_decode_or_are_refused),
             MW_CASE(a_long_day_splits_without_loss), MW_CASE(one_large_hour_fits_18_bytes),
             MW_CASE(hours_and_moments_agree), MW_CASE(the_hour_coder_counts_what_it_writes))
