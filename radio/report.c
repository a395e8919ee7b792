/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/report.h"

#include <math.h>

static int32_t centi(double db) {
    return (int32_t)lround(100 * db);
}

mw_receiver_frame mw_report_of(const mw_receiver_config *config, const mw_foreign_place *place,
                               mw_unb_rate rate, const mw_candidate_frame *f) {
    double samples = (double)config->rate_mhz / 1000, sps = samples / mw_unb_rate_bd(rate);
    const mw_unb_layout *l = mw_unb_layout_of(f->size);
    double begin = floor(f->centre - 0.5 * sps + 0.5);
    mw_receiver_frame out = {
        .payload_bytes = (uint8_t)l->payload_bytes,
        .rate = (uint8_t)rate,
        .size = (uint8_t)f->size,
        .first_index = begin > 0 ? place->base + (uint64_t)begin : place->base,
        .start = place->anchor,
        .start_uncertainty_us = place->uncertainty_us,
        .frequency = {config->centre.mhz + llround(f->hz * 1000)},
        .drift_mhz_per_s = (int32_t)lround(f->drift * 1000),
        .level = {centi(20 * log10(f->amplitude + 1e-30) + config->full_scale_dbm)},
        .snr = {centi(10 * log10(f->es_n0 + 1e-30))},
        .symbols = l->code_bits,
        .symbol_errors = (uint16_t)f->symbol_errors,
        .quality = (uint8_t)lround(100 * f->correlation),
    };
    if (!mw_utc_is_none(place->anchor)) {
        double since = (double)(int64_t)(out.first_index - place->anchor_index);
        out.start.us += llround(since * 1e6 / samples);
    }
    return out;
}
