/* SPDX-License-Identifier: Apache-2.0
 *
 * The coulomb counter: every activity booked to the nanocoulomb, kept over resets, told in the
 * health object, and an empty cell told before it is empty.
 */
#include "meters/gas/gas.h"
#include "meters/kit/pages.h"
#include "meters/test/rig.h"

#define DAY_S 86400

static int64_t used(const rig *r, mw_charge_use use) {
    return r->meter.charge.used_nc[use];
}

MW_TEST(every_activity_is_booked) {
    rig *r = rig_new(&mw_water_r160);
    const mw_charge_model *c = &mw_water_r160.charge;
    rig_start(r, RIG_START);
    int64_t sleep = used(r, MW_CHARGE_SLEEP), air_ms = 0, window_ms = 0;
    const mw_meter_inputs none = {0};
    int64_t transmit = used(r, MW_CHARGE_TRANSMIT), receive = used(r, MW_CHARGE_RECEIVE);
    int64_t steps = used(r, MW_CHARGE_COMPUTE) / c->step_nc;
    uint64_t before = r->steps;
    while (r->out.next_wake.ns <= rig_tick(3 * DAY_S).ns) {
        r->now = r->out.next_wake;
        MW_CHECK_OK(rig_step(r, &none));
        if (!r->out.transmit)
            continue;
        air_ms += (r->out.tx.copies * r->out.tx.airtime.ns + 999999) / 1000000;
        if (r->out.listen.open)
            window_ms += mw_mono_since(r->out.listen.to, r->out.listen.from).ns / 1000000;
    }
    r->now = rig_tick(3 * DAY_S);
    MW_CHECK_OK(rig_step(r, &none));
    int64_t s = 3 * DAY_S;
    MW_CHECK_EQ(used(r, MW_CHARGE_SLEEP) - sleep, s * c->sleep_na);
    MW_CHECK_EQ(used(r, MW_CHARGE_DISPLAY), s * c->display_na);
    /* Seconds are booked as steps come; a step loses less than a nanocoulomb. */
    int64_t measure = s * c->measure_per_1000 * c->measure_nc / 1000;
    MW_CHECK(used(r, MW_CHARGE_MEASURE) <= measure);
    MW_CHECK(used(r, MW_CHARGE_MEASURE) > measure - (int64_t)r->steps);
    MW_CHECK(air_ms > 0 && window_ms > 0);
    MW_CHECK_EQ(used(r, MW_CHARGE_TRANSMIT) - transmit, air_ms * c->tx_ua);
    MW_CHECK_EQ(used(r, MW_CHARGE_RECEIVE) - receive, window_ms * c->rx_ua);
    MW_CHECK_EQ(used(r, MW_CHARGE_COMPUTE) / c->step_nc - steps, (int64_t)(r->steps - before));
    /* An hour writes at least its record. */
    MW_CHECK(used(r, MW_CHARGE_FLASH) >= 72 * (int64_t)c->record_nc);
    /* A hundredth of the capacity a year. */
    int64_t year = (int64_t)c->capacity_mah * MW_CHARGE_NC_OF_MAH / 100;
    int64_t ageing = used(r, MW_CHARGE_AGEING) * 36525 / 300;
    MW_CHECK(ageing > year - year / 1000 && ageing < year + year / 1000);
    int64_t counted = used(r, MW_CHARGE_MEASURE);
    rig_count(r, r->now, 0, 10);
    MW_CHECK_EQ(used(r, MW_CHARGE_MEASURE) - counted, 10 * (int64_t)c->count_nc);
    MW_CHECK_EQ(mw_charge_left(&r->meter), 99);
    rig_free(r);
}

MW_TEST(a_module_and_a_downlink_cost_what_they_take) {
    rig *r = rig_new(&mw_gas_model_of[1]);
    rig_start(r, RIG_START);
    mw_meter_config c = *mw_meter_config_of(&r->meter);
    c.carrier = MW_CARRIER_NBIOT;
    MW_CHECK_OK(mw_meter_configure(&r->meter, r->now, &c));
    int64_t transmit = used(r, MW_CHARGE_TRANSMIT), receive = used(r, MW_CHARGE_RECEIVE);
    rig_idle(r, rig_tick(DAY_S));
    MW_CHECK(r->frames > 0);
    uint32_t ms = 0;
    for (unsigned i = 0; i < r->frames; i++)
        for (unsigned k = 0; k < r->frame[i].tx.messages; k++) {
            uint8_t message[MW_CARRIER_MESSAGE_MAX];
            size_t n;
            MW_CHECK_OK(mw_meter_message(&r->frame[i].tx, k, MW_SPAN_OF(message), &n));
            ms += mw_carrier_airtime_ms(MW_CARRIER_NBIOT, r->frame[i].tx.rate, n);
        }
    const mw_charge_model *model = &r->model->charge;
    MW_CHECK_EQ(used(r, MW_CHARGE_TRANSMIT) - transmit, (int64_t)ms * model->modem_tx_ua);
    MW_CHECK_EQ(used(r, MW_CHARGE_RECEIVE) - receive,
                (int64_t)r->frames * 10000 * model->modem_rx_ua);
    /* A downlink that is heard costs the receiver's time, whoever sent it. */
    receive = used(r, MW_CHARGE_RECEIVE);
    uint8_t noise[40] = {0, 0, 0x10, 0x01, 0x20};
    mw_mono began = {r->now.ns - 2 * MW_NS_PER_S};
    MW_CHECK(mw_meter_downlink(&r->meter, r->now, began, MW_SLICE_OF(noise)) != MW_OK);
    rig_free(r);
}

