/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/history.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "radio/vector.h"

#define BLOCK  MW_HISTORY_BLOCK
#define FLOATS (2u * BLOCK)
/* Units outside this range would leave that of floats; samples so small are silence. */
#define UNIT_MIN (-110)
#define UNIT_MAX 120
/* Adding this rounds a float to an integer, which then stands in its lowest bits. */
#define ROUND 12582912.0f

mw_status mw_history_init(mw_history *h, size_t samples) {
    /* One block more: the one being filled takes the place of the oldest. */
    size_t size = (samples + BLOCK - 1) / BLOCK * BLOCK + BLOCK;
    int8_t *iq = calloc(2 * size + size / BLOCK, 1);
    if (iq == NULL)
        return MW_NOMEM;
    *h = (mw_history){.iq = iq, .unit = iq + 2 * size, .size = size};
    return MW_OK;
}

void mw_history_fini(mw_history *h) {
    free(h->iq);
    *h = (mw_history){0};
}

void mw_history_restart(mw_history *h) {
    h->head = 0;
}

size_t mw_history_memory(const mw_history *h) {
    return 2 * h->size + h->size / BLOCK;
}

int64_t mw_history_oldest(const mw_history *h) {
    /* blocks of the ring: the incomplete one already took a place */
    int64_t blocks = (h->head + BLOCK - 1) / BLOCK, kept = (int64_t)(h->size / BLOCK);
    return blocks > kept ? (blocks - kept) * BLOCK : 0;
}

static inline float power_of_two(int e) {
    union {
        uint32_t bits;
        float value;
    } f = {.bits = (uint32_t)(e + 127) << 23};
    return f.value;
}

/* Rounds a block and returns log2 of its unit. */
MW_CLONES static int8_t history_pack(const float *iq, int8_t *out) {
    float most[8] = {0}, peak = 0;
    for (size_t i = 0; i < FLOATS; i += 8) {
        for (size_t k = 0; k < 8; k++) {
            float v = fabsf(iq[i + k]);
            most[k] = v > most[k] ? v : most[k];
        }
    }
    for (size_t k = 0; k < 8; k++)
        peak = most[k] > peak ? most[k] : peak;
    int e = UNIT_MIN;
    if (peak > 0) {
        (void)frexpf(peak, &e); /* peak = m * 2^e with m in [0.5, 1) */
        e -= 7;                 /* up to 128 units ... */
        if (peak > 127.0f * power_of_two(e))
            e++; /* ... of which 127 exist */
    }
    if (e < UNIT_MIN || peak <= 0) {
        memset(out, 0, FLOATS);
        return UNIT_MIN;
    }
    e = e > UNIT_MAX ? UNIT_MAX : e;
    float scale = power_of_two(-e);
    for (size_t i = 0; i < FLOATS; i++) {
        float v = iq[i] * scale;
        v = v > 127.0f ? 127.0f : v < -127.0f ? -127.0f : v;
        out[i] = (int8_t)(int)((v + ROUND) - ROUND);
    }
    return (int8_t)e;
}

MW_CLONES static void history_unpack(const int8_t *in, float unit, size_t n, float *out) {
    for (size_t i = 0; i < n; i++)
        out[i] = unit * (float)in[i];
}

/* The block that sample `at` falls in has become complete. */
static void close_block(mw_history *h, int64_t at) {
    size_t block = (size_t)(at % (int64_t)h->size) / BLOCK;
    h->unit[block] = history_pack(h->open, h->iq + block * FLOATS);
}

/* Room in the incomplete block, at most n samples. */
static size_t open_room(mw_history *h, size_t n, float **out_place) {
    size_t filled = (size_t)h->head % BLOCK;
    *out_place = h->open + 2 * filled;
    return BLOCK - filled < n ? BLOCK - filled : n;
}

static void advance(mw_history *h, size_t n) {
    h->head += (int64_t)n;
    if (h->head % BLOCK == 0)
        close_block(h, h->head - BLOCK);
}

void mw_history_append(mw_history *h, const mw_samples_block *b, uint64_t from, size_t n,
                       mw_samples_faults *faults) {
    mw_assert(n <= h->size);
    for (size_t done = 0; done < n;) {
        float *place;
        size_t run = open_room(h, n - done, &place);
        mw_samples_to_float(b, from + done, run, place, faults);
        advance(h, run);
        done += run;
    }
}

void mw_history_append_iq(mw_history *h, const float *iq, size_t n) {
    mw_assert(n <= h->size);
    for (size_t done = 0; done < n;) {
        float *place;
        size_t run = open_room(h, n - done, &place);
        memcpy(place, iq + 2 * done, 2 * run * sizeof *iq);
        advance(h, run);
        done += run;
    }
}

/* Samples [first, first + n) of one block, all of them kept. */
static void read_block(const mw_history *h, int64_t first, size_t n, float *out) {
    size_t skip = (size_t)(first % (int64_t)BLOCK);
    if (first - (int64_t)skip + (int64_t)BLOCK > h->head) {
        memcpy(out, h->open + 2 * skip, 2 * n * sizeof *out);
        return;
    }
    size_t block = (size_t)(first % (int64_t)h->size) / BLOCK;
    history_unpack(h->iq + block * FLOATS + 2 * skip, power_of_two(h->unit[block]), 2 * n, out);
}

void mw_history_read(const mw_history *h, int64_t first, size_t n, float *out) {
    int64_t oldest = mw_history_oldest(h);
    size_t done = 0;
    while (done < n) {
        int64_t at = first + (int64_t)done;
        size_t run = n - done;
        if (at < oldest || at >= h->head) {
            if (at < oldest && (uint64_t)(oldest - at) < run)
                run = (size_t)(oldest - at);
            memset(out + 2 * done, 0, 2 * run * sizeof *out);
        } else {
            size_t room = BLOCK - (size_t)(at % (int64_t)BLOCK);
            run = room < run ? room : run;
            if ((uint64_t)(h->head - at) < run)
                run = (size_t)(h->head - at);
            read_block(h, at, run, out + 2 * done);
        }
        done += run;
    }
}

void mw_history_subtract(mw_history *h, int64_t first, size_t n, const float *iq) {
    int64_t oldest = mw_history_oldest(h), end = first + (int64_t)n;
    int64_t at = first > oldest ? first : oldest;
    end = end < h->head ? end : h->head;
    while (at < end) {
        int64_t block = at - at % (int64_t)BLOCK, stop = block + (int64_t)BLOCK;
        stop = stop < end ? stop : end;
        float now[FLOATS], *place = now;
        bool open = block + (int64_t)BLOCK > h->head;
        if (open)
            place = h->open;
        else
            read_block(h, block, BLOCK, now);
        const float *minus = iq + 2 * (at - first);
        float *to = place + 2 * (at - block);
        for (size_t i = 0; i < 2 * (size_t)(stop - at); i++) {
            float before = to[i];
            to[i] -= minus[i];
            h->removed += (double)before * before - (double)to[i] * to[i];
        }
        if (!open) {
            size_t k = (size_t)(block % (int64_t)h->size) / BLOCK;
            h->unit[k] = history_pack(now, h->iq + k * FLOATS);
        }
        at = stop;
    }
}
