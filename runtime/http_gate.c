/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/http_gate.h"

#include <string.h>

#include "base/assert.h"

/* What the fields of one head said about framing. */
typedef struct mw_http_head_facts {
    bool http_1_1;
    unsigned fields_n;
    unsigned host_n;
    unsigned length_n;
    unsigned coding_n;
    bool coding_good;
    uint64_t length;
    unsigned singles; /* bit per entry of mw_http_singles seen */
} mw_http_head_facts;

/* Fields that must not be repeated, because two readers could each believe another one. */
static const char *const mw_http_singles[] = {"authorization", "cookie", "content-type",
                                              "x-csrf-token", "expect"};

void mw_http_gate_init(mw_http_gate *g, size_t head_max, mw_http_gate_body_max *body_max,
                       void *context) {
    *g = (mw_http_gate){.body_max = body_max, .context = context, .head_max = head_max};
    mw_buffer_init(&g->head, head_max + 4);
}

void mw_http_gate_fini(mw_http_gate *g) {
    mw_buffer_fini(&g->head);
}

bool mw_http_gate_in_body(const mw_http_gate *g) {
    return g->state >= MW_HTTP_GATE_BODY && g->state <= MW_HTTP_GATE_TRAILER;
}

static mw_http_gate_verdict mw_http_gate_refuse(mw_http_gate *g, int http_status) {
    g->state = MW_HTTP_GATE_REFUSED;
    g->http_status = http_status;
    return MW_HTTP_GATE_REFUSE;
}

/* RFC 9110 5.6.2 token characters. */
static bool mw_http_is_token(uint8_t c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* Field content: HTAB, printable ASCII and obs-text. */
static bool mw_http_is_value(uint8_t c) {
    return c == '\t' || (c >= ' ' && c != 0x7f);
}

static bool mw_http_name_is(mw_slice name, const char *lower) {
    if (name.n != strlen(lower))
        return false;
    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = name.p[i];
        if (c >= 'A' && c <= 'Z')
            c = (uint8_t)(c + ('a' - 'A'));
        if (c != (uint8_t)lower[i])
            return false;
    }
    return true;
}

static mw_slice mw_http_trim(mw_slice s) {
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = mw_slice_sub(s, 1, s.n - 1);
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

/* Takes the next line ended by CR LF off `rest`; false for a bare CR, a bare LF or no end. */
static bool mw_http_line(mw_slice *rest, mw_slice *out_line) {
    for (size_t i = 0; i < rest->n; i++) {
        if (rest->p[i] == '\n')
            return false;
        if (rest->p[i] != '\r')
            continue;
        if (i + 1 >= rest->n || rest->p[i + 1] != '\n')
            return false;
        *out_line = mw_slice_sub(*rest, 0, i);
        *rest = mw_slice_sub(*rest, i + 2, rest->n - i - 2);
        return true;
    }
    return false;
}

/* method SP target SP HTTP/1.x; 0 or the status to refuse with. */
static int mw_http_request_line(mw_slice line, mw_slice *out_method, mw_slice *out_target,
                                mw_http_head_facts *facts) {
    size_t i = 0;
    while (i < line.n && line.p[i] >= 'A' && line.p[i] <= 'Z')
        i++;
    if (i == 0 || i > MW_HTTP_GATE_METHOD_MAX || i == line.n || line.p[i] != ' ')
        return 400;
    *out_method = mw_slice_sub(line, 0, i);
    size_t start = ++i;
    while (i < line.n && line.p[i] > ' ' && line.p[i] < 0x7f && line.p[i] != '#')
        i++;
    if (i == start || i == line.n || line.p[i] != ' ' || line.p[start] != '/')
        return 400;
    *out_target = mw_slice_sub(line, start, i - start);
    mw_slice version = mw_slice_sub(line, i + 1, line.n - i - 1);
    facts->http_1_1 = mw_slice_equal(version, mw_slice_of_str("HTTP/1.1"));
    if (facts->http_1_1 || mw_slice_equal(version, mw_slice_of_str("HTTP/1.0")))
        return 0;
    bool version_like = version.n == 8 && memcmp(version.p, "HTTP/", 5) == 0;
    return version_like && version.p[6] == '.' ? 505 : 400;
}

/* Only digits, at most 18 of them so that it cannot overflow. */
static bool mw_http_length(mw_slice value, uint64_t *out_length) {
    if (value.n == 0 || value.n > 18)
        return false;
    uint64_t n = 0;
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] < '0' || value.p[i] > '9')
            return false;
        n = n * 10 + (uint64_t)(value.p[i] - '0');
    }
    *out_length = n;
    return true;
}

