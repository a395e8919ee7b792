/* SPDX-License-Identifier: Apache-2.0 */
#include "town/air.h"

#include <math.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/prng.h"
#include "protocols/unb/unb.h"

/* Noise around bursts, so that a receiver can settle on its level. */
#define PAD_S 0.25
/* A fade takes a frame far below the noise: nothing could decode it. */
#define FADE_DB 60.0
/* The meters' places: 100 m to 3 km away in a built-up town. */
#define DISTANCE_MIN_M 100.0
#define DISTANCE_MAX_M 3000.0
#define LOSS_EXPONENT  3.1
#define ERP_DBM        13.98
#define LEVEL_MIN_DBM  (-134.0)
#define DRIFT_HZ_PER_S 1.0

static double unit_draw(mw_prng *g) {
    return (double)(mw_prng_u64(g) >> 11) * 0x1p-53;
}

/* What one device loses on its way: the same for all its frames. */
static double device_level_dbm(const mw_town_air *a, const mw_town_device *d) {
    mw_prng g = mw_prng_of_stream(a->config.seed, ~d->device_id);
    /* Homes are even over the area, so more of them are far away. */
    double distance = DISTANCE_MIN_M + (DISTANCE_MAX_M - DISTANCE_MIN_M) * sqrt(unit_draw(&g));
    double walls_db = 12.0 * unit_draw(&g);
    double loss =
        mw_channel_path_loss_db(distance, (double)a->config.centre.mhz / 1e3, LOSS_EXPONENT);
    return fmax(ERP_DBM - loss - walls_db, LEVEL_MIN_DBM);
}

double mw_town_air_gain_db(const mw_town_air *a, const mw_town_device *d) {
    return device_level_dbm(a, d) - ERP_DBM;
}

mw_status mw_town_air_open(const mw_town_air_config *config, mw_town_air *out_air) {
    mw_assert(config->rate_hz > 0 && MW_US_PER_S % config->rate_hz == 0);
    mw_town_air a = {.config = *config};
    a.bursts = calloc(MW_TOWN_BURSTS_MAX, sizeof *a.bursts);
    a.iq = calloc(2 * MW_TOWN_BLOCK_SAMPLES, sizeof *a.iq);
    a.wire = calloc(MW_TOWN_BLOCK_SAMPLES, mw_samples_format_bytes(MW_SAMPLES_CS16));
    if (a.bursts == NULL || a.iq == NULL || a.wire == NULL) {
        mw_town_air_close(&a);
        return MW_NOMEM;
    }
    mw_channel_noise_init(&a.noise, mw_mix64(config->seed), config->rate_hz,
                          config->noise_figure_db, config->full_scale_dbm);
    *out_air = a;
    return MW_OK;
}

void mw_town_air_close(mw_town_air *a) {
    if (a == NULL)
        return;
    free(a->bursts);
    free(a->iq);
    free(a->wire);
    *a = (mw_town_air){0};
}

static int64_t us_per_sample(const mw_town_air *a) {
    return MW_US_PER_S / a->config.rate_hz;
}

uint64_t mw_town_air_index(const mw_town_air *a, mw_utc t) {
    mw_assert(t.us >= a->config.start.us);
    return (uint64_t)((t.us - a->config.start.us) / us_per_sample(a));
}

mw_utc mw_town_air_utc(const mw_town_air *a, uint64_t index) {
    return (mw_utc){a->config.start.us + (int64_t)index * us_per_sample(a)};
}

/* ---- transmissions ---- */

/* A transmission's luck depends on the seed, the device, the counter and the copy alone. */
static mw_prng luck_of(const mw_town_air *a, const mw_town_device *d, uint32_t counter,
                       unsigned copy) {
    return mw_prng_of_stream(a->config.seed + copy, d->device_id ^ (uint64_t)counter << 32);
}

