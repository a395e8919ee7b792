/* SPDX-License-Identifier: Apache-2.0
 *
 * Statements of sql_foreign.c.
 */
#ifndef MW_PLATFORM_STORE_SQL_STATEMENTS_FOREIGN_H
#define MW_PLATFORM_STORE_SQL_STATEMENTS_FOREIGN_H

/* clang-format off: one statement per entry reads best as written */
#define MW_SQ_FOREIGN_STATEMENTS(X)                                                                \
    X(FOREIGN_DEVICE_PUT,                                                                          \
      "INSERT INTO foreign_devices(tenant, network, identity, label, wrapped)"                     \
      " VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(tenant, network, identity) DO UPDATE SET"           \
      " label = excluded.label, wrapped = excluded.wrapped RETURNING device")                      \
    X(FOREIGN_DEVICE_FIND,                                                                         \
      "SELECT device, identity, label, wrapped FROM foreign_devices WHERE tenant = ?1"             \
      " AND network = ?2 AND identity = ?3")                                                       \
    X(FOREIGN_DEVICE_LOW,                                                                          \
      "SELECT device, identity, label, wrapped FROM foreign_devices WHERE tenant = ?1"             \
      " AND network = ?2 AND identity & 16777215 = ?3 ORDER BY device LIMIT 1")                    \
    X(FOREIGN_STATE_GET,                                                                           \
      "SELECT newest, last_seen, last_message, last_crc, messages, duplicates, replays, failures," \
      " failures_hour FROM foreign_states WHERE tenant = ?1 AND device = ?2")                      \
    X(FOREIGN_STATE_PUT,                                                                           \
      "INSERT INTO foreign_states(tenant, device, newest, last_seen, last_message,"                \
      " last_crc, messages, duplicates, replays, failures, failures_hour) VALUES(?1, ?2,"          \
      " ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT(tenant, device) DO UPDATE SET"           \
      " newest = excluded.newest, last_seen = excluded.last_seen, last_message ="                  \
      " excluded.last_message, last_crc = excluded.last_crc, messages = excluded.messages,"        \
      " duplicates = excluded.duplicates, replays = excluded.replays, failures ="                  \
      " excluded.failures, failures_hour = excluded.failures_hour")                                \
    X(FOREIGN_MESSAGE_ADD,                                                                         \
      "INSERT INTO foreign_messages(tenant, journal, device, network, identity, counter,"          \
      " authenticity, payload, clear, received, stored, frequency, level, snr, rate, copies)"      \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"             \
      " RETURNING id")                                                                             \
    X(FOREIGN_UNKNOWN_TRIM,                                                                        \
      "DELETE FROM foreign_messages WHERE tenant = ?1 AND device = 0 AND id <="                    \
      " (SELECT id FROM foreign_messages WHERE tenant = ?1 AND device = 0"                         \
      "  ORDER BY id DESC LIMIT 1 OFFSET ?2)")                                                     \
    X(FOREIGN_MESSAGES,                                                                            \
      "SELECT m.id, m.journal, m.device, m.network, m.identity, m.counter, m.authenticity,"        \
      " m.payload, m.clear, m.received, m.stored, m.frequency, m.level, m.snr, m.rate, m.copies,"  \
      " s.id, d.label FROM foreign_messages m"                                                     \
      " LEFT JOIN journal j ON j.id = m.journal"                                                   \
      " LEFT JOIN senders s ON s.sender = j.sender"                                                \
      " LEFT JOIN foreign_devices d ON d.device = m.device"                                        \
      " WHERE m.tenant = ?1 AND (?2 = 0 OR m.network = ?2) AND m.id < ?3"                          \
      " ORDER BY m.id DESC LIMIT ?4")
/* clang-format on */

#endif
