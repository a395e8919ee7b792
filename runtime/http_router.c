/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "runtime/http_server_priv.h"
#include "runtime/text.h"

static int mw_http_hex_digit(uint8_t c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Percent-decodes in place; false for a malformed escape or a result that is not plain text. */
static bool mw_http_decode(char *text, bool plus_is_space) {
    uint8_t *to = (uint8_t *)text;
    const uint8_t *from = to;
    for (; *from != 0; from++) {
        if (*from == '%') {
            int high = mw_http_hex_digit(from[1]);
            int low = high < 0 ? -1 : mw_http_hex_digit(from[2]);
            if (low < 0 || (high | low) == 0)
                return false;
            *to++ = (uint8_t)(high << 4 | low);
            from += 2;
        } else {
            *to++ = plus_is_space && *from == '+' ? ' ' : *from;
        }
    }
    *to = 0;
    return mw_text_is_plain(mw_slice_of_str(text));
}

/* One decoded part of a path must not change the path's shape. */
static bool mw_http_segment_good(const char *s) {
    return strchr(s, '/') == NULL && strchr(s, '\\') == NULL && strcmp(s, ".") != 0 &&
           strcmp(s, "..") != 0;
}

static bool mw_http_path_parse(mw_http_request *r, char *raw) {
    char *at = raw + 1; /* behind the leading slash */
    char *end = r->path;
    *end++ = '/';
    while (*at != 0) {
        char *slash = strchr(at, '/');
        bool last = slash == NULL;
        if (!last)
            *slash = 0;
        if (r->segments_n == MW_HTTP_SEGMENTS || *at == 0)
            return false; /* too deep, or "//" */
        char *next = last ? at + strlen(at) : slash + 1;
        if (!mw_http_decode(at, false) || !mw_http_segment_good(at))
            return false;
        r->segments[r->segments_n++] = at;
        size_t n = strlen(at);
        mw_bytes_copy(end, at, n);
        end += n;
        if (!last)
            *end++ = '/';
        at = next;
    }
    *end = 0;
    return true;
}

static bool mw_http_query_parse(mw_http_request *r, char *raw) {
    char *rest = raw;
    while (rest != NULL && *rest != 0) {
        char *part = rest;
        rest = strchr(rest, '&');
        if (rest != NULL)
            *rest++ = 0;
        if (*part == 0)
            continue;
        if (r->query_n == MW_HTTP_QUERY_MAX)
            return false;
        char *value = strchr(part, '=');
        static char empty[1];
        if (value != NULL)
            *value++ = 0;
        else
            value = empty;
        if (!mw_http_decode(part, true) || (value != empty && !mw_http_decode(value, true)))
            return false;
        r->query[r->query_n++] = (mw_http_pair){part, value};
    }
    return true;
}

bool mw_http_target_parse(mw_http_request *r, mw_slice target) {
    mw_assert(target.n > 0 && target.p[0] == '/');
    const uint8_t *mark = memchr(target.p, '?', target.n);
    size_t path_n = mark == NULL ? target.n : (size_t)(mark - target.p);
    r->path = calloc(1, path_n + 2);
    r->path_parts = strndup((const char *)target.p, path_n);
    r->query_text = mark == NULL ? NULL : strndup((const char *)mark + 1, target.n - path_n - 1);
    if (r->path == NULL || r->path_parts == NULL || (mark != NULL && r->query_text == NULL))
        return false;
    return mw_http_path_parse(r, r->path_parts) && mw_http_query_parse(r, r->query_text);
}

void mw_http_target_free(mw_http_request *r) {
    free(r->path);
    free(r->path_parts);
    free(r->query_text);
}

/* What a part of a pattern is: how well it fits decides between routes. */
typedef enum mw_http_part { MW_HTTP_REST = 1, MW_HTTP_PARAM = 2, MW_HTTP_LITERAL = 3 } mw_http_part;

/* The next part of a pattern behind *at (which stands on a '/'), advanced. */
static mw_http_part mw_http_pattern_next(const char **at, mw_slice *out_text) {
    const char *start = *at + 1;
    size_t n = strcspn(start, "/");
    *at = start + n;
    *out_text = (mw_slice){(const uint8_t *)start, n};
    if (n < 2 || start[0] != '{' || start[n - 1] != '}')
        return MW_HTTP_LITERAL;
    *out_text = (mw_slice){(const uint8_t *)start + 1, n - 2};
    if (n > 5 && strncmp(start + n - 4, "...}", 4) == 0) {
        out_text->n -= 3;
        return MW_HTTP_REST;
    }
    return MW_HTTP_PARAM;
}

/* 0 when the path does not fit the pattern, else a score: two bits a part, most significant first.
 */
static uint64_t mw_http_match(const char *pattern, const mw_http_request *r) {
    uint64_t score = 0;
    size_t i = 0;
    const char *at = pattern;
    if (strcmp(pattern, "/") == 0)
        return r->segments_n == 0;
    while (*at == '/') {
        mw_slice text;
        mw_http_part part = mw_http_pattern_next(&at, &text);
        if (i >= r->segments_n)
            return 0;
        score |= (uint64_t)part << (62 - 2 * i);
        if (part == MW_HTTP_REST)
            return score;
        if (part == MW_HTTP_LITERAL && !mw_slice_equal(text, mw_slice_of_str(r->segments[i])))
            return 0;
        i++;
    }
    bool trailing_slash = r->segments_n > 0 && r->path[strlen(r->path) - 1] == '/';
    return i == r->segments_n && !trailing_slash ? score : 0;
}

static void mw_http_allow_add(char allow[64], const char *method) {
    if (strstr(allow, method) != NULL)
        return;
    size_t n = strlen(allow);
    (void)snprintf(allow + n, 64 - n, "%s%s", n == 0 ? "" : ", ", method);
}

void mw_http_router_find(const mw_http_server *s, mw_http_request *r, const char *method) {
    uint64_t best = 0;
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    for (size_t i = 0; i < s->routes_n; i++) {
        const mw_http_route *route = &s->routes[i];
        uint64_t score = mw_http_match(route->pattern, r);
        if (score == 0)
            continue;
        if (strcmp(route->method, wanted) == 0 && score > best) {
            best = score;
            r->route = route;
        }
        mw_http_allow_add(r->allow, route->method);
        if (strcmp(route->method, "GET") == 0)
            mw_http_allow_add(r->allow, "HEAD");
    }
    if (r->route == NULL && r->allow[0] != 0)
        r->problem = 405;
}

size_t mw_http_router_body_max(void *server, mw_slice method, mw_slice target) {
    const mw_http_server *s = server;
    mw_http_request r = {0};
    char name[MW_HTTP_GATE_METHOD_MAX + 1] = "";
    mw_bytes_copy(name, method.p, method.n);
    size_t max = s->options.body_max;
    if (mw_http_target_parse(&r, target)) {
        mw_http_router_find(s, &r, name);
        if (r.route != NULL && r.route->body_max > 0)
            max = r.route->body_max;
    }
    mw_http_target_free(&r);
    return max;
}

/* A pattern begins with '/', has no empty part, few enough parts and params, and {rest...} last. */
static bool mw_http_pattern_good(const char *pattern) {
    if (pattern[0] != '/' || strcmp(pattern, "/") == 0)
        return pattern[0] == '/';
    size_t parts = 0;
    size_t params = 0;
    const char *at = pattern;
    while (*at == '/') {
        mw_slice text;
        mw_http_part part = mw_http_pattern_next(&at, &text);
        if (text.n == 0 || ++parts > MW_HTTP_SEGMENTS)
            return false;
        if (part != MW_HTTP_LITERAL && ++params > MW_HTTP_PARAMS_MAX)
            return false;
        if (part == MW_HTTP_REST && *at != 0)
            return false;
    }
    return true;
}

/* The same shape: every path that fits one fits the other. */
static bool mw_http_pattern_same(const char *a, const char *b) {
    while (*a == '/' && *b == '/') {
        mw_slice text_a;
        mw_slice text_b;
        mw_http_part part_a = mw_http_pattern_next(&a, &text_a);
        mw_http_part part_b = mw_http_pattern_next(&b, &text_b);
        if (part_a != part_b || (part_a == MW_HTTP_LITERAL && !mw_slice_equal(text_a, text_b)))
            return false;
    }
    return *a == *b;
}

mw_status mw_http_server_route(mw_http_server *s, const mw_http_route *route) {
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    bool known = false;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        known |= strcmp(methods[i], route->method) == 0;
    if (!known || !mw_http_pattern_good(route->pattern))
        return MW_SYNTAX;
    for (size_t i = 0; i < s->routes_n; i++)
        if (strcmp(s->routes[i].method, route->method) == 0 &&
            mw_http_pattern_same(s->routes[i].pattern, route->pattern))
            return MW_CONFLICT;
    if (s->routes_n == MW_HTTP_ROUTES_MAX)
        return MW_SPACE;
    s->routes[s->routes_n++] = *route;
    return MW_OK;
}

/* Where in the path a pattern's parameter stands; SIZE_MAX when it has none of that name. */
static size_t mw_http_param_index(const char *pattern, const char *name, mw_http_part *out_part) {
    size_t i = 0;
    const char *at = pattern;
    while (*at == '/') {
        mw_slice text;
        mw_http_part part = mw_http_pattern_next(&at, &text);
        if (part != MW_HTTP_LITERAL && mw_slice_equal(text, mw_slice_of_str(name))) {
            *out_part = part;
            return i;
        }
        i++;
    }
    return SIZE_MAX;
}

const char *mw_http_param(const mw_http_request *r, const char *name) {
    mw_http_part part = MW_HTTP_PARAM;
    size_t i = r->route == NULL ? SIZE_MAX : mw_http_param_index(r->route->pattern, name, &part);
    if (i == SIZE_MAX)
        return NULL;
    if (part == MW_HTTP_PARAM)
        return r->segments[i];
    const char *at = r->path + 1; /* the rest of the decoded path behind i parts */
    for (size_t k = 0; k < i; k++)
        at = strchr(at, '/') + 1;
    return at;
}

const char *mw_http_query(const mw_http_request *r, const char *name) {
    for (size_t i = 0; i < r->query_n; i++)
        if (strcmp(r->query[i].name, name) == 0)
            return r->query[i].value;
    return NULL;
}
