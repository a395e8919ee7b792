/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON from outside: jansson with duplicate keys refused, size and depth capped, whole input used.
 * Getters name the member they miss in words fit for an API answer. Parsed values are jansson's
 * (json_t, freed with json_decref); the getters borrow.
 */
#ifndef MW_RUNTIME_JSON_READ_H
#define MW_RUNTIME_JSON_READ_H

#include <jansson.h>

#include "base/time.h"

typedef struct mw_json_limits {
    size_t bytes_max;
    unsigned depth_max; /* 1 = no nesting */
} mw_json_limits;

typedef struct mw_json_error {
    char text[160];
} mw_json_error;

/* MW_LIMIT beyond a limit, MW_SYNTAX otherwise; error (may be NULL) says where. The root must be an
 * object or array. */
MW_NODISCARD mw_status mw_json_parse(mw_slice in, mw_json_limits limits, json_t **out_root,
                                     mw_json_error *error);

/* The same for a body that holds things of several origins, of which one bad must not refuse all: a
 * number beyond what an integer or a double holds becomes the string "too big: " with its digits,
 * which no getter takes for a number and which reads well wherever the thing is kept. */
MW_NODISCARD mw_status mw_json_parse_lenient(mw_slice in, mw_json_limits limits, json_t **out_root,
                                             mw_json_error *error);

/* Members of an object. MW_NOT_FOUND absent (or null), MW_SYNTAX wrong type, MW_RANGE outside. */
MW_NODISCARD mw_status mw_json_get_text(const json_t *object, const char *key, size_t bytes_max,
                                        const char **out_text, mw_json_error *error);
MW_NODISCARD mw_status mw_json_get_int(const json_t *object, const char *key, int64_t min,
                                       int64_t max, int64_t *out_value, mw_json_error *error);
MW_NODISCARD mw_status mw_json_get_bool(const json_t *object, const char *key, bool *out_value,
                                        mw_json_error *error);
MW_NODISCARD mw_status mw_json_get_utc(const json_t *object, const char *key, mw_utc *out_t,
                                       mw_json_error *error);
/* Exactly the hexadecimal text of 1..out.n bytes; *out_n is how many. */
MW_NODISCARD mw_status mw_json_get_hex(const json_t *object, const char *key, mw_span out,
                                       size_t *out_n, mw_json_error *error);
MW_NODISCARD mw_status mw_json_get_object(const json_t *object, const char *key, json_t **out_value,
                                          mw_json_error *error);
MW_NODISCARD mw_status mw_json_get_array(const json_t *object, const char *key, size_t items_max,
                                         json_t **out_value, mw_json_error *error);
/* MW_SYNTAX when the object has a member that is not in the NULL-terminated list. */
MW_NODISCARD mw_status mw_json_only(const json_t *object, const char *const *keys,
                                    mw_json_error *error);

#endif
