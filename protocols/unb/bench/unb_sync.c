/* SPDX-License-Identifier: Apache-2.0
 *
 * What the frame's known symbols are worth, by simulation at symbol level: white noise, unknown
 * phase, a carrier error within the detector's grid, a timing error up to 1/8 symbol.
 *
 *     unb_sync detect [TRIALS]   probability to detect a 64-symbol word and 32-symbol ones
 *     unb_sync size [TRIALS]     wrong size decisions from sync and the first 17 pilots
 *     unb_sync frame [TRIALS]    lost frames, the phase taken from sync and pilots; meter's decoder
 *     unb_sync burst [TRIALS]    lost frames when a part in one piece is not received, 4 dB
 */
#include <complex.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "protocols/unb/decode.h"
#include "protocols/unb/pulse.h"

#define KNOWN_MAX (MW_UNB_SYNC_SYMBOLS + MW_UNB_PILOTS_MAX)

static double uniform(mw_prng *g) {
    return ((double)(mw_prng_u64(g) >> 11) + 0.5) * 0x1p-53;
}

static double complex gauss(mw_prng *g) {
    return sqrt(-log(uniform(g))) * cexp(2.0 * M_PI * I * uniform(g));
}

/* What a timing error of t symbols leaves of a matched-filter sample. */
static double timing_gain(double t) {
    const int16_t *table = mw_unb_pulse_table();
    int shift = (int)lrint(fabs(t) * MW_UNB_PULSE_PER_SYMBOL);
    double self = 0;
    double moved = 0;
    for (int i = 0; i < MW_UNB_PULSE_ENTRIES; i++) {
        self += (double)table[i] * table[i];
        moved += i + shift < MW_UNB_PULSE_ENTRIES ? (double)table[i] * table[i + shift] : 0;
    }
    return moved / self;
}

/* ---- detection ---- */

typedef enum statistic {
    DIFFERENTIAL, /* |sum of products of neighbours| */
    CHUNKS,       /* sum of squared magnitudes of 16-symbol correlations */
    STATISTICS
} statistic;

