/* SPDX-License-Identifier: Apache-2.0
 *
 * What stations and meters said, from the journal by way of decoding, becomes states of commands.
 * The cursor moves in the transaction of the changes, so each fact counts once, also when the
 * journal is decoded again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/commands/internal.h"

static const char cursor_name[] = "commands";

enum { BUSY_S = 300, DUTY_S = 600, LATE_S = 30 };

typedef struct page {
    mw_store_fact *fact;
    size_t n;
} page;

static mw_status fact_keep(void *ctx, const mw_store_fact *f) {
    page *p = ctx;
    p->fact[p->n++] = *f;
    return MW_OK;
}

/* ---- results of stations ---- */

static mw_status station_of(mw_commands *c, int64_t tenant, int64_t sender, mw_utc now,
                            char out[MW_STORE_ID_MAX]);

typedef struct naming {
    int64_t sender;
    char *out;
} naming;

static mw_status name_see(void *ctx, const mw_store_sender *row) {
    naming *n = ctx;
    if (row->sender == n->sender)
        snprintf(n->out, MW_STORE_ID_MAX, "%s", row->id);
    return MW_OK;
}

static mw_status station_of(mw_commands *c, int64_t tenant, int64_t sender, mw_utc now,
                            char out[MW_STORE_ID_MAX]) {
    naming n = {sender, out};
    out[0] = 0;
    return mw_store_senders_list(c->o.store, tenant, now, name_see, &n);
}

static mw_status sent(mw_commands *c, mw_store_command *cmd, const mw_store_downlink *d,
                      const char *station, mw_utc now) {
    char reason[MW_STORE_REASON_MAX];
    if (cmd->entry != d->id)
        MW_TRY(mw_commands_withdraw(c, cmd)); /* it was moved meanwhile: one frame is enough */
    cmd->entry = 0;
    cmd->not_before = mw_utc_add(now, c->o.receipt_wait);
    snprintf(reason, sizeof reason, "sent by %s; the meter's receipt is due", station);
    return mw_commands_move(c, cmd, now, MW_COMMAND_SENT, station, reason);
}

static mw_status not_sent(mw_commands *c, mw_store_command *cmd, const mw_store_downlink *d,
                          const char *station, mw_utc now) {
    char reason[MW_STORE_REASON_MAX];
    if (cmd->entry != d->id)
        return MW_OK;
    cmd->entry = 0;
    snprintf(reason, sizeof reason, "%s: %s%s%.100s", station, d->result,
             d->reason[0] != 0 ? ", " : "", d->reason);
    if (strcmp(d->result, "too_late") == 0)
        MW_TRY(mw_commands_move(c, cmd, now, MW_COMMAND_TOO_LATE, station, reason));
    if (strcmp(d->result, "no_duty") == 0)
        MW_TRY(mw_commands_move(c, cmd, now, MW_COMMAND_NO_DUTY, station, reason));
    int64_t wait = strcmp(d->result, "no_duty") == 0 ? DUTY_S : LATE_S;
    return mw_commands_retry(c, cmd, now, mw_utc_add(now, mw_dur_s(wait)), reason);
}

static mw_status result_take(mw_commands *c, const mw_store_fact *f, mw_utc now) {
    mw_store_downlink d;
    mw_status s = mw_store_downlink_get(c->o.store, f->tenant, f->value, &d);
    if (s == MW_NOT_FOUND || (s == MW_OK && d.sender != f->sender))
        return MW_OK; /* of another database, or not this station's to say */
    MW_TRY(s);
    const char *end = strchr(f->text, '\n');
    size_t n = end != NULL ? (size_t)(end - f->text) : strlen(f->text);
    bool known = d.result[0] != 0 && strcmp(d.result, "silence") != 0;
    if (known && strcmp(d.result, "sent") == 0)
        return MW_OK;
    snprintf(d.result, sizeof d.result, "%.*s", (int)(n < 15 ? n : 15), f->text);
    snprintf(d.reason, sizeof d.reason, "%s", end != NULL ? end + 1 : "");
    d.pending = false;
    MW_TRY(mw_store_downlink_put(c->o.store, &d));
    mw_store_command cmd;
    if (d.command == 0)
        return MW_OK;
    s = mw_store_command_get(c->o.store, f->tenant, d.command, &cmd);
    if (s == MW_NOT_FOUND)
        return MW_OK;
    MW_TRY(s);
    if (mw_command_is_over(cmd.state) || cmd.state == MW_COMMAND_ACKNOWLEDGED)
        return MW_OK;
    char station[MW_STORE_ID_MAX];
    MW_TRY(station_of(c, f->tenant, d.sender, now, station));
    if (strcmp(d.result, "sent") == 0)
        return sent(c, &cmd, &d, station, now);
    if (strcmp(d.result, "cancelled") == 0)
        return MW_OK;
    return not_sent(c, &cmd, &d, station, now);
}

