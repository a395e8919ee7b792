/* SPDX-License-Identifier: Apache-2.0 */
#include "town/series.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/assert.h"

#define LINE_MAX_BYTES 256
#define DAY_S          INT64_C(86400)
/* A flush fills the cistern for about a minute. */
#define FLUSH_S     60
#define HALF_HOUR_S 1800

/* ---- building ---- */

static mw_status append(mw_town_series *s, mw_town_draw draw) {
    if (s->count == MW_TOWN_SERIES_DRAWS_MAX)
        return MW_LIMIT;
    if ((s->count & (s->count - 1)) == 0) {
        size_t room = s->count == 0 ? 1 : 2 * s->count;
        mw_town_draw *larger = realloc(s->draws, room * sizeof *larger);
        if (larger == NULL)
            return MW_NOMEM;
        s->draws = larger;
    }
    s->draws[s->count++] = draw;
    return MW_OK;
}

static int by_time(const void *a, const void *b) {
    int64_t x = ((const mw_town_draw *)a)->at_s, y = ((const mw_town_draw *)b)->at_s;
    return x < y ? -1 : x > y;
}

/* Monday 00:00 UTC of the week that holds t. */
static int64_t monday_of(int64_t t) {
    int64_t day = mw_utc_floor_s(mw_utc_of_s(t)) / DAY_S;
    return (day - (int64_t)mw_weekday_of_days(day)) * DAY_S;
}

/* Sorts, and turns UTC seconds into seconds since the first Monday. */
static mw_status finish(mw_town_series *s) {
    if (s->count == 0)
        return MW_SYNTAX;
    qsort(s->draws, s->count, sizeof s->draws[0], by_time);
    int64_t origin = monday_of(s->draws[0].at_s);
    for (size_t i = 0; i < s->count; i++)
        s->draws[i].at_s -= origin;
    s->weeks = s->draws[s->count - 1].at_s / MW_TOWN_WEEK_S + 1;
    return MW_OK;
}

void mw_town_series_close(mw_town_series *s) {
    if (s == NULL)
        return;
    free(s->draws);
    *s = (mw_town_series){0};
}

/* ---- reading ---- */

typedef mw_status line_reader(const char *line, void *context);

static mw_status read_lines(const char *folder, const char *name, unsigned skip, line_reader *take,
                            void *context) {
    char path[4096], line[LINE_MAX_BYTES];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return MW_LIMIT;
    gzFile f = gzopen(path, "rb");
    if (f == NULL)
        return MW_IO;
    mw_status status = MW_OK;
    while (status == MW_OK && gzgets(f, line, sizeof line) != NULL) {
        if (skip > 0)
            skip--;
        else
            status = take(line, context);
    }
    int zlib_error;
    (void)gzerror(f, &zlib_error);
    if (status == MW_OK && zlib_error != Z_OK && zlib_error != Z_STREAM_END)
        status = MW_IO;
    (void)gzclose(f);
    return status;
}

/* "1550056694 90.0": the millilitres that flowed in that second. */
static mw_status take_shower(const char *line, void *context) {
    long long at;
    unsigned ml, tenths;
    if (sscanf(line, "%lld %u.%u", &at, &ml, &tenths) != 3)
        return MW_SYNTAX;
    /* The recorder has whole millilitres; a decimal would be rounded away silently. */
    if (tenths != 0)
        return MW_RANGE;
    return ml == 0 ? MW_OK : append(context, (mw_town_draw){.at_s = at, .amount = ml});
}

/* "1551112805 12.0 1551113165": a flush of so many litres and when the cistern was used again. */
static mw_status take_flush(const char *line, void *context) {
    long long at;
    unsigned litres, tenths;
    if (sscanf(line, "%lld %u.%u", &at, &litres, &tenths) != 3)
        return MW_SYNTAX;
    uint32_t ml = litres * 1000 + tenths * 100;
    return append(context, (mw_town_draw){.at_s = at, .amount = ml, .duration_s = FLUSH_S});
}

