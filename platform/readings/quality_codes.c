/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/readings/quality_codes.h"

#include <stdio.h>

enum { DEVICE = 1, MDM = 3 };

/* By method of estimation. A class profile is a reference day of many meters; an even share
 * between two registers lies on the line between them. */
static const mw_espi_quality by_method[MW_VEE_METHODS] = {
    [MW_VEE_NO_METHOD] = MW_ESPI_OTHER,
    [MW_VEE_E1_ALTERNATE] = MW_ESPI_OTHER,
    [MW_VEE_E2_NODE] = MW_ESPI_DERIVED,
    [MW_VEE_E3_INFERRED] = MW_ESPI_OTHER,
    [MW_VEE_E4_LINEAR] = MW_ESPI_INTERPOLATED,
    [MW_VEE_E5_LIKE_DAYS] = MW_ESPI_REFERENCE_DAY,
    [MW_VEE_E6_PROXY_DAY] = MW_ESPI_REFERENCE_DAY,
    [MW_VEE_E7_PROFILE] = MW_ESPI_REFERENCE_DAY,
    [MW_VEE_E8_FLAT] = MW_ESPI_OTHER,
    [MW_VEE_E9_REGISTER] = MW_ESPI_DERIVED,
    [MW_VEE_E10_PRORATE] = MW_ESPI_INTERPOLATED,
    [MW_VEE_E11_FINAL] = MW_ESPI_OTHER,
};

static const uint32_t doubts = MW_VEE_MISSING | MW_VEE_SUSPECT | MW_VEE_CONFLICT |
                               MW_VEE_CLOCK_UNSET | MW_VEE_CLOCK_UNCERTAIN | MW_VEE_PARTIAL |
                               MW_VEE_TAMPER | MW_VEE_MEMORY_ERROR | MW_VEE_MEASURE_ERROR;

mw_espi_quality mw_quality_espi(uint32_t flags, mw_vee_method method, mw_quality_stage stage) {
    if ((flags & MW_VEE_MISSING) != 0)
        return MW_ESPI_QUESTIONABLE;
    if ((flags & MW_VEE_EDITED) != 0)
        return MW_ESPI_EDITED;
    if ((flags & MW_VEE_ESTIMATED) != 0)
        return method < MW_VEE_METHODS ? by_method[method] : MW_ESPI_OTHER;
    if ((flags & MW_VEE_ACCEPTED) != 0)
        return MW_ESPI_VERIFIED;
    if ((flags & doubts) != 0)
        return MW_ESPI_QUESTIONABLE;
    if (stage == MW_STAGE_RAW)
        return MW_ESPI_RAW;
    return stage == MW_STAGE_FINAL || (flags & MW_VEE_LOCKED) != 0 ? MW_ESPI_REVENUE
                                                                   : MW_ESPI_VALIDATED;
}

mw_espi_quality mw_quality_espi_of_many(const mw_espi_quality *q, size_t n) {
    if (n == 0)
        return MW_ESPI_QUESTIONABLE;
    for (size_t i = 1; i < n; i++)
        if (q[i] != q[0])
            return MW_ESPI_MIXED;
    return q[0];
}

const char *mw_quality_espi_name(mw_espi_quality q) {
    static const char *const names[] = {
        [MW_ESPI_VALID] = "valid",
        [MW_ESPI_EDITED] = "manually edited",
        [MW_ESPI_REFERENCE_DAY] = "estimated using reference day",
        [MW_ESPI_INTERPOLATED] = "estimated using linear interpolation",
        [MW_ESPI_QUESTIONABLE] = "questionable",
        [MW_ESPI_DERIVED] = "derived",
        [MW_ESPI_PROJECTED] = "projected",
        [MW_ESPI_MIXED] = "mixed",
        [MW_ESPI_RAW] = "raw",
        [MW_ESPI_NORMALISED] = "normalised for weather",
        [MW_ESPI_OTHER] = "other",
        [MW_ESPI_VALIDATED] = "validated",
        [MW_ESPI_VERIFIED] = "verified",
        [MW_ESPI_REVENUE] = "revenue-quality",
    };
    size_t i = (size_t)q;
    return i < sizeof names / sizeof names[0] && names[i] != NULL ? names[i] : "unknown";
}

/* Worst first, so that a reader who keeps one code keeps the one that matters. */
static const struct {
    uint32_t flag;
    mw_cim_quality code;
} codes[] = {
    {MW_VEE_MISSING, {MDM, 5, 259}},        {MW_VEE_SUSPECT, {MDM, 5, 258}},
    {MW_VEE_EDITED, {MDM, 7, 0}},           {MW_VEE_ESTIMATED, {MDM, 8, 0}},
    {MW_VEE_CONFLICT, {MDM, 10, 0}},        {MW_VEE_ACCEPTED, {MDM, 10, 1}},
    {MW_VEE_CLOCK_UNSET, {DEVICE, 4, 256}}, {MW_VEE_CLOCK_UNCERTAIN, {DEVICE, 4, 0}},
    {MW_VEE_PARTIAL, {DEVICE, 2, 32}},      {MW_VEE_OUTAGE, {DEVICE, 2, 32}},
    {MW_VEE_TAMPER, {DEVICE, 3, 0}},        {MW_VEE_MEMORY_ERROR, {DEVICE, 1, 0}},
    {MW_VEE_MEASURE_ERROR, {DEVICE, 1, 0}}, {MW_VEE_BATTERY, {DEVICE, 1, 0}},
};

