/* SPDX-License-Identifier: Apache-2.0
 *
 * Text form of a frequency plan: one `key = value` a line, `[band NAME]` begins a sub-band, a line
 * that begins with # or ; is a comment.
 */
#include "protocols/unb/plan.h"

typedef struct parser {
    mw_unb_plan plan;
    mw_unb_band *band; /* the one being filled, or NULL for the plan itself */
    uint32_t seen;     /* keys of the present section, for duplicates */
    const char *fault;
} parser;

typedef mw_status key_read(parser *p, mw_slice value);

static bool is_blank(uint8_t c) {
    return c == ' ' || c == '\t' || c == '\r';
}

static mw_slice trimmed(mw_slice s) {
    while (s.n > 0 && is_blank(s.p[0]))
        s = mw_slice_sub(s, 1, s.n - 1);
    while (s.n > 0 && is_blank(s.p[s.n - 1]))
        s = mw_slice_sub(s, 0, s.n - 1);
    return s;
}

/* Takes the next blank-separated word off the front of *rest; empty when there is none. */
static mw_slice next_word(mw_slice *rest) {
    *rest = trimmed(*rest);
    size_t n = 0;
    while (n < rest->n && !is_blank(rest->p[n]))
        n++;
    mw_slice word = mw_slice_sub(*rest, 0, n);
    *rest = mw_slice_sub(*rest, n, rest->n - n);
    return word;
}

static mw_status fail(parser *p, mw_status why, const char *text) {
    p->fault = text;
    return why;
}

static mw_status read_int(parser *p, mw_slice text, int64_t low, int64_t high, int64_t *out_value) {
    size_t at = text.n > 0 && text.p[0] == '-' ? 1 : 0;
    if (text.n == at || text.n - at > 15)
        return fail(p, MW_SYNTAX, "a whole number is expected");
    int64_t value = 0;
    for (size_t i = at; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return fail(p, MW_SYNTAX, "a whole number is expected");
        value = value * 10 + (text.p[i] - '0');
    }
    value = at > 0 ? -value : value;
    if (value < low || value > high)
        return fail(p, MW_RANGE, "the number is out of range");
    *out_value = value;
    return MW_OK;
}

static mw_status read_name(parser *p, mw_slice text, char out[MW_UNB_NAME_MAX]) {
    if (text.n == 0 || text.n >= MW_UNB_NAME_MAX)
        return fail(p, MW_RANGE, "a name has 1 to 15 characters");
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return fail(p, MW_SYNTAX, "a name has only a-z, 0-9 and -");
    }
    mw_bytes_fill(out, 0, MW_UNB_NAME_MAX);
    mw_bytes_copy(out, text.p, text.n);
    return MW_OK;
}

static mw_status read_times(parser *p, mw_slice value, mw_dur out[MW_UNB_RATE_COUNT]) {
    mw_dur times[MW_UNB_RATE_COUNT];
    for (unsigned i = 0; i < MW_UNB_RATE_COUNT; i++) {
        int64_t ms;
        MW_TRY(read_int(p, next_word(&value), 1, 600000, &ms));
        times[i] = mw_dur_ms(ms);
    }
    if (next_word(&value).n != 0)
        return fail(p, MW_SYNTAX, "three times are expected, one for each rate");
    for (unsigned i = 0; i < MW_UNB_RATE_COUNT; i++)
        out[i] = times[i];
    return MW_OK;
}

static mw_status key_name(parser *p, mw_slice value) {
    return read_name(p, value, p->plan.name);
}

static mw_status key_crystal(parser *p, mw_slice value) {
    int64_t ppm;
    MW_TRY(read_int(p, value, 0, 200, &ppm));
    p->plan.crystal_ppm = (uint32_t)ppm;
    return MW_OK;
}

static mw_status key_window_delay(parser *p, mw_slice value) {
    return read_times(p, value, p->plan.window_delay);
}

static mw_status key_window(parser *p, mw_slice value) {
    return read_times(p, value, p->plan.window);
}

static mw_status key_beacon_period(parser *p, mw_slice value) {
    int64_t s;
    MW_TRY(read_int(p, value, 0, 86400, &s));
    if (s != 0 && (s < MW_UNB_BEACON_PERIOD_MIN_S || 86400 % s != 0))
        return fail(p, MW_RANGE, "beacons come at a divisor of a day of at least 60 s, or at 0");
    p->plan.beacon.period_s = (uint32_t)s;
    return MW_OK;
}

