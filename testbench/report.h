/* SPDX-License-Identifier: Apache-2.0
 *
 * A test report as a laboratory writes it: what was tested, with which firmware, from which seeds;
 * for each device type its points with the extremes over all devices, the limit and a verdict;
 * error curves within their limits; at the end every limit with its source and how far that source
 * could be checked. The benches fill it, this file and its two writers know no meter.
 */
#ifndef MW_TESTBENCH_REPORT_H
#define MW_TESTBENCH_REPORT_H

#include <stdio.h>

#include "base/bytes.h"

#define MW_REPORT_ROWS     192
#define MW_REPORT_LIMITS   40
#define MW_REPORT_FACTS    12
#define MW_REPORT_SUBJECTS 8
#define MW_REPORT_CURVES   12 /* of one subject */
#define MW_REPORT_POINTS   24 /* of one curve */

typedef struct mw_report_limit {
    const char *quantity;
    double most; /* absolute value */
    double target;
    const char *unit;
    const char *source, *checked;
} mw_report_limit;

typedef struct mw_report_row {
    char condition[48];
    unsigned limit; /* index of mw_report_subject.limit */
    bool has_x;
    double x;               /* flow, current: what the error curve is drawn over, > 0 */
    bool curve;             /* a point of the curve of its condition */
    double mean, low, high; /* over the devices */
    bool passed;
} mw_report_row;

/* One device type. */
typedef struct mw_report_subject {
    char name[64];
    char facts[160];     /* its ratings in a line */
    const char *x_label; /* with its unit: "flow, m³/h" */
    mw_report_limit limit[MW_REPORT_LIMITS];
    unsigned limits;
    mw_report_row row[MW_REPORT_ROWS];
    unsigned rows;
} mw_report_subject;

typedef struct mw_report {
    char title[96];
    struct {
        char label[32], value[160];
    } fact[MW_REPORT_FACTS];
    unsigned facts;
    mw_report_subject subject[MW_REPORT_SUBJECTS];
    unsigned subjects;
} mw_report;

/* What a bench was told on its command line; NULL: not asked for. */
typedef struct mw_report_files {
    const char *html, *pdf;
    const char *image; /* what the report names as firmware; NULL: the running program */
} mw_report_files;

void mw_report_begin(mw_report *r, const char *title);
void mw_report_fact(mw_report *r, const char *label, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* SHA-256 and name of what holds the firmware under test: an image file, or with NULL the running
 * program, into which the same sources were compiled. MW_IO. */
MW_NODISCARD mw_status mw_report_firmware(mw_report *r, const char *image);
mw_report_subject *mw_report_subject_add(mw_report *r, const char *name, const char *x_label);
void mw_report_limit_add(mw_report_subject *s, const mw_report_limit *limit);
/* `format` names the condition; the verdict follows from low, high and the limit. */
mw_report_row *mw_report_row_add(mw_report_subject *s, unsigned limit, double mean, double low,
                                 double high, const char *condition);

unsigned mw_report_failures(const mw_report *r);

/* The points of one condition in rising order of x. */
typedef struct mw_report_curve {
    const char *condition;
    unsigned points;
    const mw_report_row *point[MW_REPORT_POINTS];
} mw_report_curve;

/* Returns how many; conditions with fewer than three points are left out. */
unsigned mw_report_curves(const mw_report_subject *s, mw_report_curve out[MW_REPORT_CURVES]);
/* Range of the axes over all curves: x for a logarithmic axis, y symmetric. */
typedef struct mw_report_axes {
    double x_low, x_high, y_most;
} mw_report_axes;
mw_report_axes mw_report_axes_of(const mw_report_subject *s, const mw_report_curve *c, unsigned n);

void mw_report_html(const mw_report *r, FILE *out);
/* MW_IO, MW_NOMEM. */
MW_NODISCARD mw_status mw_report_pdf(const mw_report *r, const char *path);
/* Whether `name` is one of the report's options: --html, --pdf, --image. */
bool mw_report_option(const char *name, const char *value, mw_report_files *io);
/* Writes those whose path is not NULL; says on stderr what could not be written. */
MW_NODISCARD mw_status mw_report_write(const mw_report *r, const mw_report_files *files);

#endif
