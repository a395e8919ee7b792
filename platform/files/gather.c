/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/files/gather.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/crc.h"

void mw_import_problem_add(mw_import_report *report, uint32_t row, const char *format, ...) {
    report->problem_count++;
    if (report->problems == MW_IMPORT_PROBLEMS_MAX)
        return;
    mw_import_problem *p = &report->problem[report->problems++];
    p->row = row;
    va_list args;
    va_start(args, format);
    vsnprintf(p->text, sizeof p->text, format, args);
    va_end(args);
}

void mw_gather_fini(mw_gather *g) {
    free(g->value);
    free(g->channel);
    free(g->slot);
    *g = (mw_gather){0};
}

/* Doubles an array up to a maximum; *out_array may move. */
static mw_status grow(void *array, size_t size, size_t max, size_t *room, void **out_array) {
    if (*room >= max)
        return MW_LIMIT;
    size_t more = *room == 0 ? 1024 : *room * 2;
    if (more > max)
        more = max;
    void *p = realloc(array, more * size);
    if (p == NULL)
        return MW_NOMEM;
    *room = more;
    *out_array = p;
    return MW_OK;
}

static uint32_t hash_of(mw_slice serial, uint8_t number) {
    return mw_crc32(serial) * 31u + number;
}

static bool same_channel(const mw_gather_channel *c, mw_slice serial, uint8_t number) {
    return c->number == number && mw_slice_equal(mw_slice_of_str(c->serial), serial);
}

static void insert(mw_gather *g, uint32_t index) {
    const mw_gather_channel *c = &g->channel[index];
    size_t at = hash_of(mw_slice_of_str(c->serial), c->number) & (g->slots - 1);
    while (g->slot[at] != 0)
        at = (at + 1) & (g->slots - 1);
    g->slot[at] = index + 1;
}

/* Keeps the table at most half full. */
static mw_status rehash(mw_gather *g) {
    if (g->channels * 2 < g->slots)
        return MW_OK;
    size_t slots = g->slots == 0 ? 1024 : g->slots * 2;
    uint32_t *fresh = calloc(slots, sizeof *fresh);
    if (fresh == NULL)
        return MW_NOMEM;
    free(g->slot);
    g->slot = fresh;
    g->slots = slots;
    for (size_t i = 0; i < g->channels; i++)
        insert(g, (uint32_t)i);
    return MW_OK;
}

mw_status mw_gather_channel_of(mw_gather *g, mw_slice serial, uint8_t number, uint32_t *out_index,
                               bool *out_new) {
    if (serial.n >= sizeof g->channel->serial)
        return MW_RANGE;
    MW_TRY(rehash(g));
    size_t at = hash_of(serial, number) & (g->slots - 1);
    for (; g->slot[at] != 0; at = (at + 1) & (g->slots - 1))
        if (same_channel(&g->channel[g->slot[at] - 1], serial, number)) {
            *out_index = g->slot[at] - 1;
            *out_new = false;
            return MW_OK;
        }
    if (g->channels == g->channel_room) {
        void *moved = NULL;
        MW_TRY(
            grow(g->channel, sizeof *g->channel, MW_IMPORT_CHANNELS_MAX, &g->channel_room, &moved));
        g->channel = moved;
    }
    mw_gather_channel *c = &g->channel[g->channels];
    *c = (mw_gather_channel){.number = number, .last_at_s = INT64_MIN};
    mw_bytes_copy(c->serial, serial.p, serial.n);
    *out_index = (uint32_t)g->channels++;
    *out_new = true;
    g->slot[at] = *out_index + 1;
    return MW_OK;
}

mw_status mw_gather_add(mw_gather *g, mw_gathered v) {
    if (g->values == g->room) {
        void *moved = NULL;
        MW_TRY(grow(g->value, sizeof *g->value, MW_IMPORT_VALUES_MAX, &g->room, &moved));
        g->value = moved;
    }
    g->value[g->values++] = v;
    return MW_OK;
}

static int by_channel_time_row(const void *a, const void *b) {
    const mw_gathered *x = a, *y = b;
    if (x->channel != y->channel)
        return x->channel < y->channel ? -1 : 1;
    if (x->at_s != y->at_s)
        return x->at_s < y->at_s ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

/* Trailing zeros were dropped when they were parsed: equal amounts have equal members. */
static bool equal(mw_decimal a, mw_decimal b) {
    return a.digits == b.digits && a.decimals == b.decimals;
}

/* Whether `next`, of the same channel and time as `kept`, replaces it. */
static bool settle(const mw_gathered *kept, const mw_gathered *next, mw_duplicates policy,
                   mw_import_report *report) {
    bool same = equal(kept->value, next->value);
    if (policy == MW_DUPLICATES_REFUSE || (policy == MW_DUPLICATES_SAME && !same)) {
        mw_import_problem_add(report, next->row, "the same time as row %u%s", kept->row,
                              same ? "" : ", with another value");
        return false;
    }
    if (same)
        report->repeated++;
    else
        report->superseded++;
    return policy == MW_DUPLICATES_LAST;
}

void mw_gather_settle(mw_gather *g, mw_duplicates policy, mw_import_report *report) {
    if (g->values == 0)
        return;
    qsort(g->value, g->values, sizeof *g->value, by_channel_time_row);
    size_t kept = 0;
    for (size_t i = 1; i < g->values; i++) {
        const mw_gathered *last = &g->value[kept], *next = &g->value[i];
        if (last->channel != next->channel || last->at_s != next->at_s)
            g->value[++kept] = *next;
        else if (settle(last, next, policy, report))
            g->value[kept] = *next;
    }
    g->values = kept + 1;
}