/* Both are divided by the energy, so that a threshold does not depend on the level. */
static double measure(statistic what, const double complex *y, const int8_t *word, int n) {
    double energy = 0;
    double sum = 0;
    for (int i = 0; i < n; i++)
        energy += creal(y[i] * conj(y[i]));
    if (what == DIFFERENTIAL) {
        double complex d = 0;
        for (int i = 1; i < n; i++)
            d += y[i] * conj(y[i - 1]) * (word[i] * word[i - 1]);
        return cabs(d) / energy;
    }
    for (int c = 0; c < n; c += 16) {
        double complex d = 0;
        for (int i = c; i < c + 16; i++)
            d += y[i] * word[i];
        sum += creal(d * conj(d));
    }
    return sum / energy;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* One reception of the word, or of noise alone when signal is 0. The differential detector runs on
 * a grid of half a symbol rate (error up to 1/4), the other on one of 1/32. */
static void word_receive(mw_prng *g, statistic what, const int8_t *word, int n, double signal,
                         double complex *y) {
    double error = (uniform(g) - 0.5) * (what == DIFFERENTIAL ? 0.5 : 1.0 / 32);
    double bin = what == DIFFERENTIAL && error != 0 ? sin(M_PI * error) / (M_PI * error) : 1;
    double a = signal * bin * timing_gain((uniform(g) - 0.5) / 4);
    double complex phase = cexp(2.0 * M_PI * I * uniform(g));
    double complex turn = cexp(2.0 * M_PI * I * error);
    for (int i = 0; i < n; i++, phase *= turn)
        y[i] = a * word[i] * phase + gauss(g);
}

static void detect(unsigned trials) {
    static const char *names[STATISTICS] = {"differential", "chunks of 16"};
    static const double levels[] = {-3, -2, -1, 0};
    int8_t words[2][64];
    for (unsigned i = 0; i < 64; i++) {
        words[0][i] = mw_unb_sync_bit(i) != 0 ? -1 : 1;
        words[1][i] = (UINT32_C(0x97157A6F) >> (31 - i % 32) & 1) != 0 ? -1 : 1;
    }
    mw_prng g = mw_prng_of_seed(1);
    unsigned noise = 400000;
    double *values = malloc(noise * sizeof *values);
    if (values == NULL)
        return;
    double complex y[64];
    for (int w = 0; w < 2; w++) {
        int n = w == 0 ? 64 : 32;
        for (int what = 0; what < STATISTICS; what++) {
            for (unsigned i = 0; i < noise; i++) {
                word_receive(&g, (statistic)what, words[w], n, 0, y);
                values[i] = measure((statistic)what, y, words[w], n);
            }
            qsort(values, noise, sizeof *values, ascending);
            printf("%d symbols, %-12s Pd at Pfa 1e-2, 1e-4:", n, names[what]);
            for (int k = 0; k < 4; k++) {
                unsigned hit2 = 0;
                unsigned hit4 = 0;
                for (unsigned i = 0; i < trials; i++) {
                    word_receive(&g, (statistic)what, words[w], n, pow(10, levels[k] / 20), y);
                    double v = measure((statistic)what, y, words[w], n);
                    hit2 += v > values[noise - noise / 100];
                    hit4 += v > values[noise - noise / 10000];
                }
                printf("  %+.0f dB %.3f %.3f", levels[k], (double)hit2 / trials,
                       (double)hit4 / trials);
            }
            printf("\n");
        }
    }
    free(values);
}

/* ---- size and phase from the known symbols ---- */

/* Indexes and signs of the sync word and the first `pilots` pilots of a size. */
static unsigned known_of(mw_unb_size size, unsigned pilots, uint16_t *at, int8_t *sign) {
    unsigned n = 0;
    for (; n < MW_UNB_SYNC_SYMBOLS; n++) {
        at[n] = (uint16_t)n;
        sign[n] = mw_unb_sync_bit(n) != 0 ? -1 : 1;
    }
    for (unsigned i = 0; i < pilots; i++, n++) {
        at[n] = (uint16_t)mw_unb_pilot_at(i);
        sign[n] = mw_unb_pilot_bit(size, i) != 0 ? -1 : 1;
    }
    return n;
}

typedef struct estimate {
    double power;
    double error; /* carrier, cycles a symbol */
    double complex phase;
} estimate;

/* The carrier error within +-1/64 cycle a symbol that aligns the known symbols best. */
static estimate align(const double complex *y, mw_unb_size size, unsigned pilots) {
    uint16_t at[KNOWN_MAX];
    int8_t sign[KNOWN_MAX];
    unsigned n = known_of(size, pilots, at, sign);
    double step = 1.0 / (6.0 * (at[n - 1] + 1));
    estimate best = {0};
    for (double e = -1.0 / 64; e <= 1.0 / 64; e += step) {
        double complex sum = 0;
        for (unsigned i = 0; i < n; i++)
            sum += sign[i] * y[at[i]] * cexp(-2.0 * M_PI * I * e * at[i]);
        double power = creal(sum * conj(sum));
        if (power > best.power)
            best = (estimate){power, e, sum / cabs(sum)};
    }
    return best;
}

/* Lets the data symbols help: each is as good as a pilot of strength tanh(2 a Re z). Fits a line to
 * the phase errors, weighted so, a few times over. */
static estimate refine(const double complex *y, mw_unb_size size, double a, estimate e) {
    unsigned n = mw_unb_layout_of(size)->symbols;
    int8_t known[MW_UNB_SYMBOLS_MAX] = {0};
    uint16_t at[KNOWN_MAX];
    int8_t sign[KNOWN_MAX];
    unsigned count = known_of(size, mw_unb_layout_of(size)->pilots, at, sign);
    for (unsigned i = 0; i < count; i++)
        known[at[i]] = sign[i];
    double phase = carg(e.phase);
    for (int round = 0; round < 5; round++) {
        double w0 = 0, w1 = 0, w2 = 0, r0 = 0, r1 = 0;
        for (unsigned t = 0; t < n; t++) {
            double complex z = y[t] * cexp(-I * (phase + 2 * M_PI * e.error * t));
            double d = known[t] != 0 ? known[t] : tanh(2 * a * creal(z));
            w0 += d * d;
            w1 += d * d * t;
            w2 += d * d * t * t;
            r0 += d * cimag(z) / a;
            r1 += d * cimag(z) / a * t;
        }
        double det = w0 * w2 - w1 * w1;
        phase += (r0 * w2 - r1 * w1) / det;
        e.error += (r1 * w0 - r0 * w1) / det / (2 * M_PI);
    }
    e.phase = cexp(I * phase);
    return e;
}

static estimate frame_receive(mw_prng *g, const mw_unb_frame *f, double level, double complex *y) {
    double error = (uniform(g) - 0.5) / 32;
    double a = pow(10, level / 20);
    estimate truth = {0, error, cexp(2.0 * M_PI * I * uniform(g))};
    for (unsigned i = 0; i < f->symbols; i++)
        y[i] = a * (1 - 2.0 * mw_unb_frame_bit(f, i)) * truth.phase *
                   cexp(2.0 * M_PI * I * error * i) +
               gauss(g);
    return truth;
}

static void frame_random(mw_prng *g, mw_unb_size size, uint8_t *payload, mw_unb_frame *f) {
    size_t n = mw_unb_layout_of(size)->payload_bytes;
    for (size_t i = 0; i < n; i++)
        payload[i] = (uint8_t)mw_prng_u64(g);
    if (mw_unb_frame_encode(size, (mw_slice){payload, n}, f) != MW_OK)
        abort();
}

static void size_errors(unsigned trials) {
    mw_prng g = mw_prng_of_seed(2);
    for (double level = -4; level <= 0; level += 1) {
        unsigned wrong = 0;
        for (unsigned t = 0; t < trials; t++) {
            double complex y[MW_UNB_SYMBOLS_MAX];
            uint8_t payload[MW_UNB_PAYLOAD_MAX];
            mw_unb_frame f;
            frame_random(&g, (mw_unb_size)(t % MW_UNB_SIZE_COUNT), payload, &f);
            frame_receive(&g, &f, level, y);
            unsigned best = 0;
            double power = 0;
            for (unsigned s = 0; s < MW_UNB_SIZE_COUNT; s++) {
                estimate e = align(y, (mw_unb_size)s, MW_UNB_PILOTS_MIN);
                best = e.power > power ? s : best;
                power = e.power > power ? e.power : power;
            }
            wrong += best != (unsigned)f.size;
        }
        printf("Es/N0 %+.0f dB: size wrong %u of %u (%.5f)\n", level, wrong, trials,
               (double)wrong / trials);
    }
}

static void frame_losses(unsigned trials) {
    static mw_unb_decoder decoder;
    mw_prng g = mw_prng_of_seed(3);
    for (unsigned s = 0; s < MW_UNB_SIZE_COUNT; s++) {
        mw_unb_size size = (mw_unb_size)s;
        for (double level = -2.5; level < 0.1; level += 0.5) {
            unsigned lost[3] = {0};
            double a = pow(10, level / 20);
            for (unsigned t = 0; t < trials; t++) {
                double complex y[MW_UNB_SYMBOLS_MAX];
                uint8_t payload[MW_UNB_PAYLOAD_MAX];
                mw_unb_frame f;
                frame_random(&g, size, payload, &f);
                estimate e[3];
                e[0] = frame_receive(&g, &f, level, y);
                e[1] = align(y, size, mw_unb_layout_of(size)->pilots);
                e[2] = refine(y, size, a, e[1]);
                for (int k = 0; k < 3; k++) {
                    int8_t soft[MW_UNB_SYMBOLS_MAX];
                    for (unsigned i = 0; i < f.symbols; i++) {
                        double v =
                            creal(y[i] * conj(e[k].phase) * cexp(-2.0 * M_PI * I * e[k].error * i));
                        soft[i] = (int8_t)lrint(fmax(-127, fmin(127, 30 * v)));
                    }
                    lost[k] += mw_unb_decode(&decoder, size, soft, f.symbols,
                                             MW_SPAN_OF(payload)) != MW_OK;
                }
            }
            printf("size %s Es/N0 %+.1f dB: lost, phase known %.4f, from sync and pilots %.4f, "
                   "helped by data %.4f\n",
                   mw_unb_size_name(size), level, (double)lost[0] / trials,
                   (double)lost[1] / trials, (double)lost[2] / trials);
        }
    }
}

static void burst_losses(unsigned trials) {
    static mw_unb_decoder decoder;
    mw_prng g = mw_prng_of_seed(4);
    for (unsigned percent = 20; percent <= 35; percent += 5) {
        printf("missing %u %%:", percent);
        for (unsigned s = 0; s < MW_UNB_SIZE_COUNT; s++) {
            unsigned lost = 0;
            for (unsigned t = 0; t < trials; t++) {
                uint8_t payload[MW_UNB_PAYLOAD_MAX];
                int8_t soft[MW_UNB_SYMBOLS_MAX];
                mw_unb_frame f;
                frame_random(&g, (mw_unb_size)s, payload, &f);
                double a = pow(10, 4.0 / 20);
                unsigned n = f.symbols * percent / 100;
                unsigned at = (unsigned)mw_prng_below(&g, f.symbols - n);
                for (unsigned i = 0; i < f.symbols; i++) {
                    double v = a * (1 - 2.0 * mw_unb_frame_bit(&f, i)) + creal(gauss(&g));
                    bool missing = i >= at && i < at + n;
                    soft[i] = (int8_t)(missing ? 0 : lrint(fmax(-127, fmin(127, 25 * v))));
                }
                lost += mw_unb_decode(&decoder, (mw_unb_size)s, soft, f.symbols,
                                      MW_SPAN_OF(payload)) != MW_OK;
            }
            printf("  %s %.4f", mw_unb_size_name((mw_unb_size)s), (double)lost / trials);
        }
        printf("\n");
    }
}

int main(int argc, char **argv) {
    unsigned trials = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    if (argc >= 2 && strcmp(argv[1], "detect") == 0)
        detect(trials > 0 ? trials : 20000);
    else if (argc >= 2 && strcmp(argv[1], "size") == 0)
        size_errors(trials > 0 ? trials : 3000);
    else if (argc >= 2 && strcmp(argv[1], "frame") == 0)
        frame_losses(trials > 0 ? trials : 1000);
    else if (argc >= 2 && strcmp(argv[1], "burst") == 0)
        burst_losses(trials > 0 ? trials : 1000);
    else {
        fprintf(stderr, "usage: unb_sync detect | size | frame | burst [TRIALS]\n");
        return 2;
    }
    return 0;
}
