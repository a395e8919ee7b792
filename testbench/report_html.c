/* SPDX-License-Identifier: Apache-2.0
 *
 * A report as one HTML file without scripts or outside parts, with a style for paper.
 */
#include <math.h>
#include <stdio.h>

#include "testbench/report.h"

#define WIDTH  720.0
#define HEIGHT 260.0
#define LEFT   56.0
#define BOTTOM 40.0
#define TOP    12.0

static const char *const colours[MW_REPORT_CURVES] = {"#1f5fa8", "#b3541e", "#2e7d4f", "#7a3f98",
                                                      "#a31f34", "#3b7f8c", "#6b6b16", "#444444",
                                                      "#c2185b", "#00695c", "#5d4037", "#283593"};

static const char style[] =
    "body{font:14px/1.45 system-ui,sans-serif;color:#1c2733;max-width:60rem;margin:2rem auto;"
    "padding:0 1rem}h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.2rem}"
    "table{border-collapse:collapse;width:100%;margin:.6rem 0;font-variant-numeric:tabular-nums}"
    "th,td{padding:.22rem .5rem;border-bottom:1px solid #d7dde3;text-align:left;vertical-align:top}"
    "td.n,th.n{text-align:right}.pass{color:#1d6b3a}.fail{color:#a31f34;font-weight:700}"
    ".verdict{padding:.5rem .8rem;border-left:5px solid #1d6b3a;background:#eef7f0}"
    ".verdict.fail{border-color:#a31f34;background:#fbeef0}.muted{color:#5b6875}"
    "svg{width:100%;height:auto}@media print{body{max-width:none;margin:0;font-size:10px}"
    "h2{break-before:page}tr{break-inside:avoid}}";

static void text(const char *s, FILE *out) {
    for (; *s != 0; s++) {
        switch (*s) {
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        default:
            fputc(*s, out);
        }
    }
}

/* ---- the picture ---- */

static double across(const mw_report_axes *a, double x) {
    return LEFT + (WIDTH - LEFT - 12) * log(x / a->x_low) / log(a->x_high / a->x_low);
}

static double up(const mw_report_axes *a, double y) {
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - (y / a->y_most + 1) / 2);
}

/* The limit may change along the curve: a step between two points. */
static void limit_draw(const mw_report_subject *s, const mw_report_curve *c,
                       const mw_report_axes *a, double sign, FILE *out) {
    fputs("<path fill=\"none\" stroke=\"#a31f34\" stroke-dasharray=\"5 3\" d=\"", out);
    for (unsigned k = 0; k < c->points; k++) {
        double y = up(a, sign * s->limit[c->point[k]->limit].most);
        double from = across(a, c->point[k]->x);
        double to = k + 1 < c->points ? across(a, c->point[k + 1]->x) : from;
        fprintf(out, "%c%.1f %.1fH%.1f", k == 0 ? 'M' : 'L', from, y, to);
    }
    fputs("\"/>\n", out);
}

static void curve_draw(const mw_report_curve *c, const mw_report_axes *a, const char *colour,
                       FILE *out) {
    fprintf(out, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"1.8\" d=\"", colour);
    for (unsigned k = 0; k < c->points; k++)
        fprintf(out, "%c%.1f %.1f", k == 0 ? 'M' : 'L', across(a, c->point[k]->x),
                up(a, c->point[k]->mean));
    fputs("\"/>\n", out);
    for (unsigned k = 0; k < c->points; k++) {
        double x = across(a, c->point[k]->x);
        fprintf(out,
                "<path stroke=\"%s\" d=\"M%.1f %.1fV%.1f\"/><circle cx=\"%.1f\" cy=\"%.1f\" "
                "r=\"2.4\" fill=\"%s\"/>\n",
                colour, x, up(a, c->point[k]->low), up(a, c->point[k]->high), x,
                up(a, c->point[k]->mean), colour);
    }
}

static void axes_draw(const mw_report_subject *s, const mw_report_axes *a, FILE *out) {
    fprintf(out, "<path stroke=\"#5b6875\" fill=\"none\" d=\"M%.1f %.1fV%.1fH%.1f\"/>\n", LEFT, TOP,
            HEIGHT - BOTTOM, WIDTH - 12);
    double step = a->y_most > 4 ? 2 : a->y_most > 1.6 ? 1 : a->y_most > 0.8 ? 0.5 : 0.2;
    for (double y = -step * floor(a->y_most / step); y <= a->y_most; y += step)
        fprintf(out,
                "<path stroke=\"#d7dde3\" d=\"M%.1f %.1fH%.1f\"/><text x=\"%.1f\" y=\"%.1f\" "
                "text-anchor=\"end\">%+.1f</text>\n",
                LEFT, up(a, y), WIDTH - 12, LEFT - 6, up(a, y) + 4, y + 0.0);
    for (double decade = pow(10, floor(log10(a->x_low))); decade <= a->x_high; decade *= 10)
        for (unsigned m = 1; m < 10; m += m == 1 ? 1 : m == 2 ? 3 : 5)
            if (decade * m >= a->x_low * 0.999 && decade * m <= a->x_high * 1.001)
                fprintf(out,
                        "<path stroke=\"#d7dde3\" d=\"M%.1f %.1fV%.1f\"/><text x=\"%.1f\" "
                        "y=\"%.1f\" text-anchor=\"middle\">%g</text>\n",
                        across(a, decade * m), TOP, HEIGHT - BOTTOM, across(a, decade * m),
                        HEIGHT - BOTTOM + 15, decade * m);
    fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">", WIDTH / 2, HEIGHT - 6);
    text(s->x_label, out);
    fputs("</text>\n", out);
}

