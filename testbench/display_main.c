/* SPDX-License-Identifier: Apache-2.0
 *
 * mw-testbench-display: shows what a meter's display shows. Boots a simulated meter, lets some of
 * its resource flow, and turns all pages with the button, as text or as a picture:
 *
 *     mw-testbench-display --all
 *     mw-testbench-display --model gas-g4 --strokes
 *     mw-testbench-display --model water-r160 --svg > water.svg
 *
 * Electricity meters are shown with the whole menu, each list under its title; --list shows one
 * list of it, 0 the first.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "meters/boards/host.h"
#include "meters/boards/host_lcd.h"
#include "meters/gas/gas.h"
#include "meters/kit/pages.h"
#include "meters/pulse/pulse.h"
#include "meters/water/water.h"
#include "testbench/electric_view.h"

enum form { FORM_LINE, FORM_STROKES, FORM_SVG };

typedef struct sight {
    const char *name;
    const mw_meter_model *model;
    const mw_display_table *pages;
    uint32_t counts[2];
    uint8_t elements; /* of an electricity meter; 0: of none */
} sight;

#define GLASSES_MAX 128

typedef struct glasses {
    mw_lcd lcd[GLASSES_MAX];
    unsigned n;
} glasses;

static const sight *sights(unsigned *out_n) {
    static sight all[9];
    all[0] = (sight){"water-r160", &mw_water_r160, &mw_pages_water, {49383, 6}, 0};
    all[1] = (sight){"water-r100", &mw_water_r100, &mw_pages_water, {812, 0}, 0};
    all[2] = (sight){"water-r80", &mw_water_r80, &mw_pages_water, {812, 0}, 0};
    for (unsigned i = 0; i < 3; i++)
        all[3 + i] = (sight){
            mw_gas_model_of[i + 1].name, &mw_gas_model_of[i + 1], &mw_pages_gas, {12345678, 0}, 0};
    all[6] = (sight){"pulse-2", &mw_pulse_2, &mw_pages_pulse, {123456, 789}, 0};
    all[7] = (sight){"electric-1", NULL, &mw_electric_pages_single, {0, 0}, 1};
    all[8] = (sight){"electric-3", NULL, &mw_electric_pages_three, {0, 0}, 3};
    *out_n = 9;
    return all;
}

/* A meter after a day in which everything the sight says came through. */
static mw_status meter_make(const sight *of, mw_host_flash *nor, mw_meter *m, mw_mono *out_now) {
    mw_meter_provision provision = {.address = 0x00A1B2C3, .master_key = {1}, .key_epoch = 1};
    MW_TRY(mw_unb_plan_find("demo", &provision.plan));
    MW_TRY(mw_host_flash_init(nor, 4096, MW_METER_FLASH_SECTORS));
    mw_board board = {.flash = mw_host_flash_interface(nor), .seed = 1};
    mw_mono now = {0};
    MW_TRY(mw_meter_boot(m, of->model, &provision, &board, now));
    MW_TRY(mw_meter_clock_set(m, now, mw_utc_of_s(INT64_C(1772323200)))); /* 2026-03-01 */
    mw_meter_config config = *mw_meter_config_of(m);
    config.active = 0x03;
    MW_TRY(mw_meter_configure(m, now, &config));
    mw_meter_inputs in = {.battery_mv = 3580, .temperature = {21400}};
    mw_meter_outputs out = {.next_wake = {1}};
    for (unsigned i = 0; i < 2; i++)
        in.counts[i] = of->counts[i];
    while (now.ns < INT64_C(30) * 3600 * MW_NS_PER_S) {
        now = out.next_wake;
        MW_TRY(mw_meter_step(m, now, &in, &out));
        in = (mw_meter_inputs){.tamper = MW_TAMPER_COVER};
    }
    *out_now = now;
    return MW_OK;
}

static void glass_take(glasses *g, mw_display *d, mw_mono now, const void *device) {
    if (g->n < GLASSES_MAX)
        mw_display_show(d, now, device, &g->lcd[g->n++]);
}

static void press(mw_display *d, mw_mono *now, int64_t ms) {
    mw_display_button(d, *now, true);
    now->ns += ms * (MW_NS_PER_S / 1000);
    mw_display_button(d, *now, false);
    now->ns += MW_NS_PER_S / 2;
}

/* Every list of the menu (or `only` that one), every page of it; of a list with a title the title
 * too. */
