/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/store/sql_schema.h"

const char *const mw_sq_step_files[] = {
    "CREATE TABLE mappings(tenant INTEGER NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL,"
    " who TEXT NOT NULL, json BLOB NOT NULL, PRIMARY KEY(tenant, name)) WITHOUT ROWID;"
    "CREATE TABLE imports(id INTEGER PRIMARY KEY AUTOINCREMENT, tenant INTEGER NOT NULL,"
    " name TEXT NOT NULL, file TEXT NOT NULL, digest BLOB NOT NULL, kind INTEGER NOT NULL,"
    " at INTEGER NOT NULL, who TEXT NOT NULL, meters INTEGER NOT NULL, amounts INTEGER NOT NULL,"
    " kept INTEGER NOT NULL, first INTEGER, last INTEGER, journal_from INTEGER NOT NULL,"
    " journal_to INTEGER NOT NULL, undone_at INTEGER, undone_by TEXT NOT NULL DEFAULT '');"
    "CREATE INDEX imports_by_tenant ON imports(tenant, id);"
    "CREATE TABLE imported(id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL,"
    " import INTEGER NOT NULL, kind INTEGER NOT NULL, key TEXT NOT NULL);"
    "CREATE INDEX imported_by_import ON imported(tenant, import, id);"
    "CREATE TABLE snapshots(id INTEGER PRIMARY KEY AUTOINCREMENT, tenant INTEGER NOT NULL,"
    " channel INTEGER NOT NULL, from_us INTEGER NOT NULL, to_us INTEGER NOT NULL,"
    " lock INTEGER NOT NULL, corrects INTEGER NOT NULL, at INTEGER NOT NULL, who TEXT NOT NULL,"
    " content BLOB NOT NULL);"
    "CREATE INDEX snapshots_by_channel ON snapshots(tenant, channel, id);"
    "CREATE UNIQUE INDEX snapshots_once ON snapshots(tenant, channel, from_us, to_us, corrects);",
    NULL};

const char *const mw_sq_step_actions[] = {
    "CREATE INDEX revisions_by_action ON revisions(tenant, action) WHERE action <> 0;", NULL};
