/* SPDX-License-Identifier: Apache-2.0
 *
 * Figures of the receiver of a whole band. Lines for tools/figures: key value unit target ok|short;
 * lines with # are for people.
 *
 *   bench_band                           all figures, about three minutes
 *   bench_band realtime [SECONDS]        7 MHz on two threads and on one, 3 MHz on one
 *   bench_band stages [SECONDS]          cost of each stage, per MHz
 *   bench_band busy MHZ THREADS SECONDS  one of the scenes of `realtime`: 3 or 7 MHz
 *   bench_band lab RATE SIZE ES_N0_DB FRAMES DRIFT_HZ_S [seam [OFFSET_HZ]]   error rate at 1 MS/s
 *                                        through the bank, carriers anywhere, or all within 500 Hz
 *                                        of a seam (or of what lies OFFSET_HZ above one), four at a
 *                                        time and never two at one seam
 *
 * The band is noise (noise figure 3 dB) with frames all over it: at any time 7 of R0, 28 of R1 and
 * 7 of R2 in 7 MHz, 0 to 20 dB above the weakest that can be heard. Only the receiver's time
 * counts, not that of making the samples.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/prng.h"
#include "protocols/unb/unb.h"
#include "radio/band.h"
#include "radio/bank.h"
#include "radio/channel.h"
#include "radio/modulator.h"

#define FS_DBM (-60.0)
#define NF_DB  3.0
#define BLOCK  65536u
#define FRAMES 20000u

typedef struct scene {
    mw_band_config config;
    double seconds;
    double per_mhz[3]; /* frames on the air at a time, by rate */
    double es_low, es_high;
    double drift;
    bool seam; /* all carriers beside seams ... */
    double seam_offset;
    mw_unb_size size;
    unsigned most; /* frames */
} scene;

typedef struct sent_frame {
    mw_burst burst;
    uint8_t payload[MW_UNB_PAYLOAD_MAX];
    bool heard;
} sent_frame;

typedef struct run {
    sent_frame *sent;
    unsigned count, heard, twice, wrong;
    double wall_s, cpu_s, rss_mb;
    mw_band_stats stats;
    size_t memory;
} run;

static double uniform(mw_prng *g) {
    return (double)(mw_prng_u64(g) >> 11) / 9007199254740992.0;
}

