/* SPDX-License-Identifier: Apache-2.0
 *
 * Capacity: 300,000 meters that report once an hour in 3 MHz, one transmission each.
 *
 *   radio_capacity [SECONDS [SUB_BANDS [plain]]]
 *   radio_capacity band SECONDS STATE_FILE [STRETCH]
 *
 * The rate mix is the plan's for hourly reporting: all M frames at R1 (400 Bd). 83.3 frames a
 * second begin at random instants (Poisson) on carriers uniform over 3 MHz; Es/N0 uniform in dB
 * from 3 to 43; drift up to +-2 Hz/s, symbol clocks +-20 ppm, noise figure 3 dB. SECONDS (default
 * 300) are streamed. 3 MHz are 15 sub-bands of 200 kHz at 250 kS/s, each rendered from all frames
 * whose carriers lie within its 250 kHz (an ideal filter bank); with fewer SUB_BANDS only so many
 * are played, at the same density. `plain`: without cancellation.
 *
 * `band` makes the whole stream of 3.2 MS/s and gives it to mw_band, as a station does: SECONDS more
 * of it, as one stretch, whose outcome becomes a line of STATE_FILE; the figure is that of all
 * lines. Stretches differ by their number (the next one when none is given), so that a long run is
 * made in pieces and several at once. Traffic begins a frame's length before the seconds that count.
 *
 * ALOHA predicts that a frame is lost when another overlaps it in time within +-1.2 symbol rates.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/radio_scene.h"

#define METERS    300000.0
#define WIDTH_HZ  3e6
#define SUB_BANDS 15u
#define SUB_HZ    (WIDTH_HZ / SUB_BANDS)
#define BAUD      400.0

static unsigned sub_bands;

static double aloha_pct(void) {
    double symbols = mw_unb_layout_of(MW_UNB_M)->symbols;
    return 100 * (1 - exp(-4 * 1.2 * symbols * METERS / 3600 / WIDTH_HZ));
}

/* Traffic of `each` frames a second around a middle until an instant. */
static void fill(scene *s, mw_prng *g, double each, double middle, double spread, double until) {
    double at = 0;
    for (;;) {
        at += -log(1 - scene_uniform(g)) / each;
        if (at > until || s->count == s->max)
            return;
        scene_frame *f = scene_add(s, g, MW_UNB_R1, MW_UNB_M);
        f->start_s = at + 5 / BAUD;
        f->hz = middle + spread * (scene_uniform(g) - 0.5);
        f->drift = 4 * scene_uniform(g) - 2;
        f->es_n0_db = 3 + 40 * scene_uniform(g);
    }
}

typedef struct total {
    unsigned stretches, sent, lost, wrong;
    double seconds, cpu_s;
} total;

static total total_of(const char *path) {
    total t = {0};
    FILE *f = fopen(path, "r");
    char line[256];
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        unsigned number, sent, lost, wrong;
        double seconds, cpu_s;
        if (sscanf(line, "%u %lf %u %u %u %lf", &number, &seconds, &sent, &lost, &wrong, &cpu_s) !=
            6)
            continue;
        t.stretches++;
        t.sent += sent;
        t.lost += lost;
        t.wrong += wrong;
        t.seconds += seconds;
        t.cpu_s += cpu_s;
    }
    if (f != NULL)
        (void)fclose(f);
    return t;
}

/* A lost frame and what was near it. */
static void tell_lost(const scene *s, unsigned lost) {
    const scene_frame *f = &s->frame[lost];
    double spacing = 3.2e6 / 52, length = mw_unb_layout_of(MW_UNB_M)->symbols / BAUD;
    double from_seam = fabs(remainder(f->hz - spacing / 2, spacing));
    printf("# lost %u: %.3f s %.1f dB,  %.0f Hz from a seam; near:", lost, f->start_s, f->es_n0_db,
           from_seam);
    for (unsigned k = 0; k < s->count; k++) {
        const scene_frame *o = &s->frame[k];
        if (k != lost && fabs(o->hz - f->hz) < 2.5 * BAUD && fabs(o->start_s - f->start_s) < length)
            printf(" (%.1f dB %+.0f Hz %+.2f s%s)", o->es_n0_db, o->hz - f->hz,
                   o->start_s - f->start_s, o->heard ? "" : " lost");
    }
    printf("\n");
}

static bool play_stretch(const char *path, unsigned number, double seconds) {
    scene s;
    mw_prng g = mw_prng_of_stream(37, number);
    double length = (mw_unb_layout_of(MW_UNB_M)->symbols + 30) / BAUD, until = seconds + 2 * length;
    scene_init(&s, (unsigned)(METERS / 3600 * until * 1.3) + 60, 3700 + number);
    fill(&s, &g, METERS / 3600, 0, WIDTH_HZ - 2000, until);
    s.seconds = until + length;
    scene_run run = {
        .low_hz = -WIDTH_HZ / 2, .high_hz = WIDTH_HZ / 2, .rate = 3.2e6, .rates = MW_RECEIVER_R1};
    scene_play(&s, &run);
    unsigned sent = 0, lost = 0;
    for (unsigned i = 0; i < s.count; i++) {
        if (s.frame[i].start_s < length || s.frame[i].start_s >= length + seconds)
            continue;
        sent++;
        lost += !s.frame[i].heard;
        if (!s.frame[i].heard && getenv("SCENE_LOST") != NULL)
            tell_lost(&s, i);
    }
    FILE *f = fopen(path, "a");
    if (f == NULL)
        return false;
    (void)fprintf(f, "%u %g %u %u %u %.1f\n", number, seconds, sent, lost, s.wrong,
                  run.cpu_s * seconds / s.seconds);
    scene_fini(&s);
    return fclose(f) == 0;
}

