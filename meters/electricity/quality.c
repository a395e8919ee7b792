/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/electricity/quality.h"

#include <stddef.h>

#include "base/assert.h"
#include "meters/kit/fixmath.h"

#define VERSION            1
#define FREQUENCY_PARTS    (10 * MW_ELECTRIC_PARTS_PER_S)
#define UNBALANCE_PARTS    (3 * MW_ELECTRIC_PARTS_PER_S)
#define FREQUENCY_HYST_MHZ 20
#define CONDITIONS         15 /* stored: sag, swell, lost of each phase; six of the whole */

mw_electric_quality_config mw_electric_quality_defaults(mw_voltage rated, mw_electric_mains mains) {
    int64_t percent = rated.mv * 10;
    return (mw_electric_quality_config){.sag_uv = 90 * percent,
                                        .swell_uv = 110 * percent,
                                        .cut_uv = 5 * percent,
                                        .hysteresis_uv = 2 * percent,
                                        .low_uv = 90 * percent,
                                        .high_uv = 110 * percent,
                                        .slow_ms = 60000,
                                        .lost_ms = 1000,
                                        .frequency_mhz = (int32_t)mains * 1000,
                                        .frequency_away_mhz = 400,
                                        .unbalance_ppm = 40000,
                                        .sequence_ms = 2000,
                                        .long_ms = 180000};
}

mw_status mw_electric_quality_configure(mw_electric_quality *q,
                                        const mw_electric_quality_config *config) {
    const mw_electric_quality_config *c = config;
    if (c->cut_uv >= c->sag_uv || c->sag_uv >= c->swell_uv || c->low_uv >= c->high_uv ||
        c->hysteresis_uv <= 0 || c->cut_uv <= 0 || c->frequency_away_mhz <= FREQUENCY_HYST_MHZ ||
        c->unbalance_ppm <= 0)
        return MW_RANGE;
    q->config = *config;
    return MW_OK;
}

mw_status mw_electric_quality_init(mw_electric_quality *q, uint8_t elements,
                                   const mw_electric_quality_config *config) {
    mw_assert(elements == 1 || elements == 3);
    mw_electric_quality n = {.elements = elements};
    MW_TRY(mw_electric_quality_configure(&n, config));
    *q = n;
    return MW_OK;
}

/* ---- Half cycles ---- */

/* Rms of two half cycles of their own lengths. */
static int64_t cycle_uv(int64_t a_uv, int64_t a_parts, int64_t b_uv, int64_t b_parts) {
    if (a_parts + b_parts == 0)
        return 0;
    /* In parts per 2^16 of the cycle; squares of 600 V in microvolts are below 2^59. */
    int64_t share = mw_fix_mul_div(a_parts, 65536, a_parts + b_parts);
    uint64_t a = (uint64_t)a_uv * (uint64_t)a_uv / 65536 * (uint64_t)share;
    uint64_t b = (uint64_t)b_uv * (uint64_t)b_uv / 65536 * (uint64_t)(65536 - share);
    return mw_fix_sqrt(a + b);
}

static uint16_t one_more(uint16_t n) {
    return (uint16_t)(n + (n < UINT16_MAX));
}

/* One sag or swell while it lasts: its worst voltage, how many there were, and the last one. */
typedef struct excursion {
    mw_electric_condition *condition;
    int64_t *worst_uv;
    uint16_t *count;
    mw_electric_quality_last *last;
    uint16_t begins; /* the event; its end is the next one */
} excursion;

static void excursion_step(const excursion *x, int64_t uv, bool seen, bool worse, mw_mono now,
                           mw_utc utc, mw_electric_noticed *out) {
    mw_electric_turn turn = mw_electric_condition_step(x->condition, seen, now, utc, 0, 0);
    if (turn == MW_ELECTRIC_TURN_BEGINS) {
        *x->worst_uv = uv;
        *x->count = one_more(*x->count);
        mw_electric_notice(out, x->begins, utc, uv / 1000, 0);
    } else if (turn == MW_ELECTRIC_TURN_ENDS) {
        int64_t ms = mw_electric_condition_ms(x->condition, now);
        *x->last = (mw_electric_quality_last){x->condition->begun_utc, *x->worst_uv,
                                              ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms};
        mw_electric_notice(out, (uint16_t)(x->begins + 1), utc, *x->worst_uv / 1000, ms);
    } else if (x->condition->holds && worse) {
        *x->worst_uv = uv;
    }
}

