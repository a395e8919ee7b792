/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/chase.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "radio/polar_list.h"

/* Each copy by itself must agree with the frame at least this much. A copy at Es/N0 = -6 dB has
 * 0.3 and more; another frame's or noise's has 0 +- 0.06. */
#define COPY_CORRELATION_MIN 0.15
/* Of the carrier's step between copies: what measuring leaves, and a crystal that drifts on while
 * it is not heard. The table's steps are kilohertz apart. */
#define STEP_HZ       3.0
#define STEP_HZ_PER_S 2.0
#define DELAY_SYMBOLS 0.3
/* A reception comes out later than another that began with it: a longer frame, one that was hidden.
 */
#define LATE_NS        (INT64_C(25) * MW_NS_PER_S)
#define COMPANIONS_MAX 8u

typedef struct kept {
    mw_chase_copy copy;
    bool used;
    uint64_t number; /* order of arrival */
    float llr[MW_UNB_SYMBOLS_MAX];
} kept;

/* A kept reception that fits the new one. */
typedef struct companion {
    kept *k;
    mw_unb_pair pair;
} companion;

struct mw_chase {
    mw_unb_plan plan;
    unsigned band;
    double correlation_min;
    mw_polar_list *decoder;
    uint64_t arrived;
    mw_chase_stats stats;
    float sum[MW_UNB_SYMBOLS_MAX];
    struct {
        int64_t at_ns;
        mw_unb_size size;
        uint8_t payload[MW_UNB_PAYLOAD_MAX];
    } told[MW_CHASE_TOLD];
    uint64_t told_count;                                    /* ever */
    int64_t reach_ns[MW_UNB_RATE_COUNT][MW_UNB_SIZE_COUNT]; /* first to third copy, at most */
    size_t room;
    kept kept[];
};

/* From the beginning of the first copy to the third one's, at most. */
static int64_t reach_of(mw_unb_rate rate, mw_unb_size size) {
    int64_t most = 0;
    for (unsigned row = 0; row < MW_UNB_HOP_ROWS; row++) {
        int64_t symbols = 2 * mw_unb_layout_of(size)->symbols + mw_unb_hop_of(row, 1).gap +
                          mw_unb_hop_of(row, 2).gap + 1;
        most = symbols > most ? symbols : most;
    }
    int64_t ns = most * MW_NS_PER_S / (int64_t)mw_unb_rate_bd(rate);
    return ns < MW_CHASE_AGE_S * MW_NS_PER_S ? ns : MW_CHASE_AGE_S * MW_NS_PER_S;
}

mw_status mw_chase_new(const mw_unb_plan *plan, unsigned band, double correlation_min, size_t room,
                       mw_chase **out_chase) {
    if (band >= plan->bands || room == 0)
        return MW_RANGE;
    mw_chase *c = calloc(1, sizeof *c + room * sizeof c->kept[0]);
    if (c == NULL)
        return MW_NOMEM;
    c->plan = *plan;
    c->band = band;
    c->room = room;
    c->correlation_min = correlation_min;
    for (unsigned rate = 0; rate < MW_UNB_RATE_COUNT; rate++) {
        for (unsigned size = 0; size < MW_UNB_SIZE_COUNT; size++)
            c->reach_ns[rate][size] = reach_of((mw_unb_rate)rate, (mw_unb_size)size);
    }
    c->decoder = mw_polar_list_new();
    if (c->decoder == NULL) {
        free(c);
        return MW_NOMEM;
    }
    *out_chase = c;
    return MW_OK;
}

void mw_chase_free(mw_chase *c) {
    if (c == NULL)
        return;
    mw_polar_list_free(c->decoder);
    free(c);
}

size_t mw_chase_memory(const mw_chase *c) {
    return sizeof *c + c->room * sizeof c->kept[0];
}

const mw_chase_stats *mw_chase_stats_of(const mw_chase *c) {
    return &c->stats;
}

