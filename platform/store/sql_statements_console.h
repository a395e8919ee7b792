/* SPDX-License-Identifier: Apache-2.0
 *
 * Statements of sql_console.c.
 */
#ifndef MW_PLATFORM_STORE_SQL_STATEMENTS_CONSOLE_H
#define MW_PLATFORM_STORE_SQL_STATEMENTS_CONSOLE_H

/* clang-format off: one statement per entry reads best as written */
#define MW_SQ_CONSOLE_STATEMENTS(X)                                                                \
    X(FILTER_PUT, "INSERT INTO filters(tenant, owner, name, query, at) VALUES(?1, ?2, ?3, ?4, ?5)" \
                  " ON CONFLICT(tenant, owner, name) DO UPDATE SET query = excluded.query,"        \
                  " at = excluded.at RETURNING id")                                                \
    X(FILTER_HAS, "SELECT id FROM filters WHERE tenant = ?1 AND owner = ?2 AND id = ?3")           \
    X(FILTER_DELETE, "DELETE FROM filters WHERE tenant = ?1 AND owner = ?2 AND id = ?3")           \
    X(FILTERS_COUNT, "SELECT count(*) FROM filters WHERE tenant = ?1 AND owner = ?2"               \
                     " AND name <> ?3")                                                            \
    X(FILTERS, "SELECT id, name, query, at FROM filters WHERE tenant = ?1 AND owner = ?2"          \
               " ORDER BY name")                                                                   \
    X(NOTE_ADD, "INSERT INTO notes(tenant, device, at, who, text) VALUES(?1, ?2, ?3, ?4, ?5)"      \
                " RETURNING id")                                                                   \
    X(NOTES, "SELECT id, at, who, text FROM notes WHERE tenant = ?1 AND device = ?2 AND id < ?3"   \
             " ORDER BY id DESC LIMIT ?4")                                                         \
    X(HEARD_PUT, "INSERT INTO heard(tenant, device, sender, last, level, snr)"                     \
                 " SELECT ?1, ?2, j.sender, ?4, ?5, ?6 FROM journal j WHERE j.id = ?3"             \
                 " ON CONFLICT(tenant, device, sender) DO UPDATE SET last = excluded.last,"        \
                 " level = excluded.level, snr = excluded.snr WHERE excluded.last > heard.last")   \
    X(HEARD_OF, "SELECT h.device, s.id, h.last, h.level, h.snr FROM heard h"                       \
                " JOIN senders s ON s.sender = h.sender"                                           \
                " WHERE h.tenant = ?1 AND h.device = ?2 AND h.last >= ?3 ORDER BY s.id")           \
    X(HEARD_ALL, "SELECT h.device, s.id, h.last, h.level, h.snr FROM heard h"                      \
                 " JOIN senders s ON s.sender = h.sender"                                          \
                 " WHERE h.tenant = ?1 AND h.last >= ?2 ORDER BY h.device, s.id")                  \
    X(FLEET_ROWS,                                                                                  \
      "SELECT c.channel, c.device, c.number, d.identity, d.serial, d.model, c.medium, c.label,"    \
      " i.usage_point, u.premise, a.address, p.name, s.last_seen, s.level_cdbm, s.snr_cdb,"        \
      " s.status FROM channels c JOIN devices d ON d.device = c.device"                            \
      " LEFT JOIN installations i ON i.tenant = c.tenant AND i.channel = c.channel"                \
      "  AND i.to_us IS NULL"                                                                      \
      " LEFT JOIN usage_points u ON u.tenant = c.tenant AND u.id = i.usage_point"                  \
      " LEFT JOIN addresses a ON a.tenant = c.tenant AND a.usage_point = i.usage_point"            \
      " LEFT JOIN people p ON p.tenant = c.tenant AND p.id = u.person"                             \
      " LEFT JOIN device_states s ON s.tenant = c.tenant AND s.device = c.device"                  \
      " WHERE c.tenant = ?1 ORDER BY d.serial, c.channel")                                         \
    X(PLACES, "SELECT kind, member, area FROM memberships WHERE tenant = ?1 AND from_us <= ?2"     \
              " AND (to_us IS NULL OR to_us > ?2) ORDER BY kind, member, area")
/* clang-format on */

#endif
