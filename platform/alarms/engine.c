/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/alarms/internal.h"

enum {
    DAY_S = 86400,
    NOTED_AGAIN_S = 3600, /* how often what changes of an open alarm is written at most */
    SWEEP = 20000,        /* places of the index looked at by one turn */
};

static int64_t later_by(mw_utc now, mw_utc then) {
    return (now.us - then.us) / MW_US_PER_S;
}

/* --- the index ------------------------------------------------------------------------------- */

static uint64_t hash_of(int64_t tenant, unsigned rule, const char *subject) {
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ (uint64_t)tenant ^ (uint64_t)rule << 32;
    for (const char *p = subject; *p != 0; p++)
        h = (h ^ (uint8_t)*p) * UINT64_C(0x100000001b3);
    return h ^ h >> 29;
}

mw_alarm_entry *mw_alarm_find(mw_alarms *a, int64_t tenant, mw_alarm_rule_id rule,
                              const char *subject) {
    if (a->slots == 0)
        return NULL;
    size_t i = (size_t)hash_of(tenant, rule, subject) & (a->slots - 1);
    for (; a->slot[i].tenant != 0; i = (i + 1) & (a->slots - 1))
        if (a->slot[i].tenant == tenant && a->slot[i].rule == rule &&
            strcmp(a->slot[i].subject, subject) == 0)
            return &a->slot[i];
    return NULL;
}

static size_t free_place(const mw_alarm_entry *slot, size_t slots, const mw_alarm_entry *e) {
    size_t i = (size_t)hash_of(e->tenant, e->rule, e->subject) & (slots - 1);
    while (slot[i].tenant > 0)
        i = (i + 1) & (slots - 1);
    return i;
}

static mw_status index_grow(mw_alarms *a) {
    size_t slots = 256;
    while (slots < a->live * 4)
        slots *= 2;
    mw_alarm_entry *slot = calloc(slots, sizeof *slot);
    if (slot == NULL)
        return MW_NOMEM;
    for (size_t i = 0; i < a->slots; i++)
        if (a->slot[i].tenant > 0)
            slot[free_place(slot, slots, &a->slot[i])] = a->slot[i];
    free(a->slot);
    a->slot = slot;
    a->slots = slots;
    a->used = a->live;
    a->swept = 0;
    return MW_OK;
}

static mw_status index_add(mw_alarms *a, const mw_alarm_entry *e, mw_alarm_entry **out) {
    if (a->live >= MW_ALARMS_OPEN_MAX)
        return MW_LIMIT;
    if ((a->used + 1) * 4 >= a->slots * 3)
        MW_TRY(index_grow(a));
    size_t i = free_place(a->slot, a->slots, e);
    a->used += a->slot[i].tenant == 0;
    a->slot[i] = *e;
    a->live++;
    *out = &a->slot[i];
    return MW_OK;
}

static void index_drop(mw_alarms *a, mw_alarm_entry *e) {
    *e = (mw_alarm_entry){.tenant = -1};
    a->live--;
}

typedef struct loading {
    mw_alarms *a;
    int64_t last;
    uint32_t n;
} loading;

static mw_status open_take(void *ctx, const mw_store_alarm *row) {
    loading *l = ctx;
    mw_alarm_rule_id rule = MW_ALARM_LEAK;
    mw_alarm_entry *added = NULL;
    l->last = row->id;
    l->n++;
    if (mw_alarm_rule_of(row->rule, &rule) != MW_OK)
        return MW_OK; /* of a newer version: a person may close it */
    mw_alarm_entry e = {.tenant = row->tenant,
                        .id = row->id,
                        .channel = row->channel,
                        .root = row->root,
                        .members = row->members,
                        .value = row->value,
                        .since = row->opened_at,
                        .last = row->last_at,
                        .noted = row->last_at,
                        .clearing = row->clearing_at,
                        .snoozed = row->snoozed_until,
                        .round = l->a->round,
                        .rule = (uint8_t)rule,
                        .severity = row->severity,
                        .says = MW_SAYS_ALL};
    (void)snprintf(e.subject, sizeof e.subject, "%s", row->subject);
    mw_status s = index_add(l->a, &e, &added);
    return s == MW_LIMIT ? MW_OK : s;
}

