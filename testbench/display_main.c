/* SPDX-License-Identifier: Apache-2.0
 *
 * mw-testbench-display: shows what a meter's display shows. Boots a simulated meter, lets some of
 * its resource flow, and turns all pages with the button, as text or as a picture:
 *
 *     mw-testbench-display --all
 *     mw-testbench-display --model gas-g4 --strokes
 *     mw-testbench-display --model water-r160 --svg > water.svg
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

enum form { FORM_LINE, FORM_STROKES, FORM_SVG };

typedef struct sight {
    const char *name;
    const mw_meter_model *model;
    const mw_display_table *pages;
    uint32_t counts[2];
} sight;

#define GLASSES_MAX 20

typedef struct glasses {
    mw_lcd lcd[GLASSES_MAX];
    unsigned n;
} glasses;

static const sight *sights(unsigned *out_n) {
    static sight all[7];
    all[0] = (sight){"water-r160", &mw_water_r160, &mw_pages_water, {49383, 6}};
    all[1] = (sight){"water-r100", &mw_water_r100, &mw_pages_water, {812, 0}};
    all[2] = (sight){"water-r80", &mw_water_r80, &mw_pages_water, {812, 0}};
    for (unsigned i = 0; i < 3; i++)
        all[3 + i] = (sight){
            mw_gas_model_of[i + 1].name, &mw_gas_model_of[i + 1], &mw_pages_gas, {12345678, 0}};
    all[6] = (sight){"pulse-2", &mw_pulse_2, &mw_pages_pulse, {123456, 789}};
    *out_n = 7;
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

static void glass_take(glasses *g, mw_display *d, mw_mono now, const mw_pages_device *device) {
    if (g->n < GLASSES_MAX)
        mw_display_show(d, now, device, &g->lcd[g->n++]);
}

static void press(mw_display *d, mw_mono *now, int64_t ms) {
    mw_display_button(d, *now, true);
    now->ns += ms * (MW_NS_PER_S / 1000);
    mw_display_button(d, *now, false);
    now->ns += MW_NS_PER_S / 2;
}

static void pages_turn(const sight *of, const mw_meter *m, mw_mono now, glasses *g) {
    bool gas = of->pages == &mw_pages_gas, pulse = of->pages == &mw_pages_pulse;
    mw_pages_device device = {.meter = m,
                              .now = now,
                              .legal_checksum = UINT32_C(0xC0FFEE42),
                              .flow_known = !pulse,
                              .flow_lph = gas ? 1840 : 612,
                              .pressure_known = gas,
                              .pressure_mbar = 1034,
                              .battery_left_known = true,
                              .battery_left_pct = 97};
    mw_display d;
    mw_display_init(&d, of->pages, now);
    press(&d, &now, 200);
    unsigned user = 0;
    for (unsigned i = 0; i < of->pages->count; i++)
        user += !of->pages->pages[i].service;
    for (unsigned i = 0; i < of->pages->count; i++) {
        glass_take(g, &d, now, &device);
        press(&d, &now, i + 1 == user ? 2500 : 200);
    }
}

static mw_status sight_show(const sight *of, enum form form) {
    static glasses g;
    static mw_meter m;
    mw_host_flash nor;
    mw_mono now;
    g.n = 0;
    MW_TRY(meter_make(of, &nor, &m, &now));
    pages_turn(of, &m, now, &g);
    mw_host_flash_fini(&nor);
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
    fputs("usage: mw-testbench-display (--all | --model NAME) [--strokes | --svg]\n", out);
    return code;
}

int main(int argc, char **argv) {
    static const struct option options[] = {
        {"all", no_argument, NULL, 'a'},     {"model", required_argument, NULL, 'm'},
        {"strokes", no_argument, NULL, 's'}, {"svg", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},    {NULL, 0, NULL, 0}};
    const char *name = NULL;
    bool all = false;
    enum form form = FORM_LINE;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'a')
            all = true;
        else if (c == 'm')
            name = optarg;
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
        mw_status s = sight_show(&of[i], form);
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