/* ---- receipts of meters ---- */

static const char *refusal(uint8_t result) {
    switch (result) {
    case MW_SMP_RESULT_REFUSED:
        return "the meter refused";
    case MW_SMP_RESULT_UNKNOWN:
        return "the meter does not know this command or key";
    case MW_SMP_RESULT_RANGE:
        return "the meter found a value out of range";
    default:
        return "the meter could not do it";
    }
}

/* Every key is read back by a command of its own. */
static mw_status config_check(mw_commands *c, mw_store_command *cmd, mw_utc now) {
    mw_smp_command smp = {.code = cmd->code, .size = cmd->size};
    mw_smp_config set;
    mw_bytes_copy(smp.data, cmd->data, cmd->size);
    MW_TRY(mw_smp_set_config_of(&smp, &set));
    MW_TRY(mw_commands_move(c, cmd, now, MW_COMMAND_ACKNOWLEDGED, "",
                            "the meter took it; its values are being read back"));
    for (unsigned i = 0; i < set.count; i++) {
        mw_smp_command read = {.code = MW_SMP_COMMAND_READ_CONFIG};
        mw_smp_read_config_put(set.item[i].key, &read);
        MW_TRY(mw_commands_child(c, cmd, "read-configuration", &read, now));
    }
    return MW_OK;
}

static mw_status relay_check(mw_commands *c, mw_store_command *cmd, const mw_store_fact *f,
                             mw_utc now) {
    char reason[MW_STORE_REASON_MAX];
    bool told = f->value >= 0, match = told && cmd->size > 0 && f->value == cmd->data[0];
    snprintf(reason, sizeof reason, "the meter reports the relay %s",
             !told           ? "without a position"
             : f->value == 1 ? "closed"
                             : "open");
    return mw_commands_move(c, cmd, now, match ? MW_COMMAND_EXECUTED : MW_COMMAND_FAILED, "",
                            reason);
}

static mw_status done(mw_commands *c, mw_store_command *cmd, const mw_store_fact *f, mw_utc now,
                      bool late) {
    switch (cmd->code) {
    case MW_SMP_COMMAND_SET_CONFIG:
        return late ? mw_commands_move(c, cmd, now, MW_COMMAND_EXECUTED, "",
                                       "its receipt came when it was over already")
                    : config_check(c, cmd, now);
    case MW_SMP_COMMAND_SCHEDULE:
        return mw_commands_schedule_done(c, cmd, now, late);
    case MW_SMP_COMMAND_RELAY:
        return relay_check(c, cmd, f, now);
    case MW_SMP_COMMAND_RESTART:
        return mw_commands_move(c, cmd, now, MW_COMMAND_ACKNOWLEDGED, "",
                                "the meter took it; its start is to be heard");
    case MW_SMP_COMMAND_KEY_EPOCH:
        if (f->key_epoch == cmd->key_epoch)
            return mw_commands_move(c, cmd, now, MW_COMMAND_FAILED, "",
                                    "the meter says done and still uses the former keys");
        return mw_commands_move(c, cmd, now, MW_COMMAND_EXECUTED, "",
                                "the meter reports under the new keys");
    default:
        return mw_commands_move(c, cmd, now, MW_COMMAND_EXECUTED, "",
                                late ? "its receipt came when it was over already"
                                     : "the meter's receipt says done");
    }
}

/* The meter's newest counter is at least that of the frame which brought the command. */
static mw_status counter_confirm(mw_commands *c, const mw_store_command *cmd) {
    mw_store_downlink d;
    mw_store_counter k;
    int64_t entry = cmd->entry;
    if (entry == 0)
        return MW_OK;
    mw_status s = mw_store_downlink_get(c->o.store, cmd->tenant, entry, &d);
    if (s == MW_NOT_FOUND)
        return MW_OK;
    MW_TRY(s);
    s = mw_store_counter_get(c->o.store, cmd->tenant, cmd->device, cmd->key_epoch, &k);
    if (s == MW_NOT_FOUND)
        return MW_OK;
    MW_TRY(s);
    if (k.heard && k.confirmed >= d.counter)
        return MW_OK;
    k.heard = true;
    k.confirmed = d.counter;
    return mw_store_counter_put(c->o.store, &k);
}

