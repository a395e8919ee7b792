/* SPDX-License-Identifier: Apache-2.0
 *
 * Cyclic redundancy checks as the protocols define them. All work a byte at a time from small
 * tables or none: a meter's flash matters more than the last microsecond.
 */
#ifndef MW_BASE_CRC_H
#define MW_BASE_CRC_H

#include "base/bytes.h"

/* CRC-24 of 3GPP TS 38.212 clause 5.1 (CRC24C, polynomial 0xB2B117), initial value 0. Leading zero
 * bytes do not change it: a message that is checked with it must have a fixed length. */
uint32_t mw_crc24(mw_slice in);
/* CRC-32 of IEEE 802.3 (reflected 0xEDB88320, initial and final 0xFFFFFFFF). */
uint32_t mw_crc32(mw_slice in);
/* Continues a CRC-32: pass the former result, 0 to begin. */
uint32_t mw_crc32_update(uint32_t crc, mw_slice in);
/* CRC-16/X-25 of HDLC (ISO/IEC 13239, reflected 0x8408, initial and final 0xFFFF). */
uint16_t mw_crc16_x25(mw_slice in);
/* Any CRC of width 8..32 bits, not reflected, most significant bit first. */
uint32_t mw_crc_msb(mw_slice in, unsigned width, uint32_t polynomial, uint32_t init,
                    uint32_t xor_out);

#endif
