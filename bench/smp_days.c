/* SPDX-License-Identifier: Apache-2.0
 *
 * How many bits the recorded days of tests/data/consumption take as SMP day objects, how many fit
 * one M or L frame, and what the overlap (yesterday sent again) costs.
 *
 *   bench_smp_days [directory of the recorded series]
 *
 * Ends with 1 when a figure is short of its target. Every day is also decoded and compared.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "base/assert.h"
#include "protocols/smp/smp.h"

#define HOURS_MAX (24 * 900)
#define HOMES_MAX 16
#define DAYS_MAX  (HOMES_MAX * 900)

/* Frame sizes of docs/spec/unb.md: payload bytes, and those bytes with the CRC on the air. */
enum { PAYLOAD_M = 29, PAYLOAD_L = 61, CRC_BYTES = 3 };

/* Registers as they are after years: more nibbles than a new meter sends. */
#define WATER_START INT64_C(1000000)  /* L: 1000 m3 */
#define POWER_START INT64_C(50000000) /* Wh: 50 MWh */

static mw_smp_day days[DAYS_MAX];
static size_t day_count;

static const char *directory = "tests/data/consumption";

static gzFile open_series(const char *name) {
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    gzFile f = gzopen(path, "rb");
    if (f == NULL) {
        (void)fprintf(stderr, "bench_smp_days: cannot open %s\n", path);
        exit(1);
    }
    return f;
}

/* "12.34" in thousandths, without floating point; *end is left behind the number. */
static int64_t thousandths(const char *p, char **end) {
    int64_t v = strtoll(p, end, 10) * 1000;
    if (**end == '.') {
        int64_t place = 100;
        for ((*end)++; **end >= '0' && **end <= '9'; (*end)++, place /= 10)
            v += (**end - '0') * place;
    }
    return v;
}

static int64_t hour_volume[HOURS_MAX]; /* uL */
static int64_t first_hour, last_hour;

static void add_volume(int64_t unix_s, int64_t ul, int64_t origin) {
    int64_t h = unix_s / 3600 - origin;
    if (h >= 0 && h < HOURS_MAX)
        hour_volume[h] += ul;
}

/* Hours since 1970 at the first midnight both fixtures were recorded. */
#define WATER_ORIGIN ((INT64_C(1551112805) / 86400 + 1) * 24)
#define WATER_END    (INT64_C(1603297236) / 86400 * 24)

static void read_water(void) {
    char line[128];
    gzFile f = open_series("weusedto_shower_water.csv.gz");
    while (gzgets(f, line, sizeof line) != NULL) {
        char *p;
        int64_t t = strtoll(line, &p, 10);
        add_volume(t, thousandths(p, &p), WATER_ORIGIN);
    }
    (void)gzclose(f);
    f = open_series("weusedto_toilet_water.csv.gz");
    (void)gzgets(f, line, sizeof line);
    while (gzgets(f, line, sizeof line) != NULL) {
        char *p;
        int64_t t = strtoll(line, &p, 10);
        add_volume(t, thousandths(p, &p) * 1000, WATER_ORIGIN);
    }
    (void)gzclose(f);
    first_hour = 0;
    last_hour = WATER_END - WATER_ORIGIN;
}

/* The series begin in 2012, before the first SMP hour: they are moved by whole days. */
static uint32_t smp_hour(int64_t hours_since_1970) {
    return (uint32_t)(hours_since_1970 - MW_SMP_EPOCH_S / 3600 + 5000 * 24);
}

/* Days of a meter behind `flats` such flats, each moved by another 13 weeks. A day always takes
 * differences of whole litres of one counter, so that nothing is rounded away. */
static void water_days(unsigned flats) {
    day_count = 0;
    int64_t ul = 0, litres = 0, hours = last_hour - first_hour;
    mw_smp_day day = {.hours = 24, .reg = WATER_START};
    for (int64_t h = 0; h < hours; h++) {
        for (unsigned k = 0; k < flats; k++)
            ul += hour_volume[(h + (int64_t)k * 13 * 7 * 24) % hours];
        day.value[h % 24] = ul / 1000000 - litres;
        litres = ul / 1000000;
        if (h % 24 == 23) {
            day.reg = WATER_START + litres;
            day.end_hour = smp_hour(WATER_ORIGIN + h + 1);
            days[day_count++] = day;
        }
    }
}

