/* SPDX-License-Identifier: Apache-2.0
 *
 * Sensitivity: packet error ratio over Es/N0, everything unknown at once.
 *
 *   radio_curves                        radio.es_n0_db_at_per10: M frames at R0, about 5 minutes
 *   radio_curves quick                  the same from fewer frames, about a minute
 *   radio_curves point RATE SIZE ES_N0_DB FRAMES [PHASE_NOISE [PREFILTER_PFA SYNC_PFA]]
 *   radio_curves csv FRAMES [RATE]      docs/data/radio_per.csv: all sizes and rates
 *
 * Every frame has a random carrier in 198 kHz (+-17 kHz of crystal error and much more), a random
 * start, drift up to +-2 Hz/s, a symbol clock up to +-20 ppm off, phase noise of 0.05 rad a symbol
 * (random walk) and noise figure 3 dB. Nothing of this is told to the receiver; a frame that was
 * not detected counts as lost. Ten frames are on the air at a time.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/radio_scene.h"

#define ABREAST    10u
#define WALK       0.05
#define POINTS_MAX 16
#define TARGET_DB  (-1.35)
#define NA_STEPS   20000

typedef struct point {
    double es_n0_db;
    unsigned sent, lost, wrong;
    double cpu_s;
} point;

/* Thresholds of the detector; 0 = the receiver's own. */
static double prefilter_pfa, sync_pfa;

static void set_thresholds(void *user, mw_receiver_config *config) {
    (void)user;
    config->prefilter_pfa = prefilter_pfa;
    config->sync_pfa = sync_pfa;
}

static point measure(mw_unb_rate rate, mw_unb_size size, double es_n0_db, unsigned frames,
                     double walk) {
    scene s;
    uint64_t seed = 5000 + (uint64_t)llround(1000 * (es_n0_db + 50)) * 16 + rate * 4 + size;
    mw_prng g = mw_prng_of_seed(seed);
    scene_init(&s, frames, seed);
    double baud = mw_unb_rate_bd(rate), symbols = mw_unb_layout_of(size)->symbols;
    double slot = (symbols + 90) / baud, spare = 80 / baud, width = 198000.0 / ABREAST;
    for (unsigned i = 0; i < frames; i++) {
        scene_frame *f = scene_add(&s, &g, rate, size);
        f->start_s = (i / ABREAST) * slot + spare * scene_uniform(&g) + 5 / baud;
        double edge = 2.5 * baud < width / 4 ? 2.5 * baud : width / 4;
        f->hz = -99000 + width * (i % ABREAST) + edge + (width - 2 * edge) * scene_uniform(&g);
        f->drift = 4 * scene_uniform(&g) - 2;
        f->es_n0_db = es_n0_db;
        f->walk = walk;
    }
    s.seconds = (frames + ABREAST - 1) / ABREAST * slot + 20 / baud;
    scene_run run = {
        .low_hz = -100000, .high_hz = 100000, .rates = 1u << rate, .adjust = set_thresholds};
    scene_play(&s, &run);
    point p = {es_n0_db, scene_sent(&s), scene_sent(&s) - scene_heard(&s), s.wrong, run.cpu_s};
    scene_fini(&s);
    return p;
}

static void print_point(const point *p) {
    scene_interval w = scene_wilson(p->lost, p->sent);
    printf("#   %6.2f dB: PER %.4f (95 %%: %.4f .. %.4f), %u of %u lost, %u wrong\n", p->es_n0_db,
           (double)p->lost / p->sent, w.low, w.high, p->lost, p->sent, p->wrong);
    fflush(stdout);
}

/* Weighted straight line of logit(PER) over Es/N0; returns the crossing of PER 10 %, and its
 * standard deviation. */
static double crossing(const point *p, unsigned n, double *out_sd) {
    double s = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (unsigned i = 0; i < n; i++) {
        double k = p[i].lost + 0.5, m = p[i].sent - p[i].lost + 0.5;
        double y = log(k / m), w = 1 / (1 / k + 1 / m), x = p[i].es_n0_db;
        s += w, sx += w * x, sy += w * y, sxx += w * x * x, sxy += w * x * y;
    }
    double det = s * sxx - sx * sx, b = (s * sxy - sx * sy) / det, a = (sy - b * sx) / s;
    double x = (log(0.1 / 0.9) - a) / b, from = x - sx / s;
    *out_sd = sqrt(1 / s + from * from * s / det) / fabs(b);
    return x;
}

/* ---- Bound ------------------------------------------------------------------------------------*/

/* Capacity and dispersion of binary signalling in noise at Es/N0 (per complex symbol), bits. */
static void binary_channel(double es_n0, double *out_capacity, double *out_dispersion) {
    double mean = 0, square = 0, total = 0, a = 4 * es_n0; /* llr ~ N(a, 2a) */
    for (int i = 0; i < NA_STEPS; i++) {
        double z = -8 + 16.0 * (i + 0.5) / NA_STEPS, weight = exp(-z * z / 2);
        double llr = a + sqrt(2 * a) * z;
        double info = 1 - (llr > 0 ? log1p(exp(-llr)) : -llr + log1p(exp(llr))) / log(2);
        total += weight;
        mean += weight * info;
        square += weight * info * info;
    }
    *out_capacity = mean / total;
    *out_dispersion = square / total - mean / total * (mean / total);
}

