/* SPDX-License-Identifier: Apache-2.0
 *
 * The book of truth: what flowed and what was sent, as three CSV files in the town's folder.
 *
 *   truth.csv   device_id,channel,hour_end,register,value
 *   frames.csv  device_id,counter,sent_at,size,rate,lost,objects
 *               objects: "channel:hours:end_hour" for each day object, joined by spaces
 *   pushes.csv  device_id,counter,objects     reports that the platform confirmed
 *   downlinks.csv  device_id,direction,at,counter,rate,es_n0_db,what
 *               direction down: a frame that the meter received; what: the firmware's word on it
 * and the frame; up: a receipt in a frame sent; what: "id:result"
 *
 * hour_end and end_hour are UTC by the meter's own clock; lost is 1 when every copy faded out.
 * All are written from the beginning at each start: the town replays itself from its seed.
 */
#ifndef MW_TOWN_BOOK_H
#define MW_TOWN_BOOK_H

#include <stdio.h>

#include "meters/kit/meter.h"
#include "town/medium.h"
#include "town/virtual_meter.h"

typedef struct mw_town_book {
    FILE *truth;
    FILE *frames;
    FILE *downlinks;
    FILE *pushes;
    uint64_t frames_sent, frames_lost, values, downlinks_heard, pushed;
} mw_town_book;

MW_NODISCARD mw_status mw_town_book_open(mw_town_book *b, const char *folder);
/* Flushes and closes; MW_IO when anything could not be written. */
MW_NODISCARD mw_status mw_town_book_close(mw_town_book *b);
MW_NODISCARD mw_status mw_town_book_flush(mw_town_book *b);
void mw_town_book_truth(mw_town_book *b, const mw_town_truth *t);
/* A frame that a meter received, what its firmware said to it, and how far its clock is off then. */
void mw_town_book_downlink(mw_town_book *b, const mw_town_device *d, const mw_town_heard *heard,
                           mw_unb_rate rate, mw_status taken, int64_t clock_error_ms);
/* A report that the platform confirmed. */
void mw_town_book_push(mw_town_book *b, const mw_town_device *d, const mw_town_report *r);
/* Opens the sealed frame with the device's key, as the platform will, to note which hours it
 * carries. MW_AUTH when the firmware sealed it wrongly. */
MW_NODISCARD mw_status mw_town_book_frame(mw_town_book *b, const mw_town_device *d,
                                          const mw_meter_transmission *tx, mw_utc sent_at,
                                          bool lost);

#endif
