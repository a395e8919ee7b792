/* SPDX-License-Identifier: Apache-2.0
 *
 * Successive-cancellation list decoding over whole subtrees: a subtree whose inputs are all frozen,
 * all information, a repetition or a single parity check is decided at once (Sarkis et al. 2016,
 * Hashemi et al. 2017). Paths walk the tree in step, so a new path copies references to its
 * parent's arrays and never an array (see protocols/unb/decode.c).
 *
 * Bits are kept as masks (0 or -1) in the same 16-bit lanes as the ratios: every inner loop is then
 * one that a compiler turns into vector instructions. Channel values are limited so that no sum
 * over the longest code can overflow 16 bits.
 */
#include "radio/polar_list.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "protocols/unb/polar.h"

#define STAGES 11 /* 0..10: the last is the channel of the longest code */
#define LIST   MW_POLAR_LIST_MAX
#define CODE   MW_UNB_CODE_BITS_MAX

typedef enum node {
    NODE_SPLIT,
    NODE_ZERO,   /* all inputs frozen                  */
    NODE_ONE,    /* all inputs carry information       */
    NODE_REPEAT, /* only the last carries information  */
    NODE_PARITY, /* only the first is frozen           */
} node;

/* Which array each stage of a path is in: ratios, and bits of left and right children. */
typedef struct path {
    uint8_t ratio[STAGES];
    uint8_t bits[2][STAGES];
} path;

typedef struct choice {
    uint8_t path;
    uint8_t second; /* the dearer of the path's two continuations */
} choice;

struct mw_polar_list {
    int16_t ratio[LIST][2 * CODE]; /* stage s begins at 2^s */
    int16_t bits[2][LIST][2 * CODE];
    uint32_t weakest[LIST][LIST]; /* magnitude << 10 | position, ascending */
    int32_t metric[LIST];
    int32_t cheap[LIST]; /* costs of the two continuations of each path, at a choice */
    int32_t dear[LIST];
    int32_t base[LIST]; /* single parity: magnitude of the weakest position */
    uint8_t odd[LIST];  /* single parity: whether it must be turned at present */
    path path[LIST];
    unsigned paths;
    unsigned list;
    mw_unb_size size;
    uint32_t check_ignored;               /* bits of the check that need not agree */
    uint16_t at[MW_UNB_SIZE_COUNT][CODE]; /* symbol index | whitening << 15 */
    uint8_t info[MW_UNB_SIZE_COUNT][CODE];
    uint8_t node[MW_UNB_SIZE_COUNT][2 * CODE]; /* (code_bits >> stage) + block */
};

static node node_of(const uint8_t *info, unsigned n) {
    unsigned count = 0;
    for (unsigned i = 0; i < n; i++)
        count += info[i];
    if (count == 0)
        return NODE_ZERO;
    if (count == n)
        return NODE_ONE;
    if (count == 1 && info[n - 1] != 0)
        return NODE_REPEAT;
    if (count == n - 1 && info[0] == 0)
        return NODE_PARITY;
    return NODE_SPLIT;
}

mw_polar_list *mw_polar_list_new(void) {
    mw_polar_list *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    for (unsigned s = 0; s < MW_UNB_SIZE_COUNT; s++) {
        mw_unb_size size = (mw_unb_size)s;
        unsigned n = mw_unb_layout_of(size)->code_bits;
        for (unsigned i = 0; i < n; i++) {
            p->at[s][i] =
                (uint16_t)(mw_unb_code_at(size, i) | mw_unb_code_whitening(size, i) << 15);
            p->info[s][i] = mw_unb_polar_is_info(size, i);
        }
        for (unsigned length = 1; length <= n; length *= 2)
            for (unsigned block = 0; block < n / length; block++)
                p->node[s][n / length + block] =
                    (uint8_t)node_of(p->info[s] + block * length, length);
    }
    return p;
}

size_t mw_polar_list_memory(void) {
    return sizeof(mw_polar_list);
}

void mw_polar_list_free(mw_polar_list *p) {
    free(p);
}

/* ---- inner loops ---- */

