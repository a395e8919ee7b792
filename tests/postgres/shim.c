/* SPDX-License-Identifier: Apache-2.0
 *
 * Linked with --wrap=mw_store_sqlite_open, a program's SQLite stores are schemas of the PostgreSQL
 * that MW_TEST_POSTGRES names: what holds over SQLite has to hold over it. A file at the store's
 * path stands for the schema; where there is none, the schema is made anew.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform/store/postgres.h"
#include "platform/store/sqlite.h"
#include "tests/postgres/server.h"

mw_status __wrap_mw_store_sqlite_open(const mw_store_sqlite_options *o, mw_store **out_store);

/* A name out of a path: letters and digits only. */
static void schema_of(const char *path, char out[64]) {
    size_t n = 0;
    const char *last = strrchr(path, '/');
    out[n++] = 't';
    for (const char *c = last == NULL ? path : last + 1; *c != 0 && n < 48; c++)
        if ((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9'))
            out[n++] = *c;
    out[n] = 0;
}

/* Empties a schema that this program made before: much faster than making it again. */
static const char empty_it[] =
    "DO $$ DECLARE t RECORD; BEGIN"
    " FOR t IN SELECT c.relname, c.relispartition FROM pg_class c WHERE c.relkind IN ('r', 'p')"
    "  AND c.relnamespace = current_schema()::regnamespace"
    "  AND c.relname NOT IN ('schema_version', 'mw_numbers', 'mw_writer') LOOP"
    "  IF t.relispartition THEN EXECUTE format('DROP TABLE %I', t.relname);"
    "  ELSE EXECUTE format('DELETE FROM %I', t.relname); END IF;"
    " END LOOP; UPDATE mw_numbers SET at = 0;"
    " DELETE FROM schema_version WHERE version > 900;" /* a test made it newer */
    " UPDATE mw_writer SET generation = generation + 1; END $$";

static mw_status make_anew(const char *server, const char *schema, const char *path) {
    static char made[64];
    char sql[256], url[512];
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return MW_IO;
    close(fd);
    snprintf(url, sizeof url, "%s&options=-csearch_path%%3D%s", server, schema);
    if (strcmp(made, schema) == 0 && mw_pg_server_sql(url, empty_it))
        return MW_OK;
    snprintf(made, sizeof made, "%s", schema);
    snprintf(sql, sizeof sql,
             "SET client_min_messages = error; DROP SCHEMA IF EXISTS %s CASCADE;"
             "CREATE SCHEMA %s",
             schema, schema);
    return mw_pg_server_sql(server, sql) ? MW_OK : MW_IO;
}

mw_status __wrap_mw_store_sqlite_open(const mw_store_sqlite_options *o, mw_store **out_store) {
    const char *server = getenv("MW_TEST_POSTGRES");
    char schema[64], url[512], why[256];
    if (server == NULL)
        return MW_UNSUPPORTED;
    schema_of(o->path, schema);
    if (access(o->path, F_OK) != 0 && !o->read_only)
        MW_TRY(make_anew(server, schema, o->path));
    snprintf(url, sizeof url, "%s&options=-csearch_path%%3D%s", server, schema);
    mw_status s = mw_store_postgres_open(
        &(mw_store_postgres_options){
            .url = url, .read_only = o->read_only, .why = why, .why_size = sizeof why},
        out_store);
    if (s != MW_OK && why[0] != 0)
        fprintf(stderr, "postgres: %s\n", why);
    return s;
}
