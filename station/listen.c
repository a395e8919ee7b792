/* SPDX-License-Identifier: Apache-2.0 */
#include "station/listen.h"

#include "protocols/unb/plan.h"
#include "runtime/file.h"
#include "station/networks.h"

/* The plan's uplink bands, each as far as it lies within [low, high]; copies are paired by the
 * places of the first of them. */
static mw_status listen_plan(const mw_station_config *c, int64_t low, int64_t high,
                             mw_band_config *io_band) {
    static mw_unb_plan plan; /* read at the start and when samples change: one thread */
    mw_unb_plan_fault why;
    MW_TRY(mw_unb_plan_of_words(c->plan, mw_file_load, &why, &plan));
    for (unsigned i = 0; i < plan.bands; i++) {
        const mw_unb_band *b = &plan.band[i];
        mw_band_range r = {.low = b->low, .high = b->high, .rates = b->rates};
        r.low.mhz = r.low.mhz > low ? r.low.mhz : low;
        r.high.mhz = r.high.mhz < high ? r.high.mhz : high;
        if (b->direction != MW_UNB_UP || r.low.mhz >= r.high.mhz || r.rates == 0 ||
            io_band->ranges_n == MW_BAND_RANGES_MAX)
            continue;
        io_band->ranges[io_band->ranges_n++] = r;
        if (io_band->radio.plan == NULL) {
            io_band->radio.plan = &plan;
            io_band->radio.plan_band = i;
        }
    }
    return io_band->ranges_n > 0 ? MW_OK : MW_RANGE;
}

mw_status mw_station_band_config(const mw_station_config *c, uint64_t rate_mhz, mw_freq centre,
                                 mw_band_config *out_config) {
    mw_band_config band = {.radio = mw_receiver_config_default(centre),
                           .threads = (unsigned)c->threads};
    mw_receiver_config *r = &band.radio;
    MW_TRY(mw_station_rates_parse(c->rates, &r->rates));
    MW_TRY(mw_station_networks_parse(c->networks, r->networks, &r->network_count));
    r->rate_mhz = rate_mhz;
    r->full_scale_dbm = (double)c->full_scale.cdbm / 100.0;
    r->history_frames = (double)c->history_percent / 100;
    r->blank = (double)c->blank;
    int64_t reach = (int64_t)(rate_mhz / 100 * 48); /* the edges of the samples are not usable */
    int64_t half = c->half_width.mhz < reach ? c->half_width.mhz : reach;
    if (*c->plan != 0)
        MW_TRY(listen_plan(c, centre.mhz - reach, centre.mhz + reach, &band));
    r->low.mhz = centre.mhz - (*c->plan != 0 ? reach : half);
    r->high.mhz = centre.mhz + (*c->plan != 0 ? reach : half);
    *out_config = band;
    return MW_OK;
}
