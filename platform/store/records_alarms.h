/* SPDX-License-Identifier: Apache-2.0
 *
 * Signs, alarms and what is told about them.
 *
 *   sign    something seen while decoding, taking in or folding (records.h): a fact, never closed
 *   alarm   what a rule of platform/alarms makes of values, states and signs: opened once for a
 *           subject, kept while its condition holds, worked on by people, closed
 *   note    one line of an alarm's history: what happened, when, by whom
 *   setting a threshold of a rule for all, for a class, or for one channel
 *   delivery  a message about alarms to a recipient: stored before it is sent
 */
#ifndef MW_PLATFORM_STORE_RECORDS_ALARMS_H
#define MW_PLATFORM_STORE_RECORDS_ALARMS_H

#include "platform/store/records.h"

enum {
    MW_STORE_RULE_MAX = 32, /* name of a rule or of one of its thresholds */
    MW_STORE_LANGUAGE_MAX = 8,
    MW_STORE_ALARM_JSON = 1024,  /* inputs of an alarm */
    MW_STORE_MESSAGE_MAX = 8192, /* body of a delivery */
    MW_STORE_URL_MAX = 512,
    MW_STORE_ALARM_NO_CLASS = 255,
};

typedef enum mw_store_alarm_state {
    MW_ALARM_OPEN = 1,
    MW_ALARM_ACKNOWLEDGED = 2,
    MW_ALARM_CLOSED = 3,
} mw_store_alarm_state;

typedef struct mw_store_alarm {
    int64_t id; /* given by the store */
    int64_t tenant;
    char rule[MW_STORE_RULE_MAX];
    char subject[MW_STORE_ID_MAX]; /* "channel/12", "device/7", "station/st-1", "address/..." */
    int64_t version;               /* of the rule's settings when it was opened */
    int64_t channel, device;       /* 0 = none */
    char station[MW_STORE_ID_MAX]; /* "" = none */
    uint8_t severity;              /* mw_alarm_severity (platform/alarms/rules.h) */
    mw_store_alarm_state state;
    int64_t value, threshold; /* what the rule compared, in its unit */
    int64_t members;          /* meters that it silences, 0 = itself alone */
    int64_t root;             /* the alarm that explains it, 0 = none */
    int64_t count;            /* how often it was seen */
    mw_utc opened_at, last_at;
    mw_utc clearing_at; /* since when its condition no longer holds, MW_UTC_NONE = holds */
    mw_utc closed_at;
    char closed_by[MW_STORE_ID_MAX]; /* "" = its condition was over */
    char assignee[MW_STORE_ID_MAX];
    mw_utc acknowledged_at;
    char acknowledged_by[MW_STORE_ID_MAX];
    mw_utc snoozed_until;
    char inputs[MW_STORE_ALARM_JSON]; /* JSON object: what it was opened from */
    char latest[MW_STORE_ALARM_JSON]; /* the same as known last */
} mw_store_alarm;

/* A condition that holds, not long enough yet for an alarm. */
typedef struct mw_store_alarm_hold {
    int64_t tenant;
    char rule[MW_STORE_RULE_MAX];
    char subject[MW_STORE_ID_MAX];
    int64_t channel; /* 0 = none */
    uint8_t says;    /* who said so (platform/alarms/internal.h) */
    mw_utc since;
} mw_store_alarm_hold;

typedef struct mw_store_alarm_note {
    int64_t id; /* given by the store */
    int64_t tenant;
    int64_t alarm;
    mw_utc at;
    char who[MW_STORE_ID_MAX];    /* "" = the platform */
    char what[MW_STORE_RULE_MAX]; /* opened, changed, acknowledged, ... */
    char text[MW_STORE_TEXT_MAX];
} mw_store_alarm_note;

typedef struct mw_store_alarm_query {
    int64_t tenant;
    unsigned states;      /* bits 1 << mw_store_alarm_state; 0 = open and acknowledged */
    uint8_t severity_min; /* 0 = all */
    const char *rule;     /* NULL = all */
    const char *assignee; /* NULL = all */
    int64_t channel;      /* 0 = all */
    int64_t root;         /* alarms explained by this one; 0 = those without a root, -1 = all */
    int64_t before;       /* id; 0 = from the newest */
    uint32_t limit;       /* 1..MW_STORE_PAGE_MAX */
} mw_store_alarm_query;

