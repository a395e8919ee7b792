/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/lcd.h"

#include "base/assert.h"

static const struct {
    char c;
    uint8_t segments;
} glyphs[] = {
    {' ', 0x00},
    {'0', 0x3F},
    {'1', 0x06},
    {'2', 0x5B},
    {'3', 0x4F},
    {'4', 0x66},
    {'5', 0x6D},
    {'6', 0x7D},
    {'7', 0x07},
    {'8', 0x7F},
    {'9', 0x6F},
    {'-', 0x40},
    {'_', 0x08},
    {'A', 0x77},
    {'b', 0x7C},
    {'C', 0x39},
    {'c', 0x58},
    {'d', 0x5E},
    {'E', 0x79},
    {'F', 0x71},
    {'G', 0x3D},
    {'H', 0x76},
    {'h', 0x74},
    {'J', 0x1E},
    {'L', 0x38},
    {'n', 0x54},
    {'o', 0x5C},
    {'P', 0x73},
    {'q', 0x67},
    {'r', 0x50},
    {'t', 0x78},
    {'U', 0x3E},
    {'u', 0x1C},
    {'y', 0x6E},
    /* letters that look like a digit or another letter */
    {'I', 0x06},
    {'O', 0x3F},
    {'S', 0x6D},
    {'B', 0x7C},
    {'D', 0x5E},
    {'N', 0x54},
    {'R', 0x50},
    {'T', 0x78},
    {'a', 0x77},
    {'e', 0x79},
    {'f', 0x71},
    {'i', 0x06},
    {'l', 0x38},
    {'p', 0x73},
    {'s', 0x6D},
    {'Q', 0x67},
    {'Y', 0x6E},
};

#define GLYPHS (sizeof glyphs / sizeof glyphs[0])

uint8_t mw_lcd_glyph(char c) {
    for (unsigned i = 0; i < GLYPHS; i++)
        if (glyphs[i].c == c)
            return glyphs[i].segments;
    return 0;
}

char mw_lcd_char(uint8_t segments) {
    for (unsigned i = 0; i < GLYPHS; i++)
        if (glyphs[i].segments == (segments & ~MW_LCD_POINT))
            return glyphs[i].c;
    return '?';
}

void mw_lcd_clear(mw_lcd *lcd) {
    *lcd = (mw_lcd){0};
}

void mw_lcd_all(mw_lcd *lcd) {
    mw_lcd_clear(lcd);
    for (unsigned i = 0; i < MW_LCD_DIGITS; i++)
        lcd->digit[i] = 0xFF;
    for (unsigned i = 0; i < MW_LCD_SMALL; i++)
        lcd->small[i] = 0xFF;
    lcd->signs = (UINT32_C(1) << MW_LCD_SIGN_COUNT) - 1;
    lcd->all_units = true;
}

/* From the right, so that what is too long loses its left end. */
static void place(uint8_t *digits, unsigned n, const char *text) {
    size_t length = 0;
    while (text[length] != 0)
        length++;
    for (unsigned i = 0; i < n; i++)
        digits[i] = 0;
    unsigned at = n;
    bool point = false;
    while (length > 0 && at > 0) {
        char c = text[--length];
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        digits[--at] = (uint8_t)(mw_lcd_glyph(c) | (point ? MW_LCD_POINT : 0));
        point = false;
    }
}

void mw_lcd_text(mw_lcd *lcd, const char *text) {
    place(lcd->digit, MW_LCD_DIGITS, text);
}

void mw_lcd_code(mw_lcd *lcd, const char *text) {
    place(lcd->small, MW_LCD_SMALL, text);
}

void mw_lcd_number(mw_lcd *lcd, int64_t value, unsigned width, unsigned decimals, bool zeros) {
    mw_assert(width >= 1 && width <= MW_LCD_DIGITS && decimals < width);
    uint64_t left = value < 0 ? ~(uint64_t)value + 1 : (uint64_t)value;
    for (unsigned i = 0; i < MW_LCD_DIGITS; i++)
        lcd->digit[i] = 0;
    unsigned at = MW_LCD_DIGITS;
    for (unsigned i = 0; i < width; i++) {
        if (i > decimals && left == 0 && !zeros)
            break;
        lcd->digit[--at] = glyphs[1 + left % 10].segments;
        if (decimals != 0 && i == decimals)
            lcd->digit[at] |= MW_LCD_POINT;
        left /= 10;
    }
    if (value < 0)
        lcd->digit[at > 0 ? at - 1 : 0] = mw_lcd_glyph('-');
}

void mw_lcd_hex(mw_lcd *lcd, uint32_t value) {
    static const char digits[] = "0123456789AbCdEF";
    for (unsigned i = 0; i < MW_LCD_DIGITS; i++)
        lcd->digit[i] = mw_lcd_glyph(digits[value >> (28 - 4 * i) & 15]);
}
