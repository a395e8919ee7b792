/* SPDX-License-Identifier: Apache-2.0
 *
 * Through which station? The one that heard the meter best lately, that is connected, has duty left
 * and has not failed this command already.
 */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "platform/commands/internal.h"

enum {
    RECEPTIONS = 60,
    SILENT_UPLINKS = 4,  /* heard by a station that told nothing of its entry */
    TRIES = 64,          /* entries of a command that are looked at */
    CONTACT_S = 15 * 60, /* a station not heard of for this long is hardly there */
    LOOK_AGAIN_S = 60,   /* for what is not possible now */
    NO_DUTY_S = 3600,
    ANSWER_MARGIN_S = 120, /* a reception that brought no result by then was no chance */
    /* Points in 0.01 dB of signal to noise. */
    LOST_FAILED = 1500,
    LOST_DUTY = 2500,
    LOST_AWAY = 4000,
    LOST_SILENT = 1000, /* connected before, not now */
};

typedef struct candidate {
    int64_t sender;
    char station[MW_STORE_ID_MAX];
    mw_utc contact;
    int64_t snr_sum;
    int64_t n;
    int64_t score;
} candidate;

typedef struct search {
    mw_commands *c;
    mw_utc now;
    size_t n;
    candidate list[MW_COMMANDS_STATIONS_MAX];
    char rate[8]; /* of the newest reception */
    bool heard;
    uint8_t copies;
} search;

static mw_status sender_add(void *ctx, const mw_store_sender *row) {
    search *s = ctx;
    if (s->n == MW_COMMANDS_STATIONS_MAX)
        return MW_OK;
    candidate *k = &s->list[s->n++];
    *k = (candidate){.sender = row->sender, .contact = row->last_contact};
    snprintf(k->station, sizeof k->station, "%s", row->id);
    return MW_OK;
}

static mw_status reception_add(void *ctx, const mw_store_reception *r) {
    search *s = ctx;
    if (!s->heard)
        snprintf(s->rate, sizeof s->rate, "%s", r->rate);
    s->heard = true;
    for (size_t i = 0; i < s->n; i++) {
        if (strcmp(s->list[i].station, r->sender) != 0)
            continue;
        s->list[i].snr_sum += r->snr_cdb;
        s->list[i].n++;
    }
    return MW_OK;
}

static mw_status try_add(void *ctx, const mw_store_downlink *d) {
    search *s = ctx;
    for (size_t i = 0; i < s->n; i++) {
        if (s->list[i].sender != d->sender || d->pending || strcmp(d->result, "sent") == 0 ||
            strcmp(d->result, "cancelled") == 0)
            continue;
        bool duty = strcmp(d->result, "no_duty") == 0;
        if (duty && s->now.us - d->created.us > NO_DUTY_S * MW_US_PER_S)
            continue;
        s->list[i].score -= duty ? LOST_DUTY : LOST_FAILED;
    }
    return MW_OK;
}

static mw_status copies_take(void *ctx, const mw_store_told *t) {
    search *s = ctx;
    if (t->key == MW_SMP_KEY_COPIES && t->value >= 1 && t->value <= MW_UNB_COPIES_MAX)
        s->copies = (uint8_t)t->value;
    return MW_OK;
}

