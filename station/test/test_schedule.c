/* SPDX-License-Identifier: Apache-2.0
 *
 * What must hold of every schedule: windows hit for any copy that was heard, no two bursts at once,
 * no hour with more airtime than the duty, better priorities first, one result for each entry.
 */
#include "station/schedule.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/prng.h"
#include "protocols/unb/pulse.h"
#include "tests/harness/mw_test.h"

#define T0      INT64_C(1790000000000000)
#define EPOCH   UINT64_C(77)
#define HOUR_US (INT64_C(3600) * MW_US_PER_S)
#define LEAD    mw_dur_ms(1000)

typedef struct rig {
    const mw_unb_plan *plan;
    mw_airtime airtime;
    mw_schedule *schedule;
} rig;

static rig rig_new(const char *plan) {
    rig r;
    MW_CHECK_OK(mw_unb_plan_find(plan, &r.plan));
    MW_CHECK_OK(mw_airtime_init(&r.airtime, r.plan));
    return r;
}

static void rig_start(rig *r) {
    mw_schedule_config c = {.plan = r->plan, .airtime = &r->airtime, .epoch = EPOCH, .lead = LEAD};
    MW_CHECK_OK(mw_schedule_new(&c, &r->schedule));
}

static void rig_end(rig *r) {
    mw_schedule_free(r->schedule);
    mw_airtime_close(&r->airtime);
}

static mw_downlink answer(uint64_t id, uint32_t address, mw_unb_rate rate, unsigned copies) {
    return (mw_downlink){.id = id,
                         .mode = MW_DOWNLINK_ANSWER,
                         .air_address = address,
                         .rate = rate,
                         .size = MW_UNB_M,
                         .copies = (uint8_t)copies,
                         .priority = 3,
                         .expires_at = {T0 + 48 * HOUR_US}};
}

static mw_downlink broadcast(uint64_t id, int64_t at_us, unsigned priority, const rig *r) {
    unsigned band = 0;
    MW_CHECK_OK(mw_unb_plan_band(r->plan, MW_UNB_DOWN, MW_UNB_R1, 0, &band));
    return (mw_downlink){.id = id,
                         .mode = MW_DOWNLINK_BROADCAST,
                         .air_address = UINT32_MAX,
                         .rate = MW_UNB_R1,
                         .size = MW_UNB_M,
                         .hop = 12,
                         .band = (uint8_t)band,
                         .priority = (uint8_t)priority,
                         .at = {at_us},
                         .expires_at = {at_us + MW_US_PER_S}};
}

/* One copy of a frame whose copy 0 begins at t_us, from a meter off by ppb. */
static mw_schedule_uplink uplink(const rig *r, uint32_t address, uint16_t counter, mw_unb_rate rate,
                                 unsigned copy, int64_t t_us, int64_t ppb) {
    unsigned band = 0;
    mw_unb_slot slot;
    MW_CHECK_OK(mw_unb_plan_band(r->plan, MW_UNB_UP, rate, 0, &band));
    MW_CHECK_OK(mw_unb_slot_of(r->plan, band, rate, MW_UNB_M, address, counter, copy, &slot));
    return (mw_schedule_uplink){
        .address = address,
        .counter = counter,
        .rate = rate,
        .size = MW_UNB_M,
        .start = {t_us + slot.start.ns / 1000},
        .frequency = {slot.carrier.mhz + slot.carrier.mhz / 1000000 * ppb / 1000}};
}

static mw_downlink_result result_of(rig *r) {
    mw_downlink_result result;
    MW_CHECK(mw_schedule_result(r->schedule, &result));
    mw_schedule_result_drop(r->schedule);
    return result;
}

static void check_no_result(const rig *r) {
    mw_downlink_result result;
    MW_CHECK(!mw_schedule_result(r->schedule, &result));
}

/* Steps in tenths of a second until a burst is decided or `until` is reached. */
static bool run_to_burst(rig *r, int64_t *io_now, int64_t until, mw_schedule_burst *out) {
    for (; *io_now <= until; *io_now += 100000)
        if (mw_schedule_next(r->schedule, (mw_utc){*io_now}, out))
            return true;
    return false;
}

