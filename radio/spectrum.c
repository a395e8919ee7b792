/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/spectrum.h"

#include <fftw3.h>
#include <math.h>
#include <stdlib.h>

#include "base/assert.h"

#define N     MW_SPECTRUM_BINS
#define LOOKS 24 /* FFTs in a row */

struct mw_spectrum {
    uint64_t rate_mhz;
    uint64_t row_samples;
    uint64_t step; /* samples between two looks */
    float window[N];
    float *in;
    fftwf_complex *out;
    fftwf_plan plan;
    size_t have;       /* samples of the look that is being collected */
    uint64_t next;     /* sample at which the next look begins */
    uint64_t expected; /* sample that would follow without a jump */
    double sum[N];
    unsigned looks;
    mw_spectrum_row present; /* being made */
    bool begun;
    mw_spectrum_row *rows; /* ring */
    size_t rows_n, head;
};

mw_status mw_spectrum_new(uint64_t rate_mhz, mw_dur row, mw_spectrum **out_spectrum) {
    if (rate_mhz == 0 || rate_mhz > MW_SAMPLES_RATE_MHZ_MAX || row.ns < 1000000)
        return MW_RANGE;
    mw_spectrum *s = calloc(1, sizeof *s);
    if (s == NULL)
        return MW_NOMEM;
    s->rate_mhz = rate_mhz;
    s->row_samples = (uint64_t)((double)rate_mhz * 1e-12 * (double)row.ns);
    if (s->row_samples < N)
        s->row_samples = N;
    s->step = s->row_samples / LOOKS < N ? N : s->row_samples / LOOKS;
    s->in = fftwf_malloc(sizeof(float) * 2 * N);
    s->out = fftwf_malloc(sizeof(fftwf_complex) * N);
    s->rows = calloc(MW_SPECTRUM_ROWS, sizeof *s->rows);
    if (s->in != NULL && s->out != NULL)
        s->plan = fftwf_plan_dft_1d(N, (fftwf_complex *)s->in, s->out, FFTW_FORWARD, FFTW_ESTIMATE);
    if (s->plan == NULL || s->rows == NULL) {
        mw_spectrum_free(s);
        return MW_NOMEM;
    }
    double sum = 0;
    for (size_t i = 0; i < N; i++) {
        double x = 2.0 * 3.14159265358979 * ((double)i + 0.5) / N;
        s->window[i] = (float)(0.42 - 0.5 * cos(x) + 0.08 * cos(2 * x)); /* Blackman */
        sum += (double)s->window[i];
    }
    for (size_t i = 0; i < N; i++) /* a carrier of amplitude 1 shows as 0 dB */
        s->window[i] /= (float)sum;
    *out_spectrum = s;
    return MW_OK;
}

void mw_spectrum_free(mw_spectrum *s) {
    if (s == NULL)
        return;
    if (s->plan != NULL)
        fftwf_destroy_plan(s->plan);
    fftwf_free(s->in);
    fftwf_free(s->out);
    free(s->rows);
    free(s);
}

static void spectrum_row_begin(mw_spectrum *s, const mw_samples_header *h, uint64_t at) {
    s->begun = true;
    s->looks = 0;
    s->have = 0;
    s->next = at;
    s->present.first = at;
    s->present.count = s->row_samples;
    s->present.utc = h->utc;
    if (!mw_utc_is_none(h->utc))
        s->present.utc.us += (int64_t)((double)(at - h->first_index) * 1e9 / (double)h->rate_mhz);
    for (size_t i = 0; i < N; i++)
        s->sum[i] = 0;
}

static void spectrum_row_end(mw_spectrum *s) {
    mw_spectrum_row *row = &s->rows[s->head];
    s->begun = false;
    if (s->looks == 0)
        return;
    *row = s->present;
    for (size_t i = 0; i < N; i++) {
        double power = s->sum[(i + N / 2) % N] / s->looks; /* the lowest frequency first */
        row->db[i] = power > 1e-20 ? (float)(10.0 * log10(power)) : -200.0f;
    }
    s->head = (s->head + 1) % MW_SPECTRUM_ROWS;
    s->rows_n += s->rows_n < MW_SPECTRUM_ROWS;
}

static void spectrum_look(mw_spectrum *s) {
    for (size_t i = 0; i < N; i++) {
        s->in[2 * i] *= s->window[i];
        s->in[2 * i + 1] *= s->window[i];
    }
    fftwf_execute(s->plan);
    for (size_t i = 0; i < N; i++)
        s->sum[i] += (double)s->out[i][0] * (double)s->out[i][0] +
                     (double)s->out[i][1] * (double)s->out[i][1];
    s->looks++;
    s->have = 0;
    s->next += s->step;
}

void mw_spectrum_push(mw_spectrum *s, const mw_samples_block *block) {
    const mw_samples_header *h = &block->h;
    uint64_t end = h->first_index + h->count;
    if (h->rate_mhz != s->rate_mhz)
        return;
    if (s->begun && (h->first_index != s->expected || h->format == MW_SAMPLES_GAP))
        spectrum_row_end(s);
    s->expected = end;
    if (h->format == MW_SAMPLES_GAP)
        return;
    for (uint64_t at = h->first_index; at < end;) {
        if (s->begun && at >= s->present.first + s->row_samples)
            spectrum_row_end(s);
        if (!s->begun)
            spectrum_row_begin(s, h, at);
        uint64_t row_end = s->present.first + s->row_samples;
        if (s->next + N > row_end) { /* no further look in this row */
            at = row_end < end ? row_end : end;
            continue;
        }
        uint64_t from = s->next + s->have;
        if (from >= end)
            break;
        size_t n = N - s->have;
        if (n > end - from)
            n = (size_t)(end - from);
        mw_samples_to_float(block, from - h->first_index, n, s->in + 2 * s->have, NULL);
        s->have += n;
        at = from + n;
        if (s->have == N)
            spectrum_look(s);
    }
}

size_t mw_spectrum_rows(const mw_spectrum *s) {
    return s->rows_n;
}

const mw_spectrum_row *mw_spectrum_row_at(const mw_spectrum *s, size_t i) {
    mw_assert(i < s->rows_n);
    return &s->rows[(s->head + 2 * MW_SPECTRUM_ROWS - 1 - i) % MW_SPECTRUM_ROWS];
}
