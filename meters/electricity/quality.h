/* SPDX-License-Identifier: Apache-2.0
 *
 * Power quality in the words of IEC 61000-4-30 (from memory of a standard that is not free):
 *
 *   Urms(1/2)     rms voltage of one cycle, renewed each half cycle: sags, swells, interruptions.
 *                 A sag of a phase begins below its threshold and ends at or above threshold +
 *                 hysteresis; its depth is the lowest value in it. A swell the other way round. An
 *                 interruption begins when all phases are below its threshold and ends when one is
 *                 at or above threshold + hysteresis
 *   10 cycles     (12 at 60 Hz, where these meters do not work) the window of the core: slow
 *                 deviations of the voltage, loss of a phase, sequence, over 15 windows unbalance
 *   10 s          frequency, mean of the windows of ten seconds
 *   flagged       a window in which a sag, swell or interruption was does not count for slow
 *                 deviations, unbalance and frequency: one disturbance is told once
 *
 * The core's window is locked to the voltage; Urms(1/2) of a device on the way from 50 Hz to 47.5 Hz
 * is wrong by up to 2 % until it is locked again. Until the first locked window nothing is noticed.
 */
#ifndef MW_METERS_ELECTRICITY_QUALITY_H
#define MW_METERS_ELECTRICITY_QUALITY_H

#include "meters/electricity/notice.h"
#include "meters/electricity/quantities.h"

typedef struct mw_electric_quality_config {
    int64_t sag_uv, swell_uv, cut_uv; /* thresholds of Urms(1/2) */
    int64_t hysteresis_uv;
    int64_t low_uv, high_uv;                   /* slow deviations, of windows */
    uint32_t slow_ms;                          /* how long they must last, and be gone */
    uint32_t lost_ms;                          /* a phase is lost after this time below cut_uv */
    int32_t frequency_mhz, frequency_away_mhz; /* rated, and how far it may be away */
    int32_t unbalance_ppm;
    uint32_t sequence_ms; /* how long the order of phases must be wrong, and right */
    uint32_t long_ms;     /* an interruption from this length on counts as a long one */
} mw_electric_quality_config;

/* The last sag or swell of a phase that is over. */
typedef struct mw_electric_quality_last {
    mw_utc at; /* its begin */
    int64_t uv;
    uint32_t ms;
} mw_electric_quality_last;

typedef struct mw_electric_quality_phase {
    int64_t before_uv, before_parts; /* of the half cycle before */
    int64_t half_uv;                 /* Urms(1/2) */
    mw_electric_condition sag, swell, lost;
    int64_t lowest_uv, highest_uv; /* of the sag or swell under way */
    uint16_t sags, swells;         /* ever */
    mw_electric_quality_last last_sag, last_swell;
} mw_electric_quality_phase;

/* A mean over windows. */
typedef struct mw_electric_quality_mean {
    int64_t sum, parts;
} mw_electric_quality_mean;

typedef struct mw_electric_quality {
    mw_electric_quality_config config;
    uint8_t elements;
    bool ready;   /* a locked window has been */
    bool flagged; /* the window under way */
    mw_electric_quality_phase phase[MW_ELECTRIC_ELEMENTS];
    mw_electric_condition interruption, low, high, unbalance, frequency, sequence;
    int64_t lowest_uv, highest_uv; /* of slow deviations under way */
    int64_t worst;                 /* unbalance, ppm */
    int64_t furthest_mhz;          /* frequency */
    mw_electric_quality_mean unbalance_mean, frequency_mean;
    int32_t frequency_10s_mhz, unbalance_3s_ppm; /* the last means; 0: none yet */
    uint16_t interruptions, long_interruptions;
} mw_electric_quality;

/* Bits of the status word of the quality log (number QUALITY_STATUS, OBIS 0.0.96.5.4): ours, the
 * standard's own layout could not be read. */
enum {
    MW_ELECTRIC_QUALITY_SAG = 1, /* << phase */
    MW_ELECTRIC_QUALITY_SWELL = 8,
    MW_ELECTRIC_QUALITY_LOST = 64,
    MW_ELECTRIC_QUALITY_INTERRUPTION = 512,
    MW_ELECTRIC_QUALITY_LOW = 1024,
    MW_ELECTRIC_QUALITY_HIGH = 2048,
    MW_ELECTRIC_QUALITY_FREQUENCY = 4096,
    MW_ELECTRIC_QUALITY_UNBALANCE = 8192,
    MW_ELECTRIC_QUALITY_SEQUENCE = 16384,
};

/* Sag 90 %, swell 110 %, interruption 5 % of the rated voltage, hysteresis 2 %; slow deviations 10 %
 * for a minute; lost after a second; 50 Hz +-0.4 Hz; unbalance 4 %; sequence 2 s; long: 3 minutes.
 * GOST 32144 and EN 50160, from memory. */
mw_electric_quality_config mw_electric_quality_defaults(mw_voltage rated, mw_electric_mains mains);
/* `elements` is 1 or 3. MW_RANGE unless cut < sag < swell, low < high, hysteresis > 0. */
MW_NODISCARD mw_status mw_electric_quality_init(mw_electric_quality *q, uint8_t elements,
                                                const mw_electric_quality_config *config);
/* New thresholds; conditions go on. MW_RANGE as above: the old ones stay. */
MW_NODISCARD mw_status mw_electric_quality_configure(mw_electric_quality *q,
                                                     const mw_electric_quality_config *config);
/* A half cycle is done: its rms voltages (mw_electric_half_uv), its length, the moment of its end.
 * Adds what it notices to `out`. */
void mw_electric_quality_half(mw_electric_quality *q, const int64_t half_uv[MW_ELECTRIC_ELEMENTS],
                              int64_t parts, mw_mono now, mw_utc utc, mw_electric_noticed *out);
/* A window is done; after its last half cycle. */
void mw_electric_quality_window(mw_electric_quality *q, const mw_electric_quantities *of,
                                mw_mono now, mw_utc utc, mw_electric_noticed *out);
/* What holds now. */
uint16_t mw_electric_quality_status(const mw_electric_quality *q);

/* What outlives a loss of power: counts, and what held then. An interruption, sag or loss that the
 * supply's return ends is noticed then, with the time without supply in its duration as the clock
 * tells it. */
#define MW_ELECTRIC_QUALITY_BYTES (3 + 4 + MW_ELECTRIC_ELEMENTS * 4 + 15 * 4)
void mw_electric_quality_encode(const mw_electric_quality *q,
                                uint8_t out[MW_ELECTRIC_QUALITY_BYTES]);
/* After init. MW_UNSUPPORTED (version): nothing is changed. */
MW_NODISCARD mw_status mw_electric_quality_decode(mw_electric_quality *q,
                                                  const uint8_t in[MW_ELECTRIC_QUALITY_BYTES],
                                                  mw_mono now, mw_utc utc);

#endif
