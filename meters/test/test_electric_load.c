/* SPDX-License-Identifier: Apache-2.0
 *
 * What the electricity meters tell of a consumer's load.
 */
#include <string.h>

#include "meters/electricity/load.h"
#include "tests/harness/mw_test.h"

typedef struct load_rig {
    mw_electric_load l;
    mw_electric_quantities q;
    mw_electric_energy e;
    mw_electric_noticed noticed;
    mw_electric_event event[64];
    unsigned n;
    mw_mono now;
} load_rig;

static void load_init(load_rig *r, const mw_electric_load_config *c) {
    memset(r, 0, sizeof *r);
    MW_CHECK_OK(mw_electric_load_init(&r->l, 3, c));
    for (unsigned k = 0; k < 3; k++) {
        r->q.e[k].u_uv = 230000000;
        r->q.e[k].i_ua = 5000000;
        r->q.e[k].p_uw = 1150000000;
    }
    r->e.p_uw = 3450000000;
}

static void load_pass(load_rig *r, unsigned seconds) {
    for (unsigned n = 0; n < seconds * 5; n++) {
        r->now.ns += MW_NS_PER_S / 5;
        mw_electric_load_window(&r->l, &r->q, &r->e, r->now, (mw_utc){r->now.ns / 1000},
                                &r->noticed);
        for (unsigned k = 0; k < r->noticed.n && r->n < 64; k++)
            r->event[r->n++] = r->noticed.event[k];
        r->noticed.n = 0;
    }
}

static void load_expect(load_rig *r, uint16_t code, int64_t value) {
    MW_CHECK_EQ(r->n, 1);
    MW_CHECK_EQ(r->event[0].code, code);
    MW_CHECK_EQ(r->event[0].value, value);
    r->n = 0;
}

MW_TEST(loads_begin_and_end_with_their_greatest_value) {
    mw_electric_load_config c = mw_electric_load_defaults(100000000);
    c.high_uw = 15000000000;
    static load_rig r;
    load_init(&r, &c);
    load_pass(&r, 60);
    MW_CHECK_EQ(r.n, 0);
    r.q.e[1].i_ua = 106000000;
    load_pass(&r, 8); /* shorter than the wait */
    r.q.e[1].i_ua = 5000000;
    load_pass(&r, 20);
    MW_CHECK_EQ(r.n, 0);
    r.q.e[1].i_ua = 106000000;
    load_pass(&r, 12);
    load_expect(&r, MW_SPODES_I_HIGH, 106000);
    r.q.e[1].i_ua = 130000000;
    load_pass(&r, 12);
    load_expect(&r, MW_SPODES_I_MAX_2, 130000);
    r.q.e[1].i_ua = 5000000;
    load_pass(&r, 12);
    MW_CHECK_EQ(r.n, 2);
    for (unsigned k = 0; k < 2; k++) {
        MW_CHECK_EQ(r.event[k].value, 130000);
        MW_CHECK(r.event[k].duration_ms >= 12000 && r.event[k].duration_ms <= 24200);
    }
    MW_CHECK_EQ(r.event[0].code, MW_SPODES_I_MAX_ENDS_2);
    MW_CHECK_EQ(r.event[1].code, MW_SPODES_I_HIGH_ENDS);
    r.n = 0;
    r.e.p_uw = 16000000000;
    load_pass(&r, 12);
    load_expect(&r, MW_SPODES_P_HIGH, 16000000);
    r.e.p_uw = 3000000000;
    load_pass(&r, 12);
    load_expect(&r, MW_SPODES_P_HIGH_ENDS, 16000000);
    r.q.e[2].p_uw = -500000000;
    load_pass(&r, 12);
    load_expect(&r, MW_SPODES_EXPORT_3, 500000);
    r.q.e[2].p_uw = 500000000;
    load_pass(&r, 12);
    MW_CHECK_EQ(r.event[0].code, MW_SPODES_EXPORT_ENDS_3);
    r.n = 0;
    r.q.lost = 1;
    load_pass(&r, 12);
    load_expect(&r, MW_SPODES_I_ALONE_1, 5000);
    r.q.e[0].i_ua = 0;
    load_pass(&r, 12);
    MW_CHECK_EQ(r.event[0].code, MW_SPODES_I_ALONE_ENDS_1);
    c.max_ua = -1;
    MW_CHECK_STATUS(mw_electric_load_configure(&r.l, &c), MW_RANGE);
}

MW_TEST(low_consumption_and_tan_phi) {
    mw_electric_load_config c = mw_electric_load_defaults(100000000);
    c.low_ua = 50000;
    c.low_s = 600;
    static load_rig r;
    load_init(&r, &c);
    r.e.q_uvar = 2900000000; /* of 3450 W */
    load_pass(&r, 12);
    load_expect(&r, MW_SPODES_TAN_PHI, 840);
    r.e.q_uvar = 3105000000;
    load_pass(&r, 12);
    r.e.q_uvar = 0;
    load_pass(&r, 12);
    load_expect(&r, MW_SPODES_TAN_PHI_ENDS, 900);
    r.e.p_uw = 1000000; /* next to nothing has no tan phi */
    r.e.q_uvar = 9000000;
    for (unsigned k = 0; k < 3; k++)
        r.q.e[k].i_ua = 10000;
    load_pass(&r, 590);
    MW_CHECK_EQ(r.n, 0);
    load_pass(&r, 12);
    load_expect(&r, MW_SPODES_I_LOW, 10);
    r.q.e[0].i_ua = 400000;
    load_pass(&r, 12);
    MW_CHECK_EQ(r.n, 1);
    MW_CHECK_EQ(r.event[0].code, MW_SPODES_I_LOW_ENDS);
    mw_electric_energy none = {0};
    MW_CHECK_EQ(mw_electric_load_tan_phi(&none), 0);
    none.q_uvar = 5;
    MW_CHECK_EQ(mw_electric_load_tan_phi(&none), INT16_MAX);
}

MW_TEST_MAIN(MW_CASE(loads_begin_and_end_with_their_greatest_value),
             MW_CASE(low_consumption_and_tan_phi))
