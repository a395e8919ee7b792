/* SPDX-License-Identifier: Apache-2.0
 *
 * Where samples come from: a UNIX socket that is connected again and again, a file, a pipe. Used by
 * the receiving thread only, except mw_station_source_stop.
 */
#ifndef MW_STATION_SOURCE_H
#define MW_STATION_SOURCE_H

#include "radio/samples.h"

typedef struct mw_station_source mw_station_source;

/* spec: unix:PATH, file:PATH or "-". plain: what plain samples are, NULL for sample blocks.
 * MW_SYNTAX, MW_NOMEM; a socket or file that is not there is tried later. */
MW_NODISCARD mw_status mw_station_source_new(const char *spec, const mw_samples_header *plain,
                                             mw_station_source **out_source);
void mw_station_source_free(mw_station_source *s);
/* The next block, borrowed until the next call. MW_AGAIN: nothing came within `wait`. MW_CLOSED:
 * the end of a file, or stopped. A broken connection or stream is opened anew, with pauses. */
MW_NODISCARD mw_status mw_station_source_pull(mw_station_source *s, mw_dur wait,
                                              mw_samples_block *out_block);
/* Tells a sender of blocks on a socket that all before this index is safe. Best effort: a lost
 * acknowledgement makes it send again. */
void mw_station_source_acknowledge(mw_station_source *s, uint64_t index);
/* From any thread: pull returns MW_CLOSED from now on. */
void mw_station_source_stop(mw_station_source *s);
bool mw_station_source_connected(const mw_station_source *s);
/* Connections made, and why the last one ended. */
uint64_t mw_station_source_connections(const mw_station_source *s);
mw_status mw_station_source_trouble(const mw_station_source *s);

#endif
