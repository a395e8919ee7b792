/* SPDX-License-Identifier: Apache-2.0
 *
 * The pages of the electricity meters: every number of a page is the model's, to the last digit
 * shown, and the signs tell the moment.
 */
#include "base/prng.h"
#include "meters/electricity/pages.h"
#include "meters/electricity/quality.h"
#include "meters/electricity/tamper.h"
#include "tests/harness/mw_test.h"

typedef struct meter {
    int64_t value[MW_ELECTRIC_NUMBERS];
    bool unknown;
    mw_tariff_calendar calendar;
    mw_electric_relay relay;
    mw_electric_model model;
} meter;

static bool number(void *m, mw_electric_number which, int64_t *out) {
    *out = ((meter *)m)->value[which];
    return !((meter *)m)->unknown;
}
static size_t text(void *m, mw_electric_text which, mw_span out) {
    (void)m;
    mw_bytes_copy(out.p, "MW 00-12345678", 14);
    return which == MW_ELECTRIC_T_SERIAL ? 14 : 0;
}
static mw_utc now(void *m, uint8_t *status) {
    (void)m;
    *status = 0;
    return mw_utc_of_s(INT64_C(1781870400)); /* 2026-06-19T12:00:00Z */
}
static const mw_tariff_calendar *calendar(void *m, bool passive, mw_utc *from) {
    *from = MW_UTC_NONE;
    return passive ? NULL : &((meter *)m)->calendar;
}
static void relay(void *m, mw_electric_relay *out) {
    *out = ((meter *)m)->relay;
}

static void meter_init(meter *m) {
    memset(m, 0, sizeof *m);
    mw_tariff_calendar_init(&m->calendar);
    m->calendar.offset_min = 60;
    m->calendar.dst_min = 60;
    m->calendar.dst_begin = (mw_tariff_change){3, 5, 6, 1};
    m->calendar.dst_end = (mw_tariff_change){10, 5, 6, 1};
    m->relay.output = true;
    m->model = (mw_electric_model){.meter = m,
                                   .number = number,
                                   .text = text,
                                   .now = now,
                                   .calendar = calendar,
                                   .relay = relay};
}

/* The number in the large digits without its point. */
static bool read_number(const mw_lcd *lcd, int64_t *out) {
    bool minus = false, any = false;
    *out = 0;
    for (unsigned i = 0; i < MW_LCD_DIGITS; i++) {
        char c = mw_lcd_char(lcd->digit[i]);
        minus = minus || c == '-';
        if (c >= '0' && c <= '9') {
            *out = *out * 10 + (c - '0');
            any = true;
        }
    }
    *out = minus ? -*out : *out;
    return any;
}

static unsigned decimals_of(const mw_lcd *lcd) {
    for (unsigned i = 0; i < MW_LCD_DIGITS; i++)
        if ((lcd->digit[i] & MW_LCD_POINT) != 0)
            return MW_LCD_DIGITS - 1 - i;
    return 0;
}

static void show(const mw_display_table *t, unsigned page, const mw_electric_pages_device *d,
                 mw_lcd *out) {
    mw_display s;
    mw_display_init(&s, t, (mw_mono){0});
    s.awake = true;
    s.page = (uint8_t)page;
    s.list = t->pages[page].list;
    mw_display_show(&s, (mw_mono){MW_NS_PER_S}, d, out);
}

static const mw_display_table *const tables[] = {&mw_electric_pages_single,
                                                 &mw_electric_pages_three};

