/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/electricity/pages.h"

#include "meters/electricity/quality.h"
#include "meters/electricity/tamper.h"
#include "meters/kit/fixmath.h"
#include "meters/kit/legal.h"

/* A field is a number of the model and, above it, how many decimal places it has too many. */
#define PLACES_AT   12
#define FIELD(n, p) ((uint16_t)((n) | (p) << PLACES_AT))

enum own { /* beyond the model's numbers */
           OWN_NONE = MW_ELECTRIC_NUMBERS,
           OWN_CLOCK,
           OWN_ERRORS,
           OWN_TAMPERS,
           OWN_SERIAL,
           OWN_ADDRESS,
           OWN_FIRMWARE,
           OWN_CHECKSUM,
           OWN_LEGAL,
           OWN_RECORDS,
           OWN_PERIOD_END,
           OWN_PERIOD_DEMAND,
           OWN_PERIOD_TOTAL,                         /* + register */
           OWN_PERIOD_TARIFF = OWN_PERIOD_TOTAL + 4, /* + tariff, of A+ */
           OWN_ENDS = OWN_PERIOD_TARIFF + MW_TARIFFS,
};
_Static_assert(OWN_ENDS < 1 << PLACES_AT, "a field holds them");

enum list { ENERGY, TARIFF, NET, HISTORY, SERVICE };
static const char *const titles[MW_ELECTRIC_PAGES_LISTS] = {"EnErGy", "tArIFF", "nEt", "HISt",
                                                            "SErUICE"};

