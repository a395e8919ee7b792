/* SPDX-License-Identifier: Apache-2.0
 *
 * Rules that hold intervals against the register, the meter, its siblings or the registry: V01,
 * V02, V04..V06, V09, V10, V14, V16..V18, V20.
 */
#include "platform/vee/rules_internal.h"

MW_VEE_CHECK(time) {
    int64_t offset = s->clock_offset_ms < 0 ? -s->clock_offset_ms : s->clock_offset_ms;
    int64_t share = mw_vee_muldiv((int64_t)s->seconds * 1000, set->t[0], MW_VEE_PPM);
    int64_t limit = share > set->t[1] * 1000 ? share : set->t[1] * 1000;
    if (offset > limit)
        mw_vee_found(out, set,
                     (mw_vee_finding){.rule = MW_VEE_V01_TIME,
                                      .from = s->first,
                                      .n = s->n - s->first,
                                      .input = {offset, s->clock_offset_ms},
                                      .threshold = limit});
}

MW_VEE_CHECK(identity) {
    if (s->identity != s->identity_expected)
        mw_vee_found(
            out, set,
            (mw_vee_finding){.rule = MW_VEE_V02_IDENTITY,
                             .from = s->first,
                             .n = s->n - s->first,
                             .input = {(int64_t)s->identity, (int64_t)s->identity_expected}});
}

MW_VEE_CHECK(duplicate) {
    for (uint32_t k = 0; k < s->duplicates; k++) {
        const mw_vee_duplicate *d = &s->duplicate[k];
        if (d->index < s->first || d->index >= s->n || d->value == s->value[d->index])
            continue;
        bool better = mw_vee_duplicate_better(s->value[d->index], s->flags[d->index], d->value,
                                              d->flags, set->t[0]);
        mw_vee_found(out, set,
                     (mw_vee_finding){.rule = MW_VEE_V04_DUPLICATE,
                                      .from = d->index,
                                      .n = 1,
                                      .input = {d->value, s->value[d->index], better},
                                      .threshold = set->t[0]});
    }
}

/* --- registers -------------------------------------------------------------------------------- */

typedef struct pair {
    const mw_vee_register *a, *b;
    int64_t difference, sum;
    uint32_t missing;
    mw_vee_step step;
} pair;

/* The k-th and following reading as a pair that ends in the looked-at span and has a difference. */
static bool pair_at(const mw_vee_series *s, uint32_t k, pair *out) {
    const mw_vee_register *a = &s->reg[k], *b = a + 1;
    if (k + 1 >= s->regs || a->rate != b->rate || b->initial || b->index <= s->first ||
        b->index > s->n || b->index == a->index)
        return false;
    *out = (pair){.a = a, .b = b};
    if (mw_vee_register_step(s, a, b, &out->difference, &out->step) != MW_OK)
        return false;
    for (uint32_t i = a->index; i < b->index; i++) {
        if (a->rate != 0 && (s->rate == NULL || s->rate[i] != a->rate))
            continue;
        if (mw_vee_present(s, i))
            out->sum += s->value[i];
        else
            out->missing++;
    }
    return true;
}

MW_VEE_CHECK(sum) {
    for (uint32_t k = 0; k < s->regs; k++) {
        pair p;
        if (!pair_at(s, k, &p) || p.missing > 0)
            continue;
        int64_t energy = p.difference < 0 ? -p.difference : p.difference;
        int64_t limit = set->t[0] * mw_vee_lsb(s) + mw_vee_muldiv(energy, set->t[1], MW_VEE_PPM);
        int64_t off = p.sum > p.difference ? p.sum - p.difference : p.difference - p.sum;
        if (off > limit)
            mw_vee_found(out, set,
                         (mw_vee_finding){.rule = MW_VEE_V05_SUM,
                                          .from = p.a->index,
                                          .n = p.b->index - p.a->index,
                                          .input = {off, p.sum, p.difference},
                                          .threshold = limit});
    }
}

MW_VEE_CHECK(exceeds) {
    for (uint32_t k = 0; k < s->regs; k++) {
        pair p;
        if (!pair_at(s, k, &p) || p.missing == 0)
            continue;
        int64_t limit = p.difference + set->t[0] * mw_vee_lsb(s);
        if (p.sum > limit)
            mw_vee_found(out, set,
                         (mw_vee_finding){.rule = MW_VEE_V06_EXCEEDS,
                                          .from = p.a->index,
                                          .n = p.b->index - p.a->index,
                                          .input = {p.sum, p.difference, p.missing},
                                          .threshold = limit});
    }
}

