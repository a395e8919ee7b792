/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/detect_transform.h"

#include <math.h>
#include <string.h>

#include "radio/vector.h"

#define LANES   MW_TRANSFORM_LANES
#define STRETCH MW_TRANSFORM_STRETCH
#define INLINE  static inline __attribute__((always_inline))
#define TWO_PI  6.28318530717958647692

/* Eight complex numbers, one of each lane. */
typedef struct lanes {
    mw_v8 re, im;
} lanes;

INLINE void load(lanes *x, const float *from) {
    x->re = *(const mw_v8 *)from;
    x->im = *(const mw_v8 *)(from + LANES);
}

INLINE void store(const lanes *x, float *to) {
    *(mw_v8 *)to = x->re;
    *(mw_v8 *)(to + LANES) = x->im;
}

INLINE void add(lanes *sum, const lanes *a, const lanes *b) {
    sum->re = a->re + b->re;
    sum->im = a->im + b->im;
}

INLINE void take(lanes *rest, const lanes *a, const lanes *b) {
    rest->re = a->re - b->re;
    rest->im = a->im - b->im;
}

/* a + j b and a - j b */
INLINE void quarter(lanes *plus, lanes *minus, const lanes *a, const lanes *b) {
    plus->re = a->re - b->im;
    plus->im = a->im + b->re;
    minus->re = a->re + b->im;
    minus->im = a->im - b->re;
}

INLINE void store_turned(const lanes *x, const float turn[2], float *to) {
    *(mw_v8 *)to = x->re * turn[0] - x->im * turn[1];
    *(mw_v8 *)(to + LANES) = x->re * turn[1] + x->im * turn[0];
}

/* Transforms of 2 to 5 points in place: x[k] = sum x[i] e^(2 pi j i k / n). */
INLINE void of_2(lanes *x) {
    lanes a = x[0];
    add(&x[0], &a, &x[1]);
    take(&x[1], &a, &x[1]);
}

INLINE void of_3(lanes *x) {
    lanes sum, rest, middle;
    add(&sum, &x[1], &x[2]);
    take(&rest, &x[1], &x[2]);
    middle.re = x[0].re - 0.5f * sum.re;
    middle.im = x[0].im - 0.5f * sum.im;
    rest.re *= 0.86602540378443865f;
    rest.im *= 0.86602540378443865f;
    add(&x[0], &x[0], &sum);
    quarter(&x[1], &x[2], &middle, &rest);
}

INLINE void of_4(lanes *x) {
    lanes a, b, c, d;
    add(&a, &x[0], &x[2]);
    take(&b, &x[0], &x[2]);
    add(&c, &x[1], &x[3]);
    take(&d, &x[1], &x[3]);
    add(&x[0], &a, &c);
    take(&x[2], &a, &c);
    quarter(&x[1], &x[3], &b, &d);
}

INLINE void of_5(lanes *x) {
    const float c1 = 0.30901699437494742f, c2 = -0.80901699437494742f;
    const float s1 = 0.95105651629515357f, s2 = 0.58778525229247313f;
    lanes a, b, c, d, p, q, r, s;
    add(&a, &x[1], &x[4]);
    take(&b, &x[1], &x[4]);
    add(&c, &x[2], &x[3]);
    take(&d, &x[2], &x[3]);
    p.re = x[0].re + c1 * a.re + c2 * c.re;
    p.im = x[0].im + c1 * a.im + c2 * c.im;
    q.re = x[0].re + c2 * a.re + c1 * c.re;
    q.im = x[0].im + c2 * a.im + c1 * c.im;
    r.re = s1 * b.re + s2 * d.re;
    r.im = s1 * b.im + s2 * d.im;
    s.re = s2 * b.re - s1 * d.re;
    s.im = s2 * b.im - s1 * d.im;
    x[0].re += a.re + c.re;
    x[0].im += a.im + c.im;
    quarter(&x[1], &x[4], &p, &r);
    quarter(&x[2], &x[3], &q, &s);
}

/* First step: from the spectrum, through the response, to a[4][rows]. */
MW_CLONES static void transform_first(const mw_transform *t, const mw_transform_in *in,
                                      size_t column, mw_transform_work *work) {
    for (size_t r = 0; r < t->rows; r++) {
        const float *re = in->at[r][0] + column, *im = in->at[r][1] + column;
        lanes x[STRETCH];
        for (size_t p = 0; p < STRETCH; p++) {
            x[p].re = *(const mw_v8 *)(re + p) * t->response[r][p];
            x[p].im = *(const mw_v8 *)(im + p) * t->response[r][p];
        }
        of_4(x);
        for (size_t v = 0; v < STRETCH; v++)
            store_turned(&x[v], t->first[r] + 2 * v, work->a[v * t->rows + r]);
    }
}