#define N(number, i) (MW_ELECTRIC_N_##number + (i))
/* Wh, shown in hundredths of a kWh: 999999.99 is more than 4000 hours at the maximum current. */
#define ENERGY_PAGE(code, number, i, unit, list)                                                   \
    { code, FIELD(N(number, i), 1), MW_DISPLAY_INDICATOR, 8, 2, MW_LCD_UNIT_##unit, list }
#define PAGE(code, field, places, width, decimals, unit, list)                                     \
    { code, FIELD(field, places), MW_DISPLAY_NUMBER, width, decimals, MW_LCD_UNIT_##unit, list }
#define PLAIN(code, field, form, list)                                                             \
    { code, FIELD(field, 0), MW_DISPLAY_##form, 0, 0, MW_LCD_UNIT_NONE, list }
#define COUNT_PAGE(code, number, i) PAGE(code, N(number, i), 0, 8, 0, NONE, SERVICE)
#define VOLTS(code, number, i)      PAGE(code, N(number, i), 2, 5, 1, V, NET)
#define AMPERES(code, number, i)    PAGE(code, N(number, i), 0, 6, 3, A, NET)
#define KILO(code, number, i, unit) PAGE(code, N(number, i), 3, 6, 3, unit, NET)
#define FACTOR(code, i)             PAGE(code, N(POWER_FACTOR, i), 0, 4, 3, NONE, NET)
#define ANGLE(code, number, i)      PAGE(code, N(number, i), 2, 4, 1, DEG, NET)
#define SHARE(code, number, i)      PAGE(code, N(number, i), 2, 5, 2, PERCENT, NET)
#define DEMAND(code, i)             PAGE(code, N(DEMAND_MAX, i), 0, 6, 3, KW, HISTORY)
#define PERIOD(code, field, unit)                                                                  \
    { code, FIELD(field, 1), MW_DISPLAY_INDICATOR, 8, 2, MW_LCD_UNIT_##unit, HISTORY }

#define EIGHT(c, first)                                                                            \
    ENERGY_PAGE(c ".1", ACTIVE, first, KWH, TARIFF),                                               \
        ENERGY_PAGE(c ".2", ACTIVE, first + 1, KWH, TARIFF),                                       \
        ENERGY_PAGE(c ".3", ACTIVE, first + 2, KWH, TARIFF),                                       \
        ENERGY_PAGE(c ".4", ACTIVE, first + 3, KWH, TARIFF),                                       \
        ENERGY_PAGE(c ".5", ACTIVE, first + 4, KWH, TARIFF),                                       \
        ENERGY_PAGE(c ".6", ACTIVE, first + 5, KWH, TARIFF),                                       \
        ENERGY_PAGE(c ".7", ACTIVE, first + 6, KWH, TARIFF),                                       \
        ENERGY_PAGE(c ".8", ACTIVE, first + 7, KWH, TARIFF)
#define FOUR(c, first)                                                                             \
    ENERGY_PAGE(c ".1", REACTIVE, first, KVARH, TARIFF),                                           \
        ENERGY_PAGE(c ".2", REACTIVE, first + 1, KVARH, TARIFF),                                   \
        ENERGY_PAGE(c ".3", REACTIVE, first + 2, KVARH, TARIFF),                                   \
        ENERGY_PAGE(c ".4", REACTIVE, first + 3, KVARH, TARIFF)

#define PAGES_BEFORE                                                                               \
    ENERGY_PAGE("1.8.0", ACTIVE, 0, KWH, ENERGY), ENERGY_PAGE("2.8.0", ACTIVE, 9, KWH, ENERGY),    \
        ENERGY_PAGE("3.8.0", REACTIVE, 0, KVARH, ENERGY),                                          \
        ENERGY_PAGE("4.8.0", REACTIVE, 9, KVARH, ENERGY), PLAIN("0.9.2", OWN_CLOCK, DATE, ENERGY), \
        PLAIN("0.9.1", OWN_CLOCK, TIME, ENERGY), PLAIN("", OWN_NONE, SEGMENTS, ENERGY),            \
        EIGHT("1.8", 1), EIGHT("2.8", 10), FOUR("3.8", 1), FOUR("4.8", 10)

#define PAGES_AFTER                                                                                \
    DEMAND("1.6.0", 0), DEMAND("1.6.1", 1), DEMAND("1.6.2", 2), DEMAND("1.6.3", 3),                \
        DEMAND("1.6.4", 4), PLAIN("0.1.2.1", OWN_PERIOD_END, DATE, HISTORY),                       \
        PERIOD("1.8.0.1", OWN_PERIOD_TOTAL, KWH), PERIOD("1.8.1.1", OWN_PERIOD_TARIFF, KWH),       \
        PERIOD("1.8.2.1", OWN_PERIOD_TARIFF + 1, KWH),                                             \
        PERIOD("1.8.3.1", OWN_PERIOD_TARIFF + 2, KWH),                                             \
        PERIOD("1.8.4.1", OWN_PERIOD_TARIFF + 3, KWH),                                             \
        PERIOD("2.8.0.1", OWN_PERIOD_TOTAL + 1, KWH),                                              \
        PERIOD("3.8.0.1", OWN_PERIOD_TOTAL + 2, KVARH),                                            \
        PERIOD("4.8.0.1", OWN_PERIOD_TOTAL + 3, KVARH),                                            \
        PAGE("1.6.0.1", OWN_PERIOD_DEMAND, 3, 6, 3, KW, HISTORY),                                  \
        PLAIN("F.F", OWN_ERRORS, ERRORS, SERVICE), PLAIN("F.1", OWN_TAMPERS, ERRORS, SERVICE),     \
        COUNT_PAGE("C.2.0", TAMPER_COUNT, 0), COUNT_PAGE("C.2.5", TAMPER_COUNT, 1),                \
        COUNT_PAGE("C.2.15", TAMPER_COUNT, 2), COUNT_PAGE("C.2.20", TAMPER_COUNT, 3),              \
        COUNT_PAGE("C.7.21", POWER_FAILURES, 0),                                                   \
        PAGE("17.0.0", N(MONITOR_LIMIT, 0), 3, 6, 3, KW, SERVICE),                                 \
        PAGE("96.128", N(CREDIT, 0), 0, 8, 3, KWH, SERVICE),                                       \
        PAGE("96.9.0", N(TEMPERATURE, 0), 0, 4, 1, DEG_C, SERVICE),                                \
        PAGE("96.6.3", N(BATTERY, 0), 1, 4, 2, V, SERVICE),                                        \
        PAGE("96.1.0", OWN_SERIAL, 0, 8, 0, NONE, SERVICE),                                        \
        PLAIN("96.1.9", OWN_ADDRESS, HEX, SERVICE),                                                \
        PLAIN("0.2.0", OWN_FIRMWARE, VERSION, SERVICE),                                            \
        PLAIN("0.2.8", OWN_CHECKSUM, HEX, SERVICE),                                                \
        PAGE("96.1.8", OWN_LEGAL, 0, 4, 0, NONE, SERVICE),                                         \
        PAGE("96.2.0", OWN_RECORDS, 0, 5, 0, NONE, SERVICE)

#define PAGES_TOTAL                                                                                \
    AMPERES("91.7.0", NEUTRAL_CURRENT, 0), KILO("1.7.0", POWER, 0, KW),                            \
        KILO("3.7.0", POWER_REACTIVE, 0, KVAR), KILO("9.7.0", POWER_APPARENT, 0, KVA),             \
        FACTOR("13.7.0", 0), PAGE("14.7.0", N(FREQUENCY, 0), 1, 4, 2, HZ, NET)

static const mw_display_page single_pages[] = {
    PAGES_BEFORE,
    VOLTS("12.7.0", VOLTAGE, 0),
    AMPERES("11.7.0", CURRENT, 0),
    PAGES_TOTAL,
    ANGLE("81.7.4", ANGLE_CURRENT, 0),
    SHARE("12.124", THD_VOLTAGE, 0),
    SHARE("11.124", THD_CURRENT, 0),
    PAGES_AFTER,
    COUNT_PAGE("12.32", SAGS, 0),
    COUNT_PAGE("12.36", SWELLS, 0),
};

#define PHASE(i, u, c, p, q, f)                                                                    \
    VOLTS(u ".7.0", VOLTAGE, i), AMPERES(c ".7.0", CURRENT, i), KILO(p ".7.0", POWER, i + 1, KW),  \
        KILO(q ".7.0", POWER_REACTIVE, i + 1, KVAR), FACTOR(f ".7.0", i + 1)

static const mw_display_page three_pages[] = {
    PAGES_BEFORE,
    PHASE(0, "32", "31", "21", "23", "33"),
    PHASE(1, "52", "51", "41", "43", "53"),
    PHASE(2, "72", "71", "61", "63", "73"),
    PAGES_TOTAL,
    VOLTS("12.7.1", VOLTAGE_BETWEEN, 0),
    VOLTS("12.7.2", VOLTAGE_BETWEEN, 1),
    VOLTS("12.7.3", VOLTAGE_BETWEEN, 2),
    ANGLE("81.7.1", ANGLE_VOLTAGE, 0),
    ANGLE("81.7.12", ANGLE_VOLTAGE, 1),
    ANGLE("81.7.2", ANGLE_VOLTAGE, 2),
    ANGLE("81.7.4", ANGLE_CURRENT, 0),
    ANGLE("81.7.15", ANGLE_CURRENT, 1),
    ANGLE("81.7.26", ANGLE_CURRENT, 2),
    SHARE("32.124", THD_VOLTAGE, 0),
    SHARE("52.124", THD_VOLTAGE, 1),
    SHARE("72.124", THD_VOLTAGE, 2),
    SHARE("31.124", THD_CURRENT, 0),
    SHARE("51.124", THD_CURRENT, 1),
    SHARE("71.124", THD_CURRENT, 2),
    SHARE("133.7", UNBALANCE, 0),
    PAGES_AFTER,
    COUNT_PAGE("32.32", SAGS, 0),
    COUNT_PAGE("52.32", SAGS, 1),
    COUNT_PAGE("72.32", SAGS, 2),
    COUNT_PAGE("32.36", SWELLS, 0),
    COUNT_PAGE("52.36", SWELLS, 1),
    COUNT_PAGE("72.36", SWELLS, 2),
};

/* ---- Values ---- */

static bool number(const mw_electric_pages_device *d, unsigned which, int64_t *out) {
    if (d->model->number == NULL ||
        !d->model->number(d->model->meter, (mw_electric_number)which, out))
        return false;
    /* No limit; not in the mode by credit. */
    return !(which == MW_ELECTRIC_N_MONITOR_LIMIT && *out == INT32_MAX) &&
           !(which == MW_ELECTRIC_N_CREDIT && *out == -1);
}

/* Local time of the meter's calendar, as seconds since 1970. */
static int64_t local_s(const mw_electric_pages_device *d, mw_utc t) {
    mw_utc from;
    const mw_tariff_calendar *c =
        d->model->calendar != NULL ? d->model->calendar(d->model->meter, false, &from) : NULL;
    if (c == NULL)
        return mw_utc_floor_s(t);
    mw_tariff_local l = mw_tariff_calendar_local(c, t);
    return l.day * 86400 + l.second;
}

/* The last eight digits of the serial number. */
static bool serial(const mw_electric_pages_device *d, int64_t *out) {
    uint8_t text[32];
    if (d->model->text == NULL)
        return false;
    size_t n = d->model->text(d->model->meter, MW_ELECTRIC_T_SERIAL, MW_SPAN_OF(text));
    *out = 0;
    for (size_t i = 0; i < n && i < sizeof text; i++)
        if (text[i] >= '0' && text[i] <= '9')
            *out = *out % 10000000 * 10 + text[i] - '0';
    return n != 0;
}

static bool period(const mw_electric_billing_record *r, const mw_electric_pages_device *d,
                   unsigned which, int64_t *out) {
    if (r == NULL)
        return false;
    if (which == OWN_PERIOD_END)
        *out = local_s(d, mw_utc_of_s(r->at_s));
    else if (which == OWN_PERIOD_DEMAND)
        *out = r->max[0].mw;
    else if (which >= OWN_PERIOD_TARIFF)
        *out = r->tariff[which - OWN_PERIOD_TARIFF][MW_ELECTRIC_TARIFF_A_PLUS] / 1000;
    else
        *out = r->total[which - OWN_PERIOD_TOTAL] / 1000;
    return true;
}

static bool own(const mw_electric_pages_device *d, unsigned which, int64_t *out) {
    uint8_t status;
    switch (which) {
    case OWN_CLOCK:
        if (d->model->now == NULL || d->clock_bad)
            return false;
        *out = local_s(d, d->model->now(d->model->meter, &status));
        return true;
    case OWN_ERRORS:
        *out = d->errors;
        return true;
    case OWN_TAMPERS:
        *out = d->tampers;
        return true;
    case OWN_SERIAL:
        return serial(d, out);
    case OWN_ADDRESS:
        *out = d->address;
        return true;
    case OWN_FIRMWARE:
        *out = d->firmware[0] << 16 | d->firmware[1] << 8 | d->firmware[2];
        return true;
    case OWN_CHECKSUM:
        *out = d->checksum;
        return true;
    case OWN_LEGAL:
        *out = MW_LEGAL_VERSION;
        return true;
    case OWN_RECORDS:
        *out = d->records;
        return true;
    default:
        return period(d->period, d, which, out);
    }
}

static bool field_read(const void *device, uint16_t field, int64_t *out) {
    const mw_electric_pages_device *d = device;
    unsigned which = field & ((1u << PLACES_AT) - 1);
    if (!(which < MW_ELECTRIC_NUMBERS ? number(d, which, out) : own(d, which, out)))
        return false;
    int64_t divisor = 1;
    for (unsigned places = field >> PLACES_AT; places > 0; places--)
        divisor *= 10;
    /* A register never shows more than was counted; what was measured is rounded. */
    bool counted = which <= MW_ELECTRIC_N_REACTIVE_ENDS || which >= OWN_NONE;
    *out = counted ? *out / divisor : mw_fix_div(*out, divisor);
    return true;
}

static unsigned quadrant_of(int64_t p, int64_t q) {
    return q >= 0 ? (p >= 0 ? 1 : 2) : (p >= 0 ? 4 : 3);
}

static void power_signs(const mw_electric_pages_device *d, mw_lcd *lcd) {
    int64_t p = 0, q = 0, tariff = 0, volts[3] = {0};
    bool known = number(d, MW_ELECTRIC_N_POWER, &p);
    known = number(d, MW_ELECTRIC_N_POWER_REACTIVE, &q) && known;
    if (known && (p != 0 || q != 0))
        lcd->quadrant = (uint8_t)quadrant_of(p, q);
    mw_lcd_sign_set(lcd, MW_LCD_SIGN_CREEP, known && p == 0 && q == 0);
    mw_lcd_sign_set(lcd, MW_LCD_SIGN_GENERATION, known && p < 0);
    if (number(d, MW_ELECTRIC_N_TARIFF, &tariff) && tariff >= 1 && tariff <= MW_TARIFFS)
        lcd->tariff = (uint8_t)tariff;
    int64_t rated = 0;
    if (!number(d, MW_ELECTRIC_N_NOMINAL, &rated))
        return;
    for (unsigned k = 0; k < 3; k++)
        mw_lcd_sign_set(lcd, (mw_lcd_sign)(MW_LCD_SIGN_L1 + k),
                        number(d, MW_ELECTRIC_N_VOLTAGE + k, &volts[k]) && volts[k] * 2 >= rated);
}

static void signs_read(const void *device, mw_lcd *lcd) {
    const mw_electric_pages_device *d = device;
    const uint8_t opened = 1u << MW_ELECTRIC_TAMPER_CASE | 1u << MW_ELECTRIC_TAMPER_COVER;
    power_signs(d, lcd);
    mw_lcd_sign_set(lcd, MW_LCD_SIGN_ALARM, d->alarm);
    mw_lcd_sign_set(lcd, MW_LCD_SIGN_BATTERY, d->battery_low);
    mw_lcd_sign_set(lcd, MW_LCD_SIGN_TAMPER, (d->tampers & opened) != 0);
    mw_lcd_sign_set(lcd, MW_LCD_SIGN_MAGNET, (d->tampers >> MW_ELECTRIC_TAMPER_MAGNET & 1) != 0);
    mw_lcd_sign_set(lcd, MW_LCD_SIGN_SENSOR, d->errors != 0);
    mw_lcd_sign_set(lcd, MW_LCD_SIGN_RADIO, d->radio);
    mw_lcd_sign_set(lcd, MW_LCD_SIGN_CLOCK, d->clock_bad);
    mw_lcd_sign_set(lcd, MW_LCD_SIGN_PHASE_ORDER, (d->quality & MW_ELECTRIC_QUALITY_SEQUENCE) != 0);
    if (d->model->relay != NULL) {
        mw_electric_relay relay;
        d->model->relay(d->model->meter, &relay);
        mw_lcd_sign_set(lcd, MW_LCD_SIGN_RELAY_OPEN, !relay.output);
    }
}

#define TABLE(of, scroll, dark, light)                                                             \
    {                                                                                              \
        .pages = (of), .count = sizeof(of) / sizeof(of)[0], .home_s = 60, .dark_s = (dark),        \
        .scroll_s = (scroll), .light_s = (light), .lists = MW_ELECTRIC_PAGES_LISTS,                \
        .titles = titles, .read = field_read, .signs = signs_read                                  \
    }

const mw_display_table mw_electric_pages_single = TABLE(single_pages, 10, 0, 30);
const mw_display_table mw_electric_pages_single_battery = TABLE(single_pages, 0, 30, 0);
const mw_display_table mw_electric_pages_three = TABLE(three_pages, 10, 0, 30);
const mw_display_table mw_electric_pages_three_battery = TABLE(three_pages, 0, 30, 0);
