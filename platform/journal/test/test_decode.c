/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/journal/test/world.h"

/* 2026-11-20T00:00:00Z */
#define DAY_S      INT64_C(1795132800)
#define DAY_HOUR   ((uint32_t)((DAY_S - MW_SMP_EPOCH_S) / 3600))
#define RECEIVED_S (DAY_S + 5000)

static world w;

static int setup(void **state) {
    (void)state;
    world_init(&w, "decode-test");
    return 0;
}

static int teardown(void **state) {
    (void)state;
    world_fini(&w);
    return 0;
}

typedef struct found {
    size_t n;
    int64_t sum;
    mw_store_interval interval[4000];
    mw_store_register reg[64];
    size_t registers;
    size_t receptions, duplicates;
    size_t events, health;
    uint16_t event_code[2];
    size_t alarms;
    char alarm[16][MW_STORE_SERIAL_MAX];
    int64_t alarm_count[16];
} found;

static mw_status on_interval(void *ctx, int64_t channel, const mw_store_interval *row) {
    (void)channel;
    found *f = ctx;
    f->interval[f->n++] = *row;
    f->sum += row->value;
    return MW_OK;
}

static mw_status on_register(void *ctx, const mw_store_register *row) {
    found *f = ctx;
    f->reg[f->registers++] = *row;
    return MW_OK;
}

static mw_status on_reception(void *ctx, const mw_store_reception *row) {
    found *f = ctx;
    f->receptions++;
    f->duplicates += row->duplicate;
    MW_CHECK_EQ(row->level_cdbm, -12345);
    MW_CHECK_EQ(row->frequency_mhz, INT64_C(868100123456));
    MW_CHECK_STR(row->rate, "R1");
    MW_CHECK_EQ(row->bytes, row->size[0] == 'M' ? 29 : 61);
    return MW_OK;
}

static mw_status on_event(void *ctx, const mw_store_event *row) {
    found *f = ctx;
    if (f->events < 2)
        f->event_code[f->events] = row->code;
    f->events++;
    return MW_OK;
}

static mw_status on_health(void *ctx, const mw_store_health *row) {
    found *f = ctx;
    f->health++;
    MW_CHECK_EQ(row->battery_mv, 3600);
    MW_CHECK_EQ(row->battery_level, 98);
    MW_CHECK(row->has_temperature && !row->has_drift);
    return MW_OK;
}

static mw_status on_alarm(void *ctx, const mw_store_sign *row) {
    found *f = ctx;
    memcpy(f->alarm[f->alarms], row->kind, sizeof row->kind);
    f->alarm_count[f->alarms++] = row->count;
    return MW_OK;
}

static found *look(unsigned device) {
    static found f;
    memset(&f, 0, sizeof f);
    mw_store_meter m;
    MW_CHECK_OK(mw_store_meter_get(w.store, w.tenant, device + 1, 0, &m));
    mw_utc from = mw_utc_of_s(0), to = mw_utc_of_s(DAY_S * 2);
    int64_t channel = m.channel.channel, number = m.device.device;
    MW_CHECK_OK(mw_store_intervals(w.store, w.tenant, channel, from, to, on_interval, &f));
    MW_CHECK_OK(mw_store_registers(w.store, w.tenant, channel, 0, 64, on_register, &f));
    MW_CHECK_OK(mw_store_receptions(w.store, w.tenant, number, 0, 64, on_reception, &f));
    MW_CHECK_OK(mw_store_events(w.store, w.tenant, number, 0, 64, on_event, &f));
    MW_CHECK_OK(mw_store_health_list(w.store, w.tenant, number, 0, 64, on_health, &f));
    MW_CHECK_OK(mw_store_signs(w.store, w.tenant, 0, 16, on_alarm, &f));
    return &f;
}

static mw_store_device_state state_of(unsigned device) {
    mw_store_meter m;
    MW_CHECK_OK(mw_store_meter_get(w.store, w.tenant, device + 1, 0, &m));
    return m.state;
}

