/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/files/apply.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "platform/files/meters_apply.h"
#include "runtime/json_writer.h"

#define DAY_S             INT64_C(86400)
#define READINGS_A_RECORD 40

typedef struct apply {
    const mw_import_session *session;
    const mw_import_file *file;
    mw_import_result *result;
    int64_t import;
    mw_meters_apply meters;
    /* intervals of one channel and UTC day, before they are written */
    int64_t channel;
    int64_t day;
    size_t n;
    mw_store_interval row[MW_STORE_REVISION_ROWS_MAX];
    size_t known_n;
    mw_store_interval known[MW_STORE_REVISION_ROWS_MAX];
    /* register readings of one journal record */
    mw_buffer record;
    unsigned readings;
    int64_t sender;
    uint64_t seq;
    int64_t journal_from, journal_to;
} apply;

/* ---- which channel ---- */

static mw_status first_value(void *ctx, const mw_store_value *v) {
    (void)v;
    *(bool *)ctx = true;
    return MW_CLOSED;
}

/* A channel may take intervals of the file's length: it has that grid, or no values at all. */
static mw_status grid_check(const apply *a, const mw_store_channel *c, char why[160]) {
    if (a->file->mapping->rows != MW_MAPPING_INTERVALS ||
        c->grid_seconds == a->file->mapping->interval_s)
        return MW_OK;
    bool any = false;
    mw_store_values_query q = {.tenant = a->session->tenant,
                               .channel = c->channel,
                               .layer = MW_LAYER_RAW,
                               .from = mw_utc_of_s(0),
                               .to = mw_utc_of_s(INT64_C(4102444800)), /* the year 2100 */
                               .as_of = MW_UTC_NONE};
    mw_status s = mw_store_values(a->session->store, &q, first_value, &any);
    if (s != MW_OK && s != MW_CLOSED)
        return s;
    if (!any)
        return MW_OK;
    snprintf(why, 160, "the channel has intervals of %u s, the file of %u s", c->grid_seconds,
             a->file->mapping->interval_s);
    return MW_CONFLICT;
}

static mw_status resolve(void *ctx, const char *serial, uint8_t number, mw_import_channel *out,
                         char out_why[160]) {
    apply *a = ctx;
    mw_store_device d;
    mw_store_meter m;
    mw_status s = mw_store_device_by_serial(a->session->store, a->session->tenant, serial, &d);
    if (s == MW_CONFLICT)
        snprintf(out_why, 160, "several meters have the serial number \"%.63s\"", serial);
    MW_TRY(s);
    MW_TRY(mw_store_meter_get(a->session->store, a->session->tenant, d.identity, number, &m));
    MW_TRY(grid_check(a, &m.channel, out_why));
    *out = (mw_import_channel){m.channel.channel, m.channel.unit, m.channel.scale};
    return MW_OK;
}

/* ---- intervals ---- */

static mw_status known_take(void *ctx, const mw_store_value *v) {
    apply *a = ctx;
    if (a->known_n == MW_STORE_REVISION_ROWS_MAX)
        return MW_LIMIT;
    a->known[a->known_n++] = v->interval;
    return MW_OK;
}

static mw_utc end_of(const mw_store_interval *i) {
    return mw_utc_add(i->start, mw_dur_s(i->seconds));
}

static bool overlaps(const mw_store_interval *a, const mw_store_interval *b) {
    return a->start.us < end_of(b).us && b->start.us < end_of(a).us;
}

static mw_status group_write(apply *a, const mw_store_interval *rows, size_t n) {
    if (n == 0)
        return MW_OK;
    mw_store_revision r = {.tenant = a->session->tenant,
                           .channel = a->channel,
                           .layer = MW_LAYER_RAW,
                           .kind = MW_REVISION_SET,
                           .from = rows[0].start,
                           .to = end_of(&rows[n - 1]),
                           .at = a->session->now,
                           .actor = MW_ACTOR_USER,
                           .reason = MW_REASON_IMPORT,
                           .action = a->import,
                           .rows = rows,
                           .n = n};
    snprintf(r.who, sizeof r.who, "%s", a->session->who);
    snprintf(r.text, sizeof r.text, "%s", a->file->name);
    return mw_store_value_revise(a->session->store, &r, &(int64_t){0});
}

