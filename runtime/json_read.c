/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/json_read.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/buffer.h"

static void mw_json_error_set(mw_json_error *e, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void mw_json_error_set(mw_json_error *e, const char *format, ...) {
    if (e == NULL)
        return;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
}

/* Nesting is capped before jansson sees the text, since it recurses. Brackets inside strings do not
 * count; text that is not JSON is refused later. */
static unsigned mw_json_depth(mw_slice in) {
    unsigned depth = 0;
    unsigned deepest = 0;
    bool in_string = false;
    for (size_t i = 0; i < in.n; i++) {
        uint8_t c = in.p[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > deepest)
                deepest = depth;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return deepest;
}

static mw_status mw_json_check(mw_slice in, mw_json_limits limits, mw_json_error *error) {
    if (in.n > limits.bytes_max) {
        mw_json_error_set(error, "larger than %zu bytes", limits.bytes_max);
        return MW_LIMIT;
    }
    if (mw_json_depth(in) > limits.depth_max) {
        mw_json_error_set(error, "nested deeper than %u", limits.depth_max);
        return MW_LIMIT;
    }
    return MW_OK;
}

static mw_status mw_json_load(mw_slice in, json_t **out_root, json_error_t *why,
                              mw_json_error *error) {
    json_t *root = json_loadb((const char *)in.p, in.n, JSON_REJECT_DUPLICATES, why);
    if (root == NULL) {
        mw_json_error_set(error, "line %d column %d: %s", why->line, why->column, why->text);
        return MW_SYNTAX;
    }
    *out_root = root;
    return MW_OK;
}

mw_status mw_json_parse(mw_slice in, mw_json_limits limits, json_t **out_root,
                        mw_json_error *error) {
    json_error_t why;
    MW_TRY(mw_json_check(in, limits, error));
    return mw_json_load(in, out_root, &why, error);
}

/* --- numbers beyond range ----------------------------------------------------------------------
 */

/* Bytes of the string that starts with the quote at p, at most to the NUL. */
static size_t mw_json_string_span(const char *p) {
    size_t n = 1;
    while (p[n] != 0 && p[n] != '"')
        n += p[n] == '\\' && p[n + 1] != 0 ? 2 : 1;
    return p[n] == 0 ? n : n + 1;
}

/* Bytes of the JSON number at p, 0 when there is none; whether it is written as an integer. */
static size_t mw_json_number_span(const char *p, bool *out_integer) {
    static const char digits[] = "0123456789";
    size_t n = *p == '-';
    size_t whole = p[n] == '0' ? 1 : strspn(p + n, digits);
    if (whole == 0)
        return 0;
    n += whole;
    *out_integer = true;
    size_t fraction = p[n] == '.' ? strspn(p + n + 1, digits) : 0;
    if (fraction > 0)
        n += 1 + fraction;
    size_t sign = p[n] == 'e' || p[n] == 'E' ? 1 + (size_t)(p[n + 1] == '+' || p[n + 1] == '-') : 0;
    size_t power = sign > 0 ? strspn(p + n + sign, digits) : 0;
    if (power > 0)
        n += sign + power;
    *out_integer = fraction == 0 && power == 0;
    return n;
}

/* A name is no value: left for the parser to refuse. */
static bool mw_json_is_name(const char *behind) {
    return behind[strspn(behind, " \t\r\n")] == ':';
}

static bool mw_json_too_big(const char *number, bool integer) {
    errno = 0;
    if (integer)
        return (void)strtoll(number, NULL, 10), errno == ERANGE;
    return isinf(strtod(number, NULL)) != 0;
}

/* Copies text with its numbers beyond range as strings. What is not JSON before is not after. */
static void mw_json_quote_big(const char *text, mw_buffer *out) {
    for (size_t at = 0, n; text[at] != 0; at += n) {
        const char *p = text + at;
        bool integer = false;
        n = *p == '"' ? mw_json_string_span(p) : mw_json_number_span(p, &integer);
        bool big = *p != '"' && n > 0 && mw_json_too_big(p, integer) && !mw_json_is_name(p + n);
        if (n == 0)
            n = 1;
        if (big)
            mw_buffer_append_str(out, "\"too big: ");
        mw_buffer_append(out, (mw_slice){(const uint8_t *)p, n});
        if (big)
            mw_buffer_append_byte(out, '"');
    }
}

mw_status mw_json_parse_lenient(mw_slice in, mw_json_limits limits, json_t **out_root,
                                mw_json_error *error) {
    json_error_t why;
    MW_TRY(mw_json_check(in, limits, error));
    mw_status s = mw_json_load(in, out_root, &why, error);
    if (s == MW_OK || json_error_code(&why) != json_error_numeric_overflow ||
        memchr(in.p, 0, in.n) != NULL)
        return s;
    mw_buffer text, quoted;
    mw_buffer_init(&text, in.n);
    mw_buffer_append(&text, in);
    /* The shortest number beyond range is 1e309; it and a comma take 17 bytes instead of 6. */
    mw_buffer_init(&quoted, 3 * in.n + 16);
    if (text.status == MW_OK)
        mw_json_quote_big(mw_buffer_text(&text), &quoted);
    s = text.status == MW_OK ? quoted.status : text.status;
    if (s == MW_OK)
        s = mw_json_load(mw_buffer_view(&quoted), out_root, &why, error);
    mw_buffer_fini(&text);
    mw_buffer_fini(&quoted);
    return s;
}

/* --- members -----------------------------------------------------------------------------------
 */

static mw_status mw_json_member(const json_t *object, const char *key, json_t **out_value,
                                mw_json_error *error) {
    if (!json_is_object(object)) {
        mw_json_error_set(error, "an object is expected around \"%s\"", key);
        return MW_SYNTAX;
    }
    json_t *value = json_object_get(object, key);
    if (value == NULL || json_is_null(value)) {
        mw_json_error_set(error, "\"%s\" is missing", key);
        return MW_NOT_FOUND;
    }
    *out_value = value;
    return MW_OK;
}

static mw_status mw_json_wrong(const char *key, const char *expected, mw_json_error *error) {
    mw_json_error_set(error, "\"%s\" must be %s", key, expected);
    return MW_SYNTAX;
}

mw_status mw_json_get_text(const json_t *object, const char *key, size_t bytes_max,
                           const char **out_text, mw_json_error *error) {
    json_t *value = NULL;
    MW_TRY(mw_json_member(object, key, &value, error));
    if (!json_is_string(value))
        return mw_json_wrong(key, "a string", error);
    if (json_string_length(value) > bytes_max) {
        mw_json_error_set(error, "\"%s\" is longer than %zu bytes", key, bytes_max);
        return MW_RANGE;
    }
    *out_text = json_string_value(value);
    return MW_OK;
}

mw_status mw_json_get_int(const json_t *object, const char *key, int64_t min, int64_t max,
                          int64_t *out_value, mw_json_error *error) {
    json_t *value = NULL;
    MW_TRY(mw_json_member(object, key, &value, error));
    if (!json_is_integer(value))
        return mw_json_wrong(key, "an integer", error);
    int64_t n = json_integer_value(value);
    if (n < min || n > max) {
        mw_json_error_set(error, "\"%s\" must lie in %" PRId64 "..%" PRId64, key, min, max);
        return MW_RANGE;
    }
    *out_value = n;
    return MW_OK;
}

mw_status mw_json_get_bool(const json_t *object, const char *key, bool *out_value,
                           mw_json_error *error) {
    json_t *value = NULL;
    MW_TRY(mw_json_member(object, key, &value, error));
    if (!json_is_boolean(value))
        return mw_json_wrong(key, "true or false", error);
    *out_value = json_is_true(value);
    return MW_OK;
}

mw_status mw_json_get_utc(const json_t *object, const char *key, mw_utc *out_t,
                          mw_json_error *error) {
    const char *text = NULL;
    MW_TRY(mw_json_get_text(object, key, MW_UTC_TEXT_MAX, &text, error));
    if (mw_utc_parse(mw_slice_of_str(text), out_t) != MW_OK)
        return mw_json_wrong(key, "a time such as 2026-11-22T13:00:00Z", error);
    return MW_OK;
}

mw_status mw_json_get_hex(const json_t *object, const char *key, mw_span out, size_t *out_n,
                          mw_json_error *error) {
    const char *text = NULL;
    MW_TRY(mw_json_get_text(object, key, 2 * out.n, &text, error));
    size_t n = strlen(text);
    if (n == 0 || n % 2 != 0 || strspn(text, "0123456789abcdefABCDEF") != n)
        return mw_json_wrong(key, "hexadecimal with an even number of digits", error);
    MW_TRY(mw_hex_decode(mw_slice_of_str(text), (mw_span){out.p, n / 2}));
    *out_n = n / 2;
    return MW_OK;
}

mw_status mw_json_get_object(const json_t *object, const char *key, json_t **out_value,
                             mw_json_error *error) {
    json_t *value = NULL;
    MW_TRY(mw_json_member(object, key, &value, error));
    if (!json_is_object(value))
        return mw_json_wrong(key, "an object", error);
    *out_value = value;
    return MW_OK;
}

mw_status mw_json_get_array(const json_t *object, const char *key, size_t items_max,
                            json_t **out_value, mw_json_error *error) {
    json_t *value = NULL;
    MW_TRY(mw_json_member(object, key, &value, error));
    if (!json_is_array(value))
        return mw_json_wrong(key, "an array", error);
    if (json_array_size(value) > items_max) {
        mw_json_error_set(error, "\"%s\" has more than %zu items", key, items_max);
        return MW_LIMIT;
    }
    *out_value = value;
    return MW_OK;
}

mw_status mw_json_only(const json_t *object, const char *const *keys, mw_json_error *error) {
    void *at = json_object_iter((json_t *)(uintptr_t)object);
    for (; at != NULL; at = json_object_iter_next((json_t *)(uintptr_t)object, at)) {
        const char *key = json_object_iter_key(at);
        size_t i = 0;
        while (keys[i] != NULL && strcmp(keys[i], key) != 0)
            i++;
        if (keys[i] == NULL) {
            mw_json_error_set(error, "\"%.60s\" is not known here", key);
            return MW_SYNTAX;
        }
    }
    return MW_OK;
}