typedef float row[2 * LANES];

/* A step of radix `radix` (a constant where this is expanded) that leaves transforms of m places,
 * `side` of them side by side; on the way out they come apart by sorts. `apart`: rows between two
 * rows of the output. */
INLINE void steps(unsigned radix, size_t m, size_t side, const float *turn, const row *in, row *out,
                  size_t apart) {
    for (size_t k = 0; k < m; k++, turn += 2 * (radix - 1)) {
        for (size_t j = 0; j < side; j++) {
            lanes x[5];
            for (unsigned i = 0; i < radix; i++)
                load(&x[i], in[(k + i * m) * side + j]);
            switch (radix) {
            case 2:
                of_2(x);
                break;
            case 3:
                of_3(x);
                break;
            case 4:
                of_4(x);
                break;
            default:
                of_5(x);
                break;
            }
            row *to = out + (radix * k * side + j) * apart;
            store(&x[0], to[0]);
            for (unsigned i = 1; i < radix; i++) {
                if (k == 0)
                    store(&x[i], to[i * side * apart]);
                else
                    store_turned(&x[i], turn + 2 * (i - 1), to[i * side * apart]);
            }
        }
    }
}

MW_CLONES static void transform_step(unsigned radix, size_t m, size_t side, const float *turn,
                                     const row *in, row *out, size_t apart) {
    switch (radix) {
    case 2:
        steps(2, m, side, turn, in, out, apart);
        break;
    case 3:
        steps(3, m, side, turn, in, out, apart);
        break;
    case 4:
        steps(4, m, side, turn, in, out, apart);
        break;
    default:
        steps(5, m, side, turn, in, out, apart);
        break;
    }
}

void mw_transform_run(const mw_transform *t, const mw_transform_in *in, size_t first,
                      mw_transform_work *work, float (*out)[2 * MW_TRANSFORM_LANES]) {
    transform_first(t, in, first, work);
    for (size_t v = 0; v < STRETCH; v++) {
        row *from = work->a + v * t->rows, *to = work->b;
        const float *turn = t->turn;
        size_t n = t->rows, side = 1;
        for (size_t s = 0; s < t->stages; s++) {
            unsigned radix = t->radix[s];
            size_t m = n / radix;
            bool last = s + 1 == t->stages;
            transform_step(radix, m, side, turn, (const row *)from, last ? out + v : to,
                           last ? STRETCH : 1);
            row *other = from;
            from = to;
            to = other;
            turn += 2 * (radix - 1) * m;
            n = m;
            side *= radix;
        }
    }
}

/* Steps of a transform of n points, 0 when it has other factors. */
static size_t factors(size_t n, unsigned radix[MW_TRANSFORM_STAGES]) {
    static const unsigned order[] = {4, 5, 3, 2};
    size_t count = 0;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        for (; n % order[i] == 0 && count < MW_TRANSFORM_STAGES; n /= order[i])
            radix[count++] = order[i];
    }
    return n == 1 ? count : 0;
}

bool mw_transform_fits(size_t points) {
    unsigned radix[MW_TRANSFORM_STAGES];
    return points > STRETCH && points <= MW_TRANSFORM_POINTS && points % STRETCH == 0 &&
           factors(points / STRETCH, radix) > 0;
}

static void turn_init(float turn[2], double circles) {
    turn[0] = (float)cos(TWO_PI * circles);
    turn[1] = (float)sin(TWO_PI * circles);
}

mw_status mw_transform_init(mw_transform *t, size_t points, const float *response) {
    if (!mw_transform_fits(points))
        return MW_RANGE;
    memset(t, 0, sizeof *t);
    t->points = points;
    t->rows = points / STRETCH;
    t->stages = factors(t->rows, t->radix);
    for (size_t r = 0; r < t->rows; r++) {
        for (size_t p = 0; p < STRETCH; p++) {
            t->response[r][p] = response[p * t->rows + r];
            /* Frequency 0 stands in the middle: half a circle for every other output. */
            turn_init(t->first[r] + 2 * p, (double)(r * p) / (double)points + 0.5 * (double)p);
        }
    }
    float *turn = t->turn;
    size_t n = t->rows;
    for (size_t s = 0; s < t->stages; s++) {
        size_t radix = t->radix[s], m = n / radix;
        for (size_t k = 0; k < m; k++) {
            for (size_t i = 1; i < radix; i++, turn += 2)
                turn_init(turn, (double)(i * k) / (double)n);
        }
        n = m;
    }
    return MW_OK;
}