typedef struct mw_store_alarm_setting {
    int64_t tenant;
    char rule[MW_STORE_RULE_MAX];
    char name[MW_STORE_RULE_MAX];
    uint8_t class;   /* mw_vee_class, MW_STORE_ALARM_NO_CLASS = all */
    int64_t channel; /* 0 = not of one channel */
    int64_t value;
    int64_t version; /* of the rule since this change */
    mw_utc at;
    char who[MW_STORE_ID_MAX];
    char reason[MW_STORE_TEXT_MAX];
    bool removed; /* in the history only: the setting was taken back */
} mw_store_alarm_setting;

typedef struct mw_store_alarm_count {
    char rule[MW_STORE_RULE_MAX];
    uint8_t severity;
    mw_store_alarm_state state;
    bool snoozed;
    int64_t alarms;
} mw_store_alarm_count;

/* How much of a local day had arrived by a moment after it. */
typedef struct mw_store_collection {
    int64_t tenant;
    int64_t day;                 /* local, days since 1970 */
    uint8_t mark;                /* mw_collection_mark (platform/alarms/collection.h) */
    mw_utc at;                   /* when it was counted */
    int64_t expected, collected; /* intervals */
    int64_t meters, missing;     /* missing: meters of which something lacked */
    int64_t by_meter, by_radio, by_station, by_backhaul; /* of those missing */
} mw_store_collection;

typedef enum mw_store_recipient_kind {
    MW_RECIPIENT_EMAIL = 1,
    MW_RECIPIENT_WEBHOOK = 2,
} mw_store_recipient_kind;

typedef struct mw_store_recipient {
    int64_t tenant;
    char id[MW_STORE_ID_MAX];
    char name[MW_STORE_NAME_MAX];
    mw_store_recipient_kind kind;
    char target[MW_STORE_URL_MAX]; /* an address of e-mail, or a URL */
    bool on;
    uint8_t severity_min;
    char rules[MW_STORE_TEXT_MAX]; /* names with spaces between; "" = all */
    char area[MW_STORE_ID_MAX];    /* "" = all */
    bool escalated_only;           /* told only what others did not acknowledge */
    int64_t quiet_from, quiet_to;  /* minutes of the local day; equal = no quiet hours */
    uint8_t quiet_severity;        /* from this severity on quiet hours do not count */
    char time_zone[MW_STORE_ID_MAX];
    char language[MW_STORE_LANGUAGE_MAX]; /* of e-mails: en bg de fr es ru */
    int64_t digest_s;                     /* messages are gathered for so long; 0 = at once */
    int64_t escalate_s;                   /* not acknowledged for so long: ... 0 = never */
    char escalate_to[MW_STORE_ID_MAX];    /* ... this recipient is told */
    int64_t secret;                       /* generation of a webhook's secret */
    mw_utc changed_at;
    char changed_by[MW_STORE_ID_MAX];
} mw_store_recipient;

typedef enum mw_store_delivery_state {
    MW_DELIVERY_WAITING = 1,
    MW_DELIVERY_SENT = 2,
    MW_DELIVERY_DEAD = 3,    /* given up; may be sent again by a person */
    MW_DELIVERY_DROPPED = 4, /* no longer of interest: the alarm was closed or acknowledged */
} mw_store_delivery_state;

/* Times of deliveries are the machine's. */
typedef struct mw_store_delivery {
    int64_t id; /* given by the store */
    int64_t tenant;
    char recipient[MW_STORE_ID_MAX];
    int64_t alarm;                /* 0 = none (a test) */
    char what[MW_STORE_RULE_MAX]; /* opened, closed, escalated, test */
    mw_store_delivery_state state;
    mw_utc created, due;
    mw_utc done; /* MW_UTC_NONE = not yet */
    int64_t attempts;
    char error[MW_STORE_TEXT_MAX];
} mw_store_delivery;

#endif
