/* SPDX-License-Identifier: Apache-2.0
 *
 * The wire of meters that push: one connection to the platform's push door (TCP, COSEM wrapper).
 */
#ifndef MW_TOWN_PUSH_H
#define MW_TOWN_PUSH_H

#include "base/bytes.h"
#include "base/time.h"

#define MW_TOWN_PUSH_WAIT_MS 3000 /* for a connection or an answer */

typedef struct mw_town_push {
    const char *to; /* "127.0.0.1:4059"; "": nowhere */
    int fd;         /* -1: not connected */
    mw_mono again;  /* machine time of the next attempt after a failure */
} mw_town_push;

/* Sends an APDU and waits for the answer. MW_CLOSED: no connection, or the door ended it;
 * MW_TIMEOUT; MW_AGAIN: too soon after a failure. */
MW_NODISCARD mw_status mw_town_push_send(mw_town_push *p, mw_slice apdu, mw_mono now, mw_span out,
                                         size_t *out_size);
void mw_town_push_close(mw_town_push *p);

#endif
