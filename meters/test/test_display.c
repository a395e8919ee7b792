/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/display.h"

#include <string.h>

#include "tests/harness/mw_test.h"

/* What a person reads off the glass. */
static void read_glass(const mw_lcd *lcd, char out[2 * MW_LCD_DIGITS + 1]) {
    char *at = out;
    for (unsigned i = 0; i < MW_LCD_DIGITS; i++) {
        *at++ = mw_lcd_char(lcd->digit[i]);
        if ((lcd->digit[i] & MW_LCD_POINT) != 0)
            *at++ = '.';
    }
    *at = 0;
}

static void check_glass(const mw_lcd *lcd, const char *want) {
    char text[2 * MW_LCD_DIGITS + 1];
    read_glass(lcd, text);
    MW_CHECK_STR(text, want);
}

static void test_numbers(void **state) {
    (void)state;
    static const struct {
        int64_t value;
        unsigned width, decimals;
        bool zeros;
        const char *want;
    } cases[] = {
        {0, 8, 3, true, "00000.000"},         {99999999, 8, 3, true, "99999.999"},
        {100000000, 8, 3, true, "00000.000"}, /* the indicator rolls over, the register does not */
        {12345, 8, 3, true, "00012.345"},     {12345, 8, 3, false, "   12.345"},
        {5, 8, 3, false, "    0.005"},        {0, 4, 1, false, "      0.0"},
        {-214, 4, 1, false, "    -21.4"},     {-5, 4, 1, false, "     -0.5"},
        {7, 8, 0, false, "       7"},         {INT64_MIN, 8, 0, false, "-4775808"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mw_lcd lcd;
        mw_lcd_clear(&lcd);
        mw_lcd_number(&lcd, cases[i].value, cases[i].width, cases[i].decimals, cases[i].zeros);
        check_glass(&lcd, cases[i].want);
    }
}

static void test_text(void **state) {
    (void)state;
    mw_lcd lcd;
    mw_lcd_clear(&lcd);
    mw_lcd_text(&lcd, "no Err");
    check_glass(&lcd, "  no Err");
    mw_lcd_text(&lcd, "1.23.4");
    check_glass(&lcd, "    1.23.4");
    mw_lcd_text(&lcd, "0123456789");
    check_glass(&lcd, "23456789");
    mw_lcd_hex(&lcd, 0xA1B2C3D4);
    check_glass(&lcd, "A1b2C3d4");
    mw_lcd_code(&lcd, "15.8.1");
    MW_CHECK_EQ(lcd.small[1], 0x06);
    MW_CHECK_EQ(lcd.small[2], 0x6D | MW_LCD_POINT);
    /* Every digit and letter of the pages is told apart from every other. */
    const char *used = "0123456789AbCdEFnor-";
    for (unsigned i = 0; used[i] != 0; i++)
        for (unsigned j = i + 1; used[j] != 0; j++)
            MW_CHECK(mw_lcd_glyph(used[i]) != mw_lcd_glyph(used[j]));
}

typedef struct device {
    int64_t value[8];
    bool known[8];
} device;

static bool device_read(const void *context, uint16_t field, int64_t *out) {
    const device *d = context;
    *out = d->value[field];
    return d->known[field];
}

static void device_signs(const void *context, mw_lcd *lcd) {
    (void)context;
    mw_lcd_sign_set(lcd, MW_LCD_SIGN_LEAK, true);
}

static const mw_display_page pages[] = {
    {"1", 0, MW_DISPLAY_INDICATOR, 8, 3, MW_LCD_UNIT_M3, 0},
    {"5", 1, MW_DISPLAY_ERRORS, 0, 0, MW_LCD_UNIT_NONE, 0},
    {"6", 0, MW_DISPLAY_SEGMENTS, 0, 0, MW_LCD_UNIT_NONE, 0},
    {"15", 2, MW_DISPLAY_DATE, 0, 0, MW_LCD_UNIT_NONE, 1},
    {"16", 2, MW_DISPLAY_TIME, 0, 0, MW_LCD_UNIT_NONE, 1},
    {"17", 3, MW_DISPLAY_VERSION, 0, 0, MW_LCD_UNIT_NONE, 1},
};
static const mw_display_table battery = {.pages = pages,
                                         .count = 6,
                                         .home_s = 20,
                                         .dark_s = 60,
                                         .read = device_read,
                                         .signs = device_signs};
static const mw_display_table mains = {.pages = pages,
                                       .count = 6,
                                       .home_s = 30,
                                       .scroll_s = 10,
                                       .light_s = 15,
                                       .read = device_read,
                                       .signs = device_signs};
static const device sample = {{12345, 0x21, INT64_C(1709210096), 0x010203},
                              {true, true, true, true}};

static mw_mono s(double seconds) {
    return (mw_mono){(int64_t)(seconds * 1e9)};
}

static void show(mw_display *d, double at, const char *want) {
    mw_lcd lcd;
    mw_display_show(d, s(at), &sample, &lcd);
    if (want == NULL) {
        MW_CHECK(lcd.dark);
        return;
    }
    MW_CHECK(!lcd.dark);
    check_glass(&lcd, want);
}

static void press(mw_display *d, double at, double seconds) {
    mw_display_button(d, s(at), true);
    mw_display_button(d, s(at + seconds), false);
}

static void test_button_turns_pages(void **state) {
    (void)state;
    mw_display d;
    mw_display_init(&d, &battery, s(0));
    show(&d, 1, NULL);
    press(&d, 2, 0.2);
    show(&d, 3, "00012.345");
    press(&d, 4, 0.01); /* a bounce */
    show(&d, 4.5, "00012.345");
    press(&d, 5, 0.2);
    show(&d, 6, "Err 0021");
    press(&d, 7, 0.2);
    show(&d, 8, "8.8.8.8.8.8.8.8.");
    press(&d, 9, 0.2);
    show(&d, 10, "00012.345");
    /* The service list opens while the button is still down, and goes round by itself. */
    mw_display_button(&d, s(11), true);
    MW_CHECK_EQ(mw_display_wake(&d, s(11)).ns, s(13).ns);
    show(&d, 13, "  29.02.24");
    mw_display_button(&d, s(13.5), false);
    press(&d, 14, 0.2);
    show(&d, 15, "  12.34.56");
    press(&d, 16, 0.2);
    show(&d, 17, "     1.2.3");
    press(&d, 18, 0.2);
    show(&d, 19, "  29.02.24");
    press(&d, 20, 2.5);
    show(&d, 23, "00012.345");
    /* Left alone it goes home, then dark, and a press only wakes it. */
    press(&d, 24, 0.2);
    show(&d, 25, "Err 0021");
    show(&d, 44.3, "00012.345");
    show(&d, 85, NULL);
    press(&d, 90, 0.2);
    show(&d, 91, "00012.345");
}

static void test_mains_meter_scrolls(void **state) {
    (void)state;
    mw_display d;
    mw_display_init(&d, &mains, s(0));
    show(&d, 30, "00012.345");
    show(&d, 40, "Err 0021");
    show(&d, 70, "Err 0021"); /* three pages on */
    press(&d, 71, 0.2);
    mw_lcd lcd;
    mw_display_show(&d, s(72), &sample, &lcd);
    MW_CHECK(lcd.backlight);
    mw_display_show(&d, s(90), &sample, &lcd);
    MW_CHECK(!lcd.backlight && !lcd.dark);
}

static void test_unknown_value_shows_dashes(void **state) {
    (void)state;
    static const device nothing;
    mw_display d;
    mw_display_init(&d, &mains, s(0));
    mw_lcd lcd;
    mw_display_show(&d, s(1), &nothing, &lcd);
    check_glass(&lcd, "--------");
    MW_CHECK_EQ(lcd.signs, 1u << MW_LCD_SIGN_LEAK);
    MW_CHECK_EQ(lcd.unit, MW_LCD_UNIT_M3);
}

/* Lists with titles: a long press goes through them all, a title is shown for a second. */
static void test_menu_of_lists(void **state) {
    (void)state;
    static const mw_display_page three[] = {
        {"1", 0, MW_DISPLAY_INDICATOR, 8, 3, MW_LCD_UNIT_KWH, 0},
        {"2", 0, MW_DISPLAY_NUMBER, 8, 0, MW_LCD_UNIT_KWH, 1},
        {"3", 3, MW_DISPLAY_VERSION, 0, 0, MW_LCD_UNIT_NONE, 3},
        {"4", 1, MW_DISPLAY_ERRORS, 0, 0, MW_LCD_UNIT_NONE, 1},
    };
    static const char *const titles[] = {"EnErGy", "tArIFF", "nonE", "SErUICE"};
    static const mw_display_table menu = {.pages = three,
                                          .count = 4,
                                          .home_s = 30,
                                          .lists = 4,
                                          .titles = titles,
                                          .read = device_read,
                                          .signs = device_signs};
    mw_display d;
    mw_display_init(&d, &menu, s(0));
    show(&d, 1, "00012.345"); /* no title at first */
    press(&d, 2, 2.5);
    show(&d, 4.5, "  tAr1FF");                              /* I looks like 1, S like 5 */
    MW_CHECK_EQ(mw_display_wake(&d, s(4.5)).ns, s(5.5).ns); /* entered when the press ended */
    show(&d, 5.6, "   12345");
    press(&d, 6, 0.2);
    show(&d, 6.5, "Err 0021");
    press(&d, 7, 2.5); /* list 2 has no pages */
    show(&d, 9.6, " 5ErU1CE");
    show(&d, 11, "     1.2.3");
    press(&d, 12, 2.5);
    show(&d, 14.6, "  EnErGy");
    show(&d, 16, "00012.345");
    press(&d, 17, 2.5);
    show(&d, 50, "00012.345"); /* home by itself, without a title */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_button_turns_pages),
        cmocka_unit_test(test_mains_meter_scrolls),
        cmocka_unit_test(test_unknown_value_shows_dashes),
        cmocka_unit_test(test_menu_of_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
