/* SPDX-License-Identifier: Apache-2.0
 *
 * Figures of the receiver, one line each: key value unit target ok|short
 *
 *   radio_figures                      all of them, about a minute
 *   radio_figures realtime [SECONDS]   radio.realtime_200khz and with R0 too
 *   radio_figures per [FRAMES]         radio.per_at_snr at three levels
 *   radio_figures lab RATE SIZE ES_N0_DB FRAMES DRIFT_HZ_S   one point, with counters
 *
 * Frames start at random instants at random carriers of a 200 kHz band, ten at a time and far
 * enough from each other not to collide; noise figure 3 dB.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/prng.h"
#include "protocols/unb/unb.h"
#include "radio/channel.h"
#include "radio/modulator.h"
#include "radio/receiver.h"

#define RATE    250000.0
#define FS_DBM  (-60.0)
#define NF_DB   3.0
#define ABREAST 10u
#define BLOCK   4096u
#define BURSTS  4000u

typedef struct scene {
    mw_unb_rate rate;
    mw_unb_size size;
    double es_n0_db, drift;
    unsigned frames;
    unsigned rates; /* that the receiver listens for */
    uint64_t seed;
    double slot_s; /* 0: as long as the frames need */
} scene;

typedef struct outcome {
    unsigned sent, heard, wrong, worst_quality;
    double seconds, cpu_s, error_hz, es_n0_db, errors;
    mw_receiver_stats stats;
    size_t memory;
} outcome;

typedef struct sent_frame {
    mw_burst burst;
    uint8_t payload[MW_UNB_PAYLOAD_MAX];
    double hz_middle;
    bool heard;
} sent_frame;

typedef struct run {
    sent_frame *sent;
    unsigned count;
    outcome out;
} run;

static double uniform(mw_prng *g) {
    return (double)(mw_prng_u64(g) >> 11) / 9007199254740992.0;
}

static void on_frame(void *user, const mw_receiver_frame *f) {
    run *r = user;
    double hz = (double)(f->frequency.mhz - INT64_C(868100000000)) / 1000;
    for (unsigned i = 0; i < r->count; i++) {
        sent_frame *s = &r->sent[i];
        if (memcmp(s->payload, f->payload, f->payload_bytes) != 0)
            continue;
        r->out.heard += !s->heard;
        s->heard = true;
        r->out.error_hz += fabs(hz - s->hz_middle);
        r->out.es_n0_db += f->snr.cdb / 100.0;
        r->out.errors += f->symbol_errors;
        if (f->quality < r->out.worst_quality)
            r->out.worst_quality = f->quality;
        return;
    }
    r->out.wrong++;
}

/* Lays out all bursts of a scene. */
static uint64_t place(const scene *s, run *r) {
    mw_prng g = mw_prng_of_seed(s->seed);
    const mw_unb_layout *l = mw_unb_layout_of(s->size);
    double baud = mw_unb_rate_bd(s->rate);
    double level = mw_channel_level_of_es_n0(s->es_n0_db, baud, NF_DB);
    double slot = s->slot_s > 0 ? s->slot_s : (l->symbols + 90) / baud;
    double free_s = slot - (l->symbols + 10) / baud;
    for (unsigned i = 0; i < s->frames; i++) {
        sent_frame *f = &r->sent[i];
        for (unsigned k = 0; k < l->payload_bytes; k++)
            f->payload[k] = (uint8_t)mw_prng_u64(&g);
        mw_unb_frame frame;
        if (mw_unb_frame_encode(s->size, (mw_slice){f->payload, l->payload_bytes}, &frame) != MW_OK)
            abort();
        double at = ((i / ABREAST) * slot + free_s * uniform(&g) + 5 / baud) * RATE;
        double width = 198000.0 / ABREAST;
        double hz = -99000 + width * (i % ABREAST) + 3 * baud + (width - 6 * baud) * uniform(&g);
        double drift = s->drift * (2 * uniform(&g) - 1);
        mw_burst_setup setup = {.bits = frame.bits,
                                .count = frame.symbols,
                                .start_index = (uint64_t)at,
                                .start_fraction = at - floor(at),
                                .rate = RATE,
                                .baud = baud,
                                .symbol_ppm = 40 * uniform(&g) - 20,
                                .offset_hz = hz,
                                .drift_hz_per_s = drift,
                                .phase = 6.28 * uniform(&g),
                                .amplitude = mw_channel_amplitude(level, FS_DBM)};
        f->hz_middle = hz + drift * 32 / baud;
        if (mw_burst_init(&f->burst, &setup) != MW_OK)
            abort();
    }
    r->count = s->frames;
    return (uint64_t)(((s->frames + ABREAST - 1) / ABREAST * slot + 20 / baud) * RATE);
}

