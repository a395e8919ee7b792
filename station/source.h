/* SPDX-License-Identifier: Apache-2.0
 *
 * Where samples come from: a UNIX socket that is connected again and again, a radio, a file of any
 * format, a pipe. Used by the receiving thread only, except mw_station_source_stop.
 */
#ifndef MW_STATION_SOURCE_H
#define MW_STATION_SOURCE_H

#include "radio/recording.h"
#include "radio/soapy.h"
#include "station/emitter.h"
#include "station/timing.h"

typedef struct mw_station_source mw_station_source;

typedef struct mw_station_source_options {
    const char *spec;   /* unix:PATH, file:PATH, soapy:ARGUMENTS or "-" */
    const char *format; /* blocks, auto, wav, sigmf, cf32, cs16, cu8, cs8 */
    /* What plain samples are: rate, centre, UTC and its uncertainty. A file that says something of
     * this itself is believed. */
    mw_samples_header plain;
    bool start_given;          /* plain.utc was set by a person, who knows better than the file */
    bool once;                 /* a file that is not there is the end, not something to wait for */
    mw_soapy_options radio;    /* of soapy:; arguments, rate and centre are taken from above */
    mw_station_timing *timing; /* what a radio's samples are stamped by; NULL: the system clock */
} mw_station_source_options;

/* MW_SYNTAX, MW_NOMEM, MW_UNSUPPORTED (a radio in a build without SoapySDR); a socket, file or
 * radio that is not there is tried later. */
MW_NODISCARD mw_status mw_station_source_open(const mw_station_source_options *options,
                                              mw_station_source **out_source);
void mw_station_source_free(mw_station_source *s);
/* The next block, borrowed until the next call. MW_AGAIN: nothing came within `wait`. MW_CLOSED:
 * the end of a file, or stopped. A broken connection or stream is opened anew, with pauses. */
MW_NODISCARD mw_status mw_station_source_pull(mw_station_source *s, mw_dur wait,
                                              mw_samples_block *out_block);
/* Tells a sender of blocks on a socket that all before this index is safe. Best effort: a lost
 * acknowledgement makes it send again. */
void mw_station_source_acknowledge(mw_station_source *s, uint64_t index);
/* The other direction of a socket: a block of what the station sends on the air, and the promise
 * that nothing else begins before `index` (radio/samples.h). MW_UNSUPPORTED for a source that is
 * not a socket, MW_CLOSED when nobody is connected, MW_TIMEOUT when the peer does not take it. */
MW_NODISCARD mw_status mw_station_source_transmit(mw_station_source *s,
                                                  const mw_samples_block *block);
void mw_station_source_watermark(mw_station_source *s, uint64_t index);
/* What hands bursts to the radio of soapy: with radio.transmit; NULL for every other source. */
mw_emitter *mw_station_source_emitter(mw_station_source *s);
/* From any thread: pull returns MW_CLOSED from now on. */
void mw_station_source_stop(mw_station_source *s);
bool mw_station_source_connected(const mw_station_source *s);
/* Whether samples wait for us while we do not take them: a file or a socket, not a radio. */
bool mw_station_source_can_wait(const mw_station_source *s);
/* Connections made, and why the last one ended: as a status, and in words ("" when there is nothing
 * to say; the receiving thread's). */
uint64_t mw_station_source_connections(const mw_station_source *s);
mw_status mw_station_source_trouble(const mw_station_source *s);
const char *mw_station_source_why(const mw_station_source *s);
/* Bytes that the file's own head promised and the file does not have. */
uint64_t mw_station_source_missing(const mw_station_source *s);

#endif
