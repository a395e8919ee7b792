/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/radio_scene.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TWO_PI      6.28318530717958647692
#define WALK_STEPS  8u /* points of a phase path per symbol */
#define WALK_BEFORE 4u /* symbols before the first */

typedef struct playing {
    mw_burst burst;
    scene_frame *frame;
    float *path; /* phase noise, or NULL */
    double rate; /* samples a second */
    uint64_t from, to;
} playing;

double scene_uniform(mw_prng *g) {
    return (double)(mw_prng_u64(g) >> 11) / 9007199254740992.0;
}

double scene_normal(mw_prng *g) {
    double u = scene_uniform(g), v = scene_uniform(g);
    return sqrt(-2 * log(u + 1e-300)) * cos(TWO_PI * v);
}

void scene_init(scene *s, unsigned max, uint64_t seed) {
    *s = (scene){.frame = calloc(max, sizeof(scene_frame)), .max = max, .seed = seed};
    if (s->frame == NULL)
        abort();
}

void scene_fini(scene *s) {
    free(s->frame);
}

void scene_again(scene *s) {
    for (unsigned i = 0; i < s->count; i++) {
        s->frame[i].heard = false;
        s->frame[i].times = 0;
    }
    s->wrong = 0;
}

scene_frame *scene_add(scene *s, mw_prng *g, mw_unb_rate rate, mw_unb_size size) {
    if (s->count == s->max)
        abort();
    scene_frame *f = &s->frame[s->count++];
    *f = (scene_frame){.rate = rate, .size = size};
    for (unsigned k = 0; k < mw_unb_layout_of(size)->payload_bytes; k++)
        f->payload[k] = (uint8_t)mw_prng_u64(g);
    f->phase = TWO_PI * scene_uniform(g);
    f->ppm = 40 * scene_uniform(g) - 20;
    f->walk_seed = mw_prng_u64(g);
    return f;
}

/* A random walk of the phase over the whole burst, in eighths of a symbol. */
static float *walk_of(const scene_frame *f) {
    if (f->walk <= 0)
        return NULL;
    size_t n = (mw_unb_layout_of(f->size)->symbols + 3 * WALK_BEFORE) * WALK_STEPS;
    float *path = malloc(n * sizeof *path);
    if (path == NULL)
        abort();
    mw_prng g = mw_prng_of_seed(f->walk_seed);
    double at = 0;
    for (size_t i = 0; i < n; i++) {
        path[i] = (float)at;
        at += f->walk / sqrt(WALK_STEPS) * scene_normal(&g);
    }
    return path;
}

static void start(playing *p, scene_frame *f, double centre, double rate) {
    double baud = mw_unb_rate_bd(f->rate);
    mw_unb_frame frame;
    mw_slice payload = {f->payload, mw_unb_layout_of(f->size)->payload_bytes};
    if (mw_unb_frame_encode(f->size, payload, &frame) != MW_OK)
        abort();
    double at = f->start_s * rate;
    double level = mw_channel_level_of_es_n0(f->es_n0_db, baud, SCENE_NF_DB);
    mw_burst_setup setup = {.bits = frame.bits,
                            .count = frame.symbols,
                            .start_index = (uint64_t)at,
                            .start_fraction = at - floor(at),
                            .rate = rate,
                            .baud = baud,
                            .symbol_ppm = f->ppm,
                            .offset_hz = f->hz - centre,
                            .drift_hz_per_s = f->drift,
                            .phase = f->phase,
                            .amplitude = mw_channel_amplitude(level, SCENE_FS_DBM)};
    if (mw_burst_init(&p->burst, &setup) != MW_OK)
        abort();
    p->frame = f;
    p->rate = rate;
    p->path = NULL;
    p->from = mw_burst_first(&p->burst);
    p->to = mw_burst_end(&p->burst);
}

static void render(playing *p, uint64_t first, float *iq, float *scratch) {
    if (p->frame->walk <= 0) {
        (void)mw_burst_render(&p->burst, first, SCENE_BLOCK, iq);
        return;
    }
    if (p->path == NULL)
        p->path = walk_of(p->frame);
    memset(scratch, 0, 2 * SCENE_BLOCK * sizeof *scratch);
    (void)mw_burst_render(&p->burst, first, SCENE_BLOCK, scratch);
    double per_sample = WALK_STEPS * (double)mw_unb_rate_bd(p->frame->rate) / p->rate;
    double begin = (double)(int64_t)(first - p->burst.start_index) * per_sample;
    for (size_t i = 0; i < SCENE_BLOCK; i++) {
        double t = begin + (double)i * per_sample + WALK_BEFORE * WALK_STEPS;
        if (t < 0 || first + i < p->from || first + i >= p->to)
            continue;
        size_t k = (size_t)t;
        float part = (float)(t - (double)k);
        float phase = p->path[k] + part * (p->path[k + 1] - p->path[k]);
        float c = cosf(phase), v = sinf(phase), re = scratch[2 * i], im = scratch[2 * i + 1];
        iq[2 * i] += re * c - im * v;
        iq[2 * i + 1] += re * v + im * c;
    }
}

static void on_frame(void *user, const mw_receiver_frame *f) {
    scene *s = user;
    for (unsigned i = 0; i < s->count; i++) {
        scene_frame *x = &s->frame[i];
        if (x->muted || x->size != f->size || x->rate != f->rate ||
            memcmp(x->payload, f->payload, f->payload_bytes) != 0)
            continue;
        x->heard = true;
        x->times++;
        x->as = *f;
        return;
    }
    s->wrong++;
}

