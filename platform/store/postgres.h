/* SPDX-License-Identifier: Apache-2.0
 *
 * mw_store over PostgreSQL 15 or newer: the same operations and the same SQL as over SQLite
 * (sql_internal.h), one connection for one handle.
 *
 * - One writer at a time: begin takes an advisory lock of the schema and waits up to ten seconds for
 *   it (MW_AGAIN). Transactions are READ COMMITTED under that lock, so they are as serial as those of
 *   SQLite. Each statement outside a transaction reads a snapshot of its own.
 * - Commits are synchronous, whatever the server's default is; where a synchronous standby is set
 *   up (docs/operators/postgresql.md) they wait for it too.
 * - Statements whose result nobody needs at once are sent without waiting for it (libpq's pipeline);
 *   when one fails, the next call that waits, at the latest commit, says so.
 * - Day chunks live in one partition for each day, made when the first chunk of the day is written.
 * - A lost connection is MW_IO: the transaction is gone. The next begin, or read outside a
 *   transaction, connects again. When it was lost during a commit, the commit may have happened:
 *   what came from a station comes again and is told apart as a duplicate.
 */
#ifndef MW_PLATFORM_STORE_POSTGRES_H
#define MW_PLATFORM_STORE_POSTGRES_H

#include "platform/store/store.h"

typedef struct mw_store_postgres_options {
    /* postgresql://[user@]host[:port]/database[?option=value..], as libpq reads it. MW_FORBIDDEN when
     * it holds a password, or when it leaves this machine without TLS (sslmode=verify-full is taken
     * when none is given; require is the least). */
    const char *url;
    const char *password_file; /* its first line; NULL = none (peer or certificate) */
    bool read_only;            /* a further handle for queries */
    bool alone;                /* MW_STATE when another handle opened so is connected */
    char *why;                 /* why opening failed, for people; no secrets. NULL = not wanted */
    size_t why_size;
} mw_store_postgres_options;

/* Connects, makes or upgrades the schema. MW_UNSUPPORTED: a server older than 15, a database that
 * is not UTF8 with the collation C, or one that a newer program made. Free with mw_store_close. */
MW_NODISCARD mw_status mw_store_postgres_open(const mw_store_postgres_options *o,
                                              mw_store **out_store);

#endif