MW_TEST(a_day_becomes_register_and_hours) {
    mw_smp_day day = world_day_of(DAY_HOUR, 12345, 0);
    day.status = MW_SMP_STATUS_LEAK;
    day.disturbed = 1U << 3;
    world_frame f = world_day(0, 0, 1, true, &day);
    world_hear(&w, 0, &f, RECEIVED_S);
    world_decode(&w);
    found *r = look(0);
    MW_CHECK_EQ(r->n, 24);
    MW_CHECK_EQ(r->interval[0].start.us, (DAY_S - 86400) * MW_US_PER_S);
    for (unsigned i = 0; i < 24; i++)
        MW_CHECK_EQ(r->interval[i].value, day.value[i]);
    MW_CHECK_EQ(r->interval[3].quality, MW_QUALITY_PARTIAL);
    MW_CHECK_EQ(r->registers, 1);
    MW_CHECK_EQ(r->reg[0].value, 12345);
    MW_CHECK_EQ(r->reg[0].meter.us, DAY_S * MW_US_PER_S);
    MW_CHECK_EQ(r->reg[0].received.us, RECEIVED_S * MW_US_PER_S);
    MW_CHECK_EQ(r->reg[0].stored.us, (RECEIVED_S + 2) * MW_US_PER_S);
    mw_store_meter m;
    MW_CHECK_OK(mw_store_meter_get(w.store, w.tenant, 1, 0, &m));
    MW_CHECK(m.has_reading);
    MW_CHECK_EQ(m.reading_value, 12345);
    MW_CHECK_EQ(m.state.status, MW_SMP_STATUS_LEAK);
    MW_CHECK_EQ(world_count(&w, "decode.readings"), 25);
    mw_store_overview o;
    MW_CHECK_OK(mw_store_overview_get(w.store, w.tenant, mw_utc_of_s(RECEIVED_S + 60), &o));
    MW_CHECK_EQ(o.heard_24h, 1);
    MW_CHECK_EQ(o.readings_24h, 25);
}

MW_TEST(two_stations_are_one_reading_and_two_receptions) {
    mw_smp_day day = world_day_of(DAY_HOUR, 100, 0);
    world_frame f = world_day(1, 0, 3, false, &day);
    world_hear(&w, 0, &f, RECEIVED_S);
    world_hear(&w, 1, &f, RECEIVED_S);
    world_hear(&w, 1, &f, RECEIVED_S + 9); /* the displaced copy */
    world_decode(&w);
    found *r = look(1);
    MW_CHECK_EQ(r->registers, 1);
    MW_CHECK_EQ(r->n, 24);
    MW_CHECK_EQ(r->receptions, 3);
    MW_CHECK_EQ(r->duplicates, 2);
    MW_CHECK_EQ(state_of(1).frames, 1);
    MW_CHECK_EQ(state_of(1).duplicates, 2);
    MW_CHECK_EQ(r->alarms, 0);
}

MW_TEST(late_and_out_of_order_frames_count_once) {
    uint32_t order[] = {1, 900, 500, 2, 901, 899, 500};
    for (unsigned i = 0; i < 7; i++) {
        mw_smp_day day = world_day_of(DAY_HOUR + order[i] % 7, (int64_t)order[i], 0);
        world_frame f = world_day(2, 0, order[i], false, &day);
        world_hear(&w, 0, &f, RECEIVED_S + 90000 + i);
    }
    world_decode(&w);
    found *r = look(2);
    MW_CHECK_EQ(r->registers, 6);
    MW_CHECK_EQ(r->receptions, 7);
    MW_CHECK_EQ(state_of(2).newest_counter, 901);
}

MW_TEST(counters_go_on_past_twelve_bits) {
    mw_smp_day day = world_day_of(DAY_HOUR, 1, 0);
    uint32_t counters[] = {4000, 5000, 7900, 8300, 0x10003};
    for (unsigned i = 0; i < 5; i++) {
        world_frame f = world_day(0, 0, counters[i], i == 4, &day);
        world_hear(&w, 0, &f, RECEIVED_S + i);
    }
    world_decode(&w);
    MW_CHECK_EQ(state_of(0).frames, 5);
    MW_CHECK_EQ(state_of(0).newest_counter, 0x10003);
}

