/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/candidate.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "radio/outlier.h"

#define TWO_PI 6.28318530717958647692
#define SYNC   MW_UNB_SYNC_SYMBOLS

/* Coherent share of 64 symbols: noise exceeds 0.24 once in 3e7 (Beta(1, 63)), times about 50 for
 * the search over time, frequency and drift. A frame at Es/N0 = -1.35 dB has 0.43 +- 0.07. */
#define SYNC_SHARE_MIN 0.24
/* The same over sync word and pilots together. A frame at -1.35 dB has 0.42 +- 0.06; noise behind a
 * chance sync word, whose pilots add nothing, about 0.15. */
#define FRAME_SHARE_MIN 0.15
/* A size whose pilots fit this much worse than the best one's is not tried. */
#define SIZE_RATIO 0.93

#define TIMINGS    9 /* sixteenths of a symbol, -4 .. 4 */

static void known_init(mw_candidate_tools *t) {
    for (unsigned i = 0; i < SYNC; i++)
        t->sync.sign[i] = mw_unb_sync_bit(i) ? -1 : 1;
    t->sync.symbols = SYNC;
    for (unsigned s = 0; s < MW_UNB_SIZE_COUNT; s++) {
        const mw_unb_layout *l = mw_unb_layout_of((mw_unb_size)s);
        mw_assert(l->symbols <= MW_TRACK_SYMBOLS_MAX);
        t->frame[s] = t->sync;
        t->frame[s].symbols = l->symbols;
        for (unsigned i = 0; i < l->pilots; i++)
            t->frame[s].sign[mw_unb_pilot_at(i)] = mw_unb_pilot_bit((mw_unb_size)s, i) ? -1 : 1;
    }
}

mw_status mw_candidate_tools_init(mw_candidate_tools *t, double rate, double baud,
                                  double drift_max) {
    memset(t, 0, sizeof *t);
    t->rate = rate;
    t->baud = baud;
    t->drift_max = drift_max;
    known_init(t);
    t->decoder = mw_polar_list_new();
    if (t->decoder == NULL)
        return MW_NOMEM;
    return mw_extract_init(&t->extract, rate, baud, MW_UNB_SYMBOLS_MAX + 2);
}

void mw_candidate_tools_fini(mw_candidate_tools *t) {
    mw_polar_list_free(t->decoder);
    mw_extract_fini(&t->extract);
}

double mw_candidate_end(const mw_candidate *c, double sps, unsigned symbols) {
    return c->centre + (symbols - 1 + MW_UNB_PULSE_SPAN / 2.0) * sps;
}

/* Power of the sync word with four coherent sums: enough to compare instants. */
static double sync_power(const mw_candidate_tools *t, double centre, float limit) {
    float y[2 * SYNC];
    mw_extract_symbols(&t->extract, centre, 0, SYNC, y);
    double total = 0;
    for (unsigned b = 0; b < 4; b++) {
        double re = 0, im = 0;
        for (unsigned i = 16 * b; i < 16 * b + 16; i++) {
            if (y[2 * i] * y[2 * i] + y[2 * i + 1] * y[2 * i + 1] > limit)
                continue;
            re += (double)y[2 * i] * t->sync.sign[i];
            im += (double)y[2 * i + 1] * t->sync.sign[i];
        }
        total += re * re + im * im;
    }
    return total;
}

/* The instant of the largest sync power within a quarter symbol, by parabola. */
static double best_instant(const mw_candidate_tools *t, double centre) {
    double power[TIMINGS], step = t->extract.sps / 16;
    int best = 0;
    float y[2 * SYNC];
    mw_extract_symbols(&t->extract, centre, 0, SYNC, y);
    float limit = mw_outlier_limit(y, SYNC);
    for (int i = 0; i < TIMINGS; i++) {
        power[i] = sync_power(t, centre + (i - TIMINGS / 2) * step, limit);
        if (power[i] > power[best])
            best = i;
    }
    double part = 0;
    if (best > 0 && best < TIMINGS - 1) {
        double bend = power[best - 1] - 2 * power[best] + power[best + 1];
        if (bend < 0)
            part = 0.5 * (power[best - 1] - power[best + 1]) / bend;
    }
    return centre + (best - TIMINGS / 2 + part) * step;
}

