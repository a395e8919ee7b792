/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/boards/host_lcd.h"

static const char *const sign_text[MW_LCD_SIGN_COUNT] = {
#define X(name, text) [MW_LCD_SIGN_##name] = text,
    MW_LCD_SIGN_LIST(X)
#undef X
};

static const char *const unit_text[MW_LCD_UNIT_COUNT] = {
#define X(name, text) [MW_LCD_UNIT_##name] = text,
    MW_LCD_UNIT_LIST(X)
#undef X
};

/* ---- text ---- */

static void print_digits(const uint8_t *digits, unsigned n, FILE *out) {
    for (unsigned i = 0; i < n; i++) {
        fputc(mw_lcd_char(digits[i]), out);
        if ((digits[i] & MW_LCD_POINT) != 0)
            fputc('.', out);
    }
}

static void print_signs(const mw_lcd *lcd, FILE *out) {
    const char *between = "";
    if (lcd->tariff != 0) {
        fprintf(out, "T%u", lcd->tariff);
        between = " ";
    }
    if (lcd->quadrant != 0) {
        fprintf(out, "%sQ%u", between, lcd->quadrant);
        between = " ";
    }
    for (unsigned i = 0; i < MW_LCD_SIGN_COUNT; i++)
        if ((lcd->signs >> i & 1) != 0) {
            fprintf(out, "%s%s", between, sign_text[i]);
            between = " ";
        }
}

void mw_lcd_print_line(const mw_lcd *lcd, FILE *out) {
    if (lcd->dark) {
        fputs("(dark)\n", out);
        return;
    }
    print_digits(lcd->small, MW_LCD_SMALL, out);
    fputs(" | ", out);
    print_digits(lcd->digit, MW_LCD_DIGITS, out);
    fprintf(out, " %s | ", lcd->all_units ? "all" : unit_text[lcd->unit]);
    print_signs(lcd, out);
    fputs(lcd->backlight ? " *\n" : "\n", out);
}

void mw_lcd_print_strokes(const mw_lcd *lcd, FILE *out) {
    if (lcd->dark) {
        fputs("\n\n\n\n", out);
        return;
    }
    print_signs(lcd, out);
    fputc('\n', out);
    for (unsigned row = 0; row < 3; row++) {
        for (unsigned i = 0; i < MW_LCD_DIGITS; i++) {
            uint8_t s = lcd->digit[i];
            static const uint8_t left[3] = {0, 1u << 5, 1u << 4}, middle[3] = {1, 1u << 6, 1u << 3},
                                 right[3] = {0, 1u << 1, 1u << 2};
            fputc((s & left[row]) != 0 ? '|' : ' ', out);
            fputc((s & middle[row]) != 0 ? '_' : ' ', out);
            fputc((s & right[row]) != 0 ? '|' : ' ', out);
            fputc(row == 2 && (s & MW_LCD_POINT) != 0 ? '.' : ' ', out);
        }
        if (row == 2)
            fprintf(out, " %s", unit_text[lcd->unit]);
        fputc('\n', out);
    }
}

/* ---- picture ---- */

typedef struct pen {
    FILE *out;
    double x, y, width, height, stroke;
} pen;

static void bar(const pen *p, double x1, double y1, double x2, double y2, bool lit) {
    fprintf(p->out,
            "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke-width=\"%.1f\" "
            "class=\"%s\"/>\n",
            p->x + x1, p->y + y1, p->x + x2, p->y + y2, p->stroke, lit ? "on" : "off");
}

static void draw_digit(const pen *p, uint8_t s) {
    double w = p->width, h = p->height, m = h / 2, e = p->stroke * 0.7;
    bar(p, e, 0, w - e, 0, s & 1);
    bar(p, w, e, w, m - e, s >> 1 & 1);
    bar(p, w, m + e, w, h - e, s >> 2 & 1);
    bar(p, e, h, w - e, h, s >> 3 & 1);
    bar(p, 0, m + e, 0, h - e, s >> 4 & 1);
    bar(p, 0, e, 0, m - e, s >> 5 & 1);
    bar(p, e, m, w - e, m, s >> 6 & 1);
    fprintf(p->out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" class=\"p%s\"/>\n",
            p->x + w + p->stroke * 1.5, p->y + h, p->stroke * 0.7,
            (s & MW_LCD_POINT) != 0 ? "on" : "off");
}

static void draw_glass(const mw_lcd *lcd, const char *title, double top, FILE *out) {
    fprintf(
        out,
        "<g role=\"img\" aria-label=\"%s\"><rect x=\"4\" y=\"%.0f\" width=\"412\" height=\"122\" "
        "rx=\"8\" class=\"%s\"/>\n",
        title, top + 4,
        lcd->dark        ? "dark"
        : lcd->backlight ? "light"
                         : "glass");
    if (lcd->dark) {
        fputs("</g>\n", out);
        return;
    }
    fprintf(out, "<text x=\"16\" y=\"%.0f\" class=\"sign\">", top + 24);
    print_signs(lcd, out);
    fputs("</text>\n", out);
    pen small = {out, 18, top + 88, 10, 24, 2.2};
    for (unsigned i = 0; i < MW_LCD_SMALL; i++, small.x += 17)
        draw_digit(&small, lcd->small[i]);
    pen large = {out, 110, top + 42, 20, 56, 4.6};
    for (unsigned i = 0; i < MW_LCD_DIGITS; i++, large.x += 33)
        draw_digit(&large, lcd->digit[i]);
    fprintf(out, "<text x=\"404\" y=\"%.0f\" class=\"unit\">%s</text></g>\n", top + 118,
            lcd->all_units ? "m³ kWh V A" : unit_text[lcd->unit]);
}

void mw_lcd_print_svg(const mw_lcd *lcd, const char *const *title, unsigned n, FILE *out) {
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %u\" width=\"%d\" "
            "height=\"%u\">\n<style>line{stroke-linecap:round}.on{stroke:#1b2a1f}"
            ".off{stroke:#1b2a1f;opacity:.05}.pon{fill:#1b2a1f}.poff{fill:#1b2a1f;opacity:.05}"
            ".glass{fill:#b9c7ae}.light{fill:#d6f0a8}.dark{fill:#8b9484}"
            "text{font-family:sans-serif;fill:#1b2a1f}.sign{font-size:11px}"
            ".unit{font-size:18px;text-anchor:end}</style>\n",
            MW_LCD_SVG_WIDTH, MW_LCD_SVG_HEIGHT * n, MW_LCD_SVG_WIDTH, MW_LCD_SVG_HEIGHT * n);
    for (unsigned i = 0; i < n; i++)
        draw_glass(&lcd[i], title[i], (double)MW_LCD_SVG_HEIGHT * i, out);
    fputs("</svg>\n", out);
}