MW_TEST(replays_are_refused_and_counted) {
    mw_smp_day old = world_day_of(DAY_HOUR - 24, 1, 0), day = world_day_of(DAY_HOUR, 2, 0);
    world_frame first = world_day(0, 0, 256, true, &old), now = world_day(0, 0, 2000, true, &day);
    world_frame skipped = world_day(0, 0, 512, true, &old);
    world_hear(&w, 0, &first, RECEIVED_S - 86400);
    world_hear(&w, 0, &now, RECEIVED_S);
    world_decode(&w);
    world_hear(&w, 1, &first, RECEIVED_S + 10);      /* a recording of what is stored */
    world_hear(&w, 1, &skipped, RECEIVED_S + 20);    /* of a frame that was never stored */
    world_hear(&w, 1, &now, RECEIVED_S + 86400 * 2); /* of the newest, days later */
    world_decode(&w);
    found *r = look(0);
    MW_CHECK_EQ(r->registers, 2);
    MW_CHECK_EQ(r->receptions, 2);
    MW_CHECK_EQ(state_of(0).replays, 3);
    MW_CHECK_EQ(world_count(&w, "decode.replays"), 3);
    MW_CHECK_EQ(r->alarms, 1);
    MW_CHECK_STR(r->alarm[0], "replay");
    MW_CHECK_EQ(r->alarm_count[0], 3);
}

/* Hears n forged frames like `good`, one a second from `hour` on. */
static void forge(const world_frame *good, int64_t hour, unsigned n) {
    world_frame bad = *good;
    for (unsigned i = 0; i < n; i++) {
        bad.b[12] = (uint8_t)(good->b[12] ^ (i % 255 + 1));
        world_hear_at(&w, 0, &bad, mw_utc_of_s(hour), mw_utc_of_s(hour + i));
    }
}

static void hear_day(uint32_t epoch, uint32_t counter, bool full, int64_t second) {
    mw_smp_day day = world_day_of(DAY_HOUR, counter, 0);
    world_frame f = world_day(0, epoch, counter, full, &day);
    world_hear_at(&w, 0, &f, mw_utc_of_s(second), mw_utc_of_s(second));
}

MW_TEST(forged_frames_are_counted_alarmed_and_limited) {
    mw_smp_day day = world_day_of(DAY_HOUR, 2, 0);
    world_frame good = world_day(0, 0, 1, true, &day);
    int64_t hour = RECEIVED_S / 3600 * 3600;
    forge(&good, hour, MW_DECODE_FAILURES_MAX + 50);
    world_decode(&w);
    found *r = look(0);
    MW_CHECK_EQ(r->registers, 0);
    MW_CHECK_EQ(world_count(&w, "decode.auth_failed"), MW_DECODE_FAILURES_MAX);
    MW_CHECK_EQ(world_count(&w, "decode.limited"), 50);
    MW_CHECK_EQ(r->alarms, 1);
    MW_CHECK_STR(r->alarm[0], "auth_failures");
    world_hear_at(&w, 0, &good, mw_utc_of_s(hour), mw_utc_of_s(hour + 3500));
    world_decode(&w);
    MW_CHECK_EQ(look(0)->registers, 1); /* the meter itself is heard all the same */
}

