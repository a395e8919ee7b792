/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/modulator.h"

#include <math.h>

#include "protocols/unb/pulse.h"

/* Samples are made in chunks that begin at multiples of CHUNK, each from its own exact time and
 * phase: that is why any range gives the same samples. */
#define CHUNK 256u

#define STEPS MW_UNB_PULSE_PER_SYMBOL
#define HALF                                                                                       \
    (MW_UNB_PULSE_SPAN * STEPS /                                                                   \
     2) /* table instants before and after a symbol's centre           \
                                     */
#define TWO_PI  6.28318530717958647692
#define MAX_SPS 1e9

static unsigned burst_bit(const mw_burst *b, unsigned k) {
    return (unsigned)(b->bits[k / 8] >> (7 - k % 8)) & 1;
}

mw_status mw_burst_init(mw_burst *b, const mw_burst_setup *s) {
    double numbers[] = {s->start_fraction, s->rate,           s->baud,  s->symbol_ppm,
                        s->offset_hz,      s->drift_hz_per_s, s->phase, s->amplitude};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (!isfinite(numbers[i]))
            return MW_RANGE;
    }
    double symbol_rate = s->baud * (1.0 + s->symbol_ppm * 1e-6);
    if (s->count == 0 || s->count > MW_BURST_SYMBOLS_MAX)
        return MW_RANGE;
    if (s->start_fraction < 0 || s->start_fraction >= 1 || !(s->rate > 0) || !(symbol_rate > 0))
        return MW_RANGE;
    if (s->rate < 4 * symbol_rate || s->rate > MAX_SPS * symbol_rate ||
        fabs(s->offset_hz) > s->rate / 2)
        return MW_RANGE;
    if (s->start_index > UINT64_MAX / 4)
        return MW_RANGE;
    *b = (mw_burst){.count = (uint16_t)s->count,
                    .start_index = s->start_index,
                    .start_fraction = s->start_fraction,
                    .rate = s->rate,
                    .symbol_rate = symbol_rate,
                    .offset_hz = s->offset_hz,
                    .drift_hz_per_s = s->drift_hz_per_s,
                    .phase = s->phase,
                    .amplitude = (float)s->amplitude,
                    .pulse = s->pulse != NULL ? s->pulse : mw_unb_pulse_table()};
    for (size_t i = 0; i < (s->count + 7) / 8; i++)
        b->bits[i] = s->bits[i];
    return MW_OK;
}

/* Samples between the centre of the pulse's first instant and the start of symbol 0. */
static double lead(const mw_burst *b) {
    return ((double)HALF / STEPS - 0.5) * b->rate / b->symbol_rate;
}

uint64_t mw_burst_first(const mw_burst *b) {
    double tail = floor(lead(b) - b->start_fraction);
    return tail >= (double)b->start_index ? 0 : b->start_index - (uint64_t)(tail > 0 ? tail : 0);
}

uint64_t mw_burst_end(const mw_burst *b) {
    double last = b->start_fraction + b->count * b->rate / b->symbol_rate + lead(b);
    return b->start_index + (uint64_t)ceil(last) + 1;
}

/* The waveform at table instant t (0 = first instant of symbol 0's pulse), in table units. */
static float waveform(const mw_burst *b, const int16_t *pulse, int64_t t) {
    int64_t last = t / STEPS;                     /* newest symbol whose pulse has begun */
    int64_t first = last - MW_UNB_PULSE_SPAN + 1; /* oldest that has not ended */
    if (t < 0)
        return 0;
    int32_t sum = 0;
    for (int64_t k = first < 0 ? 0 : first; k <= last && k < b->count; k++) {
        int32_t p = pulse[t - k * STEPS];
        sum += burst_bit(b, (unsigned)k) ? -p : p;
    }
    return (float)sum;
}

/* Factor from table units to amplitude: a long burst then has a mean power of amplitude^2. */
static float gain(const mw_burst *b, const int16_t *pulse) {
    double energy = 0;
    for (unsigned i = 0; i < MW_UNB_PULSE_ENTRIES; i++)
        energy += (double)pulse[i] * pulse[i];
    return (float)(b->amplitude / sqrt(energy / STEPS));
}

/* Fills v with the real envelope of samples chunk .. chunk + CHUNK - 1. */
static void envelope(const mw_burst *b, uint64_t chunk, float v[CHUNK]) {
    const int16_t *pulse = b->pulse;
    float scale = gain(b, pulse);
    double step = STEPS * b->symbol_rate / b->rate; /* table instants a sample */
    double since = chunk >= b->start_index ? (double)(chunk - b->start_index)
                                           : -(double)(b->start_index - chunk);
    double at = (since - b->start_fraction) * step - 0.5 * STEPS + HALF;
    int64_t whole = INT64_MIN;
    float low = 0, high = 0;
    for (unsigned i = 0; i < CHUNK; i++) {
        double t = at + i * step;
        int64_t instant = (int64_t)floor(t);
        if (instant != whole) {
            low = instant == whole + 1 ? high : scale * waveform(b, pulse, instant);
            high = scale * waveform(b, pulse, instant + 1);
            whole = instant;
        }
        float part = (float)(t - (double)instant);
        v[i] = low + (high - low) * part;
    }
}

/* Adds samples [from, to) of one chunk; iq[0] is sample chunk + from. */
static void render_chunk(const mw_burst *b, uint64_t chunk, unsigned from, unsigned to, float *iq) {
    float v[CHUNK];
    envelope(b, chunk, v);
    double since = chunk >= b->start_index ? (double)(chunk - b->start_index)
                                           : -(double)(b->start_index - chunk);
    double t = (since - b->start_fraction) / b->rate;
    double cycles = b->offset_hz * t + 0.5 * b->drift_hz_per_s * t * t;
    double phase = b->phase + TWO_PI * (cycles - floor(cycles));
    /* Within a chunk the drift is left out: below 1e-3 rad for 2 Hz/s down to 10 kS/s. The mean
     * frequency of the chunk is exact. */
    double middle = t + 0.5 * CHUNK / b->rate;
    double turn = TWO_PI * (b->offset_hz + b->drift_hz_per_s * middle) / b->rate;
    double zr = cos(phase), zi = sin(phase), wr = cos(turn), wi = sin(turn);
    for (unsigned i = 0; i < to; i++) {
        if (i >= from) {
            iq[2 * (i - from)] += v[i] * (float)zr;
            iq[2 * (i - from) + 1] += v[i] * (float)zi;
        }
        double next = zr * wr - zi * wi;
        zi = zr * wi + zi * wr;
        zr = next;
    }
}

bool mw_burst_render(const mw_burst *b, uint64_t first, size_t n, float *iq) {
    uint64_t from = mw_burst_first(b), to = mw_burst_end(b);
    if (from < first)
        from = first;
    if (to > first + n)
        to = first + n;
    if (from >= to)
        return false;
    while (from < to) {
        uint64_t chunk = from / CHUNK * CHUNK;
        uint64_t end = chunk + CHUNK < to ? chunk + CHUNK : to;
        render_chunk(b, chunk, (unsigned)(from - chunk), (unsigned)(end - chunk),
                     iq + 2 * (from - first));
        from = end;
    }
    return true;
}
