/* SPDX-License-Identifier: Apache-2.0
 *
 * Maximum-likelihood decoding of the three copies as one code of constraint length 3, generators
 * 1, 7, 5 (octal). The state is the last two message bits; the sequence starts in state 0 and ends
 * anywhere, since the copies are cut at their end.
 */
#include "base/assert.h"
#include "protocols/sigfox/sigfox.h"

#define STATES   4
#define BITS_MAX (8 * MW_SIGFOX_CONTENT_MAX)

/* Bit that copy c sends when `bit` enters state (newer bit in bit 1). */
static unsigned sent(unsigned c, unsigned state, unsigned bit) {
    unsigned b1 = state >> 1, b2 = state & 1;
    return c == 0 ? bit : c == 1 ? bit ^ b1 ^ b2 : bit ^ b2;
}

static int32_t agreement(const int16_t *const soft[MW_SIGFOX_COPIES], size_t i, unsigned state,
                         unsigned bit) {
    int32_t sum = 0;
    for (unsigned c = 0; c < MW_SIGFOX_COPIES; c++) {
        if (soft[c] != NULL)
            sum += sent(c, state, bit) == 0 ? soft[c][i] : -soft[c][i];
    }
    return sum;
}

mw_status mw_sigfox_join(const int16_t *const soft[MW_SIGFOX_COPIES], size_t content_bits,
                         mw_span out_content) {
    bool any = soft[0] != NULL || soft[1] != NULL || soft[2] != NULL;
    if (!any || content_bits < 80 || content_bits > BITS_MAX || content_bits % 8 != 0)
        return MW_RANGE;
    if (out_content.n < content_bits / 8)
        return MW_SPACE;
    /* came[i] holds, for each state after bit i, the oldest bit of the state it came from. */
    uint8_t came[BITS_MAX];
    int32_t metric[STATES] = {0, INT32_MIN / 2, INT32_MIN / 2, INT32_MIN / 2};
    for (size_t i = 0; i < content_bits; i++) {
        int32_t next[STATES];
        came[i] = 0;
        for (unsigned to = 0; to < STATES; to++) {
            unsigned bit = to >> 1, b1 = to & 1;
            int32_t from0 = metric[b1 << 1] + agreement(soft, i, b1 << 1, bit);
            int32_t from1 = metric[b1 << 1 | 1] + agreement(soft, i, b1 << 1 | 1, bit);
            next[to] = from1 > from0 ? from1 : from0;
            came[i] = (uint8_t)(came[i] | (unsigned)(from1 > from0) << to);
        }
        mw_bytes_copy(metric, next, sizeof metric);
    }
    unsigned state = 0;
    for (unsigned s = 1; s < STATES; s++) {
        if (metric[s] > metric[state])
            state = s;
    }
    mw_bytes_fill(out_content.p, 0, content_bits / 8);
    for (size_t i = content_bits; i-- > 0;) {
        out_content.p[i / 8] = (uint8_t)(out_content.p[i / 8] | (state >> 1) << (7 - i % 8));
        state = (state & 1) << 1 | (came[i] >> state & 1);
    }
    return MW_OK;
}

/* ---- From symbols -----------------------------------------------------------------------------*/

#define WIDE (STATES << MW_SIGFOX_COPIES) /* message state, then the phase of each copy */

/* What a bit brings: the state after it, and the agreement with the symbols heard. */
static unsigned wide_step(const int16_t *const symbol[MW_SIGFOX_COPIES], size_t i, unsigned wide,
                          unsigned bit, int32_t *io_metric) {
    unsigned state = wide >> MW_SIGFOX_COPIES, phases = wide & ((1u << MW_SIGFOX_COPIES) - 1);
    for (unsigned c = 0; c < MW_SIGFOX_COPIES; c++) {
        if (symbol[c] == NULL)
            continue; /* its phase stays 0: no states are spent on it */
        phases ^= (sent(c, state, bit) ^ 1) << c;
        *io_metric += (phases >> c & 1) == 0 ? symbol[c][i] : -symbol[c][i];
    }
    return (bit << 1 | state >> 1) << MW_SIGFOX_COPIES | phases;
}

mw_status mw_sigfox_join_symbols(const int16_t *const symbol[MW_SIGFOX_COPIES], size_t content_bits,
                                 mw_span out_content) {
    bool any = symbol[0] != NULL || symbol[1] != NULL || symbol[2] != NULL;
    if (!any || content_bits < 80 || content_bits > BITS_MAX || content_bits % 8 != 0)
        return MW_RANGE;
    if (out_content.n < content_bits / 8)
        return MW_SPACE;
    uint8_t came[BITS_MAX][WIDE]; /* the state before */
    int32_t metric[WIDE], next[WIDE];
    for (unsigned w = 0; w < WIDE; w++)
        metric[w] = w == 0 ? 0 : INT32_MIN / 2;
    for (size_t i = 0; i < content_bits; i++) {
        for (unsigned w = 0; w < WIDE; w++) {
            next[w] = INT32_MIN / 2;
            came[i][w] = 0;
        }
        for (unsigned w = 0; w < 2 * WIDE; w++) {
            if (metric[w / 2] == INT32_MIN / 2)
                continue;
            int32_t m = metric[w / 2];
            unsigned to = wide_step(symbol, i, w / 2, w & 1, &m);
            if (m > next[to]) {
                next[to] = m;
                came[i][to] = (uint8_t)(w / 2);
            }
        }
        mw_bytes_copy(metric, next, sizeof metric);
    }
    unsigned wide = 0;
    for (unsigned w = 1; w < WIDE; w++) {
        if (metric[w] > metric[wide])
            wide = w;
    }
    mw_bytes_fill(out_content.p, 0, content_bits / 8);
    for (size_t i = content_bits; i-- > 0;) {
        unsigned bit = wide >> (MW_SIGFOX_COPIES + 1);
        out_content.p[i / 8] = (uint8_t)(out_content.p[i / 8] | bit << (7 - i % 8));
        wide = came[i][wide];
    }
    return MW_OK;
}
