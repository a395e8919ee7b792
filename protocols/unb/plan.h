/* SPDX-License-Identifier: Apache-2.0
 *
 * Frequency plans as data, and where each copy of a frame is sent.
 *
 * A plan is a short list of sub-bands with their limits, the crystal tolerance that sets the guard
 * at both edges, and the delays of the receive windows. Built-in plans: "eu868", "eu434" and
 * "demo" (one 200 kHz sub-band around 868.1 MHz). Others come from text files (docs/spec/unb.md):
 *
 *     name = eu868
 *     crystal_ppm = 20
 *     window_delay_ms = 20000 5000 2000
 *     window_ms = 2000 500 200
 *     beacon_period_s = 3600
 *     beacon_rate = R1
 *     [band up-m]
 *     direction = up
 *     low_hz = 868000000
 *     high_hz = 868600000
 *     duty_ppm = 10000
 *     erp_cdbm = 1398
 *     rates = R0 R1 R2
 */
#ifndef MW_PROTOCOLS_UNB_PLAN_H
#define MW_PROTOCOLS_UNB_PLAN_H

#include "protocols/unb/unb.h"

#define MW_UNB_NAME_MAX      16 /* with the terminating NUL */
#define MW_UNB_BANDS_MAX     8
#define MW_UNB_PLAN_TEXT_MAX 8192

/* Carriers that a plan may name, and the least width that must remain between the guards. */
#define MW_UNB_CARRIER_MIN_MHZ (INT64_C(100000000) * 1000)
#define MW_UNB_CARRIER_MAX_MHZ (INT64_C(2500000000) * 1000)
#define MW_UNB_WIDTH_MIN_HZ    INT64_C(1000)

/* 25 mW effective radiated power. */
#define MW_UNB_ERP_DEFAULT ((mw_level){1398})

typedef enum mw_unb_direction {
    MW_UNB_UP,
    MW_UNB_DOWN,
} mw_unb_direction;

typedef struct mw_unb_band {
    char name[MW_UNB_NAME_MAX];
    mw_unb_direction direction;
    mw_freq low; /* the regulator's edges: nothing may be radiated outside */
    mw_freq high;
    uint32_t duty_ppm; /* share of any hour that one sender may be on the air: 1 % is 10000 */
    mw_level erp;
    uint8_t rates; /* bit 1 << mw_unb_rate for each rate in use */
} mw_unb_band;

/* Time beacons (docs/spec/downlink.md section 3): slot n is the moment n x period after 1970, and
 * the station with offset k begins its beacon k x step after it. */
typedef struct mw_unb_beacon {
    uint32_t period_s; /* a divisor of a day, 60 or more; 0: the plan has no beacons */
    uint32_t step_s;   /* longer than a beacon and its tails */
    uint8_t offsets;   /* 1..MW_UNB_BEACON_OFFSETS_MAX; all of them lie within half a period */
    mw_unb_rate rate;
    char band[MW_UNB_NAME_MAX]; /* sub-band; empty: the first down that allows the rate */
} mw_unb_beacon;

#define MW_UNB_BEACON_PERIOD_MIN_S 60
#define MW_UNB_BEACON_STEP_MAX_S   60
#define MW_UNB_BEACON_OFFSETS_MAX  16

typedef struct mw_unb_plan {
    char name[MW_UNB_NAME_MAX];
    uint32_t crystal_ppm; /* worst error of a meter's carrier, life and cold included */
    mw_dur window_delay[MW_UNB_RATE_COUNT]; /* end of the last copy to the start of the window */
    mw_dur window[MW_UNB_RATE_COUNT];       /* how long a downlink frame may start after that */
    mw_unb_beacon beacon;
    uint8_t bands;
    mw_unb_band band[MW_UNB_BANDS_MAX];
} mw_unb_plan;

/* A built-in plan; MW_NOT_FOUND. The result is constant data. */
MW_NODISCARD mw_status mw_unb_plan_find(const char *name, const mw_unb_plan **out_plan);
/* The built-in plans in order; NULL past the last. */
const mw_unb_plan *mw_unb_plan_at(unsigned i);
/* First band of a direction in which a rate may be used; MW_NOT_FOUND. `from` allows to walk on:
 * pass 0, then the found index + 1. */
MW_NODISCARD mw_status mw_unb_plan_band(const mw_unb_plan *plan, mw_unb_direction direction,
                                        mw_unb_rate rate, unsigned from, unsigned *out_band);
/* Everything that mw_unb_plan_parse checks about a finished plan. MW_RANGE. */
MW_NODISCARD mw_status mw_unb_plan_check(const mw_unb_plan *plan);

/* Where parsing stopped, for a message to a person. */
typedef struct mw_unb_plan_fault {
    uint32_t line;    /* 1 = first; 0 = the plan as a whole */
    const char *text; /* constant, in plain words */
} mw_unb_plan_fault;

/* Parses a plan text of at most MW_UNB_PLAN_TEXT_MAX bytes: MW_SYNTAX, MW_RANGE, MW_NOT_FOUND (an
 * unknown key), MW_DUPLICATE, MW_LIMIT. `fault` may be NULL and is written on failure only. */
MW_NODISCARD mw_status mw_unb_plan_parse(mw_slice text, mw_unb_plan_fault *fault,
                                         mw_unb_plan *out_plan);

