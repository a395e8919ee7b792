/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/store/sql_schema.h"

/* Who hears a meter is known from now on; of the past it is read out of the receptions. */
const char *const mw_sq_step_console[] = {
    "CREATE TABLE filters(id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, owner TEXT NOT NULL,"
    " name TEXT NOT NULL, query TEXT NOT NULL, at INTEGER NOT NULL,"
    " UNIQUE(tenant, owner, name));"
    "CREATE TABLE notes(id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL,"
    " device INTEGER NOT NULL, at INTEGER NOT NULL, who TEXT NOT NULL, text TEXT NOT NULL);"
    "CREATE INDEX notes_of ON notes(tenant, device, id);"
    "CREATE TABLE heard(tenant INTEGER NOT NULL, device INTEGER NOT NULL,"
    " sender INTEGER NOT NULL, last INTEGER NOT NULL, level INTEGER NOT NULL,"
    " snr INTEGER NOT NULL, PRIMARY KEY(tenant, device, sender)) WITHOUT ROWID;"
    "INSERT INTO heard(tenant, device, sender, last, level, snr)"
    " SELECT r.tenant, r.device, j.sender, max(coalesce(j.received, j.stored)),"
    " coalesce(min(s.level_cdbm), 0), coalesce(min(s.snr_cdb), 0) FROM receptions r"
    " JOIN journal j ON j.id = r.journal LEFT JOIN device_states s ON s.tenant = r.tenant"
    " AND s.device = r.device GROUP BY r.tenant, r.device, j.sender;",
    NULL};

const char *const mw_sq_step_charge[] = {
    "ALTER TABLE health ADD COLUMN battery_level INTEGER NOT NULL DEFAULT 0;", NULL};
