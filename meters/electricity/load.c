/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/electricity/load.h"

#include "base/assert.h"

#define LEAST_UW INT64_C(100000000)

mw_electric_load_config mw_electric_load_defaults(int64_t max_ua) {
    return (mw_electric_load_config){.high_ua = max_ua / 100 * 105,
                                     .max_ua = max_ua / 100 * 110,
                                     .alone_ua = 20000,
                                     .export_uw = 10000000,
                                     .tan_phi_milli = 800,
                                     .wait_ms = 10000};
}

mw_status mw_electric_load_configure(mw_electric_load *l, const mw_electric_load_config *config) {
    const mw_electric_load_config *c = config;
    if (c->high_ua < 0 || c->max_ua < 0 || c->alone_ua < 0 || c->high_uw < 0 || c->low_ua < 0 ||
        c->export_uw < 0 || c->tan_phi_milli < 0)
        return MW_RANGE;
    l->config = *config;
    return MW_OK;
}

mw_status mw_electric_load_init(mw_electric_load *l, uint8_t elements,
                                const mw_electric_load_config *config) {
    mw_assert(elements == 1 || elements == 3);
    mw_electric_load n = {.elements = elements};
    MW_TRY(mw_electric_load_configure(&n, config));
    *l = n;
    return MW_OK;
}

static int64_t magnitude(int64_t v) {
    return v < 0 ? -v : v;
}

/* Above `limit`, or, once it holds, above 19/20 of it. */
static bool above(const mw_electric_condition *c, int64_t value, int64_t limit) {
    return limit > 0 && value > (c->holds ? limit / 20 * 19 : limit);
}

/* Begins and ends; the end tells the greatest value. Values are in thousandths of the unit. */
static void turn(mw_electric_condition *c, bool seen, uint32_t wait_ms, uint16_t begins,
                 int64_t value, int64_t *most, mw_mono now, mw_utc utc, mw_electric_noticed *out) {
    if (seen && (value > *most || (!c->holds && !c->turning)))
        *most = value;
    mw_electric_turn t = mw_electric_condition_step(c, seen, now, utc, wait_ms, wait_ms);
    if (t == MW_ELECTRIC_TURN_BEGINS)
        mw_electric_notice(out, begins, c->begun_utc, value / 1000, 0);
    else if (t == MW_ELECTRIC_TURN_ENDS)
        mw_electric_notice(out, (uint16_t)(begins + 1), c->since_utc, *most / 1000,
                           mw_electric_condition_ms(c, now));
}

static void phases(mw_electric_load *l, const mw_electric_quantities *q, mw_mono now, mw_utc utc,
                   mw_electric_noticed *out) {
    static const uint16_t exports[] = {MW_SPODES_EXPORT_1, MW_SPODES_EXPORT_2, MW_SPODES_EXPORT_3};
    static const uint16_t alone[] = {MW_SPODES_I_ALONE_1, MW_SPODES_I_ALONE_2, MW_SPODES_I_ALONE_3};
    static const uint16_t max[] = {MW_SPODES_I_MAX_1, MW_SPODES_I_MAX_2, MW_SPODES_I_MAX_3};
    const mw_electric_load_config *c = &l->config;
    for (unsigned k = 0; k < l->elements; k++) {
        const mw_electric_element *e = &q->e[k];
        int64_t exported = 0, lonely = 0;
        turn(&l->export[k], above(&l->export[k], -e->p_uw, c->export_uw), c -> wait_ms, exports[k],
             -e -> p_uw, &exported, now, utc, out);
        bool lost = (q->lost >> k & 1) != 0;
        turn(&l->alone[k], lost && above(&l->alone[k], e->i_ua, c->alone_ua), c->wait_ms, alone[k],
             e->i_ua, &lonely, now, utc, out);
        turn(&l->max[k], above(&l->max[k], e->i_ua, c->max_ua), c->wait_ms, max[k], e->i_ua,
             &l->max_ua[k], now, utc, out);
    }
}

int32_t mw_electric_load_tan_phi(const mw_electric_energy *energy) {
    int64_t p = magnitude(energy->p_uw) / 1000, q = magnitude(energy->q_uvar);
    return p == 0 ? (q == 0 ? 0 : INT16_MAX) : q / p > INT16_MAX ? INT16_MAX : (int32_t)(q / p);
}

void mw_electric_load_window(mw_electric_load *l, const mw_electric_quantities *q,
                             const mw_electric_energy *energy, mw_mono now, mw_utc utc,
                             mw_electric_noticed *out) {
    const mw_electric_load_config *c = &l->config;
    int64_t most = 0, unused = 0;
    for (unsigned k = 0; k < l->elements; k++)
        most = q->e[k].i_ua > most ? q->e[k].i_ua : most;
    phases(l, q, now, utc, out);
    turn(&l->high, above(&l->high, most, c->high_ua), c->wait_ms, MW_SPODES_I_HIGH, most,
         &l->high_ua, now, utc, out);
    turn(&l->power, above(&l->power, energy->p_uw, c->high_uw), c->wait_ms, MW_SPODES_P_HIGH,
         energy->p_uw, &l->high_uw, now, utc, out);
    bool low = c->low_ua > 0 && most < (l->low.holds ? c->low_ua / 19 * 20 : c->low_ua);
    uint32_t wait_ms = l->low.holds                   ? c->wait_ms
                       : c->low_s > UINT32_MAX / 1000 ? UINT32_MAX
                                                      : c->low_s * 1000;
    turn(&l->low, low, wait_ms, MW_SPODES_I_LOW, most, &unused, now, utc, out);
    int64_t tan_phi = (int64_t)mw_electric_load_tan_phi(energy) * 1000;
    int64_t least = c->high_uw > 0 ? c->high_uw / 10 : LEAST_UW;
    turn(&l->tan_phi,
         energy->p_uw >= least && above(&l->tan_phi, tan_phi, (int64_t)c->tan_phi_milli * 1000),
         c->wait_ms, MW_SPODES_TAN_PHI, tan_phi, &l->tan_most, now, utc, out);
}
