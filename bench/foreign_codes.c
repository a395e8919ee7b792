/* SPDX-License-Identifier: Apache-2.0
 *
 * Packet errors of the codes of other networks against Es/N0 per channel symbol, with known
 * phase and with products of neighbouring symbols: key value unit target ok|short. Lines with # are
 * for people.
 *
 *   foreign_codes [FRAMES]      frames a point, 1000 without; exit status 1 when a figure is short
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/prng.h"
#include "protocols/nbfi/nbfi.h"
#include "protocols/openunb/openunb.h"

typedef enum code { NBFI_D, NBFI_D_TWICE, NBFI_E, NBFI_E_32, OPENUNB_SHORT, OPENUNB_LONG } code;

static double uniform(mw_prng *g) {
    return ((double)(mw_prng_u64(g) >> 11) + 0.5) * 0x1p-53;
}

static double gauss(mw_prng *g) {
    return sqrt(-2 * log(uniform(g))) * cos(2 * M_PI * uniform(g));
}

/* Es/N0 per symbol, and whether the receiver knows the phase or multiplies neighbours. */
typedef struct channel {
    double es_n0_db;
    bool differential;
} channel;

static int16_t soft_of(double v) {
    return (int16_t)lrint(fmax(-32000, fmin(32000, 1000 * v)));
}

static void receive(mw_prng *g, const uint8_t *coded, size_t bits, channel c, int16_t *soft) {
    double sigma = sqrt(0.5 * pow(10, -c.es_n0_db / 10));
    double phase = 1, last_i = 1 + sigma * gauss(g), last_q = sigma * gauss(g);
    for (size_t i = 0; i < bits; i++) {
        double sign = (coded[i / 8] >> (7 - i % 8) & 1) != 0 ? -1 : 1;
        if (!c.differential) {
            soft[i] = soft_of(sign + sigma * gauss(g));
            continue;
        }
        phase *= sign;
        double now_i = phase + sigma * gauss(g), now_q = sigma * gauss(g);
        soft[i] = soft_of(now_i * last_i + now_q * last_q);
        last_i = now_i;
        last_q = now_q;
    }
}

static void randomize(mw_prng *g, uint8_t *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)mw_prng_u64(g);
}

static bool heard_d(mw_prng *g, mw_nbfi_decoder *d, channel c, bool twice) {
    mw_nbfi_d sent = {.id = (uint32_t)mw_prng_below(g, 1 << 24), .header = 1}, heard;
    uint8_t frame[MW_NBFI_FRAME];
    int16_t soft[2][MW_NBFI_CODED_BITS];
    randomize(g, sent.payload, sizeof sent.payload);
    for (unsigned flag = twice ? 0 : 1; flag < 2; flag++) {
        if (mw_nbfi_d_encode(&sent, flag, frame) != MW_OK)
            return false;
        receive(g, frame + 4, MW_NBFI_CODED_BITS, c, soft[flag]);
    }
    const int16_t *given[2] = {twice ? soft[0] : NULL, soft[1]};
    return mw_nbfi_d_decode(d, given, &heard) == MW_OK && heard.id == sent.id &&
           memcmp(heard.payload, sent.payload, sizeof sent.payload) == 0;
}

static bool heard_e(mw_prng *g, mw_nbfi_decoder *d, channel c, unsigned list) {
    mw_nbfi_e sent = {.id = (uint32_t)mw_prng_u64(g)}, heard;
    uint8_t frame[MW_NBFI_FRAME];
    int16_t soft[MW_NBFI_CODED_BITS];
    randomize(g, sent.body, sizeof sent.body);
    mw_nbfi_e_encode(&sent, frame);
    receive(g, frame + 4, MW_NBFI_CODED_BITS, c, soft);
    return mw_nbfi_e_decode(d, list, soft, &heard) == MW_OK && heard.id == sent.id &&
           memcmp(heard.body, sent.body, sizeof sent.body) == 0;
}

