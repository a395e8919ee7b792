/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/store/content.h"

#include <string.h>

/* After the closing quote of the string that begins at `at`; n when it does not end. */
static size_t string_end(mw_slice c, size_t at) {
    for (at++; at < c.n; at++) {
        if (c.p[at] == '\\')
            at++;
        else if (c.p[at] == '"')
            return at + 1;
    }
    return c.n;
}

/* Where the value of a field of the outermost object begins; n when there is no such field. */
static size_t field_find(mw_slice c, const char *name) {
    size_t length = strlen(name), depth = 0;
    for (size_t at = 0; at < c.n;) {
        uint8_t b = c.p[at];
        if (b != '"') {
            depth += b == '{' || b == '[';
            depth -= depth > 0 && (b == '}' || b == ']');
            at++;
            continue;
        }
        size_t end = string_end(c, at);
        if (depth == 1 && end < c.n && c.p[end] == ':' && end - at == length + 2 &&
            memcmp(c.p + at + 1, name, length) == 0)
            return end + 1;
        at = end;
    }
    return c.n;
}

int64_t mw_content_number(mw_slice content, const char *name) {
    size_t at = field_find(content, name);
    bool minus = at < content.n && content.p[at] == '-';
    int64_t n = 0;
    for (at += minus; at < content.n && content.p[at] >= '0' && content.p[at] <= '9'; at++)
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, content.p[at] - '0', &n))
            return 0;
    return minus ? -n : n;
}

mw_slice mw_content_text(mw_slice content, const char *name) {
    size_t at = field_find(content, name);
    if (at >= content.n || content.p[at] != '"')
        return (mw_slice){NULL, 0};
    size_t end = string_end(content, at);
    return end - at < 2 ? (mw_slice){NULL, 0} : (mw_slice){content.p + at + 1, end - at - 2};
}
