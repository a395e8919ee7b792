/* SPDX-License-Identifier: Apache-2.0
 *
 * A meter that listens for time beacons: when its window opens and how wide, and that the air, a
 * forger or the power may do what they like.
 */
#include "meters/test/line.h"

#define HOUR_S INT64_C(3600)

/* A meter of `every`, its clock right at tick 7200 s (02:00). */
static void beacon_init(line *l, uint8_t every) {
    line_init(l, &mw_pulse_2);
    mw_meter_config c = *mw_meter_config_of(&l->r->meter);
    MW_CHECK_EQ(c.beacon, 0);
    c.beacon = every;
    MW_CHECK_OK(mw_meter_configure(&l->r->meter, l->r->now, &c));
    after(l);
}

/* Steps until a beacon window is asked for, or tick `to`. */
static bool beacon_wait(line *l, mw_mono to, mw_meter_listen *out) {
    const mw_meter_inputs none = {0};
    rig *r = l->r;
    while (r->out.next_wake.ns < to.ns) {
        r->now = r->out.next_wake;
        MW_CHECK_OK(mw_meter_step(&r->meter, r->now, &none, &r->out));
        if (r->out.transmit) {
            hear(l);
        } else if (r->out.listen.open) {
            *out = r->out.listen;
            return true;
        }
    }
    r->now = to;
    return false;
}

/* A beacon that begins at tick `at` and says `utc`, by a key of the group or another. */
static mw_status beacon_hear(line *l, mw_mono at, mw_utc utc, bool right) {
    uint8_t memory[16], frame[MW_UNB_PAYLOAD_MAX];
    mw_crypto_ctx ctx;
    mw_key key = {{right ? 77 : 78}};
    mw_writer w = mw_writer_of(MW_SPAN_OF(memory));
    mw_smp_time_set t = {.ms = (uint16_t)(utc.us / 1000 % 1000), .uncertainty_ms = 20};
    MW_CHECK_OK(mw_smp_seconds_of_utc(utc, &t.time_s));
    mw_smp_time_set_put(&w, &t);
    MW_CHECK_OK(mw_crypto_init(&ctx, &mw_crypto_own, &key));
    size_t n = seal(l, MW_SMP_GROUP_ALL, 0, &ctx, ++l->counter, mw_writer_done(&w), frame);
    l->r->now = mw_mono_add(at, mw_unb_airtime(MW_UNB_R1, MW_UNB_M));
    mw_status s = mw_meter_downlink(&l->r->meter, l->r->now, at, (mw_slice){frame, n});
    after(l);
    return s;
}

static mw_utc true_utc(int64_t s) {
    return mw_utc_add(RIG_START, mw_dur_s(s));
}

static int64_t width_ms(const mw_meter_listen *w) {
    return (w->to.ns - w->from.ns) / 1000000;
}

MW_TEST(never_by_default) {
    line l;
    mw_meter_listen w;
    beacon_init(&l, 0);
    MW_CHECK(!beacon_wait(&l, rig_tick(30 * HOUR_S), &w));
    rig_free(l.r);
}

MW_TEST(the_window_is_the_slot_and_the_guard) {
    line l;
    mw_meter_listen w;
    mw_unb_beacon_slot slot;
    beacon_init(&l, 3);
    MW_CHECK(beacon_wait(&l, rig_tick(9 * HOUR_S), &w));
    /* 03:00 is the next that 3 divides: all eight offsets, 2.5 s for the setting, 20 ppm of 3 h. */
    const mw_unb_plan *plan = l.r->provision.plan;
    int64_t number = (mw_utc_floor_s(RIG_START) + 3 * HOUR_S) / HOUR_S;
    MW_CHECK_EQ(number % 3, 0);
    MW_CHECK_OK(mw_unb_beacon_slot_of(plan, number, MW_SMP_GROUP_ALL, &slot));
    MW_CHECK_EQ(w.carrier.mhz, slot.carrier.mhz);
    MW_CHECK_EQ(w.rate, MW_UNB_R1);
    int64_t guard_ms = 20 + 2500 + (3 * HOUR_S + 28) * 20 / 1000 + 1;
    MW_CHECK_EQ(w.from.ns, rig_tick(3 * HOUR_S).ns - guard_ms * 1000000);
    MW_CHECK_EQ(w.to.ns, rig_tick(3 * HOUR_S + 28).ns + guard_ms * 1000000);
    MW_CHECK_EQ(l.r->now.ns, w.from.ns - MW_BEACON_LEAD_NS);
    MW_CHECK(w.reach.mhz > 17000000 && w.reach.mhz < 18000000);
    /* Station 2 is heard 100 ms later than the clock says: the clock was fast. */
    mw_mono at = {rig_tick(3 * HOUR_S + 8).ns + 100000000};
    MW_CHECK_OK(beacon_hear(&l, at, true_utc(3 * HOUR_S + 8), true));
    MW_CHECK_EQ(mw_meter_clock(&l.r->meter, at).us, true_utc(3 * HOUR_S + 8).us);
    /* The next time that offset alone, and a guard of what is known now. */
    MW_CHECK(beacon_wait(&l, rig_tick(9 * HOUR_S), &w));
    MW_CHECK_EQ(width_ms(&w), 2 * (20 + 20 + 3 * HOUR_S * 20 / 1000 - 1 + 1));
    MW_CHECK_EQ((w.from.ns + w.to.ns) / 2, rig_tick(6 * HOUR_S + 8).ns + 100000000);
    rig_free(l.r);
}