/* Half-hours of one home; -1 where there is none. */
#define HALVES_MAX (48 * 1100)
static int64_t half[HALVES_MAX];
static int64_t power_origin; /* half-hours since 1970 */

static void power_home_days(void) {
    mw_smp_day day = {.hours = 24, .reg = POWER_START};
    for (int64_t d = 0; d < HALVES_MAX / 48; d++) {
        bool whole = true;
        for (int64_t h = 0; h < 24; h++) {
            int64_t a = half[48 * d + 2 * h], b = half[48 * d + 2 * h + 1];
            whole = whole && a >= 0 && b >= 0;
            day.value[h] = a + b;
        }
        if (!whole || day_count == DAYS_MAX)
            continue;
        for (unsigned h = 0; h < 24; h++)
            day.reg += day.value[h];
        day.end_hour = smp_hour(power_origin / 2 + 24 * (d + 1));
        days[day_count++] = day;
    }
}

static void power_days(void) {
    char line[128];
    long long home = -1;
    gzFile f = open_series("sgsc_10_households_30min.csv.gz");
    (void)gzgets(f, line, sizeof line);
    day_count = 0;
    while (gzgets(f, line, sizeof line) != NULL) {
        char *p;
        long long id = strtoll(line, &p, 10);
        mw_utc t;
        mw_slice text = {(const uint8_t *)p + 1, 20};
        if (mw_utc_parse(text, &t) != MW_OK)
            continue;
        int64_t at = mw_utc_floor_s(t) / 1800;
        if (id != home) {
            if (home >= 0)
                power_home_days();
            home = id;
            power_origin = at / 48 * 48;
            for (size_t i = 0; i < HALVES_MAX; i++)
                half[i] = -1;
        }
        at -= power_origin;
        if (at >= 0 && at < HALVES_MAX)
            half[at] = thousandths(p + 22, &p);
    }
    power_home_days();
    (void)gzclose(f);
}

typedef struct summary {
    size_t sorted[DAYS_MAX]; /* bits of each day object */
    uint64_t object_bytes;   /* objects with their header byte */
    uint64_t values;
    double fits;      /* percent of days in one frame */
    double fits_full; /* the same when the frame carries the whole counter */
} summary;

static summary result;

