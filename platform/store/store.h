/* SPDX-License-Identifier: Apache-2.0
 *
 * mw_store: everything the platform keeps, behind one table of operations.
 *
 * Implementations: SQLite (store/sqlite.h). SQL exists nowhere else. The operations are chosen so
 * that other engines fit: appends are whole frozen batches inside one transaction, hot runs are
 * only appended and folded in bulk, readings never join master data.
 *
 * Contract of every operation
 * - A handle belongs to one thread. One writer per database; open further handles read-only.
 * - Writes need an open transaction (begin .. commit), else MW_STATE. After commit returned MW_OK
 *   the work survives a power cut; when it fails the transaction is gone as a whole. On any failed
 *   write call rollback.
 * - `tenant` is part of every key: an operation never finds another tenant's rows.
 * - Environment failures: MW_IO, MW_SPACE (disk full; may work later), MW_CORRUPT. A key that is
 * not there: MW_NOT_FOUND.
 * - Row callbacks get a record valid during the call; a status other than MW_OK stops the scan and
 *   is returned. A callback must not write to the same handle.
 * - Lists hand out at most `limit` rows, limit <= MW_STORE_PAGE_MAX (MW_RANGE above).
 */
#ifndef MW_PLATFORM_STORE_STORE_H
#define MW_PLATFORM_STORE_STORE_H

#include "platform/store/ops_accounts.h"
#include "platform/store/ops_alarms.h"
#include "platform/store/ops_commands.h"
#include "platform/store/ops_console.h"
#include "platform/store/ops_files.h"
#include "platform/store/ops_fleet.h"
#include "platform/store/ops_foreign.h"
#include "platform/store/ops_household.h"
#include "platform/store/ops_model.h"
#include "platform/store/ops_retention.h"
#include "platform/store/ops_values.h"
#include "platform/store/ops_vee.h"
#include "platform/store/records.h"

/* What an implementation can do beyond the contract. */
enum {
    MW_STORE_CAP_DURABLE = 1 << 0,   /* commit is synced to the disk */
    MW_STORE_CAP_READ_ONLY = 1 << 1, /* this handle cannot write */
};

typedef mw_status (*mw_store_on_device)(void *ctx, const mw_store_device *row);
typedef mw_status (*mw_store_on_channel)(void *ctx, const mw_store_channel *row);
typedef mw_status (*mw_store_on_sender)(void *ctx, const mw_store_sender *row);
typedef mw_status (*mw_store_on_envelope)(void *ctx, const mw_store_envelope *row);
typedef mw_status (*mw_store_on_quarantined)(void *ctx, const mw_store_quarantined *row);
typedef mw_status (*mw_store_on_reception)(void *ctx, const mw_store_reception *row);
typedef mw_status (*mw_store_on_register)(void *ctx, const mw_store_register *row);
typedef mw_status (*mw_store_on_interval)(void *ctx, int64_t channel, const mw_store_interval *row);
typedef mw_status (*mw_store_on_event)(void *ctx, const mw_store_event *row);
typedef mw_status (*mw_store_on_health)(void *ctx, const mw_store_health *row);
typedef mw_status (*mw_store_on_sign)(void *ctx, const mw_store_sign *row);
typedef mw_status (*mw_store_on_audit)(void *ctx, const mw_store_audit *row);
typedef mw_status (*mw_store_on_meter)(void *ctx, const mw_store_meter *row);
typedef mw_status (*mw_store_on_count)(void *ctx, const char *name, int64_t value);

/* X(name, parameters, arguments): each becomes a member of mw_store_ops and a function
 * mw_store_<name>(store, ...). */

/* begin, commit, rollback: see the contract. meta: small texts of the installation, such as the
 * time-zone data version. count_add adds to a named counter of the tenant (uplinks.received ...).
 */
