/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/accounts/audit.h"

#include <string.h>

typedef struct walk {
    mw_audit_report *report;
    const uint8_t *noted;
    mw_store_audit_head head;
    bool begun;
    int64_t last;
    uint32_t got;
} walk;

static mw_status link_check(void *ctx, const mw_store_audit_link *row) {
    walk *w = ctx;
    mw_audit_report *r = w->report;
    w->last = row->entry.id;
    w->got++;
    if (!w->begun && row->entry.id < w->head.first) {
        r->before_chain++;
        return MW_OK;
    }
    w->begun = true;
    uint8_t expected[MW_STORE_CHAIN_HASH];
    mw_audit_chain(r->hash, &row->entry, expected);
    r->entries++;
    if (r->bad_entry == 0 && (!row->chained || memcmp(expected, row->hash, sizeof expected) != 0))
        r->bad_entry = row->entry.id;
    memcpy(r->hash, row->chained ? row->hash : expected, sizeof expected);
    if (w->noted != NULL && memcmp(w->noted, r->hash, sizeof expected) == 0)
        r->noted_found = true;
    return MW_OK;
}

mw_status mw_audit_verify(mw_store *store, int64_t tenant, const uint8_t *noted,
                          int64_t entries_max, mw_audit_report *out_report) {
    *out_report = (mw_audit_report){.noted_found = noted == NULL};
    walk w = {.report = out_report, .noted = noted};
    mw_status s = mw_store_audit_head_get(store, tenant, &w.head);
    bool has_head = s == MW_OK;
    if (s != MW_OK && s != MW_NOT_FOUND)
        return s;
    if (!has_head)
        w.head.first = INT64_MAX;
    do {
        w.got = 0;
        MW_TRY(mw_store_audit_links(store, tenant, w.last, MW_STORE_PAGE_MAX, link_check, &w));
        if (out_report->entries + out_report->before_chain > entries_max)
            return MW_LIMIT;
    } while (w.got == MW_STORE_PAGE_MAX);
    out_report->head_fits = has_head
                                ? out_report->entries == w.head.entries &&
                                      memcmp(out_report->hash, w.head.hash, sizeof w.head.hash) == 0
                                : out_report->before_chain == 0;
    out_report->whole =
        out_report->bad_entry == 0 && out_report->head_fits && out_report->noted_found;
    return MW_OK;
}
