/* SPDX-License-Identifier: Apache-2.0
 *
 * A streaming JSON writer (RFC 8259) into a growing buffer with a stated maximum. Commas and quotes
 * are its business. The first failure sticks; look at mw_json_done once. Integers are written
 * whole (64 bits). Text must be UTF-8: a byte that is not becomes U+FFFD.
 */
#ifndef MW_RUNTIME_JSON_WRITER_H
#define MW_RUNTIME_JSON_WRITER_H

#include "base/time.h"
#include "base/units.h"
#include "runtime/buffer.h"

#define MW_JSON_DEPTH_MAX 32

typedef struct mw_json {
    mw_buffer *out;
    unsigned depth;
    bool after_key;
    uint8_t
        stack[MW_JSON_DEPTH_MAX + 1]; /* what is open at each depth, and whether it has members */
    mw_status status;
} mw_json;

/* The buffer is borrowed and appended to. */
mw_json mw_json_of(mw_buffer *out);
void mw_json_object_begin(mw_json *j);
void mw_json_object_end(mw_json *j);
void mw_json_array_begin(mw_json *j);
void mw_json_array_end(mw_json *j);
void mw_json_key(mw_json *j, const char *key);
void mw_json_text(mw_json *j, const char *text); /* NULL writes null */
void mw_json_slice(mw_json *j, mw_slice text);
void mw_json_int(mw_json *j, int64_t value);
void mw_json_uint(mw_json *j, uint64_t value);
void mw_json_bool(mw_json *j, bool value);
void mw_json_null(mw_json *j);
/* RFC 3339; MW_UTC_NONE writes null. */
void mw_json_utc(mw_json *j, mw_utc t);
/* Lower-case hexadecimal in quotes. */
void mw_json_hex(mw_json *j, mw_slice bytes);
/* A fixed-point number value * 10^scale as a plain JSON number, scale -9..0. */
void mw_json_decimal(mw_json *j, int64_t value, int scale);
/* JSON that is already written; trusted. */
void mw_json_raw(mw_json *j, mw_slice json);

/* Key and value at once. */
void mw_json_put_text(mw_json *j, const char *key, const char *text);
void mw_json_put_slice(mw_json *j, const char *key, mw_slice text);
void mw_json_put_int(mw_json *j, const char *key, int64_t value);
void mw_json_put_uint(mw_json *j, const char *key, uint64_t value);
void mw_json_put_bool(mw_json *j, const char *key, bool value);
void mw_json_put_null(mw_json *j, const char *key);
void mw_json_put_utc(mw_json *j, const char *key, mw_utc t);
void mw_json_put_hex(mw_json *j, const char *key, mw_slice bytes);
/* Key, then the opening bracket. */
void mw_json_put_object(mw_json *j, const char *key);
void mw_json_put_array(mw_json *j, const char *key);

/* MW_OK when one whole value was written; MW_STATE when something is open or misplaced; MW_SPACE.
 */
MW_NODISCARD mw_status mw_json_done(const mw_json *j);

#endif
