/* SPDX-License-Identifier: Apache-2.0
 *
 * Other networks through the receiver: modulated bursts, carrier and time unknown, drift, noise in,
 * frames out. Prints key value unit target ok|short; lines with # are for people.
 *
 *   foreign_radio [FRAMES]        everything, FRAMES a point (default 60)
 *   foreign_radio curve FRAMES    packet errors of every kind against Es/N0
 *   foreign_radio joint FRAMES    what joining Sigfox copies gains
 *   foreign_radio false MINUTES   what noise passes for
 *   foreign_radio cost SECONDS    computing time over 200 kHz
 *   foreign_radio wide SECONDS    computing time in a wide receiver, each network in its own band
 *
 * Es/N0 per channel symbol. A Sigfox message counts as heard when it was told, whatever the number
 * of its copies that were found.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/prng.h"
#include "radio/band.h"
#include "radio/channel.h"
#include "radio/foreign_burst.h"
#include "radio/receiver.h"

#define CENTRE ((mw_freq){INT64_C(868130000000)})
#define FS_DBM (-60.0)
#define NF_DB  3.0

typedef enum code {
    SIGFOX,
    SIGFOX_JOINT,
    NBFI_D,
    NBFI_E,
    OPENUNB_SHORT,
    OPENUNB_LONG,
    SIGFOX_PLAIN
} code;

static const char *const code_names[] = {
    "sigfox_one_copy", "sigfox_three_copies",       "nbfi_d", "nbfi_e", "openunb_short",
    "openunb_long",    "sigfox_one_copy_unrepaired"};

typedef struct scene {
    double rate;
    unsigned baud;
    mw_radio_kind kind;
    mw_receiver *rx;
    mw_channel_noise noise;
    uint64_t at;
    uint8_t wanted[MW_FRAMER_PAYLOAD_MAX];
    size_t wanted_n;
    unsigned right, wrong;
    bool plain; /* a frame with a symbol turned over by the CRC does not count */
} scene;

static double uniform(mw_prng *g) {
    return (double)(mw_prng_u64(g) >> 11) * 0x1p-53;
}

static void on_frame(void *user, const mw_receiver_frame *f) {
    scene *s = user;
    if (f->payload_bytes == s->wanted_n && memcmp(f->payload, s->wanted, s->wanted_n) == 0)
        s->right += !s->plain || f->symbol_errors == 0;
    else
        s->wrong++;
}

static void fail(const char *what) {
    fprintf(stderr, "foreign_radio: %s\n", what);
    exit(2);
}

static mw_receiver_config config_of(const scene *s, double half) {
    return (mw_receiver_config){.rate_mhz = (uint64_t)(s->rate * 1000),
                                .centre = CENTRE,
                                .low = {CENTRE.mhz - (int64_t)(half * 1000)},
                                .high = {CENTRE.mhz + (int64_t)(half * 1000)},
                                .full_scale_dbm = FS_DBM,
                                .networks = {{.kind = s->kind, .baud = (uint16_t)s->baud}},
                                .network_count = 1};
}

static void start(scene *s, double half) {
    mw_receiver_config c = config_of(s, half);
    if (mw_receiver_new(&c, on_frame, s, &s->rx) != MW_OK)
        fail("no receiver");
    mw_channel_noise_init(&s->noise, 77, s->rate, NF_DB, FS_DBM);
}

/* Plays n samples with the bursts given on noise. */
static void play(scene *s, const mw_burst *bursts, size_t burst_count, uint64_t n) {
    enum { BLOCK = 8192 };
    static float iq[2 * BLOCK];
    for (uint64_t end = s->at + n; s->at < end;) {
        size_t run = end - s->at < BLOCK ? (size_t)(end - s->at) : BLOCK;
        memset(iq, 0, sizeof iq);
        for (size_t i = 0; i < burst_count; i++)
            (void)mw_burst_render(&bursts[i], s->at, run, iq);
        mw_channel_noise_add(&s->noise, s->at, run, iq);
        mw_samples_block b = {{.format = MW_SAMPLES_CF32,
                               .first_index = s->at,
                               .utc = MW_UTC_NONE,
                               .rate_mhz = (uint64_t)(s->rate * 1000),
                               .centre = CENTRE,
                               .count = run},
                              {(const uint8_t *)iq, 8 * run}};
        if (mw_receiver_push(s->rx, &b) != MW_OK)
            fail("samples refused");
        s->at += run;
    }
}

