/* SPDX-License-Identifier: Apache-2.0
 *
 * What the electricity meters notice: tampers, and power quality from waveforms through the core.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "meters/electricity/quality.h"
#include "meters/electricity/tamper.h"
#include "tests/harness/mw_test.h"

#define PI    3.14159265358979323846
#define START (INT64_C(1772323200) * MW_US_PER_S) /* 2026-03-01 */

/* Every event of a run, in order. */
typedef struct story {
    unsigned n;
    mw_electric_event event[256];
} story;

static void take(story *s, mw_electric_noticed *from) {
    MW_CHECK_EQ(from->missed, 0);
    for (unsigned i = 0; i < from->n && s->n < 256; i++)
        s->event[s->n++] = from->event[i];
    from->n = 0;
}

static const mw_electric_event *find(const story *s, uint16_t code) {
    for (unsigned i = 0; i < s->n; i++)
        if (s->event[i].code == code)
            return &s->event[i];
    return NULL;
}

static unsigned times(const story *s, uint16_t code) {
    unsigned n = 0;
    for (unsigned i = 0; i < s->n; i++)
        n += s->event[i].code == code;
    return n;
}

static void check_near(int64_t value, int64_t want, int64_t within) {
    if (llabs(value - want) > within)
        print_error("%lld is not within %lld of %lld\n", (long long)value, (long long)within,
                    (long long)want);
    MW_CHECK(llabs(value - want) <= within);
}

/* ---- Tampers ---- */

typedef struct touched {
    mw_electric_tamper t;
    mw_electric_tamper_inputs in;
    mw_electric_noticed noticed;
    story s;
    mw_mono now;
} touched;

static mw_utc utc_of(mw_mono now) {
    return (mw_utc){START + now.ns / 1000};
}

static void touched_init(touched *r) {
    memset(r, 0, sizeof *r);
    mw_electric_tamper_config c = mw_electric_tamper_defaults();
    MW_CHECK_OK(mw_electric_tamper_init(&r->t, &c));
}

static void pass(touched *r, int64_t ms) {
    for (int64_t i = 0; i < ms; i += 50) {
        r->now.ns += INT64_C(50000000);
        mw_electric_tamper_step(&r->t, &r->in, r->now, utc_of(r->now), &r->noticed);
        take(&r->s, &r->noticed);
    }
}

MW_TEST(contacts_and_fields_begin_and_end_with_their_times) {
    static const struct {
        size_t input;
        mw_electric_tamper_kind kind;
        uint16_t begins, ends;
    } of[] = {
        {offsetof(mw_electric_tamper_inputs, case_open), MW_ELECTRIC_TAMPER_CASE,
         MW_SPODES_CASE_OPEN, MW_SPODES_CASE_SHUT},
        {offsetof(mw_electric_tamper_inputs, cover_open), MW_ELECTRIC_TAMPER_COVER,
         MW_SPODES_COVER_OPEN, MW_SPODES_COVER_SHUT},
        {offsetof(mw_electric_tamper_inputs, magnet), MW_ELECTRIC_TAMPER_MAGNET, MW_SPODES_MAGNET,
         MW_SPODES_MAGNET_ENDS},
        {offsetof(mw_electric_tamper_inputs, radio_field), MW_ELECTRIC_TAMPER_RADIO,
         MW_SPODES_RADIO_FIELD, MW_SPODES_RADIO_FIELD_ENDS},
    };
    for (unsigned i = 0; i < 4; i++) {
        touched r;
        touched_init(&r);
        bool *input = (bool *)((uint8_t *)&r.in + of[i].input);
        pass(&r, 1000);
        *input = true; /* a bounce is no event */
        pass(&r, 50);
        *input = false;
        pass(&r, 10000);
        MW_CHECK_EQ(r.s.n, 0);
        *input = true;
        mw_mono begun = r.now;
        pass(&r, 90000);
        *input = false; /* for a moment */
        pass(&r, 500);
        *input = true;
        pass(&r, 30000);
        *input = false;
        mw_mono over = r.now;
        pass(&r, 20000);
        MW_CHECK_EQ(r.s.n, 2);
        MW_CHECK_EQ(r.s.event[0].code, of[i].begins);
        check_near(r.s.event[0].at.us, utc_of(begun).us, 50000);
        MW_CHECK_EQ(r.s.event[1].code, of[i].ends);
        check_near(r.s.event[1].at.us, utc_of(over).us, 50000);
        check_near(r.s.event[1].duration_ms, 120500, 50);
        MW_CHECK_EQ(r.t.record[of[i].kind].count, 1);
        check_near(mw_electric_tamper_seconds(&r.t, of[i].kind, r.now), 120, 1);
        MW_CHECK_EQ(r.t.record[of[i].kind].at_s, utc_of(begun).us / MW_US_PER_S);
    }
}

