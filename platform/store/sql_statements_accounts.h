/* SPDX-License-Identifier: Apache-2.0
 *
 * Statements of sql_admin.c, sql_access.c, sql_audit.c and sql_household.c.
 */
#ifndef MW_PLATFORM_STORE_SQL_STATEMENTS_ACCOUNTS_H
#define MW_PLATFORM_STORE_SQL_STATEMENTS_ACCOUNTS_H

/* clang-format off: one statement per entry reads best as written */
#define MW_SQ_TOKEN                                                                                \
    "SELECT id, tenant, owner, name, scope, hash, created, expires, last_used, revoked"            \
    " FROM api_tokens"
#define MW_SQ_INVITATION                                                                           \
    "SELECT id, tenant, kind, hash, owner, usage_point, name, from_us, to_us, made, expires, used" \
    " FROM invitations"
#define MW_SQ_GRANT                                                                                \
    "SELECT id, tenant, usage_point, guest, name, given_by, from_us, to_us, made, revoked"         \
    " FROM access_grants"
#define MW_SQ_HANDED                                                                               \
    "SELECT id, tenant, channel, at, value, who, sent, note, state, decided_by, decided, reason,"  \
    " photo_type, photo_size FROM handed_readings"
#define MW_SQ_WATCH                                                                                \
    "SELECT id, tenant, channel, who, from_us, to_us, tolerance, made, told, flow_at, flow, ended" \
    " FROM absence_watches"
/* The areas below one, itself among them, at a moment: ?area_ and ?now_ are numbers of parameters. */
#define MW_SQ_AREAS_BELOW(area_, now_)                                                             \
    "WITH RECURSIVE below(area) AS (SELECT " area_                                                 \
    " UNION SELECT m.member FROM below b JOIN memberships m ON m.tenant = ?1 AND m.kind = 1"       \
    "  AND m.area = b.area AND m.from_us <= " now_ "  AND (m.to_us IS NULL OR m.to_us > " now_     \
    "))"

/* The usage points below an area, by themselves or by their premise. */
#define MW_SQ_POINTS_BELOW(area_, now_)                                                            \
    MW_SQ_AREAS_BELOW(area_, now_)                                                                 \
    " SELECT CASE WHEN m.kind = 3 THEN m.member ELSE up.id END FROM memberships m"                 \
    " JOIN below b ON b.area = m.area LEFT JOIN usage_points up ON m.kind = 2"                     \
    "  AND up.tenant = m.tenant AND up.premise = m.member"                                         \
    " WHERE m.tenant = ?1 AND m.kind > 1 AND m.from_us <= " now_                                   \
    " AND (m.to_us IS NULL OR m.to_us > " now_ ")"

