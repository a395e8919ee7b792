/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/history.h"

#include "tests/harness/mw_test.h"

/* Appends n samples whose I is their number and whose Q is 1. */
static void append(mw_history *h, size_t n) {
    float *iq = malloc(2 * n * sizeof *iq);
    for (size_t i = 0; i < n; i++) {
        iq[2 * i] = (float)(h->head + (int64_t)i);
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
    int64_t oldest = h->head > (int64_t)h->size ? h->head - (int64_t)h->size : 0;
    for (size_t i = 0; i < n; i++) {
        int64_t at = first + (int64_t)i;
        bool kept = at >= oldest && at < h->head;
        MW_CHECK(iq[2 * i] == (kept ? (float)at : 0.0f));
        MW_CHECK(iq[2 * i + 1] == (kept ? 1.0f : 0.0f));
    }
}

MW_TEST(any_range_at_any_time) {
    mw_history h;
    MW_CHECK_OK(mw_history_init(&h, 1000));
    MW_CHECK_EQ(h.size, 1024);
    static float out[2 * 3000], scratch[2 * 3000];
    for (unsigned turn = 0; turn < 40; turn++) {
        append(&h, 1 + turn * 37 % 300);
        for (int64_t first = h.head - 1300; first < h.head + 50; first += 61) {
            size_t n = (size_t)(1 + (first + 2000) % 500);
            mw_history_read(&h, first, n, out);
            check(&h, out, first, n);
            check(&h, mw_history_view(&h, first, n, scratch), first, n);
        }
    }
    mw_history_restart(&h);
    mw_history_read(&h, -5, 1000, out);
    check(&h, out, -5, 1000);
    mw_history_fini(&h);
}

MW_TEST_MAIN(MW_CASE(any_range_at_any_time))
