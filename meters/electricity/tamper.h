/* SPDX-License-Identifier: Apache-2.0
 *
 * Somebody touches the meter: case and terminal cover, magnet, radio field, current that does not
 * come back through the neutral, heat, wrong passwords. Contacts and sensors in, events with begin
 * and end out; how often, since when and how long altogether is kept.
 *
 * Steps may come at any distance, also from the battery without supply: what a step does not know
 * it says so, and the condition stays as it is. Durations are of the machine's own time; moments
 * are the clock's, as it was when the condition was first seen.
 *
 * A lock after wrong passwords ends by itself. It is begun anew after a loss of power, so that
 * pulling the supply opens nothing.
 */
#ifndef MW_METERS_ELECTRICITY_TAMPER_H
#define MW_METERS_ELECTRICITY_TAMPER_H

#include "base/units.h"
#include "meters/electricity/notice.h"

typedef enum mw_electric_tamper_kind {
    /* The first four in the order of the numbers TAMPER_COUNT, TAMPER_AT, TAMPER_SECONDS. */
    MW_ELECTRIC_TAMPER_CASE,
    MW_ELECTRIC_TAMPER_COVER,
    MW_ELECTRIC_TAMPER_MAGNET,
    MW_ELECTRIC_TAMPER_RADIO,
    MW_ELECTRIC_TAMPER_MISMATCH, /* of phase and neutral current */
    MW_ELECTRIC_TAMPER_HEAT,
    MW_ELECTRIC_TAMPER_PASSWORD, /* locked */
    MW_ELECTRIC_TAMPER_KINDS,
} mw_electric_tamper_kind;

typedef struct mw_electric_tamper_config {
    /* How long it must be seen, and no longer seen, ms. That of PASSWORD is not used. */
    uint32_t on_ms[MW_ELECTRIC_TAMPER_KINDS], off_ms[MW_ELECTRIC_TAMPER_KINDS];
    int64_t mismatch_ua;      /* difference of currents from which on they may differ ... */
    uint16_t mismatch_permil; /* ... and by this share of the greater one */
    mw_temp hot, cool;        /* overheated from `hot` on, no longer below `cool` */
    uint8_t attempts;         /* wrong passwords ... */
    uint32_t within_s;        /* ... within this time lock ... */
    uint32_t lock_s;          /* ... for this long */
} mw_electric_tamper_config;

typedef struct mw_electric_tamper_inputs {
    bool case_open, cover_open, magnet, radio_field;
    bool currents_known; /* single phase: those of a window */
    int64_t phase_ua, neutral_ua;
    bool temperature_known;
    mw_temp temperature;
} mw_electric_tamper_inputs;

typedef struct mw_electric_tamper_record {
    uint32_t count;   /* how often, ever */
    uint32_t seconds; /* of all that ended */
    uint32_t at_s;    /* UTC of the last begin; 0: never */
} mw_electric_tamper_record;

typedef struct mw_electric_tamper {
    mw_electric_tamper_config config;
    mw_electric_condition condition[MW_ELECTRIC_TAMPER_KINDS];
    mw_electric_tamper_record record[MW_ELECTRIC_TAMPER_KINDS];
    int64_t worst_ua;     /* difference of currents while they differ */
    int32_t hottest;      /* mdegC while overheated */
    uint8_t wrong;        /* passwords */
    mw_mono first, until; /* of the wrong ones; of the lock */
} mw_electric_tamper;

/* Case and cover 0.1 s, magnet 0.5 s, radio field 1 s, mismatch 60 s of 0.1 A and 12.5 %, heat 10 s
 * at 85 C until 75 C; five wrong passwords within ten minutes lock for fifteen. */
mw_electric_tamper_config mw_electric_tamper_defaults(void);
/* Nothing has happened yet. MW_RANGE: attempts 0, or cool above hot. */
MW_NODISCARD mw_status mw_electric_tamper_init(mw_electric_tamper *t,
                                               const mw_electric_tamper_config *config);
/* Adds what it notices to `out`. */
void mw_electric_tamper_step(mw_electric_tamper *t, const mw_electric_tamper_inputs *in,
                             mw_mono now, mw_utc utc, mw_electric_noticed *out);
/* A client gave a password or another proof of itself, `good` or not. While locked nobody should be
 * asked for it. */
void mw_electric_tamper_password(mw_electric_tamper *t, bool good, mw_mono now, mw_utc utc,
                                 mw_electric_noticed *out);
bool mw_electric_tamper_locked(const mw_electric_tamper *t);
/* Bit per kind that holds. */
uint8_t mw_electric_tamper_now(const mw_electric_tamper *t);
/* Seconds that it held, ever, with the time until now when it holds. */
uint32_t mw_electric_tamper_seconds(const mw_electric_tamper *t, mw_electric_tamper_kind kind,
                                    mw_mono now);

/* What outlives a loss of power. What held then holds still: its end is noticed when it is seen no
 * longer, with the time before the loss in its duration and without the time between. */
#define MW_ELECTRIC_TAMPER_BYTES (2 + MW_ELECTRIC_TAMPER_KINDS * 16)
void mw_electric_tamper_encode(const mw_electric_tamper *t, mw_mono now,
                               uint8_t out[MW_ELECTRIC_TAMPER_BYTES]);
/* After init. MW_UNSUPPORTED (version): nothing is changed. */
MW_NODISCARD mw_status mw_electric_tamper_decode(mw_electric_tamper *t,
                                                 const uint8_t in[MW_ELECTRIC_TAMPER_BYTES],
                                                 mw_mono now);

#endif
