/* SPDX-License-Identifier: Apache-2.0 */
#include "town/virtual_meter.h"

#include <stdlib.h>

#include "base/assert.h"
#include "meters/electricity/radio.h"
#include "meters/pulse/pulse.h"
#include "meters/water/water.h"
#include "protocols/smp/smp.h"

#define HOUR_NS (INT64_C(3600) * MW_NS_PER_S)
/* Crystals are within 20 ppm, clocks are set to within two seconds. */
#define CRYSTAL_PPB_MAX 20000
#define CLOCK_ERROR_US  2000000
/* No edge falls this close to the end of an hour, where a microsecond of rounding would decide. */
#define EDGE_CLEARANCE_NS 1000000
/* What was heard is known this long after a window: the air must be complete, with some slack. */
#define HEAR_AFTER  ((mw_dur){INT64_C(1050000000)})
#define INITIAL_MAX INT64_C(5000000)

/* The meter's own time in nanoseconds of UTC, from its ticks alone. */
static int64_t meter_ns(const mw_town_meter *m, mw_mono ticks) {
    return m->clock0.us * 1000 + (ticks.ns - m->ticks0.ns);
}

/* The hour that a moment belongs to; the very end of an hour is still that hour's. */
static int64_t hour_of(int64_t ns) {
    return (ns - 1) / HOUR_NS;
}

static mw_mono edge_ticks(const mw_town_meter *m, mw_utc at) {
    mw_mono ticks = mw_host_crystal_ticks(&m->crystal, at);
    int64_t into_hour = meter_ns(m, ticks) % HOUR_NS;
    if (into_hour < EDGE_CLEARANCE_NS || into_hour > HOUR_NS - EDGE_CLEARANCE_NS)
        ticks.ns += 2 * EDGE_CLEARANCE_NS;
    return ticks;
}

/* ---- truth ---- */

static int64_t reported(const mw_town_channel *c) {
    return c->scale.initial + c->counts * c->scale.numerator / c->scale.denominator;
}

static void close_hours(mw_town_meter *m, int64_t next_hour, mw_town_truth_fn *tell,
                        void *context) {
    for (; m->hour < next_hour; m->hour++) {
        for (uint32_t i = 0; i < m->device->channels; i++) {
            mw_town_channel *c = &m->channel[i];
            int64_t reg = reported(c);
            tell(context, &(mw_town_truth){.device = m->device,
                                           .channel = (uint8_t)i,
                                           .hour_end = mw_utc_of_s((m->hour + 1) * 3600),
                                           .reg = reg,
                                           .value = reg - c->last_reg});
            c->last_reg = reg;
        }
    }
}

void mw_town_meter_tell_start(const mw_town_meter *m, mw_town_truth_fn *tell, void *context) {
    for (uint32_t i = 0; i < m->device->channels; i++)
        tell(context, &(mw_town_truth){.device = m->device,
                                       .channel = (uint8_t)i,
                                       .hour_end = mw_utc_of_s(m->hour * 3600),
                                       .reg = m->channel[i].last_reg});
}

/* The channel whose next count comes first and not after `until`; NULL when there is none. */
static mw_town_channel *earliest_edge(mw_town_meter *m, mw_mono until, mw_mono *out_ticks) {
    mw_town_channel *first = NULL;
    for (uint32_t i = 0; i < m->device->channels; i++) {
        mw_mono ticks = edge_ticks(m, m->channel[i].pending.at);
        if (ticks.ns <= until.ns && (first == NULL || ticks.ns < out_ticks->ns)) {
            first = &m->channel[i];
            *out_ticks = ticks;
        }
    }
    return first;
}

/* ---- electricity ---- */

#define UWS_PER_WH INT64_C(3600000000)
/* A report is built this long after the end of an hour, when its row is written. */
#define REPORT_AFTER_NS (2 * MW_NS_PER_S)

/* Lets the mains flow up to the next wake, second by second of the meter's own. */
static uint32_t electric_run(mw_town_meter *m, mw_town_truth_fn *tell, void *context) {
    mw_town_electric *e = m->electric;
    for (;;) {
        mw_mono end = mw_mono_add(e->second, mw_dur_s(1));
        if (end.ns > m->wake.ns)
            break;
        close_hours(m, hour_of(meter_ns(m, end)), tell, context);
        mw_town_electric_second(e, end, mw_host_crystal_utc(&m->crystal, end));
        m->channel[0].counts = e->used_uws / UWS_PER_WH;
    }
    close_hours(m, meter_ns(m, m->wake) / HOUR_NS, tell, context);
    return mw_town_electric_counts(e);
}

/* Without radio: wakes after each hour. */
static mw_status electric_step(mw_town_meter *m, mw_town_truth_fn *tell, void *context) {
    (void)electric_run(m, tell, context);
    int64_t ended = meter_ns(m, m->wake) / HOUR_NS;
    MW_TRY(mw_town_electric_hour(m->electric, m->wake, mw_utc_of_s(ended * 3600)));
    m->stepped = m->wake;
    m->wake = mw_mono_add(m->wake, (mw_dur){HOUR_NS});
    return MW_OK;
}

