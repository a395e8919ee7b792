/* SPDX-License-Identifier: Apache-2.0 */
#include "base/prng.h"
#include "platform/store/chunk.h"
#include "tests/harness/mw_test.h"

#define DAY INT64_C(20000)

static mw_store_interval hour_of(int64_t day, unsigned hour, int64_t value) {
    return (mw_store_interval){.start = mw_utc_of_s(day * MW_DAY_S + hour * 3600),
                               .seconds = 3600,
                               .value = value,
                               .received = mw_utc_of_s((day + 1) * MW_DAY_S + 77),
                               .journal = 42};
}

static void round_trip(int64_t day, const mw_store_interval *rows, size_t n) {
    static uint8_t bytes[MW_CHUNK_BYTES_MAX];
    static mw_store_interval back[MW_CHUNK_VALUES_MAX];
    size_t size = 0, count = 0;
    MW_CHECK_OK(mw_chunk_pack(day, rows, n, MW_SPAN_OF(bytes), &size));
    MW_CHECK_OK(mw_chunk_decode(day, (mw_slice){bytes, size}, back, &count));
    size_t packed = size;
    MW_CHECK_EQ(count, n);
    for (size_t i = 0; i < n; i++)
        MW_CHECK(back[i].value == rows[i].value && back[i].start.us == rows[i].start.us);
    MW_CHECK_OK(mw_chunk_encode(day, rows, n, MW_SPAN_OF(bytes), &size));
    MW_CHECK(packed <= size + 6); /* another first length in the head */
    MW_CHECK_OK(mw_chunk_decode(day, (mw_slice){bytes, size}, back, &count));
    MW_CHECK_EQ(count, n);
    for (size_t i = 0; i < n; i++) {
        MW_CHECK_EQ(back[i].start.us, rows[i].start.us);
        MW_CHECK_EQ(back[i].seconds, rows[i].seconds);
        MW_CHECK_EQ(back[i].quality, rows[i].quality);
        MW_CHECK_EQ(back[i].value, rows[i].value);
        MW_CHECK_EQ(back[i].journal, rows[i].journal);
        MW_CHECK_EQ(back[i].received.us, mw_utc_floor_s(rows[i].received) * MW_US_PER_S);
    }
}

MW_TEST(a_plain_day_is_small) {
    mw_store_interval rows[24];
    uint8_t bytes[256];
    size_t size = 0;
    for (unsigned i = 0; i < 24; i++)
        rows[i] = hour_of(DAY, i, i % 7);
    round_trip(DAY, rows, 24);
    MW_CHECK_OK(mw_chunk_encode(DAY, rows, 24, MW_SPAN_OF(bytes), &size));
    MW_CHECK(size <= 17); /* head and origin 6, width and minimum 2, 24 x 3 bits */
    for (unsigned i = 0; i < 24; i++)
        rows[i].value = 0;
    MW_CHECK_OK(mw_chunk_encode(DAY, rows, 24, MW_SPAN_OF(bytes), &size));
    MW_CHECK_EQ(size, 7);
}

/* A home's half-hours: bit lengths that stay for hours, nothing else in common. */
MW_TEST(half_hours_are_packed) {
    static mw_store_interval rows[MW_CHUNK_VALUES_MAX], other[MW_CHUNK_VALUES_MAX];
    uint8_t bytes[1024], plain[1024];
    size_t size = 0, plain_size = 0, n = 0;
    mw_prng g = mw_prng_of_seed(3);
    for (uint32_t seconds = 900; seconds <= 1800; seconds += 900) {
        size_t all = MW_DAY_S / seconds;
        for (size_t i = 0; i < all; i++) {
            rows[i] = hour_of(DAY, 0, 40 + (int64_t)mw_prng_below(&g, i > all / 2 ? 400 : 20));
            rows[i].start.us += (int64_t)i * seconds * MW_US_PER_S;
            rows[i].seconds = seconds;
        }
        round_trip(DAY, rows, all);
        MW_CHECK_OK(mw_chunk_pack(DAY, rows, all, MW_SPAN_OF(bytes), &size));
        MW_CHECK_OK(mw_chunk_encode(DAY, rows, all, MW_SPAN_OF(plain), &plain_size));
        MW_CHECK(size * 100 < plain_size * 80);
        /* Whatever the bytes are, a decoder stays inside: values are numbers of the right count. */
        for (size_t i = 0; i < size; i++) {
            bytes[i] ^= (uint8_t)(1 + mw_prng_below(&g, 255));
            mw_status s = mw_chunk_decode(DAY, (mw_slice){bytes, size}, other, &n);
            MW_CHECK(s != MW_OK || n <= MW_CHUNK_VALUES_MAX);
            bytes[i] = (uint8_t)mw_prng_u64(&g);
        }
    }
    rows[3].value = INT64_MAX;
    rows[4].value = 0;
    round_trip(DAY, rows, 48);
}

