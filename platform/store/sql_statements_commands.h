/* SPDX-License-Identifier: Apache-2.0
 *
 * Statements of sql_commands.c.
 */
#ifndef MW_PLATFORM_STORE_SQL_STATEMENTS_COMMANDS_H
#define MW_PLATFORM_STORE_SQL_STATEMENTS_COMMANDS_H

/* clang-format off: one statement per entry reads best as written */
#define MW_SQ_COMMAND                                                                              \
    "SELECT id, tenant, device, parent, kind, args, smp_id, code, data, priority, state, reason,"  \
    " created, expires, changed, not_before, attempts, attempts_max, entry, key_epoch, result,"    \
    " actor, key FROM commands"
#define MW_SQ_DOWNLINK                                                                             \
    "SELECT id, tenant, sender, command, device, mode, address, rate, payload, counter, copies,"   \
    " band, priority, hop, at, created, expires, pending, result, reason FROM downlinks"

#define MW_SQ_COMMAND_STATEMENTS(X)                                                                \
    X(COMMAND_ADD,                                                                                 \
      "INSERT INTO commands(tenant, device, parent, kind, args, smp_id, code, data, priority,"     \
      " state, reason, created, expires, changed, not_before, attempts, attempts_max, entry,"      \
      " key_epoch, result, actor, key) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,"  \
      " ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22) RETURNING id")                           \
    X(COMMAND_PUT,                                                                                 \
      "UPDATE commands SET parent = ?3, smp_id = ?4, code = ?5, data = ?6, priority = ?7,"         \
      " state = ?8, reason = ?9, expires = ?10, changed = ?11, not_before = ?12, attempts = ?13,"  \
      " attempts_max = ?14, entry = ?15, key_epoch = ?16, result = ?17"                            \
      " WHERE tenant = ?1 AND id = ?2")                                                            \
    X(COMMAND_GET, MW_SQ_COMMAND " WHERE tenant = ?1 AND id = ?2")                                 \
    X(COMMAND_BY_KEY, MW_SQ_COMMAND " WHERE tenant = ?1 AND key = ?2")                             \
    X(COMMAND_BY_SMP_ID, MW_SQ_COMMAND " WHERE tenant = ?1 AND device = ?2 AND smp_id = ?3"        \
                                       " ORDER BY id DESC LIMIT 1")                                \
    X(COMMAND_LAST, MW_SQ_COMMAND " WHERE tenant = ?1 AND device = ?2 ORDER BY id DESC LIMIT 1")   \
    X(COMMANDS_OPEN, MW_SQ_COMMAND " WHERE state < 16 AND id > ?1 ORDER BY id LIMIT ?2")           \
    X(COMMANDS_OF_DEVICE, MW_SQ_COMMAND " WHERE tenant = ?1 AND device = ?2 AND id < ?3"           \
                                        " ORDER BY id DESC LIMIT ?4")                              \
    X(COMMANDS_ALL, MW_SQ_COMMAND " WHERE tenant = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3")      \
    X(COMMANDS_CHILDREN, MW_SQ_COMMAND " WHERE tenant = ?1 AND parent = ?2 AND parent > 0"         \
                                       " ORDER BY id LIMIT 64")                                    \
    X(COMMANDS_COUNT, "SELECT count(*) FROM commands WHERE tenant = ?1 AND state < 16"             \
                      " AND (?2 = 0 OR device = ?2)")                                              \
    X(COMMAND_STEP_ADD, "INSERT INTO command_steps(tenant, command, at, state, reason, station)"   \
                        " VALUES(?1, ?2, ?3, ?4, ?5, ?6)")                                         \
    X(COMMAND_STEPS, "SELECT command, at, state, reason, station FROM command_steps"               \
                     " WHERE tenant = ?1 AND command = ?2 ORDER BY id LIMIT 200")                  \
    X(DOWNLINK_ADD,                                                                                \
      "INSERT INTO downlinks(tenant, sender, command, device, mode, address, rate, payload,"       \
      " counter, copies, band, priority, hop, at, created, expires, pending, result, reason)"      \
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,"   \
      " ?19) RETURNING id")                                                                        \
    X(DOWNLINK_PUT, "UPDATE downlinks SET pending = ?3, result = ?4, reason = ?5"                  \
                    " WHERE tenant = ?1 AND id = ?2")                                              \
    X(DOWNLINK_GET, MW_SQ_DOWNLINK " WHERE tenant = ?1 AND id = ?2")                               \
    X(DOWNLINKS_PENDING, MW_SQ_DOWNLINK " WHERE pending = 1 AND sender = ?1 AND id > ?2"           \
                                        " ORDER BY id LIMIT ?3")                                   \
    X(DOWNLINKS_PENDING_ALL, MW_SQ_DOWNLINK " WHERE pending = 1 AND id > ?1 ORDER BY id LIMIT ?2") \
    X(DOWNLINKS_OF, MW_SQ_DOWNLINK " WHERE tenant = ?1 AND command = ?2 AND command > 0"           \
                                   " ORDER BY id LIMIT ?3")                                        \
    X(DOWNLINK_LAST_AT, "SELECT max(at) FROM downlinks WHERE sender = ?1 AND at IS NOT NULL"       \
                        " AND mode = 3")                                                           \
    X(COUNTER_GET, "SELECT sender_epoch, reserved, confirmed FROM downlink_counters"               \
                   " WHERE tenant = ?1 AND subject = ?2 AND key_epoch = ?3")                       \
    X(COUNTER_PUT,                                                                                 \
      "INSERT INTO downlink_counters(tenant, subject, key_epoch, sender_epoch, reserved,"          \
      " confirmed) VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(tenant, subject, key_epoch)"         \
      " DO UPDATE SET sender_epoch = excluded.sender_epoch, reserved = excluded.reserved,"         \
      " confirmed = excluded.confirmed")                                                           \
    X(FACT_APPEND,                                                                                 \
      "INSERT INTO facts(journal, n, tenant, device, sender, kind, number, result, key_epoch,"     \
      " value, at, received, text) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,"      \
      " ?13)")                                                                                     \
    X(FACTS_SCAN, "SELECT journal, n, tenant, device, sender, kind, number, result, key_epoch,"    \
                  " value, at, received, text FROM facts WHERE journal > ?1"                       \
                  " ORDER BY journal, n LIMIT ?2")                                                 \
    X(TOLD_PUT, "INSERT INTO told_configs(tenant, device, key, value, received)"                   \
                " VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(tenant, device, key) DO UPDATE SET"       \
                " value = excluded.value, received = excluded.received"                            \
                " WHERE excluded.received >= told_configs.received")                               \
    X(TOLD_LIST, "SELECT key, value, received FROM told_configs"                                   \
                 " WHERE tenant = ?1 AND device = ?2 ORDER BY key")                                \
    X(NETWORK_PUT, "INSERT INTO networks(tenant, key_epoch, wrapped) VALUES(?1, ?2, ?3)"           \
                   " ON CONFLICT(tenant) DO UPDATE SET key_epoch = excluded.key_epoch,"            \
                   " wrapped = excluded.wrapped")                                                  \
    X(DEVICE_BY_NUMBER, "SELECT device, identity, serial, model, network_address FROM devices"     \
                        " WHERE tenant = ?1 AND device = ?2")                                      \
    X(NETWORK_GET, "SELECT key_epoch, wrapped FROM networks WHERE tenant = ?1")
/* clang-format on */

#endif
