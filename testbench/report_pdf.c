/* SPDX-License-Identifier: Apache-2.0
 *
 * A report as PDF on A4, drawn with libharu: a title page with the facts, then each device type
 * with its curves and tables.
 */
#include <hpdf.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "testbench/report.h"

#define LEFT   42.0f
#define RIGHT  553.0f
#define TOP    800.0f
#define BOTTOM 48.0f
#define LINE   10.5f

typedef struct paper {
    HPDF_Doc doc;
    HPDF_Page page;
    HPDF_Font plain, bold;
    float y;
    unsigned number;
    const char *title;
    bool failed;
} paper;

static void on_error(HPDF_STATUS error, HPDF_STATUS detail, void *context) {
    (void)error;
    (void)detail;
    ((paper *)context)->failed = true;
}

/* The standard fonts know Latin-1: of UTF-8, two-byte sequences up to U+00FF. */
static const char *latin(const char *s, char out[200]) {
    unsigned n = 0;
    for (; *s != 0 && n < 198; s++) {
        unsigned char c = (unsigned char)*s;
        if ((c == 0xC2 || c == 0xC3) && s[1] != 0) {
            out[n++] = (char)((c & 3) << 6 | (*++s & 0x3F));
            continue;
        }
        out[n++] = c < 0x80 ? (char)c : '?';
    }
    out[n] = 0;
    return out;
}

static void write(paper *p, HPDF_Font font, float size, float x, float y, const char *s) {
    char buffer[200];
    HPDF_Page_BeginText(p->page);
    HPDF_Page_SetFontAndSize(p->page, font, size);
    HPDF_Page_TextOut(p->page, x, y, latin(s, buffer));
    HPDF_Page_EndText(p->page);
}

static void write_right(paper *p, HPDF_Font font, float size, float x, float y, const char *s) {
    char buffer[200];
    HPDF_Page_SetFontAndSize(p->page, font, size);
    write(p, font, size, x - HPDF_Page_TextWidth(p->page, latin(s, buffer)), y, s);
}

static void rule(paper *p, float y, float grey) {
    HPDF_Page_SetGrayStroke(p->page, grey);
    HPDF_Page_SetLineWidth(p->page, 0.4f);
    HPDF_Page_MoveTo(p->page, LEFT, y);
    HPDF_Page_LineTo(p->page, RIGHT, y);
    HPDF_Page_Stroke(p->page);
}

static void page_new(paper *p) {
    char foot[32];
    p->page = HPDF_AddPage(p->doc);
    HPDF_Page_SetSize(p->page, HPDF_PAGE_SIZE_A4, HPDF_PAGE_PORTRAIT);
    p->number++;
    snprintf(foot, sizeof foot, "page %u", p->number);
    write(p, p->plain, 7.5f, LEFT, 26, p->title);
    write_right(p, p->plain, 7.5f, RIGHT, 26, foot);
    p->y = TOP;
}

static bool room(paper *p, float height) {
    if (p->y - height >= BOTTOM)
        return true;
    page_new(p);
    return false;
}

/* ---- curves ---- */

typedef struct frame {
    float left, bottom, width, height;
    mw_report_axes axes;
} frame;

static float across(const frame *f, double x) {
    return f->left +
           f->width * (float)(log(x / f->axes.x_low) / log(f->axes.x_high / f->axes.x_low));
}

static float up(const frame *f, double y) {
    return f->bottom + f->height * (float)((y / f->axes.y_most + 1) / 2);
}

static void colour(paper *p, unsigned i) {
    static const float rgb[6][3] = {{0.12f, 0.37f, 0.66f}, {0.70f, 0.33f, 0.12f},
                                    {0.18f, 0.49f, 0.31f}, {0.48f, 0.25f, 0.60f},
                                    {0.23f, 0.50f, 0.55f}, {0.42f, 0.42f, 0.09f}};
    HPDF_Page_SetRGBStroke(p->page, rgb[i % 6][0], rgb[i % 6][1], rgb[i % 6][2]);
    HPDF_Page_SetRGBFill(p->page, rgb[i % 6][0], rgb[i % 6][1], rgb[i % 6][2]);
}

