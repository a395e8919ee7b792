/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/electricity/tariffs.h"

#include <string.h>

static void seen_now(mw_electric_tariffs *t, const mw_electric_energy *energy) {
    memcpy(t->seen, energy->count[MW_ELECTRIC_TOTAL], sizeof t->seen);
}

void mw_electric_tariffs_init(mw_electric_tariffs *t, uint8_t reactive,
                              const mw_electric_energy *energy) {
    memset(t, 0, sizeof *t);
    t->reactive = reactive == 4 ? 4 : MW_TARIFFS;
    mw_tariff_calendar_init(&t->calendar[0]);
    mw_tariff_calendar_init(&t->calendar[1]);
    seen_now(t, energy);
}

mw_status mw_electric_tariffs_program(mw_electric_tariffs *t, const mw_tariff_calendar *calendar,
                                      mw_utc from) {
    MW_TRY(mw_tariff_calendar_check(calendar));
    t->calendar[!t->active] = *calendar;
    t->passive_from = from;
    t->passive_valid = true;
    return MW_OK;
}

bool mw_electric_tariffs_due(const mw_electric_tariffs *t, mw_utc now) {
    return t->passive_valid && now.us >= t->passive_from.us;
}

void mw_electric_tariffs_activate(mw_electric_tariffs *t) {
    if (!t->passive_valid)
        return;
    t->active = !t->active;
    t->passive_valid = false;
    t->changes++;
}

const mw_tariff_calendar *mw_electric_tariffs_calendar(const mw_electric_tariffs *t) {
    return &t->calendar[t->active];
}

static void count(mw_electric_count *c, int64_t milli, int64_t rest) {
    c->milli += milli;
    c->rest += rest;
    if (c->rest < 0) {
        c->rest += MW_ELECTRIC_QUANTA_PER_MILLI;
        c->milli--;
    } else if (c->rest >= MW_ELECTRIC_QUANTA_PER_MILLI) {
        c->rest -= MW_ELECTRIC_QUANTA_PER_MILLI;
        c->milli++;
    }
}

void mw_electric_tariffs_take(mw_electric_tariffs *t, const mw_electric_energy *energy,
                              uint8_t tariff) {
    static const uint8_t goes_to[MW_ELECTRIC_REGISTERS] = {
        [MW_ELECTRIC_A_PLUS] = MW_ELECTRIC_TARIFF_A_PLUS,
        [MW_ELECTRIC_A_MINUS] = MW_ELECTRIC_TARIFF_A_MINUS,
        [MW_ELECTRIC_R1] = MW_ELECTRIC_TARIFF_R_PLUS,
        [MW_ELECTRIC_R2] = MW_ELECTRIC_TARIFF_R_PLUS,
        [MW_ELECTRIC_R3] = MW_ELECTRIC_TARIFF_R_MINUS,
        [MW_ELECTRIC_R4] = MW_ELECTRIC_TARIFF_R_MINUS};
    for (unsigned r = 0; r < MW_ELECTRIC_REGISTERS; r++) {
        const mw_electric_count *now = &energy->count[MW_ELECTRIC_TOTAL][r];
        int64_t milli = now->milli - t->seen[r].milli, rest = now->rest - t->seen[r].rest;
        unsigned to = goes_to[r];
        unsigned by = to >= MW_ELECTRIC_TARIFF_R_PLUS ? tariff % t->reactive : tariff;
        count(&t->count[by][to], milli, rest);
        count(&t->total[to], milli, rest);
    }
    seen_now(t, energy);
}

uint8_t mw_electric_tariffs_count(mw_electric_tariffs *t, const mw_electric_energy *energy,
                                  mw_utc at) {
    uint8_t tariff = mw_tariff_calendar_tariff(mw_electric_tariffs_calendar(t), at);
    mw_electric_tariffs_take(t, energy, tariff);
    return tariff;
}
