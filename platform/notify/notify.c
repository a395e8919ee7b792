/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/notify/notify.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/notify/words.h"
#include "runtime/json_writer.h"
#include "runtime/log.h"

enum { DUE_MAX = 500, MESSAGE_BYTES = 30000, DAY_S = 86400, RETRY_LONGEST_S = 3600 };

/* What is on its way to one recipient. */
typedef struct parcel {
    mw_notify *n; /* NULL = free */
    mw_store_recipient to;
    mw_store_delivery part[MW_NOTIFY_MESSAGE];
    size_t parts;
} parcel;

struct mw_notify {
    mw_notify_options o;
    mw_courier *courier;
    parcel parcel[MW_COURIER_FLIGHTS];
    mw_utc forgotten;
};

static mw_utc later(mw_utc t, int64_t seconds) {
    return (mw_utc){t.us + seconds * MW_US_PER_S};
}

mw_status mw_notify_new(const mw_notify_options *o, mw_notify **out) {
    if (sodium_init() < 0)
        return MW_IO;
    mw_notify *n = calloc(1, sizeof *n);
    if (n == NULL)
        return MW_NOMEM;
    n->o = *o;
    mw_status s = mw_courier_new(o->loop, &o->courier, &n->courier);
    if (s != MW_OK) {
        free(n);
        return s;
    }
    *out = n;
    return MW_OK;
}

void mw_notify_free(mw_notify *n) {
    if (n == NULL)
        return;
    mw_courier_free(n->courier);
    free(n);
}

/* --- who and when ---------------------------------------------------------------------------- */

mw_utc mw_notify_due(mw_zones *zones, const mw_store_recipient *r, uint8_t severity, mw_utc now) {
    const mw_zone *zone = NULL;
    mw_utc due = later(now, r->digest_s);
    if (r->quiet_from == r->quiet_to || severity >= r->quiet_severity ||
        mw_zones_get(zones, r->time_zone, &zone) != MW_OK)
        return due;
    int32_t second = 0;
    (void)mw_zone_local_day(zone, due, &second);
    int64_t minute = second / 60, span = r->quiet_to - r->quiet_from;
    int64_t since = minute - r->quiet_from;
    span += span < 0 ? 1440 : 0;
    since += since < 0 ? 1440 : 0;
    return since < span ? later(due, (span - since) * 60 - second % 60) : due;
}

static bool names_rule(const char *rules, const char *rule) {
    size_t n = strlen(rule);
    if (rules[0] == 0)
        return true;
    for (const char *p = rules; *p != 0;) {
        size_t word = strcspn(p, " ");
        if (word == n && strncmp(p, rule, n) == 0)
            return true;
        p += word + strspn(p + word, " ");
    }
    return false;
}

typedef struct recipients {
    mw_store_recipient at[64];
    size_t n;
} recipients;

static mw_status recipient_take(void *ctx, const mw_store_recipient *row) {
    recipients *r = ctx;
    if (r->n < sizeof r->at / sizeof r->at[0])
        r->at[r->n++] = *row;
    return MW_OK;
}

static mw_status in_area(mw_notify *n, const mw_store_recipient *r, const mw_store_alarm *a,
                         mw_utc now, bool *out_in) {
    mw_store_meter m;
    *out_in = true;
    if (r->area[0] == 0 || a->channel == 0)
        return MW_OK;
    mw_status s = mw_store_meter_of_channel(n->o.store, a->tenant, a->channel, &m);
    if (s != MW_OK)
        return s == MW_NOT_FOUND ? MW_OK : s;
    return mw_store_area_holds(n->o.store, a->tenant, r->area, m.usage_point.id, now, out_in);
}

static mw_status delivery_make(mw_notify *n, const char *recipient, const mw_store_alarm *a,
                               const char *what, mw_utc now, mw_utc due) {
    mw_store_delivery d = {.tenant = a->tenant,
                           .alarm = a->id,
                           .state = MW_DELIVERY_WAITING,
                           .created = now,
                           .due = due,
                           .done = MW_UTC_NONE};
    int64_t id = 0, waiting = 0;
    MW_TRY(mw_store_deliveries_waiting(n->o.store, &waiting));
    if (waiting >= MW_NOTIFY_WAITING_MAX)
        return MW_OK; /* the alarm itself is stored, and the list of alarms shows it */
    (void)snprintf(d.recipient, sizeof d.recipient, "%s", recipient);
    (void)snprintf(d.what, sizeof d.what, "%s", what);
    return mw_store_delivery_add(n->o.store, &d, &id);
}