static mw_status key_beacon_offsets(parser *p, mw_slice value) {
    int64_t n;
    MW_TRY(read_int(p, value, 1, MW_UNB_BEACON_OFFSETS_MAX, &n));
    p->plan.beacon.offsets = (uint8_t)n;
    return MW_OK;
}

static mw_status key_beacon_step(parser *p, mw_slice value) {
    int64_t s;
    MW_TRY(read_int(p, value, 1, MW_UNB_BEACON_STEP_MAX_S, &s));
    p->plan.beacon.step_s = (uint32_t)s;
    return MW_OK;
}

static mw_status key_beacon_rate(parser *p, mw_slice value) {
    mw_unb_rate rate;
    if (mw_unb_rate_of_name(value, &rate) != MW_OK)
        return fail(p, MW_SYNTAX, "rates are R0, R1 and R2");
    p->plan.beacon.rate = rate;
    return MW_OK;
}

static mw_status key_beacon_band(parser *p, mw_slice value) {
    return read_name(p, value, p->plan.beacon.band);
}

static mw_status key_direction(parser *p, mw_slice value) {
    if (mw_slice_equal(value, mw_slice_of_str("up")))
        p->band->direction = MW_UNB_UP;
    else if (mw_slice_equal(value, mw_slice_of_str("down")))
        p->band->direction = MW_UNB_DOWN;
    else
        return fail(p, MW_SYNTAX, "direction is up or down");
    return MW_OK;
}

static mw_status key_low(parser *p, mw_slice value) {
    int64_t hz;
    MW_TRY(read_int(p, value, MW_UNB_CARRIER_MIN_MHZ / 1000, MW_UNB_CARRIER_MAX_MHZ / 1000, &hz));
    p->band->low = mw_freq_hz(hz);
    return MW_OK;
}

static mw_status key_high(parser *p, mw_slice value) {
    int64_t hz;
    MW_TRY(read_int(p, value, MW_UNB_CARRIER_MIN_MHZ / 1000, MW_UNB_CARRIER_MAX_MHZ / 1000, &hz));
    p->band->high = mw_freq_hz(hz);
    return MW_OK;
}

static mw_status key_duty(parser *p, mw_slice value) {
    int64_t ppm;
    MW_TRY(read_int(p, value, 1, 1000000, &ppm));
    p->band->duty_ppm = (uint32_t)ppm;
    return MW_OK;
}

static mw_status key_erp(parser *p, mw_slice value) {
    int64_t cdbm;
    MW_TRY(read_int(p, value, -5000, 4000, &cdbm));
    p->band->erp.cdbm = (int32_t)cdbm;
    return MW_OK;
}

static mw_status key_rates(parser *p, mw_slice value) {
    unsigned rates = 0;
    for (mw_slice word = next_word(&value); word.n > 0; word = next_word(&value)) {
        mw_unb_rate rate;
        if (mw_unb_rate_of_name(word, &rate) != MW_OK)
            return fail(p, MW_SYNTAX, "rates are R0, R1 and R2");
        rates |= 1u << rate;
    }
    if (rates == 0)
        return fail(p, MW_SYNTAX, "rates are R0, R1 and R2");
    p->band->rates = (uint8_t)rates;
    return MW_OK;
}

typedef struct key {
    const char *name;
    key_read *read;
    bool required;
} key;

static const key plan_keys[] = {
    {"name", key_name, true},
    {"crystal_ppm", key_crystal, false},
    {"window_delay_ms", key_window_delay, false},
    {"window_ms", key_window, false},
    {"beacon_period_s", key_beacon_period, false},
    {"beacon_offsets", key_beacon_offsets, false},
    {"beacon_offset_s", key_beacon_step, false},
    {"beacon_rate", key_beacon_rate, false},
    {"beacon_band", key_beacon_band, false},
    {NULL, NULL, false},
};

static const key band_keys[] = {
    {"direction", key_direction, true},
    {"low_hz", key_low, true},
    {"high_hz", key_high, true},
    {"duty_ppm", key_duty, true},
    {"erp_cdbm", key_erp, false},
    {"rates", key_rates, false},
    {NULL, NULL, false},
};

