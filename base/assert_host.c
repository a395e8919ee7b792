/* SPDX-License-Identifier: Apache-2.0
 *
 * The host's half of mw_assert. Not part of the freestanding library: a meter's board brings its
 * own.
 */
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void mw_assert_failed(const char *file, int line, const char *condition) {
    fprintf(stderr, "level=fatal msg=\"assertion failed\" at=%s:%d cond=\"%s\"\n", file, line,
            condition);
    abort();
}