static mw_burst burst_of(const scene *s, mw_slice frame, double at, double hz, double es_n0_db,
                         mw_prng *g) {
    uint8_t memory[MW_BURST_SYMBOLS_MAX / 8];
    mw_burst b = {0};
    mw_burst_setup setup = {.start_index = (uint64_t)at,
                            .start_fraction = at - floor(at),
                            .rate = s->rate,
                            .baud = s->baud,
                            .symbol_ppm = 20,
                            .offset_hz = hz,
                            .drift_hz_per_s = 2,
                            .phase = 6.28 * uniform(g),
                            .amplitude = mw_channel_amplitude(
                                mw_channel_level_of_es_n0(es_n0_db, s->baud, NF_DB), FS_DBM)};
    if (mw_foreign_burst_symbols(frame, 8 * frame.n, false, memory, &setup) != MW_OK ||
        mw_burst_init(&b, &setup) != MW_OK)
        fail("no burst");
    return b;
}

static void randomize(mw_prng *g, uint8_t *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)mw_prng_u64(g);
}

/* The frames of one message (one, or three copies of 12 bytes of payload), and what is wanted. */
static size_t make(scene *s, code which, mw_prng *g, uint8_t out[3][MW_NBFI_FRAME], size_t *out_n) {
    size_t n = MW_NBFI_FRAME;
    if (which == SIGFOX || which == SIGFOX_JOINT || which == SIGFOX_PLAIN) {
        mw_sigfox_uplink u = {.id = (uint32_t)mw_prng_u64(g), .counter = 7, .payload_bytes = 12};
        randomize(g, u.payload, 12);
        u.auth_bytes = 2;
        randomize(g, u.auth, 2);
        for (unsigned c = 0; c < 3; c++) {
            if (mw_sigfox_frame_encode(&u, c, (mw_span){out[c], MW_NBFI_FRAME}, &n) != MW_OK)
                fail("no Sigfox frame");
        }
        s->wanted_n = MW_SIGFOX_CONTENT_MAX;
        memcpy(s->wanted, out[0] + 4, s->wanted_n);
    } else if (which == NBFI_D) {
        mw_nbfi_d d = {.id = (uint32_t)mw_prng_below(g, 1 << 24)};
        randomize(g, d.payload, sizeof d.payload);
        if (mw_nbfi_d_encode(&d, 1, out[0]) != MW_OK)
            fail("no NB-Fi frame");
        s->wanted_n = MW_NBFI_PACKET_D;
        mw_nbfi_d_pack(&d, s->wanted);
    } else if (which == NBFI_E) {
        mw_nbfi_e e = {.id = (uint32_t)mw_prng_u64(g)};
        randomize(g, e.body, sizeof e.body);
        mw_nbfi_e_encode(&e, out[0]);
        s->wanted_n = MW_NBFI_PACKET_E;
        mw_nbfi_e_pack(&e, s->wanted);
    } else {
        s->wanted_n = which == OPENUNB_SHORT ? MW_OPENUNB_SHORT : MW_OPENUNB_LONG;
        randomize(g, s->wanted, s->wanted_n);
        if (mw_foreign_openunb_frame((mw_slice){s->wanted, s->wanted_n}, out[0], &n) != MW_OK)
            fail("no OpenUNB frame");
    }
    *out_n = n;
    return which == SIGFOX_JOINT ? 3 : 1;
}