static void combine_check(int16_t *restrict out, const int16_t *restrict in, unsigned n) {
    const int16_t *restrict high = in + n;
    for (unsigned i = 0; i < n; i++) {
        int16_t a = in[i];
        int16_t b = high[i];
        int16_t na = (int16_t)-a;
        int16_t nb = (int16_t)-b;
        int16_t x = a < b ? a : b;
        int16_t y = na < nb ? na : nb;
        out[i] = x > y ? x : y;
    }
}

static void combine_known(int16_t *restrict out, const int16_t *restrict in,
                          const int16_t *restrict bits, unsigned n) {
    const int16_t *restrict high = in + n;
    for (unsigned i = 0; i < n; i++)
        out[i] = (int16_t)(high[i] + ((in[i] ^ bits[i]) - bits[i]));
}

static void combine_bits(int16_t *restrict out, const int16_t *restrict left,
                         const int16_t *restrict right, unsigned n) {
    for (unsigned i = 0; i < n; i++) {
        out[i] = left[i] ^ right[i];
        out[i + n] = right[i];
    }
}

/* Sum of the magnitudes of negative and of positive values. */
static void sums_of(const int16_t *in, unsigned n, int32_t *negative, int32_t *positive) {
    int32_t total = 0;
    int32_t magnitude = 0;
    for (unsigned i = 0; i < n; i++) {
        int32_t v = in[i];
        total += v;
        magnitude += v < 0 ? -v : v;
    }
    *negative = (magnitude - total) / 2;
    *positive = (magnitude + total) / 2;
}

/* ---- choosing paths ---- */

/* Given the cost of both continuations of every path (cheap <= dear), keeps the `list` best. Fills
 * `out` with (path, continuation) by path and returns how many; 0 when every path just goes on with
 * its cheap one. Equal costs are ordered by path, so the outcome is defined. */
static unsigned choose(const mw_polar_list *p, const int32_t *cheap, const int32_t *dear,
                       choice out[LIST]) {
    uint32_t key[2 * LIST];
    unsigned n = 2 * p->paths;
    int32_t worst = INT32_MIN;
    int32_t best = INT32_MAX;
    for (unsigned i = 0; i < p->paths; i++) {
        worst = cheap[i] > worst ? cheap[i] : worst;
        best = dear[i] < best ? dear[i] : best;
    }
    if (p->paths == p->list && worst <= best)
        return 0;
    for (unsigned i = 0; i < p->paths; i++) {
        key[i] = (uint32_t)cheap[i] << 6 | i;
        key[p->paths + i] = (uint32_t)dear[i] << 6 | (p->paths + i);
    }
    unsigned kept = 0;
    for (unsigned i = 0; i < n; i++) {
        int32_t rank = 0;
        for (unsigned j = 0; j < n; j++)
            rank += key[j] < key[i];
        if (rank < (int32_t)p->list) {
            out[kept].path = (uint8_t)(i < p->paths ? i : i - p->paths);
            out[kept].second = i >= p->paths;
            kept++;
        }
    }
    return kept;
}

/* Applies a choice: out[i].path is rewritten to where that candidate now lives. `side` and `stage`
 * name the array of bits that a twin must copy, with n values; n = 0 when there is none yet. */
static void settle(mw_polar_list *p, choice *chosen, unsigned kept, unsigned side, unsigned n) {
    uint8_t survivors[LIST] = {0};
    for (unsigned i = 0; i < kept; i++)
        survivors[chosen[i].path]++;
    unsigned free_at = 0;
    for (unsigned i = 0; i < kept; i++) {
        unsigned from = chosen[i].path;
        if (survivors[from] < 2 || chosen[i].second == 0)
            continue;
        while (free_at < p->paths && survivors[free_at] != 0)
            free_at++;
        mw_assert(free_at < LIST);
        p->path[free_at] = p->path[from];
        p->metric[free_at] = p->metric[from];
        p->base[free_at] = p->base[from];
        p->odd[free_at] = p->odd[from];
        if (n > 0) {
            memcpy(p->bits[side][free_at] + n, p->bits[side][from] + n, n * sizeof(int16_t));
            memcpy(p->weakest[free_at], p->weakest[from], sizeof p->weakest[0]);
        }
        chosen[i].path = (uint8_t)free_at++;
    }
    p->paths = kept > p->paths ? kept : p->paths;
}

