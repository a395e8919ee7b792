/* SPDX-License-Identifier: Apache-2.0
 *
 * Values in layers, and who changed them.
 *
 *   raw        what the meter reported (and what was imported as its report)
 *   validated  raw, but where a revision of this layer covers an interval, what that says:
 *              estimates, values judged, values withdrawn
 *   final      validated, but where a revision of this layer covers an interval, what that says:
 *              edits and corrections. A locked span no longer follows the layers below: it shows
 *              them as they were known when it was locked.
 *
 * So a layer stores only what differs from the layer below, and a value that nobody touched is
 * stored once. Every revision is kept; nothing is overwritten. All values of a channel, in all
 * layers, are raw counts of its register: multipliers are applied when consumption is read.
 *
 * A revision covers a span inside one UTC day. Within its span it says everything: its rows take
 * the place of every interval below that overlaps the span, and where it has no row there is no
 * value. A span therefore starts and ends at boundaries of the intervals that it replaces; rows may
 * be of another length (an hour split at a meter exchange). Of several revisions of one layer the
 * newest (largest id) that covers a moment counts. MW_REVISION_WITHDRAW gives the span back to the
 * layer below. Only in the raw layer it is the other way round: a revision there (an import) never
 * hides a report of the meter, its rows fill what no report covers.
 */
#ifndef MW_PLATFORM_STORE_RECORDS_VALUES_H
#define MW_PLATFORM_STORE_RECORDS_VALUES_H

#include "platform/store/records.h"

typedef enum mw_layer { MW_LAYER_RAW, MW_LAYER_VALIDATED, MW_LAYER_FINAL, MW_LAYERS } mw_layer;

/* Who made a revision. `who` beside it: a program's part ("settle"), a login, or a method's name.
 */
typedef enum mw_actor {
    MW_ACTOR_SYSTEM = 1,
    MW_ACTOR_USER = 2,
    MW_ACTOR_METHOD = 3, /* an estimator */
} mw_actor;

typedef enum mw_reason {
    MW_REASON_NONE,
    MW_REASON_GAP,          /* a missing value was estimated                  */
    MW_REASON_FAILED_RULE,  /* a value that failed validation was replaced    */
    MW_REASON_RATE_BY_RATE, /* the meter is out of order: value of the slot   */
    MW_REASON_BACKFILL,     /* the meter's own value came after an estimate   */
    MW_REASON_TRUE_UP,      /* scaled to the register that came later         */
    MW_REASON_EXCHANGE,     /* split where meters were exchanged              */
    MW_REASON_REMOVAL,
    MW_REASON_RESET, /* the register was reset or wrapped              */
    MW_REASON_SWAP,  /* cross-installed meters                         */
    MW_REASON_IMPORT,
    MW_REASON_IMPORT_UNDONE,
    MW_REASON_EDIT,       /* a person judged                                */
    MW_REASON_VERIFIED,   /* failed a rule, a person found it right         */
    MW_REASON_CORRECTION, /* after a bill was closed                        */
    MW_REASONS
} mw_reason;

enum {
    MW_STORE_INPUTS_MAX = 512,         /* text that names what an estimate was made from */
    MW_STORE_REVISION_ROWS_MAX = 1440, /* one a minute of a UTC day */
};

typedef enum mw_revision_kind {
    MW_REVISION_SET = 1,
    MW_REVISION_WITHDRAW = 2,
} mw_revision_kind;

/* In which range the truth of an estimated value is expected. */
typedef struct mw_store_prediction {
    int64_t low, high;
} mw_store_prediction;

typedef struct mw_store_revision {
    int64_t id; /* given by the store, ascending in the order of storing over all channels */
    int64_t tenant;
    int64_t channel;
    mw_layer layer;
    mw_revision_kind kind;
    mw_utc from, to; /* whole seconds, from < to, inside one UTC day */
    mw_utc at;       /* t_stored: when this became known to the platform */
    mw_actor actor;
    char who[MW_STORE_ID_MAX];
    mw_reason reason;
    char text[MW_STORE_TEXT_MAX]; /* why, in words; "" = the reason says it */
    uint16_t method;              /* 0 = no estimate; else MW_VEE_E1_.. .. */
    uint16_t method_version;
    char inputs[MW_STORE_INPUTS_MAX]; /* what it was estimated from, "" = nothing */
    int64_t action;                   /* revisions of one action share a number; 0 = alone */
    /* Ascending, starting inside [from, to), not overlapping; the last may end after `to` where
     * `to` is the end of the UTC day. .received and .journal are not used: `at` and `id` take their
     * place. NULL and 0 for WITHDRAW. prediction: one for each row, or NULL. */
    const mw_store_interval *rows;
    const mw_store_prediction *prediction;
    size_t n;
} mw_store_revision;

