/* SPDX-License-Identifier: Apache-2.0
 *
 * A tariff schedule is a family of commands: its first part is the one that was asked for, the other
 * parts are children of it, and so are the questions what the meter holds then.
 *
 *   every part has its receipt -> which schedule is it?  the one that was sent: executed
 *                                                        another one: which parts are missing?
 *   missing parts are sent again: a meter that restarted has forgotten those that came before
 *
 * When a part fails, the family does.
 */
#include <stdio.h>

#include "platform/commands/internal.h"
#include "protocols/smp/commands.h"
#include "protocols/tariff/schedule.h"

enum { MEMBERS_MAX = 4 * MW_SMP_SCHEDULE_PARTS, ROOTS_MAX = 32 };

typedef struct family {
    mw_store_command root;
    unsigned children, parts_open;
    mw_utc asked_newest, asked_missing; /* when the questions were asked last; MW_UTC_NONE: never */
    mw_smp_command part[MW_SMP_SCHEDULE_PARTS]; /* as they were sent, by number */
} family;

static mw_smp_command smp_of(const mw_store_command *cmd) {
    mw_smp_command smp = {.code = cmd->code, .size = cmd->size};
    mw_bytes_copy(smp.data, cmd->data, cmd->size);
    return smp;
}

static mw_status part_add(family *f, const mw_store_command *cmd) {
    mw_smp_schedule_part p;
    mw_smp_command smp = smp_of(cmd);
    MW_TRY(mw_smp_schedule_of(&smp, &p));
    f->part[p.number] = smp;
    return MW_OK;
}

static mw_status child_add(void *ctx, const mw_store_command *cmd) {
    family *f = ctx;
    uint16_t key = 0;
    mw_smp_command smp = smp_of(cmd);
    f->children++;
    if (cmd->code == MW_SMP_COMMAND_SCHEDULE) {
        f->parts_open += !mw_command_is_over(cmd->state);
        return part_add(f, cmd);
    }
    if (cmd->code != MW_SMP_COMMAND_READ_CONFIG || mw_smp_read_config_of(&smp, &key) != MW_OK)
        return MW_OK;
    mw_utc *asked = key == MW_SMP_KEY_SCHEDULE ? &f->asked_newest : &f->asked_missing;
    if (cmd->created.us >= asked->us)
        *asked = cmd->created;
    return MW_OK;
}

static mw_status family_of(mw_commands *c, int64_t tenant, int64_t root, family *out) {
    *out = (family){.asked_newest = {INT64_MIN}, .asked_missing = {INT64_MIN}};
    MW_TRY(mw_store_command_get(c->o.store, tenant, root, &out->root));
    MW_TRY(part_add(out, &out->root));
    return mw_store_commands_of(c->o.store, tenant, root, child_add, out);
}

static mw_status ask(mw_commands *c, const family *f, uint16_t key, mw_utc now) {
    mw_smp_command read = {.code = MW_SMP_COMMAND_READ_CONFIG};
    mw_smp_read_config_put(key, &read);
    return mw_commands_child(c, &f->root, "read-configuration", &read, now);
}

/* ---- parts ---- */

mw_status mw_commands_schedule_done(mw_commands *c, mw_store_command *cmd, mw_utc now, bool late) {
    static family f; /* one thread; too large for a stack frame */
    bool root = cmd->parent == 0;
    if (late)
        return mw_store_command_put(c->o.store, cmd);
    MW_TRY(root
               ? mw_commands_move(c, cmd, now, MW_COMMAND_ACKNOWLEDGED, "",
                                  "the meter took the first part; the whole is to be read back")
               : mw_commands_move(c, cmd, now, MW_COMMAND_EXECUTED, "", "the meter has this part"));
    MW_TRY(family_of(c, cmd->tenant, root ? cmd->id : cmd->parent, &f));
    bool complete = f.root.state == MW_COMMAND_ACKNOWLEDGED && f.parts_open == 0;
    return complete ? ask(c, &f, MW_SMP_KEY_SCHEDULE, now) : MW_OK;
}

typedef struct members {
    int64_t id[MEMBERS_MAX];
    size_t n;
} members;

static mw_status member_add(void *ctx, const mw_store_command *cmd) {
    members *m = ctx;
    if (cmd->code == MW_SMP_COMMAND_SCHEDULE && !mw_command_is_over(cmd->state) &&
        m->n < MEMBERS_MAX)
        m->id[m->n++] = cmd->id;
    return MW_OK;
}