/* ---- nodes: each leaves the decided bits of its stage in bits[side][path] + n ---- */

static const int16_t *ratio_of(const mw_polar_list *p, unsigned i, unsigned stage) {
    return p->ratio[p->path[i].ratio[stage]] + (1u << stage);
}

static void own_bits(mw_polar_list *p, unsigned side, unsigned stage) {
    for (unsigned i = 0; i < p->paths; i++)
        p->path[i].bits[side][stage] = (uint8_t)i;
}

static void node_zero(mw_polar_list *p, unsigned stage, unsigned side) {
    unsigned n = 1u << stage;
    for (unsigned i = 0; i < p->paths; i++) {
        int32_t negative, positive;
        sums_of(ratio_of(p, i, stage), n, &negative, &positive);
        p->metric[i] += negative;
        memset(p->bits[side][i] + n, 0, n * sizeof(int16_t));
    }
}

static void node_repeat(mw_polar_list *p, unsigned stage, unsigned side) {
    unsigned n = 1u << stage;
    int32_t *cheap = p->cheap;
    int32_t *dear = p->dear;
    int16_t hard[LIST];
    for (unsigned i = 0; i < p->paths; i++) {
        int32_t zero, one;
        sums_of(ratio_of(p, i, stage), n, &zero, &one);
        hard[i] = zero > one ? -1 : 0;
        cheap[i] = p->metric[i] + (zero > one ? one : zero);
        dear[i] = p->metric[i] + (zero > one ? zero : one);
    }
    choice chosen[LIST];
    uint8_t from[LIST];
    unsigned kept = choose(p, cheap, dear, chosen);
    if (kept == 0) {
        for (unsigned i = 0; i < p->paths; i++) {
            p->metric[i] = cheap[i];
            memset(p->bits[side][i] + n, hard[i], n * sizeof(int16_t));
        }
        return;
    }
    for (unsigned k = 0; k < kept; k++)
        from[k] = chosen[k].path;
    settle(p, chosen, kept, side, 0);
    for (unsigned k = 0; k < kept; k++) {
        unsigned i = chosen[k].path;
        bool second = chosen[k].second != 0;
        p->metric[i] = second ? dear[from[k]] : cheap[from[k]];
        memset(p->bits[side][i] + n, second ? ~hard[from[k]] : hard[from[k]], n * sizeof(int16_t));
    }
}

/* Hard decisions into the bits array; returns their parity as a mask. */
static int16_t decide_hard(int16_t *restrict out, const int16_t *restrict in, unsigned n) {
    int16_t parity = 0;
    for (unsigned k = 0; k < n; k++) {
        out[k] = (int16_t)(in[k] >> 15);
        parity ^= out[k];
    }
    return parity;
}

/* The `count` weakest positions, ascending. */
static void find_weakest(uint32_t *out, const int16_t *in, unsigned n, unsigned count) {
    uint32_t bound = UINT32_MAX;
    unsigned have = 0;
    for (unsigned k = 0; k < n; k++) {
        uint32_t v = (uint32_t)(in[k] < 0 ? -in[k] : in[k]) << 10 | k;
        if (v > bound)
            continue;
        unsigned at = have < count ? have++ : count - 1;
        for (; at > 0 && out[at - 1] > v; at--)
            out[at] = out[at - 1];
        out[at] = v;
        bound = have == count ? out[count - 1] : UINT32_MAX;
    }
}

/* Every position free, or (parity) their number of ones even: starts from the hard decisions and
 * lets each path turn its weakest positions one after the other. In a parity node the weakest one
 * restores the parity, so each turn also turns that one back or forth. */
