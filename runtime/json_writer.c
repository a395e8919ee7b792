/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/json_writer.h"

#include <inttypes.h>
#include <stdio.h>

#include "runtime/text.h"

/* What stands at a depth of the stack. */
enum { MW_JSON_ARRAY = 1, MW_JSON_OBJECT = 2, MW_JSON_FILLED = 4 };

mw_json mw_json_of(mw_buffer *out) {
    return (mw_json){.out = out};
}

static void mw_json_fail(mw_json *j, mw_status why) {
    if (j->status == MW_OK)
        j->status = why;
}

/* Before any value: a comma when it follows a sibling; a key must stand before it in an object. */
static bool mw_json_before_value(mw_json *j) {
    if (j->status != MW_OK)
        return false;
    uint8_t *top = &j->stack[j->depth];
    bool in_object = (*top & MW_JSON_OBJECT) != 0;
    if (in_object != j->after_key || (j->depth == 0 && (*top & MW_JSON_FILLED) != 0)) {
        mw_json_fail(j, MW_STATE);
        return false;
    }
    if (!in_object && (*top & MW_JSON_FILLED) != 0)
        mw_buffer_append_byte(j->out, ',');
    *top |= MW_JSON_FILLED;
    j->after_key = false;
    return true;
}

static void mw_json_open(mw_json *j, uint8_t kind, uint8_t bracket) {
    if (!mw_json_before_value(j))
        return;
    if (j->depth == MW_JSON_DEPTH_MAX) {
        mw_json_fail(j, MW_LIMIT);
        return;
    }
    j->stack[++j->depth] = kind;
    mw_buffer_append_byte(j->out, bracket);
}

static void mw_json_close(mw_json *j, uint8_t kind, uint8_t bracket) {
    if (j->status != MW_OK)
        return;
    if (j->depth == 0 || (j->stack[j->depth] & kind) == 0 || j->after_key) {
        mw_json_fail(j, MW_STATE);
        return;
    }
    j->depth--;
    mw_buffer_append_byte(j->out, bracket);
}

void mw_json_object_begin(mw_json *j) {
    mw_json_open(j, MW_JSON_OBJECT, '{');
}

void mw_json_object_end(mw_json *j) {
    mw_json_close(j, MW_JSON_OBJECT, '}');
}

void mw_json_array_begin(mw_json *j) {
    mw_json_open(j, MW_JSON_ARRAY, '[');
}

void mw_json_array_end(mw_json *j) {
    mw_json_close(j, MW_JSON_ARRAY, ']');
}

static void mw_json_put_escaped(mw_buffer *out, uint8_t c) {
    switch (c) {
    case '"':
        mw_buffer_append_str(out, "\\\"");
        break;
    case '\\':
        mw_buffer_append_str(out, "\\\\");
        break;
    case '\n':
        mw_buffer_append_str(out, "\\n");
        break;
    case '\r':
        mw_buffer_append_str(out, "\\r");
        break;
    case '\t':
        mw_buffer_append_str(out, "\\t");
        break;
    default:
        mw_buffer_printf(out, "\\u%04x", c);
    }
}

static void mw_json_quoted(mw_json *j, mw_slice s) {
    mw_buffer *out = j->out;
    mw_buffer_append_byte(out, '"');
    size_t start = 0;
    size_t i = 0;
    while (i < s.n) {
        uint8_t c = s.p[i];
        size_t n = c >= 0x20 && c != '"' && c != '\\' && c != 0x7f
                       ? mw_text_utf8_length(s.p + i, s.n - i)
                       : 0;
        if (n > 0) {
            i += n;
            continue;
        }
        mw_buffer_append(out, (mw_slice){s.p + start, i - start});
        if (c < 0x80)
            mw_json_put_escaped(out, c);
        else
            mw_buffer_append_str(out, "\xef\xbf\xbd");
        start = ++i;
    }
    mw_buffer_append(out, (mw_slice){s.p + start, s.n - start});
    mw_buffer_append_byte(out, '"');
}

void mw_json_key(mw_json *j, const char *key) {
    if (j->status != MW_OK)
        return;
    uint8_t *top = &j->stack[j->depth];
    if ((*top & MW_JSON_OBJECT) == 0 || j->after_key) {
        mw_json_fail(j, MW_STATE);
        return;
    }
    if ((*top & MW_JSON_FILLED) != 0)
        mw_buffer_append_byte(j->out, ',');
    *top |= MW_JSON_FILLED;
    mw_json_quoted(j, mw_slice_of_str(key));
    mw_buffer_append_byte(j->out, ':');
    j->after_key = true;
}

