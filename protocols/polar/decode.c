/* SPDX-License-Identifier: Apache-2.0
 *
 * All paths walk the code's tree in step, so an array of a stage is rewritten by every path at the
 * same moment: a new path copies references to its parent's arrays and path p always writes into
 * arrays number p. Subtrees without information are decided at once.
 *
 * Channel values are scaled to a mean of 16 and limited to 120, so that the sum over the longest
 * code fits 16 bits; metrics stay below the same sum.
 */
#include "base/assert.h"
#include "protocols/polar/polar.h"

#define LIST  MW_POLAR_LIST_MAX
#define MEAN  16
#define LIMIT 120
_Static_assert(LIMIT *MW_POLAR_BITS_MAX <= INT16_MAX, "ratios are sums over the code");

static const int16_t *ratio_of(const mw_polar_decoder *d, unsigned path, unsigned stage) {
    return d->ratio[d->ratio_slot[path][stage]] + (1u << stage);
}

static void own_ratios(mw_polar_decoder *d, unsigned stage) {
    for (unsigned p = 0; p < d->paths; p++)
        d->ratio_slot[p][stage] = (uint8_t)p;
}

/* The left half of a stage: what the sum of two bits is worth. */
static void step_left(mw_polar_decoder *d, unsigned stage) {
    unsigned n = 1u << stage;
    for (unsigned p = 0; p < d->paths; p++) {
        const int16_t *restrict in = ratio_of(d, p, stage + 1);
        int16_t *restrict out = d->ratio[p] + n;
        for (unsigned i = 0; i < n; i++) {
            int16_t a = in[i], b = in[i + n];
            int16_t na = (int16_t)-a, nb = (int16_t)-b;
            int16_t x = a < b ? a : b;
            int16_t y = na < nb ? na : nb;
            out[i] = x > y ? x : y;
        }
    }
    own_ratios(d, stage);
}

/* The right half, the left one's bits being decided. */
static void step_right(mw_polar_decoder *d, unsigned stage) {
    unsigned n = 1u << stage;
    for (unsigned p = 0; p < d->paths; p++) {
        const int16_t *restrict in = ratio_of(d, p, stage + 1);
        const uint8_t *restrict bits = d->left[d->left_slot[p][stage]] + n;
        int16_t *restrict out = d->ratio[p] + n;
        for (unsigned i = 0; i < n; i++) {
            int16_t turn = (int16_t)-bits[i];
            out[i] = (int16_t)(in[i + n] + ((in[i] ^ turn) - turn));
        }
    }
    own_ratios(d, stage);
}

/* Keeps word[p] as the left half of a stage. */
static void keep_left(mw_polar_decoder *d, unsigned stage) {
    unsigned n = 1u << stage;
    for (unsigned p = 0; p < d->paths; p++) {
        mw_bytes_copy(d->left[p] + n, d->word[p], n);
        d->left_slot[p][stage] = (uint8_t)p;
    }
}

/* word[p] is the right half of a stage: makes it the whole. */
static void join_halves(mw_polar_decoder *d, unsigned stage) {
    unsigned n = 1u << stage;
    for (unsigned p = 0; p < d->paths; p++) {
        const uint8_t *restrict left = d->left[d->left_slot[p][stage]] + n;
        uint8_t *restrict word = d->word[p];
        mw_bytes_copy(word + n, word, n);
        for (unsigned i = 0; i < n; i++)
            word[i] ^= left[i];
    }
}

/* ---- decisions ---- */

static void decide_zero(mw_polar_decoder *d, unsigned stage) {
    unsigned n = 1u << stage;
    for (unsigned p = 0; p < d->paths; p++) {
        const int16_t *in = ratio_of(d, p, stage);
        for (unsigned i = 0; i < n; i++)
            d->metric[p] -= in[i] < 0 ? in[i] : 0;
        mw_bytes_fill(d->word[p], 0, n);
    }
}

/* Path `to` goes on where path `from` is. */
static void fork_path(mw_polar_decoder *d, unsigned to, unsigned from) {
    mw_bytes_copy(d->ratio_slot[to], d->ratio_slot[from], sizeof d->ratio_slot[to]);
    mw_bytes_copy(d->left_slot[to], d->left_slot[from], sizeof d->left_slot[to]);
    mw_bytes_copy(d->bits[to], d->bits[from], sizeof d->bits[to]);
}

/* Which of the 2 * paths continuations (path p with its likelier bit is p, with the other one
 * paths + p) are among the best; returns how many. Equal costs are ordered by number. */
static unsigned choose(const mw_polar_decoder *d, const int32_t cost[2 * LIST],
                       bool keep[2 * LIST]) {
    uint32_t key[2 * LIST];
    unsigned n = 2u * d->paths, kept = 0;
    for (unsigned i = 0; i < n; i++)
        key[i] = (uint32_t)cost[i] << 6 | i;
    for (unsigned i = 0; i < n; i++) {
        uint32_t rank = 0;
        for (unsigned j = 0; j < n; j++)
            rank += key[j] < key[i];
        keep[i] = rank < d->list;
        kept += keep[i];
    }
    return kept;
}

