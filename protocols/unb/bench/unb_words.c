/* SPDX-License-Identifier: Apache-2.0
 *
 * Searches the sync word and the three pilot sequences of the air interface, and measures the ones
 * in use. Deterministic: the same seed prints the same words.
 *
 *     unb_words measure          figures of the words in protocols/unb
 *     unb_words search [SEED]    annealing from random starts, about a minute
 *     unb_words hops [SEED]      a table of displacements of the copies
 *
 * Cost of a sync word: the sidelobes of its aperiodic autocorrelation, of that of its differential
 * sequence (a detector multiplies neighbouring symbols) and of the sum of four 16-symbol magnitudes
 * (the second detector), by the cube of what exceeds a floor; runs of equal symbols are limited
 * to 6. Cost of pilots: the largest correlation of any two sequences over the first 17 (and of M
 * with L over 34) for any carrier error, and each one's autocorrelation sidelobes.
 */
#include <complex.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "protocols/unb/unb.h"

typedef struct word_figures {
    int auto_peak;   /* of the word                    */
    int diff_peak;   /* of its differential sequence   */
    int chunk_peak;  /* of the sum of 4 magnitudes     */
    int longest_run; /* of equal symbols               */
    int balance;     /* sum of the amplitudes          */
    double cost;
} word_figures;

static int correlate(const int8_t *a, const int8_t *b, int n, int shift) {
    int sum = 0;
    for (int i = 0; i + shift < n; i++)
        sum += a[i] * b[i + shift];
    return sum;
}

/* Sum of |correlation| of the four quarters of the word against itself `shift` later (or, for a
 * negative shift, earlier), nothing sent outside. */
static int chunks(const int8_t *a, int shift) {
    int total = 0;
    for (int c = 0; c < 4; c++) {
        int sum = 0;
        for (int i = 16 * c; i < 16 * c + 16; i++)
            if (i + shift >= 0 && i + shift < 64)
                sum += a[i] * a[i + shift];
        total += abs(sum);
    }
    return total;
}

/* Only what stands out counts, and the more the further it does. */
static double excess(int value, int free) {
    double e = value > free ? value - free : 0;
    return e * e * e;
}

static word_figures word_measure(uint64_t word) {
    int8_t a[64];
    int8_t d[63];
    word_figures f = {0};
    int run = 0;
    for (int i = 0; i < 64; i++) {
        a[i] = (word >> (63 - i) & 1) != 0 ? -1 : 1;
        run = i > 0 && a[i] == a[i - 1] ? run + 1 : 1;
        f.longest_run = run > f.longest_run ? run : f.longest_run;
        f.balance += a[i];
    }
    double weight = 0;
    for (int i = 0; i < 63; i++)
        d[i] = (int8_t)(a[i] * a[i + 1]);
    for (int s = 1; s < 64; s++) {
        int r = abs(correlate(a, a, 64, s));
        int q = s < 63 ? abs(correlate(d, d, 63, s)) : 0;
        f.auto_peak = r > f.auto_peak ? r : f.auto_peak;
        f.diff_peak = q > f.diff_peak ? q : f.diff_peak;
        for (int sign = -1; sign <= 1; sign += 2) {
            int c = chunks(a, sign * s);
            f.chunk_peak = c > f.chunk_peak ? c : f.chunk_peak;
            weight += excess(c, 14);
        }
        weight += 4 * excess(r, 4) + 4 * excess(q, 4);
    }
    f.cost = weight + (f.longest_run > 6 ? 1e5 : 0) + 5.0 * abs(f.balance);
    return f;
}

static void word_print(const char *what, uint64_t word) {
    word_figures f = word_measure(word);
    printf("%s 0x%016" PRIX64 " auto_peak %d diff_peak %d chunk_peak %d run %d balance %d\n", what,
           word, f.auto_peak, f.diff_peak, f.chunk_peak, f.longest_run, f.balance);
}

/* Annealing over single flips: a flip that costs little is taken now and then. */
static uint64_t word_search(mw_prng *g) {
    uint64_t best = 0;
    double best_cost = 1e300;
    for (int start = 0; start < 24; start++) {
        uint64_t w = mw_prng_u64(g);
        double cost = word_measure(w).cost;
        double heat = 500;
        for (int step = 0; step < 150000; step++, heat *= 0.99995) {
            uint64_t v = w ^ UINT64_C(1) << mw_prng_below(g, 64);
            if (step % 2 != 0)
                v ^= UINT64_C(1) << mw_prng_below(g, 64);
            double c = word_measure(v).cost;
            double u = (double)(mw_prng_u64(g) >> 11) * 0x1p-53;
            if (c < cost || u < exp((cost - c) / heat)) {
                cost = c;
                w = v;
            }
            if (cost < best_cost) {
                best_cost = cost;
                best = w;
            }
        }
    }
    return best;
}

/* ---- pilots ---- */

#define PILOTS MW_UNB_PILOTS_MAX

/* Largest |sum a b e^(j phi i)| over n pilots and all carrier errors. */
static double cross_peak(const int8_t *a, const int8_t *b, int n) {
    double peak = 0;
    for (int k = 0; k < 4 * n; k++) {
        double complex turn = cexp(2.0 * M_PI * I * k / (4.0 * n));
        double complex sum = 0;
        double complex e = 1;
        for (int i = 0; i < n; i++, e *= turn)
            sum += a[i] * b[i] * e;
        peak = fmax(peak, cabs(sum));
    }
    return peak;
}

