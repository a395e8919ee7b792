/* SPDX-License-Identifier: Apache-2.0
 *
 * The reading side of server-sent events (WHATWG HTML, section "Server-sent events"): bytes in,
 * events out. Fields other than event and data are skipped: nobody here resumes by id.
 */
#ifndef MW_RUNTIME_SSE_H
#define MW_RUNTIME_SSE_H

#include "base/bytes.h"

#define MW_SSE_EVENT_MAX 64u   /* bytes of an event's name */
#define MW_SSE_DATA_MAX  8192u /* bytes of an event's data */
#define MW_SSE_LINE_MAX  8192u

typedef void mw_sse_fn(void *context, const char *event, mw_slice data);

typedef struct mw_sse {
    mw_sse_fn *fn;
    void *context;
    char event[MW_SSE_EVENT_MAX + 1];
    uint8_t data[MW_SSE_DATA_MAX + 1];
    size_t data_n;
    bool has_data;
    uint8_t line[MW_SSE_LINE_MAX];
    size_t line_n;
    bool after_cr; /* a line feed that follows belongs to the line end before */
    bool too_long; /* the present event: it is dropped whole */
    bool started;  /* the first bytes were seen: no byte order mark any more */
    uint64_t dropped;
} mw_sse;

/* fn is called from mw_sse_push with each event that has data; event is "message" without a name.
 */
void mw_sse_init(mw_sse *s, mw_sse_fn *fn, void *context);
/* Any bytes, cut anywhere. An event beyond a limit is dropped and counted. */
void mw_sse_push(mw_sse *s, mw_slice bytes);

#endif
