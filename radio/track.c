/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/track.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "radio/vector.h"

#define TWO_PI 6.28318530717958647692
#define PHASES 32
#define TERMS  ((MW_TRACK_SYMBOLS_MAX + 7) / 8 * 8)
/* Share of the probability that moves to each neighbouring phase in one symbol. */
#define WALK 0.045f
/* Local noise is averaged over this many symbols to each side. */
#define LOCAL 24
/* Beyond this Es/N0 more certainty helps nothing and would leave the range of floats. */
#define SNR_MAX 20.0

/* ---- Carrier ----------------------------------------------------------------------------------*/

/* Terms of a coherent sum: value * e^-j(turn by frequency and drift), turned step by step. Squared
 * data symbols turn twice as fast. The length is padded with zeros to a multiple of 8. */
typedef struct term_list {
    float at[TERMS], re[TERMS], im[TERMS]; /* symbol number minus the centre; value */
    float br[TERMS], bi[TERMS];            /* value turned by the lowest frequency and this drift */
    float zr[TERMS], zi[TERMS];            /* ... by this frequency */
    float wr[TERMS], wi[TERMS];            /* one step of frequency */
    float qr[TERMS], qi[TERMS];            /* one step of drift */
    size_t n;
    double rate; /* 1, or 2 for squares */
} term_list;

static void add_term(term_list *l, double at, float re, float im) {
    l->at[l->n] = (float)at;
    l->re[l->n] = re;
    l->im[l->n] = im;
    l->n++;
}

static void pad_terms(term_list *l) {
    while (l->n % 8 != 0)
        add_term(l, 0, 0, 0);
}

/* Prepares a search from frequency f and drift d upwards in steps. */
static void aim_terms(term_list *l, double f, double d, double f_step, double d_step) {
    for (size_t i = 0; i < l->n; i++) {
        double t = l->at[i], turn = -TWO_PI * l->rate;
        double phase = turn * (f * t + 0.5 * d * t * t);
        float c = (float)cos(phase), s = (float)sin(phase);
        l->br[i] = l->re[i] * c - l->im[i] * s;
        l->bi[i] = l->re[i] * s + l->im[i] * c;
        l->wr[i] = (float)cos(turn * f_step * t);
        l->wi[i] = (float)sin(turn * f_step * t);
        l->qr[i] = (float)cos(turn * 0.5 * d_step * t * t);
        l->qi[i] = (float)sin(turn * 0.5 * d_step * t * t);
    }
}

/* z *= w for n numbers (a multiple of 8); returns the sum of z before. */
MW_CLONES static void sum_and_turn(float *zr, float *zi, const float *wr, const float *wi, size_t n,
                                   float sum[2]) {
    mw_v8 re = {0}, im = {0};
    for (size_t i = 0; i < n; i += 8) {
        mw_v8 ar = *(mw_v8 *)(zr + i), ai = *(mw_v8 *)(zi + i);
        mw_v8 cr = *(const mw_v8 *)(wr + i), ci = *(const mw_v8 *)(wi + i);
        re += ar;
        im += ai;
        *(mw_v8 *)(zr + i) = ar * cr - ai * ci;
        *(mw_v8 *)(zi + i) = ar * ci + ai * cr;
    }
    sum[0] = re[0] + re[1] + re[2] + re[3] + re[4] + re[5] + re[6] + re[7];
    sum[1] = im[0] + im[1] + im[2] + im[3] + im[4] + im[5] + im[6] + im[7];
}

static void next_drift(term_list *l) {
    float unused[2];
    memcpy(l->zr, l->br, l->n * sizeof(float));
    memcpy(l->zi, l->bi, l->n * sizeof(float));
    sum_and_turn(l->br, l->bi, l->qr, l->qi, l->n, unused);
}

typedef struct search {
    term_list known, data;
    double power, count;   /* of the known symbols */
    double linear, square; /* weights of the two sums in the log-likelihood */
} search;