/* 10^-decimals of the shown unit, k = 3 for kW, kWh ...: the model's scaler and the page agree. */
MW_TEST(pages_show_the_numbers_of_the_model) {
    static meter m;
    meter_init(&m);
    mw_electric_pages_device device = {.model = &m.model};
    mw_prng g = mw_prng_of_seed(2);
    for (unsigned n = 0; n < 20; n++)
        for (unsigned t = 0; t < 2; t++)
            for (unsigned p = 0; p < tables[t]->count; p++) {
                const mw_display_page *page = &tables[t]->pages[p];
                unsigned which = page->field & 0xFFF;
                if (which >= MW_ELECTRIC_NUMBERS || page->form == MW_DISPLAY_SEGMENTS)
                    continue;
                const mw_electric_number_info *i = mw_electric_number_info_of((uint16_t)which);
                int64_t v = (int64_t)mw_prng_below(&g, 9000000) * (n % 2 ? 1 : 10);
                m.value[which] = v;
                mw_lcd lcd;
                int64_t shown;
                show(tables[t], p, &device, &lcd);
                MW_CHECK(read_number(&lcd, &shown));
                bool kilo = page->unit == MW_LCD_UNIT_KWH || page->unit == MW_LCD_UNIT_KVARH ||
                            page->unit == MW_LCD_UNIT_KW || page->unit == MW_LCD_UNIT_KVAR ||
                            page->unit == MW_LCD_UNIT_KVA;
                /* A share is in percent, the number in 10^scaler percent. */
                int shift = (int)decimals_of(&lcd) - (kilo ? 3 : 0);
                int64_t divisor = 1, roll = 1;
                for (int k = i->scaler + shift; k < 0; k++)
                    divisor *= 10;
                for (unsigned k = 0; k < page->width; k++)
                    roll *= 10;
                bool counted = which <= MW_ELECTRIC_N_REACTIVE_ENDS;
                int64_t want = (counted ? v : v + divisor / 2) / divisor % roll;
                MW_CHECK(i->scaler + shift <= 0 || which == MW_ELECTRIC_N_MONITOR_LIMIT);
                MW_CHECK_EQ(shown, want);
            }
}

MW_TEST(own_values_and_unknown_ones) {
    static meter m;
    meter_init(&m);
    mw_electric_billing_record period = {.at_s = 1777586400}; /* 2026-05-01T00:00 of Rome */
    period.total[0] = 123456789;
    period.tariff[1][0] = 3450000;
    period.max[0].mw = 5678000;
    mw_electric_pages_device device = {.model = &m.model,
                                       .period = &period,
                                       .tampers = 5,
                                       .address = 0xA1B2C3D4,
                                       .firmware = {2, 10, 3}};
    static const struct {
        const char *code, *want;
    } of[] = {{"0.9.1", "14.00.00"},    {"0.9.2", "19.06.26"},    {"0.1.2.1", "01.05.26"},
              {"1.8.0.1", "000123.45"}, {"1.8.2.1", "000003.45"}, {"1.6.0.1", "5.678"},
              {"F.F", "no Err"},        {"F.1", "Err 0005"},      {"96.1.0", "12345678"},
              {"96.1.9", "A1b2C3d4"},   {"0.2.0", "2.10.3"}};
    for (unsigned k = 0; k < sizeof of / sizeof of[0]; k++) {
        const mw_display_table *t = &mw_electric_pages_single;
        unsigned p = 0;
        while (p < t->count && strcmp(t->pages[p].code, of[k].code) != 0)
            p++;
        MW_CHECK(p < t->count);
        mw_lcd lcd, want;
        show(t, p, &device, &lcd);
        mw_lcd_clear(&want);
        mw_lcd_text(&want, of[k].want);
        assert_memory_equal(lcd.digit, want.digit, sizeof lcd.digit);
    }
    m.unknown = true;
    device.period = NULL;
    for (unsigned p = 0; p < mw_electric_pages_three.count; p++) {
        const mw_display_page *page = &mw_electric_pages_three.pages[p];
        if ((page->field & 0xFFF) >= MW_ELECTRIC_NUMBERS)
            continue;
        mw_lcd lcd;
        show(&mw_electric_pages_three, p, &device, &lcd);
        for (unsigned k = 0; k < MW_LCD_DIGITS; k++)
            MW_CHECK_EQ(mw_lcd_char(lcd.digit[k]), '-');
        MW_CHECK_EQ(lcd.quadrant, 0);
    }
}

