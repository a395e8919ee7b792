/* SPDX-License-Identifier: Apache-2.0
 *
 * Rate and copies: told by a network that follows what it receives, gone back on by the meter when
 * it hears nothing, and refused by the ledger when the duty does not allow them.
 */
#include "base/prng.h"
#include "meters/test/line.h"
#include "protocols/unb/advice.h"

static void set(line *l, uint16_t id, const mw_smp_config *items) {
    mw_smp_command c = command(id, MW_SMP_COMMAND_SET_CONFIG);
    MW_CHECK_OK(mw_smp_set_config_put(items, &c));
    MW_CHECK_OK(order(l, &c));
    run_s(l, 120);
    MW_CHECK_EQ(newest(l)->id, id);
    MW_CHECK_EQ(newest(l)->result, MW_SMP_RESULT_DONE);
}

static void eu(line *l, const mw_meter_model *model) {
    *l = (line){.r = rig_new(model), .epoch = 1};
    MW_CHECK_OK(mw_unb_plan_find("eu868", &l->r->provision.plan));
    rig_start(l->r, RIG_START);
    run_s(l, 7200);
}

MW_TEST(silence_leads_back_step_by_step_and_a_voice_forward) {
    line l;
    eu(&l, &mw_water_r160);
    static const mw_smp_config fast = {
        .count = 3,
        .item = {{MW_SMP_KEY_RATE, 2}, {MW_SMP_KEY_COPIES, 1}, {MW_SMP_KEY_ADAPTIVE, 5}}};
    set(&l, 1, &fast);
    static const struct {
        mw_unb_rate rate;
        uint8_t copies;
    } steps[] = {{MW_UNB_R2, 1}, {MW_UNB_R2, 3}, {MW_UNB_R1, 3}, {MW_UNB_R0, 3}, {MW_UNB_R0, 3}};
    for (unsigned i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        run_s(&l, 4 * 86400);
        MW_CHECK_EQ(l.last.rate, steps[i].rate);
        /* At 50 Bd the duty does not hold three copies. */
        MW_CHECK(l.last.copies == steps[i].copies || l.last.rate == MW_UNB_R0);
        MW_CHECK_EQ(mw_adapt_copies(&l.r->meter), steps[i].copies);
        run_s(&l, 86400 + 3600);
    }
    /* Three downlinks within minutes lead one step forward, not three. */
    for (uint16_t id = 20; id < 23; id++) {
        mw_smp_command ping = command(id, MW_SMP_COMMAND_PING);
        MW_CHECK_OK(order(&l, &ping));
        run_s(&l, 300);
    }
    MW_CHECK_EQ(mw_adapt_rate(&l.r->meter), MW_UNB_R1);
    run_s(&l, 86400);
    mw_smp_command ping = command(30, MW_SMP_COMMAND_PING);
    MW_CHECK_OK(order(&l, &ping));
    MW_CHECK_EQ(mw_adapt_rate(&l.r->meter), MW_UNB_R2);
    MW_CHECK_EQ(mw_adapt_copies(&l.r->meter), 3);
    run_s(&l, 86400);
    ping = command(31, MW_SMP_COMMAND_PING);
    MW_CHECK_OK(order(&l, &ping));
    MW_CHECK_EQ(mw_adapt_copies(&l.r->meter), 1);
    /* Noise is no voice. */
    uint8_t noise[29] = {0, 0, 0x10, 0x01, 0x30};
    for (unsigned d = 0; d < 6; d++) {
        MW_CHECK(mw_meter_downlink(&l.r->meter, l.r->now, l.r->now, MW_SLICE_OF(noise)) != MW_OK);
        after(&l);
        run_s(&l, 86400);
    }
    MW_CHECK_EQ(mw_adapt_copies(&l.r->meter), 3);
    /* Without the key nothing of this happens. */
    static const mw_smp_config off = {.count = 1, .item = {{MW_SMP_KEY_ADAPTIVE, 0}}};
    set(&l, 40, &off);
    run_s(&l, 20 * 86400);
    MW_CHECK_EQ(mw_adapt_copies(&l.r->meter), 1);
    rig_free(l.r);
}