/* ---- windows ---- */

static void check_window(mw_unb_rate rate, unsigned copies, unsigned heard_mask, int64_t ppb,
                         bool clear) {
    rig r = rig_new("eu868");
    rig_start(&r);
    uint32_t address = 4096 + copies * 7 + heard_mask;
    uint16_t counter = (uint16_t)(heard_mask * 3 + copies);
    mw_downlink d = answer(1, address, rate, copies);
    mw_schedule_add(r.schedule, &d, (mw_utc){T0 - 1});
    int64_t last = T0;
    for (unsigned c = 0; c < copies; c++) {
        mw_schedule_uplink u = uplink(&r, address, counter, rate, c, T0, ppb);
        last = u.start.us;
        if ((heard_mask >> c & 1) != 0)
            mw_schedule_heard(r.schedule, &u);
    }
    int64_t end = last + mw_unb_airtime(rate, MW_UNB_M).ns / 1000;
    int64_t start = end + r.plan->window_delay[rate].ns / 1000 + r.plan->window[rate].ns / 4000;
    mw_schedule_burst b;
    int64_t now = T0;
    bool sent = run_to_burst(&r, &now, start + 30 * MW_US_PER_S, &b);
    MW_CHECK(sent);
    unsigned down = 0;
    mw_freq nominal;
    MW_CHECK_OK(mw_unb_plan_band(r.plan, MW_UNB_DOWN, rate, 0, &down));
    MW_CHECK_OK(mw_unb_answer_carrier(r.plan, down, rate, address, counter, &nominal));
    if (clear) {
        MW_CHECK(b.start.us >= start - 3 && b.start.us <= start + 3);
        int64_t off = b.carrier.mhz - (nominal.mhz + nominal.mhz / 1000000 * ppb / 1000);
        MW_CHECK(off >= -2000 && off <= 2000); /* 2 Hz */
    }
    MW_CHECK(b.start.us - now <= LEAD.ns / 1000 + 100000);
    mw_schedule_done(r.schedule, &b, MW_DOWNLINK_SENT, "");
    mw_downlink_result result = result_of(&r);
    MW_CHECK_EQ(result.state, MW_DOWNLINK_SENT);
    MW_CHECK_EQ(result.at.us, b.start.us);
    MW_CHECK_EQ(result.frequency.mhz, b.carrier.mhz);
    MW_CHECK_EQ(mw_schedule_entries(r.schedule), 0);
    rig_end(&r);
}

MW_TEST(windows_are_met_whichever_copy_was_heard) {
    for (unsigned rate = 0; rate < MW_UNB_RATE_COUNT; rate++)
        for (unsigned copies = 1; copies <= 3; copies++)
            for (unsigned mask = 1; mask < 1u << copies; mask++)
                for (int64_t ppb = -17000; ppb <= 17000; ppb += 17000)
                    check_window((mw_unb_rate)rate, copies, mask, ppb, true);
}

/* In a band of 200 kHz two copies can look alike; the meter's known offset or a second copy tells.
 */