/* Says who says so, where it was said: what a restart does not know is said again, or over. */
static mw_status hold_take(void *ctx, const mw_store_alarm_hold *row) {
    mw_alarms *a = ctx;
    mw_alarm_rule_id rule = MW_ALARM_LEAK;
    mw_alarm_entry *added = NULL;
    if (mw_alarm_rule_of(row->rule, &rule) != MW_OK ||
        mw_alarm_find(a, row->tenant, rule, row->subject) != NULL)
        return MW_OK;
    mw_alarm_entry e = {.tenant = row->tenant,
                        .channel = row->channel,
                        .since = row->since,
                        .last = row->since,
                        .clearing = MW_UTC_NONE,
                        .snoozed = MW_UTC_NONE,
                        .round = a->round,
                        .rule = (uint8_t)rule,
                        .says = row->says};
    (void)snprintf(e.subject, sizeof e.subject, "%s", row->subject);
    mw_status s = index_add(a, &e, &added);
    return s == MW_LIMIT ? MW_OK : s;
}

static mw_status hold_keep(mw_alarms *a, const mw_alarm_entry *e) {
    mw_store_alarm_hold row = {
        .tenant = e->tenant, .channel = e->channel, .says = e->says, .since = e->since};
    (void)snprintf(row.rule, sizeof row.rule, "%s", mw_alarm_rules[e->rule].name);
    (void)snprintf(row.subject, sizeof row.subject, "%s", e->subject);
    return mw_store_alarm_hold_put(a->o.store, &row);
}

static mw_status hold_drop(mw_alarms *a, const mw_alarm_entry *e) {
    return mw_store_alarm_hold_drop(a->o.store, e->tenant, mw_alarm_rules[e->rule].name,
                                    e->subject);
}

/* Members of an alarm that was closed before they all followed. */
static void orphans_find(mw_alarms *a) {
    int64_t lives = 0; /* the last root that was found open */
    a->orphaned_n = 0;
    for (size_t i = 0; i < a->slots; i++) {
        int64_t root = a->slot[i].tenant > 0 ? a->slot[i].root : 0;
        bool known = root == 0 || root == lives;
        for (size_t k = 0; k < a->orphaned_n && !known; k++)
            known = a->orphaned[k] == root;
        for (size_t k = 0; k < a->slots && !known; k++)
            if (a->slot[k].tenant > 0 && a->slot[k].id == root) {
                lives = root;
                known = true;
            }
        if (!known && a->orphaned_n < MW_ALARM_ORPHANED)
            a->orphaned[a->orphaned_n++] = root;
    }
}

mw_status mw_alarms_load(mw_alarms *a) {
    loading l = {.a = a, .n = 1};
    free(a->slot);
    a->slot = NULL;
    a->slots = a->used = a->live = a->swept = 0;
    while (l.n > 0) {
        l.n = 0;
        MW_TRY(mw_store_alarms_open(a->o.store, l.last, MW_STORE_PAGE_MAX, open_take, &l));
    }
    orphans_find(a);
    MW_TRY(mw_store_alarm_holds(a->o.store, hold_take, a));
    a->at = 0;
    a->stations = 0;
    a->ending = false;
    a->end_at = 0;
    return mw_alarm_book_load(&a->book, a->o.store);
}

size_t mw_alarms_open_count(const mw_alarms *a) {
    size_t n = 0;
    for (size_t i = 0; i < a->slots; i++)
        n += a->slot[i].tenant > 0 && a->slot[i].id != 0;
    return n;
}

/* --- history --------------------------------------------------------------------------------- */

