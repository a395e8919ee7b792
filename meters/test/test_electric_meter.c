/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole electricity meter: what it measures is what a reader reads, also after power cuts.
 */
#include "meters/test/electric_rig.h"

#define IMPORT(e) MW_OBIS(1, 0, 1, 8, e, 255)
#define PROFILE_1 MW_OBIS(1, 0, 99, 1, 0, 255)
#define DAILY     MW_OBIS(1, 0, 98, 2, 0, 255)
#define RELAY     MW_OBIS(0, 0, 96, 3, 10, 255)
#define CALENDAR  MW_OBIS(0, 0, 13, 0, 0, 255)
#define NO_DATA   ((mw_slice){(const uint8_t *)"\x0f\x00", 2})

static int64_t used_wh(void) {
    return r.used_uws / 1000000 / 3600;
}

static void every_zone_a_tariff(void) {
    mw_tariff_calendar c;
    mw_tariff_calendar_init(&c);
    for (unsigned z = 0; z < MW_TARIFF_ZONES; z++)
        mw_tariff_program_set(c.program[0], z, (uint8_t)(z % MW_TARIFFS));
    MW_CHECK_EQ(r.meter.model.calendar_set(&r.meter, &c, (mw_utc){0}), MW_COSEM_DONE);
}

/* ---- Reading ---- */

static unsigned read_everything(void) {
    const mw_electric_table *t = r.type->table;
    unsigned read = 0;
    for (size_t i = 0; i < t->object_count; i++) {
        const mw_cosem_object *o = &t->objects[i];
        for (int a = 1; a <= o->attributes; a++) {
            mw_status status = rig_get(o->class_id, o->name, a);
            if (status == MW_OK) {
                size_t n = 0;
                MW_CHECK_OK(mw_cosem_data_check((mw_slice){r.value, r.value_n}, 0, &n));
                MW_CHECK_EQ(n, r.value_n);
                read++;
                continue;
            }
            /* Only what the meter says it does not have: an image slot, a code of an empty log. */
            MW_CHECK_STATUS(status, MW_NOT_FOUND);
            if (o->class_id != 18 && r.session.result != MW_COSEM_UNAVAILABLE) {
                char text[MW_OBIS_TEXT_MAX];
                mw_obis_format(o->name, text);
                printf("class %u %s attribute %d: result %u\n", o->class_id, text, a,
                       r.session.result);
                MW_CHECK(false);
            }
        }
    }
    return read;
}

MW_TEST(every_object_answers_from_the_meter) {
    static const mw_electric_type *const types[] = {&mw_electric_single_phase,
                                                    &mw_electric_three_phase};
    static const unsigned least[] = {740, 840};
    for (unsigned t = 0; t < 2; t++) {
        rig_open(types[t]);
        r.power_mw = 1500000;
        rig_run(3 * 3600);
        MW_CHECK_OK(rig_associate(2, ""));
        unsigned read = read_everything();
        printf("%s: %u attributes read as configurator\n", types[t]->name, read);
        MW_CHECK(read >= least[t]);
        MW_CHECK_OK(rig_associate(1, "12345678"));
        MW_CHECK_EQ(read_everything(), read);
        rig_close();
    }
}

