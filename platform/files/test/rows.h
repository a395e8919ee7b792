/* SPDX-License-Identifier: Apache-2.0
 *
 * Collects a table as text: "row: cell|cell", one line a row.
 */
#ifndef MW_PLATFORM_FILES_TEST_ROWS_H
#define MW_PLATFORM_FILES_TEST_ROWS_H

#include <stdio.h>

#include "platform/files/table.h"
#include "tests/harness/mw_test.h"

typedef struct rows {
    char text[4096];
    size_t n;
    uint32_t stop_at; /* 0 = never */
} rows;

static inline mw_status rows_take(void *ctx, uint32_t row, const mw_slice *cells, size_t n) {
    rows *r = ctx;
    if (row == r->stop_at)
        return MW_CLOSED;
    r->n += (size_t)snprintf(r->text + r->n, sizeof r->text - r->n, "%u: ", row);
    for (size_t i = 0; i < n; i++)
        r->n += (size_t)snprintf(r->text + r->n, sizeof r->text - r->n, "%s%.*s", i > 0 ? "|" : "",
                                 (int)cells[i].n, (const char *)cells[i].p);
    r->n += (size_t)snprintf(r->text + r->n, sizeof r->text - r->n, "\n");
    return MW_OK;
}

#endif
