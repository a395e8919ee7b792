/* SPDX-License-Identifier: Apache-2.0
 *
 * The air over the town: every transmission becomes a burst at its level, carrier and moment; all
 * of them and the receiver's noise are mixed into one stream of samples. Where nothing is on the
 * air, the stream has a gap, which costs nothing.
 *
 * Everything is a function of seed and sample number: a range rendered again is bit-identical.
 */
#ifndef MW_TOWN_AIR_H
#define MW_TOWN_AIR_H

#include "meters/kit/meter.h"
#include "radio/channel.h"
#include "radio/modulator.h"
#include "radio/samples.h"
#include "town/population.h"

#define MW_TOWN_BURSTS_MAX    4096u
#define MW_TOWN_BLOCK_SAMPLES 25000u /* a tenth of a second */

typedef struct mw_town_air_config {
    uint64_t seed;
    mw_utc start;     /* sample 0 */
    uint32_t rate_hz; /* samples a second; divides 1,000,000 */
    mw_freq centre;
    double full_scale_dbm; /* level of amplitude 1.0; the station is told the same */
    double noise_figure_db;
    uint32_t lost_permille; /* transmissions that fade out on their way */
} mw_town_air_config;

typedef struct mw_town_air {
    mw_town_air_config config;
    mw_channel_noise noise;
    uint64_t cursor; /* next sample to render */
    size_t count;
    mw_burst *bursts;
    float *iq;
    uint8_t *wire;
} mw_town_air;

MW_NODISCARD mw_status mw_town_air_open(const mw_town_air_config *config, mw_town_air *out_air);
void mw_town_air_close(mw_town_air *a);

/* Gain of the way between the station and a device in dB, the same up and down: from radiated power
 * (ERP) to level. */
double mw_town_air_gain_db(const mw_town_air *a, const mw_town_device *d);

uint64_t mw_town_air_index(const mw_town_air *a, mw_utc t);
mw_utc mw_town_air_utc(const mw_town_air *a, uint64_t index);

/* Puts one copy of a frame on the air at true time `start`; crystal_ppb shifts its carrier and its
 * symbols. What lies before the cursor is dropped. *out_faded tells whether it fades out.
 * MW_LIMIT when too much is on the air. */
MW_NODISCARD mw_status mw_town_air_send(mw_town_air *a, const mw_town_device *device,
                                        int32_t crystal_ppb, const mw_meter_transmission *tx,
                                        unsigned copy, mw_utc start, bool *out_faded);
/* The next block at the cursor, ending at `limit` at the latest: a gap where the air is silent,
 * else at most MW_TOWN_BLOCK_SAMPLES of cs16 samples. Every transmission that begins before limit +
 * MW_TOWN_AIR_LOOKAHEAD must have been sent. MW_AGAIN when the cursor is at limit. The block is
 * valid until the next call. */
#define MW_TOWN_AIR_LOOKAHEAD (mw_dur_s(1))
MW_NODISCARD mw_status mw_town_air_next(mw_town_air *a, uint64_t limit,
                                        mw_samples_block *out_block);

#endif
