/* SPDX-License-Identifier: Apache-2.0
 *
 * Gives every channel of a platform's database what a running fleet has: the state of its device,
 * registers and hours of some days, folded. For bench/fleet_memory.py.
 *
 *   bench_fleet_fill DATABASE LAST_DAY DAYS      LAST_DAY: days since 1970, the last one filled
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/store/sqlite.h"

enum { DAY = 86400, PAGE = 1000, HOURS = 24 };

static mw_store *store;
static int64_t last_day, days, channels;

static void must(mw_status s, const char *what) {
    if (s == MW_OK)
        return;
    (void)fprintf(stderr, "bench_fleet_fill: %s: %s\n", what, mw_status_text(s));
    exit(2);
}

typedef struct page {
    mw_store_channel_newest row[PAGE];
    uint32_t n;
} page;

static mw_status take(void *ctx, const mw_store_channel_newest *row) {
    page *p = ctx;
    p->row[p->n++] = *row;
    return MW_OK;
}

static void channel_fill(const mw_store_channel_newest *at) {
    mw_store_channel c;
    mw_store_interval rows[HOURS];
    mw_store_device_state state = {.tenant = at->tenant,
                                   .device = at->device,
                                   .frames = days,
                                   .last_seen =
                                       mw_utc_of_s((last_day + 1) * DAY + 300 + at->channel % 3000),
                                   .level_cdbm = -12000,
                                   .snr_cdb = 900};
    must(mw_store_channel_get(store, at->tenant, at->channel, &c), "channel");
    must(mw_store_device_state_put(store, &state), "state");
    for (int64_t d = last_day - days + 1; d <= last_day; d++) {
        mw_store_register r = {.tenant = at->tenant,
                               .channel = at->channel,
                               .meter = mw_utc_of_s((d + 1) * DAY),
                               .received = mw_utc_of_s((d + 1) * DAY + 300),
                               .stored = mw_utc_of_s((d + 1) * DAY + 301),
                               .value = 1000 + (d - last_day + days) * 480};
        memcpy(r.obis, c.obis, sizeof r.obis);
        for (int h = 0; h < HOURS; h++)
            rows[h] = (mw_store_interval){.start = mw_utc_of_s(d * DAY + h * 3600),
                                          .seconds = 3600,
                                          .value = 20 + (h * 7 + at->channel) % 11 - 5,
                                          .received = r.received};
        must(mw_store_run_append(store, at->tenant, at->channel, rows, HOURS), "hours");
        must(mw_store_register_append(store, &r), "register");
    }
}

int main(int argc, char **argv) {
    if (argc != 4) {
        (void)fprintf(stderr, "usage: bench_fleet_fill DATABASE LAST_DAY DAYS\n");
        return 2;
    }
    mw_store_sqlite_options o = {.path = argv[1]};
    last_day = strtoll(argv[2], NULL, 10);
    days = strtoll(argv[3], NULL, 10);
    must(mw_store_sqlite_open(&o, &store), "open");
    static page p;
    int64_t after = 0;
    do {
        p.n = 0;
        must(mw_store_channels_newest(store, after, PAGE, take, &p), "channels");
        must(mw_store_begin(store), "begin");
        for (uint32_t i = 0; i < p.n; i++)
            channel_fill(&p.row[i]);
        for (uint32_t n = p.n; n > 0;)
            must(mw_store_fold(store, MW_STORE_FOLD_MAX, &n), "fold");
        must(mw_store_commit(store), "commit");
        channels += p.n;
        after = p.n > 0 ? p.row[p.n - 1].channel : after;
    } while (p.n > 0);
    mw_store_close(store);
    printf("%" PRId64 " channels\n", channels);
    return 0;
}
