/* SPDX-License-Identifier: Apache-2.0
 *
 * Successive-cancellation list decoding (Tal and Vardy 2015) without copying arrays: all paths
 * walk the code tree in step, so an array of a stage is rewritten by every path at the same moment.
 * A new path therefore only copies references (`llr_slot`, `left_slot`) to its parent's arrays, and
 * path p always writes into arrays number p.
 *
 * Stage s holds 2^s log-likelihood ratios; the channel is the stage above the last. `left` keeps
 * the re-encoded bits of the left half of each stage until its right half is done.
 */
#include "protocols/unb/decode.h"

#include "base/assert.h"
#include "protocols/unb/polar.h"

#define LIST      MW_UNB_DECODER_LIST
#define LLR_MAX   127
#define INPUT_MAX 31 /* of the channel: leaves headroom for sums */
#define MEAN      8  /* of the channel's magnitudes after scaling */

static unsigned left_offset(unsigned stage) {
    return stage < 5 ? stage : 4 + (1u << (stage - 5));
}

static int clamp(int v, int limit) {
    return v > limit ? limit : (v < -limit ? -limit : v);
}

/* Brings the frame into code order and to a common scale. False when nothing was received. */
static bool load(mw_unb_decoder *d, mw_unb_size size, const int8_t *soft) {
    const mw_unb_layout *l = mw_unb_layout_of(size);
    int32_t sum = 0;
    for (unsigned i = 0; i < l->code_bits; i++) {
        int v = soft[mw_unb_code_at(size, i)];
        sum += v < 0 ? -v : v;
    }
    if (sum == 0)
        return false;
    int32_t gain = MEAN * 256 * (int32_t)l->code_bits / sum;
    for (unsigned i = 0; i < l->code_bits; i++) {
        int32_t v = soft[mw_unb_code_at(size, i)] * gain;
        v = (v < 0 ? v - 128 : v + 128) / 256;
        v = mw_unb_code_whitening(size, i) != 0 ? -v : v;
        d->channel[i] = (int8_t)clamp(v, INPUT_MAX);
    }
    return true;
}

static const int8_t *llr_of(const mw_unb_decoder *d, unsigned path, unsigned stage) {
    if (stage == d->stages)
        return d->channel;
    return d->llr[d->llr_slot[path][stage]] + (1u << stage) - 1;
}

/* The left half of a stage: what the sum of two bits is worth. */
static void step_left(mw_unb_decoder *d, unsigned stage) {
    unsigned n = 1u << stage;
    for (unsigned p = 0; p < d->paths; p++) {
        const int8_t *in = llr_of(d, p, stage + 1);
        int8_t *out = d->llr[p] + n - 1;
        for (unsigned i = 0; i < n; i++) {
            int a = in[i];
            int b = in[i + n];
            int x = a < b ? a : b;
            int y = -a < -b ? -a : -b;
            out[i] = (int8_t)(x > y ? x : y);
        }
    }
    for (unsigned p = 0; p < d->paths; p++)
        d->llr_slot[p][stage] = (uint8_t)p;
}

/* The right half, the left one's bits being decided. */
static void step_right(mw_unb_decoder *d, unsigned stage) {
    unsigned n = 1u << stage;
    for (unsigned p = 0; p < d->paths; p++) {
        const int8_t *in = llr_of(d, p, stage + 1);
        const uint32_t *bits = d->left[d->left_slot[p][stage]] + left_offset(stage);
        int8_t *out = d->llr[p] + n - 1;
        for (unsigned i = 0; i < n; i++) {
            int a = (bits[i / 32] >> (i % 32) & 1) != 0 ? -in[i] : in[i];
            out[i] = (int8_t)clamp(in[i + n] + a, LLR_MAX);
        }
    }
    for (unsigned p = 0; p < d->paths; p++)
        d->llr_slot[p][stage] = (uint8_t)p;
}

/* Brings every path's stage 0 to input i. */
static void descend(mw_unb_decoder *d, unsigned i) {
    unsigned stage = d->stages;
    if (i > 0) {
        stage = 0;
        while ((i >> stage & 1) == 0)
            stage++;
        step_right(d, stage);
    }
    while (stage-- > 0)
        step_left(d, stage);
}

/* Takes the decided bits up through the finished right halves of input i; at the last input the
 * whole codeword of path p is left in d->word. */
static void ascend(mw_unb_decoder *d, unsigned p, unsigned i) {
    uint32_t *word = d->word;
    word[0] = d->bit[p];
    unsigned stage = 0;
    for (; stage < d->stages && (i >> stage & 1) != 0; stage++) {
        const uint32_t *left = d->left[d->left_slot[p][stage]] + left_offset(stage);
        if (stage < 5) {
            word[0] = (left[0] ^ word[0]) | word[0] << (1u << stage);
            continue;
        }
        unsigned n = 1u << (stage - 5);
        for (unsigned w = 0; w < n; w++) {
            word[n + w] = word[w];
            word[w] ^= left[w];
        }
    }
    if (stage == d->stages)
        return;
    uint32_t *out = d->left[p] + left_offset(stage);
    unsigned n = stage < 5 ? 1 : 1u << (stage - 5);
    for (unsigned w = 0; w < n; w++)
        out[w] = word[w];
}

static void ascend_all(mw_unb_decoder *d, unsigned i) {
    unsigned stage = 0;
    while ((i >> stage & 1) != 0)
        stage++;
    for (unsigned p = 0; p < d->paths; p++)
        ascend(d, p, i);
    for (unsigned p = 0; p < d->paths && stage < d->stages; p++)
        d->left_slot[p][stage] = (uint8_t)p;
}