MW_VEE_CHECK(register) {
    for (uint32_t k = 0; k < s->regs; k++) {
        pair p;
        if (!pair_at(s, k, &p) || p.step == MW_VEE_STEP_BACKWARDS || p.step == MW_VEE_STEP_RESET)
            continue; /* those are V14's */
        mw_vee_finding f = {.rule = MW_VEE_V09_REGISTER,
                            .from = p.a->index,
                            .n = p.b->index - p.a->index,
                            .input = {p.difference, p.a->value, p.b->value}};
        int64_t high =
            set->t[1] > 0 ? set->t[1] : mw_vee_limit_of(s, f.n, s->limits.max_per_hour, 1100000);
        int64_t step = p.b->value > p.a->value ? p.b->value - p.a->value : 0;
        int64_t change = mw_vee_ratio_ppm(step, p.b->value);
        if (p.difference < set->t[0] || p.difference > high) {
            f.threshold = p.difference < set->t[0] ? set->t[0] : high;
            mw_vee_found(out, set, f);
        } else if (set->t[2] > 0 && change > set->t[2]) {
            f.threshold = mw_vee_muldiv(p.b->value, set->t[2], MW_VEE_PPM);
            mw_vee_found(out, set, f);
        }
    }
}

static void register_falls(const mw_vee_series *s, const mw_vee_setting *set,
                           mw_vee_findings *out) {
    for (uint32_t k = 0; k < s->regs; k++) {
        pair p;
        if (!pair_at(s, k, &p) || (p.step != MW_VEE_STEP_BACKWARDS && p.step != MW_VEE_STEP_RESET))
            continue;
        /* The register accuses no interval, so n = 0: nothing is marked. */
        mw_vee_found(out, set,
                     (mw_vee_finding){.rule = MW_VEE_V14_NEGATIVE,
                                      .from = p.b->index,
                                      .input = {p.b->value, p.a->value, p.step},
                                      .threshold = p.a->value});
    }
}

/* Water and gas pipes breathe: a little backflow is physics and only flagged. */
MW_VEE_CHECK(negative) {
    int64_t back = 0, forward = 0;
    for (uint32_t i = s->first; i < s->n; i++) {
        if (!mw_vee_present(s, i))
            continue;
        back -= s->value[i] < 0 ? s->value[i] : 0;
        forward += s->value[i] > 0 ? s->value[i] : 0;
    }
    bool pipe = s->medium == MW_VEE_WATER || s->medium == MW_VEE_GAS;
    bool serious = !pipe || back > set->t[1] || mw_vee_ratio_ppm(back, forward) > set->t[0];
    mw_vee_setting mild = {.on = true, .severity = MW_VEE_FLAG};
    for (uint32_t i = s->first; back > 0 && i < s->n; i++) {
        if (mw_vee_present(s, i) && s->value[i] < 0)
            mw_vee_found(out, serious ? set : &mild,
                         (mw_vee_finding){.rule = MW_VEE_V14_NEGATIVE,
                                          .from = i,
                                          .n = 1,
                                          .input = {s->value[i], back, forward}});
    }
    register_falls(s, set, out);
}

/* --- usage ------------------------------------------------------------------------------------ */

/* Usage of [from, to) brought to the whole length by what is present; false below 90 % present. */
static bool usage_of(const mw_vee_series *s, uint32_t from, uint32_t to, int64_t *out_usage) {
    uint32_t present = 0;
    int64_t sum = 0;
    for (uint32_t i = from; i < to; i++) {
        if ((s->flags[i] & MW_VEE_UNUSABLE) != 0)
            continue;
        present++;
        sum += s->value[i];
    }
    if (present == 0 || (uint64_t)present * 10 < (uint64_t)(to - from) * 9)
        return false;
    *out_usage = mw_vee_muldiv(sum, to - from, present);
    return true;
}

/* Average daily use against the period before and the same period a year ago. */
MW_VEE_CHECK(usage) {
    uint32_t window = (uint32_t)(set->t[2] * 86400 / s->seconds), year = 365 * 86400 / s->seconds;
    window = s->n - s->first > window ? s->n - s->first : window;
    const uint32_t back[2] = {window, year};
    int64_t now = 0;
    if (s->n < window || !usage_of(s, s->n - window, s->n, &now))
        return;
    for (unsigned k = 0; k < 2; k++) {
        int64_t then = 0;
        if (s->n < window + back[k] ||
            !usage_of(s, s->n - window - back[k], s->n - back[k], &then) || then <= 0)
            continue;
        int64_t ratio = mw_vee_ratio_ppm(now < 0 ? 0 : now, then);
        if (ratio < set->t[0] || ratio > set->t[1])
            mw_vee_found(out, set,
                         (mw_vee_finding){.rule = MW_VEE_V10_USAGE,
                                          .from = s->n - window,
                                          .n = window,
                                          .input = {ratio, now, then},
                                          .threshold = ratio < set->t[0] ? set->t[0] : set->t[1]});
    }
}