static mw_status last_entry(void *ctx, const mw_store_downlink *d) {
    int64_t *sent_entry = ctx;
    if (strcmp(d->result, "sent") == 0)
        *sent_entry = d->id;
    return MW_OK;
}

static mw_status receipt_apply(mw_commands *c, mw_store_command *cmd, const mw_store_fact *f,
                               mw_utc now) {
    bool late = mw_command_is_over(cmd->state);
    int64_t sent_entry = 0;
    MW_TRY(mw_store_downlinks_of(c->o.store, cmd->tenant, cmd->id, 1000, last_entry, &sent_entry));
    MW_TRY(mw_commands_withdraw(c, cmd));
    cmd->entry = sent_entry;
    MW_TRY(counter_confirm(c, cmd));
    cmd->entry = 0;
    cmd->result = f->result;
    switch (f->result) {
    case MW_SMP_RESULT_DONE:
        return done(c, cmd, f, now, late);
    case MW_SMP_RESULT_ACCEPTED:
        if (late)
            return mw_store_command_put(c->o.store, cmd);
        return mw_commands_move(c, cmd, now, MW_COMMAND_ACKNOWLEDGED, "",
                                "the meter took it and is at work");
    case MW_SMP_RESULT_EXPIRED:
        return mw_commands_move(c, cmd, now, MW_COMMAND_EXPIRED, "",
                                "it reached the meter after its time");
    case MW_SMP_RESULT_BUSY:
        if (late)
            return mw_store_command_put(c->o.store, cmd);
        return mw_commands_retry(c, cmd, now, mw_utc_add(now, mw_dur_s(BUSY_S)),
                                 "the meter was busy with another command");
    default:
        return mw_commands_move(c, cmd, now, MW_COMMAND_FAILED, "", refusal(f->result));
    }
}

static mw_status receipt_take(mw_commands *c, const mw_store_fact *f, mw_utc now) {
    mw_store_command cmd;
    mw_status s = mw_store_command_by_smp_id(c->o.store, f->tenant, f->device, f->number, &cmd);
    if (s == MW_NOT_FOUND)
        return MW_OK;
    MW_TRY(s);
    /* Ids come round after 65535 commands; what was not sent cannot be answered. */
    if (f->received.us < cmd.created.us || cmd.attempts == 0)
        return MW_OK;
    bool told =
        cmd.result >= 0 && cmd.result != MW_SMP_RESULT_ACCEPTED && cmd.result != MW_SMP_RESULT_BUSY;
    if (told)
        return MW_OK; /* said before: a receipt was asked for again */
    return receipt_apply(c, &cmd, f, now);
}

/* ---- configuration read back ---- */

typedef struct comparing {
    const mw_store_command *cmd;
    mw_smp_config set;
    unsigned same;
    uint16_t other_key;
    int64_t other;
    bool differs;
} comparing;

static mw_status value_compare(void *ctx, const mw_store_told *t) {
    comparing *k = ctx;
    for (unsigned i = 0; i < k->set.count; i++) {
        if (k->set.item[i].key != t->key || t->received.us < k->cmd->created.us)
            continue;
        if (k->set.item[i].value == t->value) {
            k->same++;
        } else {
            k->differs = true;
            k->other_key = t->key;
            k->other = t->value;
        }
    }
    return MW_OK;
}

typedef struct waiting {
    int64_t id[MW_COMMANDS_OPEN_DEVICE_MAX];
    size_t n;
} waiting;

static mw_status waiting_add(void *ctx, const mw_store_command *cmd) {
    waiting *w = ctx;
    if (cmd->code == MW_SMP_COMMAND_SET_CONFIG && cmd->state == MW_COMMAND_ACKNOWLEDGED &&
        w->n < MW_COMMANDS_OPEN_DEVICE_MAX)
        w->id[w->n++] = cmd->id;
    return MW_OK;
}