mw_status mw_notify_alarm(void *notify, const mw_alarm_notice *notice) {
    mw_notify *n = notify;
    const mw_store_alarm *a = &notice->alarm;
    mw_utc now = mw_loop_machine_utc(n->o.loop);
    recipients r = {.n = 0};
    bool opened = strcmp(notice->what, "opened") == 0, closed = strcmp(notice->what, "closed") == 0;
    if ((!opened && !closed) || a->root != 0)
        return MW_OK;
    MW_TRY(mw_store_recipients(n->o.store, a->tenant, recipient_take, &r));
    for (size_t i = 0; i < r.n; i++) {
        const mw_store_recipient *to = &r.at[i];
        bool in = false;
        /* That it is over is of use to programs; people look. */
        if (!to->on || to->escalated_only || a->severity < to->severity_min ||
            !names_rule(to->rules, a->rule) || (closed && to->kind != MW_RECIPIENT_WEBHOOK))
            continue;
        MW_TRY(in_area(n, to, a, now, &in));
        if (!in)
            continue;
        MW_TRY(delivery_make(n, to->id, a, notice->what, now,
                             mw_notify_due(n->o.zones, to, a->severity, now)));
        if (opened && to->escalate_s > 0 && to->escalate_to[0] != 0)
            MW_TRY(
                delivery_make(n, to->escalate_to, a, "escalated", now, later(now, to->escalate_s)));
    }
    return MW_OK;
}

mw_status mw_notify_test(mw_notify *n, int64_t tenant, const char *recipient) {
    mw_store_recipient r;
    mw_store_alarm none = {.tenant = tenant};
    mw_utc now = mw_loop_machine_utc(n->o.loop);
    MW_TRY(mw_store_recipient_get(n->o.store, tenant, recipient, &r));
    return delivery_make(n, recipient, &none, "test", now, now);
}

mw_status mw_notify_check(const mw_notify *n, const mw_store_recipient *r) {
    const mw_zone *zone = NULL;
    MW_TRY(r->kind == MW_RECIPIENT_EMAIL
               ? mw_courier_mail_check(r->target)
               : mw_courier_url_check(n->o.courier.allowed_hosts, r->target));
    bool good = r->severity_min <= MW_SEVERITY_CRITICAL && r->quiet_from >= 0 &&
                r->quiet_from < 1440 && r->quiet_to >= 0 && r->quiet_to < 1440 &&
                r->digest_s >= 0 && r->digest_s <= DAY_S && r->escalate_s >= 0 &&
                r->escalate_s <= 7 * DAY_S && r->quiet_severity <= MW_SEVERITY_CRITICAL + 1 &&
                (r->language[0] == 0 || mw_mail_speaks(r->language)) &&
                mw_zones_get(n->o.zones, r->time_zone, &zone) == MW_OK;
    return good ? MW_OK : MW_RANGE;
}

/* --- signatures ------------------------------------------------------------------------------ */

static void hmac(mw_slice key, const mw_slice *parts, size_t n, uint8_t out[32]) {
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key.p, key.n);
    for (size_t i = 0; i < n; i++)
        crypto_auth_hmacsha256_update(&state, parts[i].p, parts[i].n);
    crypto_auth_hmacsha256_final(&state, out);
}

void mw_notify_secret(const mw_notify *n, const mw_store_recipient *r,
                      char out_text[MW_NOTIFY_SECRET_TEXT]) {
    char label[128];
    uint8_t secret[32];
    (void)snprintf(label, sizeof label, "meterworks webhook %" PRId64 "/%s/%" PRId64, r->tenant,
                   r->id, r->secret);
    mw_slice part = mw_slice_of_str(label);
    hmac(n->o.key, &part, 1, secret);
    sodium_bin2hex(out_text, MW_NOTIFY_SECRET_TEXT, secret, sizeof secret);
    sodium_memzero(secret, sizeof secret);
}

