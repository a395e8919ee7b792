/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/sse.h"

static void sse_clear(mw_sse *s) {
    s->event[0] = 0;
    s->data_n = 0;
    s->has_data = false;
    s->too_long = false;
}

void mw_sse_init(mw_sse *s, mw_sse_fn *fn, void *context) {
    *s = (mw_sse){.fn = fn, .context = context};
}

static void sse_dispatch(mw_sse *s) {
    if (s->too_long)
        s->dropped++;
    else if (s->has_data)
        s->fn(s->context, s->event[0] != 0 ? s->event : "message", (mw_slice){s->data, s->data_n});
    sse_clear(s);
}

static void sse_field(mw_sse *s, mw_slice name, mw_slice value) {
    if (mw_slice_equal(name, mw_slice_of_str("event"))) {
        if (value.n > MW_SSE_EVENT_MAX) {
            s->too_long = true;
            return;
        }
        mw_bytes_copy(s->event, value.p, value.n);
        s->event[value.n] = 0;
    } else if (mw_slice_equal(name, mw_slice_of_str("data"))) {
        size_t feed = s->has_data ? 1 : 0;
        if (s->data_n + feed + value.n > MW_SSE_DATA_MAX) {
            s->too_long = true;
            return;
        }
        if (feed > 0)
            s->data[s->data_n++] = '\n';
        mw_bytes_copy(s->data + s->data_n, value.p, value.n);
        s->data_n += value.n;
        s->has_data = true;
    }
}

static void sse_line(mw_sse *s) {
    static const uint8_t mark[3] = {0xEF, 0xBB, 0xBF};
    mw_slice line = {s->line, s->line_n};
    s->line_n = 0;
    if (!s->started && line.n >= 3 && mw_slice_equal(mw_slice_sub(line, 0, 3), MW_SLICE_OF(mark)))
        line = mw_slice_sub(line, 3, line.n - 3);
    s->started = true;
    if (line.n == 0) {
        sse_dispatch(s);
        return;
    }
    size_t colon = 0;
    while (colon < line.n && line.p[colon] != ':')
        colon++;
    if (colon == 0)
        return; /* a comment */
    size_t from = colon + 1 < line.n && line.p[colon + 1] == ' ' ? colon + 2 : colon + 1;
    mw_slice value = {0};
    if (from < line.n)
        value = mw_slice_sub(line, from, line.n - from);
    sse_field(s, mw_slice_sub(line, 0, colon), value);
}

void mw_sse_push(mw_sse *s, mw_slice bytes) {
    for (size_t i = 0; i < bytes.n; i++) {
        uint8_t c = bytes.p[i];
        bool second = c == '\n' && s->after_cr;
        s->after_cr = c == '\r';
        if (second)
            continue;
        if (c == '\r' || c == '\n')
            sse_line(s);
        else if (s->line_n < MW_SSE_LINE_MAX)
            s->line[s->line_n++] = c;
        else
            s->too_long = true;
    }
}