static void sag(mw_electric_quality *q, unsigned k, mw_mono now, mw_utc utc,
                mw_electric_noticed *out) {
    static const uint16_t begins[] = {MW_SPODES_SAG_1, MW_SPODES_SAG_2, MW_SPODES_SAG_3};
    mw_electric_quality_phase *p = &q->phase[k];
    const mw_electric_quality_config *c = &q->config;
    const excursion x = {&p->sag, &p->lowest_uv, &p->sags, &p->last_sag, begins[k]};
    bool seen = p->half_uv < (p->sag.holds ? c->sag_uv + c->hysteresis_uv : c->sag_uv);
    excursion_step(&x, p->half_uv, seen, p->half_uv < p->lowest_uv, now, utc, out);
}

static void swell(mw_electric_quality *q, unsigned k, mw_mono now, mw_utc utc,
                  mw_electric_noticed *out) {
    static const uint16_t begins[] = {MW_SPODES_SWELL_1, MW_SPODES_SWELL_2, MW_SPODES_SWELL_3};
    mw_electric_quality_phase *p = &q->phase[k];
    const mw_electric_quality_config *c = &q->config;
    const excursion x = {&p->swell, &p->highest_uv, &p->swells, &p->last_swell, begins[k]};
    bool seen = p->half_uv > (p->swell.holds ? c->swell_uv - c->hysteresis_uv : c->swell_uv);
    excursion_step(&x, p->half_uv, seen, p->half_uv > p->highest_uv, now, utc, out);
}

static void lost(mw_electric_quality *q, unsigned k, mw_mono now, mw_utc utc,
                 mw_electric_noticed *out) {
    static const uint16_t begins[] = {MW_SPODES_U_LOST_1, MW_SPODES_U_LOST_2, MW_SPODES_U_LOST_3};
    mw_electric_quality_phase *p = &q->phase[k];
    const mw_electric_quality_config *c = &q->config;
    bool seen = p->half_uv < (p->lost.holds ? c->cut_uv + c->hysteresis_uv : c->cut_uv);
    mw_electric_turn turn =
        mw_electric_condition_step(&p->lost, seen, now, utc, c->lost_ms, c->lost_ms);
    if (turn == MW_ELECTRIC_TURN_BEGINS)
        mw_electric_notice(out, begins[k], p->lost.begun_utc, p->half_uv / 1000, 0);
    else if (turn == MW_ELECTRIC_TURN_ENDS)
        mw_electric_notice(out, (uint16_t)(begins[k] + 1), p->lost.since_utc, p->half_uv / 1000,
                           mw_electric_condition_ms(&p->lost, now));
}

static void interruption(mw_electric_quality *q, mw_mono now, mw_utc utc,
                         mw_electric_noticed *out) {
    const mw_electric_quality_config *c = &q->config;
    int64_t limit = q->interruption.holds ? c->cut_uv + c->hysteresis_uv : c->cut_uv;
    bool all = true;
    for (unsigned k = 0; k < q->elements; k++)
        all = all && q->phase[k].half_uv < limit;
    mw_electric_turn turn = mw_electric_condition_step(&q->interruption, all, now, utc, 0, 0);
    if (turn == MW_ELECTRIC_TURN_BEGINS) {
        q->interruptions = one_more(q->interruptions);
        mw_electric_notice(out, MW_SPODES_INTERRUPTION, utc, 0, 0);
    } else if (turn == MW_ELECTRIC_TURN_ENDS) {
        int64_t ms = mw_electric_condition_ms(&q->interruption, now);
        if (ms >= c->long_ms)
            q->long_interruptions = one_more(q->long_interruptions);
        mw_electric_notice(out, MW_SPODES_INTERRUPTION_ENDS, utc, 0, ms);
    }
}

