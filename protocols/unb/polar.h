/* SPDX-License-Identifier: Apache-2.0
 *
 * The polar code of the air interface, rate 1/2, length 256, 512 or 1024: which positions carry
 * information, the transform, and what the CRC adds. Shared by encoder and decoders.
 *
 * Information positions are those of the largest polarization weight sum(bit j of i * 2^(j/4))
 * (He et al., "beta-expansion", GLOBECOM 2017): one rule for all lengths, no reliability tables.
 * Integer arithmetic: the weights are rounded to 2^-20, the nearest two differ by 2^-8.
 */
#ifndef MW_PROTOCOLS_UNB_POLAR_H
#define MW_PROTOCOLS_UNB_POLAR_H

#include "protocols/unb/unb.h"

/* XORed to the CRC24 of the payload, so that silence (an all-zero codeword) is not a valid frame.
 */
#define MW_UNB_CRC_MASK UINT32_C(0x554E42)

/* Whether input i of the transform carries information; the others are 0. */
bool mw_unb_polar_is_info(mw_unb_size size, unsigned i);
/* x = u * F^(x m), F = [1 0; 1 1], in place, natural order (no bit reversal). Bits are packed most
 * significant first; n is 32, 64 or 128 bytes. The transform is its own inverse. */
void mw_unb_polar_transform(uint8_t *bits, size_t n);
/* The 24 bits that follow this payload. */
uint32_t mw_unb_check_of(mw_slice payload);
/* Whether info (payload and check, layout.info_bits packed) satisfies the check. */
bool mw_unb_check_ok(mw_slice info);

#endif