MW_TEST(every_hour_means_400_baud) {
    line l;
    eu(&l, &mw_pulse_2);
    static const mw_smp_config slow = {.count = 1, .item = {{MW_SMP_KEY_RATE, 0}}};
    static const mw_smp_config hourly = {
        .count = 2, .item = {{MW_SMP_KEY_PERIOD_H, 1}, {MW_SMP_KEY_JITTER_S, 600}}};
    static const mw_smp_config watch = {.count = 2,
                                        .item = {{MW_SMP_KEY_ADAPTIVE, 2}, {MW_SMP_KEY_RATE, 2}}};
    set(&l, 1, &slow);
    set(&l, 2, &hourly);
    MW_CHECK_EQ(l.r->meter.config.rate, MW_UNB_R1);
    set(&l, 3, &watch);
    run_s(&l, 20 * 86400);
    MW_CHECK_EQ(l.r->meter.adapt.back, MW_ADAPT_STEPS);
    MW_CHECK_EQ(l.last.rate, MW_UNB_R1);
    rig_free(l.r);
}

/* Who insists on every hour at 50 Bd in three copies gets what the duty allows and no more. */
MW_TEST(the_ledger_refuses_what_duty_forbids) {
    line l;
    eu(&l, &mw_pulse_2);
    static const mw_smp_config greedy = {.count = 4,
                                         .item = {{MW_SMP_KEY_PERIOD_H, 1},
                                                  {MW_SMP_KEY_JITTER_S, 600},
                                                  {MW_SMP_KEY_RATE, 0},
                                                  {MW_SMP_KEY_COPIES, 3}}};
    set(&l, 1, &greedy);
    rig *r = l.r;
    const mw_meter_inputs none = {0};
    static struct {
        mw_mono end;
        int64_t ms;
        unsigned band;
    } sent[4096];
    unsigned n = 0, fewer = 0;
    mw_mono to = mw_mono_add(r->now, mw_dur_s(2 * 86400));
    while (r->out.next_wake.ns < to.ns) {
        r->now = r->out.next_wake;
        MW_CHECK_OK(mw_meter_step(&r->meter, r->now, &none, &r->out));
        if (!r->out.transmit)
            continue;
        hear(&l);
        const mw_meter_transmission *tx = &r->out.tx;
        fewer += tx->copies < 3;
        sent[n].end = mw_mono_add(tx->copy[tx->copies - 1].start, tx->airtime);
        const mw_unb_plan *plan = r->provision.plan;
        while (tx->copy[0].carrier.mhz < plan->band[sent[n].band].low.mhz ||
               tx->copy[0].carrier.mhz > plan->band[sent[n].band].high.mhz)
            MW_CHECK(++sent[n].band < plan->bands);
        sent[n++].ms = tx->copies * tx->airtime.ns / 1000000;
    }
    MW_CHECK(n >= 40 && n < 4096);
    /* In each sub-band its share of any hour. */
    for (unsigned i = 0; i < n; i++) {
        int64_t ms = 0;
        for (unsigned k = i; k < n && sent[k].end.ns - sent[i].end.ns < 3600 * MW_NS_PER_S; k++)
            ms += sent[k].band == sent[i].band ? sent[k].ms : 0;
        MW_CHECK(ms <= r->provision.plan->band[sent[i].band].duty_ppm * INT64_C(36) / 10);
    }
    print_message("%u frames in two days, %u of them with fewer copies than asked for\n", n, fewer);
    rig_free(r);
}

/* ---- the network's side ---- */

/* Es/N0 of the best of the meter's path at a rate, with fading. */
static int32_t snr_at(mw_prng *g, int32_t at_r1_cdb, mw_unb_rate rate) {
    int32_t fade = 0;
    for (unsigned i = 0; i < 4; i++)
        fade += (int32_t)mw_prng_below(g, 301) - 150;
    return at_r1_cdb + (MW_UNB_R1 - (int)rate) * 903 + fade;
}

/* Runs the loop for some days; returns how often the network changed something. */
static unsigned follow(line *l, mw_prng *g, mw_unb_advice *a, int32_t at_r1_cdb, unsigned days,
                       uint16_t *id) {
    unsigned changes = 0;
    uint32_t seen = l->last.counter;
    for (unsigned h = 0; h < days * 24; h++) {
        run_s(l, 3600);
        if (l->last.counter == seen)
            continue;
        while (seen < l->last.counter) {
            int32_t snr = snr_at(g, at_r1_cdb, l->last.rate);
            seen++;
            if (snr >= MW_UNB_ADVICE_NEEDED_CDB) /* else it is lost */
                mw_unb_advice_heard(a, seen, snr);
        }
        mw_smp_config items = {.count = 2};
        mw_unb_rate rate;
        uint8_t copies;
        if (!mw_unb_advice_of(a, l->r->provision.plan, MW_UNB_R0, &rate, &copies))
            continue;
        items.item[0].key = MW_SMP_KEY_RATE;
        items.item[0].value = rate;
        items.item[1].key = MW_SMP_KEY_COPIES;
        items.item[1].value = copies;
        set(l, (*id)++, &items);
        mw_unb_advice_init(a, rate, copies);
        changes++;
    }
    return changes;
}

