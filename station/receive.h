/* SPDX-License-Identifier: Apache-2.0
 *
 * The receiving thread: samples in, frames into the spool, then acknowledgements to the source.
 * Decoding is heavy, so it has a thread of its own; its queue is the socket it reads from, and a
 * spool that is full or slow holds the source back.
 */
#ifndef MW_STATION_RECEIVE_H
#define MW_STATION_RECEIVE_H

#include "runtime/loop.h"
#include "station/config.h"
#include "station/panorama.h"
#include "station/source.h"
#include "station/store.h"
#include "station/transmit.h"

typedef struct mw_station_receiver mw_station_receiver;

/* transmitter: is told what is heard and sends in step with it; NULL = there is none. stored:
 * called in the loop's thread after frames became durable, and when the input ended. */
MW_NODISCARD mw_status mw_station_receiver_start(const mw_station_config *config, mw_loop *loop,
                                                 mw_station_source *source, mw_station_store *store,
                                                 mw_station_transmitter *transmitter,
                                                 mw_panorama *panorama, mw_metrics *metrics,
                                                 mw_wake_fn *stored, void *context,
                                                 mw_station_receiver **out_receiver);
/* The input has ended and all its frames are durable. */
bool mw_station_receiver_ended(const mw_station_receiver *r);
/* How much faster the sample clock runs than the time source, in parts of 10^9; MW_AGAIN. */
MW_NODISCARD mw_status mw_station_receiver_drift(const mw_station_receiver *r, int32_t *out_ppb);
/* Whether the spool refuses frames at present. */
bool mw_station_receiver_blocked(const mw_station_receiver *r);
/* Blocks of samples taken, and turns of the thread, which stand still only when it hangs. */
uint64_t mw_station_receiver_blocks(const mw_station_receiver *r);
uint64_t mw_station_receiver_turns(const mw_station_receiver *r);
/* Stops the source and joins the thread. */
void mw_station_receiver_stop(mw_station_receiver *r);

#endif
