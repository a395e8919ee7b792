/* SPDX-License-Identifier: Apache-2.0
 *
 * mw_store: what the exchange of files keeps (records_files.h).
 *
 * mapping_put        inserts or replaces by name. mapping_get: MW_SPACE when room is too small.
 * mapping_delete     MW_NOT_FOUND.
 * import_add         ignores .id. import_undone: MW_STATE when it is undone already. imports:
 *                    newest first, id < before (0 = from the newest).
 * import_journal_set the journal records that carry its register readings.
 * imported_add       remembers a thing that an import made; imported: in the order of adding.
 * device_by_serial   MW_CONFLICT when several devices have the serial number.
 * device_remove      a device that nothing was ever heard, read or estimated of, with its keys,
 *                    channels and installations; else MW_STATE. usage_point_remove and
 *                    person_remove likewise: MW_STATE while something refers to them.
 * registers_remove   register readings that came with journal records from .. to, and marks the
 *                    change of their channels.
 * snapshot_add       ignores .id. MW_STATE: .corrects is not the newest of the channel and span.
 *                    snapshots: of a channel (0 = all), newest first, id < before.
 */
#ifndef MW_PLATFORM_STORE_OPS_FILES_H
#define MW_PLATFORM_STORE_OPS_FILES_H

#include "platform/store/records_files.h"

typedef mw_status (*mw_store_on_mapping)(void *ctx, const mw_store_mapping *row);
typedef mw_status (*mw_store_on_import)(void *ctx, const mw_store_import *row);
typedef mw_status (*mw_store_on_imported)(void *ctx, mw_store_imported_kind kind, const char *key);
typedef mw_status (*mw_store_on_snapshot)(void *ctx, const mw_store_snapshot *row);

#define MW_STORE_FILES_OPS(X)                                                                      \
    X(mapping_put, (mw_store * s, int64_t tenant, const mw_store_mapping *m, mw_slice json),       \
      (s, tenant, m, json))                                                                        \
    X(mapping_get, (mw_store * s, int64_t tenant, const char *name, mw_span room, size_t *out_n),  \
      (s, tenant, name, room, out_n))                                                              \
    X(mapping_delete, (mw_store * s, int64_t tenant, const char *name), (s, tenant, name))         \
    X(mappings, (mw_store * s, int64_t tenant, mw_store_on_mapping each, void *ctx),               \
      (s, tenant, each, ctx))                                                                      \
    X(import_add, (mw_store * s, const mw_store_import *i, int64_t *out_id), (s, i, out_id))       \
    X(import_journal_set, (mw_store * s, int64_t tenant, int64_t id, int64_t from, int64_t to),    \
      (s, tenant, id, from, to))                                                                   \
    X(import_get, (mw_store * s, int64_t tenant, int64_t id, mw_store_import * out_import),        \
      (s, tenant, id, out_import))                                                                 \
    X(import_undone, (mw_store * s, int64_t tenant, int64_t id, mw_utc at, const char *who),       \
      (s, tenant, id, at, who))                                                                    \
    X(imports,                                                                                     \
      (mw_store * s, int64_t tenant, int64_t before, uint32_t limit, mw_store_on_import each,      \
       void *ctx),                                                                                 \
      (s, tenant, before, limit, each, ctx))                                                       \
    X(imported_add,                                                                                \
      (mw_store * s, int64_t tenant, int64_t import, mw_store_imported_kind kind,                  \
       const char *key),                                                                           \
      (s, tenant, import, kind, key))                                                              \
    X(imported,                                                                                    \
      (mw_store * s, int64_t tenant, int64_t import, mw_store_on_imported each, void *ctx),        \
      (s, tenant, import, each, ctx))                                                              \
    X(device_by_serial,                                                                            \
      (mw_store * s, int64_t tenant, const char *serial, mw_store_device *out_device),             \
      (s, tenant, serial, out_device))                                                             \
    X(device_remove, (mw_store * s, int64_t tenant, int64_t device), (s, tenant, device))          \
    X(usage_point_remove, (mw_store * s, int64_t tenant, const char *id), (s, tenant, id))         \
    X(person_remove, (mw_store * s, int64_t tenant, const char *id), (s, tenant, id))              \
    X(registers_remove, (mw_store * s, int64_t tenant, int64_t from, int64_t to),                  \
      (s, tenant, from, to))                                                                       \
    X(snapshot_add, (mw_store * s, const mw_store_snapshot *row, int64_t *out_id),                 \
      (s, row, out_id))                                                                            \
    X(snapshots,                                                                                   \
      (mw_store * s, int64_t tenant, int64_t channel, int64_t before, uint32_t limit,              \
       mw_store_on_snapshot each, void *ctx),                                                      \
      (s, tenant, channel, before, limit, each, ctx))

#endif