/* The whole band in stretches. */
static int band(int argc, char **argv) {
    double seconds = argc > 0 ? atof(argv[0]) : 0;
    if (argc < 2 || !(seconds > 0) || seconds > 3600)
        return 2;
    unsigned number = argc > 2 ? (unsigned)atoi(argv[2]) : total_of(argv[1]).stretches + 1;
    if (!play_stretch(argv[1], number, seconds))
        return 2;
    total t = total_of(argv[1]);
    scene_interval w = scene_wilson(t.lost, t.sent);
    double loss = 100.0 * t.lost / t.sent, aloha = aloha_pct();
    printf("# %.0f meters an hour in 3 MHz, R1 M, through mw_band, all sub-bands: %.0f s in %u "
           "stretches\n",
           METERS, t.seconds, t.stretches);
    printf("# %u frames, %u lost: %.3f %% (95 %%: %.3f .. %.3f); ALOHA predicts %.2f %%; %u that "
           "nobody sent\n",
           t.sent, t.lost, loss, 100 * w.low, 100 * w.high, aloha, t.wrong);
    printf("# %.0f s of processor: %.2f x real time for 3 MHz on one core\n", t.cpu_s,
           t.seconds / t.cpu_s);
    scene_figure("radio.capacity_band_loss_pct", loss, "%", "<=ALOHA", loss <= aloha);
    return loss <= aloha ? 0 : 1;
}

/* Frames whose carrier lies in a sub-band's own width and their loss. */
int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "band") == 0)
        return band(argc - 2, argv + 2);
    double seconds = argc > 1 ? atof(argv[1]) : 300;
    sub_bands = argc > 2 ? (unsigned)atoi(argv[2]) : SUB_BANDS;
    bool plain = argc > 3 && strcmp(argv[3], "plain") == 0;
    if (!(seconds > 0) || sub_bands == 0 || sub_bands > SUB_BANDS)
        return 2;
    double symbols = mw_unb_layout_of(MW_UNB_M)->symbols;
    double rate = METERS / 3600 / SUB_BANDS; /* frames a second and sub-band */
    unsigned sent = 0, heard = 0, wrong = 0;
    scene_run run = {.rates = MW_RECEIVER_R1, .plain = plain, .format = MW_SAMPLES_CF32};
    for (unsigned k = 0; k < sub_bands; k++) {
        scene s;
        mw_prng g = mw_prng_of_stream(31, k);
        /* 250 kHz of traffic for a sub-band of 200: the neighbours' edges are heard too */
        double spread = 250e3, each = rate * spread / SUB_HZ;
        scene_init(&s, (unsigned)(each * seconds * 1.3) + 60, 3100 + k);
        double middle = -WIDTH_HZ / 2 + SUB_HZ * (k + 0.5);
        fill(&s, &g, each, middle, 0.98 * spread, seconds);
        s.seconds = seconds + (symbols + 30) / BAUD;
        run.low_hz = middle - SUB_HZ / 2;
        run.high_hz = middle + SUB_HZ / 2;
        scene_play(&s, &run);
        for (unsigned i = 0; i < s.count; i++) {
            if (fabs(s.frame[i].hz - middle) >= SUB_HZ / 2)
                continue;
            sent++;
            heard += s.frame[i].heard;
        }
        wrong += s.wrong;
        scene_fini(&s);
    }
    scene_interval w = scene_wilson(sent - heard, sent);
    double loss = 100.0 * (sent - heard) / sent, aloha = aloha_pct();
    printf("# %.0f meters an hour in 3 MHz, R1 M, %.0f s streamed, %u of %u sub-bands%s\n", METERS,
           seconds, sub_bands, SUB_BANDS, plain ? ", without cancellation" : "");
    printf("# %u frames, %u lost: %.2f %% (95 %%: %.2f .. %.2f); ALOHA predicts %.2f %%; %u that "
           "nobody sent\n",
           sent, sent - heard, loss, 100 * w.low, 100 * w.high, aloha, wrong);
    printf("# cancelled %.0f, uncovered %.0f, tried again %.0f; %.0f s of processor: %.2f x real "
           "time for 3 MHz on one core\n",
           (double)run.stats.cancelled, (double)run.stats.uncovered, (double)run.stats.retried,
           run.cpu_s, seconds * sub_bands / SUB_BANDS / run.cpu_s);
    scene_figure(plain ? "radio.capacity_plain_loss_pct" : "radio.capacity_loss_pct", loss, "%",
                 "<=ALOHA", loss <= aloha);
    return loss <= aloha ? 0 : 1;
}