mw_status mw_town_meter_step(mw_town_meter *m, mw_town_truth_fn *tell, void *context,
                             mw_meter_outputs *out) {
    if (m->device->pushes)
        return electric_step(m, tell, context);
    mw_meter_inputs in = {.temperature = {18000}, .battery_mv = 3600};
    mw_mono ticks;
    mw_town_channel *c;
    if (m->electric != NULL)
        in.counts[0] = electric_run(m, tell, context);
    while (m->electric == NULL && (c = earliest_edge(m, m->wake, &ticks)) != NULL) {
        close_hours(m, hour_of(meter_ns(m, ticks)), tell, context);
        c->counts++;
        in.counts[c - m->channel]++;
        c->pending = mw_town_player_next(&c->player);
    }
    close_hours(m, meter_ns(m, m->wake) / HOUR_NS, tell, context);
    mw_status status = mw_meter_step(&m->firmware, m->wake, &in, out);
    mw_assert(out->next_wake.ns > m->wake.ns);
    if (m->electric != NULL && out->relay_known)
        mw_town_electric_relay(m->electric, out->relay_closed);
    m->stepped = m->wake;
    m->wake = out->next_wake;
    /* One receiver: a frame that is still under way is heard out. */
    if (out->listen.open && !m->listen.open) {
        m->listen = out->listen;
        m->hear_at = mw_utc_add(mw_host_crystal_utc(&m->crystal, m->listen.to), HEAR_AFTER);
    }
    return status;
}

mw_utc mw_town_meter_wake(const mw_town_meter *m) {
    mw_utc wake = mw_host_crystal_utc(&m->crystal, m->wake);
    return m->listen.open && m->hear_at.us <= wake.us ? m->hear_at : wake;
}

/* ---- downlinks ---- */

bool mw_town_meter_hears(const mw_town_meter *m) {
    return m->listen.open && m->hear_at.us <= mw_host_crystal_utc(&m->crystal, m->wake).us;
}

void mw_town_meter_window_end(mw_town_meter *m) {
    m->listen.open = false;
}

mw_status mw_town_meter_downlink(mw_town_meter *m, mw_utc start, mw_slice payload,
                                 mw_status *out_taken) {
    mw_mono now = mw_host_crystal_ticks(&m->crystal, m->hear_at);
    if (now.ns < m->stepped.ns)
        now = m->stepped;
    m->listen.open = false;
    *out_taken =
        mw_meter_downlink(&m->firmware, now, mw_host_crystal_ticks(&m->crystal, start), payload);
    if (*out_taken == MW_IO)
        return MW_IO;
    /* A frame may have set the clock: the truth counts by the clock that the meter shows. */
    mw_utc shown = mw_meter_clock(&m->firmware, now);
    int64_t moved = shown.us * 1000 - meter_ns(m, now);
    if (moved >= 2000 || moved <= -2000) {
        m->clock0 = shown;
        m->ticks0 = now;
        if (m->electric != NULL)
            MW_TRY(mw_electric_meter_clock_set(&m->electric->meter, shown, now));
    }
    m->wake = now;
    return MW_OK;
}

int64_t mw_town_meter_clock_error_ms(const mw_town_meter *m) {
    int64_t shown_us = mw_meter_clock(&m->firmware, m->wake).us;
    return (shown_us - mw_host_crystal_utc(&m->crystal, m->wake).us) / 1000;
}

/* ---- installation ---- */

/* Most modems report once a day; a few more often, as the catalogue's modem can. Single-phase meters
 * report every hour. */
static uint8_t report_period(const mw_town_device *d) {
    if (d->model == MW_TOWN_ELECTRIC_1P)
        return 1;
    static const uint8_t periods[] = {1, 24, 24, 6, 24, 24, 24, 12, 24, 24};
    return d->model != MW_TOWN_PULSE ? 24 : periods[d->number % sizeof periods];
}

/* The settings that production gives this meter. */
static void configure(mw_town_meter *m, mw_prng *g, const mw_town_terms *terms) {
    const mw_town_device *d = m->device;
    static const mw_meter_model *const models[] = {
        &mw_water_r160, &mw_pulse_2, &mw_electric_radio_single, &mw_electric_radio_three};
    m->model = *models[d->model];
    mw_meter_config *c = &m->model.defaults;
    c->billing_hour = terms->billing_hour;
    c->report_period_h = report_period(d);
    c->jitter_s = terms->jitter_s;
    c->rate = MW_UNB_R1;
    c->copies = 1;
    c->overlap = 1;
    c->active = m->model.hourly;
    c->beacon = terms->beacon;
    for (uint32_t i = 0; i < d->channels; i++) {
        if (m->electric == NULL) /* an electricity meter reports what its glass shows */
            c->scale[i].initial = (int64_t)mw_prng_below(g, (uint64_t)INITIAL_MAX);
        m->channel[i].scale = c->scale[i];
        m->channel[i].last_reg = c->scale[i].initial;
    }
}

