/* SPDX-License-Identifier: Apache-2.0
 *
 * Every statement of the SQL stores by name. Parameters are ?1, ?2 ... in the order of binding.
 */
#ifndef MW_PLATFORM_STORE_SQL_STATEMENTS_H
#define MW_PLATFORM_STORE_SQL_STATEMENTS_H

#include "platform/store/sql_statements_accounts.h"
#include "platform/store/sql_statements_alarms.h"
#include "platform/store/sql_statements_commands.h"
#include "platform/store/sql_statements_console.h"
#include "platform/store/sql_statements_files.h"
#include "platform/store/sql_statements_fleet.h"
#include "platform/store/sql_statements_foreign.h"
#include "platform/store/sql_statements_model.h"
#include "platform/store/sql_statements_retention.h"
#include "platform/store/sql_statements_values.h"
#include "platform/store/sql_statements_vee.h"

/* clang-format off: one statement per entry reads best as written */
#define MW_SQ_STATEMENTS(X)                                                                        \
    MW_SQ_CORE_STATEMENTS(X)                                                                       \
    MW_SQ_REGISTRY_STATEMENTS(X)                                                                   \
    MW_SQ_ACCOUNT_STATEMENTS(X)                                                                    \
    MW_SQ_ADMIN_STATEMENTS(X)                                                                      \
    MW_SQ_HOUSEHOLD_STATEMENTS(X)                                                                  \
    MW_SQ_JOURNAL_STATEMENTS(X)                                                                    \
    MW_SQ_DECODE_STATEMENTS(X)                                                                     \
    MW_SQ_FOLD_STATEMENTS(X)                                                                       \
    MW_SQ_QUERY_STATEMENTS(X)                                                                      \
    MW_SQ_VEE_STATEMENTS(X)                                                                        \
    MW_SQ_COMMAND_STATEMENTS(X)                                                                    \
    MW_SQ_FILES_STATEMENTS(X)                                                                      \
    MW_SQ_CONSOLE_STATEMENTS(X)                                                                    \
    MW_SQ_FOREIGN_STATEMENTS(X)                                                                    \
    MW_SQ_FLEET_STATEMENTS(X)                                                                      \
    MW_SQ_MODEL_STATEMENTS(X)                                                                      \
    MW_SQ_VALUE_STATEMENTS(X)                                                                      \
    MW_SQ_ALARM_STATEMENTS(X)                                                                      \
    MW_SQ_RETENTION_STATEMENTS(X)

#define MW_SQ_CORE_STATEMENTS(X)                                                                   \
    X(META_PUT, "INSERT INTO meta(name, value) VALUES(?1, ?2)"                                     \
                " ON CONFLICT(name) DO UPDATE SET value = excluded.value")                         \
    X(META_GET, "SELECT value FROM meta WHERE name = ?1")                                          \
    X(COUNT_ADD, "INSERT INTO counts(tenant, name, value) VALUES(?1, ?2, ?3)"                      \
                 " ON CONFLICT(tenant, name) DO UPDATE SET value = counts.value + excluded.value") \
    X(COUNT_HOUR_ADD,                                                                              \
      "INSERT INTO counts_hour(tenant, name, hour, value)"                                         \
      " VALUES(?1, ?2, ?3, ?4)"                                                                    \
      " ON CONFLICT(tenant, name, hour) DO UPDATE SET value = counts_hour.value + excluded.value") \
    X(COUNTS, "SELECT name, value FROM counts WHERE tenant = ?1 ORDER BY name")                    \
    X(COUNT_GET, "SELECT value FROM counts WHERE tenant = ?1 AND name = ?2")                       \
    X(COUNT_SINCE, "SELECT coalesce(sum(value), 0) FROM counts_hour"                               \
                   " WHERE tenant = ?1 AND name = ?2 AND hour > ?3 AND hour <= ?3 + 24")