static void decide_frozen(mw_unb_decoder *d) {
    for (unsigned p = 0; p < d->paths; p++) {
        int v = *llr_of(d, p, 0);
        d->metric[p] += v < 0 ? -v : 0;
        d->bit[p] = 0;
    }
}

typedef struct choice {
    int32_t metric;
    uint8_t path;
    uint8_t bit;
} choice;

/* Both bits of every path, best first; returns how many. Insertion keeps equals in order, so the
 * outcome does not depend on the machine. */
static unsigned choices_of(const mw_unb_decoder *d, choice out[2 * LIST]) {
    unsigned n = 0;
    for (unsigned p = 0; p < d->paths; p++) {
        int v = *llr_of(d, p, 0);
        for (unsigned bit = 0; bit < 2; bit++) {
            int against = bit != 0 ? v : -v;
            choice c = {d->metric[p] + (against > 0 ? against : 0), (uint8_t)p, (uint8_t)bit};
            unsigned at = n++;
            for (; at > 0 && out[at - 1].metric > c.metric; at--)
                out[at] = out[at - 1];
            out[at] = c;
        }
    }
    return n;
}

static void decide_info(mw_unb_decoder *d) {
    choice all[2 * LIST];
    unsigned n = choices_of(d, all);
    n = n > LIST ? LIST : n;
    /* A path's first survivor stays in its place; a second one takes the place of a path that
     * none survived from, or a new place. */
    uint8_t kept[LIST] = {0};
    for (unsigned i = 0; i < n; i++)
        kept[all[i].path]++;
    bool placed[LIST] = {false};
    unsigned free_at = 0;
    for (unsigned i = 0; i < n; i++) {
        unsigned p = all[i].path;
        if (placed[p]) {
            while (free_at < d->paths && kept[free_at] != 0)
                free_at++;
            mw_assert(free_at < LIST);
            for (unsigned s = 0; s < MW_UNB_DECODER_STAGES; s++) {
                d->llr_slot[free_at][s] = d->llr_slot[p][s];
                d->left_slot[free_at][s] = d->left_slot[p][s];
            }
            p = free_at++;
        } else {
            placed[p] = true;
        }
        d->metric[p] = all[i].metric;
        d->bit[p] = all[i].bit;
    }
    d->paths = (uint8_t)(n > d->paths ? n : d->paths);
}

/* Payload and check of the codeword in d->word. */
static void info_of_word(const mw_unb_decoder *d, mw_unb_size size,
                         uint8_t info[MW_UNB_INFO_BITS_MAX / 8]) {
    const mw_unb_layout *l = mw_unb_layout_of(size);
    uint8_t code[MW_UNB_CODE_BITS_MAX / 8] = {0};
    for (unsigned i = 0; i < l->code_bits; i++)
        code[i / 8] = (uint8_t)(code[i / 8] | (d->word[i / 32] >> (i % 32) & 1) << (7 - i % 8));
    mw_unb_polar_transform(code, l->code_bits / 8u);
    mw_bytes_fill(info, 0, MW_UNB_INFO_BITS_MAX / 8);
    unsigned taken = 0;
    for (unsigned i = 0; i < l->code_bits; i++) {
        if (!mw_unb_polar_is_info(size, i))
            continue;
        unsigned bit = (unsigned)(code[i / 8] >> (7 - i % 8)) & 1;
        info[taken / 8] = (uint8_t)(info[taken / 8] | bit << (7 - taken % 8));
        taken++;
    }
}

mw_status mw_unb_decode(mw_unb_decoder *d, mw_unb_size size, const int8_t *soft, size_t n,
                        mw_span out_payload) {
    if (size >= MW_UNB_SIZE_COUNT || n != mw_unb_layout_of(size)->symbols)
        return MW_RANGE;
    const mw_unb_layout *l = mw_unb_layout_of(size);
    if (out_payload.n < l->payload_bytes)
        return MW_SPACE;
    if (!load(d, size, soft))
        return MW_CHECKSUM;
    d->stages = (uint8_t)(8 + size);
    d->paths = 1;
    d->metric[0] = 0;
    unsigned last = l->code_bits - 1u;
    for (unsigned i = 0; i <= last; i++) {
        descend(d, i);
        if (mw_unb_polar_is_info(size, i))
            decide_info(d);
        else
            decide_frozen(d);
        if (i < last)
            ascend_all(d, i);
    }
    /* The best candidate that satisfies the CRC; each is tried once, in order of its metric. */
    bool tried[LIST] = {false};
    for (unsigned round = 0; round < d->paths; round++) {
        unsigned best = LIST;
        for (unsigned p = 0; p < d->paths; p++)
            if (!tried[p] && (best == LIST || d->metric[p] < d->metric[best]))
                best = p;
        tried[best] = true;
        ascend(d, best, last);
        uint8_t info[MW_UNB_INFO_BITS_MAX / 8];
        info_of_word(d, size, info);
        if (mw_unb_check_ok((mw_slice){info, l->info_bits / 8u})) {
            mw_bytes_copy(out_payload.p, info, l->payload_bytes);
            return MW_OK;
        }
    }
    return MW_CHECKSUM;
}

mw_unb_size mw_unb_size_by_pilots(const int8_t *soft) {
    mw_unb_size best = MW_UNB_S;
    int32_t best_sum = INT32_MIN;
    for (unsigned s = 0; s < MW_UNB_SIZE_COUNT; s++) {
        int32_t sum = 0;
        for (unsigned i = 0; i < MW_UNB_PILOTS_MIN; i++) {
            int v = soft[mw_unb_pilot_at(i)];
            sum += mw_unb_pilot_bit((mw_unb_size)s, i) != 0 ? -v : v;
        }
        if (sum > best_sum) {
            best_sum = sum;
            best = (mw_unb_size)s;
        }
    }
    return best;
}