mw_status mw_town_air_send(mw_town_air *a, const mw_town_device *device, int32_t crystal_ppb,
                           const mw_meter_transmission *tx, unsigned copy, mw_utc start,
                           bool *out_faded) {
    if (a->count == MW_TOWN_BURSTS_MAX)
        return MW_LIMIT;
    mw_unb_frame frame;
    MW_TRY(mw_unb_frame_encode((mw_unb_size)tx->size, (mw_slice){tx->payload, tx->payload_bytes},
                               &frame));
    mw_prng luck = luck_of(a, device, tx->counter, copy);
    bool faded = mw_prng_below(&luck, 1000) < a->config.lost_permille;
    double level = device_level_dbm(a, device) - (faded ? FADE_DB : 0.0);
    double carrier_hz = (double)tx->copy[copy].carrier.mhz / 1e3 * (1.0 + crystal_ppb * 1e-9);
    int64_t into_sample = (start.us - a->config.start.us) % us_per_sample(a);
    mw_burst_setup setup = {
        .bits = frame.bits,
        .count = frame.symbols,
        .start_index = mw_town_air_index(a, start),
        .start_fraction = (double)into_sample / (double)us_per_sample(a),
        .rate = a->config.rate_hz,
        .baud = mw_unb_rate_bd((mw_unb_rate)tx->rate),
        .symbol_ppm = crystal_ppb * 1e-3,
        .offset_hz = carrier_hz - (double)a->config.centre.mhz / 1e3,
        .drift_hz_per_s = DRIFT_HZ_PER_S * (2.0 * unit_draw(&luck) - 1.0),
        .phase = 6.283185307179586 * unit_draw(&luck),
        .amplitude = mw_channel_amplitude(level, a->config.full_scale_dbm),
    };
    mw_burst burst;
    MW_TRY(mw_burst_init(&burst, &setup));
    *out_faded = faded;
    if (mw_burst_end(&burst) > a->cursor)
        a->bursts[a->count++] = burst;
    return MW_OK;
}

/* ---- samples ---- */

static uint64_t pad(const mw_town_air *a) {
    return (uint64_t)(PAD_S * a->config.rate_hz);
}

static uint64_t padded_first(const mw_town_air *a, const mw_burst *b) {
    uint64_t first = mw_burst_first(b);
    return first > pad(a) ? first - pad(a) : 0;
}

static void drop_ended(mw_town_air *a) {
    for (size_t i = 0; i < a->count;) {
        if (mw_burst_end(&a->bursts[i]) + pad(a) <= a->cursor)
            a->bursts[i] = a->bursts[--a->count];
        else
            i++;
    }
}

/* First sample from the cursor on that must be rendered; `limit` when there is none before. */
static uint64_t busy_from(const mw_town_air *a, uint64_t limit) {
    uint64_t from = limit;
    for (size_t i = 0; i < a->count; i++) {
        uint64_t first = padded_first(a, &a->bursts[i]);
        if (first < from)
            from = first;
    }
    return from > a->cursor ? from : a->cursor;
}

/* End of the stretch that is busy at the cursor, as far as one block reaches. */
static uint64_t busy_to(const mw_town_air *a, uint64_t limit) {
    uint64_t to = a->cursor;
    for (size_t i = 0; i < a->count; i++) {
        const mw_burst *b = &a->bursts[i];
        if (padded_first(a, b) <= a->cursor && mw_burst_end(b) + pad(a) > to)
            to = mw_burst_end(b) + pad(a);
    }
    if (to > a->cursor + MW_TOWN_BLOCK_SAMPLES)
        to = a->cursor + MW_TOWN_BLOCK_SAMPLES;
    return to < limit ? to : limit;
}

static mw_slice render(mw_town_air *a, size_t n) {
    for (size_t i = 0; i < 2 * n; i++)
        a->iq[i] = 0.0f;
    for (size_t i = 0; i < a->count; i++)
        (void)mw_burst_render(&a->bursts[i], a->cursor, n, a->iq);
    mw_channel_noise_add(&a->noise, a->cursor, n, a->iq);
    mw_span wire = {a->wire, n * mw_samples_format_bytes(MW_SAMPLES_CS16)};
    (void)mw_samples_from_float(a->iq, n, MW_SAMPLES_CS16, wire);
    return mw_slice_of_span(wire);
}

mw_status mw_town_air_next(mw_town_air *a, uint64_t limit, mw_samples_block *out_block) {
    if (a->cursor >= limit)
        return MW_AGAIN;
    drop_ended(a);
    mw_samples_block block = {
        .h = {.format = MW_SAMPLES_GAP,
              .first_index = a->cursor,
              .utc = mw_town_air_utc(a, a->cursor),
              .utc_uncertainty_us = 1,
              .rate_mhz = (uint64_t)a->config.rate_hz * 1000,
              .centre = a->config.centre},
    };
    uint64_t from = busy_from(a, limit);
    if (from > a->cursor) {
        block.h.count = from - a->cursor;
    } else {
        block.h.format = MW_SAMPLES_CS16;
        block.h.count = busy_to(a, limit) - a->cursor;
        block.payload = render(a, (size_t)block.h.count);
    }
    a->cursor += block.h.count;
    *out_block = block;
    return MW_OK;
}