static void grid_draw(paper *p, const frame *f, const char *x_label) {
    char label[24];
    double most = f->axes.y_most;
    double step = most > 4 ? 2 : most > 1.6 ? 1 : most > 0.8 ? 0.5 : 0.2;
    HPDF_Page_SetLineWidth(p->page, 0.4f);
    for (double y = -step * floor(most / step); y <= most; y += step) {
        HPDF_Page_SetGrayStroke(p->page, 0.85f);
        HPDF_Page_MoveTo(p->page, f->left, up(f, y));
        HPDF_Page_LineTo(p->page, f->left + f->width, up(f, y));
        HPDF_Page_Stroke(p->page);
        snprintf(label, sizeof label, "%+.1f", y + 0.0);
        write_right(p, p->plain, 7, f->left - 4, up(f, y) - 2.5f, label);
    }
    for (double decade = pow(10, floor(log10(f->axes.x_low))); decade <= f->axes.x_high;
         decade *= 10)
        for (unsigned m = 1; m < 10; m += m == 1 ? 1 : m == 2 ? 3 : 5) {
            double x = decade * m;
            if (x < f->axes.x_low * 0.999 || x > f->axes.x_high * 1.001)
                continue;
            HPDF_Page_MoveTo(p->page, across(f, x), f->bottom);
            HPDF_Page_LineTo(p->page, across(f, x), f->bottom + f->height);
            HPDF_Page_Stroke(p->page);
            snprintf(label, sizeof label, "%g", x);
            write(p, p->plain, 7, across(f, x) - 6, f->bottom - 10, label);
        }
    write(p, p->plain, 7, f->left + f->width / 2 - 20, f->bottom - 20, x_label);
}

static void limit_draw(paper *p, const frame *f, const mw_report_subject *s,
                       const mw_report_curve *c, double sign) {
    const HPDF_UINT16 dash[] = {4, 2};
    HPDF_Page_SetRGBStroke(p->page, 0.64f, 0.12f, 0.2f);
    HPDF_Page_SetDash(p->page, dash, 2, 0);
    for (unsigned k = 0; k < c->points; k++) {
        float x = across(f, c->point[k]->x), y = up(f, sign * s->limit[c->point[k]->limit].most);
        if (k == 0)
            HPDF_Page_MoveTo(p->page, x, y);
        HPDF_Page_LineTo(p->page, x, y);
        if (k + 1 < c->points)
            HPDF_Page_LineTo(p->page, across(f, c->point[k + 1]->x), y);
    }
    HPDF_Page_Stroke(p->page);
    HPDF_Page_SetDash(p->page, NULL, 0, 0);
}

static void curve_draw(paper *p, const frame *f, const mw_report_curve *c) {
    HPDF_Page_SetLineWidth(p->page, 1);
    HPDF_Page_MoveTo(p->page, across(f, c->point[0]->x), up(f, c->point[0]->mean));
    for (unsigned k = 1; k < c->points; k++)
        HPDF_Page_LineTo(p->page, across(f, c->point[k]->x), up(f, c->point[k]->mean));
    HPDF_Page_Stroke(p->page);
    HPDF_Page_SetLineWidth(p->page, 0.5f);
    for (unsigned k = 0; k < c->points; k++) {
        float x = across(f, c->point[k]->x);
        HPDF_Page_MoveTo(p->page, x, up(f, c->point[k]->low));
        HPDF_Page_LineTo(p->page, x, up(f, c->point[k]->high));
        HPDF_Page_Stroke(p->page);
        HPDF_Page_Circle(p->page, x, up(f, c->point[k]->mean), 1.4f);
        HPDF_Page_Fill(p->page);
    }
}

static void picture(paper *p, const mw_report_subject *s) {
    mw_report_curve c[MW_REPORT_CURVES];
    unsigned n = mw_report_curves(s, c);
    if (n == 0)
        return;
    room(p, 250);
    frame f = {LEFT + 24, p->y - 170, RIGHT - LEFT - 30, 160, mw_report_axes_of(s, c, n)};
    grid_draw(p, &f, s->x_label);
    limit_draw(p, &f, s, &c[0], 1);
    limit_draw(p, &f, s, &c[0], -1);
    for (unsigned i = 0; i < n; i++) {
        colour(p, i);
        curve_draw(p, &f, &c[i]);
        write(p, p->bold, 7.5f, f.left + 120.0f * (float)(i % 4),
              f.bottom - 34 - LINE * (float)(i / 4), c[i].condition);
    }
    HPDF_Page_SetGrayFill(p->page, 0);
    p->y = f.bottom - 50 - LINE * (float)((n - 1) / 4);
}

/* ---- tables ---- */

static void rows_head(paper *p, const char *x_label) {
    static const char *const names[] = {"Mean", "Lowest", "Highest", "Limit"};
    static const float at[] = {372, 412, 452, 506};
    write(p, p->bold, 7.5f, LEFT, p->y, "Condition");
    write(p, p->bold, 7.5f, 182, p->y, "Quantity");
    write_right(p, p->bold, 7.5f, 332, p->y, x_label);
    for (unsigned i = 0; i < 4; i++)
        write_right(p, p->bold, 7.5f, at[i], p->y, names[i]);
    write(p, p->bold, 7.5f, 516, p->y, "Verdict");
    rule(p, p->y - 3, 0.3f);
    p->y -= LINE + 2;
}

