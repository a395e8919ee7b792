/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/history.h"

#include <math.h>

#include "base/prng.h"
#include "tests/harness/mw_test.h"

/* Appends n samples whose I is their number modulo 100 and whose Q is 1: exact in 8 bits. */
static void append(mw_history *h, size_t n) {
    float *iq = malloc(2 * n * sizeof *iq);
    for (size_t i = 0; i < n; i++) {
        iq[2 * i] = (float)((h->head + (int64_t)i) % 100);
        iq[2 * i + 1] = 1;
    }
    uint8_t *bytes = malloc(8 * n);
    (void)mw_samples_from_float(iq, n, MW_SAMPLES_CF32, (mw_span){bytes, 8 * n});
    mw_samples_block b = {{.format = MW_SAMPLES_CF32, .count = n}, {bytes, 8 * n}};
    mw_samples_faults faults = {0};
    mw_history_append(h, &b, 0, n, &faults);
    free(bytes);
    free(iq);
}

/* Samples that are kept come back by number; before and after them there is silence. */
static void check(const mw_history *h, const float *iq, int64_t first, size_t n) {
    for (size_t i = 0; i < n; i++) {
        int64_t at = first + (int64_t)i;
        bool kept = at >= mw_history_oldest(h) && at < h->head;
        MW_CHECK(iq[2 * i] == (kept ? (float)(at % 100) : 0.0f));
        MW_CHECK(iq[2 * i + 1] == (kept ? 1.0f : 0.0f));
    }
}

MW_TEST(any_range_at_any_time) {
    mw_history h;
    MW_CHECK_OK(mw_history_init(&h, 1000));
    MW_CHECK(h.size >= 1000 && h.size < 1100);
    static float out[2 * 3000];
    for (unsigned turn = 0; turn < 40; turn++) {
        append(&h, 1 + turn * 37 % 300);
        MW_CHECK(h.head < 1000 || mw_history_oldest(&h) <= h.head - 1000);
        for (int64_t first = h.head - 1300; first < h.head + 50; first += 61) {
            size_t n = (size_t)(1 + (first + 2000) % 500);
            mw_history_read(&h, first, n, out);
            check(&h, out, first, n);
        }
    }
    mw_history_restart(&h);
    mw_history_read(&h, -5, 1000, out);
    check(&h, out, -5, 1000);
    mw_history_fini(&h);
}

static float noise(mw_prng *g) {
    return (float)((double)(mw_prng_u64(g) >> 11) / 9007199254740992.0 - 0.5);
}

/* Rounding is at most half a unit, and a unit at most 1/64 of the block's loudest part. */
MW_TEST(rounding_at_any_level) {
    mw_history h;
    MW_CHECK_OK(mw_history_init(&h, 4096));
    static float in[2 * MW_HISTORY_BLOCK], out[2 * MW_HISTORY_BLOCK];
    mw_prng g = mw_prng_of_seed(4);
    for (int e = -30; e <= 30; e++) {
        float most = 0;
        for (size_t i = 0; i < 2 * MW_HISTORY_BLOCK; i++) {
            in[i] = ldexpf(noise(&g), 4 * e);
            most = fabsf(in[i]) > most ? fabsf(in[i]) : most;
        }
        mw_history_append_iq(&h, in, MW_HISTORY_BLOCK);
        mw_history_read(&h, h.head - MW_HISTORY_BLOCK, MW_HISTORY_BLOCK, out);
        for (size_t i = 0; i < 2 * MW_HISTORY_BLOCK; i++)
            MW_CHECK(e < -25 || fabsf(in[i] - out[i]) <= most / 127.0f);
    }
    mw_history_fini(&h);
}

/* A loud signal is taken out and the weak one below it stays, within the loud one's rounding. */
MW_TEST(subtract) {
    enum { N = 1000 };
    mw_history h;
    MW_CHECK_OK(mw_history_init(&h, 2048));
    static float weak[2 * N], loud[2 * N], sum[2 * N], out[2 * N];
    mw_prng g = mw_prng_of_seed(5);
    for (size_t i = 0; i < 2 * N; i++) {
        weak[i] = 0.1f * noise(&g);
        loud[i] = cosf(0.1f * (float)i);
        sum[i] = weak[i] + (i >= 200 && i < 1990 ? loud[i] : 0);
    }
    mw_history_append_iq(&h, sum, N);
    mw_history_subtract(&h, 100, 895, loud + 200);
    mw_history_subtract(&h, -50, 20, loud);      /* before the segment */
    mw_history_subtract(&h, N, 100, loud);       /* not received yet */
    mw_history_subtract(&h, N - 1, 1, loud + 4); /* the open block is exact */
    mw_history_read(&h, 0, N, out);
    for (size_t i = 0; i < 2 * N - 2; i++)
        MW_CHECK(fabsf(out[i] - weak[i]) < 0.5f / 64 + 0.5f / 512);
    MW_CHECK(fabsf(out[2 * N - 2] - (sum[2 * N - 2] - loud[4])) < 1e-6f);
    MW_CHECK(h.removed > 800);
    /* what was loud is small now, and stored with a small unit */
    MW_CHECK(h.unit[10] < -7);
    mw_history_fini(&h);
}

MW_TEST_MAIN(MW_CASE(any_range_at_any_time), MW_CASE(rounding_at_any_level), MW_CASE(subtract))
