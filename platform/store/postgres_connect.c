/* SPDX-License-Identifier: Apache-2.0
 *
 * To a server and back to it. Nothing leaves this machine without TLS.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "platform/store/postgres_internal.h"

enum { SECRET_MAX = 256 };

static void say(char *why, size_t size, const char *what, const char *more) {
    if (why == NULL || size == 0)
        return;
    snprintf(why, size, "%s%s", what, more);
    for (char *c = why; *c != 0; c++)
        *c = *c == '\n' ? ' ' : *c;
}

/* Of a list "a,b,..": whether every host is this machine. Empty names are its socket. */
static bool all_local(const char *hosts) {
    while (hosts != NULL && *hosts != 0) {
        size_t n = strcspn(hosts, ",");
        bool local =
            n == 0 || hosts[0] == '/' || (n == 9 && strncmp(hosts, "localhost", 9) == 0) ||
            (n >= 4 && strncmp(hosts, "127.", 4) == 0 && strspn(hosts, "0123456789.") >= n) ||
            (n == 3 && strncmp(hosts, "::1", 3) == 0);
        if (!local)
            return false;
        hosts += n + (hosts[n] == ',');
    }
    return true;
}

typedef struct asked {
    bool local, has_password, has_target;
    char sslmode[32];
} asked;

static mw_status url_look(const char *url, asked *out, char *why, size_t why_size) {
    char *message = NULL;
    PQconninfoOption *options = PQconninfoParse(url, &message);
    *out = (asked){.local = true};
    if (options == NULL) {
        say(why, why_size, "the address of the database cannot be read", "");
        PQfreemem(message); /* it may quote a password */
        return MW_SYNTAX;
    }
    for (const PQconninfoOption *o = options; o->keyword != NULL; o++) {
        if (o->val == NULL || o->val[0] == 0)
            continue;
        if (strcmp(o->keyword, "host") == 0 || strcmp(o->keyword, "hostaddr") == 0)
            out->local = out->local && all_local(o->val);
        else if (strcmp(o->keyword, "password") == 0)
            out->has_password = true;
        else if (strcmp(o->keyword, "service") == 0)
            out->local = false; /* who knows where that is */
        else if (strcmp(o->keyword, "target_session_attrs") == 0)
            out->has_target = true;
        else if (strcmp(o->keyword, "sslmode") == 0)
            snprintf(out->sslmode, sizeof out->sslmode, "%s", o->val);
    }
    PQconninfoFree(options);
    return MW_OK;
}

static bool encrypts(const char *sslmode) {
    return strcmp(sslmode, "require") == 0 || strcmp(sslmode, "verify-ca") == 0 ||
           strcmp(sslmode, "verify-full") == 0;
}

static mw_status secret_read(const char *file, char out[SECRET_MAX]) {
    out[0] = 0;
    if (file == NULL || file[0] == 0)
        return MW_OK;
    FILE *f = fopen(file, "re");
    if (f == NULL)
        return MW_IO;
    bool read = fgets(out, SECRET_MAX, f) != NULL;
    fclose(f);
    out[strcspn(out, "\r\n")] = 0;
    return read ? MW_OK : MW_IO;
}

static void no_notice(void *context, const PGresult *r) {
    (void)context;
    (void)r;
}

/* Options of the URL win over those before it, those after it win over the URL. An empty value
 * leaves an option as it is. */
static PGconn *dial(const mw_pg *p, const asked *a, const char *secret) {
    const char *const names[] = {"application_name",
                                 "connect_timeout",
                                 "keepalives_idle",
                                 "tcp_user_timeout",
                                 "target_session_attrs",
                                 "sslmode",
                                 "dbname",
                                 "client_encoding",
                                 "password",
                                 NULL};
    const char *const values[] = {"meterworks",
                                  "10",
                                  "30",
                                  "15000",
                                  p->read_only || a->has_target ? "any" : "read-write",
                                  a->local ? "prefer" : "verify-full",
                                  p->url,
                                  "UTF8",
                                  secret[0] == 0 ? NULL : secret,
                                  NULL};
    return PQconnectdbParams(names, values, 1);
}

