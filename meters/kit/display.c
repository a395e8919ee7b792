/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/display.h"

#include "base/assert.h"

static mw_mono after(mw_mono t, int64_t seconds) {
    return (mw_mono){t.ns + seconds * MW_NS_PER_S};
}

void mw_display_init(mw_display *d, const mw_display_table *table, mw_mono now) {
    mw_assert(table->count > 0 && table->pages[0].list == 0);
    *d = (mw_display){.table = table,
                      .awake = table->dark_s == 0,
                      .pressed = now,
                      .touched = after(now, -(int64_t)table->light_s),
                      .shown = now,
                      .entered = {now.ns - MW_DISPLAY_TITLE_NS}};
}

/* ---- turning pages ---- */

static void page_turn(mw_display *d, mw_mono now) {
    uint8_t n = d->table->count;
    for (uint8_t i = 1; i <= n; i++) {
        uint8_t at = (uint8_t)((d->page + i) % n);
        if (d->table->pages[at].list == d->list) {
            d->page = at;
            break;
        }
    }
    d->shown = now;
}

static void page_home(mw_display *d, mw_mono now) {
    d->page = 0;
    d->list = 0;
    d->shown = now;
}

/* The next list that has pages; after the last one the first. */
static uint8_t list_after(const mw_display_table *t, uint8_t list) {
    uint8_t next = 0;
    for (uint8_t i = 0; i < t->count; i++) {
        uint8_t of = t->pages[i].list;
        if (of > list && (next == 0 || of < next))
            next = of;
    }
    return next;
}

static void list_switch(mw_display *d, mw_mono now) {
    uint8_t next = list_after(d->table, d->list);
    page_home(d, now);
    d->entered = now;
    if (next == 0)
        return;
    d->list = next;
    page_turn(d, now);
}

static void press_long(mw_display *d, mw_mono now) {
    if (d->down && !d->turned && now.ns - d->pressed.ns >= MW_DISPLAY_LONG_NS) {
        d->turned = true;
        list_switch(d, now);
        d->touched = now;
    }
}

void mw_display_button(mw_display *d, mw_mono now, bool down) {
    press_long(d, now);
    if (down == d->down)
        return;
    if (down) {
        d->pressed = now;
        d->turned = false;
        if (!d->awake) {
            d->awake = true;
            page_home(d, now);
            d->turned = true; /* this press woke the glass */
        }
    } else if (!d->turned && now.ns - d->pressed.ns >= MW_DISPLAY_DEBOUNCE_NS) {
        page_turn(d, now);
    }
    d->down = down;
    d->touched = now;
}

static void time_pass(mw_display *d, mw_mono now) {
    const mw_display_table *t = d->table;
    press_long(d, now);
    if (!d->awake || d->down)
        return;
    if (t->dark_s != 0 && now.ns >= after(d->touched, t->dark_s).ns) {
        d->awake = false;
        page_home(d, now);
        return;
    }
    bool idle = t->home_s == 0 || now.ns >= after(d->touched, t->home_s).ns;
    if (t->home_s != 0 && idle && (d->list != 0 || (t->scroll_s == 0 && d->page != 0)))
        page_home(d, now);
    if (t->scroll_s != 0 && idle && d->list == 0)
        while (now.ns >= after(d->shown, t->scroll_s).ns)
            page_turn(d, after(d->shown, t->scroll_s));
}

mw_mono mw_display_wake(const mw_display *d, mw_mono now) {
    const mw_display_table *t = d->table;
    mw_mono at = {INT64_MAX};
    mw_mono candidates[6] = {
        d->down && !d->turned ? (mw_mono){d->pressed.ns + MW_DISPLAY_LONG_NS} : at,
        d->awake && t->dark_s != 0 ? after(d->touched, t->dark_s) : at,
        d->awake && t->home_s != 0 ? after(d->touched, t->home_s) : at,
        d->awake && t->scroll_s != 0 && d->list == 0 ? after(d->shown, t->scroll_s) : at,
        d->awake && t->light_s != 0 ? after(d->touched, t->light_s) : at,
        t->lists != 0 ? (mw_mono){d->entered.ns + MW_DISPLAY_TITLE_NS} : at,
    };
    for (unsigned i = 0; i < 6; i++)
        if (candidates[i].ns > now.ns && candidates[i].ns < at.ns)
            at = candidates[i];
    return at;
}

/* ---- writing a page ---- */