/* Reads a whole file; MW_SPACE when it is larger than the room (mw_file_load on a host). */
typedef mw_status (*mw_unb_plan_reader)(const char *path, mw_span room, size_t *out_n);
/* The plan that the words of a setting name, on a host: a built-in one, or file:PATH. MW_NOT_FOUND,
 * what reading gives, or what parsing says; *out_fault then says why, and means nothing else. */
MW_NODISCARD mw_status mw_unb_plan_of_words(const char *words, mw_unb_plan_reader read,
                                            mw_unb_plan_fault *out_fault, mw_unb_plan *out_plan);

/* ---- Where and when each copy goes -------------------------------------------------------------
 *
 * The first copy's carrier is spread over the usable width (band minus guard) by a public hash of
 * address and counter. The others are displaced from it, in frequency (modulo the usable width) and
 * in time, by row (counter mod 16) of a public table: 16 rows of two displacements, all 48
 * differences distinct, so that a receiver can pair copies none of which it could decode alone. */

#define MW_UNB_HOP_ROWS 16

typedef struct mw_unb_hop {
    uint8_t frequency; /* displacement in 1/256 of the usable width, modulo the width */
    uint16_t gap; /* symbols from the end of the previous copy's last symbol to this one's first */
} mw_unb_hop;

/* Displacement of copy 1 or 2 from copy 0 for counters with the low bits `row`. */
mw_unb_hop mw_unb_hop_of(unsigned row, unsigned copy);

/* The lowest carrier that may be used, and how far above it the highest is: guard for the crystal
 * and for half the signal's width taken off. MW_RANGE when nothing is left. */
MW_NODISCARD mw_status mw_unb_band_usable(const mw_unb_plan *plan, unsigned band, mw_unb_rate rate,
                                          mw_freq *out_low, mw_freq *out_width);

typedef struct mw_unb_slot {
    mw_freq carrier;       /* nominal */
    uint32_t start_symbol; /* from the first symbol of copy 0, in symbols of the rate */
    mw_dur start;          /* the same as time */
} mw_unb_slot;

/* Slot of one copy. `counter` is the full frame counter; only its low 12 bits, which are on the
 * air, are used. MW_RANGE for a copy above 2, a size not allowed at the rate or a rate not allowed
 * in the band. */
MW_NODISCARD mw_status mw_unb_slot_of(const mw_unb_plan *plan, unsigned band, mw_unb_rate rate,
                                      mw_unb_size size, uint32_t address, uint32_t counter,
                                      unsigned copy, mw_unb_slot *out_slot);
/* Carrier of the downlink that answers this uplink, in a band of direction MW_UNB_DOWN: both sides
 * compute it. The station adds the offset that it measured on the uplink. */
MW_NODISCARD mw_status mw_unb_answer_carrier(const mw_unb_plan *plan, unsigned band,
                                             mw_unb_rate rate, uint32_t address, uint32_t counter,
                                             mw_freq *out_carrier);

/* ---- Beacon slots: platform and meter compute the same ---- */

typedef struct mw_unb_beacon_slot {
    mw_utc at; /* offset 0 begins here */
    uint8_t band;
    uint16_t hop;    /* takes the counter's place */
    mw_freq carrier; /* nominal; stations take nobody's crystal error off a beacon */
} mw_unb_beacon_slot;

/* Number of the slot that began last at `t`. The plan must have beacons (beacon.period_s > 0). */
int64_t mw_unb_beacon_number(const mw_unb_plan *plan, mw_utc t);
/* Slot `number` for a group. MW_NOT_FOUND: the plan has no beacons, or no sub-band for them.
 * MW_RANGE: before 1970 or far beyond what a clock may show. */
MW_NODISCARD mw_status mw_unb_beacon_slot_of(const mw_unb_plan *plan, int64_t number,
                                             uint32_t group, mw_unb_beacon_slot *out_slot);
/* The moment at which offset k begins in a slot, and back: MW_NOT_FOUND when `t` is none. */
mw_utc mw_unb_beacon_time(const mw_unb_plan *plan, int64_t number, unsigned offset);
MW_NODISCARD mw_status mw_unb_beacon_offset(const mw_unb_plan *plan, mw_utc t,
                                            unsigned *out_offset);

/* ---- The receiver's side of the table: which copies are these two? ---- */

typedef struct mw_unb_pair {
    mw_unb_size size;
    uint8_t row;    /* the low 4 bits of the frame's counter */
    uint8_t first;  /* copy number of the earlier one: 0 or 1 */
    uint8_t second; /* and of the later one: 1 or 2 */
} mw_unb_pair;

/* Says which two copies of one frame are `step` apart in carrier (later minus earlier, either sign)
 * and `delay` apart between their first symbols, within the tolerances. Both receptions come from
 * the same crystal, so its error cancels; 2 Hz and a quarter of a symbol are ample. MW_NOT_FOUND
 * when no pair fits: then they are not copies of one frame. Limits as mw_unb_slot_of. */
MW_NODISCARD mw_status mw_unb_pair_find(const mw_unb_plan *plan, unsigned band, mw_unb_rate rate,
                                        mw_freq step, mw_dur delay, mw_freq step_tolerance,
                                        mw_dur delay_tolerance, mw_unb_pair *out_pair);

#endif
