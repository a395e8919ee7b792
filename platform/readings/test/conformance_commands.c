/* SPDX-License-Identifier: Apache-2.0
 *
 * The suite's part for commands: the queue, its history, downlinks, counters, what decoding says.
 */
#include <stdio.h>
#include <string.h>

#include "platform/readings/test/conformance_rows.h"

static void command_random(mw_store_command *c, mw_prng *g) {
    c->parent = some(g, 4);
    c->smp_id = (uint16_t)some(g, 5);
    c->code = (uint8_t)some(g, 9);
    c->size = (uint8_t)some(g, MW_STORE_COMMAND_DATA + 1);
    for (size_t i = 0; i < c->size; i++)
        c->data[i] = (uint8_t)(i * 7 + c->size);
    c->priority = (uint8_t)some(g, 8);
    c->state = (mw_store_command_state)(some(g, 2) == 0 ? 1 + some(g, 5) : 16 + some(g, 4));
    c->expires = some_time(g);
    c->changed = some_time(g);
    c->not_before = some(g, 2) == 0 ? MW_UTC_NONE : some_time(g);
    c->attempts = (uint16_t)some(g, 5);
    c->attempts_max = 5;
    c->entry = some(g, 9);
    c->key_epoch = (uint32_t)some(g, 3);
    c->result = (int16_t)(some(g, 4) - 1);
    SOME_NAME(c->reason, g, "reason", 9);
}

static void act_command(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_command c = {.tenant = tenant, .device = 1 + some(g, 3), .created = some_time(g)};
    int64_t id = 0;
    SOME_NAME(c.kind, g, "ping", 2);
    SOME_NAME(c.args, g, "{}", 9);
    SOME_NAME(c.actor, g, "eve", 2);
    if (some(g, 2) == 0)
        SOME_NAME(c.key, g, "key", 9);
    command_random(&c, g);
    SAY_STATUS("command_add", mw_store_command_add(s, &c, &id));
    SAY("command", "", id);
    c.id = 1 + some(g, 20); /* put changes what may change, of one that may not be there */
    command_random(&c, g);
    MW_CHECK_OK(mw_store_command_put(s, &c));
    mw_store_command_step step = {.command = c.id, .at = some_time(g), .state = c.state};
    SOME_NAME(step.reason, g, "reason", 9);
    SOME_NAME(step.station, g, "st", 2);
    MW_CHECK_OK(mw_store_command_step_add(s, tenant, &step));
}

static void act_downlink(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_downlink d = {.tenant = tenant,
                           .sender = 1 + some(g, 2),
                           .command = some(g, 4),
                           .device = some(g, 3),
                           .mode = (mw_store_downlink_mode)(1 + some(g, 3)),
                           .address = UINT32_MAX - (uint32_t)some(g, 9),
                           .rate = (uint8_t)some(g, 3),
                           .size = some(g, 2) == 0 ? 29 : 61,
                           .counter = (uint32_t)some(g, 99),
                           .copies = 2,
                           .band = 1,
                           .priority = (uint8_t)some(g, 8),
                           .hop = (uint16_t)some(g, 9),
                           .at = some(g, 2) == 0 ? MW_UTC_NONE : some_time(g),
                           .created = some_time(g),
                           .expires = some_time(g),
                           .pending = some(g, 2) == 0};
    int64_t id = 0;
    memset(d.payload, (int)some(g, 256), d.size);
    MW_CHECK_OK(mw_store_downlink_add(s, &d, &id));
    d.id = 1 + some(g, (uint64_t)id);
    d.pending = some(g, 2) == 0;
    SOME_NAME(d.result, g, "sent", 3);
    SOME_NAME(d.reason, g, "why", 9);
    MW_CHECK_OK(mw_store_downlink_put(s, &d));
}

static void act_counter(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_counter c = {.tenant = tenant,
                          .subject = some(g, 4) - 2,
                          .key_epoch = (uint32_t)some(g, 2),
                          .sender_epoch = (uint32_t)some(g, 9),
                          .reserved = UINT32_MAX - (uint32_t)some(g, 99),
                          .heard = some(g, 2) == 0,
                          .confirmed = (uint32_t)some(g, 99)};
    uint8_t key[40];
    memset(key, (int)some(g, 256), sizeof key);
    MW_CHECK_OK(mw_store_counter_put(s, &c));
    MW_CHECK_OK(
        mw_store_network_put(s, tenant, c.key_epoch, (mw_slice){key, 20 + (size_t)some(g, 20)}));
}

static void act_fact(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_fact f = {.tenant = tenant,
                       .device = some(g, 3),
                       .sender = 1,
                       .journal = 1 + some(g, 400),
                       .n = (uint16_t)some(g, 60000),
                       .kind = MW_FACT_RECEIPT,
                       .number = (uint16_t)some(g, 9),
                       .result = (uint8_t)some(g, 9),
                       .key_epoch = 2,
                       .value = some(g, 999) - 500,
                       .at = some(g, 2) == 0 ? MW_UTC_NONE : some_time(g),
                       .received = some_time(g)};
    mw_store_told told = {.tenant = tenant,
                          .device = some(g, 2),
                          .key = (uint16_t)some(g, 4),
                          .value = some(g, 99),
                          .received = some_time(g)};
    SOME_NAME(f.text, g, "text", 9);
    MW_CHECK_OK(mw_store_fact_append(s, &f));
    MW_CHECK_OK(mw_store_told_put(s, &told));
}

static void act(mw_store *s, int64_t tenant, mw_prng *g) {
    static void (*const acts[])(mw_store *, int64_t, mw_prng *) = {act_command, act_downlink,
                                                                   act_counter, act_fact};
    acts[some(g, sizeof acts / sizeof acts[0])](s, tenant, g);
}

