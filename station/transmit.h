/* SPDX-License-Identifier: Apache-2.0
 *
 * The transmitter of the station: entries come in from the loop's thread, uplinks and the passing
 * of samples from the receiving thread, which also renders each burst when its time has come and
 * hands it to the antenna. The time of everything here is that of the samples.
 */
#ifndef MW_STATION_TRANSMIT_H
#define MW_STATION_TRANSMIT_H

#include "radio/receiver.h"
#include "runtime/metrics.h"
#include "station/config.h"
#include "station/emitter.h"
#include "station/schedule.h"
#include "station/store.h"

typedef struct mw_station_transmitter mw_station_transmitter;

/* Where bursts go: the sample socket, or a radio. */
typedef struct mw_station_antenna {
    void *context;
    /* Samples of a burst in order, cf32 of full scale 1.0, at a rate that divides the receiver's
     * (`rate_factor_max` at most); first_index counts at that rate. The last block of a burst has
     * MW_SAMPLES_FLAG_LAST. MW_TIMEOUT: it came too late; MW_CLOSED: there is nobody to take it. */
    mw_status (*burst)(void *context, const mw_samples_block *block);
    /* All bursts that begin before this sample of the receiver's stream are out. */
    void (*watermark)(void *context, uint64_t index);
    unsigned rate_factor_max; /* a power of two; 1: at the receiver's own rate */
    /* An antenna that renders bursts itself, at the receiver's rate and at their moment; NULL: the
     * one above. How it went is asked for when the burst is over: mw_emitter_outcome. */
    mw_status (*emit)(void *context, uint64_t id, const mw_burst *burst, mw_freq centre);
    mw_status (*outcome)(void *context, uint64_t id, const char **out_reason);
    mw_emitter_stats (*stats)(void *context);
} mw_station_antenna;

/* The antenna is copied. MW_RANGE: the power is more than the plan or the radio allows, error says
 * what. MW_NOT_FOUND, MW_SYNTAX: the plan; MW_IO: the airtime book. */
MW_NODISCARD mw_status mw_station_transmitter_new(const mw_station_config *config, uint64_t epoch,
                                                  mw_utc now, mw_station_store *store,
                                                  mw_metrics *metrics,
                                                  const mw_station_antenna *antenna,
                                                  mw_station_transmitter **out_transmitter,
                                                  char error[160]);
void mw_station_transmitter_free(mw_station_transmitter *t);

/* ---- the loop's thread: events of the stream ---- */

/* One event of the stream of downlinks; unknown ones are ignored. */
void mw_station_transmitter_event(mw_station_transmitter *t, const char *event, mw_slice data);
/* Entries held. From any thread. */
size_t mw_station_transmitter_entries(mw_station_transmitter *t);

/* The airtime of the hour that ends at `now`, of the sub-band that has used most of its own. */
typedef struct mw_station_duty {
    int64_t used_ppm, limit_ppm, left_us;
} mw_station_duty;
mw_station_duty mw_station_transmitter_duty(mw_station_transmitter *t, mw_utc now);

/* ---- the receiving thread ---- */

/* A frame was decoded; a frame that is not ours is none of its business. */
void mw_station_transmitter_heard(mw_station_transmitter *t, const mw_receiver_frame *f);
/* The same frames are in the spool now, numbered from `first` on. */
void mw_station_transmitter_stored(mw_station_transmitter *t, const mw_receiver_frame *f, size_t n,
                                   uint64_t first);
/* Samples up to here were taken: decides, renders and hands on what must go out, spools results. */
void mw_station_transmitter_turn(mw_station_transmitter *t, const mw_samples_header *h);
/* A new peer behind the antenna knows nothing of what was promised. */
void mw_station_transmitter_reconnected(mw_station_transmitter *t);
/* The part of samples [first, first + n) in which the station itself is sending. False: none. */
bool mw_station_transmitter_deaf(const mw_station_transmitter *t, uint64_t first, uint64_t n,
                                 uint64_t *out_from, uint64_t *out_to);

#endif