#define MW_STORE_CORE_OPS(X)                                                                       \
    X(begin, (mw_store * s), (s))                                                                  \
    X(commit, (mw_store * s), (s))                                                                 \
    X(rollback, (mw_store * s), (s))                                                               \
    X(meta_put, (mw_store * s, const char *name, const char *value), (s, name, value))             \
    X(meta_get, (mw_store * s, const char *name, mw_span out_text), (s, name, out_text))           \
    X(count_add, (mw_store * s, int64_t tenant, const char *name, mw_utc at, int64_t n),           \
      (s, tenant, name, at, n))                                                                    \
    X(data_version, (mw_store * s, int64_t * out_version), (s, out_version))                       \
    X(counts, (mw_store * s, int64_t tenant, mw_store_on_count each, void *ctx),                   \
      (s, tenant, each, ctx))

/* Master data. *_put inserts or changes; equal data change nothing. device_put and channel_put give
 * the number. Keys are stored wrapped; the store never sees a key in clear. devices_at lists the
 * devices that share an air address. installation_put closes the channel's open installation when
 * the usage point differs. sender_put: token_hash is of MW_STORE_TOKEN_HASH bytes. */
#define MW_STORE_REGISTRY_OPS(X)                                                                   \
    X(tenant_put, (mw_store * s, const char *name, int64_t *out_tenant), (s, name, out_tenant))    \
    X(tenant_find, (mw_store * s, const char *name, int64_t *out_tenant), (s, name, out_tenant))   \
    X(person_put, (mw_store * s, int64_t tenant, const mw_store_person *p), (s, tenant, p))        \
    X(person_get, (mw_store * s, int64_t tenant, const char *id, mw_store_person *out_person),     \
      (s, tenant, id, out_person))                                                                 \
    X(usage_point_put, (mw_store * s, int64_t tenant, const mw_store_usage_point *u),              \
      (s, tenant, u))                                                                              \
    X(device_put, (mw_store * s, int64_t tenant, const mw_store_device *d, int64_t *out_device),   \
      (s, tenant, d, out_device))                                                                  \
    X(device_get, (mw_store * s, int64_t tenant, uint64_t identity, mw_store_device * out_device), \
      (s, tenant, identity, out_device))                                                           \
    X(devices_at,                                                                                  \
      (mw_store * s, int64_t tenant, uint32_t address, mw_store_on_device each, void *ctx),        \
      (s, tenant, address, each, ctx))                                                             \
    X(device_key_put,                                                                              \
      (mw_store * s, int64_t tenant, int64_t device, uint8_t key_epoch, mw_slice wrapped),         \
      (s, tenant, device, key_epoch, wrapped))                                                     \
    X(device_key_get,                                                                              \
      (mw_store * s, int64_t tenant, int64_t device, uint8_t key_epoch, mw_span wrapped,           \
       size_t * out_n),                                                                            \
      (s, tenant, device, key_epoch, wrapped, out_n))                                              \
    X(channel_put,                                                                                 \
      (mw_store * s, int64_t tenant, const mw_store_channel *c, int64_t *out_channel),             \
      (s, tenant, c, out_channel))                                                                 \
    X(channel_grid_set,                                                                            \
      (mw_store * s, int64_t tenant, int64_t channel, uint32_t seconds, uint32_t offset_s),        \
      (s, tenant, channel, seconds, offset_s))                                                     \
    X(channels_of,                                                                                 \
      (mw_store * s, int64_t tenant, int64_t device, mw_store_on_channel each, void *ctx),         \
      (s, tenant, device, each, ctx))                                                              \
    X(installation_put, (mw_store * s, int64_t tenant, const mw_store_installation *i),            \
      (s, tenant, i))                                                                              \
    X(sender_put,                                                                                  \
      (mw_store * s, int64_t tenant, const char *id, mw_slice token_hash, int64_t *out_sender),    \
      (s, tenant, id, token_hash, out_sender))                                                     \
    X(sender_by_token, (mw_store * s, mw_slice token_hash, mw_store_sender * out_sender),          \
      (s, token_hash, out_sender))                                                                 \
    X(sender_seen, (mw_store * s, int64_t tenant, int64_t sender, uint64_t epoch, mw_utc at),      \
      (s, tenant, sender, epoch, at))                                                              \
    X(senders_list,                                                                                \
      (mw_store * s, int64_t tenant, mw_utc now, mw_store_on_sender each, void *ctx),              \
      (s, tenant, now, each, ctx))

