/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the alarm engine: engine.c opens and closes, follow.c looks at what arrived, silence.c at
 * what did not, act.c does what people say.
 */
#ifndef MW_PLATFORM_ALARMS_INTERNAL_H
#define MW_PLATFORM_ALARMS_INTERNAL_H

#include "platform/alarms/alarms.h"
#include "platform/alarms/flow.h"
#include "runtime/json_writer.h"

/* Who says that a condition holds. An alarm ends when nobody says so any more. */
enum {
    MW_SAYS_VALUES = 1 << 0,
    MW_SAYS_STATUS = 1 << 1,
    MW_SAYS_SIGN = 1 << 2,
    MW_SAYS_WATCH = 1 << 3,
    MW_SAYS_ALL = 15,
};

/* An alarm that is not closed, or one to come whose hold time is running (id 0). */
typedef struct mw_alarm_entry {
    int64_t tenant; /* 0 = empty place, -1 = a place that was emptied */
    int64_t id;
    int64_t channel, root, members, value;
    mw_utc since;       /* opened, or first seen when id is 0 */
    mw_utc last, noted; /* seen last; written last */
    mw_utc clearing, snoozed;
    uint32_t round;
    uint8_t rule, severity, says;
    char subject[MW_STORE_ID_MAX];
} mw_alarm_entry;

typedef struct mw_alarm_group {
    int64_t tenant;
    uint8_t medium;
    int64_t day;
    uint32_t judged, idle;
} mw_alarm_group;

/* Closed alarms whose members do not stand for themselves yet. */
enum { MW_ALARM_GROUPS = 64, MW_ALARM_STATIONS = 4096, MW_ALARM_ORPHANED = 64 };

typedef struct mw_alarm_station {
    int64_t tenant, members;
    char id[MW_STORE_ID_MAX];
} mw_alarm_station;

struct mw_alarms {
    mw_alarms_options o;
    mw_alarm_book book;
    mw_alarm_entry *slot; /* open addressing */
    size_t slots, used, live;
    mw_alarm_notice notice[MW_ALARMS_NOTICES_MAX];
    size_t notices;
    mw_alarms_turn *turn;
    uint32_t limit; /* of one turn, of each source */
    int64_t data_version;
    /* the round over meters that are not in order */
    int64_t at;
    uint32_t round;
    mw_alarm_station station[MW_ALARM_STATIONS]; /* with members, of the running round */
    size_t stations;
    bool ending;   /* the round: those that it did not meet are looked at, */
    size_t end_at; /* from this place of the index on */
    size_t swept;  /* place of the index where the timers go on */
    int64_t orphaned[MW_ALARM_ORPHANED];
    size_t orphaned_n;
    mw_alarm_group group[MW_ALARM_GROUPS]; /* how neighbours do, by day */
    mw_flow flow;
};

/* What a turn takes of a source that never gives more than `most`. */
static inline uint32_t mw_alarms_share(const mw_alarms *a, uint32_t most) {
    return a->limit < most ? a->limit : most;
}
/* n of them were there: when that is all that was allowed, there may be more. */
static inline void mw_alarms_had(mw_alarms *a, uint32_t n, uint32_t limit) {
    a->turn->most = n > a->turn->most ? n : a->turn->most;
    a->turn->more = a->turn->more || n >= limit;
}

/* One look at a condition. */
typedef struct mw_alarm_look {
    int64_t tenant;
    mw_alarm_rule_id rule;
    const char *subject;
    int64_t channel, device;
    const char *station; /* NULL = none */
    const mw_alarm_values *values;
    uint8_t says;
    mw_utc at; /* when it was so */
    mw_utc now;
    int64_t value, threshold, members, root;
    const char *inputs; /* JSON object */
} mw_alarm_look;

/* It holds. */
MW_NODISCARD mw_status mw_alarm_holds(mw_alarms *a, const mw_alarm_look *l);
/* It does not hold as far as l->says can tell. */
MW_NODISCARD mw_status mw_alarm_over(mw_alarms *a, const mw_alarm_look *l);
mw_alarm_entry *mw_alarm_find(mw_alarms *a, int64_t tenant, mw_alarm_rule_id rule,
                              const char *subject);
/* Explained by another alarm from now on (0 = no longer). */
MW_NODISCARD mw_status mw_alarm_group_set(mw_alarms *a, mw_alarm_entry *e, int64_t root,
                                          mw_utc now);
MW_NODISCARD mw_status mw_alarm_close(mw_alarms *a, mw_alarm_entry *e, const char *who,
                                      const char *why, mw_utc now);
/* A line of history, and the notice that goes out. */
MW_NODISCARD mw_status mw_alarm_note(mw_alarms *a, const mw_store_alarm *row, const char *who,
                                     const char *what, const char *text, mw_utc now);
/* Hold, clear and snooze times that ran out. */
MW_NODISCARD mw_status mw_alarm_timers(mw_alarms *a, mw_utc now);
MW_NODISCARD mw_status mw_alarms_load(mw_alarms *a);

/* follow.c, silence.c: one bounded part each; set turn->more. */
MW_NODISCARD mw_status mw_alarms_follow_values(mw_alarms *a, mw_utc now);
MW_NODISCARD mw_status mw_alarms_follow_frames(mw_alarms *a, mw_utc now);
MW_NODISCARD mw_status mw_alarms_follow_events(mw_alarms *a, mw_utc now);
MW_NODISCARD mw_status mw_alarms_follow_signs(mw_alarms *a, mw_utc now);
MW_NODISCARD mw_status mw_alarms_watch(mw_alarms *a, mw_utc now);

/* Hours of a channel up to `end`, in thousandths of L or Wh; false when its unit is neither. */
bool mw_flow_reads(const mw_window_channel *c);
MW_NODISCARD mw_status mw_flow_read(mw_store *store, const mw_window_channel *c, mw_utc end,
                                    mw_flow *out);
int64_t mw_flow_milli(const mw_window_channel *c, int64_t value);

/* A JSON object into a text; what does not fit gives "{}". */
typedef struct mw_alarm_text {
    mw_buffer buffer;
    mw_json json;
} mw_alarm_text;
void mw_alarm_text_begin(mw_alarm_text *t);
void mw_alarm_text_end(mw_alarm_text *t, char out[MW_STORE_ALARM_JSON]);

#endif