MW_TEST(registers_tariffs_profile_and_daily_records_agree) {
    rig_open(&mw_electric_three_phase);
    every_zone_a_tariff();
    for (unsigned h = 0; h < 26; h++) {
        r.power_mw = 400000 + (h * 7919 % 23) * 61000;
        r.reactive_mvar = 90000 + h * 1000;
        rig_run(3600);
    }
    MW_CHECK_OK(rig_associate(1, "12345678"));
    MW_CHECK_EQ(rig_number(3, IMPORT(0)), used_wh());
    MW_CHECK_EQ(rig_number(3, MW_OBIS(1, 0, 3, 8, 0, 255)), r.used_uvars / 1000000 / 3600);
    int64_t sum_mwh = 0;
    for (unsigned t = 0; t < MW_TARIFFS; t++)
        sum_mwh += r.meter.tariffs.count[t][MW_ELECTRIC_TARIFF_A_PLUS].milli;
    int64_t total_mwh = r.meter.tariffs.total[MW_ELECTRIC_TARIFF_A_PLUS].milli;
    MW_CHECK(total_mwh - sum_mwh >= 0 && total_mwh - sum_mwh < MW_TARIFFS);
    /* The profile's hours add up to the register at the end of the last of them, but the first,
     * whose begin nobody recorded. */
    mw_electric_row row, first;
    const mw_electric_profile_info *load = r.type->table->profiles[0];
    uint32_t n = r.meter.model.rows(&r.meter, MW_ELECTRIC_LOAD);
    MW_CHECK_EQ(n, 26);
    int64_t sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        MW_CHECK(r.meter.model.row(&r.meter, load, i, &row));
        MW_CHECK_EQ(row.at.us, (RIG_START_S + 3600 * (i + 1)) * MW_US_PER_S);
        sum += row.value[1];
        first = i == 0 ? row : first;
    }
    mw_electric_loadlog_record a, b;
    MW_CHECK_OK(mw_electric_loadlog_numbered(&r.meter.load, &r.meter.flash, 0, &a));
    MW_CHECK_OK(mw_electric_loadlog_numbered(&r.meter.load, &r.meter.flash, 25, &b));
    MW_CHECK_EQ(first.value[1], 0);
    MW_CHECK_EQ(sum, b.energy[0] / 1000 - a.energy[0] / 1000);
    /* One midnight, and a record of it that says what the profile says. */
    MW_CHECK_EQ(r.meter.model.rows(&r.meter, MW_ELECTRIC_DAILY), 1);
    const mw_electric_profile_info *daily = r.type->table->profiles[3];
    MW_CHECK(r.meter.model.row(&r.meter, daily, 0, &row));
    MW_CHECK_EQ(row.at.us, (RIG_START_S + 86400) * MW_US_PER_S);
    MW_CHECK_OK(mw_electric_loadlog_numbered(&r.meter.load, &r.meter.flash, 23, &b));
    MW_CHECK_EQ(row.value[9], b.energy[0] / 1000);
    rig_close();
}

/* ---- Power failures ---- */

MW_TEST(registers_are_exact_after_a_last_gasp_and_bounded_without) {
    rig_open(&mw_electric_single_phase);
    every_zone_a_tariff();
    r.power_mw = 2345678;
    rig_run(1000);
    mw_electric_count total = r.meter.tariffs.total[MW_ELECTRIC_TARIFF_A_PLUS];
    MW_CHECK_OK(mw_electric_meter_power_fails(&r.meter, r.now));
    mw_electric_meter_fini(&r.meter);
    r.now.ns += 400 * MW_NS_PER_S; /* dark; the battery keeps the ticks */
    MW_CHECK_OK(rig_boot(true));
    MW_CHECK_EQ(r.meter.tariffs.total[MW_ELECTRIC_TARIFF_A_PLUS].milli, total.milli);
    MW_CHECK_EQ(r.meter.tariffs.total[MW_ELECTRIC_TARIFF_A_PLUS].rest, total.rest);
    MW_CHECK_EQ(mw_electric_meter_clock(&r.meter, r.now).us, rig_utc().us);
    MW_CHECK_EQ(mw_tariff_calendar_program(mw_electric_tariffs_calendar(&r.meter.tariffs), 20000),
                0);
    MW_CHECK_EQ(r.meter.kept.power_failures, 1);
    MW_CHECK_EQ(r.meter.kept.long_power_failures, 1);
    MW_CHECK_EQ(r.meter.kept.off_long_s, 400);
    mw_electric_logged l;
    MW_CHECK_OK(mw_electric_meter_logged(&r.meter, MW_SPODES_LOG_SWITCHING, 0, &l));
    MW_CHECK_EQ(l.code, 2);
    MW_CHECK_EQ(l.duration_ms, 400000);
    MW_CHECK_OK(mw_electric_meter_logged(&r.meter, MW_SPODES_LOG_SWITCHING, 1, &l));
    MW_CHECK_EQ(l.code, 1);
    rig_run(100);
    MW_CHECK_EQ(mw_electric_meter_register(&r.meter, MW_ELECTRIC_TARIFF_A_PLUS, 0), used_wh());
    /* Cut without a warning: back to a snapshot at most fifteen minutes old, never forward. */
    rig_run(1200);
    total = r.meter.tariffs.total[MW_ELECTRIC_TARIFF_A_PLUS];
    mw_electric_meter_fini(&r.meter);
    MW_CHECK_OK(rig_boot(true));
    int64_t lost = total.milli - r.meter.tariffs.total[MW_ELECTRIC_TARIFF_A_PLUS].milli;
    MW_CHECK(lost >= 0 && lost <= r.power_mw * MW_ELECTRIC_SNAPSHOT_S / 3600);
    rig_close();
}