void mw_json_text(mw_json *j, const char *text) {
    if (text == NULL)
        mw_json_null(j);
    else
        mw_json_slice(j, mw_slice_of_str(text));
}

void mw_json_slice(mw_json *j, mw_slice text) {
    if (mw_json_before_value(j))
        mw_json_quoted(j, text);
}

void mw_json_int(mw_json *j, int64_t value) {
    if (mw_json_before_value(j))
        mw_buffer_printf(j->out, "%" PRId64, value);
}

void mw_json_uint(mw_json *j, uint64_t value) {
    if (mw_json_before_value(j))
        mw_buffer_printf(j->out, "%" PRIu64, value);
}

void mw_json_bool(mw_json *j, bool value) {
    if (mw_json_before_value(j))
        mw_buffer_append_str(j->out, value ? "true" : "false");
}

void mw_json_null(mw_json *j) {
    if (mw_json_before_value(j))
        mw_buffer_append_str(j->out, "null");
}

void mw_json_utc(mw_json *j, mw_utc t) {
    if (mw_utc_is_none(t)) {
        mw_json_null(j);
        return;
    }
    char text[MW_UTC_TEXT_MAX];
    mw_utc_format(t, text);
    mw_json_text(j, text);
}

void mw_json_hex(mw_json *j, mw_slice bytes) {
    static const char digits[] = "0123456789abcdef";
    if (!mw_json_before_value(j))
        return;
    mw_buffer_append_byte(j->out, '"');
    for (size_t i = 0; i < bytes.n; i++) {
        char pair[2] = {digits[bytes.p[i] >> 4], digits[bytes.p[i] & 15]};
        mw_buffer_append(j->out, (mw_slice){(const uint8_t *)pair, 2});
    }
    mw_buffer_append_byte(j->out, '"');
}

void mw_json_decimal(mw_json *j, int64_t value, int scale) {
    char text[48];
    if (scale < -9 || scale > 0) {
        mw_json_fail(j, MW_RANGE);
        return;
    }
    mw_quantity q = {.value = value, .scale = (int8_t)scale, .unit = MW_UNIT_NONE};
    mw_status status = mw_quantity_format(q, (mw_span){(uint8_t *)text, sizeof text});
    if (status != MW_OK) {
        mw_json_fail(j, status);
        return;
    }
    if (mw_json_before_value(j))
        mw_buffer_append_str(j->out, text);
}

void mw_json_raw(mw_json *j, mw_slice json) {
    if (mw_json_before_value(j))
        mw_buffer_append(j->out, json);
}

void mw_json_put_text(mw_json *j, const char *key, const char *text) {
    mw_json_key(j, key);
    mw_json_text(j, text);
}

void mw_json_put_slice(mw_json *j, const char *key, mw_slice text) {
    mw_json_key(j, key);
    mw_json_slice(j, text);
}

void mw_json_put_int(mw_json *j, const char *key, int64_t value) {
    mw_json_key(j, key);
    mw_json_int(j, value);
}

void mw_json_put_uint(mw_json *j, const char *key, uint64_t value) {
    mw_json_key(j, key);
    mw_json_uint(j, value);
}

void mw_json_put_bool(mw_json *j, const char *key, bool value) {
    mw_json_key(j, key);
    mw_json_bool(j, value);
}

void mw_json_put_null(mw_json *j, const char *key) {
    mw_json_key(j, key);
    mw_json_null(j);
}

void mw_json_put_utc(mw_json *j, const char *key, mw_utc t) {
    mw_json_key(j, key);
    mw_json_utc(j, t);
}

void mw_json_put_hex(mw_json *j, const char *key, mw_slice bytes) {
    mw_json_key(j, key);
    mw_json_hex(j, bytes);
}

void mw_json_put_object(mw_json *j, const char *key) {
    mw_json_key(j, key);
    mw_json_object_begin(j);
}

void mw_json_put_array(mw_json *j, const char *key) {
    mw_json_key(j, key);
    mw_json_array_begin(j);
}

mw_status mw_json_done(const mw_json *j) {
    if (j->status != MW_OK)
        return j->status;
    if (j->out->status != MW_OK)
        return j->out->status;
    return j->depth == 0 && (j->stack[0] & MW_JSON_FILLED) != 0 ? MW_OK : MW_STATE;
}