static int by_start(const void *a, const void *b) {
    const playing *x = a, *y = b;
    return x->from < y->from ? -1 : x->from > y->from;
}

static void add_stats(mw_receiver_stats *sum, const mw_receiver_stats *one) {
    uint64_t *to = (uint64_t *)sum;
    const uint64_t *from = (const uint64_t *)one;
    for (size_t i = 0; i < sizeof *sum / sizeof *to; i++)
        to[i] += from[i];
}

static mw_band *receiver_of(scene *s, const scene_run *run, double rate, mw_freq centre) {
    mw_receiver_config config = mw_receiver_config_default(centre);
    config.rate_mhz = (uint64_t)llround(rate * 1000);
    config.low = (mw_freq){SCENE_CENTRE + llround(run->low_hz * 1000)};
    config.high = (mw_freq){SCENE_CENTRE + llround(run->high_hz * 1000)};
    config.rates = run->rates;
    config.full_scale_dbm = SCENE_FS_DBM;
    config.cancel = !run->plain;
    if (run->adjust != NULL)
        run->adjust(run->user, &config);
    mw_band_config wide = {.radio = config, .threads = run->threads};
    mw_band *rx;
    if (mw_band_new(&wide, on_frame, s, &rx) != MW_OK)
        abort();
    return rx;
}

void scene_play(scene *s, scene_run *run) {
    playing *all = calloc(s->count + 1, sizeof *all);
    static float iq[2 * SCENE_BLOCK], scratch[2 * SCENE_BLOCK];
    static uint8_t bytes[8 * SCENE_BLOCK];
    static mw_channel_noise noise;
    unsigned n = 0, next = 0, first_alive = 0;
    double middle = (run->low_hz + run->high_hz) / 2, rate = run->rate > 0 ? run->rate : SCENE_RATE;
    if (all == NULL)
        abort();
    for (unsigned i = 0; i < s->count; i++) {
        if (!s->frame[i].muted && fabs(s->frame[i].hz - middle) < 0.49 * rate)
            start(&all[n++], &s->frame[i], middle, rate);
    }
    qsort(all, n, sizeof *all, by_start);
    mw_channel_noise_init(&noise, s->seed ^ (uint64_t)llround(middle), rate, SCENE_NF_DB,
                          SCENE_FS_DBM);
    mw_freq centre = {SCENE_CENTRE + llround(middle * 1000)};
    mw_samples_format format = run->format != MW_SAMPLES_GAP ? run->format : MW_SAMPLES_CS16;
    mw_band *rx = receiver_of(s, run, rate, centre);
    uint64_t end = (uint64_t)(s->seconds * rate);
    for (uint64_t at = 0; at < end; at += SCENE_BLOCK) {
        memset(iq, 0, sizeof iq);
        while (next < n && all[next].from < at + SCENE_BLOCK)
            next++;
        for (unsigned i = first_alive; i < next; i++) {
            if (all[i].to > at)
                render(&all[i], at, iq, scratch);
            else if (i == first_alive)
                first_alive++;
        }
        if (!s->noiseless)
            mw_channel_noise_add(&noise, at, SCENE_BLOCK, iq);
        if (run->spoil != NULL)
            run->spoil(run->user, at, SCENE_BLOCK, iq);
        size_t bytes_n = SCENE_BLOCK * mw_samples_format_bytes(format);
        (void)mw_samples_from_float(iq, SCENE_BLOCK, format, (mw_span){bytes, sizeof bytes});
        mw_samples_block b = {{.format = format,
                               .first_index = at,
                               .utc = MW_UTC_NONE,
                               .rate_mhz = (uint64_t)llround(rate * 1000),
                               .centre = centre,
                               .count = SCENE_BLOCK},
                              {bytes, bytes_n}};
        clock_t before = clock();
        if (mw_band_push(rx, &b) != MW_OK)
            abort();
        run->cpu_s += (double)(clock() - before) / CLOCKS_PER_SEC;
    }
    mw_band_flush(rx);
    mw_band_stats stats = mw_band_stats_of(rx);
    run->stream_s += s->seconds;
    run->seam_duplicates += stats.seam_duplicates;
    add_stats(&run->stats, &stats.radio);
    mw_band_free(rx);
    for (unsigned i = 0; i < n; i++)
        free(all[i].path);
    free(all);
}

unsigned scene_heard(const scene *s) {
    unsigned n = 0;
    for (unsigned i = 0; i < s->count; i++)
        n += s->frame[i].heard && !s->frame[i].muted;
    return n;
}

unsigned scene_sent(const scene *s) {
    unsigned n = 0;
    for (unsigned i = 0; i < s->count; i++)
        n += !s->frame[i].muted;
    return n;
}

scene_interval scene_wilson(unsigned k, unsigned n) {
    if (n == 0)
        return (scene_interval){0, 1};
    double z = 1.959964, p = (double)k / n, d = 1 + z * z / n;
    double centre = (p + z * z / (2 * n)) / d;
    double half = z * sqrt(p * (1 - p) / n + z * z / (4.0 * n * n)) / d;
    return (scene_interval){centre - half, centre + half};
}

void scene_figure(const char *key, double value, const char *unit, const char *target, bool ok) {
    printf("%s %.4g %s %s %s\n", key, value, unit, target, ok ? "ok" : "short");
    fflush(stdout);
}
