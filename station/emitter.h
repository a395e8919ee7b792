/* SPDX-License-Identifier: Apache-2.0
 *
 * A radio as the antenna of the transmitter: bursts wait in a short queue, and a thread of its own
 * renders them and hands them to the radio, each to leave at its sample of the receiver's stream.
 *
 * The radio is half duplex at one place: the receiver goes on numbering samples, and what it hears
 * of us is left out by whoever knows the bursts (mw_station_transmitter_deaf).
 */
#ifndef MW_STATION_EMITTER_H
#define MW_STATION_EMITTER_H

#include "radio/modulator.h"
#include "radio/soapy.h"

#define MW_EMITTER_QUEUE_MAX 8u

typedef struct mw_emitter mw_emitter;

typedef struct mw_emitter_stats {
    uint64_t bursts;    /* that left whole */
    uint64_t underruns; /* times that the radio ran out of samples */
    uint64_t failures;  /* bursts that did not leave, or not whole */
} mw_emitter_stats;

MW_NODISCARD mw_status mw_emitter_new(mw_emitter **out_emitter);
void mw_emitter_free(mw_emitter *e);

/* ---- the receiving thread ---- */

/* A radio was opened: its transmitter is ours until mw_emitter_detach, which waits for the thread
 * to let it go (4 s at most) and fails what was not sent. */
MW_NODISCARD mw_status mw_emitter_attach(mw_emitter *e, mw_soapy *radio);
void mw_emitter_detach(mw_emitter *e);
/* Samples before this one were received: by this it is seen that a burst is over or too late. */
void mw_emitter_passed(mw_emitter *e, uint64_t index);
/* A burst at the receiver's rate, in order of time. MW_CLOSED: no radio; MW_TIMEOUT: its first
 * sample has passed; MW_LIMIT: the queue is full. */
MW_NODISCARD mw_status mw_emitter_send(mw_emitter *e, uint64_t id, const mw_burst *burst,
                                       mw_freq centre);
/* How a burst ended: MW_OK, MW_TIMEOUT (it came too late) or another failure with its reason, a
 * constant. MW_AGAIN: it has not ended. MW_NOT_FOUND: nothing is known of it (any more). */
MW_NODISCARD mw_status mw_emitter_outcome(mw_emitter *e, uint64_t id, const char **out_reason);

/* From any thread. */
mw_emitter_stats mw_emitter_stats_of(mw_emitter *e);

#endif