void mw_electric_quality_half(mw_electric_quality *q, const int64_t half_uv[MW_ELECTRIC_ELEMENTS],
                              int64_t parts, mw_mono now, mw_utc utc, mw_electric_noticed *out) {
    for (unsigned k = 0; k < q->elements; k++) {
        mw_electric_quality_phase *p = &q->phase[k];
        p->half_uv = cycle_uv(p->before_uv, p->before_parts, half_uv[k], parts);
        p->before_uv = half_uv[k];
        p->before_parts = parts;
    }
    if (!q->ready)
        return;
    for (unsigned k = 0; k < q->elements; k++) {
        sag(q, k, now, utc, out);
        swell(q, k, now, utc, out);
        if (q->elements == 3)
            lost(q, k, now, utc, out);
        q->flagged = q->flagged || q->phase[k].sag.holds || q->phase[k].swell.holds;
    }
    interruption(q, now, utc, out);
    q->flagged = q->flagged || q->interruption.holds;
}

/* ---- Windows ---- */

/* Begins and ends a condition; `worst` is what its end tells. */
static void turn(mw_electric_condition *c, bool seen, uint32_t wait_ms, uint16_t begins,
                 int64_t value, int64_t worst, mw_mono now, mw_utc utc, mw_electric_noticed *out) {
    mw_electric_turn t = mw_electric_condition_step(c, seen, now, utc, wait_ms, wait_ms);
    if (t == MW_ELECTRIC_TURN_BEGINS)
        mw_electric_notice(out, begins, c->begun_utc, value, 0);
    else if (t == MW_ELECTRIC_TURN_ENDS)
        mw_electric_notice(out, (uint16_t)(begins + 1), c->since_utc, worst,
                           mw_electric_condition_ms(c, now));
}

static void slow(mw_electric_quality *q, const mw_electric_quantities *of, mw_mono now, mw_utc utc,
                 mw_electric_noticed *out) {
    const mw_electric_quality_config *c = &q->config;
    int64_t low = INT64_MAX, high = 0;
    for (unsigned k = 0; k < q->elements; k++) {
        if (q->phase[k].lost.holds) /* that is an event of its own */
            continue;
        low = of->e[k].u_uv < low ? of->e[k].u_uv : low;
        high = of->e[k].u_uv > high ? of->e[k].u_uv : high;
    }
    if (low > high)
        return;
    bool is_low = low < (q->low.holds ? c->low_uv + c->hysteresis_uv : c->low_uv);
    bool is_high = high > (q->high.holds ? c->high_uv - c->hysteresis_uv : c->high_uv);
    if (is_low && ((!q->low.holds && !q->low.turning) || low < q->lowest_uv))
        q->lowest_uv = low;
    if (is_high && ((!q->high.holds && !q->high.turning) || high > q->highest_uv))
        q->highest_uv = high;
    turn(&q->low, is_low, c->slow_ms, MW_SPODES_U_LOW, low / 1000, q->lowest_uv / 1000, now, utc,
         out);
    turn(&q->high, is_high, c->slow_ms, MW_SPODES_U_HIGH, high / 1000, q->highest_uv / 1000, now,
         utc, out);
}

/* Adds a window; true when the mean of `least` parts is there. */
static bool mean_take(mw_electric_quality_mean *m, int64_t value, int64_t parts, int64_t least,
                      int32_t *out) {
    m->sum += value * parts;
    m->parts += parts;
    if (m->parts < least - MW_ELECTRIC_PARTS_PER_S / 10)
        return false;
    *out = (int32_t)mw_fix_div(m->sum, m->parts);
    *m = (mw_electric_quality_mean){0};
    return true;
}

static int64_t magnitude(int64_t v) {
    return v < 0 ? -v : v;
}