/* Power goes at any flash operation of a setting, a calendar and a gasp: each is the old or the new
 * one afterwards, and no counter is used twice. */
static bool cut_at(uint64_t step) {
    rig_open(&mw_electric_single_phase);
    r.power_mw = 3600000;
    rig_run(10);
    mw_host_flash_cut_after(&r.nor, step, step);
    uint32_t before = 0, after = 0;
    mw_status taken = r.meter.device.next_counter(&r.meter.objects, &before);
    uint8_t set = r.meter.model.number_set(&r.meter, MW_ELECTRIC_N_DEMAND_PERIOD, 15);
    mw_tariff_calendar c;
    mw_tariff_calendar_init(&c);
    memcpy(c.name, "NEW", 3);
    uint8_t calendar = r.meter.model.calendar_set(&r.meter, &c, rig_utc());
    mw_status gasp = mw_electric_meter_power_fails(&r.meter, r.now);
    bool cut = r.nor.dead;
    int64_t total = r.meter.tariffs.total[MW_ELECTRIC_TARIFF_A_PLUS].milli;
    mw_electric_meter_fini(&r.meter);
    mw_host_flash_power_on(&r.nor);
    MW_CHECK_OK(rig_boot(true));
    rig_run(1);
    uint16_t period = r.meter.settings.demand_period_min;
    MW_CHECK(set == MW_COSEM_DONE ? period == 15 : period == 15 || period == 30);
    const char *name = mw_electric_tariffs_calendar(&r.meter.tariffs)->name;
    MW_CHECK(calendar != MW_COSEM_DONE || memcmp(name, "NEW", 3) == 0);
    if (gasp == MW_OK)
        MW_CHECK(r.meter.tariffs.total[MW_ELECTRIC_TARIFF_A_PLUS].milli >= total);
    MW_CHECK_OK(r.meter.device.next_counter(&r.meter.objects, &after));
    MW_CHECK(taken != MW_OK || after > before);
    rig_close();
    return cut;
}

MW_TEST(a_cut_at_any_flash_operation_leaves_the_old_or_the_new) {
    uint64_t step = 0;
    unsigned cuts = 0;
    while (cut_at(step)) {
        step += 23;
        cuts++;
    }
    printf("%u cuts in %llu flash operations\n", cuts, (unsigned long long)step);
    MW_CHECK(cuts > 300);
}

/* ---- Relay, limits, tariffs, credit ---- */