bool mw_candidate_verify(mw_candidate_tools *t, const mw_history *h, const mw_detect_hit *hit,
                         double last, mw_candidate *out) {
    double sps = t->extract.sps;
    double centre = last - (SYNC - 1) * sps;
    mw_carrier carrier = {hit->hz, hit->drift, centre + (SYNC - 1) / 2.0 * sps};
    mw_extract_run(&t->extract, h, &carrier, centre, SYNC);
    centre = best_instant(t, centre);
    float y[2 * SYNC];
    mw_extract_symbols(&t->extract, centre, 0, SYNC, y);
    (void)mw_outlier_erase(y, SYNC);
    mw_track_fit fit = {.centre = (SYNC - 1) / 2.0, .d_max = t->drift_max / (t->baud * t->baud)};
    mw_track_fit_over(y, &t->sync, SYNC, 6, 8, &fit);
    if (!(fit.share > SYNC_SHARE_MIN))
        return false;
    *out = (mw_candidate){
        .carrier = {hit->hz + fit.f * t->baud, hit->drift + fit.d * t->baud * t->baud,
                    centre + (SYNC - 1) / 2.0 * sps},
        .centre = centre,
        .score = (float)fit.share,
        .amplitude = (float)sqrt(fit.re * fit.re + fit.im * fit.im),
    };
    return true;
}

/* Where tracking begins: the candidate's own carrier was taken off, amplitude known. */
static mw_track_fit first_fit(const mw_candidate_tools *t, const mw_candidate *c) {
    return (mw_track_fit){.centre = (SYNC - 1) / 2.0,
                          .d_max = t->drift_max / (t->baud * t->baud),
                          .re = (double)c->amplitude};
}

/* Which sizes may it be: one fit of the common first part with the sync word as the only known
 * symbols, then each size's pilots against it. Bit mask; 0 = none. */
static unsigned plausible_sizes(mw_candidate_tools *t, const mw_candidate *c) {
    size_t symbols = t->frame[c->next_size].symbols;
    mw_track_known known = t->sync;
    known.symbols = symbols;
    mw_track_fit fit = first_fit(t, c);
    mw_track_fit_frame(t->y, &known, &fit);
    memcpy(t->rest, t->y, 2 * symbols * sizeof(float));
    mw_track_derotate(t->rest, symbols, &fit);
    double share[MW_UNB_SIZE_COUNT] = {0}, best = 0;
    for (unsigned s = c->next_size; s < MW_UNB_SIZE_COUNT; s++) {
        if (!mw_unb_allowed((mw_unb_rate)c->rate, (mw_unb_size)s))
            continue;
        share[s] = mw_track_share(t->rest, &t->frame[s], symbols);
        best = share[s] > best ? share[s] : best;
    }
    unsigned mask = 0;
    for (unsigned s = 0; s < MW_UNB_SIZE_COUNT; s++) {
        if (share[s] > FRAME_SHARE_MIN && share[s] >= SIZE_RATIO * best)
            mask |= 1u << s;
    }
    return mask;
}

static void take_symbols(mw_candidate_tools *t, const mw_history *h, const mw_candidate *c,
                         size_t symbols) {
    mw_extract_run(&t->extract, h, &c->carrier, c->centre, symbols);
    mw_extract_symbols(&t->extract, c->centre, 0, symbols, t->y);
    (void)mw_outlier_erase(t->y, symbols);
}

/* Coherent share from which a second try pays, with the long list and at other instants: below it
 * there is rarely a frame. */
#define RETRY_SHARE_MIN 0.25
/* At the limit the sync word tells the instant to a tenth of a symbol: a third of the frames that are
 * found and not decoded are decoded so far beside it, in symbols. */
#define BESIDE 0.12

typedef enum trial { NOTHING, HOPEFUL, DECODED } trial;

static bool decode_soft(mw_candidate_tools *t, mw_unb_size size, double share, uint8_t *payload) {
    const mw_unb_layout *l = mw_unb_layout_of(size);
    mw_span out = {payload, l->payload_bytes};
    t->attempts++;
    if (mw_polar_list_decode(t->decoder, size, MW_POLAR_LIST_DEFAULT, t->phase.llr, l->symbols,
                             out) == MW_OK)
        return true;
    if (share < RETRY_SHARE_MIN)
        return false;
    t->retries++;
    return mw_polar_list_decode(t->decoder, size, MW_POLAR_LIST_MAX, t->phase.llr, l->symbols,
                                out) == MW_OK;
}

