/* SPDX-License-Identifier: Apache-2.0
 *
 * Settings of mw-station.
 */
#ifndef MW_STATION_CONFIG_H
#define MW_STATION_CONFIG_H

#include "radio/receiver.h"
#include "runtime/settings.h"
#include "station/source.h"
#include "station/store.h"

typedef struct mw_station_config {
    const char *clock;
    const char *log_level;
    const char *id;
    const char *source; /* unix:PATH, soapy:ARGUMENTS, file:PATH or - */
    const char *format; /* blocks, auto, wav, sigmf, cf32, cs16, cu8, cs8 */
    mw_freq sample_rate;
    mw_utc start; /* of plain samples; 0 = when the daemon began */
    const char *sdr_antenna;
    int64_t sdr_gain_db;
    int64_t sdr_correction_ppb;
    mw_dur sdr_delay;
    const char *sdr_transmit_antenna;
    int64_t sdr_transmit_gain_db;
    bool stop_at_end;
    mw_freq centre;
    mw_freq half_width;
    const char *rates;
    const char *plan; /* empty, a built-in one, or file:PATH */
    int64_t threads;
    int64_t history_percent;
    int64_t blank;
    const char *networks;
    mw_level full_scale;
    const char *spool_folder;
    int64_t spool_max;
    const char *spool_when_full; /* auto, hold, drop */
    const char *raw_folder;
    int64_t raw_max;
    const char *url;
    const char *token_file;
    const char *ca_file;
    const char *client_cert;
    const char *client_key;
    const char *routes;
    mw_dur probe_every;
    bool allow_plain;
    int64_t batch_max;
    mw_dur timeout;
    mw_dur retry_min;
    mw_dur retry_max;
    mw_dur status_every; /* 0: never */
    mw_dur picture_every;
    int64_t picture_max; /* 0: no pictures */
    const char *update_folder;
    const char *update_keys;
    mw_dur update_confirm;
    mw_dur update_deadline;
    const char *listen;
    const char *tls_cert;
    const char *tls_key;
    const char *page_token;
    const char *output; /* of decode: json or text */
    bool summary;
    const char *gpsd; /* host:port or "" */
    bool transmit;
    const char *transmit_plan; /* a built-in one, or file:PATH */
    mw_level transmit_erp;
    mw_level transmit_full_scale;
    mw_dur transmit_lead;
    const char *transmit_airtime; /* "" = spool folder/airtime */
} mw_station_config;

extern const mw_program mw_station_program;
/* Settings of `mw-station decode`: those that say what the samples are. */
extern const mw_program mw_station_decode_program;

/* "R0 R1" to MW_RECEIVER_ bits; MW_SYNTAX for another word or none. */
MW_NODISCARD mw_status mw_station_rates_parse(const char *text, unsigned *out_rates);
/* Where samples come from and what plain ones are; now: the moment when reading begins. */
mw_station_source_options mw_station_source_options_of(const mw_station_config *c, const char *spec,
                                                       mw_utc now);

/* can_wait: whether samples wait while frames cannot be stored. */
mw_station_store_options mw_station_store_options_of(const mw_station_config *c, bool can_wait);

#endif