/* Writes the day's rows in groups that touch nothing already known. */
static mw_status day_write(apply *a) {
    if (a->n == 0)
        return MW_OK;
    mw_store_values_query q = {.tenant = a->session->tenant,
                               .channel = a->channel,
                               .layer = MW_LAYER_RAW,
                               .from = mw_utc_of_s(a->day * DAY_S),
                               .to = mw_utc_of_s((a->day + 1) * DAY_S),
                               .as_of = MW_UTC_NONE};
    a->known_n = 0;
    MW_TRY(mw_store_values(a->session->store, &q, known_take, a));
    size_t group = 0, k = 0;
    for (size_t i = 0; i < a->n; i++) {
        while (k < a->known_n && end_of(&a->known[k]).us <= a->row[i].start.us)
            k++;
        bool taken = k < a->known_n && overlaps(&a->known[k], &a->row[i]);
        bool follows = group < i && end_of(&a->row[i - 1]).us == a->row[i].start.us;
        if (taken || (group < i && !follows)) {
            MW_TRY(group_write(a, a->row + group, i - group));
            group = i;
        }
        if (taken) {
            a->result->kept++;
            group = i + 1;
        }
    }
    MW_TRY(group_write(a, a->row + group, a->n - group));
    a->n = 0;
    return MW_OK;
}

static mw_status grid_follow(apply *a, int64_t channel, mw_utc start, uint32_t seconds) {
    mw_store_meter m;
    MW_TRY(mw_store_meter_of_channel(a->session->store, a->session->tenant, channel, &m));
    if (m.channel.grid_seconds == seconds)
        return MW_OK;
    uint32_t offset = (uint32_t)(mw_utc_floor_s(start) % seconds);
    return mw_store_channel_grid_set(a->session->store, a->session->tenant, channel, seconds,
                                     offset);
}

static mw_status interval(void *ctx, int64_t channel, mw_utc start, uint32_t seconds,
                          int64_t value) {
    apply *a = ctx;
    int64_t second = mw_utc_floor_s(start);
    int64_t day = second / DAY_S - (second % DAY_S < 0);
    if (channel != a->channel || day != a->day) {
        MW_TRY(day_write(a));
        if (channel != a->channel)
            MW_TRY(grid_follow(a, channel, start, seconds));
        a->channel = channel;
        a->day = day;
    }
    a->row[a->n++] = (mw_store_interval){.start = start, .seconds = seconds, .value = value};
    return MW_OK;
}

/* ---- register readings ---- */

static mw_status record_write(apply *a) {
    if (a->readings == 0)
        return MW_OK;
    mw_buffer_append_str(&a->record, "]}");
    MW_TRY(a->record.status);
    mw_store_envelope e = {.tenant = a->session->tenant,
                           .sender = a->sender,
                           .epoch = (uint64_t)a->import,
                           .seq = ++a->seq,
                           .kind = MW_STORE_KIND_IMPORT,
                           .received = a->session->now,
                           .stored = a->session->now,
                           .content = mw_buffer_view(&a->record)};
    mw_store_append how;
    int64_t id = 0;
    MW_TRY(mw_store_journal_append(a->session->store, &e, &how, &id));
    if (a->journal_from == 0)
        a->journal_from = id;
    a->journal_to = id;
    a->readings = 0;
    return MW_OK;
}

static mw_status reading(void *ctx, int64_t channel, mw_utc at, int64_t value) {
    apply *a = ctx;
    if (a->readings == 0) {
        mw_buffer_reset(&a->record);
        mw_buffer_printf(&a->record, "{\"import\":%lld,\"readings\":[", (long long)a->import);
    }
    mw_buffer_printf(&a->record, "%s[%lld,%lld,%lld]", a->readings > 0 ? "," : "",
                     (long long)channel, (long long)mw_utc_floor_s(at), (long long)value);
    if (++a->readings == READINGS_A_RECORD)
        return record_write(a);
    return a->record.status;
}

/* Envelopes have a sender; nobody has this one's token. */
static mw_status sender_make(apply *a) {
    uint8_t token[MW_STORE_TOKEN_HASH];
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof token);
    uint8_t secret[32];
    randombytes_buf(secret, sizeof secret);
    crypto_generichash_update(&state, secret, sizeof secret);
    crypto_generichash_final(&state, token, sizeof token);
    return mw_store_sender_put(a->session->store, a->session->tenant, MW_STORE_SENDER_FILES,
                               MW_SLICE_OF(token), &a->sender);
}

