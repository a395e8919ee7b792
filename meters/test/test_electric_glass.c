/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole electricity meter: its glass shows what a reader at its port reads, and what happens to
 * mains and load is found in its logs.
 */
#include "meters/electricity/glass.h"
#include "meters/test/electric_rig.h"

#define ACTIVE MW_OBIS(1, 0, 1, 8, 0, 255)

/* The number on a page, without its point; -1: dashes. */
static int64_t page_of(const char *code, mw_lcd *out) {
    static mw_electric_billing_record period;
    mw_electric_pages_device device;
    mw_electric_glass(&r.meter, &period, &device);
    const mw_display_table *t = mw_electric_glass_table(r.type, true);
    mw_display d;
    mw_display_init(&d, t, r.now);
    while (strcmp(t->pages[d.page].code, code) != 0)
        MW_CHECK(++d.page < t->count);
    d.list = t->pages[d.page].list;
    mw_display_show(&d, mw_mono_add(r.now, mw_dur_s(1)), &device, out);
    int64_t n = 0;
    for (unsigned i = 0; i < MW_LCD_DIGITS; i++) {
        char c = mw_lcd_char(out->digit[i]);
        if (c == '-')
            return -1;
        n = c >= '0' && c <= '9' ? n * 10 + (c - '0') : n;
    }
    return n;
}

static bool sign(const mw_lcd *lcd, mw_lcd_sign s) {
    return (lcd->signs >> s & 1) != 0;
}

MW_TEST(the_glass_shows_what_a_reader_reads) {
    rig_open(&mw_electric_three_phase);
    r.power_mw = 5000000;
    rig_run(3600);
    MW_CHECK_OK(rig_associate(1, "12345678"));
    int64_t wh = rig_number(3, ACTIVE);
    mw_lcd lcd;
    MW_CHECK(wh > 14000 && wh < 16000);
    MW_CHECK_EQ(page_of("1.8.0", &lcd), wh / 10);
    MW_CHECK(sign(&lcd, MW_LCD_SIGN_L1) && sign(&lcd, MW_LCD_SIGN_L3));
    MW_CHECK(!sign(&lcd, MW_LCD_SIGN_ALARM) && !sign(&lcd, MW_LCD_SIGN_BATTERY));
    MW_CHECK_EQ(lcd.tariff, 1);
    MW_CHECK_EQ(lcd.quadrant, 1);
    MW_CHECK_EQ(page_of("32.7.0", &lcd), 2300);
    MW_CHECK_EQ(page_of("1.7.0", &lcd), 15000);
    MW_CHECK_EQ(page_of("14.7.0", &lcd), 5000);
    MW_CHECK_EQ(page_of("1.6.0", &lcd), rig_number(4, MW_OBIS(1, 0, 1, 6, 0, 255)));
    MW_CHECK_EQ(page_of("96.1.0", &lcd), 42);
    MW_CHECK_EQ(page_of("1.8.0.1", &lcd), -1); /* no period is closed */
    MW_CHECK_OK(rig_associate(2, ""));
    MW_CHECK_EQ(r.meter.model.script(&r.meter, MW_ELECTRIC_SCRIPT_BILLING, 1), MW_COSEM_DONE);
    MW_CHECK_EQ(page_of("1.8.0.1", &lcd), wh / 10);
    mw_electric_inputs in = {
        .cover_open = true, .temperature = {25000}, .battery_mv = 2900, .magnet = true};
    mw_electric_meter_inputs(&r.meter, &in, r.now);
    rig_run(2);
    (void)page_of("1.8.0", &lcd);
    MW_CHECK(sign(&lcd, MW_LCD_SIGN_TAMPER) && sign(&lcd, MW_LCD_SIGN_MAGNET));
    MW_CHECK(sign(&lcd, MW_LCD_SIGN_BATTERY) && sign(&lcd, MW_LCD_SIGN_ALARM));
    in = (mw_electric_inputs){.temperature = {25000}, .battery_mv = 3600};
    mw_electric_meter_inputs(&r.meter, &in, r.now);
    rig_run(5);
    MW_CHECK(rig_associate(1, "wrong") != MW_OK);
    (void)page_of("1.8.0", &lcd);
    MW_CHECK(!sign(&lcd, MW_LCD_SIGN_TAMPER) && sign(&lcd, MW_LCD_SIGN_ALARM));
    mw_electric_glass_seen(&r.meter);
    (void)page_of("1.8.0", &lcd);
    MW_CHECK(!sign(&lcd, MW_LCD_SIGN_ALARM));
    rig_close();
    MW_CHECK(mw_electric_glass_table(&mw_electric_single_phase, false) ==
             &mw_electric_pages_single_battery);
}