/* --- messages -------------------------------------------------------------------------------- */

static void subject_of(const mw_notify *n, const mw_store_alarm *a, char out[200]) {
    mw_store_meter m;
    if (a->channel != 0 &&
        mw_store_meter_of_channel(n->o.store, a->tenant, a->channel, &m) == MW_OK)
        (void)snprintf(out, 200, "%.47s, %.140s", m.device.serial, m.usage_point.address);
    else
        (void)snprintf(out, 200, "%.64s", a->station[0] != 0 ? a->station : a->subject);
}

const mw_mail_words *mw_mail_words_of(const char *language) {
    const mw_mail_words *english = mw_mail_languages;
    for (const mw_mail_words *w = mw_mail_languages; w->language != NULL; w++) {
        if (strcmp(w->language, language) == 0)
            return w;
        if (strcmp(w->language, "en") == 0)
            english = w;
    }
    return english;
}

bool mw_mail_speaks(const char *language) {
    return strcmp(mw_mail_words_of(language)->language, language) == 0;
}

const char *mw_mail_rule_name(const mw_mail_words *w, const char *rule) {
    for (const mw_mail_rule *r = w->rule; r->rule != NULL; r++)
        if (strcmp(r->rule, rule) == 0)
            return r->name;
    return rule;
}

/* As the recipient's clock shows it: 2026-11-22 10:05. */
static void local_time(const mw_notify *n, const mw_store_recipient *to, mw_utc at,
                       char out[MW_UTC_TEXT_MAX]) {
    const mw_zone *zone = NULL;
    int32_t second = 0;
    if (mw_zones_get(n->o.zones, to->time_zone, &zone) == MW_OK) {
        int64_t day = mw_zone_local_day(zone, at, &second);
        at = mw_utc_of_s(day * DAY_S + second);
    }
    mw_utc_format(at, out);
    out[10] = ' ';
    out[16] = 0;
}

static const char *severity_word(const mw_mail_words *w, const mw_store_alarm *a) {
    return a->severity <= MW_SEVERITY_CRITICAL ? w->severity[a->severity] : "";
}

static void mail_line(const mw_notify *n, const parcel *p, mw_buffer *b, const mw_store_delivery *d,
                      const mw_store_alarm *a) {
    const mw_mail_words *w = mw_mail_words_of(p->to.language);
    char about[200], at[MW_UTC_TEXT_MAX];
    bool escalated = strcmp(d->what, "escalated") == 0;
    subject_of(n, a, about);
    local_time(n, &p->to, a->opened_at, at);
    mw_buffer_printf(b, "%s%s%s: %s\n  %s\n  %s %s (%s)", escalated ? w->escalated : "",
                     escalated ? ": " : "", severity_word(w, a), mw_mail_rule_name(w, a->rule),
                     about, w->since, at, p->to.time_zone);
    if (a->members > 0)
        mw_buffer_printf(b, "\n  %s: %" PRId64, w->silent, a->members);
    if (n->o.public_url != NULL && n->o.public_url[0] != 0)
        mw_buffer_printf(b, "\n  %s/#/alarms/%" PRId64, n->o.public_url, a->id);
    mw_buffer_append_str(b, "\n\n");
}

static void hook_item(const mw_notify *n, mw_json *j, const mw_store_delivery *d,
                      const mw_store_alarm *a) {
    char about[200];
    subject_of(n, a, about);
    mw_json_object_begin(j);
    mw_json_put_int(j, "delivery", d->id);
    mw_json_put_text(j, "what", d->what);
    mw_json_put_int(j, "alarm", a->id);
    mw_json_put_text(j, "rule", a->rule);
    mw_json_put_text(j, "severity", mw_alarm_severity_name(a->severity));
    mw_json_put_text(j, "subject", a->subject);
    mw_json_put_text(j, "about", about);
    mw_json_put_int(j, "value", a->value);
    mw_json_put_int(j, "threshold", a->threshold);
    mw_json_put_int(j, "members", a->members);
    mw_json_put_utc(j, "opened_at", a->opened_at);
    mw_json_put_utc(j, "closed_at", a->closed_at);
    mw_json_key(j, "inputs");
    mw_json_raw(j, mw_slice_of_str(a->latest[0] != 0 ? a->latest : "{}"));
    mw_json_object_end(j);
}

