/* SPDX-License-Identifier: Apache-2.0
 *
 * The league of estimators on recorded consumption: gaps of 1 h to 7 d are cut where the truth is
 * known, filled by each method, with and without scaling to the register, and held against it. The
 * first half of each meter's past is what is learned from, the second what is judged.
 *
 *   bench_vee_league [folder with the recorded series]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/assert.h"
#include "platform/vee/choice.h"

enum { HOMES = 10, ROOM = 40000, DAYS = 900, SLOTS = 48, TRIALS = 128 };

typedef struct home {
    int64_t value[ROOM];
    uint32_t flags[ROOM];
    mw_vee_day day[DAYS];
    mw_vee_series s;
    int64_t weight[3][SLOTS]; /* this home's own mean day, in 1/1000 of its average day */
    int64_t others[3][SLOTS]; /* the class profile: the other homes' */
    mw_vee_score learned, judged;
} home;

static home homes[HOMES];
static home flat;
static uint64_t memory[TRIALS * 400 * 2];
static const char *folder = "tests/data/consumption";
static bool all_ok = true;

static void must(mw_status s, const char *what) {
    if (s == MW_OK)
        return;
    (void)fprintf(stderr, "bench_vee_league: %s: %s\n", what, mw_status_text(s));
    exit(2);
}

static gzFile data_open(const char *name) {
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    gzFile f = gzopen(path, "rb");
    must(f == NULL ? MW_NOT_FOUND : MW_OK, path);
    return f;
}

/* A moment at which the local offset changes: date, UTC hour, new offset in hours. */
typedef struct change {
    int32_t year;
    uint8_t month, day, hour;
    int8_t offset;
} change;

static const change rome[] = {{2018, 10, 28, 1, 1},
                              {2019, 3, 31, 1, 2},
                              {2019, 10, 27, 1, 1},
                              {2020, 3, 29, 1, 2},
                              {2020, 10, 25, 1, 1}};
static const change sydney[] = {{2011, 10, 1, 16, 11}, {2012, 3, 31, 16, 10}, {2012, 10, 6, 16, 11},
                                {2013, 4, 6, 16, 10},  {2013, 10, 5, 16, 11}, {2014, 4, 5, 16, 10}};

static void home_finish(home *h, const change *zone, uint32_t changes) {
    mw_vee_offset o[8];
    for (uint32_t i = 0; i < changes; i++)
        o[i] = (mw_vee_offset){
            mw_utc_of_s(mw_days_of_date(zone[i].year, zone[i].month, zone[i].day) * 86400 +
                        zone[i].hour * 3600),
            zone[i].offset * 3600};
    h->s.value = h->value;
    h->s.flags = h->flags;
    h->s.register_digits = 9;
    must(mw_vee_days_make(&h->s, o, changes, h->day, DAYS, &h->s.days), "days");
    h->s.day = h->day;
    must(mw_vee_series_check(&h->s), "series");
}

/* Thousandths of a decimal number, without floating point. */
static int64_t thousandths(const char *p) {
    char *end;
    int64_t v = strtoll(p, &end, 10) * 1000;
    if (*end == '.') {
        int64_t place = 100;
        for (end++; *end >= '0' && *end <= '9'; end++, place /= 10)
            v += (*end - '0') * place;
    }
    return v;
}

static void homes_read(void) {
    gzFile f = data_open("sgsc_10_households_30min.csv.gz");
    char line[128];
    long id = 0;
    home *h = homes - 1;
    while (gzgets(f, line, sizeof line) != NULL) {
        char *p;
        mw_utc t;
        long who = strtol(line, &p, 10);
        if (p == line || mw_utc_parse((mw_slice){(const uint8_t *)p + 1, 20}, &t) != MW_OK)
            continue;
        if (who != id) {
            h++;
            mw_assert(h < homes + HOMES);
            h->s.start = t;
            h->s.seconds = 1800;
            id = who;
        }
        int64_t i = (mw_utc_floor_s(t) - mw_utc_floor_s(h->s.start)) / 1800;
        mw_assert(i >= 0 && i < ROOM);
        for (; h->s.n <= i; h->s.n++)
            h->flags[h->s.n] = MW_VEE_MISSING;
        if (h->flags[i] == MW_VEE_MISSING)
            h->value[i] = thousandths(p + 22); /* Wh */
        h->flags[i] = 0;
    }
    (void)gzclose(f);
    for (unsigned k = 0; k < HOMES; k++)
        home_finish(&homes[k], sydney, 6);
}

/* Shower in mL a second plus toilet flushes; an hour without a line of the shower was not recorded.
 * Read as the meter does: whole litres of a counter. */