MW_TEST(current_that_does_not_come_back) {
    touched r;
    touched_init(&r);
    r.in.currents_known = true;
    r.in.phase_ua = 5000000;
    r.in.neutral_ua = 4900000; /* the sensors' difference */
    pass(&r, 300000);
    MW_CHECK_EQ(r.s.n, 0);
    r.in.phase_ua = 60000; /* half of next to nothing */
    r.in.neutral_ua = 20000;
    pass(&r, 300000);
    MW_CHECK_EQ(r.s.n, 0);
    r.in.phase_ua = 1000000;
    r.in.neutral_ua = 5000000;
    pass(&r, 100000);
    MW_CHECK_EQ(r.s.n, 1);
    MW_CHECK_EQ(r.s.event[0].code, MW_SPODES_MISMATCH);
    check_near(r.s.event[0].value, 4000, 1);
    MW_CHECK_EQ(mw_electric_tamper_now(&r.t), 1 << MW_ELECTRIC_TAMPER_MISMATCH);
    r.in.phase_ua = 5000000;
    pass(&r, 100000);
    MW_CHECK_EQ(r.s.n, 2);
    MW_CHECK_EQ(r.s.event[1].code, MW_SPODES_MISMATCH_ENDS);
    check_near(r.s.event[1].value, 4000, 1);
    check_near(r.s.event[1].duration_ms, 100000, 100);
}

MW_TEST(heat_has_a_limit_and_a_way_back) {
    touched r;
    touched_init(&r);
    r.in.temperature_known = true;
    static const int32_t steps[] = {84000, 86000, 80000, 91500, 76000, 74000};
    for (unsigned i = 0; i < 6; i++) {
        r.in.temperature = (mw_temp){steps[i]};
        pass(&r, 20000);
    }
    MW_CHECK_EQ(r.s.n, 2);
    MW_CHECK_EQ(r.s.event[0].code, MW_SPODES_HOT);
    MW_CHECK_EQ(r.s.event[0].value, 86000);
    MW_CHECK_EQ(r.s.event[1].code, MW_SPODES_HOT_ENDS);
    MW_CHECK_EQ(r.s.event[1].value, 91500);
    check_near(r.s.event[1].duration_ms, 80000, 100);
}

static void word(touched *r, bool good) {
    mw_electric_tamper_password(&r->t, good, r->now, utc_of(r->now), &r->noticed);
    take(&r->s, &r->noticed);
}

MW_TEST(wrong_passwords_lock_and_cutting_the_supply_opens_nothing) {
    touched r;
    touched_init(&r);
    for (unsigned i = 0; i < 4; i++) /* too slow for a lock */
        word(&r, false), pass(&r, 700000);
    MW_CHECK(!mw_electric_tamper_locked(&r.t));
    for (unsigned i = 0; i < 4; i++)
        word(&r, false);
    word(&r, true); /* the right one starts afresh */
    for (unsigned i = 0; i < 5; i++) {
        MW_CHECK(!mw_electric_tamper_locked(&r.t));
        word(&r, false);
    }
    MW_CHECK(mw_electric_tamper_locked(&r.t));
    MW_CHECK_EQ(times(&r.s, MW_SPODES_ACCESS), 13);
    MW_CHECK_EQ(times(&r.s, MW_SPODES_LOCKED), 1);
    pass(&r, 800000);
    uint8_t bytes[MW_ELECTRIC_TAMPER_BYTES];
    mw_electric_tamper_encode(&r.t, r.now, bytes);
    touched back;
    touched_init(&back);
    MW_CHECK_OK(mw_electric_tamper_decode(&back.t, bytes, back.now));
    MW_CHECK(mw_electric_tamper_locked(&back.t));
    pass(&back, 890000);
    MW_CHECK(mw_electric_tamper_locked(&back.t));
    pass(&back, 20000);
    MW_CHECK(!mw_electric_tamper_locked(&back.t));
    MW_CHECK_EQ(times(&back.s, MW_SPODES_UNLOCKED), 1);
    bytes[0] = 77;
    MW_CHECK_STATUS(mw_electric_tamper_decode(&back.t, bytes, back.now), MW_UNSUPPORTED);
}