static mw_status config_compare(mw_commands *c, int64_t tenant, int64_t id, mw_utc now) {
    mw_store_command cmd;
    MW_TRY(mw_store_command_get(c->o.store, tenant, id, &cmd));
    mw_smp_command smp = {.code = cmd.code, .size = cmd.size};
    mw_bytes_copy(smp.data, cmd.data, cmd.size);
    comparing k = {.cmd = &cmd};
    MW_TRY(mw_smp_set_config_of(&smp, &k.set));
    MW_TRY(mw_store_told_list(c->o.store, tenant, cmd.device, value_compare, &k));
    char reason[MW_STORE_REASON_MAX];
    if (k.differs) {
        snprintf(reason, sizeof reason, "the meter took it, but key %u reads back as %lld",
                 (unsigned)k.other_key, (long long)k.other);
        return mw_commands_move(c, &cmd, now, MW_COMMAND_FAILED, "", reason);
    }
    if (k.same < k.set.count)
        return MW_OK;
    return mw_commands_move(c, &cmd, now, MW_COMMAND_EXECUTED, "",
                            "the values read back as they were set");
}

static mw_status config_take(mw_commands *c, const mw_store_fact *f, mw_utc now) {
    waiting w = {.n = 0};
    MW_TRY(mw_store_commands_list(c->o.store, f->tenant, f->device, 0, 100, waiting_add, &w));
    for (size_t i = 0; i < w.n; i++)
        MW_TRY(config_compare(c, f->tenant, w.id[i], now));
    return mw_commands_schedule_told(c, f->tenant, f->device, now);
}

/* ---- a meter that started again ---- */

static mw_status restarting_add(void *ctx, const mw_store_command *cmd) {
    waiting *w = ctx;
    if (cmd->code == MW_SMP_COMMAND_RESTART && cmd->state == MW_COMMAND_ACKNOWLEDGED &&
        w->n < MW_COMMANDS_OPEN_DEVICE_MAX)
        w->id[w->n++] = cmd->id;
    return MW_OK;
}

static mw_status boot_take(mw_commands *c, const mw_store_fact *f, mw_utc now) {
    waiting w = {.n = 0};
    MW_TRY(mw_store_commands_list(c->o.store, f->tenant, f->device, 0, 100, restarting_add, &w));
    for (size_t i = 0; i < w.n; i++) {
        mw_store_command cmd;
        MW_TRY(mw_store_command_get(c->o.store, f->tenant, w.id[i], &cmd));
        MW_TRY(mw_commands_move(c, &cmd, now, MW_COMMAND_EXECUTED, "", "the meter started again"));
    }
    return MW_OK;
}

/* ---- all of them ---- */

static mw_status fact_take(mw_commands *c, const mw_store_fact *f, mw_utc now) {
    switch (f->kind) {
    case MW_FACT_RESULT:
        return result_take(c, f, now);
    case MW_FACT_RECEIPT:
        return receipt_take(c, f, now);
    case MW_FACT_CONFIG:
        return config_take(c, f, now);
    case MW_FACT_BOOT:
        return boot_take(c, f, now);
    }
    return MW_OK;
}

static mw_status facts_in(mw_commands *c, mw_utc now, page *p) {
    int64_t at = 0;
    MW_TRY(mw_store_cursor_get(c->o.store, cursor_name, &at));
    MW_TRY(mw_store_facts_scan(c->o.store, at, MW_COMMANDS_TURN_FACTS, fact_keep, p));
    size_t n = p->n;
    /* The facts of one journal record stay together. */
    if (n == MW_COMMANDS_TURN_FACTS)
        while (n > 1 && p->fact[n - 1].journal == p->fact[p->n - 1].journal)
            n--;
    if (n == 0)
        return MW_OK;
    for (size_t i = 0; i < n; i++)
        MW_TRY(fact_take(c, &p->fact[i], now));
    p->n = n;
    return mw_store_cursor_set(c->o.store, cursor_name, p->fact[n - 1].journal);
}

mw_status mw_commands_facts(mw_commands *c, mw_utc now, size_t *out_n) {
    page p = {.fact = calloc(MW_COMMANDS_TURN_FACTS, sizeof *p.fact)};
    if (p.fact == NULL)
        return MW_NOMEM;
    mw_status s = mw_store_begin(c->o.store);
    if (s == MW_OK) {
        s = facts_in(c, now, &p);
        s = mw_commands_end(c, s);
    }
    if (s == MW_OK)
        *out_n = p.n;
    free(p.fact);
    return s;
}