MW_TEST(a_second_copy_settles_which_one_it_was) {
    rig r = rig_new("demo");
    rig_start(&r);
    unsigned right = 0, all = 0;
    for (uint16_t counter = 0; counter < 16; counter++) {
        for (unsigned first = 0; first < 2; first++) {
            uint32_t address = 5000u + counter;
            int64_t t = T0 + (counter * 2 + first) * 300 * MW_US_PER_S;
            mw_downlink d = answer(counter * 2 + first + 1, address, MW_UNB_R1, 3);
            mw_schedule_add(r.schedule, &d, (mw_utc){t - 1});
            for (unsigned c = first; c < first + 2; c++) {
                mw_schedule_uplink u = uplink(&r, address, counter, MW_UNB_R1, c, t, 15000);
                mw_schedule_heard(r.schedule, &u);
            }
            mw_unb_slot last;
            MW_CHECK_OK(mw_unb_slot_of(r.plan, 0, MW_UNB_R1, MW_UNB_M, address, counter, 2, &last));
            int64_t start =
                t + last.start.ns / 1000 + mw_unb_airtime(MW_UNB_R1, MW_UNB_M).ns / 1000 + 5125000;
            mw_schedule_burst b;
            int64_t now = t;
            MW_CHECK(run_to_burst(&r, &now, t + 60 * MW_US_PER_S, &b));
            all++;
            right += b.start.us >= start - 3 && b.start.us <= start + 3;
            mw_schedule_done(r.schedule, &b, MW_DOWNLINK_SENT, "");
            (void)result_of(&r);
        }
    }
    MW_CHECK_EQ(right, all);
    rig_end(&r);
}

/* ---- properties ---- */

typedef struct sent_burst {
    int64_t from, end;
    unsigned band;
} sent_burst;

static void check_air(const rig *r, const sent_burst *b, size_t n) {
    for (size_t i = 1; i < n; i++)
        MW_CHECK(b[i].from >= b[i - 1].end + MW_SCHEDULE_GUARD_US);
    for (size_t i = 0; i < n; i++) {
        /* the fullest hours end with a burst */
        int64_t used[MW_UNB_BANDS_MAX] = {0};
        for (size_t k = 0; k <= i; k++) {
            int64_t from = b[k].from > b[i].end - HOUR_US ? b[k].from : b[i].end - HOUR_US;
            if (b[k].end > from)
                used[b[k].band] += b[k].end - from;
        }
        for (unsigned band = 0; band < r->plan->bands; band++)
            MW_CHECK(used[band] <= mw_airtime_budget_us(r->plan, band));
    }
}

MW_TEST(never_two_at_once_never_more_than_the_duty) {
    static sent_burst sent[6000];
    static uint8_t results[6001];
    for (uint64_t seed = 1; seed <= 3; seed++) {
        rig r = rig_new("eu868");
        rig_start(&r);
        mw_prng g = mw_prng_of_stream(seed, 9);
        memset(results, 0, sizeof results);
        size_t n = 0;
        uint64_t id = 0;
        unsigned ended = 0, states[MW_DOWNLINK_STATE_COUNT] = {0};
        for (int64_t now = T0; now < T0 + 3 * HOUR_US; now += 500000) {
            if (mw_prng_below(&g, 4) == 0 && id < 5500) {
                mw_unb_rate rate = (mw_unb_rate)mw_prng_below(&g, 3);
                uint32_t address = 1 + (uint32_t)mw_prng_below(&g, 50);
                mw_downlink d = answer(++id, address, rate, 1);
                if (mw_prng_below(&g, 5) == 0)
                    d = broadcast(id, now + (int64_t)mw_prng_below(&g, 900) * MW_US_PER_S, 2, &r);
                else
                    d.expires_at.us = now + (int64_t)mw_prng_below(&g, 1800) * MW_US_PER_S;
                d.priority = (uint8_t)mw_prng_below(&g, 8);
                mw_schedule_add(r.schedule, &d, (mw_utc){now});
            }
            if (mw_prng_below(&g, 2) == 0) {
                mw_unb_rate rate = (mw_unb_rate)mw_prng_below(&g, 3);
                uint32_t address = 1 + (uint32_t)mw_prng_below(&g, 50);
                uint16_t counter = (uint16_t)mw_prng_below(&g, 4096);
                int64_t t = now - mw_unb_airtime(rate, MW_UNB_M).ns / 1000;
                mw_schedule_uplink u = uplink(&r, address, counter, rate, 0, t, 5000);
                mw_schedule_heard(r.schedule, &u);
            }
            mw_schedule_burst b;
            while (mw_schedule_next(r.schedule, (mw_utc){now}, &b)) {
                int64_t from = b.start.us - MW_US_PER_S * 5 / 2 / mw_unb_rate_bd(b.rate);
                MW_CHECK(n == 0 || from >= sent[n - 1].end);
                sent[n++] = (sent_burst){from, from + b.length_us, b.band};
                mw_schedule_done(r.schedule, &b, MW_DOWNLINK_SENT, "");
            }
            mw_downlink_result result;
            while (mw_schedule_result(r.schedule, &result)) {
                mw_schedule_result_drop(r.schedule);
                MW_CHECK_EQ(results[result.id]++, 0);
                states[result.state]++;
                ended++;
            }
        }
        MW_CHECK_EQ(ended + mw_schedule_entries(r.schedule), id);
        MW_CHECK(n > 100 && states[MW_DOWNLINK_SENT] == n);
        MW_CHECK(states[MW_DOWNLINK_EXPIRED] > 0);
        check_air(&r, sent, n);
        rig_end(&r);
    }
}

