/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/commands/queue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "platform/commands/internal.h"

enum {
    LOOK_S = 60,            /* between two looks at who hears the meter of a waiting command */
    SILENCE_S = 60,         /* after an entry's end; then the station will not tell any more */
    CONFIRM_WAIT_S = 86400, /* a meter whose duty is used up is silent for an hour and more */
};

static const char *const state_names[] = {
    [MW_COMMAND_QUEUED] = "queued",
    [MW_COMMAND_SENT] = "sent",
    [MW_COMMAND_TOO_LATE] = "too_late",
    [MW_COMMAND_NO_DUTY] = "no_duty",
    [MW_COMMAND_ACKNOWLEDGED] = "acknowledged",
    [MW_COMMAND_EXECUTED] = "executed",
    [MW_COMMAND_FAILED] = "failed",
    [MW_COMMAND_EXPIRED] = "expired",
    [MW_COMMAND_CANCELLED] = "cancelled",
};

const char *mw_command_state_name(mw_store_command_state state) {
    size_t i = (size_t)state;
    bool known = i < sizeof state_names / sizeof state_names[0] && state_names[i] != NULL;
    return known ? state_names[i] : "unknown";
}

mw_status mw_commands_open(const mw_commands_options *options, mw_commands **out_commands) {
    const mw_commands_options *o = options;
    if (o->copies < 1 || o->copies > MW_UNB_COPIES_MAX || o->attempts < 1 ||
        o->attempts > MW_COMMANDS_ATTEMPTS_MAX)
        return MW_RANGE;
    mw_commands *c = calloc(1, sizeof *c);
    if (c == NULL)
        return MW_NOMEM;
    c->o = *o;
    *out_commands = c;
    return MW_OK;
}

void mw_commands_close(mw_commands *c) {
    free(c);
}

/* ---- telling the streams ---- */

void mw_commands_news_add(mw_commands *c, bool cancel, const mw_store_downlink *entry) {
    /* A station that misses one learns of it when it connects again; nothing counts on it. */
    if (c->news_n == MW_COMMANDS_NEWS)
        return;
    c->news[c->news_n].cancel = cancel;
    c->news[c->news_n++].entry = *entry;
}

void mw_commands_news_tell(mw_commands *c) {
    for (size_t i = 0; i < c->news_n; i++) {
        if (c->news[i].cancel && c->o.on_cancel != NULL)
            c->o.on_cancel(c->o.context, &c->news[i].entry);
        else if (!c->news[i].cancel && c->o.on_entry != NULL)
            c->o.on_entry(c->o.context, &c->news[i].entry);
    }
    c->news_n = 0;
}

void mw_commands_news_drop(mw_commands *c) {
    c->news_n = 0;
}

mw_status mw_commands_end(mw_commands *c, mw_status s) {
    if (s == MW_OK) {
        s = mw_store_commit(c->o.store);
    } else {
        mw_status undone = mw_store_rollback(c->o.store);
        s = undone == MW_OK ? s : undone;
    }
    if (s == MW_OK)
        mw_commands_news_tell(c);
    else
        mw_commands_news_drop(c);
    return s;
}

/* ---- steps ---- */

mw_status mw_commands_move_alone(mw_commands *c, mw_store_command *cmd, mw_utc now,
                                 mw_store_command_state state, const char *station,
                                 const char *reason) {
    mw_store_command_step step = {.command = cmd->id, .at = now, .state = state};
    snprintf(step.reason, sizeof step.reason, "%s", reason);
    snprintf(step.station, sizeof step.station, "%s", station);
    if (mw_command_is_over(state))
        MW_TRY(mw_commands_withdraw(c, cmd));
    cmd->state = state;
    cmd->changed = now;
    snprintf(cmd->reason, sizeof cmd->reason, "%s", step.reason);
    if (state == MW_COMMAND_ACKNOWLEDGED)
        cmd->not_before =
            mw_utc_add(cmd->expires.us > now.us ? cmd->expires : now, mw_dur_s(CONFIRM_WAIT_S));
    MW_TRY(mw_store_command_put(c->o.store, cmd));
    return mw_store_command_step_add(c->o.store, cmd->tenant, &step);
}