/* Users, sessions, audit. session_touch moves last_used and expires. sessions_expire deletes those
 * that expired before now. audit_append ignores .id and chains the row to the tenant's last
 * (records_accounts.h); audit_list hands out newest first, before id (0 = from the newest). */
#define MW_STORE_ACCOUNT_OPS(X)                                                                    \
    X(user_put, (mw_store * s, const mw_store_user *u), (s, u))                                    \
    X(user_by_login, (mw_store * s, const char *login, mw_store_user *out_user),                   \
      (s, login, out_user))                                                                        \
    X(user_by_id, (mw_store * s, int64_t tenant, const char *id, mw_store_user *out_user),         \
      (s, tenant, id, out_user))                                                                   \
    X(users_count, (mw_store * s, int64_t * out_n), (s, out_n))                                    \
    X(session_put, (mw_store * s, const mw_store_session *row), (s, row))                          \
    X(session_get, (mw_store * s, mw_slice token_hash, mw_store_session * out_session),            \
      (s, token_hash, out_session))                                                                \
    X(session_touch, (mw_store * s, mw_slice token_hash, mw_utc last_used, mw_utc expires),        \
      (s, token_hash, last_used, expires))                                                         \
    X(session_delete, (mw_store * s, mw_slice token_hash), (s, token_hash))                        \
    X(sessions_expire, (mw_store * s, mw_utc now), (s, now))                                       \
    X(audit_append, (mw_store * s, const mw_store_audit *row), (s, row))                           \
    X(audit_list,                                                                                  \
      (mw_store * s, int64_t tenant, int64_t before, uint32_t limit, mw_store_on_audit each,       \
       void *ctx),                                                                                 \
      (s, tenant, before, limit, each, ctx))

/* The journal. journal_append ignores e->id. quarantine_append keeps one row per (sender, epoch,
 * seq, content). journal_scan hands out records with id > after in order. cursor: how far a named
 * reader came, 0 at first. */
#define MW_STORE_JOURNAL_OPS(X)                                                                    \
    X(journal_append,                                                                              \
      (mw_store * s, const mw_store_envelope *e, mw_store_append *out_result, int64_t *out_id),    \
      (s, e, out_result, out_id))                                                                  \
    X(journal_scan,                                                                                \
      (mw_store * s, int64_t after, uint32_t limit, mw_store_on_envelope each, void *ctx),         \
      (s, after, limit, each, ctx))                                                                \
    X(quarantine_append, (mw_store * s, const mw_store_quarantined *q), (s, q))                    \
    X(quarantine_list,                                                                             \
      (mw_store * s, int64_t tenant, int64_t before, uint32_t limit, mw_store_on_quarantined each, \
       void *ctx),                                                                                 \
      (s, tenant, before, limit, each, ctx))                                                       \
    X(cursor_get, (mw_store * s, const char *name, int64_t *out_at), (s, name, out_at))            \
    X(cursor_set, (mw_store * s, const char *name, int64_t at), (s, name, at))

/* Results of decoding. frame_accept: *out_first tells what is stored under the key: the given frame
 * (first hearing) or the earlier one. reception_append needs only tenant, device, journal, counter
 * and duplicate: the rest stands in the journal. failure_add counts n failed tags of an air
 * address in the hour of `at` and gives the count so far (n = 0 only asks). sign_raise adds to the
 * sign of (kind, subject) or makes one. run_append appends values of one channel as one hot
 * row (1..1024 values, ascending, inside one UTC day). derived_clear forgets everything that
 * decoding made. digest is a 32-byte hash over everything that decoding made, for comparison; fold
 * first. */
