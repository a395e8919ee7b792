/* SPDX-License-Identifier: Apache-2.0 */
#include "town/electric.h"

#include <math.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/prng.h"
#include "protocols/cosem/apdu.h"

#define UWS_PER_WH INT64_C(3600000000)
/* Standing load of a home: well above every starting current. */
#define BASE_MW 60000
/* The platform's system title (docs/integrators.md). */
static const mw_cosem_title platform_title = {{'M', 'W', 'K', 'P', 'U', 'S', 'H', 1}};

/* ---- life ---- */

static mw_status boot(mw_town_electric *e, const mw_town_device *d, mw_utc clock, mw_mono ticks) {
    mw_prng g = mw_prng_of_stream(d->device_id, 0xE1);
    e->provision = (mw_electric_provision){.serial = (uint32_t)d->device_id,
                                           .made = "2026-11-23",
                                           .encryption = d->encryption,
                                           .authentication = d->authentication,
                                           .wrapping = d->master_key,
                                           .reader_password = "12345678",
                                           .configurator_password = "0123456789abcdef",
                                           .ct_ratio = 1,
                                           .vt_ratio = 1,
                                           .gcm = &mw_gcm_own};
    mw_board board = {.flash = mw_host_flash_interface(&e->flash),
                      .seed = mw_prng_below(&g, UINT32_MAX),
                      .cause = MW_RESET_POWER_ON};
    MW_TRY(mw_electric_meter_boot(&e->meter, e->type, &e->provision, &board, ticks));
    return mw_electric_meter_clock_set(&e->meter, clock, ticks);
}

/* At some meters somebody works on the terminals soon after the start. */
#define FITTER_EACH    4
#define FITTER_AFTER_S 3600
#define FITTER_STAYS_S 600

/* Meters that share a series, which may be one week long, live some hours apart. */
#define APART_S (5 * INT64_C(3600))

mw_status mw_town_electric_init(mw_town_electric *e, const mw_town_device *d,
                                const mw_town_series *series, mw_utc clock, mw_mono ticks) {
    *e = (mw_town_electric){
        .type =
            d->model == MW_TOWN_ELECTRIC_3P ? &mw_electric_three_phase : &mw_electric_single_phase,
        .series = series,
        .offset_s = d->offset_weeks[0] * MW_TOWN_WEEK_S + d->number * APART_S,
        .second = ticks,
        .first_end_s = (mw_utc_floor_s(clock) / 3600 + 1) * 3600,
        .closed = true,
    };
    if (d->number % FITTER_EACH == 0)
        e->fitter_s = e->first_end_s + FITTER_AFTER_S;
    e->reports = d->pushes ? calloc(MW_TOWN_REPORTS_MAX, sizeof *e->reports) : NULL;
    if (d->pushes && e->reports == NULL)
        return MW_NOMEM;
    mw_electric_radio_schedule(&e->meter, &e->schedule);
    MW_TRY(mw_host_flash_init(&e->flash, 4096, MW_ELECTRIC_METER_SECTORS));
    return boot(e, d, clock, ticks);
}

void mw_town_electric_fini(mw_town_electric *e) {
    mw_electric_meter_fini(&e->meter);
    mw_host_flash_fini(&e->flash);
    free(e->reports);
    *e = (mw_town_electric){0};
}

/* ---- measuring ---- */

/* Monday, 5 January 1970, so that weekdays stay weekdays. */
#define FIRST_MONDAY_S INT64_C(345600)

/* Mean power of what flows evenly in so many seconds. */
static int64_t mean_mw(const mw_town_series *s, uint32_t amount, uint32_t duration_s) {
    int64_t per_wh = s->per_wh != 0 ? s->per_wh : 1;
    return (int64_t)amount * 3600000 / duration_s / per_wh;
}

/* What the household draws at a moment: the recorded mean of then, and a standing load. Where nobody
 * measured the reactive power, it is a quarter of the active. */
static void draw_at(mw_town_electric *e, mw_utc at) {
    int64_t cycle = e->series->weeks * MW_TOWN_WEEK_S;
    int64_t s = (mw_utc_floor_s(at) - FIRST_MONDAY_S + e->offset_s) % cycle;
    const mw_town_draw *d = e->series->draws;
    if (e->draw >= e->series->count || d[e->draw].at_s > s)
        e->draw = 0;
    while (e->draw + 1 < e->series->count && d[e->draw + 1].at_s <= s)
        e->draw++;
    const mw_town_draw *now = &d[e->draw];
    bool within = s >= now->at_s && s < now->at_s + (int64_t)now->duration_s;
    e->power_mw = BASE_MW + (within ? mean_mw(e->series, now->amount, now->duration_s) : 0);
    e->reactive_mvar = !e->series->with_reactive ? e->power_mw / 4
                       : within ? mean_mw(e->series, now->reactive, now->duration_s)
                                : 0;
}