mw_status mw_alarm_note(mw_alarms *a, const mw_store_alarm *row, const char *who, const char *what,
                        const char *text, mw_utc now) {
    mw_store_alarm_note n = {.tenant = row->tenant, .alarm = row->id, .at = now};
    mw_alarm_notice notice = {.what = what, .alarm = *row};
    (void)snprintf(n.who, sizeof n.who, "%s", who);
    (void)snprintf(n.what, sizeof n.what, "%s", what);
    (void)snprintf(n.text, sizeof n.text, "%s", text);
    MW_TRY(mw_store_alarm_note_add(a->o.store, &n));
    if (a->o.within != NULL)
        MW_TRY(a->o.within(a->o.ctx, &notice));
    if (a->notices < MW_ALARMS_NOTICES_MAX)
        a->notice[a->notices++] = notice;
    return MW_OK;
}

void mw_alarm_text_begin(mw_alarm_text *t) {
    mw_buffer_init(&t->buffer, MW_STORE_ALARM_JSON - 1);
    t->json = mw_json_of(&t->buffer);
    mw_json_object_begin(&t->json);
}

void mw_alarm_text_end(mw_alarm_text *t, char out[MW_STORE_ALARM_JSON]) {
    mw_json_object_end(&t->json);
    bool good = mw_json_done(&t->json) == MW_OK;
    (void)snprintf(out, MW_STORE_ALARM_JSON, "%s", good ? mw_buffer_text(&t->buffer) : "{}");
    mw_buffer_fini(&t->buffer);
}

/* --- opening --------------------------------------------------------------------------------- */

static mw_status alarm_open(mw_alarms *a, mw_alarm_entry *e, const mw_alarm_look *l) {
    mw_store_alarm row = {.tenant = l->tenant,
                          .version = l->values->version,
                          .channel = l->channel,
                          .device = l->device,
                          .severity = (uint8_t)l->values->v[MW_ALARM_SEVERITY],
                          .state = MW_ALARM_OPEN,
                          .value = l->value,
                          .threshold = l->threshold,
                          .members = l->members,
                          .root = l->root,
                          .count = 1,
                          .opened_at = l->now,
                          .last_at = l->at,
                          .clearing_at = MW_UTC_NONE,
                          .closed_at = MW_UTC_NONE,
                          .acknowledged_at = MW_UTC_NONE,
                          .snoozed_until = MW_UTC_NONE};
    (void)snprintf(row.rule, sizeof row.rule, "%s", mw_alarm_rules[l->rule].name);
    (void)snprintf(row.subject, sizeof row.subject, "%s", l->subject);
    if (l->station != NULL)
        (void)snprintf(row.station, sizeof row.station, "%s", l->station);
    (void)snprintf(row.inputs, sizeof row.inputs, "%s", l->inputs);
    (void)snprintf(row.latest, sizeof row.latest, "%s", l->inputs);
    MW_TRY(mw_store_alarm_add(a->o.store, &row, &row.id));
    e->id = row.id;
    e->since = l->now;
    e->noted = l->now;
    e->severity = row.severity;
    if (a->turn != NULL)
        a->turn->opened++;
    return mw_alarm_note(a, &row, "", "opened", "", l->now);
}

/* Whether what was seen is news: not something from before the last alarm of the subject ended, and
 * not what a person closed just now. */
static mw_status is_news(mw_alarms *a, const mw_alarm_look *l, bool *out_news) {
    mw_store_alarm last;
    mw_status s =
        mw_store_alarm_last(a->o.store, l->tenant, mw_alarm_rules[l->rule].name, l->subject, &last);
    *out_news = s == MW_NOT_FOUND;
    if (s != MW_OK)
        return s == MW_NOT_FOUND ? MW_OK : s;
    if (l->at.us <= last.last_at.us)
        return MW_OK;
    bool by_person = last.closed_by[0] != 0;
    *out_news =
        !by_person || mw_alarm_rules[l->rule].latched || later_by(l->now, last.closed_at) >= DAY_S;
    return MW_OK;
}

