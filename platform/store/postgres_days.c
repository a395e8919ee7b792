/* SPDX-License-Identifier: Apache-2.0
 *
 * Partitions: chunks of one day each.
 *
 * A partition is made and committed by a connection of its own, before anything is written into it.
 * What a statement knows of a table's partitions is not part of its snapshot: a partition that came
 * in one transaction with its rows could be missed by a reader whose snapshot has the rows.
 */
#include <stdio.h>
#include <stdlib.h>

#include "platform/store/postgres_internal.h"

enum {
    AHEAD_DAYS = 3,  /* made with a day that is the newest so far */
    KEPT_DAYS = 16,  /* before the newest: never dropped, empty or not */
    DROPPED_MAX = 4, /* at a time */
};

static mw_status day_add(mw_pg *p, int64_t day) {
    if (p->days_n == p->days_max) {
        size_t max = p->days_max == 0 ? 64 : 2 * p->days_max;
        int64_t *days = realloc(p->days, max * sizeof *days);
        if (days == NULL)
            return MW_NOMEM;
        p->days = days;
        p->days_max = max;
    }
    size_t at = p->days_n++;
    for (; at > 0 && p->days[at - 1] > day; at--)
        p->days[at] = p->days[at - 1];
    p->days[at] = day;
    return MW_OK;
}

static mw_status days_load(mw_pg *p) {
    PGresult *r = NULL;
    MW_TRY(mw_pg_send(p, "SELECT day FROM mw_days ORDER BY day"));
    MW_TRY(mw_pg_drain(p, &r));
    p->days_n = 0;
    mw_status s = MW_OK;
    for (int i = 0; i < PQntuples(r) && s == MW_OK; i++)
        s = day_add(p, mw_pg_number_at(r, i, 0));
    PQclear(r);
    p->days_known = s == MW_OK;
    return s;
}

