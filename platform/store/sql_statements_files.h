/* SPDX-License-Identifier: Apache-2.0
 *
 * Statements of sql_files.c.
 */
#ifndef MW_PLATFORM_STORE_SQL_STATEMENTS_FILES_H
#define MW_PLATFORM_STORE_SQL_STATEMENTS_FILES_H

/* clang-format off: one statement per entry reads best as written */
#define MW_SQ_IMPORT                                                                               \
    "SELECT id, name, file, digest, kind, at, who, meters, amounts, kept, first, last,"            \
    " journal_from, journal_to, undone_at, undone_by FROM imports"

/* What belongs to a device without being data of it. */
#define MW_SQ_OF_DEVICE " WHERE tenant = ?1 AND device = ?2"
#define MW_SQ_OF_CHANNELS                                                                          \
    " WHERE tenant = ?1 AND channel IN (SELECT channel FROM channels" MW_SQ_OF_DEVICE ")"

#define MW_SQ_FILES_STATEMENTS(X)                                                                  \
    X(MAPPING_PUT, "INSERT INTO mappings(tenant, name, at, who, json) VALUES(?1, ?2, ?3, ?4, ?5)"  \
                   " ON CONFLICT(tenant, name) DO UPDATE SET at = excluded.at,"                    \
                   " who = excluded.who, json = excluded.json")                                    \
    X(MAPPING_GET, "SELECT json FROM mappings WHERE tenant = ?1 AND name = ?2")                    \
    X(MAPPING_DELETE, "DELETE FROM mappings WHERE tenant = ?1 AND name = ?2 RETURNING 1")          \
    X(MAPPINGS, "SELECT name, at, who FROM mappings WHERE tenant = ?1 ORDER BY name")              \
    X(IMPORT_ADD,                                                                                  \
      "INSERT INTO imports(tenant, name, file, digest, kind, at, who, meters, amounts, kept,"      \
      " first, last, journal_from, journal_to)"                                                    \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)")                      \
    X(IMPORT_JOURNAL, "UPDATE imports SET journal_from = ?3, journal_to = ?4"                      \
                      " WHERE tenant = ?1 AND id = ?2 RETURNING 1")                                \
    X(IMPORT_GET, MW_SQ_IMPORT " WHERE tenant = ?1 AND id = ?2")                                   \
    X(IMPORT_UNDONE, "UPDATE imports SET undone_at = ?3, undone_by = ?4"                           \
                     " WHERE tenant = ?1 AND id = ?2 AND undone_at IS NULL RETURNING 1")           \
    X(IMPORTS, MW_SQ_IMPORT " WHERE tenant = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3")            \
    X(IMPORTED_ADD, "INSERT INTO imported(tenant, import, kind, key) VALUES(?1, ?2, ?3, ?4)")      \
    X(IMPORTED, "SELECT kind, key FROM imported WHERE tenant = ?1 AND import = ?2 ORDER BY id")    \
    X(DEVICE_BY_SERIAL, "SELECT device, identity, serial, model, network_address FROM devices"     \
                        " WHERE tenant = ?1 AND serial = ?2 LIMIT 2")                              \
    X(DEVICE_HAS_DATA, "SELECT EXISTS(SELECT 1 FROM frames" MW_SQ_OF_DEVICE ")"                    \
                       " OR EXISTS(SELECT 1 FROM receptions" MW_SQ_OF_DEVICE ")"                   \
                       " OR EXISTS(SELECT 1 FROM events" MW_SQ_OF_DEVICE ")"                       \
                       " OR EXISTS(SELECT 1 FROM newest" MW_SQ_OF_CHANNELS ")"                     \
                       " OR EXISTS(SELECT 1 FROM revisions" MW_SQ_OF_CHANNELS ")"                  \
                       " OR EXISTS(SELECT 1 FROM hot" MW_SQ_OF_CHANNELS ")"                        \
                       " OR EXISTS(SELECT 1 FROM locks" MW_SQ_OF_CHANNELS ")")                     \
    X(DEVICE_DROP_KEYS, "DELETE FROM device_keys" MW_SQ_OF_DEVICE)                                 \
    X(DEVICE_DROP_CONFIGS, "DELETE FROM device_configs" MW_SQ_OF_DEVICE)                           \
    X(DEVICE_DROP_STATE, "DELETE FROM device_states" MW_SQ_OF_DEVICE)                              \
    X(DEVICE_DROP_SPECS, "DELETE FROM register_specs" MW_SQ_OF_CHANNELS)                           \
    X(DEVICE_DROP_FACTORS, "DELETE FROM factors" MW_SQ_OF_CHANNELS)                                \
    X(DEVICE_DROP_MARKS, "DELETE FROM register_marks" MW_SQ_OF_CHANNELS)                           \
    X(DEVICE_DROP_CLASSES, "DELETE FROM vee_classes" MW_SQ_OF_CHANNELS)                            \
    X(DEVICE_DROP_SOURCES, "DELETE FROM vee_sources" MW_SQ_OF_CHANNELS)                            \
    X(DEVICE_DROP_METERS, "DELETE FROM vee_meters" MW_SQ_OF_CHANNELS)                              \
    X(DEVICE_DROP_INSTALLATIONS, "DELETE FROM installations" MW_SQ_OF_CHANNELS)                    \
    X(DEVICE_DROP_PAST, "DELETE FROM installations_past" MW_SQ_OF_CHANNELS)                        \
    X(DEVICE_DROP_CHANGES, "DELETE FROM changes" MW_SQ_OF_CHANNELS)                                \
    X(DEVICE_DROP_CHANNELS, "DELETE FROM channels" MW_SQ_OF_DEVICE)                                \
    X(DEVICE_DROP, "DELETE FROM devices" MW_SQ_OF_DEVICE " RETURNING 1")                           \
    X(POINT_USED,                                                                                  \
      "SELECT EXISTS(SELECT 1 FROM installations WHERE tenant = ?1 AND usage_point = ?2)"          \
      " OR EXISTS(SELECT 1 FROM installations_past WHERE tenant = ?1 AND usage_point = ?2)"        \
      " OR EXISTS(SELECT 1 FROM contracts WHERE tenant = ?1 AND usage_point = ?2)")                \
    X(POINT_DROP_ADDRESS, "DELETE FROM addresses WHERE tenant = ?1 AND usage_point = ?2")          \
    X(POINT_DROP, "DELETE FROM usage_points WHERE tenant = ?1 AND id = ?2 RETURNING 1")            \
    X(PERSON_USED, "SELECT EXISTS(SELECT 1 FROM usage_points WHERE tenant = ?1 AND person = ?2)"   \
                   " OR EXISTS(SELECT 1 FROM accounts WHERE tenant = ?1 AND person = ?2)"          \
                   " OR EXISTS(SELECT 1 FROM users WHERE tenant = ?1 AND person = ?2)")            \
    X(PERSON_DROP, "DELETE FROM people WHERE tenant = ?1 AND id = ?2 RETURNING 1")                 \
    X(REGISTERS_SPANS, "SELECT channel, min(meter), max(meter) FROM registers"                     \
                       " WHERE tenant = ?1 AND journal BETWEEN ?2 AND ?3 GROUP BY channel")        \
    X(REGISTERS_DROP, "DELETE FROM registers"                                                      \
                      " WHERE tenant = ?1 AND channel = ?2 AND journal BETWEEN ?3 AND ?4")         \
    X(NEWEST_DROP, "DELETE FROM newest WHERE tenant = ?1 AND channel = ?2")                        \
    X(NEWEST_AGAIN,                                                                                \
      "INSERT INTO newest(tenant, channel, obis, id, meter, value, first_meter)"                   \
      " SELECT tenant, channel, obis, id, meter, value, first FROM (SELECT *, min(meter) OVER"     \
      " (PARTITION BY obis) AS first, row_number() OVER (PARTITION BY obis ORDER BY meter DESC,"   \
      " id DESC) AS nth FROM registers WHERE tenant = ?1 AND channel = ?2) AS r WHERE nth = 1")    \
    X(SNAPSHOT_NEWEST, "SELECT coalesce(max(id), 0) FROM snapshots"                                \
                       " WHERE tenant = ?1 AND channel = ?2 AND from_us = ?3 AND to_us = ?4")      \
    X(SNAPSHOT_ADD,                                                                                \
      "INSERT INTO snapshots(tenant, channel, from_us, to_us, lock, corrects, at, who, content)"   \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")                                               \
    X(SNAPSHOTS,                                                                                   \
      "SELECT id, channel, from_us, to_us, lock, corrects, at, who, content FROM snapshots"        \
      " WHERE tenant = ?1 AND (?2 = 0 OR channel = ?2) AND id < ?3 ORDER BY id DESC LIMIT ?4")
/* clang-format on */

#endif
