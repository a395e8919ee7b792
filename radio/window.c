/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/window.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "protocols/unb/decode.h"
#include "radio/pulse_shape.h"
#include "radio/track.h"

#define TWO_PI 6.28318530717958647692
#define SYNC   MW_UNB_SYNC_SYMBOLS
/* Instants a symbol at which the search looks; blocks of the sync word that are summed coherently.
 */
#define HOPS   4
#define BLOCKS 4
#define BLOCK  (SYNC / BLOCKS)
/* The matched filter is tuned in steps of half a symbol rate; between two of them the sync word's
 * blocks are turned in steps that lose 0.1 dB at most. */
#define TUNE_STEP 0.5
#define FINE_STEP 0.02
#define FINE      13 /* -0.26 .. 0.26 symbol rates */
/* Share of the sync word's energy in the four coherent sums. Noise has 1/16 and exceeds 0.2 about
 * once in 1e6 looks; a frame at Es/N0 = -2 dB has 0.42. */
#define SHARE_MIN 0.2
#define DRIFT_MAX 6.0 /* Hz/s */

struct mw_window {
    double rate, baud, sps;
    mw_unb_rate unb_rate;
    mw_pulse_shape shape;
    mw_track_known known[MW_UNB_SIZE_COUNT];
    mw_track_phase phase;
    mw_unb_decoder decoder;
    float y[2 * MW_TRACK_SYMBOLS_MAX];
    float z[2 * MW_TRACK_SYMBOLS_MAX];
    int8_t soft[MW_TRACK_SYMBOLS_MAX];
    float *hops; /* of one tuning */
    size_t hops_max;
};

typedef struct found {
    double centre; /* of symbol 0, samples */
    double hz;
    double share;
} found;

mw_status mw_window_new(double rate_hz, mw_unb_rate rate, mw_window **out_window) {
    if (rate >= MW_UNB_RATE_COUNT || !(rate_hz >= 8.0 * mw_unb_rate_bd(rate)) || rate_hz > 1e7)
        return MW_RANGE;
    mw_window *w = calloc(1, sizeof *w);
    if (w == NULL)
        return MW_NOMEM;
    w->rate = rate_hz;
    w->unb_rate = rate;
    w->baud = mw_unb_rate_bd(rate);
    w->sps = rate_hz / w->baud;
    mw_pulse_shape_init(&w->shape);
    for (unsigned s = 0; s < MW_UNB_SIZE_COUNT; s++) {
        const mw_unb_layout *l = mw_unb_layout_of((mw_unb_size)s);
        w->known[s].symbols = l->symbols;
        for (unsigned i = 0; i < SYNC; i++)
            w->known[s].sign[i] = mw_unb_sync_bit(i) ? -1 : 1;
        for (unsigned i = 0; i < l->pilots; i++)
            w->known[s].sign[mw_unb_pilot_at(i)] = mw_unb_pilot_bit((mw_unb_size)s, i) ? -1 : 1;
    }
    *out_window = w;
    return MW_OK;
}

void mw_window_free(mw_window *w) {
    if (w == NULL)
        return;
    free(w->hops);
    free(w);
}

/* Matched filter at an instant (samples), with the carrier taken off; its phase is that at sample
 * 0.
 */
static void filter(const mw_window *w, const float *iq, size_t n, double hz, double at,
                   float out[2]) {
    double reach = MW_UNB_PULSE_SPAN / 2.0 * w->sps;
    int64_t from = (int64_t)ceil(at - reach), to = (int64_t)floor(at + reach);
    double turn = TWO_PI * hz / w->rate, phase = turn * (double)from;
    double zr = cos(phase), zi = -sin(phase), wr = cos(turn), wi = -sin(turn), re = 0, im = 0;
    for (int64_t i = from; i <= to; i++) {
        if (i >= 0 && i < (int64_t)n) {
            double p = mw_pulse_shape_at(&w->shape, ((double)i - at) / w->sps);
            double xr = p * (double)iq[2 * i], xi = p * (double)iq[2 * i + 1];
            re += xr * zr - xi * zi;
            im += xr * zi + xi * zr;
        }
        double next = zr * wr - zi * wi;
        zi = zr * wi + zi * wr;
        zr = next;
    }
    out[0] = (float)(re / w->sps);
    out[1] = (float)(im / w->sps);
}

/* Share of the sync word that begins at hop `at`, turned by `fine` cycles a symbol. */
static double sync_share(const float *hops, size_t at, double fine) {
    double wr = cos(TWO_PI * fine), wi = -sin(TWO_PI * fine), coherent = 0, total = 0;
    for (unsigned b = 0; b < BLOCKS; b++) {
        double zr = 1, zi = 0, re = 0, im = 0;
        for (unsigned i = b * BLOCK; i < (b + 1) * BLOCK; i++) {
            double sign = mw_unb_sync_bit(i) ? -1 : 1;
            const float *y = hops + 2 * (at + (size_t)i * HOPS);
            re += sign * ((double)y[0] * zr - (double)y[1] * zi);
            im += sign * ((double)y[0] * zi + (double)y[1] * zr);
            total += (double)(y[0] * y[0] + y[1] * y[1]);
            double next = zr * wr - zi * wi;
            zi = zr * wi + zi * wr;
            zr = next;
        }
        coherent += re * re + im * im;
    }
    return total > 0 ? coherent / (BLOCK * total) : 0;
}

