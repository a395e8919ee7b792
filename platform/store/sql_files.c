/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "platform/store/sql_internal.h"

/* --- mappings -------------------------------------------------------------------------------- */

mw_status mw_sq_op_mapping_put(mw_store *s, int64_t tenant, const mw_store_mapping *m,
                               mw_slice json) {
    if (json.n > MW_STORE_MAPPING_MAX)
        return MW_RANGE;
    return MW_SQ_RUN(mw_sq_of(s), MAPPING_PUT, mw_sq_int(tenant), mw_sq_text(m->name),
                     mw_sq_int(m->at.us), mw_sq_text(m->who), mw_sq_blob(json));
}

mw_status mw_sq_op_mapping_get(mw_store *s, int64_t tenant, const char *name, mw_span room,
                               size_t *out_n) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), MAPPING_GET, &st, mw_sq_int(tenant), mw_sq_text(name)));
    MW_TRY(mw_sq_step(st));
    mw_slice json = mw_sq_get_blob(st, 0);
    mw_status status = mw_span_copy(room, json);
    if (status == MW_OK)
        *out_n = json.n;
    mw_sq_reset(st);
    return status;
}

/* Runs a statement that returns 1 for the row it changed; MW_NOT_FOUND when there was none. */
#define CHANGE_ONE(q, id, ...)                                                                     \
    ((q)->in_transaction ? MW_SQ_NUMBER(q, id, &(int64_t){0}, __VA_ARGS__) : MW_STATE)

mw_status mw_sq_op_mapping_delete(mw_store *s, int64_t tenant, const char *name) {
    return CHANGE_ONE(mw_sq_of(s), MAPPING_DELETE, mw_sq_int(tenant), mw_sq_text(name));
}

mw_status mw_sq_op_mappings(mw_store *s, int64_t tenant, mw_store_on_mapping each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), MAPPINGS, &st, mw_sq_int(tenant)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_mapping m = {.at = mw_sq_get_utc(st, 1)};
        MW_SQ_TEXT_INTO(st, 0, m.name);
        MW_SQ_TEXT_INTO(st, 2, m.who);
        status = each(ctx, &m);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

/* --- imports --------------------------------------------------------------------------------- */

mw_status mw_sq_op_import_add(mw_store *s, const mw_store_import *i, int64_t *out_id) {
    mw_sq *q = mw_sq_of(s);
    MW_TRY(MW_SQ_RUN(q, IMPORT_ADD, mw_sq_int(i->tenant), mw_sq_text(i->name), mw_sq_text(i->file),
                     mw_sq_blob(MW_SLICE_OF(i->digest)), mw_sq_int(i->rows_kind),
                     mw_sq_int(i->at.us), mw_sq_text(i->who), mw_sq_int(i->meters),
                     mw_sq_int(i->values), mw_sq_int(i->kept), mw_sq_utc(i->first),
                     mw_sq_utc(i->last), mw_sq_int(i->journal_from), mw_sq_int(i->journal_to)));
    *out_id = mw_sq_last_id(q);
    return MW_OK;
}

mw_status mw_sq_op_import_journal_set(mw_store *s, int64_t tenant, int64_t id, int64_t from,
                                      int64_t to) {
    return CHANGE_ONE(mw_sq_of(s), IMPORT_JOURNAL, mw_sq_int(tenant), mw_sq_int(id),
                      mw_sq_int(from), mw_sq_int(to));
}

static void import_of_row(mw_sq_statement *st, int64_t tenant, mw_store_import *out) {
    *out = (mw_store_import){.id = mw_sq_get_int(st, 0),
                             .tenant = tenant,
                             .rows_kind = (uint8_t)mw_sq_get_int(st, 4),
                             .at = mw_sq_get_utc(st, 5),
                             .meters = (uint32_t)mw_sq_get_int(st, 7),
                             .values = (uint32_t)mw_sq_get_int(st, 8),
                             .kept = (uint32_t)mw_sq_get_int(st, 9),
                             .first = mw_sq_get_utc(st, 10),
                             .last = mw_sq_get_utc(st, 11),
                             .journal_from = mw_sq_get_int(st, 12),
                             .journal_to = mw_sq_get_int(st, 13),
                             .undone_at = mw_sq_get_utc(st, 14)};
    MW_SQ_TEXT_INTO(st, 1, out->name);
    MW_SQ_TEXT_INTO(st, 2, out->file);
    MW_SQ_TEXT_INTO(st, 6, out->who);
    MW_SQ_TEXT_INTO(st, 15, out->undone_by);
    mw_slice digest = mw_sq_get_blob(st, 3);
    if (digest.n == sizeof out->digest)
        mw_bytes_copy(out->digest, digest.p, digest.n);
}

