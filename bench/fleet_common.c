/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/fleet_common.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/assert.h"

void bench_must(mw_status s, const char *what) {
    if (s == MW_OK)
        return;
    (void)fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, mw_status_text(s));
    exit(2);
}

static double clock_s(clockid_t clock) {
    struct timespec t;
    (void)clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double bench_now_s(void) {
    return clock_s(CLOCK_MONOTONIC);
}

double bench_cpu_s(void) {
    return clock_s(CLOCK_PROCESS_CPUTIME_ID);
}

void bench_fleet_make(mw_store *store, int64_t meters, int64_t *out_tenant,
                      int64_t *out_first_channel) {
    bench_must(mw_store_begin(store), "begin");
    bench_must(mw_store_tenant_put(store, "demo", out_tenant), "tenant");
    for (int64_t i = 0; i < meters; i++) {
        mw_store_device d = {.identity = (uint64_t)i + 1};
        mw_store_channel c = {.obis = {1, 0, 1, 8, 0, 255},
                              .medium = "electricity",
                              .unit = MW_UNIT_WH,
                              .register_digits = 9,
                              .grid_seconds = 3600};
        int64_t channel = 0;
        (void)snprintf(d.serial, sizeof d.serial, "E-%06" PRId64, i);
        bench_must(mw_store_device_put(store, *out_tenant, &d, &c.device), "device");
        bench_must(mw_store_channel_put(store, *out_tenant, &c, &channel), "channel");
        *out_first_channel = i == 0 ? channel : *out_first_channel;
    }
    bench_must(mw_store_commit(store), "commit");
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

bench_time bench_p50(void (*ask)(void), int trials, double (*cpu_s)(void)) {
    double ms[BENCH_TRIALS_MAX], began = cpu_s();
    mw_assert(trials > 0 && trials <= BENCH_TRIALS_MAX);
    for (int i = 0; i < trials; i++) {
        double t0 = bench_now_s();
        ask();
        ms[i] = (bench_now_s() - t0) * 1e3;
    }
    bench_time t = {.cpu_ms = (cpu_s() - began) * 1e3 / trials};
    qsort(ms, (size_t)trials, sizeof ms[0], compare);
    t.ms = ms[trials / 2];
    return t;
}