MW_TEST(the_guard_grows_and_stays_bounded) {
    line l;
    mw_meter_listen w;
    int64_t last = 0;
    beacon_init(&l, 24);
    for (unsigned day = 1; day <= 8; day++) {
        MW_CHECK(beacon_wait(&l, rig_tick((24 * day + 1) * HOUR_S), &w));
        MW_CHECK(width_ms(&w) > last || width_ms(&w) == 28000 + 2 * MW_BEACON_GUARD_MAX_MS);
        last = width_ms(&w);
    }
    MW_CHECK_EQ(last, 28000 + 2 * MW_BEACON_GUARD_MAX_MS);
    rig_free(l.r);
}

MW_TEST(a_missed_beacon_and_a_wrong_tag_change_nothing) {
    line l;
    mw_meter_listen w;
    beacon_init(&l, 1);
    MW_CHECK(beacon_wait(&l, rig_tick(4 * HOUR_S), &w));
    MW_CHECK_OK(beacon_hear(&l, rig_tick(3 * HOUR_S), true_utc(3 * HOUR_S), true));
    unsigned frames = l.r->meter.telemetry.counter.next;
    /* Missed; then forged, a second off; the windows are wide again until one is heard. */
    MW_CHECK(beacon_wait(&l, rig_tick(5 * HOUR_S), &w));
    MW_CHECK(width_ms(&w) < 1000);
    MW_CHECK(beacon_wait(&l, rig_tick(6 * HOUR_S), &w));
    MW_CHECK(width_ms(&w) > 28000);
    MW_CHECK_STATUS(beacon_hear(&l, rig_tick(5 * HOUR_S), true_utc(5 * HOUR_S + 1), false),
                    MW_AUTH);
    MW_CHECK_EQ(mw_meter_clock(&l.r->meter, l.r->now).us,
                mw_utc_add(RIG_START, (mw_dur){l.r->now.ns}).us);
    MW_CHECK_EQ(l.r->meter.telemetry.counter.next, frames);
    MW_CHECK(beacon_wait(&l, rig_tick(7 * HOUR_S), &w));
    MW_CHECK(width_ms(&w) > 28000);
    MW_CHECK_OK(beacon_hear(&l, rig_tick(6 * HOUR_S + 4), true_utc(6 * HOUR_S + 4), true));
    MW_CHECK(beacon_wait(&l, rig_tick(8 * HOUR_S), &w));
    MW_CHECK(width_ms(&w) < 1000);
    /* Reports go on as ever. */
    (void)beacon_wait(&l, rig_tick(8 * HOUR_S), &w);
    run(&l, rig_tick(50 * HOUR_S));
    MW_CHECK(l.r->meter.telemetry.counter.next > frames);
    rig_free(l.r);
}

/* Power fails at a byte of what taking a beacon writes: the meter comes back, the clock is the old
 * or the new one, and it listens again. */
MW_TEST(a_power_cut_while_it_is_taken) {
    unsigned cuts = 0;
    for (uint64_t cut = 0; cut < 400; cut += 7, cuts++) {
        line l;
        mw_meter_listen w;
        beacon_init(&l, 1);
        MW_CHECK(beacon_wait(&l, rig_tick(4 * HOUR_S), &w));
        mw_host_flash_cut_after(&l.r->nor, cut, cut + 1);
        mw_mono at = rig_tick(3 * HOUR_S);
        (void)!beacon_hear(&l, at, mw_utc_add(true_utc(3 * HOUR_S), mw_dur_s(1)), true);
        bool dead = l.r->nor.dead;
        mw_host_flash_power_on(&l.r->nor);
        rig_boot(l.r, MW_RESET_BROWN_OUT, true);
        int64_t off = mw_meter_clock(&l.r->meter, at).us - true_utc(3 * HOUR_S).us;
        MW_CHECK(off == 0 || off == MW_US_PER_S);
        MW_CHECK(beacon_wait(&l, rig_tick(5 * HOUR_S), &w));
        MW_CHECK_OK(beacon_hear(&l, rig_tick(4 * HOUR_S), true_utc(4 * HOUR_S), true));
        MW_CHECK_EQ(mw_meter_clock(&l.r->meter, rig_tick(4 * HOUR_S)).us, true_utc(4 * HOUR_S).us);
        rig_free(l.r);
        if (!dead)
            break;
    }
    MW_CHECK(cuts > 5);
}

MW_TEST_MAIN(MW_CASE(never_by_default), MW_CASE(the_window_is_the_slot_and_the_guard),
             MW_CASE(the_guard_grows_and_stays_bounded),
             MW_CASE(a_missed_beacon_and_a_wrong_tag_change_nothing),
             MW_CASE(a_power_cut_while_it_is_taken))