static bool differs(int64_t now, int64_t was, int64_t percent) {
    int64_t d = now > was ? now - was : was - now, size = was < 0 ? -was : was;
    return d != 0 && d >= size / 100 * percent;
}

/* It goes on. Little of that is written: what changed much, and now and then that it lasts. */
static mw_status alarm_goes_on(mw_alarms *a, mw_alarm_entry *e, const mw_alarm_look *l) {
    uint8_t severity = (uint8_t)l->values->v[MW_ALARM_SEVERITY];
    bool back = !mw_utc_is_none(e->clearing), other = severity != e->severity;
    bool changed = differs(l->value, e->value, 20) || differs(l->members, e->members, 10);
    if (!back && !other && later_by(l->now, e->noted) < NOTED_AGAIN_S)
        return MW_OK;
    mw_store_alarm row;
    char text[MW_STORE_TEXT_MAX] = "";
    MW_TRY(mw_store_alarm_get(a->o.store, e->tenant, e->id, &row));
    if (l->members != row.members)
        (void)snprintf(text, sizeof text, "members %" PRId64 " -> %" PRId64, row.members,
                       l->members);
    else if (l->value != row.value)
        (void)snprintf(text, sizeof text, "value %" PRId64 " -> %" PRId64, row.value, l->value);
    e->clearing = row.clearing_at = MW_UTC_NONE;
    e->noted = l->now;
    e->value = row.value = l->value;
    e->members = row.members = l->members;
    e->severity = row.severity = severity;
    row.count++;
    row.last_at = l->at.us > row.last_at.us ? l->at : row.last_at;
    row.threshold = l->threshold;
    (void)snprintf(row.latest, sizeof row.latest, "%s", l->inputs);
    MW_TRY(mw_store_alarm_put(a->o.store, &row));
    if (!back && !other && !changed)
        return MW_OK;
    return mw_alarm_note(a, &row, "", back ? "again" : "changed", text, l->now);
}

/* Rules that only see their condition by chance begin to clear at once. */
static void fade(mw_alarm_entry *e, const mw_alarm_look *l) {
    if (mw_alarm_rules[l->rule].fades)
        e->clearing = l->at;
}

mw_status mw_alarm_holds(mw_alarms *a, const mw_alarm_look *l) {
    if (l->values->v[MW_ALARM_ON] == 0)
        return mw_alarm_over(a, l);
    mw_alarm_entry *e = mw_alarm_find(a, l->tenant, l->rule, l->subject);
    bool waited = e != NULL && e->id == 0;
    if (e != NULL && mw_alarm_rules[l->rule].fades)
        e->clearing = MW_UTC_NONE;
    if (e == NULL) {
        bool news = false;
        MW_TRY(is_news(a, l, &news));
        if (!news)
            return MW_OK;
        mw_alarm_entry fresh = {.tenant = l->tenant,
                                .channel = l->channel,
                                .root = l->root,
                                .members = l->members,
                                .value = l->value,
                                .since = l->now,
                                .clearing = MW_UTC_NONE,
                                .snoozed = MW_UTC_NONE,
                                .rule = (uint8_t)l->rule};
        (void)snprintf(fresh.subject, sizeof fresh.subject, "%s", l->subject);
        mw_status s = index_add(a, &fresh, &e);
        if (s != MW_OK)
            return s == MW_LIMIT ? MW_OK : s;
    }
    bool told = (e->says & l->says) == l->says; /* the hold is stored, and by whom */
    e->says |= l->says;
    e->round = a->round;
    e->last = l->at;
    mw_status s = MW_OK;
    if (e->id != 0) {
        s = alarm_goes_on(a, e, l);
    } else if (later_by(l->now, e->since) >= l->values->v[MW_ALARM_HOLD]) {
        if (waited)
            s = hold_drop(a, e);
        if (s == MW_OK)
            s = alarm_open(a, e, l);
    } else if (!told) {
        s = hold_keep(a, e);
    }
    fade(e, l);
    return s;
}

/* --- closing --------------------------------------------------------------------------------- */

