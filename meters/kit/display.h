/* SPDX-License-Identifier: Apache-2.0
 *
 * What a meter shows: pages as a constant table, one button, and time limits. The device gives the
 * values; which page is shown, how it is written and when the glass goes dark is decided here, the
 * same for every meter.
 *
 *   short press   wakes the glass; then the next page of the list
 *   long press    (2 s) from one list to the next: the menu. Battery meters have two, the user's
 *                 and the service list; a list may have a title, shown for a second
 *   no press      after `home_s` the first page; after `dark_s` dark (0: stays on, and with
 *                 `scroll_s` turns the pages of list 0 by itself)
 */
#ifndef MW_METERS_KIT_DISPLAY_H
#define MW_METERS_KIT_DISPLAY_H

#include "base/time.h"
#include "meters/kit/lcd.h"

#define MW_DISPLAY_LONG_NS     (INT64_C(2) * MW_NS_PER_S)
#define MW_DISPLAY_TITLE_NS    MW_NS_PER_S
#define MW_DISPLAY_TEXT_MAX    12
#define MW_DISPLAY_DEBOUNCE_NS (INT64_C(30) * MW_NS_PER_S / 1000)

typedef enum mw_display_form {
    MW_DISPLAY_NUMBER,    /* value / 10^decimals, no zeros in front */
    MW_DISPLAY_INDICATOR, /* the same with all digits: a register */
    MW_DISPLAY_HEX,       /* 8 hexadecimal digits */
    MW_DISPLAY_DATE,      /* seconds since 1970: dd.mm.yy */
    MW_DISPLAY_TIME,      /* seconds since 1970: hh.mm.ss */
    MW_DISPLAY_VERSION,   /* 3 bytes: major.minor.patch */
    MW_DISPLAY_ERRORS,    /* bits: "no Err" or "Err" and the bits as 4 hexadecimal digits */
    MW_DISPLAY_SEGMENTS   /* everything on; the value is not asked for */
} mw_display_form;

typedef struct mw_display_page {
    const char *code; /* in the small digits: the OBIS short form, such as "1.8.0" */
    uint16_t field;   /* the device's own number of the value */
    uint8_t form;     /* mw_display_form */
    uint8_t width;    /* digits of a number or indicator, 1..8 */
    uint8_t decimals;
    uint8_t unit; /* mw_lcd_unit */
    uint8_t list; /* of the menu: 0 the user's list */
} mw_display_page;

typedef struct mw_display_table {
    const mw_display_page *pages;
    uint8_t count;    /* 1.., the first is the home page and of list 0 */
    uint16_t home_s;  /* 0: never goes home by itself */
    uint16_t dark_s;  /* 0: never dark */
    uint8_t scroll_s; /* 0: does not turn pages */
    uint8_t light_s;  /* of backlight after a press; 0: none */
    uint8_t lists;    /* that have a title; 0: none has */
    const char *const *titles;
    /* The value of a field; false: not known, shown as dashes. */
    bool (*read)(const void *device, uint16_t field, int64_t *out_value);
    /* Signs, tariff and quadrant of the moment. */
    void (*signs)(const void *device, mw_lcd *lcd);
} mw_display_table;

typedef struct mw_display {
    const mw_display_table *table;
    uint8_t page, list;
    bool awake, down, turned; /* turned: this press has already done its work */
    mw_mono pressed, touched, shown, entered;
} mw_display;

/* Dark when the table says so, else the home page. `table` must outlive it. */
void mw_display_init(mw_display *d, const mw_display_table *table, mw_mono now);
/* The button's level; call at each change and, while it is down, when mw_display_wake says. */
void mw_display_button(mw_display *d, mw_mono now, bool down);
/* Lets time pass and writes the segments. */
void mw_display_show(mw_display *d, mw_mono now, const void *device, mw_lcd *out_lcd);
/* When mw_display_show would show something else by itself. INT64_MAX: never. A value that is shown
 * and changes is the caller's to notice. */
mw_mono mw_display_wake(const mw_display *d, mw_mono now);

#endif