static bool mw_http_host(mw_slice value) {
    if (value.n == 0 || value.n > 255)
        return false;
    for (size_t i = 0; i < value.n; i++) {
        uint8_t c = value.p[i];
        bool good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                    c == '.' || c == '-' || c == '_' || c == ':' || c == '[' || c == ']';
        if (!good)
            return false;
    }
    return true;
}

/* A field's share in the framing; 0 or the status to refuse with. */
static int mw_http_field_facts(mw_slice name, mw_slice value, mw_http_head_facts *facts) {
    if (mw_http_name_is(name, "host")) {
        facts->host_n++;
        return mw_http_host(value) ? 0 : 400;
    }
    if (mw_http_name_is(name, "content-length")) {
        facts->length_n++;
        return mw_http_length(value, &facts->length) ? 0 : 400;
    }
    if (mw_http_name_is(name, "transfer-encoding")) {
        facts->coding_n++;
        facts->coding_good = mw_http_name_is(value, "chunked");
        return facts->coding_good ? 0 : 400;
    }
    if (mw_http_name_is(name, "expect") && !mw_http_name_is(value, "100-continue"))
        return 417;
    for (unsigned i = 0; i < sizeof mw_http_singles / sizeof mw_http_singles[0]; i++) {
        if (!mw_http_name_is(name, mw_http_singles[i]))
            continue;
        if ((facts->singles & 1u << i) != 0)
            return 400;
        facts->singles |= 1u << i;
    }
    return 0;
}

static int mw_http_field(mw_slice line, mw_http_head_facts *facts) {
    size_t i = 0;
    while (i < line.n && mw_http_is_token(line.p[i]))
        i++;
    if (i == 0 || i == line.n || line.p[i] != ':')
        return 400;
    mw_slice name = mw_slice_sub(line, 0, i);
    mw_slice value = mw_slice_sub(line, i + 1, line.n - i - 1);
    for (size_t k = 0; k < value.n; k++)
        if (!mw_http_is_value(value.p[k]))
            return 400;
    if (++facts->fields_n > MW_HTTP_GATE_FIELDS_MAX)
        return 431;
    return mw_http_field_facts(name, mw_http_trim(value), facts);
}

/* The whole head, ended by an empty line; 0 or the status to refuse with. */
static int mw_http_gate_check_head(mw_http_gate *g, mw_slice head, mw_http_head_facts *facts) {
    mw_slice line;
    mw_slice method = {0};
    mw_slice target = {0};
    if (!mw_http_line(&head, &line))
        return 400;
    int status = mw_http_request_line(line, &method, &target, facts);
    while (status == 0) {
        if (!mw_http_line(&head, &line))
            return 400;
        if (line.n == 0)
            break;
        status = mw_http_field(line, facts);
    }
    if (status != 0)
        return status;
    if (facts->host_n > 1 || (facts->http_1_1 && facts->host_n == 0))
        return 400;
    if (facts->length_n > 1 || facts->coding_n > 1 || (facts->length_n > 0 && facts->coding_n > 0))
        return 400;
    if (facts->coding_n > 0 && !facts->http_1_1)
        return 400;
    g->body_room = g->body_max(g->context, method, target);
    return facts->length > g->body_room ? 413 : 0;
}

/* The head is whole: pass it on and go where its body is. */
static mw_http_gate_verdict mw_http_gate_head_end(mw_http_gate *g, mw_buffer *out) {
    mw_http_head_facts facts = {0};
    int status = mw_http_gate_check_head(g, mw_buffer_view(&g->head), &facts);
    if (status != 0)
        return mw_http_gate_refuse(g, status);
    mw_buffer_append(out, mw_buffer_view(&g->head));
    mw_buffer_reset(&g->head);
    g->scanned = 0;
    if (facts.coding_n > 0) {
        g->state = MW_HTTP_GATE_CHUNK_SIZE;
        return MW_HTTP_GATE_MORE;
    }
    if (facts.length > 0) {
        g->state = MW_HTTP_GATE_BODY;
        g->body_left = facts.length;
        return MW_HTTP_GATE_MORE;
    }
    g->state = MW_HTTP_GATE_IDLE;
    return MW_HTTP_GATE_DONE;
}