MW_TEST(a_meter_under_attack_is_heard_near_its_newest_counter) {
    int64_t hour = RECEIVED_S / 3600 * 3600, late = hour + 3500;
    hear_day(0, 5000, true, hour);
    mw_smp_day day = world_day_of(DAY_HOUR, 2, 0);
    world_frame like = world_day(0, 0, 5001, false, &day);
    forge(&like, hour, MW_DECODE_FAILURES_MAX);
    hear_day(0, 5001, false, late);
    hear_day(0, 4990, false, late); /* late from another station's spool */
    hear_day(0, 5001 + MW_DECODE_NEAR, true, late);
    world_decode(&w);
    MW_CHECK_EQ(state_of(0).frames, 4);
    MW_CHECK_EQ(world_count(&w, "decode.limited"), 0);
    hear_day(0, 5002 + 2 * MW_DECODE_NEAR, true, late); /* farther than that, either way */
    hear_day(0, 5000, true, late);
    hear_day(0, 5002 + 2 * MW_DECODE_NEAR, false, late);
    world_decode(&w);
    MW_CHECK_EQ(state_of(0).frames, 4);
    MW_CHECK_EQ(world_count(&w, "decode.limited"), 3);
    hear_day(1, MW_DECODE_NEAR + 1, true, late); /* a new key counts from zero ... */
    world_decode(&w);
    MW_CHECK_EQ(world_count(&w, "decode.limited"), 4);
    hear_day(1, 1, true, late); /* ... and is believed then */
    world_decode(&w);
    MW_CHECK_EQ(state_of(0).frames, 5);
    uint8_t before[32], after[32];
    world_fold(&w, 1000);
    MW_CHECK_OK(mw_store_digest(w.store, before));
    MW_CHECK_OK(mw_decoder_rewind(w.decoder));
    world_decode(&w);
    world_fold(&w, 1000);
    MW_CHECK_OK(mw_store_digest(w.store, after));
    MW_CHECK_EQ(memcmp(before, after, 32), 0);
}

MW_TEST(a_meter_never_heard_before_is_heard_under_attack) {
    int64_t hour = RECEIVED_S / 3600 * 3600, late = hour + 3500;
    mw_smp_day day = world_day_of(DAY_HOUR, 2, 0);
    world_frame like = world_day(0, 0, 1, true, &day);
    forge(&like, hour, MW_DECODE_FAILURES_MAX);
    hear_day(0, MW_DECODE_NEAR + 1, false, late);
    world_decode(&w);
    MW_CHECK_EQ(world_count(&w, "decode.limited"), 1);
    hear_day(0, 100000, true, late); /* in its middle years: the whole counter was sent */
    world_decode(&w);
    MW_CHECK_EQ(state_of(0).newest_counter, 100000);
}

MW_TEST(foreign_and_broken_frames_are_counted) {
    mw_smp_day day = world_day_of(DAY_HOUR, 2, 0);
    world_frame f = world_day(0, 0, 1, true, &day), unknown = f, broken = f, cut = f;
    unknown.b[3] = 0x77;
    broken.b[4] |= 0x80; /* another version */
    memset(cut.b + 15, 0, 14);
    world_hear(&w, 0, &unknown, RECEIVED_S);
    world_hear(&w, 0, &broken, RECEIVED_S);
    world_hear(&w, 0, &cut, RECEIVED_S);
    world_decode(&w);
    MW_CHECK_EQ(world_count(&w, "decode.unknown_address"), 1);
    MW_CHECK_EQ(world_count(&w, "decode.malformed"), 1);
    MW_CHECK_EQ(world_count(&w, "decode.auth_failed"), 1);
    MW_CHECK_EQ(look(0)->registers, 0);
}

MW_TEST(one_counter_for_two_frames_is_alarmed) {
    mw_smp_day a = world_day_of(DAY_HOUR, 1, 0), b = world_day_of(DAY_HOUR, 2, 1);
    world_frame fa = world_day(0, 0, 1, true, &a), fb = world_day(0, 0, 1, true, &b);
    world_hear(&w, 0, &fa, RECEIVED_S);
    world_hear(&w, 0, &fb, RECEIVED_S);
    world_decode(&w);
    found *r = look(0);
    MW_CHECK_EQ(r->registers, 1);
    MW_CHECK_EQ(r->reg[0].value, 1);
    MW_CHECK_STR(r->alarm[0], "counter_reused");
}

