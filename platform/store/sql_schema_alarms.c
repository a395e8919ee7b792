/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/store/sql_schema.h"

/* What was called alarms until then are signs: facts that rules look at. */
const char *const mw_sq_step_alarms[] = {
    "DROP INDEX alarms_open;"
    "ALTER TABLE alarms RENAME TO signs;"
    "ALTER TABLE signs ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;"
    "UPDATE signs SET changed = id;"
    "CREATE UNIQUE INDEX signs_open ON signs(tenant, kind, subject) WHERE closed_at IS NULL;"
    "CREATE INDEX signs_by_change ON signs(changed);",
    "CREATE TABLE alarms(id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, rule TEXT NOT NULL,"
    " subject TEXT NOT NULL, version INTEGER NOT NULL, channel INTEGER NOT NULL,"
    " device INTEGER NOT NULL, station TEXT NOT NULL, severity INTEGER NOT NULL,"
    " state INTEGER NOT NULL, value INTEGER NOT NULL, threshold INTEGER NOT NULL,"
    " members INTEGER NOT NULL, root INTEGER NOT NULL, count INTEGER NOT NULL,"
    " opened_at INTEGER NOT NULL, last_at INTEGER NOT NULL, clearing_at INTEGER,"
    " closed_at INTEGER, closed_by TEXT NOT NULL, assignee TEXT NOT NULL,"
    " acknowledged_at INTEGER, acknowledged_by TEXT NOT NULL, snoozed_until INTEGER,"
    " inputs TEXT NOT NULL, latest TEXT NOT NULL);"
    "CREATE UNIQUE INDEX alarms_once ON alarms(tenant, rule, subject) WHERE closed_at IS NULL;"
    "CREATE INDEX alarms_by_subject ON alarms(tenant, rule, subject, id);"
    "CREATE INDEX alarms_by_channel ON alarms(tenant, channel, id);"
    "CREATE INDEX alarms_by_root ON alarms(tenant, root, id);"
    "CREATE INDEX alarms_not_closed ON alarms(id) WHERE closed_at IS NULL;"
    "CREATE TABLE alarm_notes(id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL,"
    " alarm INTEGER NOT NULL, at INTEGER NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL,"
    " text TEXT NOT NULL);"
    "CREATE INDEX alarm_notes_by_alarm ON alarm_notes(tenant, alarm, id);"
    "CREATE TABLE alarm_settings(tenant INTEGER NOT NULL, rule TEXT NOT NULL, name TEXT NOT NULL,"
    " class INTEGER NOT NULL, channel INTEGER NOT NULL, value INTEGER NOT NULL,"
    " version INTEGER NOT NULL, at INTEGER NOT NULL, who TEXT NOT NULL, reason TEXT NOT NULL,"
    " PRIMARY KEY(tenant, rule, name, class, channel)) WITHOUT ROWID;"
    "CREATE TABLE alarm_setting_history(id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL,"
    " rule TEXT NOT NULL, name TEXT NOT NULL, class INTEGER NOT NULL, channel INTEGER NOT NULL,"
    " value INTEGER NOT NULL, version INTEGER NOT NULL, at INTEGER NOT NULL, who TEXT NOT NULL,"
    " reason TEXT NOT NULL, removed INTEGER NOT NULL);"
    "CREATE INDEX alarm_history_by_rule ON alarm_setting_history(tenant, rule, id);"
    "CREATE TABLE collections(tenant INTEGER NOT NULL, day INTEGER NOT NULL,"
    " mark INTEGER NOT NULL, at INTEGER NOT NULL, expected INTEGER NOT NULL,"
    " collected INTEGER NOT NULL, meters INTEGER NOT NULL, missing INTEGER NOT NULL,"
    " by_meter INTEGER NOT NULL, by_radio INTEGER NOT NULL, by_station INTEGER NOT NULL,"
    " by_backhaul INTEGER NOT NULL, PRIMARY KEY(tenant, day, mark)) WITHOUT ROWID;",
    NULL};

/* Conditions whose hold time runs outlive a restart; messages speak the recipient's language. */
const char *const mw_sq_step_holds[] = {
    "CREATE TABLE alarm_holds(tenant INTEGER NOT NULL, rule TEXT NOT NULL, subject TEXT NOT NULL,"
    " channel INTEGER NOT NULL, says INTEGER NOT NULL, since INTEGER NOT NULL,"
    " PRIMARY KEY(tenant, rule, subject)) WITHOUT ROWID;"
    "ALTER TABLE recipients ADD COLUMN language TEXT NOT NULL DEFAULT 'en';",
    NULL};

const char *const mw_sq_step_notify[] = {
    "CREATE TABLE recipients(tenant INTEGER NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,"
    " kind INTEGER NOT NULL, target TEXT NOT NULL, active INTEGER NOT NULL,"
    " severity_min INTEGER NOT NULL, rules TEXT NOT NULL, area TEXT NOT NULL,"
    " escalated_only INTEGER NOT NULL, quiet_from INTEGER NOT NULL, quiet_to INTEGER NOT NULL,"
    " quiet_severity INTEGER NOT NULL, time_zone TEXT NOT NULL, digest_s INTEGER NOT NULL,"
    " escalate_s INTEGER NOT NULL, escalate_to TEXT NOT NULL, secret INTEGER NOT NULL,"
    " changed_at INTEGER NOT NULL, changed_by TEXT NOT NULL, PRIMARY KEY(tenant, id)) WITHOUT "
    "ROWID;"
    "CREATE TABLE deliveries(id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL,"
    " recipient TEXT NOT NULL, alarm INTEGER NOT NULL, what TEXT NOT NULL, state INTEGER NOT NULL,"
    " created INTEGER NOT NULL, due INTEGER NOT NULL, done INTEGER, attempts INTEGER NOT NULL,"
    " error TEXT NOT NULL);"
    "CREATE INDEX deliveries_by_due ON deliveries(due) WHERE state = 1;"
    "CREATE INDEX deliveries_by_tenant ON deliveries(tenant, id);"
    "CREATE INDEX deliveries_by_done ON deliveries(done);",
    NULL};