#define MW_STORE_DECODE_OPS(X)                                                                     \
    X(frame_accept, (mw_store * s, const mw_store_frame *f, mw_store_frame *out_first),            \
      (s, f, out_first))                                                                           \
    X(reception_append, (mw_store * s, const mw_store_reception *r), (s, r))                       \
    X(device_state_get,                                                                            \
      (mw_store * s, int64_t tenant, int64_t device, mw_store_device_state * out_state),           \
      (s, tenant, device, out_state))                                                              \
    X(device_state_put, (mw_store * s, const mw_store_device_state *d), (s, d))                    \
    X(failure_add,                                                                                 \
      (mw_store * s, int64_t tenant, uint32_t address, mw_utc at, int64_t n,                       \
       int64_t * out_in_hour),                                                                     \
      (s, tenant, address, at, n, out_in_hour))                                                    \
    X(sign_raise, (mw_store * s, const mw_store_sign *a), (s, a))                                  \
    X(register_append, (mw_store * s, const mw_store_register *r), (s, r))                         \
    X(run_append,                                                                                  \
      (mw_store * s, int64_t tenant, int64_t channel, const mw_store_interval *rows, size_t n),    \
      (s, tenant, channel, rows, n))                                                               \
    X(event_append, (mw_store * s, const mw_store_event *e), (s, e))                               \
    X(health_append, (mw_store * s, const mw_store_health *h), (s, h))                             \
    X(derived_clear, (mw_store * s), (s))                                                          \
    X(digest, (mw_store * s, uint8_t out_hash[32]), (s, out_hash))

/* fold: merges the oldest hot rows, at most max_rows, into day chunks; *out_rows = how many (0 =
 * nothing left). Equal values merge; of two different ones the better stays (fewer quality flags,
 * else the first) with MW_QUALITY_CONFLICT, the other is kept as a conflict row and an alarm is
 * raised. Reads see the same merged values whether folded or not. max_rows <= MW_STORE_FOLD_MAX. */
#define MW_STORE_FOLD_OPS(X)                                                                       \
    X(fold, (mw_store * s, uint32_t max_rows, uint32_t * out_rows), (s, max_rows, out_rows))       \
    X(hot_rows, (mw_store * s, int64_t * out_n), (s, out_n))

/* Queries for pages and exports. meters: *out_total = rows that match without the cursor. The lists
 * of one channel or device go newest first, older than `before` (a record's id or journal; 0 = from
 * the newest). intervals: of one channel, ascending by start, from <= start < to, merged; the
 * callback must not read intervals through the same handle. *_all: of every channel of the tenant.
 * feed: register readings with id > after, ascending. */
#define MW_STORE_QUERY_OPS(X)                                                                      \
    X(meters,                                                                                      \
      (mw_store * s, const mw_store_meter_query *q, mw_store_on_meter each, void *ctx,             \
       int64_t *out_total),                                                                        \
      (s, q, each, ctx, out_total))                                                                \
    X(meter_get,                                                                                   \
      (mw_store * s, int64_t tenant, uint64_t identity, uint8_t number,                            \
       mw_store_meter * out_meter),                                                                \
      (s, tenant, identity, number, out_meter))                                                    \
    X(meter_of_channel,                                                                            \
      (mw_store * s, int64_t tenant, int64_t channel, mw_store_meter * out_meter),                 \
      (s, tenant, channel, out_meter))                                                             \
    X(registers,                                                                                   \
      (mw_store * s, int64_t tenant, int64_t channel, int64_t before, uint32_t limit,              \
       mw_store_on_register each, void *ctx),                                                      \
      (s, tenant, channel, before, limit, each, ctx))                                              \
    X(registers_newest,                                                                            \
      (mw_store * s, int64_t tenant, int64_t channel, mw_store_on_register each, void *ctx),       \
      (s, tenant, channel, each, ctx))                                                             \
    X(receptions,                                                                                  \
      (mw_store * s, int64_t tenant, int64_t device, int64_t before, uint32_t limit,               \
       mw_store_on_reception each, void *ctx),                                                     \
      (s, tenant, device, before, limit, each, ctx))                                               \
    X(events,                                                                                      \
      (mw_store * s, int64_t tenant, int64_t device, int64_t before, uint32_t limit,               \
       mw_store_on_event each, void *ctx),                                                         \
      (s, tenant, device, before, limit, each, ctx))                                               \
    X(health_list,                                                                                 \
      (mw_store * s, int64_t tenant, int64_t device, int64_t before, uint32_t limit,               \
       mw_store_on_health each, void *ctx),                                                        \
      (s, tenant, device, before, limit, each, ctx))                                               \
    X(signs,                                                                                       \
      (mw_store * s, int64_t tenant, int64_t before, uint32_t limit, mw_store_on_sign each,        \
       void *ctx),                                                                                 \
      (s, tenant, before, limit, each, ctx))                                                       \
    X(intervals,                                                                                   \
      (mw_store * s, int64_t tenant, int64_t channel, mw_utc from, mw_utc to,                      \
       mw_store_on_interval each, void *ctx),                                                      \
      (s, tenant, channel, from, to, each, ctx))                                                   \
    X(intervals_all,                                                                               \
      (mw_store * s, int64_t tenant, mw_utc from, mw_utc to, mw_store_on_interval each,            \
       void *ctx),                                                                                 \
      (s, tenant, from, to, each, ctx))                                                            \
    X(registers_all,                                                                               \
      (mw_store * s, int64_t tenant, mw_utc from, mw_utc to, mw_store_on_register each,            \
       void *ctx),                                                                                 \
      (s, tenant, from, to, each, ctx))                                                            \
    X(feed,                                                                                        \
      (mw_store * s, int64_t tenant, int64_t after, uint32_t limit, mw_store_on_register each,     \
       void *ctx),                                                                                 \
      (s, tenant, after, limit, each, ctx))                                                        \
    X(overview_get, (mw_store * s, int64_t tenant, mw_utc now, mw_store_overview * out_overview),  \
      (s, tenant, now, out_overview))