mw_status mw_town_series_open_water(const char *folder, mw_town_series *out_series) {
    mw_town_series s = {.name = "weusedto"};
    mw_status status = read_lines(folder, "weusedto_shower_water.csv.gz", 0, take_shower, &s);
    if (status == MW_OK)
        status = read_lines(folder, "weusedto_toilet_water.csv.gz", 1, take_flush, &s);
    if (status == MW_OK)
        status = finish(&s);
    if (status != MW_OK)
        mw_town_series_close(&s);
    else
        *out_series = s;
    return status;
}

typedef struct households {
    mw_town_series *series;
    size_t max;
    size_t count;
} households;

/* "10006414,2012-02-10T08:00:00Z,0.141": kWh of the half-hour that starts then. */
static mw_status take_half_hour(const char *line, void *context) {
    households *h = context;
    char customer[24], at_text[32];
    unsigned kwh, wh;
    int decimals_start, decimals_end;
    if (sscanf(line, "%23[0-9],%31[^,],%u.%n%u%n", customer, at_text, &kwh, &decimals_start, &wh,
               &decimals_end) != 4)
        return MW_SYNTAX;
    for (int digits = decimals_end - decimals_start; digits < 3; digits++)
        wh *= 10;
    if (decimals_end - decimals_start > 3)
        return MW_RANGE;
    mw_utc at;
    MW_TRY(mw_utc_parse(mw_slice_of_str(at_text), &at));
    if (h->count == 0 || strcmp(h->series[h->count - 1].name, customer) != 0) {
        if (h->count == h->max)
            return MW_OK; /* more households than wanted */
        h->series[h->count] = (mw_town_series){0};
        mw_bytes_copy(h->series[h->count++].name, customer, strlen(customer) + 1);
    }
    uint32_t amount = kwh * 1000 + wh;
    if (amount == 0)
        return MW_OK;
    return append(
        &h->series[h->count - 1],
        (mw_town_draw){.at_s = mw_utc_floor_s(at), .amount = amount, .duration_s = HALF_HOUR_S});
}

mw_status mw_town_series_open_households(const char *folder, mw_town_series *out_series, size_t max,
                                         size_t *out_count) {
    households h = {.series = out_series, .max = max};
    mw_status status = read_lines(folder, "sgsc_10_households_30min.csv.gz", 1, take_half_hour, &h);
    for (size_t i = 0; status == MW_OK && i < h.count; i++)
        status = finish(&h.series[i]);
    if (status != MW_OK) {
        for (size_t i = 0; i < h.count; i++)
            mw_town_series_close(&h.series[i]);
        return status;
    }
    *out_count = h.count;
    return MW_OK;
}

/* ---- loads of electricity meters ---- */

#define MINUTE_S  60
#define QUARTER_S 900
/* "1/2/2007;00:00:00;0.326;0.128;243.150;...": mean kW and kvar of that minute, or "?". In watts
 * times a minute, so 60 a watt-hour. The Thursday stands for Tuesday and Saturday too, the Friday for the
 * other days. */
static mw_status take_minute(const char *line, void *context) {
    unsigned day, month, hour, minute, kw, w, kvar, var;
    int year;
    if (strstr(line, ";?;") != NULL)
        return MW_OK;
    if (sscanf(line, "%u/%u/%d;%u:%u:00;%u.%3u;%u.%3u;", &day, &month, &year, &hour, &minute, &kw,
               &w, &kvar, &var) != 9)
        return MW_SYNTAX;
    int64_t date = mw_days_of_date(year, month, day);
    unsigned weekday = (unsigned)mw_weekday_of_days(date);
    for (unsigned d = weekday % 2; d < 7; d += 2)
        MW_TRY(append(context, (mw_town_draw){.at_s = (date - weekday + d) * DAY_S + hour * 3600 +
                                                      minute * 60,
                                              .amount = kw * 1000 + w,
                                              .duration_s = MINUTE_S,
                                              .reactive = kvar * 1000 + var}));
    return MW_OK;
}

/* "2018-05-16T13:30:00Z,0.37849": mean kW of that quarter-hour, or nothing. In milliwatts times a
 * quarter-hour, so 4000 a watt-hour. */