static char digit_of(int64_t value) {
    return (char)('0' + value % 10);
}

static void pair(char *out, int64_t value, bool point) {
    out[0] = digit_of(value / 10);
    out[1] = digit_of(value);
    out[2] = point ? '.' : 0;
}

/* Days since 1970 to a civil date (proleptic Gregorian; years are counted from March). */
static void date_text(int64_t seconds, char out[MW_DISPLAY_TEXT_MAX]) {
    int64_t z = seconds / 86400 + 719468;
    int64_t era = z / 146097, day_of_era = z - era * 146097;
    int64_t year =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
    pair(out, day_of_year - (153 * shifted + 2) / 5 + 1, true);
    pair(out + 3, month, true);
    pair(out + 6, (year + era * 400 + (month <= 2)) % 100, false);
}

static void time_text(int64_t seconds, char out[MW_DISPLAY_TEXT_MAX]) {
    int64_t s = seconds % 86400;
    pair(out, s / 3600, true);
    pair(out + 3, s / 60 % 60, true);
    pair(out + 6, s % 60, false);
}

static char *decimal(char *at, unsigned value) {
    if (value >= 100)
        *at++ = digit_of((int64_t)value / 100);
    if (value >= 10)
        *at++ = digit_of((int64_t)value / 10);
    *at++ = digit_of((int64_t)value);
    return at;
}

static void version_text(int64_t version, char out[MW_DISPLAY_TEXT_MAX]) {
    char *at = decimal(out, (unsigned)(version >> 16 & 255));
    *at++ = '.';
    at = decimal(at, (unsigned)(version >> 8 & 255));
    *at++ = '.';
    at = decimal(at, (unsigned)(version & 255));
    *at = 0;
}

static void errors_write(mw_lcd *lcd, int64_t bits) {
    if (bits == 0) {
        mw_lcd_text(lcd, "no Err");
        return;
    }
    mw_lcd_hex(lcd, (uint32_t)bits & 0xFFFF);
    lcd->digit[0] = mw_lcd_glyph('E');
    lcd->digit[1] = lcd->digit[2] = mw_lcd_glyph('r');
    lcd->digit[3] = 0;
}

static void value_write(const mw_display_page *page, int64_t value, mw_lcd *lcd) {
    char text[MW_DISPLAY_TEXT_MAX];
    switch ((mw_display_form)page->form) {
    case MW_DISPLAY_NUMBER:
    case MW_DISPLAY_INDICATOR:
        mw_lcd_number(lcd, value, page->width, page->decimals, page->form == MW_DISPLAY_INDICATOR);
        break;
    case MW_DISPLAY_HEX:
        mw_lcd_hex(lcd, (uint32_t)value);
        break;
    case MW_DISPLAY_DATE:
    case MW_DISPLAY_TIME:
        (page->form == MW_DISPLAY_DATE ? date_text : time_text)(value < 0 ? 0 : value, text);
        mw_lcd_text(lcd, text);
        break;
    case MW_DISPLAY_VERSION:
        version_text(value, text);
        mw_lcd_text(lcd, text);
        break;
    case MW_DISPLAY_ERRORS:
        errors_write(lcd, value);
        break;
    case MW_DISPLAY_SEGMENTS:
        break;
    }
}

void mw_display_show(mw_display *d, mw_mono now, const void *device, mw_lcd *out_lcd) {
    time_pass(d, now);
    mw_lcd_clear(out_lcd);
    const mw_display_table *t = d->table;
    if (!d->awake) {
        out_lcd->dark = true;
        return;
    }
    const mw_display_page *page = &t->pages[d->page];
    out_lcd->backlight = t->light_s != 0 && now.ns < after(d->touched, t->light_s).ns;
    if (page->form == MW_DISPLAY_SEGMENTS) {
        bool light = out_lcd->backlight;
        mw_lcd_all(out_lcd);
        out_lcd->backlight = light;
        return;
    }
    t->signs(device, out_lcd);
    if (d->list < t->lists && now.ns < d->entered.ns + MW_DISPLAY_TITLE_NS) {
        mw_lcd_text(out_lcd, t->titles[d->list]);
        return;
    }
    mw_lcd_code(out_lcd, page->code);
    out_lcd->unit = page->unit;
    int64_t value;
    if (t->read(device, page->field, &value))
        value_write(page, value, out_lcd);
    else
        mw_lcd_text(out_lcd, "--------");
}