MW_TEST(the_relay_obeys_limits_orders_credit_and_the_button) {
    rig_open(&mw_electric_single_phase);
    r.power_mw = 1000000;
    rig_run(5);
    MW_CHECK_OK(rig_associate(2, ""));
    MW_CHECK_EQ(r.meter.model.relay_mode(&r.meter, 5), MW_COSEM_DONE);
    mw_electric_limit l;
    MW_CHECK(r.meter.model.limit(&r.meter, MW_ELECTRIC_LIMIT_POWER, &l));
    l.normal = 3000000;
    l.over_s = 5;
    l.under_s = 20;
    l.over_script = 1;
    l.under_script = 2;
    MW_CHECK_EQ(r.meter.model.limit_set(&r.meter, MW_ELECTRIC_LIMIT_POWER, &l), MW_COSEM_DONE);
    r.power_mw = 4000000;
    rig_run(3);
    MW_CHECK(mw_electric_meter_supply_on(&r.meter));
    rig_run(4);
    MW_CHECK(!mw_electric_meter_supply_on(&r.meter));
    mw_electric_logged e;
    MW_CHECK_OK(mw_electric_meter_logged(&r.meter, MW_SPODES_LOG_SWITCHING, 0, &e));
    MW_CHECK_EQ(e.code, 8);
    /* It stays off through a power failure, and comes back by itself when the load is gone. */
    MW_CHECK_OK(mw_electric_meter_power_fails(&r.meter, r.now));
    mw_electric_meter_fini(&r.meter);
    MW_CHECK_OK(rig_boot(true));
    MW_CHECK(!mw_electric_meter_supply_on(&r.meter));
    r.power_mw = 0;
    rig_run(25);
    MW_CHECK(mw_electric_meter_supply_on(&r.meter));
    /* From far, in mode 5: off, then ready for the button. */
    MW_CHECK_OK(rig_associate(2, ""));
    MW_CHECK_OK(rig_act(70, RELAY, 1, NO_DATA));
    MW_CHECK(!mw_electric_meter_supply_on(&r.meter));
    MW_CHECK_OK(rig_act(70, RELAY, 2, NO_DATA));
    MW_CHECK(!mw_electric_meter_supply_on(&r.meter));
    mw_electric_meter_button(&r.meter, true, r.now);
    MW_CHECK(mw_electric_meter_supply_on(&r.meter));
    /* Credit: 1 Wh more. */
    MW_CHECK_EQ(r.meter.model.number_set(&r.meter, MW_ELECTRIC_N_CREDIT, 1), MW_COSEM_DONE);
    r.power_mw = 2000000;
    rig_run(3);
    MW_CHECK(!mw_electric_meter_supply_on(&r.meter));
    MW_CHECK_EQ(r.meter.model.number_set(&r.meter, MW_ELECTRIC_N_CREDIT, 1000), MW_COSEM_DONE);
    rig_run(1);
    MW_CHECK(mw_electric_meter_supply_on(&r.meter));
    /* Tariff 1 is everything now; off in it. */
    MW_CHECK_EQ(r.meter.model.number_set(&r.meter, MW_ELECTRIC_N_OFF_TARIFFS, 1), MW_COSEM_DONE);
    rig_run(1);
    MW_CHECK(!mw_electric_meter_supply_on(&r.meter));
    rig_close();
}

/* ---- What production chooses ---- */

MW_TEST(constants_and_mains_are_those_of_production) {
    rig_open(&mw_electric_three_phase);
    MW_CHECK_OK(rig_associate(1, "12345678"));
    MW_CHECK_EQ(rig_number(1, MW_OBIS(1, 0, 0, 3, 3, 255)), 1600);
    rig_close();
    rig_open(&mw_electric_three_phase);
    r.provision.pulses_per_kwh = r.provision.pulses_per_kvarh = 8000;
    r.provision.mains = MW_ELECTRIC_60HZ;
    mw_electric_meter_fini(&r.meter);
    MW_CHECK_OK(rig_boot(false));
    MW_CHECK_OK(rig_associate(1, "12345678"));
    MW_CHECK_EQ(rig_number(1, MW_OBIS(1, 0, 0, 3, 3, 255)), 8000);
    MW_CHECK_EQ(rig_number(3, MW_OBIS(1, 0, 0, 6, 2, 255)), 60000);
    rig_close();
}

/* ---- Events ---- */

