/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/electricity/window.h"

#include <string.h>

#include "base/assert.h"
#include "meters/kit/fixmath.h"

#define HALVES(w)  ((w)->mains * 2 / 5) /* of a window */
#define STEP_1HZ   ((uint32_t)((UINT64_C(1) << 32) / MW_ELECTRIC_RATE))
#define TURN_ANGLE INT64_C(3373259426) /* 2 pi in units of 2^-29 rad */
/* Voltage below this is none, as the mean square of samples: 2^-10 of full scale, about 0.4 V of a
 * converter with 500 V full scale. */
#define QUIET_UU (INT64_C(1) << 26)
/* A crossing counts once the voltage was this far on the other side. */
#define CROSSING_LEVEL (1 << 15)

static uint32_t rated_step(const mw_electric_window *w) {
    return (uint32_t)(((uint64_t)w->mains << 32) / MW_ELECTRIC_RATE);
}

void mw_electric_window_init(mw_electric_window *w, uint8_t elements, mw_electric_mains mains,
                             const mw_electric_skew skew[MW_ELECTRIC_ELEMENTS]) {
    mw_assert((elements == 1 || elements == 3) &&
              (mains == MW_ELECTRIC_50HZ || mains == MW_ELECTRIC_60HZ));
    memset(w, 0, sizeof *w);
    w->elements = elements;
    memcpy(w->skew, skew, sizeof w->skew);
    w->mains = (uint8_t)mains;
    w->step = rated_step(w);
}

static int32_t clip(mw_electric_block *b, int32_t sample) {
    if (sample > MW_ELECTRIC_SAMPLE_MAX || sample < -MW_ELECTRIC_SAMPLE_MAX) {
        b->clipped++;
        return sample < 0 ? -MW_ELECTRIC_SAMPLE_MAX : MW_ELECTRIC_SAMPLE_MAX;
    }
    return sample;
}

/* The sample `parts` earlier, between this one and the one before. */
static int32_t delayed(int32_t now, int32_t before, int32_t parts) {
    return now + (int32_t)(((int64_t)(before - now) * parts) / MW_ELECTRIC_PARTS);
}

/* a * b of a sample and a sample or sine, 24 bits each. A Cortex-M0+ multiplies 32 bits to 32 in one
 * instruction and calls a function for more; four products of halves are less. */
static inline int64_t times(int32_t a, int32_t b) {
#if defined(__ARM_ARCH_6M__)
    int32_t ah = a >> 12, al = a & 0xFFF, bh = b >> 12, bl = b & 0xFFF;
    return (int64_t)(ah * bh) * (1 << 24) + (int64_t)(ah * bl + al * bh) * (1 << 12) + al * bl;
#else
    return (int64_t)a * b;
#endif
}

/* Adds what one sample is to a block, except the time that it stands for. */
static void accumulate(const mw_electric_window *w, const mw_electric_sample *s,
                       mw_electric_block *to) {
    int32_t sine = mw_fix_sine(w->turn), cosine = mw_fix_sine(w->turn + 0x40000000u);
    int32_t first = 0;
    for (unsigned k = 0; k < w->elements; k++) {
        mw_electric_sums *e = &to->e[k];
        int32_t skew = w->skew[k];
        int32_t u = skew > 0 ? delayed(s->u[k], w->before.u[k], skew) : s->u[k];
        int32_t i = skew < 0 ? delayed(s->i[k], w->before.i[k], -skew) : s->i[k];
        e->u += u;
        e->i += i;
        e->uu += times(u, u);
        e->ii += times(i, i);
        e->ui += times(u, i);
        e->u1[0] += times(u, sine);
        e->u1[1] += times(u, cosine);
        e->i1[0] += times(i, sine);
        e->i1[1] += times(i, cosine);
        first = k == 0 ? u : first;
    }
    to->neutral.n += s->neutral;
    to->neutral.nn += times(s->neutral, s->neutral);
    to->neutral.un += times(first, s->neutral);
}

#define EACH_SUM(X) X(u) X(i) X(uu) X(ii) X(ui) X(u1[0]) X(u1[1]) X(i1[0]) X(i1[1])

/* to += from, weighed with parts / MW_ELECTRIC_PARTS. */
static void add_weighed(const mw_electric_window *w, mw_electric_block *to,
                        const mw_electric_block *from, int64_t parts) {
#define X(name)                                                                                    \
    to->e[k].name += from->e[k].name / MW_ELECTRIC_PARTS * parts +                                 \
                     from->e[k].name % MW_ELECTRIC_PARTS * parts / MW_ELECTRIC_PARTS;
    for (unsigned k = 0; k < w->elements; k++) {
        EACH_SUM(X)
    }
#undef X
    to->neutral.n += from->neutral.n * parts / MW_ELECTRIC_PARTS;
    to->neutral.nn += from->neutral.nn * parts / MW_ELECTRIC_PARTS;
    to->neutral.un += from->neutral.un * parts / MW_ELECTRIC_PARTS;
    to->parts += parts;
}

static void add(const mw_electric_window *w, mw_electric_block *to, const mw_electric_block *from) {
#define X(name) to->e[k].name += from->e[k].name;
    for (unsigned k = 0; k < w->elements; k++) {
        EACH_SUM(X)
    }
#undef X
    to->neutral.n += from->neutral.n;
    to->neutral.nn += from->neutral.nn;
    to->neutral.un += from->neutral.un;
    to->parts += from->parts;
    to->clipped += from->clipped;
}