mw_status mw_sq_op_import_get(mw_store *s, int64_t tenant, int64_t id,
                              mw_store_import *out_import) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), IMPORT_GET, &st, mw_sq_int(tenant), mw_sq_int(id)));
    MW_TRY(mw_sq_step(st));
    import_of_row(st, tenant, out_import);
    mw_sq_reset(st);
    return MW_OK;
}

mw_status mw_sq_op_import_undone(mw_store *s, int64_t tenant, int64_t id, mw_utc at,
                                 const char *who) {
    mw_store_import row;
    MW_TRY(mw_sq_op_import_get(s, tenant, id, &row));
    if (!mw_utc_is_none(row.undone_at))
        return MW_STATE;
    return CHANGE_ONE(mw_sq_of(s), IMPORT_UNDONE, mw_sq_int(tenant), mw_sq_int(id),
                      mw_sq_int(at.us), mw_sq_text(who));
}

mw_status mw_sq_op_imports(mw_store *s, int64_t tenant, int64_t before, uint32_t limit,
                           mw_store_on_import each, void *ctx) {
    mw_sq_statement *st = NULL;
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), IMPORTS, &st, mw_sq_int(tenant),
                      mw_sq_int(before == 0 ? INT64_MAX : before), mw_sq_int(limit)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_import row;
        import_of_row(st, tenant, &row);
        status = each(ctx, &row);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_imported_add(mw_store *s, int64_t tenant, int64_t import,
                                mw_store_imported_kind kind, const char *key) {
    return MW_SQ_RUN(mw_sq_of(s), IMPORTED_ADD, mw_sq_int(tenant), mw_sq_int(import),
                     mw_sq_int((int64_t)kind), mw_sq_text(key));
}

mw_status mw_sq_op_imported(mw_store *s, int64_t tenant, int64_t import, mw_store_on_imported each,
                            void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), IMPORTED, &st, mw_sq_int(tenant), mw_sq_int(import)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        char key[MW_STORE_ID_MAX];
        MW_SQ_TEXT_INTO(st, 1, key);
        status = each(ctx, (mw_store_imported_kind)mw_sq_get_int(st, 0), key);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

/* --- taking back master data ----------------------------------------------------------------- */

mw_status mw_sq_op_device_by_serial(mw_store *s, int64_t tenant, const char *serial,
                                    mw_store_device *out_device) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), DEVICE_BY_SERIAL, &st, mw_sq_int(tenant), mw_sq_text(serial)));
    MW_TRY(mw_sq_step(st));
    mw_store_device d = {.device = mw_sq_get_int(st, 0),
                         .identity = (uint64_t)mw_sq_get_int(st, 1),
                         .network_address = (uint32_t)mw_sq_get_int(st, 4)};
    MW_SQ_TEXT_INTO(st, 2, d.serial);
    MW_SQ_TEXT_INTO(st, 3, d.model);
    mw_status second = mw_sq_step(st);
    if (second == MW_OK) {
        mw_sq_reset(st);
        return MW_CONFLICT;
    }
    *out_device = d;
    return second == MW_NOT_FOUND ? MW_OK : second;
}

mw_status mw_sq_op_device_remove(mw_store *s, int64_t tenant, int64_t device) {
    static const mw_sq_id parts[] = {
        MW_SQ_DEVICE_DROP_KEYS,          MW_SQ_DEVICE_DROP_CONFIGS, MW_SQ_DEVICE_DROP_STATE,
        MW_SQ_DEVICE_DROP_SPECS,         MW_SQ_DEVICE_DROP_FACTORS, MW_SQ_DEVICE_DROP_MARKS,
        MW_SQ_DEVICE_DROP_CLASSES,       MW_SQ_DEVICE_DROP_SOURCES, MW_SQ_DEVICE_DROP_METERS,
        MW_SQ_DEVICE_DROP_INSTALLATIONS, MW_SQ_DEVICE_DROP_PAST,    MW_SQ_DEVICE_DROP_CHANGES,
        MW_SQ_DEVICE_DROP_CHANNELS};
    mw_sq *q = mw_sq_of(s);
    const mw_sq_value key[] = {mw_sq_int(tenant), mw_sq_int(device)};
    int64_t has_data = 0;
    MW_TRY(mw_sq_number(q, MW_SQ_DEVICE_HAS_DATA, key, 2, &has_data));
    if (has_data != 0)
        return MW_STATE;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        MW_TRY(mw_sq_run(q, parts[i], key, 2));
    return CHANGE_ONE(q, DEVICE_DROP, mw_sq_int(tenant), mw_sq_int(device));
}

mw_status mw_sq_op_usage_point_remove(mw_store *s, int64_t tenant, const char *id) {
    mw_sq *q = mw_sq_of(s);
    int64_t used = 0;
    MW_TRY(MW_SQ_NUMBER(q, POINT_USED, &used, mw_sq_int(tenant), mw_sq_text(id)));
    if (used != 0)
        return MW_STATE;
    MW_TRY(MW_SQ_RUN(q, POINT_DROP_ADDRESS, mw_sq_int(tenant), mw_sq_text(id)));
    return CHANGE_ONE(q, POINT_DROP, mw_sq_int(tenant), mw_sq_text(id));
}