/* Seconds with this voltage and power in the second phase. */
static void run_with(double volts, int64_t p_mw, int64_t seconds) {
    for (int64_t i = 0; i < seconds; i++) {
        mw_electric_quantities q = rig_window();
        q.e[1].u_uv = (int64_t)(volts * 1e6);
        q.e[1].p_uw = p_mw * 1000;
        q.lost = volts < 115 ? 2 : 0;
        r.now.ns += MW_NS_PER_S;
        mw_electric_meter_window(&r.meter, &q, r.now);
        mw_electric_meter_step(&r.meter, r.now);
    }
}

static bool logged(mw_spodes_log log, uint8_t code) {
    mw_electric_logged l;
    for (uint32_t n = 0; mw_electric_meter_logged(&r.meter, log, n, &l) == MW_OK; n++)
        if (l.code == code)
            return true;
    return false;
}

MW_TEST(mains_and_load_are_found_in_the_logs) {
    rig_open(&mw_electric_three_phase);
    r.power_mw = 1000000;
    run_with(230, 1000000, 10);
    run_with(170, 1000000, 2);
    run_with(230, 1000000, 20);
    MW_CHECK(logged(MW_SPODES_LOG_VOLTAGE, 21) && logged(MW_SPODES_LOG_VOLTAGE, 22));
    MW_CHECK(!logged(MW_SPODES_LOG_VOLTAGE, 3));
    run_with(0, 0, 15); /* the current goes on: a wire of the voltage circuit is off */
    MW_CHECK(logged(MW_SPODES_LOG_VOLTAGE, 3));
    MW_CHECK(logged(MW_SPODES_LOG_CURRENT, 21));
    run_with(230, -1500000, 15);
    MW_CHECK(logged(MW_SPODES_LOG_VOLTAGE, 4) && logged(MW_SPODES_LOG_CURRENT, 22));
    MW_CHECK(logged(MW_SPODES_LOG_CURRENT, 3) && !logged(MW_SPODES_LOG_CURRENT, 1));
    run_with(230, 1000000, 15);
    MW_CHECK(logged(MW_SPODES_LOG_CURRENT, 4));
    rig_close();
}

MW_TEST(the_pulse_input_counts_through_bounces_and_power_failures) {
    const mw_obis pulses = MW_OBIS(1, 0, 82, 8, 0, 255);
    rig_open(&mw_electric_single_phase);
    rig_run(1);
    mw_mono at = r.now;
    for (unsigned n = 0; n < 50; n++)
        for (unsigned edge = 0; edge < 12; edge++) { /* five bounces at each end */
            at.ns += edge % 6 == 0 ? INT64_C(40000000) : 300000;
            mw_electric_meter_pulse(&r.meter, edge < 6 ? edge % 2 == 0 : edge % 2 != 0, at);
        }
    r.now = at;
    rig_run(1);
    MW_CHECK_OK(rig_associate(1, "12345678"));
    int64_t before = rig_number(3, pulses);
    MW_CHECK(before >= 49 && before <= 50); /* the last one may still last */
    MW_CHECK_OK(mw_electric_meter_power_fails(&r.meter, r.now));
    mw_electric_meter_fini(&r.meter);
    MW_CHECK_OK(rig_boot(true));
    MW_CHECK_OK(rig_associate(1, "12345678"));
    MW_CHECK_EQ(rig_number(3, pulses), before);
    rig_close();
}

MW_TEST_MAIN(MW_CASE(the_glass_shows_what_a_reader_reads),
             MW_CASE(mains_and_load_are_found_in_the_logs),
             MW_CASE(the_pulse_input_counts_through_bounces_and_power_failures))