static outcome play(const scene *s) {
    run r = {.sent = calloc(s->frames + 1, sizeof(sent_frame))};
    float *iq = malloc(2 * BLOCK * sizeof *iq);
    uint8_t *bytes = malloc(8 * BLOCK);
    static mw_channel_noise noise;
    mw_channel_noise_init(&noise, s->seed, RATE, NF_DB, FS_DBM);
    uint64_t end = place(s, &r);
    r.out.worst_quality = 100;
    mw_receiver_config config = mw_receiver_config_default((mw_freq){INT64_C(868100000000)});
    config.rates = s->rates;
    config.full_scale_dbm = FS_DBM;
    mw_receiver *rx;
    if (mw_receiver_new(&config, on_frame, &r, &rx) != MW_OK)
        abort();
    for (uint64_t at = 0; at < end; at += BLOCK) {
        memset(iq, 0, 2 * BLOCK * sizeof *iq);
        for (unsigned i = 0; i < r.count; i++)
            (void)mw_burst_render(&r.sent[i].burst, at, BLOCK, iq);
        mw_channel_noise_add(&noise, at, BLOCK, iq);
        (void)mw_samples_from_float(iq, BLOCK, MW_SAMPLES_CS16, (mw_span){bytes, 8 * BLOCK});
        mw_samples_block b = {{.format = MW_SAMPLES_CS16,
                               .first_index = at,
                               .utc = MW_UTC_NONE,
                               .rate_mhz = 250000000,
                               .centre = {INT64_C(868100000000)},
                               .count = BLOCK},
                              {bytes, 4 * BLOCK}};
        clock_t before = clock();
        if (mw_receiver_push(rx, &b) != MW_OK)
            abort();
        r.out.cpu_s += (double)(clock() - before) / CLOCKS_PER_SEC;
    }
    mw_receiver_flush(rx);
    r.out.sent = s->frames;
    r.out.seconds = (double)end / RATE;
    r.out.stats = *mw_receiver_stats_of(rx);
    r.out.memory = mw_receiver_memory(rx);
    mw_receiver_free(rx);
    free(bytes);
    free(iq);
    free(r.sent);
    return r.out;
}

static void figure(const char *key, double value, const char *unit, const char *target, bool ok) {
    printf("%s %.4g %s %s %s\n", key, value, unit, target, ok ? "ok" : "short");
    fflush(stdout);
}

/* A busy band: ten M frames at R1 are on the air nearly all the time. The best of three runs
 * counts: others may use the machine. */
static void realtime(double seconds) {
    for (unsigned k = 0; k < 2; k++) {
        double times = 0;
        for (unsigned turn = 0; turn < 3; turn++) {
            scene s = {.rate = MW_UNB_R1,
                       .size = MW_UNB_M,
                       .es_n0_db = 3,
                       .frames = (unsigned)(seconds / 1.75) * ABREAST,
                       .rates = k == 0 ? MW_RECEIVER_R1 : MW_RECEIVER_R0 | MW_RECEIVER_R1,
                       .seed = 5};
            outcome o = play(&s);
            times = fmax(times, o.seconds / o.cpu_s);
        }
        if (k == 0)
            figure("radio.realtime_200khz", times, "x", ">=20", times >= 20);
        else
            figure("radio.realtime_200khz_r0_r1", times, "x", ">=10", times >= 10);
    }
}

static void per_at_snr(unsigned frames) {
    static const struct {
        double es_n0_db, most;
        const char *key, *target;
    } points[] = {{-1.35, 0.10, "radio.per_at_snr.-1.35dB", "<=0.10"},
                  {0.0, 0.10, "radio.per_at_snr.0dB", "<=0.10"},
                  {3.0, 0.01, "radio.per_at_snr.3dB", "<=0.01"}};
    for (unsigned i = 0; i < 3; i++) {
        scene s = {.rate = MW_UNB_R1,
                   .size = MW_UNB_M,
                   .es_n0_db = points[i].es_n0_db,
                   .drift = 2,
                   .frames = frames,
                   .rates = MW_RECEIVER_R1,
                   .seed = 11 + i};
        outcome o = play(&s);
        double per = 1 - (double)o.heard / o.sent;
        figure(points[i].key, per, "ratio", points[i].target, per <= points[i].most);
    }
}

static void lab(char **argv) {
    mw_unb_rate rate;
    mw_unb_size size;
    if (mw_unb_rate_of_name(mw_slice_of_str(argv[0]), &rate) != MW_OK ||
        mw_unb_size_of_name(mw_slice_of_str(argv[1]), &size) != MW_OK)
        return;
    scene s = {.rate = rate,
               .size = size,
               .es_n0_db = atof(argv[2]),
               .frames = (unsigned)atoi(argv[3]),
               .drift = atof(argv[4]),
               .rates = 1u << rate,
               .seed = 77};
    if (s.frames > BURSTS)
        return;
    outcome o = play(&s);
    double n = o.heard > 0 ? o.heard : 1;
    printf("sent %u heard %u wrong %u per %.4f | error %.2f Hz, Es/N0 %.2f dB, errors %.1f\n",
           o.sent, o.heard, o.wrong, 1 - (double)o.heard / o.sent, o.error_hz / n, o.es_n0_db / n,
           o.errors / n);
    printf("seconds %.1f cpu %.2f = %.1fx, memory %.1f MB\n", o.seconds, o.cpu_s,
           o.seconds / o.cpu_s, (double)o.memory / 1e6);
    printf("retries %.2f, worst quality of a frame heard %u\n", (double)o.stats.decode_retries,
           o.worst_quality);
    printf("per second: prefilter %.0f sync %.2f candidates %.2f (lost %.0f) attempts %.2f "
           "duplicates %.2f refused %.2f\n",
           (double)o.stats.prefilter_hits / o.seconds, (double)o.stats.sync_hits / o.seconds,
           (double)o.stats.candidates / o.seconds, (double)o.stats.candidates_lost,
           (double)o.stats.decode_attempts / o.seconds, (double)o.stats.duplicates / o.seconds,
           (double)o.stats.refused / o.seconds);
}

int main(int argc, char **argv) {
    if (argc == 7 && strcmp(argv[1], "lab") == 0) {
        lab(argv + 2);
        return 0;
    }
    if (argc == 1 || strcmp(argv[1], "realtime") == 0)
        realtime(argc > 2 ? atof(argv[2]) : 15);
    if (argc == 1 || strcmp(argv[1], "per") == 0)
        per_at_snr(argc > 2 ? (unsigned)atoi(argv[2]) : 300);
    return 0;
}