MW_TEST(the_better_priority_gets_the_air) {
    rig r = rig_new("demo");
    rig_start(&r);
    mw_downlink low = broadcast(1, T0 + 10 * MW_US_PER_S, 5, &r);
    mw_downlink high = broadcast(2, T0 + 11 * MW_US_PER_S, 1, &r);
    mw_downlink same = broadcast(3, T0 + 11 * MW_US_PER_S, 1, &r);
    mw_schedule_add(r.schedule, &low, (mw_utc){T0});
    check_no_result(&r);
    mw_schedule_add(r.schedule, &high, (mw_utc){T0});
    check_no_result(&r);
    mw_schedule_add(r.schedule, &same, (mw_utc){T0});
    mw_downlink_result result = result_of(&r);
    MW_CHECK_EQ(result.id, 3);
    MW_CHECK_EQ(result.state, MW_DOWNLINK_REFUSED);
    MW_CHECK(strstr(result.reason, "free at") != NULL);
    mw_schedule_burst b;
    int64_t now = T0;
    MW_CHECK(run_to_burst(&r, &now, T0 + 20 * MW_US_PER_S, &b));
    MW_CHECK_EQ(b.id, 2);
    MW_CHECK_EQ(b.start.us, T0 + 11 * MW_US_PER_S);
    MW_CHECK(!run_to_burst(&r, &now, T0 + 20 * MW_US_PER_S, &b));
    result = result_of(&r);
    MW_CHECK_EQ(result.id, 1);
    MW_CHECK_EQ(result.state, MW_DOWNLINK_TOO_LATE);
    rig_end(&r);
}

/* Two meters' windows at the same moment: the second burst moves within its window when it can (it
 * cannot at 400 Bd, where a burst is longer than the window), else it waits for the next uplink. */
MW_TEST(two_windows_at_once) {
    rig r = rig_new("demo");
    rig_start(&r);
    mw_downlink a = answer(1, 100, MW_UNB_R1, 1), b2 = answer(2, 200, MW_UNB_R1, 1);
    b2.priority = 1;
    mw_schedule_add(r.schedule, &a, (mw_utc){T0});
    mw_schedule_add(r.schedule, &b2, (mw_utc){T0});
    mw_schedule_uplink u1 = uplink(&r, 100, 1, MW_UNB_R1, 0, T0, 0);
    mw_schedule_uplink u2 = uplink(&r, 200, 1, MW_UNB_R1, 0, T0 + 100000, 0);
    mw_schedule_heard(r.schedule, &u1);
    mw_schedule_heard(r.schedule, &u2);
    mw_schedule_burst b;
    int64_t now = T0;
    MW_CHECK(run_to_burst(&r, &now, T0 + 20 * MW_US_PER_S, &b));
    MW_CHECK_EQ(b.id, 2);
    mw_schedule_done(r.schedule, &b, MW_DOWNLINK_SENT, "");
    (void)result_of(&r);
    MW_CHECK(!run_to_burst(&r, &now, T0 + 20 * MW_US_PER_S, &b));
    check_no_result(&r); /* it waits */
    u1 = uplink(&r, 100, 2, MW_UNB_R1, 0, now, 0);
    mw_schedule_heard(r.schedule, &u1);
    MW_CHECK(run_to_burst(&r, &now, now + 20 * MW_US_PER_S, &b));
    MW_CHECK_EQ(b.id, 1);
    rig_end(&r);
}