static bool heard_openunb(mw_prng *g, mw_nbfi_decoder *d, channel c, size_t size) {
    uint8_t sent[MW_OPENUNB_LONG], heard[MW_OPENUNB_LONG], coded[MW_OPENUNB_CODED_LONG];
    int16_t soft[8 * MW_OPENUNB_CODED_LONG];
    size_t n, heard_n;
    randomize(g, sent, size);
    if (mw_openunb_encode((mw_slice){sent, size}, MW_SPAN_OF(coded), &n) != MW_OK)
        return false;
    receive(g, coded, 8 * n, c, soft);
    return mw_openunb_decode(&d->polar, MW_OPENUNB_LIST_DEFAULT, soft, 8 * n, MW_SPAN_OF(heard),
                             &heard_n) == MW_OK &&
           memcmp(heard, sent, size) == 0;
}

static bool heard(mw_prng *g, mw_nbfi_decoder *d, code which, channel c) {
    switch (which) {
    case NBFI_D:
    case NBFI_D_TWICE:
        return heard_d(g, d, c, which == NBFI_D_TWICE);
    case NBFI_E:
    case NBFI_E_32:
        return heard_e(g, d, c, which == NBFI_E ? MW_NBFI_LIST_DEFAULT : 32);
    case OPENUNB_SHORT:
    case OPENUNB_LONG:
        return heard_openunb(g, d, c, which == OPENUNB_SHORT ? MW_OPENUNB_SHORT : MW_OPENUNB_LONG);
    }
    return false;
}

/* The middle level is judged: its target is the packet error rate it must not exceed. */
static const struct {
    code code;
    const char *key;
    double es_n0_db[3];
    double target;
    bool differential;
} rows[] = {
    {NBFI_D, "foreign.nbfi_d_per_at_minus_1_db", {-2, -1, 0}, 0.12, false},
    {NBFI_D_TWICE, "foreign.nbfi_d_twice_per_at_minus_4_db", {-5, -4, -3}, 0.07, false},
    {NBFI_E, "foreign.nbfi_e_per_at_minus_0_4_db", {-1.4, -0.4, 0.6}, 0.13, false},
    {NBFI_E_32, "foreign.nbfi_e_list_32_per_at_minus_0_4_db", {-1.4, -0.4, 0.6}, 0.065, false},
    {NBFI_D, "foreign.nbfi_d_differential_per_at_2_db", {1, 2, 3}, 0.20, true},
    {NBFI_E, "foreign.nbfi_e_differential_per_at_2_5_db", {1.5, 2.5, 3.5}, 0.19, true},
    {OPENUNB_SHORT, "foreign.openunb_short_per_at_1_db", {0, 1, 2}, 0.16, false},
    {OPENUNB_LONG, "foreign.openunb_long_per_at_1_db", {0, 1, 2}, 0.085, false},
};

int main(int argc, char **argv) {
    static mw_nbfi_decoder decoder;
    int frames = argc > 1 ? atoi(argv[1]) : 1000;
    if (frames <= 0) {
        fprintf(stderr, "usage: %s [FRAMES]\n", argv[0]);
        return 2;
    }
    bool all_ok = true;
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        double per[3];
        clock_t began = clock();
        for (unsigned k = 0; k < 3; k++) {
            mw_prng g = mw_prng_of_stream(r, k);
            channel c = {rows[r].es_n0_db[k], rows[r].differential};
            int lost = 0;
            for (int f = 0; f < frames; f++)
                lost += !heard(&g, &decoder, rows[r].code, c);
            per[k] = lost / (double)frames;
        }
        double us = (double)(clock() - began) / CLOCKS_PER_SEC * 1e6 / (3.0 * frames);
        bool ok = per[1] <= rows[r].target;
        all_ok &= ok;
        printf("%s %.4f ratio %.3f %s\n", rows[r].key, per[1], rows[r].target, ok ? "ok" : "short");
        printf("# Es/N0");
        for (unsigned k = 0; k < 3; k++)
            printf("  %+.1f dB: %.4f", rows[r].es_n0_db[k], per[k]);
        printf("  (%d frames each, %.0f us a frame with its noise)\n", frames, us);
    }
    return all_ok ? 0 : 1;
}