static mw_radio_kind kind_of(code which) {
    return which <= SIGFOX_JOINT || which == SIGFOX_PLAIN ? MW_RADIO_SIGFOX
           : which <= NBFI_E                              ? MW_RADIO_NBFI
                                                          : MW_RADIO_OPENUNB;
}

/* Packet errors at one level. The band is 64 symbol rates wide; time goes by the symbol, so the
 * rate does not matter but for drift. */
static double per(code which, unsigned baud, double es_n0_db, unsigned frames,
                  unsigned *out_wrong) {
    scene s = {
        .rate = 80.0 * baud, .baud = baud, .kind = kind_of(which), .plain = which == SIGFOX_PLAIN};
    mw_prng g = mw_prng_of_stream(2026, (uint64_t)which * 1000 + (uint64_t)(es_n0_db * 10 + 500));
    start(&s, 30.0 * baud);
    unsigned missed = 0;
    for (unsigned i = 0; i < frames; i++) {
        uint8_t frame[3][MW_NBFI_FRAME];
        mw_burst bursts[3];
        size_t n, count = make(&s, which, &g, frame, &n);
        double at = (double)s.at + s.rate * (3 + uniform(&g)) / baud;
        for (size_t c = 0; c < count; c++) {
            double hz = (2 * uniform(&g) - 1) * 28 * baud;
            bursts[c] = burst_of(&s, (mw_slice){frame[c], n}, at, hz, es_n0_db, &g);
            at += s.rate * (8.0 * (double)n / baud + 0.1 + 0.4 * uniform(&g));
        }
        unsigned before = s.right;
        play(&s, bursts, count, (uint64_t)at - s.at + (uint64_t)(s.rate * 60 / baud));
        mw_receiver_flush(s.rx);
        missed += s.right == before;
    }
    *out_wrong = s.wrong;
    mw_receiver_free(s.rx);
    return (double)missed / frames;
}

static const struct {
    code code;
    unsigned baud;
    double from;
} curves[] = {{SIGFOX, 100, 5.5},      {SIGFOX_JOINT, 100, 0},    {NBFI_D, 400, -0.5},
              {NBFI_E, 400, 0},        {OPENUNB_SHORT, 100, 0.5}, {OPENUNB_LONG, 100, 0.5},
              {SIGFOX_PLAIN, 100, 5.5}};

/* Es/N0 at packet errors of 10 %, between the points of a curve. */
static double curve(unsigned row, unsigned frames) {
    double last = 1, at = NAN;
    printf("# %s at %u Bd:", code_names[curves[row].code], curves[row].baud);
    for (unsigned i = 0; i < 9; i++) {
        unsigned wrong;
        double db = curves[row].from + 0.5 * i;
        double p = per(curves[row].code, curves[row].baud, db, frames, &wrong);
        printf(" %.1f dB %.3f%s", db, p, wrong > 0 ? " (wrong frames!)" : "");
        fflush(stdout);
        if (isnan(at) && p <= 0.1 && i > 0)
            at = db - 0.5 * (log(0.1) - log(fmax(p, 1e-3))) / (log(last) - log(fmax(p, 1e-3)));
        last = p;
        if (p < 0.02)
            break;
    }
    printf(" -> 10 %% at %.2f dB\n", at);
    return at;
}

static bool figure(const char *key, double value, const char *unit, double target, bool at_least) {
    bool ok = at_least ? value >= target : value <= target;
    printf("%s %.2f %s %.2f %s\n", key, value, unit, target, ok ? "ok" : "short");
    return ok;
}

static bool joint(unsigned frames) {
    double plain = curve(6, frames), one = curve(0, frames), three = curve(1, frames);
    printf("# against one copy with doubtful symbols turned over by its CRC: %.2f dB\n",
           one - three);
    return figure("radio.sigfox_joint_gain_db", plain - three, "dB", 4.5, true);
}