/* Rising zero crossings of the reference, between samples by their line. */
static void crossing(mw_electric_window *w, int32_t u, int32_t before) {
    if (u < -CROSSING_LEVEL)
        w->above = false;
    if (w->above || u < 0 || before >= 0)
        return;
    w->above = true;
    int64_t at =
        w->sum.parts + w->half.parts - (int64_t)u * MW_ELECTRIC_PARTS / ((int64_t)u - before);
    if (w->crossings++ == 0)
        w->first_parts = at;
    w->last_parts = at;
}

/* The element with the highest voltage carries the lock; the present one if it has voltage. */
static void choose_reference(mw_electric_window *w) {
    const mw_electric_block *b = &w->done;
    /* Divided first: the squares of a window at full voltage leave no room for more. */
    if (b->e[w->reference].uu / (b->parts / MW_ELECTRIC_PARTS + 1) >= 4 * QUIET_UU)
        return;
    for (uint8_t k = 0; k < w->elements; k++)
        if (b->e[k].uu > b->e[w->reference].uu) {
            w->reference = k;
            w->angle_known = false;
        }
}

static void set_step(mw_electric_window *w, int64_t step) {
    int64_t tenth = (int64_t)STEP_1HZ * w->mains / 10;
    int64_t low = rated_step(w) - tenth, high = rated_step(w) + tenth;
    w->step = (uint32_t)(step < low ? low : step > high ? high : step);
}

static int32_t step_to_mhz(int64_t step) {
    return (int32_t)((step * MW_ELECTRIC_RATE * 1000 + (INT64_C(1) << 31)) >> 32);
}

/* After a window: how far the voltage turned against the oscillator tells the frequency, and the
 * next window begins where the voltage of the reference crosses zero upwards. */
static void lock(mw_electric_window *w) {
    const mw_electric_sums *r = &w->done.e[w->reference];
    if (r->uu / (w->done.parts / MW_ELECTRIC_PARTS + 1) < QUIET_UU) {
        w->locked = w->angle_known = false;
        w->frequency_mhz = 0;
        set_step(w, rated_step(w));
        return;
    }
    if (w->crossings > 4) { /* far away, or not locked yet: the crossings know better */
        int64_t step = ((int64_t)(w->crossings - 1) << 32) * MW_ELECTRIC_PARTS /
                       (w->last_parts - w->first_parts);
        int64_t away = step - (int64_t)w->step;
        if (away > w->step / 100 || away < -(int64_t)(w->step / 100)) {
            w->locked = w->angle_known = false;
            set_step(w, step);
            w->frequency_mhz = step_to_mhz(step);
            return;
        }
    }
    if (r->u1[0] == 0 && r->u1[1] == 0)
        return;
    int32_t angle = mw_fix_atan2(r->u1[1], r->u1[0]);
    if (w->angle_known) {
        int64_t turned = (int64_t)angle - w->angle;
        if (turned > TURN_ANGLE / 2)
            turned -= TURN_ANGLE;
        if (turned < -TURN_ANGLE / 2)
            turned += TURN_ANGLE;
        /* From middle to middle of two windows, so the oscillator ran half of the way at each of
         * their steps. */
        int64_t more = mw_fix_mul_div(turned, INT64_C(1) << 32, TURN_ANGLE);
        int64_t step =
            ((int64_t)w->step + w->step_before) / 2 + more * MW_ELECTRIC_PARTS / w->done.parts;
        int64_t pull = mw_fix_mul_div(angle, INT64_C(1) << 30, TURN_ANGLE);
        w->frequency_mhz = step_to_mhz(step);
        w->step_before = w->step;
        set_step(w, step + pull * MW_ELECTRIC_PARTS / w->done.parts);
        w->locked = true;
    } else {
        w->step_before = w->step;
    }
    w->angle = angle;
    w->angle_known = true;
}

static unsigned half_done(mw_electric_window *w) {
    unsigned done = MW_ELECTRIC_HALF_DONE;
    for (unsigned k = 0; k < w->elements; k++)
        w->half_uu[k] = w->half.e[k].uu;
    w->half_parts = w->half.parts;
    add(w, &w->sum, &w->half);
    memset(&w->half, 0, sizeof w->half);
    if (++w->halves == HALVES(w)) {
        w->done = w->sum;
        memset(&w->sum, 0, sizeof w->sum);
        w->halves = 0;
        choose_reference(w);
        lock(w);
        w->crossings = 0;
        done |= MW_ELECTRIC_WINDOW_DONE;
    }
    return done;
}

unsigned mw_electric_window_sample(mw_electric_window *w, const mw_electric_sample *s) {
    unsigned done = 0;
    mw_electric_sample in = *s;
    for (unsigned k = 0; k < w->elements; k++) {
        in.u[k] = clip(&w->half, s->u[k]);
        in.i[k] = clip(&w->half, s->i[k]);
    }
    in.neutral = clip(&w->half, s->neutral);
    /* A sample stands for the time until the next one; what lies beyond the end of the half cycle
     * belongs to the next. */
    uint32_t turn = w->turn + w->step;
    if ((turn ^ w->turn) & 0x80000000u) {
        mw_electric_block one = {0};
        accumulate(w, &in, &one);
        int64_t beyond = (int64_t)(((uint64_t)(turn & 0x7fffffffu) * MW_ELECTRIC_PARTS) / w->step);
        add_weighed(w, &w->half, &one, MW_ELECTRIC_PARTS - beyond);
        done = half_done(w);
        add_weighed(w, &w->half, &one, beyond);
    } else {
        accumulate(w, &in, &w->half);
        w->half.parts += MW_ELECTRIC_PARTS;
    }
    crossing(w, in.u[w->reference], w->before.u[w->reference]);
    w->turn = turn;
    w->before = in;
    return done;
}