MW_TEST(the_overlap_merges_and_a_difference_is_kept) {
    mw_smp_day a = world_day_of(DAY_HOUR, 1, 0), same = a, other = world_day_of(DAY_HOUR, 1, 0);
    other.value[7] += 5;
    const mw_smp_day *days[] = {&a, &same, &other};
    for (unsigned i = 0; i < 3; i++) {
        world_frame f = world_day(0, 0, i + 1, true, days[i]);
        world_hear(&w, 0, &f, RECEIVED_S + i);
    }
    world_decode(&w);
    found *r = look(0);
    MW_CHECK_EQ(r->n, 24);
    MW_CHECK_EQ(r->interval[7].value, a.value[7]);
    MW_CHECK_EQ(r->interval[7].quality, MW_QUALITY_CONFLICT);
    world_fold(&w, 1);
    r = look(0);
    MW_CHECK_EQ(r->interval[7].value, a.value[7]);
    MW_CHECK_EQ(r->alarms, 1);
    MW_CHECK_STR(r->alarm[0], "value_conflict");
    MW_CHECK_EQ(r->alarm_count[0], 1);
}

MW_TEST(grids_of_half_hours_keep_their_place) {
    mw_smp_day day = world_day_of(DAY_HOUR, 1, 0);
    day.grid = 2;
    world_frame f = world_day(0, 0, 1, true, &day);
    world_hear(&w, 0, &f, RECEIVED_S);
    world_decode(&w);
    found *r = look(0);
    MW_CHECK_EQ(r->n, 24);
    MW_CHECK_EQ(r->interval[0].start.us, (DAY_S - 86400 + 1800) * MW_US_PER_S);
    MW_CHECK_EQ(r->interval[23].start.us, (DAY_S - 1800) * MW_US_PER_S);
    mw_store_meter m;
    MW_CHECK_OK(mw_store_meter_get(w.store, w.tenant, 1, 0, &m));
    MW_CHECK_EQ(m.channel.grid_offset_s, 1800);
}

MW_TEST(a_meter_without_time_gives_its_register_only) {
    mw_smp_day day = world_day_of(300, 77, 0);
    day.clock = MW_SMP_CLOCK_UNSET;
    world_frame f = world_day(0, 0, 1, true, &day);
    world_hear(&w, 0, &f, RECEIVED_S);
    mw_smp_day ahead = world_day_of(DAY_HOUR + 100, 78, 0);
    world_frame g = world_day(0, 0, 2, true, &ahead);
    world_hear(&w, 0, &g, RECEIVED_S + 1);
    world_decode(&w);
    found *r = look(0);
    MW_CHECK_EQ(r->n, 0);
    MW_CHECK_EQ(r->registers, 2);
    MW_CHECK_EQ(r->reg[1].quality, MW_QUALITY_CLOCK_UNSET);
    MW_CHECK_EQ(r->reg[1].meter.us, r->reg[1].received.us);
    MW_CHECK_EQ(r->alarms, 2);
}

MW_TEST(a_new_key_epoch_is_followed) {
    mw_smp_day day = world_day_of(DAY_HOUR, 1, 0);
    world_frame a = world_day(0, 0, 700, true, &day), b = world_day(0, 1, 0, true, &day);
    world_frame c = world_day(0, 1, 1, false, &day), late = world_day(0, 0, 701, false, &day);
    world_hear(&w, 0, &a, RECEIVED_S);
    world_hear(&w, 0, &b, RECEIVED_S + 1);
    world_hear(&w, 0, &c, RECEIVED_S + 2);
    world_hear(&w, 0, &late, RECEIVED_S + 3); /* the former key is no longer good */
    world_decode(&w);
    MW_CHECK_EQ(state_of(0).key_epoch, 1);
    MW_CHECK_EQ(state_of(0).frames, 3);
    MW_CHECK_EQ(state_of(0).newest_counter, 1);
    MW_CHECK_EQ(world_count(&w, "decode.auth_failed"), 1);
}

