/* SPDX-License-Identifier: Apache-2.0
 *
 * The screen against the rules: what it passes no rule objects to, over random days with every kind
 * of trouble; and it does pass ordinary days, or it would be of no use.
 */
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "platform/validation/assess.h"
#include "tests/harness/mw_test.h"

enum { PAST = 24, CELLS = 24 * 3, LIVES = 20000, FIRST_DAY = 20454 };

static mw_window w;
static mw_assessment a;

static void arrays_make(void) {
    w.raw = calloc(CELLS, sizeof *w.raw);
    w.now = calloc(CELLS, sizeof *w.now);
    w.raw_flags = calloc(CELLS, sizeof *w.raw_flags);
    w.now_flags = calloc(CELLS, sizeof *w.now_flags);
    w.covered = calloc(CELLS, sizeof *w.covered);
    w.revision = calloc(CELLS, sizeof *w.revision);
    w.origin = calloc(CELLS, sizeof *w.origin);
    w.room = CELLS;
}

/* One of the troubles, or none. */
static void trouble(mw_prng *g, unsigned kind) {
    uint32_t at = (uint32_t)mw_prng_below(g, CELLS), n = 1 + (uint32_t)mw_prng_below(g, 12);
    for (uint32_t i = at; i < at + n && i < CELLS; i++) {
        switch (kind) {
        case 0:
            w.raw_flags[i] = MW_VEE_MISSING;
            break;
        case 1:
            w.raw[i] = w.raw[at];
            break;
        case 2:
            w.raw[i] *= 1 + (int64_t)mw_prng_below(g, 400);
            break;
        case 3:
            w.raw[i] = -(int64_t)mw_prng_below(g, 50);
            break;
        case 4:
            w.raw_flags[i] |= UINT32_C(1) << mw_prng_below(g, 7);
            break;
        case 5:
            w.raw[i] = 0;
            break;
        default:
            break;
        }
    }
    if (kind == 6)
        for (uint32_t i = 24; i < CELLS; i++)
            w.raw[i] = w.raw[i - 24];
}

static void life_make(mw_prng *g) {
    unsigned kind = (unsigned)mw_prng_below(g, 12);
    w.start = mw_utc_of_s((FIRST_DAY + (int64_t)mw_prng_below(g, 360)) * 86400);
    w.seconds = 3600;
    w.n = CELLS;
    w.overlaid = false;
    for (uint32_t i = 0; i < CELLS; i++) {
        w.raw[i] = (int64_t)mw_prng_below(g, 8) * (int64_t)mw_prng_below(g, 12);
        w.raw_flags[i] = 0;
    }
    trouble(g, kind);
    memcpy(w.now, w.raw, CELLS * sizeof *w.now);
    memcpy(w.now_flags, w.raw_flags, CELLS * sizeof *w.now_flags);
    int64_t reg = 1000;
    w.regs = 0;
    for (uint32_t i = 0; i <= CELLS; i++) {
        if (i % 24 == 0 && mw_prng_below(g, 20) != 0)
            w.reg[w.regs++] = (mw_vee_register){.index = i, .value = reg};
        reg += i < CELLS && (w.raw_flags[i] & MW_VEE_MISSING) == 0 ? w.raw[i] : 0;
        reg += kind == 7 && i == 40 ? 3 : 0;
    }
}

static bool objected(void) {
    for (uint32_t k = 0; k < a.findings.n; k++)
        if (a.findings.item[k].severity >= MW_VEE_WARN)
            return true;
    return false;
}

MW_TEST(what_passes_no_rule_objects_to) {
    mw_vee_book book;
    mw_zones *zones = NULL;
    mw_window_channel c = {.channel = 1,
                           .digits = 9,
                           .medium = MW_VEE_WATER,
                           .unit = MW_UNIT_L,
                           .grid_s = 3600,
                           .installed = MW_UTC_NONE};
    uint32_t passed = 0, held = 0, found = 0;
    mw_prng g = mw_prng_of_stream(5, 5);
    arrays_make();
    mw_vee_book_preset(MW_VEE_RESIDENTIAL, &book);
    MW_CHECK_OK(mw_zones_open(NULL, &zones));
    MW_CHECK_OK(mw_zones_get(zones, "Europe/Rome", &c.zone));
    mw_screen s = mw_screen_of(&book, &c);
    MW_CHECK(s.usable);
    for (unsigned k = 0; k < LIVES; k++) {
        life_make(&g);
        bool clean = mw_screen_clean(&s, &w, PAST, CELLS);
        MW_CHECK_OK(mw_window_days(&w, &c));
        a.channel = &c;
        a.book = &book;
        a.window = &w;
        a.from = PAST;
        a.to = CELLS;
        MW_CHECK_OK(mw_assess(&a));
        bool objects = objected();
        MW_CHECK(!(clean && objects));
        passed += clean;
        held += !clean && !objects;
        found += objects;
    }
    print_message("%u passed, %u held back without need, %u with findings\n", passed, held, found);
    MW_CHECK(passed > LIVES / 5 && found > LIVES / 10);
    mw_zones_close(zones);
    mw_window_fini(&w);
    mw_assessment_fini(&a);
}

MW_TEST(limits_follow_unit_and_scale) {
    mw_vee_book book;
    mw_vee_book_preset(MW_VEE_RESIDENTIAL, &book);
    mw_window_channel c = {.medium = MW_VEE_WATER, .unit = MW_UNIT_L, .grid_s = 3600};
    MW_CHECK_EQ(mw_screen_limits(&book, &c).max_per_hour, 3125);
    c.unit = MW_UNIT_M3;
    c.scale = -3;
    MW_CHECK_EQ(mw_screen_limits(&book, &c).max_per_hour, 3125);
    c.unit = MW_UNIT_WH;
    c.medium = MW_VEE_ELECTRICITY;
    c.scale = 1;
    MW_CHECK_EQ(mw_screen_limits(&book, &c).max_per_hour, 4350);
    c.unit = MW_UNIT_PULSES;
    MW_CHECK_EQ(mw_screen_limits(&book, &c).max_per_hour, 0);
    MW_CHECK(!mw_screen_of(&book, &c).usable);
}

MW_TEST_MAIN(MW_CASE(what_passes_no_rule_objects_to), MW_CASE(limits_follow_unit_and_scale))