/* Are these two copies of one frame? */
static bool pair_of(const mw_chase *c, const mw_chase_copy *a, const mw_chase_copy *b,
                    mw_unb_pair *out) {
    if (a->rate != b->rate || a->size != b->size)
        return false;
    const mw_chase_copy *early = a->at_ns <= b->at_ns ? a : b, *late = early == a ? b : a;
    int64_t delay = late->at_ns - early->at_ns;
    if (delay > c->reach_ns[a->rate][a->size])
        return false;
    double seconds = (double)delay * 1e-9;
    mw_freq step = {late->frequency.mhz - early->frequency.mhz};
    mw_freq step_tolerance = {llround(1000 * (STEP_HZ + STEP_HZ_PER_S * seconds))};
    mw_dur tolerance = {llround(DELAY_SYMBOLS * 1e9 / mw_unb_rate_bd(a->rate))};
    return mw_unb_pair_find(&c->plan, c->band, a->rate, step, (mw_dur){delay}, step_tolerance,
                            tolerance, out) == MW_OK &&
           out->size == a->size;
}

/* Share of the soft bits' weight that agrees with a frame. tanh keeps a few very sure symbols from
 * speaking for all. */
static double agreement(const mw_unb_frame *f, const float *llr, unsigned *out_errors) {
    const mw_unb_layout *l = mw_unb_layout_of(f->size);
    double along = 0, total = 0;
    unsigned errors = 0;
    for (unsigned i = 0; i < l->code_bits; i++) {
        unsigned at = mw_unb_data_at(i);
        double sign = mw_unb_frame_bit(f, at) ? -1 : 1, soft = tanh((double)llr[at] / 2);
        along += sign * soft;
        total += fabs(soft);
        errors += sign * soft < 0;
    }
    if (out_errors != NULL)
        *out_errors = errors;
    return total > 0 && along > 0 ? along / total : 0;
}

/* Decodes the sum of n receptions. */
static bool decode(mw_chase *c, const mw_chase_copy *const copies[], unsigned n, unsigned row,
                   mw_chase_frame *out) {
    const mw_unb_layout *l = mw_unb_layout_of(copies[0]->size);
    memset(c->sum, 0, sizeof c->sum);
    for (unsigned k = 0; k < n; k++) {
        for (unsigned i = 0; i < l->symbols; i++)
            c->sum[i] += copies[k]->llr[i];
    }
    c->stats.pairs++;
    mw_chase_frame f = {.size = copies[0]->size, .copies = (uint8_t)n, .row = (uint8_t)row};
    if (mw_polar_list_decode(c->decoder, f.size, MW_POLAR_LIST_MAX, c->sum, l->symbols,
                             (mw_span){f.payload, l->payload_bytes}) != MW_OK)
        return false;
    mw_unb_frame again;
    mw_status s = mw_unb_frame_encode(f.size, (mw_slice){f.payload, l->payload_bytes}, &again);
    mw_assert(s == MW_OK);
    f.correlation = agreement(&again, c->sum, &f.symbol_errors);
    bool good = f.correlation >= c->correlation_min;
    for (unsigned k = 0; k < n; k++)
        good = good && agreement(&again, copies[k]->llr, NULL) >= COPY_CORRELATION_MIN;
    if (!good) {
        c->stats.refused++;
        return false;
    }
    *out = f;
    return true;
}

/* How sure of its symbols a reception is. */
static double weight(const mw_chase_copy *copy) {
    double sum = 0;
    for (unsigned i = 0; i < mw_unb_layout_of(copy->size)->symbols; i++)
        sum += fabs((double)copy->llr[i]);
    return sum;
}

/* One reception, heard again after something was taken out or in another receiver. */
static bool is_same(const mw_chase_copy *a, const mw_chase_copy *b) {
    double baud = mw_unb_rate_bd(a->rate);
    return a->rate == b->rate && a->size == b->size &&
           fabs((double)(a->at_ns - b->at_ns)) < 1e9 / baud &&
           fabs((double)(a->frequency.mhz - b->frequency.mhz)) < 1000 * baud;
}

