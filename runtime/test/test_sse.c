/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/sse.h"

#include <stdio.h>

#include "tests/harness/mw_test.h"

typedef struct seen {
    char text[4096];
    size_t n;
    unsigned events;
} seen;

static void see(void *context, const char *event, mw_slice data) {
    seen *s = context;
    s->events++;
    s->n += (size_t)snprintf(s->text + s->n, sizeof s->text - s->n, "<%s|%.*s>", event, (int)data.n,
                             (const char *)data.p);
}

static void check(const char *stream, const char *expected) {
    mw_slice in = mw_slice_of_str(stream);
    for (size_t step = 1; step <= in.n + 1; step = step < 4 ? step + 1 : step * 2) {
        mw_sse s;
        seen got = {.n = 0};
        mw_sse_init(&s, see, &got);
        for (size_t at = 0; at < in.n; at += step)
            mw_sse_push(&s, mw_slice_sub(in, at, in.n - at < step ? in.n - at : step));
        MW_CHECK_STR(got.text, expected);
    }
}

MW_TEST(events) {
    check("event: hello\ndata: {\"a\":1}\n\n: comment\n\ndata:x\n\n",
          "<hello|{\"a\":1}><message|x>");
    check("data: one\r\ndata: two\r\n\r\nevent:a\rdata\r\r", "<message|one\ntwo><a|>");
    check("\xEF\xBB\xBF"
          "data: x\n\n",
          "<message|x>");
    check("event: nothing\n\nid: 7\nretry: 10\ndata: y\n\n", "<message|y>");
    check("data: cut off\n", "");
}

MW_TEST(what_is_too_long_is_dropped_whole) {
    static mw_sse s;
    static uint8_t long_line[MW_SSE_LINE_MAX + 100];
    seen got = {.n = 0};
    mw_sse_init(&s, see, &got);
    memset(long_line, 'x', sizeof long_line);
    memcpy(long_line, "data: ", 6);
    mw_sse_push(&s, MW_SLICE_OF(long_line));
    mw_sse_push(&s, mw_slice_of_str("\n\ndata: good\n\n"));
    MW_CHECK_STR(got.text, "<message|good>");
    MW_CHECK_EQ(s.dropped, 1);
}

MW_TEST_MAIN(MW_CASE(events), MW_CASE(what_is_too_long_is_dropped_whole))