/* ln P over carrier phase, the best of 32: linear Re(P e^-jx) + square Re(Q e^-2jx). */
static double log_likelihood(const search *s, const float p[2], const float q[2]) {
    static const double cosine[8] = {1,          0.98078528, 0.92387953, 0.83146961,
                                     0.70710678, 0.55557023, 0.38268343, 0.19509032};
    if (s->data.n == 0)
        return s->linear * hypot((double)p[0], (double)p[1]);
    double best = -1e300;
    for (unsigned k = 0; k < 8; k++) { /* quarter circle; the others by symmetry */
        double c = cosine[k], si = k == 0 ? 0 : cosine[8 - k];
        double c2 = c * c - si * si, s2 = 2 * c * si;
        double a = c * p[0] + si * p[1], b = c * p[1] - si * p[0];
        double square = s->square * (c2 * q[0] + s2 * q[1]);
        double first = s->linear * fabs(a) + square, second = s->linear * fabs(b) - square;
        double more = first > second ? first : second;
        best = more > best ? more : best;
    }
    return best;
}

static void run_search(search *s, double f, double d, double f_step, double d_step, int f_steps,
                       int d_steps, mw_track_fit *io_fit) {
    double best = -1e300, f0 = f - f_steps * f_step, d0 = d - d_steps * d_step;
    aim_terms(&s->known, f0, d0, f_step, d_step);
    aim_terms(&s->data, f0, d0, f_step, d_step);
    for (int k = 0; k <= 2 * d_steps; k++) {
        next_drift(&s->known);
        next_drift(&s->data);
        if (k != d_steps && fabs(d0 + k * d_step) > io_fit->d_max)
            continue;
        for (int m = 0; m <= 2 * f_steps; m++) {
            float p[2], q[2];
            sum_and_turn(s->known.zr, s->known.zi, s->known.wr, s->known.wi, s->known.n, p);
            sum_and_turn(s->data.zr, s->data.zi, s->data.wr, s->data.wi, s->data.n, q);
            double value = log_likelihood(s, p, q);
            if (value > best) {
                best = value;
                io_fit->f = f0 + m * f_step;
                io_fit->d = d0 + k * d_step;
                io_fit->re = s->count > 0 ? p[0] / s->count : 0;
                io_fit->im = s->count > 0 ? p[1] / s->count : 0;
            }
        }
    }
}

static void collect(search *s, const float *y, const mw_track_known *known, size_t n,
                    const mw_track_fit *fit, double centre) {
    double power = 0, heard = 0;
    s->known.n = s->data.n = 0;
    s->known.rate = 1;
    s->data.rate = 2;
    s->power = s->count = 0;
    for (size_t i = 0; i < n; i++) {
        float re = y[2 * i], im = y[2 * i + 1], sign = known->sign[i];
        if (mw_track_erased(y + 2 * i))
            continue;
        heard++;
        power += (double)(re * re + im * im);
        if (known->sign[i] == 0) {
            add_term(&s->data, (double)i - centre, re * re - im * im, 2 * re * im);
            continue;
        }
        add_term(&s->known, (double)i - centre, re * sign, im * sign);
        s->power += (double)(re * re + im * im);
        s->count++;
    }
    pad_terms(&s->known);
    pad_terms(&s->data);
    /* ln cosh x is about x^2 / 2: right while symbols are uncertain, and when they are not there is
     * information enough. */
    double signal = fit->re * fit->re + fit->im * fit->im;
    double noise = (heard > 0 ? power / heard : 0) - signal;
    if (noise < 0.3 * signal)
        noise = 0.3 * signal;
    noise += 1e-30;
    s->linear = 2 * sqrt(signal) / noise;
    s->square = signal / (noise * noise);
    if (signal <= 0)
        s->linear = 1;
}

void mw_track_fit_over(const float *y, const mw_track_known *known, size_t n, int f_steps,
                       int d_steps, mw_track_fit *io_fit) {
    mw_assert(n > 1 && n <= MW_TRACK_SYMBOLS_MAX);
    search s;
    double centre = (double)(n - 1) / 2;
    double f = io_fit->f + io_fit->d * (centre - io_fit->centre);
    double span = (double)n;
    /* A step turns the outermost symbol by half a radian. */
    double f_step = 0.16 / span, d_step = 0.64 / (span * span);
    if (io_fit->d_max < d_step / 2)
        d_steps = 0;
    collect(&s, y, known, n, io_fit, centre);
    io_fit->centre = centre;
    run_search(&s, f, io_fit->d, f_step, d_step, f_steps, d_steps, io_fit);
    /* once more between the steps */
    run_search(&s, io_fit->f, io_fit->d, f_step / 2.5, d_step / 2.5, 1, d_steps > 0 ? 1 : 0,
               io_fit);
    double coherent = (io_fit->re * io_fit->re + io_fit->im * io_fit->im) * s.count;
    io_fit->share = s.power > 0 ? coherent / s.power : 0;
}