static void flat_read(void) {
    const int64_t start = mw_days_of_date(2019, 2, 26) * 86400,
                  end = mw_days_of_date(2020, 10, 20) * 86400;
    char line[128];
    flat.s = (mw_vee_series){.start = mw_utc_of_s(start), .seconds = 3600};
    flat.s.n = (uint32_t)((end - start) / 3600);
    for (uint32_t i = 0; i < flat.s.n; i++)
        flat.flags[i] = MW_VEE_MISSING;
    for (unsigned file = 0; file < 2; file++) {
        gzFile f =
            data_open(file == 0 ? "weusedto_shower_water.csv.gz" : "weusedto_toilet_water.csv.gz");
        while (gzgets(f, line, sizeof line) != NULL) {
            char *p;
            int64_t at = strtoll(line, &p, 10);
            if (p == line || at < start || at >= end)
                continue;
            uint32_t hour = (uint32_t)((at - start) / 3600);
            flat.value[hour] += thousandths(p + 1) / (file == 0 ? 1000 : 1);
            if (file == 0)
                flat.flags[hour] = 0;
        }
        (void)gzclose(f);
    }
    int64_t counter = 0;
    for (uint32_t i = 0; i < flat.s.n; i++) {
        int64_t before = counter / 1000;
        counter += flat.value[i];
        flat.value[i] = counter / 1000 - before;
    }
    home_finish(&flat, rome, 5);
}

/* --- profiles --------------------------------------------------------------------------------- */

/* Means of the first half by kind of day and slot, so that nothing judged is learned from. */
static void profile_own(home *h) {
    int64_t sum[3][SLOTS] = {{0}}, count[3][SLOTS] = {{0}}, all = 0, n = 0;
    for (uint32_t i = 0; i < h->s.n / 2; i++) {
        const mw_vee_day *d = &h->day[mw_vee_day_of(&h->s, i)];
        unsigned type = d->weekday == 6 ? 2 : d->weekday == 5 ? 1 : 0;
        unsigned slot = mw_vee_slot_of(d, i) % SLOTS;
        if ((h->flags[i] & MW_VEE_UNUSABLE) != 0)
            continue;
        sum[type][slot] += h->value[i];
        count[type][slot]++;
        all += h->value[i];
        n++;
    }
    for (unsigned t = 0; t < 3; t++) {
        for (unsigned k = 0; k < SLOTS && all > 0; k++)
            h->weight[t][k] =
                count[t][k] == 0 ? 0 : mw_vee_muldiv(sum[t][k] * 1000 / count[t][k], n * 1000, all);
    }
}

static void profiles_make(void) {
    for (unsigned a = 0; a < HOMES; a++)
        profile_own(&homes[a]);
    for (unsigned a = 0; a < HOMES; a++) {
        for (unsigned b = 0; b < HOMES; b++) {
            for (unsigned k = 0; a != b && k < 3 * SLOTS; k++)
                homes[a].others[k / SLOTS][k % SLOTS] += homes[b].weight[k / SLOTS][k % SLOTS];
        }
    }
}

/* --- the league ------------------------------------------------------------------------------- */

static void home_judge(home *h, bool profile) {
    mw_arena a;
    mw_vee_profile p = {.slots = SLOTS, .weight = {h->others[0], h->others[1], h->others[2]}};
    mw_vee_series learn = h->s, judge = h->s;
    mw_vee_source q = {.options = mw_vee_estimate_preset, .profile = profile ? &p : NULL};
    mw_vee_back_test o = mw_vee_back_test_preset;
    o.trials = TRIALS;
    q.options.linear_max_s = 604800; /* beyond its limit too, to see why there is one */
    learn.days = mw_vee_day_of(&h->s, h->s.n / 2);
    learn.n = h->day[learn.days].first;
    learn.first = h->day[22].first;
    judge.first = learn.n;
    mw_arena_init(&a, (mw_span){(uint8_t *)memory, sizeof memory});
    q.s = &learn;
    must(mw_vee_back_test_run(&q, &o, &a, &h->learned), "learning");
    q.s = &judge;
    o.judge = &h->learned;
    o.seed = 2;
    must(mw_vee_back_test_run(&q, &o, &a, &h->judged), "judging");
    /* What is chosen keeps to the limit of 1 h, as filling does. */
    for (unsigned c = 1; c < MW_VEE_GAP_CLASSES; c++)
        memset(h->learned.e[MW_VEE_E4_LINEAR][c], 0, sizeof h->learned.e[MW_VEE_E4_LINEAR][c]);
}

static void error_sum(mw_vee_error *to, const mw_vee_error *e) {
    to->trials += e->trials;
    to->covered += e->covered;
    to->intervals += e->intervals;
    to->absolute += e->absolute;
    to->actual += e->actual;
}

static const char *const names[MW_VEE_METHODS] = {
    [MW_VEE_E4_LINEAR] = "E4 linear",       [MW_VEE_E5_LIKE_DAYS] = "E5 like days",
    [MW_VEE_E6_PROXY_DAY] = "E6 proxy day", [MW_VEE_E7_PROFILE] = "E7 profile",
    [MW_VEE_E8_FLAT] = "E8 flat",           [MW_VEE_E10_PRORATE] = "E10 prorate"};