/* Can nothing that comes from now on be a copy of it? Or is it of a stream that began anew? */
static bool is_spent(const mw_chase *c, const kept *k, int64_t now) {
    int64_t age = now - k->copy.at_ns;
    return !k->used || llabs(age) > c->reach_ns[k->copy.rate][k->copy.size] + LATE_NS;
}

static void keep(mw_chase *c, const mw_chase_copy *copy) {
    kept *place = NULL;
    bool place_spent = false;
    for (size_t i = 0; i < c->room; i++) {
        kept *k = &c->kept[i];
        if (k->used && is_same(&k->copy, copy)) {
            if (weight(&k->copy) >= weight(copy))
                return;
            place = k;
            place_spent = true;
            break;
        }
        bool spent = is_spent(c, k, copy->at_ns);
        if (place == NULL || (spent && !place_spent) ||
            (spent == place_spent && k->number < place->number)) {
            place = k;
            place_spent = spent;
        }
    }
    if (!place_spent)
        c->stats.forgot++;
    place->copy = *copy;
    place->used = true;
    place->number = c->arrived++;
    memcpy(place->llr, copy->llr, mw_unb_layout_of(copy->size)->symbols * sizeof(float));
    place->copy.llr = place->llr;
}

/* Whether this frame was given before; if not, it is known from now on. */
static bool is_told(mw_chase *c, int64_t at_ns, const mw_chase_frame *f) {
    size_t n = c->told_count < MW_CHASE_TOLD ? (size_t)c->told_count : MW_CHASE_TOLD;
    size_t bytes = mw_unb_layout_of(f->size)->payload_bytes;
    for (size_t i = 0; i < n; i++) {
        if (c->told[i].size == f->size && memcmp(c->told[i].payload, f->payload, bytes) == 0 &&
            llabs(at_ns - c->told[i].at_ns) < MW_CHASE_AGE_S * MW_NS_PER_S)
            return true;
    }
    size_t at = c->told_count++ % MW_CHASE_TOLD;
    c->told[at].at_ns = at_ns;
    c->told[at].size = f->size;
    memcpy(c->told[at].payload, f->payload, bytes);
    return false;
}

static bool give(mw_chase *c, int64_t at_ns, const mw_chase_frame *f) {
    if (is_told(c, at_ns, f)) {
        c->stats.again++;
        return false;
    }
    c->stats.frames++;
    return true;
}

/* The copy number that the new reception has in a pair with k. */
static unsigned role(const mw_unb_pair *p, const mw_chase_copy *fresh, const mw_chase_copy *k) {
    return fresh->at_ns >= k->at_ns ? p->second : p->first;
}

bool mw_chase_add(mw_chase *c, const mw_chase_copy *copy, mw_chase_frame *out_frame) {
    companion found[COMPANIONS_MAX];
    unsigned n = 0;
    c->stats.copies++;
    for (size_t i = 0; i < c->room && n < COMPANIONS_MAX; i++) {
        kept *k = &c->kept[i];
        if (k->used && pair_of(c, &k->copy, copy, &found[n].pair))
            found[n++].k = k;
    }
    for (unsigned i = 0; i < n; i++) {
        const mw_unb_pair *p = &found[i].pair;
        const mw_chase_copy *two[] = {copy, &found[i].k->copy};
        if (decode(c, two, 2, p->row, out_frame)) {
            found[i].k->used = false;
            return give(c, copy->at_ns, out_frame);
        }
        for (unsigned j = i + 1; j < n; j++) { /* the third copy fits both */
            const mw_unb_pair *q = &found[j].pair;
            mw_unb_pair between;
            if (q->row != p->row ||
                role(p, copy, &found[i].k->copy) != role(q, copy, &found[j].k->copy) ||
                !pair_of(c, &found[i].k->copy, &found[j].k->copy, &between) ||
                between.row != p->row)
                continue;
            const mw_chase_copy *three[] = {copy, &found[i].k->copy, &found[j].k->copy};
            if (decode(c, three, 3, p->row, out_frame)) {
                found[i].k->used = found[j].k->used = false;
                return give(c, copy->at_ns, out_frame);
            }
        }
    }
    keep(c, copy);
    return false;
}
