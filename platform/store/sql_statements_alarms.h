/* SPDX-License-Identifier: Apache-2.0
 *
 * Statements of sql_alarms.c and sql_notify.c.
 */
#ifndef MW_PLATFORM_STORE_SQL_STATEMENTS_ALARMS_H
#define MW_PLATFORM_STORE_SQL_STATEMENTS_ALARMS_H

/* clang-format off: one statement per entry reads best as written */
#define MW_SQ_ALARM                                                                                \
    "SELECT id, tenant, rule, subject, version, channel, device, station, severity, state, value," \
    " threshold, members, root, count, opened_at, last_at, clearing_at, closed_at, closed_by,"     \
    " assignee, acknowledged_at, acknowledged_by, snoozed_until, inputs, latest FROM alarms"
#define MW_SQ_ALARM_STATES                                                                         \
    "((state = 1 AND ?5 <> 0) OR (state = 2 AND ?8 <> 0) OR (state = 3 AND ?9 <> 0))"
#define MW_SQ_SETTING_COLUMNS "tenant, rule, name, class, channel, value, version, at, who, reason"
#define MW_SQ_RECIPIENT_COLUMNS                                                                    \
    "tenant, id, name, kind, target, active, severity_min, rules, area, escalated_only,"           \
    " quiet_from, quiet_to, quiet_severity, time_zone, digest_s, escalate_s, escalate_to, secret," \
    " changed_at, changed_by, language"
#define MW_SQ_DELIVERY                                                                             \
    "SELECT id, tenant, recipient, alarm, what, state, created, due, done, attempts, error"        \
    " FROM deliveries"