#define MW_SQ_ADMIN_STATEMENTS(X)                                                                  \
    X(USERS, "SELECT id, tenant, login, name, role, person, time_zone, locale,"                    \
             " password_hash, disabled, area FROM users WHERE tenant = ?1 AND login > ?2"          \
             " ORDER BY login LIMIT ?3")                                                           \
    X(SESSIONS_OF, "SELECT token_hash, tenant, user, csrf, created, last_used, expires, address,"  \
                   " agent FROM sessions WHERE tenant = ?1 AND (?2 IS NULL OR user = ?2)"          \
                   " ORDER BY last_used DESC LIMIT 200")                                           \
    X(TOKEN_ADD, "INSERT INTO api_tokens(tenant, owner, name, scope, hash, created, expires)"      \
                 " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING id")                               \
    X(TOKEN_BY_HASH, MW_SQ_TOKEN " WHERE hash = ?1")                                               \
    X(TOKEN_TOUCH, "UPDATE api_tokens SET last_used = ?3 WHERE tenant = ?1 AND id = ?2")           \
    X(TOKEN_REVOKE, "UPDATE api_tokens SET revoked = ?4 WHERE tenant = ?1"                         \
                    " AND (?2 IS NULL OR owner = ?2) AND id = ?3 AND revoked IS NULL RETURNING 1") \
    X(TOKENS, MW_SQ_TOKEN " WHERE tenant = ?1 AND (?2 IS NULL OR owner = ?2)"                      \
                          " ORDER BY id DESC LIMIT 200")                                           \
    X(TOTP_PUT, "INSERT INTO second_factors(tenant, owner, wrapped, confirmed, last_step, made)"   \
                " VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(tenant, owner) DO UPDATE SET"         \
                " wrapped = excluded.wrapped, confirmed = excluded.confirmed,"                     \
                " last_step = excluded.last_step, made = excluded.made")                           \
    X(TOTP_GET, "SELECT wrapped, confirmed, last_step, made FROM second_factors"                   \
                " WHERE tenant = ?1 AND owner = ?2")                                               \
    X(TOTP_STEP, "UPDATE second_factors SET last_step = ?3"                                        \
                 " WHERE tenant = ?1 AND owner = ?2 AND last_step < ?3 RETURNING 1")               \
    X(TOTP_DELETE, "DELETE FROM second_factors WHERE tenant = ?1 AND owner = ?2")                  \
    X(RECOVERY_CLEAR, "DELETE FROM recovery_codes WHERE tenant = ?1 AND owner = ?2")               \
    X(RECOVERY_ADD, "INSERT INTO recovery_codes(tenant, owner, hash) VALUES(?1, ?2, ?3)")          \
    X(RECOVERY_USE, "UPDATE recovery_codes SET used = ?4 WHERE tenant = ?1 AND owner = ?2"         \
                    " AND hash = ?3 AND used IS NULL RETURNING 1")                                 \
    X(RECOVERY_LEFT, "SELECT count(*) FROM recovery_codes"                                         \
                     " WHERE tenant = ?1 AND owner = ?2 AND used IS NULL")                         \
    X(INVITATION_ADD,                                                                              \
      "INSERT INTO invitations(tenant, kind, hash, owner, usage_point, name, from_us, to_us,"      \
      " made, expires) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) RETURNING id")              \
    X(INVITATION_BY_HASH, MW_SQ_INVITATION " WHERE hash = ?1")                                     \
    X(INVITATION_USE, "UPDATE invitations SET used = ?3 WHERE tenant = ?1 AND id = ?2"             \
                      " AND used IS NULL RETURNING 1")                                             \
    X(INVITATIONS, MW_SQ_INVITATION " WHERE tenant = ?1 AND usage_point = ?2 AND used IS NULL"     \
                                    " AND expires > ?3 ORDER BY id DESC LIMIT 100")                \
    X(GRANT_ADD, "INSERT INTO access_grants(tenant, usage_point, guest, name, given_by, from_us, " \
                 "to_us, made)"                                                                    \
                 " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) RETURNING id")                           \
    X(GRANT_REVOKE, "UPDATE access_grants SET revoked = ?4 WHERE tenant = ?1"                      \
                    " AND usage_point = ?2 AND id = ?3 AND revoked IS NULL RETURNING 1")           \
    X(GRANTS_OF_POINT, MW_SQ_GRANT " WHERE tenant = ?1 AND usage_point = ?2 AND revoked IS NULL"   \
                                   " ORDER BY id DESC LIMIT 100")                                  \
    X(GRANTS_OF_GUEST, MW_SQ_GRANT " WHERE tenant = ?1 AND guest = ?2 AND revoked IS NULL"         \
                                   " AND from_us <= ?3 ORDER BY id LIMIT 100")                     \
    X(AREA_HOLDS,                                                                                  \
      MW_SQ_AREAS_BELOW(                                                                           \
          "?2",                                                                                    \
          "?4") " SELECT count(*) FROM memberships m JOIN below b ON b.area = m.area"              \
                " WHERE m.tenant = ?1 AND m.from_us <= ?4 AND (m.to_us IS NULL OR m.to_us > ?4)"   \
                " AND ((m.kind = 3 AND m.member = ?3) OR (m.kind = 2 AND m.member ="               \
                " (SELECT u.premise FROM usage_points u WHERE u.tenant = ?1 AND u.id = ?3)))")     \
    X(AUDIT_LINKS, "SELECT id, tenant, at, actor, action, subject, detail, chain FROM audit"       \
                   " WHERE tenant = ?1 AND id > ?2 ORDER BY id LIMIT ?3")                          \
    X(AUDIT_HEAD, "SELECT first, entries, hash FROM audit_heads WHERE tenant = ?1")                \
    X(AUDIT_HEAD_PUT,                                                                              \
      "INSERT INTO audit_heads(tenant, first, entries, hash) VALUES(?1, ?2, ?3, ?4)"               \
      " ON CONFLICT(tenant) DO UPDATE SET entries = excluded.entries, hash = excluded.hash")       \
    X(SETTING_PUT,                                                                                 \
      "INSERT INTO tenant_settings(tenant, name, value, at, who) VALUES(?1, ?2, ?3, ?4, ?5)"       \
      " ON CONFLICT(tenant, name) DO UPDATE SET value = excluded.value, at = excluded.at,"         \
      " who = excluded.who")                                                                       \
    X(SETTING_GET, "SELECT name, value, at, who FROM tenant_settings"                              \
                   " WHERE tenant = ?1 AND name = ?2")                                             \
    X(SETTINGS, "SELECT name, value, at, who FROM tenant_settings WHERE tenant = ?1 ORDER BY "     \
                "name")

