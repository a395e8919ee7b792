/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/store/sql_schema.h"

const char *const mw_sq_step_retention[] = {
    "CREATE TABLE retentions(tenant INTEGER NOT NULL, tier INTEGER NOT NULL,"
    " days INTEGER NOT NULL, at INTEGER NOT NULL, who TEXT NOT NULL,"
    " PRIMARY KEY(tenant, tier)) WITHOUT ROWID;"
    "CREATE TABLE holds(id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, kind INTEGER NOT NULL,"
    " subject TEXT NOT NULL, from_us INTEGER NOT NULL, to_us INTEGER NOT NULL,"
    " at INTEGER NOT NULL, who TEXT NOT NULL, why TEXT NOT NULL, released_at INTEGER,"
    " released_by TEXT NOT NULL);"
    "CREATE INDEX holds_by_tenant ON holds(tenant, id);"
    "CREATE INDEX revisions_by_age ON revisions(tenant, day, channel);",
    NULL};