MW_TEST(the_account_outlives_resets_and_never_falls) {
    rig *r = rig_new(&mw_pulse_2);
    rig_start(r, RIG_START);
    rig_idle(r, rig_tick(10 * DAY_S));
    int64_t total = mw_charge_total_nc(&r->meter.charge);
    /* The ticks went on: the hours since the last record are booked again. */
    rig_boot(r, MW_RESET_WATCHDOG, true);
    int64_t after = mw_charge_total_nc(&r->meter.charge);
    MW_CHECK(after > total - total / 50 && after < total + total / 50);
    /* They did not: an average day is booked, which is never too little for a shorter outage. */
    for (unsigned i = 0; i < 5; i++) {
        int64_t before = mw_charge_total_nc(&r->meter.charge);
        rig_boot(r, MW_RESET_BROWN_OUT, false);
        after = mw_charge_total_nc(&r->meter.charge);
        MW_CHECK(after + before / 100 > before && after < before + before / 8);
        MW_CHECK_OK(mw_meter_clock_set(&r->meter, r->now,
                                       mw_utc_add(RIG_START, mw_dur_s(r->now.ns / MW_NS_PER_S))));
        rig_idle(r, mw_mono_add(r->now, mw_dur_s(2 * DAY_S)));
        MW_CHECK(mw_charge_total_nc(&r->meter.charge) > before);
    }
    MW_CHECK_OK(mw_charge_renew(&r->meter, r->now));
    MW_CHECK_EQ(mw_charge_left(&r->meter), 100);
    rig_boot(r, MW_RESET_SOFTWARE, true);
    MW_CHECK_EQ(mw_charge_left(&r->meter), 100);
    rig_free(r);
}

MW_TEST(an_empty_cell_is_told_before_it_is_empty) {
    static mw_meter_model small;
    small = mw_water_r100;
    small.charge.capacity_mah = 20; /* some two months */
    rig *r = rig_new(&small);
    rig_start(r, RIG_START);
    unsigned told = 0, days = 0;
    uint8_t last = 0, left = 100;
    const mw_meter_inputs none = {0};
    while (left > 0 && days < 200) {
        unsigned frames = r->frames;
        r->now = r->out.next_wake;
        MW_CHECK_OK(rig_step(r, &none));
        rig_frame *f = r->frames > frames ? &r->frame[r->frames - 1] : NULL;
        if (f != NULL && f->events > 0 && r->last_event.code == MW_SMP_EVENT_BATTERY) {
            told++;
            MW_CHECK_EQ(r->last_event.value, -9);
            MW_CHECK((r->meter.status_now & MW_SMP_STATUS_LOW_BATTERY) != 0);
        }
        if (f != NULL && f->healths > 0) {
            MW_CHECK(r->last_health.battery_level - (mw_charge_left(&r->meter) + 1u) <= 1u);
            MW_CHECK(last == 0 || r->last_health.battery_level <= last);
            last = r->last_health.battery_level;
        }
        MW_CHECK(mw_charge_left(&r->meter) <= left);
        left = mw_charge_left(&r->meter);
        days = (unsigned)(r->now.ns / MW_NS_PER_S / DAY_S);
    }
    MW_CHECK_EQ(told, 1);
    MW_CHECK(last > 0 && last <= 101 && days > 30);
    rig_free(r);
}

/* Long after the last cell: nothing wraps. */
MW_TEST(a_century_does_not_wrap) {
    rig *r = rig_new(&mw_gas_model_of[3]);
    rig_start(r, RIG_START);
    r->meter.charge.since.ns -= INT64_C(100) * 31557600 * MW_NS_PER_S;
    mw_charge_step(&r->meter, r->now, UINT32_MAX);
    MW_CHECK_EQ(mw_charge_left(&r->meter), 0);
    for (unsigned u = 0; u < MW_CHARGE_USES; u++)
        MW_CHECK(used(r, (mw_charge_use)u) >= 0);
    MW_CHECK_OK(mw_charge_hour(&r->meter, r->now, true));
    int64_t total = mw_charge_total_nc(&r->meter.charge);
    rig_boot(r, MW_RESET_WATCHDOG, true);
    MW_CHECK(mw_charge_total_nc(&r->meter.charge) >= total);
    rig_free(r);
}

MW_TEST_MAIN(MW_CASE(every_activity_is_booked),
             MW_CASE(a_module_and_a_downlink_cost_what_they_take),
             MW_CASE(the_account_outlives_resets_and_never_falls),
             MW_CASE(an_empty_cell_is_told_before_it_is_empty), MW_CASE(a_century_does_not_wrap))
