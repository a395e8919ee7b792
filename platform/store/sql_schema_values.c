/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/store/sql_schema.h"

const char *const mw_sq_step_values[] = {
    "CREATE TABLE revisions(id INTEGER PRIMARY KEY AUTOINCREMENT, tenant INTEGER NOT NULL,"
    " channel INTEGER NOT NULL, day INTEGER NOT NULL, layer INTEGER NOT NULL,"
    " kind INTEGER NOT NULL, from_us INTEGER NOT NULL, to_us INTEGER NOT NULL,"
    " at INTEGER NOT NULL, actor INTEGER NOT NULL, who TEXT NOT NULL, reason INTEGER NOT NULL,"
    " text TEXT NOT NULL, method INTEGER NOT NULL, method_version INTEGER NOT NULL,"
    " inputs TEXT NOT NULL, action INTEGER NOT NULL, data BLOB NOT NULL, prediction BLOB);"
    "CREATE INDEX revisions_by_day ON revisions(tenant, channel, day, layer);"
    "CREATE TABLE locks(id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL,"
    " channel INTEGER NOT NULL, from_us INTEGER NOT NULL, to_us INTEGER NOT NULL,"
    " at INTEGER NOT NULL, journal INTEGER NOT NULL, revision INTEGER NOT NULL,"
    " who TEXT NOT NULL, text TEXT NOT NULL);"
    "CREATE UNIQUE INDEX locks_by_channel ON locks(tenant, channel, from_us);"
    "CREATE TABLE changes(id INTEGER PRIMARY KEY AUTOINCREMENT, tenant INTEGER NOT NULL,"
    " channel INTEGER NOT NULL, layer INTEGER NOT NULL, master INTEGER NOT NULL,"
    " from_us INTEGER NOT NULL, to_us INTEGER NOT NULL);",
    "CREATE TABLE exceptions(id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL,"
    " channel INTEGER NOT NULL, rule INTEGER NOT NULL, severity INTEGER NOT NULL,"
    " from_us INTEGER NOT NULL, to_us INTEGER NOT NULL, input_0 INTEGER NOT NULL,"
    " input_1 INTEGER NOT NULL, input_2 INTEGER NOT NULL, threshold INTEGER NOT NULL,"
    " found_at INTEGER NOT NULL, closed_at INTEGER, closed_by TEXT NOT NULL,"
    " text TEXT NOT NULL);"
    "CREATE UNIQUE INDEX exceptions_open ON exceptions(tenant, channel, rule, from_us)"
    " WHERE closed_at IS NULL;"
    "CREATE TABLE suspense(tenant INTEGER NOT NULL, channel INTEGER NOT NULL,"
    " from_us INTEGER NOT NULL, to_us INTEGER NOT NULL, step INTEGER NOT NULL,"
    " difference INTEGER NOT NULL, intervals INTEGER NOT NULL, suspense INTEGER NOT NULL,"
    " at INTEGER NOT NULL, PRIMARY KEY(tenant, channel, from_us)) WITHOUT ROWID;",
    NULL};
