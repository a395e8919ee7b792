/* SPDX-License-Identifier: Apache-2.0
 *
 * Nearly every index begins with the tenant, and nearly every database has one. A planner that knows
 * nothing takes the tenant for selective and sorts all rows of a fleet to give a page of them;
 * counting with ANALYZE would tell the truth of a database at one moment, of a young one the wrong
 * one, and plans would differ from installation to installation. So the statistics are written
 * down: a tenant selects nothing, each further column much, a unique index ends at one row.
 */
#include "platform/store/sqlite_plans.h"

#include <stddef.h>

/* One row for each index: table, index, "rows rows-of-equal-column-1 rows-of-equal-columns-1-2 ..".
 * A partial index is that of what is open, hence few. */
#define HINTS                                                                                      \
    "SELECT tbl, idx, rows || group_concat(' ' || CASE WHEN is_unique AND seqno = last THEN 1"     \
    "  WHEN seqno = 0 AND name = 'tenant' THEN rows"                                               \
    "  WHEN seqno < 2 THEN 100 WHEN seqno = 2 THEN 10 ELSE 1 END, '') AS stat"                     \
    " FROM (SELECT m.name AS tbl, l.name AS idx, l.\"unique\" AS is_unique, x.seqno, x.name,"      \
    "  CASE WHEN l.partial THEN 20000 ELSE 1000000 END AS rows,"                                   \
    "  (SELECT max(seqno) FROM pragma_index_info(l.name)) AS last"                                 \
    "  FROM sqlite_schema m, pragma_index_list(m.name) l, pragma_index_info(l.name) x"             \
    "  WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY l.name, x.seqno)"            \
    " GROUP BY tbl, idx"

static int hints_missing(sqlite3 *db, int *out_missing) {
    sqlite3_stmt *st = NULL;
    int code = sqlite3_prepare_v2(
        db, "SELECT EXISTS(" HINTS " EXCEPT SELECT tbl, idx, stat FROM sqlite_stat1)", -1, &st,
        NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(st);
    *out_missing = code == SQLITE_ROW && sqlite3_column_int(st, 0) != 0;
    (void)sqlite3_finalize(st);
    return code == SQLITE_ROW ? SQLITE_OK : code;
}

int mw_sqlite_plans_set(sqlite3 *db) {
    int missing = 1;
    /* The table of statistics cannot be created but by ANALYZE; this one table is small. */
    if (sqlite3_table_column_metadata(db, NULL, "sqlite_stat1", NULL, NULL, NULL, NULL, NULL,
                                      NULL) == SQLITE_OK) {
        int code = hints_missing(db, &missing);
        if (code != SQLITE_OK || !missing)
            return code;
    }
    int code = sqlite3_exec(db,
                            "BEGIN IMMEDIATE; ANALYZE schema_version; DELETE FROM sqlite_stat1;"
                            "INSERT INTO sqlite_stat1(tbl, idx, stat) " HINTS ";"
                            "COMMIT; ANALYZE sqlite_schema",
                            NULL, NULL, NULL);
    if (!sqlite3_get_autocommit(db))
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL); /* the first failure tells more */
    return code;
}