MW_TEST(events_and_health_are_kept) {
    uint8_t objects[64];
    mw_writer out = mw_writer_of(MW_SPAN_OF(objects));
    mw_smp_event event = {.code = MW_SMP_EVENT_TAMPER, .channel = 255, .value = 2, .count = 1};
    MW_CHECK_OK(mw_smp_seconds_of_utc(mw_utc_of_s(RECEIVED_S - 7), &event.time_s));
    mw_smp_event_put(&out, &event);
    event.code = MW_SMP_EVENT_LOG + 4; /* SPODES: influence, terminal cover opened */
    event.channel = 3;
    mw_smp_event_put(&out, &event);
    mw_smp_health health = {
        .battery_mv = 3600, .battery_level = 98, .temperature_dc = 215, .drift_dppm = INT16_MIN};
    MW_CHECK_OK(mw_smp_seconds_of_utc(mw_utc_of_s(RECEIVED_S - 7), &health.time_s));
    mw_smp_health_put(&out, &health);
    MW_CHECK_OK(out.status);
    world_frame f = world_seal(0, 0, 1, true, mw_writer_done(&out));
    world_hear(&w, 0, &f, RECEIVED_S);
    world_decode(&w);
    found *r = look(0);
    MW_CHECK_EQ(r->events, 2);
    MW_CHECK_EQ(r->event_code[0] + r->event_code[1], MW_SMP_EVENT_TAMPER + 0x8403);
    MW_CHECK_EQ(r->health, 1);
    MW_CHECK(state_of(0).has_clock_offset);
    MW_CHECK_EQ(state_of(0).clock_offset_ms, -6500);
}

/* Devices that another process imports are known from the next turn on; what they sent before is in
 * the journal and found by decoding again. */
MW_TEST(an_import_by_another_process_is_seen) {
    mw_smp_day day = world_day_of(DAY_HOUR, 5, 0);
    world_frame before = world_day(9, 0, 1, true, &day), after = world_day(9, 0, 2, true, &day);
    world_hear(&w, 0, &before, RECEIVED_S);
    world_decode(&w);
    MW_CHECK_EQ(world_count(&w, "decode.unknown_address"), 1);
    world other = w;
    world_open(&other);
    mw_registry_import_report report;
    MW_CHECK_OK(mw_registry_import(
        other.registry,
        mw_slice_of_str("{\"tenant\":\"demo\",\"device_id\":\"000000000000000a\","
                        "\"serial\":\"MW-9\",\"model\":\"m\",\"network_address\":4105,"
                        "\"master_key\":\"09090909090909090909090909090909\",\"channels\":[{"
                        "\"number\":0,\"medium\":\"water\",\"obis\":\"8-0:1.0.0*255\","
                        "\"unit\":\"L\",\"scale\":0,\"register_digits\":9}]}"),
        mw_utc_of_s(1), &report));
    world_close(&other);
    world_hear(&w, 0, &after, RECEIVED_S + 1);
    world_decode(&w);
    MW_CHECK_EQ(look(9)->registers, 1);
    MW_CHECK_OK(mw_decoder_rewind(w.decoder));
    world_decode(&w);
    MW_CHECK_EQ(look(9)->registers, 2);
}

/* A random history of good, repeated, late, forged and conflicting frames. */
static void history(uint64_t seed, unsigned frames) {
    mw_prng g = mw_prng_of_seed(seed);
    uint32_t counter[WORLD_DEVICES] = {0};
    world_frame former[16] = {0};
    for (unsigned i = 0; i < frames; i++) {
        unsigned device = (unsigned)mw_prng_below(&g, WORLD_DEVICES);
        uint32_t c = ++counter[device];
        mw_smp_day day = world_day_of(DAY_HOUR + 24 * (i / 40) - (uint32_t)mw_prng_below(&g, 3), i,
                                      (int64_t)(mw_prng_below(&g, 20) == 0));
        day.grid = device == 3 ? 2 : 0;
        if (mw_prng_below(&g, 30) == 0)
            day.clock = (mw_smp_clock)mw_prng_below(&g, 4);
        world_frame f = world_day(device, 0, c, mw_prng_below(&g, 8) == 0, &day);
        if (mw_prng_below(&g, 10) == 0)
            f.b[mw_prng_below(&g, f.n)] ^= (uint8_t)(1 + mw_prng_below(&g, 255));
        former[i % 16] = f;
        if (mw_prng_below(&g, 4) == 0)
            f = former[mw_prng_below(&g, i < 16 ? i + 1 : 16)];
        int64_t at = RECEIVED_S + (int64_t)i * 2000 + (int64_t)mw_prng_below(&g, 4000);
        world_hear(&w, (unsigned)mw_prng_below(&g, 2), &f, at);
        if (mw_prng_below(&g, 5) == 0)
            world_hear(&w, 1, &f, at);
    }
}

