/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/files/decimal.h"

#include "base/assert.h"

static const int64_t ten[19] = {1,
                                10,
                                100,
                                1000,
                                10000,
                                100000,
                                1000000,
                                10000000,
                                100000000,
                                1000000000,
                                10000000000,
                                100000000000,
                                1000000000000,
                                10000000000000,
                                100000000000000,
                                1000000000000000,
                                10000000000000000,
                                100000000000000000,
                                1000000000000000000};

static mw_status push(mw_decimal *v, uint8_t digit) {
    if (v->digits > (INT64_MAX - 9) / 10)
        return MW_RANGE;
    v->digits = v->digits * 10 + digit;
    return MW_OK;
}

/* Digits of one part; a group character is allowed between digits only. */
static mw_status digits(mw_slice *text, char group, mw_decimal *v, size_t *out_n) {
    size_t i = 0, n = 0;
    for (; i < text->n; i++) {
        uint8_t c = text->p[i];
        if (c >= '0' && c <= '9') {
            MW_TRY(push(v, (uint8_t)(c - '0')));
            n++;
        } else if (!(group != 0 && c == (uint8_t)group && n > 0 && i + 1 < text->n &&
                     text->p[i + 1] >= '0' && text->p[i + 1] <= '9')) {
            break;
        }
    }
    *text = mw_slice_sub(*text, i, text->n - i);
    *out_n = n;
    return MW_OK;
}

/* The fraction without the zeros at its end. */
static mw_slice trimmed(mw_slice text) {
    size_t n = 0, significant = 0;
    for (; n < text.n && text.p[n] >= '0' && text.p[n] <= '9'; n++)
        if (text.p[n] != '0')
            significant = n + 1;
    return n == text.n ? mw_slice_sub(text, 0, significant) : text;
}

mw_status mw_decimal_parse(mw_slice text, char point, char group, mw_decimal *out_value) {
    mw_decimal v = {0};
    bool negative = text.n > 0 && text.p[0] == '-';
    if (text.n > 0 && (text.p[0] == '-' || text.p[0] == '+'))
        text = mw_slice_sub(text, 1, text.n - 1);
    size_t whole = 0, fraction = 0;
    MW_TRY(digits(&text, group, &v, &whole));
    if (text.n > 0 && text.p[0] == (uint8_t)point) {
        mw_slice rest = mw_slice_sub(text, 1, text.n - 1);
        bool some = rest.n > 0;
        text = trimmed(rest);
        MW_TRY(digits(&text, 0, &v, &fraction));
        if (!some && whole == 0)
            return MW_SYNTAX;
        whole += some;
    }
    if (text.n > 0 || whole + fraction == 0)
        return MW_SYNTAX;
    if (fraction > 18)
        return MW_RANGE;
    v.decimals = (uint8_t)fraction;
    if (negative)
        v.digits = -v.digits;
    *out_value = v;
    return MW_OK;
}

/* numerator/denominator times 10^power, kept within bounds. */
static mw_status scaled(int64_t numerator, int64_t denominator, int power, mw_conversion *out) {
    for (; power > 0; power--) {
        if (denominator % 10 == 0)
            denominator /= 10;
        else if (numerator <= ten[14])
            numerator *= 10;
        else
            return MW_RANGE;
    }
    for (; power < 0; power++) {
        if (numerator % 10 == 0)
            numerator /= 10;
        else if (denominator <= ten[14])
            denominator *= 10;
        else
            return MW_RANGE;
    }
    *out = (mw_conversion){numerator, denominator};
    return MW_OK;
}

mw_status mw_conversion_of(mw_unit from, int from_scale, mw_unit to, int to_scale,
                           mw_conversion *out_conversion) {
    int power = from_scale - to_scale;
    if (from == to)
        return scaled(1, 1, power, out_conversion);
    if (from == MW_UNIT_M3 && to == MW_UNIT_L)
        return scaled(1000, 1, power, out_conversion);
    if (from == MW_UNIT_L && to == MW_UNIT_M3)
        return scaled(1, 1000, power, out_conversion);
    if (from == MW_UNIT_WH && to == MW_UNIT_J)
        return scaled(3600, 1, power, out_conversion);
    if (from == MW_UNIT_J && to == MW_UNIT_WH)
        return scaled(1, 3600, power, out_conversion);
    return MW_UNSUPPORTED;
}

mw_status mw_conversion_of_mean(mw_unit from, int from_scale, uint32_t seconds, mw_unit to,
                                int to_scale, mw_conversion *out_conversion) {
    static const struct {
        mw_unit from, to;
    } pairs[] = {{MW_UNIT_W, MW_UNIT_WH},
                 {MW_UNIT_VAR, MW_UNIT_VARH},
                 {MW_UNIT_VA, MW_UNIT_VAH},
                 {MW_UNIT_M3_PER_H, MW_UNIT_M3}};
    mw_assert(seconds >= 1 && seconds <= 86400);
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        mw_conversion c;
        if (pairs[i].from != from ||
            mw_conversion_of(pairs[i].to, from_scale, to, to_scale, &c) != MW_OK)
            continue;
        if (c.numerator > ten[10] || c.denominator > ten[10])
            return MW_RANGE;
        *out_conversion = (mw_conversion){c.numerator * seconds, c.denominator * 3600};
        return MW_OK;
    }
    return MW_UNSUPPORTED;
}

/* Division towards minus infinity: remainders are never negative. */
static mw_remainder floor_div(mw_remainder a, mw_remainder b, mw_remainder *out_rest) {
    mw_remainder q = a / b, r = a % b;
    if (r < 0) {
        q--;
        r += b;
    }
    *out_rest = r;
    return q;
}

mw_status mw_decimal_count(mw_decimal v, mw_conversion c, mw_rounding rounding, mw_remainder *carry,
                           int64_t *out_count) {
    /* The whole part and the fraction apart, so that 18 decimals and any conversion fit 128 bits:
     * value = whole + fraction / 10^18. */
    int64_t whole = v.digits / ten[v.decimals];
    mw_remainder fraction = (mw_remainder)(v.digits % ten[v.decimals]) * ten[18 - v.decimals];
    mw_remainder unit = (mw_remainder)ten[18] * c.denominator;
    mw_remainder rest_whole = 0, rest = 0;
    mw_remainder count = floor_div((mw_remainder)whole * c.numerator, c.denominator, &rest_whole);
    mw_remainder small = rest_whole * ten[18] + fraction * c.numerator;
    if (rounding == MW_ROUNDING_CARRY)
        small += *carry;
    count += floor_div(small, unit, &rest);
    if (rounding == MW_ROUNDING_EXACT && rest != 0)
        return MW_RANGE;
    if (rounding == MW_ROUNDING_NEAREST && rest != 0 &&
        (v.digits >= 0 ? rest * 2 >= unit : rest * 2 > unit))
        count++;
    if (count > INT64_MAX || count < INT64_MIN)
        return MW_RANGE;
    if (rounding == MW_ROUNDING_CARRY)
        *carry = rest;
    *out_count = (int64_t)count;
    return MW_OK;
}