static int compare(const void *a, const void *b) {
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

/* Object bytes a frame has beside the object's own header byte. */
static size_t body_room(size_t payload, bool full) {
    return mw_smp_frame_room(payload, MW_SMP_UP, full) - 1;
}

static void measure(size_t payload) {
    size_t fits = 0, fits_full = 0;
    result.object_bytes = result.values = 0;
    for (size_t i = 0; i < day_count; i++) {
        uint8_t body[MW_SMP_DAY_MAX];
        size_t n;
        mw_smp_day back;
        mw_assert(mw_smp_day_encode(&days[i], sizeof body, MW_SPAN_OF(body), &n) == MW_OK);
        mw_assert(mw_smp_day_decode((mw_slice){body, n}, &back) == MW_OK);
        mw_assert(memcmp(back.value, days[i].value, sizeof back.value) == 0);
        mw_assert(back.reg == days[i].reg && back.end_hour == days[i].end_hour);
        result.sorted[i] = mw_smp_day_bits(&days[i]);
        result.object_bytes += n + 1;
        result.values += days[i].hours;
        fits += n <= body_room(payload, false);
        fits_full += n <= body_room(payload, true);
    }
    qsort(result.sorted, day_count, sizeof result.sorted[0], compare);
    result.fits = 100.0 * (double)fits / (double)day_count;
    result.fits_full = 100.0 * (double)fits_full / (double)day_count;
}

static double bytes_per_value(void) {
    return (double)result.object_bytes / (double)result.values;
}

static void describe(const char *name, const char *frame) {
    size_t n = day_count;
    mw_assert(n > 0);
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        for (unsigned h = 0; h < 24; h++)
            sum += days[i].value[h];
    printf("# %-28s %5zu days, mean %lld a day, bits per day: min %zu, median %zu, 90 %% %zu, 99 "
           "%% %zu, max %zu; "
           "one %s: %.2f %%, with the whole counter %.2f %%; %.3f bytes per hourly value\n",
           name, n, (long long)(sum / (int64_t)n), result.sorted[0], result.sorted[n / 2],
           result.sorted[n * 9 / 10], result.sorted[n * 99 / 100], result.sorted[n - 1], frame,
           result.fits, result.fits_full, bytes_per_value());
}

/* Frames a day needs, one after the other, by the rule of the specification. */
static unsigned frames_of(mw_smp_day day, size_t payload) {
    unsigned frames = 1, first;
    for (;; frames++) {
        mw_smp_day part;
        mw_assert(mw_smp_day_fit(&day, body_room(payload, false), &first) == MW_OK);
        if (first == day.hours)
            return frames;
        mw_assert(mw_smp_day_split(&day, first, &part, &day) == MW_OK);
    }
}

/* Air bytes a day without the overlap, with yesterday in a frame of its own, and with both days
 * in one object of 48 hours where that fits. */
static void overlap(const char *name, size_t payload) {
    uint64_t plain = 0, own = 0, joint = 0, joined = 0, n = 0;
    for (size_t i = 1; i < day_count; i++) {
        if (days[i].end_hour != days[i - 1].end_hour + 24)
            continue;
        unsigned today = frames_of(days[i], payload), before = frames_of(days[i - 1], payload);
        mw_smp_day both = days[i];
        both.hours = 48;
        for (unsigned h = 0; h < 24; h++) {
            both.value[h] = days[i - 1].value[h];
            both.value[24 + h] = days[i].value[h];
        }
        size_t bits = mw_smp_day_bits(&both);
        bool one = bits != 0 && (bits + 7) / 8 <= body_room(payload, false);
        n++;
        plain += today;
        own += today + before;
        joined += one;
        joint += one ? 1 : today + before;
    }
    double air = (double)(payload + CRC_BYTES) / (double)n;
    printf("# overlap, %-20s air bytes a day: none %.1f, yesterday in its own frame %.1f, "
           "48 hours in one object where it fits (%.1f %% of days) %.1f\n",
           name, air * (double)plain, air * (double)own, 100.0 * (double)joined / (double)n,
           air * (double)joint);
}

static bool all_ok = true;

static void figure(const char *key, double value, const char *unit, double target, bool least) {
    bool ok = least ? value >= target : value <= target;
    printf("%s %.3f %s %s%g %s\n", key, value, unit, least ? ">=" : "<=", target,
           ok ? "ok" : "short");
    all_ok = all_ok && ok;
}

int main(int argc, char **argv) {
    if (argc > 1)
        directory = argv[1];
    read_water();
    water_days(1);
    measure(PAYLOAD_M);
    describe("water, one flat, 1 L", "M");
    overlap("water, one flat", PAYLOAD_M);
    double water_fits = result.fits, water_bytes = bytes_per_value();
    water_days(4);
    measure(PAYLOAD_M);
    describe("water, sum of 4 flats", "M");
    overlap("water, 4 flats", PAYLOAD_M);
    water_days(8);
    measure(PAYLOAD_M);
    describe("water, sum of 8 flats", "M");
    power_days();
    measure(PAYLOAD_L);
    describe("electricity, 10 homes, 1 Wh", "L");
    overlap("electricity", PAYLOAD_L);
    double power_bytes = bytes_per_value();

    /* The targets for bytes are those of an object that sends 2 bytes for each hourly value. */
    figure("smp.bytes_per_hourly_value", (water_bytes + power_bytes) / 2, "B", 2, false);
    figure("smp.bytes_per_hourly_value_water", water_bytes, "B", 2, false);
    figure("smp.bytes_per_hourly_value_electricity", power_bytes, "B", 2, false);
    figure("smp.day_fits_m_pct_water", water_fits, "%", 99, true);
    figure("smp.day_fits_l_pct_electricity", result.fits, "%", 100, true);
    return all_ok ? 0 : 1;
}
