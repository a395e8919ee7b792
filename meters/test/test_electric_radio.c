/* SPDX-License-Identifier: Apache-2.0
 *
 * What the electricity meter notices, on its way into the radio's frames.
 */
#include "electric_rig.h"
#include "meters/electricity/meter_internal.h"
#include "meters/electricity/radio.h"
#include "protocols/smp/smp.h"

static mw_host_flash nor;
static mw_meter radio;
static mw_electric_radio events;
static mw_electric_inputs inputs;

/* What the frames told, opened as a platform does. */
#define HEARD_MAX 256
static struct {
    mw_crypto_ctx up;
    unsigned n;
    mw_smp_event event[HEARD_MAX];
    mw_mono at[HEARD_MAX];
} heard;

static void boot_radio(bool ticks_kept) {
    mw_meter_provision provision = {
        .device_id = {1, 2, 3, 4, 5, 6, 7, 8}, .address = 0x1001, .master_key = {9, 8, 7}};
    mw_board board = {.flash = mw_host_flash_interface(&nor),
                      .seed = 7,
                      .cause = ticks_kept ? MW_RESET_BROWN_OUT : MW_RESET_POWER_ON,
                      .ticks_kept = ticks_kept};
    mw_key up, master = {{9, 8, 7}};
    mw_device_id id = {{1, 2, 3, 4, 5, 6, 7, 8}};
    MW_CHECK_OK(mw_key_derive_device(&mw_crypto_own, &master, &id, 0, MW_KEY_UP, &up));
    MW_CHECK_OK(mw_crypto_init(&heard.up, &mw_crypto_own, &up));
    MW_CHECK_OK(mw_unb_plan_find("demo", &provision.plan));
    MW_CHECK_OK(mw_meter_boot(&radio, &mw_electric_radio_single, &provision, &board, r.now));
    if (!ticks_kept)
        MW_CHECK_OK(mw_meter_clock_set(&radio, r.now, rig_utc()));
    mw_electric_radio_connect(&events, &r.meter, &radio);
}

static void hear(const mw_meter_transmission *tx) {
    mw_slice frame = {tx->payload, tx->payload_bytes};
    uint8_t plain[MW_SMP_FRAME_MAX];
    mw_slice objects;
    mw_smp_object o;
    MW_CHECK_OK(mw_smp_frame_open(&heard.up, MW_SMP_UP, frame, 0, tx->counter, MW_SPAN_OF(plain),
                                  &objects));
    mw_reader in = mw_reader_of(objects);
    while (mw_smp_object_next(&in, &o) == MW_OK) {
        if (o.type != MW_SMP_EVENT)
            continue;
        MW_CHECK(heard.n < HEARD_MAX);
        heard.at[heard.n] = tx->copy[0].start;
        MW_CHECK_OK(mw_smp_event_decode(o.body, &heard.event[heard.n++]));
    }
    MW_CHECK_OK(in.status);
}

/* How often the air told this code; *out_at is the frame's start. */
static unsigned told(uint16_t code, mw_smp_event *out_event, mw_mono *out_at) {
    unsigned n = 0;
    for (unsigned i = 0; i < heard.n; i++) {
        const mw_smp_event *e = &heard.event[i];
        if (e->code != MW_SMP_EVENT_LOG + mw_spodes_event_log(code) ||
            e->channel != mw_spodes_event_number(code))
            continue;
        n++;
        *out_event = *e;
        *out_at = heard.at[i];
    }
    return n;
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
        if (out.transmit)
            hear(&out.tx);
    }
    return frames;
}

