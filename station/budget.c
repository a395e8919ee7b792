/* SPDX-License-Identifier: Apache-2.0 */
#include "station/budget.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "radio/link_budget.h"

/* Es/N0 at which one M frame in ten is lost (docs/benchmarks.md) and a receiver of 3 dB. */
#define ES_N0_DB        (-1.35)
#define NOISE_FIGURE_DB 3.0

typedef struct budget {
    mw_link link;
    double noise_figure;
    double es_n0;
} budget;

static const struct {
    const char *name;
    size_t offset;
    double low, high;
} keys[] = {
    {"frequency_mhz", offsetof(budget, link.frequency_mhz), 150, 1500},
    {"erp_dbm", offsetof(budget, link.erp_dbm), -30, 40},
    {"antenna_dbi", offsetof(budget, link.antenna_dbi), -20, 20},
    {"station_m", offsetof(budget, link.station_m), 1, 500},
    {"meter_m", offsetof(budget, link.meter_m), 0.5, 10},
    {"penetration_db", offsetof(budget, link.penetration_db), 0, 60},
    {"fading_db", offsetof(budget, link.fading_db), 0, 40},
    {"noise_db", offsetof(budget, link.noise_db), 0, 60},
    {"noise_figure_db", offsetof(budget, noise_figure), 0, 30},
    {"es_n0_db", offsetof(budget, es_n0), -10, 30},
};

static int budget_read(budget *b, const char *word) {
    const char *equals = strchr(word, '=');
    for (size_t i = 0; equals != NULL && i < sizeof keys / sizeof keys[0]; i++) {
        size_t n = (size_t)(equals - word);
        char *end = NULL;
        if (strlen(keys[i].name) != n || strncmp(word, keys[i].name, n) != 0)
            continue;
        double v = strtod(equals + 1, &end);
        if (end == equals + 1 || *end != 0 || !(v >= keys[i].low && v <= keys[i].high))
            break;
        memcpy((char *)b + keys[i].offset, &v, sizeof v);
        return 0;
    }
    (void)fprintf(stderr, "mw-station link-budget: \"%s\" is not one of\n", word);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        (void)fprintf(stderr, "  %s=%g..%g\n", keys[i].name, keys[i].low, keys[i].high);
    return 2;
}

static double sensitivity(const budget *b, double baud) {
    return -174 + b->noise_figure + 10 * log10(baud) + b->es_n0;
}

static void budget_print(const budget *b) {
    static const double bauds[] = {50, 400, 3200};
    static const struct {
        const char *name;
        mw_link_land land;
    } lands[] = {{"line of sight, free space", MW_LINK_FREE},
                 {"open country", MW_LINK_OPEN},
                 {"suburb", MW_LINK_SUBURBAN},
                 {"city, small or medium", MW_LINK_URBAN}};
    (void)printf("| | 50 Bd | 400 Bd | 3200 Bd |\n|---|---|---|---|\n| sensitivity, dBm |");
    for (size_t r = 0; r < 3; r++)
        (void)printf(" %.1f |", sensitivity(b, bauds[r]));
    for (size_t i = 0; i < sizeof lands / sizeof lands[0]; i++) {
        mw_link l = b->link;
        l.land = lands[i].land;
        (void)printf("\n| %s: reach, km |", lands[i].name);
        for (size_t r = 0; r < 3; r++) {
            double km = mw_link_reach_km(&l, sensitivity(b, bauds[r]));
            (void)printf(km >= 100 ? " > 100 |" : " %.1f |", km);
        }
    }
    static const struct {
        const char *name;
        mw_link_land land;
        double km;
    } points[] = {{"10 km line of sight", MW_LINK_FREE, 10}, {"5 km city", MW_LINK_URBAN, 5}};
    for (size_t i = 0; i < 2; i++) {
        mw_link l = b->link;
        l.land = points[i].land;
        double level = mw_link_level_dbm(&l, points[i].km);
        (void)printf("\n| %s (path loss %.1f dB, level %.1f dBm): dB left |", points[i].name,
                     mw_link_path_loss_db(&l, points[i].km), level);
        for (size_t r = 0; r < 3; r++)
            (void)printf(" %+.1f |", level - sensitivity(b, bauds[r]) - l.noise_db);
    }
    (void)printf("\n");
}

int mw_station_budget_main(int argc, char **argv) {
    budget b = {.link = {.frequency_mhz = 868,
                         .erp_dbm = 13.98,
                         .antenna_dbi = 3,
                         .station_m = 30,
                         .meter_m = 1.5,
                         .penetration_db = 15,
                         .fading_db = 10.3,
                         .noise_db = 6},
                .noise_figure = NOISE_FIGURE_DB,
                .es_n0 = ES_N0_DB};
    for (int i = 1; i < argc; i++)
        if (budget_read(&b, argv[i]) != 0)
            return 2;
    (void)printf(
        "%.0f MHz, meter %.1f dBm ERP at %.1f m behind %.0f dB of walls; station antenna %.1f "
        "dBi at %.0f m, noise figure %.1f dB, %.0f dB of man-made noise; %.1f dB for "
        "shadows.\n\n",
        b.link.frequency_mhz, b.link.erp_dbm, b.link.meter_m, b.link.penetration_db,
        b.link.antenna_dbi, b.link.station_m, b.noise_figure, b.link.noise_db, b.link.fading_db);
    budget_print(&b);
    return 0;
}