static void pages_turn(const mw_display_table *t, int only, const void *device, mw_mono now,
                       glasses *g) {
    mw_display d;
    mw_display_init(&d, t, now);
    press(&d, &now, 200);
    if (t->dark_s == 0) /* it was awake already: back to the first page */
        for (unsigned i = 0; d.page != 0 && i < t->count; i++)
            press(&d, &now, 200);
    for (unsigned seen = 0; seen < t->count;) {
        uint8_t list = d.list, first = d.page;
        do {
            if (only < 0 || only == list)
                glass_take(g, &d, now, device);
            press(&d, &now, 200);
            seen++;
        } while (d.page != first && seen < t->count);
        press(&d, &now, 2500);
        if (d.list == list)
            break;
        if (d.list != 0 && d.list < t->lists && (only < 0 || only == d.list))
            glass_take(g, &d, now, device);
        now.ns += MW_NS_PER_S;
    }
}

static mw_status battery_show(const sight *of, int only, glasses *g) {
    static mw_meter m;
    mw_host_flash nor;
    mw_mono now;
    MW_TRY(meter_make(of, &nor, &m, &now));
    bool gas = of->pages == &mw_pages_gas, pulse = of->pages == &mw_pages_pulse;
    mw_pages_device device = {.meter = &m,
                              .now = now,
                              .legal_checksum = UINT32_C(0xC0FFEE42),
                              .flow_known = !pulse,
                              .flow_lph = gas ? 1840 : 612,
                              .pressure_known = gas,
                              .pressure_mbar = 1034};
    pages_turn(of->pages, only, &device, now, g);
    mw_host_flash_fini(&nor);
    return MW_OK;
}

static mw_status sight_show(const sight *of, int only, enum form form) {
    static glasses g;
    g.n = 0;
    if (of->elements != 0) {
        static mw_electric_view view;
        MW_TRY(mw_electric_view_init(&view, of->elements));
        pages_turn(of->pages, only, &view.device, (mw_mono){0}, &g);
        mw_electric_view_fini(&view);
    } else {
        MW_TRY(battery_show(of, only, &g));
    }
    if (form == FORM_SVG) {
        const char *titles[GLASSES_MAX];
        for (unsigned i = 0; i < g.n; i++)
            titles[i] = of->name;
        mw_lcd_print_svg(g.lcd, titles, g.n, stdout);
        return MW_OK;
    }
    printf("%s\n", of->name);
    for (unsigned i = 0; i < g.n; i++)
        (form == FORM_LINE ? mw_lcd_print_line : mw_lcd_print_strokes)(&g.lcd[i], stdout);
    return MW_OK;
}

static int usage(FILE *out, int code) {
    fputs("usage: mw-testbench-display (--all | --model NAME) [--list N] [--strokes | --svg]\n",
          out);
    return code;
}

int main(int argc, char **argv) {
    static const struct option options[] = {{"all", no_argument, NULL, 'a'},
                                            {"model", required_argument, NULL, 'm'},
                                            {"list", required_argument, NULL, 'l'},
                                            {"strokes", no_argument, NULL, 's'},
                                            {"svg", no_argument, NULL, 'v'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *name = NULL;
    bool all = false;
    int only = -1;
    enum form form = FORM_LINE;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'a')
            all = true;
        else if (c == 'm')
            name = optarg;
        else if (c == 'l' && optarg[0] >= '0' && optarg[0] <= '9' && optarg[1] == 0)
            only = optarg[0] - '0';
        else if (c == 's')
            form = FORM_STROKES;
        else if (c == 'v')
            form = FORM_SVG;
        else
            return usage(c == 'h' ? stdout : stderr, c == 'h' ? 0 : 2);
    }
    if (all == (name != NULL))
        return usage(stderr, 2);
    unsigned n, shown = 0;
    const sight *of = sights(&n);
    for (unsigned i = 0; i < n; i++) {
        if (!all && strcmp(of[i].name, name) != 0)
            continue;
        shown++;
        mw_status s = sight_show(&of[i], only, form);
        if (s != MW_OK) {
            fprintf(stderr, "%s: %s\n", of[i].name, mw_status_name(s));
            return 1;
        }
    }
    if (shown == 0) {
        fprintf(stderr, "no model \"%s\"\n", name);
        return 2;
    }
    return 0;
}