mw_status mw_commands_route_find(mw_commands *c, const mw_store_command *cmd, mw_utc now,
                                 int64_t without, mw_commands_route *out_route) {
    static search s; /* one thread; too large for a stack frame */
    memset(&s, 0, sizeof s);
    s.c = c;
    s.now = now;
    s.copies = c->o.copies;
    MW_TRY(mw_store_senders_list(c->o.store, cmd->tenant, now, sender_add, &s));
    MW_TRY(mw_store_receptions(c->o.store, cmd->tenant, cmd->device, 0, RECEPTIONS, reception_add,
                               &s));
    MW_TRY(mw_store_told_list(c->o.store, cmd->tenant, cmd->device, copies_take, &s));
    if (cmd->id != 0)
        MW_TRY(mw_store_downlinks_of(c->o.store, cmd->tenant, cmd->id, TRIES, try_add, &s));
    const candidate *best = NULL;
    for (size_t i = 0; i < s.n; i++) {
        candidate *k = &s.list[i];
        if (k->n == 0 || k->sender == without)
            continue;
        k->score += k->snr_sum / k->n;
        bool connected = c->o.connected != NULL && c->o.connected(c->o.context, k->sender);
        bool away = mw_utc_is_none(k->contact) || now.us - k->contact.us > CONTACT_S * MW_US_PER_S;
        if (!connected)
            k->score -= away ? LOST_AWAY : LOST_SILENT;
        if (best == NULL || k->score > best->score)
            best = k;
    }
    mw_unb_rate rate;
    if (best == NULL || mw_unb_rate_of_name(mw_slice_of_str(s.rate), &rate) != MW_OK)
        return MW_NOT_FOUND;
    *out_route = (mw_commands_route){.sender = best->sender, .rate = rate, .copies = s.copies};
    snprintf(out_route->station, sizeof out_route->station, "%s", best->station);
    return MW_OK;
}

/* ---- a meter that the chosen station does not hear ---- */

typedef struct passing {
    const mw_store_downlink *entry;
    char station[MW_STORE_ID_MAX];
    mw_utc now;
    bool others;
    unsigned own;          /* different uplinks that its station heard */
    uint32_t last_counter; /* the newest of them looked at */
} passing;

static mw_status station_name(void *ctx, const mw_store_sender *row) {
    passing *p = ctx;
    if (row->sender == p->entry->sender)
        snprintf(p->station, sizeof p->station, "%s", row->id);
    return MW_OK;
}

static mw_status passing_see(void *ctx, const mw_store_reception *r) {
    passing *p = ctx;
    if (r->received.us <= p->entry->created.us ||
        p->now.us - r->received.us < ANSWER_MARGIN_S * MW_US_PER_S)
        return MW_OK;
    if (strcmp(r->sender, p->station) == 0)
        p->own += p->own == 0 || r->counter != p->last_counter;
    else
        p->others = true;
    if (strcmp(r->sender, p->station) == 0)
        p->last_counter = r->counter;
    return MW_OK;
}

mw_status mw_commands_passed_by(mw_commands *c, const mw_store_command *cmd,
                                const mw_store_downlink *entry, mw_utc now,
                                mw_commands_passing *out_passing) {
    passing p = {.entry = entry, .now = now};
    MW_TRY(mw_store_senders_list(c->o.store, cmd->tenant, now, station_name, &p));
    MW_TRY(
        mw_store_receptions(c->o.store, cmd->tenant, cmd->device, 0, RECEPTIONS, passing_see, &p));
    *out_passing = p.own >= SILENT_UPLINKS  ? MW_COMMANDS_SILENT
                   : p.others && p.own == 0 ? MW_COMMANDS_OTHERS
                                            : MW_COMMANDS_WAITS;
    return MW_OK;
}

/* ---- placing ---- */

static mw_status wait_with(mw_commands *c, mw_store_command *cmd, mw_utc now, const char *reason) {
    mw_store_command before = *cmd;
    cmd->not_before = mw_utc_add(now, mw_dur_s(LOOK_AGAIN_S));
    MW_TRY(mw_store_begin(c->o.store));
    mw_status s = MW_OK;
    if (strcmp(before.reason, reason) != 0 || before.state != MW_COMMAND_QUEUED)
        s = mw_commands_move(c, cmd, now, MW_COMMAND_QUEUED, "", reason);
    else
        s = mw_store_command_put(c->o.store, cmd);
    return mw_commands_end(c, s);
}

/* A meter that never confirmed a counter must hear a whole one first; a ping has the room. */
static mw_status introduce(mw_commands *c, mw_store_command *cmd, mw_utc now) {
    mw_smp_command ping = {.code = MW_SMP_COMMAND_PING};
    MW_TRY(mw_store_begin(c->o.store));
    cmd->not_before = mw_utc_add(now, mw_dur_s(LOOK_AGAIN_S));
    mw_status s = mw_commands_child(c, cmd, "ping", &ping, now);
    if (s == MW_OK)
        s = mw_commands_move(c, cmd, now, MW_COMMAND_QUEUED, "",
                             "too long for this rate until the meter has answered a ping");
    return mw_commands_end(c, s);
}

