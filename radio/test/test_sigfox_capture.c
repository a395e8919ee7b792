/* SPDX-License-Identifier: Apache-2.0
 *
 * A real transmitter: the recording of a Sigfox uplink (a device's second copy, one byte of
 * payload), real part after a carrier loop at 8820 S/s. It is resampled to 250 kS/s, moved in
 * frequency and buried in noise, and must be read through the receiver. Not part of this
 * repository: without the file the test says SKIP.
 *
 * Its own Es/N0, measured first, in two ways, at the symbols' centres, at the best instant:
 *   steady   mean^2 / variance of the magnitudes over the frame: what is not one amplitude is noise
 *   moving   the same against the mean of 9 neighbours: the level wanders by a tenth, slowly, which is
 *            not noise
 * It must be read 12 dB below the first one, which is 27 dB below the second, everywhere in +-90 kHz:
 * at least 12 times of 14. There a copy without redundancy has a wrong symbol in a third of cases.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "radio/test/foreign_air.h"

#define RECORDED 8820.0
#define RATE     250000.0
#define TAPS     24
#define FRAME    "0d200fb806638c0007f2e7979" /* type, content: half a byte of type first */
#define SPS      88.192                      /* the sender's symbols in samples of the recording */

typedef struct capture {
    float *v;
    size_t n;
    float *fine; /* the same at RATE: made once, for every place it is put */
    size_t fine_n;
} capture;

/* Band-limited value at sample t of the recording. */
static float value_at(const capture *c, double t) {
    long middle = (long)floor(t);
    double sum = 0;
    for (long i = middle - TAPS + 1; i <= middle + TAPS; i++) {
        if (i < 0 || i >= (long)c->n)
            continue;
        double x = t - (double)i, w = cos(M_PI * x / (2.0 * TAPS + 1));
        sum += (double)c->v[i] * (fabs(x) < 1e-9 ? 1 : sin(M_PI * x) / (M_PI * x)) * w * w;
    }
    return (float)sum;
}

static bool load(const char *path, capture *c) {
    FILE *f = path != NULL ? fopen(path, "rb") : NULL;
    if (f == NULL)
        return false;
    c->v = calloc(1 << 16, sizeof(float));
    c->n = fread(c->v, sizeof(float), 1 << 16, f);
    fclose(f);
    c->fine_n = (size_t)((double)c->n / RECORDED * RATE);
    c->fine = calloc(c->fine_n, sizeof *c->fine);
    for (size_t i = 0; i < c->fine_n; i++)
        c->fine[i] = value_at(c, (double)i * RECORDED / RATE);
    return c->n > 1000;
}

/* Half a second of silence, the recording `hz` off the centre, and silence until its frame could
 * have ended; noise of `sigma` in each part. */
static float *stage(const capture *c, double hz, double sigma, uint64_t seed, size_t *out_n) {
    size_t lead = (size_t)(0.5 * RATE), body = c->fine_n;
    size_t n = 2 * lead + body;
    float *iq = calloc(2 * n, sizeof *iq);
    mw_channel_noise noise;
    mw_channel_noise_init(&noise, seed, RATE, AIR_NF_DB, AIR_FS_DBM);
    mw_channel_noise_add(&noise, 0, n, iq);
    for (size_t i = 0; i < n; i++) {
        float scale = (float)(sigma / (double)noise.sigma);
        iq[2 * i] *= scale;
        iq[2 * i + 1] *= scale;
        if (i < lead || i >= lead + body)
            continue;
        double phase = 2 * M_PI * fmod(hz * (double)i / RATE, 1);
        float v = 0.2f * c->fine[i - lead];
        iq[2 * i] += v * (float)cos(phase);
        iq[2 * i + 1] += v * (float)sin(phase);
    }
    *out_n = n;
    return iq;
}