static mw_status section_end(parser *p) {
    const key *keys = p->band != NULL ? band_keys : plan_keys;
    for (unsigned i = 0; keys[i].name != NULL; i++)
        if (keys[i].required && (p->seen >> i & 1) == 0)
            return fail(p, MW_SYNTAX,
                        p->band != NULL ? "a band above this line lacks direction, low_hz, high_hz "
                                          "or duty_ppm"
                                        : "the plan lacks a name before its first band");
    return MW_OK;
}

static mw_status section_begin(parser *p, mw_slice line) {
    static const char head[] = "[band ";
    size_t n = sizeof head - 1;
    if (line.n < n + 2 || line.p[line.n - 1] != ']' ||
        !mw_slice_equal(mw_slice_sub(line, 0, n), mw_slice_of_str(head)))
        return fail(p, MW_SYNTAX, "a section is written [band NAME]");
    MW_TRY(section_end(p));
    if (p->plan.bands == MW_UNB_BANDS_MAX)
        return fail(p, MW_LIMIT, "a plan has at most 8 bands");
    p->band = &p->plan.band[p->plan.bands];
    *p->band = (mw_unb_band){.erp = MW_UNB_ERP_DEFAULT, .rates = (1u << MW_UNB_RATE_COUNT) - 1};
    p->seen = 0;
    MW_TRY(read_name(p, trimmed(mw_slice_sub(line, n, line.n - n - 1)), p->band->name));
    for (unsigned i = 0; i < p->plan.bands; i++)
        if (mw_slice_equal(mw_slice_of_str(p->plan.band[i].name), mw_slice_of_str(p->band->name)))
            return fail(p, MW_DUPLICATE, "two bands have this name");
    p->plan.bands++;
    return MW_OK;
}

static mw_status read_line(parser *p, mw_slice line) {
    line = trimmed(line);
    if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';')
        return MW_OK;
    if (line.p[0] == '[')
        return section_begin(p, line);
    size_t equals = 0;
    while (equals < line.n && line.p[equals] != '=')
        equals++;
    if (equals == line.n)
        return fail(p, MW_SYNTAX, "a line is written key = value");
    mw_slice name = trimmed(mw_slice_sub(line, 0, equals));
    mw_slice value = trimmed(mw_slice_sub(line, equals + 1, line.n - equals - 1));
    const key *keys = p->band != NULL ? band_keys : plan_keys;
    for (unsigned i = 0; keys[i].name != NULL; i++) {
        if (!mw_slice_equal(name, mw_slice_of_str(keys[i].name)))
            continue;
        if ((p->seen >> i & 1) != 0)
            return fail(p, MW_DUPLICATE, "this key was given before");
        p->seen |= 1u << i;
        return keys[i].read(p, value);
    }
    return fail(p, MW_NOT_FOUND, "there is no such key here");
}

static mw_status read_text(parser *p, mw_slice text, uint32_t *line) {
    if (text.n > MW_UNB_PLAN_TEXT_MAX)
        return fail(p, MW_LIMIT, "a plan has at most 8192 bytes");
    size_t at = 0;
    while (at < text.n) {
        size_t end = at;
        while (end < text.n && text.p[end] != '\n')
            end++;
        ++*line;
        MW_TRY(read_line(p, mw_slice_sub(text, at, end - at)));
        at = end + 1;
    }
    MW_TRY(section_end(p));
    *line = 0;
    if (mw_unb_plan_check(&p->plan) != MW_OK)
        return fail(p, MW_RANGE,
                    "a band has no width left between its guards, no band goes up, or the beacons "
                    "do not fit their period or have no band");
    return MW_OK;
}

mw_status mw_unb_plan_parse(mw_slice text, mw_unb_plan_fault *fault, mw_unb_plan *out_plan) {
    /* What a text does not say is as in the first built-in plan. */
    const mw_unb_plan *base = mw_unb_plan_at(0);
    parser p = {.plan = {.crystal_ppm = base->crystal_ppm, .beacon = base->beacon}};
    for (unsigned i = 0; i < MW_UNB_RATE_COUNT; i++) {
        p.plan.window_delay[i] = base->window_delay[i];
        p.plan.window[i] = base->window[i];
    }
    uint32_t line = 0;
    mw_status status = read_text(&p, text, &line);
    if (status != MW_OK) {
        if (fault != NULL)
            *fault = (mw_unb_plan_fault){line, p.fault};
        return status;
    }
    *out_plan = p.plan;
    return MW_OK;
}
