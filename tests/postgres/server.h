/* SPDX-License-Identifier: Apache-2.0
 *
 * A PostgreSQL of a test's own: in a new directory, on a socket inside it, no network, gone with
 * the process that started it. As root it runs as the user postgres or nobody.
 */
#ifndef MW_TESTS_POSTGRES_SERVER_H
#define MW_TESTS_POSTGRES_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

typedef struct mw_pg_server {
    char bin[256]; /* where initdb and postgres are */
    char dir[64];  /* <dir>/data, <dir>/log and the socket */
    char url[256]; /* of the database meterworks on it */
    pid_t pid;
    /* Set before the start; may be NULL. */
    const char *settings; /* more lines for postgresql.conf */
    const char *preload;  /* a library for the server's processes (LD_PRELOAD) */
} mw_pg_server;

/* False: there is no PostgreSQL 15 or newer here, or it did not start (a line on stderr says why).
 * Takes about two seconds. */
bool mw_pg_server_start(mw_pg_server *s);
/* Ends it and deletes its directory. */
void mw_pg_server_stop(mw_pg_server *s);
/* kill -9 of the server and all its processes at once; _resume starts it again. */
void mw_pg_server_kill(mw_pg_server *s);
bool mw_pg_server_resume(mw_pg_server *s);
/* Processor time of those of its processes that run now, seconds. */
double mw_pg_server_cpu_s(const mw_pg_server *s);
/* Runs one SQL text; false when it failed. */
bool mw_pg_server_sql(const char *url, const char *sql);

#endif