/* Collects the head up to and including its empty line. A line feed is looked at as it comes, so
 * that a bare one is refused at once and a head never ends where another parser would not see it.
 */
static mw_http_gate_verdict mw_http_gate_head(mw_http_gate *g, mw_slice in, mw_buffer *out,
                                              size_t *used) {
    for (; *used < in.n; ++*used) {
        uint8_t c = in.p[*used];
        mw_slice head = mw_buffer_view(&g->head);
        bool after_cr = head.n > 0 && head.p[head.n - 1] == '\r';
        if ((c == '\n') != after_cr || c == 0)
            return mw_http_gate_refuse(g, 400);
        if (head.n >= g->head_max)
            return mw_http_gate_refuse(g, 431);
        mw_buffer_append_byte(&g->head, c);
        if (g->head.status != MW_OK)
            return mw_http_gate_refuse(g, 500);
        if (g->head.n == 2 && c == '\n') {
            mw_buffer_reset(&g->head); /* one empty line before a request, RFC 9112 2.2 */
            if (g->scanned++ > 0)
                return mw_http_gate_refuse(g, 400);
            continue;
        }
        if (c == '\n' && g->head.n >= 4 && memcmp(g->head.p + g->head.n - 4, "\r\n\r\n", 4) == 0) {
            ++*used;
            return mw_http_gate_head_end(g, out);
        }
    }
    return MW_HTTP_GATE_MORE;
}

/* Passes on up to body_left bytes. */
static void mw_http_gate_copy(mw_http_gate *g, mw_slice in, mw_buffer *out, size_t *used) {
    size_t n = in.n - *used;
    if (n > g->body_left)
        n = (size_t)g->body_left;
    mw_buffer_append(out, mw_slice_sub(in, *used, n));
    *used += n;
    g->body_left -= n;
}

/* One byte of a line of the chunked coding, collected in head. true when the line is whole, without
 * its CR LF; a refusal sets the state. */
static bool mw_http_gate_line_byte(mw_http_gate *g, uint8_t c, size_t max) {
    bool after_cr = g->head.n > 0 && g->head.p[g->head.n - 1] == '\r';
    if ((c == '\n') != after_cr) {
        (void)mw_http_gate_refuse(g, 400);
        return false;
    }
    if (c == '\n') {
        g->head.n--;
        return true;
    }
    if ((c != '\r' && !mw_http_is_value(c)) || g->head.n >= max) {
        (void)mw_http_gate_refuse(g, 400);
        return false;
    }
    mw_buffer_append_byte(&g->head, c);
    if (g->head.status != MW_OK)
        (void)mw_http_gate_refuse(g, 500);
    return false;
}

static const char mw_http_hex[] = "0123456789abcdef";

/* "1a2b" or "1a2b;extension": hexadecimal digits only, then the limit of the body. */
static void mw_http_gate_chunk_size(mw_http_gate *g, mw_buffer *out) {
    mw_slice line = mw_buffer_view(&g->head);
    uint64_t size = 0;
    size_t i = 0;
    for (; i < line.n; i++) {
        const char *digit = line.p[i] == 0 ? NULL : strchr(mw_http_hex, line.p[i] | 0x20);
        bool is_digit = digit != NULL && (line.p[i] >= '0') && *digit != 0;
        if (!is_digit || i == 15)
            break;
        size = size << 4 | (uint64_t)(digit - mw_http_hex);
    }
    if (i == 0 || (i < line.n && line.p[i] != ';')) {
        (void)mw_http_gate_refuse(g, 400);
        return;
    }
    if (size > g->body_room) {
        (void)mw_http_gate_refuse(g, 413);
        return;
    }
    g->body_room -= size;
    g->body_left = size;
    mw_buffer_reset(&g->head);
    if (size == 0) {
        g->state = MW_HTTP_GATE_TRAILER;
        g->trailer_n = 0;
        return; /* the last chunk is passed on behind the trailers */
    }
    mw_buffer_printf(out, "%llx\r\n", (unsigned long long)size);
    g->state = MW_HTTP_GATE_CHUNK_DATA;
}

