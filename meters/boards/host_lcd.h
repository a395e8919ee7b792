/* SPDX-License-Identifier: Apache-2.0
 *
 * A display drawn from its segments, as text for a terminal and as a picture (SVG). Draws what is
 * lit and nothing else: what it shows is what a person would read off the glass.
 */
#ifndef MW_METERS_BOARDS_HOST_LCD_H
#define MW_METERS_BOARDS_HOST_LCD_H

#include <stdio.h>

#include "meters/kit/lcd.h"

/* One line: code, digits, unit, signs, such as "1.8.0 | 00012.345 kWh | T2 L1 L2 L3". */
void mw_lcd_print_line(const mw_lcd *lcd, FILE *out);
/* Three rows of strokes with the signs above. */
void mw_lcd_print_strokes(const mw_lcd *lcd, FILE *out);
/* A whole SVG document of MW_LCD_SVG_WIDTH x MW_LCD_SVG_HEIGHT; `title` becomes its text
 * alternative. Several displays stand below each other with n > 1. */
#define MW_LCD_SVG_WIDTH  420
#define MW_LCD_SVG_HEIGHT 130
void mw_lcd_print_svg(const mw_lcd *lcd, const char *const *title, unsigned n, FILE *out);

#endif