MW_VEE_CHECK(inactive) {
    const uint32_t off = MW_VEE_DISCONNECTED | MW_VEE_UNINSTALLED | MW_VEE_NO_CONTRACT;
    for (uint32_t i = s->first; i < s->n;) {
        uint32_t from = i;
        int64_t sum = 0;
        for (; i < s->n && mw_vee_present(s, i) && (s->flags[i] & off) != 0; i++)
            sum += s->value[i];
        if (i > from && sum >= set->t[0])
            mw_vee_found(out, set,
                         (mw_vee_finding){.rule = MW_VEE_V16_INACTIVE,
                                          .from = from,
                                          .n = i - from,
                                          .input = {sum, s->flags[from] & off},
                                          .threshold = set->t[0]});
        i += i == from;
    }
}

MW_VEE_CHECK(sibling) {
    for (uint32_t k = 0; k < s->siblings; k++) {
        const uint32_t *other = s->sibling[k];
        for (uint32_t i = s->first; i < s->n;) {
            uint32_t from = i;
            while (i < s->n && mw_vee_present(s, i) && (other[i] & MW_VEE_MISSING) != 0)
                i++;
            if (i > from && i - from >= set->t[0])
                mw_vee_found(out, set,
                             (mw_vee_finding){.rule = MW_VEE_V17_SIBLING,
                                              .from = from,
                                              .n = i - from,
                                              .input = {i - from, k},
                                              .threshold = set->t[0]});
            i += i == from;
        }
    }
}

static void phases_at(const mw_vee_series *s, uint32_t i, const mw_vee_setting *set,
                      mw_vee_findings *out) {
    const mw_vee_phases *p = &s->phases[i];
    int64_t total = 0, most = 0;
    for (unsigned k = 0; k < 3; k++) {
        int64_t current = p->milliampere[k] < 0 ? -(int64_t)p->milliampere[k] : p->milliampere[k];
        total += current;
        most = current > most ? current : most;
        if (p->millivolt[k] < set->t[2] && current > 0)
            mw_vee_found(out, set,
                         (mw_vee_finding){.rule = MW_VEE_V18_PHASES,
                                          .from = i,
                                          .n = 1,
                                          .input = {p->millivolt[k], current, MW_VEE_PHASES_DEAD},
                                          .threshold = set->t[2]});
    }
    int64_t imbalance = total > 0 ? mw_vee_ratio_ppm(3 * most - total, total) : 0;
    if (imbalance > set->t[1])
        mw_vee_found(out, set,
                     (mw_vee_finding){.rule = MW_VEE_V18_PHASES,
                                      .from = i,
                                      .n = 1,
                                      .input = {imbalance, most, MW_VEE_PHASES_IMBALANCE},
                                      .threshold = set->t[1]});
}

MW_VEE_CHECK(phases) {
    for (uint32_t i = s->first; i < s->n; i++) {
        if (!mw_vee_present(s, i))
            continue;
        if (s->phases != NULL)
            phases_at(s, i, set, out);
        int64_t reactive = s->reactive == NULL ? 0 : s->reactive[i];
        reactive = reactive < 0 ? -reactive : reactive;
        int64_t ratio = s->value[i] > 0 ? mw_vee_ratio_ppm(reactive, s->value[i]) : 0;
        if (ratio > set->t[0])
            mw_vee_found(out, set,
                         (mw_vee_finding){.rule = MW_VEE_V18_PHASES,
                                          .from = i,
                                          .n = 1,
                                          .input = {ratio, s->value[i], MW_VEE_PHASES_REACTIVE},
                                          .threshold = set->t[0]});
    }
}

MW_VEE_CHECK(status) {
    const uint32_t status = MW_VEE_CLOCK_UNSET | MW_VEE_CLOCK_UNCERTAIN | MW_VEE_PARTIAL |
                            MW_VEE_TAMPER | MW_VEE_BATTERY | MW_VEE_MEMORY_ERROR |
                            MW_VEE_MEASURE_ERROR;
    for (uint32_t i = s->first; i < s->n;) {
        uint32_t from = i, bits = s->flags[i] & status;
        while (i < s->n && (s->flags[i] & status) == bits)
            i++;
        if (bits != 0)
            mw_vee_found(
                out, set,
                (mw_vee_finding){
                    .rule = MW_VEE_V20_STATUS, .from = from, .n = i - from, .input = {bits}});
    }
}