MW_TEST(a_tamper_goes_on_through_a_loss_of_power) {
    touched r;
    touched_init(&r);
    r.in.magnet = true;
    pass(&r, 61000);
    uint8_t bytes[MW_ELECTRIC_TAMPER_BYTES];
    mw_electric_tamper_encode(&r.t, r.now, bytes);
    touched back;
    touched_init(&back);
    MW_CHECK_OK(mw_electric_tamper_decode(&back.t, bytes, back.now));
    back.in.magnet = true;
    pass(&back, 60000);
    MW_CHECK_EQ(back.s.n, 0); /* it is the same magnet */
    back.in.magnet = false;
    pass(&back, 5000);
    MW_CHECK_EQ(back.s.n, 1);
    MW_CHECK_EQ(back.s.event[0].code, MW_SPODES_MAGNET_ENDS);
    check_near(back.s.event[0].duration_ms, 121000, 1100);
    MW_CHECK_EQ(back.t.record[MW_ELECTRIC_TAMPER_MAGNET].count, 1);
    mw_electric_tamper_config c = mw_electric_tamper_defaults();
    c.attempts = 0;
    MW_CHECK_STATUS(mw_electric_tamper_init(&r.t, &c), MW_RANGE);
}

/* ---- Power quality ---- */

typedef struct mains {
    mw_electric_window w;
    mw_electric_calibration cal;
    mw_electric_quality q;
    mw_electric_noticed noticed;
    story s;
    double volts[3], at[3], hertz, turn;
    mw_mono now;
    mw_electric_quantities of;
} mains;

static void mains_at(mains *m, uint8_t elements, mw_electric_mains hertz) {
    memset(m, 0, sizeof *m);
    mw_electric_skew skew[3] = {0};
    mw_electric_window_init(&m->w, elements, hertz, skew);
    for (unsigned k = 0; k < 3; k++) {
        m->cal.e[k].u_gain = mw_electric_gain_of(500000000);
        m->cal.e[k].i_gain = mw_electric_gain_of(200000000);
        m->volts[k] = 230;
        m->at[k] = k == 0 ? 0 : k == 1 ? -1.0 / 3 : 1.0 / 3;
    }
    m->cal.neutral_gain = mw_electric_gain_of(200000000);
    m->hertz = hertz;
    mw_electric_quality_config c = mw_electric_quality_defaults((mw_voltage){230000}, hertz);
    MW_CHECK_OK(mw_electric_quality_init(&m->q, elements, &c));
}

static void mains_init(mains *m, uint8_t elements) {
    mains_at(m, elements, MW_ELECTRIC_50HZ);
}

static void mains_run(mains *m, double seconds) {
    mw_mono until = {m->now.ns + (int64_t)(seconds * 1e9)};
    mw_temp cal_at = {23000};
    while (m->now.ns < until.ns) {
        mw_electric_sample in = {0};
        for (unsigned k = 0; k < m->w.elements; k++)
            in.u[k] = (int32_t)lrint(m->volts[k] * sqrt(2) * sin(2 * PI * (m->turn + m->at[k])) /
                                     500 * 8388608);
        m->turn += m->hertz / MW_ELECTRIC_RATE;
        m->now.ns += MW_NS_PER_S / MW_ELECTRIC_RATE;
        unsigned done = mw_electric_window_sample(&m->w, &in);
        if ((done & MW_ELECTRIC_HALF_DONE) != 0) {
            int64_t uv[3] = {0};
            for (unsigned k = 0; k < m->w.elements; k++)
                uv[k] = mw_electric_half_uv(&m->w, &m->cal, cal_at, k);
            mw_electric_quality_half(&m->q, uv, m->w.half_parts, m->now, utc_of(m->now),
                                     &m->noticed);
        }
        if ((done & MW_ELECTRIC_WINDOW_DONE) != 0) {
            mw_electric_quantities_of(&m->w, &m->cal, cal_at, (mw_voltage){230000}, &m->of);
            mw_electric_quality_window(&m->q, &m->of, m->now, utc_of(m->now), &m->noticed);
        }
        take(&m->s, &m->noticed);
    }
}

