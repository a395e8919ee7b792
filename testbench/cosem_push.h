/* SPDX-License-Identifier: Apache-2.0
 *
 * Pushes of the meter of mw-testbench-cosem: over TCP or UDP, confirmed or not, when the push object's
 * method or script is executed. */
#ifndef MW_TESTBENCH_COSEM_PUSH_H
#define MW_TESTBENCH_COSEM_PUSH_H

#include "protocols/cosem/push.h"
#include "testbench/cosem_meter.h"

typedef struct mw_cosem_pusher_options {
    const char *to; /* HOST:PORT, numeric; NULL: pushes go nowhere */
    bool udp, confirmed, sealed;
    uint16_t max_pdu; /* 0: any */
} mw_cosem_pusher_options;

/* Begins a push when one is due and goes on with the one under way; called often. */
void mw_cosem_pusher_turn(mw_cosem_meter *m, const mw_cosem_pusher_options *o, mw_mono now);
/* The socket to wait on, -1: none. */
int mw_cosem_pusher_fd(void);

#endif
