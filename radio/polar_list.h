/* SPDX-License-Identifier: Apache-2.0
 *
 * The station's decoder of UNB frames: CRC-aided list decoding of the polar code of
 * protocols/unb, up to 32 candidates, fast enough to try every candidate that detection finds.
 * A list of 8 is the default; a second try with 32 gains about 0.2 dB for four times the work.
 *
 * Integer inside, so the result is the same on every machine and with every compiler. One object
 * serves one thread; its memory (about 410 KB) is allocated once.
 */
#ifndef MW_RADIO_POLAR_LIST_H
#define MW_RADIO_POLAR_LIST_H

#include "protocols/unb/unb.h"

#define MW_POLAR_LIST_DEFAULT 8
#define MW_POLAR_LIST_MAX     32

typedef struct mw_polar_list mw_polar_list;

/* NULL when memory is short. */
mw_polar_list *mw_polar_list_new(void);
void mw_polar_list_free(mw_polar_list *p);
/* Bytes of one. */
size_t mw_polar_list_memory(void);

/* Decodes one frame of n = layout.symbols soft symbols in order of sending, sync and pilots
 * included (they are skipped). Positive = bit 0; the scale is free but common to the frame, values
 * must be finite: proportional to log-likelihood ratios. 0 = not received; copies of a frame are
 * combined by adding them. `list` is 1..MW_POLAR_LIST_MAX. MW_RANGE for a wrong n or list, MW_SPACE
 * when out_payload is too small, MW_CHECKSUM when no candidate satisfies the CRC. Writes
 * layout.payload_bytes on success. */
MW_NODISCARD mw_status mw_polar_list_decode(mw_polar_list *p, mw_unb_size size, unsigned list,
                                            const float *soft, size_t n, mw_span out_payload);

/* Only to measure how often noise passes: from now on only the low `bits` (0..24) of the check must
 * agree. 24 at the start. */
void mw_polar_list_check_bits(mw_polar_list *p, unsigned bits);

#endif
