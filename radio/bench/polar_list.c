/* SPDX-License-Identifier: Apache-2.0
 *
 * Time and frame loss of the station's list decoder with perfect synchronisation, white noise.
 *
 *     polar_list [FRAMES]     frames for each line, 2000 when absent
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/prng.h"
#include "radio/polar_list.h"

static double uniform(mw_prng *g) {
    return ((double)(mw_prng_u64(g) >> 11) + 0.5) * 0x1p-53;
}

static double gauss(mw_prng *g) {
    return sqrt(-2 * log(uniform(g))) * cos(2 * M_PI * uniform(g));
}

static double cpu_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static void line(mw_polar_list *p, mw_unb_size size, unsigned list, double esn0_db,
                 unsigned frames) {
    mw_prng g = mw_prng_of_seed(1);
    double sigma = sqrt(0.5 * pow(10, -esn0_db / 10));
    double us = 0;
    unsigned lost = 0;
    size_t n = mw_unb_layout_of(size)->payload_bytes;
    for (unsigned r = 0; r < frames; r++) {
        uint8_t payload[MW_UNB_PAYLOAD_MAX];
        float soft[MW_UNB_SYMBOLS_MAX];
        mw_unb_frame f;
        for (size_t i = 0; i < n; i++)
            payload[i] = (uint8_t)mw_prng_u64(&g);
        if (mw_unb_frame_encode(size, (mw_slice){payload, n}, &f) != MW_OK)
            abort();
        for (unsigned i = 0; i < f.symbols; i++)
            soft[i] = (float)(1 - 2.0 * mw_unb_frame_bit(&f, i) + sigma * gauss(&g));
        double begin = cpu_us();
        lost +=
            mw_polar_list_decode(p, size, list, soft, f.symbols, (mw_span){payload, n}) != MW_OK;
        us += cpu_us() - begin;
    }
    printf("size %s list %2u Es/N0 %5.2f dB: %6.1f us/frame, PER %.4f (%u of %u)\n",
           mw_unb_size_name(size), list, esn0_db, us / frames, (double)lost / frames, lost, frames);
}

int main(int argc, char **argv) {
    static const double levels[] = {-2.0, -1.5, -1.0};
    unsigned frames = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 2000;
    mw_polar_list *p = mw_polar_list_new();
    if (p == NULL || frames == 0)
        return 1;
    for (unsigned s = 0; s < MW_UNB_SIZE_COUNT; s++)
        for (unsigned list = 8; list <= 32; list += 24)
            for (unsigned k = 0; k < 3; k++)
                line(p, (mw_unb_size)s, list, levels[k], frames);
    mw_polar_list_free(p);
    return 0;
}
