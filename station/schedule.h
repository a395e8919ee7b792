/* SPDX-License-Identifier: Apache-2.0
 *
 * Which downlink is sent when: the pure part of the station's transmitter (docs/spec/downlink.md).
 *
 *   entries (from the platform) + uplinks heard -> bursts in order of time, one at a time
 *
 * Time is that of the samples: `now` is the moment up to which samples were taken. A burst is
 * decided `lead` before it begins and never changed afterwards; what becomes known later than that
 * is late. Better priorities choose first, in time and in duty; then earlier ones. Bursts never
 * overlap: there is one transmitter, and while it sends the station hears nothing.
 *
 * No clock, no thread, no files but the airtime book's.
 */
#ifndef MW_STATION_SCHEDULE_H
#define MW_STATION_SCHEDULE_H

#include "station/airtime.h"

#define MW_SCHEDULE_ENTRIES_MAX 1024u
#define MW_SCHEDULE_HEARD_MAX   2048u /* uplinks of the last half minute and more */
#define MW_SCHEDULE_RESULTS_MAX 2048u
#define MW_SCHEDULE_REASON_MAX  121u
/* Silence kept between two bursts, and around them for the receiver. */
#define MW_SCHEDULE_GUARD_US 10000

typedef enum mw_downlink_mode {
    MW_DOWNLINK_ANSWER,
    MW_DOWNLINK_TIMED,
    MW_DOWNLINK_BROADCAST,
} mw_downlink_mode;

/* One entry of the platform; section 2 of the specification. */
typedef struct mw_downlink {
    uint64_t id;
    mw_downlink_mode mode;
    uint32_t air_address;
    mw_unb_rate rate;
    mw_unb_size size;
    uint8_t payload[MW_UNB_PAYLOAD_MAX];
    uint8_t copies;         /* answer, timed: of the uplink */
    uint64_t answers_epoch; /* timed: the spool ... */
    uint64_t answers_seq;   /* ... and the number of the uplink in it */
    mw_utc at;              /* timed, broadcast */
    uint16_t hop;           /* broadcast */
    uint8_t band;           /* broadcast */
    uint8_t priority;       /* 0 is the best */
    mw_utc expires_at;
} mw_downlink;

typedef enum mw_downlink_state {
    MW_DOWNLINK_SENT,
    MW_DOWNLINK_TOO_LATE,
    MW_DOWNLINK_NO_DUTY,
    MW_DOWNLINK_EXPIRED,
    MW_DOWNLINK_REFUSED,
    MW_DOWNLINK_CANCELLED,
    MW_DOWNLINK_STATE_COUNT
} mw_downlink_state;

const char *mw_downlink_state_name(mw_downlink_state s);

typedef struct mw_downlink_result {
    uint64_t id;
    mw_downlink_state state;
    mw_utc at;
    mw_freq frequency; /* 0 unless sent */
    mw_unb_rate rate;
    char reason[MW_SCHEDULE_REASON_MAX];
} mw_downlink_result;

/* An uplink frame, one copy of it. */
typedef struct mw_schedule_uplink {
    uint32_t address;
    uint16_t counter; /* its low 12 bits */
    mw_unb_rate rate;
    mw_unb_size size;
    mw_utc start; /* of its first symbol */
    mw_freq frequency;
} mw_schedule_uplink;

/* A burst that is decided. */
typedef struct mw_schedule_burst {
    uint64_t id;
    mw_utc start;
    int64_t length_us; /* pulse tails included */
    mw_freq carrier;
    unsigned band;
    mw_unb_rate rate;
    mw_unb_size size;
    uint8_t payload[MW_UNB_PAYLOAD_MAX];
} mw_schedule_burst;

typedef struct mw_schedule mw_schedule;

typedef struct mw_schedule_config {
    const mw_unb_plan *plan; /* borrowed */
    mw_airtime *airtime;     /* borrowed */
    uint64_t epoch;          /* of the spool, for timed entries */
    mw_dur lead;             /* 100 ms .. 1500 ms */
} mw_schedule_config;

MW_NODISCARD mw_status mw_schedule_new(const mw_schedule_config *config,
                                       mw_schedule **out_schedule);
void mw_schedule_free(mw_schedule *s);

/* A new entry. Known ids change nothing (they are marked as told). What can never be sent gets its
 * result at once, with the moment at which it could. */
void mw_schedule_add(mw_schedule *s, const mw_downlink *d, mw_utc now);
/* An entry that was not understood: its id could be read. */
void mw_schedule_refuse(mw_schedule *s, uint64_t id, const char *reason, mw_utc now);
void mw_schedule_cancel(mw_schedule *s, uint64_t id, mw_utc now);
/* The platform tells its whole state anew: between these, entries that are not added again are
 * forgotten. */
void mw_schedule_hello(mw_schedule *s);
void mw_schedule_synced(mw_schedule *s);
/* A copy of an uplink was received. Later copies of the same frame settle which copy it was. */
void mw_schedule_heard(mw_schedule *s, const mw_schedule_uplink *u);
/* The spool's number of a received frame, known a little later. */
void mw_schedule_numbered(mw_schedule *s, const mw_schedule_uplink *u, uint64_t seq);
/* The next burst that must be decided now; false when there is none. It is booked and synced: the
 * caller hands it to the radio at once and says with mw_schedule_done how that went. */
bool mw_schedule_next(mw_schedule *s, mw_utc now, mw_schedule_burst *out_burst);
/* The burst is over (or failed, state TOO_LATE or REFUSED with a reason). */
void mw_schedule_done(mw_schedule *s, const mw_schedule_burst *burst, mw_downlink_state state,
                      const char *reason);
/* After mw_schedule_next said false: no burst that is not out yet begins before this. */
mw_utc mw_schedule_watermark(const mw_schedule *s);
/* The oldest result, which stays until it is dropped. */
bool mw_schedule_result(const mw_schedule *s, mw_downlink_result *out_result);
void mw_schedule_result_drop(mw_schedule *s);

size_t mw_schedule_entries(const mw_schedule *s);

#endif
