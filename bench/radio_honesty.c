/* SPDX-License-Identifier: Apache-2.0
 *
 * Honesty: how often does noise become a frame?
 *
 *   radio_honesty [HOURS [CHECK_BITS [ENDINGS [STATE_FILE]]]]
 *
 * HOURS of 7 MHz of noise (default 0.005) through the station's detector, verification, tracking and
 * decoder with all their thresholds: R0 and R1 over 7 MHz, R2 over 3.6 MHz. Only CHECK_BITS
 * (default 8) of the CRC's 24 need agree; the number of those that pass divided by
 * 2^(24 - CHECK_BITS) is that of false frames, and the upper end of its 95 % Poisson interval is the
 * figure. With a STATE_FILE counts go on from run to run, a new seed for every slice: an hour can be
 * collected in pieces.
 *
 * Noise is the same at every carrier and sample rate: each symbol rate is listened to in a band of 64
 * times itself at 80 samples a symbol, as much longer as 7 MHz is wider.
 *
 * ENDINGS (default 8): a sync word that noise imitated is followed by noise that does not depend on
 * it. Each verified one is therefore given this many endings, of noise drawn anew from three
 * symbols after the word: the decoder sees what it would see in ENDINGS times the hours. The rate
 * of sync words comes from HOURS alone; its own counting error is printed and added.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/radio_scene.h"
#include "radio/candidate.h"

#define WIDTH_HZ  7e6
#define NARROW_HZ 3.6e6 /* of R2 */
#define SLICE_H   0.0004
#define SPS       80u
#define BAND      64.0 /* symbol rates */
#define KEPT      480u /* symbols of history */
#define BLOCK     2048u
#define TAIL      (63 + 3.5) /* symbols after the first that a sync word's pulses reach */
#define HEAD      8          /* before */
#define DRIFT_MAX 6.0

typedef struct counts {
    double hours, endings; /* endings: hours that the decoder saw */
    unsigned long slices, words, attempts, retries, passed, heard;
} counts;

typedef struct listener {
    mw_unb_rate rate;
    unsigned bits, endings;
    mw_receiver_config config;
    mw_detect *detect;
    mw_candidate_tools tools;
    mw_history history, ending;
    mw_channel_noise noise, fresh;
    uint64_t fresh_at;
    float iq[2 * SPS * (MW_UNB_SYMBOLS_MAX + 32)];
} listener;

static void listener_init(listener *l, mw_unb_rate rate, unsigned bits, unsigned endings) {
    double baud = mw_unb_rate_bd(rate), fs = SPS * baud;
    memset(l, 0, sizeof *l);
    l->rate = rate;
    l->bits = bits;
    l->endings = endings;
    l->config = mw_receiver_config_default((mw_freq){SCENE_CENTRE});
    mw_detect_config d = {.rate_mhz = (uint64_t)llround(1000 * fs),
                          .baud = (unsigned)baud,
                          .low_hz = -BAND / 2 * baud,
                          .high_hz = BAND / 2 * baud,
                          .drift_max = DRIFT_MAX};
    if (mw_receiver_config_complete(&l->config) != MW_OK)
        abort();
    d.prefilter_pfa = l->config.prefilter_pfa;
    d.sync_pfa = l->config.sync_pfa;
    if (mw_detect_new(&d, &l->detect) != MW_OK ||
        mw_candidate_tools_init(&l->tools, fs, baud, DRIFT_MAX) != MW_OK ||
        mw_history_init(&l->history, KEPT * SPS) != MW_OK ||
        mw_history_init(&l->ending, (MW_UNB_SYMBOLS_MAX + 32) * SPS) != MW_OK)
        abort();
    if (bits < 24)
        mw_polar_list_check_bits(l->tools.decoder, bits);
}

static void listener_fini(listener *l) {
    mw_detect_free(l->detect);
    mw_candidate_tools_fini(&l->tools);
    mw_history_fini(&l->history);
    mw_history_fini(&l->ending);
}

