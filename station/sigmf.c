/* SPDX-License-Identifier: Apache-2.0 */
#include "station/sigmf.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "runtime/json_read.h"

static mw_status sigmf_why(char why[200], mw_status status, const char *text, const char *value) {
    (void)snprintf(why, 200, "%s%.80s", text, value);
    return status;
}

static mw_status sigmf_datatype(const char *text, mw_samples_format *out_format, char why[200]) {
    static const struct {
        const char *name;
        mw_samples_format format;
    } known[] = {{"cf32_le", MW_SAMPLES_CF32}, {"ci16_le", MW_SAMPLES_CS16},
                 {"ci8", MW_SAMPLES_CS8},      {"cu8", MW_SAMPLES_CU8},
                 {"ci8_le", MW_SAMPLES_CS8},   {"cu8_le", MW_SAMPLES_CU8}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(text, known[i].name) == 0) {
            *out_format = known[i].format;
            return MW_OK;
        }
    }
    return sigmf_why(why, MW_UNSUPPORTED,
                     "cf32_le, ci16_le, ci8 and cu8 are read, not the datatype ", text);
}

/* A number of any kind, in thousandths. */
static bool sigmf_milli(const json_t *object, const char *key, double max, int64_t *out_milli) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_number(value))
        return false;
    double v = json_number_value(value);
    if (!isfinite(v) || v < 0 || v > max)
        return false;
    *out_milli = llround(v * 1000);
    return true;
}

static mw_status sigmf_capture(const json_t *capture, mw_recording *rec, char why[200]) {
    int64_t first = 0;
    if (!json_is_object(capture) ||
        mw_json_get_int(capture, "core:sample_start", 0, INT64_MAX / 2, &first, NULL) != MW_OK)
        return sigmf_why(why, MW_SYNTAX, "a capture without core:sample_start", "");
    int64_t skipped = 0;
    if (mw_json_get_int(capture, "core:header_bytes", 0, INT64_MAX, &skipped, NULL) == MW_OK &&
        skipped != 0)
        return sigmf_why(why, MW_UNSUPPORTED, "captures with core:header_bytes are not read", "");
    mw_recording_segment *last = &rec->segments[rec->segments_n - 1];
    if ((uint64_t)first < last->first)
        return sigmf_why(why, MW_SYNTAX, "the captures are not in the order of their samples", "");
    mw_recording_segment segment = {.first = (uint64_t)first, .start = MW_UTC_NONE};
    int64_t centre = 0;
    if (sigmf_milli(capture, "core:frequency", 1e12, &centre)) {
        segment.has_centre = true;
        segment.centre.mhz = centre;
    } else if (first > 0) {
        segment.has_centre = last->has_centre;
        segment.centre = last->centre;
    }
    if (mw_json_get_utc(capture, "core:datetime", &segment.start, NULL) != MW_OK)
        segment.start = MW_UTC_NONE;
    if (segment.first == last->first)
        *last = segment;
    else if (rec->segments_n == MW_RECORDING_SEGMENTS_MAX)
        return sigmf_why(why, MW_LIMIT, "more captures than 256", "");
    else
        rec->segments[rec->segments_n++] = segment;
    return MW_OK;
}

static mw_status sigmf_global(const json_t *global, mw_recording *rec, char why[200]) {
    const char *text = "";
    int64_t channels = 1;
    int64_t rate = 0;
    if (mw_json_get_text(global, "core:datatype", 32, &text, NULL) != MW_OK)
        return sigmf_why(why, MW_NOT_FOUND, "core:datatype is missing", "");
    MW_TRY(sigmf_datatype(text, &rec->format, why));
    mw_status status = mw_json_get_int(global, "core:num_channels", 1, 1, &channels, NULL);
    if (status != MW_OK && status != MW_NOT_FOUND)
        return sigmf_why(why, MW_UNSUPPORTED, "one channel is read, not core:num_channels of it",
                         "");
    if (json_object_get(global, "core:sample_rate") != NULL &&
        (!sigmf_milli(global, "core:sample_rate", (double)MW_SAMPLES_RATE_MHZ_MAX / 1000, &rate) ||
         rate == 0))
        return sigmf_why(why, MW_RANGE, "core:sample_rate is not a rate up to 100 MHz", "");
    if (json_is_true(json_object_get(global, "core:metadata_only")))
        return sigmf_why(why, MW_NOT_FOUND, "the recording says that it has no samples", "");
    rec->rate_mhz = (uint64_t)rate;
    return MW_OK;
}

mw_status mw_sigmf_decode(mw_slice meta, mw_recording *out_recording, char why[200]) {
    mw_json_limits limits = {.bytes_max = MW_SIGMF_META_MAX, .depth_max = 32};
    mw_json_error error = {0};
    json_t *root = NULL;
    json_t *global = NULL;
    json_t *captures = NULL;
    why[0] = 0;
    mw_status status = mw_json_parse(meta, limits, &root, &error);
    if (status != MW_OK)
        return sigmf_why(why, status, "the metadata are not JSON: ", error.text);
    static const mw_recording empty = {.segments_n = 1, .segments[0] = {.start = {INT64_MIN}}};
    mw_recording rec = empty;
    status = mw_json_get_object(root, "global", &global, NULL);
    if (status != MW_OK)
        status = sigmf_why(why, status, "the metadata have no object \"global\"", "");
    if (status == MW_OK)
        status = sigmf_global(global, &rec, why);
    if (status == MW_OK && mw_json_get_array(root, "captures", 100000, &captures, NULL) == MW_OK)
        for (size_t i = 0; status == MW_OK && i < json_array_size(captures); i++)
            status = sigmf_capture(json_array_get(captures, i), &rec, why);
    json_decref(root);
    if (status == MW_OK)
        *out_recording = rec;
    return status;
}

mw_status mw_sigmf_paths(const char *path, char out_meta[MW_SIGMF_PATH_MAX],
                         char out_data[MW_SIGMF_PATH_MAX]) {
    size_t n = strlen(path);
    static const char *const endings[] = {".sigmf-meta", ".sigmf-data", ".sigmf"};
    for (size_t i = 0; i < 3; i++) {
        size_t m = strlen(endings[i]);
        if (n > m && strcmp(path + n - m, endings[i]) == 0) {
            n -= m;
            break;
        }
    }
    if (n + sizeof ".sigmf-meta" > MW_SIGMF_PATH_MAX)
        return MW_SYNTAX;
    (void)snprintf(out_meta, MW_SIGMF_PATH_MAX, "%.*s.sigmf-meta", (int)n, path);
    (void)snprintf(out_data, MW_SIGMF_PATH_MAX, "%.*s.sigmf-data", (int)n, path);
    return MW_OK;
}
