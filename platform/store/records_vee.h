/* SPDX-License-Identifier: Apache-2.0
 *
 * What validation and estimation keep besides the values themselves: dated settings, meters that
 * are not in order, judgements of people, learned choices of estimators, and corrections of what
 * was billed.
 */
#ifndef MW_PLATFORM_STORE_RECORDS_VEE_H
#define MW_PLATFORM_STORE_RECORDS_VEE_H

#include "platform/store/records.h"

enum {
    MW_STORE_VEE_NAME_MAX = 32,
    MW_STORE_VEE_CHOICE_MAX = 4096, /* bytes of a learned choice */
    MW_STORE_ALL_CLASSES = 255,
};

/* One value of a setting from a moment on. */
typedef struct mw_store_vee_setting {
    int64_t tenant;
    char name[MW_STORE_VEE_NAME_MAX];
    uint8_t class; /* mw_vee_class, or MW_STORE_ALL_CLASSES */
    mw_utc from;
    int64_t value;
    mw_utc set_at;
    char set_by[MW_STORE_ID_MAX];
} mw_store_vee_setting;

/* A meter that is not in order (platform/vee/outage.h); a meter without a row is. */
typedef struct mw_store_vee_meter {
    int64_t tenant;
    int64_t channel;
    uint8_t state;                 /* mw_vee_state */
    uint8_t cause;                 /* mw_vigil_cause: the meter, its station, a fatal status */
    mw_utc since;                  /* of the state */
    mw_utc silent;                 /* end of the last value of the meter when it fell silent */
    mw_utc filled;                 /* end of the last slot with a value or an estimate */
    mw_utc valued;                 /* end of the last slot with a value of the meter */
    char station[MW_STORE_ID_MAX]; /* that failed with it, or heard it last; "" = not known */
    int64_t day_use;               /* average day before, in the channel's unit */
    int64_t risk_per_day;          /* money lost a day when nothing is estimated */
    int64_t slots;                 /* estimated so far, their sum and what it may be */
    int64_t estimated, low, high;
} mw_store_vee_meter;

typedef enum mw_store_verdict_kind {
    MW_VERDICT_ACCEPTED = 1, /* failed a rule and is right */
    MW_VERDICT_REJECTED = 2, /* is wrong, whether a rule says so or not */
} mw_store_verdict_kind;

/* A person's judgement of the values of a span. The newest of a span counts. */
typedef struct mw_store_verdict {
    int64_t id; /* given by the store */
    int64_t tenant;
    int64_t channel;
    mw_utc from, to;
    mw_store_verdict_kind kind;
    mw_utc at;
    char who[MW_STORE_ID_MAX];
    char text[MW_STORE_TEXT_MAX];
} mw_store_verdict;

/* What changed in a closed span after it was closed. Rows are only added: the closed sum and all
 * corrections of a lock together are what is known now. */
typedef struct mw_store_correction {
    int64_t id; /* given by the store */
    int64_t tenant;
    int64_t channel;
    int64_t lock;    /* which closing */
    mw_utc from, to; /* the closed span */
    int64_t was;     /* its sum as closed and corrected so far */
    int64_t now;     /* its sum as known now */
    mw_utc at;
    char text[MW_STORE_TEXT_MAX];
} mw_store_correction;

/* Where else a channel's values can be drawn from (estimators E1, E2, E3, E6). */
typedef enum mw_store_source_kind {
    MW_SOURCE_CHECK = 1,       /* a check meter of the same flow */
    MW_SOURCE_INFERRED = 2,    /* an operational system's figure of the same flow */
    MW_SOURCE_NODE_IN = 3,     /* flows into the node that feeds it ... */
    MW_SOURCE_NODE_OUT = 4,    /* ... and the others out of it */
    MW_SOURCE_TEMPERATURE = 5, /* outdoor temperature, whose daily mean picks a proxy day */
    MW_SOURCE_KINDS
} mw_store_source_kind;

enum { MW_STORE_SOURCES_MAX = 64 }; /* of one channel */

typedef struct mw_store_source {
    int64_t tenant;
    int64_t channel;
    mw_store_source_kind kind;
    int64_t source; /* the other channel */
} mw_store_source;

/* How a class uses a medium over the hours of a working day, a Saturday, and a Sunday or holiday,
 * from a moment on; only the ratios of the weights matter. */
typedef struct mw_store_profile {
    int64_t tenant;
    uint8_t medium; /* mw_vee_medium */
    uint8_t class;  /* mw_vee_class */
    mw_utc from;
    int64_t weight[3][24];
    mw_utc set_at;
    char set_by[MW_STORE_ID_MAX];
} mw_store_profile;

/* One hearing of a device by a sender. */
typedef struct mw_store_hearing {
    int64_t tenant;
    int64_t device;
    int64_t sender;
    int64_t journal;
    mw_utc received;
} mw_store_hearing;

/* A channel with how far its values are known. */
typedef struct mw_store_channel_newest {
    int64_t tenant;
    int64_t channel;
    int64_t device;
    mw_utc newest; /* t_meter of its newest reading, MW_UTC_NONE = none yet */
} mw_store_channel_newest;

#endif