mw_status mw_commands_move(mw_commands *c, mw_store_command *cmd, mw_utc now,
                           mw_store_command_state state, const char *station, const char *reason) {
    MW_TRY(mw_commands_move_alone(c, cmd, now, state, station, reason));
    bool given_up = mw_command_is_over(state) && state != MW_COMMAND_EXECUTED;
    return given_up && cmd->code == MW_SMP_COMMAND_SCHEDULE
               ? mw_commands_schedule_given_up(c, cmd, now)
               : MW_OK;
}

mw_status mw_commands_withdraw(mw_commands *c, mw_store_command *cmd) {
    mw_store_downlink d;
    if (cmd->entry == 0)
        return MW_OK;
    mw_status s = mw_store_downlink_get(c->o.store, cmd->tenant, cmd->entry, &d);
    cmd->entry = 0;
    if (s == MW_NOT_FOUND || (s == MW_OK && !d.pending))
        return MW_OK;
    MW_TRY(s);
    d.pending = false;
    if (d.result[0] == 0)
        snprintf(d.result, sizeof d.result, "withdrawn");
    MW_TRY(mw_store_downlink_put(c->o.store, &d));
    mw_commands_news_add(c, true, &d);
    return MW_OK;
}

mw_status mw_commands_retry(mw_commands *c, mw_store_command *cmd, mw_utc now, mw_utc when,
                            const char *reason) {
    char text[MW_STORE_REASON_MAX];
    if (cmd->expires.us <= now.us)
        return mw_commands_move(c, cmd, now, MW_COMMAND_EXPIRED, "", reason);
    if (cmd->attempts >= cmd->attempts_max) {
        snprintf(text, sizeof text, "given up after %u attempts: %.150s", (unsigned)cmd->attempts,
                 reason);
        return mw_commands_move(c, cmd, now, MW_COMMAND_FAILED, "", text);
    }
    cmd->not_before = when;
    snprintf(text, sizeof text, "tried again: %.170s", reason);
    return mw_commands_move(c, cmd, now, MW_COMMAND_QUEUED, "", text);
}

/* ---- creating ---- */

/* A database that was restored does not know which ids were used since its backup, and a meter
 * answers an id that it remembers with the old receipt. So the first command of a device after a
 * restore goes far ahead, each restore to another place: *out_skip, for commands up to *out_last. */
static mw_status restored(mw_commands *c, uint32_t *out_skip, int64_t *out_last) {
    enum { FAR = 4099 };
    char text[64];
    uint32_t epoch = 0;
    int64_t last = 0;
    mw_status s = mw_store_meta_get(c->o.store, "restore", (mw_span){(uint8_t *)text, sizeof text});
    if (s != MW_OK && s != MW_NOT_FOUND)
        return s;
    bool known = s == MW_OK && sscanf(text, "%" SCNu32 " %" SCNd64, &epoch, &last) == 2;
    *out_skip = known ? epoch % MW_SENDER_EPOCH_MAX * FAR : 0;
    *out_last = known ? last : -1;
    return MW_OK;
}

/* The next id of a device's commands: 1..65535, round and round. */
static mw_status smp_id_next(mw_commands *c, int64_t tenant, int64_t device, uint16_t *out_id) {
    mw_store_command last = {.smp_id = 0};
    uint32_t skip = 0;
    int64_t before = -1;
    MW_TRY(restored(c, &skip, &before));
    mw_status s = mw_store_command_last(c->o.store, tenant, device, &last);
    if (s != MW_OK && s != MW_NOT_FOUND)
        return s;
    uint32_t id = last.smp_id + (last.id <= before ? skip : 0);
    *out_id = (uint16_t)(id % UINT16_MAX + 1);
    return MW_OK;
}