#define MW_STORE_OPS(X)                                                                            \
    MW_STORE_CORE_OPS(X)                                                                           \
    MW_STORE_REGISTRY_OPS(X)                                                                       \
    MW_STORE_ACCOUNT_OPS(X)                                                                        \
    MW_STORE_ADMIN_OPS(X)                                                                          \
    MW_STORE_HOUSEHOLD_OPS(X)                                                                      \
    MW_STORE_JOURNAL_OPS(X)                                                                        \
    MW_STORE_DECODE_OPS(X)                                                                         \
    MW_STORE_FOLD_OPS(X)                                                                           \
    MW_STORE_QUERY_OPS(X)                                                                          \
    MW_STORE_VEE_OPS(X)                                                                            \
    MW_STORE_COMMAND_OPS(X)                                                                        \
    MW_STORE_FLEET_OPS(X)                                                                          \
    MW_STORE_MODEL_OPS(X)                                                                          \
    MW_STORE_REGISTER_OPS(X)                                                                       \
    MW_STORE_VALUE_OPS(X)                                                                          \
    MW_STORE_FINDING_OPS(X)                                                                        \
    MW_STORE_FILES_OPS(X)                                                                          \
    MW_STORE_FOREIGN_OPS(X)                                                                        \
    MW_STORE_CONSOLE_OPS(X)                                                                        \
    MW_STORE_ALARM_OPS(X)                                                                          \
    MW_STORE_NOTIFY_OPS(X)                                                                         \
    MW_STORE_RETENTION_OPS(X)

typedef struct mw_store_ops {
#define X(name, parameters, arguments) mw_status(*name) parameters;
    MW_STORE_OPS(X)
#undef X
    void (*close)(mw_store *s);
} mw_store_ops;

struct mw_store {
    const mw_store_ops *ops;
    uint32_t capabilities; /* MW_STORE_CAP_* */
};

#define X(name, parameters, arguments)                                                             \
    MW_NODISCARD static inline mw_status mw_store_##name parameters {                              \
        return s->ops->name arguments;                                                             \
    }
MW_STORE_OPS(X)
#undef X

/* Ends every statement and gives the handle back; NULL is fine. */
static inline void mw_store_close(mw_store *s) {
    if (s != NULL)
        s->ops->close(s);
}

/* The cursor text of a row for mw_store_meter_query.after. */
#define MW_STORE_CURSOR_MAX 128
void mw_store_meter_cursor(const mw_store_meter *m, mw_store_sort sort,
                           char out_text[MW_STORE_CURSOR_MAX]);

/* OBIS text "1-0:1.8.0*255" to and from six bytes; MW_SYNTAX. "*F" may be left out (255). */
#define MW_STORE_OBIS_TEXT_MAX 32
MW_NODISCARD mw_status mw_store_obis_parse(const char *text, uint8_t out_obis[6]);
void mw_store_obis_format(const uint8_t obis[6], char out_text[MW_STORE_OBIS_TEXT_MAX]);

#endif