/* ---- duty ---- */

MW_TEST(what_does_not_fit_is_refused_with_the_time_when_it_would) {
    rig r = rig_new("demo");
    rig_start(&r);
    int64_t length = (mw_unb_airtime(MW_UNB_R1, MW_UNB_M).ns + 999) / 1000;
    int64_t fits = mw_airtime_budget_us(r.plan, 1) / length;
    uint64_t id = 0;
    for (int64_t i = 0; i < fits; i++) {
        mw_downlink d = broadcast(++id, T0 + (10 + 2 * i) * MW_US_PER_S, 2, &r);
        mw_schedule_add(r.schedule, &d, (mw_utc){T0});
        check_no_result(&r);
    }
    mw_schedule_burst b;
    for (int64_t now = T0, i = 0; i < fits; i++) {
        MW_CHECK(run_to_burst(&r, &now, T0 + HOUR_US, &b));
        mw_schedule_done(r.schedule, &b, MW_DOWNLINK_SENT, "");
        MW_CHECK_EQ(result_of(&r).state, MW_DOWNLINK_SENT);
    }
    mw_downlink more = broadcast(++id, T0 + 1000 * MW_US_PER_S, 0, &r);
    mw_schedule_add(r.schedule, &more, (mw_utc){T0 + 900 * MW_US_PER_S});
    mw_downlink_result result = result_of(&r);
    MW_CHECK_EQ(result.state, MW_DOWNLINK_NO_DUTY);
    const char *when = strstr(result.reason, "possible at ");
    MW_CHECK(when != NULL);
    mw_utc possible;
    MW_CHECK_OK(mw_utc_parse(mw_slice_of_str(when + 12), &possible));
    MW_CHECK(possible.us > T0 + HOUR_US && possible.us < T0 + HOUR_US + 20 * MW_US_PER_S);
    more = broadcast(++id, possible.us, 0, &r);
    mw_schedule_add(r.schedule, &more, (mw_utc){T0 + 900 * MW_US_PER_S});
    check_no_result(&r);
    int64_t now = T0 + 900 * MW_US_PER_S;
    MW_CHECK(run_to_burst(&r, &now, possible.us + MW_US_PER_S, &b));
    rig_end(&r);
}

/* An answer waits as long as it may when the duty is used up, and says so in the end. */
MW_TEST(an_answer_without_duty) {
    rig r = rig_new("demo");
    rig_start(&r);
    int64_t left = mw_airtime_budget_us(r.plan, 1);
    for (int64_t t = T0 - 400 * MW_US_PER_S; left > 1000000; t += 60 * MW_US_PER_S) {
        int64_t part = left > 50 * MW_US_PER_S ? 50 * MW_US_PER_S : left;
        MW_CHECK_OK(mw_airtime_book(&r.airtime, 1, (mw_utc){t}, part));
        left -= part;
    }
    mw_downlink d = answer(9, 100, MW_UNB_R1, 1);
    d.expires_at.us = T0 + 60 * MW_US_PER_S;
    mw_schedule_add(r.schedule, &d, (mw_utc){T0});
    mw_schedule_uplink u = uplink(&r, 100, 1, MW_UNB_R1, 0, T0, 0);
    mw_schedule_heard(r.schedule, &u);
    mw_schedule_burst b;
    int64_t now = T0;
    MW_CHECK(!run_to_burst(&r, &now, T0 + 70 * MW_US_PER_S, &b));
    mw_downlink_result result = result_of(&r);
    MW_CHECK_EQ(result.state, MW_DOWNLINK_NO_DUTY);
    rig_end(&r);
}

/* ---- late, cancelled, forgotten ---- */