static mw_status command_add(mw_commands *c, mw_store_command *cmd) {
    MW_TRY(smp_id_next(c, cmd->tenant, cmd->device, &cmd->smp_id));
    cmd->state = MW_COMMAND_QUEUED;
    cmd->changed = cmd->created;
    cmd->not_before = cmd->created;
    cmd->attempts_max = c->o.attempts;
    cmd->result = -1;
    snprintf(cmd->reason, sizeof cmd->reason, "waits for its turn");
    MW_TRY(mw_store_command_add(c->o.store, cmd, &cmd->id));
    mw_store_command_step step = {
        .command = cmd->id, .at = cmd->created, .state = MW_COMMAND_QUEUED};
    snprintf(step.reason, sizeof step.reason, "asked by %s", cmd->actor);
    return mw_store_command_step_add(c->o.store, cmd->tenant, &step);
}

mw_status mw_commands_child(mw_commands *c, const mw_store_command *parent, const char *kind,
                            const mw_smp_command *smp, mw_utc now) {
    mw_store_command cmd = {.tenant = parent->tenant,
                            .device = parent->device,
                            .parent = parent->id,
                            .code = smp->code,
                            .size = smp->size,
                            .priority = parent->priority,
                            .created = now,
                            .expires = parent->expires};
    mw_bytes_copy(cmd.data, smp->data, smp->size);
    snprintf(cmd.kind, sizeof cmd.kind, "%s", kind);
    snprintf(cmd.args, sizeof cmd.args, "{}");
    snprintf(cmd.actor, sizeof cmd.actor, "platform");
    return command_add(c, &cmd);
}

static bool same_order(const mw_store_command *cmd, const mw_command_order *o) {
    return cmd->device == o->device.device && cmd->code == o->code &&
           strcmp(cmd->kind, o->kind) == 0 && strcmp(cmd->args, o->args) == 0;
}

/* The parts of two schedules would mix. */
static mw_status schedule_open(void *ctx, const mw_store_command *cmd) {
    bool *open = ctx;
    *open = *open || (cmd->code == MW_SMP_COMMAND_SCHEDULE && !mw_command_is_over(cmd->state));
    return MW_OK;
}

static mw_status order_check(mw_commands *c, const mw_command_order *o, mw_dur ttl) {
    int64_t n = 0;
    if (o->priority > 7 || o->size > MW_STORE_COMMAND_DATA ||
        strlen(o->args) >= MW_STORE_COMMAND_ARGS ||
        strlen(o->kind) >= sizeof((mw_store_command *)0)->kind ||
        ttl.ns < MW_COMMANDS_TTL_MIN_S * MW_NS_PER_S ||
        ttl.ns > MW_COMMANDS_TTL_MAX_S * MW_NS_PER_S)
        return MW_RANGE;
    MW_TRY(mw_store_commands_count(c->o.store, o->tenant, o->device.device, &n));
    if (n >= MW_COMMANDS_OPEN_DEVICE_MAX)
        return MW_LIMIT;
    bool busy = false;
    if (o->code == MW_SMP_COMMAND_SCHEDULE)
        MW_TRY(mw_store_commands_list(c->o.store, o->tenant, o->device.device, 0, MW_STORE_PAGE_MAX,
                                      schedule_open, &busy));
    if (busy)
        return MW_STATE;
    MW_TRY(mw_store_commands_count(c->o.store, o->tenant, 0, &n));
    return n >= MW_COMMANDS_OPEN_TENANT_MAX ? MW_LIMIT : MW_OK;
}

static mw_status audit(mw_commands *c, const mw_store_command *cmd, const char *actor,
                       const char *action, mw_utc now) {
    mw_store_audit row = {.tenant = cmd->tenant, .at = now};
    snprintf(row.actor, sizeof row.actor, "%s", actor);
    snprintf(row.action, sizeof row.action, "%s", action);
    snprintf(row.subject, sizeof row.subject, "command/%lld", (long long)cmd->id);
    snprintf(row.detail, sizeof row.detail, "%s device %lld %.180s", cmd->kind,
             (long long)cmd->device, cmd->args);
    return mw_store_audit_append(c->o.store, &row);
}

static mw_status create_in(mw_commands *c, mw_store_command *cmd, const mw_command_order *o) {
    MW_TRY(command_add(c, cmd));
    for (size_t i = 0; i < o->more_n; i++)
        MW_TRY(mw_commands_child(c, cmd, cmd->kind, &o->more[i], cmd->created));
    return audit(c, cmd, cmd->actor, "command.create", cmd->created);
}

