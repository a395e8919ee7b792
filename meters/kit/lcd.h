/* SPDX-License-Identifier: Apache-2.0
 *
 * The segments of a meter's display: eight large digits, five small ones for the code of the page,
 * and signs. This is what a board's driver shifts into its glass and what a simulator draws; the
 * kit never holds text.
 *
 *      --a--        bit 0 a, 1 b, 2 c, 3 d, 4 e, 5 f, 6 g, 7 the point behind the digit
 *     f     b
 *      --g--
 *     e     c
 *      --d--  .
 */
#ifndef MW_METERS_KIT_LCD_H
#define MW_METERS_KIT_LCD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MW_LCD_DIGITS 8
#define MW_LCD_SMALL  5
#define MW_LCD_POINT  0x80u

/* X(name, what a drawing writes) */
#define MW_LCD_SIGN_LIST(X)                                                                        \
    X(ALARM, "!")                                                                                  \
    X(BATTERY, "BAT")                                                                              \
    X(TAMPER, "OPEN")                                                                              \
    X(MAGNET, "MAG")                                                                               \
    X(LEAK, "LEAK")                                                                                \
    X(BURST, "BURST")                                                                              \
    X(REVERSE, "←")                                                                                \
    X(FLOW, "→")                                                                                   \
    X(FROST, "FROST")                                                                              \
    X(SENSOR, "ERR")                                                                               \
    X(RADIO, "RF")                                                                                 \
    X(CLOCK, "CLK")                                                                                \
    X(RELAY_OPEN, "OFF")                                                                           \
    X(CREEP, "I0")                                                                                 \
    X(L1, "L1")                                                                                    \
    X(L2, "L2")                                                                                    \
    X(L3, "L3")                                                                                    \
    X(PHASE_ORDER, "ORDER")                                                                        \
    X(GENERATION, "GEN")

typedef enum mw_lcd_sign {
#define X(name, text) MW_LCD_SIGN_##name,
    MW_LCD_SIGN_LIST(X)
#undef X
        MW_LCD_SIGN_COUNT
} mw_lcd_sign;

/* X(name, what a drawing writes) */
#define MW_LCD_UNIT_LIST(X)                                                                        \
    X(NONE, "")                                                                                    \
    X(M3, "m³")                                                                                    \
    X(M3_H, "m³/h")                                                                                \
    X(KWH, "kWh")                                                                                  \
    X(KVARH, "kvarh")                                                                              \
    X(KW, "kW")                                                                                    \
    X(KVAR, "kvar")                                                                                \
    X(KVA, "kVA")                                                                                  \
    X(V, "V")                                                                                      \
    X(A, "A")                                                                                      \
    X(HZ, "Hz")                                                                                    \
    X(DEG_C, "°C")                                                                                 \
    X(DEG, "°")                                                                                    \
    X(BAR, "bar")                                                                                  \
    X(PERCENT, "%")                                                                                \
    X(IMP, "imp")

typedef enum mw_lcd_unit {
#define X(name, text) MW_LCD_UNIT_##name,
    MW_LCD_UNIT_LIST(X)
#undef X
        MW_LCD_UNIT_COUNT
} mw_lcd_unit;

typedef struct mw_lcd {
    uint8_t digit[MW_LCD_DIGITS]; /* left to right */
    uint8_t small[MW_LCD_SMALL];
    uint32_t signs;   /* bit per mw_lcd_sign */
    uint8_t unit;     /* mw_lcd_unit */
    uint8_t tariff;   /* 1..8; 0: no such sign lit */
    uint8_t quadrant; /* 1..4; 0: none lit */
    bool all_units;   /* test of segments: every unit, tariff and quadrant sign */
    bool backlight;
    bool dark; /* nothing is shown: the glass is off */
} mw_lcd;

/* Segments of a character; those that seven segments cannot show come out as a blank. */
uint8_t mw_lcd_glyph(char c);
/* The character that shows as these segments (without the point), '?' when none does. */
char mw_lcd_char(uint8_t segments);

void mw_lcd_clear(mw_lcd *lcd);
/* Every segment and sign on. */
void mw_lcd_all(mw_lcd *lcd);
/* Right-aligned in the large digits; a '.' goes behind the digit before it. Longer text loses its
 * left end. */
void mw_lcd_text(mw_lcd *lcd, const char *text);
void mw_lcd_code(mw_lcd *lcd, const char *text);
/* value / 10^decimals over `width` digits (1..8), zeros filled in front when `zeros`. A register
 * that is wider than its indicator rolls over: its upper digits are left out. A negative value
 * takes one more place for its sign; where none is left, "-" and the digits that fit (`zeros` must
 * not be set then). decimals < width. */
void mw_lcd_number(mw_lcd *lcd, int64_t value, unsigned width, unsigned decimals, bool zeros);
void mw_lcd_hex(mw_lcd *lcd, uint32_t value);
static inline void mw_lcd_sign_set(mw_lcd *lcd, mw_lcd_sign sign, bool on) {
    uint32_t bit = UINT32_C(1) << sign;
    lcd->signs = on ? lcd->signs | bit : lcd->signs & ~bit;
}

#endif
