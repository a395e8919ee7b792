/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/store/sql_schema.h"

/* Hearings are read in the order of the journal, over all devices. */
const char *const mw_sq_step_vee_1[] = {
    "CREATE TABLE vee_settings(tenant INTEGER NOT NULL, name TEXT NOT NULL,"
    " class INTEGER NOT NULL, from_us INTEGER NOT NULL, value INTEGER NOT NULL,"
    " set_at INTEGER NOT NULL, set_by TEXT NOT NULL,"
    " PRIMARY KEY(tenant, name, class, from_us)) WITHOUT ROWID;"
    "CREATE TABLE vee_classes(tenant INTEGER NOT NULL, channel INTEGER NOT NULL,"
    " class INTEGER NOT NULL, PRIMARY KEY(tenant, channel)) WITHOUT ROWID;"
    "CREATE TABLE vee_meters(channel INTEGER PRIMARY KEY, tenant INTEGER NOT NULL,"
    " state INTEGER NOT NULL, cause INTEGER NOT NULL, since INTEGER NOT NULL,"
    " silent INTEGER, filled INTEGER, valued INTEGER, station TEXT NOT NULL,"
    " day_use INTEGER NOT NULL, risk_per_day INTEGER NOT NULL, slots INTEGER NOT NULL,"
    " estimated INTEGER NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL);"
    "CREATE INDEX vee_meters_by_risk ON vee_meters(tenant, risk_per_day DESC, channel);"
    "CREATE TABLE verdicts(id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL,"
    " channel INTEGER NOT NULL, from_us INTEGER NOT NULL, to_us INTEGER NOT NULL,"
    " kind INTEGER NOT NULL, at INTEGER NOT NULL, who TEXT NOT NULL, text TEXT NOT NULL);"
    "CREATE INDEX verdicts_by_channel ON verdicts(tenant, channel, from_us);"
    "CREATE TABLE vee_choices(tenant INTEGER NOT NULL, channel INTEGER NOT NULL,"
    " epoch INTEGER NOT NULL, learned BLOB NOT NULL,"
    " PRIMARY KEY(tenant, channel, epoch)) WITHOUT ROWID;"
    "CREATE TABLE corrections(id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL,"
    " channel INTEGER NOT NULL, lock INTEGER NOT NULL, from_us INTEGER NOT NULL,"
    " to_us INTEGER NOT NULL, was INTEGER NOT NULL, now INTEGER NOT NULL, at INTEGER NOT NULL,"
    " text TEXT NOT NULL);"
    "CREATE INDEX corrections_by_lock ON corrections(tenant, lock);"
    "CREATE INDEX corrections_by_channel ON corrections(tenant, channel, id);",
    "CREATE INDEX receptions_by_journal ON receptions(journal);", NULL};

/* What people decided about findings; other sources of a channel's values; profiles of classes. */
const char *const mw_sq_step_vee_2[] = {
    "ALTER TABLE exceptions ADD COLUMN judged INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX exceptions_by_rule ON exceptions(tenant, rule, id);"
    "CREATE TABLE vee_sources(tenant INTEGER NOT NULL, channel INTEGER NOT NULL,"
    " kind INTEGER NOT NULL, source INTEGER NOT NULL,"
    " PRIMARY KEY(tenant, channel, kind, source)) WITHOUT ROWID;"
    "CREATE TABLE vee_profiles(tenant INTEGER NOT NULL, medium INTEGER NOT NULL,"
    " class INTEGER NOT NULL, from_us INTEGER NOT NULL, weights BLOB NOT NULL,"
    " set_at INTEGER NOT NULL, set_by TEXT NOT NULL,"
    " PRIMARY KEY(tenant, medium, class, from_us)) WITHOUT ROWID;",
    NULL};

const char *const mw_sq_step_vee_3[] = {
    "CREATE INDEX exceptions_by_channel ON exceptions(tenant, channel, id);", NULL};
