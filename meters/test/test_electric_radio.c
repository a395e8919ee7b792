/* SPDX-License-Identifier: Apache-2.0
 *
 * What the electricity meter notices, on its way into the radio's frames.
 */
#include "electric_rig.h"
#include "meters/electricity/radio.h"

static mw_host_flash nor;
static mw_meter radio;
static mw_electric_radio events;
static mw_electric_inputs inputs;

static void boot_radio(void) {
    mw_meter_provision provision = {
        .device_id = {1, 2, 3, 4, 5, 6, 7, 8}, .address = 0x1001, .master_key = {9, 8, 7}};
    mw_board board = {
        .flash = mw_host_flash_interface(&nor), .seed = 7, .cause = MW_RESET_POWER_ON};
    MW_CHECK_OK(mw_unb_plan_find("demo", &provision.plan));
    MW_CHECK_OK(mw_meter_boot(&radio, &mw_electric_radio_single, &provision, &board, r.now));
    MW_CHECK_OK(mw_meter_clock_set(&radio, r.now, rig_utc()));
    mw_electric_radio_connect(&events, &r.meter, &radio);
}

/* Lets both live; returns how many frames the radio sent. */
static unsigned live(int64_t seconds) {
    unsigned frames = 0;
    for (int64_t i = 0; i < seconds; i++) {
        mw_meter_inputs in = {0};
        mw_meter_outputs out;
        mw_electric_meter_inputs(&r.meter, &inputs, r.now);
        rig_run(1);
        MW_CHECK_OK(mw_meter_step(&radio, r.now, &in, &out));
        frames += out.transmit;
    }
    return frames;
}

static void open_both(void) {
    rig_open(&mw_electric_single_phase);
    MW_CHECK_OK(mw_host_flash_init(&nor, 4096, MW_METER_FLASH_SECTORS));
    inputs = (mw_electric_inputs){.temperature = {25000}, .battery_mv = 3000};
    boot_radio();
    (void)live(3600); /* the frame of the boot, and what it has to tell */
    MW_CHECK_EQ(radio.events.queued, 0);
}

static void close_both(void) {
    mw_host_flash_fini(&nor);
    rig_close();
}

static void check_newest(uint16_t code, int64_t at_s) {
    MW_CHECK(radio.events.queued > 0);
    const mw_smp_event *e = &radio.events.queue[radio.events.queued - 1];
    uint32_t at = 0;
    MW_CHECK_EQ(e->code, MW_SMP_EVENT_LOG + mw_spodes_event_log(code));
    MW_CHECK_EQ(e->channel, mw_spodes_event_number(code));
    MW_CHECK_OK(mw_smp_seconds_of_utc(mw_utc_of_s(at_s), &at));
    MW_CHECK(e->time_s + 2 >= at && e->time_s <= at + 2);
}

MW_TEST(a_cover_that_opens_is_an_alarm_on_the_air) {
    open_both();
    int64_t opened = mw_utc_floor_s(rig_utc());
    inputs.cover_open = true;
    (void)live(5);
    check_newest(MW_SPODES_COVER_OPEN, opened);
    MW_CHECK(live(600) >= 1); /* long before the day's report */
    MW_CHECK_EQ(radio.events.queued, 0);
    int64_t shut = mw_utc_floor_s(rig_utc());
    inputs.cover_open = false;
    (void)live(5);
    check_newest(MW_SPODES_COVER_SHUT, shut);
    close_both();
}

/* A loose cover: the end of what was only counted is not told either, and the next record has the
 * count of all. */
MW_TEST(chatter_is_counted_begins_and_ends_alike) {
    open_both();
    unsigned begins = 0, ends = 0;
    uint32_t counted = 0, next = radio.events.next;
    for (int i = 0; i < 200; i++) {
        inputs.cover_open = !inputs.cover_open;
        (void)live(3);
        if (radio.events.next != next) {
            const mw_smp_event *newest = &radio.events.queue[radio.events.queued - 1];
            MW_CHECK_EQ(radio.events.next, next + 1);
            bool begin = newest->channel == mw_spodes_event_number(MW_SPODES_COVER_OPEN);
            begins += begin;
            ends += !begin;
            counted += begin ? newest->count : 0;
        }
        (void)live(57);
        next = radio.events.next;
    }
    MW_CHECK(begins >= 2 && begins <= 4); /* 200 minutes, held for 1 and 2 hours */
    MW_CHECK_EQ(ends, begins);
    MW_CHECK_EQ(counted + radio.events.logged[0].hold.count, 100);
    close_both();
}

MW_TEST(only_what_the_mask_of_pushes_has_is_told) {
    open_both();
    MW_CHECK_EQ(r.meter.model.number_set(&r.meter, MW_ELECTRIC_N_EVENT_MASK + 1, 0), MW_COSEM_DONE);
    inputs.cover_open = true;
    (void)live(5);
    MW_CHECK_EQ(radio.events.queued, 0);
    MW_CHECK_EQ(r.meter.model.number_set(&r.meter, MW_ELECTRIC_N_EVENT_MASK + 1, INT64_MAX),
                MW_COSEM_DONE);
    inputs.magnet = true;
    (void)live(10);
    check_newest(MW_SPODES_MAGNET, mw_utc_floor_s(rig_utc()) - 10);
    close_both();
}

MW_TEST_MAIN(MW_CASE(a_cover_that_opens_is_an_alarm_on_the_air),
             MW_CASE(chatter_is_counted_begins_and_ends_alike),
             MW_CASE(only_what_the_mask_of_pushes_has_is_told))
