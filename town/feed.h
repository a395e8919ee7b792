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

typedef struct mw_town_feed_block mw_town_feed_block;

typedef struct mw_town_feed {
    int listener;
    int peer; /* -1: no station */
    char path[108];
    mw_town_feed_block *first, *last, *unsent; /* queue; `unsent` is where sending goes on */
    size_t unsent_offset;
    size_t bytes, blocks;
    uint64_t acknowledged; /* sample index */
    uint8_t ack[MW_SAMPLES_ACK_BYTES];
    size_t ack_bytes;
    uint64_t connections;
} mw_town_feed;

/* Listens on `path` (mode 0600), replacing a socket that a former run left. MW_RANGE for a path
 * that is too long, MW_IO. */
MW_NODISCARD mw_status mw_town_feed_open(mw_town_feed *f, const char *path);
void mw_town_feed_close(mw_town_feed *f);
/* Copies a block into the queue, waiting for room while *stop is 0. MW_CLOSED when stopped,
 * MW_NOMEM, MW_IO. */
MW_NODISCARD mw_status mw_town_feed_push(mw_town_feed *f, const mw_samples_block *block,
                                         const volatile sig_atomic_t *stop);
/* Sends and receives for at most `wait`. */
void mw_town_feed_serve(mw_town_feed *f, mw_dur wait);

#endif