/* --- what became of it ----------------------------------------------------------------------- */

static int64_t pause_s(const mw_notify *n, int64_t attempts) {
    int64_t first = n->o.retry.ns == 0 ? 30 : n->o.retry.ns / MW_NS_PER_S;
    int64_t s = first << (attempts < 16 ? attempts : 16);
    return s < RETRY_LONGEST_S ? s : RETRY_LONGEST_S;
}

static mw_status part_finish(mw_notify *n, const parcel *p, mw_store_delivery *d,
                             const mw_courier_answer *answer, mw_utc now) {
    d->attempts++;
    (void)snprintf(d->error, sizeof d->error, "%s", answer->text);
    if (answer->status == MW_OK) {
        d->state = MW_DELIVERY_SENT;
        d->done = now;
    } else if (d->attempts >= MW_NOTIFY_ATTEMPTS) {
        d->state = MW_DELIVERY_DEAD;
        d->done = now;
    } else {
        d->due = later(now, pause_s(n, d->attempts - 1));
    }
    MW_TRY(mw_store_delivery_put(n->o.store, d));
    if (answer->status != MW_OK || d->alarm == 0)
        return MW_OK;
    mw_store_alarm_note note = {.tenant = d->tenant, .alarm = d->alarm};
    mw_store_alarm a;
    mw_status s = mw_store_alarm_get(n->o.store, d->tenant, d->alarm, &a);
    if (s != MW_OK)
        return s == MW_NOT_FOUND ? MW_OK : s;
    note.at = mw_loop_utc(n->o.loop);
    (void)snprintf(note.what, sizeof note.what, "%s",
                   strcmp(d->what, "escalated") == 0 ? "escalated" : "told");
    (void)snprintf(note.text, sizeof note.text, "%.100s", p->to.name);
    MW_TRY(mw_store_alarm_note_add(n->o.store, &note));
    /* Nobody there either: further up. */
    if (strcmp(d->what, "escalated") == 0 && p->to.escalate_s > 0 && p->to.escalate_to[0] != 0)
        return delivery_make(n, p->to.escalate_to, &a, "escalated", now,
                             later(now, p->to.escalate_s));
    return MW_OK;
}

static mw_status parts_finish(mw_notify *n, parcel *p, const mw_courier_answer *answer) {
    mw_utc now = mw_loop_machine_utc(n->o.loop);
    MW_TRY(mw_store_begin(n->o.store));
    mw_status s = MW_OK;
    for (size_t i = 0; i < p->parts && s == MW_OK; i++)
        s = part_finish(n, p, &p->part[i], answer, now);
    if (s == MW_OK)
        return mw_store_commit(n->o.store);
    mw_status undone = mw_store_rollback(n->o.store);
    return undone != MW_OK ? undone : s;
}

static void on_answer(void *context, const mw_courier_answer *answer) {
    parcel *p = context;
    mw_status s = parts_finish(p->n, p, answer);
    if (answer->status != MW_OK)
        mw_log(MW_LOG_WARN, "a message was not delivered", MW_S("recipient", p->to.id),
               MW_S("why", answer->text));
    if (s != MW_OK) /* it stays due and goes out again */
        mw_log(MW_LOG_ERROR, "a delivery could not be recorded", MW_ST("status", s));
    p->n = NULL;
}

/* --- sending --------------------------------------------------------------------------------- */