/* One ending of a sync word: every size, as the receiver tries them. */
static void try_ending(listener *l, const mw_candidate *word, counts *c) {
    int64_t first = (int64_t)floor(word->centre - HEAD * (double)SPS);
    size_t kept = (size_t)((HEAD + TAIL) * SPS);
    size_t n = (MW_UNB_SYMBOLS_MAX + 24) * SPS;
    mw_history_read(&l->history, first, kept, l->iq);
    memset(l->iq + 2 * kept, 0, 2 * (n - kept) * sizeof *l->iq);
    mw_channel_noise_add(&l->fresh, l->fresh_at, n - kept, l->iq + 2 * kept);
    l->fresh_at += n - kept;
    mw_history_restart(&l->ending);
    mw_history_append_iq(&l->ending, l->iq, n);
    mw_candidate moved = *word;
    moved.centre -= (double)first;
    moved.carrier.at -= (double)first;
    mw_candidate_frame frame;
    mw_candidate_verdict v;
    do {
        v = mw_candidate_decode(&l->tools, &l->ending, &moved, &frame);
    } while (v == MW_CANDIDATE_WAIT);
    if (v != MW_CANDIDATE_FRAME)
        return;
    c->passed++;
    c->heard += frame.correlation >= l->config.frame_correlation_min;
}

static void take_hits(listener *l, counts *c) {
    mw_detect_hit hits[32];
    size_t n;
    while ((n = mw_detect_run(l->detect, &l->history, false, hits, 32)) > 0) {
        for (size_t i = 0; i < n; i++) {
            mw_candidate word;
            double last = mw_detect_at(l->detect, hits[i].quarter);
            if (!mw_candidate_verify(&l->tools, &l->history, &hits[i], last, &word))
                continue;
            /* A sync word that began before the stretch did is not whole. */
            if (word.centre < HEAD * (double)SPS)
                continue;
            c->words++;
            word.rate = (uint8_t)l->rate;
            for (unsigned k = 0; k < l->endings; k++)
                try_ending(l, &word, c);
        }
    }
}

/* Noise of `hours` of the band, as a longer stretch of a narrower one. */
static void listen(listener *l, double hours, double width_hz, uint64_t seed, counts *c) {
    double baud = mw_unb_rate_bd(l->rate), fs = SPS * baud;
    uint64_t samples = (uint64_t)(hours * 3600 * width_hz / (BAND * baud) * fs);
    static float iq[2 * BLOCK];
    uint64_t attempts = l->tools.attempts, retries = l->tools.retries;
    mw_channel_noise_init(&l->noise, seed, fs, SCENE_NF_DB, SCENE_FS_DBM);
    mw_channel_noise_init(&l->fresh, ~seed, fs, SCENE_NF_DB, SCENE_FS_DBM);
    mw_history_restart(&l->history);
    mw_detect_restart(l->detect);
    for (uint64_t at = 0; at < samples; at += BLOCK) {
        memset(iq, 0, sizeof iq);
        mw_channel_noise_add(&l->noise, at, BLOCK, iq);
        mw_history_append_iq(&l->history, iq, BLOCK);
        take_hits(l, c);
    }
    c->attempts += l->tools.attempts - attempts;
    c->retries += l->tools.retries - retries;
}

/* Smallest mean of a Poisson law that gives at most k with a probability of 2.5 %. */
static double poisson_upper(unsigned long k) {
    double low = (double)k, high = 3 * (double)k + 20;
    for (int i = 0; i < 60; i++) {
        double mean = (low + high) / 2, log_term = -mean, sum = 0;
        for (unsigned long j = 0; j <= k; j++) {
            sum += exp(log_term);
            log_term += log(mean / (double)(j + 1));
        }
        if (sum > 0.025)
            low = mean;
        else
            high = mean;
    }
    return high;
}

