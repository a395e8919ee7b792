/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/pages.h"

#include "meters/kit/legal.h"
#include "protocols/smp/smp.h"

enum field {
    FIELD_REGISTER_0,
    FIELD_REGISTER_1,
    FIELD_FLOW,
    FIELD_BILLING,
    FIELD_ERRORS,
    FIELD_NONE,
    FIELD_TEMPERATURE,
    FIELD_PRESSURE,
    FIELD_BATTERY,
    FIELD_BATTERY_LEFT,
    FIELD_CLOCK,
    FIELD_FIRMWARE,
    FIELD_CHECKSUM,
    FIELD_ADDRESS,
    FIELD_EVENTS,
    FIELD_LEGAL_VERSION,
    FIELD_AUDIT
};

/* A register in litres is shown in cubic metres: 99999.999, then 0 again. */
#define PAGE_REGISTER(text, number)                                                                \
    { text, number, MW_DISPLAY_INDICATOR, 8, 3, MW_LCD_UNIT_M3, 0 }
#define PAGE_PULSES(text, number)                                                                  \
    { text, number, MW_DISPLAY_INDICATOR, 8, 0, MW_LCD_UNIT_IMP, 0 }
#define PAGES_COMMON                                                                               \
    {"5", FIELD_ERRORS, MW_DISPLAY_ERRORS, 0, 0, MW_LCD_UNIT_NONE, 0},                             \
        {"6", FIELD_NONE, MW_DISPLAY_SEGMENTS, 0, 0, MW_LCD_UNIT_NONE, 0},                         \
        {"11", FIELD_TEMPERATURE, MW_DISPLAY_NUMBER, 4, 1, MW_LCD_UNIT_DEG_C, 1},                  \
        {"13", FIELD_BATTERY, MW_DISPLAY_NUMBER, 4, 2, MW_LCD_UNIT_V, 1},                          \
        {"14", FIELD_BATTERY_LEFT, MW_DISPLAY_NUMBER, 3, 0, MW_LCD_UNIT_PERCENT, 1},               \
        {"15", FIELD_CLOCK, MW_DISPLAY_DATE, 0, 0, MW_LCD_UNIT_NONE, 1},                           \
        {"16", FIELD_CLOCK, MW_DISPLAY_TIME, 0, 0, MW_LCD_UNIT_NONE, 1},                           \
        {"17", FIELD_FIRMWARE, MW_DISPLAY_VERSION, 0, 0, MW_LCD_UNIT_NONE, 1},                     \
        {"18", FIELD_CHECKSUM, MW_DISPLAY_HEX, 0, 0, MW_LCD_UNIT_NONE, 1},                         \
        {"19", FIELD_ADDRESS, MW_DISPLAY_HEX, 0, 0, MW_LCD_UNIT_NONE, 1},                          \
        {"20", FIELD_EVENTS, MW_DISPLAY_NUMBER, 8, 0, MW_LCD_UNIT_NONE, 1},                        \
        {"21", FIELD_LEGAL_VERSION, MW_DISPLAY_NUMBER, 4, 0, MW_LCD_UNIT_NONE, 1}, {               \
        "22", FIELD_AUDIT, MW_DISPLAY_NUMBER, 8, 0, MW_LCD_UNIT_NONE, 1                            \
    }
#define PAGES_VOLUME                                                                               \
    PAGE_REGISTER("1", FIELD_REGISTER_0), PAGE_REGISTER("2", FIELD_REGISTER_1),                    \
        {"3", FIELD_FLOW, MW_DISPLAY_NUMBER, 7, 3, MW_LCD_UNIT_M3_H, 0},                           \
        PAGE_REGISTER("4", FIELD_BILLING)

static const mw_display_page water_pages[] = {PAGES_VOLUME, PAGES_COMMON};
static const mw_display_page gas_pages[] = {
    PAGES_VOLUME,
    PAGES_COMMON,
    {"12", FIELD_PRESSURE, MW_DISPLAY_NUMBER, 5, 3, MW_LCD_UNIT_BAR, 1}};
static const mw_display_page pulse_pages[] = {PAGE_PULSES("1", FIELD_REGISTER_0),
                                              PAGE_PULSES("2", FIELD_REGISTER_1), PAGES_COMMON};

static bool billing_read(const mw_meter *m, int64_t *out) {
    mw_archive_record r;
    if (mw_archive_newest_day(&m->archive, &m->flash, &r) != MW_OK)
        return false;
    *out = mw_scale_value(&m->config.scale[0], r.counts[0]);
    return true;
}

