/* SPDX-License-Identifier: Apache-2.0
 *
 * What a gas meter is measured against: one table, each row with its source and how far it could be
 * checked. Nothing else in the test bench knows a limit.
 */
#ifndef MW_TESTBENCH_GAS_LIMITS_H
#define MW_TESTBENCH_GAS_LIMITS_H

typedef enum mw_gas_limit_id {
    MW_GAS_LIMIT_LOW,       /* error from Qmin to below Qt */
    MW_GAS_LIMIT_HIGH,      /* error from Qt to Qmax */
    MW_GAS_LIMIT_SAME_SIGN, /* when all errors from Qt to Qmax have one sign */
    MW_GAS_LIMIT_REVERSE,   /* of the reverse register, at Qt and 0.7 Qmax */
    MW_GAS_LIMIT_PULSED,    /* flow switched on and off */
    MW_GAS_LIMIT_START,     /* registration at the start flow, shortfall */
    MW_GAS_LIMIT_NO_FLOW,   /* registered without flow */
    MW_GAS_LIMIT_UNRESTED,  /* at Qmin, aged, before it ever rested without flow */
    MW_GAS_LIMIT_ZERO,      /* what the zero table leaves */
    MW_GAS_LIMITS,
} mw_gas_limit_id;

typedef struct mw_gas_limit {
    const char *name;
    double most; /* absolute value */
    const char *unit;
    double target; /* our own, 0: none */
    const char *source;
    const char *checked;
} mw_gas_limit;

extern const mw_gas_limit mw_gas_limits[MW_GAS_LIMITS];

#endif