static bool day_known(const mw_pg *p, int64_t day) {
    size_t low = 0, high = p->days_n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (p->days[middle] == day)
            return true;
        if (p->days[middle] < day)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

mw_status mw_pg_day_exists(mw_pg *p, int64_t day, bool *out_exists) {
    if (!p->days_known)
        MW_TRY(days_load(p));
    *out_exists = day_known(p, day);
    return MW_OK;
}

void mw_pg_day_name(int64_t day, char out[MW_PG_DAY_NAME_MAX]) {
    snprintf(out, MW_PG_DAY_NAME_MAX, "chunks_d%s%lld", day < 0 ? "m" : "",
             (long long)(day < 0 ? -day : day));
}

/* --- making ------------------------------------------------------------------------------------ */

static mw_status side_run(PGconn *side, const char *sql) {
    PGresult *r = PQexec(side, sql);
    mw_status s = mw_pg_result_status(r);
    PQclear(r);
    return s;
}

/* A table of its own that is then attached: unlike PARTITION OF, that makes no reader wait. */
static mw_status day_make(PGconn *side, int64_t day) {
    char name[MW_PG_DAY_NAME_MAX], sql[512];
    mw_pg_day_name(day, name);
    snprintf(sql, sizeof sql,
             "CREATE TABLE %s(LIKE chunks INCLUDING ALL);"
             "ALTER TABLE chunks ATTACH PARTITION %s FOR VALUES FROM (%lld) TO (%lld);"
             "INSERT INTO mw_days(day) VALUES(%lld)",
             name, name, (long long)day, (long long)day + 1, (long long)day);
    return side_run(side, sql);
}

/* A session that was just making its list of partitions when one was attached may go on without it
 * until it hears of another change of the table: this is one that changes nothing. */
static mw_status again_tell(PGconn *side) {
    return side_run(side, "ALTER TABLE ONLY chunks ALTER COLUMN n SET STATISTICS -1");
}

static mw_status days_make_by(mw_pg *p, PGconn *side, const int64_t *day, size_t n) {
    MW_TRY(side_run(side, "SET lock_timeout = '10s'"));
    if (n == 0)
        return again_tell(side);
    MW_TRY(side_run(side, "BEGIN"));
    for (size_t i = 0; i < n; i++)
        MW_TRY(day_make(side, day[i]));
    MW_TRY(side_run(side, "COMMIT"));
    for (size_t i = 0; i < n; i++)
        MW_TRY(day_add(p, day[i]));
    return again_tell(side);
}

static mw_status days_make(mw_pg *p, const int64_t *day, size_t n) {
    PGconn *side = NULL;
    MW_TRY(mw_pg_dial(p, &side));
    mw_status s = days_make_by(p, side, day, n);
    PQfinish(side);
    return s;
}

/* A session hears of the change when it locks a table that it had not locked yet; one that writes
 * into chunks already would go on without the new partition. */
static mw_status days_hear(mw_pg *p, int64_t day) {
    char name[MW_PG_DAY_NAME_MAX], sql[96];
    mw_pg_day_name(day, name);
    snprintf(sql, sizeof sql, "SELECT 1 FROM %s LIMIT 0", name);
    return mw_pg_exec_plain(p, sql);
}

mw_status mw_pg_day_ensure(mw_pg *p, int64_t day) {
    int64_t list[1 + AHEAD_DAYS];
    size_t n = 0;
    if (!p->days_known)
        MW_TRY(days_load(p));
    if (day_known(p, day)) {
        if (day <= p->newest_used)
            return MW_OK;
        p->newest_used = day; /* made some days ago: long enough for all to hear of it now */
        return days_make(p, NULL, 0);
    }
    bool newest = p->days_n == 0 || day > p->days[p->days_n - 1];
    list[n++] = day;
    for (int64_t i = 1; newest && i <= AHEAD_DAYS; i++)
        list[n++] = day + i;
    MW_TRY(days_make(p, list, n));
    p->newest_used = day > p->newest_used ? day : p->newest_used;
    return days_hear(p, day);
}

mw_status mw_pg_days_ensure(mw_pg *p, const int64_t *day, size_t n) {
    MW_TRY(days_load(p));
    int64_t missing[MW_PG_DAYS_MAX];
    size_t k = 0;
    if (n > MW_PG_DAYS_MAX)
        return MW_RANGE;
    for (size_t i = 0; i < n; i++)
        if (!day_known(p, day[i]))
            missing[k++] = day[i];
    if (k == 0)
        return MW_OK;
    MW_TRY(days_make(p, missing, k));
    return days_hear(p, missing[k - 1]);
}

/* --- dropping ---------------------------------------------------------------------------------- */

static mw_status day_drop(mw_pg *p, int64_t day, bool *out_dropped) {
    char name[MW_PG_DAY_NAME_MAX], sql[160];
    int64_t rows = 1;
    *out_dropped = false;
    mw_pg_day_name(day, name);
    snprintf(sql, sizeof sql, "SELECT count(*) FROM (SELECT 1 FROM %s LIMIT 1) t", name);
    MW_TRY(mw_pg_ask(p, sql, &rows));
    if (rows > 0)
        return MW_OK;
    snprintf(sql, sizeof sql, "DROP TABLE %s", name);
    MW_TRY(mw_pg_send(p, sql));
    snprintf(sql, sizeof sql, "DELETE FROM mw_days WHERE day = %lld", (long long)day);
    MW_TRY(mw_pg_send(p, sql));
    MW_TRY(mw_pg_drain(p, NULL));
    *out_dropped = true;
    return MW_OK;
}

static mw_status prune_work(mw_pg *p) {
    bool dropped = true;
    size_t n = 0;
    MW_TRY(mw_pg_send(p, "BEGIN"));
    MW_TRY(mw_pg_send(p, "SELECT pg_advisory_xact_lock(19799, hashtext(current_schema()))"));
    /* Readers that ask now wait for us, and we for those that read already: not for long. */
    MW_TRY(mw_pg_send(p, "SET LOCAL lock_timeout = '200ms'"));
    MW_TRY(days_load(p));
    int64_t newest = p->days_n > 0 ? p->days[p->days_n - 1] : 0;
    for (; n < p->days_n && n < DROPPED_MAX && dropped && p->days[n] < newest - KEPT_DAYS; n++)
        MW_TRY(day_drop(p, p->days[n], &dropped));
    p->prune = n == DROPPED_MAX && dropped;
    MW_TRY(mw_pg_send(p, "UPDATE mw_writer SET generation = generation + 1"));
    return mw_pg_exec_plain(p, "COMMIT");
}

void mw_pg_days_prune(mw_pg *p) {
    p->prune = false;
    p->days_known = false;
    if (prune_work(p) == MW_OK) {
        p->generation++;
        p->own++;
        p->days_known = false;
        return;
    }
    p->days_known = false;
    if (mw_pg_lost(p))
        return;
    mw_status undone = mw_pg_drain(p, NULL);
    undone = mw_pg_exec_plain(p, "ROLLBACK");
    (void)undone; /* another time */
}
