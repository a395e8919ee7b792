/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/history.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

mw_status mw_history_init(mw_history *h, size_t samples) {
    size_t size = 1024;
    while (size < samples)
        size *= 2;
    float *iq = calloc(2 * size, sizeof *iq);
    if (iq == NULL)
        return MW_NOMEM;
    *h = (mw_history){iq, size, 0};
    return MW_OK;
}

void mw_history_fini(mw_history *h) {
    free(h->iq);
    *h = (mw_history){0};
}

void mw_history_restart(mw_history *h) {
    h->head = 0;
}

void mw_history_append(mw_history *h, const mw_samples_block *b, uint64_t from, size_t n,
                       mw_samples_faults *faults) {
    mw_assert(n <= h->size);
    size_t at = (size_t)h->head & (h->size - 1);
    size_t first = n < h->size - at ? n : h->size - at;
    mw_samples_to_float(b, from, first, h->iq + 2 * at, faults);
    mw_samples_to_float(b, from + first, n - first, h->iq, faults);
    h->head += (int64_t)n;
}

void mw_history_read(const mw_history *h, int64_t first, size_t n, float *out) {
    int64_t oldest = h->head > (int64_t)h->size ? h->head - (int64_t)h->size : 0;
    size_t done = 0;
    while (done < n) {
        int64_t i = first + (int64_t)done;
        size_t left = n - done;
        if (i < oldest || i >= h->head) {
            size_t silent = left;
            if (i < oldest && (uint64_t)(oldest - i) < silent)
                silent = (size_t)(oldest - i);
            memset(out + 2 * done, 0, 2 * silent * sizeof *out);
            done += silent;
            continue;
        }
        size_t at = (size_t)i & (h->size - 1);
        size_t run = h->size - at;
        if (run > left)
            run = left;
        if ((uint64_t)(h->head - i) < run)
            run = (size_t)(h->head - i);
        memcpy(out + 2 * done, h->iq + 2 * at, 2 * run * sizeof *out);
        done += run;
    }
}

const float *mw_history_view(const mw_history *h, int64_t first, size_t n, float *scratch) {
    int64_t oldest = h->head > (int64_t)h->size ? h->head - (int64_t)h->size : 0;
    size_t at = (size_t)first & (h->size - 1);
    if (first >= oldest && first + (int64_t)n <= h->head && n <= h->size - at)
        return h->iq + 2 * at;
    mw_history_read(h, first, n, scratch);
    return scratch;
}
