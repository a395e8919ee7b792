/* SPDX-License-Identifier: Apache-2.0
 *
 * What SQLite's planner is told of our indexes.
 */
#ifndef MW_PLATFORM_STORE_SQLITE_PLANS_H
#define MW_PLATFORM_STORE_SQLITE_PLANS_H

#include <sqlite3.h>

/* Writes the planner's statistics where they differ from ours and loads them; of a database whose
 * schema is complete, by a connection that may write. An SQLite result code. */
int mw_sqlite_plans_set(sqlite3 *db);

#endif
