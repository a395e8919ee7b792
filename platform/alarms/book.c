/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/alarms/book.h"

#include <stdlib.h>

void mw_alarm_book_fini(mw_alarm_book *b) {
    free(b->row);
    *b = (mw_alarm_book){0};
}

static int by_place(const void *pa, const void *pb) {
    const mw_alarm_book_row *a = pa, *b = pb;
    if (a->tenant != b->tenant)
        return a->tenant < b->tenant ? -1 : 1;
    if (a->rule != b->rule)
        return a->rule < b->rule ? -1 : 1;
    return (a->channel > b->channel) - (a->channel < b->channel);
}

static mw_status row_take(void *ctx, const mw_store_alarm_setting *s) {
    mw_alarm_book *b = ctx;
    mw_alarm_rule_id rule = MW_ALARM_LEAK;
    unsigned param = 0;
    /* Of a newer version: left alone. */
    if (mw_alarm_rule_of(s->rule, &rule) != MW_OK ||
        mw_alarm_param_of(rule, s->name, &param) != MW_OK)
        return MW_OK;
    if (b->n == b->room) {
        size_t room = b->room == 0 ? 64 : b->room * 2;
        mw_alarm_book_row *more =
            room > MW_ALARM_SETTINGS_MAX * 2 ? NULL : realloc(b->row, room * sizeof *more);
        if (more == NULL)
            return room > MW_ALARM_SETTINGS_MAX * 2 ? MW_LIMIT : MW_NOMEM;
        b->row = more;
        b->room = room;
    }
    b->row[b->n++] = (mw_alarm_book_row){.tenant = s->tenant,
                                         .channel = s->channel,
                                         .value = s->value,
                                         .version = s->version,
                                         .rule = (uint8_t)rule,
                                         .param = (uint8_t)param,
                                         .class = s->class};
    return MW_OK;
}

mw_status mw_alarm_book_load(mw_alarm_book *b, mw_store *store) {
    mw_alarm_book fresh = {0};
    mw_status s = mw_store_alarm_settings(store, row_take, &fresh);
    if (s != MW_OK) {
        mw_alarm_book_fini(&fresh);
        return s;
    }
    if (fresh.n > 0)
        qsort(fresh.row, fresh.n, sizeof fresh.row[0], by_place);
    mw_alarm_book_fini(b);
    *b = fresh;
    return MW_OK;
}

/* The first row at or behind a place. */
static size_t place_of(const mw_alarm_book *b, const mw_alarm_book_row *key) {
    size_t lo = 0, hi = b->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (by_place(&b->row[mid], key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void rows_lay(const mw_alarm_book *b, const mw_alarm_book_row *key, unsigned class,
                     mw_alarm_values *out) {
    for (size_t i = place_of(b, key); i < b->n && by_place(&b->row[i], key) == 0; i++) {
        if (b->row[i].class != class)
            continue;
        out->v[b->row[i].param] = b->row[i].value;
        if (b->row[i].version > out->version)
            out->version = b->row[i].version;
    }
}

void mw_alarm_book_values(const mw_alarm_book *b, int64_t tenant, mw_alarm_rule_id rule,
                          mw_vee_class class, int64_t channel, mw_alarm_values *out) {
    mw_alarm_book_row key = {.tenant = tenant, .rule = (uint8_t)rule};
    mw_alarm_preset(rule, class, out);
    if (b->n == 0)
        return;
    rows_lay(b, &key, MW_STORE_ALARM_NO_CLASS, out);
    rows_lay(b, &key, class, out);
    key.channel = channel;
    if (channel != 0)
        rows_lay(b, &key, MW_STORE_ALARM_NO_CLASS, out);
}