MW_TEST(decoding_again_gives_the_same) {
    uint8_t first[32], second[32];
    history(11, 300);
    mw_prng g = mw_prng_of_seed(1);
    uint32_t n = 1;
    while (n > 0) { /* small turns, folds in between, restarts */
        MW_CHECK_OK(mw_decoder_turn(w.decoder, 1 + (uint32_t)mw_prng_below(&g, 20), &n));
        if (mw_prng_below(&g, 4) == 0)
            world_fold(&w, 1 + (uint32_t)mw_prng_below(&g, 30));
        if (mw_prng_below(&g, 10) == 0) {
            world_close(&w);
            world_open(&w);
        }
    }
    world_fold(&w, 5);
    MW_CHECK(world_count(&w, "decode.frames") > 100);
    MW_CHECK(world_count(&w, "decode.duplicates") > 10);
    MW_CHECK_OK(mw_store_digest(w.store, first));
    MW_CHECK_OK(mw_decoder_rewind(w.decoder));
    MW_CHECK_EQ(world_count(&w, "decode.frames"), 0);
    n = 1;
    while (n > 0)
        MW_CHECK_OK(mw_decoder_turn(w.decoder, MW_DECODE_TURN_MAX, &n));
    world_fold(&w, MW_STORE_FOLD_MAX);
    MW_CHECK_OK(mw_store_digest(w.store, second));
    MW_CHECK_EQ(memcmp(first, second, sizeof first), 0);
}

MW_TEST(a_station_clock_ahead_does_not_freeze_a_meter) {
    mw_smp_day day = world_day_of(DAY_HOUR, 100, 0);
    world_frame f = world_day(0, 0, 1, true, &day);
    const int64_t years_ahead_s = RECEIVED_S + INT64_C(20) * 365 * 86400;
    world_hear_at(&w, 0, &f, mw_utc_of_s(years_ahead_s), mw_utc_of_s(RECEIVED_S));
    world_decode(&w);
    MW_CHECK_EQ(state_of(0).last_seen.us, RECEIVED_S * MW_US_PER_S);
    day = world_day_of(DAY_HOUR + 1, 101, 0);
    f = world_day(0, 0, 2, true, &day);
    world_hear(&w, 1, &f, RECEIVED_S + 3600);
    world_decode(&w);
    MW_CHECK_EQ(state_of(0).last_seen.us, (RECEIVED_S + 3600) * MW_US_PER_S);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
MW_TEST_MAIN(
    CASE(a_day_becomes_register_and_hours), CASE(two_stations_are_one_reading_and_two_receptions),
    CASE(late_and_out_of_order_frames_count_once), CASE(counters_go_on_past_twelve_bits),
    CASE(replays_are_refused_and_counted), CASE(forged_frames_are_counted_alarmed_and_limited),
    CASE(a_meter_under_attack_is_heard_near_its_newest_counter),
    CASE(a_meter_never_heard_before_is_heard_under_attack),
    CASE(foreign_and_broken_frames_are_counted), CASE(one_counter_for_two_frames_is_alarmed),
    CASE(the_overlap_merges_and_a_difference_is_kept), CASE(grids_of_half_hours_keep_their_place),
    CASE(a_meter_without_time_gives_its_register_only), CASE(a_new_key_epoch_is_followed),
    CASE(events_and_health_are_kept), CASE(an_import_by_another_process_is_seen),
    CASE(decoding_again_gives_the_same), CASE(a_station_clock_ahead_does_not_freeze_a_meter))