/* Any mixture of lengths, gaps, qualities and values survives. */
MW_TEST(any_day_survives) {
    static mw_store_interval rows[MW_CHUNK_VALUES_MAX];
    mw_prng g = mw_prng_of_seed(7);
    for (int round = 0; round < 3000; round++) {
        size_t n = 0;
        int64_t day = (int64_t)mw_prng_below(&g, 40000) - 5000;
        uint64_t at = mw_prng_below(&g, 7200);
        unsigned spread = (unsigned)mw_prng_below(&g, 64);
        while (at < MW_DAY_S && n < 400) {
            uint32_t seconds = mw_prng_below(&g, 10) == 0 ? 900 : 3600;
            bool odd = mw_prng_below(&g, 12) == 0;
            uint64_t bits = mw_prng_u64(&g) >> spread;
            rows[n++] = (mw_store_interval){
                .start = mw_utc_of_s(day * MW_DAY_S + (int64_t)at),
                .seconds = seconds,
                .quality = odd ? (uint32_t)mw_prng_u64(&g) : 0,
                .value = mw_prng_below(&g, 3) == 0 ? -(int64_t)(bits / 2) : (int64_t)bits,
                .received = (mw_utc){(day + (odd ? 3 : 1)) * MW_DAY_S * MW_US_PER_S + 999},
                .journal = odd ? (int64_t)(mw_prng_u64(&g) >> 22) : 5};
            at += seconds + (mw_prng_below(&g, 9) == 0 ? mw_prng_below(&g, 9000) : 0);
        }
        if (n > 0)
            round_trip(day, rows, n);
    }
}

MW_TEST(extreme_values_survive) {
    mw_store_interval rows[4];
    const int64_t values[4] = {INT64_MIN, INT64_MAX, 0, -1};
    for (unsigned i = 0; i < 4; i++)
        rows[i] = hour_of(DAY, i, values[i]);
    round_trip(DAY, rows, 4);
}

MW_TEST(bad_rows_are_refused) {
    mw_store_interval rows[2] = {hour_of(DAY, 0, 1), hour_of(DAY, 1, 2)};
    uint8_t bytes[256];
    size_t size;
    MW_CHECK_STATUS(mw_chunk_encode(DAY, rows, 0, MW_SPAN_OF(bytes), &size), MW_RANGE);
    MW_CHECK_STATUS(mw_chunk_encode(DAY + 1, rows, 2, MW_SPAN_OF(bytes), &size), MW_RANGE);
    rows[1].start.us -= 1000000; /* overlaps */
    MW_CHECK_STATUS(mw_chunk_encode(DAY, rows, 2, MW_SPAN_OF(bytes), &size), MW_RANGE);
    rows[1] = hour_of(DAY, 1, 2);
    MW_CHECK_STATUS(mw_chunk_encode(DAY, rows, 2, (mw_span){bytes, 4}, &size), MW_SPACE);
}

MW_TEST(damaged_chunks_are_refused_or_bounded) {
    static mw_store_interval rows[MW_CHUNK_VALUES_MAX];
    uint8_t bytes[256];
    size_t size = 0, n = 0;
    for (unsigned i = 0; i < 24; i++)
        rows[i] = hour_of(DAY, i, i * 100);
    MW_CHECK_OK(mw_chunk_encode(DAY, rows, 24, MW_SPAN_OF(bytes), &size));
    for (size_t cut = 2; cut < size; cut++)
        MW_CHECK(mw_chunk_decode(DAY, (mw_slice){bytes, cut}, rows, &n) != MW_OK);
    bytes[0] = 1; /* the format of release 1 */
    MW_CHECK_OK(mw_chunk_decode(DAY, (mw_slice){bytes, size}, rows, &n));
    MW_CHECK_EQ(rows[23].value, 2300);
    bytes[0] = 5;
    MW_CHECK_STATUS(mw_chunk_decode(DAY, (mw_slice){bytes, size}, rows, &n), MW_UNSUPPORTED);
    const uint8_t many[] = {1, 0, 0xff, 0xff, 0x7f, 0};
    MW_CHECK_STATUS(mw_chunk_decode(DAY, MW_SLICE_OF(many), rows, &n), MW_LIMIT);
}

