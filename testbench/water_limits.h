/* SPDX-License-Identifier: Apache-2.0
 *
 * What a water meter is measured against: one table, each row with its source and how far it could
 * be checked.
 */
#ifndef MW_TESTBENCH_WATER_LIMITS_H
#define MW_TESTBENCH_WATER_LIMITS_H

typedef enum mw_water_limit_id {
    MW_WATER_LIMIT_LOW,      /* Q1 <= Q < Q2 */
    MW_WATER_LIMIT_HIGH,     /* Q2 <= Q <= Q4, up to 30 C */
    MW_WATER_LIMIT_HIGH_HOT, /* the same above 30 C */
    MW_WATER_LIMIT_START,    /* at half of Q1 */
    MW_WATER_LIMIT_REVERSE,
    MW_WATER_LIMIT_OTHER,   /* counts of the other register meanwhile */
    MW_WATER_LIMIT_NO_FLOW, /* counts without flow */
    MW_WATER_LIMIT_MISSED,  /* steps missed in the whole test */
    MW_WATER_LIMITS
} mw_water_limit_id;

typedef struct mw_water_limit {
    const char *name;
    double most; /* absolute value */
    const char *unit;
    double target; /* our own, 0: none */
    const char *source, *checked;
} mw_water_limit;

extern const mw_water_limit mw_water_limits[MW_WATER_LIMITS];

#endif
