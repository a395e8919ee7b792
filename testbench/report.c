/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/report.h"

#include <math.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>

#include "base/assert.h"

void mw_report_begin(mw_report *r, const char *title) {
    memset(r, 0, sizeof *r);
    snprintf(r->title, sizeof r->title, "%s", title);
}

void mw_report_fact(mw_report *r, const char *label, const char *format, ...) {
    mw_assert(r->facts < MW_REPORT_FACTS);
    va_list arguments;
    va_start(arguments, format);
    snprintf(r->fact[r->facts].label, sizeof r->fact[0].label, "%s", label);
    vsnprintf(r->fact[r->facts].value, sizeof r->fact[0].value, format, arguments);
    va_end(arguments);
    r->facts++;
}

mw_status mw_report_firmware(mw_report *r, const char *image) {
    FILE *f = fopen(image != NULL ? image : "/proc/self/exe", "rb");
    if (f == NULL)
        return MW_IO;
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    unsigned char block[65536], digest[crypto_hash_sha256_BYTES];
    for (size_t n; (n = fread(block, 1, sizeof block, f)) > 0;)
        crypto_hash_sha256_update(&state, block, n);
    bool failed = ferror(f) != 0;
    fclose(f);
    if (failed)
        return MW_IO;
    crypto_hash_sha256_final(&state, digest);
    char hex[2 * sizeof digest + 1];
    sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    mw_report_fact(r, "Firmware", "%s", image != NULL ? image : "sources compiled into this bench");
    mw_report_fact(r, "SHA-256 of it", "%s", hex);
    return MW_OK;
}

mw_report_subject *mw_report_subject_add(mw_report *r, const char *name, const char *x_label) {
    mw_assert(r->subjects < MW_REPORT_SUBJECTS);
    mw_report_subject *s = &r->subject[r->subjects++];
    snprintf(s->name, sizeof s->name, "%s", name);
    s->x_label = x_label;
    return s;
}

void mw_report_limit_add(mw_report_subject *s, const mw_report_limit *limit) {
    mw_assert(s->limits < MW_REPORT_LIMITS);
    s->limit[s->limits++] = *limit;
}

mw_report_row *mw_report_row_add(mw_report_subject *s, unsigned limit, double mean, double low,
                                 double high, const char *condition) {
    mw_assert(s->rows < MW_REPORT_ROWS && limit < s->limits);
    mw_report_row *row = &s->row[s->rows++];
    *row = (mw_report_row){.limit = limit, .mean = mean, .low = low, .high = high};
    row->passed = fmax(fabs(low), fabs(high)) <= s->limit[limit].most;
    snprintf(row->condition, sizeof row->condition, "%s", condition);
    return row;
}

unsigned mw_report_failures(const mw_report *r) {
    unsigned n = 0;
    for (unsigned k = 0; k < r->subjects; k++)
        for (unsigned i = 0; i < r->subject[k].rows; i++)
            n += !r->subject[k].row[i].passed;
    return n;
}

/* ---- curves ---- */

static mw_report_curve *curve_of(mw_report_curve *c, unsigned *n, const char *condition) {
    for (unsigned i = 0; i < *n; i++)
        if (strcmp(c[i].condition, condition) == 0)
            return &c[i];
    if (*n == MW_REPORT_CURVES)
        return NULL;
    c[*n] = (mw_report_curve){.condition = condition};
    return &c[(*n)++];
}

static void point_insert(mw_report_curve *c, const mw_report_row *row) {
    if (c->points == MW_REPORT_POINTS)
        return;
    unsigned at = c->points++;
    for (; at > 0 && c->point[at - 1]->x > row->x; at--)
        c->point[at] = c->point[at - 1];
    c->point[at] = row;
}

unsigned mw_report_curves(const mw_report_subject *s, mw_report_curve out[MW_REPORT_CURVES]) {
    unsigned n = 0, kept = 0;
    for (unsigned i = 0; i < s->rows; i++) {
        const mw_report_row *row = &s->row[i];
        mw_report_curve *c =
            row->curve && row->has_x && row->x > 0 ? curve_of(out, &n, row->condition) : NULL;
        if (c != NULL)
            point_insert(c, row);
    }
    for (unsigned i = 0; i < n; i++)
        if (out[i].points >= 3)
            out[kept++] = out[i];
    return kept;
}

mw_report_axes mw_report_axes_of(const mw_report_subject *s, const mw_report_curve *c, unsigned n) {
    mw_report_axes a = {.x_low = INFINITY, .x_high = 0, .y_most = 0};
    for (unsigned i = 0; i < n; i++)
        for (unsigned k = 0; k < c[i].points; k++) {
            const mw_report_row *row = c[i].point[k];
            a.x_low = fmin(a.x_low, row->x);
            a.x_high = fmax(a.x_high, row->x);
            a.y_most = fmax(a.y_most, s->limit[row->limit].most);
            a.y_most = fmax(a.y_most, fmax(fabs(row->low), fabs(row->high)));
        }
    a.y_most *= 1.15;
    return a;
}

/* ---- both forms ---- */

bool mw_report_option(const char *name, const char *value, mw_report_files *io) {
    const char **into = strcmp(name, "--html") == 0    ? &io->html
                        : strcmp(name, "--pdf") == 0   ? &io->pdf
                        : strcmp(name, "--image") == 0 ? &io->image
                                                       : NULL;
    if (into == NULL || *value == 0)
        return false;
    *into = value;
    return true;
}

static mw_status html_write(const mw_report *r, const char *path) {
    FILE *f = fopen(path, "w");
    if (f == NULL)
        return MW_IO;
    mw_report_html(r, f);
    bool failed = ferror(f) != 0;
    return fclose(f) != 0 || failed ? MW_IO : MW_OK;
}

mw_status mw_report_write(const mw_report *r, const mw_report_files *files) {
    mw_status s = files->html != NULL ? html_write(r, files->html) : MW_OK;
    if (s != MW_OK)
        fprintf(stderr, "cannot write %s\n", files->html);
    mw_status t = files->pdf != NULL ? mw_report_pdf(r, files->pdf) : MW_OK;
    if (t != MW_OK)
        fprintf(stderr, "cannot write %s\n", files->pdf);
    return s == MW_OK ? t : s;
}