mw_status mw_commands_schedule_given_up(mw_commands *c, const mw_store_command *cmd, mw_utc now) {
    members m = {.n = 0};
    int64_t root = cmd->parent != 0 ? cmd->parent : cmd->id;
    if (cmd->parent != 0)
        m.id[m.n++] = root;
    MW_TRY(mw_store_commands_of(c->o.store, cmd->tenant, root, member_add, &m));
    for (size_t i = 0; i < m.n; i++) {
        mw_store_command other;
        char reason[MW_STORE_REASON_MAX];
        MW_TRY(mw_store_command_get(c->o.store, cmd->tenant, m.id[i], &other));
        if (other.id == cmd->id || mw_command_is_over(other.state))
            continue;
        bool is_root = other.id == root;
        snprintf(reason, sizeof reason, is_root ? "a part of it: %.150s" : "the schedule: %.150s",
                 cmd->reason);
        MW_TRY(mw_commands_move_alone(
            c, &other, now, is_root ? MW_COMMAND_FAILED : MW_COMMAND_CANCELLED, "", reason));
    }
    return MW_OK;
}

/* ---- reading back ---- */

typedef struct told {
    const family *f;
    bool newest_known, missing_known;
    int64_t newest, missing;
} told;

static mw_status told_see(void *ctx, const mw_store_told *t) {
    told *k = ctx;
    if (t->key == MW_SMP_KEY_SCHEDULE && t->received.us >= k->f->asked_newest.us) {
        k->newest_known = true;
        k->newest = t->value;
    }
    /* Asked after the schedule was found to be another one. */
    if (t->key == MW_SMP_KEY_SCHEDULE_MISSING && k->f->asked_missing.us >= k->f->asked_newest.us &&
        t->received.us >= k->f->asked_missing.us) {
        k->missing_known = true;
        k->missing = t->value;
    }
    return MW_OK;
}

/* None missing: it has forgotten all of them. */
static mw_status send_missing(mw_commands *c, const family *f, int64_t missing, mw_utc now) {
    unsigned sent = 0;
    for (unsigned n = 0; n < MW_SMP_SCHEDULE_PARTS; n++) {
        if (f->part[n].size == 0 || (missing != 0 && (missing >> n & 1) == 0))
            continue;
        MW_TRY(mw_commands_child(c, &f->root, f->root.kind, &f->part[n], now));
        sent++;
    }
    return sent > 0 ? MW_OK : MW_SYNTAX;
}

static mw_status compare(mw_commands *c, int64_t tenant, int64_t root, mw_utc now) {
    static family f; /* as above */
    mw_smp_schedule_part first;
    mw_tariff_schedule_head head;
    MW_TRY(family_of(c, tenant, root, &f));
    told k = {.f = &f};
    if (f.parts_open > 0 || f.asked_newest.us == INT64_MIN)
        return MW_OK;
    MW_TRY(mw_store_told_list(c->o.store, tenant, f.root.device, told_see, &k));
    MW_TRY(mw_smp_schedule_of(&f.part[0], &first));
    MW_TRY(mw_tariff_schedule_head_of((mw_slice){first.data, first.size}, &head));
    if (!k.newest_known)
        return MW_OK;
    if (k.newest == head.checksum)
        return mw_commands_move(c, &f.root, now, MW_COMMAND_EXECUTED, "",
                                "the meter holds this schedule");
    if (f.asked_missing.us < f.asked_newest.us)
        return ask(c, &f, MW_SMP_KEY_SCHEDULE_MISSING, now);
    if (!k.missing_known)
        return MW_OK;
    if (f.children > MEMBERS_MAX - MW_SMP_SCHEDULE_PARTS ||
        send_missing(c, &f, k.missing, now) == MW_SYNTAX)
        return mw_commands_move(c, &f.root, now, MW_COMMAND_FAILED, "",
                                "the meter has every part, and holds another schedule");
    return MW_OK;
}

static mw_status root_add(void *ctx, const mw_store_command *cmd) {
    members *m = ctx;
    if (cmd->code == MW_SMP_COMMAND_SCHEDULE && cmd->parent == 0 &&
        cmd->state == MW_COMMAND_ACKNOWLEDGED && m->n < ROOTS_MAX)
        m->id[m->n++] = cmd->id;
    return MW_OK;
}

mw_status mw_commands_schedule_told(mw_commands *c, int64_t tenant, int64_t device, mw_utc now) {
    members roots = {.n = 0};
    MW_TRY(mw_store_commands_list(c->o.store, tenant, device, 0, MEMBERS_MAX, root_add, &roots));
    for (size_t i = 0; i < roots.n; i++)
        MW_TRY(compare(c, tenant, roots.id[i], now));
    return MW_OK;
}
