/* SPDX-License-Identifier: Apache-2.0
 *
 * Statements of sql_retention.c.
 */
#ifndef MW_PLATFORM_STORE_SQL_STATEMENTS_RETENTION_H
#define MW_PLATFORM_STORE_SQL_STATEMENTS_RETENTION_H

/* clang-format off: one statement per entry reads best as written */
#define MW_SQ_RETENTION_STATEMENTS(X)                                                              \
    X(RETENTION_PUT,                                                                               \
      "INSERT INTO retentions(tenant, tier, days, at, who)"                                        \
      " VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(tenant, tier) DO UPDATE SET days = excluded.days,"  \
      " at = excluded.at, who = excluded.who")                                                     \
    X(RETENTIONS, "SELECT tier, days, at, who FROM retentions WHERE tenant = ?1 ORDER BY tier")    \
    X(HOLD_ADD, "INSERT INTO holds(tenant, kind, subject, from_us, to_us, at, who, why,"           \
                " released_by) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, '')")                        \
    X(HOLD_STATE, "SELECT CASE WHEN released_at IS NULL THEN 1 ELSE 0 END FROM holds"              \
                  " WHERE tenant = ?1 AND id = ?2")                                                \
    X(HOLD_RELEASE, "UPDATE holds SET released_at = ?3, released_by = ?4"                          \
                    " WHERE tenant = ?1 AND id = ?2")                                              \
    X(HOLDS, "SELECT id, kind, subject, from_us, to_us, at, who, why, released_at, released_by"    \
             " FROM holds WHERE tenant = ?1 AND id < ?2 AND (?3 = 0 OR released_at IS NULL)"       \
             " ORDER BY id DESC LIMIT ?4")                                                         \
    X(DAYS_AFTER, "SELECT day, channel FROM chunks WHERE tenant = ?1 AND day >= ?2 AND day < ?4"   \
                  " AND (day > ?2 OR channel > ?3) UNION SELECT day, channel FROM revisions"       \
                  " WHERE tenant = ?1 AND day >= ?2 AND day < ?4 AND (day > ?2 OR channel > ?3)"   \
                  " ORDER BY day, channel LIMIT ?5")                                               \
    X(DAY_CHUNK_DELETE, "DELETE FROM chunks WHERE tenant = ?1 AND day = ?2 AND channel = ?3")      \
    X(DAY_HOT_DELETE, "DELETE FROM hot WHERE tenant = ?1 AND day = ?2 AND channel = ?3")           \
    X(DAY_CONFLICTS_DELETE, "DELETE FROM conflicts WHERE tenant = ?1 AND channel = ?2"             \
                            " AND start >= ?3 AND start < ?4")                                     \
    X(DAY_REVISIONS_DELETE, "DELETE FROM revisions WHERE tenant = ?1 AND channel = ?2"             \
                            " AND day = ?3")                                                       \
    X(DAYS_AMOUNT, "SELECT count(*), coalesce(sum(n), 0), coalesce(sum(length(data)), 0)"          \
                   " FROM chunks WHERE tenant = ?1 AND day >= ?2 AND day < ?3")                    \
    X(JOURNAL_FORGET, "UPDATE journal SET content = '' WHERE tenant = ?1 AND id >= ?2"             \
                      " AND id <= ?3 AND content <> ''")                                           \
    X(JOURNAL_RECEPTIONS_FORGET, "DELETE FROM receptions WHERE tenant = ?1 AND journal >= ?2"      \
                                 " AND journal <= ?3")                                             \
    X(JOURNAL_AMOUNT, "SELECT count(*), coalesce(sum(length(content)), 0) FROM journal"            \
                      " WHERE tenant = ?1 AND id >= ?2 AND id <= ?3 AND content <> ''")
/* clang-format on */

#endif