static int64_t sum_of(const uint8_t *p, size_t n) {
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum = sum * 31 % 1000003 + p[i];
    return sum;
}

static mw_status on_command(void *ctx, const mw_store_command *c) {
    (void)ctx;
    SAY(c->kind, c->args, c->id, c->device, c->parent, c->smp_id, c->code, c->size,
        sum_of(c->data, c->size), c->priority, (int64_t)c->state, c->created.us, c->expires.us,
        c->changed.us, c->not_before.us, c->attempts, c->attempts_max, c->entry, c->key_epoch,
        c->result);
    SAY(c->reason, c->actor, 0);
    SAY("key", c->key, 0);
    return MW_OK;
}

static mw_status on_step(void *ctx, const mw_store_command_step *r) {
    (void)ctx;
    SAY(r->reason, r->station, r->command, r->at.us, (int64_t)r->state);
    return MW_OK;
}

static mw_status on_downlink(void *ctx, const mw_store_downlink *d) {
    (void)ctx;
    SAY(d->result, d->reason, d->id, d->sender, d->command, d->device, (int64_t)d->mode, d->address,
        d->rate, d->size, sum_of(d->payload, d->size), d->counter, d->copies, d->band, d->priority,
        d->hop, d->at.us, d->created.us, d->expires.us, d->pending);
    return MW_OK;
}

static mw_status on_fact(void *ctx, const mw_store_fact *f) {
    (void)ctx;
    SAY("fact", f->text, f->device, f->sender, f->journal, f->n, (int64_t)f->kind, f->number,
        f->result, f->key_epoch, f->value, f->at.us, f->received.us);
    return MW_OK;
}

static mw_status on_told(void *ctx, const mw_store_told *t) {
    (void)ctx;
    SAY("told", "", t->device, t->key, t->value, t->received.us);
    return MW_OK;
}

static void tell_commands(mw_store *s, int64_t tenant) {
    mw_store_command c;
    int64_t n = 0;
    MW_CHECK_OK(mw_store_commands_list(s, tenant, 0, 0, 100, on_command, NULL));
    MW_CHECK_OK(mw_store_commands_list(s, tenant, 2, 9, 3, on_command, NULL));
    MW_CHECK_OK(mw_store_commands_open(s, 3, 7, on_command, NULL));
    MW_CHECK_OK(mw_store_commands_of(s, tenant, 0, on_command, NULL));
    for (int64_t k = 0; k < 4; k++) {
        char key[16];
        (void)snprintf(key, sizeof key, "key-%d", (int)k);
        MW_CHECK_OK(mw_store_commands_of(s, tenant, k, on_command, NULL));
        MW_CHECK_OK(mw_store_commands_count(s, tenant, k, &n));
        SAY("open", mw_status_name(mw_store_command_get(s, tenant - 1, k, &c)), n);
        if (mw_store_command_by_key(s, tenant, key, &c) == MW_OK)
            SAY("by key", c.key, c.id);
        if (mw_store_command_by_smp_id(s, tenant, 1, (uint16_t)k, &c) == MW_OK)
            SAY("by smp id", "", c.id);
        if (mw_store_command_last(s, tenant, k, &c) == MW_OK)
            SAY("last", "", c.id);
    }
    for (int64_t k = 0; k < 20; k++)
        MW_CHECK_OK(mw_store_command_steps(s, tenant, k, on_step, NULL));
}

static void tell(mw_store *s, int64_t tenant) {
    tell_commands(s, tenant);
    mw_store_downlink d;
    MW_CHECK_OK(mw_store_downlinks_pending(s, 0, 0, 100, on_downlink, NULL));
    MW_CHECK_OK(mw_store_downlinks_pending(s, 2, 1, 3, on_downlink, NULL));
    for (int64_t k = 0; k < 4; k++) {
        mw_utc last;
        MW_CHECK_OK(mw_store_downlinks_of(s, tenant, k, 5, on_downlink, NULL));
        if (mw_store_downlink_get(s, tenant, k, &d) == MW_OK)
            MW_CHECK_OK(on_downlink(NULL, &d));
        if (mw_store_downlink_last_at(s, k, &last) == MW_OK)
            SAY("last at", "", k, last.us);
        for (uint32_t e = 0; e < 2; e++) {
            mw_store_counter c;
            if (mw_store_counter_get(s, tenant, k - 2, e, &c) == MW_OK)
                SAY("counter", "", c.subject, c.key_epoch, c.sender_epoch, c.reserved, c.heard,
                    c.confirmed);
        }
        MW_CHECK_OK(mw_store_told_list(s, tenant, k, on_told, NULL));
    }
    uint8_t key[64], few[4];
    uint32_t epoch = 0;
    size_t n = 0;
    if (mw_store_network_get(s, tenant, &epoch, MW_SPAN_OF(key), &n) == MW_OK) {
        SAY("network", "", epoch, (int64_t)n, sum_of(key, n));
        MW_CHECK(mw_store_network_get(s, tenant, &epoch, MW_SPAN_OF(few), &n) != MW_OK);
    }
    SAY_STATUS("no network", mw_store_network_get(s, tenant - 1, &epoch, MW_SPAN_OF(key), &n));
    MW_CHECK_OK(mw_store_facts_scan(s, 0, 100, on_fact, NULL));
    MW_CHECK_OK(mw_store_facts_scan(s, 100, 4, on_fact, NULL));
}

const mw_conformance_group mw_conformance_commands = {"commands and downlinks", act, tell};