static bool load(const char *path, counts *c) {
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return true; /* the first run */
    bool ok =
        fscanf(f, "hours %lf endings %lf slices %lu words %lu attempts %lu retries %lu ", &c->hours,
               &c->endings, &c->slices, &c->words, &c->attempts, &c->retries) == 6 &&
        fscanf(f, "passed %lu heard %lu", &c->passed, &c->heard) == 2;
    fclose(f);
    return ok;
}

static bool save(const char *path, const counts *c) {
    char next[4096];
    int n = snprintf(next, sizeof next, "%s.new", path);
    FILE *f = n > 0 && (size_t)n < sizeof next ? fopen(next, "w") : NULL;
    if (f == NULL)
        return false;
    fprintf(f, "hours %.6f endings %.6f slices %lu words %lu attempts %lu retries %lu ", c->hours,
            c->endings, c->slices, c->words, c->attempts, c->retries);
    fprintf(f, "passed %lu heard %lu\n", c->passed, c->heard);
    return fclose(f) == 0 && rename(next, path) == 0;
}

static double report(const counts *c, unsigned bits) {
    /* Two standard deviations of the sync words' own number on top. */
    double share = pow(2, -(24.0 - bits)), days = c->endings / 24;
    double words = c->words > 0 ? 1 + 2 / sqrt((double)c->words) : 1;
    printf("# %.4f h of 7 MHz noise: %lu sync words verified; decoded as in %.3f h: %lu list "
           "decodings (%lu with the "
           "long list)\n",
           c->hours, c->words, c->endings, c->attempts, c->retries);
    printf("# %lu had %u check bits right; %lu of these reached the correlation threshold\n",
           c->passed, bits, c->heard);
    printf("# false frames a day by the CRC alone: %.3g (95 %%: below %.3g)\n",
           (double)c->passed * share / days, poisson_upper(c->passed) * share * words / days);
    double upper = poisson_upper(c->heard) * share * words / days;
    printf("# with the threshold: %.3g (95 %%: below %.3g)\n", (double)c->heard * share / days,
           upper);
    return upper;
}

int main(int argc, char **argv) {
    double hours = argc > 1 ? atof(argv[1]) : 0.005;
    unsigned bits = argc > 2 ? (unsigned)atoi(argv[2]) : 8;
    unsigned endings = argc > 3 ? (unsigned)atoi(argv[3]) : 8;
    const char *state = argc > 4 ? argv[4] : NULL;
    counts c = {0};
    if (!(hours > 0) || bits == 0 || bits > 24 || endings == 0 ||
        (state != NULL && !load(state, &c))) {
        fprintf(stderr, "radio_honesty: see the head of bench/radio_honesty.c\n");
        return 2;
    }
    static listener l[MW_UNB_RATE_COUNT];
    for (unsigned i = 0; i < MW_UNB_RATE_COUNT; i++)
        listener_init(&l[i], (mw_unb_rate)i, bits, endings);
    clock_t begin = clock();
    for (double done = 0; done < hours - 1e-9;) {
        double slice = hours - done < SLICE_H ? hours - done : SLICE_H;
        for (unsigned i = 0; i < MW_UNB_RATE_COUNT; i++)
            listen(&l[i], slice, i == 2 ? NARROW_HZ : WIDTH_HZ, 77000 + 8 * c.slices + i, &c);
        done += slice;
        c.slices++;
        c.hours += slice;
        c.endings += slice * endings;
        if (state != NULL && !save(state, &c)) {
            fprintf(stderr, "radio_honesty: cannot write %s\n", state);
            return 2;
        }
    }
    printf("# %.0f s of processor\n", (double)(clock() - begin) / CLOCKS_PER_SEC);
    double upper = report(&c, bits);
    scene_figure("radio.false_frames_per_day", upper, "1/day", "<1", upper < 1);
    for (unsigned i = 0; i < MW_UNB_RATE_COUNT; i++)
        listener_fini(&l[i]);
    return upper < 1 ? 0 : 1;
}