MW_TEST(signs_tell_the_moment) {
    static meter m;
    meter_init(&m);
    mw_electric_pages_device device = {.model = &m.model};
    static const struct {
        int64_t p, q;
        uint8_t quadrant;
    } of[] = {{5, 5, 1}, {-5, 5, 2}, {-5, -5, 3}, {5, -5, 4}, {0, 0, 0}};
    m.value[MW_ELECTRIC_N_NOMINAL] = 230000;
    m.value[MW_ELECTRIC_N_TARIFF] = 7;
    m.value[MW_ELECTRIC_N_VOLTAGE] = m.value[MW_ELECTRIC_N_VOLTAGE + 2] = 229000;
    mw_lcd lcd;
    for (unsigned k = 0; k < 5; k++) {
        m.value[MW_ELECTRIC_N_POWER] = of[k].p;
        m.value[MW_ELECTRIC_N_POWER_REACTIVE] = of[k].q;
        show(&mw_electric_pages_three, 0, &device, &lcd);
        MW_CHECK_EQ(lcd.quadrant, of[k].quadrant);
        MW_CHECK_EQ(lcd.tariff, 7);
        uint32_t want = 1u << MW_LCD_SIGN_L1 | 1u << MW_LCD_SIGN_L3;
        want |= of[k].p < 0 ? 1u << MW_LCD_SIGN_GENERATION : 0;
        want |= k == 4 ? 1u << MW_LCD_SIGN_CREEP : 0;
        MW_CHECK_EQ(lcd.signs, want);
    }
    m.value[MW_ELECTRIC_N_POWER] = 5;
    m.relay.output = false;
    device.tampers = 1u << MW_ELECTRIC_TAMPER_CASE | 1u << MW_ELECTRIC_TAMPER_MAGNET;
    device.quality = MW_ELECTRIC_QUALITY_SEQUENCE;
    device.errors = 1;
    device.alarm = device.battery_low = device.clock_bad = device.radio = true;
    show(&mw_electric_pages_three, 0, &device, &lcd);
    MW_CHECK_EQ(lcd.signs, 1u << MW_LCD_SIGN_L1 | 1u << MW_LCD_SIGN_L3 | 1u << MW_LCD_SIGN_ALARM |
                               1u << MW_LCD_SIGN_BATTERY | 1u << MW_LCD_SIGN_TAMPER |
                               1u << MW_LCD_SIGN_MAGNET | 1u << MW_LCD_SIGN_SENSOR |
                               1u << MW_LCD_SIGN_RADIO | 1u << MW_LCD_SIGN_CLOCK |
                               1u << MW_LCD_SIGN_RELAY_OPEN | 1u << MW_LCD_SIGN_PHASE_ORDER);
}

/* Light on the mains, none on the battery, where it goes dark. */
MW_TEST(light_menu_and_battery) {
    static meter m;
    meter_init(&m);
    mw_electric_pages_device device = {.model = &m.model};
    mw_display d;
    mw_lcd lcd;
    mw_mono at = {0};
    mw_display_init(&d, &mw_electric_pages_three, at);
    bool seen[MW_ELECTRIC_PAGES_LISTS] = {false};
    for (unsigned k = 0; k < MW_ELECTRIC_PAGES_LISTS; k++) {
        seen[d.list] = true;
        mw_display_button(&d, at, true);
        at.ns += INT64_C(2500) * 1000000;
        mw_display_button(&d, at, false);
        mw_display_show(&d, at, &device, &lcd);
        MW_CHECK(lcd.backlight);
        at.ns += MW_NS_PER_S;
    }
    for (unsigned k = 0; k < MW_ELECTRIC_PAGES_LISTS; k++)
        MW_CHECK(seen[k]);
    MW_CHECK_EQ(d.list, 0); /* round */
    at.ns += INT64_C(40) * MW_NS_PER_S;
    mw_display_show(&d, at, &device, &lcd);
    MW_CHECK(!lcd.backlight && !lcd.dark);
    mw_display_init(&d, &mw_electric_pages_single_battery, at);
    mw_display_show(&d, at, &device, &lcd);
    MW_CHECK(lcd.dark);
    mw_display_button(&d, at, true);
    mw_display_button(&d, mw_mono_add(at, mw_dur_ms(200)), false);
    mw_display_show(&d, mw_mono_add(at, mw_dur_s(1)), &device, &lcd);
    MW_CHECK(!lcd.dark && !lcd.backlight);
    mw_display_show(&d, mw_mono_add(at, mw_dur_s(40)), &device, &lcd);
    MW_CHECK(lcd.dark);
}

MW_TEST_MAIN(MW_CASE(pages_show_the_numbers_of_the_model), MW_CASE(own_values_and_unknown_ones),
             MW_CASE(signs_tell_the_moment), MW_CASE(light_menu_and_battery))
