/* SPDX-License-Identifier: Apache-2.0
 *
 * Statements of master data by date.
 */
#ifndef MW_PLATFORM_STORE_SQL_STATEMENTS_MODEL_H
#define MW_PLATFORM_STORE_SQL_STATEMENTS_MODEL_H

/* clang-format off: one statement per entry reads best as written */
#define MW_SQ_READING_COLUMNS                                                                      \
    "id, tenant, channel, obis, meter, received, stored, value, quality, journal"

#define MW_SQ_INSTALLATION_COLUMNS                                                                 \
    "channel, from_us, to_us, usage_point, initial_value, final_value, recorded"
#define MW_SQ_INSTALLED(of)                                                                        \
    "SELECT " MW_SQ_INSTALLATION_COLUMNS " FROM installations"                                     \
    " WHERE tenant = ?1 AND " of " ORDER BY from_us, channel"
#define MW_SQ_INSTALLED_THEN(of)                                                                   \
    "SELECT " MW_SQ_INSTALLATION_COLUMNS " FROM installations"                                     \
    " WHERE tenant = ?1 AND " of                                                                   \
    " AND recorded <= ?3 UNION ALL SELECT " MW_SQ_INSTALLATION_COLUMNS                             \
    " FROM installations_past WHERE tenant = ?1 AND " of                                           \
    " AND recorded <= ?3 AND superseded > ?3 ORDER BY 2, 1"
#define MW_SQ_CONTRACTS(of)                                                                        \
    "SELECT id, account, usage_point, tariff, from_us, to_us FROM contracts"                       \
    " WHERE tenant = ?1 AND " of " = ?2 ORDER BY from_us, id"