static void picture(const mw_report_subject *s, FILE *out) {
    mw_report_curve c[MW_REPORT_CURVES];
    unsigned n = mw_report_curves(s, c);
    if (n == 0)
        return;
    mw_report_axes a = mw_report_axes_of(s, c, n);
    fprintf(out,
            "<figure><svg viewBox=\"0 0 %.0f %.0f\" font-size=\"11\" fill=\"#1c2733\" role=\"img\" "
            "aria-label=\"Error curves of ",
            WIDTH, HEIGHT);
    text(s->name, out);
    fputs(" in percent; the table below has every value\">\n", out);
    axes_draw(s, &a, out);
    limit_draw(s, &c[0], &a, 1, out);
    limit_draw(s, &c[0], &a, -1, out);
    for (unsigned i = 0; i < n; i++)
        curve_draw(&c[i], &a, colours[i], out);
    fputs("</svg><figcaption class=\"muted\">Mean over the devices with extremes, and the limits. ",
          out);
    for (unsigned i = 0; i < n; i++) {
        fprintf(out, "<span style=\"color:%s\">&#9679;</span> ", colours[i]);
        text(c[i].condition, out);
        fputs(i + 1 < n ? "; " : "</figcaption></figure>\n", out);
    }
}

/* ---- the tables ---- */

static void row_print(const mw_report_subject *s, const mw_report_row *row, FILE *out) {
    const mw_report_limit *l = &s->limit[row->limit];
    fputs("<tr><td>", out);
    text(row->condition, out);
    fputs("</td><td>", out);
    text(l->quantity, out);
    fputs("</td><td class=\"n\">", out);
    if (row->has_x)
        fprintf(out, "%g", row->x);
    fprintf(out,
            "</td><td class=\"n\">%+.3f</td><td class=\"n\">%+.3f</td><td class=\"n\">%+.3f</td>"
            "<td class=\"n\">&#177;%g ",
            row->mean, row->low, row->high, l->most);
    text(l->unit, out);
    fprintf(out, "</td><td class=\"%s\">%s</td></tr>\n", row->passed ? "pass" : "fail",
            row->passed ? "pass" : "FAIL");
}

static void subject_print(const mw_report_subject *s, FILE *out) {
    fputs("<h2>", out);
    text(s->name, out);
    fputs("</h2>\n<p class=\"muted\">", out);
    text(s->facts, out);
    fputs("</p>\n", out);
    picture(s, out);
    fputs("<table><thead><tr><th>Condition</th><th>Quantity</th><th class=\"n\">", out);
    text(s->x_label, out);
    fputs("</th><th class=\"n\">Mean</th><th class=\"n\">Lowest</th><th class=\"n\">Highest</th>"
          "<th class=\"n\">Limit</th><th>Verdict</th></tr></thead><tbody>\n",
          out);
    for (unsigned i = 0; i < s->rows; i++)
        row_print(s, &s->row[i], out);
    fputs("</tbody></table>\n<table><thead><tr><th>Limit</th><th class=\"n\">Value</th><th>Source"
          "</th><th>How far it could be checked</th></tr></thead><tbody>\n",
          out);
    for (unsigned i = 0; i < s->limits; i++) {
        const mw_report_limit *l = &s->limit[i];
        fputs("<tr><td>", out);
        text(l->quantity, out);
        fprintf(out, "</td><td class=\"n\">%g ", l->most);
        text(l->unit, out);
        fputs("</td><td>", out);
        text(l->source, out);
        fputs("</td><td>", out);
        text(l->checked, out);
        fputs("</td></tr>\n", out);
    }
    fputs("</tbody></table>\n", out);
}

void mw_report_html(const mw_report *r, FILE *out) {
    unsigned failures = mw_report_failures(r), points = 0;
    for (unsigned i = 0; i < r->subjects; i++)
        points += r->subject[i].rows;
    fputs(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width,initial-scale=1\"><title>",
        out);
    text(r->title, out);
    fprintf(out, "</title><style>%s</style></head><body>\n<h1>", style);
    text(r->title, out);
    fprintf(out,
            "</h1>\n<p class=\"verdict%s\"><strong>%s</strong> %u points, %u outside their limit."
            "</p>\n<table>\n",
            failures == 0 ? "" : " fail", failures == 0 ? "Passed." : "Not passed.", points,
            failures);
    for (unsigned i = 0; i < r->facts; i++) {
        fputs("<tr><th>", out);
        text(r->fact[i].label, out);
        fputs("</th><td>", out);
        text(r->fact[i].value, out);
        fputs("</td></tr>\n", out);
    }
    fputs("</table>\n", out);
    for (unsigned i = 0; i < r->subjects; i++)
        subject_print(&r->subject[i], out);
    fputs("</body></html>\n", out);
}
