/* SPDX-License-Identifier: Apache-2.0
 *
 * Draws docs/pictures/radio_per.svg from docs/data/radio_per.csv:
 *
 *   per_picture < docs/data/radio_per.csv > docs/pictures/radio_per.svg
 *
 * One panel a symbol rate: packet error ratio (logarithmic) over Es/N0, each size with its 95 %
 * intervals, and the normal approximation of the best code of that length, dashed.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#define ROWS   256
#define LEFT   60.0
#define TOP    40.0
#define WIDTH  260.0
#define HEIGHT 300.0
#define APART  300.0
#define LOW_DB (-4.2)
#define TOP_DB 1.2
#define FLOOR  1e-3

typedef struct row {
    char rate[3], size[2];
    double db, per, low, high, bound;
} row;

static const char *const rates[] = {"R0", "R1", "R2"};
static const char *const titles[] = {"50 Bd", "400 Bd", "3200 Bd"};
static const char *const sizes[] = {"S", "M", "L"};
static const char *const colours[] = {"#1b6ca8", "#c0392b", "#2e7d32"};

static double x_of(unsigned panel, double db) {
    return LEFT + panel * APART + WIDTH * (db - LOW_DB) / (TOP_DB - LOW_DB);
}

static double y_of(double per) {
    double p = per < FLOOR ? FLOOR : per;
    return TOP + HEIGHT * log10(p) / log10(FLOOR);
}

static void axes(unsigned panel) {
    printf("<text x='%.0f' y='24' font-size='15' text-anchor='middle'>%s, %s</text>\n",
           x_of(panel, (LOW_DB + TOP_DB) / 2), rates[panel], titles[panel]);
    for (int decade = 0; decade <= 3; decade++) {
        double y = y_of(pow(10, -decade));
        printf("<line x1='%.1f' x2='%.1f' y1='%.1f' y2='%.1f' stroke='#ddd'/>\n",
               x_of(panel, LOW_DB), x_of(panel, TOP_DB), y, y);
        printf("<text x='%.1f' y='%.1f' text-anchor='end'>%g</text>\n", x_of(panel, LOW_DB) - 5,
               y + 4, pow(10, -decade));
    }
    for (int db = -4; db <= 1; db++) {
        double x = x_of(panel, db);
        printf("<line x1='%.1f' x2='%.1f' y1='%.1f' y2='%.1f' stroke='#ddd'/>\n", x, x, TOP,
               TOP + HEIGHT);
        printf("<text x='%.1f' y='%.1f' text-anchor='middle'>%d</text>\n", x, TOP + HEIGHT + 16,
               db);
    }
    printf("<text x='%.1f' y='%.1f' text-anchor='middle'>Es/N0, dB</text>\n",
           x_of(panel, (LOW_DB + TOP_DB) / 2), TOP + HEIGHT + 34);
}

/* A line through the points of one rate and size. */
static void line(const row *r, unsigned n, unsigned panel, unsigned size, int bound) {
    unsigned drawn = 0;
    for (unsigned i = 0; i < n; i++) {
        if (strcmp(r[i].rate, rates[panel]) != 0 || strcmp(r[i].size, sizes[size]) != 0)
            continue;
        double value = bound ? r[i].bound : r[i].per;
        if (value < FLOOR && drawn == 0)
            continue;
        printf("%s%.1f,%.1f", drawn++ == 0 ? "<polyline fill='none' points='" : " ",
               x_of(panel, r[i].db), y_of(value));
        if (value < FLOOR)
            break;
    }
    if (drawn > 0)
        printf("' stroke='%s'%s/>\n", colours[size],
               bound ? " stroke-dasharray='5,4' stroke-opacity='0.6'" : " stroke-width='1.6'");
}

static void bars(const row *r, unsigned n) {
    for (unsigned i = 0; i < n; i++) {
        for (unsigned k = 0; k < 9; k++) {
            if (strcmp(r[i].rate, rates[k / 3]) != 0 || strcmp(r[i].size, sizes[k % 3]) != 0)
                continue;
            double x = x_of(k / 3, r[i].db) + ((double)(k % 3) - 1) * 2;
            printf("<line x1='%.1f' x2='%.1f' y1='%.1f' y2='%.1f' stroke='%s'/>", x, x,
                   y_of(r[i].high), y_of(r[i].low), colours[k % 3]);
            printf("<circle cx='%.1f' cy='%.1f' r='2.2' fill='%s'/>\n", x, y_of(r[i].per),
                   colours[k % 3]);
        }
    }
}

int main(void) {
    static row r[ROWS];
    unsigned n = 0, sent, lost;
    char text[256];
    while (n < ROWS && fgets(text, sizeof text, stdin) != NULL) {
        row *x = &r[n];
        if (sscanf(text, "%2[^,],%1[^,],%lf,%u,%u,%lf,%lf,%lf,%lf", x->rate, x->size, &x->db, &sent,
                   &lost, &x->per, &x->low, &x->high, &x->bound) == 9)
            n++;
    }
    printf("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 930 420' "
           "font-family='sans-serif' font-size='12'>\n"
           "<rect width='930' height='420' fill='white'/>\n");
    for (unsigned panel = 0; panel < 3; panel++) {
        axes(panel);
        for (unsigned size = 0; size < 3; size++) {
            line(r, n, panel, size, 1);
            line(r, n, panel, size, 0);
        }
    }
    bars(r, n);
    for (unsigned size = 0; size < 3; size++)
        printf("<text x='%.0f' y='406' fill='%s'>%s</text>\n", LEFT + 70 + size * 40, colours[size],
               sizes[size]);
    printf("<text x='%.0f' y='406'>size; bars: 95 %%; dashed: best code of that length, phase "
           "known (normal approximation)</text>\n",
           LEFT + 200);
    printf("</svg>\n");
    return n > 0 ? 0 : 1;
}