#define MW_SQ_MODEL_STATEMENTS(X)                                                                  \
    X(TENANTS, "SELECT tenant, name FROM tenants ORDER BY tenant")                                 \
    X(AREA_PUT,                                                                                    \
      "INSERT INTO areas(tenant, id, kind, name) VALUES(?1, ?2, ?3, ?4)"                           \
      " ON CONFLICT(tenant, id) DO UPDATE SET kind = excluded.kind, name = excluded.name")         \
    X(AREAS, "SELECT id, kind, name FROM areas WHERE tenant = ?1 ORDER BY id")                     \
    X(AREA_KIND, "SELECT kind FROM areas WHERE tenant = ?1 AND id = ?2")                           \
    X(MEMBERSHIP_OPEN, "SELECT area, from_us FROM memberships WHERE tenant = ?1 AND kind = ?2"     \
                       " AND member = ?3 AND area_kind = ?4 AND to_us IS NULL")                    \
    X(MEMBERSHIP_CLOSE, "UPDATE memberships SET to_us = ?5 WHERE tenant = ?1 AND kind = ?2"        \
                        " AND member = ?3 AND area_kind = ?4 AND to_us IS NULL")                   \
    X(MEMBERSHIP_ADD, "INSERT INTO memberships(tenant, kind, member, area, area_kind, from_us,"    \
                      " to_us) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)")                                \
    X(MEMBERSHIPS_OF, "SELECT kind, member, area, from_us, to_us FROM memberships"                 \
                      " WHERE tenant = ?1 AND kind = ?2 AND member = ?3 AND from_us <= ?4"         \
                      " AND (to_us IS NULL OR to_us > ?4) ORDER BY area")                          \
    X(MEMBERS_OF, "SELECT kind, member, area, from_us, to_us FROM memberships"                     \
                  " WHERE tenant = ?1 AND kind = ?2 AND area = ?3 AND from_us <= ?4"               \
                  " AND (to_us IS NULL OR to_us > ?4) ORDER BY member")                            \
    X(PREMISE_PUT,                                                                                 \
      "INSERT INTO premises(tenant, id, address, time_zone) VALUES(?1, ?2, ?3, ?4) ON"             \
      " CONFLICT(tenant, id) DO UPDATE SET address = excluded.address, time_zone ="                \
      " excluded.time_zone")                                                                       \
    X(PREMISE_GET, "SELECT id, address, time_zone FROM premises WHERE tenant = ?1 AND id = ?2")    \
    X(POINT_PREMISE, "UPDATE usage_points SET premise = ?3 WHERE tenant = ?1 AND id = ?2")         \
    X(POINT_GET, "SELECT u.id, u.time_zone, u.person, u.premise, a.address FROM usage_points u"    \
                 " LEFT JOIN addresses a ON a.tenant = u.tenant AND a.usage_point = u.id"          \
                 " WHERE u.tenant = ?1 AND u.id = ?2")                                             \
    X(CONFIG_PUT,                                                                                  \
      "INSERT INTO device_configs(tenant, device, from_us, version, text) VALUES(?1, ?2,"          \
      " ?3, ?4, ?5) ON CONFLICT(tenant, device, from_us) DO UPDATE SET version ="                  \
      " excluded.version, text = excluded.text")                                                   \
    X(CONFIGS, "SELECT from_us, version, text FROM device_configs"                                 \
               " WHERE tenant = ?1 AND device = ?2 ORDER BY from_us")                              \
    X(ACCOUNT_PUT,                                                                                 \
      "INSERT INTO accounts(tenant, id, person, name) VALUES(?1, ?2, ?3, ?4) ON"                   \
      " CONFLICT(tenant, id) DO UPDATE SET person = excluded.person, name = excluded.name")        \
    X(ACCOUNT_GET, "SELECT id, person, name FROM accounts WHERE tenant = ?1 AND id = ?2")          \
    X(CONTRACT_PUT,                                                                                \
      "INSERT INTO contracts(tenant, id, account, usage_point, tariff, from_us, to_us)"            \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT(tenant, id) DO UPDATE SET account ="        \
      " excluded.account, usage_point = excluded.usage_point, tariff = excluded.tariff,"           \
      " from_us = excluded.from_us, to_us = excluded.to_us")                                       \
    X(CONTRACTS_OF_ACCOUNT, MW_SQ_CONTRACTS("account"))                                            \
    X(CONTRACTS_OF_POINT, MW_SQ_CONTRACTS("usage_point"))                                          \
    X(SPEC_PUT,                                                                                    \
      "INSERT INTO register_specs(tenant, channel, from_us, digits, decimals, wrap,"               \
      " max_per_hour) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT(tenant, channel,"             \
      " from_us) DO UPDATE SET digits = excluded.digits, decimals = excluded.decimals, wrap"       \
      " = excluded.wrap, max_per_hour = excluded.max_per_hour")                                    \
    X(SPEC_AT, "SELECT from_us, digits, decimals, wrap, max_per_hour FROM register_specs"          \
               " WHERE tenant = ?1 AND channel = ?2 AND from_us <= ?3"                             \
               " ORDER BY from_us DESC LIMIT 1")                                                   \
    X(FACTOR_END, "UPDATE factors SET superseded = ?5 WHERE tenant = ?1 AND channel = ?2"          \
                  " AND kind = ?3 AND from_us = ?4 AND superseded IS NULL")                        \
    X(FACTOR_ADD, "INSERT INTO factors(tenant, channel, kind, from_us, num, den, recorded)"        \
                  " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)")                                           \
    X(FACTORS, "SELECT kind, from_us, num, den, recorded, superseded FROM factors"                 \
               " WHERE tenant = ?1 AND channel = ?2 AND (?3 IS NULL AND superseded IS NULL"        \
               " OR recorded <= ?3 AND (superseded IS NULL OR superseded > ?3))"                   \
               " ORDER BY kind, from_us")                                                          \
    X(MARK_PUT,                                                                                    \
      "INSERT INTO register_marks(tenant, channel, at, before, after, recorded, who, text)"        \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT(tenant, channel, at) DO UPDATE"         \
      " SET before = excluded.before, after = excluded.after, recorded = excluded.recorded,"       \
      " who = excluded.who, text = excluded.text")                                                 \
    X(MARKS, "SELECT at, before, after, recorded, who, text FROM register_marks"                   \
             " WHERE tenant = ?1 AND channel = ?2 AND at > ?3 AND at <= ?4 ORDER BY at")           \
    X(INSTALLATIONS_KEEP,                                                                          \
      "INSERT INTO installations_past(tenant, channel, from_us, to_us, usage_point,"               \
      " initial_value, final_value, recorded, superseded) SELECT tenant, channel, from_us, to_us," \
      " usage_point, initial_value, final_value, recorded, ?4 FROM installations"                  \
      " WHERE tenant = ?1 AND channel = ?2 AND from_us = ?3")                                      \
    X(INSTALLATIONS_CUT, "DELETE FROM installations"                                               \
                         " WHERE tenant = ?1 AND channel = ?2 AND from_us = ?3")                   \
    X(INSTALLATION_SET, "INSERT INTO installations(tenant, channel, from_us, to_us, usage_point,"  \
                        " initial_value, final_value, recorded)"                                   \
                        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")                                 \
    X(INSTALLATIONS_OF_CHANNEL, MW_SQ_INSTALLED("channel = ?2"))                                   \
    X(INSTALLATIONS_OF_POINT, MW_SQ_INSTALLED("usage_point = ?2"))                                 \
    X(INSTALLATIONS_OF_CHANNEL_THEN, MW_SQ_INSTALLED_THEN("channel = ?2"))                         \
    X(INSTALLATIONS_OF_POINT_THEN, MW_SQ_INSTALLED_THEN("usage_point = ?2"))                       \
    X(REGISTERS_BETWEEN, "SELECT " MW_SQ_READING_COLUMNS " FROM registers"                         \
                         " WHERE tenant = ?1 AND channel = ?2 AND obis = ?3 AND meter >= ?4"       \
                         " AND meter <= ?5 ORDER BY meter, id")                                    \
    X(REGISTER_BEFORE, "SELECT " MW_SQ_READING_COLUMNS " FROM registers"                           \
                       " WHERE tenant = ?1 AND channel = ?2 AND obis = ?3"                         \
                       " AND meter = (SELECT max(meter) FROM registers WHERE tenant = ?1"          \
                       " AND channel = ?2 AND obis = ?3 AND meter < ?4) ORDER BY id LIMIT 1")                                         \
    X(REGISTER_AFTER, "SELECT " MW_SQ_READING_COLUMNS " FROM registers"                            \
                      " WHERE tenant = ?1 AND channel = ?2 AND obis = ?3 AND meter > ?4"           \
                      " ORDER BY meter, id LIMIT 1")
/* clang-format on */

#endif