static mw_status take_quarter(const char *line, void *context) {
    char at_text[32];
    unsigned kw, fraction = 0;
    int start, end;
    int n = sscanf(line, "%31[^,],%u.%n%u%n", at_text, &kw, &start, &fraction, &end);
    if (n == 1)
        return MW_OK;
    if (n != 3 || end - start > 6)
        return MW_SYNTAX;
    for (int digits = end - start; digits < 6; digits++)
        fraction *= 10;
    mw_utc at;
    MW_TRY(mw_utc_parse(mw_slice_of_str(at_text), &at));
    return append(context, (mw_town_draw){.at_s = mw_utc_floor_s(at),
                                          .amount = kw * 1000000 + fraction,
                                          .duration_s = QUARTER_S});
}

static const struct {
    const char *file;
    line_reader *take;
    uint32_t per_wh;
    bool with_reactive;
} loads[MW_TOWN_LOADS] = {
    [MW_TOWN_LOAD_MINUTES] = {"uci_household_1min_2007-02-01_02.txt.gz", take_minute, 60, true},
    [MW_TOWN_LOAD_QUARTERS] = {"wpuq_sfh19_15min_kw.csv.gz", take_quarter, 4000, false},
};

mw_status mw_town_series_open_loads(const char *folder, mw_town_series out_series[MW_TOWN_LOADS]) {
    mw_town_series s[MW_TOWN_LOADS] = {0};
    mw_status status = MW_OK;
    for (size_t i = 0; status == MW_OK && i < MW_TOWN_LOADS; i++) {
        s[i] = (mw_town_series){.per_wh = loads[i].per_wh, .with_reactive = loads[i].with_reactive};
        status = read_lines(folder, loads[i].file, 1, loads[i].take, &s[i]);
        if (status == MW_OK)
            status = finish(&s[i]);
    }
    for (size_t i = 0; i < MW_TOWN_LOADS; i++) {
        if (status != MW_OK)
            mw_town_series_close(&s[i]);
        else
            out_series[i] = s[i];
    }
    return status;
}

/* ---- playing ---- */

void mw_town_player_init(mw_town_player *p, const mw_town_series *series, int64_t offset_weeks,
                         uint32_t step_amount, mw_utc from) {
    mw_assert(series->count > 0 && step_amount > 0);
    int64_t from_s = mw_utc_floor_s(from);
    int64_t span = series->weeks * MW_TOWN_WEEK_S;
    /* Where in the series the meter is at the Monday of `from`, then the origin of that round. */
    int64_t position = offset_weeks % series->weeks * MW_TOWN_WEEK_S + (from_s - monday_of(from_s));
    *p = (mw_town_player){
        .series = series, .cycle_start_s = from_s - position % span, .step_amount = step_amount};
    int64_t now_in_series = position % span;
    while (p->draw < series->count && series->draws[p->draw].at_s < now_in_series)
        p->draw++;
}

/* Takes the next draw that fills at least one step. */
static void next_draw(mw_town_player *p) {
    const mw_town_series *s = p->series;
    for (;;) {
        if (p->draw == s->count) {
            p->draw = 0;
            p->cycle_start_s += s->weeks * MW_TOWN_WEEK_S;
        }
        uint32_t amount = s->draws[p->draw].amount + p->carried;
        p->steps = amount / p->step_amount;
        p->steps_done = 0;
        p->carried = amount % p->step_amount;
        if (p->steps > 0)
            return;
        p->draw++;
    }
}

mw_town_pulse mw_town_player_next(mw_town_player *p) {
    if (p->steps_done == p->steps)
        next_draw(p);
    const mw_town_draw *d = &p->series->draws[p->draw];
    /* The middle of the step's share of the duration. */
    int64_t into_us = (int64_t)d->duration_s * MW_US_PER_S * (2 * (int64_t)p->steps_done + 1) /
                      (2 * (int64_t)p->steps);
    mw_utc at = {(p->cycle_start_s + d->at_s) * MW_US_PER_S + into_us};
    if (++p->steps_done == p->steps)
        p->draw++;
    return (mw_town_pulse){at, p->step_amount};
}