static void cell(const mw_vee_error *e) {
    if (e->trials == 0)
        printf(" %17s", "-");
    else
        printf(" %8" PRId64 "/%8" PRId64, mw_vee_muldiv(e->absolute, 1000, e->intervals),
               mw_vee_ratio_ppm(e->absolute, e->actual));
}

typedef struct verdict {
    mw_vee_error chosen[MW_VEE_GAP_CLASSES][MW_VEE_MODES];
    mw_vee_error usual[MW_VEE_GAP_CLASSES][MW_VEE_MODES]; /* E4 up to an hour, else E5 */
} verdict;

static verdict league(const char *title, const home *h, unsigned n) {
    static const char *const mode_names[] = {"not scaled", "scaled to the register"};
    verdict v = {0};
    for (unsigned mode = 0; mode < MW_VEE_MODES; mode++) {
        printf("# %s, %s: mean absolute error in 1/1000 unit / share of usage misplaced in ppm\n",
               title, mode_names[mode]);
        printf("# %-12s %17s %17s %17s %17s %17s %17s\n", "", "1 h", "3 h", "12 h", "1 d", "3 d",
               "7 d");
        for (unsigned m = 0; m < MW_VEE_METHODS; m++) {
            if (names[m] != NULL)
                printf("# %-12s", names[m]);
            for (unsigned c = 0; c < MW_VEE_GAP_CLASSES && names[m] != NULL; c++) {
                mw_vee_error sum = {0};
                for (unsigned k = 0; k < n; k++)
                    error_sum(&sum, &h[k].judged.e[m][c][mode]);
                cell(&sum);
            }
            printf("%s", names[m] != NULL ? "\n" : "");
        }
        printf("# %-12s", "chosen");
        for (unsigned c = 0; c < MW_VEE_GAP_CLASSES; c++) {
            for (unsigned k = 0; k < n; k++) {
                mw_vee_method best = mw_vee_choose(&h[k].learned, mw_vee_gap_seconds[c], mode == 1);
                mw_vee_method usual = c == 0 ? MW_VEE_E4_LINEAR : MW_VEE_E5_LIKE_DAYS;
                error_sum(&v.chosen[c][mode], &h[k].judged.e[best][c][mode]);
                error_sum(&v.usual[c][mode], &h[k].judged.e[usual][c][mode]);
            }
            cell(&v.chosen[c][mode]);
        }
        printf("\n");
    }
    return v;
}

static void figure(const char *key, int64_t value, int64_t target, bool least) {
    bool ok = least ? value >= target : value <= target;
    printf("%s %" PRId64 " ppm %s%" PRId64 " %s\n", key, value, least ? ">=" : "<=", target,
           ok ? "ok" : "short");
    all_ok = all_ok && ok;
}

/* Mean absolute errors in ppm of each other; covered intervals in ppm of all. */
static void figures(const char *what, const verdict *v) {
    char key[64];
    mw_vee_error all[MW_VEE_MODES] = {{0}}, usual[MW_VEE_MODES] = {{0}};
    for (unsigned c = 0; c < MW_VEE_GAP_CLASSES; c++) {
        for (unsigned mode = 0; mode < MW_VEE_MODES; mode++) {
            error_sum(&all[mode], &v->chosen[c][mode]);
            error_sum(&usual[mode], &v->usual[c][mode]);
        }
    }
    for (unsigned mode = 0; mode < MW_VEE_MODES; mode++) {
        int64_t a = mw_vee_ratio_ppm(all[mode].absolute, all[mode].intervals);
        int64_t b = mw_vee_ratio_ppm(usual[mode].absolute, usual[mode].intervals);
        (void)snprintf(key, sizeof key, "vee.%s_chosen_vs_usual%s", what, mode ? "_scaled" : "");
        figure(key, mw_vee_ratio_ppm(a, b), MW_VEE_PPM, false);
        (void)snprintf(key, sizeof key, "vee.%s_coverage_of_90%s", what, mode ? "_scaled" : "");
        figure(key, mw_vee_ratio_ppm(all[mode].covered, all[mode].intervals), 850000, true);
    }
    (void)snprintf(key, sizeof key, "vee.%s_scaled_vs_not", what);
    figure(key, mw_vee_ratio_ppm(all[1].absolute, all[0].absolute), MW_VEE_PPM, false);
}

int main(int argc, char **argv) {
    if (argc > 1)
        folder = argv[1];
    homes_read();
    flat_read();
    profiles_make();
    for (unsigned k = 0; k < HOMES; k++)
        home_judge(&homes[k], true);
    home_judge(&flat, false);
    printf("# %d gaps of each length and meter; linear is tried beyond its limit of 1 h; no "
           "temperatures, so no proxy day; the flat has no class, so no profile\n",
           TRIALS);
    verdict electricity = league("electricity, 10 homes, half-hours, Wh", homes, HOMES);
    verdict water = league("water, a flat's shower and toilet, hours, L", &flat, 1);
    figures("electricity", &electricity);
    figures("water", &water);
    return all_ok ? 0 : 1;
}
