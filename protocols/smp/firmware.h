/* SPDX-License-Identifier: Apache-2.0
 *
 * An image on its way to a meter (docs/spec/smp.md section 4): three commands of its own, and blocks
 * that come as objects of their own, to one meter or to a group.
 *
 *   begin    session 1, bytes of the image 4      receipt
 *   block    session 1, block 2, 32 bytes         nothing: what is missing is asked for
 *   status   session 1                            receipt: missing 2, first missing 2, map 4
 *   activate session 1, seconds 4 (0: at once)    receipt; then the meter restarts
 */
#ifndef MW_PROTOCOLS_SMP_FIRMWARE_H
#define MW_PROTOCOLS_SMP_FIRMWARE_H

#include "protocols/smp/commands.h"

#define MW_SMP_FIRMWARE_BLOCK_BYTES 32

typedef struct mw_smp_firmware_begin {
    uint8_t session;
    uint32_t bytes;
} mw_smp_firmware_begin;
void mw_smp_firmware_begin_put(const mw_smp_firmware_begin *a, mw_smp_command *command);
MW_NODISCARD mw_status mw_smp_firmware_begin_of(const mw_smp_command *command,
                                                mw_smp_firmware_begin *out_a);

void mw_smp_firmware_status_put(uint8_t session, mw_smp_command *command);
MW_NODISCARD mw_status mw_smp_firmware_status_of(const mw_smp_command *command,
                                                 uint8_t *out_session);

/* What a receipt of a status says. */
typedef struct mw_smp_firmware_gaps {
    uint16_t missing, first;
    uint32_t map; /* bit n: block first + n is missing */
} mw_smp_firmware_gaps;
#define MW_SMP_FIRMWARE_GAPS 8
void mw_smp_firmware_gaps_put(const mw_smp_firmware_gaps *g, uint8_t out[MW_SMP_FIRMWARE_GAPS]);
MW_NODISCARD mw_status mw_smp_firmware_gaps_of(mw_slice data, mw_smp_firmware_gaps *out_g);

typedef struct mw_smp_firmware_activate {
    uint8_t session;
    uint32_t at_s; /* SMP seconds */
} mw_smp_firmware_activate;
void mw_smp_firmware_activate_put(const mw_smp_firmware_activate *a, mw_smp_command *command);
MW_NODISCARD mw_status mw_smp_firmware_activate_of(const mw_smp_command *command,
                                                   mw_smp_firmware_activate *out_a);

typedef struct mw_smp_firmware_block {
    uint8_t session;
    uint16_t block;
    uint8_t data[MW_SMP_FIRMWARE_BLOCK_BYTES];
} mw_smp_firmware_block;
void mw_smp_firmware_block_put(mw_writer *w, const mw_smp_firmware_block *b);
/* MW_SHORT. */
MW_NODISCARD mw_status mw_smp_firmware_block_decode(mw_slice body, mw_smp_firmware_block *out_b);

#endif