static mw_status mail_send(mw_notify *n, parcel *p, const mw_store_alarm *a) {
    const mw_mail_words *w = mw_mail_words_of(p->to.language);
    mw_buffer b;
    char subject[200];
    mw_buffer_init(&b, MESSAGE_BYTES);
    for (size_t i = 0; i < p->parts; i++) {
        if (p->part[i].alarm == 0)
            mw_buffer_printf(&b, "%s\n\n", w->test);
        else
            mail_line(n, p, &b, &p->part[i], &a[i]);
    }
    if (p->part[0].alarm == 0)
        (void)snprintf(subject, sizeof subject, "Meterworks: %s", w->test_subject);
    else if (p->parts == 1)
        (void)snprintf(subject, sizeof subject, "Meterworks: %s: %s", severity_word(w, &a[0]),
                       mw_mail_rule_name(w, a[0].rule));
    else
        (void)snprintf(subject, sizeof subject, "Meterworks: %s: %zu", w->alarms, p->parts);
    mw_status s =
        mw_courier_mail(n->courier, p->to.target, subject, mw_buffer_view(&b), on_answer, p);
    mw_buffer_fini(&b);
    return s;
}

static mw_status hook_send(mw_notify *n, parcel *p, const mw_store_alarm *a) {
    char id[32], at[32], secret[MW_NOTIFY_SECRET_TEXT], hex[65];
    char line[3][128];
    uint8_t mac[32];
    mw_buffer b;
    mw_buffer_init(&b, (size_t)256 * 1024);
    mw_json j = mw_json_of(&b);
    (void)snprintf(id, sizeof id, "%" PRId64, p->part[0].id);
    (void)snprintf(at, sizeof at, "%" PRId64, mw_utc_floor_s(mw_loop_machine_utc(n->o.loop)));
    mw_json_object_begin(&j);
    mw_json_put_text(&j, "id", id);
    mw_json_put_bool(&j, "test", p->part[0].alarm == 0);
    mw_json_put_array(&j, "alarms");
    for (size_t i = 0; i < p->parts; i++)
        if (p->part[i].alarm != 0)
            hook_item(n, &j, &p->part[i], &a[i]);
    mw_json_array_end(&j);
    mw_json_object_end(&j);
    mw_notify_secret(n, &p->to, secret);
    mw_slice parts[] = {mw_slice_of_str(id), mw_slice_of_str("."), mw_slice_of_str(at),
                        mw_slice_of_str("."), mw_buffer_view(&b)};
    hmac(mw_slice_of_str(secret), parts, 5, mac);
    sodium_bin2hex(hex, sizeof hex, mac, sizeof mac);
    sodium_memzero(secret, sizeof secret);
    (void)snprintf(line[0], sizeof line[0], "Meterworks-Id: %s", id);
    (void)snprintf(line[1], sizeof line[1], "Meterworks-Timestamp: %s", at);
    (void)snprintf(line[2], sizeof line[2], "Meterworks-Signature: v1=%s", hex);
    const char *const headers[] = {"Content-Type: application/json", line[0], line[1], line[2],
                                   NULL};
    mw_status s = mw_json_done(&j);
    if (s == MW_OK)
        s = mw_courier_post(n->courier, p->to.target, headers, mw_buffer_view(&b), on_answer, p);
    mw_buffer_fini(&b);
    return s;
}

/* Drops what nobody needs to be told any more. */
static mw_status still_wanted(mw_notify *n, mw_store_delivery *d, mw_store_alarm *out_alarm,
                              bool *out_wanted) {
    *out_wanted = d->alarm == 0;
    if (d->alarm == 0)
        return MW_OK;
    mw_status s = mw_store_alarm_get(n->o.store, d->tenant, d->alarm, out_alarm);
    if (s != MW_OK && s != MW_NOT_FOUND)
        return s;
    bool closed = s == MW_NOT_FOUND || out_alarm->state == MW_ALARM_CLOSED;
    *out_wanted =
        strcmp(d->what, "closed") == 0 ||
        (!closed && (strcmp(d->what, "escalated") != 0 || out_alarm->state == MW_ALARM_OPEN));
    return MW_OK;
}

static mw_status drop(mw_notify *n, mw_store_delivery *d, const char *why) {
    d->state = MW_DELIVERY_DROPPED;
    d->done = mw_loop_machine_utc(n->o.loop);
    (void)snprintf(d->error, sizeof d->error, "%s", why);
    MW_TRY(mw_store_begin(n->o.store));
    mw_status s = mw_store_delivery_put(n->o.store, d);
    if (s == MW_OK)
        return mw_store_commit(n->o.store);
    mw_status undone = mw_store_rollback(n->o.store);
    return undone != MW_OK ? undone : s;
}

