/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/vee/book.h"

#include <stdio.h>
#include <string.h>

enum { RULE_KEYS = 2 + MW_VEE_THRESHOLDS, MEDIUM_KEYS = 3 };

/* A key that is a member of the book, whatever its width. */
typedef struct member {
    const char *name, *unit;
    size_t offset;
    uint8_t width; /* bytes; 8 is signed, 4 and 1 are not */
    int64_t min, max, preset[MW_VEE_CLASSES];
} member;

#define AT(field) offsetof(mw_vee_book, field), sizeof(((mw_vee_book *)NULL)->field)
#define BOTH(v)                                                                                    \
    { (v), (v) }
#define DAY  86400
#define WEEK (7 * DAY)
#define RUNG(i, v)                                                                                 \
    { "ladder." #i, "rung", AT(ladder.rung[i - 1]), 0, MW_VEE_RUNG_NORM, BOTH(v) }
#define METHOD(i, v)                                                                               \
    { "plan." #i, "method", AT(plan[i - 1]), 0, MW_VEE_E10_PRORATE, BOTH(v) }

static const member members[] = {
    {"outage.slot_s", "s", AT(outage.slot_s), 60, DAY, BOTH(3600)},
    {"outage.usual_delay_s", "s", AT(outage.usual_delay_s), 0, WEEK, BOTH(3600)},
    {"outage.late_slots", "slots", AT(outage.late_slots), 0, 10000, BOTH(3)},
    {"outage.late_s", "s", AT(outage.late_s), 60, 4 * WEEK, BOTH(DAY)},
    {"outage.suspect_s", "s", AT(outage.suspect_s), 0, 8 * WEEK, BOTH(6 * 3600)},
    {"outage.out_s", "s", AT(outage.out_s), 0, 8 * WEEK, BOTH(DAY)},
    {"outage.backfill_s", "s", AT(outage.backfill_s), 0, 8 * WEEK, BOTH(WEEK)},
    {"outage.station_share", "ppm", AT(station_share_ppm), 1, MW_VEE_PPM, BOTH(600000)},
    RUNG(1, MW_VEE_RUNG_LAST_YEAR),
    RUNG(2, MW_VEE_RUNG_MEAN),
    RUNG(3, MW_VEE_RUNG_PROFILE),
    RUNG(4, MW_VEE_RUNG_NORM),
    {"ladder.after_days", "days", AT(ladder_after_days), 1, 366, BOTH(31)},
    {"ladder.mean_least", "months", AT(ladder.mean_least), 1, MW_VEE_MONTHS, BOTH(6)},
    {"ladder.mean_most", "months", AT(ladder.mean_most), 1, MW_VEE_MONTHS, BOTH(12)},
    {"ladder.trend_low", "ppm", AT(ladder.trend_low_ppm), 0, MW_VEE_PPM, BOTH(500000)},
    {"ladder.trend_high", "ppm", AT(ladder.trend_high_ppm), MW_VEE_PPM, 100000000, BOTH(2000000)},
    {"ladder.norm", "ppm", AT(ladder.norm_ppm), 0, 100000000, BOTH(MW_VEE_PPM)},
    {"estimate.linear_max_s", "s", AT(estimate.linear_max_s), 0, WEEK, BOTH(3600)},
    {"estimate.lookback_days", "days", AT(estimate.lookback_days), 1, 366, BOTH(21)},
    {"estimate.lookahead_days", "days", AT(estimate.lookahead_days), 0, 366, BOTH(0)},
    {"estimate.like_days", "days", AT(estimate.like_days), 1, MW_VEE_INPUTS_MAX, BOTH(3)},
    {"estimate.like_least", "days", AT(estimate.like_least), 1, MW_VEE_INPUTS_MAX, BOTH(1)},
    {"estimate.history_days", "days", AT(history_days), 1, 800, BOTH(35)},
    {"estimate.choose", "0/1", AT(choose), 0, 1, BOTH(1)},
    {"estimate.choose_days", "days", AT(choose_days), 1, 366, BOTH(28)},
    {"estimate.choose_trials", "gaps", AT(choose_trials), 1, 256, BOTH(24)},
    METHOD(1, MW_VEE_E1_ALTERNATE),
    METHOD(2, MW_VEE_E2_NODE),
    METHOD(3, MW_VEE_E3_INFERRED),
    METHOD(4, MW_VEE_E4_LINEAR),
    METHOD(5, MW_VEE_E5_LIKE_DAYS),
    METHOD(6, MW_VEE_E6_PROXY_DAY),
    METHOD(7, MW_VEE_E7_PROFILE),
    METHOD(8, MW_VEE_E8_FLAT),
    METHOD(9, MW_VEE_E10_PRORATE),
};
enum { MEMBERS = sizeof members / sizeof members[0] };

static const char *const media[MW_VEE_MEDIA] = {"electricity", "water", "gas", "heat"};

/* Money: round figures in the order of European household prices, to be set by the tenant. Class
 * limits: 3 x 63 A at 230 V, Q3 2.5 m3/h, G4; a commercial connection about ten times that. */
static const mw_vee_medium_book medium_preset[MW_VEE_CLASSES][MW_VEE_MEDIA] = {
    {{250000, -1, 43500}, {4000000, -1, 3125}, {1000000, -1, 6000}, {100000, -1, 50000}},
    {{200000, -1, 435000}, {4000000, -1, 31250}, {800000, -1, 60000}, {90000, -1, 500000}}};

static const struct {
    const char *name, *unit;
    size_t offset;
    int64_t min, max;
} medium_keys[MEDIUM_KEYS] = {
    {"price", "1/1000000 of the currency a kWh or m3", offsetof(mw_vee_medium_book, price), 0,
     INT64_C(1000000000000)},
    {"norm", "Wh or L a month, -1 = none", offsetof(mw_vee_medium_book, norm), -1,
     INT64_C(1000000000000)},
    {"max_per_hour", "Wh or L, 0 = not known", offsetof(mw_vee_medium_book, max_per_hour), 0,
     INT64_C(1000000000000)},
};

/* --- members by width ------------------------------------------------------------------------ */

static int64_t member_get(const void *base, size_t offset, uint8_t width) {
    const uint8_t *at = (const uint8_t *)base + offset;
    if (width == sizeof(int64_t)) {
        int64_t v;
        memcpy(&v, at, sizeof v);
        return v;
    }
    if (width == sizeof(uint32_t)) {
        uint32_t v;
        memcpy(&v, at, sizeof v);
        return v;
    }
    return *at;
}

static void member_set(void *base, size_t offset, uint8_t width, int64_t value) {
    uint8_t *at = (uint8_t *)base + offset;
    if (width == sizeof(int64_t)) {
        memcpy(at, &value, sizeof value);
    } else if (width == sizeof(uint32_t)) {
        uint32_t v = (uint32_t)value;
        memcpy(at, &v, sizeof v);
    } else {
        *at = (uint8_t)value;
    }
}

/* --- keys ------------------------------------------------------------------------------------ */

typedef enum key_kind { KEY_ON, KEY_SEVERITY, KEY_THRESHOLD, KEY_MEMBER, KEY_MEDIUM } key_kind;
typedef struct key_ref {
    key_kind kind;
    uint32_t a, b; /* rule and threshold, member, or medium and its key */
} key_ref;

/* Numbers run over every rule's slots, also those without a threshold. */
static bool ref_at(uint32_t i, key_ref *out) {
    if (i < MW_VEE_RULES * RULE_KEYS) {
        uint32_t k = i % RULE_KEYS;
        *out = (key_ref){k == 0   ? KEY_ON
                         : k == 1 ? KEY_SEVERITY
                                  : KEY_THRESHOLD,
                         i / RULE_KEYS, k < 2 ? 0 : k - 2};
        return true;
    }
    i -= MW_VEE_RULES * RULE_KEYS;
    if (i < MEMBERS) {
        *out = (key_ref){KEY_MEMBER, i, 0};
        return true;
    }
    i -= MEMBERS;
    *out = (key_ref){KEY_MEDIUM, i / MEDIUM_KEYS, i % MEDIUM_KEYS};
    return i < MW_VEE_MEDIA * MEDIUM_KEYS;
}

static bool ref_used(const key_ref *r) {
    return r->kind != KEY_THRESHOLD || mw_vee_rules[r->a].threshold[r->b].name != NULL;
}

static void ref_describe(const key_ref *r, mw_vee_key *k) {
    const mw_vee_rule_info *rule = r->kind <= KEY_THRESHOLD ? &mw_vee_rules[r->a] : NULL;
    *k = (mw_vee_key){.unit = "0/1", .max = 1};
    switch (r->kind) {
    case KEY_ON:
        (void)snprintf(k->name, sizeof k->name, "%s.on", rule->id);
        k->preset[0] = k->preset[1] = rule->on;
        return;
    case KEY_SEVERITY:
        (void)snprintf(k->name, sizeof k->name, "%s.severity", rule->id);
        k->unit = "0 flag, 1 warn, 2 fail, 3 alarm";
        k->max = MW_VEE_ALARM;
        k->preset[0] = k->preset[1] = rule->severity;
        return;
    case KEY_THRESHOLD: {
        const mw_vee_threshold *t = &rule->threshold[r->b];
        (void)snprintf(k->name, sizeof k->name, "%s.%s", rule->id, t->name);
        *k = (mw_vee_key){.unit = t->unit, .min = t->min, .max = t->max};
        (void)snprintf(k->name, sizeof k->name, "%s.%s", rule->id, t->name);
        memcpy(k->preset, t->preset, sizeof k->preset);
        return;
    }
    case KEY_MEMBER: {
        const member *m = &members[r->a];
        *k = (mw_vee_key){.unit = m->unit, .min = m->min, .max = m->max};
        (void)snprintf(k->name, sizeof k->name, "%s", m->name);
        memcpy(k->preset, m->preset, sizeof k->preset);
        return;
    }
    case KEY_MEDIUM:
        *k = (mw_vee_key){.unit = medium_keys[r->b].unit,
                          .min = medium_keys[r->b].min,
                          .max = medium_keys[r->b].max};
        (void)snprintf(k->name, sizeof k->name, "%s.%s", media[r->a], medium_keys[r->b].name);
        for (unsigned c = 0; c < MW_VEE_CLASSES; c++)
            k->preset[c] =
                member_get(&medium_preset[c][r->a], medium_keys[r->b].offset, sizeof(int64_t));
        return;
    }
}

static int64_t ref_get(const mw_vee_book *b, const key_ref *r) {
    switch (r->kind) {
    case KEY_ON:
        return b->rules.rule[r->a].on;
    case KEY_SEVERITY:
        return b->rules.rule[r->a].severity;
    case KEY_THRESHOLD:
        return b->rules.rule[r->a].t[r->b];
    case KEY_MEMBER:
        return member_get(b, members[r->a].offset, members[r->a].width);
    case KEY_MEDIUM:
        return member_get(&b->medium[r->a], medium_keys[r->b].offset, sizeof(int64_t));
    }
    return 0;
}

static void ref_set(mw_vee_book *b, const key_ref *r, int64_t v) {
    switch (r->kind) {
    case KEY_ON:
        b->rules.rule[r->a].on = v != 0;
        return;
    case KEY_SEVERITY:
        b->rules.rule[r->a].severity = (mw_vee_severity)v;
        return;
    case KEY_THRESHOLD:
        b->rules.rule[r->a].t[r->b] = v;
        return;
    case KEY_MEMBER:
        member_set(b, members[r->a].offset, members[r->a].width, v);
        return;
    case KEY_MEDIUM:
        member_set(&b->medium[r->a], medium_keys[r->b].offset, sizeof(int64_t), v);
        return;
    }
}

static bool ref_find(const char *name, key_ref *out_ref, mw_vee_key *out_key) {
    for (uint32_t i = 0; ref_at(i, out_ref); i++) {
        if (!ref_used(out_ref))
            continue;
        ref_describe(out_ref, out_key);
        if (strcmp(out_key->name, name) == 0)
            return true;
    }
    return false;
}

bool mw_vee_key_at(uint32_t i, mw_vee_key *out_key) {
    key_ref r;
    for (uint32_t k = 0; ref_at(k, &r); k++) {
        if (ref_used(&r) && i-- == 0) {
            ref_describe(&r, out_key);
            return true;
        }
    }
    return false;
}

/* --- the book -------------------------------------------------------------------------------- */

void mw_vee_book_preset(mw_vee_class c, mw_vee_book *out) {
    key_ref r;
    mw_vee_key key;
    memset(out, 0, sizeof *out);
    for (uint32_t i = 0; ref_at(i, &r); i++) {
        if (!ref_used(&r))
            continue;
        ref_describe(&r, &key);
        ref_set(out, &r, key.preset[c]);
    }
}

mw_status mw_vee_book_set(mw_vee_book *b, const char *name, int64_t value) {
    key_ref r;
    mw_vee_key key;
    if (!ref_find(name, &r, &key))
        return MW_NOT_FOUND;
    if (value < key.min || value > key.max)
        return MW_RANGE;
    ref_set(b, &r, value);
    return MW_OK;
}

mw_status mw_vee_book_get(const mw_vee_book *b, const char *name, int64_t *out_value) {
    key_ref r;
    mw_vee_key key;
    if (!ref_find(name, &r, &key))
        return MW_NOT_FOUND;
    *out_value = ref_get(b, &r);
    return MW_OK;
}

mw_status mw_vee_book_check(const mw_vee_book *b, const char **out_name) {
    const mw_vee_setting *v10 = &b->rules.rule[MW_VEE_V10_USAGE];
    *out_name = NULL;
    if (v10->t[0] > v10->t[1])
        *out_name = "V10.low";
    if (b->ladder.mean_least > b->ladder.mean_most)
        *out_name = "ladder.mean_least";
    if (b->estimate.like_least > b->estimate.like_days)
        *out_name = "estimate.like_least";
    if (b->estimate.lookback_days > b->history_days)
        *out_name = "estimate.lookback_days";
    bool any = false;
    for (unsigned i = 0; i < MW_VEE_RUNGS; i++) {
        any = any || b->ladder.rung[i] != MW_VEE_RUNG_NONE;
        for (unsigned k = 0; k < i; k++)
            if (b->ladder.rung[i] != MW_VEE_RUNG_NONE && b->ladder.rung[i] == b->ladder.rung[k])
                *out_name = "ladder.1";
    }
    if (!any)
        *out_name = "ladder.1";
    for (unsigned i = 0; i < MW_VEE_PLAN_MAX; i++) {
        /* E9 makes registers, not intervals. */
        if (b->plan[i] == MW_VEE_E9_REGISTER)
            *out_name = "plan.1";
        for (unsigned k = 0; k < i; k++)
            if (b->plan[i] != MW_VEE_NO_METHOD && b->plan[i] == b->plan[k])
                *out_name = "plan.1";
    }
    return *out_name == NULL ? MW_OK : MW_RANGE;
}

/* Whether row a takes the place of row b of the same key. */
static bool goes_before(const mw_vee_dated *a, const mw_vee_dated *b) {
    bool for_class = a->class != MW_VEE_ALL_CLASSES;
    bool other = b->class != MW_VEE_ALL_CLASSES;
    return for_class != other ? for_class : a->from.us >= b->from.us;
}

mw_status mw_vee_book_at(const mw_vee_dated *row, size_t n, mw_vee_class c, mw_utc at,
                         mw_vee_book *out_book, size_t *out_unknown) {
    mw_vee_book book;
    size_t unknown = 0;
    const char *fault = NULL;
    mw_vee_book_preset(c, &book);
    for (size_t i = 0; i < n; i++) {
        const mw_vee_dated *best = NULL;
        bool former = false;
        for (size_t k = 0; k < n; k++) {
            const mw_vee_dated *d = &row[k];
            if (strcmp(d->name, row[i].name) != 0)
                continue;
            former = former || k < i;
            if ((d->class != (uint8_t)c && d->class != MW_VEE_ALL_CLASSES) || d->from.us > at.us)
                continue;
            if (best == NULL || goes_before(d, best))
                best = d;
        }
        if (former)
            continue;
        mw_status s = best == NULL ? MW_OK : mw_vee_book_set(&book, best->name, best->value);
        unknown += s == MW_NOT_FOUND;
        if (s != MW_OK && s != MW_NOT_FOUND)
            return s;
    }
    MW_TRY(mw_vee_book_check(&book, &fault));
    *out_book = book;
    *out_unknown = unknown;
    return MW_OK;
}

/* --- names ----------------------------------------------------------------------------------- */

const char *mw_vee_medium_name(mw_vee_medium m) {
    return (unsigned)m < MW_VEE_MEDIA ? media[m] : "unknown";
}

mw_status mw_vee_medium_of(const char *name, mw_vee_medium *out) {
    for (unsigned i = 0; i < MW_VEE_MEDIA; i++) {
        if (strcmp(media[i], name) == 0) {
            *out = (mw_vee_medium)i;
            return MW_OK;
        }
    }
    return MW_NOT_FOUND;
}

static const char *const classes[MW_VEE_CLASSES] = {"residential", "commercial"};

const char *mw_vee_class_name(mw_vee_class c) {
    return (unsigned)c < MW_VEE_CLASSES ? classes[c] : "all";
}

mw_status mw_vee_class_of(const char *name, mw_vee_class *out) {
    for (unsigned i = 0; i < MW_VEE_CLASSES; i++) {
        if (strcmp(classes[i], name) == 0) {
            *out = (mw_vee_class)i;
            return MW_OK;
        }
    }
    return MW_NOT_FOUND;
}
