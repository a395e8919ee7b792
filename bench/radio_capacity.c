/* SPDX-License-Identifier: Apache-2.0
 *
 * Capacity: 300,000 meters that report once an hour in 3 MHz, one transmission each.
 *
 *   radio_capacity [SECONDS [SUB_BANDS [plain]]]
 *
 * The rate mix is the plan's for hourly reporting: all M frames at R1 (400 Bd). 83.3 frames a
 * second begin at random instants (Poisson) on carriers uniform over 3 MHz; Es/N0 uniform in dB
 * from 3 to 43; drift up to +-2 Hz/s, symbol clocks +-20 ppm, noise figure 3 dB. SECONDS (default
 * 300) are streamed. 3 MHz are 15 sub-bands of 200 kHz at 250 kS/s, each rendered from all frames
 * whose carriers lie within its 250 kHz (an ideal filter bank); with fewer SUB_BANDS only so many
 * are played, at the same density. `plain`: without cancellation.
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

static unsigned sub_bands;

/* Frames whose carrier lies in a sub-band's own width and their loss. */
int main(int argc, char **argv) {
    double seconds = argc > 1 ? atof(argv[1]) : 300;
    sub_bands = argc > 2 ? (unsigned)atoi(argv[2]) : SUB_BANDS;
    bool plain = argc > 3 && strcmp(argv[3], "plain") == 0;
    if (!(seconds > 0) || sub_bands == 0 || sub_bands > SUB_BANDS)
        return 2;
    double baud = 400, symbols = mw_unb_layout_of(MW_UNB_M)->symbols;
    double rate = METERS / 3600 / SUB_BANDS; /* frames a second and sub-band */
    double overlap = 4 * 1.2 * symbols * METERS / 3600 / WIDTH_HZ;
    unsigned sent = 0, heard = 0, wrong = 0;
    scene_run run = {.rates = MW_RECEIVER_R1, .plain = plain, .format = MW_SAMPLES_CF32};
    for (unsigned k = 0; k < sub_bands; k++) {
        scene s;
        mw_prng g = mw_prng_of_stream(31, k);
        /* 250 kHz of traffic for a sub-band of 200: the neighbours' edges are heard too */
        double spread = 250e3, each = rate * spread / SUB_HZ;
        scene_init(&s, (unsigned)(each * seconds * 1.3) + 60, 3100 + k);
        double middle = -WIDTH_HZ / 2 + SUB_HZ * (k + 0.5), at = 0;
        for (;;) {
            at += -log(1 - scene_uniform(&g)) / each;
            if (at > seconds || s.count == s.max)
                break;
            scene_frame *f = scene_add(&s, &g, MW_UNB_R1, MW_UNB_M);
            f->start_s = at + 5 / baud;
            f->hz = middle + 0.98 * spread * (scene_uniform(&g) - 0.5);
            f->drift = 4 * scene_uniform(&g) - 2;
            f->es_n0_db = 3 + 40 * scene_uniform(&g);
        }
        s.seconds = seconds + (symbols + 30) / baud;
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
    double loss = 100.0 * (sent - heard) / sent, aloha = 100 * (1 - exp(-overlap));
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