typedef struct due_list {
    mw_store_delivery at[DUE_MAX];
    size_t n;
} due_list;

static mw_status due_take(void *ctx, const mw_store_delivery *row) {
    due_list *l = ctx;
    l->at[l->n++] = *row;
    return MW_OK;
}

static bool on_its_way(const mw_notify *n, const mw_store_delivery *d) {
    for (size_t i = 0; i < MW_COURIER_FLIGHTS; i++)
        if (n->parcel[i].n != NULL && n->parcel[i].to.tenant == d->tenant &&
            strcmp(n->parcel[i].to.id, d->recipient) == 0)
            return true;
    return false;
}

static parcel *free_parcel(mw_notify *n) {
    for (size_t i = 0; i < MW_COURIER_FLIGHTS; i++)
        if (n->parcel[i].n == NULL)
            return &n->parcel[i];
    return NULL;
}

/* All of the list that goes to the recipient of its entry `first`, as one message. */
static mw_status send_to(mw_notify *n, due_list *l, size_t first) {
    static _Thread_local mw_store_alarm alarm[MW_NOTIFY_MESSAGE];
    const mw_store_delivery *head = &l->at[first];
    parcel *p = free_parcel(n);
    if (p == NULL)
        return MW_OK;
    mw_status s = mw_store_recipient_get(n->o.store, head->tenant, head->recipient, &p->to);
    if (s != MW_OK && s != MW_NOT_FOUND)
        return s;
    bool gone = s == MW_NOT_FOUND;
    p->parts = 0;
    for (size_t i = first; i < l->n && p->parts < MW_NOTIFY_MESSAGE; i++) {
        mw_store_delivery *d = &l->at[i];
        bool wanted = false;
        if (d->tenant != head->tenant || strcmp(d->recipient, head->recipient) != 0)
            continue;
        if (!gone)
            MW_TRY(still_wanted(n, d, &alarm[p->parts], &wanted));
        if (!wanted)
            MW_TRY(drop(n, d, gone ? "the recipient was removed" : "no longer of interest"));
        else if (p->parts == 0 || (d->alarm != 0 && p->part[0].alarm != 0))
            p->part[p->parts++] = *d;
    }
    if (p->parts == 0)
        return MW_OK;
    p->n = n;
    s = p->to.kind == MW_RECIPIENT_EMAIL ? mail_send(n, p, alarm) : hook_send(n, p, alarm);
    if (s == MW_OK || s == MW_NOMEM)
        return s;
    mw_courier_answer refused = {.status = s};
    (void)snprintf(refused.text, sizeof refused.text, "%s",
                   s == MW_STATE ? "no SMTP server is set" : "its address is not allowed");
    on_answer(p, &refused);
    return MW_OK;
}

static mw_status forget_old(mw_notify *n, mw_utc now) {
    if (!mw_utc_is_none(n->forgotten) && n->forgotten.us != 0 &&
        now.us - n->forgotten.us < (int64_t)3600 * MW_US_PER_S)
        return MW_OK;
    n->forgotten = now;
    MW_TRY(mw_store_begin(n->o.store));
    mw_status s =
        mw_store_deliveries_forget(n->o.store, later(now, -(int64_t)MW_NOTIFY_KEEP_DAYS * DAY_S));
    if (s == MW_OK)
        return mw_store_commit(n->o.store);
    mw_status undone = mw_store_rollback(n->o.store);
    return undone != MW_OK ? undone : s;
}

mw_status mw_notify_turn(mw_notify *n) {
    static _Thread_local due_list l;
    mw_utc now = mw_loop_machine_utc(n->o.loop);
    l.n = 0;
    MW_TRY(mw_store_deliveries_due(n->o.store, now, DUE_MAX, due_take, &l));
    for (size_t i = 0; i < l.n; i++)
        if (l.at[i].state == MW_DELIVERY_WAITING && !on_its_way(n, &l.at[i]))
            MW_TRY(send_to(n, &l, i));
    return forget_old(n, now);
}