/* ---- Frame ------------------------------------------------------------------------------------*/

/* Symbols whose phase is taken for one: 0.05 rad a symbol of phase noise make 0.25 rad of it. */
#define SEGMENT      96
#define SEGMENTS_MAX ((MW_TRACK_SYMBOLS_MAX + SEGMENT - 1) / SEGMENT)
/* What the first stretch leaves open: cycles a symbol, and a symbol squared. */
#define WALK_F_REACH 0.002
#define WALK_D_REACH 1e-4

typedef struct segment_list {
    search s;
    size_t known_end[SEGMENTS_MAX], data_end[SEGMENTS_MAX];
    double count[SEGMENTS_MAX]; /* known symbols */
    size_t n;
    double heard, total; /* all symbols, and their power */
} segment_list;

static void collect_segments(segment_list *l, const float *y, const mw_track_known *known,
                             const mw_track_fit *fit) {
    search *s = &l->s;
    memset(l->count, 0, sizeof l->count);
    l->n = 0;
    l->total = l->heard = 0;
    s->known.n = s->data.n = 0;
    s->known.rate = 1;
    s->data.rate = 2;
    for (size_t i = 0; i < known->symbols; i++) {
        float re = y[2 * i], im = y[2 * i + 1], sign = known->sign[i];
        if (!mw_track_erased(y + 2 * i)) {
            l->heard++;
            l->total += (double)(re * re + im * im);
            double at = (double)i - fit->centre;
            if (sign == 0) {
                add_term(&s->data, at, re * re - im * im, 2 * re * im);
            } else {
                add_term(&s->known, at, re * sign, im * sign);
                l->count[l->n]++;
            }
        }
        if ((i + 1) % SEGMENT == 0 || i + 1 == known->symbols) {
            pad_terms(&s->known);
            pad_terms(&s->data);
            l->known_end[l->n] = s->known.n;
            l->data_end[l->n] = s->data.n;
            l->n++;
        }
    }
}

/* Sum over the segments of ln P, each at its own best phase; *out_power: sum over the segments of the
 * known symbols' coherent energies. */
static double segments_value(segment_list *l, double *out_power) {
    term_list *a = &l->s.known, *b = &l->s.data;
    double value = 0, power = 0;
    for (size_t g = 0, k = 0, m = 0; g < l->n; k = l->known_end[g], m = l->data_end[g], g++) {
        float p[2], q[2];
        sum_and_turn(a->zr + k, a->zi + k, a->wr + k, a->wi + k, l->known_end[g] - k, p);
        sum_and_turn(b->zr + m, b->zi + m, b->wr + m, b->wi + m, l->data_end[g] - m, q);
        value += log_likelihood(&l->s, p, q);
        if (l->count[g] > 0)
            power += (double)(p[0] * p[0] + p[1] * p[1]) / l->count[g];
    }
    *out_power = power;
    return value;
}

/* The best carrier around io_fit's, whose phase may walk from segment to segment. */
static void search_segments(segment_list *l, double f_step, int f_steps, double d_step, int d_steps,
                            mw_track_fit *io_fit, double *out_power) {
    double best = -1e300, f0 = io_fit->f - f_steps * f_step, d0 = io_fit->d - d_steps * d_step;
    aim_terms(&l->s.known, f0, d0, f_step, d_step);
    aim_terms(&l->s.data, f0, d0, f_step, d_step);
    for (int k = 0; k <= 2 * d_steps; k++) {
        next_drift(&l->s.known);
        next_drift(&l->s.data);
        if (k != d_steps && fabs(d0 + k * d_step) > io_fit->d_max)
            continue;
        for (int m = 0; m <= 2 * f_steps; m++) {
            double power, value = segments_value(l, &power);
            if (value > best) {
                best = value;
                io_fit->f = f0 + m * f_step;
                io_fit->d = d0 + k * d_step;
                *out_power = power;
            }
        }
    }
}

/* Each segment's coherent energy holds one symbol's noise. */
static double signal_of(double power, double count, double used, double mean) {
    double signal = count > used ? (power - used * mean) / (count - used) : power;
    return signal > 0 ? signal : 0;
}