static double seconds_of(clockid_t clock_id) {
    struct timespec t;
    (void)clock_gettime(clock_id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double rss_mb(void) {
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    double kb = 0;
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        (void)sscanf(line, "VmRSS: %lf", &kb);
    if (f != NULL)
        (void)fclose(f);
    return kb / 1024;
}

static void on_frame(void *user, const mw_receiver_frame *f) {
    run *r = user;
    for (unsigned i = 0; i < r->count; i++) {
        sent_frame *s = &r->sent[i];
        if (memcmp(s->payload, f->payload, f->payload_bytes) != 0)
            continue;
        r->twice += s->heard;
        r->heard += !s->heard;
        s->heard = true;
        return;
    }
    r->wrong++;
}

static double carrier(const scene *s, unsigned rate, mw_prng *g) {
    const mw_band_config *c = &s->config;
    double centre = (double)c->radio.centre.mhz / 1000;
    double guard = 2.0 * mw_unb_rate_bd((mw_unb_rate)rate) + 50;
    for (size_t i = 0; i < c->ranges_n; i++) {
        double low = (double)c->ranges[i].low.mhz / 1000,
               high = (double)c->ranges[i].high.mhz / 1000;
        if ((c->ranges[i].rates & 1u << rate) != 0)
            return low + guard + (high - low - 2 * guard) * uniform(g) - centre;
    }
    double low = (double)c->radio.low.mhz / 1000, high = (double)c->radio.high.mhz / 1000;
    return low + guard + (high - low - 2 * guard) * uniform(g) - centre;
}

#define SEAMS_ABREAST 4u

/* Beside one of the seams that are the r-th frame's own at its time. */
static double seam_carrier(const scene *s, unsigned number, mw_prng *g) {
    const mw_band_config *c = &s->config;
    double fs = (double)c->radio.rate_mhz / 1000, spacing = fs / (round(fs / 1e6) * 16);
    double width = (double)(c->radio.high.mhz - c->radio.low.mhz) / 1000;
    int half = (int)(width / spacing / 2 - 0.5), each = 2 * half / (int)SEAMS_ABREAST;
    int k = (int)(number % SEAMS_ABREAST) * each + (int)(each * uniform(g)) - half;
    return ((double)k + 0.5) * spacing + s->seam_offset + 1000 * (uniform(g) - 0.5);
}

static void add(const scene *s, run *r, unsigned rate, double at_s, mw_prng *g) {
    unsigned number = r->count;
    sent_frame *f = &r->sent[r->count++];
    const mw_unb_layout *l = mw_unb_layout_of(s->size);
    double fs = (double)s->config.radio.rate_mhz / 1000, baud = mw_unb_rate_bd((mw_unb_rate)rate);
    double es = s->es_low + (s->es_high - s->es_low) * uniform(g);
    for (unsigned k = 0; k < l->payload_bytes; k++)
        f->payload[k] = (uint8_t)mw_prng_u64(g);
    mw_unb_frame frame;
    if (mw_unb_frame_encode(s->size, (mw_slice){f->payload, l->payload_bytes}, &frame) != MW_OK)
        abort();
    double level = mw_channel_level_of_es_n0(es, baud, NF_DB);
    mw_burst_setup setup = {.bits = frame.bits,
                            .count = frame.symbols,
                            .start_index = (uint64_t)(at_s * fs),
                            .start_fraction = uniform(g),
                            .rate = fs,
                            .baud = baud,
                            .symbol_ppm = 40 * uniform(g) - 20,
                            .offset_hz = s->seam ? seam_carrier(s, number, g) : carrier(s, rate, g),
                            .drift_hz_per_s = s->drift * (2 * uniform(g) - 1),
                            .phase = 6.28 * uniform(g),
                            .amplitude = mw_channel_amplitude(level, FS_DBM)};
    if (mw_burst_init(&f->burst, &setup) != MW_OK)
        abort();
}

/* Frames start at random instants; those that would not end are left out. */
static void place(const scene *s, run *r) {
    mw_prng g = mw_prng_of_seed(5);
    double mhz = (double)(s->config.radio.high.mhz - s->config.radio.low.mhz) / 1e9;
    for (unsigned rate = 0; rate < MW_UNB_RATE_COUNT; rate++) {
        double baud = mw_unb_rate_bd((mw_unb_rate)rate);
        double airtime = (mw_unb_layout_of(s->size)->symbols + 40) / baud;
        double span = s->seconds - airtime;
        double count = span * s->per_mhz[rate] * mhz / airtime;
        if (!(count >= 1)) /* as when the scene is shorter than a frame */
            continue;
        for (unsigned i = 0; i < (unsigned)count && r->count < s->most; i++)
            add(s, r, rate,
                s->seam ? 10 / baud + airtime * (i / SEAMS_ABREAST)
                        : 10 / baud + span * uniform(&g),
                &g);
    }
}

static void render(const scene *s, const run *r, const mw_channel_noise *noise, uint64_t at,
                   float *iq, uint8_t *bytes, size_t n) {
    for (size_t done = 0; done < n; done += BLOCK) {
        memset(iq, 0, 2 * BLOCK * sizeof *iq);
        for (unsigned i = 0; i < r->count; i++)
            (void)mw_burst_render(&r->sent[i].burst, at + done, BLOCK, iq);
        mw_channel_noise_add(noise, at + done, BLOCK, iq);
        (void)mw_samples_from_float(iq, BLOCK, MW_SAMPLES_CS16,
                                    (mw_span){bytes + 4 * done, 4 * BLOCK});
    }
    (void)s;
}

/* Samples are made ahead in pieces of about a second while the receiver rests. */
static run play(const scene *s) {
    run r = {.sent = calloc(FRAMES, sizeof(sent_frame))};
    double fs = (double)s->config.radio.rate_mhz / 1000;
    size_t blocks = (size_t)(fs / BLOCK) + 1;
    float *iq = malloc(2 * BLOCK * sizeof *iq);
    uint8_t *bytes = malloc(4 * BLOCK * blocks);
    static mw_channel_noise noise;
    mw_channel_noise_init(&noise, 9, fs, NF_DB, FS_DBM);
    place(s, &r);
    render(s, &r, &noise, 0, iq, bytes, blocks * BLOCK); /* memory is touched */
    double before = rss_mb();
    mw_band *band;
    if (mw_band_new(&s->config, on_frame, &r, &band) != MW_OK)
        abort();
    uint64_t end = (uint64_t)(s->seconds * fs);
    for (uint64_t at = 0; at < end; at += blocks * BLOCK) {
        render(s, &r, &noise, at, iq, bytes, blocks * BLOCK);
        double wall = seconds_of(CLOCK_MONOTONIC), cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        for (size_t k = 0; k < blocks; k++) {
            mw_samples_block b = {{.format = MW_SAMPLES_CS16,
                                   .first_index = at + k * BLOCK,
                                   .utc = MW_UTC_NONE,
                                   .rate_mhz = s->config.radio.rate_mhz,
                                   .centre = s->config.radio.centre,
                                   .count = BLOCK},
                                  {bytes + 4 * k * BLOCK, 4 * BLOCK}};
            if (mw_band_push(band, &b) != MW_OK)
                abort();
        }
        r.stats = mw_band_stats_of(band); /* waits for the threads */
        r.wall_s += seconds_of(CLOCK_MONOTONIC) - wall;
        r.cpu_s += seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    }
    r.rss_mb = rss_mb() - before;
    mw_band_flush(band);
    r.stats = mw_band_stats_of(band);
    r.memory = mw_band_memory(band);
    mw_band_free(band);
    free(bytes);
    free(iq);
    return r;
}

static mw_band_config width_of(unsigned mhz, unsigned threads) {
    mw_band_config c = mw_band_config_europe();
    c.threads = threads;
    if (mhz == 3) { /* 865-868 MHz at 3.2 MS/s, all three rates */
        c.radio.rate_mhz = UINT64_C(3200000000);
        c.radio.centre.mhz = INT64_C(866500000000);
        c.ranges_n = 0;
        c.radio.rates = MW_RECEIVER_R0 | MW_RECEIVER_R1 | MW_RECEIVER_R2;
    }
    c.radio.low.mhz = c.radio.centre.mhz - (mhz == 3 ? 1500 : 3500) * INT64_C(1000000);
    c.radio.high.mhz = c.radio.centre.mhz + (mhz == 3 ? 1500 : 3500) * INT64_C(1000000);
    c.radio.full_scale_dbm = FS_DBM;
    return c;
}

static void figure(const char *key, double value, const char *unit, const char *target, bool ok) {
    printf("%s %.4g %s %s %s\n", key, value, unit, target, ok ? "ok" : "short");
    fflush(stdout);
}

static run busy(unsigned mhz, unsigned threads, double seconds) {
    scene s = {.config = width_of(mhz, threads),
               .seconds = seconds,
               .per_mhz = {1, 4, 1},
               .es_low = 0,
               .es_high = 20,
               .drift = 1,
               .size = MW_UNB_M,
               .most = FRAMES};
    run r = play(&s);
    double per = r.cpu_s / seconds;
    printf(
        "# %u MHz, %u threads: %.2f x real time, %.2f cores' work in all, %.3f per MHz; %u of %u "
        "frames, %u twice, %u wrong; %u sub-bands of %.0f S/s, %.0f MB allocated\n",
        mhz, threads, seconds / r.wall_s, per, per / mhz, r.heard, r.count, r.twice, r.wrong,
        r.stats.sub_bands, r.stats.sub_rate, (double)r.memory / 1e6);
    printf(
        "# per second and MHz: prefilter %.0f sync %.2f candidates %.2f attempts %.2f seam %.2f\n",
        (double)r.stats.radio.prefilter_hits / seconds / mhz,
        (double)r.stats.radio.sync_hits / seconds / mhz,
        (double)r.stats.radio.candidates / seconds / mhz,
        (double)r.stats.radio.decode_attempts / seconds / mhz,
        (double)r.stats.seam_duplicates / seconds / mhz);
    fflush(stdout);
    free(r.sent);
    return r;
}

static void realtime(double seconds) {
    run two = busy(7, 2, seconds);
    figure("radio.realtime_7mhz", seconds / two.wall_s, "x", ">=1", two.wall_s <= seconds);
    figure("radio.rss_mb_7mhz", two.rss_mb, "MB", "<=600", two.rss_mb <= 600);
    run one = busy(7, 1, seconds);
    figure("radio.realtime_7mhz_1core", seconds / one.wall_s, "x", ">=1", one.wall_s <= seconds);
    run three = busy(3, 1, seconds);
    figure("radio.realtime_3mhz_1core", seconds / three.wall_s, "x", ">=1",
           three.wall_s <= seconds);
}

/* What one thing costs, on noise alone. */
static double noise_cost(unsigned rates, double seconds) {
    scene s = {.config = width_of(3, 1), .seconds = seconds, .size = MW_UNB_M, .most = 0};
    s.config.radio.rates = rates;
    run r = play(&s);
    free(r.sent);
    return r.cpu_s / seconds / 3;
}

static double bank_cost(double fs, unsigned channels) {
    mw_bank *b;
    if (mw_bank_new(channels, &b) != MW_OK)
        abort();
    size_t n = 1600, samples = n * mw_bank_decimation(b) + 2 * mw_bank_reach(b);
    float *in = calloc(2 * samples, sizeof *in), *out = calloc(2 * n * channels, sizeof *out);
    double start = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    const unsigned turns = 100;
    for (unsigned i = 0; i < turns; i++)
        mw_bank_run(b, in, i * n, n, out, n);
    double took = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - start;
    double seconds = turns * (double)(n * mw_bank_decimation(b)) / fs;
    free(in);
    free(out);
    mw_bank_free(b);
    return took / seconds;
}

static void stages(double seconds) {
    printf("# share of one core per MHz of band, on noise (3 MHz of 3.2 MS/s)\n");
    printf("# filter bank             %.4f\n", bank_cost(3.2e6, 52) / 3);
    double r2 = noise_cost(MW_RECEIVER_R2, seconds), r1 = noise_cost(MW_RECEIVER_R1, seconds);
    double r0 = noise_cost(MW_RECEIVER_R0, seconds);
    printf("# bank, history, R2       %.4f\n# bank, history, R1       %.4f\n"
           "# bank, history, R0       %.4f\n",
           r2, r1, r0);
    double all = noise_cost(MW_RECEIVER_R0 | MW_RECEIVER_R1 | MW_RECEIVER_R2, seconds);
    printf("# bank, history, R0 R1 R2 %.4f\n# so bank and history    %.4f\n", all,
           (r0 + r1 + r2 - all) / 2);
    run r = busy(3, 1, seconds < 20 ? 20 : seconds);
    (void)r;
}

static void lab(int argc, char **argv) {
    mw_unb_rate rate;
    mw_unb_size size;
    if (mw_unb_rate_of_name(mw_slice_of_str(argv[0]), &rate) != MW_OK ||
        mw_unb_size_of_name(mw_slice_of_str(argv[1]), &size) != MW_OK)
        return;
    unsigned frames = (unsigned)atoi(argv[3]);
    scene s = {.config = width_of(3, 2), .drift = atof(argv[4]), .size = size, .most = frames};
    s.seam = argc > 5 && strcmp(argv[5], "seam") == 0;
    s.seam_offset = argc > 6 ? atof(argv[6]) : 0;
    s.config.radio.rate_mhz = UINT64_C(1000000000);
    s.config.radio.low.mhz = s.config.radio.centre.mhz - INT64_C(450000000);
    s.config.radio.high.mhz = s.config.radio.centre.mhz + INT64_C(450000000);
    s.config.radio.rates = 1u << rate;
    s.es_low = s.es_high = atof(argv[2]);
    double baud = mw_unb_rate_bd(rate), airtime = (mw_unb_layout_of(size)->symbols + 40) / baud;
    /* few enough that collisions cost less than 1 % */
    s.per_mhz[rate] = s.seam ? SEAMS_ABREAST / 0.9 : rate == MW_UNB_R2 ? 0.5 : 3;
    s.seconds = airtime * (2 + (frames + 1) / s.per_mhz[rate] / 0.9);
    run r = play(&s);
    printf("sent %u heard %u twice %u wrong %u per %.4f (at the seam %u)\n", r.count, r.heard,
           r.twice, r.wrong, 1 - (double)r.heard / r.count, (unsigned)r.stats.seam_duplicates);
    printf("%.1f s, %.2f x real time, %u sub-bands, %.1f MB\n", s.seconds, s.seconds / r.wall_s,
           r.stats.sub_bands, (double)r.memory / 1e6);
    free(r.sent);
}

int main(int argc, char **argv) {
    if (argc >= 7 && strcmp(argv[1], "lab") == 0) {
        lab(argc - 2, argv + 2);
        return 0;
    }
    if (argc >= 5 && strcmp(argv[1], "busy") == 0)
        (void)busy((unsigned)atoi(argv[2]), (unsigned)atoi(argv[3]), atof(argv[4]));
    if (argc == 1 || strcmp(argv[1], "realtime") == 0)
        realtime(argc > 2 ? atof(argv[2]) : 20);
    if (argc == 1 || strcmp(argv[1], "stages") == 0)
        stages(argc > 2 ? atof(argv[2]) : 8);
    return 0;
}