static mw_status install(mw_town_meter *m, uint64_t seed, mw_prng *g, const mw_town_terms *terms) {
    const mw_town_device *d = m->device;
    mw_meter_provision provision = {.address = d->network_address, .plan = terms->plan};
    for (unsigned i = 0; i < 8; i++)
        provision.device_id[i] = (uint8_t)(d->device_id >> (56 - 8 * i));
    mw_bytes_copy(provision.master_key, d->master_key.b, sizeof provision.master_key);
    if (terms->beacon != 0) {
        provision.group = MW_SMP_GROUP_ALL;
        mw_bytes_copy(provision.group_key, terms->group_key.b, sizeof provision.group_key);
    }
    mw_board board = {.flash = mw_host_flash_interface(&m->flash),
                      .seed = mw_mix64(seed ^ d->device_id),
                      .cause = MW_RESET_POWER_ON,
                      .schedule = m->electric != NULL ? &m->electric->schedule : NULL};
    configure(m, g, terms);
    mw_mono now = mw_host_crystal_ticks(&m->crystal, terms->start);
    MW_TRY(mw_meter_boot(&m->firmware, &m->model, &provision, &board, now));

    int64_t error_us = (int64_t)mw_prng_below(g, 2 * CLOCK_ERROR_US) - CLOCK_ERROR_US;
    if (m->electric != NULL) /* its seconds are the windows that it measures in */
        error_us -= error_us % MW_US_PER_S;
    m->clock0 = (mw_utc){terms->start.us + error_us};
    m->ticks0 = now;
    m->hour = hour_of(m->clock0.us * 1000);
    m->wake = now;
    if (d->pushes)
        m->wake.ns += (m->hour + 1) * HOUR_NS - m->clock0.us * 1000 + REPORT_AFTER_NS;
    return mw_meter_clock_set(&m->firmware, now, m->clock0);
}

/* The meter behind the radio, or without one. */
static mw_status connect_mains(mw_town_meter *m, const mw_town_terms *terms) {
    const mw_town_device *d = m->device;
    const mw_town_series *s = d->number % 3 < MW_TOWN_LOADS ? &terms->loads[d->number % 3]
                                                            : &terms->households[d->household[0]];
    MW_TRY(mw_town_electric_init(m->electric, d, s, m->clock0, m->ticks0));
    if (!d->pushes)
        mw_electric_radio_connect(&m->electric->events, &m->electric->meter, &m->firmware);
    return MW_OK;
}

static void connect_sensors(mw_town_meter *m, const mw_town_terms *terms) {
    const mw_town_device *d = m->device;
    for (uint32_t i = 0; i < d->channels; i++) {
        bool is_water = d->model == MW_TOWN_WATER;
        const mw_town_series *s = is_water ? terms->water : &terms->households[d->household[i]];
        /* A water count is MW_WATER_STEP_ML, a pulse of the modem is 1 Wh. */
        mw_town_player_init(&m->channel[i].player, s, d->offset_weeks[i],
                            is_water ? MW_WATER_STEP_ML : 1, terms->start);
        do {
            m->channel[i].pending = mw_town_player_next(&m->channel[i].player);
        } while (m->channel[i].pending.at.us <= terms->start.us);
    }
}

mw_status mw_town_meter_init(mw_town_meter *m, const mw_town_device *device, uint64_t seed,
                             const mw_town_terms *terms) {
    mw_prng g = mw_prng_of_stream(mw_mix64(seed), device->device_id);
    *m = (mw_town_meter){.device = device};
    m->crystal = (mw_host_crystal){
        .origin = terms->start,
        .ppb = (int32_t)mw_prng_below(&g, 2 * CRYSTAL_PPB_MAX) - CRYSTAL_PPB_MAX,
    };
    bool electric = mw_town_device_is_electric(device);
    m->electric = electric ? calloc(1, sizeof *m->electric) : NULL;
    if (electric && m->electric == NULL)
        return MW_NOMEM;
    mw_status status = mw_host_flash_init(&m->flash, 4096, MW_METER_FLASH_SECTORS);
    if (status == MW_OK)
        status = install(m, seed, &g, terms);
    if (status == MW_OK && electric)
        status = connect_mains(m, terms);
    if (status != MW_OK) {
        mw_town_meter_fini(m);
        return status;
    }
    if (!electric)
        connect_sensors(m, terms);
    return MW_OK;
}

void mw_town_meter_fini(mw_town_meter *m) {
    if (m->electric != NULL)
        mw_town_electric_fini(m->electric);
    free(m->electric);
    m->electric = NULL;
    mw_host_flash_fini(&m->flash);
}