#define MW_SQ_HOUSEHOLD_STATEMENTS(X)                                                              \
    X(HANDED_ADD,                                                                                  \
      "INSERT INTO handed_readings(tenant, channel, at, value, who, sent, note, state,"            \
      " decided_by, reason, photo_type, photo_size)"                                               \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, '', '', ?8, ?9) RETURNING id")                       \
    X(HANDED_PHOTO_ADD, "INSERT INTO handed_photos(id, photo) VALUES(?1, ?2)")                     \
    X(HANDED_GET, MW_SQ_HANDED " WHERE tenant = ?1 AND id = ?2")                                   \
    X(HANDED_LIST, MW_SQ_HANDED " WHERE tenant = ?1 AND (?2 = 0 OR channel = ?2)"                  \
                                " AND (?3 < 0 OR state = ?3) AND id < ?4"                          \
                                " ORDER BY id DESC LIMIT ?5")                                      \
    X(HANDED_PHOTO, "SELECT p.photo FROM handed_readings h JOIN handed_photos p ON p.id = h.id"    \
                    " WHERE h.tenant = ?1 AND h.id = ?2")                                          \
    X(HANDED_DECIDE, "UPDATE handed_readings SET state = ?3, decided_by = ?4, decided = ?5,"       \
                     " reason = ?6 WHERE tenant = ?1 AND id = ?2 AND state = 0 RETURNING 1")       \
    X(HANDED_COUNT, "SELECT count(*) FROM handed_readings"                                         \
                    " WHERE tenant = ?1 AND who = ?2 AND sent >= ?3")                              \
    X(WATCH_ADD,                                                                                   \
      "INSERT INTO absence_watches(tenant, channel, who, from_us, to_us, tolerance, made, flow)"   \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, 0) RETURNING id")                                       \
    X(WATCHES, MW_SQ_WATCH " WHERE tenant = ?1 AND channel = ?2 AND who = ?3"                      \
                           " ORDER BY id DESC LIMIT 50")                                           \
    X(WATCHES_DUE, MW_SQ_WATCH " WHERE ended IS NULL AND from_us <= ?1 AND id > ?2"                \
                               " ORDER BY id LIMIT ?3")                                            \
    X(WATCH_TELL, "UPDATE absence_watches SET told = ?3, flow_at = ?4, flow = ?5"                  \
                  " WHERE tenant = ?1 AND id = ?2 AND told IS NULL")                               \
    X(WATCH_END, "UPDATE absence_watches SET ended = ?4 WHERE tenant = ?1 AND id = ?2"             \
                 " AND (?3 IS NULL OR who = ?3) AND ended IS NULL RETURNING 1")                    \
    X(PEERS,                                                                                       \
      "WITH RECURSIVE days(day) AS (SELECT ?3 UNION ALL"                                           \
      " SELECT day + ?5 FROM days WHERE day + ?5 < ?4),"                                           \
      " homes(channel, own) AS (SELECT c.channel, CASE WHEN c.channel = ?2 THEN 1 ELSE 0 END"      \
      "  FROM channels o JOIN channels c ON c.tenant = o.tenant AND c.medium = o.medium"           \
      "  AND c.unit = o.unit AND c.scale = o.scale AND c.channel >= o.channel - o.channel % 1000"  \
      "  AND c.channel < o.channel - o.channel % 1000 + 1000"                                      \
      "  WHERE o.tenant = ?1 AND o.channel = ?2"                                                   \
      "  ORDER BY CASE WHEN c.channel = ?2 THEN 0 ELSE 1 END, c.channel LIMIT ?6)"                 \
      " SELECT h.own, count(*), sum(k.total) FROM homes h CROSS JOIN days d JOIN chunks k"         \
      " ON k.tenant = ?1 AND k.day = d.day AND k.channel = h.channel AND k.total IS NOT NULL"      \
      " GROUP BY h.channel, h.own")
/* clang-format on */

#endif
