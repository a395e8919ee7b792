/* SPDX-License-Identifier: Apache-2.0
 *
 * Statements of sql_vee.c.
 */
#ifndef MW_PLATFORM_STORE_SQL_STATEMENTS_VEE_H
#define MW_PLATFORM_STORE_SQL_STATEMENTS_VEE_H

/* clang-format off: one statement per entry reads best as written */
#define MW_SQ_VEE_METER                                                                            \
    "SELECT channel, tenant, state, cause, since, silent, filled, valued, station, day_use,"       \
    " risk_per_day, slots, estimated, low, high FROM vee_meters"
#define MW_SQ_CORRECTION                                                                           \
    "SELECT id, channel, lock, from_us, to_us, was, now, at, text FROM corrections"

#define MW_SQ_VEE_STATEMENTS(X)                                                                    \
    X(VEE_SETTING_PUT,                                                                             \
      "INSERT INTO vee_settings(tenant, name, class, from_us, value, set_at,"                      \
      " set_by) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT(tenant, name, class, from_us)"      \
      " DO UPDATE SET value = excluded.value, set_at = excluded.set_at, set_by = excluded.set_by") \
    X(VEE_SETTINGS, "SELECT name, class, from_us, value, set_at, set_by FROM vee_settings"         \
                    " WHERE tenant = ?1 ORDER BY name, class, from_us")                            \
    X(VEE_CLASS_SET, "INSERT INTO vee_classes(tenant, channel, class) VALUES(?1, ?2, ?3)"          \
                     " ON CONFLICT(tenant, channel) DO UPDATE SET class = excluded.class")         \
    X(VEE_CLASS_GET, "SELECT class FROM vee_classes WHERE tenant = ?1 AND channel = ?2")           \
    X(VEE_METER_PUT,                                                                               \
      "INSERT INTO vee_meters(channel, tenant, state, cause, since, silent, filled, valued,"       \
      " station, day_use, risk_per_day, slots, estimated, low, high) VALUES(?1, ?2, ?3, ?4,"       \
      " ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) ON CONFLICT(channel) DO UPDATE"          \
      " SET tenant = excluded.tenant, state = excluded.state, cause = excluded.cause, since"       \
      " = excluded.since, silent = excluded.silent, filled = excluded.filled, valued ="            \
      " excluded.valued, station = excluded.station, day_use = excluded.day_use,"                  \
      " risk_per_day = excluded.risk_per_day, slots = excluded.slots, estimated ="                 \
      " excluded.estimated, low = excluded.low, high = excluded.high")                             \
    X(VEE_METER_FORGET, "DELETE FROM vee_meters WHERE tenant = ?1 AND channel = ?2")               \
    X(VEE_METERS,                                                                                  \
      MW_SQ_VEE_METER " WHERE tenant = ?1 ORDER BY risk_per_day DESC, channel LIMIT ?2")           \
    X(VEE_METERS_SCAN, MW_SQ_VEE_METER " WHERE channel > ?1 ORDER BY channel LIMIT ?2")            \
    X(VERDICT_ADD, "INSERT INTO verdicts(tenant, channel, from_us, to_us, kind, at, who, text)"    \
                   " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")                                      \
    X(VERDICTS, "SELECT id, from_us, to_us, kind, at, who, text FROM verdicts"                     \
                " WHERE tenant = ?1 AND channel = ?2 AND from_us < ?4 AND to_us > ?3 ORDER BY id") \
    X(VEE_CHOICE_PUT,                                                                              \
      "INSERT INTO vee_choices(tenant, channel, epoch, learned) VALUES(?1, ?2, ?3, ?4) ON"         \
      " CONFLICT(tenant, channel, epoch) DO UPDATE SET learned = excluded.learned")                \
    X(VEE_CHOICE_GET, "SELECT learned FROM vee_choices"                                            \
                      " WHERE tenant = ?1 AND channel = ?2 AND epoch = ?3")                        \
    X(VEE_CHOICE_FORGET, "DELETE FROM vee_choices"                                                 \
                         " WHERE tenant = ?1 AND channel = ?2 AND epoch >= ?3")                    \
    X(CORRECTION_ADD, "INSERT INTO corrections(tenant, channel, lock, from_us, to_us, was, now,"   \
                      " at, text) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")                     \
    X(CORRECTIONS, MW_SQ_CORRECTION " WHERE tenant = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3")    \
    X(CORRECTIONS_OF, MW_SQ_CORRECTION                                                             \
      " WHERE tenant = ?1 AND id < ?2 AND channel = ?4 ORDER BY id DESC LIMIT ?3")                 \
    X(CORRECTION_SUM, "SELECT coalesce(sum(now - was), 0) FROM corrections"                        \
                      " WHERE tenant = ?1 AND lock = ?2")                                          \
    X(VEE_SOURCE_PUT, "INSERT INTO vee_sources(tenant, channel, kind, source)"                     \
                      " VALUES(?1, ?2, ?3, ?4) ON CONFLICT(tenant, channel, kind, source)"         \
                      " DO NOTHING")                                                               \
    X(VEE_SOURCE_DROP, "DELETE FROM vee_sources WHERE tenant = ?1 AND channel = ?2 AND kind = ?3"  \
                       " AND source = ?4")                                                         \
    X(VEE_SOURCES, "SELECT kind, source FROM vee_sources WHERE tenant = ?1 AND channel = ?2"       \
                   " ORDER BY kind, source")                                                       \
    X(VEE_PROFILE_PUT,                                                                             \
      "INSERT INTO vee_profiles(tenant, medium, class, from_us, weights, set_at, set_by)"          \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT(tenant, medium, class, from_us)"            \
      " DO UPDATE SET weights = excluded.weights, set_at = excluded.set_at,"                       \
      " set_by = excluded.set_by")                                                                 \
    X(VEE_PROFILES, "SELECT medium, class, from_us, weights, set_at, set_by FROM vee_profiles"     \
                    " WHERE tenant = ?1 ORDER BY medium, class, from_us")                          \
    X(CHANNEL_GET,                                                                                 \
      "SELECT c.channel, c.device, c.number, c.obis, c.medium, c.unit, c.scale,"                   \
      " c.register_digits, c.label, i.usage_point, c.grid_seconds, c.grid_offset FROM channels c"  \
      " LEFT JOIN installations i ON i.tenant = c.tenant AND i.channel = c.channel"                \
      " AND i.to_us IS NULL WHERE c.tenant = ?1 AND c.channel = ?2")                               \
    X(CHANNELS_OF_DEVICE,                                                                          \
      "SELECT c.channel, c.tenant, c.device, n.meter FROM channels c"                              \
      " LEFT JOIN newest n ON n.tenant = c.tenant AND n.channel = c.channel AND n.obis = c.obis"   \
      " WHERE c.tenant = ?1 AND c.device = ?2 ORDER BY c.channel")                                 \
    X(HEARINGS,                                                                                    \
      "SELECT r.tenant, r.device, j.sender, r.journal, j.received FROM receptions r"               \
      " JOIN journal j ON j.id = r.journal WHERE r.journal > ?1 ORDER BY r.journal LIMIT ?2")      \
    X(CHANNELS_NEWEST,                                                                             \
      "SELECT c.channel, c.tenant, c.device, n.meter FROM channels c"                              \
      " LEFT JOIN newest n ON n.tenant = c.tenant AND n.channel = c.channel AND n.obis = c.obis"   \
      " WHERE c.channel > ?1 ORDER BY c.channel LIMIT ?2")
/* clang-format on */

#endif
