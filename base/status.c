/* SPDX-License-Identifier: Apache-2.0 */
#include "base/status.h"

#include "base/assert.h"

typedef struct status_row {
    const char *name;
    const char *text;
    mw_status_class class_of;
    int http;
} status_row;

#define X(name, class, http, text) [MW_##name] = {#name, text, MW_CLASS_##class, http},
static const status_row rows[MW_STATUS_COUNT] = {MW_STATUS_LIST(X)};
#undef X

static const status_row *row_of(mw_status s) {
    mw_assert((unsigned)s < MW_STATUS_COUNT);
    return &rows[s];
}

const char *mw_status_text(mw_status s) {
    return row_of(s)->text;
}

const char *mw_status_name(mw_status s) {
    return row_of(s)->name;
}

mw_status_class mw_status_class_of(mw_status s) {
    return row_of(s)->class_of;
}

int mw_status_http(mw_status s) {
    return row_of(s)->http;
}