/* Normal approximation (Polyanskiy, Poor, Verdu 2010) of the error ratio of the best code of n
 * symbols and k bits. */
static double bound_per(double es_n0_db, double n, double k) {
    double c, v;
    binary_channel(pow(10, es_n0_db / 10), &c, &v);
    return 0.5 * erfc((n * c - k + 0.5 * log2(n)) / sqrt(n * v) / sqrt(2));
}

static double bound_crossing(double n, double k, double per) {
    double low = -10, high = 5;
    for (int i = 0; i < 40; i++) {
        double middle = (low + high) / 2;
        if (bound_per(middle, n, k) > per)
            low = middle;
        else
            high = middle;
    }
    return high;
}

static void key_figure(unsigned frames) {
    static const double at[] = {-2.6, -2.2, -1.8, -1.4, -1.0};
    point p[POINTS_MAX];
    unsigned n = sizeof at / sizeof at[0];
    printf("# M at R0, phase noise %.2f rad/symbol, drift +-2 Hz/s, clock +-20 ppm\n", WALK);
    for (unsigned i = 0; i < n; i++) {
        p[i] = measure(MW_UNB_R0, MW_UNB_M, at[i], frames, WALK);
        print_point(&p[i]);
    }
    double sd, x = crossing(p, n, &sd);
    const mw_unb_layout *l = mw_unb_layout_of(MW_UNB_M);
    double bound = bound_crossing(l->code_bits, l->info_bits, 0.1);
    /* All symbols sent for the payload's bits; the check's 24 bits count as overhead too. */
    double net = 10 * log10((double)l->symbols / (8.0 * l->payload_bytes));
    printf("# PER 10 %% at Es/N0 %.2f dB (95 %%: %.2f .. %.2f) = %.1f dBm at noise figure 3 dB\n",
           x, x - 1.96 * sd, x + 1.96 * sd, mw_channel_level_of_es_n0(x, 50, 3));
    printf("# per net bit (232 payload bits of 610 symbols): Eb/N0 %.2f dB\n", x + net);
    printf(
        "# (512, 256) normal approximation, all known: PER 10 %% at %.2f dB; this is %.2f dB from "
        "it\n",
        bound, x - bound);
    scene_figure("radio.es_n0_db_at_per10", x, "dB", "<=-1.35", x <= TARGET_DB);
    scene_figure("radio.eb_n0_db_at_per10", x + net, "dB", "<=2.85", x + net <= TARGET_DB + net);
    scene_figure("radio.es_n0_db_to_bound", x - bound, "dB", "<=1", x - bound <= 1);
}

static void csv(unsigned frames, const char *only) {
    static const double at[] = {-4, -3, -2.5, -2, -1.5, -1, -0.5, 0, 1};
    printf("rate,size,es_n0_db,frames,lost,per,per_low_95,per_high_95,bound_per\n");
    for (unsigned rate = 0; rate < MW_UNB_RATE_COUNT; rate++) {
        if (only != NULL && strcmp(only, mw_unb_rate_name((mw_unb_rate)rate)) != 0)
            continue;
        for (unsigned size = 0; size < MW_UNB_SIZE_COUNT; size++) {
            if (!mw_unb_allowed((mw_unb_rate)rate, (mw_unb_size)size))
                continue;
            const mw_unb_layout *l = mw_unb_layout_of((mw_unb_size)size);
            for (unsigned i = 0; i < sizeof at / sizeof at[0]; i++) {
                point p = measure((mw_unb_rate)rate, (mw_unb_size)size, at[i], frames, WALK);
                scene_interval w = scene_wilson(p.lost, p.sent);
                printf("%s,%s,%.2f,%u,%u,%.5f,%.5f,%.5f,%.3g\n",
                       mw_unb_rate_name((mw_unb_rate)rate), mw_unb_size_name((mw_unb_size)size),
                       at[i], p.sent, p.lost, (double)p.lost / p.sent, w.low, w.high,
                       bound_per(at[i], l->code_bits, l->info_bits));
                fflush(stdout);
            }
        }
    }
}

int main(int argc, char **argv) {
    mw_unb_rate rate;
    mw_unb_size size;
    if (argc >= 6 && strcmp(argv[1], "point") == 0 &&
        mw_unb_rate_of_name(mw_slice_of_str(argv[2]), &rate) == MW_OK &&
        mw_unb_size_of_name(mw_slice_of_str(argv[3]), &size) == MW_OK) {
        prefilter_pfa = argc > 8 ? atof(argv[7]) : 0;
        sync_pfa = argc > 8 ? atof(argv[8]) : 0;
        point p = measure(rate, size, atof(argv[4]), (unsigned)atoi(argv[5]),
                          argc > 6 ? atof(argv[6]) : WALK);
        print_point(&p);
        printf("#   %.1f s of processor\n", p.cpu_s);
        return 0;
    }
    if (argc >= 3 && strcmp(argv[1], "csv") == 0) {
        csv((unsigned)atoi(argv[2]), argc > 3 ? argv[3] : NULL);
        return 0;
    }
    if (argc == 1 || (argc == 2 && strcmp(argv[1], "quick") == 0)) {
        key_figure(argc == 1 ? 400 : 100);
        return 0;
    }
    fprintf(stderr, "radio_curves: see the head of bench/radio_curves.c\n");
    return 2;
}