typedef struct pilot_figures {
    double cross17;
    double cross34;
    int auto17;
    int auto_full;
    double cost;
} pilot_figures;

static pilot_figures pilots_measure(int8_t p[3][PILOTS]) {
    static const int lengths[3] = {17, 34, 68};
    pilot_figures f = {0};
    for (int a = 0; a < 3; a++) {
        for (int b = a + 1; b < 3; b++)
            f.cross17 = fmax(f.cross17, cross_peak(p[a], p[b], 17));
        for (int s = 1; s < 17; s++) {
            int r = abs(correlate(p[a], p[a], 17, s));
            f.auto17 = r > f.auto17 ? r : f.auto17;
        }
        for (int s = 1; s < lengths[a]; s++) {
            int r = abs(correlate(p[a], p[a], lengths[a], s));
            f.auto_full = r > f.auto_full ? r : f.auto_full;
        }
    }
    f.cross34 = cross_peak(p[1], p[2], 34);
    f.cost = 10.0 * f.cross17 + 3.0 * f.cross34 + 2.0 * f.auto17 + f.auto_full;
    return f;
}

static void pilots_print(int8_t p[3][PILOTS]) {
    pilot_figures f = pilots_measure(p);
    for (int s = 0; s < 3; s++) {
        printf("pilots %s ", mw_unb_size_name((mw_unb_size)s));
        for (int i = 0; i < PILOTS; i += 4) {
            int nibble = 0;
            for (int j = 0; j < 4; j++)
                nibble = nibble << 1 | (p[s][i + j] < 0);
            printf("%X", (unsigned)nibble);
        }
        printf("\n");
    }
    printf("pilots cross17 %.2f cross34 %.2f auto17 %d auto_full %d\n", f.cross17, f.cross34,
           f.auto17, f.auto_full);
}

static void pilots_search(mw_prng *g, int8_t best[3][PILOTS]) {
    double best_cost = 1e300;
    for (int start = 0; start < 12; start++) {
        int8_t p[3][PILOTS];
        for (int s = 0; s < 3; s++)
            for (int i = 0; i < PILOTS; i++)
                p[s][i] = (mw_prng_u64(g) & 1) != 0 ? -1 : 1;
        double cost = pilots_measure(p).cost;
        for (int step = 0; step < 3000; step++) {
            int8_t q[3][PILOTS];
            memcpy(q, p, sizeof q);
            unsigned flips = 1 + (unsigned)mw_prng_below(g, 3);
            for (unsigned k = 0; k < flips; k++) {
                unsigned s = (unsigned)mw_prng_below(g, 3);
                unsigned i = (unsigned)mw_prng_below(g, (mw_prng_u64(g) & 1) != 0 ? 17 : PILOTS);
                q[s][i] = (int8_t)-q[s][i];
            }
            double c = pilots_measure(q).cost;
            if (c <= cost) {
                cost = c;
                memcpy(p, q, sizeof p);
            }
        }
        if (cost < best_cost) {
            best_cost = cost;
            memcpy(best, p, sizeof p);
        }
    }
}

/* ---- displacements ---- */

/* Draws rows until 48 displacements and 32 gaps are distinct and far enough from 0. */
static void hops_search(mw_prng *g) {
    bool taken[256] = {false};
    bool gap_taken[512] = {false};
    for (int row = 0; row < 16;) {
        unsigned a = (unsigned)mw_prng_below(g, 256);
        unsigned b = (unsigned)mw_prng_below(g, 256);
        unsigned ga = 64 + 4 * (unsigned)mw_prng_below(g, 112);
        unsigned gb = 64 + 4 * (unsigned)mw_prng_below(g, 112);
        unsigned d = (b - a) & 255;
        bool far = a >= 16 && a <= 240 && b >= 16 && b <= 240 && d >= 16 && d <= 240;
        if (!far || a == b || a == d || b == d || taken[a] || taken[b] || taken[d] || ga == gb ||
            gap_taken[ga] || gap_taken[gb])
            continue;
        taken[a] = taken[b] = taken[d] = gap_taken[ga] = gap_taken[gb] = true;
        printf("    {{%u, %u}, {%u, %u}},\n", a, ga, b, gb);
        row++;
    }
}

int main(int argc, char **argv) {
    int8_t p[3][PILOTS];
    if (argc >= 2 && strcmp(argv[1], "search") == 0) {
        mw_prng g = mw_prng_of_seed(argc >= 3 ? strtoull(argv[2], NULL, 0) : 1);
        word_print("sync", word_search(&g));
        pilots_search(&g, p);
        pilots_print(p);
        return 0;
    }
    if (argc >= 2 && strcmp(argv[1], "hops") == 0) {
        mw_prng g = mw_prng_of_seed(argc >= 3 ? strtoull(argv[2], NULL, 0) : 1);
        hops_search(&g);
        return 0;
    }
    if (argc != 2 || strcmp(argv[1], "measure") != 0) {
        fprintf(stderr, "usage: unb_words measure | search [SEED] | hops [SEED]\n");
        return 2;
    }
    for (int s = 0; s < 3; s++)
        for (unsigned i = 0; i < PILOTS; i++)
            p[s][i] = i < mw_unb_layout_of((mw_unb_size)s)->pilots &&
                              mw_unb_pilot_bit((mw_unb_size)s, i) != 0
                          ? -1
                          : 1;
    word_print("sync", mw_unb_sync_word());
    pilots_print(p);
    return 0;
}
