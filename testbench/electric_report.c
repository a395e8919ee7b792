/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/electric_report.h"

mw_status mw_electric_report_begin(mw_report *r, const char *image, uint64_t seed, unsigned devices,
                                   unsigned windows) {
    mw_report_begin(r, "Type test of electricity meters");
    mw_report_fact(r, "Rig", "simulated: source, converters, temperature chamber");
    mw_report_fact(r, "Devices", "%u of each kind, seeds from %llu", devices,
                   (unsigned long long)seed);
    mw_report_fact(r, "Measurements", "%u windows of ten cycles a point, after 20 to settle",
                   windows);
    mw_report_fact(r, "Preparation", "calibrated as in production: no load, gain, phase");
    mw_report_fact(r, "Influences", "changes of the error against the same load without them");
    mw_report_fact(r, "Target", "a third of each limit");
    return mw_report_firmware(r, image);
}

void mw_electric_report_add(mw_report *r, const mw_electric_bench *b, unsigned class) {
    bool three = b->elements == 3;
    mw_report_subject *s =
        mw_report_subject_add(r,
                              !three       ? "Single phase, class 1"
                              : class == 1 ? "Three phases, class 0.5S, reactive 0.5"
                                           : "Three phases, class 1, reactive 1",
                              "current, A");
    snprintf(s->facts, sizeof s->facts,
             three ? "3x230/400 V, 5(100) A, starting current 20 mA, 1600 and 8000 imp/kWh"
                   : "230 V, 5(100) A, starting current 10 mA, 3600 and 4800 imp/kWh");
    for (unsigned i = 0; i < MW_ELECTRIC_LIMITS; i++) {
        const mw_electric_limit *l = &mw_electric_limits[i];
        mw_report_limit_add(s,
                            &(mw_report_limit){.quantity = l->name,
                                               .most = l->most[class],
                                               .target = l->most[class] / MW_ELECTRIC_TARGET_SHARE,
                                               .unit = l->unit,
                                               .source = l->source,
                                               .checked = l->checked});
    }
    for (unsigned i = 0; i < b->row_count; i++) {
        const mw_electric_bench_row *from = &b->rows[i];
        mw_report_row *row = mw_report_row_add(s, from->limit, from->sum / from->devices, from->low,
                                               from->high, from->what);
        row->has_x = from->amperes > 0;
        row->x = from->amperes;
        row->curve = from->limit <= MW_ELECTRIC_LIMIT_REACTIVE_QUARTER &&
                     from->limit != MW_ELECTRIC_LIMIT_ACTIVE_ONE;
    }
}