MW_TEST(a_healthy_mains_makes_no_event) {
    static mains m;
    mains_init(&m, 3);
    mains_run(&m, 2);
    for (int n = 0; n < 6; n++) {
        m.hertz = n % 2 ? 49.8 : 50.2;
        for (unsigned k = 0; k < 3; k++)
            m.volts[k] = 212 + 7 * ((n + (int)k) % 6);
        mains_run(&m, 2);
    }
    MW_CHECK_EQ(m.s.n, 0);
    MW_CHECK_EQ(mw_electric_quality_status(&m.q), 0);
}

/* Depth and duration of sags and swells, for every start within a cycle. */
MW_TEST(sags_and_swells_have_depth_and_duration) {
    static const struct {
        unsigned phase;
        double volts, seconds;
        uint16_t begins;
    } of[] = {{0, 161, 0.1, MW_SPODES_SAG_1},    {1, 92, 0.5, MW_SPODES_SAG_2},
              {2, 195, 0.04, MW_SPODES_SAG_3},   {0, 276, 0.2, MW_SPODES_SWELL_1},
              {1, 264, 0.06, MW_SPODES_SWELL_2}, {2, 299, 0.3, MW_SPODES_SWELL_3}};
    for (unsigned i = 0; i < sizeof of / sizeof of[0]; i++) {
        static mains m;
        mains_init(&m, 3);
        mains_run(&m, 1 + 0.0031 * i);
        m.volts[of[i].phase] = of[i].volts;
        mw_mono begun = m.now;
        mains_run(&m, of[i].seconds);
        m.volts[of[i].phase] = 230;
        mains_run(&m, 1);
        MW_CHECK_EQ(m.s.n, 2);
        MW_CHECK_EQ(m.s.event[0].code, of[i].begins);
        check_near(m.s.event[0].at.us, utc_of(begun).us, 21000);
        MW_CHECK_EQ(m.s.event[1].code, of[i].begins + 1);
        check_near(m.s.event[1].value, (int64_t)(1000 * of[i].volts), 1000);
        check_near(m.s.event[1].duration_ms, (int64_t)(1000 * of[i].seconds), 21);
        const mw_electric_quality_phase *p = &m.q.phase[of[i].phase];
        MW_CHECK_EQ(p->sags + p->swells, 1);
        check_near(of[i].volts < 230 ? p->last_sag.uv : p->last_swell.uv,
                   (int64_t)(1e6 * of[i].volts), 1000000);
    }
}

MW_TEST(a_sag_at_its_threshold_is_one_sag) {
    static mains m;
    mains_init(&m, 1);
    mains_run(&m, 1);
    for (int n = 0; n < 40; n++) { /* around 207 V, within the hysteresis of 4.6 V */
        m.volts[0] = n % 2 ? 209 : 206;
        mains_run(&m, 0.1);
    }
    m.volts[0] = 230;
    mains_run(&m, 1);
    MW_CHECK_EQ(times(&m.s, MW_SPODES_SAG_1), 1);
    MW_CHECK_EQ(times(&m.s, MW_SPODES_SAG_ENDS_1), 1);
}