static void fit_segments(const float *y, const mw_track_known *known, mw_track_fit *io_fit) {
    segment_list l;
    collect_segments(&l, y, known, io_fit);
    double signal = io_fit->re * io_fit->re + io_fit->im * io_fit->im;
    double mean = l.heard > 0 ? l.total / l.heard : 0, noise = mean - signal;
    if (noise < 0.3 * signal)
        noise = 0.3 * signal;
    noise += 1e-30;
    l.s.linear = signal > 0 ? 2 * sqrt(signal) / noise : 1;
    l.s.square = signal / (noise * noise);
    /* The far end's frequency to a tenth of a cycle a segment. */
    double far = (double)known->symbols - io_fit->centre, f_step = 0.1 / SEGMENT;
    double d_step = 0.2 / SEGMENT / far, power = 0;
    double reach = io_fit->d_max < WALK_D_REACH ? io_fit->d_max : WALK_D_REACH;
    int d_steps = (int)lround(reach / d_step);
    search_segments(&l, f_step, (int)ceil(WALK_F_REACH / f_step), d_step, d_steps, io_fit, &power);
    search_segments(&l, f_step / 2.5, 1, d_step / 2.5, d_steps > 0 ? 1 : 0, io_fit, &power);
    double count = 0, used = 0;
    for (size_t g = 0; g < l.n; g++) {
        count += l.count[g];
        used += l.count[g] > 0;
    }
    signal = signal_of(power, count, used, mean);
    io_fit->re = sqrt(signal);
    io_fit->im = 0;
    io_fit->share = mean > 0 ? signal / mean : 0;
}

void mw_track_fit_frame(const float *y, const mw_track_known *known, mw_track_fit *io_fit) {
    /* What the sync word leaves open must be searched at once, over a stretch that has enough to
     * decide: small steps with the best of each would follow noise. */
    size_t first = known->symbols < 176 ? known->symbols : 176;
    mw_track_fit_over(y, known, first, 22, 16, io_fit);
    if (first == known->symbols)
        return;
    fit_segments(y, known, io_fit);
    /* The straight line nearest to the walk, so close by that it has no rival. */
    mw_track_fit line = *io_fit;
    mw_track_fit_over(y, known, known->symbols, 2, 2, &line);
    io_fit->f = line.f;
    io_fit->d = line.d;
    io_fit->centre = line.centre;
}

double mw_track_share(const float *y, const mw_track_known *known, size_t n) {
    double power = 0, total = 0, count = 0, used = 0;
    for (size_t from = 0; from < n; from += SEGMENT) {
        size_t end = from + SEGMENT < n ? from + SEGMENT : n;
        double re = 0, im = 0, here = 0;
        for (size_t i = from; i < end; i++) {
            if (known->sign[i] == 0 || mw_track_erased(y + 2 * i))
                continue;
            double sign = known->sign[i], yr = (double)y[2 * i], yi = (double)y[2 * i + 1];
            re += sign * yr;
            im += sign * yi;
            total += yr * yr + yi * yi;
            here++;
        }
        count += here;
        used += here > 0;
        power += here > 0 ? (re * re + im * im) / here : 0;
    }
    if (!(total > 0))
        return 0;
    return signal_of(power, count, used, total / count) * count / total;
}

void mw_track_derotate(float *y, size_t n, const mw_track_fit *fit) {
    double phase0 = atan2(fit->im, fit->re);
    for (size_t i = 0; i < n; i++) {
        double t = (double)i - fit->centre;
        double phase = -(phase0 + TWO_PI * (fit->f * t + 0.5 * fit->d * t * t));
        float c = (float)cos(phase), s = (float)sin(phase);
        float re = y[2 * i] * c - y[2 * i + 1] * s;
        y[2 * i + 1] = y[2 * i] * s + y[2 * i + 1] * c;
        y[2 * i] = re;
    }
}

/* ---- Phase ------------------------------------------------------------------------------------*/

/* Noise power near each symbol, as a factor of LLRs: 2 amplitude / noise. */
static void weights(const float *y, size_t n, double amplitude, double noise, float *out) {
    double sum = 0, heard = 0;
    size_t low = 0, high = 0; /* window [low, high) */
    for (size_t i = 0; i < n; i++) {
        for (; high < n && high <= i + LOCAL; high++) {
            sum += (double)(y[2 * high] * y[2 * high] + y[2 * high + 1] * y[2 * high + 1]);
            heard += mw_track_erased(y + 2 * high) ? 0 : 1;
        }
        for (; low + LOCAL < i; low++) {
            sum -= (double)(y[2 * low] * y[2 * low] + y[2 * low + 1] * y[2 * low + 1]);
            heard -= mw_track_erased(y + 2 * low) ? 0 : 1;
        }
        double mean = heard > 0 ? sum / heard : 0;
        double local = mean - amplitude * amplitude;
        /* A window's estimate is itself noisy: believe only what is clearly louder. */
        double used = local > 1.6 * noise ? local : noise;
        out[i] = (float)(2 * amplitude / used);
    }
}

