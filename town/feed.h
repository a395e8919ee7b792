/* SPDX-License-Identifier: Apache-2.0
 *
 * Feeds one base station with sample blocks over a UNIX socket, and forgets a block only when the
 * station has acknowledged it: every frame that began in it is in the station's durable spool. A
 * station that reconnects gets everything from its last acknowledgement again, so that killing it
 * loses nothing of the air.
 */
#ifndef MW_TOWN_FEED_H
#define MW_TOWN_FEED_H

#include <signal.h>

#include "radio/samples.h"

/* Unacknowledged bytes held at most; pushing waits when they are reached. About 30 s of samples at
 * 250 kS/s, more than two of the longest frames. */
#define MW_TOWN_FEED_BYTES_MAX  (32u << 20)
#define MW_TOWN_FEED_BLOCKS_MAX 65536u

#define MW_TOWN_FEED_IN_MAX     (2u * MW_SAMPLES_BLOCK_MAX)

typedef struct mw_town_feed_block mw_town_feed_block;
typedef void mw_town_feed_fn(void *context, const mw_samples_block *block);

typedef struct mw_town_feed {
    int listener;
    int peer; /* -1: no station */
    char path[108];
    mw_town_feed_block *first, *last, *unsent; /* queue; `unsent` is where sending goes on */
    size_t unsent_offset;
    size_t bytes, blocks;
    uint64_t acknowledged; /* sample index */
    uint8_t *in;           /* what the station sends: MW_TOWN_FEED_IN_MAX bytes */
    size_t in_n;
    uint64_t connections;
    bool told;             /* the station connected now has told a watermark */
    uint64_t watermark;    /* no burst begins before this sample any more; UINT64_MAX: none ever */
    mw_town_feed_fn *take; /* gets the blocks that the station transmits; may be NULL */
    void *take_context;
} mw_town_feed;

/* Listens on `path` (mode 0600), replacing a socket that a former run left. MW_RANGE for a path
 * that is too long, MW_IO. */
MW_NODISCARD mw_status mw_town_feed_open(mw_town_feed *f, const char *path);
void mw_town_feed_close(mw_town_feed *f);
/* Copies a block into the queue, waiting for room while *stop is 0. MW_CLOSED when stopped,
 * MW_NOMEM, MW_IO. */
MW_NODISCARD mw_status mw_town_feed_push(mw_town_feed *f, const mw_samples_block *block,
                                         const volatile sig_atomic_t *stop);
/* Waits until the station has promised that no burst begins before this sample, but no longer than
 * there is a station, and `most` of real time. False: the promise was not given. */
bool mw_town_feed_await(mw_town_feed *f, uint64_t index, mw_dur most,
                        const volatile sig_atomic_t *stop);
/* Sends and receives for at most `wait`. */
void mw_town_feed_serve(mw_town_feed *f, mw_dur wait);

#endif
