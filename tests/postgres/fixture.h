/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of PostgreSQL share: one server, one schema of it at a time, the store on that.
 */
#ifndef MW_TESTS_POSTGRES_FIXTURE_H
#define MW_TESTS_POSTGRES_FIXTURE_H

#include <stdio.h>

#include "platform/store/postgres.h"
#include "tests/harness/mw_test.h"
#include "tests/postgres/server.h"

static mw_pg_server server;
static char url[512];

static mw_store *open_store(bool alone) {
    mw_store *s = NULL;
    char why[256];
    mw_store_postgres_options o = {.url = url, .alone = alone, .why = why, .why_size = sizeof why};
    mw_status status = mw_store_postgres_open(&o, &s);
    if (status != MW_OK)
        print_error("%s: %s\n", mw_status_name(status), why);
    MW_CHECK_OK(status);
    return s;
}

static void new_schema(const char *name) {
    char sql[96];
    snprintf(sql, sizeof sql, "CREATE SCHEMA %s", name);
    MW_CHECK(mw_pg_server_sql(server.url, sql));
    snprintf(url, sizeof url, "%s&options=-csearch_path%%3D%s", server.url, name);
}

static int64_t device_add(mw_store *s, int64_t tenant, uint64_t identity) {
    mw_store_device d = {.identity = identity, .serial = "S"};
    int64_t number = 0;
    MW_CHECK_OK(mw_store_device_put(s, tenant, &d, &number));
    return number;
}

#endif