/* A trailer line; empty ends the request. */
static mw_http_gate_verdict mw_http_gate_trailer(mw_http_gate *g, mw_buffer *out) {
    mw_slice line = mw_buffer_view(&g->head);
    if (line.n == 0) {
        mw_buffer_append_str(out, "0\r\n\r\n");
        g->state = MW_HTTP_GATE_IDLE;
        g->scanned = 0;
        mw_buffer_reset(&g->head);
        return MW_HTTP_GATE_DONE;
    }
    mw_http_head_facts facts = {0};
    g->trailer_n += line.n + 2;
    if (g->trailer_n > MW_HTTP_GATE_TRAILER_MAX)
        return mw_http_gate_refuse(g, 431);
    if (mw_http_field(line, &facts) != 0 || facts.host_n + facts.length_n + facts.coding_n > 0)
        return mw_http_gate_refuse(g, 400);
    mw_buffer_reset(&g->head);
    return MW_HTTP_GATE_MORE;
}

static mw_http_gate_verdict mw_http_gate_step(mw_http_gate *g, mw_slice in, mw_buffer *out,
                                              size_t *used) {
    switch (g->state) {
    case MW_HTTP_GATE_IDLE:
        g->state = MW_HTTP_GATE_HEAD;
        return MW_HTTP_GATE_MORE;
    case MW_HTTP_GATE_HEAD:
        return mw_http_gate_head(g, in, out, used);
    case MW_HTTP_GATE_BODY:
        mw_http_gate_copy(g, in, out, used);
        if (g->body_left > 0)
            return MW_HTTP_GATE_MORE;
        g->state = MW_HTTP_GATE_IDLE;
        return MW_HTTP_GATE_DONE;
    case MW_HTTP_GATE_CHUNK_SIZE:
        if (mw_http_gate_line_byte(g, in.p[(*used)++], MW_HTTP_GATE_EXTENSION_MAX))
            mw_http_gate_chunk_size(g, out);
        return MW_HTTP_GATE_MORE;
    case MW_HTTP_GATE_CHUNK_DATA:
        mw_http_gate_copy(g, in, out, used);
        if (g->body_left == 0)
            g->state = MW_HTTP_GATE_CHUNK_END;
        return MW_HTTP_GATE_MORE;
    case MW_HTTP_GATE_CHUNK_END:
        if (mw_http_gate_line_byte(g, in.p[(*used)++], 1)) {
            if (g->head.n > 0)
                return mw_http_gate_refuse(g, 400);
            mw_buffer_append_str(out, "\r\n");
            mw_buffer_reset(&g->head);
            g->state = MW_HTTP_GATE_CHUNK_SIZE;
        }
        return MW_HTTP_GATE_MORE;
    case MW_HTTP_GATE_TRAILER:
        if (mw_http_gate_line_byte(g, in.p[(*used)++], g->head_max))
            return mw_http_gate_trailer(g, out);
        return MW_HTTP_GATE_MORE;
    case MW_HTTP_GATE_REFUSED:
        break;
    }
    return MW_HTTP_GATE_REFUSE;
}

mw_http_gate_verdict mw_http_gate_push(mw_http_gate *g, mw_slice in, mw_buffer *out,
                                       size_t *out_used) {
    size_t used = 0;
    mw_http_gate_verdict verdict =
        g->state == MW_HTTP_GATE_REFUSED ? MW_HTTP_GATE_REFUSE : MW_HTTP_GATE_MORE;
    while (used < in.n && verdict == MW_HTTP_GATE_MORE) {
        verdict = mw_http_gate_step(g, in, out, &used);
        if (g->state == MW_HTTP_GATE_REFUSED)
            verdict = MW_HTTP_GATE_REFUSE;
        else if (out->status != MW_OK)
            verdict = mw_http_gate_refuse(g, 500);
    }
    mw_assert(used <= in.n);
    *out_used = used;
    return verdict;
}