static void row_print(paper *p, const mw_report_subject *s, const mw_report_row *row) {
    const mw_report_limit *l = &s->limit[row->limit];
    const double values[3] = {row->mean, row->low, row->high};
    char cell[48];
    if (!room(p, LINE))
        rows_head(p, s->x_label);
    write(p, p->plain, 7.5f, LEFT, p->y, row->condition);
    write(p, p->plain, 7.5f, 182, p->y, l->quantity);
    if (row->has_x) {
        snprintf(cell, sizeof cell, "%g", row->x);
        write_right(p, p->plain, 7.5f, 332, p->y, cell);
    }
    for (unsigned i = 0; i < 3; i++) {
        snprintf(cell, sizeof cell, "%+.3f", values[i]);
        write_right(p, p->plain, 7.5f, 372.0f + 40.0f * (float)i, p->y, cell);
    }
    snprintf(cell, sizeof cell, "\xC2\xB1%g %s", l->most, l->unit);
    write_right(p, p->plain, 7.5f, 506, p->y, cell);
    write(p, row->passed ? p->plain : p->bold, 7.5f, 516, p->y, row->passed ? "pass" : "FAIL");
    p->y -= LINE;
}

static void limits_print(paper *p, const mw_report_subject *s) {
    room(p, 60);
    p->y -= 8;
    write(p, p->bold, 9, LEFT, p->y, "Limits, their sources, and how far they could be checked");
    p->y -= LINE + 3;
    for (unsigned i = 0; i < s->limits; i++) {
        const mw_report_limit *l = &s->limit[i];
        char cell[64];
        room(p, 2 * LINE);
        snprintf(cell, sizeof cell, "%g %s", l->most, l->unit);
        write(p, p->plain, 7.5f, LEFT, p->y, l->quantity);
        write_right(p, p->plain, 7.5f, 240, p->y, cell);
        write(p, p->plain, 7.5f, 256, p->y, l->source);
        write(p, p->plain, 7, 256, p->y - 8.5f, l->checked);
        p->y -= 2 * LINE - 1;
    }
}

static void subject_print(paper *p, const mw_report_subject *s) {
    page_new(p);
    write(p, p->bold, 14, LEFT, p->y, s->name);
    write(p, p->plain, 8, LEFT, p->y - 14, s->facts);
    p->y -= 34;
    picture(p, s);
    rows_head(p, s->x_label);
    for (unsigned i = 0; i < s->rows; i++)
        row_print(p, s, &s->row[i]);
    limits_print(p, s);
}

static void cover_print(paper *p, const mw_report *r) {
    char verdict[96];
    unsigned points = 0, failures = mw_report_failures(r);
    for (unsigned i = 0; i < r->subjects; i++)
        points += r->subject[i].rows;
    page_new(p);
    write(p, p->bold, 20, LEFT, p->y - 30, r->title);
    snprintf(verdict, sizeof verdict, "%s %u points, %u outside their limit.",
             failures == 0 ? "Passed." : "Not passed.", points, failures);
    write(p, p->bold, 12, LEFT, p->y - 58, verdict);
    p->y -= 92;
    for (unsigned i = 0; i < r->facts; i++) {
        write(p, p->bold, 9, LEFT, p->y, r->fact[i].label);
        write(p, p->plain, 9, 160, p->y, r->fact[i].value);
        rule(p, p->y - 4, 0.85f);
        p->y -= 16;
    }
}

mw_status mw_report_pdf(const mw_report *r, const char *path) {
    paper p = {.title = r->title};
    p.doc = HPDF_New(on_error, &p);
    if (p.doc == NULL)
        return MW_NOMEM;
    HPDF_SetCompressionMode(p.doc, HPDF_COMP_ALL);
    HPDF_SetInfoAttr(p.doc, HPDF_INFO_TITLE, r->title);
    p.plain = HPDF_GetFont(p.doc, "Helvetica", "WinAnsiEncoding");
    p.bold = HPDF_GetFont(p.doc, "Helvetica-Bold", "WinAnsiEncoding");
    cover_print(&p, r);
    for (unsigned i = 0; i < r->subjects; i++)
        subject_print(&p, &r->subject[i]);
    if (!p.failed)
        HPDF_SaveToFile(p.doc, path);
    HPDF_Free(p.doc);
    return p.failed ? MW_IO : MW_OK;
}
