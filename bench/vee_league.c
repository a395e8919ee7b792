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

#include "bench/recordings.h"
#include "platform/vee/choice.h"

enum { HOMES = MW_REC_HOMES, SLOTS = 48, TRIALS = 128, LONGEST = 7 * 96 };

typedef struct home { /* with what was learned of it */
    mw_recording r;
    int64_t weight[3][SLOTS]; /* this home's own mean day, in 1/1000 of its average day */
    int64_t others[3][SLOTS]; /* the class profile: the other homes' */
    mw_vee_score learned, judged;
} home;

static home homes[HOMES];
static home others[4];
static uint64_t memory[(TRIALS + 4) * LONGEST];
static const char *folder = "tests/data/consumption";
static bool all_ok = true;

static void must(mw_status s, const char *what) {
    if (s == MW_OK)
        return;
    (void)fprintf(stderr, "bench_vee_league: %s: %s\n", what, mw_status_text(s));
    exit(2);
}

/* --- profiles --------------------------------------------------------------------------------- */

/* Means of the first half by kind of day and slot, so that nothing judged is learned from. */
static void profile_own(home *h) {
    int64_t sum[3][SLOTS] = {{0}}, count[3][SLOTS] = {{0}}, all = 0, n = 0;
    for (uint32_t i = 0; i < h->r.s.n / 2; i++) {
        const mw_vee_day *d = &h->r.day[mw_vee_day_of(&h->r.s, i)];
        unsigned type = d->weekday == 6 ? 2 : d->weekday == 5 ? 1 : 0;
        unsigned slot = mw_vee_slot_of(d, i) % SLOTS;
        if ((h->r.flags[i] & MW_VEE_UNUSABLE) != 0)
            continue;
        sum[type][slot] += h->r.value[i];
        count[type][slot]++;
        all += h->r.value[i];
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
    mw_vee_series learn = h->r.s, judge = h->r.s;
    mw_vee_source q = {.options = mw_vee_estimate_preset, .profile = profile ? &p : NULL};
    mw_vee_back_test o = mw_vee_back_test_preset;
    o.trials = TRIALS;
    q.options.linear_max_s = 604800; /* beyond its limit too, to see why there is one */
    learn.days = mw_vee_day_of(&h->r.s, h->r.s.n / 2);
    learn.n = h->r.day[learn.days].first;
    learn.first = h->r.day[22].first;
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
        printf("\n# %-12s", "90 % held");
        for (unsigned c = 0; c < MW_VEE_GAP_CLASSES; c++)
            printf(" %17" PRId64,
                   mw_vee_ratio_ppm(v.chosen[c][mode].covered, v.chosen[c][mode].intervals));
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

/* What is recorded, in the order of the tables. */
static const struct {
    const char *title, *key;
    void (*read)(const char *folder, mw_recording *r);
} singles[] = {
    {"electricity, a London home, half-hours, Wh", "london", mw_recording_lcl},
    {"electricity, a house in Ohrberg, quarter-hours, Wh", "quarters", mw_recording_wpuq},
    {"heat, a Danish building, hours, Wh", "heat", mw_recording_heat},
    {"water, a flat's shower and toilet, hours, L", "water", mw_recording_weusedto},
};

int main(int argc, char **argv) {
    mw_recording *each[HOMES];
    if (argc > 1)
        folder = argv[1];
    for (unsigned k = 0; k < HOMES; k++)
        each[k] = &homes[k].r;
    mw_recording_sgsc(folder, each);
    profiles_make();
    for (unsigned k = 0; k < HOMES; k++)
        home_judge(&homes[k], true);
    printf("# %d gaps of each length and meter; linear is tried beyond its limit of 1 h; no "
           "temperatures, so no proxy day; one meter has no class, so no profile\n",
           TRIALS);
    verdict electricity = league("electricity, 10 homes, half-hours, Wh", homes, HOMES);
    verdict single[sizeof singles / sizeof singles[0]];
    for (unsigned k = 0; k < sizeof singles / sizeof singles[0]; k++) {
        singles[k].read(folder, &others[k].r);
        home_judge(&others[k], false);
        single[k] = league(singles[k].title, &others[k], 1);
    }
    figures("electricity", &electricity);
    for (unsigned k = 0; k < sizeof singles / sizeof singles[0]; k++)
        figures(singles[k].key, &single[k]);
    return all_ok ? 0 : 1;
}