/* What the tamper contacts say. */
static void inputs_at(mw_town_electric *e, mw_mono ticks, mw_utc at) {
    int64_t since_s = mw_utc_floor_s(at) - e->fitter_s;
    mw_electric_inputs in = {.cover_open =
                                 e->fitter_s != 0 && since_s >= 0 && since_s < FITTER_STAYS_S,
                             .temperature = {25000},
                             .battery_mv = 3000};
    mw_electric_meter_inputs(&e->meter, &in, ticks);
}

void mw_town_electric_second(mw_town_electric *e, mw_mono ticks, mw_utc at) {
    mw_electric_quantities q = {.elements = e->type->elements,
                                .parts = MW_ELECTRIC_PARTS_PER_S,
                                .frequency_mhz = 50000,
                                .sequence = e->type->elements == 3 ? MW_ELECTRIC_SEQUENCE_123
                                                                   : MW_ELECTRIC_SEQUENCE_NONE,
                                .valid = true};
    bool on = mw_electric_meter_supply_on(&e->meter);
    e->power_mw = e->reactive_mvar = 0;
    if (on)
        draw_at(e, at);
    for (unsigned k = 0; k < q.elements; k++) {
        mw_electric_element *x = &q.e[k];
        x->u_uv = INT64_C(230000000);
        x->p_uw = e->power_mw * 1000 / q.elements;
        x->q_uvar = e->reactive_mvar * 1000 / q.elements;
        x->s_uva = (int64_t)hypot((double)x->p_uw, (double)x->q_uvar);
        x->i_ua = x->s_uva / 230;
        x->u_angle_mdeg = (int32_t)(k * 120000);
        x->has_angle = true;
        e->used_uws += x->p_uw;
    }
    q.neutral_ua = q.elements == 1 ? q.e[0].i_ua : 0;
    e->second = ticks;
    inputs_at(e, ticks, at);
    mw_electric_meter_window(&e->meter, &q, ticks);
    mw_electric_meter_step(&e->meter, ticks);
}

uint32_t mw_town_electric_counts(mw_town_electric *e) {
    int64_t now = mw_electric_meter_register(&e->meter, MW_ELECTRIC_TARIFF_A_PLUS, 0);
    uint32_t rose = (uint32_t)(now - e->counted);
    e->counted = now;
    return rose;
}

void mw_town_electric_relay(mw_town_electric *e, bool closed) {
    if (closed == e->closed)
        return;
    e->closed = closed;
    (void)e->meter.model.relay_do(&e->meter, closed);
}

/* ---- reports ---- */

mw_status mw_town_electric_hour(mw_town_electric *e, mw_mono ticks, mw_utc end) {
    e->hours++;
    if (e->reports == NULL || e->hours % MW_TOWN_REPORT_HOURS != 0)
        return MW_OK;
    if (e->count == MW_TOWN_REPORTS_MAX) {
        e->first = (e->first + 1) % MW_TOWN_REPORTS_MAX;
        e->count--;
        e->dropped++;
    }
    mw_town_report *r = &e->reports[(e->first + e->count) % MW_TOWN_REPORTS_MAX];
    mw_cosem_ciphered c;
    MW_TRY(mw_electric_meter_report(&e->meter, ticks, MW_TOWN_REPORT_HOURS, MW_SPAN_OF(r->bytes),
                                    &r->n));
    MW_TRY(mw_cosem_ciphered_decode((mw_slice){r->bytes, r->n}, &c));
    r->counter = c.counter;
    r->end = end;
    /* The meter does not know the begin of its very first hour. */
    int64_t known = (mw_utc_floor_s(end) - e->first_end_s) / 3600;
    r->hours = (unsigned)(known < MW_TOWN_REPORT_HOURS ? known : MW_TOWN_REPORT_HOURS);
    e->count++;
    return MW_OK;
}

const mw_town_report *mw_town_electric_pending(const mw_town_electric *e) {
    return e->count == 0 ? NULL : &e->reports[e->first];
}

mw_status mw_town_electric_confirm(mw_town_electric *e, mw_slice answer,
                                   mw_town_report *out_report) {
    const mw_town_report *r = mw_town_electric_pending(e);
    uint8_t plain[64];
    size_t n = 0;
    mw_cosem_ciphered c;
    mw_cosem_apdu a;
    if (r == NULL)
        return MW_STATE;
    mw_cosem_open_options o = {.least_counter = r->counter,
                               .required = MW_COSEM_SC_AUTHENTICATED | MW_COSEM_SC_ENCRYPTED};
    MW_TRY(mw_cosem_ciphered_decode(answer, &c));
    MW_TRY(mw_cosem_unprotect(&e->meter.keys, &platform_title, &c, &o, MW_SPAN_OF(plain), &n));
    MW_TRY(mw_cosem_apdu_decode((mw_slice){plain, n}, 0, &a));
    if (a.kind != MW_COSEM_DATA_NOTIFICATION_CONFIRM || c.counter != r->counter ||
        (a.invoke & 0xFFFFFF) != (r->counter & 0xFFFFFF))
        return MW_SYNTAX;
    *out_report = *r;
    e->first = (e->first + 1) % MW_TOWN_REPORTS_MAX;
    e->count--;
    return MW_OK;
}
