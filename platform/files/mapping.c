/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/files/mapping.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    char meters;
    char readings;
} fields[MW_FIELD_COUNT] = {
#define X(name, meters, readings) {#name, meters, readings},
    MW_MAPPING_FIELDS(X)
#undef X
};

const char *mw_mapping_field_name(mw_mapping_field f) {
    return fields[f].name;
}

typedef struct choice {
    const char *word;
    int value;
} choice;

typedef struct decoder {
    mw_mapping *m;
    mw_json_error *error;
} decoder;

static mw_status bad(const decoder *d, const char *format, const char *what) {
    /* The format is one of ours. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(d->error->text, sizeof d->error->text, format, what);
#pragma GCC diagnostic pop
    return MW_SYNTAX;
}

/* A member that may be absent; *out_text stays as it is then. */
static mw_status text_get(const decoder *d, const json_t *o, const char *key, size_t max,
                          const char **out_text) {
    mw_status s = mw_json_get_text(o, key, max, out_text, d->error);
    if (s == MW_NOT_FOUND)
        d->error->text[0] = 0;
    return s == MW_NOT_FOUND ? MW_OK : s;
}

static mw_status text_into(const decoder *d, const json_t *o, const char *key, char *out,
                           size_t size) {
    const char *text = out;
    MW_TRY(text_get(d, o, key, size - 1, &text));
    if (text != out)
        snprintf(out, size, "%s", text);
    return MW_OK;
}

static mw_status character_into(const decoder *d, const json_t *o, const char *key, char *out) {
    const char *text = NULL;
    MW_TRY(text_get(d, o, key, 1, &text));
    if (text == NULL)
        return MW_OK;
    if (text[0] == 0 || text[0] == '"' || text[0] == '\n' || text[0] == '\r')
        return bad(d, "\"%s\" must be one character", key);
    *out = text[0];
    return MW_OK;
}

static mw_status int_into(const decoder *d, const json_t *o, const char *key, int64_t min,
                          int64_t max, int64_t *inout) {
    mw_status s = mw_json_get_int(o, key, min, max, inout, d->error);
    if (s == MW_NOT_FOUND)
        d->error->text[0] = 0;
    return s == MW_NOT_FOUND ? MW_OK : s;
}

static mw_status choice_into(const decoder *d, const json_t *o, const char *key,
                             const choice *choices, int *inout) {
    const char *text = NULL;
    MW_TRY(text_get(d, o, key, 32, &text));
    if (text == NULL)
        return MW_OK;
    for (; choices->word != NULL; choices++)
        if (strcmp(choices->word, text) == 0) {
            *inout = choices->value;
            return MW_OK;
        }
    return bad(d, "\"%s\" has a word that is not known", key);
}

static mw_status object_get(const decoder *d, const json_t *o, const char *key,
                            json_t **out_object) {
    mw_status s = mw_json_get_object(o, key, out_object, d->error);
    if (s == MW_NOT_FOUND)
        d->error->text[0] = 0;
    return s;
}

static mw_status table_take(const decoder *d, const json_t *root) {
    static const char *const known[] = {"sheet", "header_row", "delimiter", "point", "group", NULL};
    json_t *o = NULL;
    mw_status s = object_get(d, root, "table", &o);
    if (s != MW_OK)
        return s == MW_NOT_FOUND ? MW_OK : s;
    MW_TRY(mw_json_only(o, known, d->error));
    int64_t row = d->m->header_row;
    MW_TRY(text_into(d, o, "sheet", d->m->sheet, sizeof d->m->sheet));
    MW_TRY(int_into(d, o, "header_row", 0, 1000, &row));
    d->m->header_row = (uint32_t)row;
    MW_TRY(character_into(d, o, "delimiter", &d->m->delimiter));
    MW_TRY(character_into(d, o, "point", &d->m->point));
    MW_TRY(character_into(d, o, "group", &d->m->group));
    if (d->m->point == d->m->group)
        return bad(d, "\"point\" and \"%s\" are the same character", "group");
    return MW_OK;
}

static mw_status source_take(const decoder *d, const json_t *o, const char *name,
                             mw_mapping_source *out) {
    int64_t number = 0;
    MW_TRY(text_into(d, o, "column", out->heading, sizeof out->heading));
    MW_TRY(int_into(d, o, "number", 1, 256, &number));
    MW_TRY(text_into(d, o, "prefix", out->prefix, sizeof out->prefix));
    MW_TRY(text_into(d, o, "and", out->and_heading, sizeof out->and_heading));
    out->is_constant = json_object_get(o, "constant") != NULL;
    MW_TRY(text_into(d, o, "constant", out->constant, sizeof out->constant));
    out->number = (uint16_t)number;
    out->given = true;
    if ((out->heading[0] != 0) + (number != 0) + out->is_constant != 1)
        return bad(d, "\"%s\" needs one of \"column\", \"number\" and \"constant\"", name);
    if (d->m->header_row == 0 && (out->heading[0] != 0 || out->and_heading[0] != 0))
        return bad(d, "\"%s\" names a heading, but the table has none", name);
    return MW_OK;
}

static mw_status time_take(const decoder *d, const json_t *o) {
    static const choice ambiguous[] = {{"refuse", MW_AMBIGUOUS_REFUSE},
                                       {"earlier", MW_AMBIGUOUS_EARLIER},
                                       {"later", MW_AMBIGUOUS_LATER},
                                       {"in_order", MW_AMBIGUOUS_IN_ORDER},
                                       {NULL, 0}};
    static const choice skipped[] = {{"refuse", 0}, {"shift", 1}, {NULL, 0}};
    int a = (int)d->m->ambiguous, shift = 0;
    MW_TRY(text_into(d, o, "format", d->m->time_format, sizeof d->m->time_format));
    if (mw_moment_format_check(d->m->time_format) != MW_OK)
        return bad(d, "\"%s\" is not rfc3339 and not made of %%Y %%m %%d %%H %%M %%S", "format");
    MW_TRY(text_into(d, o, "zone", d->m->zone, sizeof d->m->zone));
    MW_TRY(choice_into(d, o, "ambiguous", ambiguous, &a));
    MW_TRY(choice_into(d, o, "skipped", skipped, &shift));
    d->m->ambiguous = (mw_ambiguous)a;
    d->m->shift_skipped = shift != 0;
    return MW_OK;
}

static mw_status value_take(const decoder *d, const json_t *o) {
    static const choice measure[] = {{"amount", 0}, {"mean", 1}, {NULL, 0}};
    static const choice rounding[] = {{"exact", MW_ROUNDING_EXACT},
                                      {"nearest", MW_ROUNDING_NEAREST},
                                      {"carry", MW_ROUNDING_CARRY},
                                      {NULL, 0}};
    int mean = 0, round = (int)d->m->rounding;
    int64_t scale = 0;
    const char *unit = NULL;
    MW_TRY(text_get(d, o, "unit", 16, &unit));
    if (unit == NULL || mw_unit_of_ucum(unit, &d->m->unit) != MW_OK)
        return bad(d, "\"%s\" of the value must be a UCUM code such as W.h, m3 or L", "unit");
    MW_TRY(int_into(d, o, "scale", -9, 9, &scale));
    MW_TRY(choice_into(d, o, "measure", measure, &mean));
    MW_TRY(choice_into(d, o, "rounding", rounding, &round));
    d->m->scale = (int8_t)scale;
    d->m->mean = mean != 0;
    d->m->rounding = (mw_rounding)round;
    return MW_OK;
}

static const char *const *keys_of(mw_mapping_field f) {
    static const char *const plain[] = {"column", "number", "constant", "prefix", NULL};
    static const char *const time[] = {"column", "number",    "and",     "format", "zone",
                                       "prefix", "ambiguous", "skipped", NULL};
    static const char *const value[] = {"column",  "number",   "unit", "scale",
                                        "measure", "rounding", NULL};
    return f == MW_FIELD_time ? time : f == MW_FIELD_value ? value : plain;
}

static mw_status columns_take(const decoder *d, const json_t *root) {
    json_t *columns = NULL;
    if (object_get(d, root, "columns", &columns) != MW_OK)
        return bad(d, "\"%s\" is missing or not an object", "columns");
    const char *names[MW_FIELD_COUNT + 1] = {0};
    for (size_t f = 0; f < MW_FIELD_COUNT; f++)
        names[f] = fields[f].name;
    MW_TRY(mw_json_only(columns, names, d->error));
    for (size_t f = 0; f < MW_FIELD_COUNT; f++) {
        char need = d->m->rows == MW_MAPPING_METERS ? fields[f].meters : fields[f].readings;
        json_t *o = json_object_get(columns, fields[f].name);
        if (o == NULL && need == 'r')
            return bad(d, "the column \"%s\" is missing", fields[f].name);
        if (o == NULL)
            continue;
        if (need == '-')
            return bad(d, "the column \"%s\" does not belong to rows of this kind", fields[f].name);
        if (!json_is_object(o))
            return bad(d, "\"%s\" is not an object", fields[f].name);
        MW_TRY(mw_json_only(o, keys_of((mw_mapping_field)f), d->error));
        MW_TRY(source_take(d, o, fields[f].name, &d->m->source[f]));
        if (f == MW_FIELD_time)
            MW_TRY(time_take(d, o));
        if (f == MW_FIELD_value)
            MW_TRY(value_take(d, o));
    }
    return MW_OK;
}

static mw_status interval_take(const decoder *d, const json_t *root) {
    static const char *const known[] = {"seconds", "stamp", NULL};
    static const choice stamps[] = {{"start", 0}, {"end", 1}, {NULL, 0}};
    json_t *o = NULL;
    int end = 0;
    int64_t seconds = 3600;
    mw_status s = object_get(d, root, "interval", &o);
    if (s == MW_OK) {
        MW_TRY(mw_json_only(o, known, d->error));
        MW_TRY(int_into(d, o, "seconds", 1, 86400, &seconds));
        MW_TRY(choice_into(d, o, "stamp", stamps, &end));
    } else if (s != MW_NOT_FOUND) {
        return s;
    }
    if (86400 % seconds != 0)
        return bad(d, "a day is not a multiple of \"%s\"", "seconds");
    d->m->interval_s = (uint32_t)seconds;
    d->m->stamp_is_end = end != 0;
    return MW_OK;
}

static mw_status root_take(const decoder *d, const json_t *root) {
    static const char *const known[] = {"name",     "rows",       "table", "columns",
                                        "interval", "duplicates", "empty", NULL};
    static const choice rows[] = {{"meters", MW_MAPPING_METERS},
                                  {"intervals", MW_MAPPING_INTERVALS},
                                  {"registers", MW_MAPPING_REGISTERS},
                                  {NULL, 0}};
    static const choice duplicates[] = {{"refuse", MW_DUPLICATES_REFUSE},
                                        {"same", MW_DUPLICATES_SAME},
                                        {"first", MW_DUPLICATES_FIRST},
                                        {"last", MW_DUPLICATES_LAST},
                                        {NULL, 0}};
    static const choice empty[] = {{"skip", 0}, {"refuse", 1}, {NULL, 0}};
    int kind = -1, twice = MW_DUPLICATES_REFUSE, refuse = 0;
    MW_TRY(mw_json_only(root, known, d->error));
    MW_TRY(text_into(d, root, "name", d->m->name, sizeof d->m->name));
    MW_TRY(choice_into(d, root, "rows", rows, &kind));
    if (kind < 0)
        return bad(d, "\"%s\" must be meters, intervals or registers", "rows");
    d->m->rows = (mw_mapping_rows)kind;
    MW_TRY(table_take(d, root));
    MW_TRY(columns_take(d, root));
    MW_TRY(interval_take(d, root));
    MW_TRY(choice_into(d, root, "duplicates", duplicates, &twice));
    MW_TRY(choice_into(d, root, "empty", empty, &refuse));
    d->m->duplicates = (mw_duplicates)twice;
    d->m->empty_is_error = refuse != 0;
    if (d->m->mean && d->m->rows != MW_MAPPING_INTERVALS)
        return bad(d, "only intervals can be a \"%s\"", "mean");
    if (d->m->rounding == MW_ROUNDING_CARRY && d->m->rows != MW_MAPPING_INTERVALS)
        return bad(d, "only intervals can \"%s\" what rounding leaves", "carry");
    return MW_OK;
}

mw_status mw_mapping_decode(mw_slice json, mw_mapping *out_mapping, mw_json_error *error) {
    mw_mapping m = {.header_row = 1, .point = '.', .time_format = "rfc3339", .zone = "UTC"};
    decoder d = {.m = &m, .error = error};
    json_t *root = NULL;
    error->text[0] = 0;
    mw_json_limits limits = {.bytes_max = MW_MAPPING_BYTES_MAX, .depth_max = 4};
    MW_TRY(mw_json_parse(json, limits, &root, error));
    mw_status s =
        json_is_object(root) ? root_take(&d, root) : bad(&d, "a mapping is a JSON %s", "object");
    json_decref(root);
    if (s == MW_OK)
        *out_mapping = m;
    return s;
}