/* Looks at one tuning of the matched filter; keeps the best point in *io. */
static void search_tuning(mw_window *w, const float *iq, size_t n, double first, size_t starts,
                          double hz, const mw_window_search *s, found *io) {
    size_t count = starts + (SYNC - 1) * HOPS;
    double step = w->sps / HOPS;
    for (size_t i = 0; i < count; i++)
        filter(w, iq, n, hz, first + (double)i * step, w->hops + 2 * i);
    for (size_t at = 0; at < starts; at++) {
        for (int k = -FINE; k <= FINE; k++) {
            double fine = k * FINE_STEP;
            if (fabs(hz + fine * w->baud - s->hz) > s->hz_reach + FINE_STEP * w->baud)
                continue;
            double share = sync_share(w->hops, at, fine);
            if (share > io->share)
                *io = (found){first + (double)at * step, hz + fine * w->baud, share};
        }
    }
}

static mw_status search_sync(mw_window *w, const float *iq, size_t n, const mw_window_search *s,
                             found *out) {
    double first = s->from_s * w->rate + w->sps / 2;
    double span = (s->to_s - s->from_s) * w->rate;
    size_t starts = (size_t)(span / w->sps * HOPS) + 2;
    size_t count = starts + (SYNC - 1) * HOPS;
    if (count > w->hops_max) {
        float *more = realloc(w->hops, 2 * count * sizeof *more);
        if (more == NULL)
            return MW_NOMEM;
        w->hops = more;
        w->hops_max = count;
    }
    int steps = (int)ceil(s->hz_reach / (TUNE_STEP * w->baud) - 0.5);
    *out = (found){0};
    for (int k = 0; k <= 2 * steps; k++) { /* from the middle outwards */
        int step = (k + 1) / 2 * (k % 2 == 0 ? 1 : -1);
        search_tuning(w, iq, n, first, starts, s->hz + step * TUNE_STEP * w->baud, s, out);
    }
    return out->share > SHARE_MIN ? MW_OK : MW_NOT_FOUND;
}

/* The instant of the largest share within half a hop, by steps of a thirty-second of a symbol. */
static void refine_time(mw_window *w, const float *iq, size_t n, found *io) {
    found best = *io;
    float y[2 * SYNC * HOPS];
    for (int k = -6; k <= 6; k++) {
        double centre = io->centre + k * w->sps / 32;
        for (unsigned i = 0; i < SYNC; i++)
            filter(w, iq, n, io->hz, centre + i * w->sps, y + 2 * (size_t)i * HOPS);
        double share = 0, total = 0;
        for (unsigned b = 0; b < BLOCKS; b++) {
            double re = 0, im = 0;
            for (unsigned i = b * BLOCK; i < (b + 1) * BLOCK; i++) {
                double sign = mw_unb_sync_bit(i) ? -1 : 1;
                re += sign * (double)y[2 * i * HOPS];
                im += sign * (double)y[2 * i * HOPS + 1];
            }
            share += re * re + im * im;
        }
        total = share / (BLOCK * SYNC);
        if (k == -6 || total > best.share) {
            best.share = total;
            best.centre = centre;
        }
    }
    io->centre = best.centre;
}

static bool decode_size(mw_window *w, mw_unb_size size, const found *f, mw_window_frame *out) {
    const mw_track_known *known = &w->known[size];
    mw_track_fit fit = {.centre = (SYNC - 1) / 2.0, .d_max = DRIFT_MAX / (w->baud * w->baud)};
    memcpy(w->z, w->y, 2 * known->symbols * sizeof w->z[0]);
    mw_track_fit_over(w->z, known, SYNC, 8, 4, &fit);
    mw_track_fit_frame(w->z, known, &fit);
    mw_track_derotate(w->z, known->symbols, &fit);
    mw_track_soft(w->z, known, &fit, &w->phase);
    for (size_t i = 0; i < known->symbols; i++) {
        float v = w->phase.llr[i] * 16;
        w->soft[i] = (int8_t)lrintf(v > 127 ? 127 : v < -127 ? -127 : v);
    }
    mw_window_frame frame = {.size = size, .payload_bytes = mw_unb_layout_of(size)->payload_bytes};
    if (mw_unb_decode(&w->decoder, size, w->soft, known->symbols,
                      (mw_span){frame.payload, frame.payload_bytes}) != MW_OK)
        return false;
    frame.start_s = (f->centre - w->sps / 2) / w->rate;
    frame.hz = f->hz + (fit.f + fit.d * ((SYNC - 1) / 2.0 - fit.centre)) * w->baud;
    frame.es_n0 = w->phase.amplitude * w->phase.amplitude / w->phase.noise;
    *out = frame;
    return true;
}

mw_status mw_window_receive(mw_window *w, const float *iq, size_t n, const mw_window_search *search,
                            mw_window_frame *out_frame) {
    found f;
    if (!(search->to_s >= search->from_s) || !(search->hz_reach >= 0) ||
        fabs(search->hz) + search->hz_reach > w->rate / 2)
        return MW_RANGE;
    MW_TRY(search_sync(w, iq, n, search, &f));
    refine_time(w, iq, n, &f);
    for (unsigned i = 0; i < MW_UNB_SYMBOLS_MAX; i++)
        filter(w, iq, n, f.hz, f.centre + i * w->sps, w->y + 2 * (size_t)i);
    for (unsigned s = MW_UNB_SIZE_COUNT; s-- > 0;)
        if (mw_unb_allowed(w->unb_rate, (mw_unb_size)s) &&
            decode_size(w, (mw_unb_size)s, &f, out_frame))
            return MW_OK;
    return MW_CHECKSUM;
}