MW_TEST(tampers_are_logged_and_drive_push_and_relay) {
    rig_open(&mw_electric_single_phase);
    r.power_mw = 1000000;
    rig_run(2);
    uint8_t sealed[800], opened[800];
    size_t n = 1;
    MW_CHECK_OK(mw_electric_meter_push(&r.meter, r.now, MW_SPAN_OF(sealed), &n));
    MW_CHECK_EQ(n, 0);
    mw_electric_inputs in = {.magnet = true, .temperature = {25000}, .battery_mv = 3000};
    for (unsigned i = 0; i < 4; i++) {
        mw_electric_meter_inputs(&r.meter, &in, r.now);
        rig_run(1);
    }
    mw_electric_logged l;
    MW_CHECK_OK(mw_electric_meter_logged(&r.meter, MW_SPODES_LOG_INFLUENCE, 0, &l));
    MW_CHECK_EQ(l.code, 1);
    MW_CHECK_OK(mw_electric_meter_push(&r.meter, r.now, MW_SPAN_OF(sealed), &n));
    MW_CHECK(n > 0);
    mw_cosem_ciphered c;
    MW_CHECK_OK(mw_cosem_ciphered_decode((mw_slice){sealed, n}, &c));
    MW_CHECK_EQ(c.form, MW_COSEM_GENERAL_GLO);
    mw_cosem_open_options options = {.required = MW_COSEM_SC_AUTHENTICATED | MW_COSEM_SC_ENCRYPTED};
    MW_CHECK_OK(
        mw_cosem_unprotect(&r.keys, &r.meter.device.title, &c, &options, MW_SPAN_OF(opened), &n));
    mw_cosem_apdu a;
    MW_CHECK_OK(mw_cosem_apdu_decode((mw_slice){opened, n}, 0, &a));
    MW_CHECK_EQ(a.kind, MW_COSEM_DATA_NOTIFICATION);
    MW_CHECK_OK(mw_electric_meter_push(&r.meter, r.now, MW_SPAN_OF(sealed), &n));
    MW_CHECK_EQ(n, 0); /* told once */
    in.magnet = false;
    mw_electric_meter_inputs(&r.meter, &in, r.now);
    rig_run(3);
    MW_CHECK_OK(mw_electric_meter_logged(&r.meter, MW_SPODES_LOG_INFLUENCE, 0, &l));
    MW_CHECK_EQ(l.code, 2);
    MW_CHECK(l.duration_ms >= 3000 && l.duration_ms <= 6000);
    /* The case drives the relay when its bit is in that mask. */
    MW_CHECK_EQ(r.meter.model.number_set(&r.meter, MW_ELECTRIC_N_EVENT_MASK + 2, INT64_C(1) << 55),
                MW_COSEM_DONE);
    in.case_open = true;
    mw_electric_meter_inputs(&r.meter, &in, r.now);
    rig_run(2);
    MW_CHECK(!mw_electric_meter_supply_on(&r.meter));
    rig_close();
}

MW_TEST(wrong_passwords_lock_for_a_while) {
    rig_open(&mw_electric_single_phase);
    rig_run(1);
    for (unsigned i = 0; i < 5; i++)
        MW_CHECK(rig_associate(1, "wrong000") != MW_OK);
    MW_CHECK(rig_associate(1, "12345678") != MW_OK); /* right, but locked */
    mw_electric_logged l;
    MW_CHECK_OK(mw_electric_meter_logged(&r.meter, MW_SPODES_LOG_ACCESS, 0, &l));
    rig_run(16 * 60);
    MW_CHECK_OK(rig_associate(1, "12345678"));
    rig_close();
}

MW_TEST(a_passive_calendar_takes_over_at_its_moment_also_in_the_dark) {
    rig_open(&mw_electric_three_phase);
    mw_tariff_calendar c;
    mw_tariff_calendar_init(&c);
    memcpy(c.name, "WINTER", 6);
    for (unsigned z = 0; z < MW_TARIFF_ZONES; z++)
        mw_tariff_program_set(c.program[0], z, 3);
    mw_utc from = {rig_utc().us + 600 * MW_US_PER_S};
    MW_CHECK_EQ(r.meter.model.calendar_set(&r.meter, &c, from), MW_COSEM_DONE);
    rig_run(300);
    MW_CHECK_EQ(r.meter.tariff, 0);
    MW_CHECK_OK(mw_electric_meter_power_fails(&r.meter, r.now));
    mw_electric_meter_fini(&r.meter);
    r.now.ns += 3600 * MW_NS_PER_S;
    MW_CHECK_OK(rig_boot(true));
    rig_run(2);
    MW_CHECK_EQ(r.meter.tariff, 3);
    mw_electric_logged l;
    MW_CHECK_OK(mw_electric_meter_logged(&r.meter, MW_SPODES_LOG_PROGRAMMING, 0, &l));
    MW_CHECK_EQ(l.code, 9);
    rig_close();
}

MW_TEST_MAIN(MW_CASE(every_object_answers_from_the_meter),
             MW_CASE(registers_tariffs_profile_and_daily_records_agree),
             MW_CASE(registers_are_exact_after_a_last_gasp_and_bounded_without),
             MW_CASE(a_cut_at_any_flash_operation_leaves_the_old_or_the_new),
             MW_CASE(the_relay_obeys_limits_orders_credit_and_the_button),
             MW_CASE(constants_and_mains_are_those_of_production),
             MW_CASE(tampers_are_logged_and_drive_push_and_relay),
             MW_CASE(wrong_passwords_lock_for_a_while),
             MW_CASE(a_passive_calendar_takes_over_at_its_moment_also_in_the_dark))