/* Likelihoods of +1 and -1 under every phase, up to a factor: up = e^x, down = e^-x, with
 * x = weight * Re(y e^-j phase). */
static void likelihood(const float *y, float weight, const float *cosine, const float *sine,
                       float up[PHASES], float down[PHASES]) {
    for (size_t p = 0; p < PHASES / 2; p++) {
        float x = weight * (y[0] * cosine[p] + y[1] * sine[p]);
        x = x > 40 ? 40 : x < -40 ? -40 : x;
        float e = expf(x);
        up[p] = e;
        down[p] = 1 / e;
        up[p + PHASES / 2] = down[p];
        down[p + PHASES / 2] = e;
    }
}

/* One step of the walk: next = (1 - 2 WALK) a + WALK (neighbours), scaled to a sum of 1. */
static void walk(const float *a, float *next) {
    float sum = 0;
    for (size_t p = 0; p < PHASES; p++)
        sum += a[p];
    float scale = 1 / (sum + 1e-37f);
    for (size_t p = 0; p < PHASES; p++) {
        float left = a[(p + PHASES - 1) % PHASES], right = a[(p + 1) % PHASES];
        next[p] = scale * ((1 - 2 * WALK) * a[p] + WALK * (left + right)) + 1e-12f;
    }
}

static void step(const float *a, const float up[PHASES], const float down[PHASES], int sign,
                 float *out) {
    for (size_t p = 0; p < PHASES; p++)
        out[p] = a[p] * (sign > 0 ? up[p] : sign < 0 ? down[p] : up[p] + down[p]);
}

void mw_track_soft(const float *y, const mw_track_known *known, const mw_track_fit *fit,
                   mw_track_phase *out) {
    size_t n = known->symbols;
    float cosine[PHASES], sine[PHASES], weight[MW_TRACK_SYMBOLS_MAX];
    for (unsigned p = 0; p < PHASES; p++) {
        cosine[p] = (float)cos(TWO_PI * p / PHASES);
        sine[p] = (float)sin(TWO_PI * p / PHASES);
    }
    double power = 0, heard = 0;
    for (size_t i = 0; i < n; i++) {
        power += (double)(y[2 * i] * y[2 * i] + y[2 * i + 1] * y[2 * i + 1]);
        heard += mw_track_erased(y + 2 * i) ? 0 : 1;
    }
    power /= heard > 0 ? heard : 1;
    double signal = fit->re * fit->re + fit->im * fit->im;
    if (signal > power)
        signal = power;
    out->amplitude = sqrt(signal);
    out->noise = power - signal;
    if (out->noise < signal / SNR_MAX)
        out->noise = signal / SNR_MAX;
    out->noise += 1e-30;
    weights(y, n, out->amplitude, out->noise, weight);

    float up[PHASES], down[PHASES], a[PHASES], b[PHASES];
    for (size_t p = 0; p < PHASES; p++)
        a[p] = 1;
    for (size_t i = 0; i < n; i++) {
        walk(a, out->forward[i]); /* what the past says about the phase of symbol i */
        likelihood(y + 2 * i, weight[i], cosine, sine, up, down);
        step(out->forward[i], up, down, known->sign[i], a);
    }
    for (size_t p = 0; p < PHASES; p++)
        a[p] = 1;
    for (size_t i = n; i-- > 0;) {
        walk(a, b); /* ... and what the future says */
        likelihood(y + 2 * i, weight[i], cosine, sine, up, down);
        float plus = 1e-30f, minus = 1e-30f, re = 0, im = 0;
        for (size_t p = 0; p < PHASES; p++) {
            float both = out->forward[i][p] * b[p];
            float all = both * (known->sign[i] > 0   ? up[p]
                                : known->sign[i] < 0 ? down[p]
                                                     : up[p] + down[p]);
            plus += both * up[p];
            minus += both * down[p];
            re += all * cosine[p];
            im += all * sine[p];
        }
        out->llr[i] = logf(plus) - logf(minus);
        out->phase[i] = atan2f(im, re);
        step(b, up, down, known->sign[i], a);
    }
}
