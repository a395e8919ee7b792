/* SPDX-License-Identifier: Apache-2.0
 *
 * A frame's way through the air and the platform's key: modulated, drowned in noise, found by the
 * receiver, opened.
 */
#ifndef MW_TESTS_BOARDS_AIR_H
#define MW_TESTS_BOARDS_AIR_H

#include "crypto/crypto.h"
#include "protocols/smp/smp.h"
#include "radio/receiver.h"

typedef struct air {
    mw_receiver *receiver;
    uint64_t at; /* sample number */
    mw_receiver_frame heard;
    unsigned heard_n;
    mw_crypto_ctx up;
    /* What the frames said. */
    unsigned frames, days, events;
    bool any;
    uint32_t counter;
    int64_t reg[2]; /* newest registers on the air, and the hours they are of */
    uint32_t hour[2];
} air;

MW_NODISCARD mw_status air_open(air *a, const uint8_t device_id[8], const uint8_t master[16]);
void air_close(air *a);
/* One frame as the board gave it. MW_NOT_FOUND: the receiver did not find exactly it; MW_CONFLICT:
 * its counter or a register is not above the last; else what SMP says. */
MW_NODISCARD mw_status air_send(air *a, uint32_t counter, unsigned rate, mw_slice payload);

#endif
