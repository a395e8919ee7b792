/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/files/import.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "platform/files/gather.h"
#include "platform/files/meter_line.h"

typedef struct importer {
    const mw_mapping *m;
    const mw_import_target *target;
    mw_import_report *report;
    const mw_zone *zone;
    bool dry;
    bool bound;                    /* the headings were found */
    size_t column[MW_FIELD_COUNT]; /* 0-based, of fields that have one */
    size_t time_and;               /* of the second part of a time */
    mw_gather gather;
} importer;

/* ---- headings ---- */

static mw_slice trim(mw_slice s) {
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = mw_slice_sub(s, 1, s.n - 1);
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

static bool heading_find(const mw_slice *cells, size_t n, const char *heading, size_t *out_column) {
    for (size_t i = 0; i < n; i++)
        if (mw_slice_equal(trim(cells[i]), mw_slice_of_str(heading))) {
            *out_column = i;
            return true;
        }
    return false;
}

static mw_status bind(importer *im, uint32_t row, const mw_slice *cells, size_t n) {
    for (size_t f = 0; f < MW_FIELD_COUNT; f++) {
        const mw_mapping_source *s = &im->m->source[f];
        if (!s->given || s->is_constant)
            continue;
        im->column[f] = (size_t)s->number - 1;
        if (s->heading[0] != 0 && !heading_find(cells, n, s->heading, &im->column[f])) {
            mw_import_problem_add(im->report, row, "there is no column \"%.100s\"", s->heading);
            return MW_NOT_FOUND;
        }
        if (s->and_heading[0] != 0 && !heading_find(cells, n, s->and_heading, &im->time_and)) {
            mw_import_problem_add(im->report, row, "there is no column \"%.100s\"", s->and_heading);
            return MW_NOT_FOUND;
        }
    }
    im->bound = true;
    return MW_OK;
}

static mw_slice cell_at(const mw_slice *cells, size_t n, size_t column) {
    return column < n ? trim(cells[column]) : (mw_slice){0};
}

mw_slice mw_import_text(const mw_mapping *m, mw_mapping_field f, const size_t *columns,
                        const mw_slice *cells, size_t n, mw_span room) {
    const mw_mapping_source *s = &m->source[f];
    if (!s->given)
        return (mw_slice){0};
    mw_slice text = s->is_constant ? mw_slice_of_str(s->constant) : cell_at(cells, n, columns[f]);
    if (s->prefix[0] == 0 || text.n == 0)
        return text;
    mw_writer w = mw_writer_of(room);
    mw_write_str(&w, s->prefix);
    mw_write_bytes(&w, text);
    return w.status == MW_OK ? mw_writer_done(&w) : text;
}

/* ---- one reading ---- */

/* The moment of an ambiguous clock time, MW_NOT_FOUND when the mapping does not settle it. */
static mw_status settle_twice(importer *im, const mw_gather_channel *c, const mw_utc twice[2],
                              mw_utc *out) {
    int64_t earlier = mw_utc_floor_s(twice[0]), later = mw_utc_floor_s(twice[1]);
    int64_t next = c->last_at_s == INT64_MIN ? INT64_MIN : c->last_at_s + im->m->interval_s;
    switch (im->m->ambiguous) {
    case MW_AMBIGUOUS_EARLIER:
        *out = twice[0];
        break;
    case MW_AMBIGUOUS_LATER:
        *out = twice[1];
        break;
    case MW_AMBIGUOUS_IN_ORDER:
        /* A row that repeats the one before is a duplicate, unless the next interval starts with
         * the second hour. */
        *out = c->last_at_s > earlier || (c->last_at_s == earlier && next == later) ? twice[1]
                                                                                    : twice[0];
        break;
    case MW_AMBIGUOUS_REFUSE:
    default:
        return MW_NOT_FOUND;
    }
    im->report->twice++;
    return MW_OK;
}

static mw_status moment_of(importer *im, const mw_gather_channel *c, const mw_civil *civil,
                           uint32_t row, mw_utc *out) {
    mw_utc found[2];
    unsigned n = mw_moment_of_local(im->zone, civil, found);
    if (n == 2) {
        mw_status s = settle_twice(im, c, found, out);
        if (s != MW_OK)
            mw_import_problem_add(im->report, row, "%02u:%02u came twice in %s on this day",
                                  civil->hour, civil->minute, im->m->zone);
        return s;
    }
    if (n == 0 && im->m->shift_skipped) {
        /* As if the clocks had not been put forward yet. */
        mw_utc t;
        mw_assert(mw_utc_of_civil(civil, &t) == MW_OK);
        int32_t before = mw_zone_offset_s(im->zone, mw_utc_add(t, mw_dur_s(-86400)));
        *out = mw_utc_of_s(mw_utc_floor_s(t) - before);
        im->report->shifted++;
        return MW_OK;
    }
    if (n == 0) {
        mw_import_problem_add(im->report, row, "%02u:%02u never was in %s on this day", civil->hour,
                              civil->minute, im->m->zone);
        return MW_NOT_FOUND;
    }
    *out = found[0];
    return MW_OK;
}

static mw_status time_take(importer *im, const mw_gather_channel *c, uint32_t row,
                           const mw_slice *cells, size_t n, mw_utc *out) {
    char joined[128];
    mw_slice text = cell_at(cells, n, im->column[MW_FIELD_time]);
    if (im->m->source[MW_FIELD_time].and_heading[0] != 0) {
        mw_slice second = cell_at(cells, n, im->time_and);
        int k = snprintf(joined, sizeof joined, "%.*s %.*s", text.n < 60 ? (int)text.n : 60,
                         (const char *)text.p, second.n < 60 ? (int)second.n : 60,
                         (const char *)second.p);
        text = (mw_slice){(const uint8_t *)joined, (size_t)k};
    }
    mw_civil civil;
    bool is_utc = false;
    if (mw_moment_parse(im->m->time_format, text, &civil, &is_utc) != MW_OK) {
        mw_import_problem_add(im->report, row, "\"%.*s\" is not a time as \"%s\" says",
                              text.n < 40 ? (int)text.n : 40, (const char *)text.p,
                              im->m->time_format);
        return MW_SYNTAX;
    }
    mw_utc t;
    if (is_utc)
        mw_assert(mw_utc_of_civil(&civil, &t) == MW_OK);
    else
        MW_TRY(moment_of(im, c, &civil, row, &t));
    *out = t;
    return MW_OK;
}

/* What a file's number means for a channel. */
static mw_status conversion_find(const mw_mapping *m, const mw_import_channel *c,
                                 mw_conversion *out) {
    return m->mean ? mw_conversion_of_mean(m->unit, m->scale, m->interval_s, c->unit, c->scale, out)
                   : mw_conversion_of(m->unit, m->scale, c->unit, c->scale, out);
}

static mw_status channel_take(importer *im, uint32_t row, const mw_slice *cells, size_t n,
                              uint32_t *out_index) {
    uint8_t room[256];
    mw_slice serial =
        mw_import_text(im->m, MW_FIELD_serial, im->column, cells, n, (mw_span){room, 192});
    mw_slice number =
        mw_import_text(im->m, MW_FIELD_channel, im->column, cells, n, (mw_span){room + 192, 64});
    mw_decimal d = {0};
    if (serial.n == 0 || (number.n > 0 && (mw_decimal_parse(number, '.', 0, &d) != MW_OK ||
                                           d.decimals != 0 || d.digits < 0 || d.digits > 255))) {
        mw_import_problem_add(im->report, row,
                              serial.n == 0 ? "the serial number is missing"
                                            : "the channel is not 0 to 255");
        return MW_SYNTAX;
    }
    bool fresh = false;
    mw_status s = mw_gather_channel_of(&im->gather, serial, (uint8_t)d.digits, out_index, &fresh);
    if (s == MW_RANGE)
        mw_import_problem_add(im->report, row, "the serial number is too long");
    if (s != MW_OK || !fresh)
        return s;
    mw_gather_channel *c = &im->gather.channel[*out_index];
    char why[160] = "";
    s = im->target->resolve(im->target->ctx, c->serial, c->number, &c->info, why);
    if (s == MW_NOT_FOUND || s == MW_CONFLICT) {
        c->info.channel = 0;
        if (why[0] == 0)
            snprintf(why, sizeof why, "there is no meter \"%.63s\" with channel %u", c->serial,
                     c->number);
        mw_import_problem_add(im->report, row, "%s", why);
        return MW_OK;
    }
    MW_TRY(s);
    if (conversion_find(im->m, &c->info, &c->conversion) != MW_OK) {
        mw_import_problem_add(im->report, row, "%s of the file is not what channel %u measures",
                              mw_unit_info_of(im->m->unit)->ucum, c->number);
        c->info.channel = 0;
    }
    return MW_OK;
}

static bool on_grid(const importer *im, mw_utc t) {
    return im->m->rows != MW_MAPPING_INTERVALS ||
           (t.us % MW_US_PER_S == 0 &&
            mw_utc_floor_s(t) % (im->m->interval_s < 900 ? im->m->interval_s : 900) == 0);
}

/* A row's problem is reported and MW_OK returned; another status ends the import. */
static mw_status reading_take(importer *im, uint32_t row, const mw_slice *cells, size_t n) {
    mw_slice text = cell_at(cells, n, im->column[MW_FIELD_value]);
    if (text.n == 0) {
        im->report->empty++;
        if (im->m->empty_is_error)
            mw_import_problem_add(im->report, row, "the value is missing");
        return MW_OK;
    }
    mw_gathered v = {.row = row};
    mw_status s = channel_take(im, row, cells, n, &v.channel);
    if (s != MW_OK)
        return s == MW_SYNTAX || s == MW_RANGE ? MW_OK : s;
    mw_gather_channel *c = &im->gather.channel[v.channel];
    if (c->info.channel == 0)
        return MW_OK; /* said once, at its first row */
    mw_utc t;
    if (time_take(im, c, row, cells, n, &t) != MW_OK)
        return MW_OK;
    if (im->m->rows == MW_MAPPING_INTERVALS && im->m->stamp_is_end)
        t = mw_utc_add(t, mw_dur_s(-(int64_t)im->m->interval_s));
    if (!on_grid(im, t)) {
        mw_import_problem_add(im->report, row, "the interval does not start on a quarter hour");
        return MW_OK;
    }
    if (mw_decimal_parse(text, im->m->point, im->m->group, &v.value) != MW_OK) {
        mw_import_problem_add(im->report, row, "\"%.*s\" is not a number",
                              text.n < 40 ? (int)text.n : 40, (const char *)text.p);
        return MW_OK;
    }
    v.at_s = mw_utc_floor_s(t);
    c->last_at_s = v.at_s;
    return mw_gather_add(&im->gather, v);
}

/* ---- rows ---- */

static mw_status on_row(void *ctx, uint32_t row, const mw_slice *cells, size_t n) {
    importer *im = ctx;
    if (row < im->m->header_row)
        return MW_OK;
    if (!im->bound) {
        mw_status s = bind(im, row, cells, n);
        if (s != MW_OK || im->m->header_row > 0)
            return s;
    }
    im->report->rows++;
    if (im->m->rows != MW_MAPPING_METERS)
        return reading_take(im, row, cells, n);
    char why[160] = "";
    mw_buffer line;
    mw_buffer_init(&line, MW_IMPORT_METER_MAX);
    mw_status s = mw_meter_line(im->m, im->column, cells, n, &line, why);
    if (s == MW_OK)
        s = im->target->meter(im->target->ctx, mw_buffer_view(&line), im->dry, why);
    mw_bytes_wipe(line.p, line.n); /* it holds the meter's key */
    mw_buffer_fini(&line);
    if (s == MW_OK) {
        im->report->meters++;
        return MW_OK;
    }
    mw_import_problem_add(im->report, row, "%.150s", why[0] != 0 ? why : mw_status_text(s));
    return mw_status_class_of(s) == MW_CLASS_ENVIRONMENT ? s : MW_OK;
}

static mw_status read_rows(importer *im, mw_slice file) {
    mw_table_error error = {0};
    mw_status s =
        mw_table_kind_of(file) == MW_TABLE_XLSX
            ? mw_xlsx_read(file, im->m->sheet[0] != 0 ? im->m->sheet : NULL, on_row, im, &error)
            : mw_csv_read(file, (mw_csv_options){.delimiter = im->m->delimiter}, on_row, im,
                          &error);
    if (error.text[0] != 0)
        mw_import_problem_add(im->report, error.row, "%s", error.text);
    if (s == MW_LIMIT && error.text[0] == 0)
        mw_import_problem_add(im->report, 0, "more than %d readings or %d channels",
                              MW_IMPORT_VALUES_MAX, MW_IMPORT_CHANNELS_MAX);
    /* What is wrong with the file is in the report; only the environment ends an import. */
    if (s != MW_OK && im->report->problem_count > 0 &&
        mw_status_class_of(s) != MW_CLASS_ENVIRONMENT)
        s = MW_OK;
    if (s == MW_OK && !im->bound && im->report->problem_count == 0)
        mw_import_problem_add(im->report, 0, "the table is empty");
    return s;
}

/* ---- handing over ---- */

static mw_status give(importer *im, const mw_gathered *v, int64_t count) {
    const mw_gather_channel *c = &im->gather.channel[v->channel];
    const mw_import_target *t = im->target;
    if (im->m->rows == MW_MAPPING_INTERVALS)
        return t->interval(t->ctx, c->info.channel, mw_utc_of_s(v->at_s), im->m->interval_s, count);
    return t->reading(t->ctx, c->info.channel, mw_utc_of_s(v->at_s), count);
}

/* Converts all values, first only to see whether it can be done, then to hand them over. */
static mw_status convert(importer *im, bool hand_over) {
    mw_remainder carry = 0;
    for (size_t i = 0; i < im->gather.values; i++) {
        const mw_gathered *v = &im->gather.value[i];
        bool first = i == 0 || im->gather.value[i - 1].channel != v->channel;
        int64_t count = 0;
        if (first)
            carry = 0;
        if (mw_decimal_count(v->value, im->gather.channel[v->channel].conversion, im->m->rounding,
                             &carry, &count) != MW_OK) {
            mw_import_problem_add(im->report, v->row,
                                  "the value is not a whole count of the channel's unit");
            continue;
        }
        if (hand_over) {
            MW_TRY(give(im, v, count));
            continue;
        }
        mw_utc t = mw_utc_of_s(v->at_s);
        mw_import_report *r = im->report;
        r->values++;
        r->channels += first;
        if (mw_utc_is_none(r->first) || t.us < r->first.us)
            r->first = t;
        if (mw_utc_is_none(r->last) || t.us > r->last.us)
            r->last = t;
    }
    return MW_OK;
}

mw_status mw_import_run(const mw_mapping *mapping, mw_slice file, mw_zones *zones,
                        const mw_import_target *target, bool dry, mw_import_report *report) {
    *report = (mw_import_report){.first = MW_UTC_NONE, .last = MW_UTC_NONE};
    importer im = {.m = mapping, .target = target, .report = report, .dry = true};
    if (mapping->header_row == 0)
        MW_TRY(bind(&im, 0, NULL, 0));
    if (mw_zones_get(zones, mapping->zone, &im.zone) != MW_OK) {
        mw_import_problem_add(report, 0, "there is no time zone \"%s\"", mapping->zone);
        return MW_OK;
    }
    mw_status s = read_rows(&im, file);
    if (s == MW_OK) {
        mw_gather_settle(&im.gather, mapping->duplicates, report);
        s = convert(&im, false);
    }
    if (s == MW_OK && !dry && report->problem_count == 0) {
        if (mapping->rows == MW_MAPPING_METERS) {
            *report = (mw_import_report){.first = MW_UTC_NONE, .last = MW_UTC_NONE};
            im.dry = false;
            im.bound = mapping->header_row == 0;
            s = read_rows(&im, file);
        } else {
            s = convert(&im, true);
        }
    }
    mw_gather_fini(&im.gather);
    return s;
}