static void frequency(mw_electric_quality *q, const mw_electric_quantities *of, mw_mono now,
                      mw_utc utc, mw_electric_noticed *out) {
    if (of->frequency_mhz <= 0 || !of->valid ||
        !mean_take(&q->frequency_mean, of->frequency_mhz, of->parts, FREQUENCY_PARTS,
                   &q->frequency_10s_mhz))
        return;
    const mw_electric_quality_config *c = &q->config;
    int64_t away = magnitude(q->frequency_10s_mhz - c->frequency_mhz);
    int64_t limit = c->frequency_away_mhz - (q->frequency.holds ? FREQUENCY_HYST_MHZ : 0);
    bool seen = away > limit;
    if (seen && (!q->frequency.holds || away > magnitude(q->furthest_mhz - c->frequency_mhz)))
        q->furthest_mhz = q->frequency_10s_mhz;
    turn(&q->frequency, seen, 0, MW_SPODES_FREQUENCY, q->frequency_10s_mhz, q->furthest_mhz, now,
         utc, out);
}

static void unbalance(mw_electric_quality *q, const mw_electric_quantities *of, mw_mono now,
                      mw_utc utc, mw_electric_noticed *out) {
    if (!of->valid || !mean_take(&q->unbalance_mean, of->unbalance_ppm, of->parts, UNBALANCE_PARTS,
                                 &q->unbalance_3s_ppm))
        return;
    int64_t ppm = q->unbalance_3s_ppm, limit = q->config.unbalance_ppm;
    bool seen = ppm > (q->unbalance.holds ? limit * 9 / 10 : limit);
    if (seen && (!q->unbalance.holds || ppm > q->worst))
        q->worst = ppm;
    turn(&q->unbalance, seen, 0, MW_SPODES_UNBALANCE, ppm, q->worst, now, utc, out);
}

void mw_electric_quality_window(mw_electric_quality *q, const mw_electric_quantities *of,
                                mw_mono now, mw_utc utc, mw_electric_noticed *out) {
    q->ready = q->ready || of->valid;
    bool flagged = q->flagged;
    q->flagged = false;
    if (!q->ready)
        return;
    if (q->elements == 3 && of->sequence != MW_ELECTRIC_SEQUENCE_NONE)
        turn(&q->sequence, of->sequence != MW_ELECTRIC_SEQUENCE_123, q->config.sequence_ms,
             MW_SPODES_SEQUENCE, of->sequence, of->sequence, now, utc, out);
    /* A sag that has become a slow deviation is one as well. */
    bool lasting = q->low.holds || q->high.holds;
    for (unsigned k = 0; k < q->elements; k++) {
        const mw_electric_quality_phase *p = &q->phase[k];
        lasting = lasting || (p->sag.holds && !p->lost.holds && !p->lost.turning) || p->swell.holds;
    }
    if (!flagged || lasting)
        slow(q, of, now, utc, out);
    if (flagged) {
        q->frequency_mean = q->unbalance_mean = (mw_electric_quality_mean){0};
        return;
    }
    frequency(q, of, now, utc, out);
    if (of->sequence == MW_ELECTRIC_SEQUENCE_123 && of->lost == 0)
        unbalance(q, of, now, utc, out); /* in the wrong order it would be that order's event */
}

uint16_t mw_electric_quality_status(const mw_electric_quality *q) {
    unsigned s = 0;
    for (unsigned k = 0; k < q->elements; k++) {
        s |= q->phase[k].sag.holds ? (unsigned)MW_ELECTRIC_QUALITY_SAG << k : 0;
        s |= q->phase[k].swell.holds ? (unsigned)MW_ELECTRIC_QUALITY_SWELL << k : 0;
        s |= q->phase[k].lost.holds ? (unsigned)MW_ELECTRIC_QUALITY_LOST << k : 0;
    }
    s |= q->interruption.holds ? MW_ELECTRIC_QUALITY_INTERRUPTION : 0;
    s |= q->low.holds ? MW_ELECTRIC_QUALITY_LOW : 0;
    s |= q->high.holds ? MW_ELECTRIC_QUALITY_HIGH : 0;
    s |= q->frequency.holds ? MW_ELECTRIC_QUALITY_FREQUENCY : 0;
    s |= q->unbalance.holds ? MW_ELECTRIC_QUALITY_UNBALANCE : 0;
    s |= q->sequence.holds ? MW_ELECTRIC_QUALITY_SEQUENCE : 0;
    return (uint16_t)s;
}

