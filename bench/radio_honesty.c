/* SPDX-License-Identifier: Apache-2.0
 *
 * Honesty: how often does noise become a frame?
 *
 *   radio_honesty [HOURS [CHECK_BITS]]
 *
 * HOURS of noise of 7 MHz (default 0.02; an hour takes some hours of one core), R0 and R1 searched:
 * noise is the same at every carrier, so one sub-band of 200 kHz is listened to 35 times as long.
 * The receiver is the station's own with all thresholds as they are, but only CHECK_BITS (default
 * 8) of the CRC's 24 need agree; what passes has the whole way behind it, correlation threshold
 * included, and its number divided by 2^(24 - CHECK_BITS) is that of false frames. The upper end of
 * the 95 % Poisson interval is the figure. Cancellation is off: a false frame must not change
 * what comes after it.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/radio_scene.h"

#define WIDTH_MHZ 7.0
#define PART_S    120.0

static unsigned heard;

static void shorten(void *user, mw_receiver_config *config) {
    config->check_bits = *(const unsigned *)user;
}

/* Smallest mean of a Poisson law that gives at most k with a probability of 2.5 %. */
static double poisson_upper(unsigned k) {
    double low = k, high = 3 * k + 20;
    for (int i = 0; i < 60; i++) {
        double mean = (low + high) / 2, term = exp(-mean), sum = 0;
        for (unsigned j = 0; j <= k; j++) {
            sum += term;
            term *= mean / (j + 1);
        }
        if (sum > 0.025)
            low = mean;
        else
            high = mean;
    }
    return high;
}

int main(int argc, char **argv) {
    double hours = argc > 1 ? atof(argv[1]) : 0.02, width_mhz = 0.2;
    unsigned bits = argc > 2 ? (unsigned)atoi(argv[2]) : 8;
    if (!(hours > 0) || bits == 0 || bits > 24)
        return 2;
    double total_s = hours * 3600 * WIDTH_MHZ / width_mhz, done_s = 0;
    scene_run run = {.low_hz = -100000,
                     .high_hz = 100000,
                     .rates = MW_RECEIVER_R0 | MW_RECEIVER_R1,
                     .plain = true,
                     .adjust = shorten,
                     .user = &bits};
    for (unsigned part = 0; done_s < total_s; part++) {
        scene s;
        scene_init(&s, 1, 77000 + part);
        s.seconds = total_s - done_s < PART_S ? total_s - done_s : PART_S;
        /* what began in a part's last 13 seconds is not finished: it does not count */
        s.seconds += 13;
        scene_play(&s, &run);
        heard += s.wrong;
        done_s += s.seconds - 13;
        scene_fini(&s);
        if (part % 50 == 49) {
            printf("# %.3f h of 7 MHz: %.0f tried, %.0f with %u check bits right, %u of them above "
                   "the correlation threshold\n",
                   done_s * width_mhz / WIDTH_MHZ / 3600, (double)run.stats.decode_attempts,
                   (double)(run.stats.refused + heard), bits, heard);
            fflush(stdout);
        }
    }
    double share = pow(2, -(24.0 - bits)), days = hours / 24;
    double bare = (double)run.stats.refused + heard;
    printf(
        "# %.3f h of 7 MHz noise (%.0f s of 200 kHz), %.0f s of processor: %.0f sync words, %.0f "
        "list decodings (%.0f with the long list)\n",
        hours, done_s, run.cpu_s, (double)run.stats.candidates, (double)run.stats.decode_attempts,
        (double)run.stats.decode_retries);
    printf("# %.0f had %u check bits right; %u of these reached the correlation threshold\n", bare,
           bits, heard);
    printf("# false frames a day by the CRC alone: %.3g (95 %%: below %.3g)\n", bare * share / days,
           poisson_upper((unsigned)bare) * share / days);
    printf("# with the threshold: %.3g (95 %%: below %.3g)\n", heard * share / days,
           poisson_upper(heard) * share / days);
    double upper = poisson_upper(heard) * share / days;
    scene_figure("radio.false_frames_per_day", upper, "1/day", "<1", upper < 1);
    return upper < 1 ? 0 : 1;
}
