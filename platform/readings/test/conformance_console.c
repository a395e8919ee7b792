/* SPDX-License-Identifier: Apache-2.0
 *
 * The suite's part for operators' own records, households, messages of other networks, and conditions
 * that wait for their alarm.
 */
#include <stdio.h>
#include <string.h>

#include "platform/readings/test/conformance_rows.h"

static void act_note(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_filter f = {.at = some_time(g)};
    mw_store_note n = {.at = some_time(g)};
    char user[16];
    int64_t id = 0;
    SOME_NAME(user, g, "op", 2);
    SOME_NAME(f.name, g, "filter", 5);
    SOME_NAME(f.query, g, "medium=water&n", 99);
    MW_CHECK_OK(mw_store_filter_put(s, tenant, user, &f, &id));
    SAY("filter", user, id);
    if (some(g, 3) == 0)
        SAY_STATUS("away", mw_store_filter_delete(s, tenant, user, some(g, 9)));
    SOME_NAME(n.who, g, "op", 2);
    SOME_NAME(n.text, g, "seal broken", 99);
    MW_CHECK_OK(mw_store_note_add(s, tenant, some(g, 3), &n, &id));
    SAY("note", "", id);
}

static void act_handed(mw_store *s, int64_t tenant, mw_prng *g) {
    static const uint8_t photo[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    mw_store_handed h = {.tenant = tenant,
                         .channel = 1 + some(g, 3),
                         .at = some_time(g),
                         .value = some(g, 99999),
                         .sent = some_time(g),
                         .photo_type = "image/png"};
    int64_t id = 0;
    SOME_NAME(h.who, g, "anna", 2);
    SOME_NAME(h.note, g, "cellar", 9);
    MW_CHECK_OK(mw_store_handed_add(s, &h, (mw_slice){photo, (size_t)some(g, 9)}, &id));
    SAY("handed", "", id);
    h.id = some(g, 12);
    h.state = some(g, 2) == 0 ? MW_HANDED_ACCEPTED : MW_HANDED_REJECTED;
    h.decided = some_time(g);
    SOME_NAME(h.decided_by, g, "op", 2);
    SOME_NAME(h.reason, g, "because", 9);
    SAY_STATUS("decided", mw_store_handed_decide(s, &h));
}

static void act_watch(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_watch w = {.tenant = tenant,
                        .channel = 1 + some(g, 2),
                        .from = some_time(g),
                        .to = some_time(g),
                        .tolerance = some(g, 9),
                        .made = some_time(g)};
    int64_t id = 0;
    SOME_NAME(w.who, g, "u", 2);
    MW_CHECK_OK(mw_store_watch_add(s, &w, &id));
    SAY("watch", "", id);
    mw_utc told = some_time(g), flow_at = some_time(g);
    MW_CHECK_OK(mw_store_watch_tell(s, tenant, some(g, 12), told, flow_at, some(g, 99)));
    SAY_STATUS("ended",
               mw_store_watch_end(s, tenant, some(g, 12), some(g, 2) == 0 ? NULL : w.who, told));
}

static void act_foreign_device(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_foreign_device d = {.tenant = tenant,
                                 .network = (mw_store_network)(1 + some(g, 3)),
                                 .identity = (uint32_t)(some(g, 3) << 24 | some(g, 4)),
                                 .wrapped_n = (uint8_t)some(g, 60)};
    mw_store_foreign_state t = {.tenant = tenant,
                                .device = 1 + some(g, 6),
                                .newest = some(g, 99),
                                .last_seen = some(g, 3) == 0 ? MW_UTC_NONE : some_time(g),
                                .last_message = some(g, 9),
                                .last_crc = (uint32_t)some(g, 99999),
                                .messages = some(g, 9),
                                .duplicates = some(g, 9),
                                .replays = some(g, 9),
                                .failures = some(g, 9),
                                .failures_hour = some(g, 9)};
    int64_t id = 0;
    SOME_NAME(d.label, g, "pump", 9);
    memset(d.wrapped, (int)some(g, 250), d.wrapped_n);
    MW_CHECK_OK(mw_store_foreign_device_put(s, &d, &id));
    SAY("device", "", id);
    MW_CHECK_OK(mw_store_foreign_state_put(s, &t));
}

static void act_foreign(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_foreign_message m = {.tenant = tenant,
                                  .journal = 1 + some(g, 40),
                                  .device = some(g, 2) * some(g, 5),
                                  .network = (mw_store_network)(1 + some(g, 3)),
                                  .identity = (uint32_t)some(g, 9),
                                  .counter = some(g, 99) - 1,
                                  .authenticity = MW_FOREIGN_PLAUSIBLE,
                                  .payload = {1, 2, (uint8_t)some(g, 250)},
                                  .payload_n = (uint8_t)some(g, 12),
                                  .clear = {9, 8, 7},
                                  .clear_n = (uint8_t)some(g, 4),
                                  .has_clear = some(g, 2) == 0,
                                  .received = some(g, 4) == 0 ? MW_UTC_NONE : some_time(g),
                                  .stored = some_time(g),
                                  .frequency_mhz = 868100000,
                                  .level_cdbm = (int32_t)-some(g, 9999),
                                  .snr_cdb = (int32_t)some(g, 900),
                                  .rate = "100",
                                  .copies = (uint8_t)some(g, 4)};
    int64_t id = 0;
    act_foreign_device(s, tenant, g);
    MW_CHECK_OK(mw_store_foreign_message_add(s, &m, &id));
    SAY("message", "", id);
    if (some(g, 6) == 0)
        MW_CHECK_OK(mw_store_foreign_unknown_trim(s, tenant, 1 + some(g, 5)));
}

static void act_hold(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_alarm_hold h = {.tenant = tenant - some(g, 2),
                             .channel = some(g, 3),
                             .says = (uint8_t)some(g, 3),
                             .since = some_time(g)};
    SOME_NAME(h.rule, g, "rule", 3);
    SOME_NAME(h.subject, g, "meter", 3);
    MW_CHECK_OK(mw_store_alarm_hold_put(s, &h));
    SOME_NAME(h.subject, g, "meter", 3);
    if (some(g, 2) == 0)
        MW_CHECK_OK(mw_store_alarm_hold_drop(s, tenant, h.rule, h.subject));
}

static void act(mw_store *s, int64_t tenant, mw_prng *g) {
    static void (*const acts[])(mw_store *, int64_t, mw_prng *) = {act_note, act_handed, act_watch,
                                                                   act_foreign, act_hold};
    acts[some(g, sizeof acts / sizeof acts[0])](s, tenant, g);
}

static mw_status on_filter(void *ctx, const mw_store_filter *f) {
    (void)ctx;
    SAY(f->name, f->query, f->id, f->at.us);
    return MW_OK;
}

static mw_status on_note(void *ctx, const mw_store_note *n) {
    (void)ctx;
    SAY(n->who, n->text, n->id, n->at.us);
    return MW_OK;
}

static mw_status on_handed(void *ctx, const mw_store_handed *h) {
    (void)ctx;
    SAY(h->who, h->note, h->id, h->tenant, h->channel, h->at.us, h->value, h->sent.us,
        (int64_t)h->state, h->decided.us, h->photo_size);
    SAY(h->decided_by, h->reason, 0);
    return MW_OK;
}

static mw_status on_watch(void *ctx, const mw_store_watch *w) {
    (void)ctx;
    SAY("watch", w->who, w->id, w->tenant, w->channel, w->from.us, w->to.us, w->tolerance,
        w->made.us, w->told.us, w->flow_at.us, w->flow, w->ended.us);
    return MW_OK;
}

static mw_status on_message(void *ctx, const mw_store_foreign_message *m) {
    (void)ctx;
    SAY(m->sender, m->label, m->id, m->journal, m->device, (int64_t)m->network, m->identity,
        m->counter, m->payload_n, m->payload_n > 2 ? m->payload[2] : 0, m->has_clear, m->clear_n,
        m->received.us, m->stored.us, m->level_cdbm, m->copies);
    return MW_OK;
}

static mw_status on_hold(void *ctx, const mw_store_alarm_hold *h) {
    (void)ctx;
    SAY(h->rule, h->subject, h->tenant, h->channel, h->says, h->since.us);
    return MW_OK;
}

static void tell_foreign(mw_store *s, int64_t tenant) {
    mw_store_foreign_device d;
    mw_store_foreign_state t;
    for (int network = 0; network <= 3; network++) {
        MW_CHECK_OK(mw_store_foreign_messages(s, tenant, network, 0, 50, on_message, NULL));
        for (uint32_t k = 0; k < 4; k++)
            for (int low = 0; low < 2; low++)
                if (mw_store_foreign_device_find(s, tenant, (mw_store_network)network, 1u << 24 | k,
                                                 low == 1, &d) == MW_OK)
                    SAY("device", d.label, d.device, d.identity, d.wrapped_n,
                        d.wrapped_n > 0 ? d.wrapped[0] : 0);
    }
    MW_CHECK_OK(mw_store_foreign_messages(s, tenant, 0, 9, 2, on_message, NULL));
    for (int64_t device = 0; device < 8; device++) {
        MW_CHECK_OK(mw_store_foreign_state_get(s, tenant, device, &t));
        SAY("state", "", t.newest, t.last_seen.us, t.last_message, t.last_crc, t.messages,
            t.duplicates, t.replays, t.failures, t.failures_hour);
    }
}

static void tell(mw_store *s, int64_t tenant) {
    for (int k = 0; k < 3; k++) {
        char name[16];
        int64_t n = 0;
        (void)snprintf(name, sizeof name, "op-%d", k);
        MW_CHECK_OK(mw_store_filters(s, tenant, name, on_filter, NULL));
        MW_CHECK_OK(mw_store_notes(s, tenant, k, 0, 100, on_note, NULL));
        MW_CHECK_OK(mw_store_notes(s, tenant, k, 6, 2, on_note, NULL));
        (void)snprintf(name, sizeof name, "anna-%d", k);
        MW_CHECK_OK(mw_store_handed_count(s, tenant, name, mw_utc_of_s(1790500000), &n));
        SAY("handed in", name, n);
        (void)snprintf(name, sizeof name, "u-%d", k);
        MW_CHECK_OK(mw_store_watches(s, tenant, 1, name, on_watch, NULL));
    }
    MW_CHECK_OK(mw_store_handed_list(s, tenant, 0, -1, 0, 100, on_handed, NULL));
    MW_CHECK_OK(mw_store_handed_list(s, tenant, 2, MW_HANDED_WAITING, 9, 2, on_handed, NULL));
    for (int64_t id = 0; id < 6; id++) {
        uint8_t photo[9];
        size_t size = 0;
        mw_store_handed h;
        SAY_STATUS("photo", mw_store_handed_photo(s, tenant, id, MW_SPAN_OF(photo), &size));
        SAY_STATUS("small", mw_store_handed_photo(s, tenant, id, (mw_span){photo, 3}, &size));
        if (mw_store_handed_get(s, tenant, id, &h) == MW_OK)
            MW_CHECK_OK(on_handed(NULL, &h));
    }
    MW_CHECK_OK(mw_store_watches_due(s, mw_utc_of_s(1790600000), 2, 5, on_watch, NULL));
    tell_foreign(s, tenant);
    MW_CHECK_OK(mw_store_alarm_holds(s, on_hold, NULL));
}

const mw_conformance_group mw_conformance_console = {"console, households, other networks", act,
                                                     tell};