/* ---- meters ---- */

static mw_status meter(void *ctx, mw_slice json, bool dry, char out_why[160]) {
    apply *a = ctx;
    /* The dry run has checked and kept the lines of new meters. */
    return dry && a->import == 0 ? mw_meters_check(&a->meters, json, out_why) : MW_OK;
}

/* ---- the whole ---- */

static mw_status import_record(apply *a, const mw_import_report *dry) {
    mw_store_import row = {.tenant = a->session->tenant,
                           .rows_kind = (uint8_t)a->file->mapping->rows,
                           .at = a->session->now,
                           .meters = dry->meters,
                           .values = dry->values,
                           .first = dry->first,
                           .last = dry->last,
                           .undone_at = MW_UTC_NONE};
    snprintf(row.name, sizeof row.name, "%s", a->file->mapping_name);
    snprintf(row.file, sizeof row.file, "%s", a->file->name);
    snprintf(row.who, sizeof row.who, "%s", a->session->who);
    crypto_generichash(row.digest, sizeof row.digest, a->file->content.p, a->file->content.n, NULL,
                       0);
    return mw_store_import_add(a->session->store, &row, &a->import);
}

static mw_status write_all(apply *a, const mw_import_target *target) {
    mw_import_report *report = &a->result->report;
    MW_TRY(import_record(a, report));
    if (a->file->mapping->rows == MW_MAPPING_REGISTERS)
        MW_TRY(sender_make(a));
    MW_TRY(mw_import_run(a->file->mapping, a->file->content, a->session->zones, target, false,
                         report));
    MW_TRY(day_write(a));
    MW_TRY(record_write(a));
    MW_TRY(mw_meters_write(&a->meters, a->import, report));
    if (a->journal_from != 0)
        MW_TRY(mw_store_import_journal_set(a->session->store, a->session->tenant, a->import,
                                           a->journal_from, a->journal_to));
    return report->problem_count > 0 ? MW_CLOSED : MW_OK;
}

static mw_status write_in_transaction(apply *a, const mw_import_target *target) {
    mw_store *store = a->session->store;
    MW_TRY(mw_store_begin(store));
    mw_status s = write_all(a, target);
    if (s == MW_OK)
        s = mw_store_commit(store);
    else if (mw_store_rollback(store) != MW_OK)
        s = MW_IO;
    mw_registry_forget(a->session->registry);
    if (s == MW_OK)
        a->result->id = a->import;
    return s == MW_CLOSED ? MW_OK : s; /* problems that only writing found: nothing was changed */
}

mw_status mw_import_apply(const mw_import_session *session, const mw_import_file *file, bool dry,
                          mw_import_result *out_result) {
    *out_result = (mw_import_result){0};
    apply *a = calloc(1, sizeof *a);
    if (a == NULL)
        return MW_NOMEM;
    a->session = session;
    a->file = file;
    a->result = out_result;
    mw_buffer_init(&a->record, MW_STORE_CONTENT_MAX);
    mw_meters_begin(&a->meters, session);
    mw_import_target target = {a, resolve, meter, interval, reading};
    mw_status s = mw_import_run(file->mapping, file->content, session->zones, &target, true,
                                &out_result->report);
    mw_status checked = mw_meters_checked(&a->meters);
    s = s == MW_OK ? checked : s;
    const mw_import_report *r = &out_result->report;
    out_result->unchanged = a->meters.unchanged;
    bool something = r->values > 0 || r->meters > a->meters.unchanged;
    if (s == MW_OK && !dry && r->problem_count == 0 && something)
        s = write_in_transaction(a, &target);
    mw_meters_end(&a->meters);
    mw_buffer_fini(&a->record);
    free(a);
    return s;
}

/* ---- undo ---- */

typedef struct undo {
    const mw_import_session *session;
    int64_t import;
    mw_import_undo_result *result;
    size_t n, room;
    struct undo_span {
        int64_t channel;
        mw_layer layer;
        mw_utc from, to;
    } * span;
    size_t things, things_room;
    struct undo_thing {
        mw_store_imported_kind kind;
        char key[MW_STORE_ID_MAX];
    } * thing;
} undo;