static mw_status entry_add(mw_commands *c, mw_store_command *cmd, mw_utc now,
                           const mw_commands_route *route, const mw_commands_frame *frame) {
    mw_store_downlink d = {.tenant = cmd->tenant,
                           .sender = route->sender,
                           .command = cmd->id,
                           .device = cmd->device,
                           .mode = MW_STORE_ANSWER,
                           .address = frame->address,
                           .rate = (uint8_t)route->rate,
                           .size = frame->bytes,
                           .counter = frame->counter,
                           .copies = route->copies,
                           .priority = cmd->priority,
                           .at = MW_UTC_NONE,
                           .created = now,
                           .expires = cmd->expires,
                           .pending = true};
    mw_bytes_copy(d.payload, frame->payload, frame->bytes);
    MW_TRY(mw_store_downlink_add(c->o.store, &d, &d.id));
    cmd->entry = d.id;
    cmd->key_epoch = frame->key_epoch;
    cmd->attempts++;
    cmd->not_before = MW_UTC_NONE;
    char reason[MW_STORE_REASON_MAX];
    snprintf(reason, sizeof reason, "waits at %s for the meter's next uplink (attempt %u of %u)",
             route->station, (unsigned)cmd->attempts, (unsigned)cmd->attempts_max);
    MW_TRY(mw_commands_move(c, cmd, now, MW_COMMAND_QUEUED, route->station, reason));
    mw_commands_news_add(c, false, &d);
    return MW_OK;
}

/* Words for what keeps a frame from being sealed; NULL for trouble of our own. */
static const char *obstacle(const mw_store_command *cmd, mw_status s) {
    switch (s) {
    case MW_STATE:
        return "the sender epoch file is lost: an operator must set the epoch";
    case MW_LIMIT:
        return "no sender epochs are left";
    case MW_AUTH:
    case MW_UNSUPPORTED:
        return "the keys of this meter do not open with the platform's master key";
    case MW_NOT_FOUND:
        if (cmd->code == MW_SMP_COMMAND_SET_TIME)
            return "waits for an uplink of which two copies are heard, to tell the time by";
        return cmd->code == MW_SMP_COMMAND_GROUP_KEY ? "the tenant has no group key"
                                                     : "the meter has no key here";
    default:
        return NULL;
    }
}

mw_status mw_commands_place(mw_commands *c, mw_store_command *cmd, mw_utc now, int64_t without) {
    mw_commands_route route;
    mw_commands_frame frame;
    mw_store_device device;
    bool counter_known = true;
    mw_status s = mw_commands_route_find(c, cmd, now, without, &route);
    if (s == MW_NOT_FOUND && without != 0) /* there is no other */
        s = mw_commands_route_find(c, cmd, now, 0, &route);
    if (s == MW_NOT_FOUND)
        return wait_with(c, cmd, now, "the meter was not heard yet: no station to send through");
    MW_TRY(s);
    s = mw_store_device_by_number(c->o.store, cmd->tenant, cmd->device, &device);
    if (s == MW_NOT_FOUND)
        return wait_with(c, cmd, now, "there is no such device any more");
    MW_TRY(s);
    s = mw_commands_seal(c, cmd, &device, route.rate, now, &frame, &counter_known);
    if (s == MW_SPACE && !counter_known && cmd->parent == 0)
        return introduce(c, cmd, now);
    if (s == MW_SPACE || s == MW_RANGE) {
        MW_TRY(mw_store_begin(c->o.store));
        s = mw_commands_move(c, cmd, now, MW_COMMAND_FAILED, "",
                             "the command does not fit a frame at the meter's rate");
        return mw_commands_end(c, s);
    }
    if (s != MW_OK) {
        const char *words = obstacle(cmd, s);
        return words != NULL ? wait_with(c, cmd, now, words) : s;
    }
    MW_TRY(mw_store_begin(c->o.store));
    s = entry_add(c, cmd, now, &route, &frame);
    return mw_commands_end(c, s);
}