MW_TEST(merge_keeps_the_better_value) {
    static mw_store_interval rows[MW_CHUNK_VALUES_MAX];
    size_t n = 0;
    mw_store_interval loser, row = hour_of(DAY, 5, 10);
    MW_CHECK_EQ(mw_chunk_merge(rows, &n, &row, &loser), MW_MERGE_NEW);
    row.journal = 43;
    MW_CHECK_EQ(mw_chunk_merge(rows, &n, &row, &loser), MW_MERGE_SAME);
    MW_CHECK_EQ(n, 1);
    MW_CHECK_EQ(rows[0].journal, 42);
    row.value = 11;
    MW_CHECK_EQ(mw_chunk_merge(rows, &n, &row, &loser), MW_MERGE_KEPT);
    MW_CHECK_EQ(rows[0].value, 10);
    MW_CHECK_EQ(rows[0].quality, MW_QUALITY_CONFLICT);
    MW_CHECK_EQ(loser.value, 11);
    mw_store_interval earlier = hour_of(DAY, 2, 3);
    earlier.quality = MW_QUALITY_PARTIAL;
    MW_CHECK_EQ(mw_chunk_merge(rows, &n, &earlier, &loser), MW_MERGE_NEW);
    MW_CHECK_EQ(rows[0].value, 3);
    earlier.quality = 0;
    earlier.value = 4;
    MW_CHECK_EQ(mw_chunk_merge(rows, &n, &earlier, &loser), MW_MERGE_REPLACED);
    MW_CHECK_EQ(rows[0].value, 4);
    MW_CHECK_EQ(loser.value, 3);
    /* Another grid that overlaps would count twice: it does not enter. */
    mw_store_interval shifted = hour_of(DAY, 2, 9);
    shifted.start.us += INT64_C(1800) * MW_US_PER_S;
    MW_CHECK_EQ(mw_chunk_merge(rows, &n, &shifted, &loser), MW_MERGE_KEPT);
    MW_CHECK_EQ(n, 2);
}

/* Rows in any order of groups give the same day as long as equal intervals keep their order. */
MW_TEST(merge_in_parts_is_merge_at_once) {
    static mw_store_interval all[MW_CHUNK_VALUES_MAX], parts[MW_CHUNK_VALUES_MAX];
    static uint8_t bytes[MW_CHUNK_BYTES_MAX];
    mw_prng g = mw_prng_of_seed(9);
    for (int round = 0; round < 300; round++) {
        size_t na = 0, np = 0;
        for (int i = 0; i < 60; i++) {
            mw_store_interval loser,
                row = hour_of(DAY, (unsigned)mw_prng_below(&g, 24), (int64_t)mw_prng_below(&g, 3));
            row.quality = (uint16_t)mw_prng_below(&g, 4);
            row.journal = i;
            (void)mw_chunk_merge(all, &na, &row, &loser);
            (void)mw_chunk_merge(parts, &np, &row, &loser);
            if (mw_prng_below(&g, 5) == 0) { /* as a fold between two reports does */
                size_t size = 0;
                MW_CHECK_OK(mw_chunk_encode(DAY, parts, np, MW_SPAN_OF(bytes), &size));
                MW_CHECK_OK(mw_chunk_decode(DAY, (mw_slice){bytes, size}, parts, &np));
            }
        }
        MW_CHECK_EQ(na, np);
        for (size_t i = 0; i < na; i++) {
            MW_CHECK_EQ(all[i].value, parts[i].value);
            MW_CHECK_EQ(all[i].quality, parts[i].quality);
            MW_CHECK_EQ(all[i].journal, parts[i].journal);
        }
    }
}

MW_TEST_MAIN(MW_CASE(a_plain_day_is_small), MW_CASE(half_hours_are_packed),
             MW_CASE(any_day_survives), MW_CASE(extreme_values_survive),
             MW_CASE(bad_rows_are_refused), MW_CASE(damaged_chunks_are_refused_or_bounded),
             MW_CASE(merge_keeps_the_better_value), MW_CASE(merge_in_parts_is_merge_at_once))