MW_TEST(interruptions_and_lost_phases) {
    static mains m;
    mains_init(&m, 3);
    mains_run(&m, 1);
    m.volts[1] = 0;
    mains_run(&m, 3);
    MW_CHECK_EQ(times(&m.s, MW_SPODES_U_LOST_2), 1);
    MW_CHECK(find(&m.s, MW_SPODES_INTERRUPTION) == NULL);
    MW_CHECK_EQ(mw_electric_quality_status(&m.q),
                MW_ELECTRIC_QUALITY_SAG << 1 | MW_ELECTRIC_QUALITY_LOST << 1);
    m.volts[1] = 230;
    mains_run(&m, 3);
    const mw_electric_event *back = find(&m.s, MW_SPODES_U_BACK_2);
    MW_CHECK(back != NULL);
    check_near(back->duration_ms, 3000, 40);
    MW_CHECK(find(&m.s, MW_SPODES_U_LOW) == NULL);
    m.s.n = 0;
    for (unsigned k = 0; k < 3; k++)
        m.volts[k] = 2;
    mains_run(&m, 0.4);
    for (unsigned k = 0; k < 3; k++)
        m.volts[k] = 230;
    mains_run(&m, 2);
    MW_CHECK_EQ(times(&m.s, MW_SPODES_INTERRUPTION), 1);
    const mw_electric_event *over = find(&m.s, MW_SPODES_INTERRUPTION_ENDS);
    MW_CHECK(over != NULL);
    check_near(over->duration_ms, 400, 40);
    MW_CHECK(find(&m.s, MW_SPODES_U_LOST_1) == NULL); /* shorter than a second */
    MW_CHECK_EQ(m.q.interruptions, 1);
    MW_CHECK_EQ(m.q.long_interruptions, 0);
    MW_CHECK_EQ(mw_electric_quality_status(&m.q), 0);
}

MW_TEST(frequency_of_ten_seconds) {
    static mains m;
    mains_init(&m, 1);
    mains_run(&m, 1);
    m.hertz = 49.65; /* within 0.4 Hz */
    mains_run(&m, 25);
    MW_CHECK_EQ(m.s.n, 0);
    m.hertz = 49.5;
    mains_run(&m, 25);
    MW_CHECK_EQ(m.s.n, 1);
    MW_CHECK_EQ(m.s.event[0].code, MW_SPODES_FREQUENCY);
    m.hertz = 50.02;
    mains_run(&m, 21);
    MW_CHECK_EQ(m.s.n, 2);
    MW_CHECK_EQ(m.s.event[1].code, MW_SPODES_FREQUENCY_ENDS);
    check_near(m.s.event[1].value, 49500, 5);
    check_near(m.q.frequency_10s_mhz, 50020, 3);
}

/* Mains of 60 Hz: windows of twelve cycles, as long as ten of 50 Hz, and the same events. */
MW_TEST(twelve_cycles_of_sixty_hertz) {
    static mains m;
    mains_at(&m, 3, MW_ELECTRIC_60HZ);
    mains_run(&m, 2);
    check_near(m.of.parts, MW_ELECTRIC_PARTS_PER_S / 5, 20);
    check_near(m.of.frequency_mhz, 60000, 2);
    m.hertz = 60.3;
    mains_run(&m, 25);
    check_near(m.of.parts, MW_ELECTRIC_PARTS_PER_S * 12 * 10 / 603, 200);
    for (unsigned k = 0; k < 3; k++)
        check_near(m.of.e[k].u_uv, 230000000, 23000);
    check_near(m.q.frequency_10s_mhz, 60300, 3);
    MW_CHECK_EQ(m.s.n, 0);
    m.volts[1] = 115;
    mains_run(&m, 0.1);
    m.volts[1] = 230;
    mains_run(&m, 1);
    MW_CHECK_EQ(m.s.n, 2);
    MW_CHECK_EQ(m.s.event[1].code, MW_SPODES_SAG_ENDS_2);
    check_near(m.s.event[1].duration_ms, 100, 17);
    m.hertz = 60.6;
    mains_run(&m, 25);
    MW_CHECK_EQ(m.s.event[2].code, MW_SPODES_FREQUENCY);
}

MW_TEST(slow_deviations_wait_a_minute) {
    static mains m;
    mains_init(&m, 3);
    mw_electric_quality_config c = m.q.config;
    c.low_uv = 215000000; /* less than a sag */
    c.slow_ms = 6000;
    MW_CHECK_OK(mw_electric_quality_configure(&m.q, &c));
    mains_run(&m, 1);
    m.volts[2] = 211;
    mains_run(&m, 5);
    m.volts[2] = 230;
    mains_run(&m, 1);
    MW_CHECK_EQ(m.s.n, 0);
    m.volts[2] = 210;
    mains_run(&m, 8);
    m.volts[0] = 256; /* above 253 V: a swell, and after a while a deviation */
    mains_run(&m, 9);
    m.volts[0] = m.volts[2] = 230;
    mains_run(&m, 9);
    const mw_electric_event *low = find(&m.s, MW_SPODES_U_LOW_ENDS);
    const mw_electric_event *high = find(&m.s, MW_SPODES_U_HIGH_ENDS);
    MW_CHECK(low != NULL && high != NULL && find(&m.s, MW_SPODES_U_LOW) != NULL);
    check_near(low->value, 210000, 300);
    check_near(low->duration_ms, 17000, 400);
    check_near(high->value, 256000, 300);
    check_near(high->duration_ms, 9000, 400);
    c.sag_uv = c.swell_uv;
    MW_CHECK_STATUS(mw_electric_quality_configure(&m.q, &c), MW_RANGE);
}

