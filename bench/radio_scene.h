/* SPDX-License-Identifier: Apache-2.0
 *
 * Scenes for the receiver's figures: many frames of any rate, level and carrier over a wide band,
 * with drift, symbol clock error, phase noise and receiver noise, rendered for one sub-band at a
 * time.
 *
 * Either a sub-band is rendered at its own sample rate from the frames whose carrier lies within it:
 * the same samples that an ideal filter bank would give, without making the wide stream. Or the wide
 * stream is made and goes through the receiver's own filter bank. Deterministic by seed.
 */
#ifndef MW_BENCH_RADIO_SCENE_H
#define MW_BENCH_RADIO_SCENE_H

#include "base/prng.h"
#include "protocols/unb/unb.h"
#include "radio/band.h"
#include "radio/channel.h"
#include "radio/modulator.h"

#define SCENE_RATE   250000.0
#define SCENE_CENTRE INT64_C(868100000000) /* millihertz */
#define SCENE_FS_DBM (-40.0)
#define SCENE_NF_DB  3.0
#define SCENE_BLOCK  4096u

typedef struct scene_frame {
    mw_unb_rate rate;
    mw_unb_size size;
    double start_s, hz; /* start of the first symbol; carrier relative to SCENE_CENTRE */
    double drift, ppm, phase;
    double es_n0_db;
    double walk; /* phase noise: standard deviation of the step per symbol, radians */
    uint64_t walk_seed;
    uint8_t payload[MW_UNB_PAYLOAD_MAX];
    bool muted; /* not rendered, not expected */
    /* the outcome */
    bool heard;
    unsigned times;
    mw_receiver_frame as;
} scene_frame;

typedef struct scene {
    scene_frame *frame;
    unsigned count, max;
    double seconds; /* all frames end before */
    uint64_t seed;
    bool noiseless;
    unsigned wrong; /* frames received that nobody sent */
} scene;

/* What may be added to the samples (a jammer) or done to them (clipping), at absolute sample
 * `first`. */
typedef void (*scene_spoil)(void *user, uint64_t first, size_t n, float *iq);

typedef struct scene_run {
    double low_hz, high_hz; /* of the carriers heard, relative to SCENE_CENTRE */
    double rate; /* samples a second, 0 = SCENE_RATE; beyond 600 kS/s mw_band's filter bank works */
    unsigned threads;
    unsigned rates;
    bool plain; /* without cancellation */
    scene_spoil spoil;
    void *user;
    mw_samples_format format; /* MW_SAMPLES_CF32 or MW_SAMPLES_CS16 (default) */
    void (*adjust)(void *user, mw_receiver_config *config); /* may be NULL */
    /* the outcome, added up over runs */
    double cpu_s, stream_s;
    mw_receiver_stats stats;
    uint64_t seam_duplicates;
} scene_run;

double scene_uniform(mw_prng *g); /* [0, 1) */
double scene_normal(mw_prng *g);
void scene_init(scene *s, unsigned max, uint64_t seed);
void scene_fini(scene *s);
/* Forgets what was heard. */
void scene_again(scene *s);
/* Adds a frame with a random payload, phase, clock error +-20 ppm; the caller sets the rest. */
scene_frame *scene_add(scene *s, mw_prng *g, mw_unb_rate rate, mw_unb_size size);
/* Plays the whole scene through a mw_band, which at SCENE_RATE is one receiver. */
void scene_play(scene *s, scene_run *run);
unsigned scene_heard(const scene *s);
unsigned scene_sent(const scene *s);

/* 95 % Wilson interval of k of n, as shares. */
typedef struct scene_interval {
    double low, high;
} scene_interval;
scene_interval scene_wilson(unsigned k, unsigned n);
/* One line of tools/figures. */
void scene_figure(const char *key, double value, const char *unit, const char *target, bool ok);

#endif
