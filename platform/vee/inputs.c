/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/vee/inputs.h"

#include "base/assert.h"

typedef struct column {
    const char *name; /* NULL: repeats what another tells, or tells the kind of finding */
    mw_vee_unit unit;
} column;

typedef struct layout {
    column input[3];
    bool threshold; /* in the unit of the first */
} layout;

#define COUNT(n)                                                                                   \
    { n, MW_VEE_UNIT_COUNT }
#define SHARE(n)                                                                                   \
    { n, MW_VEE_UNIT_SHARE }
#define INTERVALS(n)                                                                               \
    { n, MW_VEE_UNIT_INTERVALS }
#define NUMBER(n)                                                                                  \
    { n, MW_VEE_UNIT_NUMBER }
#define NOTHING                                                                                    \
    { NULL, MW_VEE_UNIT_NUMBER }

static const layout of_rule[MW_VEE_RULES] = {
    [MW_VEE_V01_TIME] = {{{"offset", MW_VEE_UNIT_MS}, NOTHING, NOTHING}, true},
    [MW_VEE_V02_IDENTITY] = {{NUMBER("told"), NUMBER("recorded"), NOTHING}, false},
    [MW_VEE_V03_GAP] = {{INTERVALS("missing"), NOTHING, NOTHING}, true},
    [MW_VEE_V04_DUPLICATE] = {{COUNT("second"), COUNT("first"), {"taken", MW_VEE_UNIT_YES}}, false},
    [MW_VEE_V05_SUM] = {{COUNT("difference"), COUNT("sum"), COUNT("register")}, true},
    [MW_VEE_V06_EXCEEDS] = {{COUNT("sum"), COUNT("register"), INTERVALS("missing")}, true},
    [MW_VEE_V07_HIGH] = {{COUNT("value"), NOTHING, NOTHING}, true},
    [MW_VEE_V08_SPIKE] = {{SHARE("excess"), COUNT("value"), COUNT("third")}, true},
    [MW_VEE_V09_REGISTER] = {{COUNT("register"), COUNT("before"), COUNT("after")}, true},
    [MW_VEE_V10_USAGE] = {{SHARE("ratio"), COUNT("now"), COUNT("then")}, true},
    [MW_VEE_V11_PEAK] = {{SHARE("ratio"), COUNT("now"), COUNT("then")}, true},
    [MW_VEE_V12_TOLERANCE] = {{SHARE("change"), COUNT("value"), COUNT("before")}, true},
    [MW_VEE_V13_ZERO] = {{INTERVALS("zeros"), NOTHING, NOTHING}, true},
    [MW_VEE_V14_NEGATIVE] = {{COUNT("value"), COUNT("back"), COUNT("forward")}, false},
    [MW_VEE_V15_STATIC] = {{INTERVALS("equal"), COUNT("value"), NOTHING}, true},
    [MW_VEE_V16_INACTIVE] = {{COUNT("sum"), {"status", MW_VEE_UNIT_FLAGS}, NOTHING}, true},
    [MW_VEE_V17_SIBLING] = {{INTERVALS("missing"), NOTHING, NOTHING}, true},
    [MW_VEE_V20_STATUS] = {{{"status", MW_VEE_UNIT_FLAGS}, NOTHING, NOTHING}, false},
};

/* V14 of a register; the value of an interval is below 0. */
static const layout register_falls = {{COUNT("after"), COUNT("before"), NOTHING}, false};

static const layout of_phases[] = {
    [MW_VEE_PHASES_DEAD] = {{{"voltage", MW_VEE_UNIT_MV}, {"current", MW_VEE_UNIT_MA}, NOTHING},
                            true},
    [MW_VEE_PHASES_IMBALANCE] = {{SHARE("imbalance"), {"current", MW_VEE_UNIT_MA}, NOTHING}, true},
    [MW_VEE_PHASES_REACTIVE] = {{SHARE("reactive"), COUNT("value"), NOTHING}, true},
};

static const layout figure_of_values = {{COUNT("now"), COUNT("then"), NOTHING}, true};
static const layout figure_of_intervals = {{INTERVALS("now"), INTERVALS("then"), NOTHING}, true};

static const layout *layout_of(mw_vee_rule rule, const int64_t input[3]) {
    if (rule == MW_VEE_V14_NEGATIVE && input[0] >= 0)
        return &register_falls;
    if (rule == MW_VEE_V18_PHASES)
        return &of_phases[input[2] == MW_VEE_PHASES_IMBALANCE || input[2] == MW_VEE_PHASES_REACTIVE
                              ? input[2]
                              : MW_VEE_PHASES_DEAD];
    if (rule == MW_VEE_V19_DYNAMIC)
        return input[2] == MW_VEE_ZEROS || input[2] == MW_VEE_OUTAGES ? &figure_of_intervals
                                                                      : &figure_of_values;
    return &of_rule[rule];
}

const char *mw_vee_unit_name(mw_vee_unit unit) {
    static const char *const names[MW_VEE_UNITS] = {"count", "ppm",    "intervals", "ms",   "mV",
                                                    "mA",    "number", "yes",       "flags"};
    mw_assert((unsigned)unit < MW_VEE_UNITS);
    return names[unit];
}

size_t mw_vee_inputs_of(mw_vee_rule rule, const int64_t input[3], int64_t threshold,
                        mw_vee_input out[MW_VEE_RULE_INPUTS_MAX]) {
    mw_assert((unsigned)rule < MW_VEE_RULES);
    const layout *l = layout_of(rule, input);
    size_t n = 0;
    for (size_t i = 0; i < 3; i++)
        if (l->input[i].name != NULL)
            out[n++] = (mw_vee_input){l->input[i].name, l->input[i].unit, input[i]};
    if (l->threshold)
        out[n++] = (mw_vee_input){"threshold", l->input[0].unit, threshold};
    return n;
}
