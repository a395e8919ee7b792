/* SPDX-License-Identifier: Apache-2.0
 *
 * What electricity meters may be wrong by, with the source of each limit and how far it could be
 * checked. One table for all classes of the catalogue: index 0 class 1, active and reactive (single
 * phase, and three phases in that class), index 1 class 0.5S active and 0.5 reactive (three phases).
 */
#ifndef MW_TESTBENCH_ELECTRIC_LIMITS_H
#define MW_TESTBENCH_ELECTRIC_LIMITS_H

typedef enum mw_electric_limit_id {
    MW_ELECTRIC_LIMIT_ACTIVE,     /* PF 1 */
    MW_ELECTRIC_LIMIT_ACTIVE_LOW, /* PF 1, smallest currents */
    MW_ELECTRIC_LIMIT_ACTIVE_PF,  /* 0.5 inductive, 0.8 capacitive */
    MW_ELECTRIC_LIMIT_ACTIVE_PF_LOW,
    MW_ELECTRIC_LIMIT_ACTIVE_ONE, /* one phase of three loaded */
    MW_ELECTRIC_LIMIT_REACTIVE,   /* sin 1 and 0.5 */
    MW_ELECTRIC_LIMIT_REACTIVE_LOW,
    MW_ELECTRIC_LIMIT_REACTIVE_QUARTER, /* sin 0.25 */
    MW_ELECTRIC_LIMIT_VOLTAGE,          /* variations of the error from here on */
    MW_ELECTRIC_LIMIT_FREQUENCY,
    MW_ELECTRIC_LIMIT_SEQUENCE,
    MW_ELECTRIC_LIMIT_UNBALANCE,
    MW_ELECTRIC_LIMIT_HARMONICS,
    MW_ELECTRIC_LIMIT_DC,
    MW_ELECTRIC_LIMIT_ODD,
    MW_ELECTRIC_LIMIT_BURST,
    MW_ELECTRIC_LIMIT_TEMPERATURE,      /* per K */
    MW_ELECTRIC_LIMIT_REACTIVE_VOLTAGE, /* of the reactive error */
    MW_ELECTRIC_LIMIT_REACTIVE_FREQUENCY,
    MW_ELECTRIC_LIMIT_REACTIVE_HARMONICS,
    MW_ELECTRIC_LIMIT_REACTIVE_TEMPERATURE,
    MW_ELECTRIC_LIMIT_START,
    MW_ELECTRIC_LIMIT_FIRST_PULSE, /* at the starting current, of its time */
    MW_ELECTRIC_LIMIT_NO_LOAD,     /* pulses */
    MW_ELECTRIC_LIMIT_RMS_U,
    MW_ELECTRIC_LIMIT_RMS_I,
    MW_ELECTRIC_LIMIT_ANGLE,
    MW_ELECTRIC_LIMIT_HERTZ,
    MW_ELECTRIC_LIMIT_OUTPUT,    /* pulses of the outputs against energy */
    MW_ELECTRIC_LIMIT_INPUT,     /* pulses counted too many or too few */
    MW_ELECTRIC_LIMIT_MADE_GAIN, /* what production finds ... */
    MW_ELECTRIC_LIMIT_MADE_PHASE,
    MW_ELECTRIC_LIMIT_LEFT_GAIN, /* ... and what it leaves */
    MW_ELECTRIC_LIMIT_LEFT_PHASE,
    MW_ELECTRIC_LIMITS,
} mw_electric_limit_id;

typedef struct mw_electric_limit {
    const char *name;
    double most[2]; /* absolute value */
    const char *unit;
    const char *source, *checked;
} mw_electric_limit;

extern const mw_electric_limit mw_electric_limits[MW_ELECTRIC_LIMITS];

/* Our own target is a third of the limit. */
#define MW_ELECTRIC_TARGET_SHARE 3

#endif