MW_TEST(a_network_follows_what_it_receives) {
    line l;
    eu(&l, &mw_water_r160);
    mw_prng g = mw_prng_of_seed(8);
    mw_unb_advice a;
    uint16_t id = 100;
    mw_unb_advice_init(&a, MW_UNB_R1, 2);
    /* In the middle: 10 dB to spare at 400 Bd. Nothing changes. */
    MW_CHECK_EQ(follow(&l, &g, &a, 1000 + MW_UNB_ADVICE_NEEDED_CDB, 60, &id), 0);
    /* Near: it goes to 3200 Bd, once, and stays. */
    MW_CHECK_EQ(follow(&l, &g, &a, 2600, 60, &id), 1);
    MW_CHECK_EQ(l.r->meter.config.rate, MW_UNB_R2);
    /* A garage is built before it: more copies, slower, and then it stays. */
    unsigned changes = follow(&l, &g, &a, 500, 200, &id);
    MW_CHECK(changes >= 2 && changes <= 4);
    MW_CHECK(l.r->meter.config.rate < MW_UNB_R2);
    MW_CHECK_EQ(follow(&l, &g, &a, 500, 60, &id), 0);
    rig_free(l.r);
}

/* At every level of reception the rule comes to rest. */
MW_TEST(the_rule_does_not_swing) {
    const mw_unb_plan *plan;
    MW_CHECK_OK(mw_unb_plan_find("eu868", &plan));
    for (int32_t level = -1500; level <= 4500; level += 50) {
        mw_prng g = mw_prng_of_stream(3, (uint64_t)(level + 10000));
        mw_unb_rate rate = MW_UNB_R1;
        uint8_t copies = 2;
        mw_unb_advice a;
        mw_unb_advice_init(&a, rate, copies);
        unsigned changes = 0, turns = 0;
        int last = 0;
        for (uint32_t counter = 1; counter < 2000; counter++) {
            int32_t snr = snr_at(&g, level, rate);
            if (snr < MW_UNB_ADVICE_NEEDED_CDB)
                continue;
            mw_unb_advice_heard(&a, counter, snr);
            mw_unb_rate to;
            uint8_t more;
            if (!mw_unb_advice_of(&a, plan, MW_UNB_R0, &to, &more))
                continue;
            int way = to > rate || more < copies ? 1 : -1;
            turns += last != 0 && way != last;
            last = way;
            changes++;
            rate = to;
            copies = more;
            mw_unb_advice_init(&a, rate, copies);
        }
        MW_CHECK(changes <= 4);
        MW_CHECK(turns <= 1);
    }
}

MW_TEST(counters_tell_what_was_lost) {
    const mw_unb_plan *plan;
    mw_unb_advice a;
    mw_unb_rate rate;
    uint8_t copies;
    MW_CHECK_OK(mw_unb_plan_find("eu868", &plan));
    mw_unb_advice_init(&a, MW_UNB_R1, 1);
    for (uint32_t c = 100; c < 100 + 3 * 14; c += 3)
        mw_unb_advice_heard(&a, c, 900); /* two of three are lost */
    MW_CHECK(mw_unb_advice_of(&a, plan, MW_UNB_R0, &rate, &copies));
    MW_CHECK_EQ(copies, 2);
    /* They came late over another station: nothing was lost. */
    for (uint32_t c = 100; c < 100 + 3 * 14; c++)
        mw_unb_advice_heard(&a, c, 900);
    MW_CHECK(!mw_unb_advice_of(&a, plan, MW_UNB_R0, &rate, &copies));
    mw_unb_advice_heard(&a, 400, 900); /* it started again */
    MW_CHECK_EQ(a.missing, 0);
}

MW_TEST_MAIN(MW_CASE(silence_leads_back_step_by_step_and_a_voice_forward),
             MW_CASE(every_hour_means_400_baud), MW_CASE(the_ledger_refuses_what_duty_forbids),
             MW_CASE(a_network_follows_what_it_receives), MW_CASE(the_rule_does_not_swing),
             MW_CASE(counters_tell_what_was_lost))