/* Whether the recording's message is told, and alone; its Es/N0 in dB. */
static bool told(const capture *c, double hz, double sigma, uint64_t seed, double *out_es_n0,
                 double *out_amplitude) {
    size_t n;
    float *iq = stage(c, hz, sigma, seed, &n);
    air *a = air_new(RATE, 95000, 1);
    air_listen(a, MW_RADIO_SIGFOX, 100);
    MW_CHECK_OK(mw_receiver_new(&a->config, air_sink, a, &a->rx));
    for (size_t at = 0; at < n; at += 8192) {
        size_t run = n - at < 8192 ? n - at : 8192;
        mw_samples_block b = {{.format = MW_SAMPLES_CF32,
                               .first_index = at,
                               .utc = MW_UTC_NONE,
                               .rate_mhz = a->config.rate_mhz,
                               .centre = AIR_CENTRE,
                               .count = run},
                              {(const uint8_t *)(iq + 2 * at), 8 * run}};
        MW_CHECK_OK(mw_receiver_push(a->rx, &b));
    }
    mw_receiver_flush(a->rx);
    free(iq);
    bool right = false;
    for (unsigned i = 0; i < a->heard_count; i++) {
        const mw_receiver_frame *f = &a->heard[i];
        uint8_t frame[13], again[32];
        mw_sigfox_uplink u;
        size_t size = 0;
        MW_CHECK_OK(mw_sigfox_content_decode((mw_slice){f->payload, f->payload_bytes}, &u));
        MW_CHECK_OK(mw_sigfox_frame_encode(&u, 1, MW_SPAN_OF(again), &size));
        MW_CHECK_OK(mw_hex_decode(mw_slice_of_str("a" FRAME), MW_SPAN_OF(frame)));
        /* the frame from the preamble's last half byte on */
        right =
            mw_slice_equal(mw_slice_sub((mw_slice){again, size}, 2, size - 2), MW_SLICE_OF(frame));
        *out_es_n0 = f->snr.cdb / 100.0;
        *out_amplitude = pow(10, (f->level.cdbm / 100.0 - AIR_FS_DBM) / 20);
    }
    right = right && a->heard_count == 1;
    air_free(a);
    return right;
}

/* Es/N0 of the recording at symbol centres from `at` on, see above. */
static void own_es_n0(const capture *c, double at, double *out_steady, double *out_moving) {
    double v[200], mean = 0, steady = 0, moving = 0, level = 0;
    int n = 0;
    for (; at < (double)c->n - 12 * SPS && n < 200; at += SPS)
        v[n++] = fabs((double)c->v[(size_t)at]);
    for (int i = 0; i < n; i++)
        mean += v[i] / n;
    for (int i = 0; i < n; i++)
        steady += (v[i] - mean) * (v[i] - mean) / n;
    for (int i = 4; i < n - 4; i++) {
        double local = 0;
        for (int k = -4; k <= 4; k++)
            local += v[i + k] / 9;
        moving += (v[i] - local) * (v[i] - local) * 9 / 8;
        level += local * local;
    }
    *out_steady = 10 * log10(mean * mean / steady);
    *out_moving = 10 * log10(level / moving);
}

/* In how many of seven places it is read with noise that makes its Es/N0 `es_n0`. */
static unsigned places(const capture *c, double es_n0, double amplitude, uint64_t seed) {
    static const double offsets[] = {-90000, -61234.5, -333, 0, 12345.6, 50000, 90000};
    double sigma = amplitude * sqrt(pow(10, -es_n0 / 10) * RATE / 100 / 2);
    unsigned right = 0;
    for (unsigned i = 0; i < 7; i++) {
        double heard = 0, unused = 0;
        bool ok = told(c, offsets[i], sigma, seed + i, &heard, &unused);
        right += ok;
        print_message("  %9.1f Hz, noise at Es/N0 %.1f dB: %s, measured %.1f dB\n", offsets[i],
                      es_n0, ok ? "read" : "not read", heard);
    }
    return right;
}

MW_TEST(read_anywhere_and_far_below_its_own_level) {
    capture c = {0};
    const char *given = getenv("MW_SIGFOX_CAPTURE");
    if (!load(given != NULL ? given : MW_SHARED_CAPTURE, &c)) {
        print_message("SKIP: the recording is not here\n");
        skip();
    }
    double steady = 0, moving = 0, whole = 0, amplitude = 0;
    for (double at = 88; at < 88 + SPS; at += 2) {
        double a, b;
        own_es_n0(&c, at, &a, &b);
        if (b > moving) {
            moving = b;
            steady = a;
        }
    }
    MW_CHECK(told(&c, 0, 0, 1, &whole, &amplitude));
    print_message("own Es/N0: steady %.1f dB, moving %.1f dB; by the receiver %.1f dB\n", steady,
                  moving, whole);
    MW_CHECK(moving > 30 && steady > 17);
    unsigned read =
        places(&c, steady - 12, amplitude, 100) + places(&c, steady - 12, amplitude, 110);
    print_message("%u of 14 read\n", read);
    MW_CHECK(read >= 12);
    free(c.fine);
    free(c.v);
}

MW_TEST_MAIN(MW_CASE(read_anywhere_and_far_below_its_own_level))