static mw_status session_set(mw_pg *p) {
    static const char *const sql[] = {
        "SET lock_timeout = '10s'",
        "SET jit = off",
        /* A day of 100,000 meters is put in order without a file. */
        "SET work_mem = '32MB'",
        "SET timezone = 'UTC'",
        "SET idle_in_transaction_session_timeout = '300s'",
        /* A commit is on the disk when it returns, and on the synchronous standby's. */
        ("SELECT set_config('synchronous_commit', 'on', false) WHERE"
         " current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')"),
    };
    for (size_t i = 0; i < sizeof sql / sizeof sql[0]; i++)
        MW_TRY(mw_pg_send(p, sql[i]));
    if (p->read_only)
        MW_TRY(mw_pg_send(p, "SET default_transaction_read_only = on"));
    return mw_pg_drain(p, NULL);
}

static mw_status database_look(mw_pg *p, char *why, size_t why_size) {
    int64_t good = 0;
    if (PQserverVersion(p->conn) < 150000) {
        say(why, why_size, "PostgreSQL 15 or newer is needed", "");
        return MW_UNSUPPORTED;
    }
    MW_TRY(mw_pg_ask(p,
                     "SELECT count(*) FROM pg_database WHERE datname = current_database()"
                     " AND datcollate IN ('C', 'POSIX', 'C.UTF-8', 'C.utf8')"
                     " AND pg_encoding_to_char(encoding) = 'UTF8'",
                     &good));
    if (good == 0)
        say(why, why_size, "the database must have the encoding UTF8 and the collation C", "");
    return good == 0 ? MW_UNSUPPORTED : MW_OK;
}

/* A lock of the session: it ends with the connection. */
static mw_status stay_alone(mw_pg *p, char *why, size_t why_size) {
    int64_t got = 1;
    if (p->alone)
        MW_TRY(
            mw_pg_ask(p, "SELECT pg_try_advisory_lock(19800, hashtext(current_schema()))", &got));
    if (got == 0) {
        say(why, why_size, "another platform works on this database", "");
        PQfinish(p->conn);
        p->conn = NULL;
    }
    return got == 0 ? MW_STATE : MW_OK;
}

/* Connects as the URL says and the rules for it allow. */
static mw_status reach(const mw_pg *p, PGconn **out_conn, char *why, size_t why_size) {
    asked a;
    char secret[SECRET_MAX];
    MW_TRY(url_look(p->url, &a, why, why_size));
    if (a.has_password) {
        say(why, why_size, "a password belongs into the password file, not into the address", "");
        return MW_FORBIDDEN;
    }
    if (!a.local && a.sslmode[0] != 0 && !encrypts(a.sslmode)) {
        say(why, why_size, "a database on another machine needs TLS, not sslmode=", a.sslmode);
        return MW_FORBIDDEN;
    }
    mw_status s = secret_read(p->password_file, secret);
    if (s != MW_OK) {
        say(why, why_size, "cannot read the password file ", p->password_file);
        return s;
    }
    PGconn *conn = dial(p, &a, secret);
    explicit_bzero(secret, sizeof secret);
    *out_conn = conn;
    if (conn == NULL || PQstatus(conn) == CONNECTION_BAD) {
        say(why, why_size, "", conn == NULL ? "out of memory" : PQerrorMessage(conn));
        return MW_IO;
    }
    if (!a.local && !PQsslInUse(conn)) {
        say(why, why_size, "the connection is not encrypted", "");
        return MW_FORBIDDEN;
    }
    PQsetNoticeReceiver(conn, no_notice, NULL);
    return MW_OK;
}

mw_status mw_pg_dial(const mw_pg *p, PGconn **out_conn) {
    PGconn *conn = NULL;
    mw_status s = reach(p, &conn, NULL, 0);
    if (s != MW_OK)
        PQfinish(conn);
    else
        *out_conn = conn;
    return s;
}

mw_status mw_pg_connect(mw_pg *p, char *why, size_t why_size) {
    PGconn *conn = NULL;
    PQfinish(p->conn);
    p->conn = NULL;
    mw_status s = reach(p, &conn, why, why_size);
    p->conn = conn;
    p->queued = 0;
    p->unread = false;
    MW_TRY(s);
    if (PQenterPipelineMode(p->conn) != 1)
        return MW_IO;
    /* A new session has nothing prepared. */
    mw_pg_statements_forget(p);
    mw_pg_forget(p);
    MW_TRY(session_set(p));
    MW_TRY(database_look(p, why, why_size));
    return stay_alone(p, why, why_size);
}

mw_status mw_pg_revive(mw_pg *p) {
    if (!mw_pg_lost(p))
        return MW_OK;
    return mw_pg_connect(p, NULL, 0);
}