static void decide_info(mw_polar_decoder *d, unsigned input) {
    int32_t cost[2 * LIST];
    bool keep[2 * LIST];
    uint8_t bit[LIST];
    unsigned before = d->paths;
    for (unsigned p = 0; p < before; p++) {
        int32_t v = *ratio_of(d, p, 0);
        bit[p] = v < 0;
        cost[p] = d->metric[p];
        cost[before + p] = d->metric[p] + (v < 0 ? -v : v);
    }
    unsigned kept = choose(d, cost, keep);
    /* A path that goes on with one bit stays in its place; with both, the second takes the place
     * of a path that ended, or a new place. */
    unsigned free_at = 0;
    for (unsigned p = 0; p < before; p++) {
        if (!keep[before + p])
            continue;
        unsigned to = p;
        if (keep[p]) {
            while (free_at < before && (keep[free_at] || keep[before + free_at]))
                free_at++;
            mw_assert(free_at < LIST);
            to = free_at++;
            fork_path(d, to, p);
        }
        d->metric[to] = cost[before + p];
        d->word[to][0] = !bit[p];
        d->bits[to][input / 8] = (uint8_t)(d->bits[to][input / 8] | !bit[p] << (7 - input % 8));
    }
    for (unsigned p = 0; p < before; p++) {
        if (!keep[p])
            continue;
        d->word[p][0] = bit[p];
        d->bits[p][input / 8] = (uint8_t)(d->bits[p][input / 8] | bit[p] << (7 - input % 8));
    }
    d->paths = (uint8_t)(kept > before ? kept : before);
}

static bool all_frozen(const mw_polar_code *code, unsigned at, unsigned n) {
    if (n < 8)
        return (code->info[at / 8] & ((1u << n) - 1) << (8 - n - at % 8)) == 0;
    for (unsigned i = at / 8; i < (at + n) / 8; i++)
        if (code->info[i] != 0)
            return false;
    return true;
}

/* Leaves the decided bits of the subtree in word[p] of every path. */
static void walk(mw_polar_decoder *d, unsigned stage, unsigned at) {
    if (all_frozen(d->code, at, 1u << stage)) {
        decide_zero(d, stage);
    } else if (stage == 0) {
        decide_info(d, at);
    } else {
        step_left(d, stage - 1);
        walk(d, stage - 1, at);
        keep_left(d, stage - 1);
        step_right(d, stage - 1);
        walk(d, stage - 1, at + (1u << (stage - 1)));
        join_halves(d, stage - 1);
    }
}

/* ---- words ---- */

static bool load(mw_polar_decoder *d, const int16_t *soft, unsigned n) {
    int32_t sum = 0, count = 0;
    for (unsigned i = 0; i < n; i++) {
        bool known = soft[i] == MW_POLAR_KNOWN || soft[i] <= -MW_POLAR_KNOWN;
        sum += known ? 0 : soft[i] < 0 ? -soft[i] : soft[i];
        count += !known;
    }
    if (sum == 0)
        return false;
    for (unsigned i = 0; i < n; i++) {
        bool known = soft[i] == MW_POLAR_KNOWN || soft[i] <= -MW_POLAR_KNOWN;
        int64_t v = (int64_t)soft[i] * MEAN * count;
        v = known ? soft[i] : (v < 0 ? v - sum / 2 : v + sum / 2) / sum;
        d->ratio[0][n + i] = (int16_t)(v > LIMIT ? LIMIT : (v < -LIMIT ? -LIMIT : v));
    }
    return true;
}

mw_status mw_polar_decode(mw_polar_decoder *d, const mw_polar_code *code, unsigned list,
                          const int16_t *soft, size_t n) {
    mw_assert(code->stages >= 3 && code->stages <= MW_POLAR_STAGES_MAX);
    if (list == 0 || list > LIST || n != (size_t)1 << code->stages)
        return MW_RANGE;
    d->paths = 0;
    d->given = 0;
    if (!load(d, soft, (unsigned)n))
        return MW_CHECKSUM;
    d->code = code;
    d->list = (uint8_t)list;
    d->paths = 1;
    d->metric[0] = 0;
    mw_bytes_fill(d->bits[0], 0, sizeof d->bits[0]);
    mw_bytes_fill(d->ratio_slot[0], 0, sizeof d->ratio_slot[0]);
    mw_bytes_fill(d->left_slot[0], 0, sizeof d->left_slot[0]);
    walk(d, code->stages, 0);
    return MW_OK;
}

bool mw_polar_next(mw_polar_decoder *d, uint8_t *out_inputs) {
    unsigned best = LIST;
    for (unsigned p = 0; p < d->paths; p++) {
        bool given = (d->given >> p & 1) != 0;
        if (!given && (best == LIST || d->metric[p] < d->metric[best]))
            best = p;
    }
    if (best == LIST)
        return false;
    d->given |= UINT32_C(1) << best;
    mw_bytes_copy(out_inputs, d->bits[best], (size_t)1 << (d->code->stages - 3));
    return true;
}
