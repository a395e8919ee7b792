/* SPDX-License-Identifier: Apache-2.0
 *
 * What the two files of the schedule share.
 */
#ifndef MW_STATION_SCHEDULE_INTERNAL_H
#define MW_STATION_SCHEDULE_INTERNAL_H

#include "station/schedule.h"

#define SCHEDULE_DONE_MAX    4096u
#define SCHEDULE_OFFSETS     4096u
#define SCHEDULE_GUESSES_MAX 8u
#define SCHEDULE_CHANCES_MAX (MW_SCHEDULE_ENTRIES_MAX + MW_SCHEDULE_HEARD_MAX)

typedef struct schedule_entry {
    mw_downlink d;
    uint64_t order;     /* of arrival */
    bool told;          /* since the last hello */
    bool in_flight;     /* decided, its result comes when it is over */
    bool claimed;       /* within one pass of planning */
    bool no_duty;       /* the duty was what prevented it last */
    mw_utc soonest;     /* then: when it could have been sent */
    const char *missed; /* what else prevented it last; "" = nothing was heard */
} schedule_entry;

/* Which copy was heard, perhaps. */
typedef struct schedule_guess {
    uint8_t copy;
    mw_utc first;       /* then copy 0 began here */
    int32_t offset_ppb; /* and the meter's carrier is off by this */
    mw_freq nominal;
} schedule_guess;

typedef struct schedule_heard {
    mw_schedule_uplink u; /* the first copy that was heard */
    uint64_t seq[MW_UNB_COPIES_MAX];
    schedule_guess guess[SCHEDULE_GUESSES_MAX];
    uint8_t guesses;
    mw_utc until; /* no window after this */
    bool answered;
} schedule_heard;

/* A burst that could be sent: an entry with a window. */
typedef struct schedule_chance {
    schedule_entry *entry;
    schedule_heard *heard; /* NULL: broadcast */
    mw_utc start, latest;  /* of the first symbol */
    int64_t tail_us;       /* of the pulse, before the first symbol */
    int64_t length_us;
    unsigned band;
    mw_freq carrier;
    bool placed;
} schedule_chance;

typedef struct schedule_known_offset {
    uint32_t address;
    int32_t ppb;
} schedule_known_offset;

struct mw_schedule {
    mw_schedule_config config;
    schedule_entry entries[MW_SCHEDULE_ENTRIES_MAX]; /* the first entries_n */
    size_t entries_n;
    uint64_t order;
    schedule_heard heard[MW_SCHEDULE_HEARD_MAX];
    size_t heard_next, heard_n;
    schedule_known_offset offsets[SCHEDULE_OFFSETS]; /* by address modulo */
    struct {
        uint64_t id;
        mw_utc expires_at;
    } done[SCHEDULE_DONE_MAX];
    size_t done_next;
    mw_downlink_result results[MW_SCHEDULE_RESULTS_MAX];
    size_t results_first, results_n;
    schedule_chance chances[SCHEDULE_CHANCES_MAX];
    size_t chances_n;
    mw_utc promised; /* nothing that is not decided begins before this */
    mw_utc busy;     /* end of the last decided burst, guard included */
};

/* The length of a burst on the air, rounded up, and the pulse's part before the first symbol. */
int64_t schedule_length_us(mw_unb_rate rate, mw_unb_size size);
int64_t schedule_tail_us(mw_unb_rate rate);
/* Lists all chances that begin at `promised` or later and places them by priority. */
void schedule_plan(mw_schedule *s);
/* Window of the answer to a heard frame, if the meter sends it `copies` times. False when the copy
 * that was heard cannot have been one of them. */
bool schedule_window(const mw_schedule *s, const schedule_heard *h, unsigned copies,
                     mw_utc *out_open, const schedule_guess **out_guess);

#endif