/* What an alarm explained stands for itself again, at most so many in a turn; MW_AGAIN: more do. */
static mw_status orphans_of(mw_alarms *a, int64_t root, bool paced, mw_utc now) {
    for (size_t i = 0; i < a->slots; i++) {
        if (a->slot[i].tenant <= 0 || a->slot[i].root != root)
            continue;
        if (paced && a->turn->closed >= a->limit)
            return MW_AGAIN;
        if (paced)
            a->turn->closed++;
        MW_TRY(mw_alarm_group_set(a, &a->slot[i], 0, now));
    }
    return MW_OK;
}

static mw_status orphans_free(mw_alarms *a, mw_utc now) {
    mw_status s = MW_OK;
    for (; a->orphaned_n > 0 && s == MW_OK; a->orphaned_n -= s == MW_OK)
        s = orphans_of(a, a->orphaned[a->orphaned_n - 1], true, now);
    a->turn->more = a->turn->more || s == MW_AGAIN;
    return s == MW_AGAIN ? MW_OK : s;
}

/* A station may have had tens of thousands of members: they follow in the turns to come. */
static mw_status orphans_add(mw_alarms *a, int64_t root, mw_utc now) {
    if (a->orphaned_n == MW_ALARM_ORPHANED)
        return orphans_of(a, root, false, now);
    a->orphaned[a->orphaned_n++] = root;
    return MW_OK;
}

mw_status mw_alarm_close(mw_alarms *a, mw_alarm_entry *e, const char *who, const char *why,
                         mw_utc now) {
    mw_store_alarm row;
    MW_TRY(mw_store_alarm_get(a->o.store, e->tenant, e->id, &row));
    row.state = MW_ALARM_CLOSED;
    row.closed_at = now;
    row.last_at = e->last.us > row.last_at.us ? e->last : row.last_at;
    (void)snprintf(row.closed_by, sizeof row.closed_by, "%s", who);
    MW_TRY(mw_store_alarm_put(a->o.store, &row));
    index_drop(a, e);
    if (a->turn != NULL)
        a->turn->closed++;
    MW_TRY(mw_alarm_note(a, &row, who, "closed", why, now));
    return row.members == 0 ? MW_OK : orphans_add(a, row.id, now);
}

mw_status mw_alarm_over(mw_alarms *a, const mw_alarm_look *l) {
    mw_alarm_entry *e = mw_alarm_find(a, l->tenant, l->rule, l->subject);
    if (e == NULL)
        return MW_OK;
    e->says &= (uint8_t)~l->says;
    bool off = l->values->v[MW_ALARM_ON] == 0;
    if ((e->says != 0 || mw_alarm_rules[l->rule].latched) && !off)
        return MW_OK;
    if (e->id == 0) {
        MW_TRY(hold_drop(a, e)); /* l->subject may be the entry's */
        index_drop(a, e);
        return MW_OK;
    }
    if (l->values->v[MW_ALARM_CLEAR] == 0 || off)
        return mw_alarm_close(a, e, "", off ? "the rule is off" : "the condition is over", l->now);
    if (!mw_utc_is_none(e->clearing))
        return MW_OK;
    mw_store_alarm row;
    MW_TRY(mw_store_alarm_get(a->o.store, e->tenant, e->id, &row));
    e->clearing = row.clearing_at = l->now;
    return mw_store_alarm_put(a->o.store, &row);
}

mw_status mw_alarm_group_set(mw_alarms *a, mw_alarm_entry *e, int64_t root, mw_utc now) {
    if (e->root == root || e->id == 0)
        return MW_OK;
    mw_store_alarm row;
    char text[32] = "";
    MW_TRY(mw_store_alarm_get(a->o.store, e->tenant, e->id, &row));
    e->root = row.root = root;
    if (root != 0)
        (void)snprintf(text, sizeof text, "%" PRId64, root);
    MW_TRY(mw_store_alarm_put(a->o.store, &row));
    return mw_alarm_note(a, &row, "", root != 0 ? "explained" : "alone", text, now);
}