MW_TEST(sequence_and_unbalance) {
    static mains m;
    mains_init(&m, 3);
    mains_run(&m, 1);
    m.at[1] = 1.0 / 3;
    m.at[2] = -1.0 / 3;
    mains_run(&m, 4);
    MW_CHECK_EQ(times(&m.s, MW_SPODES_SEQUENCE), 1);
    m.at[1] = -1.0 / 3;
    m.at[2] = 1.0 / 3;
    mains_run(&m, 4);
    MW_CHECK_EQ(times(&m.s, MW_SPODES_SEQUENCE_ENDS), 1);
    m.s.n = 0;
    /* 230, 215 and 230 turned by 5 degrees: about 4.7 % */
    m.volts[1] = 215;
    m.at[2] += 5.0 / 360;
    mains_run(&m, 7);
    MW_CHECK_EQ(times(&m.s, MW_SPODES_UNBALANCE), 1);
    m.volts[1] = 230;
    m.at[2] = 1.0 / 3;
    mains_run(&m, 7);
    MW_CHECK_EQ(m.s.n, 2);
    const mw_electric_event *over = find(&m.s, MW_SPODES_UNBALANCE_ENDS);
    MW_CHECK(over != NULL && over->value > 40000 && over->value < 60000);
}

MW_TEST(an_interruption_lasts_through_the_loss_of_supply) {
    static mains m, back;
    mains_init(&m, 3);
    mains_run(&m, 1);
    for (unsigned k = 0; k < 3; k++)
        m.volts[k] = 0;
    mains_run(&m, 0.1);
    uint8_t bytes[MW_ELECTRIC_QUALITY_BYTES];
    mw_electric_quality_encode(&m.q, bytes);
    mains_init(&back, 3);
    back.now.ns = m.now.ns + INT64_C(600) * MW_NS_PER_S;
    MW_CHECK_OK(mw_electric_quality_decode(&back.q, bytes, back.now, utc_of(back.now)));
    mains_run(&back, 1);
    MW_CHECK_EQ(times(&back.s, MW_SPODES_INTERRUPTION_ENDS), 1);
    check_near(find(&back.s, MW_SPODES_INTERRUPTION_ENDS)->duration_ms, 600500, 1500);
    MW_CHECK_EQ(back.q.interruptions, 1);
    MW_CHECK_EQ(back.q.long_interruptions, 1);
    MW_CHECK_EQ(mw_electric_quality_status(&back.q), 0);
    MW_CHECK_EQ(back.q.phase[0].sags, 1);
    bytes[0] = 99;
    MW_CHECK_STATUS(mw_electric_quality_decode(&back.q, bytes, back.now, utc_of(back.now)),
                    MW_UNSUPPORTED);
}

MW_TEST_MAIN(MW_CASE(contacts_and_fields_begin_and_end_with_their_times),
             MW_CASE(current_that_does_not_come_back), MW_CASE(heat_has_a_limit_and_a_way_back),
             MW_CASE(wrong_passwords_lock_and_cutting_the_supply_opens_nothing),
             MW_CASE(a_tamper_goes_on_through_a_loss_of_power),
             MW_CASE(a_healthy_mains_makes_no_event),
             MW_CASE(sags_and_swells_have_depth_and_duration),
             MW_CASE(a_sag_at_its_threshold_is_one_sag), MW_CASE(interruptions_and_lost_phases),
             MW_CASE(frequency_of_ten_seconds), MW_CASE(twelve_cycles_of_sixty_hertz),
             MW_CASE(slow_deviations_wait_a_minute), MW_CASE(sequence_and_unbalance),
             MW_CASE(an_interruption_lasts_through_the_loss_of_supply))
