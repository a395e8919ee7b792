/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/recordings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/assert.h"

static void must(mw_status s, const char *what) {
    if (s == MW_OK)
        return;
    (void)fprintf(stderr, "recordings: %s: %s\n", what, mw_status_text(s));
    exit(2);
}

static gzFile data_open(const char *folder, const char *name) {
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
static const change berlin[] = {{2017, 10, 29, 1, 1}, {2018, 3, 25, 1, 2},  {2018, 10, 28, 1, 1},
                                {2019, 3, 31, 1, 2},  {2019, 10, 27, 1, 1}, {2020, 3, 29, 1, 2},
                                {2020, 10, 25, 1, 1}};
static const change london[] = {{2012, 10, 28, 1, 0}, {2013, 3, 31, 1, 1}, {2013, 10, 27, 1, 0}};
static const change sydney[] = {{2011, 10, 1, 16, 11}, {2012, 3, 31, 16, 10}, {2012, 10, 6, 16, 11},
                                {2013, 4, 6, 16, 10},  {2013, 10, 5, 16, 11}, {2014, 4, 5, 16, 10}};

static void finish(mw_recording *h, const change *zone, uint32_t changes) {
    mw_vee_offset o[8];
    for (uint32_t i = 0; i < changes; i++)
        o[i] = (mw_vee_offset){
            mw_utc_of_s(mw_days_of_date(zone[i].year, zone[i].month, zone[i].day) * 86400 +
                        zone[i].hour * 3600),
            zone[i].offset * 3600};
    h->s.value = h->value;
    h->s.flags = h->flags;
    h->s.register_digits = 9;
    must(mw_vee_days_make(&h->s, o, changes, h->day, MW_REC_DAYS, &h->s.days), "days");
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

void mw_recording_sgsc(const char *folder, mw_recording *const homes[MW_REC_HOMES]) {
    gzFile f = data_open(folder, "sgsc_10_households_30min.csv.gz");
    char line[128];
    long id = -1;
    mw_recording *h = NULL;
    unsigned known = 0;
    while (gzgets(f, line, sizeof line) != NULL) {
        char *p;
        mw_utc t;
        long who = strtol(line, &p, 10);
        if (p == line || mw_utc_parse((mw_slice){(const uint8_t *)p + 1, 20}, &t) != MW_OK)
            continue;
        if (who != id) {
            mw_assert(known < MW_REC_HOMES);
            h = homes[known++];
            h->s.start = t;
            h->s.seconds = 1800;
            id = who;
        }
        int64_t i = (mw_utc_floor_s(t) - mw_utc_floor_s(h->s.start)) / 1800;
        mw_assert(i >= 0 && i < MW_REC_ROOM);
        for (; h->s.n <= i; h->s.n++)
            h->flags[h->s.n] = MW_VEE_MISSING;
        if (h->flags[i] == MW_VEE_MISSING)
            h->value[i] = thousandths(p + 22); /* Wh */
        h->flags[i] = 0;
    }
    (void)gzclose(f);
    for (unsigned k = 0; k < known; k++)
        finish(homes[k], sydney, 6);
}

/* Shower in mL a second plus toilet flushes; an hour without a line of the shower was not recorded.
 * Read as the meter does: whole litres of a counter. */
void mw_recording_weusedto(const char *folder, mw_recording *flat) {
    const int64_t start = mw_days_of_date(2019, 2, 26) * 86400,
                  end = mw_days_of_date(2020, 10, 20) * 86400;
    char line[128];
    flat->s = (mw_vee_series){.start = mw_utc_of_s(start), .seconds = 3600};
    flat->s.n = (uint32_t)((end - start) / 3600);
    for (uint32_t i = 0; i < flat->s.n; i++)
        flat->flags[i] = MW_VEE_MISSING;
    for (unsigned file = 0; file < 2; file++) {
        gzFile f = data_open(folder, file == 0 ? "weusedto_shower_water.csv.gz"
                                               : "weusedto_toilet_water.csv.gz");
        while (gzgets(f, line, sizeof line) != NULL) {
            char *p;
            int64_t at = strtoll(line, &p, 10);
            if (p == line || at < start || at >= end)
                continue;
            uint32_t hour = (uint32_t)((at - start) / 3600);
            flat->value[hour] += thousandths(p + 1) / (file == 0 ? 1000 : 1);
            if (file == 0)
                flat->flags[hour] = 0;
        }
        (void)gzclose(f);
    }
    int64_t counter = 0;
    for (uint32_t i = 0; i < flat->s.n; i++) {
        int64_t before = counter / 1000;
        counter += flat->value[i];
        flat->value[i] = counter / 1000 - before;
    }
    finish(flat, rome, 5);
}

/* Puts a value at its place; between places nothing came. Of two for one place the first stays. */
static void place(mw_recording *r, mw_utc t, uint32_t seconds, int64_t value) {
    if (r->s.seconds == 0)
        r->s = (mw_vee_series){.start = t, .seconds = seconds};
    int64_t i = (mw_utc_floor_s(t) - mw_utc_floor_s(r->s.start)) / seconds;
    mw_assert(i >= 0 && i < MW_REC_ROOM);
    for (; r->s.n <= i; r->s.n++)
        r->flags[r->s.n] = MW_VEE_MISSING;
    if (r->flags[i] == MW_VEE_MISSING)
        r->value[i] = value;
    r->flags[i] = 0;
}

void mw_recording_lcl(const char *folder, mw_recording *home) {
    gzFile f = data_open(folder, "lcl_mac000033_2013_30min.csv.gz");
    char line[128];
    while (gzgets(f, line, sizeof line) != NULL) {
        char *time = strchr(line, ','), iso[21];
        time = time == NULL ? NULL : strchr(time + 1, ',');
        char *kwh = time == NULL ? NULL : strchr(time + 1, ',');
        mw_utc t;
        if (kwh == NULL || kwh - time != 20)
            continue;
        (void)snprintf(iso, sizeof iso, "%.10sT%.8sZ", time + 1, time + 12);
        if (mw_utc_parse((mw_slice){(const uint8_t *)iso, 20}, &t) == MW_OK)
            place(home, t, 1800, thousandths(kwh + 1));
    }
    (void)gzclose(f);
    finish(home, london, 3);
}

void mw_recording_wpuq(const char *folder, mw_recording *house) {
    gzFile f = data_open(folder, "wpuq_sfh19_15min_kw.csv.gz");
    char line[128];
    int64_t rest = 0; /* watts that were not a whole Wh yet: the register counts on */
    while (gzgets(f, line, sizeof line) != NULL) {
        mw_utc t;
        if (strlen(line) < 22 || mw_utc_parse((mw_slice){(const uint8_t *)line, 20}, &t) != MW_OK)
            continue;
        int64_t w = thousandths(line + 21) + rest;
        rest = w % 4;
        place(house, t, 900, w / 4);
    }
    (void)gzclose(f);
    finish(house, berlin, 7);
}

void mw_recording_heat(const char *folder, mw_recording *building) {
    gzFile f = data_open(folder, "danish_heat_meter660_hourly.csv.gz");
    char line[192];
    int64_t before = -1;
    while (gzgets(f, line, sizeof line) != NULL) {
        char *time = strchr(line, ',');
        time = time == NULL ? NULL : strchr(time + 1, ',');
        mw_utc t;
        if (time == NULL || strlen(time) < 24 ||
            mw_utc_parse((mw_slice){(const uint8_t *)time + 1, 20}, &t) != MW_OK)
            continue;
        int64_t wh = thousandths(time + 22);
        if (before >= 0 && wh >= before)
            place(building, mw_utc_of_s(mw_utc_floor_s(t) - 3600), 3600, wh - before);
        before = wh;
    }
    (void)gzclose(f);
    finish(building, berlin, 7);
}
