/* SPDX-License-Identifier: Apache-2.0
 *
 * The PostgreSQL driver: transactions, opening and closing.
 */
#include "platform/store/postgres.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "platform/store/postgres_internal.h"

static int64_t pg_changed(mw_sq *q) {
    return mw_pg_of(q)->changed;
}

static int64_t pg_last_id(mw_sq *q) {
    return mw_pg_of(q)->last_id;
}

static mw_status begin_once(mw_pg *p, int64_t *out_generation) {
    MW_TRY(mw_pg_send(p, "BEGIN ISOLATION LEVEL READ COMMITTED"));
    MW_TRY(mw_pg_send(p, "SELECT pg_advisory_xact_lock(19799, hashtext(current_schema()))"));
    return mw_pg_ask(p, "SELECT generation FROM mw_writer", out_generation);
}

static mw_status pg_rollback(mw_sq *q) {
    mw_pg *p = mw_pg_of(q);
    mw_pg_ahead_drop(p);
    p->failed = MW_OK;
    p->wrote = false;
    mw_pg_forget(p);
    if (mw_pg_lost(p))
        return MW_OK; /* the server rolls back by itself */
    /* What was still on its way may fail; then the end mark is read and only ROLLBACK is left. */
    mw_status s = mw_pg_drain(p, NULL);
    s = mw_pg_exec_plain(p, "ROLLBACK");
    if (s == MW_OK)
        s = mw_pg_statements_renew(p);
    return mw_pg_lost(p) ? MW_OK : s;
}

static mw_status pg_begin(mw_sq *q) {
    mw_pg *p = mw_pg_of(q);
    int64_t generation = 0;
    MW_TRY(mw_pg_revive(p));
    MW_TRY(mw_pg_statements_renew(p));
    if (p->prune)
        mw_pg_days_prune(p);
    mw_status s = begin_once(p, &generation);
    if (s != MW_OK && mw_pg_lost(p)) {
        MW_TRY(mw_pg_revive(p));
        s = begin_once(p, &generation);
    }
    if (s != MW_OK) {
        mw_status undone = pg_rollback(q);
        (void)undone;
        return s;
    }
    if (generation != p->generation)
        mw_pg_forget(p);
    p->generation = generation;
    p->failed = MW_OK;
    p->wrote = false;
    return MW_OK;
}

static mw_status commit_send(mw_pg *p) {
    if (p->wrote) {
        MW_TRY(mw_pg_numbers_keep(p));
        MW_TRY(mw_pg_send(p, "UPDATE mw_writer SET generation = generation + 1"));
    }
    MW_TRY(mw_pg_send(p, "COMMIT"));
    PGresult *r = NULL;
    MW_TRY(mw_pg_drain(p, &r));
    /* A COMMIT of a transaction that failed says ROLLBACK. */
    bool committed = strcmp(PQcmdStatus(r), "COMMIT") == 0;
    PQclear(r);
    return committed ? MW_OK : MW_IO;
}

static mw_status pg_commit(mw_sq *q) {
    mw_pg *p = mw_pg_of(q);
    mw_pg_ahead_drop(p);
    mw_status s = p->failed != MW_OK ? p->failed : commit_send(p);
    if (s != MW_OK) {
        mw_status undone = pg_rollback(q);
        return undone == MW_OK ? s : undone;
    }
    if (p->wrote) {
        p->generation++;
        p->own++;
    }
    p->wrote = false;
    return MW_OK;
}

static mw_status pg_data_version(mw_sq *q, int64_t *out_version) {
    mw_pg *p = mw_pg_of(q);
    int64_t generation = 0;
    if (!q->in_transaction)
        MW_TRY(mw_pg_revive(p));
    MW_TRY(mw_pg_ask(p, "SELECT generation FROM mw_writer", &generation));
    *out_version = generation - p->own;
    return MW_OK;
}

static void pg_free(mw_pg *p) {
    mw_pg_ahead_drop(p);
    mw_pg_statements_free(p);
    PQfinish(p->conn);
    free(p->days);
    free(p->url);
    free(p->password_file);
    free(p);
}

static void pg_close(mw_sq *q) {
    pg_free(mw_pg_of(q));
}

static const mw_sq_driver pg_driver = {
    .bind = mw_pg_bind,
    .step = mw_pg_step,
    .reset = mw_pg_reset,
    .run = mw_pg_run,
    .changed = pg_changed,
    .last_id = pg_last_id,
    .columns = mw_pg_columns,
    .type_at = mw_pg_type_at,
    .get_int = mw_pg_get_int,
    .get_blob = mw_pg_get_blob,
    .text_at = mw_pg_text_at,
    .exec = mw_pg_exec,
    .query = mw_pg_query,
    .close_query = mw_pg_close_query,
    .define = mw_pg_define,
    .table_exists = mw_pg_table_exists,
    .begin = pg_begin,
    .commit = pg_commit,
    .rollback = pg_rollback,
    .data_version = pg_data_version,
    .read_begin = mw_pg_read_begin,
    .read_end = mw_pg_read_end,
    .chunks_ahead = mw_pg_chunks_ahead,
    .close = pg_close,
};

static mw_status opened(mw_pg *p, const mw_store_postgres_options *o) {
    MW_TRY(mw_pg_connect(p, o->why, o->why_size));
    bool there = false;
    MW_TRY(mw_pg_table_exists(&p->sq, "mw_writer", &there));
    if (!there && o->read_only)
        return MW_UNSUPPORTED;
    if (!there)
        MW_TRY(mw_pg_bootstrap(p));
    MW_TRY(mw_pg_numbered_load(p));
    return mw_sq_schema_upgrade(&p->sq, o->read_only);
}

mw_status mw_store_postgres_open(const mw_store_postgres_options *o, mw_store **out_store) {
    if (o->why != NULL && o->why_size > 0)
        o->why[0] = 0;
    mw_pg *p = calloc(1, sizeof *p);
    if (p == NULL)
        return MW_NOMEM;
    mw_sq_init(&p->sq, &pg_driver, o->read_only ? MW_STORE_CAP_READ_ONLY : MW_STORE_CAP_DURABLE);
    p->read_only = o->read_only;
    p->newest_used = INT64_MIN;
    p->alone = o->alone;
    p->url = strdup(o->url);
    p->password_file = o->password_file == NULL ? NULL : strdup(o->password_file);
    mw_status s = MW_NOMEM;
    if (p->url != NULL && (p->password_file != NULL || o->password_file == NULL))
        s = opened(p, o);
    if (s != MW_OK) {
        pg_free(p);
        return s;
    }
    *out_store = &p->sq.base;
    return MW_OK;
}