static bool all_curves(unsigned frames) {
    static const struct {
        const char *key;
        double target;
    } rows[] = {{"radio.nbfi_d_es_n0_db_at_per10", 2.05},
                {"radio.nbfi_e_es_n0_db_at_per10", 2.5},
                {"radio.openunb_short_es_n0_db_at_per10", 4.5},
                {"radio.openunb_long_es_n0_db_at_per10", 4.0}};
    bool ok = true;
    for (unsigned i = 2; i < 6; i++)
        ok &= figure(rows[i - 2].key, curve(i, frames), "dB", rows[i - 2].target, false);
    return ok;
}

static double cpu_now(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static const struct {
    mw_radio_kind kind;
    unsigned baud;
} lanes[] = {{MW_RADIO_SIGFOX, 100}, {MW_RADIO_SIGFOX, 600}, {MW_RADIO_NBFI, 50},
             {MW_RADIO_NBFI, 400},   {MW_RADIO_NBFI, 3200},  {MW_RADIO_OPENUNB, 100}};

/* Computing time over 200 kHz at 250 kS/s of noise; what is read and rendered is taken off. */
static void cost(double seconds) {
    double base = 0;
    for (int i = -1; i < 6; i++) {
        unsigned k = i < 0 ? 0 : (unsigned)i;
        scene s = {.rate = 250000, .baud = lanes[k].baud, .kind = lanes[k].kind};
        start(&s, 100000);
        if (i < 0) { /* rendering alone */
            static float iq[2 * 8192];
            double t = cpu_now();
            for (uint64_t at = 0; at < (uint64_t)(seconds * s.rate); at += 8192)
                mw_channel_noise_add(&s.noise, at, 8192, iq);
            base = cpu_now() - t;
        } else {
            double t = cpu_now();
            play(&s, NULL, 0, (uint64_t)(seconds * s.rate));
            const mw_receiver_stats *stats = mw_receiver_stats_of(s.rx);
            printf("# cost %s %u Bd, 200 kHz: %.3f of one core, %.1f MB, %.1f bursts/s on noise\n",
                   mw_radio_kind_name(lanes[k].kind), lanes[k].baud,
                   (cpu_now() - t - base) / seconds, (double)mw_receiver_memory(s.rx) / 1e6,
                   (double)stats->foreign_bursts / seconds);
        }
        mw_receiver_free(s.rx);
    }
}

#define SIGFOX_BAND(bd)                                                                            \
    {                                                                                              \
        MW_RADIO_SIGFOX, bd, {868034000000}, {                                                     \
            868226000000                                                                           \
        }                                                                                          \
    }
#define NBFI_BAND(bd)                                                                              \
    {                                                                                              \
        MW_RADIO_NBFI, bd, {866780000000}, {                                                       \
            866831200000                                                                           \
        }                                                                                          \
    }

/* Plays noise; the receiver's own seconds of processor. */
static double play_wide(scene *s, mw_band *band, mw_freq centre, uint64_t n) {
    enum { BLOCK = 65536 };
    static float iq[2 * BLOCK];
    double took = 0;
    for (; s->at < n; s->at += BLOCK) {
        memset(iq, 0, sizeof iq);
        mw_channel_noise_add(&s->noise, s->at, BLOCK, iq);
        mw_samples_block b = {{.format = MW_SAMPLES_CF32,
                               .first_index = s->at,
                               .utc = MW_UTC_NONE,
                               .rate_mhz = (uint64_t)(s->rate * 1000),
                               .centre = centre,
                               .count = BLOCK},
                              {(const uint8_t *)iq, sizeof iq}};
        double t = cpu_now();
        if (mw_band_push(band, &b) != MW_OK)
            fail("samples refused");
        took += cpu_now() - t;
    }
    return took;
}

/* What each network adds to a wide receiver: noise of 3 MHz, our own three rates in all of it. */
static void wide(double seconds) {
    static const struct {
        const char *name;
        unsigned rates;
        size_t n;
        mw_radio_network networks[3];
    } rows[] = {{"own rates alone", 7, 0, {{0}}},
                {"Sigfox 100 Bd in its 192 kHz", 7, 1, {SIGFOX_BAND(100)}},
                {"Sigfox 100 and 600 Bd in 192 kHz", 7, 2, {SIGFOX_BAND(100), SIGFOX_BAND(600)}},
                {"NB-Fi 50, 400, 3200 Bd in 51.2 kHz",
                 7,
                 3,
                 {NBFI_BAND(50), NBFI_BAND(400), NBFI_BAND(3200)}},
                {"OpenUNB 100 Bd in 200 kHz",
                 7,
                 1,
                 {{MW_RADIO_OPENUNB, 100, {866000000000}, {866200000000}}}}};
    double base = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        scene s = {.rate = 3.2e6};
        mw_band_config c = {.radio = mw_receiver_config_default((mw_freq){INT64_C(866900000000)})};
        c.radio.rate_mhz = UINT64_C(3200000000);
        c.radio.low.mhz = c.radio.centre.mhz - INT64_C(1500000000);
        c.radio.high.mhz = c.radio.centre.mhz + INT64_C(1500000000);
        c.radio.rates = rows[i].rates;
        c.radio.full_scale_dbm = FS_DBM;
        memcpy(c.radio.networks, rows[i].networks, sizeof rows[i].networks);
        c.radio.network_count = rows[i].n;
        mw_channel_noise_init(&s.noise, 77, s.rate, NF_DB, FS_DBM);
        mw_band *band;
        if (mw_band_new(&c, on_frame, &s, &band) != MW_OK)
            fail("no receiver");
        double took = play_wide(&s, band, c.radio.centre, (uint64_t)(seconds * s.rate)) / seconds;
        base = i == 0 ? took : base;
        printf("# 3 MHz, %-36s %.3f of one core (%+.3f), %.0f MB\n", rows[i].name, took,
               took - base, (double)mw_band_memory(band) / 1e6);
        fflush(stdout);
        mw_band_free(band);
    }
}