static bool device_read(const mw_pages_device *d, uint16_t field, int64_t *out) {
    switch (field) {
    case FIELD_FLOW:
        *out = d->flow_lph;
        return d->flow_known;
    case FIELD_PRESSURE:
        *out = d->pressure_mbar;
        return d->pressure_known;
    case FIELD_BATTERY_LEFT:
        *out = mw_charge_left(d->meter);
        return *out != MW_CHARGE_UNKNOWN;
    case FIELD_CHECKSUM:
        *out = d->legal_checksum != 0 ? d->legal_checksum : d->meter->seal.software;
        return true;
    case FIELD_LEGAL_VERSION:
        *out = MW_LEGAL_VERSION;
        return true;
    case FIELD_AUDIT:
        *out = d->meter->seal.audit.count;
        return true;
    default:
        return false;
    }
}

static bool field_read(const void *device, uint16_t field, int64_t *out) {
    const mw_pages_device *d = device;
    const mw_meter *m = d->meter;
    switch (field) {
    case FIELD_REGISTER_0:
    case FIELD_REGISTER_1: {
        unsigned index = field - FIELD_REGISTER_0;
        if (index >= m->model->register_count)
            return false;
        *out = mw_meter_value(m, index);
        return true;
    }
    case FIELD_BILLING:
        return billing_read(m, out);
    case FIELD_ERRORS:
        *out = m->status_now;
        return true;
    case FIELD_TEMPERATURE:
        *out = m->temperature.mdegc / 100;
        return m->battery_mv != 0;
    case FIELD_BATTERY:
        *out = m->battery_mv / 10;
        return m->battery_mv != 0;
    case FIELD_CLOCK:
        *out = mw_meter_clock(m, d->now).us / MW_US_PER_S;
        return mw_meter_clock_state(m, d->now) != MW_CLOCK_NEVER_SET;
    case FIELD_FIRMWARE:
        *out = m->model->firmware[0] << 16 | m->model->firmware[1] << 8 | m->model->firmware[2];
        return true;
    case FIELD_ADDRESS:
        *out = m->address;
        return true;
    case FIELD_EVENTS:
        *out = m->events.next;
        return true;
    default:
        return device_read(d, field, out);
    }
}

static void signs_read(const void *device, mw_lcd *lcd) {
    static const struct {
        uint16_t status;
        uint8_t sign;
    } of[] = {
        {MW_SMP_STATUS_LOW_BATTERY, MW_LCD_SIGN_BATTERY},
        {MW_SMP_STATUS_TAMPER, MW_LCD_SIGN_TAMPER},
        {MW_SMP_STATUS_MAGNET, MW_LCD_SIGN_MAGNET},
        {MW_SMP_STATUS_LEAK, MW_LCD_SIGN_LEAK},
        {MW_SMP_STATUS_FROST, MW_LCD_SIGN_FROST},
        {MW_SMP_STATUS_SENSOR, MW_LCD_SIGN_SENSOR},
    };
    const mw_pages_device *d = device;
    for (unsigned i = 0; i < sizeof of / sizeof of[0]; i++)
        mw_lcd_sign_set(lcd, (mw_lcd_sign)of[i].sign, (d->meter->status_now & of[i].status) != 0);
    mw_lcd_sign_set(lcd, MW_LCD_SIGN_ALARM, d->meter->status_now != 0);
    mw_lcd_sign_set(lcd, MW_LCD_SIGN_BURST,
                    (d->meter->telemetry.status_arisen & MW_SMP_STATUS_BURST) != 0);
    mw_lcd_sign_set(lcd, MW_LCD_SIGN_FLOW, d->flow_known && d->flow_lph > 0);
    mw_lcd_sign_set(lcd, MW_LCD_SIGN_REVERSE, d->flow_known && d->flow_lph < 0);
    mw_lcd_sign_set(lcd, MW_LCD_SIGN_CLOCK, mw_meter_clock_state(d->meter, d->now) != MW_CLOCK_SET);
}

#define TABLE(of)                                                                                  \
    {                                                                                              \
        .pages = (of), .count = sizeof(of) / sizeof(of)[0], .home_s = 20, .dark_s = 60,            \
        .read = field_read, .signs = signs_read                                                    \
    }

const mw_display_table mw_pages_water = TABLE(water_pages);
const mw_display_table mw_pages_gas = TABLE(gas_pages);
const mw_display_table mw_pages_pulse = TABLE(pulse_pages);
