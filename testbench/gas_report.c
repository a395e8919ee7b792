/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/gas_report.h"

mw_status mw_gas_report_begin(mw_report *r, const char *image, uint64_t seed, unsigned devices,
                              unsigned measurements) {
    mw_report_begin(r, "Type test of ultrasonic gas meters");
    mw_report_fact(r, "Rig", "simulated: echoes, transducers, duct, temperature chamber");
    mw_report_fact(r, "Devices", "%u of each size, seeds from %llu, the next size 1000 further",
                   devices, (unsigned long long)seed);
    mw_report_fact(r, "Measurements", "%u a point, 500 ms apart (test mode)", measurements);
    mw_report_fact(r, "Preparation", "calibrated in air as in production, then aged");
    mw_report_fact(r, "Accuracy class", "1.5 (Directive 2014/32/EU, annex IV)");
    return mw_report_firmware(r, image);
}

void mw_gas_report_add(mw_report *r, const mw_gas_bench *b) {
    mw_report_subject *s = mw_report_subject_add(r, b->size->name, "flow, m\xC2\xB3/h");
    snprintf(s->facts, sizeof s->facts,
             "Qmin %.3f, Qt %.3f, Qmax %.3f m\xC2\xB3/h; start flow %.3f m\xC2\xB3/h",
             (double)b->size->qmin_l_h / 1000, (double)b->size->qt_l_h / 1000,
             (double)b->size->qmax_l_h / 1000, (double)b->size->start_l_h / 1000);
    for (unsigned i = 0; i < MW_GAS_LIMITS; i++) {
        const mw_gas_limit *l = &mw_gas_limits[i];
        mw_report_limit_add(s, &(mw_report_limit){.quantity = l->name,
                                                  .most = l->most,
                                                  .target = l->target,
                                                  .unit = l->unit,
                                                  .source = l->source,
                                                  .checked = l->checked});
    }
    for (unsigned i = 0; i < b->row_count; i++) {
        const mw_gas_bench_row *from = &b->rows[i];
        mw_report_row *row = mw_report_row_add(s, from->limit, from->sum / from->devices, from->low,
                                               from->high, from->what);
        row->has_x = from->flow_m3_h > 0;
        row->x = from->flow_m3_h;
        row->curve = from->limit == MW_GAS_LIMIT_LOW || from->limit == MW_GAS_LIMIT_HIGH;
    }
}