/* Frames told on noise: none is expected in any time that can be waited for. */
static bool false_frames(double minutes) {
    unsigned wrong = 0;
    double hours = 0;
    for (unsigned k = 0; k < 6; k++) {
        scene s = {.rate = 250000, .baud = lanes[k].baud, .kind = lanes[k].kind};
        start(&s, 100000);
        play(&s, NULL, 0, (uint64_t)(minutes * 60 * s.rate));
        mw_receiver_flush(s.rx);
        printf("# noise, %s %u Bd, 200 kHz, %.1f min: %lu bursts demodulated, %u frames\n",
               mw_radio_kind_name(lanes[k].kind), lanes[k].baud, minutes,
               (unsigned long)mw_receiver_stats_of(s.rx)->foreign_bursts, s.wrong);
        wrong += s.wrong;
        hours += minutes / 60;
        mw_receiver_free(s.rx);
    }
    printf("# %.2f hours of 200 kHz in all\n", hours);
    return figure("radio.foreign_false_frames", wrong, "frames", 0, false);
}

int main(int argc, char **argv) {
    const char *what = argc > 2 ? argv[1] : "all";
    double n = argc > 2 ? atof(argv[2]) : argc > 1 ? atof(argv[1]) : 60;
    if (!(n > 0) || argc > 3) {
        fprintf(stderr, "usage: %s [curve|joint|false|cost|wide] [N]\n", argv[0]);
        return 2;
    }
    bool all = strcmp(what, "all") == 0, ok = true;
    if (all || strcmp(what, "joint") == 0)
        ok &= joint((unsigned)n);
    if (all || strcmp(what, "curve") == 0)
        ok &= all_curves((unsigned)n);
    if (all || strcmp(what, "false") == 0)
        ok &= false_frames(all ? 0.2 : n);
    if (all || strcmp(what, "cost") == 0)
        cost(all ? 5 : n);
    if (strcmp(what, "wide") == 0)
        wide(n);
    return ok ? 0 : 1;
}