static bool same(mw_cim_quality a, mw_cim_quality b) {
    return a.system == b.system && a.category == b.category && a.index == b.index;
}

size_t mw_quality_cim(uint32_t flags, mw_vee_method method, mw_quality_stage stage,
                      mw_cim_quality out[MW_CIM_QUALITIES_MAX]) {
    size_t n = 0;
    if ((flags & MW_VEE_ESTIMATED) != 0 && (method == MW_VEE_E2_NODE))
        out[n++] = (mw_cim_quality){MDM, 11, 0};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        bool known = (flags & codes[i].flag) == 0;
        for (size_t k = 0; k < n && !known; k++)
            known = same(out[k], codes[i].code);
        if (!known)
            out[n++] = codes[i].code;
    }
    if (n == 0)
        out[n++] = (mw_cim_quality){stage == MW_STAGE_RAW ? DEVICE : MDM, 0, 0};
    return n;
}

void mw_quality_cim_text(mw_cim_quality q, char out[MW_CIM_QUALITY_TEXT]) {
    (void)snprintf(out, MW_CIM_QUALITY_TEXT, "%u.%u.%u", q.system, q.category, q.index);
}

/* Digits up to the given end; false when there are none or too many. */
static bool number_take(mw_slice *t, bool last, uint32_t max, uint32_t *out) {
    uint32_t v = 0;
    size_t n = 0;
    while (n < t->n && t->p[n] >= '0' && t->p[n] <= '9' && n < 6)
        v = v * 10 + (uint32_t)(t->p[n++] - '0');
    bool end = last ? n == t->n : n < t->n && t->p[n] == '.';
    if (n == 0 || !end || v > max)
        return false;
    n += !last;
    *t = (mw_slice){t->p + n, t->n - n};
    *out = v;
    return true;
}

mw_status mw_quality_of_cim(mw_slice text, uint32_t *out_flags) {
    uint32_t system = 0, category = 0, index = 0;
    if (!number_take(&text, false, 255, &system) || !number_take(&text, false, 255, &category) ||
        !number_take(&text, true, UINT16_MAX, &index))
        return MW_SYNTAX;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i].code.category == category && codes[i].code.index == index) {
            *out_flags = codes[i].flag;
            return MW_OK;
        }
    }
    /* By category, whatever the index: rules and methods are numbered by each maker. */
    static const struct {
        uint8_t category;
        uint32_t flags;
    } general[] = {{0, 0},
                   {1, MW_VEE_MEASURE_ERROR},
                   {2, MW_VEE_PARTIAL},
                   {3, MW_VEE_TAMPER},
                   {4, MW_VEE_CLOCK_UNCERTAIN},
                   {5, MW_VEE_SUSPECT},
                   {6, MW_VEE_SUSPECT},
                   {7, MW_VEE_EDITED},
                   {8, MW_VEE_ESTIMATED},
                   {10, MW_VEE_CONFLICT},
                   {11, MW_VEE_ESTIMATED},
                   {12, MW_VEE_ESTIMATED}};
    for (size_t i = 0; i < sizeof general / sizeof general[0]; i++) {
        if (general[i].category == category) {
            *out_flags = general[i].flags;
            return MW_OK;
        }
    }
    return MW_UNSUPPORTED;
}

mw_status mw_quality_of_espi(int64_t number, uint32_t *out_flags) {
    switch (number) {
    case MW_ESPI_VALID:
    case MW_ESPI_RAW:
    case MW_ESPI_VALIDATED:
    case MW_ESPI_REVENUE:
        *out_flags = 0;
        return MW_OK;
    case MW_ESPI_VERIFIED:
        *out_flags = MW_VEE_ACCEPTED;
        return MW_OK;
    case MW_ESPI_EDITED:
        *out_flags = MW_VEE_EDITED;
        return MW_OK;
    case MW_ESPI_QUESTIONABLE:
    case MW_ESPI_OTHER:
        *out_flags = MW_VEE_SUSPECT;
        return MW_OK;
    case MW_ESPI_REFERENCE_DAY:
    case MW_ESPI_INTERPOLATED:
    case MW_ESPI_DERIVED:
    case MW_ESPI_PROJECTED:
    case MW_ESPI_MIXED:
    case MW_ESPI_NORMALISED:
        *out_flags = MW_VEE_ESTIMATED;
        return MW_OK;
    default:
        return MW_UNSUPPORTED;
    }
}