/* Compares the decoded frame, encoded again, with what was received. */
static void judge(mw_candidate_tools *t, mw_candidate_frame *f) {
    const mw_unb_layout *l = mw_unb_layout_of(f->size);
    mw_unb_frame again;
    mw_status s = mw_unb_frame_encode(f->size, (mw_slice){f->payload, l->payload_bytes}, &again);
    mw_assert(s == MW_OK);
    double along = 0, total = 0, re = 0, power = 0, heard = 0;
    f->symbol_errors = 0;
    for (unsigned i = 0; i < l->symbols; i++) {
        double sign = mw_unb_frame_bit(&again, i) ? -1 : 1;
        float llr = t->phase.llr[i], phase = t->phase.phase[i];
        const float *y = t->y + 2 * i;
        if (mw_track_erased(y))
            continue;
        heard++;
        re += sign * (double)(y[0] * cosf(phase) + y[1] * sinf(phase));
        power += (double)(y[0] * y[0] + y[1] * y[1]);
        if (t->frame[f->size].sign[i] != 0)
            continue;
        /* tanh keeps a few very sure symbols from speaking for all */
        double soft = tanh((double)llr / 2);
        along += sign * soft;
        total += fabs(soft);
        f->symbol_errors += sign * (double)llr < 0;
    }
    f->correlation = total > 0 && along > 0 ? along / total : 0;
    f->amplitude = re > 0 ? re / heard : 0;
    double noise = (heard > 0 ? power / heard : 0) - f->amplitude * f->amplitude;
    double signal = f->amplitude * f->amplitude;
    f->es_n0 = noise > 1e-9 * signal ? signal / noise : 1e9;
}

/* Decodes one size from t->y (symbols with the candidate's carrier taken off). */
static trial try_size(mw_candidate_tools *t, const mw_history *h, const mw_candidate *c,
                      mw_unb_size size, bool tell, mw_candidate_frame *out) {
    const mw_track_known *known = &t->frame[size];
    double per_symbol2 = t->baud * t->baud;
    mw_track_fit fit = first_fit(t, c);
    mw_track_fit_frame(t->y, known, &fit);
    mw_carrier carrier = c->carrier;
    /* What the fit says about the carrier at the middle of the sync word. */
    double back = (SYNC - 1) / 2.0 - fit.centre;
    carrier.hz += (fit.f + fit.d * back) * t->baud;
    carrier.drift += fit.d * per_symbol2;
    double end_turn = fabs(fit.f) + fabs(fit.d) * fit.centre; /* cycles a symbol at the edge */
    if (end_turn > 0.01) {
        /* Far off the filter's middle: take the symbols anew along the fitted carrier. */
        mw_candidate along = *c;
        along.carrier = carrier;
        take_symbols(t, h, &along, known->symbols);
        fit.f = fit.d = 0;
    }
    if (!(fit.share > FRAME_SHARE_MIN))
        return NOTHING;
    mw_track_derotate(t->y, known->symbols, &fit);
    mw_track_soft(t->y, known, &fit, &t->phase);
    mw_candidate_frame f = {
        .size = size, .centre = c->centre, .hz = carrier.hz, .drift = carrier.drift};
    if (!decode_soft(t, size, fit.share, f.payload)) {
        if (tell && t->undecoded != NULL) {
            f.amplitude = t->phase.amplitude;
            f.es_n0 = f.amplitude * f.amplitude / t->phase.noise;
            t->undecoded(t->user, c, &f);
        }
        return fit.share < RETRY_SHARE_MIN ? NOTHING : HOPEFUL;
    }
    judge(t, &f);
    *out = f;
    return DECODED;
}

/* What was found and not decoded, once more a little earlier and later. */
static trial try_beside(mw_candidate_tools *t, const mw_history *h, const mw_candidate *c,
                        mw_unb_size size, mw_candidate_frame *out) {
    for (int side = -1; side <= 1; side += 2) {
        mw_candidate beside = *c;
        beside.centre += side * BESIDE * t->extract.sps;
        take_symbols(t, h, &beside, t->frame[size].symbols);
        if (try_size(t, h, &beside, size, false, out) == DECODED)
            return DECODED;
    }
    return NOTHING;
}

mw_candidate_verdict mw_candidate_decode(mw_candidate_tools *t, const mw_history *h,
                                         mw_candidate *c, mw_candidate_frame *out) {
    size_t symbols = t->frame[c->next_size].symbols;
    take_symbols(t, h, c, symbols);
    unsigned sizes = plausible_sizes(t, c);
    if ((sizes & 1u << c->next_size) != 0) {
        mw_unb_size size = (mw_unb_size)c->next_size;
        trial first = try_size(t, h, c, size, true, out);
        if (first == DECODED || (first == HOPEFUL && try_beside(t, h, c, size, out) == DECODED))
            return MW_CANDIDATE_FRAME;
    }
    for (unsigned s = c->next_size + 1u; s < MW_UNB_SIZE_COUNT; s++) {
        if ((sizes & 1u << s) != 0) {
            c->next_size = (uint8_t)s;
            return MW_CANDIDATE_WAIT;
        }
    }
    return MW_CANDIDATE_ABANDON;
}