static void node_free(mw_polar_list *p, unsigned stage, unsigned side, bool parity) {
    unsigned n = 1u << stage;
    unsigned first = parity ? 1 : 0;
    unsigned turns = p->list - 1 + first;
    turns = turns < 1 ? 1 : turns;
    turns = turns > n ? n : turns;
    turns = turns > LIST ? LIST : turns;
    for (unsigned i = 0; i < p->paths; i++) {
        const int16_t *in = ratio_of(p, i, stage);
        int16_t ones = decide_hard(p->bits[side][i] + n, in, n);
        find_weakest(p->weakest[i], in, n, turns);
        p->base[i] = 0;
        p->odd[i] = 0;
        if (parity) {
            p->base[i] = (int32_t)(p->weakest[i][0] >> 10);
            p->odd[i] = ones != 0;
            p->metric[i] += ones != 0 ? p->base[i] : 0;
        }
    }
    for (unsigned t = first; t < turns; t++) {
        int32_t *dear = p->dear;
        for (unsigned i = 0; i < p->paths; i++)
            dear[i] = p->metric[i] + (int32_t)(p->weakest[i][t] >> 10) +
                      (p->odd[i] != 0 ? -p->base[i] : p->base[i]);
        choice chosen[LIST];
        unsigned kept = choose(p, p->metric, dear, chosen);
        if (kept == 0)
            break; /* later turns only cost more */
        uint8_t from[LIST];
        for (unsigned k = 0; k < kept; k++)
            from[k] = chosen[k].path;
        settle(p, chosen, kept, side, n);
        for (unsigned k = 0; k < kept; k++) {
            if (chosen[k].second == 0)
                continue;
            unsigned i = chosen[k].path;
            p->metric[i] = dear[from[k]];
            p->odd[i] ^= (uint8_t)parity;
            int16_t *bit = p->bits[side][i] + n + (p->weakest[i][t] & 1023);
            *bit = (int16_t) ~*bit;
        }
    }
    for (unsigned i = 0; i < p->paths && parity; i++) {
        int16_t *bit = p->bits[side][i] + n + (p->weakest[i][0] & 1023);
        *bit = p->odd[i] != 0 ? (int16_t) ~*bit : *bit;
    }
}

static void decode_node(mw_polar_list *p, unsigned stage, unsigned block, unsigned side);

static void node_split(mw_polar_list *p, unsigned stage, unsigned block, unsigned side) {
    unsigned half = 1u << (stage - 1);
    for (unsigned i = 0; i < p->paths; i++)
        combine_check(p->ratio[i] + half, ratio_of(p, i, stage), half);
    for (unsigned i = 0; i < p->paths; i++)
        p->path[i].ratio[stage - 1] = (uint8_t)i;
    decode_node(p, stage - 1, 2 * block, 0);
    for (unsigned i = 0; i < p->paths; i++)
        combine_known(p->ratio[i] + half, ratio_of(p, i, stage),
                      p->bits[0][p->path[i].bits[0][stage - 1]] + half, half);
    for (unsigned i = 0; i < p->paths; i++)
        p->path[i].ratio[stage - 1] = (uint8_t)i;
    decode_node(p, stage - 1, 2 * block + 1, 1);
    for (unsigned i = 0; i < p->paths; i++)
        combine_bits(p->bits[side][i] + 2 * half, p->bits[0][p->path[i].bits[0][stage - 1]] + half,
                     p->bits[1][p->path[i].bits[1][stage - 1]] + half, half);
}

static void decode_node(mw_polar_list *p, unsigned stage, unsigned block, unsigned side) {
    unsigned blocks = mw_unb_layout_of(p->size)->code_bits >> stage;
    switch ((node)p->node[p->size][blocks + block]) {
    case NODE_ZERO:
        node_zero(p, stage, side);
        break;
    case NODE_REPEAT:
        node_repeat(p, stage, side);
        break;
    case NODE_ONE:
        node_free(p, stage, side, false);
        break;
    case NODE_PARITY:
        node_free(p, stage, side, true);
        break;
    case NODE_SPLIT:
        node_split(p, stage, block, side);
        break;
    }
    own_bits(p, side, stage);
}

/* ---- frames ---- */

