/* SPDX-License-Identifier: Apache-2.0
 *
 * Designs and measures the transmit pulse.
 *
 *     unb_pulse table [ROLLOFF] [WINDOW]   the int16 table, as it stands in pulse.c with the
 * defaults unb_pulse compare                    candidates: why the defaults are what they are
 *
 * A root-raised cosine of the given roll-off, cut to 6 symbols by a Kaiser window from which its
 * edge value was taken, scaled so that no sequence of symbols exceeds 32000.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PER_SYMBOL 32
#define HALF       96
#define ENTRIES    193

static double root_raised_cosine(double t, double a) {
    if (fabs(t) < 1e-9)
        return 1 - a + 4 * a / M_PI;
    if (fabs(fabs(t) - 1 / (4 * a)) < 1e-9)
        return a / sqrt(2) *
               ((1 + 2 / M_PI) * sin(M_PI / (4 * a)) + (1 - 2 / M_PI) * cos(M_PI / (4 * a)));
    double x = 4 * a * t;
    return (sin(M_PI * t * (1 - a)) + x * cos(M_PI * t * (1 + a))) / (M_PI * t * (1 - x * x));
}

static double bessel_i0(double x) {
    double sum = 1;
    double term = 1;
    for (int k = 1; k < 40; k++) {
        term *= x * x / (4.0 * k * k);
        sum += term;
    }
    return sum;
}

static void design(double rolloff, double window, int16_t table[ENTRIES]) {
    double p[ENTRIES];
    double worst = 0;
    for (int i = 0; i < ENTRIES; i++) {
        double u = (i - HALF) / (double)HALF;
        double edge = bessel_i0(window * sqrt(fmax(0, 1 - u * u)));
        p[i] = root_raised_cosine((i - HALF) / (double)PER_SYMBOL, rolloff) * (edge - 1) /
               (bessel_i0(window) - 1);
    }
    for (int phase = 0; phase < PER_SYMBOL; phase++) {
        double sum = 0;
        for (int i = phase; i < ENTRIES; i += PER_SYMBOL)
            sum += fabs(p[i]);
        worst = fmax(worst, sum);
    }
    for (int i = 0; i < ENTRIES; i++)
        table[i] = (int16_t)lrint(p[i] * 32000 / worst);
}

/* Power density at f symbol rates from the carrier, linear interpolation between entries. */
static double density(const int16_t table[ENTRIES], double f) {
    double sum = table[HALF];
    for (int i = 1; i <= HALF; i++)
        sum += 2.0 * table[HALF + i] * cos(2 * M_PI * f * i / PER_SYMBOL);
    double x = M_PI * f / PER_SYMBOL;
    double hold = x > 0 ? sin(x) / x : 1;
    return sum * sum * pow(hold, 4);
}

static void measure(const int16_t table[ENTRIES]) {
    enum { STEPS = 6400 };
    static double power[STEPS];
    double total = 0;
    for (int i = 0; i < STEPS; i++)
        total += power[i] = density(table, (i + 0.5) * 0.02);
    double inside = 0;
    int edge = 0;
    while (inside < 0.99 * total)
        inside += power[edge++];
    static const double offsets[] = {1, 1.5, 2, 20};
    printf(" bw99 %.2f Bd, beyond 1/1.5/2/20 Bd", 2 * edge * 0.02);
    for (int k = 0; k < 4; k++) {
        double out = 0;
        for (int i = (int)(offsets[k] / 0.02); i < STEPS; i++)
            out += power[i];
        printf(" %.1f", 10 * log10(out / total));
    }
    double self = 0;
    double other = 0;
    double mean = 0;
    double peak = 0;
    for (int shift = 0; shift <= ENTRIES; shift += PER_SYMBOL) {
        double r = 0;
        for (int i = 0; i + shift < ENTRIES; i++)
            r += (double)table[i] * table[i + shift];
        self = shift == 0 ? r : self;
        other += shift == 0 ? 0 : 2 * r * r;
    }
    for (int phase = 0; phase < PER_SYMBOL; phase++) {
        double sum = 0;
        for (int i = phase; i < ENTRIES; i += PER_SYMBOL)
            sum += fabs((double)table[i]);
        peak = fmax(peak, sum);
    }
    mean = self / PER_SYMBOL;
    printf(" dBc, ISI %.1f dB, peak/mean %.1f dB\n", 10 * log10(other / (self * self)),
           10 * log10(peak * peak / mean));
}

int main(int argc, char **argv) {
    int16_t table[ENTRIES];
    if (argc >= 2 && strcmp(argv[1], "table") == 0) {
        design(argc > 2 ? atof(argv[2]) : 0.5, argc > 3 ? atof(argv[3]) : 1.0, table);
        for (int i = 0; i <= HALF; i++)
            printf("%d,%s", table[i], i % 12 == 11 ? "\n" : " ");
        printf("\n");
        return 0;
    }
    if (argc != 2 || strcmp(argv[1], "compare") != 0) {
        fprintf(stderr, "usage: unb_pulse table [ROLLOFF] [WINDOW] | compare\n");
        return 2;
    }
    for (double rolloff = 0.3; rolloff < 0.85; rolloff += 0.1) {
        for (int window = 1; window <= 4; window++) {
            design(rolloff, window, table);
            printf("rolloff %.1f window %d:", rolloff, window);
            measure(table);
        }
    }
    return 0;
}