/* ---- Over a loss of power ---- */

/* In the order of the status bits. */
static const uint16_t places[CONDITIONS] = {offsetof(mw_electric_quality, phase[0].sag),
                                            offsetof(mw_electric_quality, phase[1].sag),
                                            offsetof(mw_electric_quality, phase[2].sag),
                                            offsetof(mw_electric_quality, phase[0].swell),
                                            offsetof(mw_electric_quality, phase[1].swell),
                                            offsetof(mw_electric_quality, phase[2].swell),
                                            offsetof(mw_electric_quality, phase[0].lost),
                                            offsetof(mw_electric_quality, phase[1].lost),
                                            offsetof(mw_electric_quality, phase[2].lost),
                                            offsetof(mw_electric_quality, interruption),
                                            offsetof(mw_electric_quality, low),
                                            offsetof(mw_electric_quality, high),
                                            offsetof(mw_electric_quality, frequency),
                                            offsetof(mw_electric_quality, unbalance),
                                            offsetof(mw_electric_quality, sequence)};

/* u8 version | u16 status | u16 interruptions, long ones | for each phase u16 sags, swells
 * | for each condition u32 begin, UTC s; 0 when it does not hold */
void mw_electric_quality_encode(const mw_electric_quality *q,
                                uint8_t out[MW_ELECTRIC_QUALITY_BYTES]) {
    mw_writer w = mw_writer_of((mw_span){out, MW_ELECTRIC_QUALITY_BYTES});
    mw_write_u8(&w, VERSION);
    mw_write_u16le(&w, mw_electric_quality_status(q));
    mw_write_u16le(&w, q->interruptions);
    mw_write_u16le(&w, q->long_interruptions);
    for (unsigned k = 0; k < MW_ELECTRIC_ELEMENTS; k++) {
        mw_write_u16le(&w, q->phase[k].sags);
        mw_write_u16le(&w, q->phase[k].swells);
    }
    for (unsigned n = 0; n < CONDITIONS; n++) {
        const mw_electric_condition *c = (const void *)((const uint8_t *)q + places[n]);
        mw_write_u32le(&w, c->holds ? (uint32_t)mw_utc_floor_s(c->begun_utc) : 0);
    }
}

mw_status mw_electric_quality_decode(mw_electric_quality *q,
                                     const uint8_t in[MW_ELECTRIC_QUALITY_BYTES], mw_mono now,
                                     mw_utc utc) {
    mw_reader r = mw_reader_of((mw_slice){in, MW_ELECTRIC_QUALITY_BYTES});
    if (mw_read_u8(&r) != VERSION)
        return MW_UNSUPPORTED;
    uint16_t status = mw_read_u16le(&r);
    q->interruptions = mw_read_u16le(&r);
    q->long_interruptions = mw_read_u16le(&r);
    for (unsigned k = 0; k < MW_ELECTRIC_ELEMENTS; k++) {
        q->phase[k].sags = mw_read_u16le(&r);
        q->phase[k].swells = mw_read_u16le(&r);
    }
    for (unsigned n = 0; n < CONDITIONS; n++) {
        mw_utc begun = mw_utc_of_s(mw_read_u32le(&r));
        int64_t age_us = utc.us > begun.us ? utc.us - begun.us : 0;
        mw_electric_condition *c = (void *)((uint8_t *)q + places[n]);
        *c = (mw_electric_condition){
            .holds = (status >> n & 1) != 0, .begun = {now.ns - age_us * 1000}, .begun_utc = begun};
    }
    return MW_OK;
}