MW_TEST(late_entries_and_other_ends) {
    rig r = rig_new("demo");
    rig_start(&r);
    mw_schedule_burst b;
    MW_CHECK(!mw_schedule_next(r.schedule, (mw_utc){T0}, &b));
    MW_CHECK_EQ(mw_schedule_watermark(r.schedule).us, T0 + LEAD.ns / 1000);
    mw_downlink d = broadcast(1, T0 + LEAD.ns / 1000 - 1, 2, &r);
    mw_schedule_add(r.schedule, &d, (mw_utc){T0});
    MW_CHECK_EQ(result_of(&r).state, MW_DOWNLINK_TOO_LATE);
    mw_schedule_add(r.schedule, &d, (mw_utc){T0}); /* told again while its result is on the way */
    check_no_result(&r);

    d = answer(2, 100, MW_UNB_R0, 1);
    d.size = MW_UNB_L;
    mw_schedule_add(r.schedule, &d, (mw_utc){T0});
    MW_CHECK_EQ(result_of(&r).state, MW_DOWNLINK_REFUSED);
    d = broadcast(3, T0 + 60 * MW_US_PER_S, 2, &r);
    d.band = 0;
    mw_schedule_add(r.schedule, &d, (mw_utc){T0});
    MW_CHECK_EQ(result_of(&r).state, MW_DOWNLINK_REFUSED);

    d = answer(4, 100, MW_UNB_R1, 1);
    mw_schedule_add(r.schedule, &d, (mw_utc){T0});
    mw_schedule_cancel(r.schedule, 4, (mw_utc){T0});
    mw_schedule_cancel(r.schedule, 4444, (mw_utc){T0});
    MW_CHECK_EQ(result_of(&r).state, MW_DOWNLINK_CANCELLED);
    check_no_result(&r);

    d = answer(5, 100, MW_UNB_R1, 1);
    d.expires_at.us = T0 + 30 * MW_US_PER_S;
    mw_schedule_add(r.schedule, &d, (mw_utc){T0});
    mw_downlink kept = answer(6, 200, MW_UNB_R1, 1);
    mw_schedule_add(r.schedule, &kept, (mw_utc){T0});
    mw_schedule_hello(r.schedule);
    mw_schedule_add(r.schedule, &kept, (mw_utc){T0});
    mw_schedule_synced(r.schedule);
    MW_CHECK_EQ(mw_schedule_entries(r.schedule), 1);
    check_no_result(&r); /* forgotten without a word */
    rig_end(&r);
}

/* A timed entry is sent at its moment on the carrier of the uplink that it names, or not at all. */
MW_TEST(timed_entries) {
    rig r = rig_new("demo");
    rig_start(&r);
    mw_schedule_uplink u = uplink(&r, 100, 7, MW_UNB_R1, 0, T0, 8000);
    mw_schedule_heard(r.schedule, &u);
    mw_schedule_numbered(r.schedule, &u, 41);
    int64_t at = T0 + mw_unb_airtime(MW_UNB_R1, MW_UNB_M).ns / 1000 + 5200000;
    mw_downlink d = answer(1, 100, MW_UNB_R1, 1);
    d.mode = MW_DOWNLINK_TIMED;
    d.answers_epoch = EPOCH;
    d.answers_seq = 41;
    d.at.us = at;
    d.expires_at.us = at + MW_US_PER_S;
    mw_schedule_add(r.schedule, &d, (mw_utc){T0 + 3000000});
    mw_schedule_burst b;
    int64_t now = T0 + 3000000;
    MW_CHECK(run_to_burst(&r, &now, T0 + 20 * MW_US_PER_S, &b));
    MW_CHECK_EQ(b.start.us, at);
    mw_schedule_done(r.schedule, &b, MW_DOWNLINK_SENT, "");
    MW_CHECK_EQ(result_of(&r).state, MW_DOWNLINK_SENT);

    d.id = 2;
    d.answers_epoch = EPOCH + 1;
    mw_schedule_add(r.schedule, &d, (mw_utc){now});
    MW_CHECK_EQ(result_of(&r).state, MW_DOWNLINK_REFUSED);
    d.id = 3;
    d.answers_epoch = EPOCH;
    d.answers_seq = 42; /* never heard */
    d.at.us = now + 5 * MW_US_PER_S;
    d.expires_at.us = d.at.us + MW_US_PER_S;
    mw_schedule_add(r.schedule, &d, (mw_utc){now});
    MW_CHECK(!run_to_burst(&r, &now, now + 20 * MW_US_PER_S, &b));
    MW_CHECK_EQ(result_of(&r).state, MW_DOWNLINK_TOO_LATE);
    rig_end(&r);
}