/* --- timers ---------------------------------------------------------------------------------- */

static mw_status entry_time(mw_alarms *a, mw_alarm_entry *e, mw_utc now) {
    mw_alarm_values v;
    if (e->id != 0 && !mw_utc_is_none(e->snoozed) && now.us >= e->snoozed.us) {
        mw_store_alarm row;
        MW_TRY(mw_store_alarm_get(a->o.store, e->tenant, e->id, &row));
        e->snoozed = row.snoozed_until = MW_UTC_NONE;
        MW_TRY(mw_store_alarm_put(a->o.store, &row));
        MW_TRY(mw_alarm_note(a, &row, "", "woke", "", now));
    }
    if (e->id == 0 || mw_utc_is_none(e->clearing))
        return MW_OK;
    mw_alarm_book_values(&a->book, e->tenant, (mw_alarm_rule_id)e->rule, MW_VEE_RESIDENTIAL,
                         e->channel, &v);
    if (later_by(now, e->clearing) < v.v[MW_ALARM_CLEAR])
        return MW_OK;
    return mw_alarm_close(a, e, "", "the condition is over", now);
}

mw_status mw_alarm_timers(mw_alarms *a, mw_utc now) {
    size_t n = a->slots < SWEEP ? a->slots : SWEEP;
    MW_TRY(orphans_free(a, now));
    for (size_t i = 0; i < n && a->turn->closed < a->limit; i++) {
        a->swept = a->swept + 1 < a->slots ? a->swept + 1 : 0;
        if (a->slot[a->swept].tenant > 0)
            MW_TRY(entry_time(a, &a->slot[a->swept], now));
    }
    return MW_OK;
}

/* --- turns ----------------------------------------------------------------------------------- */

mw_status mw_alarms_new(const mw_alarms_options *o, mw_alarms **out_alarms) {
    mw_alarms *a = calloc(1, sizeof *a);
    if (a == NULL)
        return MW_NOMEM;
    a->o = *o;
    a->limit = MW_ALARMS_LOOKS;
    mw_status s = mw_alarms_load(a);
    if (s != MW_OK) {
        mw_alarms_free(a);
        return s;
    }
    *out_alarms = a;
    return MW_OK;
}

void mw_alarms_free(mw_alarms *a) {
    if (a == NULL)
        return;
    mw_alarm_book_fini(&a->book);
    free(a->slot);
    free(a);
}

void mw_alarms_limit(mw_alarms *a, uint32_t n) {
    a->limit = n > MW_ALARMS_LOOKS ? MW_ALARMS_LOOKS : n;
}

static mw_status turn_run(mw_alarms *a, mw_utc now) {
    MW_TRY(mw_alarms_follow_values(a, now));
    MW_TRY(mw_alarms_follow_frames(a, now));
    MW_TRY(mw_alarms_follow_events(a, now));
    MW_TRY(mw_alarms_follow_signs(a, now));
    MW_TRY(mw_alarms_watch(a, now));
    return mw_alarm_timers(a, now);
}

mw_status mw_alarms_run(mw_alarms *a, mw_utc now, mw_alarms_turn *out_turn) {
    mw_alarms_turn turn = {0};
    a->notices = 0;
    MW_TRY(mw_store_begin(a->o.store));
    a->turn = &turn;
    mw_status s = turn_run(a, now);
    a->turn = NULL;
    if (s == MW_OK)
        s = mw_store_commit(a->o.store);
    if (s != MW_OK) {
        mw_status undone = mw_store_rollback(a->o.store);
        a->notices = 0;
        /* Nothing in memory may be newer than the database. */
        mw_status loaded = mw_alarms_load(a);
        return undone != MW_OK ? undone : loaded != MW_OK ? loaded : s;
    }
    for (size_t i = 0; i < a->notices && a->o.told != NULL; i++)
        a->o.told(a->o.ctx, &a->notice[i]);
    *out_turn = turn;
    return MW_OK;
}
