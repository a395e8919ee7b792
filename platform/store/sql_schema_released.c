/* SPDX-License-Identifier: Apache-2.0
 *
 * Steps 1 to 3 of the schema: what release 1 had. Never changed any more; test/released_1.sql is
 * such a database, and a test upgrades it.
 */
#include "platform/store/sql_schema.h"

const char *const mw_sq_step_released_1[] = {
    /* the installation */
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE counts(tenant INTEGER NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL,"
    " PRIMARY KEY(tenant, name)) WITHOUT ROWID;"
    "CREATE TABLE counts_hour(tenant INTEGER NOT NULL, name TEXT NOT NULL, hour INTEGER NOT NULL,"
    " value INTEGER NOT NULL, PRIMARY KEY(tenant, name, hour)) WITHOUT ROWID;",
    /* master data; people and addresses in rows of their own */
    "CREATE TABLE tenants(tenant INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
    "CREATE TABLE people(tenant INTEGER NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,"
    " login TEXT NOT NULL, PRIMARY KEY(tenant, id)) WITHOUT ROWID;"
    "CREATE TABLE usage_points(tenant INTEGER NOT NULL, id TEXT NOT NULL, time_zone TEXT NOT NULL,"
    " person TEXT NOT NULL, PRIMARY KEY(tenant, id)) WITHOUT ROWID;"
    "CREATE TABLE addresses(tenant INTEGER NOT NULL, usage_point TEXT NOT NULL,"
    " address TEXT NOT NULL, PRIMARY KEY(tenant, usage_point)) WITHOUT ROWID;"
    "CREATE TABLE devices(device INTEGER PRIMARY KEY, tenant INTEGER NOT NULL,"
    " identity INTEGER NOT NULL, serial TEXT NOT NULL, model TEXT NOT NULL,"
    " network_address INTEGER NOT NULL, UNIQUE(tenant, identity));"
    "CREATE INDEX devices_by_address ON devices(tenant, network_address);"
    "CREATE INDEX devices_by_serial ON devices(tenant, serial);"
    "CREATE TABLE device_keys(tenant INTEGER NOT NULL, device INTEGER NOT NULL,"
    " key_epoch INTEGER NOT NULL, wrapped BLOB NOT NULL,"
    " PRIMARY KEY(tenant, device, key_epoch)) WITHOUT ROWID;"
    "CREATE TABLE channels(channel INTEGER PRIMARY KEY, tenant INTEGER NOT NULL,"
    " device INTEGER NOT NULL, number INTEGER NOT NULL, obis INTEGER NOT NULL,"
    " medium TEXT NOT NULL, unit TEXT NOT NULL, scale INTEGER NOT NULL,"
    " register_digits INTEGER NOT NULL, label TEXT NOT NULL, grid_seconds INTEGER NOT NULL,"
    " grid_offset INTEGER NOT NULL, UNIQUE(tenant, device, number));"
    "CREATE TABLE installations(tenant INTEGER NOT NULL, channel INTEGER NOT NULL,"
    " from_us INTEGER NOT NULL, to_us INTEGER, usage_point TEXT NOT NULL, initial_value INTEGER,"
    " PRIMARY KEY(tenant, channel, from_us)) WITHOUT ROWID;"
    "CREATE UNIQUE INDEX installations_open ON installations(tenant, channel)"
    " WHERE to_us IS NULL;"
    "CREATE INDEX installations_by_point ON installations(tenant, usage_point);"
    "CREATE TABLE senders(sender INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, id TEXT NOT NULL,"
    " token_hash BLOB NOT NULL UNIQUE, epoch INTEGER NOT NULL DEFAULT 0, last_contact INTEGER,"
    " UNIQUE(tenant, id));",
    /* the journal */
    "CREATE TABLE journal(id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL,"
    " sender INTEGER NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,"
    " variant INTEGER NOT NULL, kind INTEGER NOT NULL, received INTEGER, stored INTEGER NOT NULL,"
    " hash BLOB NOT NULL, content TEXT NOT NULL);"
    "CREATE UNIQUE INDEX journal_key ON journal(tenant, sender, epoch, seq, variant);"
    "CREATE TABLE quarantine(id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL,"
    " sender INTEGER NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,"
    " stored INTEGER NOT NULL, reason TEXT NOT NULL, hash BLOB NOT NULL, content BLOB NOT NULL,"
    " UNIQUE(tenant, sender, epoch, seq, hash));"
    "CREATE TABLE cursors(name TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;",
    /* what decoding made */
    "CREATE TABLE frames(tenant INTEGER NOT NULL, device INTEGER NOT NULL,"
    " key_epoch INTEGER NOT NULL, counter INTEGER NOT NULL, journal INTEGER NOT NULL,"
    " crc INTEGER NOT NULL, received INTEGER,"
    " PRIMARY KEY(tenant, device, key_epoch, counter)) WITHOUT ROWID;"
    "CREATE TABLE receptions(tenant INTEGER NOT NULL, device INTEGER NOT NULL,"
    " journal INTEGER NOT NULL, counter INTEGER NOT NULL, duplicate INTEGER NOT NULL,"
    " PRIMARY KEY(tenant, device, journal)) WITHOUT ROWID;"
    "CREATE TABLE device_states(tenant INTEGER NOT NULL, device INTEGER NOT NULL,"
    " key_epoch INTEGER NOT NULL, newest_counter INTEGER NOT NULL, frames INTEGER NOT NULL,"
    " duplicates INTEGER NOT NULL, replays INTEGER NOT NULL, last_seen INTEGER,"
    " level_cdbm INTEGER NOT NULL, snr_cdb INTEGER NOT NULL, clock_offset_ms INTEGER,"
    " status INTEGER NOT NULL, PRIMARY KEY(tenant, device)) WITHOUT ROWID;"
    "CREATE TABLE failures(tenant INTEGER NOT NULL, address INTEGER NOT NULL,"
    " hour INTEGER NOT NULL, value INTEGER NOT NULL,"
    " PRIMARY KEY(tenant, address, hour)) WITHOUT ROWID;"
    "CREATE TABLE alarms(id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, kind TEXT NOT NULL,"
    " subject TEXT NOT NULL, text TEXT NOT NULL, first_at INTEGER NOT NULL,"
    " last_at INTEGER NOT NULL, count INTEGER NOT NULL, from_decode INTEGER NOT NULL,"
    " closed_at INTEGER);"
    "CREATE UNIQUE INDEX alarms_open ON alarms(tenant, kind, subject) WHERE closed_at IS NULL;"
    "CREATE TABLE registers(id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL,"
    " channel INTEGER NOT NULL, obis INTEGER NOT NULL, meter INTEGER NOT NULL,"
    " received INTEGER NOT NULL, stored INTEGER NOT NULL, value INTEGER NOT NULL,"
    " quality INTEGER NOT NULL, journal INTEGER NOT NULL);"
    "CREATE INDEX registers_by_channel ON registers(tenant, channel, id);"
    "CREATE TABLE newest(tenant INTEGER NOT NULL, channel INTEGER NOT NULL,"
    " obis INTEGER NOT NULL, id INTEGER NOT NULL, meter INTEGER NOT NULL,"
    " value INTEGER NOT NULL, first_meter INTEGER NOT NULL,"
    " PRIMARY KEY(tenant, channel, obis)) WITHOUT ROWID;"
    "CREATE TABLE events(id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL,"
    " device INTEGER NOT NULL, code INTEGER NOT NULL, meter INTEGER NOT NULL,"
    " received INTEGER NOT NULL, detail INTEGER NOT NULL, journal INTEGER NOT NULL,"
    " UNIQUE(tenant, device, code, meter, detail));",
    /* interval values: hot runs in arrival order, and day chunks */
    "CREATE TABLE hot(id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, channel INTEGER NOT NULL,"
    " day INTEGER NOT NULL, data BLOB NOT NULL);"
    "CREATE INDEX hot_by_day ON hot(tenant, day, channel);"
    "CREATE TABLE chunks(tenant INTEGER NOT NULL, day INTEGER NOT NULL, channel INTEGER NOT NULL,"
    " n INTEGER NOT NULL, total INTEGER, first INTEGER NOT NULL, last INTEGER NOT NULL,"
    " quality INTEGER NOT NULL, data BLOB NOT NULL,"
    " PRIMARY KEY(tenant, day, channel)) WITHOUT ROWID;"
    "CREATE TABLE conflicts(id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL,"
    " channel INTEGER NOT NULL, start INTEGER NOT NULL, seconds INTEGER NOT NULL,"
    " value INTEGER NOT NULL, quality INTEGER NOT NULL, received INTEGER NOT NULL,"
    " journal INTEGER NOT NULL, UNIQUE(tenant, channel, start, seconds, value, journal));",
    /* accounts */
    "CREATE TABLE users(tenant INTEGER NOT NULL, id TEXT NOT NULL, login TEXT NOT NULL UNIQUE,"
    " name TEXT NOT NULL, role TEXT NOT NULL, person TEXT NOT NULL, time_zone TEXT NOT NULL,"
    " locale TEXT NOT NULL, password_hash TEXT NOT NULL, disabled INTEGER NOT NULL,"
    " PRIMARY KEY(tenant, id)) WITHOUT ROWID;"
    "CREATE TABLE sessions(token_hash BLOB PRIMARY KEY, tenant INTEGER NOT NULL,"
    " user TEXT NOT NULL, csrf TEXT NOT NULL, created INTEGER NOT NULL,"
    " last_used INTEGER NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE audit(id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, at INTEGER NOT NULL,"
    " actor TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL);",
    NULL};

const char *const mw_sq_step_released_2[] = {
    "CREATE TABLE health(tenant INTEGER NOT NULL, device INTEGER NOT NULL,"
    " journal INTEGER NOT NULL, received INTEGER NOT NULL, battery_mv INTEGER NOT NULL,"
    " temperature_dc INTEGER, resets INTEGER NOT NULL, airtime_ds INTEGER NOT NULL,"
    " firmware INTEGER NOT NULL, drift_dppm INTEGER,"
    " PRIMARY KEY(tenant, device, journal)) WITHOUT ROWID;",
    NULL};

/* Pages of meters at 100,000 of them: a person's own, and by the time they were heard. */
const char *const mw_sq_step_released_3[] = {
    "CREATE INDEX usage_points_by_person ON usage_points(tenant, person);"
    "CREATE INDEX device_states_by_seen ON device_states(tenant, last_seen);",
    NULL};