#define MW_SQ_ALARM_STATEMENTS(X)                                                                  \
    X(SIGNS_CHANGED, "SELECT changed, id, tenant, kind, subject, text, first_at, last_at, count,"  \
                     " from_decode FROM signs WHERE changed > ?1 ORDER BY changed LIMIT ?2")       \
    X(EVENTS_AFTER, "SELECT id, tenant, device, code, meter, received, detail, journal"            \
                    " FROM events WHERE id > ?1 ORDER BY id LIMIT ?2")                             \
    X(ALARM_ADD,                                                                                   \
      "INSERT INTO alarms(tenant, rule, subject, version, channel, device, station, severity,"     \
      " state, value, threshold, members, root, count, opened_at, last_at, clearing_at,"           \
      " closed_at, closed_by, assignee, acknowledged_at, acknowledged_by, snoozed_until, inputs,"  \
      " latest) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,"     \
      " ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25)")                                             \
    X(ALARM_PUT,                                                                                   \
      "UPDATE alarms SET channel = ?3, device = ?4, station = ?5, severity = ?6, state = ?7,"      \
      " value = ?8, threshold = ?9, members = ?10, root = ?11, count = ?12, last_at = ?13,"        \
      " clearing_at = ?14, closed_at = ?15, closed_by = ?16, assignee = ?17,"                      \
      " acknowledged_at = ?18, acknowledged_by = ?19, snoozed_until = ?20, latest = ?21"           \
      " WHERE tenant = ?1 AND id = ?2 RETURNING 1")                                                \
    X(ALARM_GET, MW_SQ_ALARM " WHERE tenant = ?1 AND id = ?2")                                     \
    X(ALARM_LAST, MW_SQ_ALARM " WHERE tenant = ?1 AND rule = ?2 AND subject = ?3"                  \
                              " ORDER BY id DESC LIMIT 1")                                         \
    X(ALARMS_ALL, MW_SQ_ALARM                                                                      \
      " WHERE tenant = ?1 AND id < ?2 AND severity >= ?4 AND " MW_SQ_ALARM_STATES                  \
      " AND (?6 = '' OR rule = ?6) AND (?7 = '' OR assignee = ?7) ORDER BY id DESC LIMIT ?3")      \
    X(ALARMS_OF_CHANNEL,                                                                           \
      MW_SQ_ALARM " WHERE tenant = ?1 AND channel = ?10 AND id < ?2 AND severity >= ?4"            \
                  " AND " MW_SQ_ALARM_STATES " AND (?6 = '' OR rule = ?6)"                         \
                  " AND (?7 = '' OR assignee = ?7) ORDER BY id DESC LIMIT ?3")                     \
    X(ALARMS_OF_ROOT,                                                                              \
      MW_SQ_ALARM " WHERE tenant = ?1 AND root = ?10 AND id < ?2 AND severity >= ?4"               \
                  " AND " MW_SQ_ALARM_STATES " AND (?6 = '' OR rule = ?6)"                         \
                  " AND (?7 = '' OR assignee = ?7) ORDER BY id DESC LIMIT ?3")                     \
    X(ALARMS_OPEN, MW_SQ_ALARM " WHERE closed_at IS NULL AND id > ?1 ORDER BY id LIMIT ?2")        \
    X(ALARM_COUNTS, "SELECT rule, severity, state, CASE WHEN coalesce(snoozed_until, 0) > ?2"      \
                    " THEN 1 ELSE 0 END, count(*) FROM alarms"                                     \
                    " WHERE tenant = ?1 AND closed_at IS NULL AND root = 0"                        \
                    " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4")                                    \
    X(ALARM_NOTE_ADD, "INSERT INTO alarm_notes(tenant, alarm, at, who, what, text)"                \
                      " VALUES(?1, ?2, ?3, ?4, ?5, ?6)")                                           \
    X(ALARM_NOTES, "SELECT id, at, who, what, text FROM alarm_notes"                               \
                   " WHERE tenant = ?1 AND alarm = ?2 ORDER BY id LIMIT ?3")                       \
    X(ALARM_VERSION, "SELECT coalesce(max(version), 1) FROM alarm_setting_history"                 \
                     " WHERE tenant = ?1 AND rule = ?2")                                           \
    X(ALARM_HOLD_PUT,                                                                              \
      "INSERT INTO alarm_holds(tenant, rule, subject, channel, says, since)"                       \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(tenant, rule, subject) DO UPDATE SET"           \
      " channel = excluded.channel, says = excluded.says, since = excluded.since")                 \
    X(ALARM_HOLD_DROP, "DELETE FROM alarm_holds WHERE tenant = ?1 AND rule = ?2 AND subject = ?3") \
    X(ALARM_HOLDS, "SELECT tenant, rule, subject, channel, says, since FROM alarm_holds"           \
                   " ORDER BY tenant, rule, subject")                                              \
    X(ALARM_SETTING_PUT,                                                                           \
      "INSERT INTO alarm_settings(" MW_SQ_SETTING_COLUMNS ")"                                      \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"                                           \
      " ON CONFLICT(tenant, rule, name, class, channel) DO UPDATE SET value = excluded.value,"     \
      " version = excluded.version, at = excluded.at, who = excluded.who,"                         \
      " reason = excluded.reason")                                                                 \
    X(ALARM_SETTING_HISTORY_ADD,                                                                   \
      "INSERT INTO alarm_setting_history(" MW_SQ_SETTING_COLUMNS ", removed)"                      \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")                                     \
    X(ALARM_SETTING_REMOVE, "DELETE FROM alarm_settings WHERE tenant = ?1 AND rule = ?2"           \
                            " AND name = ?3 AND class = ?4 AND channel = ?5 RETURNING value")      \
    X(ALARM_SETTINGS, "SELECT " MW_SQ_SETTING_COLUMNS ", 0 FROM alarm_settings"                    \
                      " ORDER BY tenant, rule, name, class, channel")                              \
    X(ALARM_SETTING_HISTORY,                                                                       \
      "SELECT " MW_SQ_SETTING_COLUMNS ", removed"                                                  \
      " FROM alarm_setting_history WHERE tenant = ?1 AND (?2 = '' OR rule = ?2)"                   \
      " ORDER BY id DESC LIMIT ?3")                                                                \
    X(COLLECTION_PUT,                                                                              \
      "INSERT INTO collections(tenant, day, mark, at, expected, collected, meters, missing,"       \
      " by_meter, by_radio, by_station, by_backhaul)"                                              \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"                                 \
      " ON CONFLICT(tenant, day, mark) DO UPDATE SET at = excluded.at,"                            \
      " expected = excluded.expected, collected = excluded.collected, meters = excluded.meters,"   \
      " missing = excluded.missing, by_meter = excluded.by_meter, by_radio = excluded.by_radio,"   \
      " by_station = excluded.by_station, by_backhaul = excluded.by_backhaul")                     \
    X(COLLECTIONS, "SELECT day, mark, at, expected, collected, meters, missing, by_meter,"         \
                   " by_radio, by_station, by_backhaul FROM collections"                           \
                   " WHERE tenant = ?1 AND day >= ?2 ORDER BY day, mark")                          \
    X(RECIPIENT_PUT,                                                                               \
      "INSERT INTO recipients(" MW_SQ_RECIPIENT_COLUMNS ")"                                        \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,"   \
      " ?19, ?20, ?21) ON CONFLICT(tenant, id) DO UPDATE SET name = excluded.name,"                \
      " kind = excluded.kind, target = excluded.target, active = excluded.active,"                 \
      " severity_min = excluded.severity_min, rules = excluded.rules, area = excluded.area,"       \
      " escalated_only = excluded.escalated_only, quiet_from = excluded.quiet_from,"               \
      " quiet_to = excluded.quiet_to, quiet_severity = excluded.quiet_severity,"                   \
      " time_zone = excluded.time_zone, digest_s = excluded.digest_s,"                             \
      " escalate_s = excluded.escalate_s, escalate_to = excluded.escalate_to,"                     \
      " secret = excluded.secret, changed_at = excluded.changed_at,"                               \
      " changed_by = excluded.changed_by, language = excluded.language")                           \
    X(RECIPIENT_GET, "SELECT " MW_SQ_RECIPIENT_COLUMNS " FROM recipients"                          \
                     " WHERE tenant = ?1 AND id = ?2")                                             \
    X(RECIPIENT_REMOVE, "DELETE FROM recipients WHERE tenant = ?1 AND id = ?2 RETURNING 1")        \
    X(RECIPIENTS, "SELECT " MW_SQ_RECIPIENT_COLUMNS " FROM recipients"                             \
                  " WHERE tenant = ?1 ORDER BY id")                                                \
    X(DELIVERY_ADD,                                                                                \
      "INSERT INTO deliveries(tenant, recipient, alarm, what, state, created, due, done,"          \
      " attempts, error) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")                         \
    X(DELIVERY_PUT, "UPDATE deliveries SET state = ?3, due = ?4, done = ?5, attempts = ?6,"        \
                    " error = ?7 WHERE tenant = ?1 AND id = ?2 RETURNING 1")                       \
    X(DELIVERY_GET, MW_SQ_DELIVERY " WHERE tenant = ?1 AND id = ?2")                               \
    X(DELIVERIES_DUE, MW_SQ_DELIVERY " WHERE state = 1 AND due <= ?1 ORDER BY due, id LIMIT ?2")   \
    X(DELIVERIES, MW_SQ_DELIVERY " WHERE tenant = ?1 AND id < ?2 AND ((state = 1 AND ?4 <> 0)"     \
                                 " OR (state = 2 AND ?5 <> 0) OR (state = 3 AND ?6 <> 0)"          \
                                 " OR (state = 4 AND ?7 <> 0)) ORDER BY id DESC LIMIT ?3")         \
    X(DELIVERIES_WAITING, "SELECT count(*) FROM deliveries WHERE state = 1")                       \
    X(DELIVERIES_FORGET, "DELETE FROM deliveries WHERE done < ?1 AND state <> 3")
/* clang-format on */

#endif
