/* SPDX-License-Identifier: Apache-2.0
 *
 * Statements of values in layers, findings and the suspense account.
 */
#ifndef MW_PLATFORM_STORE_SQL_STATEMENTS_VALUES_H
#define MW_PLATFORM_STORE_SQL_STATEMENTS_VALUES_H

/* clang-format off: one statement per entry reads best as written */
#define MW_SQ_REVISION_COLUMNS                                                                     \
    "id, channel, layer, kind, from_us, to_us, at, actor, who, reason, text, method,"              \
    " method_version, inputs, action, data, prediction"

/* By channel, by rule, or by tenant: each has its index, and judging asks for every channel. */
#define MW_SQ_EXCEPTION                                                                            \
    "SELECT id, channel, rule, severity, from_us, to_us, input_0, input_1, input_2, threshold,"    \
    " found_at, closed_at, closed_by, text, judged FROM exceptions"                                \
    " WHERE tenant = ?1 AND severity >= ?2 AND id < ?3"
#define MW_SQ_EXCEPTION_END " ORDER BY id DESC LIMIT ?4"

#define MW_SQ_VALUE_STATEMENTS(X)                                                                  \
    X(REVISION_ADD, "INSERT INTO revisions(tenant, channel, day, layer, kind, from_us, to_us, at," \
                    " actor, who, reason, text, method, method_version, inputs, action, data,"     \
                    " prediction) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"  \
                    " ?14, ?15, ?16, ?17, ?18)")                                                   \
    X(REVISIONS_OF_DAY, "SELECT " MW_SQ_REVISION_COLUMNS " FROM revisions"                         \
                        " WHERE tenant = ?1 AND channel = ?2 AND day = ?3 AND layer = ?4"          \
                        " AND id <= ?5 AND at <= ?6 ORDER BY id")                                  \
    X(REVISIONS_LIST, "SELECT " MW_SQ_REVISION_COLUMNS " FROM revisions"                           \
                      " WHERE tenant = ?1 AND channel = ?2 AND day BETWEEN ?3 AND ?4"              \
                      " AND (?5 = 3 OR layer = ?5) AND from_us < ?7 AND to_us > ?6 AND id < ?8"    \
                      " ORDER BY id DESC LIMIT ?9")                                                \
    X(REVISIONS_OF_ACTION, "SELECT id, channel, layer, kind, from_us, to_us FROM revisions"        \
                           " WHERE tenant = ?1 AND action = ?3 AND reason = ?2 AND action <> 0"    \
                           " ORDER BY id")                                                         \
    X(REVISIONS_SPAN, "SELECT min(day), max(day) FROM revisions"                                   \
                      " WHERE tenant = ?1 AND channel = ?2")                                       \
    X(REVISION_NEWEST, "SELECT coalesce(max(id), 0) FROM revisions")                               \
    X(JOURNAL_NEWEST, "SELECT coalesce(max(id), 0) FROM journal")                                  \
    X(JOURNAL_FROM, "SELECT id, stored FROM journal WHERE id >= ?1 ORDER BY id LIMIT 1")           \
    X(LOCK_ADD, "INSERT INTO locks(tenant, channel, from_us, to_us, at, journal, revision, who,"   \
                " text) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")                               \
    X(LOCKS, "SELECT id, from_us, to_us, at, journal, revision, who, text FROM locks"              \
             " WHERE tenant = ?1 AND channel = ?2 AND from_us < ?4 AND to_us > ?3"                 \
             " ORDER BY from_us")                                                                  \
    X(CHANGE_ADD, "INSERT INTO changes(tenant, channel, layer, master, from_us, to_us)"            \
                  " VALUES(?1, ?2, ?3, ?4, ?5, ?6)")                                               \
    /* Eight at once: a statement costs more than a row. */                                        \
    X(CHANGES_ADD, "INSERT INTO changes(tenant, channel, layer, master, from_us, to_us) VALUES"    \
                   " (?1, ?2, ?3, ?4, ?5, ?6), (?7, ?8, ?9, ?10, ?11, ?12),"                       \
                   " (?13, ?14, ?15, ?16, ?17, ?18), (?19, ?20, ?21, ?22, ?23, ?24),"              \
                   " (?25, ?26, ?27, ?28, ?29, ?30), (?31, ?32, ?33, ?34, ?35, ?36),"              \
                   " (?37, ?38, ?39, ?40, ?41, ?42), (?43, ?44, ?45, ?46, ?47, ?48)")              \
    X(CHANGES, "SELECT id, tenant, channel, layer, master, from_us, to_us FROM changes"            \
               " WHERE id > ?1 ORDER BY id LIMIT ?2")                                              \
    X(CHANGES_PRUNE, "DELETE FROM changes WHERE id <= ?1 AND id <= coalesce((SELECT min(at) FROM"  \
                     " cursors WHERE name LIKE 'follow/%' AND name NOT LIKE 'follow/readings/%')," \
                     " ?1)")                                                                       \
    X(CONFLICTS_OF_DAY, "SELECT start, seconds, value, quality, received, journal FROM conflicts"  \
                        " WHERE tenant = ?1 AND channel = ?2 AND start >= ?3 AND start < ?4"       \
                        " AND journal <= ?5 ORDER BY journal, id")                                 \
    X(EXCEPTION_RAISE,                                                                             \
      "INSERT INTO exceptions(tenant, channel, rule, severity, from_us, to_us, input_0, input_1,"  \
      " input_2, threshold, found_at, closed_by, text)"                                            \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, '', '')"                              \
      " ON CONFLICT(tenant, channel, rule, from_us) WHERE closed_at IS NULL DO UPDATE SET"         \
      " severity = excluded.severity, to_us = excluded.to_us, input_0 = excluded.input_0,"         \
      " input_1 = excluded.input_1, input_2 = excluded.input_2, threshold = excluded.threshold"    \
      " RETURNING id")                                                                             \
    X(EXCEPTION_CLOSE, "UPDATE exceptions SET closed_at = ?3, closed_by = ?4, text = ?5"           \
                       " WHERE tenant = ?1 AND id = ?2 AND closed_at IS NULL")                     \
    X(EXCEPTIONS, MW_SQ_EXCEPTION " AND (?5 = 0 OR closed_at IS NULL)" MW_SQ_EXCEPTION_END)        \
    X(EXCEPTIONS_OF_RULE,                                                                          \
      MW_SQ_EXCEPTION " AND (?5 = 0 OR closed_at IS NULL) AND rule = ?6" MW_SQ_EXCEPTION_END)      \
    X(EXCEPTIONS_OF_CHANNEL, MW_SQ_EXCEPTION " AND (?5 = 0 OR closed_at IS NULL) AND (?6 < 0 OR "  \
                                             "rule = ?6) AND channel = ?7" MW_SQ_EXCEPTION_END)    \
    X(EXCEPTIONS_OPEN_OF_CHANNEL, MW_SQ_EXCEPTION                                                  \
      " AND closed_at IS NULL AND (?5 < 0 OR rule = ?5) AND channel = ?6" MW_SQ_EXCEPTION_END)     \
    X(EXCEPTION_JUDGE, "UPDATE exceptions SET judged = ?3 WHERE tenant = ?1 AND id = ?2")          \
    X(RULE_COUNTS,                                                                                 \
      "SELECT rule, count(*), sum(CASE WHEN closed_at IS NULL THEN 1 ELSE 0 END),"                 \
      " sum(CASE WHEN judged = 1 THEN 1 ELSE 0 END),"                                              \
      " sum(CASE WHEN judged = 2 THEN 1 ELSE 0 END),"                                              \
      " sum(CASE WHEN judged = 3 THEN 1 ELSE 0 END),"                                              \
      " sum(CASE WHEN judged = 0 AND closed_at IS NOT NULL THEN 1 ELSE 0 END),"                    \
      " count(DISTINCT channel), max(found_at)"                                                    \
      " FROM exceptions WHERE tenant = ?1 AND found_at >= ?2 GROUP BY rule ORDER BY rule")         \
    X(SUSPENSE_CUT, "DELETE FROM suspense WHERE tenant = ?1 AND channel = ?2 AND from_us < ?4"     \
                    " AND to_us > ?3")                                                             \
    X(SUSPENSE_ADD, "INSERT INTO suspense(tenant, channel, from_us, to_us, step, difference,"      \
                    " intervals, suspense, at) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")        \
    X(SUSPENSE, "SELECT from_us, to_us, step, difference, intervals, suspense, at FROM suspense"   \
                " WHERE tenant = ?1 AND channel = ?2 AND from_us < ?4 AND to_us > ?3"              \
                " ORDER BY from_us")                                                               \
    X(SUSPENSE_SUM, "SELECT coalesce(sum(suspense), 0) FROM suspense"                              \
                    " WHERE tenant = ?1 AND channel = ?2")
/* clang-format on */

#endif
