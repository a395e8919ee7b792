/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "runtime/settings_priv.h"

static const mw_setting_unit mw_dur_units[] = {{"d", 86400 * MW_NS_PER_S},
                                               {"h", 3600 * MW_NS_PER_S},
                                               {"min", 60 * MW_NS_PER_S},
                                               {"s", MW_NS_PER_S},
                                               {"ms", 1000000},
                                               {"us", 1000},
                                               {NULL, 0}};
static const mw_setting_unit mw_size_units[] = {{"GiB", INT64_C(1) << 30},
                                                {"GB", 1000000000},
                                                {"MiB", 1 << 20},
                                                {"MB", 1000000},
                                                {"KiB", 1024},
                                                {"kB", 1000},
                                                {"B", 1},
                                                {NULL, 0}};
static const mw_setting_unit mw_freq_units[] = {{"GHz", INT64_C(1000000000000)},
                                                {"MHz", 1000000000},
                                                {"kHz", 1000000},
                                                {"Hz", 1000},
                                                {NULL, 0}};
static const mw_setting_unit mw_level_units[] = {{"dBm", 100}, {NULL, 0}};

const mw_setting_unit *mw_setting_units(mw_setting_type type) {
    switch (type) {
    case MW_SETTING_DUR:
        return mw_dur_units;
    case MW_SETTING_SIZE:
        return mw_size_units;
    case MW_SETTING_FREQ:
        return mw_freq_units;
    case MW_SETTING_LEVEL:
        return mw_level_units;
    default:
        return NULL;
    }
}

const char *mw_setting_kind_text(mw_setting_type type) {
    switch (type) {
    case MW_SETTING_TEXT:
        return "text";
    case MW_SETTING_INT:
        return "whole number";
    case MW_SETTING_BOOL:
        return "yes or no";
    case MW_SETTING_DUR:
        return "time with unit us, ms, s, min, h or d";
    case MW_SETTING_SIZE:
        return "size with unit B, kB, MB, GB, KiB, MiB or GiB";
    case MW_SETTING_FREQ:
        return "frequency with unit Hz, kHz, MHz or GHz";
    case MW_SETTING_LEVEL:
        return "level with unit dBm";
    case MW_SETTING_UTC:
        return "time such as 2026-11-22T13:00:00Z";
    case MW_SETTING_CHOICE:
        return "one of the words";
    }
    return "";
}

void mw_setting_format(mw_setting_type type, int64_t number, char out[64]) {
    const mw_setting_unit *u = mw_setting_units(type);
    if (u == NULL) {
        (void)snprintf(out, 64, "%" PRId64, number);
        return;
    }
    if (number == 0 && type == MW_SETTING_DUR) {
        (void)snprintf(out, 64, "0s");
        return;
    }
    while (u[1].suffix != NULL && (number == 0 || number % u->factor != 0))
        u++;
    (void)snprintf(out, 64, "%" PRId64 "%s", number / u->factor, u->suffix);
}

/* Decimal digits with an optional fraction, exactly, in units of 1/factor; what follows is
 * *out_end. MW_SYNTAX without digits, MW_RANGE when it does not fit or the fraction is finer than
 * one unit. */
static mw_status mw_setting_number(const char *text, int64_t factor, int64_t *out_number) {
    bool negative = *text == '-';
    const char *p = text + (negative || *text == '+');
    uint64_t whole = 0;
    if (*p < '0' || *p > '9')
        return MW_SYNTAX;
    for (; *p >= '0' && *p <= '9'; p++) {
        if (whole > (UINT64_C(1) << 59))
            return MW_RANGE;
        whole = whole * 10 + (uint64_t)(*p - '0');
    }
    if (whole > (uint64_t)INT64_MAX / (uint64_t)factor)
        return MW_RANGE;
    uint64_t value = whole * (uint64_t)factor;
    if (*p == '.') {
        uint64_t step = (uint64_t)factor;
        for (p++; *p >= '0' && *p <= '9'; p++) {
            if (*p == '0') {
                step = step % 10 == 0 ? step / 10 : 0;
                continue;
            }
            if (step % 10 != 0 || step == 0)
                return MW_RANGE;
            step /= 10;
            value += step * (uint64_t)(*p - '0');
        }
    }
    if (value > INT64_MAX)
        return MW_RANGE;
    *out_number = negative ? -(int64_t)value : (int64_t)value;
    return MW_OK;
}

/* Splits "30s" at its unit and finds the factor; 0 when the unit is missing or unknown. */
static int64_t mw_setting_factor(mw_setting_type type, const char *value) {
    const mw_setting_unit *u = mw_setting_units(type);
    if (u == NULL)
        return value[strspn(value, "+-0123456789")] == 0 ? 1 : 0;
    const char *suffix = value + strspn(value, "+-0123456789.");
    suffix += strspn(suffix, " ");
    for (; u->suffix != NULL; u++)
        if (strcmp(u->suffix, suffix) == 0)
            return u->factor;
    return 0;
}

static bool mw_setting_is_choice(const char *choices, const char *value) {
    size_t n = strlen(value);
    for (const char *at = choices; n > 0 && at != NULL; at = strchr(at, '|')) {
        at += *at == '|';
        if (strncmp(at, value, n) == 0 && (at[n] == '|' || at[n] == 0))
            return true;
    }
    return false;
}

static mw_status mw_setting_parse_numeric(const mw_setting *s, const char *value,
                                          int64_t *out_number, char error[160]) {
    int64_t factor = mw_setting_factor(s->type, value);
    int64_t number = 0;
    mw_status status = factor == 0 ? MW_SYNTAX : mw_setting_number(value, factor, &number);
    if (status == MW_SYNTAX) {
        (void)snprintf(error, 160, "expected a %s", mw_setting_kind_text(s->type));
        return status;
    }
    if (status != MW_OK) {
        (void)snprintf(error, 160, "the number is too large or too fine");
        return status;
    }
    if ((s->min != 0 || s->max != 0) && (number < s->min || number > s->max)) {
        char low[64];
        char high[64];
        mw_setting_format(s->type, s->min, low);
        mw_setting_format(s->type, s->max, high);
        (void)snprintf(error, 160, "must lie between %s and %s", low, high);
        return MW_RANGE;
    }
    *out_number = number;
    return MW_OK;
}

mw_status mw_setting_parse(const mw_setting *s, const char *value, int64_t *out_number,
                           char error[160]) {
    switch (s->type) {
    case MW_SETTING_TEXT:
        *out_number = 0;
        return MW_OK;
    case MW_SETTING_CHOICE:
        if (!mw_setting_is_choice(s->choices, value)) {
            (void)snprintf(error, 160, "must be one of %.120s", s->choices);
            return MW_RANGE;
        }
        *out_number = 0;
        return MW_OK;
    case MW_SETTING_BOOL: {
        bool yes = strcmp(value, "yes") == 0 || strcmp(value, "true") == 0;
        if (!yes && strcmp(value, "no") != 0 && strcmp(value, "false") != 0) {
            (void)snprintf(error, 160, "expected yes or no");
            return MW_SYNTAX;
        }
        *out_number = yes;
        return MW_OK;
    }
    case MW_SETTING_UTC: {
        mw_utc t = MW_UTC_NONE;
        if (mw_utc_parse(mw_slice_of_str(value), &t) != MW_OK) {
            (void)snprintf(error, 160, "expected a %s", mw_setting_kind_text(s->type));
            return MW_SYNTAX;
        }
        *out_number = t.us;
        return MW_OK;
    }
    default:
        return mw_setting_parse_numeric(s, value, out_number, error);
    }
}
