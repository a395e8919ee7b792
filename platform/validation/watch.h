/* SPDX-License-Identifier: Apache-2.0
 *
 * The watch: "rate by rate" (platform/vee/outage.h) for every meter of the store. It knows when a
 * meter's next value is due from how it reported lately, tells a station that failed from meters
 * that did, announces at once, puts an estimate into each slot at the time its value would have
 * come, and steps back when the meter returns: the pipeline then replaces or scales the estimates.
 *
 * The look at a meter costs a comparison until something is due. States live in the store; a
 * restart goes on where it was.
 */
#ifndef MW_PLATFORM_VALIDATION_WATCH_H
#define MW_PLATFORM_VALIDATION_WATCH_H

#include "platform/validation/channels.h"

enum {
    MW_VIGIL_STEPS_MAX = 1000,    /* meters that one turn takes further than a comparison */
    MW_VIGIL_READ = 20,           /* what reading one costs, in looks */
    MW_VIGIL_STATIONS_MAX = 4096, /* beyond it hearings tell nothing about stations */
    MW_VIGIL_SILENT_S = 3600,     /* a station that was not in contact so long is silent */
    MW_VIGIL_REPORTS = 8,         /* newest reports from which the usual delay is learned */
};

typedef enum mw_vigil_cause {
    MW_CAUSE_METER = 0,
    MW_CAUSE_STATION = 1, /* all stations that heard it lately have failed */
    MW_CAUSE_FATAL = 2,   /* it said so itself */
} mw_vigil_cause;

/* A change of a meter's or station's state, for the log. Alarms are made from the states themselves
 * (platform/alarms). Valid during the call. */
typedef struct mw_vigil_notice {
    int64_t tenant, channel; /* channel 0: a station */
    const char *kind;        /* "meter_late", "meter_out_of_order", "meter_restored", ... */
    const char *subject, *text;
    mw_utc at;
} mw_vigil_notice;

typedef enum mw_vigil_ask { MW_ASK_PING, MW_ASK_ARCHIVE } mw_vigil_ask;

typedef struct mw_vigil_hooks {
    void *ctx;
    void (*notice)(void *ctx, const mw_vigil_notice *n); /* or NULL */
    /* Asks a meter for a sign of life or for its archive of [from, to); or NULL. Bounded by the
     * other side: what it refuses is not asked again before the next state. */
    void (*ask)(void *ctx, mw_vigil_ask what, const mw_window_channel *c, mw_utc from, mw_utc to,
                mw_utc now);
} mw_vigil_hooks;

typedef struct mw_vigil mw_vigil;

typedef struct mw_vigil_turn {
    uint32_t looked, stepped, estimated_slots, notices;
    uint32_t cost; /* in looks: a meter that had to be read counts MW_VIGIL_READ of them */
    bool more;     /* the round is not finished */
} mw_vigil_turn;

/* Borrowed: store and channels. Loads the meters that are not in order. */
MW_NODISCARD mw_status mw_vigil_new(mw_store *store, mw_channels *channels,
                                    const mw_vigil_hooks *hooks, mw_vigil **out_watch);
void mw_vigil_free(mw_vigil *w);
/* Looks at up to max_looks channels in one transaction; a round begins where the last one ended. */
MW_NODISCARD mw_status mw_vigil_run(mw_vigil *w, mw_utc now, uint32_t max_looks,
                                    mw_vigil_turn *out_turn);
/* For mw_pipeline_new: values of a channel reached further. Inside the pipeline's transaction. */
MW_NODISCARD mw_status mw_vigil_values(void *watch, mw_channel_entry *e, mw_utc now);
/* The meter itself says that it is broken. Inside a transaction. */
MW_NODISCARD mw_status mw_vigil_fatal(mw_vigil *w, int64_t tenant, int64_t channel, mw_utc now);

/* A station as the last whole round saw it; valid during the call. Nobody is told before a round is
 * over. */
typedef struct mw_vigil_station_state {
    int64_t tenant, sender;
    const char *id;
    mw_utc last_contact;
    uint32_t meters, late; /* of those that only it hears */
    bool failed;
} mw_vigil_station_state;
typedef mw_status (*mw_vigil_on_station)(void *ctx, const mw_vigil_station_state *row);
MW_NODISCARD mw_status mw_vigil_stations(const mw_vigil *w, mw_vigil_on_station each, void *ctx);
/* When a device was heard last (MW_UTC_NONE: not in the last days), and whether all stations that
 * heard it have failed. */
void mw_vigil_hearing(mw_vigil *w, int64_t device, mw_utc *out_last, bool *out_failed);

/* Money of an amount in the channel's unit at a price of the book; saturated. */
int64_t mw_vigil_money(const mw_vee_book *b, const mw_window_channel *c, int64_t amount);

#endif