#define MW_SQ_REGISTRY_STATEMENTS(X)                                                               \
    X(TENANT_PUT, "INSERT INTO tenants(name) VALUES(?1) ON CONFLICT(name) DO NOTHING")             \
    X(TENANT_FIND, "SELECT tenant FROM tenants WHERE name = ?1")                                   \
    X(PERSON_PUT,                                                                                  \
      "INSERT INTO people(tenant, id, name, login) VALUES(?1, ?2, ?3, ?4)"                         \
      " ON CONFLICT(tenant, id) DO UPDATE SET name = excluded.name, login = excluded.login")       \
    X(PERSON_GET, "SELECT id, name, login FROM people WHERE tenant = ?1 AND id = ?2")              \
    X(POINT_PUT, "INSERT INTO usage_points(tenant, id, time_zone, person) VALUES(?1, ?2, ?3, ?4)"  \
                 " ON CONFLICT(tenant, id) DO UPDATE SET time_zone = excluded.time_zone,"          \
                 " person = excluded.person")                                                      \
    X(ADDRESS_PUT, "INSERT INTO addresses(tenant, usage_point, address) VALUES(?1, ?2, ?3)"        \
                   " ON CONFLICT(tenant, usage_point) DO UPDATE SET address = excluded.address")   \
    X(DEVICE_PUT, "INSERT INTO devices(tenant, identity, serial, model, network_address)"          \
                  " VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(tenant, identity) DO UPDATE SET"        \
                  " serial = excluded.serial, model = excluded.model,"                             \
                  " network_address = excluded.network_address RETURNING device")                  \
    X(DEVICE_GET, "SELECT device, identity, serial, model, network_address FROM devices"           \
                  " WHERE tenant = ?1 AND identity = ?2")                                          \
    X(DEVICES_AT, "SELECT device, identity, serial, model, network_address FROM devices"           \
                  " WHERE tenant = ?1 AND network_address = ?2 ORDER BY device")                   \
    X(KEY_PUT, "INSERT INTO device_keys(tenant, device, key_epoch, wrapped)"                       \
               " VALUES(?1, ?2, ?3, ?4) ON CONFLICT(tenant, device, key_epoch)"                    \
               " DO UPDATE SET wrapped = excluded.wrapped")                                        \
    X(KEY_GET, "SELECT wrapped FROM device_keys"                                                   \
               " WHERE tenant = ?1 AND device = ?2 AND key_epoch = ?3")                            \
    X(CHANNEL_PUT,                                                                                 \
      "INSERT INTO channels(tenant, device, number, obis, medium, unit, scale,"                    \
      " register_digits, label, grid_seconds, grid_offset)"                                        \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"                                      \
      " ON CONFLICT(tenant, device, number) DO UPDATE SET obis = excluded.obis,"                   \
      " medium = excluded.medium, unit = excluded.unit, scale = excluded.scale,"                   \
      " register_digits = excluded.register_digits, label = excluded.label RETURNING channel")     \
    X(GRID_SET, "UPDATE channels SET grid_seconds = ?3, grid_offset = ?4"                          \
                " WHERE tenant = ?1 AND channel = ?2")                                             \
    X(CHANNELS_OF,                                                                                 \
      "SELECT c.channel, c.device, c.number, c.obis, c.medium, c.unit, c.scale,"                   \
      " c.register_digits, c.label, i.usage_point, c.grid_seconds, c.grid_offset FROM channels c"  \
      " LEFT JOIN installations i ON i.tenant = c.tenant AND i.channel = c.channel"                \
      " AND i.to_us IS NULL WHERE c.tenant = ?1 AND c.device = ?2 ORDER BY c.number")              \
    X(INSTALLATION_OPEN, "SELECT usage_point, from_us FROM installations"                          \
                         " WHERE tenant = ?1 AND channel = ?2 AND to_us IS NULL")                  \
    X(INSTALLATION_CLOSE, "UPDATE installations SET to_us = ?3"                                    \
                          " WHERE tenant = ?1 AND channel = ?2 AND to_us IS NULL")                 \
    X(INSTALLATION_ADD, "INSERT INTO installations(tenant, channel, from_us, to_us, usage_point,"  \
                        " initial_value) VALUES(?1, ?2, ?3, ?4, ?5, ?6)")                          \
    X(SENDER_PUT,                                                                                  \
      "INSERT INTO senders(tenant, id, token_hash) VALUES(?1, ?2, ?3)"                             \
      " ON CONFLICT(tenant, id) DO UPDATE SET token_hash = excluded.token_hash RETURNING sender")  \
    X(SENDER_BY_TOKEN, "SELECT sender, tenant, id, epoch, last_contact FROM senders"               \
                       " WHERE token_hash = ?1")                                                   \
    X(SENDER_SEEN, "UPDATE senders SET epoch = ?3, last_contact = CASE WHEN last_contact > ?4"     \
                   " THEN last_contact ELSE ?4 END WHERE tenant = ?1 AND sender = ?2")             \
    X(SENDERS, "SELECT s.sender, s.tenant, s.id, s.epoch, s.last_contact,"                         \
               " (SELECT coalesce(sum(h.value), 0) FROM counts_hour h WHERE h.tenant = s.tenant"   \
               "  AND h.name = 'frames/' || s.id AND h.hour > ?2 AND h.hour <= ?2 + 24)"           \
               " FROM senders s WHERE s.tenant = ?1 ORDER BY s.id")

#define MW_SQ_ACCOUNT_STATEMENTS(X)                                                                \
    X(USER_PUT,                                                                                    \
      "INSERT INTO users(tenant, id, login, name, role, person, time_zone, locale,"                \
      " password_hash, disabled, area) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"       \
      " ON CONFLICT(tenant, id) DO UPDATE SET login = excluded.login, name = excluded.name,"       \
      " role = excluded.role, person = excluded.person, time_zone = excluded.time_zone,"           \
      " locale = excluded.locale, password_hash = excluded.password_hash,"                         \
      " disabled = excluded.disabled, area = excluded.area")                                       \
    X(USER_BY_LOGIN, "SELECT id, tenant, login, name, role, person, time_zone, locale,"            \
                     " password_hash, disabled, area FROM users WHERE login = ?1")                 \
    X(USER_BY_ID, "SELECT id, tenant, login, name, role, person, time_zone, locale,"               \
                  " password_hash, disabled, area FROM users WHERE tenant = ?1 AND id = ?2")       \
    X(USERS_COUNT, "SELECT count(*) FROM users")                                                   \
    X(SESSION_PUT, "INSERT INTO sessions(token_hash, tenant, user, csrf, created, last_used,"      \
                   " expires, address, agent) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")         \
    X(SESSION_GET, "SELECT token_hash, tenant, user, csrf, created, last_used, expires,"           \
                   " address, agent FROM sessions WHERE token_hash = ?1")                          \
    X(SESSION_TOUCH, "UPDATE sessions SET last_used = ?2, expires = ?3 WHERE token_hash = ?1")     \
    X(SESSION_DELETE, "DELETE FROM sessions WHERE token_hash = ?1")                                \
    X(SESSIONS_EXPIRE, "DELETE FROM sessions WHERE expires < ?1")                                  \
    X(AUDIT_NEXT, "SELECT coalesce(max(id), 0) + 1 FROM audit")                                    \
    X(AUDIT_APPEND, "INSERT INTO audit(id, tenant, at, actor, action, subject, detail, chain)"     \
                    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")                                     \
    X(AUDIT_LIST, "SELECT id, tenant, at, actor, action, subject, detail FROM audit"               \
                  " WHERE tenant = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3")

#define MW_SQ_JOURNAL_STATEMENTS(X)                                                                \
    X(JOURNAL_FIND, "SELECT id, variant, content, hash FROM journal WHERE tenant = ?1"             \
                    " AND sender = ?2 AND epoch = ?3 AND seq = ?4 ORDER BY variant")               \
    X(JOURNAL_ADD, "INSERT INTO journal(tenant, sender, epoch, seq, variant, kind, received,"      \
                   " stored, hash, content) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")      \
    X(JOURNAL_SCAN, "SELECT id, tenant, sender, epoch, seq, kind, received, stored, content"       \
                    " FROM journal WHERE id > ?1 ORDER BY id LIMIT ?2")                            \
    X(QUARANTINE_ADD,                                                                              \
      "INSERT INTO quarantine(tenant, sender, epoch, seq, stored, reason, hash, content)"          \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT(tenant, sender, epoch, seq,"            \
      " hash) DO NOTHING")                                                                         \
    X(QUARANTINE_LIST, "SELECT id, tenant, sender, epoch, seq, stored, reason, content"            \
                       " FROM quarantine WHERE tenant = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3") \
    X(CURSOR_GET, "SELECT at FROM cursors WHERE name = ?1")                                        \
    X(CURSOR_SET, "INSERT INTO cursors(name, at) VALUES(?1, ?2)"                                   \
                  " ON CONFLICT(name) DO UPDATE SET at = excluded.at")

#define MW_SQ_DECODE_STATEMENTS(X)                                                                 \
    X(FRAME_ADD, "INSERT INTO frames(tenant, device, key_epoch, counter, journal, crc, received)"  \
                 " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT(tenant, device,"                 \
                 " key_epoch, counter) DO NOTHING")                                                \
    X(FRAME_GET, "SELECT journal, crc, received FROM frames WHERE tenant = ?1 AND device = ?2"     \
                 " AND key_epoch = ?3 AND counter = ?4")                                           \
    X(RECEPTION_ADD,                                                                               \
      "INSERT INTO receptions(tenant, device, journal, counter, duplicate) VALUES(?1, ?2,"         \
      " ?3, ?4, ?5) ON CONFLICT(tenant, device, journal) DO NOTHING")                              \
    X(STATE_GET, "SELECT key_epoch, newest_counter, frames, duplicates, replays, last_seen,"       \
                 " level_cdbm, snr_cdb, clock_offset_ms, status FROM device_states"                \
                 " WHERE tenant = ?1 AND device = ?2")                                             \
    X(STATE_PUT,                                                                                   \
      "INSERT INTO device_states(tenant, device, key_epoch, newest_counter, frames,"               \
      " duplicates, replays, last_seen, level_cdbm, snr_cdb, clock_offset_ms, status)"             \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT(tenant,"             \
      " device) DO UPDATE SET key_epoch = excluded.key_epoch, newest_counter ="                    \
      " excluded.newest_counter, frames = excluded.frames, duplicates ="                           \
      " excluded.duplicates, replays = excluded.replays, last_seen = excluded.last_seen,"          \
      " level_cdbm = excluded.level_cdbm, snr_cdb = excluded.snr_cdb, clock_offset_ms ="           \
      " excluded.clock_offset_ms, status = excluded.status")                                       \
    X(FAILURE_GET, "SELECT value FROM failures WHERE tenant = ?1 AND address = ?2 AND hour = ?3")  \
    X(HEALTH_ADD,                                                                                  \
      "INSERT INTO health(tenant, device, journal, received, battery_mv, temperature_dc,"          \
      " resets, airtime_ds, firmware, drift_dppm, battery_level) VALUES(?1, ?2, ?3, ?4, ?5,"       \
      " ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT(tenant, device, journal) DO NOTHING")                \
    X(FAILURE_ADD,                                                                                 \
      "INSERT INTO failures(tenant, address, hour, value) VALUES(?1, ?2, ?3, ?4)"                  \
      " ON CONFLICT(tenant, address, hour) DO UPDATE SET value = failures.value + excluded.value"  \
      " RETURNING value")                                                                          \
    X(SIGN_RAISE, "INSERT INTO signs(tenant, kind, subject, text, first_at, last_at, count,"       \
                  " from_decode, changed) VALUES(?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7,"                  \
                  " (SELECT coalesce(max(changed), 0) + 1 FROM signs))"                            \
                  " ON CONFLICT(tenant, kind, subject) WHERE closed_at IS NULL DO UPDATE SET"      \
                  " text = excluded.text, first_at = CASE WHEN"                                    \
                  " excluded.first_at < signs.first_at THEN excluded.first_at"                     \
                  " ELSE signs.first_at END, last_at = CASE WHEN"                                  \
                  " excluded.last_at > signs.last_at THEN excluded.last_at"                        \
                  " ELSE signs.last_at END, count = signs.count + excluded.count,"                 \
                  " changed = excluded.changed")                                                   \
    X(REGISTER_ADD, "INSERT INTO registers(tenant, channel, obis, meter, received, stored,"        \
                    " value, quality, journal) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")        \
    X(NEWEST_PUT,                                                                                  \
      "INSERT INTO newest(tenant, channel, obis, id, meter, value, first_meter)"                   \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?5) ON CONFLICT(tenant, channel, obis) DO UPDATE SET"       \
      " id = CASE WHEN excluded.meter >= newest.meter THEN excluded.id ELSE newest.id END,"        \
      " value = CASE WHEN excluded.meter >= newest.meter THEN excluded.value"                      \
      " ELSE newest.value END,"                                                                    \
      " meter = CASE WHEN excluded.meter > newest.meter THEN excluded.meter"                       \
      " ELSE newest.meter END,"                                                                    \
      " first_meter = CASE WHEN excluded.first_meter < newest.first_meter"                         \
      " THEN excluded.first_meter ELSE newest.first_meter END")                                    \
    X(EVENT_ADD,                                                                                   \
      "INSERT INTO events(tenant, device, code, meter, received, detail, journal)"                 \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT(tenant, device, code, meter, detail)"       \
      " DO NOTHING")

#define MW_SQ_FOLD_STATEMENTS(X)                                                                   \
    X(HOT_ADD, "INSERT INTO hot(tenant, channel, day, data) VALUES(?1, ?2, ?3, ?4)")               \
    X(HOT_COUNT, "SELECT count(*) FROM hot")                                                       \
    X(HOT_OLDEST, "SELECT id, tenant, day, channel, data FROM hot ORDER BY id LIMIT ?1")           \
    X(HOT_OF_DAY, "SELECT data FROM hot WHERE tenant = ?1 AND day = ?2 AND channel = ?3"           \
                  " ORDER BY id")                                                                  \
    X(HOT_DELETE, "DELETE FROM hot WHERE id <= ?1")                                                \
    X(HOT_CLEAR, "DELETE FROM hot")                                                                \
    X(CHUNK_GET, "SELECT data FROM chunks WHERE tenant = ?1 AND day = ?2 AND channel = ?3")        \
    X(CHUNK_PUT,                                                                                   \
      "INSERT INTO chunks(tenant, day, channel, n, total, first, last, quality, data)"             \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT(tenant, day, channel) DO"           \
      " UPDATE SET n = excluded.n, total = excluded.total, first = excluded.first, last ="         \
      " excluded.last, quality = excluded.quality, data = excluded.data")                          \
    X(CHUNK_ADD, "INSERT INTO chunks(tenant, day, channel, n, total, first, last, quality, data)"  \
                 " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"                                     \
                 " ON CONFLICT(tenant, day, channel) DO NOTHING")                                  \
    X(CONFLICT_ADD,                                                                                \
      "INSERT INTO conflicts(tenant, channel, start, seconds, value, quality, received,"           \
      " journal) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT(tenant, channel, start,"       \
      " seconds, value, journal) DO NOTHING")                                                      \
    X(CHANNELS_OF_DAY, "SELECT channel FROM chunks WHERE tenant = ?1 AND day = ?2"                 \
                       " UNION SELECT channel FROM hot WHERE tenant = ?1 AND day = ?2 ORDER BY 1") \
    X(DAYS_SPAN, "SELECT (SELECT min(day) FROM chunks WHERE tenant = ?1),"                         \
                 " (SELECT max(day) FROM chunks WHERE tenant = ?1),"                               \
                 " (SELECT min(day) FROM hot WHERE tenant = ?1),"                                  \
                 " (SELECT max(day) FROM hot WHERE tenant = ?1)")

#define MW_SQ_METER_COLUMNS                                                                        \
    "SELECT c.channel, c.device, c.number, c.obis, c.medium, c.unit, c.scale,"                     \
    " c.register_digits, c.label, i.usage_point, c.grid_seconds, c.grid_offset,"                   \
    " d.identity, d.serial, d.model, d.network_address,"                                           \
    " u.id, a.address, u.time_zone, u.person, p.id, p.name, p.login,"                              \
    " i.from_us, i.to_us, i.initial_value, n.meter, n.value,"                                      \
    " s.key_epoch, s.newest_counter, s.frames, s.duplicates, s.replays, s.last_seen,"              \
    " s.level_cdbm, s.snr_cdb, s.clock_offset_ms, s.status"
/* The order of joins is given by hand (CROSS JOIN): pages start where an index already has their
 * order, a person's meters start at the person. */
#define MW_SQ_METER_PLACE                                                                          \
    " LEFT JOIN installations i ON i.tenant = c.tenant AND i.channel = c.channel"                  \
    "  AND i.to_us IS NULL"                                                                        \
    " LEFT JOIN usage_points u ON u.tenant = c.tenant AND u.id = i.usage_point"
#define MW_SQ_METER_PEOPLE                                                                         \
    " LEFT JOIN addresses a ON a.tenant = c.tenant AND a.usage_point = u.id"                       \
    " LEFT JOIN people p ON p.tenant = c.tenant AND p.id = u.person"
#define MW_SQ_METER_STATE                                                                          \
    " LEFT JOIN device_states s ON s.tenant = c.tenant AND s.device = c.device"
#define MW_SQ_METER_NEWEST                                                                         \
    " LEFT JOIN newest n ON n.tenant = c.tenant AND n.channel = c.channel AND n.obis = c.obis"
#define MW_SQ_METER_FROM                                                                           \
    " FROM channels c JOIN devices d ON d.device = c.device" MW_SQ_METER_PLACE MW_SQ_METER_PEOPLE  \
        MW_SQ_METER_STATE MW_SQ_METER_NEWEST
#define MW_SQ_METER_FROM_SERIAL                                                                    \
    " FROM devices d CROSS JOIN channels c ON c.tenant = d.tenant AND c.device = "                 \
    "d.device" MW_SQ_METER_PLACE MW_SQ_METER_PEOPLE MW_SQ_METER_STATE MW_SQ_METER_NEWEST
#define MW_SQ_METER_FROM_SEEN                                                                      \
    " FROM device_states s CROSS JOIN devices d ON d.device = s.device"                            \
    " CROSS JOIN channels c ON c.tenant = s.tenant AND c.device = s.device" MW_SQ_METER_PLACE      \
        MW_SQ_METER_PEOPLE MW_SQ_METER_NEWEST
#define MW_SQ_METER_FROM_PERSON                                                                    \
    " FROM usage_points u CROSS JOIN installations i ON i.tenant = u.tenant"                       \
    "  AND i.usage_point = u.id AND i.to_us IS NULL"                                               \
    " CROSS JOIN channels c ON c.channel = i.channel CROSS JOIN devices d"                         \
    "  ON d.device = c.device" MW_SQ_METER_PEOPLE MW_SQ_METER_STATE MW_SQ_METER_NEWEST
/* ?1 tenant, ?2 pattern, ?3 medium, ?4 person; ?5 and ?6 the cursor: sort key and channel. */
#define MW_SQ_METER_WHERE                                                                          \
    " WHERE c.tenant = ?1 AND (?2 IS NULL OR d.serial LIKE ?2 ESCAPE '\\'"                         \
    "  OR c.label LIKE ?2 ESCAPE '\\' OR a.address LIKE ?2 ESCAPE '\\'"                            \
    "  OR p.name LIKE ?2 ESCAPE '\\' OR hex16(d.identity) LIKE ?2 ESCAPE '\\')"                    \
    " AND (?3 IS NULL OR c.medium = ?3) AND (?4 IS NULL OR u.person = ?4)"                         \
    " AND (?8 IS NULL OR u.id IN (" MW_SQ_POINTS_BELOW("?8", "?9") "))"
#define MW_SQ_METER_BY_SERIAL                                                                      \
    " AND (?5 IS NULL OR (d.serial, c.channel) > (?5, ?6))"                                        \
    " ORDER BY d.serial, c.channel LIMIT ?7"
#define MW_SQ_METER_BY_SEEN                                                                        \
    " AND (?5 IS NULL OR (-coalesce(s.last_seen, 0), c.channel) > (?5, ?6))"                       \
    " ORDER BY -coalesce(s.last_seen, 0), c.channel LIMIT ?7"

#define MW_SQ_QUERY_STATEMENTS(X)                                                                  \
    X(METERS_BY_SERIAL, MW_SQ_METER_COLUMNS MW_SQ_METER_FROM_SERIAL MW_SQ_METER_WHERE              \
      " AND d.tenant = ?1 AND d.serial >= coalesce(?5, '')" MW_SQ_METER_BY_SERIAL)                 \
    X(METERS_SEEN, MW_SQ_METER_COLUMNS MW_SQ_METER_FROM_SEEN MW_SQ_METER_WHERE                     \
      " AND s.tenant = ?1 AND s.last_seen <= coalesce(-CAST(?5 AS INTEGER), 9223372036854775807)"  \
      " AND (?5 IS NULL OR (-s.last_seen, c.channel) > (?5, ?6))"                                  \
      " ORDER BY s.last_seen DESC, c.channel LIMIT ?7")                                            \
    X(METERS_UNSEEN, MW_SQ_METER_COLUMNS MW_SQ_METER_FROM MW_SQ_METER_WHERE                        \
      " AND s.last_seen IS NULL AND c.channel > coalesce(?6, 0) AND coalesce(?5, 0)"               \
      " = coalesce(?5, 0)"                                                                         \
      " ORDER BY c.channel LIMIT ?7")                                                              \
    X(METERS_OF_PERSON_BY_SERIAL, MW_SQ_METER_COLUMNS MW_SQ_METER_FROM_PERSON MW_SQ_METER_WHERE    \
      " AND u.tenant = ?1 AND u.person = ?4" MW_SQ_METER_BY_SERIAL)                                \
    X(METERS_OF_PERSON_BY_SEEN, MW_SQ_METER_COLUMNS MW_SQ_METER_FROM_PERSON MW_SQ_METER_WHERE      \
      " AND u.tenant = ?1 AND u.person = ?4" MW_SQ_METER_BY_SEEN)                                  \
    X(METERS_TOTAL_OF_PERSON, "SELECT count(*)" MW_SQ_METER_FROM_PERSON MW_SQ_METER_WHERE          \
                              " AND u.tenant = ?1 AND u.person = ?4")                              \
    X(METERS_TOTAL_FOUND, "SELECT count(*)" MW_SQ_METER_FROM MW_SQ_METER_WHERE)                    \
    X(METERS_TOTAL,                                                                                \
      "SELECT count(*) FROM channels"                                                              \
      " WHERE tenant = ?1 AND ?2 IS NULL AND (?3 IS NULL OR medium = ?3) AND ?4 IS NULL")          \
    X(METER_GET, MW_SQ_METER_COLUMNS MW_SQ_METER_FROM                                              \
      " WHERE c.tenant = ?1 AND d.identity = ?2 AND d.tenant = ?1 AND c.number = ?3")              \
    X(METER_OF_CHANNEL,                                                                            \
      MW_SQ_METER_COLUMNS MW_SQ_METER_FROM " WHERE c.tenant = ?1 AND c.channel = ?2")              \
    X(REGISTERS, "SELECT id, tenant, channel, obis, meter, received, stored, value, quality,"      \
                 " journal FROM registers WHERE tenant = ?1 AND channel = ?2 AND id < ?3"          \
                 " ORDER BY id DESC LIMIT ?4")                                                     \
    X(REGISTERS_NEWEST,                                                                            \
      "SELECT r.id, r.tenant, r.channel, r.obis, r.meter, r.received, r.stored,"                   \
      " r.value, r.quality, r.journal FROM newest n JOIN registers r ON r.id = n.id"               \
      " WHERE n.tenant = ?1 AND n.channel = ?2 ORDER BY n.obis")                                   \
    X(REGISTERS_ALL, "SELECT id, tenant, channel, obis, meter, received, stored, value, quality,"  \
                     " journal FROM registers WHERE tenant = ?1 AND meter >= ?2 AND meter < ?3"    \
                     " ORDER BY tenant, channel, id")                                              \
    X(FEED, "SELECT id, tenant, channel, obis, meter, received, stored, value, quality, journal"   \
            " FROM registers WHERE id > ?2 AND tenant = ?1 ORDER BY id LIMIT ?3")                  \
    X(RECEPTIONS,                                                                                  \
      "SELECT r.journal, s.id, j.received, j.stored, r.counter, r.duplicate, j.content"            \
      " FROM receptions r JOIN journal j ON j.id = r.journal JOIN senders s"                       \
      " ON s.sender = j.sender WHERE r.tenant = ?1 AND r.device = ?2 AND r.journal < ?3"           \
      " ORDER BY r.journal DESC LIMIT ?4")                                                         \
    X(EVENTS, "SELECT id, code, meter, received, detail, journal FROM events"                      \
              " WHERE tenant = ?1 AND device = ?2 AND id < ?3 ORDER BY id DESC LIMIT ?4")          \
    X(HEALTH,                                                                                      \
      "SELECT journal, received, battery_mv, temperature_dc, resets, airtime_ds,"                  \
      " firmware, drift_dppm, battery_level FROM health WHERE tenant = ?1 AND device = ?2 AND journal < ?3"       \
      " ORDER BY journal DESC LIMIT ?4")                                                           \
    X(SIGNS, "SELECT id, tenant, kind, subject, text, first_at, last_at, count, from_decode"       \
             " FROM signs WHERE tenant = ?1 AND id < ?2 AND closed_at IS NULL"                     \
             " ORDER BY id DESC LIMIT ?3")                                                         \
    X(OVERVIEW_METERS, "SELECT count(*), coalesce(sum(CASE WHEN s.last_seen > ?2 THEN 1 END), 0)"  \
                       " FROM channels c"                                                          \
                       " LEFT JOIN device_states s ON s.tenant = c.tenant AND s.device = c.device" \
                       " WHERE c.tenant = ?1")                                                     \
    X(OVERVIEW_MEDIA, "SELECT medium, count(*) FROM channels WHERE tenant = ?1"                    \
                      " GROUP BY medium ORDER BY medium")                                          \
    X(OVERVIEW_LAST, "SELECT max(last_contact) FROM senders WHERE tenant = ?1")                    \
    X(OVERVIEW_MISSING, "SELECT coalesce(sum(CASE WHEN 86400 / c.grid_seconds > coalesce(k.n, 0)"  \
                        " THEN 86400 / c.grid_seconds - coalesce(k.n, 0) END), 0)"                 \
                        " FROM newest w JOIN channels c ON c.channel = w.channel"                  \
                        " AND c.obis = w.obis LEFT JOIN chunks k ON k.tenant = ?1 AND k.day = ?2"  \
                        " AND k.channel = w.channel WHERE w.tenant = ?1 AND w.first_meter <= ?3")
/* clang-format on */

#endif
