/* SPDX-License-Identifier: Apache-2.0
 *
 * What the programs that ask a store about a fleet share.
 */
#ifndef MW_BENCH_FLEET_COMMON_H
#define MW_BENCH_FLEET_COMMON_H

#include "platform/store/store.h"

/* Ends the program when s is not MW_OK. */
void bench_must(mw_status s, const char *what);
double bench_now_s(void);
/* Processor time of this process. */
double bench_cpu_s(void);

/* Electricity meters of a tenant "demo", an hour's channel each; their channels follow each other. */
void bench_fleet_make(mw_store *store, int64_t meters, int64_t *out_tenant,
                      int64_t *out_first_channel);

typedef struct bench_time {
    double ms;     /* p50 of the time that passed */
    double cpu_ms; /* processor time of one on the average, by cpu_s */
} bench_time;

/* trials <= BENCH_TRIALS_MAX */
enum { BENCH_TRIALS_MAX = 64 };
bench_time bench_p50(void (*ask)(void), int trials, double (*cpu_s)(void));

#endif
