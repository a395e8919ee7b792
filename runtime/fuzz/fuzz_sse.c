/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a stream of events: whole and cut in two they give the same events.
 */
#include "base/assert.h"
#include "base/crc.h"
#include "runtime/sse.h"

typedef struct seen {
    uint32_t crc;
    unsigned events;
} seen;

static void see(void *context, const char *event, mw_slice data) {
    seen *s = context;
    mw_assert(data.n <= MW_SSE_DATA_MAX);
    s->crc = mw_crc32_update(s->crc, mw_slice_of_str(event));
    s->crc = mw_crc32_update(s->crc, data);
    s->events++;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    static mw_sse whole, cut;
    seen a = {0}, b = {0};
    mw_sse_init(&whole, see, &a);
    mw_sse_init(&cut, see, &b);
    mw_sse_push(&whole, (mw_slice){bytes, n});
    size_t at = n > 0 ? bytes[0] % n : 0;
    mw_sse_push(&cut, (mw_slice){bytes, at});
    mw_sse_push(&cut, (mw_slice){bytes + at, n - at});
    mw_assert(a.events == b.events && a.crc == b.crc && whole.dropped == cut.dropped);
    return 0;
}