/* Code order, a common scale, limits that the sums can bear. False when nothing was received. */
static bool load(mw_polar_list *p, const float *soft) {
    const mw_unb_layout *l = mw_unb_layout_of(p->size);
    int limit = 32767 / l->code_bits;
    float sum = 0;
    for (unsigned i = 0; i < l->code_bits; i++)
        sum += fabsf(soft[p->at[p->size][i] & 0x7FFF]);
    float gain = (float)limit / 4 * (float)l->code_bits / sum;
    if (!(sum > 0) || !isfinite(sum) || !isfinite(gain))
        return false;
    for (unsigned i = 0; i < l->code_bits; i++) {
        unsigned at = p->at[p->size][i];
        float v = soft[at & 0x7FFF] * gain;
        v = v > (float)limit ? (float)limit : (v < (float)-limit ? (float)-limit : v);
        int q = (int)lrintf(v);
        p->ratio[0][l->code_bits + i] = (int16_t)((at & 0x8000) != 0 ? -q : q);
    }
    return true;
}

static void info_of(const mw_polar_list *p, const int16_t *word,
                    uint8_t out[MW_UNB_INFO_BITS_MAX / 8]) {
    unsigned n = mw_unb_layout_of(p->size)->code_bits;
    uint8_t code[CODE / 8] = {0};
    for (unsigned i = 0; i < n; i++)
        code[i / 8] = (uint8_t)(code[i / 8] | (word[i] & 1) << (7 - i % 8));
    mw_unb_polar_transform(code, n / 8);
    memset(out, 0, MW_UNB_INFO_BITS_MAX / 8);
    unsigned taken = 0;
    for (unsigned i = 0; i < n; i++) {
        if (p->info[p->size][i] == 0)
            continue;
        unsigned bit = (unsigned)(code[i / 8] >> (7 - i % 8)) & 1;
        out[taken / 8] = (uint8_t)(out[taken / 8] | bit << (7 - taken % 8));
        taken++;
    }
}

void mw_polar_list_check_bits(mw_polar_list *p, unsigned bits) {
    p->check_ignored = bits >= 24 ? 0 : UINT32_C(0xFFFFFF) << bits & 0xFFFFFF;
}

static bool check_ok(const mw_polar_list *p, const uint8_t *info, size_t n) {
    if (p->check_ignored == 0)
        return mw_unb_check_ok((mw_slice){info, n});
    uint32_t sent = (uint32_t)info[n - 3] << 16 | (uint32_t)info[n - 2] << 8 | info[n - 1];
    uint32_t wrong = sent ^ mw_unb_check_of((mw_slice){info, n - 3});
    return (wrong & ~p->check_ignored) == 0;
}

mw_status mw_polar_list_decode(mw_polar_list *p, mw_unb_size size, unsigned list, const float *soft,
                               size_t n, mw_span out_payload) {
    if (size >= MW_UNB_SIZE_COUNT || list == 0 || list > LIST ||
        n != mw_unb_layout_of(size)->symbols)
        return MW_RANGE;
    const mw_unb_layout *l = mw_unb_layout_of(size);
    if (out_payload.n < l->payload_bytes)
        return MW_SPACE;
    p->size = size;
    p->list = list;
    p->paths = 1;
    p->metric[0] = 0;
    memset(&p->path[0], 0, sizeof p->path[0]);
    if (!load(p, soft))
        return MW_CHECKSUM;
    decode_node(p, 8 + (unsigned)size, 0, 0);
    bool tried[LIST] = {false};
    for (unsigned round = 0; round < p->paths; round++) {
        unsigned best = LIST;
        for (unsigned i = 0; i < p->paths; i++)
            if (!tried[i] && (best == LIST || p->metric[i] < p->metric[best]))
                best = i;
        tried[best] = true;
        uint8_t info[MW_UNB_INFO_BITS_MAX / 8];
        info_of(p, p->bits[0][best] + l->code_bits, info);
        if (check_ok(p, info, l->info_bits / 8u)) {
            mw_bytes_copy(out_payload.p, info, l->payload_bytes);
            return MW_OK;
        }
    }
    return MW_CHECKSUM;
}
