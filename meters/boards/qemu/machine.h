/* SPDX-License-Identifier: Apache-2.0
 *
 * What QEMU's machines mps2-an385 (Cortex-M3) and mps2-an386 (Cortex-M4) give: one serial line, a
 * counter of cycles, and memory shared with the host.
 */
#ifndef MW_METERS_BOARDS_QEMU_MACHINE_H
#define MW_METERS_BOARDS_QEMU_MACHINE_H

#include "base/bytes.h"
#include "meters/boards/qemu/shared.h"
#include "meters/kit/board.h"

#define mw_machine_shared ((mw_qemu_shared *)0x21000000)

void mw_machine_init(void);
void mw_machine_put(uint8_t byte);
/* A byte that has come; false: none. */
bool mw_machine_get(uint8_t *out_byte);
void mw_machine_text(const char *text);
void mw_machine_int(int64_t value);  /* decimal, with a space before it */
void mw_machine_hex(mw_slice bytes); /* with a space before it */
/* One line without its end; longer ones are cut. Waits. */
void mw_machine_line(char *out, unsigned size);
/* Ticks of the system timer, 25 MHz, modulo 2^24. Under QEMU's instruction counting (shift 0) one
 * is 40 instructions. */
uint32_t mw_machine_ticks(void);
uint32_t mw_machine_stack_used(void);
mw_flash mw_machine_flash(void);
/* CRC-32 of the legally relevant part as it stands in memory (board.ld). */
uint32_t mw_machine_legal_checksum(void);

#endif