static mw_status span_take(void *ctx, const mw_store_revision *r) {
    undo *u = ctx;
    if (u->n == u->room) {
        size_t room = u->room == 0 ? 256 : u->room * 2;
        struct undo_span *more = realloc(u->span, room * sizeof *more);
        if (more == NULL)
            return MW_NOMEM;
        u->span = more;
        u->room = room;
    }
    u->span[u->n++] = (struct undo_span){r->channel, r->layer, r->from, r->to};
    return MW_OK;
}

static mw_status spans_withdraw(undo *u) {
    for (size_t i = 0; i < u->n; i++) {
        mw_store_revision r = {.tenant = u->session->tenant,
                               .channel = u->span[i].channel,
                               .layer = u->span[i].layer,
                               .kind = MW_REVISION_WITHDRAW,
                               .from = u->span[i].from,
                               .to = u->span[i].to,
                               .at = u->session->now,
                               .actor = MW_ACTOR_USER,
                               .reason = MW_REASON_IMPORT_UNDONE,
                               .action = u->import};
        snprintf(r.who, sizeof r.who, "%s", u->session->who);
        MW_TRY(mw_store_value_revise(u->session->store, &r, &(int64_t){0}));
        u->result->values++;
    }
    return MW_OK;
}

static mw_status thing_take(void *ctx, mw_store_imported_kind kind, const char *key) {
    undo *u = ctx;
    if (u->things == u->things_room) {
        size_t room = u->things_room == 0 ? 256 : u->things_room * 2;
        struct undo_thing *more = realloc(u->thing, room * sizeof *more);
        if (more == NULL)
            return MW_NOMEM;
        u->thing = more;
        u->things_room = room;
    }
    u->thing[u->things].kind = kind;
    snprintf(u->thing[u->things++].key, MW_STORE_ID_MAX, "%s", key);
    return MW_OK;
}

static mw_status thing_remove(undo *u, const struct undo_thing *t) {
    mw_store *store = u->session->store;
    int64_t tenant = u->session->tenant;
    if (t->kind == MW_IMPORTED_USAGE_POINT)
        return mw_store_usage_point_remove(store, tenant, t->key);
    if (t->kind == MW_IMPORTED_PERSON)
        return mw_store_person_remove(store, tenant, t->key);
    mw_store_device d;
    MW_TRY(mw_store_device_get(store, tenant, strtoull(t->key, NULL, 16), &d));
    return mw_store_device_remove(store, tenant, d.device);
}

/* Devices first, then what they stood at, then whom that belongs to. */
static mw_status things_remove(undo *u) {
    for (int kind = MW_IMPORTED_DEVICE; kind <= MW_IMPORTED_PERSON; kind++)
        for (size_t i = 0; i < u->things; i++) {
            if ((int)u->thing[i].kind != kind)
                continue;
            mw_status s = thing_remove(u, &u->thing[i]);
            if (s == MW_OK)
                u->result->removed++;
            else if (s == MW_STATE)
                u->result->left++;
            else if (s != MW_NOT_FOUND)
                return s;
        }
    return MW_OK;
}

static mw_status undo_all(undo *u) {
    mw_store *store = u->session->store;
    int64_t tenant = u->session->tenant;
    mw_store_import row;
    MW_TRY(mw_store_import_get(store, tenant, u->import, &row));
    MW_TRY(mw_store_import_undone(store, tenant, u->import, u->session->now, u->session->who));
    MW_TRY(mw_store_revisions_of_action(store, tenant, MW_REASON_IMPORT, u->import, span_take, u));
    MW_TRY(spans_withdraw(u));
    if (row.journal_from != 0)
        MW_TRY(mw_store_registers_remove(store, tenant, row.journal_from, row.journal_to));
    MW_TRY(mw_store_imported(store, tenant, u->import, thing_take, u));
    return things_remove(u);
}

mw_status mw_import_undo(const mw_import_session *session, int64_t id,
                         mw_import_undo_result *out_result) {
    mw_import_undo_result result = {0};
    undo u = {.session = session, .import = id, .result = &result};
    MW_TRY(mw_store_begin(session->store));
    mw_status s = undo_all(&u);
    if (s == MW_OK)
        s = mw_store_commit(session->store);
    else if (mw_store_rollback(session->store) != MW_OK)
        s = MW_IO;
    mw_registry_forget(session->registry);
    free(u.span);
    free(u.thing);
    if (s == MW_OK)
        *out_result = result;
    return s;
}
