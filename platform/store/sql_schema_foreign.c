/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/store/sql_schema.h"

const char *const mw_sq_step_foreign[] = {
    "CREATE TABLE foreign_devices(device INTEGER PRIMARY KEY, tenant INTEGER NOT NULL,"
    " network INTEGER NOT NULL, identity INTEGER NOT NULL, label TEXT NOT NULL,"
    " wrapped BLOB NOT NULL, UNIQUE(tenant, network, identity));"
    "CREATE INDEX foreign_devices_low ON foreign_devices(tenant, network, (identity & 16777215));"
    "CREATE TABLE foreign_states(tenant INTEGER NOT NULL, device INTEGER NOT NULL,"
    " newest INTEGER NOT NULL, last_seen INTEGER, last_message INTEGER NOT NULL,"
    " last_crc INTEGER NOT NULL, messages INTEGER NOT NULL, duplicates INTEGER NOT NULL,"
    " replays INTEGER NOT NULL, failures INTEGER NOT NULL, failures_hour INTEGER NOT NULL,"
    " PRIMARY KEY(tenant, device)) WITHOUT ROWID;"
    "CREATE TABLE foreign_messages(id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL,"
    " journal INTEGER NOT NULL, device INTEGER NOT NULL, network INTEGER NOT NULL,"
    " identity INTEGER NOT NULL, counter INTEGER NOT NULL, authenticity INTEGER NOT NULL,"
    " payload BLOB NOT NULL, clear BLOB, received INTEGER, stored INTEGER NOT NULL,"
    " frequency INTEGER NOT NULL, level INTEGER NOT NULL, snr INTEGER NOT NULL,"
    " rate TEXT NOT NULL, copies INTEGER NOT NULL);"
    "CREATE INDEX foreign_messages_of ON foreign_messages(tenant, id);"
    "CREATE INDEX foreign_messages_network ON foreign_messages(tenant, network, id);"
    "CREATE INDEX foreign_messages_unknown ON foreign_messages(tenant, id) WHERE device = 0;",
    NULL};