/* A value as a layer shows it. */
typedef struct mw_store_value {
    mw_store_interval interval; /* .received: of the report, or the revision's .at */
    mw_layer layer;             /* the layer that it comes from */
    int64_t revision;           /* 0 = the meter's report */
    uint16_t method;            /* of the revision, 0 = no estimate */
    bool has_prediction;
    mw_store_prediction prediction;
} mw_store_value;

typedef struct mw_store_values_query {
    int64_t tenant;
    int64_t channel;
    mw_layer layer;
    mw_utc from, to; /* intervals with from <= start < to */
    mw_utc as_of;    /* what was known then (by t_stored); MW_UTC_NONE = now */
} mw_store_values_query;

/* A locked span of the final layer: bills were made from it. Locks of a channel do not overlap. */
typedef struct mw_store_lock {
    int64_t id;
    int64_t tenant;
    int64_t channel;
    mw_utc from, to; /* covers the intervals that start in it */
    mw_utc at;
    /* What was known: filled by the store when the lock is made. */
    int64_t journal;
    int64_t revision;
    char who[MW_STORE_ID_MAX];
    char text[MW_STORE_TEXT_MAX];
} mw_store_lock;

/* Something about a channel's values changed. Readers follow with a cursor (cursor_get, _set). */
typedef struct mw_store_change {
    int64_t id;
    int64_t tenant;
    int64_t channel;
    mw_layer layer;
    bool master; /* the channel's master data changed, not its values */
    mw_utc from, to;
} mw_store_change;

/* What validation found: open until a person or a later run closes it. One open row per (channel,
 * rule, from). */
typedef struct mw_store_exception {
    int64_t id;
    int64_t tenant;
    int64_t channel;
    uint16_t rule;    /* MW_VEE_V01_.. */
    uint8_t severity; /* MW_VEE_FLAG .. MW_VEE_ALARM */
    mw_utc from, to;  /* the intervals concerned; equal = the boundary */
    int64_t input[3]; /* the values that the rule compared */
    int64_t threshold;
    mw_utc found_at;
    mw_utc closed_at; /* MW_UTC_NONE = open */
    char closed_by[MW_STORE_ID_MAX];
    char text[MW_STORE_TEXT_MAX]; /* said when it was closed */
    uint8_t judged;               /* mw_store_judged: what a person decided */
} mw_store_exception;

/* How a finding ended. One that is closed and NOT judged was no longer found. */
typedef enum mw_store_judged {
    MW_JUDGED_NOT = 0,
    MW_JUDGED_ACCEPTED = 1,
    MW_JUDGED_REJECTED = 2,
    MW_JUDGED_EDITED = 3,
} mw_store_judged;

/* What became of the findings of one rule. open + accepted + rejected + edited + gone = found. */
typedef struct mw_store_rule_count {
    uint16_t rule;
    int64_t found, open, accepted, rejected, edited, gone;
    int64_t channels; /* that it was found on */
    mw_utc newest;    /* found_at */
} mw_store_rule_count;

typedef struct mw_store_exception_query {
    int64_t tenant;
    int64_t channel; /* 0 = of all */
    bool open_only;
    uint8_t severity_min;
    bool of_rule; /* only those of .rule */
    uint16_t rule;
    int64_t before; /* rows with a smaller id, newest first; 0 = from the newest */
    uint32_t limit;
} mw_store_exception_query;

/* How a register went from one reading to the next. */
typedef enum mw_register_step {
    MW_REGISTER_FORWARD = 1,
    MW_REGISTER_ROLLOVER = 2,    /* passed its highest reading */
    MW_REGISTER_REVERSE = 3,     /* ran backwards: the difference is negative */
    MW_REGISTER_UNEXPLAINED = 4, /* cannot be consumption and no record says what happened */
} mw_register_step;

/* The account of one span between two register readings:
 * intervals + suspense = difference, always. A span without a row: suspense 0, forward. Units: raw
 * counts. For MW_REGISTER_UNEXPLAINED difference and suspense are 0 - the intervals are carried,
 * nothing is claimed - and state says so. */
typedef struct mw_store_suspense {
    int64_t tenant;
    int64_t channel;
    mw_utc from, to;
    mw_register_step step;
    int64_t difference;
    int64_t intervals; /* sum of the final intervals of the span */
    int64_t suspense;
    mw_utc at; /* when it was settled */
} mw_store_suspense;

#endif