mw_status mw_sq_op_person_remove(mw_store *s, int64_t tenant, const char *id) {
    mw_sq *q = mw_sq_of(s);
    int64_t used = 0;
    MW_TRY(MW_SQ_NUMBER(q, PERSON_USED, &used, mw_sq_int(tenant), mw_sq_text(id)));
    if (used != 0)
        return MW_STATE;
    return CHANGE_ONE(q, PERSON_DROP, mw_sq_int(tenant), mw_sq_text(id));
}

/* One channel's readings go, and what is newest without them is found again. */
static mw_status channel_registers_remove(mw_sq *q, int64_t tenant, const mw_store_change *span,
                                          int64_t from, int64_t to) {
    MW_TRY(MW_SQ_RUN(q, REGISTERS_DROP, mw_sq_int(tenant), mw_sq_int(span->channel),
                     mw_sq_int(from), mw_sq_int(to)));
    MW_TRY(MW_SQ_RUN(q, NEWEST_DROP, mw_sq_int(tenant), mw_sq_int(span->channel)));
    MW_TRY(MW_SQ_RUN(q, NEWEST_AGAIN, mw_sq_int(tenant), mw_sq_int(span->channel)));
    return mw_sq_change_add(q, span);
}

mw_status mw_sq_op_registers_remove(mw_store *s, int64_t tenant, int64_t from, int64_t to) {
    mw_sq *q = mw_sq_of(s);
    mw_sq_statement *st = NULL;
    if (!q->in_transaction)
        return MW_STATE;
    /* One channel a turn: a statement must not be stepped while its table changes. */
    for (;;) {
        MW_TRY(
            MW_SQ_BIND(q, REGISTERS_SPANS, &st, mw_sq_int(tenant), mw_sq_int(from), mw_sq_int(to)));
        mw_status status = mw_sq_step(st);
        if (status != MW_OK)
            return status == MW_NOT_FOUND ? MW_OK : status;
        mw_store_change span = {.tenant = tenant,
                                .channel = mw_sq_get_int(st, 0),
                                .layer = MW_LAYER_RAW,
                                .from = mw_sq_get_utc(st, 1),
                                .to = mw_utc_add(mw_sq_get_utc(st, 2), mw_dur_s(1))};
        mw_sq_reset(st);
        MW_TRY(channel_registers_remove(q, tenant, &span, from, to));
    }
}

/* --- snapshots ------------------------------------------------------------------------------- */

mw_status mw_sq_op_snapshot_add(mw_store *s, const mw_store_snapshot *row, int64_t *out_id) {
    mw_sq *q = mw_sq_of(s);
    int64_t newest = 0;
    if (row->from.us >= row->to.us || row->content.n > MW_STORE_SNAPSHOT_MAX)
        return MW_RANGE;
    MW_TRY(MW_SQ_NUMBER(q, SNAPSHOT_NEWEST, &newest, mw_sq_int(row->tenant),
                        mw_sq_int(row->channel), mw_sq_int(row->from.us), mw_sq_int(row->to.us)));
    if (newest != row->corrects)
        return MW_STATE;
    MW_TRY(MW_SQ_RUN(q, SNAPSHOT_ADD, mw_sq_int(row->tenant), mw_sq_int(row->channel),
                     mw_sq_int(row->from.us), mw_sq_int(row->to.us), mw_sq_int(row->lock),
                     mw_sq_int(row->corrects), mw_sq_int(row->at.us), mw_sq_text(row->who),
                     mw_sq_blob(row->content)));
    *out_id = mw_sq_last_id(q);
    return MW_OK;
}

mw_status mw_sq_op_snapshots(mw_store *s, int64_t tenant, int64_t channel, int64_t before,
                             uint32_t limit, mw_store_on_snapshot each, void *ctx) {
    mw_sq_statement *st = NULL;
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), SNAPSHOTS, &st, mw_sq_int(tenant), mw_sq_int(channel),
                      mw_sq_int(before == 0 ? INT64_MAX : before), mw_sq_int(limit)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_snapshot row = {.id = mw_sq_get_int(st, 0),
                                 .tenant = tenant,
                                 .channel = mw_sq_get_int(st, 1),
                                 .from = mw_sq_get_utc(st, 2),
                                 .to = mw_sq_get_utc(st, 3),
                                 .lock = mw_sq_get_int(st, 4),
                                 .corrects = mw_sq_get_int(st, 5),
                                 .at = mw_sq_get_utc(st, 6),
                                 .content = mw_sq_get_blob(st, 8)};
        MW_SQ_TEXT_INTO(st, 7, row.who);
        status = each(ctx, &row);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}