mw_status mw_commands_create(mw_commands *c, const mw_command_order *order, mw_utc now,
                             mw_store_command *out_command, bool *out_existing) {
    const mw_command_order *o = order;
    mw_store_command cmd;
    *out_existing = false;
    if (o->key != NULL && strlen(o->key) >= MW_STORE_ID_MAX)
        return MW_RANGE;
    if (o->key != NULL && o->key[0] != 0) {
        mw_status s = mw_store_command_by_key(c->o.store, o->tenant, o->key, &cmd);
        if (s == MW_OK) {
            if (!same_order(&cmd, o))
                return MW_CONFLICT;
            *out_command = cmd;
            *out_existing = true;
            return MW_OK;
        }
        if (s != MW_NOT_FOUND)
            return s;
    }
    mw_dur ttl = o->ttl.ns != 0 ? o->ttl : c->o.ttl;
    MW_TRY(order_check(c, o, ttl));
    cmd = (mw_store_command){.tenant = o->tenant,
                             .device = o->device.device,
                             .code = o->code,
                             .size = o->size,
                             .priority = o->priority,
                             .created = now,
                             .expires = mw_utc_add(now, ttl)};
    mw_bytes_copy(cmd.data, o->data, o->size);
    snprintf(cmd.kind, sizeof cmd.kind, "%s", o->kind);
    snprintf(cmd.args, sizeof cmd.args, "%s", o->args);
    snprintf(cmd.actor, sizeof cmd.actor, "%s", o->actor);
    snprintf(cmd.key, sizeof cmd.key, "%s", o->key != NULL ? o->key : "");
    MW_TRY(mw_store_begin(c->o.store));
    mw_status s = create_in(c, &cmd, o);
    MW_TRY(mw_commands_end(c, s));
    *out_command = cmd;
    return MW_OK;
}

static mw_status cancel_in(mw_commands *c, mw_store_command *cmd, const char *actor, mw_utc now) {
    char reason[MW_STORE_REASON_MAX];
    snprintf(reason, sizeof reason, "cancelled by %s", actor);
    MW_TRY(mw_commands_move(c, cmd, now, MW_COMMAND_CANCELLED, "", reason));
    return audit(c, cmd, actor, "command.cancel", now);
}

mw_status mw_commands_cancel(mw_commands *c, int64_t tenant, int64_t id, const char *actor,
                             mw_utc now, mw_store_command *out_command) {
    mw_store_command cmd;
    MW_TRY(mw_store_command_get(c->o.store, tenant, id, &cmd));
    if (mw_command_is_over(cmd.state) || cmd.state == MW_COMMAND_ACKNOWLEDGED)
        return MW_STATE;
    MW_TRY(mw_store_begin(c->o.store));
    mw_status s = cancel_in(c, &cmd, actor, now);
    MW_TRY(mw_commands_end(c, s));
    *out_command = cmd;
    return MW_OK;
}

/* ---- turns ---- */

/* What a look at the open commands found to do. */
typedef struct open_list {
    mw_store_command *list;
    size_t n, room;
} open_list;

static mw_status open_add(void *ctx, const mw_store_command *cmd) {
    open_list *o = ctx;
    if (o->n < o->room)
        o->list[o->n++] = *cmd;
    return MW_OK;
}

static bool in_the_air(const mw_store_command *cmd) {
    return cmd->entry != 0 || cmd->state == MW_COMMAND_SENT;
}

/* Its values are being read back: they must not be changed meanwhile. */
static bool being_read_back(const mw_store_command *cmd) {
    return cmd->code == MW_SMP_COMMAND_SET_CONFIG && cmd->state == MW_COMMAND_ACKNOWLEDGED;
}

