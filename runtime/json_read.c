/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/json_read.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

mw_status mw_json_parse(mw_slice in, mw_json_limits limits, json_t **out_root,
                        mw_json_error *error) {
    if (in.n > limits.bytes_max) {
        mw_json_error_set(error, "larger than %zu bytes", limits.bytes_max);
        return MW_LIMIT;
    }
    if (mw_json_depth(in) > limits.depth_max) {
        mw_json_error_set(error, "nested deeper than %u", limits.depth_max);
        return MW_LIMIT;
    }
    json_error_t why;
    json_t *root = json_loadb((const char *)in.p, in.n, JSON_REJECT_DUPLICATES, &why);
    if (root == NULL) {
        mw_json_error_set(error, "line %d column %d: %s", why.line, why.column, why.text);
        return MW_SYNTAX;
    }
    *out_root = root;
    return MW_OK;
}

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