static void open_both(void) {
    rig_open(&mw_electric_single_phase);
    MW_CHECK_OK(mw_host_flash_init(&nor, 4096, MW_METER_FLASH_SECTORS));
    inputs = (mw_electric_inputs){.temperature = {25000}, .battery_mv = 3000};
    boot_radio(false);
    (void)live(3600); /* the frame of the boot, and what it has to tell */
    MW_CHECK_EQ(radio.events.queued, 0);
    heard.n = 0;
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

/* ---- the supply ---- */

/* The hold-up lasts a few seconds: the radio alone is stepped. Returns its frames. */
static unsigned gasp(void) {
    unsigned frames = 0;
    MW_CHECK_OK(mw_electric_meter_power_fails(&r.meter, r.now));
    mw_mono dark = {r.now.ns + 4 * MW_NS_PER_S};
    while (r.now.ns < dark.ns) {
        mw_meter_inputs in = {0};
        mw_meter_outputs out;
        MW_CHECK_OK(mw_meter_step(&radio, r.now, &in, &out));
        frames += out.transmit;
        if (out.transmit)
            hear(&out.tx);
        r.now.ns = out.next_wake.ns < dark.ns ? out.next_wake.ns : dark.ns;
    }
    MW_CHECK_OK(mw_meter_last_gasp(&radio));
    return frames;
}

static void power_returns(int64_t after_s) {
    mw_electric_meter_fini(&r.meter);
    r.now.ns += after_s * MW_NS_PER_S;
    MW_CHECK_OK(rig_boot(true));
    boot_radio(true);
}

MW_TEST(the_loss_of_the_supply_leaves_at_once) {
    open_both();
    mw_mono gone = r.now, at;
    mw_smp_event e;
    uint32_t moment = 0;
    MW_CHECK_OK(mw_smp_seconds_of_utc(rig_utc(), &moment));
    MW_CHECK_EQ(gasp(), 1);
    MW_CHECK_EQ(told(MW_SPODES_POWER_OFF, &e, &at), 1);
    MW_CHECK_EQ(e.time_s, moment);
    MW_CHECK(mw_mono_since(at, gone).ns <= (MW_GASP_WINDOW_MS + 1000) * INT64_C(1000000));
    power_returns(600);
    MW_CHECK(live(3 * 3600) >= 1);
    MW_CHECK_EQ(told(MW_SPODES_POWER_OFF, &e, &at), 1); /* not again */
    MW_CHECK_EQ(told(MW_SPODES_POWER_ON, &e, &at), 1);
    MW_CHECK_EQ(radio.events.queued, 0);
    close_both();
}

/* The last gasp keeps to the duty too: a meter that may not send tells it when power is back. */
MW_TEST(what_may_not_be_sent_is_told_when_power_is_back) {
    open_both();
    mw_mono at;
    mw_smp_event e;
    uint32_t moment = 0;
    for (unsigned b = 0; b < MW_LEDGER_BANDS; b++)
        mw_ledger_book(&radio.telemetry.ledger, b, 3600000, r.now);
    MW_CHECK_OK(mw_smp_seconds_of_utc(rig_utc(), &moment));
    MW_CHECK_EQ(gasp(), 0);
    power_returns(2 * 3600);
    MW_CHECK(live(3 * 3600) >= 1);
    MW_CHECK_EQ(told(MW_SPODES_POWER_OFF, &e, &at), 1);
    MW_CHECK_EQ(e.time_s, moment);
    MW_CHECK_EQ(told(MW_SPODES_POWER_ON, &e, &at), 1);
    close_both();
}

/* A whole street loses its supply: the frames do not all begin in the same moment. */
MW_TEST(a_street_does_not_speak_as_one) {
    open_both();
    int64_t least = INT64_MAX, most = 0;
    for (unsigned i = 0; i < 16; i++) {
        radio.device_id.b[7] = (uint8_t)i;
        radio.telemetry.service_at = MW_TICK_NEVER;
        mw_meter_hurry(&radio, r.now);
        int64_t wait = mw_mono_since(radio.telemetry.service_at, r.now).ns;
        least = wait < least ? wait : least;
        most = wait > most ? wait : most;
    }
    MW_CHECK(most - least >= 500000000);
    MW_CHECK(most <= MW_GASP_WINDOW_MS * INT64_C(1000000));
    close_both();
}

/* ---- 64 events in 3 groups ---- */

/* Each of the 64 alone in one group, display, push or relay: it drives that and nothing else. */
MW_TEST(each_of_64_events_drives_what_its_groups_say) {
    static const uint16_t codes[] = {
#define X(name, log, number, bit, text) MW_SPODES_##name,
        MW_SPODES_EVENT_LIST(X)
#undef X
    };
    uint64_t seen = 0;
    open_both();
    for (unsigned i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        uint8_t place = mw_spodes_event_bit(codes[i]);
        if (place == MW_SPODES_NO_BIT || mw_spodes_event_ends(codes[i]))
            continue;
        uint64_t bit = UINT64_C(1) << place;
        seen |= bit;
        mw_spodes_log log = mw_spodes_event_log(codes[i]);
        bool lasts = log != MW_SPODES_LOG_SWITCHING && log != MW_SPODES_LOG_PROGRAMMING;
        for (unsigned group = 0; group <= MW_ELECTRIC_MASKS; group++) {
            for (unsigned k = 0; k < MW_ELECTRIC_MASKS; k++)
                r.meter.settings.event_mask[k] = k == group ? bit : 0;
            r.meter.display_events = r.meter.relay_events = 0;
            r.meter.push_due = false;
            mw_electric_meter_raise(&r.meter, codes[i], 0, 0);
            MW_CHECK_EQ(r.meter.display_events, group == 0 && lasts ? bit : 0);
            MW_CHECK_EQ(r.meter.push_due, group == 1);
            MW_CHECK_EQ(r.meter.relay_events, group == 2 ? bit : 0);
        }
    }
    MW_CHECK(seen == UINT64_MAX);
    close_both();
}

MW_TEST_MAIN(MW_CASE(a_cover_that_opens_is_an_alarm_on_the_air),
             MW_CASE(chatter_is_counted_begins_and_ends_alike),
             MW_CASE(only_what_the_mask_of_pushes_has_is_told),
             MW_CASE(the_loss_of_the_supply_leaves_at_once),
             MW_CASE(what_may_not_be_sent_is_told_when_power_is_back),
             MW_CASE(a_street_does_not_speak_as_one),
             MW_CASE(each_of_64_events_drives_what_its_groups_say))
