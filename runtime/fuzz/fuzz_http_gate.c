/* SPDX-License-Identifier: Apache-2.0
 *
 * The gate with any bytes. However they are cut into pieces, the verdicts and the bytes passed on
 * are the same; nothing that was refused is passed on behind the refusal.
 */
#include "base/assert.h"
#include "runtime/http_gate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t body_max(void *context, mw_slice method, mw_slice target) {
    (void)context;
    mw_assert(method.n > 0 && target.n > 0 && target.p[0] == '/');
    return 1000;
}

/* Pushes all input in pieces of `step`; the number of whole requests. */
static unsigned run(mw_slice in, size_t step, mw_buffer *out, bool *refused) {
    mw_http_gate g;
    unsigned requests = 0;
    *refused = false;
    mw_http_gate_init(&g, 2000, body_max, NULL);
    for (size_t at = 0; at < in.n && !*refused;) {
        size_t n = in.n - at < step ? in.n - at : step;
        size_t used = 0;
        mw_http_gate_verdict v = mw_http_gate_push(&g, mw_slice_sub(in, at, n), out, &used);
        mw_assert(used <= n);
        mw_assert(v != MW_HTTP_GATE_MORE || used == n);
        at += used;
        requests += v == MW_HTTP_GATE_DONE;
        *refused = v == MW_HTTP_GATE_REFUSE;
        mw_assert(!*refused || g.http_status >= 400);
    }
    mw_http_gate_fini(&g);
    return requests;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_buffer whole;
    mw_buffer pieces;
    bool refused_whole = false;
    bool refused_pieces = false;
    mw_buffer_init(&whole, 1 << 20);
    mw_buffer_init(&pieces, 1 << 20);
    mw_slice in = {data, size};
    unsigned a = run(in, size + 1, &whole, &refused_whole);
    unsigned b = run(in, size == 0 ? 1 : 1 + data[0] % 7u, &pieces, &refused_pieces);
    mw_assert(a == b && refused_whole == refused_pieces);
    mw_assert(mw_slice_equal(mw_buffer_view(&whole), mw_buffer_view(&pieces)));
    for (size_t i = 0; i < whole.n && a == 0 && !refused_whole; i++)
        mw_assert(whole.n <= size);
    mw_buffer_fini(&whole);
    mw_buffer_fini(&pieces);
    return 0;
}