/* By device; there, what is in the air first, then by priority and age. */
static int order_of_turn(const void *a, const void *b) {
    const mw_store_command *x = a, *y = b;
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    bool x_first = in_the_air(x) || being_read_back(x);
    bool y_first = in_the_air(y) || being_read_back(y);
    if (x_first != y_first)
        return x_first ? -1 : 1;
    if (x->priority != y->priority)
        return x->priority < y->priority ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static mw_status expire(mw_commands *c, mw_store_command *cmd, mw_utc now) {
    bool taken = cmd->state == MW_COMMAND_ACKNOWLEDGED;
    char reason[MW_STORE_REASON_MAX];
    if (taken)
        snprintf(reason, sizeof reason, "the meter took it; no confirmation came in time");
    else if (cmd->attempts == 0)
        snprintf(reason, sizeof reason, "never sent: %.170s", cmd->reason);
    else
        snprintf(reason, sizeof reason, "its time is over: %.170s", cmd->reason);
    MW_TRY(mw_store_begin(c->o.store));
    mw_status s =
        mw_commands_move(c, cmd, now, taken ? MW_COMMAND_FAILED : MW_COMMAND_EXPIRED, "", reason);
    return mw_commands_end(c, s);
}

/* A frame was sent and nothing came back. */
static mw_status unanswered(mw_commands *c, mw_store_command *cmd, mw_utc now) {
    MW_TRY(mw_store_begin(c->o.store));
    mw_status s = mw_commands_retry(c, cmd, now, now, "sent, but no receipt came");
    return mw_commands_end(c, s);
}

/* An entry waits at a station that no longer hears the meter: another one gets it. */
static mw_status waiting_check(mw_commands *c, mw_store_command *cmd, mw_utc now) {
    mw_store_downlink d;
    mw_commands_passing passed = MW_COMMANDS_WAITS;
    size_t slot = (size_t)cmd->id % MW_COMMANDS_LOOKED;
    if (c->looked[slot].command == cmd->id && now.us - c->looked[slot].at.us < LOOK_S * MW_US_PER_S)
        return MW_OK;
    c->looked[slot].command = cmd->id;
    c->looked[slot].at = now;
    MW_TRY(mw_store_downlink_get(c->o.store, cmd->tenant, cmd->entry, &d));
    MW_TRY(mw_commands_passed_by(c, cmd, &d, now, &passed));
    if (passed == MW_COMMANDS_WAITS)
        return MW_OK;
    int64_t former = d.sender;
    bool silent = passed == MW_COMMANDS_SILENT;
    MW_TRY(mw_store_begin(c->o.store));
    mw_status s = mw_commands_withdraw(c, cmd);
    if (s == MW_OK) {
        if (!silent)
            cmd->attempts--; /* it was never sent: not an attempt */
        cmd->not_before = now;
        s = mw_commands_move(c, cmd, now, MW_COMMAND_QUEUED, "",
                             silent ? "the station hears the meter and says nothing"
                                    : "other stations hear the meter now");
    }
    MW_TRY(mw_commands_end(c, s));
    return mw_commands_place(c, cmd, now, former);
}

static mw_status command_turn(mw_commands *c, mw_store_command *cmd, mw_utc now, bool may_place,
                              unsigned *placed) {
    if (cmd->state == MW_COMMAND_ACKNOWLEDGED)
        return cmd->not_before.us <= now.us ? expire(c, cmd, now) : MW_OK;
    if (cmd->expires.us <= now.us && cmd->state != MW_COMMAND_SENT)
        return expire(c, cmd, now);
    if (!mw_utc_is_none(cmd->not_before) && cmd->not_before.us > now.us)
        return MW_OK;
    if (cmd->state == MW_COMMAND_SENT)
        return unanswered(c, cmd, now);
    if (cmd->entry != 0)
        return waiting_check(c, cmd, now);
    if (!may_place || *placed >= MW_COMMANDS_TURN_PLACED)
        return MW_OK;
    ++*placed;
    return mw_commands_place(c, cmd, now, 0);
}

/* A meter's commands in order: the first that is in the air or can go keeps the others back. */
static mw_status open_turn(mw_commands *c, mw_utc now, open_list *o, bool *out_more) {
    unsigned placed = 0;
    qsort(o->list, o->n, sizeof o->list[0], order_of_turn);
    int64_t busy_device = 0, setting_device = 0;
    for (size_t i = 0; i < o->n; i++) {
        mw_store_command *cmd = &o->list[i];
        bool busy = busy_device == cmd->device ||
                    (cmd->code == MW_SMP_COMMAND_SET_CONFIG && setting_device == cmd->device);
        bool flying = in_the_air(cmd);
        mw_status s = command_turn(c, cmd, now, !busy, &placed);
        if (s != MW_OK && s != MW_CONFLICT)
            return s;
        if (flying || in_the_air(cmd))
            busy_device = cmd->device;
        if (being_read_back(cmd))
            setting_device = cmd->device;
    }
    *out_more = *out_more || placed >= MW_COMMANDS_TURN_PLACED;
    return MW_OK;
}

static mw_status open_all(mw_commands *c, mw_utc now, bool *out_more) {
    open_list o = {.room = MW_COMMANDS_TURN_OPEN};
    o.list = calloc(o.room, sizeof *o.list);
    if (o.list == NULL)
        return MW_NOMEM;
    int64_t after = c->scan_after;
    mw_status s = MW_OK;
    for (size_t before = SIZE_MAX; s == MW_OK && o.n < o.room && before != o.n;) {
        before = o.n;
        s = mw_store_commands_open(c->o.store, after, MW_STORE_PAGE_MAX, open_add, &o);
        if (o.n > before)
            after = o.list[o.n - 1].id;
    }
    /* More than one turn looks at: the next goes on there. */
    c->scan_after = o.n == o.room ? after : 0;
    if (s == MW_OK)
        s = open_turn(c, now, &o, out_more);
    free(o.list);
    return s;
}

/* ---- entries whose station says nothing ---- */

typedef struct silent_list {
    mw_utc now;
    mw_store_downlink entry[64];
    size_t n;
    int64_t last;
} silent_list;

static mw_status silent_see(void *ctx, const mw_store_downlink *d) {
    silent_list *l = ctx;
    l->last = d->id;
    if (d->expires.us + SILENCE_S * MW_US_PER_S < l->now.us &&
        l->n < sizeof l->entry / sizeof l->entry[0])
        l->entry[l->n++] = *d;
    return MW_OK;
}

static mw_status silence_in(mw_commands *c, silent_list *l, mw_utc now) {
    for (size_t i = 0; i < l->n; i++) {
        mw_store_downlink *d = &l->entry[i];
        d->pending = false;
        snprintf(d->result, sizeof d->result, "silence");
        MW_TRY(mw_store_downlink_put(c->o.store, d));
        mw_store_command cmd;
        if (d->command == 0)
            continue;
        mw_status s = mw_store_command_get(c->o.store, d->tenant, d->command, &cmd);
        if (s == MW_NOT_FOUND)
            continue;
        MW_TRY(s);
        if (cmd.entry != d->id || mw_command_is_over(cmd.state))
            continue;
        cmd.entry = 0;
        MW_TRY(mw_commands_retry(c, &cmd, now, now, "the station did not say what became of it"));
    }
    return MW_OK;
}

static mw_status silences(mw_commands *c, mw_utc now) {
    static silent_list l; /* one thread; too large for a stack frame */
    int64_t after = 0;
    do {
        l = (silent_list){.now = now};
        MW_TRY(mw_store_downlinks_pending(c->o.store, 0, after, MW_STORE_PAGE_MAX, silent_see, &l));
        after = l.last;
        if (l.n == 0)
            continue;
        MW_TRY(mw_store_begin(c->o.store));
        mw_status s = silence_in(c, &l, now);
        MW_TRY(mw_commands_end(c, s));
    } while (l.last != 0);
    return MW_OK;
}

mw_status mw_commands_turn(mw_commands *c, mw_utc now, bool *out_more) {
    size_t facts = 0;
    *out_more = false;
    MW_TRY(mw_commands_facts(c, now, &facts));
    *out_more = facts >= MW_COMMANDS_TURN_FACTS / 2;
    MW_TRY(silences(c, now));
    MW_TRY(open_all(c, now, out_more));
    return mw_commands_beacons(c, now);
}