/* ---- the airtime book over restarts ---- */

static void spoil(const char *path, long at, int c) {
    FILE *f = fopen(path, "r+b");
    MW_CHECK(f != NULL && fseek(f, at, SEEK_SET) == 0 && fputc(c, f) == c && fclose(f) == 0);
}

MW_TEST(a_restart_never_exceeds_the_duty) {
    char path[] = "/tmp/mw-airtime-XXXXXX";
    MW_CHECK(mkdtemp(path) != NULL);
    char file[64];
    (void)snprintf(file, sizeof file, "%s/airtime", path);
    const mw_unb_plan *plan;
    MW_CHECK_OK(mw_unb_plan_find("demo", &plan));
    int64_t budget = mw_airtime_budget_us(plan, 1), length = 10 * MW_US_PER_S;
    int64_t used = 0, now = T0;
    mw_airtime a;
    for (; used + length <= budget; used += length, now += 11 * MW_US_PER_S) {
        MW_CHECK_OK(mw_airtime_open(&a, plan, file, (mw_utc){now})); /* killed after each burst */
        MW_CHECK_EQ(mw_airtime_used_us(&a, 1, (mw_utc){now}), used);
        MW_CHECK_OK(mw_airtime_book(&a, 1, (mw_utc){now}, length));
        mw_airtime_close(&a);
    }
    mw_utc soonest;
    MW_CHECK_OK(mw_airtime_open(&a, plan, file, (mw_utc){now}));
    MW_CHECK_STATUS(mw_airtime_ask(&a, 1, (mw_utc){now}, length, &soonest), MW_DUTY);
    MW_CHECK_EQ(soonest.us, T0 + HOUR_US);
    MW_CHECK_OK(mw_airtime_book(&a, 1, soonest, length));
    mw_airtime_close(&a);

    struct stat st;
    MW_CHECK(stat(file, &st) == 0);
    MW_CHECK(truncate(file, st.st_size - 5) == 0); /* torn: that burst never left */
    MW_CHECK_OK(mw_airtime_open(&a, plan, file, (mw_utc){now}));
    MW_CHECK_EQ(mw_airtime_used_us(&a, 1, (mw_utc){now}), used);
    mw_airtime_close(&a);

    spoil(file, 30, 0x55); /* damage in the middle: an hour of silence */
    MW_CHECK_OK(mw_airtime_open(&a, plan, file, (mw_utc){now}));
    MW_CHECK_STATUS(mw_airtime_ask(&a, 1, (mw_utc){now}, 1000, &soonest), MW_DUTY);
    MW_CHECK_EQ(soonest.us, now + HOUR_US);
    mw_airtime_close(&a);
    MW_CHECK(unlink(file) == 0 && rmdir(path) == 0);
}

MW_TEST_MAIN(MW_CASE(windows_are_met_whichever_copy_was_heard),
             MW_CASE(a_second_copy_settles_which_one_it_was),
             MW_CASE(never_two_at_once_never_more_than_the_duty),
             MW_CASE(the_better_priority_gets_the_air), MW_CASE(two_windows_at_once),
             MW_CASE(what_does_not_fit_is_refused_with_the_time_when_it_would),
             MW_CASE(an_answer_without_duty), MW_CASE(late_entries_and_other_ends),
             MW_CASE(timed_entries), MW_CASE(a_restart_never_exceeds_the_duty))
